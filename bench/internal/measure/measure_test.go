package measure

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every side has its turn in every round, and none always the same before it.
func TestRoundsInterleave(t *testing.T) {
	var order []byte
	side := func(name byte) Side {
		return Side{Name: string(name), Ops: 10, Turn: func() error { order = append(order, name); return nil }}
	}
	times, err := Rounds(Limits{Min: 3, Max: 3}, side('a'), side('b'), side('c'))
	if err != nil {
		t.Fatal(err)
	}
	if want := "abcbcacababc"; string(order) != want {
		t.Errorf("order %s, want %s", order, want)
	}
	for i, x := range times {
		if len(x.Rounds) != 3 || x.Samples != 30 {
			t.Errorf("side %d: %d rounds, %d samples", i, len(x.Rounds), x.Samples)
		}
	}
}

func TestRoundsWithinBudget(t *testing.T) {
	turns := 0
	if _, err := Rounds(Limits{Min: 2, Max: 1 << 30, Budget: 1}, Side{Ops: 1, Turn: func() error { turns++; return nil }}); err != nil {
		t.Fatal(err)
	}
	if turns != 3 { // one that does not count
		t.Errorf("%d turns on no budget, want 3", turns)
	}
}

func TestRoundsEach(t *testing.T) {
	round := 0
	times, err := Rounds(Limits{Min: 2, Max: 2}, Side{Ops: 4, Each: func(h *Histogram) error {
		for i := range 4 {
			h.Add(time.Duration(100*round + i))
		}
		round++
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	x := times[0]
	if x.Samples != 8 || x.All.Count() != 8 || x.All.Max() != 203 {
		t.Errorf("%d samples, the greatest %v", x.Samples, x.All.Max())
	}
	if got := x.Quantiles(0.5); !slices.Equal(got, []float64{102, 202}) {
		t.Errorf("medians of rounds %v", got)
	}
}

func TestRoundsReturnErrors(t *testing.T) {
	bad := errors.New("not the right answer")
	for _, s := range []Side{
		{Ops: 1, Turn: func() error { return bad }},
		{Ops: 1, Each: func(*Histogram) error { return bad }},
	} {
		if _, err := Rounds(Limits{Min: 1}, s); !errors.Is(err, bad) {
			t.Errorf("error %v", err)
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 2, 3}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		{[]float64{7}, 0.9, 7},
		{[]float64{1, 2}, 1, 2},
	} {
		if got := Quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %v of %v is %v, want %v", c.q, c.values, got, c.want)
		}
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("nothing has a median")
	}
	if got := Spread([]float64{8, 9, 10, 11, 12}); got != 0.1 {
		t.Errorf("spread %v, want 0.1", got)
	}
	if Spread([]float64{5}) != 0 || Spread([]float64{0, 0}) != 0 {
		t.Error("a spread of nothing")
	}
}

// The histogram agrees with the sorted values to one in 128.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h, other Histogram
	var values []float64
	for i := range 20_000 {
		d := time.Duration(math.Exp(rng.Float64() * 25)) // up to a minute
		if i%2 == 0 {
			h.Add(d)
		} else {
			other.Add(d)
		}
		values = append(values, float64(d))
	}
	h.Merge(&other)
	slices.Sort(values)
	if h.Count() != len(values) || float64(h.Max()) != values[len(values)-1] {
		t.Errorf("%d durations, the greatest %v", h.Count(), h.Max())
	}
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[min(int(q*float64(len(values))), len(values)-1)]
		if got := h.Quantile(q); math.Abs(got-want) > want/128 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	curve := h.Curve()
	if first, last := curve[0], curve[len(curve)-1]; first[0] != 0 || last[0] < 0.9999 {
		t.Errorf("the curve goes from %v to %v", first, last)
	}
	for i := 1; i < len(curve); i++ {
		if curve[i][0] <= curve[i-1][0] || curve[i][1] < curve[i-1][1] {
			t.Errorf("the curve goes from %v to %v", curve[i-1], curve[i])
		}
	}
}

func TestHistogramEnds(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Curve() != nil {
		t.Error("an empty histogram has durations")
	}
	h.Add(-time.Second)
	h.Add(math.MaxInt64)
	if h.Quantile(0) != 0 || h.Quantile(1) != math.MaxInt64 {
		t.Errorf("from %v to %v", h.Quantile(0), h.Quantile(1))
	}
	for ns := uint64(0); ns < 1<<20; ns++ {
		if got := middle(bucket(ns)); math.Abs(got-float64(ns)) > float64(ns)/128 {
			t.Fatalf("%d ns are counted as %v", ns, got)
		}
	}
}
