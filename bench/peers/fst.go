package main

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/blevesearch/vellum"
	"github.com/blevesearch/vellum/levenshtein"
	"github.com/blevesearch/vellum/regexp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// transducers are two finite state transducers of vellum, forwards and backwards.
type transducers struct {
	sizes   []part
	forward *vellum.FST // to ids
	back    *vellum.FST // backwards, to places in ids
	ids     []index.Row
	reader  *vellum.Reader // of forward
	it      *vellum.FSTIterator
	near    *levenshtein.LevenshteinAutomatonBuilder
}

func (*transducers) describe() description {
	return description{
		Name:    "blevesearch/vellum",
		Version: moduleVersion("github.com/blevesearch/vellum"),
		Setup: "One transducer of the VINs and one of the reversed VINs, in memory, to ordinal numbers, which keeps them small. " +
			"Known ends by a range of keys, unknown symbols by an automaton of the 17 places (a regular expression of the same takes fifty times as long), " +
			"a fragment by vellum's regular expressions, one error by its Levenshtein automaton with transpositions. Default options of its builder. " +
			"Making the automaton is part of the answer.",
	}
}

func (c *transducers) build(_ context.Context, listed []entry) error {
	keys := make([]text, len(listed))
	for i := range listed {
		keys[listed[i].id] = listed[i].vin.Bytes()
	}
	var err error
	var bytesForward, bytesBack int
	if c.forward, bytesForward, err = transducer(keys); err != nil {
		return err
	}
	type pair struct {
		key text
		id  index.Row
	}
	pairs := make([]pair, len(keys))
	for i, k := range keys {
		slices.Reverse(k[:])
		pairs[i] = pair{k, index.Row(i)}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.key[:], b.key[:]) })
	c.ids = make([]index.Row, len(pairs))
	for i, p := range pairs {
		keys[i], c.ids[i] = p.key, p.id
	}
	if c.back, bytesBack, err = transducer(keys); err != nil {
		return err
	}
	c.sizes = []part{{"forwards", int64(bytesForward)}, {"backwards", int64(bytesBack + 4*len(c.ids))}}
	if c.reader, err = c.forward.Reader(); err != nil {
		return err
	}
	c.it = &vellum.FSTIterator{}
	c.near, err = levenshtein.NewLevenshteinAutomatonBuilder(1, true)
	return err
}

// transducer maps sorted keys to their places, in so many bytes.
func transducer(keys []text) (f *vellum.FST, size int, err error) {
	var b bytes.Buffer
	w, err := vellum.New(&b, nil)
	if err != nil {
		return nil, 0, err
	}
	for i := range keys {
		if err := w.Insert(keys[i][:], uint64(i)); err != nil {
			return nil, 0, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, 0, err
	}
	f, err = vellum.Load(slices.Clone(b.Bytes()))
	return f, b.Len(), err
}

func (c *transducers) parts(context.Context) ([]part, error) { return c.sizes, nil }

func (*transducers) needs(f form) []string {
	switch f {
	case lastSix, makerLastFour, twoOfLastSix:
		return []string{"backwards"}
	case twoUnknown:
		return []string{"forwards", "backwards"}
	}
	return []string{"forwards"}
}

// collect appends what an automaton accepts of the keys that begin so.
func (c *transducers) collect(dst []index.Row, f *vellum.FST, a vellum.Automaton, prefix string) ([]index.Row, error) {
	var from, to []byte
	if prefix != "" {
		from, to = []byte(prefix), []byte(after(prefix))
	}
	n := len(dst) + limit
	err := c.it.Reset(f, from, to, a)
	for ; err == nil && len(dst) < n; err = c.it.Next() {
		_, at := c.it.Current()
		if f == c.back {
			dst = append(dst, c.ids[at])
		} else {
			dst = append(dst, index.Row(at))
		}
	}
	if err != nil && !errors.Is(err, vellum.ErrIteratorDone) {
		return dst, err
	}
	return dst, nil
}

func (c *transducers) prepare(q *question) ask {
	switch q.form {
	case exactHit, exactMiss:
		k := q.vin.Bytes()
		return func(dst []index.Row) ([]index.Row, error) {
			id, ok, err := c.reader.Get(k[:])
			if ok {
				dst = append(dst, index.Row(id))
			}
			return dst, err
		}
	case lastSix:
		prefix := reversed(q.suffix())
		return func(dst []index.Row) ([]index.Row, error) { return c.collect(dst, c.back, nil, prefix) }
	case makerLastFour, twoUnknown, twoOfLastSix:
		f, places := c.back, reversed(q.places)
		prefix := reversed(q.suffix())
		if len(q.suffix()) < stepSymbols && len(q.prefix()) > len(q.suffix()) {
			f, places, prefix = c.forward, q.places, q.prefix()
		}
		return func(dst []index.Row) ([]index.Row, error) {
			return c.collect(dst, f, placesAutomaton(places), prefix)
		}
	case fragment:
		expr := ".*" + q.fragment + ".*"
		return func(dst []index.Row) ([]index.Row, error) {
			r, err := regexp.New(expr)
			if err != nil {
				return dst, err
			}
			return c.collect(dst, c.forward, r, "")
		}
	case oneError:
		s := q.vin.String()
		return func(dst []index.Row) ([]index.Row, error) {
			a, err := c.near.BuildDfa(s, 1)
			if err != nil {
				return dst, err
			}
			return c.collect(dst, c.forward, a, "")
		}
	}
	return nil
}

func (c *transducers) batch(vins []vin.VIN) func(dst []index.Row) error {
	keys := textsOf(vins)
	return func(dst []index.Row) error {
		for i := range keys {
			id, ok, err := c.reader.Get(keys[i][:])
			switch {
			case err != nil:
				return err
			case ok:
				dst[i] = index.Row(id)
			default:
				dst[i] = index.NoRow
			}
		}
		return nil
	}
}

func (c *transducers) close() error {
	return errors.Join(c.forward.Close(), c.back.Close())
}

// placesAutomaton accepts texts of known and unknown symbols. Its states are
// how many were read, or -1 after a wrong one.
type placesAutomaton string

func (placesAutomaton) Start() int                 { return 0 }
func (a placesAutomaton) IsMatch(state int) bool   { return state == len(a) }
func (placesAutomaton) CanMatch(state int) bool    { return state >= 0 }
func (placesAutomaton) WillAlwaysMatch(_ int) bool { return false }

func (a placesAutomaton) Accept(state int, b byte) int {
	if state < 0 || state == len(a) || a[state] != '?' && a[state] != b {
		return -1
	}
	return state + 1
}
