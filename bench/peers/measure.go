package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// Batch forms, beside the single ones.
const (
	batchHit  form = "exact hit, batch"
	batchMiss form = "exact miss, batch"
)

const (
	rounds = 5
	// blockLen is how many numbers a batch has.
	blockLen = 4096
	// blocks is how many batches are asked in turn: more numbers than any
	// branch predictor or cache can learn.
	blocks = 128
	// least is how many samples a 99th percentile needs to mean anything.
	least = 200
)

// different is how many different questions of a form there are: more, again,
// than caches hold, where that is possible.
func different(f form) int {
	switch f {
	case exactHit, exactMiss:
		return 1 << 17
	case oneErrorReady:
		return 1 << 10 // each with its probes, which must not fill the memory
	}
	return 1 << 15
}

// A figure is what was measured of one form and contender. Times are in
// nanoseconds a number that was asked.
type figure struct {
	Form      form    `json:"form"`
	Contender string  `json:"contender"`
	P50       float64 `json:"p50_ns"`
	P99       float64 `json:"p99_ns,omitempty"` // zero with fewer than 200 samples
	Low       float64 `json:"p50_low_ns"`       // the least median of a round,
	High      float64 `json:"p50_high_ns"`      // and the greatest
	Samples   int     `json:"samples"`          // of a batch, so many batches
	Answers   float64 `json:"answers"`          // records a question
	Compared  int     `json:"compared"`         // questions whose answers were compared before
}

// A holding is what a contender takes.
type holding struct {
	description
	Seconds float64 `json:"build_seconds"`
	Bytes   float64 `json:"bytes_per_record"`
	Parts   []part  `json:"parts,omitempty"`

	// Bytes a record of the parts that a form takes, where it has answers.
	ByForm map[form]float64 `json:"bytes_per_record_by_form"`
}

// bytesFor returns the bytes a record of what a contender needs for a form.
func bytesFor(c contender, h *holding, f form, records int) float64 {
	m, ok := c.(measurer)
	if !ok {
		return h.Bytes
	}
	bytes := int64(0)
	for _, name := range m.needs(f) {
		for _, p := range h.Parts {
			if p.Name == name {
				bytes += p.Bytes
			}
		}
	}
	return float64(bytes) / float64(records)
}

// A run measures contenders side by side.
type run struct {
	ctx        context.Context
	world      *world
	budget     time.Duration // what a contender may take for a form
	questions  func(form) int
	forms      func(form) bool
	log        io.Writer
	contenders []contender
	held       []holding
	figures    []figure
	clock      time.Duration // what it takes to read the clock
	idle       float64       // what a server tells of a statement that does nothing
}

// build makes all contenders, one after the other.
func (r *run) build() error {
	listed := slices.Clone(r.world.arrived)
	for _, c := range r.contenders {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		h := holding{description: c.describe(), ByForm: map[form]float64{}}
		before := heap()
		start := time.Now()
		if err := c.build(r.ctx, listed); err != nil {
			return fmt.Errorf("%s: build: %w", h.Name, err)
		}
		h.Seconds = time.Since(start).Seconds()
		bytes := heap() - before
		if m, ok := c.(measurer); ok {
			var err error
			if h.Parts, err = m.parts(r.ctx); err != nil {
				return fmt.Errorf("%s: size: %w", h.Name, err)
			}
			h.Parts, bytes = filled(h.Parts, bytes)
		}
		h.Bytes = float64(bytes) / float64(len(listed))
		for _, f := range append([]form{batchMiss, batchHit}, singleForms...) {
			h.ByForm[f] = bytesFor(c, &h, f, len(listed))
		}
		fmt.Fprintf(r.log, "built %s in %.1f s, %.1f bytes a record\n", h.Name, h.Seconds, h.Bytes)
		r.held = append(r.held, h)
	}
	return nil
}

// filled returns parts with their rest of what the heap has grown, and their sum.
func filled(parts []part, grown int64) ([]part, int64) {
	known, rest := int64(0), -1
	for i, p := range parts {
		if p.Bytes == theRest {
			rest = i
		} else {
			known += p.Bytes
		}
	}
	if rest >= 0 {
		parts[rest].Bytes = max(grown-known, 0)
		known += parts[rest].Bytes
	}
	return parts, known
}

