package index

import (
	"encoding/binary"
	"slices"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/rowset"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// A segment is an immutable register. Its records are numbered as rows: those
// with a VIN first, in the order of their VINs, then the others; where that does
// not tell rows apart, in the order of owner and ID.
//
// An entry is one key of one row. Entries are sorted by key, then by the owner
// and ID of the row; VIN keys come first. So the key of a row's own VIN is, but
// for records with a second VIN among their numbers, the entry of the same
// number as the row, and neither has to be stored:
//
//	entry   0 ......... vins-1 | vins ......... len(keys)-1
//	key     VINs               | plates, chassis numbers, ...
//	row     the entry itself   | rows[entry-vins]
type segment struct {
	n     int            // rows
	keys  []tagtable.Key // of the entries
	table *tagtable.Table
	vins  int   // entries of VIN keys
	rows  []Row // of the entries from vins on

	// The entries that are a second VIN of a record, ascending, and their
	// rows. Each moves the entries of rows behind it by one.
	second     []uint32
	secondRows []Row
	withVIN    int    // rows with a VIN of their own
	same       uint32 // entries before this one are rows of the same number

	// A bit for each so many entries: one of them has the key of the next. A
	// row that is passed over mostly shares its key with no other, and to see
	// that in the keys costs a batch of lookups a third of its time.
	shared []uint64

	columns
	filters
	directories
	tombs          tombstones
	plateCountries []string
	stats          Stats
}

// dictionaries number the values that many records share.
type dictionaries struct {
	owners, makes, colours, tags column.Dict[string]
	years                        column.Dict[int32]
	days                         column.Dict[uint32]
}

// clone returns dictionaries that may grow without changing d.
func (d *dictionaries) clone() dictionaries {
	return dictionaries{
		d.owners.Clone(), d.makes.Clone(), d.colours.Clone(), d.tags.Clone(), d.years.Clone(), d.days.Clone(),
	}
}

func newDictionaries() (d dictionaries) {
	for _, texts := range []*column.Dict[string]{&d.owners, &d.makes, &d.colours, &d.tags} {
		*texts = column.TextDict()
	}
	d.years, d.days = column.NumberDict[int32](), column.NumberDict[uint32]()
	return d
}

// attributes are what a record says beside its numbers and its ID, in codes of
// dictionaries.
type attributes struct {
	version                                   uint64
	owner, mark, colour, tagSet, year, stolen uint32
	typ                                       Type
	status                                    Status
}

// code puts what a record says into codes.
func (d *dictionaries) code(r *Record) attributes {
	return attributes{
		version: r.Version,
		owner:   d.owners.Code(r.Owner),
		mark:    d.makes.Code(r.Make),
		colour:  d.colours.Code(r.Colour),
		tagSet:  d.tags.Code(joinTags(r.Tags)),
		year:    d.years.Code(int32(r.ModelYear)),
		stolen:  d.days.Code(dayOf(r.Stolen)),
		typ:     r.Type,
		status:  r.Status,
	}
}

// says reports whether code makes these attributes of a record. It adds nothing to
// the dictionaries: they would grow with what is refused.
func (d *dictionaries) says(a *attributes, r *Record) bool {
	return a.version == r.Version && a.typ == r.Type && a.status == r.Status &&
		d.owners.Value(a.owner) == r.Owner &&
		d.makes.Value(a.mark) == r.Make &&
		d.colours.Value(a.colour) == r.Colour &&
		d.tags.Value(a.tagSet) == joinTags(r.Tags) &&
		d.years.Value(a.year) == int32(r.ModelYear) &&
		d.days.Value(a.stolen) == dayOf(r.Stolen)
}

// joinTags makes one text of a list of texts; cutText takes it apart.
func joinTags(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	b := make([]byte, 0, 64)
	for _, tag := range tags {
		b = appendText(b, tag)
	}
	return string(b)
}

// columns hold what a record says beside its VIN.
type columns struct {
	dictionaries

	// Codes of the dictionaries, and small numbers, by row.
	owner, mark, colour, tagSet, year, stolen, typ, status, version *column.Uints

	texts *column.Blobs // see appendTexts
}

// filters find the rows of a value of an attribute, and those of a range.
type filters struct {
	byOwner          *rowset.Sets // by code in columns.owners
	byType, byStatus *rowset.Sets // by Type and by Status
	byMake, byColour *rowset.Sets // by number of the name
	byTag            *rowset.Sets
	byYear, byStolen ranges

	makeNames, colourNames, tagNames nameNumbers
}

// rowOf returns the row of an entry.
func (s *segment) rowOf(entry uint32) Row {
	if entry < s.same {
		return Row(entry)
	}
	return s.otherRowOf(entry)
}

// otherRowOf is rowOf for entries from same on.
func (s *segment) otherRowOf(entry uint32) Row {
	if int(entry) >= s.vins {
		return s.rows[int(entry)-s.vins]
	}
	i, found := slices.BinarySearch(s.second, entry)
	if found {
		return s.secondRows[i]
	}
	return Row(int(entry) - i)
}

// entryOfVIN returns the entry of the own VIN of a row, which must have one.
func (s *segment) entryOfVIN(r Row) uint32 {
	// The i-th second VIN stands before the row's entry if at most r of the
	// entries before it are rows' own.
	lo, hi := 0, len(s.second)
	for lo < hi {
		mid := (lo + hi) / 2
		if int(s.second[mid])-mid <= int(r) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return uint32(int(r) + lo)
}

// countSame sets same, which follows from the second VINs.
func (s *segment) countSame() {
	s.same = uint32(s.vins)
	if len(s.second) > 0 {
		s.same = s.second[0]
	}
}

// sharing is the number of entries for a bit of segment.shared.
const sharing = 16

// findShared finds the entries first to end-1 that share their key with the next,
// for segment.shared. Ranges that begin with a multiple of 1<<10 have words of
// their own.
func (s *segment) findShared(first, end int) {
	for e := first; e < min(end, len(s.keys)-1); e++ {
		if s.keys[e] == s.keys[e+1] {
			s.shared[e/sharing/64] |= 1 << (e / sharing % 64)
		}
	}
}

// sharedWords returns how many words segment.shared takes.
func (s *segment) sharedWords() int { return len(s.keys)/sharing/64 + 1 }

// next returns the entry after e, and whether it has the same key.
func (s *segment) next(e uint32) (uint32, bool) {
	e++
	return e, int(e) < len(s.keys) && s.keys[e] == s.keys[e-1]
}

// appendTexts appends the texts that belong to one record alone: the ID, the
// plate and the numbers, each with its length before it.
func appendTexts(b []byte, r *Record) []byte {
	b = append(b, byte(len(r.ID)))
	b = append(b, r.ID...)
	at := len(b)
	b = append(b, 0)
	b, _ = r.Plate.AppendBinary(b)
	b[at] = byte(len(b) - at - 1)
	for _, n := range r.Numbers {
		b = append(b, byte(n.Kind))
		b = appendText(b, n.Country)
		b = appendText(b, n.Text)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// idOf returns the ID in what appendTexts wrote.
func idOf(texts []byte) []byte { return texts[1 : 1+int(texts[0])] }

// readTexts is the inverse of appendTexts.
func readTexts(b []byte, r *Record) {
	r.ID = string(idOf(b))
	b = b[1+len(r.ID):]
	n := int(b[0])
	if err := r.Plate.UnmarshalBinary(b[1 : 1+n]); err != nil {
		panic("index: a stored plate is not one: " + err.Error())
	}
	b = b[1+n:]
	for len(b) > 0 {
		number := Number{Kind: Kind(b[0])}
		number.Country, b = cutText(b[1:])
		number.Text, b = cutText(b)
		r.Numbers = append(r.Numbers, number)
	}
}

func cutText(b []byte) (text string, rest []byte) {
	n, size := binary.Uvarint(b)
	b = b[size:]
	return string(b[:n]), b[n:]
}

// attributesOf returns what a row says in codes of the segment's dictionaries.
func (s *segment) attributesOf(row Row) attributes {
	i := int(row)
	return attributes{
		version: s.version.At(i),
		owner:   uint32(s.owner.At(i)),
		mark:    uint32(s.mark.At(i)),
		colour:  uint32(s.colour.At(i)),
		tagSet:  uint32(s.tagSet.At(i)),
		year:    uint32(s.year.At(i)),
		stolen:  uint32(s.stolen.At(i)),
		typ:     Type(s.typ.At(i)),
		status:  Status(s.status.At(i)),
	}
}

// vinOf returns the own VIN of a row; the zero VIN if it has none.
func (s *segment) vinOf(row Row) (v vin.VIN) {
	if int(row) < s.withVIN {
		k := s.keys[s.entryOfVIN(row)]
		v, _ = Key{k.Hi, k.Lo}.VIN()
	}
	return v
}

// identityOf returns owner and ID of a row. The ID is the segment's own memory.
func (s *segment) identityOf(row Row) (owner string, id []byte) {
	return s.owners.Value(uint32(s.owner.At(int(row)))), idOf(s.texts.At(int(row)))
}

// record puts a record together again.
func (s *segment) record(row Row) Record {
	a := s.attributesOf(row)
	r := Record{
		Owner:     s.owners.Value(a.owner),
		Version:   a.version,
		VIN:       s.vinOf(row),
		Type:      a.typ,
		Status:    a.status,
		Make:      s.makes.Value(a.mark),
		ModelYear: int(s.years.Value(a.year)),
		Colour:    s.colours.Value(a.colour),
		Stolen:    timeOf(s.days.Value(a.stolen)),
		Tags:      splitTags(s.tags.Value(a.tagSet)),
	}
	readTexts(s.texts.At(int(row)), &r)
	return r
}

// splitTags is the inverse of joinTags.
func splitTags(s string) (tags []string) {
	for b := []byte(s); len(b) > 0; {
		var tag string
		tag, b = cutText(b)
		tags = append(tags, tag)
	}
	return tags
}
