// Package tagtable finds 128-bit keys in a sorted array of them, most quickly
// the keys that are not there: a register of wanted vehicles answers a thousand
// searches with "no" for each "yes".
//
// # Terms
//
//   - A key is two words. The keys lie sorted in one array; a key's position in
//     it is what a lookup returns.
//   - A slot holds the position of one key. A group is 12 slots.
//   - A tag is eight bits of a key's hash, one beside each slot. A lookup that
//     sees no equal tag in its group has its answer.
//   - Of a group with more keys than slots, the first 11 have slots and the
//     others are spilled: their positions stand in a list of that group, in the
//     order of the keys, and the last slot leads there.
//   - A marked key is one that somebody knows more of, elsewhere; it need not be
//     in the table. Package index marks the keys of changes.
//
// # Layout
//
// A group is one cache line, so that a miss reads one and a hit one more, that of
// the key:
//
//	groups  pos pos ... pos   tag tag ... tag   spill bits   marks
//	         12 words            12 bytes         16 bits    16 bits      64 bytes
//	spill   count, pos, pos, ...   count, pos, ...
//	keys    hi, lo   hi, lo   ...
//
// The high bits of a hash choose the group, the low eight the tag, and between
// them four each one of 16 spill bits and one of 16 marks. A spilled key sets its
// spill bit in its group: a lookup reads the list only where its own bit is set, so
// that full groups hardly slow a miss. A slot without a key has tag 0, which no key
// has.
//
// A marked key sets its mark in its group. A lookup has the group at hand, so that
// it costs next to nothing to see that its key is not marked, where a filter would
// cost another line. Marks are the only thing of a table that changes: they may be
// set while others look up.
//
// # Bounds
//
// There is no probing from group to group. A lookup compares at most 12 keys
// and then searches one sorted list, so that no choice of keys, not even one
// made with the seed in hand, costs it more than the logarithm of their number.
//
// # Filling
//
// The table is made once and never changes. Build partitions the keys by runs
// of groups, called shards, small enough that filling one stays in the cache,
// and fills the shards in parallel. The result depends on keys and seed alone.
//
// A group gets 8.25 keys in the mean. Then 2.9 % of the keys are spilled, 8 % of
// the groups spill, and 5 % of misses find a candidate: see BenchmarkLoad. More
// keys a group spill more often; with fewer, keys and groups take more than 24
// bytes a key.
//
// # What else was tried
//
// BenchmarkLayouts asks tables in batches, in turns with one that has groups of 16
// tags in one array, so that more of them stay in the nearer caches, and the
// positions in another. How many times as long as that they take, on 20 million
// keys with a third-level cache of 32 MB, give or take a tenth:
//
//	                                      misses   hits   bytes a key
//	tags and positions in one line of 64    0.9     0.8       7.8
//	tags apart                              1.0     1.0       7.6
//	  reads instead of prefetches           1.0     1.1       7.6
//	  xxhash instead of two products        1.3     1.1       7.6
//	  groups of 32 tags, 24.5 keys          1.2     1.5       6.5
//	  groups of 64 tags, 54 keys            1.7     1.5       5.9
//	  tags of 16 bits                       1.0     1.0       9.1
//	  keys of 11 bytes                      1.0     1.3       7.6
//	  keys of 13 bytes                      1.0     1.3       7.6
//
// The table has one line for both. It takes longer where tags alone would stay in
// the third-level cache: a tenth, for misses among five to seven million keys.
// Larger groups make more false candidates, which wider tags would avoid, but
// then fewer tags stay in a nearer cache. Shorter keys straddle cache lines, and
// a caller would first have to shorten his.
//
// Blocks that go through the phases side by side, so that the reads of one overlap
// the comparing of another, gained nothing: the processor does that by itself.
// Comparing all tags of a group at once, which the table does on amd64 and none of
// these do, makes a batch of misses a sixth faster. One key in 35 is spilled: that
// a batch asks for the keys in its lists all at once makes hits a tenth faster.
//
// # The floor
//
// A hit reads two lines. Random reads of such lines that do not wait for one
// another, from arrays as large, take 13 to 15 ns each; a hit in a batch takes 1.3
// to 1.6 times as long as two of them (BenchmarkFloor, BenchmarkLookup). A single
// hit waits for its two lines in turn. What single lookups that follow one another
// overlap depends on how many of them the processor holds at once: in assembly, in
// fewer instructions, a hit takes two thirds of the time that it takes with the tag
// purego (BenchmarkLookup in package index).
package tagtable

import (
	"cmp"
	"math/bits"
	"sync/atomic"
)

// A Key is a number of 128 bits, ordered as one.
type Key struct{ Hi, Lo uint64 }

// Compare orders keys by Hi, then Lo.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.Hi, o.Hi); c != 0 {
		return c
	}
	return cmp.Compare(k.Lo, o.Lo)
}

const (
	groupSlots = 12
	spillSlot  = groupSlots - 1 // of a group that spills: leads to its list
	spillAt    = 32             // where spill bits begin in the second tag word
	spillBits  = 16
	markAt     = spillAt + spillBits // where marks begin there
	markBits   = 16

	// spillMark is set in a slot that leads to a list, so that it never looks
	// like the position of a key.
	spillMark = 1 << 31
)

// MaxKeys is how many keys a table can hold: their positions and the starts of
// spill lists stay below spillMark.
const MaxKeys = spillMark - spillMark/8

