// Package vintest is a kit for people who test and fuzz VIN parsers, their own
// or this module's, and the one generator of the numbers that its benchmarks
// use.
//
//   - [TestParser] and [FuzzParser] hold any func(string) (string, error) to
//     the contract of a VIN parser, which stands at TestParser.
//   - [Differ] finds the smallest input on which two parsers disagree.
//   - [Corpus] is what makers, papers, labels and other people's test suites
//     taught us, each case with what is right about it and its source.
//   - [Hostile] yields texts that are no VIN, most of them by one character.
//   - [Population] is a world of vehicles with VINs as makers issue them, by
//     index or as a stream.
//   - [Reader] reads VINs, plates or any text with the errors of a camera, a
//     person, a scanner, or metal that was stamped over.
//
// # Fuzzing a parser in five lines
//
//	func FuzzMine(f *testing.F) {
//		vintest.FuzzParser(f, func(s string) (string, error) {
//			return mine.Parse(s) // the VIN in upper case, or an error
//		}, vintest.Options{})
//	}
//
// # What stays as it is
//
// All numbers are made up or from public test suites; failures show them
// whole. Everything is determined by its seed, on every platform. The numbers
// of a seed stay as they are within a major version, which tests hold; the
// corpus and what TestParser tries may grow.
package vintest
