//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
)

// full lets no file of this process grow beyond a size until the function that it
// returns is called.
func full(t *testing.T, size int64) (free func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // an error is enough
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	limit := before
	limit.Cur = uint64(size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
}

// A log that could not be written takes changes again once it can, without a restart.
// Who reads it does not notice, and every change that was acknowledged is there once.
func TestDirLogOpensAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := openDirLog(path, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	replica, err := feed.OpenReplica(t.Context(), l, nil, feed.Options{Poll: 5 * time.Millisecond, Retry: time.Millisecond, MaxAge: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	n := 0
	put := func() error {
		n++
		r := index.Record{Owner: "FR", ID: fmt.Sprint(n), Version: 1, Numbers: []index.Number{{Kind: index.KindPart, Text: fmt.Sprint("AB", 1000+n)}}}
		at, err := l.Append(t.Context(), []index.Change{{By: "FR", Op: index.Put, Record: r}})
		if err == nil {
			err = replica.WaitFor(t.Context(), at)
		}
		return err
	}
	for range 3 {
		if err := put(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(path, "00000000000000000001.log"))
	if err != nil {
		t.Fatal(err)
	}
	failed := l.now
	free := full(t, info.Size()+20)
	defer free()
	for range 2 { // the first opens it again in vain
		if err := put(); !errors.Is(err, feed.ErrFailed) {
			t.Errorf("while the disk is full: %v", err)
		}
		n--
	}
	if _, err := l.Bounds(t.Context()); err != nil || l.now == failed {
		t.Errorf("while the disk is full it cannot be read: %v", err)
	}
	free()
	l.tried = time.Now().Add(-reopenEvery)
	for range 3 {
		if err := put(); err != nil {
			t.Fatalf("after that: %v", err)
		}
	}
	s := replica.Status()
	if got := replica.View().Len(); got != n || !s.Fresh || s.StartsAnew > 0 {
		t.Errorf("%d records of %d, %+v", got, n, s)
	}
	seen := 0
	for _, err := range l.Read(t.Context(), index.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == n {
			break
		}
	}
	if b, err := l.Bounds(t.Context()); err != nil || b.Last != uint64(n) {
		t.Errorf("%+v, %v", b, err)
	}

	// It could not be opened again, and now it can.
	l.now.Close()
	l.now, l.err, l.tried = nil, errors.New("away"), time.Now()
	if err := put(); err == nil || errors.As(err, new(*feed.LogError)) {
		t.Errorf("a log that is away: %v", err)
	}
	l.tried = time.Time{}
	if err := put(); err != nil {
		t.Errorf("a log that is there again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Bounds(t.Context()); !errors.Is(err, feed.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
