//go:build !amd64 || purego

package tagtable

// Glance is [Table.Lookup] here: it is never unsure.
func (t *Table) Glance(k Key) (pos uint32, s Seen) { return t.look(k) }

// touchGroups reads one word of the group of each key. It keeps what it reads in
// a place that is free at the moment, for the compiler would drop a read of which
// nothing is kept.
func (t *Table) touchGroups(b *Batch, n int) {
	groups, seen := t.groups, uint64(0)
	for _, g := range b.groups[:n] {
		seen ^= groups[g].tags[0]
	}
	b.found[0].At = int(seen)
}

// touchKeys reads one word of the key at each position.
func (t *Table) touchKeys(b *Batch, at []uint32) {
	keys, last, seen := t.keys, uint32(len(t.keys)-1), uint64(0)
	for _, p := range at {
		seen ^= keys[min(p, last)].Lo
	}
	b.groups[0] = uint32(seen) // no block is on its way now
}

func (t *Table) collect(b *Batch, base, n int) { t.collectGo(b, base, n) }
