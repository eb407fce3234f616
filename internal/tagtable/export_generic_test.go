//go:build !amd64 || purego

package tagtable

import "unsafe"

// Prefetch reports that there is no instruction for it.
func Prefetch(unsafe.Pointer, uintptr, []uint32) bool { return false }
