//go:build race

package index_test

// raceEnabled makes tests do less where each step takes ten times as long.
const raceEnabled = true
