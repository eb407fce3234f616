// Package api is the service over HTTP: asking the register, changing it as an
// owner, health, metrics, and the page for people.
//
// Every request that asks or changes is authenticated, limited, and written to the
// audit log before it is answered. A request that fails changes nothing, unless it
// says that its outcome is unknown; then it is safe to send it again.
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/match"
)

// Options say what a Server serves. Replica, Log and Audit must be set.
type Options struct {
	Replica *feed.Replica
	Log     feed.Log
	Audit   *audit.Log
	Tokens  *access.Tokens // until SetTokens; nil: nobody has one
	Delayed *delayed.Desk  // takes inquiries that are remembered; nil: none are
	Logger  *slog.Logger   // default: slog.Default()
	Match   match.Options

	// Open lets everybody ask who reaches the server, without a token. Changes
	// need one all the same.
	Open bool

	// Examples are numbers that the page offers to try.
	Examples []Example

	Limits Limits
}

// An Example is a number to try.
type Example struct {
	Label string     `json:"label"`
	Kind  index.Kind `json:"kind"`
	Text  string     `json:"text"`
}

// Limits bound what callers can ask for. Zero fields have the defaults.
type Limits struct {
	Body         int64         // bytes of a request that is not a stream. Default: 1 MiB
	Stream       int64         // bytes of a stream. Default: 1 GiB
	Observations int           // of a stream. Default: 10 million
	Streams      int           // at the same time. Default: 4
	Waits        int           // clients that wait for reports at the same time. Default: 1,000
	Searches     int           // at the same time; others wait. Default: twice the processors
	SearchTime   time.Duration // of one question. Default: 500 ms
	Rows         int           // records or findings in one answer. Default: 1,000
	Reads        int           // in one query. Default: 20
	Changes      int           // in one request. Default: 1,000
	Rate         float64       // requests a second of one caller. Default: 20,000
	ReadTime     time.Duration // for a client to send its request. Default: 10 s
	WriteTime    time.Duration // for a client to take a piece of the answer. Default: 30 s
	ApplyTime    time.Duration // to wait until a change that is stored is found. Default: 5 s
}

func (l Limits) withDefaults() Limits {
	set(&l.Body, 1<<20)
	set(&l.Stream, 1<<30)
	set(&l.Observations, 10e6)
	set(&l.Streams, 4)
	set(&l.Waits, 1000)
	set(&l.Searches, 2*runtime.GOMAXPROCS(0))
	set(&l.SearchTime, 500*time.Millisecond)
	set(&l.Rows, 1000)
	set(&l.Reads, 20)
	set(&l.Changes, 1000)
	set(&l.Rate, 20_000)
	set(&l.ReadTime, 10*time.Second)
	set(&l.WriteTime, 30*time.Second)
	set(&l.ApplyTime, 5*time.Second)
	return l
}

func set[T comparable](v *T, value T) {
	if *v == *new(T) {
		*v = value
	}
}

// A Server answers requests. Make it with New. It is safe for any number of
// goroutines.
type Server struct {
	o        Options
	limits   Limits
	log      *slog.Logger
	mux      http.ServeMux
	handler  http.Handler
	routes   []string
	tokens   atomic.Pointer[access.Tokens]
	rates    sync.Map // of name to *rate.Limiter
	matchers [3]func() *match.Matcher
	searches chan struct{}
	streams  chan struct{}
	waits    chan struct{}
	ending   context.Context // ends with Drain
	end      context.CancelFunc
	metrics  *metrics

	unwritable atomic.Bool // the last change could not be appended to the log
}

// New returns a server.
func New(o Options) *Server {
	s := &Server{o: o, limits: o.Limits.withDefaults(), log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	if o.Tokens == nil {
		o.Tokens = new(access.Tokens)
	}
	s.tokens.Store(o.Tokens)
	s.searches = make(chan struct{}, s.limits.Searches)
	s.streams = make(chan struct{}, s.limits.Streams)
	s.waits = make(chan struct{}, s.limits.Waits)
	s.ending, s.end = context.WithCancel(context.Background())
	s.metrics = newMetrics(s)

	for i := range s.matchers {
		mo := o.Match
		mo.Near = match.NearMode(i)
		if mo.Near == match.Always {
			mo.MinProbability = -1
		}
		s.matchers[i] = sync.OnceValue(func() *match.Matcher { return match.New(o.Replica.Index(), mo) })
	}
	s.matchers[o.Match.Near]()

	s.handle("POST /v1/screen", asks, s.screen)
	s.handle("POST /v1/screen/stream", asks, s.stream)
	s.handle("POST /v1/explain", asks, s.explain)
	s.handle("POST /v1/search", asks, s.search)
	s.handle("POST /v1/decode", knows, s.decode)
	s.handle("POST /v1/watch", asks, s.watch)
	s.handle("GET /v1/watch/reports", knows, s.reports)
	s.handle("PUT /v1/owners/{owner}/records/{id}", changes, s.put)
	s.handle("DELETE /v1/owners/{owner}/records/{id}", changes, s.withdraw)
	s.handle("POST /v1/changes", changes, s.change)
	s.handle("GET /v1/status", free, s.status)
	s.handle("GET /livez", free, s.live)
	s.handle("GET /readyz", free, s.ready)
	s.handle("GET /metrics", free, s.metrics.serve)
	s.handle("GET /openapi.json", free, serveFile("openapi.json"))
	s.handle("GET /{$}", free, serveFile("page/index.html"))
	s.handle("GET /page.js", free, serveFile("page/page.js"))
	s.handle("GET /page.css", free, serveFile("page/page.css"))
	s.handle("GET /icon.svg", free, serveFile("page/icon.svg"))

	// No page of another site makes a browser ask or change anything here.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(w, "", problemf(http.StatusForbidden, "cross_origin", "a page of another site sent this"))
	}))
	s.handler = guard.Handler(http.HandlerFunc(s.serve))
	return s
}

