package index_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

func key(t testing.TB, kind index.Kind, country, text string) index.Key {
	t.Helper()
	k, err := index.Number{Kind: kind, Country: country, Text: text}.Key()
	if err != nil {
		t.Fatalf("%v %s %q: %v", kind, country, text, err)
	}
	return k
}

func TestSameNumberSameKey(t *testing.T) {
	for _, tc := range []struct {
		why      string
		kind     index.Kind
		ca, a    string
		cb, b    string
		wantSame bool
	}{
		{"case of a VIN", index.KindVIN, "", "1HGCM82633A004352", "", "1hgcm82633a004352", true},
		{"one symbol", index.KindVIN, "", "1HGCM82633A004352", "", "1HGCM82633A004353", false},
		{"separators of a frame number", index.KindChassis, "", "AE86-5001234", "", "ae86 5001234", true},
		{"O is not 0 in engine numbers", index.KindEngine, "", "O12", "", "012", false},
		{"leading zeros count", index.KindEngine, "", "012", "", "12", false},
		{"full-width forms", index.KindChassis, "", "ＡＥ８６－５", "", "AE865", true},
		{"digits of another script", index.KindEngine, "", "٣٤", "", "34", true},
		{"persian and arabic digits", index.KindEngine, "", "۴", "", "٤", true},
		{"mathematical digits share one range", index.KindEngine, "", "𝟘𝟡", "", "09", true},
		{"native letters are kept", index.KindEngine, "", "Б12", "", "12", false},
		{"case of native letters", index.KindEngine, "", "б12", "", "Б-12", true},
		{"longest packed text", index.KindPart, "", "ABCDEFGHIJKLMNOPQR", "", "ABCDEFGHIJKLMNOPQ", false},
		{"first hashed text", index.KindPart, "", "ABCDEFGHIJKLMNOPQRS", "", "abcdefghijklmnopqrs", true},
		{"hashes differ", index.KindPart, "", "ABCDEFGHIJKLMNOPQRS", "", "ABCDEFGHIJKLMNOPQRT", false},
		{"country of a plate by its sign", index.KindPlate, "D", "M-AB 123", "DE", "MAB123", true},
		{"two countries", index.KindPlate, "AT", "AB123", "DE", "AB123", false},
		{"a country and none", index.KindPlate, "", "AB123", "DE", "AB123", false},
		{"no country but its code in the text", index.KindPlate, "", "DEAB123", "DE", "AB123", false},
		{"native plates", index.KindPlate, "CN", "京A·12345", "CN", "京A12345", true},
		{"provinces", index.KindPlate, "CN", "京A12345", "CN", "津A12345", false},
		{"documents have countries", index.KindDocument, "FR", "12AB", "FRA", "12 ab", true},
		{"of documents too", index.KindDocument, "FR", "12AB", "", "12AB", false},
		{"hashed documents", index.KindDocument, "FR", strings.Repeat("7", 30), "BE", strings.Repeat("7", 30), false},
		{"engines have none", index.KindEngine, "FR", "12AB", "nonsense", "12AB", true},
	} {
		a, b := key(t, tc.kind, tc.ca, tc.a), key(t, tc.kind, tc.cb, tc.b)
		if (a == b) != tc.wantSame || (a.Compare(b) == 0) != tc.wantSame {
			t.Errorf("%s: %q and %q: same key %t, compare %d", tc.why, tc.a, tc.b, a == b, a.Compare(b))
		}
	}
}

func TestKeyOfKinds(t *testing.T) {
	v := vin.MustParse("1HGCM82633A004352")
	if k := key(t, index.KindVIN, "", v.String()); k != index.VIN(v) {
		t.Errorf("the key of a VIN's text is %v, of the VIN %v", k, index.VIN(v))
	}
	if got, ok := index.VIN(v).VIN(); !ok || got != v {
		t.Errorf("VIN(v).VIN() = %v, %t", got.Masked(), ok)
	}
	p := plate.MustParse("GB", "AB12 CDE")
	if k := key(t, index.KindPlate, "GB", "ab12cde"); k != index.Plate(p) {
		t.Errorf("the key of a plate's text is %v, of the plate %v", k, index.Plate(p))
	}
	if _, ok := index.Plate(p).VIN(); ok {
		t.Error("a plate's key has a VIN")
	}
	if k := index.VIN(vin.VIN{}); !k.IsZero() {
		t.Error("the zero VIN has a key")
	}
	if k := index.Plate(plate.Plate{}); !k.IsZero() {
		t.Error("the zero plate has a key")
	}
	seen := map[index.Key]index.Kind{}
	for kind := index.KindVIN; kind <= index.KindDocument; kind++ {
		k := key(t, kind, "", v.String())
		if other, dup := seen[k]; dup {
			t.Errorf("one key for a %v and a %v", other, kind)
		}
		seen[k] = kind
		if k.Kind() != kind || k.IsZero() || k.Hashed() {
			t.Errorf("%v: kind %v, zero %t, hashed %t", kind, k.Kind(), k.IsZero(), k.Hashed())
		}
	}
}

