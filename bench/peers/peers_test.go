package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

const testSize = 20_000

// all returns the answers to a question by looking at every number, symbol by
// symbol, and at least limit+1 if there are more than limit.
func (w *world) all(q *question) []index.Row {
	rows := []index.Row{}
	for i, v := range w.sorted {
		if q.want(v) {
			if rows = append(rows, index.Row(i)); len(rows) > limit {
				break
			}
		}
	}
	return rows
}

// Every contender finds what there is, no more and nothing twice.
func TestAnswers(t *testing.T) {
	w := makeWorld(1, testSize, 2*blockLen)
	for _, c := range inProcess() {
		if m, ok := c.(*matching); ok {
			// It is built from another one, which is closed by now.
			m.ours = &ours{}
			if err := m.ours.build(t.Context(), w.arrived); err != nil {
				t.Fatal(err)
			}
			defer m.ours.close()
		}
		t.Run(c.describe().Name, func(t *testing.T) { testContender(t, w, c) })
	}
}

func TestAnswersPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	s, err := startPostgres(t.Context(), testSize, false, io.Discard)
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the server's directory stays: %v", err)
		}
	})
	w := makeWorld(1, testSize, 2*blockLen)
	c := &postgres{server: s}
	testContender(t, w, c)
}

// The server's directory is where its user can reach it.
func TestServerBase(t *testing.T) {
	dir := t.TempDir()
	private, long := filepath.Join(dir, "private"), filepath.Join(dir, strings.Repeat("long", 20))
	for _, d := range []string{filepath.Join(private, "tmp"), long} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, want := reachable(filepath.Join(private, "tmp")), os.Getuid() != 0; got != want {
		t.Errorf("a directory of this user alone is reachable: %t, want %t", got, want)
	}
	if reachable(filepath.Join(dir, "none")) && os.Getuid() == 0 {
		t.Error("a directory that is not there is reachable")
	}
	t.Setenv("TMPDIR", long)
	if base, err := serverBase(); err == nil && base == long {
		t.Error("a path too long for a socket")
	}
}

func testContender(t *testing.T, w *world, c contender) {
	if err := c.build(t.Context(), slices.Clone(w.arrived)); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	if m, ok := c.(measurer); ok {
		parts, err := m.parts(t.Context())
		if err != nil || len(parts) == 0 || parts[0].Bytes < 4*testSize && parts[0].Bytes != theRest {
			t.Errorf("parts %v, %v", parts, err)
		}
		for _, f := range append([]form{batchHit}, singleForms...) {
			for _, name := range m.needs(f) {
				if !slices.ContainsFunc(parts, func(p part) bool { return p.Name == name }) {
					t.Errorf("%s takes %q, which is no part", f, name)
				}
			}
		}
	}
	compare := w.compare
	if j, ok := c.(judge); ok {
		compare = func(q *question, got, want []index.Row) error { return j.compare(w, q, got, want) }
	}
	answered := 0
	for _, f := range singleForms {
		if p, ok := c.(interface{ enter(form) error }); ok {
			if err := p.enter(f); err != nil {
				t.Fatal(err)
			}
		}
		found := 0
		for _, q := range w.questions(f, 48) {
			ask := c.prepare(&q)
			if ask == nil {
				continue
			}
			answered++
			want := w.all(&q)
			for range 2 { // what is prepared can be asked again
				got, err := ask(make([]index.Row, 0, limit))
				if err != nil {
					t.Fatalf("%s: %v", f, err)
				}
				if err := compare(&q, got, want[:min(len(want), limit)]); err != nil {
					t.Errorf("%s: %v", f, err)
				}
				found += len(got)
			}
			if s, ok := c.(server); ok {
				if ns, err := s.explain(t.Context(), &q); err != nil || ns <= 0 {
					t.Fatalf("%s: explained as %v ns, %v", f, ns, err)
				}
			}
		}
		if found == 0 && f != exactMiss && c.prepare(&w.questions(f, 1)[0]) != nil {
			t.Errorf("%s: nothing is found", f)
		}
	}
	if answered == 0 {
		t.Error("answers nothing")
	}
	vins := slices.Clone(w.unlisted[:blockLen])
	for i := 0; i < len(vins); i += 3 {
		vins[i] = w.sorted[i*4]
	}
	if s, ok := c.(server); ok {
		if ns, err := s.idle(t.Context()); err != nil || ns <= 0 {
			t.Errorf("nothing is explained as %v ns, %v", ns, err)
		}
	}
	if ask := c.batch(vins); ask != nil {
		rows := make([]index.Row, len(vins))
		for range 2 {
			if err := ask(rows); err != nil {
				t.Fatal(err)
			}
			if err := w.compareBatch(vins, rows); err != nil {
				t.Error(err)
			}
		}
	}
}

// wrong answers as another one does, but for one thing.
type wrong struct {
	scan
	spoil func(rows []index.Row) []index.Row
}

func (c *wrong) prepare(q *question) ask {
	ask := c.scan.prepare(q)
	if ask == nil {
		return nil
	}
	return func(dst []index.Row) ([]index.Row, error) {
		rows, err := ask(dst)
		return c.spoil(rows), err
	}
}

