//go:build unix

package jetstream_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// A server that hangs over its files is given up in time. Here it opens a pipe that
// nobody writes to, where the configuration of a stream should be.
func TestHangingStart(t *testing.T) {
	dir, _ := stored(t, 3)
	path := filepath.Join(dir, "jetstream", "$G", "streams", "vinmatch", "meta.inf")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	began := time.Now()
	_, err := jetstream.Open(ctxFor(t, time.Minute), jetstream.Options{Server: jetstream.ServerOptions{Dir: dir, StartTimeout: 300 * time.Millisecond}})
	if !errors.Is(err, jetstream.ErrNotReady) || time.Since(began) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	// A node serves what it has meanwhile, and says so.
	r, rerr := feed.OpenReplica(ctxFor(t, time.Minute), feed.Failing(err), nil, feed.Options{})
	if !errors.Is(rerr, jetstream.ErrNotReady) {
		t.Errorf("opened %v, %v", r, rerr)
	}
	// Let go of the server.
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil { // the server reads
			_ = f.Close()
			return
		}
		if !errors.Is(err, syscall.ENXIO) {
			t.Fatal(err)
		}
	}
	t.Error("the server did not open the pipe: it hung over nothing")
}
