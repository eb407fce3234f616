//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package jetstream_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// What a node leaves among temporary files that is killed while it stores a snapshot,
// the next one removes; not what another one uses.
func TestSnapshotKilled(t *testing.T) {
	const child = "VINMATCH_TEST_KILLED"
	l := open(t, inDir(t))
	ctx := ctxFor(t, time.Minute)
	snaps, err := l.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	save := filled('a', 1000)
	if os.Getenv(child) != "" {
		_ = snaps.Put(ctx, snapshotAt(1), func(path string) error {
			_ = save(path)
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		})
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	c := exec.Command(os.Args[0], "-test.run=^TestSnapshotKilled$")
	c.Env = append(os.Environ(), child+"=1")
	if err := c.Run(); err == nil {
		t.Fatal("nobody was killed")
	}
	left := func() []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(tmp, "vinmatch*", "snapshot"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	age := func(names []string) {
		t.Helper()
		for _, name := range names {
			if err := os.Chtimes(filepath.Dir(name), time.Time{}, time.Now().Add(-48*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := left(); len(got) != 1 {
		t.Fatalf("%q was left", got)
	}
	age(left())
	err = snaps.Put(ctx, snapshotAt(2), func(path string) error {
		if got := left(); len(got) != 0 {
			t.Errorf("%q is left", got)
		}
		if err := save(path); err != nil {
			return err
		}
		// Another one, while this one looks as if it was left.
		age(left())
		if err := snaps.Put(ctx, snapshotAt(3), save); err != nil {
			return err
		}
		if got := left(); len(got) != 1 || got[0] != path {
			t.Errorf("%q is there, of %s", got, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadDir(tmp); err != nil || len(got) > 1 { // the child's own directory
		t.Errorf("at the end there is %q, %v", got, err)
	}
}
