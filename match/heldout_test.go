package match_test

import (
	"math/rand/v2"
)

// The noise models of this file are not those that the error model was made
// from: they say whether its probabilities hold where errors are other than it
// believes. Nothing is tuned on them.

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

// keyboard hits the key beside the one that was meant, or two keys in the wrong
// order, mostly in the digits at the end, where people hurry.
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
