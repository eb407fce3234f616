package index_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var size = flag.Int("size", 1_000_000, "records in the benchmarks' register")

const queries = 1 << 18

// A workload is a register and what is asked of it: VINs that are listed, and
// siblings of theirs that are not.
type workload struct {
	index     *index.Index
	view      *index.View
	hit, miss []vin.VIN
	world     *vintest.Population
}

var benched *workload

func load(b *testing.B) *workload {
	b.Helper()
	if benched != nil {
		return benched
	}
	n := *size
	w := &workload{world: vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(uint64(n + queries))}
	x, err := index.Build(context.Background(), index.Options{Seed: 1}, func(yield func(index.Record, error) bool) {
		for i := range n {
			if !yield(fleetRecord(w.world, i), nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	w.index, w.view = x, x.View()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range queries {
		w.hit = append(w.hit, w.world.At(rng.Uint64N(uint64(n))))
		w.miss = append(w.miss, w.world.At(uint64(n+i)))
	}
	benched = w
	return w
}

func keysOfVINs(vins []vin.VIN) []index.Key {
	keys := make([]index.Key, len(vins))
	for i, v := range vins {
		keys[i] = index.VIN(v)
	}
	return keys
}

func perQuery(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/queries, "ns/query")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkLookup(b *testing.B) {
	w := load(b)
	v, dst := w.view, make([]index.Row, queries)
	selection := v.Select(index.HasStatus(index.Stolen))
	for _, side := range []struct {
		name string
		keys []index.Key
	}{{"miss", keysOfVINs(w.miss)}, {"hit", keysOfVINs(w.hit)}} {
		b.Run("batch/"+side.name, func(b *testing.B) {
			for b.Loop() {
				v.LookupBatch(dst, side.keys)
			}
			perQuery(b)
		})
		b.Run("filtered/"+side.name, func(b *testing.B) {
			for b.Loop() {
				v.LookupBatchWhere(dst, side.keys, selection)
			}
			perQuery(b)
		})
		b.Run("single/"+side.name, func(b *testing.B) {
			for b.Loop() {
				for i := range side.keys {
					dst[i], _ = v.Lookup(side.keys[i])
				}
			}
			perQuery(b)
		})
	}
}

// BenchmarkMap is what a program without this package would do: the built-in
// map, on the text of a VIN and on the packed value.
func BenchmarkMap(b *testing.B) {
	w := load(b)
	dst := make([]index.Row, queries)
	benchMap(b, "text", w, dst, vin.VIN.Bytes)
	benchMap(b, "packed", w, dst, func(v vin.VIN) vin.VIN { return v })
}

func benchMap[K comparable](b *testing.B, name string, w *workload, dst []index.Row, key func(vin.VIN) K) {
	m := make(map[K]index.Row)
	for i := range *size {
		m[key(w.world.At(uint64(i)))] = index.Row(i)
	}
	for _, side := range []struct {
		name string
		vins []vin.VIN
	}{{"miss", w.miss}, {"hit", w.hit}} {
		keys := make([]K, queries)
		for i, v := range side.vins {
			keys[i] = key(v)
		}
		b.Run(name+"/"+side.name, func(b *testing.B) {
			for b.Loop() {
				// By index: a range over arrays copies each key to the stack,
				// which costs four times the lookup.
				for i := range keys {
					dst[i] = m[keys[i]]
				}
			}
			perQuery(b)
		})
	}
}

// BenchmarkContains is why a Selection is a plain bitset.
func BenchmarkContains(b *testing.B) {
	w := load(b)
	s := w.view.Select(index.Owner("FR").Or(index.OfType(index.Truck)))
	sparse := roaring.New()
	for row := range index.Row(w.view.Len()) {
		if s.Contains(row) {
			sparse.Add(uint32(row))
		}
	}
	sparse.RunOptimize()
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([]index.Row, queries)
	for i := range rows {
		rows[i] = index.Row(rng.IntN(w.view.Len()))
	}
	n := 0
	b.Run("selection", func(b *testing.B) {
		for b.Loop() {
			for _, r := range rows {
				if s.Contains(r) {
					n++
				}
			}
		}
		perQuery(b)
	})
	b.Run("roaring", func(b *testing.B) {
		for b.Loop() {
			for _, r := range rows {
				if sparse.Contains(uint32(r)) {
					n++
				}
			}
		}
		perQuery(b)
	})
	_ = n
}

func BenchmarkSelect(b *testing.B) {
	v := load(b).view
	f := index.Owner("FR").Or(index.Owner("DE")).And(index.OfType(index.Car)).AndNot(index.HasStatus(index.Wanted))
	b.Run("Select", func(b *testing.B) {
		for b.Loop() {
			v.Select(f)
		}
	})
	b.Run("Count", func(b *testing.B) {
		for b.Loop() {
			v.Count(f)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	v := load(b).view
	row := index.Row(0)
	for b.Loop() {
		v.Record(row)
		row = (row + 7919) % index.Row(v.Len())
	}
}

func BenchmarkBuild(b *testing.B) {
	const n = 200_000
	records := fleet(n)
	for b.Loop() {
		if _, err := index.Build(context.Background(), index.Options{Workers: 1}, sequence(records)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}

func BenchmarkNumberKey(b *testing.B) {
	p := plate.MustParse("GB", "AB12 CDE")
	jp := plate.MustParse("JP", "品川500さ1234")
	engine := index.Number{Kind: index.KindEngine, Text: "b16a2-1234567"}
	for name, f := range map[string]func(){
		"plate":  func() { index.Plate(p) },
		"kana":   func() { index.Plate(jp) },
		"engine": func() { _, _ = engine.Key() },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
}
