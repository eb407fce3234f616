package vin

import "github.com/vinmatch/vinmatch/internal/sixbit"

// An entry of the symbol table: bits 0-5 the symbol's code, bits 12-15 its
// value in the check sum, bit 31 set where the byte is no symbol.
const (
	valueShift = 12
	notSymbol  = 1 << 31
)

// symbols is indexed by byte; letters stand in it in both cases.
var symbols = makeSymbols()

func makeSymbols() (t [256]uint32) {
	for i := range t {
		t[i] = notSymbol
	}
	// Table III of 49 CFR 565.15(c): the letters' values skip with the
	// columns of an EBCDIC card, hence no I, O, Q and no S below 2.
	const letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
	const values = "12345678123457923456789"
	for c := byte('0'); c <= '9'; c++ {
		t[c] = uint32(sixbit.Code(c)) | uint32(c-'0')<<valueShift
	}
	for i := range len(letters) {
		e := uint32(sixbit.Code(letters[i])) | uint32(values[i]-'0')<<valueShift
		t[letters[i]] = e
		t[letters[i]+'a'-'A'] = e
	}
	return t
}

// weights of the positions in the check sum, Table IV of 49 CFR 565.15(c).
// Position 9 is the check digit itself.
var weights = [Len]uint8{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}

// checkChars are the check digits by remainder.
const checkChars = "0123456789X"

// ComputeCheckDigit returns the check digit that the other 16 symbols demand:
// '0' to '9' or 'X' (49 CFR 565.15(c)). It is arithmetic and says nothing of
// whether this vehicle's maker uses one: see [VIN.CheckRule]. The zero VIN
// gives '0'.
func (v VIN) ComputeCheckDigit() byte { return checkChars[v.lo&remMask%11] }

// CheckDigit returns the symbol at position 9, which is a check digit only
// where the maker uses one. It panics on the zero VIN.
func (v VIN) CheckDigit() byte { return v.At(9) }

// CheckDigitOK reports whether position 9 holds the computed check digit. A
// mismatch is advice, never a reason to refuse a number: see [VIN.CheckRule].
func (v VIN) CheckDigitOK() bool {
	return v.hi != 0 && v.At(9) == v.ComputeCheckDigit()
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
