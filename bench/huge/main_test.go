package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
)

// Every step does its work, on few records and in one process.
func TestSteps(t *testing.T) {
	var out bytes.Buffer
	r := &run{n: 20_000, path: filepath.Join(t.TempDir(), "huge.vmx"), out: &out, ctx: context.Background()}
	for _, s := range steps {
		if err := s.do(r); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	for _, want := range []string{"build ", "save ", "open, all of it verified ", "20000 records; ", "compact "} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("nothing is said of %q", want)
		}
	}
}
