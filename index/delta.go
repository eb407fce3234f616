package index

import (
	"bytes"
	"iter"
	"math/bits"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// A delta is what changed since its segment was made. One writer appends to it
// while any number of readers use it, none of which waits for another.
//
// # Terms
//
//   - A change is a record that was put or withdrawn, or that came back from a
//     withdrawal. Changes are numbered from 0 as they come. The row of change i
//     is segment.n + i.
//   - A View counts the changes below a number, its View.changes, and is blind
//     for the others.
//   - A change ends what was known of the same owner and ID before: a change,
//     a row of the segment, or a tombstone of the segment. What is ended is
//     hidden in the Views that count the change that ended it.
//   - An entry is one key of one change.
//
// # Layout
//
//	changes  change  change  change ...         each with the change that ended it
//	entries  key, change, next   ...            lists of equal keys, linked by next and older
//	texts    what appendTexts wrote  ...
//	keys     hash table: key -> first entry; marks and a filter before it
//	endings  hash table: row of the segment -> the change that ended it
//	ended    a bit for each row of the segment: whether it is in that table
//
// Changes, entries and texts are appended and never move. A reader comes to an
// entry through an atomic word that was stored after the entry was written, so
// that it reads nothing unfinished; if the entry is of a change that its View
// does not count, it passes on.
//
// The entries of one key are linked in the order of owner and ID of their
// changes, of each the newest, behind which the older ones hang. A new entry is
// linked into its place, or takes that of the one before it. So readers of every
// View meet what they may see in the order in which they return it, and pass over
// a record once, however often it changed: where a View counts a change, those
// before it are ended.
//
// Only these words ever change: the change that ended a change, next, the slots
// of the two tables and the words of the filter, all from "none" to something or
// to something newer. A table that is full is replaced by one of twice the size
// that holds the same and more; readers may go on in the old one, which knows
// all that their Views count.
//
// # Misses
//
// A key of the delta is marked in the table of the segment, in the group that a
// lookup reads anyway, and most keys are known there not to be in the delta: all
// but one in eight when it is full. Behind that, before the table of keys, stands
// a filter: one word of 64 bits for sixteen slots, in which each key sets three
// bits. It takes one to two bytes a key and lets through a hundredth to a twentieth
// of what is left.
type delta struct {
	seg     *segment
	changes list[change]
	entries list[deltaEntry]
	texts   textList
	keys    atomic.Pointer[keyTable]
	endings atomic.Pointer[rowTable]
	ended   []atomic.Uint64

	sorted  atomic.Pointer[keyRuns]
	sorting sync.Mutex // held by the search that sorts; others do not wait
}

// A change is what one owner last said of one ID, at some time.
type change struct {
	vin      vin.VIN
	texts    uint64 // as textList counts
	textsLen uint16
	attributes
	withdrawn bool
	at        uint64 // see secondOf
	hash      uint32 // of owner and ID
	entry     uint32 // the first; the others follow
	entries   uint32
	ends      uint32 // the row of the segment that it ends, or tombstone: see segment.identity; or none
	end       uint32 // 1 + the change that ended it, 0: none. Atomic
}

const none = ^uint32(0)

// A deltaEntry is one key of one change.
type deltaEntry struct {
	key    tagtable.Key
	change uint32
	next   uint32 // 1 + the newest entry of the owner and ID after it with this key, 0: none. Atomic
	older  uint32 // 1 + the entry before it of its owner and ID with this key, 0: none
}

// values are what the dictionaries of a delta held when a View was made.
type values struct {
	owners, makes, colours, tags []string
	years                        []int32
	days                         []uint32
}

// hidden reports whether a row is withdrawn or replaced in this View.
func (v *View) hidden(r Row) bool {
	if v.delta == nil {
		return false
	}
	if int(r) < v.seg.n {
		return v.delta.mayHaveEnded(r) && v.delta.endOf(uint32(r)) <= v.changes
	}
	return !v.counts(uint32(r) - uint32(v.seg.n))
}

// counts reports whether a change says what holds in this View.
func (v *View) counts(i uint32) bool {
	if i >= v.changes {
		return false
	}
	c := v.delta.changes.at(i)
	return !c.withdrawn && !v.endedChange(c)
}

// endedChange reports whether a change that counts was ended by another.
func (v *View) endedChange(c *change) bool {
	end := atomic.LoadUint32(&c.end)
	return end != 0 && end <= v.changes
}

// deltaRows returns the rows of the delta that are visible in this View, in
// ascending order.
func (v *View) deltaRows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := range v.changes {
			if v.counts(i) && !yield(Row(v.seg.n)+Row(i)) {
				return
			}
		}
	}
}

