package index_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// byHand is an index that compacts only when it is told to.
func byHand(t testing.TB, records ...index.Record) *index.Index {
	x := mustBuild(t, index.Options{CompactAfter: math.MaxInt}, records)
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func mustApply(t testing.TB, x *index.Index, changes ...index.Change) index.Applied {
	t.Helper()
	a, err := x.Apply(x.View().Position(), changes)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustCompact(t testing.TB, x *index.Index) {
	t.Helper()
	if err := x.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func put(r index.Record) index.Change { return index.Change{By: r.Owner, Op: index.Put, Record: r} }

func puts(records []index.Record) []index.Change {
	changes := make([]index.Change, len(records))
	for i, r := range records {
		changes[i] = put(r)
	}
	return changes
}

func withdraw(owner, id string, version uint64) index.Change {
	return index.Change{By: owner, Op: index.Withdraw, Record: index.Record{Owner: owner, ID: id, Version: version}}
}

// found returns owner, ID and version of all records with a key.
func found(v *index.View, k index.Key) (all []string) {
	for row := range v.Rows(k) {
		r := v.Record(row)
		all = append(all, fmt.Sprintf("%s %s v%d", r.Owner, r.ID, r.Version))
	}
	return all
}

func TestVersionsDecide(t *testing.T) {
	honda := vin.MustParse("1HGCM82633A004352")
	rec := func(version uint64, colour string) index.Record {
		return index.Record{Owner: "FR", ID: "7", Version: version, VIN: honda, Colour: colour}
	}
	by := func(who string, c index.Change) index.Change { c.By = who; return c }
	for _, tc := range []struct {
		why     string
		built   []index.Record // what is known before
		before  []index.Change // then
		change  index.Change
		want    index.Applied
		refused error
		found   []string
	}{
		{"a new record", nil, nil, put(rec(1, "red")), index.Applied{Put: 1}, nil, []string{"FR 7 v1"}},
		{"version 0 is one too", nil, nil, put(rec(0, "red")), index.Applied{Put: 1}, nil, []string{"FR 7 v0"}},
		{"a higher version replaces", []index.Record{rec(1, "red")}, nil, put(rec(3, "blue")), index.Applied{Put: 1}, nil, []string{"FR 7 v3"}},
		{"also what was put before", nil, []index.Change{put(rec(1, "red"))}, put(rec(3, "blue")), index.Applied{Put: 1}, nil, []string{"FR 7 v3"}},
		{"an older one comes late", []index.Record{rec(5, "red")}, nil, put(rec(3, "blue")), index.Applied{Stale: 1}, nil, []string{"FR 7 v5"}},
		{"the same comes twice", []index.Record{rec(5, "red")}, nil, put(rec(5, "red")), index.Applied{Stale: 1}, nil, []string{"FR 7 v5"}},
		{"twice as changes", nil, []index.Change{put(rec(5, "red"))}, put(rec(5, "red")), index.Applied{Stale: 1}, nil, []string{"FR 7 v5"}},
		{"one version says two things", []index.Record{rec(5, "red")}, nil, put(rec(5, "blue")), index.Applied{}, index.VersionConflict, []string{"FR 7 v5"}},
		{"also as changes", nil, []index.Change{put(rec(5, "red"))}, put(rec(5, "blue")), index.Applied{}, index.VersionConflict, []string{"FR 7 v5"}},
		{"another VIN under one version", []index.Record{rec(5, "red")}, nil, put(index.Record{Owner: "FR", ID: "7", Version: 5, Colour: "red"}), index.Applied{}, index.VersionConflict, []string{"FR 7 v5"}},
		{"a withdrawal", []index.Record{rec(5, "red")}, nil, withdraw("FR", "7", 6), index.Applied{Withdrawn: 1}, nil, nil},
		{"of what was put before", nil, []index.Change{put(rec(5, "red"))}, withdraw("FR", "7", 6), index.Applied{Withdrawn: 1}, nil, nil},
		{"an older withdrawal", []index.Record{rec(5, "red")}, nil, withdraw("FR", "7", 4), index.Applied{Stale: 1}, nil, []string{"FR 7 v5"}},
		{"a withdrawal needs a higher version", []index.Record{rec(5, "red")}, nil, withdraw("FR", "7", 5), index.Applied{}, index.VersionConflict, []string{"FR 7 v5"}},
		{"withdrawn twice", []index.Record{rec(5, "red")}, []index.Change{withdraw("FR", "7", 6)}, withdraw("FR", "7", 6), index.Applied{Stale: 1}, nil, nil},
		{"put under the version that withdrew it", []index.Record{rec(5, "red")}, []index.Change{withdraw("FR", "7", 6)}, put(rec(6, "red")), index.Applied{}, index.VersionConflict, nil},
		{"listed again", []index.Record{rec(5, "red")}, []index.Change{withdraw("FR", "7", 6)}, put(rec(7, "red")), index.Applied{Put: 1}, nil, []string{"FR 7 v7"}},
		{"a put that comes after its withdrawal", nil, []index.Change{withdraw("FR", "7", 6)}, put(rec(5, "red")), index.Applied{Stale: 1}, nil, nil},
		{"withdrawn before it came", nil, nil, withdraw("FR", "7", 6), index.Applied{Withdrawn: 1}, nil, nil},
		{"another owner's record", []index.Record{rec(5, "red")}, nil, by("DE", put(rec(6, "blue"))), index.Applied{}, index.NotOwner, []string{"FR 7 v5"}},
		{"another owner's withdrawal", []index.Record{rec(5, "red")}, nil, by("DE", withdraw("FR", "7", 6)), index.Applied{}, index.NotOwner, []string{"FR 7 v5"}},
		{"owners are compared as they are", []index.Record{rec(5, "red")}, nil, by("fr", withdraw("FR", "7", 6)), index.Applied{}, index.NotOwner, []string{"FR 7 v5"}},
		{"sent by nobody", nil, nil, by("", put(rec(6, "blue"))), index.Applied{}, index.NotOwner, nil},
		{"no operation", nil, nil, index.Change{By: "FR", Record: rec(1, "red")}, index.Applied{}, index.UnknownOp, nil},
		{"a later operation", nil, nil, index.Change{By: "FR", Op: 3, Record: rec(1, "red")}, index.Applied{}, index.UnknownOp, nil},
		{"no ID", nil, nil, put(index.Record{Owner: "FR"}), index.Applied{}, index.BadID, nil},
		{"withdrawn without ID", nil, nil, withdraw("FR", "", 1), index.Applied{}, index.BadID, nil},
		{"no owner", nil, nil, put(index.Record{ID: "7"}), index.Applied{}, index.BadOwner, nil},
		{"of a withdrawal only identity and version count", []index.Record{rec(5, "red")}, nil, index.Change{By: "FR", Op: index.Withdraw, Record: index.Record{
			Owner: "FR", ID: "7", Version: 6, Make: strings.Repeat("x", 2000), Numbers: []index.Number{{}},
		}}, index.Applied{Withdrawn: 1}, nil, nil},
	} {
		for _, compacted := range []bool{false, true} {
			x := byHand(t, tc.built...)
			mustApply(t, x, tc.before...)
			if compacted {
				mustCompact(t, x)
			}
			other := index.Record{Owner: "DE", ID: "7", VIN: vin.MustParse("WVWZZZ1JZXW000001")}
			got := mustApply(t, x, tc.change, put(other)) // what follows is taken
			got.Put--
			if tc.refused != nil {
				if len(got.Refused) != 1 || !errors.Is(&got.Refused[0], tc.refused) || got.Refused[0].Record != 0 ||
					got.Refused[0].Number != -1 || got.Refused[0].Owner != tc.change.Record.Owner {
					t.Errorf("%s: refused %v, want %v", tc.why, got.Refused, tc.refused)
				}
				got.Refused = nil
			}
			if diff := gocmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}
			for range 2 {
				if diff := gocmp.Diff(tc.found, found(x.View(), index.VIN(honda))); diff != "" {
					t.Errorf("%s: found (-want +got):\n%s", tc.why, diff)
				}
				if want := len(tc.found) + 1; x.View().Len() != want || x.Stats().Records != want {
					t.Errorf("%s: %d records, %d counted; want %d", tc.why, x.View().Len(), x.Stats().Records, want)
				}
				mustCompact(t, x)
			}
		}
	}
}

// A record is found under its new numbers and no longer under its old ones,
// aliases and numbers inside VINs included.
func TestChangedNumbersLeaveNoGhosts(t *testing.T) {
	before := index.Record{
		Owner: "DE", ID: "1", Version: 1,
		VIN:   vin.MustParse("6U9000AE865001234"), // the frame AE865001234 is inside
		Plate: plate.MustParse("DE", "TÜ-AB 12"),
		Numbers: []index.Number{
			{Kind: index.KindEngine, Text: "B16A1"},
			{Kind: index.KindVIN, Text: "1HGCM82633A004352"},
		},
	}
	after := before
	after.Version, after.VIN, after.Plate = 2, vin.MustParse("6U9000AE865009999"), plate.MustParse("DE", "TÜ-CD 9")
	after.Numbers = []index.Number{{Kind: index.KindEngine, Text: "B18C4"}}
	gone, there := keysOf(before), keysOf(after)
	if len(gone) != 6 || len(there) != 5 {
		t.Fatalf("%d and %d keys: no frame or alias is tested", len(gone), len(there))
	}
	for _, tc := range []struct {
		why    string
		x      *index.Index
		change []index.Change
	}{
		{"built, then changed", byHand(t, before), []index.Change{put(after)}},
		{"both are changes of one call", byHand(t), []index.Change{put(before), put(after)}},
		{"withdrawn and listed anew", byHand(t, before), []index.Change{withdraw("DE", "1", 2), put(func() index.Record { r := after; r.Version = 3; return r }())}},
	} {
		old := tc.x.View()
		mustApply(t, tc.x, tc.change...)
		for range 2 {
			v := tc.x.View()
			dst := make([]index.Row, len(gone)+len(there))
			if hits := v.LookupBatch(dst, slices.Concat(gone, there)); hits != len(there) {
				t.Errorf("%s: a batch finds %d, want %d", tc.why, hits, len(there))
			}
			for _, k := range gone {
				if row, ok := v.Lookup(k); ok || len(found(v, k)) > 0 {
					t.Errorf("%s: the ghost of %v is row %d", tc.why, k, row)
				}
			}
			for _, k := range there {
				if got := found(v, k); len(got) != 1 {
					t.Errorf("%s: %v finds %v", tc.why, k, got)
				}
			}
			mustCompact(t, tc.x)
		}
		if old.Len() > 0 && len(found(old, gone[0])) != 1 {
			t.Errorf("%s: the View taken before has changed", tc.why)
		}
	}
}

func TestOwnersShareNumbers(t *testing.T) {
	v := vin.MustParse("1HGCM82633A004352")
	rec := func(owner, id string) index.Record { return index.Record{Owner: owner, ID: id, Version: 1, VIN: v} }
	x := byHand(t, rec("FR", "1"), rec("DE", "9"), rec("IT", "5"))
	mustApply(t, x, put(rec("GR", "2")), put(rec("AT", "3")), put(rec("FR", "0")), put(rec("XX", "1")), withdraw("DE", "9", 2))
	want := []string{"AT 3 v1", "FR 0 v1", "FR 1 v1", "GR 2 v1", "IT 5 v1", "XX 1 v1"}
	for range 2 {
		if diff := gocmp.Diff(want, found(x.View(), index.VIN(v))); diff != "" {
			t.Errorf("records, in order (-want +got):\n%s", diff)
		}
		view := x.View()
		for owner, id := range map[string]string{"AT": "3", "FR": "0", "IT": "5"} {
			dst := make([]index.Row, 20)
			s := view.Select(index.Owner(owner))
			if view.LookupBatchWhere(dst, slices.Repeat([]index.Key{index.VIN(v)}, 20), s) != 20 || view.Record(dst[19]).ID != id {
				t.Errorf("the first record of %s is not %s", owner, id)
			}
		}
		if s := view.Select(index.Owner("DE")); s.Count() != 0 {
			t.Error("the withdrawn record is selected")
		}
		mustCompact(t, x)
	}
}

// A tombstone keeps an older version away for as long as was asked for, by the
// time of the changes, and through any number of compactions.
func TestTombstones(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC) }
	x := mustBuild(t, index.Options{CompactAfter: math.MaxInt, KeepWithdrawn: 10 * 24 * time.Hour}, []index.Record{{Owner: "FR", ID: "1", Version: 5}})
	defer x.Close()
	apply := func(n int, c index.Change) index.Applied {
		t.Helper()
		c.At = day(n)
		a := mustApply(t, x, c)
		mustCompact(t, x)
		return a
	}
	late := put(index.Record{Owner: "FR", ID: "1", Version: 5})
	other := uint64(0)
	tick := func(n int) {
		other++
		apply(n, put(index.Record{Owner: "FR", ID: "other", Version: other}))
	}
	apply(1, withdraw("FR", "1", 6))
	apply(1, withdraw("DE", "unknown", 3))
	tick(11)
	if st := x.Stats(); st.Tombstones != 2 {
		t.Errorf("%d tombstones after ten days, want 2", st.Tombstones)
	}
	if a := mustApply(t, x, late); a.Stale != 1 {
		t.Errorf("the late put: %+v, want it stale", a)
	}
	// A newer version lifts the tombstone, and withdrawing again sets it anew.
	apply(11, put(index.Record{Owner: "DE", ID: "unknown", Version: 4}))
	if st := x.Stats(); st.Tombstones != 1 || st.Records != 2 {
		t.Errorf("%d tombstones and %d records, want 1 and 2", st.Tombstones, st.Records)
	}
	apply(11, withdraw("DE", "unknown", 5))
	tick(12)
	if st := x.Stats(); st.Tombstones != 1 {
		t.Errorf("%d tombstones after eleven days, want 1", st.Tombstones)
	}
	if a := apply(12, late); a.Put != 1 {
		t.Errorf("the put that came too late: %+v, want it taken", a)
	}
	if a := apply(12, put(index.Record{Owner: "DE", ID: "unknown", Version: 4})); a.Stale != 1 {
		t.Errorf("behind the second tombstone: %+v, want it stale", a)
	}
	// A clock that runs ahead must not make all tombstones old.
	apply(365*100, put(index.Record{Owner: "FR", ID: "clock", Version: 1}))
	apply(12, withdraw("FR", "1", 7))
	if st := x.Stats(); st.Tombstones == 0 {
		t.Error("no tombstone is left after a change from the future")
	}
}

