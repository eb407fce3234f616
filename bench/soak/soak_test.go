package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The parts' packages and tests exist, and no two parts are the same to the log.
func TestParts(t *testing.T) {
	seen := map[string]bool{}
	rows := map[int]bool{}
	sources := map[string]string{}
	for _, p := range partsOf(nil) {
		if seen[p.key()] {
			t.Errorf("%s is there twice", p.key())
		}
		seen[p.key()], rows[p.row] = true, true
		if p.how == suite || p.how == cover {
			continue // patterns of several tests
		}
		text, ok := sources[p.pkg]
		if !ok {
			files, err := filepath.Glob(filepath.Join("../..", p.pkg, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				text += string(b)
			}
			sources[p.pkg] = text
		}
		name, sub, _ := strings.Cut(p.test, "/")
		name, sub = strings.Trim(name, "^$"), strings.Trim(sub, "^$")
		if !strings.Contains(text, "func "+name+"(") || sub != "" && !strings.Contains(text, `"`+sub+`"`) {
			t.Errorf("%s: %s has no %s %s", p.key(), p.pkg, name, sub)
		}
	}
	if len(rows) != len(rowNames) {
		t.Errorf("%d rows have parts, want %d", len(rows), len(rowNames))
	}
}

// A run goes on where another was stopped, tries again what was found, and the
// table says all of it.
func TestStopAndGoOn(t *testing.T) {
	t.Chdir("../..")
	dir := t.TempDir()
	parts := []part{
		{row: 1, name: "good", asked: 300_000, pkg: "vin", test: "^TestParsers$/^UnmarshalBinary$", fixed: 100_000},
		{row: 2, name: "not there", pkg: "vin", test: "^NoSuchTest$", once: true},
	}
	found := func(want int, says ...string) {
		t.Helper()
		var b strings.Builder
		n, err := printTable(&b, dir, parts)
		if err != nil || n != want {
			t.Fatalf("%d found, want %d, %v\n%s", n, want, err, &b)
		}
		for _, s := range says {
			if !strings.Contains(b.String(), s) {
				t.Errorf("the table does not say %q:\n%s", s, &b)
			}
		}
	}
	found(0, "not run")
	if err := run(context.Background(), dir, parts, time.Second); err != nil {
		t.Fatal(err)
	}
	found(1, "300,000  100.0", "found: row 2, not there, seed 1")
	log, err := readLog(dir)
	if err != nil || len(log) != 4 {
		t.Fatalf("%d slices, %v", len(log), err)
	}
	// A torn line is as if it had not been; what is asked for more goes on behind
	// the last seed; what was found is tried again, and found to be mended.
	path := filepath.Join(dir, logName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(b, `{"row":1,"na`...), 0o600); err != nil {
		t.Fatal(err)
	}
	parts[0].asked += 100_000
	parts[1].test = "^TestParsers$/^UnmarshalBinary$"
	if err := run(context.Background(), dir, parts, time.Second); err != nil {
		t.Fatal(err)
	}
	found(0, "400,000  100.0")
	if log, err = readLog(dir); err != nil || len(log) != 6 || log[4].Row != 2 || log[5].Seed != 4 {
		t.Errorf("%+v, %v", log, err)
	}
}

// A slice makes what is left, but of fuzzing as much as there is of the corpus at
// least: with less, nothing is tried.
func TestSize(t *testing.T) {
	for _, tc := range []struct {
		how  how
		want int64
	}{{test, 7}, {fuzz, 20_000}} {
		p := part{how: tc.how, asked: 1_000_007, first: 20_000}
		if n := p.size(&progress{done: 1_000_000, rate: 5000}, time.Second); n != tc.want {
			t.Errorf("%v: %d trials, want %d", tc.how, n, tc.want)
		}
	}
}
