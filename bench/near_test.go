package main

import (
	"math"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/vin"
)

// Numbers that one error leads to are those that differ in one symbol, or by two
// neighbours that are swapped; those that the law demands a check digit of have
// one that computes.
func TestNeighbours(t *testing.T) {
	v := vin.MustParse("1HGCM82633A004352")
	one := neighbours(v)
	// 32 other symbols in 17 places, and 16 swaps of which those of 33 and 00
	// change nothing.
	if want := 17*32 + 14; len(one) != want {
		t.Errorf("%d numbers, want %d", len(one), want)
	}
	seen := map[vin.VIN]bool{v: true}
	for _, n := range one {
		if seen[n] {
			t.Errorf("%v comes twice", n)
		}
		seen[n] = true
	}
	two := secondNeighbours(v)
	for text, want := range map[string]bool{
		"1HGCM82633A0O4352": false, // no VIN
		"1HGCM82688A004352": true,  // 3 for 8 twice
		"1HGCM82633A004532": false, // one error
		"1HGCM82638A004352": false, // one look-alike
		"1HGCM82683A004532": true,  // 3 for 8, and 53 for 35
	} {
		n, err := vin.Parse(text)
		if got := err == nil && slices.Contains(two, n); got != want {
			t.Errorf("%s is among those with two errors: %v", text, got)
		}
	}
	checked := 0
	for _, n := range two {
		if d := distance(v, n); d < 2 || d > 3 {
			t.Fatalf("%v differs in %d places", n, d)
		}
		if n.CheckDigitOK() {
			checked++
		}
	}
	// Of some 139,000 pairs of replacements, one in eleven computes.
	if checked < 10_000 || checked > 15_000 {
		t.Errorf("%d numbers have a check digit that computes", checked)
	}
}

func distance(a, b vin.VIN) (n int) {
	for i := 1; i <= vin.Len; i++ {
		if a.At(i) != b.At(i) {
			n++
		}
	}
	return n
}

// Claims that are kept have no error, whatever is claimed; those that are not
// have what they are off by.
func TestBin(t *testing.T) {
	var kept, broken []claim
	for i := range 1000 {
		p := float64(i/100)/10 + 0.05
		is := i%100 < int(math.Round(100*p))
		kept = append(kept, claim{p: p, true: is})
		broken = append(broken, claim{p: 0.5, true: i%100 < 20})
	}
	bins, off := bin(kept)
	if len(bins) != calibrationBins || off > 1e-9 {
		t.Errorf("kept claims are off by %v in %d bins", off, len(bins))
	}
	for i, b := range bins {
		if want := float64(i)/10 + 0.05; math.Abs(b[0]-want) > 1e-9 || math.Abs(b[1]-want) > 1e-9 {
			t.Errorf("bin %d: %v, want %v twice", i, b, want)
		}
	}
	if _, off := bin(broken); math.Abs(off-0.3) > 1e-9 {
		t.Errorf("claims of 0.5 of which 0.2 are true are off by %v", off)
	}
	if loss, base := logLoss(broken, 0.2); math.Abs(loss-1) > 1e-9 || math.Abs(base-0.7219) > 1e-4 {
		t.Errorf("log loss %v and %v, want 1 and 0.7219", loss, base)
	}
	if loss, _ := logLoss([]claim{{p: 1}}, 0.5); math.IsInf(loss, 0) || loss < 20 {
		t.Errorf("certain and wrong costs %v bits", loss)
	}
}

func TestAlone(t *testing.T) {
	d := &declared{vehicles: map[vin.VIN]bool{}}
	for _, text := range []string{"1HGCM82633A004352", "1HGCM82633A004353", "1HGCM82633A004444"} {
		d.vehicles[vin.MustParse(text)] = true
	}
	for _, c := range []struct {
		is, read string
		want     bool
	}{
		{"1HGCM82633A004352", "1HGCM82833A004352", true},
		{"1HGCM82633A004352", "1HGCM82633A004352", false}, // read as it is
		{"1HGCM82633A004352", "1HGCM82633A004358", false}, // 4353 as well
		{"1HGCM82633A004352", "1HGCM82633A0O4352", true},
		{"1HGCM82633A004352", "1HGCM82833A004353", false}, // two errors
		{"1HGCM82633A004352", "1HGCM82633A00435", false},
	} {
		if got := d.alone(vin.MustParse(c.is), c.read); got != c.want {
			t.Errorf("%s read as %s: %v", c.is, c.read, got)
		}
	}
}

// Any symbol is put in the place of another one, in the share of reads that is
// told.
func TestAnySymbol(t *testing.T) {
	w := workload.New(1, 1000)
	reads := w.Reads(2000, 0, 0, 0.5)
	anySymbol(reads, 1, 0.25)
	wrong := 0
	for _, read := range reads {
		switch d := distance(vin.MustParse(read.Text), w.VIN(read.Vehicle)); d {
		case 0:
		case 1:
			wrong++
		default:
			t.Fatalf("%d symbols are wrong", d)
		}
	}
	if wrong < 400 || wrong > 600 {
		t.Errorf("%d of 2000 reads are wrong, want some 500", wrong)
	}
}
