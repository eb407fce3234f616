package feed

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
)

// Memory is a Log in memory, for tests and for registers that are fed anew
// whenever the program starts. Stored for good means: until Close.
type Memory struct {
	mu      sync.Mutex
	head    Head
	first   uint64   // number of entries[0]
	entries [][]byte // encoded
	recent  *Recent
	grown   signal
	closed  bool
}

var (
	_ Log     = (*Memory)(nil)
	_ Trimmer = (*Memory)(nil)
)

// NewMemory returns an empty Log with a new lineage, which remembers so many
// changes ([Recent]); 0: DefaultRecent.
func NewMemory(recent int) *Memory {
	return &Memory{
		head:   Head{Position: index.Position{Lineage: NewLineage()}},
		first:  1,
		recent: NewRecent(recent),
		grown:  newSignal(),
	}
}

// Append implements [Log].
func (m *Memory) Append(ctx context.Context, changes []index.Change) (index.Position, error) {
	if err := ctx.Err(); err != nil {
		return index.Position{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return index.Position{}, &LogError{Err: ErrClosed}
	}
	fresh, ids, last, err := m.recent.Fresh(changes)
	if err != nil {
		return index.Position{}, err
	}
	at := m.head.Position
	for now := time.Now(); len(fresh) > 0; at = m.head.Position {
		var entry []byte
		var taken int
		entry, taken, m.head = m.head.Append(nil, now, fresh)
		m.entries = append(m.entries, entry)
		for _, id := range ids[:taken] {
			m.recent.Add(id, m.head.Position.Seq)
		}
		fresh, ids = fresh[taken:], ids[taken:]
		last = m.head.Position.Seq
	}
	m.grown.send()
	at.Seq = last
	return at, nil
}

// Read implements [Log].
func (m *Memory) Read(ctx context.Context, after index.Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for at := after; ; {
			entry, grown, err := m.entry(at)
			switch {
			case err != nil:
				yield(Entry{}, err)
				return
			case entry == nil:
				select {
				case <-grown:
					continue
				case <-ctx.Done():
					yield(Entry{}, ctx.Err())
					return
				}
			}
			e, err := DecodeEntry(entry)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
			at = e.Position
		}
	}
}

// entry returns the entry after a position, or nil and what tells that the log has
// grown.
func (m *Memory) entry(after index.Position) (entry []byte, grown <-chan struct{}, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, &LogError{Err: ErrClosed}
	}
	if err := m.bounds().Check(after); err != nil {
		return nil, nil, err
	}
	if i := after.Seq + 1 - m.first; i < uint64(len(m.entries)) {
		return m.entries[i], nil, nil
	}
	return nil, m.grown.next(), nil
}

// Bounds implements [Log].
func (m *Memory) Bounds(ctx context.Context) (Bounds, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Bounds{}, &LogError{Err: ErrClosed}
	}
	return m.bounds(), ctx.Err()
}

func (m *Memory) bounds() Bounds {
	return Bounds{m.head.Position.Lineage, m.first, m.head.Position.Seq}
}

// Trim implements [Trimmer], and keeps no more than it must.
func (m *Memory) Trim(ctx context.Context, upTo index.Position) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bounds()
	switch {
	case m.closed:
		return &LogError{Err: ErrClosed}
	case upTo.Lineage != b.Lineage:
		return &LogError{After: upTo, Bounds: b, Err: ErrReplaced}
	}
	if first := min(upTo.Seq+1, b.Last); first > b.First {
		m.entries = append([][]byte(nil), m.entries[first-b.First:]...)
		m.first = first
	}
	return ctx.Err()
}

// Close ends Read wherever it is called, and lets go of the entries. It returns
// nil.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.entries = true, nil
	m.grown.send()
	return nil
}

// A signal tells any number of goroutines, each once.
type signal struct{ c chan struct{} }

func newSignal() signal { return signal{make(chan struct{})} }

// next returns what the next send closes.
func (s *signal) next() <-chan struct{} { return s.c }

func (s *signal) send() {
	close(s.c)
	s.c = make(chan struct{})
}
