package index

import (
	"iter"
	"math"
	"math/bits"
	"slices"

	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// A Row numbers a record within one [View]; it means nothing in another. The rows
// of an index that was just built or compacted are 0 to Len()-1, in the order of
// the records' VINs; changes leave gaps and add rows behind.
type Row uint32

// NoRow is the Row of no record.
const NoRow Row = math.MaxUint32

// A View is one version of the register, which never changes. Any number of
// goroutines may use it, without locks, for as long as they hold it; a View
// held for long keeps its version in memory. There is no use for the zero View.
type View struct {
	seg *segment
	n   int // records

	delta     *delta // what changed since the segment was made; nil: nothing
	changes   uint32 // of the delta, that count here
	values    *values
	countries []string
	position  Position

	writerBytes int64 // held to take more changes, when this View was made
}

// Len returns the number of records.
func (v *View) Len() int { return v.n }

// Position returns how much of the change log this View has.
func (v *View) Position() Position { return v.position }

// All returns all rows, in ascending order.
func (v *View) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for r := range Row(v.seg.n) {
			if !v.hidden(r) && !yield(r) {
				return
			}
		}
		for r := range v.deltaRows() {
			if !yield(r) {
				return
			}
		}
	}
}

// VINs returns the VIN of each record that has one: those of the register as it
// was built or compacted in ascending order, then those of changes. Several
// records may have one VIN. Second VINs among the numbers of a record are not
// among them.
func (v *View) VINs() iter.Seq[vin.VIN] {
	return func(yield func(vin.VIN) bool) {
		for r := range Row(v.seg.withVIN) {
			if !v.hidden(r) && !yield(v.seg.vinOf(r)) {
				return
			}
		}
		for r := range v.deltaRows() {
			if n := v.change(r).vin; n.IsValid() && !yield(n) {
				return
			}
		}
	}
}

// Lookup returns the first record with the key, in the order of owner and ID.
// It does not allocate. That there is none says only that no record of this View
// has exactly this number.
func (v *View) Lookup(k Key) (Row, bool) {
	key := tagtable.Key{Hi: k.hi, Lo: k.lo}
	if v.delta == nil {
		// The common case, in as few instructions as can be: see [tagtable.Table.Lookup].
		switch e, seen := v.seg.table.Glance(key); seen {
		case tagtable.Absent:
			return NoRow, false
		case tagtable.Present:
			return v.seg.rowOf(e), true
		}
	}
	row := v.first(key, nil)
	return row, row != NoRow
}

// first returns the first selected row with a key.
func (v *View) first(k tagtable.Key, s *Selection) Row {
	row := NoRow
	if e, ok := v.seg.table.Lookup(k); ok {
		row = v.firstOf(e, s)
	}
	if v.delta != nil {
		if e := v.delta.first(k, v.seg.table.Hash(k)); e != 0 {
			changed, _ := v.visible(e, s)
			row = v.earlier(row, changed)
		}
	}
	return row
}

// earlier returns the earlier of two rows in the order of owner and ID; NoRow is
// later than any.
func (v *View) earlier(a, b Row) Row {
	if b == NoRow || a != NoRow && v.compareRows(a, b) < 0 {
		return a
	}
	return b
}

// LookupBatch sets dst[i] to the first record with keys[i], or to NoRow, and
// returns how many keys have one. It is several times faster than Lookup for
// each key, the more so the larger the register, because the reads of many keys
// overlap. It panics if dst is shorter than keys, and does not allocate.
func (v *View) LookupBatch(dst []Row, keys []Key) int {
	return v.LookupBatchWhere(dst, keys, nil)
}

// LookupBatchWhere is LookupBatch among the selected records only: dst[i] is
// the first selected record with keys[i]. A nil selection selects everything.
func (v *View) LookupBatchWhere(dst []Row, keys []Key, s *Selection) (hits int) {
	if len(dst) < len(keys) {
		panic("index: LookupBatch: dst is shorter than keys")
	}
	v.check(s)
	dst = dst[:len(keys)]
	if len(keys) < smallBatch {
		for i := range keys {
			dst[i] = v.first(tagtable.Key{Hi: keys[i].hi, Lo: keys[i].lo}, s)
			if dst[i] != NoRow {
				hits++
			}
		}
		return hits
	}
	var b tagtable.Batch
	for base := 0; base < len(keys); base += tagtable.Block {
		block := keys[base:min(base+tagtable.Block, len(keys))]
		rows := dst[base:][:len(block)]
		for i := range block {
			b.Keys[i&(tagtable.Block-1)].Hi = block[i].hi
			b.Keys[i&(tagtable.Block-1)].Lo = block[i].lo
			rows[i] = NoRow
		}
		hits += v.put(dst, v.seg.table.Probe(&b, base, len(block)), s)
		if v.delta != nil {
			hits += v.putChanged(rows, &b, s)
		}
	}
	return hits + v.put(dst, v.seg.table.Flush(&b), s)
}

// smallBatch is the number of keys below which preparing a batch costs more than
// it saves.
const smallBatch = 8

