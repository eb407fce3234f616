// Package bench holds the benchmarks of vinmatch.
//
//	go test -run '^$' -bench . ./bench
//	go test -run '^$' -bench Lookup ./bench -size 20000000
//
// The numbers come from [vintest.DefaultMix]: half of them without check
// digits, serials dense as makers issue them, the numbers that are asked from
// the same makers and ranges as the listed ones. Where a rival stands beside
// the library, both answer the same queries in turns within one benchmark, and
// x-map is how many times longer the rival took: on a shared machine only such
// ratios mean something.
package main
