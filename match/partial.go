package match

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A partial is a read of which not everything is known.
type partial struct {
	like  index.Number // as index.View.SearchNumbers takes it
	text  string       // of like, in the form that all like it share
	known int          // places of it that are known

	fits     int     // different listed numbers that fit
	more     bool    // and there are others
	unlisted float64 // vehicles that are expected to fit and are not listed

	// Of a partial number one of whose known places may have been misread: that
	// place, from 1, and the number as it was read. Of that: the unlisted vehicles
	// that are expected to have been misread so, given an error.
	wrong   int
	of      *partial
	misread float64
}

// maxFits is how many records that fit a partial number are looked at, or more
// where a query wants more findings.
const maxFits = 100

// wildcards are what stands for unknown characters in plates and other numbers
// that are no VINs: what people write for them in VINs is up to vin.CleanPattern.
const wildcards = "?？*＊"

func newPartial(like index.Number, text string) *partial {
	p := &partial{like: like, text: text}
	for _, e := range elements(text) {
		if e.known() {
			p.known++
		}
	}
	return p
}

// partial asks for what fits a read that is part of a number.
func (a *asker) partial(like index.Number, text string) {
	p := newPartial(like, text)
	of := ""
	if like.Kind == index.KindVIN {
		of = " of 17"
	}
	a.remark(RemarkPartial, Note, "%s read in part; characters known: %d%s", name(like.Kind), p.known, of)
	s := a.at
	s.from, s.to = int32(len(a.keys)), int32(len(a.keys))
	s.how, s.partial = Partial, p
	a.spans = append(a.spans, s)
	a.partials = true
}

// partialVIN asks for what fits a part of a VIN.
func (a *asker) partialVIN(text string) {
	p, _, err := vin.CleanPattern(text)
	if err != nil {
		a.remark(RemarkUnreadable, Doubt, "VIN read in part, but which is not clear (%s)", reason(err))
		return
	}
	a.partial(index.Number{Kind: index.KindVIN, Text: p.String()}, p.String())
}

// holedVIN asks for what fits a read of some other kind if it is a VIN of 17
// symbols, not all of which are known.
func (a *asker) holedVIN(text string) {
	if !strings.ContainsAny(text, wildcards) || vin.Classify(text) != vin.ClassPartial {
		return
	}
	if p, _, err := vin.CleanPattern(text); err == nil && !strings.Contains(p.String(), "*") {
		a.partial(index.Number{Kind: index.KindVIN, Text: p.String()}, p.String())
	}
}

// partialPlate asks for what fits a part of a plate.
func (a *asker) partialPlate(read *Read) {
	p, err := plate.ParsePattern(read.Country, read.Text)
	if isKind(err, plate.UnknownCountry) {
		a.remark(RemarkCountry, Note, "%s is no country that is known; looked up under every country", repeated(read.Country))
		p, err = plate.ParsePattern("", read.Text)
	}
	if err != nil {
		a.remark(RemarkUnreadable, Doubt, "not part of a plate (%s)", reason(err))
		return
	}
	a.partial(index.Number{Kind: index.KindPlate, Country: p.Country(), Text: p.String()}, p.String())
}

// partialText asks for what fits a part of another number, and reports whether
// the read is one. Stars on both sides of a number are stamped there to show
// that it is whole.
func (a *asker) partialText(read *Read, kind index.Kind) bool {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '？':
			return '?'
		case r == '＊':
			return '*'
		case r == '?' || r == '*' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToUpper(r)
		}
		return -1
	}, read.Text)
	inner := text
	if len(text) > 1 && text[0] == '*' && text[len(text)-1] == '*' {
		inner = strings.Trim(text, "*")
	}
	if !strings.ContainsAny(inner, "?*") || strings.Trim(inner, "?*") == "" {
		return false
	}
	like := index.Number{Kind: kind, Text: read.Text}
	if kind.HasCountry() {
		like.Country, _ = plate.ParseCountry(read.Country)
	}
	a.partial(like, text)
	return true
}

