package match_test

import (
	order "cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A world is a register and an endless stream of queries that mostly concern
// it: numbers as listed, misread, of siblings, and of strangers.
type world struct {
	random  *rand.Rand
	vins    *vintest.Population
	readers []*vintest.Reader
	records []index.Record
	wheres  []*index.Filter
}

func newWorld(seed uint64, records int) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 0)),
		vins:   vintest.NewPopulation(seed, vintest.DefaultMix).Shuffled(uint64(4 * records)),
	}
	for _, c := range vintest.Channels {
		w.readers = append(w.readers, vintest.NewReader(seed, c, 0.7))
	}
	owners := []string{"DE", "FR", "GB"}
	for i := range records {
		w.records = append(w.records, index.Record{
			Owner:     owners[w.random.IntN(len(owners))],
			ID:        fmt.Sprint(i),
			VIN:       w.vins.At(uint64(i)),
			Plate:     w.plate(i),
			Make:      pick(w, "BMW", "Volkswagen", "Honda", ""),
			ModelYear: pick(w, 0, 2003, 2004),
			Colour:    pick(w, "red", "grey", ""),
			Type:      pick(w, index.Car, index.Truck, index.NoType),
			Status:    pick(w, index.Stolen, index.Recovered),
			Numbers:   []index.Number{{Kind: index.KindEngine, Text: fmt.Sprintf("CAXA%05d", i)}},
		})
	}
	// Several records of one vehicle, several vehicles under one placeholder.
	for i := range records / 10 {
		w.records[i].VIN = w.records[i+1].VIN
		w.records[records-1-i].VIN = vin.MustParse("11111111111111111")
	}
	french, stolen := index.Owner("FR"), index.HasStatus(index.Stolen)
	w.wheres = []*index.Filter{nil, nil, &french, &stolen}
	return w
}

func pick[T any](w *world, of ...T) T { return of[w.random.IntN(len(of))] }

func (w *world) plate(i int) plate.Plate {
	return plate.MustParse([]string{"DE", "FR", "GB", ""}[i%4], fmt.Sprintf("AB%03dXY", i%500))
}

// query asks about vehicle i of the population, listed or not.
func (w *world) query() match.Query {
	i := w.random.IntN(2 * len(w.records))
	channel := w.random.IntN(len(w.readers))
	q := match.Query{Channel: match.Channel(channel), Where: pick(w, w.wheres...)}
	add := func(k index.Kind, country, text string) {
		text, _ = w.readers[channel].Read(text)
		q.Reads = append(q.Reads, match.Read{
			Number: index.Number{Kind: k, Country: country, Text: text},
			Score:  pick(w, 0, 0.4, 0.9),
		})
	}
	v := w.vins.At(uint64(i))
	if i < len(w.records) {
		v = w.records[i].VIN
	}
	for range 1 + w.random.IntN(3) {
		switch w.random.IntN(6) {
		case 0:
			add(index.KindPlate, w.plate(i).Country(), w.plate(i).Text())
		case 1:
			add(index.KindPlate, "", w.plate(i).Text())
		case 2:
			add(index.KindEngine, "", fmt.Sprintf("CAXA %05d", i))
		case 3:
			add(index.KindChassis, "", v.String())
		default:
			add(index.KindVIN, "", v.String())
		}
	}
	if w.random.IntN(2) == 0 {
		q.Claim = match.Claim{
			Make: pick(w, "VW", "honda", ""), ModelYear: pick(w, 0, 2003), Country: pick(w, "", "D"),
			Type: pick(w, index.NoType, index.Car), Colour: pick(w, "", "red", "silver"),
		}
	}
	return q
}

// answers counts what a test saw, so that it cannot pass on nothing.
type answers struct{ exact, cleaned, repaired, near, several, siblings int }

func (a *answers) count(r match.Result) {
	for _, f := range r.Findings {
		switch f.How {
		case match.Exact:
			a.exact++
		case match.Cleaned:
			a.cleaned++
		case match.Repaired:
			a.repaired++
		case match.Near:
			a.near++
		}
		if f.Verdict == match.Sibling {
			a.siblings++
		}
	}
	if len(r.Findings) > 1 {
		a.several++
	}
}

func (a *answers) enough(t *testing.T) {
	t.Helper()
	if min(a.exact, a.cleaned, a.repaired, a.near, a.several, a.siblings) < fewer(16) {
		t.Errorf("the world is too dull to prove anything: %+v", *a)
	}
}

func ask(t *testing.T, m *match.Matcher, q match.Query) match.Result {
	t.Helper()
	r, err := m.Match(t.Context(), q)
	if err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	return r
}

func bestFirst(a, b match.Finding) int {
	return order.Or(
		order.Compare(b.Probability, a.Probability),
		order.Compare(a.Record.Owner, b.Record.Owner),
		order.Compare(a.Record.ID, b.Record.ID),
	)
}

// verdicts is what must not depend on how a question is put.
func verdicts(r match.Result) []string {
	var s []string
	for _, f := range r.Findings {
		s = append(s, fmt.Sprintf("%s/%s %v %v %.4f", f.Record.Owner, f.Record.ID, f.Kind, f.How, f.Probability))
	}
	return s
}

