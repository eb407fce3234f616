package vintest_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A million vehicles are enough for the shares to settle within a tenth of a
// per cent, and more than three epochs.
const sample = 1 << 20

func sampleOf(p *vintest.Population) []vin.VIN {
	vs := make([]vin.VIN, sample)
	for i := range vs {
		vs[i] = p.At(uint64(i))
	}
	return vs
}

func near(t *testing.T, what string, got int, of int, want, tolerance float64) {
	t.Helper()
	if share := float64(got) / float64(of); math.Abs(share-want) > tolerance {
		t.Errorf("%s: share %.4f, want %.4f within %.4f", what, share, want, tolerance)
	}
}

func TestPopulationShares(t *testing.T) {
	vs := sampleOf(vintest.NewPopulation(1, vintest.DefaultMix))
	prefixes := vintest.Prefixes()
	if len(prefixes) != 62177 {
		t.Fatalf("%d prefixes, want 62177", len(prefixes))
	}

	var check, us, chinese, small, zzz, tail, zeroYear int
	popular := make(map[string]int)
	seen := make(map[vin.VIN]bool, len(vs))
	for _, v := range vs {
		s := v.String()
		if len(s) != vin.Len {
			t.Fatal("not a VIN")
		}
		seen[v] = true
		if v.CheckDigitOK() {
			check++
		}
		if strings.ContainsAny(s[11:], "ABCDEFGHJKLMNPRSTUVWXYZ") {
			tail++
		}
		if s[9] == '0' {
			zeroYear++
		}
		switch prefix := s[:8] + s[9:10]; {
		case v.CheckDigitOK() && prefixes[prefix]:
			us++
			popular[prefix]++
		case s[2] == '9' && s[:3] != "6U9" && s[0] != 'L':
			small++
		case s[0] == 'L':
			chinese++
		case s[3:6] == "ZZZ":
			zzz++
		}
	}
	if len(seen) != len(vs) {
		t.Errorf("%d of %d VINs are distinct", len(seen), len(vs))
	}
	near(t, "with a check digit", check, len(vs), 0.5, 0.001)
	near(t, "US market", us, len(vs), 0.45, 0.001)
	near(t, "small makers", small, len(vs), 0.06, 0.001)
	near(t, "Chinese", chinese, len(vs), 0.04, 0.001)
	near(t, "a letter among the last six", tail, len(vs), 0.25, 0.05)
	near(t, "ZZZ at 4 to 6", zzz, len(vs), 0.04, 0.02)
	near(t, "no year code at 10", zeroYear, len(vs), 0.15, 0.05)

	// Zipf-like: a few prefixes have much of the market, most have little.
	counts := make([]int, 0, len(popular))
	for _, n := range popular {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	top := 0
	for _, n := range counts[:len(prefixes)/100] {
		top += n
	}
	near(t, "US market held by the top hundredth of prefixes", top, us, 0.25, 0.10)
	if len(counts) < len(prefixes)/10 {
		t.Errorf("%d of %d prefixes occur in a million vehicles", len(counts), len(prefixes))
	}
}

// Serials are dense: a vehicle has siblings with the next serials, in a sample
// as in the world.
func TestPopulationSiblings(t *testing.T) {
	vs := sampleOf(vintest.NewPopulation(1, vintest.DefaultMix))
	// A number without its check digit, which every serial has of its own.
	type car struct{ head, tail uint64 }
	const checkDigit = 63 << (6 * (vin.Len - 9))
	key := func(v vin.VIN) car {
		hi, lo := v.Words()
		if v.CheckDigitOK() {
			lo &^= checkDigit
		}
		return car{hi, lo}
	}
	cars := make(map[car]bool, len(vs))
	for _, v := range vs {
		cars[key(v)] = true
	}
	siblings, of := 0, 0
	for c := range cars {
		if c.tail&63 == '9'-0x2f { // the next serial would take a carry
			continue
		}
		of++
		c.tail++
		if cars[c] {
			siblings++
		}
	}
	// A run of 64 loses one in 64, and each line's last run is under way.
	near(t, "vehicles whose next serial exists", siblings, of, 0.9, 0.1)

	// Yet no serial is in everybody's number: the ranges differ.
	tails := make(map[uint64]int)
	most := 0
	for _, v := range vs {
		_, lo := v.Words()
		lastSix := lo & (1<<(6*6) - 1)
		tails[lastSix]++
		most = max(most, tails[lastSix])
	}
	if most > 64 || len(tails) < len(vs)/3 {
		t.Errorf("%d last sixes in %d vehicles, one of them in %d", len(tails), len(vs), most)
	}
}

func TestPopulationMix(t *testing.T) {
	only := map[string]vintest.Mix{
		"US market": {USMarket: 1}, "European": {European: 2},
		"Chinese": {Chinese: 1e-9}, "small makers": {SmallMakers: 1e9},
	}
	for name, mix := range only {
		p := vintest.NewPopulation(7, mix)
		if p.Len() < 50e6 {
			t.Errorf("%s: %d vehicles, too few for a benchmark", name, p.Len())
		}
		seen := make(map[vin.VIN]bool)
		check := 0
		// Ends of the world too, where serials run out.
		for i := range uint64(50_000) {
			for _, v := range []vin.VIN{p.At(i), p.At(p.Len() - 1 - i)} {
				seen[v] = true
				if v.CheckDigitOK() {
					check++
				}
			}
		}
		if len(seen) != 100_000 {
			t.Errorf("%s: %d of 100000 VINs are distinct", name, len(seen))
		}
		want := map[string]float64{"US market": 1, "European": 0, "Chinese": 1, "small makers": 1. / 6}[name]
		near(t, name+" with a check digit", check, 100_000, want, 0.01)
	}
	for seed := range uint64(20) {
		if n := vintest.NewPopulation(seed, vintest.DefaultMix).Len(); n != 1<<30 {
			t.Errorf("seed %d: %d vehicles, want 1<<30", seed, n)
		}
	}
	if got, want := vintest.NewPopulation(3, vintest.Mix{}).At(9), vintest.NewPopulation(3, vintest.DefaultMix).At(9); got != want {
		t.Error("the zero Mix is not DefaultMix")
	}
	for _, mix := range []vintest.Mix{{USMarket: -1}, {European: math.NaN()}, {Chinese: math.Inf(1)}} {
		mustPanic(t, fmt.Sprint(mix), func() { vintest.NewPopulation(1, mix) })
	}
}

// Equal seeds give equal populations everywhere and for ever; the hash was
// computed once on amd64.
func TestPopulationGolden(t *testing.T) {
	h := fnv.New64a()
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	for range 10_000 {
		fmt.Fprintln(h, p.Next())
	}
	s := p.Shuffled(1_000_003)
	for i := range uint64(10_000) {
		fmt.Fprintln(h, s.At(i))
	}
	const want = 0x755c7ada3885e197
	if got := h.Sum64(); got != want {
		t.Errorf("hash %#x, want %#x", got, uint64(want))
	}
	if p.At(0) == vintest.NewPopulation(2, vintest.DefaultMix).At(0) {
		t.Error("seeds 1 and 2 begin alike")
	}
}

func TestPopulationNext(t *testing.T) {
	p := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(3)
	for i := range uint64(7) {
		if got, want := p.Next(), p.At(i%3); got != want {
			t.Fatalf("Next %d is not At(%d)", i, i%3)
		}
	}
}

func TestShuffled(t *testing.T) {
	for n := uint64(1); n <= 70; n++ { // every width of a Feistel network from none on
		seen := make(map[uint64]bool)
		at := vintest.Permute(n, 5)
		for i := range n {
			if j := at(i); j < n {
				seen[j] = true
			}
		}
		if uint64(len(seen)) != n {
			t.Errorf("of %d indices, %d are reached", n, len(seen))
		}
	}

	p := vintest.NewPopulation(1, vintest.DefaultMix)
	const n = 100_003
	want := make(map[vin.VIN]bool, n)
	for i := range uint64(n) {
		want[p.At(i)] = true
	}
	s := p.Shuffled(n).Shuffled(n)
	if s.Len() != n {
		t.Errorf("Len %d, want %d", s.Len(), n)
	}
	moved := 0
	for i := range uint64(n) {
		v := s.At(i)
		if !want[v] {
			t.Fatalf("vehicle %d is not among the first %d, or twice", i, n)
		}
		delete(want, v)
		if v != p.At(i) {
			moved++
		}
	}
	if moved < n-100 {
		t.Errorf("%d of %d vehicles moved", moved, n)
	}

	mustPanic(t, "Shuffled(0)", func() { p.Shuffled(0) })
	mustPanic(t, "Shuffled(Len+1)", func() { p.Shuffled(p.Len() + 1) })
	mustPanic(t, "At(Len)", func() { s.At(n) })
}

// Every shape fits the example that it is taken from.
func TestShapes(t *testing.T) {
	for pattern, examples := range vintest.Shapes() {
		for _, example := range examples {
			v, err := vin.Parse(example)
			if err != nil {
				t.Errorf("%s: %v", pattern, err)
				continue
			}
			for i := range pattern {
				c := v.At(i + 1)
				digit := '0' <= c && c <= '9'
				ok := true
				switch pattern[i] {
				case 'a', 'l':
					ok = !digit
				case 'n', 's':
					ok = digit
				case 'y': // 0, U and Z are no year codes
					ok = strings.IndexByte("0UZ", c) < 0
				case 'c':
					ok = v.CheckDigitOK()
				case '.', 'd', 'p':
				default:
					ok = c == pattern[i]
				}
				if !ok {
					t.Errorf("%s: position %d of the example is %q", pattern, i+1, c)
				}
			}
		}
	}
}

func TestPopulationAllocs(t *testing.T) {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	s := p.Shuffled(1000)
	if n := testing.AllocsPerRun(1000, func() { p.Next(); s.Next() }); n != 0 {
		t.Errorf("Next allocates %v times", n)
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

func BenchmarkPopulation(b *testing.B) {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	for name, p := range map[string]*vintest.Population{"ordered": p, "shuffled": p.Shuffled(40e6)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Next()
			}
		})
	}
}
