package index_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
	"github.com/vinmatch/vinmatch/vin"
)

// A file is a snapshot taken apart by the letter of its format, to be changed and
// put together again with all checksums right.
type file struct{ sections []section }

type section struct {
	name       string
	item, note uint64
	data       []byte
}

func takeApart(b []byte) (f file) {
	le := binary.LittleEndian
	table := b[32:][:56*le.Uint32(b[12:])]
	for e := range slices.Chunk(table, 56) {
		f.sections = append(f.sections, section{
			name: strings.TrimRight(string(e[:16]), "\x00"),
			item: le.Uint64(e[32:]),
			note: le.Uint64(e[40:]),
			data: slices.Clone(b[le.Uint64(e[16:]):][:le.Uint64(e[24:])]),
		})
	}
	return f
}

func (f file) putTogether() []byte {
	le := binary.LittleEndian
	size := 32 + 56*len(f.sections)
	for _, s := range f.sections {
		size += 64 + len(s.data)
	}
	b := make([]byte, 32+56*len(f.sections), size)
	for i, s := range f.sections {
		b = append(b, make([]byte, -len(b)&63)...)
		e := b[32+56*i:][:56]
		copy(e[:16], s.name)
		le.PutUint64(e[16:], uint64(len(b)))
		le.PutUint64(e[24:], uint64(len(s.data)))
		le.PutUint64(e[32:], s.item)
		le.PutUint64(e[40:], s.note)
		le.PutUint64(e[48:], checksum(s.data, s.item))
		b = append(b, s.data...)
	}
	copy(b, "\x89VMX\r\n\x1a\n")
	le.PutUint32(b[8:], 1)
	le.PutUint32(b[12:], uint32(len(f.sections)))
	le.PutUint64(b[16:], uint64(len(b)))
	le.PutUint64(b[24:], xxhash.Sum64(slices.Concat(b[:24], b[32:32+56*len(f.sections)])))
	return b
}

// checksum is that of a section.
func checksum(data []byte, item uint64) uint64 {
	var sums []byte
	for part := range slices.Chunk(data, int(1<<20/item*item)) {
		sums = binary.LittleEndian.AppendUint64(sums, xxhash.Sum64(part))
	}
	return xxhash.Sum64(sums)
}

func (f file) clone() file {
	f.sections = slices.Clone(f.sections)
	for i := range f.sections {
		f.sections[i].data = slices.Clone(f.sections[i].data)
	}
	return f
}

// forge changes something, and says what.
func (f file) forge(rng *rand.Rand, only string) string {
	s := &f.sections[rng.IntN(len(f.sections))]
	for only != "" && !strings.HasPrefix(s.name, only) {
		s = &f.sections[rng.IntN(len(f.sections))]
	}
	n := len(s.data)
	at := rng.IntN(n + 1)
	switch what := rng.IntN(12); {
	case what == 0: // other items
		if size := uint64(1) << rng.IntN(7); uint64(n)%size == 0 {
			s.item = size
			return fmt.Sprintf("%s: items of %d bytes", s.name, size)
		}
	case what == 1:
		s.note = value(rng)
		return fmt.Sprintf("%s: number %d", s.name, s.note)
	case what == 2: // shorter
		s.data = s.data[:at/int(s.item)*int(s.item)]
		return fmt.Sprintf("%s: %d bytes of %d", s.name, len(s.data), n)
	case what == 3: // longer
		s.data = append(s.data, slices.Repeat([]byte{byte(value(rng))}, int(s.item)*rng.IntN(20))...)
		return fmt.Sprintf("%s: %d bytes instead of %d", s.name, len(s.data), n)
	case what == 4: // the data of another
		o := &f.sections[rng.IntN(len(f.sections))]
		s.data, o.data = o.data, s.data
		s.item, o.item = o.item, s.item
		return fmt.Sprintf("%s and %s have each other's data", s.name, o.name)
	case what == 5 && n >= 2*int(s.item): // items change places
		i, j := rng.IntN(n/int(s.item))*int(s.item), rng.IntN(n/int(s.item))*int(s.item)
		for k := range int(s.item) {
			s.data[i+k], s.data[j+k] = s.data[j+k], s.data[i+k]
		}
		return fmt.Sprintf("%s: bytes %d and %d have changed places", s.name, i, j)
	case what < 9 && n > 0: // a bit
		at = rng.IntN(n)
		s.data[at] ^= 1 << rng.IntN(8)
		return fmt.Sprintf("%s: a bit of byte %d", s.name, at)
	case n > 0: // a value, where an item begins or anywhere
		at = rng.IntN(n)
		if rng.IntN(4) > 0 {
			at = at / int(s.item) * int(s.item)
		}
		var v [8]byte
		binary.LittleEndian.PutUint64(v[:], value(rng))
		copy(s.data[at:min(at+1<<rng.IntN(4), n)], v[:])
		return fmt.Sprintf("%s: % x at %d", s.name, v, at)
	}
	return f.forge(rng, only)
}

