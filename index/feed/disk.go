package feed

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

// A directory is what a Dir needs of one.
type directory interface {
	List() (names []string, err error)
	Create(name string) (file, error) // a new one
	Open(name string) (file, error)   // one that is there, to read and write
	Remove(name string) error
	Sync() error // names that were made
	Close() error
}

type file interface {
	io.ReaderAt
	io.WriterAt
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// A disk is a directory of the operating system, that one process has at a time.
type disk struct {
	path string
	lock *os.File
}

const lockName = "lock"

// openDisk makes a directory if it is not there, and locks it.
func openDisk(path string) (*disk, error) {
	if err := safefile.MkdirAll(path); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(path, lockName))
	if err != nil {
		return nil, err
	}
	return &disk{path, lock}, nil
}

// errLocked is the error of a log that is open already.
var errLocked = errors.New("the log is open in this or another process")

func (d *disk) List() (names []string, err error) {
	entries, err := os.ReadDir(d.path)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (d *disk) Create(name string) (file, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *disk) Open(name string) (file, error) { return d.open(name, os.O_RDWR) }

func (d *disk) open(name string, flags int) (file, error) {
	f, err := os.OpenFile(filepath.Join(d.path, name), flags, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File as a file
	}
	return diskFile{f}, nil
}

func (d *disk) Remove(name string) error { return os.Remove(filepath.Join(d.path, name)) }
func (d *disk) Sync() error              { return safefile.SyncDir(d.path) }
func (d *disk) Close() error             { return d.lock.Close() }

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
