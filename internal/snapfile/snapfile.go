// Package snapfile is the container of a snapshot: named sections of flat data
// in one file, each with its checksum.
//
// # Format
//
// All numbers are little-endian. The file is a header, a table of sections, and
// the sections in the order of the table:
//
//	 0   8  magic: 89 56 4D 58 0D 0A 1A 0A ("\x89VMX\r\n\x1a\n")
//	 8   4  version
//	12   4  number of sections, at most 1024
//	16   8  length of the file
//	24   8  xxhash64, seed 0, of bytes 0 to 23 and of the table
//	32  56  an entry of the table for each section:
//	         0  16  name: ASCII, then zeros
//	        16   8  offset in the file
//	        24   8  length in bytes
//	        32   8  size of an item, 1 to 4096, which divides the length
//	        40   8  a number whose meaning is the section's own
//	        48   8  checksum
//
// A section begins at the first multiple of 64 at or after the end of what is
// before it; the bytes between are zero. The file ends with its last section.
// So nothing overlaps and no byte is without meaning.
//
// # Checksums
//
// A section is cut into parts of the greatest multiple of its item size that is
// not above 1 MiB; the last may be shorter. Its checksum is the xxhash64 of the
// xxhash64s of its parts, eight bytes each. So parts are read and checked by
// different processors, each while it is in the nearer caches.
//
// Checksums find what happens to files by accident. Whoever can write a file can
// also make its checksums right: owners of sections check what they are given.
//
// # Use
//
// One function describes the sections of a value for both directions, in one
// order. It is called with an [Exchange], registers each section with a pointer
// to where its data is or is to go, and so cannot write one format and read
// another.
package snapfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Version is the version of the format, of the container and of what stands in
// it. A change of either makes it a new one.
const Version = 1

const (
	magic      = "\x89VMX\r\n\x1a\n"
	headerLen  = 32
	entryLen   = 56
	nameLen    = 16
	align      = 64
	maxPart    = 1 << 20
	maxItem    = 4096
	maxEntries = 1024
)

// What can be wrong with a file: errors.Is finds one of these in an [*Error].
var (
	ErrDamaged  = errors.New("damaged")
	ErrVersion  = errors.New("another version of the format")
	ErrTooLarge = errors.New("too large")
)

// An Error says what is wrong with a file.
type Error struct {
	Section string // "" if not one of them
	Reason  string
	Err     error // ErrDamaged, ErrVersion or ErrTooLarge
}

func (e *Error) Error() string {
	if e.Section == "" {
		return fmt.Sprintf("%v: %s", e.Err, e.Reason)
	}
	return fmt.Sprintf("%v: section %q: %s", e.Err, e.Section, e.Reason)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

func damaged(section, format string, args ...any) error {
	return &Error{section, fmt.Sprintf(format, args...), ErrDamaged}
}

// An entry of the table.
type entry struct {
	name          string
	offset, len   int64
	item          int
	note          uint64
	checksum      uint64
	partLen, size int // of a part, of all parts: how many
}

// setLen sets the length and what follows from it.
func (e *entry) setLen(n int64) {
	e.len = n
	e.partLen = maxPart / e.item * e.item
	e.size = int((n + int64(e.partLen) - 1) / int64(e.partLen))
}

// part returns the place of part i in the section.
func (e *entry) part(i int) (at int64, n int) {
	at = int64(i) * int64(e.partLen)
	return at, int(min(int64(e.partLen), e.len-at))
}

// aligned returns the first place for a section at or after n.
func aligned(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// marshal returns the header and the table of a file of the given length.
func marshal(entries []*section, fileLen int64) []byte {
	b := make([]byte, headerLen, headerLen+len(entries)*entryLen)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], Version)
	binary.LittleEndian.PutUint32(b[12:], uint32(len(entries)))
	binary.LittleEndian.PutUint64(b[16:], uint64(fileLen))
	for _, e := range entries {
		var name [nameLen]byte
		copy(name[:], e.name)
		b = append(b, name[:]...)
		for _, v := range [...]uint64{uint64(e.offset), uint64(e.len), uint64(e.item), e.note, e.checksum} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	binary.LittleEndian.PutUint64(b[24:], tableSum(b))
	return b
}

// tableSum returns the checksum of a header and its table.
func tableSum(b []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(b[:24])
	_, _ = d.Write(b[headerLen:])
	return d.Sum64()
}

// checkHeader returns the length of header and table.
func checkHeader(b []byte, fileLen int64) (int, error) {
	if len(b) < headerLen {
		return 0, damaged("", "%d bytes are too short for a snapshot", fileLen)
	}
	if string(b[:len(magic)]) != magic {
		return 0, damaged("", "not a snapshot: it begins with other bytes")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != Version {
		return 0, &Error{Reason: fmt.Sprintf("version %d, want %d", v, Version), Err: ErrVersion}
	}
	n := binary.LittleEndian.Uint32(b[12:])
	if n > maxEntries || int64(n) > (fileLen-headerLen)/entryLen {
		return 0, damaged("", "%d sections do not fit %d bytes", n, fileLen)
	}
	if want := binary.LittleEndian.Uint64(b[16:]); want != uint64(fileLen) {
		return 0, damaged("", "the file has %d bytes, want %d", fileLen, want)
	}
	return headerLen + int(n)*entryLen, nil
}

// unmarshal reads the table. b is the header, which checkHeader took, and the
// table.
func unmarshal(b []byte, fileLen int64) ([]entry, error) {
	if binary.LittleEndian.Uint64(b[24:]) != tableSum(b) {
		return nil, damaged("", "the checksum of the table does not match")
	}
	entries := make([]entry, 0, (len(b)-headerLen)/entryLen)
	end := int64(len(b))
	for b := b[headerLen:]; len(b) > 0; b = b[entryLen:] {
		name := strings.TrimRight(string(b[:nameLen]), "\x00")
		var v [5]uint64
		for i := range v {
			v[i] = binary.LittleEndian.Uint64(b[nameLen+8*i:])
		}
		offset, length, item := v[0], v[1], v[2]
		if !validName(name) {
			return nil, damaged("", "section %d has no proper name", len(entries))
		}
		switch {
		case end > fileLen || offset != uint64(aligned(end)):
			return nil, damaged(name, "it does not follow what is before it")
		case offset > uint64(fileLen) || length > uint64(fileLen)-offset:
			return nil, damaged(name, "it reaches behind the end of the file")
		case item < 1 || item > maxItem || length%item != 0:
			return nil, damaged(name, "%d bytes are not items of %d", length, item)
		case length > math.MaxInt:
			return nil, &Error{name, "more than this system can hold", ErrTooLarge}
		}
		e := entry{name: name, offset: int64(offset), item: int(item), note: v[3], checksum: v[4]}
		e.setLen(int64(length))
		entries = append(entries, e)
		end = e.offset + e.len
	}
	if end != fileLen {
		return nil, damaged("", "%d bytes behind the last section", fileLen-end)
	}
	return entries, nil
}

func validName(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= nameLen
}
