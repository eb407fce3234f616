package index

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/vinmatch/vinmatch/internal/names"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/rowset"
)

// A Selection is a Filter compiled for one View, to be used again and again and
// by any number of goroutines. It takes one bit for each record of the View.
type Selection struct {
	view *View
	bits []uint64 // one a row: to ask a bitmap costs a search for each row
	n    int
}

// Select compiles a filter for this View. It takes about as long as Count, and
// allocates the bits.
func (v *View) Select(f Filter) *Selection {
	rows := v.seg.n + int(v.changes)
	s := &Selection{view: v, bits: make([]uint64, rowset.Blocks(rows)*rowset.Words)}
	p := v.compile(f)
	s.n = v.eachBlocks(p, f, func(p *program, first, end int) (n int) {
		e := newEvaluator(p)
		for block := first; block < end; block++ {
			d := (*rowset.Bits)(s.bits[block*rowset.Words:])
			e.run(block, d)
			n += d.Count()
		}
		return n
	})
	for r := range v.hiddenRows() {
		if s.has(r) {
			s.bits[r>>6] &^= 1 << (r & 63)
			s.n--
		}
	}
	for r := range v.deltaRows() {
		if p.fits(v.change(r)) {
			s.bits[r>>6] |= 1 << (r & 63)
			s.n++
		}
	}
	return s
}

// Count returns how many records are selected.
func (s *Selection) Count() int { return s.n }

// Contains reports whether a record is selected. It is false for NoRow.
func (s *Selection) Contains(r Row) bool { return int64(r) < int64(len(s.bits))*64 && s.has(r) }

// has is Contains for a row of the View.
func (s *Selection) has(r Row) bool { return s.bits[r>>6]>>(r&63)&1 != 0 }

// Count returns how many records a filter selects. It combines bitmaps and visits
// records only where bits would cost more, and the changes that wait for
// compaction: three values take half a millisecond or more for twenty million
// records, depending on how often they occur. What takes long is done on several
// processors.
func (v *View) Count(f Filter) int {
	hidden := slices.Collect(v.hiddenRows())
	if len(hidden) > manyHidden {
		return v.Select(f).n
	}
	slices.Sort(hidden)
	p := v.compile(f)
	n, known := p.known(hidden)
	if !known {
		n = v.eachBlocks(p, f, func(p *program, first, end int) int { return p.count(hidden, first, end) })
	}
	for r := range v.deltaRows() {
		if p.fits(v.change(r)) {
			n++
		}
	}
	return n
}

// manyHidden is how many hidden rows it is not worth to sort.
const manyHidden = 1 << 12

// stepsEach is how many steps on blocks it takes for another processor to be worth
// while, which it may take a tenth of a millisecond to wake. Tests change it.
var stepsEach = 256

// eachBlocks runs f on ranges of blocks of the segment, on several processors if
// there are many blocks, and returns the sum. A program is not shared: p, which is
// compiled from filter, is used for the first range.
func (v *View) eachBlocks(p *program, filter Filter, f func(p *program, first, end int) int) int {
	blocks := rowset.Blocks(v.seg.n)
	workers := min(runtime.GOMAXPROCS(0), blocks*p.cost()/stepsEach)
	if workers < 2 {
		return f(p, 0, blocks)
	}
	sums := make([]int, workers)
	parallel.Do(workers, workers, func(i int) {
		own := p
		if i > 0 {
			own = v.compile(filter)
		}
		sums[i] = f(own, i*blocks/workers, (i+1)*blocks/workers)
	})
	sum := 0
	for _, n := range sums {
		sum += n
	}
	return sum
}

// # Programs
//
// A filter is compiled to a program for one View, in three steps.
//
// Negations are pushed down to the terms, by the laws of De Morgan, and terms
// joined alike, however they were nested, become one group. So the tree of groups
// has And and Or in turn.
//
// Then each group becomes a sequence of steps on a stack of sets of rows: its
// subgroups first, the one that needs most of the stack before the others, so
// that no filter needs more of it than the logarithm of its terms (Sethi and
// Ullman, 1970); then its terms, in the order in which they cost least.
//
// The program is run for each block of rows by an evaluator, and for each change
// of the delta by fits.
type program struct {
	view  *View
	steps []step
	depth int // of the stack
}

// A step loads a term onto the stack, or joins one with what is on top of it, or
// the two sets on top.
type step struct {
	do   op
	not  bool  // the complement of the term
	term *leaf // nil: pops a set and joins it with the one below
}

type op uint8

const (
	opLoad op = iota
	opAnd
	opOr
)

// A leaf is a term as it is found in the segment.
type leaf struct {
	term
	set    rowset.Set
	reader rowset.Reader
	rows   int // of set
	rare   bool

	between *ranges // of a range; nil: a set
	lo, hi  uint32

	known []uint8 // what was learned of the codes of the delta
}

