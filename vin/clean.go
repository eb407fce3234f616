package vin

import (
	"unicode"
	"unicode/utf8"
)

// Clean reads one VIN in what people, papers and devices write, and says what
// it did to read it. It never guesses: O is not read as 0 and nothing is put
// in or left out of the 17 symbols. That is [Repairs].
//
// It reads small letters, full-width forms, the decimal digits of every
// script, and Cyrillic and Greek letters that look like Latin ones. It drops
//
//   - anywhere: white space, dashes, . / _ and quotes, byte order marks,
//     zero-width characters and marks of writing direction;
//   - around the number: * # < > [ ] ( ) = , : stars and other signs and
//     punctuation, but no question mark;
//   - at the ends of the text: NUL, 0xFF and other control bytes, with which
//     devices pad (also as U+00FF and U+FFFD, where a decoder was in between);
//   - labels: VIN, V.I.N., FIN, Chassis No, Fahrgestellnummer, E: and the
//     like in many languages and scripts, and the identifier that bar code
//     readers send first (ISO/IEC 15424);
//   - the letter I that bar codes of imported vehicles begin with;
//   - the same VIN once more.
//
// A label, an I or a repetition is one only if what remains is exactly 17
// legal symbols. Words are not a number: 17 letters without a digit are a VIN
// only if they stand in one and alone.
//
// The errors are those of [Parse] and, in the same type: Empty; Several for
// different VINs in one text; Oversize for more than 1024 characters. The
// position is in raw.
//
// Clean accepts all that Parse accepts, and cleaning its result again gives
// the same VIN without edits. It does not allocate where there are no edits.
func Clean(raw string) (VIN, Edits, error) {
	if v, ok := scan(raw); ok {
		if b := v.Bytes(); string(b[:]) == raw {
			return v, nil, nil
		}
	}
	var buf [bufCells]cell
	cells, err := readCells(buf[:0], raw)
	if err != nil {
		return VIN{}, nil, err
	}
	r := newReader(cells)
	v, err := r.vin()
	if err != nil {
		return VIN{}, nil, err
	}
	return v, appendEdits(nil, r.cells), nil
}

// bufCells is the number of cells that callers hold on their stack; few texts
// are longer.
const bufCells = 64

// A reader divides a text into numbers and what stands around them.
type reader struct {
	cells  []cell
	lo, hi int // the cells without padding and signs at the ends

	length  int  // of a number
	damaged bool // I, O and Q are let in

	// The numbers found, from cell to cell: an array, so that the reader and
	// its cells stay on the stack.
	nums  [maxChars/(Len-1) + 1][2]int16
	found int

	failed [maxChars + 1]uint8 // by cell: bit n is set where divide failed with n numbers (0, or some) before
}

func newReader(cells []cell) reader {
	r := reader{cells: cells, hi: len(cells), length: Len}
	for r.lo < r.hi && isPadding(cells[r.lo].class) {
		r.lo++
	}
	for r.lo < r.hi && isPadding(cells[r.hi-1].class) {
		r.hi--
	}
	return r
}

// isPadding reports whether a character of class c says nothing at the ends of
// a text.
func isPadding(c class) bool { return c.isEdge() || c == padding || c == paddingFF }

// isBlank reports whether there is neither text nor anything else that speaks.
func (r *reader) isBlank() bool { return r.lo == r.hi }

// vin returns the one VIN of the text, and marks in the cells what was done.
func (r *reader) vin() (VIN, error) {
	if !r.divide(r.lo, 0) {
		return VIN{}, r.whyNot()
	}
	if err := r.several(); err != nil {
		return VIN{}, err
	}
	r.dropRepeats()
	dropRest(r.cells)
	return r.at(r.nums[0]), nil
}

// dropRepeats marks all numbers but the first as dropped.
func (r *reader) dropRepeats() {
	for _, n := range r.nums[1:r.found] {
		for i := n[0]; i < n[1]; i++ {
			if c := &r.cells[i]; c.class == symbol {
				c.edit = DroppedRepeat
			}
		}
	}
}

// dropRest marks what was not read as dropped.
func dropRest(cells []cell) {
	for i := range cells {
		if c := &cells[i]; c.edit == 0 && !c.class.isText() {
			c.edit = c.class.drop()
		}
	}
}

// several returns an error if the numbers found differ.
func (r *reader) several() error {
	first := r.nums[0]
	for _, n := range r.nums[:r.found] {
		if !sameSymbols(r.cells[first[0]:first[1]], r.cells[n[0]:n[1]]) {
			return &Error{Kind: Several, Pos: int(n[0]) + 1, Char: r.cells[n[0]].r}
		}
	}
	return nil
}

