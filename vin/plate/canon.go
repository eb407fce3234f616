package plate

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// dropped is the entry in ascii of a character that is no part of a number.
const dropped = 0

// ascii maps an ASCII character to its canonical form.
var ascii = [utf8.RuneSelf]byte{
	'0': '0', '1': '1', '2': '2', '3': '3', '4': '4', '5': '5', '6': '6', '7': '7', '8': '8', '9': '9',
	'A': 'A', 'B': 'B', 'C': 'C', 'D': 'D', 'E': 'E', 'F': 'F', 'G': 'G', 'H': 'H', 'I': 'I',
	'J': 'J', 'K': 'K', 'L': 'L', 'M': 'M', 'N': 'N', 'O': 'O', 'P': 'P', 'Q': 'Q', 'R': 'R',
	'S': 'S', 'T': 'T', 'U': 'U', 'V': 'V', 'W': 'W', 'X': 'X', 'Y': 'Y', 'Z': 'Z',
	'a': 'A', 'b': 'B', 'c': 'C', 'd': 'D', 'e': 'E', 'f': 'F', 'g': 'G', 'h': 'H', 'i': 'I',
	'j': 'J', 'k': 'K', 'l': 'L', 'm': 'M', 'n': 'N', 'o': 'O', 'p': 'P', 'q': 'Q', 'r': 'R',
	's': 'S', 't': 'T', 'u': 'U', 'v': 'V', 'w': 'W', 'x': 'X', 'y': 'Y', 'z': 'Z',
}

// A canonicalizer writes the canonical form of the characters given to it.
//
// It does what normalizing the text to NFKC, mapping each character and
// normalizing again would do, in one pass and without a table of everything
// that composes: letters are written at once, and rewritten in the few cases
// where a mark after them makes another letter.
type canonicalizer struct {
	country country
	limit   int    // bytes that out may hold
	out     []byte // the canonical text so far
	full    bool   // a letter did not fit; out is of no use

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
		if c := ascii[r]; c != dropped {
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
			k.out = k.out[:k.baseAt]
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
	k.base, k.baseAt, k.blocked = r, len(k.out), [4]uint64{}
	k.native(r)
}

var saudiArabia = country{'S', 'A'}

// native writes a letter beyond ASCII under the rules of the country.
func (k *canonicalizer) native(r rune) {
	switch k.country {
	case country{'R', 'S'}, country{'M', 'E'}, country{'M', 'K'}:
		if s := serbian(r); s != "" {
			if r == 'Ѕ' && k.country == (country{'M', 'K'}) {
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
				k.runAt = len(k.out)
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
			utf8.EncodeRune(k.out[len(k.out)-3:], s)
			return
		}
	case unicode.Is(unicode.Han, r):
		// A province comes first. Ideographs after others are Japanese
		// places: the second of 出雲 is no Yunnan.
		if prev, _ := utf8.DecodeLastRune(k.out); !unicode.Is(unicode.Han, prev) {
			r = simplified(r)
		}
	}
	k.endRun()
	if len(k.out)+utf8.RuneLen(r) > k.limit {
		k.full = true
		return
	}
	k.out = utf8.AppendRune(k.out, r)
}

func (k *canonicalizer) putByte(c byte) {
	k.endRun()
	k.append(c)
}

func (k *canonicalizer) append(c byte) {
	if len(k.out) >= k.limit {
		k.full = true
		return
	}
	k.out = append(k.out, c)
}

// endRun puts letters that were Arabic in the order of the Latin text on a
// Saudi plate, which is the reverse.
func (k *canonicalizer) endRun() {
	if k.runLen > 0 {
		slices.Reverse(k.out[k.runAt:])
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
	prev, _ := utf8.DecodeLastRune(k.out)
	switch {
	case r < jamoT && jamoL <= prev && prev < jamoL+countL:
		return syllables + ((prev-jamoL)*countV+(r-jamoV))*countT, true
	case r > jamoT && syllables <= prev && prev < syllables+countL*countV*countT && (prev-syllables)%countT == 0:
		return prev + (r - jamoT), true
	}
	return 0, false
}
