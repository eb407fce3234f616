package snapfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/snapfile"
)

// A sample has a section of every sort.
type sample struct {
	Rows, Day int
	Least     uint64
	Small     []uint8
	Wide      []uint64
	Pairs     []pair
	Empty     []uint32
	Text      []byte
	Large     []uint32
}

type pair struct{ Hi, Lo uint32 }

var pairForm = flat.Form[pair]{
	Size: 8,
	Put: func(b []byte, p *pair) {
		binary.LittleEndian.PutUint32(b, p.Hi)
		binary.LittleEndian.PutUint32(b[4:], p.Lo)
	},
	Get: func(b []byte, p *pair) {
		p.Hi, p.Lo = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	},
}

func (s *sample) exchange(x *snapfile.Exchange) {
	x.Ints("counts", &s.Rows, &s.Day)
	x.Note(&s.Least)
	snapfile.Slice(x, "small", flat.Uint[uint8](), &s.Small)
	snapfile.Slice(x, "wide", flat.Uint[uint64](), &s.Wide)
	snapfile.Slice(x, "pairs", pairForm, &s.Pairs)
	snapfile.Slice(x, "empty", flat.Uint[uint32](), &s.Empty)
	x.Stream("text", int64(len(s.Text)), func(w io.Writer) error {
		for text := s.Text; len(text) > 0; {
			n := min(len(text), 700)
			if _, err := w.Write(text[:n]); err != nil {
				return err
			}
			text = text[n:]
		}
		return nil
	}, &s.Text)
	snapfile.Slice(x, "large", flat.Uint[uint32](), &s.Large)
	x.Check(func() error {
		if len(s.Small) != s.Rows {
			return x.Damaged("small", "%d values, want %d", len(s.Small), s.Rows)
		}
		return nil
	})
}

func smallSample() *sample {
	return &sample{
		Rows: 3, Day: 700_000, Least: 1 << 63, Small: []uint8{1, 2, 255}, Wide: []uint64{math.MaxUint64, 1},
		Pairs: []pair{{1, 2}, {3, 4}, {5, 6}}, Empty: []uint32{}, Text: []byte("not a number"), Large: []uint32{7},
	}
}

