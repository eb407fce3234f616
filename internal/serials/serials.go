// Package serials finds VINs by their last six symbols, or by some of those: the
// serial numbers that makers stamp, and what is left of many a number that was
// half read or half filed off.
//
// # Terms
//
//   - A tail is the last six symbols of a VIN. It is numeric if all are digits,
//     as three tails of four are, and lettered otherwise.
//   - An entry is the position of a VIN in the sorted array of all of them.
//
// # Layout
//
// The entries stand in the order of their tails read backwards, the last symbol
// first, and of their own numbers where tails are equal. So the entries of
// "ends in 352" are one run, and those of one tail ascend with their VINs: a
// wanted beginning of the VIN, which is a range of entries, is tested without a
// look at the VIN itself.
//
//	entries   numeric tails ..................... | lettered tails .........
//	starts    of 000000, 100000, 200000 ... 999999
//	tails                                           of each entry, 32 bits
//	sample                                          every 64th of those
//
// A numeric tail is a number of six digits, backwards, and starts leads from it
// to its run. Where there are few VINs, starts goes by fewer digits and the
// other symbols have to be compared: see [Directory.Exact]. A lettered tail is
// a number with base 33, which fits 32 bits; searches go through the sample,
// which stays in the cache, to 64 neighbours.
//
// It takes 5.2 bytes a VIN for a quarter of lettered tails and many VINs, and up
// to four more for starts where there are fewer.
package serials

