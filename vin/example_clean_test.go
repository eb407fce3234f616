package vin_test

import (
	"errors"
	"fmt"

	"github.com/vinmatch/vinmatch/vin"
)

func ExampleClean() {
	v, edits, err := vin.Clean("VIN: 1hg-CM82633А004352") // with a Cyrillic А
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v)
	for _, e := range edits {
		fmt.Println(e)
	}
	// Output:
	// 1HGCM82633A004352
	// position 1: dropped label 'V' and 2 more
	// position 4: dropped delimiter ':'
	// position 5: dropped separator ' '
	// position 7: folded case 'h' to 'H'
	// position 8: folded case 'g' to 'G'
	// position 9: dropped separator '-'
	// position 17: folded lookalike 'А' to 'A'
}

func ExampleClean_refused() {
	_, _, err := vin.Clean("1HGCM82633AOO4352")
	fmt.Println(err)
	_, _, err = vin.Clean("1HGCM82633A004352 / JHMCM56557C404453")
	fmt.Println(err, errors.Is(err, vin.Several))
	// Output:
	// vin: position 12: 'O' is not a VIN symbol
	// vin: position 21: a second number, not the first again true
}

func ExampleCleanText() {
	frame, edits, err := vin.CleanText("★ｊｚｘ１００－００１２３４５★")
	fmt.Println(frame, len(edits), err)
	// Output:
	// JZX100-0012345 16 <nil>
}

func ExampleClassify() {
	for _, raw := range []string{
		"VIN 1HGCM82633A004352", "last six 004352", "JZX100-0012345", "00042512110000705",
		"keine Angabe", "1HGCM82633A004352, JHMCM56557C404453", " ", "see below",
	} {
		fmt.Println(vin.Classify(raw))
	}
	// Output:
	// vin
	// partial
	// chassis
	// zero_padded_chassis
	// placeholder
	// several
	// empty
	// other
}

func ExampleRepairs() {
	n := 0
	for v, edits := range vin.Repairs("1HGCM82633AO0435Z") {
		fmt.Println(v, v.CheckDigitOK(), edits)
		if n++; n == 2 {
			break
		}
	}
	// Output:
	// 1HGCM82633A004352 true position 12: substituted 'O' to '0'; position 17: substituted 'Z' to '2'
	// 1HGCM82633A90435Z true position 12: substituted 'O' to '9'
}
