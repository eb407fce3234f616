package match

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// The rules by which two sightings become a suspicion. They stand in the
// documentation of Sightings; here is how they are applied. Nearly every
// sighting agrees with those before, which costs a look at each and no more.

const (
	// perNumber is how many sightings of a number count. More would find a
	// clone that is rarely seen beside a vehicle that is often seen, and every
	// one of them is a cache line that each new sighting reads.
	perNumber = 32

	// perPartner is how many different numbers beside one count.
	perPartner = 8
)

// What was told of a number stands in its sightings, two bits each: 0 for
// nothing, else the grade plus one.
const (
	toldTwoPlates = 2 * iota
	toldTwoVINs
	toldTooFarVIN
	toldTooFarPlate
)

// A cloneSearch compares one sighting with those before.
type cloneSearch struct {
	store   *sightingStore
	options *SightingsOptions
	seen    sighted // not held yet

	found  []Suspicion
	chains [2][perNumber]*sighted // room for the sightings of its VIN and its plate
	other  [perNumber]*sighted    // and for those of a number beside them
}

// run returns what the sighting gives rise to suspect, and notes in it what was
// told.
func (c *cloneSearch) run() []Suspicion {
	c.found = nil
	var chains [2][]*sighted
	for by := range chains {
		if k, ok := c.seen.key(by); ok {
			chains[by] = c.store.recent(c.chains[by][:0], by, k)
		}
	}
	for by, chain := range chains {
		if c.otherPartner(by, chain) {
			c.twoNumbers(by, chain)
		}
	}
	for by, chain := range chains {
		if c.far(by, chain) != nil {
			c.tooFar(by, chain)
		}
	}
	return c.found
}

// partnerOf is the number that is compared among sightings of a number.
func partnerOf(by int) int { return byPlate - by }

// otherPartner reports whether a sighting in the chain has another number beside
// the one that the chain is about.
func (c *cloneSearch) otherPartner(by int, chain []*sighted) bool {
	own, ok := c.seen.key(partnerOf(by))
	if !ok {
		return false
	}
	for _, r := range chain {
		if k, ok := r.key(partnerOf(by)); ok && k != own {
			return true
		}
	}
	return false
}

// A number is a VIN or a plate.
type number struct {
	vin   vin.VIN
	plate plate.Plate
}

func (c *cloneSearch) number(by int, r *sighted) number {
	if by == byVIN {
		return number{vin: r.vin()}
	}
	return number{plate: c.store.plateOf(r)}
}

// accuses reports whether a number belongs to one vehicle.
func (n *number) accuses() bool {
	if n.vin.IsValid() {
		return !n.vin.Decode().Remarks.Has(vin.Placeholder)
	}
	text := n.plate.Text()
	return n.plate.Len() >= shortestPlate && strings.Trim(text, text[:1]) != ""
}

// shortestPlate is how many characters a plate has that one vehicle carries. A
// shorter one is mostly a part.
const shortestPlate = 4

// alike reports whether one of two numbers may be one misread of the other.
func alike(a, b *number) bool {
	if a.vin.IsValid() {
		return alikeVINs(a.vin, b.vin)
	}
	return alikePlates(a.plate, b.plate)
}

// close reports whether two numbers are so near that more than one read of each
// is needed to tell that they are two.
func (a *number) close(b *number) bool {
	if a.vin.IsValid() {
		return vinErrors(a.vin, b.vin) <= closeVIN && !(vouched(a.vin) && vouched(b.vin))
	}
	short, long := min(a.plate.Len(), b.plate.Len()), max(a.plate.Len(), b.plate.Len())
	most := min(closePlate, (short-1)/2) + min(long-short, mostCut)
	return plate.Distance(a.plate.Skeleton(), b.plate.Skeleton()) <= most
}

const (
	closeVIN   = 3 // errors: cameras that take several characters for others take two or three
	closePlate = 3
	mostCut    = 2 // characters that cameras lose at the end
)

// vouched reports whether a check digit speaks for a VIN.
func vouched(v vin.VIN) bool { return v.CheckRule() == vin.CheckRequired && v.CheckDigitOK() }

