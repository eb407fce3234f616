package main

import (
	"slices"

	"github.com/vinmatch/vinmatch/bench/internal/report"
)

// A metric defines a figure: what it is called, for programs and for people, and
// what it is compared with. Names and units stay; those of testdata/metrics.txt
// are what there is.
type metric struct {
	name    string // section.group.side
	title   string
	unit    report.Unit
	better  string
	rival   string   // report.Map and so on; empty: the library
	beside  []string // sides of the same group, measured in the same rounds
	each    bool     // of single operations: p50, p99 and p99.9
	counted bool     // not timed, the same in every run
}

// took defines the time of an operation, in nanoseconds.
func took(name, title string) metric {
	return metric{name: name, title: title, unit: report.Nanoseconds, better: "lower"}
}

// counts defines what is counted and not timed.
func counts(name, title string, unit report.Unit) metric {
	return metric{name: name, title: title, unit: unit, better: "lower", counted: true}
}

// of says that a rival is measured.
func (m metric) of(rival string) metric {
	m.rival = rival
	return m
}

// than names the sides that it is compared with.
func (m metric) than(sides ...string) metric {
	m.beside = sides
	return m
}

// neither says that more is no worse and no better: it is of the machine.
func (m metric) neither() metric {
	m.better = ""
	return m
}

// one says that each operation is timed.
func (m metric) one() metric {
	m.each = true
	return m
}

// A section is a part of the suite: its metrics, how they are taken, and how they
// are shown.
type section struct {
	name    string
	title   string
	text    string
	metrics []metric
	plots   []func(*report.Report) (report.Plot, bool)
	tables  []func(*report.Report) (report.Table, bool)
}

// sections in the order of the report.
var sections = []section{
	exactSection,
	latencySection,
	filteredSection,
	partialSection,
	matchSection,
	nearSection,
	calibrationSection,
	mixedSection,
	lifeSection,
	memorySection,
	parseSection,
	noiseSection,
}

// find returns the definition of a metric and whether there is one.
func find(name string) (metric, bool) {
	for _, s := range sections {
		if i := slices.IndexFunc(s.metrics, func(m metric) bool { return m.name == name }); i >= 0 {
			return s.metrics[i], true
		}
	}
	return metric{}, false
}

// percentiles are the ends of the names of metrics of single operations.
var percentiles = []struct {
	suffix, title string
	q             float64
}{{".p50", ", p50", 0.5}, {".p99", ", p99", 0.99}, {".p999", ", p99.9", 0.999}}

// summary names the metrics that are shown first, here and in the README.
var summary = []string{
	"exact.miss.batch",
	"exact.hit.batch",
	"exact.miss.single",
	"exact.hit.single",
	"exact.text.batch",
	"exact.plate.batch",
	"partial.last-six.index.p50",
	"partial.wmi-last-four.index.p50",
	"partial.two-unknown.index.p50",
	"partial.fragment-six.index.p50",
	"near.clean.auto.p50",
	"near.miss.index.p50",
	"near.found.index.p50",
	"near.two.index.p50",
	"filtered.count.index",
	"mixed.read.writing.p99",
	"life.build.index",
	"life.file.open",
	"memory.lookup.index",
	"parse.vin.single",
}
