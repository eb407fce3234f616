package match

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
)

// An Inquiry is a query that somebody made, as a [Watch] remembers it.
type Inquiry struct {
	Query Query // whose Where must be nil

	// Time is when it was made, from which it is kept. Zero is now; one that is
	// yet to come is taken for now in that, too.
	Time time.Time

	// Inquirer and Purpose are the caller's own: who asked, where to report to,
	// what for, which case. They are kept and given back as they are.
	Inquirer string
	Purpose  string
}

// A Delayed is an inquiry that a record answers which was entered or changed
// after it was made.
type Delayed struct {
	Inquiry Inquiry
	Finding Finding // on the record, as [Matcher.Match] gives it now
}

// WatchOptions configure a [Watch]. The zero value holds the defaults.
type WatchOptions struct {
	// Keep is how long an inquiry is remembered. Zero is DefaultKeep.
	Keep time.Duration

	// MaxBytes bounds the memory that inquiries are held in; the oldest are
	// forgotten first. One takes about 200 bytes, more with long texts and many
	// reads. Zero is DefaultWatchBytes, MinWatchBytes the least.
	MaxBytes int64

	// File is where inquiries are kept too, so that they survive a restart; see
	// [Watch] on what is in it, and when. It is created if there is none. One
	// Watch at a time may use it. Empty: nowhere.
	File string

	// Now tells the time. Nil is time.Now.
	Now func() time.Time
}

const (
	// DefaultKeep is how long NCIC, the FBI's information center, checks new
	// records against inquiries.
	DefaultKeep = 5 * 24 * time.Hour

	// DefaultWatchBytes has room for more than a million inquiries.
	DefaultWatchBytes = 256 << 20

	// MinWatchBytes is the least memory that a Watch works in.
	MinWatchBytes = 512 << 10
)

// A Watch remembers inquiries and tells, when a record is entered or changed
// later, which of them it answers: what NCIC calls a delayed inquiry. A car that
// crossed the border in the morning is often reported as stolen in the evening.
//
// [Watch.Ask] asks the Matcher and remembers the inquiry; [Watch.Changed], called
// with the changes that [index.Index.Apply] took, reports.
//
// # What is reported
//
// An inquiry is reported for a record if [Matcher.Match] would now find the record
// by it, in whatever way: exactly, cleaned, repaired, near, in part. The Matcher
// decides, with its Near mode and MinProbability; a Watch never says what Match
// would not say. The Limit of the query does not hold.
//
// It is reported once for a record, whatever becomes of the record after that,
// and never for a record that its answer had already with the number by which it
// is found now: that its colour was entered is no news to who asked. That it got
// another number, by which it is found, is.
//
// Reports come in the order of the changes and, for each, of the inquiries.
//
// # Memory
//
// Inquiries are held for Keep, in at most MaxBytes without pointers that the
// garbage collector would follow; the oldest go first. Inquiries of which a part
// of a number was read are compared one by one with each record that has such a
// number, some tens of microseconds each. Of others only those come up that differ by an
// error or two.
//
// # The file
//
// With a File, inquiries and what was reported of them are appended to it, and it
// is written anew when more than half of it is of no use any more. What is
// written waits in memory, some 64 KiB of it at most, until [Watch.Sync] has
// returned: then it survives the end of the process and of the system, whatever
// ends them. Without Sync, a process that is killed loses what waited, and a
// system that fails what it had not yet brought to the disk.
//
// What Changed reports is only noted in the file by the next call of Changed,
// Sync or Close, since the caller has to have a chance to pass it on. If the
// process ends before, and the same changes come again, they are reported again:
// at least once, and twice only then. So who calls Sync from another goroutine than
// Changed must not do so before what Changed returned has been passed on: the file
// would take it as told.
//
// Where the system failed, any part of what was not yet on the disk may be missing at
// the end of the file: it is used up to there. A file that is damaged in what Sync had
// brought to the disk is an error: see [WatchFileError].
//
// The file holds whole numbers, with the names of those who asked for them and
// why: personal data, as sensitive as the register. A new one can be read and
// written by its owner alone. Inquiries that are past Keep stay in it until it is
// written anew.
//
// A Watch is safe for any number of goroutines. Ask runs on as many at once as
// call it; Changed keeps it waiting while it looks at one record, which takes some
// tenths of a millisecond and about as long as Match for each inquiry that may be
// meant.
type Watch struct {
	matcher *Matcher
	keep    time.Duration
	now     func() time.Time
	seed    maphash.Seed
	keyers  sync.Pool // of *watchKeyer

	// gate is held to read from before an inquiry is answered until it is
	// remembered, and to write while a record is looked at: the record is then
	// either in the answer, or finds the inquiry.
	gate sync.RWMutex

	mu    sync.Mutex
	store *watchStore
	file  *watchFile // nil: none
	stats WatchStats
	buf   []byte
	done  bool
}

