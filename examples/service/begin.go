package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/internal/sheet"
)

// begin makes records the register that an empty log begins with. A log that has
// begun stays as it is.
func begin(ctx context.Context, log feed.Log, snaps feed.Snapshots, o index.Options, records iter.Seq2[index.Record, error]) error {
	b, err := log.Bounds(ctx)
	if err != nil {
		return err
	}
	list, err := snaps.List(ctx)
	if err != nil || b.Last > 0 || len(list) > 0 {
		return err
	}
	x, err := index.Build(ctx, o, records)
	if err != nil {
		return err
	}
	defer x.Close()
	_, err = feed.Begin(ctx, log, snaps, x)
	return err
}

// beginWith is begin with a register in CSV. Rows that cannot be read are counted
// and left out.
func beginWith(ctx context.Context, log feed.Log, snaps feed.Snapshots, name string, logger *slog.Logger) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	reg, err := sheet.OpenRegister(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	problems, refused := 0, 0
	o := index.Options{OnRefused: func(*index.Refusal) { refused++ }}
	if err := begin(ctx, log, snaps, o, reg.Records(func(sheet.Problem) { problems++ })); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if problems+refused > 0 {
		logger.Warn("the register has rows or cells that cannot be used: vinmatch screen --rejects lists them", "problems", problems, "refused", refused)
	}
	return nil
}
