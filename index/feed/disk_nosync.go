//go:build windows || plan9 || js || wasip1

package feed

// syncDir does nothing: these systems do not sync directories.
func syncDir(string) error { return nil }
