//go:build !amd64 || purego

package tagtable

import "unsafe"

// touchTags reads one word of the tags of each key. It keeps what it reads in a
// place that is free at the moment, for the compiler would drop a read of which
// nothing is kept.
func (t *Table) touchTags(b *Batch, n int) {
	tags := t.tags
	for i, g := range b.groups[:n] {
		b.found[i].At = int(tags[g][0])
	}
}

// touchSlots does nothing: readPositions is itself a loop of reads that do not
// depend on each other.
func (t *Table) touchSlots(*Batch, int) {}

// touchKeys reads one word of the key at each position.
func (t *Table) touchKeys(b *Batch, n int) {
	keys, last := t.keys, uint32(len(t.keys)-1)
	for i, p := range b.pos[:n] {
		b.found[i].At = int(keys[min(p, last)].Lo)
	}
}

func (t *Table) collect(b *Batch, base, n int) { t.collectGo(b, base, n) }

// prefetchLine is left to the processor.
func prefetchLine(unsafe.Pointer) {}
