package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/internal/sheet"
)

func TestRows(t *testing.T) {
	type rows = []sheet.Row
	good := func(line int, cells ...string) sheet.Row { return sheet.Row{Line: line, Cells: cells} }
	const (
		open  = "a quote is opened and never closed"
		after = "text after a closing quote"
	)
	tests := []struct {
		name, in string
		width    int
		want     rows
	}{
		{"nothing", "", 0, nil},
		{"one cell, no line break", "a", 0, rows{good(1, "a")}},
		{"empty cells at both ends", ",b,\n", 0, rows{good(1, "", "b", "")}},
		{"Windows line breaks", "a,b\r\nc,d\r\n", 0, rows{good(1, "a", "b"), good(2, "c", "d")}},
		{"carriage return before the end", "a\r", 0, rows{good(1, "a")}},
		{"blank lines are no rows but count", "a\n\n\r\n\nb\n\r", 0, rows{good(1, "a"), good(5, "b")}},
		{"blanks are a row", " \n", 0, rows{good(1, " ")}},
		{"quoted nothing is a row", "\"\"\n\"\"", 0, rows{good(1, ""), good(2, "")}},
		{"quoted comma and quote", `"a,""b""",c`, 0, rows{good(1, `a,"b"`, "c")}},
		{"quoted line breaks keep their bytes", "\"a\r\nb\n\",c\nd\n", 0, rows{good(1, "a\r\nb\n", "c"), good(4, "d")}},
		{"quoted cell, then Windows line break", "\"a\"\r\nb", 0, rows{good(1, "a"), good(2, "b")}},
		{"trailing comma after quotes", "\"a\",", 0, rows{good(1, "a", "")}},
		{"quote inside a plain cell", "5\" rim,x\ny", 0, rows{good(1, `5" rim`, "x"), good(2, "y")}},
		{"not UTF-8", "\xff,\xe4\n", 0, rows{good(1, "\xff", "\xe4")}},
		{
			"open quote at the end costs its line only", "a,b\n1,\"x\n2,y\n3,z\n", 2,
			rows{good(1, "a", "b"), {Line: 2, Bad: open, Raw: `1,"x`}, good(3, "2", "y"), good(4, "3", "z")},
		},
		{
			"open quote meets the next", "1,\"x\r\n2,\"y\"\r\n", 2,
			rows{{Line: 1, Bad: after, Raw: `1,"x`}, good(2, "2", "y")},
		},
		{
			"open quote meets the next, which then ends a cell", "1,\"x\n2,y,\"\n3,z\n", 3,
			rows{{Line: 1, Bad: open, Raw: `1,"x`}, {Line: 2, Bad: open, Raw: `2,y,"`}, good(3, "3", "z")},
		},
		{
			"text after a quote", "\"a\"b,c\nd,e\n", 2,
			rows{{Line: 1, Bad: after, Raw: `"a"b,c`}, good(2, "d", "e")},
		},
		{
			"carriage return after a quote", "\"a\"\rb\nc", 0,
			rows{{Line: 1, Bad: after, Raw: "\"a\"\rb"}, good(2, "c")},
		},
		{
			"a comma too many", "1,2,3\n1,2, ,\n1\n", 2,
			rows{{Line: 1, Bad: "3 cells in the row, 2 in the header", Raw: "1,2,3"}, good(2, "1", "2", " ", ""), good(3, "1")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := sheet.ReadRows(strings.NewReader(tt.in), tt.width)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("rows of %q (-want +got):\n%s", tt.in, d)
			}
			slow, err := sheet.ReadRows(iotest.OneByteReader(strings.NewReader(tt.in)), tt.width)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, slow); d != "" {
				t.Errorf("byte by byte (-whole +slow):\n%s", d)
			}
		})
	}
}

// A row that is too long costs itself and no more, in bounded memory.
func TestRowsTooLong(t *testing.T) {
	long := strings.Repeat("x", 5*sheet.MaxRow)
	lines := strings.Repeat("x\n", sheet.MaxRow)
	tests := []struct {
		name, in string
		want     []string // reason or first cell by row
	}{
		{"plain", "a\n" + long + "\nb\n", []string{"a", "the row is longer than 1048576 bytes", "b"}},
		{"quoted", "a\n\"" + long + "\"\nb\n", []string{"a", "the row is longer than 1048576 bytes", "b"}},
		{"last", "a\n" + long, []string{"a", "the row is longer than 1048576 bytes"}},
		{"quote open over many lines", "a\n\"1\n" + lines[:2*10], []string{"a", "a quote is opened and never closed", "x"}},
		{"quote open over more lines than fit", "a\n\"1\n" + lines, []string{"a", "a quote is opened and never closed", "x"}},
		{"longest that fits", strings.Repeat("y", sheet.MaxRow-1) + "\n", []string{strings.Repeat("y", sheet.MaxRow-1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := sheet.ReadRows(strings.NewReader(tt.in), 1)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows[:min(len(rows), 3)] {
				if r.Bad != "" {
					got = append(got, r.Bad)
				} else {
					got = append(got, r.Cells[0])
				}
				if len(r.Raw) > 1<<10 {
					t.Errorf("line %d keeps %d bytes of a bad row", r.Line, len(r.Raw))
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%.500s", d)
			}
		})
	}
}

// endless is a source without end and without line breaks.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read >= 64*sheet.MaxRow {
		return 0, io.ErrUnexpectedEOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestRowsMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := sheet.ReadRows(&endless{}, 0)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the source's error", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 4*sheet.MaxRow {
		t.Errorf("64 MiB without a line break take %d bytes", n)
	}
}

// FuzzRows compares the reader with encoding/csv where that one reads without
// complaint, and else asks that it accounts for every line with text.
func FuzzRows(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "\"a\nb\",\"c\"\"d\"\r\n", "1,\"x\n2,y\n", "\"a\"b\n", "\n\n,\n", "5\" rim\n", "\"\r\n\"\r",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(checkRows)
}

func checkRows(t *testing.T, b []byte) {
	rows, err := sheet.ReadRows(iotest.HalfReader(bytes.NewReader(b)), 0)
	if err != nil {
		t.Fatal(err)
	}
	line := 0
	for _, r := range rows {
		if r.Line <= line {
			t.Fatalf("%q: line %d after line %d", b, r.Line, line)
		}
		if (r.Bad == "") != (len(r.Cells) > 0) {
			t.Fatalf("%q: line %d is neither good nor bad", b, r.Line)
		}
		line = r.Line
	}
	if n := bytes.Count(b, []byte{'\n'}) + 1; line > n {
		t.Fatalf("%q: line %d of %d", b, line, n)
	}

	if bytes.IndexByte(b, '\r') >= 0 {
		return // encoding/csv rewrites line breaks
	}
	var want []sheet.Row
	cr := csv.NewReader(bytes.NewReader(b))
	cr.FieldsPerRecord = -1
	for {
		cells, err := cr.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return
		}
		line, _ := cr.FieldPos(0)
		want = append(want, sheet.Row{Line: line, Cells: cells})
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("%q (-encoding/csv +rows):\n%s", b, d)
	}
}
