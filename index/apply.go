package index

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// An Op is what a [Change] does. The zero Op is none.
type Op uint8

const (
	_        Op = iota
	Put         // enter a record, or replace its older version
	Withdraw    // take a record off the register
	ops
)

var opNames = [ops]string{Put: "put", Withdraw: "withdraw"}

// String returns the name in lower case, as in "put".
func (o Op) String() string { return enumName(opNames[:], o) }

// A Change is one thing that an owner does to one of its records.
type Change struct {
	By     string // the owner that sends it; nobody else may change a record
	Op     Op
	Record Record    // for Withdraw: Owner, ID and Version
	At     time.Time // when the log took it; zero: now
}

// A Position says how much of which change log an index has taken. The zero
// Position is that of an index without a log.
type Position struct {
	Lineage [16]byte // names the log; a log that starts again has another
	Seq     uint64   // of the last change taken
}

// Applied tells what became of the changes of a call.
type Applied struct {
	Put       int // records entered or replaced
	Withdrawn int // records withdrawn, or marked as withdrawn before they came
	Stale     int // changes that were known already, or older than what is known
	Refused   []Refusal
}

// A PositionError says that changes do not follow on what an index has taken, or
// that a snapshot is older.
type PositionError struct {
	At      Position // of the changes or the snapshot
	Applied Position // of the index
}

func (e *PositionError) Error() string {
	if e.At.Lineage != e.Applied.Lineage {
		return fmt.Sprintf("index: position in log %x, the index is in %x", e.At.Lineage, e.Applied.Lineage)
	}
	return fmt.Sprintf("index: position %d of the log, the index is at %d", e.At.Seq, e.Applied.Seq)
}

var (
	// ErrClosed is the error of what would change a closed Index.
	ErrClosed = errors.New("index: closed")
	// ErrFull is the error of changes that there is no room for: rows and
	// numbers count to two thousand million at most.
	ErrFull = errors.New("index: full")
)

// Apply takes changes, in their order, and leaves the index at a position of the
// change log. Readers see all of them at once, in a [View] taken after Apply
// returned, or none.
//
// What each change does depends on its version alone, so that changes may come
// twice and late. Owner and ID identify a record; one whose version is
//
//   - higher than what is known takes effect: Put enters the record or replaces
//     it as a whole, Withdraw takes it off, and is remembered for
//     [Options.KeepWithdrawn], even if the record is not known, lest an older
//     version come later;
//   - lower, or the same and says the same, changes nothing: it is Stale;
//   - the same but says something else is refused with [VersionConflict]. So a
//     withdrawal carries a higher version than the record it ends.
//
// A change is refused with [NotOwner] if By is not the record's owner, with
// [UnknownOp], or for what [Build] refuses records for; a number without key is
// refused alone, as there. [Refusal.Record] is the place among the changes. A
// refused change does not keep the others from being taken.
//
// The position must be of the same log as before and not behind: Apply otherwise
// takes nothing and returns a [*PositionError]. An index at the zero Position
// takes on any; Apply without changes only moves it. An index without a log
// stays at the zero Position.
//
// Apply works in memory. It takes some microseconds for each change, and may be
// called from any goroutine, of which one works at a time. When too many changes
// wait for compaction, Apply waits for it: see [Options.CompactAfter]. The other
// errors are [ErrClosed] and [ErrFull].
func (x *Index) Apply(at Position, changes []Change) (Applied, error) {
	if err := x.makeRoom(); err != nil {
		return Applied{}, err
	}
	defer x.mu.Unlock()
	if x.closed {
		return Applied{}, ErrClosed
	}
	v := x.View()
	if p := v.position; p != (Position{}) && (at.Lineage != p.Lineage || at.Seq < p.Seq) {
		return Applied{}, &PositionError{At: at, Applied: p}
	}
	var done Applied
	if len(changes) > 0 {
		if x.writer == nil {
			x.writer = newWriter(v.seg, x.o)
		}
		if !x.writer.roomFor(changes) {
			return Applied{}, ErrFull
		}
		x.writer.applyAll(changes, &done)
	}
	if x.writer == nil {
		moved := *v
		moved.position = at
		v = &moved
	} else {
		v = x.writer.view(at)
	}
	x.view.Store(v)
	if int(v.changes) >= x.o.compactAfter(v.seg.n) {
		x.compactInBackground()
	}
	if x.o.isCrowded(v) {
		select {
		case x.crowded <- struct{}{}:
		default:
		}
	}
	return done, nil
}

