package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxRow bounds the memory that one row may take.
const maxRow = 1 << 20

// Rows are read by hand and not with encoding/csv, because there a quote that
// is opened and never closed takes the rest of the file with it, and all of it
// into memory. Here it costs one line: the reader goes back to the line after
// the one where the row began. The grammar is that of RFC 4180, and within it
// both readers agree. Beyond it:
//
//   - a quote inside an unquoted field is a plain character, as in 5" rim;
//   - text after a closing quote, a quote that is never closed and a row that
//     fits no maxRow bytes make the row a bad one;
//   - so does a row of several lines whose cells do not match the header, as an
//     open quote has most likely met a later one, and text beyond the last
//     column of the header, as a comma without quotes has most likely moved
//     cells to the right; missing cells at the end are empty ones;
//   - blank lines are no rows, and a cell keeps the bytes it has: line breaks
//     within it are not rewritten, and it need not be UTF-8.
//
// No byte is looked at often: the search for an end that is not there stops at
// the next quote that closes a field, so what two broken rows search does not
// overlap.
type rows struct {
	src   io.Reader
	err   error // what src returned last; io.EOF at its end
	buf   []byte
	pos   int // start of the next row in buf
	line  int // physical line of buf[pos]
	width int // cells of the header; 0 before it is read

	cells []string // of the last row, reused
	text  []byte   // unquoted text of the last row, reused
	ends  []int    // where each cell ends in text, reused
}

// A row is one row of a sheet. It is valid until the next call of next.
type row struct {
	line  int      // physical line where it starts, from 1
	cells []string // nil if the row is bad
	bad   error    // why the row cannot be read
	raw   string   // of a bad row: the line that is lost, shortened
}

var (
	errOpenQuote  = errors.New("a quote is opened and never closed")
	errAfterQuote = errors.New("text after a closing quote")
	errLongRow    = fmt.Errorf("the row is longer than %d bytes", maxRow)
)

func newRows(src io.Reader) *rows {
	return &rows{src: src, buf: make([]byte, 0, 32<<10), line: 1}
}

// A state is where the search for the end of a row stands.
type state uint8

const (
	fieldStart state = iota
	plain            // in an unquoted field
	quoted           // between quotes
	quote            // after a quote that closes the field or doubles
	quoteCR          // after that and a carriage return
)

// next reads one row. The error is that of the source, io.EOF at its end; a
// row that cannot be read is not an error.
func (r *rows) next() (row, error) {
	st, n := fieldStart, 0 // state after n bytes of the row
	for {
		if n == len(r.buf)-r.pos { // all seen: more, or the end
			if n >= maxRow {
				bad := errLongRow
				if st == quoted && bytes.IndexByte(r.buf[r.pos:], '\n') >= 0 {
					bad = errOpenQuote
				}
				return r.skipLine(bad)
			}
			if r.fill() {
				continue
			}
			switch {
			case r.err != io.EOF:
				return row{}, r.err
			case st == quoted:
				return r.skipLine(errOpenQuote)
			case len(trimEOL(r.buf[r.pos:])) == 0:
				return row{}, io.EOF
			}
			return r.split(n)
		}

		b := r.buf[r.pos+n:]
		c := b[0]
		n++
		switch st {
		case quoted:
			i := bytes.IndexByte(b, '"')
			if i < 0 {
				n += len(b) - 1
				break
			}
			n += i
			st = quote
		case quote:
			switch c {
			case '"':
				st = quoted
			case ',':
				st = fieldStart
			case '\r':
				st = quoteCR
			case '\n':
				return r.split(n)
			default:
				return r.skipLine(errAfterQuote)
			}
		case quoteCR:
			if c != '\n' {
				return r.skipLine(errAfterQuote)
			}
			return r.split(n)
		default:
			switch {
			case c == ',':
				st = fieldStart
			case c == '\n':
				if len(trimEOL(r.buf[r.pos:r.pos+n])) == 0 {
					r.advance(n)
					st, n = fieldStart, 0
					break
				}
				return r.split(n)
			case c == '"' && st == fieldStart:
				st = quoted
			default:
				st = plain
			}
		}
	}
}

// fill reads more bytes behind the row that starts at pos, and reports whether
// there were any.
func (r *rows) fill() bool {
	if r.pos > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.pos:])]
		r.pos = 0
	}
	if len(r.buf) == cap(r.buf) {
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
	}
	for range 100 {
		if r.err != nil {
			return false
		}
		var n int
		n, r.err = r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if n > 0 {
			return true
		}
	}
	if r.err == nil {
		r.err = io.ErrNoProgress
	}
	return false
}

// advance moves past n bytes.
func (r *rows) advance(n int) {
	r.line += bytes.Count(r.buf[r.pos:r.pos+n], []byte{'\n'})
	r.pos += n
}

// maxRaw bounds the text that is kept of a bad row.
const maxRaw = 1 << 10

// skipLine gives up the line at which the row starts, and no other.
func (r *rows) skipLine(bad error) (row, error) {
	w := row{line: r.line, bad: bad}
	end := bytes.IndexByte(r.buf[r.pos:], '\n')
	for end < 0 && len(r.buf)-r.pos < maxRaw && r.fill() {
		end = bytes.IndexByte(r.buf[r.pos:], '\n')
	}
	raw := r.buf[r.pos:]
	if end >= 0 {
		raw = trimEOL(raw[:end+1])
	}
	w.raw = string(raw[:min(len(raw), maxRaw)])

	for end < 0 {
		r.pos = len(r.buf)
		if !r.fill() {
			return w, nil // the next call returns the source's error
		}
		end = bytes.IndexByte(r.buf[r.pos:], '\n')
	}
	r.advance(end + 1)
	return w, nil
}

// split cuts the row of n bytes into its cells.
func (r *rows) split(n int) (row, error) {
	raw := r.buf[r.pos : r.pos+n]
	b := trimEOL(raw)
	r.text, r.ends = r.text[:0], slices.Grow(r.ends[:0], bytes.Count(b, []byte{','})+1)
	for more := true; more; {
		if len(b) > 0 && b[0] == '"' {
			b = b[1:]
			for {
				i := bytes.IndexByte(b, '"') // next saw that it is there
				r.text = append(r.text, b[:i]...)
				b = b[i+1:]
				if len(b) == 0 || b[0] != '"' {
					break
				}
				r.text = append(r.text, '"')
				b = b[1:]
			}
			more = len(b) > 0
			if more {
				b = b[1:]
			}
		} else {
			var cell []byte
			cell, b, more = bytes.Cut(b, []byte{','})
			r.text = append(r.text, cell...)
		}
		r.ends = append(r.ends, len(r.text))
	}

	if r.width > 0 && len(r.ends) != r.width {
		if bytes.IndexByte(trimEOL(raw), '\n') >= 0 {
			return r.skipLine(errOpenQuote)
		}
		if len(r.ends) > r.width && len(bytes.TrimSpace(r.text[r.ends[r.width-1]:])) > 0 {
			return r.skipLine(fmt.Errorf("%d cells in the row, %d in the header", len(r.ends), r.width))
		}
	}
	w := row{line: r.line}
	r.advance(n)
	r.cells = slices.Grow(r.cells[:0], len(r.ends))
	text, from := string(r.text), 0
	for _, to := range r.ends {
		r.cells = append(r.cells, text[from:to])
		from = to
	}
	w.cells = r.cells
	return w, nil
}

// trimEOL drops the line break at the end of b. A carriage return before the
// end of the file counts as one.
func trimEOL(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}
