package index_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A searched is a View and all that it holds, to be filtered one by one.
type searched struct {
	view    *index.View
	built   index.Row // rows from here on are changes
	listed  []searchedRecord
	filters []testFilter
	selects []*index.Selection
}

type searchedRecord struct {
	row     index.Row
	record  index.Record
	vins    []vin.VIN
	plates  []plate.Plate
	numbers []index.Number // of other kinds, their texts canonical
}

func newSearched(t *testing.T, rng *rand.Rand, n int) *searched {
	given := make([]index.Record, n)
	vins := searchVINs(rng, n)
	for i := range given {
		given[i] = randomRecord(rng)
		given[i].ID = fmt.Sprint("2026-", i)
		given[i].VIN = vin.VIN{}
		if rng.IntN(10) > 0 {
			given[i].VIN = pick(rng, vins)
		}
		for j, number := range given[i].Numbers {
			if number.Kind == index.KindVIN && rng.IntN(2) == 0 {
				given[i].Numbers[j].Text = pick(rng, vins).String()
			}
		}
	}
	x := mustBuild(t, index.Options{CompactAfter: 1 << 30}, given)
	s := &searched{built: index.Row(x.View().Len())}
	for range rng.IntN(4) {
		var changes []index.Change
		for range rng.IntN(1 + n) {
			r := pick(rng, given)
			c := index.Change{By: r.Owner, Op: index.Put, Record: randomRecord(rng)}
			c.Record.Owner, c.Record.ID, c.Record.Version = r.Owner, r.ID, 10+rng.Uint64N(100)
			if rng.IntN(3) == 0 {
				c.Op = index.Withdraw
			}
			if rng.IntN(3) == 0 {
				c.Record.ID += "-new"
			}
			if c.Record.VIN.IsValid() {
				c.Record.VIN = pick(rng, vins)
			}
			changes = append(changes, c)
		}
		if _, err := x.Apply(index.Position{}, changes); err != nil {
			t.Fatal(err)
		}
	}
	s.view = x.View()
	for row := range s.view.All() {
		s.listed = append(s.listed, searchedRecordOf(row, s.view.Record(row)))
	}
	s.filters, s.selects = []testFilter{{fits: func(index.Record) bool { return true }}}, []*index.Selection{nil}
	for range 5 {
		f := randomFilter(rng, 2)
		s.filters, s.selects = append(s.filters, f), append(s.selects, s.view.Select(f.filter))
	}
	return s
}

// searchVINs are VINs of which some share heads and some share tails.
func searchVINs(rng *rand.Rand, n int) []vin.VIN {
	world := vintest.NewPopulation(rng.Uint64(), vintest.DefaultMix).Shuffled(1 << 20)
	all := make([]vin.VIN, n+1)
	dense := rng.IntN(2) == 0
	for i := range all {
		b := world.At(uint64(i)).Bytes()
		if i > 8 && dense {
			b = all[rng.IntN(8)].Bytes()
		}
		if i > 0 && rng.IntN(3) == 0 {
			other := pick(rng, all[:i]).Bytes()
			copy(b[11+rng.IntN(6):], other[11+rng.IntN(6):])
		}
		for dense && rng.IntN(2) == 0 {
			b[16-rng.IntN(6)] = '0' + byte(rng.IntN(10))
		}
		all[i], _ = vin.FromBytes(b)
	}
	return append(all, randomVIN(rng))
}

func searchedRecordOf(row index.Row, r index.Record) searchedRecord {
	s := searchedRecord{row: row, record: r}
	addPlate := func(p plate.Plate) {
		if p.IsValid() {
			s.plates = append(append(s.plates, p), slices.Collect(p.Aliases())...)
		}
	}
	addNumber := func(n index.Number) {
		n.Text = strings.Map(func(r rune) rune {
			if r < 0x80 && !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", r) {
				return -1
			}
			return index.CanonicalRune([]rune(strings.ToUpper(string(r)))[0])
		}, n.Text)
		n.Country, _ = plate.ParseCountry(n.Country)
		s.numbers = append(s.numbers, n)
	}
	if r.VIN.IsValid() {
		s.vins = append(s.vins, r.VIN)
		if frame := r.VIN.Decode().Frame(); frame != "" {
			addNumber(index.Number{Kind: index.KindChassis, Text: frame})
		}
	}
	addPlate(r.Plate)
	for _, n := range r.Numbers {
		switch n.Kind {
		case index.KindVIN:
			s.vins = append(s.vins, vin.MustParse(n.Text))
		case index.KindPlate:
			addPlate(plate.MustParse(n.Country, n.Text))
		default:
			addNumber(n)
		}
	}
	return s
}

