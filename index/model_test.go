package index_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
)

// A model is a register that changes, in plain maps.
type model struct {
	live  map[identity]listed
	tombs map[identity]buried
	byKey map[index.Key][]identity // in the order of owner and ID
	at    index.Position
	day   uint64 // of the last change that took effect
}

type listed struct {
	version uint64
	*template
}

type buried struct{ version, day uint64 }

// A template is a record without owner, ID and version, and its keys.
type template struct {
	record  index.Record
	keys    []index.Key
	unkeyed int // numbers without key
}

func (l listed) as(id identity) index.Record {
	r := l.record
	r.Owner, r.ID, r.Version = id.owner, id.id, l.version
	return r
}

func newModel() *model {
	return &model{live: map[identity]listed{}, tombs: map[identity]buried{}, byKey: map[index.Key][]identity{}}
}

// clone returns a copy that does not change with m.
func (m *model) clone() *model {
	c := &model{live: maps.Clone(m.live), tombs: maps.Clone(m.tombs), byKey: maps.Clone(m.byKey), at: m.at, day: m.day}
	for k, ids := range c.byKey {
		c.byKey[k] = slices.Clone(ids)
	}
	return c
}

func compareIdentities(a, b identity) int {
	return cmp.Or(strings.Compare(a.owner, b.owner), strings.Compare(a.id, b.id))
}

func (m *model) put(id identity, l listed) {
	m.remove(id)
	m.live[id] = l
	for _, k := range l.keys {
		if at, found := slices.BinarySearchFunc(m.byKey[k], id, compareIdentities); !found {
			m.byKey[k] = slices.Insert(m.byKey[k], at, id)
		}
	}
}

func (m *model) remove(id identity) {
	if l, ok := m.live[id]; ok {
		for _, k := range l.keys {
			if at, found := slices.BinarySearchFunc(m.byKey[k], id, compareIdentities); found {
				m.byKey[k] = slices.Delete(m.byKey[k], at, at+1)
			}
		}
	}
	delete(m.live, id)
	delete(m.tombs, id)
}

// apply does what Apply documents, and returns what it should return.
func (m *model) apply(at index.Position, changes []modelChange) (want index.Applied, refused []error) {
	m.at = at
	for _, c := range changes {
		var err error
		version, known := uint64(0), true
		l, isLive := m.live[c.id]
		t, isBuried := m.tombs[c.id]
		switch {
		case isLive:
			version = l.version
		case isBuried:
			version = t.version
		default:
			known = false
		}
		same := isLive && c.op == index.Put && sameRecord(l.record, c.record) || isBuried && c.op == index.Withdraw
		switch {
		case c.op != index.Put && c.op != index.Withdraw:
			err = index.UnknownOp
		case c.by != c.id.owner:
			err = index.NotOwner
		case known && (c.version < version || c.version == version && same):
			want.Stale++
		case known && c.version == version:
			err = index.VersionConflict
		case c.op == index.Put:
			m.day = c.day
			m.put(c.id, listed{c.version, c.template})
			want.Put++
			for range c.unkeyed {
				refused = append(refused, nil)
			}
		default:
			m.day = c.day
			m.remove(c.id)
			m.tombs[c.id] = buried{c.version, c.day}
			want.Withdrawn++
		}
		if err != nil {
			refused = append(refused, err)
		}
	}
	return want, refused
}

// sameRecord is reflect.DeepEqual, but fast.
func sameRecord(a, b index.Record) bool {
	same := slices.Equal(a.Numbers, b.Numbers) && slices.Equal(a.Tags, b.Tags)
	return same && a.Owner == b.Owner && a.ID == b.ID && a.Version == b.Version && a.VIN == b.VIN && a.Plate == b.Plate &&
		a.Type == b.Type && a.Status == b.Status && a.Make == b.Make && a.ModelYear == b.ModelYear &&
		a.Colour == b.Colour && a.Stolen == b.Stolen
}

