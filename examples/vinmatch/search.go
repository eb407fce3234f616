package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/index"
)

type searchCmd struct {
	source       `embed:""`
	Kind         index.Kind `default:"vin" placeholder:"vin" help:"What the pattern is part of: vin, plate, chassis, engine, gearbox, part, hull or document."`
	Country      string     `placeholder:"FR" help:"Country of the plate or document. Default: any, or none."`
	Owner        string     `placeholder:"FR" help:"Only records of this owner."`
	Type         objectType `placeholder:"motorcycle" help:"Only records of this type."`
	Status       status     `placeholder:"stolen" help:"Only records of this status."`
	Make         string     `placeholder:"Peugeot" help:"Only records of this make."`
	StolenAfter  date       `placeholder:"DATE" help:"Only records of thefts later than this date."`
	StolenBefore date       `placeholder:"DATE" help:"Only records of thefts earlier than this date."`
	Limit        int        `default:"100" help:"Write no more records than so many."`
	JSON         bool       `name:"json" help:"Write one JSON object."`
	Pattern      string     `arg:"" help:"What is known of the number."`
}

func (*searchCmd) Help() string {
	return `In a pattern, ? stands for one unknown character, * for any number of them or
none, and in VINs and plates [8B] for either of two:

  vinmatch search --snapshot wanted.vmx '*004352'          the last six of a VIN
  vinmatch search --snapshot wanted.vmx '1HG*4352'         the maker and the last four
  vinmatch search --snapshot wanted.vmx '1HGCM826?3A00[48]352'
  vinmatch search --snapshot wanted.vmx --kind plate --country GB 'AB1?C*'
  vinmatch search --snapshot wanted.vmx --kind engine '*K20A6*'

With --json: records, truncated (whether more fit) and plan (how they were found:
path, expected and visited).`
}

func (c *searchCmd) Run(a *app) (err error) {
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
	v := idx.View()
	var selection *index.Selection
	if f := c.filter(); f != (index.Filter{}) {
		selection = v.Select(f)
	}
	like := index.Number{Kind: c.Kind, Country: c.Country, Text: c.Pattern}
	res, err := v.SearchNumbers(a.ctx, like, selection, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		f := foundJSON{Records: []record{}, Truncated: res.Truncated}
		f.Plan.Path, f.Plan.Expected, f.Plan.Visited = res.Plan.Path.String(), res.Plan.Expected, res.Plan.Visited
		for _, row := range res.Rows {
			r := v.Record(row)
			f.Records = append(f.Records, recordOf(&r))
		}
		return a.jsonLines().Encode(&f)
	}
	for _, row := range res.Rows {
		r := v.Record(row)
		fmt.Fprintln(a.stdout, describe(&r, c.Kind))
	}
	more := ""
	if res.Truncated {
		more = ", and more fit: see --limit"
	}
	_, err = fmt.Fprintf(a.stdout, "found %d%s (%v)\n", len(res.Rows), more, res.Plan)
	return err
}

// filter returns what the flags select.
func (c *searchCmd) filter() (f index.Filter) {
	if c.Owner != "" {
		f = f.And(index.Owner(c.Owner))
	}
	if c.Type != 0 {
		f = f.And(index.OfType(index.Type(c.Type)))
	}
	if c.Status != 0 {
		f = f.And(index.HasStatus(index.Status(c.Status)))
	}
	if c.Make != "" {
		f = f.And(index.Make(c.Make))
	}
	if !c.StolenAfter.IsZero() || !c.StolenBefore.IsZero() {
		from, to := c.StolenAfter.Time, c.StolenBefore.Time
		if !from.IsZero() {
			from = from.AddDate(0, 0, 1)
		}
		if !to.IsZero() {
			to = to.AddDate(0, 0, -1)
		}
		f = f.And(index.StolenBetween(from, to))
	}
	return f
}

// foundJSON is what a search found.
type foundJSON struct {
	Records   []record `json:"records"`
	Truncated bool     `json:"truncated"`
	Plan      struct {
		Path     string `json:"path"`
		Expected int    `json:"expected"`
		Visited  int    `json:"visited"`
	} `json:"plan"`
}

// A record is one of the register. Arrays are never null.
type record struct {
	Owner        string   `json:"owner"`
	ID           string   `json:"id"`
	Version      uint64   `json:"version"`
	VIN          string   `json:"vin"`
	Plate        string   `json:"plate"`
	PlateCountry string   `json:"plate_country"`
	Numbers      []number `json:"numbers"`
	Type         string   `json:"type"`
	Status       string   `json:"status"`
	Make         string   `json:"make"`
	ModelYear    int      `json:"model_year"` // 0: unknown
	Colour       string   `json:"colour"`
	Stolen       string   `json:"stolen"` // YYYY-MM-DD; "": unknown
	Tags         []string `json:"tags"`
}

type number struct {
	Kind    string `json:"kind"`
	Country string `json:"country"`
	Text    string `json:"text"`
}

func recordOf(r *index.Record) record {
	j := record{
		Owner: r.Owner, ID: r.ID, Version: r.Version,
		VIN: r.VIN.String(), Plate: r.Plate.Text(), PlateCountry: r.Plate.Country(), Numbers: []number{},
		Type: r.Type.String(), Status: r.Status.String(), Make: r.Make, ModelYear: r.ModelYear, Colour: r.Colour,
		Tags: append([]string{}, r.Tags...),
	}
	for _, n := range r.Numbers {
		j.Numbers = append(j.Numbers, number{n.Kind.String(), n.Country, n.Text})
	}
	if !r.Stolen.IsZero() {
		j.Stolen = r.Stolen.Format(time.DateOnly)
	}
	return j
}

// An objectType is an [index.Type] as a flag, whose name has to be known.
type objectType index.Type

func (t *objectType) UnmarshalText(text []byte) error {
	v := index.ParseType(string(text))
	if *t = objectType(v); v == index.OtherType && !strings.EqualFold(string(text), v.String()) {
		return fmt.Errorf("%q is no type", text)
	}
	return nil
}

// A status is an [index.Status] as a flag, whose name has to be known.
type status index.Status

func (s *status) UnmarshalText(text []byte) error {
	v := index.ParseStatus(string(text))
	if *s = status(v); v == index.OtherStatus && !strings.EqualFold(string(text), v.String()) {
		return fmt.Errorf("%q is no status", text)
	}
	return nil
}

// A date is YYYY-MM-DD as a flag.
type date struct{ time.Time }

func (d *date) UnmarshalText(text []byte) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, string(text)); err != nil {
		return fmt.Errorf("%q is not a date such as 2024-12-31", text)
	}
	return nil
}
