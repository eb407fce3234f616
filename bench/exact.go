package main

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

var exactSection = section{
	name:  "exact",
	title: "Exact lookups",
	text: "Is this whole number listed? Times are those of one number. Misses are siblings of listed vehicles. " +
		"The random reads are what the memory allows: as many reads of the same bytes, none of which waits for another.",
	metrics: []metric{
		took("exact.miss.batch", "exact miss, in a batch").than("map", "floor"),
		took("exact.miss.single", "exact miss, one at a time").than("map"),
		took("exact.miss.map", "exact miss").of(report.Map),
		took("exact.miss.floor", "the groups of the table that a miss reads").of(report.Floor),
		took("exact.hit.batch", "exact hit, in a batch").than("map", "floor"),
		took("exact.hit.single", "exact hit, one at a time").than("map"),
		took("exact.hit.map", "exact hit").of(report.Map),
		took("exact.hit.floor", "the groups and keys that a hit reads").of(report.Floor),
		took("exact.text.batch", "exact miss from text, parsed and looked up in batches").than("map"),
		took("exact.text.map", "exact miss from text, parsed by vin.Parse").of(report.Map),
		took("exact.plate.batch", "exact miss of a plate, in a batch").than("map"),
		took("exact.plate.single", "exact miss of a plate, one at a time").than("map"),
		took("exact.plate.map", "exact miss of a plate, by its index.Key").of(report.Map),
		took("exact.parallel.all", "exact miss, in batches on all processors").than("map-all", "one"),
		took("exact.parallel.one", "exact miss, in batches by one goroutine"),
		took("exact.parallel.map-all", "exact miss, on all processors").of(report.Map),
		took("exact.call.keys8", "exact miss, in calls of 8").than("all"),
		took("exact.call.keys64", "exact miss, in calls of 64").than("all"),
		took("exact.call.keys600", "exact miss, in calls of 600").than("all"),
		took("exact.call.all", "exact miss, in one call"),
		took("exact.delta.miss-full", "exact miss, in a batch, with the most changes that ever wait").than("miss-map", "miss-none"),
		took("exact.delta.miss-none", "exact miss, in a batch, without changes"),
		took("exact.delta.miss-map", "exact miss").of(report.Map),
		took("exact.delta.hit-full", "exact hit, in a batch, with the most changes that ever wait").than("hit-map", "hit-none"),
		took("exact.delta.hit-none", "exact hit, in a batch, without changes"),
		took("exact.delta.hit-map", "exact hit").of(report.Map),
	},
	plots: []func(*report.Report) (report.Plot, bool){
		func(rep *report.Report) (report.Plot, bool) {
			return throughput(rep, "exact.miss", "Misses a second")
		},
		func(rep *report.Report) (report.Plot, bool) {
			return throughput(rep, "exact.hit", "Hits a second")
		},
	},
}

// throughput plots how many numbers a second one goroutine looks up, by the size
// of the register.
func throughput(rep *report.Report, group, title string) (report.Plot, bool) {
	p := svg.LinePlot{
		Words: title + " that one goroutine looks up, by size of the register",
		X:     svg.Axis{Label: "records in the register", Log: true, Format: func(v float64) string { return report.Short(int(math.Round(v))) }},
		Y:     svg.Axis{Label: "million a second", Log: true},
	}
	for _, side := range []struct{ name, title string }{
		{"batch", "vinmatch, in batches"},
		{"map", "built-in map"},
		{"single", "vinmatch, one at a time"},
		{"floor", "random reads"},
	} {
		line := svg.Line{Name: side.title}
		for _, m := range rep.Metrics {
			if m.Name == group+"."+side.name && m.Value > 0 {
				line.Points = append(line.Points, [2]float64{float64(m.Records), math.Round(1e5/m.Value) / 100})
			}
		}
		p.Lines = append(p.Lines, line)
	}
	return report.Plot{
		Title:   title,
		Caption: "By one goroutine, higher is better, both axes logarithmic. Medians of interleaved rounds.",
		Draw:    p.Draw,
	}, len(p.Lines[0].Points) > 0
}

