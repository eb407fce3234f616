package vintest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// DifferOptions bound the work of [Differ].
type DifferOptions struct {
	Seed uint64
	// Inputs is how many inputs are tried; 0: 200,000, some seconds' work of
	// a fast parser.
	Inputs int
}

// A Difference is an input on which two parsers disagree: one accepts it and
// the other does not, they return different texts for it, or one panics. Errors
// are all alike.
type Difference struct {
	Input string // minimal: see Differ
	Found string // as it was found
	Why   string // why Found was tried
	A, B  Outcome
}

// String shows the input and both outcomes.
func (d Difference) String() string {
	return fmt.Sprintf("%s (%s, found as %s): A %v, B %v", quote(d.Input), d.Why, quote(d.Found), d.A, d.B)
}

// String says in words what the parser did.
func (o Outcome) String() string {
	switch {
	case o.Panic != nil:
		return fmt.Sprintf("panics: %v", o.Panic)
	case o.Err != nil:
		return fmt.Sprintf("refuses it: %v", o.Err)
	}
	return "returns " + quote(o.Text)
}

// Differ looks for an input on which two parsers disagree, and reports whether
// it found one. It tries what [TestParser] tries, then numbers of populations
// as every [Channel] reads them and hostile text, all determined by the seed.
//
// What it finds is made small: no part of the input can be left out, no
// character replaced by a plainer one, without the parsers agreeing or
// disagreeing in another way (delta debugging, Zeller and Hildebrandt 2002;
// the effort is bounded, so that of a very long input more may remain).
func Differ(a, b func(string) (string, error), o DifferOptions) (Difference, bool) {
	if o.Inputs == 0 {
		o.Inputs = 200_000
	}
	for _, part := range []iter.Seq2[string, string]{probes(), misreads(o.Seed)} {
		for text, why := range part {
			if o.Inputs--; o.Inputs < 0 {
				return Difference{}, false
			}
			how := compare(run(a, text), run(b, text))
			if how == agree {
				continue
			}
			d := Difference{Found: text, Why: why}
			d.Input = minimize(text, func(s string) bool { return compare(run(a, s), run(b, s)) == how })
			d.A, d.B = run(a, d.Input), run(b, d.Input)
			return d, true
		}
	}
	return Difference{}, false
}

// misreads yields numbers as each channel reads them, and hostile texts,
// without end.
func misreads(seed uint64) iter.Seq2[string, string] {
	return func(yield func(text, why string) bool) {
		people := NewPopulation(seed, DefaultMix)
		var readers []*Reader
		for _, c := range Channels {
			readers = append(readers, NewReader(seed, c, 1))
		}
		for text, why := range Hostile(seed) {
			if !yield(text, why) {
				return
			}
			for i, r := range readers {
				s, slip := r.Read(people.Next().String())
				if !yield(s, fmt.Sprintf("%v: %v", Channels[i], slip.Kind)) {
					return
				}
			}
		}
	}
}

// A disagreement is a way in which two outcomes differ.
type disagreement int

const (
	agree       disagreement = iota
	aPanics                  // and B does not
	bPanics                  // and A does not
	aAccepts                 // and B does not
	bAccepts                 // and A does not
	differently              // both accept
)

func compare(a, b Outcome) disagreement {
	switch {
	case a.Panic != nil && b.Panic != nil:
		return agree
	case a.Panic != nil:
		return aPanics
	case b.Panic != nil:
		return bPanics
	case a.Err == nil && b.Err != nil:
		return aAccepts
	case a.Err != nil && b.Err == nil:
		return bAccepts
	case a.Err == nil && a.Text != b.Text:
		return differently
	}
	return agree
}

// plain are the characters that minimize prefers, the plainest first.
const plain = "10Aa"

// minimize returns a text for which keep holds, as it does for s: as short and
// plain as can be found by leaving out parts and by replacing characters.
func minimize(s string, keep func(string) bool) string {
	effort := 1 << 25 // bytes given to keep
	try := func(units []string) bool {
		s := strings.Join(units, "")
		effort -= len(s) + 64
		return keep(s)
	}

	units := characters(s)
	for again := true; again && effort > 0; {
		again = false
		// Leave out parts: halves, quarters and so on down to characters.
		for size := (len(units) + 1) / 2; size > 0; size /= 2 {
			for i := 0; i+size <= len(units) && effort > 0; {
				if shorter := slices.Concat(units[:i], units[i+size:]); try(shorter) {
					units = shorter
					again = true
				} else {
					i += size
				}
			}
		}
		for i, was := range units {
			for _, c := range plain {
				if was == string(c) || effort <= 0 {
					break
				}
				units[i] = string(c)
				if try(units) {
					again = true
					break
				}
				units[i] = was
			}
		}
	}
	return strings.Join(units, "")
}

// characters cuts s into characters; a byte that is not UTF-8 is one.
func characters(s string) []string {
	var units []string
	for i := 0; i < len(s); {
		_, size := utf8.DecodeRuneInString(s[i:])
		units = append(units, s[i:i+size])
		i += size
	}
	return units
}