// firstEvidence is what the evidence of a finding begins with.
var firstEvidence = map[match.How]match.EvidenceCode{
	match.Exact: match.EvidenceExact, match.Cleaned: match.EvidenceCleaned, match.Repaired: match.EvidenceRepaired,
	match.Near: match.EvidenceNear, match.Partial: match.EvidencePartial,
}

// holds holds a result to what the package documentation says of every finding:
// the evidence adds up to the logarithm of the odds, the records of a vehicle
// share a probability, the vehicles of an answer have 1 at most together, and the
// best finding is the first.
func holds(t testing.TB, r match.Result) {
	t.Helper()
	sum := 0.0
	vehicles := map[string]float64{}
	for i, f := range r.Findings {
		bits := 0.0
		for _, e := range f.Evidence {
			bits += e.Weight
			if e.Text == "" || e.Code == "" || math.IsNaN(e.Weight) || math.IsInf(e.Weight, 0) {
				t.Fatalf("evidence says nothing: %+v", e)
			}
		}
		if want := 1 / (1 + math.Exp2(-bits)); math.Abs(f.Probability-want) > 1e-9 {
			t.Fatalf("probability %v, but the evidence adds up to %v bits, which is %v", f.Probability, bits, want)
		}
		if e := f.Evidence[0]; e.Code != firstEvidence[f.How] || e.Kind != f.Kind || f.Kind == 0 {
			t.Fatalf("a finding by %v, %v, begins with %+v", f.Kind, f.How, e)
		}
		if !(f.Probability >= 0 && f.Probability <= 1) || f.Verdict == 0 || (f.Verdict == match.Probable) != (f.Probability >= 0.5) {
			t.Fatalf("probability %v is called %v", f.Probability, f.Verdict)
		}
		if f.Verdict == match.Sibling && f.How != match.Near && f.How != match.Repaired {
			t.Fatalf("%v, and yet a sibling", f.How)
		}
		name := vehicleOf(&f.Record)
		if name == "" {
			name = fmt.Sprint("record ", i)
		}
		if p, ok := vehicles[name]; !ok {
			vehicles[name] = f.Probability
			sum += f.Probability
		} else if p != f.Probability {
			t.Fatalf("two records of one vehicle with %v and %v", p, f.Probability)
		}
	}
	if sum > 1+1e-9 {
		t.Fatalf("the vehicles have %v together: %v", sum, verdicts(r))
	}
	if !slices.IsSortedFunc(r.Findings, bestFirst) {
		t.Fatalf("not the best first: %v", verdicts(r))
	}
}

// fewer is a quarter of n in a short run, as under the race detector.
func fewer(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}

// TestFindings holds every finding to what the package documentation says, and
// the modes of near search to each other: Auto reports what Always does, but for
// guesses below the least probability and for what is searched for only where
// more could reach it; Never reports guesses at what cannot be a VIN only.
func TestFindings(t *testing.T) {
	for _, o := range []match.Options{
		{HitRate: 0.0009},
		{},
		{HitRate: 0.5, Vehicles: 1e6, MinProbability: 0.2},
		{HitRate: 0.05, Vehicles: 1200, Misread: map[match.Channel]float64{match.Typed: 0.7, match.Camera: 0.7}, MinProbability: -1},
	} {
		w := newWorld(1, 500)
		with := func(n match.NearMode) *match.Matcher {
			o.Near = n
			return registerWith(t, o, w.records...)
		}
		auto, always, never := with(match.Auto), with(match.Always), with(match.Never)
		least := o.MinProbability
		if least == 0 {
			least = match.DefaultMinProbability
		}
		var seen answers
		leftOut := 0
		for range fewer(400) {
			q := w.query()
			q.Limit = 1000
			all := ask(t, always, q)
			seen.count(all)
			holds(t, all)
			some := ask(t, auto, q)
			holds(t, some)
			none := ask(t, never, q)
			holds(t, none)

			// A search that was left out costs no finding that counts.
			var counts []match.Finding
			for _, f := range all.Findings {
				if guessed(f) && f.Probability < least {
					continue
				}
				counts = append(counts, f)
			}
			if all.Search == some.Search && len(q.Reads) == 1 {
				if d := cmp.Diff(counts, some.Findings, comparers); d != "" {
					t.Fatalf("%+v: -always +auto\n%s", q.Reads, d)
				}
			} else {
				leftOut++
				for _, f := range counts {
					if !slices.ContainsFunc(some.Findings, func(g match.Finding) bool {
						v := vehicleOf(&f.Record)
						return v != "" && v == vehicleOf(&g.Record) || f.Record.Owner == g.Record.Owner && f.Record.ID == g.Record.ID
					}) {
						t.Fatalf("%v: %+v: not searched for, but Always finds it: %+v", q.Channel, q.Reads, f)
					}
				}
			}
			for _, f := range some.Findings {
				if guessed(f) && f.Probability < least {
					t.Fatalf("Auto reports %v of %v", f.Probability, f.How)
				}
			}
			if none.Search != 0 {
				t.Fatalf("Never has searched: %v", none.Search)
			}
			for _, f := range none.Findings {
				if f.How == match.Near {
					t.Fatalf("Never has found %v", verdicts(none))
				}
			}
		}
		seen.enough(t)
		t.Logf("%+v: %d searches left out", o, leftOut)
	}
}

