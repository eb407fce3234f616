package vintest_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// What the corpus says is what package vin finds, which had no part in it.
func TestCorpus(t *testing.T) {
	seen := make(map[string]bool)
	var valid, check, canonical, nonUTF8 int
	for c := range vintest.Corpus() {
		if seen[c.Input] {
			t.Errorf("%q occurs twice", c.Input)
		}
		seen[c.Input] = true
		if c.Why == "" || c.Source == "" {
			t.Errorf("%q: nothing says why it is here or where it is from", c.Input)
		}
		v, err := vin.Parse(c.Input)
		if (err == nil) != c.Valid {
			t.Errorf("%q: valid %v, but Parse says %v", c.Input, c.Valid, err)
		}
		if c.Valid {
			valid++
			if c.Canonical != v.String() {
				t.Errorf("%q: canonical %q, want %v", c.Input, c.Canonical, v)
			}
		}
		if !utf8.ValidString(c.Input) {
			nonUTF8++
		}
		if c.Canonical == "" {
			if c.CheckDigit != 0 || c.CheckDigitOK() {
				t.Errorf("%q: a check digit without a number", c.Input)
			}
			continue
		}
		canonical++
		w, err := vin.Parse(c.Canonical)
		if err != nil || w.String() != c.Canonical {
			t.Errorf("%q: canonical %q is no VIN in upper case", c.Input, c.Canonical)
			continue
		}
		if c.CheckDigit != w.ComputeCheckDigit() || c.CheckDigitOK() != w.CheckDigitOK() {
			t.Errorf("%q: check digit %q, %v; want %q, %v", c.Input, c.CheckDigit, c.CheckDigitOK(), w.ComputeCheckDigit(), w.CheckDigitOK())
		}
		if c.CheckDigitOK() {
			check++
		}
	}
	// Both answers of every question have their cases.
	n := len(seen)
	if n < 300 || valid < 200 || n-valid < 40 || canonical-valid < 20 || check < 100 || canonical-check < 80 || nonUTF8 < 3 {
		t.Errorf("%d cases, %d valid, %d with a canonical form, %d with a check digit that computes, %d not UTF-8",
			n, valid, canonical, check, nonUTF8)
	}
	for range vintest.Corpus() {
		break // and nothing breaks
	}
}

func TestHostile(t *testing.T) {
	var texts []string
	reasons := make(map[string]int)
	for text, why := range vintest.Hostile(1) {
		texts = append(texts, text)
		reasons[why]++
		if len(texts) == 5000 {
			break
		}
	}
	i := 0
	for text := range vintest.Hostile(1) {
		if text != texts[i] {
			t.Fatalf("text %d differs in a second run", i)
		}
		if i++; i == len(texts) {
			break
		}
	}
	for text := range vintest.Hostile(2) {
		if text == texts[0] {
			t.Error("seeds 1 and 2 begin alike")
		}
		break
	}

	traits := map[string]func(s string) bool{
		"empty":                  func(s string) bool { return s == "" },
		"16 bytes":               func(s string) bool { return len(s) == 16 },
		"18 bytes":               func(s string) bool { return len(s) == 18 },
		"17 bytes":               func(s string) bool { return len(s) == 17 },
		"17 bytes, fewer chars":  func(s string) bool { return len(s) == 17 && utf8.RuneCountInString(s) < 17 },
		"17 chars, more bytes":   func(s string) bool { return len(s) > 17 && utf8.RuneCountInString(s) == 17 },
		"a megabyte":             func(s string) bool { return len(s) > 1<<19 },
		"not UTF-8":              func(s string) bool { return !utf8.ValidString(s) },
		"O, I or Q":              func(s string) bool { return len(s) == 17 && strings.ContainsAny(s, "OIQ") },
		"newline at the end":     func(s string) bool { return strings.HasSuffix(s, "\n") },
		"zero byte":              func(s string) bool { return strings.Contains(s, "\x00") },
		"Cyrillic":               func(s string) bool { return strings.ContainsAny(s, "АВЕКМНОРСТХ") },
		"long s or Kelvin":       func(s string) bool { return strings.ContainsAny(s, "\u017f\u212a") },
		"full-width digit":       func(s string) bool { return strings.ContainsAny(s, "０１２３４５６７８９") },
		"right-to-left override": func(s string) bool { return strings.Contains(s, "\u202e") },
		"two numbers":            func(s string) bool { return len(s) == 35 },
	}
	for what, has := range traits {
		n := 0
		for _, s := range texts {
			if has(s) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no text of 5000: %s", what)
		}
	}
	if len(reasons) < 20 {
		t.Errorf("%d reasons, want more: %v", len(reasons), reasons)
	}
}
