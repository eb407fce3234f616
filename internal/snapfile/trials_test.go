package snapfile_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/snapfile"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// TestParsers gives the decoder of the container bytes without end, with their
// checksums made right. See internal/trials.
func TestParsers(t *testing.T) {
	trials.Parser{
		Seeds: [][]byte{write(t, smallSample()), write(t, &sample{})},
		Parse: func(b []byte) {
			_, err := read(seal(append(slices.Clone(b), make([]byte, max(32-len(b), 0))...)))
			var e *snapfile.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%v is no *Error", err)
			}
		},
		Bound: func(n int) uint64 { return 3*uint64(n) + 64<<10 }, // the copy too
	}.Run(t, trials.Number(20_000))
}
