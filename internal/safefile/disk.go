package safefile

import (
	"io/fs"
	"os"
)

// disk is the file system of the operating system.
type disk struct{}

func (disk) Lstat(path string) (fs.FileInfo, error)       { return os.Lstat(path) }
func (disk) ReadDir(dir string) ([]fs.DirEntry, error)    { return os.ReadDir(dir) }
func (disk) CreateTemp(dir, pattern string) (File, error) { return os.CreateTemp(dir, pattern) }
func (disk) Rename(from, to string) error                 { return os.Rename(from, to) }
func (disk) Remove(path string) error                     { return os.Remove(path) }
