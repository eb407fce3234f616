package trials

import "testing"

// SetSeed sets the flag while a test runs.
func SetSeed(t *testing.T, s uint64) {
	old := *seed
	*seed = s
	t.Cleanup(func() { *seed = old })
}
