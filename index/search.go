package index

import (
	"context"
	"slices"

	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// DefaultLimit is the limit of a search that is given none.
const DefaultLimit = 100

// A Result is what a search found.
type Result struct {
	Rows      []Row
	Truncated bool // more records fit than Rows has
	Plan      Plan
}

// Search returns the records that have a VIN which fits a pattern: their own, or
// one among their numbers. With a selection it returns selected records only;
// nil selects everything.
//
// Rows are in ascending order, which is the order of the records' own VINs, and
// there are at most as many as the limit, [DefaultLimit] if that is not
// positive: the lowest of all that fit.
//
// A search takes the path that promises to be the shortest: see [Path]. None
// takes much longer than to match each VIN in turn until the limit is reached.
// When the context ends, so does the search, with what it found so far and the
// context's cause as the error.
func (v *View) Search(ctx context.Context, p vin.Pattern, s *Selection, limit int) (Result, error) {
	var r Result
	var err error
	r.Rows, r.Truncated, r.Plan, err = v.search(ctx, nil, &p, s, limit)
	return r, err
}

// AppendSearch is [View.Search] that appends the rows to dst, and reports
// whether there are more. It does not allocate if dst has room for one row more
// than twice the limit, but for one search in some hundred changes, which sorts
// what came since.
func (v *View) AppendSearch(ctx context.Context, dst []Row, p vin.Pattern, s *Selection, limit int) (rows []Row, truncated bool, err error) {
	rows, truncated, _, err = v.search(ctx, dst, &p, s, limit)
	return rows, truncated, err
}

func (v *View) search(ctx context.Context, dst []Row, p *vin.Pattern, s *Selection, limit int) (rows []Row, truncated bool, plan Plan, err error) {
	v.check(s)
	f := finder{sight: sight{ctx: ctx, v: v, s: s}, lowestRows: lowestRows{rows: dst, base: len(dst), limit: v.limit(limit), bound: NoRow}, seg: v.seg, pattern: *p}
	if !p.IsValid() || !f.tick(0) {
		return dst, false, Plan{}, f.err
	}
	if number, ok := p.VIN(); ok {
		plan = Plan{Path: PathExact, Expected: 1}
		k := VIN(number)
		f.exact(tagtable.Key{Hi: k.hi, Lo: k.lo})
	} else if plan, ok = f.ends(p); ok {
		f.walkRest(p)
	} else if opened, done := f.open(p); done {
		plan = Plan{Path: PathScan, Expected: f.visited}
		f.walkRest(p)
	} else {
		path, pl, d, e := v.seg.planSearch(p, f.limit, s)
		pl.from = max(pl.from, opened)
		path, e = f.sample(path, &pl, &d, e)
		plan = Plan{Path: path, Expected: int(e.candidates)}
		if !f.stopped && f.err == nil {
			f.walk(path, &pl, &d)
		}
		f.addSecond()
		f.walkDelta(&d)
	}
	plan.Visited = f.visited
	rows, truncated = f.finish()
	return rows, truncated, plan, f.err
}

// limit returns the limit that counts.
func (v *View) limit(limit int) int {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return min(limit, v.n)
}

// A sight is what a search sees of a View, and for how long.
type sight struct {
	ctx context.Context
	v   *View
	s   *Selection

	visited, checked int
	err              error
}

// tick counts candidates. It returns false when the context has ended, at which it
// looks from time to time, and for none each time.
func (g *sight) tick(n int) bool {
	g.visited += n
	if n > 0 && g.visited-g.checked < checkEvery {
		return g.err == nil
	}
	g.checked = g.visited
	if g.ctx.Err() != nil {
		g.err = context.Cause(g.ctx)
		return false
	}
	return true
}

// sees reports whether a row is there and selected.
func (g *sight) sees(row Row) bool {
	if g.s != nil {
		return g.s.has(row)
	}
	return !g.v.hidden(row)
}

// changesWith keeps the rows of changes with a key.
func (g *sight) changesWith(k tagtable.Key, l *lowestRows) {
	d := g.v.delta
	if d == nil {
		return
	}
	row, e := g.v.visible(d.first(k, g.v.seg.table.Hash(k)), g.s)
	for e != 0 && g.tick(1) {
		if row < l.bound {
			l.keep(row)
		}
		row, e = g.v.visible(d.after(e), g.s)
	}
}

// A finder is one search for VINs at work. It finds entries, and keeps the
// lowest rows of those that fit.
type finder struct {
	sight
	lowestRows
	seg     *segment
	pattern vin.Pattern // not a pointer to it, which would escape with ctx

	from, to uint32 // the entries that begin as wanted

	streamed int  // rows found since the stream began
	opened   int  // of the stream before it, which began with the first entry
	stopped  bool // a stream ended before its last entry
}

// lowestRows are the lowest of many rows: as many as the limit, and one more that
// tells that there are more.
type lowestRows struct {
	rows  []Row // those found are behind base
	base  int
	limit int
	bound Row // no row from here on is among them
}

// add takes an entry that fits. It returns false if the rows of later entries
// cannot be among the lowest, provided that all entries come in their order.
func (f *finder) add(entry uint32) bool {
	row := f.seg.rowOf(entry)
	// A second VIN says nothing about the rows behind it.
	own := len(f.seg.second) == 0 || int(row) < f.seg.withVIN && f.seg.entryOfVIN(row) == entry
	if row >= f.bound {
		return !own
	}
	if f.sees(row) {
		f.keep(row)
		if own {
			f.streamed++
		}
	}
	return f.streamed <= f.limit
}

// keep takes a row.
func (l *lowestRows) keep(row Row) {
	l.rows = append(l.rows, row)
	if len(l.rows)-l.base > 2*l.limit {
		l.cut()
	}
}

// cut drops what is not among them, and puts them in order.
func (l *lowestRows) cut() {
	found := l.rows[l.base:]
	if !ascending(found) {
		slices.Sort(found)
		found = slices.Compact(found)
	}
	if len(found) > l.limit {
		found = found[:l.limit+1]
		l.bound = found[l.limit]
	}
	l.rows = l.rows[:l.base+len(found)]
}

// ascending reports whether rows are in order, each there once.
func ascending(rows []Row) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i-1] >= rows[i] {
			return false
		}
	}
	return true
}

