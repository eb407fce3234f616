package vin

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// This file says what single characters mean in text that people, papers and
// devices write. Clean, CleanText, CleanPattern, Classify and Repairs all read
// text through it, so that they cannot disagree about a character.

// A class is what the cleaners may do with a character.
type class uint8

const (
	foreign   class = iota // never dropped: question marks, superscripts, enclosed letters
	badByte                // a byte that is not UTF-8; never dropped
	symbol                 // stands for a letter A-Z or a digit: cell.sym
	letter                 // a letter of another script, part of labels and of other numbers
	mark                   // a combining mark: belongs to what stands before it
	invisible              // dropped anywhere: BOM, zero width, bidi controls
	space                  // dropped anywhere
	dash                   // dropped anywhere; CleanText keeps one between two parts
	separator              // dropped anywhere: . / _ quotes
	delimiter              // dropped around a number, not in it: * # < > ( ) , : stars
	padding                // dropped at the ends of the text: NUL and other controls, U+00FF, U+FFFD
	paddingFF              // the byte 0xFF: padding that is not UTF-8
)

// isGap reports whether a character of class c may stand inside a number.
func (c class) isGap() bool { return invisible <= c && c <= separator }

// isEdge reports whether a character of class c may stand around a number.
func (c class) isEdge() bool { return invisible <= c && c <= delimiter }

// isText reports whether c is part of a word or a number.
func (c class) isText() bool { return c == symbol || c == letter || c == mark }

// drop is the edit that drops a character of class c.
func (c class) drop() EditKind {
	switch c {
	case invisible:
		return DroppedInvisible
	case delimiter:
		return DroppedDelimiter
	case padding, paddingFF:
		return DroppedPadding
	}
	return DroppedSeparator
}

// A cell is one character of a text, classified.
type cell struct {
	r     rune     // as written; utf8.RuneError for badByte and paddingFF
	sym   byte     // of class symbol: A-Z or 0-9, I, O and Q included
	class class    //
	fold  EditKind // how sym came from r; zero: r is sym
	edit  EditKind // what the reader decided to do with it; zero: keep
}

// isLegal reports whether c stands for a VIN symbol.
func (c *cell) isLegal() bool { return c.class == symbol && symbols[c.sym]&notSymbol == 0 }

// isDigit reports whether c stands for a digit.
func (c *cell) isDigit() bool { return '0' <= c.sym && c.sym <= '9' }

// upper is the character as words are compared: labels are written in many
// scripts, so that look-alikes keep their own script here.
func (c *cell) upper() rune {
	if c.sym != 0 && c.fold != FoldedLookalike {
		return rune(c.sym)
	}
	return unicode.ToUpper(c.r)
}

// to is what the character is read as, of a cell that is folded.
func (c *cell) to() rune {
	switch c.class {
	case symbol:
		return rune(c.sym)
	case dash:
		return '-'
	case letter:
		return unicode.ToUpper(c.r)
	}
	return c.r
}

// maxChars bounds the work on one text. A VIN with a label in every language
// is far below it.
const maxChars = 1024

// readCells appends the characters of raw to dst, at most maxChars of them.
func readCells(dst []cell, raw string) ([]cell, error) {
	if len(raw) > maxChars*utf8.UTFMax {
		return dst, &Error{Kind: Oversize, Pos: maxChars + 1}
	}
	if len(raw) > bufCells*utf8.UTFMax { // growing by steps takes twice as much
		dst = slices.Grow(dst, min(len(raw), maxChars))
	}
	for i := 0; i < len(raw); {
		if len(dst) == maxChars {
			return dst, &Error{Kind: Oversize, Pos: maxChars + 1}
		}
		if b := raw[i]; b < utf8.RuneSelf {
			dst = append(dst, asciiCells[b])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			dst = append(dst, foldRune(r))
		case raw[i] == 0xFF:
			dst = append(dst, cell{r: r, class: paddingFF})
		default:
			dst = append(dst, cell{r: r, class: badByte})
		}
		i += size
	}
	return dst, nil
}

var asciiCells = makeASCIICells()

