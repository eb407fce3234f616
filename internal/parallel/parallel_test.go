package parallel_test

import (
	"sync/atomic"
	"testing"

	"github.com/vinmatch/vinmatch/internal/parallel"
)

func TestDo(t *testing.T) {
	for _, workers := range []int{-1, 1, 2, 7} {
		for _, n := range []int{0, 1, 2, 100} {
			calls := make([]atomic.Int32, n)
			parallel.Do(workers, n, func(i int) { calls[i].Add(1) })
			for i := range calls {
				if got := calls[i].Load(); got != 1 {
					t.Errorf("%d workers: %d calls for %d of %d, want 1", workers, got, i, n)
				}
			}
		}
	}
}