// filter returns the rows of the records that fit.
func (s *searched) filter(fits func(*searchedRecord) bool) (rows []index.Row) {
	for i := range s.listed {
		if fits(&s.listed[i]) {
			rows = append(rows, s.listed[i].row)
		}
	}
	return rows
}

// check compares what a search found with all that fits.
func (s *searched) check(t *testing.T, what fmt.Stringer, want, got []index.Row, truncated bool, limit int) {
	t.Helper()
	if limit <= 0 {
		limit = index.DefaultLimit
	}
	if !slices.Equal(want[:min(limit, len(want))], got) || truncated != (len(want) > limit) {
		t.Fatalf("%v, limit %d: rows %d, truncated %t; %d want rows %d", what, limit, got, truncated, len(want), want)
	}
}

// randomPattern is what may be known of a VIN, or of another one.
func randomPattern(rng *rand.Rand, v vin.VIN) vin.Pattern {
	for {
		var places []string
		known := rng.IntN(8)
		for _, c := range v.Bytes() {
			own := string(c)
			switch n := rng.IntN(10); {
			case n < known:
				places = append(places, own)
			case n == 9:
				places = append(places, "["+own+"8B0OD"[:2+rng.IntN(4)]+"]")
			case n == 8 && rng.IntN(20) == 0:
				places = append(places, string("0123456789ABCDEFGHJKLMNPRSTUVWXYZ"[rng.IntN(33)]))
			default:
				places = append(places, "?")
			}
		}
		b := v.Bytes()
		for range rng.IntN(3) { // runs that are known
			from := rng.IntN(len(places))
			for i := from; i < min(len(places), from+1+rng.IntN(8)); i++ {
				places[i] = string(b[i])
			}
		}
		for range rng.IntN(4) { // runs that are not known, nor how long they are
			from := rng.IntN(len(places) + 1)
			to := from + rng.IntN(len(places)-from+1)
			places = slices.Concat(places[:from], []string{"*"}, places[to:])
		}
		if p, err := vin.ParsePattern(strings.Join(places, "")); err == nil {
			return p
		}
	}
}

var allPaths = []index.Path{index.PathPrefix, index.PathHeads, index.PathSerials, index.PathOffsets, index.PathScan}

// TestSearchIsALinearFilter is the promise of every search: what it finds is
// what looking at each record finds.
func TestSearchIsALinearFilter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	ctx := context.Background()
	taken := map[index.Path]int{}
	for range 20 {
		for _, size := range []struct{ records, patterns int }{{rng.IntN(30), 2800}, {150, 2000}, {1500, 200}} {
			s := newSearched(t, rng, size.records)
			vins := []vin.VIN{randomVIN(rng)}
			for _, l := range s.listed {
				vins = append(vins, l.vins...)
			}
			if raceEnabled {
				size.patterns /= 20
			}
			for range size.patterns {
				p := randomPattern(rng, pick(rng, vins))
				f := rng.IntN(len(s.filters))
				limit := pick(rng, []int{-1, 0, 1, 2, 3, 7, 50, 1000})
				want := s.filter(func(r *searchedRecord) bool {
					return slices.ContainsFunc(r.vins, p.Match) && s.filters[f].fits(r.record)
				})
				res, err := s.view.Search(ctx, p, s.selects[f], limit)
				if err != nil {
					t.Fatal(err)
				}
				s.check(t, p, want, res.Rows, res.Truncated, limit)
				taken[res.Plan.Path]++

				if _, known := p.VIN(); known {
					continue
				}
				path := pick(rng, allPaths)
				if rows, truncated, ok := s.view.SearchBy(path, p, s.selects[f], limit); ok {
					s.check(t, p, want, rows, truncated, limit)
				}
			}
		}
	}
	t.Log(taken)
	for _, path := range allPaths {
		if taken[path] == 0 {
			t.Errorf("no search took the path %v", path)
		}
	}
}

