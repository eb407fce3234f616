package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/index"
)

var lifeSection = section{
	name:  "life",
	title: "Building, saving, opening, changing",
	text: "Times of the whole register. While it is built, the records are made one after the other, which is measured alone as well. " +
		"The map holds VINs and numbers and no records.",
	metrics: []metric{
		took("life.build.index", "building the register from records").than("map"),
		took("life.build.records", "making the records alone"),
		took("life.build.map", "building a map of VINs and record numbers").of(report.Map),
		took("life.file.save", "saving a snapshot"),
		took("life.file.open", "opening a snapshot, all of it verified"),
		took("life.change.apply", "applying a change, in calls of 500"),
		took("life.change.compact", "merging the most changes that ever wait into the register"),
	},
}

// life makes the register and the map, and measures how long that takes and by
// how much the heap grows. Very large ones are made once.
func (r *run) life(reg *register) error {
	empty := heap()
	reg.m = newMap(reg.world)
	heapMap := heap() - empty
	limits := r.slow
	if r.size >= large {
		limits.Min, limits.Max = 1, 1
	}
	if err := r.group("life.build", r.size, limits, reg.buildSides(r.ctx)); err != nil {
		return err
	}
	return r.memory(reg, heap()-empty-heapMap, heapMap)
}

// buildSides make the index and the map anew.
func (r *register) buildSides(ctx context.Context) []measure.Side {
	return []measure.Side{
		{Name: "index", Ops: 1, Turn: func() (err error) {
			if r.idx != nil {
				r.idx.Close()
				r.idx = nil // or two are in memory
			}
			r.idx, err = index.Build(ctx, index.Options{Seed: 1}, r.world.Records())
			return err
		}},
		{Name: "records", Ops: 1, Turn: func() error {
			plates := 0
			for rec := range r.world.Records() {
				if rec.Plate.IsValid() {
					plates++
				}
			}
			return check(plates, (r.world.Listed()+1)/2)
		}},
		{Name: "map", Ops: 1, Turn: func() error {
			r.m = nil
			r.m = newMap(r.world)
			return check(len(r.m), r.world.Listed())
		}},
	}
}

// file saves the register and opens it again, and then changes copies of it. It
// closes the register.
func (r *run) file(reg *register, path string) (err error) {
	defer func() {
		if removed := os.Remove(path); err == nil {
			err = removed
		}
	}()
	if err := r.group("life.file", r.size, r.slow, reg.fileSides(path)); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := r.add("memory.whole.file", r.size, []float64{float64(info.Size()) / float64(r.size)}, r.size); err != nil {
		return err
	}
	if err := reg.idx.Close(); err != nil {
		return err
	}
	reg.idx, reg.scan = nil, nil
	for _, part := range []struct {
		compactAfter int
		do           func(reg *register) error
	}{{math.MaxInt, r.change}, {0, r.mixed}} {
		if reg.idx, err = index.Open(path, index.Options{CompactAfter: part.compactAfter}); err != nil {
			return err
		}
		if err := part.do(reg); err != nil {
			return err
		}
		if err := reg.idx.Close(); err != nil {
			return err
		}
	}
	return nil
}

// fileSides save and open.
func (r *register) fileSides(path string) []measure.Side {
	return []measure.Side{
		{Name: "save", Ops: 1, Turn: func() error { return r.idx.Save(path) }},
		{Name: "open", Ops: 1, Turn: func() error {
			if _, err := os.Stat(path); err != nil { // in the round that begins with this side
				if err := r.idx.Save(path); err != nil {
					return err
				}
			}
			x, err := index.Open(path, index.Options{})
			if err != nil {
				return err
			}
			if n := x.View().Len(); n != r.world.Listed() {
				return fmt.Errorf("%d records in the snapshot, want %d", n, r.world.Listed())
			}
			return x.Close()
		}},
	}
}

// perCall is the number of changes in a call of Apply.
const perCall = 500

// change applies as many changes as ever wait, looks up among them, and compacts.
func (r *run) change(reg *register) error {
	none := reg.idx.View()
	before := reg.idx.Stats().Memory.Changes
	change := reg.world.News()
	next := 0
	batch := make([]index.Change, 0, perCall)
	apply := func() (time.Duration, error) {
		batch = batch[:0]
		for range perCall {
			batch = append(batch, change(next))
			next++
		}
		start := time.Now()
		_, err := reg.idx.Apply(index.Position{}, batch)
		return time.Since(start), err
	}
	// The first call makes the index of identities.
	if _, err := apply(); err != nil {
		return err
	}
	const rounds = 8
	r.say("life.change")
	calls := max(1, min(mostChanges(r.size), r.plan.changes)/perCall/rounds)
	var each []float64
	for range rounds {
		var sum time.Duration
		for range calls {
			took, err := apply()
			if err != nil {
				return err
			}
			sum += took
		}
		each = append(each, float64(sum.Nanoseconds())/float64(calls*perCall))
	}
	if err := r.add("life.change.apply", r.size, each, rounds*calls*perCall); err != nil {
		return err
	}
	bytes := float64(reg.idx.Stats().Memory.Changes-before) / float64(next)
	if err := r.add("memory.change.index", r.size, []float64{bytes}, next); err != nil {
		return err
	}
	if err := r.group("exact.delta", r.size, r.limits, reg.deltaSides(none, reg.idx.View(), r.asked)); err != nil {
		return err
	}
	start := time.Now()
	if err := reg.idx.Compact(r.ctx); err != nil {
		return err
	}
	return r.add("life.change.compact", r.size, []float64{float64(time.Since(start).Nanoseconds())}, 1)
}
