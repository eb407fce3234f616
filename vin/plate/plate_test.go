package plate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func TestParseErrors(t *testing.T) {
	long := strings.Repeat("A", plate.MaxText)
	for _, tc := range []struct {
		why          string
		country, raw string
		want         plate.Error
	}{
		{"nothing", "GB", "", plate.Error{Kind: plate.Empty, Pos: 1}},
		{"separators only", "GB", " -- ", plate.Error{Kind: plate.Empty, Pos: 5}},
		{"positions count characters", "", "🚗·", plate.Error{Kind: plate.Empty, Pos: 3}},
		{"one byte too many", "", long + "B", plate.Error{Kind: plate.TooLong, Pos: 62}},
		{"the first character too many is named", "", long + " - ½", plate.Error{Kind: plate.TooLong, Pos: 65}},
		{"limit is in bytes", "", strings.Repeat("京", 21), plate.Error{Kind: plate.TooLong, Pos: 21}},
		{"letter that grows", "", long[1:] + "Æ", plate.Error{Kind: plate.TooLong, Pos: 61}},
		{"ligature of many letters", "", "ﷺﷺﷺ", plate.Error{Kind: plate.TooLong, Pos: 3}},
		{"raw text too long", "", "A" + strings.Repeat(" ", plate.MaxRaw), plate.Error{Kind: plate.TooLong, Pos: plate.MaxRaw + 1}},
		{"and with nothing in it", "", strings.Repeat(" ", plate.MaxRaw+1), plate.Error{Kind: plate.TooLong, Pos: plate.MaxRaw + 1}},
		{"raw text is not cut in a character", "", strings.Repeat("é ", 300)[:1] + strings.Repeat(" ", 10), plate.Error{Kind: plate.InvalidUTF8, Pos: 1}},
		{"long text of wide characters", "", "A" + strings.Repeat("\u3000", plate.MaxRaw), plate.Error{Kind: plate.TooLong, Pos: 1 + (plate.MaxRaw-1)/3 + 1}},
		{"not UTF-8", "", "AB\xff12", plate.Error{Kind: plate.InvalidUTF8, Pos: 3}},
		{"Latin-1", "DE", "T\xdc-AB 123", plate.Error{Kind: plate.InvalidUTF8, Pos: 2}},
		{"surrogate", "", "A\xed\xa0\x80", plate.Error{Kind: plate.InvalidUTF8, Pos: 2}},
		{"no such country", "QQ", "AB12CDE", plate.Error{Kind: plate.UnknownCountry}},
		{"a name is no code", "France", "AB12CDE", plate.Error{Kind: plate.UnknownCountry}},
	} {
		p, err := plate.Parse(tc.country, tc.raw)
		var e *plate.Error
		if !errors.As(err, &e) || *e != tc.want || p.IsValid() {
			t.Errorf("%s: got %v, %v, want %v", tc.why, p, err, &tc.want)
			continue
		}
		if !errors.Is(err, tc.want.Kind) {
			t.Errorf("%s: errors.Is fails", tc.why)
		}
		if strings.Contains(err.Error(), "AB") || strings.Contains(err.Error(), "QQ") {
			t.Errorf("%s: the error %q holds the text", tc.why, err)
		}
	}
	if p, err := plate.Parse("", long); err != nil || p.Text() != long {
		t.Errorf("the longest text: %v, %v", p, err)
	}
}

// TestHuge gives Parse megabytes, of which it must not read all.
func TestHuge(t *testing.T) {
	for _, unit := range []string{"A", " ", "é", "京", "\u0308", "\xff", "И\u0306", "ﷺ"} {
		raw := strings.Repeat(unit, 10<<20/len(unit))
		if _, err := plate.Parse("GB", raw); err == nil {
			t.Errorf("%+q repeated: no error", unit)
		}
		if _, err := plate.ParsePattern("GB", raw); err == nil {
			t.Errorf("pattern %+q repeated: no error", unit)
		}
		var p plate.Plate
		if p.UnmarshalText([]byte(raw)) == nil || p.UnmarshalBinary([]byte(raw)) == nil || p.Scan(raw) == nil {
			t.Errorf("%+q repeated is unmarshalled", unit)
		}
		if n := testing.AllocsPerRun(1, func() { plate.Parse("GB", raw) }); n > 4 {
			t.Errorf("%+q repeated: %v allocations", unit, n)
		}
	}
}

