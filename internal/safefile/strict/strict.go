// Package strict is a file system in memory for tests of what survives: it forgets
// in a crash what was not synced, or a part of it, and fails one call on demand.
package strict

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

// ErrFault is the error of the call that fails; a full disk wraps ENOSPC too.
var ErrFault = errors.New("disk on fire")

var errFull = fmt.Errorf("%w: %w", ErrFault, syscall.ENOSPC)

// A Fault is how a call fails.
type Fault uint8

const (
	Error Fault = iota // nothing is done
	Short              // half of a write is done, nothing of another call
	Late               // what was asked is done, and an error returned
	Full               // from that call on there is no space: nothing is created or written
)

// Faults are all of them.
var Faults = []Fault{Error, Short, Late, Full}

func (f Fault) String() string {
	return [...]string{"error", "short write", "late error", "no space"}[f]
}

// A Disk is such a file system. Make it with [New].
type Disk struct {
	FailAt int // the call that fails, from 1; 0: none
	How    Fault
	Calls  []string

	mu     sync.Mutex
	full   bool
	number int
	names  map[string]*inode // as programs see them
	synced map[string]*inode // as they are on the disk
}

var _ safefile.Filesystem = (*Disk)(nil)

// An inode is the content of a file, and of that what is on the disk.
type inode struct {
	data, synced []byte
	writes       []write // since the last sync
}

type write struct {
	at   int64
	data []byte
}

func (w write) to(data []byte) []byte {
	if grow := int(w.at) + len(w.data) - len(data); grow > 0 {
		data = append(slices.Clip(data), make([]byte, grow)...)
	}
	copy(data[w.at:], w.data)
	return data
}

// New returns a disk that holds files.
func New(files map[string][]byte) *Disk {
	d := &Disk{names: map[string]*inode{}, synced: map[string]*inode{}}
	for name, b := range files {
		i := &inode{data: slices.Clone(b), synced: slices.Clone(b)}
		d.names[name], d.synced[name] = i, i
	}
	return d
}

// call counts a call. It returns whether it is to be done, and its error.
func (d *Disk) call(name string, takesSpace bool) (do bool, err error) {
	d.Calls = append(d.Calls, name)
	if len(d.Calls) == d.FailAt {
		switch d.How {
		case Late:
			return true, ErrFault
		case Full:
			d.full = true
			if !takesSpace {
				return false, ErrFault
			}
		default:
			return false, ErrFault
		}
	}
	if d.full && takesSpace {
		return false, errFull
	}
	return true, nil
}

// Lstat implements [safefile.Filesystem]: every file is a regular one.
func (d *Disk) Lstat(path string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.call("Lstat", false); err != nil {
		return nil, err
	}
	if d.names[path] == nil {
		return nil, fs.ErrNotExist
	}
	return regular{}, nil
}

type regular struct{ fs.FileInfo }

func (regular) Mode() fs.FileMode { return 0o644 }

// ReadDir implements [safefile.Filesystem]: nothing is old enough to be of interest.
func (d *Disk) ReadDir(string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.call("ReadDir", false)
	return nil, err
}

// CreateTemp implements [safefile.Filesystem].
func (d *Disk) CreateTemp(dir, pattern string) (safefile.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do, err := d.call("CreateTemp", true)
	if !do || err != nil { // what is created late has no name that a caller knows
		return nil, err
	}
	d.number++
	name := filepath.Join(dir, strings.ReplaceAll(pattern, "*", strconv.Itoa(d.number)))
	i := &inode{}
	d.names[name] = i
	return &file{d, name, i}, nil
}

// Rename implements [safefile.Filesystem].
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	do, err := d.call("Rename", false)
	if do {
		d.names[to] = d.names[from]
		delete(d.names, from)
	}
	return err
}

// Remove implements [safefile.Filesystem].
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	do, err := d.call("Remove", false)
	if do && d.names[path] == nil {
		return fs.ErrNotExist
	}
	if do {
		delete(d.names, path)
	}
	return err
}

// SyncDir implements [safefile.Filesystem].
func (d *Disk) SyncDir(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	do, err := d.call("SyncDir", false)
	if do {
		d.synced = maps.Clone(d.names)
	}
	return err
}

type file struct {
	d    *Disk
	name string
	i    *inode
}

func (f *file) Name() string { return f.name }

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	do, err := f.d.call("WriteAt", true)
	switch {
	case err != nil && f.d.How == Short:
		b = b[:len(b)/2]
	case !do:
		return 0, err
	}
	w := write{at, slices.Clone(b)}
	f.i.writes = append(f.i.writes, w)
	f.i.data = w.to(f.i.data)
	return len(b), err
}

func (f *file) Chmod(fs.FileMode) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	_, err := f.d.call("Chmod", false)
	return err
}

// Sync fails as disks do: what was to be synced is forgotten.
func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	do, err := f.d.call("Sync", false)
	if do {
		f.i.synced = slices.Clone(f.i.data)
	}
	f.i.writes = nil
	return err
}

func (f *file) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	_, err := f.d.call("Close", false)
	return err
}

// Names returns the names of all files.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names))
}

// Content returns what programs read of a file, nil if there is none.
func (d *Disk) Content(path string) []byte {
	return d.of(d.names, path, func(i *inode) []byte { return i.data })
}

// Synced returns what is on the disk of a file for sure.
func (d *Disk) Synced(path string) []byte {
	return d.of(d.synced, path, func(i *inode) []byte { return i.synced })
}

func (d *Disk) of(names map[string]*inode, path string, part func(*inode) []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := names[path]; i != nil {
		return slices.Clone(part(i))
	}
	return nil
}

// Crash returns what files may be found after a crash: of the names and of the
// sectors that were not synced, none, all or some came to the disk.
func (d *Disk) Crash(rng *rand.Rand) map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	mode := rng.IntN(3)
	keep := func() bool { return mode == 1 || mode == 2 && rng.IntN(2) == 0 }
	names := maps.Clone(d.synced)
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		if i := d.names[name]; names[name] != i && keep() {
			names[name] = i
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.synced)) {
		if d.names[name] == nil && keep() {
			delete(names, name)
		}
	}
	found := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data := slices.Clone(names[name].synced)
		for _, w := range names[name].writes {
			for at := 0; at < len(w.data); at += 512 {
				if keep() {
					data = write{w.at + int64(at), w.data[at:min(at+512, len(w.data))]}.to(data)
				}
			}
		}
		found[name] = data
	}
	return found
}
