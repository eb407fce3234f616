//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package feed

import "os"

// lockFile opens a file. On these systems it is up to the caller that one process
// at a time opens a log.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
