package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var matchSection = section{
	name:  "match",
	title: "Whole queries",
	text: "What a checkpoint asks: a number as it was read, cleaned, repaired where it must be, looked up, and every finding explained. " +
		"Reads have the errors of their channel at its usual rate, and one vehicle in a thousand is listed, which is ten times INTERPOL's rate.",
	metrics: matchMetrics(),
}

// listedShare is the share of whole queries whose vehicle is listed.
const listedShare = 0.001

func matchMetrics() (m []metric) {
	for _, c := range vintest.Channels {
		m = append(m, took("match.query."+c.String(), "whole query, "+c.String()).one())
	}
	return append(m, took("match.screen.typed", "whole query of many, typed, on all processors"))
}

// match asks whole queries.
func (r *run) match(reg *register) error {
	n := r.asked / 64
	sides, err := r.matchSides(reg, n)
	if err != nil {
		return err
	}
	if err := r.group("match.query", r.size, r.limits, sides); err != nil {
		return err
	}
	return r.group("match.screen", r.size, r.limits, r.screenSides(reg, n))
}

// queries are what was read through a channel.
func (r *register) queries(n int, c vintest.Channel) []match.Query {
	queries := make([]match.Query, n)
	for i, read := range r.world.Reads(n, c, c.Misread(), listedShare) {
		queries[i] = match.Query{
			Reads:   []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: read.Text}}},
			Channel: channels[c],
		}
	}
	return queries
}

var channels = [...]match.Channel{
	vintest.Typed: match.Typed, vintest.Camera: match.Camera, vintest.Barcode: match.Barcode, vintest.Stamped: match.Stamped,
}

// matchSides answer queries one by one, by channel. Before, the matcher has to
// find listed vehicles by their numbers.
func (r *run) matchSides(reg *register, n int) ([]measure.Side, error) {
	m := match.New(reg.idx, match.Options{})
	known := reg.world.Reads(100, vintest.Typed, 0, 1)
	for _, read := range known {
		q := match.Query{Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: read.Text}}}}
		res, err := m.Match(r.ctx, q)
		if err != nil {
			return nil, err
		}
		if len(res.Findings) == 0 || res.Findings[0].Record.VIN != reg.world.VIN(read.Vehicle) {
			return nil, fmt.Errorf("match: a listed vehicle is not found")
		}
	}
	var sides []measure.Side
	for _, c := range vintest.Channels {
		queries := reg.queries(n, c)
		sides = append(sides, measure.Side{Name: c.String(), Each: func(h *measure.Histogram) error {
			for i := range queries {
				start := time.Now()
				_, err := m.Match(r.ctx, queries[i])
				h.Add(time.Since(start))
				if err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return sides, nil
}

// screenSides answer many queries at once.
func (r *run) screenSides(reg *register, n int) []measure.Side {
	m := match.New(reg.idx, match.Options{})
	queries := reg.queries(n, vintest.Typed)
	return []measure.Side{{Name: "typed", Ops: n, Turn: func() error {
		answered := 0
		for _, res := range m.Screen(r.ctx, slices.Values(queries), 0) {
			if res.Err != nil {
				return res.Err
			}
			answered++
		}
		return check(answered, n)
	}}}
}
