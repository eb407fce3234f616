// Package plate holds registration plates of any country in one canonical
// form, so that plates written by people, papers and cameras in different ways
// can be compared. It also reads plates of which not every character is known.
//
//	p, err := plate.Parse("D", "tü-ab 123") // DE TUAB123
//
// # Canonical form
//
// The canonical text is a key, made for comparing, and keeps all that tells
// two plates apart; it is not what the plate looks like. [Parse] makes it so:
//
//   - Letters are in upper case, without regard to language: a Turkish i is I.
//   - Separators, seals, signs, emoji and invisible characters are dropped.
//     Those that Unicode would expand to letters are dropped before it does:
//     the numero sign is not NO, the trade mark sign not TM.
//   - Full-width, enclosed and other compatibility forms are what they stand
//     for, and decimal digits of every script are 0-9.
//   - Latin letters lose their marks and strokes: Ü U, Ø O, Ł L, Đ D; Æ is AE.
//     ß is B, because only a camera writes it.
//   - Greek and Cyrillic letters that look Latin are Latin, which is how
//     Russia, Ukraine, Bulgaria or Greece choose the letters of their plates,
//     and lose their marks as Latin ones do: Ё E, Ї I. Others stay, without
//     marks in Greek; Й is not И.
//   - Arabic letters have one form each of alef, yeh, waw, kaf and heh, without
//     vowel signs; katakana is hiragana; Hangul is composed; the provinces of
//     China are in simplified characters.
//   - Other letters stay as they are. Marks on them are dropped unless the two
//     are one letter.
//
// Nothing is guessed: leading zeros stay, O is not 0, and a country's sign
// beside the number stays. A canonical text is its own canonical text.
//
// # Countries
//
// A country is part of a plate's identity, and some have rules of their own.
// Serbia, Montenegro and North Macedonia transliterate Cyrillic instead of
// looking at it: НС is Novi Sad, NS. Saudi Arabia prints a Latin letter for
// each Arabic one, in the reverse order. Where one number has several
// spellings that no rule makes one, [Plate.Aliases] returns the others, to be
// indexed beside it. States, provinces and emirates that are not part of the
// number are not part of a Plate either: keep them as a fact of their own.
//
// # Likeness
//
// [Plate.Skeleton] is equal for plates that a reader may take for one another,
// [Equivalents] counts where, and [Distance] counts edits. None of these says
// that two plates are one: they find candidates for something that weighs
// them. [Plate.Fits], [Plate.Bits] and [Plate.Propose] know formats of most
// countries, for ranking and for proposals only; no plate is refused for its
// format.
//
// # Patterns
//
// A [Pattern] has wildcards for characters that are not known, as in
// "AB?2 C*". They mean nothing to Parse, which drops them.
//
// # Personal data
//
// A plate is personal data. Errors never hold it; [Plate.LogValue] masks it.
package plate
