package match_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
)

// TestScreen compares screening with asking one by one, over streams that end
// within a block, at its end, and in the depth of the queue.
func TestScreen(t *testing.T) {
	w := newWorld(4, 200)
	m := register(t, w.records...)
	var queries []match.Query
	var want [][]string
	for i := range 5*match.BlockLen + 17 {
		q := w.query()
		switch i % 97 {
		case 3:
			q.Reads = nil
		case 5:
			q.Reads = []match.Read{{}}
		}
		r, err := m.Match(t.Context(), q)
		if err != nil {
			r.Err = err
		}
		queries, want = append(queries, q), append(want, whole(r))
	}
	for _, workers := range []int{-1, 0, 1, 2, 7} {
		for _, n := range []int{0, 1, match.BlockLen - 1, match.BlockLen, 2*match.BlockLen + 1, len(queries)} {
			i := 0
			for q, r := range m.Screen(t.Context(), slices.Values(queries[:n]), workers) {
				if !slices.Equal(queries[i].Reads, q.Reads) || queries[i].Claim != q.Claim {
					t.Fatalf("%d workers: query %d is not the one that was asked", workers, i)
				}
				if d := cmp.Diff(want[i], whole(r)); d != "" {
					t.Fatalf("%d workers: query %d: -Match +Screen\n%s", workers, i, d)
				}
				i++
			}
			if i != n {
				t.Errorf("%d workers: %d results of %d queries", workers, i, n)
			}
		}
	}
}

// whole is all of a result in lines that are cheap to compare.
func whole(r match.Result) []string {
	lines := append(verdicts(r), brief(r)...)
	if r.Err != nil {
		lines = append(lines, r.Err.Error())
	}
	return lines
}

// endless yields one query for ever and counts.
func endless(q match.Query, drawn *int) iter.Seq[match.Query] {
	return func(yield func(match.Query) bool) {
		for yield(q) {
			*drawn++
		}
	}
}

// TestScreenBounds breaks off endless streams: synctest fails a test that
// leaves a goroutine behind.
func TestScreenBounds(t *testing.T) {
	m := register(t, withVIN(accord))
	q := read(index.KindVIN, accord)
	for _, workers := range []int{1, 3} {
		for _, after := range []int{1, 2, match.BlockLen, 3*match.BlockLen + 5} {
			t.Run(fmt.Sprintf("break/%d workers/%d", workers, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					drawn, got := 0, 0
					for range m.Screen(t.Context(), endless(q, &drawn), workers) {
						if got++; got == after {
							break
						}
					}
					if most := after + match.BlockLen*(4*workers+1); drawn > most {
						t.Errorf("%d queries read ahead of %d results, want %d at most", drawn, got, most)
					}
				})
			})
			t.Run(fmt.Sprintf("cancel/%d workers/%d", workers, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					drawn, got := 0, 0
					var last match.Result
					for _, last = range m.Screen(ctx, endless(q, &drawn), workers) {
						if got++; got == after {
							cancel()
						}
						if last.Err != nil && got < after {
							t.Fatal(last.Err)
						}
					}
					if !errors.Is(last.Err, context.Canceled) {
						t.Errorf("the run ends without a word: %v", last.Err)
					}
					if most := after + match.BlockLen*(4*workers+1); got > most {
						t.Errorf("%d results after the context ended", got-after)
					}
				})
			})
		}
	}
}

func TestScreenPanicInLoop(t *testing.T) {
	m := register(t, withVIN(accord))
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if r := recover(); r != "loop" {
				t.Errorf("recovered %v", r)
			}
		}()
		drawn := 0
		for range m.Screen(t.Context(), endless(read(index.KindVIN, accord), &drawn), 2) {
			panic("loop")
		}
	})
}

// TestScreenEnded gives an ended context: one query says so, and no more are
// drawn.
func TestScreenEnded(t *testing.T) {
	m := register(t, withVIN(accord))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	drawn := 0
	var errs []error
	for _, r := range m.Screen(ctx, endless(read(index.KindVIN, accord), &drawn), 2) {
		errs = append(errs, r.Err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) || drawn != 0 {
		t.Errorf("errors %v after %d queries", errs, drawn)
	}
}
