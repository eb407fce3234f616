package safefile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/internal/safefile/strict"
	"github.com/vinmatch/vinmatch/internal/trials"
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

// syncs notes which directories are synced.
type syncs struct {
	safefile.Filesystem
	dirs []string
}

func (s *syncs) SyncDir(dir string) error {
	s.dirs = append(s.dirs, dir)
	return s.Filesystem.SyncDir(dir)
}

// The name of each directory that is made is synced in the one above it.
func TestMkdirAll(t *testing.T) {
	base := t.TempDir()
	on := &syncs{Filesystem: safefile.On}
	safefile.On = on
	defer func() { safefile.On = on.Filesystem }()
	deep := filepath.Join(base, "a", "b", "c")
	for _, want := range [][]string{
		{base, filepath.Join(base, "a"), filepath.Join(base, "a", "b")},
		{filepath.Join(base, "a", "b")}, // perhaps a program died before it did
	} {
		if on.dirs = nil; safefile.MkdirAll(deep) != nil || !slices.Equal(on.dirs, want) {
			t.Errorf("%q are synced, want %q", on.dirs, want)
		}
	}
	if info, err := os.Stat(deep); err != nil || !info.IsDir() {
		t.Error(info, err)
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if err := safefile.MkdirAll(path); err == nil {
			t.Errorf("%s is a directory", path)
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

// Whatever call fails, in whatever way, and whenever the system crashes after it,
// the old content or the new is there.
func TestEveryCallFails(t *testing.T) {
	const path, old, fresh = "d/register", "old content", "new"
	done := 0
	for _, how := range strict.Faults {
		var all []string
		for failAt := 0; failAt == 0 || failAt <= len(all); failAt++ {
			s := strict.New(map[string][]byte{path: []byte(old)})
			s.FailAt, s.How = failAt, how
			putOn(t, s)
			err := safefile.Write(path, func(w io.WriterAt) error {
				err := content(fresh)(w)
				afterCrash(t, s, path, old, fresh)
				return err
			})
			failed := ""
			if failAt == 0 {
				all = slices.Clone(s.Calls)
			} else {
				failed = all[failAt-1]
			}
			want, wantErr := old, true
			switch failed {
			case "", "ReadDir", "Lstat", "Remove": // courtesies
				want, wantErr = fresh, false
				if failed == "ReadDir" && how == strict.Full { // then nothing can be made
					want, wantErr = old, true
				}
			case "SyncDir":
				want = fresh
			case "Rename":
				if how == strict.Late {
					want = fresh // it was renamed, and the error comes from elsewhere
				}
			}
			if errors.Is(err, strict.ErrFault) != wantErr {
				t.Errorf("%v, %s fails: Write returns %v", how, failed, err)
			}
			left := s.Names()
			if got := s.Content(path); string(got) != want || len(left) != 1 && how != strict.Full {
				t.Errorf("%v, %s fails: the file holds %q, want %q; there are %q", how, failed, got, want, left)
			}
			afterCrash(t, s, path, old, fresh)
			if got := s.Synced(path); err == nil && !bytes.Equal(got, []byte(fresh)) {
				t.Errorf("%v, %s fails: Write returns no error, yet a crash would bring back %q", how, failed, got)
			}
		}
		if want := []string{"ReadDir", "CreateTemp", "WriteAt", "WriteAt", "Lstat", "Chmod", "Sync", "Close", "Rename", "SyncDir"}; !slices.Equal(all, want) {
			t.Errorf("calls %q, want %q", all, want)
		}
		done += len(all)
	}
	trials.Done(t, done)
}

// putOn has Write work on another file system while a test runs.
func putOn(t *testing.T, on safefile.Filesystem) {
	old := safefile.On
	safefile.On = on
	t.Cleanup(func() { safefile.On = old })
}

// afterCrash checks what may be found after a crash.
func afterCrash(t *testing.T, s *strict.Disk, path, old, fresh string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(len(s.Calls))))
	for range 20 {
		found := s.Crash(rng)
		if got := string(found[path]); got != old && got != fresh {
			t.Errorf("after %q a crash leaves %q", s.Calls, got)
		}
	}
}
