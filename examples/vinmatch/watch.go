package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
)

type watchCmd struct {
	source    `embed:""`
	odds      `embed:""`
	Near      match.NearMode `default:"auto" placeholder:"auto" help:"Look for numbers that differ from a read in one place or two: always, never, or, with auto, where a finding could reach --min-probability."`
	Channel   match.Channel  `default:"typed" placeholder:"typed" help:"How the numbers were read: typed, camera, barcode or stamped. It decides which misreadings are likely."`
	Inquiries string         `required:"" placeholder:"I.csv" help:"The inquiries, CSV as for screen, or - for standard input."`
	Changes   string         `required:"" placeholder:"C.csv" help:"The records that come after them, CSV as the register, or - for standard input."`
	Keep      time.Duration  `default:"120h" help:"How long before the last inquiry one may have been made."`
	Memory    int64          `default:"256" placeholder:"256" help:"Memory for inquiries in MiB; the oldest are forgotten first."`
	JSON      bool           `name:"json" help:"Write one JSON object a report."`
	Rejects   string         `placeholder:"FILE" help:"Write what could not be read to this CSV file: line, reason, file."`
	Fail      bool           `help:"Exit with 1 if there is a report."`
}

func (*watchCmd) Help() string {
	return `Asks each inquiry of the register, then enters the changes one after the other,
and reports the inquiries that a record answers which came too late for them, once
for each record. What an inquiry was answered with then is not reported: screen
does that.

Columns of the inquiries are those of the observations of screen, columns of the
changes those of its register. A row of changes enters a record or, with a higher
version, replaces it. Files may be compressed with gzip.

With --json, an object a report: inquiry (line, seen_at, place, and reads: kind,
country, text), change (line), and finding (as in screen).`
}

func (c *watchCmd) Run(a *app) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	rejects, err := newRejects(c.Rejects, c.Register, c.Snapshot, c.Inquiries, c.Changes)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rejects.close(); err == nil {
			err = cerr
		}
	}()
	idx, err := c.source.open(a, rejects)
	if err != nil {
		return err
	}
	defer idx.Close()

	m := match.New(idx, c.odds.options(c.Near, idx.Stats().Records))
	// Times are those of the file: how long to keep is decided below.
	w, err := match.NewWatch(m, match.WatchOptions{Keep: 1 << 62, MaxBytes: c.Memory << 20})
	if err != nil {
		return err
	}
	defer w.Close()

	bar := a.newProgress("asking")
	defer bar.hide()
	run := watchRun{watchCmd: c, app: a, bar: bar, rejects: rejects, watch: w, index: idx}
	if err := run.ask(); err != nil {
		return fmt.Errorf("%s: %w", c.Inquiries, err)
	}
	bar.next("entering")
	if err := run.enter(); err != nil {
		return fmt.Errorf("%s: %w", c.Changes, err)
	}
	bar.hide()
	if !c.JSON {
		if err := run.end(); err != nil {
			return err
		}
	}
	rejects.warn(a, c.Rejects)
	if c.Fail && run.told > 0 {
		return errFound
	}
	return nil
}

func (c *watchCmd) check() error {
	switch {
	case c.Keep <= 0:
		return fmt.Errorf("--keep must be above 0")
	case c.Memory < 1 || c.Memory > 1<<20:
		return fmt.Errorf("--memory must be from 1 to %d", 1<<20)
	case c.Inquiries == "-" && c.Changes == "-", c.Register == "-" && (c.Inquiries == "-" || c.Changes == "-"):
		return errBothStdin
	}
	return c.odds.check()
}

// A watchRun is a run of the command.
type watchRun struct {
	*watchCmd
	app     *app
	bar     *progress
	rejects *rejects
	watch   *match.Watch
	index   *index.Index

	latest    time.Time // of the inquiries
	inquiries int
	answered  int // of the inquiries, when they were made
	applied   index.Applied
	told      int
}

// untimed ends the line number of an inquiry whose time is not known, for which
// the Watch takes the time at which it was asked.
const untimed = "?"

// ask asks the inquiries.
func (r *watchRun) ask() error {
	f, err := r.bar.open(r.app, r.Inquiries)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := sheet.OpenObservations(f)
	if err != nil {
		return err
	}
	r.app.warnUnknown(r.Inquiries, rows.Unknown())
	for row, err := range rows.All() {
		if err != nil {
			return err
		}
		r.inquiries++
		if row.SeenAt.After(r.latest) {
			r.latest = row.SeenAt
		}
		row.Query.Channel = r.Channel
		by := strconv.Itoa(row.Line)
		if row.SeenAt.IsZero() {
			by += untimed
		}
		answer, err := r.watch.Ask(r.app.ctx, match.Inquiry{
			Query: row.Query, Time: row.SeenAt, Inquirer: by, Purpose: row.Place,
		})
		if errors.Is(err, match.ErrInquiryTooLarge) { // and yet answered
			row.Problems = append(row.Problems, sheet.Problem{Line: row.Line, Reason: "too large to be remembered"})
			err = nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", row.Line, err)
		}
		if len(answer.Findings) > 0 {
			r.answered++
		}
		for _, p := range append(row.Problems, unread(&row, &answer)...) {
			r.rejects.add(r.Inquiries, p)
		}
	}
	return nil
}

