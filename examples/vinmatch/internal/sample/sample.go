// Package sample makes the register and the observations that the tool ships:
// a day at border crossings and ports, with every situation that the library
// explains. All vehicles are synthetic.
package sample

//go:generate go run ./gen

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

const (
	// Seed is that of the shipped files.
	Seed = 20250614

	vehicles     = 2150 // ordinary records of the register
	observations = 6000 // rows, of which Planted tells the unusual ones
)

// A Set is a register, observations, and what screening them must tell.
type Set struct {
	Register, Observations []byte // CSV
	Planted                []Planted
}

// A Planted is an observation that was made to show something.
type Planted struct {
	Line   int    // physical, the header being 1
	What   string // the situation
	Want   []string
	How    match.How // how every record of Want is found; 0: in some way
	Remark string    // a remark that must be there; "": none in particular

	Clone match.SuspicionCode // that this and another observation give; "": none
}

// New makes the set of a seed. Equal seeds give equal sets on every platform.
func New(seed uint64) *Set {
	g := &gen{
		rand:  rand.New(rand.NewPCG(seed, 1)),
		world: vintest.NewPopulation(seed, vintest.DefaultMix).Shuffled(1 << 24),
		seen:  map[string]bool{},
	}
	g.register()
	g.plant()
	set := &Set{Register: g.writeRegister()}
	set.Observations, set.Planted = g.writeObservations()
	return set
}

// A gen holds what has been made so far.
type gen struct {
	rand  *rand.Rand
	world *vintest.Population
	used  uint64          // vehicles of the world that are taken
	seen  map[string]bool // numbers that were given

	records []record
	listed  []int // indices of ordinary records: vehicles with a VIN
	planted []observation
}

// A record is a row of the register.
type record struct {
	owner, id, version          string
	vin, plate, plateCountry    string
	chassis, engine, gearbox    string
	part, hull                  string
	document, documentCountry   string
	typ, make, modelYear        string
	colour, status, stolen, tag string

	raw string // written as it is, in place of the cells
}

var registerHeader = []string{
	"owner", "id", "version", "vin", "plate", "plate_country", "chassis", "engine", "gearbox",
	"part", "hull", "document", "document_country", "type", "make", "model_year", "colour",
	"status", "stolen", "tags",
}

func (r *record) cells() []string {
	return []string{
		r.owner, r.id, r.version, r.vin, r.plate, r.plateCountry, r.chassis, r.engine, r.gearbox,
		r.part, r.hull, r.document, r.documentCountry, r.typ, r.make, r.modelYear, r.colour,
		r.status, r.stolen, r.tag,
	}
}

// key names the record as findings do.
func (r *record) key() string { return r.owner + " " + r.id }

// An observation is a row of the observations.
type observation struct {
	vin, plate, plateCountry     string
	chassis, engine, gearbox     string
	part, hull                   string
	document, documentCountry    string
	make, modelYear, typ, colour string
	country                      string
	seenAt, lat, lon, place      string
	planted                      Planted
	raw                          string
}

var observationHeader = []string{
	"seen_at", "place", "lat", "lon", "vin", "plate", "plate_country", "chassis", "engine",
	"gearbox", "part", "hull", "document", "document_country", "type", "make", "model_year",
	"colour", "country",
}

func (o *observation) cells() []string {
	return []string{
		o.seenAt, o.place, o.lat, o.lon, o.vin, o.plate, o.plateCountry, o.chassis, o.engine,
		o.gearbox, o.part, o.hull, o.document, o.documentCountry, o.typ, o.make, o.modelYear,
		o.colour, o.country,
	}
}

// writeRegister writes the records in the order of their owners, as a
// collection of national files would stand.
func (g *gen) writeRegister() []byte {
	slices.SortStableFunc(g.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.id, b.id))
	})
	var out sheet
	out.row(registerHeader)
	for i := range g.records {
		if r := &g.records[i]; r.raw != "" {
			out.raw(r.raw)
		} else {
			out.row(r.cells())
		}
	}
	return out.Bytes()
}

// writeObservations scatters what is planted among a day of ordinary traffic.
func (g *gen) writeObservations() ([]byte, []Planted) {
	at := g.rand.Perm(observations)[:len(g.planted)]
	slot := map[int]*observation{}
	for i, n := range at {
		slot[n] = &g.planted[i]
	}
	var out sheet
	var planted []Planted
	out.row(observationHeader)
	day := time.Date(2025, 6, 14, 0, 0, 0, 0, time.UTC)
	for n := range observations {
		o := slot[n]
		if o == nil {
			o = g.passing()
		}
		if o.planted.What != "" {
			o.planted.Line = out.line()
			planted = append(planted, o.planted)
		}
		if o.raw != "" {
			out.raw(o.raw)
			continue
		}
		p := pick(g, places)
		o.place = cmp.Or(o.place, p.name)
		o.lat, o.lon = cmp.Or(o.lat, p.lat), cmp.Or(o.lon, p.lon)
		seen := day.Add(time.Duration(n) * 24 * time.Hour / observations)
		o.seenAt = cmp.Or(o.seenAt, seen.Truncate(time.Second).Format(time.RFC3339))
		out.row(o.cells())
	}
	return out.Bytes(), planted
}

// A sheet is CSV that is being written.
type sheet struct{ bytes.Buffer }

func (s *sheet) row(cells []string) {
	w := csv.NewWriter(s)
	w.Write(cells) // to memory
	w.Flush()
}

func (s *sheet) raw(text string) { s.WriteString(text + "\n") }

// line returns the physical line that is written next.
func (s *sheet) line() int { return bytes.Count(s.Bytes(), []byte{'\n'}) + 1 }

// pick returns one of a list.
func pick[T any](g *gen, list []T) T { return list[g.rand.IntN(len(list))] }

// id returns a number for a record that its owner has not used.
func (g *gen) id(owner string) string {
	for {
		id := fmt.Sprintf("%d-%06d", 2019+g.rand.IntN(7), g.rand.IntN(1e6))
		if g.isNew(owner + " " + id) {
			return id
		}
	}
}