// A group joins leaves and groups alike.
type group struct {
	do     op // opAnd or opOr
	leaves []step
	groups []*group
	depth  int // of the stack that it needs
}

func (v *View) compile(f Filter) *program {
	p := &program{view: v}
	g := &group{do: opAnd}
	p.add(g, f, false)
	g.measure()
	p.emit(g)
	p.depth = g.depth
	return p
}

// add adds a filter or its complement to a group.
func (p *program) add(g *group, f Filter, not bool) {
	if f.n == nil {
		f, not = term{of: ofNothing}.filter(), !not
	}
	n := f.n
	if n.join == joinNone {
		g.leaves = append(g.leaves, step{do: g.do, not: not, term: p.view.seg.find(n.term)})
		return
	}
	do := opAnd
	if (n.join == joinOr) != not {
		do = opOr
	}
	if do != g.do {
		inner := &group{do: do}
		g.groups = append(g.groups, inner)
		g = inner
	}
	p.add(g, n.a, not)
	p.add(g, n.b, not != (n.join == joinAndNot))
}

// measure orders a group and finds what it needs of the stack.
func (g *group) measure() {
	for _, inner := range g.groups {
		inner.measure()
	}
	slices.SortFunc(g.groups, func(a, b *group) int { return cmp.Compare(b.depth, a.depth) })
	g.depth = 1
	for i, inner := range g.groups {
		g.depth = max(g.depth, min(i, 1)+inner.depth)
	}
	slices.SortStableFunc(g.leaves, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(b.term.rows, a.term.rows))
	})
}

// class orders the steps of a group: rare values first, of which most blocks have
// nothing, so that nothing else need be read; then values by falling frequency,
// since a set of few rows is cheapest to join with bits that are there; then what
// is cheaper the fewer rows are left.
func (s *step) class() int {
	switch {
	case s.term.between != nil:
		return 3
	case s.not:
		return 2
	case s.term.rare:
		return 0
	}
	return 1
}

// emit appends the steps of a group.
func (p *program) emit(g *group) {
	for i, inner := range g.groups {
		p.emit(inner)
		if i > 0 {
			p.steps = append(p.steps, step{do: g.do})
		}
	}
	for i, s := range g.leaves {
		if i == 0 && len(g.groups) == 0 {
			s.do = opLoad
		}
		p.steps = append(p.steps, s)
	}
}

// cost returns how many sets the program combines for a block, at most.
func (p *program) cost() (n int) {
	for i := range p.steps {
		if s := &p.steps[i]; s.term != nil && s.term.between != nil {
			n += s.term.between.slices.Cost(s.term.lo, s.term.hi)
		} else {
			n++
		}
	}
	return n
}

// find finds a term in the segment.
func (s *segment) find(t term) *leaf {
	l := &leaf{term: t}
	sets, code, ok := (*rowset.Sets)(nil), uint32(t.code), true
	switch t.of {
	case ofOwner:
		sets = s.byOwner
		code, ok = s.owners.Find(t.name)
	case ofType:
		sets = s.byType
	case ofStatus:
		sets = s.byStatus
	case ofMake:
		sets = s.byMake
		code, ok = s.makeNames[t.name]
	case ofColour:
		sets = s.byColour
		code, ok = s.colourNames[t.name]
	case ofTag:
		sets = s.byTag
		code, ok = s.tagNames[t.name]
	case ofYear:
		findRange(l, &s.byYear, s.years.Values())
	case ofStolen:
		findRange(l, &s.byStolen, s.days.Values())
	}
	if sets != nil && ok {
		l.set = sets.Set(int(code))
		l.rows = l.set.Count()
		l.reader = l.set.Reader()
	}
	const seldom = 256 // one in so many rows
	l.rare = l.rows < s.n/seldom
	return l
}

// findRange finds the least and the greatest number of the values that a term
// selects.
func findRange[T int32 | uint32](l *leaf, r *ranges, values []T) {
	l.lo = none
	greatest := uint32(0)
	for code, v := range values {
		greatest = max(greatest, r.numbers[code])
		if l.selects(int64(v)) {
			l.lo, l.hi = min(l.lo, r.numbers[code]), max(l.hi, r.numbers[code])
		}
	}
	if l.lo == none {
		return
	}
	l.between = r
	if l.hi == greatest {
		l.hi = r.slices.Most() // which costs less to find
	}
}

// selects reports whether a year or day is in the range of a term.
func (t *term) selects(v int64) bool { return v != 0 && t.from <= v && v <= t.to }

// An evaluator runs a program block by block, in ascending order.
type evaluator struct {
	*program
	n     int // rows of the block
	stack []*rowset.Bits
	empty []bool // known to be, for each set on the stack

	x       rowset.Bits // of one step
	y       rowset.Bits
	scratch [2]rowset.Bits
	rows    []uint16
	codes   []uint32
}

