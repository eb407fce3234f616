package index

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// MaxNumber is the greatest length in bytes of the text of a number that is
// neither a VIN nor a plate, as it is given and without its separators.
const MaxNumber = 256

// Key returns the key of a number.
//
// A VIN is what [vin.Parse] takes, a plate what [plate.Parse] takes. Of other
// numbers the letters and digits count, letters in upper case, full-width forms
// as what they stand for and decimal digits of every script as 0-9; the rest is
// a separator, so that AE86-5001234 and AE865001234 are one number. The country
// of a document is what [plate.ParseCountry] takes, or empty; numbers of other
// kinds have none, and Country is not looked at.
//
// The error is a [*NumberError]. Key does not allocate where the text is ASCII,
// and reads at most [MaxNumber] bytes of it.
func (n Number) Key() (Key, error) {
	switch n.Kind {
	case KindVIN:
		v, err := vin.Parse(n.Text)
		if err != nil {
			return Key{}, numberError(n.Kind, err)
		}
		return VIN(v), nil
	case KindPlate:
		p, err := plate.Parse(n.Country, n.Text)
		if err != nil {
			return Key{}, numberError(n.Kind, err)
		}
		return Plate(p), nil
	case KindChassis, KindEngine, KindGearbox, KindPart, KindHull, KindDocument:
		return n.otherKey()
	}
	return Key{}, &NumberError{Kind: n.Kind, Err: UnknownKind}
}

// otherKey returns the key of a number that is neither a VIN nor a plate.
func (n Number) otherKey() (Key, error) {
	var country string
	if n.Kind.HasCountry() && n.Country != "" {
		var ok bool
		if country, ok = plate.ParseCountry(n.Country); !ok {
			return Key{}, &NumberError{Kind: n.Kind, Err: UnknownCountry}
		}
	}
	if len(n.Text) > MaxNumber {
		return Key{}, &NumberError{Kind: n.Kind, Err: TooLong}
	}
	var buf [MaxNumber + utf8.UTFMax]byte
	text := buf[:0]
	pos := 0
	for i := 0; i < len(n.Text); {
		pos++
		c := n.Text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'a' <= c && c <= 'z':
				text = append(text, c-'a'+'A')
			case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
				text = append(text, c)
			}
		} else {
			r, size := utf8.DecodeRuneInString(n.Text[i:])
			if r == utf8.RuneError && size == 1 {
				return Key{}, &NumberError{Kind: n.Kind, Pos: pos, Err: InvalidUTF8}
			}
			i += size
			if r = canonicalRune(r); r >= 0 {
				text = utf8.AppendRune(text, r)
			}
		}
		if len(text) > MaxNumber { // some capitals are longer than their letters
			return Key{}, &NumberError{Kind: n.Kind, Pos: pos, Err: TooLong}
		}
	}
	if len(text) == 0 {
		return Key{}, &NumberError{Kind: n.Kind, Err: Empty}
	}
	return pack(n.Kind, country, text), nil
}

// canonicalRune returns what a character beyond ASCII counts as; -1 for a
// separator.
func canonicalRune(r rune) rune {
	switch {
	case '！' <= r && r <= '～': // the full-width forms of '!' to '~'
		r -= '！' - '!'
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToUpper(r)
	case unicode.IsLetter(r):
		return unicode.ToUpper(r)
	case unicode.IsDigit(r):
		return '0' + digitValue(r)
	}
	return -1
}

// digitValue returns the value of a decimal digit. Unicode encodes each script's
// digits as ten code points in a row.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// A Reason says why a number has no key, or why a record is not taken. It is an
// error itself, so that errors.Is(err, index.Empty) works on what [Number.Key]
// and [Build] return.
type Reason uint8

const (
	_              Reason = iota
	UnknownKind           // the kind is not one of those named in this package
	UnknownCountry        // not a country that plate.ParseCountry knows
	Empty                 // no letter and no digit
	TooLong               // more than MaxNumber bytes
	InvalidUTF8           // bytes that are not UTF-8

	BadOwner        // the owner is not 1 to 16 ASCII letters and digits
	BadID           // the record's ID is empty or longer than MaxID
	BadYear         // the model year does not fit 32 bits
	BadDate         // the date of theft is not in the years 1 to 9999
	TooLarge        // a text of more than 1024 bytes, or more than 255 numbers or tags
	VersionConflict // another record of the owner has this ID and version and says something else
	NotOwner        // the change is sent by somebody else than the record's owner
	UnknownOp       // the change does nothing that this package has a name for
	TooManyPlaces   // the partial number has more than 63 characters that are known or counted
)

var reasonNames = [...]string{
	UnknownKind:    "unknown kind",
	UnknownCountry: "unknown country",
	Empty:          "no letter and no digit",
	TooLong:        "more than " + strconv.Itoa(MaxNumber) + " bytes",
	InvalidUTF8:    "invalid UTF-8",

	BadOwner:        "the owner is not 1 to 16 letters and digits",
	BadID:           "the ID is empty or longer than " + strconv.Itoa(MaxID) + " bytes",
	BadYear:         "the model year does not fit 32 bits",
	BadDate:         "the date of theft is not in the years 1 to 9999",
	TooLarge:        "too large",
	VersionConflict: "another record with this owner, ID and version says something else",
	NotOwner:        "sent by somebody else than the owner",
	UnknownOp:       "unknown operation",
	TooManyPlaces:   "more than " + strconv.Itoa(maxPlaces) + " characters",
}

// Error implements error.
func (r Reason) Error() string {
	if int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return "Reason(" + strconv.Itoa(int(r)) + ")"
}

// A NumberError says why a number has no key. It never holds the number: numbers
// are personal data.
type NumberError struct {
	Kind Kind
	Pos  int   // in characters, from 1: where the text stops being acceptable; 0 if not at one place
	Err  error // a Reason, or the *vin.Error or *plate.Error of the parser
}

func (e *NumberError) Error() string {
	reason, ours := e.Err.(Reason)
	if !ours {
		return "index: " + e.Err.Error() // which names the package of its kind
	}
	s := "index: " + e.Kind.String() + ": "
	if e.Pos > 0 {
		s += "position " + strconv.Itoa(e.Pos) + ": "
	}
	return s + reason.Error()
}

// Unwrap returns e.Err.
func (e *NumberError) Unwrap() error { return e.Err }

// numberError wraps the error of a parser of VINs or plates.
func numberError(kind Kind, err error) error {
	e := &NumberError{Kind: kind, Err: err}
	switch err := err.(type) {
	case *vin.Error:
		e.Pos = err.Pos
	case *plate.Error:
		e.Pos = err.Pos
	}
	return e
}
