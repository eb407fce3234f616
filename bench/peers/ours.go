package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// ourName is the name of the contender that all others are compared with.
const ourName = "vinmatch"

// isOurs reports whether a name is that of a contender that is no rival.
func isOurs(name string) bool { return name == ourName || name == matchName }

type ours struct {
	idx  *index.Index
	view *index.View

	// Room for what may have been meant, one question at a time.
	keys []index.Key
	rows []index.Row
}

func (*ours) describe() description {
	return description{
		Name: ourName,
		Setup: "index.Build with default options: every record with owner, ID, type and status, which the others do not hold. " +
			"Batches by View.LookupBatch, partial numbers by View.AppendSearch, one error by View.AppendNear, and where all numbers that may have been meant are ready by a batch of them.",
	}
}

func (o *ours) build(ctx context.Context, listed []entry) error {
	var id []byte
	idx, err := index.Build(ctx, index.Options{}, func(yield func(index.Record, error) bool) {
		for i := range listed {
			id = strconv.AppendInt(id[:0], int64(listed[i].id), 36)
			r := index.Record{Owner: "FR", ID: string(id), Version: 1, VIN: listed[i].vin, Type: index.Car, Status: index.Stolen}
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	o.idx, o.view = idx, idx.View()
	return nil
}

func (o *ours) parts(context.Context) ([]part, error) {
	m := o.idx.Stats().Memory
	return []part{
		{"keys", m.Keys},
		{"hash table", m.Table},
		{"directories", m.Partial},
		{"records: texts, columns, filters", m.Texts + m.Columns + m.Filters},
		{"changes", m.Changes},
	}, nil
}

func (*ours) needs(f form) []string {
	if f.whole() {
		return []string{"keys", "hash table"}
	}
	return []string{"keys", "directories"}
}

func (o *ours) prepare(q *question) ask {
	view := o.view
	switch q.form {
	case exactHit, exactMiss:
		k := index.VIN(q.vin)
		return func(dst []index.Row) ([]index.Row, error) {
			if row, ok := view.Lookup(k); ok {
				dst = append(dst, row)
			}
			return dst, nil
		}
	case oneErrorReady:
		keys := make([]index.Key, len(q.probes))
		for i, v := range q.probes {
			keys[i] = index.VIN(v)
		}
		return func(dst []index.Row) ([]index.Row, error) { return o.appendHits(dst, keys), nil }
	case oneError:
		v := q.vin
		return func(dst []index.Row) ([]index.Row, error) {
			o.keys = o.view.AppendNear(append(o.keys[:0], index.VIN(v)), v)
			return o.appendHits(dst, o.keys), nil
		}
	}
	p := q.pattern
	return func(dst []index.Row) ([]index.Row, error) {
		dst, _, err := view.AppendSearch(context.Background(), dst, p, nil, limit)
		return dst, err
	}
}

func (o *ours) appendHits(dst []index.Row, keys []index.Key) []index.Row {
	o.rows = slices.Grow(o.rows[:0], len(keys))[:len(keys)]
	if o.view.LookupBatch(o.rows, keys) == 0 {
		return dst
	}
	for _, row := range o.rows {
		if row != index.NoRow {
			dst = append(dst, row)
		}
	}
	return dst
}

func (o *ours) batch(vins []vin.VIN) func(dst []index.Row) error {
	view, keys := o.view, make([]index.Key, len(vins))
	for i, v := range vins {
		keys[i] = index.VIN(v)
	}
	return func(dst []index.Row) error {
		view.LookupBatch(dst, keys)
		return nil
	}
}

func (o *ours) close() error { return o.idx.Close() }
