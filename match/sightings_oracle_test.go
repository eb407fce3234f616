package match_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A naiveLog is Sightings without any care for memory or time: it keeps
// everything, and applies the rules as the documentation gives them.
type naiveLog struct {
	options match.SightingsOptions // all of them set
	log     []naiveEntry
	known   map[[2]string]bool // what alike answered before
}

type naiveEntry struct {
	match.Sighting
	numbers map[string]string // by kind; those that it has
	told    map[string]int    // by what was told: the grade and one
}

// naiveTold is what of a Suspicion is compared.
type naiveTold struct {
	code          match.SuspicionCode
	kind          string
	grade         match.Grade
	first, second uint64
	visits        [2]int
}

func (t naiveTold) String() string {
	return fmt.Sprintf("%s %s %s %d-%d %v", t.kind, t.code, t.grade, t.first, t.second, t.visits)
}

func (l *naiveLog) add(s match.Sighting) (out []naiveTold) {
	e := naiveEntry{Sighting: s, numbers: map[string]string{}, told: map[string]int{}}
	if s.VIN.IsValid() {
		e.numbers["vin"] = s.VIN.String()
	}
	if s.Plate.IsValid() {
		e.numbers["plate"] = s.Plate.Country() + ":" + s.Plate.Text()
	}
	for _, kind := range []string{"vin", "plate"} {
		if t, ok := l.twoNumbers(&e, kind); ok {
			out = append(out, t)
		}
	}
	for _, kind := range []string{"vin", "plate"} {
		if t, ok := l.tooFar(&e, kind); ok {
			out = append(out, t)
		}
	}
	l.log = append(l.log, e)
	return out
}

func numberOf(e *naiveEntry, kind string) string { return e.numbers[kind] }

func hasNumber(e *naiveEntry, kind string) bool { return e.numbers[kind] != "" }

func otherKind(kind string) string {
	if kind == "vin" {
		return "plate"
	}
	return "vin"
}

// chain returns the sightings with a number that count, the last one first.
func (l *naiveLog) chain(kind, number string) (chain []*naiveEntry) {
	oldest := max(0, len(l.log)-(l.options.Max-1))
	for i := len(l.log) - 1; i >= oldest && len(chain) < match.PerNumber; i-- {
		if hasNumber(&l.log[i], kind) && numberOf(&l.log[i], kind) == number {
			chain = append(chain, &l.log[i])
		}
	}
	return chain
}

// oneErrorAway reports whether one text becomes the other by one edit, by
// trying them all.
func oneErrorAway(a, b string) bool {
	if a == b {
		return true
	}
	x := []rune(a)
	for i := range len(x) + 1 {
		if i < len(x) {
			if string(x[:i])+string(x[i+1:]) == b {
				return true
			}
		}
		if i+1 < len(x) && string(x[:i])+string(x[i+1])+string(x[i])+string(x[i+2:]) == b {
			return true
		}
		for _, c := range b {
			if string(x[:i])+string(c)+string(x[i:]) == b || i < len(x) && string(x[:i])+string(c)+string(x[i+1:]) == b {
				return true
			}
		}
	}
	return false
}

var vinClasses = strings.NewReplacer("D", "0", "L", "1", "Z", "2", "S", "5", "G", "6", "B", "8")

func (l *naiveLog) alike(a, b *naiveEntry, kind string) bool {
	pair := [2]string{numberOf(a, kind), numberOf(b, kind)}
	answer, known := l.known[pair]
	if !known {
		answer = naiveAlike(a, b, kind)
		l.known[pair] = answer
	}
	return answer
}

