package index

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/keysort"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A builder takes records one by one, and then makes a segment of them.
//
// While records come in, each is stored in the order of arrival as a staged
// record, its texts in an arena, and its keys other than the VIN in a list. When
// all have come, older versions are dropped, all keys are sorted, which numbers
// the rows, and each row's attributes are moved to its place in the columns.
type builder struct {
	o       Options
	workers int
	place   int      // of the current record in the sequence
	skipped []uint32 // for each record refused so far, how many were staged before it

	staged   chunks[stagedRecord]
	vins     chunks[vin.VIN] // of the staged records that count, until they are entries
	textLens chunks[uint16]  // of the staged records; apart, since they are asked for alone
	texts    arena
	extra    chunks[extraKey]

	columns

	refused, unkeyed, superseded int
	live, withVIN                int // staged records that count
	buf                          []byte
}

// A stagedRecord is a record on its way, its texts in codes of the builder's
// dictionaries and in its arena.
type stagedRecord struct {
	textsAt int64
	attributes
	hasVIN  bool
	dropped bool // another record of the same owner and ID counts
}

// An entry is one key of one staged record.
type entry = keysort.Item[entryOf]

// An entryOf says whose key an entry has.
type entryOf struct {
	staged  uint32
	country uint16 // of a plate, as countryCode numbers them
	own     bool   // Record.VIN
}

// An extraKey is a key of a staged record that is not its VIN.
type extraKey struct {
	key     tagtable.Key
	staged  uint32
	country uint16
}

// checkEvery is how many records pass between looks at the context.
const checkEvery = 1 << 12

func build(ctx context.Context, o Options, records iter.Seq2[Record, error]) (*segment, error) {
	b := &builder{o: o, workers: o.workers(), columns: columns{dictionaries: newDictionaries()}}
	if b.o.Seed == 0 {
		b.o.Seed = rand.Uint64()
	}
	for r, err := range records {
		if err != nil {
			return nil, fmt.Errorf("index: record %d: %w", b.place, err)
		}
		if b.place%checkEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := b.add(&r); err != nil {
			return nil, err
		}
		b.place++
	}
	if err := b.dropOlder(); err != nil {
		return nil, err
	}
	return b.finish(ctx)
}

// refuse counts and reports a refusal. It returns the error that ends Build, if
// one does.
func (b *builder) refuse(r *Refusal) error {
	if r.Number < 0 {
		b.refused++
	} else {
		b.unkeyed++
	}
	if b.o.OnRefused == nil {
		return r
	}
	b.o.OnRefused(r)
	return nil
}

// add stages a record. The error is one that ends Build.
func (b *builder) add(r *Record) error {
	err := checkRecord(r)
	if err == nil {
		if b.buf = appendTexts(b.buf[:0], r); len(b.buf) > column.MaxBlob {
			err = TooLarge
		}
	}
	if err != nil {
		b.skipped = append(b.skipped, uint32(b.staged.len))
		return b.refuse(&Refusal{Record: b.place, Owner: r.Owner, ID: r.ID, Number: -1, Err: err})
	}
	if int64(b.staged.len)+int64(b.extra.len)+maxKeys(r) > tagtable.MaxKeys {
		return fmt.Errorf("index: more than %d records and numbers", tagtable.MaxKeys)
	}
	at := uint32(b.staged.len)
	b.vins.append(r.VIN)
	b.textLens.append(uint16(len(b.buf)))
	b.staged.append(stagedRecord{
		textsAt:    b.texts.append(b.buf),
		hasVIN:     r.VIN.IsValid(),
		attributes: b.code(r),
	})
	return eachKey(r, func(k Key, country string) {
		b.extra.append(extraKey{tagtable.Key{Hi: k.hi, Lo: k.lo}, at, uint16(countryCode(country))})
	}, func(number int, err error) error {
		return b.refuse(&Refusal{Record: b.place, Owner: r.Owner, ID: r.ID, Number: number, Err: err})
	})
}

// eachKey calls add for every key under which a record is found but that of its
// VIN, with the country of a plate; the same key may come twice. It calls refuse
// for each number that has no key, and ends with its error.
func eachKey(r *Record, add func(k Key, country string), refuse func(number int, err error) error) error {
	addPlate := func(p plate.Plate) {
		if !p.IsValid() {
			return
		}
		add(Plate(p), p.Country())
		for alias := range p.Aliases() {
			add(Plate(alias), p.Country())
		}
	}
	if frame := r.VIN.Frame(); frame != "" {
		if k, err := (Number{Kind: KindChassis, Text: frame}).Key(); err == nil {
			add(k, "")
		}
	}
	addPlate(r.Plate)
	for i, n := range r.Numbers {
		k, err := n.Key()
		if err != nil {
			if err := refuse(i, err); err != nil {
				return err
			}
			continue
		}
		if n.Kind == KindPlate {
			p, _ := plate.Parse(n.Country, n.Text)
			addPlate(p)
		} else {
			add(k, "")
		}
	}
	return nil
}

