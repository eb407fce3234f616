package vin

import (
	"fmt"
	"log/slog"
	"math/bits"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/sixbit"
)

// A Pattern is what is known of a VIN: up to 17 places, each with the symbols
// that may stand there, and stars for runs of unknown symbols.
//
// Pattern is a value: copy it, compare it with ==, use it as a map key. It
// holds no pointers and is safe for any number of goroutines. The zero Pattern
// matches nothing and differs from every parsed one.
type Pattern struct {
	// A pattern is a row of n places with stars between some of them. It
	// matches by walking the VIN with a set of states in the bits of a word:
	// bit i stands for "the first i places are matched".
	allow [codes]uint32 // by symbol code: bit i is set where place i allows the symbol
	stars uint32        // bit i is set where a star stands before place i; bit n at the end
	n     uint8
	text  [Len]byte // of each place: the only symbol, '?' for any, 0 for a set

	// What the places in front of the first star and behind the last one
	// demand where they allow one symbol, as masks and values of the two words
	// of VIN.Words. whole is set where that is all of the pattern.
	maskHi, wantHi uint64
	maskLo, wantLo uint64
	whole          bool
}

// codes is the number of symbol codes, and of the unused ones below them.
const codes = 'Z' - sixbit.Offset + 1

// AnySymbol is the set of all 33 symbols of a VIN, as [Pattern.Allowed] gives
// sets: bit c is set for the symbol with the code c of [VIN.Words].
const AnySymbol uint64 = 0x3FF<<1 | (1<<26-1)<<18&^(1<<26|1<<32|1<<34)

// ParsePattern reads a pattern, in either case:
//
//	A       this symbol
//	?       any one symbol
//	[8B]    one of these; [A-F] and [0-9] are ranges
//	*       any run of symbols, or none
//
// A pattern without a star has exactly 17 places: 1HGCM826?3A004352. With stars
// it has at most 17: 1HG* is a prefix, *004352 a suffix, 1HG*4352 both, *3A00*
// a fragment at an unknown offset, and more stars may part more fragments. In a
// set, I, O and Q are allowed and match nothing, so that [0OQ] is 0.
//
// The error is an [*Error]: BadChar, InvalidUTF8, TooShort or TooLong for the
// number of places, BadSet for brackets and ranges that are not right, EmptySet
// for a set that no symbol can match, Oversize for more than 1024 bytes. A text
// that people wrote, rather than programs, is for [CleanPattern].
//
// Different texts of the same places and stars give equal patterns: ** is *,
// [8] is 8, a full set is ?, and ? beside the only star is part of it.
func ParsePattern(s string) (Pattern, error) {
	if len(s) > maxChars {
		return Pattern{}, &Error{Kind: Oversize, Pos: charAt(s, maxChars)}
	}
	var b places
	for i := 0; i < len(s); {
		set, next := AnySymbol, i+1
		switch c := s[i]; c {
		case '*':
			b.star()
			i++
			continue
		case '?':
		case '[':
			var err error
			if set, next, err = parseSet(s, i); err != nil {
				return Pattern{}, err
			}
		case ']':
			return Pattern{}, &Error{Kind: BadSet, Pos: i + 1, Char: ']'}
		default:
			if symbols[c]&notSymbol != 0 {
				return Pattern{}, badCharAt(s, i)
			}
			set = 1 << sixbit.Code(asciiCells[c].sym)
		}
		if !b.add(set) {
			return Pattern{}, &Error{Kind: TooLong, Pos: i + 1, Char: rune(s[i])}
		}
		i = next
	}
	if b.stars == 0 && b.n < Len {
		return Pattern{}, &Error{Kind: TooShort, Pos: len(s) + 1}
	}
	return b.pattern(), nil
}

// charAt returns which character byte i belongs to, from 1.
func charAt(s string, i int) int {
	for n := 1; n < utf8.UTFMax && i > 0 && !utf8.RuneStart(s[i]); n++ {
		i--
	}
	return utf8.RuneCountInString(s[:i]) + 1
}

