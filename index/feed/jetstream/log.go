package jetstream

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/internal/ackmark"
)

// Options say where a log is. Either URL or Server.Dir must be set.
type Options struct {
	// URL are the addresses of the servers of a cluster, separated by commas.
	// Empty: a server of this process, with the options Server.
	URL    string
	Server ServerOptions

	// Connect are options for the connection, such as [nats.Token] and
	// [nats.Secure].
	Connect []nats.Option

	// Stream is the name of the log, and the beginning of that of its
	// snapshots: letters, digits, - and _. Default: "vinmatch".
	Stream string

	// Replicas is how many servers of a cluster have each entry and snapshot.
	// It counts when the log is made. Default: 3 with URL, else 1.
	Replicas int

	// Recent is how many changes are remembered as taken: see feed.Recent.
	// Default: feed.DefaultRecent.
	Recent int

	// KeepSnapshots is how many snapshots of the log are kept. Default: 3.
	KeepSnapshots int
}

// lineageKey names the lineage among the metadata of the stream.
const lineageKey = "vinmatch-lineage"

// Log is a [feed.Log] in a JetStream stream. Stored for good means: acknowledged
// by the stream, see the package documentation. Make it with [Open].
type Log struct {
	o       Options
	nc      *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	server  *Server // that Open started
	subject string
	lineage [16]byte

	life context.Context
	end  context.CancelFunc

	turns *turns
	turn  chan struct{} // holds one element while somebody writes
	queue struct {
		sync.Mutex
		calls []*call
	}

	// Of who has the turn.
	head   feed.Head // as far as recent knows
	recent *feed.Recent
	mark   *ackmark.Mark // of a server of this process
	file   *os.File      // of mark

	mu   sync.Mutex
	last uint64 // the greatest number of an entry that was seen
}

var (
	_ feed.Log     = (*Log)(nil)
	_ feed.Trimmer = (*Log)(nil)
)

// A call is one of Append that waits.
type call struct {
	changes []index.Change
	ids     []feed.ID
	seq     uint64 // of the last entry that has them
	done    bool
}

// Open opens a log, which it makes with a new lineage if there is none.
//
// With a server of this process, a log that has fewer entries than it once
// acknowledged gives a [*feed.LogError] that is [feed.ErrRegressed]. One in which
// something is missing or damaged is opened, if its last entry is whole: [Log.Read]
// says so where it is.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.Stream == "" {
		o.Stream = "vinmatch"
	}
	if o.KeepSnapshots <= 0 {
		o.KeepSnapshots = 3
	}
	l := &Log{o: o, subject: o.Stream + ".changes", turn: make(chan struct{}, 1), recent: feed.NewRecent(o.Recent)}
	l.life, l.end = context.WithCancel(context.Background())
	err := l.open(ctx)
	if err != nil {
		_ = l.Close()
		if isLogError(err) {
			return nil, err
		}
		return nil, fmt.Errorf("jetstream: Open: %w", err)
	}
	return l, nil
}

func isLogError(err error) bool {
	var bad *feed.LogError
	return errors.As(err, &bad)
}

func (l *Log) open(ctx context.Context) (err error) {
	if err := l.connect(ctx); err != nil {
		return err
	}
	if l.js, err = jetstream.New(l.nc, jetstream.WithDefaultTimeout(lastPatience)); err != nil {
		return err
	}
	if l.turns, err = newTurns(l.nc, l.o.Stream); err != nil {
		return err
	}
	if err := l.openStream(ctx); err != nil {
		return err
	}
	if l.server != nil {
		if err := l.openMark(); err != nil {
			return err
		}
	}
	b, err := l.Bounds(ctx)
	if err != nil {
		return err
	}
	return l.remember(ctx, b)
}

// connectTime bounds one attempt to connect.
const connectTime = 5 * time.Second

func (l *Log) connect(ctx context.Context) (err error) {
	options := append([]nats.Option{
		nats.Name("vinmatch " + l.o.Stream),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(200 * time.Millisecond),
		nats.Timeout(connectTime),
	}, l.o.Connect...)
	if l.o.URL == "" {
		if l.server, err = Start(ctx, l.o.Server); err != nil {
			return err
		}
		l.nc, err = l.server.Connect(options...)
		return err
	}
	if l.o.Replicas == 0 {
		l.o.Replicas = 3
	}
	return retry(ctx, func() error {
		if l.nc, err = nats.Connect(l.o.URL, options...); errors.Is(err, nats.ErrAuthorization) {
			return final{err}
		}
		return err
	})
}

