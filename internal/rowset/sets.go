package rowset

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/internal/column"
)

// Sets hold the rows of each of many values, as Roaring bitmaps in their portable
// form, one after the other:
//
//	github.com/RoaringBitmap/RoaringFormatSpec
//
// A block is a container there. It takes two bytes a row where few rows have the
// value, one bit where more than one in sixteen has, and four bytes a run where
// they lie side by side. The bitmaps are read where they are: a bitmap in memory
// takes half as much again, and its containers cannot be asked for one by one.
//
// Any number of goroutines may read.
type Sets struct {
	data   []byte
	starts []uint64 // of each value's bitmap, which is empty if no row has it, and the end
}

// FromParts returns the sets of bitmaps that stand one after the other in data
// and have these lengths; 0: of no row. They must be valid: see [Valid].
func FromParts(data []byte, lens []uint32) *Sets {
	s := &Sets{data: data, starts: make([]uint64, 1, len(lens)+1)}
	at := uint64(0)
	for _, n := range lens {
		at += uint64(n)
		s.starts = append(s.starts, at)
	}
	return s
}

// Parts returns what FromParts takes.
func (s *Sets) Parts() (data []byte, lens []uint32) {
	for v := range s.Len() {
		lens = append(lens, uint32(s.starts[v+1]-s.starts[v]))
	}
	return s.data, lens
}

// Valid reports whether b is a bitmap of rows less than n, or empty. It is to be
// asked of whatever was not made here, before anything else.
func Valid(b []byte, n int) bool {
	if len(b) == 0 {
		return true
	}
	// A bitmap that is not valid may write to memory that is not its own:
	// nothing is asked of it before Validate.
	r := roaring.New()
	size, err := r.FromBuffer(b)
	return err == nil && size == int64(len(b)) && r.Validate() == nil &&
		(r.IsEmpty() || int64(r.Maximum()) < int64(n)) && Set(b).countsRuns()
}

// countsRuns reports whether each container of runs has as many rows as its head
// says, which package roaring does not look at and Count trusts.
func (s Set) countsRuns() bool {
	r := s.Reader()
	for ; r.i < r.n; r.i++ {
		b := r.container()
		if r.form() == runs {
			rows := 0
			for at := 2; at < len(b); at += 4 {
				rows += int(binary.LittleEndian.Uint16(b[at+2:])) + 1
			}
			if rows != r.count(r.i) {
				return false
			}
		}
		r.rest = r.rest[len(b):]
	}
	return true
}

// MakeSets returns the rows of each value below n. The values of a row are those
// of its code; without a list of them the code itself is the only one.
func MakeSets(n int, codes *column.Uints, valuesOf [][]uint32) *Sets {
	// Rows go to the bitmaps a container at a time, in one call for each value
	// that occurs among its rows.
	all := make([]*roaring.Bitmap, n)
	rows := make([][]uint32, n)
	var present []uint32
	block := make([]uint32, min(BlockRows, codes.Len()))
	for first := 0; first < codes.Len(); first += BlockRows {
		block = block[:min(BlockRows, codes.Len()-first)]
		codes.Range(block, first)
		for i, code := range block {
			values := block[i : i+1]
			if valuesOf != nil {
				values = valuesOf[code]
			}
			for _, value := range values {
				r := rows[value]
				if len(r) == 0 {
					present = append(present, value)
				}
				rows[value] = append(r, uint32(first+i))
			}
		}
		for _, value := range present {
			if all[value] == nil {
				all[value] = roaring.New()
			}
			all[value].AddMany(rows[value])
			rows[value] = rows[value][:0]
		}
		present = present[:0]
	}
	return serialized(all)
}

func serialized(all []*roaring.Bitmap) *Sets {
	size := 0
	for _, b := range all {
		if b != nil {
			b.RunOptimize()
			size += int(b.GetSerializedSizeInBytes())
		}
	}
	var data bytes.Buffer
	data.Grow(size)
	lens := make([]uint32, len(all))
	for value, b := range all {
		if b != nil {
			n, err := b.WriteTo(&data)
			if err != nil {
				panic("rowset: writing to memory: " + err.Error())
			}
			lens[value] = uint32(n)
		}
	}
	return FromParts(slices.Clip(data.Bytes()), lens)
}

// Len returns the number of values.
func (s *Sets) Len() int { return len(s.starts) - 1 }

// Bytes returns the memory held.
func (s *Sets) Bytes() int { return len(s.data) + 8*len(s.starts) }

// Set returns the rows of a value; none for a value of Len() or more.
func (s *Sets) Set(value int) Set {
	if value >= s.Len() {
		return nil
	}
	return s.data[s.starts[value]:s.starts[value+1]]
}

// A Set is a bitmap in its portable form; empty if it has no rows.
type Set []byte