func TestPositions(t *testing.T) {
	log, other := [16]byte{1}, [16]byte{2}
	r := index.Record{Owner: "FR", ID: "1"}
	x := byHand(t)
	for i, tc := range []struct {
		why  string
		at   index.Position
		fits bool
	}{
		{"without a log", index.Position{}, true},
		{"still without", index.Position{}, true},
		{"a log begins", index.Position{Lineage: log, Seq: 5}, true},
		{"the last call once more", index.Position{Lineage: log, Seq: 5}, true},
		{"on", index.Position{Lineage: log, Seq: 9}, true},
		{"back", index.Position{Lineage: log, Seq: 8}, false},
		{"another log", index.Position{Lineage: other, Seq: 10}, false},
		{"no log any more", index.Position{}, false},
		{"on after all", index.Position{Lineage: log, Seq: 10}, true},
	} {
		r.Version = uint64(i)
		before := x.View().Position()
		a, err := x.Apply(tc.at, []index.Change{put(r)})
		var wrong *index.PositionError
		switch {
		case tc.fits && (err != nil || a.Put != 1 || x.View().Position() != tc.at):
			t.Errorf("%s: %+v, %v, now at %v", tc.why, a, err, x.View().Position())
		case !tc.fits && (!errors.As(err, &wrong) || wrong.At != tc.at || wrong.Applied != before || x.View().Position() != before):
			t.Errorf("%s: %v, now at %v", tc.why, err, x.View().Position())
		case !tc.fits && x.View().Record(0).Version >= r.Version:
			t.Errorf("%s: the change was taken", tc.why)
		}
		mustCompact(t, x)
	}
	y := byHand(t, r)
	if _, err := y.Apply(index.Position{Lineage: log, Seq: 77}, nil); err != nil || y.View().Position().Seq != 77 || y.View().Len() != 1 {
		t.Errorf("no changes: %v, now at %v", err, y.View().Position())
	}
}

