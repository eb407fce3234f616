package vintest

import (
	"iter"
	"strings"
)

// Hostile yields texts that are no VIN in either case, and what is wrong with
// each, without end: wrong lengths in bytes or characters, bytes that are not
// UTF-8, letters of other scripts that look like ours, controls, separators,
// I, O and Q, repeated numbers; one in 500 is a megabyte long. Most are a VIN
// with one thing wrong, since what is wrong throughout is refused at once by
// every parser. Equal seeds give equal texts.
func Hostile(seed uint64) iter.Seq2[string, string] {
	return func(yield func(text, why string) bool) {
		random := source(hash(seed ^ 0x686f7374))
		people := NewPopulation(seed, DefaultMix)
		for {
			base := people.Next().String()
			if random.chance(0.2) {
				base = strings.ToLower(base)
			}
			text, why := spoil(&random, base)
			if _, ok := fold(text); ok {
				continue // by chance
			}
			if !yield(text, why) {
				return
			}
		}
	}
}

// Characters that a person or a device may take for VIN symbols, or that
// Unicode turns into some: by upper or lower case, by width, by value.
const lookAlikes = "АВСЕНІЈКМОРЅТХУвкмнорстхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧаеіјοανυ" +
	"０１２３４５６７８９ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＲＳＴＵＶＷＸＹＺａｘ" +
	"٠١٢٣٤٥٦٧٨٩۰۵०१५০၀๐៣" + "\u017f\u0131\u0130\u212a²³¹½Ⅷⅹ①🄰𝟎𝐀ßﬁÅÉÑ" + "IOQioql|!"

// What editors, terminals and bus frames leave in a text.
const controls = "\x00\x01\a\b\t\n\v\f\r\x1b\x7f\u0085\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f" +
	"\u2028\u2029\u202a\u202e\u2060\u2066\ufeff\ufffd\ufff9\U000e0001"

const separators = " -–—_./,;:*#'\"()[]<>|\\+=%?"

// Bytes that are not UTF-8: stray, too short, too long for what they hold, a
// surrogate, past the end of Unicode.
var notUTF8 = []string{"\xff", "\xfe", "\x80", "\xc0\x80", "\xc1\x81", "\xc3", "\xe4", "\xe2\x82", "\xed\xa0\x80", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}

// spoil makes a text that is no VIN of one, but for chance, and says how.
func spoil(random *source, base string) (text, why string) {
	// What replaces a character, is put between two, or stands at an end.
	with := func(thing, what string) (string, string) {
		i := random.below(len(base))
		switch random.below(6) {
		case 0:
			return thing + base, what + " in front"
		case 1:
			return base + thing, what + " at the end"
		case 2:
			return base[:i] + thing + base[i:], what + " inside"
		case 3: // as long as a VIN, but in bytes
			if len(thing) > 1 {
				i = random.below(len(base) - len(thing) + 1)
				return base[:i] + thing + base[i+len(thing):], what + " in 17 bytes"
			}
		}
		return base[:i] + thing + base[i+1:], what + " for a symbol"
	}
	switch random.below(16) {
	case 0:
		return base[:random.below(len(base))], "too short"
	case 1:
		return base + base[:1+random.below(len(base))], "too long"
	case 2, 3, 4:
		return with(string(pick(random, []rune(lookAlikes))), "a look-alike or foreign character")
	case 5, 6:
		return with(string(pick(random, []rune(controls))), "a control or invisible character")
	case 7:
		return with(string(pick(random, []rune(separators))), "a separator")
	case 8, 9:
		return with(pick(random, notUTF8), "bytes that are not UTF-8")
	case 10:
		return with(string(rune(random.below(0x110000))), "any character")
	case 11:
		return with(string([]byte{byte(random.next())}), "any byte")
	case 12:
		b := make([]byte, random.below(40))
		for i := range b {
			b[i] = byte(random.next())
		}
		return string(b), "random bytes"
	case 13: // 17 characters, none of them ours
		foreign := []rune(lookAlikes)
		r := make([]rune, 17)
		for i := range r {
			r[i] = pick(random, foreign)
		}
		return string(r), "17 foreign characters"
	case 14:
		return base + pick(random, strings.Split(", ; / \n \r\n \x00 \t |", " ")) + base, "two numbers"
	default:
		if random.below(31) > 0 {
			return strings.Repeat(base[:1], random.below(64)), "one symbol repeated"
		}
		unit := pick(random, []string{base, base[:1], " ", "\x00", "\xff", "А", "-"})
		return strings.Repeat(unit, 1<<20/len(unit)), "a megabyte"
	}
}
