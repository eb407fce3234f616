package vin_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

// readCases returns the rows of the case file by column name.
func readCases(tb testing.TB) []map[string]string {
	tb.Helper()
	f, err := os.Open("testdata/vin_cases.csv")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var rows []map[string]string
	for _, rec := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = rec[i]
		}
		rows = append(rows, row)
	}
	if len(rows) < 260 {
		tb.Fatalf("the case file has %d rows", len(rows))
	}
	return rows
}

// disagreed are the years in the case file that this package does not give,
// with the reason. Both columns of the file are arithmetic on positions 10 and
// 7, whoever the maker is.
var disagreed = map[string]struct {
	years string // candidates, if others
	year  int    // preferred
	why   string
}{
	"WF0KXXGCBKBJ13223": {"1981|2011", 0, "Ford of Europe has the year at position 11 (the row's own note)"},
	"WF0PXXGCDP8K23759": {"2008", 2008, "the same"},
	"6FPAAAJGAT4Z00001": {"2004", 2004, "Ford Australia has it there too (tests of idlesign/vininfo)"},

	// 49 CFR 565.15(b): position 7 tells the cycle on passenger cars, and on
	// multipurpose vehicles and trucks of 4,536 kg or less.
	"1FVACYDC39HAJ2405": {"", 2009, "an incomplete heavy truck; the other year, 2039, is far ahead"},
	"1M8GDM9A1KP042788": {"", 0, "a bus"},
	"1M8GDM9AyKP042788": {"", 0, "a bus"},
	"1FBNE3BE1CDB23596": {"", 0, "a bus"},
	"1XPBDK9X1LD708195": {"", 0, "a heavy truck"},
	"36JFM6U57VWJE6400": {"", 0, "maker unknown, so the type is"},
	"3EA4ZN5H9CKJU9042": {"", 0, "the same"},
	"200BL8EV9AX604020": {"", 0, "the same"},
}

func TestCases(t *testing.T) {
	for _, c := range readCases(t) {
		in := c["input"]
		v, err := vin.Parse(in)
		if got := strconv.FormatBool(err == nil); got != c["expect_valid_chars"] {
			t.Errorf("%s: Parse: %v", in, err)
		}
		if err != nil {
			continue
		}
		if got := strconv.FormatBool(v.CheckDigitOK()); got != c["expect_checkdigit_ok"] {
			t.Errorf("%s: CheckDigitOK = %s", in, got)
		}
		if got := string(v.ComputeCheckDigit()); got != c["expected_check_digit"] {
			t.Errorf("%s: ComputeCheckDigit = %s, want %s", in, got, c["expected_check_digit"])
		}
		info := v.Decode()
		if info.CountryName != c["country"] || info.Manufacturer != c["manufacturer"] {
			t.Errorf("%s: %q, %q, want %q, %q", in, info.CountryName, info.Manufacturer, c["country"], c["manufacturer"])
		}

		d, differs := disagreed[in]
		years := c["model_years"]
		if d.years != "" {
			years = d.years
		}
		if got := join(info.ModelYears()); got != years {
			t.Errorf("%s: model years %s, want %s", in, got, years)
		}
		if rule := c["model_year_us_pos7_rule"]; differs {
			if info.ModelYear != d.year {
				t.Errorf("%s: model year %d, want %d: %s", in, info.ModelYear, d.year, d.why)
			}
			if strconv.Itoa(d.year) == rule && d.years == "" {
				t.Errorf("%s stands in disagreed without need", in)
			}
		} else if rule != "" && strconv.Itoa(info.ModelYear) != rule {
			t.Errorf("%s: model year %d by %s, want %s", in, info.ModelYear, info.YearReason, rule)
		}
		if peer := c["peer_year"]; info.YearReason == vin.YearPosition7 && peer != "" && strconv.Itoa(info.ModelYear) != peer {
			t.Errorf("%s: model year %d by position 7, others say %s", in, info.ModelYear, peer)
		}
	}
}

func join(years []int) string {
	var s []string
	for _, y := range years {
		s = append(s, strconv.Itoa(y))
	}
	return strings.Join(s, "|")
}