// forget drops the tombstones that a compaction drops.
func (m *model) forget(keep uint64) {
	maps.DeleteFunc(m.tombs, func(_ identity, t buried) bool { return t.day+keep < m.day })
}

type modelChange struct {
	by      string
	op      index.Op
	id      identity
	version uint64
	day     uint64
	*template
}

var firstDay = time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)

func (c modelChange) change() index.Change {
	r := listed{c.version, c.template}.as(c.id)
	return index.Change{By: c.by, Op: c.op, Record: r, At: firstDay.Add(time.Duration(c.day) * 24 * time.Hour)}
}

// A program replays random operations on an index and a model of it.
type program struct {
	t     testing.TB
	rng   *rand.Rand
	x     *index.Index
	o     index.Options
	m     *model
	ops   int
	steps int // of a whole history
	held  []heldView

	path  string // of a snapshot
	saved *model // what is in it; nil: there is none

	templates []*template
	keys      []index.Key // of templates, and others
	ids       []identity
	day       uint64
	unmerged  bool // changes came since the index was last compacted
	dst       []index.Row
	want      []index.Key
}

// A heldView is a View, a selection on it, and what they knew when taken.
type heldView struct {
	v *index.View
	m *model
	f testFilter
	s *index.Selection
}

func (p *program) now() heldView { return heldView{v: p.x.View(), m: p.m} }

// operations are what a program does, with how often.
var operations = []struct {
	weight int
	do     func(*program)
}{
	{60, (*program).applyChanges},
	{25, func(p *program) { p.lookups(p.now(), 20) }},
	{10, func(p *program) { p.batch(p.now()) }},
	{10, func(p *program) { p.rows(p.now(), 5) }},
	{3, func(p *program) { p.filter(p.now()) }},
	{3, func(p *program) { p.search(p.now()) }},
	{3, (*program).hold},
	{10, (*program).askHeld},
	{1, (*program).compact},
	{1, (*program).snapshot},
	{1, func(p *program) { p.everything(p.now()) }},
}

// step does one of the operations.
func (p *program) step() {
	total := 0
	for _, o := range operations {
		total += o.weight
	}
	at := p.rng.IntN(total)
	for _, o := range operations {
		if at -= o.weight; at < 0 {
			o.do(p)
			p.ops++
			return
		}
	}
}

// end asks everything once more and closes the index.
func (p *program) end() {
	p.everything(p.now())
	if err := p.x.Close(); err != nil {
		p.t.Error(err)
	}
	for len(p.held) > 0 {
		p.askHeld()
		p.held = p.held[1:]
	}
}

// newProgram builds an index of random options and records.
func newProgram(t testing.TB, rng *rand.Rand, templates []*template) *program {
	p := &program{t: t, rng: rng, m: newModel(), templates: templates[:1+rng.IntN(len(templates))]}
	for _, tm := range p.templates {
		p.keys = append(p.keys, tm.keys...)
	}
	for range 20 {
		p.keys = append(p.keys, index.VIN(vin.MustParse(fmt.Sprintf("%017d", rng.IntN(1e9)))))
	}
	for i := range 1 + rng.IntN([]int{5, 100, 2000}[rng.IntN(3)]) {
		p.ids = append(p.ids, identity{pick(rng, owners), fmt.Sprint(i)})
	}
	p.o = index.Options{
		Workers:       rng.IntN(3),
		Seed:          rng.Uint64N(3),
		CompactAfter:  math.MaxInt,
		KeepWithdrawn: time.Duration(1+rng.IntN(50)) * 24 * time.Hour,
	}
	if rng.IntN(2) == 0 {
		// Compaction happens at any time: no tombstone may be old enough.
		p.o.CompactAfter = 1 + rng.IntN(500)
		p.o.KeepWithdrawn = 200 * 365 * 24 * time.Hour
	}
	var given []index.Record
	for _, id := range p.ids {
		if rng.IntN(3) > 0 {
			l := listed{rng.Uint64N(4), pick(rng, p.templates)}
			p.m.put(id, l)
			given = append(given, l.as(id))
		}
	}
	p.o.OnRefused = func(r *index.Refusal) {
		if r.Number < 0 {
			t.Error(r)
		}
	}
	p.x = mustBuild(t, p.o, given)
	p.path = filepath.Join(t.TempDir(), "snapshot")
	return p
}

