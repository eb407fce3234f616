package sheet

import (
	"io"
	"slices"
)

// MaxRow is the longest row that is read.
const MaxRow = maxRow

// A Row is a row of a sheet without a header, for tests.
type Row struct {
	Line  int
	Cells []string
	Bad   string
	Raw   string
}

// ReadRows splits text into rows. With a width, rows are checked against it.
func ReadRows(src io.Reader, width int) ([]Row, error) {
	r := newRows(src)
	r.width = width
	var all []Row
	for {
		w, err := r.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		row := Row{Line: w.line, Cells: slices.Clone(w.cells), Raw: w.raw}
		if w.bad != nil {
			row.Bad = w.bad.Error()
		}
		all = append(all, row)
	}
}

// EachRow reads rows and keeps none.
func EachRow(src io.Reader) {
	r := newRows(src)
	for {
		if _, err := r.next(); err != nil {
			return
		}
	}
}
