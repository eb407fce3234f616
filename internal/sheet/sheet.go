package sheet

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A Problem is a row or a cell that could not be read.
type Problem struct {
	Line   int    // physical line where the row starts, the header being 1
	Column string // of the cell, which counts as a missing fact; "": the row
	Reason string // for a person; quotes no number
}

// String returns the problem as one line of text, without its line number.
func (p Problem) String() string {
	if p.Column == "" {
		return p.Reason
	}
	return p.Column + ": " + p.Reason
}

// A column is one of the columns that sheets may have.
type column uint8

const (
	colOwner column = iota
	colID
	colVersion
	colVIN
	colPlate
	colPlateCountry
	colChassis
	colEngine
	colGearbox
	colPart
	colHull
	colDocument
	colDocumentCountry
	colType
	colMake
	colModelYear
	colColour
	colStatus
	colStolen
	colTags
	colCountry
	colSeenAt
	colLat
	colLon
	colPlace
	colKind
	colText
	columns
)

var columnNames = [columns]string{
	"owner", "id", "version", "vin", "plate", "plate_country", "chassis",
	"engine", "gearbox", "part", "hull", "document", "document_country",
	"type", "make", "model_year", "colour", "status", "stolen", "tags",
	"country", "seen_at", "lat", "lon", "place", "kind", "text",
}

// numberColumns are the columns that hold a number, beside vin and plate.
var numberColumns = [...]struct {
	column, country column
	kind            index.Kind
}{
	{colChassis, columns, index.KindChassis},
	{colEngine, columns, index.KindEngine},
	{colGearbox, columns, index.KindGearbox},
	{colPart, columns, index.KindPart},
	{colHull, columns, index.KindHull},
	{colDocument, colDocumentCountry, index.KindDocument},
}

// A layout is what sheets of one sort look like.
type layout struct {
	sort    string
	columns []column
	numbers []column // at least one of them is needed
}

var (
	anyNumber = []column{
		colVIN, colPlate, colChassis, colEngine, colGearbox, colPart, colHull, colDocument,
	}
	registerLayout = layout{
		"register",
		[]column{
			colOwner, colID, colVersion, colVIN, colPlate, colPlateCountry,
			colChassis, colEngine, colGearbox, colPart, colHull, colDocument,
			colDocumentCountry, colType, colMake, colModelYear, colColour,
			colStatus, colStolen, colTags,
		},
		anyNumber,
	}
	observationLayout = layout{
		"sheet of observations",
		[]column{
			colVIN, colPlate, colPlateCountry, colChassis, colEngine, colGearbox,
			colPart, colHull, colDocument, colDocumentCountry, colMake,
			colModelYear, colType, colColour, colCountry, colSeenAt, colLat,
			colLon, colPlace,
		},
		anyNumber,
	}
	numberLayout = layout{
		"list of numbers",
		[]column{colKind, colCountry, colText},
		[]column{colKind, colCountry, colText},
	}
)

// A sheet is an opened sheet: its header has been read.
type sheet struct {
	rows    *rows
	at      [columns]int // where the column stands in a row; -1: nowhere
	unknown []string
	cells   []string // of the current row
	line    int      // of the current row
}

// open reads the header.
func open(src io.Reader, l layout) (*sheet, error) {
	src, err := decode(src)
	if err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	s := &sheet{rows: newRows(src)}
	for i := range s.at {
		s.at[i] = -1
	}
	w, err := s.rows.next()
	switch {
	case err == io.EOF:
		return nil, errors.New("sheet: there is no header, the file is empty")
	case err != nil:
		return nil, fmt.Errorf("sheet: line %d: %w", s.rows.line, err)
	case w.bad != nil:
		return nil, fmt.Errorf("sheet: line %d, header: %w", w.line, w.bad)
	}
	s.rows.width = len(w.cells)

	for i, cell := range w.cells {
		c := l.find(columnName(cell))
		switch {
		case c == columns && strings.TrimSpace(cell) != "":
			s.unknown = append(s.unknown, cell)
		case c == columns:
		case s.at[c] >= 0:
			return nil, fmt.Errorf("sheet: line %d, header: two columns are called %s", w.line, columnNames[c])
		default:
			s.at[c] = i
		}
	}
	for _, c := range l.numbers {
		if s.at[c] >= 0 {
			return s, nil
		}
	}
	var want []string
	for _, c := range l.numbers {
		want = append(want, columnNames[c])
	}
	return nil, fmt.Errorf("sheet: line %d, header: this is no %s: no column between commas is called %s",
		w.line, l.sort, strings.Join(want, ", "))
}

// columnName brings the name of a column to its usual form.
func columnName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return '_'
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(s))
}

// find returns the column of a name, or columns if there is none.
func (l layout) find(name string) column {
	for _, c := range l.columns {
		if columnNames[c] == name {
			return c
		}
	}
	return columns
}

// decode undoes the compression of src and drops its byte order mark.
func decode(src io.Reader) (io.Reader, error) {
	br := bufio.NewReader(src)
	if magic, _ := br.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("compressed file: %w", err)
		}
		br = bufio.NewReader(zr)
	}
	switch mark, _ := br.Peek(3); {
	case bytes.Equal(mark, []byte("\ufeff")):
		_, err := br.Discard(len(mark))
		return br, err
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}), bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		return nil, errors.New("the text is UTF-16, want UTF-8")
	}
	return br, nil
}

// Unknown returns the names of the columns that are ignored.
func (s *sheet) Unknown() []string { return s.unknown }

// next reads the next row, which becomes the current one. The error is io.EOF
// at the end.
func (s *sheet) next() (w row, err error) {
	w, err = s.rows.next()
	if err != nil && err != io.EOF {
		err = fmt.Errorf("sheet: line %d: %w", s.rows.line, err)
	}
	s.cells, s.line = w.cells, w.line
	return w, err
}

// cell returns a cell of the current row, "" where there is none.
func (s *sheet) cell(c column) string {
	if c == columns || s.at[c] < 0 || s.at[c] >= len(s.cells) {
		return ""
	}
	return s.cells[s.at[c]]
}

// word returns a cell without the blanks around it.
func (s *sheet) word(c column) string { return strings.TrimSpace(s.cell(c)) }

// report takes the problems of a row.
type report func(Problem)

func (s *sheet) problem(to report, c column, reason string) {
	p := Problem{Line: s.line, Reason: reason}
	if c != columns {
		p.Column = columnNames[c]
	}
	to(p)
}

// year reads a model year.
func (s *sheet) year(to report) int {
	w := s.word(colModelYear)
	if w == "" {
		return 0
	}
	y, err := strconv.Atoi(w)
	if err != nil || y < 1886 || y > 2100 { // 1886: the first car
		s.problem(to, colModelYear, "not a year")
		return 0
	}
	return y
}

// country reads a country.
func (s *sheet) country(to report, c column) string {
	w := s.word(c)
	if w == "" {
		return ""
	}
	iso, ok := plate.ParseCountry(w)
	if !ok {
		s.problem(to, c, "not a country")
	}
	return iso
}

// time reads a date, or a moment.
func (s *sheet) time(to report, c column) time.Time {
	w := s.word(c)
	if w == "" {
		return time.Time{}
	}
	layout := time.DateOnly
	if len(w) > len(layout) {
		layout = time.RFC3339
	}
	t, err := time.Parse(layout, w)
	if err != nil || t.Year() < 1 {
		s.problem(to, c, "not a date, want YYYY-MM-DD or RFC 3339")
		return time.Time{}
	}
	return t
}
