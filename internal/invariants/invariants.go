// Package invariants turns internal checks on and off at compile time. The
// checks never change what the code does; they panic where a promise that the
// code makes to itself is broken.
package invariants

import "fmt"

// Check panics with the message unless ok. Guard calls with [Enabled], so that
// a production build drops them together with their arguments.
func Check(ok bool, format string, args ...any) {
	if !ok {
		panic("invariant broken: " + fmt.Sprintf(format, args...))
	}
}