func TestDecode(t *testing.T) {
	type want struct {
		WMI, Manufacturer, Type                   string
		Country, CountryName, Legacy, Region      string
		Years                                     []int
		Year                                      int
		Reason, Plant, Serial, Frame, Rule, Makes string
		Remarks                                   []string
	}
	tests := []struct {
		in   string
		want want
		why  string
	}{
		{"1HGCM82633A004352", want{
			"1HG", "AMERICAN HONDA MOTOR CO., INC.", "Car", "US", "United States", "", "North America",
			[]int{2003},
			2003, "position 7", "A", "004352", "", "required", "Honda", nil,
		}, "nothing to remark"},
		{"1A9AA00A2XW013001", want{
			"1A9013", "AMERICAN SKIER BOAT CORPORATION", "Trailer", "US", "United States", "", "North America",
			[]int{1999, 2029},
			0, "unknown", "W", "001", "", "required", "American Skier", nil,
		}, "small maker, trailer"},
		{"W09AA00AXAWA24001", want{
			"W09A24", "AUWAERTER-ANHAENGER UND AUFBAUTEN GMBH & CO. KG", "Trailer", "DE", "Germany", "", "Europe",
			[]int{1980, 2010},
			0, "unknown", "W", "001", "", "customary", "AUWAERTER-ANHAENGER UND AUFBAUTEN GMBH & CO. KG", nil,
		}, "small maker of Europe"},
		{"1F9AA00A2XWZZZ001", want{
			"1F9", "Seagrave", "", "US", "United States", "", "North America",
			[]int{1999, 2029},
			0, "unknown", "W", "001", "", "required", "", nil,
		}, "small maker that only the bare code tells"},
		{"1A9AA00A0XWZZZ001", want{
			"1A9", "", "", "US", "United States", "", "North America",
			[]int{1999, 2029},
			0, "unknown", "W", "001", "", "required", "",
			[]string{"unknown_wmi"},
		}, "small maker that nothing tells"},
		{"WVWZZZ1KZAW612305", want{
			"WVW", "VOLKSWAGEN AG", "Car", "DE", "Germany", "", "Europe",
			[]int{1980, 2010},
			0, "unknown", "W", "612305", "", "none", "Volkswagen", nil,
		}, "built for Europe"},
		{"W1N2476871W240290", want{
			"W1N", "MERCEDES-BENZ, AG", "MPV", "DE", "Germany", "", "Europe",
			[]int{2001},
			0, "unknown", "W", "240290", "", "none", "Mercedes-Benz",
			[]string{"no_year_code"},
		}, "the steering side, not 2001"},
		{"VF1RJK00170468036", want{
			"VF1", "RENAULT GROUP", "Car", "FR", "France", "", "Europe",
			[]int{2007},
			0, "unknown", "", "468036", "", "none", "Eagle|Renault",
			[]string{"no_year_code"},
		}, "a serial number of eight digits, not 2007"},
		{"VF7AAKFVB38402498", want{
			"VF7", "Citroën", "", "FR", "France", "", "Europe",
			[]int{2003},
			0, "unknown", "", "402498", "", "none", "",
			[]string{"no_year_code"},
		}, "the same of Citroën, built in 2008"},
		{"VR7EFYHT2PJ708414", want{
			"VR7", "Citroën", "", "FR", "France", "", "Europe",
			[]int{1993, 2023},
			0, "unknown", "J", "708414", "", "none", "", nil,
		}, "a name beyond ASCII"},
		{"WBA71DC010CH14720", want{
			"WBA", "BMW AG", "Car", "DE", "Germany", "", "Europe",
			nil, 0, "unknown", "C", "H14720", "", "customary", "BMW",
			[]string{"no_year_code"},
		}, "0 for the year"},
		{"WF0KXXGCBKBJ13223", want{
			"WF0", "FORD WERKE AG", "Car", "DE", "Germany", "", "Europe",
			[]int{1981, 2011},
			0, "unknown", "", "J13223", "", "none", "Ford", nil,
		}, "the year at 11"},
		{"WF0DP3TH7G4100001", want{
			"WF0", "FORD WERKE AG", "Car", "DE", "Germany", "", "Europe",
			[]int{1986, 2016},
			0, "unknown", "4", "100001", "", "customary", "Ford", nil,
		}, "the same maker's form for North America: the year at 10"},
		{"WF0KXXGC0KBJ13223", want{
			"WF0", "FORD WERKE AG", "Car", "DE", "Germany", "", "Europe",
			[]int{1981, 2011},
			0, "unknown", "", "J13223", "", "customary", "Ford", nil,
		}, "the European form, though its check sum computes"},
		{"VX1AAAAAAAA000001", want{
			"VX1", "SOUR ZAVODI CRVENA ZASTAVA dba Yugo America, Inc.", "Car", "FR", "France", "Serbia", "Europe",
			[]int{1980, 2010},
			0, "unknown", "A", "000001", "", "none", "YUGO",
			[]string{"reassigned_country"},
		}, "a code that changed hands"},
		{"BPW309DY4BRML7951", want{
			"BPW", "", "", "", "", "Tanzania", "Africa",
			[]int{1981, 2011},
			0, "unknown", "R", "ML7951", "", "none", "",
			[]string{"unknown_wmi", "unknown_country", "reassigned_country"},
		}, "a code withdrawn"},
		{"GVWZZZ1KZ6W612305", want{
			"GVW", "", "", "", "", "", "",
			[]int{2006},
			0, "unknown", "W", "612305", "", "none", "",
			[]string{"unknown_wmi", "unknown_country"},
		}, "nothing known: not even that 6 is a year"},
		{"6U90000PV35400637", want{
			"6U9", "Imported used vehicle (Australia)", "",
			"AU", "Australia", "", "Oceania",
			nil, 0, "unknown", "", "400637", "PV35400637", "none", "",
			[]string{"no_year_code", "embedded_frame"},
		}, "Australian number of a Japanese import"},
		{"1VTAZ3NR1UZA70835", want{
			"1VT", "", "", "US", "United States", "", "North America",
			nil, 0, "unknown", "Z", "A70835", "", "required", "",
			[]string{"impossible_year", "unknown_wmi"},
		}, "U is no year"},
		{"1M8GDM9AYKP04A788", want{
			"1M8", "MOTOR COACH INDUSTRIES, INC.", "Bus", "US", "United States", "", "North America",
			[]int{1989, 2019},
			0, "unknown", "P", "04A788", "", "required", "Motor Coach Industries",
			[]string{"check_mismatch", "no_check_symbol", "lettered_tail"},
		}, "no check symbol, a letter among the last four"},
		{"00042512110000705", want{
			"000", "", "", "", "", "", "",
			[]int{2001},
			0, "unknown", "", "000705", "", "none", "",
			[]string{"no_year_code", "unknown_wmi", "unknown_country", "zero_padded"},
		}, "a number from before 1981"},
		{"XXXXXXXXXXXXXXXXX", want{
			"XXX", "", "", "LU", "Luxembourg", "", "Europe",
			[]int{1999, 2029},
			0, "unknown", "X", "XXXXXX", "", "none", "",
			[]string{"unknown_wmi", "lettered_tail", "placeholder"},
		}, "17 times the same"},
	}
	for _, tt := range tests {
		i := vin.MustParse(tt.in).Decode()
		got := want{
			i.WMI.String(), i.Manufacturer, i.VehicleType, i.Country, i.CountryName, i.LegacyCountry, i.Region,
			i.ModelYears(), i.ModelYear, i.YearReason.String(), "", i.Serial(), i.Frame(), i.CheckRule.String(),
			strings.Join(i.Makes(), "|"), i.Remarks.Strings(),
		}
		if i.Plant != 0 {
			got.Plant = string(i.Plant)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (%s): (-want +got)\n%s", tt.in, tt.why, diff)
		}
	}
}

