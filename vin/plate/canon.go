package plate

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// ascii maps an ASCII character to its canonical form, with kept above it; 0 if
// it is dropped. It has room for every byte, so that no index is checked.
var ascii = [256]uint16{
	'0': kept | '0', '1': kept | '1', '2': kept | '2', '3': kept | '3', '4': kept | '4',
	'5': kept | '5', '6': kept | '6', '7': kept | '7', '8': kept | '8', '9': kept | '9',
	'A': kept | 'A', 'B': kept | 'B', 'C': kept | 'C', 'D': kept | 'D', 'E': kept | 'E',
	'F': kept | 'F', 'G': kept | 'G', 'H': kept | 'H', 'I': kept | 'I', 'J': kept | 'J',
	'K': kept | 'K', 'L': kept | 'L', 'M': kept | 'M', 'N': kept | 'N', 'O': kept | 'O',
	'P': kept | 'P', 'Q': kept | 'Q', 'R': kept | 'R', 'S': kept | 'S', 'T': kept | 'T',
	'U': kept | 'U', 'V': kept | 'V', 'W': kept | 'W', 'X': kept | 'X', 'Y': kept | 'Y',
	'Z': kept | 'Z',
	'a': kept | 'A', 'b': kept | 'B', 'c': kept | 'C', 'd': kept | 'D', 'e': kept | 'E',
	'f': kept | 'F', 'g': kept | 'G', 'h': kept | 'H', 'i': kept | 'I', 'j': kept | 'J',
	'k': kept | 'K', 'l': kept | 'L', 'm': kept | 'M', 'n': kept | 'N', 'o': kept | 'O',
	'p': kept | 'P', 'q': kept | 'Q', 'r': kept | 'R', 's': kept | 'S', 't': kept | 'T',
	'u': kept | 'U', 'v': kept | 'V', 'w': kept | 'W', 'x': kept | 'X', 'y': kept | 'Y',
	'z': kept | 'Z',
}

const kept = 1 << 8

// A canonicalizer writes the canonical form of the characters given to it.
//
// It does what normalizing the text to NFKC, mapping each character and
// normalizing again would do, in one pass and without a table of everything
// that composes: letters are written at once, and rewritten in the few cases
// where a mark after them makes another letter.
type canonicalizer struct {
	country country
	out     [MaxText]byte // the canonical text so far, in place: a slice of
	n       int           // the caller's array would make that escape
	full    bool          // a letter did not fit; out is of no use
	han     bool          // an ideograph may stand before the text

	base    rune      // the letter that a mark would join, before rules of countries; 0: none
	baseAt  int       // where it stands in out
	blocked [4]uint64 // combining classes with a mark that did not join it

	// In Saudi Arabia, where the letters on out that were Arabic begin, and
	// how many they are.
	runAt, runLen int
}

// write adds one character.
func (k *canonicalizer) write(r rune) {
	if r < utf8.RuneSelf {
		k.base = 0
		if c := byte(ascii[r]); c != 0 {
			k.putByte(c)
		}
		return
	}
	switch e := runeEntry(r); {
	case e < keepRune:
		k.drop(r, uint8(e))
	case e == keepRune:
		k.letter(r)
	default:
		for _, x := range runeText(e) {
			k.letter(x)
		}
	}
}

// finish ends the text.
func (k *canonicalizer) finish() { k.endRun() }

// text returns what is written, until the next write.
func (k *canonicalizer) text() []byte { return k.out[:k.n] }

// drop handles a character that is not written. If it is a mark, of a
// combining class above 0, it may join the letter before it. Marks commute
// with those of other classes; one of its own class that did not join stands
// in its way, and so does anything of class 0.
func (k *canonicalizer) drop(r rune, class uint8) {
	if k.base == 0 {
		return
	}
	word, bit := class>>6, uint64(1)<<(class&63)
	free := k.blocked[word]&bit == 0
	if class == 0 {
		free = k.blocked == [4]uint64{}
	}
	if free {
		if c, ok := compose(k.base, r); ok {
			k.n = k.baseAt
			k.base = c
			k.native(c)
			return
		}
	}
	if class == 0 {
		k.base = 0
	} else {
		k.blocked[word] |= bit
	}
}

