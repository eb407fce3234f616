package match_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// siblings are VINs with one head and serials from 1 on.
func siblings(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("WVWZZZ1KZ8W%06d", 1+i))
	}
	return all
}

func TestPartial(t *testing.T) {
	const (
		ofVIN      = index.KindVIN
		ofPlate    = index.KindPlate
		ofChassis  = index.KindChassis
		ofEngine   = index.KindEngine
		ofDocument = index.KindDocument
	)
	gb := []index.Record{withPlate("GB", "AB12CDE"), withPlate("GB", "AB13CDE"), withPlate("FR", "AB12CDE")}
	gb[1].ID, gb[2].ID = "2", "3"
	engine := []index.Record{withNumber(ofEngine, "", "CAXA-123456")}
	both := []index.Record{{VIN: vin.MustParse(accord), Plate: plate.MustParse("GB", "AB12CDE"), Make: "Honda"}}
	for _, tt := range []struct {
		why      string
		register []index.Record
		query    match.Query
		want     []string // with the first evidence in front
	}{
		{"the last six", listed(accord, golf), read(ofVIN, "last 6: 004352"), []string{
			"what was read of the VIN is listed: positions 12 to 17",
			"XX/1 vin partial possible",
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"maker and last four", listed(accord, golf), read(ofVIN, "1HG*4352"), []string{
			"what was read of the VIN is listed: positions 1 to 3 and 14 to 17",
			"XX/1 vin partial possible",
			"partial: VIN read in part; characters known: 7 of 17",
		}},
		{"one symbol filed off: as good as a guess gets", listed(accord), read(ofVIN, "1HGCM826?3A004352"), []string{
			"what was read of the VIN is listed: positions 1 to 8 and 10 to 17",
			"XX/1 vin partial probable",
			"partial: VIN read in part; characters known: 16 of 17",
		}},
		{"one of two symbols is known of it", listed(accord), read(ofVIN, "1HGCM82[6B]33A00*"), []string{
			"what was read of the VIN is listed: positions 1 to 13",
			"XX/1 vin partial possible",
			"partial: VIN read in part; characters known: 13 of 17",
		}},
		{"a fragment from nowhere in particular", listed(accord), read(ofVIN, "*33A00*"), []string{
			"what was read of the VIN is listed: positions 9 to 13",
			"XX/1 vin partial possible",
			"partial: VIN read in part; characters known: 5 of 17",
		}},
		{"nothing like it", listed(accord), read(ofVIN, "*918273"), []string{
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"four that fit share it", listed(siblings(12)...), read(ofVIN, "WVWZZZ1KZ8W00000[2-5]"), []string{
			"what was read of the VIN is listed: positions 1 to 17",
			"XX/2 vin partial possible",
			"  4 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"what was read of the VIN is listed: positions 1 to 17",
			"XX/3 vin partial possible",
			"  4 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"what was read of the VIN is listed: positions 1 to 17",
			"XX/4 vin partial possible",
			"  4 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"what was read of the VIN is listed: positions 1 to 17",
			"XX/5 vin partial possible",
			"  4 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"partial: VIN read in part; characters known: 17 of 17",
		}},
		{"two records of one VIN do not", listed(accord, accord), read(ofVIN, "*004352"), []string{
			"what was read of the VIN is listed: positions 12 to 17",
			"XX/1 vin partial possible",
			"what was read of the VIN is listed: positions 12 to 17",
			"XX/2 vin partial possible",
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"with a plate that was read whole", both, and(read(ofVIN, "*004352"), readIn(ofPlate, "GB", "AB12CDE")), []string{
			"plate listed as it was read",
			"XX/1 plate exact probable",
			"  the VIN matches too",
			"  what was read of the VIN is listed: positions 12 to 17",
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"the paper weighs in", both, claiming(read(ofVIN, "*004352"), match.Claim{Make: "Honda"}), []string{
			"what was read of the VIN is listed: positions 12 to 17",
			"XX/1 vin partial possible",
			"  make: paper and record both say Honda",
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"a VIN with unknown symbols in the field for chassis numbers", listed(accord), read(ofChassis, "1HGCM826?3A004352"), []string{
			"what was read of the VIN is listed: positions 1 to 8 and 10 to 17",
			"XX/1 vin partial probable",
			"  read as chassis, listed as VIN",
			"partial: VIN read in part; characters known: 16 of 17",
			"partial: chassis read in part; characters known: 16",
		}},
		{"an old chassis number with a hole", []index.Record{withNumber(ofChassis, "", "AE86-5001234")}, read(ofChassis, "AE86-50?1234"), []string{
			"what was read of the chassis is listed: positions 1 to 6 and 8 to 11",
			"XX/1 chassis partial possible",
			"partial: chassis read in part; characters known: 10",
		}},

		{"a plate of a known country", gb, readIn(ofPlate, "GB", "AB1? CDE"), []string{
			"what was read of the plate is listed: positions 1 to 3 and 5 to 7",
			"XX/1 plate partial possible",
			"  2 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"what was read of the plate is listed: positions 1 to 3 and 5 to 7",
			"XX/2 plate partial possible",
			"  2 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"partial: plate read in part; characters known: 6",
		}},
		{"a plate of any", gb, read(ofPlate, "*12CDE"), []string{
			"what was read of the plate is listed: positions 3 to 7",
			"XX/1 plate partial possible",
			"  2 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"what was read of the plate is listed: positions 3 to 7",
			"XX/3 plate partial possible",
			"  2 different numbers that are listed fit",
			"  other listed vehicles may have been read so as well",
			"partial: plate read in part; characters known: 5",
		}},
		{"a plate of a country that is none", gb[:1], readIn(ofPlate, "Utopia", "AB12*"), []string{
			"what was read of the plate is listed: positions 1 to 4",
			"XX/1 plate partial possible",
			"unknown_country: Utopia is no country that is known; looked up under every country",
			"partial: plate read in part; characters known: 4",
		}},
		{"another spelling of a plate", []index.Record{withPlate("DE", "TÜ-AB 12")}, readIn(ofPlate, "DE", "TUE-A?12"), []string{
			"what was read of the plate is listed: positions 1 to 4, 6 and 7",
			"XX/1 plate partial possible",
			"partial: plate read in part; characters known: 6",
		}},
		{"no pattern at all", gb, readIn(ofPlate, "GB", "AB[*"), []string{
			"unreadable: not part of a plate (position 4: not a set of characters)",
		}},

		{"an engine number with a hole", engine, read(ofEngine, "CAXA 12??56"), []string{
			"what was read of the engine is listed: positions 1 to 6, 9 and 10",
			"XX/1 engine partial possible",
			"partial: engine read in part; characters known: 8",
		}},
		{"stars on both sides are stamped there", engine, read(ofEngine, "*CAXA123456*"), []string{
			"engine listed as it was read, once cleaned",
			"XX/1 engine cleaned probable",
			"  in the text as read, position 1: dropped delimiter '*'",
			"  in the text as read, position 12: dropped delimiter '*'",
		}},
		{"a star on one side may be either", engine, read(ofEngine, "CAXA123456*"), []string{
			"what was read of the engine is listed: positions 1 to 10",
			"XX/1 engine partial possible",
			"partial: engine read in part; characters known: 10",
		}},
		{"stars alone are nothing", engine, read(ofEngine, "***"), []string{"empty: nothing was read"}},
		{"a document of another country", []index.Record{withNumber(ofDocument, "FR", "2019AB34567")}, readIn(ofDocument, "DE", "2019AB?4567"), []string{
			"partial: document read in part; characters known: 10",
		}},
		{"a document of its country", []index.Record{withNumber(ofDocument, "FR", "2019AB34567")}, readIn(ofDocument, "F", "2019AB?4567"), []string{
			"what was read of the document is listed: positions 1 to 6 and 8 to 11",
			"XX/1 document partial possible",
			"partial: document read in part; characters known: 10",
		}},
		{"more places than can be matched", engine, read(ofEngine, "A"+strings.Repeat("?", 70)), []string{
			"partial: engine read in part; characters known: 1",
			"unreadable: part of a number that cannot be looked up (engine: position 64: more than 63 characters)",
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := ask(t, ofTwoHundred(t, tt.register...), tt.query)
			holds(t, r)
			var got []string
			for i := range r.Findings {
				one := match.Result{Findings: r.Findings[i : i+1]}
				got = append(append(got, r.Findings[i].Evidence[0].Text), brief(one)...)
			}
			got = append(got, brief(match.Result{Remarks: r.Remarks})...)
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// ofTwoHundred builds a matcher over records of a world in which one of two
// hundred vehicles is listed, as INTERPOL's figures have it.
func ofTwoHundred(t testing.TB, records ...index.Record) *match.Matcher {
	t.Helper()
	n := float64(len(records))
	return registerWith(t, match.Options{HitRate: 0.0009, Vehicles: 200 * n}, records...)
}

// TestPartialKnown compares what more and less known characters make of one
// record among others.
func TestPartialKnown(t *testing.T) {
	others := listed(append(siblings(30), accord, malibu)...)
	least := 0.0
	for _, text := range []string{"*8W*", "*000004", "*1KZ8W000004", "WVW*1KZ8W000004", "WVWZZZ1KZ8W0000?4", "WVWZZZ1KZ8W00000[34]", siblings(4)[3]} {
		q := read(index.KindVIN, text)
		q.Limit = 100
		r := ask(t, ofTwoHundred(t, others...), q)
		holds(t, r)
		got := 0.0
		for _, f := range r.Findings {
			if f.Record.ID == "4" {
				got = f.Probability
			}
		}
		if got < least {
			t.Errorf("%s: %.3g is less than less known characters gave: %.3g", text, got, least)
		}
		least = got
	}
	if least < 0.9 {
		t.Errorf("and all of them: %.3g", least)
	}

	one := ask(t, ofTwoHundred(t, listed(accord, golf)...), read(index.KindVIN, "*004352"))
	two := ask(t, ofTwoHundred(t, listed(accord, accord)...), read(index.KindVIN, "*004352"))
	if len(two.Findings) != 2 || math.Abs(one.Findings[0].Probability-two.Findings[0].Probability) > 1e-5 {
		t.Errorf("a second record of one vehicle matters: %v, %v", verdicts(one), verdicts(two))
	}
}

// TestPartialHeedsFilterAndLimit asks for more than a query wants.
func TestPartialHeedsFilterAndLimit(t *testing.T) {
	records := listed(siblings(300)...)
	for i := range records {
		records[i].Owner, records[i].ID = []string{"FR", "DE"}[i/250], fmt.Sprint(i)
	}
	m := register(t, records...)
	german := index.Owner("DE")
	q := read(index.KindVIN, "WVWZZZ1KZ8W*")
	for _, tt := range []struct {
		where    *index.Filter
		limit    int
		findings int
		fits     int
		remarks  []match.RemarkCode
	}{
		{nil, 0, 20, 100, []match.RemarkCode{match.RemarkPartial, match.RemarkManyRecords, match.RemarkMore}},
		{nil, 150, 150, 150, []match.RemarkCode{match.RemarkPartial, match.RemarkManyRecords}},
		{nil, 300, 300, 300, []match.RemarkCode{match.RemarkPartial}},
		{&german, 0, 20, 50, []match.RemarkCode{match.RemarkPartial, match.RemarkMore}},
		{&german, 50, 50, 50, []match.RemarkCode{match.RemarkPartial}},
	} {
		q.Where, q.Limit = tt.where, tt.limit
		r := ask(t, m, q)
		var remarks []match.RemarkCode
		for _, remark := range r.Remarks {
			remarks = append(remarks, remark.Code)
		}
		if len(r.Findings) != tt.findings || !slices.Equal(remarks, tt.remarks) {
			t.Errorf("filter %v, limit %d: %d findings, remarks %v", tt.where, tt.limit, len(r.Findings), remarks)
			continue
		}
		for _, f := range r.Findings {
			several := fmt.Sprintf("%d different numbers that are listed fit", tt.fits)
			if f.Evidence[1].Code != match.EvidenceSeveral || !strings.HasSuffix(f.Evidence[1].Text, several) {
				t.Fatalf("filter %v, limit %d: %q, want %q", tt.where, tt.limit, f.Evidence[1].Text, several)
			}
			if f.Probability != r.Findings[0].Probability || f.Probability > 1/float64(tt.fits) || tt.where != nil && f.Record.Owner != "DE" {
				t.Fatalf("filter %v, limit %d: probability %v of a record of %s", tt.where, tt.limit, f.Probability, f.Record.Owner)
			}
		}
	}
}

// TestPartialEndsWithItsContext lets the context end between the lookups and
// the search for a partial number.
func TestPartialEndsWithItsContext(t *testing.T) {
	m := register(t, listed(accord)...)
	ctx := &lateContext{Context: t.Context(), left: 1}
	if r, err := m.Match(ctx, read(index.KindVIN, "*004352")); !errors.Is(err, context.Canceled) || len(r.Findings) > 0 {
		t.Errorf("%v, %v", brief(r), err)
	}
}

// A lateContext ends after it was looked at some times.
type lateContext struct {
	context.Context
	left int
}

func (c *lateContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestScreenSearches(t *testing.T) {
	m := register(t, listed(accord, golf)...)
	texts := []string{accord, "*004352", golf, "WVW*", "*ZZZZZZ*", "****004352"}
	var queries []match.Query
	for i := range 500 {
		queries = append(queries, read(index.KindVIN, texts[i%len(texts)]))
	}
	i := 0
	for _, r := range m.Screen(t.Context(), slices.Values(queries), 2) {
		if want := ask(t, m, queries[i]); r.Err != nil || !slices.Equal(brief(want), brief(r)) {
			t.Fatalf("query %d: %v, %v; Match says %v", i, brief(r), r.Err, brief(want))
		}
		i++
	}
	if i != len(queries) {
		t.Errorf("%d results", i)
	}
}

// TestPartialNear asks for parts of numbers of which one known place was misread.
func TestPartialNear(t *testing.T) {
	m := registerWith(t, match.Options{Near: match.Always}, withVIN(accord), withVIN(golf),
		withPlate("GB", "AB12CDE"), withNumber(index.KindEngine, "", "CAXA123456"))
	for _, tt := range []struct {
		why, want, text string
		query           match.Query
	}{
		{
			"one place filed off, another misread", "position 17: read 3, listed 2",
			"what was read of the VIN is listed but for one place: positions 1 to 8 and 10 to 16",
			read(index.KindVIN, "1HGCM826?3A004353"),
		},
		{
			"one of the last eight misread", "position 15: read 8, listed 3",
			"what was read of the VIN is listed but for one place: positions 10 to 14, 16 and 17",
			read(index.KindVIN, "*3A004852"),
		},
		{
			"a plate", "position 4: read Z, listed 2",
			"what was read of the plate is listed but for one place: positions 1 to 3, 5 and 6",
			readIn(index.KindPlate, "GB", "AB1ZCD?"),
		},
		{
			"an engine", "position 4: read B, listed A",
			"what was read of the engine is listed but for one place: positions 1 to 3 and 5 to 9",
			read(index.KindEngine, "CAXB12345*"),
		},
	} {
		r := ask(t, m, tt.query)
		holds(t, r)
		if len(r.Findings) != 1 || r.Findings[0].How != match.Near || r.Findings[0].Evidence[0].Text != tt.text ||
			r.Findings[0].Evidence[1].Text != tt.want || r.Findings[0].Probability > 0.9 || r.Search&match.SearchedOnce == 0 {
			t.Errorf("%s: %v: %v", tt.why, brief(r), r)
		}
	}
	for _, few := range []string{"*4353", "*"} {
		if r := ask(t, m, read(index.KindVIN, few)); len(r.Findings) != 0 {
			t.Errorf("%s finds %v", few, brief(r))
		}
	}
}
