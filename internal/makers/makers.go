// Package makers tells who a vehicle's maker is from the first symbols of its
// VIN, and which country its first two symbols stand for (ISO 3780). The
// tables lie in the program as they are read: nothing is built at start-up,
// and a lookup allocates nothing.
//
// # Layout
//
// There are 33 symbols and so 1,089 prefixes of two. Each has a record of 12
// bytes in prefixes.bin, and one more ends the table:
//
//	bits 0-32   which third symbols make a code that is known
//	bits 40-47  the country, counted from 1 in countries; 0: not assigned
//	bytes 8-9   the row of the first of those codes, little-endian
//	bytes 10-11 the place in small.bin of the first code of six symbols
//
// The rows of codes with three symbols follow the order of the codes, so that
// the row of a code is the first row plus the number of lower bits set. A
// maker of fewer than 1,000 vehicles a year has the third symbol 9 and is told
// by positions 12 to 14 of the VIN; small.bin holds the ranks of those three
// as one number of two bytes, sorted within a prefix. Their rows come after
// all others, in the same order.
//
// A row in rows.bin has 10 bytes: offset (3) and length (1) of the maker's
// name in text.bin, offset (3) and length (2) of its makes, and a byte with
// the index of the vehicle type and the flags below. Equal texts, and texts
// that lie inside others, are stored once.
package makers

import (
	_ "embed"
	"math/bits"
)

//go:generate go run ./gen

//go:embed prefixes.bin
var prefixes string

//go:embed small.bin
var small string

//go:embed rows.bin
var rows string

//go:embed text.bin
var text string

const (
	prefixLen = 12
	rowLen    = 10
)

// The last byte of a row.
const (
	typeMask = 0x0F
	vpic     = 0x10
	light    = 0x20
)

// A Maker is what the table says of one code. The strings are parts of the
// embedded text.
type Maker struct {
	Name  string
	Makes string // separated by '|'; often none
	Type  string // as in vPIC: Car, Truck, MPV, ...; "" where it is not known

	// NorthAmerica: the maker has told NHTSA that it uses this code.
	NorthAmerica bool
	// Light: passenger cars, multipurpose vehicles, or trucks of a make whose
	// trucks are light, which is as near as the table comes to the 4,536 kg of
	// 49 CFR 565.15(b).
	Light bool
}

// A Country is what the table says of a prefix.
type Country struct {
	ISO2   string // ISO 3166-1 alpha-2; "" where the prefix is no longer assigned
	Name   string
	Legacy string // whose prefix it was before; "" where it has not changed
	Region string
}

// Find returns the maker of a code of three symbols in upper case.
func Find(a, b, c byte) (Maker, bool) {
	p, third := prefix(a, b), rank(c)
	if p < 0 || third < 0 {
		return Maker{}, false
	}
	thirds := le64(prefixes, p) & (1<<33 - 1)
	if thirds>>third&1 == 0 {
		return Maker{}, false
	}
	lower := bits.OnesCount64(thirds & (1<<third - 1))
	return row(le16(prefixes, p+8) + lower), true
}

// FindSmall returns the small maker whose code is a, b, 9 and the symbols at
// positions 12 to 14.
func FindSmall(a, b byte, id [3]byte) (Maker, bool) {
	p, x, y, z := prefix(a, b), rank(id[0]), rank(id[1]), rank(id[2])
	if p < 0 || x < 0 || y < 0 || z < 0 {
		return Maker{}, false
	}
	want := (x*33+y)*33 + z
	lo, end := le16(prefixes, p+10), le16(prefixes, p+prefixLen+10)
	for hi := end; lo < hi; {
		mid := (lo + hi) / 2
		if le16(small, 2*mid) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == end || le16(small, 2*lo) != want {
		return Maker{}, false
	}
	return row(len(rows)/rowLen - len(small)/2 + lo), true
}

// CountryOf returns the country of a prefix.
func CountryOf(a, b byte) (Country, bool) {
	p := prefix(a, b)
	if p < 0 || prefixes[p+5] == 0 {
		return Country{}, false
	}
	return countries[prefixes[p+5]-1], true
}

// prefix returns where the record of two symbols starts, or -1.
func prefix(a, b byte) int {
	x, y := rank(a), rank(b)
	if x < 0 || y < 0 {
		return -1
	}
	return (x*33 + y) * prefixLen
}

// rank returns the place of c among the 33 symbols of a VIN, 0 to 9 and then
// the letters without I, O and Q; -1 for anything else.
func rank(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case c < 'A' || c > 'Z' || c == 'I' || c == 'O' || c == 'Q':
		return -1
	}
	r := int(c-'A') + 10
	if c > 'I' {
		r--
	}
	if c > 'O' {
		r--
	}
	if c > 'Q' {
		r--
	}
	return r
}

func row(n int) Maker {
	i := n * rowLen
	r := rows[i : i+rowLen]
	name := int(r[0]) | int(r[1])<<8 | int(r[2])<<16
	makes := int(r[4]) | int(r[5])<<8 | int(r[6])<<16
	return Maker{
		Name:         text[name : name+int(r[3])],
		Makes:        text[makes : makes+le16(r, 7)],
		Type:         types[r[9]&typeMask],
		NorthAmerica: r[9]&vpic != 0,
		Light:        r[9]&light != 0,
	}
}

func le16(s string, i int) int { return int(s[i]) | int(s[i+1])<<8 }

func le64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