func naiveAlike(a, b *naiveEntry, kind string) bool {
	if kind == "vin" {
		x, y := a.VIN.String(), b.VIN.String()
		return oneErrorAway(x, y) || vinClasses.Replace(x) == vinClasses.Replace(y)
	}
	spellings := func(p plate.Plate) (all []string) {
		all = append(all, p.Text())
		for q := range p.Aliases() {
			all = append(all, q.Text())
		}
		return all
	}
	for _, x := range spellings(a.Plate) {
		if slices.Contains(spellings(b.Plate), x) {
			return true
		}
	}
	x, y := a.Plate.Text(), b.Plate.Text()
	lost := func(long, short string) bool {
		return strings.HasPrefix(long, short) && len([]rune(long)) <= len([]rune(short))+2
	}
	return oneErrorAway(x, y) || lost(x, y) || lost(y, x) || a.Plate.Skeleton().Text() == b.Plate.Skeleton().Text()
}

func naiveClose(a, b *naiveEntry, kind string) bool {
	if kind == "plate" {
		n, m := a.Plate.Len(), b.Plate.Len()
		most := 3
		if min(n, m) < 7 {
			most = (min(n, m) - 1) / 2
		}
		return plate.Distance(a.Plate.Skeleton(), b.Plate.Skeleton()) <= most+min(max(n-m, m-n), 2)
	}
	if naiveVouched(a) && naiveVouched(b) {
		return false
	}
	var errors func(x, y string) int
	errors = func(x, y string) int {
		switch {
		case x == "":
			return 0
		case x[0] == y[0]:
			return errors(x[1:], y[1:])
		case len(x) > 1 && x[0] == y[1] && x[1] == y[0]:
			return 1 + errors(x[2:], y[2:])
		}
		return 1 + errors(x[1:], y[1:])
	}
	return errors(a.VIN.String(), b.VIN.String()) <= 3
}

func naiveVouched(e *naiveEntry) bool {
	return e.VIN.IsValid() && e.VIN.CheckRule() == vin.CheckRequired && e.VIN.CheckDigitOK()
}

func naiveAccuses(e *naiveEntry, kind string) bool {
	if kind == "vin" {
		return !e.VIN.Decode().Remarks.Has(vin.Placeholder)
	}
	text := []rune(e.Plate.Text())
	return len(text) >= 4 && slices.ContainsFunc(text, func(r rune) bool { return r != text[0] })
}

func (l *naiveLog) misread(e *naiveEntry, kind string, isNew bool) bool {
	other := otherKind(kind)
	if !hasNumber(e, other) {
		return false
	}
	asRead, otherwise := 0, 0
	if isNew {
		asRead++
	}
	for _, o := range l.chain(other, numberOf(e, other)) {
		switch {
		case !hasNumber(o, kind):
		case numberOf(o, kind) == numberOf(e, kind):
			asRead++
		case l.alike(o, e, kind):
			otherwise++
		}
	}
	return otherwise > 0 && otherwise >= asRead
}

func (l *naiveLog) visits(members []*naiveEntry) int {
	var times []time.Time
	for _, e := range members {
		if !e.Time.IsZero() {
			times = append(times, e.Time)
		}
	}
	if times == nil {
		return min(1, len(members))
	}
	slices.SortFunc(times, time.Time.Compare)
	n := 0
	var last time.Time
	for _, t := range times {
		if n == 0 || t.Sub(last) > l.options.ClockError {
			n, last = n+1, t
		}
	}
	return n
}

func allByCamera(members []*naiveEntry) bool {
	return !slices.ContainsFunc(members, func(e *naiveEntry) bool { return e.Channel != match.Camera })
}

// weak reports whether a party is one read of a number that may be another.
func (l *naiveLog) weak(members []*naiveEntry, kind string) bool {
	if l.visits(members) > 1 {
		return false
	}
	if allByCamera(members) {
		return true
	}
	r, other := members[0], otherKind(kind)
	for i := max(0, len(l.log)-(l.options.Max-1)); i < len(l.log); i++ {
		o := &l.log[i]
		if !hasNumber(o, kind) || numberOf(o, kind) == numberOf(r, kind) || !l.misreadAs(o, r, kind) {
			continue
		}
		if !slices.Contains(l.chain(kind, numberOf(o, kind)), o) {
			continue
		}
		_, tooFast := l.need(r, o)
		if !tooFast && (!hasNumber(o, other) || !hasNumber(r, other) || l.alike(o, r, other)) {
			return true
		}
	}
	return false
}

