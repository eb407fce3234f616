package rowset_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/rowset"
)

// A plain set says of each row whether it is in the set.
type plain []bool

func (p plain) bits() *rowset.Bits {
	d := new(rowset.Bits)
	for row, has := range p {
		if has {
			d[row/64] |= 1 << (row % 64)
		}
	}
	return d
}

func (p plain) count() (n int) {
	for _, has := range p {
		if has {
			n++
		}
	}
	return n
}

// patterns are the rows of a block in every form that a container has, and their
// borders.
func patterns(rng *rand.Rand) map[string]plain {
	some := func(n int) plain {
		p := make(plain, rowset.BlockRows)
		for _, row := range rng.Perm(rowset.BlockRows)[:n] {
			p[row] = true
		}
		return p
	}
	span := func(runs ...[2]int) plain {
		p := make(plain, rowset.BlockRows)
		for _, r := range runs {
			for row := r[0]; row <= r[1]; row++ {
				p[row] = true
			}
		}
		return p
	}
	return map[string]plain{
		"nothing":            some(0),
		"the first":          span([2]int{0, 0}),
		"the last":           span([2]int{65535, 65535}),
		"a few":              some(10),
		"the longest list":   some(4096),
		"the shortest words": some(4097),
		"half":               some(1 << 15),
		"all":                span([2]int{0, 65535}),
		"all but the last":   span([2]int{0, 65534}),
		"runs":               span([2]int{1, 62}, [2]int{64, 127}, [2]int{130, 190}, [2]int{1000, 3000}, [2]int{65000, 65535}),
	}
}

func TestContainers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := patterns(rng)
	containers := map[string]rowset.Container{}
	for name, p := range all {
		// The block stands between others, of two values.
		codes := column.MakeUints(4*rowset.BlockRows, 0, 2)
		for row, has := range p {
			codes.Set(2*rowset.BlockRows+row, uint64(btoi(has)))
		}
		codes.Set(3, 1)
		codes.Set(3*rowset.BlockRows, 1)
		sets := rowset.MakeSets(3, codes, nil)
		if got := sets.Set(1).Count(); got != p.count()+2 {
			t.Errorf("%s: %d rows, want %d", name, got, p.count()+2)
		}
		if len(sets.Set(2)) != 0 || len(sets.Set(3)) != 0 || sets.Len() != 3 {
			t.Errorf("%s: a value of no row has a bitmap", name)
		}
		r := sets.Set(1).Reader()
		c := r.Block(2)
		containers[name] = c
		if c.IsEmpty() != (p.count() == 0) {
			t.Errorf("%s: empty is %t", name, c.IsEmpty())
		}
		for other, q := range all {
			var got, scratch rowset.Bits
			got.Fill(100)
			c.CopyTo(&got)
			check(t, name+" copied", &got, func(row int) bool { return p[row] })

			got = *q.bits()
			c.And(&got, &scratch)
			check(t, name+" and "+other, &got, func(row int) bool { return p[row] && q[row] })
			if n := c.AndCount(q.bits(), &scratch); n != got.Count() {
				t.Errorf("%s and %s: counts %d, want %d", name, other, n, got.Count())
			}
			got = *q.bits()
			c.Or(&got)
			check(t, name+" or "+other, &got, func(row int) bool { return p[row] || q[row] })
			got = *q.bits()
			c.AndNot(&got, &scratch)
			check(t, other+" and not "+name, &got, func(row int) bool { return q[row] && !p[row] })
		}
		next := r.Block(3)
		var got rowset.Bits
		next.CopyTo(&got)
		check(t, "the block after "+name, &got, func(row int) bool { return row == 0 })
		if c := r.Block(4); !c.IsEmpty() {
			t.Errorf("%s: there is a block behind the last", name)
		}
	}
	joined := 0
	for a, p := range all {
		for b, q := range all {
			shared := func(row int) bool { return p[row] && q[row] }
			var got rowset.Bits
			if containers[a].Intersect(containers[b], &got) {
				check(t, a+" and "+b, &got, shared)
				joined++
			}
			for c, r := range all {
				n, ok := containers[a].CountShared(containers[b], containers[c])
				if !ok {
					continue
				}
				want := 0
				for row := range rowset.BlockRows {
					want += btoi(shared(row) && r[row])
				}
				if n != want {
					t.Errorf("%s, %s and %s share %d rows, want %d", a, b, c, n, want)
				}
				joined++
			}
		}
	}
	if joined < 10 {
		t.Errorf("only %d were joined in words", joined)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func check(t *testing.T, what string, got *rowset.Bits, want func(row int) bool) {
	t.Helper()
	n := 0
	for row := range rowset.BlockRows {
		if has := got[row/64]>>(row%64)&1 != 0; has != want(row) {
			t.Fatalf("%s: row %d is %t", what, row, has)
		} else if has {
			n++
		}
	}
	if got.Count() != n {
		t.Errorf("%s: counts %d rows, want %d", what, got.Count(), n)
	}
}

func TestFillAndRows(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 4096, 65535, 65536} {
		var d rowset.Bits
		d.Fill(rowset.BlockRows)
		d.Fill(n)
		check(t, "filled", &d, func(row int) bool { return row < n })
		rows := d.AppendRows([]uint16{7})
		if len(rows) != n+1 || rows[0] != 7 {
			t.Fatalf("%d rows, want 7 and %d", len(rows), n)
		}
		for i, row := range rows[1:] {
			if int(row) != i {
				t.Errorf("row %d is %d", i, row)
			}
		}
	}
}

