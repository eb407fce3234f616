package vin

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"
)

// Repairs yields the VINs that the one in raw may have been before it was
// misread or mistyped, most likely first, with what was done to each. They are
// guesses: ask a register about them, and do not show one to a person as if it
// had been read. A number that [Clean] reads has repairs too, for it may be
// another number misread; Clean's own result is not among them, and no VIN is
// yielded twice.
//
// The text is cleaned as Clean does it, except that I, O and Q are let in and
// that 16 and 18 symbols will do. Then, where it has
//
//   - 17 symbols: I is read as 1, and O and Q as 0, all of them at once; that,
//     with one of them read as another look-alike; and the first of these with
//     one more symbol replaced by a look-alike, or position 9 by the check
//     digit, or one pair of neighbours swapped;
//   - 16 symbols: one was lost; each of 33 symbols in each of 17 places;
//   - 18 symbols: one is too many, most likely a doubled one or an I in front.
//
// Guesses that satisfy the check digit come first where it is required, and
// earlier where it is customary; elsewhere it has no say. A known maker, a year
// code where one is required and digits at the end count for a guess too.
//
// There are at most 561 guesses. They are made when iteration begins, which
// allocates, and described one by one. A text that Clean refuses for several
// VINs or for its size has none, nor has one that takes more than a hundred edits
// to read.
func Repairs(raw string) iter.Seq2[VIN, Edits] {
	return func(yield func(VIN, Edits) bool) {
		var buf [bufCells]cell
		cells, err := readCells(buf[:0], raw)
		if err != nil {
			return
		}
		r := repairer{reader: newReader(cells)}
		if !r.find() {
			return
		}
		var guesses []guess
		r.guess(func(g guess) { guesses = append(guesses, g) })
		rank(guesses)
		for _, g := range guesses {
			if !yield(g.vin, r.edits(&g)) {
				return
			}
		}
	}
}

// AppendRepairs appends the VINs that [Repairs] yields to dst, in an order that
// means nothing. It is for looking them all up at once: to put them in order and
// to describe them takes many times as long. Of a text that Clean reads it
// allocates nothing but room in dst.
func AppendRepairs(dst []VIN, raw string) []VIN {
	var buf [bufCells]cell
	cells, err := readCells(buf[:0], raw)
	if err != nil {
		return dst
	}
	r := repairer{reader: newReader(cells)}
	if r.find() {
		r.guess(func(g guess) { dst = append(dst, g.vin) })
	}
	return dst
}

// A lookalike list holds what a symbol that was read may have been, and for
// each the cost of the mistake in bits: the negative logarithm of the chance
// that a misread true symbol is read as this one.
//
// The costs are from counts of what optical readers confuse, rounded
// (zas97/ocr_weighted_levenshtein). Pairs that people confuse and the check
// digit does not tell apart, such as 2 and S, stand in the lists even where
// readers seldom confuse them.
type lookalikeList struct{ symbols, bits string }

var lookalikes = ['Z' + 1]lookalikeList{
	'0': {"D", "2"},
	'1': {"LTJ7A", "33444"},
	'2': {"Z7S", "137"},
	'3': {"9B8J5", "23344"},
	'4': {"A9", "13"},
	'5': {"S63", "134"},
	'6': {"G58E", "1444"},
	'7': {"TZ", "23"},
	'8': {"B365E", "13344"},
	'9': {"43PR", "3446"},
	'A': {"4R1", "135"},
	'B': {"83P6K", "13347"},
	'C': {"G", "2"},
	'D': {"0U", "38"},
	'E': {"FN", "17"},
	'F': {"EPW", "127"},
	'G': {"C6", "11"},
	'H': {"MRKNY", "23457"},
	'I': {"1JLHMNT", "1233444"},
	'J': {"U3HN1", "23445"},
	'K': {"XHRB", "1338"},
	'L': {"1T", "58"},
	'M': {"NHKU", "3347"},
	'N': {"MVHE", "3458"},
	'O': {"0D9C", "1234"},
	'P': {"RFBX", "3347"},
	'Q': {"0D9", "334"},
	'R': {"PHK9", "2337"},
	'S': {"539J2", "13446"},
	'T': {"7YL", "237"},
	'U': {"JVLMD", "33478"},
	'V': {"YWUNM", "11134"},
	'W': {"VNF", "347"},
	'X': {"KYP", "137"},
	'Y': {"VTXNH", "12347"},
	'Z': {"27", "13"},
}

