package match

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A judge weighs what speaks for one record being about the vehicle that was
// read. Hits are few: unlike asking, judging may allocate.
type judge struct {
	query   *Query
	record  index.Record
	matches []match // the best of each read and kind
}

// A match is one read that leads to the record.
type match struct {
	read     int
	kind     index.Kind // of the listed number
	how      How
	bits     float64 // the sum of the evidence
	evidence []Evidence
}

// say adds evidence.
func (m *match) say(e Evidence) {
	if e.Kind == 0 {
		e.Kind = m.kind
	}
	m.bits += e.Weight
	m.evidence = append(m.evidence, e)
}

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
	m := match{read: int(s.read), kind: k.Kind(), how: s.how}
	read := &j.query.Reads[s.read]
	if s.partial != nil {
		m.kind = s.partial.like.Kind
	}
	var ok bool
	switch {
	case s.partial != nil:
		ok = j.partial(&m, s.partial)
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
	j.readScore(&m, read)
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

// readScore lowers a match through a read that its reader liked less than
// another one of the same kind.
func (j *judge) readScore(m *match, read *Read) {
	best := 0.0
	for i := range j.query.Reads {
		if r := &j.query.Reads[i]; r.Kind == read.Kind {
			best = max(best, r.score())
		}
	}
	if own := read.score(); own > 0 && own < best {
		m.say(Evidence{
			Code: EvidenceReadScore, Weight: math.Log2(own / best), Read: fmt.Sprintf("%.2g", own),
			Text: fmt.Sprintf("the reader gave this read %.2g and another one %.2g", own, best),
		})
	}
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
		m.say(Evidence{Code: EvidenceExact, Weight: exactBits, Text: name(m.kind) + " listed as it was read"})
	} else {
		m.say(Evidence{Code: EvidenceCleaned, Weight: cleanedBits, Text: name(m.kind) + " listed as it was read, once cleaned"})
	}
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

// vin weighs a listed VIN.
func (j *judge) vin(m *match, s *span, read *Read, k index.Key) bool {
	v, ok := k.VIN()
	if !ok {
		return false
	}
	info := v.Decode()
	wrong := info.Remarks.Has(vin.CheckMismatch)
	switch s.via {
	case viaRepair:
		j.repaired(m, s, read, v)
	case viaFill:
		m.listed()
		m.say(Evidence{Code: EvidenceEdit, Text: "listed with zeros in front that fill it up to a VIN"})
	default:
		m.listed()
		if m.how == Cleaned {
			_, edits, _ := vin.Clean(read.Text)
			m.edits(edits)
		}
	}
	switch {
	case info.Remarks.Has(vin.Placeholder):
		m.say(placeholderEvidence)
	case wrong && s.via == viaRepair:
		m.say(Evidence{
			Code: EvidenceCheckMismatch, Pos: 9, Weight: badGuessBits,
			Text: "the listed number's check digit is required and does not compute, which speaks against the guess",
		})
	case wrong:
		m.say(Evidence{
			Code: EvidenceCheckMismatch, Pos: 9, Weight: badCheckBits,
			Text: "the check digit is required and does not compute, both as read and as listed",
		})
	}
	return true
}

var placeholderEvidence = Evidence{
	Code: EvidencePlaceholder, Weight: placeholderBits,
	Text: "not plausible as a number of one vehicle: many may be listed under it",
}

// repaired weighs a listed VIN that the read is taken for a misreading of.
func (j *judge) repaired(m *match, s *span, read *Read, v vin.VIN) {
	e := Evidence{Code: EvidenceRepaired}
	switch s.doubt {
	case notVIN:
		e.Weight, e.Text = notVINBits, "the read cannot be a VIN; the listed one may have been misread as it"
	case checkMismatch:
		e.Weight, e.Text = mismatchBits, "the read's check digit does not compute; the listed VIN may have been misread as it"
	default:
		e.Weight, e.Text = plausibleBits, "nothing is wrong with the read, so that the listed VIN is most likely of another vehicle"
	}
	m.say(e)
	bits := channelBits[Typed]
	if j.query.Channel < channels {
		bits = channelBits[j.query.Channel]
	}
	for _, d := range diff(symbolsOf(read.Text), []rune(v.String())) {
		m.say(d.evidence(index.KindVIN, bits.of(&d)))
	}
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
	if !direct && !shareText(p, listed) && !shareText(bare, listed) {
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

// shareText reports whether two plates have a spelling in common.
func shareText(p, q plate.Plate) bool {
	spellings := []string{p.Text()}
	for a := range p.Aliases() {
		spellings = append(spellings, a.Text())
	}
	has := func(text string) bool {
		for _, s := range spellings {
			if s == text {
				return true
			}
		}
		return false
	}
	if has(q.Text()) {
		return true
	}
	for a := range q.Aliases() {
		if has(a.Text()) {
			return true
		}
	}
	return false
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

// finding sums up.
func (j *judge) finding() (Finding, bool) {
	if len(j.matches) == 0 {
		return Finding{}, false
	}
	best := &j.matches[0]
	for i := range j.matches {
		if m := &j.matches[i]; m.better(best) {
			best = m
		}
	}
	f := Finding{Record: j.record, Kind: best.kind, How: best.how, Evidence: best.evidence}
	doubtful := best.bits <= doubtfulBits
	f.Evidence = j.otherMatches(f.Evidence, best)
	f.Evidence = j.differing(f.Evidence, doubtful)
	f.Evidence = claimEvidence(f.Evidence, &j.query.Claim, &j.record, doubtful)

	bits := 0.0
	for i := range f.Evidence {
		bits += f.Evidence[i].Weight
	}
	most := 1.0
	if f.How >= Repaired {
		most = maxGuess
	}
	f.Score = min(most, math.Exp2(bits))
	return f, true
}

// otherMatches appends what the other reads that led to the record say. A
// second kind of number strengthens the first as far as it matches itself;
// alternative reads of one number do not, as they cannot both be right. The
// details are for the reader and weigh nothing.
func (j *judge) otherMatches(dst []Evidence, best *match) []Evidence {
	var counted [256]bool
	counted[best.kind] = true
	for {
		var next *match
		for i := range j.matches {
			if m := &j.matches[i]; m != best && m.evidence != nil && (next == nil || m.better(next)) {
				next = m
			}
		}
		if next == nil {
			return dst
		}
		also := Evidence{Code: EvidenceAlso, Kind: next.kind, Text: "another read of the " + name(next.kind) + " matches too"}
		if !counted[next.kind] {
			counted[next.kind] = true
			also.Weight = alsoBits * min(1, math.Exp2(next.bits))
			also.Text = "the " + name(next.kind) + " matches too"
		}
		dst = append(dst, also)
		for _, e := range next.evidence {
			e.Weight = 0
			dst = append(dst, e)
		}
		next.evidence = nil
	}
}

// differing appends the listed VIN and the listed plate where another one was
// read: a plate on another car is a reason to look closer, whatever the score.
func (j *judge) differing(dst []Evidence, doubtful bool) []Evidence {
	e := Evidence{Code: EvidenceDiffers}
	if doubtful {
		e.Weight = differsBits
	}
	if listed := j.record.VIN; listed.IsValid() && !j.matched(index.KindVIN) {
		for i := range j.query.Reads {
			if r := &j.query.Reads[i]; r.Kind == index.KindVIN {
				if v, _, err := parseVIN(r.Text); err == nil {
					e.Kind, e.Read, e.Listed = index.KindVIN, v.String(), listed.String()
					dst = append(dst, e.differs())
					break
				}
			}
		}
	}
	if listed := j.record.Plate; listed.IsValid() && !j.matched(index.KindPlate) {
		for i := range j.query.Reads {
			if r := &j.query.Reads[i]; r.Kind == index.KindPlate {
				country, _ := plate.ParseCountry(r.Country)
				if p, err := plate.Parse(country, r.Text); err == nil {
					e.Kind, e.Read, e.Listed = index.KindPlate, p.String(), listed.String()
					dst = append(dst, e.differs())
					break
				}
			}
		}
	}
	return dst
}

// differs puts in words that another number was read than is listed.
func (e Evidence) differs() Evidence {
	e.Text = name(e.Kind) + " differs: read " + e.Read + ", listed " + e.Listed
	return e
}

// matched reports whether a listed number of a kind was read.
func (j *judge) matched(k index.Kind) bool {
	return slices.ContainsFunc(j.matches, func(m match) bool { return m.kind == k })
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