// Count returns the number of rows, from the counts of the containers.
func (s Set) Count() (n int) {
	r := s.Reader()
	for i := range r.n {
		n += r.count(i)
	}
	return n
}

// The beginning of a portable bitmap. The low half of its first word is one of
// two numbers.
const (
	cookieRuns   = 12347 // some containers are of runs; the high half is their number less one
	offsetsAfter = 4     // with that cookie, so many containers are needed for offsets to be there
	maxListed    = 4096  // rows of a container that lists them
)

// Reader returns a reader at the first block.
func (s Set) Reader() Reader {
	if len(s) == 0 {
		return Reader{}
	}
	le := binary.LittleEndian
	r := Reader{n: int(le.Uint32(s[4:]))}
	at, offsets := 8, true
	if cookie := le.Uint32(s); cookie&0xFFFF == cookieRuns {
		r.n = int(cookie>>16) + 1
		r.runs = s[4 : 4+(r.n+7)/8]
		at, offsets = 4+len(r.runs), r.n >= offsetsAfter
	}
	r.heads = s[at : at+4*r.n]
	at += 4 * r.n
	if offsets {
		at += 4 * r.n
	}
	r.rest = s[at:]
	return r
}

// A Reader reads a set block by block. The zero Reader reads a set of no rows.
type Reader struct {
	n     int    // containers
	i     int    // the one that rest begins with
	heads []byte // key, and number of rows less one: two bytes each
	runs  []byte // a bit for each container; nil: none has runs
	rest  []byte
}

func (r *Reader) key(i int) int   { return int(binary.LittleEndian.Uint16(r.heads[4*i:])) }
func (r *Reader) count(i int) int { return int(binary.LittleEndian.Uint16(r.heads[4*i+2:])) + 1 }

// Block returns the rows of a block, which must not stand before the one asked
// for last.
func (r *Reader) Block(k int) Container {
	for r.i < r.n && r.key(r.i) < k {
		r.rest = r.rest[len(r.container()):]
		r.i++
	}
	if r.i == r.n || r.key(r.i) > k {
		return Container{}
	}
	return Container{r.form(), r.container()}
}

func (r *Reader) form() form {
	switch {
	case r.runs != nil && r.runs[r.i/8]>>(r.i%8)&1 != 0:
		return runs
	case r.count(r.i) > maxListed:
		return words
	}
	return list
}

// container returns the bytes of the container that rest begins with.
func (r *Reader) container() []byte {
	switch r.form() {
	case runs:
		return r.rest[:2+4*int(binary.LittleEndian.Uint16(r.rest))]
	case words:
		return r.rest[:8*Words]
	}
	return r.rest[:2*r.count(r.i)]
}

// A Container is the rows of a set in one block.
type Container struct {
	form form
	b    []byte
}

type form uint8

const (
	list  form = iota // of rows, ascending, two bytes each
	words             // a bit a row
	runs              // their number; first row and length less one of each: two bytes each
)

// IsEmpty reports whether there are no rows.
func (c Container) IsEmpty() bool { return len(c.b) == 0 }

// CopyTo makes d the rows of c.
func (c Container) CopyTo(d *Bits) {
	if c.form == words {
		d.load(c.b)
		return
	}
	*d = Bits{}
	c.Or(d)
}

// Or adds the rows of c.
func (c Container) Or(d *Bits) {
	le := binary.LittleEndian
	switch c.form {
	case list:
		for b := c.b; len(b) >= 2; b = b[2:] {
			row := le.Uint16(b)
			d[row/64] |= 1 << (row % 64)
		}
	case words:
		or(d, c.b)
	case runs:
		for b := c.b[2:]; len(b) >= 4; b = b[4:] {
			first := int(le.Uint16(b))
			d.addRun(first, first+int(le.Uint16(b[2:])))
		}
	}
}

// And keeps the rows of c. It needs scratch.
func (c Container) And(d, scratch *Bits) {
	switch c.form {
	case words:
		and(d, c.b)
		return
	case runs:
		c.CopyTo(scratch)
		d.And(scratch)
		return
	}
	*scratch = Bits{}
	for b := c.b; len(b) >= 2; b = b[2:] {
		row := binary.LittleEndian.Uint16(b)
		scratch[row/64] |= d[row/64] & (1 << (row % 64))
	}
	*d = *scratch
}

// Intersect makes d the rows that c and another share, if both have so many that they are
// in words, and reports whether it did.
func (c Container) Intersect(other Container, d *Bits) bool {
	if c.form != words || other.form != words {
		return false
	}
	intersect(d, c.b, other.b)
	return true
}

// CountShared returns how many rows three containers share, if all have so many that
// they are in words or one has none, and reports whether it did.
func (c Container) CountShared(a, b Container) (n int, ok bool) {
	if c.IsEmpty() || a.IsEmpty() || b.IsEmpty() {
		return 0, true
	}
	if c.form != words || a.form != words || b.form != words {
		return 0, false
	}
	return countShared(a.b, b.b, c.b), true
}

