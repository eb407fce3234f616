package ackmark_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/vinmatch/vinmatch/internal/ackmark"
)

func TestMark(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "mark"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func() ([16]byte, uint64) {
		t.Helper()
		m := ackmark.Mark{File: f}
		log, seq, err := m.Read()
		if err != nil {
			t.Fatal(err)
		}
		return log, seq
	}
	if _, seq := read(); seq != 0 {
		t.Errorf("an empty file says %d", seq)
	}
	m := ackmark.Mark{File: f}
	log := [16]byte{1, 2, 3}
	for seq := uint64(1); seq < 20; seq++ {
		if err := m.Write(log, seq); err != nil {
			t.Fatal(err)
		}
		if l, got := read(); got != seq || l != log {
			t.Errorf("written %d, read %d", seq, got)
		}
		if seq%3 == 0 { // opened again, it goes on in the right place
			m = ackmark.Mark{File: f}
			if _, _, err := m.Read(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Whatever bit flips, or if the last write was torn, the number before counts.
	whole, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(whole) {
		if _, err := f.WriteAt([]byte{whole[i/8] ^ 1<<(i%8)}, int64(i/8)); err != nil {
			t.Fatal(err)
		}
		if _, seq := read(); seq != 19 && seq != 18 {
			t.Fatalf("with bit %d flipped it says %d", i, seq)
		}
		if _, err := f.WriteAt(whole[i/8:i/8+1], int64(i/8)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(20); err != nil { // in the first place
		t.Fatal(err)
	}
	if _, seq := read(); seq != 0 {
		t.Errorf("cut off, it says %d", seq)
	}
}

type brokenFile struct{ *os.File }

var errDisk = errors.New("disk on fire")

func (brokenFile) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

// What cannot be read is not as if nothing had been acknowledged.
func TestMarkThatCannotBeRead(t *testing.T) {
	m := ackmark.Mark{File: brokenFile{}}
	if _, seq, err := m.Read(); seq != 0 || !errors.Is(err, errDisk) {
		t.Errorf("%d, %v", seq, err)
	}
}
