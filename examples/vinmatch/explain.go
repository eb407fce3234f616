package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/misread"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

type explainCmd struct {
	source  `embed:""`
	odds    `embed:""`
	Near    match.NearMode `default:"always" placeholder:"always" help:"Look for numbers that differ from the read: always, auto or never, as in screen."`
	Channel match.Channel  `default:"typed" placeholder:"typed" help:"How the number was read: typed, camera, barcode or stamped."`
	Kind    index.Kind     `default:"vin" placeholder:"vin" help:"What was read: vin, plate, chassis, engine, gearbox, part, hull or document."`
	Country string         `placeholder:"FR" help:"Country of the plate or document. Default: unknown."`
	Limit   int            `default:"5" help:"Explain no more findings than so many."`
	JSON    bool           `name:"json" help:"Write one JSON object."`
	Number  string         `arg:"" name:"vin" help:"The number as it was read."`
}

func (*explainCmd) Help() string {
	return `Of each finding: the two numbers one above the other, with a caret under what
differs, every piece of evidence with its weight in bits and the sum so far, and
what the probability means. A bit doubles the odds, or halves them if it is
negative; the sum of all is the binary logarithm of the odds. The first piece
counts for the finding that only one vehicle of all has the number, the one on
unlisted vehicles counts those that would be read so as well, and the last one is
how seldom anybody asks about this vehicle.

Unlike screen, explain shows what is improbable too: siblings, and why they are.

With --json: query (kind, country, text, channel), decoded (as in decode, null
where there is no VIN), priors (records, hit_rate, vehicles, misread, near,
min_probability), searched, remarks, details, findings (as in screen, with
alignment: read, listed and marks, and log_odds).`
}

// explained is the JSON object of one query. Arrays are never null.
type explained struct {
	Query struct {
		Kind    string `json:"kind"`
		Country string `json:"country"`
		Text    string `json:"text"`
		Channel string `json:"channel"`
	} `json:"query"`
	Decoded *decoded `json:"decoded"`
	Priors  struct {
		Records        int     `json:"records"`
		HitRate        float64 `json:"hit_rate"`
		Vehicles       float64 `json:"vehicles"`
		Misread        float64 `json:"misread"` // share of the channel's reads with an error
		Near           string  `json:"near"`
		MinProbability float64 `json:"min_probability"`
	} `json:"priors"`
	Searched []string    `json:"searched"` // read, one_error, two_errors
	Remarks  []string    `json:"remarks"`
	Details  []detail    `json:"details"`
	Findings []reasoning `json:"findings"`
}

// A reasoning is a finding with what a person wants to see of it.
type reasoning struct {
	finding
	Alignment *alignment `json:"alignment"` // null where nothing can be laid side by side
	LogOdds   float64    `json:"log_odds"`

	found *match.Finding
}

func (c *explainCmd) Run(a *app) error {
	if err := c.odds.check(); err != nil {
		return err
	}
	rejects, err := newRejects("")
	if err != nil {
		return err
	}
	idx, err := c.source.open(a, rejects)
	if err != nil {
		return err
	}
	defer idx.Close()
	rejects.warnRegister(a)

	q := match.Query{
		Reads:   []match.Read{{Number: index.Number{Kind: c.Kind, Country: c.Country, Text: c.Number}}},
		Channel: c.Channel,
		Limit:   c.Limit,
	}
	v := idx.View()
	o := c.odds.options(c.Near, v.Len())
	res, err := match.New(idx, o).Match(a.ctx, q)
	if err != nil {
		return err
	}
	x := c.explain(&res)
	x.Priors.Records = v.Len()
	x.Priors.HitRate = o.HitRate
	x.Priors.Vehicles = max(o.Vehicles, 2*float64(v.Len()))
	if c.JSON {
		return a.jsonLines().Encode(x)
	}
	x.print(a.stdout)
	return nil
}