// AndNot takes away the rows of c. It needs scratch.
func (c Container) AndNot(d, scratch *Bits) {
	switch c.form {
	case words:
		andNot(d, c.b)
		return
	case runs:
		c.CopyTo(scratch)
		d.AndNot(scratch)
		return
	}
	for b := c.b; len(b) >= 2; b = b[2:] {
		row := binary.LittleEndian.Uint16(b)
		d[row/64] &^= 1 << (row % 64)
	}
}

// AndCount returns how many rows d and c share. It needs scratch.
func (c Container) AndCount(d, scratch *Bits) int {
	switch c.form {
	case words:
		return andCount(d, c.b)
	case runs:
		c.CopyTo(scratch)
		return d.AndCount(scratch)
	}
	// Four rows are read at once.
	le := binary.LittleEndian
	b, n := c.b, uint64(0)
	for ; len(b) >= 8; b = b[8:] {
		rows := le.Uint64(b)
		n += d[rows>>6&(Words-1)]>>(rows&63)&1 + d[rows>>22&(Words-1)]>>(rows>>16&63)&1 +
			d[rows>>38&(Words-1)]>>(rows>>32&63)&1 + d[rows>>54]>>(rows>>48&63)&1
	}
	for ; len(b) >= 2; b = b[2:] {
		row := le.Uint16(b)
		n += d[row/64] >> (row % 64) & 1
	}
	return int(n)
}

// What follows joins d with words as they stand in a file, which need not be aligned
// and are not copied first. The loops are unrolled: that halves their time.

const fourWords = 32

func and(d *Bits, b []byte) {
	le := binary.LittleEndian
	for i := 0; i < Words && len(b) >= fourWords; i, b = i+4, b[fourWords:] {
		d[i] &= le.Uint64(b)
		d[i+1] &= le.Uint64(b[8:])
		d[i+2] &= le.Uint64(b[16:])
		d[i+3] &= le.Uint64(b[24:])
	}
}

func intersect(d *Bits, a, b []byte) {
	le := binary.LittleEndian
	for i := 0; i < Words && len(a) >= fourWords && len(b) >= fourWords; i, a, b = i+4, a[fourWords:], b[fourWords:] {
		d[i] = le.Uint64(a) & le.Uint64(b)
		d[i+1] = le.Uint64(a[8:]) & le.Uint64(b[8:])
		d[i+2] = le.Uint64(a[16:]) & le.Uint64(b[16:])
		d[i+3] = le.Uint64(a[24:]) & le.Uint64(b[24:])
	}
}

func andNot(d *Bits, b []byte) {
	le := binary.LittleEndian
	for i := 0; i < Words && len(b) >= fourWords; i, b = i+4, b[fourWords:] {
		d[i] &^= le.Uint64(b)
		d[i+1] &^= le.Uint64(b[8:])
		d[i+2] &^= le.Uint64(b[16:])
		d[i+3] &^= le.Uint64(b[24:])
	}
}

func or(d *Bits, b []byte) {
	le := binary.LittleEndian
	for i := 0; i < Words && len(b) >= fourWords; i, b = i+4, b[fourWords:] {
		d[i] |= le.Uint64(b)
		d[i+1] |= le.Uint64(b[8:])
		d[i+2] |= le.Uint64(b[16:])
		d[i+3] |= le.Uint64(b[24:])
	}
}

func countShared(a, b, c []byte) (n int) {
	le := binary.LittleEndian
	for len(a) >= fourWords && len(b) >= fourWords && len(c) >= fourWords {
		n += bits.OnesCount64(le.Uint64(a)&le.Uint64(b)&le.Uint64(c)) +
			bits.OnesCount64(le.Uint64(a[8:])&le.Uint64(b[8:])&le.Uint64(c[8:])) +
			bits.OnesCount64(le.Uint64(a[16:])&le.Uint64(b[16:])&le.Uint64(c[16:])) +
			bits.OnesCount64(le.Uint64(a[24:])&le.Uint64(b[24:])&le.Uint64(c[24:]))
		a, b, c = a[fourWords:], b[fourWords:], c[fourWords:]
	}
	return n
}

func andCount(d *Bits, b []byte) (n int) {
	le := binary.LittleEndian
	for i := 0; i < Words && len(b) >= fourWords; i, b = i+4, b[fourWords:] {
		n += bits.OnesCount64(d[i]&le.Uint64(b)) + bits.OnesCount64(d[i+1]&le.Uint64(b[8:])) +
			bits.OnesCount64(d[i+2]&le.Uint64(b[16:])) + bits.OnesCount64(d[i+3]&le.Uint64(b[24:]))
	}
	return n
}
