package jetstream

import (
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// NATS returns the server itself.
func (s *Server) NATS() *server.Server { return s.s }

// SetParts makes snapshots of parts and chunks of other lengths, until the function
// that it returns is called.
func SetParts(part int64, chunk uint32) (undo func()) {
	oldPart, oldChunk := partBytes, chunkBytes
	partBytes, chunkBytes = part, func(*nats.Conn) uint32 { return chunk }
	return func() { partBytes, chunkBytes = oldPart, oldChunk }
}
