package vin

import (
	"cmp"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"log/slog"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/sixbit"
)

// Len is the number of symbols of a VIN.
const Len = 17

// A VIN is a vehicle identification number of 17 symbols: the digits, and the
// letters without I, O and Q (ISO 3779; 49 CFR 565.13).
//
// VIN is a small value: copy it, compare it with ==, use it as a map key. It
// holds no pointers. The zero VIN is no VIN; it differs from every parsed one.
// A wrong check digit does not make a VIN invalid: most of the world does not
// use it.
type VIN struct {
	// Symbols 1-8 stand in the low 48 bits of hi, symbols 9-17 in bits 4-57
	// of lo, six bits each as in sixbit. Bits 0-3 of lo hold the weighted sum
	// modulo 11, which Parse computes in the same pass and which the text
	// determines, so that == and Compare speak of the text alone.
	hi, lo uint64
}

const (
	remBits = 4
	remMask = 1<<remBits - 1
	hiMask  = 1<<(8*6) - 1
	loMask  = 1<<(9*6) - 1
)

// Parse reads a VIN of exactly 17 symbols, in either case. It repairs nothing:
// see [Clean] for text that people and devices write. A check digit that does
// not compute is not an error: see [VIN.CheckDigitOK].
//
// The error is an [*Error] that names the first position that is wrong. Parse
// does not allocate unless it fails, and looks at no more than 18 characters.
func Parse(s string) (VIN, error) {
	v, ok := scan(s)
	if !ok {
		return VIN{}, parseError(s)
	}
	return v, nil
}

// MustParse is [Parse] for constants and tests: it panics where Parse fails.
func MustParse(s string) VIN {
	v, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return v
}

// FromBytes is [Parse] of 17 bytes.
func FromBytes(b [Len]byte) (VIN, bool) {
	return scan(string(b[:]))
}

// ParseBatch parses src[i] into dst[i] and returns how many are VINs. The
// others become the zero VIN; [Parse] tells why. dst must be at least as long
// as src. It does not allocate.
func ParseBatch(dst []VIN, src []string) int {
	if len(dst) < len(src) {
		panic("vin: ParseBatch: dst is shorter than src")
	}
	dst = dst[:len(src)]
	n := 0
	for i := range src {
		v, ok := scan(src[i])
		dst[i] = v
		if ok {
			n++
		}
	}
	return n
}

// FromWords returns the VIN of two words as [VIN.Words] gives them, and
// whether they hold one.
func FromWords(hi, lo uint64) (VIN, bool) {
	if hi&^hiMask|lo&^loMask != 0 {
		return VIN{}, false
	}
	var b [Len]byte
	putWords(&b, hi, lo)
	return scan(string(b[:]))
}

// scan is the one pass behind every parser. A table entry carries a symbol's
// code, its value in the check sum above that, and a flag where the byte is no
// symbol. The weighted sum of whole entries therefore holds the check sum in
// bits 12 and up: the weighted codes below it add up to less than 1<<12.
func scan(s string) (VIN, bool) {
	if len(s) != Len {
		return VIN{}, false
	}
	e0, e1, e2, e3 := symbols[s[0]], symbols[s[1]], symbols[s[2]], symbols[s[3]]
	e4, e5, e6, e7 := symbols[s[4]], symbols[s[5]], symbols[s[6]], symbols[s[7]]
	e8 := symbols[s[8]]
	e9, e10, e11, e12 := symbols[s[9]], symbols[s[10]], symbols[s[11]], symbols[s[12]]
	e13, e14, e15, e16 := symbols[s[13]], symbols[s[14]], symbols[s[15]], symbols[s[16]]

	bad := e0 | e1 | e2 | e3 | e4 | e5 | e6 | e7 | e8 | e9 | e10 | e11 | e12 | e13 | e14 | e15 | e16
	if bad&notSymbol != 0 {
		return VIN{}, false
	}
	sum := 8*(e0+e10) + 7*(e1+e11) + 6*(e2+e12) + 5*(e3+e13) + 4*(e4+e14) +
		3*(e5+e15) + 2*(e6+e16) + 10*e7 + 9*e9

	const code = sixbit.Codes - 1
	a := (e0&code)<<18 | (e1&code)<<12 | (e2&code)<<6 | e3&code
	b := (e4&code)<<18 | (e5&code)<<12 | (e6&code)<<6 | e7&code
	c := (e8&code)<<12 | (e9&code)<<6 | e10&code
	d := (e11&code)<<12 | (e12&code)<<6 | e13&code
	e := (e14&code)<<12 | (e15&code)<<6 | e16&code
	lo := uint64(c)<<36 | uint64(d)<<18 | uint64(e)
	return VIN{
		hi: uint64(a)<<24 | uint64(b),
		lo: lo<<remBits | uint64(sum>>valueShift%11),
	}, true
}

// IsValid reports whether v is a VIN, that is, not the zero value.
func (v VIN) IsValid() bool { return v.hi != 0 }

// Words returns the 17 symbols as two words, six bits a symbol: symbols 1-8 in
// the low 48 bits of hi, symbols 9-17 in the low 54 bits of lo, the first
// symbol highest. A symbol's code is its ASCII value less 0x2F.
func (v VIN) Words() (hi, lo uint64) { return v.hi, v.lo >> remBits }

