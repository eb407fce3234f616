package vin

import (
	"errors"
	"slices"

	"github.com/vinmatch/vinmatch/internal/sixbit"
)

// CleanPattern reads what people write for a VIN of which they know a part,
// and says what it did to read it. It folds and drops what [Clean] folds and
// drops, and reads as follows.
//
//   - 17 symbols that Clean reads are that VIN, and the text of a pattern as
//     [Pattern.String] writes it is that pattern.
//   - ? * and blots such as • stand for unknown symbols, one each, if that
//     makes 17: 1HGCM826?3A0043*2. So do runs of - . _ and #, and if that is
//     not enough also single ones: 1HGCM826-3A00----.
//   - Otherwise the number of signs means nothing. A run of them, and … and %,
//     stand for any run of symbols: ****004352 and ..4352 end in these symbols,
//     1HG*4352 begins and ends so, ?3A00? is a fragment. A single ? between
//     symbols is one symbol; single - . _ and # part groups of symbols.
//   - X is an unknown symbol in a run: of three at the beginning, where no
//     maker's code is XXX, and of four elsewhere. XXXX004352 is *004352.
//   - [8B] is one of these, as in [ParsePattern], if it touches another symbol
//     or sign.
//   - Words say where the symbols stand: last 6, ends in, first eight, begins
//     with, contains, and the like in other languages. A count after them is
//     dropped: it must agree with the symbols behind it, or with those before
//     the words where none follow, or a colon or a word such as "digits" follows
//     it. "Begins with 1HG, ends in 4352" is 1HG*4352.
//   - Fewer than 17 symbols without any of this, and after words such as
//     PARTIAL, are the end of the number, which is what registers are asked
//     by: 4352 is *4352.
//
// The errors are those of [ParsePattern] and Clean: BadChar for what is none of
// this, I, O and Q among it, Empty where no symbol is known, Several for
// different ends in one text, as in "004352 or 004353", and the like. Cleaning
// the text of the result again gives the same pattern without edits.
func CleanPattern(raw string) (Pattern, Edits, error) {
	r, err := readPattern(raw, true)
	if err != nil {
		return Pattern{}, nil, err
	}
	return r.pattern, r.edits, nil
}

// A partReading is what a text says of a part of a VIN.
type partReading struct {
	pattern Pattern
	edits   Edits
	marked  bool // the text says by words or signs that something is missing
}

// readPattern reads a text; with say, it says what it did to read it.
func readPattern(raw string, say bool) (partReading, error) {
	if v, ok := scan(raw); ok && maskedByX(v) == 0 && v.String() == raw {
		return partReading{pattern: patternOf(v, 0)}, nil
	}
	var buf [bufCells]cell
	cells, err := readCells(buf[:0], raw)
	if err != nil {
		return partReading{}, err
	}
	whole := newReader(cells)
	v, err := whole.vin()
	switch {
	case err == nil:
		masked := maskedByX(v)
		whole.mask(masked)
		p := partReading{pattern: patternOf(v, masked), marked: masked != 0}
		if say {
			p.edits = appendEdits(nil, cells)
		}
		return p, nil
	case errors.Is(err, Several):
		return partReading{}, err
	}
	if p, err := ParsePattern(raw); err == nil && p.Known() > 0 && p.String() == raw {
		return partReading{pattern: p, marked: true}, nil
	}
	r := partReader{cells: cells, n: 1}
	return r.read(say)
}

// patternOf returns the pattern of a VIN without the masked symbols.
func patternOf(v VIN, masked uint32) Pattern {
	var b places
	for i, c := range v.Bytes() {
		set := uint64(1) << sixbit.Code(c)
		if masked>>i&1 != 0 {
			set = AnySymbol
		}
		b.add(set)
	}
	return b.pattern()
}

// mask marks the symbols of the VIN that was read that stand for unknown ones.
func (r *reader) mask(masked uint32) {
	for i := r.nums[0][0]; masked != 0; i++ {
		if c := &r.cells[i]; c.class == symbol {
			if masked&1 != 0 {
				c.edit, c.sym = ReadUnknown, '?'
			}
			masked >>= 1
		}
	}
}

// maskedByX returns which symbols of v are X for want of knowledge, bit 0 for
// position 1.
func maskedByX(v VIN) uint32 {
	b := v.Bytes()
	return xRuns(Len, func(i int) bool { return b[i] == 'X' }, nil)
}

