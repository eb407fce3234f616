//go:build !windows && !plan9 && !js && !wasip1

package safefile

import (
	"errors"
	"os"
)

func (disk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
