package bench

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var size = flag.Int("size", 1_000_000, "VINs in the largest register, 20000000 to be far beyond any cache")

// asked is how many different numbers a benchmark asks for in turn: far more
// than any branch predictor or cache can learn.
const asked = 1 << 19

// A register is N listed VINs, the index of them, and numbers to ask.
type register struct {
	listed, hits, misses []vin.VIN
	idx                  *index.Index
}

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
	world := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(uint64(n + asked))
	r := &register{
		listed: make([]vin.VIN, n),
		hits:   make([]vin.VIN, asked),
		misses: make([]vin.VIN, asked),
	}
	for i := range r.listed {
		r.listed[i] = world.At(uint64(i))
	}
	for i := range r.hits {
		// A stride that shares no factor with n visits the listed ones in an
		// order of its own.
		r.hits[i] = r.listed[uint64(i)*1_000_003%uint64(n)]
		r.misses[i] = world.At(uint64(n + i))
	}
	idx, err := index.Build(context.Background(), index.Options{}, records(r.listed))
	if err != nil {
		tb.Fatal(err)
	}
	r.idx = idx
	registers.bySize[n] = r
	return r
}

// The hits are listed and the misses are not, or the benchmarks would measure
// something else.
func TestRegister(t *testing.T) {
	r := makeRegister(t, 10_000)
	view := r.idx.View()
	for i := range asked {
		if _, ok := view.Lookup(index.VIN(r.hits[i])); !ok {
			t.Fatalf("hit %d is not listed", i)
		}
		if _, ok := view.Lookup(index.VIN(r.misses[i])); ok {
			t.Fatalf("miss %d is listed", i)
		}
	}
}

func records(vins []vin.VIN) iter.Seq2[index.Record, error] {
	return func(yield func(index.Record, error) bool) {
		var id []byte
		for i, v := range vins {
			id = strconv.AppendInt(id[:0], int64(i), 36)
			r := index.Record{Owner: "FR", ID: string(id), Version: 1, VIN: v, Type: index.Car, Status: index.Stolen}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// sizes from resident in the second-level cache up to -size.
func sizes() []int {
	s := []int{10_000}
	if *size > 1_000_000 {
		s = append(s, 1_000_000)
	}
	return append(s, *size)
}

// A turn asks n queries from the first on and returns the hits.
type turn func(first, n int) int

// versus has ours and the rival ask all queries in turns, and reports the median
// time a query of both and the ratio of the medians. A round is long enough that
// each works in the caches that it has filled itself.
func versus(b *testing.B, want int, ours, rival turn) {
	var took, rivalTook []time.Duration
	for b.Loop() {
		start := time.Now()
		hits := ours(0, asked)
		middle := time.Now()
		rivalHits := rival(0, asked)
		rivalTook = append(rivalTook, time.Since(middle))
		took = append(took, middle.Sub(start))
		if hits != want || rivalHits != want {
			b.Fatalf("%d hits, the map %d, want %d", hits, rivalHits, want)
		}
	}
	m, rivalM := median(took), median(rivalTook)
	b.ReportMetric(0, "ns/op") // of both together: means nothing
	b.ReportMetric(m/asked, "ns/query")
	b.ReportMetric(rivalM/asked, "ns/map-query")
	b.ReportMetric(rivalM/m, "x-map")
}

// median returns the middle of some durations in nanoseconds.
func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Nanoseconds())
}

// BenchmarkLookup asks the index and the built-in map for the same numbers.
func BenchmarkLookup(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			r := makeRegister(b, n)
			view := r.idx.View()
			rival := make(map[[vin.Len]byte]uint32, n)
			for i, v := range r.listed {
				rival[v.Bytes()] = uint32(i)
			}
			for _, q := range []struct {
				name string
				vins []vin.VIN
				want int
			}{{"miss", r.misses, 0}, {"hit", r.hits, asked}} {
				keys := make([]index.Key, asked)
				texts := make([][vin.Len]byte, asked)
				for i, v := range q.vins {
					keys[i] = index.VIN(v)
					texts[i] = v.Bytes()
				}
				rows := make([]index.Row, asked)
				inMap := func(first, n int) int {
					hits := 0
					// By index: ranging over values would copy each key and
					// make the map four times slower.
					for i := first; i < first+n; i++ {
						row, ok := rival[texts[i]]
						if ok {
							hits++
						}
						rows[i] = index.Row(row)
					}
					return hits
				}
				b.Run("batch/"+q.name, func(b *testing.B) {
					versus(b, q.want, func(first, n int) int {
						return view.LookupBatch(rows[first:first+n], keys[first:first+n])
					}, inMap)
				})
				b.Run("single/"+q.name, func(b *testing.B) {
					versus(b, q.want, func(first, n int) int {
						hits := 0
						for i := first; i < first+n; i++ {
							row, ok := view.Lookup(keys[i])
							if ok {
								hits++
							}
							rows[i] = row
						}
						return hits
					}, inMap)
				})
			}
		})
	}
}

// texts are numbers as they come in.
var texts = sync.OnceValue(func() []string {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	s := make([]string, 1<<14)
	for i := range s {
		s[i] = p.Next().String()
	}
	return s
})

func BenchmarkParse(b *testing.B) {
	s := texts()
	i := 0
	for b.Loop() {
		v, err := vin.Parse(s[i&(len(s)-1)])
		if err != nil || !v.IsValid() {
			b.Fatal("a legal number is refused")
		}
		i++
	}
}

// BenchmarkParseRegexp is what a service without this library would write.
func BenchmarkParseRegexp(b *testing.B) {
	re := regexp.MustCompile(`^[A-HJ-NPR-Z0-9]{17}$`)
	s := texts()
	i := 0
	for b.Loop() {
		if !re.MatchString(s[i&(len(s)-1)]) {
			b.Fatal("a legal number is refused")
		}
		i++
	}
}

func BenchmarkParseBatch(b *testing.B) {
	s := texts()
	dst := make([]vin.VIN, len(s))
	for b.Loop() {
		if vin.ParseBatch(dst, s) != len(s) {
			b.Fatal("a legal number is refused")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(s)), "ns/VIN")
}

func BenchmarkDecode(b *testing.B) {
	vins := make([]vin.VIN, len(texts()))
	vin.ParseBatch(vins, texts())
	i := 0
	for b.Loop() {
		if vins[i&(len(vins)-1)].Decode().WMI == (vin.Code{}) {
			b.Fatal("a number without a maker's code")
		}
		i++
	}
}

// BenchmarkBuild makes the index from records.
func BenchmarkBuild(b *testing.B) {
	r := makeRegister(b, *size)
	for b.Loop() {
		if _, err := index.Build(context.Background(), index.Options{}, records(r.listed)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(r.listed))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
