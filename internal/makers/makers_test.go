package makers_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/internal/makers"
)

const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// readRows returns the records of a source list by column name.
func readRows(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("gen/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, rec := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = rec[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func sourceMakers(t *testing.T) map[string]makers.Maker {
	m := map[string]makers.Maker{}
	for _, r := range append(readRows(t, "wmi.csv.gz"), readRows(t, "more.csv")...) {
		m[r["wmi"]] = makers.Maker{
			Name: r["manufacturer"], Makes: r["makes"], Type: r["vehicle_type"],
			NorthAmerica: r["source"] == "vpic",
		}
	}
	if len(m) < 13_587 {
		t.Fatalf("the source has %d codes, want 13,587", len(m))
	}
	return m
}

// Every code of three symbols, known or not.
func TestFindAgainstMap(t *testing.T) {
	want := sourceMakers(t)
	found := 0
	for _, a := range []byte(symbols) {
		for _, b := range []byte(symbols) {
			for _, c := range []byte(symbols) {
				got, ok := makers.Find(a, b, c)
				w, wantOK := want[string([]byte{a, b, c})]
				w.Light = got.Light // has a test beside the generator
				if ok != wantOK || got != w {
					t.Fatalf("Find(%q) = %+v, %t\nwant %+v, %t", []byte{a, b, c}, got, ok, w, wantOK)
				}
				if ok {
					found++
				}
			}
		}
	}
	if found != 3945 {
		t.Errorf("found %d codes of three symbols, want 3,945", found)
	}
}

// Every small maker, and around each all codes that differ in one symbol.
func TestFindSmallAgainstMap(t *testing.T) {
	want := sourceMakers(t)
	found := 0
	for code := range want {
		if len(code) != 6 {
			continue
		}
		found++
		for i := range code {
			for _, c := range []byte(symbols) {
				near := []byte(code)
				if near[i] = c; i == 2 {
					near[i] = '9'
				}
				got, ok := makers.FindSmall(near[0], near[1], [3]byte(near[3:]))
				w, wantOK := want[string(near)]
				w.Light = got.Light
				if ok != wantOK || got != w {
					t.Fatalf("FindSmall(%q) = %+v, %t\nwant %+v, %t", near, got, ok, w, wantOK)
				}
			}
		}
	}
	if found != 9642 {
		t.Errorf("the source has %d codes of six symbols, want 9,642", found)
	}
}

// A name is no note of those who made the lists.
func TestNames(t *testing.T) {
	for code, m := range sourceMakers(t) {
		name := strings.ToLower(m.Name)
		for _, note := range []string{`\`, "see note", "used for"} {
			if strings.Contains(name, note) {
				t.Errorf("%s: %q is a note", code, m.Name)
			}
		}
	}
	for code, want := range map[string]string{
		"VSK": "Nissan|Ford", "WDF": "Mercedes-Benz", "WMX": "Mercedes-Benz|Mercedes-AMG", "YAR": "Toyota",
	} {
		if m, _ := makers.Find(code[0], code[1], code[2]); m.Makes != want {
			t.Errorf("%s: makes %q, want %q", code, m.Makes, want)
		}
	}
}

func TestCountryOfAgainstRanges(t *testing.T) {
	const order = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890" // of ISO 3780
	want := map[string]makers.Country{}
	for _, r := range readRows(t, "iso3780_countries.csv.gz") {
		from, to := r["from"], r["to"]
		for i := strings.Index(order, from[1:]); i <= strings.Index(order, to[1:]); i++ {
			c := makers.Country{ISO2: r["iso2"], Name: r["country"], Legacy: r["legacy_or_alt_country"], Region: r["region"]}
			if r["basis"] == "legacy-table-only" {
				c = makers.Country{Legacy: r["country"], Region: r["region"]}
			}
			want[from[:1]+order[i:i+1]] = c
		}
	}
	for _, a := range []byte(symbols) {
		for _, b := range []byte(symbols) {
			got, ok := makers.CountryOf(a, b)
			w, wantOK := want[string([]byte{a, b})]
			if ok != wantOK || got != w {
				t.Errorf("CountryOf(%c%c) = %+v, %t, want %+v, %t", a, b, got, ok, w, wantOK)
			}
		}
	}
	for _, tt := range []struct {
		prefix string
		want   makers.Country
		why    string
	}{
		{"WV", makers.Country{"DE", "Germany", "", "Europe"}, "the whole first symbol"},
		{"VX", makers.Country{"FR", "France", "Serbia", "Europe"}, "reassigned"},
		{"7A", makers.Country{"US", "United States", "New Zealand", "North America"}, "reassigned"},
		{"BP", makers.Country{"", "", "Tanzania", "Africa"}, "withdrawn"},
		{"AZ", makers.Country{"CY", "Cyprus", "", "Africa"}, "a range from letters into digits"},
		{"A1", makers.Country{"CY", "Cyprus", "", "Africa"}, "its end"},
		{"GV", makers.Country{}, "never assigned"},
	} {
		got, _ := makers.CountryOf(tt.prefix[0], tt.prefix[1])
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (%s): (-want +got)\n%s", tt.prefix, tt.why, diff)
		}
	}
}

// The list of makers names each country too.
func TestMakersCountriesAgree(t *testing.T) {
	for _, r := range readRows(t, "wmi.csv.gz") {
		c, _ := makers.CountryOf(r["wmi"][0], r["wmi"][1])
		if c.Name != r["country"] {
			t.Errorf("%s: country %q, the list says %q", r["wmi"], c.Name, r["country"])
		}
	}
}

func TestNoSymbol(t *testing.T) {
	for c := range 256 {
		if strings.IndexByte(symbols, byte(c)) >= 0 {
			continue
		}
		b := byte(c)
		_, ok1 := makers.Find('1', 'H', b)
		_, ok2 := makers.Find(b, 'H', 'G')
		_, ok3 := makers.FindSmall('1', b, [3]byte{'0', '1', '3'})
		_, ok4 := makers.FindSmall('1', '0', [3]byte{'0', b, '3'})
		_, ok5 := makers.CountryOf(b, 'A')
		if ok1 || ok2 || ok3 || ok4 || ok5 {
			t.Errorf("byte %#x passes for a symbol", b)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		m, _ := makers.Find('1', 'H', 'G')
		s, _ := makers.FindSmall('1', '0', [3]byte{'0', '1', '3'})
		c, _ := makers.CountryOf('1', 'H')
		if m.Name == "" || s.Name == "" || c.Name == "" {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("lookups allocate %v times", n)
	}
}
