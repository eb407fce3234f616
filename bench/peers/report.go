package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// A report is what a run has found. Its JSON is stable: names stay, new ones
// may come.
type report struct {
	Program    string    `json:"program"` // "peers"
	Schema     int       `json:"schema"`
	Date       time.Time `json:"date"`
	Machine    machine   `json:"machine"`
	Records    int       `json:"records"`
	Took       float64   `json:"took_seconds"`
	Wins       []win     `json:"wins"` // of rivals
	Goals      []goal    `json:"goals"`
	Contenders []holding `json:"contenders"`
	Figures    []figure  `json:"figures"`
	Parsers    []figure  `json:"parsers"`
	Notes      []string  `json:"notes"`
}

type machine struct {
	Processor  string `json:"processor"`
	Processors int    `json:"processors"` // that Go uses
	Memory     int64  `json:"memory_bytes"`
	System     string `json:"system"`
	Go         string `json:"go"`
	HugePages  string `json:"transparent_huge_pages"`
}

// A win is a figure of a rival that is better than that of vinmatch.
type win struct {
	Form  form    `json:"form"` // or "memory"
	What  string  `json:"what"` // "p50", "p99" or "bytes a record"
	Rival string  `json:"rival"`
	Their float64 `json:"theirs"` // nanoseconds or bytes
	Ours  float64 `json:"ours"`
}

// memoryForm stands in the place of a form where bytes are compared.
const memoryForm form = "memory"

// A goal is how much faster than a rival vinmatch means to be.
type goal struct {
	Text    string  `json:"text"`
	Rival   string  `json:"rival"`
	Ours    float64 `json:"ours_ns"`
	Their   float64 `json:"theirs_ns"`
	Times   float64 `json:"times"` // theirs by ours
	Wanted  float64 `json:"wanted"`
	Reached bool    `json:"reached"`
}

// level is by how much a rival must be better to win: less is noise.
const level = 1.05

func (r *run) report(notes []string) *report {
	rep := &report{
		Program: "peers", Schema: 1,
		Date:       time.Now().UTC().Truncate(time.Second),
		Machine:    thisMachine(),
		Records:    len(r.world.sorted),
		Wins:       []win{},
		Goals:      []goal{},
		Contenders: r.held,
		Figures:    r.figures,
		Notes:      append([]string{}, notes...),
	}
	rep.findWins()
	rep.checkGoals()
	if a, b := rep.figure(batchMiss, "map[[17]byte]uint32"), rep.figure(batchMiss, "map[vin.VIN]uint32"); a != nil && b != nil {
		name, of := "map[vin.VIN]uint32", a.P50/b.P50
		if of < 1 {
			name, of = "map[[17]byte]uint32", 1/of
		}
		rep.Notes = append(rep.Notes, fmt.Sprintf("The faster of the built-in maps is %s: %.2f times as fast in misses.", name, of))
	}
	return rep
}

func (rep *report) figure(f form, name string) *figure {
	for i := range rep.Figures {
		if fig := &rep.Figures[i]; fig.Form == f && fig.Contender == name {
			return fig
		}
	}
	return nil
}

// findWins finds where rivals are better. The own times of a server are none:
// nobody gets an answer in them.
func (rep *report) findWins() {
	for _, theirs := range rep.Figures {
		if theirs.Contender == ourName || strings.HasSuffix(theirs.Contender, serverSide) {
			continue
		}
		ours := rep.figure(theirs.Form, ourName)
		if ours == nil {
			continue
		}
		if theirs.P50*level < ours.P50 {
			rep.Wins = append(rep.Wins, win{theirs.Form, "p50", theirs.Contender, theirs.P50, ours.P50})
		}
		if theirs.P99 > 0 && ours.P99 > 0 && theirs.P99*level < ours.P99 {
			rep.Wins = append(rep.Wins, win{theirs.Form, "p99", theirs.Contender, theirs.P99, ours.P99})
		}
	}
	for _, theirs := range rep.Contenders {
		if ours := rep.Contenders[0]; theirs.Bytes < ours.Bytes {
			rep.Wins = append(rep.Wins, win{memoryForm, "bytes a record", theirs.Name, theirs.Bytes, ours.Bytes})
		}
	}
}

