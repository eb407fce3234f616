package vintest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/vinmatch/vinmatch/vin"
)

//go:generate go run ./gen

var (
	// 32,737 records of 10 bytes, by column: see packPrefixes in gen.
	//
	//go:embed prefixes.bin.gz
	prefixesGz []byte

	// Codes of makers, three or six symbols a line.
	//
	//go:embed makers.txt
	makersText string
)

const (
	// usYears are the model years of the bits of a record in prefixes.bin,
	// 1996 to 2011; allYears are the 30 codes (49 CFR 565.15, Table VII).
	usYears  = "TVWXY123456789AB"
	allYears = "TVWXY123456789ABCDEFGHJKLMNPRS"

	plantCodes = letters + digits
)

// A shape is how a maker builds its numbers, one character for each of the 17
// positions:
//
//	.  of the maker's code, at 1 to 3 and, of six symbols, at 12 to 14
//	d  any symbol, a letter, n digit: the vehicle's descriptor (4 to 9)
//	c  the check digit
//	y  the model year    p  the plant
//	l  a letter that the serial begins with    s  a digit of it
//
// and itself for what is always there. The examples are from public test
// suites and issue threads.
type shape struct {
	pattern string
	example string
	wmis    string // "" for a shape that any maker may have
}

// Makers whose types for Europe are common, most popular first. The first
// shape that names a maker is the maker's.
var europeanShapes = []shape{
	{"...ZZZddZypssssss", "WVWZZZ1KZAW612305", "WVW TMB VSS WVG WV1 WV2 WP0 WP1"},
	{"...ZZZddnypssssss", "WAUZZZ8R0BA098735", "WAU TRU"},
	{"...ddddddssssssss", "VF1LM1B0H36666155", "VF1 UU1"},
	{"...dXXdddpylsssss", "WF0KXXGCBKBJ13223", "WF0"},
	{"...ddddddypssssss", "VR7EFYHYCMN520985", "VR7 VF3 VF7"},
	{"...nnnnnn1pssssss", "W1V44770513858498", "WDB WDD W1K W1N WDF WDC W1V"},
	{"...ddddddypssssss", "W0L0ZCF6848022377", "W0L W0V"},
	{"...ddddnnyplsssss", "WBANU53578CT69351", "WBA WMW WBY WBS"},
	{"...dddddd0pssssss", "NMTK33BXX0R132738", "NMT SB1 VNK"},
	{"...dddddaypssssss", "U5YH2519LKL016670", "U5Y U6Y TMA KNA NLH"},
	{"...aaannnypssssss", "XTAGFK330JY144213", "XTA"},
	{"...ddddddyplsssss", "MD2B65GX9PCF91987", "MD2"},
	{"...ddddddpylsssss", "6FPAAAJGAT4Z00001", "6FP"},
}

// Imports of used Japanese vehicles to Australia: zeros, then the frame number
// as it was stamped in Japan.
var importShape = shape{"6U90000ddddssssss", "6U90000PV35400637", "6U9"}

// What other makers outside North America and China may have: the year at 10,
// no year, or a letter at 12.
var otherShapes = []shape{
	{pattern: "...ddddddypssssss", example: "KMFZBX7HLCU835815"},
	{pattern: "...dddddd0pssssss", example: "NMTK33BXX0R132738"},
	{pattern: "...ddddddyplsssss", example: "92TA92DZXRMC09006"},
}

var (
	usShape      = shape{pattern: "...dddddcypssssss", example: "1HGCM82633A004352"}
	usTruckShape = shape{"...dddddcyplsssss", "1FTFW1E59NKD69096", "1FB 1FC 1FD 1FM 1FT 2FM 2FT 3FM 3FT 5LM 5UX WBA WBS"}

	chineseShapes = []shape{
		{pattern: "...dddddcyplsssss", example: "L61A8UXM6GWR21346"},
		{pattern: "...dddddcyplsssss", example: "L61A8UXM6GWR21346"},
		{pattern: "...dddddcyplsssss", example: "L61A8UXM6GWR21346"},
		{pattern: "...dddddcypssssss", example: "LRWYGDEE1PC010116"},
	}

	smallShape      = shape{pattern: "...ddddddyp...sss"}
	smallCheckShape = shape{pattern: "...dddddcyp...sss"}
)

// A layout is a shape with its positions resolved, from 0; -1 for none.
type layout struct {
	pattern               string
	check                 bool
	year, plant, letter   int
	firstDigit, lastDigit int
}

func (s shape) layout() *layout {
	return &layout{
		pattern:    s.pattern,
		check:      strings.Contains(s.pattern, "c"),
		year:       strings.Index(s.pattern, "y"),
		plant:      strings.Index(s.pattern, "p"),
		letter:     strings.Index(s.pattern, "l"),
		firstDigit: strings.Index(s.pattern, "s"),
		lastDigit:  strings.LastIndex(s.pattern, "s"),
	}
}

// serials returns how many serials there are in one plant and year.
func (l *layout) serials() uint64 {
	n := uint64(1)
	for range l.lastDigit - l.firstDigit + 1 {
		n *= 10
	}
	if l.letter >= 0 {
		n *= uint64(len(letters))
	}
	return n
}

