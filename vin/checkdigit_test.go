package vin_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

// The symbols of a VIN.
const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// The regulation's own tables, 49 CFR 565.15(c): Table III, the values of
// letters, and Table IV, the weights of positions.
var (
	table3 = map[byte]int{
		'0': 0, '1': 1, '2': 2, '3': 3, '4': 4, '5': 5, '6': 6, '7': 7, '8': 8, '9': 9,
		'A': 1, 'B': 2, 'C': 3, 'D': 4, 'E': 5, 'F': 6, 'G': 7, 'H': 8,
		'J': 1, 'K': 2, 'L': 3, 'M': 4, 'N': 5, 'P': 7, 'R': 9,
		'S': 2, 'T': 3, 'U': 4, 'V': 5, 'W': 6, 'X': 7, 'Y': 8, 'Z': 9,
	}
	table4 = map[int]int{
		1: 8, 2: 7, 3: 6, 4: 5, 5: 4, 6: 3, 7: 2, 8: 10,
		10: 9, 11: 8, 12: 7, 13: 6, 14: 5, 15: 4, 16: 3, 17: 2,
	}
)

// slowCheckDigit is the text of the regulation, step by step: multiply the
// values by the weights, add, divide by 11; the remainder is the check digit,
// and for 10 it is X.
func slowCheckDigit(text string) byte {
	sum := 0
	for pos := 1; pos <= 17; pos++ {
		if pos == 9 {
			continue
		}
		sum += table3[text[pos-1]] * table4[pos]
	}
	remainder := sum - sum/11*11
	if remainder == 10 {
		return 'X'
	}
	return byte('0' + remainder)
}

func TestSlowCheckDigit(t *testing.T) {
	for text, want := range map[string]byte{
		"1M8GDM9A_KP042788": 'X', // the worked example of 565.15(c)
		"11111111111111111": '1',
		"1HGCM82633A004352": '3',
	} {
		if got := slowCheckDigit(text); got != want {
			t.Errorf("slowCheckDigit(%q) = %c, want %c", text, got, want)
		}
	}
}

// sampleVINs returns n numbers with a right check digit: those of the case
// file, and random ones.
func sampleVINs(t *testing.T, n int) [][vin.Len]byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(565, 15))
	var sample [][vin.Len]byte
	for _, c := range readCases(t) {
		if c["expect_checkdigit_ok"] == "true" {
			sample = append(sample, [vin.Len]byte([]byte(c["input"])))
		}
	}
	for len(sample) < n {
		var b [vin.Len]byte
		for i := range b {
			b[i] = symbols[rng.IntN(len(symbols))]
		}
		b[8] = slowCheckDigit(string(b[:]))
		sample = append(sample, b)
	}
	return sample[:n]
}

func parseBytes(t *testing.T, b [vin.Len]byte) vin.VIN {
	t.Helper()
	v, ok := vin.FromBytes(b)
	if !ok {
		t.Fatalf("FromBytes(%q) refuses", b)
	}
	return v
}

// Every symbol at every position of 1,000 numbers.
func TestCheckDigitAgainstRegulation(t *testing.T) {
	for _, b := range sampleVINs(t, 1000) {
		for pos := range b {
			old := b[pos]
			for _, c := range []byte(symbols) {
				b[pos] = c
				v := parseBytes(t, b)
				want := slowCheckDigit(string(b[:]))
				if got := v.ComputeCheckDigit(); got != want {
					t.Fatalf("%s: ComputeCheckDigit = %c, want %c", v, got, want)
				}
				if got := v.CheckDigitOK(); got != (b[8] == want) {
					t.Fatalf("%s: CheckDigitOK = %t, want check digit %c", v, got, want)
				}
				if got := v.CheckDigit(); got != b[8] {
					t.Fatalf("%s: CheckDigit = %c", v, got)
				}
			}
			b[pos] = old
		}
	}
}

// missedPairs are the pairs of symbols that have one value each, so that
// taking one for the other goes unseen: 42 pairs, 84 ordered.
const missedPairs = "1A 1J AJ 2B 2K 2S BK BS KS 3C 3L 3T CL CT LT 4D 4M 4U DM DU MU " +
	"5E 5N 5V EN EV NV 6F 6W FW 7G 7P 7X GP GX PX 8H 8Y HY 9R 9Z RZ"

