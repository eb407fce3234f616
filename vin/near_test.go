package vin_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

// Near numbers are what changing the text and parsing it gives.
func TestAppendNear(t *testing.T) {
	for _, text := range []string{"1HGCM82633A004352", "WVWZZZ1JZ3W386752", "11111111111111111", "ZX1ZX1ZX1ZX1ZX1ZX"} {
		v := vin.MustParse(text)
		var want []vin.VIN
		for i := range text {
			for _, c := range []byte(symbols) {
				if c != text[i] {
					want = append(want, vin.MustParse(text[:i]+string(c)+text[i+1:]))
				}
			}
		}
		for i := 1; i < len(text); i++ {
			if text[i-1] != text[i] {
				want = append(want, vin.MustParse(text[:i-1]+text[i:i+1]+text[i-1:i]+text[i+1:]))
			}
		}
		got := v.AppendNear([]vin.VIN{v})[1:]
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b vin.VIN) bool {
			return a == b && a.ComputeCheckDigit() == b.ComputeCheckDigit()
		})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
		if len(got) > vin.Nearest || slices.Contains(got, v) {
			t.Errorf("%s: %d numbers", text, len(got))
		}
	}
	if got := (vin.VIN{}).AppendNear(nil); got != nil {
		t.Errorf("of the zero VIN: %v", got)
	}
	v, dst := vin.MustParse("1HGCM82633A004352"), make([]vin.VIN, 0, vin.Nearest)
	if n := testing.AllocsPerRun(10, func() { v.AppendNear(dst) }); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}

func BenchmarkAppendNear(b *testing.B) {
	v, dst := vin.MustParse("1HGCM82633A004352"), make([]vin.VIN, 0, vin.Nearest)
	for b.Loop() {
		dst = v.AppendNear(dst[:0])
	}
}
