package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// An entry is added only if it is the next, so that of several nodes that write at
// the same time one wins, and the others have to read its entry first. Meanwhile the
// winner may add another one, again and again: it knows its own entry already.
// Whoever has missed its turn for a while therefore tells the others, which wait
// for a moment, unless they have wanted to write for longer themselves. It is a
// courtesy: what is told may get lost, and nothing depends on it.

const (
	// A node that has wanted to write for unfair says so, every pause.
	unfair = 250 * time.Millisecond
	// pause is how long the others let it.
	pause = 100 * time.Millisecond
	// An entry that somebody else is adding, but has not added yet, takes some
	// milliseconds: so long from firstMiss to lastMiss.
	firstMiss = time.Millisecond
	lastMiss  = 16 * time.Millisecond
)

// turns are of one log among those of other nodes.
type turns struct {
	nc      *nats.Conn
	subject string
	name    [8]byte

	mu    sync.Mutex
	until time.Time // somebody is let until then,
	since time.Time // who has wanted to write since
}

func newTurns(nc *nats.Conn, stream string) (*turns, error) {
	t := &turns{nc: nc, subject: stream + ".turns"}
	_, _ = rand.Read(t.name[:]) // never fails
	_, err := nc.Subscribe(t.subject, func(m *nats.Msg) { t.told(m.Data, time.Now()) })
	return t, err
}

// told notes that somebody has missed its turn.
func (t *turns) told(b []byte, now time.Time) {
	if len(b) != len(t.name)+4 || [8]byte(b) == t.name {
		return
	}
	since := now.Add(-time.Duration(binary.LittleEndian.Uint32(b[len(t.name):])) * time.Millisecond)
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.After(t.until) || since.Before(t.since) {
		t.until, t.since = now.Add(pause), since
	}
}

// let returns how long to let somebody else, who has wanted to write for longer.
func (t *turns) let(since, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.After(since) {
		return 0
	}
	return t.until.Sub(now)
}

// A want is what one who wants to write knows.
type want struct {
	t     *turns
	since time.Time
	said  time.Time
	miss  time.Duration // how long to wait after a miss; 0: there was none
}

func (t *turns) want() *want { return &want{t: t, since: time.Now()} }

// wait waits for its turn.
func (w *want) wait(ctx context.Context) error {
	d := max(w.miss, w.t.let(w.since, time.Now()))
	if d <= 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// missed notes that somebody else adds an entry, or has if news says so.
func (w *want) missed(news bool) {
	if news {
		w.miss = 0
	} else {
		w.miss = min(max(2*w.miss, firstMiss), lastMiss)
	}
	now := time.Now()
	if now.Sub(w.since) < unfair || now.Sub(w.said) < pause {
		return
	}
	w.said = now
	_ = w.t.nc.Publish(w.t.subject, appendMissed(nil, w.t.name, now.Sub(w.since)))
}

// appendMissed appends what is told: who, and for how long in milliseconds.
func appendMissed(b []byte, name [8]byte, waited time.Duration) []byte {
	b = append(b, name[:]...)
	return binary.LittleEndian.AppendUint32(b, uint32(min(waited.Milliseconds(), 1<<31)))
}
