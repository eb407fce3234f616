package column_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// file is a file in memory, for one goroutine.
type file struct{ b []byte }

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	if grow := int(at) + len(b) - len(f.b); grow > 0 {
		f.b = append(f.b, make([]byte, grow)...)
	}
	return copy(f.b[at:], b), nil
}

// transfer writes what one function registers, and reads it with another.
func transfer(t *testing.T, from, to func(*snapfile.Exchange)) error {
	t.Helper()
	var f file
	if _, err := snapfile.Write(&f, 1, from); err != nil {
		t.Fatal(err)
	}
	return snapfile.Read(bytes.NewReader(f.b), int64(len(f.b)), 2, to)
}

func TestExchangeUints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, span := range []uint64{0, 1, math.MaxUint8, math.MaxUint16, math.MaxUint32, math.MaxUint64 - 7} {
		for _, n := range []int{0, 1, 1000} {
			from := column.MakeUints(n, 7, 7+span)
			most := uint64(7)
			for i := range n {
				v := 7 + rng.Uint64N(max(span, 1))
				if span == 0 {
					v = 7
				}
				from.Set(i, v)
				most = max(most, v)
			}
			for _, limit := range []uint64{0, most + 1, most} {
				var to *column.Uints
				err := transfer(t,
					func(x *snapfile.Exchange) { column.ExchangeUints(x, "c", &from, n, limit) },
					func(x *snapfile.Exchange) { column.ExchangeUints(x, "c", &to, n, limit) })
				if limit == most && n > 0 {
					if !errors.Is(err, snapfile.ErrDamaged) {
						t.Errorf("values up to %d, less than %d: %v", most, limit, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%d values from 7 to %d: %v", n, most, err)
				}
				if to.Len() != n || to.Bytes() != from.Bytes() {
					t.Errorf("%d values in %d bytes, want %d in %d", to.Len(), to.Bytes(), n, from.Bytes())
				}
				for i := range n {
					if to.At(i) != from.At(i) {
						t.Fatalf("value %d is %d, want %d", i, to.At(i), from.At(i))
					}
				}
			}
		}
	}
}

func TestExchangeUintsRefuses(t *testing.T) {
	for _, tc := range []struct {
		why    string
		note   uint64
		values []uint16
		limit  uint64
	}{
		{"one value too few", 0, []uint16{1, 2}, 0},
		{"one value too many", 0, []uint16{1, 2, 3, 4}, 0},
		{"the greatest is not less", 0, []uint16{1, 7, 3}, 7},
		{"with the least it is not less", 3, []uint16{1, 4, 3}, 7},
		{"the least is not less", 7, []uint16{0, 0, 0}, 7},
		{"all are not less", 7, nil, 7},
		{"the sum wraps", math.MaxUint64, []uint16{1, 2, 3}, 7},
	} {
		var to *column.Uints
		err := transfer(t, func(x *snapfile.Exchange) {
			x.Note(&tc.note)
			snapfile.Slice(x, "c", flat.Uint[uint16](), &tc.values)
		}, func(x *snapfile.Exchange) { column.ExchangeUints(x, "c", &to, 3, tc.limit) })
		if !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("%s: %v", tc.why, err)
		}
	}
	// Items that no column has.
	wide := [][4]uint64{{}}
	form := flat.Form[[4]uint64]{Size: 32, Put: func([]byte, *[4]uint64) {}}
	var to *column.Uints
	err := transfer(t, func(x *snapfile.Exchange) { snapfile.Slice(x, "c", form, &wide) },
		func(x *snapfile.Exchange) { column.ExchangeUints(x, "c", &to, 1, 0) })
	if !errors.Is(err, snapfile.ErrDamaged) {
		t.Errorf("items of 32 bytes: %v", err)
	}
}

