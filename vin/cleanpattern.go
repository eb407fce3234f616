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
//     dropped: it must agree with the symbols, or a colon or a word such as
//     "digits" follows it. "Begins with 1HG, ends in 4352" is 1HG*4352.
//   - Fewer than 17 symbols without any of this, and after words such as
//     PARTIAL, are the end of the number, which is what registers are asked
//     by: 4352 is *4352.
//
// The errors are those of [ParsePattern] and Clean: BadChar for what is none of
// this, I, O and Q among it, Empty where no symbol is known. Cleaning the text
// of the result again gives the same pattern without edits.
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
	r := partReader{cells: cells}
	r.groups = append(r.groups, group{})
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
)

// A group is the parts behind one word that says where they stand.
type group struct {
	where where
	parts []part
	sign  int // the cell of a bracket, comma or the like behind the parts; 0: none
}

type where uint8

const (
	nowhere where = iota
	atStart
	inside
	atEnd
)

type partReader struct {
	cells  []cell
	groups []group
	marked bool
	words  bool // there is a word of the kinds that fillers and counts belong to
	added  Edits
}

func (r *partReader) read(say bool) (partReading, error) {
	if err := r.takeApart(); err != nil {
		return partReading{}, err
	}
	b, err := r.putTogether()
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
	edits := append(appendEdits(nil, r.cells), r.added...)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.Pos - b.Pos })
	return partReading{pattern: p, edits: edits, marked: r.marked}, nil
}

// takeApart finds the words and the parts in the text.
func (r *partReader) takeApart() error {
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
		for _, list := range [...][]string{endWords, startWords, insideWords, partWords} {
			r.words = r.words || longestWord(r.cells[:hi], i, list, maxChars) > 0
		}
	}
	r.groups[0].parts = make([]part, 0, hi-lo)
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
		n, err := r.part(i, hi)
		if err != nil {
			return err
		}
		i += n
	}
	// A word behind the symbols speaks of them: "004352 (last six)".
	if n := len(r.groups); n > 1 && len(r.groups[n-1].parts) == 0 {
		if r.groups[n-2].where == nowhere {
			r.groups[n-2].where = r.groups[n-1].where
		}
		r.groups = r.groups[:n-1]
	}
	return nil
}

