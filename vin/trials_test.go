package vin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// parserSeeds are what every parser of texts is tried on, and a target's corpus.
func parserSeeds(t *testing.T, target string) [][]byte {
	seeds := trials.Corpus(t, target)
	for _, row := range readNasty(t) {
		seeds = append(seeds, []byte(row.raw))
	}
	for text := range vintest.Hostile(1) {
		seeds = append(seeds, []byte(text))
		if len(seeds) == 400 {
			break
		}
	}
	world := vintest.NewPopulation(1, vintest.DefaultMix)
	reader := vintest.NewReader(1, vintest.Typed, 0.8)
	for i := range uint64(300) {
		number := world.At(i).String()
		read, _ := reader.Read(number)
		seeds = append(seeds, []byte(read), []byte("VIN: "+read), []byte("****"+number[11:]), []byte(number[:3]+"*"+number[13:]))
	}
	return seeds
}

// TestParsers gives every parser of the package texts without end. See
// internal/trials.
func TestParsers(t *testing.T) {
	for _, tc := range []struct {
		target string
		n      int // of an ordinary run
		parse  func(b []byte)
		check  func(t *testing.T, s string)
	}{
		{"Parse", 400_000, func(b []byte) { _, _ = vin.Parse(string(b)) }, checkParse},
		{"Clean", 100_000, func(b []byte) { _, _, _ = vin.Clean(string(b)) }, checkClean},
		{"CleanText", 100_000, func(b []byte) { _, _, _ = vin.CleanText(string(b)) }, checkCleanText},
		{"Classify", 30_000, func(b []byte) { vin.Classify(string(b)) }, checkClassify},
		{"Repairs", 2_000, func(b []byte) {
			for range vin.Repairs(string(b)) {
			}
		}, func(t *testing.T, s string) { repairs(t, s) }},
		{"ParsePattern", 100_000, func(b []byte) { _, _ = vin.ParsePattern(string(b)) }, func(t *testing.T, s string) {
			text, number, _ := strings.Cut(s, ",")
			checkParsePattern(t, text, number)
		}},
		{"CleanPattern", 50_000, func(b []byte) { _, _, _ = vin.CleanPattern(string(b)) }, checkCleanPattern},
	} {
		t.Run(tc.target, func(t *testing.T) {
			p := trials.Parser{Text: true, Seeds: parserSeeds(t, "Fuzz"+tc.target), Parse: tc.parse}
			p.Check = func(b []byte) { tc.check(t, string(b)) }
			p.Every = 64
			if tc.target == "Repairs" { // at most 561 guesses, each with its edits
				p.Bound = func(int) uint64 { return 2 << 20 }
			}
			p.Run(t, trials.Number(tc.n))
		})
	}
	t.Run("UnmarshalBinary", func(t *testing.T) {
		good, err := vin.MustParse(accord).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		p := trials.Parser{Seeds: [][]byte{good}, Parse: func(b []byte) {
			var v vin.VIN
			_ = v.UnmarshalBinary(b)
		}}
		p.Check = func(b []byte) {
			var v vin.VIN
			if err := v.UnmarshalBinary(b); err == nil && v.IsValid() {
				if again, err := vin.Parse(v.String()); err != nil || again != v {
					t.Errorf("%q is %v, which is not the VIN %v, %v", b, v, again, err)
				}
			}
		}
		p.Run(t, trials.Number(100_000))
	})
}

// Long texts once took three times as much memory as this.
func TestLongTextsTakeLittleMemory(t *testing.T) {
	for _, piece := range []string{"529", "-A", "1- ", "?A", "２A.", "X_", "VIN "} {
		text := []byte(strings.Repeat(piece, 1000/len(piece)))
		for _, parse := range []func(b []byte){
			func(b []byte) { vin.Classify(string(b)) },
			func(b []byte) { _, _, _ = vin.CleanPattern(string(b)) },
			func(b []byte) { _, _, _ = vin.Clean(string(b)) },
			func(b []byte) { _, _, _ = vin.CleanText(string(b)) },
			func(b []byte) { _, _ = vin.ParsePattern(string(b)) },
		} {
			trials.CheckBound(t, text, parse)
		}
	}
}

// Each guess of Repairs tells all edits: a text that takes many once took 9 MB.
func TestRepairsOfManyEdits(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("VIN ", 250) + "1HGCM82633AO0435", strings.Repeat("1HGCM82633A0 0435 ", 50),
		strings.Repeat("1HGCM82633A00 4352 ", 50), strings.Repeat("1\u200b", 255), strings.Repeat("1\u200b", 256),
	} {
		guesses, edits := 0, 0
		for _, es := range vin.Repairs(text) {
			guesses++
			edits += len(es)
		}
		if edits > 103*guesses {
			t.Errorf("%d guesses of %d edits", guesses, edits)
		}
		if n := len(vin.AppendRepairs(nil, text)); n != guesses {
			t.Errorf("%d guesses, %d appended", guesses, n)
		}
	}
	guesses := 0
	for range vin.Repairs("ｆａｈｒｇｅｓｔｅｌｌｎｕｍｍｅｒ: １ ｈ ｇ ｃ ｍ ８ ２ ６ ３ ３ ａ ｏ ０ ４ ３ ５ ２, 1 h g c m 8 2 6 3 3 a o 0 4 3 5 2") {
		guesses++
	}
	if guesses == 0 {
		t.Error("a number twice in small letters has no repairs")
	}
}

// They are made without growing: a text of 64 characters once took more.
func TestRepairsTakeLittleMemory(t *testing.T) {
	text := strings.Repeat("1\u200b", 32)
	guesses := 0
	n := testing.AllocsPerRun(10, func() {
		guesses = 0
		for range vin.Repairs(text) {
			guesses++
		}
	})
	if guesses == 0 || n > 2*float64(guesses) {
		t.Errorf("%d guesses take %v allocations, want at most two each", guesses, n)
	}
}

// The position of an error is counted in characters, also behind a limit in bytes.
func TestOversizePatternPosition(t *testing.T) {
	for _, text := range []string{strings.Repeat("é", 600), strings.Repeat("京", 400) + "*", "A" + strings.Repeat("😀", 256), strings.Repeat("\x80", 1025), strings.Repeat("\xff", 1025), strings.Repeat("*", 1025)} {
		_, err := vin.ParsePattern(text)
		if !errors.Is(err, vin.Oversize) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
		checkError(t, text, err)
	}
}
