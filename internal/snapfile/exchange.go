package snapfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/hugepage"
	"github.com/vinmatch/vinmatch/internal/parallel"
)

// An Exchange moves sections to or from a file. After the first error all its
// methods do nothing, so that callers need not look at each. It is used by one
// goroutine.
type Exchange struct {
	workers int
	convert bool // as if memory were not little-endian: for tests
	err     error
	note    *uint64

	sections []*section // writing: all so far
	w        io.WriterAt

	r       io.ReaderAt
	entries []entry // reading: those to come
	end     int64   // of what was registered
	pending []*section
	checks  []func() error
}

// A section is an entry and its data.
type section struct {
	entry

	// window returns n bytes at a place of the data: the data itself, or what
	// scratch, which has that length, was filled with. After reading, what
	// was put into the window goes to accept.
	window func(at int64, n int, scratch []byte) []byte
	accept func(at int64, b []byte)
	copies bool // window fills scratch

	stream func(io.Writer) error // writing: nil, or instead of window
}

// Reading reports whether sections come from a file.
func (x *Exchange) Reading() bool { return x.r != nil }

// Err returns the first error.
func (x *Exchange) Err() error { return x.err }

// Fail makes err the error, if it is the first and not nil.
func (x *Exchange) Fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// Damaged returns the error of a section that does not hold what it should.
func (x *Exchange) Damaged(section, format string, args ...any) error {
	return damaged(section, format, args...)
}

// Note makes *v the number that the next section carries: writing stores it,
// reading sets it.
func (x *Exchange) Note(v *uint64) { x.note = v }

// ItemSize returns the size of the items in the next section. It is for reading.
func (x *Exchange) ItemSize() int {
	if x.err != nil || len(x.entries) == 0 {
		return 0
	}
	return x.entries[0].item
}

// Slice exchanges *s as a section. Reading makes *s at once; its values are
// there after [Exchange.Load], and have to be checked by the caller.
func Slice[T any](x *Exchange, name string, f flat.Form[T], s *[]T) {
	if x.err != nil {
		return
	}
	sec := &section{entry: entry{name: name, item: f.Size}}
	if x.Reading() {
		if !x.next(sec) {
			return
		}
		*s = hugepage.Make[T](int(sec.len) / f.Size)
	} else {
		sec.setLen(int64(len(*s)) * int64(f.Size))
		x.register(sec)
	}
	data := *s
	view, ok := flat.View(f, data)
	if ok && !x.convert && !(f.Copied && !x.Reading()) {
		sec.window = func(at int64, n int, _ []byte) []byte { return view[at:][:n] }
		sec.accept = func(int64, []byte) {}
		return
	}
	sec.copies = true
	items := func(at int64, n int) []T { return data[at/int64(f.Size):][:n/f.Size] }
	sec.window = func(at int64, n int, scratch []byte) []byte {
		if !x.Reading() {
			f.Encode(scratch, items(at, n))
		}
		return scratch
	}
	sec.accept = func(at int64, b []byte) { f.Decode(items(at, len(b)), b) }
}

// Stream exchanges a section of bytes that the caller makes while it is written:
// write must write length of them. Reading sets *b like [Slice]; writing does not
// look at it.
func (x *Exchange) Stream(name string, length int64, write func(io.Writer) error, b *[]byte) {
	if x.Reading() {
		Slice(x, name, flat.Uint[byte](), b)
		return
	}
	if x.err != nil {
		return
	}
	sec := &section{entry: entry{name: name, item: 1}, stream: write}
	sec.setLen(length)
	x.register(sec)
}

// Words exchanges a few numbers. Reading sets them at once.
func (x *Exchange) Words(name string, values ...*uint64) {
	words := make([]uint64, len(values))
	for i, v := range values {
		words[i] = *v
	}
	Slice(x, name, flat.Uint[uint64](), &words)
	if !x.Reading() {
		return
	}
	if x.Load(); x.err != nil {
		return
	}
	if len(words) != len(values) {
		x.Fail(damaged(name, "%d numbers, want %d", len(words), len(values)))
		return
	}
	for i, v := range values {
		*v = words[i]
	}
}

// Ints exchanges a few numbers that are not negative. Reading sets them at once.
func (x *Exchange) Ints(name string, values ...*int) {
	words := make([]uint64, len(values))
	pointers := make([]*uint64, len(values))
	for i, v := range values {
		words[i] = uint64(*v)
		pointers[i] = &words[i]
	}
	if x.Words(name, pointers...); x.err != nil || !x.Reading() {
		return
	}
	for i, v := range values {
		if words[i] > math.MaxInt {
			x.Fail(damaged(name, "number %d is out of range", i))
			return
		}
		*v = int(words[i])
	}
}

