package index_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/vinmatch/vinmatch/index"
)

// travelDir is a directory in which snapshots of several machines meet.
const travelDir = "VINMATCH_TEST_TRAVEL"

// A snapshot is the same on every machine, to the byte, and opens on every other.
// Run on one alone, this writes one and opens it.
func TestSnapshotsTravel(t *testing.T) {
	dir := os.Getenv(travelDir)
	if dir == "" {
		dir = t.TempDir()
	}
	rng := rand.New(rand.NewPCG(11, 12))
	b, keys := registerToForge(t, rng, 6000)
	own := filepath.Join(dir, runtime.GOOS+"-"+runtime.GOARCH)
	if err := os.WriteFile(own, b, 0o600); err != nil {
		t.Fatal(err)
	}
	mine, err := index.Open(own, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		path := filepath.Join(dir, e.Name())
		if other := mustRead(t, path); !bytes.Equal(other, b) {
			t.Errorf("the snapshot of %s differs from that of %s", e.Name(), runtime.GOARCH)
		}
		x, err := index.Open(path, index.Options{})
		if err != nil {
			t.Errorf("the snapshot of %s: %v", e.Name(), err)
			continue
		}
		ours, theirs := make([]index.Row, len(keys)), make([]index.Row, len(keys))
		mine.View().LookupBatch(ours, keys)
		x.View().LookupBatch(theirs, keys)
		for i := range keys {
			if ours[i] != theirs[i] || ours[i] != index.NoRow && !sameRecord(mine.View().Record(ours[i]), x.View().Record(theirs[i])) {
				t.Fatalf("the snapshot of %s has another record of a key", e.Name())
			}
		}
	}
	t.Logf("%d snapshots", len(all))
}
