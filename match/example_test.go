package match_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

func Example() {
	ctx := context.Background()
	idx, err := index.Build(ctx, index.Options{}, index.Records(
		index.Record{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352"), Status: index.Stolen},
		index.Record{Owner: "DE", ID: "1", VIN: vin.MustParse("WVWZZZ1JZ3W386752"), Status: index.Wanted},
	))
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()
	read := index.Number{Kind: index.KindVIN, Text: "1HGCM82633AO04352"} // the letter O for a zero
	answer, err := match.New(idx, match.Options{}).Match(ctx, match.Query{Reads: []match.Read{{Number: read}}})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range answer.Findings {
		fmt.Printf("%s/%s, %v: %v match, %v, probability %.2f\n", f.Record.Owner, f.Record.ID, f.Record.Status, f.How, f.Verdict, f.Probability)
		for _, e := range f.Evidence {
			fmt.Println("  " + e.Text)
		}
	}
	// Output:
	// FR/1, stolen: repaired match, probable, probability 1.00
	//   VIN listed differs from what was read in one place
	//   position 12: read O, listed 0
	//   hardly any unlisted vehicle would be read so
	//   one query in 4111111111 is about one of the 2 listed
}

// The paper of a car is checked against its VIN, whether or not it is listed.
func ExampleMatcher_Match_claim() {
	idx, err := index.Build(context.Background(), index.Options{}, index.Records())
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()

	answer, err := match.New(idx, match.Options{}).Match(context.Background(), match.Query{
		Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: "WVWZZZ1JZ3W386752"}}},
		Claim: match.Claim{Make: "BMW", ModelYear: 2003, Country: "D"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range answer.Remarks {
		fmt.Printf("%v (%v): %s\n", r.Code, r.Grade, r.Text)
	}
	// Output:
	// claim_make (conflict): paper says BMW, the VIN's maker is VOLKSWAGEN AG
}

// One character of a car's number is read as another. The number that was read
// is that of a car that may well exist, the next one off the line, so that the
// listed one is hardly meant: unless its plate was read as well.
func ExampleMatcher_Match_near() {
	idx, err := index.Build(context.Background(), index.Options{}, index.Records(
		index.Record{Owner: "DE", ID: "7", VIN: vin.MustParse("WVWZZZ1JZ3W386752"), Plate: plate.MustParse("DE", "B-MW 1234")},
	))
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()

	// A world in which as many of the queries are about this one car as are about
	// one of INTERPOL's 7.4 million.
	m := match.New(idx, match.Options{Near: match.Always})
	number := match.Read{Number: index.Number{Kind: index.KindVIN, Text: "WVWZZZ1JZ3W386753"}}
	plate := match.Read{Number: index.Number{Kind: index.KindPlate, Country: "D", Text: "BMW1234"}}
	for _, reads := range [][]match.Read{{number}, {number, plate}} {
		answer, err := m.Match(context.Background(), match.Query{Reads: reads, Channel: match.Camera})
		if err != nil {
			log.Fatal(err)
		}
		for _, f := range answer.Findings {
			fmt.Printf("%d read: %v by %v, %v\n", len(reads), f.How, f.Kind, f.Verdict)
		}
	}
	// Output:
	// 1 read: near by vin, sibling
	// 2 read: exact by plate, probable
}

// A day's reads of one camera, against the stolen cars only.
func ExampleMatcher_Screen() {
	idx, err := index.Build(context.Background(), index.Options{}, index.Records(
		index.Record{Owner: "DE", ID: "7", VIN: vin.MustParse("1HGCM82633A004352"), Status: index.Stolen},
	))
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()

	stolen := index.HasStatus(index.Stolen)
	var queries []match.Query
	for _, text := range []string{"WVWZZZ1JZ3W386752", "1HG CM826 33A 004352", "1HGCMB2633A004352"} {
		queries = append(queries, match.Query{
			Reads:   []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}},
			Channel: match.Camera,
			Where:   &stolen,
		})
	}
	m := match.New(idx, match.Options{})
	for q, r := range m.Screen(context.Background(), slices.Values(queries), 0) {
		fmt.Println(q.Reads[0].Text, len(r.Findings))
	}
	// Output:
	// WVWZZZ1JZ3W386752 0
	// 1HG CM826 33A 004352 1
	// 1HGCMB2633A004352 1
}
