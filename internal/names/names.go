// Package names folds names as people and offices spell them, so that the same
// name is the same text.
package names

import (
	"sort"
	"unicode"
	"unicode/utf8"
)

//go:generate go -C ../tools run ./nametables ../names/marked.go

// Fold returns the letters and digits of the name of a make or colour, in lower
// case, of usual width and without marks: "CITROËN" and "Citroen" are one name,
// and so are "Mercedes-Benz" and "MERCEDES BENZ". Marks go from letters of every
// script, so that a name is the same however Unicode writes it: "синий" folds to
// "синии".
func Fold(name string) string {
	b := make([]byte, 0, len(name))
	for _, r := range name {
		if r = Letter(r); r >= 0 {
			b = appendSyllable(b, r)
		}
	}
	return string(b)
}

// Letter folds one character of a name; -1 says that it does not count. It does
// not put syllables of Hangul together.
func Letter(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
		return r
	case r < utf8.RuneSelf:
		return -1
	case '！' <= r && r <= '～': // full width
		return Letter(r - '！' + '!')
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

// baseLetter drops the marks of a lower-case letter, and takes the two forms of
// a Greek sigma for one. Other letters stay as they are.
func baseLetter(r rune) rune {
	i := sort.Search(len(marked), func(i int) bool { return rune(marked[i][0]) >= r })
	if i < len(marked) && rune(marked[i][0]) == r {
		r = rune(marked[i][1])
	}
	switch r { // letters that Unicode does not take apart
	case 'đ':
		return 'd'
	case 'ħ':
		return 'h'
	case 'ı':
		return 'i'
	case 'ł':
		return 'l'
	case 'ø':
		return 'o'
	case 'ŧ':
		return 't'
	case 'ς':
		return 'σ'
	}
	return r
}

// appendSyllable appends a folded letter. Those of Hangul make up a syllable (The
// Unicode Standard, 3.12).
func appendSyllable(b []byte, r rune) []byte {
	const (
		leads, vowels, trails = 0x1100, 0x1161, 0x11A7
		nLeads, nVowels       = 19, 21
		syllables, nTrails    = 0xAC00, 28
	)
	last, size := utf8.DecodeLastRune(b)
	lead, vowel, trail, syllable := last-leads, r-vowels, r-trails, last-syllables
	switch {
	case 0 <= lead && lead < nLeads && 0 <= vowel && vowel < nVowels:
		b, r = b[:len(b)-size], syllables+(lead*nVowels+vowel)*nTrails
	case 0 <= syllable && syllable < nLeads*nVowels*nTrails && syllable%nTrails == 0 && 0 < trail && trail < nTrails:
		b, r = b[:len(b)-size], last+trail
	}
	return utf8.AppendRune(b, r)
}
