//go:build !unix

package main

import "time"

// processorTime returns how long processors have worked for this process, and
// whether the system tells.
func processorTime() (time.Duration, bool) { return 0, false }
