package index

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// SearchPlates returns the records with a plate that fits a pattern: their own,
// one among their numbers, or an alias of one. With a selection it returns
// selected records only; nil selects everything.
//
// Rows are in the order of the keys that fit, see [Key.Compare], each row where
// the first of its keys is, and in the order of owner and ID where keys are the
// same. What changed since the index was made or compacted comes last, in the
// order in which it came. There are at most as many rows as the limit,
// [DefaultLimit] if that is not positive. The context works as in [View.Search].
//
// Plates that begin as wanted lie side by side in each country; a pattern that
// begins with an unknown character is compared with each plate of its country.
func (v *View) SearchPlates(ctx context.Context, p plate.Pattern, s *Selection, limit int) (Result, error) {
	q := textQuery{kind: KindPlate, country: p.Country(), text: p.String()}
	q.hashed = func(r *Record, k Key) bool {
		fits := func(q plate.Plate) bool { return Plate(q) == k && p.Match(q) }
		return anyPlate(r, fits)
	}
	return v.searchText(ctx, &q, s, limit)
}

// anyPlate reports whether f holds for a plate of the record or an alias of one.
func anyPlate(r *Record, f func(plate.Plate) bool) bool {
	any := func(p plate.Plate) bool {
		if f(p) {
			return true
		}
		for alias := range p.Aliases() {
			if f(alias) {
				return true
			}
		}
		return false
	}
	if any(r.Plate) {
		return true
	}
	for _, n := range r.Numbers {
		if n.Kind == KindPlate {
			if p, err := plate.Parse(n.Country, n.Text); err == nil && any(p) {
				return true
			}
		}
	}
	return false
}

// SearchNumbers returns the records with a number that is like the given one, of
// which not everything is known. In its text ? stands for one character and *
// for any number of them, or none: "*AE86-500*". The rest is read as [Number.Key]
// reads it. An empty country is any country, or none.
//
// A VIN is read as [vin.ParsePattern] reads it, and answered like [View.Search];
// a plate as [plate.ParsePattern] does, and answered like [View.SearchPlates].
// Numbers of other kinds are found as plates are.
//
// The error is a [*NumberError] if the text is not such a pattern.
func (v *View) SearchNumbers(ctx context.Context, like Number, s *Selection, limit int) (Result, error) {
	switch like.Kind {
	case KindVIN:
		p, err := vin.ParsePattern(like.Text)
		if err != nil {
			return Result{}, numberError(like.Kind, err)
		}
		return v.Search(ctx, p, s, limit)
	case KindPlate:
		p, err := plate.ParsePattern(like.Country, like.Text)
		if err != nil {
			return Result{}, numberError(like.Kind, err)
		}
		return v.SearchPlates(ctx, p, s, limit)
	}
	q := textQuery{kind: like.Kind}
	if !like.Kind.isNumber() {
		return Result{}, &NumberError{Kind: like.Kind, Err: UnknownKind}
	}
	if like.Kind.HasCountry() && like.Country != "" {
		var ok bool
		if q.country, ok = plate.ParseCountry(like.Country); !ok {
			return Result{}, &NumberError{Kind: like.Kind, Err: UnknownCountry}
		}
	}
	var err error
	if q.text, err = canonicalPattern(like.Kind, like.Text); err != nil {
		return Result{}, err
	}
	q.hashed = func(r *Record, k Key) bool {
		return slices.ContainsFunc(r.Numbers, func(n Number) bool {
			own, err := n.Key()
			return err == nil && own == k && n.Fits(like)
		})
	}
	return v.searchText(ctx, &q, s, limit)
}

// Fits reports whether n is a number that [View.SearchNumbers] finds for another
// one, of which not everything is known. It is false where either cannot be
// read.
func (n Number) Fits(like Number) bool {
	if n.Kind != like.Kind {
		return false
	}
	switch n.Kind {
	case KindVIN:
		v, err := vin.Parse(n.Text)
		p, patternErr := vin.ParsePattern(like.Text)
		return err == nil && patternErr == nil && p.Match(v)
	case KindPlate:
		q, err := plate.Parse(n.Country, n.Text)
		p, patternErr := plate.ParsePattern(like.Country, like.Text)
		return err == nil && patternErr == nil && p.Match(q)
	}
	if _, err := n.Key(); err != nil {
		return false
	}
	if like.Kind.HasCountry() && like.Country != "" {
		own, _ := plate.ParseCountry(n.Country)
		country, ok := plate.ParseCountry(like.Country)
		if !ok || own != country {
			return false
		}
	}
	text, err := canonicalPattern(like.Kind, like.Text)
	return err == nil && compile(text).matchText(strings.Map(canonicalChar, n.Text))
}