var (
	// ErrWatchClosed is the error of a Watch that was closed.
	ErrWatchClosed = errors.New("match: the Watch is closed")
	// ErrInquiryWhere is the error of an inquiry with a filter, which cannot be
	// remembered.
	ErrInquiryWhere = errors.New("match: an inquiry with a filter cannot be remembered")
	// ErrInquiryTooLarge is the error of an inquiry whose texts have more than
	// 64 KiB together, or that asks for too many numbers.
	ErrInquiryTooLarge = errors.New("match: the inquiry is too large to be remembered")
)

// NewWatch returns a Watch over the register of a Matcher. With a File it
// remembers what that holds. The error is that of a file that cannot be read or
// written, a [*WatchFileError] if it is not one of a Watch or damaged, or says
// which option makes no sense. It panics if m is nil.
func NewWatch(m *Matcher, o WatchOptions) (*Watch, error) {
	if m == nil {
		panic("match: NewWatch: nil Matcher")
	}
	switch {
	case o.Keep < 0:
		return nil, errors.New("match: NewWatch: Keep is negative")
	case o.MaxBytes != 0 && o.MaxBytes < MinWatchBytes:
		return nil, fmt.Errorf("match: NewWatch: MaxBytes is less than %d", MinWatchBytes)
	}
	w := &Watch{
		matcher: m,
		keep:    orDefault(o.Keep, DefaultKeep),
		now:     o.Now,
		seed:    maphash.MakeSeed(),
		store:   newWatchStore(orDefault(o.MaxBytes, DefaultWatchBytes)),
	}
	if w.now == nil {
		w.now = time.Now
	}
	if o.File != "" {
		if err := w.open(o.File); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// keyer returns a keyer that is not in use.
func (w *Watch) keyer() *watchKeyer {
	if k, ok := w.keyers.Get().(*watchKeyer); ok {
		return k
	}
	return newWatchKeyer(w.matcher, w.seed)
}

// Ask answers an inquiry as [Matcher.Match] does, and remembers it. No change
// falls between the two: a record that is not in the answer is reported by
// Changed. A query that cannot be answered, which the Result's Err says, is not
// remembered. The errors are those of Match and Remember; with the latter, the
// Result is good.
func (w *Watch) Ask(ctx context.Context, in Inquiry) (Result, error) {
	if in.Query.Where != nil {
		return Result{}, ErrInquiryWhere
	}
	w.gate.RLock()
	defer w.gate.RUnlock()
	r, err := w.matcher.Match(ctx, in.Query)
	if err != nil || r.Err != nil {
		return r, err
	}
	return r, w.remember(&in, r.Findings)
}

// Remember remembers an inquiry that was answered otherwise, by
// [Matcher.Screen] say, and what the answer had. Changes that Changed is told of
// after the inquiry was answered and before Remember returns are not reported for
// it: do not let them fall there, or use Ask.
//
// The error is ErrInquiryWhere, ErrInquiryTooLarge, [ErrNoReads], [ErrKind] or
// ErrWatchClosed, and nothing is remembered; or that of the file, and the inquiry
// is remembered in memory alone, like all that follow. An inquiry that is past Keep is
// not remembered either, nor one of which no read can be made out, since nothing
// can answer it.
func (w *Watch) Remember(in Inquiry, answer []Finding) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	return w.remember(&in, answer)
}

func (w *Watch) remember(in *Inquiry, answer []Finding) error {
	q := &in.Query
	switch {
	case q.Where != nil:
		return ErrInquiryWhere
	case len(q.Reads) == 0:
		return ErrNoReads
	}
	size := len(in.Inquirer) + len(in.Purpose) + len(q.Claim.Make) + len(q.Claim.Country) + len(q.Claim.Colour)
	for i := range q.Reads {
		if r := &q.Reads[i]; !validKind(r.Kind) {
			return ErrKind
		}
		size += len(q.Reads[i].Text) + len(q.Reads[i].Country) + 8
		if size > maxInquiry {
			return ErrInquiryTooLarge
		}
	}
	var buf [8]uint64
	answered := appendAnswered(buf[:0], q, answer)

	k := w.keyer()
	defer w.keyers.Put(k)
	hashes, strange := k.ofInquiry(q)

	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return ErrWatchClosed
	}
	now := w.now()
	w.expire(now)
	if in.Time.IsZero() {
		in.Time = now
	}
	from := min(in.Time.UnixMilli(), now.UnixMilli())
	w.buf = appendInquiry(w.buf[:0], in, from, strange, answered)
	if len(w.buf) > maxInquiry {
		return ErrInquiryTooLarge
	}
	if len(hashes) == 0 || w.expired(from, now) {
		return nil
	}
	if !w.put(w.buf, hashes, from) {
		return ErrInquiryTooLarge
	}
	w.stats.Remembered++
	return w.file.inquiry(w.store, w.buf)
}

