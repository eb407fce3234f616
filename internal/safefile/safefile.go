// Package safefile replaces files so that, whatever happens, the old content or
// the new is found under the name, whole.
package safefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandoned is how long nobody must have written to a temporary file before it
// counts as left behind by a program that died.
const abandoned = time.Hour

// tmp stands behind the name of a file in that of its temporary one, which begins
// with a dot and ends in digits.
const tmp = ".tmp"

// Write makes the file at path hold what write writes. Until all of that is on
// the disk, a file of another name in the same directory holds it; then it takes
// the name, and the directory is brought to the disk too. If anything before
// that fails, the other file is removed and path is as it was. If the directory
// alone cannot be synced, path is new but a crash of the system may undo that.
// No sync is tried again: what failed once may be forgotten.
//
// A program that is killed leaves the other file behind. It is in nobody's way:
// Write uses a new one each time, and removes those of the same path that nobody
// wrote to for an hour. Calls for the same path may overlap; the last to end
// wins.
//
// A file that is replaced keeps its permissions. A new one is for its owner
// alone.
func Write(path string, write func(io.WriterAt) error) error {
	return writeOn(On, path, write)
}

// On is the file system of the operating system, on which Write works. Tests put
// another in its place, before the first call.
var On Filesystem = disk{}

// A Filesystem is what Write needs of one.
type Filesystem interface {
	Lstat(path string) (fs.FileInfo, error)
	ReadDir(dir string) ([]fs.DirEntry, error)
	CreateTemp(dir, pattern string) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error
}

// A File is one that is written.
type File interface {
	io.WriterAt
	Name() string
	Chmod(fs.FileMode) error
	Sync() error
	Close() error
}

func writeOn(on Filesystem, path string, write func(io.WriterAt) error) error {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	removeAbandoned(on, dir, func(of string) bool { return of == base })
	f, err := on.CreateTemp(dir, "."+base+tmp+"*")
	if err != nil {
		return err
	}
	err = fill(on, f, path, write)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = on.Rename(f.Name(), path)
	}
	if err == nil {
		return on.SyncDir(dir)
	}
	if rerr := on.Remove(f.Name()); rerr != nil {
		err = errors.Join(err, rerr)
	}
	return err
}

// fill writes the temporary file and brings it to the disk.
func fill(on Filesystem, f File, path string, write func(io.WriterAt) error) error {
	if err := write(f); err != nil {
		return err
	}
	if old, err := on.Lstat(path); err == nil && old.Mode().IsRegular() {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	return f.Sync()
}

// SyncDir brings the names in a directory to the disk, on systems where that is
// done.
func SyncDir(dir string) error { return On.SyncDir(dir) }

// MkdirAll makes a directory, for its owner alone, and those that are missing above
// it, and brings their names to the disk: what is then synced in it is not lost with
// it.
func MkdirAll(path string) error {
	path = filepath.Clean(path)
	parent := filepath.Dir(path)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return SyncDir(parent)
}

// RemoveAbandoned removes what programs that died left in a directory of the files
// with the names that ours accepts. [Write] does it for the name that it writes;
// this is for files that are never written again. It is a courtesy: its errors are
// nobody's.
func RemoveAbandoned(dir string, ours func(base string) bool) { removeAbandoned(On, dir, ours) }

func removeAbandoned(on Filesystem, dir string, ours func(base string) bool) {
	entries, err := on.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		base, hidden := strings.CutPrefix(strings.TrimRight(e.Name(), "0123456789"), ".")
		base, temporary := strings.CutSuffix(base, tmp)
		if !hidden || !temporary || !ours(base) {
			continue
		}
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			_ = on.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