// Check has f called at the end of reading, after all data is there and the
// earlier checks have passed. Writing ignores it.
func (x *Exchange) Check(f func() error) {
	if x.Reading() {
		x.checks = append(x.checks, f)
	}
}

// Each calls f for ranges that cover 0 to n-1, from several goroutines, and
// returns the error of the lowest range that has one. It is for checks.
func (x *Exchange) Each(n int, f func(first, end int) error) error {
	const most = 1 << 14
	errs := make([]error, (n+most-1)/most)
	parallel.Do(x.workers, len(errs), func(i int) {
		errs[i] = f(i*most, min((i+1)*most, n))
	})
	return firstOf(errs)
}

func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Write writes what exchange registers, and returns the length of the file,
// which must be new or empty. Sections are written in parallel.
func Write(f io.WriterAt, workers int, exchange func(*Exchange)) (int64, error) {
	x := &Exchange{w: f, workers: workers}
	return x.write(exchange)
}

func (x *Exchange) write(exchange func(*Exchange)) (int64, error) {
	if exchange(x); x.err != nil {
		return 0, x.err
	}
	end := int64(headerLen + len(x.sections)*entryLen)
	for _, s := range x.sections {
		s.offset = aligned(end)
		end = s.offset + s.len
	}
	errs := make([]error, len(x.sections))
	parallel.Do(x.workers, len(x.sections), func(i int) { errs[i] = x.writeSection(x.sections[i]) })
	if err := firstOf(errs); err != nil {
		return 0, err
	}
	at := int64(headerLen + len(x.sections)*entryLen)
	for _, s := range x.sections {
		var gap [align]byte
		if _, err := x.w.WriteAt(gap[:s.offset-at], at); err != nil {
			return 0, err
		}
		at = s.offset + s.len
	}
	_, err := x.w.WriteAt(marshal(x.sections, end), 0)
	return end, err
}

func (x *Exchange) register(s *section) {
	if !validName(s.name) || len(x.sections) == maxEntries {
		panic("snapfile: " + s.name + " cannot be a section")
	}
	if x.note != nil {
		s.note, x.note = *x.note, nil
	}
	x.sections = append(x.sections, s)
}

func (x *Exchange) writeSection(s *section) error {
	w := &partWriter{x: x, s: s, sums: make([]byte, 0, 8*s.size)}
	if s.stream != nil {
		w.buf = make([]byte, 0, min(int64(s.partLen), s.len))
		if err := s.stream(w); err != nil {
			return err
		}
		if len(w.buf) > 0 {
			if err := w.put(w.buf); err != nil {
				return err
			}
		}
		if w.at != s.len {
			return fmt.Errorf("snapfile: section %q has %d bytes, announced as %d", s.name, w.at, s.len)
		}
	} else {
		scratch := x.scratch(s)
		for i := range s.size {
			at, n := s.part(i)
			if err := w.put(s.window(at, n, scratch[:min(n, len(scratch))])); err != nil {
				return err
			}
		}
	}
	s.checksum = xxhash.Sum64(w.sums)
	return nil
}

// scratch returns a buffer for the parts of a section, if it needs one.
func (x *Exchange) scratch(s *section) []byte {
	if s.size == 0 || !s.copies {
		return nil
	}
	_, n := s.part(0)
	return make([]byte, n)
}

// A partWriter writes a section part by part.
type partWriter struct {
	x    *Exchange
	s    *section
	at   int64
	buf  []byte // of a stream: the part at work
	sums []byte // of the parts so far
}

// put writes the next part.
func (w *partWriter) put(part []byte) error {
	w.sums = binary.LittleEndian.AppendUint64(w.sums, xxhash.Sum64(part))
	_, err := w.x.w.WriteAt(part, w.s.offset+w.at)
	w.at += int64(len(part))
	return err
}

// Write implements [io.Writer] for streams.
func (w *partWriter) Write(b []byte) (n int, err error) {
	if int64(len(b)) > w.s.len-w.at-int64(len(w.buf)) {
		return 0, fmt.Errorf("snapfile: section %q is longer than announced", w.s.name)
	}
	for len(b) > 0 {
		k := min(len(b), w.s.partLen-len(w.buf))
		w.buf = append(w.buf, b[:k]...)
		b = b[k:]
		n += k
		if len(w.buf) == w.s.partLen {
			if err := w.put(w.buf); err != nil {
				return n, err
			}
			w.buf = w.buf[:0]
		}
	}
	return n, nil
}