// smallL is for l, which is an L by its case and a 1 by its looks.
var smallL = lookalikeList{"1T", "18"}

// Costs in bits beside those of the look-alikes. People transpose neighbours in
// 10 to 20 of 100 mistakes (Verhoeff 1969), cameras never. The penalties are
// judgement; that of the check digit keeps all that fail it behind the rest.
const (
	costSwap       = 3
	costSecond     = 5 // of a mistake beside I, O or Q
	costPosition9  = 5 // of the check digit that the other symbols ask for
	costDoubled    = 0 // a symbol lost or doubled beside its like
	costAtEnd      = 1 // lost at the end
	costElsewhere  = 2
	costCheckDigit = 32 // required and wrong
	costNoRule     = 3  // a check digit that is right by chance is one in eleven
	costCustomary  = 1  // right where makers use it as a custom; costNoRule more where wrong
	costUnlikely   = 5  // for each remark of unlikely
	costImpossible = 12
)

const (
	unlikely   = UnknownWMI | UnknownCountry | ImpossibleYear | LetteredTail
	impossible = Placeholder | ZeroPadded
)

// A guess is a VIN and how it comes from what was read.
type guess struct {
	vin  VIN
	cost int
	kind EditKind // Substituted, Transposed, Restored, Removed; 0: nothing but I, O and Q
	at   int      // the symbol, or the first of two; one is restored before it
	sym  byte     // what is read there, or restored
}

type repairer struct {
	reader
	n      int           // 16 to 18 symbols
	at     [Len + 1]int  // their cells
	syms   [Len + 1]byte // what they are read as, I, O and Q replaced
	forced bool          // some of them were
	known  VIN           // Clean's result; zero: none
}

// maxEdits is how many edits a text may take that is repaired: more than those of a
// number in small letters of full width, with blanks between, its label and another.
const maxEdits = 100

// find finds the symbols to repair.
func (r *repairer) find() bool {
	v, err := r.vin()
	switch {
	case err == nil:
		r.known = v
	case errors.Is(err, Several) || !r.findDamaged():
		return false
	}
	for i := r.nums[0][0]; i < r.nums[0][1]; i++ {
		if r.cells[i].class == symbol {
			r.at[r.n] = int(i)
			r.n++
		}
	}
	r.dropRepeats()
	dropRest(r.cells)
	if len(r.cells) > maxEdits && countEdits(r.cells) > maxEdits {
		return false // each guess would repeat them
	}
	for i := range r.n {
		c := r.cells[r.at[i]].sym
		r.syms[i] = forced(c)
		r.forced = r.forced || r.syms[i] != c
	}
	return true
}

// forced returns what a letter that no VIN has must have been: the symbol it
// is taken for most often.
func forced(c byte) byte {
	if symbols[c]&notSymbol != 0 {
		return lookalikes[c].symbols[0]
	}
	return c
}

// guess makes the guesses, in no order.
func (r *repairer) guess(add func(guess)) {
	switch r.n {
	case Len:
		r.guessInPlace(add)
	case Len - 1:
		r.guessLost(add)
	case Len + 1:
		r.guessExtra(add)
	}
}

// rank adds what speaks against the guesses themselves to their costs, and puts
// them in order.
func rank(guesses []guess) {
	for i := range guesses {
		g := &guesses[i]
		g.cost += g.vin.unlikeliness()
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) })
}

// give adds a guess whose symbols are b. All guesses of a text differ from one
// another by how they are made, so that only Clean's result must be left out.
func (r *repairer) give(add func(guess), b []byte, g guess) {
	if v, ok := FromBytes([Len]byte(b)); ok && v != r.known {
		g.vin = v
		add(g)
	}
}

// unlikeliness is the cost of what speaks against v being a VIN.
func (v VIN) unlikeliness() (cost int) {
	info := v.Decode()
	switch ok := v.CheckDigitOK(); info.CheckRule {
	case CheckNone:
		cost += costNoRule
	case CheckCustomary:
		cost += costCustomary
		if !ok {
			cost += costNoRule
		}
	case CheckRequired:
		if !ok {
			cost += costCheckDigit
		}
	}
	for range (info.Remarks & unlikely).All() {
		cost += costUnlikely
	}
	if info.Remarks.Has(impossible) {
		cost += costImpossible
	}
	return cost
}

