package plate_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// TestParsers gives the parsers of the package texts without end, "country:text".
// See internal/trials.
func TestParsers(t *testing.T) {
	split := func(b []byte) (country, text string) {
		c, rest, ok := bytes.Cut(b, []byte(":"))
		if !ok {
			return "", string(b)
		}
		return string(c), string(rest)
	}
	seeds := func(target string) (all [][]byte) {
		for _, b := range trials.Corpus(t, target) {
			all = append(all, b, append([]byte("CN:"), b...))
		}
		for _, s := range []string{
			"GB:AB12 CDE", "DE:TÜ-AB 123", "D:TUE AB 123", "CN:京A12345", "JP:品川 500 さ 12-34", "RS:НС 123", "TN:123 تونس 4567",
			"SA:ح ن ط 7653", "KR:12가3456", "IN:MH 1 AB 1234", "TH:กก 1234", "RU:А123ВС77", ":AB12CDE", "USA:7ABC123", "XX:1",
			"GB:AB?2 C*[DE]", "SA:ح ? ط 7653", "KR:12[가나]*", "RU:[И\u0306A]1", "CN:[粵京]?*",
		} {
			all = append(all, []byte(s))
		}
		return all
	}
	for _, tc := range []struct {
		target string
		n      int
		parse  func(country, text string)
		check  func(t *testing.T, country, text string)
	}{
		{"Parse", 150_000, func(country, text string) { _, _ = plate.Parse(country, text) }, checkParse},
		{"ParsePattern", 100_000, func(country, text string) { _, _ = plate.ParsePattern(country, text) }, checkParsePattern},
	} {
		t.Run(tc.target, func(t *testing.T) {
			trials.Parser{
				Text: true, Every: 64, Seeds: seeds("Fuzz" + tc.target),
				Parse: func(b []byte) { tc.parse(split(b)) },
				Check: func(b []byte) {
					country, text := split(b)
					tc.check(t, country, text)
				},
			}.Run(t, trials.Number(tc.n))
		})
	}
	t.Run("UnmarshalBinary", func(t *testing.T) {
		var good [][]byte
		for _, p := range []plate.Plate{plate.MustParse("GB", "AB12CDE"), plate.MustParse("CN", "京A12345"), {}} {
			b, err := p.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			good = append(good, b)
		}
		trials.Parser{
			Seeds: good,
			Parse: func(b []byte) {
				var p plate.Plate
				_ = p.UnmarshalBinary(b)
			},
			Check: func(b []byte) {
				var p plate.Plate
				if err := p.UnmarshalBinary(b); err == nil && p.IsValid() {
					checkPlate(t, p)
				}
			},
		}.Run(t, trials.Number(50_000))
	})
}

// Patterns that no plate is long enough for once took three times as much.
func TestLongPatternsTakeLittleMemory(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("*A", 442), strings.Repeat("*?", 512), strings.Repeat("*", 1024), strings.Repeat("[AB]", 256),
		"[" + strings.Repeat("A", 1000) + "]", strings.Repeat("*-", 512),
	} {
		trials.CheckBound(t, []byte(text), func(b []byte) { _, _ = plate.ParsePattern("", string(b)) })
	}
}

// The position of an error is counted in characters, also behind a limit in bytes.
func TestLongPatternPosition(t *testing.T) {
	for _, text := range []string{"A" + strings.Repeat("😀", 256), strings.Repeat("*", 1025), strings.Repeat("京", 400), strings.Repeat("\x80", 1025)} {
		checkParsePattern(t, "", text)
	}
}
