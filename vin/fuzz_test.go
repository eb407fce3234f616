package vin_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
)

// slowParse is Parse without a table: the 17 symbols in capitals, or what is
// wrong and where.
func slowParse(s string) (text string, kind vin.Kind, pos int) {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		pos++
		if r == utf8.RuneError && size == 1 {
			return "", vin.InvalidUTF8, pos
		}
		c := s[:size]
		if size == 1 {
			c = strings.ToUpper(c)
		}
		if !strings.Contains("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", c) {
			return "", vin.BadChar, pos
		}
		if pos == 18 {
			return "", vin.TooLong, pos
		}
		text, s = text+c, s[size:]
	}
	if pos < 17 {
		return "", vin.TooShort, pos + 1
	}
	return text, 0, 0
}

func TestSlowParse(t *testing.T) {
	for _, row := range readNasty(t) {
		text, kind, pos := slowParse(string(asciiUpper([]byte(row.raw))))
		if row.StrictKind == "ok" && text != row.raw || row.StrictKind != "ok" && !strings.Contains(row.Note, "case") &&
			(kind.String() != row.StrictKind || pos != row.StrictPos) {
			t.Errorf("%s: %s, %v at %d", row.Note, text, kind, pos)
		}
	}
}

// addNasty seeds a fuzz target; the committed corpus adds what it found and
// what it did not reach.
func addNasty(f *testing.F) {
	for _, row := range readNasty(f) {
		f.Add(row.raw)
	}
}

// checkError holds an error to what all errors of the package promise.
func checkError(t *testing.T, raw string, err error) {
	t.Helper()
	var e *vin.Error
	if !errors.As(err, &e) || !errors.Is(err, e.Kind) {
		t.Fatalf("%q: error %v is not of type *Error", raw, err)
	}
	chars := []rune(raw)
	if e.Pos < 1 || e.Pos > len(chars)+1 {
		t.Fatalf("%q: error at %d", raw, e.Pos)
	}
	if e.Char != 0 && (e.Pos > len(chars) || chars[e.Pos-1] != e.Char) {
		t.Fatalf("%q: %v: another character stands there", raw, err)
	}
	if len(chars) > 8 && strings.Contains(err.Error(), raw) {
		t.Fatalf("the error for %q shows it", raw)
	}
}

func FuzzParse(f *testing.F) {
	addNasty(f)
	f.Fuzz(checkParse)
}

func checkParse(t *testing.T, s string) {
	v, err := vin.Parse(s)
	text, kind, pos := slowParse(s)
	if v.String() != text || v.IsValid() != (kind == 0) {
		t.Fatalf("Parse(%q) = %q, want %q", s, v, text)
	}
	var e *vin.Error
	if kind == 0 && err != nil || kind != 0 && (!errors.As(err, &e) || e.Kind != kind || e.Pos != pos) {
		t.Fatalf("Parse(%q): %v, want %v at %d", s, err, kind, pos)
	}
	if err != nil {
		checkError(t, s, err)
	}
}

func FuzzClean(f *testing.F) {
	addNasty(f)
	f.Fuzz(checkClean)
}

func checkClean(t *testing.T, raw string) {
	v, edits, err := vin.Clean(raw)
	if p, parseErr := vin.Parse(raw); parseErr == nil && (p != v || err != nil) {
		t.Fatalf("%q: Parse gives %v, Clean %v, %v", raw, p, v, err)
	}
	if err != nil {
		if v.IsValid() || edits != nil {
			t.Fatalf("%q: %v, %v beside %v", raw, v, edits, err)
		}
		checkError(t, raw, err)
		return
	}
	if (len(edits) == 0) != (v.String() == raw) {
		t.Fatalf("%q: %v, %v", raw, v, edits)
	}
	checkEdits(t, raw, v.String(), edits)
	if again, edits, err := vin.Clean(v.String()); again != v || edits != nil || err != nil {
		t.Fatalf("%q: again: %v, %v, %v", raw, again, edits, err)
	}
}

func FuzzCleanText(f *testing.F) {
	addNasty(f)
	f.Fuzz(checkCleanText)
}

func checkCleanText(t *testing.T, raw string) {
	s, edits, err := vin.CleanText(raw)
	if err != nil {
		if s != "" || edits != nil {
			t.Fatalf("%q: %q, %v beside %v", raw, s, edits, err)
		}
		checkError(t, raw, err)
		return
	}
	if s == "" || (len(edits) == 0) != (s == raw) {
		t.Fatalf("%q: %q, %v", raw, s, edits)
	}
	if strings.Contains(s, "--") || s[0] == '-' || s[len(s)-1] == '-' {
		t.Fatalf("%q: %q", raw, s)
	}
	checkEdits(t, raw, s, edits)
	if again, edits, err := vin.CleanText(s); again != s || edits != nil || err != nil {
		t.Fatalf("%q becomes %q; again: %q, %v, %v", raw, s, again, edits, err)
	}
}

