package match

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/misread"
	"github.com/vinmatch/vinmatch/vin"
)

// Options configure a [Matcher]. The zero value holds the defaults. The first
// three fields are what a probability cannot do without: how often it happens.
type Options struct {
	// HitRate is the share of queries whose vehicle is listed, above 0 and
	// below 1. Default: that of INTERPOL's database of stolen vehicles in 2021,
	// where 248,000 of 280 million searches identified one of 7.4 million
	// records: 0.0009, and less in proportion for a register of fewer.
	HitRate float64

	// Vehicles is how many vehicles there are in the world that queries come
	// from, listed or not. Default 1.5e9, all motor vehicles in use and their
	// trailers. It counts as at least twice the records of the register.
	Vehicles float64

	// Misread is the share of reads with an error by channel, from 0 to below 1;
	// a channel that is missing has its default. Defaults: Typed 0.03, Camera
	// 0.05 (0.02 to 0.15 by the makers of plate readers and their critics),
	// Barcode 0.02, Stamped 0.5; all but Camera are judgement.
	Misread map[Channel]float64

	// Near says when numbers are looked for that differ from a read.
	Near NearMode

	// MinProbability is what a near or repaired finding must reach to be
	// reported under [Auto]. Default 0.01; negative: everything.
	MinProbability float64
}

// Defaults of [Options].
const (
	DefaultVehicles       = 1.5e9
	DefaultMinProbability = 0.01
)

// DefaultHitRate returns the default of Options.HitRate for a register of so many
// records.
func DefaultHitRate(records int) float64 {
	const rate, of = 0.0009, 7_400_000
	return rate * min(float64(max(records, 1))/of, 1)
}

// A NearMode says when numbers are looked for that differ from a read. The zero
// mode is [Auto].
type NearMode uint8

const (
	// Auto looks for near numbers except where no finding could reach
	// MinProbability, and drops those that do not.
	Auto NearMode = iota
	// Always looks for all, and reports all.
	Always
	// Never looks for none but [vin.Repairs] of what cannot be a VIN.
	Never
	nearModes
)

var nearModeNames = [nearModes]string{Auto: "auto", Always: "always", Never: "never"}

// String returns the name in lower case, as in "auto".
func (n NearMode) String() string { return enumName(nearModeNames[:], n) }

