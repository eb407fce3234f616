package feed_test

import (
	"path/filepath"
	"testing"

	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
)

func TestMemory(t *testing.T) {
	feedtest.TestLog(t, feedtest.Options{Log: func(t testing.TB) feed.Log {
		log := feed.NewMemory(0)
		t.Cleanup(func() { _ = log.Close() })
		return log
	}})
}

// dirLog knows where it is.
type dirLog struct {
	*feed.Dir
	path string
	o    feed.DirOptions
}

func openDir(t testing.TB, path string, o feed.DirOptions) dirLog {
	t.Helper()
	log, err := feed.OpenDir(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return dirLog{log, path, o}
}

func TestDir(t *testing.T) {
	for name, o := range map[string]feed.DirOptions{
		"one segment":   {},
		"many segments": {SegmentBytes: 1 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			feedtest.TestLog(t, feedtest.Options{
				Log: func(t testing.TB) feed.Log { return openDir(t, filepath.Join(t.TempDir(), "log"), o) },
				Reopen: func(t testing.TB, log feed.Log) feed.Log {
					d := log.(dirLog)
					if err := d.Close(); err != nil {
						t.Fatal(err)
					}
					return openDir(t, d.path, d.o)
				},
			})
		})
	}
}

func TestDirSnapshots(t *testing.T) {
	feedtest.TestSnapshots(t, func(t testing.TB) feed.Snapshots {
		snaps, err := feed.OpenSnapshots(filepath.Join(t.TempDir(), "a", "b"), 3)
		if err != nil {
			t.Fatal(err)
		}
		return snaps
	})
}
