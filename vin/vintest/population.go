package vintest

import (
	"math/bits"

	"github.com/vinmatch/vinmatch/vin"
)

// A Population is a world of a thousand million vehicles, each with a VIN of
// its own: what benchmarks list and ask for, and what tests feed to a parser.
//
// # How the numbers lie
//
// As in life, a maker issues serials in order, so a vehicle has siblings whose
// numbers differ from its own in one or two characters. The world is cut into
// lines (one maker, and for the US market one model year). A line's serials
// come in runs of 64 in a row that share their first 11 symbols; the runs lie
// scattered over the serial range of each plant and year. Popularity is skewed
// as by Zipf's law among lines, and again among the descriptors of a line.
//
// # Listed and unlisted numbers
//
// At is injective: different i below Len give different VINs. The vehicles
// below any n fill whole runs, so that a benchmark takes its world from
// [Population.Shuffled], lists some of its indices and asks for the others: the
// unlisted ones are siblings of listed ones, from the same makers and ranges.
//
//	world := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(40e6)
//	listed := world.At(i)           // i below 20e6
//	unlisted := world.At(20e6 + i)
//
// Equal seeds and mixes give equal populations on every platform. At may be
// called by many goroutines at once, Next may not. Neither allocates; a number
// takes some 100 ns.
type Population struct {
	world *world
	under *Population // of a shuffled population: what it shuffles
	order permutation // of the indices of under
	next  uint64
}

// A Mix is the share of each family of numbers in a [Population]. The shares
// are relative to their sum; the zero Mix is [DefaultMix].
type Mix struct {
	// USMarket: real prefixes of the US market, model years 1996 to 2011,
	// with check digits.
	USMarket float64
	// European: types as made for Europe, Asia and South America, without
	// check digits: ZZZ and XX fillers, the year absent or at position 11,
	// letters at 9 and at 12.
	European float64
	// Chinese: with check digits, most with a letter at position 12.
	Chinese float64
	// SmallMakers: makers of under a thousand vehicles a year, who have a 9
	// at position 3 and their own code at 12 to 14. One in six is North
	// American and has a check digit.
	SmallMakers float64
}

// DefaultMix gives half of all numbers a check digit, and a quarter of them a
// letter among the last six symbols.
var DefaultMix = Mix{USMarket: 0.45, European: 0.45, Chinese: 0.04, SmallMakers: 0.06}

// NewPopulation returns the population of a seed. It takes some milliseconds
// and megabytes. It panics where a share is negative or not finite.
func NewPopulation(seed uint64, mix Mix) *Population {
	return &Population{world: newWorld(seed, mix)}
}

// Len returns the number of vehicles: 1<<30 where nothing is shuffled, and
// somewhat fewer where the mix is mostly of small or Chinese makers, whose
// serials run out.
func (p *Population) Len() uint64 {
	if p.under != nil {
		return p.order.n
	}
	return p.world.vehicles
}

// At returns the VIN of vehicle i. It panics where i is not below Len.
func (p *Population) At(i uint64) vin.VIN {
	if i >= p.Len() {
		panic("vintest: At: no such vehicle")
	}
	if p.under != nil {
		return p.under.At(p.order.at(i))
	}
	return p.world.at(i)
}

// Next returns the VIN of the vehicle after the last one: At(0), At(1) and so
// on, and At(0) again after Len of them.
func (p *Population) Next() vin.VIN {
	if p.next == p.Len() {
		p.next = 0
	}
	p.next++
	return p.At(p.next - 1)
}

// Shuffled returns the population of the first n vehicles of p in another,
// pseudo-random order, so that every range of its indices is a fair sample of
// them. It panics where n is 0 or exceeds p.Len.
func (p *Population) Shuffled(n uint64) *Population {
	if n == 0 || n > p.Len() {
		panic("vintest: Shuffled: no such number of vehicles")
	}
	return &Population{world: p.world, under: p, order: newPermutation(n, p.world.seed^n)}
}