// A writer makes a delta. It is used by one goroutine at a time.
type writer struct {
	*delta
	o          Options
	dict       dictionaries // those of the segment, and what came since
	values     *values
	identities *identityTable

	// The last change of each owner and ID: a hash table with slots of 1 + the
	// change, probed one after the other.
	last []uint32

	crowds map[tagtable.Key]*crowd // lists of entries that are long

	countries []string // that have plates in the segment or in a change
	records   int      // visible

	buf     []byte
	keys    []tagtable.Key
	touched byte // what lookAhead read: it would not be read if nobody kept it
}

const firstSlots = 1 << 9

func newWriter(s *segment, o Options) *writer {
	w := &writer{
		delta:      &delta{seg: s, ended: make([]atomic.Uint64, (s.n+s.tombs.n+63)/64)},
		o:          o,
		dict:       s.dictionaries.clone(),
		values:     &values{},
		identities: newIdentityTable(s, rand.Uint64(), o.workers()),
		last:       make([]uint32, firstSlots),
		crowds:     map[tagtable.Key]*crowd{},
		countries:  s.plateCountries,
		records:    s.n,
	}
	w.delta.keys.Store(newKeyTable(minSlotBits))
	w.sorted.Store(&keyRuns{})
	w.endings.Store(newRowTable(minSlotBits))
	return w
}

// view returns a View of what the writer has taken.
func (w *writer) view(at Position) *View {
	d := &w.dict
	if x := w.values; len(x.owners) != d.owners.Len() || len(x.makes) != d.makes.Len() ||
		len(x.colours) != d.colours.Len() || len(x.tags) != d.tags.Len() ||
		len(x.years) != d.years.Len() || len(x.days) != d.days.Len() {
		w.values = &values{
			d.owners.Values(), d.makes.Values(), d.colours.Values(), d.tags.Values(),
			d.years.Values(), d.days.Values(),
		}
	}
	return &View{
		seg:       w.seg,
		delta:     w.delta,
		changes:   w.changes.len,
		values:    w.values,
		n:         w.records,
		countries: w.countries,
		position:  at,

		writerBytes: w.bytes(),
	}
}

// bytes returns the memory that the writer holds beside the delta.
func (w *writer) bytes() int64 { return w.identities.bytes() + int64(len(w.last))*4 }

// roomFor reports whether changes fit into the numbers of rows and entries, if all
// of them are taken.
func (w *writer) roomFor(changes []Change) bool {
	n := int64(len(w.seg.keys)) + int64(w.entries.len) + int64(w.seg.n) + int64(w.changes.len)
	for i := range changes {
		n++ // its row
		if changes[i].Op == Put {
			n += maxKeys(&changes[i].Record)
		}
	}
	return n < tagtable.MaxKeys
}

// maxKeys bounds the keys of a record: of its VIN, and of the frame inside, of its
// plate and its numbers.
func maxKeys(r *Record) int64 {
	const ofPlate = 1 + plate.MaxAliases
	if len(r.Numbers) > maxFields {
		return 0 // it is refused
	}
	n := int64(2 + len(r.Numbers))
	if r.Plate.IsValid() {
		n += ofPlate
	}
	for i := range r.Numbers {
		if r.Numbers[i].Kind == KindPlate {
			n += ofPlate - 1
		}
	}
	return n
}

// known is what is known of an owner and ID.
type known struct {
	change  uint32 // the last one; none: there is none
	row     uint32 // of the segment, or tombstone, if there is no change; none
	version uint64
	gone    bool // withdrawn
}

func (k known) isNone() bool { return k.change == none && k.row == none }

