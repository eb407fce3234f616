// Package measure takes times on machines that do other work too: contenders in
// interleaved rounds, medians of rounds, and how far the rounds lie apart.
package measure

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// A Side is one contender: a piece of work that can be done again and again.
// Exactly one of Turn and Each is set.
type Side struct {
	Name string
	Ops  int // operations in a turn

	// Turn does them all and is timed from outside. An error, such as an
	// answer that is not the right one, ends the measurement.
	Turn func() error

	// Each does them all and times every one.
	Each func(h *Histogram) error
}

// Times are what a side took.
type Times struct {
	Rounds  []float64  // nanoseconds of an operation, of each round; nil for Each
	Samples int        // operations that were timed, in all rounds
	All     *Histogram // of Each: every operation
	Each    []*Histogram
}

// Limits say how many rounds there are: at least Min, and then more until Max
// or until Budget is spent.
type Limits struct {
	Min, Max int
	Budget   time.Duration
	Cold     bool // the first round counts: for what is slow, and warms nothing
}

// A Contest measures sides against one another. In each round every side has one
// turn, and each round begins with another side, so that whatever else goes on
// hits all alike and none has always the same one before it.
type Contest struct {
	sides []Side
	Times []Times // of each side
	round int
}

// NewContest returns a contest before its first round.
func NewContest(sides ...Side) *Contest {
	c := &Contest{sides: sides, Times: make([]Times, len(sides))}
	for i := range sides {
		if sides[i].Each != nil {
			c.Times[i].All = new(Histogram)
		}
	}
	return c
}

// Round gives every side its turn. A round that does not count fills caches.
func (c *Contest) Round(counts bool) error {
	for k := range c.sides {
		i := (k + c.round) % len(c.sides)
		if err := c.turn(&c.sides[i], &c.Times[i], counts); err != nil {
			return fmt.Errorf("%s: %w", c.sides[i].Name, err)
		}
	}
	c.round++
	return nil
}

func (c *Contest) turn(s *Side, t *Times, counts bool) error {
	if s.Each != nil {
		h := new(Histogram)
		if err := s.Each(h); err != nil || !counts {
			return err
		}
		t.Each = append(t.Each, h)
		t.All.Merge(h)
		t.Samples += h.Count()
		return nil
	}
	start := time.Now()
	err := s.Turn()
	took := time.Since(start)
	if err != nil || !counts {
		return err
	}
	t.Rounds = append(t.Rounds, float64(took.Nanoseconds())/float64(s.Ops))
	t.Samples += s.Ops
	return nil
}

// Rounds holds a contest within limits. Unless it is Cold, a first round does not
// count.
func Rounds(l Limits, sides ...Side) ([]Times, error) {
	c := NewContest(sides...)
	if !l.Cold {
		if err := c.Round(false); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	for n := 0; n < l.Min || n < l.Max && time.Since(began) < l.Budget; n++ {
		if err := c.Round(true); err != nil {
			return nil, err
		}
	}
	return c.Times, nil
}

// Quantiles returns a quantile of each round of a side that times each
// operation.
func (t *Times) Quantiles(q float64) []float64 {
	s := make([]float64, len(t.Each))
	for i, h := range t.Each {
		s[i] = h.Quantile(q)
	}
	return s
}

// Quantile returns the value below which a share of q of the values lies,
// between two of them in proportion; NaN of none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// Median returns the middle of values, NaN of none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Spread returns half the distance between the quartiles as a share of the
// median: how far a round is usually off. It is 0 of fewer than two values,
// which says nothing about them.
func Spread(values []float64) float64 {
	m := Median(values)
	if len(values) < 2 || m == 0 {
		return 0
	}
	return math.Abs((Quantile(values, 0.75) - Quantile(values, 0.25)) / 2 / m)
}
