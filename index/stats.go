package index

import (
	"github.com/vinmatch/vinmatch/internal/column"
)

// Stats tell what an index holds. Records, Changes and Memory are of this moment;
// the others are counted when the register is built or compacted.
type Stats struct {
	Records    int // that are found and counted
	Changes    int // that wait for compaction
	Tombstones int // of withdrawn records
	WithVIN    int // records with a VIN
	Keys       int // ways to find a record: numbers, aliases, embedded frame numbers
	Owners     int
	Superseded int // records given to Build that others of a higher or the same version replaced
	Refused    int // records not taken
	Unkeyed    int // numbers of records that were taken that cannot be looked up

	Memory Memory
}

// Memory is what an index holds, in bytes.
type Memory struct {
	Keys    int64 // the sorted keys, and the rows of those that are not VINs
	Table   int64 // the hash table beside the keys
	Columns int64 // small attributes, and dictionaries roughly
	Texts   int64 // IDs, plates and numbers as given
	Filters int64 // the records of each value, and what finds those of a range
	Partial int64 // directories for partial VINs
	Changes int64 // what Apply took since, and what it needs to take more; tombstones
}

// Total returns the sum.
func (m Memory) Total() int64 {
	return m.Keys + m.Table + m.Columns + m.Texts + m.Filters + m.Partial + m.Changes
}

// EstimateMemory returns about how many bytes an index of n records takes, each
// with a VIN, every second with a plate, and with IDs of ten bytes. Building one
// takes about as much again.
func EstimateMemory(n int) int64 { return int64(n) * bytesPerRecord }

// bytesPerRecord is measured by TestEstimateMemory.
const bytesPerRecord = 80

func (s *segment) memory() Memory {
	m := Memory{
		Keys:  int64(len(s.keys))*16 + int64(len(s.rows)+2*len(s.second))*4 + int64(len(s.shared))*8,
		Table: int64(s.table.Bytes()),
		Texts: int64(s.texts.Bytes()),

		Filters: s.filters.bytes(),

		Partial: s.directories.bytes(),
		Changes: s.tombs.bytes(),
	}
	for _, c := range []*column.Uints{s.owner, s.mark, s.colour, s.tagSet, s.year, s.stolen, s.typ, s.status, s.version} {
		m.Columns += int64(c.Bytes())
	}
	for _, d := range []*column.Dict[string]{&s.owners, &s.makes, &s.colours, &s.tags} {
		for code := range d.Len() {
			m.Columns += int64(len(d.Value(uint32(code)))) + 64 // with its place in a map
		}
	}
	return m
}