// explain makes of a result what is shown.
func (c *explainCmd) explain(res *match.Result) *explained {
	x := &explained{Searched: []string{"read"}, Remarks: []string{}, Details: []detail{}, Findings: []reasoning{}}
	x.Query.Kind, x.Query.Country, x.Query.Text, x.Query.Channel = c.Kind.String(), c.Country, c.Number, c.Channel.String()
	if c.Kind == index.KindVIN || c.Kind == index.KindChassis {
		if n, _, err := vin.Clean(c.Number); err == nil {
			d := decode(n.String())
			x.Decoded = &d
		}
	}
	x.Priors.Misread = misread.Channel(c.Channel).Rate()
	x.Priors.Near, x.Priors.MinProbability = c.Near.String(), c.MinProbability
	if res.Search&match.SearchedOnce != 0 {
		x.Searched = append(x.Searched, "one_error")
	}
	if res.Search&match.SearchedTwice != 0 {
		x.Searched = append(x.Searched, "two_errors")
	}
	for _, r := range res.Remarks {
		d := detail{Remark: r.Code.String(), Grade: r.Grade.String(), Text: r.Text}
		if r.Read >= 0 {
			d.Kind = c.Kind.String()
		}
		x.Remarks, x.Details = append(x.Remarks, d.Remark), append(x.Details, d)
	}
	for i := range res.Findings {
		f := &res.Findings[i]
		r := reasoning{finding: findingOf(f), found: f, Alignment: align(f, c.Number)}
		for _, e := range f.Evidence {
			r.LogOdds += e.Weight
		}
		r.LogOdds = math.Round(r.LogOdds*1e4) / 1e4
		x.Findings = append(x.Findings, r)
	}
	return x
}

// print writes the reasoning for a person.
func (x *explained) print(w io.Writer) {
	what := strings.ReplaceAll(x.Query.Kind, "vin", "VIN")
	if x.Query.Country != "" {
		what += " of " + printable(x.Query.Country)
	}
	fmt.Fprintf(w, "%s, %s as %s\n", printable(x.Query.Text), map[string]string{
		"typed": "typed", "camera": "read by a camera", "barcode": "scanned", "stamped": "read off the metal",
	}[x.Query.Channel], what)
	for _, d := range x.Details {
		wrap(w, "  ", []string{"remark: " + d.Text})
	}
	if x.Decoded != nil {
		fmt.Fprint(w, "\n")
		x.Decoded.print(w)
	}

	fmt.Fprint(w, "\nSearched for\n  the number as it was read\n")
	for _, s := range x.Searched[1:] {
		fmt.Fprintf(w, "  %s\n", map[string]string{
			"one_error":  "all numbers that differ from it by one error: a character replaced, lost or added, or two neighbours swapped",
			"two_errors": "numbers that differ by two: look-alikes, swapped neighbours, and what a required check digit ties together",
		}[s])
	}
	if len(x.Searched) == 1 {
		fmt.Fprintf(w, "  no others: %s\n", map[string]string{
			"never": "--near never", "auto": "nothing near it could reach --min-probability", "always": "one error makes no other number of it",
		}[x.Priors.Near])
	}

	p := &x.Priors
	fmt.Fprintf(w, `
Before anything was read
  %s of a million observations are of a listed vehicle, and %d records are listed
  %s vehicles may be observed
  %.3g in a hundred numbers are misread, on this channel
`, amount(1e6*p.HitRate), p.Records, amount(p.Vehicles), 100*p.Misread)

	if len(x.Findings) == 0 {
		fmt.Fprint(w, "\nNothing was found. That means not in this register, not that the vehicle is not wanted.\n")
		return
	}
	for i := range x.Findings {
		fmt.Fprintf(w, "\n%d. ", i+1)
		x.Findings[i].print(w)
	}
}

// amount writes a large number for a person.
func amount(n float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e9, " billion"}, {1e6, " million"}} {
		if n >= unit.of {
			return fmt.Sprintf("%.4g%s", n/unit.of, unit.name)
		}
	}
	if n >= 1 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2g", n)
}

