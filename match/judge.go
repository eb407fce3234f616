package match

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A judge weighs what speaks for one record being about the vehicle that was
// read. Hits are few: unlike asking, judging may allocate.
type judge struct {
	*worker
	query   *Query
	record  index.Record
	matches []match // the best of each read and kind

	finding    Finding
	odds       float64    // against no listed vehicle, as a binary logarithm
	vehicle    vehicle    // that the record is of
	background background // of the read that matched best
}

// A match is one read that leads to the record.
type match struct {
	read     int
	kind     index.Kind // of the listed number
	how      How
	partial  *partial   // nil: the whole number was read
	bits     float64    // the sum of the evidence: of being read so, against being read as listed
	evidence []Evidence // the first one says how
}

// say adds evidence.
func (m *match) say(e Evidence) {
	if e.Kind == 0 {
		e.Kind = m.kind
	}
	m.bits += e.Weight
	m.evidence = append(m.evidence, e)
}

// say adds evidence to the finding.
func (j *judge) say(e Evidence) { j.finding.Evidence = append(j.finding.Evidence, e) }

// better reports whether m explains the record better than o.
func (m *match) better(o *match) bool {
	if m.bits != o.bits {
		return m.bits > o.bits
	}
	if m.how != o.how {
		return m.how < o.how
	}
	return m.kind < o.kind
}

// add weighs a key of the record that a read led to. A partial read leads to no
// key.
func (j *judge) add(s *span, k index.Key) {
	m := match{read: int(s.read), kind: k.Kind(), how: s.how, partial: s.partial}
	read := &j.query.Reads[s.read]
	if s.partial != nil {
		m.kind = s.partial.like.Kind
	}
	var ok bool
	switch {
	case s.partial != nil:
		ok = j.partial(&m, s.partial)
	case s.via == viaNear:
		ok = j.near(&m, read, k)
	case m.kind == index.KindVIN:
		ok = j.vin(&m, s, read, k)
	case m.kind == index.KindPlate:
		ok = j.plate(&m, read)
	default:
		ok = j.number(&m, s, read, k)
	}
	if !ok {
		return
	}
	if read.Kind != m.kind {
		m.say(Evidence{
			Code: EvidenceOtherField, Read: read.Kind.String(), Listed: m.kind.String(),
			Text: "read as " + name(read.Kind) + ", listed as " + name(m.kind),
		})
	}
	for i := range j.matches {
		if o := &j.matches[i]; o.read == m.read && o.kind == m.kind {
			if m.better(o) {
				*o = m
			}
			return
		}
	}
	j.matches = append(j.matches, m)
}

// score is the reader's confidence, 0 where none was given.
func (r *Read) score() float64 {
	if r.Score > 0 && r.Score <= 1 {
		return r.Score
	}
	return 0
}

// listed says how the listed number was reached where nothing was guessed.
func (m *match) listed() {
	if m.how == Exact {
		m.say(Evidence{Code: EvidenceExact, Text: name(m.kind) + " listed as it was read"})
	} else {
		m.say(Evidence{Code: EvidenceCleaned, Weight: cleanedBits, Text: name(m.kind) + " listed as it was read, once cleaned"})
	}
}