// put puts an encoded inquiry into the store.
func (w *Watch) put(text []byte, hashes []uint64, from int64) bool {
	evicted, ok := w.store.put(text, hashes, from)
	w.stats.Evicted += uint64(evicted)
	if ok && text[0]&strangeInquiry != 0 {
		w.store.strange++
	}
	return ok
}

func (w *Watch) expired(from int64, now time.Time) bool {
	return now.UnixMilli()-from >= w.keep.Milliseconds()
}

// expire forgets the inquiries at the beginning that are past their time.
func (w *Watch) expire(now time.Time) {
	st := w.store
	for st.held() > 0 {
		s := st.slot(st.first())
		if !w.expired(s.from, now) {
			return
		}
		st.evict()
		w.stats.Expired++
	}
}

// Changed reports the inquiries that records answer which were entered or changed.
// It is to be called with the changes that [index.Index.Apply] was called with,
// after that returned. A change that the index did not take, or that a later one
// has replaced by now, reports nothing, and neither does a withdrawal.
//
// With the error of ctx, of a closed Watch or of the file come the reports that
// were made before; the file's error does not keep them from being made. Changes
// that were not looked at when ctx ended can be given again.
func (w *Watch) Changed(ctx context.Context, changes []index.Change) (all []Delayed, err error) {
	k := w.keyer()
	defer w.keyers.Put(k)
	w.mu.Lock()
	if w.done {
		w.mu.Unlock()
		return nil, ErrWatchClosed
	}
	fileErr := w.file.commit(w.store)
	w.mu.Unlock()
	for i := range changes {
		c := &changes[i]
		if c.Op != index.Put {
			continue
		}
		if all, err = w.entered(ctx, k, &c.Record, all); err != nil {
			return all, err
		}
	}
	return all, fileErr
}

// leastLimit is how many findings of an inquiry are looked at, at least.
const leastLimit = 1 << 10

