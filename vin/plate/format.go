package plate

import (
	"math"
	"strings"
	"unicode"
)

// The formats of plates by country serve to propose and to rank. They come
// from lists made by others, many of them unofficial, so that a plate is never
// refused because it fits none.

// A format is one layout of the plates of a country.
type format struct {
	country country
	bits    float32 // log2 of how many plates it has room for
	// The parts in order, three bytes each: a number into charSets, and the
	// least and the greatest number of characters from it.
	parts string
}

const partLen = 3

// A charSet has a bit for each character allowed: ten digits, 26 letters, and
// the scripts of native letters.
type charSet = uint64

const (
	letterBit = 10 // of A
	scriptBit = 36 // of the first of scripts
)

// scripts are the scripts of native letters in formats.
var scripts = [...]*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Hangul, unicode.Arabic, unicode.Thai, unicode.Cyrillic, unicode.Bengali,
}

// setOf returns the set of one character; the empty set if no format has it.
func setOf(r rune) charSet {
	switch {
	case '0' <= r && r <= '9':
		return 1 << (r - '0')
	case 'A' <= r && r <= 'Z':
		return 1 << (letterBit + r - 'A')
	}
	for i, s := range scripts {
		if unicode.Is(s, r) {
			return 1 << (scriptBit + i)
		}
	}
	return 0
}

// formatsOf returns the formats of a country.
func formatsOf(c country) []format {
	lo, hi := 0, len(formats)
	for lo < hi {
		mid := (lo + hi) / 2
		if formats[mid].country < c {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for hi < len(formats) && formats[hi].country == c {
		hi++
	}
	return formats[lo:hi]
}

// Fits reports whether p has one of the formats known for its country. A plate
// that does not is no less a plate: there are older series, special ones, and
// countries whose formats are not known. It does not allocate.
func (p Plate) Fits() bool {
	_, ok := p.narrowest()
	return ok
}

// Bits returns the binary logarithm of the number of plates among which p is
// one, as a measure of how little a chance match is to be expected: that of
// the narrowest format of its country that it fits, and true. For a plate that
// fits none, it is what its digits and letters could spell, and false.
func (p Plate) Bits() (bits float64, fits bool) {
	if bits, ok := p.narrowest(); ok {
		return bits, true
	}
	for _, r := range p.Text() {
		if '0' <= r && r <= '9' {
			bits += log2Digit
		} else {
			bits += log2Letter // for want of better, of any script
		}
	}
	return bits, false
}

var log2Digit, log2Letter = math.Log2(10), math.Log2(26)

func (p Plate) narrowest() (bits float64, ok bool) {
	var buf [MaxText]charSet
	sets := p.sets(&buf)
	bits = math.Inf(1)
	for _, f := range formatsOf(p.country) {
		if float64(f.bits) < bits && fits(sets, f.parts) {
			bits, ok = float64(f.bits), true
		}
	}
	return bits, ok
}

// sets returns the set of each character of the text in buf.
func (p *Plate) sets(buf *[MaxText]charSet) []charSet {
	var runes [MaxText]rune
	text := p.runes(&runes)
	for i, r := range text {
		buf[i] = setOf(r)
	}
	return buf[:len(text)]
}

// fits reports whether the characters are a sequence of the parts. No format
// has more than a dozen parts or room for more than a few dozen characters,
// which bounds the ways to try.
func fits(chars []charSet, parts string) bool {
	if parts == "" {
		return len(chars) == 0
	}
	set, least, most := charSets[parts[0]], int(parts[1]), int(parts[2])
	n := 0
	for n < most && n < len(chars) && chars[n]&set != 0 {
		n++
	}
	for ; n >= least; n-- {
		if fits(chars[n:], parts[partLen:]) {
			return true
		}
	}
	return false
}

// Propose returns what p was perhaps meant to be, where p fits no format of
// its country and one repair makes it fit: exchanging digits and letters that
// look alike (0 O, 1 I, 2 Z, 5 S, 6 G, 8 B) where the format wants the other,
// or dropping the country's sign, such as RUS or GB, from either end. There
// must be no other repair with as few exchanges. Where plates draw the two
// alike, as in the United Kingdom, an exchange loses nothing; elsewhere it is a
// guess, to be looked up beside p and never instead.
func (p Plate) Propose() (Plate, bool) {
	known := formatsOf(p.country)
	if len(known) == 0 || p.n == 0 || p.Fits() {
		return Plate{}, false
	}
	s := proposer{chars: []rune(p.Text()), sets: p.sets(new([MaxText]charSet))}
	s.try = make([]rune, len(s.chars))
	s.fewest = len(s.chars)
	for _, f := range known {
		s.walk(0, f.parts, 0, 0)
	}
	for _, text := range p.withoutSign() {
		if q, ok := p.withText(text); ok && q.Fits() {
			s.add(text)
		}
	}
	if s.found != 1 {
		return Plate{}, false
	}
	return p.withText(s.text)
}

// A proposer looks for the repairs of a text with the fewest exchanges.
type proposer struct {
	chars  []rune
	sets   []charSet // of each
	try    []rune    // the repair being built
	fewest int       // exchanges of the repairs found, or a bound
	text   string    // one of them
	found  int       // how many; 2 stands for more
}

func (s *proposer) add(text string) {
	switch {
	case s.found == 0:
		s.text, s.found = text, 1
	case text != s.text:
		s.found = 2
	}
}

// walk tries the characters from i against the parts, of which the first has
// taken n already, each as it is and exchanged.
func (s *proposer) walk(i int, parts string, n, exchanges int) {
	if exchanges > s.fewest || exchanges == s.fewest && s.found > 1 {
		return
	}
	if parts == "" {
		if i == len(s.chars) {
			if exchanges < s.fewest {
				s.fewest, s.found = exchanges, 0
			}
			s.add(string(s.try))
		}
		return
	}
	set, least, most := charSets[parts[0]], int(parts[1]), int(parts[2])
	if n >= least {
		s.walk(i, parts[partLen:], 0, exchanges)
	}
	if n == most || i == len(s.chars) {
		return
	}
	if s.sets[i]&set != 0 {
		s.try[i] = s.chars[i]
		s.walk(i+1, parts, n+1, exchanges)
	}
	if c := exchanged(s.chars[i]); c != 0 && setOf(c)&set != 0 {
		s.try[i] = c
		s.walk(i+1, parts, n+1, exchanges+1)
	}
}

// exchanged returns the letter drawn like a digit, or the digit drawn like a
// letter; 0 if there is none.
func exchanged(r rune) rune {
	const pairs = "0O1I2Z5S6G8B"
	if i := strings.IndexRune(pairs, r); i >= 0 {
		return rune(pairs[i^1])
	}
	return 0
}

// withoutSign returns the text without a sign of the country before or behind it.
func (p Plate) withoutSign() (texts []string) {
	s := p.Text()
	signs := []string{p.Country()}
	for i := 0; i < len(otherCodes); i += recordLen {
		if otherCodes[i+codeLen:i+recordLen] == p.Country() {
			signs = append(signs, strings.TrimRight(otherCodes[i:i+codeLen], " "))
		}
	}
	for _, sign := range signs {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			texts = append(texts, rest)
		}
		if rest, ok := strings.CutSuffix(s, sign); ok {
			texts = append(texts, rest)
		}
	}
	return texts
}