// What answers wrongly is not timed.
func TestWrongAnswersAreCaught(t *testing.T) {
	w := makeWorld(1, testSize, blockLen)
	for name, spoil := range map[string]func([]index.Row) []index.Row{
		"one is missing":  func(rows []index.Row) []index.Row { return rows[:max(0, len(rows)-1)] },
		"one is too much": func(rows []index.Row) []index.Row { return append(rows, 7) },
		"one is another":  func(rows []index.Row) []index.Row { return append(rows[:max(0, len(rows)-1)], 7) },
		"one comes twice": func(rows []index.Row) []index.Row {
			if len(rows) == limit {
				rows = rows[1:]
			}
			return append(rows, rows[:min(1, len(rows))]...)
		},
	} {
		for _, f := range []form{lastSix, fragment, oneError} {
			t.Run(name+"/"+string(f), func(t *testing.T) {
				r := testRun(w, &ours{}, &wrong{spoil: spoil})
				r.forms = func(g form) bool { return f == g }
				if err := r.build(); err != nil {
					t.Fatal(err)
				}
				if err := r.measure(); !errors.Is(err, errDiffers) {
					t.Errorf("measured all the same: %v", err)
				}
			})
		}
	}
}

func testRun(w *world, contenders ...contender) *run {
	return &run{
		ctx: context.Background(), world: w, budget: 5 * time.Millisecond,
		questions: func(form) int { return 64 },
		forms:     func(form) bool { return true }, log: io.Discard, contenders: contenders,
	}
}

// A run has a figure of every contender that answers a form.
func TestMeasure(t *testing.T) {
	w := makeWorld(2, testSize, blocks*blockLen)
	o := &ours{}
	r := testRun(w, o, &matching{ours: o}, &vinMap{}, &intMap{}, &slicePair{}, &scan{}, &told{})
	if err := r.build(); err != nil {
		t.Fatal(err)
	}
	if err := r.measure(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		ourName: 11, matchName: 1, "map[vin.VIN]uint32": 6, "kamstrup/intmap": 6, "sorted slices": 9, "plain scan": 6,
		"told": 6, "told" + serverSide: 6,
	}
	got := map[string]int{}
	for _, f := range r.figures {
		got[f.Contender]++
		if f.P50 <= 0 || f.Samples < rounds || f.Low > f.P50 || f.High < f.P50 || f.P99 != 0 && f.P99 < f.P50 || f.Compared < 4 {
			t.Errorf("%s of %s: %+v", f.Form, f.Contender, f)
		}
		if strings.HasSuffix(f.Contender, serverSide) && (f.Low != 3000 || f.High != 3000) {
			t.Errorf("what is told is not what is noted: %+v", f)
		}
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%d figures of %s, want %d", got[name], name, n)
		}
	}
	for _, h := range r.held {
		least := 13.0
		if h.Name == matchName {
			least = 1
		}
		if h.Bytes < least || h.Bytes > 200 {
			t.Errorf("%s takes %.1f bytes a record", h.Name, h.Bytes)
		}
		for f, bytes := range h.ByForm {
			if bytes <= 0 || bytes > h.Bytes+0.01 {
				t.Errorf("%s takes %.1f bytes a record, %.1f for %s", h.Name, h.Bytes, bytes, f)
			}
		}
	}
}

// told tells 5 microseconds of whatever it does, and 2 of nothing.
type told struct{ scan }

func (*told) describe() description { return description{Name: "told"} }

func (*told) explain(context.Context, *question) (float64, error) { return 5000, nil }

func (*told) idle(context.Context) (float64, error) { return 2000, nil }

func TestNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	w := makeWorld(1, 1000, 1)
	for _, v := range w.sorted[:100] {
		ns := neighbours(v)
		seen := map[vin.VIN]bool{}
		for _, n := range ns {
			if seen[n] || !isNear(n, v) || !near(pack(n), pack(v)) {
				t.Fatal("a neighbour comes twice or is none")
			}
			seen[n] = true
		}
		swaps := 0
		s := v.String()
		for i := 1; i < len(s); i++ {
			if s[i] != s[i-1] {
				swaps++
			}
		}
		if len(ns) != 1+17*32+swaps {
			t.Fatalf("%d neighbours, want %d", len(ns), 1+17*32+swaps)
		}
		// Two errors away is not near.
		far := ns[1+rng.IntN(len(ns)-1)]
		for _, m := range neighbours(far) {
			if got := near(pack(m), pack(v)); got != seen[m] || got != isNear(m, v) {
				t.Fatalf("near is %v of a number two steps away", got)
			}
		}
	}
}

func TestPacked(t *testing.T) {
	w := makeWorld(1, 1000, 1)
	for i, v := range w.sorted {
		p := pack(v)
		s := v.String()
		if b := p.backwards(); b != pack(vin.MustParse(reversed(s))) || b.backwards() != p {
			t.Fatal("backwards is not reversed")
		}
		if i > 0 && !pack(w.sorted[i-1]).less(p) {
			t.Fatal("not ordered like text")
		}
		if !maskOf(s).fits(p) || !maskOf("?"+s[1:5]+"????????????").fits(p) || maskOf("?????????????????").known != (packed{}) {
			t.Fatal("does not fit its own symbols")
		}
	}
	for n := 1; n <= vin.Len; n++ {
		want := maskOf(strings.Repeat("A", n) + unknown(vin.Len-n)).known
		if head(n) != want {
			t.Errorf("head(%d) = %x, want %x", n, head(n), want)
		}
	}
}