// TestDigits reads each decimal digit of Unicode.
func TestDigits(t *testing.T) {
	if unicode.Version != "15.0.0" {
		t.Skip("the tables are of Unicode 15.0.0, this toolchain has " + unicode.Version)
	}
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		// Digits stand in runs of ten.
		start := r
		for unicode.Is(unicode.Nd, start-1) {
			start--
		}
		want := fmt.Sprintf("A%dB", (r-start)%10)
		if p, err := plate.Parse("", "A"+string(r)+"B"); err != nil || p.Text() != want {
			t.Errorf("%U: got %q, %v, want %q", r, p.Text(), err, want)
		}
		n++
	}
	if n < 680 {
		t.Errorf("only %d digits", n)
	}
}

// TestLookAlikes reads each letter of the table in both cases.
func TestLookAlikes(t *testing.T) {
	for _, tc := range []struct{ script, native, latin string }{
		{"Cyrillic", "АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"},
		{"Greek", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"},
	} {
		for i, r := range []rune(tc.native) {
			want := tc.latin[i : i+1]
			for _, in := range []rune{r, unicode.ToLower(r)} {
				for _, country := range []string{"", "RU", "GR", "DE"} {
					if got := plate.MustParse(country, string(in)).Text(); got != want {
						t.Errorf("%s %q in %q: got %q, want %q", tc.script, in, country, got, want)
					}
				}
			}
		}
	}
	for _, r := range "БГДЖЗИЙЛПФЦЧШЩЪЫЬЭЮЯЄҐӨҮΓΔΘΛΞΠΣΦΨΩ" {
		if got := plate.MustParse("", string(unicode.ToLower(r))).Text(); got != string(r) {
			t.Errorf("%q has no twin: got %q", r, got)
		}
	}
}

func TestCountryLetters(t *testing.T) {
	for _, tc := range []struct{ why, country, raw, want string }{
		{"Serbian alphabet", "RS", "АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ", "ABVGDDEZZIJKLLJMNNJOPRSTCUFHCCDZS"},
		{"lower case", "ME", "пг аб123", "PGAB123"},
		{"Macedonian Ѕ", "MK", "Ѕ123", "DZ123"},
		{"Serbia has no Ѕ of its own", "RS", "Ѕ123", "S123"},
		{"Macedonian Ѓ and Ќ", "MK", "ЃЌ", "GK"},
		{"a letter of no Serbian alphabet", "RS", "Я123", "Я123"},
		{"a mark makes it no Serbian letter", "RS", "И\u0306", "Й"},
		{"Latin with carons", "RS", "ČAČ", "CAC"},
		{"elsewhere by looks", "BG", "СА 1234 АВ", "CA1234AB"},

		{"the seventeen letters", "SA", "ا-ب1ح-د2ر-س3ص-ط4ع-ق5ك-ل6م-ن7ه-و8ى", "BA1DJ2SR3TX4GE5LK6NZ7UH8V"},
		{"hamza, Persian yeh", "SA", "أ 1 ی", "A1V"},
		{"presentation forms", "SA", "ﺡ ﻥ ﻁ 7653", "TNJ7653"},
		{"digits between end the order", "SA", "ح 7 ن", "J7N"},
		{"Latin between ends it", "SA", "حXن", "JXN"},
		{"other Arabic letters stay", "SA", "ج ح", "جJ"},
		{"order of Latin is not touched", "SA", "TNJ 7653", "TNJ7653"},
		{"elsewhere Arabic stays", "EG", "ح ن ط 123", "حنط123"},

		{"harakat and tatweel", "IR", "12 بـَ 345", "12ب345"},
		{"variants of heh", "IR", "ه ھ ہ ە ة", "ههههه"},
		{"traditional province", "CN", "瓊A12345", "琼A12345"},
		{"of a compatibility form", "CN", "\uF9C3A12345", "辽A12345"},
		{"trainer", "CN", "京A1234學", "京A1234学"},
		{"a place of Japan keeps its characters", "JP", "出雲 300 あ 1", "出雲300あ1"},
		{"half-width katakana with its voice mark", "JP", "品川500ｶﾞ1234", "品川500が1234"},
		{"kana and a combining voice mark", "JP", "さ\u3099", "ざ"},
		{"Japanese dash", "JP", "12ー34", "1234"},
		{"decomposed Hangul", "KR", "12\u1100\u11613456", "12가3456"},
		{"with a final consonant", "KR", "\u1109\u1165\u110B\u116E\u11AF", "서울"},
		{"letters of a keyboard", "KR", "12ㄱㅏ3456", "12가3456"},
		{"half-width letters", "KR", "ﾡￂ", "가"},
		{"parts of a syllable apart", "KR", "\u1100-\u1161 \u11A8", "각"},
		{"fillers", "KR", "\u115F\u1161", "\u1161"},
		{"short I in two parts", "RU", "И\u0306 и\u0306", "ЙЙ"},
		{"a mark of another class between", "RU", "И\u0327\u0306", "Й"},
		{"a mark of its class between", "RU", "И\u0302\u0306", "И"},
		{"a separator between", "RU", "И \u0306", "И"},
		{"Yo is Ye", "RU", "Ё123", "E123"},
		{"Georgian has no upper case", "GE", "აბგ", "აბგ"},
		{"signs that would become letters", "", "№ª1º™℠…®©°₨㏄", "1"},
		{"keycap", "", "1\uFE0F\u20E3", "1"},
		{"Roman numeral", "", "Ⅷ", "VIII"},
		{"Armenian", "AM", "34աբ567", "34ԱԲ567"},
		{"Devanagari letters and digits", "NP", "बा २ च १२३४", "ब2च1234"},
	} {
		p, err := plate.Parse(tc.country, tc.raw)
		if err != nil || p.Text() != tc.want {
			t.Errorf("%s: %s %q: got %q, %v, want %q", tc.why, tc.country, tc.raw, p.Text(), err, tc.want)
		}
		checkPlate(t, p)
	}
}

// checkPlate holds what is true of every plate.
func checkPlate(t *testing.T, p plate.Plate) {
	t.Helper()
	text := p.Text()
	switch again, err := plate.Parse(p.Country(), text); {
	case err != nil || again != p:
		t.Errorf("%q is no fixed point: %q, %v", text, again.Text(), err)
	case !utf8.ValidString(text), len(text) > plate.MaxText, text == "", !p.IsValid():
		t.Errorf("%q is no canonical text", text)
	case p.Len() != utf8.RuneCountInString(text):
		t.Errorf("Len of %q: %d", text, p.Len())
	}
	for _, r := range text {
		if !('0' <= r && r <= '9' || unicode.IsLetter(r)) || unicode.IsLower(r) && unicode.ToTitle(r) != r {
			t.Errorf("%q holds %q", text, r)
		}
	}

	var q plate.Plate
	if b, err := p.MarshalText(); err != nil || q.UnmarshalText(b) != nil || q != p || string(b) != p.String() {
		t.Errorf("text form %q of %q: %v", b, text, q)
	}
	q = plate.Plate{}
	if b, err := p.MarshalBinary(); err != nil || q.UnmarshalBinary(b) != nil || q != p {
		t.Errorf("binary form %q of %q: %v", b, text, q)
	}
	q = plate.Plate{}
	if v, err := p.Value(); err != nil || q.Scan(v) != nil || q != p {
		t.Errorf("value %v of %q: %v", v, text, q)
	}

	if s := p.Skeleton(); s.Skeleton() != s || s.Len() != p.Len() || s.Country() != p.Country() {
		t.Errorf("skeleton %q of %q", s.Text(), text)
	} else if n, ok := plate.Equivalents(p, s); !ok || plate.Distance(p, s) > n {
		t.Errorf("%q and its skeleton: %d, %v", text, n, ok)
	}
	n := 0
	seen := map[plate.Plate]bool{p: true}
	for a := range p.Aliases() {
		if seen[a] || a.Country() != p.Country() {
			t.Errorf("%v is an alias of %v", a, p)
		}
		seen[a] = true
		if again, err := plate.Parse(a.Country(), a.Text()); err != nil || again != a {
			t.Errorf("alias %q of %q is not canonical: %q, %v", a.Text(), text, again.Text(), err)
		}
		n++
	}
	if n > plate.MaxAliases {
		t.Errorf("%q has %d aliases", text, n)
	}
	if q, ok := p.Propose(); ok && (p.Fits() || !q.Fits()) {
		t.Errorf("%v proposes %v", p, q)
	}
	if m := p.Masked(); p.Len() > 2 && strings.Contains(m, text) || utf8.RuneCountInString(m) != utf8.RuneCountInString(p.String()) {
		t.Errorf("%q is masked as %q", p, m)
	}
}

// TestProvinces reads each traditional character of Chinese plates.
func TestProvinces(t *testing.T) {
	traditional := []rune("滬雲遼魯蘇贛晉陝閩貴粵寧瓊學領掛")
	for i, want := range []rune("沪云辽鲁苏赣晋陕闽贵粤宁琼学领挂") {
		if got := plate.MustParse("CN", string(traditional[i])+"A1").Text(); got != string(want)+"A1" {
			t.Errorf("%c: got %q, want %c", traditional[i], got, want)
		}
	}
}

// TestKinds holds the texts of errors, which may be stored and compared.
func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		kind       plate.Kind
		name, text string
	}{
		{plate.Empty, "Empty", "plate: position 3: no letter or digit"},
		{plate.TooLong, "TooLong", "plate: position 3: too long for a plate"},
		{plate.InvalidUTF8, "InvalidUTF8", "plate: position 3: invalid UTF-8"},
		{plate.UnknownCountry, "UnknownCountry", "plate: position 3: unknown country"},
		{plate.NotCanonical, "NotCanonical", "plate: position 3: not in canonical form"},
		{plate.BadSet, "BadSet", "plate: position 3: not a set of characters"},
		{plate.BadOrder, "BadOrder", "plate: position 3: uncertain order of Arabic letters"},
		{0, "Kind(0)", "plate: position 3: Kind(0)"},
		{99, "Kind(99)", "plate: position 3: Kind(99)"},
	} {
		if tc.kind.String() != tc.name || tc.kind.Error() != "plate: "+tc.name {
			t.Errorf("%d: %q, %q", tc.kind, tc.kind, tc.kind.Error())
		}
		if got := (&plate.Error{Kind: tc.kind, Pos: 3}).Error(); got != tc.text {
			t.Errorf("got %q, want %q", got, tc.text)
		}
	}
}

