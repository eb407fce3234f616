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

var tagForm = flat.Form[tagGroup]{
	Size: 16,
	Put: func(b []byte, g *tagGroup) {
		for i, w := range g {
			binary.LittleEndian.PutUint64(b[8*i:], w)
		}
	},
	Get: func(b []byte, g *tagGroup) {
		for i := range g {
			g[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	},
}

var slotForm = flat.Form[slotGroup]{
	Size: 64,
	Put: func(b []byte, g *slotGroup) {
		for i, p := range g {
			binary.LittleEndian.PutUint32(b[4*i:], p)
		}
	},
	Get: func(b []byte, g *slotGroup) {
		for i := range g {
			g[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	},
}

// Exchange moves a table to or from the sections "seed" (the four words of the
// hash), "tags", "slots" and "spill" of the layout. The keys are the caller's.
//
// Of a table that is read, every lookup is as bounded as of one that was built,
// and panics as little. Whether it finds all keys only its maker knows.
func Exchange(x *snapfile.Exchange, table **Table, keys *[]Key) {
	if x.Reading() {
		*table = &Table{}
	}
	t := *table
	x.Words("seed", &t.seed[0], &t.seed[1], &t.seed[2], &t.seed[3])
	snapfile.Slice(x, "tags", tagForm, &t.tags)
	snapfile.Slice(x, "slots", slotForm, &t.slots)
	snapfile.Slice(x, "spill", flat.Uint[uint32](), &t.spill)
	x.Check(func() error {
		t.keys = *keys
		return t.check(x)
	})
}

// check checks what lookups rely on: that each group has tags and slots, and
// that all positions and lists lie inside their arrays.
func (t *Table) check(x *snapfile.Exchange) error {
	if len(t.tags) == 0 || len(t.tags) != len(t.slots) {
		return x.Damaged("tags", "%d groups of tags and %d of slots", len(t.tags), len(t.slots))
	}
	if len(t.keys) > MaxKeys || len(t.spill) > MaxKeys {
		return x.Damaged("spill", "more than %d keys", MaxKeys)
	}
	// Lists that share words could make the check quadratic: all together may
	// have no more than there are.
	var listed atomic.Int64
	err := x.Each(len(t.slots), func(first, end int) error {
		for g := first; g < end; g++ {
			list, err := t.checkGroup(x, g)
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
				return x.Damaged("spill", "group %d has a position behind the keys", g)
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
func (t *Table) checkGroup(x *snapfile.Exchange, g int) (list []uint32, err error) {
	tags, slots := &t.tags[g], &t.slots[g]
	var most uint32
	for _, p := range slots[:groupSlots] {
		most = max(most, p)
	}
	// Slots without a key are zero. Without any keys no tag may lead there.
	if n := uint32(len(t.keys)); most >= max(n, 1) || n == 0 && *tags != (tagGroup{}) {
		return nil, x.Damaged("slots", "group %d has a position behind the keys", g)
	}
	if tags[1]>>(8*spillByte) == 0 {
		return nil, nil
	}
	start, end := uint64(slots[spillSlot]&^spillMark), uint64(len(t.spill))
	if slots[spillSlot]&spillMark == 0 || start >= end || t.spill[start] == 0 || uint64(t.spill[start]) > end-start-1 {
		return nil, x.Damaged("slots", "group %d has no spill list where it should be", g)
	}
	return t.spill[start+1:][:t.spill[start]], nil
}
