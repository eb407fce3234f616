//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns how long processors have worked for this process, and
// whether the system tells: on a machine that does other work too it says more
// than the clock.
func processorTime() (time.Duration, bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
