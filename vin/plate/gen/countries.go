package main

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// countriesCSV lists ISO 3166-1 alpha-2 and alpha-3 (with XK and XKX, the
// user-assigned codes of Kosovo) and the distinguishing signs of vehicles in
// international traffic (Conventions on Road Traffic, 1949 and 1968; the UNECE
// list), superseded ones included, where they differ from both. A sign that
// is another country's ISO code stands nowhere: ES is Spain, not El Salvador.
//
//go:embed countries.csv
var countriesCSV string

func countries() ([]byte, error) {
	rows, err := csv.NewReader(strings.NewReader(countriesCSV)).ReadAll()
	if err != nil {
		return nil, err
	}
	var (
		alpha2 ['Z' + 1]uint32
		others []string // records: code padded to 3, alpha-2
	)
	for _, row := range rows[1:] {
		iso := row[0]
		alpha2[iso[0]] |= 1 << (iso[1] - 'A')
		for _, code := range append(strings.Fields(row[2]), row[1]) {
			others = append(others, fmt.Sprintf("%-3s%s", code, iso))
		}
	}
	slices.Sort(others)
	for i := range others[1:] {
		if others[i][:3] == others[i+1][:3] {
			return nil, fmt.Errorf("countries.csv: %q stands twice", others[i][:3])
		}
	}

	var b bytes.Buffer
	fmt.Fprint(&b, "// alpha2 has a bit for the second letter of a code at its first letter.\n")
	fmt.Fprint(&b, "var alpha2 = [256]uint32{\n")
	for c, bits := range alpha2 {
		if bits != 0 {
			fmt.Fprintf(&b, "\t'%c': %#07x,\n", c, bits)
		}
	}
	fmt.Fprint(&b, "}\n\n// otherCodes is a sorted list of records: an alpha-3 code or distinguishing\n")
	fmt.Fprint(&b, "// sign padded to three characters, and the alpha-2 code that it stands for.\n")
	fmt.Fprint(&b, "const otherCodes = \"\" +\n")
	const perLine = 12
	for chunk := range slices.Chunk(others, perLine) {
		fmt.Fprintf(&b, "\t%q +\n", strings.Join(chunk, ""))
	}
	fmt.Fprint(&b, "\t\"\"\n\n")

	fmt.Fprint(&b, "// letterPairs holds every pair of letters, in order.\nconst letterPairs = \"\" +\n")
	for x := 'A'; x <= 'Z'; x++ {
		fmt.Fprint(&b, "\t\"")
		for y := 'A'; y <= 'Z'; y++ {
			fmt.Fprintf(&b, "%c%c", x, y)
		}
		fmt.Fprint(&b, "\" +\n")
	}
	fmt.Fprint(&b, "\t\"\"\n")
	return gofile(&b)
}