// letter writes a letter or digit as the rune tables give it.
func (k *canonicalizer) letter(r rune) {
	if r < utf8.RuneSelf {
		k.base = 0
		k.putByte(byte(r))
		return
	}
	k.base, k.baseAt, k.blocked = r, k.n, [4]uint64{}
	k.native(r)
}

// The countries that do not read letters by their looks.
const (
	montenegro     country = 'M'<<8 | 'E'
	northMacedonia country = 'M'<<8 | 'K'
	serbia         country = 'R'<<8 | 'S'
	saudiArabia    country = 'S'<<8 | 'A'
)

// native writes a letter beyond ASCII under the rules of the country.
func (k *canonicalizer) native(r rune) {
	switch k.country {
	case serbia, montenegro, northMacedonia:
		if s := serbian(r); s != "" {
			if r == 'Ѕ' && k.country == northMacedonia {
				s = "DZ"
			}
			for i := range len(s) {
				k.putByte(s[i])
			}
			return
		}
	case saudiArabia:
		if c := saudi(r); c != 0 {
			if k.runLen == 0 {
				k.runAt = k.n
			}
			k.runLen++
			k.append(c)
			return
		}
	}
	switch {
	case r < 0x530: // Greek and Cyrillic
		if c := lookAlike(r); c != 0 {
			k.putByte(c)
			return
		}
	case isJamo(r):
		if s, ok := k.syllable(r); ok {
			// In place: all syllables and letters of Hangul take three bytes.
			utf8.EncodeRune(k.out[k.n-3:], s)
			return
		}
	case unicode.Is(unicode.Han, r):
		// A province comes first. Ideographs after others are Japanese
		// places: the second of 出雲 is no Yunnan.
		prev, _ := utf8.DecodeLastRune(k.text())
		if !unicode.Is(unicode.Han, prev) && !(k.han && k.n == 0) {
			r = simplified(r)
		}
	}
	k.endRun()
	if k.n+utf8.RuneLen(r) > len(k.out) {
		k.full = true
		return
	}
	k.n += utf8.EncodeRune(k.out[k.n:], r)
}

func (k *canonicalizer) putByte(c byte) {
	k.endRun()
	k.append(c)
}

func (k *canonicalizer) append(c byte) {
	if k.n == len(k.out) {
		k.full = true
		return
	}
	k.out[k.n] = c
	k.n++
}

// endRun puts letters that were Arabic in the order of the Latin text on a
// Saudi plate, which is the reverse.
func (k *canonicalizer) endRun() {
	if k.runLen > 0 {
		slices.Reverse(k.out[k.runAt:k.n])
		k.runLen = 0
	}
}

// Hangul syllables are regular: a leading consonant, a vowel, and perhaps a
// trailing consonant (The Unicode Standard, 3.12).
const (
	jamoL, jamoV, jamoT = 0x1100, 0x1161, 0x11A7 // jamoT is no consonant: none
	syllables           = 0xAC00
	countL, countV      = 19, 21
	countT              = 28
)

// isJamo reports whether r can continue a syllable.
func isJamo(r rune) bool {
	return jamoV <= r && r < jamoV+countV || jamoT < r && r < jamoT+countT
}

// syllable composes r with what stands last.
func (k *canonicalizer) syllable(r rune) (rune, bool) {
	prev, _ := utf8.DecodeLastRune(k.text())
	switch {
	case r < jamoT && jamoL <= prev && prev < jamoL+countL:
		return syllables + ((prev-jamoL)*countV+(r-jamoV))*countT, true
	case r > jamoT && syllables <= prev && prev < syllables+countL*countV*countT && (prev-syllables)%countT == 0:
		return prev + (r - jamoT), true
	}
	return 0, false
}
