// Package trials is what the tests of the proof suite share: how much to try and
// from which seed, told by flags, and a line that says how much was tried.
//
// An ordinary run of a test tries a little. bench/soak runs the same test in
// slices, each from a seed of its own, and adds up the lines:
//
//	go test ./index -run '^TestModel$' -v -args -trials 100000 -trialseed 7
//
// Whatever a seed found once, the same command finds again.
package trials

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var (
	number = flag.Int("trials", 0, "how much a test of the proof suite tries; 0: a little")
	seed   = flag.Uint64("trialseed", 0, "where a test of the proof suite begins; 0: anywhere")
)

// Number returns how much to try: what the flag says, or else the ordinary number,
// a twentieth of it in a short run.
func Number(ordinary int) int {
	switch {
	case *number > 0:
		return *number
	case testing.Short():
		return max(1, ordinary/20)
	}
	return ordinary
}

// Seed returns where to begin, and logs it.
func Seed(t testing.TB) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-trialseed %d", s)
	return s
}

// Done logs how much was tried, in the words that bench/soak reads.
func Done(t testing.TB, n int) {
	t.Helper()
	t.Logf("trials done: %d", n)
}

// Whole reports whether the flag asks for so much that a test whose trials can be
// counted beforehand makes them all.
func Whole() bool { return *number > 0 }
