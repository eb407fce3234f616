package delayed

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/vinmatch/vinmatch/internal/entries"
	"github.com/vinmatch/vinmatch/internal/safefile"
)

// The journal of a Desk is a header, "vmdelay" and a version (a byte), and entries as
// of package entries, with the magic "vmDe", which marks what was synced.
//
// A payload is a kind and JSON; that of a report is a kind, the length of its JSON
// (4 bytes, little-endian), the JSON, and the report as callers get it.

const journalHeader = "vmdelay\x02"

var format = entries.Format{Magic: "vmDe", Max: 1 << 20}

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

// appendEntry appends an entry of a kind: v as JSON, and for a report its body. It
// returns where those are in b.
func appendEntry(b []byte, kind byte, v any, body []byte) (out []byte, p place, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return b, p, err
	}
	head := []byte{kind}
	if kind == reportEntry {
		head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	}
	if n := len(head) + len(text) + len(body); n > format.Max {
		return b, p, fmt.Errorf("delayed: an entry of %d bytes is too long", n)
	}
	p = place{int64(len(b) + entries.Header + len(head)), len(text), len(body)}
	return format.Append(b, head, text, body), p, nil
}

// readJournal reads a journal of so many bytes. It calls f with the kind, the JSON
// and the place of each entry, and returns where the last ends. Where f returns
// false, or anything else is wrong, there is a *journalError.
func readJournal(r io.Reader, size int64, f func(kind byte, text []byte, at place) bool) (end int64, err error) {
	in := bufio.NewReaderSize(r, format.Buffer(size))
	head, err := in.Peek(len(journalHeader))
	if err != nil && err != io.EOF {
		return 0, err
	}
	if string(head) != journalHeader {
		return 0, &journalError{}
	}
	in.Discard(len(journalHeader))
	n, _, damaged, err := format.Read(in, func(payload []byte, at int64) bool {
		kind, text := payload[0], payload[1:]
		p := place{at: int64(len(journalHeader)) + at + 1, text: len(text)}
		if kind == reportEntry {
			if len(text) < 4 || int64(binary.LittleEndian.Uint32(text)) > int64(len(text)-4) {
				return false
			}
			n := int(binary.LittleEndian.Uint32(text))
			p = place{p.at + 4, n, len(text) - 4 - n}
			text = text[4:][:n]
		}
		return f(kind, text, p)
	})
	end = int64(len(journalHeader)) + n
	if err == nil && damaged {
		err = &journalError{offset: end}
	}
	return end, err
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
	if !sync {
		return nil
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	return j.add(format.AppendMark(nil, j.size-int64(len(journalHeader))), false)
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
		w := &writer{to: bufio.NewWriterSize(io.NewOffsetWriter(to, 0), 1<<16)}
		if err := w.write([]byte(journalHeader)); err != nil {
			return err
		}
		if err := write(w); err != nil {
			return err
		}
		// Nobody sees the file before it is synced.
		if err := w.write(format.AppendMark(nil, w.at-int64(len(journalHeader)))); err != nil {
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
