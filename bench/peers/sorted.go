package main

import (
	"context"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// few is how many neighbouring numbers are compared one by one rather than
// searched further.
const few = 256

// ordered are packed numbers in their order.
type ordered []packed

// search returns the first place from from on, below to, whose number is not
// less than p.
func (s ordered) search(from, to int, p packed) int {
	for from < to {
		middle := int(uint(from+to) >> 1)
		if s[middle].less(p) {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// end returns the first place from from on, below to, whose number does not
// begin as that at from does, by a mask of the first symbols. It is near to
// from most of the time.
func (s ordered) end(from, to int, first packed) int {
	want := s[from].and(first)
	step := 1
	for from+step < to && s[from+step].and(first) == want {
		from += step
		step *= 2
	}
	to = min(to, from+step)
	from++
	for from < to {
		middle := int(uint(from+to) >> 1)
		if s[middle].and(first) == want {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// A walk finds the numbers that fit a mask: known symbols narrow the range in
// which they can be, and an unknown symbol cuts it into those of each symbol.
type walk struct {
	s   ordered
	m   mask
	ids []index.Row // of the places; nil: the places are the ids
	dst []index.Row
	max int // so many of dst are enough
}

func (w *walk) in(from, to, d int) {
	for ; d < vin.Len && to-from > few && w.m.known.at(d) != 0; d++ {
		// As many known symbols at once as there are.
		n := d + 1
		for n < vin.Len && w.m.known.at(n) != 0 {
			n++
		}
		first := head(n)
		p := w.s[from].and(head(d))
		wanted := w.m.want.and(first)
		p.hi |= wanted.hi &^ head(d).hi
		p.lo |= wanted.lo &^ head(d).lo
		from = w.s.search(from, to, p)
		if from == to || w.s[from].and(first) != p {
			return
		}
		rest := w.m.known
		rest.hi, rest.lo = rest.hi&^first.hi, rest.lo&^first.lo
		if rest == (packed{}) {
			// Everything from here on that begins so.
			for ; from < to && len(w.dst) < w.max && w.s[from].and(first) == p; from++ {
				w.add(from)
			}
			return
		}
		to = w.s.end(from, to, first)
		d = n - 1
	}
	if to-from <= few || d == vin.Len {
		w.each(from, to)
		return
	}
	// Symbol d is unknown.
	for from < to && len(w.dst) < w.max {
		end := w.s.end(from, to, head(d+1))
		w.in(from, end, d+1)
		from = end
	}
}

// each compares one by one.
func (w *walk) each(from, to int) {
	for i, p := range w.s[from:to] {
		if w.m.fits(p) {
			if w.add(from + i); len(w.dst) >= w.max {
				return
			}
		}
	}
}

func (w *walk) add(place int) {
	if w.ids != nil {
		w.dst = append(w.dst, w.ids[place])
	} else {
		w.dst = append(w.dst, index.Row(place))
	}
}

// slicePair is a sorted slice of VINs and one of reversed VINs.
type slicePair struct {
	forward ordered     // place is id
	back    ordered     // backwards
	ids     []index.Row // of back
	steps   steps       // into back
}

// steps tell where in a sorted slice the numbers begin that share their first
// three symbols, so that a search starts close.
type steps []uint32

const stepSymbols = 3

func stepsOf(s ordered) steps {
	st := make(steps, 1<<(symbolBits*stepSymbols)+1)
	at := 0
	for i := range st {
		for at < len(s) && s[at].hi>>(symbolBits*(hiSymbols-stepSymbols)) < uint64(i) {
			at++
		}
		st[i] = uint32(at)
	}
	return st
}

// narrow returns the range of the numbers that share the first symbols of p.
func (st steps) narrow(p packed) (from, to int) {
	i := p.hi >> (symbolBits * (hiSymbols - stepSymbols))
	return int(st[i]), int(st[i+1])
}

func (*slicePair) describe() description {
	return description{
		Name: "sorted slices",
		Setup: "A sorted slice of packed VINs (16 bytes) and one of reversed VINs with their ids (20 bytes), " +
			"the latter with a table of where each three last symbols begin. Known symbols narrow the range by binary search, " +
			"an unknown one cuts it into those of each symbol, up to 256 are compared one by one. " +
			"One error leaves the first nine symbols or the last eight as they are.",
	}
}

func (c *slicePair) build(_ context.Context, listed []entry) error {
	c.forward = make(ordered, len(listed))
	type pair struct {
		p  packed
		id index.Row
	}
	back := make([]pair, len(listed))
	for i, e := range listed {
		c.forward[i] = pack(e.vin)
	}
	slices.SortFunc(c.forward, packed.compare)
	for i, p := range c.forward {
		back[i] = pair{p.backwards(), index.Row(i)}
	}
	slices.SortFunc(back, func(a, b pair) int { return a.p.compare(b.p) })
	c.back, c.ids = make(ordered, len(back)), make([]index.Row, len(back))
	for i, b := range back {
		c.back[i], c.ids[i] = b.p, b.id
	}
	c.steps = stepsOf(c.back)
	return nil
}

func (c *slicePair) parts(context.Context) ([]part, error) {
	n := int64(len(c.forward))
	return []part{{"sorted", 16 * n}, {"reversed", 16*n + 4*n + 4*int64(len(c.steps))}}, nil
}

func (*slicePair) needs(f form) []string {
	switch f {
	case exactHit, exactMiss, batchHit, batchMiss:
		return []string{"sorted"}
	case twoUnknown, oneError:
		return []string{"sorted", "reversed"}
	}
	return []string{"reversed"}
}

func (c *slicePair) get(p packed) (index.Row, bool) {
	i := c.forward.search(0, len(c.forward), p)
	return index.Row(i), i < len(c.forward) && c.forward[i] == p
}

func (c *slicePair) prepare(q *question) ask {
	switch q.form {
	case exactHit, exactMiss:
		p := pack(q.vin)
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := c.get(p); ok {
				dst = append(dst, id)
			}
			return dst, nil
		}
	case oneError:
		p := pack(q.vin)
		return func(dst []index.Row) ([]index.Row, error) { return c.near(dst, p), nil }
	case lastSix, makerLastFour, twoUnknown, twoOfLastSix:
		m := maskOf(q.places)
		if len(q.suffix()) < stepSymbols && len(q.prefix()) > len(q.suffix()) {
			return func(dst []index.Row) ([]index.Row, error) {
				w := walk{s: c.forward, m: m, dst: dst, max: len(dst) + limit}
				w.in(0, len(c.forward), 0)
				return w.dst, nil
			}
		}
		m = m.backwards()
		skip := len(q.suffix()) >= stepSymbols
		return func(dst []index.Row) ([]index.Row, error) {
			w := walk{s: c.back, m: m, ids: c.ids, dst: dst, max: len(dst) + limit}
			if skip {
				from, to := c.steps.narrow(m.want)
				w.in(from, to, stepSymbols)
			} else {
				w.in(0, len(c.back), 0)
			}
			return w.dst, nil
		}
	}
	return nil
}

// near finds what differs from p by one error.
func (c *slicePair) near(dst []index.Row, p packed) []index.Row {
	// The last eight symbols are right: few numbers share them.
	b := p.backwards()
	from, to := c.steps.narrow(b)
	for i := c.back.search(from, to, packed{b.hi, 0}); i < to && c.back[i].hi == b.hi; i++ {
		if near(c.back[i], b) {
			dst = append(dst, c.ids[i])
		}
	}
	// The first nine are right, and the last eight are not.
	first := head(hiSymbols + 1)
	from = c.forward.search(0, len(c.forward), p.and(first))
	if from < len(c.forward) && c.forward[from].and(first) == p.and(first) {
		dst = c.nearIn(dst, p, from, c.forward.end(from, len(c.forward), first), hiSymbols+1)
	}
	// Symbols nine and ten are swapped.
	if s := swapped(p, hiSymbols); s != p {
		if id, ok := c.get(s); ok {
			dst = append(dst, id)
		}
	}
	return dst
}

// nearIn finds what differs from p by one error from symbol d on, of numbers
// that share all before it.
func (c *slicePair) nearIn(dst []index.Row, p packed, from, to, d int) []index.Row {
	for ; ; d++ {
		if to-from <= few {
			for i := from; i < to; i++ {
				if s := c.forward[i]; s != p && near(s, p) {
					dst = append(dst, index.Row(i))
				}
			}
			return dst
		}
		// The error is at d, or d is right and the error behind it. More than
		// few numbers share what is before d, so that d is not the last.
		right, rightEnd := to, to
		for i := from; i < to; {
			end := c.forward.end(i, to, head(d+1))
			if c.forward[i].at(d) == p.at(d) {
				right, rightEnd = i, end
			} else {
				other := p
				clearAt(&other, d)
				other.set(d, c.forward[i].at(d))
				if at := c.forward.search(i, end, other); at < end && c.forward[at] == other {
					dst = append(dst, index.Row(at))
				}
			}
			i = end
		}
		if d+1 < vin.Len {
			if s := swapped(p, d); s != p {
				if at := c.forward.search(from, to, s); at < to && c.forward[at] == s {
					dst = append(dst, index.Row(at))
				}
			}
		}
		from, to = right, rightEnd
	}
}

// swapped swaps symbols d and d+1.
func swapped(p packed, d int) packed {
	a, b := p.at(d), p.at(d+1)
	clearAt(&p, d)
	clearAt(&p, d+1)
	p.set(d, b)
	p.set(d+1, a)
	return p
}

func clearAt(p *packed, d int) {
	m := packed{}
	m.set(d, symbolMask)
	p.hi, p.lo = p.hi&^m.hi, p.lo&^m.lo
}

func (c *slicePair) batch(vins []vin.VIN) func(dst []index.Row) error {
	keys := make([]packed, len(vins))
	for i, v := range vins {
		keys[i] = pack(v)
	}
	return func(dst []index.Row) error {
		for i := range keys {
			id, ok := c.get(keys[i])
			if !ok {
				id = index.NoRow
			}
			dst[i] = id
		}
		return nil
	}
}

func (c *slicePair) close() error { *c = slicePair{}; return nil }
