package vintest

import (
	"fmt"
	"iter"
	"strings"
	"testing"
)

// Options say which promises a parser makes beyond the contract.
type Options struct {
	// CheckDigit: the parser refuses numbers whose check digit does not
	// compute. (Then it refuses most numbers of Europe and Asia.) Unset, it
	// accepts them.
	CheckDigit bool
	// Trim: the parser may drop ASCII white space around a number. Unset, it
	// refuses such text.
	Trim bool
}

// TestParser holds parse to the contract of a VIN parser:
//
//   - It never panics.
//   - What it accepts is 17 legal symbols, the digits and the letters without
//     I, O and Q, each one byte of ASCII.
//   - The text that it returns is its input, with the letters of ASCII raised
//     to upper case and nothing else changed.
//   - It accepts every legal number in upper case, whatever stands at
//     position 9 or 10. If it accepts lower case at all, it does so everywhere.
//   - It enforces the check digit if [Options.CheckDigit] says so, and not
//     otherwise.
//
// What it returns beside an error does not matter. TestParser tries some
// 75,000 inputs, the same ones every time: the [Corpus], every byte and many
// foreign characters at every position, numbers of every [Population], and
// [Hostile] text up to a megabyte. It reports the first inputs that fail for
// each clause; they are made up or from a public test suite. It calls parse from
// one goroutine.
func TestParser(t testing.TB, parse func(string) (string, error), o Options) {
	t.Helper()
	const shown = 3
	count := make(map[breach]int)
	for _, f := range check(parse, o) {
		if count[f.breach]++; count[f.breach] <= shown {
			t.Error(f)
		}
	}
	for _, b := range breaches {
		if n := count[b]; n > shown {
			t.Errorf("%s: %d more inputs", b, n-shown)
		}
	}
}

// FuzzParser fuzzes parse for breaches of the contract that [TestParser]
// describes, from a few hundred seeds. A breach is reported with the input,
// which the testing package minimizes and saves.
func FuzzParser(f *testing.F, parse func(string) (string, error), o Options) {
	f.Helper()
	for c := range Corpus() {
		f.Add(c.Input)
	}
	n := 0
	for text := range Hostile(1) {
		if len(text) < 1000 {
			f.Add(text)
		}
		if n++; n == 200 {
			break
		}
	}
	j := newJudge(parse, o)
	f.Fuzz(func(t *testing.T, s string) {
		if f := j.try(s, "fuzzed"); f != nil {
			t.Error(f)
		}
		// Chance does not find legal numbers, nor check digits that compute:
		// make them of the bytes.
		v := legalize(s)
		if f := j.try(v, "made of the fuzzed bytes"); f != nil {
			t.Error(f)
		}
		v = v[:8] + string(checkDigit(v)) + v[9:]
		if f := j.try(v, "made of the fuzzed bytes, with its check digit"); f != nil {
			t.Error(f)
		}
	})
}

// legalize makes a VIN of any bytes, and every VIN of some.
func legalize(s string) string {
	var b [17]byte
	for i := range b {
		var c byte
		if i < len(s) {
			c = s[i]
		}
		if u := upper(string(rune(c))); c < 0x80 && strings.Contains(symbols, u) {
			b[i] = u[0]
		} else {
			b[i] = symbols[int(c)%len(symbols)]
		}
	}
	return string(b[:])
}

// A breach is a clause of the contract that a parser fails.
type breach string

const (
	panics   breach = "panics"
	noVIN    breach = "accepts what is no VIN"
	otherVIN breach = "returns another text"
	refusal  breach = "refuses a VIN"
	noCheck  breach = "accepts a wrong check digit"
)

var breaches = []breach{panics, noVIN, otherVIN, refusal, noCheck}

// A failure is one input that shows a breach.
type failure struct {
	breach breach
	input  string
	why    string // why the input was tried
	detail string
}

func (f *failure) String() string {
	return fmt.Sprintf("%s: %s (%s): %s", f.breach, quote(f.input), f.why, f.detail)
}

// quote quotes a text, the middle of a long one left out.
func quote(s string) string {
	const most = 120
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q...%q, %d bytes", s[:most/2], s[len(s)-most/2:], len(s))
}

