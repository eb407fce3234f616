package vintest

import (
	_ "embed"
	"iter"
	"strconv"
	"strings"
)

// A Case is an input that somebody met, and what is right about it.
type Case struct {
	Input string
	// Valid: the input is 17 legal symbols. A parser that takes upper case
	// only is right to refuse those in lower case, and one that enforces the
	// check digit those that CheckDigitOK denies.
	Valid bool
	// Canonical is the VIN that the input stands for, in upper case: of a
	// valid input its own symbols, of another what is left without labels,
	// separators, padding and foreign letters. It is empty where the input
	// stands for no VIN or where only a guess would find it.
	Canonical  string
	CheckDigit byte   // what the other 16 symbols of Canonical ask for at position 9; 0 without Canonical
	Why        string // what is special about it
	Source     string // who met it: a public test suite or issue thread as owner/repository, or where it follows from
}

// CheckDigitOK reports whether the check digit of the canonical form computes.
// Most of the world does not use one.
func (c Case) CheckDigitOK() bool {
	return c.Canonical != "" && c.Canonical[8] == c.CheckDigit
}

// Made of vin_cases, vin_nasty and deviations by gen: input quoted, Valid,
// Canonical, CheckDigit, Why and Source with tabs between.
//
//go:embed corpus.tsv
var corpusText string

// Corpus yields some 330 cases in a fixed order, the most instructive first:
// what makers, papers, labels and devices do that parsers trip over, the
// numbers of public test suites, and hostile texts.
func Corpus() iter.Seq[Case] {
	return func(yield func(Case) bool) {
		for line := range strings.Lines(corpusText) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			input, err := strconv.Unquote(f[0])
			if err != nil {
				panic("vintest: corpus.tsv: " + err.Error())
			}
			c := Case{Input: input, Valid: f[1] == "true", Canonical: f[2], Why: f[4], Source: f[5]}
			if f[3] != "" {
				c.CheckDigit = f[3][0]
			}
			if !yield(c) {
				return
			}
		}
	}
}
