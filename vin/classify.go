package vin

import (
	"errors"
	"slices"
)

// A Class says what the text in a field for VINs is meant to be.
type Class uint8

const (
	// ClassOther: none of the others.
	ClassOther Class = iota
	// ClassVIN: one VIN. [Clean] reads it, or tells what is wrong with it:
	// 16 to 18 letters, digits and unreadable characters are a damaged VIN,
	// and so is a VIN among other words.
	ClassVIN
	// ClassPartial: a part of a VIN, or a VIN with unknown symbols, by its
	// signs and words; or at most eight symbols, which are taken for the end
	// of one. [CleanPattern] reads it, or tells what is wrong with it.
	ClassPartial
	// ClassChassis: a shorter number, such as those from before 1981 and the
	// frame numbers of Japan. [CleanText] reads it.
	ClassChassis
	// ClassPaddedChassis: such a number, filled up to 17 symbols with zeros in
	// front. CleanText reads it and drops them.
	ClassPaddedChassis
	// ClassPlaceholder: something that was written because there is no number:
	// N/A, OHNE, UNKNOWN, TEST 123, XXX, a dash, 17 zeros.
	ClassPlaceholder
	// ClassSeveral: different numbers.
	ClassSeveral
	// ClassEmpty: nothing, or nothing that can be seen, or only a label.
	ClassEmpty
)

var classNames = [...]string{
	ClassOther: "other", ClassVIN: "vin", ClassPartial: "partial", ClassChassis: "chassis",
	ClassPaddedChassis: "zero_padded_chassis", ClassPlaceholder: "placeholder",
	ClassSeveral: "several", ClassEmpty: "empty",
}

// String returns "vin", "partial", "chassis", "zero_padded_chassis",
// "placeholder", "several", "empty" or "other".
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "Class(?)"
}

// tailLen is the length up to which a bare run of symbols is the end of a VIN.
// Registers such as that of the FBI's NCIC are asked by the rightmost eight.
const tailLen = 8

// Classify says what raw is meant to be. A text that [Parse] accepts is a VIN
// unless it consists of zeros (ClassPlaceholder), begins with two of them
// (ClassPaddedChassis), is masked with X (ClassPartial), is a word such as TEST
// and digits (ClassPlaceholder), or is a label such as FAHRGESTELLNUMMER
// (ClassEmpty). Other VINs of a single symbol remain VINs; [VIN.Decode] remarks
// on them.
//
// Texts of more than 1024 characters are ClassOther and are not looked at.
func Classify(raw string) Class {
	if v, ok := scan(raw); ok && isPlain(v) {
		return ClassVIN
	}
	var buf [bufCells]cell
	cells, err := readCells(buf[:0], raw)
	if err != nil {
		return ClassOther
	}
	r := newReader(cells)
	if r.isBlank() {
		return r.blank()
	}
	if r.isOneSymbol() {
		return ClassPlaceholder
	}
	if c := r.wordsOnly(); c != ClassOther {
		return c
	}
	v, err := r.vin()
	if err == nil {
		switch b := v.Bytes(); {
		case paddingZeros(b[:]) > 0:
			return ClassPaddedChassis
		case maskedByX(v) != 0:
			return ClassPartial
		}
		return ClassVIN
	}
	part, partErr := readPattern(raw, false)
	c := r.count()
	switch {
	case errors.Is(err, Several), errors.Is(partErr, Several), r.isList():
		return ClassSeveral
	case (partErr == nil && part.marked || partErr != nil && c.digits > 0 && r.hasSign()) && !(c.text > tailLen && r.isStamped()):
		return ClassPartial
	case c.text == Len && c.broken+c.native == 0 && r.cells[c.first].sym == '0' && r.cells[c.first+1].sym == '0':
		return ClassPaddedChassis
	case r.found > 0, c.digits >= 3 && (c.isAboutLen() || c.text > Len+1 && r.findDamaged()):
		return ClassVIN
	case c.digits == 0 || c.broken > 0:
		return ClassOther
	case partErr == nil && 3 <= c.text && c.text <= tailLen && c.parted == 0:
		return ClassPartial
	case 4 <= c.text && c.text < Len-1 && 3*c.digits >= c.text: // else words with a number among them
		return ClassChassis
	}
	return ClassOther
}

// isPlain reports, for the greater part of them, that a VIN can be nothing
// else: words begin with four letters, filled numbers with 0, and the symbols
// in front are not all alike.
func isPlain(v VIN) bool {
	b := v.Bytes()
	digit, differ := false, false
	for _, c := range b[:4] {
		digit = digit || '1' <= c && c <= '9'
		differ = differ || c != b[0]
	}
	return digit && differ && b[0] != '0' && maskedByX(v) == 0
}

// blank tells a field with a dash from an empty one.
func (r *reader) blank() Class {
	for i := range r.cells {
		switch r.cells[i].class {
		case dash, separator, delimiter:
			return ClassPlaceholder
		}
	}
	return ClassEmpty
}

