package plate

import (
	"unicode"
	"unicode/utf8"
)

// dropped is the entry of a character that is not part of a number.
const dropped = 0

// ascii maps an ASCII character to its canonical form.
var ascii = func() (t [utf8.RuneSelf]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('A'); c <= 'Z'; c++ {
		t[c], t[c|0x20] = c, c
	}
	return t
}()

type canonicalizer struct {
	country country
	limit   int
	out     []byte
	full    bool
}

func (k *canonicalizer) write(r rune) {
	r = unicode.ToUpper(r)
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		if len(k.out)+utf8.RuneLen(r) > k.limit {
			k.full = true
			return
		}
		k.out = utf8.AppendRune(k.out, r)
	}
}

func (k *canonicalizer) flush() {}
