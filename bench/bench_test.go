package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

var size = report.Number(1_000_000)

func init() {
	flag.Var(&size, "size", "`records` in the largest register, 20M to be far beyond any cache")
}

// asked is how many different numbers a turn asks for.
var asked = fullPlan.asked

// registers are made once a size.
var registers = struct {
	sync.Mutex
	bySize map[int]*register
}{bySize: map[int]*register{}}

func makeRegister(tb testing.TB, n int) *register {
	tb.Helper()
	registers.Lock()
	defer registers.Unlock()
	if r := registers.bySize[n]; r != nil {
		return r
	}
	r := &register{world: workload.New(1, n)}
	if err := r.build(); err != nil {
		tb.Fatal(err)
	}
	registers.bySize[n] = r
	return r
}

// aRun is a run that reports to nobody, for the sides that need its plan.
func aRun(b *testing.B) *run {
	return &run{plan: fullPlan, ctx: b.Context(), size: int(size)}
}

// contest measures sides in rounds, one a loop, and reports the median of each in
// nanoseconds an operation, under the name of its metric.
func contest(b *testing.B, sides ...measure.Side) {
	c := measure.NewContest(sides...)
	if err := c.Round(false); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := c.Round(true); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op") // of all together: means nothing
	for i, t := range c.Times {
		if t.All == nil {
			b.ReportMetric(measure.Median(t.Rounds), "ns/"+sides[i].Name)
			continue
		}
		b.ReportMetric(t.All.Quantile(0.5), "ns/"+sides[i].Name)
		b.ReportMetric(t.All.Quantile(0.99), "ns/"+sides[i].Name+"-p99")
	}
}

func BenchmarkExact(b *testing.B) {
	for _, n := range []int{10_000, min(1_000_000, int(size)), int(size)} {
		r := makeRegister(b, n)
		for _, kind := range []string{"miss", "hit"} {
			b.Run(fmt.Sprintf("records=%d/%s", n, kind), func(b *testing.B) {
				contest(b, r.exactSides(kind == "hit", asked)...)
			})
		}
		if n == int(size) {
			break
		}
	}
}

func BenchmarkText(b *testing.B)  { contest(b, makeRegister(b, int(size)).textSides(asked)...) }
func BenchmarkPlate(b *testing.B) { contest(b, makeRegister(b, int(size)).plateSides(asked)...) }

func BenchmarkParallel(b *testing.B) {
	contest(b, makeRegister(b, int(size)).parallelSides(asked)...)
}

// BenchmarkCalls looks up in calls of some keys and in one of very many.
func BenchmarkCalls(b *testing.B) { contest(b, makeRegister(b, int(size)).callSides(asked)...) }

// BenchmarkDelta looks up among as many changes as ever wait for compaction.
func BenchmarkDelta(b *testing.B) {
	r := &register{world: workload.New(1, int(size)), m: makeRegister(b, int(size)).m}
	var err error
	if r.idx, err = index.Build(b.Context(), index.Options{CompactAfter: 1 << 30}, r.world.Records()); err != nil {
		b.Fatal(err)
	}
	defer r.idx.Close()
	none := r.idx.View()
	change := r.world.News()
	changes := make([]index.Change, mostChanges(int(size)))
	for i := range changes {
		changes[i] = change(i)
	}
	if _, err := r.idx.Apply(index.Position{}, changes); err != nil {
		b.Fatal(err)
	}
	contest(b, r.deltaSides(none, r.idx.View(), asked)...)
}

func BenchmarkLatency(b *testing.B) {
	r := makeRegister(b, int(size))
	for _, kind := range []string{"miss", "hit"} {
		b.Run(kind, func(b *testing.B) { contest(b, r.latencySides(kind == "hit", asked/4)...) })
	}
}

func BenchmarkFilter(b *testing.B) {
	r := makeRegister(b, int(size))
	byVehicle, _ := r.attributes()
	b.Run("lookup", func(b *testing.B) { contest(b, r.filteredSides(byVehicle, asked)...) })
	b.Run("count", func(b *testing.B) { contest(b, r.countSides(byVehicle)...) })
	b.Run("select", func(b *testing.B) { contest(b, r.selectSides()...) })
}

