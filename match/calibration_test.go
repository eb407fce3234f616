package match_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/invariants"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A noise reads a VIN, wrongly in a share of cases that it knows.
type noise func(*rand.Rand, string) string

// A declaredWorld is one in which every figure that a probability needs is known:
// so many vehicles listed and unlisted, of the same makers and serial ranges.
type declaredWorld struct {
	listed, unlisted int
	vins             population
	idx              *index.Index
	all              map[vin.VIN]struct{}
}

// A population is all vehicles of a world in random order.
type population interface{ At(i uint64) vin.VIN }

func newDeclaredWorld(tb testing.TB, vins population, listed, unlisted int) *declaredWorld {
	w := &declaredWorld{vins: vins, listed: listed, unlisted: unlisted}
	records := func(yield func(index.Record, error) bool) {
		for i := range listed {
			if !yield(index.Record{Owner: "DE", ID: fmt.Sprint(i), VIN: w.vins.At(uint64(i))}, nil) {
				return
			}
		}
	}
	idx, err := index.Build(context.Background(), index.Options{}, records)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { idx.Close() })
	w.idx = idx
	w.all = make(map[vin.VIN]struct{}, listed+unlisted)
	for i := range listed + unlisted {
		w.all[w.vins.At(uint64(i))] = struct{}{}
	}
	return w
}

// A calibration is what findings claimed and what was true of them.
type calibration struct {
	claims        []claimed
	sharp, single int // one-error reads of listed check-digit cars, those that reach 0.9
}

type claimed struct {
	p    float64
	true bool
}

// run asks about vehicles that are listed at the given rate.
func (w *declaredWorld) run(t *testing.T, m *match.Matcher, seed uint64, queries int, h float64, channel match.Channel, read noise) *calibration {
	c := &calibration{}
	rng := rand.New(rand.NewPCG(seed, 1))
	truth := make([]vin.VIN, 0, queries)
	isListed := make([]bool, 0, queries)
	ask := func(yield func(match.Query) bool) {
		for range queries {
			listed := rng.Float64() < h
			i := rng.IntN(w.listed)
			if !listed {
				i = w.listed + rng.IntN(w.unlisted)
			}
			v := w.vins.At(uint64(i))
			truth, isListed = append(truth, v), append(isListed, listed)
			text := read(rng, v.String())
			if !yield(match.Query{Channel: channel, Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}}}) {
				return
			}
		}
	}
	n := 0
	for q, r := range m.Screen(t.Context(), ask, 0) {
		v, text := truth[n], q.Reads[0].Text
		best, total := 0.0, 0.0
		seen := map[vin.VIN]bool{}
		for _, f := range r.Findings {
			if seen[f.Record.VIN] {
				continue
			}
			seen[f.Record.VIN] = true
			total += f.Probability
			hit := isListed[n] && f.Record.VIN == v
			if f.Probability > 0.01 {
				c.claims = append(c.claims, claimed{f.Probability, hit})
			}
			if hit {
				best = f.Probability
			}
		}
		if total > 1+1e-9 {
			t.Fatalf("the vehicles of an answer have %v together", total)
		}
		if isListed[n] && v.CheckRule() == vin.CheckRequired && v.CheckDigitOK() && w.alone(v.String(), text) {
			c.single++
			if best >= 0.9 {
				c.sharp++
			}
		}
		n++
	}
	return c
}

// alone reports whether a read has one error and no other vehicle of the world
// differs from it in one symbol.
func (w *declaredWorld) alone(truth, text string) bool {
	if len(text) != len(truth) {
		return false
	}
	d := 0
	for i := range text {
		if text[i] != truth[i] {
			d++
		}
	}
	return d == 1 && !w.crowded(truth, text)
}

// ece returns the expected calibration error in ten bins of equal counts, and
// the log loss beside that of predicting base for everything.
func (c *calibration) ece(base float64) (ece, loss, baseLoss float64) {
	s := slices.Clone(c.claims)
	slices.SortFunc(s, func(a, b claimed) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		}
		return 0
	})
	const bins = 10
	for b := range bins {
		bin := s[b*len(s)/bins : (b+1)*len(s)/bins]
		sum, hits := 0.0, 0.0
		for _, x := range bin {
			sum += x.p
			y := 0.0
			if x.true {
				y = 1
			}
			hits += y
			p := min(max(x.p, 1e-9), 1-1e-9)
			loss -= y*math.Log(p) + (1-y)*math.Log(1-p)
			baseLoss -= y*math.Log(base) + (1-y)*math.Log(1-base)
		}
		ece += math.Abs(sum-hits) / float64(len(s))
	}
	return ece, loss / float64(len(s)), baseLoss / float64(len(s))
}

