package match

import "unsafe"

// SightedBytes is what Stats takes one sighting for, and what it is.
var SightedBytes = [2]uintptr{sightedBytes, unsafe.Sizeof(sighted{})}

// PerNumber and PerPartner are how many sightings of a number count, and how
// many different numbers beside it.
const (
	PerNumber  = perNumber
	PerPartner = perPartner
)