func TestModelYear(t *testing.T) {
	tests := []struct {
		in       string
		reported int
		want     int
		reason   vin.YearReason
		why      string
	}{
		{"1C6RJTBG8TL161612", 0, 2026, vin.YearPosition7, "light truck, letter at 7"},
		{"1C6RJTBG8TL161612", 1996, 2026, vin.YearPosition7, "the law over the paper"},
		{"1J4GZB8S1TY103658", 0, 1996, vin.YearPosition7, "multipurpose vehicle, digit at 7"},
		{"1HGBH41JXMN109186", 0, 1991, vin.YearPosition7, "digit at 7"},
		{"7SAXCAE50NF344293", 0, 2022, vin.YearPosition7, "the part of 7 that was never New Zealand's"},
		{"1GKEV13728J123735", 0, 2008, vin.YearPosition7, "digit at 7 and in the year"},
		{"1GKEV1CD28J123735", 0, 2008, vin.YearOnlyCandidate, "letter at 7, but 2038 is no candidate"},
		{"1HD1BX51XWY012345", 0, 0, vin.YearUnknown, "motorcycle"},
		{"1HD1BX51XWY012345", 1998, 1998, vin.YearReported, "motorcycle, paper"},
		{"1HD1BX51X5Y012345", 0, 2005, vin.YearOnlyCandidate, "motorcycle, one year only"},
		{"1XPBDK9X1LD708195", 2020, 2020, vin.YearReported, "heavy truck, paper"},
		{"JTDACACU8T3062569", 0, 0, vin.YearUnknown, "Japan: no rule for 7"},
		{"JTDACACU8T3062569", 2026, 2026, vin.YearReported, "Japan, paper"},
		{"JTDACACU8T3062569", 2025, 0, vin.YearUnknown, "a paper that contradicts"},
		{"JTDACACU8T3062569", -1, 0, vin.YearUnknown, "nonsense"},
		{"JTDJT123850075562", 0, 2005, vin.YearOnlyCandidate, "Japan, one year only"},
		{"LRWYGDEE1PC010116", 0, 0, vin.YearUnknown, "China: no rule for 7"},
		{"WAUZZZ8E05A410409", 0, 2005, vin.YearOnlyCandidate, "Europe, a maker that codes years"},
		{"W1V44770513858498", 2001, 0, vin.YearUnknown, "no year code for the paper to choose from"},
		{"JTEHT05J0Y2000001", 0, 0, vin.YearUnknown, "2000 or 2030, the last of all"},
		{"1HGBH41J0YN109186", 0, 2000, vin.YearPosition7, "2000"},
		{"1HGBH4AJ0YN109186", 0, 2030, vin.YearPosition7, "the last year"},
	}
	for _, tt := range tests {
		i := vin.MustParse(tt.in).DecodeWithYear(tt.reported)
		if i.ModelYear != tt.want || i.YearReason != tt.reason {
			t.Errorf("%s reported %d (%s): %d by %v, want %d by %v",
				tt.in, tt.reported, tt.why, i.ModelYear, i.YearReason, tt.want, tt.reason)
		}
	}
}

