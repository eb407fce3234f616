package plate_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func TestParseCountry(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"GB", "GB"},
		{"gb", "GB"},
		{"GBR", "GB"},
		{"UK", "GB"},
		{"GBZ", "GI"},
		{"GBM", "IM"},
		{"D", "DE"},
		{"d", "DE"},
		{"DEU", "DE"},
		{"F", "FR"},
		{"Bih", "BA"},
		{"IRL", "IE"},
		{"RUS", "RU"},
		{"IND", "IN"},
		{"SLO", "SI"},
		{"SK", "SK"},
		{"UAE", "AE"},
		{"KSA", "SA"},
		{"HKJ", "JO"},
		{"RKS", "XK"},
		{"XK", "XK"},
		{"NMK", "MK"},
		// ISO wins over a sign: Spain not El Salvador, Brunei not Bahrain,
		// Romania not Uruguay, Sudan not Eswatini.
		{"ES", "ES"},
		{"BRN", "BN"},
		{"ROU", "RO"},
		{"SD", "SD"},
		{"", ""},
		{"QQ", ""},
		{"Q1", ""},
		{"ZZZ", ""},
		{"A!", ""},
		{"DEUT", ""},
		{" D", ""},
		{"D ", ""},
		{"DE ", ""},
		{"é", ""},
		{"@@", ""},
		{"`a", ""},
		{"\x00", ""},
	} {
		got, ok := plate.ParseCountry(tc.in)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("%q: got %q, %v, want %q", tc.in, got, ok, tc.want)
		}
	}
}

// TestEveryCode reads each code of the list that the table is made from.
func TestEveryCode(t *testing.T) {
	f, err := os.Open("gen/countries.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, row := range rows[1:] {
		for _, code := range append(strings.Fields(row[2]), row[0], row[1]) {
			want[code] = row[0]
		}
	}
	// All texts of one to three letters, so that nothing else is a country.
	var try func(prefix string)
	try = func(prefix string) {
		for c := 'A'; c <= 'Z'; c++ {
			code := prefix + string(c)
			if got, ok := plate.ParseCountry(code); got != want[code] || ok != (want[code] != "") {
				t.Errorf("%q: got %q, %v, want %q", code, got, ok, want[code])
			}
			if got, _ := plate.ParseCountry(strings.ToLower(code)); got != want[code] {
				t.Errorf("%q in lower case: got %q", code, got)
			}
			if len(code) < 3 {
				try(code)
			}
		}
	}
	try("")
}
