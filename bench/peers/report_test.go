package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func testReport() *report {
	fig := func(f form, name string, p50, p99 float64) figure {
		return figure{Form: f, Contender: name, P50: p50, P99: p99, Low: p50 * 0.9, High: p50 * 1.1, Samples: 500, Answers: 1, Compared: 300}
	}
	rep := &report{
		Program: "peers", Schema: 1, Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Records: 5_000_000,
		Machine: machine{Processor: "a processor", Processors: 2, Memory: 24 << 30, System: "linux/amd64", Go: "go1.26.0", HugePages: "madvise"},
		Contenders: []holding{
			{description: description{Name: ourName, Setup: "as it comes"}, Seconds: 1.5, Bytes: 40, Parts: []part{{"keys", 80_000_000}, {"nothing", 0}}},
			{description: description{Name: "map[vin.VIN]uint32", Setup: "a|b"}, Seconds: 0.5, Bytes: 45.25},
			{description: description{Name: "sorted slices", Version: "v1.2.3", Setup: "sorted"}, Seconds: 2, Bytes: 36},
			{description: description{Name: "PostgreSQL", Setup: "a server"}, Seconds: 60, Bytes: 235},
		},
		Figures: []figure{
			fig(batchMiss, ourName, 20, 25), fig(batchMiss, "map[vin.VIN]uint32", 90, 95),
			fig(batchHit, ourName, 40, 45), fig(batchHit, "map[vin.VIN]uint32", 110, 115),
			fig(lastSix, ourName, 1000, 4000), fig(lastSix, "sorted slices", 900, 5000),
			fig(lastSix, "PostgreSQL", 160_000, 0), fig(lastSix, "PostgreSQL"+serverSide, 20, 30),
			fig(twoUnknown, ourName, 1000, 4000), fig(twoUnknown, "sorted slices", 1000, 3000),
			fig(fragment, ourName, 1e6, 2e6), fig(fragment, "PostgreSQL", 0.99e6, 3e6),
		},
		Parsers: []figure{fig("parse", "vin.ParseBatch", 11, 12)},
		Wins:    []win{}, Goals: []goal{}, Notes: []string{"A note."},
		Took: 12,
	}
	for i := range rep.Contenders {
		c := &rep.Contenders[i]
		c.ByForm = map[form]float64{batchMiss: c.Bytes, batchHit: c.Bytes, lastSix: c.Bytes - 10, twoUnknown: c.Bytes - 5, fragment: c.Bytes - 20}
	}
	rep.findWins()
	rep.checkGoals()
	return rep
}

// What rivals win stands in the first lines, and what is within the noise or a
// server's own time does not.
func TestWinsComeFirst(t *testing.T) {
	rep := testReport()
	want := []string{
		"Rivals win in last six: sorted slices 900 ns (p99 5.00 µs); vinmatch 1.00 µs (p99 4.00 µs). " + ends,
		"Rivals win in two unknown: sorted slices at p99 3.00 µs; vinmatch 1.00 µs (p99 4.00 µs). " + whyTheyWin[twoUnknown]["sorted slices"],
		"Rivals win in bytes a record: sorted slices 36.0; vinmatch 40.0. They hold numbers and nothing else; " +
			"see below what takes the bytes of vinmatch, and what a form takes.",
	}
	if got := rep.winLines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("wins:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, print := range map[string]func() (string, error){
		"text":     func() (string, error) { var b bytes.Buffer; err := rep.text(&b); return b.String(), err },
		"markdown": func() (string, error) { var b bytes.Buffer; err := rep.markdown(&b); return b.String(), err },
	} {
		s, err := print()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(s, "\n")
		for i, w := range want {
			if strings.TrimPrefix(lines[i], "- ") != w {
				t.Errorf("%s begins with %q", name, lines[i])
			}
		}
	}
	rep.Wins = nil
	if got := rep.winLines(); len(got) != 1 || !strings.HasPrefix(got[0], "No rival") {
		t.Errorf("without wins: %q", got)
	}
}

func TestGoals(t *testing.T) {
	rep := testReport()
	got := map[string]bool{}
	for _, g := range rep.Goals {
		got[g.Text] = g.Reached
		if math.IsInf(g.Times, 0) || g.Times <= 0 {
			t.Errorf("%s: %v times", g.Text, g.Times)
		}
	}
	for text, reached := range map[string]bool{
		goals[0].text: true,  // 4.5 of 4
		goals[1].text: false, // 2.75 of 3
		goals[2].text: false,
		goals[8].text: true, // at p99, where it is slower at p50
	} {
		if r, ok := got[text]; !ok || r != reached {
			t.Errorf("%s: %v, %v", text, r, ok)
		}
	}
	if _, ok := got[goals[9].text]; ok {
		t.Error("a goal against a rival that did not take part")
	}
}