// entered appends the inquiries that a record answers.
func (w *Watch) entered(ctx context.Context, k *watchKeyer, r *index.Record, all []Delayed) ([]Delayed, error) {
	if err := ctx.Err(); err != nil {
		return all, err
	}
	w.gate.Lock()
	defer w.gate.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return all, ErrWatchClosed
	}
	now := w.now()
	w.expire(now)
	told := toldMark(r)
	for _, seq := range w.candidates(k, r) {
		if seq < w.store.first() {
			continue
		}
		s := w.store.slot(seq)
		if w.expired(s.from, now) || w.store.hasMark(&s, told) {
			continue
		}
		in, _, answered, _ := decodeInquiry(w.store.text(&s))
		q := in.Query
		q.Limit = max(q.Limit, leastLimit)
		res, err := w.matcher.Match(ctx, q)
		if err != nil {
			return all, err
		}
		w.stats.Asked++
		for j := range res.Findings {
			f := &res.Findings[j]
			if f.Record.Owner != r.Owner || f.Record.ID != r.ID || f.Record.Version != r.Version {
				continue
			}
			if slices.Contains(answered, answeredMark(&q, f)) {
				break
			}
			w.stats.Told++
			w.stats.Evicted += uint64(w.store.addMark(seq, told))
			w.file.told(seq, told)
			all = append(all, Delayed{Inquiry: in, Finding: *f})
			break
		}
	}
	return all, nil
}

// candidates returns the inquiries that a record may answer, in their order.
func (w *Watch) candidates(k *watchKeyer, r *index.Record) []uint64 {
	if w.store.held() == 0 {
		return nil
	}
	var found []uint64
	for _, h := range k.ofRecord(r, w.store.strange > 0) {
		found = w.store.appendInquiries(found, h)
	}
	slices.Sort(found)
	found = slices.Compact(found)

	var parts []uint64
	var kinds [index.KindDocument + 1]bool
	numbers := slices.Collect(numbersOf(r))
	for _, n := range numbers {
		if validKind(n.Kind) && !kinds[n.Kind] {
			kinds[n.Kind] = true
			parts = w.store.appendInquiries(parts, k.fragment(n.Kind))
		}
	}
	if len(parts) == 0 {
		return found
	}
	slices.Sort(parts)
	whole := len(found)
	for _, seq := range slices.Compact(parts) {
		if _, ok := slices.BinarySearch(found[:whole], seq); ok {
			continue
		}
		s := w.store.slot(seq)
		if in, _, _, ok := decodeInquiry(w.store.text(&s)); ok && k.fits(&in.Query, numbers) {
			found = append(found, seq)
		}
	}
	slices.Sort(found)
	return found
}

// WatchStats tell what a [Watch] holds and has done.
type WatchStats struct {
	Held  int   // inquiries that are remembered
	Bytes int64 // of memory that they are held in, at most MaxBytes
	File  int64 // bytes of the file, with what waits to be written

	Remembered uint64 // inquiries, since the Watch was made
	Expired    uint64 // forgotten for their age
	Evicted    uint64 // forgotten to make room
	Asked      uint64 // inquiries asked again for a record
	Told       uint64 // reported
}

// Stats tells what is held.
func (w *Watch) Stats() WatchStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Held, s.Bytes, s.File = w.store.held(), w.store.bytes(), w.file.length()
	return s
}

// Sync brings to the disk what was remembered and reported so far, as passed on.
// Without a File it does nothing.
func (w *Watch) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return ErrWatchClosed
	}
	if err := w.file.commit(w.store); err != nil {
		return err
	}
	return w.file.sync()
}

// Close syncs and closes the file. The Watch is of no use after that.
func (w *Watch) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return ErrWatchClosed
	}
	w.done = true
	err := w.file.commit(w.store)
	if serr := w.file.sync(); err == nil {
		err = serr
	}
	return errors.Join(err, w.file.close())
}
