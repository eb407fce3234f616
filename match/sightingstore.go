package match

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// The memory of Sightings is a ring of records of one size, in the order in
// which they were added, and two hash tables:
//
//	heads[byVIN]     heads[byPlate]      the latest sighting of each number
//	     |                |
//	     v                v
//	ring:  ... [r] <- [r] [r] <- [r] ...  each knows how many places before it
//	                                      the one before of the same number is
//
// A sighting has a sequence number, and stands at the place of it modulo the
// size of the ring. Links are differences of sequence numbers, so that a link
// that leads to a sighting which is forgotten is known by its target lying
// before the oldest: nothing has to be unlinked. Only where the sighting that is
// forgotten is the latest of its number, its entry leaves the table.
//
// The tables are open-addressed with linear probing, at most three quarters
// full, and hold places in the ring alone; the key is in the record. An entry
// leaves by shifting back those behind it, so that there are no tombstones and a
// full ring that turns for years does not slow down. Hashes are seeded, so that
// nobody can choose numbers that collide.
//
// Nothing in the ring and the tables is a pointer. Names of places, and the
// rare plates longer than a record holds, are kept once for all records that
// have them and counted.

// A sighted is a sighting as it is held: 72 bytes.
type sighted struct {
	vinHi, vinLo uint64    // as vin.VIN.Words; the top byte of vinHi is the channel
	plate        [2]uint64 // the text, padded with zeros, as big-endian words; of a long one the number of the text
	ref          uint64
	time         int64 // milliseconds since 1970, or noTime
	lat, lon     int32 // in units of 1e-7 degrees; lat may be noPosition
	place        uint32
	before       [2]uint32 // by VIN and by plate: how many sightings ago the one before was; 0: none
	country      uint16    // of the plate, two letters; 0: not known
	plateLen     uint8     // bytes of text; 0: no plate; longPlate
	told         uint8     // what was told with it: two bits for each told
}

const (
	sightedBytes = 72

	noTime     = math.MinInt64
	noPosition = math.MinInt32
	longPlate  = 0xFF
	inlineText = 16 // bytes of a plate in a record
	unitDegree = 1e7

	channelShift = 56
	vinMask      = 1<<channelShift - 1
)

// The two numbers by which sightings are found.
const (
	byVIN = iota
	byPlate
)

type sightingStore struct {
	max    uint64
	added  uint64 // the sequence number of the next sighting
	chunks []*[chunkLen]sighted
	heads  [2]headTable
	texts  textTable
	seeds  [3]uint64
}

// chunkLen is how many records are allocated at once.
const chunkLen = 1 << 12

func newSightingStore(max int) sightingStore {
	st := sightingStore{max: uint64(max), texts: textTable{limit: max/16 + 1024}}
	for i := range st.seeds {
		st.seeds[i] = rand.Uint64()
	}
	return st
}

// held returns how many sightings there are.
func (st *sightingStore) held() uint64 { return min(st.added, st.max) }

// at returns the record of a sequence number.
func (st *sightingStore) at(seq uint64) *sighted { return st.slot(seq % st.max) }

func (st *sightingStore) slot(i uint64) *sighted {
	return &st.chunks[i/chunkLen][i%chunkLen]
}

// take makes room for one sighting, by forgetting the oldest if need be, and
// returns s as it is held.
func (st *sightingStore) take(s *Sighting) sighted {
	if st.added >= st.max {
		st.forget(st.added % st.max)
	}
	r := sighted{ref: s.Ref, time: noTime, lat: noPosition, country: 0}
	r.vinHi, r.vinLo = s.VIN.Words()
	r.vinHi |= uint64(s.Channel) << channelShift
	if y := s.Time.UTC().Year(); !s.Time.IsZero() && 1 <= y && y <= 9999 {
		r.time = s.Time.UnixMilli()
	}
	if lat, lon, ok := position(s.Lat, s.Lon); ok {
		r.lat, r.lon = int32(math.Round(lat*unitDegree)), int32(math.Round(lon*unitDegree))
	}
	st.takePlate(&r, s.Plate)
	if s.Place != "" {
		place := s.Place
		if len(place) > maxPlace {
			n := maxPlace
			for n > 0 && !utf8.RuneStart(place[n]) {
				n--
			}
			place = place[:n]
		}
		r.place = st.texts.take([]byte(place))
	}
	return r
}

