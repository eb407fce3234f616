package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// limit is how many rows of a partial number are asked for, as a person would
// look at them. Which ones is up to each contender.
const limit = index.DefaultLimit

// An entry is a listed VIN and the number of its record. Records are numbered
// in the order of their VINs, as an index numbers its rows, so that all
// contenders give the same answers.
type entry struct {
	vin vin.VIN
	id  index.Row
}

// A world is what is listed and what is asked.
type world struct {
	arrived  []entry   // what is listed, in no order
	sorted   []vin.VIN // the same by id; contenders do not get it
	unlisted []vin.VIN // siblings of listed ones
	seed     uint64
}

// makeWorld lists n vehicles and leaves as many others unlisted as are asked.
func makeWorld(seed uint64, n, unlisted int) *world {
	all := vintest.NewPopulation(seed, vintest.DefaultMix).Shuffled(uint64(n + unlisted))
	w := &world{
		arrived:  make([]entry, n),
		sorted:   make([]vin.VIN, n),
		unlisted: make([]vin.VIN, unlisted),
		seed:     seed,
	}
	for i := range w.sorted {
		w.sorted[i] = all.At(uint64(i))
	}
	for i := range w.unlisted {
		w.unlisted[i] = all.At(uint64(n + i))
	}
	slices.SortFunc(w.sorted, vin.VIN.Compare)
	for i, v := range w.sorted {
		w.arrived[i] = entry{v, index.Row(i)}
	}
	rng := w.rng("arrival")
	rng.Shuffle(n, func(i, j int) { w.arrived[i], w.arrived[j] = w.arrived[j], w.arrived[i] })
	return w
}

