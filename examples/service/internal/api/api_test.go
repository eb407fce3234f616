package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

const (
	listedVIN  = "1HGCM82633A004352" // FR/1
	otherVIN   = "WVWZZZ1JZ3W386752" // DE/7
	misreadVIN = "1HGCM82633AO04352" // the letter O for a zero
)

var auditKey = bytes.Repeat([]byte("k"), audit.MinKey)

// A fixture is a server with a small register, over a real connection.
type fixture struct {
	*Server
	t      *testing.T
	url    string
	log    *feed.Memory
	audits string // directory of the audit log
	logs   *lockedBuffer
	tokens map[string]string
	router routers.Router
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(t *testing.T, o Options) *fixture {
	t.Helper()
	ctx := t.Context()
	f := &fixture{t: t, log: feed.NewMemory(0), audits: t.TempDir(), logs: new(lockedBuffer), tokens: map[string]string{}}
	t.Cleanup(func() { f.log.Close() })
	record := func(owner, id, number, country, plateText string) index.Change {
		r := index.Record{
			Owner: owner, ID: id, Version: 3, VIN: vin.MustParse(number), Plate: plate.MustParse(country, plateText),
			Type: index.Car, Status: index.Stolen, Make: "Honda", Colour: "red", ModelYear: 2003,
			Stolen: time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), Tags: []string{"keyless"},
			Numbers: []index.Number{{Kind: index.KindEngine, Text: "D4CB" + id}},
		}
		return index.Change{By: owner, Op: index.Put, Record: r}
	}
	if _, err := f.log.Append(ctx, []index.Change{
		record("FR", "1", listedVIN, "FR", "AB-123-CD"), record("DE", "7", otherVIN, "DE", "B-XY 1234"),
	}); err != nil {
		t.Fatal(err)
	}
	replica, err := feed.OpenReplica(ctx, f.log, nil, feed.Options{Poll: 10 * time.Millisecond, MaxAge: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { replica.Close() })
	if err := replica.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	alog, err := audit.Open(f.audits, audit.Options{Key: auditKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alog.Close() })

	var lines string
	for _, c := range []access.Caller{
		{Name: "fr", Owner: "FR", Ask: true},
		{Name: "de", Owner: "DE", Ask: true},
		{Name: "reader", Ask: true},
		{Name: "writer", Owner: "NL"},
	} {
		token, line, err := access.New(c, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f.tokens[c.Name] = token
		lines += line + "\n"
	}
	if o.Tokens, err = access.Parse([]byte(lines)); err != nil {
		t.Fatal(err)
	}
	o.Replica, o.Log, o.Audit = replica, f.log, alog
	// No machine is too slow to be asked.
	set(&o.Limits.SearchTime, time.Minute)
	set(&o.Limits.ApplyTime, time.Minute)
	o.Logger = slog.New(slog.NewJSONHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Delayed, err = delayed.Open(t.TempDir(), delayed.Options{
		Matcher: match.New(replica.Index(), match.Options{}), Replica: replica, Log: f.log,
		Encode: EncodeReport, Most: 8, Each: 5, Logger: o.Logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Delayed.Close() })
	f.Server = New(o)
	ts := httptest.NewServer(f.Server)
	t.Cleanup(ts.Close)
	f.url = ts.URL

	text, err := files.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(ctx); err != nil {
		t.Fatal(err)
	}
	if f.router, err = legacy.NewRouter(doc); err != nil {
		t.Fatal(err)
	}
	return f
}

// state is what must not change.
func (f *fixture) state() string {
	b, err := f.log.Bounds(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return fmt.Sprint(b.Last, feed.Hash(f.o.Replica.View()))
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// code returns the code of an error.
func (a *answer) code() string {
	var e struct {
		Error problem `json:"error"`
	}
	json.Unmarshal(a.body, &e)
	return e.Error.Code
}

// do sends a request as a caller, and holds the answer to the description of the
// API. Headers are "Name: value".
func (f *fixture) do(as, method, path, body string, headers ...string) *answer {
	f.t.Helper()
	r, err := http.NewRequest(method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+f.tokens[as])
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(purposeHeader, "test")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		f.t.Fatal(err)
	}
	if a.status >= 400 && a.header.Get("Content-Type") != "application/json" {
		f.t.Errorf("%s %s: an error of type %q", method, path, a.header.Get("Content-Type"))
	}
	route, params, err := f.router.FindRoute(&http.Request{Method: method, URL: &url.URL{Path: r.URL.EscapedPath()}})
	if err != nil {
		if a.status < 400 {
			f.t.Errorf("%s %s is not described, and answered with %d", method, path, a.status)
		}
		return a
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeRequestBody: true,
	}}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header, Options: in.Options}
		out.SetBodyBytes(a.body)
		if err := openapi3filter.ValidateResponse(f.t.Context(), out); err != nil {
			f.t.Errorf("%s %s: the answer is not as described: %v", method, path, err)
		}
	}
	if a.status == http.StatusOK && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		in.Options.ExcludeRequestBody = false
		r.Body = io.NopCloser(strings.NewReader(body))
		if err := openapi3filter.ValidateRequest(f.t.Context(), in); err != nil {
			f.t.Errorf("%s %s: what was taken is not as described: %v", method, path, err)
		}
	}
	return a
}

// ok is do where the answer must be 200, and decodes it.
func (f *fixture) ok(v any, as, method, path, body string, headers ...string) {
	f.t.Helper()
	a := f.do(as, method, path, body, headers...)
	if a.status != http.StatusOK {
		f.t.Fatalf("%s %s: status %d: %s", method, path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		f.t.Fatal(err)
	}
}

func ask(text string) string { return `{"reads":[{"kind":"vin","text":"` + text + `"}]}` }

func TestDescription(t *testing.T) {
	f := newFixture(t, Options{})
	text, err := files.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	var served []string
	for _, r := range f.routes {
		served = append(served, strings.Replace(r, "{$}", "", 1))
	}
	slices.Sort(described)
	slices.Sort(served)
	if d := cmp.Diff(served, described); d != "" {
		t.Errorf("served (-), described (+):\n%s", d)
	}
	for _, path := range []string{"/", "/page.js", "/page.css", "/icon.svg", "/openapi.json", "/livez", "/readyz", "/v1/status", "/metrics"} {
		a := f.do("", "GET", path, "")
		if a.status != http.StatusOK || len(a.body) == 0 {
			t.Errorf("%s: status %d, %d bytes", path, a.status, len(a.body))
		}
		if csp := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
	}
	// Nothing of another host is named in what browsers load.
	for _, name := range []string{"index.html", "page.js", "page.css"} {
		text, err := files.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`(https?:)?//[a-z]+\.[a-z]+`).Find(text); m != nil {
			t.Errorf("%s names %s", name, m)
		}
	}
}