// near weighs a listed number that differs from the read.
func (j *judge) near(m *match, read *Read, k index.Key) bool {
	text := j.reads[m.read].text
	listed, alias, ok := j.numberOf(k, text)
	if !ok {
		return false
	}
	diffs := diff(text, listed)
	if len(diffs) == 0 { // another spelling, which is asked for as such
		return false
	}
	r := j.matcher.reader(j.query.Channel)
	e := Evidence{Code: EvidenceNear, Text: name(m.kind) + " listed differs from what was read in " + places(len(diffs))}
	if m.kind == index.KindVIN && j.isRepair(read, k) {
		m.how = Repaired
		e.Code = EvidenceRepaired
	} else {
		m.how = Near
	}
	m.say(e)
	// All of them together are as likely as they are; each weighs as it would
	// by itself, and what is left over weighs with the first.
	total := log2(r.likelihood(diffs, text, listed)) - log2(r.right())
	first := len(m.evidence)
	for i := range diffs {
		w := log2(r.wrong*r.error(&diffs[i], text, listed)) - log2(r.right())
		total -= w
		m.say(diffs[i].evidence(m.kind, w))
	}
	m.evidence[first].Weight += total
	m.bits += total
	if m.kind == index.KindVIN {
		j.judgeVIN(m, k)
	}
	if m.kind == index.KindPlate || m.kind.HasCountry() {
		issuer, _ := plate.ParseCountry(read.Country)
		m.issuer(issuer, j.countryOf(k))
	}
	if alias {
		m.say(Evidence{Code: EvidenceAlias, Weight: aliasBits, Listed: string(listed), Text: "listed in another spelling"})
	}
	return true
}

// places says in how many places.
func places(n int) string {
	switch n {
	case 1:
		return "one place"
	case 2:
		return "two places"
	}
	return strconv.Itoa(n) + " places"
}

// addNear weighs the reads that led nowhere: where another one has led to the
// record, they may still be a misreading of what it lists.
func (j *judge) addNear() {
	for i := range j.query.Reads {
		read, own := &j.query.Reads[i], &j.reads[i]
		if own.none || read.Kind == index.KindVIN && !own.asVIN ||
			slices.ContainsFunc(j.matches, func(m match) bool { return m.read == i }) {
			continue
		}
		for n := range numbersOf(&j.record) {
			if n.Kind != read.Kind || j.elsewhere(read, n) {
				continue
			}
			if len(diff(own.text, counting(n))) != 1 {
				continue // two errors are not looked for everywhere, so that they count nowhere
			}
			if k, err := n.Key(); err == nil {
				j.add(&span{read: int32(i), via: viaNear, how: Near}, k)
			}
		}
	}
}

// elsewhere reports whether a number was read for another country than it is
// listed for.
func (j *judge) elsewhere(read *Read, n index.Number) bool {
	if !read.Kind.HasCountry() {
		return false
	}
	a, _ := plate.ParseCountry(read.Country)
	b, _ := plate.ParseCountry(n.Country)
	return a != "" && b != "" && a != b
}

// counting returns what of a listed number counts.
func counting(n index.Number) []rune {
	if n.Kind == index.KindVIN || n.Kind == index.KindPlate {
		return []rune(n.Text)
	}
	return []rune(lettersOf(n.Text))
}

// numberOf returns the text of the listed number that has a key: what counts of
// it, and whether that is another spelling of it. Of several it is the nearest
// to a text.
func (j *judge) numberOf(k index.Key, like []rune) (text []rune, alias, ok bool) {
	if v, isVIN := k.VIN(); isVIN {
		return appendRunes(nil, v), false, true
	}
	for n := range numbersOf(&j.record) {
		own, err := n.Key()
		if err != nil || own != k {
			continue
		}
		return counting(n), k.Kind() == index.KindPlate && n.Text != j.record.Plate.Text() && j.record.Plate.IsValid(), true
	}
	return nil, false, false
}

// countryOf returns the country of the listed number that has a key.
func (j *judge) countryOf(k index.Key) string {
	for n := range numbersOf(&j.record) {
		if own, err := n.Key(); err == nil && own == k {
			country, _ := plate.ParseCountry(n.Country)
			return country
		}
	}
	return ""
}

// isRepair reports whether vin.Repairs has a VIN among its guesses at a read.
func (j *judge) isRepair(read *Read, k index.Key) bool {
	v, _ := k.VIN()
	j.guesses = vin.AppendRepairs(j.guesses[:0], read.Text)
	return slices.Contains(j.guesses, v)
}

// maxEdits is how many edits are repeated as evidence.
const maxEdits = 16

