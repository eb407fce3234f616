package vintest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What follows is what a parser is held to, spelled out slowly and apart from
// package vin, so that the kit can judge that package too.

// symbols of a VIN, in ASCII order (ISO 3779; 49 CFR 565.13).
const (
	digits  = "0123456789"
	letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	symbols = digits + letters
)

// upper raises the letters of ASCII and no others: by the rules of Unicode the
// long s would become an S.
func upper(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return 'a' <= c && c <= 'z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// lower is the inverse of upper for VINs.
func lower(s string) string { return strings.ToLower(s) }

// fold returns the upper-case form of a VIN in either case, and whether s is
// one. It decides in 17 bytes.
func fold(s string) (string, bool) {
	if len(s) != 17 {
		return "", false
	}
	u := upper(s)
	return u, strings.Trim(u, symbols) == ""
}

// fault says where and why s, which is no VIN, stops being one.
func fault(s string) string {
	pos := 1
	for i := 0; i < len(s); pos++ {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			return fmt.Sprintf("position %d is not UTF-8", pos)
		case pos > 17:
			return fmt.Sprintf("position %d is %q, past the end", pos, c)
		case c >= utf8.RuneSelf || !strings.Contains(symbols, upper(string(c))):
			return fmt.Sprintf("position %d is %q", pos, c)
		}
		i += size
	}
	return fmt.Sprintf("there are only %d characters", pos-1)
}

// checkDigit computes what the other 16 symbols of an upper-case VIN ask for
// at position 9 (49 CFR 565.15(c)).
func checkDigit(s string) byte {
	const (
		values  = "0123456789" + "12345678.12345.7.923456789" // of 0 to 9, then A to Z
		weights = "8765432A098765432"
	)
	sum := 0
	for i := range len(s) {
		place := int(s[i] - '0')
		if s[i] >= 'A' {
			place = int(s[i]-'A') + 10
		}
		weight := int(weights[i] - '0')
		if weights[i] == 'A' {
			weight = 10
		}
		sum += weight * int(values[place]-'0')
	}
	return "0123456789X"[sum%11]
}

func checkDigitOK(s string) bool { return s[8] == checkDigit(s) }

// traits says what is unusual about a VIN, for those who ask why their parser
// refuses it.
func traits(s string) string {
	u := upper(s)
	var t []string
	switch {
	case !strings.Contains("0123456789X", u[8:9]):
		t = append(t, fmt.Sprintf("%q at position 9, where only some makers have a check digit", u[8]))
	case !checkDigitOK(u):
		t = append(t, "the check digit does not compute, as of most numbers of Europe and Asia")
	case u[8] == 'X':
		t = append(t, fmt.Sprintf("%q at position 9 is a check digit that computes", s[8]))
	}
	if strings.Trim(u, u[:1]) == "" {
		t = append(t, "all symbols are alike, which makes a placeholder but a legal number")
	}
	if strings.Contains("0UZ", u[9:10]) {
		t = append(t, fmt.Sprintf("%q at position 10 is no year code, but not all makers put the year there", u[9]))
	}
	if strings.ContainsAny(u[13:], letters) {
		t = append(t, "a letter among the last four")
	}
	if s != u {
		t = append(t, "lower case, which the parser takes elsewhere")
	}
	return strings.Join(t, "; ")
}
