package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// Near numbers are found by making every number that the read may be a
// misreading of, and asking the index for all of them in one batch. So the
// search is complete by construction, and its cost does not depend on what is
// listed. Of a whole VIN the index finds those with one error by itself, in a
// tenth of the time: see index.View.AppendNear.

// LookAlikes are the pairs of characters that are taken for each other often
// enough for two of them to be looked for in one read: the commonest pairs by
// the counts of what optical readers confuse (zas97/ocr_weighted_levenshtein),
// and those of people.
const LookAlikes = "0O 0D 0Q DO OQ 1I 1L 1J 1T 17 IL IJ IT 2Z 7Z 7T 3B 38 39 3S " +
	"4A 49 5S 56 6G CG 68 8B EF FP PR HK HM MN KX JU UV VY VW TY"

// lookAlikes lists for each character those it is paired with.
var lookAlikes = func() (t [256]string) {
	for _, pair := range strings.Fields(LookAlikes) {
		t[pair[0]] += pair[1:]
		t[pair[1]] += pair[:1]
	}
	return t
}()

// illegal stands in the symbols of a VIN for a character that is none.
const illegal = 255

// minSymbols and maxSymbols are how many symbols of a read may be those of a VIN
// of which one error was made: cameras lose the last two as one.
const (
	minSymbols = vin.Len - 2
	maxSymbols = vin.Len + 1
)

// vinSymbolsOf returns the letters and digits of what was read for a VIN in
// bytes, and whether there are as many as a VIN with one error may have.
// Characters that no VIN has, such as O, stay; those that are not even ASCII
// become 0.
func vinSymbolsOf(dst []byte, text []rune) ([]byte, bool) {
	if len(text) < minSymbols || len(text) > maxSymbols {
		return dst, false
	}
	for _, r := range text {
		c := byte(0)
		if r < utf8.RuneSelf {
			c = byte(r)
		}
		dst = append(dst, c)
	}
	return dst, true
}

// strays counts the characters of s that are no symbols, and returns the place
// of the last, or -1.
func strays(s []byte) (n, at int) {
	at = -1
	for i, c := range s {
		if numberOf[c] == illegal {
			n, at = n+1, i
		}
	}
	return n, at
}

// appendNearVINs appends the keys of all VINs of which s, 15 to 18 characters,
// may be a read with one error: one character replaced, two neighbours swapped,
// one lost, the last two lost, or one too many. A character that is no symbol of VINs is an error
// already, so that with one of them only that one is replaced or dropped, and
// with more there is no such VIN.
func appendNearVINs(dst []index.Key, s []byte) []index.Key {
	stray, at := strays(s)
	switch {
	case len(s) == vin.Len && stray == 0:
		var buf [vin.Nearest]vin.VIN
		v, _ := vin.FromBytes([vin.Len]byte(s))
		near := v.AppendNear(buf[:0])
		dst = slices.Grow(dst, len(near))
		for i := range near {
			dst = append(dst, index.VIN(near[i]))
		}
	case len(s) == vin.Len && stray == 1:
		b := [vin.Len]byte(s)
		for k := range len(vinSymbols) {
			b[at] = vinSymbols[k]
			dst = appendVIN(dst, b)
		}
	case len(s) == vin.Len-1 && stray == 0:
		var b [vin.Len]byte
		copy(b[1:], s)
		for i := range b {
			for k := range len(vinSymbols) {
				// Before its like it gives the same as behind it.
				if i == len(s) || vinSymbols[k] != s[i] {
					b[i] = vinSymbols[k]
					dst = appendVIN(dst, b)
				}
			}
			if i < len(s) {
				b[i] = s[i]
			}
		}
	case len(s) == vin.Len-2 && stray == 0:
		var b [vin.Len]byte
		copy(b[:], s)
		for k := range len(vinSymbols) {
			for l := range len(vinSymbols) {
				b[vin.Len-2], b[vin.Len-1] = vinSymbols[k], vinSymbols[l]
				dst = appendVIN(dst, b)
			}
		}
	case len(s) == vin.Len+1 && stray <= 1:
		var b [vin.Len]byte
		copy(b[:], s[1:])
		for i, c := range s {
			if (stray == 0 || at == i) && (i == 0 || c != s[i-1]) {
				dst = appendVIN(dst, b)
			}
			if i < vin.Len {
				b[i] = c
			}
		}
	}
	return dst
}

