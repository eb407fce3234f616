package index_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// loadLive is a workload whose register changes: an index of -size records,
// and changes to it, of which half are new records and the others newer versions.
func loadLive(b *testing.B, o index.Options) (x *index.Index, w *workload, change func(i int) index.Change) {
	b.Helper()
	w = load(b)
	n := *size
	x, err := index.Build(b.Context(), o, func(yield func(index.Record, error) bool) {
		for i := range n {
			if !yield(fleetRecord(w.world, i), nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	news := vintest.NewPopulation(2, vintest.DefaultMix).Shuffled(1 << 30)
	return x, w, func(i int) index.Change {
		r := fleetRecord(w.world, i*7919%n)
		if i%2 == 0 {
			r.ID += "n"
		}
		r.VIN = news.At(uint64(i))
		r.Version = uint64(1000 + i)
		return index.Change{By: r.Owner, Op: index.Put, Record: r}
	}
}

// BenchmarkFullDelta compares lookups in a register that is just compacted, the
// same with as many changes as it ever holds, and the built-in map.
func BenchmarkFullDelta(b *testing.B) {
	x, w, change := loadLive(b, index.Options{Seed: 1, CompactAfter: math.MaxInt})
	defer x.Close()
	bare := x.View()
	m := make(map[vin.VIN]index.Row)
	for i := range *size {
		m[w.world.At(uint64(i))] = index.Row(i)
	}
	full := 16 * max(1<<14, *size/64)
	changes := make([]index.Change, 0, 1000)
	for i := range full {
		if changes = append(changes, change(i)); len(changes) == cap(changes) || i == full-1 {
			if _, err := x.Apply(index.Position{}, changes); err != nil {
				b.Fatal(err)
			}
			changes = changes[:0]
		}
	}
	changed := x.View()
	b.Logf("%d changes, %.0f bytes each", x.Stats().Changes, float64(x.Stats().Memory.Changes-int64(*size)*5)/float64(full))
	dst := make([]index.Row, queries)
	for _, side := range []struct {
		name string
		vins []vin.VIN
	}{{"miss", w.miss}, {"hit", w.hit}} {
		keys := keysOfVINs(side.vins)
		for _, v := range []struct {
			name string
			view *index.View
		}{{"none", bare}, {"full", changed}} {
			b.Run(side.name+"/batch/"+v.name, func(b *testing.B) {
				for b.Loop() {
					v.view.LookupBatch(dst, keys)
				}
				perQuery(b)
			})
			b.Run(side.name+"/single/"+v.name, func(b *testing.B) {
				for b.Loop() {
					for i := range keys {
						dst[i], _ = v.view.Lookup(keys[i])
					}
				}
				perQuery(b)
			})
		}
		b.Run(side.name+"/map", func(b *testing.B) {
			for b.Loop() {
				for i := range side.vins {
					dst[i] = m[side.vins[i]]
				}
			}
			perQuery(b)
		})
	}
}

// BenchmarkApply applies changes in calls of 500, with compaction as it comes:
// alone, while another goroutine looks up misses, and while it does so and the
// changes come at 200,000 a second. Of the reader it says how fast it is, as a
// share of its speed while nothing changes, before and after. A register takes
// seconds to compact: -benchtime 20000x or more tells what holds for long.
func BenchmarkApply(b *testing.B) {
	const call = 500
	for _, bm := range []struct {
		name      string
		reader    bool
		perSecond float64 // changes; 0: as many as there is time for
	}{{"alone", false, 0}, {"with a reader", true, 0}, {"paced with a reader", true, 200_000}} {
		b.Run(bm.name, func(b *testing.B) {
			x, w, change := loadLive(b, index.Options{Seed: 1})
			defer x.Close()
			keys := keysOfVINs(w.miss)
			read := func(until func() bool) (perSecond float64) {
				dst := make([]index.Row, 4096)
				began, n := time.Now(), 0
				for ; !until(); n += len(dst) {
					x.View().LookupBatch(dst, keys[n%queries:][:len(dst)])
				}
				return float64(n) / time.Since(began).Seconds()
			}
			var alone [2]float64
			var among float64
			quiet := func() float64 {
				end := time.Now().Add(3 * time.Second)
				return read(func() bool { return time.Now().After(end) })
			}
			if bm.reader {
				alone[0] = quiet()
			}
			// Changes are made beforehand, about as many as wait for a compaction,
			// and come again and again as newer versions. The first call makes the
			// index of identities.
			changes := make([]index.Change, max(1<<17, *size/8)/call*call)
			for i := range changes {
				changes[i] = change(i)
			}
			if _, err := x.Apply(index.Position{}, changes[:call]); err != nil {
				b.Fatal(err)
			}
			var done atomic.Bool
			var wg sync.WaitGroup
			if bm.reader {
				wg.Go(func() { among = read(done.Load) })
			}
			next, calls, began := 0, 0, time.Now()
			for b.Loop() {
				some := changes[next:][:call]
				for i := range some {
					some[i].Record.Version += 1 << 20
				}
				if bm.perSecond > 0 {
					due := float64(calls) * call / bm.perSecond
					time.Sleep(time.Until(began.Add(time.Duration(due * float64(time.Second)))))
				}
				if _, err := x.Apply(index.Position{}, some); err != nil {
					b.Fatal(err)
				}
				next = (next + call) % len(changes)
				calls++
			}
			done.Store(true)
			wg.Wait()
			b.ReportMetric(call*float64(b.N)/b.Elapsed().Seconds()/1e3, "kchanges/s")
			b.ReportMetric(0, "ns/op")
			if !bm.reader {
				return
			}
			b.ReportMetric(float64(x.Stats().Changes), "changes-at-end")
			if err := x.Compact(b.Context()); err != nil {
				b.Fatal(err)
			}
			alone[1] = quiet()
			b.ReportMetric(200*among/(alone[0]+alone[1]), "%reader")
		})
	}
}

// BenchmarkCompact merges a hundredth of the register into it.
func BenchmarkCompact(b *testing.B) {
	x, _, change := loadLive(b, index.Options{Seed: 1, CompactAfter: math.MaxInt})
	defer x.Close()
	next := 0
	for b.Loop() {
		b.StopTimer()
		changes := make([]index.Change, *size/100)
		for i := range changes {
			changes[i] = change(next)
			next++
		}
		if _, err := x.Apply(index.Position{}, changes); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := x.Compact(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(*size)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}
