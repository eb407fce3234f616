// Package report holds what a run of the benchmarks found, writes it as tables
// and as a page, and compares it with another run.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
)

// Schema is the version of the JSON form. Fields and metrics may be added under
// one version; none changes its meaning.
const Schema = 1

// A Report is what one run found.
type Report struct {
	Schema  int       `json:"schema"`
	Title   string    `json:"title"`
	Date    time.Time `json:"date"`
	Seconds float64   `json:"seconds"` // that the run took
	Machine Machine   `json:"machine"`
	Records int       `json:"records"` // in the largest register
	Seed    uint64    `json:"seed"`
	Metrics []Metric  `json:"metrics"`
	Curves  []Curve   `json:"curves,omitempty"`
}

// A Metric is one figure.
type Metric struct {
	Name    string  `json:"name"` // section.group.side, and .p50 and so on of single operations
	Title   string  `json:"title"`
	Records int     `json:"records,omitempty"` // in the register; 0: there was none
	Unit    Unit    `json:"unit"`
	Better  string  `json:"better,omitempty"` // "lower" or "higher"; empty: neither
	Value   float64 `json:"value"`            // the median of the rounds; of percentiles, that of all samples

	Rounds  []float64 `json:"rounds,omitempty"` // the value in each round
	Samples int       `json:"samples"`          // operations, or things counted, behind the value
	Counted bool      `json:"counted,omitempty"`

	Of     string   `json:"of,omitempty"`     // the rival; empty: the library
	Beside []string `json:"beside,omitempty"` // the metrics of the same rounds to compare it with
}

// Rivals, as Metric.Of names them.
const (
	Map   = "built-in map"
	Scan  = "plain scan"
	Floor = "random reads"
)

// IsRival reports whether m is of something that one would use instead of the
// library: the floor is not, for it answers nothing.
func (m *Metric) IsRival() bool { return m.Of != "" && m.Of != Floor }

// Section returns the first part of the name.
func (m *Metric) Section() string {
	s, _, _ := strings.Cut(m.Name, ".")
	return s
}

// String returns the value with its unit.
func (m *Metric) String() string { return m.Unit.Format(m.Value) }

// Spread returns how far a round is usually off, as a share of the median.
func (m *Metric) Spread() float64 { return measure.Spread(m.Rounds) }

// Ratio returns by how much m is better than another metric, 2 for twice as
// good, and how far a round is usually off. Rounds are paired where both have
// them, so that what slows down a whole round does not count.
func (m *Metric) Ratio(to *Metric) (ratio, spread float64) {
	ratio = m.quotient(m.Value, to.Value)
	if len(m.Rounds) != len(to.Rounds) || len(m.Rounds) < 2 {
		return ratio, m.Spread() + to.Spread()
	}
	return ratio, measure.Spread(m.ratios(to))
}

// quotient returns by how much a value of m is better than another one.
func (m *Metric) quotient(mine, other float64) float64 {
	if m.Better == "higher" {
		return mine / other
	}
	return other / mine
}

// ratios returns by how much m was better than another metric in each round.
func (m *Metric) ratios(to *Metric) []float64 {
	paired := make([]float64, min(len(m.Rounds), len(to.Rounds)))
	for i := range paired {
		paired[i] = m.quotient(m.Rounds[i], to.Rounds[i])
	}
	return paired
}

// A Curve is a series for a plot.
type Curve struct {
	Name    string       `json:"name"` // of the metrics that it belongs to, without percentile
	Title   string       `json:"title"`
	Of      string       `json:"of,omitempty"` // the rival; empty: the library
	Samples int          `json:"samples"`
	Points  [][2]float64 `json:"points"` // of times: share of operations, nanoseconds; of calibration: claimed, true
}

// Metric returns a metric at a size of the register, or nil.
func (r *Report) Metric(name string, records int) *Metric {
	for i := range r.Metrics {
		if m := &r.Metrics[i]; m.Name == name && m.Records == records {
			return m
		}
	}
	return nil
}

// Main reports whether a metric is of the largest register or of none.
func (r *Report) Main(m *Metric) bool { return m.Records == 0 || m.Records == r.Records }

// Others returns the metrics that m is to be compared with.
func (r *Report) Others(m *Metric) []*Metric {
	var others []*Metric
	for _, name := range m.Beside {
		if o := r.Metric(name, m.Records); o != nil {
			others = append(others, o)
		}
	}
	return others
}

// Read reads the JSON form from a file.
func Read(path string) (*Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s: schema %d, want %d", path, r.Schema, Schema)
	}
	return r, nil
}

// JSON returns the JSON form.
func (r *Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "\t")
	return append(b, '\n'), err
}
