package sample

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/vin"
)

// register makes the records.
func (g *gen) register() {
	for range vehicles {
		owner := pick(g, issuers)
		w := g.vehicle(owner)
		r := g.record(owner, w)
		if g.rand.IntN(20) == 0 {
			r.vin = sloppy(g, r.vin)
		}
		g.listed = append(g.listed, len(g.records))
		g.records = append(g.records, r)
	}

	// Some vehicles are wanted by several countries, each with its own id and
	// its own words.
	for i := range 50 {
		r := g.records[g.listed[i*7]]
		if r.vin = clean(r.vin); r.vin == "" {
			continue
		}
		for range 1 + i%2 {
			again := r
			again.owner = other(g, issuers, r.owner)
			again.id, again.engine, again.tag = g.id(again.owner), "", "foreign"
			again.colour = strings.ToUpper(again.colour)
			g.records = append(g.records, again)
		}
	}

	// Numbers that are not VINs of 17 symbols.
	for i := range 60 { // Japanese domestic vehicles
		r := g.other(pick(g, []string{"JP", "NZ", "RU", "GE", "KE", "GB"}), "car", pick(g, []string{"Toyota", "Nissan", "Subaru", "Mazda"}))
		if r.chassis = g.frame(); i%3 == 0 {
			r.vin, r.chassis = r.chassis, "" // where the form has one field only
		}
		g.records = append(g.records, r)
	}
	for i := range 40 { // the same, imported by Australia
		r := g.other("AU", "car", "Nissan")
		frame := g.frame()
		if r.vin = imported(frame).String(); i%2 == 0 {
			r.vin, r.chassis = "", frame
		}
		g.records = append(g.records, r)
	}
	for i := range 25 { // from before 1981
		r := g.other(pick(g, issuers), "car", pick(g, []string{"Porsche", "Volkswagen", "Jaguar", "Alfa Romeo"}))
		number := g.fill(pick(g, []string{"9112######", "4#######", "1W######", "AR#######"}))
		if r.chassis = number; i%4 == 0 {
			r.chassis, r.vin = "", strings.Repeat("0", vin.Len-len(number))+number
		}
		r.modelYear = strconv.Itoa(1965 + g.rand.IntN(15))
		g.records = append(g.records, r)
	}
	for range 40 {
		r := g.other(pick(g, []string{"FR", "IT", "GB", "NL", "US", "GR"}), "boat", pick(g, []string{"Beneteau", "Azimut", "Yamaha"}))
		r.hull = g.hull()
		if g.rand.IntN(2) == 0 {
			r.engine = g.fill("6AK-#######")
		}
		g.records = append(g.records, r)
	}
	for range 30 {
		r := g.other(pick(g, []string{"DE", "FR", "PL", "IT", "GB"}), pick(g, []string{"agricultural", "industrial"}),
			pick(g, []string{"John Deere", "Fendt", "Claas", "JCB", "Caterpillar"}))
		r.chassis = g.fill(pick(g, []string{"1L06155M@##H#####", "73#2#####", "CAT0320D@@@######"}))
		g.records = append(g.records, r)
	}

	// What is stolen alone: parts, plates, papers.
	for i := range 60 {
		r := g.other(pick(g, issuers), "component", pick(g, []string{"Volkswagen", "BMW", "Renault", "Toyota"}))
		switch i % 3 {
		case 0:
			r.engine = g.fill(pick(g, engines))
		case 1:
			r.gearbox = g.fill(pick(g, []string{"JR5-###-######", "6HP26 #######", "NFP ######"}))
		case 2:
			r.part = g.fill(pick(g, []string{"62012301@ #######", "TKJ##@########", "32#####0#@ ##"}))
			r.tag = "airbag"
		}
		g.records = append(g.records, r)
	}
	for range 80 {
		owner := pick(g, issuers)
		r := g.other(owner, "plateonly", "")
		r.plate, r.plateCountry = g.plate(owner), owner
		g.records = append(g.records, r)
	}
	for range 50 {
		owner := pick(g, issuers)
		r := g.other(owner, "document", "")
		r.document, r.documentCountry = g.fill("@@#######"), owner
		r.tag = "blank"
		g.records = append(g.records, r)
	}
	g.troubled()
}

