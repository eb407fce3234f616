package match_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var nearQueries = flag.Int("near", 20_000, "queries of TestNearIsComplete, over ten times as many records")

const alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// corrupt makes one error of any kind in a text.
func corrupt(rng *rand.Rand, s string) string {
	at := rng.IntN(len(s))
	c := string(alphanumerics[rng.IntN(len(alphanumerics))])
	switch rng.IntN(4) {
	case 0:
		return s[:at] + s[at+1:]
	case 1:
		return s[:at] + c + s[at:]
	case 2:
		if at+1 < len(s) {
			return s[:at] + s[at+1:at+2] + s[at:at+1] + s[at+2:]
		}
	}
	return s[:at] + c + s[at+1:]
}

// oneError reports whether at most one character replaced, lost or added, or one
// pair of neighbours swapped, makes a text of another: by the definition, one
// place after the other.
func oneError(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a) > len(b)+1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	return i == len(a) || a[i+1:] == b[i+1:] ||
		i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// texts find those among them that one error leads to. An error leaves the first
// or the last half of a text as it was, but for one place.
type texts struct {
	heads, tails map[string][]string
	half         int
}

func newTexts(all []string, half int) *texts {
	t := &texts{map[string][]string{}, map[string][]string{}, half}
	for _, s := range all {
		t.heads[s[:half]] = append(t.heads[s[:half]], s)
		t.tails[s[len(s)-half:]] = append(t.tails[s[len(s)-half:]], s)
	}
	return t
}

func (t *texts) near(s string) (found []string) {
	if len(s) < t.half {
		return nil
	}
	for _, list := range [][]string{t.heads[s[:t.half]], t.tails[s[len(s)-t.half:]]} {
		for _, o := range list {
			if oneError(s, o) && !slices.Contains(found, o) {
				found = append(found, o)
			}
		}
	}
	slices.Sort(found)
	return found
}

