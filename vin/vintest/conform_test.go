package vintest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

func parseVIN(s string) (string, error) {
	v, err := vin.Parse(s)
	return v.String(), err
}

func TestParse(t *testing.T) { vintest.TestParser(t, parseVIN, vintest.Options{}) }

func FuzzParse(f *testing.F) { vintest.FuzzParser(f, parseVIN, vintest.Options{}) }

var (
	errNoVIN = errors.New("no VIN")
	strict   = regexp.MustCompile(`\A[0-9A-HJ-NPR-Z]{17}\z`)
)

// matching returns the parser of a regular expression.
func matching(pattern string) func(string) (string, error) {
	re := regexp.MustCompile(pattern)
	return func(s string) (string, error) {
		if !re.MatchString(s) {
			return "", errNoVIN
		}
		return s, nil
	}
}

// where returns a parser that accepts what ok accepts of the VINs.
func where(ok func(v string) bool) func(string) (string, error) {
	return func(s string) (string, error) {
		v, err := parseVIN(s)
		if err == nil && !ok(v) {
			err = errNoVIN
		}
		return v, err
	}
}

func checked(s string) (string, error) {
	return where(func(v string) bool { return vin.MustParse(v).CheckDigitOK() })(s)
}

// Parsers that keep the contract, each in another way.
func TestConforming(t *testing.T) {
	tests := []struct {
		name  string
		parse func(string) (string, error)
		o     vintest.Options
	}{
		{"upper case only", matching(strict.String()), vintest.Options{}},
		{"check digit enforced", checked, vintest.Options{CheckDigit: true}},
		{"trims", func(s string) (string, error) { return parseVIN(strings.Trim(s, " \t\r\n\v\f")) }, vintest.Options{Trim: true}},
		{"may trim and does not", parseVIN, vintest.Options{Trim: true}},
		{"text beside the error", func(s string) (string, error) {
			v, err := parseVIN(s)
			if err != nil {
				v = s
			}
			return v, err
		}, vintest.Options{}},
	}
	for _, tt := range tests {
		if _, messages := vintest.Check(tt.parse, tt.o); messages != nil {
			t.Errorf("%s: %d failures, the first: %s", tt.name, len(messages), messages[0])
		}
	}
}

