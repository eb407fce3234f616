package index

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// Compact merges the changes taken so far into the register, and forgets
// withdrawals older than [Options.KeepWithdrawn]. No answer depends on it: it
// makes lookups and searches a little faster, and gives back the memory of
// records that were replaced. An index does it by itself; see
// [Options.CompactAfter].
//
// Lookups and Apply go on meanwhile. Compact needs memory for the new register
// beside the old one, and eight bytes a record. It ends early with the context,
// and leaves everything as it was. One Compact works at a time; a second waits
// for the first.
func (x *Index) Compact(ctx context.Context) error { return x.compact(ctx, 1, x.o.workers()) }

// compactAfter returns the number of changes from which an index compacts itself.
func (o Options) compactAfter(records int) int {
	if o.CompactAfter > 0 {
		return o.CompactAfter
	}
	return max(minCompactAfter, records/recordsPerChange)
}

const (
	minCompactAfter  = 1 << 14
	recordsPerChange = 64
	// waitAfter is how many times as many changes as start a compaction are
	// taken before Apply waits for it.
	waitAfter = 16
)

// makeRoom locks x.mu when there is room for changes.
func (x *Index) makeRoom() error {
	for {
		x.mu.Lock()
		v := x.View()
		// Not a product: CompactAfter may be as great as an int.
		if n := int(v.changes); n < maxDelta && n/waitAfter < x.o.compactAfter(v.seg.n) || x.closed {
			return nil
		}
		x.mu.Unlock()
		if err := x.compact(x.life, int(v.changes), x.o.workers()); err != nil {
			return err
		}
	}
}

// compactInBackground starts a compaction if none was started. The caller holds
// x.mu.
func (x *Index) compactInBackground() {
	if x.background || x.closed {
		return
	}
	x.background = true
	x.running.Go(func() {
		for {
			x.rest()
			began, v := time.Now(), x.View()
			// Nobody waits for this: leave the processors to the readers.
			err := x.compact(x.life, x.o.compactAfter(v.seg.n), max(x.o.workers()/4, 1))
			x.mu.Lock()
			x.restUntil = time.Now().Add(time.Since(began))
			v = x.View()
			if err != nil || int(v.changes) < x.o.compactAfter(v.seg.n) {
				x.background = false
				x.mu.Unlock()
				return
			}
			x.mu.Unlock()
		}
	})
}

// isCrowded reports whether so many changes wait that what comes during a compaction
// hardly has room.
func (o Options) isCrowded(v *View) bool {
	return int(v.changes)/(waitAfter/2) >= o.compactAfter(v.seg.n)
}

// rest waits for as long as the last compaction in the background took, or until
// it is crowded: readers have the processors half of the time at least, as long as
// that can be.
func (x *Index) rest() {
	x.mu.Lock()
	left := time.Until(x.restUntil)
	x.mu.Unlock()
	if left <= 0 {
		return
	}
	over := time.NewTimer(left)
	defer over.Stop()
	for {
		if x.o.isCrowded(x.View()) {
			return
		}
		select {
		case <-over.C:
			return
		case <-x.life.Done():
			return
		case <-x.crowded:
		}
	}
}

