package feed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vinmatch/vinmatch/index"
)

// Options say how a [Replica] works. The zero Options are the defaults.
type Options struct {
	// Index are the options of the register.
	Index index.Options

	// SnapshotEvery is how often a snapshot is stored, if anything changed
	// since the last. Default: 1 hour. Negative: only when Snapshot is called.
	SnapshotEvery time.Duration

	// Trim says to forget, after a snapshot was stored, the entries of the
	// log that all snapshots of it have. The log must be a [Trimmer].
	// Default: the log keeps everything.
	Trim bool

	// Poll is how often the log is asked for its bounds, which is how a
	// replica knows that it has everything. Default: 1 second.
	Poll time.Duration

	// MaxAge is how old the register may be before it does not count as fresh:
	// see [Status]. Default: 10 seconds. It is no less than twice Poll.
	MaxAge time.Duration

	// Retry is how long to wait before the log is read again after an error.
	// It doubles up to 30 times as much while that goes on. Default: 200
	// milliseconds.
	Retry time.Duration

	// MaxBatch is how many changes are taken from the log together, after
	// which readers see them. Default: 8,192. A single entry is taken whole.
	MaxBatch int

	// OnEvent is told what happens to the replica, one event at a time, from
	// goroutines of the replica. It must not call its methods that wait.
	// Default: nobody is told; [Replica.Status] has the same in short.
	OnEvent func(Event)

	// OnApplied is called after readers can see the changes of entries, in
	// order, with what became of them. The replica waits for it. What the
	// replica takes from a snapshot is not among them: an event StartedAnew
	// says that some may have been passed over.
	OnApplied func([]index.Change, index.Applied)
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&o.SnapshotEvery, time.Hour)
	set(&o.Poll, time.Second)
	set(&o.MaxAge, 10*time.Second)
	set(&o.Retry, 200*time.Millisecond)
	o.MaxAge = max(o.MaxAge, 2*o.Poll)
	if o.MaxBatch <= 0 {
		o.MaxBatch = 8192
	}
	return o
}

// An EventKind is what happened to a replica.
type EventKind uint8

const (
	_               EventKind = iota
	Opened                    // a register to serve, from a snapshot or empty: replay begins
	SkippedSnapshot           // a snapshot could not be used; Err says why
	CaughtUp                  // the register has all that the log has, for the first time or again
	FellBehind                // the register is not fresh any more
	Unreachable               // the log or its snapshots could not be reached; Err says why. It is tried again
	Broken                    // the log cannot be read on; Err is the *LogError
	StartedAnew               // from a snapshot, in the place of what the log does not have
	Snapshotted               // a snapshot was stored
	SnapshotFailed            // a snapshot could not be stored, or the log not be trimmed; Err says why
	TrimmedLog                // the log was trimmed up to Position
	Refused                   // the index refused changes of the log; Err is the first index.Refusal
	events
)

var eventNames = [events]string{
	Opened: "opened", SkippedSnapshot: "skipped snapshot", CaughtUp: "caught up", FellBehind: "fell behind",
	Unreachable: "unreachable", Broken: "broken", StartedAnew: "started anew", Snapshotted: "snapshotted",
	SnapshotFailed: "snapshot failed", TrimmedLog: "trimmed log", Refused: "refused",
}

