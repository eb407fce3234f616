// Package audit keeps a log of who asked what and for which purpose, in which
// nothing can be changed, left out or put in without a trace.
//
//	a, err := audit.Open(dir, audit.Options{Key: key})
//	err = a.Add(&audit.Entry{Caller: "fr-police", Action: "screen", Purpose: "border", Numbers: tags})
//	report, err := audit.Verify(dir, key, nil)
//
// # Form
//
// A log is a directory of files of JSON, an object a line. Lines are numbered from
// 1, and files are named after their first. The last member of each line is its
// "mac": an HMAC-SHA256, under a key derived from the log's, of the mac of the line
// before and all of the line that stands before the member. The first line of each
// file tells the mac of the line before it, so that files can be moved away.
//
// Who does not have the key can neither change a line, nor leave one out, nor add
// one, other than at the end: what is missing there, no chain can tell. For that
// [Log.Head] is to be noted elsewhere from time to time, and [Verify] looks for it.
// Who has the key can write another log; keep it from those who can write the
// files where you can.
//
// # Power
//
// The log is synced every second or so, and the file "synced" says up to which line,
// in the form of internal/ackmark. When the system fails, any parts of what was written
// since may be missing. [Open] cuts off what is not whole if it was not synced, and an
// entry with the action "recovered" tells so. What was synced and is not there as it was
// written is an [*Error].
//
// # Personal data
//
// Numbers stand in the log as tags, which are HMACs of the cleaned number: with the
// key it can be found out who asked for a number, and without it not which numbers
// were asked for. [Options.Plain] writes the numbers themselves.
package audit

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/ackmark"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// MinKey is the least length of a key.
const MinKey = 32

// Options say how to keep a log.
type Options struct {
	// Key is at least MinKey bytes that nobody else knows.
	Key []byte

	// Plain says to write numbers as they are, not their tags.
	Plain bool

	// FileBytes is the length from which a file is not continued. Default: 64
	// MiB.
	FileBytes int64

	// SyncEvery is how long what was added may wait to be synced to the disk.
	// It is always written when Add returns, so that only a machine that stops
	// can lose it. Default: 1 second.
	SyncEvery time.Duration
}

// An Entry is one thing that somebody did. What is empty is left out.
type Entry struct {
	Time    time.Time `json:"time"`
	Caller  string    `json:"caller,omitempty"`
	Request string    `json:"request,omitempty"` // joins the entries of one request
	Action  string    `json:"action"`
	Purpose string    `json:"purpose,omitempty"`
	Owner   string    `json:"owner,omitempty"`  // whose record
	Record  string    `json:"record,omitempty"` // its ID
	Numbers []string  `json:"numbers,omitempty"`
	Count   int       `json:"count,omitempty"` // observations
	Found   int       `json:"found,omitempty"` // records that were shown
	Outcome string    `json:"outcome,omitempty"`
	Note    string    `json:"note,omitempty"`
	Prev    string    `json:"prev,omitempty"` // mac of the line before, in the first line of a file
}

// A Head is how far a log is.
type Head struct {
	Seq uint64 // of the last line; 0: there is none
	MAC [sha256.Size]byte
}

// String returns the head as ParseHead reads it.
func (h Head) String() string {
	return strconv.FormatUint(h.Seq, 10) + ":" + hex.EncodeToString(h.MAC[:])
}

// ParseHead reads what Head.String returned.
func ParseHead(s string) (h Head, err error) {
	seq, mac, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(mac)
	if h.Seq, _ = strconv.ParseUint(seq, 10, 64); h.Seq == 0 || err != nil || len(b) != len(h.MAC) {
		return Head{}, errors.New("not a number, a colon and 64 hexadecimal digits")
	}
	copy(h.MAC[:], b)
	return h, nil
}

