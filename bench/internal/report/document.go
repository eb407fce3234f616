package report

import (
	"fmt"
	"slices"
	"strings"
)

// A Document is a report with what it needs to be read: what its sections are
// about, its plots, and how it was measured.
type Document struct {
	*Report
	Sections []Section
	Summary  []string // names of the metrics to show first, with their rivals
	Method   []string // how we measure, in paragraphs
}

// A Section tells of the metrics whose names begin with Name and a point.
type Section struct {
	Name  string
	Title string
	Text  string
	Plots []Plot

	Tables []Table // beside that of the metrics
}

// A Table is what a section has in numbers that are no metrics: a row of which the
// first cell is text.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// A Plot is drawn once for each width that it is shown at.
type Plot struct {
	Title   string
	Caption string
	Draw    func(width int) string
}

// A table is what is written as text, Markdown and HTML alike. The first column
// is text, the others are aligned right.
type table struct {
	Title    string
	Head     []string
	Rows     []row
	Compared int // the column that compares, of several lines in HTML; 0: none
}

type row struct {
	Cells []string
	Rival bool // not the library
	Lost  bool // a rival is better, beyond noise
}

// percentiles are the ends of the names of metrics of single operations.
var percentiles = []struct{ suffix, title string }{{".p50", "p50"}, {".p99", "p99"}, {".p999", "p99.9"}}

// base returns the name and title of a metric without percentile.
func (m *Metric) base() (name, title, suffix string) {
	for _, p := range percentiles {
		if name, ok := strings.CutSuffix(m.Name, p.suffix); ok {
			return name, strings.TrimSuffix(m.Title, ", "+p.title), p.suffix
		}
	}
	return m.Name, m.Title, ""
}

// figures returns the table of a section: the metrics of the largest register,
// the percentiles of one operation in one row.
func (d *Document) figures(section string) table {
	var rows []row
	for i := range d.Metrics {
		m := &d.Metrics[i]
		name, title, suffix := m.base()
		if m.Section() != section || !d.Main(m) || suffix != "" && suffix != ".p50" {
			continue
		}
		r := row{Rival: m.Of != ""}
		if m.Of != "" {
			title = m.Of + ": " + title
		}
		p99, p999 := "", ""
		if suffix != "" {
			p99, p999 = d.text(name+".p99", m.Records), d.text(name+".p999", m.Records)
		}
		spread := ""
		if len(m.Rounds) > 1 && !m.Counted {
			spread = fmt.Sprintf("±%s", Share.Format(m.Spread()))
		}
		var against []string
		for _, o := range d.Others(m) {
			ratio, _ := m.Ratio(o)
			of := o.Of
			if of == "" {
				of = o.Name[strings.LastIndexByte(strings.TrimSuffix(o.Name, suffix), '.')+1:]
				of = strings.TrimSuffix(of, suffix)
			}
			against = append(against, Times(ratio)+" "+of)
			r.Lost = r.Lost || o.IsRival() && d.loses(m, o)
		}
		rounds := ""
		if len(m.Rounds) > 0 {
			rounds = fmt.Sprint(len(m.Rounds))
		}
		r.Cells = []string{title, m.String(), p99, p999, strings.Join(against, ",\n"), spread, rounds, Thousands(m.Samples)}
		rows = append(rows, r)
	}
	t := table{Head: []string{"what", "median", "p99", "p99.9", "compared", "spread", "rounds", "samples"}, Rows: rows}
	t.dropEmpty()
	t.Compared = max(slices.Index(t.Head, "compared"), 0)
	return t
}

// dropEmpty leaves out the columns in which nothing stands.
func (t *table) dropEmpty() {
	for i := len(t.Head) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.Rows, func(r row) bool { return r.Cells[i] != "" }) {
			continue
		}
		t.Head = slices.Delete(t.Head, i, i+1)
		for k := range t.Rows {
			t.Rows[k].Cells = slices.Delete(t.Rows[k].Cells, i, i+1)
		}
	}
}

// text returns a figure as text, empty where there is none.
func (d *Document) text(name string, records int) string {
	if m := d.Metric(name, records); m != nil {
		return m.String()
	}
	return ""
}

