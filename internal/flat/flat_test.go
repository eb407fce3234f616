package flat_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/exp/constraints"

	"github.com/vinmatch/vinmatch/internal/flat"
)

func TestUint(t *testing.T) {
	check(t, flat.Uint[uint8](), []uint8{0, 1, 0xFE}, []byte{0, 1, 0xFE})
	check(t, flat.Uint[uint16](), []uint16{0x0102, 0xFFFE}, []byte{2, 1, 0xFE, 0xFF})
	check(t, flat.Uint[uint32](), []uint32{0x01020304, 0}, []byte{4, 3, 2, 1, 0, 0, 0, 0})
	check(t, flat.Uint[uint64](), []uint64{0x0102030405060708}, []byte{8, 7, 6, 5, 4, 3, 2, 1})
	type row uint32
	check(t, flat.Uint[row](), []row{0xF1020304}, []byte{4, 3, 2, 0xF1})
}

// check converts both ways. Where memory can be shown as bytes, those are the
// same.
func check[T comparable](t *testing.T, f flat.Form[T], values []T, want []byte) {
	t.Helper()
	got := make([]byte, len(values)*f.Size)
	f.Encode(got, values)
	if !bytes.Equal(got, want) {
		t.Errorf("%v as bytes: %x, want %x", values, got, want)
	}
	back := make([]T, len(values))
	f.Decode(back, want)
	if !slices.Equal(back, values) {
		t.Errorf("%x from bytes: %v", want, back)
	}
	if view, ok := flat.View(f, values); ok && !bytes.Equal(view, want) {
		t.Errorf("%v in memory: %x, want %x", values, view, want)
	}
}

func TestViewIsTheMemory(t *testing.T) {
	s := []uint32{1, 2, 3}
	view, ok := flat.View(flat.Uint[uint32](), s)
	if !ok {
		t.Skip("memory and files differ here")
	}
	view[4] = 9
	if s[1] != 9 {
		t.Errorf("element 1 is %d after its byte was set to 9", s[1])
	}
	if view, ok := flat.View(flat.Uint[uint64](), nil); !ok || len(view) != 0 {
		t.Errorf("an empty slice has %d bytes", len(view))
	}
}

func TestRandomAgreesWithView(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random(t, rng, flat.Uint[uint8]())
	random(t, rng, flat.Uint[uint16]())
	random(t, rng, flat.Uint[uint32]())
	random(t, rng, flat.Uint[uint64]())
}

func random[T constraints.Unsigned](t *testing.T, rng *rand.Rand, f flat.Form[T]) {
	t.Helper()
	s := make([]T, 1000)
	for i := range s {
		s[i] = T(rng.Uint64())
	}
	b := make([]byte, len(s)*f.Size)
	f.Encode(b, s)
	check(t, f, s, b)
}
