package jetstream_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// BenchmarkAppend measures a server of this process that syncs before it
// acknowledges, and one that does not.
func BenchmarkAppend(b *testing.B) {
	for _, lazy := range []bool{false, true} {
		for _, c := range []struct{ size, callers int }{{1, 1}, {500, 1}, {1, 64}} {
			b.Run(fmt.Sprintf("lazy=%v/%d/callers=%d", lazy, c.size, c.callers), func(b *testing.B) {
				l := open(b, jetstream.Options{Server: jetstream.ServerOptions{Dir: filepath.Join(b.TempDir(), "nats"), Lazy: lazy}})
				feedtest.BenchmarkAppend(b, l, c.size, c.callers)
			})
		}
	}
}

// BenchmarkReplay measures a replica that reads a whole log and applies it.
func BenchmarkReplay(b *testing.B) {
	const n = 200_000
	l := open(b, jetstream.Options{Server: jetstream.ServerOptions{Dir: filepath.Join(b.TempDir(), "nats")}})
	feedtest.Append(b.Context(), b, l, feedtest.Changes(1, n)...)
	for b.Loop() {
		r, err := feed.OpenReplica(b.Context(), l, nil, feed.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.CatchUp(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
