package workload_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

const listed = 5000

// everything is one of each stream.
func everything(w *workload.World) []any {
	var all []any
	vins, hits := w.VINs(100, 0.3)
	plates, plateHits := w.Plates(100, 0.3)
	countries, texts := w.WrittenPlates(50)
	all = append(all, vins, hits, plates, plateHits, countries, texts, w.Written(50))
	for _, c := range vintest.Channels {
		all = append(all, w.Reads(100, c, 0.5, 0.3))
	}
	for _, f := range workload.Forms {
		all = append(all, w.Patterns(f, 20))
	}
	all = append(all, w.AnyPatterns(50))
	news := w.News()
	for i := range 50 {
		all = append(all, w.Record(i), news(i))
	}
	return all
}

var compareValues = cmp.Options{
	cmp.Comparer(func(a, b vin.VIN) bool { return a == b }),
	cmp.Comparer(func(a, b vin.Pattern) bool { return a == b }),
	cmp.Comparer(func(a, b plate.Plate) bool { return a == b }),
}

func TestWorldsAreSeeded(t *testing.T) {
	a, again, other := workload.New(1, listed), workload.New(1, listed), workload.New(2, listed)
	again.Written(7) // what was asked before does not matter
	if diff := cmp.Diff(everything(a), everything(again), compareValues); diff != "" {
		t.Errorf("two worlds of one seed differ: %s", diff)
	}
	if cmp.Equal(everything(a), everything(other), compareValues) {
		t.Error("two seeds give one world")
	}
}

