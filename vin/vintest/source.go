package vintest

import "math/bits"

// A source is a stream of pseudo-random numbers: SplitMix64, spelled out here
// because the output of a seed must not change with the Go version.
type source uint64

func (s *source) next() uint64 {
	*s++
	return hash(uint64(*s) * 0x9e3779b97f4a7c15)
}

// below returns a number from 0 to n-1.
func (s *source) below(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

// chance is true with a probability.
func (s *source) chance(p float64) bool { return float64(s.next()>>11)*0x1p-53 < p }

// pick returns one of the elements.
func pick[T any](s *source, of []T) T { return of[s.below(len(of))] }

// hash is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func hash(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// shuffle puts s in a pseudo-random order.
func shuffle[T any](seed uint64, s []T) {
	for i := len(s) - 1; i > 0; i-- {
		seed = hash(seed)
		j := seed % uint64(i+1)
		s[i], s[j] = s[j], s[i]
	}
}
