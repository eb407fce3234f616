package strict_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/internal/safefile/strict"
)

// What is not synced may be lost, whole or in parts, and what is synced is not.
func TestCrash(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fresh := bytes.Repeat([]byte("x"), 2048)
	for _, tc := range []struct {
		why                     string
		sync, rename, syncDir   bool
		none, whole, torn, aged bool // what may be found
	}{
		{why: "only written", aged: true},
		{why: "renamed without a sync", rename: true, none: true, whole: true, torn: true, aged: true},
		{why: "renamed", sync: true, rename: true, whole: true, aged: true},
		{why: "all done", sync: true, rename: true, syncDir: true, whole: true},
		{why: "without the file's sync", rename: true, syncDir: true, none: true, whole: true, torn: true},
	} {
		var none, whole, torn, aged bool
		for range 200 {
			d := strict.New(map[string][]byte{"d/a": []byte("old")})
			f, err := d.CreateTemp("d", "t*")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(fresh, 0); err != nil {
				t.Fatal(err)
			}
			if tc.sync {
				_ = f.Sync()
			}
			if tc.rename {
				_ = d.Rename(f.Name(), "d/a")
			}
			if tc.syncDir {
				_ = d.SyncDir("d")
			}
			switch found := d.Crash(rng)["d/a"]; {
			case len(found) == 0:
				none = true
			case string(found) == "old":
				aged = true
			case bytes.Equal(found, fresh):
				whole = true
			default:
				torn = true
			}
		}
		if none != tc.none || whole != tc.whole || torn != tc.torn || aged != tc.aged {
			t.Errorf("%s: found nothing %t, whole %t, torn %t, old %t", tc.why, none, whole, torn, aged)
		}
	}
}
