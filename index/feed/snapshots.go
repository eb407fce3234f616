package feed

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

// A Snapshot is a register as it was at a place in a log. Its file is one that
// [index.Index.Save] writes.
type Snapshot struct {
	Head
	Time time.Time // when it was stored; zero: not yet
	Size int64     // in bytes; 0: it was forgotten, and its name alone is kept
}

// isForgotten reports whether a snapshot is but a name.
func (s Snapshot) isForgotten() bool { return s.Size == 0 }

var errForgotten = errors.New("feed: the register that the log began with was forgotten, for there were later snapshots")

// Name returns a name for the snapshot that [ParseSnapshot] reads. Names of
// one log order like positions.
func (s Snapshot) Name() string {
	return fmt.Sprintf("%x-%020d-%08x", s.Position.Lineage, s.Position.Seq, s.Sum)
}

// ParseSnapshot reads what [Snapshot.Name] returned.
func ParseSnapshot(name string) (s Snapshot, ok bool) {
	parts := strings.Split(name, "-")
	if len(parts) != 3 {
		return Snapshot{}, false
	}
	lineage, err := hex.DecodeString(parts[0])
	seq, err2 := strconv.ParseUint(parts[1], 10, 64)
	sum, err3 := strconv.ParseUint(parts[2], 16, 32)
	if len(lineage) != len(s.Position.Lineage) || errors.Join(err, err2, err3) != nil {
		return Snapshot{}, false
	}
	copy(s.Position.Lineage[:], lineage)
	s.Position.Seq, s.Sum = seq, uint32(sum)
	return s, s.Name() == name
}

// Snapshots keep snapshots, of one log or of several, where all replicas of the
// log find them. Methods may be called from any goroutine.
//
// Package feed has [DirSnapshots]; package feed/jetstream keeps them beside its
// log.
type Snapshots interface {
	// Put stores a snapshot. It calls save with the path of the file that
	// save is to make, once. When Put returns no error the snapshot is
	// stored for good; otherwise it is not listed. A store decides how many
	// it keeps, and forgets the oldest; but of one at position 0 it goes on
	// to list the name, with Size 0. That says that the log began with a
	// register, and is not all of it.
	Put(ctx context.Context, s Snapshot, save func(path string) error) error

	// Get calls open with the path of the file of a snapshot, once, and
	// returns its error. The file is there until open returns.
	Get(ctx context.Context, s Snapshot, open func(path string) error) error

	// List returns what there is, the newest first: of one log, the furthest
	// first.
	List(ctx context.Context) ([]Snapshot, error)
}

// DirSnapshots keeps snapshots as files of a directory, which several processes
// may share. Make it with [OpenSnapshots].
type DirSnapshots struct {
	dir  string
	keep int
}

var _ Snapshots = (*DirSnapshots)(nil)

const snapshotExt = ".snapshot"

// OpenSnapshots returns the snapshots in a directory, which it makes if it is not
// there. Of each log, Put keeps the furthest so many; 0: 3.
func OpenSnapshots(dir string, keep int) (*DirSnapshots, error) {
	if keep <= 0 {
		keep = 3
	}
	if err := safefile.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return &DirSnapshots{dir, keep}, nil
}

func parseSnapshotFile(base string) (s Snapshot, ok bool) {
	name, ours := strings.CutSuffix(base, snapshotExt)
	s, ok = ParseSnapshot(name)
	return s, ours && ok
}

func (d *DirSnapshots) path(s Snapshot) string { return filepath.Join(d.dir, s.Name()+snapshotExt) }

// Put implements [Snapshots]. It relies on save to replace a file whole or not at
// all, as index.Index.Save does.
func (d *DirSnapshots) Put(ctx context.Context, s Snapshot, save func(path string) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	safefile.RemoveAbandoned(d.dir, func(base string) bool {
		_, ok := parseSnapshotFile(base)
		return ok
	})
	if err := save(d.path(s)); err != nil {
		return err
	}
	list, err := d.List(ctx)
	if err != nil {
		return err
	}
	for i, kept := 0, 0; i < len(list); i++ {
		if list[i].Position.Lineage != s.Position.Lineage {
			continue
		}
		if kept++; kept > d.keep {
			// A courtesy: what cannot be removed, because somebody reads
			// it, is tried again next time.
			_ = d.forget(list[i])
		}
	}
	return nil
}

// forget removes a snapshot, or all but its name.
func (d *DirSnapshots) forget(s Snapshot) error {
	switch {
	case s.Position.Seq > 0:
		return os.Remove(d.path(s))
	case s.Size > 0:
		return safefile.Write(d.path(s), func(io.WriterAt) error { return nil })
	}
	return nil
}

// Get implements [Snapshots].
func (d *DirSnapshots) Get(ctx context.Context, s Snapshot, open func(path string) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return open(d.path(s))
}

// List implements [Snapshots].
func (d *DirSnapshots) List(ctx context.Context) ([]Snapshot, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	var list []Snapshot
	for _, e := range entries {
		s, ok := parseSnapshotFile(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody else forgot it
		}
		if err != nil {
			return nil, fmt.Errorf("feed: %w", err)
		}
		s.Time, s.Size = info.ModTime(), info.Size()
		list = append(list, s)
	}
	SortSnapshots(list)
	return list, ctx.Err()
}

// SortSnapshots orders a list as [Snapshots] return it: the log with the youngest
// snapshot first, and of each log the furthest first.
func SortSnapshots(list []Snapshot) {
	youngest := map[[16]byte]time.Time{}
	for _, s := range list {
		if l := s.Position.Lineage; s.Time.After(youngest[l]) {
			youngest[l] = s.Time
		}
	}
	slices.SortStableFunc(list, func(a, b Snapshot) int {
		la, lb := a.Position.Lineage, b.Position.Lineage
		if la != lb {
			return cmp.Or(youngest[lb].Compare(youngest[la]), slices.Compare(la[:], lb[:]))
		}
		return cmp.Or(cmp.Compare(b.Position.Seq, a.Position.Seq), cmp.Compare(a.Sum, b.Sum))
	})
}
