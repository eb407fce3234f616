// Package match answers what people and cameras ask of a register: is the
// vehicle with these numbers on it, and how sure is that? It cleans and repairs
// what was read, looks it up in an [index.Index], and returns the records that
// may be meant, each with a score and the evidence for a person.
//
// [New] makes a [Matcher], [Matcher.Match] answers one [Query], and
// [Matcher.Screen] answers a stream of them, over all processors and in order.
//
// # What is looked up
//
// A query holds one or more reads, of one kind or of several. Each read is
// looked up
//
//   - as it is, in either letter case, and cleaned ([vin.Clean],
//     [vin.CleanText], [plate.Parse]): nothing is guessed in that;
//   - a VIN also under all its [vin.Repairs]: the misreadings of one symbol
//     that are common. That is done for every VIN, for a read that is itself a
//     possible VIN may be another one misread, most of all where positions 8
//     and 9 are swapped, which no check digit notices;
//   - a VIN that holds the frame number of an import, or a short old number
//     filled up with zeros, also as that chassis number, and the other way
//     round; a VIN in the field for chassis numbers also as a VIN, and a chassis
//     number in the field for VINs as a chassis number;
//   - a plate under its country and under none, or under every country that
//     the register knows where its own was not read, in each with its other
//     spellings ([plate.Plate.Aliases]); a document under its country and under
//     none.
//
// A read that is itself part of a number finds the records that it fits
// ([index.View.SearchNumbers]): of a VIN, whatever [vin.CleanPattern] takes for
// part of one, such as the last six symbols; of other numbers, what has a ? for
// an unknown character or a * for any number of them. Stars on both sides of a
// number are not that but stamped there to show that it is whole. A hundred
// records are looked at, or as many as the query wants findings; a [Remark]
// tells if more fit.
//
// No match means not in this data. It does not mean that a vehicle is not
// stolen.
//
// # Remarks
//
// What is odd about the query is remarked on, found or not: numbers that are
// no numbers, a check digit that is required and wrong, a paper that
// contradicts the VIN. Remarks carry a [Grade]. A wrong check digit is a
// [Doubt] where the law demands the digit, no remark at all elsewhere, and
// never keeps a number from being looked up.
//
// # Scores
//
// The score of a finding is 2 to the sum of the weights of its evidence, at
// most 1, and at most 0.95 for a guess or a read of part of a number. It is an
// order by rules that a person can follow, and no probability. The rules, in
// bits and as the score of a finding of which nothing else is known:
//
//	number listed as read, and plausible        0     1
//	  listed once cleaned                       -0.1  0.93
//	  check digit required and wrong            -0.15 0.90
//	  one symbol throughout, under 4 symbols    -4    0.06
//	plate: country known on one side only       -0.5  0.71
//	  listed in another spelling                -0.5  0.66 (it is cleaned, too)
//	repaired, and the read
//	  cannot be a VIN                           -0.5  0.71
//	  fails a required check digit              -1    0.50
//	  has nothing wrong with it                 -3.5  0.09
//	  and the listed VIN fails where required   -2    more
//	the misreading, by channel                  0 to -4 more: a camera swaps no neighbours
//	read in part: k of n characters known       log2 of k/n: -1.5 and 0.35 for the last six of a VIN
//	  m different numbers fit                   -log2 of m more: 0.035 each for ten
//	the reader preferred another read           log2 of the ratio
//	a second kind of number matches             +2    times its own score
//
// Where a finding is a guess, or its number alone is not enough (score 0.71 or
// less), the paper and the other numbers weigh too:
//
//	another VIN or plate is listed than read    -2
//	make            agrees +0.5   contradicts -2
//	model year      agrees +0.5   contradicts -1.5, a year apart 0
//	type            agrees +0.25  contradicts -2
//	colour          agrees +0.25  contradicts -0.5
//	country         agrees 0      contradicts -1
//
// They never lower an exact match of a plausible number: that the paper says
// something else is then a reason to look at the paper. The evidence is there,
// with weight 0.
//
// # Personal data
//
// Findings and their evidence show whole numbers, to the person who asked.
// Errors and remarks do not. The package keeps no record of queries and writes
// no log.
package match