// largeSample has sections of several parts.
func largeSample() *sample {
	rng := rand.New(rand.NewPCG(1, 2))
	s := smallSample()
	s.Large = make([]uint32, 1<<19+3)
	for i := range s.Large {
		s.Large[i] = rng.Uint32()
	}
	s.Text = bytes.Repeat([]byte("a text of 22 characters"), 1<<16)
	return s
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

func write(t testing.TB, s *sample) []byte {
	t.Helper()
	var f memory
	n, err := snapfile.Write(&f, 1, s.exchange)
	if err != nil || n != int64(len(f.b)) {
		t.Fatalf("Write returns %d, %v for %d bytes", n, err, len(f.b))
	}
	return f.b
}

func read(b []byte) (*sample, error) {
	s := &sample{}
	return s, snapfile.Read(bytes.NewReader(b), int64(len(b)), 2, s.exchange)
}

// Memory that has to be converted and memory that is written as it is make the
// same file, and are made from it.
func TestRoundTrip(t *testing.T) {
	for name, s := range map[string]*sample{
		"small": smallSample(), "large": largeSample(),
		"nothing": {Small: []uint8{}, Wide: []uint64{}, Pairs: []pair{}, Empty: []uint32{}, Text: []byte{}, Large: []uint32{}},
	} {
		want := write(t, s)
		for workers := 1; workers < 4; workers++ {
			var plain, converted memory
			if _, err := snapfile.Write(&plain, workers, s.exchange); err != nil {
				t.Fatal(err)
			}
			if _, err := snapfile.WriteConverting(&converted, workers, s.exchange); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(plain.b, want) || !bytes.Equal(converted.b, want) {
				t.Errorf("%s: %d workers write another file, converting or not", name, workers)
			}
			for mode, read := range map[string]func(io.ReaderAt, int64, int, func(*snapfile.Exchange)) error{
				"as it is": snapfile.Read, "converting": snapfile.ReadConverting,
			} {
				got := &sample{}
				if err := read(bytes.NewReader(want), int64(len(want)), workers, got.exchange); err != nil {
					t.Fatalf("%s, read %s: %v", name, mode, err)
				}
				if !reflect.DeepEqual(got, s) {
					t.Errorf("%s, read %s: not what was written", name, mode)
				}
			}
		}
	}
}

// A parsed file is one that was read by the letter of the package comment.
type parsed struct {
	names  []string
	data   map[string][]byte
	item   map[string]uint64
	note   map[string]uint64
	offset map[string]uint64
}

func parse(t *testing.T, b []byte) parsed {
	t.Helper()
	le := binary.LittleEndian
	if string(b[:8]) != "\x89VMX\r\n\x1a\n" || le.Uint32(b[8:]) != 1 || le.Uint64(b[16:]) != uint64(len(b)) {
		t.Fatalf("header % x", b[:32])
	}
	n := le.Uint32(b[12:])
	if sum := xxhash.Sum64(slices.Concat(b[:24], b[32:32+56*n])); sum != le.Uint64(b[24:]) {
		t.Fatalf("checksum of the table %x, want %x", le.Uint64(b[24:]), sum)
	}
	p := parsed{nil, map[string][]byte{}, map[string]uint64{}, map[string]uint64{}, map[string]uint64{}}
	for e := b[32 : 32+56*n]; len(e) > 0; e = e[56:] {
		name := string(bytes.TrimRight(e[:16], "\x00"))
		offset, length, item := le.Uint64(e[16:]), le.Uint64(e[24:]), le.Uint64(e[32:])
		if offset%64 != 0 {
			t.Errorf("%s begins at %d", name, offset)
		}
		data := b[offset:][:length]
		var sums []byte
		for part := range slices.Chunk(data, int(1<<20/item*item)) {
			sums = le.AppendUint64(sums, xxhash.Sum64(part))
		}
		if sum := xxhash.Sum64(sums); sum != le.Uint64(e[48:]) {
			t.Errorf("checksum of %s: %x, want %x", name, le.Uint64(e[48:]), sum)
		}
		p.names = append(p.names, name)
		p.data[name], p.item[name], p.note[name], p.offset[name] = data, item, le.Uint64(e[40:]), offset
	}
	return p
}

func TestFormat(t *testing.T) {
	large := largeSample()
	p := parse(t, write(t, large))
	if want := []string{"counts", "small", "wide", "pairs", "empty", "text", "large"}; !slices.Equal(p.names, want) {
		t.Errorf("sections %q, want %q", p.names, want)
	}
	if p.note["small"] != large.Least || p.note["wide"] != 0 {
		t.Errorf("notes %v", p.note)
	}
	for name, want := range map[string][]byte{
		"counts": {3, 0, 0, 0, 0, 0, 0, 0, 0x60, 0xAE, 0x0A, 0, 0, 0, 0, 0},
		"small":  {1, 2, 255},
		"pairs":  {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0},
		"empty":  {},
		"text":   large.Text,
	} {
		if !bytes.Equal(p.data[name], want) {
			t.Errorf("%s: % .40x, want % .40x", name, p.data[name], want)
		}
	}
	if p.item["pairs"] != 8 || p.item["text"] != 1 {
		t.Errorf("item sizes %v", p.item)
	}
}

// refused checks that bytes are refused with a typed error.
func refused(t *testing.T, b []byte, why string, args ...any) {
	t.Helper()
	_, err := read(b)
	var e *snapfile.Error
	if !errors.As(err, &e) || !errors.Is(err, snapfile.ErrDamaged) && !errors.Is(err, snapfile.ErrVersion) {
		t.Fatalf("%s: %v", fmt.Sprintf(why, args...), err)
	}
}

func TestEveryBitCounts(t *testing.T) {
	good := write(t, smallSample())
	for i := range good {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[i] ^= 1 << bit
			refused(t, bad, "bit %d of byte %d", bit, i)
		}
	}
}