// text returns what all numbers of a maker share: its code and what the shape
// always has. Other positions hold a zero until at fills them.
func (l *layout) text(wmi string) (b [vin.Len]byte) {
	for i := range b {
		b[i] = '0'
		if c := l.pattern[i]; strings.IndexByte(symbols, c) >= 0 {
			b[i] = c
		}
	}
	copy(b[:3], wmi)
	copy(b[11:], wmi[3:])
	return b
}

// descriptors invents n sets of positions 4 to 9.
func (l *layout) descriptors(seed uint64, n int) [][6]byte {
	descs := make([][6]byte, n)
	for i := range descs {
		for j := range descs[i] {
			from := symbols
			switch c := l.pattern[3+j]; c {
			case 'd':
			case 'a':
				from = letters
			case 'n':
				from = digits
			case 'c':
				from = "0"
			default:
				from = string(c)
			}
			seed = hash(seed)
			descs[i][j] = from[seed%uint64(len(from))]
		}
	}
	return descs
}

// newLine returns a line with invented descriptors. They depend on the maker
// alone: a maker builds the same types in every population.
func newLine(l *layout, wmi string) line {
	var h uint64
	for i := range len(wmi) {
		h = hash(h ^ uint64(wmi[i]))
	}
	n := line{shape: l, text: l.text(wmi), descs: l.descriptors(h, 24)}
	if l.year >= 0 {
		n.years = allYears
	}
	return n
}

// families returns the lines of each family, most popular first: US market,
// European, Chinese, small makers with a check digit and without. No two lines
// can hold the same number: they differ in the maker's code, in the model
// year (US market), or in whether the check digit computes.
func families(seed uint64) [5][]line {
	us := slices.Clone(usLines())
	for i := range us {
		us[i].descs = slices.Clone(us[i].descs)
		shuffle(seed+uint64(i), us[i].descs)
	}

	var european, other, chinese, small, smallCheck []line
	named := make(map[string]bool)
	for _, s := range europeanShapes {
		l := s.layout()
		for _, wmi := range strings.Fields(s.wmis) {
			european = append(european, newLine(l, wmi))
			named[wmi] = true
		}
	}
	layouts := func(shapes []shape) (ls []*layout) {
		for _, s := range shapes {
			ls = append(ls, s.layout())
		}
		return ls
	}
	others, chineses := layouts(otherShapes), layouts(chineseShapes)
	smallLayout, smallCheckLayout := smallShape.layout(), smallCheckShape.layout()
	for i, wmi := range strings.Fields(makersText) {
		switch {
		case wmi[0] == 'L' && len(wmi) == 6:
			chinese = append(chinese, newLine(smallCheckLayout, wmi))
		case wmi[0] == 'L':
			chinese = append(chinese, newLine(chineses[i%len(chineses)], wmi))
		case len(wmi) == 6 && strings.IndexByte("123457", wmi[0]) >= 0:
			smallCheck = append(smallCheck, newLine(smallCheckLayout, wmi))
		case len(wmi) == 6:
			small = append(small, newLine(smallLayout, wmi))
		case !named[wmi]:
			other = append(other, newLine(others[i%len(others)], wmi))
		}
	}
	for i, lines := range [][]line{other, chinese, small, smallCheck} {
		shuffle(hash(seed)+uint64(i), lines)
	}
	european = append(european, other...)
	european = append(european, newLine(importShape.layout(), importShape.wmis))
	return [5][]line{us, european, chinese, smallCheck, small}
}

// usLines returns a line for each maker and model year of the prefixes, those
// with the most descriptors first. Callers do not change it.
var usLines = sync.OnceValue(func() []line {
	r, err := gzip.NewReader(bytes.NewReader(prefixesGz))
	if err != nil {
		panic("vintest: prefixes.bin.gz: " + err.Error())
	}
	cols, err := io.ReadAll(r)
	if err != nil {
		panic("vintest: prefixes.bin.gz: " + err.Error())
	}
	car, truck := usShape.layout(), usTruckShape.layout()

	n := len(cols) / 10
	var lines []line
	var ofYear [len(usYears)]int // the line of the maker at hand, plus one
	var maker string
	for i := range n {
		prefix := make([]byte, 8)
		for col := range prefix {
			prefix[col] = cols[col*n+i]
		}
		if wmi := string(prefix[:3]); wmi != maker {
			maker = wmi
			clear(ofYear[:])
		}
		years := uint(cols[8*n+i])<<8 | uint(cols[9*n+i])
		for y := range len(usYears) {
			if years>>y&1 == 0 {
				continue
			}
			if ofYear[y] == 0 {
				l := line{shape: car}
				if strings.Contains(usTruckShape.wmis, maker) {
					l.shape = truck
				}
				l.text = l.shape.text(maker)
				l.text[9] = usYears[y]
				lines = append(lines, l)
				ofYear[y] = len(lines)
			}
			l := &lines[ofYear[y]-1]
			l.descs = append(l.descs, [6]byte(append(prefix[3:8:8], '0')))
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return len(b.descs) - len(a.descs) })
	return lines
})
