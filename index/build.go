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
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/hugepage"
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

	staged chunks[stagedRecord]
	vins   chunks[vin.VIN] // of the staged records, until they are entries
	texts  arena
	extra  chunks[entry]

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
	textsLen uint16
	hasVIN   bool
	dropped  bool // another record of the same owner and ID counts
}

// An entry is one key of one staged record.
type entry struct {
	key     tagtable.Key
	staged  uint32
	country uint16 // of a plate, as countryCode numbers them
	own     bool   // Record.VIN
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
	if b.staged.len+b.extra.len > tagtable.MaxKeys-2*maxFields {
		return fmt.Errorf("index: more than %d records and numbers", tagtable.MaxKeys)
	}
	at := uint32(b.staged.len)
	b.vins.append(r.VIN)
	b.staged.append(stagedRecord{
		textsAt:    b.texts.append(b.buf),
		textsLen:   uint16(len(b.buf)),
		hasVIN:     r.VIN.IsValid(),
		attributes: b.code(r),
	})
	return eachKey(r, func(k Key, country string) {
		b.extra.append(entry{key: tagtable.Key{Hi: k.hi, Lo: k.lo}, staged: at, country: uint16(countryCode(country))})
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
	if frame := r.VIN.Decode().Frame(); frame != "" {
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
func (b *builder) textsOf(s *stagedRecord) []byte { return b.texts.at(s.textsAt, uint32(s.textsLen)) }

// compareIdentity orders staged records by owner and ID.
func (b *builder) compareIdentity(i, j uint32) int {
	s, t := b.staged.at(i), b.staged.at(j)
	if s.owner != t.owner {
		return strings.Compare(b.owners.Value(s.owner), b.owners.Value(t.owner))
	}
	return bytes.Compare(idOf(b.textsOf(s)), idOf(b.textsOf(t)))
}

// dropOlder marks the staged records that do not count: those of an owner and
// ID that also have a higher version, or the same one earlier.
func (b *builder) dropOlder() error {
	type identity struct {
		hash   uint64
		staged uint32
	}
	all := make([]identity, b.staged.len)
	for i := range all {
		s := b.staged.at(uint32(i))
		all[i] = identity{xxhash.Sum64(idOf(b.textsOf(s))) + uint64(s.owner), uint32(i)}
	}
	parallel.Sort(all, b.workers, func(x, y identity) int {
		if x.hash != y.hash {
			return cmp.Compare(x.hash, y.hash)
		}
		if c := b.compareIdentity(x.staged, y.staged); c != 0 {
			return c
		}
		if c := cmp.Compare(b.staged.at(y.staged).version, b.staged.at(x.staged).version); c != 0 {
			return c
		}
		return cmp.Compare(x.staged, y.staged)
	})
	var conflicts []uint32
	for i, first := 0, 0; i < len(all); i++ {
		if all[i].hash != all[first].hash || b.compareIdentity(all[i].staged, all[first].staged) != 0 {
			first = i
		}
		if i == first {
			continue
		}
		winner, s := b.staged.at(all[first].staged), b.staged.at(all[i].staged)
		s.dropped = true
		if s.version == winner.version && !b.sameContent(all[first].staged, all[i].staged) {
			conflicts = append(conflicts, all[i].staged)
			continue
		}
		b.superseded++
	}
	slices.Sort(conflicts)
	for _, i := range conflicts {
		s := b.staged.at(i)
		err := b.refuse(&Refusal{
			Record: b.placeOf(i),
			Owner:  b.owners.Value(s.owner),
			ID:     string(idOf(b.textsOf(s))),
			Number: -1,
			Err:    VersionConflict,
		})
		if err != nil {
			return err
		}
	}
	for i := range all {
		if s := b.staged.at(uint32(i)); !s.dropped {
			b.live++
			if s.hasVIN {
				b.withVIN++
			}
		}
	}
	return nil
}

// placeOf returns the place in the sequence of a staged record.
func (b *builder) placeOf(staged uint32) int {
	skipped, _ := slices.BinarySearch(b.skipped, staged+1)
	return int(staged) + skipped
}

func (b *builder) sameContent(i, j uint32) bool {
	s, t := b.staged.at(i), b.staged.at(j)
	return s.attributes == t.attributes && *b.vins.at(i) == *b.vins.at(j) && bytes.Equal(b.textsOf(s), b.textsOf(t))
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
	err := s.complete(ctx, b.o.Seed, b.workers, func(row int) (attributes, []byte) {
		r := b.staged.at(order[row])
		return r.attributes, b.textsOf(r)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// collect gives back the memory of the phase before, so that the next one does not
// come on top of it: of a large register that is gigabytes.
func (b *builder) collect() {
	if b.staged.len >= 1<<20 {
		runtime.GC()
	}
}

// complete makes everything of a segment that follows from its rows and keys,
// which are there. The source tells what each row says beside its VIN; it is
// called more than once for each row, and from all workers.
func (s *segment) complete(ctx context.Context, seed uint64, workers int, source func(row int) (attributes, []byte)) error {
	s.table = tagtable.Build(s.keys, seed, workers)
	s.shared = make([]uint64, s.sharedWords())
	eachPart(workers, len(s.keys), s.findShared)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.fillColumns(workers, source)
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
	entries := make([]entry, 0, b.withVIN+b.extra.len)
	for i := range b.staged.len {
		if s := b.staged.at(uint32(i)); !s.dropped && s.hasVIN {
			k := VIN(*b.vins.at(uint32(i)))
			entries = append(entries, entry{key: tagtable.Key{Hi: k.hi, Lo: k.lo}, staged: uint32(i), own: true})
		}
	}
	for i := range b.extra.len {
		if e := b.extra.at(uint32(i)); !b.staged.at(e.staged).dropped {
			entries = append(entries, *e)
		}
	}
	b.vins, b.extra = chunks[vin.VIN]{}, chunks[entry]{}
	parallel.Sort(entries, b.workers, func(x, y entry) int {
		if c := x.key.Compare(y.key); c != 0 {
			return c
		}
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
	})
	return slices.CompactFunc(entries, func(x, y entry) bool { return x.key == y.key && x.staged == y.staged })
}

// numberRows gives rows to the staged records that count, and fills what the
// segment knows of keys. order[row] is the staged record of the row.
func (b *builder) numberRows(s *segment, entries []entry) (order []uint32) {
	order = make([]uint32, 0, s.n)
	rowOf := make([]Row, b.staged.len)
	for _, e := range entries {
		if e.own {
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
		return cmp.Compare(e.key.Hi, hi)
	})
	s.rows = make([]Row, len(entries)-s.vins)
	countries := make([]bool, countryMask+1)
	for i, e := range entries {
		s.keys[i] = e.key
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
func (s *segment) fillColumns(workers int, source func(row int) (attributes, []byte)) {
	lens := make([]uint16, s.n)
	var mu sync.Mutex
	least, greatest := ^uint64(0), uint64(0)
	eachPart(workers, s.n, func(first, end int) {
		lo, hi := ^uint64(0), uint64(0)
		for row := first; row < end; row++ {
			a, texts := source(row)
			lens[row] = uint16(len(texts))
			lo, hi = min(lo, a.version), max(hi, a.version)
		}
		mu.Lock()
		defer mu.Unlock()
		least, greatest = min(least, lo), max(greatest, hi)
	})
	s.texts = column.MakeBlobs(lens)
	codes := func(n int) *column.Uints { return column.MakeUints(s.n, 0, uint64(max(n, 1)-1)) }
	s.owner, s.mark, s.colour = codes(s.owners.Len()), codes(s.makes.Len()), codes(s.colours.Len())
	s.tagSet, s.year, s.stolen = codes(s.tags.Len()), codes(s.years.Len()), codes(s.days.Len())
	s.typ, s.status = codes(1<<8), codes(1<<8)
	s.version = column.MakeUints(s.n, min(least, greatest), greatest)
	eachPart(workers, s.n, func(first, end int) {
		for row := first; row < end; row++ {
			a, texts := source(row)
			s.owner.Set(row, uint64(a.owner))
			s.mark.Set(row, uint64(a.mark))
			s.colour.Set(row, uint64(a.colour))
			s.tagSet.Set(row, uint64(a.tagSet))
			s.year.Set(row, uint64(a.year))
			s.stolen.Set(row, uint64(a.stolen))
			s.typ.Set(row, uint64(a.typ))
			s.status.Set(row, uint64(a.status))
			s.version.Set(row, a.version)
			copy(s.texts.At(row), texts)
		}
	})
}

// eachPart calls f for parts of 0 to n-1, from all workers.
func eachPart(workers, n int, f func(first, end int)) {
	const part = 1 << 14
	parallel.Do(workers, (n+part-1)/part, func(i int) { f(i*part, min((i+1)*part, n)) })
}
