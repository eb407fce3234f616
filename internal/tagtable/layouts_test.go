package tagtable_test

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// The tables that might have been, each as short as it can be and still be right.
// They all hash, ask for memory, collect candidates and compare as Table does, in
// Go alone. What does not fit its group is in a map.

// A layout is how tags and positions lie in memory.
type layout interface {
	// add puts a position into a group and reports whether there was room; if
	// not, all that spills from there on, of this hash, is marked.
	add(g, h uint64, pos uint32) bool
	// collect appends the keys of a block that have candidates to those that
	// wait.
	collect(q *query, base, n int)
	// positions reads the position in the first candidate of each that waits.
	positions(q *query, n int)
	// position returns the position in the candidate of a bit.
	position(g uint64, bit int) uint32
	// lines returns where the tags of groups begin, and their positions, with
	// the bytes of each group; nil: positions are beside the tags.
	lines() (tags unsafe.Pointer, tagBytes uintptr, slots unsafe.Pointer, slotBytes uintptr)
	spillBit() uint64
	bytes() int
}

// A query is what tagtable.Batch is.
type query struct {
	hash  [tagtable.Block]uint64
	group [tagtable.Block]uint32

	waiting int
	at      [2 * tagtable.Block]uint32
	in      [2 * tagtable.Block]uint32
	slots   [2 * tagtable.Block]uint64
	pos     [2 * tagtable.Block]uint32
}

const wrap = 2*tagtable.Block - 1

// wait notes a key, and keeps it if it has candidates.
func (q *query) wait(w int, at, g uint32, c uint64) int {
	q.at[w&wrap], q.in[w&wrap], q.slots[w&wrap] = at, g, c
	return w + int((c|-c)>>63)
}

// apart has the tags of a group, 8 bits each, in one array and its positions in
// another. The last tag of a group is spill bits.
type apart[G [2]uint64 | [4]uint64 | [8]uint64] struct {
	tags []G
	pos  []uint32
	used []uint8
}

func newApart[G [2]uint64 | [4]uint64 | [8]uint64](groups int) *apart[G] {
	var g G
	return &apart[G]{hugepage.Make[G](groups), hugepage.Make[uint32](groups * len(g) * 8), make([]uint8, groups)}
}

func (a *apart[G]) add(g, h uint64, pos uint32) bool {
	group, n := &a.tags[g], int(a.used[g])
	words := len(*group)
	if n == 8*words-1 {
		(*group)[words-1] |= 1 << (56 + h>>8&7)
		return false
	}
	(*group)[n/8] |= byteTag(h) << (n % 8 * 8)
	a.pos[int(g)*words*8+n] = pos
	a.used[g]++
	return true
}

// byteTag returns the tag of a hash, 1 to 255.
func byteTag(h uint64) uint64 { return h&255 | (h&255-1)>>63 }

const each8, high8, each16, high16 = 0x0101010101010101, 0x8080808080808080, 0x0001000100010001, 0x8000800080008000

func (a *apart[G]) collect(q *query, base, n int) {
	w := q.waiting
	for i := range n {
		g, h := q.group[i], q.hash[i]
		group, all := &a.tags[g], byteTag(h)*each8
		last := len(*group) - 1
		c := uint64(0)
		for j := range last {
			x := (*group)[j] ^ all
			c |= (x - each8) &^ x & high8 >> 7 << j
		}
		x := (*group)[last] ^ all
		c |= (x - each8) &^ x & (high8 >> 8) >> 7 << last
		c |= (*group)[last] >> (56 + h>>8&7) & 1 << 56 << last
		w = q.wait(w, uint32(base+i), g, c)
	}
	q.waiting = w
}

func (a *apart[G]) positions(q *query, n int) {
	for i := range n {
		q.pos[i&wrap] = a.position(uint64(q.in[i&wrap]), bits.TrailingZeros64(q.slots[i&wrap]))
	}
}