// check returns the failures of parse, one for each input, those of the most
// telling inputs first.
func check(parse func(string) (string, error), o Options) []*failure {
	var failures []*failure
	failed := make(map[string]bool)
	j := newJudge(parse, o)
	for text, why := range probes() {
		if f := j.try(text, why); f != nil && !failed[text] {
			failures = append(failures, f)
			failed[text] = true
		}
	}
	return failures
}

// A judge knows what a parser promises.
type judge struct {
	Options
	parse func(string) (string, error)
	lower bool // the parser takes lower case
}

func newJudge(parse func(string) (string, error), o Options) *judge {
	j := &judge{Options: o, parse: parse}
	// A number that no parser refuses for another reason.
	j.lower = run(parse, "1hgcm82633a004352").Err == nil
	return j
}

// try runs the parser on s and returns how it fails, nil if it does not.
func (j *judge) try(s, why string) *failure {
	fail := func(b breach, format string, a ...any) *failure {
		return &failure{breach: b, input: s, why: why, detail: fmt.Sprintf(format, a...)}
	}
	got := run(j.parse, s)
	trimmed := s
	if j.Trim {
		trimmed = strings.Trim(s, " \t\n\v\f\r")
	}
	want, legal := fold(trimmed)
	switch {
	case got.Panic != nil:
		return fail(panics, "%v", got.Panic)
	case got.Err != nil:
		switch {
		case !legal || trimmed != s:
		case s != want && !j.lower:
		case j.CheckDigit && !checkDigitOK(want):
		default:
			return fail(refusal, "%v; want it accepted%s", got.Err, prefixed("; it has ", traits(s)))
		}
		return nil
	case !legal:
		return fail(noVIN, "want an error: %s", fault(trimmed))
	case got.Text != want:
		return fail(otherVIN, "got %s, want %q", quote(got.Text), want)
	case j.CheckDigit && !checkDigitOK(want):
		return fail(noCheck, "want an error: position 9 is %q, the sum asks for %q", want[8], checkDigit(want))
	}
	return nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// An Outcome is what a parser made of an input.
type Outcome struct {
	Text  string
	Err   error
	Panic any // nil if the parser returned
}

func run(parse func(string) (string, error), s string) (o Outcome) {
	defer func() {
		// A panic(nil) arrives as a *runtime.PanicNilError.
		if o.Panic = recover(); o.Panic != nil {
			o.Text, o.Err = "", fmt.Errorf("panic: %v", o.Panic)
		}
	}()
	o.Text, o.Err = parse(s)
	return o
}

// probes yields the inputs of TestParser and why each is tried.
func probes() iter.Seq2[string, string] {
	return func(yield func(text, why string) bool) {
		for _, part := range []iter.Seq2[string, string]{
			corpusProbes, endProbes, labelProbes, alikeProbes, positionProbes, foreignProbes, populationProbes, hostileProbes,
		} {
			for text, why := range part {
				if !yield(text, why) {
					return
				}
			}
		}
	}
}

func corpusProbes(yield func(text, why string) bool) {
	for c := range Corpus() {
		if !yield(c.Input, c.Why) {
			return
		}
	}
}

// bases are numbers of the kinds that parsers treat differently: a check digit
// that is a digit, one that is X, and none.
var bases = []string{"1HGCM82633A004352", "WBA3B5G5XDNS01478", "WVWZZZ3CZEE140287"}

// endProbes are what regular expressions and length checks let pass, and every
// length up to twice that of a VIN.
func endProbes(yield func(text, why string) bool) {
	for _, base := range bases {
		for _, end := range []string{"\n", "\r\n", "\r", " ", "\t", "\x00", "\u0085", "\u00a0", "\u2028", "\ufeff"} {
			if !yield(base+end, "a VIN with something at the end") ||
				!yield(end+base, "a VIN with something in front") ||
				!yield(base+end+base, "two VINs with something between") ||
				!yield(base[:16]+end, "a VIN whose last symbol is something else") {
				return
			}
		}
		for n := range 2*17 + 1 {
			if !yield((base + base)[:n], "a VIN cut or repeated") {
				return
			}
		}
	}
}

// labels are what papers, spreadsheets, links and scanners put round a number,
// for which an at sign stands.
var labels = [...]string{
	"VIN@", "VIN @", "VIN:@", "VIN: @", "vin=@", "VIN#@", "FIN: @", "Chassis No. @", "No @", "I@", "]C1@", "urn:vin:@",
	"/@/", "?@", "@?", "'@", "'@'", `"@"`, `="@"`, "`@`", "(@)", "[@]", "{@}", "<@>", "*@*", "#@#",
	"@%20", "%20@", "@%00", "@+", "@&nbsp;", "@&#10;", `@\n`, `@\0`, `\x00@`,
	"@.", "@,", "@;", "@-", "-@-", "@ (17)", "@/1", "0x@",
}

// labelProbes are numbers with a label. A parser that drops one also takes what
// only looks like one.
func labelProbes(yield func(text, why string) bool) {
	for _, base := range bases {
		for _, label := range labels {
			if !yield(strings.Replace(label, "@", base, 1), "a VIN with a label or quotes round it") {
				return
			}
		}
	}
}

// alikeProbes are numbers of one symbol, which some take for a placeholder.
func alikeProbes(yield func(text, why string) bool) {
	for i := range symbols {
		if s := strings.Repeat(symbols[i:i+1], 17); !yield(s, "seventeen equal symbols") || !yield(lower(s), "seventeen equal symbols") {
			return
		}
	}
}

// positionProbes are every byte at every position, in place of a symbol and
// between two.
func positionProbes(yield func(text, why string) bool) {
	for _, base := range bases {
		for i := range 17 {
			for c := range 256 {
				b := string([]byte{byte(c)})
				s := base[:i] + b + base[i+1:]
				if !yield(s, "one byte of a VIN replaced") || !yield(base[:i]+b+base[i:], "one byte put into a VIN") {
					return
				}
				// Another symbol makes another check digit: both cases of it.
				if u, ok := fold(s); ok && i != 8 {
					u = u[:8] + string(checkDigit(u)) + u[9:]
					if !yield(u, "a check digit that computes") || !yield(lower(u), "a check digit that computes, in lower case") {
						return
					}
				}
			}
		}
	}
}

// foreignProbes are characters of more than one byte: those that a conversion
// to upper case or a width mapping makes legal, in texts of 17 characters and
// in texts of 17 bytes.
func foreignProbes(yield func(text, why string) bool) {
	for _, base := range bases {
		for _, c := range lookAlikes + controls {
			s := string(c)
			for i := range 17 - len(s) + 1 {
				if !yield(base[:i]+s+base[i+1:], "17 characters, one of them foreign") ||
					!yield(base[:i]+s+base[i+len(s):], "17 bytes, but fewer characters") {
					return
				}
			}
		}
	}
	for _, c := range lookAlikes {
		if !yield(strings.Repeat(string(c), 17), "17 foreign characters") {
			return
		}
	}
}

func populationProbes(yield func(text, why string) bool) {
	families := []struct {
		mix Mix
		why string
	}{
		{Mix{USMarket: 1}, "a number of the US market"},
		{Mix{European: 1}, "a number of a type for Europe or Asia"},
		{Mix{Chinese: 1}, "a Chinese number"},
		{Mix{SmallMakers: 1}, "a number of a small maker"},
	}
	random := source(1)
	for i, family := range families {
		people := NewPopulation(uint64(i), family.mix)
		for range 2000 {
			s := people.Next().String()
			mixed := []byte(s)
			for i := range mixed {
				if random.chance(0.5) {
					mixed[i] = lower(s)[i]
				}
			}
			if !yield(s, family.why) || !yield(lower(s), family.why+", in lower case") ||
				!yield(string(mixed), family.why+", in mixed case") {
				return
			}
		}
	}
}

func hostileProbes(yield func(text, why string) bool) {
	n := 0
	for text, why := range Hostile(1) {
		if n++; n > 5000 || !yield(text, why) {
			return
		}
	}
}
