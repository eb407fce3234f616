package match_test

import (
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
)

// What stands in the field for VINs and is none is found where the register
// holds the very same text: a sheet keeps it as a chassis number.
func TestNoVINAsItStands(t *testing.T) {
	for _, tt := range []struct {
		listed, read string
		want         bool
		why          string
	}{
		{"1HGCM82633A0O4352", "1HGCM82633A0O4352", true, "a VIN with an O, in both"},
		{"1HGCM82633A0O4352", "VIN: 1hgcm-82633A0O4352", true, "the same, in need of cleaning"},
		{"1HGCM82633A0O435", "1HGCM82633A0O435", true, "a VIN that lost a symbol, in both"},
		{"OLDNUMBERI1", "OLDNUMBERI1", true, "nothing that has a name"},
		{"AB12", "AB12", true, "as short as a part of a VIN"},
		{"AB12", "****AB12", false, "a part of a VIN"},
		{"AB12", "ends in AB12", false, "a part of a VIN in words"},
	} {
		m := register(t, withNumber(index.KindChassis, "", tt.listed))
		r := ask(t, m, readIn(index.KindVIN, "", tt.read))
		found := slices.ContainsFunc(r.Findings, func(f match.Finding) bool { return f.Kind == index.KindChassis })
		if found != tt.want {
			t.Errorf("%s: %q, listed %q: found = %t: %v", tt.why, tt.read, tt.listed, found, r)
		}
	}
}
