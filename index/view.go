package index

import (
	"iter"
	"math"
	"slices"

	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// A Row numbers a record within one [View], from 0; it means nothing in another.
type Row uint32

// NoRow is the Row of no record.
const NoRow Row = math.MaxUint32

// A View is one version of the register, which never changes. Any number of
// goroutines may use it, without locks, for as long as they hold it; a View
// held for long keeps its version in memory. There is no use for the zero View.
type View struct {
	seg *segment
}

// Len returns the number of records.
func (v *View) Len() int { return v.seg.n }

// Lookup returns the first record with the key, in the order of owner and ID.
// It does not allocate. That there is none says only that no record of this View
// has exactly this number.
func (v *View) Lookup(k Key) (Row, bool) {
	entry, ok := v.seg.table.Lookup(tagtable.Key{Hi: k.hi, Lo: k.lo})
	if !ok {
		return NoRow, false
	}
	return v.seg.rowOf(entry), true
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
			dst[i] = NoRow
			if e, ok := v.seg.table.Lookup(tagtable.Key{Hi: keys[i].hi, Lo: keys[i].lo}); ok {
				if dst[i] = v.firstOf(e, s); dst[i] != NoRow {
					hits++
				}
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
	}
	return hits + v.put(dst, v.seg.table.Flush(&b), s)
}

// smallBatch is the number of keys below which preparing a batch costs more than
// it saves.
const smallBatch = 8

// put writes the rows of keys that were found, and returns how many have one.
func (v *View) put(dst []Row, found []tagtable.Found, s *Selection) (hits int) {
	for _, f := range found {
		if row := v.firstOf(f.Pos, s); row != NoRow {
			dst[f.At] = row
			hits++
		}
	}
	return hits
}

// firstOf returns the first selected row among the entries that have the key of
// entry e, which is their first.
func (v *View) firstOf(e uint32, s *Selection) Row {
	for same := true; same; e, same = v.seg.next(e) {
		if row := v.seg.rowOf(e); s == nil || s.has(row) {
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
		e, ok := v.seg.table.Lookup(tagtable.Key{Hi: k.hi, Lo: k.lo})
		for ; ok; e, ok = v.seg.next(e) {
			if row := v.seg.rowOf(e); (s == nil || s.has(row)) && !yield(row) {
				return
			}
		}
	}
}

// Record returns a record as it was given, Stolen without the time of day. It
// allocates what the record needs, and shares no memory with the index. It
// panics if r is not a row of this View.
func (v *View) Record(r Row) Record {
	if int64(r) >= int64(v.seg.n) {
		panic("index: Record: no such row")
	}
	return v.seg.record(r)
}

// PlateCountries returns the countries that have plates in the register, in
// alphabetical order: those to look under for a plate whose country is not
// known. Listed plates without a country are found under none of them but under
// the plate without a country.
func (v *View) PlateCountries() iter.Seq[string] { return slices.Values(v.seg.plateCountries) }

// check panics if a selection is of another View.
func (v *View) check(s *Selection) {
	if s != nil && s.seg != v.seg {
		panic("index: the Selection is of another View")
	}
}
