package column

import (
	"encoding/binary"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// ExchangeUints moves n integers to or from a section. Its item size is their
// width and its number the least of them; the section of integers that are all
// the same is empty. What is read is less than limit; 0 is no limit.
func ExchangeUints(x *snapfile.Exchange, name string, c **Uints, n int, limit uint64) {
	width := 1
	if x.Reading() {
		*c = &Uints{n: n}
		width = x.ItemSize()
	} else if (*c).cells != nil {
		width = (*c).cells.width()
	}
	u := *c
	x.Note(&u.base)
	switch width {
	case 2:
		exchangeCells[uint16](x, name, u)
	case 4:
		exchangeCells[uint32](x, name, u)
	case 8:
		exchangeCells[uint64](x, name, u)
	default:
		exchangeCells[uint8](x, name, u)
	}
	x.Check(func() error { return u.check(x, name, limit) })
}

func exchangeCells[T uint8 | uint16 | uint32 | uint64](x *snapfile.Exchange, name string, u *Uints) {
	s, _ := u.cells.(narrow[T])
	snapfile.Slice(x, name, flat.Uint[T](), (*[]T)(&s))
	if x.Reading() && len(s) > 0 {
		u.cells = s
	}
}

// check checks what was read.
func (c *Uints) check(x *snapfile.Exchange, name string, limit uint64) error {
	if c.cells != nil && c.cells.len() != c.n {
		return x.Damaged(name, "%d values, want %d", c.cells.len(), c.n)
	}
	if limit == 0 || c.n == 0 {
		return nil
	}
	if c.base >= limit {
		return x.Damaged(name, "values from %d on, want less than %d", c.base, limit)
	}
	if c.cells == nil {
		return nil
	}
	return x.Each(c.n, func(first, end int) error {
		if most := c.cells.most(first, end); most >= limit-c.base {
			return x.Damaged(name, "a value of rows %d to %d is not less than %d", first, end-1, limit)
		}
		return nil
	})
}

// ExchangeTexts moves the texts of a dictionary to or from a section: each with
// its length before it as a varint of encoding/binary. Reading has them at once.
func ExchangeTexts(x *snapfile.Exchange, name string, d *Dict[string]) {
	var b []byte
	if !x.Reading() {
		for _, v := range d.values {
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	snapfile.Slice(x, name, flat.Uint[byte](), &b)
	if !x.Reading() {
		return
	}
	*d = TextDict()
	if x.Load(); x.Err() != nil {
		return
	}
	// One string holds all, so that a text costs nothing beside its bytes but
	// its header.
	for all := string(b); len(all) > 0; {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			x.Fail(x.Damaged(name, "text %d reaches behind the end", d.Len()))
			return
		}
		end := size + int(n)
		if !d.add(all[size:end]) {
			x.Fail(x.Damaged(name, "text %d stands there before", d.Len()))
			return
		}
		b, all = b[end:], all[end:]
	}
}

// ExchangeNumbers moves the values of a dictionary to or from a section of
// 32-bit items. Reading has them at once.
func ExchangeNumbers[T int32 | uint32](x *snapfile.Exchange, name string, d *Dict[T]) {
	words := make([]uint32, len(d.values))
	for i, v := range d.values {
		words[i] = uint32(v)
	}
	snapfile.Slice(x, name, flat.Uint[uint32](), &words)
	if !x.Reading() {
		return
	}
	*d = NumberDict[T]()
	if x.Load(); x.Err() != nil {
		return
	}
	for _, w := range words {
		if !d.add(T(w)) {
			x.Fail(x.Damaged(name, "number %d stands there before", d.Len()))
			return
		}
	}
}

// add adds a new value as it is; false if it is not new.
func (d *Dict[T]) add(v T) bool {
	if _, ok := d.codes[v]; ok {
		return false
	}
	if d.codes == nil {
		d.codes = make(map[T]uint32)
	}
	d.codes[v] = uint32(len(d.values))
	d.values = append(d.values, v)
	return true
}

// ExchangeBlobs moves n byte strings to or from two sections: their lengths, and
// the strings themselves.
func ExchangeBlobs(x *snapfile.Exchange, lens, name string, b **Blobs, n int) {
	if x.Reading() {
		*b = &Blobs{}
	}
	c := *b
	snapfile.Slice(x, lens, flat.Uint[uint16](), &c.lens)
	snapfile.Slice(x, name, flat.Uint[byte](), &c.data)
	x.Check(func() error {
		if len(c.lens) != n {
			return x.Damaged(lens, "%d lengths, want %d", len(c.lens), n)
		}
		if total := c.makeStarts(); total != uint64(len(c.data)) {
			return x.Damaged(name, "%d bytes, the lengths want %d", len(c.data), total)
		}
		return nil
	})
}