// enter enters the changes, and reports.
func (r *watchRun) enter() error {
	f, err := r.bar.open(r.app, r.Changes)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := sheet.OpenRegister(f)
	if err != nil {
		return err
	}
	r.app.warnUnknown(r.Changes, rows.Unknown())
	for rec, err := range rows.Records(func(p sheet.Problem) { r.rejects.add(r.Changes, p) }) {
		if err != nil {
			return err
		}
		line := rows.Line()
		changes := []index.Change{{By: rec.Owner, Op: index.Put, Record: rec}}
		done, err := r.index.Apply(r.index.View().Position(), changes)
		if err != nil {
			return err
		}
		r.applied.Put += done.Put
		r.applied.Stale += done.Stale
		for _, refused := range done.Refused {
			r.rejects.add(r.Changes, sheet.Problem{Line: line, Reason: refused.Err.Error()})
		}
		delayed, err := r.watch.Changed(r.app.ctx, changes)
		if err != nil {
			return err
		}
		for i := range delayed {
			in := &delayed[i].Inquiry
			var no bool
			if in.Inquirer, no = strings.CutSuffix(in.Inquirer, untimed); no {
				in.Time = time.Time{}
			}
			if t := in.Time; !t.IsZero() && r.latest.Sub(t) >= r.Keep {
				continue
			}
			r.told++
			if err := r.report(&delayed[i], line); err != nil {
				return err
			}
		}
	}
	return nil
}

// A late is the JSON object of one report.
type late struct {
	Inquiry struct {
		Line   int        `json:"line"` // physical, the header being 1
		SeenAt string     `json:"seen_at"`
		Place  string     `json:"place"`
		Reads  []lateRead `json:"reads"`
	} `json:"inquiry"`
	Change struct {
		Line int `json:"line"`
	} `json:"change"`
	Finding finding `json:"finding"`
}

type lateRead struct {
	Kind    string `json:"kind"`
	Country string `json:"country"`
	Text    string `json:"text"`
}

// report writes what one inquiry is told.
func (r *watchRun) report(d *match.Delayed, line int) error {
	in, f := &d.Inquiry, &d.Finding
	if r.JSON {
		var j late
		j.Inquiry.Line, _ = strconv.Atoi(in.Inquirer)
		if !in.Time.IsZero() {
			j.Inquiry.SeenAt = in.Time.Format(time.RFC3339Nano)
		}
		j.Inquiry.Place = in.Purpose
		for _, read := range in.Query.Reads {
			j.Inquiry.Reads = append(j.Inquiry.Reads, lateRead{read.Kind.String(), read.Country, read.Text})
		}
		j.Change.Line = line
		j.Finding = findingOf(f)
		return r.app.jsonLines().Encode(&j)
	}
	r.bar.hide()
	out := r.app.stdout
	when := ""
	if !in.Time.IsZero() {
		when = ", " + in.Time.Format("2006-01-02 15:04")
	}
	if in.Purpose != "" {
		when += ", " + printable(in.Purpose)
	}
	fmt.Fprintf(out, "line %s%s: %s\n", in.Inquirer, when, asked(&in.Query))
	fmt.Fprintf(out, "  %s %-8s %-8s %-8s %s\n", probability(f.Probability), f.Verdict, f.How, f.Kind, describe(&f.Record, f.Kind))
	wrap(out, "        ", reasons(f))
	if b, ok := out.(*bufio.Writer); ok {
		return b.Flush() // a report is shown when it is made
	}
	return nil
}

// asked returns what was read. Whoever runs the command holds the inquiries, so
// numbers are shown whole.
func asked(q *match.Query) string {
	var words []string
	for _, r := range q.Reads {
		words = append(words, strings.TrimSpace(r.Country+" "+printable(r.Text)))
	}
	return strings.Join(words, ", ")
}

// end writes the summary.
func (r *watchRun) end() error {
	s := r.watch.Stats()
	_, err := io.WriteString(r.app.stdout, fmt.Sprintf(`
inquiries     %7d (%d remembered, %d answered when they were made)
changes       %7d (%d older or repeated)
reports       %7d
`, r.inquiries, s.Held, r.answered, r.applied.Put, r.applied.Stale, r.told))
	return err
}
