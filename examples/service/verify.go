package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
)

type verifyCmd struct {
	Data     string     `required:"" placeholder:"DIR" help:"Where the service keeps everything."`
	AuditKey string     `placeholder:"FILE" help:"Key of the audit log. Default: audit.key, in DIR."`
	Head     []string   `placeholder:"N:MAC" help:"What a log of the service said the head was: the audit log must hold it."`
	Number   string     `placeholder:"TEXT" help:"Print the entries of who asked for this number, or changed a record of it."`
	Kind     index.Kind `default:"vin" placeholder:"vin" help:"Kind of that number."`
}

func (c *verifyCmd) Run(a *app) error {
	name := c.AuditKey
	if name == "" {
		name = filepath.Join(c.Data, "audit.key")
	}
	key, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var heads []audit.Head
	for _, text := range c.Head {
		h, err := audit.ParseHead(text)
		if err != nil {
			return fmt.Errorf("--head: %w", err)
		}
		heads = append(heads, h)
	}
	each := func(*audit.Line) {}
	if c.Number != "" {
		tags := audit.Tags(key, index.Number{Kind: c.Kind, Text: c.Number})
		enc := json.NewEncoder(a.stdout)
		each = func(l *audit.Line) {
			if slices.ContainsFunc(tags, func(t string) bool { return slices.Contains(l.Numbers, t) }) {
				l.Numbers = nil // of other vehicles too, where a stream asked
				enc.Encode(l)
			}
		}
	}
	r, err := audit.Verify(filepath.Join(c.Data, "audit"), key, each, heads...)
	if err != nil {
		return err
	}
	if r.Lines == 0 {
		_, err = fmt.Fprintln(a.stdout, "the audit log is empty")
		return err
	}
	fmt.Fprintf(a.stdout, "%d lines are as they were written: %d to %d, %s to %s\n", r.Lines, r.First, r.Head.Seq,
		r.Times[0].Format(time.RFC3339), r.Times[1].Format(time.RFC3339))
	if r.Recovered > 0 {
		fmt.Fprintf(a.stdout, "%d times a crash took the last lines: the entries \"recovered\" tell where\n", r.Recovered)
	}
	_, err = fmt.Fprintf(a.stdout, "head %v\n", r.Head)
	return err
}
