//go:build purego || !(386 || amd64 || arm || arm64 || loong64 || mipsle || mips64le || ppc64le || riscv64 || wasm)

package flat

// View returns the memory of s as the bytes of a file, or false where memory
// and file differ.
func View[T any](Form[T], []T) ([]byte, bool) { return nil, false }