// finish returns the rows, and whether there are more.
func (f *finder) finish() (rows []Row, truncated bool) {
	f.cut()
	if len(f.rows)-f.base > f.limit {
		return f.rows[:f.base+f.limit], true
	}
	return f.rows, f.err != nil
}

// fits reports whether a VIN is as demanded and fits the pattern.
func (f *finder) fits(d *demands, k *tagtable.Key) bool {
	return d.fits(k) && (!d.more || f.matches(k))
}

func (f *finder) matches(k *tagtable.Key) bool {
	return f.pattern.MatchWords(k.Hi&(1<<kindShift-1), k.Lo)
}

// exact takes the records with one VIN.
func (f *finder) exact(k tagtable.Key) {
	e, ok := f.seg.table.Lookup(k)
	for ; ok; e, ok = f.seg.next(e) {
		if !f.tick(1) {
			return
		}
		if !f.add(e) {
			break
		}
	}
	if ok { // second VINs are left, perhaps of lower rows
		at, _ := slices.BinarySearch(f.seg.second, e+1)
		for _, e := range f.seg.second[at:] {
			if f.seg.keys[e] != k || !f.tick(1) {
				break
			}
			f.add(e)
		}
	}
	if f.cut(); f.err == nil && len(f.rows)-f.base <= f.limit {
		f.changesWith(k, &f.lowestRows)
	}
}