// TestNearIsComplete asks for misread VINs and plates: everything that one error
// leads to is found, and nothing else.
func TestNearIsComplete(t *testing.T) {
	queries := *nearQueries
	if testing.Short() {
		queries /= 20
	}
	rng := rand.New(rand.NewPCG(1, 2))
	vins := vintest.NewPopulation(3, vintest.DefaultMix).Shuffled(uint64(5 * queries))
	var listed, plates []string
	var records []index.Record
	seen := map[string]bool{}
	for i := range 5 * queries {
		r := index.Record{Owner: "DE", ID: fmt.Sprint(i), VIN: vins.At(uint64(i))}
		listed = append(listed, r.VIN.String())
		records = append(records, r)
		text := fmt.Sprintf("%c%c%c%04d", 'A'+rng.IntN(6), 'A'+rng.IntN(26), 'A'+rng.IntN(26), rng.IntN(10_000))
		if !seen[text] {
			seen[text] = true
			plates = append(plates, text)
			records = append(records, index.Record{Owner: "DE", ID: "p" + fmt.Sprint(i), Plate: plate.MustParse("FR", text)})
		}
	}
	idx, err := index.Build(t.Context(), index.Options{}, index.Records(records...))
	if err != nil {
		t.Fatal(err)
	}
	defer idx.Close()
	m := match.New(idx, match.Options{Near: match.Always})
	oracle, plateOracle := newTexts(listed, 8), newTexts(plates, 3)
	missed, found := 0, 0
	for i := range queries {
		number := index.Number{Kind: index.KindVIN, Text: corrupt(rng, listed[rng.IntN(len(listed))])}
		text, near := number.Text, oracle
		if i%2 == 0 {
			number = index.Number{Kind: index.KindPlate, Country: "FR", Text: corrupt(rng, plates[rng.IntN(len(plates))])}
			text, near = number.Text, plateOracle
		} else if v, _, err := vin.Clean(text); err == nil {
			text = v.String() // an I in front is no symbol
		} else if vin.Classify(text) == vin.ClassPartial {
			continue // XXXX may stand for what is not known
		}
		r, err := m.Match(t.Context(), match.Query{Reads: []match.Read{{Number: number}}, Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Findings {
			s := f.Record.VIN.String() + f.Record.Plate.Text()
			if f.Kind == number.Kind && (oneError(text, s) || r.Search&match.SearchedTwice == 0) {
				got = append(got, s)
			}
		}
		slices.Sort(got)
		got = slices.Compact(got)
		want := near.near(text)
		found += len(want)
		// Repairs take letters that no VIN has for what they must be, and then try
		// one thing more.
		got = slices.DeleteFunc(got, func(s string) bool {
			_, within := slices.BinarySearch(want, s)
			return !within && strings.ContainsAny(text, "IOQ")
		})
		if !slices.Equal(got, want) {
			missed++
			t.Errorf("%v: found %d, want %d: %v, %v, %v", number, len(got), len(want), got, want, r.Search)
		}
		if missed > 5 {
			t.FailNow()
		}
	}
	t.Logf("%d queries over %d records, %d numbers found, all that there are", queries, len(records), found)
	if found < queries {
		t.Error("the corrupted numbers themselves are not all found")
	}
}

// TestTwiceIsItsDefinition holds the numbers with two errors to their definition,
// tried symbol by symbol.
func TestTwiceIsItsDefinition(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of pairs of errors")
	}
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	alike := func(a, b byte) bool {
		return slices.ContainsFunc(strings.Fields(match.LookAlikes), func(pair string) bool {
			return pair == string([]byte{a, b}) || pair == string([]byte{b, a})
		})
	}
	if n := len(strings.Fields(match.LookAlikes)); n > 40 {
		t.Errorf("%d pairs of look-alikes, want 40 at most", n)
	}
	legal := func(b []byte) (vin.VIN, bool) {
		v, err := vin.Parse(string(b))
		return v, err == nil
	}
	for _, text := range []string{
		"1HGCM82633A004352", "WVWZZZ1JZ3W386752", "LFV2A21K6A3012345", "7A8GK0K0912345678", "1HGCM826X3A004352",
		"1HGCM82633AO04352", "1HGCMB2633AO0435I", "WVWZZZ1JZ3W38675Q", "1OGCM8263QAO04352", "5YJSA1E2XHF000337",
		"1HGCM8263\x00A004352", "JHMCM56557C404453", "11111111111111111",
	} {
		want := map[vin.VIN]bool{}
		b := []byte(text)
		for i := range b {
			for j := i + 1; j < len(b); j++ {
				for _, c := range []byte(symbols) {
					for _, d := range []byte(symbols) {
						if c == text[i] || d == text[j] {
							continue
						}
						n := slices.Clone(b)
						n[i], n[j] = c, d
						v, ok := legal(n)
						if ok && (alike(text[i], c) && alike(text[j], d) || v.CheckRule() == vin.CheckRequired && v.CheckDigitOK()) {
							want[v] = true
						}
					}
				}
			}
			for j := range len(b) - 1 {
				if i == j || i == j+1 || b[j] == b[j+1] {
					continue
				}
				for _, c := range []byte(symbols) {
					n := slices.Clone(b)
					n[j], n[j+1], n[i] = n[j+1], n[j], c
					if v, ok := legal(n); ok && alike(text[i], c) {
						want[v] = true
					}
				}
			}
		}
		got := map[vin.VIN]bool{}
		for _, v := range match.TwiceVINs(text) {
			got[v] = true
		}
		extra, missing := 0, 0
		for v := range got {
			if !want[v] {
				extra++
			}
		}
		for v := range want {
			if !got[v] {
				missing++
			}
		}
		if extra+missing > 0 {
			t.Errorf("%q: %d of %d are missing, %d are none", text, missing, len(want), extra)
		}
		t.Logf("%d numbers with two errors", len(want))
	}
}

// TestMisreadIsFound reads listed vehicles with one error of a camera, as it
// makes them.
func TestMisreadIsFound(t *testing.T) {
	const records = 100_000
	queries := 20_000
	if testing.Short() {
		queries = 2_000
	}
	w := newDeclaredWorld(t, vintest.NewPopulation(5, vintest.DefaultMix).Shuffled(100*records), records, 0)
	m := match.New(w.idx, match.Options{Near: match.Always})
	camera := vintest.NewReader(9, vintest.Camera, 1)
	asked, found, first := 0, 0, 0
	for i := range queries {
		v := w.vins.At(uint64(i * 7 % records))
		text, slip := camera.Read(v.String())
		if slip.Kind == vintest.Several {
			continue // two errors or three
		}
		asked++
		r, err := m.Match(t.Context(), match.Query{
			Channel: match.Camera,
			Reads:   []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(r.Findings, func(f match.Finding) bool { return f.Record.VIN == v })
		if at >= 0 {
			found++
		}
		if at == 0 {
			first++
		}
	}
	t.Logf("of %d misread vehicles %d are found, %d of them first", asked, found, first)
	if 1000*found < 999*asked || 100*first < 97*asked {
		t.Errorf("of %d misread vehicles %d are found, %d of them first", asked, found, first)
	}
}

// siblingVIN returns the number before v of the same model: its serial less
// one, with the check digit computed anew where v's computes.
func siblingVIN(v vin.VIN) (vin.VIN, bool) {
	b := v.Bytes()
	for i := vin.Len - 1; i >= 11; i-- {
		switch c := b[i]; {
		case c == '0':
			b[i] = '9'
			continue
		case '1' <= c && c <= '9':
			b[i]--
		default:
			return vin.VIN{}, false
		}
		s, _ := vin.FromBytes(b)
		if v.CheckDigitOK() {
			s = s.With(9, s.ComputeCheckDigit())
		}
		return s, true
	}
	return vin.VIN{}, false
}

// TestSiblings asks for unlisted cars, read without an error, each with the next
// serial of its model on the register.
func TestSiblings(t *testing.T) {
	n := *siblingCars
	if testing.Short() {
		n /= 10
	}
	w := newDeclaredWorld(t, vintest.NewPopulation(6, vintest.DefaultMix).Shuffled(uint64(2*n)), n, n)
	m := match.New(w.idx, match.Options{})
	view := w.idx.View()
	asked, checked, near, probable := 0, 0, 0, 0
	ask := func(yield func(match.Query) bool) {
		for i := range n {
			s, ok := siblingVIN(w.vins.At(uint64(i)))
			if !ok {
				continue
			}
			if _, listed := view.Lookup(index.VIN(s)); listed {
				continue
			}
			asked++
			if s.CheckDigitOK() {
				checked++
			}
			q := match.Query{Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: s.String()}}}}
			if !yield(q) {
				return
			}
		}
	}
	for _, r := range m.Screen(t.Context(), ask, 0) {
		if r.Search != 0 {
			near++
		}
		for _, f := range r.Findings {
			if f.Probability >= 0.5 {
				probable++
			}
		}
	}
	t.Logf("of %d siblings, %d with a check digit, %d were searched for and %d taken for the listed car", asked, checked, near, probable)
	if asked < n/2 || probable*100_000 > asked {
		t.Errorf("of %d siblings %d are taken for the listed car", asked, probable)
	}
}

