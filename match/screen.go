package match

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// blockLen is how many queries of a screening run are answered as one
	// batch: enough keys to overlap the memory accesses of their lookups, few
	// enough that keys and rows stay in the processor's own cache.
	blockLen = 128

	// blocksAhead is how many blocks a worker may be ahead of the reader of
	// the results.
	blocksAhead = 4
)

// A block is a run of queries on its way through a worker.
type block struct {
	queries []Query
	results [blockLen]Result
	done    chan struct{} // receives once the results stand
}

// Screen answers many queries, in their order, on as many goroutines as
// workers says; 0 or less is one for each processor. Each answer is what
// [Matcher.Match] would give. A query that cannot be answered has the reason
// in its Result.Err and does not end the run.
//
// It is meant for bulk: queries are taken in blocks of 128, each against one
// version of the register, and what was read ahead is bounded. The queries are
// drawn on the goroutine that ranges over the results, so that neither
// sequence needs locks; what a query points to must stay unchanged until its
// result is out. Breaking off ends all work before the loop is left. Where ctx
// ends, the next query in order is answered with its error and the sequence
// ends there: a run that was cut short does not look complete.
func (m *Matcher) Screen(ctx context.Context, queries iter.Seq[Query], workers int) iter.Seq2[Query, Result] {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(Query, Result) bool) {
		s := screen{
			ctx:   ctx,
			work:  make(chan *block, workers*blocksAhead),
			queue: make([]*block, 0, workers*blocksAhead),
			yield: yield,
		}
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() { m.work(&s) })
		}
		defer wg.Wait()
		defer close(s.work)
		defer s.stopped.Store(true)

		for q := range queries {
			if !s.add(q) {
				return
			}
		}
		s.finish()
	}
}

// work answers blocks until there are no more. Once the run has ended it only
// passes them on.
func (m *Matcher) work(s *screen) {
	w := m.worker()
	defer m.release(w)
	for b := range s.work {
		results := b.results[:len(b.queries)]
		if err := s.ctx.Err(); err != nil {
			for i := range results {
				results[i] = Result{Err: err}
			}
		} else if !s.stopped.Load() {
			w.answer(s.ctx, m.idx.View(), b.queries, results)
		}
		b.done <- struct{}{}
	}
}

// A screen is the state of one screening run. All but ctx, work and stopped is
// owned by the goroutine that ranges over the results.
type screen struct {
	ctx     context.Context
	work    chan *block
	stopped atomic.Bool // nobody wants the results any more

	queue []*block // given to the workers, in input order; at most cap
	fill  *block   // being filled
	free  []*block // to be used again
	yield func(Query, Result) bool
}

// add takes one query in. It reports whether the run goes on.
func (s *screen) add(q Query) bool {
	if s.fill == nil {
		s.fill = s.empty()
	}
	s.fill.queries = append(s.fill.queries, q)
	if s.ctx.Err() != nil {
		return s.finish()
	}
	if len(s.fill.queries) < blockLen {
		return true
	}
	s.send()
	for len(s.queue) > 0 {
		if len(s.queue) < cap(s.queue) {
			select {
			case <-s.queue[0].done:
			default:
				return true
			}
		} else {
			<-s.queue[0].done
		}
		if !s.emit() {
			return false
		}
	}
	return true
}

// finish answers what is under way. It reports whether the run goes on.
func (s *screen) finish() bool {
	if s.fill != nil {
		s.send()
	}
	for len(s.queue) > 0 {
		<-s.queue[0].done
		if !s.emit() {
			return false
		}
	}
	return s.ctx.Err() == nil
}

// send hands the filled block to the workers. There is always room: add leaves
// less than cap blocks in the queue, and the channel holds as many.
func (s *screen) send() {
	s.queue = append(s.queue, s.fill)
	s.work <- s.fill
	s.fill = nil
}

// emit yields the results of the oldest block, which is done. It reports
// whether the run goes on.
func (s *screen) emit() bool {
	b := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	for i := range b.queries {
		r := b.results[i]
		if !s.yield(b.queries[i], r) {
			return false
		}
		if r.Err != nil && errors.Is(r.Err, s.ctx.Err()) {
			return false
		}
	}
	clear(b.queries)
	clear(b.results[:])
	b.queries = b.queries[:0]
	s.free = append(s.free, b)
	return true
}

// empty returns a block to be filled.
func (s *screen) empty() *block {
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b
	}
	return &block{queries: make([]Query, 0, blockLen), done: make(chan struct{}, 1)}
}
