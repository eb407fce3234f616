package main

import (
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"github.com/vinmatch/vinmatch/vin/plate"
)

// BenchmarkAgainstXText puts plate.Parse beside the chain of transformers that
// does part of its work: it knows no look-alikes and no countries.
func BenchmarkAgainstXText(b *testing.B) {
	chain := transform.Chain(
		width.Fold,
		norm.NFKD,
		runes.Remove(runes.In(unicode.Mn)),
		norm.NFC,
		cases.Upper(language.Und),
		runes.Remove(runes.Predicate(func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })),
	)
	for _, bc := range []struct{ name, country, raw, want string }{
		{"ASCII", "GB", "AB-12 cde", "AB12CDE"},
		{"umlaut", "DE", "TÜ-AB 123", "TUAB123"},
		{"full-width", "GB", "ＡＢ１２ ＣＤＥ", "AB12CDE"},
	} {
		if p, err := plate.Parse(bc.country, bc.raw); err != nil || p.Text() != bc.want {
			b.Fatal(p, err)
		}
		if s, _, err := transform.String(chain, bc.raw); err != nil || s != bc.want {
			b.Fatal(s, err)
		}
		b.Run(bc.name+"/plate", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plate.Parse(bc.country, bc.raw)
			}
		})
		b.Run(bc.name+"/xtext", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				transform.String(chain, bc.raw)
			}
		})
	}
}