// hiddenRows returns the rows of the segment that are hidden in this View, in no
// particular order.
func (v *View) hiddenRows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := range v.changes {
			if r := v.delta.changes.at(i).ends; r < uint32(v.seg.n) && !yield(Row(r)) {
				return
			}
		}
	}
}

// change returns the change of a row of the delta.
func (v *View) change(r Row) *change { return v.delta.changes.at(uint32(r) - uint32(v.seg.n)) }

// changeRecord puts the record of a change together.
func (v *View) changeRecord(c *change) Record {
	r := Record{
		Owner:     v.values.owners[c.owner],
		Version:   c.version,
		VIN:       c.vin,
		Type:      c.typ,
		Status:    c.status,
		Make:      v.values.makes[c.mark],
		ModelYear: int(v.values.years[c.year]),
		Colour:    v.values.colours[c.colour],
		Stolen:    timeOf(v.values.days[c.stolen]),
		Tags:      splitTags(v.values.tags[c.tagSet]),
	}
	readTexts(v.delta.textsOf(c), &r)
	return r
}

// identityOf returns owner and ID of a row. The ID is the index's own memory.
func (v *View) identityOf(r Row) (owner string, id []byte) {
	if int(r) < v.seg.n {
		return v.seg.identityOf(r)
	}
	c := v.change(r)
	return v.values.owners[c.owner], idOf(v.delta.textsOf(c))
}

// compareRows orders rows by owner and ID.
func (v *View) compareRows(a, b Row) int {
	owner, id := v.identityOf(a)
	otherOwner, otherID := v.identityOf(b)
	if c := strings.Compare(owner, otherOwner); c != 0 {
		return c
	}
	return bytes.Compare(id, otherID)
}

// bytes returns the memory that the delta holds.
func (d *delta) bytes() int64 {
	t := d.keys.Load()
	slots := len(t.slots) + len(t.filter) + len(d.endings.Load().slots) + len(d.ended)
	return d.changes.bytes() + d.entries.bytes() + partBytes(&d.texts.parts) + int64(slots)*8 + d.sorted.Load().bytes()
}

func (d *delta) textsOf(c *change) []byte { return d.texts.at(c.texts, int(c.textsLen)) }

// first returns 1 + the first entry of a key, whose hash in the segment's table
// is h, or 0. The entry may be of a change that the View does not count.
func (d *delta) first(k tagtable.Key, h uint64) uint32 {
	if !d.seg.table.Marked(h) {
		return 0
	}
	t := d.keys.Load()
	h = t.hash(k, h)
	if !t.mayHave(h) {
		return 0
	}
	_, e := t.find(d, k, h)
	return e
}

// visible returns the first visible and selected row in a list of entries, which
// begins at entry e-1, and 1 + its entry; 0 if there is none.
func (v *View) visible(e uint32, s *Selection) (Row, uint32) {
	for e != 0 {
		entry := v.delta.entries.at(e - 1)
		if v.counts(entry.change) {
			if row := Row(v.seg.n) + Row(entry.change); s == nil || s.has(row) {
				return row, e
			}
		}
		if entry.change >= v.changes && entry.older != 0 {
			e = entry.older
		} else {
			e = atomic.LoadUint32(&entry.next)
		}
	}
	return NoRow, 0
}

// after returns what follows an entry and the older ones in its list.
func (d *delta) after(e uint32) uint32 { return atomic.LoadUint32(&d.entries.at(e - 1).next) }