// xRuns returns which of n symbols are X in a run that stands for unknown
// symbols: of three at the beginning, of four elsewhere. If all are X, none
// does. A run ends where breaks, if not nil, says so of its next symbol.
func xRuns(n int, isX, breaks func(i int) bool) (masked uint32) {
	count := 0
	for i := 0; i < n; {
		length := 0
		for i+length < n && isX(i+length) && (length == 0 || breaks == nil || !breaks(i+length)) {
			length++
		}
		if length >= 4 || i == 0 && length == 3 {
			masked |= (1<<length - 1) << i
		}
		count += length
		i += max(length, 1)
	}
	if count == n {
		return 0
	}
	return masked
}

// A part is one thing in the text: a symbol or set, or a sign.
type part struct {
	set  uint64 // of a known place
	at   uint16 // its first cell, below maxChars
	n    uint16 // how many cells
	kind partKind
}

type partKind uint8

const (
	known   partKind = iota // a symbol or a set of them
	unknown                 // a sign for one symbol: ? and blots, and X in a run
	star                    // a sign for one symbol or for any number: *
	run                     // a sign for any number of symbols: … and %
	soft                    // parts groups of symbols, or is unknown: - . _ #
	noPart                  // a blank or the like
)

// A group is the parts behind one word that says where they stand.
type group struct {
	where    where
	from, to int // its parts among those of the text
	known    int // how many of them are known
	sign     int // the cell of a bracket, comma or the like behind the parts; 0: none
}

func (g *group) isEmpty() bool { return g.from == g.to }

type where uint8

const (
	nowhere where = iota
	atStart
	inside
	atEnd
)

type partReader struct {
	cells  []cell
	groups [4]group // of three places: four are too many whatever they are
	n      int      // how many groups there are, at least 1
	marked bool
	words  bool // there is a word of the kinds that fillers and counts belong to
}

func (r *partReader) read(say bool) (partReading, error) {
	var buf [bufCells]part
	parts, err := r.takeApart(buf[:0])
	if err != nil {
		return partReading{}, err
	}
	b, added, err := r.putTogether(parts)
	if err != nil {
		return partReading{}, err
	}
	p := b.pattern()
	if p.Known() == 0 {
		return partReading{}, &Error{Kind: Empty, Pos: 1}
	}
	if !say {
		return partReading{pattern: p, marked: r.marked}, nil
	}
	dropRest(r.cells)
	edits := append(appendEdits(nil, r.cells), added...)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.Pos - b.Pos })
	return partReading{pattern: p, edits: edits, marked: r.marked}, nil
}

// takeApart finds the words in the text, and appends its parts to parts.
func (r *partReader) takeApart(parts []part) ([]part, error) {
	lo, hi := 0, len(r.cells)
	outer := func(c class) bool { return c == invisible || c == space || c == padding || c == paddingFF }
	for lo < hi && outer(r.cells[lo].class) {
		lo++
	}
	for lo < hi && outer(r.cells[hi-1].class) {
		hi--
	}
	for i := lo; i < hi && !r.words; i++ {
		if c := &r.cells[i]; c.isDigit() || c.class == symbol && i > lo && r.cells[i-1].class == symbol {
			continue // no word begins here
		}
		for _, list := range [...]*wordList{endWords, startWords, insideWords, partWords} {
			r.words = r.words || wordAt(r.cells[:hi], i, list) > 0
		}
	}
	parts = slices.Grow(parts, hi-lo)
	for i := lo; i < hi; {
		if i == lo || !r.cells[i-1].class.isText() || r.cells[i-1].edit == DroppedLabel {
			if end := r.word(i, hi); end > 0 {
				for ; i < end; i++ {
					if c := &r.cells[i]; c.class.isText() {
						c.edit = DroppedLabel
					}
				}
				continue
			}
		}
		p, err := r.part(i, hi)
		if err != nil {
			return nil, err
		}
		if p.kind != noPart {
			g := r.last()
			if g.sign > 0 {
				return nil, &Error{Kind: BadChar, Pos: g.sign + 1, Char: r.cells[g.sign].r}
			}
			parts = append(parts, p)
			g.to++
			if p.kind == known {
				g.known++
			}
		}
		i += int(p.n)
	}
	// A word behind the symbols speaks of them: "004352 (last six)".
	if g := r.last(); r.n > 1 && g.isEmpty() {
		r.n--
		if r.last().where == nowhere {
			r.last().where = g.where
		}
	}
	for r.n > 1 && r.repeats(parts) {
		r.n--
	}
	return parts, nil
}

