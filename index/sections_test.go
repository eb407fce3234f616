package index_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// Each thing that Open checks of a section, in a file whose checksums are right.
func TestForgedSections(t *testing.T) {
	le := binary.LittleEndian
	x := mustBuild(t, index.Options{Seed: 1}, []index.Record{
		{Owner: "FR", ID: "1", VIN: vin.MustParse("1HGCM82633A004352"), Tags: []string{"a"}, Stolen: firstDay, Numbers: []index.Number{{Kind: index.KindEngine, Text: "B16"}}},
		{Owner: "DE", ID: "2", Numbers: []index.Number{{Kind: index.KindEngine, Text: "B17"}}},
	})
	emptied := mustBuild(t, index.Options{Seed: 1}, []index.Record{{Owner: "FR", ID: "1"}})
	mustApply(t, emptied, index.Change{By: "FR", Op: index.Withdraw, Record: index.Record{Owner: "FR", ID: "1", Version: 1}, At: firstDay})
	// number is where the number of the first record is in its texts: kind, length
	// of the country, length of the text.
	number := func(b []byte) int { return bytes.Index(b, []byte("B16")) - 3 }
	for _, tc := range []struct {
		x       *index.Index
		section string
		change  func(b []byte) []byte
		says    string
	}{
		{x, "counts", func(b []byte) []byte { le.PutUint64(b, 1<<40); return b }, ""},
		{x, "counts", func(b []byte) []byte { le.PutUint64(b, 1<<63); return b }, "out of range"},
		{x, "counts", func(b []byte) []byte { le.PutUint64(b[16:], 100); return b }, "entries of VINs"},
		{x, "counts", func(b []byte) []byte { return b[:48] }, "want"},
		{x, "owners", func(b []byte) []byte { b[1] = '-'; return b }, "letters and digits"},
		{x, "owners", func(b []byte) []byte { return b[:0] }, "it is empty"},
		{x, "tag sets", func(b []byte) []byte { b[1]++; return b }, "where its last tag does"},
		{x, "days", func(b []byte) []byte { le.PutUint32(b[4*1:], 1<<30); return b }, "after the year 9999"},
		{x, "plate lands", func(b []byte) []byte { return append(b, 0, 0) }, "out of order"},
		{x, "keys", func(b []byte) []byte { b[7] = 99; return b }, "entry 0 is no key"},
		{x, "keys", func(b []byte) []byte { copy(b[16:32], b[32:48]); return b }, "out of order"},
		{x, "groups", func(b []byte) []byte { b[63] = 1; return b }, "has marks"},
		{x, "rows", func(b []byte) []byte { le.PutUint32(b, 7); return b }, "not less than"},
		{x, "texts", func(b []byte) []byte { b[0] = 0; return b }, "does not hold"},
		{x, "texts", func(b []byte) []byte { b[0] = 200; return b }, "does not hold"},
		{x, "texts", func(b []byte) []byte { b[number(b)+1] = 99; return b }, "does not hold"},
		{x, "texts", func(b []byte) []byte { b[number(b)+2] = 99; return b }, "does not hold"},
		{x, "texts", func(b []byte) []byte { b[number(b)-1] = 3; return b }, "does not hold"}, // a plate
		{emptied, "owners", func(b []byte) []byte { return b[:0] }, "there are withdrawals"},
	} {
		f := takeApart(saved(t, tc.x))
		changed := false
		for i := range f.sections {
			s := &f.sections[i]
			switch {
			case s.name == tc.section:
				s.data, changed = tc.change(s.data), true
			case tc.x == emptied && strings.HasPrefix(s.name, "by owner"):
				s.data = s.data[:0] // as many as owners
			}
		}
		if !changed {
			t.Fatalf("there is no section %q", tc.section)
		}
		_, err := index.OpenBytes(f.putTogether(), index.Options{Workers: 1})
		var e *index.SnapshotError
		if !errors.As(err, &e) || !errors.Is(err, index.ErrDamaged) || !strings.Contains(e.Reason, tc.says) {
			t.Errorf("%s: %v, want that it says %q", tc.section, err, tc.says)
		}
	}
}

// An error of reading is no damage.
func TestOpenDirectory(t *testing.T) {
	_, err := index.Open(t.TempDir(), index.Options{})
	var e *index.SnapshotError
	if err == nil || errors.As(err, &e) {
		t.Errorf("a directory is opened: %v", err)
	}
}
