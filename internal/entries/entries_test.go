package entries_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/vinmatch/vinmatch/internal/entries"
)

var format = entries.Format{Magic: "test", Max: 100}

// read returns what a file holds, from which payload on it ends, and whether it is
// damaged.
func read(t *testing.T, file []byte) (all []string, n int64, damaged bool) {
	t.Helper()
	in := bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(file)), format.Buffer(int64(len(file))))
	n, damaged, err := format.Read(in, func(payload []byte, at int64) bool {
		if !bytes.Equal(file[at:][:len(payload)], payload) {
			t.Errorf("%q is not at %d", payload, at)
		}
		all = append(all, string(payload))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, n, damaged
}

// A file may end anywhere: what is whole is read. Nothing in it may have changed
// but in the last entry, which looks as if it had not been written whole.
func TestTornAndDamaged(t *testing.T) {
	want := []string{"a", "testtest", string(bytes.Repeat([]byte{'x'}, 100)), "end"}
	var file []byte
	var ends []int
	for _, s := range want {
		file = format.Append(file, []byte(s[:1]), []byte(s[1:]))
		ends = append(ends, len(file))
	}
	for cut := range len(file) + 1 {
		whole := 0
		for whole < len(ends) && ends[whole] <= cut {
			whole++
		}
		length := 0
		if whole > 0 {
			length = ends[whole-1]
		}
		if all, n, damaged := read(t, file[:cut]); !slices.Equal(all, want[:whole]) || damaged || n != int64(length) {
			t.Fatalf("cut at %d: %q, %d bytes, damaged %t", cut, all, n, damaged)
		}
	}
	last := ends[len(ends)-2]
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 0x10
		whole := 0
		for ends[whole] <= i {
			whole++
		}
		if all, _, damaged := read(t, bad); !slices.Equal(all, want[:whole]) || damaged != (i < last) {
			t.Fatalf("byte %d changed: %q, damaged %t", i, all, damaged)
		}
	}
	if all, _, damaged := read(t, format.Append(bytes.Clone(file), bytes.Repeat([]byte{'y'}, 101))); len(all) != len(want) || damaged {
		t.Errorf("a payload that is too long: %q, damaged %t", all, damaged)
	}
}

func TestReadErrors(t *testing.T) {
	file := format.Append(format.Append(nil, []byte("1")), []byte("2"))
	in := bufio.NewReaderSize(bytes.NewReader(file), format.Buffer(int64(len(file))))
	if n, damaged, err := format.Read(in, func(p []byte, _ int64) bool { return string(p) == "1" }); n != 13 || !damaged || err != nil {
		t.Errorf("an entry that means nothing: %d, %t, %v", n, damaged, err)
	}
	away := errors.New("away")
	for cut := range len(file) {
		in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(away)), 64)
		if _, damaged, err := format.Read(in, func([]byte, int64) bool { return true }); err != away || damaged {
			t.Errorf("the disk fails at %d: %t, %v", cut, damaged, err)
		}
	}
}
