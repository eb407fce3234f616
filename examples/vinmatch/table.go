package main

import (
	"bufio"
	"cmp"
	"context"
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
		fmt.Fprintf(t.w, "  %s %-8s %-8s %-8s %s\n", probability(f.Probability), f.Verdict, f.How, f.Kind, describe(&f.Record, f.Kind))
		wrap(t.w, "        ", reasons(&f))
	}
	for _, r := range res.Remarks {
		wrap(t.w, "        ", []string{"remark: " + r.Text})
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

// reasons returns the evidence in words, what the paper agrees on in short. What
// every finding rests on is left to explain, and so is what other vehicles would
// be read so, where the number is listed as it was read.
func reasons(f *match.Finding) []string {
	var texts, agrees []string
	for _, e := range f.Evidence {
		if e.Code == match.EvidencePrior || e.Code == match.EvidenceUnlisted && f.How <= match.Cleaned {
			continue
		}
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
	hits         int                   // observations with findings
	how          map[match.How]int     // hits by how the best finding matched
	verdicts     map[match.Verdict]int // hits by what the best finding is called
	unreadable   int                   // observations of which no number could be looked up
	once, twice  int                   // observations whose near numbers were searched
	remarks      map[string]int        // by code, of those that are more than a note
	took         time.Duration

	always      *match.Matcher // finds what was left out; nil: that is not asked for
	searches    int            // observations whose near numbers only it has searched
	missed      int            // findings that only it has
	best        float64        // the greatest probability of these
	missedFirst int            // observations without a finding but one of these
}

func (s *summary) add(ctx context.Context, o *sheet.Observation, res *match.Result) error {
	if s.how == nil {
		s.how, s.verdicts, s.remarks = map[match.How]int{}, map[match.Verdict]int{}, map[string]int{}
	}
	s.observations++
	if len(res.Findings) > 0 {
		s.hits++
		s.how[res.Findings[0].How]++
		s.verdicts[res.Findings[0].Verdict]++
	}
	if res.Search&match.SearchedOnce != 0 {
		s.once++
	}
	if res.Search&match.SearchedTwice != 0 {
		s.twice++
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
	if s.always == nil || len(o.Query.Reads) == 0 {
		return nil
	}
	all, err := s.always.Match(ctx, o.Query)
	if err != nil {
		return err
	}
	if all.Search&^res.Search != 0 {
		s.searches++
	}
	missed := 0
	for i := range all.Findings {
		r := &all.Findings[i].Record
		if !slices.ContainsFunc(res.Findings, func(f match.Finding) bool { return f.Record.Owner == r.Owner && f.Record.ID == r.ID }) {
			missed++
			s.best = max(s.best, all.Findings[i].Probability)
		}
	}
	s.missed += missed
	if missed > 0 && len(res.Findings) == 0 {
		s.missedFirst++
	}
	return nil
}

// leftOut says what searching for everything would have added.
func (s *summary) leftOut() string {
	text := fmt.Sprintf("%d near searches and %d findings", s.searches, s.missed)
	if s.missed > 0 {
		text += fmt.Sprintf(", for %d observations the only ones, with a probability of at most %.2g", s.missedFirst, s.best)
	}
	return text
}

// end writes the summary.
func (t *table) end(s *summary) error {
	var remarks []string
	for _, code := range slices.SortedFunc(maps.Keys(s.remarks), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.remarks[b], s.remarks[a]), cmp.Compare(a, b))
	}) {
		remarks = append(remarks, fmt.Sprintf("%d %s", s.remarks[code], strings.ReplaceAll(code, "_", " ")))
	}
	leftOut := ""
	if s.always != nil {
		leftOut = "left out      " + s.leftOut() + "\n"
	}
	rate := float64(s.observations) / max(s.took.Seconds(), 1e-6)
	_, err := fmt.Fprintf(t.w, `
register      %7d records (%d rows older or repeated)
observations  %7d in %v
hits          %7d (%d exact, %d cleaned)
repaired      %7d
near          %7d
partial       %7d
probable      %7d (%d possible, %d siblings)
unreadable    %7d
near searches %7d (%d for two errors)
%sper second    %7.0f
remarks       %s
`,
		s.register.Records, s.register.Superseded, s.observations, s.took.Round(time.Millisecond),
		s.hits, s.how[match.Exact], s.how[match.Cleaned], s.how[match.Repaired], s.how[match.Near], s.how[match.Partial],
		s.verdicts[match.Probable], s.verdicts[match.Possible], s.verdicts[match.Sibling],
		s.unreadable, s.once, s.twice, leftOut, rate, cmp.Or(strings.Join(remarks, ", "), "none"))
	return err
}
