package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
)

type screenCmd struct {
	source       `embed:""`
	odds         `embed:""`
	Near         match.NearMode `default:"auto" placeholder:"auto" help:"Look for numbers that differ from a read in one place or two: always, never, or, with auto, where a finding could reach --min-probability."`
	LeftOut      bool           `help:"Count what --near always would have found and this run did not. Takes longer."`
	After        int            `placeholder:"LINE" help:"Pass over the observations up to this line of the file: go on where a run was broken off."`
	Channel      match.Channel  `default:"typed" placeholder:"typed" help:"How the numbers were read: typed, camera, barcode or stamped. It decides which misreadings are likely."`
	JSON         bool           `name:"json" help:"Write one JSON object an observation."`
	Rejects      string         `placeholder:"FILE" help:"Write what could not be read to this CSV file: line, reason, file."`
	Fail         bool           `help:"Exit with 1 if there is a finding."`
	Observations string         `arg:"" name:"obs" help:"The observations, CSV, or - for standard input."`
}

func (*screenCmd) Help() string {
	return `Columns of the register, in any order: owner, id, version, vin, plate,
plate_country, chassis, engine, gearbox, part, hull, document,
document_country, type, make, model_year, colour, status, stolen, tags.

Columns of the observations: vin, plate, plate_country, chassis, engine,
gearbox, part, hull, document, document_country, make, model_year, type,
colour, country, seen_at, lat, lon, place.

Both need one column that holds a number; a column that is missing is a
missing fact. Countries are ISO codes or signs such as D, dates YYYY-MM-DD or
RFC 3339, tags are separated by semicolons. Files may be compressed with gzip.

With --json, an object an observation, in the order of the file: line,
remarks, details, findings (owner, id, kind, how, score, probability, verdict,
vin, plate, plate_country, evidence). The weights of the evidence add up to the
binary logarithm of the odds; score is the probability.

A run that was broken off goes on with --after and the line of the last object
that was written whole. Only what lies behind that line is checked and counted.`
}

func (c *screenCmd) Run(a *app) (err error) {
	if c.Register == "-" && c.Observations == "-" {
		return errBothStdin
	}
	if err := c.odds.check(); err != nil {
		return err
	}
	rejects, err := newRejects(c.Rejects, c.Register, c.Snapshot, c.Observations)
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

	bar := a.newProgress("screening")
	defer bar.hide()
	f, err := bar.open(a, c.Observations)
	if err != nil {
		return err
	}
	defer f.Close()
	obs, err := sheet.OpenObservations(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Observations, err)
	}
	a.warnUnknown(c.Observations, obs.Unknown())

	var report reporter = &table{w: a.stdout, hide: bar.hide}
	if c.JSON {
		report = &lines{enc: a.jsonLines()}
	}
	sum := summary{register: idx.Stats()}
	o := c.odds.options(c.Near, sum.register.Records)
	m := match.New(idx, o)
	if c.LeftOut {
		o.Near = match.Always
		sum.always = match.New(idx, o)
	}
	start := time.Now()
	for o, res := range c.screen(a, m, obs, &err) {
		for _, p := range o.Problems {
			rejects.add(c.Observations, p)
		}
		for _, p := range unread(&o, &res) {
			rejects.add(c.Observations, p)
		}
		if err := sum.add(a.ctx, &o, &res); err != nil {
			return err
		}
		if err := report.observation(&o, &res); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Observations, err)
	}
	sum.took = time.Since(start)
	bar.hide()
	if err := report.end(&sum); err != nil {
		return err
	}
	if c.JSON && c.LeftOut {
		fmt.Fprintln(a.stderr, "vinmatch: left out:", sum.leftOut())
	}
	rejects.warn(a, c.Rejects)
	if c.Fail && sum.hits > 0 {
		return errFound
	}
	return nil
}

// unread returns the numbers of an observation that were there and could not be
// looked up.
func unread(o *sheet.Observation, res *match.Result) (problems []sheet.Problem) {
	for _, r := range res.Remarks {
		if r.Read >= 0 && (r.Code == match.RemarkUnreadable || r.Code == match.RemarkSeveral) {
			column := o.Query.Reads[r.Read].Kind.String()
			problems = append(problems, sheet.Problem{Line: o.Line, Column: column, Reason: r.Text})
		}
	}
	return problems
}

// screen yields every observation with its result, in order. What ends the
// reading too early goes to fail.
func (c *screenCmd) screen(a *app, m *match.Matcher, obs *sheet.Observations, fail *error) iter.Seq2[sheet.Observation, match.Result] {
	return func(yield func(sheet.Observation, match.Result) bool) {
		// Screen draws the queries on this goroutine and answers in order, so
		// what is on its way is a queue, and Screen bounds its length.
		var queue []sheet.Observation
		queries := func(yield func(match.Query) bool) {
			for o, err := range obs.All() {
				if err != nil {
					*fail = err
					return
				}
				if o.Line <= c.After {
					continue
				}
				o.Query.Channel = c.Channel
				queue = append(queue, o)
				if !yield(o.Query) {
					return
				}
			}
		}
		for _, res := range m.Screen(a.ctx, queries, 0) {
			if res.Err != nil && !errors.Is(res.Err, match.ErrNoReads) {
				*fail = res.Err
				return
			}
			o := queue[0]
			queue = queue[1:]
			if !yield(o, res) {
				return
			}
		}
	}
}