func appendVIN(dst []index.Key, b [vin.Len]byte) []index.Key {
	if v, ok := vin.FromBytes(b); ok {
		dst = append(dst, index.VIN(v))
	}
	return dst
}

// appendTwiceVINs appends the keys of the VINs of which s, 17 characters, may be
// a read with two errors that are looked for: two replaced by look-alikes; one
// so and two other neighbours swapped; and, where the check digit is required
// of the result, any two replaced so that it computes. Some come twice.
// Characters that are no symbols are among those that are replaced.
func appendTwiceVINs(dst []index.Key, s []byte) []index.Key {
	stray, _ := strays(s)
	if len(s) != vin.Len || stray > 2 {
		return dst
	}
	b := [vin.Len]byte(s)
	one := func(i int, then func()) {
		c := b[i]
		for k := range len(lookAlikes[c]) {
			if l := lookAlikes[c][k]; numberOf[l] != illegal {
				b[i] = l
				then()
			}
		}
		b[i] = c
	}
	for i := range vin.Len {
		one(i, func() {
			for j := i + 1; j < vin.Len; j++ {
				one(j, func() { dst = appendVIN(dst, b) })
			}
			for j := range vin.Len - 1 {
				if j != i && j+1 != i && b[j] != b[j+1] {
					b[j], b[j+1] = b[j+1], b[j]
					dst = appendVIN(dst, b)
					b[j], b[j+1] = b[j+1], b[j]
				}
			}
		})
	}
	return appendChecked(dst, b)
}

// appendChecked appends the keys of the VINs that come from b by replacing two
// symbols, whose check digit is required and computes.
func appendChecked(dst []index.Key, b [vin.Len]byte) []index.Key {
	// The check sum is linear: with the first symbol chosen, the remainder says
	// which value the second must have.
	var sum int
	stray, strayAt := strays(b[:])
	base := b
	for i, c := range b {
		if numberOf[c] == illegal {
			base[i] = '0'
		} else {
			sum += checkWeights[i] * int(checkValues[c])
		}
	}
	v, ok := vin.FromBytes(base)
	if !ok {
		return dst
	}
	free := func(i, j int) bool { // whether all strays are among i and j
		switch stray {
		case 0:
			return true
		case 1:
			return i == strayAt || j == strayAt
		}
		return numberOf[b[i]] == illegal && numberOf[b[j]] == illegal
	}
	value := func(i int) int {
		if numberOf[b[i]] == illegal {
			return 0
		}
		return int(checkValues[b[i]])
	}
	for i := range vin.Len {
		if i == checkAt {
			continue
		}
		for k := range len(vinSymbols) {
			c := vinSymbols[k]
			if c == b[i] {
				continue
			}
			w := v.With(i+1, c)
			rest := sum + checkWeights[i]*(int(checkValues[c])-value(i))
			for j := i + 1; j < vin.Len; j++ {
				if j == checkAt || !free(i, j) {
					continue
				}
				// What the others leave for position j.
				digit := checkNumber(b[checkAt])
				if digit < 0 {
					continue
				}
				need := mod11((digit - rest + checkWeights[j]*value(j)) * checkInverse[j])
				for m := range len(ofValue[need]) {
					if l := ofValue[need][m]; l != b[j] {
						dst = appendRequired(dst, w.With(j+1, l))
					}
				}
			}
			if free(i, checkAt) {
				if digit := "0123456789X"[mod11(rest)]; digit != b[checkAt] {
					dst = appendRequired(dst, w.With(checkAt+1, digit))
				}
			}
		}
	}
	return dst
}

// appendRequired appends the key of v if a check digit is required of it.
func appendRequired(dst []index.Key, v vin.VIN) []index.Key {
	if !checkRequired(v) {
		return dst
	}
	return append(dst, index.VIN(v))
}

// checkRequired is vin.VIN.CheckRule, as far as one answer goes.
func checkRequired(v vin.VIN) bool {
	switch c := v.At(1); {
	case '1' <= c && c <= '5', c == 'L':
		return true
	case c == '7':
		c = v.At(2)
		return c < 'A' || c > 'E'
	}
	return false
}

// checkAt is the place of the check digit, from 0.
const checkAt = 8

