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
}

// A holding is what a contender takes.
type holding struct {
	description
	Seconds float64 `json:"build_seconds"`
	Bytes   float64 `json:"bytes_per_record"`
	Parts   []part  `json:"parts,omitempty"`
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
}

// build makes all contenders, one after the other.
func (r *run) build() error {
	listed := slices.Clone(r.world.arrived)
	for _, c := range r.contenders {
		h := holding{description: c.describe()}
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
			bytes = 0
			for _, p := range h.Parts {
				bytes += p.Bytes
			}
		}
		h.Bytes = float64(bytes) / float64(len(listed))
		fmt.Fprintf(r.log, "built %s in %.1f s, %.1f bytes a record\n", h.Name, h.Seconds, h.Bytes)
		r.held = append(r.held, h)
	}
	return nil
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
	ask   func(i int) (int, error)
	each  int          // numbers in one
	ready func() error // to be called before each block; may be nil
	took  []sample     // by round
	next  int          // where the next block begins
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
			name: name, n: len(asks), each: blockLen,
			ask: func(i int) (int, error) { return 0, asks[i](dst) },
		})
	}
	return r.rounds(f, all)
}

// singles measures a single form.
func (r *run) singles(f form) error {
	qs := r.world.questions(f, r.questions(f))
	var all []*askable
	var serving []*askable
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
		if want, err = r.check(name, qs, asks, want); err != nil {
			return err
		}
		all = append(all, &askable{
			name: name, n: len(asks), each: 1, ready: ready,
			ask: func(i int) (n int, err error) {
				dst, err = asks[i](dst[:0])
				return len(dst), err
			},
		})
		if s, ok := c.(server); ok {
			serving = append(serving, &askable{
				name: name + serverSide, n: len(qs), ready: ready,
				ask: func(i int) (int, error) {
					ns, err := s.explain(r.ctx, &qs[i])
					return int(ns), err
				},
			})
		}
	}
	if err := r.rounds(f, all); err != nil {
		return err
	}
	return r.served(f, serving)
}

// serverSide is added to the name of a contender for times that it tells itself.
const serverSide = ", server side"

// served asks servers for their own times.
func (r *run) served(f form, all []*askable) error {
	for _, a := range all {
		if err := a.ready(); err != nil {
			return err
		}
		var took sample
		for start := time.Now(); len(took) < a.n && (time.Since(start) < r.budget/2 || len(took) < least && time.Since(start) < 4*r.budget); {
			ns, err := a.ask(len(took))
			if err != nil {
				return fmt.Errorf("%s: %s: %w", a.name, f, err)
			}
			took = append(took, float64(ns))
		}
		r.figures = append(r.figures, summary(f, a.name, []sample{took}, 0))
	}
	return nil
}

// check compares the answers to questions with those of vinmatch, for a while.
// With no answers to compare with, it returns those there are.
func (r *run) check(name string, qs []question, asks []ask, want [][]index.Row) ([][]index.Row, error) {
	ours := want == nil
	if ours {
		want = make([][]index.Row, 0, len(qs))
	}
	start := time.Now()
	for i := range qs {
		if i >= 4 && time.Since(start) > r.budget || !ours && i == len(want) {
			break
		}
		got, err := asks[i](nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, qs[i].form, err)
		}
		var theirs []index.Row
		if ours {
			slices.Sort(got)
			want = append(want, got)
		} else if theirs = want[i]; theirs == nil {
			theirs = []index.Row{}
		}
		if err := r.world.compare(&qs[i], got, theirs); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, qs[i].form, err)
		}
	}
	return want, nil
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
				if _, err := a.ask(i % a.n); err != nil {
					return fmt.Errorf("%s: %s: %w", a.name, f, err)
				}
			}
			// Slow ones get more time, up to a limit, for their tail.
			enough := least/rounds + 1
			end := time.Now().Add(budget)
			last := end.Add(3 * budget)
			var took sample
			for {
				start := time.Now()
				n, err := a.ask(a.next)
				d := time.Since(start)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", a.name, f, err)
				}
				took = append(took, float64(max(d-r.clock, 1))/float64(a.each))
				answers[k] += n
				a.next = (a.next + 1) % a.n
				if now := start.Add(d); now.After(end) && len(took) >= enough || now.After(last) {
					break
				}
			}
			a.took[round] = took
		}
	}
	var line strings.Builder
	for k, a := range all {
		fig := summary(f, a.name, a.took, answers[k])
		r.figures = append(r.figures, fig)
		fmt.Fprintf(&line, "  %s %s", a.name, duration(fig.P50))
	}
	fmt.Fprintf(r.log, "%s:%s\n", f, &line)
	return nil
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
