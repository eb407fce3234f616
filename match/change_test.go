package match_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

// TestChanges asks one matcher again and again while its register changes,
// between queries and in the midst of a screening run, with and without a
// filter that was compiled for an older version.
func TestChanges(t *testing.T) {
	put := func(op index.Op, version uint64) []index.Change {
		return []index.Change{{By: "FR", Op: op, Record: index.Record{
			Owner: "FR", ID: "1", Version: version, VIN: vin.MustParse(accord), Status: index.Stolen,
		}}}
	}
	idx, err := index.Build(t.Context(), index.Options{}, sequence(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer idx.Close()
	m := match.New(idx, match.Options{})
	stolen := index.HasStatus(index.Stolen)
	plain, filtered := read(index.KindVIN, accord), read(index.KindVIN, accord)
	filtered.Where = &stolen

	for version, want := uint64(1), 1; version <= 6; version, want = version+1, 1-want {
		op := index.Put
		if want == 0 {
			op = index.Withdraw
		}
		if _, err := idx.Apply(index.Position{}, put(op, version)); err != nil {
			t.Fatal(err)
		}
		for _, q := range []match.Query{plain, filtered} {
			if r := ask(t, m, q); len(r.Findings) != want {
				t.Errorf("after change %d: %v, want %d findings", version, brief(r), want)
			}
		}
	}

	drawn, results := 0, 0
	seen := map[int]int{}
	for _, r := range m.Screen(t.Context(), endless(filtered, &drawn), 2) {
		seen[len(r.Findings)]++
		if results++; results%200 == 0 {
			op := []index.Op{index.Put, index.Withdraw}[results/200%2]
			if _, err := idx.Apply(index.Position{}, put(op, uint64(10+results))); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) == 2 && results > 5000 || results > 200_000 {
			break
		}
	}
	if len(seen) != 2 {
		t.Errorf("numbers of findings while the record came and went: %v", seen)
	}
}

// TestSwap goes over to another register of the same size: what is said to be
// likely is what a new matcher says.
func TestSwap(t *testing.T) {
	const records = 3000
	fiats, golfs := make([]index.Record, records), make([]index.Record, records)
	for i := range records {
		fiats[i] = withVIN(fmt.Sprintf("ZFA31200000%06d", i))
		golfs[i] = withVIN(fmt.Sprintf("WVWZZZ1JZ3W%06d", 113*i))
	}
	m, fresh := register(t, fiats...), register(t, golfs...)
	q := read(index.KindVIN, "WVWZZZ1JZ3W000118")
	ask(t, m, q)
	file := filepath.Join(t.TempDir(), "golfs")
	if err := fresh.Index().Save(file); err != nil {
		t.Fatal(err)
	}
	if err := m.Index().Swap(file); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(verdicts(ask(t, fresh, q)), verdicts(ask(t, m, q))); d != "" {
		t.Errorf("a new matcher says otherwise: -new +old\n%s", d)
	}

	// Changes that leave the number as it was, and replace a fifth.
	var changes []index.Change
	for i := range records / 5 {
		r := golfs[i]
		r.VIN, r.Version = fiats[i].VIN, 1
		changes = append(changes, index.Change{By: r.Owner, Op: index.Put, Record: r})
	}
	for _, m := range []*match.Matcher{m, fresh} {
		if done, err := m.Index().Apply(index.Position{}, changes); err != nil || done.Put != len(changes) {
			t.Fatal(done, err)
		}
	}
	q = read(index.KindVIN, "ZFA31200000000640")
	if d := cmp.Diff(verdicts(ask(t, match.New(fresh.Index(), match.Options{}), q)), verdicts(ask(t, m, q))); d != "" {
		t.Errorf("a new matcher says otherwise: -new +old\n%s", d)
	}
}

// TestOldViewGoes asks with a filter, changes the register and asks without one:
// nothing holds the register as it was.
func TestOldViewGoes(t *testing.T) {
	m := register(t, listed(accord, golf)...)
	file := filepath.Join(t.TempDir(), "register")
	if err := m.Index().Save(file); err != nil {
		t.Fatal(err)
	}
	q := read(index.KindVIN, accord)
	filtered, xx := q, index.Owner("XX")
	filtered.Where = &xx
	ask(t, m, filtered)
	old := weak.Make(m.Index().View())
	if err := m.Index().Swap(file); err != nil {
		t.Fatal(err)
	}
	ask(t, m, q)
	for end := time.Now().Add(5 * time.Second); old.Value() != nil; runtime.GC() {
		if time.Now().After(end) {
			t.Fatal("the old register is still in memory")
		}
	}
	runtime.KeepAlive(m)
}
