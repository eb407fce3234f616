package index

import (
	"bytes"
	"context"
	"io"
)

// OpenBytes is Open for the content of a file.
func OpenBytes(b []byte, o Options) (*Index, error) {
	s, at, err := readSegment("file", bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		return nil, err
	}
	return newIndex(o, s, at), nil
}

// SaveTo is Save to something else than a file.
func (x *Index) SaveTo(f io.WriterAt) error {
	v := x.View()
	s, err := v.compacted(context.Background(), x.o)
	if err != nil {
		return err
	}
	return s.write(f, v.position, x.o)
}

// Alphabets are the characters of the packing pages from 1 on.
var Alphabets = func() (s []string) {
	for _, a := range alphabets {
		s = append(s, string(a))
	}
	return s
}()

// Pack packs a canonical text.
func Pack(kind Kind, country, text string) Key { return pack(kind, country, []byte(text)) }

// CanonicalRune is what a character beyond ASCII counts as in a number.
var CanonicalRune = canonicalRune

// Words returns the two words of a key.
func (k Key) Words() (hi, lo uint64) { return k.hi, k.lo }
