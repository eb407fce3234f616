package index

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/heads"
	"github.com/vinmatch/vinmatch/internal/rowset"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/internal/snapfile"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// What can be wrong with a snapshot: errors.Is finds one of these in a
// [*SnapshotError].
var (
	ErrDamaged  = snapfile.ErrDamaged  // not what Save wrote
	ErrVersion  = snapfile.ErrVersion  // written by a version of this package with another format
	ErrTooLarge = snapfile.ErrTooLarge // more than Options.MaxBytes, or than this system can address
)

// A SnapshotError says what is wrong with a snapshot. Its text holds no number
// of a vehicle.
type SnapshotError struct {
	Path    string
	Section string // of the file, where one is to blame
	Reason  string
	Err     error // ErrDamaged, ErrVersion or ErrTooLarge
}

func (e *SnapshotError) Error() string {
	s := "index: " + e.Path + ": " + e.Err.Error()
	if e.Section != "" {
		s += ": section " + e.Section
	}
	return s + ": " + e.Reason
}

// Unwrap returns e.Err.
func (e *SnapshotError) Unwrap() error { return e.Err }

// Save writes the register as it is at this moment to a file, a snapshot, from
// which [Open] makes the same Index: records, withdrawals that are remembered,
// position and statistics. Readers and Apply go on meanwhile. If changes wait for
// compaction, Save first makes a register with them, in memory of its own.
//
// The file at path is the old one or the new one, whole, whatever happens: the
// snapshot is written to another file in the same directory, synced, and then
// renamed. If Save returns no error the new one lasts. A new file can be read by
// its owner alone; one that is replaced keeps its permissions. A program that is
// killed in Save leaves a file named after the snapshot, with a dot before and
// ".tmp" and a number behind; a later Save to the same path removes it when it
// is an hour old.
//
// A snapshot holds personal data as it is, not encrypted and not signed.
func (x *Index) Save(path string) error { return x.SaveView(path, x.View()) }

// SaveView is Save for a View that was taken before, and writes the register as
// the View has it: so the caller knows the position of the snapshot while Apply
// goes on. The View must be of this Index. A closed Index saves nothing, and
// returns [ErrClosed].
func (x *Index) SaveView(path string, v *View) error {
	x.mu.Lock()
	closed := x.closed
	x.mu.Unlock()
	if closed {
		return ErrClosed
	}
	seg, err := v.compacted(context.Background(), x.o)
	if err != nil {
		return fmt.Errorf("index: Save: %w", err)
	}
	err = safefile.Write(path, func(f io.WriterAt) error { return seg.write(f, v.position, x.o) })
	if err != nil {
		return fmt.Errorf("index: Save: %w", err)
	}
	return nil
}

// write writes a snapshot.
func (s *segment) write(f io.WriterAt, at Position, o Options) error {
	_, err := snapfile.Write(f, o.workers(), func(x *snapfile.Exchange) { s.exchange(x, &at) })
	return err
}

// Open makes an Index from a snapshot. The options are those of the Index from
// then on; of the table of the snapshot, its own seed counts.
//
// A snapshot opens wholly verified or not at all: every byte counts in a
// checksum or is known beforehand. A file that Save did not write, or that has
// changed since, gives a [*SnapshotError]; an error of reading is returned as it
// is, wrapped.
//
// Checksums find accidents, not malice. Of bytes that somebody forged, checksums
// included, Open promises this: it takes no more memory than a small multiple of
// the file's length and time in proportion to it; and if it returns an Index, no
// method of it panics, reads memory that is not its own, or takes longer than the
// number of its records allows. What the records say, and whether all are found,
// is up to who made the file: take snapshots only from those you trust with that.
func Open(path string, o Options) (*Index, error) {
	seg, at, err := openSegment(path, o)
	if err != nil {
		return nil, err
	}
	return newIndex(o, seg, at), nil
}

// Verify checks all that [Open] checks, and returns the error that Open would. It
// takes as much memory as Open meanwhile.
func Verify(path string) error {
	_, _, err := openSegment(path, Options{})
	return err
}

