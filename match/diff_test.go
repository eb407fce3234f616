package match_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/match"
)

func TestDiff(t *testing.T) {
	type d = match.Difference
	for _, tt := range []struct {
		why, read, listed string
		want              []d
	}{
		{"nothing", "ABC", "ABC", nil},
		{"one other character", "ABC", "AXC", []d{{match.EvidenceMisread, 2, 2, "B", "X"}}},
		{"neighbours swapped are one error", "ACB", "ABC", []d{{match.EvidenceTransposed, 2, 2, "CB", "BC"}}},
		{"at the front", "BAC", "ABC", []d{{match.EvidenceTransposed, 1, 1, "BA", "AB"}}},
		{"lost at the end", "AB", "ABC", []d{{match.EvidenceMissing, 3, 3, "", "C"}}},
		{"lost at the front", "BC", "ABC", []d{{match.EvidenceMissing, 1, 1, "", "A"}}},
		{"gained", "ABXC", "ABC", []d{{match.EvidenceExtra, 3, 3, "X", ""}}},
		{"doubled: which of the two cannot be told", "ABBC", "ABC", []d{{match.EvidenceExtra, 2, 2, "B", ""}}},
		{"everything", "", "AB", []d{{match.EvidenceMissing, 1, 1, "", "A"}, {match.EvidenceMissing, 2, 1, "", "B"}}},
		{"positions move on", "AXBDC", "ABCD", []d{
			{match.EvidenceExtra, 2, 2, "X", ""}, {match.EvidenceTransposed, 3, 4, "DC", "CD"},
		}},
	} {
		if diff := cmp.Diff(tt.want, match.Diff(tt.read, tt.listed)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.why, diff)
		}
	}
}

// TestDiffOracle holds the differences to their definition on random pairs:
// they turn the listed text into the read one, and no fewer would.
func TestDiffOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, random.IntN(8))
		for i := range b {
			b[i] = "ABC"[random.IntN(3)]
		}
		return string(b)
	}
	for range 5000 {
		read, listed := text(), text()
		got := match.Diff(read, listed)
		if want := distance(read, listed); len(got) != want {
			t.Fatalf("%q read as %q: %d differences, want %d", listed, read, len(got), want)
		}
		if made := misread(listed, got); made != read {
			t.Fatalf("%q read as %q: the differences make %q of it", listed, read, made)
		}
	}
}

// distance is the optimal string alignment distance by its definition.
func distance(a, b string) int {
	switch {
	case a == "":
		return len(b)
	case b == "":
		return len(a)
	}
	x, y := len(a)-1, len(b)-1
	best := min(distance(a[:x], b)+1, distance(a, b[:y])+1)
	if a[x] == b[y] {
		best = min(best, distance(a[:x], b[:y]))
	} else {
		best = min(best, distance(a[:x], b[:y])+1)
	}
	if x > 0 && y > 0 && a[x] == b[y-1] && a[x-1] == b[y] {
		best = min(best, distance(a[:x-1], b[:y-1])+1)
	}
	return best
}

// misread makes the errors of ds in listed, the last one first so that the
// positions of the others stay.
func misread(listed string, ds []match.Difference) string {
	for _, d := range slices.Backward(ds) {
		at := d.Listed - 1
		if listed[at:at+len(d.To)] != d.To {
			return "nothing: " + d.To + " is not listed there"
		}
		listed = listed[:at] + d.From + listed[at+len(d.To):]
	}
	return listed
}
