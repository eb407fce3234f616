package index

import (
	"math"
	"time"

	"github.com/vinmatch/vinmatch/internal/names"
)

// A Filter says which records count. Filters are made of terms and composed:
//
//	index.Owner("FR").And(index.OfType(index.Motorcycle)).AndNot(index.HasStatus(index.Recovered))
//
// A Filter is a small immutable value: copy it, use it from any goroutine and
// with any View. The zero Filter is everything, so And may begin with it, and Or
// leads nowhere from there. Filters that were composed apart are never equal.
//
// A Filter has at most [MaxTerms] terms, those that stand in it twice counted
// twice; composing a longer one panics.
type Filter struct {
	n *node // nil: everything
}

// MaxTerms is the greatest number of terms in a [Filter].
const MaxTerms = 1 << 16

// A node is a term, or joins two filters.
type node struct {
	join  join
	terms int
	term  term // where nothing is joined
	a, b  Filter
}

type join uint8

const (
	joinNone join = iota
	joinAnd
	joinOr
	joinAndNot
)

// A term asks for one value of an attribute, or for a range.
type term struct {
	of       attribute
	name     string // folded, where that is how it is compared
	code     uint8  // a Type or Status
	from, to int64  // model years, or days as dayOf counts them; both count
}

// An attribute is what a term asks of a record.
type attribute uint8

const (
	ofNothing attribute = iota // no record has it
	ofOwner
	ofType
	ofStatus
	ofMake
	ofColour
	ofTag
	ofYear
	ofStolen
)

func (t term) filter() Filter { return Filter{&node{terms: 1, term: t}} }

// Owner selects the records of an owner, whose name is compared as it is.
func Owner(name string) Filter { return term{of: ofOwner, name: name}.filter() }

// OfType selects the records of a type; of NoType, those that do not say.
func OfType(t Type) Filter { return term{of: ofType, code: uint8(t)}.filter() }

// HasStatus selects the records of a status; of NoStatus, those that do not say.
func HasStatus(s Status) Filter { return term{of: ofStatus, code: uint8(s)}.filter() }

// Make selects the records of a make. Offices spell one make in many ways, so
// only letters and digits count, and neither case nor marks of letters:
// Make("citroen") selects "CITROËN", and Make("Mercedes-Benz") "MERCEDES BENZ".
// Abbreviations are names of their own. A name without letters and digits selects
// the records that do not say.
func Make(name string) Filter { return term{of: ofMake, name: names.Fold(name)}.filter() }

// Colour selects the records of a colour, whose name is compared as that of a
// [Make].
func Colour(name string) Filter { return term{of: ofColour, name: names.Fold(name)}.filter() }

// Tag selects the records that have a tag, in upper or lower case as
// [strings.EqualFold] compares.
func Tag(name string) Filter { return term{of: ofTag, name: names.FoldCase(name)}.filter() }

// ModelYears selects the records of a model year, from the first to the last,
// both included. Records that do not say are not among them.
func ModelYears(from, to int) Filter {
	return term{of: ofYear, from: int64(from), to: int64(to)}.filter()
}

// StolenBetween selects the records with a date of theft, from the first to the
// last, both included; the dates of from and to are those in UTC, whatever the
// time of day. The zero time leaves its end open. Records without a date are
// never among them.
func StolenBetween(from, to time.Time) Filter {
	t := term{of: ofStolen, from: math.MinInt64, to: math.MaxInt64}
	if !from.IsZero() {
		t.from = daysTo(from)
	}
	if !to.IsZero() {
		t.to = daysTo(to)
	}
	return t.filter()
}

// daysTo is dayOf for any time.
func daysTo(t time.Time) int64 {
	days := t.Unix() / secondsPerDay
	if t.Unix()%secondsPerDay < 0 {
		days--
	}
	return days - dayZero/secondsPerDay
}

// And selects what both filters select.
func (f Filter) And(g Filter) Filter {
	switch {
	case f.n == nil:
		return g
	case g.n == nil:
		return f
	}
	return joined(joinAnd, f, g)
}

// Or selects what at least one of the filters selects.
func (f Filter) Or(g Filter) Filter {
	if f.n == nil || g.n == nil {
		return Filter{}
	}
	return joined(joinOr, f, g)
}

// AndNot selects what f selects and g does not.
func (f Filter) AndNot(g Filter) Filter { return joined(joinAndNot, f, g) }

func joined(j join, f, g Filter) Filter {
	n := &node{join: j, a: f, b: g, terms: f.terms() + g.terms()}
	if n.terms > MaxTerms {
		panic("index: a Filter of too many terms")
	}
	return Filter{n}
}

func (f Filter) terms() int {
	if f.n == nil {
		return 1
	}
	return f.n.terms
}
