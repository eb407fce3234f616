package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"

	"github.com/vinmatch/vinmatch/index"
)

// A Log holds changes in the one order in which every [Replica] takes them. It
// consists of entries with the numbers 1, 2, 3 and so on, each with many changes.
//
// Package feed has two Logs, [Memory] and [Dir]; package feed/jetstream has one
// that many nodes share. Package feed/feedtest holds a Log to this contract.
// Methods may be called from any goroutine.
type Log interface {
	// Append adds changes and returns the position up to which a replica
	// has them all. When it returns no error they are stored for good, in
	// the way that the Log documents. At of the changes does not count: the
	// Log dates them.
	//
	// A change with the [ID] of one that the log remembers is not added
	// again. So an Append that failed, whose effect is unknown, is simply
	// called again: see [Recent] for how far back a log remembers.
	//
	// What no index would take is refused before anything is added, with a
	// [*ChangeError]. Many changes may become several entries, and an
	// Append that fails may have added the first of them.
	Append(ctx context.Context, changes []index.Change) (index.Position, error)

	// Read yields the entries after a position, in order and without a gap,
	// waits for those to come, and ends when the consumer does. The zero
	// position is before the first entry of any log.
	//
	// Where it cannot go on so, it yields one error and ends. A [*LogError]
	// is about the log, and reading again does not help; any other, which
	// may be that of the context, is about reaching it.
	Read(ctx context.Context, after index.Position) iter.Seq2[Entry, error]

	// Bounds tells which entries there are. All whose Append returned before
	// are among them. Its errors are as those of Read.
	Bounds(ctx context.Context) (Bounds, error)
}

// A Trimmer is a Log that can forget its beginning.
type Trimmer interface {
	// Trim forgets entries up to a position. It may keep more than asked,
	// and always keeps the last entry. A position of another log gives an
	// error that is [ErrReplaced].
	Trim(ctx context.Context, upTo index.Position) error
}

// Bounds are the numbers of the first and the last entry that a log holds. In one
// that has none, First is Last + 1.
type Bounds struct {
	Lineage     [16]byte // names the log; one that starts again has another
	First, Last uint64
}

// Check returns why reading cannot go on after a position: a [*LogError] that is
// [ErrReplaced], [ErrTrimmed] or [ErrRegressed]; nil if it can.
func (b Bounds) Check(after index.Position) error {
	e := &LogError{After: after, Bounds: b}
	switch {
	case after.Lineage != b.Lineage && after != (index.Position{}):
		e.Err = ErrReplaced
	case after.Seq > b.Last:
		e.Err = ErrRegressed
	case after.Seq+1 < b.First:
		e.Err = ErrTrimmed
	default:
		return nil
	}
	return e
}

// Position returns the position after the last entry.
func (b Bounds) Position() index.Position { return index.Position{Lineage: b.Lineage, Seq: b.Last} }

// NewLineage returns the name of a new log, drawn at random.
func NewLineage() (lineage [16]byte) {
	_, _ = rand.Read(lineage[:]) // never fails
	return lineage
}

// What can be wrong with a log: errors.Is finds one of these in a [*LogError].
var (
	ErrTrimmed   = errors.New("the log begins later")                  // its beginning was forgotten
	ErrRegressed = errors.New("the log ends before")                   // it lost what it had acknowledged
	ErrReplaced  = errors.New("another log")                           // another lineage, or other entries under the same numbers
	ErrGap       = errors.New("an entry is missing")                   // in the middle
	ErrDamaged   = errors.New("damaged")                               // bytes are not as they were written
	ErrVersion   = errors.New("written by another version")            // of this package
	ErrFailed    = errors.New("the log failed before and must reopen") // it could not write or sync
	ErrClosed    = errors.New("the log is closed")                     // by Close
)

// A LogError says why a log cannot be read or written. Reading on from the same
// position gives the same error; a [Replica] starts anew from a snapshot.
type LogError struct {
	After  index.Position // what was asked for
	Seq    uint64         // the entry to blame, where there is one
	Bounds Bounds         // of the log, where they were known
	Reason string         // more on it; may be empty
	Err    error          // one of the errors above, or wraps one
}

func (e *LogError) Error() string {
	s := "feed: " + e.Err.Error()
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	switch {
	case e.Seq != 0:
		return fmt.Sprintf("%s (entry %d)", s, e.Seq)
	case e.Bounds != Bounds{}:
		return fmt.Sprintf("%s (after entry %d; the log has %d to %d)", s, e.After.Seq, e.Bounds.First, e.Bounds.Last)
	}
	return s
}

// Unwrap returns e.Err.
func (e *LogError) Unwrap() error { return e.Err }
