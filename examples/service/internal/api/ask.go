package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// An answerJSON answers one query.
type answerJSON struct {
	Result   resultJSON   `json:"result"`
	Register registerJSON `json:"register"`
	Took     int64        `json:"took_us"`
}

// screen answers one query.
func (s *Server) screen(c *call, w http.ResponseWriter, r *http.Request) error {
	var j queryJSON
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	q, near, err := s.query(&j)
	if err != nil {
		return err
	}
	a, err := s.answer(c, r.Context(), q, near, "screen")
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, a)
}

// answer matches a query and writes it to the audit log.
func (s *Server) answer(c *call, ctx context.Context, q match.Query, near match.NearMode, action string) (a answerJSON, err error) {
	c.numbers = numbersRead(&q)
	ctx, cancel := context.WithTimeoutCause(ctx, s.limits.SearchTime, errTooBroad)
	defer cancel()
	a.Register = s.register() // of what it has at least
	start := time.Now()
	res, err := s.matchers[near]().Match(ctx, q)
	a.Took = time.Since(start).Microseconds()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return a, err
	}
	if res.Err != nil {
		return a, invalid("reads", "%v", res.Err)
	}
	s.metrics.observe(&res)
	a.Result = resultOf(&res)
	return a, s.audit(c, &audit.Entry{Action: action, Numbers: s.tags(c.numbers), Count: 1, Found: len(res.Findings)})
}

// errTooBroad ends what takes longer than one question may.
var errTooBroad = problemf(http.StatusUnprocessableEntity, "too_broad",
	"the search takes too long: give more characters, or a narrower filter")

func numbersRead(q *match.Query) []index.Number {
	list := make([]index.Number, len(q.Reads))
	for i, r := range q.Reads {
		list[i] = r.Number
	}
	return list
}

// An explainedJSON is an answer with what became of each read.
type explainedJSON struct {
	answerJSON
	Reads []readJSON `json:"reads"`
}

// A readJSON says what a read is taken for.
type readJSON struct {
	decodedJSON
	Pattern string    `json:"pattern,omitempty"` // of a number of which a part is known
	Plan    *planJSON `json:"plan,omitempty"`    // of the search for it
}

// explain answers one query for a person.
func (s *Server) explain(c *call, w http.ResponseWriter, r *http.Request) error {
	var j queryJSON
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	q, near, err := s.query(&j)
	if err != nil {
		return err
	}
	var e explainedJSON
	if e.answerJSON, err = s.answer(c, r.Context(), q, near, "explain"); err != nil {
		return err
	}
	var sel *index.Selection
	v := s.o.Replica.View()
	if q.Where != nil {
		sel = v.Select(*q.Where)
	}
	for _, read := range q.Reads {
		j := readJSON{decodedJSON: decodedOf(read.Number)}
		if like, ok := pattern(read.Number); ok {
			j.Pattern = like.Text
			res, err := s.find(r.Context(), v, like, sel, max(q.Limit, index.DefaultLimit))
			if err != nil {
				return err
			}
			j.Plan = planOf(res.Plan)
		}
		e.Reads = append(e.Reads, j)
	}
	return respond(w, http.StatusOK, e)
}

// pattern returns a number as the index searches for it, and whether only a part of
// it is known.
func pattern(n index.Number) (index.Number, bool) {
	if n.Kind != index.KindVIN {
		return n, strings.ContainsAny(n.Text, "?*")
	}
	if v, _, err := vin.Clean(n.Text); err == nil {
		n.Text = v.String()
		return n, false
	}
	p, _, err := vin.CleanPattern(n.Text)
	if err == nil {
		n.Text = p.String()
	}
	return n, err == nil
}

// find searches for part of a number, within the limits.
func (s *Server) find(ctx context.Context, v *index.View, like index.Number, sel *index.Selection, limit int) (index.Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limits.SearchTime, errTooBroad)
	defer cancel()
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-ctx.Done():
		if context.Cause(ctx) != errTooBroad {
			return index.Result{}, ctx.Err()
		}
		return index.Result{}, problemf(http.StatusServiceUnavailable, "busy", "too many searches at the same time")
	}
	res, err := v.SearchNumbers(ctx, like, sel, limit)
	if err != nil {
		if ctx.Err() != nil {
			return res, context.Cause(ctx)
		}
		return res, invalid("text", "%v", err)
	}
	return res, nil
}

