package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/vinmatch/vinmatch/match"
)

// odds are the flags for what a probability rests on.
type odds struct {
	MinProbability float64 `default:"0.01" placeholder:"0.01" help:"Under --near auto, report no guess that is less probable. 0 reports all."`
	HitRate        float64 `placeholder:"RATE" help:"Share of the observations that are of a listed vehicle. Default: INTERPOL's, 0.0009 for 7.4 million records or more, in proportion for fewer."`
	Vehicles       float64 `default:"${vehicles}" placeholder:"${vehicles}" help:"Number of vehicles, listed or not, that may be observed: in the world, 1.5e9."`
}

// variables are the defaults that help texts name.
var variables = map[string]string{
	"vehicles": strconv.FormatFloat(match.DefaultVehicles, 'g', -1, 64),
}

// check reports what is wrong with the flags.
func (o *odds) check() error {
	switch {
	case !(o.MinProbability >= 0 && o.MinProbability <= 1):
		return errors.New("--min-probability must be from 0 to 1")
	case !(o.HitRate >= 0 && o.HitRate < 1):
		return errors.New("--hit-rate must be above 0 and below 1")
	case !(o.Vehicles >= 1 && o.Vehicles <= 1e15):
		return errors.New("--vehicles must be from 1 to 1e15")
	}
	return nil
}

// options returns the options of a matcher for a register of so many records.
func (o *odds) options(near match.NearMode, records int) match.Options {
	least := o.MinProbability
	if least == 0 {
		least = -1 // everything, where 0 is the default
	}
	hits := o.HitRate
	if hits == 0 {
		hits = match.DefaultHitRate(records)
	}
	return match.Options{HitRate: hits, Vehicles: o.Vehicles, MinProbability: least, Near: near}
}

// probability writes a probability in five characters. None is 0 or 1.
func probability(p float64) string {
	switch {
	case p < 0.01:
		return "<0.01"
	case p >= 0.995:
		return ">0.99"
	}
	return fmt.Sprintf(" %.2f", p)
}
