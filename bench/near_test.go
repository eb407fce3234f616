package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// misreads are reads of listed and of unlisted VINs, half of each, with one
// symbol misread.
func (r *register) misreads(n int) []string {
	rng := rand.New(rand.NewPCG(3, 3))
	camera := vintest.NewReader(3, vintest.Camera, 1)
	texts := make([]string, 0, n)
	for len(texts) < n {
		v := r.hits[rng.IntN(len(r.hits))]
		if len(texts)%2 == 0 {
			v = r.misses[rng.IntN(len(r.misses))]
		}
		text, slip := camera.Read(v.String())
		if slip.Kind == vintest.LookAlike || slip.Kind == vintest.Substitution {
			texts = append(texts, text)
		}
	}
	return texts
}

// BenchmarkNear answers misread VINs with all numbers that differ in one
// character, judged and ranked, and asks the built-in map for the same numbers,
// made beforehand. The reads that a second error would be searched for are apart.
func BenchmarkNear(b *testing.B) {
	for _, n := range sizes() {
		r := makeRegister(b, n)
		m := match.New(r.idx, match.Options{Near: match.Always, Vehicles: 2 * float64(n)})
		table := make(map[[vin.Len]byte]uint32, n)
		for i, v := range r.listed {
			table[v.Bytes()] = uint32(i)
		}
		texts := r.misreads(1 << 12)
		probes := make([][][vin.Len]byte, 0, len(texts))
		var once, twice []string
		for _, text := range texts {
			res, err := m.Match(b.Context(), query(text))
			if err != nil {
				b.Fatal(err)
			}
			if res.Search&match.SearchedTwice != 0 {
				twice = append(twice, text)
				continue
			}
			once = append(once, text)
			probes = append(probes, neighbours(text))
		}
		b.Run("one/"+fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			var ours, theirs []time.Duration
			found, sum := 0, uint32(0)
			i := 0
			for b.Loop() {
				i = (i + 1) % len(once)
				start := time.Now()
				res, _ := m.Match(b.Context(), query(once[i]))
				middle := time.Now()
				set := probes[i]
				for k := range set {
					sum += table[set[k]]
				}
				theirs = append(theirs, time.Since(middle))
				ours = append(ours, middle.Sub(start))
				found += len(res.Findings)
			}
			if found == 0 && b.N > 100 || sum == 1 {
				b.Error("nothing was found")
			}
			report(b, ours, theirs)
		})
		b.Run("keys/"+fmt.Sprint(n), func(b *testing.B) {
			view := r.idx.View()
			sets := make([][]index.Key, len(probes))
			for i, set := range probes {
				for _, p := range set {
					v, _ := vin.FromBytes(p)
					sets[i] = append(sets[i], index.VIN(v))
				}
			}
			dst := make([]index.Row, 1024)
			var ours, theirs []time.Duration
			sum, i := uint32(0), 0
			for b.Loop() {
				i = (i + 1) % len(once)
				start := time.Now()
				view.LookupBatch(dst, sets[i])
				middle := time.Now()
				set := probes[i]
				for k := range set {
					sum += table[set[k]]
				}
				theirs = append(theirs, time.Since(middle))
				ours = append(ours, middle.Sub(start))
			}
			if sum == 1 {
				b.Error("nothing was found")
			}
			report(b, ours, theirs)
		})
		b.Run("two/"+fmt.Sprint(n), func(b *testing.B) {
			var ours []time.Duration
			i := 0
			for b.Loop() {
				i = (i + 1) % len(twice)
				start := time.Now()
				if _, err := m.Match(b.Context(), query(twice[i])); err != nil {
					b.Fatal(err)
				}
				ours = append(ours, time.Since(start))
			}
			b.ReportMetric(median(ours)/1000, "us/p50")
		})
	}
}

func report(b *testing.B, ours, theirs []time.Duration) {
	m, rival := median(ours), median(theirs)
	b.ReportMetric(0, "ns/op") // of both together: means nothing
	b.ReportMetric(m/1000, "us/p50")
	b.ReportMetric(rival/1000, "us/map-p50")
	b.ReportMetric(rival/m, "x-map")
}

func query(text string) match.Query {
	return match.Query{Channel: match.Camera, Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}}}
}

// neighbours are the VINs of which a text of 17 symbols may be a read with one
// error, by itself an independent reading of what that means.
func neighbours(text string) (all [][vin.Len]byte) {
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	b := [vin.Len]byte([]byte(text))
	add := func(b [vin.Len]byte) {
		if _, ok := vin.FromBytes(b); ok && string(b[:]) != text && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	for i := range b {
		for _, c := range []byte(symbols) {
			n := b
			n[i] = c
			add(n)
		}
		if i > 0 {
			n := b
			n[i], n[i-1] = n[i-1], n[i]
			add(n)
		}
	}
	return all
}
