package main

import (
	"context"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/vin"
)

// A parser reads texts and counts those that are VINs.
type parser struct {
	name  string
	setup string
	parse func(texts []string) int
}

// legal tells the symbols of a VIN in either case.
var legal = func() (ok [256]bool) {
	for _, c := range []byte(symbols) {
		ok[c] = true
		if c >= 'A' {
			ok[c|0x20] = true
		}
	}
	return ok
}()

// parserList has vinmatch first. Six VIN parsers for Go are published and were
// looked for on 2026-11-25: ynori7/go-vin, gpascual2/govincheck,
// joshuasprow/nitrovin, opencars/govin, kabirnayeem99/vinvalidator and
// way-platform/vin-go. The Go module proxy had none of them, so the comparison
// is with what services write for themselves.
func parserList() []parser {
	each := regexp.MustCompile(`^[A-HJ-NPR-Za-hj-npr-z0-9]{17}$`)
	var dst []vin.VIN
	return []parser{
		{"vin.ParseBatch", "17 symbols into two words, and the weighted sum for the check digit", func(texts []string) int {
			if len(dst) < len(texts) {
				dst = make([]vin.VIN, len(texts))
			}
			return vin.ParseBatch(dst, texts)
		}},
		{"vin.Parse", "the same, one by one", func(texts []string) int {
			n := 0
			for _, s := range texts {
				if _, err := vin.Parse(s); err == nil {
					n++
				}
			}
			return n
		}},
		{"table of bytes", "17 bytes, each looked up in a table: says whether the text is a VIN, and makes nothing of it", func(texts []string) int {
			n := 0
			for _, s := range texts {
				ok := len(s) == vin.Len
				for i := 0; ok && i < len(s); i++ {
					ok = legal[s[i]]
				}
				if ok {
					n++
				}
			}
			return n
		}},
		{"regular expression", "regexp, compiled once: says whether the text is a VIN", func(texts []string) int {
			n := 0
			for _, s := range texts {
				if each.MatchString(s) {
					n++
				}
			}
			return n
		}},
	}
}

// parsers has all read the same texts, of which one in sixteen is no VIN.
func parsers(ctx context.Context, w *world, budget time.Duration) []figure {
	texts := make([]string, 1<<14)
	want := len(texts) - len(texts)/16
	for i := range texts {
		b := w.arrived[i%len(w.arrived)].vin.Bytes()
		if i%16 == 15 {
			b[i/16%vin.Len] = "IOQ-"[i/16%4]
		}
		texts[i] = string(b[:])
	}
	list := parserList()
	took := make([][]sample, len(list))
	for range rounds {
		for i, p := range list {
			runtime.GC()
			var s sample
			for end := time.Now().Add(budget / rounds); time.Now().Before(end) && ctx.Err() == nil; {
				start := time.Now()
				n := p.parse(texts)
				s = append(s, float64(time.Since(start))/float64(len(texts)))
				if n != want {
					panic("peers: " + p.name + " takes other texts for VINs")
				}
			}
			if s != nil {
				took[i] = append(took[i], s)
			}
		}
	}
	var figs []figure
	for i, p := range list {
		if len(took[i]) > 0 {
			figs = append(figs, summary("parse", p.name, slices.Clone(took[i]), 0))
		}
	}
	return figs
}