// Parsers with the mistakes that are made again and again.
var broken = []struct {
	name   string
	parse  func(string) (string, error)
	o      vintest.Options
	breach string
	says   string // what a message that is shown holds: the input or the reason
}{
	{
		"a $ that matches before a final newline", // Python's
		matching(`\A[0-9A-HJ-NPR-Z]{17}\n?\z`),
		vintest.Options{},
		"accepts what is no VIN", `\n"`,
	},
	{
		"a ^ and $ that match at every line",
		matching(`(?m)^[0-9A-HJ-NPR-Z]{17}$`),
		vintest.Options{},
		"accepts what is no VIN", `\n"`,
	},
	{
		"no anchors",
		matching(`[0-9A-HJ-NPR-Z]{17}`),
		vintest.Options{},
		"accepts what is no VIN", "position 18",
	},
	{
		"position 9 limited to 0-9 and X",
		matching(`\A[0-9A-HJ-NPR-Z]{8}[0-9X][0-9A-HJ-NPR-Z]{8}\z`),
		vintest.Options{},
		"refuses a VIN", `'Z' at position 9, where only some makers have a check digit`,
	},
	{
		"0, U and Z refused as years",
		matching(`\A[0-9A-HJ-NPR-Z]{9}[1-9A-HJ-NPR-TV-Y][0-9A-HJ-NPR-Z]{7}\z`),
		vintest.Options{},
		"refuses a VIN", `'0' at position 10 is no year code`,
	},
	{
		"the last four limited to digits",
		matching(`\A[0-9A-HJ-NPR-Z]{13}[0-9]{4}\z`),
		vintest.Options{},
		"refuses a VIN", "a letter among the last four",
	},
	{
		"I, O and Q accepted",
		matching(`\A[0-9A-Z]{17}\z`),
		vintest.Options{},
		"accepts what is no VIN", `is 'O'`,
	},
	{
		"ranges that include I", // A-H, then I-N by mistake
		matching(`\A[0-9A-NPR-Z]{17}\z`),
		vintest.Options{},
		"accepts what is no VIN", `is 'I'`,
	},
	{
		"a range across the cases", // A-z holds [ \ ] ^ _ and the accent
		matching(`\A[0-9A-z]{17}\z`),
		vintest.Options{},
		"accepts what is no VIN", "want an error",
	},
	{
		"digits of every script",
		matching(`\A[\pNA-HJ-NPR-Z]{17}\z`),
		vintest.Options{},
		"accepts what is no VIN", "17 characters, one of them foreign",
	},
	{
		"length checked in bytes, symbols as characters",
		func(s string) (string, error) {
			if len(s) != 17 || strings.ContainsFunc(s, func(c rune) bool {
				return !unicode.IsLetter(c) && !unicode.IsDigit(c) || strings.ContainsRune("IOQioq", c)
			}) {
				return "", errNoVIN
			}
			return strings.ToUpper(s), nil
		},
		vintest.Options{},
		"accepts what is no VIN", "17 bytes but 16 characters",
	},
	{
		"length checked in characters, bytes beyond ASCII let pass",
		func(s string) (string, error) {
			if utf8.RuneCountInString(s) != 17 || strings.ContainsFunc(s, func(c rune) bool {
				return c < utf8.RuneSelf && !strings.ContainsRune("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", c)
			}) {
				return "", errNoVIN
			}
			return s, nil
		},
		vintest.Options{},
		"accepts what is no VIN", "17 characters",
	},
	{
		"16 to 18 symbols",
		matching(`\A[0-9A-HJ-NPR-Z]{16,18}\z`),
		vintest.Options{},
		"accepts what is no VIN", "only 16 characters",
	},
	{
		"11 to 17 symbols, for vehicles before 1981",
		matching(`\A[0-9A-HJ-NPR-Z]{11,17}\z`),
		vintest.Options{},
		"accepts what is no VIN", "only 16 characters",
	},
	{
		"raised to upper case by the rules of Unicode",
		func(s string) (string, error) { return matching(strict.String())(strings.ToUpper(s)) },
		vintest.Options{},
		"accepts what is no VIN", `ſ`,
	},
	{
		"compared without case by the rules of Unicode",
		matching(`(?i)\A[0-9A-HJ-NPR-Z]{17}\z`),
		vintest.Options{},
		"accepts what is no VIN", `want an error`,
	},
	{
		"seventeen ones refused",
		where(func(v string) bool { return v != "11111111111111111" }),
		vintest.Options{},
		"refuses a VIN", "all symbols are alike",
	},
	{
		"placeholders refused",
		where(func(v string) bool { return strings.Trim(v, v[:1]) != "" }),
		vintest.Options{},
		"refuses a VIN", "all symbols are alike",
	},
	{
		"unknown makers refused",
		where(func(v string) bool { return strings.ContainsAny(v[:1], "12345JKLSVWYZ") }),
		vintest.Options{},
		"refuses a VIN", "want it accepted",
	},
	{
		"the check digit enforced, though the options do not say so",
		checked,
		vintest.Options{},
		"refuses a VIN", "where only some makers have a check digit",
	},
	{
		"the check digit not enforced, though the options say so",
		parseVIN,
		vintest.Options{CheckDigit: true},
		"accepts a wrong check digit", "position 9 is",
	},
	{
		"X never a check digit",
		where(func(v string) bool { return vin.MustParse(v).CheckDigitOK() && v[8] != 'X' }),
		vintest.Options{CheckDigit: true},
		"refuses a VIN", `'X' at position 9 is a check digit that computes`,
	},
	{
		"lower-case x no check digit",
		func(s string) (string, error) {
			v, err := checked(s)
			if err == nil && s[8] == 'x' {
				err = errNoVIN
			}
			return v, err
		},
		vintest.Options{CheckDigit: true},
		"refuses a VIN", `'x' at position 9 is a check digit that computes`,
	},
	{
		"lower-case x accepted in the place of any check digit",
		func(s string) (string, error) {
			v, err := parseVIN(s)
			if err == nil && s[8] != 'x' {
				return checked(s)
			}
			return v, err
		},
		vintest.Options{CheckDigit: true},
		"accepts a wrong check digit", `position 9 is 'X'`,
	},
	{
		"lower-case x not raised",
		func(s string) (string, error) {
			v, err := parseVIN(s)
			if err == nil && s[8] == 'x' {
				v = v[:8] + "x" + v[9:]
			}
			return v, err
		},
		vintest.Options{},
		"returns another text", `xDNS01478"`,
	},
	{
		"the weight of position 10 is 8",
		where(func(v string) bool {
			want := vin.MustParse(v).ComputeCheckDigit()
			return v[9] == '0' && v[8] == want || v[9] != '0' && v[8] != want
		}),
		vintest.Options{CheckDigit: true},
		"refuses a VIN", "",
	},
	{
		"lower case returned as it came",
		func(s string) (string, error) {
			_, err := parseVIN(s)
			return s, err
		},
		vintest.Options{},
		"returns another text", `want "1HGCM82633A004352"`,
	},
	{
		"the check digit corrected",
		func(s string) (string, error) {
			v, err := vin.Parse(s)
			if err != nil {
				return "", err
			}
			b := v.Bytes()
			b[8] = v.ComputeCheckDigit()
			return string(b[:]), nil
		},
		vintest.Options{},
		"returns another text", "want",
	},
	{
		"the number cut to its first 16 symbols",
		func(s string) (string, error) {
			v, err := parseVIN(s)
			return v[:min(len(v), 16)], err
		},
		vintest.Options{},
		"returns another text", "want",
	},
	{
		"white space dropped",
		func(s string) (string, error) { return parseVIN(strings.TrimSpace(s)) },
		vintest.Options{},
		"accepts what is no VIN", "position 18",
	},
	{
		"white space of Unicode dropped, where ASCII is promised",
		func(s string) (string, error) { return parseVIN(strings.TrimSpace(s)) },
		vintest.Options{Trim: true},
		"accepts what is no VIN", `position 18 is '\u00a0'`,
	},
	{
		"white space kept in the text",
		func(s string) (string, error) {
			_, err := parseVIN(strings.Trim(s, " \t\r\n\v\f"))
			return strings.ToUpper(s), err
		},
		vintest.Options{Trim: true},
		"returns another text", `\n", want`,
	},
	{
		"separators dropped",
		func(s string) (string, error) { return parseVIN(strings.NewReplacer("-", "", " ", "").Replace(s)) },
		vintest.Options{},
		"accepts what is no VIN", "position",
	},
	{
		"a label dropped",
		func(s string) (string, error) { return parseVIN(strings.TrimPrefix(s, "VIN: ")) },
		vintest.Options{},
		"accepts what is no VIN", `"VIN: 1HGCM82633A004352"`,
	},
	{
		"a space of a link dropped",
		func(s string) (string, error) { return parseVIN(strings.ReplaceAll(s, "%20", "")) },
		vintest.Options{},
		"accepts what is no VIN", `%20`,
	},
	{
		"O repaired to 0",
		func(s string) (string, error) {
			return parseVIN(strings.NewReplacer("O", "0", "I", "1", "Q", "0").Replace(s))
		},
		vintest.Options{},
		"accepts what is no VIN", `is 'O'`,
	},
	{
		"the text ends at a zero byte", // as in C
		func(s string) (string, error) {
			s, _, _ = strings.Cut(s, "\x00")
			return parseVIN(s)
		},
		vintest.Options{},
		"accepts what is no VIN", `position 18 is '\x00', past the end`,
	},
	{
		"panics on the empty text",
		func(s string) (string, error) {
			if s[0] == ' ' {
				return "", errNoVIN
			}
			return parseVIN(s)
		},
		vintest.Options{},
		"panics", `""`,
	},
	{
		"panics on bytes beyond ASCII",
		func(s string) (string, error) {
			var table [128]bool
			for i := range len(s) {
				if table[s[i]] {
					return "", errNoVIN
				}
			}
			return parseVIN(s)
		},
		vintest.Options{},
		"panics", "index out of range [",
	},
	{
		"panics on the 18th symbol",
		func(s string) (string, error) {
			var b [17]byte
			for i := range len(s) {
				b[i] = s[i]
			}
			return parseVIN(s)
		},
		vintest.Options{},
		"panics", "index out of range [17]",
	},
	{
		"panics with nil",
		func(s string) (string, error) {
			if s == "" {
				panic(nil) //nolint // the point of it
			}
			return parseVIN(s)
		},
		vintest.Options{},
		"panics", "nil",
	},
	{
		"accepts everything",
		func(s string) (string, error) { return strings.ToUpper(s), nil },
		vintest.Options{},
		"accepts what is no VIN", "want an error",
	},
	{
		"accepts nothing",
		func(string) (string, error) { return "", errNoVIN },
		vintest.Options{},
		"refuses a VIN", "want it accepted",
	},
}

