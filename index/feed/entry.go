package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/vinmatch/vinmatch/index"
)

// An Entry is what a log holds under one number: many changes, which replicas
// take together.
type Entry struct {
	Position index.Position
	Prev     uint32         // Sum of the entry before; 0: this is the first
	Sum      uint32         // checksum of the encoded entry, Prev included
	Time     time.Time      // when the log took it, UTC
	Changes  []index.Change // in their order; At is Time
}

// Head returns the head of a log that ends with the entry.
func (e *Entry) Head() Head { return Head{e.Position, e.Sum} }

// A Head is a place in a log, between entries: the position after one, and its
// checksum, which the next entry repeats. So a log that lost its end and went on
// with other entries under the same numbers is told from the one before. The zero
// Head is the beginning of any log.
type Head struct {
	Position index.Position
	Sum      uint32 // of the entry before; 0: there is none
}

// The encoding of an entry. All numbers are little-endian; "uvarint" and "varint"
// are those of encoding/binary, in as few bytes as possible; a "text" is a
// uvarint of its length and its bytes.
//
//	 0  4  "VMF" and the version of the format, 1
//	 4  4  length of the whole entry, 4 of the checksum included
//	 8  16 lineage
//	24  8  number of the entry, from 1
//	32  4  checksum of the entry before; 0 for entry 1
//	36  8  time, in nanoseconds from 1 January 1970 UTC, in two's complement
//	44  4  number of changes, at least 1
//	48     the changes
//	-4  4  CRC-32C of all before
//
// A change is
//
//	op       1 byte: index.Put 1, index.Withdraw 2
//	by       text
//	owner    text
//	id       text
//	version  uvarint
//
// and ends there if it withdraws. One that puts goes on with
//
//	has      1 byte: bits 1 VIN, 2 plate, 4 date of theft; others are 0
//	VIN      16 bytes if there is one: the two words of vin.VIN.Words
//	plate    if there is one: 1 byte of length, and plate.Plate.AppendBinary
//	stolen   if known: uvarint, days since 1 January of year 1
//	type     1 byte
//	status   1 byte
//	make     text
//	colour   text
//	year     varint
//	tags     1 byte of their number, and a text each
//	numbers  1 byte of their number, and of each 1 byte of kind, text of country,
//	         text of the number
//
// One entry has one encoding: what DecodeEntry takes, [Head.Append] writes.
const (
	entryMagic   = "VMF"
	entryVersion = 1
	entryHeader  = 48
	sumLen       = 4

	// MaxEntry is the greatest length of an encoded entry.
	MaxEntry = 1 << 23
	// EntryTarget is the length from which Head.Append begins a new entry,
	// unless a single change is longer.
	EntryTarget = 1 << 18
	// minChange is the least length of an encoded change.
	minChange = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends an encoded entry with changes, which [Check] has found nothing
// wrong with, to dst. It takes as many as fit [EntryTarget] bytes, and at least
// one; there must be one. It returns the entry, how many changes it has, and the
// head after it. The head's lineage must be set.
func (h Head) Append(dst []byte, at time.Time, changes []index.Change) (entry []byte, taken int, next Head) {
	begin := len(dst)
	b := append(dst, entryMagic...)
	b = append(b, entryVersion, 0, 0, 0, 0)
	b = append(b, h.Position.Lineage[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.Position.Seq+1)
	b = binary.LittleEndian.AppendUint32(b, h.Sum)
	b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
	b = append(b, 0, 0, 0, 0)
	for taken < len(changes) {
		before := len(b)
		b = appendChange(b, &changes[taken])
		if taken > 0 && len(b)-begin+sumLen > EntryTarget {
			b = b[:before]
			break
		}
		taken++
	}
	binary.LittleEndian.PutUint32(b[begin+4:], uint32(len(b)-begin+sumLen))
	binary.LittleEndian.PutUint32(b[begin+44:], uint32(taken))
	sum := crc32.Checksum(b[begin:], castagnoli)
	next = Head{index.Position{Lineage: h.Position.Lineage, Seq: h.Position.Seq + 1}, sum}
	return binary.LittleEndian.AppendUint32(b, sum), taken, next
}

// DecodeEntry reads an encoded entry that is all of b. It takes any bytes: what is
// no entry gives a [*LogError] that is [ErrDamaged] or [ErrVersion]. It takes
// memory in proportion to the length of b, and the entry shares none with b.
func DecodeEntry(b []byte) (Entry, error) {
	h, err := decodeHeader(b)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Position: h.position, Prev: h.prev, Sum: h.sum, Time: h.time}
	r := reader{b: b[entryHeader : len(b)-sumLen]}
	if uint64(h.changes) > uint64(len(r.b)/minChange) {
		return Entry{}, damaged(h.position.Seq, "more changes than bytes")
	}
	// A change in memory is many times what it may be in bytes: make room as
	// changes are found to be changes.
	e.Changes = make([]index.Change, 0, min(h.changes, 64))
	for i := range h.changes {
		c := r.change()
		if r.bad {
			return Entry{}, damaged(h.position.Seq, fmt.Sprintf("change %d is none", i))
		}
		c.At = e.Time
		e.Changes = append(e.Changes, c)
	}
	if len(r.b) > 0 {
		return Entry{}, damaged(h.position.Seq, "bytes after the last change")
	}
	return e, nil
}

// An entryInfo is what an encoded entry says of itself.
type entryInfo struct {
	position  index.Position
	prev, sum uint32
	time      time.Time
	changes   uint32
}

// decodeHeader checks all of an encoded entry but its changes, checksum included.
func decodeHeader(b []byte) (entryInfo, error) {
	switch {
	case len(b) < entryHeader+sumLen || !bytes.HasPrefix(b, []byte(entryMagic)):
		return entryInfo{}, damaged(0, "no entry")
	case len(b) > MaxEntry || binary.LittleEndian.Uint32(b[4:]) != uint32(len(b)):
		return entryInfo{}, damaged(0, "an entry of another length")
	}
	h := entryInfo{
		position: index.Position{Seq: binary.LittleEndian.Uint64(b[24:])},
		prev:     binary.LittleEndian.Uint32(b[32:]),
		sum:      binary.LittleEndian.Uint32(b[len(b)-sumLen:]),
		time:     time.Unix(0, int64(binary.LittleEndian.Uint64(b[36:]))).UTC(),
		changes:  binary.LittleEndian.Uint32(b[44:]),
	}
	copy(h.position.Lineage[:], b[8:])
	switch {
	case crc32.Checksum(b[:len(b)-sumLen], castagnoli) != h.sum:
		return entryInfo{}, damaged(0, "the checksum of an entry does not fit")
	case b[3] != entryVersion:
		return entryInfo{}, &LogError{Seq: h.position.Seq, Err: ErrVersion, Reason: fmt.Sprintf("version %d", b[3])}
	case h.position.Seq == 0 || h.changes == 0:
		return entryInfo{}, damaged(0, "an entry without number or changes")
	}
	return h, nil
}

func damaged(seq uint64, reason string) error {
	return &LogError{Seq: seq, Reason: reason, Err: ErrDamaged}
}

// Follow returns the head after an entry, or why the entry is not the next after
// the head: a [*LogError] that is [ErrReplaced], [ErrGap] or [ErrRegressed]. Any
// first entry follows on the zero Head. The checksum of a head at number 0 does
// not count.
func (h Head) Follow(e *Entry) (Head, error) {
	bad := func(err error, reason string) (Head, error) {
		return h, &LogError{After: h.Position, Seq: e.Position.Seq, Err: err, Reason: reason}
	}
	switch want := h.Position.Seq + 1; {
	case h.Position != (index.Position{}) && e.Position.Lineage != h.Position.Lineage:
		return bad(ErrReplaced, "")
	case e.Position.Seq > want:
		return bad(ErrGap, fmt.Sprintf("%d follows on %d", e.Position.Seq, h.Position.Seq))
	case e.Position.Seq < want:
		return bad(ErrRegressed, fmt.Sprintf("%d follows on %d", e.Position.Seq, h.Position.Seq))
	case e.Prev != h.Sum:
		return bad(ErrReplaced, "the entry before was another")
	}
	return e.Head(), nil
}