// value draws numbers that programs stumble on.
func value(rng *rand.Rand) uint64 {
	switch rng.IntN(4) {
	case 0:
		return pick(rng, []uint64{
			0, math.MaxUint64, math.MaxInt64, 1 << 63, math.MaxUint32, math.MaxInt32, 1 << 31, math.MaxUint16, 255, 128,
		})
	case 1:
		return rng.Uint64() >> rng.IntN(64)
	default:
		return rng.Uint64N(300)
	}
}

// registerToForge returns a snapshot with all sorts of sections, and its keys. With
// ten thousand records its bitmaps have containers of all sorts too.
func registerToForge(t testing.TB, rng *rand.Rand, n int) ([]byte, []index.Key) {
	var given []index.Record
	for len(given) < n {
		given = append(given, randomRecord(rng))
		r := &given[len(given)-1]
		r.ID = fmt.Sprint(len(given))
		if rng.IntN(2) == 0 {
			r.Status = index.Stolen
		}
		if len(given) > 2000 && len(given) < 5000 {
			r.VIN, r.Owner = vin.MustParse(fmt.Sprintf("2FRGED000%08d", len(given))), "FR" // a run of rows
		}
	}
	x := mustBuild(t, index.Options{Seed: 1, OnRefused: func(*index.Refusal) {}}, given)
	var changes []index.Change
	for _, r := range given[:3] {
		r.Version++
		changes = append(changes, index.Change{By: r.Owner, Op: index.Withdraw, Record: r, At: firstDay})
	}
	if _, err := x.Apply(index.Position{Lineage: [16]byte{1}, Seq: 7}, changes); err != nil {
		t.Fatal(err)
	}
	var keys []index.Key
	for _, r := range given {
		keys = append(keys, keysOf(r)...)
	}
	return saved(t, x), keys
}

// saved returns the bytes of a snapshot.
func saved(t testing.TB, x *index.Index) []byte {
	t.Helper()
	var f memory
	if err := x.SaveTo(&f); err != nil {
		t.Fatal(err)
	}
	return f.b
}

// memory is a file in memory.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if grow := int(at) + len(b) - len(m.b); grow > 0 {
		m.b = append(m.b, make([]byte, grow)...)
	}
	return copy(m.b[at:], b), nil
}