// edits repeats what cleaning did to a text. Folding of case alone is not
// worth a word.
func (m *match) edits(edits vin.Edits) {
	for _, e := range edits[:min(len(edits), maxEdits)] {
		if e.Kind != vin.FoldedCase {
			m.say(Evidence{Code: EvidenceEdit, Pos: e.Pos, Read: char(e.From), Listed: char(e.To), Text: "in the text as read, " + e.String()})
		}
	}
}

func char(r rune) string {
	if r == 0 {
		return ""
	}
	return string(r)
}

// name is a kind as people write it.
func name(k index.Kind) string {
	if k == index.KindVIN {
		return "VIN"
	}
	return k.String()
}

// vin weighs a VIN that is listed as it was read.
func (j *judge) vin(m *match, s *span, read *Read, k index.Key) bool {
	m.listed()
	switch {
	case s.via == viaFill:
		m.say(Evidence{Code: EvidenceEdit, Text: "listed with zeros in front that fill it up to a VIN"})
	case m.how == Cleaned:
		_, edits, _ := vin.Clean(read.Text)
		m.edits(edits)
	}
	j.judgeVIN(m, k)
	return true
}

// judgeVIN says what is wrong with a listed VIN.
func (j *judge) judgeVIN(m *match, k index.Key) {
	v, _ := k.VIN()
	info := v.Decode()
	switch {
	case info.Remarks.Has(vin.Placeholder):
		m.say(placeholderEvidence)
	case info.Remarks.Has(vin.CheckMismatch) && m.how >= Repaired:
		m.say(Evidence{
			Code: EvidenceCheckMismatch, Pos: 9,
			Text: "the listed number's check digit is required and does not compute",
		})
	case info.Remarks.Has(vin.CheckMismatch):
		m.say(Evidence{
			Code: EvidenceCheckMismatch, Pos: 9,
			Text: "the check digit is required and does not compute, both as read and as listed",
		})
	}
}

var placeholderEvidence = Evidence{
	Code: EvidencePlaceholder,
	Text: "not plausible as a number of one vehicle: many may be listed under it",
}

// symbolsOf returns the letters and digits of a text that was read for a VIN.
func symbolsOf(text string) []rune {
	s, edits, err := vin.CleanText(text)
	if err != nil {
		s = text
	}
	zeros := 0 // in front, which CleanText takes for padding
	for _, e := range edits {
		if e.Kind == vin.DroppedZeros {
			zeros += e.N
		}
	}
	return []rune(strings.Repeat("0", zeros) + strings.ReplaceAll(s, "-", ""))
}

// plate weighs the listed plate that shares a spelling with the read. Equal
// keys say that there is one; plates too long for a key of their own are told
// apart here.
func (j *judge) plate(m *match, read *Read) bool {
	for listed := range j.listedPlates() {
		if m.plate(read, listed) {
			return true
		}
	}
	return false
}

// listedPlates yields the plates of the record: a vehicle may have two.
func (j *judge) listedPlates() iter.Seq[plate.Plate] {
	return func(yield func(plate.Plate) bool) {
		if j.record.Plate.IsValid() && !yield(j.record.Plate) {
			return
		}
		for _, n := range j.record.Numbers {
			if n.Kind != index.KindPlate {
				continue
			}
			if p, err := plate.Parse(n.Country, n.Text); err == nil && !yield(p) {
				return
			}
		}
	}
}

// plate weighs one listed plate, and reports whether it is the one.
func (m *match) plate(read *Read, listed plate.Plate) bool {
	issuer, _ := plate.ParseCountry(read.Country)
	if issuer != "" && listed.Country() != "" && issuer != listed.Country() {
		return false
	}
	// The rules of reading depend on the country that either side knows.
	p, err := plate.Parse(cmp.Or(issuer, listed.Country()), read.Text)
	if err != nil {
		return false
	}
	bare, _ := plate.Parse("", read.Text)
	direct := p.Text() == listed.Text() || bare.Text() == listed.Text()
	if !direct && !spells(p, listed) && !spells(bare, listed) {
		return false
	}
	if !direct || !strings.EqualFold(read.Text, listed.Text()) {
		m.how = Cleaned
	}
	m.listed()
	switch {
	case !direct:
		m.say(Evidence{
			Code: EvidenceAlias, Read: p.Text(), Listed: listed.Text(), Weight: aliasBits,
			Text: "read " + p.Text() + ", listed " + listed.Text() + ": two spellings of one plate",
		})
	case m.how == Cleaned:
		m.say(Evidence{
			Code: EvidenceEdit, Read: shown(read.Text), Listed: listed.Text(),
			Text: "read " + shown(read.Text) + ", listed " + listed.Text(),
		})
	}
	m.issuer(issuer, listed.Country())
	return true
}

