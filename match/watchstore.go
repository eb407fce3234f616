package match

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The memory of a Watch is pages of one size, which four structures share, and
// a hash table:
//
//	texts:   ...|inquiry, encoded|inquiry, encoded|...   a queue of bytes
//	slots:   ...[slot][slot][slot]...                    a queue, one an inquiry
//	nodes:   ...[node][node][node][node]...              a queue, one a key of an inquiry
//	marks:   [mark][mark]...                             a free list
//	table:   hash of a key -> the latest node of that key
//
// An inquiry has a sequence number. Its slot says where its bytes and its first
// node are; its nodes end where those of the next begin. A node knows its
// inquiry and how many nodes before it the one before of the same key is. So the
// inquiries of a key are a chain from the latest to the oldest, and a link that
// leads before the first node there is ends it: nothing has to be unlinked when
// the oldest inquiry goes. Only where that inquiry's node is the latest of its
// key, the entry leaves the table.
//
// The table is open-addressed with linear probing, at most three quarters full.
// An entry holds 31 bits of the hash beside the node, so that a key that is not
// there, which is nearly every one of the thousands that a record is looked for
// under, is known without reading a node. Entries leave by shifting back those
// behind them, so that nothing slows down over years. Hashes are seeded.
//
// Keys themselves are not kept: two keys of one hash give a candidate too many,
// and candidates are asked of the Matcher anyway.
//
// Nothing in here is a pointer but the pages. Pages are never given back; what
// bounds their number, and the greatest table, with room for the half of it that
// lives beside it while it doubles, make up the bound of the whole.

const (
	watchPage = 1 << 14

	slotSize = 32
	nodeSize = 16
	markSize = 16

	firstTable = 1 << 8

	// maxWatchKeys is how many keys an inquiry may have: a third of the table
	// that the least memory has.
	maxWatchKeys = 1 << 11
)

// A watchPool hands out pages, as many as it may have.
type watchPool struct {
	max   int
	count int
	free  [][]byte
}

func (p *watchPool) full() bool { return p.count == p.max && len(p.free) == 0 }

// take returns a page; nil if there is none.
func (p *watchPool) take() []byte {
	if n := len(p.free); n > 0 {
		page := p.free[n-1]
		p.free = p.free[:n-1]
		return page
	}
	if p.count == p.max {
		return nil
	}
	p.count++
	return make([]byte, watchPage)
}

// A watchQueue is a queue of bytes in pages. Places in it are counted from the
// beginning of time.
type watchQueue struct {
	pool        *watchPool
	pages       [][]byte
	first, next uint64 // of the bytes that are there
	page        uint64 // where pages[0] begins
}

// room returns how many bytes can be pushed without another page.
func (q *watchQueue) room() uint64 { return q.page + uint64(len(q.pages))*watchPage - q.next }

// grow adds a page, and reports whether there was one.
func (q *watchQueue) grow() bool {
	page := q.pool.take()
	if page == nil {
		return false
	}
	q.pages = append(q.pages, page)
	return true
}

// at returns the bytes from a place to the end of its page.
func (q *watchQueue) at(place uint64) []byte {
	place -= q.page
	return q.pages[place/watchPage][place%watchPage:]
}

// push appends b, for which there is room, and returns where it is.
func (q *watchQueue) push(b []byte) uint64 {
	place := q.next
	for len(b) > 0 {
		n := copy(q.at(q.next), b)
		b = b[n:]
		q.next += uint64(n)
	}
	return place
}

// read appends n bytes from a place to dst.
func (q *watchQueue) read(dst []byte, place uint64, n int) []byte {
	for n > 0 {
		b := q.at(place)
		b = b[:min(len(b), n)]
		dst = append(dst, b...)
		place += uint64(len(b))
		n -= len(b)
	}
	return dst
}

// pop drops what stands before a place.
func (q *watchQueue) pop(place uint64) {
	q.first = place
	n := 0
	for q.page+watchPage <= place {
		q.pool.free = append(q.pool.free, q.pages[n])
		n++
		q.page += watchPage
	}
	if n > 0 {
		left := copy(q.pages, q.pages[n:])
		clear(q.pages[left:])
		q.pages = q.pages[:left]
	}
}

// A watchSlot is what is known of an inquiry beside its bytes.
type watchSlot struct {
	text  uint64 // where it is encoded
	node  uint64 // the place of its first node
	from  int64  // milliseconds since 1970 from which it is kept
	size  uint32 // of its bytes
	marks uint32 // 1 + the first of its marks; 0: none
}

type watchStore struct {
	pool  watchPool
	texts watchQueue
	slots watchQueue
	nodes watchQueue

	marks     [][]byte // pages of marks
	maxMarks  int      // pages
	freeMark  uint32   // 1 + the first of the free list
	liveMarks int

	table    []uint64 // empty: 0; else entryBit, 31 bits of the hash, 32 of the number of the node
	shift    uint8
	keys     int // in the table
	maxTable int

	strange int // inquiries in memory whose reads may have two errors
	buf     []byte
}

