package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// errDiffers means that a contender does not answer as vinmatch does, or that
// an answer is none.
var errDiffers = errors.New("answers differ")

// compare reports how the answers to a question differ from those of vinmatch,
// or with a nil want, whether they are answers at all. Of more than limit
// answers, any limit different ones will do.
func (w *world) compare(q *question, got, want []index.Row) error {
	rows := slices.Sorted(slices.Values(got))
	if len(slices.Compact(slices.Clone(rows))) != len(rows) {
		return fmt.Errorf("%w: a record comes twice", errDiffers)
	}
	for _, row := range rows {
		if int(row) >= len(w.sorted) || !q.want(w.sorted[row]) {
			return fmt.Errorf("%w: a record does not fit", errDiffers)
		}
	}
	if want == nil {
		return nil
	}
	if len(rows) != len(want) {
		return fmt.Errorf("%w: %d records, %s has %d", errDiffers, len(rows), ourName, len(want))
	}
	if len(want) < limit && !slices.Equal(rows, want) {
		return fmt.Errorf("%w: other records than those of %s", errDiffers, ourName)
	}
	return nil
}

// compareBatch reports whether rows are those of VINs.
func (w *world) compareBatch(vins []vin.VIN, rows []index.Row) error {
	for i, row := range rows {
		want, listed := slices.BinarySearchFunc(w.sorted, vins[i], vin.VIN.Compare)
		if listed && row != index.Row(want) || !listed && row != index.NoRow {
			return fmt.Errorf("%w from what is listed", errDiffers)
		}
	}
	return nil
}
