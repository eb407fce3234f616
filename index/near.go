package index

import (
	"math/bits"

	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// One error leaves most of a number as it is. If it is not among the last six
// symbols, the serial directory has all that may have been meant: the VINs that end
// so, of which there are few. If it is, they begin alike, and stand side by side.
// So two short runs of VINs are compared with the number, in the place of 560
// numbers that are looked up. The changes that wait for compaction have no such
// order: there, all 560 are asked for, of a filter that stays in the cache.

const (
	// mostEndingAlike and mostBeginningAlike are how many VINs are sooner
	// compared than those that one error leads to are looked up: anywhere in
	// memory, and one beside the other.
	mostEndingAlike    = 1 << 9
	mostBeginningAlike = 1 << 10

	endSymbols = serials.Len
	endMask    = 1<<(6*endSymbols) - 1 // of the low word
)

// AppendNear appends the keys of the VINs of this View's records that differ from
// number by one symbol or by two neighbours swapped, each once, in no particular
// order: those of [vin.VIN.AppendNear] that are there, in a tenth of the time that
// it takes to look them up. It does not allocate if dst has room.
func (v *View) AppendNear(dst []Key, number vin.VIN) []Key {
	k := VIN(number)
	if k == (Key{}) {
		return dst
	}
	f := nearFinder{v: v, k: tagtable.Key{Hi: k.hi, Lo: k.lo}, dst: dst, base: len(dst)}
	if v.seg.vins > 0 {
		f.endingAlike()
		f.beginningAlike()
	}
	if v.delta != nil {
		f.changed()
		f.keepVisible()
	}
	return f.dst
}

// A nearFinder is one search for near VINs.
type nearFinder struct {
	v    *View
	k    tagtable.Key // of what was read
	dst  []Key
	base int
}

// endingAlike takes what differs in the first eleven symbols, and by the eleventh
// and the twelfth swapped.
func (f *nearFinder) endingAlike() {
	s := f.v.seg
	numeric, lettered, _ := s.serials.Ending(f.k.Lo, endSymbols)
	if len(numeric)+len(lettered) > mostEndingAlike {
		f.lookUp(1, vin.Len-endSymbols)
	} else {
		for _, run := range [...][]uint32{numeric, lettered} {
			for _, e := range run {
				if x := xor(s.keys[e], f.k); x.Lo&endMask == 0 && f.differsOnce(x) {
					f.take(s.keys[e])
				}
			}
		}
	}
	if k, ok := swapped(f.k, vin.Len-endSymbols); ok {
		if _, ok := s.table.Lookup(k); ok {
			f.take(k)
		}
	}
}

// beginningAlike takes what differs in the last six symbols alone.
func (f *nearFinder) beginningAlike() {
	s := f.v.seg
	first := tagtable.Key{Hi: f.k.Hi, Lo: f.k.Lo &^ endMask}
	var from, to uint32
	if s.heads != nil {
		from, to = s.heads.Near(first.Hi, first.Lo)
	} else {
		from, to = s.vinAt(first), s.vinAt(tagtable.Key{Hi: first.Hi, Lo: first.Lo + endMask + 1})
	}
	if to-from > mostBeginningAlike {
		f.lookUp(vin.Len-endSymbols+1, vin.Len)
		return
	}
	for ; from < to; from++ {
		if f.differsOnce(xor(s.keys[from], f.k)) {
			f.take(s.keys[from])
		}
	}
}

func xor(a, b tagtable.Key) tagtable.Key { return tagtable.Key{Hi: a.Hi ^ b.Hi, Lo: a.Lo ^ b.Lo} }

// lowest has the lowest bit of each symbol of a word.
const lowest = 0x0041_0410_4104_1041

// differsOnce reports whether a VIN differs from what was read by one error, from
// the symbols in which they differ.
func (f *nearFinder) differsOnce(x tagtable.Key) bool {
	hi, lo := symbolsIn(x.Hi), symbolsIn(x.Lo)
	switch bits.OnesCount64(hi) + bits.OnesCount64(lo) {
	case 1:
		return true
	case 2:
		pos := vin.Len - bits.TrailingZeros64(lo)/6 - 1 // of the first, if they are neighbours
		if lo == 0 {
			pos = 8 - bits.TrailingZeros64(hi)/6 - 1
		} else if hi != 0 {
			pos = 8
		}
		k, ok := swapped(f.k, pos)
		return ok && xor(k, f.k) == x
	}
	return false
}

// symbolsIn has a bit for each symbol of a word that is not zero.
func symbolsIn(w uint64) uint64 {
	w |= w >> 3
	return (w | w>>1 | w>>2) & lowest
}

// swapped returns the key of a VIN with the symbols at pos, from 1, and behind it
// swapped, and whether they differ.
func swapped(k tagtable.Key, pos int) (tagtable.Key, bool) {
	a, b := symbolAt(k, pos), symbolAt(k, pos+1)
	return put(put(k, pos, a^b), pos+1, a^b), a != b
}

// put changes bits of the symbol at pos, from 1.
func put(k tagtable.Key, pos int, change uint64) tagtable.Key {
	if pos <= 8 {
		k.Hi ^= change << (6 * uint(8-pos))
	} else {
		k.Lo ^= change << (6 * uint(vin.Len-pos))
	}
	return k
}

// symbolAt returns the code of the symbol at pos, from 1.
func symbolAt(k tagtable.Key, pos int) uint64 {
	if pos <= 8 {
		return k.Hi >> (6 * uint(8-pos)) & (sixbit.Codes - 1)
	}
	return k.Lo >> (6 * uint(vin.Len-pos)) & (sixbit.Codes - 1)
}

// take takes a key that several neighbouring entries may have.
func (f *nearFinder) take(k tagtable.Key) {
	key := Key{k.Hi, k.Lo}
	if n := len(f.dst); n == f.base || f.dst[n-1] != key {
		f.dst = append(f.dst, key)
	}
}

// lookUp takes what differs by one error among the symbols from first to last, by
// looking all of it up.
func (f *nearFinder) lookUp(first, last int) {
	var b tagtable.Batch
	n := 0
	look := func(found []tagtable.Found) {
		for _, hit := range found {
			f.take(f.v.seg.keys[hit.Pos])
		}
	}
	f.each(first, last, func(k tagtable.Key) {
		b.Keys[n] = k
		if n++; n == tagtable.Block {
			look(f.v.seg.table.Probe(&b, 0, n))
			n = 0
		}
	})
	look(f.v.seg.table.Probe(&b, 0, n))
	look(f.v.seg.table.Flush(&b))
}

// each calls do with each number that one error among the symbols from first to
// last leads to.
func (f *nearFinder) each(first, last int, do func(tagtable.Key)) {
	for pos := first; pos <= last; pos++ {
		old := symbolAt(f.k, pos)
		for set := vin.AnySymbol &^ (1 << old); set != 0; set &= set - 1 {
			do(put(f.k, pos, old^uint64(bits.TrailingZeros64(set))))
		}
		if pos < last {
			if k, ok := swapped(f.k, pos); ok {
				do(k)
			}
		}
	}
}

// changed takes what changes since have.
func (f *nearFinder) changed() {
	d, table := f.v.delta, f.v.seg.table
	t := d.keys.Load()
	end := len(f.dst) // what the register has too is there already
	f.each(1, vin.Len, func(k tagtable.Key) {
		if h := t.hash(k, table.Hash(k)); t.mayHave(h) {
			if _, e := t.find(d, k, h); e == 0 {
				return
			}
			for _, known := range f.dst[f.base:end] {
				if known == (Key{k.Hi, k.Lo}) {
					return
				}
			}
			f.take(k)
		}
	})
}

// keepVisible leaves out those whose records this View does not have.
func (f *nearFinder) keepVisible() {
	n := f.base
	for _, k := range f.dst[f.base:] {
		if f.v.first(tagtable.Key{Hi: k.hi, Lo: k.lo}, nil) != NoRow {
			f.dst[n] = k
			n++
		}
	}
	f.dst = f.dst[:n]
}
