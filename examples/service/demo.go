package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/api"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A demo is a made-up register: some vehicles of a world, most of which is not
// listed. Equal sizes give equal registers.
type demo struct {
	n     int
	world *vintest.Population
}

// perListed is how many vehicles of the world there are for each that is listed.
const perListed = 100

func newDemo(n int) *demo {
	return &demo{n, vintest.NewPopulation(7, vintest.DefaultMix).Shuffled(uint64(n) * perListed)}
}

// records are the register's.
func (d *demo) records(yield func(index.Record, error) bool) {
	for i := range d.n {
		if !yield(d.record(i), nil) {
			return
		}
	}
}

// forms are common forms of plates: # is a digit, @ a letter.
var forms = []struct{ country, form string }{
	{"FR", "@@-###-@@"},
	{"DE", "B-@@ ####"},
	{"IT", "@@ ###@@"},
	{"ES", "#### @@@"},
	{"PL", "W@ #####"},
	{"NL", "@@-###-@"},
	{"GB", "@@## @@@"},
	{"US", "#@@@###"},
	{"MX", "@@@-##-##"},
	{"JP", "品川 ### @ ##-##"},
}

var (
	colours  = []string{"black", "white", "grey", "silver", "blue", "red", "green", "yellow"}
	statuses = []index.Status{index.Stolen, index.Stolen, index.Stolen, index.Stolen, index.Wanted, index.Suspicious, index.Recovered}
)

func (d *demo) record(i int) index.Record {
	r := rand.New(rand.NewPCG(7, uint64(i)))
	v := d.world.At(uint64(i))
	info := v.Decode()
	from := forms[r.IntN(len(forms))]
	text := strings.Map(func(c rune) rune {
		switch c {
		case '#':
			return '0' + rune(r.IntN(10))
		case '@':
			return rune("ABCDEFGHJKLMNPRSTVWXYZ"[r.IntN(22)])
		}
		return c
	}, from.form)
	rec := index.Record{
		Owner: from.country, ID: fmt.Sprintf("%d-%06d", 2020+i%6, i), Version: 1, VIN: v,
		Make: info.Manufacturer, ModelYear: info.ModelYear, Type: index.Car,
		Colour: colours[r.IntN(len(colours))], Status: statuses[r.IntN(len(statuses))],
		Stolen: time.Date(2020+i%6, 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC),
	}
	if makes := info.Makes(); len(makes) > 0 {
		rec.Make = makes[0]
	}
	if t := index.ParseType(info.VehicleType); t == index.Truck || t == index.Bus || t == index.Motorcycle || t == index.Trailer {
		rec.Type = t
	}
	rec.Plate, _ = plate.Parse(from.country, text)
	return rec
}

// misread exchanges one character of a VIN for one that looks like it, from the
// end. An O in the place of a 0 makes it no VIN at all.
func misread(v vin.VIN, from, to string) (string, bool) {
	text := []byte(v.String())
	for i := len(text) - 1; i >= 0; i-- {
		if k := strings.IndexByte(from, text[i]); k >= 0 {
			text[i] = to[k]
			return string(text), true
		}
	}
	return "", false
}

// examples are numbers to try on the page.
func (d *demo) examples() []api.Example {
	var list []api.Example
	add := func(label string, k index.Kind, text string) {
		list = append(list, api.Example{Label: label, Kind: k, Text: text})
	}
	if d.n < 100 {
		return nil
	}
	listed := d.world.At(3)
	add("listed", index.KindVIN, listed.String())
	for i := 4; i < d.n; i++ {
		v := d.world.At(uint64(i))
		if v.CheckRule() != vin.CheckRequired {
			continue
		}
		if text, ok := misread(v, "8B5S", "B8S5"); ok {
			add("one character misread", index.KindVIN, text)
			break
		}
	}
	for i := 50; i < d.n; i++ {
		if text, ok := misread(d.world.At(uint64(i)), "0", "O"); ok {
			add("an O for a zero", index.KindVIN, text)
			break
		}
	}
	add("the last seven only", index.KindVIN, d.world.At(60).String()[10:])
	add("a plate", index.KindPlate, d.record(70).Plate.Text())
	add("not listed", index.KindVIN, d.world.At(uint64(d.n)+5).String())
	return list
}