// openStream makes the stream if it is not there, and learns its lineage.
func (l *Log) openStream(ctx context.Context) (err error) {
	l.stream, err = ask(ctx, func(ctx context.Context) (jetstream.Stream, error) {
		stream, err := l.js.Stream(ctx, l.o.Stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			lineage := feed.NewLineage()
			stream, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
				Name:        l.o.Stream,
				Description: "vinmatch change log",
				Subjects:    []string{l.subject},
				Storage:     jetstream.FileStorage,
				Replicas:    max(l.o.Replicas, 1),
				DenyDelete:  true, // of single messages
				Metadata:    map[string]string{lineageKey: hex.EncodeToString(lineage[:])},
			})
			if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
				return nil, fmt.Errorf("somebody else makes it: %w", err) // look again
			}
		}
		if err != nil {
			return nil, refused(err)
		}
		var ok bool
		if l.lineage, ok = lineageOf(stream.CachedInfo()); !ok {
			return nil, final{fmt.Errorf("the stream %s is no change log: it has no lineage", l.o.Stream)}
		}
		return stream, nil
	})
	return err
}

func lineageOf(info *jetstream.StreamInfo) (lineage [16]byte, ok bool) {
	b, err := hex.DecodeString(info.Config.Metadata[lineageKey])
	return lineage, err == nil && copy(lineage[:], b) == len(b) && len(b) == len(lineage)
}

// final is an error that trying again does not help.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// unavailable is the code of a server that cannot answer now.
const unavailable = 503

// refused makes an error final if a server says that it will not make what it is
// asked for, and means it: not that the cluster is not ready, or that somebody else
// makes it.
func refused(err error) error {
	const noPeers = 10005
	var said *jetstream.APIError
	if errors.As(err, &said) && said.Code != unavailable && said.ErrorCode != noPeers && said.ErrorCode != jetstream.JSErrCodeStreamNameInUse {
		return final{err}
	}
	return err
}

// retry calls f until it returns no error, or one that is final or about the log,
// or the context ends: while a cluster has no leader, requests fail in many ways.
// It returns the error of the context then, with what f said last.
func retry(ctx context.Context, f func() error) error {
	began, wait := time.Now(), 20*time.Millisecond
	var said error
	for n := 1; ; n++ {
		err := f()
		var last final
		if err == nil || errors.As(err, &last) || isLogError(err) || errors.Is(err, nats.ErrConnectionClosed) {
			return err
		}
		if said == nil || ctx.Err() == nil { // else it may be about the context alone
			said = err
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, time.Second)
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %v and %d attempts, of which the last said: %w", ctx.Err(), time.Since(began).Round(time.Millisecond), n, said)
		}
	}
}

// A request is lost if it is sent while nobody leads who would answer it: the
// cluster, the stream or a consumer. So each is sent again after firstPatience, and
// waited for longer each time, up to lastPatience: a server that is busy may answer
// late. That is also how long it may take until the answer of a new leader is heard.
const (
	firstPatience = time.Second
	lastPatience  = 4 * time.Second
)

// errUnanswered is the error of a request that was not answered in time.
var errUnanswered = errors.New("no answer")

// patience is how long to wait for an answer: now, and at most. The zero patience
// stands for firstPatience and lastPatience.
type patience struct{ now, most time.Duration }

// attempt calls f, which makes one request, with a context that ends in time for
// another.
func attempt[T any](ctx context.Context, p *patience, f func(context.Context) (T, error)) (T, error) {
	if *p == (patience{}) {
		*p = patience{firstPatience, lastPatience}
	}
	wait := p.now
	once, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	v, err := f(once)
	if err != nil && once.Err() != nil && ctx.Err() == nil {
		p.now = min(wait*3/2, p.most)
		err = fmt.Errorf("%w within %v, as of a cluster that has no leader yet (%w)", errUnanswered, wait, err)
	}
	return v, err
}

// ask calls f, which makes one request, until it is answered: see retry.
func ask[T any](ctx context.Context, f func(context.Context) (T, error)) (v T, err error) {
	var p patience
	err = retry(ctx, func() (err error) {
		v, err = attempt(ctx, &p, f)
		return err
	})
	return v, err
}