func newEvaluator(p *program) *evaluator {
	e := &evaluator{program: p, stack: make([]*rowset.Bits, p.depth), empty: make([]bool, p.depth)}
	for i := range e.stack[1:] {
		e.stack[i+1] = new(rowset.Bits)
	}
	return e
}

// run makes d the rows of a block that the program selects.
func (e *evaluator) run(block int, d *rowset.Bits) {
	e.begin(block, d)
	top := -1
	for i := e.first(block, &top); i < len(e.steps); i++ {
		top = e.step(&e.steps[i], block, top)
	}
}

// count returns how many rows of a block the program selects.
func (e *evaluator) count(block int, d *rowset.Bits) int {
	if len(e.steps) == 3 && e.steps[0].isSet() && e.steps[1].joinsSet() && e.steps[2].joinsSet() {
		// The three are read at once: more reads overlap than one after the other.
		a, b, c := e.steps[0].term.reader.Block(block), e.steps[1].term.reader.Block(block), e.steps[2].term.reader.Block(block)
		if n, ok := a.CountShared(b, c); ok {
			return n
		}
	}
	e.begin(block, d)
	top := -1
	last := len(e.steps) - 1
	s := &e.steps[last]
	i := 0
	if last > 1 {
		i = e.first(block, &top)
	}
	for ; i < last; i++ {
		top = e.step(&e.steps[i], block, top)
	}
	if s.joinsSet() {
		if e.empty[0] {
			return 0
		}
		return s.term.reader.Block(block).AndCount(d, &e.x)
	}
	e.step(s, block, top)
	return d.Count()
}

func (e *evaluator) begin(block int, d *rowset.Bits) {
	e.n = min(rowset.BlockRows, e.view.seg.n-block*rowset.BlockRows)
	e.stack[0] = d
}

// isSet reports whether a step is of the rows of a value.
func (s *step) isSet() bool { return s.term != nil && s.term.between == nil && !s.not }

// joinsSet reports whether a step keeps the rows of a value.
func (s *step) joinsSet() bool { return s.isSet() && s.do == opAnd }

// first does the first two steps together, if that is quicker, and returns how many
// it did.
func (e *evaluator) first(block int, top *int) int {
	if len(e.steps) < 2 || !e.steps[0].isSet() || !e.steps[1].joinsSet() {
		return 0
	}
	a, b := e.steps[0].term.reader.Block(block), e.steps[1].term.reader.Block(block)
	if !a.Intersect(b, e.stack[0]) {
		return 0
	}
	*top, e.empty[0] = 0, false
	return 2
}

// step does one step and returns the new top of the stack.
func (e *evaluator) step(s *step, block, top int) int {
	switch {
	case s.do == opLoad:
		top++
		d := e.stack[top]
		if s.not {
			d.Fill(e.n)
			e.empty[top] = false
			e.and(s, block, top)
		} else {
			e.empty[top] = e.load(s.term, block, d)
		}
	case s.term == nil:
		d, x := e.stack[top-1], e.stack[top]
		top--
		if s.do == opAnd {
			d.And(x)
			e.empty[top] = e.empty[top] || e.empty[top+1]
		} else {
			d.Or(x)
			e.empty[top] = e.empty[top] && e.empty[top+1]
		}
	case s.do == opAnd:
		if !e.empty[top] {
			e.and(s, block, top)
		}
	case s.not:
		e.x.Fill(e.n)
		e.load(s.term, block, &e.y)
		e.x.AndNot(&e.y)
		e.stack[top].Or(&e.x)
		e.empty[top] = false
	case s.term.between == nil:
		c := s.term.reader.Block(block)
		c.Or(e.stack[top])
		e.empty[top] = e.empty[top] && c.IsEmpty()
	default:
		e.load(s.term, block, &e.x)
		e.stack[top].Or(&e.x)
		e.empty[top] = false
	}
	return top
}

// load makes d the rows of a term, and reports whether it is known that there are
// none.
func (e *evaluator) load(l *leaf, block int, d *rowset.Bits) (empty bool) {
	if l.between == nil {
		c := l.reader.Block(block)
		c.CopyTo(d)
		return c.IsEmpty()
	}
	l.between.slices.Between(d, block, l.lo, l.hi, &e.scratch)
	if e.n < rowset.BlockRows {
		e.scratch[0].Fill(e.n)
		d.And(&e.scratch[0])
	}
	return false
}

// and joins a term or its complement with the top of the stack.
func (e *evaluator) and(s *step, block, top int) {
	l, d := s.term, e.stack[top]
	switch {
	case l.between == nil && s.not:
		l.reader.Block(block).AndNot(d, &e.x)
	case l.between == nil:
		c := l.reader.Block(block)
		c.And(d, &e.x)
		e.empty[top] = c.IsEmpty()
	case d.Count() < rowsASlice*l.between.slices.Cost(l.lo, l.hi):
		e.empty[top] = e.look(s, block, d) == 0
	default:
		e.load(l, block, &e.x)
		if s.not {
			d.AndNot(&e.x)
		} else {
			d.And(&e.x)
		}
	}
}

