// Package vinmatch answers one question: is this vehicle on the list, and how
// sure are we?
//
// The numbers that are asked at borders, in ports and by cameras are misread,
// mistyped, half filed off, cloned, or stand on forged papers. The packages
// below hold a register of wanted vehicles in memory, take such a number, and
// answer with the records that may be meant, how probable each is, and the
// evidence for a person. This package itself is documentation only.
//
// # Layers
//
// Imports point down only.
//
//	examples, bench   programs: quickstart, the command-line tool, benchmarks
//	match             what was asked: ranked, explained findings
//	index/feed        many nodes, one register: change log and replicas
//	index             what is registered: keys, records, filters, snapshots
//	vin, vin/plate    what a number is: parse, clean, check, decode, pattern
//	internal/...      one-job machinery
//
// Their documentation is the reference:
//
//   - [github.com/vinmatch/vinmatch/match]
//   - [github.com/vinmatch/vinmatch/index]
//   - [github.com/vinmatch/vinmatch/index/feed]
//   - [github.com/vinmatch/vinmatch/vin]
//   - [github.com/vinmatch/vinmatch/vin/plate]
//   - [github.com/vinmatch/vinmatch/vin/vintest]: realistic populations,
//     misreads, and a conformance suite for VIN parsers, ours or anybody's
//
// # A tour
//
// Strict first. vin.Parse reads exactly 17 symbols into a two-word value;
// vin.VIN.Decode says who made it, where, and in which model year, with the
// reason. A check digit that does not compute is advice, never an error: half
// of the world does not use it.
//
// What people, papers and devices write goes through vin.Clean, which drops
// separators and labels and reports every edit, and vin.Repairs, which
// guesses what was meant, most likely first. A number of which only a part is
// known is a vin.Pattern. Plates of any country and script have one canonical
// form in plate.Plate.
//
// Every number, of whatever kind, is one comparable 16-byte index.Key, and one
// table answers for all. index.Build makes an index.Index from records, and
// Open reads one from a snapshot; Apply changes it while readers read. An
// index.View is one version: it looks keys up, one at a time or, much faster, in
// batches, and searches for numbers of which a part is known.
//
// match.Matcher puts it together: it cleans and repairs what was read, asks
// the index, compares what the papers claim, and explains what it found.
//
// # Promises
//
// No parser, decoder or lookup panics or allocates without bound on any input
// bytes. Readers take no lock and see one version of the register for as long
// as they hold a View. The library writes no logs and opens no network
// connections of its own. Numbers are personal data: error texts carry positions
// and characters, never a whole number.
//
// Not promised: "no match" means not in this data, not "not stolen".
package vinmatch
