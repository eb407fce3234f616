package api

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
)

const (
	// maxAhead is how much of an answer waits for a client that sends its whole
	// request before it reads, as browsers do.
	maxAhead = 64 << 20

	// minPace is how many bytes a second a client must send, beside what
	// Limits.ReadTime gives it.
	minPace = 4 << 10

	// maxQuery bounds a line of a stream of queries.
	maxQuery = 64 << 10

	// maxRest is how much of a request that is not wanted any more is read.
	maxRest = 256 << 10

	// auditBlock is how many observations share an entry of the audit log, and
	// auditBytes how many bytes of numbers: JSON may take six times as many, and
	// the log has room for 4 MiB.
	auditBlock = 256
	auditBytes = 256 << 10
)

// An observed is an observation that is on its way through the matcher.
type observed struct {
	line     int
	numbers  []index.Number
	problems []remarkJSON
}

// A lineJSON answers one observation.
type lineJSON struct {
	Line     int           `json:"line"` // where it stands in what was sent, from 1
	Remarks  []remarkJSON  `json:"remarks,omitempty"`
	Findings []findingJSON `json:"findings"`
}

// A summaryJSON is the last line of an answer that is whole.
type summaryJSON struct {
	Observations int          `json:"observations"`
	Hits         int          `json:"hits"`     // observations with a finding
	Probable     int          `json:"probable"` // by the verdict on the best of them
	Possible     int          `json:"possible"`
	Siblings     int          `json:"siblings"`
	Unreadable   int          `json:"unreadable"` // observations without a number to look up
	Took         int64        `json:"took_us"`
	Register     registerJSON `json:"register"`
}

// stream answers many queries, in their order, while they come.
func (s *Server) stream(c *call, w http.ResponseWriter, r *http.Request) error {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return problemf(http.StatusServiceUnavailable, "busy", "too many streams at the same time")
	}
	params := r.URL.Query()
	ch, err := channel(params.Get("channel"))
	if err != nil {
		return err
	}
	near, err := s.near(params.Get("near"))
	if err != nil {
		return err
	}
	onlyHits := false
	switch params.Get("only") {
	case "":
	case "hits":
		onlyHits = true
	default:
		return invalid("only", "want hits, or leave it out")
	}
	in := &paced{
		r: http.MaxBytesReader(w, r.Body, s.limits.Stream), rc: http.NewResponseController(w),
		budget: s.limits.ReadTime,
	}
	read, err := s.reader(r, in, ch)
	if err != nil {
		return err
	}

	run := &streamRun{s: s, c: c, onlyHits: onlyHits, start: time.Now()}
	in.rc.EnableFullDuplex() // HTTP/2 is that already
	w.Header().Set("Content-Type", "application/x-ndjson")
	run.out = newAhead(w, in.rc, s.limits.WriteTime)
	err = run.screen(r, s.matchers[near](), read)
	if err != nil && in.err != nil {
		err = in.err // which ended the context, too
	}
	if err == nil {
		sum := run.sum
		sum.Took = time.Since(run.start).Microseconds()
		sum.Register = s.register()
		b, eerr := encode(struct {
			Summary summaryJSON `json:"summary"`
		}{sum})
		run.buf = append(run.buf, b...)
		err = eerr
	}
	outcome := "answered"
	if err != nil {
		// The status went out before: what tells is that there is no summary.
		run.buf = append(run.buf, s.lastWords(c, err)...)
		outcome = "broken off"
	}
	if ferr := run.flush(); err == nil {
		err = ferr
	}
	if werr := run.out.close(); err == nil && werr != nil {
		outcome = "not taken" // the client went away
	}
	// All that was asked stands in the audit log by now.
	s.audit(c, &audit.Entry{Action: "stream", Count: run.sum.Observations, Found: run.sum.Hits, Outcome: outcome})
	// The connection can serve another request only if this one was read to its
	// end. That must be here: after a handler that wrote before it had read all,
	// net/http gets confused over the rest.
	if n, err := io.CopyN(io.Discard, r.Body, maxRest); err != io.EOF || n == maxRest {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// lastWords is the last line of an answer that is not whole.
func (s *Server) lastWords(c *call, err error) []byte {
	var p *problem
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooLong):
		p = problemf(http.StatusRequestEntityTooLarge, "too_large", "the request is longer than %d bytes", tooLong.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		p = problemf(http.StatusRequestTimeout, "slow", "the observations did not come in time")
	default:
		p = problemf(http.StatusBadRequest, "broken", "the observations could not be read to their end")
	}
	s.metrics.refused.WithLabelValues(p.Code).Inc()
	b, _ := encode(struct {
		Error   *problem `json:"error"`
		Request string   `json:"request"`
	}{p, c.id})
	return b
}

