package index

import (
	"encoding/binary"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/tagtable"
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
	withVIN    int // rows with a VIN of their own

	columns
	filters
	plateCountries []string
	stats          Stats
}

// columns hold what a record says beside its VIN.
type columns struct {
	owners, makes, colours, tags column.Dict[string]
	years                        column.Dict[int32]
	days                         column.Dict[uint32]

	// Codes of the dictionaries, and small numbers, by row.
	owner, mark, colour, tagSet, year, stolen, typ, status, version *column.Uints

	texts *column.Blobs // see appendTexts
}

// filters hold the rows of each value of an attribute. They are nil where no
// row has the value.
type filters struct {
	byOwner  []*roaring.Bitmap // by code in columns.owners
	byType   []*roaring.Bitmap // by Type
	byStatus []*roaring.Bitmap // by Status
}

// rowOf returns the row of an entry.
func (s *segment) rowOf(entry uint32) Row {
	if int(entry) >= s.vins {
		return s.rows[int(entry)-s.vins]
	}
	if len(s.second) == 0 {
		return Row(entry)
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

// record puts a record together again.
func (s *segment) record(row Row) Record {
	i := int(row)
	r := Record{
		Owner:     s.owners.Value(uint32(s.owner.At(i))),
		Version:   s.version.At(i),
		Type:      Type(s.typ.At(i)),
		Status:    Status(s.status.At(i)),
		Make:      s.makes.Value(uint32(s.mark.At(i))),
		ModelYear: int(s.years.Value(uint32(s.year.At(i)))),
		Colour:    s.colours.Value(uint32(s.colour.At(i))),
		Stolen:    timeOf(s.days.Value(uint32(s.stolen.At(i)))),
	}
	if i < s.withVIN {
		k := s.keys[s.entryOfVIN(row)]
		r.VIN, _ = Key{k.Hi, k.Lo}.VIN()
	}
	for tags := []byte(s.tags.Value(uint32(s.tagSet.At(i)))); len(tags) > 0; {
		var tag string
		tag, tags = cutText(tags)
		r.Tags = append(r.Tags, tag)
	}
	readTexts(s.texts.At(i), &r)
	return r
}