// word returns the end of the word or count at cell i that is no part of the
// number, or 0, and takes note of what it says.
func (r *partReader) word(i, hi int) int {
	cells := r.cells[:hi]
	for _, k := range [...]struct {
		list  []string
		where where
	}{{endWords, atEnd}, {startWords, atStart}, {insideWords, inside}, {partWords, nowhere}} {
		end := longestWord(cells, i, k.list, 0)
		if end == 0 || end < hi && cells[end].class.isText() && !cells[end].isDigit() {
			continue
		}
		r.marked = true
		if k.where == nowhere {
			return end
		}
		if g := &r.groups[len(r.groups)-1]; len(g.parts) == 0 {
			g.where = k.where
		} else {
			r.groups = append(r.groups, group{where: k.where})
		}
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

// count returns the end of the number at cell i if it counts the symbols
// rather than being some of them, or 0.
func (r *partReader) count(i, hi int) int {
	end, value := i, 0
	for end < hi && end < i+3 && r.cells[end].isDigit() {
		value = 10*value + int(r.cells[end].sym-'0')
		end++
	}
	cells := r.cells[:hi]
	if !r.words || end == i || end == i+3 || value == 0 || value > Len || end == hi || cells[end].class == symbol {
		return 0
	}
	next := end
	for next < hi && cells[next].class.isEdge() {
		next++
	}
	if next == hi || !slices.ContainsFunc(cells[next:], func(c cell) bool { return c.isDigit() }) {
		return 0
	}
	after := func(lists ...[]string) bool {
		return slices.ContainsFunc(lists, func(l []string) bool { return longestWord(cells, next, l, maxChars) > 0 })
	}
	// "6 derniers chiffres", "letzte 6 Ziffern", "last 6 of the VIN", "last 6:".
	if cells[end].class == delimiter && !isSign(cells[end].r) || after(endWords, startWords, partFillers, labels) {
		return end
	}
	n := 0
	for ; next < hi && (cells[next].class.isText() || cells[next].class.isGap()); next++ {
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

// part reads the part at cell i and returns how many cells it takes.
func (r *partReader) part(i, hi int) (int, error) {
	g := &r.groups[len(r.groups)-1]
	c := &r.cells[i]
	kind, ok := signKind(c.r)
	switch {
	case c.isLegal():
		return 1, r.add(g, part{kind: known, at: uint16(i), n: 1, set: 1 << sixbit.Code(c.sym)})
	case ok:
		return 1, r.add(g, part{kind: kind, at: uint16(i), n: 1})
	case c.class == dash:
		return 1, r.add(g, part{kind: soft, at: uint16(i), n: 1})
	case c.r == '[':
		if set, n, ok, err := r.set(i, hi); ok || err != nil {
			if err == nil {
				err = r.add(g, part{kind: known, at: uint16(i), n: uint16(n), set: set})
			}
			return n, err
		}
	}
	switch {
	case c.class.isGap():
		return 1, nil
	case c.class == delimiter:
		if len(g.parts) > 0 && g.sign == 0 {
			g.sign = i
		}
		return 1, nil
	case c.class == badByte || c.class == paddingFF:
		return 0, &Error{Kind: InvalidUTF8, Pos: i + 1}
	}
	return 0, &Error{Kind: BadChar, Pos: i + 1, Char: c.r}
}

// add appends a part to a group, in which no other sign may have come before.
func (r *partReader) add(g *group, p part) error {
	if g.sign > 0 {
		return &Error{Kind: BadChar, Pos: g.sign + 1, Char: r.cells[g.sign].r}
	}
	g.parts = append(g.parts, p)
	return nil
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

// putTogether makes the places of a pattern out of the groups.
func (r *partReader) putTogether() (places, error) {
	if len(r.groups) > 1 {
		if r.groups[0].where == nowhere {
			r.groups[0].where = atStart // "1HG, last four 4352"
		}
		slices.SortStableFunc(r.groups, func(a, b group) int { return int(a.where) - int(b.where) })
	}
	var (
		b  places
		at [Len]int // the cells of the places
	)
	for i := range r.groups {
		g := &r.groups[i]
		if len(g.parts) == 0 {
			continue
		}
		if i > 0 && g.where == r.groups[i-1].where {
			at := g.parts[0].at
			return b, &Error{Kind: Several, Pos: int(at) + 1, Char: r.cells[at].r}
		}
		r.findMasks(g.parts)
		r.readSigns(g, len(r.groups) == 1)
		r.addStars(g)
		for _, p := range g.parts {
			if p.kind == star {
				b.star()
				continue
			}
			if !b.add(p.set) {
				return b, &Error{Kind: TooLong, Pos: int(p.at) + 1, Char: r.cells[p.at].r}
			}
			at[b.n-1] = int(p.at)
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
	return b, nil
}

// findMasks turns X in runs into signs. What parts groups of symbols does not
// end a run, and signs in front of the first symbol do not count.
func (r *partReader) findMasks(parts []part) {
	var all []int // the known parts
	for i := range parts {
		if parts[i].kind == known && len(all) < 32 {
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

// readSigns decides what the signs of a group stand for, so that each part
// left is a place or a star. If the group is all of the text, signs may count
// the symbols that are missing.
func (r *partReader) readSigns(g *group, all bool) {
	counts := none
	if all {
		counts = r.countingSigns(g.parts)
	}
	out := make([]part, 0, len(g.parts))
	for i := 0; i < len(g.parts); {
		if g.parts[i].kind == known {
			out = append(out, g.parts[i])
			i++
			continue
		}
		end := i
		for end < len(g.parts) && g.parts[end].kind != known {
			end++
		}
		signs := g.parts[i:end]
		between := i > 0 && end < len(g.parts)
		switch {
		case counts != none:
			for k := i; k < end; k++ {
				if r.counting(g.parts, k) <= counts {
					out = append(out, part{kind: unknown, set: AnySymbol, at: g.parts[k].at})
					r.readAs('?', g.parts[k:k+1])
				}
			}
		case between && len(signs) == 1 && signs[0].kind == unknown:
			out = append(out, part{kind: unknown, set: AnySymbol, at: signs[0].at})
			r.readAs('?', signs)
		case !onlySoft(signs), r.hasSoftRun(g.parts, i, end):
			out = append(out, part{kind: star, at: signs[0].at})
			r.readAs('*', signs)
		}
		i = end
	}
	g.parts = out
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

// addStars adds the stars that a group implies.
func (r *partReader) addStars(g *group) {
	n, stars := 0, 0
	for _, p := range g.parts {
		if p.kind == star {
			stars++
		} else {
			n++
		}
	}
	if n == 0 || n >= Len {
		return
	}
	first, last := g.parts[0], g.parts[len(g.parts)-1]
	if first.kind != star && (g.where == atEnd || g.where == inside || g.where == nowhere && stars == 0) {
		g.parts = slices.Insert(g.parts, 0, part{kind: star})
		r.added = append(r.added, Edit{Kind: AddedStar, Pos: int(first.at) + 1, To: '*'})
	}
	if last.kind != star && (g.where == atStart || g.where == inside) {
		g.parts = append(g.parts, part{kind: star})
		r.added = append(r.added, Edit{Kind: AddedStar, Pos: int(last.at+max(last.n, 1)) + 1, To: '*'})
	}
}
