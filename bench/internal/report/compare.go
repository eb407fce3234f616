package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
)

const (
	// leastNoise is the change of a time below which no comparison calls it
	// one, however close the rounds lie: where the linker puts a loop, and
	// which pages a table gets, is the same in all rounds of a run and
	// another one in the next.
	leastNoise = 0.05
	// leastCounted is that of what is counted and not timed.
	leastCounted = 0.005
	// noiseFactor is how many usual distances of a round from the median the
	// medians of two runs must lie apart.
	noiseFactor = 2
)

// A Verdict is what became of a metric from one run to another.
type Verdict string

// The verdicts. A metric with a single round is not judged, for nothing says what
// its noise is, nor is a percentile of too few samples.
const (
	Same    Verdict = "same"
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	Unknown Verdict = "not judged"
)

// A Change is one metric in two runs.
type Change struct {
	Old, New *Metric

	// By is what the figure changed by, as a share of the old one, and
	// Relative the same of its ratio to the metric that was measured in the
	// same rounds; NaN where there is none.
	By, Relative float64
	// Noise is how much of that may be chance.
	Noise   float64
	Verdict Verdict
}

// A Comparison is two runs beside each other.
type Comparison struct {
	Old, New *Report
	Changes  []Change // of the library, those beyond noise first, the greatest first
	OnlyOld  []string // metrics that one run alone has
	OnlyNew  []string
	// Rivals is the median change of what does not change, the rivals: how
	// much faster or slower the machine itself was.
	Rivals float64
	// Drift is the change that nine in ten times of rivals stayed within, by
	// the percentile that they are, empty for medians of turns: what one run
	// differs from the next by, which the rounds of a run do not show.
	Drift map[string]float64
}

