package feed_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/internal/trials"
)

func openNode(_ context.Context, dir string) (feed.Log, feed.Snapshots, func() error, error) {
	log, err := feed.OpenDir(filepath.Join(dir, "log"), feed.DirOptions{SegmentBytes: 1 << 16})
	if err != nil {
		return nil, nil, nil, err
	}
	snaps, err := feed.OpenSnapshots(filepath.Join(dir, "snapshots"), 3)
	return log, snaps, log.Close, err
}

func TestMain(m *testing.M) {
	feedtest.RunNode(openNode)
	os.Exit(m.Run())
}

func TestKills(t *testing.T) {
	n := trials.Number(12)
	if testing.Short() {
		n = max(n, 3)
	}
	feedtest.TestKills(t, n, openNode)
	trials.Done(t, n)
}

// fill makes a log of several segments in a directory and returns its changes.
func fill(t *testing.T, dir string, o feed.DirOptions, entries int) []index.Change {
	t.Helper()
	log := openDir(t, dir, o)
	changes := feedtest.Changes(1, 3*entries)
	for i := 0; i < len(changes); i += 3 {
		feedtest.Append(ctxFor(t), t, log, changes[i:i+3]...)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return changes
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func segmentsOf(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	slices.Sort(names)
	return names
}

func edit(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever bit of a segment flips, OpenDir says so, and so does a reader of a log
// that is open; nothing is passed over.
func TestDirBitFlips(t *testing.T) {
	o := feed.DirOptions{SegmentBytes: 2 << 10}
	dir := filepath.Join(t.TempDir(), "log")
	changes := fill(t, dir, o, 20)
	segments := segmentsOf(t, dir)
	if len(segments) < 3 {
		t.Fatalf("%d segments", len(segments))
	}
	step := 97
	if testing.Short() {
		step = 1009
	}
	for _, path := range segments {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for bit := 0; bit < 8*len(whole); bit += 1 + bit%step {
			flipped := slices.Clone(whole)
			flipped[bit/8] ^= 1 << (bit % 8)
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			log, err := feed.OpenDir(dir, o)
			var e *feed.LogError
			if !errors.As(err, &e) || !errors.Is(err, feed.ErrDamaged) {
				if err == nil {
					_ = log.Close()
				}
				t.Fatalf("%s with bit %d flipped: %v", filepath.Base(path), bit, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := openDir(t, dir, o) // whole again
	edit(t, segments[1], func(b []byte) []byte { b[len(b)/2]++; return b })
	n := 0
	for e, err := range log.Read(ctxFor(t), index.Position{}) {
		if err == nil {
			n += len(e.Changes)
			continue
		}
		var bad *feed.LogError
		if !errors.As(err, &bad) || !errors.Is(err, feed.ErrDamaged) || bad.Seq != uint64(n/3+1) {
			t.Errorf("after %d changes: %v", n, err)
		}
	}
	if n == 0 || n >= len(changes) {
		t.Errorf("%d changes before the damage", n)
	}
}

// What was acknowledged and is cut off, or a segment that is not there, is an error.
func TestDirCutOff(t *testing.T) {
	o := feed.DirOptions{SegmentBytes: 2 << 10}
	dir := filepath.Join(t.TempDir(), "log")
	fill(t, dir, o, 20)
	try := func(why string, want error, change func(dir string, segments []string)) {
		t.Helper()
		work := filepath.Join(t.TempDir(), "log")
		copyDir(t, dir, work)
		change(work, segmentsOf(t, work))
		log, err := feed.OpenDir(work, o)
		if err == nil {
			_ = log.Close()
		}
		if !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", why, err, want)
		}
	}
	remove := func(path string) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	try("nothing", nil, func(string, []string) {})
	last, err := os.ReadFile(segmentsOf(t, dir)[len(segmentsOf(t, dir))-1])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 39, 41, 59, 60, 100, len(last) - 300, len(last) - 1} {
		try(fmt.Sprintf("the last segment cut to %d of %d bytes", n, len(last)), feed.ErrDamaged, func(_ string, s []string) {
			edit(t, s[len(s)-1], func(b []byte) []byte { return b[:n] })
		})
	}
	try("the last segment cut between frames", feed.ErrRegressed, func(_ string, s []string) {
		edit(t, s[len(s)-1], func(b []byte) []byte { return b[:40] })
	})
	try("a segment in the middle is cut", feed.ErrDamaged, func(_ string, s []string) {
		edit(t, s[1], func(b []byte) []byte { return b[:len(b)-1] })
	})
	try("the last segment is gone", feed.ErrRegressed, func(_ string, s []string) { remove(s[len(s)-1]) })
	try("one in the middle is gone", feed.ErrGap, func(_ string, s []string) { remove(s[1]) })
	try("all are gone", feed.ErrRegressed, func(_ string, s []string) {
		for _, path := range s {
			remove(path)
		}
	})
	try("the first is gone: the log was trimmed", nil, func(_ string, s []string) { remove(s[0]) })
	other := filepath.Join(t.TempDir(), "log")
	fill(t, other, o, 20)
	try("a segment of another log", feed.ErrReplaced, func(_ string, s []string) {
		edit(t, s[1], func([]byte) []byte {
			b, err := os.ReadFile(filepath.Join(other, filepath.Base(s[1])))
			if err != nil {
				t.Skip("the segments of the other log have other names")
			}
			return b
		})
	})
	try("the file of what was acknowledged is of another log", feed.ErrReplaced, func(dir string, _ []string) {
		copyTo := filepath.Join(dir, "acknowledged")
		edit(t, copyTo, func([]byte) []byte {
			b, err := os.ReadFile(filepath.Join(other, "acknowledged"))
			if err != nil {
				t.Fatal(err)
			}
			return b
		})
	})
	try("it is not there: what was synced says enough", nil, func(dir string, _ []string) { remove(filepath.Join(dir, "acknowledged")) })
	try("it is not there, and an entry in the middle is damaged", feed.ErrDamaged, func(dir string, s []string) {
		remove(filepath.Join(dir, "acknowledged"))
		edit(t, s[len(s)-1], func(b []byte) []byte { b[70]++; return b })
	})
	try("a later format", feed.ErrDamaged, func(_ string, s []string) {
		edit(t, s[0], func(b []byte) []byte { b[7]++; return b })
	})
	// Damage in what snapshots have does no harm.
	work := filepath.Join(t.TempDir(), "log")
	copyDir(t, dir, work)
	s := segmentsOf(t, work)
	edit(t, s[0], func(b []byte) []byte { b[len(b)/2]++; return b })
	if _, err := feed.OpenDir(work, o); !errors.Is(err, feed.ErrDamaged) {
		t.Fatal(err)
	}
	trimmed := o
	trimmed.TrimTo = 15
	if b := feedtest.Bounds(ctxFor(t), t, openDir(t, work, trimmed)); b.First < 2 || b.First > 16 || b.Last != 20 {
		t.Errorf("opened with TrimTo, bounds %+v", b)
	}
}

// A torn end that nobody was told of is cut off, whatever of it there is.
func TestDirTornEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	changes := fill(t, dir, feed.DirOptions{}, 10)
	path := segmentsOf(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// One entry more, written and not acknowledged.
	work := filepath.Join(t.TempDir(), "log")
	copyDir(t, dir, work)
	log := openDir(t, work, feed.DirOptions{})
	feedtest.Append(ctxFor(t), t, log, feedtest.Changes(2, 5)...)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile(segmentsOf(t, work)[0])
	if err != nil {
		t.Fatal(err)
	}
	more = more[len(whole):]
	torn := [][]byte{{0}, make([]byte, 5000), []byte("VMFR"), []byte("VMFRVMFRVMFR"), []byte(strings.Repeat("VMFR", 70000))}
	for n := 0; n < len(more); n += 13 {
		torn = append(torn, more[:n])
	}
	for n := 0; n+64 < len(more); n += 64 { // the parts came in another order
		hole := slices.Clone(more)
		clear(hole[n : n+64])
		torn = append(torn, hole)
	}
	for i, end := range torn {
		if err := os.WriteFile(path, slices.Concat(whole, end), 0o600); err != nil {
			t.Fatal(err)
		}
		log, err := feed.OpenDir(dir, feed.DirOptions{})
		if err != nil {
			t.Fatalf("torn end %d: %v", i, err)
		}
		got := feedtest.ChangesOf(feedtest.Entries(ctxFor(t), t, log, index.Position{}))
		if len(got) != len(changes) {
			t.Fatalf("torn end %d: %d changes, want %d", i, len(got), len(changes))
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(path); len(b) != len(whole) {
			t.Fatalf("torn end %d: %d bytes are left, want %d", i, len(b), len(whole))
		}
	}
	// The whole entry counts: it was stored, though nobody was told.
	if err := os.WriteFile(path, slices.Concat(whole, more), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := feedtest.Bounds(ctxFor(t), t, openDir(t, dir, feed.DirOptions{})); b.Last != 11 {
		t.Errorf("bounds %+v", b)
	}
}

func TestDirIsLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	log := openDir(t, dir, feed.DirOptions{})
	if _, err := feed.OpenDir(dir, feed.DirOptions{}); err == nil {
		t.Error("a log is opened twice")
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	openDir(t, dir, feed.DirOptions{})
}

// A strict directory forgets in a crash what was not synced, or a part of it, and
// fails one call on demand.
type strict struct {
	mu            sync.Mutex
	calls, failAt int
	names, synced map[string]*inode // as programs see them, and for good
}

type inode struct {
	data, synced []byte
	writes       []write // since the last sync
}

type write struct {
	at   int64 // -1: truncated to len(data)
	data []byte
}

var errDisk = errors.New("disk on fire")

func newStrict() *strict { return &strict{names: map[string]*inode{}, synced: map[string]*inode{}} }

// call counts a call, and fails it if it is its turn.
func (s *strict) call() error {
	if s.calls++; s.calls == s.failAt {
		return errDisk
	}
	return nil
}

func (s *strict) List() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.names)), s.call()
}

func (s *strict) Create(name string) (feed.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(); err != nil {
		return nil, err
	}
	if s.names[name] != nil {
		return nil, fs.ErrExist
	}
	s.names[name] = &inode{}
	return &strictFile{s, s.names[name]}, nil
}

func (s *strict) Open(name string) (feed.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(); err != nil {
		return nil, err
	}
	if s.names[name] == nil {
		return nil, fs.ErrNotExist
	}
	return &strictFile{s, s.names[name]}, nil
}

func (s *strict) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(); err != nil {
		return err
	}
	delete(s.names, name)
	return nil
}

func (s *strict) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(); err != nil {
		return err
	}
	s.synced = maps.Clone(s.names)
	return nil
}

func (s *strict) Close() error { return nil }

type strictFile struct {
	s *strict
	i *inode
}

func (f *strictFile) ReadAt(b []byte, at int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if err := f.s.call(); err != nil {
		return 0, err
	}
	n := 0
	if at < int64(len(f.i.data)) {
		n = copy(b, f.i.data[at:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *strictFile) WriteAt(b []byte, at int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	err := f.s.call()
	if err != nil {
		b = b[:len(b)/2] // a short write
	}
	w := write{at, slices.Clone(b)}
	f.i.writes = append(f.i.writes, w)
	f.i.data = w.apply(f.i.data)
	return len(b), err
}

func (w write) apply(data []byte) []byte {
	if w.at < 0 {
		return data[:min(len(w.data), len(data))]
	}
	if grow := int(w.at) + len(w.data) - len(data); grow > 0 {
		data = append(slices.Clip(data), make([]byte, grow)...)
	}
	data = slices.Clone(data)
	copy(data[w.at:], w.data)
	return data
}

func (f *strictFile) Size() (int64, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	return int64(len(f.i.data)), f.s.call()
}

func (f *strictFile) Truncate(size int64) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if err := f.s.call(); err != nil {
		return err
	}
	w := write{-1, make([]byte, size)}
	f.i.writes = append(f.i.writes, w)
	f.i.data = slices.Clone(w.apply(f.i.data))
	return nil
}

// Sync fails as disks do: what was to be synced is forgotten. Programs still read
// it, and a second call succeeds and does not write it.
func (f *strictFile) Sync() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if err := f.s.call(); err != nil {
		f.i.writes = nil
		return err
	}
	for _, w := range f.i.writes {
		f.i.synced = w.apply(f.i.synced)
	}
	f.i.writes = nil
	return nil
}

func (f *strictFile) Close() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	return f.s.call()
}

// crash returns the directory as it may be found after a crash: of what was not
// synced, any part came to the disk.
func (s *strict) crash(rng *rand.Rand) *strict {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := newStrict()
	mode := rng.IntN(3) // nothing, all, some
	keep := func() bool { return mode == 1 || mode == 2 && rng.IntN(2) == 0 }
	names := maps.Clone(s.synced)
	for name, i := range s.names {
		if s.synced[name] == nil && keep() {
			names[name] = i
		}
	}
	for name := range s.synced {
		if s.names[name] == nil && keep() {
			delete(names, name)
		}
	}
	for name, i := range names {
		data := slices.Clone(i.synced)
		for _, w := range i.writes {
			if w.at < 0 {
				if keep() {
					data = w.apply(data)
				}
				continue
			}
			for at := 0; at < len(w.data); at += 512 { // sectors
				if keep() {
					data = write{w.at + int64(at), w.data[at:min(at+512, len(w.data))]}.apply(data)
				}
			}
		}
		after.names[name] = &inode{data: data, synced: slices.Clone(data)}
	}
	after.synced = maps.Clone(after.names)
	return after
}

// Whatever call fails, and whatever of the rest comes to the disk when the system
// then crashes: what was acknowledged is there, once, and the log goes on.
func TestDirEveryCallFails(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	ctx := ctxFor(t)
	changes := feedtest.Changes(1, 40)
	o := feed.DirOptions{SegmentBytes: 1500}
	rounds := 6
	switch {
	case trials.Whole():
		rounds = 60
	case testing.Short():
		rounds = 2
	}
	done := 0
	failed := false
	for failAt := 1; failAt == 1 || failed; failAt++ {
		failed = false
		for range rounds {
			done++
			disk := newStrict()
			disk.failAt = failAt
			acked := 0
			log, err := feed.OpenDirOn(disk, o)
			if err == nil {
				for i := 0; i < len(changes); i += 5 {
					if _, err = log.Append(ctx, changes[i:i+5]); err != nil {
						break
					}
					acked = i + 5
					if i == 20 {
						if err = log.Trim(ctx, index.Position{Lineage: feedtest.Bounds(ctx, t, log).Lineage, Seq: 3}); err != nil {
							break
						}
					}
				}
				if errors.Is(err, feed.ErrFailed) {
					// Not a second time, even if the disk would.
					if _, err := log.Append(ctx, feedtest.Changes(3, 1)); !errors.Is(err, feed.ErrFailed) {
						t.Fatalf("call %d fails: the next Append returns %v", failAt, err)
					}
				}
			}
			if disk.calls >= failAt {
				failed = true
				if err != nil && !errors.Is(err, errDisk) {
					t.Fatalf("call %d fails: %v", failAt, err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			for crash := range 3 {
				// The log may be opened again without a crash before: then
				// programs read what the disk does not have.
				if disk.failAt = 0; crash > 0 || done%2 == 0 {
					disk = disk.crash(rng)
				}
				log, err := feed.OpenDirOn(disk, o)
				if err != nil {
					t.Fatalf("call %d fails, then crash %d: %v", failAt, crash+1, err)
				}
				b := feedtest.Bounds(ctx, t, log)
				got := map[feed.ID]int{}
				for _, c := range feedtest.ChangesOf(feedtest.Entries(ctx, t, log, index.Position{Lineage: b.Lineage, Seq: b.First - 1})) {
					got[feed.IDOf(&c)]++
				}
				for i := 5 * int(b.First-1); i < acked; i++ {
					if got[feed.IDOf(&changes[i])] != 1 {
						t.Fatalf("call %d fails, then crash %d: of %d acknowledged changes, change %d is there %d times", failAt, crash+1, acked, i, got[feed.IDOf(&changes[i])])
					}
				}
				if b.First > 4 {
					t.Fatalf("call %d fails: the log begins with %d", failAt, b.First)
				}
				// It goes on, and takes again what it has.
				next := min(acked+5, len(changes))
				if _, err := log.Append(ctx, changes[max(acked-5, 5*int(b.First-1)):next]); err != nil {
					t.Fatal(err)
				}
				acked = next
				if crash == 1 {
					continue // without Close
				}
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if failed {
		t.Error("calls never end")
	}
	trials.Done(t, done)
}

// Callers that come while the disk syncs share the next sync.
func TestDirSharesSyncs(t *testing.T) {
	disk := &slowSync{strict: newStrict(), hold: make(chan struct{}), begun: make(chan struct{}, 100)}
	log, err := feed.OpenDirOn(disk, feed.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	disk.slow = true
	ctx := ctxFor(t)
	changes := feedtest.Changes(1, 21)
	var callers sync.WaitGroup
	appendOne := func(i int) {
		callers.Go(func() {
			if _, err := log.Append(ctx, changes[i:i+1]); err != nil {
				t.Error(err)
			}
		})
	}
	appendOne(20)
	<-disk.begun // the first syncs
	for i := range 20 {
		appendOne(i)
	}
	for feed.Staged(log) < 20 {
		time.Sleep(time.Millisecond)
	}
	close(disk.hold)
	callers.Wait()
	if n := 1 + len(disk.begun); n != 2 {
		t.Errorf("%d syncs for 21 callers", n)
	}
	if b := feedtest.Bounds(ctx, t, log); b.Last != 21 {
		t.Errorf("bounds %+v", b)
	}
}

// slowSync is a directory whose files sync when they may.
type slowSync struct {
	*strict
	slow        bool
	hold, begun chan struct{}
}

func (s *slowSync) Create(name string) (feed.File, error) {
	f, err := s.strict.Create(name)
	return slowFile{f, s}, err
}

type slowFile struct {
	feed.File
	s *slowSync
}

func (f slowFile) Sync() error {
	if f.s.slow {
		f.s.begun <- struct{}{}
		<-f.s.hold
	}
	return f.File.Sync()
}
