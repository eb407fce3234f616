package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
)

// A report as a client reads it.
type gotReports struct {
	Reports []struct {
		Number uint64
		Report delayedJSON
	}
	Next    uint64
	More    bool
	Dropped uint64
}

// Who asked is told when the vehicle is listed later, once, and nobody else is.
func TestWatch(t *testing.T) {
	f := newFixture(t, Options{})
	const wanted, misread = "WBA3A5C50CF256551", "WBA3A5C5OCF256551" // the letter O for a zero
	read := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	var a watchingJSON
	f.ok(&a, "reader", "POST", "/v1/watch", fmt.Sprintf(`{"reads":[{"kind":"vin","text":%q,"score":0.9}],"channel":"camera","time":%q,"inquirer":"lane 4"}`,
		misread, read.Format(time.RFC3339)), purposeHeader+": port%20check")
	if len(a.Result.Findings) != 0 || a.Watch.ID == "" || !a.Watch.Until.Equal(read.Add(f.o.Delayed.Keep())) || !a.Register.Fresh {
		t.Errorf("asked: %+v", a)
	}
	f.ok(new(watchingJSON), "de", "POST", "/v1/watch", ask("WVWZZZ1JZ3W386799"))
	// What is listed is in the answer, as screening has it.
	var listed watchingJSON
	f.ok(&listed, "reader", "POST", "/v1/watch", ask(listedVIN))
	if len(listed.Result.Findings) != 1 || listed.Result.Findings[0].How != "exact" {
		t.Errorf("a listed one: %+v", listed.Result)
	}

	var none gotReports
	f.ok(&none, "reader", "GET", "/v1/watch/reports", "")
	if len(none.Reports) != 0 || none.Next != 0 || none.More {
		t.Errorf("reports of nothing: %+v", none)
	}
	waited := make(chan gotReports)
	go func() {
		var got gotReports
		f.ok(&got, "reader", "GET", "/v1/watch/reports?wait=60", "")
		waited <- got
	}()
	f.ok(new(storedJSON), "fr", "PUT", "/v1/owners/FR/records/new", newRecord)
	got := <-waited
	if len(got.Reports) != 1 || got.Reports[0].Number != 1 || got.Next != 1 || got.More {
		t.Fatalf("reports %+v", got)
	}
	in, found := got.Reports[0].Report.Inquiry, got.Reports[0].Report.Finding
	if in.ID != a.Watch.ID || !in.Time.Equal(read) || in.Inquirer != "lane 4" || in.Purpose != "port check" || in.Channel != "camera" ||
		len(in.Reads) != 1 || in.Reads[0] != (seenJSON{numberJSON{"vin", "", misread}, 0.9}) {
		t.Errorf("the inquiry: %+v", in)
	}
	var screened answerJSON
	f.ok(&screened, "reader", "POST", "/v1/screen", fmt.Sprintf(`{"reads":[{"kind":"vin","text":%q,"score":0.9}],"channel":"camera"}`, misread))
	if d := cmp.Diff(screened.Result.Findings, []findingJSON{found}); d != "" {
		t.Errorf("screened (-), reported (+):\n%s", d)
	}

	// Once: neither again after it, nor for the next version, nor to others.
	f.ok(new(storedJSON), "fr", "PUT", "/v1/owners/FR/records/new", strings.Replace(newRecord, `"version":5`, `"version":6`, 1))
	f.ok(new(storedJSON), "fr", "PUT", "/v1/owners/FR/records/second", newRecord)
	f.ok(&got, "reader", "GET", "/v1/watch/reports?after=1&wait=60", "")
	if len(got.Reports) != 1 || got.Reports[0].Number != 2 || got.Reports[0].Report.Finding.Record.ID != "second" || got.Next != 2 {
		t.Errorf("reports after the first: %+v", got)
	}
	f.ok(&got, "reader", "GET", "/v1/watch/reports?limit=1", "")
	if len(got.Reports) != 1 || got.Reports[0].Number != 1 || got.Next != 1 || !got.More {
		t.Errorf("one report: %+v", got)
	}
	for _, other := range []string{"de", "fr"} {
		if f.ok(&got, other, "GET", "/v1/watch/reports", ""); len(got.Reports) != 0 {
			t.Errorf("%s gets the reports of another", other)
		}
	}

	// Who saw them stands in the audit log.
	tag := audit.Tags(auditKey, index.Number{Kind: index.KindVIN, Text: misread})[0]
	count := map[string]int{}
	if _, err := audit.Verify(f.audits, auditKey, func(l *audit.Line) {
		for _, n := range l.Numbers {
			if n == tag {
				count[l.Caller+" "+l.Action]++
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if count["reader watch"] != 1 || count["reader reports"] != 3 || len(count) != 3 { // and screen
		t.Errorf("the audit log has %v", count)
	}
	metrics := string(f.do("", "GET", "/metrics", "").body)
	for _, want := range []string{"vinmatch_watch_inquiries 3", "vinmatch_watch_reports_total 2", "vinmatch_watch_reports 2", "vinmatch_watch_up 1", "vinmatch_watch_remembered_total 3"} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics do not have %s", want)
		}
	}
}

func TestWatchLimits(t *testing.T) {
	f := newFixture(t, Options{Open: true, Limits: Limits{Waits: 1}}) // 8 inquiries, 5 of a caller
	for range 5 {
		f.ok(new(watchingJSON), "fr", "POST", "/v1/watch", ask(listedVIN))
	}
	if a := f.do("fr", "POST", "/v1/watch", ask(listedVIN)); a.status != http.StatusTooManyRequests || a.code() != "many_watched" {
		t.Errorf("a sixth inquiry: %d %s", a.status, a.body)
	}
	for range 3 {
		f.ok(new(watchingJSON), "de", "POST", "/v1/watch", ask(listedVIN))
	}
	if a := f.do("de", "POST", "/v1/watch", ask(listedVIN)); a.status != http.StatusServiceUnavailable || a.code() != "full" {
		t.Errorf("a ninth inquiry: %d %s", a.status, a.body)
	}
	// Where everybody may ask, reports are for who can show that they asked.
	for _, a := range []*answer{f.do("", "POST", "/v1/watch", ask(listedVIN)), f.do("", "GET", "/v1/watch/reports", "")} {
		if a.status != http.StatusUnauthorized || a.code() != "no_token" {
			t.Errorf("without a token: %d %s", a.status, a.body)
		}
	}

	// One waits, another is refused, and at the end nobody waits.
	waited := make(chan *answer)
	go func() { waited <- f.do("fr", "GET", "/v1/watch/reports?wait=60", "") }()
	for len(f.waits) == 0 {
		time.Sleep(time.Millisecond)
	}
	if a := f.do("de", "GET", "/v1/watch/reports?wait=60", ""); a.code() != "busy" {
		t.Errorf("a second one waits: %d %s", a.status, a.body)
	}
	if a := f.do("de", "GET", "/v1/watch/reports", ""); a.status != http.StatusOK {
		t.Errorf("without waiting: %d %s", a.status, a.body)
	}
	f.Drain()
	if a := <-waited; a.status != http.StatusOK {
		t.Errorf("at the end: %d %s", a.status, a.body)
	}

	// A desk that is away does not keep others from being answered.
	f.o.Delayed.Close()
	for _, a := range []*answer{f.do("fr", "POST", "/v1/watch", ask(listedVIN)), f.do("fr", "GET", "/v1/watch/reports", "")} {
		if a.status != http.StatusServiceUnavailable || a.code() != "no_watch" {
			t.Errorf("without a desk: %d %s", a.status, a.body)
		}
	}
	f.ok(new(answerJSON), "fr", "POST", "/v1/screen", ask(listedVIN))
	if !strings.Contains(string(f.do("", "GET", "/metrics", "").body), "vinmatch_watch_up 0\n") {
		t.Error("the metrics do not say that the desk is away")
	}
}

// Who waits longer than a request may take to be sent still gets an answer.
func TestWaitLong(t *testing.T) {
	f := newFixture(t, Options{Limits: Limits{ReadTime: 50 * time.Millisecond, WriteTime: 20 * time.Second, ApplyTime: time.Millisecond}})
	var got gotReports
	f.ok(&got, "fr", "GET", "/v1/watch/reports?wait=1", "")
	if len(got.Reports) != 0 {
		t.Errorf("reports %+v", got)
	}
}