// The check sum of 49 CFR 565.15(c), as package vin computes it; a test holds
// the two together.
var (
	checkWeights = [vin.Len]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	checkInverse = [vin.Len]int{7, 8, 2, 9, 3, 4, 6, 10, 0, 5, 7, 8, 2, 9, 3, 4, 6}
	ofValue      = [11]string{"0", "1AJ", "2BKS", "3CLT", "4DMU", "5ENV", "6FW", "7GPX", "8HY", "9RZ", ""}
	checkValues  = func() (t [256]uint8) {
		for v, symbols := range ofValue {
			for i := range len(symbols) {
				t[symbols[i]] = uint8(v)
			}
		}
		return t
	}()
)

// checkNumber returns the remainder that a check digit stands for, -1 if it is
// none.
func checkNumber(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case c == 'X':
		return 10
	}
	return -1
}

func mod11(n int) int { return (n%11 + 11) % 11 }

// A speller makes keys of texts of one kind and country that differ a little.
type speller struct {
	kind    index.Kind
	country string
	text    []rune
	texts   *[]byte // not nil: the texts are appended, each behind its length in two bytes, and no keys are made
	buf     [4 * maxDiff]byte
}

func (s *speller) add(dst []index.Key, text []rune) []index.Key {
	b := s.buf[:0]
	ascii := true
	for _, r := range text {
		ascii = ascii && r < utf8.RuneSelf
		b = utf8.AppendRune(b, r)
	}
	if s.texts != nil {
		*s.texts = append(append(*s.texts, byte(len(b)>>8), byte(len(b))), b...)
		return dst
	}
	if ascii {
		return append(dst, index.Canonical(s.kind, s.country, b))
	}
	if s.kind == index.KindPlate {
		if p, err := plate.Parse(s.country, string(b)); err == nil {
			dst = append(dst, index.Plate(p))
		}
		return dst
	}
	if k, err := (index.Number{Kind: s.kind, Country: s.country, Text: string(b)}).Key(); err == nil {
		dst = append(dst, k)
	}
	return dst
}

// near appends the keys of all texts of which the speller's may be a read with
// one error. Texts of one character have none.
func (s *speller) near(dst []index.Key) []index.Key {
	var buf [maxDiff + 1]rune
	n := len(s.text)
	if n < 2 || n > maxDiff {
		return dst
	}
	letters := []rune(s.alphabet())
	b := append(buf[:0], s.text...)
	for i, c := range s.text {
		for _, r := range letters {
			if r != c {
				b[i] = r
				dst = s.add(dst, b)
			}
		}
		b[i] = c
	}
	dst = s.swaps(dst, b, -1)
	// One too many.
	copy(b, s.text[1:])
	for i, c := range s.text {
		if i == 0 || c != s.text[i-1] {
			dst = s.add(dst, b[:n-1])
		}
		b[i] = c
	}
	// One lost.
	b = append(append(buf[:0], 0), s.text...)
	for i := range n + 1 {
		for _, r := range letters {
			if i == n || r != s.text[i] {
				b[i] = r
				dst = s.add(dst, b)
			}
		}
		if i < n {
			b[i] = s.text[i]
		}
	}
	return dst
}

// alphabet returns what may stand in the text.
func (s *speller) alphabet() string {
	for _, r := range s.text {
		if r >= utf8.RuneSelf && s.kind == index.KindPlate {
			return index.Alphabet(r)
		}
	}
	return index.Alphabet('0')
}

// swaps appends what swapping two neighbours gives, neither of which is not.
func (s *speller) swaps(dst []index.Key, b []rune, not int) []index.Key {
	for j := range len(b) - 1 {
		if j != not && j+1 != not && b[j] != b[j+1] {
			b[j], b[j+1] = b[j+1], b[j]
			dst = s.add(dst, b)
			b[j], b[j+1] = b[j+1], b[j]
		}
	}
	return dst
}

// twice appends the keys of the texts of which the speller's may be a read with
// two errors: two look-alikes, or one and two other neighbours swapped.
func (s *speller) twice(dst []index.Key) []index.Key {
	var buf [maxDiff]rune
	if len(s.text) < 2 || len(s.text) > maxDiff {
		return dst
	}
	b := append(buf[:0], s.text...)
	one := func(i int, then func()) {
		c := b[i]
		if c >= utf8.RuneSelf {
			return
		}
		for _, l := range lookAlikes[c] {
			b[i] = l
			then()
		}
		b[i] = c
	}
	for i := range b {
		one(i, func() {
			for j := i + 1; j < len(b); j++ {
				one(j, func() { dst = s.add(dst, b) })
			}
			dst = s.swaps(dst, b, i)
		})
	}
	return dst
}
