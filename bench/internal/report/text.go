package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText prints the figures of the largest register as tables for a terminal.
func (d *Document) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s\n\n", d.Title, d.headline())
	for _, line := range d.Verdict() {
		fmt.Fprintln(w, line)
	}
	for _, s := range d.Sections {
		t := d.figures(s.Name)
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", strings.ToUpper(s.Title))
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(tw, "%s\t\n", strings.Join(t.Head, "\t"))
		for _, r := range t.Rows {
			fmt.Fprintf(tw, "%s\t\n", oneLine.Replace(strings.Join(r.Cells, "\t")))
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", d.noise())
	return err
}

// WriteMarkdown writes the whole report but for its plots.
func (d *Document) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "# %s\n\n%s\n\n", d.Title, d.headline())
	for _, line := range d.Verdict() {
		fmt.Fprintf(w, "- %s\n", line)
	}
	fmt.Fprintln(w)
	d.summary().markdown(w)
	for _, s := range d.Sections {
		t := d.figures(s.Name)
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n## %s\n\n%s\n\n", s.Title, s.Text)
		t.markdown(w)
		for _, t := range d.more(&s) {
			fmt.Fprintf(w, "\n### %s\n\n", t.Title)
			t.markdown(w)
		}
	}
	fmt.Fprintf(w, "\n## How we measure\n\n%s\n\n%s\n\n## The machine\n\n%s.", strings.Join(d.Method, "\n\n"), d.noise(), d.Machine)
	for _, x := range d.Machine.details() {
		fmt.Fprintf(w, " %s: %s.", capital(x[0]), x[1])
	}
	_, err := fmt.Fprintf(w, " The run took %.0f seconds. Seed %d.\n", d.Seconds, d.Seed)
	return err
}

// README returns the numbers for the README: the summary with date and machine.
func (d *Document) README() string {
	var b strings.Builder
	d.summary().markdown(&b)
	fmt.Fprintf(&b, "\n%s Written by `go run ./bench --size %s --readme README.md`; a ratio is how many times as good, within one run.\n", d.headline(), Short(d.Records))
	return b.String()
}

func (t table) markdown(w io.Writer) {
	write := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(w, "| %s ", oneLine.Replace(strings.ReplaceAll(c, "|", `\|`)))
		}
		fmt.Fprintln(w, "|")
	}
	write(t.Head)
	fmt.Fprintf(w, "|---|%s\n", strings.Repeat("--:|", len(t.Head)-1))
	for _, r := range t.Rows {
		write(r.Cells)
	}
}

// oneLine writes what has several lines in HTML in one.
var oneLine = strings.NewReplacer("\n", " ")

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Replace returns text with what stands between the lines begin and end of a
// name replaced: <!-- name --> and <!-- /name -->.
func Replace(text, name, with string) (string, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return head + begin + with + end + tail, nil
}