// isNumber reports whether k is a kind of this package, and neither VINs nor
// plates.
func (k Kind) isNumber() bool { return k > KindPlate && k < kinds }

// canonicalPattern reads the text of a partial number.
func canonicalPattern(kind Kind, text string) (string, error) {
	if len(text) > MaxNumber {
		return "", &NumberError{Kind: kind, Err: TooLong}
	}
	var b strings.Builder
	pos, places, stars := 0, 0, 0
	for i := 0; i < len(text); {
		pos++
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return "", &NumberError{Kind: kind, Pos: pos, Err: InvalidUTF8}
		}
		i += size
		switch r {
		case '?', '？':
			r = '?'
			places++
		case '*', '＊':
			r = '*'
			stars++
		default:
			if r = canonicalChar(r); r < 0 {
				continue
			}
			places++
		}
		if places > maxPlaces {
			return "", &NumberError{Kind: kind, Pos: pos, Err: TooManyPlaces}
		}
		b.WriteRune(r)
	}
	if places+stars == 0 {
		return "", &NumberError{Kind: kind, Err: Empty}
	}
	return b.String(), nil
}

// canonicalChar returns what a character of a number counts as; -1 for a
// separator.
func canonicalChar(r rune) rune {
	switch {
	case r >= utf8.RuneSelf:
		return canonicalRune(r)
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return unicode.ToUpper(r)
	}
	return -1
}

// A textQuery is a search for numbers other than VINs.
type textQuery struct {
	kind    Kind
	country string // "": any or none
	text    string // canonical, with wildcards as plate.Pattern has them

	// hashed reports whether a record has a number that fits and the key of
	// which is a hash.
	hashed func(*Record, Key) bool
}

// maxPlaces is the number of characters that a pattern can have: each has a bit
// of a word, and one more stands for the end.
const maxPlaces = 63

// A textMatcher matches texts with a pattern by walking them with a set of
// states in the bits of a word: bit i stands for "the first i places are
// matched".
type textMatcher struct {
	elems []element
	stars uint64 // bit i: a star stands before place i; bit len(elems): at the end
}

// An element is one place of a pattern.
type element struct {
	set  string // one of these; "": see wild
	wild byte   // ? any character, # any digit
}

func (e element) fits(r rune) bool {
	switch {
	case e.set != "":
		return strings.ContainsRune(e.set, r)
	case e.wild == '#':
		return '0' <= r && r <= '9'
	}
	return true
}

// compile reads a canonical pattern of at most maxPlaces places.
func compile(text string) *textMatcher {
	m := &textMatcher{}
	for i := 0; i < len(text); {
		size := 1
		switch c := text[i]; c {
		case '*':
			m.stars |= 1 << len(m.elems)
		case '?', '#':
			m.elems = append(m.elems, element{wild: c})
		case '[':
			size = strings.IndexByte(text[i:], ']') + 1
			m.elems = append(m.elems, element{set: text[i+1 : i+size-1]})
		default:
			_, size = utf8.DecodeRuneInString(text[i:])
			m.elems = append(m.elems, element{set: text[i : i+size]})
		}
		i += size
	}
	return m
}

// matchText matches a text.
func (m *textMatcher) matchText(text string) bool {
	states := uint64(1)
	for _, r := range text {
		var next uint64
		for i, e := range m.elems {
			if states>>i&1 != 0 && e.fits(r) {
				next |= 2 << i
			}
		}
		states = next | states&m.stars
	}
	return states>>len(m.elems)&1 != 0
}

// A keyMatcher matches the keys of one page with a pattern.
type keyMatcher struct {
	width  uint // bits of a symbol
	hi, lo uint // symbols in the words

	allow [256]uint64 // by symbol code: bit i is set where place i allows it
	stars uint64
	end   uint64 // the bit that stands for the end

	// What every match begins with, as the least and the greatest symbols that
	// do.
	from, to Key

	// The last symbols of the longest run of known ones, each at all places of
	// the words; and the lowest and highest bit of each place.
	run        [maxRun]Key
	runLen     int
	ones, high Key
}