var siblingCars = flag.Int("siblings", 200_000, "cars of TestSiblings; 1000000 takes half a minute")

// TestAutoLeavesOutNothingThatCounts compares what Auto finds by several kinds of
// numbers, some of them with an error, with what Always does.
func TestAutoLeavesOutNothingThatCounts(t *testing.T) {
	car := withPlate("FR", "TB187NS")
	car.Numbers = []index.Number{
		{Kind: index.KindEngine, Text: "AB8379392"}, {Kind: index.KindDocument, Country: "FR", Text: "77PA12345"},
	}
	frame := withNumber(index.KindChassis, "", "NT31-0123456-XTRA")
	auto, always := register(t, car, frame), registerWith(t, match.Options{Near: match.Always}, car, frame)
	rare := match.Options{HitRate: 3e-5 / 7.4e6}
	autoRare := registerWith(t, rare, car, frame)
	rare.Near = match.Always
	alwaysRare := registerWith(t, rare, car, frame)

	check := func(q match.Query, auto, always *match.Matcher) (found bool) {
		t.Helper()
		some := ask(t, auto, q).Findings
		for _, f := range ask(t, always, q).Findings {
			if f.Probability < match.DefaultMinProbability {
				continue
			}
			found = true
			if !slices.ContainsFunc(some, func(g match.Finding) bool { return g.Record.ID == f.Record.ID }) {
				t.Errorf("%+v: Always finds it with %.3f, Auto not", q.Reads, f.Probability)
			}
		}
		return found
	}
	if q := read(index.KindChassis, "NT31-0123457-XTRA"); !check(q, autoRare, alwaysRare) {
		t.Error("the frame number was not found")
	}

	random := rand.New(rand.NewPCG(2, 1))
	text := func(s string) string {
		if random.IntN(3) > 0 { // most have an error
			b := []byte(s)
			b[len(b)-1-random.IntN(4)] = "0123456789"[random.IntN(10)]
			return string(b)
		}
		return s
	}
	reads := []func() match.Query{
		func() match.Query { return read(index.KindVIN, golf) },
		func() match.Query { return readIn(index.KindPlate, "FR", text("TB187NS")) },
		func() match.Query { return read(index.KindEngine, text("AB8379392")) },
		func() match.Query { return readIn(index.KindDocument, "FR", text("77PA12345")) },
		func() match.Query { return read(index.KindChassis, text("NT31-0123456-XTRA")) },
		func() match.Query { return read(index.KindGearbox, "12") },
	}
	found := 0
	for range 200 {
		random.Shuffle(len(reads), func(i, j int) { reads[i], reads[j] = reads[j], reads[i] })
		var q match.Query
		for i := range 1 + random.IntN(4) {
			q = and(q, reads[i]())
		}
		if check(q, auto, always) {
			found++
		}
		check(q, autoRare, alwaysRare)
	}
	if found < 50 {
		t.Errorf("%d of 200 queries find anything", found)
	}
}

