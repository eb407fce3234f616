package match_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A watched register is one of records that come and change.
type watched struct {
	*match.Watch
	t   testing.TB
	idx *index.Index
	m   *match.Matcher
	now time.Time
}

func newWatched(t testing.TB, o match.WatchOptions, records ...index.Record) *watched {
	t.Helper()
	x := &watched{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if x.idx, err = index.Build(t.Context(), index.Options{}, index.Records(records...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.idx.Close() })
	x.m = match.New(x.idx, match.Options{Near: match.Always})
	o.Now = func() time.Time { return x.now }
	x.open(o)
	return x
}

func (x *watched) open(o match.WatchOptions) {
	x.t.Helper()
	o.Now = func() time.Time { return x.now }
	var err error
	if x.Watch, err = match.NewWatch(x.m, o); err != nil {
		x.t.Fatal(err)
	}
}

func (x *watched) ask(by string, q match.Query) match.Result {
	x.t.Helper()
	r, err := x.Ask(x.t.Context(), match.Inquiry{Query: q, Inquirer: by})
	if err != nil || r.Err != nil {
		x.t.Fatal(err, r.Err)
	}
	return r
}

// put enters a record and returns who is to be told.
func (x *watched) put(r index.Record) (told []string) {
	x.t.Helper()
	if r.Owner == "" {
		r.Owner, r.ID = "FR", "1"
	}
	changes := []index.Change{{By: r.Owner, Op: index.Put, Record: r}}
	if _, err := x.idx.Apply(index.Position{}, changes); err != nil {
		x.t.Fatal(err)
	}
	delayed, err := x.Changed(x.t.Context(), changes)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, d := range delayed {
		told = append(told, d.Inquiry.Inquirer)
	}
	return told
}

func wantTold(t *testing.T, why string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: told %q, want %q", why, got, want)
	}
}

// TestWatch tells of each way to be answered late, once for a record, and not of
// what was known.
func TestWatch(t *testing.T) {
	x := newWatched(t, match.WatchOptions{}, index.Record{Owner: "DE", ID: "7", Version: 1, VIN: vin.MustParse(golf)})
	x.ask("exact", read(index.KindVIN, accord))
	x.ask("near", read(index.KindVIN, strings.Replace(accord, "8", "B", 1)))
	x.ask("cleaned", read(index.KindVIN, "1HG CM826-33A004352"))
	x.ask("lost", read(index.KindVIN, accord[:5]+accord[6:]))
	x.ask("extra", read(index.KindVIN, accord[:5]+"7"+accord[5:]))
	x.ask("two", read(index.KindVIN, strings.Replace(strings.Replace(accord, "8", "B", 1), "00", "D0", 1)))
	x.ask("partial", read(index.KindVIN, "*"+accord[11:]))
	x.ask("nobody", read(index.KindVIN, golf2))
	x.ask("known", read(index.KindVIN, golf))
	x.ask("plate", readIn(index.KindPlate, "", "AB 123 CO"))

	r := index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)}
	wantTold(t, "entered", x.put(r), "exact", "near", "cleaned", "lost", "extra", "two", "partial")
	r.Version, r.Colour = 2, "red"
	wantTold(t, "changed", x.put(r))
	r.Version, r.Plate = 3, plate.MustParse("FR", "AB-123-CD")
	wantTold(t, "a plate comes", x.put(r), "plate")
	r.Version, r.VIN = 4, vin.VIN{}
	wantTold(t, "its VIN goes", x.put(r))
	r.ID, r.Version, r.VIN, r.Plate = "2", 1, vin.MustParse(accord), plate.Plate{}
	wantTold(t, "another record", x.put(r), "exact", "near", "cleaned", "lost", "extra", "two", "partial")

	known := index.Record{Owner: "DE", ID: "7", Version: 2, VIN: vin.MustParse(golf), Colour: "red"}
	got := x.put(known)
	if slices.Contains(got, "known") {
		t.Errorf("told of what the answer had: %q", got)
	}
	known.Version, known.VIN = 3, vin.MustParse(golf2)
	if got := x.put(known); !slices.Contains(got, "known") && !slices.Contains(got, "nobody") {
		t.Errorf("told %q of a record with a new number, near what two asked for", got)
	}

	before := x.Stats()
	x.now = x.now.Add(match.DefaultKeep)
	r.ID, r.VIN = "3", vin.MustParse(accord)
	wantTold(t, "too late", x.put(r))
	if s := x.Stats(); s.Held != 0 || s.Expired != uint64(before.Held) {
		t.Errorf("%d held and %d expired, of %d", s.Held, s.Expired, before.Held)
	}
}