// A number without key is refused alone, and the record found by the others.
func TestApplyRefusesNumbersAlone(t *testing.T) {
	x := byHand(t)
	good := vin.MustParse("1HGCM82633A004352")
	a := mustApply(t, x, put(index.Record{Owner: "FR", ID: "0"}), put(index.Record{
		Owner: "FR", ID: "1", VIN: good,
		Numbers: []index.Number{{Kind: index.KindPart, Text: "A1"}, {Kind: index.KindEngine, Text: "--"}},
	}))
	if a.Put != 2 || len(a.Refused) != 1 || !errors.Is(&a.Refused[0], index.Empty) || a.Refused[0].Record != 1 || a.Refused[0].Number != 1 {
		t.Errorf("applied %+v", a)
	}
	if len(found(x.View(), index.VIN(good))) != 1 {
		t.Error("the record is not found")
	}
}

// What is refused leaves nothing behind: no compaction would give it back.
func TestRefusedChangesTakeNoMemory(t *testing.T) {
	x := byHand(t, index.Record{Owner: "FR", ID: "1", Make: "Renault"})
	mustApply(t, x, put(index.Record{Owner: "FR", ID: "2", Version: 1, Colour: "red"}))
	before, held := x.View().Values(), x.Stats().Memory.Changes
	for i, r := range []index.Record{
		{Make: "Saab"}, {Colour: "blue"}, {Tags: []string{"taxi"}}, {ModelYear: 1999}, {Stolen: time.Unix(1e9, 0)},
	} {
		for version := range uint64(2) {
			r.Owner, r.ID, r.Version = "FR", fmt.Sprint(1+version), version
			if a := mustApply(t, x, put(r)); len(a.Refused) != 1 || !errors.Is(&a.Refused[0], index.VersionConflict) {
				t.Errorf("record %d: %+v", i, a)
			}
		}
	}
	if v := x.View().Values(); v != before || x.Stats().Memory.Changes != held {
		t.Errorf("%d values and %d bytes, %d and %d before", v, x.Stats().Memory.Changes, before, held)
	}
}

