package plate

import "strconv"

// A Kind says what is wrong with a text. It is an error itself, so that
// errors.Is(err, plate.Empty) works on what the parsers return.
type Kind uint8

const (
	_              Kind = iota
	Empty               // no digit and no letter
	TooLong             // more canonical text than MaxText, or more raw text than MaxRaw
	InvalidUTF8         // bytes that are not UTF-8
	UnknownCountry      // not a country that ParseCountry knows
	NotCanonical        // marshalled text that is not as Plate writes it
	BadSet              // in a pattern: a set that is empty or not closed, or what cannot stand there
	BadOrder            // in a Saudi pattern: it is not certain where the Latin letters would stand
)

var kinds = [...]struct{ name, text string }{
	Empty:          {"Empty", "no letter or digit"},
	TooLong:        {"TooLong", "too long for a plate"},
	InvalidUTF8:    {"InvalidUTF8", "invalid UTF-8"},
	UnknownCountry: {"UnknownCountry", "unknown country"},
	NotCanonical:   {"NotCanonical", "not in canonical form"},
	BadSet:         {"BadSet", "not a set of characters"},
	BadOrder:       {"BadOrder", "uncertain order of Arabic letters"},
}

// String returns the name of the constant.
func (k Kind) String() string {
	if int(k) < len(kinds) && k != 0 {
		return kinds[k].name
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Error implements error.
func (k Kind) Error() string { return "plate: " + k.String() }

// An Error says why a text is refused. It never holds the text: plates are
// personal data.
type Error struct {
	Kind Kind
	Pos  int // in characters, from 1: where the text stops being acceptable; 0 if not at one place
}

func (e *Error) Error() string {
	s := "plate: "
	if e.Pos > 0 {
		s += "position " + strconv.Itoa(e.Pos) + ": "
	}
	if int(e.Kind) < len(kinds) && e.Kind != 0 {
		return s + kinds[e.Kind].text
	}
	return s + e.Kind.String()
}

// Unwrap returns the kind, for errors.Is.
func (e *Error) Unwrap() error { return e.Kind }