// exercise asks an index everything there is to ask. Nothing is known of the
// answers but that there are any.
func exercise(t testing.TB, rng *rand.Rand, x *index.Index, keys []index.Key) {
	t.Helper()
	v := x.View()
	ask(rng, v, keys)
	var changes []index.Change
	for row := range v.All() {
		if r := v.Record(row); len(changes) < 4 {
			r.Version++
			r.VIN = randomVIN(rng)
			changes = append(changes, index.Change{By: r.Owner, Op: index.Put + index.Op(rng.IntN(2)), Record: r})
		}
	}
	fresh := randomRecord(rng)
	changes = append(changes, index.Change{By: fresh.Owner, Op: index.Put, Record: fresh})
	at := v.Position()
	if _, err := x.Apply(at, changes); err != nil {
		t.Fatal(err)
	}
	ask(rng, x.View(), keys)
	var e *index.SnapshotError
	switch y, err := index.OpenBytes(saved(t, x), index.Options{Workers: 1}); {
	case err == nil:
		ask(rng, y.View(), keys)
	case !errors.As(err, &e): // what is merged may be worse than what it was merged of
		t.Fatalf("changed, saved and opened: %v", err)
	}
	x.Stats()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func ask(rng *rand.Rand, v *index.View, keys []index.Key) {
	for range v.PlateCountries() {
	}
	askFilters(rng, v, keys)
	search(rng, v)
	dst := make([]index.Row, len(keys))
	v.LookupBatch(dst, keys)
	for i, k := range keys {
		row, _ := v.Lookup(k)
		for _, row := range []index.Row{row, dst[i]} {
			if row != index.NoRow {
				v.Record(row)
			}
		}
		for row := range v.Rows(k) {
			v.Record(row)
		}
	}
	for row := range v.All() {
		v.Record(row)
	}
}

// search asks for partial numbers of all kinds, along every path.
func search(rng *rand.Rand, v *index.View) {
	s := v.Select(randomFilter(rng, 1).filter)
	if rng.IntN(2) == 0 {
		s = nil
	}
	for range 5 {
		number := randomVIN(rng).String()
		like := index.Number{Kind: index.KindVIN, Text: pick(rng, []string{
			"*" + number[11:], number[:3] + "*" + number[13:], number[:9] + "*", number[:13] + "??" + number[15:],
			"*" + number[4:9] + "*", "*" + number[16:], number, "*", number[:8] + "[8B]*",
		})}
		_, _ = v.SearchNumbers(context.Background(), like, s, 1+rng.IntN(20)) // what is no pattern is no matter here
		like.Kind += index.Kind(rng.IntN(8))
		like.Text = pick(rng, []string{"*1*", "A*", "?B12*", "*", "*京*", "AE86500123?", "*4"})
		_, _ = v.SearchNumbers(context.Background(), like, s, 1+rng.IntN(20))
	}
}

func askFilters(rng *rand.Rand, v *index.View, keys []index.Key) {
	dst := make([]index.Row, len(keys))
	for range 4 {
		f := randomFilter(rng, 2).filter
		s := v.Select(f)
		v.Count(f)
		v.LookupBatchWhere(dst, keys, s)
		for _, k := range keys[:min(5, len(keys))] {
			for range v.RowsWhere(k, s) {
			}
		}
	}
}

// Whoever writes a file can make its checksums right: it is refused, or harmless.
func TestForged(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	n := trials.Number(8_000)
	if raceEnabled && !testing.Short() && !trials.Whole() {
		n = max(1, n/20)
	}
	small, keys := registerToForge(t, rng, 30)
	large, largeKeys := registerToForge(t, rng, 10_000)
	largeKeys = largeKeys[:100]
	if got := takeApart(small).putTogether(); !bytes.Equal(got, small) {
		t.Fatal("taken apart and put together, a snapshot differs")
	}
	opened := 0
	for i := range n {
		good, only := small, ""
		if i%40 == 0 {
			good, only = large, "by "
		}
		f := takeApart(good)
		what := f.forge(rng, only)
		for rng.IntN(3) == 0 {
			what += ", " + f.forge(rng, only)
		}
		b := f.putTogether()
		start := time.Now()
		x, err := index.OpenBytes(b, index.Options{Workers: 1 + rng.IntN(2), Seed: 1})
		var e *index.SnapshotError
		switch {
		case err == nil:
			opened++
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s", what)
						panic(p)
					}
				}()
				if only != "" {
					askFilters(rng, x.View(), largeKeys)
				} else {
					exercise(t, rng, x, keys)
				}
			}()
		case !errors.As(err, &e) || !errors.Is(err, index.ErrDamaged) && !errors.Is(err, index.ErrVersion):
			t.Fatalf("%s: %v", what, err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: takes %v", what, took)
		}
	}
	t.Logf("%d were opened", opened)
	trials.Done(t, n)
	if opened == 0 {
		t.Error("nothing was opened, so nothing was tried")
	}
}

// Without the instructions that roaring prefers it takes other ways.
func TestForgedOnOlderProcessors(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("the ordinary run does it")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestForged$", "-test.v", "-trials=2000")
	cmd.Env = append(os.Environ(), "GODEBUG=cpu.avx512vbmi2=off,cpu.avx512=off")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("were opened")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// refused checks that bytes are refused with a typed error.
func refused(t *testing.T, b []byte, why string, args ...any) {
	t.Helper()
	_, err := index.OpenBytes(b, index.Options{Workers: 1})
	var e *index.SnapshotError
	if !errors.As(err, &e) || !errors.Is(err, index.ErrDamaged) && !errors.Is(err, index.ErrVersion) {
		t.Fatalf("%s: %v", fmt.Sprintf(why, args...), err)
	}
}

// TestDamage damages a snapshot of ten thousand records in each way that disks and
// systems do: no damage goes unnoticed.
func TestDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	good, _ := registerToForge(t, rng, 10_000)
	older, _ := registerToForge(t, rng, 10_000)
	bad := slices.Clone(good)
	table := 32 + 56*int(binary.LittleEndian.Uint32(good[12:]))
	// sample yields the whole or, in an ordinary run, a part of n places.
	sample := func(n, part int) iter.Seq[int] {
		step := 1
		switch {
		case trials.Whole():
		case testing.Short():
			step = max(1, 10*n/part)
		default:
			step = max(1, n/part)
		}
		return func(yield func(int) bool) {
			for i := rng.IntN(step); i < n && yield(i); i += step {
			}
		}
	}
	for _, tc := range []struct {
		name string
		try  func(t *testing.T) (done int)
	}{
		{"Flips", func(t *testing.T) int {
			n := trials.Number(1000)
			for range n {
				bit := rng.IntN(8 * len(good))
				bad[bit/8] ^= 1 << (bit % 8)
				refused(t, bad, "bit %d of byte %d", bit%8, bit/8)
				bad[bit/8] ^= 1 << (bit % 8)
			}
			return n
		}},
		{"Header", func(t *testing.T) (done int) { // and the table of sections
			for bit := range sample(8*table, 2000) {
				bad[bit/8] ^= 1 << (bit % 8)
				refused(t, bad, "bit %d of byte %d", bit%8, bit/8)
				bad[bit/8] ^= 1 << (bit % 8)
				done++
			}
			return done
		}},
		{"Truncations", func(t *testing.T) (done int) {
			for n := range sample(len(good), 10_000) {
				refused(t, good[:n], "cut after %d bytes", n)
				done++
			}
			return done
		}},
		{"Extensions", func(t *testing.T) (done int) {
			for n := range sample(8192, 100) {
				refused(t, append(slices.Clip(good), make([]byte, n+1)...), "%d zeros more", n+1)
				refused(t, append(slices.Clip(good), good[:min(n+1, len(good))]...), "%d bytes more", n+1)
				done += 2
			}
			return done
		}},
		{"Pages", func(t *testing.T) int { return tear(t, good, nil, 4096, sample) }},
		{"Sectors", func(t *testing.T) int { return tear(t, good, nil, 512, sample) + tear(t, good, older, 512, sample) }},
	} {
		t.Run(tc.name, func(t *testing.T) { trials.Done(t, tc.try(t)) })
	}
}

