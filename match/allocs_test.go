package match_test

import (
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/invariants"
	"github.com/vinmatch/vinmatch/match"
)

// TestMissAllocs holds the promise that a query which finds nothing and is
// unremarkable allocates nothing.
func TestMissAllocs(t *testing.T) {
	if invariants.Enabled {
		t.Skip("under the race detector, sync.Pool drops what it holds at random")
	}
	m := register(t, withVIN(accord), withPlate("GB", "AB12CDE"), withNumber(index.KindEngine, "", "CAXA123456"))
	for _, tt := range []struct {
		name  string
		query match.Query
	}{
		{"VIN with check digit", read(index.KindVIN, malibu)},
		{"VIN without", read(index.KindVIN, golf)},
		{"VIN as chassis number", read(index.KindChassis, golf)},
		{"plate", readIn(index.KindPlate, "FR", "AB-123-CD")},
		{"engine", read(index.KindEngine, "BWA654321")},
		{"both", and(read(index.KindVIN, golf), readIn(index.KindPlate, "FR", "AB-123-CD"))},
	} {
		var r match.Result
		n := testing.AllocsPerRun(200, func() { r, _ = m.Match(t.Context(), tt.query) })
		if n != 0 || r.Remarks != nil || r.Findings != nil {
			t.Errorf("%s: %v allocations for %v", tt.name, n, brief(r))
		}
	}
}