// TestWatchGivesBack gives an inquiry back as it was made, from memory and from
// the file.
func TestWatchGivesBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "inquiries")
	x := newWatched(t, match.WatchOptions{File: file})
	in := match.Inquiry{
		Query: match.Query{
			Reads: []match.Read{
				{Number: index.Number{Kind: index.KindVIN, Text: accord}, Score: 0.7},
				{Number: index.Number{Kind: index.KindPlate, Country: "D", Text: "TÜ-AB 12\xff3"}},
			},
			Channel: match.Stamped, Limit: 3,
			Claim: match.Claim{Make: "Honda", ModelYear: -3, Country: "JP", Type: index.Car, Colour: "red"},
		},
		Time:     time.Date(2026, 3, 1, 11, 59, 0, 123456789, time.UTC),
		Inquirer: "Dover", Purpose: "control\x00",
	}
	if _, err := x.Ask(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		r := index.Record{Owner: "FR", ID: fmt.Sprint(i), Version: 1, VIN: vin.MustParse(accord)}
		changes := []index.Change{{By: "FR", Op: index.Put, Record: r}}
		if _, err := x.idx.Apply(index.Position{}, changes); err != nil {
			t.Fatal(err)
		}
		delayed, err := x.Changed(t.Context(), changes)
		if err != nil || len(delayed) != 1 {
			t.Fatal(len(delayed), err)
		}
		if d := cmp.Diff(in, delayed[0].Inquiry, comparers); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		x.open(match.WatchOptions{File: file})
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others may read it", info.Mode(), err)
	}
	x.Close()
}

// TestWatchRefuses refuses what cannot be remembered.
func TestWatchRefuses(t *testing.T) {
	x := newWatched(t, match.WatchOptions{})
	where := index.Owner("FR")
	filtered := read(index.KindVIN, accord)
	filtered.Where = &where
	large := read(index.KindVIN, accord)
	large.Claim.Make = strings.Repeat("x", 1<<16)
	many := match.Query{}
	for i := range 3000 {
		many.Reads = append(many.Reads, read(index.KindEngine, fmt.Sprint("ABC", 10000+i)).Reads...)
	}
	for _, tt := range []struct {
		name  string
		query match.Query
		want  error
	}{
		{"filter", filtered, match.ErrInquiryWhere},
		{"no reads", match.Query{}, match.ErrNoReads},
		{"no kind", read(0, accord), match.ErrKind},
		{"no such kind", read(99, accord), match.ErrKind},
		{"large", large, match.ErrInquiryTooLarge},
		{"many reads", many, match.ErrInquiryTooLarge},
		{"nothing to find", read(index.KindVIN, "N/A"), nil},
	} {
		if err := x.Remember(match.Inquiry{Query: tt.query}, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if s := x.Stats(); s.Held != 0 || s.Remembered != 0 {
		t.Errorf("remembered: %+v", s)
	}
	for _, o := range []match.WatchOptions{{Keep: -1}, {MaxBytes: 1}, {MaxBytes: -1}, {File: t.TempDir()}} {
		if w, err := match.NewWatch(x.m, o); err == nil {
			w.Close()
			t.Errorf("%+v is taken", o)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	_, changeErr := x.Changed(t.Context(), []index.Change{{Op: index.Put}})
	for _, err := range []error{x.Sync(), x.Close(), changeErr, x.Remember(match.Inquiry{Query: read(index.KindVIN, accord)}, nil)} {
		if !errors.Is(err, match.ErrWatchClosed) {
			t.Errorf("%v after Close", err)
		}
	}
}

// TestWatchContext ends where its context does, with what was reported before,
// and goes on later without telling anything twice.
func TestWatchContext(t *testing.T) {
	x := newWatched(t, match.WatchOptions{})
	x.ask("a", read(index.KindVIN, accord))
	r := index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)}
	changes := []index.Change{{By: "FR", Op: index.Put, Record: r}}
	if _, err := x.idx.Apply(index.Position{}, changes); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := x.Changed(ended, changes); len(d) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", len(d), err)
	}
	for _, want := range []int{1, 0} {
		if d, err := x.Changed(t.Context(), changes); len(d) != want || err != nil {
			t.Errorf("%d told, want %d: %v", len(d), want, err)
		}
	}
}

// TestWatchTogether asks and changes at once: each inquiry has the record in its
// answer or is told of it, and not both.
func TestWatchTogether(t *testing.T) {
	x := newWatched(t, match.WatchOptions{})
	const askers, each = 4, 50
	var mu sync.Mutex
	knows := map[string]int{}
	var wg sync.WaitGroup
	for a := range askers {
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprint(a, "-", i)
				r, err := x.Ask(t.Context(), match.Inquiry{Query: read(index.KindVIN, accord), Inquirer: name})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				knows[name] += len(r.Findings)
				mu.Unlock()
			}
		})
	}
	wg.Go(func() {
		told := x.put(index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)})
		mu.Lock()
		defer mu.Unlock()
		for _, name := range told {
			knows[name]++
		}
	})
	wg.Wait()
	for name, n := range knows {
		if n != 1 {
			t.Errorf("%s was told %d times", name, n)
		}
	}
	if len(knows) != askers*each {
		t.Errorf("%d inquiries", len(knows))
	}
}

