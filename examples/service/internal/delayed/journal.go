package delayed

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

// The journal of a Desk is a header and entries, appended one after the other,
// little-endian:
//
//	header  "vmdelay", version (a byte)
//	entry   "vmDe", length (4 bytes), checksum (4 bytes), payload
//
// A payload is a kind and JSON; that of a report is a kind, the length of its JSON
// (4 bytes), the JSON, and the report as callers get it. The checksum is CRC-32C of
// length and payload.
//
// An entry that is not whole ends the journal if no whole one follows: the system
// stopped while it was written. If one follows, it was damaged later.

const (
	journalHeader = "vmdelay\x01"
	entryMagic    = "vmDe"
	entryHeader   = len(entryMagic) + 8
	maxPayload    = 1 << 20
)

// What entries are.
const (
	positionEntry = 'P' // how far the change log was looked at
	inquiryEntry  = 'I' // somebody asked
	reportEntry   = 'R'
	toldEntry     = 'T' // a report was made that is not kept any more
	callerEntry   = 'C' // how many reports a caller has had
)

// ErrDamaged is the error of a journal that is not as it was written.
var ErrDamaged = errors.New("damaged, or of another version")

// A journalError says where a journal is not as it was written.
type journalError struct {
	path   string
	offset int64
}

func (e *journalError) Error() string {
	return fmt.Sprintf("delayed: %s: offset %d: %v", e.path, e.offset, ErrDamaged)
}

func (e *journalError) Unwrap() error { return ErrDamaged }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendEntry appends an entry of a kind: v as JSON, and for a report its body. It
// returns where those are in b.
func appendEntry(b []byte, kind byte, v any, body []byte) (out []byte, p place, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return b, p, err
	}
	n := 1 + len(text)
	if kind == reportEntry {
		n += 4 + len(body)
	}
	if n > maxPayload {
		return b, p, fmt.Errorf("delayed: an entry of %d bytes is too long", n)
	}
	from := len(b)
	b = append(b, entryMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = append(b, 0, 0, 0, 0, kind)
	if kind == reportEntry {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	}
	p = place{int64(len(b)), len(text), len(body)}
	b = append(append(b, text...), body...)
	binary.LittleEndian.PutUint32(b[from+8:], checksum(b[from:]))
	return b, p, nil
}

// checksum returns that of the length and the payload of an entry.
func checksum(entry []byte) uint32 {
	return crc32.Update(crc32.Checksum(entry[4:8], castagnoli), castagnoli, entry[entryHeader:])
}

