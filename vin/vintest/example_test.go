package vintest_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A printer stands for the *testing.T of a test: it prints what is reported.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Error(a ...any)                    { fmt.Println(a...) }
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// What a test says of a parser that takes a number of all ones for a placeholder.
// In a test file the same is one line:
//
//	func TestMine(t *testing.T) { vintest.TestParser(t, parse, vintest.Options{}) }
func ExampleTestParser() {
	var t printer // in your test file the *testing.T
	vintest.TestParser(t, func(s string) (string, error) {
		v, err := vin.Parse(s)
		if v == vin.MustParse("11111111111111111") {
			err = errors.New("not available")
		}
		return v.String(), err
	}, vintest.Options{})
	// Output:
	// refuses a VIN: "11111111111111111" (seventeen ones: legal, and the check digit computes; a placeholder to those who look): not available; want it accepted; it has all symbols are alike, which makes a placeholder but a legal number
}

// A fuzz target. Run by go test it tries the seeds; go test -fuzz=FuzzMine goes
// on from there.
func ExampleFuzzParser() {
	// In your test file: func FuzzMine(f *testing.F) { ... }
	_ = func(f *testing.F) {
		vintest.FuzzParser(f, parse, vintest.Options{
			CheckDigit: false, // true: wrong check digits must be refused
			Trim:       false, // true: white space around a number may be dropped
		})
	}
}

func ExamplePopulation() {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	for range 5 {
		fmt.Println(p.Next())
	}
	// Output:
	// 2G4WY52J43D001936
	// WVGCM77L45M090002
	// AF98NBBFN3ESZ2854
	// JFB4J7J3D0T280674
	// ZDCLYL83ARD056058
}

// A benchmark lists half of a world and asks for the other half.
func ExamplePopulation_Shuffled() {
	const listed = 100_000
	world := vintest.NewPopulation(1, vintest.DefaultMix).Shuffled(2 * listed)

	register := make(map[vin.VIN]bool, listed)
	for i := range uint64(listed) {
		register[world.At(i)] = true
	}
	hits := 0
	for i := range uint64(listed) {
		if register[world.At(listed+i)] {
			hits++
		}
	}
	fmt.Println(len(register), "listed,", hits, "of the others hit")
	// Output: 100000 listed, 0 of the others hit
}

// What a camera over a motorway makes of passing plates and numbers.
func ExampleReader() {
	camera := vintest.NewReader(1, vintest.Camera, 0.5)
	for _, text := range []string{"1HGCM82633A004352", "AB12 CDE", "京A12345", "WVWZZZ1KZAW612305"} {
		read, slip := camera.Read(text)
		fmt.Printf("%-18s read %-18s %v at %d\n", text, read, slip.Kind, slip.Pos)
	}
	// Output:
	// 1HGCM82633A004352  read 1HGCM82633A004352  correct at 0
	// AB12 CDE           read A812 CDE           look-alike at 2
	// 京A12345            read 京A1234             truncation at 7
	// WVWZZZ1KZAW612305  read WVWZZZ1KZAW612305  correct at 0
}

func ExampleHostile() {
	n := 0
	for text, why := range vintest.Hostile(1) {
		fmt.Printf("%.40q: %s\n", text, why)
		if n++; n == 5 {
			break
		}
	}
	// Output:
	// "2G4WY52J43D0019\u20606": a control or invisible character for a symbol
	// "\xe4wvgcm77l45m090002": bytes that are not UTF-8 in front
	// "": too short
	// "\aJFB4J7J3D0T280674": a control or invisible character inside
	// "ZDCLYL83ARD0\U00101f0d6058": any character for a symbol
}

// The cases that a parser for the US market alone gets wrong.
func ExampleCorpus() {
	n := 0
	for c := range vintest.Corpus() {
		if c.Valid && !vin.CanBeCheckDigit(c.Input[8]) {
			fmt.Println(c.Input, "-", c.Why)
			if n++; n == 3 {
				break
			}
		}
	}
	// Output:
	// WVGZZZ5NZEW069297 - Volkswagen for Europe: ZZZ at 4 to 6 and Z at 9 where others have a check digit
	// WF0KXXGCBKBJ13223 - Ford for Europe: XX at 5 and 6, a letter at 9, the model year at 11, a letter at 12
	// 6FPAAAJGAT4Z00001 - Ford of Australia: the body at 9, the model year at 11
}

// Two regular expressions that look alike.
func ExampleDiffer() {
	matching := func(pattern string) func(string) (string, error) {
		re := regexp.MustCompile(pattern)
		return func(s string) (string, error) {
			if !re.MatchString(s) {
				return "", errors.New("no VIN")
			}
			return s, nil
		}
	}
	d, found := vintest.Differ(
		matching(`^[A-HJ-NPR-Z0-9]{17}$`),
		matching(`^[A-HJ-NPR-Z\d]{8}[\dX][A-HJ-NPR-Z\d]{8}$`),
		vintest.DifferOptions{})
	fmt.Println(found, d.Input)
	fmt.Println("A", d.A)
	fmt.Println("B", d.B)
	// Output:
	// true 11111111A11111111
	// A returns "11111111A11111111"
	// B refuses it: no VIN
}