// at returns the VIN between two cells.
func (r *reader) at(n [2]int16) VIN {
	var b [Len]byte
	k := 0
	for i := n[0]; i < n[1]; i++ {
		if r.cells[i].class == symbol {
			b[k] = r.cells[i].sym
			k++
		}
	}
	v, _ := FromBytes(b)
	return v
}

// divide finds how cells[i:hi] divide into labels and numbers, at least one
// with those before, which are n. Numbers are tried before labels, so that
// 17 symbols which stand alone are never taken apart. What fails is noted and
// never tried twice: the work is in proportion to the text.
func (r *reader) divide(i, n int) bool {
	for i < r.hi && r.cells[i].class.isEdge() {
		i++
	}
	if i == r.hi {
		r.found = n
		return n > 0
	}
	bit := uint8(1) << min(n, 1)
	if r.failed[i]&bit != 0 {
		return false
	}
	if r.divideBehind(i, n) {
		return true
	}
	if r.cells[i].sym == 'I' && r.divideBehind(r.skipGaps(i+1), n) {
		r.cells[i].edit = DroppedBarcode
		return true
	}
	if end := r.readerIdentifier(i); end > 0 && r.divide(end, n) {
		r.label(i, end)
		return true
	}
	for _, words := range wordsFor(&r.cells[i], labels) {
		for _, w := range words {
			end, ok := matchWord(r.cells[:r.hi], i, w)
			if !ok || len(w) < 3 && !standsAlone(r.cells, i, end) {
				continue
			}
			if r.divide(end, n) {
				r.label(i, end)
				return true
			}
			if k := r.ordinal(end); k > 0 && r.divide(k, n) {
				r.label(i, k)
				return true
			}
		}
	}
	r.failed[i] |= bit
	return false
}

// divideBehind finds how the text behind a number at cell i divides.
func (r *reader) divideBehind(i, n int) bool {
	end, ok := r.number(i)
	if !ok || !r.divide(end, n+1) {
		return false
	}
	r.nums[n] = [2]int16{int16(i), int16(end)}
	return true
}

// skipGaps returns the first cell from i on that is not a gap in a number.
func (r *reader) skipGaps(i int) int {
	for i < r.hi && r.cells[i].class.isGap() {
		i++
	}
	return i
}

// label marks the text between two cells as dropped.
func (r *reader) label(i, end int) {
	for ; i < end; i++ {
		if c := &r.cells[i]; c.class.isText() {
			c.edit = DroppedLabel
		}
	}
}

// number returns the end of the number that stands at cell i.
func (r *reader) number(i int) (end int, ok bool) {
	n, digits, gaps := 0, 0, 0
	digit := false // in the last group
	for end = i; end < r.hi && n < r.length; end++ {
		c := &r.cells[end]
		switch {
		case c.isLegal(), r.damaged && c.class == symbol:
			n++
			if c.isDigit() {
				digits++
				digit = true
			}
		case c.class.isGap():
			if c.class != invisible {
				gaps++
				digit = false
			}
		default:
			return 0, false
		}
	}
	switch {
	case n < r.length:
	case digits == 0 && (r.damaged || gaps > 0 || i != r.lo || end != r.hi): // FAHRGESTELLNUMMER has 17 legal symbols too
	case gaps > 0 && !digit && end < r.hi && r.cells[end].class.isText(): // of SOLD, OLD is a label
	case gaps > 0 && r.holdsWord(i, end):
	default:
		return end, true
	}
	return 0, false
}

// findDamaged finds the number if I, O and Q are let in: one of 17 symbols, or
// else of 16 or 18. It reports false for different ones too.
func (r *reader) findDamaged() bool {
	r.damaged = true
	for _, r.length = range [...]int{Len, Len - 1, Len + 1} {
		clear(r.failed[:])
		if r.divide(r.lo, 0) {
			return r.several() == nil
		}
	}
	return false
}

// holdsWord reports whether a word such as FRAME or LAST stands alone in
// cells[i:end], or a short label such as NR in front: with the symbols beside
// it, it could make up 17.
func (r *reader) holdsWord(i, end int) bool {
	if longestWord(r.cells[:r.hi], i, labels, maxChars) > i+1 {
		return true
	}
	for k := i; k < end; k++ {
		if c := &r.cells[k]; c.class != symbol || c.isDigit() || k > i && r.cells[k-1].class == symbol {
			continue // no word begins here
		}
		if longestWord(r.cells[:r.hi], k, legalWords, maxChars) > 0 {
			return true
		}
	}
	return false
}

// readerIdentifier returns the end of the three characters that bar code
// readers can be told to send first, such as ]A0 (ISO/IEC 15424), or 0. The
// bracket was taken for a sign around the number.
func (r *reader) readerIdentifier(i int) int {
	if i == r.lo && i > 0 && r.cells[i-1].r == ']' && i+1 < r.hi &&
		r.cells[i].class == symbol && !r.cells[i].isDigit() && r.cells[i+1].class == symbol {
		return i + 2
	}
	return 0
}

