package safefile

import "io/fs"

// Trace, if it is set, is told of every call before it is made: "write", "sync",
// "rename" and so on. It is for tests that end the program there, and is set before
// the first call of Write.
var Trace func(call string)

// traced is a file system whose calls Trace is told of.
type traced struct{ filesystem }

func (t traced) CreateTemp(dir, pattern string) (file, error) {
	Trace("create")
	f, err := t.filesystem.CreateTemp(dir, pattern)
	return tracedFile{f}, err
}

func (t traced) Rename(from, to string) error {
	Trace("rename")
	return t.filesystem.Rename(from, to)
}

func (t traced) Remove(path string) error {
	Trace("remove")
	return t.filesystem.Remove(path)
}

func (t traced) SyncDir(dir string) error {
	Trace("sync directory")
	return t.filesystem.SyncDir(dir)
}

type tracedFile struct{ file }

func (f tracedFile) WriteAt(b []byte, at int64) (int, error) {
	Trace("write")
	return f.file.WriteAt(b, at)
}

func (f tracedFile) Chmod(mode fs.FileMode) error {
	Trace("chmod")
	return f.file.Chmod(mode)
}

func (f tracedFile) Sync() error {
	Trace("sync")
	return f.file.Sync()
}

func (f tracedFile) Close() error {
	Trace("close")
	return f.file.Close()
}
