// Package entries is how files that are appended to keep one thing after the other,
// so that a file shows what became of it: whether its end was being written when the
// system stopped, which is no harm, or whether it was damaged later.
//
//	entry  magic (4 bytes), length (4 bytes), checksum (4 bytes), payload
//	mark   magic, 0 (4 bytes), checksum
//
// Numbers are little-endian. A mark says that all before it had been synced to the
// disk when it was written. The checksum of an entry is CRC-32C of length and payload;
// that of a mark of length and place (8 bytes), which is counted from the first entry,
// so that bytes of a payload are no mark.
//
// Of what was not synced, any parts may have come to the disk when the system stopped.
// So what is not whole ends the file if no mark follows. If one does, it was on the
// disk once, and the file is damaged.
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

// AppendMark appends a mark that stands at a place, behind all that was synced.
func (f Format) AppendMark(b []byte, at int64) []byte {
	b = append(b, f.Magic...)
	b = append(b, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, markSum(at))
}

func markSum(at int64) uint32 {
	var b [4 + 8]byte // the length, which is 0, and the place
	binary.LittleEndian.PutUint64(b[4:], uint64(at))
	return crc32.Checksum(b[:], castagnoli)
}

// isMark reports whether b begins with a mark that stands at a place.
func (f Format) isMark(b []byte, at int64) bool {
	return string(b[:magicLen]) == f.Magic && binary.LittleEndian.Uint32(b[magicLen:]) == 0 &&
		binary.LittleEndian.Uint32(b[magicLen+4:]) == markSum(at)
}

// Buffer returns how much a reader of a file of so many bytes must hold for Read,
// at least.
func (f Format) Buffer(size int64) int { return int(min(size, int64(Header+f.Max))) }

// Read calls do with the payload of each entry and with where it stands behind the
// place at which reading begins. It returns the length of entries and marks, and
// that up to the last mark. The file is damaged where do returned false, and where
// what is not whole is followed by a mark; not if there is an error. The payload is
// valid during the call. No entry is longer than the buffer of the reader.
func (f Format) Read(in *bufio.Reader, do func(payload []byte, at int64) bool) (n, synced int64, damaged bool, err error) {
	for {
		e, err := f.peek(in, n)
		if err != nil {
			return n, synced, false, err
		}
		if e == nil {
			damaged, err = f.marked(in, n)
			return n, synced, damaged, err
		}
		if len(e) > Header && !do(e[Header:], n+Header) {
			return n, synced, true, nil
		}
		_, _ = in.Discard(len(e))
		n += int64(len(e))
		if len(e) == Header {
			synced = n
		}
	}
}

// peek returns the entry at hand, or the mark, which is as long as a header; nil if
// there is none that is whole.
func (f Format) peek(in *bufio.Reader, at int64) ([]byte, error) {
	b, err := in.Peek(Header)
	if err != nil || string(b[:magicLen]) != f.Magic {
		return nil, notEnd(err)
	}
	if f.isMark(b, at) {
		return b, nil
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

// marked reports whether a mark follows anywhere.
func (f Format) marked(in *bufio.Reader, at int64) (bool, error) {
	for {
		if _, err := in.Peek(Header); err != nil {
			return false, notEnd(err)
		}
		b, _ := in.Peek(in.Buffered())
		last := len(b) - Header
		for i := 0; i <= last; i++ {
			n := bytes.Index(b[i:], []byte(f.Magic))
			if n < 0 || i+n > last {
				break
			}
			if i += n; f.isMark(b[i:], at+int64(i)) {
				return true, nil
			}
		}
		_, _ = in.Discard(last + 1)
		at += int64(last + 1)
	}
}