// peekEntry returns the entry at hand; nil if there is none that is whole.
func peekEntry(in *bufio.Reader) ([]byte, error) {
	b, err := in.Peek(entryHeader)
	if err != nil || string(b[:4]) != entryMagic {
		return nil, notEOF(err)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n < 1 || n > maxPayload {
		return nil, nil
	}
	if entryHeader+int(n) > in.Size() {
		return nil, nil // longer than all there is
	}
	b, err = in.Peek(entryHeader + int(n))
	if err != nil || checksum(b) != binary.LittleEndian.Uint32(b[8:]) {
		return nil, notEOF(err)
	}
	return b, nil
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// entryFollows reports whether a whole entry follows anywhere.
func entryFollows(in *bufio.Reader) (bool, error) {
	for {
		b, err := in.Peek(in.Size())
		if err != nil && err != io.EOF {
			return false, err
		}
		at := bytes.Index(b, []byte(entryMagic))
		switch {
		case at < 0 && len(b) < len(entryMagic):
			return false, nil
		case at < 0:
			in.Discard(len(b) - len(entryMagic) + 1)
			continue
		}
		in.Discard(at)
		if e, err := peekEntry(in); e != nil || err != nil {
			return e != nil, err
		}
		in.Discard(1)
	}
}

// readJournal reads a journal of so many bytes. It calls f with the kind, the JSON and the place of each entry, and returns where the last ends. Where f returns false, or anything
// else is wrong, there is a *journalError.
func readJournal(r io.Reader, size int64, f func(kind byte, text []byte, at place) bool) (end int64, err error) {
	in := bufio.NewReaderSize(r, int(min(size, int64(entryHeader+maxPayload))))
	head, err := in.Peek(len(journalHeader))
	if err != nil && err != io.EOF {
		return 0, err
	}
	if string(head) != journalHeader {
		return 0, &journalError{}
	}
	in.Discard(len(journalHeader))
	end = int64(len(journalHeader))
	for {
		e, err := peekEntry(in)
		if err != nil {
			return end, err
		}
		if e == nil {
			follows, err := entryFollows(in)
			if err == nil && follows {
				err = &journalError{offset: end}
			}
			return end, err
		}
		kind, text := e[entryHeader], e[entryHeader+1:]
		at := place{at: end + int64(entryHeader+1), text: len(text)}
		if kind == reportEntry {
			if len(text) < 4 || int64(binary.LittleEndian.Uint32(text)) > int64(len(text)-4) {
				return end, &journalError{offset: end}
			}
			n := int(binary.LittleEndian.Uint32(text))
			at = place{at.at + 4, n, len(text) - 4 - n}
			text = text[4:][:n]
		}
		if !f(kind, text, at) {
			return end, &journalError{offset: end}
		}
		in.Discard(len(e))
		end += int64(len(e))
	}
}

// A place is where an entry stands: from at its JSON, of so many bytes, and behind
// that the body of a report.
type place struct {
	at         int64
	text, body int
}

// A journal is the open file.
type journal struct {
	path string
	f    *os.File
	size int64
}

// add appends entries, and brings them to the disk if sync says so.
func (j *journal) add(b []byte, sync bool) error {
	if _, err := j.f.WriteAt(b, j.size); err != nil {
		return err
	}
	j.size += int64(len(b))
	if sync {
		return j.f.Sync()
	}
	return nil
}

// report reads a report.
func (j *journal) report(p place) (text json.RawMessage, body []byte, err error) {
	b := make([]byte, p.text+p.body)
	if _, err := j.f.ReadAt(b, p.at); err != nil {
		return nil, nil, err
	}
	return b[:p.text:p.text], b[p.text:], nil
}

// replace puts another journal in the place of this one. write may read the old one,
// which is closed after it: not every system renames over an open file.
func (j *journal) replace(write func(w *writer) error) error {
	err := safefile.Write(j.path, func(to io.WriterAt) error {
		w := &writer{to: bufio.NewWriterSize(&appender{to: to}, 1<<16)}
		if err := w.write([]byte(journalHeader)); err != nil {
			return err
		}
		if err := write(w); err != nil {
			return err
		}
		if err := w.to.Flush(); err != nil {
			return err
		}
		return j.close()
	})
	if err != nil {
		return err
	}
	if j.f, err = os.OpenFile(j.path, os.O_RDWR, 0); err != nil {
		return err
	}
	j.size, err = j.f.Seek(0, io.SeekEnd)
	return err
}

func (j *journal) close() (err error) {
	if j.f != nil {
		err = j.f.Close()
		j.f = nil
	}
	return err
}

// A writer writes a journal anew.
type writer struct {
	to  *bufio.Writer
	at  int64
	buf []byte
}

func (w *writer) write(b []byte) error {
	n, err := w.to.Write(b)
	w.at += int64(n)
	return err
}

// entry writes an entry, and returns its place.
func (w *writer) entry(kind byte, v any, body []byte) (place, error) {
	b, p, err := appendEntry(w.buf[:0], kind, v, body)
	if err != nil {
		return p, err
	}
	w.buf = b
	p.at += w.at
	return p, w.write(b)
}

// An appender writes what is written one after the other.
type appender struct {
	to io.WriterAt
	at int64
}

func (a *appender) Write(b []byte) (int, error) {
	n, err := a.to.WriteAt(b, a.at)
	a.at += int64(n)
	return n, err
}
