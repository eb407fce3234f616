package vin

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// An Edit is one thing that was done to a text to read a number in it.
type Edit struct {
	Kind EditKind
	// Pos is the first character that the edit is about, counted from 1 in
	// the text as it was written. What is put in stands before it.
	Pos int
	// N is how many characters the edit is about: 0 where something is put
	// in, else 1 or a run of them.
	N int
	// From is the character at Pos and To what it was read as; 0 for none.
	From, To rune
}

// Edits are in the order of their positions. Nil means that the text was read
// as it stands.
type Edits []Edit

// An EditKind says what an [Edit] did.
type EditKind uint8

const (
	_ EditKind = iota

	// A character is read as another one, which it stands for without doubt.

	FoldedCase      // a small letter
	FoldedWidth     // a full-width form
	FoldedDigit     // a digit of another script
	FoldedLookalike // a Cyrillic or Greek letter that looks like a Latin one
	FoldedDash      // one of the other dashes, kept as a hyphen (CleanText only)

	// Characters are left out.

	DroppedInvisible // byte order mark, zero width, writing direction
	DroppedSeparator // white space, dashes, . / _ and quotes
	DroppedDelimiter // stars, brackets and other signs around a number
	DroppedPadding   // NUL, 0xFF and other control bytes at the ends
	DroppedLabel     // "VIN:", "Chassis No" and the like
	DroppedBarcode   // the I that bar codes of imported vehicles begin with
	DroppedRepeat    // the same number once more
	DroppedZeros     // zeros that fill an old number up to 17 (CleanText only)

	// Part of the number is not known (CleanPattern only).

	ReadUnknown // a mark, or a run of them, for unknown symbols
	AddedStar   // unknown symbols that the text leaves out without a mark

	// Guesses (Repairs only).

	Substituted // a symbol by one that is taken for it
	Transposed  // two neighbours
	Restored    // a symbol that was lost
	Removed     // a symbol too many
)

// kept marks a cell that is neither text nor dropped.
const kept EditKind = 255

var editNames = [...]string{
	FoldedCase: "folded_case", FoldedWidth: "folded_width", FoldedDigit: "folded_digit",
	FoldedLookalike: "folded_lookalike", FoldedDash: "folded_dash",
	DroppedInvisible: "dropped_invisible", DroppedSeparator: "dropped_separator",
	DroppedDelimiter: "dropped_delimiter", DroppedPadding: "dropped_padding",
	DroppedLabel: "dropped_label", DroppedBarcode: "dropped_barcode",
	DroppedRepeat: "dropped_repeat", DroppedZeros: "dropped_zeros",
	ReadUnknown: "read_unknown", AddedStar: "added_star",
	Substituted: "substituted", Transposed: "transposed", Restored: "restored", Removed: "removed",
}

// String returns the kind's name, which stays: "dropped_separator" and so on.
func (k EditKind) String() string {
	if int(k) < len(editNames) && editNames[k] != "" {
		return editNames[k]
	}
	return "EditKind(" + strconv.Itoa(int(k)) + ")"
}

// IsGuess reports whether an edit of this kind may be wrong about the symbols
// of the number.
func (k EditKind) IsGuess() bool { return k >= Substituted }

// String describes the edit for a person, as in
// "position 4: dropped separator ' '".
func (e Edit) String() string {
	b := []byte("position ")
	b = strconv.AppendInt(b, int64(e.Pos), 10)
	b = append(b, ": "...)
	b = append(b, strings.ReplaceAll(e.Kind.String(), "_", " ")...)
	if e.From != 0 {
		b = append(b, ' ')
		b = strconv.AppendQuoteRune(b, e.From)
	}
	if e.Kind == Transposed {
		b = append(b, " and"...)
	} else {
		if e.N > 1 {
			b = append(b, " and "...)
			b = strconv.AppendInt(b, int64(e.N-1), 10)
			b = append(b, " more"...)
		}
		if e.From != 0 && e.To != 0 {
			b = append(b, " to"...)
		}
	}
	if e.To != 0 {
		b = append(b, ' ')
		b = strconv.AppendQuoteRune(b, e.To)
	}
	return string(b)
}

// String describes the edits one after the other, parted by "; ".
func (es Edits) String() string {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.String())
	}
	return b.String()
}

// LogValue implements [slog.LogValuer] with the kind and the position: the
// characters of a text together are its VIN.
func (e Edit) LogValue() slog.Value {
	return slog.StringValue(e.Kind.String() + " at " + strconv.Itoa(e.Pos))
}

// LogValue implements [slog.LogValuer] with the kinds and positions.
func (es Edits) LogValue() slog.Value {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.LogValue().String())
	}
	return slog.StringValue(b.String())
}

// countEdits returns how many edits appendEdits appends.
func countEdits(cells []cell) (n int) {
	for i := range cells {
		if c := &cells[i]; c.edit == kept || c.edit == 0 && c.fold == 0 || i > 0 && c.edit != 0 && c.edit == cells[i-1].edit {
			continue
		}
		n++
	}
	return n
}

// appendEdits collects what was decided about cells, whose first is at
// position 1. Neighbours that were dropped for one reason are one edit.
func appendEdits(es Edits, cells []cell) Edits {
	if len(cells) > bufCells { // growing takes three times as much memory
		es = slices.Grow(es, countEdits(cells))
	}
	for i := range cells {
		c, pos := &cells[i], i+1
		switch {
		case c.edit == kept:
		case c.edit != 0:
			if n := len(es); n > 0 && es[n-1].Kind == c.edit && es[n-1].Pos+es[n-1].N == pos {
				es[n-1].N++
				continue
			}
			e := Edit{Kind: c.edit, Pos: pos, N: 1, From: c.r}
			if c.edit == ReadUnknown {
				e.To = rune(c.sym)
			}
			es = append(es, e)
		case c.fold != 0:
			es = append(es, Edit{Kind: c.fold, Pos: pos, N: 1, From: c.r, To: c.to()})
		}
	}
	return es
}
