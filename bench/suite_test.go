package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/vin"
)

var update = flag.Bool("update", false, "write testdata/metrics.txt anew")

// smallPlan does everything, hardly ever.
var smallPlan = plan{
	limits:  measure.Limits{Min: 2, Max: 2},
	slow:    measure.Limits{Min: 2, Max: 2, Cold: true},
	asked:   1 << 10,
	turn:    time.Millisecond,
	serve:   2 * time.Millisecond,
	changes: 4000,
	least:   1000,

	calibrate: 6,
}

// The command takes every metric that is defined, once for the largest register,
// and none that is not; and writes all its files.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("Before.\n<!-- numbers -->\n<!-- /numbers -->\nAfter.\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	profile, events := filepath.Join(dir, "cpu.prof"), filepath.Join(dir, "trace")
	var stdout, stderr bytes.Buffer
	args := []string{"--size", "3k", "--json", "--out", dir, "--readme", readme, "--cpuprofile", profile, "--trace", events}
	if err := command(context.Background(), smallPlan, args, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	rep := new(report.Report)
	if err := json.Unmarshal(stdout.Bytes(), rep); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, s := range sections {
		for _, m := range s.metrics {
			want = append(want, m.names()...)
		}
	}
	bySize := map[string]int{}
	for i := range rep.Metrics {
		m := &rep.Metrics[i]
		if rep.Main(m) {
			got = append(got, m.Name)
		} else {
			bySize[m.Name]++
		}
		if !(m.Value >= 0) || math.IsInf(m.Value, 0) || m.Samples == 0 || m.Title == "" || m.Unit == "" || len(m.Rounds) == 0 {
			t.Errorf("%s: %v %s of %d samples in %d rounds", m.Name, m.Value, m.Unit, m.Samples, len(m.Rounds))
		}
		if len(rep.Others(m)) != len(m.Beside) {
			t.Errorf("%s is compared with %v, of which some are missing", m.Name, m.Beside)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics, defined and taken: %s", diff)
	}
	for name, n := range bySize {
		if !strings.HasPrefix(name, "exact.miss.") && !strings.HasPrefix(name, "exact.hit.") || n != 1 {
			t.Errorf("%s is taken at %d smaller sizes", name, n)
		}
	}
	for _, name := range []string{"report.html", "report.md", "report.json", "cpu.prof", "trace"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "bench.vmx")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the snapshot is left behind: %v", err)
	}
	page := read(t, filepath.Join(dir, "report.html"))
	for _, s := range sections {
		if !strings.Contains(page, `<section id="`+s.name+`">`) {
			t.Errorf("the page has no section %s", s.name)
		}
		for _, plot := range s.plots {
			p, ok := plot(rep)
			if !ok || !strings.Contains(page, p.Title) {
				t.Errorf("%s: a plot is missing", s.name)
			}
		}
	}
	numbers := read(t, readme)
	for _, text := range []string{"Before.\n<!-- numbers -->\n| what |", "--size 3k", "<!-- /numbers -->\nAfter.\n"} {
		if !strings.Contains(numbers, text) {
			t.Errorf("the README has no %q: %s", text, numbers)
		}
	}

	// The same again, beside itself.
	old := filepath.Join(dir, "report.json")
	stdout.Reset()
	args = []string{"--size", "3k", "--out", dir, "--compare", old}
	if err := command(context.Background(), smallPlan, args, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"EXACT LOOKUPS", "metrics changed beyond noise"} {
		if !strings.Contains(stdout.String(), text) {
			t.Errorf("nothing is said of %q", text)
		}
	}
	if strings.Contains(stdout.String(), "Only the") {
		t.Errorf("two runs have other metrics:\n%s", &stdout)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCommandRefuses(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.json")
	if err := os.WriteFile(other, []byte(`{"schema": 0}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--size", "0"},
		{"--size", "1G"},
		{"--size", "101M"},
		{"--size", "M"},
		{"more"},
		{"--compare", filepath.Join(dir, "none.json")},
		{"--compare", other},
	} {
		if err := command(context.Background(), smallPlan, append([]string{"--out", dir}, args...), io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := command(ctx, smallPlan, []string{"--out", dir}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for last, want := range map[int][]int{
		500:       {500},
		1000:      {1000},
		20_000:    {1000, 3000, 10_000, 20_000},
		1_000_000: {1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000},
	} {
		if got := sizes(1000, last); !slices.Equal(got, want) {
			t.Errorf("sizes up to %d: %v, want %v", last, got, want)
		}
	}
}

// testdata/metrics.txt documents the metrics and keeps their names and units:
// those who read the JSON depend on them.
func TestMetrics(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The metrics of go run ./bench --json. Written by go test ./bench -run TestMetrics -update.\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "# name\tunit\tbetter\tof\tcompared with\twhat")
	seen := map[string]bool{}
	legal := regexp.MustCompile(`^[a-z]+\.[a-z0-9-]+\.[a-z0-9-]+$`)
	or := func(s, empty string) string {
		if s == "" {
			return empty
		}
		return s
	}
	for _, s := range sections {
		for _, m := range s.metrics {
			if seen[m.name] || !legal.MatchString(m.name) || !strings.HasPrefix(m.name, s.name+".") {
				t.Errorf("%s is no name, or not of section %s, or comes twice", m.name, s.name)
			}
			seen[m.name] = true
			name := m.name
			if m.each {
				name += ".{p50,p99,p999}"
			}
			for _, side := range m.beside {
				group := m.name[:strings.LastIndexByte(m.name, '.')]
				if other, ok := find(group + "." + side); !ok || other.each != m.each || other.unit != m.unit {
					t.Errorf("%s is compared with %s, which is not of its kind", m.name, side)
				}
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, m.unit, or(m.better, "-"),
				or(m.rival, "vinmatch"), or(strings.Join(m.beside, " "), "-"), m.title)
		}
	}
	w.Flush()
	const path = "testdata/metrics.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, path), b.String()); diff != "" {
		t.Errorf("%s is not up to date: %s", path, diff)
	}
	for _, name := range summary {
		base := name
		for _, p := range percentiles {
			base = strings.TrimSuffix(base, p.suffix)
		}
		if !seen[base] {
			t.Errorf("the summary has %s, which is no metric", name)
		}
	}
}

// The package documentation tells how we measure in the words of the report.
func TestMethodIsDocumented(t *testing.T) {
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	doc := words(strings.ReplaceAll(read(t, "doc.go"), "\n//", "\n"))
	for _, paragraph := range method {
		if !strings.Contains(doc, words(paragraph)) {
			t.Errorf("doc.go does not say: %s", paragraph)
		}
	}
}

// The numbers of the README were written by the command: the rows are those of
// the summary, and the date and the machine stand below.
func TestREADMENumbers(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "../README.md"), "<!-- numbers -->\n")
	numbers, _, ok := strings.Cut(rest, "<!-- /numbers -->\n")
	if !ok {
		t.Fatal("the README has no numbers")
	}
	for _, name := range summary {
		base, title := name, ""
		for _, p := range percentiles {
			if b, ok := strings.CutSuffix(name, p.suffix); ok {
				base, title = b, p.title
			}
		}
		m, _ := find(base)
		if !strings.Contains(numbers, "| "+m.title+title+" | ") {
			t.Errorf("the README has no row %q", m.title+title)
		}
	}
	if !regexp.MustCompile(`\n[0-9,]+ records; \d+ [A-Z][a-z]+ \d{4}; .+, \d+ CPUs, .*go1\.\d+`).MatchString(numbers) {
		t.Error("the README's numbers have no date or no machine")
	}
}

// The scan finds what matching each VIN finds.
func TestScanner(t *testing.T) {
	r := &register{world: workload.New(1, 3000)}
	s := r.scanner()
	patterns := r.world.AnyPatterns(300)
	for _, f := range workload.Forms {
		patterns = append(patterns, r.world.Patterns(f, 20)...)
	}
	for _, text := range []string{"*", "?????????????????", "*[8B]*", "*A?C*", "[AB]*[12]"} {
		if p, err := vin.ParsePattern(text); err == nil {
			patterns = append(patterns, p)
		}
	}
	odd := func(place int) bool { return place%2 == 1 }
	for _, p := range patterns {
		for _, fits := range []func(int) bool{nil, odd} {
			for _, limit := range []int{1, 7, 3000} {
				var want []uint32
				for i, w := range s.words {
					if p.MatchWords(w[0], w[1]) && (fits == nil || fits(i)) && len(want) < limit {
						want = append(want, uint32(i))
					}
				}
				if got := s.find(nil, &p, limit, fits); !slices.Equal(got, want) {
					t.Fatalf("%v, limit %d: %d places, want %d", p, limit, len(got), len(want))
				}
			}
		}
	}
}

func TestLongestRun(t *testing.T) {
	for pattern, want := range map[string]string{
		"*ABC*12*": "ABC", "AB[CDEF]GHJ": "GHJ", "???": "", "*": "", "A?B": "A", "*[8B]*XYW": "XYW", "1HG": "1HG",
	} {
		if got := longestRun(pattern); got != want {
			t.Errorf("the longest run of %s is %q, want %q", pattern, got, want)
		}
	}
}