// maxPlace is how many bytes of the name of a place are kept.
const maxPlace = 64

func (st *sightingStore) takePlate(r *sighted, p plate.Plate) {
	if !p.IsValid() {
		return
	}
	var buf [plate.MaxText]byte
	text := p.AppendTo(buf[:0])
	if len(text) <= inlineText {
		r.setPlate(text)
	} else {
		id := st.texts.take(text)
		if id == 0 {
			return
		}
		r.plate, r.plateLen = [2]uint64{uint64(id)}, longPlate
	}
	if c := p.Country(); c != "" {
		r.country = uint16(c[0])<<8 | uint16(c[1])
	}
}

// setPlate sets a text of at most inlineText bytes.
func (r *sighted) setPlate(text []byte) {
	var b [inlineText]byte
	copy(b[:], text)
	r.plate = [2]uint64{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
	r.plateLen = uint8(len(text))
}

// plateBytes returns such a text.
func (r *sighted) plateBytes() []byte {
	var b [inlineText]byte
	binary.BigEndian.PutUint64(b[:8], r.plate[0])
	binary.BigEndian.PutUint64(b[8:], r.plate[1])
	return b[:r.plateLen]
}

// put holds a sighting for which take has made room.
func (st *sightingStore) put(r sighted) {
	slot := st.added % st.max
	if slot%chunkLen == 0 && int(slot/chunkLen) == len(st.chunks) {
		st.chunks = append(st.chunks, new([chunkLen]sighted))
	}
	for by := range st.heads {
		r.before[by] = 0
		if k, ok := r.key(by); ok {
			if head, ok := st.latest(by, k); ok {
				r.before[by] = uint32(st.added - head)
			}
		}
	}
	*st.slot(slot) = r
	for by := range st.heads {
		if k, ok := r.key(by); ok {
			st.setHead(by, k, uint32(slot))
		}
	}
	st.added++
}

// forget removes the oldest sighting, which stands at a slot.
func (st *sightingStore) forget(slot uint64) {
	r := st.slot(slot)
	for by := range st.heads {
		if k, ok := r.key(by); ok {
			st.dropHead(by, k, uint32(slot))
		}
	}
	if r.plateLen == longPlate {
		st.texts.drop(uint32(r.plate[0]))
	}
	st.texts.drop(r.place)
	*r = sighted{}
}

// A sightingKey is a VIN, or a plate of one country.
type sightingKey [3]uint64

// key returns the number by which a record is found, and whether it has one.
func (r *sighted) key(by int) (sightingKey, bool) {
	if by == byVIN {
		return sightingKey{r.vinHi & vinMask, r.vinLo}, r.vinHi&vinMask != 0
	}
	return sightingKey{r.plate[0], r.plate[1], uint64(r.country)<<8 | uint64(r.plateLen)}, r.plateLen != 0
}

func (st *sightingStore) hash(k sightingKey) uint64 {
	hi, lo := bits.Mul64(k[0]^st.seeds[0], k[1]^st.seeds[1])
	hi, lo = bits.Mul64(hi^lo^k[2], st.seeds[2]|1)
	return hi ^ lo
}

// latest returns the sequence number of the latest sighting with a key.
func (st *sightingStore) latest(by int, k sightingKey) (uint64, bool) {
	t := &st.heads[by]
	if t.n == 0 {
		return 0, false
	}
	i := st.find(by, k)
	if t.slots[i] == 0 {
		return 0, false
	}
	return st.seq(uint64(t.slots[i] - 1)), true
}

// seq returns the sequence number of what stands at a slot. The one place that
// is free while the ring is full is that of the sighting to come.
func (st *sightingStore) seq(slot uint64) uint64 {
	next := st.added % st.max
	if slot >= next {
		return st.added - next - st.max + slot
	}
	return st.added - next + slot
}

// recent appends the latest sightings with a key to dst, the last one first, as
// many as dst has room for.
func (st *sightingStore) recent(dst []*sighted, by int, k sightingKey) []*sighted {
	seq, ok := st.latest(by, k)
	if !ok {
		return dst
	}
	oldest := st.oldest()
	for len(dst) < cap(dst) {
		r := st.at(seq)
		dst = append(dst, r)
		d := uint64(r.before[by])
		if d == 0 || d > seq-oldest {
			break
		}
		seq -= d
	}
	return dst
}

// oldest returns the sequence number of the oldest sighting that is held, while
// there is room for the one to come.
func (st *sightingStore) oldest() uint64 {
	if st.added < st.max {
		return 0
	}
	return st.added - st.max + 1
}

// misreadAs are the characters that are read where another one stands.
const misreadAs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// neighbours yields the keys, among those that sightings are held of, of the
// numbers that one error makes of a record's: one character for another, two
// neighbours swapped, and of a plate of at most inlineText bytes one character
// lost or too many. It stops where yield says so. A key may come twice.
func (st *sightingStore) neighbours(by int, r *sighted, yield func(sightingKey) bool) {
	if by == byVIN {
		st.vinNeighbours(r, yield)
		return
	}
	if r.plateLen == 0 || r.plateLen == longPlate {
		return
	}
	own, _ := r.key(byPlate)
	runes := []rune(string(r.plateBytes()))
	var buf [inlineText + 2*utf8.UTFMax]byte
	more := true
	// ask looks up before + c + after; without c where that is negative.
	ask := func(before []rune, c rune, after []rune) {
		text := buf[:0]
		for _, x := range before {
			text = utf8.AppendRune(text, x)
		}
		if c >= 0 {
			text = utf8.AppendRune(text, c)
		}
		for _, x := range after {
			text = utf8.AppendRune(text, x)
		}
		if !more || len(text) == 0 || len(text) > inlineText {
			return
		}
		o := sighted{country: r.country}
		o.setPlate(text)
		if k, _ := o.key(byPlate); k != own {
			if _, ok := st.latest(byPlate, k); ok {
				more = yield(k)
			}
		}
	}
	for i := range len(runes) + 1 {
		for _, c := range misreadAs {
			ask(runes[:i], c, runes[i:])
			if i < len(runes) {
				ask(runes[:i], c, runes[i+1:])
			}
		}
		if i < len(runes) {
			ask(runes[:i], -1, runes[i+1:])
		}
		if i+1 < len(runes) {
			runes[i], runes[i+1] = runes[i+1], runes[i]
			ask(runes, -1, nil)
			runes[i], runes[i+1] = runes[i+1], runes[i]
		}
	}
}

func (st *sightingStore) vinNeighbours(r *sighted, yield func(sightingKey) bool) {
	own := r.vin()
	ask := func(b [vin.Len]byte) bool {
		v, ok := vin.FromBytes(b)
		if !ok || v == own {
			return true
		}
		hi, lo := v.Words()
		k := sightingKey{hi, lo}
		if _, ok := st.latest(byVIN, k); !ok {
			return true
		}
		return yield(k)
	}
	b := own.Bytes()
	for i := range b {
		c := b
		for _, x := range []byte(misreadAs) {
			if c[i] = x; !ask(c) {
				return
			}
		}
		if i+1 < len(b) {
			c = b
			if c[i], c[i+1] = b[i+1], b[i]; !ask(c) {
				return
			}
		}
	}
}

// A headTable finds the latest sighting of a number.
type headTable struct {
	slots []uint32 // places in the ring, from 1; 0: free. A power of two of them
	n     int
}

const firstHeads = 64

// find returns where in the table a key is, or where it would be. There is a
// free place.
func (st *sightingStore) find(by int, k sightingKey) int {
	t := &st.heads[by]
	mask := len(t.slots) - 1
	for i := int(st.hash(k)) & mask; ; i = (i + 1) & mask {
		if t.slots[i] == 0 {
			return i
		}
		if own, _ := st.slot(uint64(t.slots[i] - 1)).key(by); own == k {
			return i
		}
	}
}

// setHead makes the record at a slot the latest with its key.
func (st *sightingStore) setHead(by int, k sightingKey, slot uint32) {
	t := &st.heads[by]
	if 4*(t.n+1) > 3*len(t.slots) {
		st.grow(by)
	}
	i := st.find(by, k)
	if t.slots[i] == 0 {
		t.n++
	}
	t.slots[i] = slot + 1
}

func (st *sightingStore) grow(by int) {
	t := &st.heads[by]
	old := t.slots
	t.slots = make([]uint32, max(firstHeads, 2*len(old)))
	for _, s := range old {
		if s != 0 {
			k, _ := st.slot(uint64(s - 1)).key(by)
			t.slots[st.find(by, k)] = s
		}
	}
}

// dropHead removes a key from the table if the record at a slot is the latest
// with it.
func (st *sightingStore) dropHead(by int, k sightingKey, slot uint32) {
	t := &st.heads[by]
	free := st.find(by, k)
	if t.slots[free] != slot+1 {
		return
	}
	t.n--
	mask := len(t.slots) - 1
	for i := (free + 1) & mask; t.slots[i] != 0; i = (i + 1) & mask {
		own, _ := st.slot(uint64(t.slots[i] - 1)).key(by)
		home := int(st.hash(own)) & mask
		// It may move to the free place if that is not before its home.
		if (i-home)&mask >= (i-free)&mask {
			t.slots[free] = t.slots[i]
			free = i
		}
	}
	t.slots[free] = 0
}

// A textTable keeps texts once each, as long as records have them.
type textTable struct {
	ids   map[string]uint32
	all   []countedText // by number less 1
	free  []uint32      // numbers that are not in use
	bytes int
	limit int
	lost  uint64
}

type countedText struct {
	text string
	n    uint64
}

// take returns the number of a text; 0 if there are too many.
func (t *textTable) take(text []byte) uint32 {
	if id, ok := t.ids[string(text)]; ok {
		t.all[id-1].n++
		return id
	}
	if len(t.ids) >= t.limit {
		t.lost++
		return 0
	}
	if t.ids == nil {
		t.ids = map[string]uint32{}
	}
	var id uint32
	if n := len(t.free); n > 0 {
		id, t.free = t.free[n-1], t.free[:n-1]
	} else {
		t.all = append(t.all, countedText{})
		id = uint32(len(t.all))
	}
	s := string(text)
	t.all[id-1] = countedText{s, 1}
	t.ids[s] = id
	t.bytes += len(s)
	return id
}

// drop counts one record less that has the text of a number.
func (t *textTable) drop(id uint32) {
	if id == 0 {
		return
	}
	c := &t.all[id-1]
	if c.n--; c.n == 0 {
		delete(t.ids, c.text)
		t.bytes -= len(c.text)
		*c = countedText{}
		t.free = append(t.free, id)
	}
}

func (t *textTable) text(id uint32) string {
	if id == 0 {
		return ""
	}
	return t.all[id-1].text
}

func (r *sighted) channel() Channel { return Channel(r.vinHi >> channelShift) }

func (r *sighted) hasPosition() bool { return r.lat != noPosition }

func (r *sighted) degrees() (lat, lon float64) {
	return float64(r.lat) / unitDegree, float64(r.lon) / unitDegree
}

// vin returns the VIN of a record; the zero VIN if it has none.
func (r *sighted) vin() vin.VIN {
	v, _ := vin.FromWords(r.vinHi&vinMask, r.vinLo)
	return v
}

// plateOf returns the plate of a record; the zero Plate if it has none.
func (st *sightingStore) plateOf(r *sighted) plate.Plate {
	var country, text string
	if r.country != 0 {
		country = string([]byte{byte(r.country >> 8), byte(r.country)})
	}
	switch r.plateLen {
	case 0:
		return plate.Plate{}
	case longPlate:
		text = st.texts.text(uint32(r.plate[0]))
	default:
		text = string(r.plateBytes())
	}
	p, _ := plate.Parse(country, text) // canonical, so that it reads as itself
	return p
}

// sighting returns a record as it was given.
func (st *sightingStore) sighting(r *sighted) Sighting {
	s := Sighting{
		VIN: r.vin(), Plate: st.plateOf(r), Lat: math.NaN(), Lon: math.NaN(),
		Channel: r.channel(), Place: st.texts.text(r.place), Ref: r.ref,
	}
	if r.time != noTime {
		s.Time = time.UnixMilli(r.time).UTC()
	}
	if r.hasPosition() {
		s.Lat, s.Lon = r.degrees()
	}
	return s
}

func (st *sightingStore) stats() SightingsStats {
	s := SightingsStats{
		Added: st.added, Held: int(st.held()),
		VINs: st.heads[byVIN].n, Plates: st.heads[byPlate].n,
		LostTexts: st.texts.lost,
	}
	s.Bytes = len(st.chunks) * chunkLen * sightedBytes
	for _, t := range st.heads {
		s.Bytes += 4 * len(t.slots)
	}
	const entry = 24 + 2*24 // of a text: in the list and, about, in the map
	s.Bytes += st.texts.bytes + entry*len(st.texts.all) + 4*cap(st.texts.free)
	return s
}
