package vintest_test

import (
	"fmt"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

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