// find returns what is known of an owner and ID, whose hash is h.
func (w *writer) find(owner string, id []byte, h uint64) known {
	for i := uint32(h) & uint32(len(w.last)-1); w.last[i] != 0; i = (i + 1) & uint32(len(w.last)-1) {
		n := w.last[i] - 1
		c := w.changes.at(n)
		if c.hash == uint32(h) && w.dict.owners.Value(c.owner) == owner && string(idOf(w.textsOf(c))) == string(id) {
			return known{change: n, row: none, version: c.version, gone: c.withdrawn}
		}
	}
	k := known{change: none, row: w.identities.find(owner, id, h)}
	switch {
	case k.row == none:
	case int(k.row) < w.seg.n:
		k.version = w.seg.version.At(int(k.row))
	default:
		k.version, k.gone = w.seg.tombs.version.At(int(k.row)-w.seg.n), true
	}
	return k
}

// ahead is how many changes are looked up together.
const ahead = 64

// applyAll takes the changes of a call.
func (w *writer) applyAll(changes []Change, done *Applied) {
	now := time.Now()
	var hashes [ahead]uint64
	for i := range changes {
		if i%ahead == 0 {
			w.lookAhead(changes[i:min(i+ahead, len(changes))], &hashes)
		}
		w.apply(i, &changes[i], hashes[i%ahead], now, done)
	}
}

// lookAhead hashes owner and ID of changes, and reads some of what is known of
// them, each in a loop of its own whose reads do not wait for each other: in a
// large register, a change spends most of its time waiting for memory.
func (w *writer) lookAhead(changes []Change, hashes *[ahead]uint64) {
	var rows [ahead]uint32
	for i := range changes {
		hashes[i] = hashIdentity(w.identities.seed, changes[i].Record.Owner, changes[i].Record.ID)
	}
	for i := range changes {
		rows[i] = w.identities.likely(hashes[i])
	}
	for i, row := range rows[:len(changes)] {
		if int64(row) < int64(w.seg.n) {
			_, id := w.seg.identityOf(Row(row))
			w.touched += byte(len(id)) + byte(w.seg.version.At(int(row)))
		}
		w.touched += byte(w.last[uint32(hashes[i])&uint32(len(w.last)-1)])
	}
	t := w.delta.keys.Load()
	for i := range changes {
		k := VIN(changes[i].Record.VIN)
		h := w.seg.table.Hash(tagtable.Key{Hi: k.hi, Lo: k.lo})
		if w.seg.table.Marked(h) {
			w.touched++
		}
		w.touched += byte(t.slots[h>>t.shift].Load())
	}
}

// apply takes change i of a call, whose owner and ID have the hash h.
func (w *writer) apply(i int, c *Change, h uint64, now time.Time, done *Applied) {
	r := &c.Record
	refuse := func(number int, err error) {
		done.Refused = append(done.Refused, Refusal{Record: i, Owner: r.Owner, ID: r.ID, Number: number, Err: err})
	}
	withdrawal := Record{Owner: r.Owner, ID: r.ID, Version: r.Version}
	if c.Op == Withdraw {
		r = &withdrawal
	}
	err := checkRecord(r)
	switch {
	case c.Op != Put && c.Op != Withdraw:
		err = UnknownOp
	case err == nil && c.By != r.Owner:
		err = NotOwner
	}
	if err == nil {
		if w.buf = appendTexts(w.buf[:0], r); len(w.buf) > column.MaxBlob {
			err = TooLarge
		}
	}
	if err != nil {
		refuse(-1, err)
		return
	}
	was := w.find(r.Owner, idOf(w.buf), h)
	if !was.isNone() && r.Version <= was.version {
		if r.Version == was.version && !w.says(was, c.Op, r) {
			refuse(-1, VersionConflict)
		} else {
			done.Stale++
		}
		return
	}
	next := change{
		vin:        r.VIN,
		attributes: w.dict.code(r),
		withdrawn:  c.Op == Withdraw,
		at:         secondOf(now),
		hash:       uint32(h),
	}
	if !c.At.IsZero() {
		next.at = secondOf(c.At)
	}
	w.keys = w.keys[:0]
	if next.withdrawn {
		done.Withdrawn++
	} else {
		done.Put++
		if k := VIN(r.VIN); !k.IsZero() {
			w.keys = append(w.keys, tagtable.Key{Hi: k.hi, Lo: k.lo})
		}
		_ = eachKey(r, func(k Key, _ string) {
			if key := (tagtable.Key{Hi: k.hi, Lo: k.lo}); !slices.Contains(w.keys, key) {
				w.keys = append(w.keys, key)
			}
		}, func(number int, err error) error {
			refuse(number, err)
			return nil
		})
	}
	w.push(next, was, w.buf, w.keys)
}

