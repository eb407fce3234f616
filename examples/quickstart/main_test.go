package main

import "os"

func Example() {
	os.Args = os.Args[:1]
	main()
	// Output:
	// WVW ZZZ1KZ AW612305: 1 found
	//   DE 2023-118002, Volkswagen: cleaned by vin, probable, probability 0.98
	//     VIN listed as it was read, once cleaned
	//     in the text as read, position 4: dropped separator ' '
	//     in the text as read, position 11: dropped separator ' '
	// 1HGCM82633AOO4352: 1 found
	//   FR 2024-000114, Honda: repaired by vin, probable, probability 0.90
	//     VIN listed differs from what was read in two places
	//     position 12: read O, listed 0
	//     position 13: read O, listed 0
	// WAUZZZ8K1DA006278: 0 found
	// TUE AB 123: 1 found
	//   DE 2023-118002, Volkswagen: cleaned by plate, probable, probability 0.83
	//     plate listed as it was read, once cleaned
	//     read TUEAB123, listed TUAB123: two spellings of one plate
}