// At returns the symbol at a position from 1 to 17, as the standards count.
// It panics outside that range and on the zero VIN.
func (v VIN) At(pos int) byte {
	if pos < 1 || pos > Len || v.hi == 0 {
		panic("vin: At: no such position")
	}
	return sixbit.Char(v.code(pos))
}

// code returns the symbol code at a position from 1 to 17.
func (v VIN) code(pos int) uint64 {
	if pos <= 8 {
		return v.hi >> (6 * uint(8-pos)) & 63
	}
	return v.lo >> (remBits + 6*uint(Len-pos)) & 63
}

// Bytes returns the 17 symbols; of the zero VIN, zero bytes.
func (v VIN) Bytes() (b [Len]byte) {
	if v.hi != 0 {
		putWords(&b, v.hi, v.lo>>remBits)
	}
	return b
}

func putWords(b *[Len]byte, hi, lo uint64) {
	binary.BigEndian.PutUint64(b[0:8], sixbit.Spread(hi))
	binary.BigEndian.PutUint64(b[8:16], sixbit.Spread(lo>>6))
	b[16] = sixbit.Char(lo & 63)
}

// String returns the 17 symbols in upper case, and "" for the zero VIN. It
// shows the whole number, which is personal data: see [VIN.Masked].
func (v VIN) String() string {
	if v.hi == 0 {
		return ""
	}
	b := v.Bytes()
	return string(b[:])
}

// AppendTo appends the text of v to dst.
func (v VIN) AppendTo(dst []byte) []byte {
	if v.hi == 0 {
		return dst
	}
	b := v.Bytes()
	return append(dst, b[:]...)
}

// Masked returns the maker's code followed by 14 asterisks, for logs and
// screens that need not identify the vehicle. Masked text is still personal
// data where other facts stand beside it.
func (v VIN) Masked() string {
	if v.hi == 0 {
		return ""
	}
	b := v.Bytes()
	for i := 3; i < Len; i++ {
		b[i] = '*'
	}
	return string(b[:])
}

// LogValue implements [slog.LogValuer] with [VIN.Masked].
func (v VIN) LogValue() slog.Value { return slog.StringValue(v.Masked()) }

// Compare orders VINs as their texts, the zero VIN first.
func (v VIN) Compare(w VIN) int {
	if c := cmp.Compare(v.hi, w.hi); c != 0 {
		return c
	}
	return cmp.Compare(v.lo, w.lo)
}

// AppendText implements [encoding.TextAppender] as [VIN.AppendTo].
func (v VIN) AppendText(b []byte) ([]byte, error) { return v.AppendTo(b), nil }

// MarshalText implements [encoding.TextMarshaler]. The zero VIN is empty text.
func (v VIN) MarshalText() ([]byte, error) { return v.AppendTo(nil), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] as [Parse]; empty text
// is the zero VIN.
func (v *VIN) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = VIN{}
		return nil
	}
	w, err := Parse(string(text[:min(len(text), errorWindow)]))
	if err != nil {
		return err
	}
	*v = w
	return nil
}

// binaryLen is the length of the binary form: 102 bits of symbols.
const binaryLen = 6 + 7

// AppendBinary implements [encoding.BinaryAppender]. The form is 13 bytes,
// the two words of [VIN.Words] big-endian in 6 and 7 bytes, and sorts like the
// text; the zero VIN has no bytes.
func (v VIN) AppendBinary(b []byte) ([]byte, error) {
	if v.hi == 0 {
		return b, nil
	}
	hi, lo := v.Words()
	var w [16]byte
	binary.BigEndian.PutUint64(w[0:], hi)
	binary.BigEndian.PutUint64(w[8:], lo)
	b = append(b, w[2:8]...)
	return append(b, w[9:16]...), nil
}

// MarshalBinary implements [encoding.BinaryMarshaler]: see [VIN.AppendBinary].
func (v VIN) MarshalBinary() ([]byte, error) { return v.AppendBinary(nil) }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
func (v *VIN) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		*v = VIN{}
		return nil
	}
	if len(data) != binaryLen {
		return fmt.Errorf("vin: binary form has %d bytes, want %d", len(data), binaryLen)
	}
	var w [16]byte
	copy(w[2:8], data)
	copy(w[9:16], data[6:])
	p, ok := FromWords(binary.BigEndian.Uint64(w[0:]), binary.BigEndian.Uint64(w[8:]))
	if !ok {
		return fmt.Errorf("vin: binary form holds no VIN")
	}
	*v = p
	return nil
}

// Scan implements [database/sql.Scanner] for text columns; NULL and empty text
// are the zero VIN.
func (v *VIN) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		*v = VIN{}
		return nil
	case string:
		return v.UnmarshalText([]byte(s[:min(len(s), errorWindow)]))
	case []byte:
		return v.UnmarshalText(s)
	}
	return fmt.Errorf("vin: cannot scan %T into a VIN", src)
}

// Value implements [driver.Valuer]: the text, or NULL for the zero VIN.
func (v VIN) Value() (driver.Value, error) {
	if v.hi == 0 {
		return nil, nil
	}
	return v.String(), nil
}

// errorWindow is how many bytes of a text decide whether it is a VIN, and if
// not, why: 18 characters of any width.
const errorWindow = (Len + 1) * utf8.UTFMax