// AppendText implements [encoding.TextAppender].
func (n NearMode) AppendText(b []byte) ([]byte, error) { return append(b, n.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (n NearMode) MarshalText() ([]byte, error) { return n.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown name is an
// error.
func (n *NearMode) UnmarshalText(text []byte) error {
	return parseEnum(nearModeNames[:], text, n, "near mode")
}

// withDefaults returns o with every field that says nothing, or nothing that can
// be, at its default; HitRate at 0, since its default depends on the register.
func (o Options) withDefaults() Options {
	if !(o.HitRate > 0 && o.HitRate < 1) {
		o.HitRate = 0 // of the size of the register
	}
	if !(o.Vehicles >= 1 && o.Vehicles <= 1e15) {
		o.Vehicles = DefaultVehicles
	}
	if o.MinProbability == 0 || o.MinProbability > 1 || math.IsNaN(o.MinProbability) {
		o.MinProbability = DefaultMinProbability
	}
	if o.Near >= nearModes {
		o.Near = Auto
	}
	return o
}

// A Matcher answers queries against an index. It is safe for any number of
// goroutines and sees each change of its index. There is nothing to close: it
// ends with the last pointer to it. The zero Matcher is of no use; see [New].
type Matcher struct {
	idx     *index.Index
	o       Options
	readers [channels]reader
	workers sync.Pool // of *worker

	counted  atomic.Pointer[counted]
	counting atomic.Bool
	seen     atomic.Pointer[weak.Pointer[index.View]] // that the census is of, or one much the same

	mu       sync.Mutex
	compiled []compiled // filters in use, latest first
}

// New returns a matcher for an index, which the caller keeps open as long as
// the matcher is in use. It panics if idx is nil.
//
// It counts which numbers are listed, to know which others exist: about 0.2
// seconds for each million records, 5 to 13 bytes for each, and 16 more while it
// counts. A register of which an eighth has changed is counted again, in the
// background if it is large.
func New(idx *index.Index, o Options) *Matcher {
	if idx == nil {
		panic("match: New: nil index")
	}
	m := &Matcher{idx: idx, o: o.withDefaults()}
	for c := range m.readers {
		rate, ok := o.Misread[Channel(c)]
		if !ok || !(rate >= 0 && rate < 1) {
			rate = misread.Channel(c).Rate()
		}
		m.readers[c] = reader{Kernel: misread.Of(misread.Channel(c)), wrong: max(rate, 1e-6)}
	}
	m.count(idx.View())
	return m
}

// reader returns the error model of a channel; that of Typed for one that does
// not exist.
func (m *Matcher) reader(c Channel) reader {
	if c >= channels {
		c = Typed
	}
	return m.readers[c]
}

// A counted census is of a view of so many records, some of whose VINs are in the
// sample.
type counted struct {
	*census
	records int
	sample  []vin.VIN
}

// sampleSize is about how many VINs are looked up to see whether a view is much
// the same as another.
const sampleSize = 64

// isMuch reports whether a view has nearly as many records, and nearly all of the
// sample.
func (c *counted) isMuch(v *index.View) bool {
	if n := v.Len(); n < c.records-c.records/8 || n > c.records+c.records/8 {
		return false
	}
	gone := 0
	for _, s := range c.sample {
		if _, ok := v.Lookup(index.VIN(s)); !ok {
			gone++
		}
	}
	return gone <= len(c.sample)/8
}

// inBackground is the number of records from which a register is counted again
// in the background: below, it takes some milliseconds.
const inBackground = 1 << 16

// census returns a census of a view, or of one before it that is much the same.
func (m *Matcher) census(v *index.View) *census {
	c := m.counted.Load()
	if seen := m.seen.Load(); seen != nil && seen.Value() == v {
		return c.census
	}
	m.forget(v)
	switch {
	case c.isMuch(v):
	case v.Len() < inBackground:
		c = m.count(v)
	case m.counting.CompareAndSwap(false, true):
		go func() {
			defer m.counting.Store(false)
			m.count(v)
		}()
	default: // another view is being counted
		return c.census
	}
	seen := weak.Make(v) // an old register goes, whether or not anybody asks
	m.seen.Store(&seen)
	return c.census
}

// count makes a census of a view.
func (m *Matcher) count(v *index.View) *counted {
	c := &counted{
		census:  newCensus(v, max(m.o.Vehicles, 2*float64(v.Len())), runtime.GOMAXPROCS(0)),
		records: v.Len(),
	}
	n := 0
	for own := range v.VINs() {
		if n%(v.Len()/sampleSize+1) == 0 {
			c.sample = append(c.sample, own)
		}
		n++
	}
	m.counted.Store(c)
	return c
}

// Match answers one query. The error is that of ctx, or [ErrKind] for a read
// that does not say what it is. Everything that may be wrong with what was
// read is said in the Result: a query without reads has [ErrNoReads] there,
// and a read that cannot be made out is a remark.
func (m *Matcher) Match(ctx context.Context, q Query) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	w := m.worker()
	defer m.release(w)
	w.one[0] = q
	w.answer(ctx, m.idx.View(), w.one[:], w.result[:])
	r := w.result[0]
	w.one[0], w.result[0] = Query{}, Result{}
	if err := ctx.Err(); errors.Is(r.Err, ErrKind) || err != nil && errors.Is(r.Err, err) {
		return Result{}, r.Err
	}
	return r, nil
}

// worker returns a worker that is not in use.
func (m *Matcher) worker() *worker {
	if w, ok := m.workers.Get().(*worker); ok {
		return w
	}
	return &worker{matcher: m}
}

// release puts a worker back. It forgets the view, which may be large and old
// by the time the worker is needed again.
func (m *Matcher) release(w *worker) {
	w.view, w.census = nil, nil
	m.workers.Put(w)
}

// A compiled filter belongs to one view.
type compiled struct {
	view      *index.View
	filter    index.Filter
	selection *index.Selection
}

// maxCompiled is how many filters a matcher keeps compiled.
const maxCompiled = 8

// forget drops the selections of views other than v: they would keep an old version
// of the register in memory.
func (m *Matcher) forget(v *index.View) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compiled = slices.DeleteFunc(m.compiled, func(c compiled) bool { return c.view != v })
}

// selection returns the selection of a filter, nil for no filter.
func (m *Matcher) selection(v *index.View, f *index.Filter) *index.Selection {
	if f == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compiled = slices.DeleteFunc(m.compiled, func(c compiled) bool { return c.view != v })
	for i, c := range m.compiled {
		if c.filter == *f {
			return m.compiled[i].selection
		}
	}
	if len(m.compiled) == maxCompiled {
		m.compiled = m.compiled[:maxCompiled-1]
	}
	s := v.Select(*f)
	m.compiled = slices.Insert(m.compiled, 0, compiled{view: v, filter: *f, selection: s})
	return s
}

// A worker answers blocks of queries on one goroutine. Its slices are scratch
// that lasts from block to block, so that a query that finds nothing and is
// unremarkable allocates nothing.
type worker struct {
	matcher *Matcher
	view    *index.View // of the block
	census  *census

	keys     []index.Key
	rows     []index.Row // of keys
	sifted   []index.Row // of those that are sifted
	spans    []span
	partials bool // some of the spans are of partial reads
	strange  bool // or of implausible ones
	hits     []hit
	guesses  []vin.VIN  // of one read
	reads    []modelled // of one query
	judges   []judge    // of one query

	one    [1]Query // for Match
	result [1]Result
}

// A hit is a row that carries a key, or a number that fits a partial read.
type hit struct {
	row  index.Row
	span int32 // into worker.spans
	key  int32 // into worker.keys; -1: of a partial read

	near *partial // of a partial read, one place of which is not as listed
}

// answer answers queries[i] in results[i]: it collects the keys of them all,
// looks them up as one batch, and turns the few that hit into findings.
func (w *worker) answer(ctx context.Context, v *index.View, queries []Query, results []Result) {
	w.view, w.census = v, w.matcher.census(v)
	w.keys, w.spans, w.partials, w.strange = w.keys[:0], w.spans[:0], false, false
	for i := range queries {
		results[i] = Result{}
		w.ask(ctx, i, &queries[i], &results[i])
	}
	w.rows = slices.Grow(w.rows[:0], len(w.keys))[:len(w.keys)]

	// Spans stand in the order of queries, and queries with one filter mostly
	// side by side: each run of them is one batch.
	for first := 0; first < len(w.spans); {
		where := queries[w.spans[first].query].Where
		end := first + 1
		for end < len(w.spans) && queries[w.spans[end].query].Where == where {
			end++
		}
		w.lookUp(ctx, w.spans[first:end], w.matcher.selection(v, where), queries, results)
		first = end
	}
}

// lookUp looks up the keys of spans, which share a selection, and adds what is
// found to the results.
func (w *worker) lookUp(ctx context.Context, spans []span, s *index.Selection, queries []Query, results []Result) {
	from, to := spans[0].from, spans[len(spans)-1].to
	if w.view.LookupBatchWhere(w.rows[from:to], w.keys[from:to], s) == 0 && !w.partials && !w.strange {
		return
	}
	for first := 0; first < len(spans); {
		query := spans[first].query
		end := first + 1
		for end < len(spans) && spans[end].query == query {
			end++
		}
		q, r := &queries[query], &results[query]
		w.hits = w.hits[:0]
		w.collect(ctx, spans[first:end], s, q, r)
		if len(w.hits) > 0 && r.Err == nil {
			w.find(spans[first:end], q, r)
		}
		if w.strange {
			w.again(ctx, spans[first:end], s, q, r)
		}
		limit(q, r)
		first = end
	}
}

// maxRows is how many records of one number are looked at. Numbers that more
// records carry are placeholders in disguise.
const maxRows = 1024

// collect lists the rows that the keys of one query's spans hit, and those that
// fit its partial reads.
func (w *worker) collect(ctx context.Context, spans []span, s *index.Selection, q *Query, r *Result) {
	for i := range spans {
		if spans[i].partial != nil {
			w.search(ctx, spans, i, s, q, r)
		}
		for k := spans[i].from; k < spans[i].to; k++ {
			if w.rows[k] == index.NoRow {
				continue
			}
			n := 0
			for row := range w.view.RowsWhere(w.keys[k], s) {
				if n++; n > maxRows {
					r.remark(int(spans[i].read), RemarkManyRecords, Doubt,
						"more than %d records carry this number; the rest were not looked at", maxRows)
					break
				}
				w.hits = append(w.hits, hit{row: row, span: int32(i), key: k})
			}
		}
	}
}
