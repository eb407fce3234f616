package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run go generate ./internal/makers", name)
		}
	}
}

func TestOnlyLightTrucks(t *testing.T) {
	tests := []struct {
		m    maker
		want bool
		why  string
	}{
		{maker{code: "JHM", kind: "Car"}, true, "passenger car"},
		{maker{code: "2HK", kind: "MPV"}, true, "multipurpose vehicle"},
		{maker{code: "1FT", kind: "Truck", makes: "Ford"}, true, "pickups"},
		{maker{code: "1C6", kind: "Truck", makes: "Dodge|Ram"}, true, "one of several makes"},
		{maker{code: "1XP", kind: "Truck", makes: "Peterbilt"}, false, "heavy trucks"},
		{maker{code: "3FN", kind: "Truck", makes: "Ford", name: "BLUE DIAMOND TRUCK, S. DE R. L."}, false, "medium trucks under Ford's name"},
		{maker{code: "1B9123", kind: "Truck", makes: "Ford"}, false, "a small maker's weight is not known"},
		{maker{code: "1FD", kind: "Incomplete", makes: "Ford"}, false, "a chassis of any weight"},
		{maker{code: "1HD", kind: "Motorcycle", makes: "Ford"}, false, "motorcycle"},
		{maker{code: "1GL", makes: "Ford"}, false, "type not known"},
	}
	for _, tt := range tests {
		if got := tt.m.light(); got != tt.want {
			t.Errorf("light(%+v) = %t, want %t: %s", tt.m, got, tt.want, tt.why)
		}
	}
}