// maxRun is how many symbols of a run are searched for before a key is matched:
// three leave one key in ten thousand to match.
const maxRun = 3

// onPage returns the matcher of the keys of a kind on a page, nil if none of
// them can match.
func (m *textMatcher) onPage(page int, kind Kind) *keyMatcher {
	k := &keyMatcher{width: 8, hi: eightHi, lo: eightLo, stars: m.stars, end: 1 << len(m.elems)}
	symbols := "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if page > 0 {
		symbols = string(alphabets[page-1])
	} else if k.width, k.hi, k.lo = 6, sixHi, sixLo; kind.HasCountry() {
		k.hi--
	}
	if len(m.elems) > int(k.hi+k.lo) {
		return nil
	}
	code, possible := uint64(0), uint64(0)
	known := make([]uint64, len(m.elems)) // the code at a place that allows one
	for _, r := range symbols {
		if code++; page == 0 {
			code = sixbit.Code(byte(r))
		}
		for i, e := range m.elems {
			if !e.fits(r) {
				continue
			}
			k.allow[code] |= 1 << i
			if utf8.RuneCountInString(e.set) == 1 {
				known[i] = code
			}
		}
		possible |= k.allow[code]
	}
	if possible != k.end-1 {
		return nil
	}
	k.setRun(m, known)
	prefix := 0
	for prefix < len(known) && known[prefix] != 0 && m.stars>>prefix&1 == 0 {
		prefix++
	}
	for i := range k.hi + k.lo {
		from, to, shift := &k.from.hi, &k.to.hi, k.width*(k.hi-1-i)
		if i >= k.hi {
			from, to, shift = &k.from.lo, &k.to.lo, k.width*(k.hi+k.lo-1-i)
		}
		if int(i) < prefix {
			*from |= known[i] << shift
			*to |= known[i] << shift
		} else {
			*to |= (1<<k.width - 1) << shift
		}
	}
	return k
}

// setRun finds the longest run of known symbols, which are given by place.
func (k *keyMatcher) setRun(m *textMatcher, known []uint64) {
	end, length, run := 0, 0, 0
	for i, code := range known {
		if code == 0 || m.stars>>i&1 != 0 {
			run = 0
		}
		if code == 0 {
			continue
		}
		if run++; run >= length {
			end, length = i+1, run
		}
	}
	for i := range k.hi {
		k.ones.hi |= 1 << (k.width * i)
	}
	for i := range k.lo {
		k.ones.lo |= 1 << (k.width * i)
	}
	k.high = Key{k.ones.hi << (k.width - 1), k.ones.lo << (k.width - 1)}
	k.runLen = min(length, maxRun)
	for i, code := range known[end-k.runLen : end] {
		k.run[i] = Key{k.ones.hi * code, k.ones.lo * code}
	}
}

// mayMatch reports whether a key has the run anywhere. It may say so in error,
// but never that it has not.
func (m *keyMatcher) mayMatch(k *tagtable.Key) bool {
	hiBits, loBits := m.width*m.hi, m.width*m.lo
	var hi, lo uint64 // zero where the run begins
	for i := range m.runLen {
		shift := m.width * uint(i)
		hi |= (k.Hi<<shift | k.Lo>>(loBits-shift)) ^ m.run[i].hi
		lo |= k.Lo<<shift ^ m.run[i].lo
	}
	hi &= 1<<hiBits - 1
	lo &= 1<<loBits - 1 // all of 64 bits, too
	// A borrow out of a place that is zero may mark the one above it, too.
	return (hi-m.ones.hi)&^hi&m.high.hi|(lo-m.ones.lo)&^lo&m.high.lo != 0
}

// match matches a key of the page.
func (m *keyMatcher) match(k *tagtable.Key) bool {
	if m.runLen > 0 && !m.mayMatch(k) {
		return false
	}
	states := uint64(1)
	up := 64 - m.width
	for w := k.Hi << (64 - m.width*m.hi); w != 0 && states != 0; w <<= m.width {
		states = states&m.allow[w>>up&0xFF]<<1 | states&m.stars
	}
	for w := k.Lo << (64 - m.width*m.lo); w != 0 && states != 0; w <<= m.width {
		states = states&m.allow[w>>up&0xFF]<<1 | states&m.stars
	}
	return states&m.end != 0
}