func (p *program) applyChanges() {
	n := p.rng.IntN(6)
	if p.rng.IntN(50) == 0 {
		n = p.rng.IntN(600)
	}
	changes := make([]modelChange, n)
	given := make([]index.Change, n)
	// Versions are meant for the register as it is before the call.
	for i := range changes {
		id := pick(p.rng, p.ids)
		c := modelChange{by: id.owner, op: index.Put, id: id, day: p.day, template: pick(p.rng, p.templates)}
		version := uint64(0)
		if l, ok := p.m.live[id]; ok {
			version = l.version
		}
		if tomb, ok := p.m.tombs[id]; ok {
			version = tomb.version
		}
		switch p.rng.IntN(20) {
		case 0:
			c.by = pick(p.rng, owners)
		case 1:
			c.op = index.Op(p.rng.IntN(5))
		case 2, 3, 4:
			c.op = index.Withdraw
		case 5: // the same again
			if l, ok := p.m.live[id]; ok {
				c.template = l.template
			}
			c.version = version
		case 6:
			if i > 0 {
				c = changes[p.rng.IntN(i)]
				c.day = p.day // the log takes it once more
			}
		case 7:
			c.version = p.rng.Uint64N(version + 1)
		}
		if c.version == 0 {
			c.version = version + p.rng.Uint64N(3)
		}
		changes[i] = c
		given[i] = c.change()
		p.day += uint64(p.rng.IntN(20) / 19)
	}
	at := index.Position{Lineage: p.m.at.Lineage, Seq: p.m.at.Seq + uint64(n)}
	if p.rng.IntN(40) == 0 && p.m.at != (index.Position{}) {
		p.wrongPosition(given)
	}
	want, refused := p.m.apply(at, changes)
	got, err := p.x.Apply(at, given)
	p.ops += n
	for _, r := range got.Refused {
		if len(refused) == 0 || refused[0] != nil && refused[0] != r.Err || (refused[0] == nil) != (r.Number >= 0) ||
			given[r.Record].Record.Owner != r.Owner || given[r.Record].Record.ID != r.ID {
			p.t.Fatalf("refused: %v, want %v", &r, refused)
		}
		refused = refused[1:]
	}
	if got.Refused = nil; err != nil || len(refused) > 0 || !reflect.DeepEqual(got, want) {
		p.t.Fatalf("applied %+v, %v; want %+v, and refused %v", got, err, want, refused)
	}
	p.unmerged = p.unmerged || want.Put+want.Withdrawn > 0
}

// wrongPosition applies changes at positions at which nothing may be taken.
func (p *program) wrongPosition(given []index.Change) {
	behind, other := p.m.at, p.m.at
	other.Lineage[3]++
	if behind.Seq > 0 {
		behind.Seq--
	}
	for _, at := range []index.Position{behind, other} {
		var wrong *index.PositionError
		if at != p.m.at {
			if _, err := p.x.Apply(at, given); !errors.As(err, &wrong) || wrong.At != at || wrong.Applied != p.m.at {
				p.t.Fatalf("at %v of %v: %v", at, p.m.at, err)
			}
		}
	}
}

// check compares a row with what the model has.
func (p *program) check(h heldView, row index.Row, id identity) {
	r := h.v.Record(row)
	if want := h.m.live[id].as(id); !sameRecord(r, want) {
		p.t.Fatalf("row %d (-want +got):\n%s", row, gocmp.Diff(want, r, byValue))
	}
}

func (p *program) lookups(h heldView, n int) {
	for range n {
		k := pick(p.rng, p.keys)
		row, ok := h.v.Lookup(k)
		ids := h.m.byKey[k]
		if ok != (len(ids) > 0) || ok != (row != index.NoRow) {
			p.t.Fatalf("Lookup(%v) = %d, %t; want %d records", k, row, ok, len(ids))
		}
		if ok {
			p.check(h, row, ids[0])
		}
	}
	p.ops += n - 1
}

