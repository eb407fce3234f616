package index_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// An oracle is a register in plain maps, as Build documents it.
type oracle struct {
	records   []index.Record // that count, in the order of owner and ID
	byKey     map[index.Key][]int
	conflicts []int // places in the sequence
}

type identity struct{ owner, id string }

func newOracle(given []index.Record) *oracle {
	o := &oracle{byKey: map[index.Key][]int{}}
	best := map[identity]int{}
	for i, r := range given {
		if r.ID == "" { // refused
			continue
		}
		id := identity{r.Owner, r.ID}
		if j, ok := best[id]; !ok || given[j].Version < r.Version {
			best[id] = i
		}
	}
	for i, r := range given {
		if r.ID == "" {
			continue
		}
		j := best[identity{r.Owner, r.ID}]
		if i == j {
			o.records = append(o.records, r)
		} else if r.Version == given[j].Version && !reflect.DeepEqual(r, given[j]) {
			o.conflicts = append(o.conflicts, i)
		}
	}
	slices.SortFunc(o.records, func(a, b index.Record) int {
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.ID, b.ID))
	})
	for i, r := range o.records {
		for _, k := range keysOf(r) {
			if !slices.Contains(o.byKey[k], i) {
				o.byKey[k] = append(o.byKey[k], i)
			}
		}
	}
	return o
}

// keysOf returns the keys under which a record is found.
func keysOf(r index.Record) (keys []index.Key) {
	add := func(k index.Key) {
		if !k.IsZero() {
			keys = append(keys, k)
		}
	}
	addPlate := func(p plate.Plate) {
		add(index.Plate(p))
		for alias := range p.Aliases() {
			add(index.Plate(alias))
		}
	}
	add(index.VIN(r.VIN))
	if frame := r.VIN.Decode().Frame(); frame != "" {
		k, _ := index.Number{Kind: index.KindChassis, Text: frame}.Key()
		add(k)
	}
	addPlate(r.Plate)
	for _, n := range r.Numbers {
		if n.Kind == index.KindPlate {
			if p, err := plate.Parse(n.Country, n.Text); err == nil {
				addPlate(p)
			}
			continue
		}
		k, _ := n.Key()
		add(k)
	}
	return keys
}

// A testFilter is a filter and the same as a function.
type testFilter struct {
	filter index.Filter
	fits   func(index.Record) bool
}

func randomFilter(rng *rand.Rand, depth int) testFilter {
	if depth > 0 && rng.IntN(3) > 0 {
		a, b := randomFilter(rng, depth-1), randomFilter(rng, depth-1)
		switch rng.IntN(3) {
		case 0:
			return testFilter{a.filter.And(b.filter), func(r index.Record) bool { return a.fits(r) && b.fits(r) }}
		case 1:
			return testFilter{a.filter.Or(b.filter), func(r index.Record) bool { return a.fits(r) || b.fits(r) }}
		default:
			return testFilter{a.filter.AndNot(b.filter), func(r index.Record) bool { return a.fits(r) && !b.fits(r) }}
		}
	}
	switch rng.IntN(12) {
	case 0:
		return testFilter{index.Filter{}, func(index.Record) bool { return true }}
	case 5:
		m := pick(rng, spellings)
		return testFilter{index.Make(m), func(r index.Record) bool { return spelled[r.Make] == spelled[m] }}
	case 6:
		c := pick(rng, spellings)
		return testFilter{index.Colour(c), func(r index.Record) bool { return spelled[r.Colour] == spelled[c] }}
	case 7:
		t := pick(rng, append(tags, "VIOLENT", "unheard of"))
		return testFilter{index.Tag(t), func(r index.Record) bool {
			return slices.ContainsFunc(r.Tags, func(tag string) bool { return strings.EqualFold(tag, t) })
		}}
	case 8, 9:
		from, to := 1980+rng.IntN(60), 1980+rng.IntN(60)
		if rng.IntN(5) == 0 {
			from = -rng.IntN(2)
		}
		return testFilter{index.ModelYears(from, to), func(r index.Record) bool {
			return r.ModelYear != 0 && from <= r.ModelYear && r.ModelYear <= to
		}}
	case 10, 11:
		from, to := randomTime(rng), randomTime(rng)
		return testFilter{index.StolenBetween(from, to), func(r index.Record) bool {
			day := dateOf(r.Stolen)
			return !r.Stolen.IsZero() && (from.IsZero() || day >= dateOf(from)) && (to.IsZero() || day <= dateOf(to))
		}}
	case 1, 2:
		o := pick(rng, append(owners, "nobody"))
		return testFilter{index.Owner(o), func(r index.Record) bool { return r.Owner == o }}
	case 3, 4:
		t := index.Type(rng.IntN(18))
		return testFilter{index.OfType(t), func(r index.Record) bool { return r.Type == t }}
	default:
		s := index.Status(rng.IntN(7))
		return testFilter{index.HasStatus(s), func(r index.Record) bool { return r.Status == s }}
	}
}

