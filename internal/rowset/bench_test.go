package rowset_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/rowset"
)

var size = flag.Int("size", 2_000_000, "rows in the benchmarks")

// randomSet returns the rows of a value that a share of all rows have.
func randomSet(rng *rand.Rand, share float64) rowset.Set {
	codes := column.MakeUints(*size, 0, 1)
	for row := range *size {
		if rng.Float64() < share {
			codes.Set(row, 1)
		}
	}
	return rowset.MakeSets(2, codes, nil).Set(1)
}

// BenchmarkAnd counts the rows that three sets share, block by block and with
// whole bitmaps of the library, the smallest last, which is its best order here.
func BenchmarkAnd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, bm := range []struct {
		name   string
		shares [3]float64
	}{
		{"dense", [3]float64{0.85, 0.3, 0.2}},
		{"listed", [3]float64{0.85, 0.2, 0.03}},
		{"rare", [3]float64{0.85, 0.2, 0.0001}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var sets [3]rowset.Set
			var whole [3]*roaring.Bitmap
			for i, share := range bm.shares {
				sets[i] = randomSet(rng, share)
				whole[i] = roaring.New()
				if _, err := whole[i].FromBuffer(sets[i]); err != nil {
					b.Fatal(err)
				}
			}
			var ours, theirs []time.Duration
			for b.Loop() {
				start := time.Now()
				n := 0
				readers := [3]rowset.Reader{sets[0].Reader(), sets[1].Reader(), sets[2].Reader()}
				var d, scratch rowset.Bits
				for block := range rowset.Blocks(*size) {
					readers[0].Block(block).CopyTo(&d)
					readers[1].Block(block).And(&d, &scratch)
					n += readers[2].Block(block).AndCount(&d, &scratch)
				}
				middle := time.Now()
				m := roaring.And(whole[0], whole[1]).AndCardinality(whole[2])
				theirs = append(theirs, time.Since(middle))
				ours = append(ours, middle.Sub(start))
				if uint64(n) != m {
					b.Fatalf("%d rows, the library has %d", n, m)
				}
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			b.ReportMetric(0, "ns/op") // of both together: means nothing
			b.ReportMetric(float64(ours[len(ours)/2].Nanoseconds())/1e3, "us")
			b.ReportMetric(float64(theirs[len(theirs)/2])/float64(ours[len(ours)/2]), "x-whole")
		})
	}
}

// BenchmarkBetween finds the rows of a range of numbers.
func BenchmarkBetween(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, bm := range []struct {
		name         string
		bits         int
		most, lo, hi uint32
	}{
		{"years", 6, 36, 7, 24},
		{"dates", 13, 7680, 1031, 2999},
		{"aligned", 13, 7680, 1024, 1535},
		{"since", 13, 7680, 5003, 1<<13 - 1},
	} {
		numbers := make([]uint32, *size)
		want := 0
		for i := range numbers {
			numbers[i] = rng.Uint32N(bm.most)
			if bm.lo <= numbers[i] && numbers[i] <= bm.hi {
				want++
			}
		}
		s := rowset.MakeSlices(*size, bm.bits, 2, func(row int) uint32 { return numbers[row] })
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				var d, real rowset.Bits
				var scratch [2]rowset.Bits
				for block := range rowset.Blocks(*size) {
					s.Between(&d, block, bm.lo, bm.hi, &scratch)
					real.Fill(min(rowset.BlockRows, *size-block*rowset.BlockRows))
					n += d.AndCount(&real)
				}
				if n != want {
					b.Fatalf("%d rows, want %d", n, want)
				}
			}
			b.ReportMetric(float64(s.Bytes())/float64(*size), "bytes/row")
		})
	}
}