// SetTokens changes who has a token, from the next request on.
func (s *Server) SetTokens(t *access.Tokens) { s.tokens.Store(t) }

// Drain makes /readyz fail, so that no new requests are sent here, and nobody waits
// for reports any more. Requests that come all the same are answered.
func (s *Server) Drain() { s.end() }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	s.handler.ServeHTTP(w, r)
}

// serve finds the handler. What the mux answers by itself, such as redirects to
// what it takes for a cleaner path, becomes an error like others.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	escaped := r.URL.EscapedPath()
	if clean := path.Clean(escaped); clean != escaped {
		s.refuse(w, "", problemf(http.StatusBadRequest, "bad_path", "the path is not written in its plain form"))
		return
	}
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	var answer statusOnly
	h.ServeHTTP(&answer, r)
	p := problemf(http.StatusNotFound, "not_found", "there is nothing at this path")
	if answer.status == http.StatusMethodNotAllowed {
		p = problemf(http.StatusMethodNotAllowed, "bad_method", "this path takes other methods")
		w.Header().Set("Allow", answer.Header().Get("Allow"))
	}
	s.refuse(w, "", p)
}

// statusOnly is a ResponseWriter that keeps the status.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header {
	if s.header == nil {
		s.header = http.Header{}
	}
	return s.header
}
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// A need is what a request needs.
type need uint8

const (
	free    need = iota
	knows        // a caller who may ask, and no purpose: the register is not asked
	asks         // a caller who may ask, with a purpose
	changes      // an owner
)

// A call is a request as its handler sees it.
type call struct {
	id      string
	caller  access.Caller
	purpose string
	numbers []index.Number // that it is about; logs show them masked

	anonymous bool // there was no token
}

// purposeHeader says why somebody asks, percent-encoded where it is not ASCII.
const purposeHeader = "Vinmatch-Purpose"

// handle serves a route. An error that is no *problem is the server's fault.
func (s *Server) handle(route string, need need, serve func(c *call, w http.ResponseWriter, r *http.Request) error) {
	s.routes = append(s.routes, route)
	times := s.metrics.times(route)
	s.mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		out := &recorder{ResponseWriter: w}
		c := &call{id: rand.Text()[:16]}
		defer func() {
			took := time.Since(start)
			times.done(out.code(), took)
			level := slog.LevelDebug
			if need == changes || out.code() >= 500 {
				level = slog.LevelInfo
			}
			if s.log.Enabled(r.Context(), level) {
				s.log.LogAttrs(r.Context(), level, "request", slog.String("request", c.id), slog.String("route", route),
					slog.String("caller", c.caller.Name), slog.Int("status", out.code()), slog.Duration("took", took),
					slog.Any("numbers", masked(c.numbers)))
			}
		}()
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				// What panicked may hold a number; where does not.
				s.log.Error("panic", "request", c.id, "route", route, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
				s.fail(out, c, errors.New("panic"))
			}
		}()
		if need != free {
			rc := http.NewResponseController(w)
			rc.SetReadDeadline(start.Add(s.limits.ReadTime))
			rc.SetWriteDeadline(start.Add(s.limits.ReadTime + s.limits.ApplyTime + s.limits.WriteTime))
			w.Header().Set("Request-Id", c.id)
		}
		err := s.admit(c, need, r)
		if err == nil {
			err = serve(c, out, r)
		}
		if err != nil {
			s.fail(out, c, err)
		}
	})
}

