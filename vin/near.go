package vin

import (
	"slices"

	"github.com/vinmatch/vinmatch/internal/sixbit"
)

// Nearest is how many VINs [VIN.AppendNear] appends at most: 32 for each of 17
// symbols, and 16 of which two are swapped.
const Nearest = 560

// AppendNear appends the VINs that differ from v by one symbol, position by
// position, and then those that differ by two neighbours swapped: what v may have
// been misread from. They are 560, and fewer where neighbours are equal, some
// two nanoseconds each. It does not allocate if dst has room for [Nearest] more.
// Of the zero VIN there are none.
func (v VIN) AppendNear(dst []VIN) []VIN {
	if v.hi == 0 {
		return dst
	}
	dst = slices.Grow(dst, Nearest)
	n, all := len(dst), dst[:len(dst)+Nearest]
	for pos := 1; pos <= Len; pos++ {
		// What is left of the number, and of its check sum, without the symbol.
		old, hi, lo := v.code(pos), v.hi, v.lo&^remMask
		of := &sums[weights[pos]]
		rest := uint64(remainders[v.lo&remMask+11-uint64(of[old])])
		if pos <= 8 {
			shift := 6 * uint(8-pos)
			hi &^= 63 << shift
			for _, code := range symbolCodes {
				if code != old {
					all[n] = VIN{hi | code<<(shift&63), lo | uint64(remainders[rest+uint64(of[code&63])])}
					n++
				}
			}
		} else {
			shift := remBits + 6*uint(Len-pos)
			lo &^= 63 << shift
			for _, code := range symbolCodes {
				if code != old {
					all[n] = VIN{hi, lo | code<<(shift&63) | uint64(remainders[rest+uint64(of[code&63])])}
					n++
				}
			}
		}
	}
	for pos := 1; pos < Len; pos++ {
		if a, b := v.At(pos), v.At(pos+1); a != b {
			all[n] = v.With(pos, b).With(pos+1, a)
			n++
		}
	}
	return all[:n]
}

// symbolCodes are the codes of the symbols.
var symbolCodes = func() (t [len(vinSymbols)]uint64) {
	for i := range t {
		t[i] = sixbit.Code(vinSymbols[i])
	}
	return t
}()

// sums holds what a symbol adds to the check sum, modulo 11, by weight and code.
var sums = func() (t [11][sixbit.Codes]uint8) {
	for w := range t {
		for i := range len(vinSymbols) {
			t[w][symbolCodes[i]] = uint8(w * int(symbols[vinSymbols[i]]) % 11)
		}
	}
	return t
}()

// remainders holds what the sum of two remainders is modulo 11.
var remainders = func() (t [32]uint8) {
	for i := range t {
		t[i] = uint8(i % 11)
	}
	return t
}()
