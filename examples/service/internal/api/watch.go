package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
)

// A watchJSON is an inquiry that is to be remembered.
type watchJSON struct {
	askedJSON
	Time     string `json:"time"`     // when it was read; empty: now
	Inquirer string `json:"inquirer"` // the caller's own
}

// A watchingJSON answers one.
type watchingJSON struct {
	answerJSON
	Watch receiptJSON `json:"watch"`
}

type receiptJSON struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

const (
	maxInquirer = 200 // bytes
	// minKnown is how many characters of a number that was read in part must be
	// known: fewer fit too many records to come.
	minKnown = 4
	// maxWait is how long a client may wait for a report.
	maxWait = time.Minute
	// clockSkew is how far the clock of a client may be ahead.
	clockSkew = time.Minute
)

// desk returns who takes inquiries, if it can.
func (s *Server) desk(c *call) (*delayed.Desk, error) {
	switch d := s.o.Delayed; {
	case d == nil || d.Err() != nil:
		return nil, problemf(http.StatusServiceUnavailable, "no_watch", "inquiries cannot be remembered here now")
	case c.anonymous:
		// Whoever comes without a token next would get the reports.
		return nil, s.denied(problemf(http.StatusUnauthorized, "no_token", "reports are for who asked, which takes a token: Authorization: Bearer ..."))
	default:
		return d, nil
	}
}

// watch answers one query, and remembers it.
func (s *Server) watch(c *call, w http.ResponseWriter, r *http.Request) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	var j watchJSON
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	q, _, err := s.query(&queryJSON{askedJSON: j.askedJSON})
	if err != nil {
		return err
	}
	at, err := j.time(d.Keep())
	if err != nil {
		return err
	}
	if len(j.Inquirer) > maxInquirer || strings.ContainsFunc(j.Inquirer, unicode.IsControl) {
		return invalid("inquirer", "not at most %d bytes of text", maxInquirer)
	}
	for _, read := range q.Reads {
		if like, ok := pattern(read.Number); ok && known(like.Text) < minKnown {
			return invalid("reads.text", "fewer than %d characters are known: that fits too many records to come", minKnown)
		}
	}
	c.numbers = numbersRead(&q)
	e := audit.Entry{Action: "watch", Numbers: s.tags(c.numbers), Count: 1}
	if err := s.audit(c, &e); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.limits.SearchTime, errTooBroad)
	defer cancel()
	a := watchingJSON{answerJSON: answerJSON{Register: s.register()}} // of what it has at least
	start := time.Now()
	res, receipt, err := d.Ask(ctx, delayed.Who{Caller: c.caller.Name, Inquirer: j.Inquirer, Purpose: c.purpose}, q, at)
	a.Took = time.Since(start).Microseconds()
	err = watchError(ctx, &res, err)
	done := audit.Entry{Action: "watch done", Found: len(res.Findings), Outcome: "remembered"}
	if err != nil {
		done.Found, done.Outcome = 0, "refused"
		if err == errUnknown {
			done.Outcome = "unknown"
		}
	}
	if err := errors.Join(err, s.audit(c, &done)); err != nil {
		return err
	}
	s.metrics.observe(&res)
	a.Result = resultOf(&res)
	a.Watch = receiptJSON{receipt.ID, receipt.Until.UTC()}
	return respond(w, http.StatusOK, a)
}

// watchError returns the error of an inquiry for the client.
func watchError(ctx context.Context, res *match.Result, err error) error {
	switch {
	case err == nil && res.Err != nil:
		return invalid("reads", "%v", res.Err)
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, delayed.ErrNothing):
		return invalid("reads", "nothing was read that a record could have")
	case errors.Is(err, match.ErrInquiryTooLarge):
		return invalid("reads", "too much to be remembered")
	case errors.Is(err, delayed.ErrMany):
		return problemf(http.StatusTooManyRequests, "many_watched", "as many inquiries of this caller are remembered as one may have")
	case errors.Is(err, delayed.ErrFull):
		return problemf(http.StatusServiceUnavailable, "full", "as many inquiries are remembered as there is room for")
	default:
		return errUnknown
	}
}

// time returns when the numbers were read.
func (j *watchJSON) time(keep time.Duration) (time.Time, error) {
	if j.Time == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, j.Time)
	switch age := time.Since(t); {
	case err != nil:
		return t, invalid("time", "not a time such as 2024-12-31T23:59:59Z")
	case age < -clockSkew:
		return t, invalid("time", "it is yet to come")
	case age >= keep:
		return t, invalid("time", "longer ago than inquiries are kept: %v", keep)
	}
	return t, nil
}