func TestEveryLengthCounts(t *testing.T) {
	good := write(t, smallSample())
	for n := range good {
		refused(t, good[:n], "cut after %d bytes", n)
	}
	for n := 1; n < 200; n++ {
		refused(t, append(slices.Clone(good), make([]byte, n)...), "%d zeros more", n)
	}
	refused(t, slices.Concat(good, good), "twice")
}

// The parts of a large section have their places.
func TestPartsChangePlaces(t *testing.T) {
	good := write(t, largeSample())
	at := parse(t, good).offset["large"]
	const part = 1 << 20
	bad := slices.Clone(good)
	copy(bad[at:], good[at+part:at+2*part])
	copy(bad[at+part:], good[at:at+part])
	refused(t, bad, "parts swapped")
}

// seal makes the checksum of the table right.
func seal(b []byte) []byte {
	n := binary.LittleEndian.Uint32(b[12:])
	binary.LittleEndian.PutUint64(b[24:], xxhash.Sum64(slices.Concat(b[:24], b[32:min(32+56*uint64(n), uint64(len(b)))])))
	return b
}

// A table that somebody made, its checksum right.
func TestForgedTables(t *testing.T) {
	good := write(t, smallSample())
	const entry, offset, length, item, note = 56, 16, 24, 32, 40
	at := func(section int) int { return 32 + section*entry }
	for _, tc := range []struct {
		why    string
		at     int
		value  uint64
		reason string
	}{
		{"before the one before", at(2) + offset, 0, "does not follow"},
		{"inside the table", at(0) + offset, 64, "does not follow"},
		{"not aligned", at(2) + offset, binary.LittleEndian.Uint64(good[at(2)+offset:]) + 1, "does not follow"},
		{"with a gap", at(2) + offset, binary.LittleEndian.Uint64(good[at(2)+offset:]) + 64, "does not follow"},
		{"far away", at(2) + offset, math.MaxUint64 &^ 63, "does not follow"},
		{"longer than the file", at(1) + length, uint64(len(good)), "behind the end"},
		{"so long that the end wraps", at(1) + length, math.MaxUint64 - 50, "behind the end"},
		{"negative length", at(1) + length, 1 << 63, "behind the end"},
		{"shorter", at(6) + length, 0, "behind the last section"},
		{"items of nothing", at(1) + item, 0, "not items"},
		{"items too large", at(4) + item, 8192, "not items"},
		{"items that do not divide", at(1) + item, 2, "not items"},
		{"other items", at(2) + item, 4, "items of 4 bytes, want 8"},
		{"a number where none is", at(2) + note, 5, "carries a number"},
		{"another name", at(2), 'x', `stands where "wide" belongs`},
		{"no name", at(2), 0, "no proper name"},
		{"a name with a control character", at(2), '\n', "no proper name"},
		{"a name with a zero inside", at(2), 'a' | 'b'<<16, "no proper name"},
		{"more rows than there are", int(parse(t, good).offset["counts"]), 4, "checksum"},
	} {
		bad := slices.Clone(good)
		binary.LittleEndian.PutUint64(bad[tc.at:], tc.value)
		_, err := read(seal(bad))
		if !errors.Is(err, snapfile.ErrDamaged) || !strings.Contains(err.Error(), tc.reason) {
			t.Errorf("%s: %v, want %q", tc.why, err, tc.reason)
		}
	}
	for _, n := range []uint32{0, 6, 8, 1025, math.MaxUint32} {
		bad := slices.Clone(good)
		binary.LittleEndian.PutUint32(bad[12:], n)
		refused(t, seal(bad), "%d sections", n)
	}
	bad := slices.Clone(good)
	binary.LittleEndian.PutUint32(bad[8:], 2)
	if _, err := read(seal(bad)); !errors.Is(err, snapfile.ErrVersion) || err.Error() != "another version of the format: version 2, want 1" {
		t.Errorf("version 2: %v", err)
	}
}

