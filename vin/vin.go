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
	v, ok := scan(string(b[:]))
	// scan takes lower case too, whose codes Words never gives.
	if !ok || v.hi != hi || v.lo>>remBits != lo {
		return VIN{}, false
	}
	return v, true
}

// scan is the one pass behind every parser: a look into the table for each
// symbol says whether it is one and what it adds to the check sum, and the
// codes come out of whole words.
func scan(s string) (VIN, bool) {
	if len(s) != Len {
		return VIN{}, false
	}
	at := func(i int) uint32 { return uint32(symbols[s[i]]) }
	// The weights are those of Table IV of 49 CFR 565.15(c), where positions
	// ten apart weigh the same. Position 9 weighs 0 there and 11 here, which is
	// 0 modulo 11 and lets notSymbol show in the sum.
	sum := 8*(at(0)+at(10)) + 7*(at(1)+at(11)) + 6*(at(2)+at(12)) + 5*(at(3)+at(13)) +
		4*(at(4)+at(14)) + 3*(at(5)+at(15)) + 2*(at(6)+at(16)) + 10*at(7) + 9*at(9) + 11*at(8)
	if sum >= notSymbol {
		return VIN{}, false
	}
	lo := sixbit.Gather(word(s[8:16]))<<6 | sixbit.Code(s[16]&^(s[16]&0x40>>1))
	return VIN{
		hi: sixbit.Gather(word(s[0:8])),
		lo: lo<<remBits | uint64(sum%11),
	}, true
}

// word reads eight bytes big-endian.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
		uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
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

// With returns v with the symbol at a position from 1 to 17 replaced by c, of
// upper case, and the zero VIN if c is no symbol. It is for making many numbers
// from one: a few nanoseconds each. It panics outside that range and on the
// zero VIN.
func (v VIN) With(pos int, c byte) VIN {
	old := v.At(pos)
	if symbols[c]&notSymbol != 0 || 'a' <= c {
		return VIN{}
	}
	rem := v.lo & remMask
	code := (sixbit.Code(c) ^ sixbit.Code(old))
	if pos <= 8 {
		v.hi ^= code << (6 * uint(8-pos))
	} else {
		v.lo ^= code << (remBits + 6*uint(Len-pos))
	}
	sum := uint32(rem) + weights[pos]*(uint32(symbols[c])+11-uint32(symbols[old]))
	v.lo = v.lo&^remMask | uint64(sum%11)
	return v
}

// weights are those of positions 1 to 17 in the check sum (49 CFR 565.15(c),
// Table IV).
var weights = [Len + 1]uint32{0, 8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}

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
