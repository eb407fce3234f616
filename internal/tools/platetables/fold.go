package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"
)

// fold returns what stands for one character in a plate, before the rules that
// depend on the country or on its neighbours: digits 0-9; Latin letters A-Z;
// letters of other scripts in one form, upper case where there is case; ""
// for everything that is not part of a number.
func fold(r rune) string {
	if !utf8.ValidRune(r) || intercepted(r) {
		return ""
	}
	var b strings.Builder
	for _, x := range norm.NFKC.String(string(r)) {
		b.WriteString(foldOne(x))
	}
	return b.String()
}

// intercepted reports whether r is a sign that compatibility mapping would
// expand to characters of a number: the numero sign to No, the trade mark
// sign to TM, the ordinal indicators to a and o, the rupee sign to Rs.
func intercepted(r rune) bool {
	switch r {
	case 'ª', 'º':
		return true
	}
	if !unicode.Is(unicode.S, r) {
		return false
	}
	if 0x2100 <= r && r <= 0x214F { // Letterlike Symbols
		return true
	}
	// What remains are enclosed characters, of which one stands for itself
	// and several are an abbreviation.
	n := 0
	for _, x := range norm.NFKC.String(string(r)) {
		if unicode.IsLetter(x) || unicode.IsDigit(x) {
			n++
		}
	}
	return n > 1
}

// foldOne is fold of one character of compatibility-normalized text.
func foldOne(r rune) string {
	switch {
	case unicode.IsDigit(r):
		return string(rune('0' + digitValue(r)))
	case !unicode.IsLetter(r), unicode.Is(unicode.Lm, r), ignorable(r):
		return ""
	}
	if s, ok := special[r]; ok {
		return s
	}
	// Title case, because Georgian has upper case for headlines only.
	r = unicode.ToTitle(unicode.ToLower(r))
	// Again, because not every letter with marks has an upper case.
	base := unicode.ToTitle(first(norm.NFD.String(string(r))))
	switch {
	case unicode.Is(unicode.Latin, r):
		return latin(base)
	case unicode.Is(unicode.Greek, r):
		return string(base)
	case unicode.Is(unicode.Cyrillic, r) && strings.ContainsRune(cyrillicTwins, base):
		return string(base)
	case 'ァ' <= r && r <= 'ヶ':
		return string(r - 'ァ' + 'ぁ')
	}
	return string(r)
}

// digitValue relies on digits standing in runs of ten, as Unicode guarantees
// for category Nd.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	panic("not a decimal digit")
}

// ignorable reports whether a letter is invisible: the Hangul fillers.
func ignorable(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// cyrillicTwins are the letters that package plate maps to Latin. A mark on
// one of them is stripped, as on a Latin letter; on another letter it makes a
// letter of its own, such as short I.
const cyrillicTwins = "АВЕКМНОРСТУХІЈЅ"

// special holds letters that neither normalization nor their name explains.
var special = map[rune]string{
	'Æ': "AE", 'æ': "AE", 'Œ': "OE", 'œ': "OE",
	'Ð': "D", 'ð': "D", 'Ɖ': "D",
	'ß': "B", 'ẞ': "B", // only a camera writes it
	'ı': "I", 'ȷ': "J",

	// Arabic: one alef, yeh, waw, kaf and heh each.
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ٲ': "ا", 'ٳ': "ا",
	'ى': "ي", 'ئ': "ي", 'ی': "ي", 'ې': "ي", 'ۍ': "ي", 'ێ': "ي", 'ے': "ي", 'ۓ': "ي",
	'ؤ': "و",
	'ک': "ك", 'ڪ': "ك",
	'ة': "ه", 'ہ': "ه", 'ۂ': "ه", 'ە': "ه", 'ۀ': "ه", 'ھ': "ه", 'ۃ': "ه",

	// These have no voiced hiragana.
	'ヷ': "わ", 'ヸ': "ゐ", 'ヹ': "ゑ", 'ヺ': "を",
}

var latinNames = []*regexp.Regexp{
	regexp.MustCompile(`^LATIN (?:CAPITAL|SMALL) LETTER ([A-Z]|AE|OE) WITH `),
	regexp.MustCompile(`^LATIN LETTER SMALL CAPITAL ([A-Z])(?: WITH .*)?$`),
	regexp.MustCompile(`^LATIN SMALL LETTER DOTLESS ([IJ])\b`),
}

// latin returns the base of a Latin letter: that of its decomposition, or for
// strokes, hooks and the like the letter that its name says; other letters,
// such as thorn, have none.
func latin(r rune) string {
	if r < utf8.RuneSelf {
		return string(r)
	}
	if s, ok := special[r]; ok {
		return s
	}
	name := runenames.Name(r)
	for _, re := range latinNames {
		if m := re.FindStringSubmatch(name); m != nil {
			return m[1]
		}
	}
	return string(r)
}