// alikePlates reports whether one plate may be another spelling, or one
// misread, of the other. The countries do not matter: they are read worse than
// the plates.
func alikePlates(a, b plate.Plate) bool {
	if plate.Distance(a, b) <= 1 {
		return true
	}
	if _, ok := plate.Equivalents(a, b); ok {
		return true
	}
	if short, long := a, b; short.Len() != long.Len() {
		if short.Len() > long.Len() {
			short, long = long, short
		}
		if long.Len()-short.Len() <= mostCut && strings.HasPrefix(long.Text(), short.Text()) {
			return true
		}
	}
	for x := range a.Aliases() {
		if plate.Distance(x, b) == 0 {
			return true
		}
		for y := range b.Aliases() {
			if plate.Distance(x, y) == 0 {
				return true
			}
		}
	}
	for y := range b.Aliases() {
		if plate.Distance(a, y) == 0 {
			return true
		}
	}
	return false
}

// alikeVINs reports whether one VIN may be one misread of the other.
func alikeVINs(a, b vin.VIN) bool {
	if vinErrors(a, b) <= 1 {
		return true
	}
	x, y := a.Bytes(), b.Bytes()
	for i := range x {
		if lookAlike(x[i]) != lookAlike(y[i]) {
			return false
		}
	}
	return true
}

// lookAlike returns the digit that a symbol of a VIN is taken for: the classes
// of plate.Plate.Skeleton.
func lookAlike(c byte) byte {
	switch c {
	case 'D':
		return '0'
	case 'L':
		return '1'
	case 'Z':
		return '2'
	case 'S':
		return '5'
	case 'G':
		return '6'
	case 'B':
		return '8'
	}
	return c
}

// vinErrors returns by how many errors one VIN becomes the other: other symbols
// and swapped neighbours. A symbol lost leaves no VIN.
func vinErrors(a, b vin.VIN) (n int) {
	x, y := a.Bytes(), b.Bytes()
	for i := 0; i < vin.Len; i++ {
		if x[i] == y[i] {
			continue
		}
		n++
		if i+1 < vin.Len && x[i] == y[i+1] && x[i+1] == y[i] {
			i++
		}
	}
	return n
}

// A party is what a chain of sightings says of one number beside the number
// that it is about: the sightings that have it, or what may be a misread of it.
type party struct {
	members []*sighted
	visits  int
	camera  bool // all were read by cameras
	known   bool // a time is
	from    int64
	to      int64
}

func (c *cloneSearch) party(members []*sighted) party {
	p := party{members: members, camera: true, from: math.MaxInt64, to: math.MinInt64}
	for _, r := range members {
		p.camera = p.camera && r.channel() == Camera
		if r.time != noTime {
			p.known = true
			p.from, p.to = min(p.from, r.time), max(p.to, r.time)
		}
	}
	p.visits = c.visits(members)
	return p
}

// visits counts sightings, those within the error of the clocks as one, and
// those at no known time as one if there are no others.
func (c *cloneSearch) visits(members []*sighted) int {
	var buf [perNumber + 1]int64
	times := buf[:0]
	for _, r := range members {
		if r.time != noTime {
			times = append(times, r.time)
		}
	}
	if len(times) == 0 {
		return min(1, len(members))
	}
	slices.Sort(times)
	n, last := 1, times[0]
	for _, t := range times[1:] {
		if t-last > c.options.ClockError.Milliseconds() {
			n, last = n+1, t
		}
	}
	return n
}

// between reports whether a member was seen between two of another party, by
// more than the error of the clocks.
func (c *cloneSearch) between(p, o *party) bool {
	e := c.options.ClockError.Milliseconds()
	return p.known && o.known && slices.ContainsFunc(p.members, func(r *sighted) bool {
		return r.time != noTime && o.from < r.time-e && r.time+e < o.to
	})
}

// gap returns how long it took from the one party to the other, and whether
// that is known.
func gap(p, o *party) (ms int64, ok bool) {
	switch {
	case !p.known || !o.known:
		return 0, false
	case p.to < o.from:
		return o.from - p.to, true
	case o.to < p.from:
		return p.from - o.to, true
	}
	return 0, true
}

