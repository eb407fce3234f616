package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
)

var key = bytes.Repeat([]byte("k"), audit.MinKey)

// write makes a log of n entries and returns its directory and head.
func write(t *testing.T, o audit.Options, n int) (string, audit.Head) {
	t.Helper()
	dir := t.TempDir()
	o.Key = key
	l, err := audit.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := audit.Entry{Caller: "fr-police", Action: "screen", Purpose: "border", Numbers: []string{fmt.Sprint(i)}}
		if err := l.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	head := l.Head()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, head
}

func logFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func TestVerify(t *testing.T) {
	dir, head := write(t, audit.Options{FileBytes: 2000}, 50)
	if n := len(logFiles(t, dir)); n < 3 {
		t.Fatalf("%d files, want several", n)
	}
	var numbers []string
	r, err := audit.Verify(dir, key, func(l *audit.Line) { numbers = append(numbers, l.Numbers...) }, head)
	if err != nil {
		t.Fatal(err)
	}
	if r.Head != head || r.First != 1 || r.Lines != head.Seq || len(numbers) != 50 || numbers[49] != "49" {
		t.Errorf("report %+v of %d numbers, want head %v", r, len(numbers), head)
	}
	if _, err := audit.Verify(dir, bytes.Repeat([]byte("x"), audit.MinKey), nil); err == nil {
		t.Error("verified under another key")
	}
	if h, err := audit.ParseHead(head.String()); err != nil || h != head {
		t.Errorf("ParseHead(%v) = %v, %v", head, h, err)
	}

	// Files that were moved away are missed only by who knows of them.
	if err := os.Remove(logFiles(t, dir)[0]); err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(dir, key, nil, head); err != nil || r.First == 1 {
		t.Errorf("without the first file: %+v, %v", r, err)
	}
}

// Every byte counts: a change of any is noticed, and so is a line that is left
// out, put in, moved or taken from elsewhere.
func TestVerifyNoticesChanges(t *testing.T) {
	dir, head := write(t, audit.Options{}, 5)
	name := logFiles(t, dir)[0]
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(why string, changed []byte) {
		t.Helper()
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		var e *audit.Error
		if _, err := audit.Verify(dir, key, nil, head); !errors.As(err, &e) {
			t.Errorf("%s: error %v", why, err)
		}
	}
	for i := range text {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(text)
			changed[i] ^= bit
			refused(fmt.Sprintf("bit %#x of byte %d", bit, i), changed)
		}
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := range lines {
		refused(fmt.Sprintf("line %d left out", i+1), bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil))
		refused(fmt.Sprintf("line %d twice", i+1), bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil))
	}
	slices.Reverse(lines)
	refused("the other way round", bytes.Join(lines, nil))
	refused("cut", text[:len(text)-1])
	refused("nothing", nil)

	// What follows on the end was written with the key, or is noticed.
	other, _ := write(t, audit.Options{}, 6)
	foreign, err := os.ReadFile(logFiles(t, other)[0])
	if err != nil {
		t.Fatal(err)
	}
	refused("a line of another log", append(bytes.Clone(text), foreign[bytes.LastIndexByte(foreign[:len(foreign)-1], '\n')+1:]...))
}

