package plate

import _ "embed"

//go:generate go -C ../../internal/tools run ./platetables ../../vin/plate

// The rune tables say what stands for each character of Unicode before the
// rules of countries apply. They are made with golang.org/x/text: the Unicode
// compatibility mapping, upper case, digits of every script to 0-9, Latin and
// Greek without marks, Arabic letters in one form each, katakana to hiragana.
//
//	 code point
//	┌─────────┬───────┐
//	│  block  │ low 7 │
//	└────┬────┴───┬───┘
//	     ▼        │
//	 block index ─┼─▶ page of 128 entries ─▶ entry
//	 (one byte)   └──▶ (two bytes)
//
// An entry below keepRune is a character that is dropped; it is the canonical
// combining class of a mark, 0 for what is no mark. keepRune is a letter that
// stays as it is. A greater entry, less keepRune+1, is the place of a text: a
// length byte and the characters that stand for this one.
//
//go:embed runes.bin
var runesBin string

const (
	blockBits = 7
	blockLen  = 1 << blockBits
	blocks    = (0x10FFFF + 1) / blockLen
	textsAt   = blocks + runePages*blockLen*2

	keepRune = 256
)

// runeEntry returns the entry of a code point.
func runeEntry(r rune) int {
	page := int(runesBin[r>>blockBits])
	at := blocks + (page*blockLen+int(r&(blockLen-1)))*2
	return int(runesBin[at]) | int(runesBin[at+1])<<8
}

// runeText returns the text of an entry above keepRune.
func runeText(entry int) string {
	at := textsAt + entry - (keepRune + 1)
	return runesBin[at+1:][:runesBin[at]]
}

// A composition is a letter and a mark after it that make another letter.
type composition struct{ base, mark, result rune }

// compose returns the letter that base and mark make.
func compose(base, mark rune) (rune, bool) {
	lo, hi := 0, len(compositions)
	for lo < hi {
		mid := (lo + hi) / 2
		if c := compositions[mid]; c.base < base || c.base == base && c.mark < mark {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(compositions) && compositions[lo].base == base && compositions[lo].mark == mark {
		return compositions[lo].result, true
	}
	return 0, false
}
