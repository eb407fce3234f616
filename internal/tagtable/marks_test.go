package tagtable_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// Marked keys are marked for single lookups and for batches, most others are not,
// and what lookups find stays what it was.
func TestMarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	table, keys := crowded(rng, 30_000)
	o := newOracle(keys)
	ask := make([]tagtable.Key, 20_000)
	for i := range ask {
		ask[i] = tagtable.Key{Hi: rng.Uint64() >> 50, Lo: rng.Uint64() >> 30}
		if i%2 == 0 {
			ask[i] = keys[rng.IntN(len(keys))]
		}
	}
	for _, k := range ask {
		if table.Marked(table.Hash(k)) {
			t.Fatalf("%x is marked before any is", k)
		}
	}
	marked := map[tagtable.Key]bool{}
	for _, k := range ask[:len(keys)/20] {
		table.Mark(table.Hash(k))
		marked[k] = true
	}
	agree(t, table, o, ask)
	others := 0
	var b tagtable.Batch
	for len(ask) > 0 {
		n := min(1+rng.IntN(tagtable.Block), len(ask))
		copy(b.Keys[:], ask[:n])
		table.Probe(&b, 0, n)
		for i, k := range ask[:n] {
			got := b.Marked>>i&1 != 0
			if got != table.Marked(table.Hash(k)) {
				t.Fatalf("%x is marked in one of a batch and a lookup, and not in the other", k)
			}
			if !got && marked[k] {
				t.Fatalf("%x is not marked", k)
			}
			if got && !marked[k] {
				others++
			}
		}
		if b.Marked>>(n-1)>>1 != 0 {
			t.Fatalf("marks %x behind %d keys", b.Marked, n)
		}
		ask = ask[n:]
	}
	// Fourteen keys a group, of which one in twenty is marked: one mark in 23.
	if others > 20_000/15 {
		t.Errorf("%d of 20,000 keys look marked and are not", others)
	}
}

// A table may be looked up and written to a file while others mark keys; the file
// is the same. Run with -race this is a test of more.
func TestMarkingMeanwhile(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	table, keys := crowded(rng, 10_000)
	before := written(t, table, keys)
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, k := range keys {
			table.Mark(table.Hash(k))
		}
	})
	agree(t, table, newOracle(keys), keys)
	if string(written(t, table, keys)) != string(before) {
		t.Error("marks change the file")
	}
	wg.Wait()
	if string(written(t, table, keys)) != string(before) {
		t.Error("marks change the file")
	}
}