func (a *apart[G]) position(g uint64, bit int) uint32 {
	var group G
	return a.pos[int(g)*len(group)*8+bit&7*8+bit>>3]
}

func (a *apart[G]) lines() (unsafe.Pointer, uintptr, unsafe.Pointer, uintptr) {
	var group G
	n := unsafe.Sizeof(group)
	return unsafe.Pointer(&a.tags[0]), n, unsafe.Pointer(&a.pos[0]), 4 * n
}

func (a *apart[G]) spillBit() uint64 {
	var group G
	return 1 << 56 << (len(group) - 1)
}

func (a *apart[G]) bytes() int {
	var group G
	return len(a.tags) * len(group) * 8 * 5
}

// wide has tags of 16 bits, fifteen a group, and spill bits in the last.
type wide struct {
	tags [][4]uint64
	pos  [][16]uint32
	used []uint8
}

func (a *wide) add(g, h uint64, pos uint32) bool {
	group, n := &a.tags[g], int(a.used[g])
	if n == 15 {
		group[3] |= 1 << (48 + h>>16&15)
		return false
	}
	group[n/4] |= wideTag(h) << (n % 4 * 16)
	a.pos[g][n] = pos
	a.used[g]++
	return true
}

func wideTag(h uint64) uint64 { return h&0xFFFF | (h&0xFFFF-1)>>63 }

func (a *wide) collect(q *query, base, n int) {
	w := q.waiting
	for i := range n {
		g, h := q.group[i], q.hash[i]
		group, all := &a.tags[g], wideTag(h)*each16
		c := uint64(0)
		for j := range 3 {
			x := group[j] ^ all
			c |= (x - each16) &^ x & high16 >> 15 << j
		}
		x := group[3] ^ all
		c |= (x - each16) &^ x & (high16 >> 16) >> 15 << 3
		c |= group[3] >> (48 + h>>16&15) & 1 << 51
		w = q.wait(w, uint32(base+i), g, c)
	}
	q.waiting = w
}

func (a *wide) positions(q *query, n int) {
	for i := range n {
		q.pos[i&wrap] = a.position(uint64(q.in[i&wrap]), bits.TrailingZeros64(q.slots[i&wrap]))
	}
}

func (a *wide) position(g uint64, bit int) uint32 { return a.pos[g][(bit&15*4+bit>>4)&15] }

func (a *wide) lines() (unsafe.Pointer, uintptr, unsafe.Pointer, uintptr) {
	return unsafe.Pointer(&a.tags[0]), 32, unsafe.Pointer(&a.pos[0]), 64
}

func (a *wide) spillBit() uint64 { return 1 << 51 }
func (a *wide) bytes() int       { return len(a.tags) * 96 }

// buckets have twelve tags, spill bits and twelve positions in one line.
type buckets struct {
	lines64 []bucket
	used    []uint8
}

type bucket struct {
	tags [2]uint64 // twelve tags, spill bits, three bytes of nothing
	pos  [12]uint32
}

func (a *buckets) add(g, h uint64, pos uint32) bool {
	b, n := &a.lines64[g], int(a.used[g])
	if n == 12 {
		b.tags[1] |= 1 << (32 + h>>8&7)
		return false
	}
	b.tags[n/8] |= byteTag(h) << (n % 8 * 8)
	b.pos[n] = pos
	a.used[g]++
	return true
}

func (a *buckets) collect(q *query, base, n int) {
	w := q.waiting
	for i := range n {
		g, h := q.group[i], q.hash[i]
		b, all := &a.lines64[g], byteTag(h)*each8
		x, y := b.tags[0]^all, b.tags[1]^all
		c := (x - each8) &^ x & high8 >> 7
		c |= (y - each8) &^ y & (high8 >> 32) >> 7 << 1
		c |= b.tags[1] >> (32 + h>>8&7) & 1 << 33
		w = q.wait(w, uint32(base+i), g, c)
	}
	q.waiting = w
}