func TestScreen(t *testing.T) {
	f := newFixture(t, Options{})
	for _, tt := range []struct {
		why, body string
		record    string // of the first finding
		how       string
		remark    string
	}{
		{"listed", ask(listedVIN), "FR/1", "exact", ""},
		{"with separators", ask("1hgcm-82633-a004352"), "FR/1", "cleaned", ""},
		{"misread", ask(misreadVIN), "FR/1", "repaired", "malformed"},
		{"a part", ask("*004352"), "FR/1", "partial", "partial"},
		{"not listed", ask("WBA3A5C50CF256551"), "", "", ""},
		{"a plate", `{"reads":[{"kind":"plate","country":"DE","text":"b xy 1234"}]}`, "DE/7", "cleaned", ""},
		{"an engine", `{"reads":[{"kind":"engine","text":"D4CB7"}],"channel":"stamped"}`, "DE/7", "exact", ""},
		{"another owner's", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"where":{"owner":["DE"]}}`, "", "", ""},
		{"of these owners", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"where":{"owner":["DE","FR"],"status":["stolen"],"year_from":2000,"stolen_from":"2024-01-01","tag":["keyless"]}}`, "FR/1", "exact", ""},
		{"stolen later", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"where":{"stolen_from":"2024-05-07"}}`, "", "", ""},
		{"a paper of another make", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"claim":{"make":"BMW","model_year":2003,"country":"US","type":"car","colour":"red"}}`, "FR/1", "exact", "claim_make"},
		{"near numbers not wanted", `{"reads":[{"kind":"vin","text":"1HGCM82633A004353"}],"near":"never","limit":5}`, "", "", "check_mismatch"},
	} {
		var a answerJSON
		f.ok(&a, "reader", "POST", "/v1/screen", tt.body)
		record, how := "", ""
		if len(a.Result.Findings) > 0 {
			first := a.Result.Findings[0]
			record, how = first.Record.Owner+"/"+first.Record.ID, first.How
			sum := 0.0
			for _, e := range first.Evidence {
				sum += e.Bits
			}
			if len(first.Evidence) == 0 || first.Probability <= 0 {
				t.Errorf("%s: probability %v of %d reasons", tt.why, first.Probability, len(first.Evidence))
			}
		}
		if record != tt.record || how != tt.how {
			t.Errorf("%s: found %q (%s), want %q (%s)", tt.why, record, how, tt.record, tt.how)
		}
		if tt.remark != "" && !slices.ContainsFunc(a.Result.Remarks, func(r remarkJSON) bool { return r.Code == tt.remark }) {
			t.Errorf("%s: remarks %+v, want %s among them", tt.why, a.Result.Remarks, tt.remark)
		}
		if !a.Register.Fresh || a.Register.Seq == 0 {
			t.Errorf("%s: register %+v", tt.why, a.Register)
		}
	}
}

func TestExplain(t *testing.T) {
	f := newFixture(t, Options{})
	var e explainedJSON
	f.ok(&e, "reader", "POST", "/v1/explain", `{"reads":[{"kind":"vin","text":"VIN: 1HGCM-82633-A004352"},{"kind":"vin","text":"…4352"},{"kind":"plate","text":"AB?123*"},{"kind":"engine","text":"d4cb-1"}]}`)
	if len(e.Reads) != 4 || len(e.Result.Findings) == 0 {
		t.Fatalf("explained %+v", e)
	}
	if r := e.Reads[0]; r.Text != listedVIN || r.VIN == nil || r.VIN.Country != "US" || len(r.Edits) == 0 || r.Plan != nil {
		t.Errorf("of a VIN: %+v", r)
	}
	if r := e.Reads[1]; r.Class != "partial" || r.Pattern != "*4352" || r.Plan == nil || r.Plan.Visited < 1 || r.VIN != nil {
		t.Errorf("of part of a VIN: %+v", r)
	}
	if r := e.Reads[2]; r.Plan == nil || r.Plan.Path == "" {
		t.Errorf("of part of a plate: %+v", r)
	}
	if r := e.Reads[3]; r.Text != "D4CB-1" || r.Plan != nil {
		t.Errorf("of an engine: %+v", r)
	}
}

func TestSearch(t *testing.T) {
	f := newFixture(t, Options{})
	type found struct {
		Records   []recordJSON
		Truncated bool
		Plan      planJSON
	}
	for _, tt := range []struct {
		body, want string
		truncated  bool
	}{
		{`{"kind":"vin","text":"*004352"}`, "FR/1", false},
		{`{"kind":"vin","text":"004352"}`, "FR/1", false},
		{`{"kind":"vin","text":"` + otherVIN + `"}`, "DE/7", false},
		{`{"kind":"vin","text":"*3*"}`, "FR/1 DE/7", false},
		{`{"kind":"vin","text":"*3*","limit":1}`, "FR/1", true},
		{`{"kind":"vin","text":"*3*","where":{"owner":["DE"]}}`, "DE/7", false},
		{`{"kind":"plate","country":"FR","text":"AB?23*"}`, "FR/1", false},
		{`{"kind":"engine","text":"*CB7"}`, "DE/7", false},
		{`{"kind":"engine","text":"*CB8"}`, "", false},
	} {
		var a found
		f.ok(&a, "reader", "POST", "/v1/search", tt.body)
		var got []string
		for _, r := range a.Records {
			got = append(got, r.Owner+"/"+r.ID)
		}
		if strings.Join(got, " ") != tt.want || a.Truncated != tt.truncated || tt.want != "" && a.Plan.Path == "" {
			t.Errorf("%s: %v, truncated %v, plan %+v; want %s", tt.body, got, a.Truncated, a.Plan, tt.want)
		}
	}
}