func TestMustParse(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	plate.MustParse("GB", "")
}

func TestZero(t *testing.T) {
	var p plate.Plate
	if p.IsValid() || p.Text() != "" || p.String() != "" || p.Masked() != "" || p.Country() != "" || p.Len() != 0 {
		t.Errorf("zero plate: %q", p)
	}
	if p.WithCountry("GB") != p || p.Skeleton() != p || p.Fits() {
		t.Error("the zero plate becomes another")
	}
	if q, ok := p.Propose(); ok {
		t.Errorf("the zero plate proposes %v", q)
	}
	if v, err := p.Value(); v != nil || err != nil {
		t.Errorf("value of the zero plate: %v, %v", v, err)
	}
	for _, src := range []any{nil, "", []byte{}} {
		q := plate.MustParse("GB", "A1")
		if err := q.Scan(src); err != nil || q != p {
			t.Errorf("scanning %v: %v, %v", src, q, err)
		}
	}
	for _, b := range [][]byte{nil, {}} {
		q := plate.MustParse("GB", "A1")
		if err := q.UnmarshalBinary(b); err != nil || q != p {
			t.Errorf("unmarshalling nothing: %v, %v", q, err)
		}
	}
	if p.Compare(plate.MustParse("", "0")) >= 0 {
		t.Error("the zero plate is not before all others")
	}
}

