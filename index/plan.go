package index

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"

	"github.com/vinmatch/vinmatch/internal/heads"
	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// A Plan says how a search found its answer, and at what cost.
type Plan struct {
	Path     Path
	Expected int // candidates that were counted or estimated before
	Visited  int // candidates that were looked at
}

// String is as in "serial directory: 15 expected, 14 visited".
func (p Plan) String() string {
	return fmt.Sprintf("%v: %d expected, %d visited", p.Path, p.Expected, p.Visited)
}

// A Path is where a search gets its candidates from. The zero Path is none:
// nothing can match.
type Path uint8

const (
	_ Path = iota
	// PathExact looks up the one number that fits.
	PathExact
	// PathPrefix goes through the numbers that begin as wanted, which lie
	// side by side.
	PathPrefix
	// PathHeads goes through the first eight and eleven symbols that occur,
	// and through the VINs of those that fit.
	PathHeads
	// PathSerials takes the VINs whose last six symbols fit, from a directory
	// of those.
	PathSerials
	// PathOffsets tries a fragment at each place where it may stand, by the
	// cheaper of the two directories.
	PathOffsets
	// PathScan goes through all numbers of the kind.
	PathScan
)

var pathNames = [...]string{
	"none", PathExact: "exact", PathPrefix: "prefix range", PathHeads: "head directory",
	PathSerials: "serial directory", PathOffsets: "offsets", PathScan: "scan",
}

// String returns the name, as in "prefix range".
func (p Path) String() string { return enumName(pathNames[:], p) }

// directories find VINs by a part of them.
type directories struct {
	serials *serials.Directory
	heads   *heads.Directory // nil: would not help
	symbols *symbolCounts
}

// makeDirectories makes the directories of VIN keys, sorted.
func makeDirectories(vins []tagtable.Key, workers int) directories {
	return directories{serials.Build(vins, workers), heads.Build(vins), countSymbols(vins)}
}

func (d *directories) bytes() int64 {
	n := d.serials.Bytes()
	if d.heads != nil {
		n += d.heads.Bytes()
	}
	return int64(n)
}

// What a step of each path takes, in nanoseconds on the machine that the
// benchmarks ran on. Only their ratios matter.
const (
	costRow    = 1   // to compare the next key
	costWalk   = 20  // to match a key with a pattern of which fragments have no position
	costSet    = 3   // to look for the symbol of a key in a set
	costJump   = 15  // to read a key anywhere, while other such reads go on
	costEntry  = 1   // to compare the next entry of the serial directory
	costGroup  = 0.6 // to compare the next group of the head directory
	costHead   = 0.8 // ... head
	costRange  = 80  // to go to another range of keys
	costSerial = 100 // ... run of the serial directory
	costSort   = 4   // to put a row into its order, times the logarithm of the rows
	costPlan   = 300 // to think about it: a path that costs less is taken at once
)

// symbolCounts say how often each symbol code stands at each position of the
// VINs in a sample of a register: estimates are made of them.
type symbolCounts struct {
	n  float64
	at [vin.Len][64]float32
}

const samples = 1 << 16

// countSymbols takes the sample from sorted VINs.
func countSymbols(vins []tagtable.Key) *symbolCounts {
	c := &symbolCounts{}
	step := len(vins)/samples + 1
	for i := step / 2; i < len(vins); i += step {
		for pos := range c.at {
			c.at[pos][symbolOf(vins[i].Hi, vins[i].Lo, pos)]++
		}
		c.n++
	}
	return c
}

// symbolOf returns the symbol code at a position from 0 of a VIN's words.
func symbolOf(hi, lo uint64, pos int) uint64 {
	if pos < 8 {
		return hi >> (6 * (7 - pos)) & 63
	}
	return lo >> (6 * (vin.Len - 1 - pos)) & 63
}

// share returns the share of VINs that have one of a set of symbols at a
// position from 0.
func (c *symbolCounts) share(pos int, set uint64) float64 {
	if set == vin.AnySymbol {
		return 1
	}
	// What the sample has not seen may be there all the same.
	n := float32(0.5)
	for ; set != 0; set &= set - 1 {
		n += c.at[pos][bits.TrailingZeros64(set)]
	}
	return min(float64(n)/(c.n+1), 1)
}