// A keyTable finds the first entry of a key. Slots are probed one after the
// other. A slot holds the low half of a key's hash above 1 + its first entry.
//
// The hash is that of the segment's table, which a batch has at hand. If keys
// crowd in spite of it, somebody knows the seed and chose them: a table with a
// hash of its own, which nobody can know, then takes its place. So a lookup
// probes no more than maxProbes slots, whatever the keys.
type keyTable struct {
	slots  []atomic.Uint64
	filter []atomic.Uint64
	shift  uint8      // of a hash, for a slot
	own    *[4]uint64 // of the hash; nil: it is the segment's
	keys   int        // the writer's
}

// maxProbes is three times as many as the longest run of a table of millions of
// keys that nobody chose.
const maxProbes = 256

// hash returns the hash of a key, which is h in the segment's table.
func (t *keyTable) hash(k tagtable.Key, h uint64) uint64 {
	if t.own == nil {
		return h
	}
	hi, lo := bits.Mul64(k.Hi^t.own[0], k.Lo^t.own[1])
	hi, lo = bits.Mul64(hi^lo^t.own[2], t.own[3]|1)
	return hi ^ lo
}

const (
	minSlotBits  = 9
	slotsPerWord = 16
	wordBits     = 4 // slotsPerWord as a shift
)

func newKeyTable(slotBits int) *keyTable {
	return &keyTable{
		slots:  make([]atomic.Uint64, 1<<slotBits),
		filter: make([]atomic.Uint64, 1<<slotBits/slotsPerWord),
		shift:  uint8(64 - slotBits),
	}
}

// filterBits returns the bits that a key sets in its word of the filter.
func filterBits(h uint64) uint64 { return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) }

// mayHave reports whether a key with this hash may be in the table.
func (t *keyTable) mayHave(h uint64) bool {
	b := filterBits(h)
	return t.filter[h>>(t.shift+wordBits)].Load()&b == b
}

// find returns the slot of a key, or the empty slot where it belongs, and 1 + its
// first entry.
func (t *keyTable) find(d *delta, k tagtable.Key, h uint64) (slot int, e uint32) {
	for slot = int(h >> t.shift); ; slot = (slot + 1) & (len(t.slots) - 1) {
		s := t.slots[slot].Load()
		if s == 0 {
			return slot, 0
		}
		if s>>32 == h&(1<<32-1) && d.entries.at(uint32(s)-1).key == k {
			return slot, uint32(s)
		}
	}
}

// set makes e, which is 1 + an entry, the first of its key.
func (t *keyTable) set(slot int, h uint64, e uint32) {
	w := &t.filter[h>>(t.shift+wordBits)]
	w.Store(w.Load() | filterBits(h))
	t.slots[slot].Store(h<<32 | uint64(e))
}

// roomier returns the table for one more key, of hash h, whose slot is known: t,
// or another with the same keys.
func (t *keyTable) roomier(d *delta, slot int, h uint64) *keyTable {
	slotBits, own := 64-int(t.shift), t.own
	if 2*(t.keys+1) > len(t.slots) {
		slotBits++
	}
	if own == nil && (slot-int(h>>t.shift))&(len(t.slots)-1) > maxProbes {
		own = &[4]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
	}
	if slotBits == 64-int(t.shift) && own == t.own {
		return t
	}
	g := newKeyTable(slotBits)
	g.own, g.keys = own, t.keys
	for i := range t.slots {
		if e := uint32(t.slots[i].Load()); e != 0 {
			k := d.entries.at(e - 1).key
			h := g.hash(k, d.seg.table.Hash(k))
			slot, _ := g.find(d, k, h)
			g.set(slot, h, e)
		}
	}
	return g
}

// end notes that change i ends a row of the segment or a tombstone.
func (d *delta) end(r, i uint32) {
	d.endings.Store(d.endings.Load().put(r, i+1))
	word := &d.ended[r/64]
	word.Store(word.Load() | 1<<(r%64))
}

