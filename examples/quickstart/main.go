// Command quickstart holds a small register of wanted vehicles and asks it
// about the VINs and German plates on its command line, or about four samples:
//
//	go run ./examples/quickstart 1HGCM82633AOO4352
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

//go:embed register.csv
var register string

// samples: a VIN in groups, one with the letter O for a zero, one that nobody
// looks for, and a plate.
var samples = []string{"WVW ZZZ1KZ AW612305", "1HGCM82633AOO4352", "WAUZZZ8K1DA006278", "TUE AB 123"}

func main() {
	ctx := context.Background()
	idx, err := index.Build(ctx, index.Options{}, records)
	if err != nil {
		log.Fatal(err)
	}
	defer idx.Close()
	m := match.New(idx, match.Options{})

	numbers := os.Args[1:]
	if len(numbers) == 0 {
		numbers = samples
	}
	for _, text := range numbers {
		read := index.Number{Kind: index.KindVIN, Text: text}
		if vin.Classify(text) != vin.ClassVIN {
			read = index.Number{Kind: index.KindPlate, Country: "DE", Text: text}
		}
		res, err := m.Match(ctx, match.Query{Reads: []match.Read{{Number: read}}})
		if err != nil {
			log.Print(err)
			continue
		}
		fmt.Printf("%s: %d found\n", text, len(res.Findings))
		for _, f := range res.Findings {
			r := f.Record
			fmt.Printf("  %s %s, %s: %s by %v, %v, probability %.2f\n", r.Owner, r.ID, r.Make, f.How, f.Kind, f.Verdict, f.Probability)
			for _, e := range f.Evidence {
				switch e.Code {
				case match.EvidencePrior, match.EvidenceUnlisted: // estimates that every finding rests on
				default:
					fmt.Printf("    %s\n", e.Text)
				}
			}
		}
	}
}

// records yields the records of the register, as a program would from its
// database.
func records(yield func(index.Record, error) bool) {
	rows, err := csv.NewReader(strings.NewReader(register)).ReadAll()
	if err != nil {
		yield(index.Record{}, err)
		return
	}
	for _, row := range rows[1:] {
		v, _, verr := vin.Clean(row[2])
		p, perr := plate.Parse(row[0], row[3])
		rec := index.Record{Owner: row[0], ID: row[1], VIN: v, Plate: p, Make: row[4], Status: index.Stolen}
		if !yield(rec, cmp.Or(verr, perr)) {
			return
		}
	}
}