func (p *program) batch(h heldView) {
	n := p.rng.IntN([]int{10, 300}[p.rng.IntN(2)])
	p.want, p.dst = p.want[:0], append(p.dst[:0], make([]index.Row, n)...)
	for range n {
		p.want = append(p.want, pick(p.rng, p.keys))
	}
	hits := h.v.LookupBatchWhere(p.dst, p.want, h.s)
	for i, k := range p.want {
		ids := h.m.byKey[k]
		if h.s != nil {
			ids = slices.DeleteFunc(slices.Clone(ids), func(id identity) bool { return !h.f.fits(h.m.live[id].as(id)) })
		}
		if (p.dst[i] != index.NoRow) != (len(ids) > 0) {
			p.t.Fatalf("%v: batch finds row %d, want one of %d records", k, p.dst[i], len(ids))
		}
		if len(ids) > 0 {
			hits--
			p.check(h, p.dst[i], ids[0])
		}
	}
	if hits != 0 {
		p.t.Fatalf("the batch counts %d hits too many", hits)
	}
}

func (p *program) rows(h heldView, n int) {
	for range n {
		k := pick(p.rng, p.keys)
		ids := h.m.byKey[k]
		i := 0
		for row := range h.v.RowsWhere(k, h.s) {
			for h.s != nil && i < len(ids) && !h.f.fits(h.m.live[ids[i]].as(ids[i])) {
				i++
			}
			if i == len(ids) {
				p.t.Fatalf("%v: too many rows", k)
			}
			p.check(h, row, ids[i])
			i++
		}
		for ; i < len(ids); i++ {
			if h.s == nil || h.f.fits(h.m.live[ids[i]].as(ids[i])) {
				p.t.Fatalf("%v: record %d of %d is missing", k, i, len(ids))
			}
		}
	}
	p.ops += n - 1
}

func (p *program) filter(h heldView) {
	f := randomFilter(p.rng, 2)
	s := h.v.Select(f.filter)
	want := 0
	for id, l := range h.m.live {
		want += btoi(f.fits(l.as(id)))
	}
	if s.Count() != want || h.v.Count(f.filter) != want {
		p.t.Fatalf("%d records selected, %d counted, want %d", s.Count(), h.v.Count(f.filter), want)
	}
	h.f, h.s = f, s
	p.batch(h)
}

// search compares a search with a linear filter.
func (p *program) search(h heldView) {
	like, ok := pick(p.rng, p.keys).VIN()
	if !ok {
		like = randomVIN(p.rng)
	}
	pattern := randomPattern(p.rng, like)
	fits := func(id identity, l listed) bool {
		return slices.ContainsFunc(l.keys, func(k index.Key) bool {
			v, ok := k.VIN()
			return ok && pattern.Match(v)
		}) && (h.s == nil || h.f.fits(l.as(id)))
	}
	want := 0
	for id, l := range h.m.live {
		want += btoi(fits(id, l))
	}
	limit := 1 + p.rng.IntN([]int{3, 5000}[p.rng.IntN(2)])
	got, err := h.v.Search(context.Background(), pattern, h.s, limit)
	if err != nil || len(got.Rows) != min(want, limit) || got.Truncated != (want > limit) {
		p.t.Fatalf("limit %d: %d rows of %d, truncated %t, %v", limit, len(got.Rows), want, got.Truncated, err)
	}
	seen := map[index.Row]bool{}
	for _, row := range got.Rows {
		r := h.v.Record(row)
		id := identity{r.Owner, r.ID}
		p.check(h, row, id)
		if seen[row] || !fits(id, h.m.live[id]) {
			p.t.Fatalf("row %d does not fit, or comes twice", row)
		}
		seen[row] = true
	}
}

