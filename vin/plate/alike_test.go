package plate_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

// TestPairs holds every row of the annotated pairs. The files knows equivalents
// only of texts of one length.
func TestPairs(t *testing.T) {
	for _, row := range readCSV(t, "plate_pairs.csv") {
		a, b := plate.MustParse("", row["stored"]), plate.MustParse("", row["read"])
		name := row["stored"] + " " + row["read"]
		if got := strconv.FormatBool(a == b); got != lower(row["canonical_equal"]) {
			t.Errorf("%s: equal: %s", name, got)
		}
		n, ok := plate.Equivalents(a, b)
		if got := strconv.FormatBool(ok); got != lower(row["skeleton_equal"]) || ok != (a.Skeleton() == b.Skeleton()) {
			t.Errorf("%s: skeletons %s and %s, %v", name, a.Skeleton(), b.Skeleton(), ok)
		}
		if want := row["equivalents_used"]; want != "" && strconv.Itoa(n) != want {
			t.Errorf("%s: %d equivalents, want %s", name, n, want)
		}
		if got := strconv.Itoa(plate.Distance(a, b)); got != row["osa_canonical"] {
			t.Errorf("%s: distance %s, want %s", name, got, row["osa_canonical"])
		}
		if got := strconv.Itoa(plate.Distance(a.Skeleton(), b.Skeleton())); got != row["osa_skeleton"] {
			t.Errorf("%s: distance of skeletons %s, want %s", name, got, row["osa_skeleton"])
		}
	}
}

func lower(s string) string {
	if s == "True" {
		return "true"
	}
	return "false"
}

// TestSkeleton holds the classes: each character against each.
func TestSkeleton(t *testing.T) {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	class := map[rune]int{}
	for i, s := range []string{"0ODQ", "1IL", "2Z", "5S", "6G", "8B"} {
		for _, r := range s {
			class[r] = i + 1
		}
	}
	skeletons := map[plate.Plate]bool{}
	for _, x := range all {
		p := plate.MustParse("GB", string(x))
		skeletons[p.Skeleton()] = true
		for _, y := range all {
			q := plate.MustParse("GB", string(y))
			want := x == y || class[x] != 0 && class[x] == class[y]
			if got := p.Skeleton() == q.Skeleton(); got != want {
				t.Errorf("%c and %c: %v", x, y, got)
			}
		}
	}
	if len(skeletons) != 27 {
		t.Errorf("%d classes, want 27", len(skeletons))
	}
	if p := plate.MustParse("CN", "京A12345"); p.Skeleton().Text() != "京A12345" {
		t.Errorf("native letters: %v", p.Skeleton())
	}
}

// slowOSA is the recursive definition of the distance.
func slowOSA(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	i, j := len(a)-1, len(b)-1
	d := slowOSA(a[:i], b[:j])
	if a[i] != b[j] {
		d++
	}
	d = min(d, slowOSA(a[:i], b)+1, slowOSA(a, b[:j])+1)
	if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
		d = min(d, slowOSA(a[:i-1], b[:j-1])+1)
	}
	return d
}

func TestDistance(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	letters := []rune("AB京8")
	random := func() string {
		s := make([]rune, 1+rng.IntN(6))
		for i := range s {
			s[i] = letters[rng.IntN(len(letters))]
		}
		return string(s)
	}
	for range 2000 {
		a, b := random(), random()
		p, q := plate.MustParse("", a), plate.MustParse("", b)
		want := slowOSA([]rune(a), []rune(b))
		if got := plate.Distance(p, q); got != want || plate.Distance(q, p) != want {
			t.Errorf("seed %d: %s %s: got %d, want %d", seed, a, b, got, want)
		}
	}
	if got := plate.Distance(plate.Plate{}, plate.MustParse("", "ABC")); got != 3 {
		t.Errorf("to the zero plate: %d", got)
	}
}
