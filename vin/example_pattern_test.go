package vin_test

import (
	"fmt"

	"github.com/vinmatch/vinmatch/vin"
)

func ExampleParsePattern() {
	v := vin.MustParse("1HGCM82633A004352")
	for _, text := range []string{"1HGCM8[28]633A00????", "1hg*4352", "*3A00*", "*3B00*", "1HG[OQ]*"} {
		p, err := vin.ParsePattern(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(p, p.Match(v))
	}
	// Output:
	// 1HGCM8[28]633A00???? true
	// 1HG*4352 true
	// *3A00* true
	// *3B00* false
	// vin: position 4: no VIN symbol is in the set
}

func ExampleCleanPattern() {
	for _, raw := range []string{"****004352", "last 6: 004352", "1HGCM826-3A00----", "1HG...4352", "begins with 1HG", "4352"} {
		p, edits, err := vin.CleanPattern(raw)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(p, len(edits))
	}
	// Output:
	// *004352 1
	// *004352 6
	// 1HGCM826?3A00???? 2
	// 1HG*4352 1
	// 1HG* 5
	// *4352 1
}

// An index compares packed words and walks a pattern only where these do not
// decide.
func ExamplePattern_Words() {
	p, err := vin.ParsePattern("1HGCM8*004352")
	if err != nil {
		fmt.Println(err)
		return
	}
	maskHi, wantHi, maskLo, wantLo, whole := p.Words()
	hi, lo := vin.MustParse("1HGCM82633A004352").Words()
	fmt.Println(hi&maskHi == wantHi && lo&maskLo == wantLo, whole)
	fmt.Printf("%s %s\n", p.AppendPrefix(nil), p.AppendSuffix(nil))
	// Output:
	// true true
	// 1HGCM8 004352
}
