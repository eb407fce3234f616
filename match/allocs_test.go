package match_test

import (
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/invariants"
	"github.com/vinmatch/vinmatch/match"
)

// TestMissAllocs holds the promise that a query which finds nothing and is
// unremarkable allocates nothing, unless plates or other numbers near it are
// searched for: that takes a few.
func TestMissAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("under the race detector, sync.Pool drops what it holds at random")
	}
	m := register(t, withVIN(accord), withPlate("GB", "AB12CDE"), withNumber(index.KindEngine, "", "CAXA123456"))
	for _, tt := range []struct {
		name  string
		query match.Query
		most  float64
	}{
		{"VIN with check digit", read(index.KindVIN, malibu), 0},
		{"VIN without", read(index.KindVIN, golf), 0},
		{"VIN as chassis number", read(index.KindChassis, golf), 2},
		{"plate", readIn(index.KindPlate, "FR", "AB-123-CD"), 0},
		{"engine", read(index.KindEngine, "BWA654321"), 0},
		{"misread VIN", read(index.KindVIN, "WVWZZZ1JZ3W3B6753"), 0},
		{"both", and(read(index.KindVIN, golf), readIn(index.KindPlate, "FR", "AB-123-CD")), 8},
	} {
		var r match.Result
		n := testing.AllocsPerRun(200, func() { r, _ = m.Match(t.Context(), tt.query) })
		if n > tt.most || r.Remarks != nil || r.Findings != nil {
			t.Errorf("%s: %v allocations, searched %v, found %v", tt.name, n, r.Search, brief(r))
		}
	}
}
