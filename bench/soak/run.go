package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An entry of the log is one slice.
type entry struct {
	Row     int       `json:"row"`
	Name    string    `json:"name"`
	Seed    uint64    `json:"seed"`
	Asked   int64     `json:"asked"`
	Done    int64     `json:"done"`
	Found   string    `json:"found,omitempty"`   // the file that says what
	Skipped string    `json:"skipped,omitempty"` // why it could not be run here
	Seconds float64   `json:"seconds"`
	End     time.Time `json:"end"`
	Of      string    `json:"of,omitempty"` // the revision of the code
}

const logName = "log.jsonl"

// readLog returns the slices that ended. The last line may be torn.
func readLog(dir string) (all []entry, err error) {
	b, err := os.ReadFile(filepath.Join(dir, logName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range bytes.Lines(b) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			if !bytes.HasSuffix(line, []byte("\n")) {
				break
			}
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, logName), err)
		}
		all = append(all, e)
	}
	return all, nil
}

// A progress is what was done of a part.
type progress struct {
	done, slices, found int64
	seconds             float64
	rate                float64 // trials a second, of the last slice
	skipped             string
	open                []entry // slices that found something and did not run again without
	mended              int64   // that did
	last                uint64  // the greatest seed
	lastDone            int64   // by the last slice
}

func (p part) key() string { return strconv.Itoa(p.row) + " " + p.name }

func (p part) finished(g *progress) bool {
	if p.once || p.how == cover || g.skipped != "" {
		return g.slices > 0
	}
	return g.done >= p.asked
}

// progressOf adds up a log.
func progressOf(log []entry) map[string]*progress {
	all := map[string]*progress{}
	for _, e := range log {
		k := part{row: e.Row, name: e.Name}.key()
		g := all[k]
		if g == nil {
			g = &progress{}
			all[k] = g
		}
		g.add(e)
	}
	return all
}

// percentOf is what is done of a part in percent.
func (p part) percentOf(g *progress) float64 {
	switch {
	case g.slices == 0 || g.skipped != "":
		return 0
	case p.once:
		return 100
	}
	return min(100, 100*float64(g.done)/float64(p.asked))
}

func (g *progress) add(e entry) {
	g.done += e.Done
	g.seconds += e.Seconds
	again := slices.IndexFunc(g.open, func(o entry) bool { return o.Seed == e.Seed })
	switch {
	case e.Found != "" && again < 0:
		g.found++
		g.open = append(g.open, e)
	case e.Found == "" && again >= 0:
		g.mended++
		g.open = slices.Delete(g.open, again, again+1)
	}
	g.slices++
	g.lastDone = e.Done
	g.last = max(g.last, e.Seed)
	g.skipped = e.Skipped
	if e.Done > 0 && e.Seconds > 0 {
		g.rate = float64(e.Done) / e.Seconds
	}
}

// run does slices until all is done or the context ends.
func run(ctx context.Context, dir string, parts []part, slice time.Duration) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, sub := range []string{"bin", "found", "tmp", "travel"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	log, err := readLog(dir)
	if err != nil {
		return err
	}
	// A torn line is written over.
	var whole bytes.Buffer
	for _, e := range log {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		whole.Write(append(b, '\n'))
	}
	if err := os.WriteFile(filepath.Join(dir, logName), whole.Bytes(), 0o600); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(dir, logName), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	b := &bench{dir: dir, built: map[string]string{}, revision: revision(ctx)}
	all := progressOf(log)
	// What was found before is tried again first.
	type again struct {
		part
		entry
	}
	var first []again
	for _, p := range parts {
		if g := all[p.key()]; g != nil {
			for _, e := range g.open {
				first = append(first, again{p, e})
			}
		}
	}
	for ctx.Err() == nil {
		var p *part
		var seed uint64
		var n int64
		if len(first) > 0 {
			p, seed, n = &first[0].part, first[0].Seed, first[0].Asked
			first = first[1:]
		} else if p = next(parts, all); p == nil {
			return nil
		} else {
			seed, n = all[p.key()].last+1, p.size(all[p.key()], slice)
		}
		g := all[p.key()]
		e, err := b.slice(ctx, *p, seed, n)
		if ctx.Err() != nil {
			break // it was cut short
		}
		if err != nil {
			return err
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
		if err := out.Sync(); err != nil {
			return err
		}
		g.add(e)
		fmt.Printf("%s  row %2d  %-36s seed %4d  %12s in %5.1fs  %s\n",
			e.End.Format(time.TimeOnly), e.Row, e.Name, e.Seed, grouped(e.Done), e.Seconds, e.Found)
	}
	return ctx.Err()
}

// next returns a part that is not finished, of the row that had the least time,
// and of its parts the one that had the least.
func next(parts []part, all map[string]*progress) (best *part) {
	rows := map[int]float64{}
	for i := range parts {
		p := &parts[i]
		if all[p.key()] == nil {
			all[p.key()] = &progress{}
		}
		rows[p.row] += all[p.key()].seconds
	}
	less := func(p, q *part) bool {
		if a, b := rows[p.row], rows[q.row]; p.row != q.row {
			return a < b
		}
		return all[p.key()].seconds < all[q.key()].seconds
	}
	for i := range parts {
		p := &parts[i]
		if !p.finished(all[p.key()]) && (best == nil || less(p, best)) {
			best = p
		}
	}
	return best
}

// size returns how many trials the next slice makes.
func (p part) size(g *progress, slice time.Duration) int64 {
	n := p.first
	if n == 0 {
		n = 1000
	}
	if g.rate > 0 {
		n = int64(g.rate * slice.Seconds())
	}
	if p.fixed > 0 {
		n = p.fixed
	}
	if p.once {
		return 1
	}
	n = max(1, min(n, p.asked-g.done))
	if p.how == fuzz {
		n = max(n, p.first) // go test makes none before it is through with its corpus
	}
	return n
}

// A bench has the programs that do the work.
type bench struct {
	dir      string
	built    map[string]string // by package and how
	revision string
}

// revision returns what is tried: the commit, and whether files differ from it.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").Output()
	if err != nil {
		return "" // it is no repository
	}
	return strings.TrimSpace(string(out))
}

