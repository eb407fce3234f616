package match

import "github.com/vinmatch/vinmatch/index"

// Judgements in bits, where there is no figure to compute from: what a match
// loses against one of the very same text.
const (
	// cleanedBits: nothing is guessed in cleaning, but what was dropped might
	// have meant something.
	cleanedBits = -0.1

	aliasBits         = -1 // two spellings of a plate, which may be two plates
	unknownIssuerBits = -1 // the country is known on one side only
)

// What a fact on the paper weighs, after Fellegi and Sunter: the logarithm of
// how much more often paper and record agree if they are about one vehicle than
// if they are about two. A paper about the vehicle says the listed make in 95 of
// 100 cases and the listed colour in 85; papers of two vehicles agree by chance
// as often as the commonest values are common. The shares are judgement.
type claimWeights struct{ agrees, contradicts float64 }

var (
	makeWeights    = claimWeights{3.2, -4.2}  // 0.95 against 0.1; 0.05 against 0.9
	yearWeights    = claimWeights{3.1, -2.6}  // 0.85 against 0.1; 0.15 against 0.9
	countryWeights = claimWeights{1.9, -1.8}  // 0.75 against 0.2; 0.2 against 0.7
	typeWeights    = claimWeights{0.65, -3.2} // 0.95 against 0.6; 0.04 against 0.37
	colourWeights  = claimWeights{2.1, -2.2}  // 0.85 against 0.2; 0.15 against 0.7
)

// A weighing says which of the facts on a paper weigh.
type weighing uint8

const (
	// weighNone: the VIN was read as it is listed. That the paper says something
	// else is a reason to look at the paper.
	weighNone weighing = iota
	// weighAgainst: the VIN was read nearly so. A sibling has the same make and
	// year, so that they can only speak against the record; its colour is its
	// own.
	weighAgainst
	// weighAll: another number matches.
	weighAll
)

// claimsWeigh returns which facts weigh beside a match.
func claimsWeigh(m *match) weighing {
	switch {
	case m.kind == index.KindVIN && m.how <= Cleaned:
		return weighNone
	case m.kind == index.KindVIN:
		return weighAgainst
	}
	return weighAll
}