// The first record and queries are on record, so that figures of different
// versions are about the same work.
func TestWorldGolden(t *testing.T) {
	w := workload.New(1, listed)
	vins, hits := w.VINs(1000, 0.25)
	r := w.Record(0)
	got := []any{
		vins[0].String(), hits, w.Reads(10, vintest.Typed, 1, 0)[0].Text, w.Written(4)[3], w.Patterns(workload.Forms[3], 1)[0].String(),
		r.Owner, r.ID, r.VIN.String(), r.Plate.String(), r.Make, r.ModelYear,
	}
	want := []any{
		"SBSH1VVXAJF188763", 243, "SBSH1VVXAJF18763", "JTJ-BC7BAX-B4-124719", "*67?72",
		"AT", "0000000000", "W0LP3508UTU000926", "DE BAAAA0000", "Ford", 2012,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is said to be listed is, and what is not is not, or the benchmarks would
// measure something else.
func TestHitsAreListed(t *testing.T) {
	w := workload.New(1, listed)
	x, err := index.Build(context.Background(), index.Options{Seed: 1}, w.Records())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	v := x.View()
	count := func(keys []index.Key) int { return v.LookupBatch(make([]index.Row, len(keys)), keys) }
	for _, rate := range []float64{0, 0.3, 1} {
		vins, hits := w.VINs(1000, rate)
		plates, plateHits := w.Plates(1000, rate)
		var keys, plateKeys []index.Key
		for i := range vins {
			keys, plateKeys = append(keys, index.VIN(vins[i])), append(plateKeys, index.Plate(plates[i]))
		}
		if got := count(keys); got != hits {
			t.Errorf("hit rate %v: %d VINs are listed, want %d", rate, got, hits)
		}
		if got := count(plateKeys); got != plateHits {
			t.Errorf("hit rate %v: %d plates are listed, want %d", rate, got, plateHits)
		}
		for what, n := range map[string]int{"VINs": hits, "plates": plateHits} {
			if share := float64(n) / 1000; share < rate-0.1 || share > rate+0.1 || rate == 0 && n > 0 || rate == 1 && n < 1000 {
				t.Errorf("%d of 1000 %s are listed at a hit rate of %v", n, what, rate)
			}
		}
	}
	for _, f := range workload.Forms {
		for _, p := range w.Patterns(f, 20) {
			res, err := v.Search(context.Background(), p, nil, 0)
			if err != nil || (len(res.Rows) == 0) != (f.Name == "absent-fragment") {
				t.Errorf("%s: %d rows, %v", f.Name, len(res.Rows), err)
			}
		}
	}
	if v.Len() != listed {
		t.Errorf("%d records of %d", v.Len(), listed)
	}
}

func TestReads(t *testing.T) {
	w := workload.New(1, listed)
	for _, c := range vintest.Channels {
		misread := 0
		for _, r := range w.Reads(1000, c, 0.2, 0.5) {
			same := r.Text == w.VIN(r.Vehicle).String()
			if same != (r.Slip == vintest.Slip{}) {
				t.Fatalf("%v: a read with slip %v is right: %v", c, r.Slip.Kind, same)
			}
			if !same {
				misread++
			}
		}
		if misread < 120 || misread > 280 {
			t.Errorf("%v: %d of 1000 reads are wrong, want about 200", c, misread)
		}
	}
}

// Cleaning what was written gives numbers, and not by doing nothing.
func TestWritten(t *testing.T) {
	w := workload.New(1, listed)
	edited := 0
	for _, text := range w.Written(600) {
		_, edits, err := vin.Clean(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(edits) > 0 {
			edited++
		}
	}
	if edited < 400 || edited == 600 {
		t.Errorf("%d of 600 numbers need cleaning", edited)
	}
	countries, texts := w.WrittenPlates(600)
	for i := range texts {
		p, err := plate.Parse(countries[i], texts[i])
		if err != nil || p.Text() == texts[i] {
			t.Fatalf("plate %d: %v", i, err)
		}
	}
}

func TestPlatesDiffer(t *testing.T) {
	seen := map[plate.Plate]int{}
	for i := range 400_000 {
		at := i * 251 // up to MaxListed
		p := workload.Plate(at)
		if j, ok := seen[p]; ok {
			t.Fatalf("plates %d and %d are one", at, j)
		}
		seen[p] = at
	}
	for i := range 100_000 {
		at := workload.MaxListed + workload.Unlisted - 1 - i
		if j, ok := seen[workload.Plate(at)]; ok && j != at {
			t.Fatalf("plates %d and %d are one", at, j)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, n := range [][2]int{
		{0, 1},
		{-1, 1},
		{workload.MaxListed + 1, 1},
		{1, 0},
		{1, -1},
		{1, workload.MaxVehicles},
		{workload.MaxListed, workload.MaxVehicles - workload.MaxListed + 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a world of %d and %d is made", n[0], n[1])
				}
			}()
			workload.NewOf(1, n[0], n[1])
		}()
	}
}

// In a world of any size an unlisted vehicle is read once before it is read
// twice, and none of those that are listed is among them.
func TestUnlistedComeInTurn(t *testing.T) {
	for _, unlisted := range []int{300, 1000, workload.MaxVehicles - listed} {
		w := workload.NewOf(1, listed, unlisted)
		times := map[vin.VIN]int{}
		for _, r := range w.Reads(600, vintest.Typed, 0, 0) {
			if r.Vehicle < listed || r.Vehicle >= listed+unlisted {
				t.Fatalf("vehicle %d is not among the unlisted ones", r.Vehicle)
			}
			times[w.VIN(r.Vehicle)]++
		}
		if want := min(unlisted, 600); len(times) != want {
			t.Errorf("%d unlisted vehicles are read in a world of %d, want %d", len(times), unlisted, want)
		}
	}
	if a, b := workload.New(1, listed), workload.NewOf(1, listed, workload.Unlisted); a.VIN(7) != b.VIN(7) {
		t.Error("New and NewOf make different worlds")
	}
}

// News are about vehicles that nobody asks for.
func TestNewsAreOfOthers(t *testing.T) {
	w := workload.New(1, listed)
	change := w.News()
	news := map[vin.VIN]bool{}
	for i := range 200_000 {
		v := change(i).Record.VIN
		if news[v] {
			t.Fatalf("change %d is about the vehicle of another one", i)
		}
		news[v] = true
	}
	for i := range listed + workload.Unlisted {
		if news[w.VIN(i)] {
			t.Fatalf("there is news of vehicle %d", i)
		}
	}
}