// A Log is an open log. Methods may be called from any goroutine. One process at
// a time may have a log open.
type Log struct {
	dir  string
	o    Options
	tags sync.Pool // of hash.Hash

	mu     sync.Mutex
	mac    hash.Hash
	head   Head
	synced Head // how far it was synced
	marks  *os.File
	mark   ackmark.Mark // in marks
	file   *os.File
	size   int64
	buf    []byte
	err    error // what ended the log

	once sync.Once
	stop chan struct{}
	done chan struct{}
}

// derive makes a key for one use.
func derive(key []byte, use string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, "vinmatch audit "+use)
	return h.Sum(nil)
}

// Open opens the log in a directory, which it makes if it is not there, and
// verifies its last file. What is not whole because the system failed before it was
// synced is cut off, and an entry tells so. Anything else that is wrong is an [*Error].
func Open(dir string, o Options) (*Log, error) {
	if len(o.Key) < MinKey {
		return nil, fmt.Errorf("audit: the key has %d bytes, want at least %d", len(o.Key), MinKey)
	}
	if o.FileBytes <= 0 {
		o.FileBytes = 64 << 20
	}
	if o.SyncEvery <= 0 {
		o.SyncEvery = time.Second
	}
	if err := safefile.MkdirAll(dir); err != nil {
		return nil, err
	}
	l := &Log{
		dir: dir, o: o, mac: hmac.New(sha256.New, derive(o.Key, "chain")),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	numbers := derive(o.Key, "numbers")
	l.tags.New = func() any { return hmac.New(sha256.New, numbers) }
	if err := l.resume(); err != nil {
		for _, f := range []*os.File{l.file, l.marks} {
			if f != nil {
				f.Close()
			}
		}
		return nil, err
	}
	go l.sync()
	return l, nil
}

// syncedName is the file that says up to which line a log was synced.
const syncedName = "synced"

// readMark returns up to which line a log was synced at least; 0: nobody knows.
func readMark(dir string, flag int) (f *os.File, m ackmark.Mark, seq uint64, err error) {
	if f, err = os.OpenFile(filepath.Join(dir, syncedName), flag, 0); err != nil {
		return nil, m, 0, err
	}
	m.File = f
	if _, seq, err = m.Read(); err != nil {
		f.Close()
		return nil, m, 0, err
	}
	return f, m, seq, nil
}

// resume finds the end of the log, and brings it to the disk.
func (l *Log) resume() error {
	names, err := files(l.dir)
	if err != nil {
		return err
	}
	var synced uint64
	l.marks, l.mark, synced, err = readMark(l.dir, os.O_RDWR)
	marked := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		if l.marks, err = os.OpenFile(filepath.Join(l.dir, syncedName), os.O_RDWR|os.O_CREATE, 0o600); err == nil {
			l.mark.File = l.marks
			err = safefile.SyncDir(l.dir)
		}
	}
	if err != nil {
		return err
	}
	cut := int64(0)
	for len(names) > 0 && l.file == nil {
		name := names[len(names)-1]
		names = names[:len(names)-1]
		n, err := l.open(name, synced, marked)
		if err != nil {
			return err
		}
		cut += n
	}
	if l.head.Seq < synced {
		return lost(l.dir, synced)
	}
	if cut > 0 {
		err := l.Add(&Entry{Action: "recovered", Note: fmt.Sprintf("%d bytes behind line %d, which had not been synced, were cut off", cut, l.head.Seq)})
		if err != nil {
			return err
		}
	}
	if l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	return l.note(l.head)
}

