package snapfile

import "io"

// WriteConverting and ReadConverting are Write and Read on a machine whose
// memory is not little-endian.
func WriteConverting(f io.WriterAt, workers int, exchange func(*Exchange)) (int64, error) {
	x := &Exchange{w: f, workers: workers, convert: true}
	return x.write(exchange)
}

func ReadConverting(f io.ReaderAt, size int64, workers int, exchange func(*Exchange)) error {
	x := &Exchange{r: f, workers: workers, convert: true}
	return x.read(size, exchange)
}