// A span is a range of entries whose keys one matcher tells; nil where they are
// hashes.
type span struct {
	from, to uint32
	m        *keyMatcher
}

// matchers are the matchers of all pages, made when they are needed.
type matchers struct {
	*textMatcher
	kind  Kind
	pages [len(alphabets) + 1]*keyMatcher
	made  [len(alphabets) + 1]bool
}

// page returns the matcher of a page, nil if nothing there can match.
func (m *matchers) page(page int) *keyMatcher {
	if !m.made[page] {
		m.pages[page], m.made[page] = m.onPage(page, m.kind), true
	}
	return m.pages[page]
}

// spans appends where the numbers that may fit are among keys, in their order.
func (q *textQuery) spans(all []span, keys []tagtable.Key, m *matchers) []span {
	at := func(k Key) uint32 { return firstNotLess(keys, tagtable.Key{Hi: k.hi, Lo: k.lo}) }
	add := func(from, to uint32, m *keyMatcher) {
		if from < to {
			all = append(all, span{from, to, m})
		}
	}
	first := uint64(q.kind) << kindShift
	for page := range len(alphabets) + 1 {
		base := first | uint64(page)<<pageShift
		from, to := at(Key{hi: base}), at(Key{hi: base + 1<<pageShift})
		if from == to {
			continue
		}
		on := m.page(page)
		if on == nil {
			continue
		}
		// within is the part of from to to with a country and the prefix.
		within := func(country uint64) (a, b uint32) {
			base := base | country<<countryShift
			a = from + firstNotLess(keys[from:to], tagtable.Key{Hi: base | on.from.hi, Lo: on.from.lo})
			end := tagtable.Key{Hi: base | on.to.hi, Lo: on.to.lo + 1} // several may have the key before it
			if end.Lo == 0 {
				end.Hi++
			}
			b = from + firstNotLess(keys[from:to], end)
			return a, b
		}
		if q.country != "" || !q.kind.HasCountry() {
			a, b := within(countryCode(q.country))
			add(a, b, on)
			continue
		}
		for from < to {
			country := keys[from].Hi >> countryShift & countryMask
			a, b := within(country)
			add(a, b, on)
			from += firstNotLess(keys[from:to], tagtable.Key{Hi: base | (country+1)<<countryShift})
		}
	}
	add(at(Key{hi: first | hashedBit}), at(Key{hi: first + 1<<kindShift}), nil)
	return all
}

// searchText answers a textQuery.
func (v *View) searchText(ctx context.Context, q *textQuery, s *Selection, limit int) (Result, error) {
	v.check(s)
	f := textFinder{sight: sight{ctx: ctx, v: v, s: s}, limit: v.limit(limit)}
	if q.text == "" || !f.tick(0) {
		return Result{}, f.err
	}
	m := &matchers{textMatcher: compile(q.text), kind: q.kind}
	var plan Plan
	if k, ok := q.exact(); ok {
		plan = Plan{Path: PathExact, Expected: 1}
		f.exact(tagtable.Key{Hi: k.hi, Lo: k.lo})
	} else {
		spans := q.spans(nil, v.seg.keys, m)
		plan.Path = PathScan
		if m.prefix() > 0 {
			plan.Path = PathPrefix
		}
		for _, sp := range spans {
			plan.Expected += int(sp.to - sp.from)
		}
		f.walk(q, spans)
		f.walkDelta(q, m)
	}
	plan.Visited = f.visited
	return Result{Rows: f.rows[:min(len(f.rows), f.limit)], Truncated: len(f.rows) > f.limit || f.err != nil, Plan: plan}, f.err
}

// exact returns the key of a pattern without wildcards.
func (q *textQuery) exact() (Key, bool) {
	if strings.ContainsAny(q.text, "?#[*") || q.kind.HasCountry() && q.country == "" {
		return Key{}, false
	}
	return pack(q.kind, q.country, []byte(q.text)), true
}

