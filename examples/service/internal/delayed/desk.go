// Package delayed remembers what was asked, and reports when a record that is
// entered or changed later answers it: what NCIC calls a delayed inquiry.
//
//	d, err := delayed.Open(dir, delayed.Options{Replica: r, Log: log, Matcher: m, Encode: encode})
//	answer, receipt, err := d.Ask(ctx, delayed.Who{Caller: "port", Inquirer: "lane 4"}, q, time.Time{})
//	page, err := d.Reports("port", 0, 100)
//
// # No change is passed over
//
// A Desk reads the change log by itself, one entry after the other, waits until the
// replica has each, and gives its changes to a [match.Watch]. So the replica never
// waits for the desk, and there is no queue that could overflow: what the desk has
// not looked at yet stands in the log, however much it is. How far it has looked is
// kept, and after a restart it goes on from there.
//
// Where the log does not have those entries any more, because it was trimmed
// meanwhile or is another one, every record of the register is looked at as if it
// had just been changed, which takes long and leaves nothing out but what was
// withdrawn again.
//
// # Each report once
//
// An inquiry is reported for a record once, as a Watch does, also when the process
// is killed at any moment: after a restart the same changes may be looked at again,
// and the desk knows what it has reported. Reports of one caller are numbered from
// 1 without a gap. They are kept for as long as inquiries, and may be fetched again.
//
// # Files
//
// The directory holds the inquiries, which match.Watch writes, and a journal of
// reports: whole numbers, with the names of those who asked and why. What Ask has
// returned, and what Reports returns, is on the disk.
package delayed

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/match"
)

// Options say how a Desk works. Matcher, Replica, Log and Encode must be set.
type Options struct {
	Matcher *match.Matcher // of the register of Replica
	Replica *feed.Replica
	Log     feed.Log // that Replica follows

	// Encode returns a report as callers get it, as JSON of less than 1 MB.
	Encode func(id, inquirer string, d *match.Delayed) ([]byte, error)

	// Keep is how long inquiries and reports are kept. Default:
	// match.DefaultKeep.
	Keep time.Duration

	// Most is how many inquiries are remembered, and Each how many of one
	// caller: more are refused, none is forgotten before its time. Default:
	// 200,000, and a quarter of Most.
	Most, Each int

	// Reports is how many reports are kept for one caller who does not fetch
	// them; then the oldest go. Default: 10,000.
	Reports int

	Logger *slog.Logger     // default: slog.Default()
	Now    func() time.Time // default: time.Now
}

// inquiryBytes is the memory that one inquiry may take on the average, with long
// texts; usual ones take a quarter of it.
const inquiryBytes = 1 << 10