func TestDecode(t *testing.T) {
	f := newFixture(t, Options{})
	var d decodedJSON
	f.ok(&d, "reader", "POST", "/v1/decode", `{"kind":"vin","text":" 1hgcm82633a004352"}`)
	if d.Text != listedVIN || d.VIN == nil || d.VIN.ModelYear != 2003 || d.VIN.CheckDigit != "3" || d.VIN.CheckComputed != "3" || d.VIN.CheckRule != "required" {
		t.Errorf("decoded %+v", d)
	}
	d = decodedJSON{}
	f.ok(&d, "reader", "POST", "/v1/decode", `{"kind":"vin","text":"N/A"}`, purposeHeader+": ")
	if d.Class != "placeholder" || d.VIN != nil || d.Problem == "" {
		t.Errorf("decoded %+v", d)
	}
	d = decodedJSON{}
	f.ok(&d, "reader", "POST", "/v1/decode", `{"kind":"plate","country":"DE","text":"b xy 1234"}`)
	if d.Text != "BXY1234" {
		t.Errorf("decoded %+v", d)
	}
}

// result reads the answer of a stream.
func result(t *testing.T, body []byte) (lines []lineJSON, sum *summaryJSON, fail *problem) {
	t.Helper()
	for text := range bytes.Lines(body) {
		var j struct {
			lineJSON
			Summary *summaryJSON `json:"summary"`
			Error   *problem     `json:"error"`
		}
		if err := json.Unmarshal(text, &j); err != nil {
			t.Fatalf("a line is no JSON: %v", err)
		}
		if sum != nil || fail != nil {
			t.Fatal("there are lines after the last one")
		}
		if sum, fail = j.Summary, j.Error; sum == nil && fail == nil {
			lines = append(lines, j.lineJSON)
		}
	}
	return lines, sum, fail
}

func TestStream(t *testing.T) {
	f := newFixture(t, Options{})
	const csv = "Content-Type: text/csv"
	const ndjson = "Content-Type: application/x-ndjson"
	var sheet, queries strings.Builder
	sheet.WriteString("vin,plate,plate_country,model_year\n")
	for i := range 1000 {
		text := fmt.Sprintf("WBA3A5C5%dCF%06d", i%10, 300000+i)
		switch i {
		case 200:
			text = listedVIN
		case 300:
			text = misreadVIN
		case 400:
			text = ""
		}
		fmt.Fprintf(&sheet, "%s,,,\n", text)
		fmt.Fprintf(&queries, `{"reads":[{"kind":"vin","text":"%s"}]}`+"\n", text)
	}
	sheet.WriteString(otherVIN + ",,,20O3\n") // a letter O
	queries.WriteString("{no JSON}\n")

	a := f.do("reader", "POST", "/v1/screen/stream", sheet.String(), csv)
	lines, sum, fail := result(t, a.body)
	if a.status != 200 || fail != nil || sum == nil || sum.Observations != 1001 || len(lines) != 1001 || sum.Unreadable != 1 || sum.Probable != 3 {
		t.Fatalf("status %d, %d lines, summary %+v, error %v", a.status, len(lines), sum, fail)
	}
	for i, l := range lines {
		if l.Line != i+2 {
			t.Fatalf("line %d stands at place %d", l.Line, i)
		}
	}
	if got := lines[200].Findings; len(got) != 1 || got[0].Record.ID != "1" || got[0].How != "exact" {
		t.Errorf("findings %+v", got)
	}
	if got := lines[300].Findings; len(got) != 1 || got[0].How != "repaired" {
		t.Errorf("findings %+v", got)
	}
	if got := lines[1000]; len(got.Findings) != 1 || got.Remarks[0].Code != "bad_cell" {
		t.Errorf("a row with a bad cell: %+v", got)
	}

	// A query alone is answered as in a stream.
	a = f.do("reader", "POST", "/v1/screen/stream", queries.String(), ndjson)
	same, sum, _ := result(t, a.body)
	if sum == nil || sum.Observations != 1001 || sum.Unreadable != 1 {
		t.Fatalf("summary %+v", sum)
	}
	for _, i := range []int{0, 200, 300, 999} {
		var one answerJSON
		f.ok(&one, "reader", "POST", "/v1/screen", strings.Split(queries.String(), "\n")[i])
		if d := cmp.Diff(one.Result.Findings, same[i].Findings); d != "" {
			t.Errorf("query %d: alone (-), in a stream (+):\n%s", i, d)
		}
	}
	if r := same[1000].Remarks; len(r) != 1 || r[0].Code != "bad_query" {
		t.Errorf("a line that is no JSON: %+v", r)
	}

	a = f.do("reader", "POST", "/v1/screen/stream?only=hits&near=never&channel=camera", sheet.String(), csv)
	if lines, sum, _ := result(t, a.body); sum == nil || sum.Observations != 1001 || len(lines) != sum.Hits || sum.Hits < 2 {
		t.Errorf("only hits: %d lines, %+v", len(lines), sum)
	}

	// Every observation stands in the audit log, as a tag.
	r, err := audit.Verify(f.audits, auditKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked, tagged := 0, 0
	want := audit.Tags(auditKey, index.Number{Kind: index.KindVIN, Text: listedVIN})[0]
	if _, err := audit.Verify(f.audits, auditKey, func(l *audit.Line) {
		if l.Action == "asked" {
			asked += l.Count
		}
		if slices.Contains(l.Numbers, want) {
			tagged++
		}
	}, r.Head); err != nil {
		t.Fatal(err)
	}
	if asked != 3*1001 || tagged < 4 {
		t.Errorf("the audit log has %d observations, and %d entries with the listed number", asked, tagged)
	}
}

// However long the numbers of a stream are, the audit log has them, in lines that can
// be read again; and what no line has room for is refused.
func TestLongNumbersInAudit(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{Body: 8 << 20}})
	f.o.Audit.Close()
	var err error
	if f.o.Audit, err = audit.Open(f.audits, audit.Options{Key: auditKey, Plain: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.o.Audit.Close() })
	read := `{"kind":"part","text":"` + strings.Repeat("<", 1000) + `"}` // 6,000 bytes as JSON
	line := `{"reads":[` + strings.Repeat(read+",", 19) + read + "]}\n"
	a := f.do("reader", "POST", "/v1/screen/stream?near=never", strings.Repeat(line, 100), "Content-Type: application/x-ndjson")
	if _, sum, fail := result(t, a.body); sum == nil || sum.Observations != 100 {
		t.Errorf("summary %+v, error %+v", sum, fail)
	}
	before := f.state()
	numbers := strings.Repeat(`{"kind":"part","text":"`+strings.Repeat("7", 200)+`"},`, 22_000)
	a = f.do("fr", "PUT", "/v1/owners/FR/records/x", `{"version":1,"numbers":[`+numbers[:len(numbers)-1]+"]}")
	if a.status != http.StatusRequestEntityTooLarge || a.code() != "too_large" || f.state() != before {
		t.Errorf("a change with many numbers: %d %s", a.status, a.body)
	}
	asked := 0
	if _, err := audit.Verify(f.audits, auditKey, func(l *audit.Line) {
		if l.Action == "asked" {
			asked += len(l.Numbers)
		}
	}); err != nil || asked != 2000 {
		t.Errorf("%d numbers of 2,000 stand in the audit log: %v", asked, err)
	}
}

