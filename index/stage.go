package index

// chunks is a list that grows without moving its elements, so that a list of
// gigabytes never exists twice. The zero list is empty.
type chunks[T any] struct {
	parts []*[chunkLen]T
	len   int
}

const chunkLen = 1 << 12

func (c *chunks[T]) append(v T) {
	if c.len%chunkLen == 0 {
		c.parts = append(c.parts, new([chunkLen]T))
	}
	c.parts[c.len/chunkLen][c.len%chunkLen] = v
	c.len++
}

// at returns element i itself.
func (c *chunks[T]) at(i uint32) *T { return &c.parts[i/chunkLen][i%chunkLen] }

// arena holds byte strings of less than a part each. The zero arena is empty.
type arena struct {
	parts []([]byte)
}

const arenaPart = 1 << 20

// append copies b and returns where it is.
func (a *arena) append(b []byte) (at int64) {
	last := len(a.parts) - 1
	if last < 0 || len(a.parts[last])+len(b) > arenaPart {
		a.parts = append(a.parts, make([]byte, 0, arenaPart))
		last++
	}
	at = int64(last)*arenaPart + int64(len(a.parts[last]))
	a.parts[last] = append(a.parts[last], b...)
	return at
}

// at returns n bytes themselves.
func (a *arena) at(at int64, n uint32) []byte {
	return a.parts[at/arenaPart][at%arenaPart:][:n]
}
