package index_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
)

// filler owns records that are there to make a register larger.
const filler = "FILLER"

// TestRelations makes registers of the same records in other ways, and asks each
// the same: the order of the records, the number of shards of the hash table, the
// number of processors, changes that wait or are merged, and a snapshot in between
// change no answer; nor does it matter how keys are cut into batches.
func TestRelations(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	n := 200 + rng.IntN(600)
	var given []index.Record
	for i := range n {
		r := randomRecord(rng)
		r.ID = fmt.Sprint(i)
		given = append(given, r)
	}
	quiet := func(*index.Refusal) {}
	base := mustBuild(t, index.Options{Seed: 1, Workers: 1, OnRefused: quiet}, given)
	for _, tc := range []struct {
		name string
		make func(t *testing.T) *index.Index
		ask  func(rng *rand.Rand, q *question, v *index.View) // nil: askAll
	}{
		{"Order", func(t *testing.T) *index.Index {
			other := slices.Clone(given)
			rng.Shuffle(n, func(i, j int) { other[i], other[j] = other[j], other[i] })
			return mustBuild(t, index.Options{OnRefused: quiet}, other)
		}, nil},
		{"Shards", func(t *testing.T) *index.Index {
			all := slices.Clone(given) // a shard holds 131,072 keys
			for i := range 140_000 + rng.IntN(200_000) {
				number := fmt.Sprintf("9ZZ%014d", i)
				all = append(all, index.Record{Owner: filler, ID: number, VIN: vin.MustParse(number)})
			}
			return mustBuild(t, index.Options{OnRefused: quiet}, all)
		}, nil},
		{"Batches", func(*testing.T) *index.Index { return base }, askBatches},
		{"Processors", func(t *testing.T) *index.Index {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + rng.IntN(8)))
			return mustBuild(t, index.Options{OnRefused: quiet}, given)
		}, nil},
		{"Changes", func(t *testing.T) *index.Index { return changed(t, rng, given) }, nil},
		{"Compacted", func(t *testing.T) *index.Index {
			x := changed(t, rng, given)
			mustCompact(t, x)
			return x
		}, nil},
		{"Opened", func(t *testing.T) *index.Index {
			path := filepath.Join(t.TempDir(), "register")
			if err := changed(t, rng, given).Save(path); err != nil {
				t.Fatal(err)
			}
			x, err := index.Open(path, index.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return x
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := tc.make(t)
			defer func() {
				if x != base {
					_ = x.Close()
				}
			}()
			ask := tc.ask
			if ask == nil {
				ask = askAll
			}
			q := newQuestion(t, base.View(), x.View(), given)
			for q.done < trials.Number(3_000) {
				ask(rng, q, x.View())
			}
			trials.Done(t, q.done)
		})
	}
}

// changed makes an index of other records, and takes it to those that are given by
// changes that wait.
func changed(t *testing.T, rng *rand.Rand, given []index.Record) *index.Index {
	var before []index.Record
	var changes []index.Change
	for _, r := range given {
		r.Version += 2
		switch old := r; rng.IntN(4) {
		case 0:
			changes = append(changes, index.Change{By: r.Owner, Op: index.Put, Record: r})
		case 1:
			old = randomRecord(rng)
			old.Owner, old.ID, old.Version = r.Owner, r.ID, 1
			before = append(before, old)
			changes = append(changes, index.Change{By: r.Owner, Op: index.Put, Record: r})
		case 2: // not there at all
			old.ID, old.Version = "gone "+r.ID, 1
			before = append(before, old)
			old.Version = 2
			changes = append(changes, index.Change{By: r.Owner, Op: index.Withdraw, Record: old})
			fallthrough
		default:
			before = append(before, r)
		}
	}
	x := mustBuild(t, index.Options{OnRefused: func(*index.Refusal) {}, CompactAfter: math.MaxInt}, before)
	rng.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	for seq := uint64(1); len(changes) > 0; seq++ {
		some := min(1+rng.IntN(500), len(changes))
		if _, err := x.Apply(index.Position{Lineage: [16]byte{1}, Seq: seq}, changes[:some]); err != nil {
			t.Fatal(err)
		}
		changes = changes[some:]
	}
	return x
}

// A question is put to two Views whose records are the same but for those of the
// filler.
type question struct {
	t       *testing.T
	a, b    *index.View
	without *index.Selection // of b: what is not the filler's
	keys    []index.Key
	vins    []vin.VIN
	done    int

	batch      []index.Key
	rowsA, all []index.Row
}

func newQuestion(t *testing.T, a, b *index.View, given []index.Record) *question {
	q := &question{t: t, a: a, b: b, without: b.Select(notFiller(index.Filter{}))}
	for _, r := range given {
		q.keys = append(q.keys, keysOf(r)...)
		if r.VIN.IsValid() {
			q.vins = append(q.vins, r.VIN)
		}
	}
	for i := range 2000 { // of nobody
		q.keys = append(q.keys, index.VIN(vin.MustParse(fmt.Sprintf("8YY%014d", i))))
	}
	return q
}

func notFiller(f index.Filter) index.Filter { return f.AndNot(index.Owner(filler)) }

