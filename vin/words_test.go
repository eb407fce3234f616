package vin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

func TestWordLists(t *testing.T) {
	for name, list := range vin.WordLists {
		if !slices.IsSorted(list) {
			t.Errorf("%s is not sorted", name)
		}
		for i, w := range list {
			if w < "A" || w != strings.ToUpper(w) || i > 0 && w == list[i-1] {
				t.Errorf("%s: %q does not begin with a letter, is not in capitals or there twice", name, w)
			}
		}
	}
}

func TestLookalikes(t *testing.T) {
	for read := byte('0'); read <= 'Z'; read++ {
		symbols, bits := vin.Lookalikes(read)
		if isText := isDigit(read) || 'A' <= read; isText != (symbols != "") || len(symbols) != len(bits) {
			t.Errorf("%c: %q, %q", read, symbols, bits)
		}
		for i, s := range symbols {
			if !strings.ContainsRune(symbols33, s) || byte(s) == read || strings.Count(symbols, string(s)) > 1 {
				t.Errorf("%c: %c is no VIN symbol, is itself or stands twice", read, s)
			}
			if bits[i] < '0' || bits[i] > '9' || i > 0 && bits[i] < bits[i-1] {
				t.Errorf("%c: the likelier is not first: %s", read, bits)
			}
		}
	}
	for read, want := range map[byte]byte{'I': '1', 'O': '0', 'Q': '0'} {
		if symbols, _ := vin.Lookalikes(read); symbols[0] != want {
			t.Errorf("%c is first taken for %c", read, symbols[0])
		}
	}
}