// put writes the rows of keys that were found, and returns how many had none
// before.
func (v *View) put(dst []Row, found []tagtable.Found, s *Selection) (hits int) {
	// One thing after the other for all keys, and without branches on what is
	// read, so that the reads of many keys overlap. Keys whose first row does
	// not count are set aside, and of those the few that may have another.
	const mask = 2*tagtable.Block - 1
	var rows, passed [2 * tagtable.Block]Row
	for i, f := range found {
		rows[i&mask] = v.seg.rowOf(f.Pos)
	}
	if s != nil {
		for i := range found {
			r := rows[i&mask]
			passed[i&mask] = Row(^s.bits[r>>6] >> (r & 63) & 1)
		}
	}
	if v.delta != nil {
		for i := range found {
			if v.hidden(rows[i&mask]) {
				passed[i&mask] = 1
			}
		}
	}
	var aside [2 * tagtable.Block]uint8
	n := 0
	for i, f := range found {
		aside[n&mask] = uint8(i)
		n += int(passed[i&mask])
		hits += v.putRow(&dst[f.At], rows[i&mask]|-passed[i&mask])
	}
	left := 0
	for _, i := range aside[:n] {
		e := found[i&mask].Pos
		aside[left&mask] = i
		left += int(v.seg.shared[e/sharing/64] >> (e / sharing % 64) & 1)
	}
	for _, i := range aside[:left] {
		hits += v.putRow(&dst[found[i].At], v.after(found[i].Pos, s))
	}
	return hits
}

// putRow writes a row or NoRow, unless there is an earlier one, which is of a
// change. It returns 1 if there is a row where there was none.
func (v *View) putRow(dst *Row, row Row) int {
	if *dst != NoRow {
		*dst = v.earlier(row, *dst)
		return 0
	}
	*dst = row
	return int(((row ^ NoRow) | -(row ^ NoRow)) >> 31)
}

// putChanged looks up in the delta the block of keys that was probed last: those
// that are marked, of which the filter, which answers for nearly all of them, is
// asked without branches.
func (v *View) putChanged(dst []Row, b *tagtable.Batch, s *Selection) (hits int) {
	if b.Marked == 0 {
		return 0
	}
	t := v.delta.keys.Load()
	var hashes [tagtable.Block]uint64
	var marked, maybe [tagtable.Block]uint8
	n := 0
	for left := b.Marked; left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		hashes[i] = t.hash(b.Keys[i], b.Hash(i))
		marked[n&(tagtable.Block-1)] = uint8(i)
		n++
	}
	some := marked[:n]
	n = 0
	for _, i := range some {
		h := hashes[i&(tagtable.Block-1)]
		missing := filterBits(h) &^ t.filter[h>>(t.shift+wordBits)].Load()
		maybe[n&(tagtable.Block-1)] = i
		n += int(1 - (missing|-missing)>>63)
	}
	// Their slots are far away. Reading all before any decides on a branch
	// lets the reads overlap.
	var far uint64
	for _, i := range maybe[:n] {
		far |= t.slots[hashes[i&(tagtable.Block-1)]>>t.shift].Load()
	}
	if far == 0 {
		return 0
	}
	for _, i := range maybe[:n] {
		_, e := t.find(v.delta, b.Keys[i&(tagtable.Block-1)], hashes[i&(tagtable.Block-1)])
		if row, _ := v.visible(e, s); row != NoRow {
			if dst[i] == NoRow {
				hits++
			}
			dst[i] = v.earlier(dst[i], row)
		}
	}
	return hits
}

// firstOf returns the first visible and selected row among the entries that have
// the key of entry e, which is their first.
func (v *View) firstOf(e uint32, s *Selection) Row {
	if row := v.seg.rowOf(e); (s == nil || s.has(row)) && !v.hidden(row) {
		return row
	}
	return v.after(e, s)
}

// after is firstOf for the entries after e.
func (v *View) after(e uint32, s *Selection) Row {
	for e, same := v.seg.next(e); same; e, same = v.seg.next(e) {
		if row := v.seg.rowOf(e); (s == nil || s.has(row)) && !v.hidden(row) {
			return row
		}
	}
	return NoRow
}

// Rows returns all records with the key, in the order of owner and ID.
func (v *View) Rows(k Key) iter.Seq[Row] { return v.RowsWhere(k, nil) }

// RowsWhere returns the selected records with the key, in the order of owner
// and ID. A nil selection selects everything.
func (v *View) RowsWhere(k Key, s *Selection) iter.Seq[Row] {
	v.check(s)
	return func(yield func(Row) bool) {
		// The rows of the segment and those of the delta, both in order.
		key := tagtable.Key{Hi: k.hi, Lo: k.lo}
		changed, at := NoRow, uint32(0)
		if v.delta != nil {
			changed, at = v.visible(v.delta.first(key, v.seg.table.Hash(key)), s)
		}
		e, ok := v.seg.table.Lookup(key)
		for ; ok; e, ok = v.seg.next(e) {
			row := v.seg.rowOf(e)
			if s != nil && !s.has(row) || v.hidden(row) {
				continue
			}
			for changed != NoRow && v.compareRows(changed, row) < 0 {
				if !yield(changed) {
					return
				}
				changed, at = v.visible(v.delta.after(at), s)
			}
			if !yield(row) {
				return
			}
		}
		for changed != NoRow {
			if !yield(changed) {
				return
			}
			changed, at = v.visible(v.delta.after(at), s)
		}
	}
}

// Record returns a record as it was given, Stolen without the time of day. It
// allocates what the record needs, and shares no memory with the index. It
// panics if r is not a row of this View.
func (v *View) Record(r Row) Record {
	switch {
	case int64(r) >= int64(v.seg.n)+int64(v.changes) || v.hidden(r):
		panic("index: Record: no such row")
	case int(r) < v.seg.n:
		return v.seg.record(r)
	}
	return v.changeRecord(v.change(r))
}

// PlateCountries returns the countries that have plates in the register, in
// alphabetical order: those to look under for a plate whose country is not
// known. Listed plates without a country are found under none of them but under
// the plate without a country. A country whose last plate was withdrawn is among
// them until the index is compacted.
func (v *View) PlateCountries() iter.Seq[string] { return slices.Values(v.countries) }

// check panics if a selection is of another View.
func (v *View) check(s *Selection) {
	if s != nil && s.view != v {
		panic("index: the Selection is of another View")
	}
}
