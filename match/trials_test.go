package match_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/match"
)

// TestParsers gives the decoder of a file of inquiries bytes without end, as one
// entry with a good checksum and as they are. See internal/trials.
func TestParsers(t *testing.T) {
	text, entries := watchFile(t, 2)
	var seeds [][]byte
	for i, at := range entries {
		seeds = append(seeds, text[at+12:append(entries[1:], len(text))[i]])
	}
	seeds = append(seeds, []byte("I\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	x := newWatched(t, match.WatchOptions{})
	o := match.WatchOptions{MaxBytes: match.MinWatchBytes, Keep: 1 << 62, Now: func() time.Time { return x.now }}
	fresh := func() *match.Watch {
		w, err := match.NewWatch(x.m, o)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	file := slices.Clone(text[:20])
	trials.Parser{
		Seeds: seeds, Every: 32,
		Parse: func(b []byte) {
			file = append(append(file[:20], "vmwI"...), 0, 0, 0, 0, 0, 0, 0, 0)
			file = append(file, b...)
			binary.LittleEndian.PutUint32(file[24:], uint32(len(b)))
			sum := crc32.Update(crc32.Checksum(file[24:28], table), table, b)
			binary.LittleEndian.PutUint32(file[28:], sum)
			if err := fresh().Load(file); err != nil {
				if _, ok := err.(*match.WatchFileError); !ok {
					t.Fatal(err)
				}
			}
		},
		Bound: func(n int) uint64 { return match.MinWatchBytes + trials.Bound(n) },
		Check: func(b []byte) { checkWatchFile(t, x, text[:20], b, true) },
	}.Run(t, trials.Number(20_000))
}

// A file of a few bytes once took as much memory as the longest entry.
func TestSmallWatchFileTakesLittleMemory(t *testing.T) {
	text, _ := watchFile(t, 0)
	x := newWatched(t, match.WatchOptions{})
	trials.CheckBound(t, text, func(b []byte) {
		w, err := match.NewWatch(x.m, match.WatchOptions{MaxBytes: match.MinWatchBytes})
		if err == nil {
			err = w.Load(b[:20])
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A file that cannot be read to its end is no damaged one.
func TestWatchFileThatFails(t *testing.T) {
	text, entries := watchFile(t, 3)
	broken := errors.New("disk on fire")
	x := newWatched(t, match.WatchOptions{})
	text[entries[2]+14]++ // behind it, a mark is looked for
	for n := range text {
		w, err := match.NewWatch(x.m, match.WatchOptions{MaxBytes: match.MinWatchBytes, Keep: 1 << 62})
		if err != nil {
			t.Fatal(err)
		}
		from := io.MultiReader(iotest.OneByteReader(bytes.NewReader(text[:n])), iotest.ErrReader(broken))
		err = w.LoadFrom(from, int64(len(text)))
		if !errors.Is(err, broken) {
			t.Fatalf("the disk fails after %d bytes: %v", n, err)
		}
	}
}
