package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/ackmark"
)

// Dir is a Log in the files of a directory of one machine. What Append has
// acknowledged was synced to the disk before. Make it with [OpenDir]; one process
// at a time can have it open.
//
// # Files
//
// Entries stand in segments, files named after their first entry. A segment begins
// with a header and holds frames; all numbers are little-endian.
//
//	header   0  8  "VMFLOG", 0, and the version of the format, 1
//	         8  16 lineage
//	        24  8  number of the first entry
//	        32  4  checksum of the entry before; 0: there is none
//	        36  4  CRC-32C of the 36 bytes before
//	frame    0  4  "VMFR"
//	         4  4  length of the entry
//	         8  8  number of the last entry that was synced when this was written
//	        16  4  CRC-32C of the 16 bytes before
//	        20     the entry, see entry.go
//
// The file "acknowledged" says how far the log was acknowledged: see
// internal/ackmark. It is written after each sync, but not synced itself, so that
// it may lag behind the truth after a power failure, and is never ahead of it.
//
// # Torn or damaged
//
// Entries are written in batches, and a batch only after the one before was synced.
// A program or a machine that stops in the middle leaves an end of the last
// segment that cannot be read, in any order of its parts. OpenDir cuts it off if
// nobody can have been told that it was stored: no frame behind says that it was
// synced, and neither does "acknowledged". Anything else that cannot be read was
// acknowledged once, and is [ErrDamaged]; it is never cut off.
//
// # Together
//
// Calls of Append that come while the disk syncs are written and synced together
// after that, so that many callers share the cost of a sync.
//
// A write or sync that fails ends the log: nobody knows what is on the disk, and a
// second sync may report what the first has lost. Append then returns [ErrFailed]
// until the log is opened again, which finds out, and stores the end once more.
type Dir struct {
	on      directory
	segSize int64

	turn chan struct{} // holds one element while somebody writes

	// Written by who has the turn.
	active file
	mark   ackmark.Mark
	marks  file // of mark
	fresh  bool // the active segment does not exist yet

	mu       sync.Mutex
	head     Head     // of all entries that were staged
	pending  []byte   // frames that were staged and not taken to be written
	staged   []staged // what pending holds
	stored   Head     // of all entries that were acknowledged
	segments []*segment
	recent   *Recent
	grown    signal
	failed   error
	closed   bool
}

var (
	_ Log     = (*Dir)(nil)
	_ Trimmer = (*Dir)(nil)
)

// DirOptions say how to keep a log in a directory. The zero DirOptions are the
// defaults.
type DirOptions struct {
	// SegmentBytes is the length from which a segment is not continued. A log
	// is trimmed by whole segments. Default: 64 MiB.
	SegmentBytes int64

	// Recent is how many changes are remembered as taken: see [Recent]. Default:
	// DefaultRecent.
	Recent int

	// TrimTo says that entries up to this one are not needed, because snapshots
	// have them. Segments that have no others are removed without being read, so
	// that damage in them does no harm. Default: everything is needed.
	TrimTo uint64
}

// A segment is a file of the log.
type segment struct {
	first uint64
	end   int64  // of its acknowledged frames
	doubt int64  // when it is opened: where the batch begins that was written last
	stops []stop // places to begin reading, about every stopBytes
}

// A stop is where a frame begins.
type stop struct {
	seq     uint64
	at      int64
	changes uint64 // in the log before
}

// staged is an entry that waits to be written.
type staged struct {
	head    Head
	len     int // of the frame
	changes int
}

const (
	segmentMagic  = "VMFLOG\x00"
	segmentVer    = 1
	segmentHeader = 40
	frameMagic    = "VMFR"
	frameHeader   = 20
	stopBytes     = 1 << 16
	readBytes     = 1 << 18

	segmentExt = ".log"
	marksName  = "acknowledged"
)

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentExt) }

func parseSegmentName(name string) (first uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentExt)
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, ok && err == nil && first > 0 && name == segmentName(first)
}