const entryBit = 1 << 63

// newWatchStore returns a store of at most so many bytes.
func newWatchStore(maxBytes int64) *watchStore {
	st := &watchStore{maxTable: firstTable}
	for int64(st.maxTable)*2*12 <= maxBytes/4 && st.maxTable < 1<<30 {
		st.maxTable *= 2
	}
	pages := (maxBytes - int64(st.maxTable)*12) / watchPage
	st.pool.max = int(min(pages, math.MaxInt32))
	st.maxMarks = max(st.pool.max/4, 1)
	st.texts.pool, st.slots.pool, st.nodes.pool = &st.pool, &st.pool, &st.pool
	st.setTable(firstTable)
	return st
}

func (st *watchStore) setTable(size int) {
	st.table = make([]uint64, size)
	st.shift = uint8(64 - bits.Len(uint(size-1)))
}

// bytes returns the memory that is held.
func (st *watchStore) bytes() int64 {
	return int64(st.pool.count)*watchPage + int64(len(st.table))*8
}

// first and next return the sequence numbers of the oldest inquiry and of the
// one to come.
func (st *watchStore) first() uint64 { return st.slots.first / slotSize }
func (st *watchStore) next() uint64  { return st.slots.next / slotSize }
func (st *watchStore) held() int     { return int(st.next() - st.first()) }

// startAt makes seq the sequence number of the first inquiry of an empty store.
func (st *watchStore) startAt(seq uint64) {
	q := &st.slots
	q.first, q.next, q.page = seq*slotSize, seq*slotSize, seq*slotSize/watchPage*watchPage
	if seq*slotSize%watchPage != 0 {
		q.grow()
	}
}

func (st *watchStore) slot(seq uint64) watchSlot {
	b := st.slots.at(seq * slotSize)[:slotSize]
	return watchSlot{
		text:  binary.LittleEndian.Uint64(b),
		node:  binary.LittleEndian.Uint64(b[8:]),
		from:  int64(binary.LittleEndian.Uint64(b[16:])),
		size:  binary.LittleEndian.Uint32(b[24:]),
		marks: binary.LittleEndian.Uint32(b[28:]),
	}
}

// text returns an inquiry as it is encoded, until the next call.
func (st *watchStore) text(s *watchSlot) []byte {
	st.buf = st.texts.read(st.buf[:0], s.text, int(s.size))
	return st.buf
}

// put remembers an inquiry: its bytes, and the hashes of its keys, which are
// different ones. It forgets the oldest ones as far as it takes, and reports how
// many, and whether it is not too large.
func (st *watchStore) put(text []byte, hashes []uint64, from int64) (evicted int, ok bool) {
	if len(hashes) > maxWatchKeys {
		return 0, false
	}
	for _, need := range []struct {
		q *watchQueue
		n int
	}{{&st.texts, len(text)}, {&st.slots, slotSize}, {&st.nodes, len(hashes) * nodeSize}} {
		for need.q.room() < uint64(need.n) {
			if need.q.grow() {
				continue
			}
			if st.held() == 0 {
				return evicted, false
			}
			st.evict()
			evicted++
		}
	}
	for 4*(st.keys+len(hashes)) > 3*len(st.table) {
		if len(st.table) < st.maxTable {
			st.double()
			continue
		}
		st.evict()
		evicted++
	}
	seq := st.next()
	var b [slotSize]byte
	binary.LittleEndian.PutUint64(b[:], st.texts.push(text))
	binary.LittleEndian.PutUint64(b[8:], st.nodes.next)
	binary.LittleEndian.PutUint64(b[16:], uint64(from))
	binary.LittleEndian.PutUint32(b[24:], uint32(len(text)))
	st.slots.push(b[:])
	for _, h := range hashes {
		st.link(h, seq)
	}
	return evicted, true
}

// link appends a node of an inquiry.
func (st *watchStore) link(h, seq uint64) {
	n := st.nodes.next / nodeSize
	var before uint32
	at, old, ok := st.find(h)
	if ok {
		before = uint32(n - old)
	} else {
		st.keys++
	}
	st.table[at] = entry(h, n)
	var b [nodeSize]byte
	binary.LittleEndian.PutUint64(b[:], h)
	binary.LittleEndian.PutUint32(b[8:], before)
	binary.LittleEndian.PutUint32(b[12:], uint32(seq))
	st.nodes.push(b[:])
}

func entry(h, n uint64) uint64 { return entryBit | h&(1<<31-1)<<32 | n&math.MaxUint32 }

// whole returns the number whose lower half is low, and which is first or one of
// the 2^32 after it.
func whole(low uint32, first uint64) uint64 { return first + uint64(low-uint32(first)) }

