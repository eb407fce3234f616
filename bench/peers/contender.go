package main

import (
	"context"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// A contender holds what is listed in its own way, and answers.
type contender interface {
	// describe names it for the report.
	describe() description

	// build makes it of what is listed, in no order.
	build(ctx context.Context, listed []entry) error

	// prepare returns what answers a question, nil if the contender cannot do
	// better than go through everything. What is only another form of the
	// number asked, such as a key or the arguments of a statement, is made
	// here; the search for an answer begins with the call of what it returns.
	prepare(q *question) ask

	// batch returns what looks up many numbers at once: dst[i] becomes the
	// record of vins[i] or index.NoRow. Contenders without whole numbers
	// return nil.
	batch(vins []vin.VIN) func(dst []index.Row) error

	// close frees what it holds.
	close() error
}

// A description says which contender this is and how it is set up.
type description struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Setup   string `json:"setup"` // what was chosen, and why it is the strongest
}

// An ask appends the records that answer a question, at most limit of them.
type ask func(dst []index.Row) ([]index.Row, error)

// A part is some of the memory of a contender.
type part struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// theRest, as the bytes of a part, stands for what the heap has grown beside the
// other parts.
const theRest = -1

// A measurer knows the size of its parts. Others are measured by what the heap
// has grown, and need all of that for every form.
type measurer interface {
	parts(ctx context.Context) ([]part, error)

	// needs returns the names of the parts that answers to a form take.
	needs(f form) []string
}

// A judge of its own says whether answers are right where they may be others than
// those of vinmatch, in the place of [world.compare].
type judge interface {
	compare(w *world, q *question, got, want []index.Row) error
}

// A server answers in another process, and tells how long that took by itself.
type server interface {
	// explain answers a question and returns how many nanoseconds the server
	// spent on executing it; planning, the client and the way between them do
	// not count.
	explain(ctx context.Context, q *question) (float64, error)

	// idle returns how many nanoseconds explain gives where nothing is to be
	// done.
	idle(ctx context.Context) (float64, error)
}
