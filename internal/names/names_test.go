package names_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/vinmatch/vinmatch/internal/names"
)

func TestFold(t *testing.T) {
	for _, tc := range []struct{ why, in, want string }{
		{"nothing", "", ""},
		{"nothing that counts", " -./·\t", ""},
		{"case", "PeuGeot", "peugeot"},
		{"a hyphen", "Mercedes-Benz", "mercedesbenz"},
		{"a blank", "MERCEDES BENZ", "mercedesbenz"},
		{"a mark", "CITROËN", "citroen"},
		{"a mark of its own is no letter", "Citroe\u0308n", "citroen"},
		{"a first letter with a mark", "Škoda", "skoda"},
		{"a dotted capital", "İSUZU", "isuzu"},
		{"digits", "Mazda 3", "mazda3"},
		{"letters beyond Latin stay", "三菱 ЛАДА", "三菱лада"},
		{"digits of other scripts are no letters", "٣", ""},
		{"full width", "Ｔｏｙｏｔａ ８６", "toyota86"},
		{"marks of Latin beyond the usual ones", "Doğan pelēks", "doganpeleks"},
		{"a stroke", "Smeđa", "smeda"},
		{"a stroke and a mark", "ǾØ", "oo"},
		{"Cyrillic", "Синий чёрный", "синиичерныи"},
		{"Cyrillic, decomposed", "Сини\u0438\u0306 че\u0308рны\u0438\u0306", "синиичерныи"},
		{"Greek, both sigmas", "ΛΕΥΚΌΣ λευκός", "λευκοσλευκοσ"},
		{"kana", "ガカ\u3099", "カカ"},
		{"Hangul", "현대", "현대"},
		{"Hangul, decomposed", "\u1112\u1167\u11AB\u1103\u1162", "현대"},
		{"a syllable in two parts", "혀\u11AB", "현"},
		{"bytes that are no text", "a\xffb", "ab"},
	} {
		if got := names.Fold(tc.in); got != tc.want {
			t.Errorf("%s: Fold(%q) = %q, want %q", tc.why, tc.in, got, tc.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Mercedes-Benz")
	f.Add("İǅ\u0345\xff")
	f.Fuzz(func(t *testing.T, s string) {
		folded := names.Fold(s)
		if again := names.Fold(folded); again != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, again)
		}
		for _, r := range folded {
			if !unicode.IsLetter(r) && !('0' <= r && r <= '9') {
				t.Errorf("%q folds to %q", s, folded)
			}
		}
	})
}

func FuzzFoldCase(f *testing.F) {
	f.Add("Kelvin", "\u212aELVIN")
	f.Add("straße", "STRASSE")
	f.Add("ΣΑΣ", "σας")
	f.Add("\xff", "�")
	f.Fuzz(func(t *testing.T, a, b string) {
		if same := names.FoldCase(a) == names.FoldCase(b); same != strings.EqualFold(a, b) {
			t.Errorf("%q and %q: the same is %t", a, b, same)
		}
		if !strings.EqualFold(a, names.FoldCase(a)) {
			t.Errorf("%q becomes %q", a, names.FoldCase(a))
		}
	})
}
