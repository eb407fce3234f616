package tagtable

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/invariants"
	"github.com/vinmatch/vinmatch/internal/parallel"
)

const (
	// keysPerGroup is the mean that Build aims at: see BenchmarkLoad.
	keysPerGroup = 8.25

	// shardGroups is the run of groups that one goroutine fills at a time,
	// so that a shard fits a second-level cache.
	shardBits   = 12
	shardGroups = 1 << shardBits
)

// A placement is one key on its way to its group: the position in the low half,
// then the group within its shard, the tag, and the spill bit.
type placement uint64

const (
	placeGroup = 32
	placeTag   = placeGroup + shardBits
	placeSpill = placeTag + 8
)

func (p placement) group() uint64 { return uint64(p) >> placeGroup & (shardGroups - 1) }

// Build returns a table over keys, which must be sorted and stay as they are.
// Of equal keys the first is the one that lookups find. The seed makes the hash
// hard to predict; the same keys and seed give the same table, whatever the
// number of workers. There may be at most [MaxKeys] keys.
func Build(keys []Key, seed uint64, workers int) *Table {
	return build(keys, seed, workers, keysPerGroup)
}

func build(keys []Key, seed uint64, workers int, keysPerGroup float64) *Table {
	if len(keys) > MaxKeys {
		panic("tagtable: too many keys")
	}
	if invariants.Enabled {
		invariants.Check(slices.IsSortedFunc(keys, Key.Compare), "keys are not sorted")
	}
	groups := int(float64(len(keys))/keysPerGroup) + 1
	t := &Table{
		seed:   expand(seed),
		groups: hugepage.Make[group](groups),
		keys:   keys,
	}
	workers = max(workers, 1)
	shards := (groups + shardGroups - 1) >> shardBits
	placed, starts := t.partition(shards, workers)

	spills := make([][]uint32, shards)
	parallel.Do(workers, shards, func(s int) {
		spills[s] = t.fill(s, placed[starts[s]:starts[s+1]])
	})
	t.join(spills)
	return t
}

// expand draws the words of the hash from the seed (splitmix64).
func expand(seed uint64) (s [4]uint64) {
	for i := range s {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		s[i] = z ^ z>>31
	}
	s[3] |= 1
	return s
}

// partition sorts the keys' placements by shard, in the order of positions
// within each. Shard s owns placed[starts[s]:starts[s+1]].
func (t *Table) partition(shards, workers int) (placed []placement, starts []int) {
	// Each worker takes one run of keys: it counts them by shard, and when
	// all counts are known it writes each key where the counts say.
	run := (len(t.keys) + workers - 1) / workers
	next := make([][]int, workers)
	parallel.Do(workers, workers, func(w int) {
		n := make([]int, shards)
		for i := w * run; i < min((w+1)*run, len(t.keys)); i++ {
			if !t.repeats(i) {
				n[t.group(t.hash(t.keys[i]))>>shardBits]++
			}
		}
		next[w] = n
	})
	starts = make([]int, shards+1)
	at := 0
	for s := range shards {
		starts[s] = at
		for w := range next {
			at, next[w][s] = at+next[w][s], at
		}
	}
	starts[shards] = at
	placed = hugepage.Make[placement](at)
	parallel.Do(workers, workers, func(w int) {
		next := next[w]
		for i := w * run; i < min((w+1)*run, len(t.keys)); i++ {
			if t.repeats(i) {
				continue
			}
			h := t.hash(t.keys[i])
			g := t.group(h)
			to := &next[g>>shardBits]
			placed[*to] = placement(uint64(i) | g&(shardGroups-1)<<placeGroup | tag(h)<<placeTag | spillBit(h)<<placeSpill)
			*to++
		}
	})
	return placed, starts
}

// repeats reports whether a key is the same as the one before.
func (t *Table) repeats(i int) bool { return i > 0 && t.keys[i] == t.keys[i-1] }

// group returns the group of a hash.
func (t *Table) group(h uint64) uint64 {
	g, _ := bits.Mul64(h, uint64(len(t.groups)))
	return g
}

// fill puts the keys of a shard into its groups and returns the spill lists of
// those that found no slot. Until join, a spilling group's last slot counts from
// the shard's own lists.
func (t *Table) fill(shard int, placed []placement) (spill []uint32) {
	groups := t.groups[shard<<shardBits:]
	var keys [shardGroups]uint32
	for _, p := range placed {
		keys[p.group()]++
	}
	var used [shardGroups]uint8
	var late []placement
	for _, p := range placed {
		i := p.group()
		g, n, slots := &groups[i], used[i], uint8(groupSlots)
		if keys[i] > groupSlots {
			slots--
		}
		if n < slots {
			g.tags[n>>3] |= uint64(p>>placeTag&0xFF) << (8 * (n & 7))
			g.pos[n] = uint32(p)
			used[i] = n + 1
			continue
		}
		g.tags[1] |= 1 << (spillAt + p>>placeSpill)
		late = append(late, p)
	}
	slices.SortFunc(late, func(a, b placement) int {
		return cmp.Or(cmp.Compare(a.group(), b.group()), cmp.Compare(uint32(a), uint32(b)))
	})
	for i := 0; i < len(late); {
		g := late[i].group()
		start := len(spill)
		groups[g].pos[spillSlot] = uint32(start)
		spill = append(spill, 0)
		for ; i < len(late) && late[i].group() == g; i++ {
			spill = append(spill, uint32(late[i]))
		}
		spill[start] = uint32(len(spill) - start - 1)
	}
	return spill
}

// join puts the shards' spill lists behind each other.
func (t *Table) join(spills [][]uint32) {
	t.spill = slices.Concat(spills...)
	base := uint32(0)
	for s, spill := range spills {
		for i := s << shardBits; i < min((s+1)<<shardBits, len(t.groups)); i++ {
			if g := &t.groups[i]; g.spills() {
				g.pos[spillSlot] += base | spillMark
			}
		}
		base += uint32(len(spill))
	}
}
