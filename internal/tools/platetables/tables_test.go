package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/vinmatch/vinmatch/vin/plate"
)

const plateDir = "../../../vin/plate"

// tableVersion is the version of Unicode that the committed tables are of.
const tableVersion = "15.0.0"

func needVersion(t testing.TB) {
	if unicode.Version != tableVersion || norm.Version != tableVersion {
		t.Skipf("this toolchain has Unicode %s and %s, the tables are of %s", unicode.Version, norm.Version, tableVersion)
	}
}

// TestFresh holds the committed tables to what this program makes.
func TestFresh(t *testing.T) {
	needVersion(t)
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(plateDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale, run go generate in vin/plate", name)
		}
	}
}

// countries stand for the sets of rules that Parse knows.
var countries = []string{"", "RS", "MK", "SA"}

// TestEveryCharacter holds Parse to the twin on each character of Unicode,
// between digits so that dropped characters are seen to be dropped.
func TestEveryCharacter(t *testing.T) {
	needVersion(t)
	assigned := []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, assigned...) {
			// Not worth the time of the twin.
			if p, err := plate.Parse("", "1"+string(r)+"2"); utf8.ValidRune(r) && (err != nil || p.Text() != "12") {
				t.Errorf("%U: got %q, %v, want it dropped", r, p.Text(), err)
			}
			continue
		}
		raw := "1" + string(r) + "2"
		check(t, "", raw)
		if s := fold(r); s != "" && unicode.In(first(s), unicode.Cyrillic, unicode.Arabic) {
			for _, country := range countries[1:] {
				check(t, country, raw)
			}
		}
	}
}

// TestEveryMark holds Parse to the twin on each character that begins a
// decomposition, before each mark that takes part in one: at once, and behind
// a cedilla, a circumflex or both, of which those of the class of the mark
// stand in its way and others do not.
func TestEveryMark(t *testing.T) {
	needVersion(t)
	bases, seconds := map[rune]bool{}, map[rune]bool{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if d := []rune(norm.NFD.String(string(r))); len(d) > 1 && !isHangul(r) {
			bases[d[0]] = true
			for _, m := range d[1:] {
				seconds[m] = true
			}
		}
	}
	for m := rune(0); m <= unicode.MaxRune; m++ {
		if d := norm.NFKD.String(string(m)); !unicode.IsMark(first(d)) || !seconds[first(d)] {
			continue
		}
		for b := range bases {
			for _, between := range []string{"", "\u0327", "\u0302", "\u0327\u0302"} {
				check(t, "", string(b)+between+string(m))
			}
		}
	}
}

// TestHangul holds Parse to the twin on all letters of syllables, in both the
// conjoining forms and those of keyboards, together and apart.
func TestHangul(t *testing.T) {
	for l := rune(0x1100); l < 0x1113; l++ {
		for v := rune(0x1161); v < 0x1176; v++ {
			for tr := rune(0x11A7); tr < 0x11C3; tr++ {
				check(t, "KR", "12"+string([]rune{l, v, tr})+"3456")
			}
			check(t, "KR", string([]rune{l, '-', v, ' ', 0x11A8}))
		}
	}
	for a := rune(0x3131); a <= 0x318E; a++ {
		for b := rune(0x3131); b <= 0x318E; b++ {
			check(t, "KR", string([]rune{a, b}))
		}
	}
}

// check compares Parse to the twin.
func check(t testing.TB, country, raw string) {
	t.Helper()
	want := twin(country, raw)
	p, err := plate.Parse(country, raw)
	switch {
	case want == "":
		if e, ok := err.(*plate.Error); !ok || e.Kind != plate.Empty {
			t.Errorf("%s %+q: got %q, %v, want Empty", country, raw, p.Text(), err)
		}
	case len(want) > plate.MaxText:
		if e, ok := err.(*plate.Error); !ok || e.Kind != plate.TooLong {
			t.Errorf("%s %+q: got %q, %v, want TooLong", country, raw, p.Text(), err)
		}
	case err != nil || p.Text() != want:
		t.Errorf("%s %+q: got %q, %v, want %q", country, raw, p.Text(), err, want)
	}
}

// FuzzAgainstXText holds Parse to the twin on any text.
func FuzzAgainstXText(f *testing.F) {
	needVersion(f)
	for i, s := range []string{
		"AB12 CDE", "TÜ-AB 123", "АА1234ВВ", "НС-123-АБ", "ح ن ط ٧٦٥٣", "品川 500 さ 12-34",
		"12가 3456", "ᄀ-ᅡᆨ", "И\u0327\u0306", "И\u0302\u0306", "ｶﾞ", "№ AB™", "粵B12345", "出雲 300 あ 1", "ﷺ", "ẖ",
	} {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, c uint8, raw string) {
		if !utf8.ValidString(raw) || len(raw) > plate.MaxRaw {
			t.Skip()
		}
		// Behind thirty marks in a row, norm inserts a joiner, as the
		// stream-safe format asks; a plate has no use for that.
		if strings.IndexFunc(raw, unicode.IsMark) >= 0 && longestMarks(raw) >= 30 {
			t.Skip()
		}
		check(t, countries[int(c)%len(countries)], raw)
	})
}

func longestMarks(s string) int {
	longest, n := 0, 0
	for _, r := range norm.NFKD.String(s) {
		if norm.NFD.PropertiesString(string(r)).CCC() == 0 {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}
