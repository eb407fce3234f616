// Command soak runs the proof suite: fuzzing, histories against a model, relations,
// corruption, forgeries, kills, faults and the rest, at figures for which an
// ordinary run of the tests has no time.
//
//	go run ./bench/soak --for 2h
//
// Every execution of a parser is watched for a panic and for memory beyond its bound;
// one of 4 to 64, as the test of the parser says, is also held to the rest of what is
// promised of it, such as agreement with a slow twin.
//
// It runs at the root of the module. The tests of the library do the work, in
// slices of some twenty seconds, each from a seed of its own; the row that had the
// least time is next. What a slice tried and found goes to a log in the directory as
// it ends, so that the program may be stopped at any time and goes on from there.
// What was found stands in files beside the log, with the command that finds it
// again. At the end, or with --table at any time, it prints what was asked, what was
// done and what was found. The exit status is 1 if anything was.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	var (
		dir   = flag.String("dir", filepath.Join("bench", "out", "soak"), "where the log is, the programs, and what was found")
		limit = flag.Duration("for", time.Hour, "how long to run")
		slice = flag.Duration("slice", 20*time.Second, "how long a slice takes, about")
		only  = flag.String("rows", "", "the rows to run, such as 1,4,6; default: all")
		table = flag.Bool("table", false, "print the table of what was done so far, and run nothing")
		list  = flag.Bool("list", false, "print the rows and their parts, and run nothing")
	)
	flag.Parse()
	found, err := func() (int, error) {
		if flag.NArg() > 0 {
			return 0, fmt.Errorf("%q is no flag", flag.Arg(0))
		}
		wanted, err := parseRows(*only)
		if err != nil {
			return 0, err
		}
		parts := partsOf(wanted)
		if *list {
			for _, p := range parts {
				fmt.Printf("%2d  %-34s %12s  %s\n", p.row, p.name, grouped(p.asked), p)
			}
			return 0, nil
		}
		if *table {
			return printTable(os.Stdout, *dir, parts)
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		ctx, cancel := context.WithTimeout(ctx, *limit)
		defer cancel()
		if err := run(ctx, *dir, parts, *slice); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			return 0, err
		}
		return printTable(os.Stdout, *dir, parts)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	if found > 0 {
		os.Exit(1)
	}
}

func parseRows(s string) (rows map[int]bool, err error) {
	if s == "" {
		return nil, nil
	}
	rows = map[int]bool{}
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 || n > len(rowNames) {
			return nil, fmt.Errorf("%q is no row: they are 1 to %d", field, len(rowNames))
		}
		rows[n] = true
	}
	return rows, nil
}
