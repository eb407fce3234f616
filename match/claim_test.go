package match_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

func TestSameMake(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
		why  string
	}{
		{"BMW", "bmw", true, "case"},
		{"MERCEDES BENZ", "Mercedes-Benz", true, "punctuation"},
		{"MERCEDES", "Mercedes-Benz", true, "first word"},
		{"Mercedes-Benz AG", "MB", true, "abbreviation"},
		{"VW", "VOLKSWAGEN AG", true, "abbreviation, company form"},
		{"CITROËN", "Citroen", true, "marks"},
		{"Škoda", "SKODA", true, "marks"},
		{"CHEV", "Chevrolet", true, "code of a police system"},
		{"TOYT", "Toyota", true, "code that is no beginning"},
		{"Range Rover", "LAND ROVER", true, "model sold as a make"},
		{"Vauxhall", "Opel", true, "one car, two countries"},
		{"Lexus", "Toyota", true, "one maker"},
		{"Infiniti", "Datsun", true, "two makes of a third"},
		{"ЛАДА", "лада", true, "other scripts compare by themselves"},
		{"Volvo", "Volkswagen", false, "three letters in common"},
		{"VO", "Volvo", false, "two letters abbreviate nothing"},
		{"BMW", "VW", false, ""},
		{"Rover", "Land Rover", false, "two makes"},
		{"", "BMW", false, "silence is not agreement"},
		{"---", "BMW", false, "silence is not agreement"},
	} {
		if got := match.SameMake(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %v (%s)", tt.a, tt.b, got, tt.why)
		}
		if got := match.SameMake(tt.b, tt.a); got != tt.want {
			t.Errorf("%q and %q: %v (%s)", tt.b, tt.a, got, tt.why)
		}
	}
}

func TestMakesVIN(t *testing.T) {
	for _, tt := range []struct {
		vin, make string
		want      bool
		why       string
	}{
		{accord, "Honda", true, "make"},
		{accord, "ACURA", true, "the maker's other make"},
		{accord, "American Honda Motor", true, "the maker"},
		{accord, "Hon", true, "abbreviation"},
		{golf, "VW", true, "abbreviation"},
		{golf, "V.W.", true, "abbreviation, punctuated"},
		{golf, "Volkswagen AG", true, "the maker"},
		{golf, "Audi", false, "another maker of the group has its own code"},
		{golf, "BMW", false, ""},
		{"1C4PJMBN0PD109492", "Ram", true, "one code, many makes"},
		{"1C4PJMBN0PD109492", "JEEP", true, "one code, many makes"},
		{"1C4PJMBN0PD109492", "Ford", false, "none of them"},
		{"TMBZZZ1Z0A2000001", "SKODA", true, "the maker's name holds the make, with a mark"},
		{"VF7ZZZ1Z0A2000001", "citroen", true, "with a mark"},
		{"SKFZZZ1Z0A2000001", "Ford", false, "Bedford is another word"},
		{"SKFZZZ1Z0A2000001", "BEDFORD", true, "first word of the maker's name"},
		{"SEDZZZ1Z0A2000001", "Bedford", true, "a later word"},
		{"XTAZZZ1Z0A2000001", "LADA", true, "AvtoVAZ"},
		{"VSSZZZ1Z0A2000001", "Cupra", true, "a make younger than the code"},
	} {
		if got := match.MakesVIN(vin.MustParse(tt.vin), tt.make); got != tt.want {
			t.Errorf("%.3s and %s: %v (%s)", tt.vin, tt.make, got, tt.why)
		}
	}
}

// TestNoMake claims makes that say nothing: no ground for a conflict, nor for
// agreement.
func TestNoMake(t *testing.T) {
	honda := withVIN(accord)
	honda.Make = "Honda"
	for _, name := range []string{
		"N/A", "UNKNOWN", "none", "unbekannt", "Inconnue", "OTHER", "sonstige", "---", "?", "XXX", "ХОНДА", "本田",
	} {
		if r := (&match.Document{Claim: match.Claim{Make: name}}).Check(vin.MustParse(accord)); len(r) > 0 {
			t.Errorf("%s: %v", name, r)
		}
		unnamed := honda
		unnamed.Make = name
		for _, tt := range []struct {
			record index.Record
			claim  string
			says   bool
		}{
			{honda, name, false},
			{withVIN(accord), name, false},
			{unnamed, "Honda", name != "ХОНДА" && name != "本田"}, // as the maker of the VIN
		} {
			r := ask(t, register(t, tt.record), claiming(read(index.KindVIN, accord), match.Claim{Make: tt.claim}))
			if len(r.Remarks) > 0 || len(r.Findings) != 1 {
				t.Fatalf("%s: %v", name, brief(r))
			}
			said := slices.ContainsFunc(r.Findings[0].Evidence, func(e match.Evidence) bool { return e.Code == match.EvidenceClaimMake })
			if said != tt.says {
				t.Errorf("paper says %s, record %s: %v", tt.claim, tt.record.Make, brief(r))
			}
		}
		if match.SameMake(name, name) != (name == "ХОНДА" || name == "本田") {
			t.Errorf("%s twice: agrees %v", name, match.SameMake(name, name))
		}
	}
}

