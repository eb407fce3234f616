package report

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	times := func(v ...float64) []float64 { return v }
	for _, c := range []struct {
		name       string // why it is there
		old, new   Metric
		oldRival   []float64 // nil: none
		newRival   []float64
		want       Verdict
		by         float64
		relativeIs float64 // NaN: no rival
	}{
		{
			name: "a third slower, quiet rounds",
			old:  Metric{Value: 100, Rounds: times(99, 100, 101)}, new: Metric{Value: 133, Rounds: times(132, 133, 134)},
			want: Worse, by: 0.33, relativeIs: math.NaN(),
		},
		{
			name: "a third slower, within the noise of the rounds",
			old:  Metric{Value: 100, Rounds: times(80, 100, 140)}, new: Metric{Value: 133, Rounds: times(100, 133, 170)},
			want: Same, by: 0.33, relativeIs: math.NaN(),
		},
		{
			name: "three in a hundred, however quiet, is nothing",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 97, Rounds: times(97, 97, 97)},
			want: Same, by: -0.03, relativeIs: math.NaN(),
		},
		{
			name: "more a second is better",
			old:  Metric{Better: "higher", Value: 10, Rounds: times(10, 10, 10)}, new: Metric{Better: "higher", Value: 20, Rounds: times(20, 20, 20)},
			want: Better, by: 1, relativeIs: math.NaN(),
		},
		{
			name: "the machine was slower, and the rival with it",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 150, Rounds: times(150, 150, 150)},
			oldRival: times(200, 200, 200), newRival: times(300, 300, 300),
			want: Same, by: 0.5, relativeIs: 0,
		},
		{
			name: "the machine was faster, and yet it is not",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 100, Rounds: times(100, 100, 100)},
			oldRival: times(200, 200, 200), newRival: times(160, 160, 160),
			want: Worse, by: 0, relativeIs: 0.25,
		},
		{
			name: "the rival drifted by more than that",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 110, Rounds: times(110, 110, 110)},
			oldRival: times(200, 200, 200), newRival: times(250, 250, 250),
			want: Same, by: 0.1, relativeIs: -0.12,
		},
		{
			name: "the rounds of a busy machine differ, their ratios do not",
			old:  Metric{Value: 100, Rounds: times(50, 100, 200)}, new: Metric{Value: 80, Rounds: times(40, 80, 160)},
			oldRival: times(100, 200, 400), newRival: times(100, 200, 400),
			want: Better, by: -0.2, relativeIs: -0.2,
		},
		{
			name: "the rival was hit by something, and we were faster",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 60, Rounds: times(60, 60, 60)},
			oldRival: times(200, 200, 200), newRival: times(110, 110, 110),
			want: Same, by: -0.4, relativeIs: 60.0/110*2 - 1,
		},
		{
			name: "a single round has no noise to judge by",
			old:  Metric{Value: 100, Rounds: times(100)}, new: Metric{Value: 300, Rounds: times(300)},
			want: Unknown, by: 2, relativeIs: math.NaN(),
		},
		{
			name: "one interrupted round moves the value but not the usual round",
			old:  Metric{Value: 100, Rounds: times(100, 100, 100)}, new: Metric{Value: 900, Rounds: times(100, 100, 9000)},
			want: Same, by: 0, relativeIs: math.NaN(),
		},
		{
			name: "what is counted is exact",
			old:  Metric{Value: 100, Counted: true, Rounds: times(100)}, new: Metric{Value: 101, Counted: true, Rounds: times(101)},
			want: Worse, by: 0.01, relativeIs: math.NaN(),
		},
		{
			name: "but for less than it is written with",
			old:  Metric{Value: 100, Counted: true, Rounds: times(100)}, new: Metric{Value: 100.1, Counted: true, Rounds: times(100.1)},
			want: Same, by: 0.001, relativeIs: math.NaN(),
		},
	} {
		make := func(m Metric, rival []float64) *Report {
			m.Name, m.Title, m.Unit, m.Records = "exact.miss.batch", "a miss", Nanoseconds, 1000
			if m.Better == "" {
				m.Better = "lower"
			}
			r := &Report{Records: 1000}
			if rival != nil {
				m.Beside = []string{"exact.miss.map"}
				r.Metrics = append(r.Metrics, Metric{Name: "exact.miss.map", Of: Map, Unit: Nanoseconds, Records: 1000, Better: "lower", Value: rival[1], Rounds: rival})
			}
			r.Metrics = append(r.Metrics, m)
			return r
		}
		got := Compare(make(c.old, c.oldRival), make(c.new, c.newRival))
		if len(got.Changes) != 1 {
			t.Fatalf("%s: %d changes", c.name, len(got.Changes))
		}
		x := got.Changes[0]
		if x.Verdict != c.want || math.Abs(x.By-c.by) > 1e-9 {
			t.Errorf("%s: %s by %.3f beyond %.3f, want %s by %.3f", c.name, x.Verdict, x.By, x.Noise, c.want, c.by)
		}
		if math.IsNaN(x.Relative) != math.IsNaN(c.relativeIs) || math.Abs(x.Relative-c.relativeIs) > 1e-9 {
			t.Errorf("%s: %.3f against the rival, want %.3f", c.name, x.Relative, c.relativeIs)
		}
	}
}

func TestWriteComparison(t *testing.T) {
	old, now := sample(), sample()
	m := now.Metric("exact.miss.batch", now.Records)
	m.Value *= 2
	for i := range m.Rounds {
		m.Rounds[i] *= 2
	}
	record := now.Metric("memory.whole.index", now.Records)
	record.Value, record.Rounds = 60, []float64{60}
	now.Metrics[0].Name = "exact.miss.other"
	now.Machine.CPUs = 64
	c := Compare(old, now)
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The machines differ", "exact.miss.batch", "12.3 ns", "24.7 ns", "+100.0 %", "worse",
		"memory.whole.index", "-24.2 %", "better", "2 metrics changed beyond noise, 2 did not, 1 have too few rounds or samples",
		"Only the old run has: [exact.miss.batch at 1k]", "Only the new run has: [exact.miss.other at 1k]",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, &b)
		}
	}
	// Interruptions decide p99.9: without a rival nothing tells them apart.
	last := now.Metric("partial.last.index.p999", now.Records)
	last.Samples = 1 << 20
	if x := Compare(now, now).Changes; !slices.ContainsFunc(x, func(c Change) bool { return c.New == last && c.Verdict == Unknown }) {
		t.Error("p99.9 without a rival is judged")
	}
	// p99 of a hundred samples a round is judged, of fewer it is not.
	m = now.Metric("partial.last.index.p99", now.Records)
	for samples, want := range map[int]Verdict{200: Same, 199: Unknown} {
		m.Samples = samples
		for _, x := range Compare(now, now).Changes {
			if x.New.Name == m.Name && x.Verdict != want {
				t.Errorf("p99 of %d samples: %s", samples, x.Verdict)
			}
		}
	}
	c = Compare(old, old)
	b.Reset()
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "0 metrics changed beyond noise") {
		t.Errorf("a run differs from itself:\n%s", &b)
	}
}
