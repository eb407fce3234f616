package svg

import (
	"math"
	"slices"
	"strconv"
)

// An Axis maps values to a direction of a plot. The zero Axis is linear, from 0,
// with ticks where they are round.
type Axis struct {
	Label  string
	Log    bool
	Ticks  []Tick               // nil: chosen
	Format func(float64) string // of ticks that are chosen; nil: plain numbers
	Free   bool                 // a linear axis need not begin at 0
}

// A Tick is a value with its text.
type Tick struct {
	At   float64
	Text string
}

// A scale is an axis with its ends, in values and on the canvas.
type scale struct {
	Axis
	min, max float64 // of what is plotted, in logarithms on a Log axis
	from, to float64
}

// newScale makes room for values. A Log axis leaves out what is not positive.
func newScale(a Axis, values []float64) *scale {
	s := &scale{Axis: a, min: math.Inf(1), max: math.Inf(-1)}
	for _, v := range values {
		if v = s.of(v); !math.IsInf(v, 0) && !math.IsNaN(v) {
			s.min, s.max = min(s.min, v), max(s.max, v)
		}
	}
	if s.min > s.max {
		s.min, s.max = 0, 1
	}
	if !a.Log && !a.Free {
		s.min = min(s.min, 0)
	}
	for _, t := range a.Ticks {
		s.min, s.max = min(s.min, s.of(t.At)), max(s.max, s.of(t.At))
	}
	if s.max == s.min {
		s.max = s.min + 1
	}
	if a.Log {
		// Ends at a third of a decade, so that marks do not touch them.
		s.min, s.max = math.Floor(s.min*3-0.1)/3, math.Ceil(s.max*3+0.1)/3
	}
	return s
}

func (s *scale) of(v float64) float64 {
	if s.Log {
		return math.Log10(v)
	}
	return v
}

// at returns where a value stands on the canvas.
func (s *scale) at(v float64) float64 {
	return s.from + (s.of(v)-s.min)/(s.max-s.min)*(s.to-s.from)
}

// ticks returns the ticks, at most about so many.
func (s *scale) ticks(most int) []Tick {
	if s.Ticks != nil {
		return s.Ticks
	}
	format := s.Format
	if format == nil {
		format = func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	}
	var ticks []Tick
	add := func(v float64) { ticks = append(ticks, Tick{v, format(v)}) }
	if s.Log {
		// The densest of these that is not too dense: 1 2 5, 1 3, each
		// decade, each second one, and so on.
		for _, steps := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
			ticks = ticks[:0]
			for e := math.Floor(s.min); e <= s.max; e++ {
				for _, m := range steps {
					if v := m * math.Pow(10, e); s.of(v) >= s.min-1e-9 && s.of(v) <= s.max+1e-9 {
						add(v)
					}
				}
			}
			if len(ticks) <= most {
				return ticks
			}
		}
		decades := ticks
		for every := 2; len(ticks) > most; every++ {
			ticks = slices.DeleteFunc(slices.Clone(decades), func(t Tick) bool { return int(math.Round(math.Log10(t.At)))%every != 0 })
		}
		return ticks
	}
	step := math.Pow(10, math.Floor(math.Log10((s.max-s.min)/float64(most))))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if (s.max-s.min)/(step*m) <= float64(most) {
			step *= m
			break
		}
	}
	for i := int(math.Ceil(s.min/step - 1e-9)); float64(i)*step <= s.max+step*1e-9; i++ {
		add(float64(i) * step)
	}
	return ticks
}