// says reports whether what is known of a record is what a change says.
func (w *writer) says(was known, op Op, r *Record) bool {
	if was.gone || op == Withdraw {
		return was.gone && op == Withdraw
	}
	var a attributes
	var texts []byte
	if was.change == none {
		row := Row(was.row)
		if w.seg.vinOf(row) != r.VIN {
			return false
		}
		a, texts = w.seg.attributesOf(row), w.seg.texts.At(int(row))
	} else {
		c := w.changes.at(was.change)
		if c.vin != r.VIN {
			return false
		}
		a, texts = c.attributes, w.textsOf(c)
	}
	// The dictionaries hold the segment's values under the segment's codes.
	return w.dict.says(&a, r) && bytes.Equal(texts, appendTexts(nil, r))
}

// push appends a change that ends what was known of its owner and ID.
func (w *writer) push(c change, was known, texts []byte, keys []tagtable.Key) {
	c.texts, c.textsLen = w.texts.append(texts), uint16(len(texts))
	c.entry, c.entries = w.entries.len, uint32(len(keys))
	c.ends = was.row
	i := w.changes.append(c)
	for _, k := range keys {
		w.link(k, i)
	}
	if was.change != none {
		atomic.StoreUint32(&w.changes.at(was.change).end, i+1)
	}
	if was.row != none {
		w.end(was.row, i)
	}
	if !was.isNone() && !was.gone {
		w.records--
	}
	if !c.withdrawn {
		w.records++
	}
	w.remember(i, was.change)
}

// remember makes i the last change of its owner and ID, in the place of the one
// before, if there is one.
func (w *writer) remember(i, before uint32) {
	if before == none && 2*int(w.changes.len) > len(w.last) {
		old := w.last
		w.last = make([]uint32, 2*len(old))
		for _, n := range old {
			if n != 0 {
				w.remember(n-1, n-1)
			}
		}
	}
	mask := uint32(len(w.last) - 1)
	at := w.changes.at(i).hash & mask
	for w.last[at] != 0 && w.last[at] != before+1 {
		at = (at + 1) & mask
	}
	w.last[at] = i + 1
}

// crowded is the length from which a list of entries is a crowd.
const crowded = 64

// link appends an entry and links it into the list of its key.
func (w *writer) link(k tagtable.Key, i uint32) {
	e := w.entries.append(deltaEntry{key: k, change: i}) + 1
	t := w.delta.keys.Load()
	h := w.seg.table.Hash(k)
	w.seg.table.Mark(h)
	h = t.hash(k, h)
	slot, first := t.find(w.delta, k, h)
	before, older, next := w.place(k, i, e, first)
	w.entries.at(e-1).older, w.entries.at(e-1).next = older, next
	switch {
	case before != 0:
		atomic.StoreUint32(&w.entries.at(before-1).next, e)
		return
	case first == 0:
		w.addCountry(k, i)
		if next := t.roomier(w.delta, slot, h); next != t {
			t = next
			w.delta.keys.Store(t)
			h = t.hash(k, w.seg.table.Hash(k))
			slot, _ = t.find(w.delta, k, h)
		}
		t.keys++
	}
	t.set(slot, h, e)
}

