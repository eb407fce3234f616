package sheet_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/vin/plate"
)

const (
	registerHeader     = "owner,id,version,vin,plate,plate_country,model_year,stolen,tags\n"
	observationsHeader = "vin,plate,plate_country,model_year,seen_at,lat,lon,place\n"
)

// rowsOf counts the rows of text behind a header.
func rowsOf(t *testing.T, b []byte, header string) int {
	t.Helper()
	rows, err := sheet.ReadRows(bytes.NewReader(b), 1+strings.Count(header, ","))
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

// FuzzRegister feeds rows behind a header. Every row ends in a record or in a
// problem, and every record can be found by something.
func FuzzRegister(f *testing.F) {
	for _, row := range []string{
		"FR,1,2,1HGCM82633A004352,AB-123-CD,F,2003,2024-02-11,a;b\n",
		"FR,1,,\"1HGCM82633A\n004352\"\r\n\nD,2,-1,N/A,,D,x,\n",
		"FR,1,,\"open\nIT,2,,,AB123CD,I,,,\n",
		"\xff,\"\",,00000000000000000,京A12345,CN,,2024-02-30,;",
		",,,****4352,,,,,",
	} {
		f.Add([]byte(row))
	}
	f.Fuzz(checkRegister)
}

func checkRegister(t *testing.T, b []byte) {
	recs, problems, err := readRegister(registerHeader + string(b))
	if err != nil {
		t.Fatal(err) // the header is good, and memory does not fail
	}
	lost, lines := 0, bytes.Count(b, []byte{'\n'})+2
	for _, p := range problems {
		if p.Line < 2 || p.Line > lines || p.Reason == "" || !utf8.ValidString(p.String()) {
			t.Errorf("%q: problem %+v", b, p)
		}
		if p.Column == "" {
			lost++
		}
	}
	if n := rowsOf(t, b, registerHeader); n != len(recs)+lost {
		t.Errorf("%q: %d rows, %d records and %d rows lost", b, n, len(recs), lost)
	}
	for _, r := range recs {
		if r.Owner == "" || r.ID == "" {
			t.Errorf("%q: record without owner or id: %+v", b, r)
		}
		if !r.VIN.IsValid() && r.Plate == (plate.Plate{}) && len(r.Numbers) == 0 {
			t.Errorf("%q: record without a number: %+v", b, r)
		}
		for _, n := range r.Numbers {
			if _, err := n.Key(); err != nil {
				t.Errorf("%q: number without a key: %v", b, err)
			}
		}
		if h, m, s := r.Stolen.Clock(); h+m+s != 0 {
			t.Errorf("%q: stolen on a date at %v", b, r.Stolen)
		}
	}
}

// FuzzObservations feeds rows behind a header. Every row gives an
// observation, in order, with reads or a reason why not.
func FuzzObservations(f *testing.F) {
	for _, row := range []string{
		"1HGCM82633A004352,AB-123-CD,F,2003,2025-06-14T10:00:00Z,50.1,-1.9,\"Calais, port\"\n",
		"???,\"\n\",,,yesterday,1e999,nan,\r\n\r\n,,",
		"\"open\n1HGCM82633A004352\n\"",
		"\xef\xbb\xbf\x00,,,,,,,,,,",
	} {
		f.Add([]byte(row))
	}
	f.Fuzz(checkObservations)
}

func checkObservations(t *testing.T, b []byte) {
	all, err := readObservations(observationsHeader + string(b))
	if err != nil {
		t.Fatal(err)
	}
	line, lines := 1, bytes.Count(b, []byte{'\n'})+2
	for _, o := range all {
		if o.Line <= line || o.Line > lines {
			t.Errorf("%q: line %d after %d, of %d", b, o.Line, line, lines)
		}
		line = o.Line
		if len(o.Query.Reads) == 0 && len(o.Problems) == 0 {
			t.Errorf("%q: line %d has neither reads nor a reason", b, line)
		}
		for _, r := range o.Query.Reads {
			if strings.TrimSpace(r.Text) == "" {
				t.Errorf("%q: line %d has a blank read", b, line)
			}
		}
		if math.Abs(o.Lat) > 90 || math.Abs(o.Lon) > 180 {
			t.Errorf("%q: line %d is at %v, %v", b, line, o.Lat, o.Lon)
		}
	}
	if n := rowsOf(t, b, observationsHeader); n != len(all) {
		t.Errorf("%q: %d rows, %d observations", b, n, len(all))
	}
}