// goals are those of a register of five million.
var goals = []struct {
	text   string
	form   form
	p99    bool
	rivals []string // the best of them counts
	wanted float64
}{
	{"whole numbers that are not listed, in batch: 4 times as fast as the built-in map", batchMiss, false, builtIn, 4},
	{"whole numbers that are listed, in batch: 3 times", batchHit, false, builtIn, 3},
	{"last six: no slower than the sorted slice of reversed VINs", lastSix, false, []string{"sorted slices"}, 1},
	{"last six: aim, twice as fast", lastSix, false, []string{"sorted slices"}, 2},
	{"last six: 50 times as fast as a reversed B-tree by the server's own time", lastSix, false, []string{"PostgreSQL" + serverSide}, 50},
	{"WMI and last four: no slower than the sorted slice of reversed VINs", makerLastFour, false, []string{"sorted slices"}, 1},
	{"WMI and last four: aim, twice as fast", makerLastFour, false, []string{"sorted slices"}, 2},
	{"WMI and last four: 50 times as fast as a reversed B-tree by the server's own time", makerLastFour, false, []string{"PostgreSQL" + serverSide}, 50},
	{"fragment at p99: no slower than the best trigram index", fragment, true, []string{"SQLite", "PostgreSQL"}, 1},
	{"one error: 5 times as fast as vellum", oneError, false, []string{"blevesearch/vellum"}, 5},
	{"one error, probes ready: 3 times as fast as the built-in map", oneErrorReady, false, builtIn, 3},
}

var builtIn = []string{"map[[17]byte]uint32", "map[vin.VIN]uint32"}

func (rep *report) checkGoals() {
	of := func(fig *figure, p99 bool) float64 {
		if p99 {
			return fig.P99
		}
		return fig.P50
	}
	for _, g := range goals {
		ours := rep.figure(g.form, ourName)
		if ours == nil {
			continue
		}
		var best *figure
		for _, name := range g.rivals {
			if fig := rep.figure(g.form, name); fig != nil && of(fig, g.p99) > 0 && (best == nil || of(fig, g.p99) < of(best, g.p99)) {
				best = fig
			}
		}
		if best == nil {
			continue
		}
		a, b := of(ours, g.p99), of(best, g.p99)
		if a == 0 {
			continue // too few samples
		}
		rep.Goals = append(rep.Goals, goal{g.text, best.Contender, a, b, b / a, g.wanted, b/a >= g.wanted})
	}
}

// duration shows nanoseconds with three digits.
func duration(ns float64) string {
	unit := "ns"
	for _, u := range []string{"µs", "ms", "s"} {
		if ns < 999.5 {
			break
		}
		ns, unit = ns/1000, u
	}
	digits := 2
	switch {
	case ns >= 99.95:
		digits = 0
	case ns >= 9.995:
		digits = 1
	}
	return fmt.Sprintf("%.*f %s", digits, ns, unit)
}

func (rep *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(rep)
}

// A grid is a table; the first column is on the left, the others on the right.
type grid [][]string

// columns are the forms of the tables and their headings.
var columns = []struct {
	form form
	head string
}{
	{batchMiss, "miss, batch"},
	{batchHit, "hit, batch"},
	{exactMiss, "miss"},
	{exactHit, "hit"},
	{lastSix, "last six"},
	{makerLastFour, "WMI+4"},
	{twoUnknown, "2 unknown"},
	{twoOfLastSix, "2 of last 6"},
	{fragment, "fragment"},
	{oneError, "1 error"},
	{oneErrorReady, "1 error, ready"},
}

// names are the rows of the tables.
func (rep *report) names() []string {
	var names []string
	for _, c := range rep.Contenders {
		names = append(names, c.Name)
	}
	for _, f := range rep.Figures {
		if !slices.Contains(names, f.Contender) {
			names = append(names, f.Contender)
		}
	}
	return names
}

func (rep *report) times(value func(*figure) float64) grid {
	head := []string{""}
	var forms []form
	for _, c := range columns {
		if slices.ContainsFunc(rep.Figures, func(f figure) bool { return f.Form == c.form }) {
			head, forms = append(head, c.head), append(forms, c.form)
		}
	}
	g := grid{head}
	for _, name := range rep.names() {
		row := []string{name}
		for _, f := range forms {
			cell := "–"
			if fig := rep.figure(f, name); fig != nil && value(fig) > 0 {
				cell = duration(value(fig))
			}
			row = append(row, cell)
		}
		g = append(g, row)
	}
	return g
}