// textsOf returns what appendTexts wrote of a staged record.
func (b *builder) textsOf(i uint32) []byte {
	return b.texts.at(b.staged.at(i).textsAt, uint32(*b.textLens.at(i)))
}

// compareIdentity orders staged records by owner and ID.
func (b *builder) compareIdentity(i, j uint32) int {
	s, t := b.staged.at(i), b.staged.at(j)
	if s.owner != t.owner {
		return strings.Compare(b.owners.Value(s.owner), b.owners.Value(t.owner))
	}
	return bytes.Compare(idOf(b.textsOf(i)), idOf(b.textsOf(j)))
}

// dropOlder marks the staged records that do not count: those of an owner and
// ID that also have a higher version, or the same one earlier.
func (b *builder) dropOlder() error {
	// Half of a hash above the record's number. Few records have the same hash
	// and not the same owner and ID.
	const hashShift = 32
	all := hugepage.Make[uint64](b.staged.len)
	eachPart(b.workers, len(all), func(first, end int) {
		for i := first; i < end; i++ {
			owner := b.staged.at(uint32(i)).owner
			all[i] = (xxhash.Sum64(idOf(b.textsOf(uint32(i))))+uint64(owner))>>hashShift<<hashShift | uint64(i)
		}
	})
	all = keysort.Words(all, hugepage.Make[uint64](len(all)), hashShift)
	var conflicts []uint32
	for first := 0; first < len(all); {
		end := first + 1
		for end < len(all) && all[end]>>hashShift == all[first]>>hashShift {
			end++
		}
		if end-first > 1 {
			conflicts = b.dropOlderOf(all[first:end], conflicts)
		}
		first = end
	}
	slices.Sort(conflicts)
	for _, i := range conflicts {
		s := b.staged.at(i)
		err := b.refuse(&Refusal{
			Record: b.placeOf(i),
			Owner:  b.owners.Value(s.owner),
			ID:     string(idOf(b.textsOf(i))),
			Number: -1,
			Err:    VersionConflict,
		})
		if err != nil {
			return err
		}
	}
	for i := range b.staged.len {
		s := b.staged.at(uint32(i))
		switch {
		case s.dropped:
			*b.vins.at(uint32(i)) = vin.VIN{}
		case s.hasVIN:
			b.live, b.withVIN = b.live+1, b.withVIN+1
		default:
			b.live++
		}
	}
	return nil
}

// dropOlderOf marks some of the staged records whose numbers are the low halves
// of words, and appends those that are in conflict with the one that counts.
func (b *builder) dropOlderOf(some []uint64, conflicts []uint32) []uint32 {
	slices.SortFunc(some, func(x, y uint64) int {
		i, j := uint32(x), uint32(y)
		if c := b.compareIdentity(i, j); c != 0 {
			return c
		}
		if c := cmp.Compare(b.staged.at(j).version, b.staged.at(i).version); c != 0 {
			return c
		}
		return cmp.Compare(i, j)
	})
	winner := uint32(some[0])
	for _, w := range some[1:] {
		i := uint32(w)
		if b.compareIdentity(winner, i) != 0 {
			winner = i
			continue
		}
		s := b.staged.at(i)
		s.dropped = true
		if s.version == b.staged.at(winner).version && !b.sameContent(winner, i) {
			conflicts = append(conflicts, i)
			continue
		}
		b.superseded++
	}
	return conflicts
}

// placeOf returns the place in the sequence of a staged record.
func (b *builder) placeOf(staged uint32) int {
	skipped, _ := slices.BinarySearch(b.skipped, staged+1)
	return int(staged) + skipped
}

func (b *builder) sameContent(i, j uint32) bool {
	s, t := b.staged.at(i), b.staged.at(j)
	return s.attributes == t.attributes && *b.vins.at(i) == *b.vins.at(j) && bytes.Equal(b.textsOf(i), b.textsOf(j))
}

// finish makes the segment of the staged records that count.
func (b *builder) finish(ctx context.Context) (*segment, error) {
	s := &segment{n: b.live, withVIN: b.withVIN, columns: b.columns}
	b.collect()
	entries := b.sortEntries()
	b.collect()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	order := b.numberRows(s, entries)
	s.stats = Stats{Superseded: b.superseded, Refused: b.refused, Unkeyed: b.unkeyed}
	if err := s.complete(ctx, b.o.Seed, b.workers, &stagedSource{b, order}); err != nil {
		return nil, err
	}
	return s, nil
}

