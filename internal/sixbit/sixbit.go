// Package sixbit converts between ASCII letters and digits and six-bit symbol
// codes.
//
// The code of a character is its ASCII value less 0x2F: '0' is 1, '9' is 10,
// 'A' is 18, 'Z' is 43. Codes keep ASCII order and zero stands for "no symbol",
// so that comparing packed words compares text, shorter text first.
package sixbit

// Offset is the difference between a character and its code.
const Offset = '0' - 1

// None is the code of a position without a symbol.
const None = 0

// Codes is the number of code values, used and unused.
const Codes = 64

// Code returns the code of a digit or an upper-case letter. Other characters
// give a meaningless value: check them first.
func Code(c byte) uint64 { return uint64(c - Offset) }

// Char returns the character of a code that is not None.
func Char(code uint64) byte { return byte(code) + Offset }

// Gather packs eight digits or letters of either case, the first in the highest
// byte, to their codes in the low 48 bits, the first symbol in the highest six.
// It inverts [Spread]. Other characters give a meaningless value.
func Gather(w uint64) uint64 {
	w &^= w & 0x4040_4040_4040_4040 >> 1 // letters to upper case
	w -= 0x2F2F_2F2F_2F2F_2F2F           // no borrow: the least character is '0'
	w = w&0x003F_003F_003F_003F | w&0x3F00_3F00_3F00_3F00>>2
	w = w&0x0000_0FFF_0000_0FFF | w&0x0FFF_0000_0FFF_0000>>4
	return w&0x0000_0000_00FF_FFFF | w&0x00FF_FFFF_0000_0000>>8
}

// Spread expands eight codes packed in the low 48 bits of w, the first symbol
// in the highest six, to eight characters, the first in the highest byte.
// None becomes the character '/'.
func Spread(w uint64) uint64 {
	w = w&0x0000_0000_00FF_FFFF | (w&0x0000_FFFF_FF00_0000)<<8
	w = w&0x0000_0FFF_0000_0FFF | (w&0x00FF_F000_00FF_F000)<<4
	w = w&0x003F_003F_003F_003F | (w&0x0FC0_0FC0_0FC0_0FC0)<<2
	return w + 0x2F2F_2F2F_2F2F_2F2F
}