// OpenDir opens the log in a directory, which it makes with a new lineage if there
// is none. It reads all of it, and cuts off what a crash left behind.
//
// A log in which anything that was acknowledged is missing or damaged gives a
// [*LogError] that is [ErrDamaged], [ErrGap], [ErrRegressed] or [ErrReplaced], and
// no file is changed. If a snapshot has all that the segment to blame holds, and
// another follows it, [DirOptions.TrimTo] opens the log without it. Else another log
// takes its place: see [Begin].
func OpenDir(path string, o DirOptions) (*Dir, error) {
	on, err := openDisk(path)
	if err != nil {
		return nil, fmt.Errorf("feed: OpenDir: %w", err)
	}
	d, err := openDir(on, o)
	if err != nil {
		return nil, errors.Join(err, on.Close())
	}
	return d, nil
}

func openDir(on directory, o DirOptions) (*Dir, error) {
	d := &Dir{
		on: on, segSize: o.SegmentBytes, turn: make(chan struct{}, 1),
		recent: NewRecent(o.Recent), grown: newSignal(),
	}
	if d.segSize <= 0 {
		d.segSize = 64 << 20
	}
	if err := d.open(o); err != nil {
		for _, f := range []file{d.active, d.marks} {
			if f != nil {
				err = errors.Join(err, f.Close())
			}
		}
		var bad *LogError
		if errors.As(err, &bad) {
			return nil, err
		}
		return nil, fmt.Errorf("feed: OpenDir: %w", err)
	}
	return d, nil
}

func (d *Dir) open(o DirOptions) error {
	names, err := d.on.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if first, ok := parseSegmentName(name); ok {
			d.segments = append(d.segments, &segment{first: first})
		}
	}
	slices.SortFunc(d.segments, func(a, b *segment) int { return strings.Compare(segmentName(a.first), segmentName(b.first)) })
	acknowledged, err := d.openMarks(slices.Contains(names, marksName))
	if err != nil {
		return err
	}
	for len(d.segments) > 1 && d.segments[1].first <= o.TrimTo+1 {
		if err := d.removeFirst(); err != nil {
			return err
		}
	}
	changes := uint64(0)
	for i := 0; i < len(d.segments); i++ {
		if err := d.openSegment(i, acknowledged, &changes); err != nil {
			return err
		}
	}
	d.stored = d.head
	switch {
	case len(d.segments) == 0 && acknowledged.Seq > 0:
		return &LogError{After: acknowledged, Err: ErrRegressed, Reason: "there is no segment"}
	case len(d.segments) == 0:
		d.head.Position.Lineage = NewLineage()
		d.stored = d.head
		d.segments = []*segment{{first: 1}}
		d.fresh = true
	case acknowledged != (index.Position{}) && acknowledged.Lineage != d.head.Position.Lineage:
		return &LogError{After: acknowledged, Err: ErrReplaced, Reason: "what was acknowledged was of another log"}
	case acknowledged.Seq > d.head.Position.Seq:
		return &LogError{After: acknowledged, Bounds: d.bounds(), Err: ErrRegressed, Reason: "segments are missing"}
	}
	last := d.segments[len(d.segments)-1]
	if d.fresh {
		err = d.begin(last)
	} else {
		err = d.writeAgain(last)
	}
	if err != nil {
		return err
	}
	if d.marks == nil {
		if d.marks, err = d.on.Create(marksName); err != nil {
			return err
		}
		d.mark.File = d.marks
		if err := d.on.Sync(); err != nil {
			return err
		}
	}
	return d.remember(changes)
}