// misreadAs reports whether one error, which puts in nothing but digits and
// Latin letters, makes the one number of the other.
func (l *naiveLog) misreadAs(a, b *naiveEntry, kind string) bool {
	pair := [2]string{"as " + numberOf(a, kind), numberOf(b, kind)}
	answer, known := l.known[pair]
	if known {
		return answer
	}
	if kind == "vin" {
		answer = oneErrorAway(a.VIN.String(), b.VIN.String())
	} else {
		x, y := []rune(b.Plate.Text()), []rune(a.Plate.Text())
		answer = a.Plate.Country() == b.Plate.Country() && len(a.Plate.Text()) <= 16 && len(b.Plate.Text()) <= 16 &&
			oneErrorAway(string(x), string(y))
		// A native letter that the one has and the other has not can only be
		// lost.
		native := func(r []rune) (n int) {
			for _, c := range r {
				if c > 127 {
					n++
				}
			}
			return n
		}
		answer = answer && native(y) <= native(x)
	}
	l.known[pair] = answer
	return answer
}

// byTurns reports whether one of b was seen between two of a.
func (l *naiveLog) byTurns(a, b []*naiveEntry) bool {
	err := l.options.ClockError
	for _, x := range a {
		for _, y := range b {
			for _, z := range a {
				if !x.Time.IsZero() && !y.Time.IsZero() && !z.Time.IsZero() && y.Time.Sub(x.Time) > err && z.Time.Sub(y.Time) > err {
					return true
				}
			}
		}
	}
	return false
}

// longChange reports whether all of one were seen before all of the other, and
// long before; known is false where one has no time.
func (l *naiveLog) longChange(a, b []*naiveEntry) (long, known bool) {
	span := func(members []*naiveEntry) (from, to time.Time) {
		for _, e := range members {
			if e.Time.IsZero() {
				continue
			}
			if from.IsZero() || e.Time.Before(from) {
				from = e.Time
			}
			if to.IsZero() || e.Time.After(to) {
				to = e.Time
			}
		}
		return from, to
	}
	a0, a1 := span(a)
	b0, b1 := span(b)
	if a0.IsZero() || b0.IsZero() {
		return false, false
	}
	d := l.options.Replating
	return d >= 0 && (b0.Sub(a1) >= d || a0.Sub(b1) >= d), true
}

func (l *naiveLog) twoNumbers(e *naiveEntry, kind string) (naiveTold, bool) {
	other := otherKind(kind)
	if !hasNumber(e, kind) || !hasNumber(e, other) || !naiveAccuses(e, kind) || !naiveAccuses(e, other) || l.misread(e, kind, true) {
		return naiveTold{}, false
	}
	// The sightings that have another number which counts.
	count := []*naiveEntry{e}
	seen := []string{numberOf(e, other)}
	for _, o := range l.chain(kind, numberOf(e, kind)) {
		if !hasNumber(o, other) {
			continue
		}
		if n := numberOf(o, other); !slices.Contains(seen, n) {
			if len(seen) > match.PerPartner || !naiveAccuses(o, other) {
				continue
			}
			seen = append(seen, n)
		}
		count = append(count, o)
	}
	// Groups of those that are alike, or like a third.
	var groups [][]*naiveEntry
	rest := slices.Clone(count)
	for len(rest) > 0 {
		group := []*naiveEntry{rest[0]}
		rest = rest[1:]
		for grown := true; grown; {
			grown = false
			for i, o := range rest {
				if slices.ContainsFunc(group, func(g *naiveEntry) bool { return l.alike(g, o, other) }) {
					group = append(group, o)
					rest = slices.Delete(slices.Clone(rest), i, i+1)
					grown = true
					break
				}
			}
		}
		// As they were added.
		slices.SortFunc(group, func(a, b *naiveEntry) int { return slices.Index(count, a) - slices.Index(count, b) })
		groups = append(groups, group)
	}

	mine := groups[0]
	before := 0
	told := func(members []*naiveEntry) {
		for _, o := range members {
			before = max(before, o.told[kind+" two"])
		}
	}
	told(mine)
	var best *naiveTold
	for _, group := range groups[1:] {
		t, ok := l.judge(e, mine, group, kind)
		if !ok {
			continue
		}
		if len(mine) > 1 {
			told(group)
		}
		if best == nil || t.grade > best.grade {
			best = &t
		}
	}
	if best == nil {
		return naiveTold{}, false
	}
	now := int(best.grade) + 1
	e.told[kind+" two"] = max(now, before)
	return *best, now > before && (best.grade > match.Note || l.options.Notes)
}