// search finds the records that fit the partial read of a span, and lists them
// as hits.
func (w *worker) search(ctx context.Context, spans []span, at int, sel *index.Selection, q *Query, r *Result) {
	p := spans[at].partial
	res, err := w.view.SearchNumbers(ctx, p.like, sel, max(q.Limit, maxFits))
	var bad *index.NumberError
	switch {
	case errors.As(err, &bad):
		r.remark(int(spans[at].read), RemarkUnreadable, Doubt, "part of a number that cannot be looked up (%s)", reason(err))
		return
	case err != nil:
		r.Err = ctx.Err()
		return
	}
	listed := make(map[index.Number]struct{}, len(res.Rows))
	for _, row := range res.Rows {
		record := w.view.Record(row)
		if n, ok := p.in(&record); ok {
			listed[n] = struct{}{}
			w.hits = append(w.hits, hit{row: row, span: int32(at), key: -1})
		}
	}
	p.fits, p.more = len(listed), res.Truncated
	p.unlisted = w.unlistedLike(p)
	if p.more {
		r.remark(int(spans[at].read), RemarkManyRecords, Doubt,
			"more than %d records fit; the rest were not looked at", len(res.Rows))
	}
	if w.matcher.o.Near != Never {
		w.searchNear(ctx, at, p, sel, r)
	}
}

const (
	// fewestKnown is how many places must be known beside the one that may have
	// been misread: with fewer, too much fits.
	fewestKnown = 5
	// maxNearFits is how many records are looked at for each place.
	maxNearFits = 20
)

// searchNear finds the records that fit a partial number but for one known place,
// and lists them as hits.
func (w *worker) searchNear(ctx context.Context, at int, p *partial, sel *index.Selection, r *Result) {
	for n := range p.butOne() {
		r.Search |= SearchedOnce
		res, err := w.view.SearchNumbers(ctx, n.like, sel, maxNearFits)
		if err != nil {
			if ctx.Err() != nil {
				r.Err = ctx.Err()
			}
			return
		}
		listed := make(map[index.Number]struct{}, len(res.Rows))
		for _, row := range res.Rows {
			record := w.view.Record(row)
			if _, fits := p.in(&record); fits {
				continue
			}
			if number, ok := n.in(&record); ok {
				listed[number] = struct{}{}
				w.hits = append(w.hits, hit{row: row, span: int32(at), key: -1, near: n})
			}
		}
		n.fits = len(listed)
		n.unlisted = w.unlistedLike(n)
		p.misread += n.unlisted * oneForAnother
	}
}

// butOne yields a partial number without each of its known places in turn, where
// enough others are known.
func (p *partial) butOne() iter.Seq[*partial] {
	return func(yield func(*partial) bool) {
		if p.known <= fewestKnown {
			return
		}
		all := elements(p.text)
		for i, e := range all {
			if !e.known() {
				continue
			}
			var b strings.Builder
			b.Grow(len(p.text))
			for k, e := range all {
				if k == i {
					e = "?"
				}
				b.WriteString(string(e))
			}
			n := &partial{like: p.like, text: b.String(), known: p.known - 1, wrong: i + 1, of: p}
			n.like.Text = n.text
			if !yield(n) {
				return
			}
		}
	}
}

// oneForAnother is the probability that one certain place of a number is the one
// that is misread, as one certain other character. Judgement: of 17 places and
// ten likely characters each.
const oneForAnother = 1.0 / 170

// in returns the number of a record that fits.
func (p *partial) in(r *index.Record) (index.Number, bool) {
	for n := range numbersOf(r) {
		if n.Fits(p.like) {
			return n, true
		}
	}
	return index.Number{}, false
}

// numbersOf yields the numbers under which a record is listed.
func numbersOf(r *index.Record) iter.Seq[index.Number] {
	return func(yield func(index.Number) bool) {
		spellings := func(p plate.Plate) bool {
			n := index.Number{Kind: index.KindPlate, Country: p.Country(), Text: p.Text()}
			if p.IsValid() && !yield(n) {
				return false
			}
			for alias := range p.Aliases() {
				if n.Text = alias.Text(); !yield(n) {
					return false
				}
			}
			return true
		}
		if r.VIN.IsValid() && !yield(index.Number{Kind: index.KindVIN, Text: r.VIN.String()}) || !spellings(r.Plate) {
			return
		}
		for _, n := range r.Numbers {
			if n.Kind != index.KindPlate {
				if !yield(n) {
					return
				}
			} else if p, err := plate.Parse(n.Country, n.Text); err == nil && !spellings(p) {
				return
			}
		}
		if frame := r.VIN.Decode().Frame(); frame != "" {
			yield(index.Number{Kind: index.KindChassis, Text: frame})
		}
	}
}

