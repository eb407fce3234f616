package index

import (
	"github.com/RoaringBitmap/roaring/v2"
)

// A Filter says which records count. Filters are made of terms and composed:
//
//	index.Owner("FR").And(index.OfType(index.Motorcycle)).AndNot(index.HasStatus(index.Recovered))
//
// A Filter is a small immutable value: copy it, use it from any goroutine and
// with any View. The zero Filter is everything.
type Filter struct {
	n *node // nil: everything
}

// A node is a term or joins two filters.
type node struct {
	op    op
	owner string
	value uint8 // a Type or Status
	a, b  Filter
}

type op uint8

const (
	opOwner op = iota
	opType
	opStatus
	opAnd
	opOr
	opAndNot
)

// Owner selects the records of an owner, whose name is compared as it is.
func Owner(name string) Filter { return Filter{&node{op: opOwner, owner: name}} }

// OfType selects the records of a type; of NoType, those that do not say.
func OfType(t Type) Filter { return Filter{&node{op: opType, value: uint8(t)}} }

// HasStatus selects the records of a status; of NoStatus, those that do not say.
func HasStatus(s Status) Filter { return Filter{&node{op: opStatus, value: uint8(s)}} }

// And selects what both filters select.
func (f Filter) And(g Filter) Filter { return Filter{&node{op: opAnd, a: f, b: g}} }

// Or selects what at least one of the filters selects.
func (f Filter) Or(g Filter) Filter { return Filter{&node{op: opOr, a: f, b: g}} }

// AndNot selects what f selects and g does not.
func (f Filter) AndNot(g Filter) Filter { return Filter{&node{op: opAndNot, a: f, b: g}} }

// A rowSet is the rows in a bitmap, or all rows but those. The bitmap may be
// shared: nobody changes it.
type rowSet struct {
	bits *roaring.Bitmap
	not  bool
}

func (s rowSet) complement() rowSet { return rowSet{s.bits, !s.not} }

func (s rowSet) and(t rowSet) rowSet {
	switch {
	case s.not && t.not:
		return rowSet{roaring.Or(s.bits, t.bits), true}
	case s.not:
		return rowSet{roaring.AndNot(t.bits, s.bits), false}
	case t.not:
		return rowSet{roaring.AndNot(s.bits, t.bits), false}
	}
	return rowSet{roaring.And(s.bits, t.bits), false}
}

var noRows = roaring.New()

// eval returns the rows that a filter selects.
func (s *segment) eval(f Filter) rowSet {
	if f.n == nil {
		return rowSet{noRows, true}
	}
	switch n := f.n; n.op {
	case opOwner:
		code, ok := s.owners.Find(n.owner)
		if !ok {
			return rowSet{bits: noRows}
		}
		return bitmapOf(s.byOwner, int(code))
	case opType:
		return bitmapOf(s.byType, int(n.value))
	case opStatus:
		return bitmapOf(s.byStatus, int(n.value))
	case opAnd:
		return s.eval(n.a).and(s.eval(n.b))
	case opOr: // by De Morgan
		return s.eval(n.a).complement().and(s.eval(n.b).complement()).complement()
	default: // opAndNot
		return s.eval(n.a).and(s.eval(n.b).complement())
	}
}

func bitmapOf(byValue []*roaring.Bitmap, value int) rowSet {
	if value >= len(byValue) || byValue[value] == nil {
		return rowSet{bits: noRows}
	}
	return rowSet{bits: byValue[value]}
}

// count returns the number of rows in a set of the segment.
func (s *segment) count(r rowSet) int {
	n := int(r.bits.GetCardinality())
	if r.not {
		return s.n - n
	}
	return n
}

// A Selection is a Filter compiled for one View, to be used again and again and
// by any number of goroutines. It takes one bit for each record of the View.
type Selection struct {
	view *View
	bits []uint64 // one a row: to ask a roaring bitmap costs a search for each row
	n    int
}

// Select compiles a filter for this View.
func (v *View) Select(f Filter) *Selection {
	set := v.seg.eval(f)
	// A container of a roaring bitmap writes all of its 1<<16 bits.
	const words = 1 << 16 / 64
	s := &Selection{view: v, bits: make([]uint64, ((v.seg.n+int(v.changes))>>16+1)*words)}
	set.bits.WriteDenseTo(s.bits)
	if set.not {
		for i := range s.bits {
			s.bits[i] = ^s.bits[i]
		}
	}
	s.n = v.seg.count(set)
	for r := range v.hiddenRows() {
		if s.has(r) {
			s.bits[r>>6] &^= 1 << (r & 63)
			s.n--
		}
	}
	// Bits at and behind the first row of the delta are not those of set.
	first := v.seg.n
	if first < len(s.bits)*64 {
		s.bits[first>>6] &= 1<<(first&63) - 1
		clear(s.bits[first>>6+1:])
	}
	for r := range v.deltaRows() {
		if v.fits(v.change(r), f) {
			s.bits[r>>6] |= 1 << (r & 63)
			s.n++
		}
	}
	return s
}

// fits reports whether a change is selected.
func (v *View) fits(c *change, f Filter) bool {
	if f.n == nil {
		return true
	}
	switch n := f.n; n.op {
	case opOwner:
		return v.values.owners[c.owner] == n.owner
	case opType:
		return uint8(c.typ) == n.value
	case opStatus:
		return uint8(c.status) == n.value
	case opAnd:
		return v.fits(c, n.a) && v.fits(c, n.b)
	case opOr:
		return v.fits(c, n.a) || v.fits(c, n.b)
	default: // opAndNot
		return v.fits(c, n.a) && !v.fits(c, n.b)
	}
}

// Count returns how many records a filter selects, without visiting them.
func (v *View) Count(f Filter) int {
	set := v.seg.eval(f)
	n := v.seg.count(set)
	for r := range v.hiddenRows() {
		if set.bits.Contains(uint32(r)) != set.not {
			n--
		}
	}
	for r := range v.deltaRows() {
		if v.fits(v.change(r), f) {
			n++
		}
	}
	return n
}

// Count returns how many records are selected.
func (s *Selection) Count() int { return s.n }

// Contains reports whether a record is selected. It is false for NoRow.
func (s *Selection) Contains(r Row) bool { return int64(r) < int64(len(s.bits))*64 && s.has(r) }

// has is Contains for a row of the View.
func (s *Selection) has(r Row) bool { return s.bits[r>>6]>>(r&63)&1 != 0 }
