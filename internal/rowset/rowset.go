// Package rowset answers which rows of a register have a value or lie in a range
// of values, a block of rows at a time.
//
// A block is 1<<16 rows, and its [Bits] stay in the first-level cache while
// sets and ranges are combined in them, so that what is combined is read once and
// nothing between is written to memory. Roaring bitmaps as a whole, one operation
// after the other, take one and a half to three times as long; see BenchmarkAnd.
package rowset

import (
	"math/bits"

	"github.com/vinmatch/vinmatch/internal/flat"
)

// BlockRows is the number of rows in a block.
const BlockRows = 1 << 16

// Words is the number of words in Bits.
const Words = BlockRows / 64

// Bits has one bit for each row of a block.
type Bits [Words]uint64

// Blocks returns the number of blocks of so many rows.
func Blocks(rows int) int { return (rows + BlockRows - 1) / BlockRows }

// Fill sets the bits of the first n rows, and no others.
func (d *Bits) Fill(n int) {
	for i := range n / 64 {
		d[i] = ^uint64(0)
	}
	if n < BlockRows {
		clear(d[n/64:])
		d[n/64] = 1<<(n%64) - 1
	}
}

// The loops are unrolled: that halves their time.

// And keeps what s has too.
func (d *Bits) And(s *Bits) {
	for i := 0; i < Words; i += 4 {
		d[i] &= s[i]
		d[i+1] &= s[i+1]
		d[i+2] &= s[i+2]
		d[i+3] &= s[i+3]
	}
}

// Or adds what s has.
func (d *Bits) Or(s *Bits) {
	for i := 0; i < Words; i += 4 {
		d[i] |= s[i]
		d[i+1] |= s[i+1]
		d[i+2] |= s[i+2]
		d[i+3] |= s[i+3]
	}
}

// AndNot takes away what s has.
func (d *Bits) AndNot(s *Bits) {
	for i := 0; i < Words; i += 4 {
		d[i] &^= s[i]
		d[i+1] &^= s[i+1]
		d[i+2] &^= s[i+2]
		d[i+3] &^= s[i+3]
	}
}

// Count returns the number of bits.
func (d *Bits) Count() (n int) {
	for i := 0; i < Words; i += 4 {
		n += bits.OnesCount64(d[i]) + bits.OnesCount64(d[i+1]) + bits.OnesCount64(d[i+2]) + bits.OnesCount64(d[i+3])
	}
	return n
}

// AndCount returns how many bits d and s share.
func (d *Bits) AndCount(s *Bits) (n int) {
	for i := 0; i < Words; i += 4 {
		n += bits.OnesCount64(d[i]&s[i]) + bits.OnesCount64(d[i+1]&s[i+1]) +
			bits.OnesCount64(d[i+2]&s[i+2]) + bits.OnesCount64(d[i+3]&s[i+3])
	}
	return n
}

// AppendRows appends the rows whose bits are set to dst, in ascending order.
func (d *Bits) AppendRows(dst []uint16) []uint16 {
	for i, w := range d {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, uint16(i*64+bits.TrailingZeros64(w)))
		}
	}
	return dst
}

// addRun sets the bits of rows first to last.
func (d *Bits) addRun(first, last int) {
	from, to := ^uint64(0)<<(first%64), ^uint64(0)>>(63-last%64)
	if first/64 == last/64 {
		d[first/64] |= from & to
		return
	}
	d[first/64] |= from
	for i := first/64 + 1; i < last/64; i++ {
		d[i] = ^uint64(0)
	}
	d[last/64] |= to
}

var wordForm = flat.Uint[uint64]()

// load reads words as they are in a file.
func (d *Bits) load(b []byte) {
	if view, ok := flat.View(wordForm, d[:]); ok {
		copy(view, b)
		return
	}
	wordForm.Decode(d[:], b)
}