func (p *program) everything(h heldView) {
	if h.v.Len() != len(h.m.live) || h.v.Position() != h.m.at {
		p.t.Fatalf("%d records at %v, want %d at %v", h.v.Len(), h.v.Position(), len(h.m.live), h.m.at)
	}
	n, last := 0, -1
	for row := range h.v.All() {
		r := h.v.Record(row)
		p.check(h, row, identity{r.Owner, r.ID})
		if int(row) <= last {
			p.t.Fatalf("row %d comes after %d", row, last)
		}
		if h.s != nil && h.s.Contains(row) != h.f.fits(r) {
			p.t.Fatalf("Contains(%d) = %t", row, h.s.Contains(row))
		}
		n, last = n+1, int(row)
	}
	if n != len(h.m.live) {
		p.t.Fatalf("%d rows, want %d", n, len(h.m.live))
	}
	countries := slices.Collect(h.v.PlateCountries())
	for id, l := range h.m.live {
		if c := l.as(id).Plate.Country(); c != "" && !slices.Contains(countries, c) {
			p.t.Fatalf("%s is not among the countries of plates", c)
		}
	}
}

// hold takes a View to be asked later.
func (p *program) hold() {
	if len(p.held) == 4 {
		p.held = slices.Delete(p.held, 0, 1)
	}
	h := heldView{v: p.x.View(), m: p.m.clone()}
	if p.rng.IntN(2) == 0 {
		h.f = randomFilter(p.rng, 2)
		h.s = h.v.Select(h.f.filter)
	}
	p.held = append(p.held, h)
}

func (p *program) askHeld() {
	if len(p.held) == 0 {
		return
	}
	h := pick(p.rng, p.held)
	switch p.rng.IntN(10) {
	case 0:
		p.everything(h)
	case 1:
		p.filter(h)
		p.search(h)
	case 2, 3, 4:
		p.rows(h, 5)
	case 5, 6:
		p.batch(h)
	default:
		p.lookups(h, 20)
	}
}

func (p *program) compact() {
	if err := p.x.Compact(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	p.compacted(p.m)
	p.unmerged = false
}

// compacted does to a model of the index as it is now what a compaction does.
func (p *program) compacted(m *model) {
	if p.unmerged && p.o.CompactAfter == math.MaxInt {
		m.forget(uint64(p.o.KeepWithdrawn / (24 * time.Hour)))
	}
}

// snapshot saves the index, or goes back to what was saved.
func (p *program) snapshot() {
	if p.rng.IntN(3) > 0 {
		return // a disk is slow
	}
	if p.saved == nil || p.rng.IntN(2) == 0 {
		if err := p.x.Save(p.path); err != nil {
			p.t.Fatal(err)
		}
		p.saved = p.m.clone()
		p.compacted(p.saved)
		return
	}
	if p.rng.IntN(2) == 0 {
		x, err := index.Open(p.path, p.o)
		if err != nil {
			p.t.Fatal(err)
		}
		if err := p.x.Close(); err != nil {
			p.t.Fatal(err)
		}
		p.x = x
	} else {
		var older *index.PositionError
		switch err := p.x.Swap(p.path); {
		case p.saved.at.Seq < p.m.at.Seq:
			if !errors.As(err, &older) || older.At != p.saved.at || older.Applied != p.m.at {
				p.t.Fatalf("Swap from %v to %v: %v", p.m.at, p.saved.at, err)
			}
			return
		case err != nil:
			p.t.Fatal(err)
		}
	}
	p.m = p.saved.clone()
	p.unmerged = false
}

// makeTemplates draws records.
func makeTemplates(rng *rand.Rand, n int) (all []*template) {
	for range n {
		r := randomRecord(rng)
		r.Owner, r.ID, r.Version = "", "", 0
		t := &template{record: r}
		for _, k := range keysOf(r) {
			if !slices.Contains(t.keys, k) {
				t.keys = append(t.keys, k)
			}
		}
		for _, n := range r.Numbers {
			if _, err := n.Key(); err != nil {
				t.unkeyed++
			}
		}
		all = append(all, t)
	}
	return all
}

// TestModel replays random operations on indexes of random options, and
// compares every answer with that of plain maps. What fails is shrunk to the fewest
// steps that fail.
func TestModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	n := trials.Number(1_000_000)
	if raceEnabled && !testing.Short() && !trials.Whole() {
		n = max(1, n/20)
	}
	ops, histories := 0, 0
	for ; ops < n && !t.Failed(); histories++ {
		h := history{seed: rng.Uint64(), ops: min(n-ops, 1000+rng.IntN(20_000))}
		done, why := h.fails(t, nil)
		ops += done
		if why != "" {
			steps, why := h.shrink(t)
			t.Errorf("%s\n%d steps of history %d are enough: %v", why, len(steps), h.seed, steps)
		}
	}
	t.Logf("%d histories", histories)
	trials.Done(t, ops)
}

