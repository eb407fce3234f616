package jetstream_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// Each test here first shows, with the bare client, what NATS does, and then that a
// Log does not.

// bare returns the bare client of the servers of a log.
func bare(t *testing.T, l *jetstream.Log) natsjs.JetStream {
	t.Helper()
	js, err := natsjs.New(l.Conn())
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// makeStream makes the stream of a log with other options than Open does.
func makeStream(t *testing.T, s *jetstream.Server, change func(*natsjs.StreamConfig)) {
	t.Helper()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	lineage := feed.NewLineage()
	c := natsjs.StreamConfig{
		Name: "vinmatch", Subjects: []string{"vinmatch.changes"},
		Metadata: map[string]string{"vinmatch-lineage": hex.EncodeToString(lineage[:])},
	}
	change(&c)
	if _, err := js.CreateStream(ctxFor(t, time.Minute), c); err != nil {
		t.Fatal(err)
	}
}

// appendEach appends changes as an entry each.
func appendEach(t *testing.T, l feed.Log, changes []index.Change) (at index.Position) {
	t.Helper()
	for i := range changes {
		at = feedtest.Append(ctxFor(t, time.Minute), t, l, changes[i])
	}
	return at
}

// delivered returns the numbers of the messages that an ordered consumer delivers
// from one on, up to the last of the stream.
func delivered(t *testing.T, js natsjs.JetStream, from uint64) (seqs []uint64) {
	t.Helper()
	ctx := ctxFor(t, time.Minute)
	stream, err := js.Stream(ctx, "vinmatch")
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.OrderedConsumer(ctx, "vinmatch", natsjs.OrderedConsumerConfig{DeliverPolicy: natsjs.DeliverByStartSequencePolicy, OptStartSeq: from})
	if err != nil {
		t.Fatal(err)
	}
	it, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(natsjs.NextContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, meta.Sequence.Stream)
		if meta.Sequence.Stream == stream.CachedInfo().State.LastSeq {
			return seqs
		}
	}
}

// readTo reads a log until an error, and returns how many changes came before.
func readTo(t *testing.T, l feed.Log, after index.Position, last uint64) (n int, err error) {
	t.Helper()
	for e, err := range l.Read(ctxFor(t, time.Minute), after) {
		if err != nil {
			return n, err
		}
		if n += len(e.Changes); e.Position.Seq == last {
			break
		}
	}
	return n, nil
}

func TestSyncAlways(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		o := inDir(t)
		o.Server.Lazy = lazy
		l := open(t, o)
		if got := l.Server().NATS().JetStreamConfig().SyncAlways; got == lazy {
			t.Errorf("with Lazy %v, SyncAlways is %v", lazy, got)
		}
		if url := l.Server().URL(); url != "" {
			t.Errorf("nobody asked for the port of %s", url)
		}
	}
}

