// Package feedtest tests implementations of the interfaces of package feed: the
// logs of this module are held to the same tests as anybody's.
package feedtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// Options say how to make what is tested.
type Options struct {
	// Log returns a new empty log with default options. It is up to it to
	// close the log when the test ends.
	Log func(t testing.TB) feed.Log

	// Reopen closes a log and opens what it stored. Nil: the log does not
	// outlive Close.
	Reopen func(t testing.TB, log feed.Log) feed.Log

	// Other opens a log a second time, beside the first. Nil: one process has
	// it at a time.
	Other func(t testing.TB, log feed.Log) feed.Log

	// Wait bounds each test. Default: one minute.
	Wait time.Duration
}

// Changes returns n changes of which no two have the same identity, determined by
// a seed. No change of one seed has the ID of one of another.
func Changes(seed uint64, n int) []index.Change {
	rng := rand.New(rand.NewPCG(seed, 1))
	world := vintest.NewPopulation(seed, vintest.DefaultMix).Shuffled(1 << 30)
	owners := []string{"FR", "DE", "NL", "JP", "BR", "ZA", "Lloyds7"}
	changes := make([]index.Change, n)
	for i := range changes {
		owner := owners[rng.IntN(len(owners))]
		c := index.Change{By: owner, Op: index.Put, Record: index.Record{
			Owner: owner, ID: fmt.Sprintf("%x/%d", seed, i), Version: 1 + rng.Uint64N(1<<rng.IntN(40)),
		}}
		if rng.IntN(10) == 0 {
			c.Op = index.Withdraw
			changes[i] = c
			continue
		}
		r := &c.Record
		r.VIN = world.At(uint64(i))
		r.Type, r.Status = index.Type(rng.IntN(14)), index.Status(rng.IntN(6))
		if rng.IntN(4) > 0 {
			r.Make, r.Colour, r.ModelYear = []string{"Citroën", "VW", "Toyota"}[rng.IntN(3)], "white", 1980+rng.IntN(50)
			r.Stolen = time.Date(2000+rng.IntN(27), 1, 1+rng.IntN(365), 0, 0, 0, 0, time.UTC)
		}
		if rng.IntN(2) == 0 {
			r.Plate = plate.MustParse("", fmt.Sprintf("AB-%05d-C", rng.IntN(100000)))
		}
		for rng.IntN(4) == 0 {
			r.Numbers = append(r.Numbers, index.Number{Kind: index.KindEngine, Text: fmt.Sprintf("K20A-%d", rng.IntN(1e6))})
		}
		for rng.IntN(4) == 0 {
			r.Tags = append(r.Tags, fmt.Sprintf("operation %d", rng.IntN(20)))
		}
		changes[i] = c
	}
	return changes
}

// A suite runs the tests of one kind of log.
type suite struct {
	Options
}

// TestLog holds a Log to its contract.
func TestLog(t *testing.T, o Options) {
	if o.Wait == 0 {
		o.Wait = time.Minute
	}
	s := suite{o}
	for _, tc := range []struct {
		name string
		test func(*testing.T, context.Context)
	}{
		{"Empty", s.empty},
		{"InOrder", s.inOrder},
		{"Idempotent", s.idempotent},
		{"Refused", s.refused},
		{"Large", s.large},
		{"Follow", s.follow},
		{"Concurrent", s.concurrent},
		{"Positions", s.positions},
		{"Trim", s.trim},
		{"NothingShared", s.nothingShared},
		{"ContextEnds", s.contextEnds},
		{"Reopen", s.reopen},
		{"TwoWriters", s.twoWriters},
		{"Replica", s.replica},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), s.Wait)
			defer cancel()
			tc.test(t, ctx)
		})
	}
}

// Append appends changes, or fails the test.
func Append(ctx context.Context, t testing.TB, log feed.Log, changes ...index.Change) index.Position {
	t.Helper()
	at, err := log.Append(ctx, changes)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return at
}

// Bounds returns the bounds of a log, or fails the test.
func Bounds(ctx context.Context, t testing.TB, log feed.Log) feed.Bounds {
	t.Helper()
	b, err := log.Bounds(ctx)
	if err != nil {
		t.Fatalf("Bounds: %v", err)
	}
	return b
}

