package main

import (
	"errors"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/index"
)

// How many changes come in a second while readers read: some thousand times what a
// register of the world sees, and ten times that.
const (
	changesPerSecond = 20_000
	manyPerSecond    = 200_000
)

var mixedSection = section{
	name:  "mixed",
	title: "Reading while the register changes",
	text: "All processors but one look up misses, in calls of 64, each with a new view, while 20,000 changes a second come in calls of 500 and are compacted in the background; while 200,000 do; or while as many come as one writer can apply. " +
		"The map does the same behind a read-write lock, which readers take for each call. While the garbage collector runs all the time, one collection after the other, how long it stops the program is counted by the Go runtime.",
	metrics: []metric{
		took("mixed.read.writing", "64 misses, while changes come").than("map-writing", "quiet").one(),
		took("mixed.read.pressed", "64 misses, while 200,000 changes a second come").than("quiet").one(),
		took("mixed.read.flooded", "64 misses, while as many changes come as can").than("quiet").one(),
		took("mixed.read.quiet", "64 misses, while nothing changes").one(),
		took("mixed.read.collecting", "64 misses, while garbage is collected all the time").than("quiet").one(),
		took("mixed.read.map-writing", "64 misses, while changes come").of(report.Map).one(),
		rate("mixed.rate.writing", "misses while changes come").than("map-writing", "quiet"),
		rate("mixed.rate.pressed", "misses while 200,000 changes a second come").than("quiet"),
		rate("mixed.rate.flooded", "misses while as many changes come as can").than("quiet"),
		rate("mixed.rate.quiet", "misses while nothing changes"),
		rate("mixed.rate.map-writing", "misses while changes come").of(report.Map),
		rate("mixed.rate.changes", "changes applied meanwhile"),
		rate("mixed.rate.press", "changes applied, 200,000 a second asked for"),
		rate("mixed.rate.flood", "changes applied, as many as can"),
		took("mixed.gc.pause", "stop of the program by the collector").one(),
		took("mixed.gc.cycle", "garbage collection, with the register in memory").one(),
	},
	plots: []func(*report.Report) (report.Plot, bool){mixedPlot},
}

// rate defines operations a second.
func rate(name, title string) metric {
	return metric{name: name, title: title, unit: report.PerSecond, better: "higher"}
}

// A service is readers at work, and what goes on beside them.
type service struct {
	reg     *register
	serve   time.Duration
	change  func(i int) index.Change
	next    int
	queries []index.Key
	lock    sync.RWMutex // of the map

	rates  map[string][]float64 // numbers, or changes, a second by round
	counts map[string]int
	pauses measure.Times
	cycles measure.Times
}

// mixed reads while others write.
func (r *run) mixed(reg *register) error {
	s := newService(reg, r.serve, r.asked)
	limits := r.limits
	limits.Cold = true
	limits.Max = limits.Min // as long as told, not as short as can be
	if err := r.group("mixed.read", r.size, limits, s.sides()); err != nil {
		return err
	}
	for _, name := range []string{"writing", "quiet", "map-writing", "changes", "pressed", "press", "flooded", "flood"} {
		if err := r.add("mixed.rate."+name, r.size, s.rates[name], s.counts[name]); err != nil {
			return err
		}
	}
	if err := r.addEach("mixed.gc.pause", r.size, &s.pauses); err != nil {
		return err
	}
	return r.addEach("mixed.gc.cycle", r.size, &s.cycles)
}

func newService(reg *register, serve time.Duration, asked int) *service {
	vins, _ := reg.world.VINs(asked, 0)
	return &service{
		reg: reg, serve: serve, change: reg.world.News(), queries: keysOf(vins),
		rates: map[string][]float64{}, counts: map[string]int{},
	}
}