// counts verifies a log, and counts its lines by what they are about.
func counts(t *testing.T, dir string, heads ...audit.Head) (map[string]int, audit.Report) {
	t.Helper()
	n := map[string]int{}
	r, err := audit.Verify(dir, key, func(l *audit.Line) { n[l.Action]++ }, heads...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Recovered != n["recovered"] {
		t.Errorf("recovered %d times, lines tell of %d", r.Recovered, n["recovered"])
	}
	return n, r
}

// killed makes a log of so many entries and leaves it as a process that is killed does.
// It returns the file that they are in, and its text up to where it was synced.
func killed(t *testing.T, synced, more int) (dir, name string, syncedText, text []byte) {
	t.Helper()
	from, _ := write(t, audit.Options{}, synced)
	l, err := audit.Open(from, audit.Options{Key: key, SyncEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	read := func() (text []byte) {
		for _, name = range logFiles(t, from) {
			if text, err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		return text
	}
	syncedText = read()
	for range more {
		if err := l.Add(&audit.Entry{Action: "unsynced", Note: strings.Repeat("x", 300)}); err != nil {
			t.Fatal(err)
		}
	}
	text = read()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, filepath.Base(name)), syncedText, text
}

// A log goes on where a crash left it, at any byte of what had not been synced.
func TestOpenAfterCrash(t *testing.T) {
	dir, name, synced, text := killed(t, 0, 3)
	if len(synced) > 0 {
		t.Fatal("something was synced")
	}
	for cut := 1; cut < len(text); cut += 23 {
		if err := os.WriteFile(name, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(dir, "synced"))
		l, err := audit.Open(dir, audit.Options{Key: key})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := l.Add(&audit.Entry{Action: "after"}); err != nil {
			t.Fatal(err)
		}
		head := l.Head()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		torn := text[cut-1] != '\n'
		if n, _ := counts(t, dir, head); n["after"] != 1 || (n["recovered"] == 1) != torn {
			t.Fatalf("cut at %d: %v", cut, n)
		}
		for _, f := range logFiles(t, dir) {
			os.Remove(f)
		}
	}
}

// Where the system failed, any pages of what was not synced are there. All that was
// synced stays; what is behind is kept as far as it is whole.
func TestOpenAfterPowerFails(t *testing.T) {
	const page = 512
	dir, name, synced, text := killed(t, 20, 20)
	mark, err := os.ReadFile(filepath.Join(dir, "synced"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		torn := bytes.Clone(text[:len(synced)+rng.IntN(len(text)-len(synced)+1)])
		for at := len(synced); at < len(torn); at = (at/page + 1) * page {
			if rng.IntN(6) == 0 {
				clear(torn[at:min((at/page+1)*page, len(torn))])
			}
		}
		if err := errors.Join(os.WriteFile(name, torn, 0o600), os.WriteFile(filepath.Join(dir, "synced"), mark, 0o600)); err != nil {
			t.Fatal(err)
		}
		l, err := audit.Open(dir, audit.Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if l.Synced().Seq < 21 {
			t.Errorf("synced: %v", l.Synced())
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		whole := 0
		for _, line := range bytes.SplitAfter(torn[len(synced):], []byte("\n")) {
			if !bytes.HasSuffix(line, []byte("\n")) || bytes.IndexByte(line, 0) >= 0 {
				break
			}
			whole++
		}
		lost := !bytes.HasSuffix(torn, []byte("\n")) || bytes.IndexByte(torn, 0) >= 0
		if n, _ := counts(t, dir); n["screen"] != 20 || n["unsynced"] != whole || (n["recovered"] == 1) != lost {
			t.Fatalf("%v, of %d lines that are whole", n, whole)
		}
	}

	// What was synced is never cut off.
	refused := func(why string, text []byte) {
		t.Helper()
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := audit.Open(dir, audit.Options{Key: key}); !errors.As(err, new(*audit.Error)) {
			l.Close()
			t.Errorf("%s: %v", why, err)
		}
		if _, err := audit.Verify(dir, key, nil); !errors.As(err, new(*audit.Error)) {
			t.Errorf("%s, verified: %v", why, err)
		}
		if now, _ := os.ReadFile(name); !bytes.Equal(now, text) {
			t.Errorf("%s: the log was written to", why)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "synced"), mark, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		changed := bytes.Clone(text)
		changed[rng.IntN(len(synced))] ^= 1
		refused("what was synced is changed", changed)
	}
	refused("lines that were synced are missing", synced[:bytes.LastIndexByte(synced[:len(synced)-1], '\n')+1])
	os.Remove(filepath.Join(dir, "synced"))
	changed := bytes.Clone(text)
	changed[len(synced)+5] ^= 1
	refused("nobody knows what was synced, and a line is changed", changed)
}

// An entry that no line has room for is refused, and the log goes on.
func TestLongEntry(t *testing.T) {
	dir := t.TempDir()
	l, err := audit.Open(dir, audit.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1 << 20, 1<<22 - 1000, 1 << 22, 1 << 23} {
		err := l.Add(&audit.Entry{Action: "long", Note: strings.Repeat("x", n)})
		if long := n >= 1<<22; long != errors.Is(err, audit.ErrLong) || !long && err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n, _ := counts(t, dir); n["long"] != 2 {
		t.Errorf("%v", n)
	}
	if l, err = audit.Open(dir, audit.Options{Key: key}); err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestAddTogether(t *testing.T) {
	dir := t.TempDir()
	l, err := audit.Open(dir, audit.Options{Key: key, FileBytes: 5000})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := l.Add(&audit.Entry{Action: "screen"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(&audit.Entry{Action: "late"}); err == nil {
		t.Error("Add after Close succeeded")
	}
	n := 0
	if _, err := audit.Verify(dir, key, func(l *audit.Line) {
		if l.Action == "screen" {
			n++
		}
	}); err != nil || n != 400 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestTag(t *testing.T) {
	l, err := audit.Open(t.TempDir(), audit.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	number := func(k index.Kind, country, text string) index.Number {
		return index.Number{Kind: k, Country: country, Text: text}
	}
	a := number(index.KindVIN, "", "1HGCM82633A004352")
	tag := l.Tag(a)
	if strings.Contains(tag, "4352") || len(tag) != 16 {
		t.Errorf("tag %q", tag)
	}
	for _, same := range []index.Number{
		number(index.KindVIN, "", "1hgcm82633a004352"),
		number(index.KindVIN, "", "VIN: 1HGCM8-2633A-004352"),
	} {
		if l.Tag(same) != tag {
			t.Errorf("the same number, written otherwise, has another tag: %q", same.Text)
		}
	}
	for _, other := range []index.Number{
		number(index.KindVIN, "", "1HGCM82633A004353"),
		number(index.KindChassis, "", "1HGCM82633A004352"),
	} {
		if l.Tag(other) == tag {
			t.Errorf("%v has the tag of another", other)
		}
	}
	if p := number(index.KindPlate, "DE", "B-AB 1234"); l.Tag(p) != l.Tag(number(index.KindPlate, "", "b ab1234")) {
		t.Error("a plate has another tag where its country is not known")
	}
	if !slices.Contains(audit.Tags(key, a), tag) {
		t.Error("Tags does not hold the tag")
	}
}

func FuzzVerify(f *testing.F) {
	dir := f.TempDir()
	l, err := audit.Open(dir, audit.Options{Key: key})
	if err != nil {
		f.Fatal(err)
	}
	l.Add(&audit.Entry{Action: "screen", Time: time.Unix(1, 0)}) // the same in each process that fuzzes
	l.Close()
	text, err := os.ReadFile(filepath.Join(dir, "audit-00000000000000000001.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "audit-00000000000000000001.jsonl"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := audit.Verify(dir, key, nil)
		if err == nil && len(b) > 0 && !bytes.HasPrefix(text, b) && !bytes.EqualFold(text, b) {
			t.Errorf("bytes that nobody wrote were verified: %+v", r)
		}
	})
}
