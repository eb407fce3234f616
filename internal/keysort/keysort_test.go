package keysort_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/keysort"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

type item = keysort.Item[int]

// source hands out items in parts.
func source(rng *rand.Rand, items []item, parts, sample int) *keysort.Source[int] {
	src := &keysort.Source[int]{
		Len:     len(items),
		Parts:   parts,
		Compare: func(a, b *int) int { return cmp.Compare(*a, *b) },
		Each: func(part int, add func(tagtable.Key, int)) {
			for _, it := range items[part*len(items)/parts : (part+1)*len(items)/parts] {
				add(it.Key, it.Value)
			}
		},
	}
	for range min(sample, len(items)) {
		src.Sample = append(src.Sample, items[rng.IntN(len(items))].Key)
	}
	return src
}

func compareItems(a, b item) int {
	return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Value, b.Value))
}

func TestSort(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	types := make([]uint64, 50)
	for i := range types {
		types[i] = rng.Uint64() >> 8
	}
	shapes := map[string]func(i int) tagtable.Key{
		"random":          func(int) tagtable.Key { return tagtable.Key{Hi: rng.Uint64(), Lo: rng.Uint64()} },
		"numbers of cars": func(int) tagtable.Key { return tagtable.Key{Hi: types[rng.IntN(50)], Lo: rng.Uint64N(100_000)} },
		"low words":       func(int) tagtable.Key { return tagtable.Key{Lo: rng.Uint64()} },
		"the ends alone":  func(int) tagtable.Key { return tagtable.Key{Hi: 7 << 60, Lo: 5<<60 | rng.Uint64N(30)} },
		"both ends":       func(i int) tagtable.Key { return tagtable.Key{Hi: uint64(i%2) << 63, Lo: rng.Uint64N(3000)} },
		"bits apart":      func(i int) tagtable.Key { return tagtable.Key{Hi: 1 << rng.IntN(64), Lo: 1 << rng.IntN(64)} },
		"all equal":       func(int) tagtable.Key { return tagtable.Key{Hi: 3, Lo: 4} },
		"ascending":       func(i int) tagtable.Key { return tagtable.Key{Hi: uint64(i / 100), Lo: uint64(i)} },
		"descending":      func(i int) tagtable.Key { return tagtable.Key{Hi: uint64(-i / 100), Lo: uint64(-i)} },
		"one of many": func(i int) tagtable.Key {
			if i%1000 == 0 {
				return tagtable.Key{Hi: rng.Uint64(), Lo: rng.Uint64()}
			}
			return tagtable.Key{Hi: 1 << 60}
		},
	}
	for name, shape := range shapes {
		for _, n := range []int{0, 1, 2, 10, 30, 500, 20_000} {
			items := make([]item, n)
			for i := range items {
				items[i] = item{Key: shape(i), Value: rng.IntN(n)}
			}
			// A sample of one place is a bad one.
			for _, sample := range []int{1, 1000} {
				parts := 1 + rng.IntN(4)
				got := keysort.Sort(source(rng, items, parts, sample), 1+rng.IntN(3))
				want := slices.SortedFunc(slices.Values(items), compareItems)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d items, a sample of %d: not sorted, or others", name, n, sample)
				}
			}
		}
	}
}

// More items under one key than are numbered.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("sorts a million items by comparing them")
	}
	const n = 1<<20 + 1000
	rng := rand.New(rand.NewPCG(1, 2))
	items := make([]item, n)
	for i := range items {
		items[i] = item{Key: tagtable.Key{Hi: 1, Lo: uint64(i) % 2 * uint64(i) % 1000}, Value: n - i}
	}
	got := keysort.Sort(source(rng, items, 2, 100), 2)
	if len(got) != n || !slices.IsSortedFunc(got, compareItems) {
		t.Error("not sorted, or others")
	}
}

func TestWords(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 100, 5000, 40_000} {
		for _, from := range []int{0, 20, 32, 63} {
			words := make([]uint64, n)
			for i := range words {
				words[i] = rng.Uint64()&rng.Uint64()>>from<<from | uint64(i)&(1<<from-1)
			}
			want := slices.Sorted(slices.Values(words))
			if got := keysort.Words(words, make([]uint64, n), from); !slices.Equal(got, want) {
				t.Errorf("%d words from bit %d: not sorted", n, from)
			}
		}
	}
}

// BenchmarkSort sorts numbers as a register has them: of a few thousand types,
// the serials of each dense and in runs.
func BenchmarkSort(b *testing.B) {
	const n = 1 << 21
	rng := rand.New(rand.NewPCG(1, 2))
	items := make([]item, 0, n)
	for len(items) < n {
		k := tagtable.Key{Hi: 1<<56 | rng.Uint64()>>16, Lo: rng.Uint64()>>28<<18 | rng.Uint64N(1<<18)}
		for range min(200+rng.IntN(3000), n-len(items)) {
			k.Lo += 1 + rng.Uint64N(3)
			items = append(items, item{k, len(items)})
		}
	}
	rng.Shuffle(n, func(i, j int) { items[i], items[j] = items[j], items[i] })
	src := source(rng, items, 1, keysort.Samples)
	b.Run("keysort", func(b *testing.B) {
		for b.Loop() {
			keysort.Sort(src, 1)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
	})
	b.Run("comparing", func(b *testing.B) {
		for b.Loop() {
			slices.SortFunc(slices.Clone(items), compareItems)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
	})
}
