package feed_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/vin"
)

func put(owner string, i int, version uint64) index.Change {
	return index.Change{By: owner, Op: index.Put, Record: index.Record{
		Owner: owner, ID: fmt.Sprint(i), Version: version, VIN: vin.MustParse(fmt.Sprintf("WVWZZZ1JZXW%06d", i)), Make: "VW",
	}}
}

func withdraw(owner string, i int, version uint64) index.Change {
	return index.Change{By: owner, Op: index.Withdraw, Record: index.Record{Owner: owner, ID: fmt.Sprint(i), Version: version}}
}

func ctxFor(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestReplicaKeepsUp(t *testing.T) {
	ctx := ctxFor(t)
	log := feed.NewMemory(0)
	snaps, err := feed.OpenSnapshots(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *feed.Replica {
		r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{OnEvent: func(e feed.Event) { t.Log(e.Kind, e.Position.Seq, e.Err) }})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open()
	var at index.Position
	for i := range 100 {
		if at, err = log.Append(ctx, []index.Change{put("FR", i, 1), put("FR", i, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.WaitFor(ctx, at); err != nil {
		t.Fatal(err)
	}
	if n := r.View().Len(); n != 100 {
		t.Errorf("%d records", n)
	}
	if err := r.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	at, err = log.Append(ctx, []index.Change{withdraw("FR", 3, 2)})
	if err != nil {
		t.Fatal(err)
	}
	q := open()
	for _, r := range []*feed.Replica{r, q} {
		if err := r.WaitFor(ctx, at); err != nil {
			t.Fatal(err)
		}
		if err := r.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if n := r.View().Len(); n != 99 || !r.Status().Fresh {
			t.Errorf("%d records, %+v", n, r.Status())
		}
	}
	if feed.Hash(r.View()) != feed.Hash(q.View()) {
		t.Error("hashes differ")
	}
	for _, r := range []*feed.Replica{r, q} {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A gate stands before a log, which can be out of reach or be another.
type gate struct {
	mu      sync.Mutex
	log     feed.Log
	err     error
	changed chan struct{}
}

func newGate(log feed.Log) *gate { return &gate{log: log, changed: make(chan struct{})} }

// set puts another log or an error behind the gate, and ends what reads.
func (g *gate) set(log feed.Log, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log, g.err = log, err
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *gate) get() (feed.Log, <-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log, g.changed, g.err
}

var errAway = errors.New("out of reach")

func (g *gate) Append(ctx context.Context, changes []index.Change) (index.Position, error) {
	log, _, err := g.get()
	if err != nil {
		return index.Position{}, err
	}
	return log.Append(ctx, changes)
}

func (g *gate) Bounds(ctx context.Context) (feed.Bounds, error) {
	log, _, err := g.get()
	if err != nil {
		return feed.Bounds{}, err
	}
	return log.Bounds(ctx)
}

func (g *gate) Read(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	return func(yield func(feed.Entry, error) bool) {
		log, changed, err := g.get()
		if err != nil {
			yield(feed.Entry{}, err)
			return
		}
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			select {
			case <-changed:
				cancel()
			case <-inner.Done():
			}
		}()
		for e, err := range log.Read(inner, after) {
			if err != nil && ctx.Err() == nil && inner.Err() != nil {
				err = errAway
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// A node is a replica whose events are kept.
type node struct {
	*feed.Replica
	t      *testing.T
	mu     sync.Mutex
	events []feed.Event
}

// quick are options of a replica that does all at once.
func quick() feed.Options {
	return feed.Options{Poll: 5 * time.Millisecond, Retry: 2 * time.Millisecond, SnapshotEvery: -1, MaxAge: time.Hour}
}

func openNodeOn(t *testing.T, log feed.Log, snaps feed.Snapshots, o feed.Options) *node {
	t.Helper()
	n := &node{t: t}
	o.OnEvent = func(e feed.Event) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.events = append(n.events, e)
	}
	var err error
	if n.Replica, err = feed.OpenReplica(ctxFor(t), log, snaps, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// await waits until the status is as wanted.
func (n *node) await(why string, ok func(feed.Status) bool) feed.Status {
	n.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		s := n.Status()
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			n.t.Fatalf("%s: the status is %+v", why, s)
		}
	}
}

// broken waits until the log cannot be read on, for a reason.
func (n *node) broken(want error) {
	n.t.Helper()
	s := n.await("broken", func(s feed.Status) bool { return errors.Is(s.Err, want) })
	if s.Fresh {
		n.t.Errorf("with %v, the register counts as fresh", s.Err)
	}
}

// caughtUp waits until the register has all of the log.
func (n *node) caughtUp() {
	n.t.Helper()
	if err := n.CatchUp(ctxFor(n.t)); err != nil {
		n.t.Fatalf("%v; events %v", err, n.told(feed.SkippedSnapshot))
	}
	if s := n.Status(); !s.Fresh || s.Err != nil || s.Behind() != 0 {
		n.t.Errorf("caught up, the status is %+v", s)
	}
}

// told returns the events of a kind.
func (n *node) told(kind feed.EventKind) (all []feed.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.events {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

func snapshotsIn(t *testing.T) *feed.DirSnapshots {
	t.Helper()
	snaps, err := feed.OpenSnapshots(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	return snaps
}

// appendEach appends changes as an entry each.
func appendEach(t *testing.T, log feed.Log, changes []index.Change) (at index.Position) {
	t.Helper()
	for i := range changes {
		at = feedtest.Append(ctxFor(t), t, log, changes[i])
	}
	return at
}

func checkEqual(t *testing.T, a, b *node) {
	t.Helper()
	va, vb := a.View(), b.View()
	if va.Position() != vb.Position() || feed.Hash(va) != feed.Hash(vb) {
		t.Errorf("replicas at %d and %d with %d and %d records disagree", va.Position().Seq, vb.Position().Seq, va.Len(), vb.Len())
	}
}

// A replica that was away while the log was trimmed starts anew from a snapshot of
// another.
func TestReplicaTrimmed(t *testing.T) {
	log, snaps := feed.NewMemory(0), snapshotsIn(t)
	away := newGate(log)
	a, b := openNodeOn(t, away, snaps, quick()), openNodeOn(t, log, snaps, quick())
	changes := feedtest.Changes(1, 40)
	appendEach(t, log, changes[:10])
	a.caughtUp()
	away.set(log, errAway)
	a.broken(errAway)
	at := appendEach(t, log, changes[10:30])
	b.caughtUp()
	if err := log.Trim(ctxFor(t), index.Position{Lineage: at.Lineage, Seq: 25}); err != nil {
		t.Fatal(err)
	}
	away.set(log, nil)
	a.broken(feed.ErrTrimmed)
	if p := a.View().Position(); p.Seq != 10 {
		t.Errorf("the register is at %d", p.Seq)
	}
	if _, err := b.Snapshot(ctxFor(t)); err != nil {
		t.Fatal(err)
	}
	appendEach(t, log, changes[30:])
	a.caughtUp()
	b.caughtUp()
	checkEqual(t, a, b)
	if e := a.told(feed.StartedAnew); len(e) != 1 || e[0].Position.Seq != 30 || !errors.Is(e[0].Err, feed.ErrTrimmed) {
		t.Errorf("started anew: %+v", e)
	}
	if s := a.Status(); s.StartsAnew != 1 || s.Snapshot.Position.Seq != 30 {
		t.Errorf("status %+v", s)
	}
}

// An entry that is damaged is never passed over: the replica stops before it until
// there is a snapshot behind it.
func TestReplicaDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	log, snaps := openDir(t, dir, feed.DirOptions{SegmentBytes: 1 << 10}), snapshotsIn(t)
	b := openNodeOn(t, log, snapshotsIn(t), quick())
	changes := feedtest.Changes(1, 60)
	appendEach(t, log, changes[:50])
	b.caughtUp()
	path := segmentsOf(t, dir)[2]
	edit(t, path, func(b []byte) []byte { b[len(b)/2] ^= 4; return b })
	a := openNodeOn(t, log, snaps, quick())
	a.broken(feed.ErrDamaged)
	var e *feed.LogError
	if s := a.Status(); !errors.As(s.Err, &e) || e.Seq != s.Position.Seq+1 || !s.AsOf.IsZero() {
		t.Errorf("status %+v", s)
	}
	a.await("told", func(feed.Status) bool { return len(a.told(feed.Broken)) > 0 })
	if n := len(a.told(feed.Broken)); n != 1 {
		t.Errorf("told %d times that the log is broken", n)
	}
	// b read it while it was whole.
	if err := snaps.Put(ctxFor(t), mustSnapshot(t, b), b.Index().Save); err != nil {
		t.Fatal(err)
	}
	appendEach(t, log, changes[50:])
	a.caughtUp()
	b.caughtUp()
	checkEqual(t, a, b)
}

// mustSnapshot stores a snapshot where the replica does, and returns it.
func mustSnapshot(t *testing.T, n *node) feed.Snapshot {
	t.Helper()
	s, err := n.Snapshot(ctxFor(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Another log in the place of the one before: what is held is served, and is not
// fresh, until there is a snapshot of the other log.
func TestReplicaReplaced(t *testing.T) {
	log, other, snaps := feed.NewMemory(0), feed.NewMemory(0), snapshotsIn(t)
	front := newGate(log)
	a := openNodeOn(t, front, snaps, quick())
	changes := feedtest.Changes(1, 20)
	appendEach(t, log, changes)
	a.caughtUp()
	n := a.View().Len()
	front.set(other, nil)
	a.broken(feed.ErrReplaced)
	appendEach(t, other, feedtest.Changes(2, 1)) // it begins at 1, and is no reason to lose 20
	mustSnapshot(t, a)
	// Nor for a replica that starts with it.
	b := openNodeOn(t, other, snaps, quick())
	b.broken(feed.ErrReplaced)
	if a.View().Len() != n || b.View().Len() != n {
		t.Errorf("%d and %d records are served, want %d", a.View().Len(), b.View().Len(), n)
	}

	// Somebody makes a new log of what there is.
	third := feed.NewMemory(0)
	x, err := index.Build(ctxFor(t), index.Options{}, func(yield func(index.Record, error) bool) {
		v := a.View()
		for row := range v.All() {
			if !yield(v.Record(row), nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := feed.Begin(ctxFor(t), other, snaps, x); err == nil {
		t.Error("Begin with a log that has begun")
	}
	s, err := feed.Begin(ctxFor(t), third, snaps, x)
	if err != nil || s.Position.Seq != 0 {
		t.Fatal(s, err)
	}
	more := feedtest.Changes(3, 5)
	appendEach(t, third, more)
	front.set(third, nil)
	a.caughtUp()
	c := openNodeOn(t, third, snaps, quick())
	c.caughtUp()
	checkEqual(t, a, c)
	if e := a.told(feed.StartedAnew); len(e) != 1 || e[0].Position != s.Position {
		t.Errorf("started anew: %+v", e)
	}
	if a.View().Len() <= n {
		t.Errorf("%d records, before %d", a.View().Len(), n)
	}
}

// A log that lost its end: the replica goes on to serve what was acknowledged, does
// not go back, and finds out when the log goes on with other entries.
func TestReplicaRegressed(t *testing.T) {
	dir, copied := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "log")
	log := openDir(t, dir, feed.DirOptions{})
	changes := feedtest.Changes(1, 20)
	appendEach(t, log, changes[:10])
	copyDir(t, dir, copied)
	appendEach(t, log, changes[10:])
	old := openDir(t, copied, feed.DirOptions{})

	front, snaps := newGate(log), snapshotsIn(t)
	a := openNodeOn(t, front, snaps, quick())
	a.caughtUp()
	mustSnapshot(t, a)
	want := feed.Hash(a.View())
	front.set(old, nil)
	a.broken(feed.ErrRegressed)
	b := openNodeOn(t, old, snaps, quick()) // one that starts with it
	b.broken(feed.ErrRegressed)

	appendEach(t, old, feedtest.Changes(2, 10)) // as far as the other was
	a.broken(feed.ErrReplaced)
	b.broken(feed.ErrReplaced)
	c := openNodeOn(t, old, snaps, quick())
	c.broken(feed.ErrReplaced)
	appendEach(t, old, feedtest.Changes(3, 10)) // and further
	d := openNodeOn(t, old, snaps, quick())
	d.broken(feed.ErrReplaced)
	for _, n := range []*node{a, b, c, d} {
		n.broken(feed.ErrReplaced)
		if feed.Hash(n.View()) != want {
			t.Error("what was acknowledged is not served any more")
		}
		if e := n.told(feed.StartedAnew); len(e) != 0 {
			t.Errorf("started anew: %v", e)
		}
	}
	front.set(log, nil) // the log is found again
	a.caughtUp()
}

// Snapshots that are damaged are passed over, down to the whole log.
func TestReplicaDamagedSnapshots(t *testing.T) {
	log := feed.NewMemory(0)
	dir := t.TempDir()
	snaps, err := feed.OpenSnapshots(dir, 3)
	if err != nil {
		t.Fatal(err)
	}
	a := openNodeOn(t, log, snaps, quick())
	changes := feedtest.Changes(1, 40)
	for i := range 3 {
		appendEach(t, log, changes[10*i:10*i+10])
		a.caughtUp()
		mustSnapshot(t, a)
	}
	appendEach(t, log, changes[30:])
	a.caughtUp()
	list, err := snaps.List(ctxFor(t))
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for i, from := range []uint64{30, 20, 10, 0} {
		b := openNodeOn(t, log, snaps, quick())
		b.caughtUp()
		checkEqual(t, a, b)
		if e := b.told(feed.Opened); len(e) != 1 || e[0].Position.Seq != from {
			t.Errorf("with %d damaged snapshots: opened %+v", i, e)
		}
		skipped := b.told(feed.SkippedSnapshot)
		if len(skipped) != i {
			t.Errorf("%d damaged snapshots, %d skipped", i, len(skipped))
		}
		for _, e := range skipped {
			if !errors.Is(e.Err, index.ErrDamaged) {
				t.Errorf("skipped for %v", e.Err)
			}
		}
		if i < 3 {
			edit(t, filepath.Join(dir, list[i].Name()+".snapshot"), func(b []byte) []byte { b[len(b)/3] ^= 1; return b })
		}
	}
	// With the beginning of the log gone too, there is nothing to serve.
	if err := log.Trim(ctxFor(t), index.Position{Lineage: list[0].Position.Lineage, Seq: 5}); err != nil {
		t.Fatal(err)
	}
	if r, err := feed.OpenReplica(ctxFor(t), log, snaps, quick()); !errors.Is(err, feed.ErrTrimmed) {
		t.Errorf("opened %v, %v", r, err)
	}
	// A snapshot of another position under the name of a better one is no better.
	if err := snaps.Put(ctxFor(t), feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: list[0].Position.Lineage, Seq: 39}}}, func(path string) error {
		return a.Index().Save(path) // which is at 40
	}); err != nil {
		t.Fatal(err)
	}
	var wrong *index.PositionError
	if r, err := feed.OpenReplica(ctxFor(t), log, snaps, feed.Options{OnEvent: func(e feed.Event) {
		if e.Position.Seq == 39 && !errors.As(e.Err, &wrong) {
			t.Errorf("skipped for %v", e.Err)
		}
	}}); !errors.Is(err, feed.ErrTrimmed) {
		t.Errorf("opened %v, %v", r, err)
	}
}

// begun returns a log that began with two records, and its snapshots in a directory
// that keeps so many.
func begun(t *testing.T, keep int) (*feed.Memory, string, *feed.DirSnapshots, feed.Snapshot) {
	t.Helper()
	log, dir := feed.NewMemory(0), t.TempDir()
	snaps, err := feed.OpenSnapshots(dir, keep)
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Build(ctxFor(t), index.Options{}, index.Records(put("FR", 1, 1).Record, put("FR", 2, 1).Record))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	s, err := feed.Begin(ctxFor(t), log, snaps, x)
	if err != nil {
		t.Fatal(err)
	}
	return log, dir, snaps, s
}

// A log that began with a register is not all without it.
func TestReplicaDamagedBeginning(t *testing.T) {
	log, dir, snaps, s := begun(t, 3)
	at := appendEach(t, log, feedtest.Changes(1, 5))
	a := openNodeOn(t, log, snaps, quick())
	a.caughtUp()
	edit(t, filepath.Join(dir, s.Name()+".snapshot"), func(b []byte) []byte { b[len(b)/3] ^= 1; return b })
	if r, err := feed.OpenReplica(ctxFor(t), log, snaps, quick()); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("opened %v, %v", r, err)
	}
	// With a later one it is.
	if later := mustSnapshot(t, a); later.Position != at {
		t.Fatalf("the snapshot is at %d", later.Position.Seq)
	}
	b := openNodeOn(t, log, snaps, quick())
	b.caughtUp()
	checkEqual(t, a, b)
}

// Nor is it when the snapshot of its beginning was forgotten and no other can be used.
func TestReplicaForgottenBeginning(t *testing.T) {
	log, dir, snaps, _ := begun(t, 2)
	a := openNodeOn(t, log, snaps, quick())
	changes := feedtest.Changes(1, 4)
	for i := range changes {
		appendEach(t, log, changes[i:i+1])
		a.caughtUp()
		mustSnapshot(t, a)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.snapshot"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v; want two snapshots and the name of the first", len(files), err)
	}
	for _, f := range files {
		edit(t, f, func(b []byte) []byte { return b[:len(b)/2] })
	}
	if r, err := feed.OpenReplica(ctxFor(t), log, snaps, quick()); err == nil {
		t.Errorf("a replica with %d records is served, fresh: %v; it lacks what the log began with", r.View().Len(), r.Status().Fresh)
		_ = r.Close()
	}
}

// A log that began with nothing is all, and stays so whenever a snapshot is asked for.
func TestReplicaEmptyBeginning(t *testing.T) {
	log := feed.NewMemory(0)
	dir := t.TempDir()
	snaps, err := feed.OpenSnapshots(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := openNodeOn(t, log, snaps, quick())
	mustSnapshot(t, a)
	appendEach(t, log, feedtest.Changes(1, 3))
	a.caughtUp()
	s := mustSnapshot(t, a)
	edit(t, filepath.Join(dir, s.Name()+".snapshot"), func(b []byte) []byte { return b[:len(b)/2] })
	b := openNodeOn(t, log, snaps, quick())
	b.caughtUp()
	checkEqual(t, a, b)
}

// What programs that died left of snapshots is removed by those that live.
func TestAbandonedSnapshots(t *testing.T) {
	dir := t.TempDir()
	snaps, err := feed.OpenSnapshots(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	log := feed.NewMemory(0)
	a := openNodeOn(t, log, snaps, quick())
	var left []string
	for i, age := range []time.Duration{2 * time.Hour, time.Minute} {
		other := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: feed.NewLineage(), Seq: uint64(i)}}}
		name := filepath.Join(dir, "."+other.Name()+".snapshot.tmp123")
		if err := os.WriteFile(name, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		left = append(left, name)
	}
	appendEach(t, log, feedtest.Changes(1, 1))
	a.caughtUp()
	mustSnapshot(t, a)
	if _, err := os.Stat(left[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was left two hours ago: %v", err)
	}
	if _, err := os.Stat(left[1]); err != nil {
		t.Errorf("what somebody may be writing: %v", err)
	}
}

// A log that had more entries when it was asked than when it is read, as one does that
// another takes the place of at that moment.
type shrinking struct {
	feed.Log
	read atomic.Bool
}

func (s *shrinking) Bounds(ctx context.Context) (feed.Bounds, error) {
	b, err := s.Log.Bounds(ctx)
	if !s.read.Load() {
		b.Last += 10
	}
	return b, err
}

func (s *shrinking) Read(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	s.read.Store(true)
	return s.Log.Read(ctx, after)
}

func TestReplicaExpectsMore(t *testing.T) {
	log, snaps := feed.NewMemory(0), snapshotsIn(t)
	a := openNodeOn(t, log, snaps, quick())
	appendEach(t, log, feedtest.Changes(1, 10))
	a.caughtUp()
	mustSnapshot(t, a)
	b := openNodeOn(t, &shrinking{Log: log}, snaps, quick())
	b.caughtUp()
	checkEqual(t, a, b)
}

// Without its log, a replica serves the newest snapshot, and says how it is.
func TestReplicaWithoutLog(t *testing.T) {
	log, snaps := feed.NewMemory(0), snapshotsIn(t)
	a := openNodeOn(t, log, snaps, quick())
	appendEach(t, log, feedtest.Changes(1, 10))
	a.caughtUp()
	mustSnapshot(t, a)
	front := newGate(log)
	front.set(log, errAway)
	b := openNodeOn(t, front, snaps, quick())
	b.broken(errAway)
	if feed.Hash(a.View()) != feed.Hash(b.View()) || b.Status().Age() < time.Hour {
		t.Errorf("status %+v", b.Status())
	}
	b.await("told", func(feed.Status) bool { return len(b.told(feed.Unreachable)) > 0 })
	front.set(log, nil)
	b.caughtUp()
	b.await("told once", func(feed.Status) bool { return len(b.told(feed.CaughtUp)) == 1 })
	if e := b.told(feed.Unreachable); len(e) == 0 || !errors.Is(e[0].Err, errAway) {
		t.Errorf("what was known when it opened is not told: %v", e)
	}

	c := openNodeOn(t, feed.Failing(errAway), snaps, quick())
	c.broken(errAway)
	if c.View().Len() != a.View().Len() {
		t.Errorf("%d records are served", c.View().Len())
	}
	if _, err := feed.Failing(errAway).Append(ctxFor(t), nil); err != errAway {
		t.Error(err)
	}
	if r, err := feed.OpenReplica(ctxFor(t), feed.Failing(errAway), snapshotsIn(t), quick()); !errors.Is(err, errAway) {
		t.Errorf("with nothing to serve: %v, %v", r, err)
	}
	if err := c.WaitFor(ctxFor(t), index.Position{Lineage: lineage, Seq: 1}); !errors.Is(err, feed.ErrReplaced) {
		t.Errorf("waiting for another log: %v", err)
	}
	ended, cancel := context.WithCancel(ctxFor(t))
	cancel()
	if err := c.CatchUp(ended); !errors.Is(err, context.Canceled) || !errors.Is(err, errAway) {
		t.Errorf("waiting in vain: %v", err)
	}
}

// A register is not fresh any more when the log has not been heard of for a while,
// and is again when it has.
func TestReplicaFreshness(t *testing.T) {
	log := feed.NewMemory(0)
	front := newGate(log)
	o := quick()
	o.MaxAge = 50 * time.Millisecond
	a := openNodeOn(t, front, nil, o)
	appendEach(t, log, feedtest.Changes(1, 3))
	a.await("fresh", func(s feed.Status) bool { return s.Fresh && s.Position.Seq == 3 })
	front.set(log, errAway)
	a.await("not fresh", func(s feed.Status) bool { return !s.Fresh })
	front.set(log, nil)
	a.await("fresh again", func(s feed.Status) bool { return s.Fresh })
	a.await("events", func(feed.Status) bool { return len(a.told(feed.CaughtUp)) >= 2 && len(a.told(feed.FellBehind)) >= 1 })
	if _, err := a.Snapshot(ctxFor(t)); err == nil {
		t.Error("a replica without snapshots stores one")
	}
	if s := a.Status(); s.Age() > time.Minute || s.LastEntry.IsZero() || s.Entries != 3 || s.Changes != 3 {
		t.Errorf("status %+v", s)
	}
}

// Snapshots are stored on schedule if anything changed, and let the log forget what
// all of them have.
func TestReplicaSchedule(t *testing.T) {
	log, snaps := feed.NewMemory(0), snapshotsIn(t)
	o := quick()
	o.SnapshotEvery, o.Trim = 2*time.Millisecond, true
	a := openNodeOn(t, log, snaps, o)
	changes := feedtest.Changes(1, 60)
	for i := range 6 {
		at := appendEach(t, log, changes[10*i:10*i+10])
		a.await("a snapshot", func(s feed.Status) bool { return s.Snapshot.Position == at })
	}
	list, err := snaps.List(ctxFor(t))
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	a.await("trimmed", func(feed.Status) bool {
		return feedtest.Bounds(ctxFor(t), t, log).First == list[2].Position.Seq+1
	})
	stored := a.Status().Stored
	b := openNodeOn(t, log, snaps, quick())
	b.caughtUp()
	checkEqual(t, a, b)
	if got := a.Status().Stored; got != stored {
		t.Errorf("%d snapshots were stored while nothing changed", got-stored)
	}
	a.await("told", func(feed.Status) bool { return len(a.told(feed.TrimmedLog)) > 0 })
	if e := a.told(feed.SnapshotFailed); len(e) != 0 {
		t.Errorf("snapshots failed: %v", e)
	}
}

// Readers see whole entries, in order, whatever the replica does meanwhile.
func TestReplicaReaders(t *testing.T) {
	log, snaps := feed.NewMemory(0), snapshotsIn(t)
	front := newGate(log)
	o := quick()
	o.Index.CompactAfter = 50
	o.SnapshotEvery, o.Trim = time.Millisecond, true
	applied := 0
	o.OnApplied = func(changes []index.Change, done index.Applied) {
		if done.Put+done.Withdrawn+done.Stale != len(changes) {
			t.Errorf("of %d changes %+v", len(changes), done)
		}
		applied += len(changes)
	}
	a := openNodeOn(t, front, snaps, o)
	const entries, each = 60, 10
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := uint64(0); ; {
				v := a.View()
				if at := v.Position().Seq; at < last || v.Len() != int(at)*each {
					t.Errorf("%d records at %d, after %d", v.Len(), at, last)
					return
				}
				last = v.Position().Seq
				for i := range int(last) * each {
					if _, ok := v.Lookup(index.VIN(put("FR", i, 1).Record.VIN)); !ok {
						t.Errorf("at %d, record %d is not there", last, i)
						return
					}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range entries {
		changes := make([]index.Change, each)
		for j := range changes {
			changes[j] = put("FR", each*i+j, 1)
		}
		feedtest.Append(ctxFor(t), t, log, changes...)
		if i%20 == 10 {
			front.set(log, nil) // the connection breaks
		}
	}
	a.caughtUp()
	close(stop)
	readers.Wait()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if applied != entries*each {
		t.Errorf("told of %d changes", applied)
	}
	if err := a.CatchUp(ctxFor(t)); err == nil {
		t.Error("a closed replica catches up")
	}
	if _, err := a.Snapshot(ctxFor(t)); err == nil {
		t.Error("a closed replica stores a snapshot")
	}
}

// What an index refuses of a change is told, and nothing else is lost.
func TestReplicaRefused(t *testing.T) {
	log := feed.NewMemory(0)
	a := openNodeOn(t, log, nil, quick())
	c := put("FR", 1, 1)
	c.Record.Numbers = []index.Number{{Kind: index.KindEngine, Text: "..."}} // which has no key
	feedtest.Append(ctxFor(t), t, log, c, put("FR", 2, 1))
	a.caughtUp()
	a.await("told", func(feed.Status) bool { return len(a.told(feed.Refused)) > 0 })
	e := a.told(feed.Refused)
	var r *index.Refusal
	if len(e) != 1 || !errors.As(e[0].Err, &r) || r.Number != 0 || a.View().Len() != 2 || a.Status().Refused != 1 {
		t.Errorf("refused %+v, status %+v", e, a.Status())
	}
}
