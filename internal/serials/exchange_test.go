package serials_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// exchanged writes a directory to a file and reads it again.
func exchanged(t *testing.T, d *serials.Directory, vins int) (*serials.Directory, error) {
	t.Helper()
	f, err := os.Create(t.TempDir() + "/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := snapfile.Write(f, 1, func(x *snapfile.Exchange) { serials.Exchange(x, &d, &vins) })
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, n))
	if err != nil {
		t.Fatal(err)
	}
	var back *serials.Directory
	err = snapfile.Read(bytes.NewReader(b), n, 2, func(x *snapfile.Exchange) { serials.Exchange(x, &back, &vins) })
	return back, err
}

func TestExchange(t *testing.T) {
	for _, tc := range []struct{ n, places int }{{0, 1}, {1, 1}, {3000, 3}, {3000, 6}} {
		d := serials.BuildWith(sorted(tc.n), 1, tc.places)
		back, err := exchanged(t, d, tc.n)
		if err != nil {
			t.Fatalf("%d VINs: %v", tc.n, err)
		}
		if !slices.Equal(d.Entries, back.Entries) || !slices.Equal(d.Starts, back.Starts) || !slices.Equal(d.Tails, back.Tails) ||
			d.Exact() != back.Exact() || d.Bytes() != back.Bytes() {
			t.Errorf("%d VINs: another directory comes back", tc.n)
		}
	}
}

func TestForgedDirectoriesAreRefused(t *testing.T) {
	keys := sorted(3000)
	for name, forge := range map[string]func(*serials.Directory){
		"an entry behind the VINs":  func(d *serials.Directory) { d.Entries[77] = 3000 },
		"an entry too few":          func(d *serials.Directory) { d.Entries = d.Entries[1:] },
		"too many tails":            func(d *serials.Directory) { d.Tails = make([]uint32, 3001) },
		"no starts":                 func(d *serials.Directory) { d.Starts = nil },
		"a start too few":           func(d *serials.Directory) { d.Starts = d.Starts[1:] },
		"starts that descend":       func(d *serials.Directory) { d.Starts[5] = d.Starts[6] + 1 },
		"starts behind the entries": func(d *serials.Directory) { d.Starts[len(d.Starts)-1]++ },
		"tails that descend":        func(d *serials.Directory) { d.Tails[3] = d.Tails[4] + 1 },
		"a tail that is none":       func(d *serials.Directory) { d.Tails[len(d.Tails)-1] = 33 * 33 * 33 * 33 * 33 * 33 },
	} {
		d := serials.Build(keys, 1)
		forge(d)
		if _, err := exchanged(t, d, 3000); !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
