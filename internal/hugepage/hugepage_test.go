package hugepage

import "testing"

func TestMakeIsAnOrdinarySlice(t *testing.T) {
	type odd [3]uint64 // a size that divides no page
	for _, n := range []int{0, 1, 1000, minBytes/24 - 1, minBytes/24 + 1, 1<<20 + 7} {
		s := Make[odd](n)
		if len(s) != n {
			t.Fatalf("Make(%d) has %d elements", n, len(s))
		}
		for i := range s {
			if s[i] != (odd{}) {
				t.Fatalf("Make(%d): element %d is not zero", n, i)
			}
			s[i][2] = uint64(i)
		}
		for i := range s {
			if s[i][2] != uint64(i) {
				t.Fatalf("Make(%d): element %d does not hold what was written", n, i)
			}
		}
	}
}