// program builds the test program of a package, once.
func (b *bench) program(ctx context.Context, p part) (string, error) {
	key := strings.ReplaceAll(p.pkg, "/", "-")
	args := []string{"test", "-c"}
	env := os.Environ()
	if p.how == race {
		key += "-race"
		args = append(args, "-race")
		env = append(env, "CGO_ENABLED=1")
	}
	if p.arch.goarch != "" {
		key += "-" + p.arch.goarch
		env = append(env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+p.arch.goarch)
	}
	if path, ok := b.built[key]; ok {
		return path, nil
	}
	path := filepath.Join(b.dir, "bin", key)
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", path, "./"+p.pkg)...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	b.built[key] = path
	return path, nil
}

// command returns what makes n trials of a part.
func (b *bench) command(ctx context.Context, p part, seed uint64, n int64) (*exec.Cmd, error) {
	switch p.how {
	case fuzz:
		return exec.CommandContext(
			ctx, "go", "test", "-run", "^$", "-fuzz", "^"+p.test+"$", "-fuzztime", strconv.FormatInt(n, 10)+"x",
			"-fuzzminimizetime", "5x", "-timeout", hang.String(), "./"+p.pkg,
		), nil
	case cover:
		return exec.CommandContext(ctx, "go", "test", "-cover", "-timeout", hang.String(), "./"+p.pkg), nil
	}
	path, err := b.program(ctx, p)
	if err != nil {
		return nil, err
	}
	var words []string
	if p.arch.goarch != "" {
		words = append(words, p.arch.emulator)
	}
	words = append(words, path, "-test.run", p.test, "-test.v", "-test.timeout", hang.String())
	if p.skip != "" {
		words = append(words, "-test.skip", p.skip)
	}
	if p.how == suite {
		words = append(words, "-test.short")
	} else {
		words = append(words, "-trials", strconv.FormatInt(n, 10), "-trialseed", strconv.FormatUint(seed, 10))
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = p.pkg // where its testdata is
	return cmd, nil
}

var (
	doneLine = regexp.MustCompile(`trials done: (\d+)`)
	execs    = regexp.MustCompile(`execs: (\d+)`)
	passed   = regexp.MustCompile(`(?m)^--- PASS`)
	percent  = regexp.MustCompile(`coverage: (\d+)`)
)

// hang is how long a slice may take before it counts as hanging.
const hang = 20 * time.Minute

// slice makes n trials of a part.
func (b *bench) slice(ctx context.Context, p part, seed uint64, n int64) (entry, error) {
	e := entry{Row: p.row, Name: p.name, Seed: seed, Asked: n, Of: b.revision}
	if p.arch.goarch != "" {
		if _, err := exec.LookPath(p.arch.emulator); err != nil {
			e.Skipped, e.End = "there is no "+p.arch.emulator, time.Now().Truncate(time.Second)
			return e, nil
		}
	}
	cmd, err := b.command(ctx, p, seed, n)
	if err != nil {
		return e, err
	}
	cmd.Env = os.Environ()
	for _, v := range p.env {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(v, "DIR", b.dir))
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+filepath.Join(b.dir, "tmp"))
	cmd.WaitDelay = 10 * time.Second
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	e.Seconds, e.End = time.Since(begin).Seconds(), time.Now().Truncate(time.Second)
	e.Done = doneOf(p, string(out))
	if ctx.Err() != nil {
		return e, nil
	}
	if err != nil || e.Done == 0 || p.how == cover && e.Done < n {
		name := fmt.Sprintf("%d-%s-%d.txt", p.row, strings.NewReplacer(" ", "-", "/", "-").Replace(p.name), seed)
		e.Found = filepath.Join("found", name)
		text := fmt.Sprintf("%s\nN %d, S %d: %v\n\n%s", p, n, seed, err, out)
		if err := os.WriteFile(filepath.Join(b.dir, e.Found), []byte(text), 0o600); err != nil {
			return e, err
		}
	}
	return e, nil
}

// doneOf returns how many trials the output of a slice tells of.
func doneOf(p part, out string) (done int64) {
	switch p.how {
	case suite:
		return int64(len(passed.FindAllString(out, -1)))
	case cover:
		if m := percent.FindStringSubmatch(out); m != nil {
			done, _ = strconv.ParseInt(m[1], 10, 64)
		}
		return done
	case fuzz:
		for _, m := range execs.FindAllStringSubmatch(out, -1) {
			n, err := strconv.ParseInt(m[1], 10, 64)
			if err == nil {
				done = max(done, n) // a running total
			}
		}
		return done
	}
	for _, m := range doneLine.FindAllStringSubmatch(out, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err == nil {
			done += n
		}
	}
	return done
}
