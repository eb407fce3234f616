package trials

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
)

// A Parser is something that takes any bytes: a parser, a decoder, an import.
type Parser struct {
	// Seeds are inputs that it likes, or that were hard for it.
	Seeds [][]byte
	// Parse gives it an input. It must not panic, nor allocate beyond Bound, and
	// keeps nothing of the input.
	Parse func(input []byte)
	// Check is asked of some inputs what else holds of them; nil: nothing.
	Check func(input []byte)
	// Every is of how many inputs one is checked; 0: 16.
	Every int
	// Bound is how many bytes may be allocated for an input; nil: [Bound].
	Bound func(input int) uint64
	// Text makes mutations of text likelier: runes beyond ASCII, digits, blanks.
	Text bool
}

// CheckBound fails a test if parse takes more memory for an input than [Bound].
func CheckBound(t testing.TB, input []byte, parse func(input []byte)) {
	t.Helper()
	r := runner{Parser: Parser{Parse: parse, Bound: Bound}, t: t}
	r.inputs[0] = input
	r.measure(0)
}

// Bound is the bound of nearly all parsers: twice the input and 64 KiB.
func Bound(input int) uint64 { return 2*uint64(input) + 64<<10 }

// Inputs are measured together, a batch first: while all of them take less than
// what one may, none of them took too much. Else they run again, one by one, and
// those of the next batches run only so. The quick count comes late by a part of
// what small objects take, so that half of the bound is where an exact one follows.
const batch = 64

// Run gives a parser so many inputs: mutations of its seeds, and of what became of
// them. There is no feedback from the code: what this loses in aim it gains in
// speed, a hundred times that of go test -fuzz, which is for the former.
func (p Parser) Run(t testing.TB, n int) {
	t.Helper()
	r := &runner{Parser: p, t: t, m: newMutator(Seed(t), p.Seeds, p.Text)}
	if r.Bound == nil {
		r.Bound = Bound
	}
	if r.Every == 0 {
		r.Every = 16
	}
	// Nothing is kept: a small heap would be collected all of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(1000))
	for r.done < n && !t.Failed() {
		r.batch(min(batch, n-r.done))
	}
	Done(t, r.done)
}

type runner struct {
	Parser
	t      testing.TB
	m      *mutator
	inputs [batch][]byte
	done   int
	alone  int // so many batches are not tried together
}

func (r *runner) batch(n int) {
	least := uint64(1 << 63)
	for i := range n {
		r.inputs[i] = r.m.next(r.inputs[i][:0])
		least = min(least, r.Bound(len(r.inputs[i])))
	}
	if r.alone > 0 || r.together(n) > least/2 {
		if r.alone == 0 {
			r.alone = batch
		}
		r.alone--
		for i := range n {
			before := allocated()
			r.parse(i)
			if allocated()-before > r.Bound(len(r.inputs[i]))/2 {
				r.measure(i)
			}
		}
	}
	for i := range n {
		if r.done++; r.Check != nil && r.done%r.Every == 0 {
			r.check(i)
		}
	}
}

// together returns what the inputs of a batch take in all.
func (r *runner) together(n int) uint64 {
	before := allocated()
	for i := range n {
		r.parse(i)
	}
	return allocated() - before
}

// parse says which input it was that Parse could not bear.
func (r *runner) parse(i int) {
	defer r.say(i)
	r.Parse(r.inputs[i])
}

// check is parse for Check, which may fail the test too.
func (r *runner) check(i int) {
	defer func() {
		if r.t.Failed() {
			r.t.Fatalf("input %d, %q", r.done, r.inputs[i])
		}
	}()
	defer r.say(i)
	r.Check(r.inputs[i])
}

func (r *runner) say(i int) {
	if v := recover(); v != nil {
		r.t.Fatalf("input %q: panic: %v\n%s", r.inputs[i], v, debug.Stack())
	}
}

// measure says whether an input takes too much. Others may allocate beside it, so
// that the least of three counts.
func (r *runner) measure(i int) {
	least := uint64(1 << 63)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r.parse(i)
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if bound := r.Bound(len(r.inputs[i])); least > bound {
		shown := r.inputs[i]
		more := ""
		if len(shown) > 4096 {
			shown, more = shown[:4096], "..."
		}
		r.t.Fatalf("%d bytes take %d of memory, %d are allowed: %q%s", len(r.inputs[i]), least, bound, shown, more)
	}
}

var sample = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}

