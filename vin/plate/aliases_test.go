package plate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func TestAliases(t *testing.T) {
	for _, tc := range []struct {
		why, country, raw string
		want              string // texts
	}{
		{"umlaut", "DE", "TÜ-AB 123", "TUEAB123"},
		{"spelled out by a foreign system", "DE", "TUE-AB 123", "TUAB123"},
		{"umlaut in the middle", "DE", "BÜD-A 1", "BUEDA1"},
		{"umlaut first", "DE", "ÜB-AB 12", "UEBAB12"},
		{"MÜN or MÜ, spelled the same", "DE", "MÜN-A 1", "MUENA1"},
		{"M-UA or MÜ-A", "DE", "M-UA 123", "MUEA123"},
		{"dealers have digits only", "DE", "TÜ-06123", "TUE06123"},
		{"electric", "DE", "GÖ-AB 12E", "GOEAB12E"},
		{"district without umlaut", "DE", "HH-AB 1234", ""},
		{"UE is Uelzen", "DE", "UE-AB 1", ""},
		{"serial too long for the district", "DE", "TUABC123", ""},
		{"no serial", "DE", "TU", ""},
		{"not in Austria", "AT", "TÜ-AB 123", ""},

		{"leading zeros added", "IN", "MH 1 AB 12", "MH01AB0012 MH01AB12 MH1AB0012"},
		{"leading zeros dropped", "IN", "MH 01 AB 0012", "MH01AB12 MH1AB0012 MH1AB12"},
		{"half", "IN", "MH 12 AB 012", "MH12AB0012 MH12AB12"},
		{"Delhi", "IN", "DL 1C AB 0012", "DL01CAB0012 DL01CAB12 DL1CAB12"},
		{"zero", "IN", "MH 12 AB 0000", "MH12AB0"},
		{"nothing to pad", "IN", "MH 12 AB 1234", ""},
		{"no series: cannot be split", "IN", "MH 12 1234", ""},
		{"Bharat series", "IN", "22 BH 1234 AA", ""},
		{"too long a number", "IN", "MH 1 AB 12345", ""},

		{"to Mercosul", "BR", "ABC-1234", "ABC1C34"},
		{"from Mercosul", "BR", "ABC1J34", "ABC1934"},
		{"K stands for no digit", "BR", "ABC1K34", ""},
		{"not Brazil's", "AR", "ABC1234", ""},

		{"digits first", "SA", "7653 TNJ", "TNJ7653"},
		{"letters first", "SA", "ح ن ط ٧", "7TNJ"},
		{"neither", "SA", "7T6", ""},
		{"digits only", "SA", "7653", ""},

		{"Latin letter of Morocco", "MA", "12345 A 6", "12345ا6"},
		{"Arabic letter of Morocco", "MA", "12345 هـ 6", "12345H6"},
		{"waw is E", "MA", "1و89", "1E89"},
		{"not a letter of the series", "MA", "12345 Q 6", ""},
		{"no region", "MA", "12345A", ""},

		{"Tunis in Latin", "TN", "123 TU 4567", "123تونس4567"},
		{"Tunis in Arabic", "TN", "123 تونس 4567", "123TU4567"},
		{"suspended duty", "TN", "RS 123456", "نت123456"},
		{"other letters", "TN", "123 TUN 4567", ""},

		{"without the province", "CN", "京A12345", "A12345"},
		{"traditional province", "CN", "粵B12345", "B12345"},
		{"not a province", "CN", "学A12345", ""},
		{"province alone", "CN", "京", ""},
		{"a place of Japan", "JP", "川崎500あ1", ""},

		{"Chinese without a country", "", "京A12345", "A12345"},
		{"Serbian, proven", "", "НС-123-АБ", "NS123AB"},
		{"Serbian by its shape", "", "СК 1234 АВ", "SK1234AV"},
		{"Latin of that shape", "", "CK 1234 AB", "SK1234AV"},
		{"no such shape", "", "ABC123", ""},
		{"a letter that Serbia lacks", "", "НС-123-АЯ", ""},
		{"a Latin letter that no Cyrillic one is like", "", "NS-123-AБ", ""},
		{"reads the same", "", "ЈО 123 МА", ""},
		{"Saudi without a country", "", "ح ن ط ٧٦٥٣", "TNJ7653"},
		{"Arabic of another country", "", "123 تونس 4567", ""},
		{"no rules", "GB", "AB12 CDE", ""},
	} {
		p := plate.MustParse(tc.country, tc.raw)
		var got []string
		for a := range p.Aliases() {
			got = append(got, a.Text())
			// What the alias stands for finds the way back, unless the country
			// was guessed or something was left out.
			if back := slices.Collect(a.Aliases()); tc.country != "" && tc.country != "CN" && !slices.Contains(back, p) &&
				!strings.HasPrefix(tc.why, "half") {
				t.Errorf("%s: %v has %v but not back", tc.why, p, a)
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v: got %q, want %q", tc.why, p, got, tc.want)
		}
		checkPlate(t, p)
		for range p.Aliases() {
			break // an early stop must not panic
		}
	}
}