func (a *buckets) positions(q *query, n int) {
	for i := range n {
		q.pos[i&wrap] = a.position(uint64(q.in[i&wrap]), bits.TrailingZeros64(q.slots[i&wrap]))
	}
}

func (a *buckets) position(g uint64, bit int) uint32 {
	return a.lines64[g].pos[min(bit&1*8+bit>>3, 11)]
}

func (a *buckets) lines() (unsafe.Pointer, uintptr, unsafe.Pointer, uintptr) {
	return unsafe.Pointer(&a.lines64[0]), 64, nil, 0
}

func (a *buckets) spillBit() uint64 { return 1 << 33 }
func (a *buckets) bytes() int       { return len(a.lines64) * 64 }

// A tried is a table of one layout, and how it is asked.
type tried struct {
	layout
	groups  uint64
	keys    []tagtable.Key
	spilled map[tagtable.Key]uint32

	touch  bool   // reads instead of prefetches
	xx     bool   // hashes with xxhash
	packed []byte // keys in so many bytes each; nil: they lie as they are
	size   int
	seen   byte
}

func try(keys []tagtable.Key, perGroup float64, lay func(groups int) layout, o tried) *tried {
	groups := int(float64(len(keys))/perGroup) + 1
	o.layout, o.groups, o.keys, o.spilled = lay(groups), uint64(groups), keys, map[tagtable.Key]uint32{}
	for i, k := range keys {
		h := o.hash(&k)
		g, _ := bits.Mul64(h, o.groups)
		if !o.add(g, h, uint32(i)) {
			o.spilled[k] = uint32(i)
		}
	}
	if o.size > 0 {
		o.packed = hugepage.Make[byte](len(keys)*o.size + 16)
		for i := range keys {
			hi, lo := shorten(&keys[i], o.size)
			binary.LittleEndian.PutUint64(o.packed[i*o.size:], lo)
			binary.LittleEndian.PutUint64(o.packed[i*o.size+8:], hi) // the next one covers what is too much
		}
	}
	return &o
}

// shorten makes a VIN a number of 11 bytes, in base 33, or of 13, six bits a
// symbol.
func shorten(k *tagtable.Key, size int) (hi, lo uint64) {
	h := k.Hi << 8 >> 8
	if size == 13 {
		return h >> 10, k.Lo | h<<54
	}
	for shift := 0; shift < 102; shift += 6 {
		symbol := k.Lo >> shift & 63
		if shift >= 54 {
			symbol = h >> (shift - 54) & 63
		}
		over, n := bits.Mul64(lo, 33)
		carry := uint64(0)
		lo, carry = bits.Add64(n, rank(symbol), 0)
		hi = hi*33 + over + carry
	}
	return hi, lo
}

// rank numbers the symbols of a VIN from 0 to 32.
func rank(symbol uint64) uint64 {
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	return uint64(strings.IndexByte(symbols, byte(symbol)+0x2F))
}

func (t *tried) hash(k *tagtable.Key) uint64 {
	if t.xx {
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], k.Hi)
		binary.LittleEndian.PutUint64(b[8:], k.Lo)
		return xxhash.Sum64(b[:])
	}
	hi, lo := bits.Mul64(k.Hi^0x8FA3E1B3D2C49617, k.Lo^0x3C79AC492BA7B653)
	hi, lo = bits.Mul64(hi^lo^0x1C69B3F74AC4AE35, 0x9E6C63D0876A9A4B)
	return hi ^ lo
}

// ask fills dst with positions of keys, which want holds as t holds them.
func (t *tried) ask(dst []uint32, keys, want []tagtable.Key) (hits int) {
	var q query
	tags, tagBytes, _, _ := t.lines()
	for base := 0; base < len(keys); base += tagtable.Block {
		block := keys[base:min(base+tagtable.Block, len(keys))]
		for i := range block {
			h := t.hash(&block[i])
			g, _ := bits.Mul64(h, t.groups)
			q.hash[i&(tagtable.Block-1)], q.group[i&(tagtable.Block-1)] = h, uint32(g)
			dst[base+i] = none
		}
		t.bring(tags, tagBytes, q.group[:len(block)])
		t.collect(&q, base, len(block))
		if q.waiting >= tagtable.Block {
			hits += t.flush(&q, dst, keys, want)
		}
	}
	return hits + t.flush(&q, dst, keys, want)
}

