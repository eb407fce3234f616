package trials

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Corpus returns the texts of the committed corpus of a fuzz target, such as
// FuzzParse, of the package in whose directory the test runs.
func Corpus(t testing.TB, target string) (all [][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			for _, kind := range []string{"string(", "[]byte("} {
				if quoted, ok := strings.CutPrefix(line, kind); ok {
					text, err := strconv.Unquote(strings.TrimSuffix(quoted, ")"))
					if err != nil {
						t.Fatalf("%s: %v", path, err)
					}
					all = append(all, []byte(text))
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no corpus", target)
	}
	return all
}