// demands are what a pattern, with a fragment of it put to some place, demands
// of VINs: symbols at positions.
type demands struct {
	want heads.Wanted    // where one symbol may stand
	sets [vin.Len]uint64 // by position from 0
	open [vin.Len]uint8  // positions where some symbols may stand, but not all
	n    int             // of open
	more bool            // the pattern demands more: a fragment has no position
}

// demandsOf returns the demands of what has a fixed position in a pattern.
func demandsOf(p *vin.Pattern) (d demands) {
	w := &d.want
	var whole bool
	w.MaskHi, w.WantHi, w.MaskLo, w.WantLo, whole = p.Words()
	for pos := range d.sets {
		switch {
		case symbolOf(w.MaskHi, w.MaskLo, pos) != 0:
			d.sets[pos] = 1 << symbolOf(w.WantHi, w.WantLo, pos)
		case whole:
			d.sets[pos] = vin.AnySymbol
		default:
			if d.sets[pos] = p.Allowed(pos + 1); d.sets[pos] != vin.AnySymbol {
				d.open[d.n] = uint8(pos)
				d.n++
			}
		}
	}
	if !whole {
		var buf [512]byte
		d.more = bytes.Count(p.AppendTo(buf[:0]), []byte("*")) > 1
	}
	return d
}

// fits reports whether the words of a VIN key are as demanded.
func (d *demands) fits(k *tagtable.Key) bool {
	w := &d.want
	return k.Hi&w.MaskHi == w.WantHi && k.Lo&w.MaskLo == w.WantLo && d.fitsSets(k)
}

// fitsSets reports whether the symbols of a VIN key are as demanded where several
// may stand.
func (d *demands) fitsSets(k *tagtable.Key) bool {
	for _, pos := range d.open[:d.n] {
		if d.sets[pos]>>symbolOf(k.Hi, k.Lo, int(pos))&1 == 0 {
			return false
		}
	}
	return true
}

// put adds a symbol code at a position from 0. It returns false if another one
// is demanded there.
func (d *demands) put(pos int, code uint64) bool {
	if d.sets[pos]>>code&1 == 0 {
		return false
	}
	d.sets[pos] = 1 << code
	w := &d.want
	if pos < 8 {
		w.MaskHi |= 63 << (6 * (7 - pos))
		w.WantHi |= code << (6 * (7 - pos))
	} else {
		w.MaskLo |= 63 << (6 * (vin.Len - 1 - pos))
		w.WantLo |= code << (6 * (vin.Len - 1 - pos))
	}
	return true
}

// prefix returns how many symbols from the first on are known.
func (d *demands) prefix() int {
	for pos := range d.sets {
		if symbolOf(d.want.MaskHi, d.want.MaskLo, pos) == 0 {
			return pos
		}
	}
	return vin.Len
}

// suffix returns how many of the last six symbols are known, from the last one
// on, and what they are, as backwards gives them with zeros behind.
func (d *demands) suffix() (n int, tail uint64) {
	for n < serials.Len && symbolOf(d.want.MaskHi, d.want.MaskLo, vin.Len-1-n) != 0 {
		n++
	}
	return n, backwards(d.want.WantLo) &^ (1<<(tailBits-6*n) - 1)
}

// headLen is the number of symbols before the tail.
const headLen = vin.Len - serials.Len

// tails returns what is demanded of the last six symbols.
func (d *demands) tails() *serials.Wanted { return (*serials.Wanted)(d.sets[headLen:]) }

// An estimate is what a path is expected to take.
type estimate struct {
	candidates float64
	cost       float64
}

// A planner estimates the paths of one search through one segment.
type planner struct {
	seg      *segment
	from, to uint32  // the entries that begin as wanted
	prefix   int     // with so many symbols
	verify   float64 // cost of matching a candidate whose words are read and fit
	stop     float64 // matches after which the search ends
	keep     float64 // the share of matches that are selected
}

