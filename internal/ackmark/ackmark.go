// Package ackmark keeps a small file that says how far a log was acknowledged at
// least, so that a log that lost its end is noticed when it is opened again.
//
// The file has two places, at 0 and 512, which are written in turn, so that one of
// them is whole whatever happens; the greater number counts. It is not synced:
// after a power failure it may say less than is true, and never says more.
//
//	 0  16 name of the log
//	16  8  number of the last entry that was acknowledged, little-endian
//	24  4  CRC-32C of the 24 bytes before, little-endian
package ackmark

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

const (
	length = 28
	place  = 512
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Mark writes such a file. The zero Mark without a File is of none.
type Mark struct {
	File interface {
		io.ReaderAt
		io.WriterAt
	}
	next int64 // the place to write
}

// Read returns what the file says; seq 0: nothing.
func (m *Mark) Read() (log [16]byte, seq uint64, err error) {
	for p := range int64(2) {
		var b [length]byte
		if _, err := m.File.ReadAt(b[:], p*place); err != nil && err != io.EOF {
			return log, 0, err
		}
		n := binary.LittleEndian.Uint64(b[16:])
		if crc32.Checksum(b[:24], castagnoli) == binary.LittleEndian.Uint32(b[24:]) && n > seq {
			copy(log[:], b[:])
			seq, m.next = n, 1-p
		}
	}
	return log, seq, nil
}

// Write says that a log was acknowledged up to a number.
func (m *Mark) Write(log [16]byte, seq uint64) error {
	b := binary.LittleEndian.AppendUint64(log[:len(log):len(log)], seq)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := m.File.WriteAt(b, m.next*place)
	m.next = 1 - m.next
	return err
}
