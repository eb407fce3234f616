package delayed

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/match"
)

const (
	// batch is how many changes are looked at together.
	batch = 256
	// noteEvery is how often the journal is told how far the log was looked at
	// while there is nothing to report: what came since is looked at again
	// after a crash.
	noteEvery = time.Second
	// After an error the log is read again, soon at first.
	firstRetry, lastRetry = 100 * time.Millisecond, 5 * time.Second
	// tidyEvery is how often what is past its time is removed from the files.
	tidyEvery = time.Hour
)

// follow looks at the changes of the log for as long as the desk lives.
func (d *Desk) follow() {
	wait, said := firstRetry, ""
	for d.life.Err() == nil {
		before := d.position()
		err := d.read(before)
		if errors.As(err, new(*feed.LogError)) {
			err = d.lookAtAll(before, err)
		}
		if d.life.Err() != nil || d.Err() != nil {
			return
		}
		if d.position() != before {
			wait = firstRetry // it got on
		}
		if err == nil {
			continue
		}
		if text := err.Error(); text != said {
			d.o.Logger.Warn("changes are not looked at for delayed inquiries: the log is read again", "error", err)
			said = text
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, lastRetry)
		case <-d.life.Done():
		}
	}
}

func (d *Desk) position() feed.Head {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.head
}

// read looks at what the log has after a place, and at what comes, until an error.
func (d *Desk) read(from feed.Head) error {
	ctx, cancel := context.WithCancel(d.life)
	defer cancel()
	type item struct {
		entry feed.Entry
		err   error
	}
	items := make(chan item, 16)
	d.done.Go(func() {
		defer close(items)
		for e, err := range d.o.Log.Read(ctx, from.Position) {
			select {
			case items <- item{e, err}:
			case <-ctx.Done():
				return
			}
		}
	})
	head := from
	for it := range items {
		var changes []index.Change
		for more := true; more; {
			if it.err != nil {
				break
			}
			if head.Sum == 0 { // not known: what the entry says
				head.Sum = it.entry.Prev
			}
			next, err := head.Follow(&it.entry)
			if err != nil {
				it.err = err
				break
			}
			head = next
			changes = append(changes, it.entry.Changes...)
			if more = len(changes) < batch; more {
				select {
				case it, more = <-items:
				default:
					more = false
				}
			}
		}
		if len(changes) > 0 {
			if err := d.o.Replica.WaitFor(ctx, head.Position); err != nil {
				return err
			}
			if err := d.look(ctx, changes, &head); err != nil {
				return err
			}
		}
		if it.err != nil {
			return it.err
		}
	}
	return ctx.Err()
}

// lookAtAll looks at the whole register, because the log cannot be read on from a
// place. It returns the reason for that if the register is no further either.
func (d *Desk) lookAtAll(from feed.Head, why error) error {
	v := d.o.Replica.View()
	at := v.Position()
	if at.Lineage == from.Position.Lineage && at.Seq <= from.Position.Seq {
		return why
	}
	d.o.Logger.Warn("delayed inquiries: every record of the register is looked at", "records", v.Len(), "because", why)
	var changes []index.Change
	for row := range v.All() {
		rec := v.Record(row)
		changes = append(changes, index.Change{By: rec.Owner, Op: index.Put, Record: rec})
		if len(changes) == batch {
			if err := d.look(d.life, changes, nil); err != nil {
				return err
			}
			changes = changes[:0]
		}
	}
	if err := d.look(d.life, changes, &feed.Head{Position: at}); err != nil {
		return err
	}
	d.mu.Lock()
	d.anew++
	d.mu.Unlock()
	return nil
}

// look looks at changes, and notes that all up to head were, if there is one.
func (d *Desk) look(ctx context.Context, changes []index.Change, head *feed.Head) error {
	lookErr, err := d.report(ctx, changes)
	if err != nil {
		return err
	}
	if lookErr != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return d.fail(lookErr)
	}
	if head == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.head = *head
	if head.Position.Lineage != d.noted.Position.Lineage || d.o.Now().Sub(d.notedAt) >= noteEvery || d.o.Now().Before(d.notedAt) {
		if err := d.note(nil, false); err != nil {
			return err
		}
	}
	return d.settle()
}

// report stores what changes give to report.
func (d *Desk) report(ctx context.Context, changes []index.Change) (lookErr, err error) {
	// Meanwhile the Watch does not note what it has told: if the process ends
	// before that is stored here, it must be told again.
	d.turn.Lock()
	defer d.turn.Unlock()
	list, lookErr := d.watch.Changed(ctx, changes)
	return lookErr, d.take(list)
}

// sync brings inquiries to the disk.
func (d *Desk) sync() error {
	d.turn.Lock()
	defer d.turn.Unlock()
	return d.watch.Sync()
}

// take stores reports.
func (d *Desk) take(list []match.Delayed) error {
	if len(list) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	type made struct {
		c *caller
		r kept
	}
	var all []made
	var b []byte
	numbers, fresh := map[*caller]uint64{}, map[key]bool{}
	now := d.o.Now().UnixMilli()
	for i := range list {
		var who inquirerJSON
		if json.Unmarshal([]byte(list[i].Inquiry.Inquirer), &who) != nil {
			continue // no inquiry of this package
		}
		rec := &list[i].Finding.Record
		k := keyOf(who.ID, rec.Owner, rec.ID)
		if _, ok := d.told[k]; ok || fresh[k] {
			continue // before the process ended
		}
		fresh[k] = true
		body, err := d.o.Encode(who.ID, who.Inquirer, &list[i])
		if err != nil {
			return d.failLocked(err)
		}
		c := d.caller(who.Caller)
		if numbers[c] == 0 {
			numbers[c] = c.last
		}
		numbers[c]++
		var at place
		b, at, err = appendEntry(b, reportEntry, reportJSON{who.Caller, numbers[c], who.ID, rec.Owner, rec.ID, now}, body)
		if err != nil {
			return d.failLocked(err)
		}
		at.at += d.file.size
		all = append(all, made{c, kept{at, k, now}})
	}
	if len(all) == 0 {
		return nil
	}
	if err := d.write(b, true); err != nil {
		return err
	}
	for _, m := range all {
		d.keep(m.c, m.r)
	}
	d.made += uint64(len(all))
	close(d.news)
	d.news = make(chan struct{})
	return nil
}

// tidy removes what is past its time from the files, now and then.
func (d *Desk) tidy() {
	t := time.NewTicker(tidyEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-d.life.Done():
			return
		}
		d.mu.Lock()
		if d.err == nil {
			if err := d.rewrite(); err != nil {
				d.failLocked(err)
			}
		}
		d.mu.Unlock()
	}
}
