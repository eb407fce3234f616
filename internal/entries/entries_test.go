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

// read returns what a file holds, how long that is, up to where it was synced, and
// whether the file is damaged.
func read(t *testing.T, file []byte) (all []string, n, synced int64, damaged bool) {
	t.Helper()
	in := bufio.NewReaderSize(iotest.OneByteReader(bytes.NewReader(file)), format.Buffer(int64(len(file))))
	n, synced, damaged, err := format.Read(in, func(payload []byte, at int64) bool {
		if !bytes.Equal(file[at:][:len(payload)], payload) {
			t.Errorf("%q is not at %d", payload, at)
		}
		all = append(all, string(payload))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, n, synced, damaged
}

// write returns a file of payloads and of where each entry ends. "" is a mark.
func write(payloads ...string) (file []byte, ends []int) {
	for _, s := range payloads {
		if s == "" {
			file = format.AppendMark(file, int64(len(file)))
		} else {
			file = format.Append(file, []byte(s[:1]), []byte(s[1:]))
		}
		ends = append(ends, len(file))
	}
	return file, ends
}

// A file may end anywhere: what is whole is read. What stands before a mark must not
// have changed, and what stands behind the last one may be there in any part.
func TestTornAndDamaged(t *testing.T) {
	all := []string{"a", "testtest", "", string(bytes.Repeat([]byte{'x'}, 100)), "", "after", "end"}
	const lastMark = 4
	file, ends := write(all...)
	want := func(whole int) (list []string, n, synced int64) {
		for i, s := range all[:whole] {
			if n = int64(ends[i]); s == "" {
				synced = n
			} else {
				list = append(list, s)
			}
		}
		return list, n, synced
	}
	for cut := range len(file) + 1 {
		whole := 0
		for whole < len(ends) && ends[whole] <= cut {
			whole++
		}
		list, length, marked := want(whole)
		if got, n, synced, damaged := read(t, file[:cut]); !slices.Equal(got, list) || damaged || n != length || synced != marked {
			t.Fatalf("cut at %d: %q, %d bytes, %d synced, damaged %t", cut, got, n, synced, damaged)
		}
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 0x10
		whole := 0
		for ends[whole] <= i {
			whole++
		}
		list, _, marked := want(whole)
		if got, _, synced, damaged := read(t, bad); !slices.Equal(got, list) || synced != marked || damaged != (i < ends[lastMark-1]) {
			t.Fatalf("byte %d changed: %q, %d synced, damaged %t", i, got, synced, damaged)
		}
	}
	list, _, _ := want(len(all))
	if got, _, _, damaged := read(t, format.Append(bytes.Clone(file), bytes.Repeat([]byte{'y'}, 101))); len(got) != len(list) || damaged {
		t.Errorf("a payload that is too long: %q, damaged %t", got, damaged)
	}
}

// A mark counts where it was written and nowhere else: not within a payload, behind
// an entry that is not whole.
func TestMarkWithinPayload(t *testing.T) {
	mark := string(format.AppendMark(nil, 0))
	file, _ := write("first", "a"+mark+mark, "last")
	file[len("testtesttest")] ^= 1 // the first payload
	if all, n, _, damaged := read(t, file); len(all) != 0 || n != 0 || damaged {
		t.Errorf("%q, %d bytes, damaged %t", all, n, damaged)
	}
	if all, n, _, damaged := read(t, format.AppendMark(file, int64(len(file)))); len(all) != 0 || n != 0 || !damaged {
		t.Errorf("with a mark behind: %q, %d bytes, damaged %t", all, n, damaged)
	}
}

func TestReadErrors(t *testing.T) {
	file, _ := write("1", "2")
	in := bufio.NewReaderSize(bytes.NewReader(file), format.Buffer(int64(len(file))))
	if n, _, damaged, err := format.Read(in, func(p []byte, _ int64) bool { return string(p) == "1" }); n != 13 || !damaged || err != nil {
		t.Errorf("an entry that means nothing: %d, %t, %v", n, damaged, err)
	}
	away := errors.New("away")
	for cut := range len(file) {
		in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(away)), 64)
		if _, _, damaged, err := format.Read(in, func([]byte, int64) bool { return true }); err != away || damaged {
			t.Errorf("the disk fails at %d: %t, %v", cut, damaged, err)
		}
	}
}
