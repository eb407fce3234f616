package index

import (
	"context"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// An Index is a register in memory. Any number of goroutines may use it. Ask
// through its [View].
//
// # Changes
//
// [Index.Apply] changes the register. Readers do not notice: they neither lock
// nor wait, and a View is the same for as long as it is held, down to its rows.
// A View taken after Apply returned has all changes of the call; one taken before
// has none of them.
//
// An Index is a large register that never changes, and beside it the changes
// since it was made, which take about 250 bytes each. [Index.Compact] makes a new
// register of both; an Index does so by itself, in the background, when
// [Options.CompactAfter] changes have come. That bounds the changes, and with
// them what they cost a lookup. A View held for long keeps the register and the
// changes of its time in memory.
type Index struct {
	o    Options
	view atomic.Pointer[View]

	mu         sync.Mutex // held by what stores a View
	writer     *writer    // of the delta of the current View; nil: there is none yet
	closed     bool
	background bool          // a goroutine compacts
	restUntil  time.Time     // it does not, before
	crowded    chan struct{} // says that many changes wait

	owned   chan struct{}   // holds one element while somebody replaces the segment
	life    context.Context // until Close
	end     context.CancelCauseFunc
	running sync.WaitGroup // the goroutine that compacts
	closing sync.Once
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

	// CompactAfter is the number of changes from which the index compacts
	// itself in the background: see [Index.Compact]. Between two compactions it
	// leaves the processors to readers for as long as the first took, unless
	// eight times as many changes wait by then. If they come faster than it
	// can, Apply waits for it at 16 times as many. A call of Apply is
	// always taken whole, however many changes it has. Default: one for every
	// 64 records, and at least 16,384.
	CompactAfter int

	// KeepWithdrawn is how long an index remembers at least that a record was
	// withdrawn, so that an older version that comes late does not bring it
	// back. It takes about 30 bytes, and those of the ID. The time is that of
	// the changes: it goes on as they come. Default: 90 days.
	KeepWithdrawn time.Duration

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

func (o Options) keepWithdrawn() time.Duration {
	if o.KeepWithdrawn == 0 {
		return 90 * 24 * time.Hour
	}
	return o.KeepWithdrawn
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
	return newIndex(o, seg, Position{}), nil
}

// newIndex makes an Index of a segment that has taken a log up to a position.
func newIndex(o Options, s *segment, at Position) *Index {
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	x := &Index{o: o, owned: make(chan struct{}, 1), crowded: make(chan struct{}, 1)}
	x.life, x.end = context.WithCancelCause(context.Background())
	x.view.Store(&View{seg: s, n: s.n, countries: s.plateCountries, position: at})
	return x
}

// replace puts a segment and its position in the place of everything, unless that
// is further in the same log.
func (x *Index) replace(s *segment, at Position) error {
	_, release, err := x.own(context.Background())
	if err != nil {
		return err
	}
	defer release()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ErrClosed
	}
	if p := x.View().position; at.Lineage == p.Lineage && at.Seq < p.Seq {
		return &PositionError{At: at, Applied: p}
	}
	x.writer = nil
	x.view.Store(&View{seg: s, n: s.n, countries: s.plateCountries, position: at})
	return nil
}

// View returns the register as it is now. It does not lock or allocate.
func (x *Index) View() *View { return x.view.Load() }

// Stats tells what the index holds now. It waits for nobody.
func (x *Index) Stats() Stats {
	v := x.View()
	st := v.seg.stats
	st.Records = v.n
	st.Changes = int(v.changes)
	if v.delta != nil {
		st.Memory.Changes += v.delta.bytes() + v.writerBytes
	}
	return st
}

// Close lets go of the register. It ends a compaction and waits until it has
// ended. Views taken before remain valid; the View of a closed Index is empty,
// and what would change it returns [ErrClosed]. The error is always nil.
func (x *Index) Close() error {
	var err error
	x.closing.Do(func() { err = x.close() }) // others wait
	return err
}

func (x *Index) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	empty, err := build(context.Background(), Options{}, func(func(Record, error) bool) {})
	if err != nil {
		return err
	}
	x.closed = true
	x.end(ErrClosed)
	x.mu.Unlock()
	x.running.Wait()
	x.owned <- struct{}{} // for good
	x.mu.Lock()
	x.writer = nil
	x.view.Store(&View{seg: empty})
	return nil
}