// Swap replaces the register, changes included, by that of a snapshot. Readers do
// not wait: Views taken before remain as they are, and those taken after are of
// the snapshot. Until nobody uses the old register both are in memory. A compaction
// that is under way ends first.
//
// Swap does not go back: a snapshot of the same log at an earlier position gives
// a [*PositionError]. One of another log, or without a log, replaces whatever
// there is, which is how an index goes over to a log that starts again. Errors are
// those of Open too, and [ErrClosed]. If there is one, nothing has changed.
func (x *Index) Swap(path string) error {
	seg, at, err := openSegment(path, x.o)
	if err != nil {
		return err
	}
	return x.replace(seg, at)
}

// openSegment reads a snapshot.
func openSegment(path string, o Options) (*segment, Position, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Position{}, fmt.Errorf("index: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, Position{}, fmt.Errorf("index: %w", err)
	}
	return readSegment(path, f, info.Size(), o)
}

// readSegment reads a snapshot of the given length.
func readSegment(path string, f io.ReaderAt, size int64, o Options) (*segment, Position, error) {
	if o.MaxBytes > 0 && size > o.MaxBytes {
		reason := fmt.Sprintf("%d bytes, of %d allowed", size, o.MaxBytes)
		return nil, Position{}, &SnapshotError{Path: path, Reason: reason, Err: ErrTooLarge}
	}
	var at Position
	s := &segment{}
	err := snapfile.Read(f, size, o.workers(), func(x *snapfile.Exchange) { s.exchange(x, &at) })
	var bad *snapfile.Error
	switch {
	case errors.As(err, &bad):
		return nil, Position{}, &SnapshotError{Path: path, Section: bad.Section, Reason: bad.Reason, Err: bad.Err}
	case err != nil:
		return nil, Position{}, fmt.Errorf("index: %w", err)
	}
	return s, at, nil
}