// record returns the record of a vehicle.
func (g *gen) record(owner string, w vehicle) record {
	r := g.other(owner, w.typ, w.make)
	r.vin, r.modelYear, r.colour = w.vin.String(), w.year(), w.colour
	if g.rand.IntN(7) > 0 {
		r.plate, r.plateCountry = w.plate, w.plateCountry
		if r.plateCountry == "DE" && g.rand.IntN(3) == 0 {
			r.plateCountry = "D" // the sign on the car
		}
	}
	if g.rand.IntN(5) == 0 {
		r.engine = w.engine
	}
	return r
}

// other returns a record that has no number yet.
func (g *gen) other(owner, typ, make string) record {
	stolen := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, g.rand.IntN(2350))
	return record{
		owner: owner, id: g.id(owner), version: strconv.Itoa(1 + g.rand.IntN(3)),
		typ: typ, make: make, colour: pick(g, colours), status: pick(g, statuses),
		stolen: stolen.Format(time.DateOnly), tag: pick(g, tagLists),
	}
}

// troubled adds the rows that make trouble: some can be read in part, some not
// at all, and some are newer versions of others.
func (g *gen) troubled() {
	for _, i := range g.listed[100:110] { // found, and reported again
		r := g.records[i]
		v, _ := strconv.Atoi(r.version)
		r.version, r.status = strconv.Itoa(v+1), "recovered"
		g.records = append(g.records, r)
	}
	again := g.records[g.listed[111]] // the same twice, and another account of it
	g.records = append(g.records, again)
	again.make, again.colour = "", "unknown"
	g.records = append(g.records, again)
	row := func(change func(r *record)) {
		owner := pick(g, issuers)
		w := g.vehicle(owner)
		r := g.record(owner, w)
		r.plate, r.plateCountry = w.plate, owner
		change(&r)
		g.records = append(g.records, r)
	}
	row(func(r *record) { r.status = "embezzled" })                            // no name for it: other
	row(func(r *record) { r.typ = "quad" })                                    // the same
	row(func(r *record) { r.stolen = r.stolen + "T21:40:00+02:00" })           // a moment: its date
	row(func(r *record) { r.stolen = "14/02/2024" })                           // which is the month?
	row(func(r *record) { r.modelYear = "20O8" })                              // a letter O
	row(func(r *record) { r.plateCountry = "XX" })                             // no country
	row(func(r *record) { r.vin = r.vin[:8] + "O" + r.vin[9:] })               // not a VIN
	row(func(r *record) { r.vin = "UNKNOWN" })                                 // but the plate stays
	row(func(r *record) { r.vin = "PARTIAL " + r.vin[11:] })                   // the same
	row(func(r *record) { r.version = "second" })                              // counts as none
	row(func(r *record) { r.make = `Land Rover "Defender", 110` })             // quotes and a comma
	row(func(r *record) { r.vin, r.plate, r.engine = "N/A", "-", "" })         // nothing to find it by
	row(func(r *record) { r.owner = "South Ruritania, Police" })               // no token
	row(func(r *record) { r.raw = strings.Join(r.cells()[:12], ",") + ",\"" }) // an open quote
	row(func(r *record) { r.raw = strings.Join(r.cells(), ",") + ",x" })       // a cell too many
}

// sloppy writes a VIN as people do.
func sloppy(g *gen, v string) string {
	switch g.rand.IntN(4) {
	case 0:
		return strings.ToLower(v)
	case 1:
		return fmt.Sprintf("%s %s %s %s", v[:3], v[3:9], v[9:11], v[11:])
	case 2:
		return v[:3] + "-" + v[3:9] + "-" + v[9:]
	}
	return "VIN: " + v
}

// clean undoes sloppy.
func clean(v string) string {
	v = strings.TrimPrefix(v, "VIN: ")
	return strings.ToUpper(separators.Replace(v))
}

var separators = strings.NewReplacer(" ", "", "-", "", "·", "")

// other returns one of a list that is not the given one.
func other(g *gen, list []string, not string) string {
	for {
		if s := pick(g, list); s != not {
			return s
		}
	}
}
