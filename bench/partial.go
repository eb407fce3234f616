package main

import (
	"fmt"
	"slices"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

var partialSection = section{
	name:  "partial",
	title: "Partial numbers",
	text: "Which records fit what is known of a number? Each search returns the first hundred. The plain scan goes through all VINs in their order, " +
		"by mask over two words each, or for a fragment through their text with bytes.Index, and stops at a hundred too. That both find the same is checked beforehand.",
	metrics: partialMetrics(),
	plots:   []func(*report.Report) (report.Plot, bool){searchPlot},
}

func partialMetrics() (m []metric) {
	for _, f := range workload.Forms {
		m = append(m,
			took("partial."+f.Name+".index", "search by "+f.Title).than("scan").one(),
			took("partial."+f.Name+".scan", "search by "+f.Title).of(report.Scan).one())
	}
	return m
}

// form returns a form by its name.
func form(name string) workload.Form {
	return workload.Forms[slices.IndexFunc(workload.Forms, func(f workload.Form) bool { return f.Name == name })]
}

// partial searches by every form.
func (r *run) partial(reg *register) error {
	for _, f := range workload.Forms {
		sides, err := r.searchSides(reg, f, nil, nil)
		if err != nil {
			return err
		}
		if err := r.group("partial."+f.Name, r.size, r.limits, sides); err != nil {
			return err
		}
	}
	return nil
}

// searchSides search by one form. With a selection, which fits says too by place
// in the order of VINs, a third side searches among all.
func (r *run) searchSides(reg *register, f workload.Form, s *index.Selection, fits func(place int) bool) ([]measure.Side, error) {
	const (
		probes = 16
		most   = 4096
	)
	patterns := reg.world.Patterns(f, most)
	all, view := reg.scanner(), reg.idx.View()
	rows := make([]index.Row, 0, 2*index.DefaultLimit+1)
	var places []uint32
	search := func(p *vin.Pattern, s *index.Selection) (err error) {
		rows, _, err = view.AppendSearch(r.ctx, rows[:0], *p, s, 0)
		return err
	}
	scan := func(p *vin.Pattern) error {
		places = all.find(places[:0], p, index.DefaultLimit, fits)
		return nil
	}
	for i := range probes {
		if err := search(&patterns[i], s); err != nil {
			return nil, err
		}
		scan(&patterns[i])
		if !slices.EqualFunc(rows, places, func(row index.Row, place uint32) bool { return uint32(row) == place }) {
			return nil, fmt.Errorf("%s: a search and the scan differ: %d and %d rows", f.Name, len(rows), len(places))
		}
	}
	sides := []measure.Side{
		r.each("index", r.turn, most, func(i int) error { return search(&patterns[i], s) }),
		r.each("scan", r.turn/3, most, func(i int) error { return scan(&patterns[i]) }),
	}
	if s != nil {
		// Not those whose answers the other one has just brought into the caches.
		sides = append(sides, r.each("all", r.turn, most, func(i int) error { return search(&patterns[(i+most/2)%most], nil) }))
	}
	return sides, nil
}

// searchPlot plots the percentiles of each form, and the scan.
func searchPlot(rep *report.Report) (report.Plot, bool) {
	p := svg.RangePlot{
		Words:  "Time of a search by what is known of the number, with the plain scan",
		X:      svg.Axis{Label: "time of a search", Log: true, Format: report.Nanoseconds.Tick},
		Marks:  []string{"p50", "p99", "p99.9", "plain scan, median"},
		Joined: 3,
	}
	for _, f := range workload.Forms {
		row := svg.Range{Label: f.Title}
		for _, name := range []string{".index.p50", ".index.p99", ".index.p999", ".scan.p50"} {
			if m := rep.Metric("partial."+f.Name+name, rep.Records); m != nil {
				row.Values = append(row.Values, m.Value)
			}
		}
		if len(row.Values) == len(p.Marks) {
			p.Rows = append(p.Rows, row)
		}
	}
	return report.Plot{
		Title:   "Searches by what is known",
		Caption: "Further left is better; logarithmic.",
		Draw:    p.Draw,
	}, len(p.Rows) > 0
}
