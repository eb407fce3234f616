package match_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// indexOf builds an index of records, which get an ID if they have none.
func indexOf(t testing.TB, records ...index.Record) *index.Index {
	t.Helper()
	for i := range records {
		if records[i].ID == "" {
			records[i].ID = fmt.Sprint(i + 1)
		}
	}
	idx, err := index.Build(t.Context(), index.Options{}, index.Records(records...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { idx.Close() })
	return idx
}

func duplicatesOf(t *testing.T, idx *index.Index) (all []match.Duplicate) {
	t.Helper()
	for d, err := range match.Duplicates(t.Context(), idx.View()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func TestDuplicates(t *testing.T) {
	ones := "11111111111111111"
	rec := func(owner, v, country, p string) index.Record {
		r := index.Record{Owner: owner, VIN: vin.MustParse(v)}
		if p != "" {
			r.Plate = plate.MustParse(country, p)
		}
		return r
	}
	with := func(r index.Record, change func(*index.Record)) index.Record {
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name    string
		records []index.Record
		want    string // grade: owners: plates: text; "" for no duplicate
	}{
		{"one record", []index.Record{rec("FR", accord, "FR", "AB123CD")}, ""},
		{"two vehicles", []index.Record{rec("FR", accord, "FR", "AB123CD"), rec("DE", golf, "FR", "AB123CD")}, ""},
		{
			"two owners",
			[]index.Record{rec("FR", accord, "", ""), rec("DE", accord, "FR", "AB123CD")},
			"note: [DE FR]: [FR AB123CD]: listed by 2 owners",
		},
		{"one owner, twice", []index.Record{rec("FR", accord, "FR", "AB123CD"), rec("FR", accord, "FR", "AB123CD")}, ""},
		{
			"one owner, a second plate",
			[]index.Record{rec("FR", accord, "FR", "AB123CD"), rec("FR", accord, "FR", "XY987ZW")},
			"doubt: [FR]: [FR AB123CD FR XY987ZW]: on 2 plates",
		},
		{
			"a mistyped plate",
			[]index.Record{rec("FR", accord, "FR", "AB123CD"), rec("FR", accord, "FR", "AB213CD")},
			"note: [FR]: [FR AB123CD FR AB213CD]: on 2 plates, which may be one that was mistyped",
		},
		{"two spellings", []index.Record{rec("DE", accord, "DE", "TÜAB123"), rec("DE", accord, "DE", "TUEAB123")}, ""},
		{"country not known", []index.Record{rec("DE", accord, "", "AB123CD"), rec("DE", accord, "FR", "AB123CD")}, ""},
		{
			"one of two countries, one not known",
			[]index.Record{rec("DE", accord, "", "AB123CD"), rec("DE", accord, "FR", "AB123CD"), rec("DE", accord, "DE", "AB123CD")},
			"note: [DE]: [FR AB123CD DE AB123CD]: on 2 plates, which may be one that was mistyped",
		},
		{
			"one of two countries, not known last",
			[]index.Record{rec("DE", accord, "FR", "AB123CD"), rec("DE", accord, "DE", "AB123CD"), rec("DE", accord, "", "AB123CD")},
			"note: [DE]: [FR AB123CD DE AB123CD]: on 2 plates, which may be one that was mistyped",
		},
		{"a make that is not known", []index.Record{
			with(rec("DE", golf, "", ""), func(r *index.Record) { r.Make = "VW" }),
			with(rec("FR", golf, "", ""), func(r *index.Record) { r.Make = "UNKNOWN" }),
		}, "note: [DE FR]: []: listed by 2 owners"},
		{
			"two countries",
			[]index.Record{rec("DE", accord, "IT", "AB123CD"), rec("DE", accord, "FR", "AB123CD")},
			"note: [DE]: [IT AB123CD FR AB123CD]: on 2 plates, which may be one that was mistyped",
		},
		{"one record, two plates", []index.Record{with(rec("DE", accord, "FR", "AB123CD"), func(r *index.Record) {
			r.Numbers = []index.Number{{Kind: index.KindPlate, Country: "FR", Text: "XY987ZW"}}
		})}, ""},
		{"a plate among the other numbers", []index.Record{rec("DE", accord, "FR", "AB123CD"), with(rec("DE", accord, "", ""), func(r *index.Record) {
			r.Numbers = []index.Number{{Kind: index.KindPlate, Country: "FR", Text: "XY987ZW"}}
		})}, "doubt: [DE]: [FR AB123CD FR XY987ZW]: on 2 plates"},
		{"a VIN among the other numbers", []index.Record{rec("DE", accord, "", ""), with(rec("FR", golf, "", ""), func(r *index.Record) {
			r.Numbers = []index.Number{{Kind: index.KindVIN, Text: accord}, {Kind: index.KindVIN, Text: accord}, {Kind: index.KindVIN, Text: golf}}
		})}, "note: [DE FR]: []: listed by 2 owners"},
		{"two makes", []index.Record{
			with(rec("DE", golf, "", ""), func(r *index.Record) { r.Make, r.Type, r.ModelYear = "VW", index.Car, 2003 }),
			with(rec("FR", golf, "", ""), func(r *index.Record) {
				r.Make, r.Type, r.ModelYear = "Honda", index.Motorcycle, 2005
			}),
		}, "doubt: [DE FR]: []: listed by 2 owners; the makes contradict each other; the types contradict each other; the model years contradict each other"},
		{"one make in two spellings", []index.Record{
			with(rec("DE", golf, "", ""), func(r *index.Record) { r.Make, r.ModelYear = "VW", 2003 }),
			with(rec("FR", golf, "", ""), func(r *index.Record) { r.Make, r.ModelYear = "Volkswagen", 2004 }),
			rec("GB", golf, "", ""),
		}, "note: [DE FR GB]: []: listed by 3 owners"},
		{
			"a placeholder",
			[]index.Record{rec("DE", ones, "FR", "AB123CD"), rec("FR", ones, "FR", "XY987ZW")},
			"note: [DE FR]: [FR AB123CD FR XY987ZW]: listed by 2 owners; on 2 plates; written where the number is not known",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range duplicatesOf(t, indexOf(t, tt.records...)) {
				if len(d.Records) < 2 || d.More != 0 {
					t.Errorf("%d records and %d more", len(d.Records), d.More)
				}
				got = append(got, fmt.Sprintf("%s: %v: %v: %s", d.Grade, d.Owners, d.Plates, d.Text))
			}
			if s := strings.Join(got, "\n"); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

// TestDuplicatesOracle compares what is yielded with a map of all records, in
// an index of which some records came and went by changes.
func TestDuplicatesOracle(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 5))
		world := vintest.NewPopulation(seed, vintest.DefaultMix)
		owners := []string{"DE", "FR", "GB"}
		live := map[string]index.Record{}
		next := 0
		record := func() index.Record {
			next++
			r := index.Record{Owner: owners[random.IntN(3)], ID: fmt.Sprint(next), VIN: world.At(random.Uint64N(400))}
			if random.IntN(2) == 0 {
				r.Plate = plate.MustParse([]string{"FR", "DE"}[random.IntN(2)], fmt.Sprint("AB", random.IntN(3)*111, "CD"))
			}
			return r
		}
		var records []index.Record
		for range 500 {
			r := record()
			records = append(records, r)
			live[r.Owner+r.ID] = r
		}
		idx := indexOf(t, records...)
		for range 200 {
			var c index.Change
			if random.IntN(2) == 0 {
				r := record()
				live[r.Owner+r.ID] = r
				c = index.Change{By: r.Owner, Op: index.Put, Record: r}
			} else {
				r := records[random.IntN(len(records))]
				delete(live, r.Owner+r.ID)
				c = index.Change{By: r.Owner, Op: index.Withdraw, Record: index.Record{Owner: r.Owner, ID: r.ID, Version: 1}}
			}
			if _, err := idx.Apply(index.Position{}, []index.Change{c}); err != nil {
				t.Fatal(err)
			}
		}

		byVIN := map[vin.VIN][]index.Record{}
		for _, r := range live {
			byVIN[r.VIN] = append(byVIN[r.VIN], r)
		}
		want := map[vin.VIN]int{}
		for v, rs := range byVIN {
			for _, r := range rs[1:] {
				first := rs[0]
				for _, o := range rs {
					if !first.Plate.IsValid() {
						first.Plate = o.Plate
					}
				}
				if r.Owner != first.Owner || r.Plate.IsValid() && r.Plate != first.Plate {
					want[v] = len(rs)
				}
			}
		}
		got := map[vin.VIN]int{}
		for _, d := range duplicatesOf(t, idx) {
			if got[d.VIN] != 0 {
				t.Errorf("seed %d: a VIN twice", seed)
			}
			got[d.VIN] = len(d.Records)
			if !slices.IsSortedFunc(d.Records, func(a, b index.Record) int { return strings.Compare(a.Owner+" "+a.ID, b.Owner+" "+b.ID) }) {
				t.Errorf("seed %d: the records are out of order", seed)
			}
		}
		if len(want) < 50 {
			t.Errorf("seed %d: only %d duplicates", seed, len(want))
		}
		for v, n := range want {
			if got[v] != n {
				t.Errorf("seed %d: %d records, want %d", seed, got[v], n)
			}
			delete(got, v)
		}
		if len(got) != 0 {
			t.Errorf("seed %d: %d that are none", seed, len(got))
		}
	}
}

func TestDuplicatesStop(t *testing.T) {
	var records []index.Record
	for i := range 1000 {
		records = append(records, index.Record{Owner: fmt.Sprint("O", i%400), VIN: vin.MustParse([]string{accord, golf}[i%2])})
	}
	idx := indexOf(t, records...)
	n := 0
	for d, err := range match.Duplicates(t.Context(), idx.View()) {
		if n++; err != nil || len(d.Records) != match.MaxDuplicateRecords || d.More != 500-match.MaxDuplicateRecords {
			t.Errorf("%d records, %d more, %v", len(d.Records), d.More, err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range match.Duplicates(ctx, idx.View()) {
		if n++; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if n != 2 {
		t.Errorf("%d rounds, want 2", n)
	}
}

func ExampleDuplicates() {
	idx, err := index.Build(context.Background(), index.Options{}, index.Records(
		index.Record{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352"), Plate: plate.MustParse("FR", "AB-123-CD")},
		index.Record{Owner: "DE", ID: "7", VIN: vin.MustParse("1HGCM82633A004352"), Plate: plate.MustParse("DE", "B-XY 987")},
		index.Record{Owner: "DE", ID: "8", VIN: vin.MustParse("WVWZZZ1JZ3W386752")},
	))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer idx.Close()
	for d, err := range match.Duplicates(context.Background(), idx.View()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.VIN, d.Grade, d.Text)
	}
	// Output:
	// 1HGCM82633A004352 doubt listed by 2 owners; on 2 plates
}
