package serials_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// sorted returns the words of n VINs in their order. Some are there twice.
func sorted(n int) []tagtable.Key {
	world := vintest.NewPopulation(uint64(n), vintest.DefaultMix).Shuffled(uint64(n + 1))
	keys := make([]tagtable.Key, n)
	for i := range keys {
		keys[i].Hi, keys[i].Lo = world.At(uint64(i - i/50%2)).Words()
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	return keys
}

// fits says slowly whether a tail is wanted.
func fits(lo uint64, want *serials.Wanted) bool {
	for i, set := range want {
		if set>>(lo>>(6*(serials.Len-1-i))&63)&1 == 0 {
			return false
		}
	}
	return true
}

func randomWanted(rng *rand.Rand, keys []tagtable.Key) (want serials.Wanted) {
	lo := keys[rng.IntN(len(keys))].Lo
	for i := range want {
		own := uint64(1) << (lo >> (6 * (serials.Len - 1 - i)) & 63)
		switch rng.IntN(8) {
		case 0, 1:
			want[i] = vin.AnySymbol
		case 2:
			want[i] = own | rng.Uint64()&vin.AnySymbol
		case 3:
			want[i] = 1 << rng.IntN(64) // may be no symbol at all
		case 4:
			want[i] = vin.AnySymbol & (1<<18 - 1) // any digit
		default:
			want[i] = own
		}
	}
	return want
}

func TestWalkFindsWhatAScanFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, tc := range []struct{ n, places int }{{1, 1}, {5, 6}, {300, 2}, {300, 5}, {4000, 3}, {50_000, 4}, {50_000, 6}} {
		keys := sorted(tc.n)
		d := serials.BuildWith(keys, 1+rng.IntN(3), tc.places)
		if d.Exact() != (tc.places == serials.Len) {
			t.Errorf("%d places: exact is %t", tc.places, d.Exact())
		}
		for range min(1000, 5_000_000/tc.n) {
			want := randomWanted(rng, keys)
			var all, found []uint32
			for i := range keys {
				if fits(keys[i].Lo, &want) {
					all = append(all, uint32(i))
				}
			}
			done := d.Walk(&want, func(entries []uint32) bool {
				if len(entries) == 0 {
					t.Fatal("an empty run")
				}
				for _, e := range entries {
					switch {
					case fits(keys[e].Lo, &want):
						found = append(found, e)
					case d.Exact():
						t.Fatalf("entry %d has a tail that is not wanted", e)
					}
				}
				return true
			})
			slices.Sort(found)
			if !done || !slices.Equal(all, found) {
				t.Fatalf("%d VINs, %d places, wanted %x: %d entries, want %d", tc.n, tc.places, want, len(found), len(all))
			}
		}
	}
}

func TestEndingFindsWhatAScanFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, tc := range []struct{ n, places int }{{1, 1}, {5, 6}, {300, 2}, {4000, 3}, {50_000, 6}} {
		keys := sorted(tc.n)
		d := serials.BuildWith(keys, 1, tc.places)
		for range min(2000, 5_000_000/tc.n) {
			n := 1 + rng.IntN(serials.Len)
			end := uint64(1)<<(6*n) - 1
			lo := keys[rng.IntN(len(keys))].Lo
			if rng.IntN(3) == 0 { // often of none
				lo ^= (lo ^ keys[rng.IntN(len(keys))].Lo) & (63 << (6 * rng.IntN(n)))
			}
			var want []uint32
			for i := range keys {
				if (keys[i].Lo^lo)&end == 0 {
					want = append(want, uint32(i))
				}
			}
			numeric, lettered, exact := d.Ending(lo, n)
			if exact != (n <= tc.places) {
				t.Fatalf("%d symbols by %d digits: exact is %t", n, tc.places, exact)
			}
			if n == serials.Len && !(slices.IsSorted(numeric) && slices.IsSorted(lettered)) {
				t.Fatal("entries of one tail do not ascend")
			}
			got := slices.Concat(numeric, lettered)
			if !exact {
				got = slices.DeleteFunc(got, func(e uint32) bool { return (keys[e].Lo^lo)&end != 0 })
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("%d VINs, %d places, %d symbols: %d entries, want %d", tc.n, tc.places, n, len(got), len(want))
			}
		}
	}
}

func TestEntriesOfOneTailAscend(t *testing.T) {
	keys := sorted(5000)
	d := serials.Build(keys, 2)
	for _, lo := range []uint64{keys[17].Lo, keys[4000].Lo} {
		var want serials.Wanted
		for i := range want {
			want[i] = 1 << (lo >> (6 * (serials.Len - 1 - i)) & 63)
		}
		d.Walk(&want, func(entries []uint32) bool {
			var same []uint32
			for _, e := range entries {
				if fits(keys[e].Lo, &want) {
					same = append(same, e)
				}
			}
			if !slices.IsSorted(same) || len(same) == 0 {
				t.Errorf("entries %d of one tail", same)
			}
			return true
		})
	}
}

func TestWalkEndsWhenTold(t *testing.T) {
	keys := sorted(5000)
	d := serials.Build(keys, 1)
	want := serials.Wanted{vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, 1<<5 | 1<<6 | 1<<20}
	runs := 0
	d.Walk(&want, func([]uint32) bool { runs++; return true })
	for stop := 1; stop <= runs; stop++ {
		n := 0
		if d.Walk(&want, func([]uint32) bool { n++; return n < stop }) || n != stop {
			t.Errorf("%d runs after a stop at %d", n, stop)
		}
	}
}

func TestNoVINs(t *testing.T) {
	d := serials.Build(nil, 1)
	want := serials.Wanted{vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, vin.AnySymbol, vin.AnySymbol}
	if !d.Walk(&want, func([]uint32) bool { return false }) {
		t.Error("runs in an empty directory")
	}
}

func TestBuildIsTheSameWithAnyWorkers(t *testing.T) {
	keys := sorted(30_000)
	a, b := serials.Build(keys, 1), serials.Build(keys, 4)
	if !slices.Equal(a.Entries, b.Entries) || !slices.Equal(a.Starts, b.Starts) || !slices.Equal(a.Tails, b.Tails) {
		t.Error("one and four workers make different directories")
	}
}

func BenchmarkWalk(b *testing.B) {
	keys := sorted(4_000_000)
	d := serials.Build(keys, 2)
	b.Logf("%.2f bytes a VIN", float64(d.Bytes())/float64(len(keys)))
	for _, unknown := range [][]int{{}, {0, 1}, {1, 4}} {
		b.Run(fmt.Sprint("unknown=", unknown), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			wants := make([]serials.Wanted, 1<<12)
			for i := range wants {
				lo := keys[rng.IntN(len(keys))].Lo
				for j := range wants[i] {
					wants[i][j] = 1 << (lo >> (6 * (serials.Len - 1 - j)) & 63)
				}
				for _, j := range unknown {
					wants[i][j] = vin.AnySymbol
				}
			}
			n, i := 0, 0
			for b.Loop() {
				d.Walk(&wants[i&(len(wants)-1)], func(entries []uint32) bool { n += len(entries); return true })
				i++
			}
			b.ReportMetric(float64(n)/float64(b.N), "entries/op")
		})
	}
}