// openMark opens the file that says how far the log was acknowledged.
func (l *Log) openMark() (err error) {
	path := filepath.Join(l.o.Server.Dir, l.o.Stream+".acknowledged")
	if l.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	l.mark = &ackmark.Mark{File: l.file}
	lineage, seq, err := l.mark.Read()
	if err != nil {
		return err
	}
	if seq > 0 && lineage != l.lineage {
		after := index.Position{Lineage: lineage, Seq: seq}
		return &feed.LogError{After: after, Err: feed.ErrReplaced, Reason: "what was acknowledged was of another log"}
	}
	l.saw(seq)
	return nil
}

// saw notes that the log has an entry, and returns the greatest that it is known to
// have had.
func (l *Log) saw(seq uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = max(l.last, seq)
	return l.last
}

// Close closes the connection, and ends the server if Open started it.
func (l *Log) Close() error {
	l.end()
	l.turn <- struct{}{} // what is being written fails now
	defer func() { <-l.turn }()
	var err error
	if l.nc != nil {
		l.nc.Close()
	}
	if l.server != nil {
		err = l.server.Close()
	}
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
		l.file = nil
	}
	return err
}

// Conn returns the connection, for other uses of the same servers, such as asking
// replicas through a queue group. It is closed with the log.
func (l *Log) Conn() *nats.Conn { return l.nc }

// Server returns the server that Open started; nil if it connected to others.
func (l *Log) Server() *Server { return l.server }

// within returns a context that also ends with the log.
func (l *Log) within(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.life, func() { cancel(&feed.LogError{Err: feed.ErrClosed}) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// regressTime is how long a log may seem to end before what it acknowledged, or a
// snapshot to miss what it is known to have: a new leader may not have applied all
// that it has at once, and some questions are answered by servers that do not lead.
const regressTime = 3 * time.Second

// Bounds implements [feed.Log]. A log that lost its end gives a *feed.LogError
// that is feed.ErrRegressed.
func (l *Log) Bounds(ctx context.Context) (feed.Bounds, error) {
	ctx, stop := l.within(ctx)
	defer stop()
	b, err := l.bounds(ctx)
	return b, closedError(ctx, err)
}

// closedError puts the error of a closed log in the place of what it led to.
func closedError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && isLogError(cause) {
		return cause
	}
	return err
}

func (l *Log) bounds(ctx context.Context) (b feed.Bounds, err error) {
	wait, began := 10*time.Millisecond, time.Now()
	for {
		seen := l.saw(0)
		if b, err = ask(ctx, l.askBounds); err != nil {
			return b, err
		}
		if b.Last >= seen {
			l.saw(b.Last)
			return b, nil
		}
		if time.Since(began) > regressTime {
			after := index.Position{Lineage: l.lineage, Seq: seen}
			return b, &feed.LogError{After: after, Bounds: b, Err: feed.ErrRegressed}
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, 200*time.Millisecond)
		case <-ctx.Done():
			return b, ctx.Err()
		}
	}
}

// askBounds asks for the bounds as the stream has them.
func (l *Log) askBounds(ctx context.Context) (feed.Bounds, error) {
	info, err := l.stream.Info(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		after := index.Position{Lineage: l.lineage}
		return feed.Bounds{}, &feed.LogError{After: after, Err: feed.ErrReplaced, Reason: "there is no stream"}
	}
	if err != nil {
		return feed.Bounds{}, err
	}
	b := feed.Bounds{First: info.State.FirstSeq, Last: info.State.LastSeq}
	if info.State.Msgs == 0 {
		b.First = b.Last + 1
	}
	var ok bool
	if b.Lineage, ok = lineageOf(info); !ok || b.Lineage != l.lineage {
		after := index.Position{Lineage: l.lineage}
		return b, &feed.LogError{After: after, Bounds: b, Err: feed.ErrReplaced}
	}
	return b, nil
}

