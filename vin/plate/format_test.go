package plate_test

import (
	"compress/gzip"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

// A layout is a row of the list of formats.
type layout struct{ country, pattern, excluded, notes string }

func readLayouts(t testing.TB) (rows []layout) {
	t.Helper()
	f, err := os.Open("gen/plate_formats.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(zr).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all[1:] {
		rows = append(rows, layout{r[0], r[2], r[3], r[4]})
	}
	return rows
}

var exampleIn = regexp.MustCompile(`\bex ([^;]+)`)

// example returns the example in the notes; "" if there is none.
func (l layout) example() string {
	if m := exampleIn.FindStringSubmatch(l.notes); m != nil {
		return m[1]
	}
	return ""
}

// TestExamples puts the example of every format through Parse and holds it to
// the formats of its country.
func TestExamples(t *testing.T) {
	n := 0
	countries := map[string]bool{}
	for _, l := range readLayouts(t) {
		raw := l.example()
		if l.country == "BD" {
			raw = "ঢাকা মেট্রো-গ ১১-১২৩৪" // the list has none
		}
		if countries[l.country] = countries[l.country] || raw != ""; raw == "" {
			continue
		}
		n++
		p, err := plate.Parse(l.country, raw)
		if err != nil {
			t.Errorf("%s %q: %v", l.country, raw, err)
			continue
		}
		checkPlate(t, p)
		if bits, fits := p.Bits(); !p.Fits() || !fits || bits < 13 || bits > 50 {
			t.Errorf("%s %q: %q in %s: fits %v, %.1f bits", l.country, raw, p.Text(), l.pattern, fits, bits)
		}
	}
	if n < 200 {
		t.Errorf("only %d examples", n)
	}
	for country, ok := range countries {
		if !ok {
			t.Errorf("no example of %s", country)
		}
	}
}

// asRegexp says the pattern of a layout as a regular expression.
func (l layout) asRegexp() *regexp.Regexp {
	var letters strings.Builder
	for c := 'A'; c <= 'Z'; c++ {
		if strings.HasSuffix(l.excluded, "?") || !strings.ContainsRune(l.excluded, c) {
			letters.WriteRune(c)
		}
	}
	script := strings.NewReplacer(
		"<HAN>", `\p{Han}`, "<HIRA>", `\p{Hiragana}`, "<HANGUL>", `\p{Hangul}`, "<AR>", `\p{Arabic}`,
		"<THAI>", `\p{Thai}`, "<CYR>", `[ABCEHIJKMOPSTXY\p{Cyrillic}]`, "<BN>", `\p{Bengali}`,
		"<PLACE>", `[\p{Han}\p{Hiragana}\p{Hangul}\p{Bengali}]{1,12}`,
	)
	var b strings.Builder
	for i, part := range strings.Split(l.pattern, "'") {
		if i%2 == 1 { // quoted
			b.WriteString(part)
			continue
		}
		for part != "" {
			switch c := part[0]; {
			case c == '[' || c == '<':
				end := strings.IndexAny(part, "]>") + 1
				b.WriteString(script.Replace(part[:end]))
				part = part[end:]
				continue
			case c == 'L':
				b.WriteString("[" + letters.String() + "]")
			case c == 'X':
				b.WriteString("[A-Z]")
			case c == 'A':
				b.WriteString("[0-9" + letters.String() + "]")
			case c == 'D':
				b.WriteString("[0-9]")
			case c == 'N':
				b.WriteString("[1-9]")
			default:
				b.WriteByte(c)
			}
			part = part[1:]
		}
	}
	return regexp.MustCompile("^(?:" + b.String() + ")$")
}

// TestFitsOracle holds Fits to regular expressions made from the same list, on
// the examples of all countries with a character or two changed.
func TestFitsOracle(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	layouts := readLayouts(t)
	byCountry := map[string][]*regexp.Regexp{}
	for _, l := range layouts {
		byCountry[l.country] = append(byCountry[l.country], l.asRegexp())
	}
	letters := []rune("0123456789ABEIOSXZ京さ가بกЯঢ")
	fitting, total := 0, 0
	for _, l := range layouts {
		text := plate.MustParse("", l.example()+l.country).Text() // never empty
		text = strings.TrimSuffix(text, l.country)
		for range 300 {
			runes := []rune(text)
			for n := rng.IntN(3); n > 0 && len(runes) > 0; n-- {
				i := rng.IntN(len(runes))
				switch rng.IntN(4) {
				case 0:
					runes = append(runes[:i], runes[i+1:]...)
				case 1:
					runes = append(runes, letters[rng.IntN(len(letters))])
				default:
					runes[i] = letters[rng.IntN(len(letters))]
				}
			}
			p, err := plate.Parse(l.country, string(runes))
			if err != nil {
				continue
			}
			want := false
			for _, re := range byCountry[l.country] {
				want = want || re.MatchString(p.Text())
			}
			if got := p.Fits(); got != want {
				t.Errorf("seed %d: %v fits: %v, want %v", seed, p, got, want)
			}
			total++
			if want {
				fitting++
			}
		}
	}
	if fitting < total/4 || fitting > total*3/4 {
		t.Errorf("%d of %d fit: not a test", fitting, total)
	}
}

func TestPropose(t *testing.T) {
	for _, tc := range []struct{ why, country, raw, want string }{
		{"letter for a digit", "GB", "AB12 C0E", "AB12COE"},
		{"digit for a letter", "FR", "AB-IZ3-CD", "AB123CD"},
		{"digits for letters and back", "ZW", "012 OIZS", "OIZ0125"},
		{"the other pairs", "ZW", "586 SGB1", "SBG5681"},
		{"the fewest exchanges win", "ES", "1Z34 BCD", "1234BCD"},
		{"native letters beside it", "CN", "京A·O2345", "京A02345"},
		{"country's sign behind", "RU", "А123ВС 777 RUS", "A123BC777"},
		{"and before", "GB", "GB AB12 CDE", "AB12CDE"},
		{"a sign that is not the ISO code", "SI", "SLO LJ AB-123", "LJAB123"},
		{"fits already", "GB", "A812 CDE", ""},
		{"the sign may be a district", "DE", "D MAB 1234", ""},
		{"two ways to split", "AM", "12BABO7", ""},
		{"two ways to read", "NL", "0O-01-AB", ""},
		{"no way", "FR", "ABCDEFG", ""},
		{"look-alikes that are no pair", "FR", "AQ-1L3-CD", ""},
		{"everything fits", "US", "ABC1Z3", ""},
		{"no formats known", "AQ", "AB1Z3", ""},
		{"no country", "", "AB12C0E", ""},
	} {
		p := plate.MustParse(tc.country, tc.raw)
		q, ok := p.Propose()
		if q.Text() != tc.want || ok != (tc.want != "") || ok && q.Country() != p.Country() {
			t.Errorf("%s: %v: got %q, want %q", tc.why, p, q.Text(), tc.want)
		}
	}
}

func TestBits(t *testing.T) {
	log2 := math.Log2
	for _, tc := range []struct {
		why, country, raw string
		want              float64
		fits              bool
	}{
		{"three letters, four digits", "ZW", "ABC 1234", log2(26*26*26) + log2(1e4), true},
		{"letters excluded", "IT", "AB 123 CD", 4*log2(22) + log2(1e3), true},
		{"the narrower of two", "IT", "AB 12345", 2*log2(22) + log2(1e5), true},
		{"a range counts all lengths", "AD", "A1234", log2(26) + log2(1e4), true},
		{"lengths add up", "ZM", "ABC 1", 3*log2(26) + log2(11110), true},
		{"a literal has no bits", "LI", "FL 1", log2(111110), true},
		{"one part of two", "ME", "PG AB123", 4*log2(26) + log2(1e3), true},
		{"fits none: by its characters", "ZW", "AB12", 2*log2(26) + log2(100), false},
		{"no country", "", "ABC1234", 3*log2(26) + log2(1e4), false},
		{"native letters", "", "京A1", 2*log2(26) + log2(10), false},
	} {
		got, fits := plate.MustParse(tc.country, tc.raw).Bits()
		if math.Abs(got-tc.want) > 0.06 || fits != tc.fits {
			t.Errorf("%s: got %.2f, %v, want %.2f", tc.why, got, fits, tc.want)
		}
	}
}
