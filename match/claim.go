package match

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// What a paper claims is checked twice: against the VIN that was read, which
// gives remarks on the query, and against each record that is found, which
// gives evidence. Where either side does not say, no statement is made.

// remarkClaims compares the paper with what the VIN of a read says.
func (r *Result) remarkClaims(read int, c *Claim, info *vin.Info) {
	if c.Make != "" && info.Manufacturer != "" && agreeMaker(info, c.Make) == contradicts {
		grade := Conflict
		if len(info.Makes()) == 0 {
			grade = Doubt // the maker may sell under names that the table lacks
		}
		r.remark(read, RemarkClaimMake, grade, "paper says %s, the VIN's maker is %s", repeated(c.Make), info.Manufacturer)
	}
	if c.ModelYear != 0 {
		years := yearsOf(info)
		if a := agreeYears(c.ModelYear, years); a == near || a == contradicts {
			grade := Note // papers often give the year of first registration
			if a == contradicts {
				grade = Doubt
				if info.CheckRule == vin.CheckRequired {
					grade = Conflict // the law that demands the digit demands the year
				}
			}
			r.remark(read, RemarkClaimModelYear, grade, "paper says %d, the VIN's model year is %s", c.ModelYear, yearsText(years))
		}
	}
	if c.Country != "" {
		if country, ok := plate.ParseCountry(c.Country); ok && info.Country != "" && country != info.Country {
			grade := Doubt // the code names the maker's seat, which need not be the factory's
			if info.LegacyCountry != "" {
				grade = Note // the code has changed hands
			}
			r.remark(read, RemarkClaimCountry, grade, "paper says %s, the VIN's country is %s", country, info.CountryName)
		}
	}
	if contradictsType(c.Type, info) {
		r.remark(read, RemarkClaimType, Doubt, "paper says %s, the VIN's maker builds under this code: %s", c.Type, info.VehicleType)
	}
	r.remarkSerialForm(read, c.Type, info)
}

// shownLen bounds what is repeated of a text that came with the query.
const shownLen = 40