// bins is the reliability diagram in text.
func (c *calibration) bins() (lines []string) {
	s := slices.Clone(c.claims)
	slices.SortFunc(s, func(a, b claimed) int {
		if a.p < b.p {
			return -1
		}
		return 1
	})
	for b := range 10 {
		bin := s[b*len(s)/10 : (b+1)*len(s)/10]
		sum, hits := 0.0, 0.0
		for _, x := range bin {
			sum += x.p
			if x.true {
				hits++
			}
		}
		lines = append(lines, fmt.Sprintf("%.3f:%.3f", sum/float64(len(bin)), hits/float64(len(bin))))
	}
	return lines
}

// crowded reports whether another vehicle of the world is one symbol from a read.
func (w *declaredWorld) crowded(truth, text string) bool {
	for i := range text {
		for _, c := range []byte(vinAlphabet) {
			b := []byte(text)
			b[i] = c
			if v, err := vin.Parse(string(b)); err == nil && v.String() != truth {
				if _, ok := w.all[v]; ok {
					return true
				}
			}
		}
	}
	return false
}

// throughReader is the noise of a channel of the test kit.
func throughReader(c vintest.Channel, share float64) noise {
	r := vintest.NewReader(7, c, share)
	return func(_ *rand.Rand, s string) string {
		text, _ := r.Read(s)
		return text
	}
}

// TestCalibration holds findings to what their probabilities claim, in worlds of
// two kinds, under the noise of the test kit and under noise that the error model
// does not know. With -calibration N it also asks N queries at a hit rate of
// 0.001, of which 1,500,000 give the findings that it takes to tell.
func TestCalibration(t *testing.T) {
	if testing.Short() || invariants.Enabled {
		t.Skip("takes half a minute under the race detector")
	}
	const e = 0.05 // the share of wrong reads: what is customary of cameras
	for _, world := range []struct {
		name string
		vins population
	}{
		{"makers", vintest.NewPopulation(11, vintest.DefaultMix).Shuffled(420_000)},
		{"ranges", newRanges(12, 420_000)},
	} {
		w := newDeclaredWorld(t, world.vins, 20_000, 400_000)
		for _, n := range []struct {
			name  string
			as    match.Channel
			read  func(share float64) noise
			worst float64 // expected calibration error
		}{
			{"typed", match.Typed, func(e float64) noise { return throughReader(vintest.Typed, e) }, 0.05},
			{"camera", match.Camera, func(e float64) noise { return throughReader(vintest.Camera, e) }, 0.05},
			{"any symbol", match.Camera, anySymbol, 0.05},
			{"any digit", match.Typed, anyDigit, 0.1},
			{"worn", match.Camera, worn, 0.1},
			{"off by one", match.Typed, offByOne, 0.05},
			{"keyboard", match.Typed, keyboard, 0.1},
		} {
			for _, h := range []float64{0.001, 0.05, 0.5} {
				queries := map[float64]int{0.001: *calibrationQueries, 0.05: 40_000, 0.5: 5_000}[h]
				if queries == 0 {
					continue
				}
				m := match.New(w.idx, match.Options{
					HitRate: h, Vehicles: float64(w.listed + w.unlisted),
					Misread: map[match.Channel]float64{n.as: e},
				})
				got := w.run(t, m, 5, queries, h, n.as, n.read(e))
				ece, loss, base := got.ece(h)
				t.Logf("%s, %s, h %v: %d findings, ECE %.4f, log loss %.4f (base %.4f), 0.9 reached by %d of %d\n%v",
					world.name, n.name, h, len(got.claims), ece, loss, base, got.sharp, got.single, got.bins())
				if ece > n.worst || loss >= base {
					t.Errorf("%s, %s, h %v: expected calibration error %.4f, log loss %.4f (base %.4f)", world.name, n.name, h, ece, loss, base)
				}
				if h == 0.5 && 10*got.sharp < 6*got.single {
					t.Errorf("%s, %s: %d of %d lone misread cars reach 0.9", world.name, n.name, got.sharp, got.single)
				}
			}
		}
	}
}

var calibrationQueries = flag.Int("calibration", 0, "queries of TestCalibration at the lowest hit rate")
