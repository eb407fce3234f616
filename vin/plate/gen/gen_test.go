package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFresh holds the committed tables to what this program makes.
func TestFresh(t *testing.T) {
	for _, tab := range tables {
		want, err := tab.make()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", tab.name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale, run go generate (-want +got):\n%s", tab.name, diff)
		}
	}
}
