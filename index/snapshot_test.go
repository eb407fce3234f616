package index_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
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
