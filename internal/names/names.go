// Package names folds names as people and offices spell them, so that the same
// name is the same text.
package names

import (
	"unicode"
	"unicode/utf8"
)

// Fold returns the letters and digits of the name of a make or colour, in lower
// case and without the marks of Latin letters: "CITROËN" and "Citroen" are one
// name, and so are "Mercedes-Benz" and "MERCEDES BENZ".
func Fold(name string) string {
	b := make([]byte, 0, len(name))
	for _, r := range name {
		if r = Letter(r); r >= 0 {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

// Letter folds one character of a name; -1 says that it does not count.
func Letter(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
		return r
	case r < utf8.RuneSelf:
		return -1
	}
	if r = baseLetter(unicode.ToLower(r)); unicode.IsLetter(r) {
		return r
	}
	return -1
}

// FoldCase returns the same text for texts that [strings.EqualFold] holds to be
// equal, and for no others.
func FoldCase(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		// Case folding goes in a circle through all forms of a letter.
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		b = utf8.AppendRune(b, least)
	}
	return string(b)
}

// baseLetter drops the mark of a lower-case Latin letter that occurs in the
// names of makes and colours. Other letters stay as they are.
func baseLetter(r rune) rune {
	switch r {
	case 'à', 'á', 'â', 'ã', 'ä', 'å', 'ă', 'ą':
		return 'a'
	case 'ç', 'ć', 'č':
		return 'c'
	case 'è', 'é', 'ê', 'ë', 'ě', 'ę':
		return 'e'
	case 'ì', 'í', 'î', 'ï', 'ı':
		return 'i'
	case 'ł':
		return 'l'
	case 'ñ', 'ń', 'ň':
		return 'n'
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ø', 'ő':
		return 'o'
	case 'ř':
		return 'r'
	case 'š', 'ś', 'ş', 'ș':
		return 's'
	case 'ù', 'ú', 'û', 'ü', 'ů', 'ű':
		return 'u'
	case 'ý', 'ÿ':
		return 'y'
	case 'ž', 'ź', 'ż':
		return 'z'
	}
	return r
}