// randomText makes a pattern of a text: some characters unknown, runs left out.
func randomText(rng *rand.Rand, text string, wild ...string) string {
	var b strings.Builder
	known := rng.IntN(10)
	for _, r := range text {
		if rng.IntN(10) < known {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.ReplaceAll(pick(rng, wild), "x", string(r)))
		}
	}
	runes := []rune(b.String())
	for range rng.IntN(3) {
		if strings.ContainsAny(string(runes), "[]") {
			break
		}
		from := rng.IntN(len(runes) + 1)
		to := from + rng.IntN(len(runes)-from+1)
		runes = slices.Concat(runes[:from], []rune{'*'}, runes[to:])
	}
	return string(runes)
}

// inKeyOrder returns the rows of the records that have keys which fit: those of
// the segment in the order of their first key that fits, then the others.
func (s *searched) inKeyOrder(keysOf func(*searchedRecord) []index.Key) (rows []index.Row) {
	type found struct {
		key index.Key
		r   *searchedRecord
	}
	var all []found
	for i := range s.listed {
		if keys := keysOf(&s.listed[i]); len(keys) > 0 {
			all = append(all, found{slices.MinFunc(keys, index.Key.Compare), &s.listed[i]})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		if a.r.row >= s.built || b.r.row >= s.built {
			return cmp.Compare(a.r.row, b.r.row)
		}
		return cmp.Or(a.key.Compare(b.key), strings.Compare(a.r.record.Owner, b.r.record.Owner), strings.Compare(a.r.record.ID, b.r.record.ID))
	})
	for _, f := range all {
		rows = append(rows, f.r.row)
	}
	return rows
}

func TestSearchPlatesIsALinearFilter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	ctx := context.Background()
	taken := map[index.Path]int{}
	for range 30 {
		s := newSearched(t, rng, rng.IntN(200))
		for range 700 {
			about := randomPlate(rng)
			country := pick(rng, []string{about.Country(), about.Country(), "", "FR", "DE"})
			p, err := plate.ParsePattern(country, randomText(rng, about.Text(), "?", "?", "#", "[x]", "[x7]"))
			if err != nil {
				continue
			}
			f := rng.IntN(len(s.filters))
			limit := pick(rng, []int{-1, 0, 1, 2, 3, 7, 1000})
			want := s.inKeyOrder(func(r *searchedRecord) (keys []index.Key) {
				for _, own := range r.plates {
					if p.Match(own) && s.filters[f].fits(r.record) {
						keys = append(keys, index.Plate(own))
					}
				}
				return keys
			})
			res, err := s.view.SearchPlates(ctx, p, s.selects[f], limit)
			if err != nil {
				t.Fatal(err)
			}
			s.check(t, p, want, res.Rows, res.Truncated, limit)
			taken[res.Plan.Path]++
		}
	}
	t.Log(taken)
}

func TestSearchNumbersIsALinearFilter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	ctx := context.Background()
	for range 30 {
		s := newSearched(t, rng, rng.IntN(200))
		for range 500 {
			like := randomNumber(rng)
			if like.Kind <= index.KindPlate {
				continue
			}
			if like.Kind == index.KindDocument && rng.IntN(2) == 0 {
				like.Country = ""
			}
			country, _ := plate.ParseCountry(like.Country)
			like.Text = randomText(rng, like.Text, "?")
			var text strings.Builder
			for _, r := range like.Text {
				switch {
				case r == '?' || r == '*':
					text.WriteString(map[rune]string{'?': ".", '*': ".*"}[r])
				case r >= 0x80 || strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", []rune(strings.ToUpper(string(r)))[0]):
					text.WriteRune(index.CanonicalRune([]rune(strings.ToUpper(string(r)))[0]))
				}
			}
			if text.Len() == 0 {
				continue
			}
			match := regexp.MustCompile("^" + text.String() + "$")
			f := rng.IntN(len(s.filters))
			limit := pick(rng, []int{0, 1, 2, 1000})
			want := s.inKeyOrder(func(r *searchedRecord) (keys []index.Key) {
				for _, n := range r.numbers {
					if n.Kind == like.Kind && (country == "" || !like.Kind.HasCountry() || n.Country == country) &&
						match.MatchString(n.Text) && s.filters[f].fits(r.record) {
						k, err := n.Key()
						if err != nil || !n.Fits(like) {
							t.Fatalf("%v, fits: %t", err, n.Fits(like))
						}
						keys = append(keys, k)
					}
				}
				return keys
			})
			res, err := s.view.SearchNumbers(ctx, like, s.selects[f], limit)
			if err != nil {
				t.Fatalf("%v: %v", like, err)
			}
			s.check(t, match, want, res.Rows, res.Truncated, limit)
		}
	}
}