func TestUnmarshalStrict(t *testing.T) {
	for _, tc := range []struct{ why, text string }{
		{"lower case", "GB ab12cde"},
		{"separators", "GB AB12 CDE"},
		{"a country that is none", "QQ AB12CDE"},
		{"a sign for a country", "D MAB1234"},
		{"country without a plate", "GB "},
		{"not canonical without a country", "AB12 CDE"},
		{"not canonical for its country", "RS Б123"},
		{"not UTF-8", "GB AB\xff"},
		{"too long", strings.Repeat("A", 62)},
	} {
		var p plate.Plate
		if err := p.UnmarshalText([]byte(tc.text)); err == nil || p.IsValid() {
			t.Errorf("%s: %q gives %v", tc.why, tc.text, p)
		}
	}
	for _, b := range []string{"G", "GB", "GBab", "gbAB", "\x00GAB", "QQAB", "GB" + strings.Repeat("A", 62), "GBA\xff"} {
		var p plate.Plate
		if err := p.UnmarshalBinary([]byte(b)); err == nil || p.IsValid() {
			t.Errorf("binary %q gives %v", b, p)
		}
	}
	var p plate.Plate
	if err := p.Scan(42); err == nil {
		t.Error("a number is scanned")
	}
}

func TestJSON(t *testing.T) {
	type vehicle struct{ Plate plate.Plate }
	in := vehicle{plate.MustParse("CN", "粤B12345")}
	b, err := json.Marshal(in)
	if err != nil || string(b) != `{"Plate":"CN 粤B12345"}` {
		t.Fatalf("%s, %v", b, err)
	}
	var out vehicle
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestCompare(t *testing.T) {
	var want []plate.Plate
	for _, s := range [][2]string{{"", "1"}, {"", "A"}, {"", "AB"}, {"", "京A"}, {"DE", "Z9"}, {"GB", "A"}, {"GB", "A1"}, {"GB", "AA"}} {
		want = append(want, plate.MustParse(s[0], s[1]))
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, plate.Plate.Compare)
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b plate.Plate) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	for i, p := range want {
		b, _ := p.MarshalBinary()
		for _, q := range want[i+1:] {
			if c, _ := q.MarshalBinary(); string(b) >= string(c) {
				t.Errorf("binary forms of %v and %v are out of order", p, q)
			}
		}
	}
}