// Sets of several values a row, over several blocks, each read at random places,
// and the same after they were taken apart.
func TestSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const rows, values = 5*rowset.BlockRows - 77, 12
	valuesOf := [][]uint32{{}, {0}, {1, 2}, {11}, {5, 6, 7, 8, 9}}
	codes := column.MakeUints(rows, 0, uint64(len(valuesOf)-1))
	for row := range rows {
		code := 0
		switch block := row / rowset.BlockRows; {
		case block == 1: // runs
			code = row / 10_000 % 2
		case block == 3: // seldom
			code = max(0, 4-rng.IntN(1000))
		case block != 2:
			code = rng.IntN(len(valuesOf))
		}
		codes.Set(row, uint64(code))
	}
	made := rowset.MakeSets(values, codes, valuesOf)
	data, lens := made.Parts()
	read := rowset.FromParts(slices.Clone(data), slices.Clone(lens))
	if made.Len() != values || read.Bytes() != made.Bytes() {
		t.Errorf("%d values, %d bytes, %d after reading", made.Len(), made.Bytes(), read.Bytes())
	}
	for value := range values {
		if !rowset.Valid(read.Set(value), rows) {
			t.Errorf("the rows of value %d are not valid", value)
		}
		r := read.Set(value).Reader()
		total := 0
		for block := range 5 {
			var got rowset.Bits
			if value%2 == 0 && block%2 == 0 { // passed over
				continue
			}
			c := r.Block(block)
			c.CopyTo(&got)
			check(t, "a value", &got, func(row int) bool {
				row += block * rowset.BlockRows
				return row < rows && slices.Contains(valuesOf[codes.At(row)], uint32(value))
			})
			total += got.Count()
		}
		if value%2 != 0 && read.Set(value).Count() != total {
			t.Errorf("value %d has %d rows, counted %d", value, read.Set(value).Count(), total)
		}
	}
}

// What the library writes is read as it reads it itself.
func TestReadsRoaring(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		b := roaring.New()
		for range rng.IntN(6) {
			first := rng.Uint64N(10 * rowset.BlockRows)
			switch rng.IntN(3) {
			case 0:
				b.AddRange(first, first+rng.Uint64N(2*rowset.BlockRows))
			case 1:
				for range rng.IntN(10_000) {
					b.Add(uint32(first) + rng.Uint32N(rowset.BlockRows))
				}
			default:
				b.Add(uint32(first))
			}
		}
		if rng.IntN(2) == 0 {
			b.RunOptimize()
		}
		bytes, err := b.ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		s := rowset.Set(bytes)
		if s.Count() != int(b.GetCardinality()) {
			t.Fatalf("%d rows, want %d", s.Count(), b.GetCardinality())
		}
		r := s.Reader()
		for block := range 13 {
			var got rowset.Bits
			r.Block(block).CopyTo(&got)
			check(t, "a block", &got, func(row int) bool { return b.ContainsInt(block*rowset.BlockRows + row) })
		}
	}
}

