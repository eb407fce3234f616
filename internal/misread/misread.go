// Package misread says how likely one text is read as another: the error models
// of the channels through which numbers come.
//
// A [Kernel] is the model of one channel, given that an error was made. What it
// returns are probabilities of one exact wrong text, not of a class of them, so
// that over all wrong texts of one true text they sum to at most 1. Callers
// multiply by the share of reads with an error.
package misread

import (
	_ "embed"
	"strings"
)

//go:generate go run ./gen

// Alphabet holds the characters that the models tell apart, in the order of the
// table of confusions.
const Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Certain is the last entry of each row of the table of confusions.
const Certain = 1<<16 - 1

// For each character of the alphabet, 36 cumulative probabilities of being read
// as each, given that it is misread: big-endian, in units of 1/Certain. From
// zas97/ocr_weighted_levenshtein.
//
//go:embed confusions.bin
var confusions string

// Confusions returns the probability, times [Certain], that character i of the
// alphabet, when it is misread for its looks, is read as one of the characters
// up to and including j.
func Confusions(i, j int) int {
	at := 2 * (i*len(Alphabet) + j)
	return int(confusions[at])<<8 | int(confusions[at+1])
}

// Restamps returns the characters that more strokes make of c: what somebody
// who stamps a number over can make of it. A judgement.
func Restamps(c byte) string { return restamps[c] }

var restamps = [256]string{
	'0': "68", '1': "47", '3': "8", '5': "68", '6': "8", '7': "2", '9': "8",
	'C': "G", 'E': "B", 'F': "EPR", 'J': "U", 'L': "E", 'P': "BR", 'R': "B", 'V': "W",
}

// A Channel is a way in which a number is read.
type Channel uint8

const (
	Typed Channel = iota
	Camera
	Barcode
	Stamped
	Channels
)

// Rate returns the customary share of reads of a channel with an error, for who
// has no figure of their own. That of cameras is what makers of plate readers
// and their critics agree on (0.02 to 0.15); the others are judgement.
func (c Channel) Rate() float64 {
	return [Channels]float64{Typed: 0.03, Camera: 0.05, Barcode: 0.02, Stamped: 0.5}[c]
}

// Shares are the kinds of errors of a channel, as parts of all its errors.
type Shares struct {
	LookAlike  float64 // one character taken for another by its looks
	Any        float64 // one character taken for any other of its kind, digit or letter
	Region     float64 // the same, of the first two
	Restamp    float64 // one of the last six made into another by more strokes
	Transposed float64 // two neighbours swapped
	Lost       float64 // one character of the middle lost
	LostEnd    float64 // the last one or two lost
	Extra      float64 // one too many: the last one again, or any
	Several    float64 // two or three errors
	Undone     float64 // what cleaning undoes, such as the frame of a bar code
}

// The sources are those of package vintest, which draws reads from the same
// figures; a test holds the two together. Wherever a share is nil in the data,
// a small one stands here, so that a rare error is unlikely and not impossible.
var shares = [Channels]Shares{
	Typed:   {LookAlike: 375, Any: 375, Transposed: 150, Lost: 75, Extra: 75, Several: 35, LostEnd: 5},
	Camera:  {LookAlike: 450, Any: 120, Region: 60, Lost: 80, LostEnd: 250, Several: 40, Extra: 10, Transposed: 1},
	Barcode: {Undone: 80, LostEnd: 10, Any: 10, LookAlike: 1, Lost: 1, Extra: 1, Transposed: 0.2, Several: 0.2},
	Stamped: {Restamp: 23, LookAlike: 20, Lost: 10, Several: 48, Any: 2, LostEnd: 1, Extra: 1, Transposed: 0.5},
}

// A Kernel is the error model of one channel, given that an error was made. It
// is made once and only read.
type Kernel struct {
	Shares

	// like[a][b] is the probability that a character, once it is the one that is
	// misread, is read b: by looks, and as any other of its kind.
	like, any [len(Alphabet)][len(Alphabet)]float64
	taken     [len(Alphabet)][len(Alphabet)]float64 // by either, given that there is an error

	worst, worstAny [len(Alphabet)]float64 // the greatest of a column of taken and any
}

var kernels = func() (all [Channels]Kernel) {
	for c := range all {
		all[c].fill(shares[c])
	}
	return all
}()

