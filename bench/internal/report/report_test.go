package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a report with one of everything, and texts that must be escaped.
func sample() *Report {
	return &Report{
		Schema: Schema, Title: "A <title> & more", Date: time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC), Seconds: 61.7,
		Machine: Machine{CPU: "A CPU", CPUs: 4, Procs: 2, Memory: 16e9, OS: "linux", Arch: "amd64", Go: "go1.26.0", HugePages: "madvise"},
		Records: 1_000_000, Seed: 1,
		Metrics: []Metric{
			{Name: "exact.miss.batch", Title: "a miss", Records: 1000, Unit: Nanoseconds, Better: "lower", Value: 5, Rounds: []float64{5, 5, 5}, Samples: 30, Beside: []string{"exact.miss.map"}},
			{Name: "exact.miss.batch", Title: "a miss", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 12.34, Rounds: []float64{12, 12.34, 13}, Samples: 3000, Beside: []string{"exact.miss.map", "exact.miss.floor"}},
			{Name: "exact.miss.map", Title: "a miss", Records: 1000, Unit: Nanoseconds, Better: "lower", Value: 7, Rounds: []float64{7, 7, 7}, Samples: 30, Of: Map},
			{Name: "exact.miss.map", Title: "a miss", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 61.7, Rounds: []float64{60, 61.7, 65}, Samples: 3000, Of: Map},
			{Name: "exact.miss.floor", Title: "of tags", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 6, Rounds: []float64{6, 6, 6}, Samples: 3000, Of: Floor},
			{Name: "partial.last.index.p50", Title: "a | search, p50", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 1500, Rounds: []float64{1500, 1500}, Samples: 200, Beside: []string{"partial.last.scan.p50"}},
			{Name: "partial.last.index.p99", Title: "a | search, p99", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 25_000, Rounds: []float64{25_000, 25_000}, Samples: 200, Beside: []string{"partial.last.scan.p99"}},
			{Name: "partial.last.index.p999", Title: "a | search, p99.9", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 3_000_000, Rounds: []float64{3_000_000, 3_000_000}, Samples: 200},
			{Name: "partial.last.scan.p50", Title: "a | search, p50", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 1000, Rounds: []float64{1000, 1000}, Samples: 200, Of: Scan},
			{Name: "partial.last.scan.p99", Title: "a | search, p99", Records: 1_000_000, Unit: Nanoseconds, Better: "lower", Value: 50_000, Rounds: []float64{50_000, 50_000}, Samples: 200, Of: Scan},
			{Name: "memory.whole.index", Title: "a record", Records: 1_000_000, Unit: BytesPerRecord, Better: "lower", Value: 79.12, Rounds: []float64{79.12}, Samples: 1_000_000, Counted: true},
		},
	}
}

func sampleDocument() *Document {
	return &Document{
		Report: sample(),
		Sections: []Section{
			{Name: "exact", Title: "Exact <lookups>", Text: "Whole numbers & more.", Plots: []Plot{{
				Title: "A plot", Caption: "Seen.",
				Draw: func(width int) string {
					return `<svg viewBox="0 0 1 1" width="` + Thousands(width) + `"><title>drawn &amp; done</title></svg>`
				},
			}}},
			{Name: "partial", Title: "Partial", Text: "Some of it.", Tables: []Table{{Title: "In <bins>", Head: []string{"bin", "claimed | true"}, Rows: [][]string{{"1", "0.10"}, {"2", "0.90"}}}}},
			{Name: "memory", Title: "Memory", Text: "Bytes."},
			{Name: "absent", Title: "Absent", Text: "No figures."},
		},
		Summary: []string{"exact.miss.batch", "partial.last.index.p50", "memory.whole.index", "none.such.metric"},
		Method:  []string{"In rounds.", "With medians."},
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := sampleDocument().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/report.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

// The page is well formed and complete, and asks nobody for anything.
func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := sampleDocument().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	wellFormed(t, page)
	outside := regexp.MustCompile(`(?i)(src|srcset|action|data|poster|background)\s*=|<(script|link|img|iframe|object|embed|base|form)\b|https?:|url\(|@import|href\s*=\s*"[^#]`)
	if at := outside.FindString(page); at != "" {
		t.Errorf("the page reaches out: %q", at)
	}
	for _, text := range []string{
		"A &lt;title&gt; &amp; more", "Exact &lt;lookups&gt;", "drawn &amp; done", `width="860"`, `width="350"`,
		"The plain scan wins at a | search: 1.00 µs against 1.50 µs (1.50x) at p50.",
		"<h3>In &lt;bins&gt;</h3>",
		"<td>0.90</td>",
		"5.00x built-in map", "12.3 ns", "25.0 µs", "3.00 ms", "79.1 B", "±2.03 %", "3,000",
		"A CPU, 4 CPUs of which Go uses 2, 16 GB, linux/amd64, go1.26.0", "25 November 2026",
		"In rounds.", "By size of the register: exact.miss", "prefers-color-scheme: dark", "max-width: 640px",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page has no %q", text)
		}
	}
	if strings.Contains(page, "Absent") {
		t.Error("a section without figures is shown")
	}
}

// wellFormed checks that every element of a page is closed, in order.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := sampleDocument().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^EXACT <LOOKUPS>$`,
		`(?m)^a miss +12\.3 ns +5\.00x built-in map, 0\.49x random reads +±2\.03 % +3 +3,000 *$`,
		`(?m)^built-in map: a miss +61\.7 ns +±2\.03 % +3 +3,000 *$`,
		`(?m)^a \| search +1\.50 µs +25\.0 µs +3\.00 ms +0\.67x plain scan +±0 % +2 +200 *$`,
		`(?m)^a record +79\.1 B +1 +1,000,000 *$`,
	} {
		if !regexp.MustCompile(want).Match(b.Bytes()) {
			t.Errorf("no line %s in:\n%s", want, &b)
		}
	}
}