// recorder is a testing.TB that keeps what is reported.
type recorder struct {
	testing.TB
	reports []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Error(a ...any)            { r.reports = append(r.reports, fmt.Sprint(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.reports = append(r.reports, fmt.Sprintf(f, a...)) }

// Each broken parser is caught, in what is reported for its breach, which shows
// the input or tells why.
func TestBroken(t *testing.T) {
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r recorder
			vintest.TestParser(&r, tt.parse, tt.o)
			caught := false
			for _, s := range r.reports {
				caught = caught || strings.HasPrefix(s, tt.breach) && strings.Contains(s, tt.says)
				if len(s) > 1000 {
					t.Errorf("a report of %d bytes", len(s))
				}
			}
			if !caught {
				t.Errorf("no report of %q with %q in\n%s", tt.breach, tt.says, strings.Join(r.reports, "\n"))
			}
			for i, s := range r.reports {
				input, _, _ := strings.Cut(s, " (")
				if slices.ContainsFunc(r.reports[:i], func(o string) bool { return strings.HasPrefix(o, input+" (") }) {
					t.Errorf("reported twice: %s", input)
				}
			}
			if len(r.reports) > 5*4 {
				t.Errorf("%d reports: nobody reads so many", len(r.reports))
			}
		})
	}
}

// fuzzBroken are parsers that FuzzParser catches with its seeds, by name.
var fuzzBroken = map[string]struct {
	parse func(string) (string, error)
	o     vintest.Options
	says  string
}{
	"position 9": {
		parse: matching(`\A[0-9A-HJ-NPR-Z]{8}[0-9X][0-9A-HJ-NPR-Z]{8}\z`),
		says:  `refuses a VIN: "`,
	},
	// No seed that begins so has a check digit that computes.
	"check digit": {
		parse: where(func(v string) bool { return vin.MustParse(v).CheckDigitOK() && v[:6] != "WF0KXX" }),
		o:     vintest.Options{CheckDigit: true},
		says:  `refuses a VIN: "WF0KXX`,
	},
}