func (s *service) sides() []measure.Side {
	lookup := func(rows []index.Row, at int) int {
		return s.reg.idx.View().LookupBatch(rows, s.queries[at:at+len(rows)])
	}
	inMap := func(rows []index.Row, at int) int {
		s.lock.RLock()
		defer s.lock.RUnlock()
		hits := 0
		for i := range rows {
			v, _ := s.queries[at+i].VIN()
			row, ok := s.reg.m[v]
			if ok {
				hits++
			}
			rows[i] = index.Row(row)
		}
		return hits
	}
	return []measure.Side{
		{Name: "writing", Each: func(h *measure.Histogram) error { return s.read("writing", h, lookup, s.write) }},
		{Name: "pressed", Each: func(h *measure.Histogram) error {
			// Made beforehand: making changes is not applying them.
			calls := make([][]index.Change, int(manyPerSecond*s.serve.Seconds())/perCall+1)
			for i := range calls {
				calls[i] = s.batch()
			}
			return s.read("pressed", h, lookup, func(done *atomic.Bool) error { return s.press(done, calls) })
		}},
		{Name: "flooded", Each: func(h *measure.Histogram) error { return s.read("flooded", h, lookup, s.flood) }},
		{Name: "quiet", Each: func(h *measure.Histogram) error { return s.read("quiet", h, lookup, nil) }},
		{Name: "collecting", Each: func(h *measure.Histogram) error { return s.read("collecting", h, lookup, s.collect) }},
		{Name: "map-writing", Each: func(h *measure.Histogram) error { return s.read("map-writing", h, inMap, s.writeMap) }},
	}
}