// ordinal returns the end of the digit in labels such as "VIN 2:", or 0.
func (r *reader) ordinal(i int) int {
	for i < r.hi && r.cells[i].class.isEdge() {
		i++
	}
	if i+1 < r.hi && r.cells[i].isDigit() && r.cells[i+1].class == delimiter {
		return i + 1
	}
	return 0
}

// whyNot says why the text is not one VIN.
func (r *reader) whyNot() error {
	if r.isBlank() {
		return &Error{Kind: Empty, Pos: 1}
	}
	if err := r.severalAmongWords(); err != nil {
		return err
	}
	n, gap := 0, 0
	for i := r.skipLabels(r.lo); i < r.hi; i++ {
		c := &r.cells[i]
		switch {
		case c.class == badByte || c.class == paddingFF:
			return &Error{Kind: InvalidUTF8, Pos: i + 1}
		case c.isLegal():
			if n++; n > Len {
				return &Error{Kind: TooLong, Pos: i + 1, Char: c.r}
			}
		case !c.class.isGap() && (n < Len || c.class != delimiter):
			return &Error{Kind: BadChar, Pos: i + 1, Char: c.r}
		case gap == 0 && n > 0:
			gap = i + 1
		}
	}
	if n == Len && gap > 0 { // words that make up 17 letters
		return &Error{Kind: BadChar, Pos: gap, Char: r.cells[gap-1].r}
	}
	return &Error{Kind: TooShort, Pos: r.hi + 1}
}

// skipLabels returns where the text begins behind labels that are clearly
// parted from it.
func (r *reader) skipLabels(from int) int {
	i := from
	for {
		start := i
		for i < r.hi && r.cells[i].class.isEdge() {
			i++
		}
		if i == r.hi {
			return start
		}
		end := longestWord(r.cells[:r.hi], i, labels, maxChars)
		if end == 0 || end == r.hi || i == from && r.beginsNumber(i, end) {
			return i
		}
		i = end
	}
}

// beginsNumber reports whether a word of one or two letters, as N and NO, may
// be the beginning of the number itself: it has neither a colon or the like
// behind it, nor, if there are two letters, a dot.
func (r *reader) beginsNumber(i, end int) bool {
	behind := &r.cells[end]
	return end-i < 3 && r.cells[end-1].class == symbol && behind.class != delimiter && (end-i < 2 || behind.r != '.')
}

// hasDigit reports whether a digit stands at cell i or behind it.
func (r *reader) hasDigit(i int) bool {
	for ; i < r.hi; i++ {
		if r.cells[i].isDigit() {
			return true
		}
	}
	return false
}

// hyphenated reports whether a dash ties cell i to what stands before it.
func (r *reader) hyphenated(i int) bool {
	return i >= r.lo+2 && r.cells[i-1].class == dash && r.cells[i-2].class.isText()
}

// severalAmongWords returns an error if there are different VINs among words
// that are no labels: a person must choose, whatever the words say.
func (r *reader) severalAmongWords() error {
	r.found = 0
	inWord := false // which what is invisible does not end
	for i := r.lo; i < r.hi; i++ {
		c := r.cells[i].class
		if c.isText() && !inWord {
			if end := r.word(i); end > 0 {
				r.nums[r.found] = [2]int16{int16(i), int16(end)}
				r.found++
			}
		}
		inWord = c.isText() || inWord && c == invisible
	}
	return r.several()
}

// word returns the end of the word at cell i if it is a VIN that is written in
// one and holds a digit, or 0.
func (r *reader) word(i int) int {
	end, ok := r.number(i)
	next := end
	for next < r.hi && r.cells[next].class == invisible {
		next++
	}
	if !ok || next < r.hi && r.cells[next].class.isText() {
		return 0
	}
	digits := 0
	for _, c := range r.cells[i:end] {
		if c.class != symbol && c.class != invisible {
			return 0
		}
		if c.isDigit() {
			digits++
		}
	}
	return end * min(digits, 1)
}

