package match

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/vinmatch/vinmatch/internal/entries"
	"github.com/vinmatch/vinmatch/internal/safefile"
)

// The file of a Watch is a header and entries, appended one after the other,
// little-endian:
//
//	header  "vmwatch", version (a byte), base (8 bytes), checksum (4 bytes)
//	entry   as of package entries, with the magic "vmwI", which marks what was synced
//
// A payload is an inquiry, 'I' and what appendInquiry wrote, or what was told,
// 'T', the number of the inquiry (8 bytes) and the mark (8 bytes). Inquiries are
// numbered from base in the order in which they stand. The checksum is CRC-32C of
// the header before it.

const (
	watchMagic   = "vmwatch"
	watchVersion = 2
	watchHeader  = len(watchMagic) + 1 + 8 + 4

	// watchFlush is how much waits to be written.
	watchFlush = 64 << 10

	// A file is written anew from this size if more than half is of no use.
	leastRewrite = 256 << 10
)

var watchEntries = entries.Format{Magic: "vmwI", Max: 1 + maxInquiry}

var (
	// ErrWatchFile says that a file is not one of a Watch, or of one of
	// another version of this package.
	ErrWatchFile = errors.New("not a file of a Watch of this version")
	// ErrWatchDamaged says that a file of a Watch was damaged.
	ErrWatchDamaged = errors.New("damaged")
)

// A WatchFileError says that what a file holds is not, or not any more, what a
// Watch wrote.
type WatchFileError struct {
	Path   string
	Offset int64 // where, in bytes
	Err    error // ErrWatchFile or ErrWatchDamaged
}

func (e *WatchFileError) Error() string {
	return fmt.Sprintf("match: %s: offset %d: %v", e.Path, e.Offset, e.Err)
}