// twoNumbers looks for a second plate beside a VIN, or a second VIN beside a
// plate.
func (c *cloneSearch) twoNumbers(by int, chain []*sighted) {
	shared := c.number(by, &c.seen)
	if !shared.accuses() {
		return
	}
	sightings := append(make([]*sighted, 0, perNumber+1), &c.seen)
	sightings = append(sightings, chain...)
	numbers, groups := c.group(partnerOf(by), sightings)
	if !numbers[0].accuses() || slices.Max(groups) <= 0 || c.misread(by, &c.seen) {
		return
	}

	members := func(group int) (m []*sighted) {
		for i, r := range sightings {
			if groups[i] == group {
				m = append(m, r)
			}
		}
		return m
	}
	own := c.party(members(0))
	told, seenBefore := c.told(own.members[1:], toldOfTwo(by)), len(own.members) > 1
	var best *Suspicion
	for g := 1; g <= slices.Max(groups); g++ {
		other := c.party(members(g))
		s := c.judgeTwo(by, &shared, &own, &other)
		if s == nil {
			continue
		}
		if seenBefore {
			told = max(told, c.told(other.members, toldOfTwo(by)))
		}
		if best == nil || s.Grade > best.Grade {
			best = s
		}
	}
	if best != nil {
		c.tell(best, toldOfTwo(by), told)
	}
}

func toldOfTwo(by int) int { return toldTwoPlates + (toldTwoVINs-toldTwoPlates)*by }

// group returns the different partners of sightings, in the order in which they
// first appear, and for each sighting the group of its partner: numbers that are
// alike, or both like a third, are of one group. That of the first sighting is
// 0; -1 is for sightings without a partner, or with one too many.
func (c *cloneSearch) group(partner int, sightings []*sighted) ([]number, []int) {
	var keys []sightingKey
	var numbers []number
	which := make([]int, len(sightings))
	for i, r := range sightings {
		which[i] = -1
		k, ok := r.key(partner)
		if !ok {
			continue
		}
		if which[i] = slices.Index(keys, k); which[i] >= 0 {
			continue
		}
		if n := c.number(partner, r); len(keys) <= perPartner && (i == 0 || n.accuses()) {
			which[i] = len(keys)
			keys, numbers = append(keys, k), append(numbers, n)
		}
	}
	of := make([]int, len(numbers))
	for i := range of {
		of[i] = i
	}
	for i := range numbers {
		for j := range i {
			if of[i] != of[j] && alike(&numbers[i], &numbers[j]) {
				from, to := max(of[i], of[j]), min(of[i], of[j])
				for k := range of[:i+1] {
					if of[k] == from {
						of[k] = to
					}
				}
			}
		}
	}
	// Groups are numbered by their first members, which leaves gaps.
	for i, w := range which {
		if w >= 0 {
			which[i] = of[w]
		}
	}
	return numbers, which
}

// judgeTwo weighs two parties; nil if there is nothing to suspect. The first
// member of own is the new sighting.
func (c *cloneSearch) judgeTwo(by int, shared *number, own, other *party) *Suspicion {
	if len(other.members) == 0 {
		return nil
	}
	partner := partnerOf(by)
	e := c.nearest(other.members)
	a, b := c.number(partner, &c.seen), c.number(partner, e)
	if a.close(&b) && (c.visits(same(own.members, partner, &c.seen)) < 2 || c.visits(same(other.members, partner, e)) < 2) {
		return nil
	}
	if c.misread(by, e) {
		return nil
	}

	s := &Suspicion{Code: TwoPlates, Kind: index.KindVIN}
	texts := []string{"one VIN on two plates that are no misreads of each other"}
	another := "plate"
	if by == byPlate {
		s.Code, s.Kind = TwoVINs, index.KindPlate
		texts[0] = "one plate on two VINs that are no misreads of each other"
		another = "vehicle"
	}
	turns := c.between(own, other) || c.between(other, own)
	apart, known := gap(own, other)
	switch {
	case turns:
		s.Grade = Doubt
		if own.visits > 1 && other.visits > 1 || vouched(shared.vin) && !own.once() && !other.once() {
			s.Grade = Conflict
		}
		texts = append(texts, "they were seen by turns")
	case !known:
		s.Grade = Doubt
		texts = append(texts, "how long it took is not known")
	case c.options.Replating >= 0 && apart >= c.options.Replating.Milliseconds():
		s.Grade = Note
		texts = append(texts, "out of sight for "+spanText(apart)+", which is time for another "+another)
	default:
		s.Grade = Doubt
		texts = append(texts, "out of sight for "+spanText(apart)+" only")
	}
	if s.Grade == Doubt {
		if why := cmp.Or(c.weak(by, shared, own), c.weak(by, shared, other)); why != "" {
			s.Grade = Note
			texts = append(texts, why)
		}
	}
	c.report(s, e, own.visits, other.visits, texts)
	return s
}

