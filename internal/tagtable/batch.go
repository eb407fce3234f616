package tagtable

import "math/bits"

// Block is how many keys go through each phase of a batch together: enough to
// keep all reads that a processor can have outstanding busy, while the lines
// they bring fit its first cache several times over.
const Block = 64

// A Batch carries many lookups through the table together, so that their cache
// misses overlap. It is scratch space for one goroutine and meant to live on its
// stack; the zero Batch is ready. Fill Keys, call Probe, and Flush at the end:
//
//	var b tagtable.Batch
//	for base := 0; base < len(want); base += tagtable.Block {
//		n := min(tagtable.Block, len(want)-base)
//		for i := range n {
//			b.Keys[i].Hi, b.Keys[i].Lo = want[base+i].Hi, want[base+i].Lo
//		}
//		for _, f := range t.Probe(&b, base, n) { ... }
//	}
//	for _, f := range t.Flush(&b) { ... }
//
// The words are assigned one by one because a wider copy would be read back in
// narrower pieces at once, which stalls the processor.
//
// Each phase is a short loop without branches that depend on what it reads. A
// mispredicted branch behind a slow read throws away all reads begun after it,
// and the instructions that wait for a slow read fill the processor's scheduler
// before enough further reads have begun. Keys that may be there are set aside
// until a block of them has come together, so that the reads of the keys at
// their positions overlap too, instead of holding up every block of misses for
// the few false tags in it.
type Batch struct {
	Keys   [Block]Key // the block to probe
	Marked uint64     // which keys of the block that was probed last may be marked

	hashes [Block]uint64
	groups [Block]uint32

	// Keys with candidates, and what is known of them.
	waiting int
	want    [2 * Block]Key
	at      [2 * Block]int
	group   [2 * Block]uint32
	slots   [2 * Block]candidates
	pos     [2 * Block]uint32 // in the first of the slots

	found [2 * Block]Found
	left  [2 * Block]uint8 // of those that waited: more than one look is needed
}

// Found says that the key that was number At of the batch is at Pos.
type Found struct {
	At  int
	Pos uint32
}

// Probe looks up the first n keys of b.Keys, at most [Block], which are numbers
// base, base+1 ... of the batch. It returns keys that are found and that no call
// returned before, in no particular order; the result is valid until the next
// call. It does not allocate.
func (t *Table) Probe(b *Batch, base, n int) []Found {
	n = min(n, Block)
	t.hashBlock(b, n)
	t.touchGroups(b, n)
	t.collect(b, base, n)
	if b.waiting < Block {
		return nil
	}
	return t.Flush(b)
}

// Flush looks up the keys that still wait and returns those that are found, as
// Probe does. The batch is then ready for other keys.
func (t *Table) Flush(b *Batch) []Found {
	n := b.waiting
	b.waiting = 0
	if n == 0 || len(t.keys) == 0 {
		return nil
	}
	t.touchKeys(b, b.pos[:n])
	found, left := t.compare(b, n)
	if left > 0 {
		found = t.lookOn(b, found, left)
	}
	return b.found[:found]
}

// lookOn looks at the other candidates and the spill lists of keys that need it,
// and adds those that are found. The keys in short lists are asked for at once.
func (t *Table) lookOn(b *Batch, found, left int) int {
	const most = 3
	var listed [2 * Block]uint32
	n := 0
	for _, i := range b.left[:left] {
		p := b.pos[i&(2*Block-1)]
		if p&spillMark == 0 || n > len(listed)-most {
			continue
		}
		start := p &^ spillMark
		n += copy(listed[n:], t.spill[start+1:][:min(t.spill[start], most)])
	}
	t.touchKeys(b, listed[:n])
	for _, i := range b.left[:left] {
		i &= 2*Block - 1
		if p, ok := t.rest(b.want[i], &t.groups[b.group[i]], b.slots[i]); ok {
			b.found[found&(2*Block-1)] = Found{b.at[i], p}
			found++
		}
	}
	return found
}

func (t *Table) hashBlock(b *Batch, n int) {
	groups := uint64(len(t.groups))
	s0, s1, s2, s3 := t.seed[0], t.seed[1], t.seed[2], t.seed[3]
	for i := range b.Keys[:n] {
		hi, lo := bits.Mul64(b.Keys[i].Hi^s0, b.Keys[i].Lo^s1)
		hi, lo = bits.Mul64(hi^lo^s2, s3)
		h := hi ^ lo
		g, _ := bits.Mul64(h, groups)
		b.hashes[i] = h
		b.groups[i] = uint32(g)
	}
}

// collectGo appends the keys that have candidates to those that wait, with the
// position in the first candidate. It writes every key there and moves on only if
// the key has one. It also sets b.Marked.
func (t *Table) collectGo(b *Batch, base, n int) {
	groups := t.groups
	const mask = 2*Block - 1
	w, marked := b.waiting, uint64(0)
	for i, at := range b.groups[:n] {
		h := b.hashes[i]
		g, all := &groups[at], tag(h)*eachByte
		tags1 := g.tags1()
		c := equalTags(g.tags[0]^all, tags1^all) | spillOf(tags1, h)
		marked |= tags1 >> (markAt + markBit(h)) & 1 << i
		b.want[w&mask].Hi = b.Keys[i].Hi
		b.want[w&mask].Lo = b.Keys[i].Lo
		b.at[w&mask] = base + i
		b.group[w&mask] = at
		b.slots[w&mask] = c
		b.pos[w&mask] = g.pos[c.first()]
		w += int(one(uint64(c)))
	}
	b.waiting, b.Marked = w, marked
}

// compare moves keys that are where they were looked for to b.found, and the
// numbers of those that may be elsewhere to b.left.
func (t *Table) compare(b *Batch, n int) (found, left int) {
	const mask = 2*Block - 1
	keys, last := t.keys, uint32(len(t.keys)-1)
	for i, p := range b.pos[:n] {
		k := &keys[min(p, last)]
		list := uint64(p / spillMark)
		differs := one((k.Hi^b.want[i].Hi)|(k.Lo^b.want[i].Lo)) | list
		b.found[found&mask] = Found{b.at[i], p}
		found += int(1 - differs)
		c := b.slots[i]
		b.left[left&mask] = uint8(i)
		left += int(differs & one(uint64(c&(c-1))|list))
	}
	return found, left
}

// one returns 1, or 0 if x is 0, without a branch.
func one(x uint64) uint64 { return (x | -x) >> 63 }
