package match_test

import (
	"context"
	"fmt"
	"log"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

// A car crosses a border, and a camera takes an 8 for a B. That evening the car
// is reported as stolen.
func ExampleWatch() {
	ctx := context.Background()
	idx, err := index.Build(ctx, index.Options{}, index.Records())
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()
	watch, err := match.NewWatch(match.New(idx, match.Options{}), match.WatchOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer watch.Close()

	read := index.Number{Kind: index.KindVIN, Text: "1HGCMB2633A004352"}
	answer, err := watch.Ask(ctx, match.Inquiry{
		Query:    match.Query{Reads: []match.Read{{Number: read}}, Channel: match.Camera},
		Inquirer: "Dover, lane 4",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(answer.Findings), "findings")

	changes := []index.Change{{By: "FR", Op: index.Put, Record: index.Record{
		Owner: "FR", ID: "2026-1", Version: 1, VIN: vin.MustParse("1HGCM82633A004352"), Status: index.Stolen,
	}}}
	if _, err := idx.Apply(index.Position{}, changes); err != nil {
		log.Fatal(err)
	}
	delayed, err := watch.Changed(ctx, changes)
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range delayed {
		fmt.Printf("tell %s: %s/%s, %v, %v\n", d.Inquiry.Inquirer, d.Finding.Record.Owner, d.Finding.Record.ID, d.Finding.Record.Status, d.Finding.Verdict)
	}
	// Output:
	// 0 findings
	// tell Dover, lane 4: FR/2026-1, stolen, probable
}
