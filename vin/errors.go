package vin

import (
	"strconv"
	"unicode/utf8"
)

// A Kind says what is wrong with a text. It is an error itself, so that
// errors.Is(err, vin.BadChar) works on what the parsers return.
type Kind uint8

const (
	_           Kind = iota
	BadChar          // a character that is not a VIN symbol
	InvalidUTF8      // bytes that are not UTF-8
	TooShort         // the text ends before its 17th symbol
	TooLong          // an 18th symbol

	// Of the cleaners only.
	Empty    // nothing is written, or nothing but marks for unknown symbols
	Several  // different numbers in one text
	Oversize // a text of more than 1024 characters, which is not read

	// Of patterns only.
	BadSet   // a [set] that does not end, or that is written wrongly
	EmptySet // a [set] that no VIN symbol is in
)

var kindNames = [...]string{
	BadChar:     "BadChar",
	InvalidUTF8: "InvalidUTF8",
	TooShort:    "TooShort",
	TooLong:     "TooLong",
	Empty:       "Empty",
	Several:     "Several",
	Oversize:    "Oversize",
	BadSet:      "BadSet",
	EmptySet:    "EmptySet",
}

// String returns the name of the constant.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Error implements error.
func (k Kind) Error() string { return "vin: " + k.String() }

// An Error says why a text is refused. It holds the offending character but
// never the number: VINs are personal data.
type Error struct {
	Kind Kind
	Pos  int  // in characters, from 1: where the text stops being acceptable
	Char rune // what stands there; 0 for TooShort, InvalidUTF8, Empty and Oversize
}

func (e *Error) Error() string {
	s := "vin: position " + strconv.Itoa(e.Pos) + ": "
	switch e.Kind {
	case BadChar:
		return s + strconv.QuoteRune(e.Char) + " is not a VIN symbol"
	case InvalidUTF8:
		return s + "invalid UTF-8"
	case TooShort:
		return s + "the text ends, want 17 symbols"
	case TooLong:
		return s + "more than 17 symbols"
	case Empty:
		return s + "no symbol of a number"
	case Several:
		return s + "a second number, not the first again"
	case Oversize:
		return s + "the text is too long to be read"
	case BadSet:
		return s + "a set is [symbols], such as [8B] or [A-F]"
	case EmptySet:
		return s + "no VIN symbol is in the set"
	}
	return s + e.Kind.String()
}

// Unwrap returns the kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }

// parseError finds the first position at which s stops being a VIN. It is
// called only for texts that scan refused.
func parseError(s string) error {
	pos := 1
	for i := 0; i < len(s); pos++ {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return &Error{Kind: InvalidUTF8, Pos: pos}
		case r >= utf8.RuneSelf || symbols[byte(r)]&notSymbol != 0:
			return &Error{Kind: BadChar, Pos: pos, Char: r}
		case pos > Len:
			return &Error{Kind: TooLong, Pos: pos, Char: r}
		}
		i += size
	}
	return &Error{Kind: TooShort, Pos: pos}
}
