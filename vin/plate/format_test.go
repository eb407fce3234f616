package plate_test

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"regexp"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

var example = regexp.MustCompile(`\bex ([^;]+)`)

// TestExamples puts the example of every format through Parse and holds it to
// the formats of its country.
func TestExamples(t *testing.T) {
	f, err := os.Open("gen/plate_formats.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(zr).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, row := range rows[1:] {
		country, pattern, notes := row[0], row[2], row[4]
		m := example.FindStringSubmatch(notes)
		if m == nil {
			t.Logf("%s %s has no example", country, pattern)
			continue
		}
		n++
		p, err := plate.Parse(country, m[1])
		if err != nil {
			t.Errorf("%s %q: %v", country, m[1], err)
			continue
		}
		again, err := plate.Parse(country, p.Text())
		if err != nil || again != p {
			t.Errorf("%s %q: %q is no fixed point: %q, %v", country, m[1], p.Text(), again.Text(), err)
		}
		bits, fits := p.Bits()
		t.Logf("%s %-22s %s %.1f %v", country, m[1], p.Text(), bits, fits)
		if !p.Fits() {
			t.Errorf("%s %q: %q does not fit %s", country, m[1], p.Text(), pattern)
		}
	}
}