// walk takes the entries that fit by one path.
func (f *finder) walk(path Path, pl *planner, d *demands) {
	f.from, f.to = pl.from, pl.to
	switch path {
	case PathHeads:
		f.walkHeads(d)
	case PathSerials:
		f.walkSerials(d, pl.readsKeys(d))
	case PathOffsets:
		f.walkOffsets(pl, d)
	default:
		f.streamed = f.opened
		f.stream(d, f.from, f.to)
	}
}

// open takes the entries that fit from the first ones, as long as there are many, and
// returns how many it went through and whether that was all that there is to do. Of
// patterns that fit much the limit is reached before a plan could be made.
func (f *finder) open(p *vin.Pattern) (entries uint32, done bool) {
	const first = 32
	oneIn := uint32(32) // has to fit
	var d demands
	w, whole := &d.want, false
	w.MaskHi, w.WantHi, w.MaskLo, w.WantLo, whole = p.Words()
	if d.more = !whole; d.more {
		oneIn = 8 // each takes longer
	}
	end := uint32(f.seg.vins)
	for entries < end && f.opened >= int(entries/oneIn) {
		to := min(max(4*entries, first), end)
		if !f.stream(&d, entries, to) {
			return to, true
		}
		entries, f.opened = to, f.streamed
	}
	return entries, entries == end
}

// sample takes the entries that fit from a small part of those that begin as wanted,
// if that takes little beside the way that is planned, and changes the plan where
// they show that the limit is reached sooner in order. Estimates come from all VINs,
// and those of one maker are unlike others.
func (f *finder) sample(path Path, pl *planner, d *demands, e estimate) (Path, estimate) {
	const most, part, fewest = 1 << 10, 1.0 / 32, 64
	each := costRow + pl.verify
	n := uint32(min(most, e.cost*part/each))
	if path == PathScan || path == PathPrefix || n < fewest || n >= pl.to-pl.from {
		return path, e
	}
	f.streamed = f.opened
	f.stream(d, pl.from, pl.from+n)
	pl.from += n
	fit := f.streamed - f.opened
	f.opened = f.streamed
	if fit == 0 {
		return path, e
	}
	rows := min(float64(n)*pl.stop/float64(fit), float64(pl.to-pl.from))
	if cost := rows * each; cost < e.cost || f.stopped {
		path, e = PathScan, estimate{rows, cost}
		if pl.prefix > 0 {
			path = PathPrefix
		}
	}
	return path, e
}

// stream takes the entries that fit from a range, in order. It returns false if
// it stopped before the end, because it found enough or the context ended.
func (f *finder) stream(d *demands, from, to uint32) bool {
	w, plain := d.want, f.plain()
	for from < to {
		keys := f.seg.keys[from:min(from+checkEvery, to)]
		if !f.tick(len(keys)) {
			return false
		}
		for i := range keys {
			k := &keys[i]
			if k.Hi&w.MaskHi != w.WantHi || k.Lo&w.MaskLo != w.WantLo ||
				d.n > 0 && !d.fitsSets(k) || d.more && !f.matches(k) {
				continue
			}
			more := false
			if row := Row(from) + Row(i); plain && row < f.bound && f.streamed < f.limit {
				// What add does, where that is all.
				f.rows = append(f.rows, row)
				f.streamed++
				more = true
			} else {
				more = f.add(from + uint32(i))
			}
			if !more {
				f.visited -= len(keys) - 1 - i
				f.stopped = true
				return false
			}
		}
		from += uint32(len(keys))
	}
	return true
}

// plain reports whether every entry is a row of the same number that is there
// and selected, and the list has room for as many as may be wanted.
func (f *finder) plain() bool {
	return len(f.seg.second) == 0 && f.s == nil && f.v.delta == nil && len(f.rows)-f.base <= f.limit
}

// walkHeads goes through the VINs whose heads are as demanded.
func (f *finder) walkHeads(d *demands) {
	f.streamed = f.opened
	f.seg.heads.Walk(f.from, f.to, &d.want, func(from, to uint32) bool { return f.stream(d, from, to) })
}