// Several records may have a number that fills its key, of which all is known and
// yet a star behind it, or not the country.
func TestSearchNumbersThatFillTheKey(t *testing.T) {
	numbers := []index.Number{
		{Kind: index.KindEngine, Text: "ABCDEFGH1234567890"},
		{Kind: index.KindChassis, Text: "ΑΒΓΔΕΖΗΘΙΚΛΜΝ"},
		{Kind: index.KindDocument, Country: "FR", Text: "ABCDEFG1234567890"},
		{Kind: index.KindPlate, Text: "ABCDEFG1234567890"},
	}
	given := make([]index.Record, 300) // so many that changes are sorted for a search
	for i := range given {
		given[i] = index.Record{Owner: "FR", ID: fmt.Sprint(i), Numbers: numbers[i%2 : i%2+1]}
		if i < 2 {
			given[i].Numbers = numbers
		}
	}
	changed := byHand(t)
	mustApply(t, changed, puts(given)...)
	for why, x := range map[string]*index.Index{"built": byHand(t, given...), "changed": changed} {
		for i, n := range numbers {
			want := 2
			if i < 2 {
				want = len(given)/2 + 1
			}
			for _, text := range []string{n.Text, n.Text + "*"} {
				like := index.Number{Kind: n.Kind, Text: text} // of any country
				r, err := x.View().SearchNumbers(t.Context(), like, nil, 1000)
				if err != nil || len(r.Rows) != want {
					t.Errorf("%s: %d of %v %s, %v; want %d", why, len(r.Rows), n.Kind, text, err, want)
				}
			}
		}
	}
}

var errEnough = errors.New("enough")

// denseVINs returns n records of few heads.
func denseRecords(n int) []index.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	given := make([]index.Record, n)
	heads := searchVINs(rng, 30)
	for i := range given {
		b := pick(rng, heads).Bytes()
		copy(b[11:], fmt.Sprintf("%06d", i))
		given[i] = index.Record{Owner: "FR", ID: fmt.Sprint(i), Type: index.Type(i % 2)}
		given[i].VIN, _ = vin.FromBytes(b)
		given[i].Plate = plate.MustParse("FR", fmt.Sprintf("AB-%03d-CD", i%1000))
		given[i].Numbers = []index.Number{{Kind: index.KindEngine, Text: fmt.Sprintf("ENG%06d", i)}}
	}
	return given
}

// A denseRegister is one of denseRecords.
type denseRegister struct {
	records []index.Record
	view    *index.View
}

var dense = sync.OnceValue(func() (d denseRegister) {
	d.records = denseRecords(100_000)
	x, err := index.Build(context.Background(), index.Options{}, sequence(d.records))
	if err != nil {
		panic(err)
	}
	d.view = x.View()
	return d
})

// searchAsScan checks that a search finds what a scan does, and returns its path.
func (d *denseRegister) searchAsScan(t *testing.T, p vin.Pattern, s *index.Selection, limit int) index.Path {
	t.Helper()
	want, more, _ := d.view.SearchBy(index.PathScan, p, s, limit)
	got, err := d.view.Search(context.Background(), p, s, limit)
	if err != nil || !slices.Equal(got.Rows, want) || got.Truncated != more {
		t.Fatalf("%v, limit %d: rows %d, %t, %v; want %d, %t", p, limit, got.Rows, got.Truncated, err, want, more)
	}
	return got.Plan.Path
}

func mustPattern(t testing.TB, s string) vin.Pattern {
	t.Helper()
	p, err := vin.ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is known of both ends of a number is found in the serial directory, where
// few VINs end so, and else in other ways: the same as by looking at all of them.
func TestSearchByKnownEnds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	d := dense()
	selections := []*index.Selection{nil, d.view.Select(index.OfType(index.Car))}
	taken := map[index.Path]int{}
	searches := 400
	if raceEnabled {
		searches = 40
	}
	for range searches {
		text := pick(rng, d.records).VIN.String()
		first, last := rng.IntN(10), 1+rng.IntN(7)
		text = text[:first] + "*" + text[vin.Len-last:]
		p, s, limit := mustPattern(t, text), pick(rng, selections), pick(rng, []int{0, 1, 5, 1000})
		taken[d.searchAsScan(t, p, s, limit)]++
	}
	t.Log(taken)
	if taken[index.PathSerials] < searches/4 {
		t.Errorf("paths taken: %v", taken)
	}
}

