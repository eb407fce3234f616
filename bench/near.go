package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var nearSection = section{
	name:  "near",
	title: "Misread numbers",
	text: "One symbol of a VIN was misread, half of them of listed vehicles. The library goes all the way from the text to the ranked and explained answer. " +
		"The built-in map is asked for the same numbers, made beforehand, and neither makes nor judges them. Where nothing is found, the search is by itself; what is found is judged too. " +
		"Where one error explains nothing and the read cannot be right, two are searched for. " +
		"That both find the same vehicles is checked beforehand. A clean miss is the number of an unlisted vehicle, read as it is and asked with the default options: nearly always it is clear from the number that no search is worth while.",
	metrics: []metric{
		took("near.clean.auto", "whole query, clean miss").than("never").one(),
		took("near.clean.never", "whole query, clean miss, without near search").one(),
		took("near.miss.index", "search for one error, nothing found").than("map").one(),
		took("near.miss.map", "search for one error, nothing found").of(report.Map).one(),
		took("near.found.index", "search for one error, found, judged and ranked").than("map").one(),
		took("near.found.map", "search for one error, found, not judged").of(report.Map).one(),
		took("near.two.index", "search for two errors").than("map").one(),
		took("near.two.map", "search for two errors").of(report.Map).one(),
		counts("near.probes.one", "numbers that one error leads to", report.Count).neither(),
		counts("near.probes.two", "numbers that one error or two lead to", report.Count).neither(),
	},
	plots: []func(*report.Report) (report.Plot, bool){nearPlot},
}

// A misreadVIN is a read with all numbers that it is looked for as, for the map.
type misreadVIN struct {
	text   string
	probes []vin.VIN
}

// A nearSet is reads that are answered in one way.
type nearSet struct {
	name  string
	most  int // reads wanted
	reads []misreadVIN
}

// near searches for misread numbers.
func (r *run) near(reg *register) error {
	if err := r.group("near.clean", r.size, r.limits, r.cleanSides(reg, r.asked/8)); err != nil {
		return err
	}
	m, sets, err := r.nearSets(reg)
	if err != nil {
		return err
	}
	for i := range sets {
		if err := r.group("near."+sets[i].name, r.size, r.limits, r.nearSides(reg, m, &sets[i])); err != nil {
			return err
		}
	}
	for name, s := range map[string]*nearSet{"one": &sets[0], "two": &sets[2]} {
		var each []float64
		for i := range s.reads {
			each = append(each, float64(len(s.reads[i].probes)))
		}
		if err := r.add("near.probes."+name, r.size, []float64{measure.Median(each)}, len(each)); err != nil {
			return err
		}
	}
	return nil
}

// cleanSides ask for unlisted vehicles.
func (r *run) cleanSides(reg *register, asked int) []measure.Side {
	vins, _ := reg.world.VINs(asked, 0)
	queries := make([]match.Query, asked)
	for i, v := range vins {
		queries[i] = vinQuery(v.String(), match.Typed)
	}
	var sides []measure.Side
	for _, mode := range []match.NearMode{match.Auto, match.Never} {
		m := match.New(reg.idx, match.Options{Near: mode})
		sides = append(sides, r.each(mode.String(), r.turn, asked, func(i int) error {
			_, err := m.Match(r.ctx, queries[i])
			return err
		}))
	}
	return sides
}

func vinQuery(text string, c match.Channel) match.Query {
	return match.Query{Channel: c, Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}}}
}

// nearSets reads numbers wrongly and sorts the reads by how they are answered:
// "miss", "found" and "two".
func (r *run) nearSets(reg *register) (*match.Matcher, []nearSet, error) {
	m := match.New(reg.idx, match.Options{Near: match.Always})
	sets := []nearSet{{name: "miss", most: r.asked >> 10}, {name: "found", most: r.asked >> 10}, {name: "two", most: r.asked >> 12}}
	for i := range sets {
		sets[i].most = max(sets[i].most, 8)
	}
	missing := len(sets)
	for _, read := range reg.world.Reads(16*sets[0].most, vintest.Camera, 1, 0.5) {
		v, err := vin.Parse(read.Text)
		if err != nil || read.Slip.Kind != vintest.LookAlike && read.Slip.Kind != vintest.Substitution {
			continue
		}
		if _, listed := reg.m[v]; listed {
			continue // misread as another listed number: nothing is searched for
		}
		q := vinQuery(read.Text, match.Camera)
		q.Limit = 1000
		res, err := m.Match(r.ctx, q)
		if err != nil {
			return nil, nil, err
		}
		set := &sets[1]
		switch {
		case res.Search&match.SearchedTwice != 0:
			set = &sets[2]
		case len(res.Findings) == 0:
			set = &sets[0]
		}
		if len(set.reads) == set.most {
			continue
		}
		probes := neighbours(v)
		if set == &sets[2] {
			probes = append(probes, secondNeighbours(v)...)
		}
		slices.SortFunc(probes, vin.VIN.Compare)
		probes = slices.Compact(probes)
		// In no order, as they would be made: sorted ones are faster.
		mix(probes)
		if err := sameFound(reg, probes, res.Findings); err != nil {
			return nil, nil, fmt.Errorf("near.%s: %w", set.name, err)
		}
		if set.reads = append(set.reads, misreadVIN{read.Text, probes}); len(set.reads) == set.most {
			if missing--; missing == 0 {
				break
			}
		}
	}
	for i := range sets {
		if len(sets[i].reads) == 0 {
			return nil, nil, fmt.Errorf("near.%s: no read is answered so", sets[i].name)
		}
	}
	return m, sets, nil
}

