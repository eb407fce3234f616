package index

import (
	"context"

	"github.com/vinmatch/vinmatch/vin"
)

// SearchBy is Search by a path; false if the pattern or the register has none
// of that kind.
func (v *View) SearchBy(path Path, p vin.Pattern, s *Selection, limit int) (rows []Row, truncated, ok bool) {
	f := finder{sight: sight{ctx: context.Background(), v: v, s: s}, lowestRows: lowestRows{limit: v.limit(limit), bound: NoRow}, seg: v.seg, pattern: p}
	_, pl, d, _ := v.seg.planSearch(&p, f.limit, s)
	_, first, last := p.AppendFragment(nil)
	if path == PathHeads && v.seg.heads == nil || path == PathOffsets && first == last {
		return nil, false, false
	}
	f.walk(path, &pl, &d)
	f.addSecond()
	f.walkDelta(&d)
	rows, truncated = f.finish()
	return rows, truncated, true
}

// Sorted returns how many entries of a View's changes are sorted for searches.
func (v *View) Sorted() int { return int(v.delta.sorted.Load().held) }
