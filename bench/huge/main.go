// Command huge builds, saves, opens, asks and compacts a register of a hundred
// million records, or as many as it is told, and prints how long each step takes
// and how much memory at its peak. Each step is a process of its own.
//
//	go run ./bench/huge                    # needs 20 GB of memory, 10 GB of disk, and time
//	go run ./bench/huge -n 5000000
//	go run ./bench/huge -n 5000000 -dir /data
//
// The records are those of package workload: a VIN, an ID of ten bytes and all
// attributes; every second one has a plate. The goals are those of a hundred
// million. What fewer need is scaled up, but for what a process takes that does
// nothing. Each step is held to nineteen twentieths of its goal, scaled down, by
// [debug.SetMemoryLimit], so that garbage is collected in time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// full is the number of records that the goals are for.
const full = 100_000_000

// idle is about what a process takes that does nothing.
const idle = 16 << 20

// A step is done by a process of its own.
type step struct {
	name string
	goal int64 // of the memory at its peak, for full
	do   func(r *run) error
}

var steps = []step{
	{"nothing", 1e12, func(r *run) error { r.world(); return nil }},
	{"build and save", 16e9, (*run).build},
	{"open and ask", 9e9, (*run).ask},
	{"change and compact", 20e9, (*run).compact},
}

// A run is one step at work.
type run struct {
	n    int
	path string
	out  io.Writer
	ctx  context.Context
}

func main() {
	n := flag.Int("n", full, "records")
	dir := flag.String("dir", "", "directory for the snapshot; default: a new temporary one")
	only := flag.Int("step", -1, "do this step alone, in this process")
	flag.Parse()
	if *n < 1 || *n > workload.MaxListed {
		fmt.Fprintf(os.Stderr, "huge: -n: want 1 to %d\n", workload.MaxListed)
		os.Exit(2)
	}
	if err := huge(*n, *dir, *only); err != nil {
		fmt.Fprintln(os.Stderr, "huge:", err)
		os.Exit(1)
	}
}

