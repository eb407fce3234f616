package vin_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

// TestAppendRepairs compares it with Repairs, whose guesses it gives in no
// order.
func TestAppendRepairs(t *testing.T) {
	kept := vin.MustParse("WVWZZZ1JZ3W386752")
	for _, raw := range []string{
		"1HGCM82633A004352",
		"wvwzzz1jz3w386752",
		"1HG CM826-33A OO4352",
		"2G1WB5E73E1110567",
		"1HGCM82633A00435",   // lost
		"1HGGCM82633A004352", // gained
		"VIN: IHGCM82633AQ0435Z",
		"1HGCM82633AO04352, 1HGCM82633AO04352",
		"N/A",
		"1HGCM82633A004352 WVWZZZ1JZ3W386752",
		"",
		"\xff",
	} {
		var want []vin.VIN
		for v := range vin.Repairs(raw) {
			want = append(want, v)
		}
		got := vin.AppendRepairs([]vin.VIN{kept}, raw)
		if got[0] != kept {
			t.Errorf("%q: what stood in dst is gone", raw)
		}
		slices.SortFunc(want, vin.VIN.Compare)
		slices.SortFunc(got[1:], vin.VIN.Compare)
		if d := cmp.Diff(texts(want), texts(got[1:])); d != "" {
			t.Errorf("%q: -Repairs +AppendRepairs\n%s", raw, d)
		}
	}
}

func texts(vins []vin.VIN) (s []string) {
	for _, v := range vins {
		s = append(s, v.String())
	}
	return s
}

func TestAppendRepairsAllocs(t *testing.T) {
	dst := make([]vin.VIN, 0, 1000)
	for _, raw := range []string{"1HGCM82633A004352", "WVW ZZZ1JZ 3W386752"} {
		if n := testing.AllocsPerRun(100, func() { dst = vin.AppendRepairs(dst[:0], raw) }); n != 0 {
			t.Errorf("%q: %v allocations", raw, n)
		}
		if len(dst) == 0 {
			t.Errorf("%q has no repairs", raw)
		}
	}
}

func BenchmarkAppendRepairs(b *testing.B) {
	var dst []vin.VIN
	for b.Loop() {
		dst = vin.AppendRepairs(dst[:0], "1HGCM82633A004352")
	}
	b.ReportMetric(float64(len(dst)), "guesses")
}
