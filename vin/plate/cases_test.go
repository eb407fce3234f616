package plate_test

import (
	"encoding/csv"
	"os"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

// readCSV returns the rows of a file under testdata as maps by column.
func readCSV(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, col := range rows[0] {
			m[col] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// TestCases holds every row of the annotated cases; an empty canonical form
// means that the text is no plate.
func TestCases(t *testing.T) {
	for _, row := range readCSV(t, "plate_cases.csv") {
		p, err := plate.Parse(row["country"], row["input"])
		if got := p.Text(); got != row["canonical"] || (err != nil) != (got == "") {
			t.Errorf("%s %q (%s): got %q, %v, want %q", row["country"], row["input"], row["note"], got, err, row["canonical"])
		}
		if p.Country() != row["country"] && err == nil {
			t.Errorf("%q: country %q, want %q", row["input"], p.Country(), row["country"])
		}
	}
}
