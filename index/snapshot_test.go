package index_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

func TestSnapshotRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "register")
	swapped := mustBuild(t, index.Options{}, nil)
	for range 30 {
		given := make([]index.Record, rng.IntN(1+[]int{0, 3, 100, 2000}[rng.IntN(4)]))
		for i := range given {
			given[i] = randomRecord(rng)
		}
		o := newOracle(given)
		x := mustBuild(t, index.Options{Workers: rng.IntN(4), OnRefused: func(*index.Refusal) {}}, given)
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		opened, err := index.Open(path, index.Options{Workers: rng.IntN(4)})
		if err != nil {
			t.Fatal(err)
		}
		checkView(t, rng, opened.View(), o)
		want := x.Stats()
		if diff := gocmp.Diff(want, opened.Stats()); diff != "" {
			t.Errorf("statistics (-built +opened):\n%s", diff)
		}
		if err := index.Verify(path); err != nil {
			t.Error(err)
		}
		before := swapped.View()
		n := before.Len()
		if err := swapped.Swap(path); err != nil {
			t.Fatal(err)
		}
		checkView(t, rng, swapped.View(), o)
		if before.Len() != n {
			t.Error("Swap changes a View that was taken before")
		}
		// What was opened is saved as the same bytes.
		again := filepath.Join(t.TempDir(), "again")
		if err := opened.Save(again); err != nil {
			t.Fatal(err)
		}
		if string(mustRead(t, path)) != string(mustRead(t, again)) {
			t.Error("saved, opened and saved again, the file differs")
		}
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenWithoutFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such")
	_, err := index.Open(missing, index.Options{})
	for name, err := range map[string]error{
		"Open":   err,
		"Verify": index.Verify(missing),
		"Swap":   mustBuild(t, index.Options{}, nil).Swap(missing),
		"Save":   mustBuild(t, index.Options{}, nil).Save(missing),
	} {
		var e *index.SnapshotError
		if !errors.Is(err, fs.ErrNotExist) || errors.As(err, &e) {
			t.Errorf("%s: %v, want that the file does not exist", name, err)
		}
	}
}

func TestMaxBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "register")
	x := mustBuild(t, index.Options{}, []index.Record{{Owner: "FR", ID: "1"}})
	if err := x.Save(path); err != nil {
		t.Fatal(err)
	}
	size := int64(len(mustRead(t, path)))
	if _, err := index.Open(path, index.Options{MaxBytes: size}); err != nil {
		t.Error(err)
	}
	_, err := index.Open(path, index.Options{MaxBytes: size - 1})
	var e *index.SnapshotError
	if !errors.As(err, &e) || !errors.Is(err, index.ErrTooLarge) || e.Path != path {
		t.Errorf("a file that is too large: %v", err)
	}
	small := mustBuild(t, index.Options{MaxBytes: size - 1}, nil)
	if err := small.Swap(path); !errors.Is(err, index.ErrTooLarge) || small.View().Len() != 0 {
		t.Errorf("Swap of a file that is too large: %v", err)
	}
}

