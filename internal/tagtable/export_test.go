package tagtable

import (
	"slices"
)

// BuildLoad is Build with another mean number of keys in a group.
var BuildLoad = build

// Group returns the group of a key.
func (t *Table) Group(k Key) uint64 { return t.group(t.hash(k)) }

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
	return t.seed == o.seed && slices.Equal(t.groups, o.groups) && slices.Equal(t.spill, o.spill)
}

// Groups returns how many groups there are.
func (t *Table) Groups() int { return len(t.groups) }

// Parts returns the memory of a group, and of the spill lists.
func (t *Table) Parts(g int) (slots *[groupSlots]uint32, tags *[2]uint64, spill []uint32) {
	return &t.groups[g].pos, &t.groups[g].tags, t.spill
}

// GroupForm is how a group stands in a file.
var GroupForm = groupForm
