package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vinmatch": main})
}

var update = flag.Bool("update", false, "rewrite what the scripts compare the output with")

// TestScript runs the tool as a user does, one file a command.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"bytes":  rawBytes,
			"damage": damage,

			"figures": figures,
			"weighs":  weighs,
		},
	})
}

// TestREADME runs the first command of the README as it stands there, and holds
// its output to what a newcomer can take in.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "go -C examples/vinmatch run . "
	command := regexp.MustCompile(`(?m)^go .*$`).FindString(string(readme))
	args, ok := strings.CutPrefix(command, prefix)
	if !ok {
		t.Fatalf("the first command of the README is %q, want %q...", command, prefix)
	}
	var out, complaints strings.Builder
	a := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &complaints}
	if code := run(a, strings.Fields(args)); code != 0 {
		t.Fatalf("exit code %d: %s", code, &complaints)
	}
	for _, want := range []string{
		`(?m)^  >0\.99 probable exact    vin      [A-Z]{2} [0-9-]+: `,
		`(?m)^  .0\.\d\d probable cleaned  plate    `,
		`(?m)^  .0\.\d\d probable repaired vin      `,
		`(?m)^  .0\.\d\d probable near     vin      `,
		`position \d+: read`,
		`positions 8 and 9: read`,
		`paper agrees on`,
		`\nobservations +6000 in .*\nhits +\d+ \(\d+ exact, \d+ cleaned\)\nrepaired +\d+\nnear +\d+\npartial +\d+\nprobable +\d+ \(\d+ possible, \d+ siblings\)\nunreadable +\d+\nnear searches +\d+ \(\d+ for two errors\)\nper second +\d+\nremarks +.*\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the output has nothing like %q", want)
		}
	}
	if n := strings.Count(out.String(), "\n"); n < 300 || n > 900 {
		t.Errorf("the output has %d lines", n)
	}
}

// TestArgumentsThatAreNotUTF8: a script cannot hold them.
func TestArgumentsThatAreNotUTF8(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "v\xe9hicules.csv")
	if err := os.WriteFile(file, []byte("text\n4352\n"), 0o666); err != nil {
		t.Skip(err) // some systems have no such names
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"decode", "--json", "1HGCM82633A00\xe4352"}, `"error":{"kind":"InvalidUTF8","position":14}`},
		{[]string{"decode", "1HGCM82633A004352\xff"}, "position 18: invalid UTF-8"},
		{[]string{"normalize", "--json", file}, `"canonical":"*4352"`},
	} {
		var out, complaints strings.Builder
		a := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &complaints}
		if code := run(a, c.args); code != 0 || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: exit code %d, %q, %q", c.args, code, &out, &complaints)
		}
	}
}

// TestWatchLongRow: a script cannot hold it.
func TestWatchLongRow(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	args := []string{
		"watch", "--register", file("r.csv", "vin\nWVWZZZ1JZ3W386752\n"),
		"--inquiries", file("i.csv", "vin,place\nWVWZZZ1JZ3W386752,"+strings.Repeat("x", 70_000)+"\n1HGCM82633A004352,Dover\n"),
		"--changes", file("c.csv", "owner,id,vin\nFR,1,1HGCM82633A004352\n"),
		"--rejects", filepath.Join(dir, "rejects.csv"),
	}
	var out, complaints strings.Builder
	a := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &complaints}
	if code := run(a, args); code != 0 || !strings.Contains(out.String(), "line 3, Dover: 1HGCM82633A004352") ||
		!strings.Contains(out.String(), "2 (1 remembered, 1 answered") {
		t.Errorf("exit code %d, %q, %q", code, &out, &complaints)
	}
	if b, err := os.ReadFile(args[len(args)-1]); err != nil || !strings.Contains(string(b), "\n2,too large to be remembered,") {
		t.Errorf("rejects: %s, %v", b, err)
	}
}

// exits runs a command that must end with an exit code and, other than after
// 0 and 1, say why on standard error and nothing on standard output.
//
//	exits 2 vinmatch decode
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command arguments...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if out, say := ts.ReadFile("stdout"), ts.ReadFile("stderr"); want == exitError && (out != "" || say == "") {
		ts.Fatalf("wrote %q and complained with %q", out, say)
	}
}

// damage changes a byte of a section of a snapshot.
//
//	damage wanted.vmx keys
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage file section")
	}
	b := []byte(ts.ReadFile(args[0]))
	entry := bytes.Index(b, append([]byte(args[1]), 0))
	if entry < 0 {
		ts.Fatalf("%s has no section %s", args[0], args[1])
	}
	b[binary.LittleEndian.Uint64(b[entry+16:])] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

var escape = regexp.MustCompile(`\\x[0-9a-f]{2}`)

// rawBytes replaces \xNN in a file by the byte: a script is UTF-8.
func rawBytes(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		text := escape.ReplaceAllFunc([]byte(ts.ReadFile(name)), func(b []byte) []byte {
			n, err := strconv.ParseUint(string(b[2:]), 16, 8)
			ts.Check(err)
			return []byte{byte(n)}
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o666))
	}
}

var (
	numbersInJSON = regexp.MustCompile(`"(score|probability|weight|log_odds)":[-0-9.e+]+`)
	estimates     = regexp.MustCompile(`"text":"(hardly any unlisted vehicle|unlisted vehicles that)[^"]*"`)
	rates         = regexp.MustCompile(`"text":"one query in [0-9]+`)
)

// figures replaces what depends on figures of the error model: a script holds
// the rest of the output to the letter.
func figures(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		text := numbersInJSON.ReplaceAllString(ts.ReadFile(name), `"$1":0`)
		text = estimates.ReplaceAllString(text, `"text":"unlisted vehicles"`)
		text = rates.ReplaceAllString(text, `"text":"one query in some`)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o666))
	}
}

// weighs holds the findings of JSON lines to what is promised of their figures.
func weighs(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		seen := 0
		for line := range strings.Lines(ts.ReadFile(name)) {
			var o struct {
				Findings []struct {
					finding
					LogOdds *float64 `json:"log_odds"`
				}
			}
			ts.Check(json.Unmarshal([]byte(line), &o))
			last := 1.0
			for _, f := range o.Findings {
				seen++
				bits := 0.0
				for _, e := range f.Evidence {
					bits += e.Weight
				}
				if f.Score != f.Probability || math.Abs(f.Probability-1/(1+math.Exp2(-bits))) > 0.001 {
					ts.Fatalf("score %v, probability %v, evidence of %v bits", f.Score, f.Probability, bits)
				}
				if f.LogOdds != nil && math.Abs(*f.LogOdds-bits) > 0.01 {
					ts.Fatalf("log odds %v, evidence of %v bits", *f.LogOdds, bits)
				}
				if (f.Verdict == "probable") != (f.Probability >= 0.5) || f.Probability > last {
					ts.Fatalf("probability %v is %s, behind %v", f.Probability, f.Verdict, last)
				}
				last = f.Probability
			}
		}
		if seen == 0 {
			ts.Fatalf("%s has no findings", name)
		}
	}
}