// Where the first entries show that the limit is reached sooner in order than as was
// planned, and where they do not, a search finds the same.
func TestSearchSamples(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	d := dense()
	selections := []*index.Selection{nil, d.view.Select(index.OfType(index.Car))}
	taken := map[index.Path]int{}
	searches := 400
	if raceEnabled {
		searches = 40
	}
	for range searches {
		text := []byte("*")
		for range 3 + rng.IntN(3) { // several digits may stand at each of the last places
			digits := rng.Perm(10)[:1+rng.IntN(6)]
			text = append(text, '[')
			for _, n := range digits {
				text = append(text, '0'+byte(n))
			}
			text = append(text, ']')
		}
		if rng.IntN(3) == 0 {
			text = append([]byte(pick(rng, d.records).VIN.String()[:1+rng.IntN(3)]), text...)
		}
		p, s, limit := mustPattern(t, string(text)), pick(rng, selections), 1+rng.IntN(1<<rng.IntN(12))
		taken[d.searchAsScan(t, p, s, limit)]++
	}
	t.Log(taken)
	if taken[index.PathSerials] == 0 || taken[index.PathScan] == 0 {
		t.Errorf("paths taken: %v", taken)
	}
}

func TestSearchEndsWithItsContext(t *testing.T) {
	v := dense().view
	p := mustPattern(t, "*00000*")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(errEnough)
	if r, err := v.Search(ended, p, nil, 0); !errors.Is(err, errEnough) || len(r.Rows) > 0 {
		t.Errorf("a search after the end: %v, %v", r, err)
	}
	ff, err := plate.ParsePattern("", "*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.SearchPlates(ended, ff, nil, 0); !errors.Is(err, errEnough) {
		t.Errorf("a search for plates after the end: %v", err)
	}
	if _, err := v.SearchNumbers(ended, index.Number{Kind: index.KindEngine, Text: "*9"}, nil, 0); !errors.Is(err, errEnough) {
		t.Errorf("a search for numbers after the end: %v", err)
	}

	// Ends while it is under way.
	for looks := 1; looks < 10; looks++ {
		ctx := &countdown{Context: context.Background(), left: looks}
		rows, truncated, err := v.AppendSearch(ctx, nil, mustPattern(t, "*9*8*7*6*5*4*3*"), nil, 0)
		if !errors.Is(err, context.Canceled) || !truncated || ctx.left < -2 {
			t.Errorf("after %d looks: %d rows, truncated %t, %v, %d looks too many", looks, len(rows), truncated, err, -ctx.left)
		}
	}
}