import (
	"math/bits"
	"slices"

	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// Len is the number of symbols of a tail.
const Len = 6

const (
	base     = 33 // symbols of a VIN
	digits   = 10 // the first of them
	sampling = 64
)

// ranks number the symbols of a VIN by their codes.
var ranks = func() (ranks [sixbit.Codes]uint8) {
	for i, c := range []byte("0123456789ABCDEFGHJKLMNPRSTUVWXYZ") {
		ranks[sixbit.Code(c)] = uint8(i)
	}
	return ranks
}()

// pow33[i] is the number of tails that share their last six-i symbols.
var pow33 = [Len + 1]uint64{1, 33, 33 * 33, 33 * 33 * 33, 33 * 33 * 33 * 33, 33 * 33 * 33 * 33 * 33, 33 * 33 * 33 * 33 * 33 * 33}

// A Directory finds entries by tails. Any number of goroutines may use it.
type Directory struct {
	// Entries are all entries, in the order of the package comment.
	Entries []uint32
	// Starts lead from the last symbols of numeric tails, as a number, to
	// their first entry. There is one for each number of as many digits as the
	// length tells, and one more.
	Starts []uint32
	// Tails are the tails of the last len(Tails) entries, ascending.
	Tails []uint32

	sample  []uint32
	places  int       // digits that starts goes by
	letters [Len]bool // read backwards: some tail has a letter at the place
}

// tailOf returns the tail of a VIN: as six digits if it is numeric, with base
// 33 if not.
func tailOf(lo uint64) (tail uint32, numeric bool) {
	var number, lettered uint32
	letters := uint8(0)
	for i := range Len {
		rank := ranks[lo>>(6*i)&63]
		if rank >= digits {
			letters = 1
		}
		number = number*digits + uint32(rank)
		lettered = lettered*base + uint32(rank)
	}
	if letters != 0 {
		return lettered, false
	}
	return number, true
}

// Build returns the directory of VINs, which are given as the words of their
// keys, sorted. There may be at most 1<<32-1. The number of workers does not
// change the result.
func Build(vins []tagtable.Key, workers int) *Directory {
	return build(vins, workers, placesFor(len(vins)))
}

func build(vins []tagtable.Key, workers, places int) *Directory {
	b := builder{vins: vins, workers: max(workers, 1), places: places}
	b.numeric = pow10(min(places, bucketDigits))
	b.perNumeric = pow10(Len) / b.numeric
	b.partition()

	d := &Directory{places: places}
	numeric := b.starts[b.numeric]
	d.Entries = hugepage.Make[uint32](len(vins))
	d.Starts = make([]uint32, pow10(places)+1)
	d.Starts[len(d.Starts)-1] = uint32(numeric)
	d.Tails = hugepage.Make[uint32](len(vins) - numeric)
	parallel.Do(b.workers, len(b.starts)-1, func(bucket int) {
		from, to := b.starts[bucket], b.starts[bucket+1]
		if bucket < b.numeric {
			cells := pow10(places) / b.numeric
			b.fillNumeric(d.Entries[from:to], d.Starts[bucket*cells:][:cells], bucket, from)
		} else {
			b.fillLettered(d.Entries[from:to], d.Tails[from-numeric:to-numeric], from)
		}
	})
	d.index()
	return d
}

// A builder sorts entries by tails: first into buckets of tails that share their
// last symbols, which stay in the cache, then within these.
type builder struct {
	vins       []tagtable.Key
	workers    int
	places     int
	numeric    int // buckets of numeric tails; those of lettered ones follow
	perNumeric int // tails of a bucket

	items  []item
	starts []int // of each bucket in items, and of their end
}

// An item is an entry below its tail.
type item uint64

const (
	bucketDigits    = 3       // of numeric tails
	letteredBuckets = 33 * 33 // by two symbols
	perLettered     = 33 * 33 * 33 * 33
)

// bucketOf returns the item and the bucket of an entry.
func (b *builder) bucketOf(entry int) (item, int) {
	tail, numeric := tailOf(b.vins[entry].Lo)
	i := item(uint64(tail)<<32 | uint64(entry))
	if numeric {
		return i, int(tail) / b.perNumeric
	}
	return i, b.numeric + int(tail)/perLettered
}

// partition sorts items into buckets, in the order of their entries in each.
func (b *builder) partition() {
	// Each worker takes one run of entries: it counts them by bucket, and when
	// all counts are known it puts each item where the counts say.
	buckets := b.numeric + letteredBuckets
	run := (len(b.vins) + b.workers - 1) / b.workers
	next := make([][]int, b.workers)
	parallel.Do(b.workers, b.workers, func(w int) {
		next[w] = make([]int, buckets)
		for i := w * run; i < min((w+1)*run, len(b.vins)); i++ {
			_, bucket := b.bucketOf(i)
			next[w][bucket]++
		}
	})
	b.starts = make([]int, buckets+1)
	at := 0
	for bucket := range buckets {
		b.starts[bucket] = at
		for w := range next {
			at, next[w][bucket] = at+next[w][bucket], at
		}
	}
	b.starts[buckets] = at
	b.items = hugepage.Make[item](at)
	parallel.Do(b.workers, b.workers, func(w int) {
		next := next[w]
		for i := w * run; i < min((w+1)*run, len(b.vins)); i++ {
			it, bucket := b.bucketOf(i)
			b.items[next[bucket]] = it
			next[bucket]++
		}
	})
}

// fillNumeric writes the entries of a bucket from its items, and their starts.
func (b *builder) fillNumeric(entries, starts []uint32, bucket, from int) {
	items := b.items[from:][:len(entries)]
	first, perStart := uint32(bucket*b.perNumeric), uint32(b.perNumeric/len(starts))
	cell := func(i item) uint32 { return (uint32(i>>32) - first) / perStart }
	for _, i := range items {
		starts[cell(i)]++
	}
	at := uint32(0)
	for c, n := range starts {
		starts[c] = at
		at += n
	}
	for _, i := range items {
		next := &starts[cell(i)]
		entries[*next] = uint32(i)
		*next++
	}
	// Each start has moved to the next one.
	copy(starts[1:], starts)
	starts[0] = 0
	for c := range starts {
		starts[c] += uint32(from)
	}
}

// fillLettered writes the entries of a bucket from its items, and their tails.
func (b *builder) fillLettered(entries, tails []uint32, from int) {
	items := b.items[from:][:len(entries)]
	slices.Sort(items)
	for n, i := range items {
		entries[n], tails[n] = uint32(i), uint32(i>>32)
	}
}

// placesFor returns how many digits starts goes by: as many as leave it a word a
// VIN at most. With one digit fewer, a search by the last six symbols of a million
// VINs compares eight of them, anywhere in memory, for each that fits, and takes
// twice as long.
func placesFor(vins int) int {
	places := 1
	for places < Len && pow10(places+1) <= vins {
		places++
	}
	return places
}

// tens are the powers of ten.
var tens = [Len + 1]int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000}

func pow10(n int) int { return tens[n] }

