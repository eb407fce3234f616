//go:build amd64 && !purego

package tagtable

import "unsafe"

// Glance looks for k in the first slot that may hold it, which nearly always tells
// all; see [Table.Lookup].
func (t *Table) Glance(k Key) (pos uint32, s Seen) { return glanceSSE2(t, k.Hi, k.Lo) }

//go:noescape
func glanceSSE2(t *Table, hi, lo uint64) (pos uint32, s Seen)

// touchGroups asks for the group of each key. Unlike a read, a prefetch retires
// at once: the processor goes on to the next phase while the lines come.
func (t *Table) touchGroups(b *Batch, n int) {
	prefetch(unsafe.Pointer(unsafe.SliceData(t.groups)), unsafe.Sizeof(group{}), &b.groups[0], n)
}

// touchKeys asks for the keys at positions. One that leads to a spill list lies
// outside the array, which a prefetch may.
func (t *Table) touchKeys(_ *Batch, at []uint32) {
	if len(at) > 0 {
		prefetch(unsafe.Pointer(unsafe.SliceData(t.keys)), unsafe.Sizeof(Key{}), &at[0], len(at))
	}
}

func (t *Table) collect(b *Batch, base, n int) {
	collectSSE2(b, unsafe.SliceData(t.groups), base, n)
}

// prefetch asks for the cache lines at base + size*at[i]. It reads nothing, so
// that any address will do.
//
//go:noescape
func prefetch(base unsafe.Pointer, size uintptr, at *uint32, n int)

// collectSSE2 is collectGo with the tags compared sixteen at a time.
//
//go:noescape
func collectSSE2(b *Batch, groups *group, base, n int)