func (l *naiveLog) judge(e *naiveEntry, mine, group []*naiveEntry, kind string) (naiveTold, bool) {
	other := otherKind(kind)
	o := group[0]
	for _, g := range group {
		if !e.Time.IsZero() && !g.Time.IsZero() && (o.Time.IsZero() || g.Time.Sub(e.Time).Abs() < o.Time.Sub(e.Time).Abs()) {
			o = g
		}
	}
	exactly := func(members []*naiveEntry, like *naiveEntry) (same []*naiveEntry) {
		for _, m := range members {
			if numberOf(m, other) == numberOf(like, other) {
				same = append(same, m)
			}
		}
		return same
	}
	if naiveClose(e, o, other) && (l.visits(exactly(mine, e)) < 2 || l.visits(exactly(group, o)) < 2) || l.misread(o, kind, false) {
		return naiveTold{}, false
	}
	t := naiveTold{code: match.TwoPlates, kind: kind, grade: match.Doubt}
	if kind == "plate" {
		t.code = match.TwoVINs
	}
	vouched := kind == "vin" && naiveVouched(e)
	long, known := l.longChange(mine, group)
	switch {
	case l.byTurns(mine, group) || l.byTurns(group, mine):
		once := func(p []*naiveEntry) bool { return l.visits(p) == 1 && allByCamera(p) }
		if vouched && !once(mine) && !once(group) || l.visits(mine) > 1 && l.visits(group) > 1 {
			t.grade = match.Conflict
		}
	case known && long:
		t.grade = match.Note
	}
	for _, p := range [][]*naiveEntry{mine, group} {
		if t.grade == match.Doubt && !vouched && l.weak(p, kind) {
			t.grade = match.Note
		}
	}
	l.order(&t, e, o, l.visits(mine), l.visits(group))
	return t, true
}

func (l *naiveLog) order(t *naiveTold, e, o *naiveEntry, mine, others int) {
	t.first, t.second, t.visits = o.Ref, e.Ref, [2]int{others, mine}
	if !e.Time.IsZero() && !o.Time.IsZero() && e.Time.Before(o.Time) {
		t.first, t.second, t.visits = e.Ref, o.Ref, [2]int{mine, others}
	}
}

// need returns how fast one vehicle would have had to be, and whether that is
// too fast.
func (l *naiveLog) need(a, b *naiveEntry) (float64, bool) {
	km, ok := a.Distance(&b.Sighting)
	if !ok || a.Time.IsZero() || b.Time.IsZero() {
		return 0, false
	}
	speed := (km - l.options.PositionError) / (a.Time.Sub(b.Time).Abs() + l.options.ClockError).Hours()
	return speed, speed > l.options.MaxSpeed
}