// A stream that breaks off says so in its last line, in the place of a summary.
func TestStreamBreaksOff(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{Observations: 10, Stream: 80_000}})
	for _, tt := range []struct{ why, typ, body, code string }{
		{"too many", "text/csv", "vin\n" + strings.Repeat(listedVIN+"\n", 11), "too_many"},
		{"too large", "application/x-ndjson", strings.Repeat(" \n", 50_000), "too_large"},
		{"a long line", "application/x-ndjson", `{"reads":` + strings.Repeat(" ", 70_000), "long_line"},
	} {
		a := f.do("reader", "POST", "/v1/screen/stream", tt.body, "Content-Type: "+tt.typ)
		_, sum, fail := result(t, a.body)
		if sum != nil || fail == nil || fail.Code != tt.code {
			t.Errorf("%s: summary %v, error %+v", tt.why, sum, fail)
		}
	}
	for _, tt := range []struct{ why, typ, path, body, code string }{
		{"no sheet", "text/csv", "", "no,header\n", "bad_sheet"},
		{"no type", "image/png", "", "vin\n", "bad_type"},
		{"no channel", "text/csv", "?channel=guess", "vin\n", "invalid"},
		{"no near", "text/csv", "?near=here", "vin\n", "invalid"},
		{"no only", "text/csv", "?only=some", "vin\n", "invalid"},
	} {
		if a := f.do("reader", "POST", "/v1/screen/stream"+tt.path, tt.body, "Content-Type: "+tt.typ); a.code() != tt.code {
			t.Errorf("%s: %d %s", tt.why, a.status, a.body)
		}
	}
}

const newRecord = `{"version":5,"vin":"WBA3A5C50CF256551","plate":{"country":"NL","text":"AB-12-CD"},"numbers":[{"kind":"engine","text":"N47D20A"}],` +
	`"type":"car","status":"stolen","make":"BMW","model_year":2012,"colour":"black","stolen":"2025-01-02","tags":["keyless"]}`

func TestChange(t *testing.T) {
	f := newFixture(t, Options{})
	count := func() int {
		var a answerJSON
		f.ok(&a, "reader", "POST", "/v1/screen", ask("WBA3A5C50CF256551"))
		return len(a.Result.Findings)
	}
	var s storedJSON
	f.ok(&s, "fr", "PUT", "/v1/owners/FR/records/new%2F1%20%C3%A9", newRecord)
	if !s.Visible || s.Outcome != "current" || s.Seq != 2 {
		t.Errorf("stored %+v", s)
	}
	if count() != 1 {
		t.Error("the record is not found")
	}
	f.ok(&s, "fr", "PUT", "/v1/owners/FR/records/new%2F1%20%C3%A9", newRecord) // the same again
	if s.Outcome != "current" || count() != 1 {
		t.Errorf("sent again: %+v", s)
	}
	before := f.state()
	a := f.do("fr", "PUT", "/v1/owners/FR/records/new%2F1%20%C3%A9", strings.Replace(newRecord, "black", "white", 1))
	if a.status != http.StatusConflict || a.code() != "version_conflict" || f.state() != before {
		t.Errorf("another content under the same version: %d %s", a.status, a.body)
	}
	s = storedJSON{}
	f.ok(&s, "fr", "PUT", "/v1/owners/FR/records/new%2F1%20%C3%A9", strings.Replace(newRecord, `"version":5`, `"version":4`, 1))
	if s.Outcome != "stale" || count() != 1 {
		t.Errorf("an older version: %+v", s)
	}
	s = storedJSON{}
	f.ok(&s, "fr", "DELETE", "/v1/owners/FR/records/new%2F1%20%C3%A9?version=6", "")
	if !s.Visible || count() != 0 {
		t.Errorf("withdrawn: %+v", s)
	}
	f.ok(&s, "fr", "PUT", "/v1/owners/FR/records/new%2F1%20%C3%A9", newRecord)
	if count() != 0 {
		t.Error("an older version brought a withdrawn record back")
	}

	s = storedJSON{}
	f.ok(&s, "writer", "POST", "/v1/changes", `{"changes":[{"op":"put","record":{"id":"a","version":1,"vin":"WBA3A5C50CF256551"}},`+
		`{"op":"put","record":{"owner":"NL","id":"b","version":1,"vin":"WBA3A5C50CF256551"}},{"op":"withdraw","record":{"id":"a","version":2}}]}`)
	if !s.Visible || count() != 1 {
		t.Errorf("many: %+v, %d found", s, count())
	}
}

