//go:build linux && !purego

package hugepage

import (
	"os"
	"syscall"
	"unsafe"
)

// advise asks for huge pages on the whole system pages inside s. It comes
// before the first write, so that the first touch of each huge page maps it.
func advise[T any](s []T) {
	var zero T
	size := uintptr(len(s)) * unsafe.Sizeof(zero)
	if size < minBytes {
		return
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), size)
	page := uintptr(os.Getpagesize())
	head := -uintptr(unsafe.Pointer(unsafe.SliceData(s))) & (page - 1)
	size = (size - head) &^ (page - 1)
	// A refusal is not an error: the memory works all the same.
	_ = syscall.Madvise(bytes[head:head+size], syscall.MADV_HUGEPAGE)
}