// Entries reads what a log holds after a position, or fails the test. It checks
// that the entries follow each other.
func Entries(ctx context.Context, t testing.TB, log feed.Log, after index.Position) []feed.Entry {
	t.Helper()
	b := Bounds(ctx, t, log)
	var all []feed.Entry
	var head feed.Head
	if after.Seq == b.Last {
		return nil
	}
	for e, err := range log.Read(ctx, after) {
		if err != nil {
			t.Fatalf("Read after %d, at entry %d: %v", after.Seq, head.Position.Seq, err)
		}
		if len(all) == 0 {
			head = feed.Head{Position: index.Position{Lineage: b.Lineage, Seq: after.Seq}, Sum: e.Prev}
			if after.Seq == 0 && e.Prev != 0 {
				t.Fatal("there is an entry before the first")
			}
		}
		if head, err = head.Follow(&e); err != nil {
			t.Fatal(err)
		}
		for i := range e.Changes {
			if !e.Changes[i].At.Equal(e.Time) {
				t.Fatal("a change has another time than its entry")
			}
		}
		if all = append(all, e); e.Position.Seq == b.Last {
			break
		}
	}
	return all
}

// ChangesOf returns the changes of entries, without their times.
func ChangesOf(entries []feed.Entry) (all []index.Change) {
	for _, e := range entries {
		for _, c := range e.Changes {
			c.At = time.Time{}
			all = append(all, c)
		}
	}
	return all
}

// checkChanges checks that a log holds changes, in their order.
func checkChanges(ctx context.Context, t *testing.T, log feed.Log, want []index.Change) {
	t.Helper()
	got := ChangesOf(Entries(ctx, t, log, index.Position{}))
	if len(got) != len(want) {
		t.Fatalf("the log holds %d changes, want %d", len(got), len(want))
	}
	for i := range want {
		w := want[i]
		if w.At = (time.Time{}); w.Op == index.Withdraw {
			w.Record = index.Record{Owner: w.Record.Owner, ID: w.Record.ID, Version: w.Record.Version}
		}
		if !reflect.DeepEqual(got[i], w) {
			t.Fatalf("change %d is\n%+v, want\n%+v", i, got[i], w)
		}
	}
}

func (s suite) empty(t *testing.T, ctx context.Context) {
	log, other := s.Log(t), s.Log(t)
	b := Bounds(ctx, t, log)
	if b.First != 1 || b.Last != 0 || b.Lineage == [16]byte{} {
		t.Errorf("bounds of an empty log: %+v", b)
	}
	if Bounds(ctx, t, other).Lineage == b.Lineage {
		t.Error("two logs have one lineage")
	}
	if at := Append(ctx, t, log); at.Seq != 0 || at.Lineage != b.Lineage || Bounds(ctx, t, log) != b {
		t.Errorf("no changes were appended at %+v", at)
	}
}

func (s suite) inOrder(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	changes := Changes(1, 500)
	before := time.Now()
	var at []index.Position
	for i := 0; i < len(changes); i += 50 {
		at = append(at, Append(ctx, t, log, changes[i:i+50]...))
		if b := Bounds(ctx, t, log); b.Position() != at[len(at)-1] {
			t.Errorf("appended at %d, bounds say %d", at[len(at)-1].Seq, b.Last)
		}
	}
	checkChanges(ctx, t, log, changes)
	for i, p := range at {
		if got := ChangesOf(Entries(ctx, t, log, p)); len(got) != len(changes)-50*(i+1) {
			t.Errorf("%d changes after position %d, want %d", len(got), p.Seq, len(changes)-50*(i+1))
		}
	}
	// Clocks of several machines are not one; this is about the unit.
	for _, e := range Entries(ctx, t, log, index.Position{}) {
		if d := e.Time.Sub(before); d < -time.Minute || d > s.Wait {
			t.Errorf("entry %d was taken %v after the test began", e.Position.Seq, d)
		}
	}
}

func (s suite) idempotent(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	changes := Changes(1, 100)
	first := Append(ctx, t, log, append(slices.Clone(changes[:50]), changes[:10]...)...)
	checkChanges(ctx, t, log, changes[:50])
	b := Bounds(ctx, t, log)
	if at := Append(ctx, t, log, changes[20:30]...); at != first {
		t.Errorf("appended again at %d, where %d has them", at.Seq, first.Seq)
	}
	if got := Bounds(ctx, t, log); got != b {
		t.Errorf("appending again moves the bounds from %+v to %+v", b, got)
	}
	// Some that are new among others that are not.
	if at := Append(ctx, t, log, changes[40:]...); at.Seq <= first.Seq {
		t.Errorf("new ones were appended at %d", at.Seq)
	}
	checkChanges(ctx, t, log, changes)
	// Identity is sender, operation, record and version, and nothing else.
	again := changes[7]
	again.At, again.Record.Colour = time.Now(), "another"
	Append(ctx, t, log, again)
	checkChanges(ctx, t, log, changes)
	newer := changes[7]
	newer.Record.Version++
	Append(ctx, t, log, newer)
	checkChanges(ctx, t, log, append(changes, newer))
}