// bring asks for lines, or reads a byte of each.
func (t *tried) bring(base unsafe.Pointer, size uintptr, at []uint32) {
	if !t.touch && len(at) > 0 && tagtable.Prefetch(base, size, at) {
		return
	}
	seen := byte(0)
	for _, i := range at {
		seen += *(*byte)(unsafe.Add(base, uintptr(i)*size))
	}
	t.seen += seen
}

func (t *tried) flush(q *query, dst []uint32, keys, want []tagtable.Key) (hits int) {
	n := q.waiting
	q.waiting = 0
	if _, _, slots, size := t.lines(); slots != nil {
		t.bring(slots, size, q.in[:n])
	}
	t.positions(q, n)
	last := uint32(len(t.keys) - 1)
	for i := range n {
		q.pos[i&wrap] = min(q.pos[i&wrap], last)
	}
	if t.packed != nil {
		t.bring(unsafe.Pointer(&t.packed[0]), uintptr(t.size), q.pos[:n])
	} else {
		t.bring(unsafe.Pointer(&t.keys[0]), 16, q.pos[:n])
	}
	for i := range n {
		at, p := q.at[i&wrap], q.pos[i&wrap]
		if t.is(p, &want[at]) {
			dst[at] = p
			hits++
		} else if c := q.slots[i&wrap]; c&(c-1)|c&t.spillBit() != 0 {
			if p, ok := t.rest(&keys[at], &want[at], uint64(q.in[i&wrap]), c); ok {
				dst[at] = p
				hits++
			}
		}
	}
	return hits
}

// is reports whether a key is at a position.
func (t *tried) is(p uint32, k *tagtable.Key) bool {
	if t.packed == nil {
		return t.keys[p].Hi == k.Hi && t.keys[p].Lo == k.Lo
	}
	b := t.packed[int(p)*t.size:]
	hi := binary.LittleEndian.Uint64(b[8:]) & (1<<(8*(t.size-8)) - 1)
	return hi == k.Hi && binary.LittleEndian.Uint64(b) == k.Lo
}

func (t *tried) rest(k, want *tagtable.Key, g, c uint64) (uint32, bool) {
	for s := c &^ t.spillBit(); s != 0; s &= s - 1 {
		if p := t.position(g, bits.TrailingZeros64(s)); t.is(p, want) {
			return p, true
		}
	}
	if c&t.spillBit() == 0 {
		return 0, false
	}
	p, ok := t.spilled[*k]
	return p, ok
}

// wanted returns keys as t holds them.
func (t *tried) wanted(keys []tagtable.Key) []tagtable.Key {
	if t.packed == nil {
		return keys
	}
	want := make([]tagtable.Key, len(keys))
	for i := range keys {
		want[i].Hi, want[i].Lo = shorten(&keys[i], t.size)
	}
	return want
}

// The mean numbers of keys in a group are those with which about as many keys
// spill.
var layouts = []struct {
	name string
	make func(keys []tagtable.Key) *tried
}{
	{"apart", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteen, tried{}) }},
	{"touching", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteen, tried{touch: true}) }},
	{"xxhash", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteen, tried{xx: true}) }},
	{"groups-of-32", func(k []tagtable.Key) *tried { return try(k, 24.5, thirtytwo, tried{}) }},
	{"groups-of-64", func(k []tagtable.Key) *tried { return try(k, 54, sixtyfour, tried{}) }},
	{"16-bit-tags", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteenWide, tried{}) }},
	{"one-bucket", func(k []tagtable.Key) *tried { return try(k, 8.2, oneBucket, tried{}) }},
	{"one-bucket-touching", func(k []tagtable.Key) *tried { return try(k, 8.2, oneBucket, tried{touch: true}) }},
	{"11-byte-keys", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteen, tried{size: 11}) }},
	{"13-byte-keys", func(k []tagtable.Key) *tried { return try(k, 10.5, sixteen, tried{size: 13}) }},
}

