package main

import (
	"fmt"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/index"
)

var filteredSection = section{
	name:  "filtered",
	title: "Filters",
	text: "Only some records count: stolen motorcycles listed by France, or everything but cars. The rivals look at the attributes of each record, " +
		"held in an array as small as it can be.",
	metrics: []metric{
		took("filtered.lookup.selected", "exact hit in a batch, among three quarters of the records").than("map", "all"),
		took("filtered.lookup.all", "exact hit in a batch, among all"),
		took("filtered.lookup.map", "exact hit, and a look at the record's type").of(report.Map),
		took("filtered.count.index", "count of the records of three values").than("scan"),
		took("filtered.count.scan", "count of the records of three values").of(report.Scan),
		took("filtered.select.index", "filter of three values, compiled for reuse"),
		took("filtered.last-six.index", "search by the last six, among three quarters of the records").than("scan", "all").one(),
		took("filtered.last-six.scan", "search by the last six, among three quarters of the records").of(report.Scan).one(),
		took("filtered.last-six.all", "search by the last six, among all").one(),
	},
}

// attributes are what the rivals filter by.
type attributes struct {
	owner  uint8
	kind   index.Type
	status index.Status
	_      uint8
}

// attributes returns those of each record: by vehicle, as the map numbers them,
// and by row, as the scanner does.
func (r *register) attributes() (byVehicle, byRow []attributes) {
	byVehicle, byRow = make([]attributes, r.world.Listed()), make([]attributes, r.world.Listed())
	owners := map[string]uint8{"FR": 1}
	view := r.idx.View()
	for i := range byVehicle {
		rec := r.world.Record(i)
		if _, ok := owners[rec.Owner]; !ok {
			owners[rec.Owner] = uint8(len(owners) + 1)
		}
		byVehicle[i] = attributes{owner: owners[rec.Owner], kind: rec.Type, status: rec.Status}
		row, _ := view.Lookup(index.VIN(rec.VIN))
		byRow[row] = byVehicle[i]
	}
	return byVehicle, byRow
}

// filtered asks for records of certain attributes.
func (r *run) filtered(reg *register) error {
	byVehicle, byRow := reg.attributes()
	for _, g := range []struct {
		name  string
		sides []measure.Side
	}{
		{"filtered.lookup", reg.filteredSides(byVehicle, r.asked)},
		{"filtered.count", reg.countSides(byVehicle)},
		{"filtered.select", reg.selectSides()},
	} {
		if err := r.group(g.name, r.size, r.limits, g.sides); err != nil {
			return err
		}
	}
	f := form("last-six")
	cars := reg.idx.View().Select(index.OfType(index.Car))
	sides, err := r.searchSides(reg, f, cars, func(place int) bool { return byRow[place].kind == index.Car })
	if err != nil {
		return err
	}
	return r.group("filtered.last-six", r.size, r.limits, sides)
}

// filteredSides look up listed numbers of cars and of others, and want cars.
func (r *register) filteredSides(byVehicle []attributes, asked int) []measure.Side {
	vins, listed := r.world.VINs(asked, 1)
	keys := keysOf(vins)
	rows := make([]index.Row, asked)
	view := r.idx.View()
	cars := view.Select(index.OfType(index.Car))
	want := 0
	for _, v := range vins {
		if byVehicle[r.m[v]].kind == index.Car {
			want++
		}
	}
	return []measure.Side{
		{Name: "selected", Ops: asked, Turn: func() error {
			return check(view.LookupBatchWhere(rows, keys, cars), want)
		}},
		{Name: "all", Ops: asked, Turn: func() error {
			return check(view.LookupBatch(rows, keys), listed)
		}},
		{Name: "map", Ops: asked, Turn: func() error {
			hits := 0
			for i := range vins {
				rows[i] = index.NoRow
				if row, ok := r.m[vins[i]]; ok && byVehicle[row].kind == index.Car {
					rows[i] = index.Row(row)
					hits++
				}
			}
			return check(hits, want)
		}},
	}
}

// stolenInFrance is a filter of three values.
func stolenInFrance() index.Filter {
	return index.Owner("FR").And(index.OfType(index.Motorcycle)).And(index.HasStatus(index.Stolen))
}

// countSides count the stolen motorcycles of France.
func (r *register) countSides(byVehicle []attributes) []measure.Side {
	const times = 16
	view := r.idx.View()
	scan := func() int {
		n := 0
		for i := range byVehicle {
			if a := byVehicle[i]; a.owner == 1 && a.kind == index.Motorcycle && a.status == index.Stolen {
				n++
			}
		}
		return n
	}
	want := scan()
	repeat := func(count func() int) func() error {
		return func() error {
			for range times {
				if n := count(); n != want {
					return fmt.Errorf("%d records, want %d", n, want)
				}
			}
			return nil
		}
	}
	return []measure.Side{
		{Name: "index", Ops: times, Turn: repeat(func() int { return view.Count(stolenInFrance()) })},
		{Name: "scan", Ops: times, Turn: repeat(scan)},
	}
}

// selectSides compile a filter.
func (r *register) selectSides() []measure.Side {
	const times = 16
	view := r.idx.View()
	want := view.Count(stolenInFrance())
	return []measure.Side{{Name: "index", Ops: times, Turn: func() error {
		for range times {
			if n := view.Select(stolenInFrance()).Count(); n != want {
				return fmt.Errorf("%d records, want %d", n, want)
			}
		}
		return nil
	}}}
}