const (
	// slotBits is the size of an epoch: the vehicles that the world grows by
	// before every line had its share. A line has a number of slots in
	// proportion to its popularity and builds one vehicle a slot and epoch.
	// It is small so that a sample of some thousands has siblings too, and
	// big enough to give the rarest of a few thousand lines a slot.
	slotBits = 18
	slots    = 1 << slotBits

	worldBits = 30
	runBits   = 6
	runLen    = 1 << runBits
)

// A world is what the populations of one seed and mix share. Vehicle i is
// built in epoch i>>slotBits at a slot that the low bits permute to; the slot
// belongs to a line, and its rank there and the epoch give the vehicle's place
// q in the order of building of that line. This is a bijection between i and
// (line, q); line.at maps q to a number injectively.
type world struct {
	seed     uint64
	vehicles uint64
	lines    []line
	slots    [slots]uint16 // the index of the line
}

// A line is the numbers of one maker (and model year) that are built in order.
type line struct {
	text  [vin.Len]byte // what all its numbers share
	descs [][6]byte     // positions 4 to 9, most popular first
	shape *layout
	years string // codes that take part in counting; "" if none do

	slot0, weight uint64 // its slots
	id            uint64 // seeds what is random about it

	plants uint64
	blocks uint64 // runs in the serial range of one plant and year
	base   uint64 // lowest serial
	runs   uint64 // plants * years * blocks: how many runs there are
	step   uint64 // coprime to runs: successive runs lie this far apart
}

func newWorld(seed uint64, mix Mix) *world {
	if mix == (Mix{}) {
		mix = DefaultMix
	}
	shares := [...]float64{mix.USMarket, mix.European, mix.Chinese, mix.SmallMakers / 6, mix.SmallMakers * 5 / 6}
	var total float64
	for _, s := range shares {
		if !(s >= 0 && s <= 1e300) {
			panic("vintest: NewPopulation: a share is negative or not finite")
		}
		total += s
	}
	w := &world{seed: seed, vehicles: 1 << worldBits}
	lines := families(seed)
	var sum float64
	var from uint64
	for i, s := range shares {
		sum += s
		to := uint64(sum/total*slots + 0.5) // exact: slots is a power of two
		w.add(lines[i], from, to)
		from = to
	}
	return w
}

// add gives the lines the slots from..to, the first ones most, by the law of
// Zipf and Mandelbrot: the k-th has a share in proportion to 1/(k+flat).
// All in integers, since floating point differs between platforms. Lines that
// get no slot are dropped.
func (w *world) add(lines []line, from, to uint64) {
	const flat = 64 // the most popular line has 0.4 % of its family
	var sum, total uint64
	for k := range lines {
		total += 1 << 32 / uint64(k+flat)
	}
	at := from
	for k, l := range lines {
		sum += 1 << 32 / uint64(k+flat)
		end := from + (to-from)*sum/total
		if end == at {
			continue
		}
		l.slot0, l.weight = at, end-at
		l.id = hash(w.seed ^ hash(uint64(len(w.lines))))
		l.plan()
		for i := at; i < end; i++ {
			w.slots[i] = uint16(len(w.lines))
		}
		w.lines = append(w.lines, l)
		w.vehicles = min(w.vehicles, l.runs*runLen/l.weight<<slotBits)
		at = end
	}
}

// plan chooses the serial range, and as many plants as it takes for the line
// to hold its share of the world twice over.
func (l *line) plan() {
	years := uint64(max(1, len(l.years)))
	need := l.weight << (worldBits - slotBits + 1) / years
	limit := l.shape.serials()
	percent := [...]uint64{6, 12, 25, 50, 90}[l.id%5] // of the serials in use
	span := limit * percent / 100
	few := uint64(1) // plants that a maker would rather not exceed
	if l.shape.plant >= 0 {
		few = 4
	}
	if limit <= 1000 || need > few*span {
		span = limit - runLen
	}
	l.base = 1
	if span <= limit/2 && l.id>>8%3 == 0 {
		l.base += limit / 10 // serials that begin at 100001
	}
	l.blocks = span / runLen
	l.plants = 1
	if l.shape.plant >= 0 {
		l.plants = min(max(need/span+1, 1+l.id>>16%3), uint64(len(plantCodes)))
	}
	l.runs = l.plants * years * l.blocks
	l.step = coprime(l.id>>20, l.runs)
}

