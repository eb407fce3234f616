//go:build amd64 && !purego

package tagtable

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The assembly agrees with its portable twin, whatever the tags.
func TestCollectAgainstGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 9))
	groups := make([]group, 50)
	for range 20_000 {
		for i := range groups {
			g := &groups[i]
			for slot := range g.pos {
				g.pos[slot] = rng.Uint32()
			}
			g.tags = [2]uint64{rng.Uint64(), rng.Uint64() & rng.Uint64()}
		}
		var a Batch
		n := rng.IntN(Block + 1)
		a.waiting = rng.IntN(Block)
		for i := range n {
			a.Keys[i] = Key{rng.Uint64(), rng.Uint64()}
			a.groups[i] = rng.Uint32N(uint32(len(groups)))
			a.hashes[i] = rng.Uint64()
			if rng.IntN(2) == 0 { // a tag that is there, or zero
				a.hashes[i] = a.hashes[i]&^0xFF | groups[a.groups[i]].tags[rng.IntN(2)]>>(8*rng.IntN(8))&0xFF
			}
		}
		b := a
		table := &Table{groups: groups}
		base := rng.IntN(1 << 30)
		collectSSE2(&a, &groups[0], base, n)
		table.collectGo(&b, base, n)
		if a.waiting != b.waiting {
			t.Fatalf("%d keys wait, the twin has %d", a.waiting, b.waiting)
		}
		if a.Marked != b.Marked {
			t.Fatalf("marked %#x, the twin has %#x", a.Marked, b.Marked)
		}
		w := a.waiting
		// The twin may report a byte of 1 above a true zero; such candidates
		// are checked by their keys.
		for i := range w {
			if extra := a.slots[i] &^ b.slots[i]; extra != 0 {
				t.Fatalf("slots %#x, the twin has %#x", a.slots[i], b.slots[i])
			}
			if a.slots[i].first() != b.slots[i].first() {
				t.Fatalf("first slot %d, the twin has %d", a.slots[i].first(), b.slots[i].first())
			}
		}
		if !slices.Equal(a.want[:w], b.want[:w]) || !slices.Equal(a.at[:w], b.at[:w]) || !slices.Equal(a.group[:w], b.group[:w]) || !slices.Equal(a.pos[:w], b.pos[:w]) {
			t.Fatal("the waiting keys differ from the twin's")
		}
	}
}