func sixteen(groups int) layout   { return newApart[[2]uint64](groups) }
func thirtytwo(groups int) layout { return newApart[[4]uint64](groups) }
func sixtyfour(groups int) layout { return newApart[[8]uint64](groups) }

func sixteenWide(groups int) layout {
	return &wide{hugepage.Make[[4]uint64](groups), hugepage.Make[[16]uint32](groups), make([]uint8, groups)}
}

func oneBucket(groups int) layout {
	return &buckets{hugepage.Make[bucket](groups), make([]uint8, groups)}
}

// BenchmarkLayouts is why the table is as it is: it asks other tables, and Table
// itself, in turns with one that has tags and positions apart. x-apart is how many
// times as long as the last of these the other takes. One-bucket is laid out as
// Table is, but asked as the others are.
func BenchmarkLayouts(b *testing.B) {
	w := load(b)
	apart := layouts[0].make(w.keys)
	dst := make([]uint32, queries)
	for _, side := range []struct {
		name string
		keys []tagtable.Key
	}{{"miss", w.missKeys}, {"hit", w.hitKeys}} {
		versusApart := func(b *testing.B, ask func()) {
			var took, apartTook []time.Duration
			for b.Loop() {
				start := time.Now()
				ask()
				middle := time.Now()
				apart.ask(dst, side.keys, side.keys)
				took = append(took, middle.Sub(start))
				apartTook = append(apartTook, time.Since(middle))
			}
			slices.Sort(took)
			slices.Sort(apartTook)
			m, apartM := float64(took[len(took)/2]), float64(apartTook[len(took)/2])
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(m/queries, "ns/query")
			b.ReportMetric(m/apartM, "x-apart")
		}
		table := sync.OnceValue(func() *tagtable.Table { return tagtable.Build(w.keys, 1, 2) })
		b.Run("Table/"+side.name, func(b *testing.B) {
			t := table()
			versusApart(b, func() { batch(t, dst, side.keys) })
		})
		for _, l := range layouts {
			other := sync.OnceValue(func() *tried { return l.make(w.keys) })
			want := sync.OnceValue(func() []tagtable.Key { return other().wanted(side.keys) })
			b.Run(l.name+"/"+side.name, func(b *testing.B) {
				o, want := other(), want()
				versusApart(b, func() { o.ask(dst, side.keys, want) })
				b.ReportMetric(float64(o.bytes())/float64(len(w.keys)), "B/key")
				b.ReportMetric(100*float64(len(o.spilled))/float64(len(w.keys)), "%spilled")
			})
		}
	}
}

// A comparison with tables that find something else would say nothing.
func TestLayoutsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	all := population(rng, 30_000)
	var keys, others []tagtable.Key
	for i := range all {
		if k := pack(&all[i]); i < 20_000 {
			keys = append(keys, k)
		} else {
			others = append(others, k)
		}
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	keys = slices.Compact(keys)
	o := newOracle(keys)
	ask := slices.Concat(others, keys)
	rng.Shuffle(len(ask), func(i, j int) { ask[i], ask[j] = ask[j], ask[i] })
	dst := make([]uint32, len(ask))
	for _, l := range layouts {
		table := l.make(keys)
		if len(table.spilled) == 0 {
			t.Errorf("%s: no key is spilled", l.name)
		}
		table.ask(dst, ask, table.wanted(ask))
		for i, k := range ask {
			if want, ok := o[k]; dst[i] != want && (ok || dst[i] != none) {
				t.Fatalf("%s: key %d is at %d, want %d", l.name, i, int32(dst[i]), int32(want))
			}
		}
	}
}
