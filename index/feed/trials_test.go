package feed_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// TestParsers gives the decoder of entries bytes without end, most of them with
// their checksum made right. See internal/trials.
func TestParsers(t *testing.T) {
	head := feed.Head{Position: index.Position{Lineage: lineage}}
	b, _, next := head.Append(nil, time.Unix(1_800_000_000, 0), []index.Change{{By: "FR", Op: index.Put, Record: full()}})
	seeds := [][]byte{b}
	for changes := feedtest.Changes(1, 40); len(changes) > 0; {
		var taken int
		b, taken, next = next.Append(nil, time.Unix(1_800_000_000, 0), changes[:min(1+len(seeds)%4, len(changes))])
		seeds = append(seeds, b)
		changes = changes[taken:]
	}
	var sealed []byte
	trials.Parser{
		Seeds: seeds,
		Parse: func(b []byte) {
			sealed = append(sealed[:0], b...)
			seal(sealed)
			_, _ = feed.DecodeEntry(sealed)
		},
		Check: func(b []byte) { checkDecodeEntry(t, slices.Clone(b)) },
		// What is 8 bytes of an entry may be an index.Change of some 300.
		Bound: func(n int) uint64 { return 128*uint64(n) + 64<<10 },
	}.Run(t, trials.Number(50_000))
}