// A source tells what the rows of a new segment say beside their VINs. It is
// called from all workers.
type source interface {
	// versions returns the least and the greatest version; if there is no row,
	// the first is greater.
	versions() (least, greatest uint64)
	attributes(row int) attributes
	texts(row int) []byte
	textsLen(row int) int // of texts
}

// A stagedSource has the rows of a builder, in their order.
type stagedSource struct {
	*builder
	order []uint32
}

func (s *stagedSource) versions() (least, greatest uint64) {
	least = ^uint64(0)
	for i := range s.staged.len {
		if r := s.staged.at(uint32(i)); !r.dropped {
			least, greatest = min(least, r.version), max(greatest, r.version)
		}
	}
	return least, greatest
}

func (s *stagedSource) attributes(row int) attributes { return s.staged.at(s.order[row]).attributes }

func (s *stagedSource) texts(row int) []byte { return s.textsOf(s.order[row]) }

func (s *stagedSource) textsLen(row int) int { return int(*s.textLens.at(s.order[row])) }

// collect gives back the memory of the phase before, so that the next one does not
// come on top of it: of a large register that is gigabytes.
func (b *builder) collect() {
	if b.staged.len >= 1<<20 {
		runtime.GC()
	}
}

// complete makes everything of a segment that follows from its rows and keys,
// which are there.
func (s *segment) complete(ctx context.Context, seed uint64, workers int, src source) error {
	s.countSame()
	s.table = tagtable.Build(s.keys, seed, workers)
	s.shared = make([]uint64, s.sharedWords())
	eachPart(workers, len(s.keys), s.findShared)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.fillColumns(workers, src)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.makeFilters(workers)
	s.directories = makeDirectories(s.keys[:s.vins], workers)
	s.countStats()
	return nil
}

// countStats sets the statistics that follow from the rest of the segment.
func (s *segment) countStats() {
	s.stats.Records = s.n
	s.stats.WithVIN = s.withVIN
	s.stats.Keys = len(s.keys)
	s.stats.Owners = s.ownersWithRows()
	s.stats.Tombstones = s.tombs.n
	s.stats.Memory = s.memory()
}

// sortEntries returns the keys of the records that count, in the order of their
// entries.
func (b *builder) sortEntries() []entry {
	src := keysort.Source[entryOf]{
		Len:   b.withVIN + b.extra.len,
		Parts: b.workers,
		Each: func(part int, add func(tagtable.Key, entryOf)) {
			for i := part * b.staged.len / b.workers; i < (part+1)*b.staged.len/b.workers; i++ {
				if v := *b.vins.at(uint32(i)); v.IsValid() {
					k := VIN(v)
					add(tagtable.Key{Hi: k.hi, Lo: k.lo}, entryOf{staged: uint32(i), own: true})
				}
			}
			for i := part * b.extra.len / b.workers; i < (part+1)*b.extra.len/b.workers; i++ {
				if e := b.extra.at(uint32(i)); b.live == b.staged.len || !b.staged.at(e.staged).dropped {
					add(e.key, entryOf{staged: e.staged, country: e.country})
				}
			}
		},
		Compare: func(x, y *entryOf) int {
			if x.staged != y.staged {
				return b.compareIdentity(x.staged, y.staged)
			}
			if x.own != y.own && x.own {
				return -1
			}
			if x.own != y.own {
				return 1
			}
			return 0
		},
	}
	step := max(1, src.Len/keysort.Samples)
	for i := 0; i < b.staged.len; i += step {
		if v := *b.vins.at(uint32(i)); v.IsValid() {
			k := VIN(v)
			src.Sample = append(src.Sample, tagtable.Key{Hi: k.hi, Lo: k.lo})
		}
	}
	for i := 0; i < b.extra.len; i += step {
		src.Sample = append(src.Sample, b.extra.at(uint32(i)).key)
	}
	entries := keysort.Sort(&src, b.workers)
	b.vins, b.extra = chunks[vin.VIN]{}, chunks[extraKey]{}
	return slices.CompactFunc(entries, func(x, y entry) bool { return x.Key == y.Key && x.Value.staged == y.Value.staged })
}