// String returns the name in lower case, as in "caught up".
func (k EventKind) String() string {
	if k < events && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// An Event is something that happened to a replica.
type Event struct {
	Kind     EventKind
	Position index.Position // of the register, or of the snapshot
	Err      error          // nil unless the kind says so
}

// A Status tells how far a replica is.
//
// The register holds all that the log held at the time AsOf. It is fresh if that
// is not longer ago than [Options.MaxAge] and the log can be read on.
type Status struct {
	Position  index.Position // of the register
	Last      uint64         // entry of the log, when it was asked last
	AsOf      time.Time      // zero: the replica has not caught up yet
	LastEntry time.Time      // when the log took the last entry that was applied; zero: none was
	Fresh     bool
	Err       error     // what keeps the replica from reading on; a *LogError if it is the log's fault
	Snapshot  Snapshot  // the last that was stored or opened; zero: none
	Opened    time.Time // when the replica was opened

	// Since then:
	Entries, Changes   uint64 // taken from the log
	Stale, Refused     uint64 // of the changes
	StartsAnew, Stored uint64 // times it started anew, and snapshots it stored
}

// Age returns how long ago the register held all that the log held; the longest
// duration if it never did.
func (s Status) Age() time.Duration {
	if s.AsOf.IsZero() {
		return 1<<63 - 1
	}
	return max(time.Since(s.AsOf), 0)
}

// Behind returns how many entries the log had more than the register, when it was
// asked last.
func (s Status) Behind() uint64 { return s.Last - min(s.Position.Seq, s.Last) }

// A Replica keeps a register as a log says. Make it with [OpenReplica]. Methods may
// be called from any goroutine.
type Replica struct {
	o     Options
	log   Log
	snaps Snapshots // nil: none
	x     *index.Index

	life context.Context
	end  context.CancelCauseFunc
	done sync.WaitGroup

	closing sync.Once

	held  atomic.Pointer[held]
	saves chan struct{} // holds one element while a snapshot is stored

	poke chan struct{} // asks for the bounds at once

	mu        sync.Mutex
	moved     signal         // is sent when any of the following changes
	status    Status         // but for what statusLocked adds
	err       error          // of the last attempt to read
	reading   bool           // what the register holds is known to be a beginning of the log
	follows   bool           // so it was when the log began to be read, which had more then
	boundsErr error          // of the last attempt to learn the bounds
	floor     index.Position // that the log is known to have reached
	targets   []target
	restart   context.CancelCauseFunc // ends the attempt to read that is under way
	wasFresh  bool

	telling sync.Mutex
}

// held is what the register holds: a View with the head of the log at its
// position.
type held struct {
	view *index.View
	head Head
}

// A target says that a register with entry last has all that the log held at a
// time.
type target struct {
	last uint64
	at   time.Time
}

// maxTargets bounds the targets that wait; those between get lost then, which
// makes the register seem older than it is.
const maxTargets = 256

// OpenReplica makes a replica of a log, from the newest snapshot that can be used,
// or without one from the beginning of the log. snaps may be nil: then there are
// no snapshots. It returns when there is a register to serve, and goes on by
// itself to bring it up to date: see [Replica.CatchUp].
//
// A snapshot that is damaged is passed over for the one before it, and the whole
// log counts when none is left. A replica never goes back: if the log lost its end, or
// is another than that of the snapshots, the newest snapshot is served, but never
// as fresh; [Status] says so. There is an error only if there is nothing to serve:
// no snapshot can be used, and the log cannot be reached, has lost its beginning, or
// began with a register (see [Begin]). That it did, the snapshots say: where all of
// them were removed by hand, nothing does.
// The context is for opening alone. Close ends the replica.
func OpenReplica(ctx context.Context, log Log, snaps Snapshots, o Options) (*Replica, error) {
	r := &Replica{
		o: o.withDefaults(), log: log, snaps: snaps,
		moved: newSignal(), saves: make(chan struct{}, 1), poke: make(chan struct{}, 1),
		restart: func(error) {},
	}
	r.status.Opened = time.Now()
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	r.life, r.end = context.WithCancelCause(context.Background())
	r.tell(Event{Kind: Opened, Position: r.held.Load().head.Position})
	if r.err != nil {
		r.tellFailure(r.err)
	}
	r.done.Go(r.follow)
	r.done.Go(r.watch)
	if r.snaps != nil && r.o.SnapshotEvery > 0 {
		r.done.Go(r.schedule)
	}
	return r, nil
}

// open finds a register to begin with.
func (r *Replica) open(ctx context.Context) error {
	// In this order: a snapshot is never ahead of bounds that are asked for
	// later.
	list, listErr := r.list(ctx)
	b, err := r.log.Bounds(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("feed: OpenReplica: %w", ctx.Err())
	}
	if err == nil {
		// Snapshots of the log itself first.
		slices.SortStableFunc(list, func(a, c Snapshot) int {
			return rank(c.Position.Lineage == b.Lineage) - rank(a.Position.Lineage == b.Lineage)
		})
		r.status.Last = b.Last
	}
	r.err = err
	ours := false
	var beginErr error // why the register that the log began with cannot be used
	for _, s := range list {
		if err == nil && s.Position.Lineage == b.Lineage {
			ours = true
			r.noteFloor(s, b)
		} else if ours && b.First == 1 {
			break // the log itself has more than another log's register
		}
		if err == nil && s.Position.Lineage == b.Lineage && s.Position.Seq+1 < b.First {
			if s.isForgotten() {
				continue // as it may be
			}
			r.tell(Event{Kind: SkippedSnapshot, Position: s.Position, Err: b.Check(s.Position)})
			continue
		}
		var x *index.Index
		openErr := errForgotten
		if !s.isForgotten() {
			openErr = r.snaps.Get(ctx, s, func(path string) (err error) {
				x, err = openSnapshot(path, s, r.o.Index)
				return err
			})
		}
		if openErr != nil {
			if s.Position == (index.Position{Lineage: b.Lineage}) {
				beginErr = openErr
			}
			r.tell(Event{Kind: SkippedSnapshot, Position: s.Position, Err: openErr})
			continue
		}
		r.x = x
		r.status.Snapshot = s
		r.hold(s.Head)
		if err == nil {
			r.err = r.checkBounds(b, s.Head)
		}
		return nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("feed: OpenReplica: nothing to serve: %w", errors.Join(err, listErr))
	case b.First > 1:
		return fmt.Errorf("feed: OpenReplica: nothing to serve: %w", errors.Join(b.Check(index.Position{}), listErr))
	case beginErr != nil:
		// The log has what came after that register, and not what was in it.
		return fmt.Errorf("feed: OpenReplica: nothing to serve: %w", beginErr)
	case listErr != nil:
		// What snapshots there are decides whether a log that begins is ours.
		return fmt.Errorf("feed: OpenReplica: nothing to serve: %w", listErr)
	}
	x, err := index.Build(ctx, r.o.Index, index.Records())
	if err != nil {
		return fmt.Errorf("feed: OpenReplica: %w", err)
	}
	r.x = x
	start := index.Position{Lineage: b.Lineage}
	if _, err := x.Apply(start, nil); err != nil {
		return fmt.Errorf("feed: OpenReplica: %w", err)
	}
	r.hold(Head{Position: start})
	r.err = r.checkBounds(b, Head{Position: start})
	return nil
}

// openSnapshot opens the file of a snapshot.
func openSnapshot(path string, s Snapshot, o index.Options) (*index.Index, error) {
	x, err := index.Open(path, o)
	if err != nil {
		return nil, err
	}
	if at := x.View().Position(); at != s.Position {
		return nil, errors.Join(x.Close(), &index.PositionError{At: s.Position, Applied: at})
	}
	return x, nil
}

func rank(first bool) int {
	if first {
		return 1
	}
	return 0
}

// list lists snapshots, if there may be any.
func (r *Replica) list(ctx context.Context) ([]Snapshot, error) {
	if r.snaps == nil {
		return nil, nil
	}
	return r.snaps.List(ctx)
}

// hold notes what the register holds by now.
func (r *Replica) hold(h Head) { r.held.Store(&held{r.x.View(), h}) }

// checkBounds returns why the log cannot be read on from a head.
func (r *Replica) checkBounds(b Bounds, h Head) error {
	if err := b.Check(h.Position); err != nil {
		return err
	}
	if r.floor.Lineage == b.Lineage {
		if err := b.Check(r.floor); errors.Is(err, ErrRegressed) {
			return err
		}
	}
	return nil
}

// Close ends the replica and closes its register, after a snapshot that is being
// stored. Views remain valid. It returns nil.
func (r *Replica) Close() error {
	r.closing.Do(func() {
		r.end(errClosed)
		r.done.Wait()
		r.saves <- struct{}{} // for good
		_ = r.x.Close()       // which always returns nil
	})
	return nil
}

var errClosed = errors.New("feed: the replica is closed")

// Index returns the register. It is the same for as long as the replica, also when
// the replica starts anew. Only the replica may change it.
func (r *Replica) Index() *index.Index { return r.x }

// View returns the register as it is now.
func (r *Replica) View() *index.View { return r.x.View() }

// Status tells how far the replica is. It takes no time worth mentioning.
func (r *Replica) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statusLocked()
}

