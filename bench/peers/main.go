// Command peers compares vinmatch with what one would use instead, side by side
// on the same data in the same run.
//
//	go -C bench/peers run .               # a million records
//	go -C bench/peers run . --size 5M
//	go -C bench/peers run . --rivals 'map|sorted' --forms 'last six'
//
// # Who
//
// The built-in map by text and by packed value, cockroachdb/swiss,
// kamstrup/intmap, puzpuzpuz/xsync, a sorted slice with one of reversed VINs,
// index/suffixarray, blevesearch/vellum, SQLite and PostgreSQL, each set up as
// its best user would, and a plain scan. Beside what the index of vinmatch does
// alone stands a whole query of package match. The report says how. Versions are
// pinned in go.mod. Some of the rivals hold one form of question only; what a
// contender can only answer by going through everything is not asked of it, and
// is what the plain scan shows.
//
// PostgreSQL runs as an unprivileged user on a unix socket in a temporary
// directory. Where it is not installed, Debian's packages are unpacked into that
// directory, which needs no rights and installs nothing; where that fails, the
// report says so and has the others. When the run ends or is interrupted, the
// server ends and the directory goes.
//
// # What
//
// The records have the VINs of [vintest.DefaultMix]. Those who are asked get the
// same questions, and every second one is about a vehicle that is not listed,
// but for whole numbers, where hits and misses are apart. Partial numbers want a
// hundred records at most, whichever.
//
// # How
//
// Before anything is timed, each contender answers the questions, as many as it
// can in its time, and its answers must be those of vinmatch; the report says how
// many were compared. Then all take turns: five rounds, in each a block of every
// contender, whose beginning only fills the caches and does not count. Whole
// numbers in batches of 4096 are timed as batches, everything else a question at
// a time, less the time of reading the clock. Percentiles are of all rounds
// together; beside them stand the least and the greatest median of a round, which
// is the noise. A contender so slow that it answers fewer than 200 questions has
// no 99th percentile.
//
// PostgreSQL's own times are those of EXPLAIN ANALYZE without planning, in the
// same rounds, less what it tells of a statement that does nothing.
//
// Bytes a record are what the heap has grown, or what the contender itself
// tells. All records of the others are a number; those of vinmatch have an
// owner, an ID, a version, a type and a status, which the report keeps apart.
// What a contender holds for one form of question stands beside the whole.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	benchreport "github.com/vinmatch/vinmatch/bench/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := peers(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "peers:", err)
		}
		stop()
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	size     int
	out      string
	rivals   *regexp.Regexp
	forms    *regexp.Regexp
	json     bool
	budget   time.Duration
	postgres string
	profile  string
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{rivals: regexp.MustCompile(""), forms: regexp.MustCompile("")}
	fs := flag.NewFlagSet("peers", flag.ContinueOnError)
	fs.SetOutput(stderr)
	size := benchreport.Number(1_000_000)
	fs.Var(&size, "size", "`records`: 1M, 5M or any number")
	fs.StringVar(&o.out, "out", "", "directory for peers.md and peers.json; none: they are not written")
	fs.BoolVar(&o.json, "json", false, "print JSON instead of the tables")
	fs.DurationVar(&o.budget, "budget", 800*time.Millisecond, "time for each form and contender; slow ones take up to four times that")
	fs.StringVar(&o.postgres, "postgres", "fetch", "fetch: Debian's packages where it is not installed; installed: only if it is; off")
	fs.StringVar(&o.profile, "cpuprofile", "", "file for a processor profile of the questions")
	pattern := func(name, usage string, to **regexp.Regexp) {
		fs.Func(name, usage, func(s string) (err error) {
			*to, err = regexp.Compile(s)
			return err
		})
	}
	pattern("rivals", "`expression` of the rivals to ask", &o.rivals)
	pattern("forms", "`expression` of the forms to ask", &o.forms)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	o.size = int(size)
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case o.size < 1000:
		return nil, errors.New("--size: fewer than 1000 records show nothing")
	case o.postgres != "fetch" && o.postgres != "installed" && o.postgres != "off":
		return nil, fmt.Errorf("--postgres: %q is none of fetch, installed and off", o.postgres)
	}
	return o, nil
}

// inProcess are the contenders that need nothing but this process. vinmatch is
// the first, and the next one is built from it.
func inProcess() []contender {
	o := &ours{}
	return []contender{
		o, &matching{ours: o}, &textMap{}, &vinMap{}, &swissMap{}, &intMap{}, &syncMap{},
		&slicePair{}, &scan{}, &suffixes{}, &transducers{}, &sqlite{},
	}
}

func peers(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	began := time.Now()
	r := &run{
		ctx:       ctx,
		budget:    o.budget,
		questions: different,
		forms:     func(f form) bool { return o.forms.MatchString(string(f)) },
		log:       stderr,
	}
	var notes []string
	for _, c := range inProcess() {
		if name := c.describe().Name; isOurs(name) || o.rivals.MatchString(name) {
			r.contenders = append(r.contenders, c)
		}
	}
	if o.postgres == "off" {
		notes = append(notes, "PostgreSQL was not asked for.")
	} else if o.rivals.MatchString("PostgreSQL") {
		s, err := startPostgres(ctx, o.size, o.postgres == "fetch", stderr)
		switch {
		case err == nil:
			defer func() { err = errors.Join(err, s.stop()) }()
			r.contenders = append(r.contenders, &postgres{server: s})
		case errors.Is(err, errNoPostgres):
			notes = append(notes, "PostgreSQL is missing: "+err.Error()+".")
			fmt.Fprintln(stderr, notes[len(notes)-1])
		default:
			return fmt.Errorf("start PostgreSQL: %w", err)
		}
	}
	defer func() {
		for _, c := range r.contenders {
			err = errors.Join(err, c.close())
		}
	}()

	if err := ctx.Err(); err != nil {
		return err
	}
	r.world = makeWorld(1, o.size, blocks*blockLen)
	if err := r.build(); err != nil {
		return err
	}
	if err := profiled(o.profile, r.measure); err != nil {
		return err
	}
	rep := r.report(notes)
	rep.Parsers = parsers(ctx, r.world, o.budget)
	rep.Took = time.Since(began).Seconds()
	if o.json {
		err = rep.json(stdout)
	} else {
		err = rep.text(stdout)
	}
	if err != nil || o.out == "" {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	return errors.Join(
		toFile(filepath.Join(o.out, "peers.json"), rep.json),
		toFile(filepath.Join(o.out, "peers.md"), rep.markdown),
	)
}

// profiled does something and writes a profile of it to a file, if there is one.
func profiled(name string, do func() error) (err error) {
	if name == "" {
		return do()
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

func toFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// moduleVersion returns the version of a module that is built in.
func moduleVersion(path string) string { return moduleVersions()[path] }

var moduleVersions = sync.OnceValue(func() map[string]string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	return versions
})