// find returns the place of a key's entry and its node, or the place where it
// belongs.
func (st *watchStore) find(h uint64) (at int, node uint64, ok bool) {
	want := uint32(h)&(1<<31-1) | 1<<31
	for at = int(h >> st.shift); ; at = (at + 1) & (len(st.table) - 1) {
		e := st.table[at]
		if e == 0 {
			return at, 0, false
		}
		if uint32(e>>32) != want {
			continue
		}
		node = whole(uint32(e), st.nodes.first/nodeSize)
		if st.hashOf(node) == h {
			return at, node, true
		}
	}
}

func (st *watchStore) hashOf(node uint64) uint64 {
	return binary.LittleEndian.Uint64(st.nodes.at(node * nodeSize))
}

// double makes the table twice as large.
func (st *watchStore) double() {
	old := st.table
	st.setTable(2 * len(old))
	for _, e := range old {
		if e == 0 {
			continue
		}
		n := whole(uint32(e), st.nodes.first/nodeSize)
		at := int(st.hashOf(n) >> st.shift)
		for st.table[at] != 0 {
			at = (at + 1) & (len(st.table) - 1)
		}
		st.table[at] = e
	}
}

// remove takes an entry out of the table.
func (st *watchStore) remove(at int) {
	mask := len(st.table) - 1
	hole := at
	for i := (at + 1) & mask; st.table[i] != 0; i = (i + 1) & mask {
		home := int(st.hashOf(whole(uint32(st.table[i]), st.nodes.first/nodeSize)) >> st.shift)
		if (i-home)&mask >= (i-hole)&mask { // it may stand in the hole
			st.table[hole] = st.table[i]
			hole = i
		}
	}
	st.table[hole] = 0
	st.keys--
}

// evict forgets the oldest inquiry.
func (st *watchStore) evict() {
	seq := st.first()
	s := st.slot(seq)
	end, text := st.nodes.next, s.text+uint64(s.size)
	if seq+1 < st.next() {
		end = st.slot(seq + 1).node
	}
	for n := s.node / nodeSize; n < end/nodeSize; n++ {
		if at, latest, ok := st.find(st.hashOf(n)); ok && latest == n {
			st.remove(at)
		}
	}
	for m := s.marks; m != 0; {
		b := st.mark(m)
		next := binary.LittleEndian.Uint32(b[8:])
		binary.LittleEndian.PutUint32(b[8:], st.freeMark)
		st.freeMark, m = m, next
		st.liveMarks--
	}
	if st.text(&s)[0]&strangeInquiry != 0 {
		st.strange--
	}
	st.nodes.pop(end)
	st.texts.pop(text)
	st.slots.pop((seq + 1) * slotSize)
}

// appendInquiries appends the sequence numbers of the inquiries with a key.
func (st *watchStore) appendInquiries(dst []uint64, h uint64) []uint64 {
	_, n, ok := st.find(h)
	for first := st.nodes.first / nodeSize; ok; {
		b := st.nodes.at(n * nodeSize)[:nodeSize]
		dst = append(dst, whole(binary.LittleEndian.Uint32(b[12:]), st.first()))
		before := uint64(binary.LittleEndian.Uint32(b[8:]))
		ok = before != 0 && n-first >= before
		n -= before
	}
	return dst
}

// mark returns a mark by 1 + its number.
func (st *watchStore) mark(m uint32) []byte {
	at := int(m-1) * markSize
	return st.marks[at/watchPage][at%watchPage:][:markSize]
}

// marked yields the marks of an inquiry until yield returns false.
func (st *watchStore) marked(s *watchSlot, yield func(uint64) bool) {
	for m := s.marks; m != 0; {
		b := st.mark(m)
		if !yield(binary.LittleEndian.Uint64(b)) {
			return
		}
		m = binary.LittleEndian.Uint32(b[8:])
	}
}

func (st *watchStore) hasMark(s *watchSlot, mark uint64) (has bool) {
	st.marked(s, func(m uint64) bool { has = m == mark; return !has })
	return has
}

// addMark marks an inquiry. To make room it may forget the oldest ones; it
// returns how many.
func (st *watchStore) addMark(seq, mark uint64) (evicted int) {
	for st.freeMark == 0 {
		if len(st.marks) < st.maxMarks && !st.pool.full() {
			st.marks = append(st.marks, st.pool.take())
			n := uint32(len(st.marks)) * (watchPage / markSize)
			for m := n; m > n-watchPage/markSize; m-- {
				binary.LittleEndian.PutUint32(st.mark(m)[8:], st.freeMark)
				st.freeMark = m
			}
			break
		}
		st.evict()
		evicted++
		if seq < st.first() {
			return evicted
		}
	}
	m := st.freeMark
	b := st.mark(m)
	st.freeMark = binary.LittleEndian.Uint32(b[8:])
	s := st.slot(seq)
	binary.LittleEndian.PutUint64(b, mark)
	binary.LittleEndian.PutUint32(b[8:], s.marks)
	binary.LittleEndian.PutUint32(st.slots.at(seq * slotSize)[28:], m)
	st.liveMarks++
	return evicted
}