// open makes a file the one that is written, up to the last line that is as it was
// written. It returns how much that leaves, or removes a file in which there is none.
// Lines up to synced must be there.
func (l *Log) open(name string, synced uint64, marked bool) (left int64, err error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	l.file = f
	c := chain{mac: l.mac, file: name}
	end, err := c.read(f, nil)
	before := c.head.Seq
	if before == 0 {
		before = firstOf(name) - 1
	}
	var bad *Error
	switch errors.As(err, &bad); {
	case err != nil && bad == nil:
		return 0, err
	case bad != nil && (before < synced || !marked && !bad.torn):
		return 0, bad
	case before < synced:
		return 0, lost(name, synced)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	left = info.Size() - end
	if c.head.Seq == 0 { // not even its first line was finished
		l.file = nil
		if err := errors.Join(f.Close(), os.Remove(name)); err != nil {
			return 0, err
		}
		return left, safefile.SyncDir(l.dir)
	}
	if before > synced {
		// This may have been read from memory alone: a sync that failed has
		// forgotten it.
		if _, err := io.Copy(io.NewOffsetWriter(f, 0), io.NewSectionReader(f, 0, end)); err != nil {
			return 0, err
		}
	}
	l.size, l.head = end, c.head
	if err := f.Truncate(end); err != nil {
		return 0, err
	}
	_, err = f.Seek(end, io.SeekStart)
	return left, err
}

// lost is the error of a log that does not have what was synced.
func lost(name string, seq uint64) error {
	return &Error{File: name, Reason: fmt.Sprintf("line %d had been written to the disk and is not there", seq)}
}

// firstOf returns the number of the first line of a file, by its name; 1 if that tells
// none.
func firstOf(name string) uint64 {
	digits := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "audit-"), ".jsonl")
	first, _ := strconv.ParseUint(digits, 10, 64)
	return max(first, 1)
}

// note says that all lines up to one were synced. Nobody else does so meanwhile.
func (l *Log) note(h Head) error {
	l.synced = h
	return l.mark.Write([16]byte{}, h.Seq)
}

// files returns the files of a log in order.
func files(dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "audit-*.jsonl"))
	slices.Sort(names)
	return names, err
}

// Add writes an entry. When it returns an error the entry may be missing from the
// log, and so may all later ones: what it is about must not be done.
func (l *Log) Add(e *Entry) error {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.file == nil || l.size >= l.o.FileBytes {
		if err := l.begin(e.Time); err != nil {
			l.err = fmt.Errorf("audit: %w", err)
			return l.err
		}
	}
	return l.write(body)
}

// begin begins a file. The caller holds the lock.
func (l *Log) begin(at time.Time) error {
	if l.file != nil {
		err := l.file.Sync()
		if cerr := l.file.Close(); err == nil {
			err = cerr
		}
		if l.file = nil; err != nil {
			return err
		}
	}
	name := filepath.Join(l.dir, fmt.Sprintf("audit-%020d.jsonl", l.head.Seq+1))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	l.file, l.size = f, 0
	body, err := json.Marshal(&Entry{Time: at, Action: "begin", Prev: hex.EncodeToString(l.head.MAC[:])})
	if err != nil {
		return err
	}
	if err := l.write(body); err != nil {
		return err
	}
	// Syncing what the file holds does not sync its name.
	return safefile.SyncDir(l.dir)
}

// ErrLong is the error of Add of an entry that no line has room for. Nothing is
// written, and the log goes on.
var ErrLong = errors.New("audit: the entry is too long")

// write numbers and chains a line. The caller holds the lock.
func (l *Log) write(body []byte) error {
	seq := l.head.Seq + 1
	b := append(l.buf[:0], `{"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, ',')
	b = append(b, body[1:len(body)-1]...)
	sum := link(l.mac, &l.head.MAC, b)
	b = append(b, macField...)
	b = hex.AppendEncode(b, sum[:])
	b = append(b, macEnd...)
	l.buf = b
	if len(b) > maxLine {
		l.buf = nil
		return ErrLong // which could not be read again
	}
	n, err := l.file.Write(b)
	l.size += int64(n)
	if err != nil {
		l.err = fmt.Errorf("audit: %w", err)
		return l.err
	}
	l.head = Head{seq, sum}
	return nil
}

const (
	macField = `,"mac":"`
	macEnd   = "\"}\n"
	macLen   = len(macField) + 2*sha256.Size + len(macEnd)
)

// link returns the mac of a line after that of the one before.
func link(h hash.Hash, prev *[sha256.Size]byte, line []byte) (sum [sha256.Size]byte) {
	h.Reset()
	h.Write(prev[:])
	h.Write(line)
	h.Sum(sum[:0])
	return sum
}

// sync syncs now and then, until Close.
func (l *Log) sync() {
	defer close(l.done)
	t := time.NewTicker(l.o.SyncEvery)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
		}
		l.mu.Lock()
		f, head, err := l.file, l.head, l.err
		dirty := head != l.synced
		l.mu.Unlock()
		if !dirty || err != nil {
			continue
		}
		err = f.Sync()
		if errors.Is(err, os.ErrClosed) {
			continue // it was full meanwhile
		}
		l.mu.Lock()
		if err == nil {
			err = l.note(head)
		}
		if err != nil && l.err == nil {
			l.err = fmt.Errorf("audit: %w", err)
		}
		l.mu.Unlock()
	}
}

