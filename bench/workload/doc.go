// Package workload makes what the benchmarks list and what they ask for: the
// records of a register, and streams of queries about listed vehicles and about
// their unlisted siblings.
//
// Numbers are those of [vintest.DefaultMix] and never uniformly random: half of
// them have no check digit, serials are dense as makers issue them, and a number
// that is not listed comes from the same makers and ranges as those that are.
// Random numbers would flatter every structure, ours first: no two share a
// beginning, so that each is told apart at its first symbols.
//
// Everything is seeded. Equal seeds and sizes give equal worlds, records and
// queries, on every platform and in every order of asking.
package workload
