// Package match answers what people and cameras ask of a register: is the
// vehicle with these numbers on it, and how sure is that? It cleans what was
// read, looks it up in an [index.Index] together with everything it may be a
// misreading of, and returns the records that may be meant, each with a
// probability, a verdict, and the evidence that adds up to it.
//
// [New] makes a [Matcher], [Matcher.Match] answers one [Query], and
// [Matcher.Screen] answers a stream of them, over all processors and in order.
// [Sightings] tells clones among what was seen, [Duplicates] lists what a
// register holds twice, and [Document] checks a paper against a VIN.
//
// # What is looked up
//
// A query holds one or more reads, of one kind or of several. Each read is
// looked up
//
//   - as it is, in either letter case, and cleaned ([vin.Clean],
//     [vin.CleanText], [plate.Parse]): nothing is guessed in that;
//   - with every error that can have been made in it, see below;
//   - a VIN that holds the frame number of an import, or a short old number
//     filled up with zeros, also as that chassis number, and the other way
//     round; a VIN in the field for chassis numbers also as a VIN, and a chassis
//     number in the field for VINs as a chassis number. A record should list its
//     VIN as one: as a chassis number, only what is read as such finds it;
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
// # Near numbers
//
// Near numbers are found by making all numbers that one error leads to and
// asking the index for them in one batch, so that none is missed: any character
// replaced by any other, two neighbours swapped, one lost, one too many; of a VIN
// also the last two lost, which is what cameras do. A character that no VIN has
// is an error already, and every symbol is tried in its place. Of a VIN of 17
// symbols that are 560 numbers, which the index need not even make: see
// [index.View.AppendNear].
//
// Numbers with two errors are searched for where those with one leave the read
// unexplained: no finding is more likely than not, and the read is implausible
// by itself (no VIN, a wrong check digit where the law demands one, an unknown
// maker, an impossible year; a plate of no format of its country). They are two
// of the pairs of [LookAlikes]; one of them and two other neighbours swapped; and,
// where the law demands a check digit of the result, any two symbols that make
// it compute.
//
// [Options].Near says when to search. Under [Auto], a search is left out where
// no finding could reach MinProbability: the read is itself the number of a
// vehicle that very likely exists. That is decided from an upper bound, and near
// findings below MinProbability are dropped. [Result].Search tells what ran.
//
// # Probability
//
// The probability of a finding is that the vehicle of this record is the one that
// was read. It is computed by the rule of Bayes from figures that are stated in
// [Options] and here, and every step of it is in the evidence, in bits: the
// weights add up to the logarithm of the odds to base 2, so that
//
//	probability = 1 / (1 + 2^-sum)
//
// and a reader can follow it with a pencil. One bit doubles the odds; ten bits
// multiply them by a thousand. This section says what each line means, for
// somebody who has to defend it, or to attack it.
//
// Three things can have happened. The vehicle is listed, and its number was read,
// rightly or with an error. Or it is not listed, and the number as it was read is
// its own. Or it is not listed, and its number was misread as this one. The
// probability weighs the first against the other two.
//
// What was likely before (evidence "prior"). Of all queries a share
// [Options].HitRate concern a listed vehicle, and any of the N listed is as likely
// as another: so before anything was read, the odds of this one are
// HitRate/(1-HitRate)/N, about one to eight thousand million for INTERPOL's
// register. That is some -33 bits, and it is why a plate that "looks like" a
// listed one proves nothing.
//
// How well the read fits (evidence "exact", "cleaned", "repaired", "near" and the
// lines of the characters that differ). An unlisted vehicle picked at random has
// this one number with a probability of one in [Options].Vehicles, or +30 bits.
// Each difference costs what it is rare: the share of reads with an error on this
// channel ([Options].Misread), the share of this kind of error among them, the
// chance that it hit this place, and the chance that this character is taken for
// that one. The shares by kind are of published figures (Verhoeff 1969 for people;
// the counts of an operator of plate readers for cameras; Oliveira-Neto, Han and
// Jeong 2012, who found that cameras swap no characters), the table of characters
// is counted from an optical reader (zas97/ocr_weighted_levenshtein); what no
// figure is published for is judgement and marked so in the source.
//
// Whose number it may be instead (evidence "unlisted"). How many vehicles that are
// not listed would be read so? If the number as read is that of a vehicle that
// surely exists, the answer is 1, the line weighs 0 bits, and what is left is
// the improbable assumption of an error: the finding is a [Sibling]. If no such
// vehicle can exist, since the check digit is wrong or nobody builds such numbers,
// hardly any would be read so, and the line adds many bits. Which numbers exist
// is estimated from the register itself, as Good and Turing did: listed vehicles
// are a sample of all; leaving each of them out in turn shows how often a number
// is listed that has so much in common with its nearest listed neighbour, and
// where one vehicle in two hundred is listed two hundred times as many exist. The
// estimate mixes in what experience expects in the weight of forty listed
// vehicles, which rules small registers. Plates are taken to fill 15 of 100
// places of their format; other numbers as many as their length allows.
//
// Other numbers (evidence "also" and "differs"). A second kind of number counts by
// the same rule. One that should match and does not is held against the record
// only as far as numbers are exchanged: a false plate is nothing unusual on a
// stolen car, another VIN is.
//
// The paper (evidence "claim_..."), after Fellegi and Sunter: the logarithm of how
// much more often paper and record agree if they are about one vehicle than if
// they are about two. Make, model year, country and type say nothing where a VIN
// matches, for the sibling has the same, but can speak against it.
//
//	make        agrees +3.2   contradicts -4.2
//	model year  agrees +3.1   contradicts -2.6, a year apart 0
//	country     agrees +1.9   contradicts -1.8
//	type        agrees +0.65  contradicts -3.2
//	colour      agrees +2.1   contradicts -2.2
//
// Nothing of it weighs where the VIN was read as it is listed: that the paper says
// something else is then a reason to look at the paper. The evidence is there,
// with weight 0.
//
// Other listed vehicles (evidence "rivals"). Only one vehicle was read. Records of
// one vehicle share its probability, and over the vehicles of an answer it sums to
// at most 1.
//
// How far it can be trusted. Where the world is as declared, of the findings that
// claim a probability of 0.8 eight in ten are true: TestCalibration measures that
// on worlds and under errors of reading that the model was not made from. Where
// HitRate, Vehicles or Misread are not those of your queries, the probability is
// not either: at a hit rate of ten times less, the odds are ten times less. It says
// nothing of whether the record is right, nor of a clone that carries a listed
// number. A lone near match is therefore often honestly no more than [Possible],
// and a second number, or a look at the vehicle, is what settles it.
//
// Even a VIN that is read exactly as it is listed is not quite certain: somebody
// may have misread a sibling's number as this one. A number that many vehicles may
// carry, such as one symbol throughout, says next to nothing.
//
// # Remarks
//
// What is odd about the query is remarked on, found or not: numbers that are
// no numbers, a check digit that is required and wrong, a paper that
// contradicts the VIN. Remarks carry a [Grade]. A wrong check digit is a
// [Doubt] where the law demands the digit, no remark at all elsewhere, and
// never keeps a number from being looked up.
//
// # Personal data
//
// Findings and their evidence show whole numbers, to the person who asked.
// Errors and remarks do not. The package keeps no record of queries, except in a
// Watch, and writes no log.
package match