// exact asks for whole VINs, at every size.
func (r *run) exact(reg *register) error {
	for _, kind := range []string{"miss", "hit"} {
		if err := r.group("exact."+kind, reg.world.Listed(), r.limits, reg.exactSides(kind == "hit", r.asked)); err != nil {
			return err
		}
	}
	return nil
}

// exactSides look up whole VINs that are listed, or such that are not.
func (r *register) exactSides(hits bool, asked int) []measure.Side {
	rate := 0.0
	if hits {
		rate = 1
	}
	vins, want := r.world.VINs(asked, rate)
	keys := keysOf(vins)
	rows := make([]index.Row, asked)
	view := r.idx.View()
	reads := newFloor(r.world.Listed(), hits)
	return []measure.Side{
		{Name: "batch", Ops: asked, Turn: func() error {
			return check(view.LookupBatch(rows, keys), want)
		}},
		{Name: "single", Ops: asked, Turn: func() error {
			hits := 0
			for i := range keys {
				row, ok := view.Lookup(keys[i])
				if ok {
					hits++
				}
				rows[i] = row
			}
			return check(hits, want)
		}},
		{Name: "map", Ops: asked, Turn: func() error {
			return check(r.m.lookup(rows, vins), want)
		}},
		{Name: "floor", Ops: asked, Turn: func() error {
			reads.read(asked)
			return nil
		}},
	}
}

// lookup asks the map for numbers. It goes by index: ranging over values would
// copy each key and make the map four times slower.
func (m numberMap) lookup(rows []index.Row, vins []vin.VIN) (hits int) {
	for i := range vins {
		row, ok := m[vins[i]]
		if ok {
			hits++
		}
		rows[i] = index.Row(row)
	}
	return hits
}

// exactMore asks what is asked of the largest register alone.
func (r *run) exactMore(reg *register) error {
	for _, g := range []struct {
		name  string
		sides []measure.Side
	}{
		{"exact.text", reg.textSides(r.asked)},
		{"exact.plate", reg.plateSides(r.asked)},
		{"exact.parallel", reg.parallelSides(r.asked)},
		{"exact.call", reg.callSides(r.asked)},
	} {
		if err := r.group(g.name, r.size, r.limits, g.sides); err != nil {
			return err
		}
	}
	return nil
}

// textSides take numbers as texts.
func (r *register) textSides(asked int) []measure.Side {
	unlisted, _ := r.world.VINs(asked, 0)
	texts := make([]string, asked)
	for i, v := range unlisted {
		texts[i] = v.String()
	}
	view := r.idx.View()
	rows := make([]index.Row, asked)
	const block = 1 << 10
	vins, keys := make([]vin.VIN, block), make([]index.Key, block)
	return []measure.Side{
		{Name: "batch", Ops: asked, Turn: func() error {
			hits := 0
			for at := 0; at < asked; at += block {
				n := min(block, asked-at)
				if parsed := vin.ParseBatch(vins[:n], texts[at:at+n]); parsed != n {
					return fmt.Errorf("%d of %d texts are VINs", parsed, n)
				}
				for i, v := range vins[:n] {
					keys[i] = index.VIN(v)
				}
				hits += view.LookupBatch(rows[at:at+n], keys[:n])
			}
			return check(hits, 0)
		}},
		{Name: "map", Ops: asked, Turn: func() error {
			hits := 0
			for i := range texts {
				v, err := vin.Parse(texts[i])
				if err != nil {
					return err
				}
				row, ok := r.m[v]
				if ok {
					hits++
				}
				rows[i] = index.Row(row)
			}
			return check(hits, 0)
		}},
	}
}