// read has readers read for a while, with something beside them that ends when
// they do.
func (s *service) read(name string, h *measure.Histogram, lookup func(rows []index.Row, at int) int, beside func(done *atomic.Bool) error) error {
	const call = 64
	readers := max(1, runtime.GOMAXPROCS(0)-1)
	var done atomic.Bool
	var besideErr error
	var aside, wg sync.WaitGroup
	if beside != nil {
		aside.Go(func() { besideErr = beside(&done) })
	}
	times := make([]measure.Histogram, readers)
	found := make([]int, readers)
	start := time.Now()
	end := start.Add(s.serve)
	for p := range readers {
		wg.Go(func() {
			rows := make([]index.Row, call)
			at := p * len(s.queries) / readers / call * call
			for { // once at least, however late it is
				from := time.Now()
				found[p] += lookup(rows, at)
				times[p].Add(time.Since(from))
				if from.After(end) {
					return
				}
				if at += call; at+call > len(s.queries) {
					at = 0
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	done.Store(true)
	aside.Wait()
	if besideErr != nil {
		return besideErr
	}
	for p := range times {
		h.Merge(&times[p])
		if found[p] > 0 {
			return errors.New("a number that is not listed was found")
		}
	}
	s.count(name, h.Count()*call, took)
	return nil
}

// count notes how much was done in a round.
func (s *service) count(name string, n int, took time.Duration) {
	s.rates[name] = append(s.rates[name], float64(n)/took.Seconds())
	s.counts[name] += n
}

// pace calls something perCall changes at a time, so often that a rate is held, and
// once at least.
func pace(done *atomic.Bool, perSecond int, call func() error) (changes int, took time.Duration, err error) {
	start := time.Now()
	for ok := true; ok; ok = !done.Load() {
		if err := call(); err != nil {
			return changes, time.Since(start), err
		}
		changes += perCall
		due := start.Add(time.Duration(changes) * time.Second / time.Duration(perSecond))
		time.Sleep(time.Until(due))
	}
	return changes, time.Since(start), nil
}

// batch returns the next changes.
func (s *service) batch() []index.Change {
	changes := make([]index.Change, perCall)
	for i := range changes {
		changes[i] = s.change(s.next)
		s.next++
	}
	return changes
}

func (s *service) write(done *atomic.Bool) error {
	n, took, err := pace(done, changesPerSecond, func() error {
		_, err := s.reg.idx.Apply(index.Position{}, s.batch())
		return err
	})
	s.count("changes", n, took)
	return err
}

// press applies calls at the greater rate until it is done or there are no more.
func (s *service) press(done *atomic.Bool, calls [][]index.Change) error {
	var over atomic.Bool
	n, took, err := pace(&over, manyPerSecond, func() error {
		_, err := s.reg.idx.Apply(index.Position{}, calls[0])
		calls = calls[1:]
		over.Store(done.Load() || len(calls) == 0)
		return err
	})
	s.count("press", n, took)
	return err
}

// flood applies changes one call after the other. Those are made beforehand, for
// a while: making them is not applying.
func (s *service) flood(done *atomic.Bool) error {
	const ahead = 20
	changes, applying := 0, time.Duration(0)
	for ok := true; ok; ok = !done.Load() {
		var calls [ahead][]index.Change
		for i := range calls {
			calls[i] = s.batch()
		}
		start := time.Now()
		for i := range calls {
			if _, err := s.reg.idx.Apply(index.Position{}, calls[i]); err != nil {
				return err
			}
			changes += len(calls[i])
		}
		applying += time.Since(start)
	}
	s.count("flood", changes, applying)
	return nil
}

func (s *service) writeMap(done *atomic.Bool) error {
	_, _, err := pace(done, changesPerSecond, func() error {
		changes := s.batch()
		s.lock.Lock()
		defer s.lock.Unlock()
		for i := range changes {
			s.reg.m[changes[i].Record.VIN] = uint32(i)
		}
		return nil
	})
	return err
}

// collect collects garbage, one time after the other.
func (s *service) collect(done *atomic.Bool) error {
	cycles := new(measure.Histogram)
	before := pauses()
	for {
		start := time.Now()
		runtime.GC()
		cycles.Add(time.Since(start))
		if done.Load() {
			break
		}
	}
	add(&s.cycles, cycles)
	stops := new(measure.Histogram)
	after := pauses()
	for i, n := range after.Counts {
		if len(before.Counts) == len(after.Counts) {
			n -= before.Counts[i]
		}
		// The upper end of the bucket: no stop was longer.
		seconds := after.Buckets[i+1]
		if math.IsInf(seconds, 0) {
			seconds = after.Buckets[i]
		}
		stops.AddN(time.Duration(seconds*1e9), int(n))
	}
	add(&s.pauses, stops)
	return nil
}

// add adds a round to times.
func add(t *measure.Times, h *measure.Histogram) {
	if t.All == nil {
		t.All = new(measure.Histogram)
	}
	t.All.Merge(h)
	t.Each = append(t.Each, h)
	t.Samples += h.Count()
}

// pauses returns how often the collector has stopped the program, and for how
// long.
func pauses() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// mixedPlot plots the percentiles of calls by what goes on beside them.
func mixedPlot(rep *report.Report) (report.Plot, bool) {
	p := svg.RangePlot{
		Words:  "Time of a call with 64 numbers, by what goes on beside it",
		X:      svg.Axis{Label: "time of a call with 64 numbers", Log: true, Format: report.Nanoseconds.Tick},
		Marks:  []string{"p50", "p99", "p99.9"},
		Joined: 3,
	}
	for _, side := range []struct{ name, label string }{
		{"quiet", "nothing changes"},
		{"writing", "changes come"},
		{"pressed", "200,000 changes a second"},
		{"flooded", "as many changes as can"},
		{"collecting", "garbage is collected"},
		{"map-writing", "map with lock, changes come"},
	} {
		row := svg.Range{Label: side.label}
		for _, q := range percentiles {
			if m := rep.Metric("mixed.read."+side.name+q.suffix, rep.Records); m != nil {
				row.Values = append(row.Values, m.Value)
			}
		}
		if len(row.Values) == len(p.Marks) {
			p.Rows = append(p.Rows, row)
		}
	}
	return report.Plot{Title: "Calls while the register changes", Caption: "Further left is better; logarithmic.", Draw: p.Draw}, len(p.Rows) > 0
}
