package delayed_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/internal/entries"
	"github.com/vinmatch/vinmatch/vin"
)

// written returns a journal with inquiries and reports.
func written(t *testing.T) []byte {
	t.Helper()
	f := newFixture(t, delayed.Options{Reports: 2})
	f.ask("port", listed)
	f.ask("road", misread)
	for i := range 3 {
		f.looked(f.append(put(fmt.Sprint(i), 1, vin.MustParse(listed))))
	}
	if err := f.Rewrite(); err != nil {
		t.Fatal(err)
	}
	f.looked(f.append(put("3", 1, vin.MustParse(listed))))
	if err := f.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(f.dir, "reports"))
	if err != nil {
		t.Fatal(err)
	}
	f.open()
	return b
}

// load reads a journal of some bytes.
func load(t testing.TB, b []byte) (inquiries, reports int, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reports")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return delayed.Load(path)
}

// A journal that ends within an entry is used up to there; one that was damaged in
// what had been synced is an error, and what was damaged is never taken for something
// else.
func TestDamaged(t *testing.T) {
	b := written(t)
	if i, r, err := load(t, b); i != 2 || r != 6 || err != nil {
		t.Fatalf("%d inquiries, %d reports, %v", i, r, err)
	}
	const header = 8
	lastI, lastR := 0, 0
	for n := header; n <= len(b); n++ {
		i, r, err := load(t, b[:n])
		if err != nil || i < lastI || r < lastR {
			t.Fatalf("the first %d bytes: %d inquiries, %d reports, %v", n, i, r, err)
		}
		lastI, lastR = i, r
	}
	for n := range header {
		if _, _, err := load(t, b[:n]); !errors.Is(err, delayed.ErrDamaged) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for at := range b {
		c := append([]byte(nil), b...)
		c[at] ^= 1 << rng.IntN(8)
		_, _, err := load(t, c)
		switch {
		case at >= len(b)-entries.Header: // the last mark may be one that was not finished
			if err != nil {
				t.Fatalf("a bit of byte %d: %v", at, err)
			}
		case !errors.Is(err, delayed.ErrDamaged):
			t.Fatalf("a bit of byte %d of %d is not noticed: %v", at, len(b), err)
		}
	}
}

// Where the system failed, any pages of what was not synced are there: the journal is
// used up to the first that is not. What was synced is there.
func TestPowerFails(t *testing.T) {
	const page = 64
	b := written(t)
	i, r, err := load(t, b)
	if err != nil {
		t.Fatal(err)
	}
	behind := bytes.Clone(b)
	for n := range 20 {
		behind = entries.Format{Magic: "vmDe"}.Append(behind, fmt.Appendf(nil, `I{"Caller":"port","Until":%d}`, n))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		c := bytes.Clone(behind[:len(b)+rng.IntN(len(behind)-len(b)+1)])
		for at := len(b); at < len(c); at++ {
			if at == len(b) || at%page == 0 {
				if rng.IntN(3) == 0 {
					clear(c[at:min(at/page*page+page, len(c))])
				}
			}
		}
		if i2, r2, err := load(t, c); err != nil || i2 < i || r2 < r {
			t.Fatalf("%d of %d inquiries, %d of %d reports: %v", i2, i, r2, r, err)
		}
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("vmdelay\x02"))
	f.Add([]byte("vmdelay\x02vmDe\x05\x00\x00\x00\x00\x00\x00\x00R\xff\xff\xff\xff"))
	f.Add([]byte("vmdelay\x02vmDevmDevmDe"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := load(t, b); err != nil && !errors.Is(err, delayed.ErrDamaged) {
			t.Error(err)
		}
	})
}
