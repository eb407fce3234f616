package parallel

import (
	"slices"
	"sync"
)

// serial is the length below which handing out work costs more than it saves.
const serial = 1 << 14

// Sort sorts s in ascending order of compare, which must be a strict weak order
// and safe for concurrent calls. No more than the given number of goroutines
// work at a time. The sort is not stable: let compare tell elements apart where
// their order matters. It takes no memory beside s worth speaking of.
func Sort[E any](s []E, workers int, compare func(a, b E) int) {
	if workers <= 1 || len(s) <= serial {
		slices.SortFunc(s, compare)
		return
	}
	p := &sorter[E]{
		compare: compare,
		// Parts of uneven length even out over eight for each worker.
		part: max(serial, len(s)/(8*workers)),
		slot: make(chan struct{}, workers),
	}
	p.wg.Add(1)
	p.sort(s)
	p.wg.Wait()
}

type sorter[E any] struct {
	compare func(a, b E) int
	part    int           // the length from which one goroutine does the rest
	slot    chan struct{} // one for each goroutine at work
	wg      sync.WaitGroup
}

// sort is quicksort with a goroutine for each left part.
func (p *sorter[E]) sort(s []E) {
	defer p.wg.Done()
	for {
		p.slot <- struct{}{}
		if len(s) <= p.part {
			slices.SortFunc(s, p.compare)
			<-p.slot
			return
		}
		cut := p.split(s)
		<-p.slot
		p.wg.Add(1)
		go p.sort(s[:cut])
		s = s[cut:]
	}
}

// split moves elements so that none before the cut is greater than one behind
// it, and returns the cut, which leaves elements on both sides. Elements equal
// to the pivot are shared out evenly, so that many of them do no harm.
func (p *sorter[E]) split(s []E) (cut int) {
	pivot := p.pivot(s)
	i, j := 0, len(s)-1
	for {
		for p.compare(s[i], pivot) < 0 {
			i++
		}
		for p.compare(pivot, s[j]) < 0 {
			j--
		}
		if i >= j {
			// s[:i] is not greater and s[j+1:] not less than the pivot.
			return min(max(i, 1), len(s)-1)
		}
		s[i], s[j] = s[j], s[i]
		i++
		j--
	}
}

// pivot returns the median of elements spread over s.
func (p *sorter[E]) pivot(s []E) E {
	const n = 63
	var sample [n]E
	for i := range sample {
		sample[i] = s[(2*i+1)*(len(s)/(2*n))] // not the product first: int may have 32 bits
	}
	slices.SortFunc(sample[:], p.compare)
	return sample[n/2]
}