// bySize returns tables of the metrics that were taken at several sizes, one for
// each group.
func (d *Document) bySize(section string) []table {
	var groups []string
	members := map[string][]string{} // metrics of a group
	sizes := map[string][]int{}      // sizes of a group
	for i := range d.Metrics {
		m := &d.Metrics[i]
		if m.Section() != section || d.Main(m) {
			continue
		}
		group := m.Name[:strings.LastIndexByte(m.Name, '.')]
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
		if !slices.Contains(members[group], m.Name) {
			members[group] = append(members[group], m.Name)
		}
		if !slices.Contains(sizes[group], m.Records) {
			sizes[group] = append(sizes[group], m.Records)
		}
	}
	var tables []table
	for _, g := range groups {
		t := table{Title: "By size of the register: " + g, Head: []string{"records"}}
		for _, name := range members[g] {
			t.Head = append(t.Head, name[len(g)+1:])
		}
		slices.Sort(sizes[g])
		for _, n := range append(sizes[g], d.Records) {
			r := row{Cells: []string{Short(n)}}
			for _, name := range members[g] {
				r.Cells = append(r.Cells, d.text(name, n))
			}
			t.Rows = append(t.Rows, r)
		}
		tables = append(tables, t)
	}
	return tables
}

// more returns the tables that follow that of the metrics of a section.
func (d *Document) more(s *Section) []table {
	tables := d.bySize(s.Name)
	for _, more := range s.Tables {
		t := table{Title: more.Title, Head: more.Head}
		for _, cells := range more.Rows {
			t.Rows = append(t.Rows, row{Cells: cells})
		}
		tables = append(tables, t)
	}
	return tables
}

// loses reports whether a rival is better than m beyond noise.
func (d *Document) loses(m, rival *Metric) bool {
	ratio, spread := m.Ratio(rival)
	return ratio < 1-max(spread*noiseFactor, leastCounted)
}

// Verdict returns the first lines of the report: where a rival wins, or that
// none does. The percentiles of one operation are in one line.
func (d *Document) Verdict() []string {
	var lines []string
	last := ""
	for i := range d.Metrics {
		m := &d.Metrics[i]
		if !d.Main(m) {
			continue
		}
		_, title, suffix := m.base()
		for _, o := range d.Others(m) {
			if !o.IsRival() || !d.loses(m, o) {
				continue
			}
			ratio, _ := m.Ratio(o)
			what := fmt.Sprintf("%s against %s (%s)", o, m, Times(1/ratio))
			for _, p := range percentiles {
				if p.suffix == suffix {
					what += " at " + p.title
				}
			}
			head := fmt.Sprintf("The %s wins at %s: ", o.Of, title)
			if head == last {
				lines[len(lines)-1] = strings.TrimSuffix(lines[len(lines)-1], ".") + ", " + what + "."
			} else {
				lines = append(lines, head+what+".")
			}
			last = head
		}
	}
	if len(lines) == 0 {
		return []string{"No rival wins anywhere in this run."}
	}
	return lines
}

// summary returns the table to show first.
func (d *Document) summary() table {
	t := table{Head: []string{"what", "vinmatch", "rival", "ratio"}}
	for _, name := range d.Summary {
		m := d.Metric(name, d.Records)
		if m == nil {
			m = d.Metric(name, 0)
		}
		if m == nil {
			continue
		}
		r := row{Cells: []string{m.Title, m.String(), "", ""}}
		for _, o := range d.Others(m) {
			if o.IsRival() {
				ratio, _ := m.Ratio(o)
				r.Cells[2], r.Cells[3] = o.String()+" "+o.Of, Times(ratio)
				r.Lost = d.loses(m, o)
				break
			}
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// headline is the line below the title.
func (d *Document) headline() string {
	return fmt.Sprintf("%s records; %s; %s.", Thousands(d.Records), d.Date.UTC().Format("2 January 2006"), d.Machine)
}

// noise says what the noise was, in a sentence.
func (d *Document) noise() string {
	var spreads []float64
	for i := range d.Metrics {
		if m := &d.Metrics[i]; len(m.Rounds) > 1 && !m.Counted && m.Unit == Nanoseconds {
			spreads = append(spreads, m.Spread())
		}
	}
	if len(spreads) == 0 {
		return ""
	}
	slices.Sort(spreads)
	at := func(q float64) string { return Share.Format(spreads[int(q*float64(len(spreads)-1))]) }
	return fmt.Sprintf("The noise of this run: half of the %d times were usually off by at most %s of their median from round to round, nine in ten by at most %s, and the worst by %s.",
		len(spreads), at(0.5), at(0.9), at(1))
}