func huge(n int, dir string, only int) error {
	if only >= 0 {
		s := steps[only]
		debug.SetMemoryLimit(idle + int64(0.95*float64(s.goal-idle)*float64(n)/full))
		r := &run{n: n, path: filepath.Join(dir, "huge.vmx"), out: os.Stdout, ctx: context.Background()}
		return s.do(r)
	}
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "huge"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\ttook\tpeak memory\tbytes a record\tfor %d million\tgoal\t\n", full/1_000_000)
	var least int64
	for i, s := range steps {
		fmt.Printf("%s\n", s.name)
		cmd := exec.Command(program, "-n", fmt.Sprint(n), "-dir", dir, "-step", fmt.Sprint(i))
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		peak, ok := peakMemory(cmd.ProcessState)
		if !ok {
			return errors.New("this system does not tell the memory of a process")
		}
		fmt.Fprintf(w, "%s\t%v\t%s\t", s.name, time.Since(start).Round(time.Millisecond), gigabytes(peak))
		if i == 0 {
			least = peak
			fmt.Fprintln(w, "\t\t\t")
			continue
		}
		each := float64(peak-least) / float64(n)
		fmt.Fprintf(w, "%.1f\t%s\t%s\t\n", each, gigabytes(least+int64(each*full)), gigabytes(s.goal))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Printf("\n%s", &table)
	return err
}

func gigabytes(n int64) string { return fmt.Sprintf("%.2f GB", float64(n)/1e9) }

// timed does something and says how long it took, and of how many things it did
// how many a second.
func (r *run) timed(what string, n int64, unit string, do func() error) error {
	start := time.Now()
	err := do()
	took := time.Since(start)
	rate := float64(n) / took.Seconds() / 1e6
	fmt.Fprintf(r.out, "  %-34s %10v  %8.2f million %s a second\n", what, took.Round(time.Microsecond), rate, unit)
	return err
}

// world returns the vehicles: those below n are listed.
func (r *run) world() *workload.World { return workload.New(1, r.n) }

// build makes the register and saves it.
func (r *run) build() error {
	var x *index.Index
	err := r.timed("build", int64(r.n), "records", func() (err error) {
		x, err = index.Build(r.ctx, index.Options{Seed: 1}, r.world().Records())
		return err
	})
	if err != nil {
		return err
	}
	start := time.Now()
	if err := x.Save(r.path); err != nil {
		return err
	}
	took := time.Since(start)
	info, err := os.Stat(r.path)
	if err != nil {
		return err
	}
	st := x.Stats()
	fmt.Fprintf(r.out, "  %-34s %10v  %8.2f million bytes a second\n", "save", took.Round(time.Microsecond),
		float64(info.Size())/took.Seconds()/1e6)
	fmt.Fprintf(r.out, "  %d records; in memory %.1f bytes each, in the file %.1f\n", st.Records,
		float64(st.Memory.Total())/float64(st.Records), float64(info.Size())/float64(st.Records))
	return nil
}

// asked is how many numbers are looked up.
const asked = workload.Unlisted

// ask opens the register and asks it numbers, whole and partial.
func (r *run) ask() error {
	x, err := r.open(index.Options{})
	if err != nil {
		return err
	}
	v := x.View()
	world := r.world()
	keys, rows := make([]index.Key, asked), make([]index.Row, asked)
	for _, side := range []struct {
		name   string
		at     func(i int) int // of the world
		listed bool
	}{
		{"look up what is not listed", func(i int) int { return r.n + i }, false},
		{"look up what is listed", func(i int) int { return i % r.n }, true},
	} {
		for i := range keys {
			keys[i] = index.VIN(world.VIN(side.at(i)))
		}
		hits := 0
		_ = r.timed(side.name, asked, "keys", func() error {
			hits = v.LookupBatch(rows, keys)
			return nil
		})
		if side.listed && hits != asked || !side.listed && hits != 0 {
			return fmt.Errorf("%s: %d hits of %d", side.name, hits, asked)
		}
	}
	const searches = 1000
	err = r.timed("search for the last six", searches, "searches", func() error {
		for i := range searches {
			number := world.VIN(i % r.n).String()
			p, err := vin.ParsePattern("*" + number[vin.Len-6:])
			if err != nil {
				return err
			}
			res, err := v.Search(r.ctx, p, nil, 0)
			if err == nil && len(res.Rows) == 0 {
				err = fmt.Errorf("vehicle %d is not found by its last six", i)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.timed("count motorcycles stolen in France", int64(r.n), "records", func() error {
		f := index.Owner("FR").And(index.OfType(index.Motorcycle)).And(index.HasStatus(index.Stolen))
		if v.Count(f) == 0 && r.n > 10_000 {
			return fmt.Errorf("none of %d records is of a stolen motorcycle in France", r.n)
		}
		return nil
	})
}

func (r *run) open(o index.Options) (x *index.Index, err error) {
	info, err := os.Stat(r.path)
	if err != nil {
		return nil, err
	}
	err = r.timed("open, all of it verified", info.Size(), "bytes", func() error {
		x, err = index.Open(r.path, o)
		return err
	})
	return x, err
}

// compact changes one record in a hundred, and compacts.
func (r *run) compact() error {
	changes := r.n/100 + 1
	x, err := r.open(index.Options{CompactAfter: changes + 1})
	if err != nil {
		return err
	}
	world := r.world()
	err = r.timed("apply", int64(changes), "changes", func() error {
		const block = 1000
		var batch []index.Change
		for i := 0; i < changes; i += block {
			batch = batch[:0]
			for j := i; j < min(i+block, changes); j++ {
				c := index.Change{Op: index.Put, Record: world.Record(j * 97 % r.n)}
				c.Record.Version += 100
				c.By = c.Record.Owner
				if j%3 == 0 {
					c.Op = index.Withdraw
				}
				batch = append(batch, c)
			}
			if _, err := x.Apply(index.Position{Seq: uint64(i)}, batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = r.timed("compact", int64(r.n), "records", func() error { return x.Compact(r.ctx) })
	if err != nil {
		return err
	}
	if st := x.Stats(); st.Changes != 0 || st.Records >= r.n {
		return fmt.Errorf("%d records with %d changes after compaction", st.Records, st.Changes)
	}
	return nil
}
