package main

import (
	"context"

	"github.com/cockroachdb/swiss"
	"github.com/kamstrup/intmap"
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// The maps answer whole numbers, and one error by looking up each number that
// may have been meant. Every loop goes by index: to range over the values would
// copy each key, and a lookup that reads the copy with another width waits for
// it, which makes it four times slower.

// A text is a VIN as most programs hold it.
type text = [vin.Len]byte

func textsOf(vins []vin.VIN) []text {
	ts := make([]text, len(vins))
	for i, v := range vins {
		ts[i] = v.Bytes()
	}
	return ts
}

// textMap is the built-in map by text.
type textMap struct {
	m      map[text]uint32
	probes []text // room for those of a question
}

func (*textMap) describe() description {
	return description{
		Name:  "map[[17]byte]uint32",
		Setup: "The built-in map, made with its final size, asked by index.",
	}
}

func (c *textMap) build(_ context.Context, listed []entry) error {
	c.m = make(map[text]uint32, len(listed))
	for i := range listed {
		c.m[listed[i].vin.Bytes()] = uint32(listed[i].id)
	}
	return nil
}

func (c *textMap) prepare(q *question) ask {
	m := c.m
	switch q.form {
	case exactHit, exactMiss:
		k := q.vin.Bytes()
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := m[k]; ok {
				dst = append(dst, index.Row(id))
			}
			return dst, nil
		}
	case oneErrorReady:
		probes := textsOf(q.probes)
		return func(dst []index.Row) ([]index.Row, error) { return c.all(dst, probes), nil }
	case oneError:
		asked := q.vin.Bytes()
		return func(dst []index.Row) ([]index.Row, error) {
			// All are made first: a key that was changed just before is
			// waited for.
			c.probes = appendNearTexts(c.probes[:0], asked)
			return c.all(dst, c.probes), nil
		}
	}
	return nil
}

func (c *textMap) all(dst []index.Row, probes []text) []index.Row {
	m := c.m
	for i := range probes {
		if id, ok := m[probes[i]]; ok {
			dst = append(dst, index.Row(id))
		}
	}
	return dst
}

func (c *textMap) batch(vins []vin.VIN) func(dst []index.Row) error {
	m, keys := c.m, textsOf(vins)
	return func(dst []index.Row) error {
		for i := range keys {
			id, ok := m[keys[i]]
			if !ok {
				id = uint32(index.NoRow)
			}
			dst[i] = index.Row(id)
		}
		return nil
	}
}

func (c *textMap) close() error { c.m = nil; return nil }

// vinMap is the built-in map by packed VIN.
type vinMap struct {
	m      map[vin.VIN]uint32
	probes []vin.VIN // room for those of a question
}

func (*vinMap) describe() description {
	return description{
		Name:  "map[vin.VIN]uint32",
		Setup: "The built-in map by this library's packed value, made with its final size, asked by index.",
	}
}

func (c *vinMap) build(_ context.Context, listed []entry) error {
	c.m = make(map[vin.VIN]uint32, len(listed))
	for i := range listed {
		c.m[listed[i].vin] = uint32(listed[i].id)
	}
	return nil
}

func (c *vinMap) prepare(q *question) ask {
	m := c.m
	switch q.form {
	case exactHit, exactMiss:
		k := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := m[k]; ok {
				dst = append(dst, index.Row(id))
			}
			return dst, nil
		}
	case oneErrorReady:
		probes := q.probes
		return func(dst []index.Row) ([]index.Row, error) { return c.all(dst, probes), nil }
	case oneError:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			c.probes = appendNeighbours(c.probes[:0], v)
			return c.all(dst, c.probes), nil
		}
	}
	return nil
}

func (c *vinMap) all(dst []index.Row, probes []vin.VIN) []index.Row {
	m := c.m
	for i := range probes {
		if id, ok := m[probes[i]]; ok {
			dst = append(dst, index.Row(id))
		}
	}
	return dst
}