func TestSnapshotErrorText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "register")
	x := mustBuild(t, index.Options{Seed: 1}, []index.Record{{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352")}})
	good := saved(t, x)
	keys := slices.IndexFunc(takeApart(good).sections, func(s section) bool { return s.name == "keys" })
	flip := func(at uint64) []byte {
		b := slices.Clone(good)
		b[at]++
		return b
	}
	for _, tc := range []struct {
		why     string
		content []byte
		is      error
		text    string
	}{
		{"no snapshot", []byte("owner,id,version,vin,plate,plate_country"), index.ErrDamaged, "damaged: not a snapshot: it begins with other bytes"},
		{"an empty file", nil, index.ErrDamaged, "damaged: 0 bytes are too short for a snapshot"},
		{"of a later version", flip(8), index.ErrVersion, "another version of the format: version 2, want 1"},
		{"cut short", good[:len(good)-1], index.ErrDamaged, fmt.Sprintf("damaged: the file has %d bytes, want %d", len(good)-1, len(good))},
		{
			"a key has changed", flip(binary.LittleEndian.Uint64(good[32+56*keys+16:])), index.ErrDamaged,
			"damaged: section keys: the checksum does not match",
		},
	} {
		if err := os.WriteFile(path, tc.content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := index.Open(path, index.Options{})
		for name, err := range map[string]error{"Open": err, "Verify": index.Verify(path), "Swap": x.Swap(path)} {
			if !errors.Is(err, tc.is) || err.Error() != "index: "+path+": "+tc.text {
				t.Errorf("%s, %s: %v, want %q", tc.why, name, err, tc.text)
			}
		}
	}
	if x.View().Len() != 1 {
		t.Error("Swap of no snapshot changes the index")
	}
}

func TestSwapDoesNotGoBack(t *testing.T) {
	dir := t.TempDir()
	logA, logB := [16]byte{1}, [16]byte{2}
	save := func(at index.Position) string {
		x := mustBuild(t, index.Options{}, nil)
		r := index.Record{Owner: "FR", ID: fmt.Sprint(at.Seq), Version: 1}
		if _, err := x.Apply(at, []index.Change{{By: "FR", Op: index.Put, Record: r}}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(at.Lineage[0], at.Seq))
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	x := mustBuild(t, index.Options{}, nil)
	var now index.Position
	for _, tc := range []struct {
		why string
		to  index.Position
		ok  bool
	}{
		{"an index without a log takes any", index.Position{Lineage: logA, Seq: 5}, true},
		{"further in the log", index.Position{Lineage: logA, Seq: 8}, true},
		{"the same position", index.Position{Lineage: logA, Seq: 8}, true},
		{"back in the log", index.Position{Lineage: logA, Seq: 7}, false},
		{"another log, which begins", index.Position{Lineage: logB, Seq: 1}, true},
		{"a register without a log", index.Position{}, true},
	} {
		err := x.Swap(save(tc.to))
		var e *index.PositionError
		if tc.ok {
			now = tc.to
		} else if !errors.As(err, &e) || e.At != tc.to || e.Applied != now {
			t.Errorf("%s: %v", tc.why, err)
		}
		if (err == nil) != tc.ok || x.View().Position() != now {
			t.Errorf("%s: %v, then at %v", tc.why, err, x.View().Position())
		}
	}
}

func TestClosedIndex(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "register")
	x := mustBuild(t, index.Options{}, []index.Record{{Owner: "FR", ID: "1"}})
	if err := x.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	// Else a good snapshot would be replaced by an empty one.
	if err := x.Save(path); !errors.Is(err, index.ErrClosed) {
		t.Errorf("Save: %v", err)
	}
	if err := x.Swap(path); !errors.Is(err, index.ErrClosed) {
		t.Errorf("Swap: %v", err)
	}
	if y, err := index.Open(path, index.Options{}); err != nil || y.View().Len() != 1 {
		t.Errorf("the snapshot is gone: %v", err)
	}
}

// What is saved while changes come is the register of one moment.
func TestSaveWhileChangesCome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "register")
	x := mustBuild(t, index.Options{CompactAfter: 5000}, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for seq := uint64(1); seq <= 30_000; seq++ {
			r := index.Record{Owner: "FR", ID: fmt.Sprint(seq), Version: 1, VIN: vin.MustParse(fmt.Sprintf("%017d", seq%7))}
			if _, err := x.Apply(index.Position{Seq: seq}, []index.Change{{By: "FR", Op: index.Put, Record: r}}); err != nil {
				t.Error(err)
			}
		}
	}()
	for saves, running := 0, true; running || saves < 3; saves++ {
		select {
		case <-done:
			running = false
		default:
		}
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		y, err := index.Open(path, index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		v := y.View()
		seq := v.Position().Seq
		if uint64(v.Len()) != seq {
			t.Fatalf("%d records at position %d", v.Len(), seq)
		}
		for row := range v.All() {
			if n, err := strconv.ParseUint(v.Record(row).ID, 10, 64); err != nil || n > seq {
				t.Fatalf("record %d at position %d", n, seq)
			}
		}
	}
	if n := x.View().Len(); n != 30_000 {
		t.Errorf("%d records in the end", n)
	}
}

func BenchmarkSave(b *testing.B) {
	w := load(b)
	path := filepath.Join(b.TempDir(), "register")
	for b.Loop() {
		if err := w.index.Save(path); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(mustRead(b, path))))
}

// BenchmarkOpen reads a file that the system has in memory.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "register")
	if err := load(b).index.Save(path); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(mustRead(b, path))))
	for b.Loop() {
		if _, err := index.Open(path, index.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSwap(b *testing.B) {
	path := filepath.Join(b.TempDir(), "register")
	x := load(b).index
	if err := x.Save(path); err != nil {
		b.Fatal(err)
	}
	y, err := index.Open(path, index.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(mustRead(b, path))))
	for b.Loop() {
		if err := y.Swap(path); err != nil {
			b.Fatal(err)
		}
	}
}

// A View that is saved is saved as it is, whatever was applied since.
func TestSaveView(t *testing.T) {
	x := byHand(t, index.Record{Owner: "FR", ID: "1", Version: 1})
	log := [16]byte{7}
	at := func(seq uint64) index.Position { return index.Position{Lineage: log, Seq: seq} }
	for seq, c := range []index.Change{
		put(index.Record{Owner: "FR", ID: "2", Version: 1}), withdraw("FR", "1", 2), put(index.Record{Owner: "DE", ID: "2", Version: 1}),
	} {
		before, n := x.View(), x.View().Len()
		if _, err := x.Apply(at(uint64(seq)+1), []index.Change{c}); err != nil {
			t.Fatal(err)
		}
		if seq == 1 {
			mustCompact(t, x) // the View is of a register that is gone
		}
		path := filepath.Join(t.TempDir(), "register")
		if err := x.SaveView(path, before); err != nil {
			t.Fatal(err)
		}
		got, err := index.Open(path, index.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p := got.View().Position(); p != before.Position() || got.View().Len() != n {
			t.Errorf("saved at %d with %d records, opened at %d with %d", before.Position().Seq, n, p.Seq, got.View().Len())
		}
	}
	v := x.View()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.SaveView(filepath.Join(t.TempDir(), "register"), v); !errors.Is(err, index.ErrClosed) {
		t.Errorf("saved from a closed index: %v", err)
	}
}