// A call is full for the keys that its records may have, and not for many times as
// many.
func TestRoomForChanges(t *testing.T) {
	x := byHand(t)
	changes := make([]index.Change, 1<<17)
	for why, c := range map[string]index.Change{
		"numbers":                     put(index.Record{Owner: "FR", ID: "1", Numbers: make([]index.Number, 255)}),
		"more numbers than are taken": put(index.Record{Owner: "FR", ID: "1", Numbers: make([]index.Number, 1<<16)}),
		"withdrawals": {By: "FR", Op: index.Withdraw, Record: index.Record{
			Owner: "FR", ID: "1", Numbers: make([]index.Number, 255),
		}},
	} {
		for i := range changes {
			changes[i] = c
		}
		if !x.RoomFor(changes) {
			t.Errorf("%s: no room", why)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		r := randomRecord(rng)
		if keys := keysOf(r); int64(len(keys)) > index.MaxKeys(&r) {
			t.Errorf("%d keys of at most %d", len(keys), index.MaxKeys(&r))
		}
	}
}

// Thousands of changes of one plate keep their order and do not slow each other
// down more than they must.
func TestCrowdedChanges(t *testing.T) {
	const n = 20_000
	p := plate.MustParse("", "UNKNOWN")
	x := byHand(t, index.Record{Owner: "FR", ID: "00000", Plate: p})
	changes := make([]index.Change, n)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		changes[i] = put(index.Record{Owner: "FR", ID: fmt.Sprintf("%05d", j+1), Plate: p})
	}
	half := x.View()
	for some := range slices.Chunk(changes, 1000) {
		mustApply(t, x, some...)
		if x.View().Len() == n/2+1 {
			half = x.View()
		}
	}
	if most := x.MostMoved(); most == 0 || most > n/10 {
		t.Errorf("a change moves up to %d others", most)
	}
	for _, v := range []*index.View{x.View(), half} {
		last, rows := "", 0
		for row := range v.Rows(index.Plate(p)) {
			id := v.Record(row).ID
			if id <= last {
				t.Fatalf("%s comes after %s", id, last)
			}
			last, rows = id, rows+1
		}
		if rows != v.Len() {
			t.Errorf("%d rows, want %d", rows, v.Len())
		}
	}
}