func (r *Replica) statusLocked() Status {
	s := r.status
	s.Position = r.held.Load().head.Position
	s.Err = r.err
	if s.Err == nil {
		s.Err = r.boundsErr
	}
	s.Fresh = r.reading && r.err == nil && !s.AsOf.IsZero() && time.Since(s.AsOf) <= r.o.MaxAge
	return s
}

// CatchUp waits until the register has all that the log held when CatchUp was
// called, and returns what keeps it from that if the context ends before.
func (r *Replica) CatchUp(ctx context.Context) error {
	asked := time.Now()
	r.ask()
	return r.await(ctx, func(s Status) bool { return s.Err == nil && !s.AsOf.Before(asked) })
}

// WaitFor waits until the register has the changes up to a position, such as
// [Log.Append] returned. It returns at once if that is of another log.
func (r *Replica) WaitFor(ctx context.Context, at index.Position) error {
	var other error
	err := r.await(ctx, func(s Status) bool {
		if other = nil; at.Lineage != s.Position.Lineage {
			other = &LogError{After: at, Err: ErrReplaced}
		}
		return other != nil || s.Position.Seq >= at.Seq
	})
	return errors.Join(other, err)
}

// await waits until a status is as wanted.
func (r *Replica) await(ctx context.Context, ok func(Status) bool) error {
	for {
		r.mu.Lock()
		s, moved := r.statusLocked(), r.moved.next()
		r.mu.Unlock()
		if ok(s) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.Err)
		case <-r.life.Done():
			return context.Cause(r.life)
		}
	}
}

