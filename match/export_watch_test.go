package match

import (
	"bytes"
	"hash/maphash"
	"io"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// WatchPlateHashes returns what reports whether a plate that was read without a
// country is found under a listed one.
func WatchPlateHashes(text string) func(plate.Plate) bool {
	k := watchKeyer{seed: maphash.MakeSeed(), near: true}
	k.plateRead(&Read{Number: index.Number{Kind: index.KindPlate, Text: text}})
	read := slices.Clone(k.distinct())
	return func(p plate.Plate) bool {
		k.hashes = k.hashes[:0]
		k.number(hashPlate, index.KindPlate, p.AppendTo(nil))
		return slices.Contains(read, k.hashes[0])
	}
}

// Load remembers what the bytes of a file hold.
func (w *Watch) Load(file []byte) error {
	_, err := w.load(bytes.NewReader(file), int64(len(file)))
	return err
}

// LoadFrom remembers what a file of so many bytes holds.
func (w *Watch) LoadFrom(r io.Reader, size int64) error {
	_, err := w.load(r, size)
	return err
}

// Flush writes what waits, and does not sync it.
func (w *Watch) Flush() error { return w.file.flush() }

// CloseFile closes the file as the end of the process does.
func (w *Watch) CloseFile() error { return w.file.close() }

// File returns what a file would hold.
func (w *Watch) File() ([]byte, error) {
	var b bytes.Buffer
	err := (&watchFile{}).writeTo(&b, w.store)
	return b.Bytes(), err
}
