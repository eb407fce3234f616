package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// printTable prints what was done, and returns how many slices found
// something that they still find.
func printTable(w io.Writer, dir string, parts []part) (found int, err error) {
	log, err := readLog(dir)
	if err != nil {
		return 0, err
	}
	all := progressOf(log)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\twhat\tasked\tdone\t%\tfound\tmended\ttime\t")
	row, total := 0, 0.0
	var (
		sums [2]int64
		open []entry
	)
	for _, p := range parts {
		if p.row != row {
			row = p.row
			fmt.Fprintf(t, "%d\t%s\t\t\t\t\t\t\t\n", row, rowNames[row-1])
		}
		g := all[p.key()]
		if g == nil {
			g = &progress{}
		}
		asked, done := grouped(p.asked), grouped(g.done)
		switch {
		case p.once:
			asked = "all"
		case p.how == cover: // the last time counts
			asked, done = asked+" %", grouped(g.lastDone)+" %"
		}
		switch {
		case g.skipped != "":
			done = "not run: " + g.skipped
		case g.slices == 0:
			done = "not run"
		}
		share := strconv.FormatFloat(p.percentOf(g), 'f', 1, 64)
		fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%d\t%d\t%v\t\n", p.name, asked, done, share, g.found, g.mended, duration(g.seconds))
		found += len(g.open)
		open = append(open, g.open...)
		sums[0] += g.found
		sums[1] += g.mended
		total += g.seconds
	}
	fmt.Fprintf(t, "\tall\t\t\t\t%d\t%d\t%v\t\n", sums[0], sums[1], duration(total))
	if err := t.Flush(); err != nil {
		return found, err
	}
	var revisions []string
	spent := map[string]float64{}
	for _, e := range log {
		if spent[e.Of] == 0 && e.Of != "" {
			revisions = append(revisions, e.Of)
		}
		spent[e.Of] += e.Seconds
	}
	for _, r := range revisions {
		fmt.Fprintf(w, "of revision %s: %v\n", r, duration(spent[r]))
	}
	for _, e := range open {
		fmt.Fprintf(w, "found: row %d, %s, seed %d: %s\n", e.Row, e.Name, e.Seed, e.Found)
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