// randomTime returns a time of day on a day on which a record of randomRecord may
// be stolen, or near it, or no time.
func randomTime(rng *rand.Rand) time.Time {
	if rng.IntN(4) == 0 {
		return time.Time{}
	}
	return time.Date(1999+rng.IntN(32), time.Month(rng.IntN(14)), rng.IntN(40), rng.IntN(24), 59, 59, 999, time.UTC)
}

// dateOf returns a number for a date, which rises with the date.
func dateOf(t time.Time) int {
	y, m, d := t.UTC().Date()
	return 10_000*y + 100*int(m) + d
}

// spelled says which spellings are of one name.
var spelled = map[string]string{
	"Peugeot": "peugeot", "PEUGEOT": "peugeot", "Peu-geot.": "peugeot",
	"VW": "vw", "Volkswagen": "volkswagen", "三菱": "三菱", "": "", "-": "",
	"Citroën": "citroen", "CITROEN": "citroen", "red": "red", "Red ": "red", "grey": "grey",
}

var (
	spellings = slices.Sorted(maps.Keys(spelled))
	tags      = []string{"violent", "", "a;b", "ports", "Ports"}
)

var owners = []string{"FR", "DE", "IT", "fr", "EUROPOL", "X9", "Insurers00000016"}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// randomRecord draws from small sets, so that owners share VINs, records share
// plates, versions clash and filters find something.
func randomRecord(rng *rand.Rand) index.Record {
	r := index.Record{
		Owner:   pick(rng, owners),
		ID:      fmt.Sprintf("2026-%d", rng.IntN(300)),
		Version: rng.Uint64N(4),
		Type:    index.Type(rng.IntN(16)),
		Status:  index.Status(rng.IntN(6)),
	}
	if rng.IntN(20) == 0 {
		r.ID += strings.Repeat("x", rng.IntN(200))
	}
	if rng.IntN(4) > 0 {
		r.VIN = randomVIN(rng)
	}
	if rng.IntN(2) == 0 {
		r.Plate = randomPlate(rng)
	}
	for rng.IntN(3) == 0 {
		r.Numbers = append(r.Numbers, randomNumber(rng))
	}
	if rng.IntN(2) == 0 {
		r.Make, r.ModelYear, r.Colour = pick(rng, spellings), 1990+rng.IntN(40), pick(rng, spellings)
		r.Stolen = time.Date(2000+rng.IntN(30), 5, rng.IntN(40), 0, 0, 0, 0, time.UTC)
	}
	for rng.IntN(3) == 0 {
		r.Tags = append(r.Tags, pick(rng, tags))
	}
	return r
}

func randomVIN(rng *rand.Rand) vin.VIN {
	switch rng.IntN(8) {
	case 0: // an import from Japan
		return vin.MustParse(fmt.Sprintf("7A8CH0JR0%08d", rng.IntN(10)))
	case 1:
		return vin.MustParse(fmt.Sprintf("6U9000AE86%07d", 5001230+rng.IntN(5)))
	case 2:
		return vin.MustParse(fmt.Sprintf("%03d00000000000000", rng.IntN(200)))
	default:
		return vin.MustParse(fmt.Sprintf("1HGCM82633A%06d", rng.IntN(100)))
	}
}