func TestOtherSections(t *testing.T) {
	b := write(t, smallSample())
	for why, exchange := range map[string]func(x *snapfile.Exchange){
		"one more is wanted": func(x *snapfile.Exchange) {
			(&sample{}).exchange(x)
			var more []uint32
			snapfile.Slice(x, "more", flat.Uint[uint32](), &more)
		},
		"none is wanted": func(*snapfile.Exchange) {},
		"fewer numbers": func(x *snapfile.Exchange) {
			var a int
			x.Ints("counts", &a)
		},
	} {
		err := snapfile.Read(bytes.NewReader(b), int64(len(b)), 1, exchange)
		if !errors.Is(err, snapfile.ErrDamaged) {
			t.Errorf("%s: %v", why, err)
		}
	}
	s := smallSample()
	s.Rows = 7
	if _, err := read(write(t, s)); err == nil || err.Error() != `damaged: section "small": 3 values, want 7` {
		t.Errorf("a check that fails: %v", err)
	}
	s.Rows = -1
	if _, err := read(write(t, s)); !errors.Is(err, snapfile.ErrDamaged) {
		t.Errorf("a negative number: %v", err)
	}
}

func TestStreamHasItsLength(t *testing.T) {
	for _, n := range []int{99, 101} {
		_, err := snapfile.Write(&memory{}, 1, func(x *snapfile.Exchange) {
			x.Stream("text", 100, func(w io.Writer) error {
				_, err := w.Write(make([]byte, n))
				return err
			}, nil)
		})
		if err == nil {
			t.Errorf("a stream of %d bytes was announced as 100", n)
		}
	}
}

// broken fails at a place.
type broken struct {
	memory
	at int64
}

var errDisk = errors.New("disk on fire")

func (b *broken) WriteAt(p []byte, at int64) (int, error) {
	if at <= b.at && b.at < at+int64(len(p)) {
		return 0, errDisk
	}
	return b.memory.WriteAt(p, at)
}

func (b *broken) ReadAt(p []byte, at int64) (int, error) {
	if at <= b.at && b.at < at+int64(len(p)) {
		return 0, errDisk
	}
	return bytes.NewReader(b.b).ReadAt(p, at)
}

func TestErrorsOfTheFile(t *testing.T) {
	s := smallSample()
	good := write(t, s)
	p := parse(t, good)
	for name, at := range p.offset {
		if len(p.data[name]) == 0 {
			continue
		}
		f := &broken{at: int64(at)}
		if _, err := snapfile.Write(f, 1, s.exchange); !errors.Is(err, errDisk) {
			t.Errorf("writing %s fails: %v", name, err)
		}
		f = &broken{memory{b: good}, int64(at)}
		err := snapfile.Read(f, int64(len(good)), 1, (&sample{}).exchange)
		var e *snapfile.Error
		if !errors.Is(err, errDisk) || errors.As(err, &e) {
			t.Errorf("reading %s fails: %v", name, err)
		}
	}
	for _, at := range []int64{0, 32} {
		if _, err := snapfile.Write(&broken{at: at}, 1, s.exchange); !errors.Is(err, errDisk) {
			t.Errorf("writing byte %d fails: %v", at, err)
		}
		if err := snapfile.Read(&broken{memory{b: good}, at}, int64(len(good)), 1, (&sample{}).exchange); !errors.Is(err, errDisk) {
			t.Errorf("reading byte %d fails: %v", at, err)
		}
	}
}

// A file that shrinks while it is read is damaged, as one that was short before.
func TestFileShrinks(t *testing.T) {
	good := write(t, smallSample())
	for n := range good {
		err := snapfile.Read(bytes.NewReader(good[:n]), int64(len(good)), 1, (&sample{}).exchange)
		if !errors.Is(err, snapfile.ErrDamaged) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, smallSample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, seal(append(slices.Clone(b), make([]byte, max(32-len(b), 0))...))} {
			s, err := read(b)
			var e *snapfile.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%v is no *Error", err)
			}
			// What is read is all that the file says.
			if err == nil && !bytes.Equal(write(t, s), b) {
				t.Fatal("written again, the file differs")
			}
		}
	})
}
