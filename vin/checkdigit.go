package vin

import "github.com/vinmatch/vinmatch/internal/sixbit"

// notSymbol is the entry of symbols for a byte that is none. It is more than
// the weighted sum of any VIN, 9 * 100, so that the sum tells of one too.
const notSymbol = 1 << 10

// symbols holds the value of a byte in the check sum; letters stand in it in
// both cases.
var symbols = makeSymbols()

func makeSymbols() (t [256]uint16) {
	for i := range t {
		t[i] = notSymbol
	}
	// Table III of 49 CFR 565.15(c): as in EBCDIC, A and J begin at 1 and S
	// at 2.
	const letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	const values = "12345678123457923456789"
	for c := byte('0'); c <= '9'; c++ {
		t[c] = uint16(c - '0')
	}
	for i := range len(letters) {
		t[letters[i]] = uint16(values[i] - '0')
		t[letters[i]+'a'-'A'] = uint16(values[i] - '0')
	}
	return t
}

// checkChars are the check digits by remainder, filled to what remBits hold.
const checkChars = "0123456789X-----"

// ComputeCheckDigit returns the check digit that the other 16 symbols demand:
// '0' to '9' or 'X' (49 CFR 565.15(c)). It is arithmetic and says nothing of
// whether this vehicle's maker uses one: see [VIN.CheckRule]. The zero VIN
// gives '0'.
func (v VIN) ComputeCheckDigit() byte { return checkChars[v.lo&remMask] }

// CheckDigit returns the symbol at position 9, which is a check digit only
// where the maker uses one. It panics on the zero VIN.
func (v VIN) CheckDigit() byte { return v.At(9) }

// CheckDigitOK reports whether position 9 holds the computed check digit. A
// mismatch is advice, never a reason to refuse a number: see [VIN.CheckRule].
func (v VIN) CheckDigitOK() bool {
	// Of the zero VIN the left side is no symbol.
	return sixbit.Char(v.code(9)) == v.ComputeCheckDigit()
}

// CanBeCheckDigit reports whether c, upper case, is one of 0 to 9 and X.
func CanBeCheckDigit(c byte) bool { return '0' <= c && c <= '9' || c == 'X' }

// CheckRule says whether a maker's numbers carry a check digit.
type CheckRule uint8

const (
	// CheckNone: no rule applies to this maker, so that a mismatch means
	// nothing.
	CheckNone CheckRule = iota
	// CheckCustomary: makers here use it on vehicles built for North
	// America; worth a remark only where it computes.
	CheckCustomary
	// CheckRequired: the law of the region demands it (49 CFR 565 and MVSS
	// 115 for 1 to 5 and 7, GB 16735 for L).
	CheckRequired
)

// String returns "none", "customary" or "required".
func (r CheckRule) String() string {
	switch r {
	case CheckNone:
		return "none"
	case CheckCustomary:
		return "customary"
	case CheckRequired:
		return "required"
	}
	return "CheckRule(?)"
}
