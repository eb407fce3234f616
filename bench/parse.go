package main

import (
	"fmt"
	"iter"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var parseSection = section{
	name:  "parse",
	title: "Parsing, decoding, normalizing",
	text:  "No register is asked. Times are those of one number; what is refused are the hostile texts of package vintest.",
	metrics: []metric{
		took("parse.vin.single", "parsing a VIN"),
		took("parse.vin.batch", "parsing a VIN, in batches"),
		took("parse.vin.refuse", "refusing a text that is no VIN, with the reason"),
		took("parse.vin.decode", "decoding a VIN: maker, country, model years, serial"),
		took("parse.vin.clean", "cleaning a VIN as people write it"),
		took("parse.vin.pattern", "cleaning a partial VIN"),
		took("parse.plate.parse", "normalizing a plate as people write it"),
	},
}

// parse reads numbers.
func (r *run) parse(reg *register) error {
	n := r.asked / 16
	if err := r.group("parse.vin", 0, r.limits, parseSides(reg.world, n)); err != nil {
		return err
	}
	return r.group("parse.plate", 0, r.limits, plateParseSides(reg.world, n))
}

// parseSides read VINs.
func parseSides(w *workload.World, n int) []measure.Side {
	vins, _ := w.VINs(n, 0.5)
	texts, partial := make([]string, n), make([]string, n)
	for i, v := range vins {
		texts[i] = v.String()
		partial[i] = "****" + texts[i][11:]
	}
	written := w.Written(n)
	next, stop := iter.Pull2(vintest.Hostile(1))
	defer stop()
	hostile := make([]string, n)
	for i := range hostile {
		hostile[i], _, _ = next()
	}
	dst := make([]vin.VIN, n)
	all := func(do func(i int) bool) func() error {
		return func() error {
			for i := range n {
				if !do(i) {
					return fmt.Errorf("number %d is not read as it should be", i)
				}
			}
			return nil
		}
	}
	return []measure.Side{
		{Name: "single", Ops: n, Turn: all(func(i int) bool { v, err := vin.Parse(texts[i]); return err == nil && v == vins[i] })},
		{Name: "batch", Ops: n, Turn: func() error { return check(vin.ParseBatch(dst, texts), n) }},
		{Name: "refuse", Ops: n, Turn: all(func(i int) bool { _, err := vin.Parse(hostile[i]); return err != nil })},
		{Name: "decode", Ops: n, Turn: all(func(i int) bool { return vins[i].Decode().WMI != vin.Code{} })},
		{Name: "clean", Ops: n, Turn: all(func(i int) bool { _, _, err := vin.Clean(written[i]); return err == nil })},
		{Name: "pattern", Ops: n, Turn: all(func(i int) bool { _, _, err := vin.CleanPattern(partial[i]); return err == nil })},
	}
}

// plateParseSides read plates.
func plateParseSides(w *workload.World, n int) []measure.Side {
	countries, texts := w.WrittenPlates(n)
	return []measure.Side{{Name: "parse", Ops: n, Turn: func() error {
		for i := range texts {
			if _, err := plate.Parse(countries[i], texts[i]); err != nil {
				return err
			}
		}
		return nil
	}}}
}
