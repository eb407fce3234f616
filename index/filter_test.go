package index_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestTerms(t *testing.T) {
	var none time.Time
	records := []index.Record{
		{ID: "empty"},
		{
			ID: "full", Type: index.Car, Status: index.Stolen, Make: "Mercedes-Benz", ModelYear: 2019, Colour: "Gris clair",
			Stolen: date(2025, 3, 1), Tags: []string{"violent", "Seen in Calais"},
		},
		{ID: "old", Make: "CITROËN", ModelYear: 1938, Stolen: date(1, 1, 2), Tags: []string{""}},
		{ID: "late", Make: "三菱", ModelYear: math.MaxInt32, Stolen: date(9999, 12, 31), Tags: []string{"K", "K"}},
		{ID: "odd", Make: "?", ModelYear: math.MinInt32, Stolen: time.Date(2025, 2, 28, 23, 0, 0, 0, time.FixedZone("", -2*60*60))},
	}
	for i := range records {
		records[i].Owner = "FR"
	}
	v := mustBuild(t, index.Options{}, records).View()
	empty := mustBuild(t, index.Options{}, nil).View()
	year := math.MaxInt // of a time that a record cannot have
	for _, tc := range []struct {
		why  string
		f    index.Filter
		want string // IDs
	}{
		{"the zero Filter", index.Filter{}, "empty full late odd old"},
		{"everything and a term", index.Filter{}.And(index.OfType(index.Car)), "full"},
		{"a term and everything", index.OfType(index.Car).And(index.Filter{}), "full"},
		{"everything or a term", index.Filter{}.Or(index.OfType(index.Car)), "empty full late odd old"},
		{"not a term", index.Filter{}.AndNot(index.OfType(index.Car)), "empty late odd old"},
		{"not everything", index.OfType(index.Car).AndNot(index.Filter{}), ""},
		{"an owner", index.Owner("FR"), "empty full late odd old"},
		{"an owner is compared as it is", index.Owner("fr"), ""},
		{"no type", index.OfType(index.NoType), "empty late odd old"},
		{"a type that has no name", index.OfType(255), ""},
		{"no status", index.HasStatus(index.NoStatus), "empty late odd old"},

		{"a make", index.Make("Mercedes-Benz"), "full"},
		{"another spelling", index.Make("MERCEDES BENZ"), "full"},
		{"a part of a name", index.Make("Mercedes"), ""},
		{"a mark that the query lacks", index.Make("citroen"), "old"},
		{"a mark that the record lacks", index.Make("Mércedès-Benz"), "full"},
		{"another script", index.Make("三菱"), "late"},
		{"a make nobody has", index.Make("Trabant"), ""},
		{"no make, and one without letters", index.Make(""), "empty odd"},
		{"a make without letters", index.Make("--"), "empty odd"},
		{"a make that is no text", index.Make("\xff"), "empty odd"},
		{"a colour", index.Colour("GRIS CLAIR"), "full"},
		{"no colour", index.Colour(""), "empty late odd old"},
		{"a tag", index.Tag("seen in calais"), "full"},
		{"the other tag of a record", index.Tag("violent"), "full"},
		{"only the case of a tag is free", index.Tag("seen-in-calais"), ""},
		{"the empty tag is one", index.Tag(""), "old"},
		{"a tag that stands twice, and the Kelvin sign", index.Tag("\u212a"), "late"},

		{"one year", index.ModelYears(2019, 2019), "full"},
		{"a first year", index.ModelYears(2019, math.MaxInt), "full late"},
		{"a last year", index.ModelYears(math.MinInt, 2019), "full odd old"},
		{"all years", index.ModelYears(math.MinInt, math.MaxInt), "full late odd old"},
		{"years that miss by one", index.ModelYears(1939, 2018), ""},
		{"the year that means unknown", index.ModelYears(0, 0), ""},
		{"years in the wrong order", index.ModelYears(2020, 2019), ""},

		{"one day", index.StolenBetween(date(2025, 3, 1), date(2025, 3, 1)), "full odd"},
		{"hours of one day", index.StolenBetween(date(2025, 3, 1).Add(23*time.Hour), date(2025, 3, 1).Add(time.Second)), "full odd"},
		{"a day elsewhere", index.StolenBetween(date(2025, 3, 2).In(time.FixedZone("", -3600)), none), "late"},
		{"a first day", index.StolenBetween(date(2025, 3, 1), none), "full late odd"},
		{"a first day, too late by one", index.StolenBetween(date(2025, 3, 2), none), "late"},
		{"a last day", index.StolenBetween(none, date(2025, 3, 1)), "full odd old"},
		{"a last day, too early by one", index.StolenBetween(none, date(2025, 2, 28)), "old"},
		{"open at both ends", index.StolenBetween(none, none), "full late odd old"},
		{"days in the wrong order", index.StolenBetween(date(2026, 1, 1), date(2025, 1, 1)), ""},
		{"before the zero time", index.StolenBetween(date(-5, 1, 1), none), "full late odd old"},
		{"until before the zero time", index.StolenBetween(none, date(0, 12, 31)), ""},
		{"after what a record can say", index.StolenBetween(time.Unix(math.MaxInt64, 0), none), ""},
		{"the earliest time there is", index.StolenBetween(time.Unix(math.MinInt64, 0), date(10_000, 1, 1)), "full late odd old"},
		{"neither day nor year", index.Filter{}.AndNot(index.StolenBetween(none, none)).AndNot(index.ModelYears(-year, year)), "empty"},
	} {
		s := v.Select(tc.f)
		var got []string
		for row := range v.All() {
			if s.Contains(row) {
				got = append(got, v.Record(row).ID)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tc.want || s.Count() != len(got) || v.Count(tc.f) != len(got) {
			t.Errorf("%s: selects %v, counts %d and %d, want %q", tc.why, got, s.Count(), v.Count(tc.f), tc.want)
		}
		if n := empty.Count(tc.f) + empty.Select(tc.f).Count(); n != 0 || empty.Select(tc.f).Contains(0) {
			t.Errorf("%s: selects something of nothing", tc.why)
		}
	}
}

// Several blocks of rows, in which values are common and rare and stand alone and
// side by side, and then changes, few and many; on one processor and on several.
func TestFiltersOfManyRows(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	n := 1<<17 + rng.IntN(1<<14)
	given := make([]index.Record, n)
	for i := range given {
		given[i] = manyRowsRecord(rng, i, n)
	}
	x := mustBuild(t, index.Options{CompactAfter: math.MaxInt}, given)
	defer x.Close()
	gone := make([]bool, n)
	for version, changes := range []int{0, 300, 20_000} {
		var list []index.Change
		for range changes {
			i := rng.IntN(n)
			r := manyRowsRecord(rng, i, n)
			r.Owner, r.Version = given[i].Owner, uint64(version+1)
			c := index.Change{By: r.Owner, Op: index.Put, Record: r}
			if rng.IntN(3) == 0 {
				c.Op = index.Withdraw
			}
			if given[i].Version <= uint64(version) && !gone[i] {
				given[i], gone[i] = r, c.Op == index.Withdraw
				list = append(list, c)
			}
		}
		applied, err := x.Apply(index.Position{}, list)
		if err != nil || applied.Put+applied.Withdrawn != len(list) {
			t.Fatalf("%d changes: %+v, %v", len(list), applied, err)
		}
		v := x.View()
		rows := slices.Collect(v.All())
		recordOf := make([]int, len(rows))
		for i, row := range rows {
			if recordOf[i], err = strconv.Atoi(v.Record(row).ID); err != nil {
				t.Fatal(err)
			}
		}
		for range 30 {
			f := randomFilter(rng, rng.IntN(5))
			undo := index.SetStepsEach(1 + rng.IntN(9))
			s, counted := v.Select(f.filter), v.Count(f.filter)
			undo()
			want := 0
			for j, row := range rows {
				i := recordOf[j]
				fits := f.fits(given[i])
				if gone[i] || fits != s.Contains(row) {
					t.Fatalf("%d changes: row %d is selected: %t", changes, row, s.Contains(row))
				}
				want += btoi(fits)
			}
			if s.Count() != want || counted != want {
				t.Fatalf("%d changes: %d selected, %d counted, want %d", changes, s.Count(), counted, want)
			}
		}
	}
}

// manyRowsRecord returns a record whose row is i, until it is changed.
func manyRowsRecord(rng *rand.Rand, i, n int) index.Record {
	r := randomRecord(rng)
	r.ID, r.Version = strconv.Itoa(i), 1
	r.VIN = vin.MustParse(fmt.Sprintf("WVWZZZ1KZ8%07d", i))
	r.Plate, r.Numbers = plate.Plate{}, nil
	r.Make = spellings[i*len(spellings)/n]
	r.Status = index.Stolen + index.Status(btoi(rng.IntN(10) == 0))
	r.Type = index.Type(rng.IntN(1 + rng.IntN(30)))
	if rng.IntN(3) > 0 {
		r.Tags = nil
	}
	return r
}

// However deep a Filter is, it takes the stack of a few sets of rows, and time for
// its terms.
func TestDeepFilters(t *testing.T) {
	if testing.Short() {
		t.Skip("tens of thousands of terms")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	given := make([]index.Record, 500)
	for i := range given {
		given[i] = randomRecord(rng)
		given[i].ID = strconv.Itoa(i)
	}
	x := mustBuild(t, index.Options{}, given[:400])
	for i := 400; i < len(given); i++ {
		c := index.Change{By: given[i].Owner, Op: index.Put, Record: given[i]}
		if _, err := x.Apply(index.Position{}, []index.Change{c}); err != nil {
			t.Fatal(err)
		}
	}
	v := x.View()
	for _, rightward := range []bool{false, true} {
		f := index.OfType(index.Car)
		var fits [256]bool // by type
		fits[index.Car] = true
		for n := range index.MaxTerms - 1 {
			typ := index.Type(rng.IntN(16))
			or := n%2 == 0
			for other := range index.Type(16) {
				if or {
					fits[other] = fits[other] || other == typ
				} else {
					fits[other] = fits[other] && other == typ
				}
			}
			switch g := index.OfType(typ); {
			case or && rightward:
				f = g.Or(f)
			case or:
				f = f.Or(g)
			case rightward:
				f = g.And(f)
			default:
				f = f.And(g)
			}
		}
		want := 0
		for _, r := range given {
			want += btoi(fits[r.Type])
		}
		if got := v.Count(f); got != want || v.Select(f).Count() != want {
			t.Errorf("rightward %t: %d records, want %d", rightward, got, want)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic over one term more")
				}
			}()
			f.And(index.OfType(index.Bus))
		}()
	}
}

// A balanced tree, in which no group can be joined with its neighbours, is what
// needs most stack.
func TestBalancedFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	given := make([]index.Record, 500)
	for i := range given {
		given[i] = randomRecord(rng)
		given[i].ID = strconv.Itoa(i)
	}
	v := mustBuild(t, index.Options{}, given).View()
	for depth := range 12 {
		f := balanced(rng, depth)
		want := 0
		for _, r := range given {
			want += btoi(f.fits(r))
		}
		if got := v.Count(f.filter); got != want {
			t.Errorf("depth %d: %d records, want %d", depth, got, want)
		}
	}
}

func balanced(rng *rand.Rand, depth int) testFilter {
	if depth == 0 {
		return randomFilter(rng, 0)
	}
	a, b := balanced(rng, depth-1), balanced(rng, depth-1)
	if depth%2 == 0 {
		return testFilter{a.filter.And(b.filter), func(r index.Record) bool { return a.fits(r) && b.fits(r) }}
	}
	return testFilter{a.filter.Or(b.filter), func(r index.Record) bool { return a.fits(r) || b.fits(r) }}
}
