// Command vinmatch decodes vehicle identification numbers, normalizes numbers
// as people write them, and checks what was seen at a border against a register
// of wanted vehicles. It shows how a program uses the library.
//
// It exits with 0, with 1 where screen, sightings or watch with --fail find
// something, and with 2 where it is used wrongly or an input cannot be read or is
// damaged.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"

	"github.com/alecthomas/kong"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

const (
	exitFound = 1
	exitError = 2
)

// errFound ends a run that found something and was asked to fail for it.
var errFound = errors.New("there are findings")

// commands is the command line.
type commands struct {
	Decode    decodeCmd    `cmd:"" help:"Say what VINs mean. Parses strictly, never cleans."`
	Normalize normalizeCmd `cmd:"" help:"Bring numbers as people write them to their canonical form. Cleans, never guesses."`
	Screen    screenCmd    `cmd:"" help:"Check observations against a register, and explain every hit."`
	Explain   explainCmd   `cmd:"" help:"Say how probable each finding for one number is, and why."`
	Sightings sightingsCmd `cmd:"" help:"Report vehicles that may be clones: one number on two vehicles, or at two places at once."`
	Watch     watchCmd     `cmd:"" help:"Report what was asked for before it was entered: delayed inquiries."`
	Search    searchCmd    `cmd:"" help:"Find records by a part of a number."`
	Index     indexCmd     `cmd:"" help:"Make, check and describe snapshots of a register."`
	Generate  generateCmd  `cmd:"" help:"Write a population of synthetic VINs as CSV, and how they are read."`
}

// An app is what commands run on.
type app struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(&app{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:]))
}

// run runs one command line and returns the exit code.
func run(a *app, args []string) int {
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	a.stdout = out

	var c commands
	parser := kong.Must(&c,
		kong.Name("vinmatch"),
		kong.Description("Vehicle numbers: decoded, normalized, and checked against a register of wanted vehicles."),
		kong.Vars(variables),
		kong.Writers(out, a.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(verbatim)),
		kong.Exit(func(code int) { out.Flush(); os.Exit(code) }), // after --help
	)
	line, err := parser.Parse(args)
	if err == nil {
		err = line.Run(a)
	} else {
		err = fmt.Errorf("%w (see vinmatch --help)", err)
	}
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		return exitFound
	}
	fmt.Fprintln(a.stderr, "vinmatch:", err)
	return exitError
}

// verbatim takes an argument as it stands. The parser's own way through JSON
// makes U+FFFD of bytes that are not UTF-8, in VINs and in names of files.
func verbatim(ctx *kong.DecodeContext, target reflect.Value) error {
	t, err := ctx.Scan.PopValue("string")
	if err == nil {
		target.SetString(t.String())
	}
	return err
}

// jsonLines returns an encoder that writes one object a line.
func (a *app) jsonLines() *json.Encoder {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc
}

// open opens a file, or standard input for "-".
func (a *app) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.stdin), nil
	}
	return os.Open(name)
}

// A wrong says what is wrong with an input and where.
type wrong struct {
	Kind     string `json:"kind"`
	Position int    `json:"position"` // in characters, from 1; 0: nowhere in particular
}

// wrongAt returns the kind and position of an error of the library.
func wrongAt(err error) *wrong {
	var v *vin.Error
	if errors.As(err, &v) {
		return &wrong{Kind: v.Kind.String(), Position: v.Pos}
	}
	var p *plate.Error
	if errors.As(err, &p) {
		return &wrong{Kind: p.Kind.String(), Position: p.Pos}
	}
	return &wrong{Kind: "Other"}
}