// index makes what follows from the exported fields.
func (d *Directory) index() {
	d.sample = make([]uint32, 0, len(d.Tails)/sampling+1)
	for i := 0; i < len(d.Tails); i += sampling {
		d.sample = append(d.sample, d.Tails[i])
	}
	for i, tail := range d.Tails {
		if i > 0 && tail == d.Tails[i-1] {
			continue
		}
		for place := range d.letters {
			if uint64(tail)/pow33[Len-1-place]%base >= digits {
				d.letters[place] = true
			}
		}
	}
}

// Bytes returns the memory held.
func (d *Directory) Bytes() int {
	return 4 * (len(d.Entries) + len(d.Starts) + len(d.Tails) + len(d.sample))
}

// Exact reports whether the entries that Walk finds have the wanted tails. If
// not, some of them may differ in the first symbols of the tail.
func (d *Directory) Exact() bool { return d.places == Len }

// Wanted are the symbols that may stand at each place of a tail, from its
// first to its last, as sets of bits by the codes of sixbit.
type Wanted [Len]uint64

// Ending returns the entries of VINs by their last n symbols, 1 to Len, which are
// those of the low word of a key: those of numeric tails and those of lettered
// ones, each ascending if n is Len. They are exact if all end so; if not, where
// starts goes by fewer digits, some numeric tails differ in the symbols before
// those. It does not allocate.
func (d *Directory) Ending(lo uint64, n int) (numeric, lettered []uint32, exact bool) {
	number, tail := 0, uint64(0)
	letters := false
	for i := range n {
		rank := ranks[lo>>(6*i)&63]
		letters = letters || rank >= digits
		if i < d.places {
			number = number*digits + int(rank)
		}
		tail = tail*base + uint64(rank)
	}
	if !letters {
		size := tens[d.places-min(n, d.places)]
		numeric = d.Entries[d.Starts[number*size]:d.Starts[(number+1)*size]]
		for place := n; place < Len && !letters; place++ {
			letters = d.letters[place]
		}
	}
	if letters && len(d.Tails) > 0 {
		entries := d.Entries[len(d.Entries)-len(d.Tails):]
		from := d.find(tail * pow33[Len-n])
		lettered = entries[from:d.seek(from, (tail+1)*pow33[Len-n])]
	}
	return numeric, lettered, n <= d.places
}

// Walk calls f for runs of entries, which together hold every entry whose tail
// is wanted, until f returns false, and reports whether it never did. It does
// not allocate.
func (d *Directory) Walk(want *Wanted, f func(entries []uint32) bool) bool {
	var sets rankSets
	letters := uint64(0)
	restricted := 0 // how many of the last symbols include all that matter
	for i := range sets {
		sets[i] = byRank(want[Len-1-i])
		if sets[i] == 0 {
			return true
		}
		if sets[i] != 1<<base-1 {
			restricted = i + 1
		}
		if d.letters[i] {
			letters |= sets[i] >> digits
		}
	}
	return d.walkNumeric(&sets, restricted, f) && (letters == 0 || d.walkLettered(&sets, restricted, f))
}

// byRank turns a set by codes into one by ranks.
func byRank(set uint64) uint64 {
	const A, J, P, R = 'A' - sixbit.Offset, 'J' - sixbit.Offset, 'P' - sixbit.Offset, 'R' - sixbit.Offset
	return set>>1&(1<<10-1) | // the digits
		set>>A&(1<<8-1)<<10 | // A to H
		set>>J&(1<<5-1)<<18 | // J to N
		set>>P&1<<23 |
		set>>R&(1<<9-1)<<24 // R to Z
}

// rankSets are the symbols that may stand at each place of a tail read
// backwards, as sets of bits by rank.
type rankSets [Len]uint64

// ahead is how many runs of numeric tails are fetched at a time, so that the
// memory works on all of them together.
const ahead = 16