func (o Options) withDefaults() Options {
	if o.Keep <= 0 {
		o.Keep = match.DefaultKeep
	}
	if o.Most <= 0 {
		o.Most = 200_000
	}
	if o.Each <= 0 {
		o.Each = max(1, o.Most/4)
	}
	if o.Reports <= 0 {
		o.Reports = 10_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

var (
	// ErrMany is the error of Ask of a caller who has as many inquiries as one
	// may.
	ErrMany = errors.New("delayed: this caller has too many inquiries")
	// ErrFull is the error of Ask when all callers together have too many.
	ErrFull = errors.New("delayed: there are too many inquiries")
	// ErrNothing is the error of Ask when nothing was read that a record could
	// have.
	ErrNothing = errors.New("delayed: there is nothing to look for")
	// ErrClosed is the error of a Desk that was closed.
	ErrClosed = errors.New("delayed: the desk is closed")
)

// A Who says who asks. All of it is kept, and given back in reports.
type Who struct {
	Caller   string // who gets the reports
	Inquirer string // the caller's own: which lane, which case
	Purpose  string
}

// A Receipt is for an inquiry that is remembered.
type Receipt struct {
	ID    string
	Until time.Time // until when
}

// A Page is some of the reports of a caller.
type Page struct {
	Reports []Report
	Last    uint64 // number of the last report there is; 0: none
	Dropped uint64 // how many after the one asked for are not kept any more
}

// A Report is one report, as Encode made it.
type Report struct {
	Number uint64
	Body   []byte
}

// A Desk takes inquiries and hands out reports. Make it with [Open]. It is safe for
// any number of goroutines.
type Desk struct {
	o     Options
	watch *match.Watch
	syncs syncer
	turn  sync.Mutex // of who lets the Watch note what it told

	life context.Context
	end  context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	file    journal
	fresh   int64 // length of the file when it was written anew
	callers map[string]*caller
	told    map[key]int64 // what was reported, and when that may be forgotten
	asked   []asking      // the oldest first
	pending int           // that are being asked
	head    feed.Head     // how far the log was looked at; Sum 0: not known
	noted   feed.Head     // what the journal says of that
	notedAt time.Time
	news    chan struct{} // is closed when there are reports
	err     error         // what ended the desk
	made    uint64        // reports
	anew    uint64        // times that the whole register was looked at
}

// A caller is somebody who asked.
type caller struct {
	held, pending int    // inquiries
	last          uint64 // number of the last report
	kept          []kept // reports, up to last
}

type kept struct {
	place
	key
	at int64 // when it was made, in Unix milliseconds
}

type asking struct {
	Caller string
	Until  int64
}

// A key names an inquiry and a record.
type key [16]byte

func keyOf(id, owner, record string) (k key) {
	h := sha256.New()
	for _, s := range []string{id, owner, record} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	copy(k[:], h.Sum(nil))
	return k
}

// What the entries of the journal hold.
type (
	positionJSON struct {
		Lineage string
		Seq     uint64
		Sum     uint32
	}
	reportJSON struct {
		Caller            string
		Number            uint64
		ID, Owner, Record string
		At                int64
	}
	toldJSON struct {
		Key   string
		Until int64
	}
	callerJSON struct {
		Caller string
		Last   uint64 // report that is not kept any more
	}
	// An inquirerJSON is what a match.Inquiry has in the place of its Inquirer.
	inquirerJSON struct{ Caller, ID, Inquirer string }
)

// Open opens a desk in a directory, which it makes if it is not there. One desk at a
// time may have it open. A damaged file is an error that is [ErrDamaged], or
// match.ErrWatchDamaged.
func Open(dir string, o Options) (*Desk, error) {
	d := &Desk{
		o: o.withDefaults(), callers: map[string]*caller{}, told: map[key]int64{}, news: make(chan struct{}),
		file: journal{path: filepath.Join(dir, "reports")},
	}
	if err := safefile.MkdirAll(dir); err != nil {
		return nil, err
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	if d.head == (feed.Head{}) {
		// Nobody has asked before.
		d.head.Position = o.Replica.View().Position()
	}
	if err := d.rewrite(); err != nil {
		return nil, errors.Join(err, d.file.close())
	}
	var err error
	d.watch, err = match.NewWatch(o.Matcher, match.WatchOptions{
		Keep: d.o.Keep, MaxBytes: max(match.MinWatchBytes, inquiryBytes*int64(d.o.Most)),
		File: filepath.Join(dir, "inquiries"), Now: o.Now,
	})
	if err != nil {
		return nil, errors.Join(err, d.file.close())
	}
	d.life, d.end = context.WithCancel(context.Background())
	d.done.Go(d.follow)
	d.done.Go(d.tidy)
	return d, nil
}

// load reads the journal.
func (d *Desk) load() error {
	f, err := os.OpenFile(d.file.path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d.file.f = f
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, d.file.close())
	}
	if _, err := readJournal(f, info.Size(), d.restore); err != nil {
		var bad *journalError
		if errors.As(err, &bad) {
			bad.path = d.file.path
		}
		return errors.Join(err, d.file.close())
	}
	return nil
}

// restore takes in an entry of the journal, and reports whether it means anything.
func (d *Desk) restore(kind byte, text []byte, at place) bool {
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	read := func(v any) bool { return strict.Decode(v) == nil }
	switch kind {
	case positionEntry:
		var j positionJSON
		if !read(&j) {
			return false
		}
		h := feed.Head{Position: index.Position{Seq: j.Seq}, Sum: j.Sum}
		n, err := hex.Decode(h.Position.Lineage[:], []byte(j.Lineage[:min(len(j.Lineage), 32)]))
		if err != nil || n != len(h.Position.Lineage) {
			return false
		}
		d.head = h
	case inquiryEntry:
		var j asking
		if !read(&j) {
			return false
		}
		d.caller(j.Caller).held++
		d.asked = append(d.asked, j)
	case reportEntry:
		var j reportJSON
		if !read(&j) {
			return false
		}
		c := d.caller(j.Caller)
		if j.Number != c.last+1 {
			return false
		}
		d.keep(c, kept{at, keyOf(j.ID, j.Owner, j.Record), j.At})
	case toldEntry:
		var j toldJSON
		var k key
		if !read(&j) || len(j.Key) != 2*len(k) {
			return false
		}
		if _, err := hex.Decode(k[:], []byte(j.Key)); err != nil {
			return false
		}
		d.told[k] = j.Until
	case callerEntry:
		var j callerJSON
		if !read(&j) || len(d.caller(j.Caller).kept) > 0 {
			return false
		}
		d.caller(j.Caller).last = j.Last
	default:
		return false
	}
	return true
}

func (d *Desk) caller(name string) *caller {
	c := d.callers[name]
	if c == nil {
		c = new(caller)
		d.callers[name] = c
	}
	return c
}

// keep notes a report.
func (d *Desk) keep(c *caller, r kept) {
	c.last++
	c.kept = append(c.kept, r)
	if len(c.kept) > d.o.Reports {
		c.kept = c.kept[1:]
	}
	d.told[r.key] = r.at + d.o.Keep.Milliseconds()
}

// expire forgets what is past its time.
func (d *Desk) expire(now time.Time) {
	n := 0
	for n < len(d.asked) && d.asked[n].Until <= now.UnixMilli() {
		d.caller(d.asked[n].Caller).held--
		n++
	}
	d.asked = d.asked[n:]
}

// rewrite writes the journal anew, without what is past its time.
func (d *Desk) rewrite() error {
	now := d.o.Now()
	d.expire(now)
	for k, until := range d.told {
		if until <= now.UnixMilli() {
			delete(d.told, k)
		}
	}
	moved := map[string][]kept{}
	err := d.file.replace(func(w *writer) error {
		if _, err := w.entry(positionEntry, positionOf(d.head), nil); err != nil {
			return err
		}
		for _, a := range d.asked {
			if _, err := w.entry(inquiryEntry, a, nil); err != nil {
				return err
			}
		}
		of := map[key]bool{}
		for name, c := range d.callers {
			gone := 0
			for gone < len(c.kept) && c.kept[gone].at+d.o.Keep.Milliseconds() <= now.UnixMilli() {
				gone++
			}
			list := c.kept[gone:]
			if c.last == 0 {
				continue
			}
			if _, err := w.entry(callerEntry, callerJSON{name, c.last - uint64(len(list))}, nil); err != nil {
				return err
			}
			to := make([]kept, len(list))
			for i, r := range list {
				of[r.key] = true
				head, body, err := d.file.report(r.place)
				if err != nil {
					return err
				}
				to[i] = r
				if to[i].place, err = w.entry(reportEntry, head, body); err != nil {
					return err
				}
			}
			moved[name] = to
		}
		for k, until := range d.told {
			if of[k] {
				continue
			}
			if _, err := w.entry(toldEntry, toldJSON{hex.EncodeToString(k[:]), until}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delayed: %w", err)
	}
	for name, c := range d.callers {
		if c.kept = moved[name]; c.last == 0 && c.held+c.pending == 0 {
			delete(d.callers, name)
		}
	}
	d.noted, d.notedAt, d.fresh = d.head, now, d.file.size
	return nil
}

func positionOf(h feed.Head) positionJSON {
	return positionJSON{hex.EncodeToString(h.Position.Lineage[:]), h.Position.Seq, h.Sum}
}

// Ask answers an inquiry, and remembers it if there is no error and no Err in the
// result: what is entered later is reported to who.Caller. Time is when the numbers
// were read, zero for now; it must not be longer ago than Keep. Errors are ErrMany,
// ErrFull, ErrNothing, those of match.Watch, and those of the disk, after which it
// is not known whether the inquiry is remembered.
func (d *Desk) Ask(ctx context.Context, who Who, q match.Query, at time.Time) (match.Result, Receipt, error) {
	now := d.o.Now()
	if at.IsZero() {
		at = now
	}
	d.mu.Lock()
	c := d.caller(who.Caller)
	err := d.err
	if err == nil {
		d.expire(now)
		switch {
		case c.held+c.pending >= d.o.Each:
			err = ErrMany
		case len(d.asked)+d.pending >= d.o.Most:
			err = ErrFull
		default:
			c.pending++
			d.pending++
		}
	}
	d.mu.Unlock()
	if err != nil {
		return match.Result{}, Receipt{}, err
	}
	defer func() {
		d.mu.Lock()
		c.pending--
		d.pending--
		d.mu.Unlock()
	}()
	id := rand.Text()
	inquirer, err := json.Marshal(inquirerJSON{who.Caller, id, who.Inquirer})
	if err != nil {
		return match.Result{}, Receipt{}, err
	}
	res, err := d.watch.Ask(ctx, match.Inquiry{Query: q, Time: at, Inquirer: string(inquirer), Purpose: who.Purpose})
	if err == nil && res.Err == nil && isNothing(&res, len(q.Reads)) {
		err = ErrNothing
	}
	if err != nil || res.Err != nil {
		return res, Receipt{}, err
	}
	if err := d.syncs.do(d.sync); err != nil {
		return res, Receipt{}, d.fail(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// How many there are counts until the last of them is forgotten.
	a := asking{who.Caller, now.Add(d.o.Keep).UnixMilli()}
	b, _, err := appendEntry(nil, inquiryEntry, a, nil)
	if err == nil {
		err = d.write(b, false)
	}
	if err != nil {
		return res, Receipt{}, err
	}
	c.held++
	d.asked = append(d.asked, a)
	return res, Receipt{ID: id, Until: at.Add(d.o.Keep)}, nil
}

// isNothing reports whether none of so many reads could be looked up.
func isNothing(res *match.Result, reads int) bool {
	nothing := map[int]bool{}
	for _, r := range res.Remarks {
		if r.Code == match.RemarkEmpty || r.Code == match.RemarkUnreadable || r.Code == match.RemarkPlaceholder && r.Grade == match.Note {
			nothing[r.Read] = true
		}
	}
	return len(nothing) == reads
}

// Reports returns reports of a caller after one, no more than limit of them.
func (d *Desk) Reports(name string, after uint64, limit int) (p Page, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return p, d.err
	}
	c := d.callers[name]
	if c == nil {
		return p, nil
	}
	p.Last = c.last
	before := c.last - uint64(len(c.kept)) // the last that is not kept
	if after < before {
		p.Dropped, after = before-after, before
	}
	for n := after; n < c.last && len(p.Reports) < limit; n++ {
		_, body, err := d.file.report(c.kept[n-before].place)
		if err != nil {
			return p, d.failLocked(err)
		}
		p.Reports = append(p.Reports, Report{n + 1, body})
	}
	return p, nil
}

// Wait waits until a caller has a report after one, or the context ends or the desk
// does.
func (d *Desk) Wait(ctx context.Context, name string, after uint64) {
	for {
		d.mu.Lock()
		c, news, err := d.callers[name], d.news, d.err
		there := err != nil || c != nil && c.last > after
		d.mu.Unlock()
		if there {
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		case <-d.life.Done():
			return
		}
	}
}

// Err returns what keeps the desk from working; nil: nothing.
func (d *Desk) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Keep returns how long inquiries are kept.
func (d *Desk) Keep() time.Duration { return d.o.Keep }

// Stats tell what a Desk holds and has done.
type Stats struct {
	match.WatchStats
	Position index.Position // of the change log, up to which it has looked
	Kept     int            // reports
	Made     uint64         // reports, since it was opened
	Anew     uint64         // times that it looked at the whole register
}

// Stats tells how things stand.
func (d *Desk) Stats() Stats {
	s := Stats{WatchStats: d.watch.Stats()}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Position, s.Made, s.Anew = d.head.Position, d.made, d.anew
	for _, c := range d.callers {
		s.Kept += len(c.kept)
	}
	return s
}

// Close ends the desk.
func (d *Desk) Close() error {
	d.end()
	d.done.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == ErrClosed {
		return nil
	}
	var err error
	if d.err == nil && d.head != d.noted {
		err = d.note(nil, true)
	}
	d.err = ErrClosed
	return errors.Join(err, d.watch.Close(), d.file.close())
}

// fail ends the desk: what cannot be written is not promised.
func (d *Desk) fail(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failLocked(err)
}

func (d *Desk) failLocked(err error) error {
	if d.err == nil {
		d.err = fmt.Errorf("delayed: %w", err)
		d.o.Logger.Error("delayed inquiries end: their files cannot be used", "error", err)
		close(d.news)
		d.news = make(chan struct{})
	}
	return d.err
}

// write appends entries to the journal. The caller holds d.mu.
func (d *Desk) write(b []byte, sync bool) error {
	if d.err != nil {
		return d.err
	}
	if err := d.file.add(b, sync); err != nil {
		return d.failLocked(err)
	}
	return nil
}

// note appends entries to the journal, with how far the log was looked at.
func (d *Desk) note(b []byte, sync bool) error {
	b, _, err := appendEntry(b, positionEntry, positionOf(d.head), nil)
	if err == nil {
		err = d.write(b, sync)
	}
	if err == nil {
		d.noted, d.notedAt = d.head, d.o.Now()
	}
	return err
}

// leastRewrite is how much a journal grows before it is written anew.
const leastRewrite = 1 << 20

// settle writes the journal anew when it has become twice as long.
func (d *Desk) settle() error {
	if d.file.size < 2*d.fresh+leastRewrite {
		return nil
	}
	if err := d.rewrite(); err != nil {
		return d.failLocked(err)
	}
	return nil
}

// A syncer lets those who come while one syncs share the next sync.
type syncer struct {
	mu      sync.Mutex
	running bool
	next    *round
}

type round struct {
	done chan struct{}
	err  error
}

// do returns what a sync returned that began after the call.
func (s *syncer) do(sync func() error) error {
	s.mu.Lock()
	if s.next == nil {
		s.next = &round{done: make(chan struct{})}
	}
	r := s.next
	if !s.running {
		s.running = true
		go s.run(sync)
	}
	s.mu.Unlock()
	<-r.done
	return r.err
}

func (s *syncer) run(sync func() error) {
	for {
		s.mu.Lock()
		r := s.next
		s.next = nil
		if s.running = r != nil; !s.running {
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		r.err = sync()
		close(r.done)
	}
}
