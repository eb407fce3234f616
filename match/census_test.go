package match_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// TestCensus asks of numbers around the listed ones whether they exist, and
// compares the answer with the world: among those that are said to exist with
// one probability, that share does.
func TestCensus(t *testing.T) {
	for _, world := range []struct {
		name string
		vins population
	}{
		{"makers", vintest.NewPopulation(21, vintest.DefaultMix).Shuffled(210_000)},
		{"ranges", newRanges(22, 210_000)},
	} {
		w := newDeclaredWorld(t, world.vins, 10_000, 200_000)
		c := match.NewCensus(w.idx.View(), 210_000)
		rng := rand.New(rand.NewPCG(1, 2))
		const bins = 6
		var said, true, asked [bins]float64
		for range 400_000 {
			v := w.vins.At(uint64(rng.IntN(w.listed)))
			pos := 12 + rng.IntN(6)
			v = v.With(pos, byte('0'+rng.IntN(10)))
			if v.CheckRule() == vin.CheckRequired {
				v = v.With(9, v.ComputeCheckDigit())
			}
			if _, listed := w.idx.View().Lookup(index.VIN(v)); listed {
				continue
			}
			p := c.Exists(v)
			bin := min(int(-math.Log2(p+1e-9)/2), bins-1)
			said[bin] += p
			asked[bin]++
			if _, ok := w.all[v]; ok {
				true[bin]++
			}
		}
		for bin := range bins {
			if asked[bin] < 2000 {
				continue
			}
			// The numbers asked for are of popular models more often than numbers
			// are, so that they exist somewhat more often.
			s, f := said[bin]/asked[bin], true[bin]/asked[bin]
			t.Logf("%s: of %.0f numbers said to exist with %.4f, %.4f do", world.name, asked[bin], s, f)
			if math.Abs(s-f) > 0.1 && (s > 1.5*f || f > 1.5*s) {
				t.Errorf("%s: of %.0f numbers said to exist with %.4f, %.4f do", world.name, asked[bin], s, f)
			}
		}
	}
}

// TestCensusOfFew asks a register of no records, and of one.
func TestCensusOfFew(t *testing.T) {
	v := vin.MustParse("1HGCM82633A004352")
	for n, records := range [][]index.Record{nil, {{Owner: "DE", ID: "1", VIN: v}}, {{Owner: "DE", ID: "1"}}} {
		idx, err := index.Build(t.Context(), index.Options{}, index.Records(records...))
		if err != nil {
			t.Fatal(err)
		}
		c := match.NewCensus(idx.View(), 1e9)
		sibling, _ := siblingVIN(v)
		for _, u := range []vin.VIN{v, sibling, v.With(9, '4'), vin.MustParse("WVWZZZ1JZ3W386752")} {
			if p := c.Exists(u); !(p >= 0 && p <= 1) {
				t.Errorf("%d records: %v exists with %v", n, u.Masked(), p)
			}
		}
		if n == 1 {
			if p, q := c.Exists(sibling), c.Exists(v.With(9, '4')); p < 0.3 || q > p/100 || c.Exists(v) != 0 {
				t.Errorf("a sibling exists with %v, a number with another check digit with %v", p, q)
			}
		}
		idx.Close()
	}
}

// TestMisreadAs compares the sum over all vehicles that may be misread as one
// with the same sum one by one.
func TestMisreadAs(t *testing.T) {
	if testing.Short() {
		t.Skip("a large register, one by one")
	}
	w := newDeclaredWorld(t, vintest.NewPopulation(23, vintest.DefaultMix).Shuffled(210_000), 10_000, 200_000)
	c := match.NewCensus(w.idx.View(), 210_000)
	for i := range 300 {
		v := w.vins.At(uint64(i))
		if i%2 == 0 {
			v = v.With(1+i%17, "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"[i%33])
		}
		for _, ch := range []match.Channel{match.Typed, match.Camera} {
			fast, slow := c.Misread(ch, v)
			// The sum holds what comes of two errors too, and takes heads that are
			// not listed to be as rare as their first symbols say.
			if fast < 0.9*slow-1e-6 || fast > 1.1*slow+0.3*slow+1e-3 {
				t.Errorf("%v, vehicle %d: %v, one by one %v", ch, i, fast, slow)
			}
		}
	}
}
