package main

import (
	"bytes"
	"os"
	"testing"
)

// The committed table is what the generator makes of the committed source.
func TestFresh(t *testing.T) {
	want, err := pack(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../confusions.bin")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("confusions.bin is stale: run go generate (%v)", err)
	}
}
