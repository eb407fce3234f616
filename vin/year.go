package vin

import (
	"strings"

	"github.com/vinmatch/vinmatch/internal/makers"
)

// Model years (49 CFR 565.15(d)(1) and its Table VII). One symbol stands for
// the year, at position 10, and the 30 codes began anew in 2010. The law of
// North America and of China demands the code. Elsewhere the position is the
// maker's own (Regulation (EU) 2021/535 asks for neither year nor plant), and
// what stands there is often no year.

const (
	yearCodes = "ABCDEFGHJKLMNPRSTVWXY123456789"
	firstYear = 1980 // of code A
	cycle     = len(yearCodes)

	// LastModelYear is the last model year that a code is taken for: the end
	// of the letters in the second cycle. A digit therefore stands for 2001 to
	// 2009 alone. It is a constant and not the clock, so that the same number
	// decodes the same way on every day and every machine; move it when model
	// year 2030 comes near.
	LastModelYear = 2030
)

// A YearReason says why [Info.ModelYear] is the one among the candidates.
type YearReason uint8

const (
	// YearUnknown: there is no candidate, or nothing chooses between two.
	YearUnknown YearReason = iota
	// YearPosition7: the symbol at position 7, a digit up to model year 2009
	// and a letter after it (49 CFR 565.15(d)(1), note to Table VII).
	YearPosition7
	// YearReported: the caller's paper says so and it is a candidate.
	YearReported
	// YearOnlyCandidate: the code can mean one year only.
	YearOnlyCandidate
)

var yearReasonNames = [...]string{"unknown", "position 7", "reported", "only candidate"}

// String returns "unknown", "position 7", "reported" or "only candidate".
func (r YearReason) String() string {
	if int(r) < len(yearReasonNames) {
		return yearReasonNames[r]
	}
	return "YearReason(?)"
}

// yearPosition is where the maker puts the year code. Ford of Europe and of
// Australia put it at 11, after the symbol of the body; what they built for
// North America has it at 10, a check digit that computes, and no XX in its
// middle.
func yearPosition(b *[Len]byte, northAmerican bool) int {
	switch string(b[:3]) {
	case "WF0", "6FP":
		if !northAmerican || string(b[4:6]) == "XX" {
			return 11
		}
	}
	return 10
}

// codesYear reports whether what stands at the year position is known to be a
// year, if it is a year code at all. Where the law demands the code it is;
// elsewhere the maker must be known, and the number no form without a year.
func codesYear(b *[Len]byte, known, required bool) bool {
	return required || known && !yearless(b) && !zeroPadded(b)
}

// yearless reports whether the number has one of the forms that use the year
// position for something else.
func yearless(b *[Len]byte) bool { return typeNumber(b) || longSerial(b) }

// typeNumber reports whether positions 4 to 9 are six digits: the maker's
// number of the type, which leaves position 9 no check digit. Mercedes-Benz
// writes it so outside North America and follows it with the side of the
// steering wheel (W1N 247687 1 W240290 is no car of 2001); Fiat with the
// serial number.
func typeNumber(b *[Len]byte) bool { return digitsOnly(b[3:9]) }

// longSerial reports whether the number is of the Renault group, Peugeot or
// Citroën and its serial number fills positions 10 to 17 (VF1 RJK001 70468036
// was built long after 2007). Peugeot and Citroën put the year at 10 from 2009
// on, which is a letter but for that first year.
func longSerial(b *[Len]byte) bool {
	const french = "UU1 VF1 VF2 VF3 VF6 VF7 VN1 VS5 X7L"
	return digitsOnly(b[9:]) && strings.Contains(french, string(b[:3]))
}

// years returns the model years that a code can stand for, ascending; zeros
// after the last.
func years(code byte) (y [2]int16) {
	if i := strings.IndexByte(yearCodes, code); i >= 0 {
		y[0] = int16(firstYear + i)
		if y[0]+int16(cycle) <= LastModelYear {
			y[1] = y[0] + int16(cycle)
		}
	}
	return y
}

// chooseYear returns the preferred candidate and why. A zero candidate never
// wins: reported is not zero where it is compared.
func chooseYear(y [2]int16, b *[Len]byte, position7 bool, reported int) (int, YearReason) {
	if position7 {
		byLetter := y[0] + int16(cycle)
		if isDigit(b[6]) {
			return int(y[0]), YearPosition7
		}
		if y[1] == byLetter {
			return int(byLetter), YearPosition7
		}
	}
	switch {
	case reported != 0 && (reported == int(y[0]) || reported == int(y[1])):
		return reported, YearReported
	case y[1] == 0:
		return int(y[0]), YearOnlyCandidate
	}
	return 0, YearUnknown
}

// position7Tells reports whether the law makes position 7 tell the cycle: on
// passenger cars, and on multipurpose vehicles and trucks of 4,536 kg or less
// (49 CFR 565.15(b)). The same vehicles have five digits at the end (565.15(d)(3)).
func position7Tells(b *[Len]byte, m *makers.Maker) bool {
	return m.Light && northAmerica(b)
}
