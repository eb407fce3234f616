// Package keysort sorts many elements by keys of 128 bits, several times faster
// than comparing them does.
//
// # How
//
// Numbers of vehicles are crowded: the first symbols are those of a few makers,
// the last ones count. To part them by their first bits would make a few large
// buckets, so a sample of the keys chooses where buckets end. The elements go
// straight from where they come from to their buckets, which stay in the
// second-level cache.
//
// In a bucket the keys share their first bits. The bits that come next, as many
// as fit a word beside the number of the element, are sorted without comparing
// anything, from the lowest digit of eleven bits to the highest, and the elements
// follow. Elements that are still equal are sorted in the same way by the bits
// behind these.
package keysort

import (
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// An Item is an element with its key.
type Item[V any] struct {
	Key   tagtable.Key
	Value V
}

const (
	// perBucket is how many items a bucket has in the mean, if that does not
	// make more than maxBuckets: their words, twice, fit a second-level cache,
	// and so do the places where buckets are written.
	perBucket  = 1 << 13
	maxBuckets = 1 << 11

	// block is how many items are assigned to buckets at a time.
	block = 1 << 8

	// Samples is how many keys make a good sample.
	Samples = 32 * maxBuckets

	// Items of a bucket are numbered with so many bits.
	numberBits = 20
	// Of fewer items than this the words are sorted by comparing them.
	fewWords = 1 << 8
	// Fewer items than this are sorted by comparing them.
	fewItems = 16
)

// A Source has items to be sorted, in some parts. It is asked from all workers.
type Source[V any] struct {
	Len   int // of all parts, at most
	Parts int
	// Each calls add for the items of a part, 0 to Parts-1. It is called twice
	// for each part, and gives the same items each time.
	Each func(part int, add func(k tagtable.Key, v V))
	// Sample is some of the keys, taken from everywhere. It decides nothing but
	// the time.
	Sample []tagtable.Key
	// Compare orders items whose keys are equal.
	Compare func(a, b *V) int
}

// Sort returns the items of a source in their order.
func Sort[V any](src *Source[V], workers int) []Item[V] {
	s := sorter[V]{compare: src.Compare}
	s.choose(src.Sample, src.Len)

	// Each part counts its items by bucket, and when all counts are known it
	// puts each item where the counts say.
	next := make([][]int, src.Parts)
	parallel.Do(workers, src.Parts, func(part int) {
		n := make([]int, s.buckets())
		s.each(src, part, func(_ []Item[V], buckets []uint16) {
			for _, b := range buckets {
				n[b]++
			}
		})
		next[part] = n
	})
	s.starts = make([]int, s.buckets()+1)
	at := 0
	for b := range s.buckets() {
		s.starts[b] = at
		for part := range next {
			at, next[part][b] = at+next[part][b], at
		}
	}
	s.starts[s.buckets()] = at
	s.items = hugepage.Make[Item[V]](at)
	parallel.Do(workers, src.Parts, func(part int) {
		next := next[part]
		s.each(src, part, func(block []Item[V], buckets []uint16) {
			for i, b := range buckets {
				s.items[next[b]] = block[i]
				next[b]++
			}
		})
	})

	workers = max(workers, 1)
	var done atomic.Int64
	parallel.Do(workers, workers, func(int) {
		var scratch scratch[V]
		for {
			b := int(done.Add(1)) - 1
			if b >= s.buckets() {
				return
			}
			if items := s.bucket(b); len(items) < 1<<numberBits {
				scratch.sort(items, s.compare)
			}
		}
	})
	// That many items have one key, or a sample was bad.
	for b := range s.buckets() {
		if items := s.bucket(b); len(items) >= 1<<numberBits {
			parallel.Sort(items, workers, func(x, y Item[V]) int { return compareItems(&x, &y, s.compare) })
		}
	}
	return s.items
}

func compareItems[V any](x, y *Item[V], compare func(a, b *V) int) int {
	if c := x.Key.Compare(y.Key); c != 0 {
		return c
	}
	return compare(&x.Value, &y.Value)
}

// A sorter parts items into buckets. Bucket b has the keys from splits[b-1] to
// before splits[b].
type sorter[V any] struct {
	splits  []tagtable.Key // one less than buckets, whose number is a power of 2
	items   []Item[V]
	starts  []int // of each bucket in items, and of their end
	compare func(a, b *V) int
}

func (s *sorter[V]) buckets() int { return len(s.splits) + 1 }

func (s *sorter[V]) bucket(b int) []Item[V] { return s.items[s.starts[b]:s.starts[b+1]] }

// choose chooses where buckets of n items end.
func (s *sorter[V]) choose(sample []tagtable.Key, n int) {
	buckets := 1
	for buckets < min(maxBuckets, len(sample), n/perBucket) {
		buckets *= 2
	}
	if buckets == 1 {
		return
	}
	sample = slices.Clone(sample)
	slices.SortFunc(sample, tagtable.Key.Compare)
	for b := 1; b < buckets; b++ {
		s.splits = append(s.splits, sample[b*len(sample)/buckets])
	}
}

// each calls f for blocks of a part's items, with their buckets.
func (s *sorter[V]) each(src *Source[V], part int, f func(items []Item[V], buckets []uint16)) {
	var items [block]Item[V]
	var buckets [block]uint16
	n := 0
	flush := func() {
		s.bucketsOf(&items, &buckets, n)
		f(items[:n], buckets[:n])
		n = 0
	}
	src.Each(part, func(k tagtable.Key, v V) {
		it := &items[n]
		it.Key.Hi, it.Key.Lo, it.Value = k.Hi, k.Lo, v
		if n++; n == block {
			flush()
		}
	})
	flush()
}

// bucketsOf finds the buckets of n items: how many splits are not greater than
// the key. It does without branches, which would be mispredicted, and four at a
// time, because each step waits for the one before.
func (s *sorter[V]) bucketsOf(items *[block]Item[V], buckets *[block]uint16, n int) {
	splits := s.splits
	for i := 0; i < n; i += 4 {
		four := items[i:][:4]
		var a, b, c, d int
		for step := (len(splits) + 1) / 2; step > 0; step /= 2 {
			a += step &^ -int(less(&four[0].Key, &splits[a+step-1]))
			b += step &^ -int(less(&four[1].Key, &splits[b+step-1]))
			c += step &^ -int(less(&four[2].Key, &splits[c+step-1]))
			d += step &^ -int(less(&four[3].Key, &splits[d+step-1]))
		}
		buckets[i], buckets[i+1], buckets[i+2], buckets[i+3] = uint16(a), uint16(b), uint16(c), uint16(d)
	}
}

// less returns 1 if a is less than b, else 0.
func less(a, b *tagtable.Key) uint64 {
	_, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	_, borrow = bits.Sub64(a.Hi, b.Hi, borrow)
	return borrow
}

// scratch is what sorting a bucket needs beside it.
type scratch[V any] struct {
	words, other []uint64
	items        []Item[V]
}

// sort sorts less than 1<<numberBits items.
func (s *scratch[V]) sort(items []Item[V], compare func(a, b *V) int) {
	if len(items) < fewItems {
		for i := 1; i < len(items); i++ {
			for j := i; j > 0 && compareItems(&items[j-1], &items[j], compare) > 0; j-- {
				items[j-1], items[j] = items[j], items[j-1]
			}
		}
		return
	}
	var differ tagtable.Key // the bits that are not the same in all keys
	one := items[0].Key
	for i := range items {
		differ.Hi |= items[i].Key.Hi ^ one.Hi
		differ.Lo |= items[i].Key.Lo ^ one.Lo
	}
	if differ == (tagtable.Key{}) {
		slices.SortFunc(items, func(x, y Item[V]) int { return compare(&x.Value, &y.Value) })
		return
	}
	// Words of the bits from the first that differs, above the numbers.
	from := uint(bits.LeadingZeros64(differ.Hi))
	if from == 64 {
		from += uint(bits.LeadingZeros64(differ.Lo))
	}
	n := len(items)
	s.words, s.other = slices.Grow(s.words[:0], n)[:n], slices.Grow(s.other[:0], n)[:n]
	for i := range items {
		s.words[i] = wordOf(&items[i].Key, from) | uint64(i)
	}
	s.items = append(s.items[:0], items...)
	for i, w := range Words(s.words, s.other, numberBits) {
		items[i] = s.items[w&(1<<numberBits-1)]
	}
	// The words are in use for the next items that are equal so far.
	first, before := 0, wordOf(&items[0].Key, from)
	for i := 1; i <= n; i++ {
		if i < n {
			w := wordOf(&items[i].Key, from)
			if w == before {
				continue
			}
			before = w
		}
		if i-first > 1 {
			s.sort(items[first:i], compare)
		}
		first = i
	}
}

// wordOf returns bits of a key from one on, counted from the highest, in the
// highest bits of a word. There are zeros for a number.
func wordOf(k *tagtable.Key, from uint) uint64 {
	w := k.Hi<<from | k.Lo>>(64-from) | k.Lo<<(from-64) // shifts by more than 63 leave nothing
	return w >> numberBits << numberBits
}

// Words sorts words of which those that are equal from one bit on are in order
// already. It returns the one of both slices, which are of one length, that holds
// them then.
func Words(words, other []uint64, from int) []uint64 {
	other = other[:len(words)]
	if len(words) < fewWords {
		slices.Sort(words)
		return words
	}
	differ := uint64(0)
	for _, w := range words {
		differ |= w ^ words[0]
	}
	if top := bits.Len64(differ) - digit; len(words) > manyWords && top > from {
		// By the highest digit first, so that the rest stays in the cache.
		ends := byDigit(words, other, top)
		first := uint32(0)
		for _, end := range ends {
			if sorted := Words(other[first:end], words[first:end], from); len(sorted) > 0 && &sorted[0] != &words[first] {
				copy(words[first:end], sorted)
			}
			first = end
		}
		return words
	}
	for ; from < 64; from += digit {
		if differ>>from&digitMask != 0 {
			byDigit(words, other, from)
			words, other = other, words
		}
	}
	return words
}

const (
	digit     = 11
	digitMask = 1<<digit - 1
	// manyWords do not fit a second-level cache.
	manyWords = 1 << 15
)

// byDigit sorts words into other by the digit from one bit on, and returns where
// the words of each digit end.
func byDigit(words, other []uint64, from int) *[digitMask + 1]uint32 {
	var next [digitMask + 1]uint32
	for _, w := range words {
		next[w>>from&digitMask]++
	}
	at := uint32(0)
	for d, n := range next {
		next[d] = at
		at += n
	}
	for _, w := range words {
		n := &next[w>>from&digitMask]
		other[*n] = w
		*n++
	}
	return &next // each has moved to where the next one began
}
