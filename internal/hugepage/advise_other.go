//go:build !linux || purego

package hugepage

func advise[T any]([]T) {}