func (l *naiveLog) tooFar(e *naiveEntry, kind string) (naiveTold, bool) {
	if !hasNumber(e, kind) || !naiveAccuses(e, kind) || l.misread(e, kind, true) {
		return naiveTold{}, false
	}
	var far, near []*naiveEntry
	var clearest, fastest *naiveEntry // clearest has both numbers
	most := 0.0
	mostCopied := 0.0
	chain := l.chain(kind, numberOf(e, kind))
	for _, o := range chain {
		if kind == "plate" && e.VIN.IsValid() && e.VIN == o.VIN || l.misread(o, kind, false) {
			continue
		}
		if speed, tooFast := l.need(e, o); tooFast {
			far = append(far, o)
			if speed > most {
				fastest, most = o, speed
			}
			if kind == "vin" && e.Plate.IsValid() && e.Plate == o.Plate && naiveAccuses(e, "plate") && speed > mostCopied {
				clearest, mostCopied = o, speed
			}
		}
	}
	if far == nil {
		return naiveTold{}, false
	}
	copied := clearest != nil
	if !copied {
		clearest = fastest
	}
	near = append(near, e)
	before := 0
	for _, o := range chain {
		if _, tooFast := l.need(o, clearest); tooFast {
			near = append(near, o)
		}
		before = max(before, o.told[kind+" far"])
	}
	t := naiveTold{code: match.TooFar, kind: kind, grade: match.Doubt}
	vouched := kind == "vin" && naiveVouched(e)
	switch {
	case copied, l.visits(near) > 1 && l.visits(far) > 1:
		t.grade = match.Conflict
	case !vouched && (l.weak(near, kind) || l.weak(far, kind)):
		t.grade = match.Note
	}
	l.order(&t, e, clearest, l.visits(near), l.visits(far))
	now := int(t.grade) + 1
	e.told[kind+" far"] = max(now, before)
	return t, now > before && (t.grade > match.Note || l.options.Notes)
}

// A traffic is an endless stream of sightings in a small world, so that
// numbers meet often: siblings, plates of which many are one character apart,
// misreads, clones, and facts that are missing.
type traffic struct {
	random   *rand.Rand
	vins     []vin.VIN
	plates   []plate.Plate
	readers  []*vintest.Reader
	now      time.Time
	ref      uint64
	vehicles int
}

