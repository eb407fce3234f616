package vin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

// benchTexts returns the well-formed numbers of the case file, makers and
// countries mixed as it has them, in an order that no predictor learns from a
// single one of them.
func benchTexts(b *testing.B) []string {
	b.Helper()
	var texts []string
	for _, c := range readCases(b) {
		if c["expect_valid_chars"] == "true" {
			texts = append(texts, strings.ToUpper(c["input"]))
		}
	}
	return texts
}

// perText reports the time for one text, where an iteration takes all of them.
func perText(b *testing.B, texts []string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(texts)), "ns/vin")
	b.ReportMetric(0, "ns/op")
}

var sink int

func BenchmarkParse(b *testing.B) {
	texts := benchTexts(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, s := range texts {
			v, err := vin.Parse(s)
			if err == nil && v.CheckDigitOK() {
				n++
			}
		}
	}
	sink = n
	perText(b, texts)
}

func BenchmarkParseBatch(b *testing.B) {
	texts := benchTexts(b)
	dst := make([]vin.VIN, len(texts))
	b.ReportAllocs()
	for b.Loop() {
		sink += vin.ParseBatch(dst, texts)
	}
	perText(b, texts)
}

var (
	loopValues  [256]uint8
	loopWeights = [vin.Len]uint8{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
)

func init() {
	for c, n := range table3 {
		loopValues[c] = uint8(n)
	}
}

// checkSumLoop is the arithmetic of the check digit alone, for a text that is
// known to be a VIN: the least that any parser with a check digit must do.
func checkSumLoop(s string) byte {
	s = s[:vin.Len]
	sum := uint32(0)
	for i, w := range loopWeights {
		sum += uint32(loopValues[s[i]]) * uint32(w)
	}
	return "0123456789X"[sum%11]
}

func BenchmarkCheckSumLoop(b *testing.B) {
	texts := benchTexts(b)
	n := 0
	for b.Loop() {
		for _, s := range texts {
			if checkSumLoop(s) == s[8] {
				n++
			}
		}
	}
	sink = n
	perText(b, texts)
}

// checkSumUnrolled is checkSumLoop without the loop, as far as the arithmetic
// can be hurried: a bound that a parser, which keeps the symbols, cannot reach.
func checkSumUnrolled(s string) byte {
	s = s[:vin.Len]
	at := func(i int) uint32 { return uint32(loopValues[s[i]]) }
	sum := 8*(at(0)+at(10)) + 7*(at(1)+at(11)) + 6*(at(2)+at(12)) + 5*(at(3)+at(13)) +
		4*(at(4)+at(14)) + 3*(at(5)+at(15)) + 2*(at(6)+at(16)) + 10*at(7) + 9*at(9)
	return "0123456789X"[sum%11]
}

func BenchmarkCheckSumUnrolled(b *testing.B) {
	texts := benchTexts(b)
	n := 0
	for b.Loop() {
		for _, s := range texts {
			if checkSumUnrolled(s) == s[8] {
				n++
			}
		}
	}
	sink = n
	perText(b, texts)
}

func BenchmarkParseRegexp(b *testing.B) {
	texts := benchTexts(b)
	re := regexp.MustCompile(`^[0-9A-HJ-NPR-Z]{17}$`)
	n := 0
	for b.Loop() {
		for _, s := range texts {
			if re.MatchString(s) {
				n++
			}
		}
	}
	sink = n
	perText(b, texts)
}

func BenchmarkDecode(b *testing.B) {
	texts := benchTexts(b)
	vins := make([]vin.VIN, len(texts))
	vin.ParseBatch(vins, texts)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, v := range vins {
			info := v.Decode()
			n += info.ModelYear
		}
	}
	sink = n
	perText(b, texts)
}

func BenchmarkParseErrors(b *testing.B) {
	tests := map[string]string{
		"bad_char": "1HGCM82633A0O4352",
		"10MB":     strings.Repeat("A", 10<<20),
	}
	for name, s := range tests {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := vin.Parse(s); err == nil {
					b.Fatal("no error")
				}
			}
		})
	}
}

// untidy are texts as fields for VINs hold them, by what they are.
var untidy = []struct{ name, text string }{
	{"tidy", accord},
	{"groups", "1HG CM826 3 3A 004352"},
	{"letters", "WVW ZZZ 1KZ AW 612305"},
	{"label", "VIN: 1hgcm826-33a-004352"},
	{"damaged", "1HGCM82633AOO4352"},
	{"tail", "last 6 digits: 004352"},
	{"frame", "JZX100-0012345"},
	{"words", "sold with Honda Civic, red, 2004, without papers"},
}

func benchUntidy(b *testing.B, read func(text string)) {
	for _, tt := range untidy {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read(tt.text)
			}
		})
	}
}

func BenchmarkClean(b *testing.B) { benchUntidy(b, func(s string) { _, _, _ = vin.Clean(s) }) }

func BenchmarkCleanPattern(b *testing.B) {
	benchUntidy(b, func(s string) { _, _, _ = vin.CleanPattern(s) })
}

func BenchmarkClassify(b *testing.B) { benchUntidy(b, func(s string) { sink += int(vin.Classify(s)) }) }