func TestNumberErrors(t *testing.T) {
	for _, tc := range []struct {
		why    string
		number index.Number
		pos    int
		is     error
	}{
		{"VINs are parsed strictly", index.Number{Kind: index.KindVIN, Text: "1HGCM82633A00435O"}, 17, vin.BadChar},
		{"a partial VIN", index.Number{Kind: index.KindVIN, Text: "1HGCM"}, 6, vin.TooShort},
		{"a plate without characters", index.Number{Kind: index.KindPlate, Text: "- -"}, 4, plate.Empty},
		{"a plate of nowhere", index.Number{Kind: index.KindPlate, Country: "QQ", Text: "1"}, 0, plate.UnknownCountry},
		{"a document of nowhere", index.Number{Kind: index.KindDocument, Country: "QQ", Text: "1"}, 0, index.UnknownCountry},
		{"empty", index.Number{Kind: index.KindEngine}, 0, index.Empty},
		{"only separators", index.Number{Kind: index.KindEngine, Text: "-- № ´"}, 0, index.Empty},
		{"not UTF-8", index.Number{Kind: index.KindPart, Text: "é7\xff"}, 3, index.InvalidUTF8},
		{"longer than any number", index.Number{Kind: index.KindHull, Text: strings.Repeat("1", 257)}, 0, index.TooLong},
		{"too long in capitals", index.Number{Kind: index.KindHull, Text: strings.Repeat("ɐ", 128)}, 86, index.TooLong},
		{"too long by what follows long capitals", index.Number{Kind: index.KindHull, Text: strings.Repeat("ɐ", 85) + "12"}, 87, index.TooLong},
		{"no kind", index.Number{Text: "1"}, 0, index.UnknownKind},
		{"a kind to come", index.Number{Kind: 99, Text: "1"}, 0, index.UnknownKind},
	} {
		k, err := tc.number.Key()
		var e *index.NumberError
		if !errors.As(err, &e) || !errors.Is(err, tc.is) || e.Pos != tc.pos || e.Kind != tc.number.Kind {
			t.Errorf("%s: %v, want %v at %d", tc.why, err, tc.is, tc.pos)
		}
		if !k.IsZero() {
			t.Errorf("%s: a key beside the error", tc.why)
		}
	}
}

func TestErrorsAndStringsHideTheNumber(t *testing.T) {
	_, err := index.Number{Kind: index.KindEngine, Text: "B16A2SECRET\xff"}.Key()
	if got, want := err.Error(), "index: engine: position 12: invalid UTF-8"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	for _, tc := range []struct {
		key  index.Key
		want string
	}{
		{index.Key{}, "no key"},
		{key(t, index.KindVIN, "", "1HGCM82633A004352"), "vin 1HG**************"},
		{key(t, index.KindPlate, "GBR", "AB12CDE"), "plate GB ***"},
		{key(t, index.KindPlate, "", "AB12CDE"), "plate ***"},
		{key(t, index.KindEngine, "", "B16A2"), "engine ***"},
		{key(t, index.KindDocument, "IT", strings.Repeat("9", 40)), "document ***"},
	} {
		if got := tc.key.String(); got != tc.want {
			t.Errorf("String() = %q, want %q", got, tc.want)
		}
	}
}

func TestASCIIKeysOrderAsTexts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 5000)
	for i := range texts {
		b := make([]byte, 1+rng.IntN(17))
		for j := range b {
			b[j] = "0189AYZ"[rng.IntN(7)]
		}
		texts[i] = string(b)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	for _, tc := range []struct {
		kind    index.Kind
		country string
	}{{index.KindEngine, ""}, {index.KindPlate, "FR"}, {index.KindPlate, ""}, {index.KindDocument, "ZW"}} {
		for i := 1; i < len(texts); i++ {
			a, b := key(t, tc.kind, tc.country, texts[i-1]), key(t, tc.kind, tc.country, texts[i])
			if a.Hashed() || a.Compare(b) != -1 || b.Compare(a) != 1 {
				t.Fatalf("%v: %q does not order before %q", tc.kind, texts[i-1], texts[i])
			}
		}
	}
	if a, b := key(t, index.KindPlate, "AT", "ZZZ"), key(t, index.KindPlate, "BE", "1"); a.Compare(b) != -1 {
		t.Error("countries do not order before texts")
	}
}