// badCharAt is the error for a byte that belongs to no pattern. All before it
// is ASCII.
func badCharAt(s string, i int) error {
	var buf [utf8.UTFMax]cell
	cells, _ := readCells(buf[:0], s[i:min(len(s), i+utf8.UTFMax)])
	if c := cells[0].class; c == badByte || c == paddingFF {
		return &Error{Kind: InvalidUTF8, Pos: i + 1}
	}
	return &Error{Kind: BadChar, Pos: i + 1, Char: cells[0].r}
}

// parseSet reads the set whose bracket stands at s[open].
func parseSet(s string, open int) (set uint64, next int, err error) {
	wrong := func(i int) (uint64, int, error) {
		return 0, 0, &Error{Kind: BadSet, Pos: i + 1, Char: rune(s[i])}
	}
	for i := open + 1; i < len(s); i++ {
		from := asciiCells[s[i]&0x7F]
		switch {
		case s[i] == ']':
			if set &= AnySymbol; set == 0 {
				return 0, 0, &Error{Kind: EmptySet, Pos: open + 1, Char: '['}
			}
			return set, i + 1, nil
		case s[i] == '-':
			return wrong(i)
		case s[i] >= 0x80 || from.sym == 0:
			return 0, 0, badCharAt(s, i)
		}
		to := from
		if i+2 < len(s) && s[i+1] == '-' {
			i += 2
			if to = asciiCells[s[i]&0x7F]; s[i] >= 0x80 || to.sym < from.sym || to.isDigit() != from.isDigit() {
				return wrong(i - 1)
			}
		}
		set |= 2<<sixbit.Code(to.sym) - 1<<sixbit.Code(from.sym)
	}
	return wrong(open)
}

// places collects a pattern while it is read.
type places struct {
	sets  [Len]uint64
	stars uint32
	n     int
}

// add appends a place; it returns false for an 18th.
func (b *places) add(set uint64) bool {
	if b.n == Len {
		return false
	}
	b.sets[b.n] = set
	b.n++
	return true
}

func (b *places) star() { b.stars |= 1 << b.n }

// pattern brings the places into the one form of their kind, and compiles
// them.
func (b *places) pattern() Pattern {
	b.canonize()
	p := Pattern{stars: b.stars, n: uint8(b.n), whole: bits.OnesCount32(b.stars) <= 1}
	for i, set := range b.sets[:b.n] {
		if set == AnySymbol {
			p.text[i] = '?'
		} else if bits.OnesCount64(set) == 1 {
			p.text[i] = sixbit.Char(uint64(bits.TrailingZeros64(set)))
		}
		for s := set; s != 0; s &= s - 1 {
			p.allow[bits.TrailingZeros64(s)] |= 1 << i
		}
	}
	head, tail := p.anchored()
	for i, set := range b.sets[:b.n] {
		pos := i + 1
		if i >= head {
			pos = Len - b.n + i + 1
		}
		switch {
		case head <= i && i < b.n-tail, bits.OnesCount64(set) > 1:
			p.whole = p.whole && set == AnySymbol
		case pos <= 8:
			shift := 6 * (8 - pos)
			p.maskHi |= 63 << shift
			p.wantHi |= uint64(bits.TrailingZeros64(set)) << shift
		default:
			shift := 6 * (Len - pos)
			p.maskLo |= 63 << shift
			p.wantLo |= uint64(bits.TrailingZeros64(set)) << shift
		}
	}
	return p
}

// canonize makes equal what is equal. In a run of stars and unknown places the
// places come first and one star after them; beside the only star of a pattern
// they are part of it, because 17 symbols leave it just one length; and 17
// places leave a star nothing.
func (b *places) canonize() {
	if b.n == Len {
		b.stars = 0
	}
	for i := range b.n {
		if b.sets[i] == AnySymbol && b.stars&(1<<i) != 0 {
			b.stars = b.stars&^(1<<i) | 2<<i
		}
	}
	if bits.OnesCount32(b.stars) != 1 {
		return
	}
	for at := bits.TrailingZeros32(b.stars); at > 0 && b.sets[at-1] == AnySymbol; at-- {
		copy(b.sets[at-1:], b.sets[at:b.n])
		b.n--
		b.stars >>= 1
	}
}