// exchange moves the segment to or from a snapshot. The container, the table and
// the columns say in internal/snapfile, internal/tagtable and internal/column
// how their sections look; all numbers are little-endian. The order is this:
//
//	counts       rows, rows with a VIN of their own, entries of VIN keys,
//	             withdrawals remembered; and of the statistics Superseded,
//	             Refused and Unkeyed: 8 bytes each
//	position     lineage, 16 bytes, and sequence number, 8 bytes
//	owners       dictionaries of texts; a text of "tag sets" is a whole set, see
//	makes          joinTags
//	colours
//	tag sets
//	years        dictionaries of numbers, in two's complement
//	days           since 1 January of year 1
//	plate lands  the countries that have plates, ascending, 2 bytes each: 26 times
//	             the first letter, plus the second, plus 1, 'A' being 0
//	keys         of the entries, ascending, 16 bytes each
//	rows         of the entries that are not VIN keys, 4 bytes each
//	second       the entries that are a second VIN of a record, 4 bytes each
//	second rows  their rows
//	seed, groups, spill
//	             the hash table
//	owner, make, colour, tag set, year, stolen, type, status, version
//	             columns by row
//	text lens    byte strings by row: ID, plate and numbers, see appendTexts
//	texts
//	buried owner, buried version, buried at, buried id lens, buried ids
//	             columns of the withdrawals that are remembered, see tombstones
//	by owner lens, by owner, by type lens, by type, by status lens, by status,
//	by make lens, by make, by colour lens, by colour, by tag lens, by tag
//	             bitmaps of rows, see exchangeSets: by code of the dictionary or
//	             column, and those of makes, colours and tags by number of the
//	             name, see numberNames
//	year slices, stolen slices
//	             bit slices of the years and days of rows, see rowset.Slices
//	             and numberValues
//	serial entries, serial starts, serial tails, head groups, head first, heads
//	             the directories of VINs by their last and by their first symbols
//
// A new field of the segment is a line here, and a check where it is read of
// whatever others then rely on.
func (s *segment) exchange(x *snapfile.Exchange, at *Position) {
	x.Ints("counts", &s.n, &s.withVIN, &s.vins, &s.tombs.n, &s.stats.Superseded, &s.stats.Refused, &s.stats.Unkeyed)
	if int64(s.n) > tagtable.MaxKeys || int64(s.tombs.n) > tagtable.MaxKeys {
		x.Fail(x.Damaged("counts", "more than %d records", int64(tagtable.MaxKeys)))
	}
	exchangePosition(x, at)
	column.ExchangeTexts(x, "owners", &s.owners)
	column.ExchangeTexts(x, "makes", &s.makes)
	column.ExchangeTexts(x, "colours", &s.colours)
	column.ExchangeTexts(x, "tag sets", &s.tags)
	column.ExchangeNumbers(x, "years", &s.years)
	column.ExchangeNumbers(x, "days", &s.days)
	x.Check(func() error { return s.checkDictionaries(x) })
	s.exchangePlateCountries(x)

	snapfile.Slice(x, "keys", tagtable.KeyForm, &s.keys)
	snapfile.Slice(x, "rows", flat.Uint[Row](), &s.rows)
	snapfile.Slice(x, "second", flat.Uint[uint32](), &s.second)
	snapfile.Slice(x, "second rows", flat.Uint[Row](), &s.secondRows)
	tagtable.Exchange(x, &s.table, &s.keys)

	for _, c := range []struct {
		name   string
		column **column.Uints
		limit  int
	}{
		{"owner", &s.owner, s.owners.Len()},
		{"make", &s.mark, s.makes.Len()},
		{"colour", &s.colour, s.colours.Len()},
		{"tag set", &s.tagSet, s.tags.Len()},
		{"year", &s.year, s.years.Len()},
		{"stolen", &s.stolen, s.days.Len()},
		{"type", &s.typ, 1 << 8},
		{"status", &s.status, 1 << 8},
		{"version", &s.version, 0},
	} {
		column.ExchangeUints(x, c.name, c.column, s.n, uint64(c.limit))
	}
	column.ExchangeBlobs(x, "text lens", "texts", &s.texts, s.n)
	x.Check(func() error { return s.checkTexts(x) })
	x.Check(func() error { return s.checkEntries(x) }) // which compares IDs

	s.exchangeTombstones(x)

	x.Check(func() error {
		s.numberNames()
		return nil
	})
	exchangeSets(x, "by owner", &s.byOwner, s.owners.Len, s.n)
	exchangeSets(x, "by type", &s.byType, func() int { return 1 << 8 }, s.n)
	exchangeSets(x, "by status", &s.byStatus, func() int { return 1 << 8 }, s.n)
	exchangeSets(x, "by make", &s.byMake, func() int { return len(s.makeNames) }, s.n)
	exchangeSets(x, "by colour", &s.byColour, func() int { return len(s.colourNames) }, s.n)
	exchangeSets(x, "by tag", &s.byTag, func() int { return len(s.tagNames) }, s.n)
	exchangeRanges(x, "year slices", &s.byYear, &s.year, func() []uint32 { return numberYears(s.years.Values()) })
	exchangeRanges(x, "stolen slices", &s.byStolen, &s.stolen, func() []uint32 { return numberDays(s.days.Values()) })
	serials.Exchange(x, &s.serials, &s.vins)
	heads.Exchange(x, &s.heads, &s.vins)
	x.Check(func() error {
		s.countSame()
		s.symbols = countSymbols(s.keys[:s.vins])
		s.shared = make([]uint64, s.sharedWords())
		_ = x.Each(len(s.keys), func(first, end int) error {
			s.findShared(first, end)
			return nil
		})
		s.countStats()
		return nil
	})
}

// exchangePosition moves a position: the lineage in two words, then the rest.
func exchangePosition(x *snapfile.Exchange, at *Position) {
	hi, lo := binary.LittleEndian.Uint64(at.Lineage[:]), binary.LittleEndian.Uint64(at.Lineage[8:])
	if x.Words("position", &hi, &lo, &at.Seq); x.Reading() {
		binary.LittleEndian.PutUint64(at.Lineage[:], hi)
		binary.LittleEndian.PutUint64(at.Lineage[8:], lo)
	}
}

