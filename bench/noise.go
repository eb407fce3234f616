package main

import (
	"errors"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
)

var noiseSection = section{
	name:  "noise",
	title: "Noise",
	text: "The same thing measured twice in the same rounds, as if it had a rival: a ratio other than 1 is noise. " +
		"And what it takes to read the clock, which is in every time of a single operation.",
	metrics: []metric{
		took("noise.same.first", "exact miss, in a batch").than("second").neither(),
		took("noise.same.second", "exact miss, in a batch, once more").neither(),
		took("noise.clock.read", "reading the clock twice").neither(),
	},
}

// noise measures what should be equal.
func (r *run) noise(reg *register) error {
	sides := reg.exactSides(false, r.asked)[:1]
	sides = append(sides, reg.exactSides(false, r.asked)[0])
	sides[0].Name, sides[1].Name = "first", "second"
	if err := r.group("noise.same", r.size, r.limits, sides); err != nil {
		return err
	}
	const reads = 1 << 14
	return r.group("noise.clock", 0, r.limits, []measure.Side{{Name: "read", Ops: reads, Turn: func() error {
		var sum time.Duration
		for range reads {
			sum += time.Since(time.Now())
		}
		if sum < 0 {
			return errors.New("the clock goes back")
		}
		return nil
	}}})
}
