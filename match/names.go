package match

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/names"
	"github.com/vinmatch/vinmatch/vin"
)

// Names of makes and colours come as every office spells them: "VW",
// "Volkswagen AG", "MERCEDES BENZ", "CITROËN". They are compared folded: lower
// case, letters and digits only, letters without their marks.

// foldedLen is how much of a name is compared. Fields of national systems cut
// makes off far below it.
const foldedLen = 40

// A folded is a name as it is compared.
type folded struct {
	n    int
	text [foldedLen]byte
}

func (f *folded) bytes() []byte { return f.text[:f.n] }

// fold folds a name. It looks at no more of s than fills the result, however
// long s is.
func fold(s string) (f folded) {
	const window = 4 * foldedLen
	if len(s) > window {
		s = s[:window]
	}
	for _, r := range s {
		if r = names.Letter(r); r < 0 || f.n+utf8.RuneLen(r) > foldedLen {
			continue
		}
		f.n += utf8.EncodeRune(f.text[f.n:], r)
	}
	return f
}

// latin reports whether there is a Latin letter in it.
func (f *folded) latin() bool {
	return slices.ContainsFunc(f.bytes(), func(c byte) bool { return 'a' <= c && c <= 'z' })
}

// isNoMake reports whether a text names no make: nothing, or what is written where
// the make is not known or not on the list.
func isNoMake(s string) bool {
	f := fold(s)
	switch string(f.bytes()) {
	case "", "other", "others", "misc", "various", "unspecified", "andere", "sonstige", "sonstiges",
		"autre", "autres", "otro", "otra", "otros", "altro", "altri", "outro", "outros", "overig", "overige":
		return true
	}
	return vin.Classify(s) == vin.ClassPlaceholder
}

// canonicalMake maps the abbreviations and second names of makes that papers
// and police systems use to the make's usual name, folded.
func canonicalMake(name []byte) []byte {
	switch string(name) {
	case "vw", "volksw":
		return []byte("volkswagen")
	case "mb", "merz", "benz", "daimlerbenz", "mercedesamg":
		return []byte("mercedesbenz")
	case "chevy":
		return []byte("chevrolet")
	case "toyt":
		return []byte("toyota")
	case "rangerover", "lndr":
		return []byte("landrover")
	case "hd":
		return []byte("harleydavidson")
	case "bayerischemotorenwerke":
		return []byte("bmw")
	case "vaz", "avtovaz", "autovaz":
		return []byte("lada")
	}
	return name
}

// makerOf maps a make to another one under which the same maker's numbers are
// sold or registered, so that the two do not contradict each other.
func makerOf(name []byte) []byte {
	switch string(name) {
	case "acura":
		return []byte("honda")
	case "abarth":
		return []byte("fiat")
	case "alpina", "mini":
		return []byte("bmw")
	case "cupra":
		return []byte("seat")
	case "dacia":
		return []byte("renault")
	case "daewoo":
		return []byte("chevrolet")
	case "datsun", "infiniti":
		return []byte("nissan")
	case "ds", "dsautomobiles":
		return []byte("citroen")
	case "genesis":
		return []byte("hyundai")
	case "lexus", "scion":
		return []byte("toyota")
	case "maybach", "smart":
		return []byte("mercedesbenz")
	case "ram":
		return []byte("dodge")
	case "vauxhall":
		return []byte("opel")
	}
	return name
}

// shortest is how many characters of a name must agree for one name to be an
// abbreviation of the other.
const shortest = 3

// sameMake reports whether two folded names may be of one make: equal,
// abbreviated, or two makes of one maker.
func sameMake(a, b []byte) bool {
	a, b = canonicalMake(a), canonicalMake(b)
	return abbreviates(a, b) || abbreviates(b, a) || bytes.Equal(makerOf(a), makerOf(b))
}

// abbreviates reports whether short is name or the beginning of it.
func abbreviates(short, name []byte) bool {
	return bytes.Equal(short, name) || len(short) >= shortest && bytes.HasPrefix(name, short)
}

// namesMake reports whether a maker's full name, such as "AMERICAN HONDA MOTOR
// CO., INC.", has words that begin with the folded make.
func namesMake(maker string, name []byte) bool {
	name = canonicalMake(name)
	if len(name) < shortest {
		f := fold(maker)
		return bytes.Equal(canonicalMake(f.bytes()), name)
	}
	inWord := false
	for i, r := range maker {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if letter && !inWord {
			f := fold(maker[i:])
			if bytes.HasPrefix(f.bytes(), name) {
				return true
			}
		}
		inWord = letter
	}
	f := fold(maker)
	return bytes.Equal(canonicalMake(f.bytes()), name)
}

// A colour is a set of basic colours. Two names that people use for one and the
// same paint have a basic colour in common.
type colour uint16

const (
	white colour = 1 << iota
	black
	grey
	blue
	green
	red
	yellow
	brown
	orange
	violet
)

// colourOf returns the colour of a folded English name, 0 for one it does not
// know.
func colourOf(name []byte) colour {
	switch string(name) {
	case "white":
		return white
	case "ivory", "cream":
		return white | yellow
	case "black":
		return black
	case "grey", "gray":
		return grey
	case "silver":
		return grey | white
	case "anthracite":
		return grey | black
	case "blue":
		return blue
	case "turquoise":
		return blue | green
	case "green":
		return green
	case "red":
		return red
	case "maroon", "burgundy":
		return red | brown
	case "yellow":
		return yellow
	case "gold":
		return yellow | brown
	case "beige":
		return brown | white | yellow
	case "brown", "bronze":
		return brown
	case "orange":
		return orange | red | yellow
	case "violet", "purple":
		return violet
	case "pink":
		return violet | red
	}
	return 0
}
