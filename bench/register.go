package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/vin"
)

// A register is the listed vehicles of a world in the index and in its rivals.
type register struct {
	world *workload.World
	idx   *index.Index
	m     numberMap
	scan  *scanner // nil until it is asked for
}

// build makes the index and the map.
func (r *register) build() error {
	idx, err := index.Build(context.Background(), index.Options{Seed: 1}, r.world.Records())
	if err != nil {
		return err
	}
	r.idx, r.m = idx, newMap(r.world)
	return nil
}

// A numberMap is the built-in map that one would use instead: from a VIN to the
// number of its record. Keys of type vin.VIN are two words; a map of [17]byte is
// as large, as fast where it is far beyond the caches, and a tenth slower in them.
type numberMap map[vin.VIN]uint32

// newMap makes the map, with room for all from the beginning.
func newMap(w *workload.World) numberMap {
	m := make(numberMap, w.Listed())
	for i := range w.Listed() {
		m[w.VIN(i)] = uint32(i)
	}
	return m
}

// A scanner is the plain scan that one would write instead: all listed VINs in
// their order, as two words each and as text. Place i is row i of an index that
// was just built.
type scanner struct {
	words [][2]uint64
	text  []byte // of each VIN, with a separator behind it
}

const lineLen = vin.Len + 1

// scanner returns the scanner, which takes a while to sort.
func (r *register) scanner() *scanner {
	if r.scan == nil {
		s := &scanner{
			words: hugepage.Make[[2]uint64](r.world.Listed()),
			text:  hugepage.Make[byte](r.world.Listed() * lineLen)[:0],
		}
		for i := range s.words {
			s.words[i][0], s.words[i][1] = r.world.VIN(i).Words()
		}
		slices.SortFunc(s.words, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
		for _, w := range s.words {
			v, _ := vin.FromWords(w[0], w[1])
			s.text = append(v.AppendTo(s.text), '\n')
		}
		r.scan = s
	}
	return r.scan
}

// match appends the places of the first VINs that a pattern's own matcher finds, limit
// of them at most.
func (s *scanner) match(dst []uint32, p *vin.Pattern, limit int) []uint32 {
	for i := range s.words {
		if w := &s.words[i]; p.MatchWords(w[0], w[1]) {
			if dst = append(dst, uint32(i)); len(dst) == limit {
				break
			}
		}
	}
	return dst
}

// find appends the places of the first VINs that fit a pattern and a condition,
// limit of them at most. It compares words by mask where some positions are
// known, and else looks for the longest run of symbols in the text; where neither
// tells all, the pattern's own matcher looks at the words. A nil condition fits
// all.
func (s *scanner) find(dst []uint32, p *vin.Pattern, limit int, fits func(place int) bool) []uint32 {
	maskHi, wantHi, maskLo, wantLo, whole := p.Words()
	known := maskHi|maskLo != 0
	literal := longestRun(p.String())
	for at := 0; ; at++ {
		if known {
			at = nextWords(s.words, at, maskHi, wantHi, maskLo, wantLo)
		} else if literal != "" {
			at = nextText(s.text, at, literal)
		}
		if at >= len(s.words) {
			return dst
		}
		if (known && whole || p.MatchWords(s.words[at][0], s.words[at][1])) && (fits == nil || fits(at)) {
			if dst = append(dst, uint32(at)); len(dst) == limit {
				return dst
			}
		}
	}
}

// nextWords returns the next place that fits by mask, from one on. It is a
// function of its own because the loop is three times as fast alone.
func nextWords(words [][2]uint64, from int, maskHi, wantHi, maskLo, wantLo uint64) int {
	for i := from; i < len(words); i++ {
		if words[i][0]&maskHi == wantHi && words[i][1]&maskLo == wantLo {
			return i
		}
	}
	return len(words)
}

// nextText returns the next place whose text has a run of symbols.
func nextText(text []byte, from int, run string) int {
	at := min(from*lineLen, len(text))
	if i := bytes.Index(text[at:], []byte(run)); i >= 0 {
		return (at + i) / lineLen
	}
	return len(text) / lineLen
}

// longestRun returns the longest run of symbols that a pattern asks for.
func longestRun(pattern string) string {
	longest, from, inSet := "", 0, false
	for i := 0; i <= len(pattern); i++ {
		if i < len(pattern) && !inSet && !strings.ContainsRune("*?[]", rune(pattern[i])) {
			continue
		}
		if !inSet && i-from > len(longest) {
			longest = pattern[from:i]
		}
		if i < len(pattern) {
			inSet = pattern[i] == '[' || inSet && pattern[i] != ']'
		}
		from = i + 1
	}
	return longest
}

// A floor is what the memory allows: random reads of 64-byte lines, none of which
// waits for another, of arrays as large as those that a lookup reads.
type floor struct {
	arrays [][][8]uint64
	sum    uint64
}

// newFloor returns the floor of misses, which read groups of the table, or of
// hits, which read keys too.
func newFloor(records int, hits bool) *floor {
	const (
		keysPerGroup = 8.25 // as package tagtable fills its groups
		groupBytes   = 64 / keysPerGroup
		keyBytes     = 16
	)
	sizes := []float64{groupBytes}
	if hits {
		sizes = append(sizes, keyBytes)
	}
	f := new(floor)
	for _, bytes := range sizes {
		a := hugepage.Make[[8]uint64](int(bytes*float64(records))/64 + 1)
		for i := range a {
			a[i][0] = uint64(i)
		}
		f.arrays = append(f.arrays, a)
	}
	return f
}

// read reads n lines of each array.
func (f *floor) read(n int) {
	for _, a := range f.arrays {
		x := uint64(12345)
		for range n {
			x = x*6364136223846793005 + 1442695040888963407
			f.sum += a[(x>>32)*uint64(len(a))>>32][0]
		}
	}
}

func keysOf(vins []vin.VIN) []index.Key {
	keys := make([]index.Key, len(vins))
	for i, v := range vins {
		keys[i] = index.VIN(v)
	}
	return keys
}

// check returns an error unless so many were found as should.
func check(got, want int) error {
	if got != want {
		return fmt.Errorf("%d hits, want %d", got, want)
	}
	return nil
}
