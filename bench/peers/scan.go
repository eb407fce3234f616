package main

import (
	"bytes"
	"context"
	"index/suffixarray"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// lineLen is the length of a VIN and the end of its line.
const lineLen = vin.Len + 1

// linesOf returns the VINs as text in the order of their ids, one a line, and
// an end of line before the first.
func linesOf(listed []entry) []byte {
	text := make([]byte, 1+lineLen*len(listed))
	text[0] = '\n'
	for i := range listed {
		b := listed[i].vin.Bytes()
		at := 1 + lineLen*int(listed[i].id)
		copy(text[at:], b[:])
		text[at+vin.Len] = '\n'
	}
	return text
}

// scan goes through everything.
type scan struct {
	words []packed // by id
	lines []byte   // the same as text
}

func (*scan) describe() description {
	return description{
		Name: "plain scan",
		Setup: "No index: packed VINs (16 bytes) compared word by word under a mask, or for one error by the symbols that differ, " +
			"and for a fragment the same VINs as one text (18 bytes each), by bytes.Index.",
	}
}

func (c *scan) build(_ context.Context, listed []entry) error {
	c.words = make([]packed, len(listed))
	for i := range listed {
		c.words[listed[i].id] = pack(listed[i].vin)
	}
	c.lines = linesOf(listed)
	return nil
}

func (c *scan) parts(context.Context) ([]part, error) {
	return []part{{"words", 16 * int64(len(c.words))}, {"text", int64(len(c.lines))}}, nil
}

func (*scan) needs(f form) []string {
	if f == fragment {
		return []string{"text"}
	}
	return []string{"words"}
}

func (c *scan) prepare(q *question) ask {
	switch q.form {
	case oneError:
		p := pack(q.vin)
		return func(dst []index.Row) ([]index.Row, error) {
			for i := range c.words {
				if near(c.words[i], p) {
					dst = append(dst, index.Row(i))
				}
			}
			return dst, nil
		}
	case fragment:
		part := []byte(q.fragment)
		return func(dst []index.Row) ([]index.Row, error) {
			for n, at := 0, 0; n < limit; n++ {
				i := bytes.Index(c.lines[at:], part)
				if i < 0 {
					break
				}
				id := (at + i - 1) / lineLen
				dst = append(dst, index.Row(id))
				at = 1 + lineLen*(id+1)
			}
			return dst, nil
		}
	case lastSix, makerLastFour, twoUnknown, twoOfLastSix:
		m := maskOf(q.places)
		return func(dst []index.Row) ([]index.Row, error) {
			n := len(dst) + limit
			for i := range c.words {
				if m.fits(c.words[i]) {
					if dst = append(dst, index.Row(i)); len(dst) == n {
						break
					}
				}
			}
			return dst, nil
		}
	}
	return nil
}

func (*scan) batch([]vin.VIN) func([]index.Row) error { return nil }

func (c *scan) close() error { *c = scan{}; return nil }

// suffixes is the suffix array of the standard library.
type suffixes struct {
	lines []byte
	array *suffixarray.Index
}

func (*suffixes) describe() description {
	return description{
		Name: "index/suffixarray",
		Setup: "The standard library's suffix array over all VINs as one text. " +
			"Every run of symbols is found by binary search; an end of line pins it to the end of a VIN.",
	}
}

func (c *suffixes) build(_ context.Context, listed []entry) error {
	c.lines = linesOf(listed)
	c.array = suffixarray.New(c.lines)
	return nil
}

func (c *suffixes) prepare(q *question) ask {
	switch q.form {
	case fragment, lastSix:
		part := []byte(q.fragment)
		if q.form == lastSix {
			part = []byte(q.suffix() + "\n")
		}
		return func(dst []index.Row) ([]index.Row, error) {
			from := len(dst)
			// A VIN may hold the run more than once.
			for n := limit; ; n *= 2 {
				found := c.array.Lookup(part, n)
				for _, at := range found {
					dst = append(dst, index.Row((at-1)/lineLen))
				}
				slices.Sort(dst[from:])
				dst = append(dst[:from], slices.Compact(dst[from:])...)
				if len(dst)-from >= limit {
					return dst[:from+limit], nil
				}
				if len(found) < n {
					return dst, nil
				}
				dst = dst[:from]
			}
		}
	case makerLastFour:
		head, tail := []byte("\n"+q.prefix()), []byte(q.suffix()+"\n")
		return func(dst []index.Row) ([]index.Row, error) {
			n := len(dst) + limit
			for _, at := range c.array.Lookup(tail, -1) {
				line := at - (vin.Len - len(tail) + 1) - 1
				if bytes.HasPrefix(c.lines[line:], head) {
					if dst = append(dst, index.Row(line/lineLen)); len(dst) == n {
						break
					}
				}
			}
			return dst, nil
		}
	}
	return nil
}

func (*suffixes) batch([]vin.VIN) func([]index.Row) error { return nil }

func (c *suffixes) close() error { *c = suffixes{}; return nil }