// writeAgain makes the last segment the active one and stores its end, of which
// nothing says that it was synced, so that it counts as stored from now on. It may
// have been read from memory alone; and where a sync failed, memory takes it for
// stored, and another sync by itself would write nothing.
func (d *Dir) writeAgain(s *segment) (err error) {
	if d.active == nil {
		if d.active, err = d.on.Open(segmentName(s.first)); err != nil {
			return err
		}
	}
	buf := make([]byte, readBytes)
	for at := s.doubt; at < s.end; {
		b := buf[:min(int64(len(buf)), s.end-at)]
		if _, err := d.active.ReadAt(b, at); err != nil && err != io.EOF {
			return err
		}
		if _, err := d.active.WriteAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return errors.Join(d.active.Sync(), d.on.Sync())
}

// openMarks reads how far the log was acknowledged.
func (d *Dir) openMarks(exists bool) (at index.Position, err error) {
	if !exists {
		return at, nil
	}
	if d.marks, err = d.on.Open(marksName); err != nil {
		return at, err
	}
	d.mark.File = d.marks
	at.Lineage, at.Seq, err = d.mark.Read()
	return at, err
}

// openSegment reads a segment, behind those before.
func (d *Dir) openSegment(i int, acknowledged index.Position, changes *uint64) error {
	s, name, last := d.segments[i], segmentName(d.segments[i].first), i == len(d.segments)-1
	f, err := d.on.Open(name)
	if err != nil {
		return err
	}
	if last {
		d.active = f
	} else {
		defer f.Close()
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	if i > 0 && s.first != d.head.Position.Seq+1 {
		return &LogError{After: d.head.Position, Seq: d.head.Position.Seq + 1, Err: ErrGap, Reason: "in front of " + name}
	}
	before, err := readSegmentHeader(f, s.first)
	if errors.Is(err, ErrDamaged) && last && acknowledged.Seq < s.first && (i > 0 || s.first == 1) {
		// Perhaps a crash came before the header was synced. There is
		// always an entry before a segment, until there is one in it.
		if torn, serr := d.isTorn(f, 0, size, s.first); serr != nil || !torn {
			return errors.Join(serr, err)
		}
		d.active = nil
		if err := errors.Join(f.Close(), d.on.Remove(name), d.on.Sync()); err != nil {
			return err
		}
		d.segments = d.segments[:i]
		return nil
	}
	if err != nil {
		return err
	}
	if i == 0 {
		d.head = before
	} else if before != d.head {
		return &LogError{After: d.head.Position, Seq: s.first, Err: ErrReplaced, Reason: name + " is of another log"}
	}
	r := frameReader{f: f, at: segmentHeader}
	for r.at < size {
		at, synced := r.at, r.stored
		e, err := r.next(size)
		if err == nil {
			if e.position != (index.Position{Lineage: d.head.Position.Lineage, Seq: d.head.Position.Seq + 1}) || e.prev != d.head.Sum {
				err = damaged(d.head.Position.Seq+1, "another entry stands here")
			}
		}
		if errors.Is(err, ErrDamaged) {
			seq := d.head.Position.Seq + 1
			err = &LogError{After: d.head.Position, Seq: seq, Err: ErrDamaged, Reason: fmt.Sprintf("%s at byte %d", name, at)}
			if !last || acknowledged.Seq >= seq {
				return err
			}
			if torn, serr := d.isTorn(f, at, size, seq); serr != nil || !torn {
				return errors.Join(serr, err)
			}
			if err := errors.Join(f.Truncate(at), f.Sync()); err != nil {
				return err
			}
			size = at
			break
		}
		if err != nil {
			return err
		}
		if at == segmentHeader || r.stored != synced { // another batch
			s.doubt = at
		}
		s.addStop(d.head.Position.Seq+1, at, *changes)
		*changes += uint64(e.changes)
		d.head = Head{e.position, e.sum}
	}
	s.end = size
	return nil
}

func (s *segment) addStop(seq uint64, at int64, changes uint64) {
	if n := len(s.stops); n == 0 || at-s.stops[n-1].at >= stopBytes {
		s.stops = append(s.stops, stop{seq, at, changes})
	}
}

// readSegmentHeader returns the head before the first entry of a segment.
func readSegmentHeader(f file, first uint64) (h Head, err error) {
	var b [segmentHeader]byte
	if _, err := f.ReadAt(b[:], 0); err != nil && err != io.EOF {
		return h, err
	}
	switch {
	case !bytes.HasPrefix(b[:], []byte(segmentMagic)),
		crc32.Checksum(b[:36], castagnoli) != binary.LittleEndian.Uint32(b[36:]),
		binary.LittleEndian.Uint64(b[24:]) != first:
		return h, damaged(first, segmentName(first)+" at byte 0")
	case b[7] != segmentVer:
		return h, &LogError{Seq: first, Err: ErrVersion, Reason: fmt.Sprintf("version %d", b[7])}
	}
	copy(h.Position.Lineage[:], b[8:])
	h.Position.Seq = first - 1
	h.Sum = binary.LittleEndian.Uint32(b[32:])
	return h, nil
}

// isTorn reports whether nothing from a place on proves that entry seq was
// acknowledged.
func (d *Dir) isTorn(f file, at, size int64, seq uint64) (bool, error) {
	buf := make([]byte, readBytes)
	for at < size {
		b := buf[:min(int64(len(buf)), size-at)]
		if _, err := f.ReadAt(b, at); err != nil && err != io.EOF {
			return false, err
		}
		for i := 0; ; i++ {
			n := bytes.Index(b[i:], []byte(frameMagic))
			if n < 0 || i+n+frameHeader > len(b) {
				break
			}
			if i += n; !isFrameHeader(b[i:]) || binary.LittleEndian.Uint64(b[i+8:]) < seq {
				continue
			}
			r := frameReader{f: f, at: at + int64(i)}
			_, err := r.next(size)
			if err == nil {
				return false, nil
			}
			if !isBroken(err) {
				return false, err
			}
		}
		if int64(len(b)) == size-at {
			break
		}
		at += int64(len(b)) - frameHeader + 1
	}
	return true, nil
}

// A frameReader reads frames of a file.
type frameReader struct {
	f      file
	at     int64  // of the next frame
	buf    []byte // what follows there
	space  []byte // which buf is part of
	stored uint64 // what the last frame said was synced
	entry  []byte // of the last frame
}

// next reads a frame that ends at end at the latest, all but its changes.
func (r *frameReader) next(end int64) (entryInfo, error) {
	h, err := r.peek(frameHeader, end)
	if err != nil {
		return entryInfo{}, err
	}
	n := int64(binary.LittleEndian.Uint32(h[4:]))
	r.stored = binary.LittleEndian.Uint64(h[8:])
	if !isFrameHeader(h) || n > MaxEntry {
		return entryInfo{}, damaged(0, "no frame")
	}
	b, err := r.peek(frameHeader+n, end)
	if err != nil {
		return entryInfo{}, err
	}
	r.entry = b[frameHeader:]
	info, err := decodeHeader(r.entry)
	if err != nil {
		return entryInfo{}, err
	}
	r.buf = r.buf[len(b):]
	r.at += int64(len(b))
	return info, nil
}

// isFrameHeader reports whether b begins with the header of a frame, whole.
func isFrameHeader(b []byte) bool {
	return bytes.HasPrefix(b, []byte(frameMagic)) && crc32.Checksum(b[:16], castagnoli) == binary.LittleEndian.Uint32(b[16:])
}

// peek returns the next n bytes.
func (r *frameReader) peek(n, end int64) ([]byte, error) {
	if n > end-r.at {
		return nil, damaged(0, "cut off")
	}
	if int64(len(r.buf)) < n {
		want := min(max(n, readBytes), end-r.at)
		if int64(cap(r.space)) < want {
			r.space = make([]byte, want)
		}
		have := copy(r.space[:want], r.buf)
		r.buf = r.space[:want]
		if _, err := r.f.ReadAt(r.buf[have:], r.at+int64(have)); err == io.EOF {
			r.buf = nil
			return nil, damaged(0, "cut off")
		} else if err != nil {
			r.buf = nil
			return nil, err
		}
	}
	return r.buf[:n], nil
}

// remember fills d.recent with the last of so many changes.
func (d *Dir) remember(changes uint64) error {
	for i, s := range d.segments {
		r := frameReader{at: segmentHeader}
		for _, stop := range s.stops {
			if stop.changes+uint64(d.recent.most) <= changes {
				r.at = stop.at // all before is too old
			}
		}
		if i+1 < len(d.segments) {
			if next := d.segments[i+1].stops; len(next) > 0 && next[0].changes+uint64(d.recent.most) <= changes {
				continue
			}
		}
		f, err := d.on.Open(segmentName(s.first))
		if err != nil {
			return err
		}
		r.f = f
		for err == nil && r.at < s.end {
			if _, err = r.next(s.end); err == nil {
				var e Entry
				e, err = DecodeEntry(r.entry)
				d.recent.AddEntry(&e)
			}
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the file of a segment the active one. Who calls it has the turn.
func (d *Dir) begin(s *segment) error {
	b := append([]byte(segmentMagic), segmentVer)
	b = append(b, d.stored.Position.Lineage[:]...)
	b = binary.LittleEndian.AppendUint64(b, s.first)
	b = binary.LittleEndian.AppendUint32(b, d.stored.Sum)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	f, err := d.on.Create(segmentName(s.first))
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = d.on.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if d.active != nil {
		err = d.active.Close()
	}
	d.active, s.end = f, int64(len(b))
	return err
}

// Append implements [Log]. Stored for good means: synced to the disk.
func (d *Dir) Append(ctx context.Context, changes []index.Change) (index.Position, error) {
	if err := ctx.Err(); err != nil {
		return index.Position{}, err
	}
	at, err := d.stage(changes)
	if err == nil {
		err = d.commit(ctx, at.Seq)
	}
	if err != nil {
		return index.Position{}, err
	}
	return at, nil
}

// stage encodes changes to be written, and returns the position that they will
// have.
func (d *Dir) stage(changes []index.Change) (index.Position, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.broken(); err != nil {
		return index.Position{}, err
	}
	fresh, ids, last, err := d.recent.Fresh(changes)
	if err != nil {
		return index.Position{}, err
	}
	for now := time.Now(); len(fresh) > 0; {
		begin := len(d.pending)
		b := append(d.pending, frameMagic...)
		b = append(b, make([]byte, frameHeader-len(frameMagic))...)
		b, taken, next := d.head.Append(b, now, fresh)
		binary.LittleEndian.PutUint32(b[begin+4:], uint32(len(b)-begin-frameHeader))
		d.pending, d.head = b, next
		d.staged = append(d.staged, staged{next, len(b) - begin, taken})
		for _, id := range ids[:taken] {
			d.recent.Add(id, next.Position.Seq)
		}
		fresh, ids = fresh[taken:], ids[taken:]
		last = next.Position.Seq
	}
	return index.Position{Lineage: d.head.Position.Lineage, Seq: last}, nil
}

// broken returns why nothing can be appended.
func (d *Dir) broken() error {
	if d.closed {
		return &LogError{Err: ErrClosed}
	}
	return d.failed
}

// commit sees to it that an entry is stored.
func (d *Dir) commit(ctx context.Context, seq uint64) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d.mu.Lock()
	if d.stored.Position.Seq >= seq {
		d.mu.Unlock()
		return nil // by those who had the turn before
	}
	if err := d.broken(); err != nil {
		d.mu.Unlock()
		return err
	}
	batch, entries, stored := d.pending, d.staged, d.stored
	active := d.segments[len(d.segments)-1]
	d.pending, d.staged = nil, nil
	d.mu.Unlock()

	next, err := d.write(active, batch, entries, stored)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.failed = &LogError{Err: fmt.Errorf("%w: %w", ErrFailed, err)}
		return d.failed
	}
	if next != active {
		d.segments = append(d.segments, next)
	}
	at := next.end
	for _, e := range entries {
		next.addStop(e.head.Position.Seq, at, 0)
		at += int64(e.len)
	}
	next.end = at
	d.stored = entries[len(entries)-1].head
	d.grown.send()
	return nil
}

// write brings a batch to the disk, and returns the segment that it is in.
func (d *Dir) write(s *segment, batch []byte, entries []staged, stored Head) (*segment, error) {
	if s.end >= d.segSize && s.first <= stored.Position.Seq {
		s = &segment{first: stored.Position.Seq + 1}
		if err := d.begin(s); err != nil {
			return nil, err
		}
	}
	at := 0
	for _, e := range entries {
		h := batch[at:][:frameHeader]
		binary.LittleEndian.PutUint64(h[8:], stored.Position.Seq)
		binary.LittleEndian.PutUint32(h[16:], crc32.Checksum(h[:16], castagnoli))
		at += e.len
	}
	if _, err := d.active.WriteAt(batch, s.end); err != nil {
		return nil, err
	}
	if err := d.active.Sync(); err != nil {
		return nil, err
	}
	return s, d.mark.Write(stored.Position.Lineage, entries[len(entries)-1].head.Position.Seq)
}

// Bounds implements [Log].
func (d *Dir) Bounds(ctx context.Context) (Bounds, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return Bounds{}, &LogError{Err: ErrClosed}
	}
	return d.bounds(), ctx.Err()
}

// bounds are those of what is stored.
func (d *Dir) bounds() Bounds {
	return Bounds{d.head.Position.Lineage, d.segments[0].first, d.stored.Position.Seq}
}

// Read implements [Log].
func (d *Dir) Read(ctx context.Context, after index.Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c := cursor{d: d, at: after}
		defer c.close()
		for {
			e, err := c.next(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// A cursor reads the log.
type cursor struct {
	d  *Dir
	at index.Position // of the entry that was read last

	first  uint64 // of the segment that is open
	frames frameReader
	head   Head // of the entry that was read last; zero: none was
}

func (c *cursor) close() {
	if c.frames.f != nil {
		_ = c.frames.f.Close()
	}
	c.first, c.frames = 0, frameReader{}
}

// next waits for an entry.
func (c *cursor) next(ctx context.Context) (Entry, error) {
	for {
		s, grown, err := c.find()
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
			return Entry{}, err
		case s == nil:
			select {
			case <-grown:
			case <-ctx.Done():
			}
			continue
		}
		err = c.seek(s)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was trimmed meanwhile
		}
		if err != nil {
			return Entry{}, c.fault(err)
		}
		for {
			info, err := c.frames.next(s.end)
			if err != nil {
				return Entry{}, c.fault(err)
			}
			if info.position.Seq <= c.at.Seq {
				continue // between the stop and what is wanted
			}
			e, err := DecodeEntry(c.frames.entry)
			if err != nil {
				return Entry{}, c.fault(err)
			}
			before := c.head
			if before == (Head{}) {
				before = Head{c.at, e.Prev}
			}
			if c.head, err = before.Follow(&e); err != nil {
				return Entry{}, err
			}
			c.at = e.Position
			return e, nil
		}
	}
}

// find returns the segment of the next entry, as far as it is stored; none if the
// entry is still to come.
func (c *cursor) find() (*segment, <-chan struct{}, error) {
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, &LogError{Err: ErrClosed}
	}
	if err := d.bounds().Check(c.at); err != nil {
		return nil, nil, err
	}
	c.at.Lineage = d.stored.Position.Lineage
	if c.at.Seq == d.stored.Position.Seq {
		return nil, d.grown.next(), nil
	}
	i := len(d.segments) - 1
	for d.segments[i].first > c.at.Seq+1 {
		i--
	}
	s := *d.segments[i]
	return &s, nil, nil
}

// seek opens a segment before the next entry.
func (c *cursor) seek(s *segment) error {
	if c.first == s.first {
		return nil
	}
	c.close()
	f, err := c.d.on.Open(segmentName(s.first))
	if err != nil {
		return err
	}
	c.first, c.frames = s.first, frameReader{f: f, at: segmentHeader}
	for _, stop := range s.stops {
		if stop.seq <= c.at.Seq+1 {
			c.frames.at = stop.at
		}
	}
	return nil
}

// fault says which entry an error is about.
func (c *cursor) fault(err error) error {
	var bad *LogError
	if errors.As(err, &bad) {
		return &LogError{After: c.at, Seq: c.at.Seq + 1, Reason: bad.Reason, Err: bad.Err}
	}
	return fmt.Errorf("feed: %w", err)
}

// Trim implements [Trimmer]. It removes whole segments.
func (d *Dir) Trim(ctx context.Context, upTo index.Position) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return &LogError{Err: ErrClosed}
	case upTo.Lineage != d.head.Position.Lineage:
		return &LogError{After: upTo, Bounds: d.bounds(), Err: ErrReplaced}
	}
	for len(d.segments) > 1 && d.segments[1].first <= upTo.Seq+1 && d.segments[1].first <= d.stored.Position.Seq {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.removeFirst(); err != nil {
			return fmt.Errorf("feed: %w", err)
		}
	}
	return nil
}

// removeFirst removes the first segment for good, lest a crash bring it back
// without the one that follows.
func (d *Dir) removeFirst() error {
	if err := d.on.Remove(segmentName(d.segments[0].first)); err != nil {
		return err
	}
	d.segments = d.segments[1:]
	return d.on.Sync()
}

// Close waits for what is being written, and closes the log. What was staged by
// calls of Append that gave up is lost.
func (d *Dir) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	d.grown.send()
	if err := errors.Join(d.active.Close(), d.marks.Close(), d.on.Close()); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}
