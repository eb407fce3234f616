package index_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

func TestRefusals(t *testing.T) {
	good := index.Record{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352")}
	with := func(change func(*index.Record)) index.Record {
		r := good
		change(&r)
		return r
	}
	for _, tc := range []struct {
		why    string
		record index.Record
		is     error
		number int // -1: the record is not taken
		text   string
	}{
		{"no owner", with(func(r *index.Record) { r.Owner = "" }), index.BadOwner, -1, "index: record 1: the owner is not 1 to 16 letters and digits"},
		{"owner of 17", with(func(r *index.Record) { r.Owner = strings.Repeat("A", 17) }), index.BadOwner, -1, ""},
		{"owner is a token, not text", with(func(r *index.Record) { r.Owner = "F R" }), index.BadOwner, -1, ""},
		{"no ID", with(func(r *index.Record) { r.ID = "" }), index.BadID, -1, "index: record 1 of FR: the ID is empty or longer than 255 bytes"},
		{"ID of 256", with(func(r *index.Record) { r.ID = strings.Repeat("7", 256) }), index.BadID, -1, ""},
		{"year out of any range", with(func(r *index.Record) { r.ModelYear = math.MinInt }), index.BadYear, -1, ""},
		{"date before all dates", with(func(r *index.Record) { r.Stolen = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) }), index.BadDate, -1, ""},
		{"date of five digits", with(func(r *index.Record) { r.Stolen = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }), index.BadDate, -1, ""},
		{"long make", with(func(r *index.Record) { r.Make = strings.Repeat("m", 1025) }), index.TooLarge, -1, ""},
		{"long colour", with(func(r *index.Record) { r.Colour = strings.Repeat("m", 1025) }), index.TooLarge, -1, ""},
		{"long tag", with(func(r *index.Record) { r.Tags = []string{strings.Repeat("m", 1025)} }), index.TooLarge, -1, ""},
		{"many tags", with(func(r *index.Record) { r.Tags = make([]string, 256) }), index.TooLarge, -1, ""},
		{"many numbers", with(func(r *index.Record) { r.Numbers = make([]index.Number, 256) }), index.TooLarge, -1, ""},
		{"long number", with(func(r *index.Record) { r.Numbers = []index.Number{{Text: strings.Repeat("m", 1025)}} }), index.TooLarge, -1, ""},
		{"too much in all", with(func(r *index.Record) {
			r.Numbers = slices.Repeat([]index.Number{{Kind: index.KindPart, Text: strings.Repeat("7", 257)}}, 254)
		}), index.TooLarge, -1, ""},
		{"a number that is none", with(func(r *index.Record) {
			r.Numbers = []index.Number{{Kind: index.KindPart, Text: "A1"}, {Kind: index.KindEngine, Text: "--"}}
		}), index.Empty, 1, "index: record 1 of FR: engine: no letter and no digit"},
		{"a VIN that is none", with(func(r *index.Record) {
			r.Numbers = []index.Number{{Kind: index.KindVIN, Text: "1HGCM82633A00435O"}}
		}), vin.BadChar, 0, "index: record 1 of FR: vin: position 17: 'O' is not a VIN symbol"},
		{"a number of no kind", with(func(r *index.Record) { r.Numbers = []index.Number{{Text: "A1"}} }), index.UnknownKind, 0, ""},
	} {
		if tc.is == index.BadYear && math.MaxInt == math.MaxInt32 {
			continue // every int is a year there
		}
		other := index.Record{Owner: "DE", ID: "9"}
		given := sequence([]index.Record{other, tc.record})
		var got []*index.Refusal
		x, err := index.Build(context.Background(), index.Options{OnRefused: func(r *index.Refusal) { got = append(got, r) }}, given)
		if err != nil {
			t.Fatalf("%s: %v", tc.why, err)
		}
		if len(got) != 1 || !errors.Is(got[0], tc.is) || got[0].Record != 1 || got[0].Number != tc.number ||
			got[0].Owner != tc.record.Owner || got[0].ID != tc.record.ID {
			t.Errorf("%s: refusals %v, want one: %v", tc.why, got, tc.is)
			continue
		}
		if tc.text != "" && got[0].Error() != tc.text {
			t.Errorf("%s: %q, want %q", tc.why, got[0].Error(), tc.text)
		}
		st := x.Stats()
		if tc.number < 0 {
			if x.View().Len() != 1 || st.Refused != 1 || st.Unkeyed != 0 {
				t.Errorf("%s: %d records, %+v", tc.why, x.View().Len(), st)
			}
		} else {
			row, ok := x.View().Lookup(index.VIN(good.VIN))
			if !ok || !reflect.DeepEqual(x.View().Record(row), tc.record) || st.Refused != 0 || st.Unkeyed != 1 {
				t.Errorf("%s: the record is not kept whole, %+v", tc.why, st)
			}
		}
		_, err = index.Build(context.Background(), index.Options{}, given)
		var refusal *index.Refusal
		if !errors.As(err, &refusal) || !errors.Is(err, tc.is) || refusal.Record != 1 {
			t.Errorf("%s: without OnRefused Build returns %v", tc.why, err)
		}
	}
}

