//go:build !linux

package main

import (
	"errors"
	"syscall"
)

func unprivileged(string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("peers: PostgreSQL is started on Linux only")
}
