package index

import (
	"context"
	"iter"
	"runtime"
	"sync/atomic"
)

// An Index is a register in memory. Any number of goroutines may use it. Ask
// through its [View].
type Index struct {
	o    Options
	view atomic.Pointer[View]
}

// Options say how to build an index. The zero Options are the defaults.
type Options struct {
	// Workers is the number of goroutines that build. Default: as many as
	// there are processors for Go (GOMAXPROCS). It does not change the result.
	Workers int

	// Seed makes the hash of the lookup table hard to predict, so that nobody
	// can choose numbers that crowd one place in it; even then a lookup takes
	// no more than logarithmic time. Default: drawn at random. Set it to get
	// the same table every time, to the byte; no answer depends on it.
	Seed uint64

	// OnRefused is called from Build's goroutine for each record that is not
	// taken, and for each number of a record that cannot be looked up; Build
	// then goes on. Default: the first Refusal ends Build and is its error, so
	// that nothing is lost in silence.
	OnRefused func(*Refusal)

	// MaxBytes is the length of the largest snapshot that Open and Swap take.
	// Default: any length.
	MaxBytes int64
}

// workers returns how many goroutines build.
func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Build makes an index of records. Their order does not matter.
//
// Owner and ID identify a record. Of several with the same, the one of the
// highest version counts. Of those with the same version too, the first counts,
// and each that says something else is refused with [VersionConflict].
//
// A record is refused as a whole if its owner or ID is not valid, or if it is
// out of bounds: see [Reason]. A number of a record that has no key is refused
// alone: the record keeps its text and is found by its other numbers. See
// [Options.OnRefused].
//
// A record is found under its VIN, its plate and the plate's aliases
// ([plate.Plate.Aliases]), each of its numbers, and the chassis number inside
// the VIN of an import from Japan ([vin.Info.Frame]).
//
// An error of the sequence ends Build, which returns it wrapped; so does the end
// of the context, which Build looks at between records and between its phases.
func Build(ctx context.Context, o Options, records iter.Seq2[Record, error]) (*Index, error) {
	seg, err := build(ctx, o, records)
	if err != nil {
		return nil, err
	}
	x := &Index{o: o}
	x.view.Store(&View{seg})
	return x, nil
}

// View returns the register as it is now. It does not lock or allocate.
func (x *Index) View() *View { return x.view.Load() }

// Stats tells what the index holds now.
func (x *Index) Stats() Stats { return x.View().seg.stats }

// Close lets go of the register. Views taken before remain valid; the View of a
// closed Index is empty. The error is always nil.
func (x *Index) Close() error {
	empty, err := build(context.Background(), Options{}, func(func(Record, error) bool) {})
	x.view.Store(&View{empty})
	return err
}