func TestAgreeColours(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"red", "RED", "agrees"},
		{"grey", "gray", "agrees"},
		{"silver", "grey", "near"},
		{"maroon", "red", "near"},
		{"black", "white", "contradicts"},
		{"schwarz", "schwarz", "agrees"},
		{"schwarz", "black", "silent"},
		{"", "black", "silent"},
		{"midnight", "white", "silent"},
		{"gold", "yellow", "near"},
		{"beige", "ivory", "near"},
		{"turquoise", "green", "near"},
		{"orange", "red", "near"},
		{"pink", "violet", "near"},
		{"brown", "green", "contradicts"},
		{"weiß", "WEISS", "silent"},
	} {
		if got := match.AgreeColours(tt.a, tt.b); got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.a, tt.b, got, tt.want)
		}
		if got := match.AgreeColours(tt.b, tt.a); got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestAgreeTypes(t *testing.T) {
	for _, tt := range []struct {
		a, b index.Type
		want string
	}{
		{index.Car, index.Car, "agrees"},
		{index.Car, index.Motorcycle, "contradicts"},
		{index.Trailer, index.Caravan, "near"},
		{index.Industrial, index.Agricultural, "near"},
		{index.NoType, index.Car, "silent"},
		{index.OtherType, index.Car, "silent"},
		{index.Component, index.Car, "silent"}, // an engine is not a vehicle, but stands in one
		{index.PlateOnly, index.Truck, "silent"},
	} {
		if got := match.AgreeTypes(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %s, want %s", tt.a, tt.b, got, tt.want)
		}
		if got := match.AgreeTypes(tt.b, tt.a); got != tt.want {
			t.Errorf("%v and %v: %s, want %s", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestContradictsType(t *testing.T) {
	const (
		car     = "1HGZZZZZZZZZZZZZZ" // North America: the code says what it is
		truck   = "1FTZZZZZZZZZZZZZZ"
		bus     = "1BAZZZZZZZZZZZZZZ"
		mpv     = "1FMZZZZZZZZZZZZZZ"
		cycle   = "1HDZZZZZZZZZZZZZZ"
		trailer = "1GRZZZZZZZZZZZZZZ"
		euroCar = "WVWZZZ1JZ3W386752" // elsewhere one code covers most
		unknown = "YZZZZZ00000000001"
	)
	for _, tt := range []struct {
		claimed index.Type
		vin     string
		want    bool
		why     string
	}{
		{index.Car, car, false, ""},
		{index.Car, mpv, false, "people call them cars"},
		{index.Car, truck, true, "the code says truck"},
		{index.Car, bus, true, ""},
		{index.Car, cycle, true, ""},
		{index.Car, trailer, true, ""},
		{index.Truck, truck, false, ""},
		{index.Truck, car, true, "the code says car"},
		{index.Truck, euroCar, false, "the code says little"},
		{index.Truck, trailer, true, ""},
		{index.Bus, mpv, false, "small buses are"},
		{index.Bus, car, true, "the code says car"},
		{index.Bus, euroCar, false, "the code says little"},
		{index.Bus, cycle, true, ""},
		{index.Motorcycle, cycle, false, ""},
		{index.Motorcycle, euroCar, true, "another kind of machine anywhere"},
		{index.Trailer, trailer, false, ""},
		{index.Trailer, truck, true, ""},
		{index.Caravan, trailer, false, "drawn"},
		{index.Caravan, truck, false, "driven"},
		{index.Caravan, cycle, true, ""},
		{index.Car, unknown, false, "nobody knows"},
		{index.NoType, cycle, false, "nothing is claimed"},
		{index.Agricultural, car, false, "makers of cars build them too"},
	} {
		v := vin.MustParse(tt.vin)
		if got := match.ContradictsType(tt.claimed, v); got != tt.want {
			t.Errorf("%v against %s (%s): %v (%s)", tt.claimed, tt.vin[:3], v.Decode().VehicleType, got, tt.why)
		}
	}
}

// TestRemarksRepeatNoNumber puts numbers where names belong.
func TestRemarksRepeatNoNumber(t *testing.T) {
	for _, number := range []string{golf, "WVW ZZZ 1JZ 3W3 867 52", "AB-123-CD", "AB123CD"} {
		d := match.Document{Claim: match.Claim{Make: number}, Plant: number}
		remarks := d.Check(vin.MustParse(accord))
		for _, text := range []string{"AB123CD", "AB12?CD"} {
			remarks = append(remarks, ask(t, register(t), readIn(index.KindPlate, number, text)).Remarks...)
		}
		if len(remarks) != 5 { // one of them on the part of a plate
			t.Errorf("%d remarks: %v", len(remarks), remarks)
		}
		for _, r := range remarks {
			if strings.Contains(r.Text, number) || strings.Contains(r.Text, "67 52") {
				t.Errorf("%s: %s", r.Code, r.Text)
			}
		}
	}
	for _, name := range []string{"Peugeot 206", "Ford", "Mercedes-Benz 190"} {
		r := (&match.Document{Claim: match.Claim{Make: name}}).Check(vin.MustParse(accord))
		if len(r) != 1 || !strings.Contains(r[0].Text, name) {
			t.Errorf("%s: %v", name, r)
		}
	}
}
