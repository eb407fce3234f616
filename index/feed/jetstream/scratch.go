package jetstream

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// scratchPrefix begins the names of directories, among temporary files, that
	// hold a snapshot on its way.
	scratchPrefix = "vinmatch-snapshot-"
	scratchLock   = "lock"
)

// scratch makes a directory for a snapshot on its way. A file in it is locked until
// remove: what processes left that were killed is not, and is removed here. It may be
// all of a register, and more each time that a node is started and killed.
func scratch() (dir string, remove func(), err error) {
	tidyScratch()
	if dir, err = os.MkdirTemp("", scratchPrefix); err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, scratchLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = tryLock(f)
	}
	remove = func() {
		_ = f.Close() // some systems remove nothing that is open
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return dir, remove, nil
}

// tidyScratch removes what was left behind. It is a courtesy: its errors are nobody's.
func tidyScratch() {
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || !strings.HasPrefix(e.Name(), scratchPrefix) || time.Since(info.ModTime()) < untouched {
			continue
		}
		dir := filepath.Join(os.TempDir(), e.Name())
		f, err := os.OpenFile(filepath.Join(dir, scratchLock), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(dir) // if it is empty
		}
		if err != nil {
			continue
		}
		err = tryLock(f)
		_ = f.Close()
		if err == nil {
			_ = os.RemoveAll(dir)
		}
	}
}
