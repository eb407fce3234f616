//go:build amd64 && !purego

package tagtable

import "unsafe"

// Prefetch asks for the lines at base + size*at[i] and reports whether it can.
func Prefetch(base unsafe.Pointer, size uintptr, at []uint32) bool {
	prefetch(base, size, &at[0], len(at))
	return true
}
