package match_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// TestLikelihood compares the error model with the reads of the test kit, which
// draws from the same published figures by code of its own.
func TestLikelihood(t *testing.T) {
	const reads = 200_000
	for _, c := range []struct {
		as     match.Channel
		from   vintest.Channel
		within float64 // of the reads that the model says nothing exact of
	}{
		{match.Typed, vintest.Typed, 0.1},
		{match.Camera, vintest.Camera, 0.1},
		{match.Stamped, vintest.Stamped, 0.75}, // two or three restamped: one by one rare
	} {
		for _, text := range []string{"1HGCM82633A004352", "WVWZZZ1JZ3W386752", "WF0KXXGCBKBJ13223"} {
			reader := vintest.NewReader(3, c.from, 1)
			seen := map[string]int{}
			for range reads {
				read, _ := reader.Read(text)
				seen[read]++
			}
			missed, off := 0.0, 0.0
			for read, n := range seen {
				p := match.Likelihood(c.as, read, text)
				f := float64(n) / reads
				if p > 1 || p < 0 {
					t.Fatalf("%v: the probability of %q is %v", c.as, read, p)
				}
				if n < 100 {
					continue
				}
				if p < f/2 || p > 2*f {
					missed += f
				}
				off += math.Abs(p - f)
			}
			if missed > c.within || off > c.within {
				t.Errorf("%v, %s: off by %.3f in all, by more than a factor of two for %.3f of the reads", c.as, text, off, missed)
			}
		}
	}
}

// TestLikelihoodSums adds up what the model says of all texts that one error
// makes: no more than there is.
func TestLikelihoodSums(t *testing.T) {
	const text = "1HGCM82633A004352"
	seen := map[string]bool{text: true}
	for c := match.Typed; c <= match.Stamped; c++ {
		clear(seen)
		seen[text] = true
		sum := 0.0
		add := func(read string) {
			if !seen[read] {
				seen[read] = true
				sum += match.Likelihood(c, read, text)
			}
		}
		for i := range len(text) + 1 {
			for _, s := range alphanumerics {
				add(text[:i] + string(s) + text[i:])
				if i < len(text) {
					add(text[:i] + string(s) + text[i+1:])
				}
			}
			if i < len(text) {
				add(text[:i] + text[i+1:])
			}
			if i+1 < len(text) {
				add(text[:i] + text[i+1:i+2] + text[i:i+1] + text[i+2:])
			}
		}
		if sum <= 0.1 || sum > 1 {
			t.Errorf("%v: the reads with one error have %.3f together", c, sum)
		}
	}
}

// TestFewVehicles says of a world that it has fewer vehicles than twice the
// records, which is taken for twice the records.
func TestFewVehicles(t *testing.T) {
	const records = 5000
	engines := make([]index.Record, records)
	for i := range engines {
		engines[i] = withNumber(index.KindEngine, "", fmt.Sprintf("%04d", i))
	}
	few := registerWith(t, match.Options{HitRate: 0.1, Vehicles: 1}, engines...)
	twice := registerWith(t, match.Options{HitRate: 0.1, Vehicles: 2 * records}, engines...)
	q := read(index.KindEngine, "1234")
	if d := cmp.Diff(verdicts(ask(t, twice, q)), verdicts(ask(t, few, q))); d != "" {
		t.Errorf("-twice +few\n%s", d)
	}
}