// same returns the members whose partner is to the last character that of r.
func same(members []*sighted, partner int, r *sighted) (m []*sighted) {
	k, _ := r.key(partner)
	for _, o := range members {
		if own, _ := o.key(partner); own == k {
			m = append(m, o)
		}
	}
	return m
}

// weak says why a party may rest on a misread of the shared number; "" if
// nothing speaks for that. A number that was read on two visits is read right,
// and so is one that a check digit vouches for.
func (c *cloneSearch) weak(by int, shared *number, p *party) string {
	what := name(index.KindVIN)
	if by == byPlate {
		what = name(index.KindPlate)
	}
	switch {
	case p.visits > 1 || by == byVIN && vouched(shared.vin):
		return ""
	case p.camera:
		return "a camera read one of the two once, which a misread " + what + " explains"
	case c.another(by, p.members[0]):
		return "one of the two was read once, and another " + what + " that was seen is one misread away"
	}
	return ""
}

// another reports whether a number that is one misread away was seen on what may
// be the vehicle of a sighting.
func (c *cloneSearch) another(by int, r *sighted) bool {
	own, hasOwn := r.key(partnerOf(by))
	n := c.number(partnerOf(by), r)
	found := false
	c.store.neighbours(by, r, func(k sightingKey) bool {
		for _, o := range c.store.recent(c.other[:0], by, k) {
			if _, _, tooFar := c.apart(o, r); tooFar {
				continue
			}
			if other, ok := o.key(partnerOf(by)); ok && hasOwn && other != own {
				if m := c.number(partnerOf(by), o); !alike(&n, &m) {
					continue
				}
			}
			found = true
			break
		}
		return !found
	})
	return found
}

// once reports whether a camera saw a party on one visit only.
func (p *party) once() bool { return p.visits < 2 && p.camera }

// nearest returns the member that was seen nearest in time to the new sighting;
// the last one where that is not known.
func (c *cloneSearch) nearest(members []*sighted) *sighted {
	best := members[0]
	if c.seen.time == noTime {
		return best
	}
	away := func(r *sighted) int64 {
		if r.time == noTime {
			return math.MaxInt64
		}
		return max(r.time-c.seen.time, c.seen.time-r.time)
	}
	for _, r := range members[1:] {
		if away(r) < away(best) {
			best = r
		}
	}
	return best
}

// misread reports whether the number of a sighting is probably a misread one:
// whether its partner was seen as often with another number that is alike.
func (c *cloneSearch) misread(by int, r *sighted) bool {
	partner := partnerOf(by)
	k, ok := r.key(partner)
	if !ok {
		return false
	}
	own, _ := r.key(by)
	asRead, otherwise := 0, 0
	if r == &c.seen {
		asRead = 1
	}
	var n number
	for _, o := range c.store.recent(c.other[:0], partner, k) {
		switch other, ok := o.key(by); {
		case !ok:
		case other == own:
			asRead++
		default:
			if n == (number{}) {
				n = c.number(by, r)
			}
			if m := c.number(by, o); alike(&n, &m) {
				otherwise++
			}
		}
	}
	return otherwise > 0 && otherwise >= asRead
}

// apart returns how far two sightings are apart and how fast one vehicle would
// have to have been, and whether that is faster than any is.
func (c *cloneSearch) apart(a, b *sighted) (km, speed float64, tooFar bool) {
	if a.time == noTime || b.time == noTime || !a.hasPosition() || !b.hasPosition() {
		return 0, 0, false
	}
	hours := float64(max(a.time-b.time, b.time-a.time))/3600_000 + c.options.ClockError.Hours()
	reach := c.options.PositionError + c.options.MaxSpeed*hours
	lat1, lon1 := a.degrees()
	lat2, lon2 := b.degrees()
	// Along the meridian and then the parallel is no shorter, and needs no
	// sines.
	const degree = earthRadius * math.Pi / 180
	turn := math.Abs(lon1 - lon2)
	if degree*(math.Abs(lat1-lat2)+min(turn, 360-turn)) <= reach {
		return 0, 0, false
	}
	km = greatCircle(lat1, lon1, lat2, lon2)
	return km, (km - c.options.PositionError) / hours, km > reach
}