// mix puts numbers into an order that follows from nothing.
func mix(vins []vin.VIN) {
	h := uint64(len(vins)) | 1
	for i := len(vins) - 1; i > 0; i-- {
		h = h*0xD1342543DE82EF95 + 1
		k := int((h >> 33) % uint64(i+1))
		vins[i], vins[k] = vins[k], vins[i]
	}
}

// sameFound returns an error unless the map has the vehicles that were found.
func sameFound(reg *register, probes []vin.VIN, findings []match.Finding) error {
	found := map[vin.VIN]bool{}
	for i := range findings {
		found[findings[i].Record.VIN] = true
	}
	n := 0
	for _, p := range probes {
		if _, ok := reg.m[p]; ok {
			if n++; !found[p] {
				return errors.New("a number that the map has was not found")
			}
		}
	}
	return check(len(found), n)
}

// nearSides answer reads of one set.
func (r *run) nearSides(reg *register, m *match.Matcher, set *nearSet) []measure.Side {
	n := len(set.reads)
	queries := make([]match.Query, n)
	for i := range queries {
		queries[i] = vinQuery(set.reads[i].text, match.Camera)
	}
	sink := 0
	return []measure.Side{
		r.each("index", r.turn, n, func(i int) error {
			res, err := m.Match(r.ctx, queries[i])
			if err == nil && set.name == "found" && len(res.Findings) == 0 {
				err = errors.New("nothing is found")
			}
			return err
		}),
		r.each("map", r.turn, n, func(i int) error {
			probes := set.reads[i].probes
			hits := 0
			for k := range probes {
				if _, ok := reg.m[probes[k]]; ok {
					hits++
				}
			}
			if sink += hits; set.name == "miss" && hits > 0 {
				return errors.New("a number that is not listed was found")
			}
			return nil
		}),
	}
}

const vinSymbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// neighbours are the VINs of which v may be a read with one error: an
// independent reading of what that means.
func neighbours(v vin.VIN) (all []vin.VIN) {
	for i := range vin.Len {
		for _, c := range []byte(vinSymbols) {
			if n := v.With(i+1, c); n != v {
				all = append(all, n)
			}
		}
		if i > 0 {
			if n := swapped(v, i); n != v {
				all = append(all, n)
			}
		}
	}
	return all
}

// swapped returns v with the symbols at positions i and i+1 swapped.
func swapped(v vin.VIN, i int) vin.VIN { return v.With(i, v.At(i+1)).With(i+1, v.At(i)) }

// secondNeighbours are those with two errors that are looked for: two of the
// listed look-alikes; one of them and two other neighbours swapped; and any two
// symbols where that makes a check digit compute that the law demands.
func secondNeighbours(v vin.VIN) (all []vin.VIN) {
	alike := map[byte][]byte{}
	for _, pair := range strings.Fields(match.LookAlikes) {
		for k := range 2 {
			if strings.IndexByte(vinSymbols, pair[1-k]) >= 0 {
				alike[pair[k]] = append(alike[pair[k]], pair[1-k])
			}
		}
	}
	for i := 1; i <= vin.Len; i++ {
		for _, c := range alike[v.At(i)] {
			n := v.With(i, c)
			for j := i + 1; j <= vin.Len; j++ {
				for _, d := range alike[v.At(j)] {
					all = append(all, n.With(j, d))
				}
			}
			for j := 1; j < vin.Len; j++ {
				if j != i && j+1 != i && v.At(j) != v.At(j+1) {
					all = append(all, swapped(n, j))
				}
			}
		}
		for _, c := range []byte(vinSymbols) {
			if c == v.At(i) {
				continue
			}
			n := v.With(i, c)
			for j := i + 1; j <= vin.Len; j++ {
				for _, d := range []byte(vinSymbols) {
					if d == v.At(j) {
						continue
					}
					if two := n.With(j, d); two.CheckDigitOK() && two.CheckRule() == vin.CheckRequired {
						all = append(all, two)
					}
				}
			}
		}
	}
	return all
}

// nearPlot plots the percentiles of each kind of search, and the map.
func nearPlot(rep *report.Report) (report.Plot, bool) {
	p := svg.RangePlot{
		Words:  "Time of a whole query by what was misread, with the built-in map",
		X:      svg.Axis{Label: "time of a query", Log: true, Format: report.Nanoseconds.Tick},
		Marks:  []string{"p50", "p99", "p99.9", "built-in map, median"},
		Joined: 3,
	}
	for _, row := range []struct{ group, side, label string }{
		{"clean", "auto", "nothing misread"},
		{"miss", "index", "one error, nothing found"},
		{"found", "index", "one error, found"},
		{"two", "index", "two errors"},
	} {
		line := svg.Range{Label: row.label}
		for _, name := range []string{row.side + ".p50", row.side + ".p99", row.side + ".p999", "map.p50"} {
			value := math.NaN() // the map is not asked for what was not misread
			if m := rep.Metric("near."+row.group+"."+name, rep.Records); m != nil {
				value = m.Value
			}
			line.Values = append(line.Values, value)
		}
		if !math.IsNaN(line.Values[0]) {
			p.Rows = append(p.Rows, line)
		}
	}
	return report.Plot{
		Title:   "Whole queries by what was misread",
		Caption: "Further left is better; logarithmic. The map only looks up numbers that were made beforehand.",
		Draw:    p.Draw,
	}, len(p.Rows) > 0
}
