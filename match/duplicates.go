package match

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A Duplicate is a VIN that is listed by several owners or on different plates.
// Most are one vehicle that two countries look for, or that changed its plate;
// some are two vehicles, and some are slips of the pen. Somebody should look.
type Duplicate struct {
	VIN   vin.VIN
	Grade Grade // Doubt or Note

	Owners  []string       // who list it, each once, in order
	Plates  []plate.Plate  // on which it is listed, each once and in one spelling, those of known countries first, then as they first appear in Records
	Records []index.Record // in the order of owner and ID
	More    int            // records beyond MaxDuplicateRecords, which were not looked at

	Text string // the reasons for a person, without any number
}

// MaxDuplicateRecords is how many records of one VIN are looked at.
const MaxDuplicateRecords = 256

// Duplicates yields the VINs of a register that are listed by several owners or
// on different plates, each once: in the order of the records' VINs, but for
// records that came by changes, which stand behind. A second VIN, among the numbers
// of a record, comes with the first record that has it.
//
// It is a [Doubt] where the plates, the makes, the types or the model years
// contradict each other, and a [Note] where nothing does, where the plates may be
// one that was mistyped, and where the VIN is a placeholder. Records that say
// nothing of a plate contradict none, and a plate of no known country is that of
// any country with the same text.
//
// It looks at every record, and holds those of one VIN at a time. The error is
// that of ctx, and ends the iteration.
func Duplicates(ctx context.Context, v *index.View) iter.Seq2[Duplicate, error] {
	return func(yield func(Duplicate, error) bool) {
		n := 0
		for row := range v.All() {
			if n%ctxRows == 0 && ctx.Err() != nil {
				yield(Duplicate{}, ctx.Err())
				return
			}
			n++
			rec := v.Record(row)
			for own := range vinsOf(&rec) {
				// Of several records with the number, the first one sees to it.
				if first, ok := v.Lookup(index.VIN(own)); !ok || first != row {
					continue
				}
				if d, ok := duplicate(v, own); ok && !yield(d, nil) {
					return
				}
			}
		}
	}
}

// ctxRows is after how many rows ctx is looked at again.
const ctxRows = 4096

// vinsOf yields the VINs of a record, each once.
func vinsOf(rec *index.Record) iter.Seq[vin.VIN] {
	return func(yield func(vin.VIN) bool) {
		if rec.VIN.IsValid() && !yield(rec.VIN) {
			return
		}
		var more []vin.VIN
		for _, n := range rec.Numbers {
			if n.Kind != index.KindVIN {
				continue
			}
			if w, err := vin.Parse(n.Text); err == nil && w != rec.VIN && !slices.Contains(more, w) {
				if more = append(more, w); !yield(w) {
					return
				}
			}
		}
	}
}

// duplicate looks at all records of a VIN.
func duplicate(v *index.View, number vin.VIN) (Duplicate, bool) {
	d := Duplicate{VIN: number}
	last := index.NoRow
	for row := range v.Rows(index.VIN(number)) {
		switch {
		case row == last: // listed twice in one record
		case len(d.Records) == MaxDuplicateRecords:
			d.More++
		default:
			d.Records = append(d.Records, v.Record(row))
		}
		last = row
	}
	if len(d.Records) < 2 {
		return d, false
	}
	for i := range d.Records {
		d.Owners = append(d.Owners, d.Records[i].Owner)
	}
	// One of no country is the same as several that differ: it must not come first.
	for _, known := range []bool{true, false} {
		for i := range d.Records {
			for p := range platesOf(&d.Records[i]) {
				if (p.Country() != "") == known && !slices.ContainsFunc(d.Plates, func(q plate.Plate) bool { return samePlate(p, q) }) {
					d.Plates = append(d.Plates, p)
				}
			}
		}
	}
	slices.Sort(d.Owners)
	d.Owners = slices.Compact(d.Owners)
	if len(d.Owners) < 2 && len(d.Plates) < 2 {
		return d, false
	}
	d.judge()
	return d, true
}

// platesOf yields the plates of a record.
func platesOf(rec *index.Record) iter.Seq[plate.Plate] {
	return func(yield func(plate.Plate) bool) {
		if rec.Plate.IsValid() && !yield(rec.Plate) {
			return
		}
		for _, n := range rec.Numbers {
			if n.Kind != index.KindPlate {
				continue
			}
			if p, err := plate.Parse(n.Country, n.Text); err == nil && !yield(p) {
				return
			}
		}
	}
}

// samePlate reports whether two plates are one, perhaps in two spellings.
func samePlate(p, q plate.Plate) bool {
	if p.Country() != q.Country() && p.Country() != "" && q.Country() != "" {
		return false
	}
	if plate.Distance(p, q) == 0 {
		return true
	}
	for a := range p.Aliases() {
		if plate.Distance(a, q) == 0 {
			return true
		}
	}
	for a := range q.Aliases() {
		if plate.Distance(a, p) == 0 {
			return true
		}
	}
	return false
}

// judge grades a duplicate and says why.
func (d *Duplicate) judge() {
	var texts []string
	doubt := func(text string) {
		d.Grade = Doubt
		texts = append(texts, text)
	}
	if n := len(d.Owners); n > 1 {
		texts = append(texts, fmt.Sprintf("listed by %d owners", n))
	}
	if n := len(d.Plates); n > 1 {
		text := fmt.Sprintf("on %d plates", n)
		if d.plates(alikePlates) {
			texts = append(texts, text+", which may be one that was mistyped")
		} else {
			doubt(text)
		}
	}
	contradict := func(what string, a func(x, y *index.Record) agreement) {
		for i := range d.Records {
			for j := range i {
				if a(&d.Records[i], &d.Records[j]) == contradicts {
					doubt("the " + what + " contradict each other")
					return
				}
			}
		}
	}
	contradict("makes", func(x, y *index.Record) agreement { return agreeMakes(x.Make, y.Make) })
	contradict("types", func(x, y *index.Record) agreement { return agreeTypes(x.Type, y.Type) })
	contradict("model years", func(x, y *index.Record) agreement {
		if y.ModelYear == 0 {
			return silent
		}
		return agreeYears(x.ModelYear, []int{y.ModelYear})
	})
	if d.VIN.Decode().Remarks.Has(vin.Placeholder) {
		d.Grade = Note
		texts = append(texts, "written where the number is not known")
	}
	d.Text = strings.Join(texts, "; ")
}

// plates reports whether a relation holds between each plate and the first.
func (d *Duplicate) plates(related func(a, b plate.Plate) bool) bool {
	return !slices.ContainsFunc(d.Plates[1:], func(p plate.Plate) bool { return !related(d.Plates[0], p) })
}
