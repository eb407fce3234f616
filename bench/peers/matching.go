package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

// matchName is the name of the contender that judges what it finds.
const matchName = "vinmatch, match"

// matching is the package match, over the index of vinmatch.
type matching struct {
	ours    *ours
	matcher *match.Matcher
}

func (*matching) describe() description {
	return description{
		Name: matchName,
		Setup: "match.New with Near: Always, over the index of vinmatch, whose bytes it needs beside its own; the channel is a camera. " +
			"From the text to findings with probability and evidence. It tells more than was asked: where one error explains nothing " +
			"and the number cannot be right, it looks for two, which is most of its time. " +
			"What it finds with one error is compared.",
	}
}

func (c *matching) build(context.Context, []entry) error {
	c.matcher = match.New(c.ours.idx, match.Options{Near: match.Always})
	return nil
}

func (c *matching) prepare(q *question) ask {
	if q.form != oneError {
		return nil
	}
	query := match.Query{
		Channel: match.Camera,
		Reads:   []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: q.vin.String()}}},
		Limit:   1000,
	}
	return func(dst []index.Row) ([]index.Row, error) {
		result, err := c.matcher.Match(context.Background(), query)
		if err != nil {
			return dst, err
		}
		for i := range result.Findings {
			id, err := strconv.ParseUint(result.Findings[i].Record.ID, 36, 32)
			if err != nil {
				return dst, fmt.Errorf("the ID of a record: %w", err)
			}
			dst = append(dst, index.Row(id))
		}
		return dst, result.Err
	}
}

// compare compares what differs by one error.
func (*matching) compare(w *world, q *question, got, want []index.Row) error {
	for _, row := range got {
		if int(row) >= len(w.sorted) {
			return fmt.Errorf("%w: no such record", errDiffers)
		}
	}
	near := slices.DeleteFunc(slices.Clone(got), func(row index.Row) bool { return !q.want(w.sorted[row]) })
	return w.compare(q, near, want)
}

func (*matching) batch([]vin.VIN) func([]index.Row) error { return nil }

func (c *matching) close() error { c.matcher = nil; return nil }
