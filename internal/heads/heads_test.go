package heads_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/heads"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// kind is what stands above the symbols in the high word of a key.
const kind = 1 << 56

func sorted(n int) []tagtable.Key {
	world := vintest.NewPopulation(uint64(n), vintest.DefaultMix).Shuffled(uint64(n + 1))
	keys := make([]tagtable.Key, n)
	for i := range keys {
		keys[i].Hi, keys[i].Lo = world.At(uint64(i - i/50%2)).Words()
		keys[i].Hi |= kind
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	return keys
}

// clustered has few heads, with VINs that differ from one of them in a symbol.
func clustered(rng *rand.Rand, n int) []tagtable.Key {
	from := sorted(max(1, n/20))
	keys := make([]tagtable.Key, n)
	for i := range keys {
		keys[i] = from[rng.IntN(len(from))]
		keys[i].Lo = keys[i].Lo&^0xFFF | uint64(1+rng.IntN(10))<<6 | uint64(1+rng.IntN(10))
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	return keys
}

func TestWalkFindsWhatAScanFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{20, 300, 5000, 50_000} {
		keys := clustered(rng, n)
		d := heads.Build(keys)
		if d == nil {
			t.Fatalf("%d VINs of few heads have no directory", n)
		}
		for range 300 {
			k := keys[rng.IntN(n)]
			var w heads.Wanted
			for pos := range 8 {
				if rng.IntN(3) == 0 {
					w.MaskHi |= 63 << (6 * pos)
				}
			}
			for pos := range 9 {
				if rng.IntN(4) == 0 {
					w.MaskLo |= 63 << (6 * pos)
				}
			}
			w.WantHi, w.WantLo = k.Hi&w.MaskHi, k.Lo&w.MaskLo
			from, to := uint32(rng.IntN(n)), uint32(rng.IntN(n+1))
			var want, got []uint32
			const headLo = ^uint64(1<<36 - 1)
			for i := from; i < to; i++ {
				if keys[i].Hi&w.MaskHi == w.WantHi && keys[i].Lo&w.MaskLo&headLo == w.WantLo&headLo {
					want = append(want, i)
				}
			}
			stop := -1
			if rng.IntN(4) == 0 {
				stop = rng.IntN(3)
			}
			calls := 0
			done := d.Walk(from, to, &w, func(a, b uint32) bool {
				if a >= b {
					t.Fatalf("a range from %d to %d", a, b)
				}
				for i := a; i < b; i++ {
					got = append(got, i)
				}
				calls++
				return calls != stop
			})
			if !done {
				if calls != stop {
					t.Fatalf("%d calls, to stop at %d", calls, stop)
				}
				want = want[:min(len(want), len(got))]
			}
			if !slices.Equal(want, got) {
				t.Fatalf("%d VINs: %d entries, want %d", n, len(got), len(want))
			}
		}
	}
}

func TestNear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	keys := clustered(rng, 20_000)
	d := heads.Build(keys)
	probe := func(k tagtable.Key) {
		t.Helper()
		want, _ := slices.BinarySearchFunc(keys, k, tagtable.Key.Compare)
		from, to := d.Near(k.Hi, k.Lo)
		at, _ := slices.BinarySearchFunc(keys[from:to], k, tagtable.Key.Compare)
		if int(from)+at != want {
			t.Errorf("near %x: entry %d, want %d", k, int(from)+at, want)
		}
	}
	probe(tagtable.Key{Hi: kind})
	probe(tagtable.Key{Hi: kind | 1<<48 - 1, Lo: 1<<54 - 1})
	for _, k := range keys {
		probe(k)
		probe(tagtable.Key{Hi: k.Hi, Lo: k.Lo + 1})
		probe(tagtable.Key{Hi: k.Hi, Lo: k.Lo - 1})
		probe(tagtable.Key{Hi: k.Hi + 1, Lo: k.Lo})
		probe(tagtable.Key{Hi: k.Hi - 1, Lo: k.Lo})
		probe(tagtable.Key{Hi: k.Hi, Lo: k.Lo ^ rng.Uint64()&(1<<54-1)})
	}
}

func TestNoDirectoryWhereHeadsAreNotShared(t *testing.T) {
	if d := heads.Build(sorted(40)); d != nil {
		t.Errorf("%d heads of 40 VINs", len(d.Heads)-1)
	}
	if d := heads.Build(nil); d == nil || !d.Walk(0, 0, new(heads.Wanted), nil) {
		t.Error("no VINs have no empty directory")
	}
}
