// Package svg draws the plots of a report: lines, stacked bars and ranges, as
// inline SVG that takes its colours from the page.
//
// A drawing has no colours and no fonts of its own. It uses these classes, which
// the page gives colours to, so that it follows a light or a dark page: "s0" to
// "s5" for what is plotted, the custom property --s0 and so on being its colour;
// "grid" and "axis" for lines, "label" and "tick" for text. Series differ by
// marker and dash too, for those who do not see the colours.
//
// Text does not scale: draw a plot once for each width that it is shown at.
package svg

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Series is how many kinds of things a plot can tell apart.
const Series = 6

const (
	fontSize  = 13
	charWidth = 0.56 * fontSize // of a usual sans-serif font, on average
	lineStep  = 20
)

// width returns about how wide a text is.
func width(text string) float64 { return charWidth * float64(len([]rune(text))) }

// A canvas is a drawing in the making.
type canvas struct {
	body   strings.Builder
	width  float64
	height float64
}

// num writes a coordinate in tenths of a unit.
func num(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&c.body, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, num(x1), num(y1), num(x2), num(y2))
}

// text writes text with its baseline at y; anchor is start, middle or end.
func (c *canvas) text(class, anchor string, x, y float64, text string) {
	fmt.Fprintf(&c.body, `<text class="%s" text-anchor="%s" x="%s" y="%s">%s</text>`, class, anchor, num(x), num(y), html.EscapeString(text))
}

// up writes text that runs upwards, its middle at x, y.
func (c *canvas) up(class string, x, y float64, text string) {
	fmt.Fprintf(&c.body, `<text class="%s" text-anchor="middle" transform="translate(%s %s) rotate(-90)">%s</text>`,
		class, num(x), num(y), html.EscapeString(text))
}

func (c *canvas) rect(class string, x, y, w, h float64, hint string) {
	fmt.Fprintf(&c.body, `<rect class="%s" x="%s" y="%s" width="%s" height="%s">%s</rect>`,
		class, num(x), num(y), num(w), num(h), title(hint))
}

// marker draws the mark of a series: a circle, square, triangle or diamond, full
// or hollow.
func (c *canvas) marker(series int, x, y float64, hint string) {
	const r = 4
	class := fmt.Sprintf("s%d full", series)
	if series >= 4 {
		class = fmt.Sprintf("s%d hollow", series)
	}
	var points [][2]float64
	switch series % 4 {
	case 0:
		fmt.Fprintf(&c.body, `<circle class="%s" cx="%s" cy="%s" r="%d">%s</circle>`, class, num(x), num(y), r, title(hint))
		return
	case 1:
		points = [][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}
	case 2:
		points = [][2]float64{{0, -1.2}, {1.2, 1}, {-1.2, 1}}
	case 3:
		points = [][2]float64{{0, -1.4}, {1.4, 0}, {0, 1.4}, {-1.4, 0}}
	}
	for i := range points {
		points[i] = [2]float64{x + r*points[i][0], y + r*points[i][1]}
	}
	fmt.Fprintf(&c.body, `<polygon class="%s" points="%s">%s</polygon>`, class, coordinates(points), title(hint))
}

func (c *canvas) polyline(series int, points [][2]float64) {
	fmt.Fprintf(&c.body, `<polyline class="s%d dash%d" points="%s"/>`, series, series, coordinates(points))
}

func coordinates(points [][2]float64) string {
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(num(p[0]) + "," + num(p[1]))
	}
	return b.String()
}

// title is what a pointer that rests on a mark shows.
func title(hint string) string {
	if hint == "" {
		return ""
	}
	return "<title>" + html.EscapeString(hint) + "</title>"
}

// all and none say which series have markers.
func all(int) bool  { return true }
func none(int) bool { return false }

// legend draws the names of series in rows from the top and returns how high it
// is: with their markers where they have some, their lines or, without both, a box
// of their colour.
func (c *canvas) legend(names []string, marked func(i int) bool, lines bool) float64 {
	x, y := 4.0, 14.0
	for i, name := range names {
		if name == "" {
			continue
		}
		const mark = 30.0
		need := mark + width(name) + 18
		if x > 4 && x+need > c.width {
			x, y = 4, y+lineStep
		}
		if !marked(i) && !lines {
			c.rect(fmt.Sprintf("s%d full", i), x+6, y-10, 14, 11, "")
		}
		if lines {
			c.polyline(i, [][2]float64{{x, y - 4}, {x + 24, y - 4}})
		}
		if marked(i) {
			c.marker(i, x+12, y-4, "")
		}
		c.text("label", "start", x+mark, y, name)
		x += need
	}
	return y + 12
}

// String returns the drawing with what it shows in words, for those who cannot
// see it.
func (c *canvas) String(words string) string {
	return fmt.Sprintf(`<svg viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" aria-label="%[3]s">%[4]s</svg>`,
		num(c.width), num(c.height), html.EscapeString(words), c.body.String())
}