// walkSerials goes through the VINs whose last six symbols are as demanded.
func (f *finder) walkSerials(d *demands, readsKeys bool) {
	keys, from, n := f.seg.keys, f.from, f.to-f.from
	f.seg.serials.Walk(d.tails(), func(run []uint32) bool {
		for part := range slices.Chunk(run, checkEvery) {
			if !f.tick(len(part)) {
				return false
			}
			for _, e := range part {
				if e-from < n && (!readsKeys || f.fits(d, &keys[e])) {
					f.add(e)
				}
			}
		}
		return true
	})
}

// walkOffsets puts the longest fragment of the pattern wherever it may stand.
func (f *finder) walkOffsets(pl *planner, d *demands) {
	var buf [vin.Len]byte
	fragment, first, last := f.pattern.AppendFragment(buf[:0])
	for at := first; at <= last && f.err == nil; at++ {
		one := *d
		if !one.putAll(fragment, at-1) {
			continue
		}
		if path, _ := pl.offset(&one); path == PathHeads {
			f.walkHeads(&one)
		} else {
			f.walkSerials(&one, pl.readsKeys(&one))
		}
	}
}

// addSecond takes the second VINs of records that a stream did not come to.
func (f *finder) addSecond() {
	if !f.stopped {
		return
	}
	for i, e := range f.seg.second {
		if i%checkEvery == 0 && !f.tick(min(checkEvery, len(f.seg.second)-i)) {
			return
		}
		if f.matches(&f.seg.keys[e]) {
			f.add(e)
		}
	}
}

// walkRest takes what fits a pattern besides the entries in order: second VINs, and
// changes.
func (f *finder) walkRest(p *vin.Pattern) {
	f.addSecond()
	if f.v.delta != nil {
		d := demandsOf(p)
		f.walkDelta(&d)
	}
}

// walkDelta takes the changes that fit. Their rows stand behind all others.
func (f *finder) walkDelta(d *demands) {
	if f.cut(); f.err != nil || len(f.rows)-f.base > f.limit {
		return
	}
	v := f.v
	if v.delta == nil {
		return
	}
	first, end := d.bounds(d.prefix())
	known, tail := d.suffix()
	sorted := f.sortedRuns()
	for i := range sorted.runs {
		r := &sorted.runs[i]
		from := firstNotLess(r.keys, first)
		to := from + firstNotLess(r.keys[from:], end)
		// A step from tail to key takes about four from key to key.
		if tails := r.ending(tail, known); known > 0 && 4*len(tails) < int(to-from) {
			for part := range slices.Chunk(tails, checkEvery) {
				if !f.tick(len(part)) {
					return
				}
				for _, t := range part {
					f.addChange(d, uint32(t&(1<<tailShift-1)))
				}
			}
			continue
		}
		for ; from < to; from += checkEvery {
			keys := r.keys[from:min(from+checkEvery, to)]
			if !f.tick(len(keys)) {
				return
			}
			for i := range keys {
				if f.fits(d, &keys[i]) {
					f.addChange(d, r.entries[int(from)+i])
				}
			}
		}
	}
	for e := sorted.held; e < v.deltaEntries() && f.tick(1); e++ {
		f.addChange(d, e)
	}
}

// addChange takes an entry of the delta if it fits.
func (f *finder) addChange(d *demands, e uint32) {
	entry := f.v.delta.entries.at(e)
	if entry.key.Hi>>kindShift != uint64(KindVIN) || !f.fits(d, &entry.key) {
		return
	}
	// Runs may hold changes that the View, and a selection, know nothing of.
	row := Row(f.v.seg.n) + Row(entry.change)
	if entry.change < f.v.changes && row < f.bound && f.sees(row) {
		f.keep(row)
	}
}

// deltaEntries returns how many entries of the delta are of changes that count.
func (v *View) deltaEntries() uint32 {
	if v.changes == 0 {
		return 0
	}
	last := v.delta.changes.at(v.changes - 1)
	return last.entry + last.entries
}
