package match

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/vin"
)

// A census says how likely it is that a vehicle with a certain VIN exists. That
// is what tells an innocent sibling from a misreading, and the register itself
// knows it: its vehicles are a sample of those in the world, so that where many
// are listed many more exist.
//
// # What is counted
//
// A VIN is cut into a head (positions 1 to 8, the check digit, 10 and 11) and a
// tail, the six last. Makers issue tails in order within a head. A check digit
// that computes stands in the head as one symbol, checks, whatever it is, since
// it says nothing that the other symbols do not; where it does not compute, it
// stands there itself. So the cars of a maker who uses check digits share heads,
// and so do those of one who does not.
//
//	heads    h0        h1                h2 ...    sorted
//	tails    t0 t1 t2  t3 t4 t5 t6 t7    t8 ...    sorted within a head
//
// # The estimate
//
// The feature of a number is how long a part of its tail it has in common with
// the nearest listed number of its head, whether a digit or a letter follows
// that part, and how many listed numbers share it; or, where its head is not
// listed, how long a part of the head is. Leaving each listed number out in turn
// gives how many listed numbers have a feature, and counting the empty places
// around them how many numbers at all: their quotient is the share of numbers
// with this feature that are listed, the estimate of Good and Turing by kind of
// place. Where one vehicle in V/n is listed, V/n times as many exist.
//
// The share is mixed with what experience expects, in the weight of priorWeight
// listed vehicles, so that a register of ten records does not conclude that
// serials are far apart. Over all numbers of one feature the estimate is right
// by construction, if the register is a fair sample of the world.
type census struct {
	n     int     // vehicles counted
	scale float64 // vehicles in the world, unlisted ones, for each counted

	slots  []uint32 // hash table of heads: 1 + the place in heads
	shift  uint8
	heads  []uint64
	starts []uint32 // of the tails of each head, and the end
	tails  []uint32

	tailShare [tailLen][2][buckets]float64
	headShare [headLen]float64

	// wrongChecks is the share of numbers whose check digit does not compute
	// though the law demands it.
	wrongChecks float64

	symbols [vin.Len][len(vinSymbols)]float64 // how common each symbol is at each position
}

const (
	headLen = 11
	tailLen = 6
	checks  = 33 // the symbol of a check digit that computes
	buckets = 24 // of how many listed numbers share a part: 1, 2, 3-4, 5-8, ...

	priorWeight = 40
)

// What to expect of a number by the length of the part of its tail that it has
// in common with a listed number: that it exists, if a digit follows. A maker
// builds most of the serials near one that was built. Judgement.
var (
	priorDigit = [tailLen]float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.7}
	priorHead  = [headLen]float64{0, 0, 0, 1e-6, 1e-6, 1e-5, 1e-5, 1e-4, 1e-3, 2e-3, 5e-3}
)

const priorLetter = 0.002

var (
	headPowers = powers[[headLen]uint64](34)
	tailPowers = powers[[tailLen]uint64](33)
)

// powers returns the value of each place in a number, the first the highest.
func powers[A [headLen]uint64 | [tailLen]uint64](base uint64) (p A) {
	v := uint64(1)
	for i := len(p) - 1; i >= 0; i-- {
		p[i] = v
		v *= base
	}
	return p
}

// numberOf gives the symbols of VINs the numbers 0 to 32, in their order, and
// all other bytes 255.
var numberOf = func() (t [256]uint8) {
	for i := range t {
		t[i] = 255
	}
	for i := range len(vinSymbols) {
		t[vinSymbols[i]] = uint8(i)
	}
	return t
}()

// vinSymbols are the 33 symbols of VINs.
const vinSymbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// split returns the head of a VIN as it stands, the symbol at position 9 taken
// for check, and the tail.
func split(b *[vin.Len]byte, check uint8) (head uint64, tail uint32) {
	for i := range headLen {
		c := uint64(numberOf[b[i]])
		if i == 8 {
			c = uint64(check)
		}
		head += c * headPowers[i]
	}
	for i := range tailLen {
		tail += uint32(numberOf[b[headLen+i]]) * uint32(tailPowers[i])
	}
	return head, tail
}

// place returns head and tail under which a VIN is counted.
func place(v vin.VIN) (uint64, uint32) {
	b := v.Bytes()
	check := numberOf[b[8]]
	if v.CheckDigitOK() {
		check = checks
	}
	return split(&b, check)
}