// Table VII of 49 CFR 565.15, which ends with 2039.
func TestYearCodes(t *testing.T) {
	const table7 = "ABCDEFGHJKLMNPRSTVWXY123456789" // 1980 and on, 2010 and on
	for _, c := range []byte(symbols) {
		var want []int
		for y := 1980; y <= vin.LastModelYear; y++ {
			if table7[(y-1980)%30] == c {
				want = append(want, y)
			}
		}
		b := vin.MustParse("JTDACACU8T3062569").Bytes()
		b[9] = c
		v, _ := vin.FromBytes(b)
		if diff := cmp.Diff(want, v.Decode().ModelYears()); diff != "" {
			t.Errorf("code %c: (-want +got)\n%s", c, diff)
		}
		b[0] = '4'
		v, _ = vin.FromBytes(b)
		if got := v.Decode().Remarks.Has(vin.ImpossibleYear); got != (want == nil) {
			t.Errorf("code %c in the United States: impossible = %t", c, got)
		}
	}
	for r, want := range map[vin.YearReason]string{
		vin.YearUnknown: "unknown", vin.YearPosition7: "position 7", vin.YearReported: "reported",
		vin.YearOnlyCandidate: "only candidate", 9: "YearReason(?)",
	} {
		if got := r.String(); got != want {
			t.Errorf("YearReason(%d) = %q, want %q", uint8(r), got, want)
		}
	}
}

