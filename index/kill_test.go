package index_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
)

// What makes the test binary a program that is killed: the snapshot that it
// replaces, and the call of the file system at which it kills itself; 0: none.
const (
	killPath = "VINMATCH_TEST_KILL_PATH"
	killCall = "VINMATCH_TEST_KILL_CALL"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(killPath); path != "" {
		if err := runKilled(path, os.Getenv(killCall)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// statesWhenCounted is how many states a program that counts its calls saves.
const statesWhenCounted = 4

// runKilled takes a register from state to state, compacts it, saves it, and swaps
// it for what it saved. In state s all records have version s, and their number
// depends on s.
func runKilled(path, call string) error {
	at, err := strconv.ParseInt(call, 10, 64)
	if err != nil {
		return err
	}
	if at > 0 {
		safefile.On = &killing{Filesystem: safefile.On, at: at}
	}
	// Changes come from a log that began before the program did.
	x, err := index.Open(path, index.Options{Seed: 1})
	if errors.Is(err, fs.ErrNotExist) {
		x, err = index.Build(context.Background(), index.Options{Seed: 1}, index.Records())
	}
	if err != nil {
		return err
	}
	state := x.View().Position().Seq
	for n := 1; at == 0 || n <= statesWhenCounted; n++ {
		state++
		if _, err := x.Apply(index.Position{Lineage: [16]byte{1}, Seq: state}, changesTo(state)); err != nil {
			return err
		}
		if state%2 == 0 {
			if err := x.Compact(context.Background()); err != nil {
				return err
			}
		}
		if err := x.Save(path); err != nil {
			return err
		}
		fmt.Println("saved", state)
		if err := x.Swap(path); err != nil {
			return err
		}
	}
	return nil
}

// killing is a file system that kills the program before one of its calls.
type killing struct {
	safefile.Filesystem
	at    int64
	calls atomic.Int64
}

func (k *killing) call(name string) {
	if k.calls.Add(1) != k.at {
		return
	}
	fmt.Println("at", name)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		fmt.Println(err)
	}
	select {} // until the signal has come
}

func (k *killing) CreateTemp(dir, pattern string) (safefile.File, error) {
	k.call("create")
	f, err := k.Filesystem.CreateTemp(dir, pattern)
	return killingFile{f, k}, err
}

func (k *killing) Rename(from, to string) error {
	k.call("rename")
	return k.Filesystem.Rename(from, to)
}

func (k *killing) SyncDir(dir string) error {
	k.call("sync directory")
	return k.Filesystem.SyncDir(dir)
}

type killingFile struct {
	safefile.File
	k *killing
}

func (f killingFile) WriteAt(b []byte, at int64) (int, error) {
	f.k.call("write")
	return f.File.WriteAt(b, at)
}

func (f killingFile) Chmod(mode fs.FileMode) error {
	f.k.call("chmod")
	return f.File.Chmod(mode)
}

func (f killingFile) Sync() error {
	f.k.call("sync")
	return f.File.Sync()
}

func (f killingFile) Close() error {
	f.k.call("close")
	return f.File.Close()
}

// recordsOf is how many records state s has.
func recordsOf(s uint64) int { return 1000 + 200*int(s%4) }

// killedVIN is the VIN of record i.
func killedVIN(i int) vin.VIN { return vin.MustParse(fmt.Sprintf("%017d", i*7)) }

// changesTo takes the register from any state below s to s.
func changesTo(s uint64) (changes []index.Change) {
	for i := range recordsOf(3) {
		c := index.Change{By: "FR", Op: index.Put, Record: index.Record{
			Owner: "FR", ID: strconv.Itoa(i), Version: s, VIN: killedVIN(i),
		}}
		if i >= recordsOf(s) {
			c.Op = index.Withdraw
		}
		changes = append(changes, c)
	}
	return changes
}

// checkKilled opens what a killed program left, and returns its state.
func checkKilled(t *testing.T, path string) uint64 {
	t.Helper()
	x, err := index.Open(path, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := x.View()
	s := v.Position().Seq
	if v.Len() != recordsOf(s) {
		t.Fatalf("state %d has %d records", s, v.Len())
	}
	for row := range v.All() {
		if r := v.Record(row); r.Version != s {
			t.Fatalf("state %d has a record of %d", s, r.Version)
		}
	}
	return s
}

// runAndKill runs a program, kills it some time after it first saved if it does not
// do so by itself, and returns the last state that it said to have saved, and what
// it said at the end.
func runAndKill(t *testing.T, path string, call int, after time.Duration) (saved uint64, last string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killPath+"="+path, killCall+"="+strconv.Itoa(call))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what is not a whole line was not said
		}
		last = strings.TrimSpace(line)
		if state, ok := strings.CutPrefix(last, "saved "); ok {
			if saved == 0 && call == 0 {
				time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			}
			if saved, err = strconv.ParseUint(state, 10, 64); err != nil {
				t.Fatalf("the program says %q", line)
			}
		}
	}
	_ = cmd.Wait() // killed
	return saved, last
}

// A program that is killed at any time while it changes, compacts, saves and swaps
// leaves the old snapshot or the new one, whatever others left before it.
func TestKilledAtAnyTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "register")
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	n := trials.Number(25)
	old, fresh := 0, 0
	for range n {
		saved, last := runAndKill(t, path, 0, time.Duration(rng.IntN(20_000))*time.Microsecond)
		if saved == 0 {
			t.Fatalf("the program says %q", last)
		}
		switch got := checkKilled(t, path); got {
		case saved:
			old++
		case saved + 1:
			fresh++
		default:
			t.Fatalf("state %d was saved, %d is found", saved, got)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the state that was saved %d times, the next %d times; %d temporary files", old, fresh, len(left)-1)
	trials.Done(t, n)
}

// The same at every single call of the file system: the write of every part, the
// sync, the rename, and the sync of the directory.
func TestKilledAtEveryCall(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	path := filepath.Join(t.TempDir(), "register")
	step := 1
	switch {
	case trials.Whole():
	case testing.Short():
		step = 40
	default:
		step = 8
	}
	names, done := map[string]int{}, 0
	for call := 1 + rng.IntN(step); ; call += step {
		before := uint64(0)
		if _, err := os.Stat(path); err == nil {
			before = checkKilled(t, path)
		}
		saved, last := runAndKill(t, path, call, 0)
		if last == "done" {
			break
		}
		name, ok := strings.CutPrefix(last, "at ")
		if !ok {
			t.Fatalf("call %d: the program says %q", call, last)
		}
		names[name]++
		done++
		saved = max(saved, before)
		if _, err := os.Stat(path); saved == 0 && os.IsNotExist(err) {
			continue // nothing was ever saved
		}
		// What a rename made is there; what comes before one is not.
		if got := checkKilled(t, path); got != saved && (got != saved+1 || name != "sync directory") {
			t.Fatalf("killed at %s, call %d: state %d was saved, %d is found", name, call, saved, got)
		}
	}
	var said bytes.Buffer
	for name, n := range names {
		fmt.Fprintf(&said, " %s %d", name, n)
	}
	t.Logf("killed at%s", &said)
	trials.Done(t, done)
	if step == 1 {
		for _, name := range []string{"create", "write", "sync", "close", "rename", "sync directory", "chmod"} {
			if names[name] == 0 {
				t.Errorf("never killed at %s", name)
			}
		}
	}
}