// print writes one finding: the record, the numbers side by side, the evidence,
// and what it comes to.
func (r *reasoning) print(w io.Writer) {
	f := r.found
	fmt.Fprintf(w, "%s\n   %s: %s match by %s\n", describe(&f.Record, f.Kind), f.Verdict, f.How, r.Kind)
	if a := r.Alignment; a != nil {
		fmt.Fprintf(w, "\n   read    %s\n   listed  %s\n", visible(a.Read), visible(a.Listed))
		if a.Marks != "" {
			fmt.Fprintf(w, "           %s\n", a.Marks)
		}
	}
	fmt.Fprint(w, "\n      bits      sum\n")
	sum := 0.0
	for _, e := range f.Evidence {
		sum += e.Weight
		if e.Weight == 0 {
			fmt.Fprintf(w, "        -  %+7.2f   %s\n", sum, visible(e.Text))
			continue
		}
		fmt.Fprintf(w, "   %+7.2f  %+7.2f   %s\n", e.Weight, sum, visible(e.Text))
	}
	fmt.Fprintf(w, "   odds of 2 to the %.2f, %s: a probability of %s\n\n", sum, ratio(sum), exactly(f.Probability))
	for _, text := range meaning(f) {
		paragraph(w, "   ", text)
	}
}

// paragraph writes a text in lines.
func paragraph(w io.Writer, indent, text string) {
	const width = 100
	col := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			io.WriteString(w, indent)
			col = len(indent)
		case col+1+n > width:
			io.WriteString(w, "\n"+indent)
			col = len(indent)
		default:
			io.WriteString(w, " ")
			col++
		}
		io.WriteString(w, word)
		col += n
	}
	io.WriteString(w, "\n")
}

// ratio writes odds as a ratio of whole numbers.
func ratio(bits float64) string {
	n := math.Exp2(math.Abs(bits))
	if n < 10 {
		n = math.Round(10*n) / 10
	} else {
		n = math.Round(n)
	}
	if text := amount(n); bits < 0 {
		return "1 to " + text
	} else {
		return text + " to 1"
	}
}

// exactly writes a probability with as many digits as tell it from 0 and 1.
func exactly(p float64) string {
	switch {
	case p > 1-1e-6:
		return "more than 0.999999"
	case p < 1e-6:
		return "less than 0.000001"
	case p > 0.99:
		return fmt.Sprintf("%.6f", p)
	}
	return fmt.Sprintf("%.3g", p)
}

// meaning says in words what a finding means.
func meaning(f *match.Finding) []string {
	how := map[match.How]string{
		match.Exact:    "The number is listed as it was read.",
		match.Cleaned:  "The number is listed as it was read: what was dropped or rewritten is no part of it.",
		match.Repaired: "The number that is listed is one that is often misread as the one that was read.",
		match.Near:     "The number that is listed is not the one that was read, but may have been misread as it.",
		match.Partial:  "What was read is part of the number that is listed.",
	}[f.How]
	var then string
	switch f.Verdict {
	case match.Probable:
		then = "More likely than not, the listed vehicle is the one that was read."
	case match.Sibling:
		then = "Most likely the number belongs to another vehicle, which nobody looks for, and was read right: makers number vehicles and authorities plates in a row, so that innocent neighbours differ in a character. Alone it is no ground to hold a vehicle."
	default:
		then = "It may be the listed vehicle, but more likely it is another one. Compare another number of it, its colour, and its papers."
	}
	return []string{how, then, often(f.Probability)}
}

// often puts a probability as a frequency, which people judge better.
func often(p float64) string {
	for _, n := range []float64{10, 100, 1000, 1e4, 1e5, 1e6} {
		if k := math.Round(n * p); k >= 1 && n-k >= 1 && (math.Abs(k/n-p) < 0.02*min(p, 1-p) || n*min(p, 1-p) > 5) {
			return fmt.Sprintf("Of %s findings like this one, about %s are of the listed vehicle.", amount(n), amount(k))
		}
	}
	if p > 0.5 {
		return "Of a million findings like this one, hardly any is of another vehicle."
	}
	return "Of a million findings like this one, hardly any is of the listed vehicle."
}