// tear puts in the place of each part what an older file has there, or zeros, and
// of a run of parts that begins there.
func tear(t *testing.T, good, older []byte, size int, sample func(n, part int) iter.Seq[int]) (done int) {
	for i := range sample(len(good)/size, 80) {
		for _, end := range []int{(i + 1) * size, min((i+1+i%7)*size, len(good)), len(good)} {
			bad := slices.Clone(good)
			clear(bad[i*size : end])
			if older != nil {
				copy(bad[i*size:end], older[min(i*size, len(older)):])
			}
			if !bytes.Equal(bad, good) {
				refused(t, bad, "bytes %d to %d are not written", i*size, end)
				done++
			}
		}
	}
	return done
}

func TestDamagedSnapshots(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	good, _ := registerToForge(t, rng, 20)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << rng.IntN(8)
		refused(t, bad, "a bit of byte %d", i)
	}
	for n := range good {
		refused(t, good[:n], "cut after %d bytes", n)
	}
	for n := 1; n < 100; n++ {
		refused(t, append(slices.Clone(good), make([]byte, n)...), "%d bytes more", n)
	}
	// Sections change places, with and without their entries in the table.
	f := takeApart(good)
	for i := range f.sections {
		for j := range i {
			if a, b := f.sections[i], f.sections[j]; !bytes.Equal(a.data, b.data) || a.item != b.item || a.note != b.note {
				g := f.clone()
				g.sections[i], g.sections[j] = g.sections[j], g.sections[i]
				refused(t, g.putTogether(), "%s and %s have changed places", a.name, b.name)
			}
		}
	}
	for i, s := range f.sections {
		g := f.clone()
		g.sections = slices.Delete(g.sections, i, i+1)
		refused(t, g.putTogether(), "without %s", s.name)
		g.sections = slices.Insert(g.sections, i, s, s)
		refused(t, g.putTogether(), "%s twice", s.name)
	}
}

// FuzzOpen takes any bytes, as they are and with their checksums made right.
func FuzzOpen(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	good, keys := registerToForge(f, rng, 5)
	f.Add(good, uint64(1))
	f.Add(mustRead(f, golden), uint64(3))
	f.Add([]byte("\x89VMX\r\n\x1a\n\x01\x00\x00\x00\x00\x00\x00\x00"), uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		for _, b := range [][]byte{b, seal(b)} {
			x, err := index.OpenBytes(b, index.Options{Workers: 1, Seed: 1})
			var e *index.SnapshotError
			if err == nil {
				exercise(t, rand.New(rand.NewPCG(seed, 0)), x, keys)
			} else if !errors.As(err, &e) {
				t.Fatalf("%v is no *SnapshotError", err)
			}
		}
	})
}

// seal makes the checksums of a file right, as far as it has places for them.
func seal(b []byte) []byte {
	b = slices.Clone(b)
	sealInPlace(b)
	return b
}

func sealInPlace(b []byte) {
	le := binary.LittleEndian
	if len(b) < 32 || uint64(le.Uint32(b[12:])) > uint64(len(b)-32)/56 {
		return
	}
	table := b[32:][:56*le.Uint32(b[12:])]
	for e := range slices.Chunk(table, 56) {
		offset, length, item := le.Uint64(e[16:]), le.Uint64(e[24:]), le.Uint64(e[32:])
		if offset <= uint64(len(b)) && length <= uint64(len(b))-offset && 0 < item && item <= 4096 {
			le.PutUint64(e[48:], checksum(b[offset:][:length], item))
		}
	}
	le.PutUint64(b[16:], uint64(len(b)))
	le.PutUint64(b[24:], xxhash.Sum64(slices.Concat(b[:24], table)))
}
