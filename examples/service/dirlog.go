package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
)

// A dirLog is a log in a directory that is opened again after it failed, as
// [feed.Dir] asks for: who frees a full disk need not restart the service too.
type dirLog struct {
	path   string
	logger *slog.Logger

	mu     sync.Mutex
	now    *feed.Dir // nil: it could not be opened again
	err    error     // why
	tried  time.Time // to open it again
	closed bool
}

var (
	_ feed.Log     = (*dirLog)(nil)
	_ feed.Trimmer = (*dirLog)(nil)
)

// reopenEvery bounds how often a log is opened again, which reads all of it.
const reopenEvery = 10 * time.Second

func openDirLog(path string, logger *slog.Logger) (*dirLog, error) {
	d, err := feed.OpenDir(path, feed.DirOptions{})
	if err != nil {
		return nil, err
	}
	return &dirLog{path: path, logger: logger, now: d}, nil
}

// dir returns the log as it is open now, and opens it if that is due.
func (l *dirLog) dir() (*feed.Dir, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, &feed.LogError{Err: feed.ErrClosed}
	case l.now == nil && time.Since(l.tried) >= reopenEvery:
		l.open()
	}
	if l.now == nil {
		return nil, l.err
	}
	return l.now, nil
}

// reopen opens a log again that failed, and reports whether it is another now.
func (l *dirLog) reopen(failed *feed.Dir, why error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == failed && !l.closed && time.Since(l.tried) >= reopenEvery {
		l.logger.Warn("the change log failed: it is opened again", "error", why)
		if err := failed.Close(); err != nil {
			l.logger.Warn("the change log, closing", "error", err)
		}
		l.open()
	}
	return l.now != failed && l.now != nil
}

// open opens the log. The caller holds the lock.
func (l *dirLog) open() {
	d, err := feed.OpenDir(l.path, feed.DirOptions{})
	l.tried = time.Now()
	if l.now = d; err != nil {
		// Not as a feed.LogError, which would say that it never gets better.
		l.now, l.err = nil, fmt.Errorf("the change log cannot be opened again: %v", err)
		l.logger.Error("the change log cannot be opened again", "error", err)
	}
}

// Append implements [feed.Log]. What failed is appended once more to a log that was
// opened again, which knows if it has it.
func (l *dirLog) Append(ctx context.Context, changes []index.Change) (index.Position, error) {
	d, err := l.dir()
	if err != nil {
		return index.Position{}, err
	}
	at, err := d.Append(ctx, changes)
	if isGone(err) && l.reopen(d, err) {
		if d, err = l.dir(); err == nil {
			at, err = d.Append(ctx, changes)
		}
	}
	return at, err
}

// isGone reports whether an error is that of a log that must be opened again, or was
// meanwhile.
func isGone(err error) bool { return errors.Is(err, feed.ErrFailed) || errors.Is(err, feed.ErrClosed) }

// Read implements [feed.Log]. It reads on from a log that was opened again.
func (l *dirLog) Read(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	return func(yield func(feed.Entry, error) bool) {
		for {
			d, err := l.dir()
			if err != nil {
				yield(feed.Entry{}, err)
				return
			}
			for e, err := range d.Read(ctx, after) {
				if errors.Is(err, feed.ErrClosed) {
					break
				}
				if !yield(e, err) || err != nil {
					return
				}
				after = e.Position
			}
		}
	}
}

// Bounds implements [feed.Log].
func (l *dirLog) Bounds(ctx context.Context) (b feed.Bounds, err error) {
	for {
		d, err := l.dir()
		if err != nil {
			return b, err
		}
		if b, err = d.Bounds(ctx); !errors.Is(err, feed.ErrClosed) {
			return b, err
		}
	}
}

// Trim implements [feed.Trimmer].
func (l *dirLog) Trim(ctx context.Context, upTo index.Position) error {
	d, err := l.dir()
	if err != nil {
		return err
	}
	return d.Trim(ctx, upTo)
}

// Close closes the log.
func (l *dirLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.now == nil {
		return nil
	}
	return l.now.Close()
}