// Head returns how far the log is.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Synced returns how far the log was synced: no system that fails takes that away.
func (l *Log) Synced() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.synced
}

// Err returns what ended the log: nothing can be added any more.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close syncs and closes the log. Closed again, it returns an error.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.stop) })
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.err
	l.err = errors.New("audit: the log is closed")
	if l.file != nil {
		serr := l.file.Sync()
		if err == nil && serr == nil {
			serr = l.note(l.head)
		}
		if err == nil {
			err = serr
		}
		if cerr := l.file.Close(); err == nil {
			err = cerr
		}
		l.file = nil
	}
	if cerr := l.marks.Close(); err == nil {
		err = cerr
	}
	return err
}

// Tag returns what stands in the log for a number.
func (l *Log) Tag(n index.Number) string {
	text := canonical(n)
	if l.o.Plain {
		return n.Kind.String() + ":" + text
	}
	h := l.tags.Get().(hash.Hash)
	defer l.tags.Put(h)
	return tag(h, n.Kind, text)
}

// Tags returns both forms that may stand in a log for a number.
func Tags(key []byte, n index.Number) []string {
	text := canonical(n)
	return []string{tag(hmac.New(sha256.New, derive(key, "numbers")), n.Kind, text), n.Kind.String() + ":" + text}
}

// tagLen is how many bytes of the HMAC a tag has: enough that no two numbers of
// the world share one.
const tagLen = 12

func tag(h hash.Hash, k index.Kind, text string) string {
	h.Reset()
	var buf [128]byte
	b := append(buf[:0], byte(k))
	h.Write(append(b, text...))
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return base64.RawURLEncoding.EncodeToString(sum[:tagLen])
}

// canonical brings a number to the form in which it has one tag, however it was
// written. The country of a plate does not count, as it is often not known.
func canonical(n index.Number) string {
	switch n.Kind {
	case index.KindVIN:
		if v, _, err := vin.Clean(n.Text); err == nil {
			return v.String()
		}
	case index.KindPlate:
		if p, err := plate.Parse(n.Country, n.Text); err == nil {
			return p.Text()
		}
	}
	if text, _, err := vin.CleanText(n.Text); err == nil {
		return text
	}
	return strings.ToUpper(strings.TrimSpace(n.Text))
}

