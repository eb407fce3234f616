package match

import (
	"github.com/vinmatch/vinmatch/index"
)

// A Finding is one record that may be about the vehicle that was read. One
// record is one finding, however many reads lead to it.
type Finding struct {
	Record  index.Record
	Kind    index.Kind // of the listed number that matched best
	How     How        // of that match
	Verdict Verdict    // what the probability means

	// Probability is that this record's vehicle is the one that was read, from
	// 0 to 1. Records of one vehicle share it, and over the vehicles of an
	// answer it sums to at most 1. See the package documentation.
	Probability float64

	// Evidence is the match first, then what qualifies it, other numbers, the
	// paper, and what was likely before. Its weights add up to the logarithm of
	// the odds: Probability is 1 / (1 + 2^-sum).
	Evidence []Evidence
}

// A Verdict is a probability in a word.
type Verdict uint8

const (
	_        Verdict = iota
	Probable         // more likely than not
	Possible         // less likely than not
	Sibling          // less likely than not, since the number as it was read is that of another vehicle
	verdicts
)

var verdictNames = [verdicts]string{Probable: "probable", Possible: "possible", Sibling: "sibling"}

// String returns the name in lower case, as in "probable".
func (v Verdict) String() string { return enumName(verdictNames[:], v) }

// AppendText implements [encoding.TextAppender].
func (v Verdict) AppendText(b []byte) ([]byte, error) { return append(b, v.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return v.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown name is an
// error.
func (v *Verdict) UnmarshalText(text []byte) error {
	return parseEnum(verdictNames[:], text, v, "verdict")
}

// How says how a read came to match a record. A smaller How needs less faith.
type How uint8

const (
	_        How = iota
	Exact        // as it was read, but for letter case
	Cleaned      // after dropping or rewriting what is no part of the number
	Repaired     // after one of the guesses of vin.Repairs at what was misread
	Near         // one or two characters differ in another way
	Partial      // the read is part of the number
	hows
)

var howNames = [hows]string{
	Exact: "exact", Cleaned: "cleaned", Repaired: "repaired", Near: "near", Partial: "partial",
}

// String returns the name in lower case, as in "repaired".
func (h How) String() string { return enumName(howNames[:], h) }

// AppendText implements [encoding.TextAppender].
func (h How) AppendText(b []byte) ([]byte, error) { return append(b, h.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (h How) MarshalText() ([]byte, error) { return h.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown name is an
// error.
func (h *How) UnmarshalText(text []byte) error {
	return parseEnum(howNames[:], text, h, "way to match")
}

// An Evidence is one reason for or against a finding.
type Evidence struct {
	Code EvidenceCode
	Kind index.Kind // of the listed number it speaks of; 0: of none

	// Pos is a position in the listed number, from 1; 0: it speaks of no
	// position. Of a character that only the read has (EvidenceExtra) and of
	// one that cleaning dropped or rewrote (EvidenceEdit) it is the position
	// in the read.
	Pos int

	Read   string // the characters or the value that were read or claimed
	Listed string // what the record has in their place

	// Weight is what the evidence does to the odds, in bits: at -1 it halves
	// them, at +1 it doubles them, at 0 it is for the reader only.
	Weight float64

	Text string // all of the above in words: "position 9: read B, listed 8"
}

// An EvidenceCode names a kind of evidence in snake case, for programs.
type EvidenceCode string

// How the number matched. Every finding begins with one of these.
const (
	EvidenceExact    EvidenceCode = "exact"
	EvidenceCleaned  EvidenceCode = "cleaned"
	EvidenceRepaired EvidenceCode = "repaired"
	EvidenceNear     EvidenceCode = "near"
	EvidencePartial  EvidenceCode = "partial"
)

// What differs between the read and the listed number.
const (
	EvidenceEdit       EvidenceCode = "edit"       // cleaning dropped or rewrote a character
	EvidenceMisread    EvidenceCode = "misread"    // another character is listed
	EvidenceTransposed EvidenceCode = "transposed" // two neighbours stand the other way round
	EvidenceMissing    EvidenceCode = "missing"    // a listed character was not read
	EvidenceExtra      EvidenceCode = "extra"      // a character was read that is not listed
)

// What makes the match better or worse than its numbers look.
const (
	EvidenceAlias         EvidenceCode = "alias"          // the plate is listed in another spelling
	EvidenceCountry       EvidenceCode = "country"        // the country is known on one side only
	EvidenceOtherField    EvidenceCode = "other_field"    // read as one kind of number, listed as another
	EvidenceUnlisted      EvidenceCode = "unlisted"       // how many vehicles that are not listed would be read so
	EvidencePlaceholder   EvidenceCode = "placeholder"    // a number that many vehicles may carry
	EvidenceCheckMismatch EvidenceCode = "check_mismatch" // the listed VIN's check digit does not compute
	EvidenceSeveral       EvidenceCode = "several"        // different numbers fit the part that was read
	EvidenceReadScore     EvidenceCode = "read_score"     // the reader preferred another read
	EvidenceAlso          EvidenceCode = "also"           // another number of the record matches too
	EvidenceDiffers       EvidenceCode = "differs"        // another number of the record is not what was read
)

// What was to be expected before anything was read, and who else competes.
const (
	EvidencePrior       EvidenceCode = "prior"        // how seldom a query concerns this one vehicle
	EvidenceRivals      EvidenceCode = "rivals"       // other listed vehicles may have been read so
	EvidenceSameVehicle EvidenceCode = "same_vehicle" // another record of the vehicle says more
)

// What the paper claims beside what the record says.
const (
	EvidenceClaimMake      EvidenceCode = "claim_make"
	EvidenceClaimModelYear EvidenceCode = "claim_model_year"
	EvidenceClaimCountry   EvidenceCode = "claim_country"
	EvidenceClaimType      EvidenceCode = "claim_type"
	EvidenceClaimColour    EvidenceCode = "claim_colour"
)

// String returns the code.
func (c EvidenceCode) String() string { return string(c) }
