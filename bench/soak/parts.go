package main

import (
	"fmt"
	"strings"
)

// rowNames are the rows of the proof suite, from 1 on.
var rowNames = []string{
	"any bytes to every parser and decoder",
	"histories against a plain map",
	"relations that change no answer",
	"damaged snapshots",
	"forged snapshots",
	"programs killed",
	"faults of the disk",
	"readers while registers change",
	"hostile sizes and patterns",
	"other processors",
	"coverage",
}

// A part is one thing to do of a row: one test of one package.
type part struct {
	row   int
	name  string
	asked int64  // trials in all
	pkg   string // directory
	test  string // as -test.run takes it, or the target of a fuzz part
	how   how
	env   []string
	first int64 // trials of the first slice; 0: 1000
	fixed int64 // trials of every slice; 0: as many as time allows
	once  bool  // one slice does it all, however much that is
}

type how uint8

const (
	test how = iota // the test program of the package
	race            // the same with the race detector
	fuzz            // go test -fuzz
)

// String is the command that makes the part's trials.
func (p part) String() string {
	switch p.how {
	case fuzz:
		return fmt.Sprintf("go test ./%s -run '^$' -fuzz '^%s$' -fuzztime Nx", p.pkg, p.test)
	case race:
		return strings.Join(append(p.env, fmt.Sprintf("go test -race ./%s -run '%s' -v -args -trials N -trialseed S", p.pkg, p.test)), " ")
	}
	return strings.Join(append(p.env, fmt.Sprintf("go test ./%s -run '%s' -v -args -trials N -trialseed S", p.pkg, p.test)), " ")
}

// oldProcessor makes roaring take its ways without AVX-512.
const oldProcessor = "GODEBUG=cpu.avx512vbmi2=off,cpu.avx512=off"

const (
	million  = 1_000_000
	ofText   = 100 * million // executions of a parser of texts
	ofBinary = 10 * million  // of a decoder
)

// partsOf returns the parts of the rows that are wanted; nil: of all.
func partsOf(wanted map[int]bool) (parts []part) {
	add := func(ps ...part) {
		for _, p := range ps {
			if wanted == nil || wanted[p.row] {
				parts = append(parts, p)
			}
		}
	}
	parser := func(pkg, sub string, asked int64) {
		name := strings.TrimPrefix(pkg, "internal/")
		run := "^TestParsers$"
		if sub != "" {
			name, run = name+" "+sub, run+"/^"+sub+"$"
		}
		add(part{row: 1, name: name, asked: asked, pkg: pkg, test: run})
	}
	for _, sub := range []string{"Parse", "Clean", "CleanText", "Classify", "Repairs", "ParsePattern", "CleanPattern"} {
		parser("vin", sub, ofText)
	}
	parser("vin/plate", "Parse", ofText)
	parser("vin/plate", "ParsePattern", ofText)
	parser("index", "NumberKey", ofText)
	parser("index", "Open", ofBinary)
	parser("index/feed", "", ofBinary)
	parser("match", "", ofBinary)
	for _, sub := range []string{"Register", "Observations", "Rows"} {
		parser("internal/sheet", sub, ofBinary)
	}
	parser("internal/snapfile", "", ofBinary)
	parser("internal/rowset", "", ofBinary)
	parser("vin", "UnmarshalBinary", ofBinary)
	parser("vin/plate", "UnmarshalBinary", ofBinary)
	for _, t := range []struct{ pkg, target string }{
		{"vin", "FuzzParse"},
		{"vin", "FuzzClean"},
		{"vin", "FuzzCleanText"},
		{"vin", "FuzzClassify"},
		{"vin", "FuzzRepairs"},
		{"vin", "FuzzParsePattern"},
		{"vin", "FuzzCleanPattern"},
		{"vin/plate", "FuzzParse"},
		{"vin/plate", "FuzzParsePattern"},
		{"index", "FuzzNumberKey"},
		{"index", "FuzzOpen"},
		{"index", "FuzzSearch"},
		{"index/feed", "FuzzDecodeEntry"},
		{"match", "FuzzMatch"},
		{"match", "FuzzWatchFile"},
		{"internal/sheet", "FuzzRegister"},
		{"internal/sheet", "FuzzObservations"},
		{"internal/sheet", "FuzzRows"},
		{"internal/snapfile", "FuzzRead"},
		{"internal/rowset", "FuzzRead"},
		{"internal/names", "FuzzFold"},
		{"internal/names", "FuzzFoldCase"},
	} {
		name := "go test -fuzz " + strings.TrimPrefix(t.pkg, "internal/") + " " + strings.TrimPrefix(t.target, "Fuzz")
		add(part{row: 1, name: name, asked: million, pkg: t.pkg, test: t.target, how: fuzz, first: 20_000})
	}

	// A thousand seeds.
	add(part{row: 2, name: "operations", asked: 100 * million, pkg: "index", test: "^TestModel$", fixed: 100_000})

	for _, sub := range []string{"Order", "Shards", "Batches", "Processors", "Changes", "Compacted", "Opened"} {
		add(part{row: 3, name: strings.ToLower(sub), asked: million, pkg: "index", test: "^TestRelations$/^" + sub + "$", first: 5000})
	}

	damage := func(sub string, asked int64) part {
		return part{row: 4, name: strings.ToLower(sub), asked: asked, pkg: "index", test: "^TestDamage$/^" + sub + "$"}
	}
	add(damage("Flips", 100_000))
	for _, sub := range []string{"Header", "Truncations", "Extensions", "Pages", "Sectors"} {
		p := damage(sub, 0)
		p.once = true
		add(p)
	}

	add(
		part{row: 5, name: "with AVX-512 if there is", asked: million, pkg: "index", test: "^TestForged$"},
		part{row: 5, name: "without AVX-512", asked: million, pkg: "index", test: "^TestForged$", env: []string{oldProcessor}},
	)

	add(
		part{row: 6, name: "at any time", asked: 500, pkg: "index", test: "^TestKilledAtAnyTime$", first: 25},
		part{row: 6, name: "nodes of a change log", asked: 200, pkg: "index/feed", test: "^TestKills$", first: 5},
		part{row: 6, name: "at every call", asked: 0, pkg: "index", test: "^TestKilledAtEveryCall$", once: true},
	)
	return parts
}
