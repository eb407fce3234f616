package match

import "strings"

// The score of a finding is 2 to the sum of its weights, at most 1, and at most
// maxGuess where the match needed a guess or the read was of part of a number.
// The constants below are judgement, not measurement: they order what is found
// and keep guesses apart from matches. They are stated in bits so that a
// measured likelihood can take the place of each.
const (
	maxGuess = 0.95

	// How the number matched. Nothing is guessed in cleaning, but what was
	// dropped might have meant something.
	exactBits   = 0
	cleanedBits = -0.1 // 0.93

	// A guess, by what the read is by itself. A plausible read is most often
	// right: consecutive serials differ by a character or two, so that the
	// listed number is then an innocent neighbour's sibling.
	notVINBits    = -0.5 // 0.71: the read cannot be a VIN
	mismatchBits  = -1   // 0.5: the read's check digit is required and wrong
	plausibleBits = -3.5 // 0.09: nothing is wrong with the read

	// Doubts about the listed number or the match.
	placeholderBits   = -4    // 0.06: all ones, all zeros
	badCheckBits      = -0.15 // 0.9: the read has the same wrong check digit as the record
	badGuessBits      = -2    // 0.25: the guess gives a number whose check digit is required and wrong
	aliasBits         = -0.5  // 0.71: two spellings of a plate, which may be two plates
	unknownIssuerBits = -0.5  // 0.71: the country is known on one side only
	differsBits       = -2    // another number of the record is not what was read

	// doubtfulBits is where a number alone is not enough, so that the paper and
	// the other numbers weigh too. No guess is above it.
	doubtfulBits = -0.5

	// alsoBits is what a second kind of number that matches adds.
	alsoBits = 2
)

// errorBits are the weights of one reading error by channel: how much rarer it
// is than the channel's commonest. Cameras never reverse two characters, and a
// bar code's own check makes any error rare.
type errorBits struct {
	illegal    float64 // I, O, Q or a stray sign, where the standard has none
	misread    float64
	transposed float64
	missing    float64
	extra      float64
}

var channelBits = [channels]errorBits{
	Typed:   {illegal: 0, misread: -0.25, transposed: 0, missing: 0, extra: 0},
	Camera:  {illegal: 0, misread: 0, transposed: -3, missing: -0.5, extra: -0.5},
	Barcode: {illegal: -1, misread: -3, transposed: -4, missing: -2, extra: -1},
	Stamped: {illegal: 0, misread: 0, transposed: -2, missing: -0.5, extra: -1},
}

// of returns the weight of a difference.
func (b *errorBits) of(d *difference) float64 {
	switch d.code {
	case EvidenceTransposed:
		return b.transposed
	case EvidenceMissing:
		return b.missing
	case EvidenceExtra:
		return b.extra
	}
	if d.forced() {
		return b.illegal
	}
	return b.misread
}

// forced reports whether the read has something that no VIN has where the
// listed VIN has a symbol.
func (d *difference) forced() bool {
	const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	return d.code == EvidenceMisread && !strings.Contains(symbols, d.from)
}

// claimWeights are the weights of one fact on the paper.
type claimWeights struct{ agrees, contradicts float64 }

var (
	makeWeights    = claimWeights{0.5, -2}
	yearWeights    = claimWeights{0.5, -1.5}
	countryWeights = claimWeights{0, -1}
	typeWeights    = claimWeights{0.25, -2}
	colourWeights  = claimWeights{0.25, -0.5}
)