func (s suite) refused(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	good := Changes(1, 3)
	for _, tc := range []struct {
		why  string
		want error
		bad  func(*index.Change)
	}{
		{"sent by another", index.NotOwner, func(c *index.Change) { c.By = "XX" }},
		{"no operation", index.UnknownOp, func(c *index.Change) { c.Op = 0 }},
		{"a later operation", index.UnknownOp, func(c *index.Change) { c.Op = 3 }},
		{"no owner", index.BadOwner, func(c *index.Change) { c.By, c.Record.Owner = "", "" }},
		{"no ID", index.BadID, func(c *index.Change) { c.Record.ID = "" }},
		{"too many tags", index.TooLarge, func(c *index.Change) { c.Record.Tags = make([]string, 256) }},
	} {
		bad := index.Change{By: "FR", Op: index.Put, Record: index.Record{Owner: "FR", ID: "1"}}
		tc.bad(&bad)
		_, err := log.Append(ctx, []index.Change{good[0], good[1], bad, good[2]})
		var e *feed.ChangeError
		if !errors.As(err, &e) || !errors.Is(err, tc.want) || e.Change != 2 {
			t.Errorf("%s: %v, want %v", tc.why, err, tc.want)
		}
	}
	if b := Bounds(ctx, t, log); b.Last != 0 {
		t.Errorf("of what was refused %d entries were added", b.Last)
	}
}

// Many changes in one call become entries of a bounded size, in order.
func (s suite) large(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	changes := Changes(1, 8000)
	for i := range 20 { // as large as a change can be
		c := &changes[400*i]
		c.Op, c.Record.Tags = index.Put, make([]string, 255)
		for j := range c.Record.Tags {
			c.Record.Tags[j] = fmt.Sprintf("%01024d", j)
		}
	}
	at := Append(ctx, t, log, changes...)
	if b := Bounds(ctx, t, log); b.Last < 10 || b.Position() != at {
		t.Errorf("8,000 changes are entries up to %d, appended at %d", b.Last, at.Seq)
	}
	checkChanges(ctx, t, log, changes)
}

// A reader gets what is appended while it reads.
func (s suite) follow(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	changes := Changes(1, 90)
	entries := make(chan feed.Entry, len(changes))
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(entries)
		n := 0
		for e, err := range log.Read(ctx, index.Position{}) {
			if err != nil {
				t.Error(err)
				return
			}
			entries <- e
			if n += len(e.Changes); n == len(changes) {
				return
			}
		}
		t.Error("Read ends by itself")
	})
	defer reader.Wait()
	for i := range changes {
		at := Append(ctx, t, log, changes[i])
		for e := range entries {
			if e.Position == at { // the reader has caught up and waits
				break
			}
		}
	}
}

// Changes of many callers are all there, each once.
func (s suite) concurrent(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	const callers, calls = 8, 12
	sent := Changes(1, callers*calls*4)
	at := make([]index.Position, callers)
	var writers sync.WaitGroup
	for w := range callers {
		writers.Go(func() {
			for i := range calls {
				// Every change is sent by two of the callers.
				for _, who := range []int{w, (w + 1) % callers} {
					first := 4 * (who*calls + i)
					p, err := log.Append(ctx, sent[first:first+4])
					if err != nil {
						t.Errorf("Append: %v", err)
						return
					}
					b, err := log.Bounds(ctx)
					if err != nil || b.Last < p.Seq {
						t.Errorf("appended at %d, bounds say %d, %v", p.Seq, b.Last, err)
					}
					at[w] = p
				}
			}
		})
	}
	writers.Wait()
	if t.Failed() {
		return
	}
	got := map[feed.ID]int{}
	for _, c := range ChangesOf(Entries(ctx, t, log, index.Position{})) {
		got[feed.IDOf(&c)]++
	}
	for i := range sent {
		if n := got[feed.IDOf(&sent[i])]; n != 1 {
			t.Fatalf("change %d is in the log %d times", i, n)
		}
	}
	if len(got) != len(sent) {
		t.Errorf("%d changes, want %d", len(got), len(sent))
	}
}