// partial weighs a listed number that a partial read fits.
func (j *judge) partial(m *match, p *partial) bool {
	listed, ok := p.in(&j.record)
	if !ok {
		return false
	}
	text := []rune(listed.Text)
	switch m.kind {
	case index.KindVIN:
	case index.KindPlate:
		if q, err := plate.Parse(listed.Country, listed.Text); err == nil {
			text = []rune(q.Text())
		}
	default:
		text = []rune(lettersOf(listed.Text))
	}
	e := Evidence{
		Code: EvidencePartial, Read: shown(p.text), Listed: listed.Text,
		Text: "what was read of the " + name(m.kind) + " is listed",
	}
	if p.wrong > 0 {
		m.how = Near
		e.Code, e.Read = EvidenceNear, shown(p.of.text)
		e.Text += " but for one place"
	}
	all := elements(p.text)
	place := align(all, text)
	if at := known(all, place); len(at) > 0 {
		e.Pos = at[0]
		e.Text += ": " + positions(at)
	}
	m.say(e)
	if p.wrong > 0 && place != nil {
		j.misreadPlace(m, elements(p.of.text)[p.wrong-1], place[p.wrong-1], text)
		return true
	}
	if p.fits > 1 {
		e := Evidence{Code: EvidenceSeveral} // each of them competes by itself
		than := ""
		if p.more {
			than = "more than "
		}
		e.Text = fmt.Sprintf("%s%d different numbers that are listed fit", than, p.fits)
		m.say(e)
	}
	return true
}

// misreadPlace weighs that a place of a partial number was read as something else
// than the character of a text, at a place from 0.
func (j *judge) misreadPlace(m *match, read element, at int, text []rune) {
	r := j.matcher.reader(j.query.Channel)
	d := difference{code: EvidenceMisread, listed: at + 1, read: at + 1, from: string(read), to: string(text[at])}
	p := oneForAnother
	if c := []rune(d.from); len(c) == 1 {
		p = r.Substituted(text[at], c[0], at, len(text))
	}
	m.say(d.evidence(m.kind, log2(r.wrong*p)-log2(r.right())))
}

// unlistedLike returns how many unlisted vehicles are expected to fit a partial
// number. Where few VINs fit, it asks of each whether it exists. Otherwise it is
// in proportion to the listed ones beside the one at hand or, if that is more,
// by how common each known character is at its place.
func (w *worker) unlistedLike(p *partial) float64 {
	each := w.unlisted() / float64(max(w.view.Len(), 1)) // unlisted vehicles for each listed one
	others := (float64(p.fits) - 1) * each
	room := 1.0 // of plates and other numbers: different ones that fit
	switch p.like.Kind {
	case index.KindVIN:
		pattern := elements(p.text)
		if sum, ok := w.census.existing(pattern); ok {
			return sum
		}
		return max(others+0.3*each, w.unlisted()*w.census.share(pattern))
	case index.KindPlate:
		room = occupied
	default:
		room = 0.02
	}
	for _, e := range elements(p.text) {
		switch {
		case e == "*":
			room *= 3000
		case !e.known():
			room *= 20
		}
	}
	return max(others+min(0.3*each, room), min(room, w.unlisted()))
}

// fewVINs is how many VINs are asked for one by one: two symbols are unknown.
const fewVINs = 33 * 33

// existing returns how many unlisted vehicles are expected to have one of the
// VINs that fit a pattern, if those are few.
func (c *census) existing(pattern []element) (sum float64, ok bool) {
	if len(pattern) != vin.Len || slices.Contains(pattern, "*") {
		return 0, false
	}
	var fits [vin.Len][]byte
	n := 1
	for i, e := range pattern {
		for k := range len(vinSymbols) {
			if e.fits(rune(vinSymbols[k])) {
				fits[i] = append(fits[i], vinSymbols[k])
			}
		}
		if n *= len(fits[i]); n > fewVINs {
			return 0, false
		}
	}
	var b [vin.Len]byte
	for at := range n {
		for i := range b {
			b[i] = fits[i][at%len(fits[i])]
			at /= len(fits[i])
		}
		sum += c.existsVIN(b)
	}
	return sum, true
}

