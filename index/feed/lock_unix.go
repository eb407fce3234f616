//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package feed

import (
	"errors"
	"os"
	"syscall"
)

// lockFile opens a file that nobody else can then open so, until it is closed or
// the process ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
