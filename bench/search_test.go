package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// reversed is what one would write without this library to find VINs by their
// ends: the texts backwards, sorted, with their places.
type reversed []reversedVIN

type reversedVIN struct {
	text  [vin.Len]byte
	place uint32
}

func reverse(vins []vin.VIN) reversed {
	r := make(reversed, len(vins))
	for i, v := range vins {
		r[i] = reversedVIN{v.Bytes(), uint32(i)}
		slices.Reverse(r[i].text[:])
	}
	slices.SortFunc(r, func(a, b reversedVIN) int { return bytes.Compare(a.text[:], b.text[:]) })
	return r
}

// find appends the places of at most limit VINs that begin and end as wanted.
func (r reversed) find(dst []uint32, prefix, suffix string, limit int) []uint32 {
	head, tail := []byte(prefix), []byte(suffix)
	slices.Reverse(head)
	slices.Reverse(tail)
	at := sort.Search(len(r), func(i int) bool { return bytes.Compare(r[i].text[:len(tail)], tail) >= 0 })
	for ; at < len(r) && len(dst) < limit && bytes.HasPrefix(r[at].text[:], tail); at++ {
		if bytes.HasSuffix(r[at].text[:], head) {
			dst = append(dst, r[at].place)
		}
	}
	return dst
}

// words are the words of VINs, one after the other.
type words [][2]uint64

func sortedWords(vins []vin.VIN) words {
	w := make(words, len(vins))
	for i, v := range vins {
		w[i][0], w[i][1] = v.Words()
	}
	slices.SortFunc(w, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	return w
}

// scan appends the places of all VINs that fit a pattern, by the best that
// the pattern has for it.
func (w words) scan(dst []uint32, p *vin.Pattern) []uint32 {
	maskHi, wantHi, maskLo, wantLo, whole := p.Words()
	for i := range w {
		if w[i][0]&maskHi == wantHi && w[i][1]&maskLo == wantLo && (whole || p.MatchWords(w[i][0], w[i][1])) {
			dst = append(dst, uint32(i))
		}
	}
	return dst
}

// A form is a way in which a number may be partly known.
type form struct {
	name    string
	pattern func(rng *rand.Rand, v string) string
	ends    func(v string) (prefix, suffix string) // where they are all that is known
}

var forms = []form{
	{"last-six", func(_ *rand.Rand, v string) string { return "*" + v[11:] }, func(v string) (string, string) { return "", v[11:] }},
	{"WMI-and-last-four", func(_ *rand.Rand, v string) string { return v[:3] + "*" + v[13:] }, func(v string) (string, string) { return v[:3], v[13:] }},
	{"first-eight-and-last-four", func(_ *rand.Rand, v string) string { return v[:8] + "*" + v[13:] }, func(v string) (string, string) { return v[:8], v[13:] }},
	{"two-unknown-in-serial", func(rng *rand.Rand, v string) string { return "*" + lose(rng, v[11:], 2) }, nil},
	{"fragment-of-six", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 6) + "*" }, nil},
	{"fragment-of-four", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 4) + "*" }, nil},
	{"two-fragments", func(rng *rand.Rand, v string) string {
		return "*" + run(rng, v[:8], 3) + "*" + run(rng, v[9:], 3) + "*"
	}, nil},
	{"absent-fragment", func(rng *rand.Rand, v string) string { return "*" + run(rng, v, 3) + "XYW*" }, nil},
	{"prefix", func(rng *rand.Rand, v string) string { return v[:3+rng.IntN(12)] + "*" }, nil},
	{"look-alikes", func(rng *rand.Rand, v string) string {
		at := rng.IntN(vin.Len)
		return v[:at] + "[8B5S" + v[at:at+1] + "]" + v[at+1:]
	}, nil},
	{"six-anywhere", func(rng *rand.Rand, v string) string { return lose(rng, v, 11) }, nil},
	{"four-anywhere", func(rng *rand.Rand, v string) string { return lose(rng, v, 13) }, nil},
	{"last-one", func(_ *rand.Rand, v string) string { return "*" + v[16:] }, func(v string) (string, string) { return "", v[16:] }},
}

// lose makes n symbols unknown.
func lose(rng *rand.Rand, v string, n int) string {
	b := []byte(v)
	for _, i := range rng.Perm(len(b))[:n] {
		b[i] = '?'
	}
	return string(b)
}

// run returns n symbols that stand together.
func run(rng *rand.Rand, v string, n int) string {
	at := rng.IntN(len(v) - n + 1)
	return v[at : at+n]
}

