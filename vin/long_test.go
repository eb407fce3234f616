package vin_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
)

// pieces are what long texts are put together from: what opens or ends a
// number, a word, a set, a run of signs.
var pieces = []string{
	accord, accord[:16], accord + "5", "WVWZZZ1KZAW612305", "1", "K0", "I", "O", "X", "XXXX", "0000", "A-", "4352",
	" ", "\t", "\n", "-", "--", ".", "/", "_", "#", "*", "****", "?", "•", "…", "%", ",", ";", ":", "(", "]", "[", "[8B]", "[A-", "]A0",
	"\u200b", "\ufeff", "\u00ad", "\u0301", "\x00", "\xff", "\xe9", "ÿ", "\ufffd", "²", "١", "Н", "Ж", "車", "ａ",
	"VIN", "V.I.N. ", "VIN 2: ", "No. ", "E ", "N ", "NR", "DE", "FAHRGESTELLNUMMER", "N/A ", "UNKNOWN ", "TEST",
	"last 6 ", "ends ", "begins with ", "contains ", "partial ", "6 ", "last six of the ",
}

// read calls every reader of text as people write it.
func read(t *testing.T, raw string) {
	t.Helper()
	if v, edits, err := vin.Clean(raw); err == nil {
		checkEdits(t, raw, v.String(), edits)
	}
	if s, edits, err := vin.CleanText(raw); err == nil {
		checkEdits(t, raw, s, edits)
	}
	if p, _, err := vin.CleanPattern(raw); err == nil && p.Known() == 0 {
		t.Errorf("%q: %v", raw, p)
	}
	if p, err := vin.ParsePattern(raw); err == nil && !p.IsValid() {
		t.Errorf("%q: %v", raw, p)
	}
	vin.Classify(raw)
	if n := len(vin.AppendRepairs(nil, raw)); n > 561 {
		t.Errorf("%q: %d repairs", raw, n)
	}
}

// Fuzzing seldom comes to texts as long as the readers take: one piece all the
// way, each in turn with one that parts or joins, and mixtures.
func TestLongTexts(t *testing.T) {
	const longest = 1024 // characters
	cut := func(s string) string {
		for utf8.RuneCountInString(s) > longest {
			_, n := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-n]
		}
		return s
	}
	for _, a := range pieces {
		for _, b := range []string{"", " ", "-", ".", "?", ",", "\u200b", "N ", accord} {
			read(t, cut(strings.Repeat(a+b, longest/len(a+b)+1)))
		}
	}
	rng := rand.New(rand.NewPCG(3779, 3780))
	for range 500 {
		few := make([]string, 1+rng.IntN(6))
		for i := range few {
			few[i] = pieces[rng.IntN(len(pieces))]
		}
		var s strings.Builder
		for n := rng.IntN(longest); s.Len() < n; {
			s.WriteString(few[rng.IntN(len(few))])
		}
		read(t, cut(s.String()))
	}
}
