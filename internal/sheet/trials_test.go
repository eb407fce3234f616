package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// TestParsers gives the readers of sheets rows without end. See internal/trials.
func TestParsers(t *testing.T) {
	for _, tc := range []struct {
		target, header string
		n              int
		read           func(text string)
		check          func(t *testing.T, b []byte)
	}{
		{"Register", registerHeader, 5_000, func(text string) {
			r, err := sheet.OpenRegister(strings.NewReader(text))
			if err != nil {
				return
			}
			for range r.Records(func(sheet.Problem) {}) {
			}
		}, checkRegister},
		{"Observations", observationsHeader, 5_000, func(text string) {
			o, err := sheet.OpenObservations(strings.NewReader(text))
			if err != nil {
				return
			}
			for range o.All() {
			}
		}, checkObservations},
		{"Rows", "", 5_000, func(text string) { sheet.EachRow(strings.NewReader(text)) }, checkRows},
	} {
		t.Run(tc.target, func(t *testing.T) {
			seeds := trials.Corpus(t, "Fuzz"+tc.target)
			for _, s := range []string{
				"FR,1,2,1HGCM82633A004352,AB-123-CD,F,2003,2024-02-11,a;b\n", "D,2,-1,N/A,,D,x,\n,,,****4352,,,,,\n",
				"\xff,\"\",,00000000000000000,京A12345,CN,,2024-02-30,;", "FR,1,,\"1HGCM82633A\n004352\"\r\n\n",
				"1HGCM82633A004352,AB-123-CD,F,2003,2025-06-14T10:00:00Z,50.1,-1.9,\"Calais, port\"\n",
			} {
				seeds = append(seeds, []byte(s))
			}
			trials.Parser{
				Text: true, Every: 32, Seeds: seeds,
				// A stream: this is what passes through, not what is held.
				Bound: func(n int) uint64 { return 40*uint64(n) + 96<<10 },
				Parse: func(b []byte) { tc.read(tc.header + string(b)) },
				Check: func(b []byte) { tc.check(t, bytes.Clone(b)) },
			}.Run(t, trials.Number(tc.n))
		})
	}
}

// A row of 25 bytes once took 2,300, most of them to tell what its date in the
// column for the VIN was meant to be, twice.
func TestRowWithoutNumberTakesLittleMemory(t *testing.T) {
	const row, rows = "CD,G,2003,2024-02-11,a;b\n", 100
	n := testing.AllocsPerRun(10, func() {
		r, err := sheet.OpenRegister(strings.NewReader(registerHeader + strings.Repeat(row, rows)))
		if err != nil {
			t.Fatal(err)
		}
		for range r.Records(func(sheet.Problem) {}) {
		}
	})
	if n > 6*rows+50 {
		t.Errorf("%d rows take %v allocations, want at most 6 each and 50", rows, n)
	}
}

// Nor does one in which every cell is a problem: 7 bytes once took 540.
func TestRowOfProblemsTakesLittleMemory(t *testing.T) {
	const row, rows = ",,,\x1b,-,\n", 100
	n := testing.AllocsPerRun(10, func() {
		o, err := sheet.OpenObservations(strings.NewReader(observationsHeader + strings.Repeat(row, rows)))
		if err != nil {
			t.Fatal(err)
		}
		for range o.All() {
		}
	})
	if n > 8*rows+50 {
		t.Errorf("%d rows take %v allocations, want at most 8 each and 50", rows, n)
	}
}

// A sheet of a few bytes once took more than 64 KiB.
func TestSmallSheetTakesLittleMemory(t *testing.T) {
	for _, rows := range []string{"", ",,,EAAAEAAaAAAAA!0", "FR,1,2,1HGCM82633A004352,AB-123-CD,F,2003,2024-02-11,a;b\n"} {
		trials.CheckBound(t, []byte(registerHeader+rows), func(b []byte) {
			r, err := sheet.OpenRegister(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			for range r.Records(func(sheet.Problem) {}) {
			}
		})
	}
}
