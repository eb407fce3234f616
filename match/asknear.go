package match

import (
	"context"
	"slices"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// nearVIN asks for all VINs of which 15 to 18 characters may be a read with one
// error.
func (a *asker) nearVIN(s []byte) {
	from := len(a.keys)
	if v, ok := wholeVIN(s); ok {
		a.keys = a.view.AppendNear(a.keys, v)
	} else {
		a.keys = appendNearVINs(a.keys, s)
	}
	a.sift(from)
	a.keep(from, viaNear, Near)
	a.result.Search |= SearchedOnce
}

// maxKeys is how many keys are kept to be looked up together. Of those beyond,
// only the listed ones are kept: there may be hundreds of thousands near a plate
// whose country is not known.
const maxKeys = 1 << 18

// sift keeps, of the last keys from a place on, those that are listed, if there
// are more than maxKeys in all.
func (w *worker) sift(from int) {
	if len(w.keys) <= maxKeys {
		return
	}
	keys := w.keys[from:]
	w.sifted = slices.Grow(w.sifted[:0], len(keys))[:len(keys)]
	w.view.LookupBatch(w.sifted, keys)
	w.keys = w.keys[:from]
	for i, k := range keys {
		if w.sifted[i] != index.NoRow {
			w.keys = append(w.keys, k)
		}
	}
}

// wholeVIN returns the VIN of characters that may be one.
func wholeVIN(s []byte) (vin.VIN, bool) {
	if len(s) != vin.Len {
		return vin.VIN{}, false
	}
	return vin.FromBytes([vin.Len]byte(s))
}

// misread asks for the VINs of which a text that is none may be a misreading.
func (a *asker) misread(text string) {
	a.strange = true
	if a.matcher.o.Near != Never {
		var buf [maxSymbols]byte
		if s, ok := vinSymbolsOf(buf[:0], symbolsOf(text)); ok {
			a.nearVIN(s)
		}
	}
	// Repairs take I, O and Q for what they must be wherever they stand.
	a.guesses = vin.AppendRepairs(a.guesses[:0], text)
	from := len(a.keys)
	for _, v := range a.guesses {
		a.keys = append(a.keys, index.VIN(v))
	}
	a.keep(from, viaNear, Near)
}

// worthVIN reports whether to search near a VIN that was read: always, never,
// or unless no finding could reach the least probability.
func (a *asker) worthVIN(v vin.VIN) bool {
	if a.matcher.o.Near != Auto {
		return a.matcher.o.Near == Always
	}
	var buf [vin.Len]rune
	r := a.matcher.reader(a.query.Channel)
	return a.worth(&r, r.Most(appendRunes(buf[:0], v), true), a.census.existsAs(v))
}

// worth reports whether a finding could reach the least probability if a number
// was misread with a probability of at most so much, given an error, and is by
// itself the number of so many unlisted vehicles. It takes the paper to agree in
// all. Two kinds of numbers that were both misread would make nearly any record
// probable; but it is enough to search near one of the two, so that all kinds but
// one lead.
func (a *asker) worth(r *reader, most, right float64) bool {
	if a.leads() {
		return true
	}
	odds := a.priorOdds() * a.unlisted() * r.wrong * most / max(right*r.right(), 1e-12)
	if a.query.Claim != (Claim{}) {
		odds *= claimsMost
	}
	return odds/(1+odds) >= a.matcher.o.MinProbability
}

// claimsMost is what a paper that agrees in all multiplies the odds by: two to
// the sum of the weights of weights.go.
const claimsMost = 2000

// leads reports whether other kinds of numbers were read beside that of the read
// at hand, which says something and is not the last of those that do, VINs before
// all others; or is the only one.
func (a *asker) leads() bool {
	own := &a.query.Reads[a.at.read]
	others := false
	for i := range a.query.Reads {
		others = others || a.query.Reads[i].Kind != own.Kind
	}
	switch {
	case !others:
		return false
	case own.Kind == index.KindVIN:
		return own.says()
	}
	for i := len(a.query.Reads) - 1; i >= 0 && a.query.Reads[i].Kind != own.Kind; i-- {
		if read := &a.query.Reads[i]; read.Kind != index.KindVIN && read.says() {
			return own.says()
		}
	}
	for i := range a.query.Reads {
		if read := &a.query.Reads[i]; read.Kind != own.Kind && read.says() {
			return false
		}
	}
	return own.says()
}

// says reports whether a read is one of a number.
func (r *Read) says() bool {
	switch r.Kind {
	case index.KindVIN:
		v, _, err := parseVIN(r.Text)
		return err == nil && !v.Decode().Remarks.Has(vin.Placeholder)
	case index.KindPlate:
		_, err := plate.Parse("", r.Text)
		return err == nil
	}
	return len(lettersOf(r.Text)) >= shortestNumber
}

// nearPlate asks for all plates of which one may be a read with one error, of
// its country, or of every country in the register.
func (a *asker) nearPlate(read *Read, country string) {
	if a.matcher.o.Near == Never {
		return
	}
	p, err := plate.Parse(country, read.Text)
	if err != nil {
		return
	}
	a.strange = a.strange || country != "" && !p.Fits()
	text := []rune(p.Text())
	if a.matcher.o.Near == Auto {
		r := a.matcher.reader(a.query.Channel)
		n := 1
		if country == "" {
			n = a.countries()
		}
		if bg := ofPlate(&r, p, n, a.listings(read, country)); !a.worth(&r, r.Most(text, false), bg.sum()/r.right()) {
			return
		}
	}
	from := len(a.keys)
	for _, s := range a.spellers(read, country) {
		if a.result.Err = a.ctx.Err(); a.result.Err != nil {
			return
		}
		last := len(a.keys)
		a.keys = s.near(a.keys)
		a.sift(last)
	}
	a.keep(from, viaNear, Near)
	a.result.Search |= SearchedOnce
}

// spellers returns how a plate was read under each country it may be of.
func (a *asker) spellers(read *Read, country string) (all []speller) {
	add := func(c string) {
		if p, err := plate.Parse(c, read.Text); err == nil {
			all = append(all, speller{kind: index.KindPlate, country: p.Country(), text: []rune(p.Text())})
		}
	}
	add("")
	if country != "" {
		add(country)
		return all
	}
	for c := range a.view.PlateCountries() {
		add(c)
	}
	return all
}

// nearNumber asks for all numbers of which another number may be a read with one
// error.
func (a *asker) nearNumber(n index.Number) {
	if a.matcher.o.Near == Never {
		return
	}
	text := []rune(lettersOf(n.Text))
	if a.matcher.o.Near == Auto {
		r := a.matcher.reader(a.query.Channel)
		bg := ofNumber(&r, text, a.vehicles())
		if read := &a.query.Reads[a.at.read]; read.Kind == index.KindVIN || read.Kind == index.KindChassis {
			// It is judged as a VIN where it may be one.
			var runes [maxSymbols]rune
			if symbols, _, ok := appendSymbols(runes[:0], read.Text); ok {
				var buf [maxSymbols]byte
				s, _ := vinSymbolsOf(buf[:0], symbols)
				bg = a.census.ofVIN(&r, s)
			}
		}
		if !a.worth(&r, r.Most(text, false), bg.sum()/r.right()) {
			return
		}
	}
	from := len(a.keys)
	s := speller{kind: n.Kind, text: text}
	a.keys = s.near(a.keys)
	if n.Country != "" {
		s.country = n.Country
		a.keys = s.near(a.keys)
	}
	a.sift(from)
	a.keep(from, viaNear, Near)
	a.result.Search |= SearchedOnce
}

// again searches for numbers with two errors where a query is left unexplained:
// no finding is more likely than not, and a read is implausible by itself. The
// spans are those of the query, of which find made the findings.
func (w *worker) again(ctx context.Context, spans []span, s *index.Selection, q *Query, r *Result) {
	if w.matcher.o.Near == Never || r.Err != nil || len(r.Findings) > 0 && r.Findings[0].Probability >= 0.5 {
		return
	}
	a := asker{worker: w, ctx: ctx, query: q, result: r}
	keys, rows, all := len(w.keys), len(w.rows), len(w.spans)
	w.spans = append(w.spans, spans...)
	for i := range q.Reads {
		if r.Err = ctx.Err(); r.Err != nil {
			r.Findings = nil
			break
		}
		a.at = span{query: spans[0].query, read: int32(i)}
		a.twice(&q.Reads[i])
	}
	own := w.spans[all:]
	if more := w.keys[keys:]; len(more) > 0 && r.Err == nil {
		r.Search |= SearchedTwice
		w.rows = append(w.rows, make([]index.Row, len(more))...)
		if w.view.LookupBatchWhere(w.rows[keys:], more, s) > 0 {
			w.collect(ctx, own[len(spans):], s, q, r)
			for i := range w.hits {
				if w.hits[i].key >= int32(keys) {
					w.hits[i].span += int32(len(spans))
				}
			}
			if len(w.hits) > 0 && r.Err == nil {
				w.find(own, q, r)
			}
		}
	}
	w.keys, w.rows, w.spans = w.keys[:keys], w.rows[:rows], w.spans[:all]
}

// twice asks for what a read with two errors may have been, if it is implausible.
func (a *asker) twice(read *Read) {
	if strings.ContainsAny(read.Text, wildcards) {
		return // read in part
	}
	from := len(a.keys)
	switch read.Kind {
	case index.KindVIN, index.KindChassis:
		text := symbolsOf(read.Text)
		v, _, err := parseVIN(read.Text)
		if err == nil {
			if v.Decode().Remarks&doubtful == 0 {
				return
			}
			text = appendRunes(nil, v)
		}
		var buf [maxSymbols]byte
		if s, ok := vinSymbolsOf(buf[:0], text); ok && a.worthTwice() {
			a.keys = appendTwiceVINs(a.keys, s)
			a.sift(from)
		}
	case index.KindPlate:
		country, _ := plate.ParseCountry(read.Country)
		p, err := plate.Parse(country, read.Text)
		if err != nil || country == "" || p.Fits() || !a.worthTwice() {
			return // nothing says that it is implausible
		}
		for _, s := range a.spellers(read, country) {
			last := len(a.keys)
			a.keys = s.twice(a.keys)
			a.sift(last)
		}
	}
	a.keep(from, viaNear, Near)
}

// worthTwice is worth of the numbers of which the read at hand may be a read
// with two errors. How many unlisted vehicles would be read so follows from those
// of which one error leads to the read.
func (a *asker) worthTwice() bool {
	if a.matcher.o.Near != Auto {
		return true
	}
	a.model(a.query)
	r := a.matcher.reader(a.query.Channel)
	most := r.Most(a.reads[a.at.read].text, true)
	return a.worth(&r, r.Both(most, most), a.background(a.query, int(a.at.read)).sum()/r.right())
}

// doubtful is what makes a VIN that was read implausible by itself.
const doubtful = vin.CheckMismatch | vin.UnknownWMI | vin.ImpossibleYear | vin.Placeholder
