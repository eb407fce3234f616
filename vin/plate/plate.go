package plate

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"
)

const (
	// MaxText is the greatest length of a canonical text in bytes.
	MaxText = 61
	// MaxRaw is the greatest length of what [Parse] reads, in bytes. It leaves
	// room for sixteen separators beside every byte of the longest text.
	MaxRaw = 1024
)

// A Plate is a registration number in canonical form, with the country that
// issued it where that is known. The text holds the digits 0-9, the letters
// A-Z, and letters of other scripts that have no Latin twin; it has no
// separators, and letters are in upper case.
//
// Plate is a value without pointers: copy it, compare it with ==, use it as a
// map key. The zero Plate is no plate; it differs from every parsed one. Two
// plates of the same text from different countries differ, and so do a plate
// and the same text without a country.
type Plate struct {
	country country
	n       uint8         // bytes of text in use
	text    [MaxText]byte // UTF-8, canonical for country; the rest is zero
}

// country is an ISO 3166-1 alpha-2 code, the first letter in the high byte, or
// zero. It is a number because two letters would be stored one by one and
// loaded together, for which a processor waits.
type country uint16

// Parse reads a plate as people, papers and cameras write it and returns its
// canonical form. It drops separators, seals and signs, folds case and width,
// reads digits of every script, and maps letters that look Latin to Latin:
// the package comment has the rules, and those that depend on the country.
// It never refuses a plate for its format.
//
// The country is what [ParseCountry] takes, or empty if it is not known. The
// error is an [*Error]. Parse does not allocate unless it fails, and reads no
// more than [MaxRaw] bytes.
func Parse(country, raw string) (p Plate, err error) {
	if country != "" {
		c, ok := parseAlpha2(country) // most are; inlined
		if !ok {
			if c, ok = parseCountry(country); !ok {
				return Plate{}, &Error{Kind: UnknownCountry}
			}
		}
		p.country = c
	}
	if len(raw) > MaxText {
		return parseRunes(p.country, raw)
	}
	// Each byte is written, and counted if it stays, so that what is dropped
	// costs no branch.
	n, seen := 0, byte(0)
	for i := range len(raw) {
		e := ascii[raw[i]]
		seen |= raw[i]
		p.text[n] = byte(e)
		n += int(e / kept)
	}
	if seen >= utf8.RuneSelf {
		return parseRunes(p.country, raw)
	}
	if n == 0 {
		return Plate{}, &Error{Kind: Empty, Pos: len(raw) + 1}
	}
	p.n = uint8(n)
	return p, nil
}

// MustParse is [Parse] for constants and tests: it panics where Parse fails.
func MustParse(country, raw string) Plate {
	p, err := Parse(country, raw)
	if err != nil {
		panic(err)
	}
	return p
}

// parseRunes is [Parse] for any text.
func parseRunes(c country, raw string) (p Plate, err error) {
	if len(raw) > MaxRaw {
		return parseLong(c, raw)
	}
	k := canonicalizer{country: c}
	for pos, i := 1, 0; i < len(raw); pos++ {
		r, size := utf8.DecodeRuneInString(raw[i:])
		if r == utf8.RuneError && size == 1 {
			return Plate{}, &Error{Kind: InvalidUTF8, Pos: pos}
		}
		k.write(r)
		if k.full {
			return Plate{}, &Error{Kind: TooLong, Pos: pos}
		}
		i += size
	}
	k.finish()
	if k.n == 0 {
		return Plate{}, &Error{Kind: Empty, Pos: utf8.RuneCountInString(raw) + 1}
	}
	p.country = c
	p.n = uint8(copy(p.text[:], k.text()))
	return p, nil
}

// parseLong finds what to say about raw text of more than MaxRaw bytes.
func parseLong(c country, raw string) (Plate, error) {
	head := raw[:MaxRaw]
	for !utf8.RuneStart(raw[len(head)]) && len(head) > MaxRaw-utf8.UTFMax {
		head = head[:len(head)-1]
	}
	if _, err := parseRunes(c, head); err != nil {
		if e, ok := err.(*Error); ok && e.Kind != Empty {
			return Plate{}, err
		}
	}
	return Plate{}, &Error{Kind: TooLong, Pos: utf8.RuneCountInString(head) + 1}
}

// IsValid reports whether p is a plate, that is, not the zero value.
func (p Plate) IsValid() bool { return p.n != 0 }

// Country returns the ISO 3166-1 alpha-2 code of the country that issued the
// plate; "" if it is not known. It does not allocate.
func (p Plate) Country() string { return countryName(p.country) }

// WithCountry returns the plate read under the rules of another country, whose
// alpha-2 code is given; "" for a country that is not known. It returns the
// zero Plate if there is no such country, or if p is zero.
func (p Plate) WithCountry(iso2 string) Plate {
	var c country
	if iso2 != "" {
		var ok bool
		if c, ok = parseCountry(iso2); !ok {
			return Plate{}
		}
	}
	if p.n == 0 {
		return Plate{}
	}
	for _, b := range p.text[:p.n] {
		if b >= utf8.RuneSelf {
			q, err := parseRunes(c, string(p.text[:p.n]))
			if err != nil {
				return Plate{}
			}
			return q
		}
	}
	p.country = c // ASCII reads the same everywhere
	return p
}

