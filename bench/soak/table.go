package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// printTable prints what was done, and returns how many slices found something.
func printTable(w io.Writer, dir string, parts []part) (found int, err error) {
	log, err := readLog(dir)
	if err != nil {
		return 0, err
	}
	all := progressOf(log)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\twhat\tasked\tdone\t%\tfound\ttime\t")
	row, total := 0, 0.0
	for _, p := range parts {
		if p.row != row {
			row = p.row
			fmt.Fprintf(t, "%d\t%s\t\t\t\t\t\t\n", row, rowNames[row-1])
		}
		g := all[p.key()]
		if g == nil {
			g = &progress{}
		}
		asked, share := grouped(p.asked), "0"
		switch {
		case p.once:
			asked, share = "all", "0"
			if g.slices > 0 {
				share = "100"
			}
		case p.asked > 0:
			share = strconv.FormatFloat(100*float64(g.done)/float64(p.asked), 'f', 1, 64)
		}
		done := grouped(g.done)
		if g.slices == 0 {
			done = "not run"
		}
		if g.skipped != "" {
			done, share = "not run: "+g.skipped, "0"
		}
		fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%d\t%v\t\n", p.name, asked, done, share, g.found, duration(g.seconds))
		found += int(g.found)
		total += g.seconds
	}
	fmt.Fprintf(t, "\tall\t\t\t\t%d\t%v\t\n", found, duration(total))
	if err := t.Flush(); err != nil {
		return found, err
	}
	for _, e := range log {
		if e.Found != "" {
			fmt.Fprintf(w, "found: row %d, %s, seed %d: %s\n", e.Row, e.Name, e.Seed, e.Found)
		}
	}
	return found, nil
}

func duration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

// grouped writes a number with a comma before every three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
