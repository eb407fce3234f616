package main

import (
	"errors"
	"fmt"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
)

// A source is where a command has its register from.
type source struct {
	Register string `required:"" xor:"register" placeholder:"R.csv" help:"The register of wanted vehicles, CSV."`
	Snapshot string `required:"" xor:"register" placeholder:"FILE" help:"The register as index build saved it."`
}

// open loads the register, whatever it is in.
func (s *source) open(a *app, rejects *rejects) (*index.Index, error) {
	if s.Snapshot != "" {
		return index.Open(s.Snapshot, index.Options{})
	}
	bar := a.newProgress("loading")
	defer bar.hide()
	return build(a, s.Register, bar, rejects)
}

// build makes an index of a register in CSV.
func build(a *app, name string, bar *progress, rejects *rejects) (*index.Index, error) {
	f, err := bar.open(a, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reg, err := sheet.OpenRegister(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a.warnUnknown(name, reg.Unknown())
	var at []uint32 // line of each record
	records := func(yield func(index.Record, error) bool) {
		for rec, err := range reg.Records(func(p sheet.Problem) { rejects.add(name, p) }) {
			at = append(at, uint32(reg.Line()))
			if !yield(rec, err) {
				return
			}
		}
		bar.next("indexing")
	}
	refused := func(r *index.Refusal) {
		rejects.add(name, sheet.Problem{Line: int(at[r.Record]), Reason: r.Err.Error()})
	}
	idx, err := index.Build(a.ctx, index.Options{OnRefused: refused}, records)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return idx, nil
}

// errBothStdin says that two inputs cannot be read from one.
var errBothStdin = errors.New("only one of the two files can be standard input")
