// Package hugepage makes large slices that the system may back with huge pages.
//
// A random read of a table of hundreds of megabytes misses the processor's
// address cache as well as its data caches; 2 MiB pages remove most of the
// former. Many Linux systems grant them only where a program asks
// (transparent_hugepage=madvise). Elsewhere, and where the system declines,
// the slice is an ordinary one.
package hugepage

// minBytes is the size from which asking is worth a system call: below it the
// address cache of today's processors covers ordinary pages.
const minBytes = 4 << 20

// Make returns a zeroed slice of n elements. T must hold no pointers: memory
// that the collector has to scan gains nothing here.
func Make[T any](n int) []T {
	s := make([]T, n)
	advise(s)
	return s
}
