package sixbit

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestCodesKeepOrderAndInvert(t *testing.T) {
	last := uint64(None)
	for _, c := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		code := Code(c)
		if code <= last || code >= Codes {
			t.Errorf("Code(%q) = %d after %d: not ascending below %d", c, code, last, Codes)
		}
		if got := Char(code); got != c {
			t.Errorf("Char(Code(%q)) = %q", c, got)
		}
		last = code
	}
}

func TestSpreadAgainstLoop(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		w := rng.Uint64() >> 16
		var want [8]byte
		for i := range want {
			want[i] = Char(w >> (42 - 6*i) & 63)
		}
		if got := Spread(w); got != binary.BigEndian.Uint64(want[:]) {
			t.Fatalf("Spread(%#x) = %#x, want %q", w, got, want)
		}
	}
}

func TestGatherAgainstLoop(t *testing.T) {
	const symbols = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		var b [8]byte
		var want uint64
		for i := range b {
			b[i] = symbols[rng.IntN(len(symbols))]
			upper := b[i]
			if upper >= 'a' {
				upper -= 'a' - 'A'
			}
			want = want<<6 | Code(upper)
		}
		if got := Gather(binary.BigEndian.Uint64(b[:])); got != want {
			t.Fatalf("Gather(%q) = %#x, want %#x", b, got, want)
		}
	}
}
