package vin

import "github.com/vinmatch/vinmatch/internal/makers"

// A Code is a world manufacturer identifier (ISO 3780): the first three
// symbols of a VIN or, for a maker of fewer than 1,000 vehicles of a type a
// year, those and positions 12 to 14 (49 CFR 565.15(a)). It is comparable; the
// zero Code is no code.
type Code struct {
	b [6]byte // zero bytes at the end of a code of three symbols
}

// String returns the symbols: "1HG" or "1A9123".
func (c Code) String() string {
	switch {
	case c.b[0] == 0:
		return ""
	case c.b[3] == 0:
		return string(c.b[:3])
	}
	return string(c.b[:])
}

// smallMark is the third symbol of the code of every small maker.
const smallMark = '9'

// findMaker looks up the maker of a VIN. A small maker's own code goes first;
// the table knows few of them outside North America, and there some bare codes
// with the mark, under which a number is better known than not at all.
func findMaker(b *[Len]byte) (makers.Maker, Code, bool) {
	if b[2] == smallMark {
		if m, ok := makers.FindSmall(b[0], b[1], [3]byte(b[11:14])); ok {
			return m, Code{[6]byte{b[0], b[1], b[2], b[11], b[12], b[13]}}, true
		}
	}
	m, ok := makers.Find(b[0], b[1], b[2])
	return m, Code{[6]byte{b[0], b[1], b[2]}}, ok
}
