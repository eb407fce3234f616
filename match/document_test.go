package match_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

func TestDocumentCheck(t *testing.T) {
	claim := func(c match.Claim) match.Document { return match.Document{Claim: c} }
	const (
		renault = "VF1RJK00170468036" // no plant, no year
		chinese = "LSVAA49J132012345"
		small   = "1A9BC12346F123456"
	)
	for _, tt := range []struct {
		vin  string
		doc  match.Document
		want string // codes and grades
		why  string
	}{
		{accord, match.Document{}, "", "nothing is said"},
		{"", claim(match.Claim{Make: "BMW"}), "", "no VIN"},
		{"11111111111111111", claim(match.Claim{Make: "BMW"}), "placeholder doubt", "nothing to compare"},
		{accord, match.Document{Claim: match.Claim{Make: "Honda", ModelYear: 2003, Country: "USA", Type: index.Car}, Plant: "a", Serial: "004352"}, "", "all fits"},

		{accord, claim(match.Claim{Make: "BMW"}), "claim_make conflict", "none of the maker's makes"},
		{accord, claim(match.Claim{ModelYear: 2004}), "claim_model_year note", "first registered the year after"},
		{accord, claim(match.Claim{ModelYear: 1998}), "claim_model_year conflict", "the law demands the code"},
		{golf, claim(match.Claim{ModelYear: 1998}), "claim_model_year doubt", "a custom"},
		{renault, claim(match.Claim{ModelYear: 1998}), "", "the number has no year"},
		{accord, claim(match.Claim{Country: "D"}), "claim_country doubt", "the maker's seat"},
		{accord, claim(match.Claim{Country: "XX"}), "", "no country"},
		{accord, claim(match.Claim{Type: index.Motorcycle}), "claim_type doubt", "another machine"},
		{
			accord, claim(match.Claim{Make: "BMW", ModelYear: 1998, Country: "D", Type: index.Motorcycle}),
			"claim_make conflict, claim_model_year conflict, claim_country doubt, claim_type doubt", "nothing fits",
		},

		{"1HGCM82633A0B4352", match.Document{}, "serial_form doubt", "a car's last five"},
		{"1HGCM82633AB04352", match.Document{}, "", "the sixth from the end is free"},
		{"1HGCM82633A00435X", match.Document{}, "serial_form doubt", "the last one"},
		{"1HDBV82633A0B4352", match.Document{}, "", "a motorcycle's last four"},
		{"1HDBV82633A00B352", match.Document{}, "serial_form doubt", "a motorcycle's last four"},
		{"1ZZCM82633A0B4352", match.Document{}, "", "an unknown maker of who knows what"},
		{"1ZZCM82633A0B4352", claim(match.Claim{Type: index.Car}), "serial_form doubt", "of a car, as the paper says"},
		{"WVWZZZ1JZ3W3867S2", match.Document{}, "serial_form note", "ISO 3779"},
		{"WVWZZZ1JZ3WB86752", claim(match.Claim{Type: index.Car}), "", "two symbols before the last four are free"},
		{"LSVAA49J132A1234S", match.Document{}, "serial_form doubt", "China"},
		{"LSVAA49J132A12345", match.Document{}, "", "China, a letter at 12"},
		{small, match.Document{}, "", "a small maker's code stands at 12 to 14"},
		{"1A9BC12346FABC456", match.Document{}, "", "a small maker's last three"},
		{"1A9BC12346FABCD56", match.Document{}, "serial_form doubt", "a small maker's last three"},

		{accord, match.Document{Plant: "L"}, "claim_plant doubt", "the law demands the symbol"},
		{golf, match.Document{Plant: "E"}, "claim_plant note", "the maker need not give it"},
		{golf, match.Document{Plant: " w "}, "", "as it stands there"},
		{renault, match.Document{Plant: "1"}, "claim_plant note", "no plant in this form"},
		{chinese, match.Document{Plant: "9"}, "claim_plant doubt", "China"},
		{accord, match.Document{Plant: "Marysville"}, "claim_plant doubt", "a name is no symbol"},

		{accord, match.Document{Serial: "4352"}, "", "its end"},
		{accord, match.Document{Serial: "00 4352"}, "", "in groups"},
		{accord, match.Document{Serial: "00004352"}, "", "filled up"},
		{accord, match.Document{Serial: accord}, "", "the whole VIN"},
		{accord, match.Document{Serial: "004353"}, "claim_serial conflict", "another"},
		{accord, match.Document{Serial: "0"}, "claim_serial conflict", "a zero is no end of it"},
		{accord, match.Document{Serial: "--"}, "", "nothing"},
		{small, match.Document{Serial: "456"}, "", "a small maker's"},
		{small, match.Document{Serial: "457"}, "claim_serial conflict", "a small maker's"},
	} {
		var v vin.VIN
		if tt.vin != "" {
			v = vin.MustParse(tt.vin)
		}
		var got []string
		for _, r := range tt.doc.Check(v) {
			got = append(got, fmt.Sprint(r.Code, " ", r.Grade))
			if r.Read != -1 || r.Text == "" || strings.Contains(r.Text, tt.vin) {
				t.Errorf("%s: remark %+v", tt.why, r)
			}
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s, %+v: got %q, want %q (%s)", tt.vin, tt.doc, s, tt.want, tt.why)
		}
	}
}

// A query with a claim remarks on the form of the serial number too.
func TestQuerySerialForm(t *testing.T) {
	m := register(t)
	q := read(index.KindVIN, "1HGCM82633A0B4352")
	has := func() bool {
		for _, r := range ask(t, m, q).Remarks {
			if r.Code == match.RemarkSerialForm {
				return true
			}
		}
		return false
	}
	if has() {
		t.Error("remarked on without a paper")
	}
	q.Claim.Type = index.Car
	if !has() {
		t.Error("not remarked on")
	}
}

// A build plate in a car names another plant and another serial number than its
// VIN.
func ExampleDocument_Check() {
	paper := match.Document{
		Claim:  match.Claim{Make: "Honda", ModelYear: 2003},
		Plant:  "L",
		Serial: "004353",
	}
	for _, r := range paper.Check(vin.MustParse("1HGCM82633A004352")) {
		fmt.Println(r.Code, r.Grade, r.Text)
	}
	// Output:
	// claim_plant doubt paper says plant L, position 11 of the VIN is A
	// claim_serial conflict paper gives another serial number than the last 6 symbols of the VIN
}
