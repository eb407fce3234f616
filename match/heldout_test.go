package match_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/vinmatch/vinmatch/vin"
)

// The noise models of this file are not those that the error model was made
// from: they say whether its probabilities hold where errors are other than it
// believes. Nothing is tuned on anySymbol and anyDigit. One constant, uneven, was
// chosen with worn, offByOne and keyboard in view. All but anySymbol make nearly
// every error in a serial number a sibling's, several times as many as the error
// model expects: at a hit rate of 0.001, where that decides what an exact match is
// worth, the error of calibration is up to 0.08 under them, and elsewhere 0.01.

const vinAlphabet = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// anySymbol replaces one symbol by any other: a reader that knows no
// look-alikes.
func anySymbol(share float64) noise {
	return func(rng *rand.Rand, s string) string {
		if rng.Float64() >= share {
			return s
		}
		b := []byte(s)
		i := rng.IntN(len(b))
		for {
			if c := vinAlphabet[rng.IntN(len(vinAlphabet))]; c != b[i] {
				b[i] = c
				return string(b)
			}
		}
	}
}

// anyDigit replaces one digit by any other: a reader that never fails on letters.
func anyDigit(share float64) noise {
	return func(rng *rand.Rand, s string) string {
		if rng.Float64() >= share {
			return s
		}
		b := []byte(s)
		for {
			if i := rng.IntN(len(b)); b[i] <= '9' {
				b[i] = '0' + (b[i]-'0'+1+byte(rng.IntN(9)))%10
				return string(b)
			}
		}
	}
}

// worn reads a symbol from which a stroke is worn off as what is left of it.
func worn(share float64) noise {
	left := map[byte]string{
		'8': "036", 'B': "P83", 'E': "F", 'R': "P", 'G': "C", '6': "5", '9': "53", 'H': "N", 'W': "V", 'M': "N",
		'7': "1", '4': "1", 'D': "1", 'K': "X", 'U': "J", 'P': "F", '5': "3", '0': "C", '2': "7", '3': "7", 'Z': "7",
	}
	return func(rng *rand.Rand, s string) string {
		if rng.Float64() >= share {
			return s
		}
		b := []byte(s)
		for {
			i := rng.IntN(len(b))
			if of := left[b[i]]; of != "" {
				b[i] = of[rng.IntN(len(of))]
				return string(b)
			}
		}
	}
}

// offByOne reads a symbol as the one before it or after it: somebody who slips in
// a table or turns a wheel too far.
func offByOne(share float64) noise {
	return func(rng *rand.Rand, s string) string {
		if rng.Float64() >= share {
			return s
		}
		b := []byte(s)
		i := rng.IntN(len(b))
		at := strings.IndexByte(vinAlphabet, b[i]) + 1 - 2*rng.IntN(2)
		b[i] = vinAlphabet[(at+len(vinAlphabet))%len(vinAlphabet)]
		return string(b)
	}
}

// keyboard hits the key beside the one that was meant, or two keys in the wrong
// order, twice as often as elsewhere in the serial number, where people hurry and
// where siblings differ: the worst for a model that takes errors to fall anywhere.
func keyboard(share float64) noise {
	rows := []string{"1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"}
	beside := map[byte]string{}
	for _, row := range rows {
		for i := range len(row) {
			if i > 0 {
				beside[row[i]] += row[i-1 : i]
			}
			if i+1 < len(row) {
				beside[row[i]] += row[i+1 : i+2]
			}
		}
	}
	return func(rng *rand.Rand, s string) string {
		if rng.Float64() >= share {
			return s
		}
		b := []byte(s)
		i := rng.IntN(len(b))
		if rng.IntN(2) == 0 {
			i = 11 + rng.IntN(6)
		}
		if rng.IntN(4) == 0 {
			i = min(i, len(b)-2)
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
		keys := beside[b[i]]
		b[i] = keys[rng.IntN(len(keys))]
		return string(b)
	}
}

// A ranges is a world of models, each of which has vehicles at random in a range
// of serials of its own, some dense and some sparse.
type ranges []vin.VIN

func (r ranges) At(i uint64) vin.VIN { return r[i] }

func newRanges(seed uint64, n int) ranges {
	const models = 400
	rng := rand.New(rand.NewPCG(seed, 9))
	heads := []string{
		"1HGCM826_3A", "2T1BURHE_JC", "WVWZZZ1JZ3W", "WAUZZZ8R0BA", "5YJSA1E2_HF", "VF1LM1B0H36",
		"1FTFW1E5_NK", "ZFA31200000", "TMBZZZ1U32X", "3VWFE21C_4M", "U5YH2519LKL", "4T1BE46K_7U",
	}
	seen := map[vin.VIN]bool{}
	var all ranges
	for len(all) < n {
		m := rng.IntN(models)
		h := []byte(heads[m%len(heads)])
		for i := range 3 { // descriptors
			if h[3+i] != 'Z' {
				h[3+i] = vinAlphabet[(m*7+i*11+m/13)%33]
			}
		}
		h[9] = "3456789ABCDEF"[m/12%13]
		serial := m%5*10_000 + rng.IntN(n/models*(2+m%9*m%9))
		check := h[8] == '_'
		if check {
			h[8] = '0'
		}
		v := vin.MustParse(fmt.Sprintf("%s%06d", h, serial))
		if check {
			v = v.With(9, v.ComputeCheckDigit())
		}
		if !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	rng.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
