package match

import (
	"errors"

	"github.com/vinmatch/vinmatch/index"
)

// A Query is what somebody asks about one vehicle: the numbers that were read
// on it, how they were read, and what its papers claim.
//
// The zero Query asks nothing and cannot be answered. A Query is copied
// freely; its Reads and Where are shared by the copies, and are only read.
type Query struct {
	Reads   []Read        // what was read; at least one. Several of one kind are alternative reads
	Channel Channel       // how it was read
	Claim   Claim         // what the paper says; zero fields are not claimed
	Where   *index.Filter // nil: the whole register; compiled once for many queries
	Limit   int           // findings wanted; zero or less: DefaultLimit
}

// DefaultLimit is how many findings a query returns where it does not say.
const DefaultLimit = 20

// A Read is one number as it was read, not yet cleaned. Its Country is that of
// a plate or document: ISO 3166-1 alpha-2, for plates also a distinguishing
// sign such as D; empty where nobody knows.
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
	channels
)

var channelNames = [channels]string{
	Typed: "typed", Camera: "camera", Barcode: "barcode", Stamped: "stamped",
}

// String returns the channel's name in lower case, as in "camera".
func (c Channel) String() string { return enumName(channelNames[:], c) }

// AppendText implements [encoding.TextAppender].
func (c Channel) AppendText(b []byte) ([]byte, error) { return append(b, c.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (c Channel) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. Empty text is [Typed];
// an unknown name is an error.
func (c *Channel) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Typed
		return nil
	}
	return parseEnum(channelNames[:], text, c, "channel")
}

// A Result is the answer to one query.
type Result struct {
	Remarks  []Remark  // on the query itself: on each read in turn, then on what was searched
	Findings []Finding // most probable first; equal ones in the order of owner and ID
	Search   Search    // what was searched beside the exact numbers
	Err      error     // why the query could not be answered, nil if it was
}

// A Search says which numbers near a read were searched. The zero Search: none,
// because the numbers as read leave no room for it.
type Search uint8

const (
	SearchedOnce  Search = 1 << iota // all numbers with one error
	SearchedTwice                    // those with two
)

var (
	// ErrNoReads is the Err of a [Result] whose query has no reads.
	ErrNoReads = errors.New("match: the query has no reads")

	// ErrKind is what a read of no known kind gives: without its kind a
	// number means nothing.
	ErrKind = errors.New("match: a read has no kind")
)