var watchInquiries = flag.Int("watch", 150_000, "inquiries that TestWatchMemory remembers")

// TestWatchMemory keeps its bound whatever comes, and finds what it holds.
func TestWatchMemory(t *testing.T) {
	const bound = 8 << 20
	x := newWatched(t, match.WatchOptions{MaxBytes: bound, Keep: 1 << 62})
	vins := vintest.NewPopulation(3, vintest.DefaultMix)
	n := *watchInquiries
	if testing.Short() {
		n /= 5
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		q := read(index.KindVIN, vins.At(uint64(i)).String())
		if i%3 == 0 {
			q.Reads = append(q.Reads, readIn(index.KindPlate, "DE", fmt.Sprintf("M AB %04d", i%10000)).Reads...)
		}
		if err := x.Remember(match.Inquiry{Query: q, Inquirer: "Dover", Purpose: fmt.Sprint(i)}, nil); err != nil {
			t.Fatal(err)
		}
		if i%10007 == 0 || i == n-1 {
			if s := x.Stats(); s.Bytes > bound || s.Remembered != uint64(i+1) || uint64(s.Held)+s.Evicted != s.Remembered {
				t.Fatalf("after %d: %+v", i+1, s)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	s := x.Stats()
	t.Logf("%+v: %d bytes each; heap grew by %d", s, s.Bytes/int64(s.Held), int64(after.HeapAlloc)-int64(before.HeapAlloc))
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > bound+4<<20 {
		t.Errorf("the heap grew by %d bytes, of which %d are allowed", grown, bound)
	}
	if n > 100_000 && s.Evicted == 0 {
		t.Error("nothing was evicted")
	}
	// The oldest and the latest that are held are found, the one before is not.
	for _, back := range []func() int{
		func() int { return n - 1 },
		func() int { return n - x.Stats().Held },
		func() int { return n - x.Stats().Held - 1 },
	} {
		i, held := back(), x.Stats().Held
		r := index.Record{Owner: "FR", ID: fmt.Sprint(i), Version: 1, VIN: vins.At(uint64(max(i, 0)))}
		changes := []index.Change{{By: "FR", Op: index.Put, Record: r}}
		if _, err := x.idx.Apply(index.Position{}, changes); err != nil {
			t.Fatal(err)
		}
		delayed, err := x.Changed(t.Context(), changes)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(delayed, func(d match.Delayed) bool {
			return d.Inquiry.Purpose == fmt.Sprint(i) && d.Finding.How == match.Exact
		})
		if want := i >= 0 && i >= n-held; found != want {
			t.Errorf("inquiry %d of %d, %d held: found %v", i, n, held, found)
		}
	}
}

// watchFile returns the file of a Watch with so many inquiries, each of which was
// told of a record, and where its entries begin; the last is a mark.
func watchFile(t testing.TB, inquiries int) (text []byte, entries []int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "inquiries")
	x := newWatched(t, match.WatchOptions{File: file})
	for i := range inquiries {
		x.ask(fmt.Sprint(i), read(index.KindVIN, accord))
	}
	x.put(index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)})
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 20; at < len(text); {
		entries = append(entries, at)
		at += 12 + int(binary.LittleEndian.Uint32(text[at+4:]))
	}
	return text, entries
}