func TestFrame(t *testing.T) {
	if got := (vin.VIN{}).Frame(); got != "" {
		t.Errorf("the zero VIN has the frame number %q", got)
	}
	tests := []struct{ in, want, why string }{
		{"6U90000PV35400637", "PV35400637", "Nissan"},
		{"6U9000EC5A0000546", "EC5A0000546", "Mitsubishi, seven digits"},
		{"6U90JZX1000012345", "JZX1000012345", "Toyota, a single zero to fill"},
		{"6U900000000AB1234", "AB1234", "the shortest"},
		{"6U9000000000A1234", "", "shorter"},
		{"6U9JZX10000012345", "", "nothing filled: cannot be told from a maker's own form"},
		{"6U900000000000000", "", "zeros only"},
		{"6U90000123456789A", "", "no serial number at the end"},
		{"6U90000123456789P", "", "begins with a digit"},
		{"7A80000PV35400637", "PV35400637", "New Zealand"},
		{"7A80H63WX10005902", "", "New Zealand's later form: only the end of the frame number"},
		{"7AT0H63WX10005902", "", "the same"},
		{"1HG0000PV35400637", "", "another code"},
	}
	for _, tt := range tests {
		v := vin.MustParse(tt.in)
		i := v.Decode()
		if got := i.Frame(); got != tt.want || i.Remarks.Has(vin.EmbeddedFrame) != (tt.want != "") {
			t.Errorf("%s (%s): Frame = %q, want %q; remarks %v", tt.in, tt.why, got, tt.want, i.Remarks)
		}
		if got := v.Frame(); got != tt.want {
			t.Errorf("%s (%s): Frame of the VIN = %q, want %q", tt.in, tt.why, got, tt.want)
		}
	}
}

func TestRemarks(t *testing.T) {
	tests := []struct {
		in     string
		remark vin.Remarks
		want   bool
		why    string
	}{
		{"1HGCM82633A004353", vin.CheckMismatch, true, "required, wrong"},
		{"1HGCM82633A004352", vin.CheckMismatch, false, "required, right"},
		{"JH4KA7532PC000000", vin.CheckMismatch, false, "customary"},
		{"VR7EFYHT2PJ708414", vin.CheckMismatch, false, "not used"},
		{"LRW3E7FA6NC544804", vin.CheckMismatch, true, "China"},
		{"WVWZZZ1KZAW612305", vin.NoCheckSymbol, false, "not used"},
		{"1HGCM826Z3A004352", vin.NoCheckSymbol, true, "required"},
		{"1HGCM8263UA004352", vin.ImpossibleYear, true, "U"},
		{"1HGCM8263ZA004352", vin.ImpossibleYear, true, "Z"},
		{"1HGCM82630A004352", vin.ImpossibleYear, true, "0"},
		{"LRWYGDEE10C010116", vin.ImpossibleYear, true, "China"},
		{"SJNFAAJ10U2123456", vin.ImpossibleYear, false, "Europe need not say"},
		{"SJNFAAJ10U2123456", vin.NoYearCode, true, "and does not"},
		{"1HGCM82633AA04352", vin.LetteredTail, false, "position 12 of a car"},
		{"1HGCM82633A0A4352", vin.LetteredTail, true, "position 13 of a car"},
		{"1FVACYDC39HAJ2405", vin.LetteredTail, false, "position 13 of a heavy truck"},
		{"WVWZZZ1KZAW6A2305", vin.LetteredTail, false, "position 13 in Europe"},
		{"WVWZZZ1KZAW61A305", vin.LetteredTail, true, "position 14 in Europe"},
		{"1A9AA00AXXW01A001", vin.LetteredTail, false, "position 14 of a small maker"},
		{"1A9AA00AXXW013A01", vin.LetteredTail, true, "position 15 of a small maker"},
		{"00000000000000000", vin.Placeholder, true, "17 zeros"},
		{"00000000000000000", vin.ZeroPadded, false, "nothing is padded"},
		{"ZZZZZZZZZZZZZZZZZ", vin.Placeholder, true, "17 letters"},
		{"12345678901234567", vin.Placeholder, true, "counts up"},
		{"01234567890123456", vin.Placeholder, true, "counts up from zero"},
		{"12345678901234568", vin.Placeholder, false, "nearly"},
		{"11111111111111112", vin.Placeholder, false, "nearly"},
		{"JSA12345678901234", vin.Placeholder, false, "a maker in front"},
		{"00000000000000001", vin.ZeroPadded, true, "one digit"},
		{"01HGCM82633A00435", vin.ZeroPadded, false, "one zero may be a misread"},
	}
	for _, tt := range tests {
		if got := vin.MustParse(tt.in).Decode().Remarks.Has(tt.remark); got != tt.want {
			t.Errorf("%s (%s): %v = %t", tt.in, tt.why, tt.remark, got)
		}
	}
}