// Unwrap returns e.Err.
func (e *WatchFileError) Unwrap() error { return e.Err }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendWatchHeader(b []byte, base uint64) []byte {
	from := len(b)
	b = append(append(b, watchMagic...), watchVersion)
	b = binary.LittleEndian.AppendUint64(b, base)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// appendEntry appends an entry of a kind.
func appendEntry(b []byte, kind byte, body []byte) []byte {
	return watchEntries.Append(b, []byte{kind}, body)
}

const (
	inquiryEntry = 'I'
	toldEntry    = 'T'
)

// A told is what was reported: the number of an inquiry, and the mark of a record.
type told struct{ seq, mark uint64 }

func appendTold(b []byte, t told) []byte {
	var p [16]byte
	binary.LittleEndian.PutUint64(p[:], t.seq)
	binary.LittleEndian.PutUint64(p[8:], t.mark)
	return appendEntry(b, toldEntry, p[:])
}

// A watchFile is the file of a Watch. Nil is none: its methods do nothing.
type watchFile struct {
	path    string
	f       *os.File
	size    int64  // of the file, with buf
	synced  int64  // size when it was synced last, with the mark that says so
	buf     []byte // to be written
	pending []told // to be noted once the caller has had it
	err     error  // the first; nothing is written after it
}

func (w *watchFile) length() int64 {
	if w == nil {
		return 0
	}
	return w.size
}

// inquiry appends an inquiry that is in the store already.
func (w *watchFile) inquiry(st *watchStore, text []byte) error {
	if w == nil || w.err != nil {
		return w.failed()
	}
	from := len(w.buf)
	w.buf = appendEntry(w.buf, inquiryEntry, text)
	w.size += int64(len(w.buf) - from)
	return w.settle(st)
}

// told notes what is reported now.
func (w *watchFile) told(seq, mark uint64) {
	if w != nil && w.err == nil {
		w.pending = append(w.pending, told{seq, mark})
	}
}

// commit appends what was reported before.
func (w *watchFile) commit(st *watchStore) error {
	if w == nil || w.err != nil {
		return w.failed()
	}
	for _, t := range w.pending {
		from := len(w.buf)
		w.buf = appendTold(w.buf, t)
		w.size += int64(len(w.buf) - from)
	}
	w.pending = w.pending[:0]
	return w.settle(st)
}

func (w *watchFile) failed() error {
	if w == nil {
		return nil
	}
	return w.err
}

// settle writes what waits if it is much, and the file anew if it is of little
// use.
func (w *watchFile) settle(st *watchStore) error {
	if w.size > leastRewrite && w.size > 2*usefulBytes(st) {
		w.err = w.rewrite(st)
	} else if len(w.buf) >= watchFlush {
		w.err = w.flush()
	}
	return w.err
}

// usefulBytes returns how long a file is that holds what a store does.
func usefulBytes(st *watchStore) int64 {
	return int64(watchHeader) + int64(st.texts.next-st.texts.first) +
		int64(st.held())*int64(entries.Header+1) + int64(st.liveMarks)*int64(entries.Header+1+16)
}

func (w *watchFile) flush() error {
	if len(w.buf) > 0 {
		if _, err := w.f.Write(w.buf); err != nil {
			return err
		}
	}
	w.buf = w.buf[:0]
	return nil
}

// sync brings all to the disk. What failed once is not tried again: the system
// may have forgotten it.
func (w *watchFile) sync() error {
	if w == nil || w.err != nil || w.size == w.synced {
		return w.failed()
	}
	if w.err = w.flush(); w.err == nil {
		w.err = w.f.Sync()
	}
	if w.err == nil {
		w.buf = watchEntries.AppendMark(w.buf, w.size-int64(watchHeader))
		w.size += int64(len(w.buf))
		w.synced = w.size
		w.err = w.flush()
	}
	return w.err
}

func (w *watchFile) close() error {
	if w == nil || w.f == nil {
		return nil
	}
	return w.f.Close()
}

// rewrite replaces the file by one that holds what the store does, but for what
// is pending. The file is closed meanwhile: not every system renames over an open
// one.
func (w *watchFile) rewrite(st *watchStore) error {
	if err := w.close(); err != nil {
		return err
	}
	w.f = nil
	err := safefile.Write(w.path, func(to io.WriterAt) error {
		return w.writeTo(io.NewOffsetWriter(to, 0), st)
	})
	if err != nil {
		return err
	}
	w.buf = w.buf[:0]
	err = w.reopen()
	w.synced = w.size
	return err
}

// writeTo writes what a file holds that holds what the store does. It ends with a
// mark: nobody sees the file before it is synced.
func (w *watchFile) writeTo(to io.Writer, st *watchStore) error {
	pending := make(map[told]struct{}, len(w.pending))
	for _, t := range w.pending {
		pending[t] = struct{}{}
	}
	out := bufio.NewWriterSize(to, watchFlush)
	b := appendWatchHeader(nil, st.first())
	at := -int64(len(b))
	for seq := st.first(); seq < st.next(); seq++ {
		s := st.slot(seq)
		b = appendEntry(b, inquiryEntry, st.text(&s))
		st.marked(&s, func(m uint64) bool {
			if _, ok := pending[told{seq, m}]; !ok {
				b = appendTold(b, told{seq, m})
			}
			return true
		})
		if _, err := out.Write(b); err != nil {
			return err
		}
		at += int64(len(b))
		b = b[:0]
	}
	b = watchEntries.AppendMark(b, at+int64(len(b))) // behind the header, where nothing is held
	if _, err := out.Write(b); err != nil {
		return err
	}
	return out.Flush()
}

// reopen opens the file to append to it.
func (w *watchFile) reopen() (err error) {
	if w.f, err = os.OpenFile(w.path, os.O_RDWR, 0); err != nil {
		return err
	}
	w.size, err = w.f.Seek(0, io.SeekEnd)
	return err
}

// open opens the file of a Watch, and remembers what it holds.
func (w *Watch) open(path string) error {
	file := &watchFile{path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
		if err := file.rewrite(w.store); err != nil {
			return err
		}
		w.file = file
		return nil
	case err != nil:
		return err
	}
	if err := file.reopen(); err != nil {
		return err
	}
	if _, err := file.f.Seek(0, io.SeekStart); err != nil {
		return errors.Join(err, file.close())
	}
	file.synced, err = w.load(file.f, file.size)
	if err == nil {
		_, err = file.f.Seek(0, io.SeekEnd)
	}
	if err != nil {
		var bad *WatchFileError
		if errors.As(err, &bad) {
			bad.Path = path
		}
		return errors.Join(err, file.close())
	}
	w.file = file
	w.expire(w.now())
	if file.synced < file.size {
		// What no mark proves may be half an entry, behind which all would be
		// lost, or was read from memory alone and is not on the disk.
		file.err = file.rewrite(w.store)
		return file.err
	}
	return file.settle(w.store)
}

// load remembers what a file of so many bytes holds, and returns up to where that
// was synced.
func (w *Watch) load(r io.Reader, size int64) (synced int64, err error) {
	in := bufio.NewReaderSize(r, max(watchHeader, watchEntries.Buffer(size)))
	b, err := in.Peek(watchHeader)
	if err != nil && err != io.EOF {
		return 0, err
	}
	if len(b) < watchHeader || !bytes.HasPrefix(b, []byte(watchMagic)) || b[len(watchMagic)] != watchVersion {
		return 0, &WatchFileError{Err: ErrWatchFile}
	}
	base := binary.LittleEndian.Uint64(b[len(watchMagic)+1:])
	if crc32.Checksum(b[:watchHeader-4], castagnoli) != binary.LittleEndian.Uint32(b[watchHeader-4:]) || base > maxBase {
		return 0, &WatchFileError{Err: ErrWatchDamaged}
	}
	_, _ = in.Discard(watchHeader)
	w.store.startAt(base)
	n, synced, damaged, err := watchEntries.Read(in, func(payload []byte, _ int64) bool { return w.restore(payload) })
	if err == nil && damaged {
		err = &WatchFileError{Offset: int64(watchHeader) + n, Err: ErrWatchDamaged}
	}
	return int64(watchHeader) + synced, err
}

// maxBase keeps places in memory within 64 bits, with room for all inquiries to
// come.
const maxBase = 1 << 56

// restore remembers what an entry holds, and reports whether it means anything.
func (w *Watch) restore(payload []byte) bool {
	st := w.store
	switch body := payload[1:]; payload[0] {
	case inquiryEntry:
		in, from, _, ok := decodeInquiry(body)
		if !ok {
			return false
		}
		k := w.keyer()
		defer w.keyers.Put(k)
		hashes, strange := k.ofInquiry(&in.Query)
		w.buf = append(w.buf[:0], body...)
		w.buf[0] &^= strangeInquiry // which depends on the Near mode
		if strange {
			w.buf[0] |= strangeInquiry
		}
		if !w.put(w.buf, hashes, from) {
			return w.put(w.buf, nil, from) // it keeps its number, and is never found
		}
		return true
	case toldEntry:
		if len(body) != 16 {
			return false
		}
		t := told{binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:])}
		if t.seq >= st.first() && t.seq < st.next() {
			if s := st.slot(t.seq); !st.hasMark(&s, t.mark) {
				w.stats.Evicted += uint64(st.addMark(t.seq, t.mark))
			}
		}
		return t.seq < st.next()
	}
	return false
}
