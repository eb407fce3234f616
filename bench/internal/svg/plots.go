package svg

import (
	"fmt"
	"math"
	"slices"
)

// A Line is one series of a [LinePlot].
type Line struct {
	Name   string
	Points [][2]float64
	Bare   bool // without markers, for many points
}

// A LinePlot shows how one value follows another.
type LinePlot struct {
	Words string // what it shows
	X, Y  Axis
	Lines []Line // Series of them at most; one without points keeps its colour free
}

// Draw returns the plot at a width.
func (p LinePlot) Draw(wide int) string {
	c := &canvas{width: float64(wide)}
	var xs, ys []float64
	names := make([]string, len(p.Lines))
	for i, l := range p.Lines {
		if len(l.Points) > 0 {
			names[i] = l.Name
		}
		for _, pt := range l.Points {
			xs, ys = append(xs, pt[0]), append(ys, pt[1])
		}
	}
	top := c.legend(names, func(i int) bool { return !p.Lines[i].Bare }, true)
	x, y := newScale(p.X, xs), newScale(p.Y, ys)
	high := min(max(c.width*0.5, 220), 340)
	yTicks := y.ticks(8)
	left := 30.0
	for _, t := range yTicks {
		left = max(left, 30+width(t.Text))
	}
	x.from, x.to = left, c.width-18
	y.from, y.to = top+high, top+8
	c.height = top + high + 46

	for _, t := range yTicks {
		c.line("grid", x.from, y.at(t.At), x.to, y.at(t.At))
		c.text("tick", "end", x.from-6, y.at(t.At)+4, t.Text)
	}
	c.bottom(x, y.to, y.from)
	c.up("label", 12, (y.from+y.to)/2, p.Y.Label)
	for i, l := range p.Lines {
		var at [][2]float64
		for _, pt := range l.Points {
			at = append(at, [2]float64{x.at(pt[0]), y.at(pt[1])})
		}
		if len(at) > 0 {
			c.polyline(i, at)
		}
		for k := range at {
			if !l.Bare {
				c.marker(i, at[k][0], at[k][1], fmt.Sprintf("%s: %s at %s", l.Name, y.text(l.Points[k][1]), x.text(l.Points[k][0])))
			}
		}
	}
	return c.String(p.Words)
}

// text formats a value as the axis does.
func (s *scale) text(v float64) string {
	if s.Format != nil {
		return s.Format(v)
	}
	return fmt.Sprintf("%.4g", v)
}

// bottom draws the horizontal axis with its grid, as many ticks as there is room
// for.
func (c *canvas) bottom(x *scale, top, bottom float64) {
	var ticks []Tick
	for most := 12; most > 1; most-- {
		ticks = x.ticks(most)
		if x.fit(ticks) {
			break
		}
	}
	if !x.fit(ticks) { // given ones: every second
		kept := ticks[:0:0]
		for i := 0; i < len(ticks); i += 2 {
			kept = append(kept, ticks[i])
		}
		ticks = kept
	}
	for _, t := range ticks {
		c.line("grid", x.at(t.At), top, x.at(t.At), bottom)
		// The text of a tick at an end stays inside.
		at := min(x.at(t.At), c.width-width(t.Text)/2)
		c.text("tick", "middle", at, bottom+17, t.Text)
	}
	c.line("axis", x.from, bottom, x.to, bottom)
	c.text("label", "middle", (x.from+x.to)/2, bottom+38, x.Label)
}

// fit reports whether the texts of ticks stand apart.
func (s *scale) fit(ticks []Tick) bool {
	for i := 1; i < len(ticks); i++ {
		a, b := ticks[i-1], ticks[i]
		if math.Abs(s.at(b.At)-s.at(a.At)) < (width(a.Text)+width(b.Text))/2+8 {
			return false
		}
	}
	return true
}

// A Bar is one row of a [BarPlot]: a value for each of its parts.
type Bar struct {
	Label  string
	Values []float64
}

// A BarPlot shows sums of parts, one bar below the other.
type BarPlot struct {
	Words string
	X     Axis // linear
	Parts []string
	Bars  []Bar
}

// Draw returns the plot at a width.
func (p BarPlot) Draw(wide int) string {
	c := &canvas{width: float64(wide)}
	top := c.legend(p.Parts, none, false)
	var sums []float64
	var labels []string
	for _, b := range p.Bars {
		sum := 0.0
		for _, v := range b.Values {
			sum += v
		}
		sums, labels = append(sums, sum), append(labels, b.Label)
	}
	x := newScale(p.X, sums)
	rows := newRows(c, labels, top)
	x.from, x.to = rows.left, c.width-18-width(x.text(slices.Max(append(sums, 0))))
	c.bottom(x, top, rows.bottom())
	for i, b := range p.Bars {
		y := rows.label(i)
		at := 0.0
		for k, v := range b.Values {
			if v > 0 {
				c.rect(fmt.Sprintf("s%d full", k), x.at(at), y-9, x.at(at+v)-x.at(at), 18, p.Parts[k]+": "+x.text(v))
			}
			at += v
		}
		c.text("label", "start", x.at(at)+5, y+5, x.text(at))
	}
	c.height = rows.bottom() + 46
	return c.String(p.Words)
}

// A Range is one row of a [RangePlot].
type Range struct {
	Label  string
	Values []float64 // one for each mark, in the order of RangePlot.Marks; NaN: none
}

// A RangePlot shows several values of each of many things on one axis. The first
// Joined of them are of one kind, such as percentiles, and joined by a line.
type RangePlot struct {
	Words  string
	X      Axis
	Marks  []string
	Joined int
	Rows   []Range
}

// Draw returns the plot at a width.
func (p RangePlot) Draw(wide int) string {
	c := &canvas{width: float64(wide)}
	top := c.legend(p.Marks, all, false)
	var values []float64
	var labels []string
	for _, r := range p.Rows {
		values, labels = append(values, r.Values...), append(labels, r.Label)
	}
	x := newScale(p.X, values)
	rows := newRows(c, labels, top)
	x.from, x.to = rows.left, c.width-18
	c.bottom(x, top, rows.bottom())
	for i, r := range p.Rows {
		y := rows.label(i)
		if joined := r.Values[:p.Joined]; len(joined) > 1 {
			c.line("axis", x.at(slices.Min(joined)), y, x.at(slices.Max(joined)), y)
		}
		for k, v := range r.Values {
			if !math.IsNaN(v) {
				c.marker(k, x.at(v), y, r.Label+", "+p.Marks[k]+": "+x.text(v))
			}
		}
	}
	c.height = rows.bottom() + 46
	return c.String(p.Words)
}

// rows are the rows of a plot, with their labels at the left or, where the
// labels would take much of the width, each in a line of its own.
type rows struct {
	c      *canvas
	labels []string
	top    float64
	left   float64
	above  bool
}

func newRows(c *canvas, labels []string, top float64) *rows {
	r := &rows{c: c, labels: labels, top: top}
	for _, l := range labels {
		r.left = max(r.left, width(l)+12)
	}
	if r.left > 0.4*c.width {
		r.left, r.above = 12, true
	}
	return r
}

func (r *rows) step() float64 {
	if r.above {
		return 44
	}
	return 28
}

func (r *rows) bottom() float64 { return r.top + float64(len(r.labels))*r.step() + 6 }

// label writes the label of row i and returns the middle of the row.
func (r *rows) label(i int) float64 {
	y := r.top + float64(i)*r.step()
	if r.above {
		r.c.text("label", "start", 2, y+15, r.labels[i])
		return y + 31
	}
	r.c.text("label", "end", r.left-8, y+19, r.labels[i])
	return y + 14
}