func TestMasked(t *testing.T) {
	for _, tc := range []struct{ country, raw, want string }{
		{"GB", "AB12 CDE", "GB AB*****"},
		{"", "AB12 CDE", "AB*****"},
		{"US", "007", "US ***"},
		{"US", "AB12", "US ****"},
		{"JP", "品川500さ1234", "JP 品川********"},
	} {
		p := plate.MustParse(tc.country, tc.raw)
		if got := p.Masked(); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.raw, got, tc.want)
		}
		var b strings.Builder
		slog.New(slog.NewTextHandler(&b, nil)).Info("seen", "plate", p)
		if strings.Contains(b.String(), p.Text()) {
			t.Errorf("the log shows %q", b.String())
		}
	}
}

func TestWithCountry(t *testing.T) {
	for _, tc := range []struct{ why, from, raw, to, want string }{
		{"ASCII reads the same", "", "AB12CDE", "GB", "GB AB12CDE"},
		{"country forgotten", "GB", "AB12CDE", "", "AB12CDE"},
		{"rules of the new country", "", "Б123", "RS", "RS B123"},
		{"and their order", "", "ح ن ط 7653", "SA", "SA TNJ7653"},
		{"native letters kept", "", "京A12345", "CN", "CN 京A12345"},
		{"no such country", "GB", "AB12CDE", "QQ", ""},
	} {
		if got := plate.MustParse(tc.from, tc.raw).WithCountry(tc.to); got.String() != tc.want {
			t.Errorf("%s: got %q, want %q", tc.why, got, tc.want)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	var (
		p, q plate.Plate
		s    string
		n    int
		b    = make([]byte, 0, 128)
		ok   bool
		pat  plate.Pattern
	)
	gb := plate.MustParse("GB", "AB12CDE")
	jp := plate.MustParse("JP", "品川500さ1234")
	pat, _ = plate.ParsePattern("GB", "AB?2[CD]*")
	for _, tc := range []struct {
		name string
		f    func()
	}{
		{"Parse ASCII", func() { p, _ = plate.Parse("GB", "ab12 cde") }},
		{"Parse by sign", func() { p, _ = plate.Parse("GBZ", "G 1234 A") }},
		{"Parse umlaut", func() { p, _ = plate.Parse("DE", "TÜ-AB 123") }},
		{"Parse Cyrillic", func() { p, _ = plate.Parse("RU", "А123ВС77") }},
		{"Parse Arabic", func() { p, _ = plate.Parse("SA", "ح ن ط ٧٦٥٣") }},
		{"Parse Japanese", func() { p, _ = plate.Parse("JP", "品川 500 ｶﾞ 12-34") }},
		{"ParseCountry", func() { s, ok = plate.ParseCountry("BIH") }},
		{"Country", func() { s = gb.Country() }},
		{"AppendTo", func() { b = gb.AppendTo(b[:0]) }},
		{"AppendText", func() { b, _ = gb.AppendText(b[:0]) }},
		{"AppendBinary", func() { b, _ = gb.AppendBinary(b[:0]) }},
		{"Len", func() { n = jp.Len() }},
		{"Compare", func() { n = gb.Compare(jp) }},
		{"WithCountry", func() { p = gb.WithCountry("IE") }},
		{"Skeleton", func() { q = gb.Skeleton() }},
		{"Equivalents", func() { n, ok = plate.Equivalents(gb, q) }},
		{"Distance", func() { n = plate.Distance(gb, jp) }},
		{"Fits", func() { ok = jp.Fits() }},
		{"Bits", func() { _, ok = gb.Bits() }},
		{"Match", func() { ok = pat.Match(gb) }},
	} {
		if got := testing.AllocsPerRun(100, tc.f); got != 0 {
			t.Errorf("%s: %v allocations", tc.name, got)
		}
	}
	_, _, _, _, _ = p, q, s, n, ok
}

// slowASCII is Parse of ASCII, as it is usually written.
func slowASCII(raw string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToUpper(r)
		if '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, raw)
}

func FuzzParse(f *testing.F) {
	f.Add("GB", "AB12 CDE")
	f.Fuzz(checkParse)
}

func checkParse(t *testing.T, country, raw string) {
	p, err := plate.Parse(country, raw)
	if err != nil {
		var e *plate.Error
		if !errors.As(err, &e) || p.IsValid() {
			t.Fatalf("got %v, %v", p, err)
		}
		if n := utf8.RuneCountInString(raw); e.Pos < 0 || e.Pos > n+1 || (e.Pos == 0) != (e.Kind == plate.UnknownCountry) {
			t.Errorf("position %d of %d: %v", e.Pos, n, err)
		}
		return
	}
	checkPlate(t, p)
	if iso2, _ := plate.ParseCountry(country); p.Country() != iso2 {
		t.Errorf("country %q of %q", p.Country(), country)
	}
	if strings.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 && p.Text() != slowASCII(raw) {
		t.Errorf("%q: got %q, want %q", raw, p.Text(), slowASCII(raw))
	}
	if q := p.WithCountry("RS"); !q.IsValid() {
		t.Errorf("%q is no plate in Serbia", p)
	} else {
		checkPlate(t, q)
	}
}