// tell reports an event.
func (r *Replica) tell(e Event) {
	if r.o.OnEvent == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.o.OnEvent(e)
}

// change changes the status and wakes those who wait for it. It tells when the
// register becomes fresh or ceases to be.
func (r *Replica) change(f func()) {
	r.mu.Lock()
	f()
	s := r.statusLocked()
	turned := s.Fresh != r.wasFresh
	r.wasFresh = s.Fresh
	r.moved.send()
	r.mu.Unlock()
	if turned {
		kind := FellBehind
		if s.Fresh {
			kind = CaughtUp
		}
		r.tell(Event{Kind: kind, Position: s.Position, Err: s.Err})
	}
}

// reached notes that the register has an entry. The caller holds r.mu.
func (r *Replica) reached(seq uint64) {
	n := 0
	for n < len(r.targets) && r.targets[n].last <= seq {
		if t := r.targets[n].at; t.After(r.status.AsOf) {
			r.status.AsOf = t
		}
		n++
	}
	r.targets = slices.Delete(r.targets, 0, n)
}

// follow reads the log for as long as the replica lives.
func (r *Replica) follow() {
	wait := r.o.Retry
	for r.life.Err() == nil {
		begin := r.held.Load().head
		err := r.read()
		if r.life.Err() != nil {
			return
		}
		if r.held.Load().head != begin {
			wait = r.o.Retry // it got on meanwhile
		}
		if err == nil {
			continue
		}
		r.fails(err)
		if isBroken(err) && r.startAnew() {
			continue
		}
		select {
		case <-time.After(wait):
		case <-r.life.Done():
			return
		}
		wait = min(2*wait, 30*r.o.Retry)
	}
}

// isBroken reports whether an error is the log's fault.
func isBroken(err error) bool {
	var bad *LogError
	return errors.As(err, &bad)
}

// fails notes why the log cannot be read, and tells if that is news.
func (r *Replica) fails(err error) {
	news := false
	r.change(func() {
		news = r.err == nil || r.err.Error() != err.Error()
		r.err, r.reading, r.follows, r.targets = err, false, false, nil
	})
	if news {
		r.tellFailure(err)
	}
}

// tellFailure tells why the log cannot be read.
func (r *Replica) tellFailure(err error) {
	kind := Unreachable
	if isBroken(err) {
		kind = Broken
	}
	r.tell(Event{Kind: kind, Position: r.held.Load().head.Position, Err: err})
}

// An item is what a Log yields.
type item struct {
	entry Entry
	err   error
}

// read takes entries from the log for as long as that goes. Without an error, it
// is to be called again.
func (r *Replica) read() error {
	ctx, cancel := context.WithCancelCause(r.life)
	defer cancel(nil)
	head := r.held.Load().head
	b, err := r.log.Bounds(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.restart, r.follows = cancel, false
	err = r.checkBounds(b, head)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	// Read the last entry that the register has once more, if the log still
	// does: a log that lost its end and went on differently has another.
	from := head.Position
	known := from.Seq > 0 && from.Seq >= b.First
	if known {
		from.Seq--
	} else if b.Last == from.Seq {
		r.isReading()
	}

	items := make(chan item, 16)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(items)
		for e, err := range r.log.Read(ctx, from) {
			select {
			case items <- item{e, err}:
			case <-ctx.Done():
				return
			}
		}
	})
	defer reader.Wait()
	defer cancel(nil)
	if known {
		switch first := <-items; {
		case errors.Is(first.err, ErrTrimmed):
			return nil // since its bounds were asked for
		case first.err != nil || ctx.Err() != nil:
			return readError(ctx, first.err)
		case first.entry.Head() != head:
			return &LogError{After: head.Position, Seq: head.Position.Seq, Err: ErrReplaced, Reason: "another entry under this number"}
		case head.Position.Seq == b.Last:
			r.isReading()
		default:
			r.mu.Lock()
			r.follows = true
			r.mu.Unlock()
		}
	}
	for {
		changes, next, n, err := r.gather(items, head)
		if next != head {
			if err := r.apply(changes, next, n); err != nil {
				return err
			}
			head = next
		}
		if err != nil || ctx.Err() != nil {
			return readError(ctx, err)
		}
	}
}