// BenchmarkSearch asks for numbers that are partly known, a hundred rows at most.
func BenchmarkSearch(b *testing.B) {
	r := makeRegister(b, int(size))
	_, byRow := r.attributes()
	cars := r.idx.View().Select(index.OfType(index.Car))
	for _, f := range workload.Forms {
		b.Run(f.Name, func(b *testing.B) {
			sides, err := aRun(b).searchSides(r, f, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			contest(b, sides...)
		})
		b.Run(f.Name+"/filtered", func(b *testing.B) {
			sides, err := aRun(b).searchSides(r, f, cars, func(place int) bool { return byRow[place].kind == index.Car })
			if err != nil {
				b.Fatal(err)
			}
			contest(b, sides...)
		})
	}
}

// BenchmarkSearchAny asks for patterns of every sort, and reports by how much the
// search is slower than two scans of all VINs: one with the pattern's own matcher, and
// one that looks for words and runs of symbols where it can. Below 1 the search is
// faster. Of every thousand patterns it tells how many take more than 1.3 times as
// long. "All" searches want every row, as the scans find them.
func BenchmarkSearchAny(b *testing.B) {
	r := makeRegister(b, int(size))
	view, all := r.idx.View(), r.scanner()
	patterns := r.world.AnyPatterns(1 << 14)
	scans := []struct {
		name string
		find func(dst []uint32, p *vin.Pattern, limit int) []uint32
	}{
		{"matcher", all.match},
		{"quick", func(dst []uint32, p *vin.Pattern, limit int) []uint32 { return all.find(dst, p, limit, nil) }},
	}
	for _, limit := range []int{index.DefaultLimit, int(size)} {
		name := "limit=100"
		if limit == int(size) {
			name = "all"
		}
		b.Run(name, func(b *testing.B) {
			var rows []index.Row
			var places []uint32
			ratios := make([][]float64, len(scans))
			worst := make([]string, len(scans))
			for i := 0; b.Loop(); i++ {
				p := patterns[i%len(patterns)]
				took, scanTook := time.Hour, [2]time.Duration{time.Hour, time.Hour}
				for range 3 {
					start := time.Now()
					rows, _, _ = view.AppendSearch(b.Context(), rows[:0], p, nil, limit)
					took = min(took, time.Since(start))
					for s := range scans {
						start := time.Now()
						places = scans[s].find(places[:0], &p, limit)
						scanTook[s] = min(scanTook[s], time.Since(start))
						if len(rows) != len(places) {
							b.Fatalf("%v: %d rows, the scan has %d", p, len(rows), len(places))
						}
					}
				}
				for s := range scans {
					ratio := took.Seconds() / scanTook[s].Seconds()
					if len(ratios[s]) == 0 || ratio > slices.Max(ratios[s]) {
						worst[s] = fmt.Sprintf("%v, %v for %d rows", p, took, len(rows))
					}
					ratios[s] = append(ratios[s], ratio)
				}
			}
			b.ReportMetric(0, "ns/op")
			for s, scan := range scans {
				slices.Sort(ratios[s])
				at, _ := slices.BinarySearch(ratios[s], 1.3)
				b.Logf("%s scan, worst: %s", scan.name, worst[s])
				b.ReportMetric(ratios[s][len(ratios[s])/2], "x-"+scan.name)
				b.ReportMetric(ratios[s][len(ratios[s])-1], "x-"+scan.name+"-worst")
				b.ReportMetric(1000*float64(len(ratios[s])-at)/float64(len(ratios[s])), "in-1000-"+scan.name)
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	r := makeRegister(b, int(size))
	b.Run("query", func(b *testing.B) {
		sides, err := aRun(b).matchSides(r, asked/64)
		if err != nil {
			b.Fatal(err)
		}
		contest(b, sides...)
	})
	b.Run("screen", func(b *testing.B) { contest(b, aRun(b).screenSides(r, asked/64)...) })
}

// BenchmarkNear answers misread VINs with all numbers that one error leads to, or
// two, and asks the map for the same numbers.
func BenchmarkNear(b *testing.B) {
	r := makeRegister(b, int(size))
	b.Run("clean", func(b *testing.B) { contest(b, aRun(b).cleanSides(r, asked/8)...) })
	m, sets, err := aRun(b).nearSets(r)
	if err != nil {
		b.Fatal(err)
	}
	for i := range sets {
		b.Run(sets[i].name, func(b *testing.B) { contest(b, aRun(b).nearSides(r, m, &sets[i])...) })
	}
}

// BenchmarkMixed reads while changes come, and while garbage is collected.
func BenchmarkMixed(b *testing.B) {
	r := &register{world: workload.New(1, int(size))}
	if err := r.build(); err != nil {
		b.Fatal(err)
	}
	defer r.idx.Close()
	s := newService(r, fullPlan.serve, asked)
	contest(b, s.sides()...)
	for name, rates := range s.rates {
		b.ReportMetric(measure.Median(rates), name+"/s")
	}
	b.ReportMetric(s.pauses.All.Quantile(0.99), "ns/pause-p99")
}

// BenchmarkBuild makes the index and the map, and tells the memory of both.
func BenchmarkBuild(b *testing.B) {
	r := &register{world: workload.New(1, int(size))}
	contest(b, r.buildSides(context.Background())...)
	st := r.idx.Stats()
	b.ReportMetric(float64(st.Memory.Total())/float64(st.Records), "B/record")
	b.ReportMetric(float64(st.Memory.Keys+st.Memory.Table)/float64(st.Keys), "B/number")
	r.idx.Close()
}

func BenchmarkFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.vmx")
	contest(b, makeRegister(b, int(size)).fileSides(path)...)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(size), "B/record")
}

func BenchmarkParse(b *testing.B) { contest(b, parseSides(workload.New(1, 100_000), asked/16)...) }

func BenchmarkParsePlate(b *testing.B) {
	contest(b, plateParseSides(workload.New(1, 100_000), asked/16)...)
}

// BenchmarkParseRegexp is what a service without this library would write.
func BenchmarkParseRegexp(b *testing.B) {
	re := regexp.MustCompile(`^[A-HJ-NPR-Z0-9]{17}$`)
	vins, _ := workload.New(1, 100_000).VINs(1<<14, 0.5)
	texts := make([]string, len(vins))
	for i, v := range vins {
		texts[i] = v.String()
	}
	contest(b,
		measure.Side{Name: "regexp", Ops: len(texts), Turn: func() error {
			for i := range texts {
				if !re.MatchString(texts[i]) {
					return fmt.Errorf("text %d is refused", i)
				}
			}
			return nil
		}},
		measure.Side{Name: "parse", Ops: len(texts), Turn: func() error {
			for i := range texts {
				if _, err := vin.Parse(texts[i]); err != nil {
					return err
				}
			}
			return nil
		}})
}

// BenchmarkYear replays a year of INTERPOL's searches: 280 million numbers, of
// which 0.09 % hit, against 7.2 million records, from as many goroutines as
// there are processors. It takes no -size.
func BenchmarkYear(b *testing.B) {
	const (
		records  = 7_200_000
		searches = 280_000_000
		hitRate  = 0.0009
	)
	if testing.Short() {
		b.Skip("builds a register of 7.2 million")
	}
	r := makeRegister(b, records)
	view := r.idx.View()
	vins, _ := r.world.VINs(asked, hitRate)
	keys := keysOf(vins)
	workers := runtime.GOMAXPROCS(0)
	for b.Loop() {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				const step = 1 << 12
				rows := make([]index.Row, step)
				at := w * len(keys) / workers / step * step
				for done := 0; done < searches/workers; done += step {
					view.LookupBatch(rows, keys[at:at+step])
					at = (at + step) % len(keys)
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/year")
}
