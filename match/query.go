package match

import (
	"github.com/vinmatch/vinmatch/index"
)

// A Query is what somebody asks about one vehicle: the numbers that were read
// on it, how they were read, and what its papers claim.
type Query struct {
	Reads   []Read        // what was read; at least one. Several of one kind are alternative reads
	Channel Channel       // how it was read
	Claim   Claim         // what the paper says; zero fields are not claimed
	Where   *index.Filter // nil: the whole register
	Limit   int           // findings wanted; zero: DefaultLimit
}

// A Read is one number as it was read, not yet cleaned.
type Read struct {
	index.Number
	Score float64 // the reader's own confidence, 0 to 1; zero: not given
}

// A Claim is what a paper says of the vehicle. A zero field is not claimed.
type Claim struct {
	Make      string
	ModelYear int
	Country   string // where it was made, ISO 3166-1 alpha-2
	Type      index.Type
	Colour    string
}

// A Channel is how a number was read; it decides which errors are likely.
type Channel uint8

const (
	Typed   Channel = iota // by a person, from the vehicle or a paper
	Camera                 // optical character recognition
	Barcode                // scanned from a label
	Stamped                // read off metal, perhaps stamped over
)

// DefaultLimit is how many findings a query returns where it does not say.
const DefaultLimit = 20

// A Result is the answer to one query.
type Result struct {
	Remarks  []Remark  // on the query itself
	Findings []Finding // best first
	Err      error     // why the query could not be answered, nil if it was
}

// A Finding is one record that may be about the vehicle that was read.
type Finding struct {
	Record   index.Record
	Kind     index.Kind // of the number that matched
	How      How
	Score    float64 // 0 to 1; an exact match of a plausible number is 1
	Evidence []Evidence
}

// How says how a read came to match a record.
type How uint8

const (
	_        How = iota
	Exact        // as it was read
	Cleaned      // after dropping what is no part of the number
	Repaired     // after a guess at what was misread
	Near         // one or two characters differ
	Partial      // the read is part of the number
)