// own makes the caller the only one that may replace the segment, until it calls
// the function that own returns. The context that own returns also ends when the
// index is closed.
func (x *Index) own(ctx context.Context) (context.Context, func(), error) {
	select {
	case x.owned <- struct{}{}:
	case <-x.life.Done():
		return nil, nil, ErrClosed
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(x.life, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		<-x.owned
	}, nil
}

// compact is Compact if there are at least so many changes, with so many
// goroutines.
func (x *Index) compact(ctx context.Context, atLeast, workers int) error {
	ctx, release, err := x.own(ctx)
	if err != nil {
		return err
	}
	defer release()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	v := x.View()
	if v.changes == 0 || int(v.changes) < atLeast {
		return nil
	}
	o := x.o
	o.Workers = workers
	seg, err := v.merge(ctx, o)
	if err != nil {
		return err
	}
	w := newWriter(seg, o)

	// What was applied meanwhile is carried over while still more is applied,
	// so that Apply waits for the last of it only.
	carried := v.changes
	const rounds, few = 8, 1 << 8
	for range rounds {
		now := x.View()
		if now.changes-carried <= few || ctx.Err() != nil {
			break
		}
		w.carry(now, carried)
		carried = now.changes
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	now := x.View()
	w.carry(now, carried)
	x.writer = w
	x.view.Store(w.view(now.position))
	return nil
}

// carry takes the changes of another delta from number first on, as a View of it
// counts them. They are newer than what w knows.
func (w *writer) carry(from *View, first uint32) {
	for i := first; i < from.changes; i++ {
		c := from.delta.changes.at(i)
		if from.endedChange(c) {
			continue // by a later one that is carried too
		}
		a := c.attributes
		a.owner = w.dict.owners.Code(from.values.owners[a.owner])
		a.mark = w.dict.makes.Code(from.values.makes[a.mark])
		a.colour = w.dict.colours.Code(from.values.colours[a.colour])
		a.tagSet = w.dict.tags.Code(from.values.tags[a.tagSet])
		a.year = w.dict.years.Code(from.values.years[a.year])
		a.stolen = w.dict.days.Code(from.values.days[a.stolen])

		texts := from.delta.textsOf(c)
		h := hashIdentity(w.identities.seed, w.dict.owners.Value(a.owner), idOf(texts))
		was := w.find(w.dict.owners.Value(a.owner), idOf(texts), h)
		w.keys = w.keys[:0]
		for e := c.entry; e < c.entry+c.entries; e++ {
			w.keys = append(w.keys, from.delta.entries.at(e).key)
		}
		w.push(change{vin: c.vin, attributes: a, withdrawn: c.withdrawn, at: c.at, hash: uint32(h)}, was, texts, w.keys)
	}
}

// A merger makes a segment of what a View sees. Both the segment and the changes
// are in order, or few, so that nothing has to be sorted again: merging takes
// little more than the time to copy.
type merger struct {
	*View
	workers int

	live []uint32 // visible changes in the order of their rows
	hide []Row    // hidden rows of the segment, ascending

	order []uint32 // old row of each new row
	newOf []Row    // new row of each old row; NoRow: hidden
	codes codeMaps
}

// codeMaps give the new code for each old one.
type codeMaps struct{ owners, makes, colours, tags, years, days []uint32 }

// compacted returns a segment that holds what the View sees.
func (v *View) compacted(ctx context.Context, o Options) (*segment, error) {
	if v.changes == 0 {
		return v.seg, nil
	}
	return v.merge(ctx, o)
}

func (v *View) merge(ctx context.Context, o Options) (*segment, error) {
	m := &merger{View: v, workers: o.workers()}
	s := &segment{n: v.n, stats: v.seg.stats}
	steps := []func(*segment){m.numberRows, m.mergeKeys, m.recode, func(s *segment) { s.bury(m.tombstones(o)) }}
	for _, step := range steps {
		step(s)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	m.live, m.hide, m.newOf = nil, nil, nil // before more memory is needed
	if err := s.complete(ctx, o.Seed, m.workers, m); err != nil {
		return nil, err
	}
	return s, nil
}

// numberRows decides which new row each visible row becomes.
func (m *merger) numberRows(s *segment) {
	for r := range m.deltaRows() {
		m.live = append(m.live, uint32(r)-uint32(m.seg.n))
	}
	parallel.Sort(m.live, m.workers, func(i, j uint32) int { return m.compareChanges(i, j) })
	m.hide = slices.Sorted(m.hiddenRows())

	m.order = make([]uint32, 0, s.n)
	next, hidden := 0, m.hide
	keepUntil := func(end int) {
		for ; next < end; next++ {
			if len(hidden) > 0 && int(hidden[0]) == next {
				hidden = hidden[1:]
				continue
			}
			m.order = append(m.order, uint32(next))
		}
	}
	withVIN := sort.Search(len(m.live), func(i int) bool { return !m.delta.changes.at(m.live[i]).vin.IsValid() })
	for n, i := range m.live {
		if n == withVIN {
			keepUntil(m.seg.withVIN)
			s.withVIN = len(m.order)
		}
		keepUntil(m.placeOf(i, next))
		m.order = append(m.order, uint32(m.seg.n)+i)
	}
	if withVIN == len(m.live) {
		keepUntil(m.seg.withVIN)
		s.withVIN = len(m.order)
	}
	keepUntil(m.seg.n)

	m.newOf = make([]Row, m.seg.n+int(m.changes))
	eachPart(m.workers, len(m.newOf), func(first, end int) {
		for i := first; i < end; i++ {
			m.newOf[i] = NoRow
		}
	})
	eachPart(m.workers, len(m.order), func(first, end int) {
		for row := first; row < end; row++ {
			m.newOf[m.order[row]] = Row(row)
		}
	})
}

// compareChanges orders visible changes as their rows will stand.
func (m *merger) compareChanges(i, j uint32) int {
	v, w := m.delta.changes.at(i).vin, m.delta.changes.at(j).vin
	if v.IsValid() != w.IsValid() {
		if v.IsValid() {
			return -1
		}
		return 1
	}
	if c := v.Compare(w); c != 0 {
		return c
	}
	return m.compareRows(Row(m.seg.n)+Row(i), Row(m.seg.n)+Row(j))
}

// placeOf returns the first row of the segment, from row first on, that stands
// behind change i.
func (m *merger) placeOf(i uint32, first int) int {
	c := m.delta.changes.at(i)
	row := Row(m.seg.n) + Row(i)
	end := m.seg.withVIN
	if !c.vin.IsValid() {
		first, end = max(first, end), m.seg.n
	}
	return first + gallop(end-first, func(n int) bool {
		r := Row(first + n)
		if c.vin.IsValid() {
			if d := m.seg.vinOf(r).Compare(c.vin); d != 0 {
				return d > 0
			}
		}
		return m.compareRows(r, row) > 0
	})
}

// gallop is sort.Search that is quicker the smaller the answer.
func gallop(n int, f func(i int) bool) int {
	low, high := 0, 1
	for high <= n && !f(high-1) {
		low, high = high, 2*high
	}
	return low + sort.Search(min(high-1, n)-low, func(i int) bool { return f(low + i) })
}

// mergeKeys merges the entries of visible rows.
func (m *merger) mergeKeys(s *segment) {
	type added struct {
		key tagtable.Key
		row Row // old
		own bool
	}
	compare := func(x, y added) int {
		if c := x.key.Compare(y.key); c != 0 {
			return c
		}
		return m.compareRows(x.row, y.row)
	}
	// The own VINs are in order, since their rows are.
	var vins, others []added
	for _, i := range m.live {
		c := m.delta.changes.at(i)
		for e := c.entry; e < c.entry+c.entries; e++ {
			// Apply begins with the own VIN.
			if a := (added{m.delta.entries.at(e).key, Row(m.seg.n) + Row(i), e == c.entry && c.vin.IsValid()}); a.own {
				vins = append(vins, a)
			} else {
				others = append(others, a)
			}
		}
	}
	parallel.Sort(others, m.workers, compare)
	news := make([]added, 0, len(vins)+len(others))
	for _, a := range others {
		n := gallop(len(vins), func(i int) bool { return compare(vins[i], a) > 0 })
		news = append(append(news, vins[:n]...), a)
		vins = vins[n:]
	}
	news = append(news, vins...)

	old := m.seg
	s.keys = hugepage.Make[tagtable.Key](len(old.keys) + len(news))
	s.rows = make([]Row, 0, len(old.rows)+len(news))
	at := 0
	var countries [countryMask + 1]bool
	add := func(k tagtable.Key, row Row, own bool) {
		s.keys[at] = k
		switch {
		case Key{k.Hi, k.Lo}.Kind() != KindVIN:
			s.rows = append(s.rows, m.newOf[row])
			eachPlateCountry(k, func() []byte { return m.textsOf(row) }, func(code uint64) { countries[code] = true })
		case !own:
			s.second = append(s.second, uint32(at))
			s.secondRows = append(s.secondRows, m.newOf[row])
		}
		at++
	}
	next, second := 0, 0
	keepUntil := func(end int) {
		for ; next < end; next++ {
			row, own := Row(0), false
			switch {
			case next >= old.vins:
				row = old.rows[next-old.vins]
			case second < len(old.second) && int(old.second[second]) == next:
				row = old.secondRows[second]
				second++
			default:
				row, own = Row(next-second), true
			}
			if m.newOf[row] != NoRow {
				add(old.keys[next], row, own)
			}
		}
	}
	for _, n := range news {
		keepUntil(next + gallop(len(old.keys)-next, func(i int) bool { return old.keys[next+i].Compare(n.key) >= 0 }))
		// What has the same key is mostly what the change replaces, and goes.
		for next < len(old.keys) && old.keys[next] == n.key {
			if row := old.rowOf(uint32(next)); m.newOf[row] != NoRow && m.compareRows(row, n.row) > 0 {
				break
			}
			keepUntil(next + 1)
		}
		add(n.key, n.row, n.own)
	}
	keepUntil(len(old.keys))

	s.keys = s.keys[:at:at]
	s.vins = at - len(s.rows)
	for code, seen := range countries {
		if seen {
			s.plateCountries = append(s.plateCountries, countryName(uint64(code)))
		}
	}
}

// textsOf returns what appendTexts wrote of an old row.
func (m *merger) textsOf(row Row) []byte {
	if int(row) < m.seg.n {
		return m.seg.texts.At(int(row))
	}
	return m.delta.textsOf(m.change(row))
}

// recode makes dictionaries of the values that visible rows have.
func (m *merger) recode(s *segment) {
	s.dictionaries = newDictionaries()
	x, c := m.values, &m.codes
	jobs := []func(){
		func() {
			c.owners = recode(m, &s.owners, x.owners, m.seg.owner, func(a *attributes) uint32 { return a.owner })
		},
		func() {
			c.makes = recode(m, &s.makes, x.makes, m.seg.mark, func(a *attributes) uint32 { return a.mark })
		},
		func() {
			c.colours = recode(m, &s.colours, x.colours, m.seg.colour, func(a *attributes) uint32 { return a.colour })
		},
		func() {
			c.tags = recode(m, &s.tags, x.tags, m.seg.tagSet, func(a *attributes) uint32 { return a.tagSet })
		},
		func() {
			c.years = recode(m, &s.years, x.years, m.seg.year, func(a *attributes) uint32 { return a.year })
		},
		func() {
			c.days = recode(m, &s.days, x.days, m.seg.stolen, func(a *attributes) uint32 { return a.stolen })
		},
	}
	parallel.Do(m.workers, len(jobs), func(i int) { jobs[i]() })
}

// recode adds to a new dictionary the values whose codes occur, in the order of
// the rows, and returns the new code of each old one. The old codes are in a
// column of the segment and in what get returns of changes.
func recode[T comparable](m *merger, dict *column.Dict[T], values []T, held *column.Uints, get func(a *attributes) uint32) []uint32 {
	codes := make([]uint32, len(values))
	for i := range codes {
		codes[i] = none
	}
	var block [1 << 10]uint32
	for order := m.order; len(order) > 0; {
		// Rows that stay side by side are read together.
		first, n := order[0], 1
		if int(first) < m.seg.n {
			for n < min(len(order), len(block)) && order[n] == first+uint32(n) && int(order[n]) < m.seg.n {
				n++
			}
			held.Range(block[:n], int(first))
		} else {
			block[0] = get(&m.change(Row(first)).attributes)
		}
		for _, code := range block[:n] {
			if codes[code] == none {
				codes[code] = dict.Code(values[code])
			}
		}
		order = order[n:]
	}
	return codes
}

// versions implements source.
func (m *merger) versions() (least, greatest uint64) {
	least = ^uint64(0)
	for _, old := range m.order {
		v := uint64(0)
		if int(old) < m.seg.n {
			v = m.seg.version.At(int(old))
		} else {
			v = m.change(Row(old)).version
		}
		least, greatest = min(least, v), max(greatest, v)
	}
	return least, greatest
}

// attributes implements source.
func (m *merger) attributes(row int) attributes {
	old := Row(m.order[row])
	var a attributes
	if int(old) < m.seg.n {
		a = m.seg.attributesOf(old)
	} else {
		a = m.change(old).attributes
	}
	a.owner, a.mark, a.colour = m.codes.owners[a.owner], m.codes.makes[a.mark], m.codes.colours[a.colour]
	a.tagSet, a.year, a.stolen = m.codes.tags[a.tagSet], m.codes.years[a.year], m.codes.days[a.stolen]
	return a
}

// texts implements source.
func (m *merger) texts(row int) []byte { return m.textsOf(Row(m.order[row])) }

// textsLen implements source.
func (m *merger) textsLen(row int) int {
	old := Row(m.order[row])
	if int(old) < m.seg.n {
		return m.seg.texts.LenAt(int(old))
	}
	return len(m.textsOf(old))
}

// tombstones returns those of the View that are to be kept.
func (m *merger) tombstones(o Options) (kept []tombstone) {
	add := func(owner string, id []byte, version, at uint64) {
		kept = append(kept, tombstone{owner, id, version, at})
	}
	old := &m.seg.tombs
	ended := map[uint32]bool{}
	latest := uint64(0)
	for i := range m.changes {
		c := m.delta.changes.at(i)
		latest = max(latest, c.at)
		if c.ends != none && int(c.ends) >= m.seg.n {
			ended[c.ends] = true
		}
		if c.withdrawn && !m.endedChange(c) {
			add(m.values.owners[c.owner], idOf(m.delta.textsOf(c)), c.version, c.at)
		}
	}
	for i := range old.n {
		if row := uint32(m.seg.n + i); !ended[row] {
			owner, id := m.seg.identity(row)
			add(owner, id, old.version.At(i), old.at.At(i))
		}
	}
	// Time goes on as the changes come, so that taking an old log once more
	// keeps what it kept at its time; a time in the future counts as now.
	latest = min(latest, secondOf(time.Now()))
	keep := uint64(max(o.keepWithdrawn(), 0) / time.Second)
	return slices.DeleteFunc(kept, func(t tombstone) bool { return t.at+keep < latest })
}
