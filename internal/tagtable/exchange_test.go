package tagtable_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/internal/snapfile"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// file is a file in memory, for one goroutine.
type file struct{ b []byte }

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	if grow := int(at) + len(b) - len(f.b); grow > 0 {
		f.b = append(f.b, make([]byte, grow)...)
	}
	return copy(f.b[at:], b), nil
}

func written(t *testing.T, table *tagtable.Table, keys []tagtable.Key) []byte {
	t.Helper()
	var f file
	if _, err := snapfile.Write(&f, 1, func(x *snapfile.Exchange) { tagtable.Exchange(x, &table, &keys) }); err != nil {
		t.Fatal(err)
	}
	return f.b
}

func read(b []byte, keys []tagtable.Key) (table *tagtable.Table, err error) {
	err = snapfile.Read(bytes.NewReader(b), int64(len(b)), 2, func(x *snapfile.Exchange) { tagtable.Exchange(x, &table, &keys) })
	return table, err
}

// crowded returns a table with full groups and spill lists, and its keys.
func crowded(rng *rand.Rand, n int) (*tagtable.Table, []tagtable.Key) {
	keys := make([]tagtable.Key, n)
	for i := range keys {
		keys[i] = tagtable.Key{Hi: rng.Uint64() >> 50, Lo: rng.Uint64() >> 30}
	}
	slices.SortFunc(keys, tagtable.Key.Compare)
	return tagtable.BuildLoad(keys, 7, 1, 14), keys
}

func TestExchange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 100, 30_000} {
		table, keys := crowded(rng, n)
		got, err := read(written(t, table, keys), keys)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(table) {
			t.Errorf("%d keys: another table is read than was written", n)
		}
		agree(t, got, newOracle(keys), append(slices.Clone(keys), tagtable.Key{Hi: 1, Lo: 1}))
	}
}

// Tables that somebody forged are refused, or answer.
func TestExchangeForged(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	opened := 0
	for range 20_000 {
		table, keys := crowded(rng, rng.IntN(100))
		for range 1 + rng.IntN(2) {
			word := pickWord(rng, len(keys))
			slots, tags, spill := table.Parts(rng.IntN(table.Groups()))
			switch s := rng.IntN(3); {
			case s == 0:
				// Bits of tags, of which most make a slot wanted or a spill list.
				tags[rng.IntN(2)] ^= 1 << rng.IntN(64)
			case s == 1:
				slots[rng.IntN(len(slots))] = word
			case len(spill) > 0:
				spill[rng.IntN(len(spill))] = word
			}
		}
		if rng.IntN(20) == 0 {
			keys = keys[:len(keys)*rng.IntN(3)/2]
		}
		got, err := read(written(t, table, keys), keys)
		if err != nil {
			if !errors.Is(err, snapfile.ErrDamaged) {
				t.Fatal(err)
			}
			continue
		}
		opened++
		ask := slices.Clone(keys)
		for range 100 {
			ask = append(ask, tagtable.Key{Hi: rng.Uint64() >> 50, Lo: rng.Uint64() >> 30})
		}
		dst := make([]uint32, len(ask))
		batch(got, dst, ask)
		for i, k := range ask {
			pos, ok := got.Lookup(k)
			for _, pos := range []uint32{pos, dst[i]} {
				if ok && pos != none && keys[pos] != k {
					t.Fatalf("%x is found at %d, where %x is", k, pos, keys[pos])
				}
			}
		}
	}
	if opened < 1000 {
		t.Errorf("only %d were opened", opened)
	}
}

// pickWord draws a position or the start of a list, or nearly one.
func pickWord(rng *rand.Rand, keys int) uint32 {
	word := uint32(rng.IntN(keys + 3))
	if rng.IntN(3) == 0 {
		word |= 1 << 31
	}
	if rng.IntN(10) == 0 {
		word = rng.Uint32()
	}
	return word
}

// Many groups that share one long list could make checking quadratic.
func TestExchangeRefusesSharedLists(t *testing.T) {
	table, keys := crowded(rand.New(rand.NewPCG(3, 4)), 30_000)
	start, listed := uint32(0), 0
	for g := range table.Groups() {
		slots, tags, _ := table.Parts(g)
		if tags[1]>>32 == 0 {
			continue
		}
		if start == 0 {
			start = slots[11]
		}
		slots[11] = start
		listed++
	}
	if listed < 100 {
		t.Fatal("too few keys are spilled")
	}
	if _, err := read(written(t, table, keys), keys); !errors.Is(err, snapfile.ErrDamaged) {
		t.Errorf("lists that share their words: %v", err)
	}
}
