package main

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged returns how to start a server that must not run as root: as the
// user that Debian's packages make for it if there is one, or else as nobody.
// The directory becomes that user's. The server ends when this process does.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
	if os.Getuid() != 0 {
		return as, nil
	}
	uid, gid := 65534, 65534
	if u, err := user.Lookup("postgres"); err == nil {
		uid, err = strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err = strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, os.Chown(dir, uid, gid)
}
