package serials

import (
	"slices"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// Exchange moves a directory to or from the sections "serial entries", "serial
// starts" and "serial tails" of a snapshot, which are Entries, Starts and Tails
// of [Directory]. There are as many entries as VINs.
//
// A directory that is read panics as little as one that was built, and walks it
// end. Whether they find all entries only its maker knows.
func Exchange(x *snapfile.Exchange, directory **Directory, vins *int) {
	if x.Reading() {
		*directory = &Directory{}
	}
	d := *directory
	snapfile.Slice(x, "serial entries", flat.Uint[uint32](), &d.Entries)
	snapfile.Slice(x, "serial starts", flat.Uint[uint32](), &d.Starts)
	snapfile.Slice(x, "serial tails", flat.Uint[uint32](), &d.Tails)
	x.Check(func() error { return d.check(x, *vins) })
}

// check checks what walks rely on.
func (d *Directory) check(x *snapfile.Exchange, vins int) error {
	if len(d.Entries) != vins || len(d.Tails) > vins {
		return x.Damaged("serial entries", "%d entries and %d lettered tails of %d VINs", len(d.Entries), len(d.Tails), vins)
	}
	err := x.Each(vins, func(first, end int) error {
		if slices.Max(d.Entries[first:end]) >= uint32(vins) {
			return x.Damaged("serial entries", "an entry behind the VINs")
		}
		return nil
	})
	if err != nil {
		return err
	}
	for d.places = 1; d.places < Len && pow10(d.places)+1 < len(d.Starts); d.places++ {
	}
	numeric := uint32(vins - len(d.Tails))
	if n := len(d.Starts); n != pow10(d.places)+1 || d.Starts[n-1] != numeric || !slices.IsSorted(d.Starts) {
		return x.Damaged("serial starts", "%d starts do not lead to %d entries", n, numeric)
	}
	if n := len(d.Tails); n > 0 && uint64(d.Tails[n-1]) >= pow33[Len] || !slices.IsSorted(d.Tails) {
		return x.Damaged("serial tails", "not in order")
	}
	d.index()
	return nil
}
