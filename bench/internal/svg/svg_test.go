package svg

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plots are one of each kind, with texts that must be escaped.
func plots() map[string]func(int) string {
	return map[string]func(int) string{
		"lines": LinePlot{
			Words: "lines & <more>",
			X:     Axis{Label: "x", Log: true},
			Y:     Axis{Label: "y"},
			Lines: []Line{
				{Name: "a <b>", Points: [][2]float64{{1000, 3}, {10_000, 7}, {1e6, 2}}},
				{Name: "absent"},
				{Name: "c", Points: [][2]float64{{1000, 300}, {1e6, 20}}},
			},
		}.Draw,
		"curve": LinePlot{
			X:     Axis{Free: true, Ticks: []Tick{{0, "none"}, {1, "one"}}},
			Y:     Axis{Log: true},
			Lines: []Line{{Name: "a", Bare: true, Points: [][2]float64{{0, 10}, {0.5, 20}, {1, 5000}}}},
		}.Draw,
		"bars": BarPlot{
			Words: "bars",
			X:     Axis{Label: "bytes"},
			Parts: []string{"keys", "the rest"},
			Bars:  []Bar{{"one", []float64{16, 9}}, {"another with a long label", []float64{16}}, {"none", nil}},
		}.Draw,
		"ranges": RangePlot{
			Words: "ranges", X: Axis{Label: "time", Log: true},
			Marks: []string{"p50", "p99", "scan"}, Joined: 2,
			Rows: []Range{{"fast", []float64{100, 2000, 1e6}}, {"slow", []float64{5000, 5000, math.NaN()}}},
		}.Draw,
		"empty": LinePlot{Words: "nothing", Lines: []Line{{Name: "absent"}}}.Draw,
	}
}

// Every drawing is well formed, and nothing stands outside of it.
func TestDrawings(t *testing.T) {
	for name, draw := range plots() {
		for _, width := range []int{350, 860} {
			s := draw(width)
			d := xml.NewDecoder(strings.NewReader(s))
			var high float64
			for {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v in %s", name, err, s)
				}
				e, ok := token.(xml.StartElement)
				if !ok {
					continue
				}
				for _, a := range e.Attr {
					if a.Name.Local == "style" || strings.Contains(a.Value, "#") {
						t.Errorf("%s: %s has colours of its own", name, e.Name.Local)
					}
					var limit float64
					switch a.Name.Local {
					case "viewBox":
						if _, err := fmt.Sscanf(a.Value, "0 0 "+strconv.Itoa(width)+" %f", &high); err != nil {
							t.Errorf("%s: box %s", name, a.Value)
						}
						continue
					case "x", "x1", "x2", "cx":
						limit = float64(width)
					case "y", "y1", "y2", "cy":
						limit = high
					case "width", "height":
						limit = max(float64(width), high)
					default:
						continue
					}
					if v, err := strconv.ParseFloat(a.Value, 64); err != nil || v < 0 || v > limit {
						t.Errorf("%s at %d: %s has %s=%s", name, width, e.Name.Local, a.Name.Local, a.Value)
					}
				}
			}
			for _, p := range regexp.MustCompile(`points="([^"]*)"`).FindAllStringSubmatch(s, -1) {
				for _, xy := range strings.Fields(p[1]) {
					var x, y float64
					if _, err := fmt.Sscanf(xy, "%f,%f", &x, &y); err != nil || x < 0 || x > float64(width) || y < 0 || y > high {
						t.Errorf("%s at %d: a point at %s", name, width, xy)
					}
				}
			}
		}
	}
}

func TestWhatIsDrawn(t *testing.T) {
	p := plots()
	for name, want := range map[string][]string{
		"lines":  {`aria-label="lines &amp; &lt;more&gt;"`, "a &lt;b&gt;", "<title>c: 20 at 1e+06</title>", ">100<", "polyline"},
		"curve":  {">none<", ">one<", "dash0"},
		"bars":   {">25<", "<title>keys: 16</title>", "<title>the rest: 9</title>"},
		"ranges": {"<title>fast, scan: 1e+06</title>", "polygon", "circle"},
	} {
		s := p[name](860)
		for _, w := range want {
			if !strings.Contains(s, w) {
				t.Errorf("%s has no %s in %s", name, w, s)
			}
		}
		if strings.Contains(s, "absent") || strings.Contains(s, "NaN") {
			t.Errorf("%s draws what is not there", name)
		}
	}
	if n := strings.Count(p["ranges"](860), "<title>"); n != 5 {
		t.Errorf("%d marks in two rows, want 5", n)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis   Axis
		values []float64
		most   int
		want   string
	}{
		{Axis{}, []float64{3, 97}, 6, "[0 20 40 60 80]"},
		{Axis{}, []float64{0.1, 0.42}, 5, "[0 0.1 0.2 0.3 0.4]"},
		{Axis{Free: true}, []float64{90, 100}, 6, "[90 92 94 96 98 100]"},
		{Axis{Log: true}, []float64{10, 1000}, 12, "[5 10 20 50 100 200 500 1000 2000]"},
		{Axis{Log: true}, []float64{10, 1000}, 6, "[10 30 100 300 1000]"},
		{Axis{Log: true}, []float64{10, 1000}, 4, "[10 100 1000]"},
		{Axis{Log: true}, []float64{1, 1e9}, 4, "[1 1000 1e+06 1e+09]"},
		{Axis{Log: true}, []float64{0, -5}, 4, "[1 3 10]"}, // nothing that has a logarithm
	} {
		s := newScale(c.axis, c.values)
		var got []string
		for _, tick := range s.ticks(c.most) {
			got = append(got, strconv.FormatFloat(math.Round(tick.At*1e9)/1e9, 'g', -1, 64))
		}
		if text := "[" + strings.Join(got, " ") + "]"; text != c.want {
			t.Errorf("ticks of %v, at most %d: %s, want %s", c.values, c.most, text, c.want)
		}
	}
}