// issuer weighs a country that only one side knows.
func (m *match) issuer(read, listed string) {
	if read == listed {
		return
	}
	e := Evidence{Code: EvidenceCountry, Read: read, Listed: listed, Weight: unknownIssuerBits}
	if read == "" {
		e.Text = "the country was not read; listed for " + listed
	} else {
		e.Text = "read for " + read + ", listed without a country"
	}
	m.say(e)
}

// spells reports whether one of two plates is another spelling of the other.
// That both have a third spelling in common is not enough: so have the plates
// of two provinces, for readers who cannot read them.
func spells(p, q plate.Plate) bool {
	is := func(p plate.Plate, text string) bool {
		if p.Text() == text {
			return true
		}
		for a := range p.Aliases() {
			if a.Text() == text {
				return true
			}
		}
		return false
	}
	return is(p, q.Text()) || is(q, p.Text())
}

// number weighs a listed number that is neither VIN nor plate.
func (j *judge) number(m *match, s *span, read *Read, k index.Key) bool {
	listed, how := j.listedNumber(k, read)
	if listed.Text == "" {
		return false
	}
	if m.how = max(m.how, how); s.via != viaRead {
		m.how = Cleaned
	}
	m.listed()
	switch {
	case how == Cleaned:
		m.say(Evidence{Code: EvidenceEdit, Text: "the frame number inside the listed VIN, which an import was given"})
	case s.via == viaFrame:
		m.say(Evidence{Code: EvidenceEdit, Text: "the frame number inside the VIN that was read, which an import was given"})
	case s.via == viaFill:
		m.say(Evidence{Code: EvidenceEdit, Text: "read with zeros in front that fill it up to a VIN"})
	case m.how == Cleaned:
		_, edits, _ := vin.CleanText(read.Text)
		m.edits(edits)
	}
	if m.kind.HasCountry() {
		issuer, _ := plate.ParseCountry(read.Country)
		country, _ := plate.ParseCountry(listed.Country)
		m.issuer(issuer, country)
	}
	if implausible(listed.Text) {
		m.say(placeholderEvidence)
	}
	return true
}

// listedNumber returns the number of the record that has a key: one of its
// own, or the frame number in its VIN, which the register lists too and which
// is Cleaned. Texts too long for a key of their own are compared here.
func (j *judge) listedNumber(k index.Key, read *Read) (index.Number, How) {
	for _, n := range j.record.Numbers {
		if own, err := n.Key(); err == nil && own == k && (!k.Hashed() || lettersOf(n.Text) == lettersOf(read.Text)) {
			return n, Exact
		}
	}
	n := index.Number{Kind: index.KindChassis, Text: j.record.VIN.Decode().Frame()}
	if own, err := n.Key(); err == nil && own == k {
		return n, Cleaned
	}
	return index.Number{}, 0
}

// lettersOf returns what of a number counts: its cleaned letters and digits.
func lettersOf(text string) string {
	if s, _, err := vin.CleanText(text); err == nil {
		text = s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, text)
}

// shortestNumber is the least number of symbols that identify anything.
const shortestNumber = 4

// implausible reports whether a number that is neither VIN nor plate is one
// that many objects may carry.
func implausible(text string) bool { return len(text) < shortestNumber || oneSymbol(text) }

