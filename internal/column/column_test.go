package column_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/vinmatch/vinmatch/internal/column"
)

func TestUints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tc := range []struct {
		why             string
		least, greatest uint64
		wantWidth       int
	}{
		{"constant zero", 0, 0, 0},
		{"constant", math.MaxUint64, math.MaxUint64, 0},
		{"a flag", 0, 1, 1},
		{"a byte", 0, 255, 1},
		{"a byte, far up", 1 << 60, 1<<60 + 255, 1},
		{"one more than a byte", 3, 259, 2},
		{"two bytes", 1, 1 << 16, 2},
		{"one more than two bytes", 0, 1 << 16, 4},
		{"four bytes", 7, 7 + math.MaxUint32, 4},
		{"one more than four bytes", 0, 1 << 32, 8},
		{"all", 0, math.MaxUint64, 8},
	} {
		const n = 1000
		c := column.MakeUints(n, tc.least, tc.greatest)
		want := make([]uint64, n)
		for i := range want {
			want[i] = tc.least
			if span := tc.greatest - tc.least; span == math.MaxUint64 {
				want[i] = rng.Uint64()
			} else {
				want[i] += rng.Uint64N(span + 1)
			}
		}
		want[0], want[n-1] = tc.least, tc.greatest
		for i, v := range want {
			c.Set(i, v)
		}
		for i, v := range want {
			if got := c.At(i); got != v {
				t.Fatalf("%s: At(%d) = %d, want %d", tc.why, i, got, v)
			}
		}
		if tc.greatest <= math.MaxUint32 {
			const from = 100
			rows := []uint16{5, 0, n - from - 1, 5}
			picked := make([]uint32, len(rows))
			c.Pick(picked, from, rows)
			ranged := make([]uint32, len(want)-from)
			c.Range(ranged, from)
			for i := range ranged {
				if uint64(ranged[i]) != want[from+i] {
					t.Errorf("%s: Range finds %d in row %d, want %d", tc.why, ranged[i], from+i, want[from+i])
				}
			}
			for i, row := range rows {
				if uint64(picked[i]) != want[from+int(row)] {
					t.Errorf("%s: Pick finds %d in row %d, want %d", tc.why, picked[i], from+int(row), want[from+int(row)])
				}
			}
		}
		if c.Bytes() != n*tc.wantWidth || c.Len() != n {
			t.Errorf("%s: %d bytes, want %d each", tc.why, c.Bytes(), tc.wantWidth)
		}
	}
}

func TestDict(t *testing.T) {
	d := column.TextDict()
	if _, ok := d.Find(""); ok {
		t.Error("an empty Dict has the empty string")
	}
	for range 2 {
		for i := range 100 {
			for range 2 {
				if got := d.Code(fmt.Sprint(i)); got != uint32(i) {
					t.Fatalf("Code(%d) = %d", i, got)
				}
			}
		}
	}
	if d.Len() != 100 || d.Value(42) != "42" {
		t.Errorf("%d values, value 42 is %q", d.Len(), d.Value(42))
	}
	if code, ok := d.Find("99"); !ok || code != 99 {
		t.Errorf("Find(99) = %d, %t", code, ok)
	}
	if _, ok := d.Find("100"); ok || d.Len() != 100 {
		t.Error("Find finds or makes what is not there")
	}
}

func TestTextDictCopies(t *testing.T) {
	line := []byte("FR;Peugeot")
	d := column.TextDict()
	d.Code(unsafe.String(&line[3], 7))
	line[3] = 'X'
	if got := d.Value(0); got != "Peugeot" {
		t.Errorf("Value(0) = %q after its source changed", got)
	}
}

func TestBlobs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		want := make([][]byte, n)
		lens := make([]uint16, n)
		for i := range want {
			want[i] = bytes.Repeat([]byte{byte(i)}, rng.IntN(40))
			if i == n-1 {
				want[i] = bytes.Repeat([]byte{1}, column.MaxBlob)
			}
			lens[i] = uint16(len(want[i]))
		}
		b := column.MakeBlobs(lens)
		for i := n - 1; i >= 0; i-- {
			copy(b.At(i), want[i])
		}
		for i := range want {
			if got := b.LenAt(i); got != len(want[i]) {
				t.Errorf("LenAt(%d) = %d, want %d", i, got, len(want[i]))
			}
			if got := b.At(i); !bytes.Equal(got, want[i]) || cap(got) != len(got) {
				t.Fatalf("%d blobs: At(%d) has %d bytes, want %d", n, i, len(got), len(want[i]))
			}
		}
		if b.Len() != n {
			t.Errorf("Len() = %d, want %d", b.Len(), n)
		}
		for range 20 {
			end := rng.IntN(n + 1)
			next := rng.IntN(end + 1)
			for i, got := range b.Range(next, end) {
				if i != next || !bytes.Equal(got, want[i]) || cap(got) != len(got) {
					t.Fatalf("%d blobs: number %d has %d bytes, want number %d", n, i, len(got), next)
				}
				next++
			}
			if next != end {
				t.Fatalf("%d blobs: Range ends at %d, want %d", n, next, end)
			}
		}
	}
}
