package match_test

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A border is a register of one in two hundred vehicles of a world, as many as
// INTERPOL's has, and the reads of a day: nearly all of vehicles that nobody
// looks for, siblings of listed ones among them.
type border struct {
	vins *vintest.Population
	m    *match.Matcher
}

const (
	listedVehicles = 200_000
	allVehicles    = 200 * listedVehicles
)

func newBorder(b *testing.B) *border {
	w := &border{vins: vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(allVehicles)}
	records := func(yield func(index.Record, error) bool) {
		for i := range uint64(listedVehicles) {
			r := index.Record{Owner: "DE", ID: fmt.Sprint(i), VIN: w.vins.At(i), Plate: w.plate(i), Status: index.Stolen}
			if !yield(r, nil) {
				return
			}
		}
	}
	idx, err := index.Build(b.Context(), index.Options{}, records)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { idx.Close() })
	w.m = match.New(idx, match.Options{})
	return w
}

func (w *border) plate(i uint64) plate.Plate {
	return plate.MustParse([]string{"DE", "FR", "GB", "IT"}[i%4], fmt.Sprintf("%c%c%06d", 'A'+i%23, 'A'+i%19, i))
}

// observations returns n queries, of which a share of one in `hits` concerns a
// listed vehicle.
func (w *border) observations(n, hits int, of func(i uint64) index.Number) []match.Query {
	queries := make([]match.Query, n)
	for i := range queries {
		vehicle := uint64(listedVehicles + i)
		if hits > 0 && i%hits == 0 {
			vehicle = uint64(i)
		}
		queries[i] = match.Query{Reads: []match.Read{{Number: of(vehicle)}}}
	}
	return queries
}

func (w *border) vin(i uint64) index.Number {
	return index.Number{Kind: index.KindVIN, Text: w.vins.At(i).String()}
}

func (w *border) spacedVIN(i uint64) index.Number {
	n := w.vin(i)
	n.Text = n.Text[:3] + " " + n.Text[3:9] + " " + n.Text[9:]
	return n
}

func (w *border) knownPlate(i uint64) index.Number {
	p := w.plate(i)
	return index.Number{Kind: index.KindPlate, Country: p.Country(), Text: p.Text()}
}

func (w *border) anyPlate(i uint64) index.Number {
	n := w.knownPlate(i)
	n.Country = ""
	return n
}

func BenchmarkMatch(b *testing.B) {
	w := newBorder(b)
	for _, bb := range []struct {
		name string
		hits int
		of   func(uint64) index.Number
	}{
		{"vin/miss", 0, w.vin},
		{"vin/hit", 1, w.vin},
		{"vin/cleaned", 0, w.spacedVIN},
		{"plate/miss", 0, w.knownPlate},
		{"plate/hit", 1, w.knownPlate},
		{"plate/no country", 0, w.anyPlate},
	} {
		queries := w.observations(1<<14, bb.hits, bb.of)
		b.Run(strings.ReplaceAll(bb.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			i := 0
			for b.Loop() {
				if _, err := w.m.Match(ctx, queries[i&(1<<14-1)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkScreen screens observations of which one in a thousand hits. An
// operation is one observation.
func BenchmarkScreen(b *testing.B) {
	w := newBorder(b)
	for _, bb := range []struct {
		name string
		of   func(uint64) index.Number
	}{{"vin", w.vin}, {"plate", w.knownPlate}} {
		queries := w.observations(1<<16, 1000, bb.of)
		for _, workers := range []int{1, 0} {
			b.Run(fmt.Sprintf("%s/workers=%d", bb.name, workers), func(b *testing.B) {
				b.ReportAllocs()
				found := 0
				for _, r := range w.m.Screen(b.Context(), during(b, queries), workers) {
					found += len(r.Findings)
				}
				if b.N > 1000 && found == 0 {
					b.Error("nothing was found")
				}
			})
		}
	}
}

// during yields queries, over and over the same, one a loop of the benchmark.
func during(b *testing.B, queries []match.Query) iter.Seq[match.Query] {
	return func(yield func(match.Query) bool) {
		for i := 0; b.Loop() && yield(queries[i%len(queries)]); i++ {
		}
	}
}

// BenchmarkNew counts the vehicles of a register.
func BenchmarkNew(b *testing.B) {
	w := newBorder(b)
	for b.Loop() {
		match.New(w.m.Index(), match.Options{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/listedVehicles, "ns/record")
}
