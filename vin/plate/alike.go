package plate

import (
	"unicode/utf8"
)

// Characters that cameras and people take for one another, after Genetec's
// classes for Latin plates with L added: {0 O D Q} {1 I L} {2 Z} {5 S} {6 G}
// {8 B}. Wider classes find hardly more and bring many false candidates.

// class returns the digit that stands for the class of a character, or the
// character.
func class(c byte) byte {
	switch c {
	case 'O', 'D', 'Q':
		return '0'
	case 'I', 'L':
		return '1'
	case 'Z':
		return '2'
	case 'S':
		return '5'
	case 'G':
		return '6'
	case 'B':
		return '8'
	}
	return c
}

// Skeleton returns p with each character of a class of look-alikes replaced by
// the digit of its class: plates that a reader may confuse have the same
// skeleton. It is a key to look under, not a number that anyone carries. It
// does not allocate.
func (p Plate) Skeleton() Plate {
	for i, c := range p.text[:p.n] {
		p.text[i] = class(c)
	}
	return p
}

// Equivalents returns the number of positions at which the texts of a and b
// differ by look-alikes only, and whether that makes them equal, that is,
// whether their skeletons are. Texts of different lengths have none. It does
// not look at the countries and does not allocate.
func Equivalents(a, b Plate) (n int, ok bool) {
	if a.n != b.n {
		return 0, false
	}
	ok = true
	for i := range a.n {
		x, y := a.text[i], b.text[i]
		switch {
		case x == y:
		case class(x) == class(y):
			n++
		default:
			ok = false
		}
	}
	return n, ok
}

// Distance returns the number of single edits that make the text of a that of
// b, where an edit adds, drops or replaces a character or exchanges two
// neighbours, and no part of the text is edited twice (optimal string
// alignment). Of skeletons it is the distance up to look-alikes. It does not
// look at the countries and does not allocate.
func Distance(a, b Plate) int {
	var ra, rb [MaxText]rune
	x, y := a.runes(&ra), b.runes(&rb)

	// Three rows of the table of distances between prefixes of x and y.
	var rows [3][MaxText + 1]uint8
	prev2, prev, row := &rows[0], &rows[1], &rows[2]
	for j := range len(y) + 1 {
		row[j] = uint8(j)
	}
	for i := range x {
		prev2, prev, row = prev, row, prev2
		row[0] = uint8(i + 1)
		for j := range y {
			var differs uint8
			if x[i] != y[j] {
				differs = 1
			}
			d := min(prev[j]+differs, prev[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, prev2[j-1]+1)
			}
			row[j+1] = d
		}
	}
	return int(row[len(y)])
}

// runes returns the characters of the text in buf.
func (p *Plate) runes(buf *[MaxText]rune) []rune {
	n := 0
	for i := 0; i < int(p.n); n++ {
		r, size := utf8.DecodeRune(p.text[i:p.n])
		buf[n] = r
		i += size
	}
	return buf[:n]
}
