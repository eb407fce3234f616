package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// respond writes a JSON answer.
func respond(w http.ResponseWriter, status int, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b) // a client that is gone needs no answer
	return nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// body reads a request's JSON.
func (s *Server) body(w http.ResponseWriter, r *http.Request, v any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return problemf(http.StatusUnsupportedMediaType, "bad_type", "want Content-Type: application/json")
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.limits.Body))
	if err != nil {
		return err
	}
	return decodeJSON(b, v)
}

// decodeJSON is strict, and its errors quote nothing of what was sent.
func decodeJSON(b []byte, v any) error {
	bad := func(format string, args ...any) error {
		return problemf(http.StatusBadRequest, "bad_json", format, args...)
	}
	if !utf8.Valid(b) {
		return bad("the JSON is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case err == nil:
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return bad("the JSON ends too early")
	case errors.As(err, &syntax):
		return bad("no JSON at byte %d", syntax.Offset)
	case errors.As(err, &typ):
		return bad("a value is not of the type it must have, before byte %d", typ.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return bad("a member has a name that is not known, before byte %d", d.InputOffset())
	default:
		return bad("the JSON cannot be read, at byte %d", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("there is more after the JSON, at byte %d", d.InputOffset())
	}
	return nil
}

// invalid is a value that is not what its member may have.
func invalid(member, format string, args ...any) *problem {
	return problemf(http.StatusUnprocessableEntity, "invalid", member+": "+format, args...)
}

type numberJSON struct {
	Kind    string `json:"kind"`
	Country string `json:"country,omitempty"`
	Text    string `json:"text"`
}

// maxText bounds the text of a number, as package vin does.
const maxText = 1024

func (n *numberJSON) number(member string) (out index.Number, err error) {
	if out.Kind.UnmarshalText([]byte(n.Kind)) != nil {
		return out, invalid(member+".kind", "want vin, plate, chassis, engine, gearbox, part, hull or document")
	}
	if len(n.Text) > maxText {
		return out, invalid(member+".text", "longer than %d bytes", maxText)
	}
	if n.Country != "" {
		if _, ok := plate.ParseCountry(n.Country); !ok {
			return out, invalid(member+".country", "not a country")
		}
	}
	out.Country, out.Text = n.Country, n.Text
	return out, nil
}

// A queryJSON is a match.Query.
type queryJSON struct {
	askedJSON
	Where whereJSON `json:"where"`
	Near  string    `json:"near"`
}

// An askedJSON is what can be asked in any way.
type askedJSON struct {
	Reads []struct {
		numberJSON
		Score float64 `json:"score"`
	} `json:"reads"`
	Channel string    `json:"channel"`
	Claim   claimJSON `json:"claim"`
	Limit   int       `json:"limit"`
}

type claimJSON struct {
	Make      string `json:"make"`
	ModelYear int    `json:"model_year"`
	Country   string `json:"country"`
	Type      string `json:"type"`
	Colour    string `json:"colour"`
}

// A whereJSON is an index.Filter: all that is given must hold.
type whereJSON struct {
	Owner     []string `json:"owner"` // any of these
	Type      []string `json:"type"`
	Status    []string `json:"status"`
	Make      []string `json:"make"`
	Colour    []string `json:"colour"`
	Tag       []string `json:"tag"`
	YearFrom  int      `json:"year_from"`
	YearTo    int      `json:"year_to"`
	StolenIn  string   `json:"stolen_from"`
	StolenOut string   `json:"stolen_to"`
}

func (s *Server) query(j *queryJSON) (q match.Query, near match.NearMode, err error) {
	if len(j.Reads) == 0 || len(j.Reads) > s.limits.Reads {
		return q, near, invalid("reads", "want 1 to %d", s.limits.Reads)
	}
	for i := range j.Reads {
		n, err := j.Reads[i].number("reads")
		if err != nil {
			return q, near, err
		}
		if score := j.Reads[i].Score; !(score >= 0 && score <= 1) {
			return q, near, invalid("reads.score", "not from 0 to 1")
		}
		q.Reads = append(q.Reads, match.Read{Number: n, Score: j.Reads[i].Score})
	}
	if q.Channel, err = channel(j.Channel); err != nil {
		return q, near, err
	}
	if near, err = s.near(j.Near); err != nil {
		return q, near, err
	}
	q.Claim = match.Claim{Make: j.Claim.Make, ModelYear: j.Claim.ModelYear, Colour: j.Claim.Colour}
	if j.Claim.Country != "" {
		iso, ok := plate.ParseCountry(j.Claim.Country)
		if !ok {
			return q, near, invalid("claim.country", "not a country")
		}
		q.Claim.Country = iso
	}
	if q.Claim.Type, err = objectType("claim.type", j.Claim.Type); err != nil {
		return q, near, err
	}
	if q.Limit, err = s.limit(j.Limit); err != nil {
		return q, near, err
	}
	f, any, err := j.Where.filter()
	if any {
		q.Where = &f
	}
	return q, near, err
}

func channel(name string) (c match.Channel, err error) {
	if name != "" && c.UnmarshalText([]byte(name)) != nil {
		return c, invalid("channel", "want typed, camera, barcode or stamped")
	}
	return c, nil
}

func (s *Server) near(name string) (n match.NearMode, err error) {
	if name == "" {
		return s.o.Match.Near, nil
	}
	if n.UnmarshalText([]byte(name)) != nil {
		return n, invalid("near", "want auto, always or never")
	}
	return n, nil
}

func (s *Server) limit(n int) (int, error) {
	if n < 0 || n > s.limits.Rows {
		return 0, invalid("limit", "want 1 to %d", s.limits.Rows)
	}
	return n, nil
}

func objectType(member, name string) (index.Type, error) {
	t := index.ParseType(name)
	if t == index.OtherType && !strings.EqualFold(name, t.String()) {
		return t, invalid(member, "not a type")
	}
	return t, nil
}

func statusOf(member, name string) (index.Status, error) {
	v := index.ParseStatus(name)
	if v == index.OtherStatus && !strings.EqualFold(name, v.String()) {
		return v, invalid(member, "not a status")
	}
	return v, nil
}

func day(member, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return time.Time{}, invalid(member, "not a date such as 2024-12-31")
	}
	return t, nil
}

// maxValues bounds the values of one member of where.
const maxValues = 100

// filter returns the filter, and whether there is one.
func (j *whereJSON) filter() (f index.Filter, any bool, err error) {
	one := func(member string, names []string, term func(string) (index.Filter, error)) {
		if len(names) > maxValues && err == nil {
			err = invalid(member, "more than %d values", maxValues)
		}
		if len(names) == 0 || err != nil {
			return
		}
		var either index.Filter
		for i, name := range names {
			t, terr := term(name)
			if terr != nil {
				err = terr
				return
			}
			if i == 0 {
				either = t
			} else {
				either = either.Or(t)
			}
		}
		f, any = f.And(either), true
	}
	simple := func(of func(string) index.Filter) func(string) (index.Filter, error) {
		return func(name string) (index.Filter, error) { return of(name), nil }
	}
	one("where.owner", j.Owner, simple(index.Owner))
	one("where.type", j.Type, func(name string) (index.Filter, error) {
		t, err := objectType("where.type", name)
		return index.OfType(t), err
	})
	one("where.status", j.Status, func(name string) (index.Filter, error) {
		v, err := statusOf("where.status", name)
		return index.HasStatus(v), err
	})
	one("where.make", j.Make, simple(index.Make))
	one("where.colour", j.Colour, simple(index.Colour))
	one("where.tag", j.Tag, simple(index.Tag))
	if err != nil {
		return f, any, err
	}
	if j.YearFrom != 0 || j.YearTo != 0 {
		to := j.YearTo
		if to == 0 {
			to = 9999
		}
		f, any = f.And(index.ModelYears(j.YearFrom, to)), true
	}
	from, err := day("where.stolen_from", j.StolenIn)
	if err != nil {
		return f, any, err
	}
	to, err := day("where.stolen_to", j.StolenOut)
	if err != nil {
		return f, any, err
	}
	if !from.IsZero() || !to.IsZero() {
		f, any = f.And(index.StolenBetween(from, to)), true
	}
	return f, any, nil
}

// A recordJSON is an index.Record.
type recordJSON struct {
	Owner     string       `json:"owner,omitempty"`
	ID        string       `json:"id,omitempty"`
	Version   uint64       `json:"version"`
	VIN       string       `json:"vin,omitempty"`
	Plate     *plateJSON   `json:"plate,omitempty"`
	Numbers   []numberJSON `json:"numbers,omitempty"`
	Type      string       `json:"type,omitempty"`
	Status    string       `json:"status,omitempty"`
	Make      string       `json:"make,omitempty"`
	ModelYear int          `json:"model_year,omitempty"`
	Colour    string       `json:"colour,omitempty"`
	Stolen    string       `json:"stolen,omitempty"` // YYYY-MM-DD
	Tags      []string     `json:"tags,omitempty"`
}

type plateJSON struct {
	Country string `json:"country,omitempty"`
	Text    string `json:"text"`
}

func recordOf(r *index.Record) recordJSON {
	j := recordJSON{
		Owner: r.Owner, ID: r.ID, Version: r.Version, VIN: r.VIN.String(),
		Type: r.Type.String(), Status: r.Status.String(), Make: r.Make, ModelYear: r.ModelYear,
		Colour: r.Colour, Tags: r.Tags,
	}
	if r.Plate.IsValid() {
		j.Plate = &plateJSON{r.Plate.Country(), r.Plate.Text()}
	}
	for _, n := range r.Numbers {
		j.Numbers = append(j.Numbers, numberJSON{n.Kind.String(), n.Country, n.Text})
	}
	if !r.Stolen.IsZero() {
		j.Stolen = r.Stolen.Format(time.DateOnly)
	}
	return j
}

// record reads a record as an owner sends it. Numbers are taken as they are: what
// the owner means is for the owner to say.
func (j *recordJSON) record() (r index.Record, err error) {
	if r.ID = j.ID; !goodID(r.ID) {
		return r, invalid("id", "not 1 to %d bytes of printable text", index.MaxID)
	}
	if j.Version == 0 {
		return r, invalid("version", "want 1 or more, higher than that of the record before")
	}
	r.Owner, r.Version = j.Owner, j.Version
	r.Make, r.ModelYear, r.Colour, r.Tags = j.Make, j.ModelYear, j.Colour, j.Tags
	if j.VIN != "" {
		if r.VIN, err = vin.Parse(j.VIN); err != nil {
			return r, invalid("vin", "%v", err)
		}
	}
	if j.Plate != nil {
		if r.Plate, err = plate.Parse(j.Plate.Country, j.Plate.Text); err != nil {
			return r, invalid("plate", "%v", err)
		}
	}
	for i := range j.Numbers {
		n, err := j.Numbers[i].number("numbers")
		if err != nil {
			return r, err
		}
		if _, err := n.Key(); err != nil {
			return r, invalid("numbers", "%v", err)
		}
		r.Numbers = append(r.Numbers, n)
	}
	if !r.VIN.IsValid() && !r.Plate.IsValid() && len(r.Numbers) == 0 {
		return r, invalid("vin", "the record has no number, so nobody could find it")
	}
	if r.Type, err = objectType("type", j.Type); err != nil {
		return r, err
	}
	if r.Status, err = statusOf("status", j.Status); err != nil {
		return r, err
	}
	r.Stolen, err = day("stolen", j.Stolen)
	return r, err
}

// goodID reports whether an ID of a record can stand in a path and in a log.
func goodID(id string) bool {
	if id == "" || id == "." || id == ".." || len(id) > index.MaxID || !utf8.ValidString(id) {
		return false
	}
	for _, r := range id {
		if r < ' ' || r == 0x7F || r == utf8.RuneError || r >= 0x80 && r < 0xA0 {
			return false
		}
	}
	return true
}

// numbersOf returns all numbers of a record.
func numbersOf(r *index.Record) []index.Number {
	var list []index.Number
	if r.VIN.IsValid() {
		list = append(list, index.Number{Kind: index.KindVIN, Text: r.VIN.String()})
	}
	if r.Plate.IsValid() {
		list = append(list, index.Number{Kind: index.KindPlate, Country: r.Plate.Country(), Text: r.Plate.Text()})
	}
	return append(list, r.Numbers...)
}

// masked returns numbers as they may stand in a log.
func masked(numbers []index.Number) []string {
	var list []string
	for _, n := range numbers[:min(len(numbers), 5)] {
		text := "***"
		if v, _, err := vin.Clean(n.Text); n.Kind == index.KindVIN && err == nil {
			text = v.Masked()
		}
		list = append(list, n.Kind.String()+" "+text)
	}
	return list
}

// A resultJSON is a match.Result.
type resultJSON struct {
	Remarks  []remarkJSON  `json:"remarks"`
	Findings []findingJSON `json:"findings"`
	Searched []string      `json:"searched"`
}

type remarkJSON struct {
	Read  int    `json:"read"` // from 0; -1: the query as a whole
	Code  string `json:"code"`
	Grade string `json:"grade"`
	Text  string `json:"text"`
}

type findingJSON struct {
	Record      recordJSON     `json:"record"`
	Kind        string         `json:"kind"`
	How         string         `json:"how"`
	Verdict     string         `json:"verdict"`
	Probability float64        `json:"probability"`
	Evidence    []evidenceJSON `json:"evidence"`
}

type evidenceJSON struct {
	Code     string  `json:"code"`
	Kind     string  `json:"kind,omitempty"`
	Position int     `json:"position,omitempty"`
	Read     string  `json:"read,omitempty"`
	Listed   string  `json:"listed,omitempty"`
	Bits     float64 `json:"bits"`
	Text     string  `json:"text"`
}

func resultOf(res *match.Result) resultJSON {
	j := resultJSON{Remarks: remarksOf(res.Remarks), Findings: []findingJSON{}, Searched: []string{"exact"}}
	if res.Search&match.SearchedOnce != 0 {
		j.Searched = append(j.Searched, "one_error")
	}
	if res.Search&match.SearchedTwice != 0 {
		j.Searched = append(j.Searched, "two_errors")
	}
	for i := range res.Findings {
		j.Findings = append(j.Findings, findingOf(&res.Findings[i]))
	}
	return j
}

func findingOf(f *match.Finding) findingJSON {
	j := findingJSON{
		Record: recordOf(&f.Record), Kind: f.Kind.String(), How: f.How.String(), Verdict: f.Verdict.String(),
		Probability: f.Probability, Evidence: []evidenceJSON{},
	}
	for _, e := range f.Evidence {
		kind := ""
		if e.Kind != 0 {
			kind = e.Kind.String()
		}
		j.Evidence = append(j.Evidence, evidenceJSON{e.Code.String(), kind, e.Pos, e.Read, e.Listed, e.Weight, e.Text})
	}
	return j
}

func remarksOf(list []match.Remark) []remarkJSON {
	out := []remarkJSON{}
	for _, r := range list {
		out = append(out, remarkJSON{r.Read, r.Code.String(), r.Grade.String(), r.Text})
	}
	return out
}

// A registerJSON tells which register an answer is from.
type registerJSON struct {
	Seq   uint64 `json:"seq"`             // of the last entry of the change log it has
	AsOf  string `json:"as_of,omitempty"` // it has all that the log had then
	Fresh bool   `json:"fresh"`           // that is not long ago
}

func (s *Server) register() registerJSON {
	st := s.o.Replica.Status()
	j := registerJSON{Seq: st.Position.Seq, Fresh: st.Fresh}
	if !st.AsOf.IsZero() {
		j.AsOf = st.AsOf.UTC().Format(time.RFC3339)
	}
	return j
}

func planOf(p index.Plan) *planJSON { return &planJSON{p.Path.String(), p.Expected, p.Visited} }

type planJSON struct {
	Path     string `json:"path"`
	Expected int    `json:"expected"`
	Visited  int    `json:"visited"`
}

// texts returns the texts of edits.
func texts(edits vin.Edits) []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, e := range edits {
			if !yield(e.String()) {
				return
			}
		}
	})
}
