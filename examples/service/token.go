package main

import (
	"fmt"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
)

type tokenCmd struct {
	Name    string `arg:"" help:"Who it is for, as logs show it: letters, digits, - _ and ."`
	Owner   string `placeholder:"FR" help:"The owner whose records the token may change. Default: none."`
	NoAsk   bool   `help:"The token may not ask the register."`
	Expires string `placeholder:"DATE" help:"The first day on which it is not valid, YYYY-MM-DD. Default: never."`
}

func (*tokenCmd) Help() string {
	return `The first line of the output is the token: give it to its caller, and keep no
copy. The second is for the file of tokens, and holds only its hash.`
}

func (c *tokenCmd) Run(a *app) error {
	var expires time.Time
	if c.Expires != "" {
		var err error
		if expires, err = time.Parse(time.DateOnly, c.Expires); err != nil {
			return fmt.Errorf("--expires: not a date such as 2030-12-31")
		}
	}
	token, line, err := access.New(access.Caller{Name: c.Name, Owner: c.Owner, Ask: !c.NoAsk}, expires)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n%s\n", token, line)
	return err
}