// Whatever is refused has an error that says why and quotes nothing, and changes
// nothing.
func TestRefused(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{Body: 100_000, Changes: 2, Reads: 2}})
	const put = "/v1/owners/FR/records/x"
	record := func(more string) string { return `{"version":9,"vin":"` + listedVIN + `"` + more + `}` }
	change := func(c string) string { return `{"changes":[` + c + `]}` }
	before := f.state()
	for _, tt := range []struct {
		why, as, method, path, body string
		status                      int
		code                        string
		headers                     []string
	}{
		{"no token", "", "POST", "/v1/screen", ask(listedVIN), 401, "no_token", nil},
		{"no token, change", "", "PUT", put, record(""), 401, "no_token", nil},
		{"bad token", "", "PUT", put, record(""), 401, "bad_token", []string{"Authorization: Bearer vmt_wrong"}},
		{"a password", "", "PUT", put, record(""), 401, "bad_token", []string{"Authorization: Basic Zm9vOmJhcg=="}},
		{"may not ask", "writer", "POST", "/v1/screen", ask(listedVIN), 403, "may_not_ask", nil},
		{"may not change", "reader", "PUT", put, record(""), 403, "no_owner", nil},
		{"wrong owner", "de", "PUT", put, record(""), 403, "wrong_owner", nil},
		{"wrong owner, in another case", "fr", "PUT", "/v1/owners/fr/records/x", record(""), 403, "wrong_owner", nil},
		{"wrong owner withdraws", "de", "DELETE", "/v1/owners/FR/records/1?version=9", "", 403, "wrong_owner", nil},
		{"wrong owner among many", "de", "POST", "/v1/changes", change(`{"op":"put","record":{"id":"a","version":1,"vin":"` + otherVIN + `"}},{"op":"withdraw","record":{"owner":"FR","id":"1","version":9}}`), 403, "wrong_owner", nil},
		{"owner in the record", "de", "PUT", "/v1/owners/DE/records/x", record(`,"owner":"FR"`), 422, "invalid", nil},
		{"id in the record", "fr", "PUT", put, record(`,"id":"1"`), 422, "invalid", nil},
		{"no purpose", "fr", "POST", "/v1/screen", ask(listedVIN), 400, "no_purpose", []string{purposeHeader + ":  "}},
		{"a purpose that would break a log", "fr", "POST", "/v1/screen", ask(listedVIN), 400, "bad_purpose", []string{purposeHeader + ": a%0Ab"}},
		{"a long purpose", "fr", "POST", "/v1/screen", ask(listedVIN), 400, "bad_purpose", []string{purposeHeader + ": " + strings.Repeat("a", 300)}},
		{"another site", "fr", "PUT", put, record(""), 403, "cross_origin", []string{"Sec-Fetch-Site: cross-site"}},
		{"another origin", "fr", "PUT", put, record(""), 403, "cross_origin", []string{"Origin: https://example.org"}},

		{"oversized", "fr", "PUT", put, record(strings.Repeat(" ", 100_000)), 413, "too_large", nil},
		{"oversized question", "fr", "POST", "/v1/screen", strings.Repeat("[", 200_000), 413, "too_large", nil},
		{"no type", "fr", "PUT", put, record(""), 415, "bad_type", []string{"Content-Type: text/plain"}},
		{"a form", "fr", "PUT", put, record(""), 415, "bad_type", []string{"Content-Type: application/x-www-form-urlencoded"}},

		{"empty", "fr", "PUT", put, "", 400, "bad_json", nil},
		{"cut", "fr", "PUT", put, record("")[:30], 400, "bad_json", nil},
		{"deep", "fr", "PUT", put, strings.Repeat("[", 50_000), 400, "bad_json", nil},
		{"deep objects", "fr", "PUT", put, strings.Repeat(`{"plate":`, 9_000), 400, "bad_json", nil},
		{"two values", "fr", "PUT", put, record("") + record(""), 400, "bad_json", nil},
		{"not UTF-8", "fr", "PUT", put, record(`,"make":"` + "\xff\xfe" + `"`), 400, "bad_json", nil},
		{"unknown member", "fr", "PUT", put, record(`,"` + listedVIN + `":1`), 400, "bad_json", nil},
		{"a number for a text", "fr", "PUT", put, record(`,"make":7`), 400, "bad_json", nil},
		{"a huge number", "fr", "PUT", put, `{"version":1e400,"vin":"` + listedVIN + `"}`, 400, "bad_json", nil},
		{"a negative version", "fr", "PUT", put, `{"version":-1,"vin":"` + listedVIN + `"}`, 400, "bad_json", nil},
		{"null", "fr", "PUT", put, "null", 422, "invalid", nil},

		{"no version", "fr", "PUT", put, `{"vin":"` + listedVIN + `"}`, 422, "invalid", nil},
		{"no VIN", "fr", "PUT", put, record("")[:13] + `"vin":"` + misreadVIN + `"}`, 422, "invalid", nil},
		{"no number", "fr", "PUT", put, `{"version":1}`, 422, "invalid", nil},
		{"no plate", "fr", "PUT", put, record(`,"plate":{"country":"XX","text":"AB"}`), 422, "invalid", nil},
		{"no kind", "fr", "PUT", put, record(`,"numbers":[{"kind":"` + listedVIN + `","text":"1"}]`), 422, "invalid", nil},
		{"an empty number", "fr", "PUT", put, record(`,"numbers":[{"kind":"engine","text":"--"}]`), 422, "invalid", nil},
		{"no type of vehicle", "fr", "PUT", put, record(`,"type":"rocket"`), 422, "invalid", nil},
		{"no status", "fr", "PUT", put, record(`,"status":"gone"`), 422, "invalid", nil},
		{"no date", "fr", "PUT", put, record(`,"stolen":"yesterday"`), 422, "invalid", nil},
		{"a long make", "fr", "PUT", put, record(`,"make":"` + strings.Repeat("a", 2000) + `"`), 422, "invalid", nil},
		{"many tags", "fr", "PUT", put, record(`,"tags":[` + strings.Repeat(`"a",`, 300) + `"b"]`), 422, "invalid", nil},
		{"a long id", "fr", "PUT", "/v1/owners/FR/records/" + strings.Repeat("x", 256), record(""), 422, "invalid", nil},
		{"too many changes", "fr", "POST", "/v1/changes", change(strings.Repeat(`{"op":"withdraw","record":{"id":"1","version":9}},`, 2) + `{"op":"withdraw","record":{"id":"1","version":9}}`), 422, "invalid", nil},
		{"no changes", "fr", "POST", "/v1/changes", change(""), 422, "invalid", nil},
		{"no op", "fr", "POST", "/v1/changes", change(`{"op":"erase","record":{"id":"1","version":9}}`), 422, "invalid", nil},
		{"one of two", "fr", "POST", "/v1/changes", change(`{"op":"withdraw","record":{"id":"1","version":9}},{"op":"put","record":{"id":"1"}}`), 422, "invalid", nil},
		{"withdraw without version", "fr", "DELETE", "/v1/owners/FR/records/1", "", 422, "invalid", nil},
		{"too many reads", "fr", "POST", "/v1/screen", `{"reads":[{"kind":"vin","text":"1"},{"kind":"vin","text":"2"},{"kind":"vin","text":"3"}]}`, 422, "invalid", nil},
		{"no reads", "fr", "POST", "/v1/screen", `{}`, 422, "invalid", nil},
		{"a score", "fr", "POST", "/v1/screen", `{"reads":[{"kind":"vin","text":"1","score":2}]}`, 422, "invalid", nil},
		{"a limit", "fr", "POST", "/v1/search", `{"kind":"vin","text":"*1","limit":100000}`, 422, "invalid", nil},
		{"no pattern", "fr", "POST", "/v1/search", `{"kind":"vin","text":"!!!"}`, 422, "invalid", nil},
		{"a long text", "fr", "POST", "/v1/search", `{"kind":"vin","text":"` + strings.Repeat("1", 2000) + `"}`, 422, "invalid", nil},
		{"many values", "fr", "POST", "/v1/search", `{"kind":"vin","text":"*1","where":{"owner":[` + strings.Repeat(`"FR",`, 200) + `"DE"]}}`, 422, "invalid", nil},

		{"watch without a token", "", "POST", "/v1/watch", ask(listedVIN), 401, "no_token", nil},
		{"watch with a bad token", "", "POST", "/v1/watch", ask(listedVIN), 401, "bad_token", []string{"Authorization: Bearer vmt_wrong"}},
		{"watch, and may not ask", "writer", "POST", "/v1/watch", ask(listedVIN), 403, "may_not_ask", nil},
		{"watch without a purpose", "fr", "POST", "/v1/watch", ask(listedVIN), 400, "no_purpose", []string{purposeHeader + ": "}},
		{"watch, oversized", "fr", "POST", "/v1/watch", strings.Repeat("[", 200_000), 413, "too_large", nil},
		{"watch, deep", "fr", "POST", "/v1/watch", strings.Repeat(`{"reads":[`, 9_000), 400, "bad_json", nil},
		{"watch with a filter", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"1"}],"where":{"owner":["FR"]}}`, 400, "bad_json", nil},
		{"watch nothing", "fr", "POST", "/v1/watch", `{}`, 422, "invalid", nil},
		{"watch no number", "fr", "POST", "/v1/watch", ask("N/A"), 422, "invalid", nil},
		{"watch nearly everything", "fr", "POST", "/v1/watch", ask("*123*"), 422, "invalid", nil},
		{"watch every plate", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"plate","text":"A*"}]}`, 422, "invalid", nil},
		{"watch too much", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"1"},{"kind":"vin","text":"2"},{"kind":"vin","text":"3"}]}`, 422, "invalid", nil},
		{"watch from tomorrow on", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"time":"` + time.Now().AddDate(0, 0, 1).Format(time.RFC3339) + `"}`, 422, "invalid", nil},
		{"watch what was read long ago", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"time":"2020-01-01T00:00:00Z"}`, 422, "invalid", nil},
		{"watch what was read sometime", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"time":"` + listedVIN + `"}`, 422, "invalid", nil},
		{"a long inquirer", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"inquirer":"` + strings.Repeat("a", 201) + `"}`, 422, "invalid", nil},
		{"an inquirer that would break a log", "fr", "POST", "/v1/watch", `{"reads":[{"kind":"vin","text":"` + listedVIN + `"}],"inquirer":"a\u0000b"}`, 422, "invalid", nil},
		{"reports without a token", "", "GET", "/v1/watch/reports", "", 401, "no_token", nil},
		{"reports with a bad token", "", "GET", "/v1/watch/reports", "", 401, "bad_token", []string{"Authorization: Bearer vmt_wrong"}},
		{"reports, and may not ask", "writer", "GET", "/v1/watch/reports", "", 403, "may_not_ask", nil},
		{"reports to come", "fr", "GET", "/v1/watch/reports?after=1", "", 422, "invalid", nil},
		{"reports after what", "fr", "GET", "/v1/watch/reports?after=" + listedVIN, "", 422, "invalid", nil},
		{"very many reports", "fr", "GET", "/v1/watch/reports?limit=1001", "", 422, "invalid", nil},
		{"a long wait", "fr", "GET", "/v1/watch/reports?wait=61", "", 422, "invalid", nil},
		{"a negative wait", "fr", "GET", "/v1/watch/reports?wait=-1", "", 422, "invalid", nil},
		{"reports of another path", "fr", "GET", "/v1/watch/reports/fr", "", 404, "not_found", nil},
		{"reports, path tricks", "fr", "GET", "/v1/watch/../watch/reports", "", 400, "bad_path", nil},

		{"another method", "fr", "POST", put, record(""), 405, "bad_method", nil},
		{"nothing there", "fr", "GET", "/v2/screen", "", 404, "not_found", nil},
		{"up", "de", "PUT", "/v1/owners/DE/records/../../FR/records/1", record(""), 400, "bad_path", nil},
		{"up, encoded", "de", "PUT", "/v1/owners/DE/records/..%2F..%2FFR%2Frecords%2F1/../1", record(""), 400, "bad_path", nil},
		{"only up", "fr", "PUT", "/v1/owners/FR/records/%2e%2e", record(""), 422, "invalid", nil},
		{"double slash", "fr", "PUT", "/v1//owners/FR/records/1", record(""), 400, "bad_path", nil},
		{"slash at the end", "fr", "PUT", put + "/", record(""), 400, "bad_path", nil},
		{"more segments", "fr", "PUT", put + "/y", record(""), 404, "not_found", nil},
		{"NUL", "fr", "PUT", "/v1/owners/FR/records/a%00b", record(""), 422, "invalid", nil},
		{"line break", "fr", "PUT", "/v1/owners/FR/records/a%0Ab", record(""), 422, "invalid", nil},
		{"not UTF-8 in the path", "fr", "PUT", "/v1/owners/FR/records/%ff", record(""), 422, "invalid", nil},
		{"a file", "fr", "GET", "/page/../../api.go", "", 400, "bad_path", nil},
		{"a file, encoded", "fr", "GET", "/%2e%2e/api.go", "", 404, "not_found", nil},
		{"a folder", "fr", "GET", "/page/", "", 400, "bad_path", nil},
	} {
		a := f.do(tt.as, tt.method, tt.path, tt.body, tt.headers...)
		if a.status != tt.status || a.code() != tt.code {
			t.Errorf("%s: %d %.200s, want %d %s", tt.why, a.status, a.body, tt.status, tt.code)
		}
		if bytes.Contains(a.body, []byte(listedVIN)) || bytes.Contains(a.body, []byte(misreadVIN)) {
			t.Errorf("%s: the error quotes a number", tt.why)
		}
		if after := f.state(); after != before {
			t.Fatalf("%s: something changed", tt.why)
		}
	}
	// After all that it works.
	var s storedJSON
	f.ok(&s, "fr", "PUT", put, record(""))
}

// A client that does not send what it began to is let go, and what it sent counts
// for nothing.
func TestSlowClient(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{ReadTime: 200 * time.Millisecond}})
	before := f.state()
	for _, tt := range []struct{ why, head, part, want string }{
		{"a record", "PUT /v1/owners/FR/records/x HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n", `{"version":9,"vin":"` + listedVIN + `"`, `"code":"slow"`},
		{"a question", "POST /v1/screen HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n", `{"reads"`, `"code":"slow"`},
		{"a sheet", "POST /v1/screen/stream HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 500\r\n", "vin\n" + listedVIN + "\n", `"code":"slow"`},
		{"a sheet without its header", "POST /v1/screen/stream HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 500\r\n", "vi", `"code":"slow"`},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%sHost: localhost\r\nAuthorization: Bearer %s\r\n%s: test\r\n\r\n%s", tt.head, f.tokens["fr"], purposeHeader, tt.part)
		conn.SetReadDeadline(time.Now().Add(5 * time.Minute))
		answer, err := io.ReadAll(conn) // ends because the server closes
		conn.Close()
		if err != nil || !bytes.Contains(answer, []byte(tt.want)) {
			t.Errorf("%s: %v: %s", tt.why, err, answer)
		}
	}
	if f.state() != before {
		t.Error("something changed")
	}
}

// A stream is answered although its client sends all of it before it reads.
func TestStreamToClientThatReadsLast(t *testing.T) {
	f := newFixture(t, Options{})
	const n = 20_000
	body := "vin\n" + strings.Repeat(listedVIN+"\n", n) // far more in answer than sockets hold
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Minute))
	fmt.Fprintf(conn, "POST /v1/screen/stream?near=never HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/csv\r\nAuthorization: Bearer %s\r\n%s: test\r\nContent-Length: %d\r\n\r\n",
		f.tokens["fr"], purposeHeader, len(body))
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`{"summary":{"observations":%d,"hits":%d,`, n, n); !bytes.Contains(got, []byte(want)) {
		t.Errorf("the answer ends in %.300s", got[max(0, len(got)-300):])
	}
}

func TestReady(t *testing.T) {
	f := newFixture(t, Options{})
	var r readyJSON
	f.ok(&r, "", "GET", "/readyz", "")
	if !r.Ready {
		t.Fatalf("readiness %+v", r)
	}
	f.log.Close()
	deadline := time.Now().Add(time.Minute)
	for f.do("", "GET", "/readyz", "").status == http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("ready with a log that is away")
		}
		time.Sleep(5 * time.Millisecond)
	}
	var a answerJSON
	f.ok(&a, "reader", "POST", "/v1/screen", ask(listedVIN))
	if a.Register.Fresh || len(a.Result.Findings) != 1 {
		t.Errorf("of a stale register: %+v", a.Register)
	}
	if a := f.do("fr", "PUT", "/v1/owners/FR/records/x", newRecord); a.status != 503 || a.code() != "unknown_outcome" {
		t.Errorf("a change that cannot be stored: %d %s", a.status, a.body)
	}
	if f.do("", "GET", "/livez", "").status != http.StatusOK {
		t.Error("not live")
	}

	f = newFixture(t, Options{})
	f.Drain()
	if a := f.do("", "GET", "/readyz", ""); a.status != 503 || !bytes.Contains(a.body, []byte("shutting down")) {
		t.Errorf("while it ends: %d %s", a.status, a.body)
	}
}

// A failing log takes no changes.
type failing struct {
	feed.Log
	err error
}

func (l *failing) Append(ctx context.Context, list []index.Change) (index.Position, error) {
	if l.err != nil {
		return index.Position{}, l.err
	}
	return l.Log.Append(ctx, list)
}

// Who looks is told that changes cannot be stored, and that they can again.
func TestUnwritable(t *testing.T) {
	f := newFixture(t, Options{})
	log := &failing{Log: f.log}
	f.o.Log = log
	for _, err := range []error{&feed.LogError{Err: feed.ErrFailed}, nil, fmt.Errorf("disk on fire"), nil} {
		log.err = err
		a := f.do("fr", "PUT", "/v1/owners/FR/records/x", newRecord)
		var r readyJSON
		f.ok(&r, "", "GET", "/readyz", "")
		metrics := string(f.do("", "GET", "/metrics", "").body)
		if err == nil {
			if a.status != 200 || !r.Ready || r.Reason != "" || !strings.Contains(metrics, "vinmatch_log_writable 1") {
				t.Errorf("a log that works: %d %s, %+v", a.status, a.body, r)
			}
			continue
		}
		if a.status != 503 || a.code() != "unknown_outcome" || !bytes.Contains(a.body, []byte("cannot be written")) {
			t.Errorf("%v: %d %s", err, a.status, a.body)
		}
		if !r.Ready || !strings.Contains(r.Reason, "cannot be written") || !strings.Contains(metrics, "vinmatch_log_writable 0") {
			t.Errorf("%v: %+v", err, r)
		}
	}
}

// Nothing is answered, and nothing changed, that the audit log does not have.
func TestNoAudit(t *testing.T) {
	f := newFixture(t, Options{})
	f.o.Audit.Close()
	before := f.state()
	for _, a := range []*answer{
		f.do("fr", "POST", "/v1/screen", ask(listedVIN)),
		f.do("fr", "POST", "/v1/explain", ask(listedVIN)),
		f.do("fr", "POST", "/v1/search", `{"kind":"vin","text":"*4352"}`),
		f.do("fr", "POST", "/v1/watch", ask(listedVIN)),
		f.do("fr", "GET", "/v1/watch/reports", ""),
		f.do("fr", "PUT", "/v1/owners/FR/records/x", newRecord),
		f.do("fr", "DELETE", "/v1/owners/FR/records/1?version=9", ""),
	} {
		if a.status != 503 || a.code() != "no_audit" || bytes.Contains(a.body, []byte("findings")) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	a := f.do("fr", "POST", "/v1/screen/stream", "vin\n"+listedVIN+"\n", "Content-Type: text/csv")
	if bytes.Contains(a.body, []byte(`"findings"`)) || !bytes.Contains(a.body, []byte(`no_audit`)) {
		t.Errorf("a stream: %s", a.body)
	}
	if f.state() != before {
		t.Error("something changed")
	}
	if f.do("", "GET", "/readyz", "").status == http.StatusOK {
		t.Error("ready")
	}
}

// Numbers stand in no log, no metric and no audit log, and owners' names and
// purposes in no metric.
func TestPrivacy(t *testing.T) {
	f := newFixture(t, Options{})
	f.do("fr", "POST", "/v1/screen", ask(listedVIN), purposeHeader+": my%20secret%20purpose")
	f.do("fr", "POST", "/v1/screen", ask(misreadVIN))
	f.do("fr", "POST", "/v1/explain", `{"reads":[{"kind":"plate","text":"AB-123-CD"}]}`)
	f.do("fr", "POST", "/v1/search", `{"kind":"engine","text":"D4CB1"}`)
	f.do("fr", "POST", "/v1/watch", ask("WBA3A5C50CF256551"))
	f.do("fr", "PUT", "/v1/owners/FR/records/x", newRecord)
	if a := f.do("fr", "GET", "/v1/watch/reports?wait=60", ""); !bytes.Contains(a.body, []byte("CF256551")) {
		t.Errorf("no report: %s", a.body)
	}
	f.do("de", "PUT", "/v1/owners/FR/records/x", newRecord)
	f.do("fr", "POST", "/v1/screen/stream", "vin\n"+listedVIN+"\n", "Content-Type: text/csv")
	f.do("fr", "GET", "/"+listedVIN, "")

	metrics := string(f.do("", "GET", "/metrics", "").body)
	logs := f.logs.String()
	var audits string
	names, _ := filepath.Glob(filepath.Join(f.audits, "*"))
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		audits += string(b)
	}
	for where, text := range map[string]string{"the logs": logs, "the metrics": metrics, "the audit log": audits} {
		for _, secret := range []string{"004352", "O04352", "AB-123-CD", "AB123CD", "D4CB1", "CF256551", "N47D20A"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s hold %s", where, secret)
			}
		}
		for _, token := range f.tokens {
			if strings.Contains(text, token) {
				t.Errorf("%s hold a token", where)
			}
		}
	}
	if strings.Contains(metrics, `"fr"`) || strings.Contains(metrics, "secret") || !strings.Contains(metrics, `vinmatch_requests_total{code="200",route="POST /v1/screen"} 2`) {
		t.Error("the metrics name a caller, or do not count")
	}
	for _, want := range []string{"1HG**************", `"route":"POST /v1/screen"`, `"caller":"fr"`} {
		if !strings.Contains(logs, want) {
			t.Errorf("the logs do not hold %s", want)
		}
	}
	for _, want := range []string{`"purpose":"my secret purpose"`, `"action":"screen"`, `"action":"put"`, `"action":"put done"`, `"record":"x"`, `"action":"watch"`, `"action":"watch done"`, `"outcome":"remembered"`, `"action":"reports"`, `"outcome":"stored"`} {
		if !strings.Contains(audits, want) {
			t.Errorf("the audit log does not hold %s", want)
		}
	}
	if _, err := audit.Verify(f.audits, auditKey, nil, f.o.Audit.Head()); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{Rate: 1, Streams: 1, SearchTime: time.Nanosecond}, Open: true})
	if a := f.do("", "POST", "/v1/search", `{"kind":"vin","text":"*3*"}`); a.code() != "too_broad" && a.code() != "busy" {
		t.Errorf("a search without time: %d %s", a.status, a.body)
	}
	limited := false
	for range 20 { // far more than one a second
		a := f.do("", "POST", "/v1/decode", `{"kind":"vin","text":"1"}`)
		limited = limited || a.status == http.StatusTooManyRequests && a.code() == "rate"
	}
	if !limited {
		t.Error("no limit on the rate")
	}

	f = newFixture(t, Options{Limits: Limits{Streams: 1}})
	in, out := io.Pipe()
	r, err := http.NewRequest("POST", f.url+"/v1/screen/stream", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/csv")
	r.Header.Set("Authorization", "Bearer "+f.tokens["fr"])
	r.Header.Set(purposeHeader, "test")
	done := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		done <- err
	}()
	io.WriteString(out, "vin\n")
	for len(f.streams) == 0 {
		time.Sleep(time.Millisecond)
	}
	if a := f.do("fr", "POST", "/v1/screen/stream", "vin\n", "Content-Type: text/csv"); a.code() != "busy" {
		t.Errorf("a second stream: %d %s", a.status, a.body)
	}
	out.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Tokens change while requests run, and none of a valid caller fails.
func TestSetTokens(t *testing.T) {
	f := newFixture(t, Options{})
	with := f.Server.tokens.Load()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			f.SetTokens(with)
			token, line, _ := access.New(access.Caller{Name: "extra", Ask: true}, time.Time{})
			_, _ = token, line
		}
	})
	for range 200 {
		var a answerJSON
		f.ok(&a, "fr", "POST", "/v1/screen", ask(listedVIN))
	}
	cancel()
	wg.Wait()
	f.SetTokens(new(access.Tokens))
	if a := f.do("fr", "POST", "/v1/screen", ask(listedVIN)); a.status != 401 {
		t.Errorf("a token that was taken away: %d", a.status)
	}
	if a := f.do("", "POST", "/v1/screen", ask(listedVIN)); a.status != 401 {
		t.Errorf("without a token: %d", a.status)
	}
}

func FuzzBodies(f *testing.F) {
	f.Add([]byte(ask(listedVIN)))
	f.Add([]byte(newRecord))
	f.Add([]byte(`{"reads":[{"kind":"plate","country":"DE","text":"?"}],"where":{"owner":["FR"],"stolen_to":"2024-01-01"},"claim":{"type":"car"}}`))
	s := &Server{limits: Limits{}.withDefaults()}
	f.Fuzz(func(t *testing.T, b []byte) {
		var q queryJSON
		if decodeJSON(b, &q) == nil {
			s.query(&q)
		}
		var w watchJSON
		if decodeJSON(b, &w) == nil {
			s.query(&queryJSON{askedJSON: w.askedJSON})
			w.time(time.Hour)
		}
		var r recordJSON
		if decodeJSON(b, &r) == nil {
			r.ID = "1"
			rec, err := r.record()
			if err != nil {
				return
			}
			// What is taken says the same when it is shown.
			back := recordOf(&rec)
			again, err := back.record()
			if err != nil || !same(&rec, &again) {
				t.Errorf("a record changes when it is shown: %v", err)
			}
		}
	})
}