// Text returns the canonical text without the country. It shows the whole
// number, which is personal data: see [Plate.Masked].
func (p Plate) Text() string { return string(p.text[:p.n]) }

// AppendTo appends the canonical text, without the country, to dst.
func (p Plate) AppendTo(dst []byte) []byte { return append(dst, p.text[:p.n]...) }

// Len returns the number of characters of the text.
func (p Plate) Len() int { return utf8.RuneCount(p.text[:p.n]) }

// String returns the country and the text with a space between them, as in
// "GB AB12CDE"; the text alone if the country is not known; "" for the zero
// Plate. It shows the whole number, which is personal data: see
// [Plate.Masked].
func (p Plate) String() string {
	var buf [3 + MaxText]byte
	return string(p.appendString(buf[:0]))
}

func (p Plate) appendString(dst []byte) []byte {
	if p.n == 0 {
		return dst
	}
	if p.country != 0 {
		dst = append(dst, p.Country()...)
		dst = append(dst, ' ')
	}
	return p.AppendTo(dst)
}

// shown is how many characters Masked leaves of a plate.
const shown = 2

// Masked returns String with asterisks for all but the first two characters of
// the text, and for those also where that would leave fewer than three
// asterisks. It is for logs and screens that need not identify the vehicle.
// Masked text is still personal data where other facts stand beside it.
func (p Plate) Masked() string {
	if p.n == 0 {
		return ""
	}
	var b strings.Builder
	if p.country != 0 {
		b.WriteString(p.Country())
		b.WriteByte(' ')
	}
	total := p.Len()
	keep := shown
	if total < shown+3 {
		keep = 0
	}
	i := 0
	for _, r := range string(p.text[:p.n]) {
		if i >= keep {
			r = '*'
		}
		b.WriteRune(r)
		i++
	}
	return b.String()
}

// LogValue implements [slog.LogValuer] with [Plate.Masked].
func (p Plate) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// Compare orders plates by country, those without one first, then by text, and
// the zero Plate before all others.
func (p Plate) Compare(q Plate) int {
	if c := cmp.Compare(p.country, q.country); c != 0 {
		return c
	}
	return bytes.Compare(p.text[:p.n], q.text[:q.n])
}

// AppendText implements [encoding.TextAppender] with the form of
// [Plate.String].
func (p Plate) AppendText(b []byte) ([]byte, error) { return p.appendString(b), nil }

// MarshalText implements [encoding.TextMarshaler]: see [Plate.AppendText].
func (p Plate) MarshalText() ([]byte, error) { return p.appendString(nil), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] for what MarshalText
// writes and nothing else, because a plate that people write with spaces can
// look like a country and a plate. Empty text is the zero Plate.
func (p *Plate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Plate{}
		return nil
	}
	var c, rest string
	rest = string(text[:min(len(text), MaxRaw)])
	if len(rest) > 3 && rest[2] == ' ' {
		c, rest = rest[:2], rest[3:]
	}
	q, err := Parse(c, rest)
	if err != nil {
		return err
	}
	if q.Country() != c || q.Text() != rest || len(text) > MaxRaw {
		return &Error{Kind: NotCanonical}
	}
	*p = q
	return nil
}

// AppendBinary implements [encoding.BinaryAppender]. The form is the country's
// two letters, or two zero bytes, and the text; it sorts as [Plate.Compare].
// The zero Plate has no bytes.
func (p Plate) AppendBinary(b []byte) ([]byte, error) {
	if p.n == 0 {
		return b, nil
	}
	return p.AppendTo(binary.BigEndian.AppendUint16(b, uint16(p.country))), nil
}

// MarshalBinary implements [encoding.BinaryMarshaler]: see
// [Plate.AppendBinary].
func (p Plate) MarshalBinary() ([]byte, error) { return p.AppendBinary(nil) }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
func (p *Plate) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		*p = Plate{}
		return nil
	}
	if len(data) < 3 || len(data) > 2+MaxText {
		return fmt.Errorf("plate: binary form has %d bytes, want 3 to %d", len(data), 2+MaxText)
	}
	c, text := string(data[:2]), string(data[2:])
	if c == "\x00\x00" {
		c = ""
	}
	q, err := Parse(c, text)
	if err != nil {
		return err
	}
	if q.Country() != c || q.Text() != text {
		return &Error{Kind: NotCanonical}
	}
	*p = q
	return nil
}

// Scan implements [database/sql.Scanner] for text columns with the form of
// [Plate.String]; NULL and empty text are the zero Plate.
func (p *Plate) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		*p = Plate{}
		return nil
	case string:
		return p.UnmarshalText([]byte(s[:min(len(s), MaxRaw+1)]))
	case []byte:
		return p.UnmarshalText(s)
	}
	return fmt.Errorf("plate: cannot scan %T into a Plate", src)
}

// Value implements [driver.Valuer]: the form of [Plate.String], or NULL for
// the zero Plate.
func (p Plate) Value() (driver.Value, error) {
	if p.n == 0 {
		return nil, nil
	}
	return p.String(), nil
}
