package main

import (
	"cmp"
	"math/bits"

	"github.com/vinmatch/vinmatch/vin"
)

// A packed number is a VIN, forwards or backwards, as the sorted slices and the
// scan hold it: 17 symbols of six bits, the first eight in hi and the last nine
// in lo. Comparing words compares text.
type packed struct{ hi, lo uint64 }

const (
	hiSymbols  = 8
	symbolBits = 6
	symbolMask = 1<<symbolBits - 1
)

func pack(v vin.VIN) packed {
	hi, lo := v.Words()
	return packed{hi, lo}
}

// backwards returns the symbols in reverse order.
func (p packed) backwards() packed {
	var r packed
	for d := range vin.Len {
		r.set(vin.Len-1-d, p.at(d))
	}
	return r
}

// at returns symbol d, counted from 0.
func (p packed) at(d int) uint64 {
	if d < hiSymbols {
		return p.hi >> (symbolBits * (hiSymbols - 1 - d)) & symbolMask
	}
	return p.lo >> (symbolBits * (vin.Len - 1 - d)) & symbolMask
}

// set puts a symbol at place d, which must be empty.
func (p *packed) set(d int, c uint64) {
	if d < hiSymbols {
		p.hi |= c << (symbolBits * (hiSymbols - 1 - d))
		return
	}
	p.lo |= c << (symbolBits * (vin.Len - 1 - d))
}

func (p packed) and(m packed) packed { return packed{p.hi & m.hi, p.lo & m.lo} }

func (p packed) compare(q packed) int {
	if p.hi != q.hi {
		return cmp.Compare(p.hi, q.hi)
	}
	return cmp.Compare(p.lo, q.lo)
}

func (p packed) less(q packed) bool { return p.hi < q.hi || p.hi == q.hi && p.lo < q.lo }

// head returns the mask of the first n symbols.
func head(n int) packed {
	const hiAll, loAll = 1<<(symbolBits*hiSymbols) - 1, 1<<(symbolBits*(vin.Len-hiSymbols)) - 1
	if n <= hiSymbols {
		return packed{hiAll &^ (1<<(symbolBits*(hiSymbols-n)) - 1), 0}
	}
	return packed{hiAll, loAll &^ (1<<(symbolBits*(vin.Len-n)) - 1)}
}

// near reports whether two numbers are the same, or differ in one symbol or by
// a swap of two neighbours.
func near(a, b packed) bool {
	x, y := a.hi^b.hi, a.lo^b.lo
	dx, dy := differing(x), differing(y)
	switch bits.OnesCount64(dx) + bits.OnesCount64(dy) {
	case 0, 1:
		return true
	case 2:
		var d [2]int // places of the two
		n := 0
		for i := range vin.Len {
			if a.at(i) != b.at(i) {
				d[n] = i
				n++
			}
		}
		return d[1] == d[0]+1 && a.at(d[0]) == b.at(d[1]) && a.at(d[1]) == b.at(d[0])
	}
	return false
}

// differing sets the lowest bit of every symbol that is not zero.
func differing(x uint64) uint64 {
	const lowest = 0x0041041041041041 // bits 0, 6, ... 54
	x |= x >> 3
	x |= x>>1 | x>>2
	return x & lowest
}

// A mask says which symbols are known, and what they are.
type mask struct{ known, want packed }

// maskOf reads places: symbols, ? where unknown.
func maskOf(places string) mask {
	// A VIN of the known symbols, with any where they are unknown, has the codes.
	b := []byte(places)
	var m mask
	for i := range b {
		if b[i] == '?' {
			b[i] = '0'
		} else {
			m.known.set(i, symbolMask)
		}
	}
	m.want = pack(vin.MustParse(string(b))).and(m.known)
	return m
}

func (m mask) backwards() mask { return mask{m.known.backwards(), m.want.backwards()} }

func (m mask) fits(p packed) bool {
	return p.hi&m.known.hi == m.want.hi && p.lo&m.known.lo == m.want.lo
}
