package jetstream_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

func ctxFor(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// log is a Log that knows where it is.
type log struct {
	*jetstream.Log
	o jetstream.Options
}

// open opens a log until the test ends.
func open(t testing.TB, o jetstream.Options) log {
	t.Helper()
	l, err := jetstream.Open(ctxFor(t, time.Minute), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, l) })
	return log{l, o}
}

func shut(t testing.TB, l *jetstream.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func inDir(t testing.TB) jetstream.Options {
	return jetstream.Options{Server: jetstream.ServerOptions{Dir: filepath.Join(t.TempDir(), "nats"), OnLog: func(s string) { t.Log(s) }}}
}

func TestLog(t *testing.T) {
	feedtest.TestLog(t, feedtest.Options{
		Log: func(t testing.TB) feed.Log { return open(t, inDir(t)) },
		Reopen: func(t testing.TB, l feed.Log) feed.Log {
			shut(t, l.(log).Log)
			return open(t, l.(log).o)
		},
	})
}

func TestSnapshots(t *testing.T) {
	feedtest.TestSnapshots(t, func(t testing.TB) feed.Snapshots {
		s, err := open(t, inDir(t)).Snapshots(ctxFor(t, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// startServer starts a server that others can connect to.
func startServer(t testing.TB, o jetstream.ServerOptions) *jetstream.Server {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "nats")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	s, err := jetstream.Start(ctxFor(t, time.Minute), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Several that share a server, as nodes share a cluster.
func TestSharedLog(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	var n atomic.Int64
	feedtest.TestLog(t, feedtest.Options{
		Log: func(t testing.TB) feed.Log {
			return open(t, jetstream.Options{URL: s.URL(), Replicas: 1, Stream: fmt.Sprint("log", n.Add(1))})
		},
		Reopen: func(t testing.TB, l feed.Log) feed.Log {
			shut(t, l.(log).Log)
			return open(t, l.(log).o)
		},
		Other: func(t testing.TB, l feed.Log) feed.Log { return open(t, l.(log).o) },
	})
}
