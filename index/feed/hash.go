package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"sync"

	"github.com/vinmatch/vinmatch/index"
)

// A ContentHash is a hash of records. Registers with the same records have the
// same, whatever way they came to have them; others have another, by all that
// chance can do. It is not made to withstand somebody who looks for two registers
// with one hash.
type ContentHash [32]byte

// String returns the hash in hexadecimal.
func (h ContentHash) String() string { return hex.EncodeToString(h[:]) }

// Hash returns the hash of the live records of a View: those that lookups find.
// Withdrawals that are remembered do not count, nor does the position. It is the
// sum, in four words that wrap, of the SHA-256 hashes of all records in the
// encoding of this package, and so does not depend on their order. It takes about
// a microsecond a record on each processor.
func Hash(v *index.View) ContentHash {
	const chunk = 4096
	chunks := make(chan []index.Row)
	var mu sync.Mutex
	var total [4]uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var sum [4]uint64
			var buf []byte
			for rows := range chunks {
				for _, row := range rows {
					buf = addRecord(&sum, v.Record(row), buf)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range total {
				total[i] += sum[i]
			}
		})
	}
	rows := make([]index.Row, 0, chunk)
	for row := range v.All() {
		if rows = append(rows, row); len(rows) == chunk {
			chunks <- rows
			rows = make([]index.Row, 0, chunk)
		}
	}
	chunks <- rows
	close(chunks)
	workers.Wait()
	var h ContentHash
	for i, word := range total {
		binary.LittleEndian.PutUint64(h[8*i:], word)
	}
	return h
}

// addRecord adds the hash of a record to a sum.
func addRecord(sum *[4]uint64, r index.Record, buf []byte) []byte {
	c := index.Change{By: r.Owner, Op: index.Put, Record: r}
	buf = appendChange(buf[:0], &c)
	h := sha256.Sum256(buf)
	for i := range sum {
		sum[i] += binary.LittleEndian.Uint64(h[8*i:])
	}
	return buf
}