func (rep *report) p50() grid { return rep.times(func(f *figure) float64 { return f.P50 }) }
func (rep *report) p99() grid { return rep.times(func(f *figure) float64 { return f.P99 }) }

func (rep *report) sizes() grid {
	g := grid{{"", "bytes a record", "built in", "of that"}}
	for _, c := range rep.Contenders {
		var parts []string
		for _, p := range c.Parts {
			if each := float64(p.Bytes) / float64(rep.Records); each >= 0.05 {
				parts = append(parts, fmt.Sprintf("%s %.1f", p.Name, each))
			}
		}
		g = append(g, []string{c.Name, fmt.Sprintf("%.1f", c.Bytes), fmt.Sprintf("%.2f s", c.Seconds), strings.Join(parts, "; ")})
	}
	return g
}

func (rep *report) samples() grid {
	g := grid{{"form", "contender", "p50", "of the rounds", "p99", "samples", "answers"}}
	for _, f := range rep.Figures {
		p99, answers := "–", "–"
		if f.P99 > 0 {
			p99 = duration(f.P99)
		}
		if f.Answers > 0 {
			answers = fmt.Sprintf("%.1f", f.Answers)
		}
		g = append(g, []string{
			string(f.Form), f.Contender, duration(f.P50), duration(f.Low) + " to " + duration(f.High),
			p99, fmt.Sprint(f.Samples), answers,
		})
	}
	return g
}

func (rep *report) parsing() grid {
	g := grid{{"", "p50", "p99", "what it does"}}
	for i, p := range parserList() {
		if i < len(rep.Parsers) {
			f := rep.Parsers[i]
			p99 := "–"
			if f.P99 > 0 {
				p99 = duration(f.P99)
			}
			g = append(g, []string{f.Contender, duration(f.P50), p99, p.setup})
		}
	}
	return g
}

func (rep *report) goalLines() []string {
	var lines []string
	for _, g := range rep.Goals {
		verdict := "reached"
		if !g.Reached {
			verdict = "NOT reached"
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %.2f times (%s; %s against %s)",
			g.Text, verdict, g.Times, g.Rival, duration(g.Ours), duration(g.Their)))
	}
	return lines
}

// winLines are the first lines of the report, one for each form and percentile.
func (rep *report) winLines() []string {
	if len(rep.Wins) == 0 {
		return []string{"No rival is faster than vinmatch or takes less memory by more than the noise."}
	}
	var lines []string
	for i, w := range rep.Wins {
		if i > 0 && rep.Wins[i-1].Form == w.Form && slices.ContainsFunc(rep.Wins[:i], w.sameLine) {
			continue // in a line already
		}
		show := duration
		if w.Form == memoryForm {
			show = func(bytes float64) string { return fmt.Sprintf("%.1f", bytes) }
		}
		var rivals []string
		for _, o := range rep.Wins {
			if w.sameLine(o) {
				rivals = append(rivals, o.Rival+" "+show(o.Their))
			}
		}
		name := string(w.Form) + ", " + w.What
		if w.Form == memoryForm {
			name = w.What
		}
		lines = append(lines, fmt.Sprintf("Rivals win in %s: %s; vinmatch %s.", name, strings.Join(rivals, ", "), show(w.Ours)))
	}
	return lines
}

func (w win) sameLine(o win) bool { return w.Form == o.Form && w.What == o.What }

func (rep *report) title() string {
	return fmt.Sprintf("vinmatch and its peers, %s records, %s",
		grouped(rep.Records), rep.Date.Format("2006-01-02 15:04 UTC"))
}

// grouped shows a number in groups of three digits.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (rep *report) machineLine() string {
	m := rep.Machine
	return fmt.Sprintf("%s, %d processors used, %.0f GiB, %s, %s, transparent huge pages %s.",
		m.Processor, m.Processors, float64(m.Memory)/(1<<30), m.System, m.Go, m.HugePages)
}

