//go:build !amd64 || purego

package tagtable

// touchGroups reads one word of the group of each key. It keeps what it reads in
// a place that is free at the moment, for the compiler would drop a read of which
// nothing is kept.
func (t *Table) touchGroups(b *Batch, n int) {
	groups := t.groups
	for i, g := range b.groups[:n] {
		b.found[i].At = int(groups[g].tags[0])
	}
}

// touchKeys reads one word of the key at each position.
func (t *Table) touchKeys(b *Batch, n int) {
	keys, last := t.keys, uint32(len(t.keys)-1)
	for i, p := range b.pos[:n] {
		b.found[i].At = int(keys[min(p, last)].Lo)
	}
}

func (t *Table) collect(b *Batch, base, n int) { t.collectGo(b, base, n) }
