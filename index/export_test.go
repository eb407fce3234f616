package index

import (
	"bytes"
	"context"
	"io"

	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// OpenBytes is Open for the content of a file.
func OpenBytes(b []byte, o Options) (*Index, error) {
	s, at, err := readSegment("file", bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		return nil, err
	}
	return newIndex(o, s, at), nil
}

// Decode does of OpenBytes what depends on the bytes.
func Decode(b []byte, o Options) error {
	_, _, err := readSegment("file", bytes.NewReader(b), int64(len(b)), o)
	return err
}

// SaveTo is Save to something else than a file.
func (x *Index) SaveTo(f io.WriterAt) error {
	v := x.View()
	s, err := v.compacted(context.Background(), x.o)
	if err != nil {
		return err
	}
	return s.write(f, v.position, x.o)
}

// Alphabets are the characters of the packing pages from 1 on.
var Alphabets = func() (s []string) {
	for _, a := range alphabets {
		s = append(s, string(a))
	}
	return s
}()

// Pack packs a canonical text.
func Pack(kind Kind, country, text string) Key { return pack(kind, country, []byte(text)) }

// CanonicalRune is what a character beyond ASCII counts as in a number.
var CanonicalRune = canonicalRune

// Words returns the two words of a key.
func (k Key) Words() (hi, lo uint64) { return k.hi, k.lo }

// SetStepsEach sets how many steps on blocks it takes for another processor to be
// worth while, and returns a function that undoes it.
func SetStepsEach(n int) (undo func()) {
	old := stepsEach
	stepsEach = n
	return func() { stepsEach = old }
}

// LongestProbe returns how many slots a lookup among the changes of a View passes
// at most.
func (v *View) LongestProbe() (most int) {
	t := v.delta.keys.Load()
	for i := range t.slots {
		if e := uint32(t.slots[i].Load()); e != 0 {
			k := v.delta.entries.at(e - 1).key
			h := t.hash(k, v.seg.table.Hash(k))
			most = max(most, (i-int(h>>t.shift))&(len(t.slots)-1))
		}
	}
	return most
}

// HashOf returns the hash of a key in the table of a View.
func (v *View) HashOf(k Key) uint64 {
	return v.seg.table.Hash(tagtable.Key{Hi: k.hi, Lo: k.lo})
}

// Values returns how many values the dictionaries of a View's changes hold.
func (v *View) Values() int {
	x := v.values
	return len(x.owners) + len(x.makes) + len(x.colours) + len(x.tags) + len(x.years) + len(x.days)
}

// Own keeps everybody from compacting until release is called.
func (x *Index) Own() (release func()) {
	_, release, err := x.own(context.Background())
	if err != nil {
		panic(err)
	}
	return release
}

// ListLen returns how many entries stand one behind the other for a key among the
// changes of a View.
func (v *View) ListLen(k Key) (n int) {
	key := tagtable.Key{Hi: k.hi, Lo: k.lo}
	for e := v.delta.first(key, v.seg.table.Hash(key)); e != 0; e = v.delta.after(e) {
		n++
	}
	return n
}

// HoldApply makes every Apply wait until release is called.
func (x *Index) HoldApply() (release func()) {
	x.mu.Lock()
	return x.mu.Unlock
}

// RoomFor reports whether changes fit into an Index that has none.
func (x *Index) RoomFor(changes []Change) bool {
	return newWriter(x.View().seg, x.o).roomFor(changes)
}

// MaxKeys bounds the keys of a record.
var MaxKeys = maxKeys

// MostMoved returns how many entries a new one moves at most in a list of equal keys
// that is long.
func (x *Index) MostMoved() (most int) {
	for _, c := range x.writer.crowds {
		for _, part := range c.parts {
			most = max(most, len(part))
		}
	}
	return most
}
