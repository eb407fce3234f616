package heads_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/vinmatch/vinmatch/internal/heads"
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

// exchange writes a directory and reads it again as that of so many VINs.
func exchange(t *testing.T, d *heads.Directory, vins int) (read *heads.Directory, err error) {
	t.Helper()
	var f file
	if _, err := snapfile.Write(&f, 1, func(x *snapfile.Exchange) { heads.Exchange(x, &d, &vins) }); err != nil {
		t.Fatal(err)
	}
	err = snapfile.Read(bytes.NewReader(f.b), int64(len(f.b)), 1, func(x *snapfile.Exchange) { heads.Exchange(x, &read, &vins) })
	return read, err
}

func TestExchange(t *testing.T) {
	keys := sorted(3000)
	for _, d := range []*heads.Directory{heads.Build(keys), nil} {
		got, err := exchange(t, d, len(keys))
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("read %+v, %v; want %+v", got, err, d)
		}
	}
}

func TestExchangeRefuses(t *testing.T) {
	good := func() *heads.Directory {
		return &heads.Directory{Groups: []uint64{1, 2}, First: []uint32{0, 2, 3}, Heads: []uint64{0, 1<<32 | 4, 5, 9}}
	}
	if _, err := exchange(t, good(), 9); err != nil {
		t.Fatal(err)
	}
	for why, spoil := range map[string]func(d *heads.Directory){
		"groups without end":     func(d *heads.Directory) { d.First = d.First[:2] },
		"a group too many":       func(d *heads.Directory) { d.Groups = d.Groups[:1] },
		"heads before the first": func(d *heads.Directory) { d.First[0] = 1 },
		"groups go back":         func(d *heads.Directory) { d.First[1] = 4 },
		"heads behind the end":   func(d *heads.Directory) { d.First[2] = 4 },
		"no heads":               func(d *heads.Directory) { d.Heads = nil },
		"no end of heads":        func(d *heads.Directory) { d.Heads = d.Heads[:3] },
		"VINs before the first":  func(d *heads.Directory) { d.Heads[0] = 1 },
		"VINs go back":           func(d *heads.Directory) { d.Heads[2] = 3 },
		"VINs behind the end":    func(d *heads.Directory) { d.Heads[3] = 10 },
		"only groups":            func(d *heads.Directory) { d.First, d.Heads = nil, nil },
	} {
		d := good()
		spoil(d)
		if _, err := exchange(t, d, 9); !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
