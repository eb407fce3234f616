package bench

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// BenchmarkFloor compares batches with what the memory allows: as many reads of
// 64-byte lines, none of which waits for another, from an array as large as the
// tags for misses, and as the tags, positions and keys for hits. x-floor is how
// many times longer the lookup took.
func BenchmarkFloor(b *testing.B) {
	const (
		keysPerGroup = 10.5 // as package tagtable fills its groups
		tagBytes     = 16 / keysPerGroup
		slotBytes    = 64 / keysPerGroup
		keyBytes     = 16
	)
	r := makeRegister(b, *size)
	view := r.idx.View()
	for _, c := range []struct {
		name  string
		vins  []vin.VIN
		want  int
		bytes []float64 // a key, of each array that is read
	}{
		{"miss", r.misses, 0, []float64{tagBytes}},
		{"hit", r.hits, asked, []float64{tagBytes, slotBytes, keyBytes}},
	} {
		b.Run(c.name, func(b *testing.B) {
			keys := keysOf(c.vins)
			rows := make([]index.Row, asked)
			var arrays [][][8]uint64
			for _, bytes := range c.bytes {
				a := hugepage.Make[[8]uint64](int(bytes*float64(*size))/64 + 1)
				for i := range a {
					a[i][0] = uint64(i)
				}
				arrays = append(arrays, a)
			}
			var took, floor []time.Duration
			var sum uint64
			for b.Loop() {
				start := time.Now()
				hits := view.LookupBatch(rows, keys)
				middle := time.Now()
				for _, a := range arrays {
					x := uint64(12345)
					for range asked {
						x = x*6364136223846793005 + 1442695040888963407
						sum += a[(x>>32)*uint64(len(a))>>32][0]
					}
				}
				floor = append(floor, time.Since(middle))
				took = append(took, middle.Sub(start))
				if hits != c.want {
					b.Fatalf("%d hits, want %d", hits, c.want)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(took)/asked, "ns/query")
			b.ReportMetric(median(floor)/asked, "ns/floor")
			b.ReportMetric(median(took)/median(floor), "x-floor")
			runtime.KeepAlive(sum)
		})
	}
}

func keysOf(vins []vin.VIN) []index.Key {
	keys := make([]index.Key, len(vins))
	for i, v := range vins {
		keys[i] = index.VIN(v)
	}
	return keys
}

// BenchmarkCalls asks for misses in calls of some keys each, as a search for what
// may have been misread makes them, and in calls of very many: x-many is how many
// times as long a key takes.
func BenchmarkCalls(b *testing.B) {
	r := makeRegister(b, *size)
	view := r.idx.View()
	keys := keysOf(r.misses)
	rows := make([]index.Row, asked)
	ask := func(n int) time.Duration {
		start := time.Now()
		for at := 0; at < asked; at += n {
			end := min(at+n, asked)
			view.LookupBatch(rows[at:end], keys[at:end])
		}
		return time.Since(start)
	}
	for _, n := range []int{8, 64, 600, 5000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			var took, many []time.Duration
			for b.Loop() {
				took = append(took, ask(n))
				many = append(many, ask(asked))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(took)/asked, "ns/query")
			b.ReportMetric(median(took)/median(many), "x-many")
		})
	}
}

// BenchmarkText asks for numbers as they come in, against a map of texts.
func BenchmarkText(b *testing.B) {
	r := makeRegister(b, *size)
	view := r.idx.View()
	rival := make(map[string]uint32, *size)
	for i, v := range r.listed {
		rival[v.String()] = uint32(i)
	}
	texts := make([]string, asked)
	for i, v := range r.misses {
		texts[i] = v.String()
	}
	rows := make([]index.Row, asked)
	const step = 1 << 10
	vins := make([]vin.VIN, step)
	keys := make([]index.Key, step)
	versus(b, 0, func(first, n int) (hits int) {
		for ; n > 0; first, n = first+step, n-step {
			vin.ParseBatch(vins, texts[first:first+step])
			for i := range vins {
				keys[i] = index.VIN(vins[i])
			}
			hits += view.LookupBatch(rows[first:first+step], keys)
		}
		return hits
	}, func(first, n int) (hits int) {
		for i := first; i < first+n; i++ {
			row, ok := rival[texts[i]]
			if ok {
				hits++
			}
			rows[i] = index.Row(row)
		}
		return hits
	})
}

