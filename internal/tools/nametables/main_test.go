package main

import (
	"bytes"
	"os"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/vinmatch/vinmatch/internal/names"
)

func TestFresh(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../names/marked.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("marked.go is stale, run go generate in internal/names")
	}
}

// A name is the same however Unicode writes its letters.
func TestForms(t *testing.T) {
	for r := rune(0); r <= 0xFFFF; r++ {
		s := string(r)
		if unicode.Is(unicode.Han, r) { // a few have two code points
			continue
		}
		if got, want := names.Fold(norm.NFD.String(s)), names.Fold(s); got != want {
			t.Errorf("%U folds to %q, and taken apart to %q", r, want, got)
		}
	}
}