// plateSides look up plates of the same series as the listed ones. The map is of
// the plates alone.
func (r *register) plateSides(asked int) []measure.Side {
	plates, want := r.world.Plates(asked, 0)
	keys := make([]index.Key, asked)
	for i, p := range plates {
		keys[i] = index.Plate(p)
	}
	m := make(map[index.Key]uint32, (r.world.Listed()+1)/2)
	for i := range r.world.Listed() {
		if p := r.world.Record(i).Plate; p.IsValid() {
			m[index.Plate(p)] = uint32(i)
		}
	}
	rows := make([]index.Row, asked)
	view := r.idx.View()
	return []measure.Side{
		{Name: "batch", Ops: asked, Turn: func() error {
			return check(view.LookupBatch(rows, keys), want)
		}},
		{Name: "single", Ops: asked, Turn: func() error {
			hits := 0
			for i := range keys {
				row, ok := view.Lookup(keys[i])
				if ok {
					hits++
				}
				rows[i] = row
			}
			return check(hits, want)
		}},
		{Name: "map", Ops: asked, Turn: func() error {
			hits := 0
			for i := range keys {
				row, ok := m[keys[i]]
				if ok {
					hits++
				}
				rows[i] = index.Row(row)
			}
			return check(hits, want)
		}},
	}
}

// parallelSides have one goroutine or one for each processor ask different
// numbers. The time of a number is that of all, divided by all numbers.
func (r *register) parallelSides(asked int) []measure.Side {
	vins, _ := r.world.VINs(asked, 0)
	keys := keysOf(vins)
	rows := make([]index.Row, asked)
	view := r.idx.View()
	procs := runtime.GOMAXPROCS(0)
	split := func(part func(from, to int) int) error {
		var wg sync.WaitGroup
		hits := make([]int, procs)
		for p := range procs {
			wg.Go(func() { hits[p] = part(p*asked/procs, (p+1)*asked/procs) })
		}
		wg.Wait()
		sum := 0
		for _, h := range hits {
			sum += h
		}
		return check(sum, 0)
	}
	return []measure.Side{
		{Name: "all", Ops: asked, Turn: func() error {
			return split(func(from, to int) int { return view.LookupBatch(rows[from:to], keys[from:to]) })
		}},
		{Name: "one", Ops: asked, Turn: func() error {
			return check(view.LookupBatch(rows, keys), 0)
		}},
		{Name: "map-all", Ops: asked, Turn: func() error {
			return split(func(from, to int) int { return r.m.lookup(rows[from:to], vins[from:to]) })
		}},
	}
}

// callSides look up misses in calls of so many keys each, as a search for what may
// have been misread makes them, and in one call.
func (r *register) callSides(asked int) (sides []measure.Side) {
	vins, _ := r.world.VINs(asked, 0)
	keys := keysOf(vins)
	rows := make([]index.Row, asked)
	view := r.idx.View()
	for _, c := range []struct {
		name string
		keys int
	}{{"keys8", 8}, {"keys64", 64}, {"keys600", 600}, {"all", asked}} {
		sides = append(sides, measure.Side{Name: c.name, Ops: asked, Turn: func() error {
			hits := 0
			for at := 0; at < asked; at += c.keys {
				end := min(at+c.keys, asked)
				hits += view.LookupBatch(rows[at:end], keys[at:end])
			}
			return check(hits, 0)
		}})
	}
	return sides
}

// mostChanges is the greatest number of changes that wait for compaction in an
// index with the default options.
func mostChanges(records int) int { return 16 * max(1<<14, records/64) }

// deltaSides compare a view with changes to one without, and to the map, which
// has none.
func (r *register) deltaSides(none, full *index.View, asked int) []measure.Side {
	var sides []measure.Side
	for _, kind := range []struct {
		name string
		rate float64
	}{{"miss", 0}, {"hit", 1}} {
		vins, listed := r.world.VINs(asked, kind.rate)
		keys := keysOf(vins)
		rows := make([]index.Row, asked)
		still := 0 // what was listed may have been replaced by another number
		for _, k := range keys {
			if _, ok := full.Lookup(k); ok {
				still++
			}
		}
		sides = append(sides,
			measure.Side{Name: kind.name + "-full", Ops: asked, Turn: func() error {
				return check(full.LookupBatch(rows, keys), still)
			}},
			measure.Side{Name: kind.name + "-none", Ops: asked, Turn: func() error {
				return check(none.LookupBatch(rows, keys), listed)
			}},
			measure.Side{Name: kind.name + "-map", Ops: asked, Turn: func() error {
				return check(r.m.lookup(rows, vins), listed)
			}},
		)
	}
	return sides
}