// reader returns the observations of a request, by its type.
func (s *Server) reader(r *http.Request, in io.Reader, ch match.Channel) (iter.Seq2[observed, *queryOf], error) {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && t == "text/csv":
		obs, err := sheet.OpenObservations(in)
		if err != nil {
			if isTimeout(err) {
				return nil, err
			}
			var tooLong *http.MaxBytesError
			if errors.As(err, &tooLong) {
				return nil, err
			}
			return nil, problemf(http.StatusBadRequest, "bad_sheet", "the first line is no header of a sheet of observations")
		}
		return rows(obs, ch), nil
	case err == nil && t == "application/x-ndjson":
		return s.lines(in, ch), nil
	}
	return nil, problemf(http.StatusUnsupportedMediaType, "bad_type", "want Content-Type: text/csv or application/x-ndjson")
}

// A queryOf is the query of an observation, or why there are no more.
type queryOf struct {
	match.Query
	err error
}

// rows reads a sheet.
func rows(obs *sheet.Observations, ch match.Channel) iter.Seq2[observed, *queryOf] {
	return func(yield func(observed, *queryOf) bool) {
		for o, err := range obs.All() {
			if err != nil {
				yield(observed{}, &queryOf{err: err})
				return
			}
			o.Query.Channel = ch
			ob := observed{line: o.Line, numbers: numbersRead(&o.Query)}
			for _, p := range o.Problems {
				ob.problems = append(ob.problems, remarkJSON{-1, "bad_cell", match.Doubt.String(), p.String()})
			}
			if !yield(ob, &queryOf{Query: o.Query}) {
				return
			}
		}
	}
}

// lines reads queries, a JSON object a line.
func (s *Server) lines(in io.Reader, ch match.Channel) iter.Seq2[observed, *queryOf] {
	return func(yield func(observed, *queryOf) bool) {
		sc := bufio.NewScanner(in)
		sc.Buffer(make([]byte, 0, 4<<10), maxQuery)
		line := 0
		for sc.Scan() {
			line++
			text := bytes.TrimSpace(sc.Bytes())
			if len(text) == 0 {
				continue
			}
			o := observed{line: line}
			var j queryJSON
			var q match.Query
			err := decodeJSON(text, &j)
			if err == nil {
				q, _, err = s.query(&j)
			}
			if err == nil && j.Near != "" {
				err = invalid("near", "is a parameter of the stream")
			}
			if err != nil {
				o.problems = []remarkJSON{{-1, "bad_query", match.Doubt.String(), err.Error()}}
				q = match.Query{}
			} else if j.Channel == "" {
				q.Channel = ch
			}
			o.numbers = numbersRead(&q)
			if !yield(o, &queryOf{Query: q}) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			if err == bufio.ErrTooLong {
				err = problemf(http.StatusRequestEntityTooLarge, "long_line", "line %d is longer than %d bytes", line+1, maxQuery)
			}
			yield(observed{}, &queryOf{err: err})
		}
	}
}

// A streamRun is a stream that is being answered.
type streamRun struct {
	s        *Server
	c        *call
	out      *ahead
	onlyHits bool
	start    time.Time
	buf      []byte   // lines that were not sent
	tags     []string // of observations that stand in no entry of the audit log
	tagBytes int      // length of tags
	asked    int      // how many observations those are
	sum      summaryJSON
}

// screen answers what is read. All of it runs on one goroutine but the matching.
func (run *streamRun) screen(r *http.Request, m *match.Matcher, read iter.Seq2[observed, *queryOf]) error {
	// Screen draws queries and yields results on this goroutine, in order, so
	// what is on its way is a queue, and Screen bounds its length.
	var queue []observed
	var fail error
	drawn := 0
	queries := func(yield func(match.Query) bool) {
		for o, q := range read {
			if q.err != nil {
				fail = q.err
				return
			}
			if drawn++; drawn > run.s.limits.Observations {
				fail = problemf(http.StatusRequestEntityTooLarge, "too_many", "more than %d observations", run.s.limits.Observations)
				return
			}
			for _, n := range o.numbers {
				tag := run.s.o.Audit.Tag(n)
				run.tags = append(run.tags, tag)
				run.tagBytes += len(tag)
			}
			if run.asked++; run.asked >= auditBlock || run.tagBytes >= auditBytes {
				if fail = run.note(); fail != nil {
					return
				}
			}
			queue = append(queue, o)
			if !yield(q.Query) {
				return
			}
		}
	}
	for _, res := range m.Screen(r.Context(), queries, 0) {
		if res.Err != nil && !errors.Is(res.Err, match.ErrNoReads) {
			return res.Err
		}
		if err := run.line(&queue[0], &res); err != nil {
			return err
		}
		queue = queue[1:]
	}
	return fail
}