// Compare tells what changed beyond noise. Where a rival was measured in the same
// rounds, the ratio to it counts and not the time, for the machine may have been
// busier or cooler in one of the runs; else the time does. Noise is twice the
// usual distance of a round from the median, of both runs together, and at least
// what the rivals drifted by.
func Compare(old, now *Report) Comparison {
	c := Comparison{Old: old, New: now, Drift: map[string]float64{}}
	var rivals []float64
	drifts := map[string][]float64{}
	key := func(m *Metric) string {
		if m.Records == 0 {
			return m.Name
		}
		return m.Name + " at " + Short(m.Records)
	}
	for i := range now.Metrics {
		m := &now.Metrics[i]
		was := old.Metric(m.Name, m.Records)
		if was == nil || was.Unit != m.Unit {
			c.OnlyNew = append(c.OnlyNew, key(m))
			continue
		}
		if m.Of != "" && m.Unit == Nanoseconds && was.judgeable() && m.judgeable() && was.typical() > 0 {
			by := m.typical()/was.typical() - 1
			rivals = append(rivals, by)
			_, _, class := m.base()
			drifts[class] = append(drifts[class], math.Abs(by))
		}
	}
	for class, by := range drifts {
		c.Drift[class] = measure.Quantile(by, 0.9)
	}
	for i := range now.Metrics {
		m := &now.Metrics[i]
		was := old.Metric(m.Name, m.Records)
		if m.Of == "" && m.Better != "" && was != nil && was.Unit == m.Unit {
			_, _, class := m.base()
			c.Changes = append(c.Changes, change(old, now, was, m, c.Drift[class]))
		}
	}
	for i := range old.Metrics {
		m := &old.Metrics[i]
		if is := now.Metric(m.Name, m.Records); is == nil || is.Unit != m.Unit {
			c.OnlyOld = append(c.OnlyOld, key(m))
		}
	}
	if len(rivals) > 0 {
		c.Rivals = measure.Median(rivals)
	}
	rank := func(x Change) int {
		if x.Verdict == Better || x.Verdict == Worse {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(c.Changes, func(a, b Change) int {
		if d := cmp.Compare(rank(a), rank(b)); d != 0 || rank(a) == 1 {
			return d
		}
		return cmp.Compare(math.Abs(b.judged()), math.Abs(a.judged()))
	})
	return c
}

// judged returns the change that the verdict is about.
func (c *Change) judged() float64 {
	if math.IsNaN(c.Relative) {
		return c.By
	}
	return c.Relative
}

// typical returns the median of the rounds, which of percentiles is not quite the
// value: a single round in which the program was interrupted moves p99.9 of all
// samples, but not that of the usual round.
func (m *Metric) typical() float64 {
	if len(m.Rounds) == 0 {
		return m.Value
	}
	return measure.Median(m.Rounds)
}

// judgeable reports whether there are enough rounds, and of a percentile enough
// samples in each, to tell a change from chance.
func (m *Metric) judgeable() bool {
	if len(m.Rounds) < 2 {
		return false
	}
	_, _, suffix := m.base()
	beyond := map[string]int{".p99": 100, ".p999": 1000}[suffix] // one sample in so many
	return m.Samples/len(m.Rounds) >= beyond
}

func change(old, now *Report, was, is *Metric, drift float64) Change {
	before, after := was.typical(), is.typical()
	c := Change{Old: was, New: is, By: after/before - 1, Relative: math.NaN(), Verdict: Same}
	if before == 0 {
		c.By = 0
		if after != 0 {
			c.By = math.Inf(1)
		}
	}
	if is.Counted {
		c.Noise = leastCounted
	} else {
		if !was.judgeable() || !is.judgeable() {
			c.Verdict = Unknown
			return c
		}
		c.Noise = max(leastNoise, drift, noiseFactor*(was.Spread()+is.Spread()))
		if len(was.Beside) > 0 && len(is.Beside) > 0 && was.Beside[0] == is.Beside[0] {
			wasOther, isOther := old.Metric(was.Beside[0], was.Records), now.Metric(is.Beside[0], is.Records)
			// Only a rival stays as it is from version to version.
			if wasOther != nil && isOther != nil && isOther.Of != "" && wasOther.judgeable() && isOther.judgeable() {
				before, after := was.ratios(wasOther), is.ratios(isOther)
				// A better ratio is a greater one; the time goes the other way.
				c.Relative = measure.Median(before)/measure.Median(after) - 1
				if is.Better == "higher" {
					c.Relative = measure.Median(after)/measure.Median(before) - 1
				}
				c.Noise = max(leastNoise, drift, noiseFactor*(measure.Spread(before)+measure.Spread(after)))
			}
		}
	}
	if _, _, suffix := is.base(); suffix == ".p999" && math.IsNaN(c.Relative) {
		// As much the machine's as the program's: it takes a rival beside it,
		// measured as often, to tell them apart.
		c.Verdict = Unknown
		return c
	}
	if c.Relative*c.By < 0 && math.Abs(c.By) > c.Noise {
		return c // the rival was hit by something, which says nothing of us
	}
	if d := c.judged(); math.Abs(d) > c.Noise {
		c.Verdict = Worse
		if (d < 0) == (is.Better == "lower") {
			c.Verdict = Better
		}
	}
	return c
}

// Write prints the comparison.
func (c *Comparison) Write(w io.Writer) error {
	if c.Old.Machine.String() != c.New.Machine.String() {
		fmt.Fprintf(w, "The machines differ: %v\n                 and: %v\n", c.Old.Machine, c.New.Machine)
	}
	fmt.Fprintf(w, "Old: %s, %s records. New: %s, %s records. The rivals, which do not change, took %+.0f %% in the new run.\n",
		c.Old.Date.Format("2006-01-02 15:04"), Short(c.Old.Records), c.New.Date.Format("2006-01-02 15:04"), Short(c.New.Records), 100*c.Rivals)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	same, unknown := 0, 0
	for i := range c.Changes {
		x := &c.Changes[i]
		switch x.Verdict {
		case Same:
			same++
			continue
		case Unknown:
			unknown++
			continue
		}
		if i == 0 {
			fmt.Fprintln(tw, "metric\trecords\told\tnew\tchange\tagainst rival\tnoise\t\t")
		}
		relative := ""
		if !math.IsNaN(x.Relative) {
			relative = percent(x.Relative)
		}
		records := ""
		if x.New.Records > 0 {
			records = Short(x.New.Records)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", x.New.Name, records,
			x.Old.Unit.Format(x.Old.typical()), x.New.Unit.Format(x.New.typical()),
			percent(x.By), relative, fmt.Sprintf("±%.1f %%", 100*x.Noise), x.Verdict)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d metrics changed beyond noise, %d did not, %d have too few rounds or samples to be judged.\n",
		len(c.Changes)-same-unknown, same, unknown)
	for _, only := range []struct {
		run   string
		names []string
	}{{"old", c.OnlyOld}, {"new", c.OnlyNew}} {
		if len(only.names) > 0 {
			_, err = fmt.Fprintf(w, "Only the %s run has: %v\n", only.run, only.names)
		}
	}
	return err
}

func percent(share float64) string { return fmt.Sprintf("%+.1f %%", 100*share) }