func FuzzClassify(f *testing.F) {
	addNasty(f)
	f.Fuzz(checkClassify)
}

func checkClassify(t *testing.T, raw string) {
	class := vin.Classify(raw)
	v, _, err := vin.Clean(raw)
	text, _, textErr := vin.CleanText(raw)
	_, _, patternErr := vin.CleanPattern(raw)
	switch class {
	case vin.ClassPaddedChassis, vin.ClassChassis:
		if textErr != nil || class == vin.ClassPaddedChassis && text[0] == '0' {
			t.Fatalf("%q is %v: CleanText: %q, %v", raw, class, text, textErr)
		}
	case vin.ClassPartial:
		if patternErr != nil && !strings.ContainsAny(raw, "?？*＊•●○■□█▪◼×✕∗✱⁎…⋯%％") {
			t.Fatalf("%q is %v: CleanPattern: %v", raw, class, patternErr)
		}
	case vin.ClassEmpty: // a label may have 17 legal symbols itself
		if err == nil && strings.ContainsAny(v.String(), "0123456789") {
			t.Fatalf("%q is %v, and the VIN %v", raw, class, v)
		}
	case vin.ClassSeveral, vin.ClassOther:
		if err == nil {
			t.Fatalf("%q is %v, and the VIN %v", raw, class, v)
		}
	case vin.ClassVIN, vin.ClassPlaceholder:
	default:
		t.Fatalf("%q is %v", raw, class)
	}
	if len(raw) < 1000 && raw != "" && class != vin.ClassEmpty {
		if got := vin.Classify(" " + raw + "\r\n"); got != class {
			t.Fatalf("%q is %v, and between blanks %v", raw, class, got)
		}
	}
}

func FuzzRepairs(f *testing.F) {
	addNasty(f)
	f.Fuzz(func(t *testing.T, raw string) { repairs(t, raw) })
}

func FuzzParsePattern(f *testing.F) {
	for _, text := range []string{
		accord, "1hg*", "*004352", "1HG*4352", "*3A00*", "*?3A??*[8b]*", "1HGCM82[0-9]?[J-N]A004352", "[OIQ]*", "[*",
	} {
		f.Add(text, accord)
	}
	f.Fuzz(checkParsePattern)
}

func checkParsePattern(t *testing.T, text, number string) {
	p, err := vin.ParsePattern(text)
	if err != nil {
		if p.IsValid() {
			t.Fatalf("%q: a pattern beside %v", text, err)
		}
		checkError(t, text, err)
		return
	}
	if q, err := vin.ParsePattern(p.String()); q != p || err != nil {
		t.Fatalf("%q becomes %s; again: %s, %v", text, p, q, err)
	}
	v, _, err := vin.Clean(number)
	if err != nil {
		v = vin.MustParse(accord)
	}
	slow := slowPattern(text)
	if want := slow.MatchString(v.String()); p.Match(v) != want {
		t.Fatalf("%q matches %v: %v, want %v", text, v, p.Match(v), want)
	}
	if want := slow.MatchString(v.String()); slowPattern(p.String()).MatchString(v.String()) != want {
		t.Fatalf("%q and its canonical form %s differ on %v", text, p, v)
	}
	checkPlan(t, p, v, p.Match(v))
}

func FuzzCleanPattern(f *testing.F) {
	addNasty(f)
	for _, raw := range []string{
		"last 6: 004352", "begins with 1HG and ends in 4352", "****004352", "1HGCM826-3A00----", "XXXX004352", "*[8B]4352",
	} {
		f.Add(raw)
	}
	f.Fuzz(checkCleanPattern)
}

func checkCleanPattern(t *testing.T, raw string) {
	p, edits, err := vin.CleanPattern(raw)
	if err != nil {
		if p.IsValid() || edits != nil {
			t.Fatalf("%q: %v, %v beside %v", raw, p, edits, err)
		}
		checkError(t, raw, err)
		return
	}
	if p.Known() == 0 || p.String() == raw && edits != nil {
		t.Fatalf("%q: %v, %v", raw, p, edits)
	}
	if q, err := vin.ParsePattern(raw); edits == nil && (q != p || err != nil) {
		t.Fatalf("%q becomes %v without edits, but means %v, %v", raw, p, q, err)
	}
	for i, e := range edits {
		if e.Kind.IsGuess() || i > 0 && e.Pos < edits[i-1].Pos || e.Pos < 1 || e.Pos > utf8.RuneCountInString(raw)+1 {
			t.Fatalf("%q: edits %v", raw, edits)
		}
	}
	if again, edits, err := vin.CleanPattern(p.String()); again != p || edits != nil || err != nil {
		t.Fatalf("%q becomes %s; again: %s, %v, %v", raw, p, again, edits, err)
	}
	if v, _, err := vin.Clean(raw); err == nil && !p.Match(v) {
		t.Fatalf("%q is the VIN %v, which %s does not match", raw, v, p)
	}
}
