package index

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A Refusal says what was not taken of a record, and why: the whole record, or
// one of its numbers, without which it is then found. It is an error; its text
// holds neither the number nor the record's ID.
type Refusal struct {
	Record    int    // its place in the sequence, from 0
	Owner, ID string // as the record has them
	Number    int    // which of Record.Numbers, from 0; -1: the whole record
	Err       error  // a Reason, or the *NumberError of the number
}

func (r *Refusal) Error() string {
	s := fmt.Sprintf("index: record %d", r.Record)
	if validOwner(r.Owner) {
		s += " of " + r.Owner
	}
	return s + ": " + strings.TrimPrefix(r.Err.Error(), "index: ")
}

// Unwrap returns r.Err.
func (r *Refusal) Unwrap() error { return r.Err }

const (
	// MaxOwner is the greatest length of the name of an owner.
	MaxOwner = 16
	// MaxID is the greatest length of a record's ID in bytes.
	MaxID = 255

	// maxField and maxFields bound the other texts of a record and their
	// number, so that none takes memory out of proportion.
	maxField  = 1024
	maxFields = 255
)

// checkRecord returns why a record cannot be taken; nil if it can. It does not
// look at what its numbers say.
func checkRecord(r *Record) error {
	switch {
	case !validOwner(r.Owner):
		return BadOwner
	case r.ID == "" || len(r.ID) > MaxID:
		return BadID
	case r.ModelYear < math.MinInt32 || r.ModelYear > math.MaxInt32:
		return BadYear
	case !r.Stolen.IsZero() && (r.Stolen.Unix() < dayZero || r.Stolen.Unix() >= dayEnd):
		return BadDate
	case len(r.Make) > maxField || len(r.Colour) > maxField ||
		len(r.Tags) > maxFields || len(r.Numbers) > maxFields:
		return TooLarge
	}
	for _, tag := range r.Tags {
		if len(tag) > maxField {
			return TooLarge
		}
	}
	for _, n := range r.Numbers {
		if len(n.Country) > maxField || len(n.Text) > maxField {
			return TooLarge
		}
	}
	return nil
}

// validOwner reports whether s is 1 to 16 ASCII letters and digits.
func validOwner(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || '9' < c) && (c < 'A' || 'Z' < c) && (c < 'a' || 'z' < c) {
			return false
		}
	}
	return len(s) > 0 && len(s) <= MaxOwner
}

const secondsPerDay = 24 * 60 * 60

// dayZero is the Unix time of 1 January of year 1, the zero time.
var dayZero = time.Time{}.Unix()

// dayEnd is the Unix time of the end of year 9999.
var dayEnd = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// dayOf returns the UTC date of t as days since the zero time; 0 for that day
// too, which no vehicle was stolen on.
func dayOf(t time.Time) uint32 { return uint32((t.Unix() - dayZero) / secondsPerDay) }

// timeOf returns the beginning of a day; the zero time for day 0.
func timeOf(day uint32) time.Time {
	return time.Unix(dayZero+int64(day)*secondsPerDay, 0).UTC()
}
