// Package flat turns slices of fixed-size values into the bytes that they are
// in a file, and back. Files are little-endian.
//
// Where memory is little-endian too, [View] shows a slice as its bytes and
// nothing is copied. Elsewhere, and under the build tag purego, values are
// converted one by one as their [Form] says; the bytes are the same.
package flat

import "golang.org/x/exp/constraints"

// A Form says how a value of T stands in a file. T must hold nothing but
// unsigned integers, without padding between them, and Put must write them in
// their order in T, so that the bytes are those of T in little-endian memory.
type Form[T any] struct {
	Size int // in bytes
	Put  func(dst []byte, v *T)
	Get  func(src []byte, v *T)

	// Copied says that Put leaves something out, or that the memory may change
	// while it is written: a file has what Put writes.
	Copied bool
}

// Uint returns the form of an unsigned integer.
func Uint[T constraints.Unsigned]() Form[T] {
	size := 0
	for v := ^T(0); v != 0; v >>= 4 {
		size++ // half bytes, since a byte shifted by eight is not allowed
	}
	size /= 2
	return Form[T]{
		Size: size,
		Put: func(dst []byte, v *T) {
			for i := range size {
				dst[i] = byte(uint64(*v) >> (8 * i))
			}
		},
		Get: func(src []byte, v *T) {
			var u uint64
			for i := range size {
				u |= uint64(src[i]) << (8 * i)
			}
			*v = T(u)
		},
	}
}

// Encode writes src to dst, which must have src's length times the size.
func (f Form[T]) Encode(dst []byte, src []T) {
	for i := range src {
		f.Put(dst[i*f.Size:][:f.Size], &src[i])
	}
}

// Decode reads dst from src, which must have dst's length times the size.
func (f Form[T]) Decode(dst []T, src []byte) {
	for i := range dst {
		f.Get(src[i*f.Size:][:f.Size], &dst[i])
	}
}