// far returns the sightings of a chain that are too far from the new one.
func (c *cloneSearch) far(by int, chain []*sighted) (far []*sighted) {
	for _, r := range chain {
		// One with the same VIN and plate is compared by its VIN alone.
		if by == byPlate && r.vinHi&vinMask != 0 && r.vinHi&vinMask == c.seen.vinHi&vinMask && r.vinLo == c.seen.vinLo {
			continue
		}
		if _, _, tooFar := c.apart(r, &c.seen); tooFar {
			far = append(far, r)
		}
	}
	return far
}

// tooFar looks for one number at two places.
func (c *cloneSearch) tooFar(by int, chain []*sighted) {
	shared := c.number(by, &c.seen)
	if !shared.accuses() || c.misread(by, &c.seen) {
		return
	}
	far := slices.DeleteFunc(c.far(by, chain), func(r *sighted) bool { return c.misread(by, r) })
	if len(far) == 0 {
		return
	}
	// The clearest is the one that has both numbers, and then the fastest.
	var e *sighted
	var km, speed float64
	copied := false
	own, hasOwn := c.seen.key(partnerOf(by))
	if beside := c.number(partnerOf(by), &c.seen); by == byPlate || hasOwn && !beside.accuses() {
		hasOwn = false
	}
	for _, r := range far {
		other, _ := r.key(partnerOf(by))
		both := hasOwn && other == own
		if k, v, _ := c.apart(r, &c.seen); e == nil || both && !copied || both == copied && v > speed {
			e, km, speed, copied = r, k, v, both
		}
	}
	near := []*sighted{&c.seen}
	for _, r := range chain {
		if _, _, tooFar := c.apart(r, e); tooFar {
			near = append(near, r)
		}
	}
	here, there := c.party(near), c.party(far)

	s := &Suspicion{Code: TooFar, Kind: index.KindVIN, Grade: Doubt, Speed: speed}
	if by == byPlate {
		s.Kind = index.KindPlate
	}
	texts := []string{fmt.Sprintf("one %s, %.0f km apart within %s, for which one vehicle needs %s",
		name(s.Kind), km, spanText(max(e.time-c.seen.time, c.seen.time-e.time)), speedText(speed))}
	switch {
	case copied:
		s.Grade = Conflict
		texts = append(texts, "VIN and plate are the same at both")
	case here.visits > 1 && there.visits > 1:
		s.Grade = Conflict
	default:
		if why := cmp.Or(c.weak(by, &shared, &here), c.weak(by, &shared, &there)); why != "" {
			s.Grade = Note
			texts = append(texts, why)
		}
	}
	c.report(s, e, here.visits, there.visits, texts)
	what := toldTooFarVIN + (toldTooFarPlate-toldTooFarVIN)*by
	c.tell(s, what, c.told(chain, what))
}

func speedText(kmh float64) string {
	if math.IsInf(kmh, 1) {
		return "to be in two places at once"
	}
	return fmt.Sprintf("%.0f km/h", kmh)
}

// report fills in a suspicion about the new sighting and e.
func (c *cloneSearch) report(s *Suspicion, e *sighted, own, other int, texts []string) {
	s.First, s.Second = c.store.sighting(e), c.store.sighting(&c.seen)
	s.Visits = [2]int{other, own}
	if c.seen.time != noTime && e.time != noTime && c.seen.time < e.time {
		s.First, s.Second = s.Second, s.First
		s.Visits = [2]int{own, other}
	}
	s.Kilometres, _ = s.First.Distance(&s.Second)
	if s.Visits != [2]int{1, 1} {
		texts = append(texts, fmt.Sprintf("visits that say so: %d and %d", s.Visits[0], s.Visits[1]))
	}
	s.Text = strings.Join(texts, "; ")
}

// told returns the most that was told with sightings, as tell notes it.
func (c *cloneSearch) told(sightings []*sighted, what int) (t uint8) {
	for _, r := range sightings {
		t = max(t, r.told>>what&3)
	}
	return t
}

// tell reports a suspicion if it is more than what was told before.
func (c *cloneSearch) tell(s *Suspicion, what int, before uint8) {
	now := uint8(s.Grade) + 1
	if now > before && (s.Grade > Note || c.options.Notes) {
		c.found = append(c.found, *s)
	}
	c.seen.told |= max(now, before) << what
}
