package tagtable

import (
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// KeyForm is how a key stands in a file: Hi, then Lo.
var KeyForm = flat.Form[Key]{
	Size: 16,
	Put: func(b []byte, k *Key) {
		binary.LittleEndian.PutUint64(b, k.Hi)
		binary.LittleEndian.PutUint64(b[8:], k.Lo)
	},
	Get: func(b []byte, k *Key) {
		k.Hi, k.Lo = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	},
}

// groupForm is how a group stands in a file: the positions, then the tags, without
// marks, which others may be setting.
var groupForm = flat.Form[group]{
	Size:   64,
	Copied: true,
	Put: func(b []byte, g *group) {
		for i, p := range g.pos {
			binary.LittleEndian.PutUint32(b[4*i:], p)
		}
		binary.LittleEndian.PutUint64(b[4*groupSlots:], g.tags[0])
		binary.LittleEndian.PutUint64(b[4*groupSlots+8:], g.tags1()&(1<<markAt-1))
	},
	Get: func(b []byte, g *group) {
		for i := range g.pos {
			g.pos[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
		for i := range g.tags {
			g.tags[i] = binary.LittleEndian.Uint64(b[4*groupSlots+8*i:])
		}
	},
}

// Exchange moves a table to or from the sections "seed" (the four words of the
// hash), "groups" and "spill" of the layout. The keys are the caller's.
//
// Marks are not kept. Of a table that is read, every lookup is as bounded as of one
// that was built, and panics as little. Whether it finds all keys only its maker
// knows.
func Exchange(x *snapfile.Exchange, table **Table, keys *[]Key) {
	if x.Reading() {
		*table = &Table{}
	}
	t := *table
	x.Words("seed", &t.seed[0], &t.seed[1], &t.seed[2], &t.seed[3])
	snapfile.Slice(x, "groups", groupForm, &t.groups)
	snapfile.Slice(x, "spill", flat.Uint[uint32](), &t.spill)
	x.Check(func() error {
		t.keys = *keys
		return t.check(x)
	})
}

// check checks what lookups rely on: that there is a group, and that all
// positions and lists lie inside their arrays.
func (t *Table) check(x *snapfile.Exchange) error {
	if len(t.groups) == 0 {
		return x.Damaged("groups", "there is none")
	}
	if len(t.keys) > MaxKeys || len(t.spill) > MaxKeys {
		return x.Damaged("spill", "more than %d keys", MaxKeys)
	}
	// Lists that share words could make the check quadratic: all together may
	// have no more than there are.
	var listed atomic.Int64
	err := x.Each(len(t.groups), func(first, end int) error {
		for i := first; i < end; i++ {
			list, err := t.checkGroup(x, i)
			if err != nil {
				return err
			}
			if list == nil {
				continue
			}
			if listed.Add(int64(len(list))+1) > int64(len(t.spill)) {
				break
			}
			if slices.Max(list) >= uint32(len(t.keys)) {
				return x.Damaged("spill", "group %d has a position behind the keys", i)
			}
		}
		return nil
	})
	if err == nil && listed.Load() != int64(len(t.spill)) {
		return x.Damaged("spill", "the lists are not %d words", len(t.spill))
	}
	return err
}

// checkGroup checks the slots of a group and returns its spill list, nil if it
// has none.
func (t *Table) checkGroup(x *snapfile.Exchange, i int) (list []uint32, err error) {
	g := &t.groups[i]
	slots := g.pos[:]
	if g.spills() {
		slots = g.pos[:spillSlot]
	}
	var most uint32
	for _, p := range slots {
		most = max(most, p)
	}
	if g.tags[1]>>markAt != 0 {
		return nil, x.Damaged("groups", "group %d has marks", i)
	}
	// Slots without a key are zero. Without any keys no tag may lead there.
	if n := uint32(len(t.keys)); most >= max(n, 1) || n == 0 && g.tags != [2]uint64{} {
		return nil, x.Damaged("groups", "group %d has a position behind the keys", i)
	}
	if !g.spills() {
		return nil, nil
	}
	start, end := uint64(g.pos[spillSlot]&^spillMark), uint64(len(t.spill))
	if g.pos[spillSlot]&spillMark == 0 || start >= end || t.spill[start] == 0 || uint64(t.spill[start]) > end-start-1 {
		return nil, x.Damaged("groups", "group %d has no spill list where it should be", i)
	}
	return t.spill[start+1:][:t.spill[start]], nil
}