// BenchmarkPlates asks a register of plates for plates of the same series that
// it does not hold, against a map of canonical texts.
func BenchmarkPlates(b *testing.B) {
	listed := func(yield func(index.Record, error) bool) {
		for i := range *size {
			r := index.Record{Owner: "FR", ID: strconv.Itoa(i), Version: 1, Plate: plateAt(2 * i)}
			if !yield(r, nil) {
				return
			}
		}
	}
	idx, err := index.Build(b.Context(), index.Options{}, listed)
	if err != nil {
		b.Fatal(err)
	}
	view := idx.View()
	rival := make(map[string]uint32, *size)
	for i := range *size {
		rival[plateAt(2*i).String()] = uint32(i)
	}
	keys := make([]index.Key, asked)
	texts := make([]string, asked)
	for i := range asked {
		p := plateAt(2*(i*7919%*size) + 1)
		keys[i], texts[i] = index.Plate(p), p.String()
	}
	rows := make([]index.Row, asked)
	versus(b, 0, func(first, n int) int {
		return view.LookupBatch(rows[first:first+n], keys[first:first+n])
	}, func(first, n int) (hits int) {
		for i := first; i < first+n; i++ {
			row, ok := rival[texts[i]]
			if ok {
				hits++
			}
			rows[i] = index.Row(row)
		}
		return hits
	})
}

// plateAt returns a plate; different i give different ones. Countries issue
// their series in order, so that the plates of near i are neighbours.
func plateAt(i int) plate.Plate {
	country, n := i%10, i/10
	digits := func(width int) string {
		d := n
		for range width {
			n /= 10
		}
		return fmt.Sprintf("%0*d", width, d-n*pow10[width])
	}
	letters := func(width int) string {
		const alphabet = "ABCDEFGHJKLMNPRSTUVWXYZ"
		s := make([]byte, width)
		for j := range s {
			s[width-1-j] = alphabet[n%len(alphabet)]
			n /= len(alphabet)
		}
		return string(s)
	}
	switch country {
	case 0, 1, 2: // Germany: district, letters, up to four digits
		d, l := digits(4), letters(2)
		return plate.MustParse("DE", []string{"B", "M", "HH"}[country]+letters(2)+l+d)
	case 3, 4: // France
		d, l := digits(3), letters(2)
		return plate.MustParse("FR", string("AB"[country-3])+letters(1)+d+l)
	case 5, 6: // Italy
		d, l := digits(3), letters(2)
		return plate.MustParse("IT", string("CD"[country-5])+letters(1)+d+l)
	case 7: // Poland
		d := digits(5)
		return plate.MustParse("PL", letters(3)+d)
	case 8: // United Kingdom
		l := letters(3)
		return plate.MustParse("GB", letters(2)+digits(2)+l)
	default: // Spain
		d := digits(4)
		return plate.MustParse("ES", d+letters(3))
	}
}

var pow10 = [...]int{1, 10, 100, 1000, 10_000, 100_000}

func TestPlatesDiffer(t *testing.T) {
	seen := map[plate.Plate]int{}
	for i := range 200_000 {
		p := plateAt(i * 101)
		if j, ok := seen[p]; ok {
			t.Fatalf("plates %d and %d are one", i*101, j)
		}
		seen[p] = i * 101
	}
}

// BenchmarkGoroutines has two goroutines ask different numbers, and one alone:
// x-one is how many times as much two answer.
func BenchmarkGoroutines(b *testing.B) {
	r := makeRegister(b, *size)
	view := r.idx.View()
	keys := keysOf(r.misses)
	rows := make([]index.Row, asked)
	var one, two []time.Duration
	for b.Loop() {
		start := time.Now()
		view.LookupBatch(rows, keys)
		middle := time.Now()
		var wg sync.WaitGroup
		for half := range 2 {
			from, to := half*asked/2, (half+1)*asked/2
			wg.Go(func() { view.LookupBatch(rows[from:to], keys[from:to]) })
		}
		wg.Wait()
		two = append(two, time.Since(middle))
		one = append(one, middle.Sub(start))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(one)/median(two), "x-one")
}

// BenchmarkYear replays a year of INTERPOL's searches: 280 million numbers, of
// which 0.09 % hit, against 7.2 million records, from as many goroutines as
// there are processors. It takes no -size.
func BenchmarkYear(b *testing.B) {
	const (
		records  = 7_200_000
		searches = 280_000_000
		hitEvery = 1111
	)
	if testing.Short() {
		b.Skip("builds a register of 7.2 million")
	}
	r := makeRegister(b, records)
	view := r.idx.View()
	keys := keysOf(r.misses)
	for i := 0; i < len(keys); i += hitEvery {
		keys[i] = index.VIN(r.hits[i])
	}
	workers := runtime.GOMAXPROCS(0)
	for b.Loop() {
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				const step = 1 << 12
				rows := make([]index.Row, step)
				at := w * len(keys) / workers
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
