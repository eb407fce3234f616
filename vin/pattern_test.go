package vin_test

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

// slowPattern is a regular expression for the texts of the VINs that a pattern
// matches. It knows nothing of how Pattern works.
func slowPattern(text string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for _, r := range strings.ToUpper(text) {
		switch r {
		case '*':
			b.WriteString(`.*`)
		case '?':
			b.WriteString(`.`)
		default: // symbols and sets mean the same in both languages
			b.WriteRune(r)
		}
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

func TestSlowPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"1HG*", accord, true},
		{"1HG*", other, false},
		{"*[0-4]352", accord, true},
		{"*[5-9]352", accord, false},
		{"*A?0*3?2", accord, true},
	} {
		if got := slowPattern(tt.pattern).MatchString(tt.text); got != tt.want {
			t.Errorf("%s on %s: %v", tt.pattern, tt.text, got)
		}
	}
}

func TestParsePattern(t *testing.T) {
	for _, tt := range []struct {
		text, canonical string
		match           bool // the accord's VIN
		why             string
	}{
		{accord, accord, true, "whole VIN"},
		{"1hgcm82633a004352", accord, true, "either case"},
		{"1HGCM826?3A004352", "", true, "one unknown"},
		{"1HGCM82633A00????", "", true, "serial number unknown"},
		{"1HGCM826?3A004353", "", false, "another"},
		{"1HG*", "", true, "prefix"},
		{"2HG*", "", false, "another"},
		{"*004352", "", true, "suffix"},
		{"*004353", "", false, "another"},
		{"1HG*4352", "", true, "both"},
		{"1HG*4353", "", false, "another"},
		{"*3A00*", "", true, "fragment"},
		{"*3B00*", "", false, "another"},
		{"*", "", true, "anything"},
		{"*CM*3A*", "", true, "two fragments"},
		{"*3A*CM*", "", false, "in the other order"},
		{"1*2*3*2", "", true, "many stars"},
		{"*33*", "", true, "at either of two offsets"},
		{"1H*HG*", "", false, "fragments do not overlap"},
		{"*0?4*", "", true, "an unknown inside a fragment"},
		{"1HGCM82633A004352*", accord, true, "a star for nothing"},
		{"*1HGCM82633A004352*", accord, true, "two"},
		{"1HG**4352", "1HG*4352", true, "two stars are one"},
		{"1HG?*", "1HG*", true, "an unknown beside the only star"},
		{"*??4352", "*4352", true, "the same behind it"},
		{"1HG*?*4352", "1HG*4352", true, "between two that become one"},
		{"*?A*", "?*A*", true, "among several stars a place counts: it comes first"},
		{"?*A*", "?*A*", true, "the same"},
		{"1HGCM82[6]33A004352", accord, true, "set of one"},
		{"*[8B]2633A004352", "", true, "set"},
		{"*[B8]2633A004352", "*[8B]2633A004352", true, "sets are sorted"},
		{"*[8b8B]2633A004352", "*[8B]2633A004352", true, "and hold a symbol once"},
		{"*[012345]", "*[0-5]", true, "ranges"},
		{"*[0145]", "", false, "no ranges of two"},
		{"*[GHJK]*", "*[G-K]*", true, "ranges pass over I"},
		{"*[g-k]*", "*[G-K]*", true, "in either case"},
		{"*[I-K]*", "*[JK]*", false, "and may begin with it"},
		{"*[89A]", "*[89A]", false, "no range across digits and letters"},
		{"*[A-Z]352", "*[A-Z]352", false, "letters"},
		{"*[0-9]352", "", true, "digits"},
		{"1HG*[0-9A-Z]352", "1HG*352", true, "a full set is unknown"},
		{"*[0-9A-Z]*A*", "?*A*", true, "also among stars"},
		{"*[0OQ]04352", "*004352", true, "letters that no VIN has add nothing to a set"},
	} {
		p, err := vin.ParsePattern(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if tt.canonical == "" {
			tt.canonical = tt.text
		}
		if got := p.String(); got != tt.canonical {
			t.Errorf("%s: %s becomes %s, want %s", tt.why, tt.text, got, tt.canonical)
		}
		if got := p.Match(vin.MustParse(accord)); got != tt.match {
			t.Errorf("%s: %s matches: %v", tt.why, tt.text, got)
		}
		if q, err := vin.ParsePattern(p.String()); q != p || err != nil {
			t.Errorf("%s: parsed again: %v, %v", p, q, err)
		}
		if p.Match(vin.VIN{}) {
			t.Errorf("%s matches the zero VIN", p)
		}
	}
}

func TestParsePatternErrors(t *testing.T) {
	for _, tt := range []struct {
		text string
		kind vin.Kind
		pos  int
		why  string
	}{
		{"", vin.TooShort, 1, "no places and no star"},
		{"4352", vin.TooShort, 5, "without a star there are 17"},
		{"1HGCM82633A00435", vin.TooShort, 17, "16"},
		{"1HGCM82633A0043522", vin.TooLong, 18, "18"},
		{"*1HGCM82633A004352?", vin.TooLong, 19, "18 with a star"},
		{"1HGCM826[38]3A0043522", vin.TooLong, 21, "a set is one place"},
		{"1HGO*", vin.BadChar, 4, "O is no symbol"},
		{"1HG *", vin.BadChar, 4, "nor is a blank"},
		{"1HG–*", vin.BadChar, 4, "nor what is not ASCII"},
		{"1HG\xff*", vin.InvalidUTF8, 4, "no text"},
		{"1HG[", vin.BadSet, 4, "a set that does not end"},
		{"1HG[8B", vin.BadSet, 4, "the same with symbols"},
		{"1HG]*", vin.BadSet, 4, "one that does not begin"},
		{"1HG[]*", vin.EmptySet, 4, "nothing in it"},
		{"1HG[OIQ]*", vin.EmptySet, 4, "nothing a VIN has"},
		{"1HG[I-I]*", vin.EmptySet, 4, "nothing in a range"},
		{"1HG[8*]*", vin.BadChar, 6, "a star in a set"},
		{"1HG[8?]*", vin.BadChar, 6, "an unknown in a set"},
		{"1HG[8[B]]*", vin.BadChar, 6, "a set in a set"},
		{"1HG[-8]*", vin.BadSet, 5, "a range without its beginning"},
		{"1HG[8-]*", vin.BadSet, 6, "without its end"},
		{"1HG[8-0]*", vin.BadSet, 6, "backwards"},
		{"1HG[8-B]*", vin.BadSet, 6, "from a digit to a letter"},
		{"1HG[8é]*", vin.BadChar, 6, "not ASCII in a set"},
		{"1HG[8\x80]*", vin.InvalidUTF8, 6, "no text in a set"},
		{strings.Repeat("*", 1025), vin.Oversize, 1025, "too long to be read"},
		{strings.Repeat("?", 10<<20), vin.Oversize, 1025, "10 MB"},
	} {
		p, err := vin.ParsePattern(tt.text)
		var e *vin.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Pos != tt.pos || p != (vin.Pattern{}) {
			t.Errorf("%s: ParsePattern(%.30q) = %v, %v; want %v at %d", tt.why, tt.text, p, err, tt.kind, tt.pos)
		}
	}
}

func TestPatternErrorMessages(t *testing.T) {
	for text, want := range map[string]string{
		"1HG[8B":  "vin: position 4: a set is [symbols], such as [8B] or [A-F]",
		"1HG[O]*": "vin: position 4: no VIN symbol is in the set",
	} {
		if _, err := vin.ParsePattern(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// randomPattern writes a pattern that v matches, or one like it.
func randomPattern(rng *rand.Rand, v vin.VIN) string {
	b := v.Bytes()
	var s strings.Builder
	stars := rng.IntN(4)
	for i := 0; i < len(b); i++ {
		c := b[i]
		if rng.IntN(60) == 0 {
			c = symbols33[rng.IntN(len(symbols33))]
		}
		switch n := rng.IntN(10); {
		case n < 2:
			s.WriteByte('?')
		case n < 4:
			fmt.Fprintf(&s, "[%c%c]", c, symbols33[rng.IntN(len(symbols33))])
		case n == 4 && stars > 0:
			s.WriteByte('*')
			i += rng.IntN(6)
			stars--
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

const symbols33 = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// TestPatternAgainstRegexp also holds what planners are told about a pattern
// to what VINs match it.
func TestPatternAgainstRegexp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 17))
	vins := randomVINs(400)
	matches := 0
	for range 3000 {
		text := randomPattern(rng, vins[rng.IntN(20)])
		p, err := vin.ParsePattern(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		slow := slowPattern(text)
		for _, v := range vins[:30] {
			want := slow.MatchString(v.String())
			if got := p.Match(v); got != want {
				t.Fatalf("%s matches %v: %v, want %v", text, v, got, want)
			}
			checkPlan(t, p, v, want)
			if want {
				matches++
			}
		}
	}
	if matches < 1000 {
		t.Errorf("%d matches: the test does not test", matches)
	}
}

// checkPlan checks what a pattern says of its matches against one VIN.
func checkPlan(t *testing.T, p vin.Pattern, v vin.VIN, match bool) {
	t.Helper()
	hi, lo := v.Words()
	maskHi, wantHi, maskLo, wantLo, whole := p.Words()
	words := hi&maskHi == wantHi && lo&maskLo == wantLo
	if p.MatchWords(hi, lo) != match || match && !words || whole && match != words {
		t.Fatalf("%v and %v: match %v, of words %v, words %v, whole %v", p, v, match, p.MatchWords(hi, lo), words, whole)
	}
	text := v.String()
	prefix, suffix := string(p.AppendPrefix(nil)), string(p.AppendSuffix(nil))
	if match && !(strings.HasPrefix(text, prefix) && strings.HasSuffix(text, suffix)) {
		t.Fatalf("%v matches %v: prefix %s, suffix %s", p, v, prefix, suffix)
	}
	for pos := 1; pos <= vin.Len; pos++ {
		if match && p.Allowed(pos)>>(v.At(pos)-'0'+1)&1 == 0 {
			t.Fatalf("%v matches %v, but position %d", p, v, pos)
		}
	}
	fragment, first, last := p.AppendFragment(nil)
	if match && len(fragment) > 0 {
		i := strings.Index(text[first-1:], string(fragment))
		if i < 0 || first+i > last {
			t.Fatalf("%v matches %v: no %s from %d to %d", p, v, fragment, first, last)
		}
	}
}

func TestPatternPlan(t *testing.T) {
	type plan struct {
		known          int
		prefix, suffix string
		fragment       string
		first, last    int
		bits           int // that the words demand
		whole          bool
	}
	for _, tt := range []struct {
		text string
		want plan
	}{
		{accord, plan{17, accord, accord, accord, 1, 1, 102, true}},
		{"1HGCM826?3A004352", plan{16, "1HGCM826", "3A004352", "1HGCM826", 1, 1, 96, true}},
		{"1HGCM826[38]3A004352", plan{17, "1HGCM826", "3A004352", "1HGCM826", 1, 1, 96, false}},
		{"1HG*", plan{3, "1HG", "", "1HG", 1, 1, 18, true}},
		{"*004352", plan{6, "", "004352", "004352", 12, 12, 36, true}},
		{"1HG*4352", plan{7, "1HG", "4352", "4352", 14, 14, 42, true}},
		{"1HG*?*4?52", plan{6, "1HG", "52", "1HG", 1, 1, 36, true}},
		{"*3A00*", plan{4, "", "", "3A00", 1, 14, 0, false}},
		{"?*3A00*", plan{4, "", "", "3A00", 2, 14, 0, false}},
		{"1H*3A00*52", plan{8, "1H", "52", "3A00", 3, 12, 24, false}},
		{"1H*3A*0043*52", plan{10, "1H", "52", "0043", 5, 12, 24, false}},
		{"*", plan{0, "", "", "", 0, 0, 0, true}},
		{"*[8B]*", plan{1, "", "", "", 0, 0, 0, false}},
		{"????????????????[8B]", plan{1, "", "", "", 0, 0, 0, false}},
	} {
		p, err := vin.ParsePattern(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		maskHi, _, maskLo, _, whole := p.Words()
		fragment, first, last := p.AppendFragment(nil)
		got := plan{
			p.Known(), string(p.AppendPrefix(nil)), string(p.AppendSuffix(nil)), string(fragment), first, last,
			bits.OnesCount64(maskHi) + bits.OnesCount64(maskLo), whole,
		}
		if got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.text, got, tt.want)
		}
		v, ok := p.VIN()
		if ok != (tt.text == accord) || ok && v.String() != accord {
			t.Errorf("%s is the VIN %v, %v", tt.text, v, ok)
		}
	}
	if n := bits.OnesCount64(vin.AnySymbol); n != 33 {
		t.Errorf("AnySymbol has %d symbols", n)
	}
	for _, c := range symbols33 {
		if vin.AnySymbol>>(c-'0'+1)&1 == 0 {
			t.Errorf("AnySymbol lacks %c", c)
		}
	}
}

func TestZeroPattern(t *testing.T) {
	var p vin.Pattern
	anything, err := vin.ParsePattern("*")
	if err != nil || p == anything || p.IsValid() || !anything.IsValid() {
		t.Errorf("the zero Pattern is %v, * is %v, %v", p.IsValid(), anything.IsValid(), err)
	}
	for _, v := range append(randomVINs(10), vin.VIN{}) {
		if p.Match(v) {
			t.Errorf("the zero Pattern matches %v", v)
		}
	}
	if p.String() != "" || p.Known() != 0 {
		t.Errorf("the zero Pattern is %q, %d known", p.String(), p.Known())
	}
	if _, ok := p.VIN(); ok {
		t.Error("the zero Pattern is a VIN")
	}
}

func TestPatternText(t *testing.T) {
	p, err := vin.ParsePattern("1hg*[b8]352")
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.MarshalText()
	if string(text) != "1HG*[8B]352" || err != nil {
		t.Errorf("MarshalText = %s, %v", text, err)
	}
	if text, err = p.AppendText([]byte("p=")); string(text) != "p=1HG*[8B]352" || err != nil {
		t.Errorf("AppendText = %s, %v", text, err)
	}
	var q vin.Pattern
	if err := q.UnmarshalText(text[2:]); err != nil || q != p {
		t.Errorf("UnmarshalText = %v, %v", q, err)
	}
	if err := q.UnmarshalText([]byte("1HG")); !errors.Is(err, vin.TooShort) || q != p {
		t.Errorf("UnmarshalText of a short pattern = %v, %v", q, err)
	}
	if err := q.UnmarshalText(nil); err != nil || q.IsValid() {
		t.Errorf("UnmarshalText of nothing = %v, %v", q, err)
	}
	if got := p.LogValue().String(); got != "7 of 17 symbols" {
		t.Errorf("LogValue = %s", got)
	}
}

func TestPatternAllocs(t *testing.T) {
	v := vin.MustParse(accord)
	var buf [32]byte
	for _, text := range []string{"1HGCM826?3A004352", "*004352", "1HGCM826[38]3A004352", "*3A*43*"} {
		p, err := vin.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			if !p.Match(v) {
				t.Error("no match")
			}
			if !p.MatchWords(v.Words()) {
				t.Error("no match of the words")
			}
			p.Words()
			p.Known()
			p.Allowed(9)
			p.AppendPrefix(buf[:0])
			p.AppendSuffix(buf[:0])
			p.AppendFragment(buf[:0])
			p.AppendTo(buf[:0])
			if _, err := vin.ParsePattern(text); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func BenchmarkPatternMatch(b *testing.B) {
	// A thousand VINs stay in the cache and do not teach the branch predictor.
	vins := randomVINs(1024)
	for _, bb := range []struct{ name, text string }{
		{"prefix", "1HG*"},
		{"suffix", "*004352"},
		{"mask", "1HGCM826?3A004352"},
		{"set", "[1-5]*[0-9][0-9][0-9][0-9]"},
		{"fragment", "*3A00*"},
		{"fragments", "*3A*43*"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p, err := vin.ParsePattern(bb.text)
			if err != nil {
				b.Fatal(err)
			}
			matches, i := 0, 0
			for b.Loop() {
				if p.Match(vins[i&1023]) {
					matches++
				}
				i++
			}
			b.ReportMetric(float64(matches)/float64(b.N), "matches/op")
		})
	}
}
