package rules

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAPI = flag.Bool("updateapi", false, "write testdata/api.txt anew")

// public are the packages whose API is promised.
var public = []string{"vin", "vin/plate", "vin/vintest", "index", "index/feed", "index/feed/feedtest", "index/feed/jetstream", "match"}

const apiText = "testdata/api.txt"

// The exported API is what the text says. Who changes it says so in CHANGELOG.md,
// and then runs
//
//	go test ./internal/rules -run TestAPI -updateapi
//
// which refuses if the changelog says what it said when the API changed last. The
// text's first line ties both: it is the digest of that changelog, and one of this
// and the text.
func TestAPI(t *testing.T) {
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(apiText)
	if err != nil && !*updateAPI {
		t.Fatal(err)
	}
	sums, text := cutSums(old)
	now := exported(t)
	if *updateAPI {
		said := digest(changelog)
		switch {
		case text == now && sums == sumsOf(sums, text):
			return
		case strings.HasPrefix(sums, said):
			t.Fatal("the API has changed, and CHANGELOG.md does not say how")
		}
		if err := os.WriteFile(apiText, []byte(sumsOf(said, now)+"\n\n"+now), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if sums != sumsOf(sums, text) {
		t.Errorf("%s was edited by hand: see TestAPI", apiText)
	}
	for _, line := range missing(text, now) {
		t.Errorf("no longer there: %s", line)
	}
	for _, line := range missing(now, text) {
		t.Errorf("new: %s", line)
	}
	if t.Failed() {
		t.Log("say it in CHANGELOG.md, then: go test ./internal/rules -run TestAPI -updateapi")
	}
}

// cutSums parts the first line from the rest.
func cutSums(b []byte) (sums, text string) {
	sums, text, _ = strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n\n")
	return sums, text
}

// sumsOf returns the first line for a text. Of sums only the first counts, that of
// the changelog.
func sumsOf(sums, text string) string {
	said, _, _ := strings.Cut(sums, " ")
	return said + " " + digest([]byte(said+text))
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// missing returns the lines of a that are not in b.
func missing(a, b string) (lines []string) {
	there := map[string]bool{}
	for line := range strings.Lines(b) {
		there[line] = true
	}
	for line := range strings.Lines(a) {
		if !there[line] {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// exported returns the exported API, a line for each name, field and method.
func exported(t *testing.T) string {
	t.Helper()
	system := build.Default // the API is the same on all
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "amd64", false
	var all []string
	for _, dir := range public {
		pkg, err := system.ImportDir(filepath.Join(root, dir), 0)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, name := range pkg.GoFiles {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, filepath.Join(root, dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			l := lister{t: t, files: files, pkg: dir}
			for _, d := range file.Decls {
				l.decl(d)
			}
			lines = append(lines, l.lines...)
		}
		slices.Sort(lines)
		all = append(all, lines...)
	}
	if len(all) < 500 {
		t.Fatalf("the API has only %d lines", len(all))
	}
	return strings.Join(all, "\n") + "\n"
}

// A lister writes declarations as lines.
type lister struct {
	t     *testing.T
	files *token.FileSet
	pkg   string
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, l.pkg+": "+fmt.Sprintf(format, args...))
}

// text prints a node on one line.
func (l *lister) text(node any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, l.files, node); err != nil {
		l.t.Fatal(err)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (l *lister) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || isExported(d.Recv.List[0].Type)) {
			d.Body, d.Doc = nil, nil
			l.add("%s", l.text(d))
		}
	case *ast.GenDecl:
		typ := "" // of constants that do not say theirs
		for i, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					l.typ(s)
				}
			case *ast.ValueSpec:
				if s.Type != nil {
					typ = " " + l.text(s.Type)
				} else if len(s.Values) > 0 {
					typ = ""
				}
				for j, name := range s.Names {
					if !name.IsExported() {
						continue
					}
					value := ""
					switch {
					case d.Tok != token.CONST: // its value is not promised
					case j < len(s.Values):
						value = " = " + l.text(s.Values[j])
					default:
						value = fmt.Sprintf(" at %d", i)
					}
					l.add("%s %s%s%s", d.Tok, name, typ, value)
				}
			}
		}
	}
}

// isExported reports whether the name of a type is, apart from pointers, packages
// and parameters.
func isExported(typ ast.Expr) bool {
	switch u := typ.(type) {
	case *ast.StarExpr:
		return isExported(u.X)
	case *ast.IndexExpr:
		return isExported(u.X)
	case *ast.IndexListExpr:
		return isExported(u.X)
	case *ast.SelectorExpr:
		return u.Sel.IsExported()
	case *ast.Ident:
		return u.IsExported()
	}
	return true
}

func (l *lister) typ(s *ast.TypeSpec) {
	name := s.Name.Name
	if s.TypeParams != nil {
		name += l.text(s.TypeParams)
	}
	assign := ""
	if s.Assign.IsValid() {
		assign = "= "
	}
	switch u := s.Type.(type) {
	case *ast.StructType:
		l.add("type %s %sstruct", name, assign)
		for _, f := range u.Fields.List {
			names := f.Names
			if len(names) == 0 && isExported(f.Type) {
				l.add("type %s struct, %s embedded", name, l.text(f.Type))
			}
			for _, n := range names {
				if n.IsExported() {
					l.add("type %s struct, %s %s", name, n, l.text(f.Type))
				}
			}
		}
	case *ast.InterfaceType:
		l.add("type %s %sinterface", name, assign)
		for _, f := range u.Methods.List {
			if len(f.Names) == 0 {
				l.add("type %s interface, %s embedded", name, l.text(f.Type))
			}
			for _, n := range f.Names {
				l.add("type %s interface, %s%s", name, n, strings.TrimPrefix(l.text(f.Type), "func"))
			}
		}
	default:
		l.add("type %s %s%s", name, assign, l.text(s.Type))
	}
}

// The API's text notices what callers would.
func TestAPILines(t *testing.T) {
	const source = `package p
type S struct { A, B int; c int; E; s }
type E = error
type I interface { M(x int) error; E }
type F func(int) string
const ( X S2 = iota; y; Z )
const C = 5
var V, w = 1, 2
func (s *S) M(x int) (n int, err error) { return 0, nil }
func (s *s) N() {}
func G[T any](t T) T { return t }
`
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	l := lister{t: t, files: files, pkg: "p"}
	for _, d := range file.Decls {
		l.decl(d)
	}
	want := []string{
		"p: type S struct", "p: type S struct, A int", "p: type S struct, B int", "p: type S struct, E embedded",
		"p: type E = error", "p: type I interface", "p: type I interface, M(x int) error", "p: type I interface, E embedded",
		"p: type F func(int) string", "p: const X S2 = iota", "p: const Z S2 at 2", "p: const C = 5", "p: var V",
		"p: func (s *S) M(x int) (n int, err error)", "p: func G[T any](t T) T",
	}
	for _, line := range missing(strings.Join(l.lines, "\n")+"\n", strings.Join(want, "\n")+"\n") {
		t.Errorf("not wanted: %s", line)
	}
	for _, line := range missing(strings.Join(want, "\n")+"\n", strings.Join(l.lines, "\n")+"\n") {
		t.Errorf("missing: %s", line)
	}
}
