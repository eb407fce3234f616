// Package column holds the attributes of many records one attribute at a time,
// in as few bytes as their values need and without pointers for the collector
// to follow.
package column

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"golang.org/x/exp/constraints"

	"github.com/vinmatch/vinmatch/internal/hugepage"
)

// Uints is a fixed number of unsigned integers. Each takes 0, 1, 2, 4 or 8
// bytes, by the distance of the greatest from the least. Any number of
// goroutines may read; different elements may be set at the same time.
type Uints struct {
	base  uint64
	cells cells // nil where all are base
	n     int
}

// cells are integers of one width.
type cells interface {
	at(i int) uint64
	set(i int, v uint64)
	pick(dst []uint32, from int, rows []uint16)
	add(dst []uint32, from int)
	width() int
	len() int
	most(first, end int) uint64 // the greatest of a range, which is not empty
}

type narrow[T constraints.Unsigned] []T

func (s narrow[T]) at(i int) uint64     { return uint64(s[i]) }
func (s narrow[T]) set(i int, v uint64) { s[i] = T(v) }
func (s narrow[T]) len() int            { return len(s) }

func (s narrow[T]) pick(dst []uint32, from int, rows []uint16) {
	s = s[from:]
	dst = dst[:len(rows)]
	for i, row := range rows {
		dst[i] = uint32(s[row])
	}
}

func (s narrow[T]) add(dst []uint32, from int) {
	for i, v := range s[from:][:len(dst)] {
		dst[i] += uint32(v)
	}
}

func (s narrow[T]) most(first, end int) uint64 { return uint64(slices.Max(s[first:end])) }

func (s narrow[T]) width() (bytes int) {
	for v := ^T(0); v != 0; v >>= 4 {
		bytes++ // half bytes, since a byte shifted by eight is not allowed
	}
	return bytes / 2
}

// MakeUints returns n integers, all of the least value, that can hold values
// from least to greatest.
func MakeUints(n int, least, greatest uint64) *Uints {
	c := &Uints{base: least, n: n}
	switch span := greatest - least; {
	case span == 0:
	case span < 1<<8:
		c.cells = narrow[uint8](hugepage.Make[uint8](n))
	case span < 1<<16:
		c.cells = narrow[uint16](hugepage.Make[uint16](n))
	case span < 1<<32:
		c.cells = narrow[uint32](hugepage.Make[uint32](n))
	default:
		c.cells = narrow[uint64](hugepage.Make[uint64](n))
	}
	return c
}

// Len returns the number of integers.
func (c *Uints) Len() int { return c.n }

// At returns integer i.
func (c *Uints) At(i int) uint64 {
	if c.cells == nil {
		return c.base
	}
	return c.base + c.cells.at(i)
}

// Pick sets dst[i] to integer from+rows[i], for all rows, which is several times
// faster than At for each. The integers must be less than 1<<32.
func (c *Uints) Pick(dst []uint32, from int, rows []uint16) {
	dst = dst[:len(rows)]
	clear(dst)
	if c.cells != nil {
		c.cells.pick(dst, from, rows)
	}
	if c.base != 0 {
		for i := range dst {
			dst[i] += uint32(c.base)
		}
	}
}

// Range sets dst to the integers from one on, which must be less than 1<<32. It
// is faster than At for each.
func (c *Uints) Range(dst []uint32, from int) {
	for i := range dst {
		dst[i] = uint32(c.base)
	}
	if c.cells != nil {
		c.cells.add(dst, from)
	}
}

// Set changes integer i to a value between the bounds that MakeUints was given.
func (c *Uints) Set(i int, v uint64) {
	if c.cells != nil {
		c.cells.set(i, v-c.base)
	}
}

// Bytes returns the memory held.
func (c *Uints) Bytes() int {
	if c.cells == nil {
		return 0
	}
	return c.n * c.cells.width()
}

// A Dict numbers distinct values in the order in which they come. The zero Dict
// is empty and ready; it is not safe for concurrent use while it grows.
type Dict[T comparable] struct {
	values []T
	codes  map[T]uint32
	keep   func(T) T // makes the value that is stored; nil: as it is

	// Most values come again and again. For each hint, as a value gives it, the
	// code of the value that came last with it; a power of 2 of them.
	hint   func(T) uint32 // nil: there is one
	recent []uint32
}

// TextDict returns an empty Dict that copies the texts it stores, so that they
// do not keep alive what they are part of.
func TextDict() Dict[string] { return Dict[string]{keep: strings.Clone, hint: hintOfText} }