// same compares what two rows hold, but for the version.
func (q *question) same(rowA, rowB index.Row, what any) {
	q.t.Helper()
	if (rowA == index.NoRow) != (rowB == index.NoRow) {
		q.t.Fatalf("%v: row %d of one register, %d of the other", what, rowA, rowB)
	}
	if rowA == index.NoRow {
		return
	}
	a, b := q.a.Record(rowA), q.b.Record(rowB)
	a.Version, b.Version = 0, 0
	if !sameRecord(a, b) {
		q.t.Fatalf("%v: the registers answer with other records: %s of %s, %s of %s", what, a.ID, a.Owner, b.ID, b.Owner)
	}
}

func askAll(rng *rand.Rand, q *question, _ *index.View) {
	q.t.Helper()
	switch rng.IntN(7) {
	case 0, 1:
		for range 16 {
			k := pick(rng, q.keys)
			rowA, _ := q.a.Lookup(k)
			rowB, _ := q.b.Lookup(k)
			q.same(rowA, rowB, "lookup")
			q.done++
		}
	case 2, 3:
		for range 8 {
			k := pick(rng, q.keys)
			var rowsA []index.Row
			for row := range q.a.Rows(k) {
				rowsA = append(rowsA, row)
			}
			i := 0
			for row := range q.b.Rows(k) {
				if i == len(rowsA) {
					q.t.Fatal("more rows of a key")
				}
				q.same(rowsA[i], row, "rows")
				i++
			}
			if i != len(rowsA) {
				q.t.Fatalf("%d rows of a key, want %d", i, len(rowsA))
			}
			q.done++
		}
	case 4, 5:
		f := randomFilter(rng, 2).filter
		sA, sB := q.a.Select(f), q.b.Select(notFiller(f))
		if sA.Count() != sB.Count() || q.a.Count(f) != q.b.Count(notFiller(f)) {
			q.t.Fatalf("%d records are selected, and %d", sA.Count(), sB.Count())
		}
		keys := q.someKeys(rng, 100)
		rowsA, rowsB := make([]index.Row, len(keys)), make([]index.Row, len(keys))
		if q.a.LookupBatchWhere(rowsA, keys, sA) != q.b.LookupBatchWhere(rowsB, keys, sB) {
			q.t.Fatal("other numbers of hits")
		}
		for i := range keys {
			q.same(rowsA[i], rowsB[i], "batch with a filter")
		}
		q.done += 1 + len(keys)
	case 6:
		like := index.Number{Kind: index.KindVIN, Text: randomPattern(rng, pick(rng, q.vins)).String()}
		if rng.IntN(4) == 0 {
			like = randomNumber(rng)
			if text := []rune(like.Text); len(text) > 3 {
				at := rng.IntN(len(text) - 2)
				like.Text = pick(rng, []string{"*" + string(text[at:]), string(text[:at+2]) + "*", string(text[:at]) + "?" + string(text[at+1:])})
			}
		}
		limit := pick(rng, []int{1, 5, 1_000_000})
		rowsA, cutA := q.search(q.a, like, nil, limit)
		rowsB, cutB := q.search(q.b, like, q.without, limit)
		if len(rowsA) != len(rowsB) || cutA != cutB {
			q.t.Fatalf("a pattern of kind %v: %d rows, truncated %t, and %d, %t", like.Kind, len(rowsA), cutA, len(rowsB), cutB)
		}
		for i := range rowsA {
			if !cutA { // else which rows come is for each register to say
				q.same(rowsA[i], rowsB[i], "search")
			}
		}
		q.done++
	}
}

// search returns rows that fit, in the order of owner and ID.
func (q *question) search(v *index.View, like index.Number, s *index.Selection, limit int) ([]index.Row, bool) {
	r, err := v.SearchNumbers(context.Background(), like, s, limit)
	if err != nil {
		return nil, true // what is no pattern is none for both
	}
	slices.SortFunc(r.Rows, func(i, j index.Row) int {
		a, b := v.Record(i), v.Record(j)
		return cmp.Or(strings.Compare(a.Owner, b.Owner), strings.Compare(a.ID, b.ID))
	})
	return r.Rows, r.Truncated
}

func (q *question) someKeys(rng *rand.Rand, most int) []index.Key {
	q.batch = q.batch[:0]
	for range 1 + rng.IntN(most) {
		q.batch = append(q.batch, pick(rng, q.keys))
	}
	return q.batch
}

// askBatches asks for keys one by one, at once, and cut into batches.
func askBatches(rng *rand.Rand, q *question, v *index.View) {
	keys := q.someKeys(rng, 1000)
	var s *index.Selection
	if rng.IntN(2) == 0 {
		s = v.Select(randomFilter(rng, 1).filter)
	}
	q.all = append(q.all[:0], make([]index.Row, len(keys))...)
	q.rowsA = append(q.rowsA[:0], make([]index.Row, len(keys))...)
	hits := v.LookupBatchWhere(q.all, keys, s)
	for first := 0; first < len(keys); {
		end := min(first+1+rng.IntN([]int{2, 20, 130, 500}[rng.IntN(4)]), len(keys))
		hits -= v.LookupBatchWhere(q.rowsA[first:end], keys[first:end], s)
		first = end
	}
	if hits != 0 || !slices.Equal(q.all, q.rowsA) {
		q.t.Fatal("keys cut into batches have other rows")
	}
	for i, k := range keys {
		want := index.NoRow
		for row := range v.RowsWhere(k, s) {
			want = row
			break
		}
		if q.all[i] != want {
			q.t.Fatalf("row %d in a batch, %d alone", q.all[i], want)
		}
	}
	q.done += len(keys)
}
