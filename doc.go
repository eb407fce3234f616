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
// Tests try each of these, a small part with every change and the whole in
// bench/soak, which prints what was tried and what was found.
//
// Any bytes. No parser, decoder, import or lookup panics, whatever it is given.
// What reads a number, a plate or a pattern of one takes no more memory than twice
// its input and 64 KiB, and so does what checks a snapshot, beside the register that
// it becomes. The exceptions are stated: vin.Repairs makes up to 561 guesses, which
// take 2 MiB at most; an entry of a change log may take 128 times its length, as a
// change of 8 bytes is a struct of 300; CSV is read as a stream, a row at a time.
//
// After a crash. When Save has returned, the snapshot is there, whole. Until then
// the old one is, to the byte, whether the program was killed, the disk was full, or
// a write, sync or rename failed; there is never a mix. What a change log has
// acknowledged is in it, once. A sync that failed is not tried again.
//
// A corrupt file. A snapshot opens wholly verified or not at all: a bit that
// flipped, a part that is missing, zero or old, or anything behind the end gives an
// error that says so. Checksums that somebody made right on purpose gain him an
// error or a register that holds what he wrote, and no panic, no memory that is not
// the register's, and no hang.
//
// Readers. They take no lock, wait for nobody, and see one version of the register
// for as long as they hold a View: all changes of a call of Apply or none. Lookups
// do not allocate. What is no longer held, goroutines included, is given back.
//
// Bounds. A lookup takes logarithmic time at most, also among numbers that were
// chosen to have one hash. A search returns no more than its limit, says so if there
// is more, and ends with its context. Changes that wait are bounded, and Apply waits
// when they are too many. What a Watch remembers is bounded. Records, filters,
// patterns and texts have a greatest size, stated with each, beyond which they are
// refused.
//
// Everywhere. The same records with the same seed make the same snapshot, to the
// byte, on processors of 32 and 64 bits and of either byte order, and it opens on
// all others. The order of records, the number of goroutines, compactions and
// snapshots change no answer.
//
// The library writes no logs and opens no network connections of its own. Numbers
// are personal data: error texts carry positions and characters, never a whole
// number.
//
// # Not promised
//
// "No match" means not in this data, not "not stolen". A probability is as good as
// what was declared of the register and the channel.
//
// Checksums find accidents and not malice: who wrote a file is for others to prove.
// Changes are in memory until they are saved: what lasts is a snapshot and a change
// log. A disk that says it has synced and has not can lose both. Memory and time of
// what a caller asks for, such as all rows of a register, are the caller's.
package vinmatch