// FuzzBroken fails, in the process that TestFuzzBroken starts and nowhere else.
func FuzzBroken(f *testing.F) {
	b, ok := fuzzBroken[os.Getenv("VINTEST_BROKEN")]
	if !ok {
		f.Skip("for TestFuzzBroken")
	}
	vintest.FuzzParser(f, b.parse, b.o)
}

func TestFuzzBroken(t *testing.T) {
	for name, b := range fuzzBroken {
		c := exec.Command(os.Args[0], "-test.run=^FuzzBroken$")
		c.Env = append(os.Environ(), "VINTEST_BROKEN="+name)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), b.says) {
			t.Errorf("%s: %v, want a failed test that says %s:\n%s", name, err, b.says, out)
		}
	}
}

// The oracle against package vin, which knows nothing of it.
func TestOracle(t *testing.T) {
	p := vintest.NewPopulation(4, vintest.DefaultMix)
	for range 10_000 {
		v := p.Next()
		if got, want := vintest.CheckDigit(v.String()), v.ComputeCheckDigit(); got != want {
			t.Fatalf("%v: check digit %q, want %q", v, got, want)
		}
		if got, ok := vintest.Fold(strings.ToLower(v.String())); !ok || got != v.String() {
			t.Fatalf("%v folds to %q, %v", v, got, ok)
		}
	}
	for text, why := range vintest.Hostile(3) {
		v, err := vin.Parse(text)
		if _, ok := vintest.Fold(text); ok || err == nil {
			t.Fatalf("%q (%s) is the VIN %v", text, why, v)
		}
		if len(text) > 1e6 {
			break
		}
	}
	for in, want := range map[string]string{
		"":                    "only 0 characters",
		"1HG":                 "only 3 characters",
		"1HGCM82633A0043521":  "position 18 is '1', past the end",
		"1HGCM82633A0043\xc3": "position 16 is not UTF-8",
		"ÄO":                  "position 1 is 'Ä'",
		"1o":                  "position 2 is 'o'",
	} {
		if got := vintest.Fault(in); !strings.Contains(got, want) {
			t.Errorf("fault of %q: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"":                      "00000000000000000",
		"1hgcm82633a004352":     "1HGCM82633A004352",
		"1HGCM82633A004352XYZ":  "1HGCM82633A004352",
		"\xff\xffGCM82633A0043": "RRGCM82633A004300",
	} {
		got := vintest.Legalize(in)
		if _, ok := vintest.Fold(got); !ok || got != want {
			t.Errorf("%q is made %q, want %q", in, got, want)
		}
	}
}
