package index_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// BenchmarkSearch asks for what is known of a number, every second time of one
// that is not listed.
func BenchmarkSearch(b *testing.B) {
	w := load(b)
	rng := rand.New(rand.NewPCG(3, 4))
	lose := func(s string) string {
		text := []byte(s)
		for _, i := range rng.Perm(len(text))[:2] {
			text[i] = '?'
		}
		return string(text)
	}
	for _, form := range []struct {
		name string
		of   func(s string) string
	}{
		{"last-six", func(s string) string { return "*" + s[11:] }},
		{"maker-last-four", func(s string) string { return s[:3] + "*" + s[13:] }},
		{"two-unknown", lose},
		{"two-of-last-six", func(s string) string { return "*" + lose(s[11:]) }},
	} {
		patterns := make([]vin.Pattern, 1<<14)
		for i := range patterns {
			of := w.hit
			if i%2 != 0 {
				of = w.miss
			}
			var err error
			if patterns[i], err = vin.ParsePattern(form.of(of[i].String())); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(form.name, func(b *testing.B) {
			ctx, i, found := context.Background(), 0, 0
			rows := make([]index.Row, 0, 2*index.DefaultLimit+1)
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if rows, _, err = w.view.AppendSearch(ctx, rows[:0], patterns[i], nil, 0); err != nil {
					b.Fatal(err)
				}
				found += len(rows)
				i = (i + 1) % len(patterns)
			}
			b.ReportMetric(float64(found)/float64(b.N), "rows/op")
		})
	}
}