// readError returns the first error of reading after a position.
func readError(ctx context.Context, log feed.Log, after index.Position) error {
	for _, err := range log.Read(ctx, after) {
		return err
	}
	return errors.New("nothing was read")
}

func (s suite) positions(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	changes := Changes(1, 3)
	for _, c := range changes {
		Append(ctx, t, log, c)
	}
	b := Bounds(ctx, t, log)
	for _, tc := range []struct {
		why   string
		after index.Position
		want  error
	}{
		{"the beginning of any log", index.Position{}, nil},
		{"the beginning of this one", index.Position{Lineage: b.Lineage}, nil},
		{"an entry", index.Position{Lineage: b.Lineage, Seq: 2}, nil},
		{"behind the end", index.Position{Lineage: b.Lineage, Seq: 4}, feed.ErrRegressed},
		{"far behind it", index.Position{Lineage: b.Lineage, Seq: 1<<64 - 1}, feed.ErrRegressed},
		{"another log", index.Position{Lineage: [16]byte{1}, Seq: 2}, feed.ErrReplaced},
		{"the beginning of another", index.Position{Lineage: [16]byte{1}}, feed.ErrReplaced},
		{"no log", index.Position{Seq: 2}, feed.ErrReplaced},
	} {
		if err := readError(ctx, log, tc.after); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.why, err, tc.want)
		}
	}
}

func (s suite) trim(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	trimmer, ok := log.(feed.Trimmer)
	if !ok {
		t.Skip("not a Trimmer")
	}
	changes := Changes(1, 20)
	var at index.Position
	for _, c := range changes {
		at = Append(ctx, t, log, c)
	}
	if err := trimmer.Trim(ctx, index.Position{Lineage: [16]byte{1}, Seq: 3}); !errors.Is(err, feed.ErrReplaced) {
		t.Errorf("Trim to a position of another log: %v", err)
	}
	first := uint64(1)
	for _, upTo := range []uint64{0, 5, 3, 12, 20, 100} {
		if err := trimmer.Trim(ctx, index.Position{Lineage: at.Lineage, Seq: upTo}); err != nil {
			t.Fatalf("Trim to %d: %v", upTo, err)
		}
		b := Bounds(ctx, t, log)
		if b.First > min(upTo+1, at.Seq) && b.First > first || b.First < first || b.Position() != at {
			t.Fatalf("trimmed to %d, bounds are %d to %d", upTo, b.First, b.Last)
		}
		first = b.First
		got := ChangesOf(Entries(ctx, t, log, index.Position{Lineage: at.Lineage, Seq: first - 1}))
		if len(got) != int(at.Seq-first+1) {
			t.Errorf("%d changes from %d on", len(got), first)
		}
		if first > 1 {
			for _, p := range []index.Position{{}, {Lineage: at.Lineage, Seq: first - 2}} {
				err := readError(ctx, log, p)
				var e *feed.LogError
				if first == 2 && p.Seq == 0 && p != (index.Position{}) {
					continue // is not before the first entry
				}
				if !errors.Is(err, feed.ErrTrimmed) || !errors.As(err, &e) || e.Bounds != b {
					t.Errorf("reading after %d from a log that begins at %d: %v", p.Seq, first, err)
				}
			}
		}
	}
	if s.Reopen != nil {
		b := Bounds(ctx, t, log)
		log = s.Reopen(t, log)
		if got := Bounds(ctx, t, log); got != b {
			t.Errorf("opened again with bounds %+v, before %+v", got, b)
		}
	}
	more := Changes(2, 1)
	if next := Append(ctx, t, log, more[0]); next.Seq != at.Seq+1 {
		t.Errorf("after Trim, %d follows on %d", next.Seq, at.Seq)
	}
	if got := Entries(ctx, t, log, at); len(got) != 1 {
		t.Errorf("%d entries after the last", len(got))
	}
}

// The log keeps nothing of the caller's, and gives nothing of its own.
func (s suite) nothingShared(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	const n = 20
	mine := Changes(1, n)
	Append(ctx, t, log, mine...)
	spoil := func(changes []index.Change) {
		for i := range changes {
			for j := range changes[i].Record.Tags {
				changes[i].Record.Tags[j] = "spoilt"
			}
			for j := range changes[i].Record.Numbers {
				changes[i].Record.Numbers[j].Text = "spoilt"
			}
			changes[i].By = "spoilt"
		}
	}
	spoil(mine)
	checkChanges(ctx, t, log, Changes(1, n))
	for _, e := range Entries(ctx, t, log, index.Position{}) {
		spoil(e.Changes)
	}
	checkChanges(ctx, t, log, Changes(1, n))
}