// Append implements [feed.Log]. Calls that come while others write are written
// together.
func (l *Log) Append(ctx context.Context, changes []index.Change) (index.Position, error) {
	if err := ctx.Err(); err != nil {
		return index.Position{}, err
	}
	for i := range changes {
		if err := feed.Check(&changes[i]); err != nil {
			return index.Position{}, &feed.ChangeError{Change: i, Err: err}
		}
	}
	ctx, stop := l.within(ctx)
	defer stop()
	c := &call{changes: changes, ids: make([]feed.ID, len(changes))}
	for i := range changes {
		c.ids[i] = feed.IDOf(&changes[i])
	}
	l.queue.Lock()
	l.queue.calls = append(l.queue.calls, c)
	l.queue.Unlock()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		// Somebody else may be about to write it all the same.
		return index.Position{}, context.Cause(ctx)
	}
	var err error
	if !c.done {
		l.queue.Lock()
		calls := l.queue.calls
		l.queue.calls = nil
		l.queue.Unlock()
		if err = l.write(ctx, calls); err != nil {
			// The context was this caller's: the others try for themselves.
			l.queue.Lock()
			l.queue.calls = append(slices.DeleteFunc(calls, func(o *call) bool { return o == c }), l.queue.calls...)
			l.queue.Unlock()
		}
	}
	<-l.turn
	if err != nil {
		return index.Position{}, closedError(ctx, err)
	}
	return index.Position{Lineage: l.lineage, Seq: c.seq}, nil
}