// Every plate that a country of native letters issues is packed, not hashed.
func TestNativePlatesArePacked(t *testing.T) {
	for _, tc := range []struct{ country, text string }{
		{"CN", "粤Z1234港"},
		{"CN", "京A12345学"},
		{"CN", "民航A1234"},
		{"JP", "品川500さ1234"},
		{"JP", "なにわ50A は 1234"},
		{"JP", "名古屋301ろ9999"},
		{"JP", "とちぎ500さ1234"},
		{"JP", "袖ヶ浦500さ1234"},
		{"JP", "日光500さ1234"},
		{"JP", "彦根500さ1234"},
		{"KR", "12가3456"},
		{"KR", "서울52자3108"},
		{"TH", "1กก1234"},
		{"EG", "أبج1234"},
		{"IR", "12ب34567"},
		{"MA", "12345أ6"},
		{"MN", "1234УБӨ"},
		{"GR", "ΞΨΩ1234"},
		{"IL", "צ123456"},
		{"RU", "Ж123ЖЖ177"},
	} {
		if k := key(t, index.KindPlate, tc.country, tc.text); k.Hashed() {
			t.Errorf("%s %s is hashed", tc.country, tc.text)
		}
	}
	if k := key(t, index.KindPlate, "CN", "京A12345678901234"); !k.Hashed() {
		t.Error("14 characters are packed in 13 places")
	}
}

// Texts that differ by one character have different keys, in every place and on
// every page.
func TestPagesKeepEveryCharacter(t *testing.T) {
	seen := map[index.Key]string{}
	for page, alphabet := range index.Alphabets {
		letters := []rune(alphabet)
		native := letters[len(letters)-1]
		for at := range 13 {
			for _, r := range letters {
				text := []rune(strings.Repeat("7", 12) + string(native))
				text[at], text[12] = text[12], text[at]
				text[(at+1)%13] = r
				s := string(text)
				k := index.Pack(index.KindPlate, "JP", s)
				if k.Hashed() {
					t.Fatalf("page %d: %q is hashed", page+1, s)
				}
				if other, dup := seen[k]; dup && other != s {
					t.Fatalf("%q and %q have one key", s, other)
				}
				seen[k] = s
			}
		}
	}
}

func TestAlphabets(t *testing.T) {
	for page, a := range index.Alphabets {
		letters := []rune(a)
		n := len(letters)
		slices.Sort(letters)
		if n > 255 || len(slices.Compact(letters)) != n {
			t.Errorf("page %d: %d characters, want at most 255, each once", page+1, n)
		}
	}
	// The words of packed numbers are part of the snapshot format.
	var words []uint64
	for _, k := range []index.Key{
		key(t, index.KindVIN, "", "1HGCM82633A004352"),
		key(t, index.KindPlate, "GB", "AB12CDE"),
		key(t, index.KindPlate, "CN", "京A12345"),
		key(t, index.KindPlate, "JP", "品川500さ1234"),
		key(t, index.KindPlate, "KR", "12가3456"),
		key(t, index.KindPlate, "MN", "1234УБА"),
		key(t, index.KindPart, "", "ABCDEFGHIJKLMNOPQRST"),
	} {
		hi, lo := k.Words()
		words = append(words, hi, lo)
	}
	want := []uint64{
		0x01000996147890C7, 0x0004112041144183,
		0x02027924C20D4556, 0x0000000000000000,
		0x021108270B020304, 0x0506000000000000,
		0x0223E86984060101, 0x1F02030405000000,
		0x0234580203530405, 0x0607000000000000,
		0x0245180203040523, 0x4C0B000000000000,
		0x06F886CBFD736D35, 0x8AC2BDF61FD0C761,
	}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("the words of keys changed, and with them the snapshot format (-want +got):\n%s", diff)
	}
}

func TestEveryRuneCanonicalizesOnce(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if c := index.CanonicalRune(r); c >= 0x80 && index.CanonicalRune(c) != c {
			t.Errorf("%U becomes %U becomes %U", r, c, index.CanonicalRune(c))
		}
	}
}