// readError returns why reading ended.
func readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// isReading notes that what the register holds is a beginning of the log.
func (r *Replica) isReading() { r.change(r.setReading) }

// setReading is isReading for who holds r.mu.
func (r *Replica) setReading() {
	if r.err = nil; !r.reading {
		r.reading = true
		r.ask() // what was asked before did not count
	}
}

// ask asks for the bounds of the log at once.
func (r *Replica) ask() {
	select {
	case r.poke <- struct{}{}:
	default: // somebody did already
	}
}

// gather waits for an entry and takes those that are there beside it.
func (r *Replica) gather(items <-chan item, head Head) (changes []index.Change, next Head, n int, err error) {
	it, ok := <-items
	for ; ok; n++ {
		if it.err != nil {
			return changes, head, n, it.err
		}
		if head, err = head.Follow(&it.entry); err != nil {
			return changes, head, n, err
		}
		changes = append(changes, it.entry.Changes...)
		if len(changes) >= r.o.MaxBatch {
			return changes, head, n + 1, nil
		}
		select {
		case it, ok = <-items:
		default:
			return changes, head, n + 1, nil
		}
	}
	return changes, head, n, errEnded
}

// errEnded is the error of a Log whose Read ends by itself.
var errEnded = errors.New("feed: reading the log ended without an error")

// apply takes the changes of n entries, after which the log is at a head.
func (r *Replica) apply(changes []index.Change, next Head, n int) error {
	done, err := r.x.Apply(next.Position, changes)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	r.hold(next)
	r.change(func() {
		r.setReading()
		r.status.Entries += uint64(n)
		r.status.Changes += uint64(len(changes))
		r.status.Stale += uint64(done.Stale)
		r.status.Refused += uint64(len(done.Refused))
		r.status.LastEntry = changes[len(changes)-1].At
		r.status.Last = max(r.status.Last, next.Position.Seq)
		r.reached(next.Position.Seq)
	})
	if len(done.Refused) > 0 {
		r.tell(Event{Kind: Refused, Position: next.Position, Err: &done.Refused[0]})
	}
	if r.o.OnApplied != nil {
		r.o.OnApplied(changes, done)
	}
	return nil
}

// startAnew puts the register of a snapshot that the log can be read on from in
// the place of the one that it cannot, and reports whether there was one.
func (r *Replica) startAnew() bool {
	list, err := r.list(r.life)
	b, err2 := r.log.Bounds(r.life)
	if err := errors.Join(err, err2); err != nil {
		if r.life.Err() == nil {
			r.tell(Event{Kind: Unreachable, Position: r.held.Load().head.Position, Err: err})
		}
		return false
	}
	r.mu.Lock()
	for _, s := range list {
		r.noteFloor(s, b)
	}
	r.mu.Unlock()
	at := r.held.Load().head.Position
	for _, s := range list {
		// Forward only: what lies behind would undo what was served.
		if s.Position.Lineage == at.Lineage && s.Position.Seq <= at.Seq || r.checkBounds(b, s.Head) != nil {
			continue
		}
		err := r.snaps.Get(r.life, s, func(path string) error {
			if err := r.x.Swap(path); err != nil {
				return err
			}
			if at := r.x.View().Position(); at != s.Position {
				// Somebody gave the file another name. Its checksum in the
				// log is not known, so that it cannot be read on from.
				r.hold(Head{Position: at})
				return &index.PositionError{At: s.Position, Applied: at}
			}
			return nil
		})
		if r.life.Err() != nil {
			return false
		}
		if err != nil {
			r.tell(Event{Kind: SkippedSnapshot, Position: s.Position, Err: err})
			continue
		}
		r.hold(s.Head)
		r.change(func() {
			r.status.Snapshot = s
			r.status.StartsAnew++
			r.reading, r.targets = false, nil
			if s.Position.Lineage != at.Lineage {
				r.status.AsOf = time.Time{}
			}
		})
		r.mu.Lock()
		why := r.err
		r.mu.Unlock()
		r.tell(Event{Kind: StartedAnew, Position: s.Position, Err: why})
		return true
	}
	return false
}