func TestLimitsAreTaken(t *testing.T) {
	r := index.Record{
		Owner:     "Owner16Letters16",
		ID:        strings.Repeat("\xff", 255),
		Version:   math.MaxUint64,
		ModelYear: math.MinInt32,
		Make:      strings.Repeat("é", 512),
		Stolen:    time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		Type:      255,
		Status:    255,
		Tags:      slices.Repeat([]string{strings.Repeat("t", 1024)}, 255),
		Numbers:   slices.Repeat([]index.Number{{Kind: index.KindPart, Text: strings.Repeat("7", 200)}}, 255),
	}
	other := index.Record{Owner: "A", ID: "1", Stolen: time.Date(2026, 7, 1, 23, 59, 59, 5, time.FixedZone("", -3600))}
	v := mustBuild(t, index.Options{}, []index.Record{r, other}).View()
	other.Stolen = time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC)
	for i, want := range []index.Record{other, r} {
		if got := v.Record(index.Row(i)); !reflect.DeepEqual(got, want) {
			t.Errorf("row %d (-want +got):\n%s", i, gocmp.Diff(want, got, byValue))
		}
	}
}

func TestBuildEndsWithItsSource(t *testing.T) {
	broken := errors.New("disk on fire")
	records := func(yield func(index.Record, error) bool) {
		for i := range 10 {
			var err error
			if i == 7 {
				err = broken
			}
			if !yield(index.Record{Owner: "FR", ID: fmt.Sprint(i)}, err) {
				return
			}
		}
		t.Error("Build goes on after an error")
	}
	_, err := index.Build(context.Background(), index.Options{}, records)
	if !errors.Is(err, broken) || err.Error() != "index: record 7: disk on fire" {
		t.Errorf("Build returns %v", err)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	given := 0
	_, err := index.Build(ctx, index.Options{}, func(yield func(index.Record, error) bool) {
		for yield(index.Record{Owner: "FR", ID: fmt.Sprint(given)}, nil) {
			if given++; given == 10_000 {
				cancel(why)
			}
		}
	})
	if !errors.Is(err, why) || given > 20_000 {
		t.Errorf("Build returns %v after %d records", err, given)
	}
	_, err = index.Build(ctx, index.Options{}, sequence(nil))
	if !errors.Is(err, why) {
		t.Errorf("Build of nothing returns %v after the end", err)
	}
}

func TestEmptyIndex(t *testing.T) {
	x := mustBuild(t, index.Options{}, nil)
	v := mustBuild(t, index.Options{}, []index.Record{{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352")}}).View()
	k := index.VIN(v.Record(0).VIN)
	for _, close := range []bool{false, true} {
		if close {
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
		}
		e := x.View()
		row, ok := e.Lookup(k)
		dst := make([]index.Row, 100)
		hits := e.LookupBatch(dst, slices.Repeat([]index.Key{k}, 100))
		if ok || row != index.NoRow || hits != 0 || dst[99] != index.NoRow || e.Len() != 0 ||
			e.Count(index.Filter{}) != 0 || e.Select(index.Filter{}).Contains(0) {
			t.Error("an empty index finds something")
		}
	}
}

func TestMisusePanics(t *testing.T) {
	v := mustBuild(t, index.Options{}, []index.Record{{Owner: "FR", ID: "1"}}).View()
	other := mustBuild(t, index.Options{}, nil).View().Select(index.Filter{})
	for name, f := range map[string]func(){
		"short dst":              func() { v.LookupBatch(nil, make([]index.Key, 1)) },
		"row out of range":       func() { v.Record(1) },
		"NoRow":                  func() { v.Record(index.NoRow) },
		"foreign selection":      func() { v.LookupBatchWhere(nil, nil, other) },
		"foreign, for RowsWhere": func() { v.RowsWhere(index.Key{}, other) },
	} {
		func() {
			defer func() {
				if msg, _ := recover().(string); !strings.HasPrefix(msg, "index: ") {
					t.Errorf("%s: panic %q", name, msg)
				}
			}()
			f()
		}()
	}
}

// fleet returns records of a population, every second with a plate, as
// EstimateMemory speaks of them.
func fleet(n int) []index.Record {
	world := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(uint64(2 * n))
	records := make([]index.Record, n)
	for i := range records {
		records[i] = fleetRecord(world, i)
	}
	return records
}

var fleetOwners = []string{"AT", "BE", "BR", "CH", "DE", "ES", "FR", "GB", "IT", "JP", "MX", "NL", "PL", "US", "ZA"}

func fleetRecord(world *vintest.Population, i int) index.Record {
	r := index.Record{
		Owner:     fleetOwners[i*7919>>3%len(fleetOwners)],
		ID:        fmt.Sprintf("%010d", i),
		Version:   uint64(i % 7),
		VIN:       world.At(uint64(i)),
		Type:      index.Car + index.Type(i*7%11%5),
		Status:    index.Stolen + index.Status(i%13/11),
		Make:      []string{"Volkswagen", "Toyota", "Peugeot", "Fiat", "Honda"}[i%5],
		ModelYear: 1995 + i%30,
		Colour:    []string{"black", "white", "grey"}[i%3],
		Stolen:    time.Date(2010, 1, 1+i%5000, 0, 0, 0, 0, time.UTC),
	}
	if i%2 == 0 {
		r.Plate = plate.MustParse(r.Owner, fmt.Sprintf("%c%c %04d %c", 'A'+i%26, 'A'+i/26%26, i/676%10_000, 'A'+i%7))
	}
	return r
}

// A register larger than every part that is built at a time.
func TestLargeRegister(t *testing.T) {
	given := fleet(80_000)
	rng := rand.New(rand.NewPCG(1, 2))
	given = append(given, given[:1000]...)
	for i := range 1000 {
		given[len(given)-1-i].Version += 10 // replaces
	}
	o := newOracle(given)
	rng.Shuffle(len(given), func(i, j int) { given[i], given[j] = given[j], given[i] })
	x := mustBuild(t, index.Options{Workers: 3}, given)
	if got := x.Stats(); got.Records != 80_000 || got.WithVIN != 80_000 || got.Superseded != 1000 || got.Owners != len(fleetOwners) {
		t.Errorf("statistics %+v", got)
	}
	checkView(t, rng, x.View(), o)
}

// Neither the order of records nor the number of workers nor the seed changes
// an answer, down to the rows.
func TestOrderAndWorkersChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	given := fleet(40_000)
	for i := range 20_000 {
		r := randomRecord(rng)
		r.ID = fmt.Sprint("unique", i)
		given = append(given, r)
	}
	a := mustBuild(t, index.Options{Workers: 1, Seed: 1}, given).View()
	rng.Shuffle(len(given), func(i, j int) { given[i], given[j] = given[j], given[i] })
	b := mustBuild(t, index.Options{Workers: 4, Seed: 2}, given).View()
	if a.Len() != b.Len() {
		t.Fatalf("%d and %d records", a.Len(), b.Len())
	}
	for row := range index.Row(a.Len()) {
		if r := a.Record(row); !reflect.DeepEqual(r, b.Record(row)) {
			t.Fatalf("row %d (-one +other):\n%s", row, gocmp.Diff(r, b.Record(row), byValue))
		}
	}
	var keys []index.Key
	for i := 0; i < len(given); i += 3 {
		keys = append(keys, keysOf(given[i])...)
	}
	x, y := make([]index.Row, len(keys)), make([]index.Row, len(keys))
	if na, nb := a.LookupBatch(x, keys), b.LookupBatch(y, keys); na != nb || !slices.Equal(x, y) {
		t.Error("keys find other rows")
	}
}

// Thousands of records under one plate are all found, and in order.
func TestCrowdedKey(t *testing.T) {
	n := trials.Number(30_000)
	p := plate.MustParse("", "UNKNOWN")
	given := make([]index.Record, n)
	for i := range given {
		given[i] = index.Record{Owner: "FR", ID: fmt.Sprintf("%07d", n-i), Plate: p, Type: index.Type(i % 3)}
	}
	v := mustBuild(t, index.Options{}, given).View()
	last, rows := "", 0
	for row := range v.Rows(index.Plate(p)) {
		id := v.Record(row).ID
		if id <= last {
			t.Fatalf("%s comes after %s", id, last)
		}
		last = id
		rows++
	}
	if rows != n {
		t.Errorf("%d rows, want %d", rows, n)
	}
	trials.Done(t, n)
}

func TestConcurrentReaders(t *testing.T) {
	given := fleet(5_000)
	x := mustBuild(t, index.Options{}, given)
	keys := make([]index.Key, len(given))
	for i, r := range given {
		keys[i] = index.VIN(r.VIN)
	}
	v := x.View()
	s := v.Select(index.Owner("FR").Or(index.OfType(index.Truck)))
	want := make([]index.Row, len(keys))
	wantHits := v.LookupBatchWhere(want, keys, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dst := make([]index.Row, len(keys))
			for range 5 {
				v := x.View()
				if hits := v.LookupBatchWhere(dst, keys, s); hits != wantHits || !slices.Equal(dst, want) {
					t.Errorf("%d hits, want %d", hits, wantHits)
				}
				if n := v.Count(index.Owner("FR").Or(index.OfType(index.Truck))); n != s.Count() {
					t.Errorf("Count = %d, want %d", n, s.Count())
				}
				for row := range v.Rows(keys[77]) {
					_ = v.Record(row)
				}
			}
		})
	}
	wg.Wait()
}

func TestLookupsDoNotAllocate(t *testing.T) {
	given := fleet(10_000)
	x := mustBuild(t, index.Options{}, given)
	v := x.View()
	keys := make([]index.Key, 1000)
	for i := range keys {
		keys[i] = index.VIN(given[i].VIN)
		if i%3 == 0 {
			keys[i] = index.Plate(given[i].Plate)
		}
	}
	dst := make([]index.Row, len(keys))
	s := v.Select(index.Owner("DE").Or(index.OfType(index.Car)))
	rows := 0
	for name, f := range map[string]func(){
		"Lookup":           func() { v.Lookup(keys[1]) },
		"LookupBatch":      func() { v.LookupBatch(dst, keys) },
		"a small batch":    func() { v.LookupBatch(dst, keys[:5]) },
		"LookupBatchWhere": func() { v.LookupBatchWhere(dst, keys, s) },
		"View":             func() { x.View() },
		"Contains":         func() { s.Contains(7) },
		"Rows": func() {
			for range v.Rows(keys[1]) {
				rows++
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if rows == 0 {
		t.Error("no rows")
	}
}

func TestEstimateMemory(t *testing.T) {
	const n = 100_000
	st := mustBuild(t, index.Options{}, fleet(n)).Stats()
	got, want := st.Memory.Total(), index.EstimateMemory(n)
	t.Logf("%.1f bytes a record: %+v", float64(got)/n, st.Memory)
	if ratio := float64(got) / float64(want); ratio < 0.85 || ratio > 1.15 {
		t.Errorf("%d records take %d bytes, the estimate is %d", n, got, want)
	}
	if exact := 16 + float64(st.Memory.Table)/float64(st.Keys); exact > 24 {
		t.Errorf("key, tag and position take %.1f bytes, want at most 24", exact)
	}
}