func allocated() uint64 {
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// A mutator changes inputs. It keeps some of what it made, so that changes pile up.
type mutator struct {
	rng   *rand.Rand
	seeds [][]byte
	pool  [][]byte
	text  bool

	usual int // length of a seed: what is much longer is rarely kept, as all would grow
}

const (
	poolSize = 256
	maxInput = 1 << 16
)

func newMutator(seed uint64, seeds [][]byte, text bool) *mutator {
	if len(seeds) == 0 {
		seeds = [][]byte{nil}
	}
	m := &mutator{rng: rand.New(rand.NewPCG(seed, 0)), text: text}
	var lens []int
	for _, s := range seeds {
		m.seeds = append(m.seeds, s[:min(len(s), maxInput)])
		lens = append(lens, len(s))
	}
	slices.Sort(lens)
	m.usual = 16 + lens[len(lens)/2]
	return m
}

func (m *mutator) pick() []byte {
	if i := m.rng.IntN(2 * poolSize); i < len(m.pool) {
		return m.pool[i]
	}
	return m.seeds[m.rng.IntN(len(m.seeds))]
}

// next appends an input to b.
func (m *mutator) next(b []byte) []byte {
	b = append(b, m.pick()...)
	for {
		b = m.mutate(b)
		if m.rng.IntN(3) > 0 {
			break
		}
	}
	if len(b) > maxInput {
		b = b[:maxInput]
	}
	if m.rng.IntN(64) == 0 && (len(b) < 2*m.usual || m.rng.IntN(64) == 0 && len(b) < maxInput/4) {
		kept := append([]byte(nil), b...)
		if len(m.pool) < poolSize {
			m.pool = append(m.pool, kept)
		} else {
			m.pool[m.rng.IntN(poolSize)] = kept
		}
	}
	return b
}

func (m *mutator) mutate(b []byte) []byte {
	rng := m.rng
	if len(b) == 0 {
		return append(b, m.token()...)
	}
	at := rng.IntN(len(b))
	switch rng.IntN(16) {
	case 0, 1:
		b[at] ^= 1 << rng.IntN(8)
	case 2:
		b[at] = byte(rng.Uint32())
	case 3, 4: // another that is there already
		b[at] = b[rng.IntN(len(b))]
	case 5, 6: // two change places
		o := rng.IntN(len(b))
		b[at], b[o] = b[o], b[at]
	case 7, 8:
		end := at + 1 + rng.IntN(min(len(b)-at, 1+rng.IntN(8)))
		b = append(b[:at], b[end:]...)
	case 9:
		b = b[:at]
	case 10, 11:
		b = insert(b, at, m.token())
	case 12:
		copy(b[at:], m.token())
	case 13: // a part of another
		o := m.pick()
		if len(o) > 0 {
			from := rng.IntN(len(o))
			b = insert(b, at, o[from:from+1+rng.IntN(len(o)-from)])
		}
	case 14: // its own end is another's
		o := m.pick()
		if len(o) > 0 {
			b = append(b[:at], o[rng.IntN(len(o)):]...)
		}
	default:
		end := at + 1 + rng.IntN(min(len(b)-at, 1+rng.IntN(32)))
		times := 1 + rng.IntN(3)
		if rng.IntN(512) == 0 {
			times = 1 + rng.IntN(1+8192/(end-at))
		}
		part := append([]byte(nil), b[at:end]...)
		for range times {
			b = insert(b, at, part)
		}
	}
	return b
}

func insert(b []byte, at int, part []byte) []byte {
	n := len(b)
	b = append(b, part...)
	copy(b[at+len(part):], b[at:n])
	copy(b[at:], part)
	return b
}

// token returns bytes that parsers stumble on.
func (m *mutator) token() []byte {
	rng := m.rng
	if m.text || rng.IntN(4) == 0 {
		switch rng.IntN(4) {
		case 0:
			return tokens[rng.IntN(len(tokens))]
		case 1:
			return []byte(string(rune(rng.IntN(0x3000))))
		case 2:
			return []byte(string(rune(rng.IntN(0x110000))))
		default:
			const symbols = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			return []byte{symbols[rng.IntN(len(symbols))]}
		}
	}
	n := 1 << rng.IntN(4)
	b := make([]byte, n)
	v := rng.Uint64() >> rng.IntN(64)
	switch rng.IntN(4) {
	case 0:
		v = ^uint64(0) >> rng.IntN(2)
	case 1:
		v = uint64(rng.IntN(300))
	}
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

var tokens = func() (all [][]byte) {
	for _, s := range []string{
		" ", "-", "/", ".", "?", "*", "[", "]", "[8B]", "[0-9]", ":", ",", ";", "\"", "'", "\\", "\n", "\r\n", "\t", "\x00", "_",
		"I", "O", "Q", "VIN", "VIN:", "last 6: ", "ZZZ", "XX", "N/A", "(", ")", "#", "%", "…", "•", "＊", "？", "－", "０", "Ａ", "ｚ",
		"А", "В", "Ο", "Ι", "ß", "İ", "ı", "ǅ", "Ü", "U\u0308", "\u0308", "\u200b", "\u200f", "\u202e", "\ufeff", "\u00a0", "\ufffd",
		"\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "京", "さ", "가", "تونس", "ก", "٣", "१", "ＡＢ", "𝟏", "🚗", "😀",
		"00000000000000000", "11111111111111111", "1HGCM82633A004352", "WVWZZZ1KZAW612305",
	} {
		all = append(all, []byte(s))
	}
	return all
}()