// search finds records by part of a number.
func (s *Server) search(c *call, w http.ResponseWriter, r *http.Request) error {
	var j struct {
		numberJSON
		Where whereJSON `json:"where"`
		Limit int       `json:"limit"`
	}
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	n, err := j.number("search")
	if err != nil {
		return err
	}
	limit, err := s.limit(j.Limit)
	if err != nil {
		return err
	}
	c.numbers = []index.Number{n}
	n, _ = pattern(n)
	v := s.o.Replica.View()
	var sel *index.Selection
	if f, any, err := j.Where.filter(); err != nil {
		return err
	} else if any {
		sel = v.Select(f)
	}
	a := struct {
		Records   []recordJSON `json:"records"`
		Truncated bool         `json:"truncated"`
		Plan      *planJSON    `json:"plan"`
		Register  registerJSON `json:"register"`
		Took      int64        `json:"took_us"`
	}{Records: []recordJSON{}, Register: s.register()}
	start := time.Now()
	res, err := s.find(r.Context(), v, n, sel, limit)
	a.Took = time.Since(start).Microseconds()
	if err != nil {
		return err
	}
	for _, row := range res.Rows {
		rec := v.Record(row)
		a.Records = append(a.Records, recordOf(&rec))
	}
	a.Truncated, a.Plan = res.Truncated, planOf(res.Plan)
	if err := s.audit(c, &audit.Entry{Action: "search", Numbers: s.tags(c.numbers), Found: len(res.Rows)}); err != nil {
		return err
	}
	return respond(w, http.StatusOK, a)
}

// decode says what a number says of its vehicle. It does not ask the register, and
// stands in no audit log.
func (s *Server) decode(c *call, w http.ResponseWriter, r *http.Request) error {
	var j numberJSON
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	n, err := j.number("decode")
	if err != nil {
		return err
	}
	c.numbers = []index.Number{n}
	return respond(w, http.StatusOK, decodedOf(n))
}

// A decodedJSON says what a text is, and what it says if it is a VIN.
type decodedJSON struct {
	Kind    string   `json:"kind"`
	Class   string   `json:"class,omitempty"` // of what stands in a field for VINs
	Text    string   `json:"text"`            // cleaned; as it was if that cannot be done
	Edits   []string `json:"edits,omitempty"` // what cleaning did
	Problem string   `json:"problem,omitempty"`
	VIN     *vinJSON `json:"vin,omitempty"`
}

type vinJSON struct {
	WMI           string   `json:"wmi"`
	Manufacturer  string   `json:"manufacturer,omitempty"`
	Makes         []string `json:"makes,omitempty"`
	Country       string   `json:"country,omitempty"`
	CountryName   string   `json:"country_name,omitempty"`
	Region        string   `json:"region,omitempty"`
	VehicleType   string   `json:"vehicle_type,omitempty"`
	ModelYear     int      `json:"model_year,omitempty"` // the preferred one
	ModelYears    []int    `json:"model_years,omitempty"`
	YearReason    string   `json:"year_reason"`
	Plant         string   `json:"plant,omitempty"`
	Serial        string   `json:"serial"`
	Frame         string   `json:"frame,omitempty"`
	CheckRule     string   `json:"check_rule"` // required, customary or none
	CheckDigit    string   `json:"check_digit"`
	CheckComputed string   `json:"check_computed"`
	Remarks       []string `json:"remarks,omitempty"`
}

func decodedOf(n index.Number) decodedJSON {
	d := decodedJSON{Kind: n.Kind.String(), Text: n.Text}
	switch n.Kind {
	case index.KindVIN:
		d.Class = vin.Classify(n.Text).String()
		v, edits, err := vin.Clean(n.Text)
		if err != nil {
			d.Problem = err.Error()
			return d
		}
		d.Text, d.Edits, d.VIN = v.String(), texts(edits), vinOf(v)
	case index.KindPlate:
		p, err := plate.Parse(n.Country, n.Text)
		if err != nil {
			d.Problem = err.Error()
			return d
		}
		d.Text = p.Text()
	default:
		text, edits, err := vin.CleanText(n.Text)
		if err != nil {
			d.Problem = err.Error()
			return d
		}
		d.Text, d.Edits = text, texts(edits)
	}
	return d
}

func vinOf(v vin.VIN) *vinJSON {
	info := v.Decode()
	j := &vinJSON{
		WMI: info.WMI.String(), Manufacturer: info.Manufacturer, Makes: info.Makes(),
		Country: info.Country, CountryName: info.CountryName, Region: info.Region, VehicleType: info.VehicleType,
		ModelYear: info.ModelYear, ModelYears: info.ModelYears(), YearReason: info.YearReason.String(),
		Serial: info.Serial(), Frame: info.Frame(), CheckRule: info.CheckRule.String(),
		CheckDigit: string(v.CheckDigit()), CheckComputed: string(v.ComputeCheckDigit()), Remarks: info.Remarks.Strings(),
	}
	if info.Plant != 0 {
		j.Plant = string(info.Plant)
	}
	return j
}