// anchored returns how many places stand before the first star, and how many
// behind the last one; without stars, all and none.
func (p *Pattern) anchored() (head, tail int) {
	if p.stars == 0 {
		return int(p.n), 0
	}
	return bits.TrailingZeros32(p.stars), int(p.n) + 1 - bits.Len32(p.stars)
}

// IsValid reports whether p was parsed, that is, is not the zero value.
func (p Pattern) IsValid() bool { return p.n|uint8(p.stars) != 0 }

// Match reports whether v fits the pattern. The zero VIN fits none. It does
// not allocate; what the words do not decide takes a walk of 17 steps, however
// many stars there are.
func (p Pattern) Match(v VIN) bool {
	hi, lo := v.Words()
	return hi&p.maskHi == p.wantHi && lo&p.maskLo == p.wantLo && hi != 0 && (p.whole || p.walk(hi, lo))
}

// MatchWords is [Pattern.Match] for the two words of [VIN.Words]. They must be
// those of a VIN. It takes a pointer because it is for loops over many.
func (p *Pattern) MatchWords(hi, lo uint64) bool {
	return hi&p.maskHi == p.wantHi && lo&p.maskLo == p.wantLo && (p.whole || p.walk(hi, lo))
}

// walk is Match without the words.
func (p *Pattern) walk(hi, lo uint64) bool {
	states := uint32(1)
	for shift := 42; shift >= 0; shift -= 6 {
		states = states&p.allow[hi>>shift&63]<<1 | states&p.stars
	}
	for shift := 48; shift >= 0; shift -= 6 {
		states = states&p.allow[lo>>shift&63]<<1 | states&p.stars
	}
	return states>>p.n&1 != 0
}

// Words returns what the pattern demands of the two words of [VIN.Words] by
// itself: v can match only if hi&maskHi == wantHi and lo&maskLo == wantLo. With
// whole it matches exactly then.
func (p Pattern) Words() (maskHi, wantHi, maskLo, wantLo uint64, whole bool) {
	return p.maskHi, p.wantHi, p.maskLo, p.wantLo, p.whole
}

// VIN returns the one VIN that matches, if all 17 symbols are known.
func (p Pattern) VIN() (VIN, bool) {
	if p.maskHi != hiMask || p.maskLo != loMask {
		return VIN{}, false
	}
	return FromWords(p.wantHi, p.wantLo)
}

// Allowed returns the set of symbols that may stand at a position from 1 to
// 17, bit c for the symbol with the code c of [VIN.Words]. It is [AnySymbol]
// where any symbol may, and for positions between the first star and the last
// one, whose places have no fixed position. It panics outside 1 to 17.
func (p Pattern) Allowed(pos int) uint64 {
	if pos < 1 || pos > Len {
		panic("vin: Allowed: no such position")
	}
	head, tail := p.anchored()
	switch {
	case pos <= head:
		return p.set(pos - 1)
	case pos > Len-tail:
		return p.set(pos - 1 - Len + int(p.n))
	}
	return AnySymbol
}

// set returns the symbols that place i allows.
func (p *Pattern) set(i int) (set uint64) {
	switch c := p.text[i]; c {
	case 0:
	case '?':
		return AnySymbol
	default:
		return 1 << sixbit.Code(c)
	}
	for c, places := range &p.allow {
		set |= uint64(places>>i&1) << c
	}
	return set
}

// Known returns how many places the pattern has that do not allow any symbol.
func (p Pattern) Known() int {
	n := 0
	for _, c := range p.text[:p.n] {
		if c != '?' {
			n++
		}
	}
	return n
}

// AppendPrefix appends the known symbols with which every match begins, up to
// the first place that allows more than one.
func (p Pattern) AppendPrefix(dst []byte) []byte {
	head, _ := p.anchored()
	n := 0
	for n < head && isSingle(p.text[n]) {
		n++
	}
	return append(dst, p.text[:n]...)
}

