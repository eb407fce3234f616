package index_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// wanted is a register of three records, two of them of one car.
var wanted = []index.Record{
	{
		Owner: "FR", ID: "2026-118", VIN: vin.MustParse("VF3CCHMZ6FT123456"),
		Plate: plate.MustParse("FR", "AB-123-CD"), Type: index.Car, Status: index.Stolen, Make: "Peugeot",
	},
	{Owner: "DE", ID: "77", VIN: vin.MustParse("VF3CCHMZ6FT123456"), Type: index.Car, Status: index.Wanted},
	{
		Owner: "IT", ID: "B-9", Type: index.Boat, Status: index.Stolen,
		Numbers: []index.Number{{Kind: index.KindHull, Text: "IT-ABC12345D696"}},
	},
}

func ExampleBuild() {
	x, err := index.Build(context.Background(), index.Options{}, sequence(wanted))
	if err != nil {
		fmt.Println(err)
		return
	}
	v := x.View()
	for row := range v.Rows(index.VIN(vin.MustParse("VF3CCHMZ6FT123456"))) {
		r := v.Record(row)
		fmt.Println(r.Owner, r.ID, r.Status)
	}
	// Output:
	// DE 77 wanted
	// FR 2026-118 stolen
}

// Records that cannot be taken are reported one by one, and the rest is indexed.
func ExampleOptions_onRefused() {
	records := []index.Record{
		wanted[0],
		{Owner: "F R", ID: "5"},
		{Owner: "ES", ID: "6", Numbers: []index.Number{{Kind: index.KindEngine, Text: "???"}}},
	}
	x, _ := index.Build(context.Background(), index.Options{
		OnRefused: func(r *index.Refusal) {
			fmt.Println(r)
		},
	}, sequence(records))
	fmt.Println(x.View().Len(), "records")
	// Output:
	// index: record 1: the owner is not 1 to 16 letters and digits
	// index: record 2 of ES: engine: no letter and no digit
	// 2 records
}

