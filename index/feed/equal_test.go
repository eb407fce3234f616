package feed_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// found returns which records a View has under a key, with their content.
func found(v *index.View, k index.Key) (all []string) {
	for row := range v.Rows(k) {
		all = append(all, fmt.Sprintf("%+v", v.Record(row)))
	}
	return all
}

// searched returns which records fit a partial VIN.
func searched(t *testing.T, v *index.View, pattern string) (all []string) {
	t.Helper()
	p, err := vin.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.Search(t.Context(), p, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range res.Rows {
		r := v.Record(row)
		all = append(all, fmt.Sprint(r.Owner, r.ID, r.Version))
	}
	slices.Sort(all)
	return all
}

// A copy must answer as the source does, which those who run national copies of a
// register of the Schengen states have to show: for 10,000 queries, a replica that
// began from a snapshot and read the rest returns what the source returns.
func TestCopyEquivalence(t *testing.T) {
	const records, queries = 20_000, 10_000
	changes := feedtest.Changes(1, records)
	rng := rand.New(rand.NewPCG(1, 2))
	for range records / 4 { // newer versions, withdrawals, and some that come late
		c := changes[rng.IntN(records)]
		switch c.Record.Version += 1 + rng.Uint64N(3); rng.IntN(4) {
		case 0:
			c.Op = index.Withdraw
		case 1:
			c.Record.Version -= min(c.Record.Version, 5)
		default:
			c.Op, c.Record.Colour = index.Put, "black"
		}
		changes = append(changes, c)
	}

	// The source takes them as they come, and merges them as it likes.
	source, err := index.Build(t.Context(), index.Options{CompactAfter: 3000}, index.Records())
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	log := openDir(t, t.TempDir(), feed.DirOptions{})
	snaps := snapshotsIn(t)
	early := openNodeOn(t, log, snaps, quick())
	sent := map[feed.ID]bool{}
	for part := range slices.Chunk(changes, 500) {
		at := feedtest.Append(ctxFor(t), t, log, part...)
		// What a log takes twice it takes once.
		part = slices.DeleteFunc(slices.Clone(part), func(c index.Change) bool {
			id := feed.IDOf(&c)
			defer func() { sent[id] = true }()
			return sent[id]
		})
		if _, err := source.Apply(at, part); err != nil {
			t.Fatal(err)
		}
		if at.Seq == 25 {
			early.caughtUp()
			mustSnapshot(t, early)
		}
	}
	late := openNodeOn(t, log, snaps, quick())
	if from := late.told(feed.Opened)[0].Position.Seq; from == 0 {
		t.Error("the copy does not begin from a snapshot")
	}
	late.caughtUp()
	a, b := source.View(), late.View()
	if a.Position() != b.Position() || a.Len() != b.Len() || feed.Hash(a) != feed.Hash(b) {
		t.Fatalf("the source is at %d with %d records, the copy at %d with %d", a.Position().Seq, a.Len(), b.Position().Seq, b.Len())
	}

	camera := vintest.NewReader(3, vintest.Camera, 0.5)
	others := vintest.NewPopulation(99, vintest.DefaultMix).Shuffled(1 << 30)
	hits, kinds := 0, map[string]int{}
	for i := range queries {
		r := &changes[rng.IntN(len(changes))].Record
		var got, want []string
		kind := "VIN"
		switch k := i % 10; {
		case k < 5:
			got, want = found(b, index.VIN(r.VIN)), found(a, index.VIN(r.VIN))
		case k < 6:
			kind = "a VIN that is not listed"
			v := others.At(uint64(i))
			got, want = found(b, index.VIN(v)), found(a, index.VIN(v))
		case k < 7:
			kind = "a VIN as a camera reads it"
			read, _ := camera.Read(r.VIN.String())
			if v, err := vin.Parse(read); err == nil {
				got, want = found(b, index.VIN(v)), found(a, index.VIN(v))
			}
		case k < 8:
			kind = "plate"
			p := r.Plate
			if !p.IsValid() {
				p = plate.MustParse("", fmt.Sprintf("AB-%05d-C", i))
			}
			got, want = found(b, index.Plate(p)), found(a, index.Plate(p))
		case k < 9:
			kind = "engine"
			key, err := index.Number{Kind: index.KindEngine, Text: fmt.Sprintf("K20A-%d", rng.IntN(1e6))}.Key()
			if len(r.Numbers) > 0 {
				key, err = r.Numbers[0].Key()
			}
			if err != nil {
				t.Fatal(err)
			}
			got, want = found(b, key), found(a, key)
		case r.VIN != (vin.VIN{}):
			kind = "last six"
			got, want = searched(t, b, "*"+r.VIN.String()[11:]), searched(t, a, "*"+r.VIN.String()[11:])
		}
		if !slices.Equal(got, want) {
			t.Fatalf("query %d, %s: the copy returns %d records, the source %d", i, kind, len(got), len(want))
		}
		if len(want) > 0 {
			hits++
			kinds[kind]++
		}
	}
	t.Logf("%d queries, %d with records: %v", queries, hits, kinds)
	if hits < queries/3 || len(kinds) < 5 {
		t.Errorf("only %d of the queries return anything: %v", hits, kinds)
	}
}

// A content hash is that of the live records, whatever way they came to be.
func TestHash(t *testing.T) {
	changes := feedtest.Changes(1, 3000)
	rng := rand.New(rand.NewPCG(4, 2))
	build := func(o index.Options, changes []index.Change, size int) *index.Index {
		x, err := index.Build(context.Background(), o, index.Records())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
		for part := range slices.Chunk(changes, size) {
			if _, err := x.Apply(index.Position{}, part); err != nil {
				t.Fatal(err)
			}
		}
		return x
	}
	want := feed.Hash(build(index.Options{}, changes, 3000).View())
	shuffled := slices.Clone(changes)
	rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	x := build(index.Options{CompactAfter: 100}, shuffled, 70)
	if feed.Hash(x.View()) != want {
		t.Error("the order of changes and compaction make another hash")
	}
	before := x.View()
	add := put("FR", 1, 1)
	if _, err := x.Apply(index.Position{}, []index.Change{add}); err != nil {
		t.Fatal(err)
	}
	with := feed.Hash(x.View())
	if with == want || feed.Hash(before) != want {
		t.Error("one record more is the same hash")
	}
	other := add
	other.Record.Version, other.Record.Make = 2, "Skoda"
	if _, err := x.Apply(index.Position{}, []index.Change{other}); err != nil {
		t.Fatal(err)
	}
	if h := feed.Hash(x.View()); h == want || h == with {
		t.Error("another make is the same hash")
	}
	if _, err := x.Apply(index.Position{}, []index.Change{withdraw("FR", 1, 3)}); err != nil {
		t.Fatal(err)
	}
	if feed.Hash(x.View()) != want {
		t.Error("a withdrawal that is remembered counts")
	}
	if feed.Hash(build(index.Options{}, nil, 1).View()) == want || len(want.String()) != 64 {
		t.Error("an empty register has this hash", want)
	}
}
