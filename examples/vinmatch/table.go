package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
)

// table reports findings for a person: a line for where and when, a line for
// each record, and its evidence below.
type table struct {
	w    io.Writer
	hide func() // takes the progress bar off the screen
}

func (t *table) observation(o *sheet.Observation, res *match.Result) error {
	if len(res.Findings) == 0 {
		return nil
	}
	t.hide()
	fmt.Fprintf(t.w, "line %d%s\n", o.Line, whenWhere(o))
	for _, f := range res.Findings {
		fmt.Fprintf(t.w, "  %4.2f %-8s %-8s %s\n", f.Score, f.How, f.Kind, describe(&f.Record, f.Kind))
		wrap(t.w, "       ", reasons(f.Evidence))
	}
	for _, r := range res.Remarks {
		wrap(t.w, "       ", []string{"remark: " + r.Text})
	}
	if b, ok := t.w.(*bufio.Writer); ok {
		return b.Flush() // a hit is shown when it is found
	}
	return nil
}

// whenWhere returns what an observation says of time and place.
func whenWhere(o *sheet.Observation) string {
	s := ""
	if !o.SeenAt.IsZero() {
		s += ", " + o.SeenAt.Format("2006-01-02 15:04")
	}
	if o.Place != "" {
		s += ", " + printable(o.Place)
	}
	return s
}

// reasons returns the evidence in words, what the paper agrees on in short.
func reasons(evidence []match.Evidence) []string {
	var texts, agrees []string
	for _, e := range evidence {
		claim, ok := strings.CutPrefix(e.Code.String(), "claim_")
		if ok && strings.EqualFold(e.Read, e.Listed) {
			agrees = append(agrees, strings.ReplaceAll(claim, "_", " "))
			continue
		}
		texts = append(texts, e.Text)
	}
	if agrees != nil {
		texts = append(texts, "paper agrees on "+strings.Join(agrees, ", "))
	}
	return texts
}

// wrap writes texts parted by semicolons, as many as fit on a line.
func wrap(w io.Writer, indent string, texts []string) {
	const width = 110
	col := 0
	for i, s := range texts {
		s = visible(s)
		if i < len(texts)-1 {
			s += ";"
		}
		n := utf8.RuneCountInString(s) + 1
		switch {
		case col == 0:
			io.WriteString(w, indent)
			col = len(indent)
		case col+n > width:
			io.WriteString(w, "\n"+indent)
			col = len(indent)
		default:
			io.WriteString(w, " ")
		}
		io.WriteString(w, s)
		col += n
	}
	io.WriteString(w, "\n")
}

// describe says which record was found, by a number of which kind. Whoever runs
// the command holds the register, so numbers are shown whole.
func describe(r *index.Record, by index.Kind) string {
	words := []string{r.Owner + " " + printable(r.ID) + ":"}
	if r.VIN.IsValid() {
		words = append(words, r.VIN.String())
	}
	if r.Plate.IsValid() {
		words = append(words, r.Plate.String())
	}
	for _, n := range r.Numbers {
		if n.Kind == by || len(words) == 1 {
			words = append(words, n.Kind.String(), printable(n.Text))
		}
	}
	if r.ModelYear != 0 {
		words = append(words, strconv.Itoa(r.ModelYear))
	}
	for _, s := range []string{r.Colour, r.Make, r.Type.String()} {
		if s != "" {
			words = append(words, printable(s))
		}
	}
	s := strings.Join(words, " ")
	if r.Status != index.NoStatus {
		s += ", " + r.Status.String()
	}
	if !r.Stolen.IsZero() {
		s += " " + r.Stolen.Format(time.DateOnly)
	}
	return s
}

// A summary counts a screening run.
type summary struct {
	register     index.Stats
	observations int
	hits         int               // observations with findings
	how          map[match.How]int // hits by how the best finding matched
	unreadable   int               // observations of which no number could be looked up
	remarks      map[string]int    // by code, of those that are more than a note
	took         time.Duration
}

func (s *summary) add(o *sheet.Observation, res *match.Result) {
	if s.how == nil {
		s.how, s.remarks = map[match.How]int{}, map[string]int{}
	}
	s.observations++
	if len(res.Findings) > 0 {
		s.hits++
		s.how[res.Findings[0].How]++
	}
	lost := len(o.Query.Reads) == 0
	for _, r := range res.Remarks {
		lost = lost || r.Code == match.RemarkUnreadable
		if r.Grade > match.Note {
			s.remarks[r.Code.String()]++
		}
	}
	if lost {
		s.unreadable++
	}
}

// end writes the summary.
func (t *table) end(s *summary) error {
	var remarks []string
	for _, code := range slices.SortedFunc(maps.Keys(s.remarks), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.remarks[b], s.remarks[a]), cmp.Compare(a, b))
	}) {
		remarks = append(remarks, fmt.Sprintf("%d %s", s.remarks[code], strings.ReplaceAll(code, "_", " ")))
	}
	rate := float64(s.observations) / max(s.took.Seconds(), 1e-6)
	_, err := fmt.Fprintf(t.w, `
register      %7d records (%d rows older or repeated)
observations  %7d in %v
hits          %7d (%d exact, %d cleaned)
repaired      %7d
partial       %7d
unreadable    %7d
per second    %7.0f
remarks       %s
`,
		s.register.Records, s.register.Superseded, s.observations, s.took.Round(time.Millisecond),
		s.hits, s.how[match.Exact], s.how[match.Cleaned], s.how[match.Repaired], s.how[match.Partial],
		s.unreadable, rate, cmp.Or(strings.Join(remarks, ", "), "none"))
	return err
}