// A reader that holds a View sees one version of the register, whatever happens
// meanwhile. The version of a record decides what a change does.
func ExampleIndex_Apply() {
	x, err := index.Build(context.Background(), index.Options{}, sequence(wanted))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer x.Close()
	before := x.View()

	found := wanted[0]
	found.Version, found.Status = 1, index.Recovered
	log := index.Position{Lineage: [16]byte{1}, Seq: 4}
	applied, err := x.Apply(log, []index.Change{
		{By: "FR", Op: index.Put, Record: found},
		{By: "DE", Op: index.Withdraw, Record: index.Record{Owner: "DE", ID: "77", Version: 1}},
		{By: "DE", Op: index.Put, Record: wanted[1]},                                             // version 0 comes late
		{By: "FR", Op: index.Withdraw, Record: index.Record{Owner: "IT", ID: "B-9", Version: 1}}, // not its record
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(applied.Put, "put,", applied.Withdrawn, "withdrawn,", applied.Stale, "stale")
	for _, refusal := range applied.Refused {
		fmt.Println(&refusal)
	}
	for _, v := range []*index.View{before, x.View()} {
		fmt.Println("at", v.Position().Seq)
		for row := range v.Rows(index.VIN(found.VIN)) {
			r := v.Record(row)
			fmt.Println(" ", r.Owner, r.ID, r.Status)
		}
	}
	// Output:
	// 1 put, 1 withdrawn, 1 stale
	// index: record 3 of IT: sent by somebody else than the owner
	// at 0
	//   DE 77 wanted
	//   FR 2026-118 stolen
	// at 4
	//   FR 2026-118 recovered
}

func ExampleNumber_Key() {
	a, _ := index.Number{Kind: index.KindHull, Text: "IT-ABC12345D696"}.Key()
	b, _ := index.Number{Kind: index.KindHull, Text: "it abc 12345 d6 96"}.Key()
	fmt.Println(a == b, a)
	_, err := index.Number{Kind: index.KindVIN, Text: "VF3CCHMZ6FT12345O"}.Key()
	fmt.Println(err)
	// Output:
	// true hull ***
	// index: vin: position 17: 'O' is not a VIN symbol
}

// A register is built once, and opened by every process that asks it.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "wanted.vmx")

	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	if err := x.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	opened, err := index.Open(path, index.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	fmt.Println(opened.View().Len(), "records")

	// A file that was cut short does not open.
	_ = os.Truncate(path, 1000)
	_, err = index.Open(path, index.Options{})
	fmt.Println(errors.Is(err, index.ErrDamaged))
	// Output:
	// 3 records
	// true
}

// A day's observations are asked for in one batch.
func ExampleView_LookupBatch() {
	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	v := x.View()
	seen := []index.Key{
		index.VIN(vin.MustParse("1HGCM82633A004352")),
		index.Plate(plate.MustParse("FR", "AB 123 CD")),
		index.VIN(vin.MustParse("VF3CCHMZ6FT123456")),
	}
	rows := make([]index.Row, len(seen))
	fmt.Println(v.LookupBatch(rows, seen), "hits")
	for i, row := range rows {
		if row != index.NoRow {
			fmt.Printf("%d: %s\n", i, v.Record(row).Owner)
		}
	}
	// Output:
	// 2 hits
	// 1: FR
	// 2: DE
}

func ExampleView_Select() {
	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	v := x.View()
	stolen := index.HasStatus(index.Stolen)
	fmt.Println(v.Count(stolen), "stolen,", v.Count(stolen.AndNot(index.OfType(index.Boat))), "no boat")

	// Germany's record of the car is not of a stolen one, France's is.
	rows := make([]index.Row, 1)
	v.LookupBatchWhere(rows, []index.Key{index.VIN(vin.MustParse("VF3CCHMZ6FT123456"))}, v.Select(stolen))
	fmt.Println(v.Record(rows[0]).Owner)
	// Output:
	// 2 stolen, 1 no boat
	// FR
}

// A plate whose country was not read is looked up under all that have plates,
// and without one.
// Names are compared as offices spell them, and ranges include both their ends.
func ExampleFilter() {
	records := []index.Record{
		{Owner: "FR", ID: "1", Make: "CITROËN", ModelYear: 2019, Stolen: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		{Owner: "FR", ID: "2", Make: "Citroen", ModelYear: 2021, Tags: []string{"violent"}},
		{Owner: "DE", ID: "3", Make: "Mercedes-Benz", ModelYear: 2020, Stolen: time.Date(2026, 4, 9, 0, 0, 0, 0, time.UTC)},
	}
	x, err := index.Build(context.Background(), index.Options{}, sequence(records))
	if err != nil {
		fmt.Println(err)
		return
	}
	v := x.View()
	since := index.StolenBetween(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Time{})
	for _, f := range []index.Filter{
		index.Make("citroen"),
		index.Make("MERCEDES BENZ").Or(index.Tag("Violent")),
		index.ModelYears(2019, 2020).And(since).AndNot(index.Owner("DE")),
	} {
		fmt.Println(v.Count(f))
	}
	// Output:
	// 2
	// 2
	// 1
}

func ExampleView_PlateCountries() {
	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	v := x.View()
	var keys []index.Key
	for _, country := range append(slices.Collect(v.PlateCountries()), "") {
		if k, err := (index.Number{Kind: index.KindPlate, Country: country, Text: "AB 123 CD"}).Key(); err == nil {
			keys = append(keys, k)
		}
	}
	rows := make([]index.Row, len(keys))
	fmt.Println(v.LookupBatch(rows, keys), "of", len(keys))
	// Output: 1 of 2
}

// A witness remembers how the number ended, and half of the plate.
func ExampleView_Search() {
	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	v := x.View()
	ctx := context.Background()

	p, _ := vin.ParsePattern("*123456")
	found, err := v.Search(ctx, p, v.Select(index.Owner("FR")), 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range found.Rows {
		fmt.Println(v.Record(row).VIN)
	}

	q, _ := plate.ParsePattern("", "*123*")
	found, err = v.SearchPlates(ctx, q, nil, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range found.Rows {
		fmt.Println(v.Record(row).Plate, found.Truncated)
	}
	// Output:
	// VF3CCHMZ6FT123456
	// FR AB123CD false
}

// Numbers of any kind are asked for as text.
func ExampleView_SearchNumbers() {
	x, _ := index.Build(context.Background(), index.Options{}, sequence(wanted))
	v := x.View()
	like := index.Number{Kind: index.KindHull, Text: "it-abc*d69?"}
	found, err := v.SearchNumbers(context.Background(), like, nil, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range found.Rows {
		fmt.Println(v.Record(row).Numbers[0].Text)
	}
	fmt.Println(found.Plan)
	// Output:
	// IT-ABC12345D696
	// prefix range: 1 expected, 1 visited
}