// oneSymbol reports whether a text repeats one byte.
func oneSymbol(text string) bool { return text != "" && strings.Count(text, text[:1]) == len(text) }

// sumUp makes the finding of what leads to the record, all but its probability.
// It reports whether anything does.
func (j *judge) sumUp(prior float64) bool {
	if len(j.matches) == 0 {
		return false
	}
	var groups [256]group // by the kind of the reads
	var best *group
	for i := range j.matches {
		m := &j.matches[i]
		k := j.query.Reads[m.read].Kind
		g := &groups[k]
		if g.best == nil {
			*g = j.group(k)
		}
		if best == nil || g.bits > best.bits || g.bits == best.bits && g.best.how < best.best.how {
			best = g
		}
	}
	m := best.best
	j.finding = Finding{Record: j.record, Kind: m.kind, How: m.how, Evidence: m.evidence}
	j.background = best.background
	unlisted := best.unlisted(j.vehicles())
	j.say(unlisted)
	rest := best.bits - m.bits - unlisted.Weight
	if e, ok := j.preferred(m); ok {
		j.say(e)
		rest -= e.Weight
	}
	j.finding.Evidence[0].Weight += rest
	j.odds = best.bits

	for k := range groups {
		if g := &groups[k]; g != best && g.best != nil {
			j.also(g)
		}
	}
	j.differing()
	from := len(j.finding.Evidence)
	j.finding.Evidence = claimEvidence(j.finding.Evidence, &j.query.Claim, &j.record, claimsWeigh(m))
	for _, e := range j.finding.Evidence[from:] {
		j.odds += e.Weight
	}
	j.say(Evidence{
		Code: EvidencePrior, Weight: prior,
		Text: fmt.Sprintf("one query in %.0f is about one of the %d listed", 1/j.matcher.o.hitRate(j.view.Len()), j.view.Len()),
	})
	j.odds += prior
	return true
}

// preferred says that the reader thinks more of another read of the kind.
func (j *judge) preferred(m *match) (Evidence, bool) {
	read := &j.query.Reads[m.read]
	best := 0.0
	for i := range j.query.Reads {
		if o := &j.query.Reads[i]; o.Kind == read.Kind && !j.reads[i].none {
			best = max(best, o.score())
		}
	}
	if own := read.score(); own > 0 && own < best {
		return Evidence{
			Code: EvidenceReadScore, Kind: m.kind, Weight: log2(j.reads[m.read].weight),
			Text: fmt.Sprintf("the reader gave this read %.2g and another one %.2g", own, best),
		}, true
	}
	return Evidence{}, false
}

// A group is what the reads of one kind say about the record.
type group struct {
	best       *match     // nil: nothing leads to it
	bits       float64    // how much likelier the reads are of this vehicle than of an unlisted one
	background background // of all its reads
}

// group weighs the reads of a kind.
func (j *judge) group(k index.Kind) (g group) {
	like := 0.0 // the probability of the reads if this vehicle was read
	r := j.matcher.reader(j.query.Channel)
	for i := range j.query.Reads {
		if j.query.Reads[i].Kind != k {
			continue
		}
		var own *match
		for n := range j.matches {
			if m := &j.matches[n]; m.read == i && (own == nil || m.better(own)) {
				own = m
			}
		}
		weight := j.reads[i].weight
		if j.reads[i].none {
			weight = 1
		}
		if own != nil {
			like += weight * r.right() * math.Exp2(own.bits)
			if g.best == nil || own.better(g.best) {
				g.best = own
			}
		}
		bg := j.worker.background(j.query, i)
		switch {
		case own != nil && own.partial != nil:
			p := own.partial
			if p.of != nil {
				p = p.of
			}
			bg = background{right: p.unlisted, wrong: r.wrong * p.misread}
		case j.reads[i].none:
			bg = background{right: placeholders * j.vehicles()}
		}
		g.background.right += weight * bg.right
		g.background.wrong += weight * bg.wrong
	}
	own := exchanged[k]
	g.bits = log2((1-own)*like*j.unlisted()/g.background.sum() + own)
	return g
}