func (s suite) contextEnds(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	Append(ctx, t, log, Changes(1, 1)...)
	ended, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 0
	for _, err := range log.Read(ended, index.Position{}) {
		if n++; n == 1 {
			cancel() // while there is no other entry
		} else if !errors.Is(err, context.Canceled) || n > 2 {
			t.Fatalf("reading with a context that ended: %v", err)
		}
	}
	if n != 2 {
		t.Errorf("Read yields %d times", n)
	}
	var e *feed.LogError
	_, err := log.Append(ended, Changes(2, 1))
	if !errors.Is(err, context.Canceled) || errors.As(err, &e) {
		t.Errorf("Append with a context that ended: %v", err)
	}
	if _, err := log.Bounds(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Bounds with a context that ended: %v", err)
	}
	// An Append that failed is called again.
	Append(ctx, t, log, Changes(2, 1)...)
	checkChanges(ctx, t, log, append(Changes(1, 1), Changes(2, 1)...))
}

func (s suite) reopen(t *testing.T, ctx context.Context) {
	if s.Reopen == nil {
		t.Skip("the log does not outlive Close")
	}
	log := s.Log(t)
	changes := Changes(1, 60)
	b := Bounds(ctx, t, log)
	for i := 0; i < len(changes); i += 10 {
		Append(ctx, t, log, changes[max(i-5, 0):i+10]...) // half of them again
		last := log
		log = s.Reopen(t, log)
		if got := Bounds(ctx, t, log); got.Lineage != b.Lineage || got.Last != uint64(i/10+1) {
			t.Errorf("opened again with bounds %+v", got)
		}
		if _, err := last.Append(ctx, Changes(2, 1)); err == nil {
			t.Error("Append to a log that was closed")
		}
	}
	checkChanges(ctx, t, log, changes)
}