// CleanText reads a number that is not a VIN, such as that of a chassis, an
// engine or a document, the way [Clean] reads a VIN: it folds case, widths,
// digits and look-alikes, and drops what stands at the ends and between the
// symbols. I, O and Q are letters like others. Where two parts meet at a dash,
// one hyphen stays: AE86-5001234. Letters of other scripts stay, in capitals.
// Words such as "Chassis No:" before the number are dropped where something
// other than a dash parts them from it and a digit follows.
//
// A number of 17 symbols that begins with two zeros is an older, shorter one
// that was filled up to the length of a VIN: the zeros go, unless there is
// nothing else.
//
// The errors are [*Error] with the kinds BadChar, InvalidUTF8, Empty and
// Oversize. Cleaning the result again gives the same text without edits. A
// text without edits is returned as it is and nothing is allocated.
func CleanText(raw string) (string, Edits, error) {
	if isCleanText(raw) {
		return raw, nil, nil
	}
	var buf [bufCells]cell
	cells, err := readCells(buf[:0], raw)
	if err != nil {
		return "", nil, err
	}
	r := newReader(cells)
	return r.text(raw)
}

// isCleanText reports whether CleanText has nothing to do.
func isCleanText(s string) bool {
	if s == "" || len(s) > maxChars || s[0] == '0' { // a zero may fill the number up
		return false
	}
	last := byte('-')
	for i := range len(s) {
		c := s[i]
		if c != '-' && (c >= 0x80 || asciiCells[c].class != symbol || asciiCells[c].fold != 0) || c == '-' && last == '-' {
			return false
		}
		last = c
	}
	return last != '-'
}

func (r *reader) text(raw string) (string, Edits, error) {
	if !r.findPadded() {
		if start := r.skipLabels(r.lo); r.hasDigit(start) && !r.hyphenated(start) {
			r.label(r.lo, start)
			r.lo = start
		}
	}
	var buf [64]byte
	out := buf[:0]
	hyphen := -1 // the cell of a dash that stays if more follows
	for i := range r.cells {
		c := &r.cells[i]
		outside := i < r.lo || i >= r.hi
		switch {
		case c.edit != 0: // a label
		case !outside && c.class.isText() && (c.class != mark || i > r.lo && r.cells[i-1].class.isText()):
			if hyphen >= 0 {
				out = append(out, '-')
				h := &r.cells[hyphen]
				if h.edit = 0; h.r != '-' {
					h.fold = FoldedDash
				}
				hyphen = -1
			}
			out = appendRune(out, c)
		case outside || c.class.isGap():
			c.edit = c.class.drop()
			if !outside && c.class == dash && hyphen < 0 && len(out) > 0 {
				hyphen = i
			}
		case c.class == badByte || c.class == paddingFF:
			return "", nil, &Error{Kind: InvalidUTF8, Pos: i + 1}
		default:
			return "", nil, &Error{Kind: BadChar, Pos: i + 1, Char: c.r}
		}
	}
	if len(out) == 0 {
		return "", nil, &Error{Kind: Empty, Pos: 1}
	}
	if n := paddingZeros(out); n > 0 {
		out = out[r.dropZeros(n):]
	}
	edits := appendEdits(nil, r.cells)
	if edits == nil {
		return raw, nil, nil
	}
	return string(out), edits, nil
}

// findPadded finds a number that is filled up to 17 symbols as Clean finds a
// VIN, so that Classify and CleanText agree on where it stands.
func (r *reader) findPadded() bool {
	if !r.divide(r.lo, 0) { // which makes no error that nobody reads
		return false
	}
	v, err := r.vin()
	b := v.Bytes()
	from, to := 0, len(r.cells)
	padded := err == nil && paddingZeros(b[:]) > 0
	if padded {
		from, to = int(r.nums[0][0]), int(r.nums[0][1])
		r.lo, r.hi = from, to
	}
	for i := from; i < to; i++ {
		r.cells[i].edit = 0 // CleanText decides on its own
	}
	return padded
}

// paddingZeros returns how many zeros fill up the number, or 0.
func paddingZeros(s []byte) int {
	n, zeros := 0, 0
	for _, c := range s {
		switch {
		case c >= utf8.RuneSelf:
			return 0
		case c == '-':
			continue
		case c == '0' && zeros == n:
			zeros++
		}
		n++
	}
	if n != Len || zeros < 2 || zeros == Len {
		return 0
	}
	return zeros
}

// dropZeros drops the first n symbols, which are zeros, and hyphens among and
// behind them. It returns how many characters these are.
func (r *reader) dropZeros(n int) int {
	dropped := 0
	for i := r.lo; n > 0 || !r.cells[i].class.isText(); i++ {
		switch c := &r.cells[i]; {
		case c.class == symbol:
			c.edit = DroppedZeros
			n--
			dropped++
		case c.edit == 0:
			c.edit, c.fold = DroppedSeparator, 0
			dropped++
		}
	}
	return dropped
}

// appendRune appends what a cell with text stands for, and notes that a letter
// of another script became a capital.
func appendRune(out []byte, c *cell) []byte {
	if c.class == letter && unicode.ToUpper(c.r) != c.r {
		c.fold = FoldedCase
	}
	return utf8.AppendRune(out, c.to())
}
