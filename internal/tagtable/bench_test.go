package tagtable_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

var size = flag.Int("size", 1_000_000, "keys in the benchmarks' tables")

// A numbered text and its packed key, as a register of VINs holds them: a few
// thousand types, the serials of each dense and in runs.
func population(rng *rand.Rand, n int) [][17]byte {
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	out := make([][17]byte, 0, n)
	for len(out) < n {
		var b [17]byte
		for i := range b {
			b[i] = symbols[rng.IntN(len(symbols))]
		}
		serial := rng.IntN(900_000)
		for range min(200+rng.IntN(3000), n-len(out)) {
			serial += 1 + rng.IntN(3)
			for i, s := 16, serial; i > 10; i, s = i-1, s/10 {
				b[i] = '0' + byte(s%10)
			}
			out = append(out, b)
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func pack(b *[17]byte) (k tagtable.Key) {
	for _, c := range b[:8] {
		k.Hi = k.Hi<<6 | uint64(c-0x2F)
	}
	for _, c := range b[8:] {
		k.Lo = k.Lo<<6 | uint64(c-0x2F)
	}
	k.Hi |= 1 << 56
	return k
}

const queries = 1 << 20

type workload struct {
	texts      [][17]byte // registered
	keys       []tagtable.Key
	hits, miss [][17]byte
	hitKeys    []tagtable.Key
	missKeys   []tagtable.Key
}

var current *workload

func load(b *testing.B) *workload {
	if current != nil {
		return current
	}
	rng := rand.New(rand.NewPCG(1, 2))
	all := population(rng, *size+queries)
	w := &workload{texts: all[:*size], miss: all[*size:], keys: hugepage.Make[tagtable.Key](*size)}
	for i := range w.texts {
		w.keys[i] = pack(&w.texts[i])
	}
	slices.SortFunc(w.keys, tagtable.Key.Compare)
	for range queries {
		w.hits = append(w.hits, w.texts[rng.IntN(len(w.texts))])
	}
	for i := range queries {
		w.hitKeys = append(w.hitKeys, pack(&w.hits[i]))
		w.missKeys = append(w.missKeys, pack(&w.miss[i]))
	}
	current = w
	return w
}

func perQuery(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/queries, "ns/query")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkLookup(b *testing.B) {
	w := load(b)
	t := tagtable.Build(w.keys, 1, 2)
	for _, side := range []struct {
		name string
		keys []tagtable.Key
	}{{"miss", w.missKeys}, {"hit", w.hitKeys}} {
		b.Run("batch/"+side.name, func(b *testing.B) {
			dst := make([]uint32, queries)
			for b.Loop() {
				batch(t, dst, side.keys)
			}
			perQuery(b)
		})
		b.Run("single/"+side.name, func(b *testing.B) {
			dst := make([]uint32, queries)
			for b.Loop() {
				for i := range side.keys {
					dst[i], _ = t.Lookup(side.keys[i])
				}
			}
			perQuery(b)
		})
	}
}

// batch fills dst with positions, as a caller would.
func batch(t *tagtable.Table, dst []uint32, keys []tagtable.Key) (hits int) {
	var b tagtable.Batch
	for base := 0; base < len(keys); base += tagtable.Block {
		n := min(tagtable.Block, len(keys)-base)
		for i := range n {
			b.Keys[i].Hi = keys[base+i].Hi
			b.Keys[i].Lo = keys[base+i].Lo
			dst[base+i] = none
		}
		for _, f := range t.Probe(&b, base, n) {
			dst[f.At] = f.Pos
			hits++
		}
	}
	for _, f := range t.Flush(&b) {
		dst[f.At] = f.Pos
		hits++
	}
	return hits
}

const none = ^uint32(0)

// BenchmarkMap is the table's rival: the built-in map on the text of the
// number, its loop by index because ranging over arrays copies them.
func BenchmarkMap(b *testing.B) {
	w := load(b)
	m := make(map[[17]byte]uint32)
	for i := range w.texts {
		m[w.texts[i]] = uint32(i)
	}
	for _, side := range []struct {
		name string
		keys [][17]byte
	}{{"miss", w.miss}, {"hit", w.hits}} {
		b.Run(side.name, func(b *testing.B) {
			dst := make([]uint32, queries)
			for b.Loop() {
				for i := range side.keys {
					dst[i] = m[side.keys[i]]
				}
			}
			perQuery(b)
		})
	}
}

// BenchmarkFloor reads lines at random from arrays as large as the groups, and as
// the keys, which a hit reads too.
func BenchmarkFloor(b *testing.B) {
	for _, a := range []struct {
		name  string
		lines int
	}{{"groups", *size * 4 / 33}, {"keys", *size / 4}} {
		b.Run(a.name, func(b *testing.B) {
			lines := hugepage.Make[[8]uint64](a.lines)
			for i := range lines {
				lines[i][0] = uint64(i)
			}
			var sum uint64
			for b.Loop() {
				x := uint64(12345)
				for range queries {
					x = x*6364136223846793005 + 1442695040888963407
					sum += lines[(x>>32)*uint64(len(lines))>>32][0]
				}
			}
			perQuery(b)
			if sum == 1 {
				b.Log("unlikely")
			}
		})
	}
}

// BenchmarkLoad is how keysPerGroup was chosen.
func BenchmarkLoad(b *testing.B) {
	w := load(b)
	for _, mean := range []float64{7, 8, 8.25, 9, 10} {
		t := tagtable.BuildLoad(w.keys, 1, 2, mean)
		for _, side := range []struct {
			name string
			keys []tagtable.Key
		}{{"miss", w.missKeys}, {"hit", w.hitKeys}} {
			b.Run(fmt.Sprintf("%v/%s", mean, side.name), func(b *testing.B) {
				dst := make([]uint32, queries)
				for b.Loop() {
					batch(t, dst, side.keys)
				}
				perQuery(b)
				b.ReportMetric(float64(t.Bytes())/float64(len(w.keys)), "B/key")
				b.ReportMetric(100*float64(t.Spilled())/float64(len(w.keys)), "%spilled")
			})
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	w := load(b)
	for b.Loop() {
		tagtable.Build(w.keys, 1, 1)
	}
	b.ReportMetric(float64(len(w.keys))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mkeys/s")
}

// BenchmarkCrowded looks up a million keys that somebody who knew the seed aimed
// at one group, and in turns as many that nobody chose: x-mean is how many times as
// long the first take.
func BenchmarkCrowded(b *testing.B) {
	const n, seed = 1_000_000, 99
	rng := rand.New(rand.NewPCG(11, 12))
	plain := make([]tagtable.Key, n)
	for i := range plain {
		plain[i] = tagtable.Key{Hi: rng.Uint64(), Lo: rng.Uint64()}
	}
	slices.SortFunc(plain, tagtable.Key.Compare)
	lookups := func(keys []tagtable.Key) func() time.Duration {
		t := tagtable.Build(keys, seed, 2)
		ask := slices.Clone(keys)
		rng.Shuffle(n, func(i, j int) { ask[i], ask[j] = ask[j], ask[i] })
		return func() time.Duration {
			start := time.Now()
			for i := range ask {
				if _, ok := t.Lookup(ask[i]); !ok {
					b.Fatal("a key is not found")
				}
			}
			return time.Since(start)
		}
	}
	lookupPlain := lookups(plain)
	for name, keys := range crowds(n, seed) {
		lookup := lookups(keys)
		b.Run(name, func(b *testing.B) {
			var crowded, mean time.Duration
			for b.Loop() {
				crowded += lookup()
				mean += lookupPlain()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(crowded.Nanoseconds())/float64(b.N)/n, "ns/query")
			b.ReportMetric(crowded.Seconds()/mean.Seconds(), "x-mean")
		})
	}
}
