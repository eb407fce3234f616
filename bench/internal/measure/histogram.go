package measure

import (
	"math/bits"
	"time"
)

// A Histogram counts durations, each exact to one in 128: times below 256 ns by
// the nanosecond, those above by their highest eight bits. It takes some 20 kB
// and never allocates. The zero Histogram is empty.
type Histogram struct {
	counts [buckets]uint32
	n      int
	max    time.Duration
}

const (
	exactBits = 8
	perOctave = 1 << (exactBits - 1)
	buckets   = (40 - exactBits + 2) * perOctave // up to 2^40 ns, 18 minutes
)

// bucket returns the bucket of a time in nanoseconds.
func bucket(ns uint64) int {
	shift := bits.Len64(ns) - exactBits
	if shift <= 0 {
		return int(ns)
	}
	return min(shift*perOctave+int(ns>>shift), buckets-1)
}

// middle returns the time in the middle of a bucket.
func middle(b int) float64 {
	if b < 2*perOctave {
		return float64(b)
	}
	shift := b/perOctave - 1
	return float64(uint64(b-shift*perOctave)<<shift) + float64(uint64(1)<<shift-1)/2
}

// Add counts a duration; a negative one is 0.
func (h *Histogram) Add(d time.Duration) { h.AddN(d, 1) }

// AddN counts n equal durations.
func (h *Histogram) AddN(d time.Duration, n int) {
	if n == 0 {
		return
	}
	d = max(d, 0)
	h.counts[bucket(uint64(d))] += uint32(n)
	h.n += n
	h.max = max(h.max, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// Count returns the number of durations.
func (h *Histogram) Count() int { return h.n }

// Max returns the longest.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns the least duration, in nanoseconds, that a share of q is not
// above; 0 of an empty histogram.
func (h *Histogram) Quantile(q float64) float64 {
	rank := int(q * float64(h.n))
	if rank >= h.n {
		return float64(h.max)
	}
	for i := range h.counts {
		if rank -= int(h.counts[i]); rank < 0 {
			return min(middle(i), float64(h.max))
		}
	}
	return 0
}

// Curve returns the quantiles at certain shares, for a plot: at 0, 0.5, 0.9,
// 0.99 and so on, with nine steps to each, as far as there are counts.
func (h *Histogram) Curve() [][2]float64 {
	var points [][2]float64
	for left := 1.0; left*float64(h.n) >= 1; left /= 10 {
		for step := range 9 {
			share := 1 - left*(1-float64(step)/10)
			if (1-share)*float64(h.n) < 1 {
				break
			}
			points = append(points, [2]float64{share, h.Quantile(share)})
		}
	}
	return points
}