func TestExchangeTexts(t *testing.T) {
	texts := []string{"FR", "", "three hundred bytes: " + fmt.Sprintf("%0279d", 0), "\x80\xff"}
	from := column.TextDict()
	for _, s := range texts {
		from.Code(s)
	}
	var to column.Dict[string]
	err := transfer(t,
		func(x *snapfile.Exchange) { column.ExchangeTexts(x, "d", &from) },
		func(x *snapfile.Exchange) {
			column.ExchangeTexts(x, "d", &to)
			if to.Len() != len(texts) {
				t.Errorf("%d texts at once, want %d", to.Len(), len(texts))
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range texts {
		if code, ok := to.Find(s); !ok || code != uint32(i) || to.Value(code) != s {
			t.Errorf("%q has code %d, %t, want %d", s, code, ok, i)
		}
	}
	if code := to.Code("new"); code != uint32(len(texts)) {
		t.Errorf("a new text gets code %d", code)
	}
	for _, bad := range []string{"\x01", "\x02a", "\x01a\x01a", "\x00\x00", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01a\x05bcde"} {
		err := transfer(t, func(x *snapfile.Exchange) {
			b := []byte(bad)
			snapfile.Slice(x, "d", flat.Uint[byte](), &b)
		}, func(x *snapfile.Exchange) { column.ExchangeTexts(x, "d", &to) })
		if !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("% x: %v", bad, err)
		}
	}
}

func TestExchangeNumbers(t *testing.T) {
	numbers := []int32{2003, 0, -1, math.MinInt32, math.MaxInt32}
	var from, to column.Dict[int32]
	for _, n := range numbers {
		from.Code(n)
	}
	err := transfer(t,
		func(x *snapfile.Exchange) { column.ExchangeNumbers(x, "d", &from) },
		func(x *snapfile.Exchange) { column.ExchangeNumbers(x, "d", &to) })
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range numbers {
		if code, ok := to.Find(n); !ok || code != uint32(i) || to.Value(code) != n {
			t.Errorf("%d has code %d, %t, want %d", n, code, ok, i)
		}
	}
	twice := []uint32{5, 6, 5}
	err = transfer(t,
		func(x *snapfile.Exchange) { snapfile.Slice(x, "d", flat.Uint[uint32](), &twice) },
		func(x *snapfile.Exchange) { column.ExchangeNumbers(x, "d", &to) })
	if !errors.Is(err, snapfile.ErrDamaged) {
		t.Errorf("a number that stands there twice: %v", err)
	}
}

func TestExchangeBlobs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 64, 1000} {
		lens := make([]uint16, n)
		for i := range lens {
			lens[i] = uint16(rng.IntN(50))
		}
		from := column.MakeBlobs(lens)
		for i := range n {
			for j := range from.At(i) {
				from.At(i)[j] = byte(rng.Uint32())
			}
		}
		for _, want := range []int{n, n + 1} {
			var to *column.Blobs
			err := transfer(t,
				func(x *snapfile.Exchange) { column.ExchangeBlobs(x, "lens", "b", &from, n) },
				func(x *snapfile.Exchange) { column.ExchangeBlobs(x, "lens", "b", &to, want) })
			if want != n {
				if !errors.Is(err, snapfile.ErrDamaged) {
					t.Errorf("%d blobs where %d are wanted: %v", n, want, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if !bytes.Equal(to.At(i), from.At(i)) {
					t.Fatalf("blob %d of %d differs", i, n)
				}
			}
		}
	}
	for why, data := range map[string]int{"too short": 8, "too long": 10} {
		lens, b := []uint16{4, 5}, make([]byte, data)
		var to *column.Blobs
		err := transfer(t, func(x *snapfile.Exchange) {
			snapfile.Slice(x, "lens", flat.Uint[uint16](), &lens)
			snapfile.Slice(x, "b", flat.Uint[byte](), &b)
		}, func(x *snapfile.Exchange) { column.ExchangeBlobs(x, "lens", "b", &to, 2) })
		if !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("data that is %s: %v", why, err)
		}
	}
}