func (c *vinMap) batch(vins []vin.VIN) func(dst []index.Row) error {
	m := c.m
	return func(dst []index.Row) error {
		for i := range vins {
			id, ok := m[vins[i]]
			if !ok {
				id = uint32(index.NoRow)
			}
			dst[i] = index.Row(id)
		}
		return nil
	}
}

func (c *vinMap) close() error { c.m = nil; return nil }

// swissMap is cockroachdb/swiss.
type swissMap struct {
	m      *swiss.Map[text, uint32]
	probes []text
}

func (*swissMap) describe() description {
	return description{
		Name:    "cockroachdb/swiss",
		Version: moduleVersion("github.com/cockroachdb/swiss"),
		Setup: "Map[[17]byte]uint32 with the runtime's own hash, made with its final size and unbounded buckets, " +
			"which makes it one Swiss table.",
	}
}

func (c *swissMap) build(_ context.Context, listed []entry) error {
	c.m = swiss.New(len(listed), swiss.WithMaxBucketCapacity[text, uint32](1<<31))
	for i := range listed {
		c.m.Put(listed[i].vin.Bytes(), uint32(listed[i].id))
	}
	return nil
}

func (c *swissMap) prepare(q *question) ask {
	m := c.m
	switch q.form {
	case exactHit, exactMiss:
		k := q.vin.Bytes()
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := m.Get(k); ok {
				dst = append(dst, index.Row(id))
			}
			return dst, nil
		}
	case oneErrorReady:
		probes := textsOf(q.probes)
		return func(dst []index.Row) ([]index.Row, error) { return c.all(dst, probes), nil }
	case oneError:
		asked := q.vin.Bytes()
		return func(dst []index.Row) ([]index.Row, error) {
			c.probes = appendNearTexts(c.probes[:0], asked)
			return c.all(dst, c.probes), nil
		}
	}
	return nil
}

func (c *swissMap) all(dst []index.Row, probes []text) []index.Row {
	m := c.m
	for i := range probes {
		if id, ok := m.Get(probes[i]); ok {
			dst = append(dst, index.Row(id))
		}
	}
	return dst
}

func (c *swissMap) batch(vins []vin.VIN) func(dst []index.Row) error {
	m, keys := c.m, textsOf(vins)
	return func(dst []index.Row) error {
		for i := range keys {
			id, ok := m.Get(keys[i])
			if !ok {
				id = uint32(index.NoRow)
			}
			dst[i] = index.Row(id)
		}
		return nil
	}
}

func (c *swissMap) close() error { c.m.Close(); return nil }

// intMap is kamstrup/intmap by a hash of the VIN, whose answers are compared
// with the VIN itself.
type intMap struct {
	m    *intmap.Map[uint64, uint32]
	vins []vin.VIN          // by id
	more map[vin.VIN]uint32 // those whose hash another one has already

	probes []vin.VIN
}

func (*intMap) describe() description {
	return description{
		Name:    "kamstrup/intmap",
		Version: moduleVersion("github.com/kamstrup/intmap"),
		Setup: "Map[uint64]uint32 by a 64-bit mix of the packed VIN, made with its final size; " +
			"an answer is compared with the VIN, which is held beside it.",
	}
}

// mix hashes the two words of a VIN.
func mix(v vin.VIN) uint64 {
	hi, lo := v.Words()
	h := (hi ^ lo>>27) * 0x9E3779B97F4A7C15
	h = (h ^ h>>32 ^ lo) * 0xD6E8FEB86659FD93
	return h ^ h>>32
}

func (c *intMap) build(_ context.Context, listed []entry) error {
	c.m = intmap.New[uint64, uint32](len(listed))
	c.vins = make([]vin.VIN, len(listed))
	c.more = map[vin.VIN]uint32{}
	for i := range listed {
		e := &listed[i]
		c.vins[e.id] = e.vin
		if _, added := c.m.PutIfNotExists(mix(e.vin), uint32(e.id)); !added {
			c.more[e.vin] = uint32(e.id)
		}
	}
	return nil
}