// found is which records were found, and how.
func found(findings []match.Finding) (s []string) {
	for _, f := range findings {
		s = append(s, fmt.Sprintf("%s/%s %v %v", f.Record.Owner, f.Record.ID, f.Kind, f.How))
	}
	slices.Sort(s)
	return s
}

// vehicleOf names what records of one vehicle have in common, "" for a record
// that nothing ties to another.
func vehicleOf(r *index.Record) string {
	switch {
	case r.VIN.IsValid() && r.VIN.String() != ones:
		return r.VIN.String()
	case r.Plate.IsValid():
		return r.Plate.String()
	}
	return ""
}

func guessed(f match.Finding) bool { return f.How == match.Near || f.How == match.Repaired }

// TestRelations changes a question or the register in ways that have a known
// effect on the answer.
func TestRelations(t *testing.T) {
	w := newWorld(2, 400)
	all := match.Options{Near: match.Always}
	m := registerWith(t, all, w.records...)
	shuffled := slices.Clone(w.records)
	w.random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	other := registerWith(t, all, shuffled...)
	stranger := withVIN("ZFFZZZ99ZZ0123456")
	stranger.Owner, stranger.ID, stranger.Plate = "AA", "0", plate.MustParse("GB", "ZZ987ZZ")
	more := registerWith(t, all, append(slices.Clone(w.records), stranger)...)
	var seen answers
	for range fewer(400) {
		q := w.query()
		q.Limit = 1000
		all := ask(t, m, q)
		seen.count(all)

		if d := cmp.Diff(all, ask(t, other, q), comparers); d != "" {
			t.Fatalf("the order of the register's records matters:\n%s", d)
		}
		if d := cmp.Diff(found(all.Findings), found(ask(t, more, q).Findings)); d != "" {
			t.Fatalf("a record that has nothing to do with it changes what is found:\n%s", d)
		}

		turned := q
		turned.Reads = slices.Clone(q.Reads)
		slices.Reverse(turned.Reads)
		if d := cmp.Diff(verdicts(all), verdicts(ask(t, m, turned))); d != "" {
			t.Fatalf("the order of the reads matters:\n%s", d)
		}
		twice := q
		twice.Reads = slices.Concat(q.Reads, q.Reads)
		if d := cmp.Diff(verdicts(all), verdicts(ask(t, m, twice))); d != "" {
			t.Fatalf("reading the same twice matters:\n%s", d)
		}

		limited := q
		limited.Limit = 1 + w.random.IntN(3)
		if d := cmp.Diff(all.Findings[:min(len(all.Findings), limited.Limit)], ask(t, m, limited).Findings, comparers); d != "" {
			t.Fatalf("limit %d does not keep the best:\n%s", limited.Limit, d)
		}

		everything := q
		everything.Where = nil
		var passing []match.Finding
		whole := ask(t, m, everything)
		for _, f := range whole.Findings {
			if passes(w, q.Where, f.Record) {
				passing = append(passing, f)
			}
		}
		// Numbers with two errors are searched for if nothing better is found,
		// which the filter decides too.
		if d := cmp.Diff(found(passing), found(all.Findings)); d != "" && whole.Search == all.Search {
			t.Fatalf("the filter does not act like one:\n%s", d)
		}
	}
	seen.enough(t)
}

func passes(w *world, f *index.Filter, r index.Record) bool {
	switch f {
	case w.wheres[2]:
		return r.Owner == "FR"
	case w.wheres[3]:
		return r.Status == index.Stolen
	}
	return true
}

var comparers = cmp.Options{
	cmp.Comparer(func(a, b vin.VIN) bool { return a == b }),
	cmp.Comparer(func(a, b plate.Plate) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// TestRepairsOracle compares the repaired findings with a scan of the whole
// register for the numbers that vin.Repairs gives.
func TestRepairsOracle(t *testing.T) {
	w := newWorld(3, 500)
	m := registerWith(t, match.Options{Near: match.Always}, w.records...)
	found := 0
	for range 1000 {
		listed := w.vins.At(uint64(w.random.IntN(len(w.records))))
		text, _ := w.readers[w.random.IntN(len(w.readers))].Read(listed.String())
		own, _, _ := vin.Clean(text)
		want := map[string]bool{}
		if class := vin.Classify(text); class != vin.ClassPlaceholder && class != vin.ClassSeveral {
			for guess := range vin.Repairs(text) {
				for _, r := range w.records {
					if r.VIN == guess && r.VIN != own {
						want[r.ID] = true
					}
				}
			}
		}
		q := read(index.KindVIN, text)
		q.Limit = 1000
		got := map[string]bool{}
		for _, f := range ask(t, m, q).Findings {
			if f.How == match.Repaired {
				got[f.Record.ID] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%q: -want +got\n%s", text, d)
		}
		found += len(got)
	}
	if found < 150 {
		t.Errorf("only %d repaired findings", found)
	}
}