// rowsASlice is how many rows can be looked at one by one in the time of one
// slice of a block, when both come from memory.
const rowsASlice = 24

// look keeps the rows of d that are in a range, or those that are not, and returns
// their number.
func (e *evaluator) look(s *step, block int, d *rowset.Bits) (kept int) {
	l := s.term
	e.rows = d.AppendRows(e.rows[:0])
	e.codes = slices.Grow(e.codes[:0], len(e.rows))[:len(e.rows)]
	l.between.codes.Pick(e.codes, block*rowset.BlockRows, e.rows)
	other := uint64(0) // 1: the rows outside are wanted
	if s.not {
		other = 1
	}
	for i, row := range e.rows {
		// Without branches, which would be unpredictable: the top bit of a
		// difference says whether the number is outside.
		n := l.between.numbers[e.codes[i]]
		outside := ((uint64(n) - uint64(l.lo)) | (uint64(l.hi) - uint64(n))) >> 63
		drop := outside ^ other
		d[row/64] &^= drop << (row % 64)
		kept += int(1 - drop)
	}
	return kept
}

// known returns how many rows the program selects where that need not be counted:
// where it is of one set and no row is hidden.
func (p *program) known(hidden []Row) (n int, ok bool) {
	s := &p.steps[0]
	if len(p.steps) > 1 || s.term.between != nil || len(hidden) > 0 {
		return 0, false
	}
	if s.not {
		return p.view.seg.n - s.term.rows, true
	}
	return s.term.rows, true
}

// count returns how many rows of a range of blocks the program selects, without
// the hidden ones, which are in ascending order.
func (p *program) count(hidden []Row, first, end int) (n int) {
	at, _ := slices.BinarySearch(hidden, Row(first*rowset.BlockRows))
	hidden = hidden[at:]
	e := newEvaluator(p)
	d := new(rowset.Bits)
	for block := first; block < end; block++ {
		last := Row(min((block+1)*rowset.BlockRows, p.view.seg.n))
		if len(hidden) == 0 || hidden[0] >= last {
			n += e.count(block, d)
			continue
		}
		e.run(block, d)
		for len(hidden) > 0 && hidden[0] < last {
			r := hidden[0] % rowset.BlockRows
			d[r/64] &^= 1 << (r % 64)
			hidden = hidden[1:]
		}
		n += d.Count()
	}
	return n
}

// fits reports whether a change is selected.
func (p *program) fits(c *change) bool {
	var buf [8]bool
	stack := buf[:0]
	for i := range p.steps {
		s := &p.steps[i]
		if s.term == nil {
			x := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			stack[len(stack)-1] = s.do.join(stack[len(stack)-1], x)
			continue
		}
		if s.do == opLoad {
			stack = append(stack, s.fits(p.view.values, c))
			continue
		}
		if d := &stack[len(stack)-1]; *d == (s.do == opAnd) { // not decided yet
			*d = s.fits(p.view.values, c)
		}
	}
	return stack[0]
}

func (o op) join(a, b bool) bool {
	if o == opAnd {
		return a && b
	}
	return a || b
}

func (s *step) fits(x *values, c *change) bool { return s.term.fits(x, c) != s.not }

// fits reports whether a change has what a term asks for.
func (l *leaf) fits(x *values, c *change) bool {
	switch l.of {
	case ofOwner:
		return x.owners[c.owner] == l.name
	case ofType:
		return uint8(c.typ) == l.code
	case ofStatus:
		return uint8(c.status) == l.code
	case ofMake:
		return l.learn(c.mark, x.makes, func(s string) bool { return names.Fold(s) == l.name })
	case ofColour:
		return l.learn(c.colour, x.colours, func(s string) bool { return names.Fold(s) == l.name })
	case ofTag:
		return l.learn(c.tagSet, x.tags, func(s string) bool {
			return slices.Contains(foldedTags(s), l.name)
		})
	case ofYear:
		return l.selects(int64(x.years[c.year]))
	case ofStolen:
		return l.selects(int64(x.days[c.stolen]))
	}
	return false
}

// learn returns what fits says of the value of a code, and asks it once.
func (l *leaf) learn(code uint32, values []string, fits func(string) bool) bool {
	const no, yes = 1, 2
	if l.known == nil {
		l.known = make([]uint8, len(values))
	}
	if l.known[code] == 0 {
		l.known[code] = no
		if fits(values[code]) {
			l.known[code] = yes
		}
	}
	return l.known[code] == yes
}
