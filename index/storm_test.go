package index_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
)

// TestStorm has readers ask without pause while the register is changed, compacted,
// saved and swapped under them. Every View is of one state, whole, and the same when
// it is asked again after whatever came between. In the end no goroutine is left,
// and no memory.
func TestStorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	swaps := trials.Number(15)
	dir := t.TempDir()
	goroutines := runtime.NumGoroutine()
	x := mustBuild(t, index.Options{CompactAfter: 2000}, nil)
	state := uint64(0)
	step := func() {
		state++
		path := filepath.Join(dir, "register")
		if _, err := x.Apply(index.Position{Lineage: [16]byte{1}, Seq: state}, changesTo(state)); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(3) == 0 {
			mustCompact(t, x)
		}
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		if err := x.Swap(path); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 { // every length of the register, twice
		step()
	}
	before := heap()

	var (
		done  atomic.Bool
		views atomic.Int64
		wg    sync.WaitGroup
	)
	for i := range 4 {
		wg.Go(func() {
			r := reader{t: t, rng: rand.New(rand.NewPCG(uint64(i), 1))}
			var held *index.View
			for !done.Load() && !t.Failed() {
				v := x.View()
				r.ask(v)
				if held == nil || r.rng.IntN(50) == 0 {
					held = v
				}
				r.ask(held)
				views.Add(1)
				runtime.Gosched()
			}
		})
	}
	for range swaps {
		if step(); t.Failed() {
			break
		}
	}
	waitFor(t, "readers", func() bool { return views.Load() > 20 || t.Failed() })
	done.Store(true)
	wg.Wait()
	for state%4 != 0 { // as many records as before
		step()
	}
	mustCompact(t, x)
	after := heap()
	t.Logf("%d views; %d bytes before, %d after", views.Load(), before, after)
	if after > before+before/10+1<<16 {
		t.Errorf("%d bytes of memory before the swaps, %d after them", before, after)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
	trials.Done(t, swaps)
}

// heap returns how much memory is in use once all garbage is collected.
func heap() uint64 {
	for range 3 { // finalizers and pools take more than one cycle
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A reader asks Views of the states that changesTo makes.
type reader struct {
	t    *testing.T
	rng  *rand.Rand
	keys []index.Key
	dst  []index.Row
}

func (r *reader) ask(v *index.View) {
	s := v.Position().Seq
	n := recordsOf(s)
	if v.Len() != n {
		r.t.Errorf("state %d has %d records, want %d", s, v.Len(), n)
	}
	r.keys, r.dst = r.keys[:0], r.dst[:0]
	for range 100 {
		r.keys = append(r.keys, index.VIN(killedVIN(r.rng.IntN(recordsOf(3)))))
		r.dst = append(r.dst, 0)
	}
	v.LookupBatch(r.dst, r.keys)
	for i, k := range r.keys {
		row, ok := v.Lookup(k)
		number, _ := k.VIN()
		if ok != isBelow(number, n) || row != r.dst[i] {
			r.t.Errorf("state %d: record found: %t, row %d, and %d in the batch", s, ok, row, r.dst[i])
		}
		if ok {
			if rec := v.Record(row); rec.Version != s || rec.VIN != number {
				r.t.Errorf("state %d has a record of %d", s, rec.Version)
			}
		}
	}
	if r.rng.IntN(8) > 0 {
		return
	}
	if got := v.Count(index.Owner("FR")); got != n {
		r.t.Errorf("state %d: %d records are counted, want %d", s, got, n)
	}
	p, err := vin.ParsePattern("*0")
	if err != nil {
		r.t.Error(err)
	}
	want := 0
	for i := range n {
		want += btoi(7*i%10 == 0)
	}
	if got, err := v.Search(context.Background(), p, nil, 10_000); err != nil || len(got.Rows) != want {
		r.t.Errorf("state %d: a search finds %d records, want %d, %v", s, len(got.Rows), want, err)
	}
}

// isBelow reports whether a VIN is that of a record below n.
func isBelow(v vin.VIN, n int) bool { return v.Compare(killedVIN(n)) < 0 }