// Read reads a file of the given length as exchange registers it. It allocates
// no more for sections than the file is long. Errors are [*Error], or those of
// f. If there is one, nothing that was read is to be used.
func Read(f io.ReaderAt, size int64, workers int, exchange func(*Exchange)) error {
	x := &Exchange{r: f, workers: workers}
	return x.read(size, exchange)
}

func (x *Exchange) read(size int64, exchange func(*Exchange)) error {
	head := make([]byte, min(headerLen, max(size, 0)))
	if err := x.readAt(head, 0, ""); err != nil {
		return err
	}
	n, err := checkHeader(head, size)
	if err != nil {
		return err
	}
	table := make([]byte, n)
	if err := x.readAt(table, 0, ""); err != nil {
		return err
	}
	if x.entries, err = unmarshal(table, size); err != nil {
		return err
	}
	x.end = int64(n)
	exchange(x)
	x.Load()
	if x.err == nil && len(x.entries) > 0 {
		x.Fail(damaged(x.entries[0].name, "it does not belong here"))
	}
	for _, check := range x.checks {
		if x.err != nil {
			break
		}
		x.Fail(check())
	}
	return x.err
}

// next takes the next entry of the table, which must be the wanted one.
func (x *Exchange) next(s *section) bool {
	if len(x.entries) == 0 {
		x.Fail(damaged(s.name, "it is missing"))
		return false
	}
	e := x.entries[0]
	x.entries = x.entries[1:]
	if e.name != s.name {
		x.Fail(damaged(e.name, "it stands where %q belongs", s.name))
		return false
	}
	if e.item != s.item {
		x.Fail(damaged(e.name, "items of %d bytes, want %d", e.item, s.item))
		return false
	}
	if x.note != nil {
		*x.note, x.note = e.note, nil
	} else if e.note != 0 {
		x.Fail(damaged(e.name, "it carries a number"))
		return false
	}
	s.entry = e
	x.pending = append(x.pending, s)
	return true
}

// Load reads the sections registered so far. Writing ignores it.
func (x *Exchange) Load() {
	pending := x.pending
	x.pending = nil
	if x.err != nil || !x.Reading() {
		return
	}
	type job struct {
		s    *section
		part int
	}
	var jobs []job
	for _, s := range pending {
		if x.Fail(x.checkGap(s)); x.err != nil {
			return
		}
		for i := range s.size {
			jobs = append(jobs, job{s, i})
		}
	}
	sums := make([]uint64, len(jobs))
	errs := make([]error, len(jobs))
	parallel.Do(x.workers, len(jobs), func(i int) { sums[i], errs[i] = x.readPart(jobs[i].s, jobs[i].part) })
	if x.Fail(firstOf(errs)); x.err != nil {
		return
	}
	for _, s := range pending {
		var b []byte
		for _, sum := range sums[:s.size] {
			b = binary.LittleEndian.AppendUint64(b, sum)
		}
		sums = sums[s.size:]
		if xxhash.Sum64(b) != s.checksum {
			x.Fail(damaged(s.name, "the checksum does not match"))
			return
		}
	}
}

// checkGap checks that there are zeros before a section.
func (x *Exchange) checkGap(s *section) error {
	var gap [align]byte
	b := gap[:s.offset-x.end]
	if err := x.readAt(b, x.end, s.name); err != nil {
		return err
	}
	x.end = s.offset + s.len
	if gap != [align]byte{} {
		return damaged(s.name, "there are bytes before it")
	}
	return nil
}

// readPart reads a part of a section and returns its checksum.
func (x *Exchange) readPart(s *section, i int) (uint64, error) {
	at, n := s.part(i)
	var scratch []byte
	if s.copies {
		scratch = make([]byte, n)
	}
	b := s.window(at, n, scratch)
	if err := x.readAt(b, s.offset+at, s.name); err != nil {
		return 0, err
	}
	sum := xxhash.Sum64(b)
	s.accept(at, b)
	return sum, nil
}

// readAt fills b. A file that ends too early is damaged.
func (x *Exchange) readAt(b []byte, at int64, section string) error {
	if len(b) == 0 {
		return nil
	}
	n, err := x.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return damaged(section, "the file ends at %d", at+int64(n))
	}
	return err
}
