package feed

import "github.com/vinmatch/vinmatch/index"

// Recent remembers which changes a log took last, so that those that are sent
// again are not added again. A change that was forgotten is added again, which
// does no harm but the space: a replica finds it stale, because its version is not
// higher than what is known.
//
// It takes about 80 bytes a change. It is for those who write a [Log], and is not
// safe for use by several goroutines.
type Recent struct {
	most int
	seqs map[ID]uint64
	ring []ID // in the order they came
	next int  // the oldest, once the ring is full
}

// DefaultRecent is how many changes a log remembers unless told otherwise.
const DefaultRecent = 1 << 20

// NewRecent returns a Recent that remembers so many changes; 0 stands for
// DefaultRecent.
func NewRecent(most int) *Recent {
	if most <= 0 {
		most = DefaultRecent
	}
	return &Recent{most: most, seqs: map[ID]uint64{}}
}

// Add remembers that an entry has a change.
func (r *Recent) Add(id ID, seq uint64) {
	if _, ok := r.seqs[id]; ok {
		return
	}
	r.seqs[id] = seq
	if len(r.ring) < r.most {
		r.ring = append(r.ring, id)
		return
	}
	delete(r.seqs, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % r.most
}

// AddEntry remembers all changes of an entry.
func (r *Recent) AddEntry(e *Entry) {
	for i := range e.Changes {
		r.Add(IDOf(&e.Changes[i]), e.Position.Seq)
	}
}

// Seq returns the entry that has a change; 0 if none is remembered.
func (r *Recent) Seq(id ID) uint64 { return r.seqs[id] }

// Len returns how many changes are remembered.
func (r *Recent) Len() int { return len(r.seqs) }

// Fresh returns those of changes that are not remembered, each once, with their
// IDs, and the greatest number of an entry that has one of the others; 0: there
// are no others. A change that no index would take gives a [*ChangeError].
func (r *Recent) Fresh(changes []index.Change) (fresh []index.Change, ids []ID, last uint64, err error) {
	for i := range changes {
		if err := Check(&changes[i]); err != nil {
			return nil, nil, 0, &ChangeError{Change: i, Err: err}
		}
	}
	ids = make([]ID, 0, len(changes))
	seen := make(map[ID]bool, len(changes))
	fresh = changes[:0:0]
	for i := range changes {
		id := IDOf(&changes[i])
		seq := r.seqs[id]
		last = max(last, seq)
		if seq != 0 || seen[id] {
			continue
		}
		seen[id] = true
		ids = append(ids, id)
		fresh = append(fresh, changes[i])
	}
	return fresh, ids, last, nil
}
