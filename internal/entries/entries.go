// Package entries is how files that are appended to keep one thing after the other,
// so that a file shows what became of it: whether its end was being written when the
// system stopped, which is no harm, or whether it was damaged later.
//
//	entry  magic (4 bytes), length (4 bytes), checksum (4 bytes), payload
//
// Numbers are little-endian. The checksum is CRC-32C of length and payload. An entry
// that is not whole ends the file if no whole one follows. If one does, the file is
// damaged.
package entries

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// Header is the length of what stands before a payload.
const Header = magicLen + 4 + 4

const magicLen = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Format is what the entries of one kind of file look like.
type Format struct {
	Magic string // 4 bytes, that stand nowhere else as a rule
	Max   int    // the greatest length of a payload, which is at least 1
}

// Append appends an entry, whose payload is given in parts.
func (f Format) Append(b []byte, payload ...[]byte) []byte {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	from := len(b)
	b = append(b, f.Magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = append(b, 0, 0, 0, 0)
	for _, p := range payload {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b[from+magicLen+4:], checksum(b[from:]))
	return b
}

func checksum(entry []byte) uint32 {
	return crc32.Update(crc32.Checksum(entry[magicLen:magicLen+4], castagnoli), castagnoli, entry[Header:])
}

// Buffer returns how much a reader of a file of so many bytes must hold for Read,
// at least.
func (f Format) Buffer(size int64) int { return int(min(size, int64(Header+f.Max))) }

// Read calls do with the payload of each entry and with where it stands behind the
// place at which reading begins. It returns the length of the entries. The file is
// damaged where do returned false, and where one that is not whole is followed by
// one that is; not if there is an error. The payload is valid during the call. No entry is longer than the
// buffer of the reader.
func (f Format) Read(in *bufio.Reader, do func(payload []byte, at int64) bool) (n int64, damaged bool, err error) {
	for {
		e, err := f.peek(in)
		if err != nil {
			return n, false, err
		}
		if e == nil {
			damaged, err = f.follows(in)
			return n, damaged, err
		}
		if !do(e[Header:], n+Header) {
			return n, true, nil
		}
		_, _ = in.Discard(len(e))
		n += int64(len(e))
	}
}

// peek returns the entry at hand; nil if there is none that is whole.
func (f Format) peek(in *bufio.Reader) ([]byte, error) {
	b, err := in.Peek(Header)
	if err != nil || string(b[:magicLen]) != f.Magic {
		return nil, notEnd(err)
	}
	n := binary.LittleEndian.Uint32(b[magicLen:])
	if n < 1 || int64(n) > int64(f.Max) {
		return nil, nil
	}
	b, err = in.Peek(Header + int(n))
	if err != nil || checksum(b) != binary.LittleEndian.Uint32(b[magicLen+4:]) {
		return nil, notEnd(err)
	}
	return b, nil
}

// notEnd returns what is wrong but that the file ends; before the entry does, too, if
// that is longer than the buffer and so than the file.
func notEnd(err error) error {
	if err == io.EOF || err == bufio.ErrBufferFull {
		return nil
	}
	return err
}

// follows reports whether a whole entry follows anywhere.
func (f Format) follows(in *bufio.Reader) (bool, error) {
	for {
		b, err := in.Peek(in.Size())
		if err != nil && err != io.EOF {
			return false, err
		}
		at := bytes.Index(b, []byte(f.Magic))
		switch {
		case at < 0 && len(b) < magicLen:
			return false, nil
		case at < 0:
			_, _ = in.Discard(len(b) - magicLen + 1)
			continue
		}
		_, _ = in.Discard(at)
		if e, err := f.peek(in); e != nil || err != nil {
			return e != nil, err
		}
		_, _ = in.Discard(1)
	}
}