// What is not reached says why, where that is known; bytes stand beside those of
// every rival.
func TestGoalLines(t *testing.T) {
	rep := testReport()
	for i := range rep.Goals {
		if !rep.Goals[i].Reached {
			rep.Goals[i].Why = "So it is."
		}
	}
	lines := rep.goalLines()
	if len(lines) != len(rep.Goals)+1 {
		t.Fatalf("%d lines of %d goals", len(lines), len(rep.Goals))
	}
	for i, g := range rep.Goals {
		if strings.Contains(lines[i], "NOT") == g.Reached || strings.HasSuffix(lines[i], ". So it is.") == g.Reached {
			t.Errorf("reached %t: %s", g.Reached, lines[i])
		}
	}
	const want = "bytes a record: vinmatch 40.0 with all that a record says, 40.0 for whole numbers alone, 30.0 for partial ones alone; " +
		"rivals: map[vin.VIN]uint32 45.2, sorted slices 36.0, PostgreSQL 235.0."
	if got := lines[len(lines)-1]; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestComparedLine(t *testing.T) {
	rep := testReport()
	const all = "Answers were compared before timing on up to 300 questions of each form and 4,096 numbers of each kind of batch"
	if got := rep.comparedLine(); got != all+"." {
		t.Error(got)
	}
	rep.figure(fragment, "PostgreSQL").Compared = 12
	if got := rep.comparedLine(); got != all+"; of the slower ones on fewer, at least PostgreSQL 12 (fragment of six)." {
		t.Error(got)
	}
}

func TestTables(t *testing.T) {
	var b bytes.Buffer
	if err := testReport().text(&b); err != nil {
		t.Fatal(err)
	}
	const want = `
Half of the questions took at most
                         miss, batch  hit, batch  last six  2 unknown  fragment
vinmatch                     20.0 ns     40.0 ns   1.00 µs    1.00 µs   1.00 ms
map[vin.VIN]uint32           90.0 ns      110 ns         –          –         –
sorted slices                      –           –    900 ns    1.00 µs         –
PostgreSQL                         –           –    160 µs          –    990 µs
PostgreSQL, server side            –           –   20.0 ns          –         –

99 in 100 took at most
                         miss, batch  hit, batch  last six  2 unknown  fragment
vinmatch                     25.0 ns     45.0 ns   4.00 µs    4.00 µs   2.00 ms
map[vin.VIN]uint32           95.0 ns      115 ns         –          –         –
sorted slices                      –           –   5.00 µs    3.00 µs         –
PostgreSQL                         –           –         –          –   3.00 ms
PostgreSQL, server side            –           –   30.0 ns          –         –

What the server tells itself, beside its client
form      client p50  own p50  of the rounds       own p99
last six      160 µs  20.0 ns  18.0 ns to 22.0 ns  30.0 ns

Memory and building
                    bytes a record  built in  of that
vinmatch                      40.0    1.50 s  keys 16.0
map[vin.VIN]uint32            45.2    0.50 s
sorted slices                 36.0    2.00 s
PostgreSQL                   235.0   60.00 s

Bytes a record of what a form takes
                    miss, batch  hit, batch  last six  2 unknown  fragment
vinmatch                   40.0        40.0      30.0       35.0      20.0
map[vin.VIN]uint32         45.2        45.2         –          –         –
sorted slices                 –           –      26.0       31.0         –
PostgreSQL                    –           –     225.0          –     215.0
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("tables:\n%s\nwant:%s", b.String(), want)
	}
}

func TestMarkdownTables(t *testing.T) {
	var b bytes.Buffer
	if err := testReport().markdown(&b); err != nil {
		t.Fatal(err)
	}
	columns := 0
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns != 0 && n != columns {
			t.Errorf("a row of %d cells in a table of %d: %s", n-1, columns-1, line)
		}
		columns = n
	}
	if !utf8.Valid(b.Bytes()) || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Error("the page has what no page should")
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := testReport().json(&b); err != nil {
		t.Fatal(err)
	}
	var top map[string]any
	if err := json.Unmarshal(b.Bytes(), &top); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"program", "schema", "date", "machine", "records", "took_seconds", "wins", "goals", "contenders", "figures", "parsers", "notes"} {
		if _, ok := top[name]; !ok {
			t.Errorf("no %q", name)
		}
	}
	fig := top["figures"].([]any)[0].(map[string]any)
	for _, name := range []string{"form", "contender", "p50_ns", "p99_ns", "p50_low_ns", "p50_high_ns", "samples", "answers"} {
		if _, ok := fig[name]; !ok {
			t.Errorf("no %q in a figure", name)
		}
	}
}

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{
		1: "1.00 ns", 9.996: "10.0 ns", 99.96: "100 ns", 999.4: "999 ns", 999.6: "1.00 µs",
		1234: "1.23 µs", 45_678: "45.7 µs", 4e8: "400 ms", 2.5e9: "2.50 s", 3e12: "3000 s",
	} {
		if got := duration(ns); got != want {
			t.Errorf("%v ns: %q, want %q", ns, got, want)
		}
	}
}