// admit says who sends a request, and whether it may be sent.
func (s *Server) admit(c *call, need need, r *http.Request) error {
	if need == free {
		return nil
	}
	token, has := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case has:
		var ok bool
		if c.caller, ok = s.tokens.Load().Find(token, time.Now()); !ok {
			return s.denied(problemf(http.StatusUnauthorized, "bad_token", "the token is not valid"))
		}
	case r.Header.Get("Authorization") != "":
		return s.denied(problemf(http.StatusUnauthorized, "bad_token", "want Authorization: Bearer and a token"))
	case s.o.Open && need != changes:
		c.caller, c.anonymous = access.Caller{Name: "anonymous", Ask: true}, true
	default:
		return s.denied(problemf(http.StatusUnauthorized, "no_token", "this needs a token: Authorization: Bearer ..."))
	}
	limiter, ok := s.rates.Load(c.caller.Name)
	if !ok {
		limiter, _ = s.rates.LoadOrStore(c.caller.Name, rate.NewLimiter(rate.Limit(s.limits.Rate), max(1, int(s.limits.Rate))))
	}
	if !limiter.(*rate.Limiter).Allow() {
		return problemf(http.StatusTooManyRequests, "rate", "too many requests of this caller: wait a second")
	}
	switch {
	case need == changes && c.caller.Owner == "":
		return s.denied(problemf(http.StatusForbidden, "no_owner", "this token may not change records"))
	case need != changes && !c.caller.Ask:
		return s.denied(problemf(http.StatusForbidden, "may_not_ask", "this token may not ask"))
	}
	purpose, err := url.PathUnescape(r.Header.Get(purposeHeader))
	if err != nil || len(purpose) > 200 || !utf8.ValidString(purpose) || strings.ContainsFunc(purpose, unicode.IsControl) {
		return problemf(http.StatusBadRequest, "bad_purpose", purposeHeader+" is not at most 200 bytes of text, percent-encoded")
	}
	if c.purpose = strings.TrimSpace(purpose); c.purpose == "" && need == asks {
		return problemf(http.StatusBadRequest, "no_purpose", "say why in the header "+purposeHeader)
	}
	return nil
}

// denied notes that somebody was turned away.
func (s *Server) denied(p *problem) error {
	s.log.Warn("denied", "code", p.Code)
	return p
}

// audit writes what a request is about to the audit log.
func (s *Server) audit(c *call, e *audit.Entry) error {
	e.Caller, e.Request, e.Purpose = c.caller.Name, c.id, c.purpose
	switch err := s.o.Audit.Add(e); {
	case errors.Is(err, audit.ErrLong):
		return problemf(http.StatusRequestEntityTooLarge, "too_large", "this is more than a line of the audit log has room for: ask for less at a time")
	case err != nil:
		s.log.Error("the audit log cannot be written", "error", err)
		return problemf(http.StatusServiceUnavailable, "no_audit", "the audit log cannot be written, so nothing is answered")
	}
	return nil
}

// tags returns what stands in the audit log for numbers.
func (s *Server) tags(numbers []index.Number) []string {
	tags := make([]string, len(numbers))
	for i, n := range numbers {
		tags[i] = s.o.Audit.Tag(n)
	}
	return tags
}

// A problem is an error for the client. Its text holds no number.
type problem struct {
	status int
	Code   string `json:"code"`
	Text   string `json:"text"`
}

func (p *problem) Error() string { return p.Text }

func problemf(status int, code, format string, args ...any) *problem {
	return &problem{status, code, fmt.Sprintf(format, args...)}
}

// fail answers with an error.
func (s *Server) fail(w *recorder, c *call, err error) {
	var p *problem
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooLong):
		p = problemf(http.StatusRequestEntityTooLarge, "too_large", "the request is longer than %d bytes", tooLong.Limit)
	case isTimeout(err):
		p = problemf(http.StatusRequestTimeout, "slow", "the request did not come in time")
	case errors.Is(err, context.Canceled):
		p = problemf(499, "gone", "the client went away")
	default:
		s.log.Error("request failed", "request", c.id, "error", err)
		p = problemf(http.StatusInternalServerError, "internal", "something is wrong with the server")
	}
	if w.status != 0 {
		// Too late to say so: let the client see that the answer is not whole.
		panic(http.ErrAbortHandler)
	}
	s.refuse(w, c.id, p)
}

func (s *Server) refuse(w http.ResponseWriter, id string, p *problem) {
	s.metrics.refused.WithLabelValues(p.Code).Inc()
	h := w.Header()
	switch p.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // the rest of the request is not read
	}
	respond(w, p.status, struct {
		Error   *problem `json:"error"`
		Request string   `json:"request,omitempty"`
	}{p, id})
}

// isTimeout reports whether a deadline of the connection passed.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// A recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// codeText returns a status as a label.
func codeText(status int) string { return strconv.Itoa(status) }
