package index

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/vinmatch/vinmatch/internal/column"
	"github.com/vinmatch/vinmatch/internal/names"
	"github.com/vinmatch/vinmatch/internal/parallel"
	"github.com/vinmatch/vinmatch/internal/rowset"
)

// nameNumbers number the names in the texts of a dictionary, as filters compare
// them, in the order in which they come.
type nameNumbers map[string]uint32

func numberNames(texts []string, namesOf func(text string) []string) nameNumbers {
	numbers := nameNumbers{}
	for _, text := range texts {
		for _, name := range namesOf(text) {
			if _, ok := numbers[name]; !ok {
				numbers[name] = uint32(len(numbers))
			}
		}
	}
	return numbers
}

// byCode returns the numbers of the names of each text, each number once.
func (t nameNumbers) byCode(texts []string, namesOf func(text string) []string) [][]uint32 {
	all := make([][]uint32, len(texts))
	for code, text := range texts {
		for _, name := range namesOf(text) {
			all[code] = append(all[code], t[name])
		}
		slices.Sort(all[code])
		all[code] = slices.Compact(all[code])
	}
	return all
}

// foldedName returns a make or colour as filters compare it.
func foldedName(text string) []string { return []string{names.Fold(text)} }

// foldedTags returns the tags of a set as filters compare them.
func foldedTags(set string) []string {
	tags := splitTags(set)
	for i := range tags {
		tags[i] = names.FoldCase(tags[i])
	}
	return tags
}

// A ranges finds the rows whose year or day lies between two.
type ranges struct {
	numbers []uint32 // of each code of the dictionary: see numberValues
	codes   *column.Uints
	slices  *rowset.Slices // of the numbers of the rows
}

func makeRanges(codes *column.Uints, numbers []uint32, workers int) ranges {
	s := rowset.MakeSlices(codes.Len(), bitsOf(numbers), workers, func(row int) uint32 { return numbers[codes.At(row)] })
	return ranges{numbers, codes, s}
}

// bitsOf returns how many bits the greatest of some numbers has.
func bitsOf(numbers []uint32) int {
	most := uint32(0)
	for _, n := range numbers {
		most = max(most, n)
	}
	return bits.Len32(most)
}

// Snapshots hold slices of the numbers that the following functions give: to
// number otherwise is to change the format.

// numberYears gives numbers to the years of a dictionary.
func numberYears(years []int32) []uint32 {
	return numberValues(years, func(int32, int32) uint32 { return 1 })
}

// numberDays gives numbers to the days of a dictionary. Mostly a year begins
// with a multiple of 512 and a month with one of 32, so that the low bits of its
// number are zero, and whole months and years are found in less time. Where that
// would take more than two bits a row more, the numbers have no gaps.
func numberDays(days []uint32) []uint32 {
	dense := numberValues(days, func(uint32, uint32) uint32 { return 1 })
	aligned := numberValues(days, func(before, day uint32) uint32 {
		year, month, _ := timeOf(before).Date()
		y, m, _ := timeOf(day).Date()
		switch {
		case y != year:
			return 512 // more than 12 times 32
		case m != month:
			return 32
		}
		return 1
	})
	if bitsOf(aligned) > bitsOf(dense)+2 {
		return dense
	}
	return aligned
}

// numberValues gives numbers to the values of a dictionary that rise with the
// values: to 0, which means unknown, 0, and to the others from 1 on, each the
// next multiple of what align returns for the value and the one before.
func numberValues[T int32 | uint32](values []T, align func(before, v T) uint32) []uint32 {
	order := make([]uint32, len(values))
	for code := range order {
		order[code] = uint32(code)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(values[a], values[b]) })
	numbers := make([]uint32, len(values))
	last, before := uint32(0), T(0)
	for _, code := range order {
		if v := values[code]; v != 0 {
			a := align(before, v)
			last = (last/a + 1) * a
			numbers[code] = last
			before = v
		}
	}
	return numbers
}

// numberNames makes what follows of filters from the dictionaries of texts.
func (s *segment) numberNames() {
	s.makeNames = numberNames(s.makes.Values(), foldedName)
	s.colourNames = numberNames(s.colours.Values(), foldedName)
	s.tagNames = numberNames(s.tags.Values(), foldedTags)
}

// makeFilters makes what finds the rows of values and ranges.
func (s *segment) makeFilters(workers int) {
	s.numberNames()
	sets := []struct {
		dst      **rowset.Sets
		codes    *column.Uints
		n        int
		valuesOf [][]uint32
	}{
		{&s.byOwner, s.owner, s.owners.Len(), nil},
		{&s.byType, s.typ, 1 << 8, nil},
		{&s.byStatus, s.status, 1 << 8, nil},
		{&s.byMake, s.mark, len(s.makeNames), s.makeNames.byCode(s.makes.Values(), foldedName)},
		{&s.byColour, s.colour, len(s.colourNames), s.colourNames.byCode(s.colours.Values(), foldedName)},
		{&s.byTag, s.tagSet, len(s.tagNames), s.tagNames.byCode(s.tags.Values(), foldedTags)},
	}
	parallel.Do(workers, len(sets), func(i int) {
		*sets[i].dst = rowset.MakeSets(sets[i].n, sets[i].codes, sets[i].valuesOf)
	})
	s.byYear = makeRanges(s.year, numberYears(s.years.Values()), workers)
	s.byStolen = makeRanges(s.stolen, numberDays(s.days.Values()), workers)
}

func (f *filters) bytes() (n int64) {
	for _, sets := range []*rowset.Sets{f.byOwner, f.byType, f.byStatus, f.byMake, f.byColour, f.byTag} {
		n += int64(sets.Bytes())
	}
	for _, r := range []*ranges{&f.byYear, &f.byStolen} {
		n += int64(r.slices.Bytes() + 4*len(r.numbers))
	}
	for _, numbers := range []nameNumbers{f.makeNames, f.colourNames, f.tagNames} {
		for name := range numbers {
			n += int64(len(name)) + 48 // with its place in a map
		}
	}
	return n
}

// ownersWithRows counts the owners that have records which count.
func (f *filters) ownersWithRows() (n int) {
	for code := range f.byOwner.Len() {
		if len(f.byOwner.Set(code)) > 0 {
			n++
		}
	}
	return n
}