// noteFloor notes how far a snapshot proves that a log went. It counts even if
// it is damaged.
func (r *Replica) noteFloor(s Snapshot, b Bounds) {
	if s.Position.Lineage == b.Lineage && (r.floor.Lineage != b.Lineage || s.Position.Seq > r.floor.Seq) {
		r.floor = s.Position
	}
}

// watch asks for the bounds of the log again and again.
func (r *Replica) watch() {
	tick := time.NewTicker(r.o.Poll)
	defer tick.Stop()
	for {
		r.poll()
		select {
		case <-tick.C:
		case <-r.poke:
		case <-r.life.Done():
			return
		}
	}
}

// pollTime is how long to wait for the bounds of a log.
const pollTime = 10 * time.Second

func (r *Replica) poll() {
	ctx, cancel := context.WithTimeout(r.life, pollTime)
	defer cancel()
	head, at := r.held.Load().head, time.Now() // in this order: head is no later
	b, err := r.log.Bounds(ctx)
	if r.life.Err() != nil {
		return
	}
	news := false
	r.change(func() {
		if err == nil {
			r.status.Last = b.Last
			if bad := r.checkBounds(b, head); bad != nil {
				r.restart(bad)
			} else {
				if r.follows && b.Last == head.Position.Seq {
					r.setReading() // what was still to come is gone
				}
				if r.reading && len(r.targets) < maxTargets {
					r.targets = append(r.targets, target{b.Last, at})
					r.reached(r.held.Load().head.Position.Seq)
				}
			}
		}
		news = err != nil && r.boundsErr == nil
		r.boundsErr = err
	})
	if news {
		r.tell(Event{Kind: Unreachable, Position: head.Position, Err: err})
	}
}

// schedule stores snapshots.
func (r *Replica) schedule() {
	tick := time.NewTicker(r.o.SnapshotEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.life.Done():
			return
		}
		r.mu.Lock()
		last := r.status.Snapshot.Head
		r.mu.Unlock()
		if r.held.Load().head != last {
			_, _ = r.Snapshot(r.life) // which tells its errors
		}
	}
}

// Snapshot stores the register as it is now, and trims the log if the options say
// so. The empty register in front of the first entry is not stored. Readers and changes go on meanwhile. One snapshot is stored at a time.
func (r *Replica) Snapshot(ctx context.Context) (Snapshot, error) {
	if r.snaps == nil {
		return Snapshot{}, errors.New("feed: the replica has no place for snapshots")
	}
	select {
	case r.saves <- struct{}{}:
		defer func() { <-r.saves }()
	case <-ctx.Done():
		return Snapshot{}, ctx.Err()
	case <-r.life.Done():
		return Snapshot{}, errClosed
	}
	h := r.held.Load()
	s := Snapshot{Head: h.head, Time: time.Now()}
	if s.Position.Seq == 0 && h.view.Len() == 0 {
		return s, nil // not one that the log began with
	}
	err := r.snaps.Put(ctx, s, func(path string) error {
		err := r.x.SaveView(path, h.view)
		if info, serr := os.Stat(path); serr == nil {
			s.Size = info.Size()
		}
		return err
	})
	if err != nil {
		r.tell(Event{Kind: SnapshotFailed, Position: s.Position, Err: err})
		return Snapshot{}, err
	}
	r.change(func() {
		r.status.Snapshot = s
		r.status.Stored++
	})
	r.tell(Event{Kind: Snapshotted, Position: s.Position})
	if r.o.Trim {
		r.trim(ctx, s)
	}
	return s, nil
}

// trim forgets what all snapshots have. While there is only one it may be damaged,
// and the log is what is left.
func (r *Replica) trim(ctx context.Context, s Snapshot) {
	log, ok := r.log.(Trimmer)
	list, err := r.snaps.List(ctx)
	n, least := 0, s.Position
	for _, other := range list {
		if other.Position.Lineage == s.Position.Lineage && !other.isForgotten() {
			n++
			least.Seq = min(least.Seq, other.Position.Seq)
		}
	}
	switch {
	case !ok:
		err = errors.New("feed: the log is no Trimmer")
	case err == nil && n < 2:
		return
	case err == nil:
		err = log.Trim(ctx, least)
	}
	if err != nil {
		r.tell(Event{Kind: SnapshotFailed, Position: s.Position, Err: err})
		return
	}
	r.tell(Event{Kind: TrimmedLog, Position: least})
}