func missed(a, b byte) bool {
	return strings.Contains(missedPairs, string([]byte{a, b})) ||
		strings.Contains(missedPairs, string([]byte{b, a}))
}

// At each of the 16 positions but the check digit's exactly the pairs of the
// theory go unseen: every pair in 50 numbers, and in 1,000 numbers every change
// of the symbol that stands there. At position 9 every change is seen.
func TestUndetectedSubstitutions(t *testing.T) {
	ordered := 0
	for _, a := range []byte(symbols) {
		for _, b := range []byte(symbols) {
			if a != b && missed(a, b) {
				ordered++
			}
		}
	}
	if ordered != 84 {
		t.Fatalf("the list holds %d ordered pairs, want 84 of 1,056", ordered)
	}
	for i, b := range sampleVINs(t, 1000) {
		for pos := range b {
			if pos == 8 {
				continue
			}
			froms := symbols
			if i >= 50 {
				froms = string(b[pos])
			}
			n := b
			for _, from := range []byte(froms) {
				n[pos] = from
				n[8] = parseBytes(t, n).ComputeCheckDigit()
				for _, to := range []byte(symbols) {
					if to == from {
						continue
					}
					n[pos] = to
					if got := parseBytes(t, n).CheckDigitOK(); got != missed(from, to) {
						t.Fatalf("position %d, %c read as %c in %s: passes = %t", pos+1, from, to, n, got)
					}
				}
				n[pos] = from
			}
		}
		for _, to := range []byte(symbols) {
			if n := b; to != b[8] {
				n[8] = to
				if parseBytes(t, n).CheckDigitOK() {
					t.Fatalf("%s passes with check digit %c", n, to)
				}
			}
		}
	}
}