// repeats reports whether the last group is the one before it once more, and
// marks it if so.
func (r *partReader) repeats(parts []part) bool {
	a, b := &r.groups[r.n-2], r.last()
	same := func(x, y part) bool { return x.kind == y.kind && x.set == y.set }
	if a.where != b.where || !slices.EqualFunc(parts[a.from:a.to], parts[b.from:b.to], same) {
		return false
	}
	for _, p := range parts[b.from:b.to] {
		for i := p.at; i < p.at+p.n; i++ {
			r.cells[i].edit = DroppedRepeat
		}
	}
	return true
}

// last returns the group that is being read.
func (r *partReader) last() *group { return &r.groups[r.n-1] }

// open begins another group.
func (r *partReader) open(w where) {
	g := r.last()
	if r.n == len(r.groups) { // they are too many already, as putTogether says
		g.sign = 0
		return
	}
	r.groups[r.n] = group{where: w, from: g.to, to: g.to}
	r.n++
}

// word returns the end of the word or count at cell i that is no part of the
// number, or 0, and takes note of what it says.
func (r *partReader) word(i, hi int) int {
	cells := r.cells[:hi]
	for _, k := range [...]struct {
		list  *wordList
		where where
	}{{endWords, atEnd}, {startWords, atStart}, {insideWords, inside}, {partWords, nowhere}} {
		end := wordAt(cells, i, k.list)
		if end == 0 {
			continue
		}
		r.marked = true
		if k.where == nowhere {
			return end
		}
		if g := r.last(); g.isEmpty() {
			g.where = k.where
		} else {
			r.open(k.where)
		}
		return end
	}
	if end := longestWord(cells, i, joinWords, maxChars); end > 0 && !r.last().isEmpty() {
		r.open(r.last().where)
		return end
	}
	if end := longestWord(cells, i, labels, maxChars); end > 0 &&
		(end-i > 2 || end-i == 2 && r.words || end < hi && (cells[end].class == delimiter || cells[end].class == separator)) {
		return end
	}
	if r.words {
		if end := longestWord(cells, i, partFillers, maxChars); end > 0 {
			return end
		}
	}
	return r.count(i, hi)
}

// wordAt returns the end of the word of the list at cell i that nothing touches
// from behind but a digit, as in LAST6, or 0.
func wordAt(cells []cell, i int, list *wordList) int {
	end := longestWord(cells, i, list, 0)
	if end < len(cells) && cells[end].class.isText() && !cells[end].isDigit() {
		return 0
	}
	return end
}

// count returns the end of the number at cell i if it counts the symbols
// rather than being some of them, or 0.
func (r *partReader) count(i, hi int) int {
	end, value := i, 0
	for end < hi && end < i+3 && r.cells[end].isDigit() {
		value = 10*value + int(r.cells[end].sym-'0')
		end++
	}
	cells := r.cells[:hi]
	if !r.words || end == i || end == i+3 || value == 0 || value > Len || end < hi && cells[end].class == symbol {
		return 0
	}
	next := end
	for next < hi && cells[next].class.isEdge() {
		next++
	}
	if !slices.ContainsFunc(cells[next:], func(c cell) bool { return c.isDigit() }) {
		// "004352 last 6": it counts what stands before the word.
		if r.n > 1 && r.last().isEmpty() && r.groups[r.n-2].known == value {
			return end
		}
		return 0
	}
	after := func(lists ...*wordList) bool {
		return slices.ContainsFunc(lists, func(l *wordList) bool { return longestWord(cells, next, l, maxChars) > 0 })
	}
	// "6 derniers chiffres", "letzte 6 Ziffern", "last 6 of the VIN", "last 6:".
	if cells[end].class == delimiter && !isSign(cells[end].r) || after(endWords, startWords, partFillers, labels) {
		return end
	}
	n := 0
	for ; n <= value && next < hi && (cells[next].class.isText() || cells[next].class.isGap()); next++ {
		if !cells[next-1].class.isText() && after(endWords, startWords, insideWords) {
			break
		}
		if cells[next].class == symbol {
			n++
		}
	}
	if n == value {
		return end
	}
	return 0
}

// isSign reports whether r can stand for unknown symbols.
func isSign(r rune) bool {
	k, ok := signKind(r)
	return ok && k != soft
}

func signKind(r rune) (partKind, bool) {
	switch r {
	case '?', '？', '•', '●', '○', '■', '□', '█', '▪', '◼', '×', '✕':
		return unknown, true
	case '*', '＊', '∗', '✱', '⁎':
		return star, true
	case '…', '⋯', '%', '％':
		return run, true
	case '.', '．', '_', '＿', '#', '＃':
		return soft, true
	}
	return 0, false
}

