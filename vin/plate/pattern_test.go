package plate_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func TestPattern(t *testing.T) {
	for _, tc := range []struct {
		why, country, in string
		want             string // canonical text
		match, not       string // plates, after the country
	}{
		{"no wildcard", "GB", "ab12 cde", "AB12CDE", "AB12CDE", "AB12CD AB12CDEF"},
		{"one unknown", "GB", "AB?2 CDE", "AB?2CDE", "AB12CDE ABX2CDE", "AB2CDE AB112CDE"},
		{"prefix", "GB", "AB12*", "AB12*", "AB12 AB12CDE", "AAB12 AB1"},
		{"suffix", "GB", "*CDE", "*CDE", "CDE AB12CDE CDECDE", "CDEF"},
		{"both ends", "GB", "A*E", "A*E", "AE A1E AEE", "A E AED"},
		{"fragment", "GB", "*12*", "*12*", "12 A12 12A 1112", "102"},
		{"several runs", "GB", "*A*1*A*", "*A*1*A*", "A1A AA11AA", "A1 1AA"},
		{"backtracking", "GB", "*AAB", "*AAB", "AAAB AABAAB", "AABA"},
		{"digit", "GB", "AB## CDE", "AB##CDE", "AB12CDE", "ABX2CDE AB1CDE"},
		{"set", "GB", "A[B8]12", "A[8B]12", "AB12 A812", "A012 A12"},
		{"set with separators and case", "GB", "[ b, 8 b]", "[8B]", "B 8", "BB"},
		{"set of one", "GB", "A[b]", "AB", "AB", "AC"},
		{"full width", "JP", "品川＊［さあ］＃？", "品川*[あさ]#?", "品川500さ1A 品川あ11", "品川500い11"},
		{"runs of wildcards", "GB", "A*?**?", "A??*", "A12 A123", "A1"},
		{"everything", "GB", "*", "*", "A AB12CDE", ""},
		{"separators", "DE", "M-?? 1234", "M??1234", "MAB1234", "M1234"},
		{"marks", "DE", "TÜ-??*", "TU??*", "TUAB1", "TU1"},
		{"decomposed marks", "DE", "TU\u0308*", "TU*", "TU1", "T1"},
		{"country without a pattern's", "", "AB*", "AB*", "ABC", "ACB"},
		{"Cyrillic", "RU", "А###ВС*", "A###BC*", "A123BC77", "A123BX77"},
		{"Serbian", "RS", "НС*", "NS*", "NS123AB", "HC123AB"},
		{"native letters", "CN", "[粵京]?*", "[京粤]?*", "粤B12345 京A1", "沪A1"},
		{"Hangul in parts", "KR", "12[\u1100\u1161나]*", "12[가나]*", "12가3456", "12다3456"},
		{"an ideograph behind one unknown", "JP", "?雲300さ1234", "?[云雲]300さ1234", "出雲300さ1234", "出云300さ1234x"},
		{"behind any number", "JP", "*雲300さ1234", "*[云雲]300さ1234", "出雲300さ1234 雲300さ1234", "雲雲301"},
		{"behind a set that may be one", "JP", "[出X]雲3", "[X出][云雲]3", "出雲3 X雲3", "出3"},
		{"behind a set that is one", "JP", "[出京]雲3", "[京出]雲3", "出雲3", "出云3"},
		{"behind a set of one", "JP", "[出]雲3", "出雲3", "出雲3", "出云3"},
		{"behind a digit", "CN", "#雲", "#云", "1雲 1云", "出雲"},
		{"in a set behind one unknown", "JP", "?[雲川]3", "?[云川雲]3", "出雲3 品川3", "出3"},
		{"in front", "CN", "雲?", "云?", "雲A 云A", "出A"},
		{"two in a row", "JP", "?雲雲", "?[云雲]雲", "出雲雲 A雲雲", "A云云"},
		{"short I in a set", "RU", "[И\u0306A]1", "[AЙ]1", "Й1 A1", "И1"},
		{"parts of a syllable beside a wildcard", "KR", "\u1100*\u1161", "\u1100*\u1161", "", "가"},
		{"Saudi, whole", "SA", "ح ن ط ٧٦*", "TNJ76*", "TNJ7653", "JNT7653"},
		{"Saudi, a letter unknown", "SA", "ح ? ط 7653", "T?J7653", "TNJ7653", "JNT7653"},
		{"Saudi, the last unknown", "SA", "ح ن ? 7653", "?NJ7653", "TNJ7653", "JNT7653"},
		{"Saudi, digits unknown", "SA", "ح ن ط ????", "TNJ????", "TNJ7653", "TNJ765"},
		{"Saudi, set", "SA", "[حس] ن ط *", "TN[JS]*", "TNJ1 TNS1", "JNT1"},
		{"Saudi, set that becomes one", "SA", "[حJ]1", "J1", "J1", ""},
		{"Saudi in Latin", "SA", "TN* 7653", "TN*7653", "TNJ7653", "NTJ7653"},
		{"elsewhere Arabic keeps its order", "EG", "ح ن*", "حن*", "حن1", "نح1"},
	} {
		p, err := plate.ParsePattern(tc.country, tc.in)
		if err != nil || p.String() != tc.want || p.Country() != tc.country {
			t.Errorf("%s: %q: got %q, %v, want %q", tc.why, tc.in, p, err, tc.want)
			continue
		}
		for _, s := range strings.Fields(tc.match) {
			if !p.Match(plate.MustParse(tc.country, s)) {
				t.Errorf("%s: %q does not match %s", tc.why, p, s)
			}
		}
		for _, s := range strings.Fields(tc.not) {
			if p.Match(plate.MustParse(tc.country, s)) {
				t.Errorf("%s: %q matches %s", tc.why, p, s)
			}
		}
		checkPattern(t, p)
	}
}

