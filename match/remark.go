package match

import "fmt"

// A Remark is something to know about the query itself, whether or not
// anything is found.
type Remark struct {
	Read  int // index into Query.Reads; -1: the query as a whole
	Code  RemarkCode
	Grade Grade
	Text  string // for a person; never the whole number
}

// A RemarkCode names a kind of remark in snake case, for programs.
type RemarkCode string

// Why a read was not looked up, or not as what it claims to be.
const (
	RemarkEmpty       RemarkCode = "empty"           // nothing was read
	RemarkPlaceholder RemarkCode = "placeholder"     // N/A, all zeros, all ones
	RemarkSeveral     RemarkCode = "several_numbers" // more than one number in the field
	RemarkPartial     RemarkCode = "partial"         // part of a number, searched for as such
	RemarkUnreadable  RemarkCode = "unreadable"      // nothing could be looked up
	RemarkMalformed   RemarkCode = "malformed"       // not a VIN; looked up as what it may be a misreading of
	RemarkChassis     RemarkCode = "chassis"         // no VIN but a chassis or frame number, looked up as such
	RemarkCountry     RemarkCode = "unknown_country" // the country of a plate or document is none that is known
)

// What is unusual about a VIN that was read.
const (
	RemarkCheckMismatch  RemarkCode = "check_mismatch"
	RemarkUnknownWMI     RemarkCode = "unknown_wmi"
	RemarkImpossibleYear RemarkCode = "impossible_year"
)

// Where the paper contradicts the VIN that was read.
const (
	RemarkClaimMake      RemarkCode = "claim_make"
	RemarkClaimModelYear RemarkCode = "claim_model_year"
	RemarkClaimCountry   RemarkCode = "claim_country"
	RemarkClaimType      RemarkCode = "claim_type"
)

// Where the answer is not everything.
const (
	RemarkManyRecords RemarkCode = "many_records" // more records carry or fit the number than were looked at
	RemarkMore        RemarkCode = "more"         // findings were left off at the limit
)

// String returns the code.
func (c RemarkCode) String() string { return string(c) }

// A Grade says how much a remark matters. The zero Grade is the mildest.
type Grade uint8

const (
	Note     Grade = iota // has an innocent explanation more often than not
	Doubt                 // worth a second look at the number or the paper
	Conflict              // cannot be right as it stands
	grades
)

var gradeNames = [grades]string{Note: "note", Doubt: "doubt", Conflict: "conflict"}

// String returns the name in lower case, as in "doubt".
func (g Grade) String() string { return enumName(gradeNames[:], g) }

// AppendText implements [encoding.TextAppender].
func (g Grade) AppendText(b []byte) ([]byte, error) { return append(b, g.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (g Grade) MarshalText() ([]byte, error) { return g.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown name is an
// error.
func (g *Grade) UnmarshalText(text []byte) error {
	return parseEnum(gradeNames[:], text, g, "grade")
}

// remark appends a remark to the result.
func (r *Result) remark(read int, code RemarkCode, grade Grade, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	r.Remarks = append(r.Remarks, Remark{Read: read, Code: code, Grade: grade, Text: text})
}