// known returns how many characters of a pattern are known.
func known(pattern string) (n int) {
	for _, r := range pattern {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// A delayedJSON is a report, as it is kept.
type delayedJSON struct {
	Inquiry  inquiryJSON `json:"inquiry"`
	Reported time.Time   `json:"reported"`
	Finding  findingJSON `json:"finding"`
}

type inquiryJSON struct {
	ID       string     `json:"id"`
	Time     time.Time  `json:"time"`
	Inquirer string     `json:"inquirer,omitempty"`
	Purpose  string     `json:"purpose"`
	Reads    []seenJSON `json:"reads"`
	Channel  string     `json:"channel"`
}

type seenJSON struct {
	numberJSON
	Score float64 `json:"score,omitempty"`
}

// EncodeReport makes a report for [delayed.Options].
func EncodeReport(id, inquirer string, d *match.Delayed) ([]byte, error) {
	in := inquiryJSON{
		ID: id, Time: d.Inquiry.Time.UTC(), Inquirer: inquirer, Purpose: d.Inquiry.Purpose,
		Channel: d.Inquiry.Query.Channel.String(),
	}
	for _, r := range d.Inquiry.Query.Reads {
		in.Reads = append(in.Reads, seenJSON{numberJSON{r.Kind.String(), r.Country, r.Text}, r.Score})
	}
	return encode(delayedJSON{in, time.Now().UTC().Truncate(time.Second), findingOf(&d.Finding)})
}

// A reportsJSON are reports for their caller.
type reportsJSON struct {
	Reports []numberedJSON `json:"reports"`
	Next    uint64         `json:"next"`              // what after is for the next request
	More    bool           `json:"more"`              // there are more now
	Dropped uint64         `json:"dropped,omitempty"` // that came between, and are not kept any more
}

type numberedJSON struct {
	Number uint64          `json:"number"`
	Report json.RawMessage `json:"report"`
}

// reports hands out reports, and waits for one if it should.
func (s *Server) reports(c *call, w http.ResponseWriter, r *http.Request) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	after, err := parameter(r, "after", 0, 1<<63)
	if err != nil {
		return err
	}
	limit, err := parameter(r, "limit", 100, uint64(s.limits.Rows))
	if err != nil {
		return err
	}
	seconds, err := parameter(r, "wait", 0, uint64(maxWait/time.Second))
	if err != nil {
		return err
	}
	if wait := time.Duration(seconds) * time.Second; wait > 0 {
		select {
		case s.waits <- struct{}{}:
			defer func() { <-s.waits }()
		default:
			return problemf(http.StatusServiceUnavailable, "busy", "too many clients wait for reports")
		}
		rc := http.NewResponseController(w)
		rc.SetReadDeadline(time.Now().Add(wait + s.limits.WriteTime))
		rc.SetWriteDeadline(time.Now().Add(wait + s.limits.WriteTime))
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer context.AfterFunc(s.ending, cancel)()
		d.Wait(ctx, c.caller.Name, after)
		cancel()
	}
	page, err := d.Reports(c.caller.Name, after, int(limit))
	if err != nil {
		return problemf(http.StatusServiceUnavailable, "no_watch", "reports cannot be read now")
	}
	if after > page.Last {
		return invalid("after", "there is no such report: the last is %d", page.Last)
	}
	a := reportsJSON{Reports: []numberedJSON{}, Next: after + page.Dropped, Dropped: page.Dropped}
	e := audit.Entry{Action: "reports", Found: len(page.Reports)}
	for _, rep := range page.Reports {
		var j delayedJSON
		if err := json.Unmarshal(rep.Body, &j); err != nil {
			return errors.New("a report is no JSON") // which it may quote
		}
		for _, n := range j.Inquiry.Reads {
			number := index.Number{Country: n.Country, Text: n.Text}
			if number.Kind.UnmarshalText([]byte(n.Kind)) == nil {
				c.numbers = append(c.numbers, number)
			}
		}
		a.Reports = append(a.Reports, numberedJSON{rep.Number, rep.Body})
		a.Next = rep.Number
	}
	a.More = a.Next < page.Last
	e.Numbers = s.tags(c.numbers)
	if err := s.audit(c, &e); err != nil {
		return err
	}
	return respond(w, http.StatusOK, a)
}

// parameter reads a number of the address.
func parameter(r *http.Request, name string, fallback, most uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > most || !utf8.ValidString(text) {
		return 0, invalid(name, "want a number, at most %d", most)
	}
	return n, nil
}