// Of returns the model of a channel, that of Typed for none that exists.
func Of(c Channel) *Kernel {
	if c >= Channels {
		c = Typed
	}
	return &kernels[c]
}

func (k *Kernel) fill(s Shares) {
	total := s.LookAlike + s.Any + s.Region + s.Restamp + s.Transposed + s.Lost + s.LostEnd + s.Extra + s.Several + s.Undone
	for _, p := range []*float64{
		&s.LookAlike, &s.Any, &s.Region, &s.Restamp, &s.Transposed, &s.Lost, &s.LostEnd, &s.Extra, &s.Several, &s.Undone,
	} {
		*p /= total
	}
	k.Shares = s
	for a := range Alphabet {
		before := 0
		for b := range Alphabet {
			sum := Confusions(a, b)
			k.like[a][b] = float64(sum-before) / Certain
			before = sum
			if a == b {
				continue
			}
			others := 25.0
			if a < digits {
				others = digits - 1
			}
			if (a < digits) == (b < digits) {
				k.any[a][b] = (1 - crossed) / others
			} else {
				k.any[a][b] = crossed / (float64(len(Alphabet)) - 1 - others)
			}
		}
	}
	for b := range Alphabet {
		for a := range Alphabet {
			k.taken[a][b] = k.LookAlike*k.like[a][b] + k.Any*k.any[a][b]
			k.worst[b] = max(k.worst[b], k.taken[a][b])
			k.worstAny[b] = max(k.worstAny[b], k.any[a][b])
		}
	}
}

const (
	digits  = 10
	crossed = 0.05 // of misreadings as any other character, those as one of the other kind
)

// place returns the place of a character in the alphabet, or -1.
func place(c rune) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + digits
	}
	return -1
}

// foreign is the probability that a character outside the alphabet is read as
// one certain other, or that one inside is read as one outside.
const foreign = 0.01

// Substituted returns the probability that of a text of n characters the one at
// pos, from 0, is read b though it is a.
func (k *Kernel) Substituted(a, b rune, pos, n int) float64 {
	i, j := place(a), place(b)
	if i < 0 || j < 0 {
		return k.Any * foreign / float64(n)
	}
	p := k.taken[i][j] / float64(n)
	if pos < 2 {
		p += k.Region * k.any[i][j] / 2
	}
	if k.Restamp == 0 {
		return p
	}
	if last := min(n, restamped); pos >= n-last {
		if all := restamps[byte(a)]; strings.IndexByte(all, byte(b)) >= 0 {
			p += k.Restamp / float64(last*len(all))
		}
	}
	return p
}

// restamped is how many characters at the end are stamped over.
const restamped = 6

// Swapped returns the probability that two certain neighbours of n characters
// are swapped.
func (k *Kernel) Swapped(n int) float64 { return k.Transposed / float64(max(n-1, 1)) }

// LostAt returns the probability that the character at pos of n, from 0, is the
// one that is lost.
func (k *Kernel) LostAt(pos, n int) float64 {
	if pos == n-1 {
		return k.LostEnd / 2
	}
	return k.Lost / float64(max(n-2, 1))
}

// ExtraOf returns the probability that of n characters a certain one is followed
// by b, which is one too many: doubled if b is that character.
func (k *Kernel) ExtraOf(doubled bool, b rune, n int) float64 {
	if doubled {
		return k.Extra * 0.75 / float64(n)
	}
	others := 25.0
	if place(b) < digits {
		others = digits
	}
	return k.Extra * 0.25 / float64(n) / others
}

// Both returns the probability of two certain errors in a text of n characters,
// where each by itself, given that one error was made, has the probability p
// and q.
func (k *Kernel) Both(p, q float64) float64 {
	return k.Several * 2 * p * q
}

// Most returns an upper bound of the probability of a text given that one error
// was made, whatever the true text is; fixed: if that is of the same length.
func (k *Kernel) Most(read []rune, fixed bool) float64 {
	n := len(read)
	most := k.Swapped(n)
	if !fixed {
		most = max(most, k.Lost, k.LostEnd, k.Extra)
	}
	for pos, c := range read {
		p := k.Any * foreign / float64(n)
		if j := place(c); j >= 0 {
			p = k.worst[j] / float64(n)
			if pos < 2 {
				p += k.Region / 2 * k.worstAny[j]
			}
			if last := min(n, restamped); pos >= n-last {
				p += k.Restamp / float64(last)
			}
		}
		most = max(most, p)
	}
	return most
}