func TestNoRivalWins(t *testing.T) {
	d := sampleDocument()
	d.Metric("partial.last.scan.p50", d.Records).Value = 1e6
	d.Metric("partial.last.scan.p50", d.Records).Rounds = []float64{1e6, 1e6}
	if got := d.Verdict(); len(got) != 1 || !strings.Contains(got[0], "No rival wins") {
		t.Errorf("%q", got)
	}
	// Two percentiles of one operation are in one line.
	for _, name := range []string{"partial.last.scan.p50", "partial.last.scan.p99"} {
		d.Metric(name, d.Records).Value = 500
		d.Metric(name, d.Records).Rounds = []float64{500, 500}
	}
	want := "The plain scan wins at a | search: 500 ns against 1.50 µs (3.00x) at p50, 500 ns against 25.0 µs (50.0x) at p99."
	if got := d.Verdict(); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	d = sampleDocument()
	d.Metric("partial.last.scan.p50", d.Records).Value = 1e6
	d.Metric("partial.last.scan.p50", d.Records).Rounds = []float64{1e6, 1e6}
	// Ahead by less than the noise of the rounds is not ahead.
	m := d.Metric("exact.miss.map", d.Records)
	m.Value, m.Rounds = 12, []float64{9, 12, 20}
	if got := d.Verdict(); len(got) != 1 || !strings.Contains(got[0], "No rival wins") {
		t.Errorf("%q", got)
	}
	m.Rounds = []float64{11.7, 12, 12.6} // a little faster in every round
	if got := d.Verdict(); !strings.HasPrefix(got[0], "The built-in map wins at a miss") {
		t.Errorf("%q", got)
	}
}

func TestJSON(t *testing.T) {
	b, err := sample().JSON()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
	// The names of fields stay.
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"schema", "date", "machine", "records", "metrics"} {
		if fields[name] == nil {
			t.Errorf("the JSON has no %q", name)
		}
	}
	first := fields["metrics"].([]any)[1].(map[string]any)
	for _, name := range []string{"name", "title", "records", "unit", "better", "value", "rounds", "samples", "beside"} {
		if first[name] == nil {
			t.Errorf("a metric has no %q", name)
		}
	}
	for _, text := range []string{"", "{", `{"schema": 99}`} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit       Unit
		v          float64
		want, tick string
	}{
		{Nanoseconds, 0.1234, "0.12 ns", "0.12 ns"},
		{Nanoseconds, 9.999, "10.0 ns", "10 ns"},
		{Nanoseconds, 99.96, "100 ns", "100 ns"},
		{Nanoseconds, 999.7, "1.00 µs", "1 µs"},
		{Nanoseconds, 1234, "1.23 µs", "1.23 µs"},
		{Nanoseconds, 30_000, "30.0 µs", "30 µs"},
		{Nanoseconds, 5e12, "5000 s", "5000 s"},
		{Bytes, 3.2e9, "3.20 GB", "3.2 GB"},
		{BytesPerRecord, 79.12, "79.1 B", "79.1 B"},
		{PerSecond, 11.2e6, "11.2M/s", "11.2M/s"},
		{Share, 0.0123, "1.23 %", "1.23 %"},
		{Count, 1234567, "1,234,567", "1,234,567"},
		{Count, 0.5, "0.50", "0.5"},
		{Nanoseconds, 0.0012, "0.0012 ns", "0.0012 ns"},
		{Nanoseconds, math.NaN(), "-", "-"},
	} {
		if got := c.unit.Format(c.v); got != c.want {
			t.Errorf("%v %s is written %q, want %q", c.v, c.unit, got, c.want)
		}
		if got := c.unit.Tick(c.v); got != c.tick {
			t.Errorf("%v %s on an axis is written %q, want %q", c.v, c.unit, got, c.tick)
		}
	}
	if Thousands(-1234) != "-1,234" || Thousands(12) != "12" {
		t.Error(Thousands(-1234), Thousands(12))
	}
	if Short(7_200_000) != "7.2M" || Short(30_000) != "30k" || Short(999) != "999" {
		t.Error(Short(7_200_000), Short(30_000), Short(999))
	}
}

func TestReplace(t *testing.T) {
	const text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
	got, err := Replace(text, "x", "new\n")
	if want := "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "<!-- x -->\n", "<!-- /x -->\n<!-- x -->\n"} {
		if _, err := Replace(bad, "x", "new"); err == nil {
			t.Errorf("%q has a place", bad)
		}
	}
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	if m.CPU == "" || m.CPUs < 1 || m.Procs < 1 || m.OS == "" || m.Arch == "" || !strings.HasPrefix(m.Go, "go") && !strings.HasPrefix(m.Go, "devel") {
		t.Errorf("%+v", m)
	}
	if host, err := os.Hostname(); err == nil && len(host) > 5 && strings.Contains(m.String(), host) {
		t.Error("the machine has its name")
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]Number{"1M": 1e6, "7.2M": 7_200_000, "20k": 20_000, "5": 5, "100M": 100e6} {
		var n Number
		if err := n.Set(text); err != nil || n != want {
			t.Errorf("%s: %d, %v", text, n, err)
		}
		if n.String() != text {
			t.Errorf("%s is written %s", text, n.String())
		}
	}
	for _, text := range []string{"", "M", "1G", "1kM", "0", "0.2", "-1", "NaN", "Inf", "9999999M"} {
		var n Number
		if err := n.Set(text); err == nil {
			t.Errorf("%q is taken as %d", text, n)
		}
	}
}