// planSearch decides how to find the VINs that fit a pattern.
func (s *segment) planSearch(p *vin.Pattern, limit int, sel *Selection) (path Path, pl planner, d demands, e estimate) {
	d = demandsOf(p)
	pl = planner{seg: s, to: uint32(s.vins), prefix: d.prefix(), stop: float64(limit) + 1, keep: 1}
	if pl.verify = float64(d.n) * costSet; d.more {
		pl.verify = costWalk
	}
	if sel != nil {
		pl.keep = (float64(sel.Count()) + 0.5) / float64(s.n+1)
	}
	path = PathScan
	if pl.prefix > 0 {
		first, end := d.bounds(pl.prefix)
		pl.from, pl.to = s.vinAt(first), s.vinAt(end)
		path = PathPrefix
	}
	if n := float64(pl.to - pl.from); n*(costRow+pl.verify) < costPlan {
		return path, pl, d, estimate{n, n}
	}
	t := pl.serials(&d)
	if t.cost < costPlan {
		return PathSerials, pl, d, t
	}

	// The fragment counts as if its symbols could stand at any of its offsets.
	var buf [vin.Len]byte
	fragment, first, last := p.AppendFragment(buf[:0])
	inFragment := 1.0
	if first < last {
		inFragment = 0
		for at := first; at <= last; at++ {
			if f := d; f.putAll(fragment, at-1) {
				inFragment += pl.share(&f, pl.prefix, vin.Len)
			}
		}
		inFragment = min(inFragment/max(pl.share(&d, pl.prefix, vin.Len), 1e-30), 1)
	}

	e = pl.rows(&d, inFragment)
	if h := pl.heads(&d, inFragment); h.cost < e.cost {
		path, e = PathHeads, h
	}
	if t.cost < e.cost {
		path, e = PathSerials, t
	}
	if first < last && len(fragment) > 1 {
		var all estimate
		for at := first; at <= last; at++ {
			if f := d; f.putAll(fragment, at-1) {
				_, one := pl.offset(&f)
				all.candidates += one.candidates
				all.cost += one.cost
			}
		}
		if all.cost < e.cost {
			path, e = PathOffsets, all
		}
	}
	return path, pl, d, e
}

// putAll puts a fragment to a position from 0.
func (d *demands) putAll(fragment []byte, pos int) bool {
	for i, c := range fragment {
		if !d.put(pos+i, sixbit.Code(c)) {
			return false
		}
	}
	return true
}

// share estimates the share of VINs that have the symbols demanded at positions
// from a first one to before a last one, from 0.
func (pl *planner) share(d *demands, first, last int) float64 {
	share := 1.0
	for pos := first; pos < last; pos++ {
		share *= pl.seg.symbols.share(pos, d.sets[pos])
	}
	return share
}

// rows estimates the way through all VINs that begin as wanted.
func (pl *planner) rows(d *demands, inFragment float64) estimate {
	n := pl.untilStop(pl.share(d, pl.prefix, vin.Len) * inFragment)
	return estimate{n, n * (costRow + pl.verify*pl.known(d, pl.prefix, vin.Len))}
}

// untilStop estimates how many VINs are visited, in their order, if a share of
// them fits.
func (pl *planner) untilStop(share float64) float64 {
	return min(float64(pl.to-pl.from), pl.stop/(share*pl.keep))
}

// known is share of those positions alone where one symbol is demanded, which
// is what masks can test.
func (pl *planner) known(d *demands, first, last int) float64 {
	share := 1.0
	for pos := first; pos < last; pos++ {
		if set := d.sets[pos]; set&(set-1) == 0 {
			share *= pl.seg.symbols.share(pos, set)
		}
	}
	return share
}