// heap returns what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// measure asks all forms.
func (r *run) measure() error {
	// Collections come between blocks, not in them.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	r.clock = clockTime()
	for _, c := range r.contenders {
		if s, ok := c.(server); ok {
			if err := r.measureIdle(s); err != nil {
				return fmt.Errorf("%s: %w", c.describe().Name, err)
			}
		}
	}
	for _, f := range []form{batchHit, batchMiss} {
		if r.forms(f) {
			if err := r.batches(f); err != nil {
				return err
			}
		}
	}
	for _, f := range singleForms {
		if r.forms(f) {
			if err := r.singles(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// measureIdle measures what a server tells of a statement that does nothing.
func (r *run) measureIdle(s server) error {
	var took sample
	for range 1001 {
		ns, err := s.idle(r.ctx)
		if err != nil {
			return err
		}
		took = append(took, ns)
	}
	slices.Sort(took)
	r.idle = took.quantile(0.5)
	return nil
}

func clockTime() time.Duration {
	d := make([]time.Duration, 10_001)
	for i := range d {
		start := time.Now()
		d[i] = time.Since(start)
	}
	slices.Sort(d)
	return d[len(d)/2]
}

// An askable is something that a contender can be asked again and again.
type askable struct {
	name string
	n    int // how many different ones
	// ask asks number i and returns how many answers there were.
	ask func(i int) (int, error)
	// told asks number i and returns the nanoseconds that the one who was asked
	// tells; nil if that is not asked for.
	told func(i int) (float64, error)

	each     int          // numbers in one
	ready    func() error // to be called before each block; may be nil
	took     []sample     // by round
	next     int          // where the next block begins
	compared int
}

type sample []float64

// batches measures a batch form.
func (r *run) batches(f form) error {
	n := blocks * blockLen
	vins := make([]vin.VIN, n)
	rng := r.world.rng(string(f))
	for i := range vins {
		if f == batchHit {
			vins[i] = r.world.sorted[rng.IntN(len(r.world.sorted))]
		} else {
			vins[i] = r.world.unlisted[rng.IntN(len(r.world.unlisted))]
		}
	}
	dst := make([]index.Row, blockLen)
	var all []*askable
	for _, c := range r.contenders {
		name := c.describe().Name
		var asks []func([]index.Row) error
		for i := 0; i < n; i += blockLen {
			ask := c.batch(vins[i : i+blockLen])
			if ask == nil {
				break
			}
			asks = append(asks, ask)
		}
		if asks == nil {
			continue
		}
		// The first batch is compared.
		if err := asks[0](dst); err != nil {
			return fmt.Errorf("%s: %s: %w", name, f, err)
		}
		if err := r.world.compareBatch(vins[:blockLen], dst); err != nil {
			return fmt.Errorf("%s: %s: %w", name, f, err)
		}
		all = append(all, &askable{
			name: name, n: len(asks), each: blockLen, compared: blockLen,
			ask: func(i int) (int, error) { return 0, asks[i](dst) },
		})
	}
	return r.rounds(f, all)
}

// singles measures a single form.
func (r *run) singles(f form) error {
	qs := r.world.questions(f, r.questions(f))
	var all []*askable
	var want [][]index.Row // of vinmatch, the first contender
	dst := make([]index.Row, 0, 4*limit)
	for _, c := range r.contenders {
		name := c.describe().Name
		if c.prepare(&qs[0]) == nil {
			continue
		}
		var ready func() error
		if p, ok := c.(interface{ enter(form) error }); ok {
			ready = func() error { return p.enter(f) }
			if err := ready(); err != nil {
				return err
			}
		}
		asks := make([]ask, len(qs))
		for i := range asks {
			asks[i] = c.prepare(&qs[i])
		}
		var err error
		var compared int
		if want, compared, err = r.check(c, qs, asks, want); err != nil {
			return err
		}
		all = append(all, &askable{
			name: name, n: len(asks), each: 1, ready: ready, compared: compared,
			ask: func(i int) (n int, err error) {
				dst, err = asks[i](dst[:0])
				return len(dst), err
			},
		})
		if s, ok := c.(server); ok {
			all = append(all, &askable{
				name: name + serverSide, n: len(qs), ready: ready, compared: compared,
				told: func(i int) (float64, error) {
					ns, err := s.explain(r.ctx, &qs[i])
					return max(ns-r.idle, 0), err
				},
			})
		}
	}
	return r.rounds(f, all)
}

// serverSide is added to the name of a contender for times that it tells itself.
const serverSide = ", server side"

// check compares the answers to questions with those of vinmatch, as many as take
// no longer than measuring, and at least four. Without answers to compare with,
// it sees only whether they are some, and returns them.
func (r *run) check(c contender, qs []question, asks []ask, want [][]index.Row) (_ [][]index.Row, compared int, err error) {
	name, compare := c.describe().Name, r.world.compare
	if j, ok := c.(judge); ok {
		compare = func(q *question, got, want []index.Row) error { return j.compare(r.world, q, got, want) }
	}
	ours := want == nil
	if ours {
		want = make([][]index.Row, 0, len(qs))
	}
	start := time.Now()
	for i := range qs {
		if i >= 4 && time.Since(start) > r.budget || !ours && i == len(want) {
			break
		}
		if err := r.ctx.Err(); err != nil {
			return nil, 0, err
		}
		got, err := asks[i](nil)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %s: %w", name, qs[i].form, err)
		}
		var theirs []index.Row
		if ours {
			slices.Sort(got)
			want = append(want, got)
		} else if theirs = want[i]; theirs == nil {
			theirs = []index.Row{}
		}
		if err := compare(&qs[i], got, theirs); err != nil {
			return nil, 0, fmt.Errorf("%s: %s: %w", name, qs[i].form, err)
		}
		compared++
	}
	return want, compared, nil
}

// rounds asks all in turn, a block of each, a number of times.
func (r *run) rounds(f form, all []*askable) error {
	for _, a := range all {
		a.took = make([]sample, rounds)
	}
	answers := make([]int, len(all))
	for round := range rounds {
		for k := range all {
			// Who comes first changes, so that nobody is always behind the
			// one who filled the caches most.
			k = (k + round) % len(all)
			a := all[k]
			if err := r.ctx.Err(); err != nil {
				return err
			}
			runtime.GC()
			if a.ready != nil {
				if err := a.ready(); err != nil {
					return err
				}
			}
			budget := r.budget / rounds
			// A part that does not count fills the caches.
			warm := time.Now().Add(budget / 10)
			for i := a.next; time.Now().Before(warm); i++ {
				if _, _, err := r.time(a, i%a.n); err != nil {
					return fmt.Errorf("%s: %s: %w", a.name, f, err)
				}
			}
			// Slow ones get more time, up to a limit, for their tail.
			enough := least/rounds + 1
			end := time.Now().Add(budget)
			last := end.Add(3 * budget)
			var took sample
			for {
				ns, n, err := r.time(a, a.next)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", a.name, f, err)
				}
				took = append(took, ns)
				answers[k] += n
				a.next = (a.next + 1) % a.n
				if now := time.Now(); now.After(end) && len(took) >= enough || now.After(last) {
					break
				}
			}
			a.took[round] = took
		}
	}
	var line strings.Builder
	for k, a := range all {
		fig := summary(f, a.name, a.took, answers[k])
		fig.Compared = a.compared
		r.figures = append(r.figures, fig)
		fmt.Fprintf(&line, "  %s %s", a.name, duration(fig.P50))
	}
	fmt.Fprintf(r.log, "%s:%s\n", f, &line)
	return nil
}

// time asks number i and returns the nanoseconds that it took, of a batch those
// for each number, and how many answers there were.
func (r *run) time(a *askable, i int) (ns float64, answers int, err error) {
	if a.told != nil {
		ns, err = a.told(i)
		return ns, 0, err
	}
	start := time.Now()
	answers, err = a.ask(i)
	d := time.Since(start)
	return float64(max(d-r.clock, 1)) / float64(a.each), answers, err
}

// summary pools the samples of all rounds.
func summary(f form, name string, took []sample, answers int) figure {
	fig := figure{Form: f, Contender: name}
	var pooled sample
	for i, t := range took {
		slices.Sort(t)
		m := t.quantile(0.5)
		if i == 0 || m < fig.Low {
			fig.Low = m
		}
		fig.High = max(fig.High, m)
		pooled = append(pooled, t...)
	}
	slices.Sort(pooled)
	fig.Samples = len(pooled)
	fig.P50 = pooled.quantile(0.5)
	if len(pooled) >= least {
		fig.P99 = pooled.quantile(0.99)
	}
	fig.Answers = float64(answers) / float64(len(pooled))
	return fig
}

// quantile returns the value within which a share of the sorted samples are.
func (s sample) quantile(q float64) float64 { return s[int(q*float64(len(s)-1))] }
