package index_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

// BenchmarkSelect compiles filters of three terms, and counts by them without
// and with a loop over the columns in question.
func BenchmarkSelect(b *testing.B) {
	w := load(b)
	c := newColumns(w)
	fr, car, day := index.Owner("FR"), index.OfType(index.Car), 24*time.Hour
	for _, bm := range []struct {
		name   string
		filter index.Filter
		scan   func() int
	}{
		{"values", fr.And(car).And(index.HasStatus(index.Stolen)), func() int {
			return countColumns(c.owner, c.typ, c.status, c.codes["FR"], uint8(index.Car), uint8(index.Stolen), uint8(index.Stolen))
		}},
		{"years", fr.And(car).And(index.ModelYears(2005, 2012)), func() int {
			return countColumns(c.owner, c.typ, c.year, c.codes["FR"], uint8(index.Car), 105, 112)
		}},
		{"dates", fr.And(car).And(index.StolenBetween(firstTheft.Add(1010*day), firstTheft.Add(2222*day))), func() int {
			return countColumns(c.owner, c.typ, c.stolen, c.codes["FR"], uint8(index.Car), 1010, 2222)
		}},
		{"often", car.And(index.Make("toyota")).And(index.StolenBetween(firstTheft.Add(1010*day), firstTheft.Add(2222*day))), func() int {
			return countColumns(c.typ, c.mark, c.stolen, uint8(index.Car), c.codes["Toyota"], 1010, 2222)
		}},
	} {
		b.Run("Select/"+bm.name, func(b *testing.B) {
			for b.Loop() {
				w.view.Select(bm.filter)
			}
		})
		b.Run("Count/"+bm.name, func(b *testing.B) {
			var counted, scanned []time.Duration
			for b.Loop() {
				start := time.Now()
				n := w.view.Count(bm.filter)
				middle := time.Now()
				if m := bm.scan(); m != n {
					b.Fatalf("%d records, the columns have %d", n, m)
				}
				counted = append(counted, middle.Sub(start))
				scanned = append(scanned, time.Since(middle))
			}
			ours, scan := median(counted), median(scanned)
			b.ReportMetric(0, "ns/op") // of both together: means nothing
			b.ReportMetric(float64(ours.Nanoseconds())/1e3, "us/count")
			b.ReportMetric(float64(scan.Nanoseconds())/1e3, "us/scan")
			b.ReportMetric(float64(scan)/float64(ours), "x-scan")
		})
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// columns are the attributes of a workload's records, in as few bytes as they
// need.
type columns struct {
	owner, typ, status, mark, year []uint8
	stolen                         []uint16 // days since firstTheft
	codes                          map[string]uint8
}

var firstTheft = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

func newColumns(w *workload) *columns {
	c := &columns{codes: map[string]uint8{}}
	code := func(name string) uint8 {
		n, ok := c.codes[name]
		if !ok {
			n = uint8(len(c.codes))
			c.codes[name] = n
		}
		return n
	}
	for i := range w.view.Len() {
		r := fleetRecord(w.world, i)
		c.owner = append(c.owner, code(r.Owner))
		c.typ = append(c.typ, uint8(r.Type))
		c.status = append(c.status, uint8(r.Status))
		c.mark = append(c.mark, code(r.Make))
		c.year = append(c.year, uint8(r.ModelYear-1900))
		c.stolen = append(c.stolen, uint16(r.Stolen.Sub(firstTheft)/(24*time.Hour)))
	}
	return c
}

// countColumns counts the places where a is x, b is y, and c lies between from
// and to. It does without branches, which nobody could predict.
func countColumns[T uint8 | uint16](a, b []uint8, c []T, x, y uint8, from, to T) (n int) {
	b, c = b[:len(a)], c[:len(a)]
	for i := range a {
		differs := uint32((a[i] ^ x) | (b[i] ^ y))
		outside := uint32(to-from) - uint32(c[i]-from)
		n += int((differs - 1) &^ outside >> 31)
	}
	return n
}

// BenchmarkFiltered asks for the same numbers with and without a filter.
func BenchmarkFiltered(b *testing.B) {
	w := load(b)
	v, dst := w.view, make([]index.Row, queries)
	for _, side := range []struct {
		name string
		keys []index.Key
	}{{"miss", keysOfVINs(w.miss)}, {"hit", keysOfVINs(w.hit)}} {
		for _, f := range []struct {
			name   string
			filter index.Filter
		}{
			{"most", index.HasStatus(index.Stolen)},
			{"half", index.OfType(index.Car).Or(index.OfType(index.Truck)).Or(index.OfType(index.Motorcycle))},
			{"few", index.Owner("FR").And(index.OfType(index.Car))},
		} {
			s := v.Select(f.filter)
			b.Run(side.name+"/"+f.name, func(b *testing.B) {
				// In turns, so that other load meets both alike, and each on
				// numbers that the other did not just bring into the caches.
				const turn = 1 << 13
				var filtered, plain []time.Duration
				for b.Loop() {
					for at := 0; at < queries; at += turn {
						far := (at + queries/2) % queries
						start := time.Now()
						v.LookupBatch(dst, side.keys[at:at+turn])
						middle := time.Now()
						v.LookupBatchWhere(dst, side.keys[far:far+turn], s)
						plain = append(plain, middle.Sub(start))
						filtered = append(filtered, time.Since(middle))
					}
				}
				with, without := median(filtered), median(plain)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(with.Nanoseconds())/turn, "ns/query")
				b.ReportMetric(float64(with)/float64(without), "x-unfiltered")
			})
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	v := load(b).view
	row := index.Row(0)
	for b.Loop() {
		v.Record(row)
		row = (row + 7919) % index.Row(v.Len())
	}
}

// BenchmarkBuild builds a register with one worker. What it takes to make the
// records is not counted.
func BenchmarkBuild(b *testing.B) {
	n := *size
	world := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(uint64(n))
	some := make([]index.Record, 1<<10)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		x, err := index.Build(b.Context(), index.Options{Workers: 1}, func(yield func(index.Record, error) bool) {
			for first := 0; first < n; first += len(some) {
				began := time.Now()
				block := some[:min(len(some), n-first)]
				for i := range block {
					block[i] = fleetRecord(world, first+i)
				}
				start = start.Add(time.Since(began))
				for i := range block {
					if !yield(block[i], nil) {
						return
					}
				}
			}
		})
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		x.Close()
	}
	b.ReportMetric(0, "ns/op") // with the making: means nothing
	b.ReportMetric(float64(n)/median(took).Seconds()/1e6, "Mrecords/s")
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