// repeated is a text that came with the query as a remark repeats it: of what may
// be a number of a vehicle in the wrong field, the beginning.
func repeated(s string) string {
	s = shown(s)
	digits, number := 0, false
	for word := range strings.FieldsSeq(s) {
		had := digits
		for _, r := range word {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		number = number || digits > had && len(word) > 5
	}
	if r := []rune(s); number || digits > 3 {
		return string(r[:min(3, len(r))]) + "..."
	}
	return s
}

// shown is a text that came with the query as evidence repeats it.
func shown(s string) string {
	if len(s) > shownLen {
		n := shownLen
		for n > 0 && s[n]&0xC0 == 0x80 {
			n--
		}
		s = s[:n]
	}
	return s
}

// makesVIN reports whether the maker of a VIN builds the claimed make.
func makesVIN(info *vin.Info, claimed string) bool {
	if info.HasMake(claimed) {
		return true
	}
	name := fold(claimed)
	if name.n > 0 && namesMake(info.Manufacturer, name.bytes()) {
		return true
	}
	for _, m := range info.Makes() {
		own := fold(m)
		if sameMake(own.bytes(), name.bytes()) {
			return true
		}
	}
	maker := fold(info.Manufacturer)
	return sameMake(maker.bytes(), name.bytes())
}

// yearsOf returns the model years that a VIN can be of, none where its symbol
// for the year is probably none.
func yearsOf(info *vin.Info) []int {
	if info.Remarks.Has(vin.NoYearCode | vin.ImpossibleYear) {
		return nil
	}
	return info.ModelYears()
}

// yearsText lists years for a person: "1988 or 2018".
func yearsText(years []int) string {
	var b []byte
	for i, y := range years {
		if i > 0 {
			b = append(b, " or "...)
		}
		b = strconv.AppendInt(b, int64(y), 10)
	}
	return string(b)
}

// contradictsType reports whether a claimed type cannot be what the WMI stands
// for. Outside North America one WMI covers most of what a maker builds, so
// that only a different kind of machine counts there; 49 CFR 565.15(a) makes
// the first section identify the type.
func contradictsType(t index.Type, info *vin.Info) bool {
	v := info.VehicleType
	if v == "" {
		return false
	}
	strict := info.CheckRule == vin.CheckRequired
	switch t {
	case index.Car:
		return v == "Motorcycle" || v == "Trailer" || v == "Bus" || strict && v == "Truck"
	case index.Truck:
		return v == "Motorcycle" || v == "Trailer" || strict && v == "Car"
	case index.Bus:
		return v == "Motorcycle" || v == "Trailer" || strict && v == "Car"
	case index.Motorcycle:
		return v != "Motorcycle" && v != "OffRoad" && v != "LSV"
	case index.Trailer:
		return v != "Trailer" && v != "Incomplete"
	case index.Caravan: // drawn or driven
		return v == "Motorcycle"
	}
	return false
}

// An agreement is what two statements about one fact make of each other.
type agreement uint8

const (
	silent agreement = iota // one side does not say
	agrees
	near // differs as honest papers do
	contradicts
)

// agreeYears compares a claimed model year with the possible ones.
func agreeYears(claimed int, years []int) agreement {
	if claimed == 0 || len(years) == 0 {
		return silent
	}
	if slices.Contains(years, claimed) {
		return agrees
	}
	for _, y := range years {
		if claimed-y == 1 || y-claimed == 1 {
			return near
		}
	}
	return contradicts
}

func agreeMakes(a, b string) agreement {
	fa, fb := fold(a), fold(b)
	same := sameMake(fa.bytes(), fb.bytes())
	switch { // isNoMake last: it takes twenty times as long as the rest
	case fa.n == 0 || fb.n == 0:
		return silent
	case !same && (!fa.latin() || !fb.latin()): // perhaps one make in two scripts
		return silent
	case isNoMake(a) || fa != fb && isNoMake(b):
		return silent
	case same:
		return agrees
	}
	return contradicts
}

// agreeMaker compares a claimed make with the maker of a VIN.
func agreeMaker(info *vin.Info, claimed string) agreement {
	name := fold(claimed)
	switch {
	case makesVIN(info, claimed):
		return agrees
	case !name.latin() || isNoMake(claimed):
		return silent
	}
	return contradicts
}

func agreeColours(a, b string) agreement {
	fa, fb := fold(a), fold(b)
	ca, cb := colourOf(fa.bytes()), colourOf(fb.bytes())
	switch {
	case fa.n == 0 || fb.n == 0:
		return silent
	case fa == fb || ca == cb && ca != 0:
		return agrees
	case ca == 0 || cb == 0: // another language, or metal flake midnight
		return silent
	case ca&cb != 0:
		return near
	}
	return contradicts
}

func agreeTypes(a, b index.Type) agreement {
	named := func(t index.Type) bool { return index.Car <= t && t <= index.Boat }
	switch {
	case !named(a) || !named(b):
		return silent
	case a == b:
		return agrees
	case min(a, b) == index.Trailer && max(a, b) == index.Caravan,
		min(a, b) == index.Agricultural && max(a, b) == index.Industrial:
		return near
	}
	return contradicts
}

// claimEvidence appends what the paper says beside what the record says.
// See weights.go for the weights.
func claimEvidence(dst []Evidence, c *Claim, rec *index.Record, weigh weighing) []Evidence {
	if *c == (Claim{}) {
		return dst
	}
	add := func(code EvidenceCode, a agreement, w claimWeights, what, read, listed string) {
		if a == silent {
			return
		}
		e := Evidence{Code: code, Read: read, Listed: listed}
		switch a {
		case agrees:
			e.Weight, e.Text = w.agrees, what+": paper and record both say "+listed
			if read != listed {
				e.Text = what + ": paper says " + read + ", which agrees with the listed " + listed
			}
		case near:
			e.Text = what + ": paper says " + read + ", listed " + listed
		case contradicts:
			e.Weight, e.Text = w.contradicts, what+": paper says "+read+", but listed "+listed
		}
		if weigh == weighNone || weigh == weighAgainst && a == agrees && code != EvidenceClaimColour {
			e.Weight = 0
		}
		dst = append(dst, e)
	}
	info := rec.VIN.Decode() // speaks where the record does not
	maker, a := rec.Make, agreeMakes(c.Make, rec.Make)
	if a == silent && c.Make != "" && info.Manufacturer != "" && isNoMake(maker) {
		maker, a = info.Manufacturer, agreeMaker(&info, c.Make)
	}
	add(EvidenceClaimMake, a, makeWeights, "make", shown(c.Make), maker)
	years := []int{rec.ModelYear}
	if rec.ModelYear == 0 {
		years = yearsOf(&info)
	}
	add(EvidenceClaimModelYear, agreeYears(c.ModelYear, years), yearWeights,
		"model year", strconv.Itoa(c.ModelYear), yearsText(years))
	if country, ok := plate.ParseCountry(c.Country); ok && info.Country != "" {
		a := agrees
		if info.Country != country {
			a = contradicts
		}
		add(EvidenceClaimCountry, a, countryWeights, "country", country, info.Country)
	}
	add(EvidenceClaimType, agreeTypes(c.Type, rec.Type), typeWeights, "type", c.Type.String(), rec.Type.String())
	add(EvidenceClaimColour, agreeColours(c.Colour, rec.Colour), colourWeights, "colour", shown(c.Colour), rec.Colour)
	return dst
}
