package sheet

import (
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A Register is an opened register of wanted vehicles. It is read once, by one
// goroutine.
//
// Its columns are owner, id, version, vin, plate, plate_country, chassis,
// engine, gearbox, part, hull, document, document_country, type, make,
// model_year, colour, status, stolen and tags.
type Register struct{ sheet }

// OpenRegister reads the header of a register.
func OpenRegister(r io.Reader) (*Register, error) {
	s, err := open(r, registerLayout)
	if err != nil {
		return nil, err
	}
	return &Register{*s}, nil
}

// Unnamed is the owner of records whose row names none: the code that ISO
// 3166-1 leaves to its users, which stands for an unknown country.
const Unnamed = "ZZ"

// Records yields the records of the register, in the order of its rows, for
// [index.Build], which has the last word on owners, ids and versions. The error
// is that of the source, and ends the register.
//
// What cannot be read goes to problems, in the goroutine that ranges:
//
//   - A vin that is none, but one number, is kept as a chassis number: numbers
//     from before 1981 and of Japanese vehicles stand in that column too. This
//     is a problem only if it was meant to be a VIN.
//   - A chassis that is a VIN, as most papers call it, is kept as one: as that of
//     the record, where the vin cell has none.
//   - A placeholder, a partial VIN with marks for what is missing, or several
//     numbers in one cell are not registered.
//   - A row without any number left is skipped: nothing could find it.
//   - A row without owner belongs to [Unnamed], one without id has the id
//     "line 12".
func (r *Register) Records(problems func(Problem)) iter.Seq2[index.Record, error] {
	return func(yield func(index.Record, error) bool) {
		for {
			w, err := r.next()
			switch {
			case err == io.EOF:
				return
			case err != nil:
				yield(index.Record{}, err)
				return
			case w.bad != nil:
				r.problem(problems, columns, w.bad.Error())
				continue
			}
			if rec, ok := r.record(problems); ok && !yield(rec, nil) {
				return
			}
		}
	}
}

// Line returns the line of the record that was yielded last.
func (r *Register) Line() int { return r.line }

// record reads the current row.
func (r *Register) record(to report) (index.Record, bool) {
	rec := index.Record{
		Owner:     r.word(colOwner),
		ID:        r.word(colID),
		Type:      index.ParseType(r.word(colType)),
		Status:    index.ParseStatus(r.word(colStatus)),
		Make:      r.word(colMake),
		ModelYear: r.year(to),
		Colour:    r.word(colColour),
		Tags:      tags(r.word(colTags)),
	}
	if rec.Owner == "" {
		rec.Owner = Unnamed
	}
	if rec.ID == "" {
		rec.ID = "line " + strconv.Itoa(r.line)
	}
	if w := r.word(colVersion); w != "" {
		v, err := strconv.ParseUint(w, 10, 64)
		if err != nil {
			r.problem(to, colVersion, "not a number from 0 to 1<<64-1")
			v = 0
		}
		rec.Version = v
	}
	if t := r.time(to, colStolen); !t.IsZero() {
		y, m, d := t.Date()
		rec.Stolen = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}

	r.vin(&rec, to)
	r.plate(&rec, to)
	for _, c := range numberColumns {
		r.number(&rec, index.Number{
			Kind:    c.kind,
			Country: r.country(to, c.country),
			Text:    r.word(c.column),
		}, c.column, to)
	}
	if !rec.VIN.IsValid() && rec.Plate == (plate.Plate{}) && len(rec.Numbers) == 0 {
		r.problem(to, columns, "no number in the row")
		return index.Record{}, false
	}
	return rec, true
}

// vin reads the vin cell, which may hold another number.
func (r *Register) vin(rec *index.Record, to report) {
	raw := r.cell(colVIN)
	chassis := index.Number{Kind: index.KindChassis, Text: raw}
	var meant string // what it was meant to be, if it is kept as a chassis number
	switch class := vin.Classify(raw); class {
	case vin.ClassEmpty:
		return
	case vin.ClassChassis, vin.ClassPaddedChassis:
		r.add(rec, chassis, colVIN, to)
		return
	case vin.ClassPartial:
		// A few symbols may be all that an old vehicle has.
		meant = class.String()
		if !isBare(raw) {
			r.problem(to, colVIN, meant+", not registered")
			return
		}
	case vin.ClassPlaceholder, vin.ClassSeveral:
		r.problem(to, colVIN, class.String()+", not registered")
		return
	default:
		v, _, err := vin.Clean(raw)
		if err == nil {
			rec.VIN = v
			return
		}
		meant = reason(err)
	}
	before := len(rec.Numbers)
	r.add(rec, chassis, colVIN, func(Problem) {})
	if len(rec.Numbers) > before {
		meant += ": kept as a chassis number"
	}
	r.problem(to, colVIN, meant)
}

// isBare reports whether a text consists of letters and digits of ASCII.
func isBare(s string) bool {
	return !strings.ContainsFunc(strings.TrimSpace(s), func(r rune) bool {
		return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
}

// plate reads the plate cell. A plate of an unknown country is one without.
func (r *Register) plate(rec *index.Record, to report) {
	if r.word(colPlate) == "" {
		return
	}
	p, err := plate.Parse(r.country(to, colPlateCountry), r.cell(colPlate))
	if err != nil {
		r.problem(to, colPlate, reason(err))
	}
	rec.Plate = p
}

// number adds a number to the record, if it is meant to be one.
func (r *Register) number(rec *index.Record, n index.Number, c column, to report) {
	if n.Text == "" {
		return
	}
	switch class := vin.Classify(n.Text); {
	case class == vin.ClassPlaceholder:
		r.problem(to, c, class.String()+", not registered")
		return
	case class == vin.ClassVIN && n.Kind == index.KindChassis:
		v, _, err := vin.Clean(n.Text)
		switch {
		case err != nil:
		case v == rec.VIN:
			return
		case !rec.VIN.IsValid():
			rec.VIN = v
			return
		default:
			n.Kind = index.KindVIN
		}
	}
	r.add(rec, n, c, to)
}

// add adds a number to the record, cleaned, if it can be looked up.
func (r *Register) add(rec *index.Record, n index.Number, c column, to report) {
	text, _, err := vin.CleanText(n.Text)
	if n.Text = text; err == nil {
		_, err = n.Key()
	}
	if err != nil {
		r.problem(to, c, reason(err))
		return
	}
	rec.Numbers = append(rec.Numbers, n)
}

// reason returns an error of a lower package without the package's name: the
// column says as much.
func reason(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, ": "); ok {
		return after
	}
	return text
}

// tags splits a cell of tags.
func tags(s string) []string {
	var tags []string
	for t := range strings.SplitSeq(s, ";") {
		if t = strings.TrimSpace(t); t != "" {
			tags = append(tags, t)
		}
	}
	return tags
}
