package workload

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/vin"
)

// A Form is a way in which a VIN may be known in part.
type Form struct {
	Name  string // in small letters and dashes, as in "last-six"
	Title string // for a person
	// lose returns the text of a pattern of what remains known of v.
	lose func(rng *rand.Rand, v string) string
}

// Forms are all of them, the most frequent ones first.
var Forms = []Form{
	{"last-six", "the last six", func(_ *rand.Rand, v string) string { return "*" + v[11:] }},
	{"wmi-last-four", "WMI and last four", func(_ *rand.Rand, v string) string { return v[:3] + "*" + v[13:] }},
	{"eight-last-four", "first eight and last four", func(_ *rand.Rand, v string) string { return v[:8] + "*" + v[13:] }},
	{"two-unknown", "last six, two of them unknown", func(rng *rand.Rand, v string) string { return "*" + drop(rng, v[11:], 2) }},
	{"fragment-six", "six in a row, somewhere", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 6) + "*" }},
	{"fragment-four", "four in a row, somewhere", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 4) + "*" }},
	{"two-fragments", "two fragments of three", func(rng *rand.Rand, v string) string {
		return "*" + run(rng, v[:8], 3) + "*" + run(rng, v[9:], 3) + "*"
	}},
	{"absent-fragment", "a fragment that nobody has", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 3) + "XYW*" }},
	{"prefix", "the first 3 to 14", func(rng *rand.Rand, v string) string { return v[:3+rng.IntN(12)] + "*" }},
	{"look-alikes", "one of five at one place", func(rng *rand.Rand, v string) string {
		at := rng.IntN(vin.Len)
		return v[:at] + "[8B5S" + v[at:at+1] + "]" + v[at+1:]
	}},
	{"six-anywhere", "any six of the 17", func(rng *rand.Rand, v string) string { return drop(rng, v, 11) }},
	{"four-anywhere", "any four of the 17", func(rng *rand.Rand, v string) string { return drop(rng, v, 13) }},
	{"last-one", "the last one", func(_ *rand.Rand, v string) string { return "*" + v[16:] }},
}

// drop makes n symbols unknown.
func drop(rng *rand.Rand, v string, n int) string {
	b := []byte(v)
	for _, i := range rng.Perm(len(b))[:n] {
		b[i] = '?'
	}
	return string(b)
}

// run returns n symbols that stand together.
func run(rng *rand.Rand, v string, n int) string {
	at := rng.IntN(len(v) - n + 1)
	return v[at : at+n]
}

// Patterns returns n patterns of a form, each of a listed vehicle.
func (w *World) Patterns(f Form, n int) []vin.Pattern {
	rng := w.random(streamPatterns)
	patterns := make([]vin.Pattern, n)
	for i := range patterns {
		patterns[i] = mustPattern(f.lose(rng, w.VIN(rng.IntN(w.listed)).String()))
	}
	return patterns
}

// AnyPatterns returns n patterns, each of a listed vehicle, that leave out some
// of what is known of it: symbols, runs of them, and where they stand.
func (w *World) AnyPatterns(n int) []vin.Pattern {
	rng := w.random(streamPatterns)
	var patterns []vin.Pattern
	for len(patterns) < n {
		// Some texts leave out all there is, which is no pattern.
		if p, err := vin.ParsePattern(leaveOut(rng, w.VIN(rng.IntN(w.listed)))); err == nil {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func leaveOut(rng *rand.Rand, v vin.VIN) string {
	var places []string
	known := rng.IntN(10)
	for _, c := range v.Bytes() {
		switch {
		case rng.IntN(10) < known:
			places = append(places, string(c))
		case rng.IntN(8) == 0:
			places = append(places, "["+string(c)+"8B0D]")
		default:
			places = append(places, "?")
		}
	}
	for range rng.IntN(4) {
		from := rng.IntN(len(places) + 1)
		to := from + rng.IntN(len(places)-from+1)
		places = slices.Concat(places[:from], []string{"*"}, places[to:])
	}
	return strings.Join(places, "")
}

// mustPattern parses a text that this package made.
func mustPattern(text string) vin.Pattern {
	p, err := vin.ParsePattern(text)
	if err != nil {
		panic("workload: a form that is no pattern: " + err.Error())
	}
	return p
}
