package match

import (
	"slices"
	"strconv"

	"github.com/vinmatch/vinmatch/index"
)

// maxDiff is how many characters of a number are compared for evidence. No
// number that can be keyed exactly is longer.
const maxDiff = 64

// A difference is one error that turns the listed number into the read.
type difference struct {
	code         EvidenceCode // EvidenceMisread, EvidenceTransposed, EvidenceMissing or EvidenceExtra
	listed, read int          // positions from 1: of the listed character, of the read one
	from, to     string       // what was read; what is listed
}

// diff returns the fewest errors that turn listed into read, in order: other
// characters, swapped neighbours, lost and extra characters (the optimal
// string alignment distance). It compares at most maxDiff characters.
func diff(read, listed []rune) []difference {
	read, listed = read[:min(len(read), maxDiff)], listed[:min(len(listed), maxDiff)]
	n, m := len(read), len(listed)
	width := m + 1
	cost := make([]uint8, (n+1)*width)
	at := func(i, j int) *uint8 { return &cost[i*width+j] }
	for i := 0; i <= n; i++ {
		for j := 0; j <= m; j++ {
			switch {
			case i == 0:
				*at(i, j) = uint8(j)
			case j == 0:
				*at(i, j) = uint8(i)
			default:
				c := *at(i-1, j-1)
				if read[i-1] != listed[j-1] {
					c++
				}
				c = min(c, *at(i-1, j)+1, *at(i, j-1)+1)
				if swapped(read, listed, i, j) {
					c = min(c, *at(i-2, j-2)+1)
				}
				*at(i, j) = c
			}
		}
	}

	var out []difference
	add := func(code EvidenceCode, i, j, di, dj int) {
		out = append(out, difference{
			code: code, listed: j - dj + 1, read: i - di + 1,
			from: string(read[i-di : i]), to: string(listed[j-dj : j]),
		})
	}
	for i, j := n, m; i > 0 || j > 0; {
		c := *at(i, j)
		switch {
		case i > 0 && j > 0 && read[i-1] == listed[j-1] && c == *at(i-1, j-1):
			i, j = i-1, j-1
		case swapped(read, listed, i, j) && c == *at(i-2, j-2)+1:
			add(EvidenceTransposed, i, j, 2, 2)
			i, j = i-2, j-2
		case i > 0 && j > 0 && c == *at(i-1, j-1)+1:
			add(EvidenceMisread, i, j, 1, 1)
			i, j = i-1, j-1
		case j > 0 && c == *at(i, j-1)+1:
			add(EvidenceMissing, i, j, 0, 1)
			j--
		default:
			add(EvidenceExtra, i, j, 1, 0)
			i--
		}
	}
	slices.Reverse(out)
	return out
}

// swapped reports whether the two characters before i and j are the same two
// the other way round.
func swapped(read, listed []rune, i, j int) bool {
	return i > 1 && j > 1 && read[i-1] == listed[j-2] && read[i-2] == listed[j-1] && read[i-1] != read[i-2]
}

// evidence puts a difference in words.
func (d *difference) evidence(k index.Kind, weight float64) Evidence {
	e := Evidence{Code: d.code, Kind: k, Pos: d.listed, Read: d.from, Listed: d.to, Weight: weight}
	pos := strconv.Itoa(d.listed)
	switch d.code {
	case EvidenceTransposed:
		e.Text = "positions " + pos + " and " + strconv.Itoa(d.listed+1) + ": read " + d.from + ", listed " + d.to
	case EvidenceMissing:
		e.Text = "position " + pos + ": listed " + d.to + ", not read"
	case EvidenceExtra:
		e.Pos = d.read
		e.Text = "position " + strconv.Itoa(d.read) + " of the read: " + d.from + " is one character too many"
	default:
		e.Text = "position " + pos + ": read " + d.from + ", listed " + d.to
	}
	return e
}
