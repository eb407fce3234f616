package vintest

import "fmt"

// Shapes are the patterns that numbers are built by, each with an example.
func Shapes() map[string][]string {
	m := make(map[string][]string)
	all := append(append(append([]shape{usShape, usTruckShape, importShape}, europeanShapes...), otherShapes...), chineseShapes...)
	for _, s := range all {
		m[s.pattern] = append(m[s.pattern], s.example)
	}
	return m
}

// Prefixes returns positions 1-8 and the year code of every US market prefix.
func Prefixes() map[string]bool {
	m := make(map[string]bool)
	for _, l := range usLines() {
		for _, d := range l.descs {
			m[string(l.text[:3])+string(d[:5])+string(l.text[9])] = true
		}
	}
	return m
}

// Permute exposes the bijection behind Shuffled.
func Permute(n, key uint64) func(uint64) uint64 {
	p := newPermutation(n, key)
	return p.at
}

// Check returns the failures of a parser as breach and message.
func Check(parse func(string) (string, error), o Options) (breaches, messages []string) {
	for _, f := range check(parse, o) {
		breaches = append(breaches, string(f.breach))
		messages = append(messages, fmt.Sprint(f))
	}
	return breaches, messages
}

// The oracle.
var (
	Fold       = fold
	CheckDigit = checkDigit
	Fault      = fault
	Legalize   = legalize
	Minimize   = minimize
)

// MixOf returns the share of each kind of error of a channel, of 1.
func MixOf(c Channel) map[SlipKind]float64 {
	total := 0
	for _, s := range mixes[c] {
		total += s.share
	}
	m := make(map[SlipKind]float64)
	for _, s := range mixes[c] {
		m[s.kind] = float64(s.share) / float64(total)
	}
	return m
}