// prefix returns how many known characters the pattern begins with.
func (m *textMatcher) prefix() (n int) {
	for n < len(m.elems) && utf8.RuneCountInString(m.elems[n].set) == 1 && m.stars>>n&1 == 0 {
		n++
	}
	return n
}

// A textFinder is one search for texts at work.
type textFinder struct {
	sight
	limit int
	rows  []Row
	seen  map[Row]struct{}
}

// add takes a row. It returns false when there are more than enough.
func (f *textFinder) add(row Row) bool {
	if _, again := f.seen[row]; again {
		return true
	}
	if f.seen == nil {
		f.seen = make(map[Row]struct{})
	}
	f.seen[row] = struct{}{}
	f.rows = append(f.rows, row)
	return len(f.rows) <= f.limit
}

// exact takes the records with one key.
func (f *textFinder) exact(k tagtable.Key) {
	seg := f.v.seg
	for e, ok := seg.table.Lookup(k); ok; e, ok = seg.next(e) {
		if row := seg.rowOf(e); !f.tick(1) || f.sees(row) && !f.add(row) {
			return
		}
	}
	changed := f.changed()
	f.changesWith(k, &changed)
	f.addChanged(&changed)
}

// changed returns an empty list of rows of changes, of as many as there is room for
// behind the rows that were found.
func (f *textFinder) changed() lowestRows {
	return lowestRows{limit: f.limit - len(f.rows), bound: NoRow}
}

// addChanged takes the rows of changes.
func (f *textFinder) addChanged(l *lowestRows) {
	l.cut()
	for _, row := range l.rows {
		f.add(row)
	}
}

// walk goes through spans of entries.
func (f *textFinder) walk(q *textQuery, spans []span) {
	seg := f.v.seg
	for _, sp := range spans {
		for from := sp.from; from < sp.to; {
			keys := seg.keys[from:min(from+checkEvery, sp.to)]
			if !f.tick(len(keys)) {
				return
			}
			for i := range keys {
				if sp.m != nil && !sp.m.match(&keys[i]) {
					continue
				}
				row := seg.rowOf(from + uint32(i))
				if !f.sees(row) || sp.m == nil && !f.fitsHash(q, row, keys[i]) {
					continue
				}
				if !f.add(row) {
					f.visited -= len(keys) - 1 - i
					return
				}
			}
			from += uint32(len(keys))
		}
	}
}

// fitsHash reports whether a record has a number that fits and has this key, a
// hash. To read all numbers of a record takes as long as to match thousands of keys.
func (f *textFinder) fitsHash(q *textQuery, row Row, k tagtable.Key) bool {
	if !f.tick(0) {
		return false
	}
	r := f.v.Record(row)
	return q.hashed(&r, Key{k.Hi, k.Lo})
}

// walkDelta goes through the changes.
func (f *textFinder) walkDelta(q *textQuery, m *matchers) {
	if f.err != nil || len(f.rows) > f.limit {
		return
	}
	v := f.v
	if v.delta == nil {
		return
	}
	changed := f.changed()
	defer f.addChanged(&changed)
	take := func(e uint32, hashed bool) {
		entry := v.delta.entries.at(e)
		row := Row(v.seg.n) + Row(entry.change)
		if entry.change < v.changes && row < changed.bound && f.sees(row) && (!hashed || f.fitsHash(q, row, entry.key)) {
			changed.keep(row)
		}
	}
	var spans []span
	sorted := f.sortedRuns()
	for i := range sorted.runs {
		r := &sorted.runs[i]
		spans = q.spans(spans[:0], r.keys, m)
		for _, sp := range spans {
			for e := sp.from; e < sp.to; e++ {
				if !f.tick(1) {
					return
				}
				if sp.m == nil || sp.m.match(&r.keys[e]) {
					take(r.entries[e], sp.m == nil)
				}
			}
		}
	}
	for e := sorted.held; e < v.deltaEntries(); e++ {
		if !f.tick(1) {
			return
		}
		key := v.delta.entries.at(e).key
		k := Key{key.Hi, key.Lo}
		switch {
		case k.Kind() != q.kind:
		case k.Hashed():
			take(e, true)
		case q.country == "" || k.country() == q.country:
			if on := m.page(int(k.page())); on != nil && on.match(&key) {
				take(e, false)
			}
		}
	}
}