// text prints the report for a terminal.
func (rep *report) text(w io.Writer) error {
	var b strings.Builder
	for _, line := range rep.winLines() {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", rep.title(), rep.machineLine())
	for _, n := range rep.Notes {
		fmt.Fprintln(&b, n)
	}
	section := func(title string, g grid) {
		fmt.Fprintf(&b, "\n%s\n", title)
		g.text(&b)
	}
	section("Half of the questions took at most", rep.p50())
	section("99 in 100 took at most", rep.p99())
	section("Memory and building", rep.sizes())
	section("Parsing, a number", rep.parsing())
	fmt.Fprintf(&b, "\nGoals, for five million records\n")
	for _, line := range rep.goalLines() {
		fmt.Fprintln(&b, "  "+line)
	}
	fmt.Fprintf(&b, "\nAll in %.0f s.\n", rep.Took)
	_, err := io.WriteString(w, b.String())
	return err
}

func (g grid) text(w io.Writer) {
	// Widths count characters, which tabwriter does too. The first and the
	// last column of words are on the left.
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	width := make([]int, len(g[0]))
	for _, row := range g {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range g {
		var line []string
		for i, cell := range row {
			if i > 0 && !g.words(i) {
				cell = strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)) + cell
			}
			line = append(line, cell)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(line, "\t"), "\t "))
	}
	t.Flush()
}

// words reports whether a column is of words rather than figures.
func (g grid) words(i int) bool {
	switch g[0][i] {
	case "", "form", "contender", "of that", "what it does", "of the rounds":
		return true
	}
	return false
}

// markdown prints the report as a page.
func (rep *report) markdown(w io.Writer) error {
	var b strings.Builder
	for _, line := range rep.winLines() {
		fmt.Fprintln(&b, "- "+line)
	}
	fmt.Fprintf(&b, "\n# %s\n\n%s\n", rep.title(), rep.machineLine())
	for _, n := range rep.Notes {
		fmt.Fprintf(&b, "%s\n", n)
	}
	section := func(title string, g grid) {
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		g.markdown(&b)
	}
	section("Half of the questions took at most", rep.p50())
	section("99 in 100 took at most", rep.p99())
	fmt.Fprintf(&b, "\nBatches are of %d numbers; their times are for one number. A dash: not asked, because the contender could only go through everything, or too few samples.\n", blockLen)
	section("Memory and building", rep.sizes())
	fmt.Fprintf(&b, "\n## Goals, for five million records\n\n")
	for _, line := range rep.goalLines() {
		fmt.Fprintln(&b, "- "+line)
	}
	section("Parsing, a number", rep.parsing())
	fmt.Fprintf(&b, "\nNone of the public VIN parsers for Go that are known was to be had from the module proxy; see parse.go.\n")
	fmt.Fprintf(&b, "\n## What is asked\n\n")
	for _, f := range singleForms {
		fmt.Fprintf(&b, "- %s: %s\n", f, about[f])
	}
	fmt.Fprintf(&b, "\nEvery second question is about a vehicle that is not listed; whole numbers are all of one kind. Partial numbers want %d records at most.\n", limit)
	fmt.Fprintf(&b, "\n## How each is set up\n\n")
	for _, c := range rep.Contenders {
		name := c.Name
		if c.Version != "" {
			name += " " + c.Version
		}
		fmt.Fprintf(&b, "- **%s.** %s\n", name, c.Setup)
	}
	section("Every figure", rep.samples())
	_, err := io.WriteString(w, b.String())
	return err
}

func (g grid) markdown(w io.Writer) {
	for i, row := range g {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		if i > 0 {
			continue
		}
		fmt.Fprint(w, "|")
		for j := range row {
			if g.words(j) {
				fmt.Fprint(w, " --- |")
			} else {
				fmt.Fprint(w, " ---: |")
			}
		}
		fmt.Fprintln(w)
	}
}

func thisMachine() machine {
	m := machine{
		Processor:  "unknown processor",
		Processors: runtime.GOMAXPROCS(0),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Go:         runtime.Version(),
		HugePages:  "unknown",
	}
	if cpu, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(cpu)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if mem, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(mem), "MemTotal: %d kB", &kib); err == nil {
			m.Memory = kib << 10
		}
	}
	if thp, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil {
		if _, rest, ok := strings.Cut(string(thp), "["); ok {
			m.HugePages, _, _ = strings.Cut(rest, "]")
		}
	}
	return m
}
