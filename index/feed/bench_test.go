package feed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
)

// BenchmarkAppend measures changes that are appended in calls of several sizes, by
// one caller and by many.
func BenchmarkAppend(b *testing.B) {
	logs := map[string]func(b *testing.B) feed.Log{
		"memory": func(*testing.B) feed.Log { return feed.NewMemory(0) },
		"dir":    func(b *testing.B) feed.Log { return openDir(b, b.TempDir(), feed.DirOptions{}) },
	}
	for name, open := range logs {
		for _, size := range []int{1, 500} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) { feedtest.BenchmarkAppend(b, open(b), size, 1) })
		}
		b.Run(name+"/1/callers=64", func(b *testing.B) { feedtest.BenchmarkAppend(b, open(b), 1, 64) })
	}
}

// BenchmarkReplay measures a replica that reads a whole log and applies it.
func BenchmarkReplay(b *testing.B) {
	const n = 200_000
	log := feed.NewMemory(0)
	feedtest.Append(b.Context(), b, log, feedtest.Changes(1, n)...)
	for b.Loop() {
		r, err := feed.OpenReplica(b.Context(), log, nil, feed.Options{})
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

func BenchmarkDecodeEntry(b *testing.B) {
	changes := feedtest.Changes(1, 500)
	entry, n, _ := feed.Head{Position: index.Position{Lineage: lineage}}.Append(nil, time.Unix(1, 0), changes)
	b.SetBytes(int64(len(entry)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := feed.DecodeEntry(entry); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

func BenchmarkHash(b *testing.B) {
	x, err := index.Build(b.Context(), index.Options{}, func(yield func(index.Record, error) bool) {
		for _, c := range feedtest.Changes(1, 100_000) {
			if !yield(c.Record, nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		feed.Hash(x.View())
	}
	b.ReportMetric(float64(x.View().Len())*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