// mayHaveEnded reports whether a change ended a row of the segment, whether or
// not a View counts it.
func (d *delta) mayHaveEnded(r Row) bool { return d.ended[r/64].Load()>>(r%64)&1 != 0 }

// endOf returns 1 + the change that ended a row of the segment; for others more
// than any View counts.
func (d *delta) endOf(r uint32) uint32 {
	t := d.endings.Load()
	for i := t.start(r); ; i++ {
		switch s := t.slots[i&uint64(len(t.slots)-1)].Load(); {
		case s == 0:
			return none
		case uint32(s>>32) == r:
			return uint32(s)
		}
	}
}

// A rowTable maps rows to what is not 0. Slots are probed one after the other.
type rowTable struct {
	slots []atomic.Uint64 // row, value
	shift uint8
	rows  int // the writer's
}

func newRowTable(slotBits int) *rowTable {
	return &rowTable{slots: make([]atomic.Uint64, 1<<slotBits), shift: uint8(64 - slotBits)}
}

// start returns where to look for a row. Rows are not chosen by anybody: a
// multiplication spreads them well enough.
func (t *rowTable) start(r uint32) uint64 { return uint64(r) * 0x9E3779B97F4A7C15 >> t.shift }

// put adds a row that is not in the table, and returns the table that then holds
// it.
func (t *rowTable) put(r, value uint32) *rowTable {
	if 2*(t.rows+1) > len(t.slots) {
		g := newRowTable(bits.Len(uint(len(t.slots))))
		for i := range t.slots {
			if s := t.slots[i].Load(); s != 0 {
				g = g.put(uint32(s>>32), uint32(s))
			}
		}
		t = g
	}
	i := t.start(r)
	for t.slots[i&uint64(len(t.slots)-1)].Load() != 0 {
		i++
	}
	t.slots[i&uint64(len(t.slots)-1)].Store(uint64(r)<<32 | uint64(value))
	t.rows++
	return t
}

// A list is a sequence to which one goroutine appends while others read what is
// there. Elements never move. The zero list is empty.
type list[T any] struct {
	parts atomic.Pointer[[]*[listPart]T]
	len   uint32 // the writer's
}

const listPart = 1 << 10

// append adds an element and returns its number.
func (l *list[T]) append(v T) uint32 {
	i := l.len
	if i%listPart == 0 {
		addPart(&l.parts)
	}
	*l.at(i) = v
	l.len++
	return i
}

// bytes returns the memory that the list holds.
func (l *list[T]) bytes() int64 { return partBytes(&l.parts) }

// at returns element i itself.
func (l *list[T]) at(i uint32) *T { return &(*l.parts.Load())[i/listPart][i%listPart] }

// addPart appends a part to a directory of parts, in which others may be
// reading.
func addPart[P any](parts *atomic.Pointer[[]*P]) {
	var all []*P
	if p := parts.Load(); p != nil {
		all = *p
	}
	all = append(all, new(P))
	parts.Store(&all)
}

func partBytes[P any](parts *atomic.Pointer[[]*P]) int64 {
	p := parts.Load()
	if p == nil {
		return 0
	}
	var part P
	return int64(len(*p)) * int64(unsafe.Sizeof(part))
}

// A textList is a list of byte strings of at most 64 KiB.
type textList struct {
	parts atomic.Pointer[[]*[textPart]byte]
	used  int // of the last part, the writer's
}

const textPart = 1 << 16

// append copies b and returns where it is.
func (l *textList) append(b []byte) (at uint64) {
	if l.parts.Load() == nil || l.used+len(b) > textPart {
		addPart(&l.parts)
		l.used = 0
	}
	last := len(*l.parts.Load()) - 1
	at = uint64(last)*textPart + uint64(l.used)
	l.used += copy((*l.parts.Load())[last][l.used:], b)
	return at
}

// at returns n bytes themselves.
func (l *textList) at(at uint64, n int) []byte {
	return (*l.parts.Load())[at/textPart][at%textPart:][:n:n]
}