// isOneSymbol reports whether the text is zeros, or X but not 17 of them, or
// another symbol five times and more but not 17.
func (r *reader) isOneSymbol() bool {
	n, sym := 0, byte(0)
	for i := r.lo; i < r.hi; i++ {
		c := &r.cells[i]
		if c.class.isEdge() {
			continue
		}
		if c.class != symbol || n > 0 && c.sym != sym {
			return false
		}
		n, sym = n+1, c.sym
	}
	return sym == '0' || n != Len && (sym == 'X' || n >= 5)
}

// wordsOnly returns ClassPlaceholder if the text is words that stand for no
// number, or question marks, and ClassEmpty if it is labels; else ClassOther.
// Digits may follow a word that is too long to be the beginning of a number.
func (r *reader) wordsOnly() Class {
	said, label, long := ClassPlaceholder, false, false
	cells := r.cells[:r.hi]
	for i := r.lo; i < r.hi; {
		if c := &cells[i]; c.class.isEdge() || c.r == '?' || c.r == '？' || long && c.isDigit() {
			i++
			continue
		}
		end := longestWord(cells, i, placeholders, 4)
		labelEnd := longestWord(cells, i, labels, 3)
		switch {
		case end > 0 && !(label && labelEnd == end): // "no VIN", but not "VIN no."
			said, long, label = ClassPlaceholder, long || end-i >= 4, false
		case labelEnd > 0:
			if i == r.lo {
				said = ClassEmpty
			}
			end, label = labelEnd, true
		default:
			return ClassOther
		}
		i = end
	}
	return said
}

// A tally counts what a text consists of, without labels in front.
type tally struct {
	first  int // the first cell with text
	text   int // letters and digits
	native int // letters of other scripts among them, and combining marks
	digits int
	broken int // characters that no number can hold, and marks on nothing
	parted int // dashes and other separators but blanks
}

func (r *reader) count() (t tally) {
	t.first = -1
	for i := r.skipLabels(r.lo); i < r.hi; i++ {
		switch c := &r.cells[i]; c.class {
		case symbol, letter:
			if c.class == letter {
				t.native++
			}
			if t.first < 0 {
				t.first = i
			}
			t.text++
			if c.isDigit() {
				t.digits++
			}
		case mark:
			if i > 0 && r.cells[i-1].class.isText() {
				t.native++
			} else {
				t.broken++
			}
		case space, invisible:
		case dash, separator:
			t.parted++
		default:
			t.broken++
		}
	}
	return t
}

// isAboutLen reports whether the text is as long as a VIN, give or take one
// character, or would be if what is broken were symbols.
func (t *tally) isAboutLen() bool {
	about := func(n int) bool { return Len-1 <= n && n <= Len+1 }
	return about(t.text) || t.text >= Len-5 && about(t.text+t.broken)
}

// hasSign reports whether the text has a sign for unknown symbols.
func (r *reader) hasSign() bool { return slices.ContainsFunc(r.cells, isSignCell) }

func isSignCell(c cell) bool { return isSign(c.r) }

// isStamped reports whether asterisks stand on both sides and nowhere else, as
// makers stamp frame numbers and as bar codes show their ends.
func (r *reader) isStamped() bool {
	star := func(c cell) bool { return c.r == '*' }
	return slices.ContainsFunc(r.cells[:r.lo], star) && slices.ContainsFunc(r.cells[r.hi:], star) &&
		!slices.ContainsFunc(r.cells[r.lo:r.hi], isSignCell)
}

// isList reports whether the text holds different numbers of seven symbols and
// more, three of them digits: on both sides of a comma or the like, or a VIN
// and another.
func (r *reader) isList() bool {
	lists := func(c cell) bool {
		switch c.r {
		case ',', ';', '|', '&', '+', '\n', '\r', '，', '；', '、':
			return true
		}
		return false
	}
	gaps := func(c cell) bool { return !c.class.isText() }
	return r.differ(lists) || r.found > 0 && r.differ(gaps)
}

// differ reports whether ends parts the text into numbers of which two differ.
func (r *reader) differ(ends func(cell) bool) bool {
	const least, leastDigits = 7, 3
	var first []cell
	for i := r.lo; i < r.hi; {
		end, n, digits := i, 0, 0
		for ; end < r.hi && !ends(r.cells[end]); end++ {
			if c := &r.cells[end]; c.class == symbol {
				n++
				if c.isDigit() {
					digits++
				}
			}
		}
		if n >= least && digits >= leastDigits {
			if first != nil && !sameSymbols(first, r.cells[i:end]) {
				return true
			}
			first = r.cells[i:end]
		}
		i = end + 1
	}
	return false
}

// sameSymbols reports whether a and b differ only in what is not a symbol.
func sameSymbols(a, b []cell) bool {
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		for i < len(a) && a[i].class != symbol {
			i++
		}
		for j < len(b) && b[j].class != symbol {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if a[i].sym != b[j].sym {
			return false
		}
	}
}
