package feedtest

import (
	"strconv"
	"sync"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
)

// BenchmarkAppend appends changes that the log does not know, in calls of a size, by
// so many callers at once, and reports changes per second.
func BenchmarkAppend(b *testing.B, log feed.Log, size, callers int) {
	pool := Changes(1, size*callers)
	calls := 0
	for b.Loop() {
		// Their versions make them new.
		calls++
		var running sync.WaitGroup
		for i := range callers {
			changes := pool[i*size : (i+1)*size]
			for j := range changes {
				changes[j].Record.Version = uint64(1000 + calls)
				changes[j].Record.ID = strconv.Itoa(i*size + j)
			}
			running.Go(func() { appendOrFail(b, log, changes) })
		}
		running.Wait()
	}
	b.ReportMetric(float64(size*callers)*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

func appendOrFail(b *testing.B, log feed.Log, changes []index.Change) {
	if _, err := log.Append(b.Context(), changes); err != nil {
		b.Errorf("Append: %v", err)
	}
}
