package sheet_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// Numbers of these tests are from public test suites.
const (
	honda = "1HGCM82633A004352"
	golf  = "WVWZZZ1KZAW612305"
)

func compress(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readRegister reads all of a register.
func readRegister(text string) (recs []index.Record, problems []sheet.Problem, err error) {
	r, err := sheet.OpenRegister(strings.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	for rec, err := range r.Records(func(p sheet.Problem) { problems = append(problems, p) }) {
		if err != nil {
			return recs, problems, err
		}
		recs = append(recs, rec)
	}
	return recs, problems, nil
}

func TestHeader(t *testing.T) {
	row := func(header string) string { return header + "\n" + honda + "\n" }
	gz := compress(t, row("vin"))
	tests := []struct {
		why, in string
		wantErr string // a part of it
	}{
		{"plain", row("vin"), ""},
		{"byte order mark", "\ufeff" + row("vin"), ""},
		{"byte order mark and quotes", "\ufeff" + row(`"vin"`), ""},
		{"case and blanks", row(" V\u0049N "), ""},
		{"Windows line breaks", "vin\r\n" + honda + "\r\n", ""},
		{"blank lines in front", "\n\n" + row("vin"), ""},
		{"gzip", gz, ""},
		{"gzip of text with a byte order mark", compress(t, "\ufeff"+row("vin")), ""},
		{"unknown and unnamed columns", "vin,note,\n" + honda + ",x,\n", ""},
		{"empty", "", "the file is empty"},
		{"only a byte order mark", "\ufeff", "the file is empty"},
		{"UTF-16", "\xff\xfev\x00i\x00n\x00", "UTF-16"},
		{"no number", row("owner"), "is called vin, plate, chassis"},
		{"no header", honda + "\n", "is called vin"},
		{"semicolons", "vin;plate\n", "is called vin"},
		{"twice", "vin,Vin\n", "two columns are called vin"},
		{"open quote", "\"vin\n" + honda, "never closed"},
		{"no gzip behind its mark", "\x1f\x8bvin", "compressed file"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			recs, problems, err := readRegister(tt.in)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("got error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(recs) != 1 || recs[0].VIN != vin.MustParse(honda) || problems != nil {
				t.Errorf("got %v with problems %v, want one record with the VIN", recs, problems)
			}
		})
	}

	_, _, err := readRegister(gz[:len(gz)-6])
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut gzip: got %v, want unexpected EOF", err)
	}
}

