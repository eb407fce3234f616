package tagtable

import (
	"math/bits"
	"slices"
)

// BuildLoad is Build with another mean number of keys in a group.
var BuildLoad = build

// Group returns the group of a key.
func (t *Table) Group(k Key) uint64 {
	g, _ := bits.Mul64(t.hash(k), uint64(len(t.tags)))
	return g
}

// Product returns the key whose words the hash multiplies as a and b.
func (t *Table) Product(a, b uint64) Key { return Key{a ^ t.seed[0], b ^ t.seed[1]} }

// LongestSpill returns the length of the longest spill list.
func (t *Table) LongestSpill() (n int) {
	for i := 0; i < len(t.spill); i += int(t.spill[i]) + 1 {
		n = max(n, int(t.spill[i]))
	}
	return n
}

// Equal reports whether two tables hold the same words.
func (t *Table) Equal(o *Table) bool {
	return t.seed == o.seed && slices.Equal(t.tags, o.tags) &&
		slices.Equal(t.slots, o.slots) && slices.Equal(t.spill, o.spill)
}

// Arrays returns the memory of a table.
func (t *Table) Arrays() ([]tagGroup, []slotGroup, []uint32) { return t.tags, t.slots, t.spill }