// AppendSuffix appends the known symbols with which every match ends, from
// behind the last place that allows more than one.
func (p Pattern) AppendSuffix(dst []byte) []byte {
	head, tail := p.anchored()
	if p.stars == 0 {
		tail = head
	}
	n := 0
	for n < tail && isSingle(p.text[int(p.n)-1-n]) {
		n++
	}
	return append(dst, p.text[int(p.n)-n:p.n]...)
}

// AppendFragment appends the longest run of known symbols without a star in
// it, the first of several, wherever it stands. In a match it begins at a
// position from first to last, counted from 1; both are 0 if nothing is known.
func (p Pattern) AppendFragment(dst []byte) (b []byte, first, last int) {
	start, length, run := 0, 0, 0
	for i, c := range p.text[:p.n] {
		if p.stars>>i&1 != 0 {
			run = 0
		}
		if !isSingle(c) {
			run = 0
			continue
		}
		if run++; run > length {
			start, length = i-run+1, run
		}
	}
	if length == 0 {
		return dst, 0, 0
	}
	first, last = start+1, Len-int(p.n)+start+1
	if upTo := uint32(2)<<start - 1; p.stars&upTo == 0 {
		last = first // no star before it
	} else if p.stars&^upTo == 0 {
		first = last // no star behind it
	}
	return append(dst, p.text[start:start+length]...), first, last
}

// isSingle reports whether c, of Pattern.text, is the one symbol of a place.
func isSingle(c byte) bool { return c != 0 && c != '?' }

// String returns the one text that all equal patterns share, which
// [ParsePattern] reads as p; "" for the zero Pattern. It may show a whole
// number, which is personal data.
func (p Pattern) String() string { return string(p.AppendTo(nil)) }

// AppendTo appends the text of [Pattern.String] to dst.
func (p Pattern) AppendTo(dst []byte) []byte {
	for i := range int(p.n) + 1 {
		if p.stars>>i&1 != 0 {
			dst = append(dst, '*')
		}
		switch {
		case i == int(p.n):
		case p.text[i] != 0:
			dst = append(dst, p.text[i])
		default:
			dst = appendSet(dst, p.set(i))
		}
	}
	return dst
}

// appendSet appends a set in brackets: its symbols, and ranges of three and
// more of them.
func appendSet(dst []byte, set uint64) []byte {
	const (
		digits  = AnySymbol & (1<<18 - 1)
		letters = AnySymbol &^ digits
	)
	dst = append(dst, '[')
	for _, kind := range [...]uint64{digits, letters} {
		for rest := set & kind; rest != 0; {
			from := bits.TrailingZeros64(rest)
			to, n := from, 0
			for c := from; c < codes && (rest>>c&1 != 0 || kind>>c&1 == 0); c++ {
				if rest>>c&1 != 0 {
					to = c
					n++
				}
			}
			run := rest & (2<<to - 1)
			if n > 2 {
				dst = append(dst, sixbit.Char(uint64(from)), '-', sixbit.Char(uint64(to)))
				rest &^= run
				continue
			}
			for ; run != 0; run &= run - 1 {
				dst = append(dst, sixbit.Char(uint64(bits.TrailingZeros64(run))))
				rest &= rest - 1
			}
		}
	}
	return append(dst, ']')
}

// LogValue implements [slog.LogValuer]: how much is known, not what.
func (p Pattern) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("%d of %d symbols", p.Known(), Len))
}

// AppendText implements [encoding.TextAppender] as [Pattern.AppendTo].
func (p Pattern) AppendText(b []byte) ([]byte, error) { return p.AppendTo(b), nil }

// MarshalText implements [encoding.TextMarshaler]. The zero Pattern is empty
// text.
func (p Pattern) MarshalText() ([]byte, error) { return p.AppendTo(nil), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] as [ParsePattern]; empty
// text is the zero Pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Pattern{}
		return nil
	}
	q, err := ParsePattern(string(text[:min(len(text), maxChars+1)]))
	if err != nil {
		return err
	}
	*p = q
	return nil
}
