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
	Why     string  `json:"why,omitempty"` // it is not reached
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
	if r.idle > 0 {
		rep.Notes = append(rep.Notes, fmt.Sprintf("EXPLAIN ANALYZE tells %s of a statement that does nothing. That is taken off PostgreSQL's own times.", duration(r.idle)))
	}
	if line := rep.comparedLine(); line != "" {
		rep.Notes = append(rep.Notes, line)
	}
	if a, b := rep.figure(batchMiss, "map[[17]byte]uint32"), rep.figure(batchMiss, "map[vin.VIN]uint32"); a != nil && b != nil {
		name, of := "map[vin.VIN]uint32", a.P50/b.P50
		if of < 1 {
			name, of = "map[[17]byte]uint32", 1/of
		}
		rep.Notes = append(rep.Notes, fmt.Sprintf("The faster of the built-in maps is %s: %.2f times as fast in misses.", name, of))
	}
	return rep
}

// comparedLine says on how many questions answers were compared.
func (rep *report) comparedLine() string {
	most := 0
	for _, f := range rep.Figures {
		if f.Form != batchHit && f.Form != batchMiss {
			most = max(most, f.Compared)
		}
	}
	if most == 0 {
		return ""
	}
	var fewer []string
	for _, c := range rep.Contenders {
		least := rep.Figures[0]
		least.Compared = most
		for _, f := range rep.Figures {
			// Of some forms there are fewer different questions.
			ours := rep.figure(f.Form, ourName)
			if f.Contender == c.Name && f.Compared < least.Compared && ours != nil && f.Compared < ours.Compared {
				least = f
			}
		}
		if least.Compared < most {
			fewer = append(fewer, fmt.Sprintf("%s %s (%s)", c.Name, grouped(least.Compared), least.Form))
		}
	}
	line := fmt.Sprintf("Answers were compared before timing on up to %s questions of each form and %s numbers of each kind of batch", grouped(most), grouped(blockLen))
	if len(fewer) > 0 {
		line += "; of the slower ones on fewer, at least " + strings.Join(fewer, ", ")
	}
	return line + "."
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
		if isOurs(theirs.Contender) || strings.HasSuffix(theirs.Contender, serverSide) {
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
		if ours := rep.Contenders[0]; !isOurs(theirs.Name) && theirs.Bytes < ours.Bytes {
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
	why    string // where it is known why it is not reached
}{
	{"whole numbers that are not listed, in batch: 4 times as fast as the built-in map", batchMiss, false, builtIn, 4, ""},
	{"whole numbers that are listed, in batch: 3 times", batchHit, false, builtIn, 3, "A hit reads the key behind the tag and the position; the map has key and value in one place."},
	{"last six: no slower than the sorted slice of reversed VINs", lastSix, false, []string{"sorted slices"}, 1, ""},
	{"last six: aim, twice as fast", lastSix, false, []string{"sorted slices"}, 2, "Both wait for the memory: vinmatch for a start and an entry, the slice for the last steps of its search and for an id."},
	{"last six: 50 times as fast as a reversed B-tree by the server's own time", lastSix, false, []string{"PostgreSQL" + serverSide}, 50, "The server has all pages in its buffers and spends little more than ten microseconds; a fiftieth of that is what two reads of the memory take."},
	{"WMI and last four: no slower than the sorted slice of reversed VINs", makerLastFour, false, []string{"sorted slices"}, 1, ""},
	{"WMI and last four: aim, twice as fast", makerLastFour, false, []string{"sorted slices"}, 2, "Vinmatch goes through all VINs that end so and keeps those of the maker."},
	{"WMI and last four: 50 times as fast as a reversed B-tree by the server's own time", makerLastFour, false, []string{"PostgreSQL" + serverSide}, 50, ""},
	{"fragment at p99: no slower than the best trigram index", fragment, true, []string{"SQLite", "PostgreSQL"}, 1, ""},
	{"one error: 5 times as fast as vellum", oneError, false, []string{"blevesearch/vellum"}, 5, ""},
	{"one error, probes ready: 3 times as fast as the built-in map", oneErrorReady, false, builtIn, 3, ""},
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
		reached := goal{g.text, best.Contender, a, b, b / a, g.wanted, b/a >= g.wanted, ""}
		if !reached.Reached {
			reached.Why = g.why
		}
		rep.Goals = append(rep.Goals, reached)
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

// bytesByForm are the bytes a record of what each contender needs for a form.
func (rep *report) bytesByForm() grid {
	g := rep.times(func(*figure) float64 { return 1 })
	for i, c := range rep.Contenders {
		row := 0
		for k, f := range columns {
			if !slices.ContainsFunc(rep.Figures, func(fig figure) bool { return fig.Form == f.form }) {
				continue
			}
			if row++; rep.figure(columns[k].form, c.Name) != nil {
				g[i+1][row] = fmt.Sprintf("%.1f", c.ByForm[f.form])
			}
		}
	}
	return g[:len(rep.Contenders)+1]
}

// served are the times that a server tells, beside those of its clients; nil
// where there is no server.
func (rep *report) served() grid {
	g := grid{{"form", "client p50", "own p50", "of the rounds", "own p99"}}
	for _, f := range rep.Figures {
		name, ok := strings.CutSuffix(f.Contender, serverSide)
		client := rep.figure(f.Form, name)
		if !ok || client == nil {
			continue
		}
		p99 := "–"
		if f.P99 > 0 {
			p99 = duration(f.P99)
		}
		g = append(g, []string{string(f.Form), duration(client.P50), duration(f.P50), duration(f.Low) + " to " + duration(f.High), p99})
	}
	if len(g) == 1 {
		return nil
	}
	return g
}

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
	g := grid{{"form", "contender", "p50", "of the rounds", "p99", "samples", "answers", "compared"}}
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
			p99, fmt.Sprint(f.Samples), answers, fmt.Sprint(f.Compared),
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

func (rep *report) goalTitle() string {
	const of = 5_000_000
	if rep.Records == of {
		return "Goals"
	}
	return fmt.Sprintf("Goals, which are for %s records: here are %s", grouped(of), grouped(rep.Records))
}

func (rep *report) goalLines() []string {
	var lines []string
	for _, g := range rep.Goals {
		verdict, why := "reached", ""
		if !g.Reached {
			verdict = "NOT reached"
		}
		if g.Why != "" {
			why = " " + g.Why
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %.2f times (%s; %s against %s).%s",
			g.Text, verdict, g.Times, g.Rival, duration(g.Ours), duration(g.Their), why))
	}
	return append(lines, rep.bytesLine())
}

// bytesLine has the bytes a record of vinmatch beside those of every rival.
func (rep *report) bytesLine() string {
	ours := rep.Contenders[0]
	var rivals []string
	for _, c := range rep.Contenders[1:] {
		if !isOurs(c.Name) {
			rivals = append(rivals, fmt.Sprintf("%s %.1f", c.Name, c.Bytes))
		}
	}
	if len(rivals) == 0 {
		rivals = []string{"none"}
	}
	return fmt.Sprintf("bytes a record: vinmatch %.1f with all that a record says, %.1f for whole numbers alone, %.1f for partial ones alone; rivals: %s.",
		ours.Bytes, ours.ByForm[batchMiss], ours.ByForm[lastSix], strings.Join(rivals, ", "))
}

// winLines are the first lines of the report, one for each form.
func (rep *report) winLines() []string {
	if len(rep.Wins) == 0 {
		return []string{"No rival is faster than vinmatch or takes less memory by more than the noise."}
	}
	var lines []string
	told := map[form]bool{}
	for _, w := range rep.Wins {
		if told[w.Form] {
			continue
		}
		told[w.Form] = true
		if w.Form == memoryForm {
			lines = append(lines, rep.memoryWins())
			continue
		}
		var rivals, whys []string
		for _, o := range rep.Wins {
			theirs := rep.figure(o.Form, o.Rival)
			switch {
			case o.Form != w.Form:
				continue
			case o.What == "p50":
				rivals = append(rivals, o.Rival+" "+both(theirs))
			case rep.wins(o.Form, "p50", o.Rival):
				continue // told with its p50
			default:
				rivals = append(rivals, o.Rival+" at p99 "+duration(theirs.P99))
			}
			if why := whyTheyWin[w.Form][o.Rival]; why != "" {
				whys = append(whys, " "+why)
			}
		}
		lines = append(lines, fmt.Sprintf("Rivals win in %s: %s; vinmatch %s.%s",
			w.Form, strings.Join(rivals, ", "), both(rep.figure(w.Form, ourName)), strings.Join(whys, "")))
	}
	return lines
}

func (rep *report) wins(f form, what, rival string) bool {
	return slices.ContainsFunc(rep.Wins, func(w win) bool { return w.Form == f && w.What == what && w.Rival == rival })
}

// both shows the percentiles of a figure.
func both(f *figure) string {
	if f.P99 == 0 {
		return duration(f.P50)
	}
	return fmt.Sprintf("%s (p99 %s)", duration(f.P50), duration(f.P99))
}

func (rep *report) memoryWins() string {
	var rivals []string
	ours := 0.0
	for _, w := range rep.Wins {
		if w.Form == memoryForm {
			rivals, ours = append(rivals, fmt.Sprintf("%s %.1f", w.Rival, w.Their)), w.Ours
		}
	}
	return fmt.Sprintf("Rivals win in bytes a record: %s; vinmatch %.1f. "+
		"They hold numbers and nothing else; see below what takes the bytes of vinmatch, and what a form takes.", strings.Join(rivals, ", "), ours)
}

// whyTheyWin says what a rival does in a form where it may win.
var whyTheyWin = map[form]map[string]string{
	lastSix:       {"sorted slices": ends},
	makerLastFour: {"sorted slices": ends},
	twoUnknown:    {"sorted slices": "The sorted slices take the longer known end; vinmatch decides between its paths first."},
	twoOfLastSix: {"sorted slices": "Vinmatch returns the first hundred in the order of the numbers, for which it looks at all that fit; " +
		"the sorted slices stop at any hundred."},
	fragment: {"index/suffixarray": "A suffix array finds a run of symbols wherever it stands by one binary search, and takes 72 bytes a record for that; " +
		"vinmatch tries each of the twelve places."},
	oneError: {"sorted slices": "One error leaves one half of a number or the other as it is, so that both compare two short ranges of numbers; " +
		"those that end alike lie side by side in the slice of reversed numbers, and anywhere in the memory of vinmatch, which has each number once."},
}

const ends = "Known ends are one range of a sorted slice of reversed numbers, in which the answers lie side by side."

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
	if g := rep.served(); g != nil {
		section("What the server tells itself, beside its client", g)
	}
	section("Memory and building", rep.sizes())
	section("Bytes a record of what a form takes", rep.bytesByForm())
	section("Parsing, a number", rep.parsing())
	fmt.Fprintf(&b, "\n%s\n", rep.goalTitle())
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
	if g := rep.served(); g != nil {
		section("What the server tells itself, beside its client", g)
	}
	section("Memory and building", rep.sizes())
	section("Bytes a record of what a form takes", rep.bytesByForm())
	fmt.Fprintf(&b, "\n## %s\n\n", rep.goalTitle())
	for _, line := range rep.goalLines() {
		fmt.Fprintln(&b, "- "+line)
	}
	section("Parsing, a number", rep.parsing())
	fmt.Fprintf(&b, "\nNone of the public VIN parsers for Go that are known was to be had from the module proxy; see parse.go.\n")
	fmt.Fprintf(&b, "\n## What is asked\n\n")
	for _, f := range singleForms {
		fmt.Fprintf(&b, "- %s: %s\n", f, about[f])
	}
	fmt.Fprintf(&b, "\nEvery second question is about a vehicle that is not listed; whole numbers are all of one kind. Partial numbers want %d records at most: vinmatch returns the first ones in the order of the numbers, the others whichever they come to first.\n", limit)
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
