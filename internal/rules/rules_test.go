package rules

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/vinmatch/vinmatch"
	root   = "../.."
)

// layers from the bottom up. A package imports from its own layer and those
// below; internal packages may be imported by all, and import no public one
// unless listed here.
var layers = []string{
	"vin",
	"vin/plate",
	"vin/vintest",
	"index",
	"match",
	"internal/sheet",
	"bench",
	"examples/quickstart",
}

func TestImportsPointDown(t *testing.T) {
	for dir, imports := range importsByDir(t, false) {
		layer := slices.Index(layers, layerOf(dir))
		for _, imp := range imports {
			rel, ours := strings.CutPrefix(imp, module+"/")
			if !ours {
				continue
			}
			below := slices.Index(layers, layerOf(rel))
			switch {
			case below < 0: // machinery
			case layer < 0:
				t.Errorf("%s is machinery, yet imports %s", dir, rel)
			case below > layer:
				t.Errorf("%s imports %s, which stands above it", dir, rel)
			}
		}
	}
}

// layerOf finds the layer that a directory belongs to: itself or the nearest
// listed parent, except that internal packages are machinery unless listed.
func layerOf(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if slices.Contains(layers, d) {
			return d
		}
		if strings.HasPrefix(d, "internal/") {
			return ""
		}
	}
	return ""
}

// allowed are the modules outside the standard library that the root module
// may import, and where.
var allowed = map[string]*regexp.Regexp{
	"github.com/cespare/xxhash/v2":         regexp.MustCompile(`^(index|internal)`),
	"github.com/RoaringBitmap/roaring/v2":  regexp.MustCompile(`^(index|internal)`),
	"golang.org/x/exp/constraints":         regexp.MustCompile(`^internal`),
	"github.com/google/go-cmp/cmp":         regexp.MustCompile(`_test$`),
	"github.com/google/go-cmp/cmp/cmpopts": regexp.MustCompile(`_test$`),
}

func TestForeignImports(t *testing.T) {
	for _, tests := range []bool{false, true} {
		for dir, imports := range importsByDir(t, tests) {
			if tests {
				dir += "_test"
			}
			for _, imp := range imports {
				first, _, _ := strings.Cut(imp, "/")
				if !strings.Contains(first, ".") || imp == module || strings.HasPrefix(imp, module+"/") {
					continue
				}
				where, ok := allowed[imp]
				if !ok || !tests && !where.MatchString(dir) {
					t.Errorf("%s imports %s", dir, imp)
				}
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^(vin|index|match|bench|examples|internal|go\.mod|go\.sum|doc\.go|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|\..*)$`)
	for _, e := range entries {
		if !want.MatchString(e.Name()) {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}

// A module that begins directly in bench or examples would hide its packages
// from commands run at the root.
func TestModulesBeginOneLevelDown(t *testing.T) {
	for _, dir := range []string{"vin", "index", "match", "bench", "examples", "internal"} {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
			t.Errorf("%s has a go.mod", dir)
		}
	}
}

// The README promises two commands that do everything: they are its first two
// code lines.
func TestREADMECommands(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var code []string
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = !inside
		} else if inside && line != "" {
			code = append(code, line)
		}
	}
	if len(code) < 2 {
		t.Fatalf("README has %d code lines", len(code))
	}
	for _, line := range code[:2] {
		if !strings.HasPrefix(line, "go ") {
			t.Errorf("%q does not start with go", line)
		}
	}
	if code[1] != "go test ./..." {
		t.Errorf("the second code line is %q", code[1])
	}
}

// The README's Go code is compiled and tested as examples: their lines stand in
// the example files in the same order.
func TestREADMECode(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, name := range []string{"match/example_test.go", "vin/vintest/example_fuzz_test.go"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, unindented(string(text)))
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) != 2 {
		t.Fatalf("the README has %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !slices.ContainsFunc(examples, func(text string) bool {
			return strings.Contains(text, unindented(code))
		}) {
			t.Errorf("no example has this code of the README:\n%s", code)
		}
	}
}

// The documentation shows of an example its body, and the whole file only where
// that holds no test, benchmark or fuzz target. An empty body shows nothing.
func TestExamplesShowCode(t *testing.T) {
	names, err := filepath.Glob(root + "/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob(root + "/*/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range append(names, deeper...) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range doc.Examples(file) {
			n++
			if body, ok := e.Code.(*ast.BlockStmt); ok && len(body.List) == 0 {
				t.Errorf("%s: Example%s shows no code", name, e.Name)
			}
		}
	}
	if n == 0 {
		t.Error("found no examples")
	}
}

func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// importsByDir lists what each package of the root module imports, from its
// test files or from the others.
func importsByDir(t *testing.T, tests bool) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			nested := name != root && exists(filepath.Join(name, "go.mod"))
			if nested || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != root {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		for _, spec := range file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !slices.Contains(imports[dir], imp) {
				imports[dir] = append(imports[dir], imp)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) == 0 {
		t.Fatal("found no packages")
	}
	return imports
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