// Which swaps of two symbols go unseen.
func TestUndetectedSwaps(t *testing.T) {
	swapped := func(b [vin.Len]byte, i, j int) bool {
		b[i-1], b[j-1] = b[j-1], b[i-1]
		return parseBytes(t, b).CheckDigitOK()
	}
	const checks = "0123456789X"
	for _, b := range sampleVINs(t, 1000) {
		for i := 1; i < vin.Len; i++ {
			x, y := b[i-1], b[i]
			if i == 8 || i == 9 || x == y {
				continue
			}
			if got := swapped(b, i, i+1); got != missed(x, y) {
				t.Fatalf("%s: swap of %d and %d passes = %t", b, i, i+1, got)
			}
		}
		for i := 1; i <= 7; i++ {
			if !swapped(b, i, i+10) {
				t.Fatalf("%s: swap of %d and %d is seen, though their weights are equal", b, i, i+10)
			}
		}

		// Each symbol at 8, with the check digit it brings: -1 is the weight
		// of position 8 modulo 11, so two digits there may change places.
		for _, c := range []byte(symbols) {
			n := b
			n[7] = c
			n[8] = slowCheckDigit(string(n[:]))
			want := n[7] == n[8] || isDigit(n[7]) && isDigit(n[8])
			if got := swapped(n, 8, 9); got != want {
				t.Fatalf("%s: swap of 8 and 9 passes = %t", n, got)
			}
		}
		// At 9 and 10 only 4 and X may.
		for _, c := range []byte(symbols) {
			n := b
			n[9] = c
			n[8] = slowCheckDigit(string(n[:]))
			want := n[8] == c || n[8] == '4' && c == 'X' || n[8] == 'X' && c == '4'
			if got := swapped(n, 9, 10); got != want {
				t.Fatalf("%s: swap of 9 and 10 passes = %t", n, got)
			}
		}
	}
	for c := range 256 {
		if got, want := vin.CanBeCheckDigit(byte(c)), strings.IndexByte(checks, byte(c)) >= 0; got != want {
			t.Errorf("CanBeCheckDigit(%#x) = %t", c, got)
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func TestCheckDigit(t *testing.T) {
	tests := []struct {
		in   string
		want byte
		ok   bool
		why  string
	}{
		{"1M8GDM9AXKP042788", 'X', true, "the regulation's example"},
		{"1M8GDM9AxKP042788", 'X', true, "lower-case x"},
		{"1m8gdm9axkp042788", 'X', true, "all lower case"},
		{"1M8GDM9AYKP042788", 'X', false, "no check symbol at 9"},
		{"WVWZZZ3CZEE140287", '7', false, "filler at 9"},
		{"1HGCM82633A004352", '3', true, "digit"},
		{"1HGCM826X3A004352", '3', false, "X for a digit"},
		{"00000000000000000", '0', true, "17 zeros pass"},
		{"11111111111111111", '1', true, "17 ones pass"},
		{"2G1WB5E37E1110567", '7', true, "a right number"},
		{"2G1WB5E73E1110567", '3', true, "its swap of 8 and 9"},
	}
	for _, tt := range tests {
		v := vin.MustParse(tt.in)
		if got := v.ComputeCheckDigit(); got != tt.want {
			t.Errorf("%s (%s): ComputeCheckDigit = %c, want %c", tt.in, tt.why, got, tt.want)
		}
		if got := v.CheckDigitOK(); got != tt.ok {
			t.Errorf("%s (%s): CheckDigitOK = %t, want %t", tt.in, tt.why, got, tt.ok)
		}
	}
}

func TestCheckRule(t *testing.T) {
	tests := []struct {
		in   string
		want vin.CheckRule
		why  string
	}{
		{"1HGCM82633A004352", vin.CheckRequired, "United States"},
		{"2HGFG12616H006196", vin.CheckRequired, "Canada"},
		{"3VW2B7AJ6JM273849", vin.CheckRequired, "Mexico"},
		{"36JFM6U57VWJE6400", vin.CheckRequired, "Honduras, by its first symbol"},
		{"5YJ3E1EA5KF000316", vin.CheckRequired, "United States"},
		{"7SAXCAE50NF344293", vin.CheckRequired, "the part of 7 that was never New Zealand's"},
		{"7FARS6H51NE012345", vin.CheckRequired, "the first symbol after New Zealand's"},
		{"7A9005AA4XW024001", vin.CheckCustomary, "once New Zealand"},
		{"7A8AA00A4XW024001", vin.CheckCustomary, "the same, maker unknown"},
		{"7A8AA00AZXW024001", vin.CheckNone, "once New Zealand, no check symbol"},
		{"LRWYGDEE1PC010116", vin.CheckRequired, "China"},
		{"L61A8UXMZGWR21346", vin.CheckRequired, "China, no check symbol"},
		{"JTDJT123850075562", vin.CheckCustomary, "Japan, builds for North America"},
		{"WBA71DC010CH14720", vin.CheckCustomary, "Germany, likewise"},
		{"KNADA818AP6838826", vin.CheckNone, "no check symbol at 9"},
		{"WAUZZZ8E05A410409", vin.CheckNone, "ZZZ: built for Europe, though the sum computes"},
		{"W1N2476871W240290", vin.CheckNone, "type number of six digits"},
		{"VF1RJK00170468036", vin.CheckNone, "no year at 10, though the sum computes"},
		{"UU1KSD0F543210987", vin.CheckNone, "maker that never sold in North America"},
		{"6FPAAAJG0T4Z00001", vin.CheckNone, "likewise"},
		{"GVWZZ11KZ6W612305", vin.CheckNone, "unknown maker"},
		{"00042512110000705", vin.CheckNone, "no region"},
	}
	for _, tt := range tests {
		v := vin.MustParse(tt.in)
		if got := v.CheckRule(); got != tt.want {
			t.Errorf("%s (%s): CheckRule = %v, want %v", tt.in, tt.why, got, tt.want)
		}
		if got := v.Decode().CheckRule; got != tt.want {
			t.Errorf("%s (%s): Decode().CheckRule = %v, want %v", tt.in, tt.why, got, tt.want)
		}
	}
	if got := (vin.VIN{}).CheckRule(); got != vin.CheckNone {
		t.Errorf("zero VIN: CheckRule = %v", got)
	}
	for r, want := range map[vin.CheckRule]string{
		vin.CheckNone: "none", vin.CheckCustomary: "customary", vin.CheckRequired: "required", 9: "CheckRule(?)",
	} {
		if got := r.String(); got != want {
			t.Errorf("CheckRule(%d).String() = %q, want %q", uint8(r), got, want)
		}
	}
}
