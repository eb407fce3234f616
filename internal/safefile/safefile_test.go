package safefile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

func content(s string) func(io.WriterAt) error {
	return func(w io.WriterAt) error {
		// The beginning last, as a header with checksums is written.
		if _, err := w.WriteAt([]byte(s[1:]), 1); err != nil {
			return err
		}
		_, err := w.WriteAt([]byte(s[:1]), 0)
		return err
	}
}

// names lists a directory.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "register")
	for _, s := range []string{"the first", "2nd, which is longer", "3"} {
		if err := safefile.Write(path, content(s)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != s {
			t.Errorf("the file holds %q, %v, want %q", got, err, s)
		}
	}
	broken := errors.New("no more paper")
	if err := safefile.Write(path, func(w io.WriterAt) error {
		_, _ = w.WriteAt([]byte("half"), 0)
		return broken
	}); err != broken {
		t.Errorf("Write returns %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "3" {
		t.Errorf("after an error the file holds %q", got)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"register"}) {
		t.Errorf("the directory holds %q", got)
	}
}

func TestWriteInWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := safefile.Write("register", content("here")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("register"); err != nil || string(got) != "here" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	path := filepath.Join(t.TempDir(), "register")
	for _, want := range []fs.FileMode{0o600, 0o640, 0o604} {
		if err := safefile.Write(path, content("x")); err != nil {
			t.Fatal(err)
		}
		if want != 0o600 {
			if err := os.Chmod(path, want); err != nil {
				t.Fatal(err)
			}
			if err := safefile.Write(path, content("y")); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("permissions %v, %v, want %v", st.Mode(), err, want)
		}
	}
}

func TestAbandonedFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "register")
	for name, age := range map[string]time.Duration{
		".register.tmp123":     2 * time.Hour,
		".register.tmp124":     time.Minute, // perhaps somebody is at work
		".register.tmp":        0,
		".register.tmp.notes":  2 * time.Hour, // not ours
		".registered.tmp1":     2 * time.Hour, // of another file
		"register.tmp123":      2 * time.Hour,
		".another.tmp12345678": 2 * time.Hour,
	} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := safefile.Write(path, content("x")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		".another.tmp12345678", ".register.tmp", ".register.tmp.notes", ".register.tmp124", ".registered.tmp1",
		"register", "register.tmp123",
	}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

// A strict file system forgets in a crash what was not synced, and fails one
// call on demand.
type strict struct {
	calls  []string
	failAt int               // the call that fails, from 1
	names  map[string]*inode // as programs see them
	synced map[string]*inode // as they are after a crash
}

type inode struct{ data, synced []byte }

var errDisk = errors.New("disk on fire")

func (s *strict) call(name string) error {
	if s.calls = append(s.calls, name); len(s.calls) == s.failAt {
		return errDisk
	}
	return nil
}

func (s *strict) Lstat(path string) (fs.FileInfo, error) {
	if err := s.call("Lstat"); err != nil {
		return nil, err
	}
	return regular{}, nil
}

func (s *strict) ReadDir(string) ([]fs.DirEntry, error) { return nil, s.call("ReadDir") }

func (s *strict) CreateTemp(dir, pattern string) (safefile.File, error) {
	if err := s.call("CreateTemp"); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, strings.ReplaceAll(pattern, "*", "1"))
	s.names[name] = &inode{}
	return &strictFile{s, name, s.names[name]}, nil
}

func (s *strict) Rename(from, to string) error {
	if err := s.call("Rename"); err != nil {
		return err
	}
	s.names[to] = s.names[from]
	delete(s.names, from)
	return nil
}

func (s *strict) Remove(path string) error {
	delete(s.names, path)
	return s.call("Remove")
}

func (s *strict) SyncDir(string) error {
	if err := s.call("SyncDir"); err != nil {
		return err
	}
	s.synced = maps.Clone(s.names)
	return nil
}

type strictFile struct {
	*strict
	name  string
	inode *inode
}

func (f *strictFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.call("WriteAt"); err != nil {
		return 0, err
	}
	if grow := int(at) + len(b) - len(f.inode.data); grow > 0 {
		f.inode.data = append(f.inode.data, make([]byte, grow)...)
	}
	return copy(f.inode.data[at:], b), nil
}

func (f *strictFile) Name() string            { return f.name }
func (f *strictFile) Chmod(fs.FileMode) error { return f.call("Chmod") }
func (f *strictFile) Close() error            { return f.call("Close") }

func (f *strictFile) Sync() error {
	if err := f.call("Sync"); err != nil {
		return err
	}
	f.inode.synced = slices.Clone(f.inode.data)
	return nil
}

// regular is the information on a regular file.
type regular struct{ fs.FileInfo }

func (regular) Mode() fs.FileMode { return 0o644 }

// Whatever call fails, and whenever the system crashes after it, the old content
// or the new is there.
func TestEveryCallFails(t *testing.T) {
	const path, old, fresh = "d/register", "old content", "new"
	var all []string
	for failAt := 0; failAt == 0 || failAt <= len(all); failAt++ {
		file := &inode{[]byte(old), []byte(old)}
		s := &strict{failAt: failAt, names: map[string]*inode{path: file}, synced: map[string]*inode{path: file}}
		err := safefile.WriteOn(s, path, func(w io.WriterAt) error {
			err := content(fresh)(w)
			s.afterCrash(t, path, old, fresh)
			return err
		})
		failed := ""
		if failAt == 0 {
			all = s.calls
		} else {
			failed = all[failAt-1]
		}
		want, wantErr := old, true
		switch failed {
		case "", "ReadDir", "Lstat": // courtesies
			want, wantErr = fresh, false
		case "SyncDir":
			want = fresh
		}
		if errors.Is(err, errDisk) != wantErr {
			t.Errorf("%s fails: Write returns %v", failed, err)
		}
		if got := s.names[path]; string(got.data) != want || len(s.names) != 1 {
			t.Errorf("%s fails: the file holds %q, want %q; %d files", failed, got.data, want, len(s.names))
		}
		s.afterCrash(t, path, old, fresh)
		if err == nil && !bytes.Equal(s.synced[path].synced, []byte(fresh)) {
			t.Errorf("%s fails: Write returns no error, yet a crash would bring back %q", failed, s.synced[path].synced)
		}
	}
	if want := []string{"ReadDir", "CreateTemp", "WriteAt", "WriteAt", "Lstat", "Chmod", "Sync", "Close", "Rename", "SyncDir"}; !slices.Equal(all, want) {
		t.Errorf("calls %q, want %q", all, want)
	}
}

// afterCrash checks what may be found after a crash: names as they were synced
// or as they are by now, and of their data what was synced, or torn what was not.
func (s *strict) afterCrash(t *testing.T, path, old, fresh string) {
	t.Helper()
	for _, names := range []map[string]*inode{s.synced, s.names} {
		found := names[path].synced
		if got := string(found); got != old && got != fresh {
			t.Errorf("after %q a crash leaves %q", s.calls, got)
		}
	}
}