// newCensus counts the vehicles of a view, of which there are so many in the
// world.
func newCensus(v *index.View, vehicles float64, workers int) *census {
	type entry struct {
		head uint64
		tail uint32
	}
	entries := make([]entry, 0, v.Len())
	c := &census{}
	required, wrong := 0.0, 0.0
	for n := range v.VINs() {
		var e entry
		e.head, e.tail = place(n)
		if checkRequired(n) {
			required++
			if !n.CheckDigitOK() {
				wrong++
			}
		}
		for i, symbol := range n.Bytes() {
			c.symbols[i][numberOf[symbol]]++
		}
		entries = append(entries, e)
	}
	seen := len(entries)
	parallel.Sort(entries, workers, func(a, b entry) int {
		switch {
		case a.head < b.head || a.head == b.head && a.tail < b.tail:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	entries = slices.Compact(entries)

	c.wrongChecks = (wrong + 1) / (required + 200)
	// As if twenty more VINs were listed, of any symbols, with digits at the end.
	for i := range c.symbols {
		for k := range c.symbols[i] {
			more := 1.0 / float64(len(vinSymbols))
			if i >= headLen {
				more = 0.001
				if k < 10 {
					more = 0.1
				}
			}
			c.symbols[i][k] = (c.symbols[i][k] + 20*more) / float64(seen+20)
		}
	}
	c.n, c.tails = len(entries), make([]uint32, len(entries))
	for i, e := range entries {
		if i == 0 || e.head != entries[i-1].head {
			c.heads = append(c.heads, e.head)
			c.starts = append(c.starts, uint32(i))
		}
		c.tails[i] = e.tail
	}
	c.starts = append(c.starts, uint32(len(entries)))
	if n := v.Len(); n > 0 {
		c.scale = (vehicles - float64(n)) / float64(n)
	}
	c.index()
	c.count()
	return c
}

func (c *census) index() {
	width := max(bits.Len(uint(2*len(c.heads))), 4)
	c.slots = make([]uint32, 1<<width)
	c.shift = uint8(64 - width)
	for i, h := range c.heads {
		at := c.slotOf(h)
		for c.slots[at] != 0 {
			at = (at + 1) & (len(c.slots) - 1)
		}
		c.slots[at] = uint32(i + 1)
	}
}

func (c *census) slotOf(head uint64) int {
	h := head * 0x9e3779b97f4a7c15
	return int((h ^ h>>29) * 0xbf58476d1ce4e5b9 >> c.shift)
}

// find returns the tails of a head, none if it is not listed.
func (c *census) find(head uint64) []uint32 {
	for at := c.slotOf(head); c.slots[at] != 0; at = (at + 1) & (len(c.slots) - 1) {
		if i := c.slots[at] - 1; c.heads[i] == head {
			return c.tails[c.starts[i]:c.starts[i+1]]
		}
	}
	return nil
}

// count fills the tables of shares.
func (c *census) count() {
	var listed, places [tailLen][2][buckets]float64
	var one [headLen]float64    // listed numbers whose head is listed once
	var around [headLen]float64 // numbers whose head is not listed
	single := func(i int) bool { return c.starts[i+1]-c.starts[i] == 1 }
	for i := range c.heads {
		if single(i) {
			if s := c.alike(i); s >= 0 {
				one[s]++
			}
		}
		countTails(c.tails[c.starts[i]:c.starts[i+1]], 0, &listed, &places)
	}
	tails := float64(tailPowers[0]) * 33
	for s := range headLen {
		// The parts of s symbols that heads begin with, and how many symbols
		// follow each.
		size := headPowers[s]
		nodes, children := 0, 0
		for i, h := range c.heads {
			if i == 0 || h/size != c.heads[i-1]/size {
				children++
				if i == 0 || s > 0 && h/headPowers[s-1] != c.heads[i-1]/headPowers[s-1] {
					nodes++
				}
			}
		}
		around[s] = float64(34*nodes-children) * float64(size) * tails
	}

	for t := range tailLen {
		for class := range 2 {
			for b := range buckets {
				prior := priorDigit[t]
				if class == 1 {
					prior = priorLetter
				}
				// More neighbours, more likely: what the prior knows of number.
				prior = min(prior*(1+float64(b)/4), 0.95)
				c.tailShare[t][class][b] = c.mix(listed[t][class][b], places[t][class][b], prior)
			}
		}
	}
	for s := range headLen {
		c.headShare[s] = c.mix(one[s], around[s], priorHead[s])
	}
}

// mix returns the probability that a number exists of which so many places are
// listed, where prior is expected.
func (c *census) mix(listed, places, prior float64) float64 {
	if c.scale <= 0 {
		return prior
	}
	// priorWeight listed ones in as many places as hold them by the prior.
	share := listed / max(listed+places, 1)
	weight := priorWeight / max(prior, 1e-12) * c.scale
	if prior == 0 {
		return min(share*c.scale, 1)
	}
	share = (listed + priorWeight) / (listed + places + weight)
	return min(share*c.scale, 1)
}

// alike returns the number of symbols that head i begins with like a neighbour,
// which is the longest that it has in common with any; -1 if it is the only one.
func (c *census) alike(i int) int {
	s := -1
	if i > 0 {
		s = max(s, commonHead(c.heads[i], c.heads[i-1]))
	}
	if i+1 < len(c.heads) {
		s = max(s, commonHead(c.heads[i], c.heads[i+1]))
	}
	return s
}

func commonHead(a, b uint64) int {
	s := 0
	for s < headLen && a/headPowers[s] == b/headPowers[s] {
		s++
	}
	return min(s, headLen-1)
}

func commonTail(a, b uint32) int {
	for t := range tailLen {
		if p := uint32(tailPowers[t]); a/p != b/p {
			return t
		}
	}
	return tailLen
}

// countTails counts the listed tails and the places around them, of tails that
// have the first t symbols in common.
func countTails(tails []uint32, t int, listed, places *[tailLen][2][buckets]float64) {
	p := uint32(tailPowers[t])
	var children [2]int
	for first := 0; first < len(tails); {
		end := first + 1
		for end < len(tails) && tails[end]/p == tails[first]/p {
			end++
		}
		class := classOf(tails[first], t)
		children[class]++
		if end-first == 1 && len(tails) > 1 {
			listed[t][class][bucket(len(tails)-1)]++
		}
		if t+1 < tailLen {
			countTails(tails[first:end], t+1, listed, places)
		}
		first = end
	}
	b := bucket(len(tails))
	below := math.Pow10(tailLen - 1 - t)
	places[t][0][b] += float64(10-children[0]) * below
	places[t][1][b] += float64(23-children[1]) * below
}

// classOf returns 0 for a digit at place t of a tail and 1 for a letter.
func classOf(tail uint32, t int) int {
	if tail/uint32(tailPowers[t])%33 < 10 {
		return 0
	}
	return 1
}

func bucket(n int) int { return min(bits.Len(uint(n-1)), buckets-1) }

// existsAs returns the probability that an unlisted vehicle has a VIN.
func (c *census) existsAs(v vin.VIN) float64 {
	head, tail := place(v)
	if tails := c.find(head); tails != nil {
		return c.among(tails, tail)
	}
	p := c.unknown(head)
	if !v.CheckDigitOK() && checkRequired(v) {
		p *= c.wrongChecks
	}
	return p
}

// among is existsAs for a head that is listed with some tails. A tail that is
// listed itself is no unlisted vehicle's.
func (c *census) among(tails []uint32, tail uint32) float64 {
	at, found := slices.BinarySearch(tails, tail)
	if found {
		return 0
	}
	t := 0
	if at > 0 {
		t = commonTail(tail, tails[at-1])
	}
	if at < len(tails) {
		t = max(t, commonTail(tail, tails[at]))
	}
	n := len(tails)
	if t > 0 { // those that share the first t symbols
		size := uint32(tailPowers[t-1])
		first := tail / size * size
		lo := sort.Search(at, func(i int) bool { return tails[i] >= first })
		hi := at + sort.Search(len(tails)-at, func(i int) bool { return tails[at+i]-first >= size })
		n = hi - lo
	}
	return c.tailShare[t][classOf(tail, t)][bucket(n)]
}

// unknown is existsAs for a head that is not listed.
func (c *census) unknown(head uint64) float64 { return c.headShare[c.common(head)] }

// common returns how many symbols a head begins with like a listed one, all but
// the last at most.
func (c *census) common(head uint64) int {
	at, _ := slices.BinarySearch(c.heads, head)
	s := 0
	if at > 0 {
		s = commonHead(head, c.heads[at-1])
	}
	if at < len(c.heads) {
		s = max(s, commonHead(head, c.heads[at]))
	}
	return s
}
