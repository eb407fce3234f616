package vintest_test

import (
	"testing"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// parse stands for your parser: a function from text to a VIN's text.
func parse(s string) (string, error) {
	v, err := vin.Parse(s)
	return v.String(), err
}

// Run by go test.
func TestMine(t *testing.T) { vintest.TestParser(t, parse, vintest.Options{}) }

// Run by go test -fuzz=FuzzMine.
func FuzzMine(f *testing.F) { vintest.FuzzParser(f, parse, vintest.Options{}) }
