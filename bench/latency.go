package main

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/index"
)

var latencySection = section{
	name:  "latency",
	title: "Latency of exact lookups",
	text: "Each call is timed by itself, as the caller of a service feels it. What reading the clock takes is in every figure " +
		"and in noise.clock.read.",
	metrics: []metric{
		took("latency.miss.single", "latency of a miss").than("map").one(),
		took("latency.miss.map", "latency of a miss").of(report.Map).one(),
		took("latency.miss.call64", "latency of a batch of 64 misses").than("map64").one(),
		took("latency.miss.map64", "latency of 64 misses").of(report.Map).one(),
		took("latency.hit.single", "latency of a hit").than("map").one(),
		took("latency.hit.map", "latency of a hit").of(report.Map).one(),
		took("latency.hit.call64", "latency of a batch of 64 hits").than("map64").one(),
		took("latency.hit.map64", "latency of 64 hits").of(report.Map).one(),
	},
	plots: []func(*report.Report) (report.Plot, bool){
		func(rep *report.Report) (report.Plot, bool) {
			return distribution(rep, "Latency of misses", "latency.miss.")
		},
	},
}

// latency times single calls.
func (r *run) latency(reg *register) error {
	for _, kind := range []string{"miss", "hit"} {
		if err := r.group("latency."+kind, r.size, r.limits, reg.latencySides(kind == "hit", r.asked/4)); err != nil {
			return err
		}
	}
	return nil
}

// latencySides look up numbers one by one, and in calls of 64.
func (r *register) latencySides(hits bool, asked int) []measure.Side {
	const call = 64
	rate := 0.0
	if hits {
		rate = 1
	}
	vins, want := r.world.VINs(asked/call*call, rate)
	keys := keysOf(vins)
	rows := make([]index.Row, len(keys))
	view := r.idx.View()
	one := func(lookup func(i int) bool) func(h *measure.Histogram) error {
		return func(h *measure.Histogram) error {
			hits := 0
			for i := range keys {
				start := time.Now()
				ok := lookup(i)
				h.Add(time.Since(start))
				if ok {
					hits++
				}
			}
			return check(hits, want)
		}
	}
	calls := func(lookup func(rows []index.Row, from int) int) func(h *measure.Histogram) error {
		return func(h *measure.Histogram) error {
			hits := 0
			for at := 0; at < len(keys); at += call {
				start := time.Now()
				hits += lookup(rows[at:at+call], at)
				h.Add(time.Since(start))
			}
			return check(hits, want)
		}
	}
	return []measure.Side{
		{Name: "single", Each: one(func(i int) (ok bool) { rows[i], ok = view.Lookup(keys[i]); return ok })},
		{Name: "map", Each: one(func(i int) bool {
			row, ok := r.m[vins[i]]
			rows[i] = index.Row(row)
			return ok
		})},
		{Name: "call64", Each: calls(func(rows []index.Row, from int) int { return view.LookupBatch(rows, keys[from:from+call]) })},
		{Name: "map64", Each: calls(func(rows []index.Row, from int) int { return r.m.lookup(rows, vins[from:from+call]) })},
	}
}

// distribution plots what share of the operations took longer than what, for all
// curves whose names begin as told.
func distribution(rep *report.Report, title, prefix string) (report.Plot, bool) {
	p := svg.LinePlot{
		Words: title + ": the share of operations within a time",
		X: svg.Axis{Label: "percentile", Free: true, Ticks: []svg.Tick{
			{At: 0, Text: "0"}, {At: 1, Text: "90"}, {At: 2, Text: "99"}, {At: 3, Text: "99.9"}, {At: 4, Text: "99.99"},
		}},
		Y: svg.Axis{Label: "time", Log: true, Format: report.Nanoseconds.Tick},
	}
	samples := 0
	for _, c := range rep.Curves {
		if len(c.Name) <= len(prefix) || c.Name[:len(prefix)] != prefix || len(p.Lines) == svg.Series {
			continue
		}
		of := cmp.Or(c.Of, "vinmatch")
		line := svg.Line{Name: of + ": " + c.Title, Bare: true}
		for _, pt := range c.Points {
			if x := -math.Log10(1 - pt[0]); x <= 4 && pt[1] > 0 {
				line.Points = append(line.Points, [2]float64{x, pt[1]})
			}
		}
		p.Lines = append(p.Lines, line)
		samples = max(samples, c.Samples)
	}
	return report.Plot{
		Title:   title,
		Caption: fmt.Sprintf("Lower is better, both axes logarithmic; up to %s samples a line.", report.Thousands(samples)),
		Draw:    p.Draw,
	}, len(p.Lines) > 0
}
