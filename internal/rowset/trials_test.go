package rowset_test

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/internal/rowset"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// TestParsers gives sets of rows bytes without end. See internal/trials.
func TestParsers(t *testing.T) {
	var seeds [][]byte
	for _, b := range []*roaring.Bitmap{
		roaring.New(), roaring.BitmapOf(0), roaring.BitmapOf(1, 70_000, 140_000, 210_000, 280_000),
	} {
		for range 2 {
			bytes, err := b.ToBytes()
			if err != nil {
				t.Fatal(err)
			}
			seeds = append(seeds, bytes)
			b.AddRange(3, 100)
			b.RunOptimize()
		}
	}
	seeds = append(seeds, trials.Corpus(t, "FuzzRead")...)
	const n = 1 << 20
	trials.Parser{
		Seeds: seeds,
		Parse: func(b []byte) { rowset.Valid(b, n) },
		Check: func(b []byte) { checkRead(t, b) },
		Every: 4,
	}.Run(t, trials.Number(50_000))
}
