package sheet

import (
	"io"
	"iter"
)

// Numbers is an opened list of numbers of any kind. It is read once, by one
// goroutine. Its columns are kind, country and text.
type Numbers struct{ sheet }

// OpenNumbers reads the header of a list of numbers.
func OpenNumbers(r io.Reader) (*Numbers, error) {
	s, err := open(r, numberLayout)
	if err != nil {
		return nil, err
	}
	return &Numbers{*s}, nil
}

// A Number is one row of a list of numbers, as written.
type Number struct {
	Line          int    // physical line where the row starts, the header being 1
	Kind, Country string // without the blanks around them
	Text          string // of a row that cannot be read: its first line, shortened
	Bad           error  // why the row cannot be read
}

// All yields every row that is not blank, in order, also those that cannot be
// read. The error is that of the source, and ends the list.
func (n *Numbers) All() iter.Seq2[Number, error] {
	return func(yield func(Number, error) bool) {
		for {
			w, err := n.next()
			if err == io.EOF {
				return
			}
			num := Number{Line: w.line, Bad: w.bad, Text: w.raw}
			if err == nil && w.bad == nil {
				num.Kind, num.Country, num.Text = n.word(colKind), n.word(colCountry), n.cell(colText)
			}
			if !yield(num, err) || err != nil {
				return
			}
		}
	}
}