// listing makes a world of given numbers.
func listing(vins map[vin.VIN]bool) *world {
	w := &world{}
	for v := range vins {
		w.sorted = append(w.sorted, v)
	}
	slices.SortFunc(w.sorted, vin.VIN.Compare)
	for i, v := range w.sorted {
		w.arrived = append(w.arrived, entry{v, index.Row(i)})
	}
	return w
}

// The sorted slices search ranges of any length, of numbers that share as many
// symbols as there are.
func TestSortedSlicesCrowded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = symbols[rng.IntN(4)]
		}
		return string(b)
	}
	vins := map[vin.VIN]bool{}
	for range 6000 {
		vins[vin.MustParse("WVWZZZ1JZ"+digits(8))] = true
		vins[vin.MustParse(digits(9)+"3W386752")] = true
	}
	w := listing(vins)
	c := &slicePair{}
	if err := c.build(t.Context(), w.arrived); err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		v := w.sorted[rng.IntN(len(w.sorted))]
		q := question{form: oneError}
		if i%2 == 0 {
			ns := neighbours(v)
			q.vin = ns[rng.IntN(len(ns))]
			m := q.vin
			q.want = func(x vin.VIN) bool { return isNear(x, m) }
		} else {
			q.form = twoUnknown
			q.places = lose(rng, v.String(), 1+rng.IntN(17))
			q.want = func(x vin.VIN) bool { return fits(x.String(), q.places, "") }
		}
		got, err := c.prepare(&q)(nil)
		if err != nil {
			t.Fatal(err)
		}
		want := []index.Row{}
		for i, v := range w.sorted {
			if q.want(v) {
				want = append(want, index.Row(i))
			}
		}
		if q.form == twoUnknown {
			want = want[:min(len(want), limit)]
		}
		if err := w.compare(&q, got, want); err != nil && len(want) != limit || len(got) != len(want) {
			t.Fatalf("%s %s: %d rows, want %d: %v", q.form, q.places, len(got), len(want), err)
		}
	}
}

func TestHeads(t *testing.T) {
	for _, c := range []struct {
		places string
		n      int
		len    int
	}{
		{"6543?????????????", 1, 4},
		{"654321???????????", 1, 6},
		{"6?43?1???????????", 33, 4},      // narrow enough before the second
		{"?543?1???????????", 33, 4},      // the same
		{"??4321???????????", 33 * 33, 6}, // both are needed
		{"7654?210FEDCBA987", 1, 4},
		{"765?3210FEDCBA987", 33, 17},
	} {
		hs := heads(c.places)
		if len(hs) != c.n || len(hs[0]) != c.len {
			t.Errorf("%s: %d heads of %d symbols, want %d of %d", c.places, len(hs), len(hs[0]), c.n, c.len)
		}
		for _, h := range hs {
			if !fits(h, c.places[:len(h)], "") {
				t.Errorf("%s: head %s does not fit", c.places, h)
			}
		}
	}
}

// Questions are the same in every run, and half of them about listed vehicles.
func TestQuestions(t *testing.T) {
	w := makeWorld(3, testSize, blockLen)
	for _, f := range singleForms {
		a, b := w.questions(f, 100), w.questions(f, 100)
		for i := range a {
			if a[i].vin != b[i].vin || a[i].places != b[i].places || a[i].fragment != b[i].fragment {
				t.Fatalf("%s: question %d differs between runs", f, i)
			}
			answered := len(w.all(&a[i])) > 0
			if listed := f == exactHit || f != exactMiss && i%2 == 0; listed && !answered {
				t.Errorf("%s: question %d about a listed vehicle has no answer", f, i)
			}
			if f == exactMiss && answered {
				t.Errorf("%s: question %d has an answer", f, i)
			}
		}
	}
}

// The parsers take the same texts for VINs.
func TestParsers(t *testing.T) {
	w := makeWorld(1, testSize, 1)
	figs := parsers(t.Context(), w, 20*time.Millisecond)
	if len(figs) != len(parserList()) {
		t.Fatalf("%d figures of %d parsers", len(figs), len(parserList()))
	}
	for _, f := range figs {
		if f.P50 <= 0 {
			t.Errorf("%s takes no time", f.Contender)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		ok   bool
	}{
		{nil, true},
		{[]string{"-size", "2000", "-forms", "last|fragment", "-json"}, true},
		{[]string{"--size", "5M"}, true},
		{[]string{"-size", "10"}, false},
		{[]string{"-size", "many"}, false},
		{[]string{"-forms", "("}, false},
		{[]string{"-postgres", "perhaps"}, false},
		{[]string{"all"}, false},
	} {
		if _, err := parseFlags(c.args, io.Discard); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}
