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
type answers struct{ exact, cleaned, repaired, several int }

func (a *answers) count(r match.Result) {
	for _, f := range r.Findings {
		switch f.How {
		case match.Exact:
			a.exact++
		case match.Cleaned:
			a.cleaned++
		case match.Repaired:
			a.repaired++
		}
	}
	if len(r.Findings) > 1 {
		a.several++
	}
}

func (a *answers) enough(t *testing.T) {
	t.Helper()
	if a.exact < 20 || a.cleaned < 20 || a.repaired < 20 || a.several < 20 {
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
		s = append(s, fmt.Sprintf("%s/%s %v %v %.6f", f.Record.Owner, f.Record.ID, f.Kind, f.How, f.Probability))
	}
	return s
}

// TestScores holds every finding to what the package documentation says of
// scores, evidence and order.
func TestScores(t *testing.T) {
	w := newWorld(1, 500)
	m := register(t, w.records...)
	var seen answers
	first := map[match.How]match.EvidenceCode{
		match.Exact: match.EvidenceExact, match.Cleaned: match.EvidenceCleaned, match.Repaired: match.EvidenceRepaired,
		match.Partial: match.EvidencePartial,
	}
	for range 1500 {
		q := w.query()
		q.Limit = 1000
		r := ask(t, m, q)
		seen.count(r)
		for _, f := range r.Findings {
			bits := 0.0
			for _, e := range f.Evidence {
				bits += e.Weight
				if e.Text == "" || e.Code == "" {
					t.Fatalf("evidence says nothing: %+v", e)
				}
			}
			most := 1.0
			if f.How == match.Repaired || f.How == match.Partial {
				most = 0.95
			}
			if want := min(most, math.Exp2(bits)); math.Abs(f.Probability-want) > 1e-9 {
				t.Fatalf("score %v, the evidence adds up to %v", f.Probability, want)
			}
			if f.Probability <= 0 || f.Evidence[0].Code != first[f.How] || f.Evidence[0].Kind != f.Kind {
				t.Fatalf("%v finding of a %v has score %v and begins with %+v", f.How, f.Kind, f.Probability, f.Evidence[0])
			}
		}
		if !slices.IsSortedFunc(r.Findings, bestFirst) {
			t.Fatalf("not the best first: %v", verdicts(r))
		}
	}
	seen.enough(t)
}

// TestRelations changes a question or the register in ways that have a known
// effect on the answer.
func TestRelations(t *testing.T) {
	w := newWorld(2, 400)
	m := register(t, w.records...)
	shuffled := slices.Clone(w.records)
	w.random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	other := register(t, shuffled...)
	stranger := withVIN("ZFFZZZ99ZZ0123456")
	stranger.Owner, stranger.ID, stranger.Plate = "AA", "0", plate.MustParse("IT", "ZZ987ZZ")
	more := register(t, append(slices.Clone(w.records), stranger)...)
	var seen answers
	for range 600 {
		q := w.query()
		q.Limit = 1000
		all := ask(t, m, q)
		seen.count(all)

		if d := cmp.Diff(all, ask(t, other, q), comparers); d != "" {
			t.Fatalf("the order of the register's records matters:\n%s", d)
		}
		if d := cmp.Diff(all, ask(t, more, q), comparers); d != "" {
			t.Fatalf("a record that has nothing to do with it changes the answer:\n%s", d)
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
		for _, f := range ask(t, m, everything).Findings {
			if passes(w, q.Where, f.Record) {
				passing = append(passing, f)
			}
		}
		if d := cmp.Diff(passing, all.Findings, comparers); d != "" {
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
	m := register(t, w.records...)
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