// walkNumeric is Walk for numeric tails.
func (d *Directory) walkNumeric(sets *rankSets, restricted int, f func([]uint32) bool) bool {
	restricted = min(restricted, d.places)
	size := pow10(d.places - restricted)
	// An odometer over the restricted places: rest[i] are the digits still to
	// come at place i.
	var rest rankSets
	for i := range sets {
		if rest[i] = sets[i] & (1<<digits - 1); rest[i] == 0 {
			return true
		}
	}
	place, number := 0, 0
	var runs [ahead][2]uint32
	for place >= 0 {
		n := 0
		for ; n < ahead && place >= 0; n++ {
			for ; place < restricted; place++ {
				number = number*digits + bits.TrailingZeros64(rest[place])
				rest[place] &= rest[place] - 1
			}
			runs[n] = [2]uint32{d.Starts[number*size], d.Starts[(number+1)*size]}
			for place--; place >= 0; place-- {
				if number /= digits; rest[place] != 0 {
					break
				}
				rest[place] = sets[place] & (1<<digits - 1)
			}
		}
		for _, r := range runs[:n] {
			if r[0] < r[1] {
				touch(d.Entries[r[0]])
			}
		}
		for _, r := range runs[:n] {
			if r[0] < r[1] && !f(d.Entries[r[0]:r[1]]) {
				return false
			}
		}
	}
	return true
}

// touch has its argument read.
//
//go:noinline
func touch(uint32) {}

// walkLettered is Walk for lettered tails. It leaps from one wanted tail that
// exists to the next.
func (d *Directory) walkLettered(sets *rankSets, restricted int, f func([]uint32) bool) bool {
	entries := d.Entries[len(d.Entries)-len(d.Tails):]
	run := pow33[Len-restricted]
	at := 0
	next := uint64(0)
	for {
		var ok bool
		if next, ok = sets.next(next, restricted); !ok {
			return true
		}
		if at = d.seek(at, next); at == len(d.Tails) {
			return true
		}
		if first := uint64(d.Tails[at]); first-next >= run {
			// No such tail: go on from the one that is there.
			next = first / run * run
			continue
		}
		next += run
		end := d.seek(at, next)
		if !f(entries[at:end]) {
			return false
		}
		at = end
	}
}

// next returns the least wanted tail, of the restricted places, that is not
// less than t, with zeros for the other places. t has zeros there.
func (sets *rankSets) next(t uint64, restricted int) (uint64, bool) {
	if t >= pow33[Len] {
		return 0, false
	}
	var ranks [Len]uint64
	for i := range restricted {
		ranks[i] = t / pow33[Len-1-i] % base
	}
	// The first place whose symbol is not wanted moves up to one that is, or
	// the place before it does; those behind start anew.
	place := 0
	for ; place < restricted && sets[place]>>ranks[place]&1 != 0; place++ {
	}
	if place == restricted {
		return t, true
	}
	for ; place >= 0; place-- {
		if above := sets[place] &^ (2<<ranks[place] - 1); above != 0 {
			ranks[place] = uint64(bits.TrailingZeros64(above))
			break
		}
	}
	if place < 0 {
		return 0, false
	}
	for place++; place < restricted; place++ {
		ranks[place] = uint64(bits.TrailingZeros64(sets[place]))
	}
	t = 0
	for i := range restricted {
		t += ranks[i] * pow33[Len-1-i]
	}
	return t, true
}

// seek returns the place of the first tail, from a place on, that is not less
// than t.
func (d *Directory) seek(from int, t uint64) int {
	if from == len(d.Tails) || uint64(d.Tails[from]) >= t {
		return from
	}
	// The block before the first sample that is not less has the place.
	lo, hi := from/sampling+1, len(d.sample)
	for step := 1; lo+step < hi; step *= 2 {
		if uint64(d.sample[lo+step]) >= t {
			hi = lo + step
			break
		}
		lo += step
	}
	return d.within(lo, hi, t)
}

// find is seek from the first place, of which there is one.
func (d *Directory) find(t uint64) int {
	if uint64(d.Tails[0]) >= t {
		return 0
	}
	return d.within(1, len(d.sample), t)
}

// within returns the place of the first tail that is not less than t, which is
// behind the first of all. The first sample that is not less is one from lo to hi.
func (d *Directory) within(lo, hi int, t uint64) int {
	tail := uint32(t) // which is 33 to the sixth at most
	s, _ := slices.BinarySearch(d.sample[lo:hi], tail)
	start := (lo + s - 1) * sampling
	at, _ := slices.BinarySearch(d.Tails[start:min(start+sampling, len(d.Tails))], tail)
	return start + at
}
