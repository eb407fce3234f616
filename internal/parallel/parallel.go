// Package parallel runs loops and sorts on several processors.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Do calls f for 0 to n-1, in no particular order, from at most the given number
// of goroutines, and returns when all calls have.
func Do(workers, n int, f func(i int)) {
	if workers <= 1 || n <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
