package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/vinmatch/vinmatch/index"
)

// Begin makes a register the one that an empty log begins with: it moves it to
// position 0 of the log and stores a snapshot of it, from which every replica of
// the log then starts. It is how a register that was built goes over to a log,
// and how a log is replaced that lost entries: with a register that was built, by
// [index.Build], of the records of the replica that is furthest.
//
// The register must be at the zero Position or at position 0 of the log, which an
// index that was built is. A log that has entries already, or had, gives an
// error, and nothing has changed. A log with other snapshots of its own begins
// with the newest.
func Begin(ctx context.Context, log Log, snaps Snapshots, x *index.Index) (Snapshot, error) {
	b, err := log.Bounds(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if b.Last != 0 {
		return Snapshot{}, errors.New("feed: Begin: the log has begun")
	}
	if _, err := x.Apply(b.Position(), nil); err != nil {
		return Snapshot{}, fmt.Errorf("feed: Begin: %w", err)
	}
	s := Snapshot{Head: Head{Position: b.Position()}}
	view := x.View()
	if err := snaps.Put(ctx, s, func(path string) error { return x.SaveView(path, view) }); err != nil {
		return Snapshot{}, err
	}
	return s, nil
}

// Failing returns a Log that can do nothing but say why: the error of all its
// methods. With it, a node whose log cannot be opened serves its newest snapshot,
// and says that it is not fresh.
func Failing(err error) Log { return failing{err} }

type failing struct{ err error }

func (f failing) Append(context.Context, []index.Change) (index.Position, error) {
	return index.Position{}, f.err
}

func (f failing) Read(context.Context, index.Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) { yield(Entry{}, f.err) }
}

func (f failing) Bounds(context.Context) (Bounds, error) { return Bounds{}, f.err }