// BenchmarkSearch asks for numbers that are partly known, a hundred rows at
// most. It reports the median time of the search, of the same with a filter, of a
// sorted slice of reversed VINs where that can answer, and of a scan of all VINs.
func BenchmarkSearch(b *testing.B) {
	const block, scans = 256, 3
	r := makeRegister(b, *size)
	view := r.idx.View()
	rival := reverse(r.listed)
	all := sortedWords(r.listed)
	ctx := context.Background()
	cars := view.Select(index.OfType(index.Car))
	for _, f := range forms {
		patterns := make([]vin.Pattern, 16*block)
		vins := make([]string, len(patterns))
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range patterns {
			vins[i] = r.listed[rng.IntN(len(r.listed))].String()
			var err error
			if patterns[i], err = vin.ParsePattern(f.pattern(rng, vins[i])); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(f.name, func(b *testing.B) {
			rows := make([]index.Row, 0, 2*index.DefaultLimit+1)
			var places []uint32
			var took, filteredTook, rivalTook, scanTook times
			at, found := 0, 0
			for b.Loop() {
				for i := at; i < at+block; i++ {
					start := time.Now()
					rows, _, _ = view.AppendSearch(ctx, rows[:0], patterns[i], nil, 0)
					took.since(start)
					found += len(rows)
				}
				// Not those whose answers were just brought into the caches.
				far := (at + len(patterns)/2) % len(patterns)
				for i := far; i < far+block; i++ {
					start := time.Now()
					rows, _, _ = view.AppendSearch(ctx, rows[:0], patterns[i], cars, 0)
					filteredTook.since(start)
				}
				for i := at; i < at+block && f.ends != nil; i++ {
					prefix, suffix := f.ends(vins[i])
					start := time.Now()
					places = rival.find(places[:0], prefix, suffix, index.DefaultLimit)
					rivalTook.since(start)
				}
				at = (at + block) % len(patterns)
			}
			for i := range scans {
				start := time.Now()
				places = all.scan(places[:0], &patterns[i])
				scanTook.since(start)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.quantile(0.5), "ns/search")
			b.ReportMetric(took.quantile(0.99), "ns/p99-search")
			b.ReportMetric(filteredTook.quantile(0.5), "ns/filtered")
			b.ReportMetric(filteredTook.quantile(0.5)/took.quantile(0.5), "x-unfiltered")
			if f.ends != nil {
				b.ReportMetric(rivalTook.quantile(0.5), "ns/reversed")
			}
			b.ReportMetric(scanTook.quantile(0.5), "ns/scan")
			b.ReportMetric(float64(found)/float64(len(took)), "rows/search")
		})
	}
}

// BenchmarkSearchAny asks for random patterns of every sort, and reports by how
// much the search is slower than a scan of all VINs, in the middle and at worst:
// below 1 it is faster. "All" searches want every row, as the scan finds them.
func BenchmarkSearchAny(b *testing.B) {
	r := makeRegister(b, *size)
	view := r.idx.View()
	all := sortedWords(r.listed)
	for _, limit := range []int{index.DefaultLimit, len(all)} {
		name := "limit=100"
		if limit == len(all) {
			name = "all"
		}
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			var rows []index.Row
			var places []uint32
			var ratios []float64
			worst, text := 0.0, ""
			for b.Loop() {
				p := anyPattern(rng, r.listed[rng.IntN(len(r.listed))])
				took, scanTook := time.Hour, time.Hour
				for range 2 {
					start := time.Now()
					rows, _, _ = view.AppendSearch(context.Background(), rows[:0], p, nil, limit)
					middle := time.Now()
					places = all.scan(places[:0], &p)
					took, scanTook = min(took, middle.Sub(start)), min(scanTook, time.Since(middle))
				}
				if len(rows) != min(limit, len(places)) {
					b.Fatalf("%v: %d rows, the scan has %d", p, len(rows), len(places))
				}
				ratio := took.Seconds() / scanTook.Seconds()
				if ratios = append(ratios, ratio); ratio > worst {
					worst, text = ratio, p.String()
				}
			}
			slices.Sort(ratios)
			b.Logf("worst: %s", text)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ratios[len(ratios)/2], "x-scan")
			b.ReportMetric(worst, "x-scan-worst")
		})
	}
}

// anyPattern leaves out some of what is known of a VIN: symbols, runs of them,
// and where they stand.
func anyPattern(rng *rand.Rand, v vin.VIN) vin.Pattern {
	for {
		var places []string
		b := v.Bytes()
		known := rng.IntN(10)
		for _, c := range b {
			switch {
			case rng.IntN(10) < known:
				places = append(places, string(c))
			case rng.IntN(8) == 0:
				places = append(places, "["+string(c)+"8B0D]")
			default:
				places = append(places, "?")
			}
		}
		for range rng.IntN(4) {
			from := rng.IntN(len(places) + 1)
			to := from + rng.IntN(len(places)-from+1)
			places = slices.Concat(places[:from], []string{"*"}, places[to:])
		}
		if p, err := vin.ParsePattern(strings.Join(places, "")); err == nil {
			return p
		}
	}
}

// times are how long things took.
type times []time.Duration

func (t *times) since(start time.Time) { *t = append(*t, time.Since(start)) }

// quantile returns the time in nanoseconds within which so many were done.
func (t times) quantile(q float64) float64 {
	slices.Sort(t)
	return float64(t[int(q*float64(len(t)-1))].Nanoseconds())
}
