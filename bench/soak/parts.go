package main

import (
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
	skip  string
	arch  machine // zero: this one
}

type how uint8

const (
	test  how = iota // the test program of the package, which says how much it tried
	race             // the same with the race detector
	fuzz             // go test -fuzz
	suite            // tests that pass or not: each is a trial
	cover            // percent of the statements
)

// A machine is another processor, which qemu plays.
type machine struct{ goarch, emulator string }

var machines = []machine{{"arm64", "qemu-aarch64"}, {"arm", "qemu-arm"}, {"s390x", "qemu-s390x"}}

// again are the tests that run their own program again, as an emulated one cannot.
const again = "Kill|OlderProcessors"

// String is the command that makes the part's trials.
func (p part) String() string {
	words := append([]string(nil), p.env...)
	if p.arch.goarch != "" {
		words = append(words, "GOARCH="+p.arch.goarch)
	}
	words = append(words, "go test ./"+p.pkg)
	if p.arch.goarch != "" {
		words = append(words, "-exec "+p.arch.emulator)
	}
	if p.how == race {
		words = append(words, "-race")
	}
	if p.skip != "" {
		words = append(words, "-skip '"+p.skip+"'")
	}
	switch p.how {
	case fuzz:
		words = append(words, "-run '^$' -fuzz '^"+p.test+"$' -fuzztime Nx")
	case suite:
		words = append(words, "-short -v -run '"+p.test+"'")
	case cover:
		words = append(words, "-cover")
	default:
		words = append(words, "-run '"+p.test+"' -v -args -trials N -trialseed S")
	}
	return strings.Join(words, " ")
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
		add(part{row: 1, name: name, asked: 200_000, pkg: t.pkg, test: t.target, how: fuzz, first: 20_000})
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

	add(part{row: 4, name: "sections swapped, removed, doubled", pkg: "index", test: "^TestDamagedSnapshots$", how: suite, once: true})

	add(
		part{row: 5, name: "each check of a section", pkg: "index", test: "^TestForgedSections$", how: suite, once: true},
		part{row: 5, name: "with AVX-512 if there is", asked: million, pkg: "index", test: "^TestForged$"},
		part{row: 5, name: "without AVX-512", asked: million, pkg: "index", test: "^TestForged$", env: []string{oldProcessor}},
		part{row: 5, name: "pointers checked, race detector", asked: 50_000, pkg: "index", test: "^TestForged$", how: race, first: 500},
	)

	add(
		part{row: 6, name: "at any time", asked: 500, pkg: "index", test: "^TestKilledAtAnyTime$", first: 25},
		part{row: 6, name: "nodes of a change log", asked: 200, pkg: "index/feed", test: "^TestKills$", first: 5},
		part{row: 6, name: "at every call", asked: 0, pkg: "index", test: "^TestKilledAtEveryCall$", once: true},
	)

	add(
		part{row: 7, name: "inquiries", pkg: "match", test: "TestWatchFile", how: suite, once: true},
		part{row: 7, name: "files that are replaced", pkg: "internal/safefile", test: "^TestEveryCallFails$", once: true},
		part{row: 7, name: "snapshots that are saved", pkg: "index", test: "^TestSaveWhenCallsFail$", once: true},
		part{row: 7, name: "a change log", pkg: "index/feed", test: "^TestDirEveryCallFails$", once: true},
		part{row: 7, name: "reading snapshots", pkg: "internal/snapfile", test: "TestErrorsOfTheFile|TestFileShrinks", how: suite, once: true},
	)

	add(
		part{row: 8, name: "swaps, with the race detector", asked: 1000, pkg: "index", test: "^TestStorm$", how: race, first: 20},
		part{row: 8, name: "swaps, at full speed", asked: 1000, pkg: "index", test: "^TestStorm$", first: 100},
	)

	sized := func(name, pkg, test string, n int64) {
		add(part{row: 9, name: name, asked: n, pkg: pkg, test: test, fixed: n})
	}
	sized("keys aimed at one hash and group", "internal/tagtable", "^TestKeysAimedAtOneGroup$", million)
	sized("changes of one hash", "index", "^TestChosenKeysDoNotCrowdChanges$", million)
	sized("records of one number", "index", "^TestCrowdedKey$", million)
	add(
		part{row: 9, name: "patterns that match everything", pkg: "index", test: "BroadSearchesStop|SearchEndsWithItsContext|SearchForNothing", how: suite, once: true},
		part{row: 9, name: "the largest of everything", pkg: "index", test: "LimitsAreTaken|DeepFilters|BalancedFilter|LargeRegister|MaxBytes", how: suite, once: true},
		part{row: 9, name: "texts of any length", pkg: "vin", test: "TestLongTexts", how: suite, once: true},
	)

	for _, m := range machines {
		for _, pkg := range []string{"vin", "vin/plate", "index", "match"} {
			add(part{row: 10, name: m.goarch + " " + pkg, pkg: pkg, test: ".", how: suite, once: true, arch: m, skip: again})
		}
	}
	// Twice, so that those who came first open the snapshots of those who came after.
	for _, round := range []string{"", " again"} {
		for _, m := range append([]machine{{}}, machines...) {
			name := "snapshots, " + m.goarch + round
			if m.goarch == "" {
				name = "snapshots, this processor" + round
			}
			add(part{row: 10, name: name, pkg: "index", test: "^TestGolden$|^TestSnapshotsTravel$", how: suite, once: true, arch: m, env: []string{travel}})
		}
	}

	for _, pkg := range []string{"vin", "vin/plate", "index", "match"} {
		add(part{row: 11, name: pkg + ", percent", asked: 90, pkg: pkg, how: cover, fixed: 90})
	}
	return parts
}

// travel is where snapshots of several processors meet; DIR is the bench's.
const travel = "VINMATCH_TEST_TRAVEL=DIR/travel"