func newTraffic(seed uint64, vehicles int) *traffic {
	tr := &traffic{
		random: rand.New(rand.NewPCG(seed, 1)), vehicles: vehicles,
		now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, c := range vintest.Channels {
		tr.readers = append(tr.readers, vintest.NewReader(seed, c, 0.3))
	}
	world := vintest.NewPopulation(seed, vintest.DefaultMix)
	at := tr.random.Uint64N(1 << 20)
	for i := range vehicles {
		tr.vins = append(tr.vins, world.At(at+uint64(i)))
		p := plate.MustParse(tr.of("DE", "DE", "FR", ""), fmt.Sprintf("%s%s%03d", tr.of("TÜ", "M", "B"), tr.of("AB", "OD", "XS"), tr.random.IntN(999)))
		tr.plates = append(tr.plates, p)
	}
	tr.vins[0] = vin.MustParse("11111111111111111")
	tr.plates[1] = plate.MustParse("DE", "B")
	tr.plates[2] = plate.MustParse("", "1กก1234กรุงเทพมหานคร")
	return tr
}

func (tr *traffic) of(texts ...string) string { return texts[tr.random.IntN(len(texts))] }

func (tr *traffic) next() match.Sighting {
	tr.now = tr.now.Add(time.Duration(tr.random.IntN(20)) * time.Minute)
	tr.ref++
	i := int(float64(tr.vehicles) * math.Pow(tr.random.Float64(), 3)) // some are seen often
	p := i
	if tr.random.IntN(8) == 0 {
		p = (i + 1 + tr.random.IntN(2)) % tr.vehicles // a clone, or an honest change
	}
	channel := tr.random.IntN(len(tr.readers))
	s := match.Sighting{Time: tr.now, Lat: math.NaN(), Lon: math.NaN(), Channel: match.Channel(channel), Ref: tr.ref}
	text, _ := tr.readers[channel].Read(tr.vins[i].String())
	if v, err := vin.Parse(text); err == nil && tr.random.IntN(4) > 0 {
		s.VIN = v
	}
	text, _ = tr.readers[channel].Read(tr.plates[p].Text())
	if i == 3 { // a number that stands beside many
		text = fmt.Sprint("ZZ", tr.random.IntN(20)*1111, "Q")
	}
	country := tr.plates[p].Country()
	if tr.random.IntN(10) == 0 {
		country = ""
	}
	if q, err := plate.Parse(country, text); err == nil && tr.random.IntN(5) > 0 {
		s.Plate = q
	}
	switch tr.random.IntN(10) {
	case 0:
		s.Time = time.Time{}
	case 1: // out of order
		s.Time = s.Time.Add(-time.Duration(tr.random.IntN(48*60)) * time.Minute)
	}
	if tr.random.IntN(5) > 0 {
		// Vehicles have a home, and are seen elsewhere now and then.
		home := i % 4
		if tr.random.IntN(6) == 0 {
			home = tr.random.IntN(4)
		}
		s.Lat, s.Lon = []float64{50, 52, 41, 41}[home]+tr.random.Float64()/10, []float64{2, 5, 17, 179.99}[home]
		if tr.random.IntN(2) == 0 {
			s.Lon = -s.Lon
		}
		s.Lat, s.Lon = math.Round(s.Lat*1e7)/1e7, math.Round(s.Lon*1e7)/1e7
	}
	return s
}

// TestSightingsOracle replays random traffic against the naive log.
func TestSightingsOracle(t *testing.T) {
	programs := 40
	if testing.Short() {
		programs = 20
	}
	told := map[string]int{}
	for seed := range uint64(programs) {
		r := rand.New(rand.NewPCG(seed, 2))
		o := match.SightingsOptions{
			Max:      []int{1, 2, 7, 60, 5000}[r.IntN(5)],
			MaxSpeed: []float64{0, 90, 900}[r.IntN(3)], ClockError: []time.Duration{0, -1, 30 * time.Minute}[r.IntN(3)],
			PositionError: []float64{0, -1, 50}[r.IntN(3)], Replating: []time.Duration{0, -1, 3 * time.Hour}[r.IntN(3)],
			Notes: r.IntN(2) == 0,
		}
		tr := newTraffic(seed, []int{4, 12, 60}[r.IntN(3)])
		x := match.NewSightings(o)
		naive := &naiveLog{options: o, known: map[[2]string]bool{}}
		if o.MaxSpeed == 0 {
			naive.options.MaxSpeed = match.DefaultMaxSpeed
		}
		setDefault(&naive.options.ClockError, match.DefaultClockError)
		setDefault(&naive.options.PositionError, match.DefaultPositionError)
		naive.options.ClockError = max(0, naive.options.ClockError)
		naive.options.PositionError = max(0, naive.options.PositionError)
		setDefault(&naive.options.Replating, match.DefaultReplating)
		for i := range 500 {
			s := tr.next()
			want := naive.add(s)
			var got []naiveTold
			for _, c := range x.Add(s) {
				got = append(got, naiveTold{c.Code, c.Kind.String(), c.Grade, c.First.Ref, c.Second.Ref, c.Visits})
				told[c.Code.String()+" "+c.Grade.String()]++
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, %+v, sighting %d: told %v, want %v", seed, o, i+1, got, want)
			}
		}
	}
	for _, code := range []match.SuspicionCode{match.TwoPlates, match.TwoVINs, match.TooFar} {
		for _, grade := range []match.Grade{match.Note, match.Doubt, match.Conflict} {
			if told[code.String()+" "+grade.String()] < 5 {
				t.Errorf("the traffic hardly gives a %s %s: %v", grade, code, told)
			}
		}
	}
	t.Log(told)
}

func setDefault[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}
