package safefile

// What tests put in the place of the disk.
type (
	Filesystem = filesystem
	File       = file
)

var WriteOn = writeOn