// placeholders is the share of reads that are one certain stand-in for a number
// that nobody knows. Judgement.
const placeholders = 1e-3

// unlisted says how many unlisted vehicles would be read so.
func (g *group) unlisted(vehicles float64) Evidence {
	bg := &g.background
	e := Evidence{Code: EvidenceUnlisted, Kind: g.best.kind, Weight: -log2(bg.sum())}
	switch {
	case g.best.how == Partial:
		e.Text = fmt.Sprintf("unlisted vehicles that fit, by estimate: %.2g", bg.right)
	case bg.sum() < 1e-6:
		e.Text = "hardly any unlisted vehicle would be read so"
	default:
		e.Text = fmt.Sprintf("unlisted vehicles that would be read so, by estimate: %.2g with this very number, %.2g misread", bg.right, bg.wrong)
	}
	return e
}

// also adds what the reads of another kind say.
func (j *judge) also(g *group) {
	e := Evidence{Code: EvidenceAlso, Kind: g.best.kind, Weight: g.bits, Text: "the " + name(g.best.kind) + " matches too"}
	j.say(e)
	j.odds += g.bits
	for _, e := range g.best.evidence {
		e.Weight = 0
		j.say(e)
	}
}

// differing adds what is listed where another number of its kind was read: a
// plate on another car is a reason to look closer, whatever the probability. It
// never speaks for the record: a number with one error was weighed as near.
func (j *judge) differing() {
	for k := index.KindVIN; k <= index.KindDocument; k++ {
		if j.matched(k) {
			continue
		}
		r := j.matcher.reader(j.query.Channel)
		like, sum, best := 0.0, 0.0, -1.0
		var listed index.Number
		shown := ""
		for i := range j.query.Reads {
			read, m := &j.query.Reads[i], &j.reads[i]
			if read.Kind != k || m.none || k == index.KindVIN && !m.asVIN {
				continue
			}
			own := -1.0
			for n := range numbersOf(&j.record) {
				if n.Kind != k {
					continue
				}
				p := 0.0
				text := counting(n)
				if d := diff(m.text, text); len(d) <= maxErrors && !j.elsewhere(read, n) {
					p = m.weight * r.likelihood(d, m.text, text)
				}
				own = max(own, p)
				if p > best {
					best, listed, shown = p, n, j.shownRead(read, m)
				}
			}
			like += max(own, 0)
			sum += m.weight * j.worker.background(j.query, i).sum()
		}
		if best < 0 {
			continue
		}
		e := Evidence{Code: EvidenceDiffers, Kind: k, Read: shown, Listed: listed.Text}
		if k == index.KindPlate && listed.Country != "" {
			e.Listed = listed.Country + " " + listed.Text
		}
		e.Weight = min(log2((1-exchanged[k])*like*j.unlisted()/max(sum, 1e-12)+exchanged[k]), 0)
		e.Text = name(k) + " differs: read " + shown + ", listed " + e.Listed
		j.say(e)
		j.odds += e.Weight
	}
}

// maxErrors is how many errors of one read are thought of.
const maxErrors = 3

// shownRead is a read as evidence repeats it.
func (j *judge) shownRead(read *Read, m *modelled) string {
	if read.Kind == index.KindPlate {
		country, _ := plate.ParseCountry(read.Country)
		if p, err := plate.Parse(country, read.Text); err == nil {
			return p.String()
		}
	}
	return string(m.text)
}

// matched reports whether a listed number of a kind was read.
func (j *judge) matched(k index.Kind) bool {
	return slices.ContainsFunc(j.matches, func(m match) bool {
		return m.kind == k || j.query.Reads[m.read].Kind == k
	})
}

// isKind reports whether err is of a kind that is itself an error.
func isKind(err, kind error) bool { return err != nil && errors.Is(err, kind) }

// reason is an error without the name of the package it comes from.
func reason(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, ": "); ok {
		return after
	}
	return text
}
