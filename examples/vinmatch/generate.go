package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vinmatch/vinmatch/vin/vintest"
)

type generateCmd struct {
	N     uint64  `name:"n" default:"1000" help:"How many vehicles."`
	Mix   mix     `placeholder:"us=45,european=45,chinese=4,small=6" help:"Shares of the families of numbers; those that are not named get none."`
	Reads channel `placeholder:"CHANNEL" help:"Write also how each number is read: typed, camera, barcode or stamped."`
	Seed  uint64  `default:"1" help:"Equal seeds give equal files."`
}

func (*generateCmd) Help() string {
	return `The column is vin. With --reads there are also read, slip (the kind of error, or
correct) and position (of the error in the VIN, from 1; 0: none). Errors are as
frequent as the channel makes them; most reads are correct.

The families of the mix: us, the US market, with check digits; european, types
made for Europe, Asia and South America, without; chinese, with; and small,
makers of under a thousand vehicles a year.`
}

func (c *generateCmd) Run(a *app) error {
	vehicles := vintest.NewPopulation(c.Seed, c.Mix.Mix)
	if c.N > vehicles.Len() {
		return fmt.Errorf("--n: there are %d vehicles", vehicles.Len())
	}
	var reader *vintest.Reader
	header := []string{"vin"}
	if c.Reads.set {
		reader = vintest.NewReader(c.Seed, c.Reads.Channel, c.Reads.Misread())
		header = append(header, "read", "slip", "position")
	}

	w := csv.NewWriter(a.stdout)
	w.Write(header)
	for i := range c.N {
		v := vehicles.At(i).String()
		row := append(header[:0], v)
		if reader != nil {
			read, slip := reader.Read(v)
			row = append(row, read, slip.Kind.String(), strconv.Itoa(slip.Pos))
		}
		if w.Write(row) != nil || i%1024 == 0 && a.ctx.Err() != nil {
			break
		}
	}
	w.Flush()
	return errors.Join(w.Error(), a.ctx.Err())
}

// A mix is a [vintest.Mix] as a flag.
type mix struct{ vintest.Mix }

// UnmarshalText reads shares such as "us=1,chinese=2".
func (m *mix) UnmarshalText(text []byte) error {
	shares := map[string]*float64{
		"us": &m.USMarket, "european": &m.European, "chinese": &m.Chinese, "small": &m.SmallMakers,
	}
	var total float64
	named := map[string]bool{}
	for part := range strings.SplitSeq(string(text), ",") {
		name, value, _ := strings.Cut(part, "=")
		share, ok := shares[name]
		if !ok {
			return fmt.Errorf("%q is none of us, european, chinese and small", name)
		}
		if named[name] {
			return fmt.Errorf("%s is named twice", name)
		}
		named[name] = true
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || !(f >= 0 && f <= 1e9) {
			return fmt.Errorf("%q is no share for %s", value, name)
		}
		*share = f
		total += f
	}
	if total == 0 {
		return errors.New("the shares add up to nothing")
	}
	return nil
}

// A channel is a [vintest.Channel] as a flag that may be left out.
type channel struct {
	vintest.Channel
	set bool
}

func (c *channel) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(vintest.Channels, func(c vintest.Channel) bool { return c.String() == string(text) })
	if i < 0 {
		return fmt.Errorf("%q is none of typed, camera, barcode and stamped", text)
	}
	c.Channel, c.set = vintest.Channels[i], true
	return nil
}
