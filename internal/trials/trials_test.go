package trials_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/internal/trials"
)

// A recorder is a test that fails in place of another.
type recorder struct {
	testing.TB
	failed bool
	log    strings.Builder
}

func (r *recorder) Helper()                   {}
func (r *recorder) Failed() bool              { return r.failed }
func (r *recorder) Logf(f string, a ...any)   { fmt.Fprintf(&r.log, f+"\n", a...) }
func (r *recorder) Errorf(f string, a ...any) { r.failed = true; r.Logf(f, a...) }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }

// run returns what a parser's run says and whether it failed.
func run(t *testing.T, p trials.Parser, n int) (string, bool) {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(r, n)
	}()
	<-done
	return r.log.String(), r.failed
}

func TestParserFinds(t *testing.T) {
	trials.SetSeed(t, 1)
	seeds := [][]byte{[]byte("1HGCM82633A004352"), []byte("x")}
	for _, tc := range []struct {
		why  string
		p    trials.Parser
		says string
	}{
		{"a panic", trials.Parser{Parse: func(b []byte) { _ = b[:len(b)-3] }}, "panic: runtime error: slice bounds"},
		{"a panic in what is checked", trials.Parser{Text: true, Every: 1, Parse: func([]byte) {}, Check: func(b []byte) {
			if bytes.ContainsRune(b, '京') {
				panic("kanji")
			}
		}}, "panic: kanji"},
		{"too much memory for a few", trials.Parser{Parse: func(b []byte) {
			if len(b) == 16 {
				sink = make([]byte, 100_000)
			}
		}}, "bytes take"},
		{"too much memory in small pieces", trials.Parser{Parse: func([]byte) {
			for range 3000 {
				sink = append([]byte(nil), "a piece of memory is 32 bytes"...)
			}
		}}, "65536 are allowed"},
	} {
		tc.p.Seeds = seeds
		if tc.says == "65536 are allowed" {
			tc.p.Bound = func(int) uint64 { return 1 << 16 }
		}
		if log, failed := run(t, tc.p, 200_000); !failed || !strings.Contains(log, tc.says) {
			t.Errorf("%s is not found: %.300s", tc.why, log)
		}
	}
	// What is allowed is no finding, also where a batch takes more than one may.
	allowed := trials.Parser{Seeds: seeds, Parse: func(b []byte) { sink = make([]byte, 2*len(b)+50_000) }}
	if log, failed := run(t, allowed, 1000); failed || !strings.Contains(log, "trials done: 1000\n") {
		t.Errorf("found what is allowed: %s", log)
	}
}

var sink []byte

// The same seed gives the same inputs, and they are many.
func TestParserInputs(t *testing.T) {
	for _, text := range []bool{false, true} {
		var all [2][]string
		for i := range all {
			p := trials.Parser{Seeds: [][]byte{[]byte("WVWZZZ1KZAW612305"), nil}, Text: text, Parse: func(b []byte) { all[i] = append(all[i], string(b)) }}
			p.Bound = func(int) uint64 { return 1 << 40 }
			trials.SetSeed(t, 5)
			if log, failed := run(t, p, 20_000); failed {
				t.Fatal(log)
			}
		}
		if !slices.Equal(all[0], all[1]) {
			t.Error("two runs of one seed have other inputs")
		}
		slices.Sort(all[0])
		if n := len(slices.Compact(all[0])); n < 10_000 {
			t.Errorf("only %d inputs of 20,000 differ", n)
		}
	}
}
