//go:build !purego && (386 || amd64 || arm || arm64 || loong64 || mipsle || mips64le || ppc64le || riscv64 || wasm)

package flat

import "unsafe"

// View returns the memory of s as the bytes of a file, or false where memory
// and file differ.
func View[T any](f Form[T], s []T) ([]byte, bool) {
	var zero T
	if unsafe.Sizeof(zero) != uintptr(f.Size) {
		panic("flat: the form is not that of the type")
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*f.Size), true
}