// part reads the part at cell i, or how many cells there are no part.
func (r *partReader) part(i, hi int) (part, error) {
	c := &r.cells[i]
	p := part{kind: noPart, at: uint16(i), n: 1}
	kind, ok := signKind(c.r)
	switch {
	case c.isLegal():
		p.kind, p.set = known, 1<<sixbit.Code(c.sym)
		return p, nil
	case ok:
		p.kind = kind
		return p, nil
	case c.class == dash:
		p.kind = soft
		return p, nil
	case c.r == '[':
		set, n, ok, err := r.set(i, hi)
		if err != nil {
			return part{}, err
		}
		if ok {
			return part{kind: known, at: p.at, n: uint16(n), set: set}, nil
		}
	}
	switch {
	case c.class.isGap():
		return p, nil
	case c.class == delimiter:
		if g := r.last(); !g.isEmpty() && g.sign == 0 {
			g.sign = i
		}
		return p, nil
	case c.class == badByte || c.class == paddingFF:
		return part{}, &Error{Kind: InvalidUTF8, Pos: i + 1}
	}
	return part{}, &Error{Kind: BadChar, Pos: i + 1, Char: c.r}
}

// set reads a set whose bracket stands at cell i, if it is one.
func (r *partReader) set(i, hi int) (set uint64, n int, ok bool, err error) {
	var buf [48]byte
	text := append(buf[:0], '[')
	end := i + 1
	for ; end < hi && len(text) < len(buf)-1 && (r.cells[end].class == symbol || r.cells[end].r == '-'); end++ {
		text = append(text, max(r.cells[end].sym, '-'))
	}
	touches := func(c *cell) bool { return c.class == symbol || isSign(c.r) || c.r == '[' || c.r == ']' }
	if end == hi || r.cells[end].r != ']' ||
		!(i > 0 && touches(&r.cells[i-1]) || end+1 < hi && touches(&r.cells[end+1])) {
		return 0, 0, false, nil
	}
	set, _, err = parseSet(string(append(text, ']')), 0)
	if err != nil {
		err.(*Error).Pos += i
		return 0, 0, false, err
	}
	for k := i; k <= end; k++ {
		if r.cells[k].class != symbol {
			r.cells[k].edit = kept
		}
	}
	r.marked = true
	return set, end + 1 - i, true, nil
}

// putTogether makes the places of a pattern out of the parts of the groups, and
// says which stars it added.
func (r *partReader) putTogether(all []part) (places, Edits, error) {
	groups := r.groups[:r.n]
	if len(groups) > 1 {
		if groups[0].where == nowhere && groups[1].where != nowhere {
			groups[0].where = atStart // "1HG, last four 4352"
		}
		slices.SortStableFunc(groups, func(a, b group) int { return int(a.where) - int(b.where) })
	}
	var (
		b     places
		added Edits
		at    [Len]int // the cells of the places
		buf   [bufCells]part
	)
	for i, g := range groups {
		if g.isEmpty() {
			continue
		}
		parts := all[g.from:g.to]
		if i > 0 && g.where == groups[i-1].where {
			at := parts[0].at
			return b, nil, &Error{Kind: Several, Pos: int(at) + 1, Char: r.cells[at].r}
		}
		findMasks(parts)
		parts = r.readSigns(slices.Grow(buf[:0], len(parts)), parts, len(groups) == 1)
		before, behind := impliedStars(g.where, parts)
		if before {
			b.star()
			added = append(added, Edit{Kind: AddedStar, Pos: int(parts[0].at) + 1, To: '*'})
		}
		for _, p := range parts {
			if p.kind == star {
				b.star()
				continue
			}
			if !b.add(p.set) {
				return b, nil, &Error{Kind: TooLong, Pos: int(p.at) + 1, Char: r.cells[p.at].r}
			}
			at[b.n-1] = int(p.at)
		}
		if behind {
			b.star()
			last := parts[len(parts)-1]
			added = append(added, Edit{Kind: AddedStar, Pos: int(last.at+max(last.n, 1)) + 1, To: '*'})
		}
	}
	if b.n == Len { // stars stand for nothing, and runs of X may have met
		masked := xRuns(Len, func(i int) bool { return b.sets[i] == setX }, nil)
		others := slices.ContainsFunc(b.sets[:], func(s uint64) bool { return s != setX && s != AnySymbol })
		for i := range b.sets {
			if others && masked>>i&1 != 0 {
				b.sets[i] = AnySymbol
				r.readAs('?', []part{{at: uint16(at[i])}})
			}
		}
	}
	return b, added, nil
}