// line answers one observation.
func (run *streamRun) line(o *observed, res *match.Result) error {
	run.sum.Observations++
	run.s.metrics.observe(res)
	if len(res.Findings) > 0 {
		run.sum.Hits++
		switch res.Findings[0].Verdict {
		case match.Probable:
			run.sum.Probable++
		case match.Possible:
			run.sum.Possible++
		case match.Sibling:
			run.sum.Siblings++
		}
	}
	if len(o.numbers) == 0 {
		run.sum.Unreadable++
	}
	switch {
	case run.onlyHits && len(res.Findings) == 0:
		return nil
	case len(res.Findings) == 0 && len(res.Remarks) == 0 && len(o.problems) == 0: // nearly all
		run.buf = append(run.buf, `{"line":`...)
		run.buf = strconv.AppendInt(run.buf, int64(o.line), 10)
		run.buf = append(run.buf, `,"findings":[]}`+"\n"...)
	default:
		j := resultOf(res)
		b, err := encode(lineJSON{o.line, append(o.problems, j.Remarks...), j.Findings})
		if err != nil {
			return err
		}
		run.buf = append(run.buf, b...)
	}
	if len(run.buf) < 32<<10 {
		return nil
	}
	return run.flush()
}

// note writes what was asked to the audit log.
func (run *streamRun) note() error {
	if run.asked == 0 {
		return nil
	}
	err := run.s.audit(run.c, &audit.Entry{Action: "asked", Numbers: run.tags, Count: run.asked})
	run.tags, run.tagBytes, run.asked = run.tags[:0], 0, 0
	return err
}

// flush sends lines, whose observations stand in the audit log before.
func (run *streamRun) flush() error {
	if err := run.note(); err != nil {
		run.buf = run.s.lastWords(run.c, err)
		run.out.write(run.buf)
		return err
	}
	if len(run.buf) == 0 {
		return nil
	}
	err := run.out.write(run.buf)
	run.buf = make([]byte, 0, 36<<10)
	return err
}

// paced reads from a client that must keep to a pace. Only the time spent waiting
// for it counts.
type paced struct {
	r      io.Reader
	rc     *http.ResponseController
	budget time.Duration
	err    error
}

func (p *paced) Read(b []byte) (int, error) {
	start := time.Now()
	p.rc.SetReadDeadline(start.Add(p.budget))
	n, err := p.r.Read(b)
	p.budget += time.Duration(n)*time.Second/minPace - time.Since(start)
	if err != io.EOF {
		p.err = err
	}
	return n, err
}

// An ahead writes to a client on a goroutine of its own, up to maxAhead bytes
// behind who has something to write.
type ahead struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	pause time.Duration // that the client may take for one piece

	mu     sync.Mutex
	change sync.Cond
	queue  [][]byte
	size   int
	err    error
	closed bool
	done   chan struct{}
}

func newAhead(w http.ResponseWriter, rc *http.ResponseController, pause time.Duration) *ahead {
	a := &ahead{w: w, rc: rc, pause: pause, done: make(chan struct{})}
	a.change.L = &a.mu
	go a.run()
	return a
}

func (a *ahead) run() {
	defer close(a.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.err == nil {
		if len(a.queue) == 0 {
			if a.closed {
				return
			}
			a.change.Wait()
			continue
		}
		b := a.queue[0]
		a.queue = a.queue[1:]
		a.mu.Unlock()
		a.rc.SetWriteDeadline(time.Now().Add(a.pause))
		_, err := a.w.Write(b)
		if err == nil {
			err = a.rc.Flush()
		}
		a.mu.Lock()
		a.size -= len(b)
		a.err = err
		a.change.Broadcast()
	}
}

// write queues a piece, which the caller must not change any more. It waits where
// the client is too far behind.
func (a *ahead) write(b []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.err == nil && a.size > 0 && a.size+len(b) > maxAhead {
		a.change.Wait()
	}
	if a.err != nil {
		return a.err
	}
	a.queue = append(a.queue, b)
	a.size += len(b)
	a.change.Broadcast()
	return nil
}

// close waits until everything is written.
func (a *ahead) close() error {
	a.mu.Lock()
	a.closed = true
	a.change.Broadcast()
	a.mu.Unlock()
	<-a.done
	return a.err
}