func TestRemarksSet(t *testing.T) {
	names := []string{
		"check_mismatch", "no_check_symbol", "impossible_year", "no_year_code", "unknown_wmi",
		"unknown_country", "reassigned_country", "lettered_tail", "placeholder", "zero_padded",
		"embedded_frame",
	}
	all := vin.EmbeddedFrame<<1 - 1
	if diff := cmp.Diff(names, all.Strings()); diff != "" {
		t.Errorf("the names have changed: (-want +got)\n%s", diff)
	}
	var got []string
	for r := range all.All() {
		got = append(got, r.String())
		if !all.Has(r) || (all &^ r).Has(r) {
			t.Errorf("Has(%v) is wrong", r)
		}
		if len(got) == 5 {
			break
		}
	}
	if diff := cmp.Diff(names[:5], got); diff != "" {
		t.Errorf("All: (-want +got)\n%s", diff)
	}
	if s := (vin.CheckMismatch | vin.UnknownWMI).String(); s != "check_mismatch unknown_wmi" {
		t.Errorf("String = %q", s)
	}
	if none := vin.Remarks(0); none.Strings() != nil || none.String() != "" || none.Has(all) {
		t.Errorf("no remarks: %q", none.Strings())
	}
}

func TestHasMake(t *testing.T) {
	tests := []struct {
		in, name string
		want     bool
		why      string
	}{
		{"1C6RR7LT2JS179571", "Ram", true, "one of several"},
		{"1C6RR7LT2JS179571", "dodge", true, "the first, lower case"},
		{"1C6RR7LT2JS179571", "LANCIA", true, "the last, upper case"},
		{"1C6RR7LT2JS179571", "Ra", false, "the beginning of one"},
		{"1C6RR7LT2JS179571", "Fiat|Ram", false, "the separator"},
		{"1C6RR7LT2JS179571", "", false, "no name"},
		{"1C6RR7LT2JS179571", "fca us llc", true, "the manufacturer"},
		{"VR7EFYHT2PJ708414", "CITROËN", true, "beyond ASCII, where no makes are listed"},
		{"VR7EFYHT2PJ708414", "", false, "no name and no makes"},
		{"GVWZZZ1KZ6W612305", "Volkswagen", false, "unknown maker"},
	}
	for _, tt := range tests {
		if got := vin.MustParse(tt.in).Decode().HasMake(tt.name); got != tt.want {
			t.Errorf("%s: HasMake(%q) = %t: %s", tt.in, tt.name, got, tt.why)
		}
	}
}

// Decode is asked for any 17 symbols; each answer must hang together.
func TestDecodeAnything(t *testing.T) {
	for _, v := range randomVINs(20_000) {
		for _, reported := range []int{0, 1999, 2012} {
			i := v.DecodeWithYear(reported)
			text := v.String()
			years := i.ModelYears()
			switch {
			case i.ModelYear != 0 && !slices.Contains(years, i.ModelYear),
				(i.ModelYear == 0) != (i.YearReason == vin.YearUnknown),
				!slices.IsSorted(years) || len(years) > 2,
				!strings.HasPrefix(text, i.WMI.String()[:3]),
				!strings.HasSuffix(text, i.Serial()) || !strings.HasSuffix(text, i.Frame()),
				(i.Manufacturer == "") != i.Remarks.Has(vin.UnknownWMI),
				(i.Country == "") != i.Remarks.Has(vin.UnknownCountry),
				i.CheckRule != v.CheckRule(),
				i.Remarks.Has(vin.ImpossibleYear) && i.ModelYear != 0:
				t.Fatalf("%s reported %d: %+v", text, reported, i)
			}
		}
	}
}