func (r *repairer) guessInPlace(add func(guess)) {
	b := [Len]byte(r.syms[:])
	digit := b[8] // or what it must be if it is a check digit
	if v, _ := FromBytes(b); v.CheckRule() != CheckNone {
		digit = v.ComputeCheckDigit()
	}
	first := 0
	if r.forced {
		r.give(add, b[:], guess{})
		first = costSecond
	}
	for i, c := range b {
		read := r.cells[r.at[i]].sym
		list, cost := lookalikes[c], first
		if read != c { // I, O or Q read as another symbol than the most likely one
			list, cost = lookalikes[read], -int(lookalikes[read].bits[0]-'0')
		} else if r.cells[r.at[i]].r == 'l' {
			list = smallL
		}
		for k := range len(list.symbols) {
			if s := list.symbols[k]; s != c {
				b[i] = s
				r.give(add, b[:], guess{kind: Substituted, at: i, sym: s, cost: cost + int(list.bits[k]-'0')})
			}
		}
		if i == 8 && digit != c && !strings.Contains(list.symbols, string(digit)) {
			b[i] = digit
			r.give(add, b[:], guess{kind: Substituted, at: i, sym: digit, cost: cost + costPosition9})
		}
		b[i] = c
	}
	for i := range Len - 1 {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			r.give(add, b[:], guess{kind: Transposed, at: i, cost: first + costSwap})
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
}

// vinSymbols are the 33 symbols of VINs.
const vinSymbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

func (r *repairer) guessLost(add func(guess)) {
	syms := r.syms[:r.n]
	var b [Len]byte
	copy(b[1:], syms)
	for i := range Len {
		for _, s := range []byte(vinSymbols) {
			if i < len(syms) && s == syms[i] {
				continue // the same as behind its like, where it is restored
			}
			cost := costElsewhere
			switch {
			case i > 0 && s == syms[i-1]:
				cost = costDoubled
			case i == len(syms):
				cost = costAtEnd
			}
			b[i] = s
			r.give(add, b[:], guess{kind: Restored, at: i, sym: s, cost: cost})
		}
		if i < len(syms) {
			b[i] = syms[i]
		}
	}
}

func (r *repairer) guessExtra(add func(guess)) {
	syms := r.syms[:r.n]
	var b [Len]byte
	copy(b[:], syms[1:])
	for i, s := range syms {
		if i == 0 || s != syms[i-1] { // else the same as without the one before it
			cost := costElsewhere
			if i+1 < len(syms) && s == syms[i+1] {
				cost = costDoubled
			}
			r.give(add, b[:], guess{kind: Removed, at: i, cost: cost})
		}
		if i < Len {
			b[i] = s
		}
	}
}

// edits describes a guess.
func (r *repairer) edits(g *guess) Edits {
	// All at once, since each guess has its own: growing takes three times as much.
	es := appendEdits(make(Edits, 0, countEdits(r.cells)+2), r.cells)
	for i, at := range r.at[:r.n] {
		c := &r.cells[at]
		e := Edit{Kind: Substituted, Pos: at + 1, N: 1, From: c.r, To: rune(r.syms[i])}
		switch {
		case g.kind == Removed && g.at == i:
			e.Kind, e.To = Removed, 0
		case g.kind == Substituted && g.at == i:
			e.To = rune(g.sym)
		case r.syms[i] == c.sym:
			continue
		}
		// What is substituted is not folded as well.
		es = slices.DeleteFunc(es, func(f Edit) bool { return f.Pos == e.Pos })
		es = append(es, e)
	}
	switch g.kind {
	case Transposed:
		a, b := r.at[g.at], r.at[g.at+1]
		es = append(es, Edit{Kind: Transposed, Pos: a + 1, N: b - a + 1, From: r.cells[a].r, To: r.cells[b].r})
	case Restored:
		pos := r.at[r.n-1] + 2
		if g.at < r.n {
			pos = r.at[g.at] + 1
		}
		es = append(es, Edit{Kind: Restored, Pos: pos, To: rune(g.sym)})
	}
	slices.SortStableFunc(es, func(a, b Edit) int { return cmp.Compare(a.Pos, b.Pos) })
	return es
}
