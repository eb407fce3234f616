package tagtable_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// An oracle is the table in one map.
type oracle map[tagtable.Key]uint32

func newOracle(keys []tagtable.Key) oracle {
	o := make(oracle, len(keys))
	for i, k := range keys {
		if _, ok := o[k]; !ok {
			o[k] = uint32(i)
		}
	}
	return o
}

// agree asks for all keys, once singly and once in a batch, and compares the
// answers with the oracle's.
func agree(t *testing.T, table *tagtable.Table, o oracle, ask []tagtable.Key) {
	t.Helper()
	for _, k := range ask {
		pos, ok := table.Lookup(k)
		if want, in := o[k]; ok != in || pos != want {
			t.Fatalf("Lookup(%x) = %d, %t, want %d, %t", k, pos, ok, want, in)
		}
	}
	dst := make([]uint32, len(ask))
	hits := batch(table, dst, ask)
	for i, k := range ask {
		want, in := o[k]
		if !in {
			want = none
		} else {
			hits--
		}
		if dst[i] != want {
			t.Fatalf("batch of %d: key %d is at %d, want %d", len(ask), i, int32(dst[i]), int32(want))
		}
	}
	if hits != 0 {
		t.Fatalf("batch of %d: %d hits too many", len(ask), hits)
	}
}

func TestAgainstMap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{0, 1, 2, 11, 12, 13, 14, 300, 5000, 200_000} {
		for round := range 4 {
			// Narrow words make many equal keys, and many asked that are there.
			bits := 64 >> round
			draw := func() tagtable.Key {
				return tagtable.Key{Hi: rng.Uint64() >> (64 - bits), Lo: rng.Uint64()>>(64-bits) + 7}
			}
			keys := make([]tagtable.Key, n)
			for i := range keys {
				keys[i] = draw()
				if i > 0 && rng.IntN(10) == 0 {
					keys[i] = keys[rng.IntN(i)]
				}
			}
			slices.SortFunc(keys, tagtable.Key.Compare)
			table := tagtable.Build(keys, rng.Uint64(), 2)
			ask := make([]tagtable.Key, rng.IntN(1000))
			for i := range ask {
				ask[i] = draw()
				if n > 0 && rng.IntN(3) == 0 {
					ask[i] = keys[rng.IntN(n)]
				}
			}
			agree(t, table, newOracle(keys), ask)
		}
	}
}

// Far too many keys a group make every lookup meet full groups and spill lists.
func TestOverfullAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, mean := range []float64{14, 30, 1000} {
		keys := make([]tagtable.Key, 30_000)
		for i := range keys {
			keys[i] = tagtable.Key{Hi: uint64(i / 3), Lo: rng.Uint64() >> 63}
		}
		slices.SortFunc(keys, tagtable.Key.Compare)
		ask := slices.Clone(keys)
		for i := range ask {
			ask[i].Lo ^= rng.Uint64() >> 62
		}
		agree(t, tagtable.BuildLoad(keys, 9, 2, mean), newOracle(keys), ask)
	}
}

func TestBatchFlushesTwice(t *testing.T) {
	keys := []tagtable.Key{{Hi: 1, Lo: 1}, {Hi: 1, Lo: 2}}
	table := tagtable.Build(keys, 1, 1)
	var b tagtable.Batch
	b.Keys[0] = keys[1]
	if got := table.Probe(&b, 5, 1); len(got) != 0 {
		t.Fatalf("Probe found %v before its block was full", got)
	}
	if got := table.Flush(&b); !slices.Equal(got, []tagtable.Found{{At: 5, Pos: 1}}) {
		t.Errorf("Flush = %v, want key 5 at 1", got)
	}
	if got := table.Flush(&b); len(got) != 0 {
		t.Errorf("Flush again = %v, want nothing", got)
	}
}

func TestDeterminedByKeysAndSeed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	keys := make([]tagtable.Key, 250_000) // three shards
	for i := range keys {
		keys[i] = tagtable.Key{Hi: rng.Uint64() >> 45, Lo: rng.Uint64() >> 50}
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	one := tagtable.Build(keys, 42, 1)
	for workers := 2; workers < 6; workers++ {
		if !one.Equal(tagtable.Build(keys, 42, workers)) {
			t.Errorf("%d workers build another table than one", workers)
		}
	}
	if one.Equal(tagtable.Build(keys, 43, 1)) {
		t.Error("another seed builds the same table")
	}
}

// crowds returns sets of keys made by somebody who knows the seed. All keys of
// which the hash multiplies words of the same product have the same hash.
func crowds(n int, seed uint64) map[string][]tagtable.Key {
	// The groups of a table depend on the seed and the number of keys.
	sample := tagtable.Build(make([]tagtable.Key, n), seed, 1)
	oneHash, oneGroup := make([]tagtable.Key, n), make([]tagtable.Key, 0, n)
	for i := range oneHash {
		oneHash[i] = sample.Product(uint64(i), 0)
	}
	const whole = 2 * 2 * 2 * 2 * 3 * 3 * 5 * 7 * 11 * 13 // it has 240 factors
	var factors []uint64
	for f := range uint64(whole + 1) {
		if f > 0 && whole%f == 0 {
			factors = append(factors, f)
		}
	}
	for product := uint64(whole); len(oneGroup) < n; product += whole {
		if sample.Group(sample.Product(1, product)) != 0 {
			continue
		}
		// Some pairs of factors of each product, so that it takes many hashes.
		for _, f := range factors[:min(len(factors), n/50, n-len(oneGroup))] {
			oneGroup = append(oneGroup, sample.Product(f, product/f))
		}
	}
	for _, keys := range [][]tagtable.Key{oneHash, oneGroup} {
		slices.SortFunc(keys, tagtable.Key.Compare)
	}
	return map[string][]tagtable.Key{"one hash": oneHash, "one group": oneGroup}
}

func TestKeysAimedAtOneGroup(t *testing.T) {
	const seed = 99
	n := trials.Number(4_000)
	if testing.Short() {
		n = max(n, 1000)
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for name, keys := range crowds(n, seed) {
		t.Run(name, func(t *testing.T) {
			table := tagtable.Build(keys, seed, 1)
			if got := table.LongestSpill(); got != n-11 {
				t.Fatalf("the longest list holds %d keys, want all but a group's 11", got)
			}
			ask := slices.Clone(keys)
			for i := range ask {
				if rng.IntN(2) == 0 {
					ask[i].Hi++
				}
			}
			agree(t, table, newOracle(keys), ask)
		})
	}
	trials.Done(t, n)
}

func TestNoAllocations(t *testing.T) {
	keys := make([]tagtable.Key, 10_000)
	for i := range keys {
		keys[i].Lo = uint64(i)
	}
	table := tagtable.Build(keys, 1, 1)
	dst := make([]uint32, 1000)
	for name, f := range map[string]func(){
		"Lookup": func() { table.Lookup(keys[77]) },
		"batch":  func() { batch(table, dst, keys[:1000]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