// rng returns random numbers of their own for each purpose.
func (w *world) rng(purpose string) *rand.Rand {
	h := w.seed
	for _, c := range []byte(purpose) {
		h = (h ^ uint64(c)) * 0x100000001B3
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

// A form is a way of asking.
type form string

// The forms in the order of the report.
const (
	exactHit      form = "exact hit"
	exactMiss     form = "exact miss"
	lastSix       form = "last six"
	makerLastFour form = "WMI + last four"
	twoUnknown    form = "two unknown"
	twoOfLastSix  form = "two of last six unknown"
	fragment      form = "fragment of six"
	oneError      form = "one error"
	oneErrorReady form = "one error, probes ready"
)

var singleForms = []form{
	exactHit, exactMiss, lastSix, makerLastFour, twoUnknown, twoOfLastSix, fragment, oneError, oneErrorReady,
}

// whole reports whether a form asks for whole numbers.
func (f form) whole() bool {
	switch f {
	case exactHit, exactMiss, batchHit, batchMiss, oneError, oneErrorReady:
		return true
	}
	return false
}

// about says what a form asks.
var about = map[form]string{
	exactHit:      "a whole number that is listed",
	exactMiss:     "a whole number that is not listed, most often a sibling of one that is",
	lastSix:       "the last six symbols",
	makerLastFour: "the maker's code and the last four symbols",
	twoUnknown:    "a whole number, two of its symbols unreadable",
	twoOfLastSix:  "the last six symbols, two of them unreadable",
	fragment:      "six symbols in a row, nobody knows from where",
	oneError:      "a whole number as a camera misread it, with one symbol wrong or two neighbours swapped",
	oneErrorReady: "the same for those that look up each number that may have been meant, which are made beforehand",
}

// A question is one number that is asked, whole or in part.
type question struct {
	form     form
	vin      vin.VIN     // exact and one error
	places   string      // 17 symbols, ? where unknown; "" for a fragment
	fragment string      // a run of symbols at an unknown offset
	pattern  vin.Pattern // of a partial number
	probes   []vin.VIN   // what may have been meant, where they are ready
	want     func(vin.VIN) bool
}

// prefix and suffix are the known symbols at either end.
func (q *question) prefix() string {
	if i := strings.IndexByte(q.places, '?'); i >= 0 {
		return q.places[:i]
	}
	return q.places
}

func (q *question) suffix() string { return q.places[strings.LastIndexByte(q.places, '?')+1:] }

// questions makes n questions of a form. Every second one is about a vehicle
// that is listed, but for exact ones, which all are or all are not.
func (w *world) questions(f form, n int) []question {
	seed := f
	if f == oneErrorReady {
		seed = oneError // the same questions
	}
	rng := w.rng("questions " + string(seed))
	misread := vintest.NewReader(rng.Uint64(), vintest.Camera, 1)
	qs := make([]question, n)
	for i := range qs {
		var v vin.VIN
		if listed := f == exactHit || f != exactMiss && i%2 == 0; listed {
			v = w.sorted[rng.IntN(len(w.sorted))]
		} else {
			v = w.unlisted[rng.IntN(len(w.unlisted))]
		}
		qs[i] = makeQuestion(f, v, rng, misread)
	}
	return qs
}

func makeQuestion(f form, v vin.VIN, rng *rand.Rand, misread *vintest.Reader) question {
	q := question{form: f}
	s := v.String()
	text := ""
	switch f {
	case exactHit, exactMiss:
		q.vin, q.places = v, s
		q.want = func(x vin.VIN) bool { return x == v }
		return q
	case oneError, oneErrorReady:
		for {
			read, _ := misread.Read(s)
			// A lost or doubled symbol or one that no VIN has shows by itself.
			if m, err := vin.Parse(read); err == nil && isNear(m, v) {
				q.vin, q.places = m, read
				break
			}
		}
		if f == oneErrorReady {
			q.probes = neighbours(q.vin)
		}
		m := q.vin
		q.want = func(x vin.VIN) bool { return isNear(x, m) }
		return q
	case lastSix:
		text = "*" + s[11:]
		q.places = unknown(11) + s[11:]
	case makerLastFour:
		text = s[:3] + "*" + s[13:]
		q.places = s[:3] + unknown(10) + s[13:]
	case twoUnknown:
		text = lose(rng, s, 2)
		q.places = text
	case twoOfLastSix:
		text = "*" + lose(rng, s[11:], 2)
		q.places = unknown(11) + text[1:]
	case fragment:
		at := rng.IntN(vin.Len - 6 + 1)
		q.fragment = s[at : at+6]
		text = "*" + q.fragment + "*"
	}
	var err error
	if q.pattern, err = vin.ParsePattern(text); err != nil {
		panic(fmt.Sprintf("peers: pattern of form %s: %v", f, err))
	}
	places, part := q.places, q.fragment
	q.want = func(x vin.VIN) bool { return fits(x.String(), places, part) }
	return q
}

func unknown(n int) string { return strings.Repeat("?", n) }

// lose makes n symbols unknown.
func lose(rng *rand.Rand, s string, n int) string {
	b := []byte(s)
	for _, i := range rng.Perm(len(b))[:n] {
		b[i] = '?'
	}
	return string(b)
}

// fits is the meaning of a partial number, symbol by symbol.
func fits(s, places, fragment string) bool {
	if fragment != "" {
		return strings.Contains(s, fragment)
	}
	for i := range len(places) {
		if places[i] != '?' && places[i] != s[i] {
			return false
		}
	}
	return true
}

// isNear reports whether two numbers are the same, or differ in one symbol or
// by a swap of two neighbours.
func isNear(a, b vin.VIN) bool {
	s, t := a.Bytes(), b.Bytes()
	i := 0
	for i < len(s) && s[i] == t[i] {
		i++
	}
	if i >= len(s)-1 || s == t {
		return true
	}
	if slices.Equal(s[i+1:], t[i+1:]) {
		return true
	}
	return s[i] == t[i+1] && s[i+1] == t[i] && slices.Equal(s[i+2:], t[i+2:])
}

const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

// neighbours returns a number and all that are near it, each once: 544 with
// another symbol and at most 16 with two neighbours swapped.
func neighbours(v vin.VIN) []vin.VIN { return appendNeighbours(make([]vin.VIN, 0, 561), v) }

func appendNeighbours(dst []vin.VIN, v vin.VIN) []vin.VIN { return v.AppendNear(append(dst, v)) }

// appendNearTexts is appendNeighbours of texts.
func appendNearTexts(dst []text, b text) []text {
	dst = append(dst, b)
	for i, was := range b {
		for c := range len(symbols) {
			if symbols[c] != was {
				dst = append(dst, b)
				dst[len(dst)-1][i] = symbols[c]
			}
		}
	}
	for i := 1; i < len(b); i++ {
		if b[i-1] != b[i] {
			dst = append(dst, b)
			near := &dst[len(dst)-1]
			near[i-1], near[i] = b[i], b[i-1]
		}
	}
	return dst
}

// reversed returns a text backwards.
func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// after returns the least text behind all that begin with a prefix.
func after(prefix string) string {
	b := []byte(prefix)
	b[len(b)-1]++ // no symbol is the last byte
	return string(b)
}

// The databases search ranges of the B-trees of VINs and of reversed VINs. A
// reversed number begins with its serial, of which few symbols leave little.
const (
	narrowPrefix = 11
	narrowSuffix = 4
)

// heads returns texts of which one begins every number that fits some places:
// all that are known up to the first unknown symbol behind the narrowSuffix-th,
// with each symbol that may stand at those before.
func heads(places string) []string {
	hs := []string{""}
	for i, c := range []byte(places) {
		switch {
		case c != '?':
			for j := range hs {
				hs[j] += string(c)
			}
		case i >= narrowSuffix:
			return hs
		default:
			longer := make([]string, 0, len(symbols)*len(hs))
			for _, h := range hs {
				for _, s := range []byte(symbols) {
					longer = append(longer, h+string(s))
				}
			}
			hs = longer
		}
	}
	return hs
}