func randomPlate(rng *rand.Rand) plate.Plate {
	p := pick(rng, []struct{ country, text string }{
		{"GB", "AB12 CD%d"},
		{"", "AB12 CD%d"},
		{"DE", "TÜ-AB %d"},
		{"DE", "TUE-AB %d"},
		{"CN", "京A1234%d"},
		{"", "京A1234%d"},
		{"RS", "НС 12%d"},
		{"", "НС 12%d ШЖ"},
		{"IN", "MH1AB%d"},
		{"TN", "123 تونس 45%d"},
		{"JP", "品川 500 さ 12-3%d"},
		{"SA", "ح ن ط 765%d"},
		{"AR", "ABCDEFGHIJKLMNOPQ%d"},
	})
	return plate.MustParse(p.country, fmt.Sprintf(p.text, rng.IntN(10)))
}

func randomNumber(rng *rand.Rand) index.Number {
	kind := index.KindVIN + index.Kind(rng.IntN(8))
	switch kind {
	case index.KindVIN:
		return index.Number{Kind: kind, Text: strings.ToLower(randomVIN(rng).String())}
	case index.KindPlate:
		p := randomPlate(rng)
		return index.Number{Kind: kind, Country: p.Country(), Text: p.Text()}
	case index.KindDocument:
		return index.Number{Kind: kind, Country: pick(rng, []string{"", "FR", "fra", "D"}), Text: fmt.Sprintf("no %d", rng.IntN(9))}
	case index.KindChassis:
		return index.Number{Kind: kind, Text: pick(rng, []string{"AE86-500123%d", "ＡＥ８６ 500123%d", "Б%d", "SN-" + strings.Repeat("7", 30) + "%d"})}
	}
	return index.Number{Kind: kind, Country: "kept as it is", Text: fmt.Sprintf("b16-a%d", rng.IntN(9))}
}