// However often records change, a lookup passes over each once, and Views that were
// taken before still find what they found.
func TestManyVersions(t *testing.T) {
	honda := vin.MustParse("1HGCM82633A004352")
	for _, records := range []int{1, 10, 100} { // of 100, the list is a crowd
		x := byHand(t, index.Record{Owner: "FR", ID: "0", VIN: honda})
		type held struct {
			v    *index.View
			want []string
		}
		var views []held
		rng := rand.New(rand.NewPCG(1, uint64(records)))
		versions := make(map[string]uint64)
		for range 30 {
			for range records {
				r := index.Record{Owner: "FR", ID: fmt.Sprint(rng.IntN(records)), VIN: honda}
				versions[r.ID]++
				r.Version = versions[r.ID]
				switch rng.IntN(5) {
				case 0:
					mustApply(t, x, withdraw("FR", r.ID, r.Version))
					continue
				case 1:
					r.VIN = vin.VIN{}
				}
				mustApply(t, x, put(r))
			}
			v := x.View()
			var want []string
			for row := range v.All() {
				if r := v.Record(row); r.VIN == honda {
					want = append(want, fmt.Sprintf("FR %s v%d", r.ID, r.Version))
				}
			}
			slices.Sort(want)
			views = append(views, held{v, want})
		}
		for i, h := range views {
			if diff := gocmp.Diff(h.want, found(h.v, index.VIN(honda))); diff != "" {
				t.Errorf("%d records, view %d: found (-want +got):\n%s", records, i, diff)
			}
		}
		if n := x.View().ListLen(index.VIN(honda)); n > records {
			t.Errorf("%d records: a lookup passes over %d entries", records, n)
		}
	}
}