// A reporter writes what is found.
type reporter interface {
	observation(*sheet.Observation, *match.Result) error
	end(*summary) error
}

// A screened is the JSON object of one observation. Arrays are never null.
type screened struct {
	Line     int       `json:"line"` // physical, the header being 1
	Remarks  []string  `json:"remarks"`
	Details  []detail  `json:"details"` // what the remarks say, one for one
	Findings []finding `json:"findings"`
}

type detail struct {
	Remark string `json:"remark"`
	Kind   string `json:"kind"` // of the read it is about; "": of none
	Grade  string `json:"grade"`
	Text   string `json:"text"`
}

type finding struct {
	Owner        string     `json:"owner"`
	ID           string     `json:"id"`
	Kind         string     `json:"kind"`
	How          string     `json:"how"`
	Score        float64    `json:"score"` // equals probability
	Probability  float64    `json:"probability"`
	Verdict      string     `json:"verdict"`
	VIN          string     `json:"vin"`
	Plate        string     `json:"plate"`
	PlateCountry string     `json:"plate_country"`
	Evidence     []evidence `json:"evidence"`
}

type evidence struct {
	Code     string  `json:"code"`
	Kind     string  `json:"kind"`
	Position int     `json:"position"` // in characters, from 1; 0: nowhere in particular
	Read     string  `json:"read"`
	Listed   string  `json:"listed"`
	Weight   float64 `json:"weight"` // bits, which add up to the logarithm of the odds
	Text     string  `json:"text"`
}

// badCell is the remark on a cell of the sheet that cannot be read; one on a
// whole row is that of a number that cannot be.
const badCell = "bad_cell"

// lines reports one JSON object an observation.
type lines struct{ enc *json.Encoder }

func (l *lines) observation(o *sheet.Observation, res *match.Result) error {
	s := screened{Line: o.Line, Remarks: []string{}, Details: []detail{}, Findings: []finding{}}
	remark := func(d detail) {
		s.Remarks = append(s.Remarks, d.Remark)
		s.Details = append(s.Details, d)
	}
	for _, p := range o.Problems {
		code := badCell
		if p.Column == "" {
			code = match.RemarkUnreadable.String()
		}
		remark(detail{Remark: code, Grade: match.Doubt.String(), Text: p.String()})
	}
	for _, r := range res.Remarks {
		d := detail{Remark: r.Code.String(), Grade: r.Grade.String(), Text: r.Text}
		if r.Read >= 0 {
			d.Kind = o.Query.Reads[r.Read].Kind.String()
		}
		remark(d)
	}
	for i := range res.Findings {
		s.Findings = append(s.Findings, findingOf(&res.Findings[i]))
	}
	return l.enc.Encode(&s)
}

func (l *lines) end(*summary) error { return nil }

func findingOf(f *match.Finding) finding {
	p := math.Round(f.Probability*1e4) / 1e4
	j := finding{
		Owner: f.Record.Owner, ID: f.Record.ID,
		Kind: f.Kind.String(), How: f.How.String(), Score: p, Probability: p, Verdict: f.Verdict.String(),
		VIN: f.Record.VIN.String(), Plate: f.Record.Plate.Text(), PlateCountry: f.Record.Plate.Country(),
		Evidence: []evidence{},
	}
	for _, e := range f.Evidence {
		k := ""
		if e.Kind != 0 {
			k = e.Kind.String()
		}
		j.Evidence = append(j.Evidence, evidence{
			Code: e.Code.String(), Kind: k, Position: e.Pos,
			Read: e.Read, Listed: e.Listed, Weight: math.Round(e.Weight*1e4) / 1e4, Text: e.Text,
		})
	}
	return j
}

// rejects collects what could not be read.
type rejects struct {
	count int
	file  *os.File // nil: only counted
	csv   *csv.Writer
}

// newRejects collects in a file, which must be none of those that the command
// uses, or only counts if it has no name.
func newRejects(name string, used ...string) (*rejects, error) {
	r := &rejects{csv: csv.NewWriter(io.Discard)}
	if name == "" {
		return r, nil
	}
	for _, u := range used {
		if isSameFile(name, u) {
			return nil, fmt.Errorf("--rejects %s would overwrite %s", name, u)
		}
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	r.file, r.csv = f, csv.NewWriter(f)
	return r, r.csv.Write([]string{"line", "reason", "file"})
}

// isSameFile reports whether two names are of one file that is there.
func isSameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil || !x.Mode().IsRegular() {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// add notes a problem. A write error shows at close.
func (r *rejects) add(file string, p sheet.Problem) {
	r.count++
	r.csv.Write([]string{strconv.Itoa(p.Line), p.String(), file})
}

// warn says how much could not be read, unless it was written to a file.
func (r *rejects) warn(a *app, file string) {
	if r.count > 0 && file == "" {
		fmt.Fprintf(a.stderr, "vinmatch: %d rows or cells could not be read: --rejects FILE lists them\n", r.count)
	}
}

// warnRegister is warn for commands that read a register alone and have no
// --rejects.
func (r *rejects) warnRegister(a *app) {
	if r.count > 0 {
		fmt.Fprintf(a.stderr, "vinmatch: %d rows or cells of the register could not be read\n", r.count)
	}
}

func (r *rejects) close() error {
	r.csv.Flush()
	err := r.csv.Error()
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	return err
}
