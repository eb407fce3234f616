package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// formatsGZ is a list of the layouts of plates: country, name, pattern,
// letters excluded, notes with an example, and source. A pattern is parts one
// after another, alternatives being parted by a bar:
//
//	L          a letter other than those excluded
//	X          any letter
//	D N A      a digit; a digit other than 0; a letter as L, or a digit
//	'GP'       these characters
//	[EH]       one of these characters
//	<HAN>      a native letter of this kind; <PLACE> is a name in native letters
//
// and {3} or {1,3} after a part says how many. Letters excluded that end in a
// question mark are in doubt, and are not excluded here.
//
//go:embed plate_formats.csv.gz
var formatsGZ []byte

// A part is a number of characters of one set; set has bits as in format.go
// of package plate.
type part struct {
	set         uint64
	least, most int
	size        float64 // characters in set, which a script's bit does not tell
}

const (
	allDigits  = 1<<10 - 1
	letterBit  = 10
	allLetters = (1<<26 - 1) << letterBit
	scriptBit  = 36
)

// native are the kinds of native letters: bits of scripts in the order of
// package plate, and how many such letters plates use, by estimate.
var native = map[string]part{
	"HAN":    {set: 1 << (scriptBit + 0), size: 34},
	"HIRA":   {set: 1 << (scriptBit + 1), size: 42},
	"HANGUL": {set: 1 << (scriptBit + 2), size: 40},
	"AR":     {set: 1 << (scriptBit + 3), size: 17},
	"THAI":   {set: 1 << (scriptBit + 4), size: 38},
	// Canonical text has Latin letters for those that look so.
	"CYR": {set: 1<<(scriptBit+5) | letters("ABCEHIJKMOPSTXY"), size: 33},
	"BN":  {set: 1 << (scriptBit + 6), size: 32},
	// Of the Japanese, Korean and Bengali names few would be wrong, so the
	// size of a character is chosen to make about a hundred names.
	"PLACE": {set: 0b1000111 << scriptBit, least: 1, most: 12, size: math.Pow(100, 1./12)},
}

func letters(s string) (set uint64) {
	for _, c := range s {
		switch {
		case 'A' <= c && c <= 'Z':
			set |= 1 << (letterBit + c - 'A')
		case '0' <= c && c <= '9':
			set |= 1 << (c - '0')
		}
	}
	return set
}

func formats() ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(formatsGZ))
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(zr).ReadAll()
	if err != nil {
		return nil, err
	}
	var (
		sets  []uint64
		setNo = map[uint64]int{}
		lines = map[string]bool{}
	)
	for _, row := range rows[1:] {
		country, pattern, excluded := row[0], row[2], row[3]
		if strings.HasSuffix(excluded, "?") {
			excluded = ""
		}
		for alternative := range strings.SplitSeq(pattern, "|") {
			parts, err := parse(alternative, letters(excluded))
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", country, alternative, err)
			}
			var code []byte
			for _, p := range parts {
				no, ok := setNo[p.set]
				if !ok {
					no = len(sets)
					setNo[p.set] = no
					sets = append(sets, p.set)
				}
				code = append(code, byte(no), byte(p.least), byte(p.most))
			}
			lines[fmt.Sprintf("\t{'%c'<<8 | '%c', %.1f, %s},\n", country[0], country[1], cardinality(parts), hexQuote(code))] = true
		}
	}
	sorted := make([]string, 0, len(lines))
	for line := range lines {
		sorted = append(sorted, line)
	}
	slices.Sort(sorted)

	var b bytes.Buffer
	fmt.Fprint(&b, "// charSets are the sets of characters that formats use.\nvar charSets = [...]charSet{\n")
	for i, s := range sets {
		fmt.Fprintf(&b, "\t%#02x: %#x,\n", i, s)
	}
	fmt.Fprint(&b, "}\n\n// formats are in order of their countries.\nvar formats = [...]format{\n")
	for _, line := range sorted {
		b.WriteString(line)
	}
	fmt.Fprint(&b, "}\n")
	return gofile(&b)
}

func hexQuote(code []byte) string {
	var b strings.Builder
	for _, c := range code {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return `"` + b.String() + `"`
}

// parse reads one alternative of a pattern.
func parse(s string, excluded uint64) (parts []part, err error) {
	for s != "" {
		var p part
		switch s[0] {
		case '\'':
			text, rest, ok := strings.Cut(s[1:], "'")
			if !ok {
				return nil, fmt.Errorf("quote without end")
			}
			for _, c := range text {
				parts = append(parts, part{set: letters(string(c)), least: 1, most: 1, size: 1})
			}
			s = rest
			continue
		case '[':
			text, rest, ok := strings.Cut(s[1:], "]")
			if !ok {
				return nil, fmt.Errorf("bracket without end")
			}
			p.set, s = letters(text), rest
		case '<':
			name, rest, _ := strings.Cut(s[1:], ">")
			var ok bool
			if p, ok = native[name]; !ok {
				return nil, fmt.Errorf("unknown kind <%s>", name)
			}
			s = rest
		default:
			switch s[0] {
			case 'L':
				p.set = allLetters &^ excluded
			case 'X':
				p.set = allLetters
			case 'D':
				p.set = allDigits
			case 'N':
				p.set = allDigits &^ letters("0")
			case 'A':
				p.set = (allLetters | allDigits) &^ excluded
			default:
				return nil, fmt.Errorf("unknown part %q", s[0])
			}
			s = s[1:]
		}
		if p.size == 0 {
			p.size = float64(bits.OnesCount64(p.set))
		}
		if p.most == 0 {
			p.least, p.most = 1, 1
		}
		if strings.HasPrefix(s, "{") {
			count, rest, _ := strings.Cut(s[1:], "}")
			least, most, ok := strings.Cut(count, ",")
			if !ok {
				most = least
			}
			if p.least, err = strconv.Atoi(least); err != nil {
				return nil, err
			}
			if p.most, err = strconv.Atoi(most); err != nil {
				return nil, err
			}
			s = rest
		}
		// Neighbours of one set are one part, so that no text is counted
		// twice and none can be taken apart in several ways.
		if n := len(parts); n > 0 && parts[n-1].set == p.set {
			parts[n-1].least += p.least
			parts[n-1].most += p.most
			continue
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// cardinality returns the binary logarithm of the number of texts.
func cardinality(parts []part) float64 {
	sum := 0.0
	for _, p := range parts {
		n := 0.0
		for k := p.least; k <= p.most; k++ {
			n += math.Pow(p.size, float64(k))
		}
		sum += math.Log2(n)
	}
	return sum
}
