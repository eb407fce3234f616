package plate

import (
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Pattern is a plate of which not every character is known: the text of a
// plate in which these stand for characters.
//
//	?     one character
//	#     one digit
//	[8B]  one of these characters
//	*     any number of characters, or none
//
// Pattern is a value: copy it, compare it with ==; patterns of the same
// canonical text and country are equal. The zero Pattern matches nothing.
type Pattern struct {
	country country
	text    string // canonical: see ParsePattern
}

// ParsePattern reads a pattern as people write it. What stands between the
// wildcards, and in sets, is read as [Parse] reads it under the rules of the
// country: separators are dropped and native letters become those of plates.
// Wildcards may be in full width. A traditional ideograph behind a wildcard is
// both itself and the simplified one that provinces of China are read as. The
// country is what [ParseCountry] takes; if it is empty, the pattern is for plates
// of any country and of none.
//
// The canonical text has the characters of a set in order and once, a set of
// one as that character, and ? before * where they stand together. The Latin
// letters of a Saudi plate run against the Arabic ones, so that for patterns
// of Arabic letters the order must be certain: a ? beside them is one of the
// three letters, and fewer than three beside a * are refused.
//
// The error is an [*Error] with the position of what is malformed, or of kind
// [TooLong] for what no plate is long enough to match.
func ParsePattern(country, s string) (p Pattern, err error) {
	if country != "" {
		c, ok := parseCountry(country)
		if !ok {
			return Pattern{}, &Error{Kind: UnknownCountry}
		}
		p.country = c
	}
	elems, err := readElements(p.country, s)
	if err != nil {
		return Pattern{}, err
	}
	if p.country == saudiArabia {
		if err := reverseArabic(elems); err != nil {
			return Pattern{}, err
		}
	}
	var b strings.Builder
	least := 0 // bytes of the shortest text that matches
	for _, e := range inOrder(elems) {
		least += e.least()
		if least > MaxText {
			return Pattern{}, &Error{Kind: TooLong, Pos: e.pos}
		}
		e.appendTo(&b)
	}
	p.text = b.String()
	return p, nil
}

// An element is one place of a pattern.
type element struct {
	wild rune   // one of ?#*, or 0 for one of set
	set  []rune // in order, each once
	pos  int    // where it began, in characters from 1
}

// least returns the fewest bytes that the element matches.
func (e element) least() int {
	switch e.wild {
	case '*':
		return 0
	case 0:
		return utf8.RuneLen(e.set[0]) // runes in order are also in order of length
	}
	return 1
}

func (e element) appendTo(b *strings.Builder) {
	switch {
	case e.wild != 0:
		b.WriteRune(e.wild)
	case len(e.set) == 1:
		b.WriteRune(e.set[0])
	default:
		b.WriteString("[" + string(e.set) + "]")
	}
}

// readElements reads the elements of a pattern in the order written. Arabic
// letters of Saudi patterns stay Arabic.
func readElements(c country, s string) ([]element, error) {
	if len(s) > MaxRaw {
		head := MaxRaw // to where a character begins
		for head > MaxRaw-utf8.UTFMax && !utf8.RuneStart(s[head]) {
			head--
		}
		return nil, &Error{Kind: TooLong, Pos: utf8.RuneCountInString(s[:head]) + 1}
	}
	if c == saudiArabia {
		c = 0
	}
	r := elementReader{rules: c}
	r.clear()
	pos := 0
	for i := 0; i < len(s); {
		x, size := utf8.DecodeRuneInString(s[i:])
		pos++
		if x == utf8.RuneError && size == 1 {
			return nil, &Error{Kind: InvalidUTF8, Pos: pos}
		}
		if kind := r.read(x, pos); kind != 0 {
			return nil, &Error{Kind: kind, Pos: pos}
		}
		i += size
	}
	if r.setPos != 0 {
		return nil, &Error{Kind: BadSet, Pos: r.setPos}
	}
	r.literal()
	switch {
	case r.tooFar != 0:
		return nil, &Error{Kind: TooLong, Pos: r.tooFar}
	case len(r.elems) == 0:
		return nil, &Error{Kind: Empty, Pos: pos + 1}
	}
	return r.elems, nil
}

// An elementReader takes a pattern apart.
type elementReader struct {
	rules  country
	k      canonicalizer // of the characters since the last element
	starts []int         // where each character of k.text began
	set    []rune        // of the set being read
	setPos int           // where that began; 0 outside sets
	elems  []element
	least  int // bytes of the shortest text that matches, or less
	tooFar int // where an element began with which that is too long; 0: none
}

// add appends an element. What is not kept says nothing: a star behind a star, and
// all behind what makes the pattern too long.
func (r *elementReader) add(e element) {
	if n := len(r.elems); e.wild == '*' && n > 0 && r.elems[n-1].wild == '*' || r.tooFar != 0 {
		return
	}
	least := e.least()
	if e.isArabic() {
		least = 1 // it becomes Latin, maybe
	}
	if r.least += least; r.least > MaxText {
		r.tooFar = e.pos
		return
	}
	r.elems = append(r.elems, e)
}

func (r *elementReader) clear() {
	r.k = canonicalizer{country: r.rules}
	r.starts = r.starts[:0]
}

// read adds one character; it returns what is wrong with it, or 0.
func (r *elementReader) read(x rune, pos int) Kind {
	w := x
	if '\uFF01' <= x && x <= '\uFF5E' { // full width
		w -= '\uFF01' - '!'
	}
	if r.setPos != 0 {
		return r.readSet(x, w, pos)
	}
	switch w {
	case '[':
		r.literal()
		r.setPos = pos
	case ']':
		return BadSet
	case '?', '#', '*':
		r.literal()
		r.add(element{wild: w, pos: pos})
	default:
		r.write(x)
		if r.k.full {
			return TooLong
		}
		for utf8.RuneCount(r.k.text()) > len(r.starts) {
			r.starts = append(r.starts, pos)
		}
	}
	return 0
}

// readSet adds one character inside a set.
func (r *elementReader) readSet(x, w rune, pos int) Kind {
	switch w {
	case '[', '?', '#', '*', '-', '^', '!': // ranges and negation do not exist
		return BadSet
	case ']':
		if !r.member() || len(r.set) == 0 {
			return BadSet
		}
		slices.Sort(r.set)
		r.add(element{set: slices.Compact(r.set), pos: r.setPos})
		r.set, r.setPos = nil, 0
	default:
		if !continues(x) && !r.member() {
			return BadSet
		}
		r.write(x)
		if r.k.full {
			return TooLong
		}
	}
	return 0
}

// write adds one character that is no wildcard.
func (r *elementReader) write(x rune) {
	if r.k.n == 0 {
		r.k.han, _ = r.behindHan()
	}
	r.k.write(x)
}

// behindHan reports whether the element before what is being read may be an
// ideograph, and whether it must.
func (r *elementReader) behindHan() (may, must bool) {
	if len(r.elems) == 0 {
		return false, false
	}
	e := r.elems[len(r.elems)-1]
	if e.wild != 0 {
		return e.wild != '#', false
	}
	must = true
	for _, x := range e.set {
		is := unicode.Is(unicode.Han, x)
		may, must = may || is, must && is
	}
	return may, must
}

// forms returns what the first character of r.k.text may be on a plate: of an
// ideograph, both forms where it is not known whether another one stands before
// it.
func (r *elementReader) forms(x rune) []rune {
	if s := simplified(x); s != x {
		if may, must := r.behindHan(); may && !must {
			return []rune{s, x}
		}
	}
	return []rune{x}
}

// literal makes elements of the characters read since the last.
func (r *elementReader) literal() {
	for i, x := range []rune(string(r.k.text())) {
		set := []rune{x}
		if i == 0 {
			set = r.forms(x)
		}
		slices.Sort(set)
		r.add(element{set: set, pos: r.starts[i]})
	}
	r.clear()
}

// member adds what was read since the last member to the set. It fails if
// that stands for several characters, as Æ does, or for part of one: a piece of a
// syllable would join the member that is written before it.
func (r *elementReader) member() bool {
	text := []rune(string(r.k.text()))
	if len(text) > 1 || len(text) == 1 && isJamo(text[0]) {
		return false
	}
	for _, x := range text {
		r.set = append(r.set, r.forms(x)...)
	}
	r.clear()
	return true
}

// continues reports whether x may belong to the character before it.
func continues(x rune) bool {
	if x < utf8.RuneSelf {
		return false
	}
	e := runeEntry(x)
	if e > keepRune {
		x, _ = utf8.DecodeRuneInString(runeText(e))
	}
	return e < keepRune || isJamo(x)
}

// lettersOfSaudi is how many letters every plate of Saudi Arabia has.
const lettersOfSaudi = 3

// reverseArabic puts Latin letters for Arabic ones in the elements of a Saudi
// pattern, in the order of the Latin text.
func reverseArabic(elems []element) error {
	for i := 0; i < len(elems); {
		// Elements from i to j may be letters; Arabic are those from first
		// to last.
		j, first, last := i, -1, -1
		for ; j < len(elems) && (elems[j].wild == '?' || elems[j].isArabic()); j++ {
			if elems[j].isArabic() {
				if first < 0 {
					first = j
				}
				last = j
			}
		}
		if first < 0 {
			i = j + 1
			continue
		}
		if last-first+1 == lettersOfSaudi {
			i, j = first, last+1 // a ? beside them is a digit
		}
		besideStar := i > 0 && elems[i-1].wild == '*' || j < len(elems) && elems[j].wild == '*'
		if j-i > lettersOfSaudi || j-i < lettersOfSaudi && besideStar {
			return &Error{Kind: BadOrder, Pos: elems[first].pos}
		}
		for k := i; k < j; k++ {
			elems[k].latinize()
		}
		slices.Reverse(elems[i:j])
		i = j
	}
	return nil
}

func (e element) isArabic() bool {
	return slices.ContainsFunc(e.set, func(r rune) bool { return saudi(r) != 0 })
}

// latinize replaces the Arabic letters of a set.
func (e *element) latinize() {
	for i, r := range e.set {
		if c := saudi(r); c != 0 {
			e.set[i] = rune(c)
		}
	}
	slices.Sort(e.set)
	e.set = slices.Compact(e.set)
}

// inOrder returns the elements with ? before * and one * where several stand
// together, which match the same.
func inOrder(elems []element) []element {
	var out []element
	for _, e := range elems {
		n := len(out)
		switch {
		case n > 0 && out[n-1].wild == '*' && e.wild == '*':
		case n > 0 && out[n-1].wild == '*' && e.wild == '?':
			out = append(out[:n-1], e, out[n-1])
		default:
			out = append(out, e)
		}
	}
	return out
}

// Country returns the ISO 3166-1 alpha-2 code of the country; "" for any.
func (p Pattern) Country() string { return countryName(p.country) }

// String returns the canonical text of the pattern: ParsePattern of it, with
// the same country, is p. The zero Pattern has none.
func (p Pattern) String() string { return p.text }

// LogValue implements [slog.LogValuer] and shows the country alone: a pattern
// may hold nearly all of a plate, which is personal data.
func (p Pattern) LogValue() slog.Value {
	return slog.StringValue(strings.TrimSpace(p.Country() + " pattern"))
}

// Match reports whether the text of q has the form of p, from its first to its
// last character, and q is a plate of its country, if p has one. The time is
// at most that of comparing each element to each character. It does not
// allocate.
func (p Pattern) Match(q Plate) bool {
	if p.text == "" || q.n == 0 || p.country != 0 && p.country != q.country {
		return false
	}
	// Behind the last * seen, try from every place in turn: to let an earlier
	// one take more could not help where this fails.
	text := q.text[:q.n]
	at, i := 0, 0
	star, from := -1, 0
	for i < len(text) {
		if at < len(p.text) && p.text[at] == '*' {
			star, from = at, i
			at++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if n, ok := matchOne(p.text[at:], r); ok {
			at += n
			i += size
			continue
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRune(text[from:])
		from += size
		at, i = star+1, from
	}
	for at < len(p.text) && p.text[at] == '*' {
		at++
	}
	return at == len(p.text)
}

// matchOne reports whether the first element of a canonical text, which is not
// *, matches a character, and its length.
func matchOne(pattern string, r rune) (n int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '#':
		return 1, '0' <= r && r <= '9'
	case '[':
		n = strings.IndexByte(pattern, ']') + 1
		return n, strings.ContainsRune(pattern[1:n-1], r)
	}
	x, size := utf8.DecodeRuneInString(pattern)
	return size, x == r
}