// at returns the number of the q-th vehicle of the line.
func (l *line) at(q uint64) vin.VIN {
	// The runs are built in the order of a walk round a ring.
	r := (l.id>>40 + q/runLen*l.step) % l.runs
	h := hash(l.id ^ r)
	serial := l.base + r%l.blocks*runLen + q%runLen
	r /= l.blocks

	b, s := l.text, l.shape
	copy(b[3:9], l.descs[skewed(h, len(l.descs))][:])
	if s.plant >= 0 {
		b[s.plant] = plantCodes[(r%l.plants+l.id>>24)%uint64(len(plantCodes))]
		r /= l.plants
	}
	if l.years != "" {
		b[s.year] = l.years[r]
	}
	for i := s.lastDigit; i >= s.firstDigit; i-- {
		b[i] = '0' + byte(serial%10)
		serial /= 10
	}
	if s.letter >= 0 {
		b[s.letter] = letters[serial]
	}

	v, ok := vin.FromBytes(b)
	if !ok {
		panic("vintest: a table holds what is no symbol")
	}
	switch {
	case s.check:
		b[8] = v.ComputeCheckDigit()
	case v.CheckDigitOK() && v.CheckDigit() != 'X':
		// Without a check digit none computes, not by chance either: that
		// keeps these numbers apart from those of the US market where a
		// maker has both. Position 9 itself carries no weight.
		b[8] = '0' + (b[8]-'0'+1)%10
	case v.CheckDigitOK():
		b[8] = '0'
	default:
		return v
	}
	v, _ = vin.FromBytes(b)
	return v
}

func (w *world) at(i uint64) vin.VIN {
	epoch := i >> slotBits
	// An invertible mix of 18 bits, another one in every epoch.
	s := (i ^ hash(epoch^w.seed)) & (slots - 1)
	s = s * 0x2c1b3 & (slots - 1)
	s ^= s >> (slotBits / 2)
	s = s * 0x297a5 & (slots - 1)
	s ^= s >> (slotBits / 2)

	l := &w.lines[w.slots[s]]
	return l.at(epoch*l.weight + s - l.slot0)
}

// skewed returns a number below n, small ones more often: about 1/r apart from
// a logarithm.
func skewed(h uint64, n int) uint64 {
	const mask = 1<<21 - 1
	m := 1 + (h&mask)*uint64(n)>>21
	m = 1 + (h>>21&mask)*m>>21
	return (h >> 42 & mask) * m >> 21
}

// coprime returns a number that has no factor in common with n, from h on.
func coprime(h, n uint64) uint64 {
	for c := h%n | 1; ; c += 2 {
		a, b := c, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return c
		}
	}
}

// A permutation is a bijection on the numbers below n: a Feistel network on
// the next power of two, walked until it comes back below n, which takes two
// steps at most on average.
type permutation struct {
	n         uint64
	key       uint64
	low       int // bits of the right half
	left, all uint64
}

func newPermutation(n, key uint64) permutation {
	width := bits.Len64(n - 1)
	low := (width + 1) / 2
	return permutation{n: n, key: hash(key), low: low, left: 1<<(width-low) - 1, all: 1<<low - 1}
}

func (p *permutation) at(x uint64) uint64 {
	for {
		l, r := x>>p.low, x&p.all
		for round := range uint64(2) {
			l ^= hash(r^p.key+2*round) & p.left
			r ^= hash(l^p.key+2*round+1) & p.all
		}
		if x = l<<p.low | r; x < p.n {
			return x
		}
	}
}