// findMasks turns X in runs into signs. What parts groups of symbols does not
// end a run, and signs in front of the first symbol do not count.
func findMasks(parts []part) {
	all := make([]int, 0, 32) // the known parts
	for i := range parts {
		if parts[i].kind == known && len(all) < cap(all) {
			all = append(all, i)
		}
	}
	isX := func(i int) bool { return parts[all[i]].set == setX }
	breaks := func(i int) bool { return !onlySoft(parts[all[i-1]+1 : all[i]]) }
	masked := xRuns(len(all), isX, breaks)
	for i, k := range all {
		if masked>>i&1 != 0 {
			parts[k].kind = unknown
		}
	}
}

const setX = 1 << ('X' - sixbit.Offset)

func onlySoft(parts []part) bool {
	return !slices.ContainsFunc(parts, func(p part) bool { return p.kind != soft })
}

// readSigns decides what the signs among the parts of a group stand for, and
// appends to out what is left: places and stars. If the group is all of the text,
// signs may count the symbols that are missing.
func (r *partReader) readSigns(out, parts []part, all bool) []part {
	counts := none
	if all {
		counts = r.countingSigns(parts)
	}
	for i := 0; i < len(parts); {
		if parts[i].kind == known {
			out = append(out, parts[i])
			i++
			continue
		}
		end := i
		for end < len(parts) && parts[end].kind != known {
			end++
		}
		signs := parts[i:end]
		between := i > 0 && end < len(parts)
		switch {
		case counts != none:
			for k := i; k < end; k++ {
				if r.counting(parts, k) <= counts {
					out = append(out, part{kind: unknown, set: AnySymbol, at: parts[k].at})
					r.readAs('?', parts[k:k+1])
				}
			}
		case between && len(signs) == 1 && signs[0].kind == unknown:
			out = append(out, part{kind: unknown, set: AnySymbol, at: signs[0].at})
			r.readAs('?', signs)
		case !onlySoft(signs), r.hasSoftRun(parts, i, end):
			out = append(out, part{kind: star, at: signs[0].at})
			r.readAs('*', signs)
		}
		i = end
	}
	return out
}

// How readily a sign counts as one unknown symbol.
type counting uint8

const (
	always   counting = iota
	inRun             // - . _ # beside another one
	ifNeeded          // - . _ # alone
	none
)

// counting returns how readily sign k counts.
func (r *partReader) counting(parts []part, k int) counting {
	p := parts[k]
	switch {
	case p.kind == run:
		return none
	case p.kind != soft:
		return always
	case k > 0 && parts[k-1].kind == soft && parts[k-1].at+1 == p.at,
		k+1 < len(parts) && parts[k+1].kind == soft && parts[k+1].at == p.at+1:
		return inRun
	}
	// At the ends a dot, a dash in front and a # are something else.
	c := &r.cells[p.at]
	if k == 0 && c.r != '_' || k == len(parts)-1 && c.r != '_' && c.class != dash {
		return none
	}
	return ifNeeded
}

// countingSigns returns which signs make up 17 symbols with the known ones, or
// none.
func (r *partReader) countingSigns(parts []part) counting {
	var n [none + 1]int
	for k := range parts {
		switch {
		case parts[k].kind == run:
			return none
		case parts[k].kind == known:
			n[always]++
		default:
			n[r.counting(parts, k)]++
		}
	}
	total := 0
	for c := always; c < none; c++ {
		if total += n[c]; total == Len {
			return c
		}
	}
	return none
}

// hasSoftRun reports whether two signs that alone would part groups of symbols
// stand together in parts[i:end].
func (r *partReader) hasSoftRun(parts []part, i, end int) bool {
	for ; i < end; i++ {
		if parts[i].kind == soft && r.counting(parts, i) == inRun {
			return true
		}
	}
	return false
}

// readAs notes that signs were read as a place or a star.
func (r *partReader) readAs(to byte, signs []part) {
	if len(signs) == 1 && r.cells[signs[0].at].r == rune(to) {
		r.cells[signs[0].at].edit = kept
	} else {
		for _, p := range signs {
			r.cells[p.at].edit, r.cells[p.at].sym = ReadUnknown, to
		}
	}
	r.marked = true
}

// impliedStars reports where the parts of a group imply stars.
func impliedStars(w where, parts []part) (before, behind bool) {
	n, stars := 0, 0
	for _, p := range parts {
		if p.kind == star {
			stars++
		} else {
			n++
		}
	}
	if n == 0 || n >= Len {
		return false, false
	}
	before = parts[0].kind != star && (w == atEnd || w == inside || w == nowhere && stars == 0)
	behind = parts[len(parts)-1].kind != star && (w == atStart || w == inside)
	return before, behind
}
