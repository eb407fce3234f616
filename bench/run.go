package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/workload"
)

// A plan says how much work a run is.
type plan struct {
	limits  measure.Limits // of a group
	slow    measure.Limits // of what takes seconds, such as building
	asked   int            // queries of a turn: more than a branch predictor or a cache learns
	turn    time.Duration  // that a turn of single searches takes about
	serve   time.Duration  // that a turn of mixed reading and writing takes
	changes int            // at most so many wait for compaction
	least   int            // the smallest register

	calibrate int // the declared world and its queries are so many times smaller
}

var fullPlan = plan{
	limits:  measure.Limits{Min: 5, Max: 11, Budget: time.Second},
	slow:    measure.Limits{Min: 3, Max: 7, Budget: 3 * time.Second, Cold: true},
	asked:   1 << 19,
	turn:    60 * time.Millisecond,
	serve:   300 * time.Millisecond,
	changes: math.MaxInt,
	least:   1000,

	calibrate: 1,
}

// large is the size from which things are done once that take minutes.
const large = 20_000_000

// A run takes the figures of a report.
type run struct {
	plan
	ctx      context.Context
	size     int
	dir      string    // for a snapshot
	progress io.Writer // what is being done
	began    time.Time
	rep      *report.Report
}

// do takes all figures.
func do(ctx context.Context, p plan, size int, seed uint64, dir string, progress io.Writer) (*report.Report, error) {
	r := &run{plan: p, ctx: ctx, size: size, dir: dir, progress: progress, began: time.Now(), rep: &report.Report{
		Schema:  report.Schema,
		Title:   "vinmatch benchmarks",
		Date:    time.Now().UTC().Truncate(time.Second),
		Machine: report.ThisMachine(),
		Records: size,
		Seed:    seed,
	}}
	if err := r.all(); err != nil {
		return nil, err
	}
	r.rep.Seconds = time.Since(r.began).Seconds()
	r.sort()
	return r.rep, nil
}

// all goes from small registers to the largest one, which all sections ask.
func (r *run) all() error {
	for _, n := range sizes(r.least, r.size) {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		r.say("a register of %s", report.Thousands(n))
		reg := &register{world: workload.New(r.rep.Seed, n)}
		if n < r.size {
			if err := reg.build(); err != nil {
				return err
			}
		} else if err := r.life(reg); err != nil {
			return err
		}
		if err := r.exact(reg); err != nil {
			return err
		}
		if n < r.size {
			if err := reg.idx.Close(); err != nil {
				return err
			}
			continue
		}
		for _, part := range []func(*register) error{
			r.exactMore, r.latency, r.filtered, r.partial, r.match, r.near, r.calibration, r.noise, r.parse,
		} {
			if err := part(reg); err != nil {
				return err
			}
		}
		// These write: they come last, and ask a copy.
		if err := r.file(reg, filepath.Join(r.dir, "bench.vmx")); err != nil {
			return err
		}
	}
	return nil
}

// sizes go from resident in a second-level cache to the last in steps of about
// three.
func sizes(least, last int) []int {
	var s []int
	for n := least; 3*n/2 < last; n *= 10 {
		s = append(s, n)
		if 9*n/2 < last {
			s = append(s, 3*n)
		}
	}
	return append(s, last)
}

// say tells what is being done.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.progress, "%6.1fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// each returns a side that times one operation after the other: as many of n as
// fit a turn, and on from there in the next.
func (r *run) each(name string, turn time.Duration, n int, do func(i int) error) measure.Side {
	const probes = 16
	start := time.Now()
	for i := range probes {
		if err := do(i % n); err != nil {
			return measure.Side{Name: name, Each: func(*measure.Histogram) error { return err }}
		}
	}
	ops := min(max(int(probes*turn/max(time.Since(start), 1)), 4), n)
	next := 0
	return measure.Side{Name: name, Each: func(h *measure.Histogram) error {
		for range ops {
			start := time.Now()
			err := do(next % n)
			h.Add(time.Since(start))
			if err != nil {
				return err
			}
			next++
		}
		return nil
	}}
}

// group measures sides against one another; their names are those of metrics
// without the group's.
func (r *run) group(name string, records int, l measure.Limits, sides []measure.Side) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.say("%s", name)
	runtime.GC() // what was left behind before is nobody's fault here
	times, err := measure.Rounds(l, sides...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i, t := range times {
		full := name + "." + sides[i].Name
		if t.All == nil {
			if err := r.add(full, records, t.Rounds, t.Samples); err != nil {
				return err
			}
			continue
		}
		if err := r.addEach(full, records, &t); err != nil {
			return err
		}
	}
	return nil
}

// add takes a figure into the report: the median of rounds.
func (r *run) add(name string, records int, rounds []float64, samples int) error {
	m, ok := find(name)
	if !ok || m.each {
		return fmt.Errorf("%s is no metric", name)
	}
	out := m.report(name, m.title, records, "")
	out.Value, out.Rounds, out.Samples = measure.Median(rounds), rounds, samples
	r.rep.Metrics = append(r.rep.Metrics, out)
	return nil
}

// addEach takes the percentiles of single operations into the report.
func (r *run) addEach(name string, records int, t *measure.Times) error {
	m, ok := find(name)
	if !ok || !m.each {
		return fmt.Errorf("%s is no metric of single operations", name)
	}
	for _, p := range percentiles {
		out := m.report(name+p.suffix, m.title+p.title, records, p.suffix)
		out.Value, out.Rounds, out.Samples = t.All.Quantile(p.q), t.Quantiles(p.q), t.Samples
		r.rep.Metrics = append(r.rep.Metrics, out)
	}
	r.rep.Curves = append(r.rep.Curves, report.Curve{Name: name, Title: m.title, Of: m.rival, Samples: t.Samples, Points: t.All.Curve()})
	return nil
}

// report returns a metric of the report without a value. Those it is compared
// with have the same percentile, if they have any.
func (m metric) report(name, title string, records int, suffix string) report.Metric {
	out := report.Metric{
		Name: name, Title: title, Records: records,
		Unit: m.unit, Better: m.better, Of: m.rival, Counted: m.counted,
	}
	group := m.name[:strings.LastIndexByte(m.name, '.')]
	for _, side := range m.beside {
		other := group + "." + side
		if o, ok := find(other); ok && o.each {
			other += suffix
		}
		out.Beside = append(out.Beside, other)
	}
	return out
}

// sort brings the metrics into the order of their definitions, and small
// registers before large ones.
func (r *run) sort() {
	rank := map[string]int{}
	for _, s := range sections {
		for _, m := range s.metrics {
			for _, name := range m.names() {
				rank[name] = len(rank)
			}
		}
	}
	slices.SortStableFunc(r.rep.Metrics, func(a, b report.Metric) int {
		return cmp.Or(cmp.Compare(rank[a.Name], rank[b.Name]), cmp.Compare(a.Records, b.Records))
	})
}

// names returns the names under which figures of m are reported.
func (m metric) names() []string {
	if !m.each {
		return []string{m.name}
	}
	var names []string
	for _, p := range percentiles {
		names = append(names, m.name+p.suffix)
	}
	return names
}
