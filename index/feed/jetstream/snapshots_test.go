package jetstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// snapshotAt is a snapshot of a log that nobody has.
func snapshotAt(seq uint64) feed.Snapshot {
	return feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: [16]byte{1}, Seq: seq}}}
}

// filled returns what saves a file of one letter.
func filled(letter byte, n int) func(string) error {
	return func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte{letter}, n), 0o600) }
}

// letterOf reads such a file.
func letterOf(ctx context.Context, snaps *jetstream.Snapshots, s feed.Snapshot, n int) (letter byte, err error) {
	err = snaps.Get(ctx, s, func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil || len(b) != n {
			return fmt.Errorf("%d bytes of %d, %w", len(b), n, err)
		}
		letter = b[0]
		if mixed := bytes.Trim(b, string(letter)); len(mixed) > 0 {
			return fmt.Errorf("it begins with %c and goes on with %c", letter, mixed[0])
		}
		return nil
	})
	return letter, err
}

// shared opens the snapshots of a server as so many nodes.
func shared(t *testing.T, nodes int) (all []*jetstream.Snapshots, log *jetstream.Log, store natsjs.ObjectStore) {
	t.Helper()
	s := startServer(t, jetstream.ServerOptions{Lazy: true})
	for range nodes {
		l := open(t, jetstream.Options{URL: s.URL(), Replicas: 1})
		snaps, err := l.Snapshots(ctxFor(t, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		all, log = append(all, snaps), l.Log
	}
	store, err := bare(t, log).ObjectStore(t.Context(), "vinmatch_snapshots")
	if err != nil {
		t.Fatal(err)
	}
	return all, log, store
}

func objectsOf(ctx context.Context, t *testing.T, store natsjs.ObjectStore) (names []string) {
	t.Helper()
	objects, err := store.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		names = append(names, o.Name)
	}
	return names
}

// Nodes that store the same snapshot at the same time, each with other bytes, leave
// that of one of them. Who reads meanwhile gets one of them, too, even where parts that
// no head names any more go at once.
func TestSnapshotOfManyNodes(t *testing.T) {
	defer jetstream.SetParts(1000, 300)()
	const nodes, size = 3, 20_500
	all, _, _ := shared(t, nodes+1)
	ctx := ctxFor(t, time.Minute)
	reader := all[nodes]
	s := snapshotAt(7)
	if err := reader.Put(ctx, s, filled('z', size)); err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		var putting, reading sync.WaitGroup
		done := make(chan struct{})
		for n, snaps := range all[:nodes] {
			putting.Go(func() {
				if err := snaps.Put(ctx, s, filled(byte('a'+n), size)); err != nil {
					t.Error(err)
				}
			})
		}
		reading.Go(func() {
			for {
				if _, err := letterOf(ctx, reader, s, size); err != nil {
					t.Errorf("round %d, meanwhile: %v", round, err)
				}
				if list, err := reader.List(ctx); err != nil || len(list) != 1 || list[0].Size != size {
					t.Errorf("round %d, meanwhile: %v, %v", round, list, err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
		putting.Wait()
		close(done)
		reading.Wait()
		if letter, err := letterOf(ctx, reader, s, size); err != nil || letter == 'z' {
			t.Errorf("round %d: %c, %v", round, letter, err)
		}
	}
}

// A snapshot is read while others take its place, whose parts go at once.
func TestSnapshotReplaced(t *testing.T) {
	defer jetstream.SetParts(1000, 300)()
	defer jetstream.SetAbandoned(0)()
	const size = 20_500
	all, _, store := shared(t, 2)
	ctx := ctxFor(t, time.Minute)
	s := snapshotAt(7)
	if err := all[0].Put(ctx, s, filled('a', size)); err != nil {
		t.Fatal(err)
	}
	var putting sync.WaitGroup
	putting.Go(func() {
		for i := range 8 {
			if err := all[0].Put(ctx, s, filled(byte('b'+i), size)); err != nil {
				t.Error(err)
			}
		}
	})
	for last := byte(0); last != 'i'; {
		letter, err := letterOf(ctx, all[1], s, size)
		if err != nil || letter < last {
			t.Errorf("after %c: %c, %v", last, letter, err)
			break
		}
		last = letter
	}
	putting.Wait()
	// Parts that are gone for good are an error.
	names := objectsOf(ctx, t, store)
	if len(names) != 22 {
		t.Errorf("%d objects", len(names))
	}
	part := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, ".0004") })
	if err := store.Delete(ctx, names[part]); err != nil {
		t.Fatal(err)
	}
	if _, err := letterOf(ctx, all[1], s, size); !errors.Is(err, natsjs.ErrObjectNotFound) || !strings.Contains(err.Error(), "part 5 of 21") {
		t.Errorf("without a part: %v", err)
	}
	// So is a head that tells nothing of them.
	if _, err := store.PutBytes(ctx, s.Name(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := letterOf(ctx, all[1], s, size); err == nil || !strings.Contains(err.Error(), "not stored by this version") {
		t.Errorf("a head of another version: %v", err)
	}
}

// A Put that ends halfway leaves the snapshot that was there, and what it leaves of its
// own goes when it is old: parts, and chunks of a part.
func TestSnapshotPutEnds(t *testing.T) {
	defer jetstream.SetParts(1000, 300)()
	const size = 40_000
	all, log, store := shared(t, 2)
	ctx := ctxFor(t, time.Minute)
	s := snapshotAt(7)
	if err := all[0].Put(ctx, s, filled('a', size)); err != nil {
		t.Fatal(err)
	}
	last := func() uint64 {
		status, err := store.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return status.(*natsjs.ObjectBucketStatus).StreamInfo().State.LastSeq
	}
	before := last()
	once, cancel := context.WithCancel(ctx)
	put := make(chan error, 1)
	go func() { put <- all[0].Put(once, s, filled('b', size)) }()
	for last() < before+20 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-put; !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	if letter, err := letterOf(ctx, all[1], s, size); err != nil || letter != 'a' {
		t.Errorf("of the snapshot before: %c, %v", letter, err)
	}

	// Of a part that has no end there are chunks alone.
	js := bare(t, log)
	const chunks = "$O.vinmatch_snapshots.C."
	if _, err := js.Publish(ctx, chunks+"gone", []byte("a chunk")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutBytes(ctx, "of somebody else", []byte("a thing")); err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(ctx, "OBJ_vinmatch_snapshots")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []bool{false, true} {
		if old {
			defer jetstream.SetAbandoned(0)()
		}
		if err := all[0].Put(ctx, snapshotAt(8), filled('c', size)); err != nil {
			t.Fatal(err)
		}
		words := map[string]bool{}
		for _, name := range objectsOf(ctx, t, store) {
			if fields := strings.Split(name, "."); len(fields) == 3 {
				words[fields[1]] = true
			}
		}
		info, err := stream.Info(ctx, natsjs.WithSubjectFilter("$O.vinmatch_snapshots.>"))
		if err != nil {
			t.Fatal(err)
		}
		_, left := info.State.Subjects[chunks+"gone"]
		if want := 2; old && (len(words) != want || left) || !old && (len(words) <= want || !left) {
			t.Errorf("old: %v. Parts of %d Puts are there; chunks without an end: %v", old, len(words), left)
		}
		// Two snapshots of 40 parts and a head; two subjects of a part, one of a head.
		if n := len(info.State.Subjects); old && n != 2*(2*40+1)+2 {
			t.Errorf("%d subjects are left", n)
		}
		for seq, want := range map[uint64]byte{7: 'a', 8: 'c'} {
			if letter, err := letterOf(ctx, all[1], snapshotAt(seq), size); err != nil || letter != want {
				t.Errorf("old: %v. Snapshot %d: %c, %v", old, seq, letter, err)
			}
		}
	}
}