// A search for what many changes have looks at its context, and keeps no more than
// it returns: what came first.
func TestSearchAmongManyChanges(t *testing.T) {
	const n, limit = 20_000, 10
	x := byHand(t)
	given := make([]index.Record, n)
	for i := range given {
		given[i] = index.Record{Owner: "FR", ID: fmt.Sprint(n - i), Numbers: []index.Number{{Kind: index.KindEngine, Text: "UNKNOWN"}}}
	}
	mustApply(t, x, puts(given)...)
	v := x.View()
	for _, text := range []string{"UNKNOWN", "UNKNOWN*"} {
		like := index.Number{Kind: index.KindEngine, Text: text}
		search := func(ctx context.Context) (index.Result, error) { return v.SearchNumbers(ctx, like, nil, limit) }
		r, err := search(t.Context()) // sorts
		if err != nil || !slices.Equal(r.Rows, []index.Row{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || !r.Truncated {
			t.Errorf("%s: rows %d, %v", text, r.Rows, err)
		}
		if r, err := search(&countdown{Context: t.Context(), left: 3}); !errors.Is(err, context.Canceled) || !r.Truncated {
			t.Errorf("%s: %d rows and %v after its context ended", text, len(r.Rows), err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = search(t.Context())
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 2*n {
			t.Errorf("%s takes %d bytes to find %d of %d", text, took, limit, n)
		}
	}
}

// A search that sorts many changes, or reads many records, ends with its context, and
// what it sorted by then remains.
func TestLongStepsEndWithTheContext(t *testing.T) {
	given := denseRecords(50_000)
	x := byHand(t)
	mustApply(t, x, puts(given)...)
	v := x.View()
	p := mustPattern(t, "*"+given[43210].VIN.String()[11:])
	last := 0
	for {
		r, err := v.Search(&countdown{Context: t.Context(), left: 3}, p, nil, 0)
		held := v.Sorted()
		if err == nil {
			if !slices.Equal(r.Rows, []index.Row{43210}) {
				t.Errorf("rows %d", r.Rows)
			}
			break
		}
		if !errors.Is(err, context.Canceled) || held <= last {
			t.Fatalf("%v, %d entries sorted after %d", err, held, last)
		}
		last = held
	}
	if last == 0 {
		t.Error("all was sorted at once")
	}

	for i := range given[:4] {
		for j := range 50 {
			given[i].Numbers = append(given[i].Numbers, index.Number{Kind: index.KindPart, Text: fmt.Sprint(strings.Repeat("A", 30), i, "X", j)})
		}
	}
	changed := byHand(t)
	mustApply(t, changed, puts(given[:4])...)
	for why, x := range map[string]*index.Index{"built": byHand(t, given[:4]...), "changed": changed} {
		like := index.Number{Kind: index.KindPart, Text: "*ZZ*"}
		if _, err := x.View().SearchNumbers(&countdown{Context: t.Context(), left: 100}, like, nil, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, numbers whose keys are hashes: %v", why, err)
		}
	}
}

// A countdown is a context that ends after it was looked at some times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestBroadSearchesStop(t *testing.T) {
	v := dense().view
	for _, tc := range []struct {
		pattern string
		path    index.Path
		visited int // at most
	}{
		{"*", index.PathScan, 101},
		{"????????????????[0-9]", index.PathScan, 101},
		{"*7", index.PathScan, 5000},
		{"*[0-9]*", index.PathScan, 5000},
	} {
		r, err := v.Search(context.Background(), mustPattern(t, tc.pattern), nil, 0)
		if err != nil || len(r.Rows) != index.DefaultLimit || !r.Truncated || r.Plan.Path != tc.path || r.Plan.Visited > tc.visited {
			t.Errorf("%s: %d rows, truncated %t, %v, %v; want %v and at most %d", tc.pattern, len(r.Rows), r.Truncated, r.Plan, err, tc.path, tc.visited)
		}
	}
	p, err := plate.ParsePattern("FR", "A*")
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.SearchPlates(context.Background(), p, nil, 10)
	if err != nil || len(r.Rows) != 10 || !r.Truncated || r.Plan.Path != index.PathPrefix || r.Plan.Visited > 11 || r.Plan.Expected != 100_000 {
		t.Errorf("plates: %d rows, truncated %t, %v, %v", len(r.Rows), r.Truncated, r.Plan, err)
	}
	r, err = v.SearchNumbers(context.Background(), index.Number{Kind: index.KindEngine, Text: "*9?"}, nil, 5)
	if err != nil || len(r.Rows) != 5 || !r.Truncated || r.Plan.Path != index.PathScan || r.Plan.Visited > 1000 {
		t.Errorf("engines: %d rows, truncated %t, %v, %v", len(r.Rows), r.Truncated, r.Plan, err)
	}
}

// A search for a whole VIN that many records have stops at its limit, and finds the
// lowest rows of all: those of records that have the VIN besides their own, too.
func TestExactSearchStops(t *testing.T) {
	many, first := vin.MustParse("WVWZZZ1JZXW000001"), vin.MustParse("1HGCM82633A004352")
	var given []index.Record
	for i := range 10_000 {
		given = append(given, index.Record{Owner: "FR", ID: fmt.Sprint(i), VIN: many})
	}
	second := []index.Number{{Kind: index.KindVIN, Text: many.String()}}
	given = append(given, index.Record{Owner: "XX", ID: "1", VIN: first, Numbers: second}, index.Record{Owner: "XX", ID: "2", Numbers: second})
	x := byHand(t, given...)
	mustApply(t, x, put(index.Record{Owner: "AA", ID: "1", VIN: many}), withdraw("FR", "0", 1))
	v := x.View()
	var want []index.Row
	for row := range v.Rows(index.VIN(many)) {
		want = append(want, row)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 10, len(want) - 1, len(want)} {
		r, err := v.Search(t.Context(), mustPattern(t, many.String()), nil, limit)
		if err != nil || !slices.Equal(r.Rows, want[:limit]) || r.Truncated != (limit < len(want)) || r.Plan.Visited > limit+5 {
			t.Errorf("limit %d: %d rows, truncated %t, %v, %v", limit, len(r.Rows), r.Truncated, r.Plan, err)
		}
	}
}

func TestPlans(t *testing.T) {
	given, v := dense().records, dense().view
	text := given[54321].VIN.String()
	for _, tc := range []struct {
		why, pattern string
		want         index.Path
	}{
		{"all is known", text, index.PathExact},
		{"a stamped serial", "*" + text[11:], index.PathSerials},
		{"one of them unreadable", "*" + text[11:13] + "?" + text[14:], index.PathSerials},
		{"maker and last four", text[:3] + "*" + text[13:], index.PathSerials},
		{"a head that few share", text[:11] + "*", index.PathPrefix},
		{"from the middle of the head", "??" + text[2:11] + "??????", index.PathHeads},
		{"no place known", "*" + text[9:14] + "*", index.PathOffsets},
		{"hardly anything known", "*" + text[16:], index.PathScan},
	} {
		r, err := v.Search(context.Background(), mustPattern(t, tc.pattern), nil, 0)
		if err != nil || r.Plan.Path != tc.want {
			t.Errorf("%s: %v, %v; want %v", tc.why, r.Plan, err, tc.want)
		}
	}
	if got, want := (index.Plan{Path: index.PathSerials, Expected: 15, Visited: 14}).String(), "serial directory: 15 expected, 14 visited"; got != want {
		t.Errorf("plan as text %q, want %q", got, want)
	}
}

func TestSearchForNothing(t *testing.T) {
	v := mustBuild(t, index.Options{}, denseRecords(100)).View()
	ctx := context.Background()
	if r, err := v.Search(ctx, vin.Pattern{}, nil, 0); err != nil || r.Rows != nil || r.Truncated || r.Plan != (index.Plan{}) {
		t.Errorf("the zero Pattern: %v, %v", r, err)
	}
	if r, err := v.SearchPlates(ctx, plate.Pattern{}, nil, 0); err != nil || r.Rows != nil || r.Truncated {
		t.Errorf("the zero Pattern of plates: %v, %v", r, err)
	}
	for _, n := range []index.Number{
		{Kind: index.KindVIN, Text: "1HG"},
		{Kind: index.KindPlate, Country: "XX", Text: "A*"},
		{Kind: index.KindEngine, Text: "--"},
		{Kind: index.KindEngine, Text: "a\xff*"},
		{Kind: index.KindEngine, Text: strings.Repeat("?", 64)},
		{Kind: index.KindEngine, Text: strings.Repeat("-", index.MaxNumber+1) + "*"},
		{Kind: index.KindDocument, Country: "XX", Text: "A*"},
		{Kind: 0, Text: "A*"},
		{Kind: 99, Text: "A*"},
	} {
		var want *index.NumberError
		if r, err := v.SearchNumbers(ctx, n, nil, 0); !errors.As(err, &want) || want.Kind != n.Kind || len(r.Rows) > 0 {
			t.Errorf("%v %.10q: %v, %v", n.Kind, n.Text, r, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("the Selection of another View is taken")
		}
	}()
	other := mustBuild(t, index.Options{}, nil).View()
	_, _ = v.Search(ctx, mustPattern(t, "*1"), other.Select(index.Filter{}), 0)
}

func TestAppendSearchAppends(t *testing.T) {
	given := denseRecords(1000)
	v := mustBuild(t, index.Options{}, given).View()
	p := mustPattern(t, "*00001?")
	dst := []index.Row{9, 9, 3}
	got, truncated, err := v.AppendSearch(context.Background(), dst, p, nil, 4)
	want, _ := v.Search(context.Background(), p, nil, 4)
	if err != nil || !truncated || !slices.Equal(got, append([]index.Row{9, 9, 3}, want.Rows...)) || len(want.Rows) != 4 {
		t.Errorf("%d, %t, %v; want %d behind 9, 9, 3", got, truncated, err, want.Rows)
	}
}

func TestAppendSearchDoesNotAllocate(t *testing.T) {
	given := denseRecords(20_000)
	x := mustBuild(t, index.Options{CompactAfter: 1 << 30}, given)
	var changes []index.Change
	for _, r := range given[:100] {
		r.Version = 5
		changes = append(changes, index.Change{By: r.Owner, Op: index.Put, Record: r})
	}
	if _, err := x.Apply(index.Position{}, changes); err != nil {
		t.Fatal(err)
	}
	v := x.View()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	text := given[14321].VIN.String()
	dst := make([]index.Row, 0, 2*index.DefaultLimit+1)
	for _, s := range []*index.Selection{nil, v.Select(index.OfType(1))} {
		for _, pattern := range []string{
			text, "*" + text[11:], "*" + text[13:], text[:3] + "*" + text[13:], text[:8] + "*", "*" + text[8:14] + "*",
			"*5*", "?????" + text[5:10] + "*", "*[12]*[34]*", "*",
		} {
			p := mustPattern(t, pattern)
			if n := testing.AllocsPerRun(10, func() { dst, _, _ = v.AppendSearch(ctx, dst[:0], p, s, 0) }); n > 0 {
				t.Errorf("%s: %v allocations", pattern, n)
			}
		}
	}
}

// TestSearchWhileChanging searches Views, new and old, while changes come.
func TestSearchWhileChanging(t *testing.T) {
	given := denseRecords(1000)
	x := mustBuild(t, index.Options{CompactAfter: 4000}, given)
	defer x.Close()
	ctx := t.Context()
	var wg sync.WaitGroup
	for reader := range 2 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(reader), 0))
			held := x.View()
			for range 60 {
				v := x.View()
				if rng.IntN(4) == 0 {
					v, held = held, v
				}
				p := randomPattern(rng, pick(rng, given).VIN)
				var want []index.Row
				for row := range v.All() {
					if p.Match(v.Record(row).VIN) {
						want = append(want, row)
					}
				}
				s := v.Select(index.Filter{})
				for _, s := range []*index.Selection{nil, s} {
					if r, err := v.Search(ctx, p, s, 1<<20); err != nil || !slices.Equal(r.Rows, want) {
						t.Errorf("%v: %d rows, want %d, %v", p, len(r.Rows), len(want), err)
						return
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for version := range 60 {
		changes := make([]index.Change, 150)
		for i := range changes {
			r := pick(rng, given)
			r.Version, r.VIN = uint64(1+version), pick(rng, given).VIN
			changes[i] = index.Change{By: r.Owner, Op: index.Put, Record: r}
		}
		if _, err := x.Apply(index.Position{}, changes); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

func FuzzSearch(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	given := append(denseRecords(300), index.Record{Owner: "DE", ID: "1", VIN: randomVIN(rng)})
	for i := range given {
		given[i].Numbers = append(given[i].Numbers, randomNumber(rng))
	}
	v := mustBuild(f, index.Options{}, given).View()
	var listed []searchedRecord
	for row := range v.All() {
		listed = append(listed, searchedRecordOf(row, v.Record(row)))
	}
	for i := range 20 {
		f.Add(uint8(index.KindVIN), randomPattern(rng, given[i].VIN).String(), "", i)
	}
	f.Add(uint8(index.KindPlate), "ab?0*", "", 5)
	f.Add(uint8(index.KindPlate), "*[0-9]#", "FR", 0)
	f.Add(uint8(index.KindEngine), "eng-0*7?", "", 3)
	f.Add(uint8(index.KindChassis), "ＡＥ８６*", "", 3)
	f.Add(uint8(index.KindDocument), "*", "F", 1)
	f.Fuzz(func(t *testing.T, kind uint8, text, country string, limit int) {
		like := index.Number{Kind: index.Kind(kind), Country: country, Text: text}
		r, err := v.SearchNumbers(t.Context(), like, nil, limit)
		var bad *index.NumberError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if limit <= 0 {
			limit = index.DefaultLimit
		}
		fits := map[index.Row]bool{}
		for _, l := range listed {
			for _, n := range l.asNumbers() {
				if n.Kind == like.Kind && n.Fits(like) {
					fits[l.row] = true
				}
			}
		}
		if err != nil && len(fits) > 0 {
			t.Fatalf("%v, yet %d records fit", err, len(fits))
		}
		if len(r.Rows) != min(limit, len(fits)) || r.Truncated != (len(fits) > limit) {
			t.Fatalf("%d rows, truncated %t, %d records fit", len(r.Rows), r.Truncated, len(fits))
		}
		seen := map[index.Row]bool{}
		for _, row := range r.Rows {
			if !fits[row] || seen[row] {
				t.Fatalf("row %d fits: %t, is there twice: %t", row, fits[row], seen[row])
			}
			seen[row] = true
		}
	})
}

// asNumbers returns all numbers under which a record is found.
func (s *searchedRecord) asNumbers() []index.Number {
	all := slices.Clone(s.numbers)
	for _, v := range s.vins {
		all = append(all, index.Number{Kind: index.KindVIN, Text: v.String()})
	}
	for _, p := range s.plates {
		all = append(all, index.Number{Kind: index.KindPlate, Country: p.Country(), Text: p.Text()})
	}
	return all
}
