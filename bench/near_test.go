package bench

import (
	"fmt"
	"math/rand/v2"
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
// character, and asks the built-in map for the same numbers, made beforehand.
// Misses find nothing, so that they are the search by itself, from the text to
// the empty answer; found ones are judged and ranked too. Reads that two errors
// are searched for as well are apart.
func BenchmarkNear(b *testing.B) {
	for _, n := range sizes() {
		r := makeRegister(b, n)
		m := match.New(r.idx, match.Options{Near: match.Always, Vehicles: 2 * float64(n)})
		table := make(map[[vin.Len]byte]uint32, n)
		for i, v := range r.listed {
			table[v.Bytes()] = uint32(i)
		}
		var misses, found, twice []string
		for _, text := range r.misreads(1 << 12) {
			res, err := m.Match(b.Context(), query(text))
			switch {
			case err != nil:
				b.Fatal(err)
			case res.Search&match.SearchedTwice != 0:
				twice = append(twice, text)
			case len(res.Findings) == 0:
				misses = append(misses, text)
			default:
				found = append(found, text)
			}
		}
		for _, set := range []struct {
			name  string
			texts []string
		}{{"misses", misses}, {"found", found}, {"two", twice}} {
			probes := make([][][vin.Len]byte, len(set.texts))
			for i, text := range set.texts {
				probes[i] = neighbours(text)
			}
			b.Run(fmt.Sprintf("%s/%d", set.name, n), func(b *testing.B) {
				b.ReportAllocs()
				var ours, theirs []time.Duration
				hits, i := 0, 0
				for b.Loop() {
					i = (i + 1) % len(set.texts)
					start := time.Now()
					res, _ := m.Match(b.Context(), query(set.texts[i]))
					middle := time.Now()
					own := 0
					for k := range probes[i] {
						if _, ok := table[probes[i][k]]; ok {
							own++
						}
					}
					theirs = append(theirs, time.Since(middle))
					ours = append(ours, middle.Sub(start))
					hits += own
					if set.name == "misses" && own > 0 || set.name == "found" && len(res.Findings) == 0 {
						b.Fatalf("%d findings, the map has %d", len(res.Findings), own)
					}
				}
				if set.name == "found" && hits == 0 {
					b.Error("the map finds nothing")
				}
				m, rival := median(ours), median(theirs)
				b.ReportMetric(0, "ns/op") // of both together: means nothing
				b.ReportMetric(m/1000, "us/p50")
				if set.name != "two" { // the map is asked for one error only
					b.ReportMetric(rival/1000, "us/map-p50")
					b.ReportMetric(rival/m, "x-map")
				}
			})
		}
	}
}

func query(text string) match.Query {
	return match.Query{Channel: match.Camera, Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}}}
}

// neighbours are the VINs of which a text of 17 symbols may be a read with one
// error, by itself an independent reading of what that means.
func neighbours(text string) (all [][vin.Len]byte) {
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	b := [vin.Len]byte([]byte(text))
	seen := map[[vin.Len]byte]bool{b: true}
	add := func(n [vin.Len]byte) {
		if _, ok := vin.FromBytes(n); ok && !seen[n] {
			seen[n] = true
			all = append(all, n)
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
