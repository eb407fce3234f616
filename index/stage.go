package index

import "github.com/vinmatch/vinmatch/internal/hugepage"

// stagePart is about what a part of a list takes: several huge pages, so that
// filling gigabytes does not take a fault for each small page.
const stagePart = 8 << 20

// chunks is a list that grows without moving more than its first part, so that a
// list of gigabytes never exists twice. The zero list is empty.
type chunks[T any] struct {
	parts [][]T
	len   int
}

// chunkShift is such that a part of elements of up to 64 bytes takes stagePart at
// most.
const (
	chunkShift = 17
	chunkLen   = 1 << chunkShift
)

func (c *chunks[T]) append(v T) {
	last := len(c.parts) - 1
	if c.len&(chunkLen-1) == 0 {
		if last++; last == 0 {
			c.parts = append(c.parts, nil) // of a length that few need: it grows
		} else {
			c.parts = append(c.parts, hugepage.Make[T](chunkLen)[:0])
		}
	}
	c.parts[last] = append(c.parts[last], v)
	c.len++
}

// at returns element i itself. It stays where it is once there are chunkLen
// elements.
func (c *chunks[T]) at(i uint32) *T { return &c.parts[i>>chunkShift][i&(chunkLen-1)] }

// arena holds byte strings of less than a part each. The zero arena is empty.
type arena struct {
	parts []([]byte)
}

const arenaPart = stagePart

// append copies b and returns where it is.
func (a *arena) append(b []byte) (at int64) {
	last := len(a.parts) - 1
	if last < 0 || len(a.parts[last])+len(b) > arenaPart {
		if last++; last == 0 {
			a.parts = append(a.parts, nil)
		} else {
			a.parts = append(a.parts, hugepage.Make[byte](arenaPart)[:0])
		}
	}
	at = int64(last)*arenaPart + int64(len(a.parts[last]))
	a.parts[last] = append(a.parts[last], b...)
	return at
}

// at returns n bytes themselves.
func (a *arena) at(at int64, n uint32) []byte {
	return a.parts[at/arenaPart][at%arenaPart:][:n]
}