// A group is a cache line.
type group struct {
	pos  [groupSlots]uint32
	tags [2]uint64 // the last four bytes are spill bits and marks
}

// tags1 returns the second tag word, whose marks others may be setting.
func (g *group) tags1() uint64 { return atomic.LoadUint64(&g.tags[1]) }

// spills reports whether a group has a list.
func (g *group) spills() bool { return g.tags1()>>spillAt&(1<<spillBits-1) != 0 }

// A Table maps keys to their positions in the array it was built on. Any number
// of goroutines may use it, and set marks.
type Table struct {
	seed   [4]uint64
	groups []group
	spill  []uint32
	keys   []Key
}

// Bytes returns the memory that the table holds beside the keys.
func (t *Table) Bytes() int {
	return len(t.groups)*64 + len(t.spill)*4
}

// Spilled returns how many keys stand in spill lists.
func (t *Table) Spilled() (n int) {
	for i := 0; i < len(t.spill); i += int(t.spill[i]) + 1 {
		n += int(t.spill[i])
	}
	return n
}

// Seen is what is known of a key after a look at its group.
type Seen int

// What is known of a key.
const (
	Absent Seen = iota
	Present
	Unsure // its first candidate is another key, or a list
)

// Lookup returns the first position of k. It does not allocate.
//
// Lookups that follow one another overlap as far as the instructions between their
// reads fit the processor. So the common case is a short [Table.Glance].
func (t *Table) Lookup(k Key) (pos uint32, ok bool) {
	pos, s := t.Glance(k)
	if s == Unsure {
		pos, s = t.look(k)
	}
	return pos, s == Present
}

// look looks for k wherever it may be.
func (t *Table) look(k Key) (pos uint32, s Seen) {
	h := t.hash(k)
	g, all := &t.groups[t.group(h)], tag(h)*eachByte
	tags1 := g.tags1()
	c := equalTags(g.tags[0]^all, tags1^all) | spillOf(tags1, h)
	if c == 0 {
		return 0, Absent
	}
	// The first candidate is nearly always the only one: a loop over c would
	// mispredict its end.
	p := g.pos[c.first()]
	if uint(p) < uint(len(t.keys)) && t.keys[p] == k {
		return p, Present
	}
	if p, ok := t.rest(k, g, c); ok {
		return p, Present
	}
	return 0, Absent
}

// rest looks at the candidates, of which the first is not the key in its slot.
func (t *Table) rest(k Key, g *group, c candidates) (pos uint32, ok bool) {
	for ; c != 0; c &= c - 1 {
		p := g.pos[c.first()]
		if p&spillMark != 0 {
			if p, ok := t.spilled(k, p); ok {
				return p, true
			}
		} else if t.keys[p] == k {
			return p, true
		}
	}
	return 0, false
}

// spilled looks at the spill list that a slot leads to.
func (t *Table) spilled(k Key, slot uint32) (pos uint32, ok bool) {
	start := slot &^ spillMark
	list := t.spill[start+1:][:t.spill[start]]
	// Positions ascend with their keys.
	lo, hi := 0, len(list)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.keys[list[mid]].Compare(k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(list) && t.keys[list[lo]] == k {
		return list[lo], true
	}
	return 0, false
}

// hash mixes both words with two full products. Its quality matters to speed
// alone: no lookup depends on it for its answer or its bound.
func (t *Table) hash(k Key) uint64 {
	hi, lo := bits.Mul64(k.Hi^t.seed[0], k.Lo^t.seed[1])
	hi, lo = bits.Mul64(hi^lo^t.seed[2], t.seed[3])
	return hi ^ lo
}

// tag returns the tag of a hash, 1 to 255.
func tag(h uint64) uint64 {
	b := h & 0xFF
	return b | (b-1)>>63
}

// spillBit returns which of a group's spill bits is that of a hash.
func spillBit(h uint64) uint64 { return h >> 8 & (spillBits - 1) }

// Mark marks a key of hash h.
func (t *Table) Mark(h uint64) {
	atomic.OrUint64(&t.groups[t.group(h)].tags[1], 1<<(markAt+markBit(h)))
}

// Marked reports whether a key of hash h may be marked: it is not if it says so.
func (t *Table) Marked(h uint64) bool {
	return t.groups[t.group(h)].tags1()>>(markAt+markBit(h))&1 != 0
}

// markBit returns which of a group's marks is that of a hash.
func markBit(h uint64) uint64 { return h >> 12 & (markBits - 1) }

// candidates is the set of slots that may hold a key or lead to it: bit 8i for
// slot i and bit 8i+1 for slot 8+i.
type candidates uint64

// first returns the slot of the lowest candidate, if there is one.
func (c candidates) first() int {
	bit := bits.TrailingZeros64(uint64(c))
	return bit>>3 | bit&1<<3
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

// equalTags returns the slots whose tags are zero in a group's words after the
// wanted tag was subtracted from all of them (exclusive or). The test for a zero
// byte, (x-1)&^x in its high bit, also reports a byte of 1 just above a true
// zero: such a candidate fails when its key is compared.
func equalTags(a, b uint64) candidates {
	a = (a - eachByte) &^ a & highBits
	b = (b - eachByte) &^ b & (highBits >> (64 - spillAt)) // the rest are no tags
	return candidates(a>>7 | b>>6)
}

// spillOf returns the last slot if it leads to a list in which the key of a hash
// may be.
func spillOf(w1, h uint64) candidates {
	return candidates(w1>>(spillAt+spillBit(h))&1) << (8*(spillSlot-8) + 1)
}