// TestWatchFile cuts a file wherever a system may have stopped, and changes a bit
// of each of its bytes.
func TestWatchFile(t *testing.T) {
	text, entries := watchFile(t, 3)
	if len(entries) != 8 { // with the mark that a new file has
		t.Fatalf("%d entries", len(entries))
	}
	x := newWatched(t, match.WatchOptions{})
	file := filepath.Join(t.TempDir(), "inquiries")
	open := func(text []byte) (*match.Watch, error) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return match.NewWatch(x.m, match.WatchOptions{File: file, Now: func() time.Time { return x.now }})
	}
	for n := 1; n <= len(text); n++ {
		whole, inquiries := 20, 0
		for i, at := range append(entries[1:], len(text)) {
			if at <= n {
				whole = at
				inquiries = min(i, 3)
			}
		}
		if n > 20 {
			whole = max(whole, entries[1]) // with a mark
		}
		w, err := open(text[:n])
		if n < 20 {
			if !errors.Is(err, match.ErrWatchFile) {
				t.Errorf("%d bytes: %v", n, err)
			}
			continue
		}
		if err != nil || w.Stats().Held != inquiries || w.Stats().File != int64(whole) {
			t.Fatalf("%d of %d bytes: %+v, want %d inquiries in %d bytes: %v", n, len(text), w.Stats(), inquiries, whole, err)
		}
		// What is appended behind the cut is there the next time.
		if err := w.Remember(match.Inquiry{Query: read(index.KindVIN, golf)}, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w, err = match.NewWatch(x.m, match.WatchOptions{File: file, Now: func() time.Time { return x.now }})
		if err != nil || w.Stats().Held != inquiries+1 {
			t.Fatalf("%d bytes, again: %v", n, err)
		}
		w.Close()
	}
	for i := range text {
		bit := 8*i + i%8
		flipped := bytes.Clone(text)
		flipped[bit/8] ^= 1 << (bit % 8)
		w, err := open(flipped)
		if bit/8 >= entries[7] { // the last mark may be one that was not finished
			if err != nil || w.Stats().Held != 3 {
				t.Fatalf("bit %d: %v", bit, err)
			}
			w.Close()
			continue
		}
		bad, ok := errors.AsType[*match.WatchFileError](err)
		if !ok || bad.Path != file || !errors.Is(err, match.ErrWatchDamaged) && !errors.Is(err, match.ErrWatchFile) {
			t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
		if strings.Contains(err.Error(), accord[:8]) {
			t.Errorf("the error shows a number: %v", err)
		}
		if bit/8 >= 20 && bad.Offset > int64(bit/8) {
			t.Errorf("byte %d, and the error is at %d", bit/8, bad.Offset)
		}
	}
	old := bytes.Clone(text)
	old[7] = 1
	if _, err := open(old); !errors.Is(err, match.ErrWatchFile) {
		t.Errorf("of another version: %v", err)
	}
	if _, err := open([]byte("vin,plate\n1,2\nand so on, and so on")); !errors.Is(err, match.ErrWatchFile) {
		t.Errorf("a table: %v", err)
	}
}

// crash returns what a file that was written and not synced may be after the system
// failed: of each page, what had been synced or what was written.
func crash(rng *rand.Rand, synced, written []byte) []byte {
	const page = 512
	after := make([]byte, len(synced)+rng.IntN(len(written)-len(synced)+1))
	copy(after, synced)
	for at := len(synced) / page * page; at < len(after); at += page {
		if rng.IntN(4) > 0 {
			copy(after[at:min(at+page, len(after))], written[at:])
		}
	}
	return after
}

// TestWatchPowerFails fails the system again and again while a file is written. What
// was synced is there, the rest as far as it goes, and after any damage to what was
// synced the file is refused.
func TestWatchPowerFails(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	file := filepath.Join(t.TempDir(), "inquiries")
	text := func() []byte {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	x := newWatched(t, match.WatchOptions{File: file, Keep: 1 << 62})
	asked, holes := 0, 0
	ask := func() {
		for range rng.IntN(20) {
			in := match.Inquiry{Query: read(index.KindVIN, accord), Inquirer: fmt.Sprint(asked), Purpose: strings.Repeat("x", rng.IntN(700))}
			if err := x.Remember(in, nil); err != nil {
				t.Fatal(err)
			}
			asked++
		}
	}
	for round := range 30 {
		ask()
		if err := x.Sync(); err != nil {
			t.Fatal(err)
		}
		promised := x.Stats().Held
		synced := text()
		ask()
		if err := x.Flush(); err != nil { // the system fails while this is synced
			t.Fatal(err)
		}
		written := text()
		marked := rng.IntN(2) == 0
		if !marked {
			synced = synced[:len(synced)-12] // the mark was not synced itself
		}
		x.CloseFile()
		after := crash(rng, synced, written)
		if !bytes.HasPrefix(written, after) {
			holes++
		}
		if err := os.WriteFile(file, after, 0o600); err != nil {
			t.Fatal(err)
		}
		if marked {
			bad := bytes.Clone(after)
			bad[20+rng.IntN(len(synced)-12-20)] ^= 1
			w, err := match.NewWatch(x.m, match.WatchOptions{})
			if err == nil {
				err = w.Load(bad)
			}
			if !errors.Is(err, match.ErrWatchDamaged) {
				t.Fatalf("round %d: what was synced is damaged: %v", round, err)
			}
		}
		x.open(match.WatchOptions{File: file, Keep: 1 << 62})
		if held := x.Stats().Held; held < promised || held > asked {
			t.Fatalf("round %d: %d inquiries are held of %d to %d", round, held, promised, asked)
		}
		asked = x.Stats().Held
		if n := len(text()); int64(n) != x.Stats().File || n > len(written)+12 {
			t.Fatalf("round %d: the file has %d bytes", round, n)
		}
	}
	if holes == 0 {
		t.Error("no page was missing before another")
	}
	told := x.put(index.Record{Version: 1, VIN: vin.MustParse(accord)})
	for i, by := range told {
		if by != fmt.Sprint(i) {
			t.Fatalf("inquiry %d is now that of %s", i, by)
		}
	}
	if len(told) != asked {
		t.Errorf("%d told of %d", len(told), asked)
	}
	x.Close()
}

// TestWatchKilled kills a process that has synced what it remembered, and has
// reported and remembered more since.
func TestWatchKilled(t *testing.T) {
	const env, inquiries = "WATCH_TO_KILL", 200
	entered := index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)}
	again := index.Record{Owner: "FR", ID: "2", Version: 1, VIN: vin.MustParse(accord)}
	if file := os.Getenv(env); file != "" {
		x := newWatched(t, match.WatchOptions{File: file})
		for i := range inquiries {
			x.ask(fmt.Sprint(i), read(index.KindVIN, accord))
		}
		told := x.put(entered)
		if err := x.Sync(); err != nil {
			t.Fatal(err)
		}
		told = append(told, x.put(again)...)
		x.ask("unsynced", read(index.KindVIN, accord))
		fmt.Println("told", len(told))
		select {} // to be killed
	}
	file := filepath.Join(t.TempDir(), "inquiries")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWatchKilled$")
	child.Env = append(os.Environ(), env+"="+file)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := lines.Scan() && lines.Text() == fmt.Sprint("told ", 2*inquiries)
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	if !said {
		t.Errorf("the process said %q", lines.Text())
	}
	_ = child.Wait()

	x := newWatched(t, match.WatchOptions{File: file})
	if s := x.Stats(); s.Held != inquiries {
		t.Errorf("%d inquiries are left of %d", s.Held, inquiries)
	}
	if told := x.put(entered); len(told) > 0 {
		t.Errorf("%d are told again what was noted", len(told))
	}
	if told := x.put(again); len(told) != inquiries {
		t.Errorf("%d are told again what was not noted, want %d", len(told), inquiries)
	}
	x.Close()
}