// A trimmed stream delivers what is left, without an error.
func TestTrimmed(t *testing.T) {
	l := open(t, inDir(t))
	at := appendEach(t, l, feedtest.Changes(1, 30))
	if err := l.Trim(ctxFor(t, time.Minute), index.Position{Lineage: at.Lineage, Seq: 20}); err != nil {
		t.Fatal(err)
	}
	if got := delivered(t, bare(t, l.Log), 11); got[0] != 21 {
		t.Errorf("the bare client begins with %d", got[0])
	}
	if n, err := readTo(t, l, index.Position{Lineage: at.Lineage, Seq: 10}, 30); n != 0 || !errors.Is(err, feed.ErrTrimmed) {
		t.Errorf("%d changes, %v", n, err)
	}
	// Under a reader, too.
	n := 0
	for e, err := range l.Read(ctxFor(t, time.Minute), index.Position{Lineage: at.Lineage, Seq: 20}) {
		if err != nil {
			if !errors.Is(err, feed.ErrTrimmed) {
				t.Error(err)
			}
			return
		}
		if n++; n == 10 { // all is read
			at = e.Position
			if s, err := bare(t, l.Log).Stream(t.Context(), "vinmatch"); err != nil {
				t.Fatal(err)
			} else {
				appendEach(t, l, feedtest.Changes(2, 2))
				if err := s.Purge(t.Context(), natsjs.WithPurgeSequence(32)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if e.Position.Seq == 31 {
			return // it was on its way before
		}
	}
}

// A message that is missing in the middle is passed over by the bare client.
func TestGap(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	makeStream(t, s, func(*natsjs.StreamConfig) {})
	l := open(t, jetstream.Options{URL: s.URL()})
	at := appendEach(t, l, feedtest.Changes(1, 30))
	stream, err := bare(t, l.Log).Stream(t.Context(), "vinmatch")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SecureDeleteMsg(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	if got := delivered(t, bare(t, l.Log), 1); len(got) != 29 || slices.Contains(got, 12) {
		t.Errorf("the bare client delivers %d", got)
	}
	n, err := readTo(t, l, index.Position{}, 30)
	var e *feed.LogError
	if n != 11 || !errors.Is(err, feed.ErrGap) || !errors.As(err, &e) || e.Seq != 12 {
		t.Errorf("%d changes, %v", n, err)
	}
	// The last one, too, which is not even a jump in the numbers.
	if err := stream.SecureDeleteMsg(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	if n, err := readTo(t, l, index.Position{Lineage: at.Lineage, Seq: 20}, 30); n != 9 || !errors.Is(err, feed.ErrGap) {
		t.Errorf("%d changes, %v", n, err)
	}
	// A replica says so, and starts anew from a snapshot.
	snaps, err := l.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := openReplica(t, l, snaps)
	awaitError(t, r, feed.ErrGap)
}

func openReplica(t *testing.T, l feed.Log, snaps feed.Snapshots) *feed.Replica {
	t.Helper()
	r, err := feed.OpenReplica(ctxFor(t, time.Minute), l, snaps, feed.Options{
		Poll: 20 * time.Millisecond, Retry: 20 * time.Millisecond, MaxAge: time.Hour, SnapshotEvery: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// awaitError waits until a replica says that its log cannot be read on.
func awaitError(t *testing.T, r *feed.Replica, want error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		s := r.Status()
		if errors.Is(s.Err, want) {
			if s.Fresh {
				t.Errorf("with %v, the register counts as fresh", s.Err)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the status is %+v, want %v", s, want)
		}
	}
}

// A stream that is another, or ends before what it acknowledged.
func TestReplacedAndRegressed(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	l := open(t, jetstream.Options{URL: s.URL(), Replicas: 1})
	changes := feedtest.Changes(1, 20)
	appendEach(t, l, changes)
	snaps, err := l.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := openReplica(t, l, snaps)
	if err := r.CatchUp(ctxFor(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	js := bare(t, l.Log)
	stream, err := js.Stream(t.Context(), "vinmatch")
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	if err := js.DeleteStream(t.Context(), "vinmatch"); err != nil {
		t.Fatal(err)
	}
	awaitError(t, r, feed.ErrReplaced)
	if _, err := l.Append(ctxFor(t, time.Minute), feedtest.Changes(2, 1)); !errors.Is(err, feed.ErrReplaced) {
		t.Errorf("Append to a log that is gone: %v", err)
	}
	// The same name and lineage, and fewer entries: a copy that was brought back.
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	awaitError(t, r, feed.ErrRegressed)
	if _, err := l.Append(ctxFor(t, time.Minute), feedtest.Changes(2, 1)); !errors.Is(err, feed.ErrRegressed) {
		t.Errorf("Append to a log that ends before: %v", err)
	}
	// Who did not see it knows from the snapshot.
	late := open(t, jetstream.Options{URL: s.URL()})
	lateSnaps, err := late.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := openReplica(t, late, lateSnaps)
	awaitError(t, q, feed.ErrRegressed)
	appendEach(t, late, feedtest.Changes(3, 25))
	awaitError(t, q, feed.ErrReplaced)
	if q.View().Len() != r.View().Len() {
		t.Errorf("%d records are served, want %d", q.View().Len(), r.View().Len())
	}
	// Another lineage.
	if err := js.DeleteStream(t.Context(), "vinmatch"); err != nil {
		t.Fatal(err)
	}
	makeStream(t, s, func(*natsjs.StreamConfig) {})
	awaitError(t, q, feed.ErrReplaced)
}

// No message means nothing: a consumer that is gone says nothing for a long while.
func TestSilentConsumer(t *testing.T) {
	l := open(t, inDir(t))
	changes := feedtest.Changes(1, 400)
	appendEach(t, l, changes[:300])
	js := bare(t, l.Log)
	stream, err := js.Stream(t.Context(), "vinmatch")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateConsumer(t.Context(), "vinmatch", natsjs.ConsumerConfig{
		DeliverPolicy: natsjs.DeliverByStartSequencePolicy, OptStartSeq: 301, AckPolicy: natsjs.AckNonePolicy,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := consumer.FetchNoWait(10)
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() {
		t.Error("there is no such message")
	}
	if batch.Error() != nil {
		t.Error("an empty fetch is an error")
	}
	n := 0
	for e, err := range l.Read(ctxFor(t, time.Minute), index.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100 == 0 && n < 400 {
			for c := range stream.ListConsumers(t.Context()).Info() {
				if err := stream.DeleteConsumer(t.Context(), c.Name); err != nil && !errors.Is(err, natsjs.ErrConsumerNotFound) {
					t.Fatal(err)
				}
			}
			if n == 300 {
				appendEach(t, l, changes[300:])
			}
		}
		if e.Position.Seq == 400 {
			break
		}
	}
	if n != 400 {
		t.Errorf("%d entries", n)
	}
}

// What the server knows as a duplicate it forgets after a while.
func TestDuplicateWindow(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	const window = 100 * time.Millisecond // the least that there is
	makeStream(t, s, func(c *natsjs.StreamConfig) { c.Duplicates = window })
	o := jetstream.Options{URL: s.URL()}
	l := open(t, o)
	js := bare(t, l.Log)
	if _, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: "bare", Subjects: []string{"bare"}, Duplicates: window}); err != nil {
		t.Fatal(err)
	}
	publish := func() *natsjs.PubAck {
		t.Helper()
		ack, err := js.Publish(t.Context(), "bare", nil, natsjs.WithMsgID("1"))
		if err != nil {
			t.Fatal(err)
		}
		return ack
	}
	changes := feedtest.Changes(1, 5)
	at := feedtest.Append(ctxFor(t, time.Minute), t, l, changes...)
	publish()
	for publish().Duplicate { // until it is forgotten
		time.Sleep(window)
	}
	other := open(t, o)
	for _, l := range []feed.Log{l, other} {
		if got := feedtest.Append(ctxFor(t, time.Minute), t, l, changes...); got != at {
			t.Errorf("appended again at %d", got.Seq)
		}
	}
	if b := feedtest.Bounds(ctxFor(t, time.Minute), t, l); b.Last != 1 {
		t.Errorf("%d entries", b.Last)
	}
}

// The bare client gives up when too much waits to be acknowledged.
func TestManyCallers(t *testing.T) {
	l := open(t, inDir(t))
	js, err := natsjs.New(l.Conn(), natsjs.WithPublishAsyncMaxPending(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: "bare", Subjects: []string{"bare"}, NoAck: true}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err = js.PublishMsgAsync(&nats.Msg{Subject: "bare"}, natsjs.WithStallWait(time.Millisecond))
	}
	if !errors.Is(err, natsjs.ErrTooManyStalledMsgs) {
		t.Errorf("the bare client: %v", err)
	}
	changes := feedtest.Changes(1, 600)
	var callers sync.WaitGroup
	for i := range changes {
		callers.Go(func() {
			if _, err := l.Append(ctxFor(t, time.Minute), changes[i:i+1]); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	entries := feedtest.Entries(ctxFor(t, time.Minute), t, l, index.Position{})
	if n := len(feedtest.ChangesOf(entries)); n != 600 {
		t.Errorf("%d changes", n)
	}
	if len(entries) > 300 {
		t.Errorf("600 callers at once made %d entries", len(entries))
	}
}

// A call whose context ends does not take the others with it.
func TestCallersThatGiveUp(t *testing.T) {
	l := open(t, inDir(t))
	changes := feedtest.Changes(1, 300)
	var callers sync.WaitGroup
	for i := range changes {
		callers.Go(func() {
			ctx := ctxFor(t, time.Minute)
			if i%3 == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*10*time.Microsecond)
				defer cancel()
			}
			if _, err := l.Append(ctx, changes[i:i+1]); err != nil && i%3 != 0 {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	feedtest.Append(ctxFor(t, time.Minute), t, l, changes...)
	if got := feedtest.ChangesOf(feedtest.Entries(ctxFor(t, time.Minute), t, l, index.Position{})); len(got) != 300 {
		t.Errorf("%d changes", len(got))
	}
}

// The server goes away while others write and read, and comes back.
func TestServerRestarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	s, err := jetstream.Start(ctxFor(t, time.Minute), jetstream.ServerOptions{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, jetstream.Options{URL: s.URL(), Replicas: 1})
	address := s.NATS().Addr().String()
	changes := feedtest.Changes(1, 300)
	var writer sync.WaitGroup
	half := make(chan struct{})
	writer.Go(func() {
		for i := range changes {
			if i == 100 {
				close(half)
			}
			if _, err := l.Append(ctxFor(t, time.Minute), changes[i:i+1]); err != nil {
				t.Errorf("change %d: %v", i, err)
				return
			}
		}
	})
	writer.Go(func() {
		n := 0
		for e, err := range l.Read(ctxFor(t, time.Minute), index.Position{}) {
			if err != nil {
				t.Errorf("after %d entries: %v", n, err)
				return
			}
			if n += len(e.Changes); n == len(changes) {
				return
			}
		}
	})
	<-half
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = jetstream.Start(ctxFor(t, time.Minute), jetstream.ServerOptions{Dir: dir, Listen: address}); err != nil {
		t.Fatal(err)
	}
	writer.Wait()
	if got := feedtest.ChangesOf(feedtest.Entries(ctxFor(t, time.Minute), t, l, index.Position{})); len(got) != len(changes) {
		t.Errorf("%d changes, want %d", len(got), len(changes))
	}
	shut(t, l.Log)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// stored makes the directory of a server with a log, and returns its changes.
func stored(t *testing.T, n int) (dir string, changes []index.Change) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "nats")
	l, err := jetstream.Open(ctxFor(t, time.Minute), jetstream.Options{Server: jetstream.ServerOptions{Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	changes = feedtest.Changes(1, n)
	appendEach(t, l, changes)
	shut(t, l)
	return dir, changes
}

// blocks returns the message files of the log.
func blocks(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "vinmatch", "msgs", "*.blk"))
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	return names
}

// Whatever bit flips in the files of the server: what is read is right, or there is
// an error.
func TestBitFlips(t *testing.T) {
	dir, changes := stored(t, 120)
	flips := 16
	if testing.Short() {
		flips = 3
	}
	outcomes := map[string]int{}
	for i := range flips {
		work := filepath.Join(t.TempDir(), "nats")
		if err := os.CopyFS(work, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		path := blocks(t, work)[0]
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bit := (2*i + 1) * 8 * len(b) / (2 * flips) // spread over the file
		bit += i % 8
		b[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		outcomes[outcome(t, work, changes)]++
	}
	t.Log(outcomes)
	if outcomes["all is there"] == flips {
		t.Error("no flip did anything")
	}
}

// outcome opens what is left of a log, and says what became of it. It fails the test
// if something is missing or wrong without an error.
func outcome(t *testing.T, dir string, changes []index.Change) string {
	t.Helper()
	o := jetstream.Options{Server: jetstream.ServerOptions{Dir: dir, StartTimeout: 15 * time.Second}}
	l, err := jetstream.Open(ctxFor(t, time.Minute), o)
	if errors.Is(err, jetstream.ErrNotReady) {
		return "the server does not start"
	}
	if err == nil {
		defer shut(t, l)
		var b feed.Bounds
		if b, err = l.Bounds(ctxFor(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		var got []index.Change
		for e, rerr := range l.Read(ctxFor(t, time.Minute), index.Position{}) {
			if rerr != nil {
				err = rerr
				break
			}
			got = append(got, feedtest.ChangesOf([]feed.Entry{e})...)
			if e.Position.Seq == b.Last {
				break
			}
		}
		for i := range got {
			if feed.IDOf(&got[i]) != feed.IDOf(&changes[i]) {
				t.Fatalf("change %d is another", i)
			}
		}
		if err == nil && len(got) != len(changes) {
			t.Fatalf("%d changes of %d, and no error", len(got), len(changes))
		}
	}
	for _, known := range []error{feed.ErrGap, feed.ErrDamaged, feed.ErrRegressed, feed.ErrTrimmed, feed.ErrReplaced} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		t.Fatalf("another error: %v", err)
	}
	return "all is there"
}

// Half of a file is half of the log.
func TestCutFile(t *testing.T) {
	for why, want := range map[string]error{
		"the server knows how many there were": feed.ErrGap,
		"it does not, and says nothing":        feed.ErrRegressed,
	} {
		dir, changes := stored(t, 120)
		path := blocks(t, dir)[0]
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if want == feed.ErrRegressed {
			if err := os.Remove(filepath.Join(filepath.Dir(path), "index.db")); err != nil {
				t.Fatal(err)
			}
		}
		// Open has a file that says how far the log was acknowledged.
		o := jetstream.Options{Server: jetstream.ServerOptions{Dir: dir}}
		if l, err := jetstream.Open(ctxFor(t, time.Minute), o); !errors.Is(err, want) {
			if err == nil {
				shut(t, l)
			}
			t.Errorf("%s: %v, want %v", why, err, want)
		}
		if want != feed.ErrRegressed {
			continue
		}
		// Without it, a log that nobody else knows is taken for what it is.
		if err := os.Remove(filepath.Join(dir, "vinmatch.acknowledged")); err != nil {
			t.Fatal(err)
		}
		l := open(t, o)
		if b := feedtest.Bounds(ctxFor(t, time.Minute), t, l); b.Last == 0 || b.Last >= uint64(len(changes)) {
			t.Errorf("bounds %+v", b)
		}
	}
}

// Snapshots of many parts, of which one is damaged, and parts that belong to none.
func TestSnapshotParts(t *testing.T) {
	defer jetstream.SetParts(1000, 300)()
	l := open(t, inDir(t))
	ctx := ctxFor(t, time.Minute)
	snaps, err := l.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	at := feedtest.Append(ctx, t, l, feedtest.Changes(1, 500)...)
	r := openReplica(t, l, snaps)
	if err := r.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := r.Snapshot(ctx)
	if err != nil || s.Position != at || s.Size < 10_000 {
		t.Fatal(s, err)
	}
	q := openReplica(t, l, snaps)
	if q.Status().Snapshot.Position != at || feed.Hash(q.View()) != feed.Hash(r.View()) {
		t.Error("another register comes out")
	}
	store, err := bare(t, l.Log).ObjectStore(ctx, "vinmatch_snapshots")
	if err != nil {
		t.Fatal(err)
	}
	part := slices.IndexFunc(objectsOf(ctx, t, store), func(name string) bool { return strings.HasSuffix(name, ".0003") })
	if _, err := store.PutBytes(ctx, objectsOf(ctx, t, store)[part], []byte("something else")); err != nil {
		t.Fatal(err)
	}
	skipped := false
	p, err := feed.OpenReplica(ctx, l, snaps, feed.Options{OnEvent: func(e feed.Event) { skipped = skipped || e.Kind == feed.SkippedSnapshot }})
	if err != nil || !skipped {
		t.Fatalf("a damaged snapshot is opened: %v", err)
	}
	if err := p.CatchUp(ctx); err != nil || feed.Hash(p.View()) != feed.Hash(r.View()) {
		t.Errorf("without the snapshot: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	// Those that are too many go, with all their parts.
	for i := range 4 {
		feedtest.Append(ctx, t, l, feedtest.Changes(uint64(2+i), 1)...)
		if err := r.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Snapshot(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list, err := snaps.List(ctx)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, name := range objectsOf(ctx, t, store) {
		if !slices.ContainsFunc(list, func(s feed.Snapshot) bool { return strings.HasPrefix(name, s.Name()) }) {
			t.Errorf("%s is left", name)
		}
	}
}

func TestOpenOther(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	makeStream(t, s, func(c *natsjs.StreamConfig) { c.Metadata = nil })
	if _, err := jetstream.Open(ctxFor(t, time.Minute), jetstream.Options{URL: s.URL()}); err == nil {
		t.Error("a stream that is no log is opened")
	}
	if _, err := jetstream.Open(ctxFor(t, time.Minute), jetstream.Options{}); err == nil {
		t.Error("a log is opened nowhere")
	}
	if _, err := jetstream.Open(ctxFor(t, 200*time.Millisecond), jetstream.Options{URL: "nats://127.0.0.1:1"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no server: %v", err)
	}
	for _, o := range []jetstream.ServerOptions{
		{Dir: t.TempDir(), Listen: "nowhere"},
		{Dir: t.TempDir(), Listen: "127.0.0.1:99999"},
		{Dir: t.TempDir(), Cluster: &jetstream.ClusterOptions{Listen: "here"}},
		{Dir: filepath.Join(os.DevNull, "x")},
	} {
		if s, err := jetstream.Start(ctxFor(t, time.Minute), o); err == nil {
			t.Errorf("started with %+v", o)
			_ = s.Close()
		}
	}
}

// A store that somebody removed is an error, not something to wait for.
func TestNoStore(t *testing.T) {
	l := open(t, inDir(t))
	ctx := ctxFor(t, time.Minute)
	snaps, err := l.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := bare(t, l.Log).DeleteObjectStore(ctx, "vinmatch_snapshots"); err != nil {
		t.Fatal(err)
	}
	s := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: feed.NewLineage(), Seq: 1}}}
	for what, f := range map[string]func() error{
		"List": func() error { _, err := snaps.List(ctx); return err },
		"Get":  func() error { return snaps.Get(ctx, s, func(string) error { return nil }) },
		"Put": func() error {
			return snaps.Put(ctx, s, func(path string) error { return os.WriteFile(path, nil, 0o600) })
		},
	} {
		if err := f(); !errors.Is(err, natsjs.ErrStreamNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A server that cannot listen says so, also where it is to hear of others, which it
// would wait for.
func TestAddressInUse(t *testing.T) {
	a := freeAddresses(t, 2)
	taken, err := net.Listen("tcp", a[1])
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = jetstream.Start(ctxFor(t, time.Minute), jetstream.ServerOptions{
		Dir: filepath.Join(t.TempDir(), "nats"), Listen: a[0],
		Cluster: &jetstream.ClusterOptions{Name: "test", Listen: a[1], Routes: a},
	})
	if err == nil || errors.Is(err, jetstream.ErrNotReady) || !strings.Contains(err.Error(), a[1][strings.LastIndex(a[1], ":"):]) {
		t.Errorf("the address of the cluster is taken: %v", err)
	}
}