// A history is a program that its seed determines: the register it begins with, and
// what it does at each step, whatever it did or did not at the others.
type history struct {
	seed  uint64
	ops   int
	extra func(*program) // after each step, for a test of this
}

// play goes through a history, or through some steps of it.
func (h history) play(p *program, t testing.TB, steps []int) {
	var source rand.PCG
	source.Seed(h.seed, 0)
	rng := rand.New(&source)
	*p = *newProgram(t, rng, makeTemplates(rng, 200))
	do := func(i int) {
		source.Seed(h.seed, uint64(i)+1)
		p.step()
		if h.extra != nil {
			h.extra(p)
		}
	}
	for i := 0; steps == nil && p.ops < h.ops && !t.Failed(); i++ {
		p.steps = i + 1
		do(i)
	}
	for _, i := range steps {
		do(i)
	}
	p.end()
}

// fails plays a history, and returns how many operations it made and what was
// wrong, if anything was.
func (h history) fails(t *testing.T, steps []int) (ops int, why string) {
	p, r := h.record(t, steps)
	return p.ops, r.log.String()
}

func (h history) record(t *testing.T, steps []int) (*program, *recorder) {
	p, r := &program{}, &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				r.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		h.play(p, r, steps)
	}()
	<-done
	return p, r
}

// shrink returns few steps of a history that fail, and how: it leaves out ever
// smaller parts for as long as what is left fails.
func (h history) shrink(t *testing.T) (steps []int, why string) {
	p, r := h.record(t, nil)
	for i := range p.steps {
		steps = append(steps, i)
	}
	why = r.log.String()
	if _, again := h.fails(t, steps); again == "" {
		return steps, why + "\n(and not when it is played again)" // the background has its part in it
	}
	for part, tries := len(steps), 0; part > 0 && tries < 2000; part /= 2 {
		for at := 0; at < len(steps); tries++ {
			fewer := slices.Delete(slices.Clone(steps), at, min(at+part, len(steps)))
			if _, w := h.fails(t, fewer); w != "" && len(fewer) > 0 {
				steps, why = fewer, w
			} else {
				at += part
			}
		}
	}
	return steps, why
}

// A recorder is a test that keeps what is wrong to itself.
type recorder struct {
	testing.TB
	mu  sync.Mutex
	log strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Len() > 0
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.log, format+"\n", args...)
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// A failure that needs a View that is held and three withdrawals is shrunk to the
// steps that make them.
func TestModelShrinks(t *testing.T) {
	for seed := range uint64(3) {
		h := history{seed: seed, ops: 3000, extra: func(p *program) {
			if len(p.held) > 0 && len(p.m.tombs) > 2 {
				p.t.Fatal("made to fail")
			}
		}}
		_, why := h.fails(t, nil)
		steps, shrunk := h.shrink(t)
		if why != "made to fail\n" || shrunk != why || len(steps) > 4 {
			t.Errorf("seed %d: %q becomes %q, %d steps", seed, why, shrunk, len(steps))
		}
		if _, why := h.fails(t, steps[1:]); why != "" {
			t.Errorf("seed %d: step %d of %v is one too many", seed, steps[0], steps)
		}
	}
}
