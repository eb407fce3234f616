package index

import (
	"iter"
	"time"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A Number is one identifying number as text, not yet a [Key].
type Number struct {
	Kind    Kind
	Country string // of a plate or document, ISO 3166-1 alpha-2; empty: none
	Text    string
}

// A Record is what one owner says of one vehicle, component or document. The
// owner and its ID identify the record.
type Record struct {
	Owner     string      // 1-16 ASCII letters and digits; ISO 3166-1 alpha-2 for national contributors
	ID        string      // the owner's own number for the record, unique within the owner
	Version   uint64      // higher wins
	VIN       vin.VIN     // zero: none
	Plate     plate.Plate // zero: none
	Numbers   []Number    // chassis, engine and other numbers
	Type      Type
	Status    Status
	Make      string
	ModelYear int // 0: unknown
	Colour    string
	Stolen    time.Time // date, UTC; zero: unknown
	Tags      []string
}

// Records returns records as [Build] takes them.
func Records(records ...Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for i := range records {
			if !yield(records[i], nil) {
				return
			}
		}
	}
}

// A Type is the kind of object that a record is about. The zero Type means
// that the record does not say.
type Type uint8

const (
	NoType Type = iota
	Car
	Truck
	Motorcycle
	Trailer
	Caravan
	Bus
	Agricultural
	Industrial
	Boat
	Component
	PlateOnly
	Document
	OtherType // a type this library has no name for
	types
)

var typeNames = [types]string{
	Car: "car", Truck: "truck", Motorcycle: "motorcycle", Trailer: "trailer",
	Caravan: "caravan", Bus: "bus", Agricultural: "agricultural", Industrial: "industrial",
	Boat: "boat", Component: "component", PlateOnly: "plateonly", Document: "document",
	OtherType: "other",
}

// ParseType returns the type of a name in any case; "" is NoType and an
// unknown name is OtherType. A type is never a reason to refuse a record.
func ParseType(s string) Type { return parseEnum(typeNames[:], s, OtherType) }

// String returns the name in lower case; "" for NoType.
func (t Type) String() string {
	if t == NoType {
		return ""
	}
	return enumName(typeNames[:], t)
}

// A Status is why a record is on the register. The zero Status means that the
// record does not say.
type Status uint8

const (
	NoStatus Status = iota
	Stolen
	Wanted
	Recovered
	Suspicious
	OtherStatus
	statuses
)

var statusNames = [statuses]string{
	Stolen: "stolen", Wanted: "wanted", Recovered: "recovered",
	Suspicious: "suspicious", OtherStatus: "other",
}

// ParseStatus returns the status of a name in any case; "" is NoStatus and an
// unknown name is OtherStatus.
func ParseStatus(s string) Status { return parseEnum(statusNames[:], s, OtherStatus) }

// String returns the name in lower case; "" for NoStatus.
func (s Status) String() string {
	if s == NoStatus {
		return ""
	}
	return enumName(statusNames[:], s)
}

// parseEnum finds s among names, folding ASCII case. Entry 0 is the empty name.
func parseEnum[E ~uint8](names []string, s string, other E) E {
	for i, name := range names {
		if len(s) == len(name) && equalFoldASCII(s, name) {
			return E(i)
		}
	}
	return other
}

// equalFoldASCII compares s with a lower-case name of the same length.
func equalFoldASCII(s, lower string) bool {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