// sequence yields records as Build takes them.
func sequence(records []index.Record) iter.Seq2[index.Record, error] {
	return func(yield func(index.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func mustBuild(t testing.TB, o index.Options, records []index.Record) *index.Index {
	t.Helper()
	x, err := index.Build(context.Background(), o, sequence(records))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// checkView asks a View everything that the oracle knows.
func checkView(t *testing.T, rng *rand.Rand, v *index.View, o *oracle) {
	t.Helper()
	if v.Len() != len(o.records) {
		t.Fatalf("%d records, want %d", v.Len(), len(o.records))
	}
	// Rows stand in the order of VIN, owner and ID, those without VIN last.
	want := slices.Clone(o.records)
	slices.SortStableFunc(want, func(a, b index.Record) int {
		if a.VIN.IsValid() != b.VIN.IsValid() {
			return cmp.Compare(btoi(b.VIN.IsValid()), btoi(a.VIN.IsValid()))
		}
		return a.VIN.Compare(b.VIN)
	})
	for i, r := range want {
		if got := v.Record(index.Row(i)); !reflect.DeepEqual(r, got) {
			t.Fatalf("row %d (-want +got):\n%s", i, gocmp.Diff(r, got, byValue))
		}
	}
	countries := map[string]bool{}
	for _, r := range o.records {
		countries[r.Plate.Country()] = true
		for _, n := range r.Numbers {
			if p, err := plate.Parse(n.Country, n.Text); err == nil && n.Kind == index.KindPlate {
				countries[p.Country()] = true
			}
		}
	}
	delete(countries, "")
	var wantCountries []string
	for c := range countries {
		wantCountries = append(wantCountries, c)
	}
	slices.Sort(wantCountries)
	if diff := gocmp.Diff(wantCountries, slices.Collect(v.PlateCountries())); diff != "" {
		t.Fatalf("plate countries (-want +got):\n%s", diff)
	}

	keys := []index.Key{{}}
	for k := range o.byKey {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, index.Key.Compare)
	for range len(keys) {
		r := randomRecord(rng)
		keys = append(keys, keysOf(r)...)
	}
	rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })

	for range 8 {
		f := randomFilter(rng, 3)
		s := v.Select(f.filter)
		fits := 0
		for i, r := range want {
			if f.fits(r) != s.Contains(index.Row(i)) {
				t.Fatalf("Contains(%d) = %t", i, s.Contains(index.Row(i)))
			}
			fits += btoi(f.fits(r))
		}
		if s.Count() != fits || v.Count(f.filter) != fits {
			t.Fatalf("%d records selected, %d counted, want %d", s.Count(), v.Count(f.filter), fits)
		}
		checkKeys(t, rng, v, o, keys, s, f.fits)
	}
	checkKeys(t, rng, v, o, keys, nil, func(index.Record) bool { return true })
	for range 20 {
		k := pick(rng, keys)
		row, ok := v.Lookup(k)
		if ok != (len(o.byKey[k]) > 0) || ok != (row != index.NoRow) {
			t.Fatalf("Lookup(%v) = %d, %t", k, row, ok)
		}
		if ok && !reflect.DeepEqual(v.Record(row), o.records[o.byKey[k][0]]) {
			t.Fatalf("Lookup(%v) does not return the first record", k)
		}
	}
}

// checkKeys compares batch lookups and rows of keys with the oracle's.
func checkKeys(t *testing.T, rng *rand.Rand, v *index.View, o *oracle, keys []index.Key, s *index.Selection, fits func(index.Record) bool) {
	t.Helper()
	keys = keys[:rng.IntN(len(keys))+1]
	dst := make([]index.Row, len(keys))
	hits := v.LookupBatchWhere(dst, keys, s)
	if s == nil && rng.IntN(2) == 0 {
		hits = v.LookupBatch(dst, keys)
	}
	for i, k := range keys {
		var want []index.Record
		for _, j := range o.byKey[k] {
			if fits(o.records[j]) {
				want = append(want, o.records[j])
			}
		}
		var got []index.Record
		for row := range v.RowsWhere(k, s) {
			if len(got) == 0 && dst[i] != row {
				t.Fatalf("%v: batch finds row %d, want %d", k, dst[i], row)
			}
			got = append(got, v.Record(row))
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("rows of %v (-want +got):\n%s", k, gocmp.Diff(want, got, byValue))
		}
		if len(want) > 0 {
			hits--
		} else if dst[i] != index.NoRow {
			t.Fatalf("%v: batch finds row %d, want none", k, dst[i])
		}
	}
	if hits != 0 {
		t.Fatalf("the batch counts %d hits too many", hits)
	}
}

// byValue compares what has no exported fields by ==.
var byValue = cmpopts.EquateComparable(vin.VIN{}, plate.Plate{}, index.Key{})

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestAgainstOracle(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		given := make([]index.Record, rng.IntN(1+[]int{3, 100, 2000}[rng.IntN(3)]))
		for i := range given {
			given[i] = randomRecord(rng)
			if i > 0 && rng.IntN(10) == 0 {
				given[i] = given[rng.IntN(i)] // the same again, which is no conflict
			}
			if rng.IntN(30) == 0 {
				given[i].ID = ""
			}
		}
		var conflicts []int
		without := 0
		o := newOracle(given)
		x := mustBuild(t, index.Options{
			Workers: rng.IntN(5),
			Seed:    rng.Uint64N(3),
			OnRefused: func(r *index.Refusal) {
				if errors.Is(r, index.BadID) && given[r.Record].ID == "" {
					without++
					return
				}
				if !errors.Is(r, index.VersionConflict) || r.Number != -1 ||
					r.Owner != given[r.Record].Owner || r.ID != given[r.Record].ID {
					t.Errorf("refused: %v (%q of %q)", r, r.ID, r.Owner)
				}
				conflicts = append(conflicts, r.Record)
			},
		}, given)
		if diff := gocmp.Diff(o.conflicts, conflicts); diff != "" {
			t.Fatalf("version conflicts (-want +got):\n%s", diff)
		}
		st := x.Stats()
		if st.Records+st.Superseded+st.Refused != len(given) || st.Refused != len(conflicts)+without || st.Records != len(o.records) {
			t.Errorf("%d given: statistics %+v", len(given), st)
		}
		checkView(t, rng, x.View(), o)
	}
}