// An index compacts itself, Apply goes on meanwhile and waits when it must, and
// nothing is lost on the way.
func TestCompactsItself(t *testing.T) {
	const after = 100
	x := mustBuild(t, index.Options{CompactAfter: after}, nil)
	given := fleet(20_000)
	most := 0
	for some := range slices.Chunk(given, 50) {
		changes := make([]index.Change, len(some))
		for i, r := range some {
			changes[i] = put(r)
		}
		mustApply(t, x, changes...)
		most = max(most, x.Stats().Changes)
	}
	if most > 17*after {
		t.Errorf("%d changes wait for compaction, of %d allowed", most, 16*after)
	}
	waitFor(t, "the changes to be merged", func() bool { return x.Stats().Changes < after })
	v := x.View()
	if v.Len() != len(given) {
		t.Fatalf("%d records, want %d", v.Len(), len(given))
	}
	for _, r := range given {
		if row, ok := v.Lookup(index.VIN(r.VIN)); !ok || !sameRecord(v.Record(row), r) {
			t.Fatal("a record is lost")
		}
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// waitFor waits for something that happens in the background.
func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting for %s", what)
		}
	}
}

func TestCompactEndsWithItsContext(t *testing.T) {
	x := byHand(t, fleet(1000)...)
	mustApply(t, x, put(index.Record{Owner: "FR", ID: "new"}))
	before := x.View()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if err := x.Compact(ctx); !errors.Is(err, why) {
		t.Errorf("Compact returns %v", err)
	}
	if x.View() != before {
		t.Error("an interrupted Compact changed the View")
	}
	mustCompact(t, x)
	if x.Stats().Changes != 0 || x.View().Len() != 1001 {
		t.Errorf("%d changes left, %d records", x.Stats().Changes, x.View().Len())
	}
	compacted := x.View()
	mustCompact(t, x)
	if x.View() != compacted {
		t.Error("Compact of nothing makes a new View")
	}
}

