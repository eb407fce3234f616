package parallel_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/vinmatch/vinmatch/internal/parallel"
)

func TestSort(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	shapes := map[string]func(i, n int) int{
		"random":           func(int, int) int { return rng.Int() },
		"sorted":           func(i, _ int) int { return i },
		"reversed":         func(i, _ int) int { return -i },
		"all equal":        func(int, int) int { return 7 },
		"two values":       func(int, int) int { return rng.IntN(2) },
		"one small at end": func(i, n int) int { return -(i / (n - 1)) },
		"one large first":  func(i, _ int) int { return -min(i, 1) },
		"organ pipe":       func(i, n int) int { return min(i, n-i) },
		"sawtooth":         func(i, _ int) int { return i % 1000 },
	}
	for name, shape := range shapes {
		for _, n := range []int{0, 1, 2, 1000, 100_000, 120_001} {
			s := make([]int, n)
			for i := range s {
				s[i] = shape(i, max(n, 2))
			}
			want := slices.Sorted(slices.Values(s))
			parallel.Sort(s, 1+rng.IntN(5), cmp.Compare)
			if !slices.Equal(s, want) {
				t.Errorf("%s, %d elements: not sorted, or others", name, n)
			}
		}
	}
}

func TestNoMoreWorkersThanAllowed(t *testing.T) {
	s := make([]int, 200_000)
	for i := range s {
		s[i] = i * 7919 % len(s)
	}
	var busy, most atomic.Int32
	parallel.Sort(s, 3, func(a, b int) int {
		n := busy.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer busy.Add(-1)
		return cmp.Compare(a, b)
	})
	if most.Load() > 3 {
		t.Errorf("%d goroutines compare at a time, want at most 3", most.Load())
	}
}

// Of so many elements, the places of the sample did not fit 32 bits.
func TestSortOfMany(t *testing.T) {
	parallel.Sort(make([]struct{}, 1<<24+1<<20), 2, func(_, _ struct{}) int { return 0 })
}

func BenchmarkSort(b *testing.B) {
	type pair struct{ hi, lo uint64 }
	rng := rand.New(rand.NewPCG(1, 2))
	from := make([]pair, 1<<20)
	for i := range from {
		from[i] = pair{rng.Uint64() >> 54, rng.Uint64()}
	}
	s := make([]pair, len(from))
	for b.Loop() {
		b.StopTimer()
		copy(s, from)
		b.StartTimer()
		parallel.Sort(s, 2, func(a, b pair) int {
			if c := cmp.Compare(a.hi, b.hi); c != 0 {
				return c
			}
			return cmp.Compare(a.lo, b.lo)
		})
	}
}
