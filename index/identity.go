package index

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/hugepage"
)

// An identityTable finds the row of an owner and ID in a segment, or its
// tombstone, which counts as row n and up. Only changes ask for it: it is made
// for the first of them, in a fraction of a second for ten million records, so
// that a register that never changes does without its five bytes a record.
//
// Slots are probed one after the other. A slot holds 1 + the row in its low bits
// and as much of the hash as fits above: at twenty million rows seven bits, so
// that of the dozen slots that an unknown ID passes in the mean hardly one costs
// a look at a record.
type identityTable struct {
	seg     *segment
	seed    uint64
	slots   []uint32
	rowBits uint8
}

func newIdentityTable(s *segment, seed uint64, workers int) *identityTable {
	n := s.n + s.tombs.n
	t := &identityTable{
		seg:     s,
		seed:    seed,
		slots:   hugepage.Make[uint32](n + n/4 + 1),
		rowBits: uint8(bits.Len(uint(n))),
	}
	eachPart(workers, n, func(first, end int) {
		// A compare-and-swap waits for its slot, and what follows waits for it.
		// Slots that were read before, which overlaps, are at hand.
		var hashes [ahead]uint64
		for ; first < end; first += ahead {
			hashes := hashes[:min(ahead, end-first)]
			for i := range hashes {
				owner, id := s.identity(uint32(first + i))
				hashes[i] = hashIdentity(seed, owner, id)
			}
			t.touch(hashes)
			for i, h := range hashes {
				at, v := t.start(h), t.tag(h)|uint32(first+i+1)
				for !atomic.CompareAndSwapUint32(&t.slots[at], 0, v) {
					at = t.after(at)
				}
			}
		}
	})
	return t
}

// identity returns owner and ID of a row or tombstone.
func (s *segment) identity(row uint32) (owner string, id []byte) {
	if int(row) < s.n {
		return s.identityOf(Row(row))
	}
	i := int(row) - s.n
	return s.owners.Value(uint32(s.tombs.owner.At(i))), s.tombs.ids.At(i)
}

// hashIdentity mixes owner and ID.
func hashIdentity[ID string | []byte](seed uint64, owner string, id ID) uint64 {
	var buf [8 + MaxOwner + 1 + MaxID]byte
	b := binary.LittleEndian.AppendUint64(buf[:0], seed)
	b = append(b, owner...)
	b = append(b, 0)
	return xxhash.Sum64(append(b, id...))
}

func (t *identityTable) start(h uint64) uint64 {
	i, _ := bits.Mul64(h, uint64(len(t.slots)))
	return i
}

func (t *identityTable) after(i uint64) uint64 {
	if i++; i == uint64(len(t.slots)) {
		return 0
	}
	return i
}

// tag returns the part of a hash that a slot holds.
func (t *identityTable) tag(h uint64) uint32 { return uint32(h) << t.rowBits }

// find returns the row or tombstone of owner and ID, whose hash is h; none if
// there is none.
func (t *identityTable) find(owner string, id []byte, h uint64) uint32 {
	for i := t.start(h); t.slots[i] != 0; i = t.after(i) {
		v := t.slots[i]
		if v>>t.rowBits<<t.rowBits != t.tag(h) {
			continue
		}
		row := v&(1<<t.rowBits-1) - 1
		if o, d := t.seg.identity(row); o == owner && string(d) == string(id) {
			return row
		}
	}
	return none
}

// likely returns the row that find would look at first; none if find would find
// nothing.
func (t *identityTable) likely(h uint64) uint32 {
	for i := t.start(h); t.slots[i] != 0; i = t.after(i) {
		if v := t.slots[i]; v>>t.rowBits<<t.rowBits == t.tag(h) {
			return v&(1<<t.rowBits-1) - 1
		}
	}
	return none
}

// touch reads the slots where hashes are looked for.
//
//go:noinline
func (t *identityTable) touch(hashes []uint64) (sum uint32) {
	for _, h := range hashes {
		sum += atomic.LoadUint32(&t.slots[t.start(h)])
	}
	return sum
}

func (t *identityTable) bytes() int64 { return int64(len(t.slots)) * 4 }

// A tombstone says that a record was withdrawn, so that an older version that
// comes late does not bring it back.
type tombstone struct {
	owner   string
	id      []byte
	version uint64
	at      uint64 // see secondOf
}

// tombstones hold many, in the order of owner and ID. Owners are in codes of the
// segment's dictionary.
type tombstones struct {
	n                  int
	owner, version, at *column.Uints
	ids                *column.Blobs
}

// bury keeps tombstones in the segment.
func (s *segment) bury(list []tombstone) {
	slices.SortFunc(list, func(a, b tombstone) int {
		if c := strings.Compare(a.owner, b.owner); c != 0 {
			return c
		}
		return strings.Compare(string(a.id), string(b.id))
	})
	var most tombstone
	lens := make([]uint16, len(list))
	owners := make([]uint32, len(list))
	for i, t := range list {
		lens[i] = uint16(len(t.id))
		owners[i] = s.owners.Code(t.owner)
		most.version, most.at = max(most.version, t.version), max(most.at, t.at)
	}
	s.tombs = tombstones{
		n:       len(list),
		owner:   column.MakeUints(len(list), 0, uint64(max(s.owners.Len(), 1)-1)),
		version: column.MakeUints(len(list), 0, most.version),
		at:      column.MakeUints(len(list), 0, most.at),
		ids:     column.MakeBlobs(lens),
	}
	for i, t := range list {
		s.tombs.owner.Set(i, uint64(owners[i]))
		s.tombs.version.Set(i, t.version)
		s.tombs.at.Set(i, t.at)
		copy(s.tombs.ids.At(i), t.id)
	}
}

func (t *tombstones) bytes() int64 {
	if t.n == 0 {
		return 0
	}
	return int64(t.owner.Bytes() + t.version.Bytes() + t.at.Bytes() + t.ids.Bytes())
}