// Two that have a log open write to it together.
func (s suite) twoWriters(t *testing.T, ctx context.Context) {
	if s.Other == nil {
		t.Skip("one at a time")
	}
	log := s.Log(t)
	logs := []feed.Log{log, s.Other(t, log)}
	changes := Changes(1, 200)
	for i := range changes {
		at := Append(ctx, t, logs[i%2], changes[i])
		// The other knows them.
		if again := Append(ctx, t, logs[(i+1)%2], changes[i]); again != at {
			t.Fatalf("change %d was appended at %d, and again at %d", i, at.Seq, again.Seq)
		}
	}
	checkChanges(ctx, t, logs[1], changes)
	// At the same time, too.
	more := Changes(2, 200)
	var writers sync.WaitGroup
	for _, log := range logs {
		writers.Go(func() {
			for i := 0; i < len(more); i += 10 {
				if _, err := log.Append(ctx, more[i:i+10]); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	writers.Wait()
	got := map[feed.ID]int{}
	all := ChangesOf(Entries(ctx, t, log, index.Position{}))
	for i := range all {
		got[feed.IDOf(&all[i])]++
	}
	if len(all) != 400 || len(got) != 400 {
		t.Errorf("the log holds %d changes, %d different ones, want 400", len(all), len(got))
	}
}

// Replicas of the log agree.
func (s suite) replica(t *testing.T, ctx context.Context) {
	log := s.Log(t)
	snaps, err := feed.OpenSnapshots(t.TempDir(), 2)
	if err != nil {
		t.Fatal(err)
	}
	o := feed.Options{Poll: 20 * time.Millisecond, Index: index.Options{CompactAfter: 300}}
	early := openReplica(ctx, t, log, snaps, o)
	changes := Changes(1, 1000)
	for i := 0; i < len(changes); i += 100 {
		Append(ctx, t, log, changes[i:i+100]...)
		if i == 500 {
			if err := early.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := early.Snapshot(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	late := openReplica(ctx, t, log, snaps, feed.Options{Poll: 20 * time.Millisecond})
	if from := late.Status().Snapshot.Position.Seq; from == 0 {
		t.Error("the second replica does not begin with the snapshot")
	}
	for _, r := range []*feed.Replica{early, late} {
		if err := r.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if st := r.Status(); st.Position != Bounds(ctx, t, log).Position() || !st.Fresh || st.Refused != 0 {
			t.Errorf("caught up, the status is %+v", st)
		}
	}
	if a, b := feed.Hash(early.View()), feed.Hash(late.View()); a != b {
		t.Errorf("content hashes %v and %v", a, b)
	}
	want, err := index.Build(ctx, index.Options{}, func(yield func(index.Record, error) bool) {
		for _, c := range changes {
			if c.Op == index.Put && !yield(c.Record, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := feed.Hash(early.View()), feed.Hash(want.View()); a != b {
		t.Error("the register is not that of the changes")
	}
}

func openReplica(ctx context.Context, t *testing.T, log feed.Log, snaps feed.Snapshots, o feed.Options) *feed.Replica {
	t.Helper()
	r, err := feed.OpenReplica(ctx, log, snaps, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestSnapshots holds Snapshots to their contract. It opens what keeps at most
// three of each log.
func TestSnapshots(t *testing.T, open func(t testing.TB) feed.Snapshots) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	snaps := open(t)
	list := func() []feed.Snapshot {
		t.Helper()
		all, err := snaps.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if len(list()) != 0 {
		t.Fatal("there are snapshots at the beginning")
	}
	x, err := index.Build(ctx, index.Options{}, index.Records())
	if err != nil {
		t.Fatal(err)
	}
	lineage := feed.NewLineage()
	var want []feed.Snapshot
	for i, c := range Changes(1, 5) {
		at := index.Position{Lineage: lineage, Seq: 1 << (10 * i)}
		if _, err := x.Apply(at, []index.Change{c}); err != nil {
			t.Fatal(err)
		}
		s := feed.Snapshot{Head: feed.Head{Position: at, Sum: uint32(i) << 28}}
		if err := snaps.Put(ctx, s, x.Save); err != nil {
			t.Fatal(err)
		}
		want = append([]feed.Snapshot{s}, want[:min(len(want), 2)]...)
		got := list()
		if len(got) != len(want) {
			t.Fatalf("%d snapshots after %d were stored", len(got), i+1)
		}
		for i := range got {
			if got[i].Head != want[i].Head || got[i].Size == 0 || got[i].Time.IsZero() {
				t.Errorf("snapshot %d is %+v, want %+v", i, got[i], want[i])
			}
		}
		if err := snaps.Get(ctx, got[0], func(path string) error {
			opened, err := index.Open(path, index.Options{})
			if err == nil && (opened.View().Position() != at || feed.Hash(opened.View()) != feed.Hash(x.View())) {
				t.Error("another register comes out")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	// The same once more takes the place of the one before.
	if err := snaps.Put(ctx, want[0], x.Save); err != nil || len(list()) != 3 {
		t.Errorf("stored again: %v, %d snapshots", err, len(list()))
	}
	// What is not finished is not listed.
	broken := errors.New("no more paper")
	half := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: lineage, Seq: 1 << 60}}}
	if err := snaps.Put(ctx, half, func(string) error { return broken }); !errors.Is(err, broken) || len(list()) != 3 {
		t.Errorf("a snapshot that cannot be made: %v, %d snapshots", err, len(list()))
	}
	if err := snaps.Get(ctx, want[0], func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a snapshot that cannot be opened: %v", err)
	}
	if err := snaps.Get(ctx, half, func(path string) error {
		_, err := index.Open(path, index.Options{})
		return err
	}); err == nil {
		t.Error("a snapshot comes out that was not put in")
	}
	// Another log's snapshots stand apart, and the youngest log first.
	other := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: feed.NewLineage(), Seq: 3}}}
	if err := snaps.Put(ctx, other, x.Save); err != nil {
		t.Fatal(err)
	}
	if got := list(); len(got) != 4 || got[0].Head != other.Head && got[3].Head != other.Head {
		t.Errorf("snapshots of two logs: %+v", got)
	}
	// Of what a log began with the name remains, which says that it did.
	begun := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: feed.NewLineage()}}}
	for i := range 6 {
		s := begun
		s.Position.Seq = uint64(i)
		if err := snaps.Put(ctx, s, x.Save); err != nil {
			t.Fatal(err)
		}
		n := 0
		var last feed.Snapshot
		for _, other := range list() {
			if other.Position.Lineage == s.Position.Lineage {
				n, last = n+1, other
			}
		}
		if n != min(i+1, 4) || last.Head != begun.Head || (last.Size == 0) != (i >= 3) {
			t.Errorf("%d snapshots of a log that began with a register, the first is %+v", n, last)
		}
	}
}
