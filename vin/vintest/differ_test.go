package vintest_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin/vintest"
)

func TestDiffer(t *testing.T) {
	upperOnly := matching(strict.String())
	tests := []struct {
		name string
		a, b func(string) (string, error)
		want string // the minimal input, quoted, as a regular expression
		how  [2]string
	}{
		{
			"case", parseVIN, upperOnly,
			`1*a1*`,
			[2]string{"returns", "refuses"},
		},
		{
			"a newline at the end", upperOnly, matching(`\A[0-9A-HJ-NPR-Z]{17}\n?\z`),
			`1{17}\\n`,
			[2]string{"refuses", "returns"},
		},
		{
			"position 9 limited to 0-9 and X", matching(`\A[0-9A-HJ-NPR-Z]{8}[0-9X][0-9A-HJ-NPR-Z]{8}\z`), upperOnly,
			`1{8}A1{8}`,
			[2]string{"refuses", "returns"},
		},
		{
			"any text that holds O", func(s string) (string, error) { return "", errNoVIN },
			func(s string) (string, error) {
				if !strings.Contains(s, "O") {
					return "", errNoVIN
				}
				return "", nil
			},
			"O",
			[2]string{"refuses", "returns"},
		},
		{
			"a panic on bytes that are not UTF-8", parseVIN,
			func(s string) (string, error) {
				if strings.Contains(s, "\xff") {
					panic("no UTF-8")
				}
				return parseVIN(s)
			},
			`\\xff`,
			[2]string{"refuses", "panics: no UTF-8"},
		},
		{
			"another text", parseVIN,
			func(s string) (string, error) {
				v, err := parseVIN(s)
				return strings.Replace(v, "8", "B", 1), err
			},
			`1*81*`,
			[2]string{"returns", "returns"},
		},
		{
			"a mistake that chance alone does not hit",
			func(s string) (string, error) {
				v, err := parseVIN(s)
				if err == nil && v[14:] == "777" && v[10] >= 'A' {
					err = errNoVIN
				}
				return v, err
			},
			parseVIN, `1{10}A1{3}777`,
			[2]string{"refuses", "returns"},
		},
	}
	for _, tt := range tests {
		d, found := vintest.Differ(tt.a, tt.b, vintest.DifferOptions{Seed: 1})
		if !found {
			t.Errorf("%s: no difference found", tt.name)
			continue
		}
		if len(d.Input) > 18 || !regexp.MustCompile(`\A"`+tt.want+`"\z`).MatchString(strconv.Quote(d.Input)) {
			t.Errorf("%s: minimal input %q, want %q", tt.name, d.Input, tt.want)
		}
		for i, o := range []vintest.Outcome{d.A, d.B} {
			if !strings.HasPrefix(o.String(), tt.how[i]) {
				t.Errorf("%s: %q: parser %d %v, want that it %s", tt.name, d.Input, i+1, o, tt.how[i])
			}
		}
		again, _ := vintest.Differ(tt.a, tt.b, vintest.DifferOptions{Seed: 1})
		if diff := cmp.Diff(fmt.Sprint(d), fmt.Sprint(again)); diff != "" {
			t.Errorf("%s: the second run differs: %s", tt.name, diff)
		}
	}
}

// A difference that only what channels make of numbers shows: a doubled zero.
func TestDifferReads(t *testing.T) {
	doubled := regexp.MustCompile(`\A[1-9A-Z]{6}[0-9A-Z]*0000[0-9A-Z]*\z`)
	lenient := func(s string) (string, error) {
		if len(s) == 18 && doubled.MatchString(s) {
			return s, nil
		}
		return parseVIN(s)
	}
	d, found := vintest.Differ(parseVIN, lenient, vintest.DifferOptions{})
	if !found || len(d.Input) != 18 {
		t.Errorf("found %v: %v", found, d)
	}
}

func TestDifferAgree(t *testing.T) {
	calls := 0
	counted := func(s string) (string, error) {
		calls++
		return parseVIN(s)
	}
	// Not (?i), which takes the long s and the sign for Kelvin too.
	match := matching(`\A[0-9A-HJ-NPR-Za-hj-npr-z]{17}\z`)
	byExpression := func(s string) (string, error) {
		v, err := match(s)
		return strings.ToUpper(v), err
	}
	const inputs = 10_000
	if d, found := vintest.Differ(counted, byExpression, vintest.DifferOptions{Inputs: inputs}); found {
		t.Error(d)
	}
	if calls != inputs {
		t.Errorf("%d inputs, want %d", calls, inputs)
	}
	both := func(s string) (string, error) { panic("broken") }
	if d, found := vintest.Differ(both, both, vintest.DifferOptions{Inputs: 100}); found {
		t.Errorf("two parsers that panic disagree: %v", d)
	}
}

// The result of minimize keeps what it must, and no character can go or become
// plainer. The predicates ask for random symbols at random distances.
func TestMinimize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const symbols = "10A7XÖ\xff"
	for range 200 {
		var need []string
		for range 1 + random.IntN(5) {
			need = append(need, string([]rune("7XÖA")[random.IntN(4)]))
		}
		keep := func(s string) bool { // holds need in this order
			for _, n := range need {
				_, after, ok := strings.Cut(s, n)
				if !ok {
					return false
				}
				s = after
			}
			return true
		}
		var s strings.Builder
		for _, n := range need {
			for range random.IntN(30) {
				s.WriteByte(symbols[random.IntN(len(symbols))])
			}
			s.WriteString(n)
		}
		if got, want := vintest.Minimize(s.String(), keep), strings.Join(need, ""); got != want {
			t.Fatalf("%q is minimized to %q, want %q", s.String(), got, want)
		}
	}

	// A long text of which one character matters, and one of which all do.
	long := strings.Repeat("A", 1<<16)
	if got := vintest.Minimize(long+"7"+long, func(s string) bool { return strings.Contains(s, "7") }); got != "7" {
		t.Errorf("a long text is minimized to %d bytes", len(got))
	}
	calls := 0
	got := vintest.Minimize(long, func(s string) bool { calls++; return len(s) == len(long) })
	if len(got) != len(long) || calls > 1000 {
		t.Errorf("%d bytes after %d calls", len(got), calls)
	}
}