func (c *intMap) get(v vin.VIN) (uint32, bool) {
	id, ok := c.m.Get(mix(v))
	switch {
	case !ok:
		return 0, false
	case c.vins[id] == v:
		return id, true
	case len(c.more) == 0:
		return 0, false
	}
	id, ok = c.more[v]
	return id, ok
}

func (c *intMap) prepare(q *question) ask {
	switch q.form {
	case exactHit, exactMiss:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := c.get(v); ok {
				dst = append(dst, index.Row(id))
			}
			return dst, nil
		}
	case oneErrorReady:
		probes := q.probes
		return func(dst []index.Row) ([]index.Row, error) { return c.all(dst, probes), nil }
	case oneError:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			c.probes = appendNeighbours(c.probes[:0], v)
			return c.all(dst, c.probes), nil
		}
	}
	return nil
}

func (c *intMap) all(dst []index.Row, probes []vin.VIN) []index.Row {
	for i := range probes {
		if id, ok := c.get(probes[i]); ok {
			dst = append(dst, index.Row(id))
		}
	}
	return dst
}

func (c *intMap) parts(context.Context) ([]part, error) {
	return []part{{"map", theRest}, {"VINs", 16 * int64(len(c.vins))}}, nil
}

func (*intMap) needs(form) []string { return []string{"map", "VINs"} }

func (c *intMap) batch(vins []vin.VIN) func(dst []index.Row) error {
	return func(dst []index.Row) error {
		for i := range vins {
			id, ok := c.get(vins[i])
			if !ok {
				id = uint32(index.NoRow)
			}
			dst[i] = index.Row(id)
		}
		return nil
	}
}

func (c *intMap) close() error { *c = intMap{}; return nil }

// syncMap is puzpuzpuz/xsync, which takes writes meanwhile.
type syncMap struct {
	m      *xsync.Map[vin.VIN, uint32]
	probes []vin.VIN
}

func (*syncMap) describe() description {
	return description{
		Name:    "puzpuzpuz/xsync",
		Version: moduleVersion("github.com/puzpuzpuz/xsync/v4"),
		Setup:   "Map[vin.VIN]uint32 made with its final size. The one map here that takes writes while it is read.",
	}
}

func (c *syncMap) build(_ context.Context, listed []entry) error {
	c.m = xsync.NewMap[vin.VIN, uint32](xsync.WithPresize(len(listed)))
	for i := range listed {
		c.m.Store(listed[i].vin, uint32(listed[i].id))
	}
	return nil
}

func (c *syncMap) prepare(q *question) ask {
	m := c.m
	switch q.form {
	case exactHit, exactMiss:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			if id, ok := m.Load(v); ok {
				dst = append(dst, index.Row(id))
			}
			return dst, nil
		}
	case oneErrorReady:
		probes := q.probes
		return func(dst []index.Row) ([]index.Row, error) { return c.all(dst, probes), nil }
	case oneError:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			c.probes = appendNeighbours(c.probes[:0], v)
			return c.all(dst, c.probes), nil
		}
	}
	return nil
}

func (c *syncMap) all(dst []index.Row, probes []vin.VIN) []index.Row {
	m := c.m
	for i := range probes {
		if id, ok := m.Load(probes[i]); ok {
			dst = append(dst, index.Row(id))
		}
	}
	return dst
}

func (c *syncMap) batch(vins []vin.VIN) func(dst []index.Row) error {
	m := c.m
	return func(dst []index.Row) error {
		for i := range vins {
			id, ok := m.Load(vins[i])
			if !ok {
				id = uint32(index.NoRow)
			}
			dst[i] = index.Row(id)
		}
		return nil
	}
}

func (c *syncMap) close() error { c.m = nil; return nil }
