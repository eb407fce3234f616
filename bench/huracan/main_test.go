package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// A small operation prints every figure, finds the vehicles that were read as
// they are, and raises hardly any alarm.
func TestOperation(t *testing.T) {
	var out bytes.Buffer
	profile := filepath.Join(t.TempDir(), "cpu.prof")
	r := &run{ctx: t.Context(), out: &out, profile: profile, seed: 1, hitRate: 0.01}
	if err := r.do(3000, 3000, 1_000_000); err != nil {
		t.Fatal(err)
	}
	number := func(pattern string) int {
		m := regexp.MustCompile(pattern).FindSubmatch(out.Bytes())
		if m == nil {
			t.Fatalf("no %s in:\n%s", pattern, &out)
		}
		n, err := strconv.Atoi(string(bytes.ReplaceAll(m[1], []byte(","), nil)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const n = `([0-9,]+)`
	once, left := number("one error "+n), number("left out "+n)
	if once+left != 3000 || once == 0 || left == 0 {
		t.Errorf("%d near searches and %d left out of 3,000", once, left)
	}
	listed, found := number("listed vehicles observed: "+n), number("observed: [0-9,]+, found "+n)
	misread := number("of them misread " + n)
	if listed == 0 || found < listed-misread || found > listed {
		t.Errorf("%d of %d listed vehicles are found, of which %d were misread", found, listed, misread)
	}
	if all := number("Always .* " + n + " near searches"); all < once {
		t.Errorf("Always searches %d times, Auto %d times", all, once)
	}
	number("more likely than not " + n)
	number("would have added " + n)
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

func TestOperationRefuses(t *testing.T) {
	r := &run{ctx: t.Context(), out: &bytes.Buffer{}, seed: 1}
	for _, n := range [][3]int{{1 << 30, 10, 1 << 30}, {1000, 1000, 1999}, {10, 10, 1<<30 + 1}} {
		if err := r.do(n[0], n[1], n[2]); err == nil {
			t.Errorf("%v are taken", n)
		}
	}
}