func TestUnknown(t *testing.T) {
	r, err := sheet.OpenObservations(strings.NewReader("Note,vin,owner,,Plate Country\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Note", "owner"}, r.Unknown()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

var compareValues = cmp.Options{
	cmp.Comparer(func(a, b vin.VIN) bool { return a == b }),
	cmp.Comparer(func(a, b plate.Plate) bool { return a == b }),
	cmpopts.EquateNaNs(),
}

func TestRegister(t *testing.T) {
	const header = "owner,id,version,vin,plate,plate_country,chassis,engine,gearbox,part,hull,document," +
		"document_country,type,make,model_year,colour,status,stolen,tags\n"
	lost := func(reason string) []sheet.Problem { return []sheet.Problem{{Line: 2, Reason: reason}} }
	bad := func(column, reason string) []sheet.Problem {
		return []sheet.Problem{{Line: 2, Column: column, Reason: reason}}
	}
	chassis := func(text string) []index.Number { return []index.Number{{Kind: index.KindChassis, Text: text}} }
	v := vin.MustParse(honda)
	tests := []struct {
		why, header, row string
		want             *index.Record // nil: no record
		problems         []sheet.Problem
	}{
		{
			"everything", header,
			"FR,2024-1,3," + honda + ",AB-123-CD,F,C-1,E 2,G3,P4,FR-ABC12345D404,D5,D,Car,Honda,2003,Silver,STOLEN,2024-02-11, a ;;b c\n",
			&index.Record{
				Owner: "FR", ID: "2024-1", Version: 3, VIN: v, Plate: plate.MustParse("FR", "AB123CD"),
				Numbers: []index.Number{
					{Kind: index.KindChassis, Text: "C-1"},
					{Kind: index.KindEngine, Text: "E2"},
					{Kind: index.KindGearbox, Text: "G3"},
					{Kind: index.KindPart, Text: "P4"},
					{Kind: index.KindHull, Text: "FR-ABC12345D404"},
					{Kind: index.KindDocument, Country: "DE", Text: "D5"},
				},
				Type: index.Car, Status: index.Stolen, Make: "Honda", ModelYear: 2003, Colour: "Silver",
				Stolen: time.Date(2024, 2, 11, 0, 0, 0, 0, time.UTC), Tags: []string{"a", "b c"},
			}, nil,
		},
		{"columns in another order", "Status,VIN,Plate Country,plate,Owner,id\n", "wanted," + honda + ",IT,AB123CD,IT,7\n", &index.Record{
			Owner: "IT", ID: "7", VIN: v, Plate: plate.MustParse("IT", "AB123CD"), Status: index.Wanted,
		}, nil},
		{"a VIN alone", "vin\n", honda + "\n", &index.Record{Owner: sheet.Unnamed, ID: "line 2", VIN: v}, nil},
		{"a short row", header, "FR,1,," + honda + "\n", &index.Record{Owner: "FR", ID: "1", VIN: v}, nil},
		{"a VIN to clean", "vin\n", "vin: 1HG CM8263-3A004352\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, nil},
		{"unknown type and status", "vin,type,status\n", honda + ",hovercraft,mislaid\n", &index.Record{
			Owner: "ZZ", ID: "line 2", VIN: v, Type: index.OtherType, Status: index.OtherStatus,
		}, nil},
		{"a moment is the date where it was", "vin,stolen\n", honda + ",2024-03-01T00:30:00+02:00\n", &index.Record{
			Owner: "ZZ", ID: "line 2", VIN: v, Stolen: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
		}, nil},
		{"a plate without country", "plate\n", "ab 12 cde\n", &index.Record{Owner: "ZZ", ID: "line 2", Plate: plate.MustParse("", "AB12CDE")}, nil},
		{"a frame number", "chassis\n", "JZX100-0012345\n", &index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("JZX100-0012345")}, nil},
		{"a VIN in the field of the chassis number", "chassis\n", " 1hg-cm82633a004352\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, nil},
		{"the VIN in both fields", "vin,chassis\n", honda + "," + honda + "\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, nil},
		{"the fields exchanged", "vin,chassis\n", "JZX100-0012345," + honda + "\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v, Numbers: chassis("JZX100-0012345")}, nil},
		{"two VINs in two fields", "vin,chassis\n", honda + "," + golf + "\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v, Numbers: []index.Number{{Kind: index.KindVIN, Text: golf}}}, nil},
		{"a misspelt VIN in the field of the chassis number", "chassis\n", "1HGCM82633A0O4352\n", &index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("1HGCM82633A0O4352")}, nil},
		{"a filled-up number in the field of the chassis number", "chassis\n", "00000000012345678\n", &index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("12345678")}, nil},
		{"a frame number in the field of the VIN", "vin\n", "JZX100-0012345\n", &index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("JZX100-0012345")}, nil},
		{
			"a VIN with an O", "vin\n", "1HGCM82633A0O4352\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("1HGCM82633A0O4352")},
			bad("vin", "position 13: 'O' is not a VIN symbol: kept as a chassis number"),
		},
		{
			"a placeholder beside a plate", "vin,plate,plate_country\n", "UNKNOWN,AB-123-CD,FR\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Plate: plate.MustParse("FR", "AB123CD")},
			bad("vin", "placeholder, not registered"),
		},
		{
			"an engine that is not known", "vin,engine\n", honda + ",n/a\n",
			&index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("engine", "placeholder, not registered"),
		},
		{"seventeen zeros", "vin\n", "00000000000000000\n", nil, []sheet.Problem{
			{Line: 2, Column: "vin", Reason: "placeholder, not registered"},
			{Line: 2, Reason: "no number in the row"},
		}},
		{
			"a partial VIN", "vin,engine\n", "****004352,E1\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Numbers: []index.Number{{Kind: index.KindEngine, Text: "E1"}}},
			bad("vin", "partial, not registered"),
		},
		{
			"an old number of a few digits", "vin\n", "912345\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Numbers: chassis("912345")},
			bad("vin", "partial: kept as a chassis number"),
		},
		{
			"two VINs", "vin,engine\n", honda + " " + golf + ",E1\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Numbers: []index.Number{{Kind: index.KindEngine, Text: "E1"}}},
			bad("vin", "several, not registered"),
		},
		{
			"no country", "plate,plate_country\n", "AB-123-CD,Ruritania\n",
			&index.Record{Owner: "ZZ", ID: "line 2", Plate: plate.MustParse("", "AB123CD")},
			bad("plate_country", "not a country"),
		},
		{"a plate without text", "vin,plate\n", honda + ",-\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("plate", "position 2: no letter or digit")},
		{"no date", "vin,stolen\n", honda + ",11/02/2024\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("stolen", "not a date, want YYYY-MM-DD or RFC 3339")},
		{"no year", "vin,model_year\n", honda + ",20O3\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("model_year", "not a year")},
		{"no such year", "vin,model_year\n", honda + ",203\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("model_year", "not a year")},
		{"no version", "vin,version\n", honda + ",-1\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("version", "not a number from 0 to 1<<64-1")},
		{"version too great", "vin,version\n", honda + ",18446744073709551616\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("version", "not a number from 0 to 1<<64-1")},
		{"year zero", "vin,stolen\n", honda + ",0000-01-01\n", &index.Record{Owner: "ZZ", ID: "line 2", VIN: v}, bad("stolen", "not a date, want YYYY-MM-DD or RFC 3339")},
		{"no number", "owner,vin,make\n", "FR,,Honda\n", nil, lost("no number in the row")},
		{"open quote", "vin,make\n", honda + ",\"Honda\n", nil, lost("a quote is opened and never closed")},
		{"a cell too many", "vin,make\n", honda + ",Honda,x\n", nil, lost("3 cells in the row, 2 in the header")},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			recs, problems, err := readRegister(tt.header + tt.row)
			if err != nil {
				t.Fatal(err)
			}
			var want []index.Record
			if tt.want != nil {
				want = append(want, *tt.want)
			}
			if d := cmp.Diff(want, recs, compareValues); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.problems, problems); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}

			// Whatever the row was, the next one is read.
			before, after, ok := strings.Cut(strings.ToLower(tt.header), "vin")
			if !ok {
				return
			}
			next := strings.Repeat(",", strings.Count(before, ",")) + golf + strings.Repeat(",", strings.Count(after, ","))
			recs, _, err = readRegister(tt.header + tt.row + next)
			if err != nil || len(recs) != len(want)+1 || recs[len(want)].VIN != vin.MustParse(golf) {
				t.Errorf("with another row: %v, error %v; want its VIN last", recs, err)
			}
		})
	}
}

func TestRegisterLine(t *testing.T) {
	r, err := sheet.OpenRegister(strings.NewReader("vin,make\n" + honda + ",\n\nN/A,\n" + golf + ",\"two\nlines\"\n" + honda + ",\"\n" + golf + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, err := range r.Records(func(sheet.Problem) {}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Line())
	}
	if d := cmp.Diff([]int{2, 5, 8}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func readObservations(text string) (all []sheet.Observation, err error) {
	o, err := sheet.OpenObservations(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	for obs, err := range o.All() {
		if err != nil {
			return all, err
		}
		all = append(all, obs)
	}
	return all, nil
}

func TestObservations(t *testing.T) {
	text := "vin,plate,plate_country,engine,document,document_country,make,model_year,type,colour,country,seen_at,lat,lon,place\n" +
		" 1hgcm82633a004352 ,AB-123-CD,F,E1,D1,GBR,Honda,2003,car,silver,USA,2025-06-14T10:00:00+02:00,50.9678,-1.8623,\"Calais,\nport\"\n" +
		"???,,,,,,,,,,,2025-06-14,,,\n" +
		",,,,,,Honda,,,,,,,,\n" +
		honda + ",,XX,,,,,new,,,Atlantis,today,91,NaN,\n" +
		honda + ",\"\n" +
		"\xff" + honda + "\n"
	read := func(k index.Kind, country, text string) match.Read {
		return match.Read{Number: index.Number{Kind: k, Country: country, Text: text}}
	}
	nan := math.NaN()
	want := []sheet.Observation{
		{
			Line: 2,
			Query: match.Query{
				Reads: []match.Read{
					read(index.KindVIN, "", " 1hgcm82633a004352 "),
					read(index.KindPlate, "FR", "AB-123-CD"),
					read(index.KindEngine, "", "E1"),
					read(index.KindDocument, "GB", "D1"),
				},
				Claim: match.Claim{Make: "Honda", ModelYear: 2003, Country: "US", Type: index.Car, Colour: "silver"},
			},
			SeenAt: time.Date(2025, 6, 14, 8, 0, 0, 0, time.UTC), Lat: 50.9678, Lon: -1.8623, Place: "Calais,\nport",
		},
		{
			Line: 4, Query: match.Query{Reads: []match.Read{read(index.KindVIN, "", "???")}},
			SeenAt: time.Date(2025, 6, 14, 0, 0, 0, 0, time.UTC), Lat: nan, Lon: nan,
		},
		{
			Line: 5, Query: match.Query{Claim: match.Claim{Make: "Honda"}}, Lat: nan, Lon: nan,
			Problems: []sheet.Problem{{Line: 5, Reason: "no number in the row"}},
		},
		{
			Line: 6, Query: match.Query{Reads: []match.Read{read(index.KindVIN, "", honda)}}, Lat: nan, Lon: nan,
			Problems: []sheet.Problem{
				{Line: 6, Column: "model_year", Reason: "not a year"},
				{Line: 6, Column: "country", Reason: "not a country"},
				{Line: 6, Column: "seen_at", Reason: "not a date, want YYYY-MM-DD or RFC 3339"},
				{Line: 6, Column: "lat", Reason: "not an angle in degrees"},
				{Line: 6, Column: "lon", Reason: "not an angle in degrees"},
			},
		},
		{Line: 7, Lat: nan, Lon: nan, Problems: []sheet.Problem{{Line: 7, Reason: "a quote is opened and never closed"}}},
		{Line: 8, Query: match.Query{Reads: []match.Read{read(index.KindVIN, "", "\xff"+honda)}}, Lat: nan, Lon: nan},
	}
	got, err := readObservations(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, compareValues); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestNumbers(t *testing.T) {
	n, err := sheet.OpenNumbers(strings.NewReader("Text,KIND\n 1 , Plate \n\"a\nb\"\n,\n\"x\ny,\xff\n"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		sheet.Number
		Bad string
	}
	var got []row
	for num, err := range n.All() {
		if err != nil {
			t.Fatal(err)
		}
		r := row{Number: num}
		if num.Bad != nil {
			r.Bad, r.Number.Bad = num.Bad.Error(), nil
		}
		got = append(got, r)
	}
	want := []row{
		{Number: sheet.Number{Line: 2, Kind: "Plate", Text: " 1 "}},
		{Number: sheet.Number{Line: 3, Text: `"a`}, Bad: "a quote is opened and never closed"},
		{Number: sheet.Number{Line: 4, Text: `b"`}},
		{Number: sheet.Number{Line: 5}},
		{Number: sheet.Number{Line: 6, Text: `"x`}, Bad: "a quote is opened and never closed"},
		{Number: sheet.Number{Line: 7, Kind: "\xff", Text: "y"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// An error of the source ends the sheet after what stands before it.
func TestSourceFails(t *testing.T) {
	broken := errors.New("broken")
	source := func() io.Reader {
		return io.MultiReader(strings.NewReader("vin,text\n"+honda+",\n"+honda), iotest.ErrReader(broken))
	}
	o, err := sheet.OpenObservations(source())
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	var got error
	for _, err := range o.All() {
		if err == nil {
			rows++
		} else {
			got = err
		}
	}
	if rows != 1 || !errors.Is(got, broken) {
		t.Errorf("observations: %d rows, error %v; want 1 and that of the source", rows, got)
	}

	r, err := sheet.OpenRegister(source())
	if err != nil {
		t.Fatal(err)
	}
	rows, got = 0, nil
	for _, err := range r.Records(func(p sheet.Problem) { t.Error(p) }) {
		if err == nil {
			rows++
		} else {
			got = err
		}
	}
	if rows != 1 || !errors.Is(got, broken) {
		t.Errorf("register: %d rows, error %v; want 1 and that of the source", rows, got)
	}

	if _, err := sheet.OpenNumbers(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("header: got %v, want the error of the source", err)
	}
}
