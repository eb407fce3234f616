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
	"runtime/pprof"
	"runtime/trace"
	"strings"

	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/workload"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, fullPlan, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// command is the program.
func command(ctx context.Context, p plan, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	size := report.Number(1_000_000)
	flags.Var(&size, "size", "`records` in the largest register: 1M, 7M, 20M, 100M or any number")
	seed := flags.Uint64("seed", 1, "seed of vehicles and queries")
	asJSON := flags.Bool("json", false, "print JSON instead of tables")
	out := flags.String("out", filepath.Join("bench", "out"), "`directory` for report.html, report.md and report.json")
	compare := flags.String("compare", "", "print what changed since the run of this JSON `file`")
	readme := flags.String("readme", "", "write the numbers into this `file`, between its lines <!-- numbers --> and <!-- /numbers -->")
	cpuProfile := flags.String("cpuprofile", "", "write a profile of the processors to this `file`")
	traceFile := flags.String("trace", "", "write an execution trace to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if size > workload.MaxListed {
		return fmt.Errorf("--size: want at most %s", report.Short(workload.MaxListed))
	}
	var old *report.Report
	if *compare != "" { // before the minutes of the run
		if old, err = report.Read(*compare); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(*out, 0o777); err != nil {
		return err
	}
	for _, recorder := range []struct {
		path  string
		start func(io.Writer) error
		stop  func()
	}{
		{*cpuProfile, pprof.StartCPUProfile, pprof.StopCPUProfile},
		{*traceFile, trace.Start, trace.Stop},
	} {
		if recorder.path == "" {
			continue
		}
		f, err := os.Create(recorder.path)
		if err != nil {
			return err
		}
		if err := recorder.start(f); err != nil {
			return err
		}
		defer func() {
			recorder.stop()
			f.Close()
		}()
	}
	rep, err := do(ctx, p, int(size), *seed, *out, stderr)
	if err != nil {
		return err
	}
	doc := document(rep)
	if err := write(doc, *out); err != nil {
		return err
	}
	if *readme != "" {
		if err := writeREADME(doc, *readme); err != nil {
			return err
		}
	}
	if *asJSON {
		b, err := rep.JSON()
		if err != nil {
			return err
		}
		if _, err := stdout.Write(b); err != nil {
			return err
		}
	} else if err := doc.WriteText(stdout); err != nil {
		return err
	}
	if old != nil {
		c := report.Compare(old, rep)
		where := stdout
		if *asJSON {
			where = stderr
		}
		fmt.Fprintln(where)
		if err := c.Write(where); err != nil {
			return err
		}
	}
	fmt.Fprintf(stderr, "%.0f seconds; the report is %s\n", rep.Seconds, filepath.Join(*out, "report.html"))
	return nil
}

// document is a report as people read it.
func document(rep *report.Report) *report.Document {
	d := &report.Document{Report: rep, Summary: summary, Method: method}
	for _, s := range sections {
		rs := report.Section{Name: s.name, Title: s.title, Text: s.text}
		for _, plot := range s.plots {
			if p, ok := plot(rep); ok {
				rs.Plots = append(rs.Plots, p)
			}
		}
		for _, table := range s.tables {
			if t, ok := table(rep); ok {
				rs.Tables = append(rs.Tables, t)
			}
		}
		d.Sections = append(d.Sections, rs)
	}
	return d
}

// write writes the report in all its forms.
func write(d *report.Document, dir string) error {
	b, err := d.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), b, 0o666); err != nil {
		return err
	}
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{{"report.md", d.WriteMarkdown}, {"report.html", d.WriteHTML}} {
		var b strings.Builder
		if err := form.write(&b); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, form.name), []byte(b.String()), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// writeREADME replaces the numbers in a README.
func writeREADME(d *report.Document, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	replaced, err := report.Replace(string(text), "numbers", d.README())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(replaced), 0o666)
}