// write adds what calls bring, those that others have added excepted. Who calls it
// has the turn.
func (l *Log) write(ctx context.Context, calls []*call) error {
	var p patience
	wanted := l.turns.want()
	err := retry(ctx, func() error {
		fresh, ids := l.fresh(calls)
		for len(fresh) > 0 {
			if err := wanted.wait(ctx); err != nil {
				return err
			}
			entry, taken, next := l.head.Append(nil, time.Now(), fresh)
			if err := l.publish(ctx, &p, entry, next); err != nil {
				// Somebody else has added an entry, or it is not known what
				// became of this one: the stream knows.
				before := l.head
				if lerr := l.learn(ctx); lerr != nil {
					return lerr
				}
				if !isBehind(err) {
					return err
				}
				wanted.missed(l.head != before)
				fresh, ids = l.fresh(calls)
				continue
			}
			l.took(next, ids[:taken])
			fresh, ids = fresh[taken:], ids[taken:]
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range calls {
		for _, id := range c.ids {
			seq := l.recent.Seq(id)
			if seq == 0 { // forgotten since: there were very many
				seq = l.head.Position.Seq
			}
			c.seq = max(c.seq, seq)
		}
		c.done = true
	}
	return nil
}

// fresh returns the changes of calls that the log does not have, each once, and
// their IDs.
func (l *Log) fresh(calls []*call) (fresh []index.Change, ids []feed.ID) {
	seen := map[feed.ID]bool{}
	for _, c := range calls {
		for i, id := range c.ids {
			if l.recent.Seq(id) == 0 && !seen[id] {
				seen[id] = true
				fresh, ids = append(fresh, c.changes[i]), append(ids, id)
			}
		}
	}
	return fresh, ids
}

// publish adds an entry to the stream, if it is the next.
func (l *Log) publish(ctx context.Context, p *patience, entry []byte, next feed.Head) error {
	ack, err := attempt(ctx, p, func(ctx context.Context) (*jetstream.PubAck, error) {
		return l.js.PublishMsg(ctx, &nats.Msg{Subject: l.subject, Data: entry},
			jetstream.WithExpectStream(l.o.Stream),
			jetstream.WithExpectLastSequence(next.Position.Seq-1),
			jetstream.WithRetryAttempts(0))
	})
	if err == nil && ack.Sequence != next.Position.Seq {
		return &feed.LogError{Seq: next.Position.Seq, Err: feed.ErrReplaced, Reason: fmt.Sprintf("it was stored as %d", ack.Sequence)}
	}
	return err
}

// isBehind reports whether an entry was not the next.
func isBehind(err error) bool {
	var said *jetstream.APIError
	return errors.As(err, &said) && (said.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		said.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// took notes an entry that was added or read.
func (l *Log) took(next feed.Head, ids []feed.ID) {
	l.head = next
	for _, id := range ids {
		l.recent.Add(id, next.Position.Seq)
	}
	l.saw(next.Position.Seq)
	if l.mark != nil {
		// It says less than is true if it cannot be written, which is what it
		// may say.
		_ = l.mark.Write(next.Position.Lineage, next.Position.Seq)
	}
}

// learn takes note of entries that others have added.
func (l *Log) learn(ctx context.Context) error {
	b, err := l.bounds(ctx)
	if err != nil || b.Last == l.head.Position.Seq {
		return err
	}
	if b.Check(l.head.Position) != nil {
		return l.remember(ctx, b) // what was added since is trimmed already
	}
	entries := l.read
	if b.Last-l.head.Position.Seq <= fewEntries {
		entries = l.get
	}
	for e, err := range entries(ctx, l.head.Position) {
		if err != nil {
			return err
		}
		if e.Prev != l.head.Sum {
			return &feed.LogError{Seq: e.Position.Seq, Err: feed.ErrReplaced, Reason: "the entry before was another"}
		}
		l.took(e.Head(), idsOf(&e))
		if e.Position.Seq >= b.Last {
			break
		}
	}
	return nil
}

// fewEntries is how many entries are read one by one rather than by a consumer, which
// a cluster may take seconds to make while it has other things to do.
const fewEntries = 256

// get is read for a few entries that are there: it asks for one after the other.
func (l *Log) get(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	return func(yield func(feed.Entry, error) bool) {
		c := cursor{l: l, at: after}
		for {
			data, err := c.get(ctx)
			var e feed.Entry
			if err == nil {
				e, err = c.take(data)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func idsOf(e *feed.Entry) []feed.ID {
	ids := make([]feed.ID, len(e.Changes))
	for i := range e.Changes {
		ids[i] = feed.IDOf(&e.Changes[i])
	}
	return ids
}

// firstLook is how many entries remember reads at first.
const firstLook = 16

// remember reads the end of the log, back to front in pieces, each as long as all
// before, until enough changes are known.
func (l *Log) remember(ctx context.Context, b feed.Bounds) error {
	type part struct {
		seq uint64
		ids []feed.ID
	}
	most := l.o.Recent
	if most <= 0 {
		most = feed.DefaultRecent
	}
	l.recent = feed.NewRecent(most)
	l.head = feed.Head{Position: b.Position()}
	var parts []part // the last first
	for end, n := b.Last, 0; end >= b.First && n < most; {
		begin := max(b.First, end-min(end, firstLook+uint64(len(parts)))+1)
		var piece []part
		for e, err := range l.read(ctx, index.Position{Lineage: b.Lineage, Seq: begin - 1}) {
			if err != nil && isLogError(err) && end < b.Last {
				end = b.First // what is damaged before the end is for readers to find
				break
			}
			if err != nil {
				return err
			}
			p := part{e.Position.Seq, idsOf(&e)}
			n += len(p.ids)
			if piece = append(piece, p); e.Position.Seq == b.Last {
				l.head = e.Head()
			}
			if e.Position.Seq == end {
				break
			}
		}
		slices.Reverse(piece)
		parts = append(parts, piece...)
		if end = min(end, begin) - 1; end == 0 {
			break
		}
	}
	for _, p := range slices.Backward(parts) {
		for _, id := range p.ids {
			l.recent.Add(id, p.seq)
		}
	}
	return nil
}

// Trim implements [feed.Trimmer], and keeps no more than it must.
func (l *Log) Trim(ctx context.Context, upTo index.Position) error {
	ctx, stop := l.within(ctx)
	defer stop()
	b, err := l.bounds(ctx)
	if err == nil && upTo.Lineage != b.Lineage {
		err = &feed.LogError{After: upTo, Bounds: b, Err: feed.ErrReplaced}
	}
	if first := min(upTo.Seq, b.Last-1) + 1; err == nil && b.Last > 0 && first > b.First {
		_, err = ask(ctx, func(ctx context.Context) (any, error) {
			return nil, l.stream.Purge(ctx, jetstream.WithPurgeSequence(first))
		})
	}
	return closedError(ctx, err)
}

// Read implements [feed.Log].
func (l *Log) Read(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	return func(yield func(feed.Entry, error) bool) {
		ctx, stop := l.within(ctx)
		defer stop()
		for e, err := range l.read(ctx, after) {
			if !yield(e, closedError(ctx, err)) {
				return
			}
		}
	}
}

func (l *Log) read(ctx context.Context, after index.Position) iter.Seq2[feed.Entry, error] {
	return func(yield func(feed.Entry, error) bool) {
		c := cursor{l: l, at: after}
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
	l        *Log
	at       index.Position // of the entry that was read last
	head     feed.Head      // of it; zero: none was read
	messages jetstream.MessagesContext
}

const (
	// A reader asks what there is when nothing has come for a while, which
	// grows from firstIdle to lastIdle while nothing comes.
	firstIdle = 200 * time.Millisecond
	lastIdle  = 2 * time.Second

	// ahead is how many messages the server sends ahead.
	ahead = 32
	// forgotten is how long a server keeps a consumer that nobody asks.
	forgotten = time.Minute
	// attempts is how often an entry is asked for that the server says it cannot
	// read.
	attempts = 3
)

func (c *cursor) close() {
	if c.messages != nil {
		c.messages.Stop()
		c.messages = nil
	}
}

// next waits for an entry.
func (c *cursor) next(ctx context.Context) (feed.Entry, error) {
	idle := firstIdle
	for {
		if c.messages == nil {
			if err := c.begin(ctx); err != nil {
				return feed.Entry{}, err
			}
		}
		nctx, cancel := context.WithTimeout(ctx, idle)
		m, err := c.messages.Next(jetstream.NextContext(nctx))
		cancel()
		if ctx.Err() != nil {
			return feed.Entry{}, ctx.Err()
		}
		if err != nil {
			// Nothing came, which means nothing; or the consumer is gone.
			if !errors.Is(err, context.DeadlineExceeded) {
				c.close()
			}
			if err := c.look(ctx); err != nil {
				return feed.Entry{}, err
			}
			idle = min(2*idle, lastIdle)
			continue
		}
		meta, err := m.Metadata()
		if err != nil {
			return feed.Entry{}, fmt.Errorf("jetstream: Read: %w", err)
		}
		switch seq := meta.Sequence.Stream; {
		case seq <= c.at.Seq:
			continue
		case seq > c.at.Seq+1:
			// A message got lost on the way, or is not there.
			c.close()
			if err := c.look(ctx); err != nil {
				return feed.Entry{}, err
			}
			continue
		}
		return c.take(m.Data())
	}
}

// begin makes a consumer for what follows, if the log can be read on.
func (c *cursor) begin(ctx context.Context) error {
	b, err := c.l.bounds(ctx)
	if err != nil {
		return err
	}
	if err := b.Check(c.at); err != nil {
		return err
	}
	c.at.Lineage = b.Lineage
	var p patience
	return retry(ctx, func() error {
		consumer, err := attempt(ctx, &p, func(ctx context.Context) (jetstream.Consumer, error) {
			return c.l.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
				DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
				OptStartSeq:       c.at.Seq + 1,
				AckPolicy:         jetstream.AckNonePolicy,
				InactiveThreshold: forgotten,
				MemoryStorage:     true,
				Replicas:          1,
			})
		})
		if err != nil {
			return err
		}
		c.messages, err = consumer.Messages(jetstream.PullMaxMessages(ahead), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second))
		return err
	})
}

// look finds out why the next entry does not come. Without an error, it is to be
// waited for: by a new consumer, if the entry is there.
func (c *cursor) look(ctx context.Context) error {
	b, err := c.l.bounds(ctx)
	if err != nil {
		return err
	}
	if err := b.Check(c.at); err != nil {
		return err
	}
	if c.at.Seq == b.Last {
		return nil
	}
	_, err = c.get(ctx)
	if err == nil {
		c.close()
	}
	return err
}

// get asks for the next entry, which must be there, without a consumer.
func (c *cursor) get(ctx context.Context) (data []byte, err error) {
	failed, next := 0, c.at.Seq+1
	var p patience
	err = retry(ctx, func() error {
		m, err := attempt(ctx, &p, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
			return c.l.stream.GetMsg(ctx, next)
		})
		var said *jetstream.APIError
		switch {
		case err == nil:
			data = m.Data
		case errors.Is(err, jetstream.ErrMsgNotFound):
			err = &feed.LogError{After: c.at, Seq: next, Err: feed.ErrGap}
		case errors.As(err, &said) && said.Code != unavailable:
			if failed++; failed == attempts {
				err = &feed.LogError{After: c.at, Seq: next, Err: feed.ErrDamaged, Reason: said.Description}
			}
		}
		return err
	})
	if isLogError(err) {
		// Perhaps it was trimmed, or is not even there any more.
		b, berr := c.l.bounds(ctx)
		if berr == nil {
			berr = b.Check(c.at)
		}
		if isLogError(berr) {
			err = berr
		}
	}
	return data, err
}

// take decodes the next entry.
func (c *cursor) take(data []byte) (feed.Entry, error) {
	seq := c.at.Seq + 1
	e, err := feed.DecodeEntry(data)
	if err == nil {
		before := c.head
		if before == (feed.Head{}) {
			before = feed.Head{Position: c.at, Sum: e.Prev}
		}
		c.head, err = before.Follow(&e)
	}
	if err != nil {
		var bad *feed.LogError
		if errors.As(err, &bad) {
			bad.After, bad.Seq = c.at, seq
		}
		return feed.Entry{}, err
	}
	c.at = e.Position
	return e, nil
}