// NumberDict returns an empty Dict of numbers.
func NumberDict[T constraints.Integer]() Dict[T] {
	return Dict[T]{hint: func(v T) uint32 { return uint32(v) }}
}

// Code returns the number of v, which is new if v is.
func (d *Dict[T]) Code(v T) uint32 {
	hint := uint32(0)
	if d.hint != nil {
		hint = d.hint(v)
	}
	if len(d.recent) > 0 {
		code := d.recent[hint&uint32(len(d.recent)-1)]
		if int(code) < len(d.values) && d.values[code] == v {
			return code
		}
	}
	code, ok := d.codes[v]
	if !ok {
		if d.codes == nil {
			d.codes = make(map[T]uint32)
		}
		if d.keep != nil {
			v = d.keep(v)
		}
		code = uint32(len(d.values))
		d.codes[v] = code
		d.values = append(d.values, v)
	}
	if len(d.recent) < min(2*len(d.values), maxRecent) {
		d.recent = make([]uint32, max(2*len(d.recent), 4))
	}
	d.recent[hint&uint32(len(d.recent)-1)] = code
	return code
}

// maxRecent is the greatest length of Dict.recent: more would not stay in the
// nearer caches.
const maxRecent = 1 << 13

func hintOfText(s string) uint32 {
	if len(s) == 0 {
		return 0
	}
	return uint32(len(s)) + uint32(s[0])*31 + uint32(s[len(s)/2])*17 + uint32(s[len(s)-1])*7
}

// Find returns the number of v, if it has one.
func (d *Dict[T]) Find(v T) (code uint32, ok bool) {
	code, ok = d.codes[v]
	return code, ok
}

// Value returns the value of a number that Code returned.
func (d *Dict[T]) Value(code uint32) T { return d.values[code] }

// Values returns the values by number. It is not to be changed, and does not
// change when the Dict grows.
func (d *Dict[T]) Values() []T { return d.values[:len(d.values):len(d.values)] }

// Clone returns a copy that grows on its own.
func (d *Dict[T]) Clone() Dict[T] {
	return Dict[T]{values: d.Values(), codes: maps.Clone(d.codes), keep: d.keep, hint: d.hint}
}

// Len returns the number of distinct values.
func (d *Dict[T]) Len() int { return len(d.values) }

// Blobs is a fixed number of byte strings of less than 64 KiB each, one after
// the other in one array. Lengths take two bytes each; a start is remembered
// for every 64th.
type Blobs struct {
	lens   []uint16
	starts []uint64
	data   []byte
}

const (
	blobsPerStart = 64
	// MaxBlob is the greatest length of a byte string in Blobs.
	MaxBlob = 1<<16 - 1
)

// MakeBlobs returns byte strings of the given lengths, all zero.
func MakeBlobs(lens []uint16) *Blobs {
	b := &Blobs{lens: lens}
	b.data = hugepage.Make[byte](int(b.makeStarts()))
	return b
}

// makeStarts makes the starts from the lengths, and returns how many bytes there
// are in all.
func (b *Blobs) makeStarts() (at uint64) {
	b.starts = make([]uint64, 0, (len(b.lens)+blobsPerStart-1)/blobsPerStart)
	for i, n := range b.lens {
		if i%blobsPerStart == 0 {
			b.starts = append(b.starts, at)
		}
		at += uint64(n)
	}
	return at
}

// At returns byte string i itself, not a copy.
func (b *Blobs) At(i int) []byte {
	at := b.starts[i/blobsPerStart]
	for _, n := range b.lens[i/blobsPerStart*blobsPerStart : i] {
		at += uint64(n)
	}
	end := at + uint64(b.lens[i])
	return b.data[at:end:end]
}

// LenAt returns the length of byte string i, in less time than At takes.
func (b *Blobs) LenAt(i int) int { return int(b.lens[i]) }

// Range returns byte strings first to end-1 themselves, with their numbers. It is
// faster than At for each.
func (b *Blobs) Range(first, end int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		if first >= end {
			return
		}
		at := b.starts[first/blobsPerStart]
		for i := first / blobsPerStart * blobsPerStart; i < end; i++ {
			next := at + uint64(b.lens[i])
			if i >= first && !yield(i, b.data[at:next:next]) {
				return
			}
			at = next
		}
	}
}

// Len returns the number of byte strings.
func (b *Blobs) Len() int { return len(b.lens) }

// Bytes returns the memory held.
func (b *Blobs) Bytes() int { return 2*len(b.lens) + 8*len(b.starts) + len(b.data) }
