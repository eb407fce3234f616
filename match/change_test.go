package match_test

import (
	"testing"

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
