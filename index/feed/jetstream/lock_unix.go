//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package jetstream

import (
	"os"
	"syscall"
	"time"
)

// untouched is how long a directory is left alone that is not locked: whoever made it
// may be about to.
const untouched = time.Minute

// tryLock locks a file until it is closed or the process ends.
func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
