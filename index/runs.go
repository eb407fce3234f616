package index

import (
	"cmp"
	"slices"

	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// keyRuns hold the entries of a delta from the first one on, sorted for searches.
// They never change.
//
// A search that comes upon minRun entries which are in no run sorts them into
// one, and merges it with the run before until that is more than twice as long.
// So there are few runs however many changes wait, each entry is sorted once and
// merged a few times, and what takes changes without being searched pays nothing.
// While one search sorts, others look at those entries one by one. It looks at its
// context between steps of some milliseconds, and what it sorted by then remains.
type keyRuns struct {
	runs []keyRun
	held uint32 // entries
}

// A keyRun holds the entries from a number to another one.
type keyRun struct {
	keys    []tagtable.Key // ascending
	entries []uint32       // of keys

	// The VINs among them by their last symbols, read backwards: six symbols of
	// six bits above an entry.
	tails []uint64
}

const (
	minRun     = 1 << 8
	maxSorted  = 1 << 14 // entries in one step
	maxMerged  = 1 << 19 // and those of the longest run
	tailShift  = 28
	tailBits   = 36
	maxInRuns  = 1 << tailShift // entries from here on stay in no run
	tailSymbol = tailBits / 6
)

// backwards returns the last six symbols of a VIN, the last one first.
func backwards(lo uint64) (tail uint64) {
	for range tailSymbol {
		tail = tail<<6 | lo&63
		lo >>= 6
	}
	return tail
}

// sortedRuns returns runs that hold nearly all entries of the delta, and perhaps
// some that this View does not count.
func (g *sight) sortedRuns() *keyRuns {
	d, n := g.v.delta, min(g.v.deltaEntries(), maxInRuns)
	s := d.sorted.Load()
	if n < s.held+minRun || !d.sorting.TryLock() {
		return s
	}
	defer d.sorting.Unlock()
	for s = d.sorted.Load(); n >= s.held+minRun && g.tick(0); d.sorted.Store(s) {
		s = d.extend(s, min(n, s.held+maxSorted))
	}
	return s
}

// extend returns runs that hold entries up to n.
func (d *delta) extend(s *keyRuns, n uint32) *keyRuns {
	runs := append(slices.Clone(s.runs), d.makeRun(s.held, n))
	for last := len(runs) - 1; last > 0; last-- {
		before, held := len(runs[last-1].keys), len(runs[last].keys)
		if before > 2*held || before+held > maxMerged {
			break
		}
		runs[last-1] = runs[last-1].merge(&runs[last])
		runs = runs[:last]
	}
	return &keyRuns{runs: runs, held: n}
}

// makeRun makes a run of the entries from one to before another.
func (d *delta) makeRun(from, to uint32) keyRun {
	type pair struct {
		key   tagtable.Key
		entry uint32
	}
	pairs := make([]pair, 0, to-from)
	for e := from; e < to; e++ {
		pairs = append(pairs, pair{d.entries.at(e).key, e})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := a.key.Compare(b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.entry, b.entry)
	})
	r := keyRun{keys: make([]tagtable.Key, len(pairs)), entries: make([]uint32, len(pairs))}
	for i, p := range pairs {
		r.keys[i], r.entries[i] = p.key, p.entry
		if p.key.Hi>>kindShift == uint64(KindVIN) {
			r.tails = append(r.tails, backwards(p.key.Lo)<<tailShift|uint64(p.entry))
		}
	}
	slices.Sort(r.tails)
	return r
}

// merge returns one run of two, of which s is of later entries.
func (r *keyRun) merge(s *keyRun) keyRun {
	n := len(r.keys) + len(s.keys)
	m := keyRun{
		keys:    make([]tagtable.Key, 0, n),
		entries: make([]uint32, 0, n),
		tails:   make([]uint64, 0, len(r.tails)+len(s.tails)),
	}
	i, j := 0, 0
	for i < len(r.keys) || j < len(s.keys) {
		if j == len(s.keys) || i < len(r.keys) && r.keys[i].Compare(s.keys[j]) <= 0 {
			m.keys, m.entries = append(m.keys, r.keys[i]), append(m.entries, r.entries[i])
			i++
		} else {
			m.keys, m.entries = append(m.keys, s.keys[j]), append(m.entries, s.entries[j])
			j++
		}
	}
	i, j = 0, 0
	for i < len(r.tails) || j < len(s.tails) {
		if j == len(s.tails) || i < len(r.tails) && r.tails[i] < s.tails[j] {
			m.tails = append(m.tails, r.tails[i])
			i++
		} else {
			m.tails = append(m.tails, s.tails[j])
			j++
		}
	}
	return m
}

// bytes returns the memory held.
func (s *keyRuns) bytes() (n int64) {
	for i := range s.runs {
		n += int64(len(s.runs[i].keys))*20 + int64(len(s.runs[i].tails))*8
	}
	return n
}

// ending returns the tails that end with n symbols, given as backwards gives
// them, with zeros behind.
func (r *keyRun) ending(tail uint64, n int) []uint64 {
	first := tail << tailShift
	last := (tail + 1<<(tailBits-6*n)) << tailShift
	from, _ := slices.BinarySearch(r.tails, first)
	if last == 0 { // all of them
		return r.tails[from:]
	}
	to, _ := slices.BinarySearch(r.tails[from:], last)
	return r.tails[from:][:to]
}