// place returns which entries of a list the entry e of change i belongs between,
// 0: the beginning or end; and in the place of which, of the same owner and ID,
// 0: none.
func (w *writer) place(k tagtable.Key, i, e, first uint32) (before, older, next uint32) {
	if len(w.crowds) == 0 || w.crowds[k] == nil {
		next = first
		for range crowded {
			order := 1
			if next != 0 {
				order = w.compare(w.entries.at(next-1).change, i)
			}
			switch {
			case order == 0:
				return before, next, w.after(next)
			case order > 0:
				return before, 0, next
			}
			before, next = next, w.after(next)
		}
		c := &crowd{parts: make([][]uint32, 1)}
		for x := first; x != 0; x = w.after(x) {
			c.parts[0] = append(c.parts[0], x)
		}
		w.crowds[k] = c
	}
	c := w.crowds[k]
	before, older, next = c.place(e, func(x uint32) int { return w.compare(w.entries.at(x-1).change, i) })
	if older != 0 {
		next = w.after(older)
	}
	return before, older, next
}

// A crowd holds a long list of entries in its order, so that a new one finds its
// place by bisection; in parts, so that it moves few others.
type crowd struct{ parts [][]uint32 } // none is empty

// crowdPart is the length at which a part becomes two.
const crowdPart = 1 << 10

// place puts an entry in, of which compare tells the order of others, and returns
// the entries before and after it, or in the place of which it is.
func (c *crowd) place(e uint32, compare func(x uint32) int) (before, older, next uint32) {
	p := sort.Search(len(c.parts)-1, func(p int) bool { return compare(c.parts[p+1][0]) > 0 })
	part := c.parts[p]
	at, found := slices.BinarySearchFunc(part, e, func(x, _ uint32) int { return compare(x) })
	if at > 0 {
		before = part[at-1]
	} else if p > 0 {
		before = c.parts[p-1][len(c.parts[p-1])-1]
	}
	if found {
		older, part[at] = part[at], e
		return before, older, 0
	}
	if at < len(part) {
		next = part[at]
	} else if p+1 < len(c.parts) {
		next = c.parts[p+1][0]
	}
	part = slices.Insert(part, at, e)
	c.parts[p] = part
	if len(part) == crowdPart {
		c.parts[p] = part[:crowdPart/2]
		c.parts = slices.Insert(c.parts, p+1, slices.Clone(part[crowdPart/2:]))
	}
	return before, 0, next
}

// compare orders changes by owner and ID.
func (w *writer) compare(i, j uint32) int {
	c, d := w.changes.at(i), w.changes.at(j)
	if c.owner != d.owner {
		return strings.Compare(w.dict.owners.Value(c.owner), w.dict.owners.Value(d.owner))
	}
	return bytes.Compare(idOf(w.textsOf(c)), idOf(w.textsOf(d)))
}

// addCountry notes the country of a new plate.
func (w *writer) addCountry(k tagtable.Key, i uint32) {
	eachPlateCountry(k, func() []byte { return w.textsOf(w.changes.at(i)) }, func(code uint64) {
		name := countryName(code)
		if at, found := slices.BinarySearch(w.countries, name); !found {
			// Views hold the old list.
			w.countries = slices.Insert(slices.Clone(w.countries), at, name)
		}
	})
}

// eachPlateCountry calls f with the code of the country of a plate. If the key
// is a hash, which does not tell it, f is called for all plates of the record
// with these texts.
func eachPlateCountry(key tagtable.Key, texts func() []byte, f func(code uint64)) {
	k := Key{key.Hi, key.Lo}
	if k.Kind() != KindPlate {
		return
	}
	add := func(code uint64) {
		if code != 0 {
			f(code)
		}
	}
	if !k.Hashed() {
		add(k.hi >> countryShift & countryMask)
		return
	}
	var r Record
	readTexts(texts(), &r)
	add(countryCode(r.Plate.Country()))
	_ = eachKey(&r, func(_ Key, country string) { add(countryCode(country)) }, func(int, error) error { return nil })
}

// secondOf returns the seconds from the zero time to t; 0 for times before.
func secondOf(t time.Time) uint64 { return uint64(max(t.Unix()-dayZero, 0)) }

// maxDelta keeps the numbers of changes and entries of a delta within 32 bits
// with room for any call.
const maxDelta = math.MaxInt32 / 2