// An Error says where a log is not as it was written. Line counts in the file,
// from 1; 0 is the file as a whole.
type Error struct {
	File   string
	Line   int
	Reason string
	torn   bool // the last line has no end
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("audit: %s: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("audit: %s: line %d: %s", e.File, e.Line, e.Reason)
}

// A Report is what Verify found.
type Report struct {
	First uint64 // number of the first line; above 1, earlier files were moved away
	Lines uint64
	Head  Head
	Times [2]time.Time // of the first and the last line

	// Recovered is how often the end was cut off, because the system had failed
	// before it was synced: there may have been lines more.
	Recovered int
}

// A Line is a line of a log.
type Line struct {
	Seq uint64 `json:"seq"`
	Entry
}

// Verify reads a whole log. It returns an [*Error] for the first thing that is not
// as it was written, or was synced and is not there. each is called for every line
// that is; it may be nil.
// A log that must contain the heads does not end before them.
func Verify(dir string, key []byte, each func(*Line), heads ...Head) (Report, error) {
	// First, since the log may grow meanwhile.
	marks, _, synced, err := readMark(dir, os.O_RDONLY)
	if err == nil {
		marks.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Report{}, err
	}
	names, err := files(dir)
	if err != nil {
		return Report{}, err
	}
	var r Report
	c := chain{mac: hmac.New(sha256.New, derive(key, "chain"))}
	found := make([]bool, len(heads))
	note := func(line *Line) {
		if r.Lines == 0 {
			r.First, r.Times[0] = line.Seq, line.Time
		}
		r.Lines++
		r.Head, r.Times[1] = c.head, line.Time
		if line.Action == "recovered" {
			r.Recovered++
		}
		for i, h := range heads {
			found[i] = found[i] || h == c.head
		}
		if each != nil {
			each(line)
		}
	}
	for _, name := range names {
		c.file = name
		f, err := os.Open(name)
		if err == nil {
			_, err = c.read(f, note)
			f.Close()
		}
		if err != nil {
			return r, err
		}
	}
	if r.Head.Seq < synced {
		return r, lost(dir, synced)
	}
	for i, h := range heads {
		if !found[i] {
			return r, &Error{File: dir, Reason: fmt.Sprintf("line %d is not there as it was noted: the log was cut or replaced", h.Seq)}
		}
	}
	return r, nil
}

// A chain verifies files one after the other.
type chain struct {
	mac  hash.Hash
	head Head
	file string
}

// maxLine bounds a line.
const maxLine = 1 << 22

// read verifies a file and returns where its last good line ends.
func (c *chain) read(src io.Reader, each func(*Line)) (end int64, err error) {
	in := bufio.NewReaderSize(src, 1<<16)
	for n := 1; ; n++ {
		text, err := readLine(in)
		if err == io.EOF && len(text) == 0 {
			return end, nil
		}
		bad := func(reason string) (int64, error) {
			return end, &Error{File: c.file, Line: n, Reason: reason}
		}
		switch {
		case err == io.EOF:
			return end, &Error{File: c.file, Line: n, Reason: "the line is not finished", torn: true}
		case err == errLong:
			return bad("the line is too long")
		case err != nil:
			return end, err
		}
		cut := len(text) - macLen
		if cut < 0 || string(text[cut:cut+len(macField)]) != macField || string(text[len(text)-len(macEnd):]) != macEnd {
			return bad("there is no mac at its end")
		}
		var mac [sha256.Size]byte
		if _, err := hex.Decode(mac[:], text[cut+len(macField):len(text)-len(macEnd)]); err != nil {
			return bad("there is no mac at its end")
		}
		var line Line
		if err := json.Unmarshal(text, &line); err != nil {
			return bad("it is no entry")
		}
		prev := c.head
		if n == 1 {
			var before [sha256.Size]byte
			b, err := hex.DecodeString(line.Prev)
			if err != nil || len(b) != len(before) || line.Seq == 0 {
				return bad("the file does not begin with what was before")
			}
			copy(before[:], b)
			if prev.Seq == 0 {
				prev = Head{line.Seq - 1, before} // the first file that is here
			}
			if prev.MAC != before {
				return bad("it does not follow on the file before")
			}
		}
		if line.Seq != prev.Seq+1 {
			return bad(fmt.Sprintf("its number is %d, want %d", line.Seq, prev.Seq+1))
		}
		sum := link(c.mac, &prev.MAC, text[:cut])
		if !hmac.Equal(sum[:], mac[:]) {
			return bad("it was changed, does not belong here, or the key is another")
		}
		c.head = Head{line.Seq, sum}
		end += int64(len(text))
		if each != nil {
			each(&line)
		}
	}
}

var errLong = errors.New("long line")

// readLine returns a line with its end, and io.EOF with what is left without one.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if line == nil && err == nil {
			return bytes.Clone(part), nil
		}
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errLong
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}