// A countdown is a context that ends once its error was asked for so often.
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

// TestManyNearKeys asks for plates of any of many countries: that heeds the
// context, takes little memory, and misses nothing.
func TestManyNearKeys(t *testing.T) {
	var records []index.Record
	for c := 'A'; c <= 'Z'; c++ {
		for d := 'A'; d <= 'Z'; d++ {
			if p, err := plate.Parse(string([]rune{c, d}), "XY0003ABCDEFGX"); err == nil {
				records = append(records, index.Record{Plate: p})
			}
		}
	}
	m := registerWith(t, match.Options{Near: match.Always}, records...)
	var strangers match.Query
	for i := range 6 {
		strangers = and(strangers, read(index.KindPlate, fmt.Sprintf("ZZ%04dABCDEFGH", i)))
	}
	q := and(strangers, read(index.KindPlate, "XY0003ABCDEFGH"))
	q.Limit = len(records)

	for _, left := range []int{1, 2, 100, 300} {
		if _, err := m.Match(&countdown{t.Context(), left}, q); err != context.Canceled {
			t.Errorf("a context that ends after being asked %d times: %v", left, err)
		}
	}
	// Most of the keys are not listed, and are not kept: together they would take
	// 35 MB, and several times as much while they grow.
	var before, after runtime.MemStats
	m = match.New(m.Index(), match.Options{Near: match.Always})
	runtime.ReadMemStats(&before)
	r := ask(t, m, strangers)
	runtime.ReadMemStats(&after)
	if b := after.TotalAlloc - before.TotalAlloc; b > 32<<20 || r.Findings != nil {
		t.Errorf("%d bytes, %d findings", b, len(r.Findings))
	}
	if r := ask(t, m, q); len(r.Findings) != len(records) {
		t.Errorf("%d findings, want %d", len(r.Findings), len(records))
	}
}
