package index_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// Near VINs are those that one error leads to and that a lookup finds, where few
// VINs end or begin alike and where many do, among changes and before them.
func TestAppendNear(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	near := func(v vin.VIN) vin.VIN { return pick(rng, v.AppendNear(nil)) }
	for round := range 8 {
		reads := searchVINs(rng, 60)
		crowd := pick(rng, reads) // which many begin or end like
		var given []index.Record
		add := func(v vin.VIN) {
			r := index.Record{Owner: pick(rng, owners), ID: fmt.Sprint(len(given)), VIN: v, Version: 1}
			switch rng.IntN(8) {
			case 0:
				r.Numbers = []index.Number{{Kind: index.KindVIN, Text: near(pick(rng, reads)).String()}}
			case 1:
				r.VIN, r.Numbers = vin.VIN{}, []index.Number{{Kind: index.KindEngine, Text: v.String()}}
			}
			given = append(given, r)
		}
		for _, v := range reads {
			add(v)
			for range rng.IntN(6) {
				add(near(v))
			}
		}
		for range round % 4 * 600 {
			v := crowd
			for range 3 {
				first := round / 4 * 11 // the first 11 symbols or the last 6 differ
				v = v.With(first+1+rng.IntN(11-round/4*5), "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"[rng.IntN(33)])
			}
			add(v)
		}
		x := mustBuild(t, index.Options{}, given)
		views := []*index.View{x.View()}
		for range 3 {
			var changes []index.Change
			for range 40 {
				r := pick(rng, given)
				r.Version = uint64(len(views) + 1)
				op := index.Put
				if rng.IntN(2) == 0 {
					op = index.Withdraw
				} else if rng.IntN(2) == 0 {
					r.ID = fmt.Sprint("new", rng.IntN(30))
				}
				r.VIN = near(pick(rng, reads))
				changes = append(changes, index.Change{By: r.Owner, Op: op, Record: r})
			}
			if _, err := x.Apply(index.Position{}, changes); err != nil {
				t.Fatal(err)
			}
			views = append(views, x.View())
		}
		found := 0
		for _, v := range views {
			for _, read := range append(reads, near(pick(rng, reads)), randomVIN(rng)) {
				var want []index.Key
				for _, n := range read.AppendNear(nil) {
					if _, ok := v.Lookup(index.VIN(n)); ok {
						want = append(want, index.VIN(n))
					}
				}
				mark := index.VIN(read)
				got := v.AppendNear([]index.Key{mark}, read)
				if got[0] != mark {
					t.Fatal("what was in dst is overwritten")
				}
				got = got[1:]
				slices.SortFunc(got, index.Key.Compare)
				slices.SortFunc(want, index.Key.Compare)
				found += len(want)
				if !slices.Equal(got, want) {
					t.Fatalf("round %d, near %v: %v, want %v", round, read, got, want)
				}
			}
		}
		if found < 100 {
			t.Errorf("round %d: %d found", round, found)
		}
		x.Close()
	}
	if got := mustBuild(t, index.Options{}, nil).View().AppendNear(nil, vin.MustParse("1HGCM82633A004352")); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	if got := dense().view.AppendNear(nil, vin.VIN{}); len(got) != 0 {
		t.Errorf("of the zero VIN: %v", got)
	}
}

// BenchmarkNear asks for the VINs one error away from numbers that are listed and
// that are not, by AppendNear and by looking all of them up.
func BenchmarkNear(b *testing.B) {
	w := load(b)
	for name, reads := range map[string][]vin.VIN{"listed": w.hit, "not listed": w.miss} {
		b.Run(name+"/AppendNear", func(b *testing.B) {
			var keys []index.Key
			i := 0
			for b.Loop() {
				keys = w.view.AppendNear(keys[:0], reads[i%len(reads)])
				i++
			}
		})
		b.Run(name+"/LookupBatch", func(b *testing.B) {
			near, keys, rows := make([]vin.VIN, 0, vin.Nearest), make([]index.Key, vin.Nearest), make([]index.Row, vin.Nearest)
			i := 0
			for b.Loop() {
				near = reads[i%len(reads)].AppendNear(near[:0])
				for j := range near {
					keys[j] = index.VIN(near[j])
				}
				w.view.LookupBatch(rows, keys[:len(near)])
				i++
			}
		})
	}
}
