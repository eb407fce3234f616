package sheet

import (
	"io"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
)

// Observations is an opened sheet of what was seen. It is read once, by one
// goroutine.
//
// Its columns are vin, plate, plate_country, chassis, engine, gearbox, part,
// hull, document, document_country, make, model_year, type, colour, country
// (where the vehicle was made, as its paper says), seen_at, lat, lon and place.
type Observations struct {
	sheet
	problems []Problem // of the current row, reused
}

// OpenObservations reads the header of a sheet of observations.
func OpenObservations(r io.Reader) (*Observations, error) {
	s, err := open(r, observationLayout)
	if err != nil {
		return nil, err
	}
	return &Observations{sheet: *s}, nil
}

// An Observation is one row of a sheet of observations.
type Observation struct {
	Line     int         // physical line where the row starts, the header being 1
	Query    match.Query // the reads, as written, and the claim; no reads if the row cannot be read
	SeenAt   time.Time   // zero: not given
	Lat, Lon float64     // degrees north and east; NaN: not given
	Place    string
	Problems []Problem // with the row or its cells
}

// All yields every row that is not blank, in order, also those that cannot be
// read. The error is that of the source, and ends the sheet.
func (o *Observations) All() iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		for {
			w, err := o.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Observation{}, err)
				return
			}
			o.problems = o.problems[:0]
			obs := o.observation(w)
			obs.Problems = append(obs.Problems, o.problems...)
			if !yield(obs, nil) {
				return
			}
		}
	}
}

// observation reads the current row. Its problems go to o.problems.
func (o *Observations) observation(w row) Observation {
	obs := Observation{Line: w.line, Lat: math.NaN(), Lon: math.NaN()}
	to := func(p Problem) { o.problems = append(o.problems, p) }
	if w.bad != nil {
		o.problem(to, columns, w.bad.Error())
		return obs
	}

	read := func(kind index.Kind, c, country column) {
		if o.word(c) != "" {
			n := index.Number{Kind: kind, Country: o.country(to, country), Text: o.cell(c)}
			obs.Query.Reads = append(obs.Query.Reads, match.Read{Number: n})
		}
	}
	read(index.KindVIN, colVIN, columns)
	read(index.KindPlate, colPlate, colPlateCountry)
	for _, c := range numberColumns {
		read(c.kind, c.column, c.country)
	}
	if len(obs.Query.Reads) == 0 {
		o.problem(to, columns, "no number in the row")
	}

	obs.Query.Claim = match.Claim{
		Make:      o.word(colMake),
		ModelYear: o.year(to),
		Country:   o.country(to, colCountry),
		Type:      index.ParseType(o.word(colType)),
		Colour:    o.word(colColour),
	}
	obs.SeenAt = o.time(to, colSeenAt)
	obs.Lat, obs.Lon = o.degrees(to, colLat, 90), o.degrees(to, colLon, 180)
	obs.Place = o.word(colPlace)
	return obs
}

// degrees reads a latitude or longitude.
func (o *Observations) degrees(to report, c column, limit float64) float64 {
	w := o.word(c)
	if w == "" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(w, 64)
	if err != nil || !(math.Abs(f) <= limit) {
		o.problem(to, c, "not an angle in degrees")
		return math.NaN()
	}
	return f
}
