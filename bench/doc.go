// Command bench measures the library beside what one would use instead, and
// writes what it found as tables and as a page with plots.
//
//	go run ./bench                       # a million records, some two minutes
//	go run ./bench --size 20M            # 1M, 7M, 20M, 100M or any number
//	go run ./bench --json --out DIR      # JSON to standard output, the report to DIR
//	go run ./bench --compare OLD.json    # and what changed since that report.json
//	go run ./bench --readme README.md    # and the numbers of the README
//	go run ./bench --cpuprofile cpu.prof --trace trace.out
//
// It writes report.html, which needs no other file and no network, report.md and
// report.json. The names and units of the metrics stay the same: those of
// testdata/metrics.txt, where the parts of a name are section, group and side.
// Metrics of one group at one size of the register were measured in the same
// rounds.
//
// The same work stands in Go benchmarks, where each loop is a round, for
// benchstat:
//
//	go test -run '^$' -bench . ./bench
//	go test -run '^$' -bench Exact ./bench -size 20M
//
// Package workload makes what is listed and asked; bench/huge shows the memory of
// a hundred million records, step by step, and bench/huracan screens four million
// observations against 7.4 million records.
//
// # How we measure
//
// Contenders are measured in interleaved rounds. In a round each has one turn,
// and each round begins with another one, so that whatever else the machine does
// hits all alike. A turn is a whole set of queries, up to half a million
// different ones, so that each contender works in caches that it has filled
// itself and no branch predictor learns the answers. One round before the first
// fills caches and is not counted.
//
// A figure is the median of its rounds. The spread is half the distance between
// the quartiles of the rounds: how far a round is usually off. Percentiles are
// of all single operations, each timed by itself; with fewer than a thousand
// samples p99.9 is the slowest one. Ratios are of the medians of one run, and
// their spread is that of the ratios round by round: on a shared machine only
// ratios mean something.
//
// Answers are checked: every turn counts its hits, and searches are compared
// with a plain scan row by row before they are timed. A wrong answer ends the
// run.
//
// Numbers are never random. They come from a population with the skew of real
// makers, half of it without check digits, with serials as dense as makers issue
// them; the numbers that are asked and not listed are siblings of listed ones.
// Everything is seeded and the same in every run.
//
// The rivals here are the built-in map from VIN to record number, made with room
// for all from the beginning and asked by index, and a plain scan over all VINs
// in order, by mask over packed words or, for fragments, by bytes.Index over
// text. The random reads are no rival but the floor: reads of the same bytes
// from arrays of the same sizes, which answer nothing. Other rivals are measured
// in bench/peers.
//
// Memory is what the heap holds after a collection. Both the map and the
// register are built with the default settings of the garbage collector.
//
// A comparison of two runs calls a change what is more than twice the spread of
// both runs together, more than nine in ten of the rivals changed by, whose code
// is the same, and at least 5 %, since the place of a loop or a table in memory
// differs from run to run as well. Where a rival was measured in the same
// rounds, the ratio to it is compared instead of the time. Percentiles are
// compared by their median over the rounds, where a round has samples enough,
// and p99.9 only beside a rival: interruptions decide it.
package main
