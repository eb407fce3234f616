package feed

// What tests put in the place of the disk.
type (
	Directory = directory
	File      = file
)

var OpenDirOn = openDir

// Staged returns how many entries wait to be written.
func Staged(d *Dir) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.staged)
}
