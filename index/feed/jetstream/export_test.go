package jetstream

import (
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// NATS returns the server itself.
func (s *Server) NATS() *server.Server { return s.s }

// SetParts makes snapshots of parts and chunks of other lengths, which are short, until
// the function that it returns is called.
func SetParts(part int64, chunk uint32) (undo func()) {
	oldPart, oldChunk, oldFirst := partBytes, chunkBytes, partFirst
	partBytes, chunkBytes, partFirst = part, func(*nats.Conn) uint32 { return chunk }, time.Second
	return func() { partBytes, chunkBytes, partFirst = oldPart, oldChunk, oldFirst }
}

// SetAbandoned sets after how long parts without a head count as left behind, until
// the function that it returns is called.
func SetAbandoned(d time.Duration) (undo func()) {
	old := abandoned
	abandoned = d
	return func() { abandoned = old }
}

// Turns are turns of which time is told.
type Turns struct{ t turns }

// Told takes what somebody says who has missed its turn.
func (t *Turns) Told(b []byte, now time.Time) { t.t.told(b, now) }

// Let returns how long one who wants to write since a time lets others.
func (t *Turns) Let(since, now time.Time) time.Duration { return t.t.let(since, now) }

// Missed is what a log says that has wanted to write for so long.
func Missed(name byte, waited time.Duration) []byte { return appendMissed(nil, [8]byte{name}, waited) }

// CheckOptions is what Start says of its options.
func CheckOptions(o ServerOptions) error {
	_, err := serverOptions(o)
	return err
}
