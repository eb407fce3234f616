//go:build windows || plan9 || js || wasip1

package safefile

// SyncDir does nothing: these systems do not sync directories.
func (disk) SyncDir(string) error { return nil }
