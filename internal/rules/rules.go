// Package rules holds the repository's own rules as tests: which package may
// import which, what stands at the top level, where modules may begin.
package rules