// share returns the share of vehicles whose VIN is expected to fit a pattern, if
// its symbols had nothing to do with each other.
func (c *census) share(pattern []element) float64 {
	const star = element("*")
	fits := func(part []element, at int) float64 {
		p := 1.0
		for i, e := range part {
			sum := 0.0
			for k := range len(vinSymbols) {
				if e.fits(rune(vinSymbols[k])) {
					sum += c.symbols[at+i][k]
				}
			}
			p *= sum
		}
		return p
	}
	first := slices.Index(pattern, star)
	if first < 0 {
		if len(pattern) != vin.Len {
			return 0
		}
		return fits(pattern, 0)
	}
	p := fits(pattern[:min(first, vin.Len)], 0)
	used := first
	for rest := pattern[first+1:]; ; {
		next := slices.Index(rest, star)
		if next < 0 { // stands at the end
			if len(rest) <= vin.Len {
				p *= fits(rest, vin.Len-len(rest))
			}
			return p
		}
		part := rest[:next]
		sum := 0.0
		for at := used; at+len(part) <= vin.Len; at++ {
			sum += fits(part, at)
		}
		if len(part) > 0 {
			p *= min(sum, 1)
		}
		used += len(part)
		rest = rest[next+1:]
	}
}

// An element is one place of a partial number, or a star.
type element string

// elements takes the text of a pattern apart.
func elements(text string) (all []element) {
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		if end := strings.IndexByte(text, ']'); text[0] == '[' && end > 0 {
			size = end + 1
		}
		all = append(all, element(text[:size]))
		text = text[size:]
	}
	return all
}

// known reports whether something is known of the character.
func (e element) known() bool { return e != "*" && e != "?" }

// fits reports whether a character may stand there.
func (e element) fits(r rune) bool {
	switch {
	case e == "?":
		return true
	case e == "#":
		return '0' <= r && r <= '9'
	case e[0] != '[':
		return string(e) == string(r)
	}
	set := []rune(string(e[1 : len(e)-1]))
	for i := range set {
		if set[i] == r || i > 0 && i+1 < len(set) && set[i] == '-' && set[i-1] <= r && r <= set[i+1] {
			return true
		}
	}
	return false
}

// align returns the places in a text, from 0, that the places of a pattern stand
// for; nil if the text does not fit.
func align(pattern []element, text []rune) []int {
	place := make([]int, len(pattern)) // in the text
	i, j := 0, 0
	star, from := -1, 0 // the last star, and where what follows it was tried
	for j < len(text) {
		switch {
		case i < len(pattern) && pattern[i] == "*":
			star, from = i, j
			i++
		case i < len(pattern) && pattern[i].fits(text[j]):
			place[i] = j
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return nil
		}
	}
	if slices.ContainsFunc(pattern[i:], func(e element) bool { return e != "*" }) {
		return nil
	}
	return place
}

// known returns the positions from 1 of what the known places of a pattern stand
// for.
func known(pattern []element, place []int) (at []int) {
	if place == nil {
		return nil
	}
	for i, e := range pattern {
		if e.known() {
			at = append(at, place[i]+1)
		}
	}
	return at
}

// positions puts positions in words: "positions 1 to 3 and 12 to 17".
func positions(at []int) string {
	var runs []string
	for first := 0; first < len(at); {
		last := first
		for last+1 < len(at) && at[last+1] == at[last]+1 {
			last++
		}
		if last == first+1 {
			last = first
		}
		s := strconv.Itoa(at[first])
		if last > first {
			s += " to " + strconv.Itoa(at[last])
		}
		runs = append(runs, s)
		first = last + 1
	}
	word := "positions "
	if len(at) == 1 {
		word = "position "
	}
	if n := len(runs); n > 1 {
		runs = append(runs[:n-2:n-2], runs[n-2]+" and "+runs[n-1])
	}
	return word + strings.Join(runs, ", ")
}