// checkDictionaries checks what was read: that a code can mean something, and
// that the values are such as Build takes.
func (s *segment) checkDictionaries(x *snapfile.Exchange) error {
	for name, values := range map[string]int{
		"owners": s.owners.Len(), "makes": s.makes.Len(), "colours": s.colours.Len(),
		"tag sets": s.tags.Len(), "years": s.years.Len(), "days": s.days.Len(),
	} {
		if values == 0 && s.n > 0 {
			return x.Damaged(name, "it is empty, and there are records")
		}
	}
	for code := range uint32(s.owners.Len()) {
		if !validOwner(s.owners.Value(code)) {
			return x.Damaged("owners", "owner %d is not 1 to %d letters and digits", code, MaxOwner)
		}
	}
	for code := range uint32(s.tags.Len()) {
		if !validFields([]byte(s.tags.Value(code))) {
			return x.Damaged("tag sets", "set %d does not end where its last tag does", code)
		}
	}
	for code := range uint32(s.days.Len()) {
		if s.days.Value(code) > lastDay {
			return x.Damaged("days", "day %d is after the year 9999", code)
		}
	}
	return nil
}

// lastDay is the last day of the year 9999.
var lastDay = dayOf(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

func (s *segment) exchangePlateCountries(x *snapfile.Exchange) {
	var codes []uint16
	for _, c := range s.plateCountries {
		codes = append(codes, uint16(countryCode(c)))
	}
	const name = "plate lands"
	snapfile.Slice(x, name, flat.Uint[uint16](), &codes)
	x.Check(func() error {
		for i, c := range codes {
			if c < 1 || c > countries || i > 0 && c <= codes[i-1] {
				return x.Damaged(name, "country %d is none, or out of order", i)
			}
			s.plateCountries = append(s.plateCountries, countryName(uint64(c)))
		}
		return nil
	})
}

// checkEntries checks what was read of keys and their rows.
func (s *segment) checkEntries(x *snapfile.Exchange) error {
	switch {
	case s.vins > len(s.keys):
		return x.Damaged("counts", "%d entries of VINs, of %d", s.vins, len(s.keys))
	case s.withVIN > s.n || s.withVIN != s.vins-len(s.second):
		return x.Damaged("counts", "%d of %d records have a VIN, of %d and %d second ones", s.withVIN, s.n, s.vins, len(s.second))
	case len(s.rows) != len(s.keys)-s.vins:
		return x.Damaged("rows", "%d rows, want %d", len(s.rows), len(s.keys)-s.vins)
	case len(s.secondRows) != len(s.second):
		return x.Damaged("second rows", "%d rows, want %d", len(s.secondRows), len(s.second))
	}
	for i, e := range s.second {
		if int64(e) >= int64(s.vins) || i > 0 && e <= s.second[i-1] {
			return x.Damaged("second", "entry %d is no VIN, or out of order", i)
		}
	}
	if err := checkRows(x, "rows", s.rows, s.n); err != nil {
		return err
	}
	if err := checkRows(x, "second rows", s.secondRows, s.n); err != nil {
		return err
	}
	return x.Each(len(s.keys), func(first, end int) error {
		if err := s.checkKey(x, first); err != nil {
			return err
		}
		for i := first + 1; i < end; i++ {
			k, before := &s.keys[i], &s.keys[i-1]
			// Nearly all that follow on a VIN are VINs that differ from it in
			// a few of the last symbols.
			if i < s.vins && k.Hi == before.Hi && k.Lo > before.Lo && k.Lo <= loMask && areSymbols(k.Lo, k.Lo^before.Lo) {
				continue
			}
			if err := s.checkKey(x, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkKey checks the key of an entry and its place.
func (s *segment) checkKey(x *snapfile.Exchange, i int) error {
	k := Key{s.keys[i].Hi, s.keys[i].Lo}
	if (k.Kind() == KindVIN) != (i < s.vins) || !k.valid() {
		return x.Damaged("keys", "entry %d is no key", i)
	}
	if i == 0 {
		return nil
	}
	switch c := s.keys[i].Compare(s.keys[i-1]); {
	case c < 0:
		return x.Damaged("keys", "entry %d is out of order", i)
	case c == 0 && !s.inOrder(s.rowOf(uint32(i-1)), s.rowOf(uint32(i))):
		return x.Damaged("rows", "that of entry %d is out of order", i)
	}
	return nil
}

// inOrder reports whether two rows may follow each other under one key: they
// differ, and stand in the order of owner and ID.
func (s *segment) inOrder(a, b Row) bool {
	owner, id := s.identityOf(a)
	otherOwner, otherID := s.identityOf(b)
	return a != b && cmp.Or(strings.Compare(owner, otherOwner), bytes.Compare(id, otherID)) <= 0
}

// loMask are the bits of the low word of a VIN's key: nine symbols.
const loMask = 1<<(9*sixBits) - 1

// sixBits is the width of a symbol.
const sixBits = 6

// symbolCodes has a bit for each code of a VIN's symbols.
var symbolCodes = func() (set uint64) {
	for _, c := range []byte("0123456789ABCDEFGHJKLMNPRSTUVWXYZ") {
		set |= 1 << sixbit.Code(c)
	}
	return set
}()

// areSymbols reports whether all symbols of a word, from the last to the first
// of those in which it differs from another, are a VIN's.
func areSymbols(word, differs uint64) bool {
	ok := ^uint64(0)
	for ; differs != 0; differs >>= sixBits {
		ok &= symbolCodes >> (word & (1<<sixBits - 1))
		word >>= sixBits
	}
	return ok&1 != 0
}

// checkRows checks that all rows are less than n.
func checkRows(x *snapfile.Exchange, section string, rows []Row, n int) error {
	return x.Each(len(rows), func(first, end int) error {
		if int64(slices.Max(rows[first:end])) >= int64(n) {
			return x.Damaged(section, "a row of entries %d to %d is not less than %d", first, end-1, n)
		}
		return nil
	})
}

// checkTexts checks what was read of the texts of each row.
func (s *segment) checkTexts(x *snapfile.Exchange) error {
	return x.Each(s.n, func(first, end int) error {
		for row, texts := range s.texts.Range(first, end) {
			if !validTexts(texts) {
				return x.Damaged("texts", "row %d does not hold an ID, a plate and numbers", row)
			}
		}
		return nil
	})
}

// validTexts reports whether readTexts can read b.
func validTexts(b []byte) bool {
	if len(b) == 0 || b[0] == 0 || len(b) < 1+int(b[0])+1 {
		return false
	}
	b = b[1+int(b[0]):]
	n := int(b[0])
	if n > len(b)-1 || n > 0 && !validPlate(b[1:1+n]) {
		return false
	}
	for b = b[1+n:]; len(b) > 0; {
		var ok bool
		if b, ok = skipText(b[1:]); !ok { // behind the kind
			return false
		}
		if b, ok = skipText(b); !ok {
			return false
		}
	}
	return true
}

// validPlate reports whether b is the binary form of a plate.
func validPlate(b []byte) bool {
	// Most plates are ASCII, which reads the same in every country.
	if 3 <= len(b) && len(b) <= 2+plate.MaxText && isPlainText(b[2:]) {
		first, second := b[0]-'A', b[1]-'A'
		if first < 26 && second < 26 && plateCountries()[int(first)*26+int(second)] {
			return true
		}
	}
	var p plate.Plate
	return p.UnmarshalBinary(b) == nil
}

// plateCountries tells which pairs of letters are countries.
var plateCountries = sync.OnceValue(func() *[countries]bool {
	known := new([countries]bool)
	for i := range known {
		name := countryName(uint64(i) + 1)
		iso2, ok := plate.ParseCountry(name)
		known[i] = ok && iso2 == name
	}
	return known
})

// isPlainText reports whether b is digits and capital letters alone.
func isPlainText(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c-'A' > 'Z'-'A' {
			return false
		}
	}
	return true
}

// validFields reports whether cutText can take b apart to its end.
func validFields(b []byte) bool {
	for ok := true; len(b) > 0; {
		if b, ok = skipText(b); !ok {
			return false
		}
	}
	return true
}

// skipText is cutText for bytes that may be anything.
func skipText(b []byte) (rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, false
	}
	return b[size+int(n):], true
}

// exchangeTombstones moves the withdrawals that are remembered.
func (s *segment) exchangeTombstones(x *snapfile.Exchange) {
	t := &s.tombs
	if !x.Reading() && t.n == 0 {
		t = &tombstones{} // of a register that was built: it has no columns
		t.owner, t.version, t.at = column.MakeUints(0, 0, 0), column.MakeUints(0, 0, 0), column.MakeUints(0, 0, 0)
		t.ids = column.MakeBlobs(nil)
	}
	column.ExchangeUints(x, "buried owner", &t.owner, t.n, uint64(s.owners.Len()))
	column.ExchangeUints(x, "buried version", &t.version, t.n, 0)
	column.ExchangeUints(x, "buried at", &t.at, t.n, 0)
	column.ExchangeBlobs(x, "buried id lens", "buried ids", &t.ids, t.n)
	x.Check(func() error {
		if t.n > 0 && s.owners.Len() == 0 {
			return x.Damaged("owners", "it is empty, and there are withdrawals")
		}
		return nil
	})
}

// exchangeSets moves the rows of an attribute's values to or from two sections:
// the lengths of bitmaps in bytes, 4 bytes each, 0 where no row has the value, and
// the bitmaps, one after the other in the portable format of
// github.com/RoaringBitmap/RoaringFormatSpec. Reading wants as many as there are
// values, and all their rows to be less than n.
func exchangeSets(x *snapfile.Exchange, name string, sets **rowset.Sets, values func() int, n int) {
	var data []byte
	var lens []uint32
	if !x.Reading() {
		data, lens = (*sets).Parts()
	}
	snapfile.Slice(x, name+" lens", flat.Uint[uint32](), &lens)
	snapfile.Slice(x, name, flat.Uint[byte](), &data)
	x.Check(func() error {
		if len(lens) != values() {
			return x.Damaged(name+" lens", "%d bitmaps, want %d", len(lens), values())
		}
		starts := make([]uint64, len(lens)+1)
		for i, n := range lens {
			starts[i+1] = starts[i] + uint64(n)
		}
		if end := starts[len(lens)]; end != uint64(len(data)) {
			return x.Damaged(name, "%d bytes, want %d", len(data), end)
		}
		err := x.Each(len(lens), func(first, end int) error {
			for i := first; i < end; i++ {
				if !rowset.Valid(data[starts[i]:starts[i+1]], n) {
					return x.Damaged(name, "bitmap %d is not valid, or has a row that is not less than %d", i, n)
				}
			}
			return nil
		})
		*sets = rowset.FromParts(data, lens)
		return err
	})
}

// exchangeRanges moves the bit slices of the years or days of rows to or from a
// section. What numbers they are of follows from the dictionary.
func exchangeRanges(x *snapfile.Exchange, name string, r *ranges, codes **column.Uints, numbers func() []uint32) {
	var words []uint64
	if !x.Reading() {
		words = r.slices.Words()
	}
	snapfile.Slice(x, name, flat.Uint[uint64](), &words)
	x.Check(func() error {
		r.numbers, r.codes = numbers(), *codes
		rows, bits := r.codes.Len(), bitsOf(r.numbers)
		if want := rowset.WordsOfSlices(rows, bits); len(words) != want {
			return x.Damaged(name, "%d words, want %d", len(words), want)
		}
		r.slices = rowset.NewSlices(words, rows, bits)
		return nil
	})
}