func TestKeysDoNotAllocate(t *testing.T) {
	v, p := vin.MustParse("1HGCM82633A004352"), plate.MustParse("JP", "品川500さ1234")
	engine := index.Number{Kind: index.KindEngine, Text: strings.Repeat("b16-", 20)}
	text := index.Number{Kind: index.KindVIN, Text: "1HGCM82633A004352"}
	var k index.Key
	for name, f := range map[string]func(){
		"VIN":    func() { k = index.VIN(v) },
		"Plate":  func() { k = index.Plate(p) },
		"hashed": func() { _, _ = engine.Key() },
		"text":   func() { _, _ = text.Key() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if k.IsZero() {
		t.Error("no key")
	}
}

// A key depends on what Key documents and on nothing else: a slow twin writes
// the canonical text, and equal texts must mean equal keys.
func FuzzNumberKey(f *testing.F) {
	for _, text := range []string{"AE86-5001234", "1HGCM82633A004352", "京A·12345", "", "\xff", "ＡＥ８６", "٣٤", "ı", strings.Repeat("Z", 300)} {
		for kind := range index.KindDocument + 1 {
			f.Add(uint8(kind), "D", text)
		}
	}
	f.Fuzz(checkNumberKey)
}

func checkNumberKey(t *testing.T, kind uint8, country, text string) {
	n := index.Number{Kind: index.Kind(kind), Country: country, Text: text}
	k, err := n.Key()
	if err != nil {
		var e *index.NumberError
		if !k.IsZero() || !errors.As(err, &e) || e.Pos < 0 || e.Pos > utf8.RuneCountInString(text)+1 {
			t.Fatalf("key %v with error %v", k, err)
		}
		return
	}
	if k.IsZero() || k.Kind() != n.Kind {
		t.Fatalf("key %v of a %v", k, n.Kind)
	}
	switch n.Kind {
	case index.KindVIN:
		if v, ok := k.VIN(); !ok || !strings.EqualFold(v.String(), text) {
			t.Fatalf("the key of %q holds %q", text, v)
		}
	case index.KindPlate:
		if p, err := plate.Parse(country, text); err != nil || index.Plate(p) != k {
			t.Fatalf("%q is the plate %v, which has another key (%v)", text, p, err)
		}
	default:
		canonical := slowCanonical(text)
		if again, err := (index.Number{Kind: n.Kind, Country: country, Text: canonical}).Key(); err != nil || again != k {
			t.Fatalf("%q is %q, which has another key (%v)", text, canonical, err)
		}
		longer := index.Number{Kind: n.Kind, Country: country, Text: canonical + "0"}
		if other, err := longer.Key(); err == nil && other == k {
			t.Fatalf("%q has the key of %q", longer.Text, canonical)
		}
	}
}

// slowCanonical spells out what a number other than a VIN or plate counts as.
func slowCanonical(s string) string {
	var b strings.Builder
	for _, r := range s {
		if 0xFF01 <= r && r <= 0xFF5E {
			r -= 0xFF01 - '!'
		}
		if unicode.IsDigit(r) {
			for zero := r - 9; zero <= r; zero++ {
				// The digits of a script are ten in a row; find the row.
				if rows := digitRows(); slices.Contains(rows, zero) {
					r = '0' + r - zero
					break
				}
			}
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// digitRows returns the zeros of all scripts.
var digitRows = func() func() []rune {
	var zeros []rune
	row := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsDigit(r) {
			row = 0
			continue
		}
		if row%10 == 0 {
			zeros = append(zeros, r)
		}
		row++
	}
	return func() []rune { return zeros }
}()

// Of what is no country there is no key.
func TestCanonicalCountries(t *testing.T) {
	for _, country := range []string{"D", "DEU", "de", "D1", "[A", "\x00\x00", "é"} {
		for _, kind := range []index.Kind{index.KindPlate, index.KindDocument} {
			if k := index.Canonical(kind, country, []byte("AB1")); !k.IsZero() {
				t.Errorf("%v of %q: %v", kind, country, k)
			}
		}
	}
}

// Canonical gives the keys that parsing gives.
func TestCanonical(t *testing.T) {
	for _, country := range []string{"", "DE", "RS", "SA", "CN", "JP", "IN"} {
		for _, text := range []string{"A", "AB123CD", "0O1I", "ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNOPQRSTUVW"} {
			if p, err := plate.Parse(country, text); err == nil {
				if got, want := index.Canonical(index.KindPlate, country, []byte(text)), index.Plate(p); got != want {
					t.Errorf("plate %s %s: another key", country, text)
				}
			}
			for _, kind := range []index.Kind{index.KindChassis, index.KindEngine, index.KindPart, index.KindDocument} {
				want, err := index.Number{Kind: kind, Country: country, Text: text}.Key()
				if got := index.Canonical(kind, country, []byte(text)); err != nil || got != want {
					t.Errorf("%v %s %s: another key, %v", kind, country, text, err)
				}
			}
		}
	}
}