// An alignment is what was read and what is listed, character above character.
type alignment struct {
	Read   string `json:"read"`
	Listed string `json:"listed"`
	Marks  string `json:"marks"` // a caret under every difference; "": none
}

// gap stands where one of two numbers has no character.
const gap = '-'

// align lays the number of a finding below what was read.
func align(f *match.Finding, read string) *alignment {
	all := numbers(f)
	for _, e := range f.Evidence {
		if e.Code == match.EvidenceAlias && e.Kind == f.Kind && f.How > match.Cleaned {
			all = [][]rune{[]rune(e.Listed)} // the spelling that the read is near to
		}
	}
	for _, listed := range all {
		if f.How == match.Near || f.How == match.Repaired {
			if a := alignDiffs(f, listed); a != nil {
				return a
			}
			continue
		}
		return &alignment{Read: printable(read), Listed: string(listed)}
	}
	return nil
}

// numbers returns the listed numbers that the finding may be by.
func numbers(f *match.Finding) (all [][]rune) {
	add := func(s string) {
		if s != "" {
			all = append(all, []rune(s))
		}
	}
	if f.Kind == index.KindVIN {
		add(f.Record.VIN.String())
	}
	addPlate := func(p plate.Plate) {
		add(p.Text())
		for alias := range p.Aliases() {
			add(alias.Text())
		}
	}
	if f.Kind == index.KindPlate {
		addPlate(f.Record.Plate)
	}
	for _, n := range f.Record.Numbers {
		if n.Kind != f.Kind {
			continue
		}
		if n.Kind == index.KindPlate {
			if p, err := plate.Parse(n.Country, n.Text); err == nil {
				addPlate(p)
			}
			continue
		}
		text, _, err := vin.CleanText(n.Text)
		add(strings.ReplaceAll(cmp.Or(text, n.Text), "-", ""))
		if err == nil {
			add(n.Text)
		}
	}
	return all
}

// alignDiffs lays a listed number below what was read, by the evidence on what
// differs; nil where the evidence is about another number.
func alignDiffs(f *match.Finding, listed []rune) *alignment {
	var read, below, marks []rune
	column := func(r, l rune) {
		mark := ' '
		if r != l {
			mark = '^'
		}
		read, below, marks = append(read, r), append(below, l), append(marks, mark)
	}
	at := 0 // in listed
	taken := 0
	copyTo := func(end int) {
		for ; at < end && at < len(listed); at++ {
			column(listed[at], listed[at])
			taken++
		}
	}
	differs := false
	for _, e := range f.Evidence[1:] {
		if e.Kind != f.Kind {
			continue
		}
		l := []rune(e.Listed)
		switch e.Code {
		case match.EvidenceMisread, match.EvidenceTransposed, match.EvidenceMissing:
			copyTo(e.Pos - 1)
			if at != e.Pos-1 || at+len(l) > len(listed) || string(listed[at:at+len(l)]) != e.Listed {
				return nil
			}
			r := []rune(e.Read)
			for i := range l {
				if i < len(r) {
					column(r[i], l[i])
					taken++
				} else {
					column(gap, l[i])
				}
			}
			at += len(l)
			differs = true
		case match.EvidenceExtra:
			for taken < e.Pos-1 && at < len(listed) {
				copyTo(at + 1)
			}
			for _, r := range e.Read {
				column(r, gap)
				taken++
			}
			differs = true
		}
	}
	if !differs {
		return nil
	}
	copyTo(len(listed))
	return &alignment{
		Read: string(read), Listed: string(below), Marks: strings.TrimRight(string(marks), " "),
	}
}