// TestWatchPlates finds a plate whose country was not read under every country
// there is, as the country reads it.
func TestWatchPlates(t *testing.T) {
	texts := []string{
		"TÜ-AB 123", "AB 123 CD", "京A12345", "沪B1234", "MH 01 AB 0123", "ABC1D23", "ABC1234", "ABD 1234", "1234 أ ب د", "БГ 123 АБ", "Љ1Њ2Ћ",
		"ЅК 1234 АБ", "12345|أ|6", "123 تونس 4567", "123TUN4567", "А123ВС77", "品川 500 あ 12-34", "12가3456", "กข 1234", "ΑΒΓ-1234", "ԱԲ 123",
	}
	n := 0
	for _, text := range texts {
		hashes := match.WatchPlateHashes(text)
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				p, err := plate.Parse(string([]rune{a, b}), text)
				if err != nil {
					continue
				}
				spellings := []plate.Plate{p}
				for alias := range p.Aliases() {
					spellings = append(spellings, alias)
				}
				for _, s := range spellings {
					if n++; !hashes(s) {
						t.Errorf("%s: not found as %v", text, s)
					}
				}
			}
		}
	}
	if n < 3000 {
		t.Errorf("%d spellings", n)
	}
}

// TestWatchRewrites keeps a file at the length of what is held, and loses nothing
// of it.
func TestWatchRewrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "inquiries")
	o := match.WatchOptions{File: file, Keep: time.Hour}
	x := newWatched(t, o)
	for i := range 5000 {
		x.now = x.now.Add(time.Second)
		in := match.Inquiry{Query: read(index.KindVIN, accord), Inquirer: fmt.Sprint(i), Purpose: strings.Repeat("x", 200)}
		if err := x.Remember(in, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := x.Stats()
	if before.Held != 3600 || before.Expired != 1400 {
		t.Errorf("%+v", before)
	}
	if before.File > 2*3600*300+1<<18 || before.File < 3600*200 {
		t.Errorf("the file has %d bytes", before.File)
	}
	for i := range 20_000 { // the few that are left
		x.now = x.now.Add(time.Minute)
		if err := x.Remember(match.Inquiry{Query: read(index.KindVIN, accord), Inquirer: fmt.Sprint("late", i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if s := x.Stats(); s.Held != 60 || s.File > 300<<10 {
		t.Errorf("%+v", s)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x.open(o)
	if told := x.put(index.Record{Version: 1, VIN: vin.MustParse(accord)}); len(told) != 60 || told[59] != "late19999" {
		t.Errorf("%d told", len(told))
	}
	x.Close()
}

// FuzzWatchFile opens any bytes behind a good header, as one entry with a good
// checksum and as they are. What is held then can be written and read again.
func FuzzWatchFile(f *testing.F) {
	text, entries := watchFile(f, 2)
	f.Add(text[20:], false)
	f.Add(text[20:len(text)-5], false)
	for i, at := range entries {
		end := append(entries[1:], len(text))[i]
		f.Add(text[at+12:end], true)
	}
	f.Add([]byte("vmwI\xff\xff\xff\xff"), false)
	f.Add([]byte("I\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), true)
	x := newWatched(f, match.WatchOptions{})
	header := text[:20]
	f.Fuzz(func(t *testing.T, b []byte, checked bool) { checkWatchFile(t, x, header, b, checked) })
}

func checkWatchFile(t *testing.T, x *watched, header, b []byte, checked bool) {
	if checked {
		n := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
		sum := crc32.Checksum(append(slices.Clone(n), b...), crc32.MakeTable(crc32.Castagnoli))
		b = slices.Concat([]byte("vmwI"), n, binary.LittleEndian.AppendUint32(nil, sum), b)
	}
	o := match.WatchOptions{MaxBytes: match.MinWatchBytes, Keep: 1 << 62, Now: func() time.Time { return x.now }}
	load := func(file []byte) (*match.Watch, error) {
		w, err := match.NewWatch(x.m, o)
		if err != nil {
			t.Fatal(err)
		}
		return w, w.Load(file)
	}
	w, err := load(append(slices.Clone(header), b...))
	if err != nil {
		if _, ok := errors.AsType[*match.WatchFileError](err); !ok {
			t.Fatal(err)
		}
		return
	}
	r := index.Record{Owner: "FR", ID: "1", Version: 1, VIN: vin.MustParse(accord)}
	if _, err := w.Changed(t.Context(), []index.Change{{By: "FR", Op: index.Put, Record: r}}); err != nil {
		t.Fatal(err)
	}
	held := w.Stats().Held
	file, err := w.File()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = load(file); err != nil || w.Stats().Held != held {
		t.Fatalf("%d held, then %v", held, err)
	}
	if again, err := w.File(); err != nil || len(again) != len(file) {
		t.Fatalf("written again, it is another file: %v", err)
	}
}

// TestWatchPartialMisread tells who read a part of a number with one character
// of it wrong.
func TestWatchPartialMisread(t *testing.T) {
	x := newWatched(t, match.WatchOptions{})
	x.ask("plate", readIn(index.KindPlate, "FR", "AB128C?"))
	x.ask("VIN", read(index.KindVIN, accord[:7]+"7"+accord[8:15]+"??"))
	x.ask("engine", read(index.KindEngine, "CAXA12?4567899"))
	x.ask("too little of it", readIn(index.KindPlate, "FR", "AB12?9?"))
	x.ask("two wrong", readIn(index.KindPlate, "FR", "AB128O?"))
	wantTold(t, "entered", x.put(index.Record{
		Owner: "FR", ID: "1", VIN: vin.MustParse(accord), Plate: plate.MustParse("FR", "AB-123-CD"),
		Numbers: []index.Number{{Kind: index.KindEngine, Text: "CAXA1234567890"}},
	}), "plate", "VIN", "engine")
}

// BenchmarkWatch remembers, and looks at a record that nobody asked for and one
// that has a number next to those that were.
func BenchmarkWatch(b *testing.B) {
	const held = 500_000
	x := newWatched(b, match.WatchOptions{Keep: 1 << 62})
	vins := vintest.NewPopulation(3, vintest.DefaultMix)
	i := 0
	remember := func() {
		if err := x.Remember(match.Inquiry{Query: read(index.KindVIN, vins.At(uint64(i)).String()), Inquirer: "Dover"}, nil); err != nil {
			b.Fatal(err)
		}
		i++
	}
	for range held {
		remember()
	}
	b.Run("remember", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			remember()
		}
	})
	for _, tt := range []struct {
		name string
		from uint64
	}{{"stranger", 0}, {"sibling", held / 2}} {
		b.Run(tt.name, func(b *testing.B) {
			n := uint64(0)
			for b.Loop() {
				n++
				r := index.Record{Owner: "FR", ID: fmt.Sprint(tt.from + n), Version: 1, VIN: vins.At(tt.from + n)}
				if tt.name == "stranger" {
					r.VIN = r.VIN.With(4, 'Z').With(6, 'Z').With(8, 'Y')
				}
				if _, err := x.Changed(b.Context(), []index.Change{{By: "FR", Op: index.Put, Record: r}}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(x.Stats().Asked)/float64(n), "asked/op")
		})
	}
}