// Close ends what works in the background, and nothing changes afterwards.
func TestCloseEndsTheBackground(t *testing.T) {
	before := runtime.NumGoroutine()
	given := fleet(3000)
	for range 20 {
		x := mustBuild(t, index.Options{CompactAfter: 1}, given)
		old := x.View()
		mustApply(t, x, put(index.Record{Owner: "FR", ID: "new"}))
		var wg sync.WaitGroup
		wg.Go(func() { // at the same time
			if err := x.Compact(context.Background()); err != nil && !errors.Is(err, index.ErrClosed) {
				t.Errorf("Compact while closing: %v", err)
			}
		})
		for range 2 {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		if _, err := x.Apply(index.Position{}, []index.Change{put(index.Record{Owner: "FR", ID: "2"})}); !errors.Is(err, index.ErrClosed) {
			t.Errorf("Apply after Close: %v", err)
		}
		if err := x.Compact(context.Background()); !errors.Is(err, index.ErrClosed) {
			t.Errorf("Compact after Close: %v", err)
		}
		if x.View().Len() != 0 || old.Len() != len(given) || !sameRecord(old.Record(0), old.Record(0)) {
			t.Error("Close does not leave Views as they were")
		}
	}
	waitFor(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// Apply that waits for a compaction says that the index was closed meanwhile.
func TestCloseEndsWaiting(t *testing.T) {
	for range 20 {
		x := mustBuild(t, index.Options{CompactAfter: 1}, nil)
		release := x.Own()
		mustApply(t, x, puts(fleet(16))...) // as many as may wait
		waited := make(chan error)
		go func() {
			_, err := x.Apply(index.Position{}, []index.Change{put(index.Record{Owner: "FR", ID: "new"})})
			waited <- err
		}()
		time.Sleep(time.Millisecond)
		closed := make(chan error)
		go func() { closed <- x.Close() }()
		if err := <-waited; !errors.Is(err, index.ErrClosed) {
			t.Errorf("Apply: %v", err)
		}
		release()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
}

// Each Close waits until what works in the background has ended.
func TestEveryCloseWaits(t *testing.T) {
	x := mustBuild(t, index.Options{}, nil)
	release := x.Own()
	var closing sync.WaitGroup
	var closed atomic.Int32
	for range 2 {
		closing.Go(func() {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
			closed.Add(1)
		})
	}
	time.Sleep(20 * time.Millisecond)
	if closed.Load() > 0 {
		t.Error("a Close does not wait")
	}
	release()
	closing.Wait()
}

func TestStatsDoesNotWaitForApply(t *testing.T) {
	x := byHand(t)
	mustApply(t, x, puts(fleet(10))...)
	want := x.Stats()
	release := x.HoldApply()
	defer release()
	told := make(chan index.Stats, 1)
	go func() { told <- x.Stats() }()
	select {
	case got := <-told:
		if got != want || got.Memory.Changes == 0 {
			t.Errorf("%+v, before %+v", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("Stats waits")
	}
}

func TestLookupsAmongChangesDoNotAllocate(t *testing.T) {
	given := fleet(10_000)
	x := byHand(t, given[:8000]...)
	for i, r := range given {
		if i%3 == 0 {
			r.Version += 10
			mustApply(t, x, put(r))
		}
	}
	for i := 1; i < 8000; i += 30 {
		mustApply(t, x, withdraw(given[i].Owner, given[i].ID, 20))
	}
	v := x.View()
	keys := make([]index.Key, 1000)
	for i := range keys {
		keys[i] = index.VIN(given[9*i].VIN)
		if i%4 == 0 {
			keys[i] = index.Plate(given[i].Plate)
		}
	}
	dst := make([]index.Row, len(keys))
	s := v.Select(index.Owner("DE").Or(index.OfType(index.Car)))
	rows := 0
	for name, f := range map[string]func(){
		"Lookup":           func() { v.Lookup(keys[1]) },
		"Lookup, changed":  func() { v.Lookup(index.VIN(given[9].VIN)) },
		"LookupBatch":      func() { v.LookupBatch(dst, keys) },
		"a small batch":    func() { v.LookupBatch(dst, keys[:5]) },
		"LookupBatchWhere": func() { v.LookupBatchWhere(dst, keys, s) },
		"View":             func() { x.View() },
		"Rows": func() {
			for range v.Rows(keys[1]) {
				rows++
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if rows == 0 || v.LookupBatch(dst, keys) == 0 {
		t.Error("nothing was found")
	}
}

// While one goroutine applies changes and others compact, every reader sees a
// register that is whole: the one that the model had at the View's position, and
// the same for as long as the View is held.
func TestReadersAmongChanges(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	p := newProgram(t, rng, makeTemplates(rng, 200))
	defer p.x.Close()

	var mu sync.Mutex
	models := map[uint64]*model{0: p.m.clone()} // by position
	var done atomic.Bool
	var wg sync.WaitGroup
	var views atomic.Int64
	for i := range 3 {
		wg.Go(func() {
			// A program of its own reads; its model is that of each View.
			r := &program{t: t, rng: rand.New(rand.NewPCG(seed, uint64(i+1))), templates: p.templates, keys: p.keys, ids: p.ids}
			for !done.Load() && !t.Failed() {
				h := heldView{v: p.x.View()}
				mu.Lock()
				h.m = models[h.v.Position().Seq]
				mu.Unlock()
				h.f = randomFilter(r.rng, 2)
				selected := h
				selected.s = h.v.Select(h.f.filter)
				for range 3 {
					r.everything(h)
					r.lookups(h, 50)
					r.rows(h, 20)
					r.batch(h)
					r.batch(selected)
					r.rows(selected, 20)
					runtime.Gosched()
				}
				views.Add(1)
			}
		})
	}
	wg.Go(func() {
		for !done.Load() {
			if err := p.x.Compact(context.Background()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	n := 5000
	if raceEnabled {
		n = 1000
	}
	for i := range n {
		next := p.m.clone()
		next.tombs = p.m.tombs
		next.at.Seq = uint64(i + 1)
		p.m = next
		changes := make([]modelChange, p.rng.IntN(8))
		given := make([]index.Change, len(changes))
		for j := range changes {
			id := pick(p.rng, p.ids)
			changes[j] = modelChange{by: id.owner, op: index.Op(1 + p.rng.IntN(5)/4), id: id, version: uint64(10*n + 10*i + j), template: pick(p.rng, p.templates)}
			given[j] = changes[j].change()
			given[j].At = time.Time{}
		}
		want, _ := next.apply(next.at, changes)
		mu.Lock()
		models[next.at.Seq] = next
		mu.Unlock()
		got, err := p.x.Apply(next.at, given)
		if err != nil || got.Put != want.Put || got.Withdrawn != want.Withdrawn || got.Stale != want.Stale {
			t.Errorf("applied %+v, %v; want %+v", got, err, want)
		}
		if t.Failed() {
			break
		}
	}
	waitFor(t, "readers", func() bool { return views.Load() > 20 || t.Failed() })
	done.Store(true)
	wg.Wait()
	t.Logf("%d views", views.Load())
}

// Somebody who knows the seed can choose numbers that all have one hash. Changes
// of them are found as quickly as others.
func TestChosenKeysDoNotCrowdChanges(t *testing.T) {
	// The hash multiplies the words of a key, exclusive or two words that
	// follow from the seed. Where that makes the high word 0 the low one does
	// not count. The high word of an engine number is its kind, and eight
	// symbols of six bits.
	n := trials.Number(3000)
	if testing.Short() {
		n = max(n, 1000)
	}
	var seed uint64
	var head string
	for seed = 1; head == ""; seed++ {
		z := seed + 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		if z>>48 == uint64(index.KindEngine)<<8 {
			head = symbolsOf(z)
		}
	}
	seed--
	x := mustBuild(t, index.Options{Seed: seed, CompactAfter: math.MaxInt}, nil)
	defer x.Close()
	changes := make([]index.Change, n)
	keys := make([]index.Key, n)
	for i := range changes {
		number := index.Number{Kind: index.KindEngine, Text: fmt.Sprintf("%s%010d", head, i)}
		keys[i], _ = number.Key()
		changes[i] = put(index.Record{Owner: "FR", ID: fmt.Sprint(i), Numbers: []index.Number{number}})
	}
	if x.View().HashOf(keys[0]) != x.View().HashOf(keys[n-1]) {
		t.Fatal("the keys are not of one hash: the test does not test")
	}
	mustApply(t, x, changes...)
	v := x.View()
	if most := v.LongestProbe(); most > 300 {
		t.Errorf("a lookup passes %d slots", most)
	}
	dst := make([]index.Row, n)
	if hits := v.LookupBatch(dst, keys); hits != n {
		t.Errorf("%d of %d are found", hits, n)
	}
	for i, k := range keys {
		if row, _ := v.Lookup(k); row != dst[i] || v.Record(row).ID != fmt.Sprint(i) {
			t.Fatalf("number %d finds another record", i)
		}
	}
	trials.Done(t, n)
}

// symbolsOf returns the eight symbols in the low 48 bits of the word of a key; ""
// if they are not all digits and capital letters.
func symbolsOf(word uint64) string {
	var b []byte
	for shift := 42; shift >= 0; shift -= 6 {
		c := sixbit.Char(word >> shift & (sixbit.Codes - 1))
		if (c < '0' || '9' < c) && (c < 'A' || 'Z' < c) {
			return ""
		}
		b = append(b, c)
	}
	return string(b)
}
