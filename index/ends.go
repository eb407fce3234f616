package index

import (
	"math/bits"

	"github.com/vinmatch/vinmatch/internal/serials"
	"github.com/vinmatch/vinmatch/internal/tagtable"
	"github.com/vinmatch/vinmatch/vin"
)

// What people know of a number is most often how it ends, alone or beside the
// maker's code. The serial directory has all VINs that end so in two runs, and
// knows how long they are before it looks at one. Where they are short, no other
// path can be shorter, and to estimate the others would take longer than to walk
// this one: a search by the last six symbols waits for the memory three times,
// and does little else.

const (
	// mostEnding is how many VINs may end so. Among more, the first matches may
	// be found sooner in the order of the VINs, where the search ends with them.
	mostEnding = 1 << 11
	// fewEnding is how many keys are sooner compared than a range of entries is
	// found.
	fewEnding = 16
)

// ends takes the entries that fit a pattern by their last symbols, if that is
// surely a short path. If not, it does nothing and returns false.
func (f *finder) ends(p *vin.Pattern) (plan Plan, ok bool) {
	maskHi, wantHi, maskLo, wantLo, whole := p.Words()
	n := min(bits.TrailingZeros64(^maskLo)/6, serials.Len)
	// With each symbol more, there are a tenth or less.
	if f.seg.vins>>(3*n) > mostEnding || n == 0 || !whole {
		return Plan{}, false
	}
	numeric, lettered, exact := f.seg.serials.Ending(wantLo, n)
	candidates := len(numeric) + len(lettered)
	if candidates > mostEnding {
		return Plan{}, false
	}
	plan = Plan{Path: PathSerials, Expected: candidates}

	// What is known of the other symbols is compared, but for the first ones:
	// whether those are right shows in the entry.
	f.from, f.to = 0, uint32(f.seg.vins)
	restHi, restLo := maskHi, maskLo&^(1<<(6*n)-1)
	if !exact {
		restLo = maskLo
	}
	if prefix := bits.LeadingZeros64(^(maskHi << 16)) / 6; prefix > 0 && candidates > fewEnding {
		first := tagtable.Key{Hi: uint64(KindVIN)<<kindShift | wantHi&(^uint64(0)<<(6*(8-prefix)))}
		f.from = f.seg.vinAt(first)
		f.to = f.seg.vinAt(tagtable.Key{Hi: first.Hi + 1<<(6*(8-prefix))})
		if int(f.to-f.from) < candidates {
			return Plan{}, false
		}
		restHi &= 1<<(6*(8-prefix)) - 1
	}
	reads := restHi|restLo != 0
	if f.tick(candidates) {
		for _, run := range [...][]uint32{numeric, lettered} {
			if reads {
				f.takeFitting(run, restHi, wantHi&restHi, restLo, wantLo&restLo)
			} else {
				f.take(run)
			}
		}
	}
	return plan, true
}

// take takes entries from a range of them.
func (f *finder) take(entries []uint32) {
	from, n := f.from, f.to-f.from
	for _, e := range entries {
		if e-from < n {
			f.add(e)
		}
	}
}

// takeFitting takes entries from a range of them whose keys fit.
func (f *finder) takeFitting(entries []uint32, maskHi, wantHi, maskLo, wantLo uint64) {
	keys, from, n := f.seg.keys, f.from, f.to-f.from
	for _, e := range entries {
		if e-from < n && keys[e].Hi&maskHi == wantHi && keys[e].Lo&maskLo == wantLo {
			f.add(e)
		}
	}
}