// heads estimates the way through the head directory.
func (pl *planner) heads(d *demands, inFragment float64) estimate {
	if pl.seg.heads == nil || pl.prefix >= headLen {
		return estimate{cost: math.Inf(1)}
	}
	rows := float64(pl.to - pl.from)
	part := rows / float64(pl.seg.vins+1)
	in8 := pl.known(d, min(pl.prefix, 8), 8)
	in11 := in8 * pl.known(d, max(pl.prefix, 8), headLen)
	cost := float64(len(pl.seg.heads.Groups)) * part * costGroup
	heads := float64(len(pl.seg.heads.Heads)) * part
	if d.want.MaskLo>>(6*serials.Len) != 0 {
		cost += heads * in8 * costHead
		cost += heads * in11 * costRange
	} else {
		cost += float64(len(pl.seg.heads.Groups)) * part * in8 * costRange
	}
	cost += rows * in11 * (costRow + pl.verify*pl.known(d, headLen, vin.Len))
	// It goes in the order of the VINs, and may stop early too.
	visited := pl.untilStop(pl.share(d, pl.prefix, vin.Len)*inFragment) / max(rows, 1)
	return estimate{rows * in11 * visited, cost * visited}
}

// serials estimates the way through the serial directory.
func (pl *planner) serials(d *demands) estimate {
	const digits = 1<<11 - 2 // the codes 1 to 10
	runs, significant := 1.0, 1.0
	for pos := vin.Len - 1; pos >= headLen; pos-- {
		n := bits.OnesCount64(d.sets[pos] & digits)
		if n == 0 {
			n = bits.OnesCount64(d.sets[pos])
		}
		runs *= float64(n)
		if d.sets[pos] != vin.AnySymbol {
			significant = runs
		}
	}
	n := float64(pl.seg.vins) * pl.share(d, headLen, vin.Len)
	cost := significant*costSerial + n*costEntry
	inRange := float64(pl.to-pl.from) / float64(pl.seg.vins+1)
	if pl.readsKeys(d) {
		cost += n * inRange * (costJump + pl.verify)
	}
	// Rows come in the order of tails.
	matches := min(n*inRange*pl.keep*pl.share(d, pl.prefix, headLen), 4*pl.stop)
	cost += matches * costSort * math.Log2(matches+2)
	return estimate{n, cost}
}

// readsKeys reports whether candidates from the serial directory have to be
// compared with their keys: whether they have the prefix shows in their place.
func (pl *planner) readsKeys(d *demands) bool {
	if d.more || !pl.seg.serials.Exact() {
		return true
	}
	for pos := pl.prefix; pos < headLen; pos++ {
		if d.sets[pos] != vin.AnySymbol {
			return true
		}
	}
	return false
}

// offset chooses the directory for a fragment at one place.
func (pl *planner) offset(d *demands) (Path, estimate) {
	h, t := pl.heads(d, 1), pl.serials(d)
	if h.cost < t.cost {
		return PathHeads, h
	}
	return PathSerials, t
}

// bounds returns the least VIN key that begins with the first n symbols
// demanded, which are known, and the least one behind all that do.
func (d *demands) bounds(n int) (first, end tagtable.Key) {
	first.Hi = uint64(KindVIN) << kindShift
	end = first
	switch {
	case n == 0:
		end.Hi += 1 << kindShift
	case n <= 8:
		unknown := uint64(1) << (6 * (8 - n))
		first.Hi |= d.want.WantHi &^ (unknown - 1)
		end.Hi = first.Hi + unknown
	default:
		unknown := uint64(1) << (6 * (vin.Len - n))
		first.Hi |= d.want.WantHi
		first.Lo = d.want.WantLo &^ (unknown - 1)
		end = tagtable.Key{Hi: first.Hi, Lo: first.Lo + unknown}
	}
	return first, end
}

// vinAt returns the first entry whose VIN key is not less than k.
func (s *segment) vinAt(k tagtable.Key) uint32 {
	from, to := uint32(0), uint32(s.vins)
	if s.heads != nil {
		from, to = s.heads.Near(k.Hi, k.Lo)
	}
	return from + firstNotLess(s.keys[from:to], k)
}

// firstNotLess returns the place of the first key that is not less than k.
func firstNotLess(keys []tagtable.Key, k tagtable.Key) uint32 {
	lo, hi := 0, len(keys)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if keys[mid].Compare(k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return uint32(lo)
}