func TestValid(t *testing.T) {
	b := roaring.BitmapOf(1, 2, 70_000)
	good, err := b.ToBytes()
	if err != nil {
		t.Fatal(err)
	}
	empty, err := roaring.New().ToBytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		why  string
		b    []byte
		n    int
		want bool
	}{
		{"no rows", nil, 0, true},
		{"a bitmap of no rows", empty, 0, true},
		{"as it was written", good, 70_001, true},
		{"a row too many", good, 70_000, false},
		{"a byte too few", good[:len(good)-1], 70_001, false},
		{"a byte too many", append(slices.Clone(good), 0), 70_001, false},
		{"no bitmap", []byte("no bitmap at all"), 70_001, false},
		{"rows out of order", swapped(good), 70_001, false},
	} {
		if got := rowset.Valid(tc.b, tc.n); got != tc.want {
			t.Errorf("%s: %t", tc.why, got)
		}
		if n := rowset.Set(nil).Count(); n != 0 {
			t.Errorf("a Set without bytes has %d rows", n)
		}
	}
}

// swapped exchanges the two rows of the first container.
func swapped(b []byte) []byte {
	b = slices.Clone(b)
	at := len(b) - 6
	first, second := binary.LittleEndian.Uint16(b[at:]), binary.LittleEndian.Uint16(b[at+2:])
	binary.LittleEndian.PutUint16(b[at:], second)
	binary.LittleEndian.PutUint16(b[at+2:], first)
	return b
}

// Whatever is valid can be read.
func FuzzRead(f *testing.F) {
	for _, b := range []*roaring.Bitmap{
		roaring.New(), roaring.BitmapOf(0), roaring.BitmapOf(1, 70_000, 140_000, 210_000, 280_000),
	} {
		bytes, err := b.ToBytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes)
		b.AddRange(3, 100_000)
		b.RunOptimize()
		if bytes, err = b.ToBytes(); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes)
	}
	f.Fuzz(checkRead)
}

func checkRead(t *testing.T, b []byte) {
	const n = 1 << 20
	if !rowset.Valid(b, n) {
		return
	}
	r, total := rowset.Set(b).Reader(), 0
	for block := range rowset.Blocks(n) {
		var d rowset.Bits
		r.Block(block).CopyTo(&d)
		total += d.Count()
	}
	if count := rowset.Set(b).Count(); count != total {
		t.Errorf("%d rows, counted %d", total, count)
	}
}

func TestSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, tc := range []struct {
		rows, bits int
	}{{0, 3}, {1, 1}, {63, 5}, {64, 0}, {65, 4}, {rowset.BlockRows, 3}, {rowset.BlockRows + 1, 4}, {2*rowset.BlockRows + 100, 20}} {
		numbers := make([]uint32, tc.rows)
		for i := range numbers {
			numbers[i] = rng.Uint32N(1 << tc.bits)
		}
		s := rowset.MakeSlices(tc.rows, tc.bits, 2, func(row int) uint32 { return numbers[row] })
		s = rowset.NewSlices(slices.Clone(s.Words()), tc.rows, tc.bits)
		if s.Bytes() != 8*rowset.WordsOfSlices(tc.rows, tc.bits) {
			t.Errorf("%d bytes", s.Bytes())
		}
		for range 25 {
			lo := rng.Uint32N(1 << tc.bits)
			hi := lo + rng.Uint32N(1<<tc.bits-lo)
			switch rng.IntN(4) {
			case 0:
				hi = lo
			case 1:
				lo = 0
			case 2:
				hi = 1<<tc.bits - 1
			}
			for block := range rowset.Blocks(tc.rows) {
				var got, real rowset.Bits
				var scratch [2]rowset.Bits
				s.Between(&got, block, lo, hi, &scratch)
				real.Fill(min(rowset.BlockRows, tc.rows-block*rowset.BlockRows))
				got.And(&real)
				check(t, "between", &got, func(row int) bool {
					row += block * rowset.BlockRows
					return row < tc.rows && lo <= numbers[row] && numbers[row] <= hi
				})
			}
		}
	}
}
