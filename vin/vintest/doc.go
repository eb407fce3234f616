// Package vintest is a kit for people who test and fuzz VIN parsers, their own
// or this module's, and the one generator of the numbers that its benchmarks
// use.
//
//   - [Population]: VINs as makers issue them, any number of them, by index or
//     as a stream.
//
// All data is synthetic or from public test suites. All output is determined
// by the seed, on every platform. The rules that [Population] builds numbers
// by, the order of its vehicles and so the numbers of a seed stay as they are
// within a major version: a golden test holds them.
package vintest