func TestPatternErrors(t *testing.T) {
	for _, tc := range []struct {
		why, country, in string
		kind             plate.Kind
		pos              int
	}{
		{"empty", "GB", "", plate.Empty, 1},
		{"separators only", "GB", "--", plate.Empty, 3},
		{"empty set", "GB", "A[]", plate.BadSet, 3},
		{"set of separators", "GB", "A[ -", plate.BadSet, 4},
		{"set not closed", "GB", "AB[12", plate.BadSet, 3},
		{"set not opened", "GB", "AB]12", plate.BadSet, 3},
		{"set in a set", "GB", "[A[B]]", plate.BadSet, 3},
		{"wildcard in a set", "GB", "[A?]", plate.BadSet, 3},
		{"range", "GB", "[A-C]", plate.BadSet, 3},
		{"negation", "GB", "[^A]", plate.BadSet, 2},
		{"a letter that is two", "GB", "[BÆ]", plate.BadSet, 4},
		{"a part of a syllable", "CN", "A[ B,8 \u1161]", plate.BadSet, 9},
		{"the end of a syllable", "KR", "[\u11A8 A]", plate.BadSet, 3},
		{"two of Serbia", "RS", "[Љ1]", plate.BadSet, 3},
		{"too long", "GB", strings.Repeat("?", 62), plate.TooLong, 62},
		{"too long before the last *", "GB", strings.Repeat("A", 40) + "*" + strings.Repeat("B", 22), plate.TooLong, 63},
		{"literal too long", "GB", strings.Repeat("A", 62), plate.TooLong, 62},
		{"too long in bytes", "CN", strings.Repeat("京?", 16), plate.TooLong, 31},
		{"far too long", "GB", strings.Repeat("*", 2000), plate.TooLong, 1025},
		{"not UTF-8", "GB", "A?\xff", plate.InvalidUTF8, 3},
		{"country", "QQ", "A*", plate.UnknownCountry, 0},
		{"Saudi letters beside *", "SA", "ح ن *", plate.BadOrder, 1},
		{"behind *", "SA", "*ح", plate.BadOrder, 2},
		{"more than three", "SA", "12 ح ن ط س", plate.BadOrder, 4},
		{"letter or digit", "SA", "ح ? ? ?", plate.BadOrder, 1},
	} {
		p, err := plate.ParsePattern(tc.country, tc.in)
		var e *plate.Error
		if !errors.As(err, &e) || e.Kind != tc.kind || e.Pos != tc.pos || p != (plate.Pattern{}) {
			t.Errorf("%s: %q: got %q, %v, want %v at %d", tc.why, tc.in, p, err, tc.kind, tc.pos)
		}
	}
}

func TestPatternCountry(t *testing.T) {
	gb, err := plate.ParsePattern("UK", "AB*")
	if err != nil {
		t.Fatal(err)
	}
	any, err := plate.ParsePattern("", "AB*")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		p       plate.Pattern
		country string
		want    bool
	}{
		{gb, "GB", true}, {gb, "IE", false}, {gb, "", false}, {any, "GB", true}, {any, "", true},
	} {
		if got := tc.p.Match(plate.MustParse(tc.country, "AB1")); got != tc.want {
			t.Errorf("pattern of %q, plate of %q: %v", tc.p.Country(), tc.country, got)
		}
	}
	if gb == any {
		t.Error("patterns of two countries are equal")
	}
	if (plate.Pattern{}).Match(plate.MustParse("", "A")) || any.Match(plate.Plate{}) {
		t.Error("a zero value matches")
	}
}

func TestPatternLog(t *testing.T) {
	p, err := plate.ParsePattern("GB", "AB12CD?")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.LogValue().String(); got != "GB pattern" {
		t.Errorf("got %q", got)
	}
}

// asRegexp says a canonical pattern as a regular expression.
func asRegexp(p plate.Pattern) *regexp.Regexp {
	expr := strings.NewReplacer("?", ".", "#", "[0-9]", "*", ".*").Replace(p.String())
	return regexp.MustCompile("^(?:" + expr + ")$")
}

// samples are plates to match patterns against.
var samples = []string{
	"A", "AB", "AAB", "AB12CDE", "AB1", "12", "1A1A1", "品川500さ1234", "京A12345", "TNJ7653", "12가3456",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "Й123",
}

// checkPattern holds what is true of every pattern.
func checkPattern(t *testing.T, p plate.Pattern) {
	t.Helper()
	if again, err := plate.ParsePattern(p.Country(), p.String()); err != nil || again != p {
		t.Errorf("%q becomes %q, %v", p, again, err)
	}
	re := asRegexp(p)
	for _, s := range samples {
		q := plate.MustParse(p.Country(), s)
		if got, want := p.Match(q), re.MatchString(q.Text()); got != want {
			t.Errorf("%q matches %s: %v, want %v", p, q, got, want)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	f.Add("GB", "AB?2 C*[DE]")
	f.Fuzz(checkParsePattern)
}

func checkParsePattern(t *testing.T, country, s string) {
	p, err := plate.ParsePattern(country, s)
	if err != nil {
		var e *plate.Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		if n := utf8.RuneCountInString(s); e.Pos < 0 || e.Pos > n+1 || (e.Pos == 0) != (e.Kind == plate.UnknownCountry) {
			t.Errorf("position %d of %d: %v", e.Pos, n, err)
		}
		return
	}
	checkPattern(t, p)
	// A plate is the pattern of itself.
	if q, err := plate.Parse(country, s); err == nil && !strings.ContainsAny(s, "?#*[？＃＊［") && !p.Match(q) {
		t.Errorf("%q does not match %s", p, q)
	}
}