func makeASCIICells() (t [utf8.RuneSelf]cell) {
	for i := range t {
		r := rune(i)
		c := cell{r: r}
		switch {
		case '0' <= r && r <= '9' || 'A' <= r && r <= 'Z':
			c.class, c.sym = symbol, byte(r)
		case 'a' <= r && r <= 'z':
			c.class, c.sym, c.fold = symbol, byte(r)-'a'+'A', FoldedCase
		case r == ' ' || '\t' <= r && r <= '\r':
			c.class = space
		case r < ' ' || r == 0x7F:
			c.class = padding
		case r == '-':
			c.class = dash
		case r == '.' || r == '/' || r == '_' || r == '"' || r == '\'' || r == '`':
			c.class = separator
		case r != '?': // which says that a symbol is missing
			c.class = delimiter
		}
		t[i] = c
	}
	return t
}

// foldRune classifies a character outside ASCII. Compatibility forms other
// than the full-width ones are not folded: NFKC would turn a superscript two,
// which is a footnote, into the digit 2.
func foldRune(r rune) cell {
	const fullWidth = '！' - '!'
	if '！' <= r && r <= '～' {
		c := asciiCells[r-fullWidth]
		c.r = r
		if c.sym != 0 {
			c.fold = FoldedWidth
		}
		return c
	}
	if d, ok := digitValue(r); ok {
		return cell{r: r, class: symbol, sym: '0' + d, fold: FoldedDigit}
	}
	if s := lookalike(r); s != 0 {
		return cell{r: r, class: symbol, sym: s, fold: FoldedLookalike}
	}
	return cell{r: r, class: classOf(r)}
}

func classOf(r rune) class {
	switch r {
	case 'ÿ', utf8.RuneError: // 0xFF padding after a passage through Latin-1, or through a lossy decoder
		return padding
	case '−', '˗', '⁃', 'ー', 'ｰ': // minus, modifier minus, hyphen bullet, Japanese long-vowel marks
		return dash
	case '·', '‧', '․', '・', '･', '。', '⁄', '∕', '´', '′', '″', '‚', '„', '‗':
		return separator
	case '\u034F', '\u115F', '\u1160', '\u17B4', '\u17B5', '\u3164', '\uFFA0': // joiner and fillers that show nothing
		return invisible
	case '¿', '؟', 'ſ', 'µ': // question marks; small letters whose capitals do not look like them
		return foreign
	}
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return invisible
	case unicode.Is(unicode.Pd, r):
		return dash
	case unicode.In(r, unicode.Pi, unicode.Pf):
		return separator
	case unicode.Is(unicode.Cc, r):
		return padding
	case 0x2460 <= r && r <= 0x24FF, 0x1F100 <= r && r <= 0x1F1FF:
		return foreign // enclosed letters and digits are symbols to Unicode, but say something
	case unicode.IsPunct(r), unicode.IsSymbol(r):
		return delimiter
	case unicode.IsMark(r):
		return mark
	case unicode.IsLetter(r):
		return letter
	}
	return foreign
}

// digitValue returns the value of a decimal digit of any script. Unicode keeps
// the ten digits of a script together and in order.
func digitValue(r rune) (byte, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	return 0, false
}

// The Cyrillic and Greek capitals that look like Latin ones; VINs are engraved
// in capitals, so that a small letter means its capital. Letters that look
// like digits (Cyrillic Ze and 3) are not here: that would be a guess.
const (
	cyrillic      = "АВЕКМНОРСТУХІЈЅӀҮԌԚԜ"
	cyrillicLatin = "ABEKMHOPCTYXIJSIYGQW"
	greek         = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
	greekLatin    = "ABEZHIKMNOPTYX"
)

// lookalike returns the Latin capital that a Cyrillic or Greek letter looks
// like, or 0.
func lookalike(r rune) byte {
	u := unicode.ToUpper(r)
	table, latin := greek, greekLatin
	switch {
	case u < 0x370 || u > 0x52F || !unicode.IsLetter(r) || r == 'µ': // the micro sign is a unit
		return 0
	case u >= 0x400:
		table, latin = cyrillic, cyrillicLatin
	}
	i := 0
	for _, t := range table {
		if t == u {
			return latin[i]
		}
		i++
	}
	return 0
}
