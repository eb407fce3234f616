package match

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// Options configure a [Matcher]. The zero value is the default, and so far the
// only one.
type Options struct{}

// A Matcher answers queries against an index. It is safe for any number of
// goroutines and sees each change of its index. There is nothing to close: it
// ends with the last pointer to it. The zero Matcher is of no use; see [New].
type Matcher struct {
	idx     *index.Index
	workers sync.Pool // of *worker

	mu       sync.Mutex
	compiled []compiled // filters in use, latest first
}

// New returns a matcher for an index, which the caller keeps open as long as
// the matcher is in use. It panics if idx is nil.
func New(idx *index.Index, _ Options) *Matcher {
	if idx == nil {
		panic("match: New: nil index")
	}
	return &Matcher{idx: idx}
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
	w.view = nil
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

// selection returns the selection of a filter, nil for no filter. Selections of
// other views go: they would keep an old version of the register in memory.
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

	keys     []index.Key
	rows     []index.Row // of keys
	spans    []span
	partials bool // some of the spans are of partial reads
	hits     []hit
	guesses  []vin.VIN // of one read

	one    [1]Query // for Match
	result [1]Result
}

// A hit is a row that carries a key, or a number that fits a partial read.
type hit struct {
	row  index.Row
	span int32 // into worker.spans
	key  int32 // into worker.keys; -1: of a partial read
}

// answer answers queries[i] in results[i]: it collects the keys of them all,
// looks them up as one batch, and turns the few that hit into findings.
func (w *worker) answer(ctx context.Context, v *index.View, queries []Query, results []Result) {
	w.view = v
	w.keys, w.spans, w.partials = w.keys[:0], w.spans[:0], false
	for i := range queries {
		results[i] = Result{}
		w.ask(i, &queries[i], &results[i])
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
	if w.view.LookupBatchWhere(w.rows[from:to], w.keys[from:to], s) == 0 && !w.partials {
		return
	}
	for first := 0; first < len(spans); {
		query := spans[first].query
		end := first + 1
		for end < len(spans) && spans[end].query == query {
			end++
		}
		w.collect(ctx, spans[first:end], s, &queries[query], &results[query])
		if len(w.hits) > 0 && results[query].Err == nil {
			w.find(spans[first:end], &queries[query], &results[query])
		}
		first = end
	}
}

// maxRows is how many records of one number are looked at. Numbers that more
// records carry are placeholders in disguise.
const maxRows = 1024

// collect lists the rows that the keys of one query's spans hit, and those that
// fit its partial reads.
func (w *worker) collect(ctx context.Context, spans []span, s *index.Selection, q *Query, r *Result) {
	w.hits = w.hits[:0]
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

// find makes the hits of one query its findings: one a record, best first.
func (w *worker) find(spans []span, q *Query, r *Result) {
	slices.SortFunc(w.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.key, b.key))
	})
	for first := 0; first < len(w.hits); {
		end := first + 1
		for end < len(w.hits) && w.hits[end].row == w.hits[first].row {
			end++
		}
		j := judge{query: q, record: w.view.Record(w.hits[first].row)}
		for _, h := range w.hits[first:end] {
			if h.key < 0 {
				j.add(&spans[h.span], index.Key{})
			} else {
				j.add(&spans[h.span], w.keys[h.key])
			}
		}
		if f, ok := j.finding(); ok {
			r.Findings = append(r.Findings, f)
		}
		first = end
	}
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Record.Owner, b.Record.Owner),
			cmp.Compare(a.Record.ID, b.Record.ID),
		)
	})
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	if more := len(r.Findings) - limit; more > 0 {
		r.remark(-1, RemarkMore, Note, "%d more records match, none of them better", more)
		r.Findings = slices.Clip(r.Findings[:limit])
	}
}