// numberRows gives rows to the staged records that count, and fills what the
// segment knows of keys. order[row] is the staged record of the row.
func (b *builder) numberRows(s *segment, entries []entry) (order []uint32) {
	order = hugepage.Make[uint32](s.n)[:0]
	rowOf := hugepage.Make[Row](b.staged.len)
	for i := range entries {
		if e := &entries[i].Value; e.own {
			rowOf[e.staged] = Row(len(order))
			order = append(order, e.staged)
		}
	}
	for i := range b.staged.len {
		if s := b.staged.at(uint32(i)); !s.dropped && !s.hasVIN {
			order = append(order, uint32(i))
		}
	}
	parallel.Sort(order[s.withVIN:], b.workers, b.compareIdentity)
	for i, staged := range order[s.withVIN:] {
		rowOf[staged] = Row(s.withVIN + i)
	}

	s.keys = hugepage.Make[tagtable.Key](len(entries))
	s.vins, _ = slices.BinarySearchFunc(entries, uint64(KindVIN+1)<<kindShift, func(e entry, hi uint64) int {
		return cmp.Compare(e.Key.Hi, hi)
	})
	s.rows = hugepage.Make[Row](len(entries) - s.vins)
	countries := make([]bool, countryMask+1)
	for i := range entries {
		s.keys[i] = entries[i].Key
		e := &entries[i].Value
		countries[e.country] = true
		switch {
		case i >= s.vins:
			s.rows[i-s.vins] = rowOf[e.staged]
		case !e.own:
			s.second = append(s.second, uint32(i))
			s.secondRows = append(s.secondRows, rowOf[e.staged])
		}
	}
	for code, seen := range countries {
		if seen && code > 0 {
			s.plateCountries = append(s.plateCountries, countryName(uint64(code)))
		}
	}
	return order
}

// fillColumns moves what the source says of each row to its columns.
func (s *segment) fillColumns(workers int, src source) {
	codes := func(n int) *column.Uints { return column.MakeUints(s.n, 0, uint64(max(n, 1)-1)) }
	s.owner, s.mark, s.colour = codes(s.owners.Len()), codes(s.makes.Len()), codes(s.colours.Len())
	s.tagSet, s.year, s.stolen = codes(s.tags.Len()), codes(s.years.Len()), codes(s.days.Len())
	s.typ, s.status = codes(1<<8), codes(1<<8)
	least, greatest := src.versions()
	s.version = column.MakeUints(s.n, min(least, greatest), greatest)
	lens := hugepage.Make[uint16](s.n)
	eachPart(workers, s.n, func(first, end int) {
		for row := first; row < end; row++ {
			lens[row] = uint16(src.textsLen(row))
		}
	})
	s.texts = column.MakeBlobs(lens)
	eachPart(workers, s.n, func(first, end int) {
		// What a source reads is all over its memory. Short loops over a block
		// of rows let the reads overlap.
		const block = 64
		var said [block]attributes
		var texts [block][]byte
		for ; first < end; first += block {
			said, texts := said[:min(block, end-first)], texts[:min(block, end-first)]
			for i := range said {
				said[i] = src.attributes(first + i)
			}
			for i := range texts {
				texts[i] = src.texts(first + i)
			}
			touch(texts)
			s.setAttributes(first, said)
			i := 0
			for _, dst := range s.texts.Range(first, first+len(texts)) {
				copy(dst, texts[i])
				i++
			}
		}
	})
}

// setAttributes sets the columns of some rows from one on.
func (s *segment) setAttributes(first int, said []attributes) {
	for i := range said {
		s.version.Set(first+i, said[i].version)
	}
	for i := range said {
		s.owner.Set(first+i, uint64(said[i].owner))
	}
	for i := range said {
		s.mark.Set(first+i, uint64(said[i].mark))
	}
	for i := range said {
		s.colour.Set(first+i, uint64(said[i].colour))
	}
	for i := range said {
		s.tagSet.Set(first+i, uint64(said[i].tagSet))
	}
	for i := range said {
		s.year.Set(first+i, uint64(said[i].year))
	}
	for i := range said {
		s.stolen.Set(first+i, uint64(said[i].stolen))
	}
	for i := range said {
		s.typ.Set(first+i, uint64(said[i].typ))
	}
	for i := range said {
		s.status.Set(first+i, uint64(said[i].status))
	}
}

// touch reads the first and the last byte of texts. None is empty.
//
//go:noinline
func touch(texts [][]byte) (sum byte) {
	for _, t := range texts {
		sum += t[0] + t[len(t)-1]
	}
	return sum
}

// eachPart calls f for parts of 0 to n-1, from all workers.
func eachPart(workers, n int, f func(first, end int)) {
	const part = 1 << 14
	parallel.Do(workers, (n+part-1)/part, func(i int) { f(i*part, min((i+1)*part, n)) })
}
