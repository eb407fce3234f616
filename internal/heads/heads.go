// Package heads walks a sorted array of VINs by their first symbols: the maker,
// the descriptor, the check symbol, the year and the plant. Twenty million
// vehicles share less than a million of such heads, so that most of what does
// not fit a partial number is passed over without a look at it.
//
// # Terms and layout
//
// An entry is the position of a VIN in the sorted array. The VINs that share
// their first eight symbols are a group, a range of entries; those of a group
// that share the first eleven are a head, a range within it.
//
//	Groups   symbols 1-8 of group 0, group 1, ...           8 bytes each
//	First    its first head                                 4 bytes each
//	Heads    first entry, and symbols 9-11 above it         8 bytes each
//	sample   every 64th of the groups, which stays in the cache
//
// The last element of First and Heads stands for the end.
package heads

import (
	"slices"
	"sort"

	"github.com/vinmatch/vinmatch/internal/tagtable"
)

const (
	wordMask  = 1<<48 - 1 // of the symbols in the high word of a key
	codeShift = 36        // of symbols 9-11 in the low word
	codeMask  = 1<<18 - 1
)

// A Directory holds the groups and heads of an array of VINs. Any number of
// goroutines may use it.
type Directory struct {
	Groups []uint64
	First  []uint32
	Heads  []uint64

	sample []uint64
}

// Build returns the directory of VINs, which are given as the words of their
// keys, sorted; or nil if they share so few heads that it would not help. There
// may be at most 1<<32-1.
func Build(vins []tagtable.Key) *Directory {
	groups, heads := 0, 0
	each(vins, func(_ int, newGroup bool) {
		heads++
		if newGroup {
			groups++
		}
	})
	if heads > len(vins)/2 {
		return nil
	}
	d := &Directory{
		Groups: make([]uint64, 0, groups),
		First:  make([]uint32, 0, groups+1),
		Heads:  make([]uint64, 0, heads+1),
	}
	each(vins, func(i int, newGroup bool) {
		if newGroup {
			d.Groups = append(d.Groups, vins[i].Hi&wordMask)
			d.First = append(d.First, uint32(len(d.Heads)))
		}
		d.Heads = append(d.Heads, vins[i].Lo>>codeShift&codeMask<<32|uint64(i))
	})
	d.First = append(d.First, uint32(len(d.Heads)))
	d.Heads = append(d.Heads, uint64(len(vins)))
	d.index()
	return d
}

const sampling = 64

// index makes what follows from the exported fields.
func (d *Directory) index() {
	d.sample = make([]uint64, 0, len(d.Groups)/sampling+1)
	for g := 0; g < len(d.Groups); g += sampling {
		d.sample = append(d.sample, d.Groups[g])
	}
}

// each calls f for the first VIN of each head.
func each(vins []tagtable.Key, f func(i int, newGroup bool)) {
	for i := range vins {
		newGroup := i == 0 || vins[i].Hi != vins[i-1].Hi
		if newGroup || vins[i].Lo>>codeShift != vins[i-1].Lo>>codeShift {
			f(i, newGroup)
		}
	}
}

// Bytes returns the memory held.
func (d *Directory) Bytes() int { return 8*(len(d.Groups)+len(d.Heads)+len(d.sample)) + 4*len(d.First) }

// start returns the first entry of a head.
func (d *Directory) start(head uint32) uint32 { return uint32(d.Heads[head]) }

// Near returns a range of entries that contains the first one whose words are
// not less than hi and lo, or ends there. It is the range of a head, or empty.
func (d *Directory) Near(hi, lo uint64) (from, to uint32) {
	hi &= wordMask
	g := d.group(hi)
	if g == len(d.Groups) || d.Groups[g] != hi {
		e := d.start(d.First[g])
		return e, e
	}
	first, last := d.First[g], d.First[g+1]
	code := lo >> codeShift & codeMask
	h := first + uint32(sort.Search(int(last-first), func(i int) bool { return d.Heads[int(first)+i]>>32 >= code }))
	if h == last || d.Heads[h]>>32 != code {
		e := d.start(h)
		return e, e
	}
	return d.start(h), d.start(h + 1)
}

// group returns the first group that is not less than hi.
func (d *Directory) group(hi uint64) int {
	s, _ := slices.BinarySearch(d.sample, hi)
	if s == 0 {
		return 0
	}
	from := (s - 1) * sampling
	g, _ := slices.BinarySearch(d.Groups[from:min(from+sampling, len(d.Groups))], hi)
	return from + g
}

// Wanted says which VINs are wanted by what they demand of the two words of
// their keys: w&Mask must equal Want.
type Wanted struct {
	MaskHi, WantHi uint64
	MaskLo, WantLo uint64
}

// Walk calls f for the ranges of entries, among those from a first to a last
// one, whose heads are wanted, in their order and until f returns false. It
// reports whether that never happened. Symbols behind the head are not looked
// at. It does not allocate.
func (d *Directory) Walk(from, to uint32, want *Wanted, f func(from, to uint32) bool) bool {
	if from >= to {
		return true
	}
	maskHi, wantHi := want.MaskHi&wordMask, want.WantHi&wordMask
	// Of a head as it stands in Heads.
	mask := want.MaskLo >> codeShift & codeMask << 32
	code := want.WantLo >> codeShift & codeMask << 32

	g := sort.Search(len(d.Groups), func(g int) bool { return d.start(d.First[g+1]) > from })
	end := sort.Search(len(d.Groups), func(g int) bool { return d.start(d.First[g]) >= to })
	for ; g < end; g++ {
		if d.Groups[g]&maskHi != wantHi {
			continue
		}
		first, last := d.First[g], d.First[g+1]
		if mask == 0 {
			if !f(max(d.start(first), from), min(d.start(last), to)) {
				return false
			}
			continue
		}
		heads := d.Heads[first : last+1]
		for i := range len(heads) - 1 {
			if heads[i]&mask != code {
				continue
			}
			a, b := max(uint32(heads[i]), from), min(uint32(heads[i+1]), to)
			if a < b && !f(a, b) {
				return false
			}
		}
	}
	return true
}
