// Command service runs a register of wanted vehicles as a service: an HTTP API and
// a page for people who ask, changes by owners, and a change log that many nodes
// can share. It shows how a program puts the library into production.
//
//	go -C examples/service run . --demo
//
// starts it with a made-up register, and prints where to look.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Serve  serveCmd  `cmd:"" default:"withargs" help:"Run the service (the default)."`
	Token  tokenCmd  `cmd:"" help:"Make a token for a caller, and print the line that makes it valid."`
	Verify verifyCmd `cmd:"" help:"Verify an audit log, and find who asked for a number."`
	Load   loadCmd   `cmd:"" help:"Measure a service under load, writes running."`
}

// An app is what commands run on.
type app struct {
	ctx    context.Context
	reload <-chan os.Signal
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	os.Exit(run(&app{ctx: ctx, reload: reload, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:]))
}

// run runs one command line and returns the exit code.
func run(a *app, args []string) int {
	var c commands
	parser := kong.Must(&c,
		kong.Name("service"),
		kong.Description("A register of wanted vehicles as a service."),
		kong.Writers(a.stdout, a.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	line, err := parser.Parse(args)
	if err == nil {
		err = line.Run(a)
	} else {
		err = fmt.Errorf("%w (see service --help)", err)
	}
	if err != nil {
		fmt.Fprintln(a.stderr, "service:", err)
		return 1
	}
	return 0
}
