package match

import (
	"context"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A via says how a key came from a read.
type via uint8

const (
	viaRead  via = iota // the number, as read or cleaned
	viaNear             // a number that may have been misread so
	viaFrame            // the frame number inside the VIN of an import
	viaFill             // a short old number with or without the zeros that fill it up to a VIN
)

// A span is a run of keys that came from one read in one way.
type span struct {
	query, read int32
	from, to    int32 // into worker.keys
	via         via
	how         How
	partial     *partial // nil: the whole number was read
}

// ask collects the keys to look up for a query and remarks on its reads. Where ctx
// ends, that is the error of the result.
func (w *worker) ask(ctx context.Context, query int, q *Query, r *Result) {
	if len(q.Reads) == 0 {
		r.Err = ErrNoReads
		return
	}
	for i := range q.Reads {
		if k := q.Reads[i].Kind; k < index.KindVIN || k > index.KindDocument {
			r.Err = ErrKind
			return
		}
	}
	for i := range q.Reads {
		if i > 0 && ctx.Err() != nil || r.Err != nil {
			r.Err = ctx.Err()
			return
		}
		a := asker{worker: w, ctx: ctx, query: q, result: r, at: span{query: int32(query), read: int32(i)}}
		switch read := &q.Reads[i]; read.Kind {
		case index.KindVIN:
			a.vin(read.Text)
		case index.KindPlate:
			a.plate(read)
		case index.KindChassis:
			// What most papers call the chassis number is the VIN.
			if v, how, err := parseVIN(read.Text); err == nil {
				a.parsed(v, how, read.Text)
			} else if vin.Classify(read.Text) == vin.ClassVIN {
				a.misread(read.Text)
			} else {
				a.holedVIN(read.Text)
			}
			a.text(read, index.KindChassis)
		default:
			a.text(read, read.Kind)
		}
	}
}

// An asker collects the keys of one read.
type asker struct {
	*worker
	ctx    context.Context
	query  *Query
	result *Result
	at     span // query and read are set
}

// remark remarks on the read.
func (a *asker) remark(code RemarkCode, grade Grade, format string, args ...any) {
	a.result.remark(int(a.at.read), code, grade, format, args...)
}

// keep makes the keys that were collected since from a span.
func (a *asker) keep(from int, via via, how How) {
	if from == len(a.keys) {
		return
	}
	s := a.at
	s.from, s.to = int32(from), int32(len(a.keys))
	s.via, s.how = via, how
	a.spans = append(a.spans, s)
}

// parseVIN reads a VIN and tells whether it had to be cleaned.
func parseVIN(text string) (vin.VIN, How, error) {
	v, edits, err := vin.Clean(text)
	if edits == nil || len(text) == vin.Len { // 17 bytes for 17 symbols: only case differs
		return v, Exact, err
	}
	return v, Cleaned, err
}

// vin asks for what was read as a VIN.
func (a *asker) vin(text string) {
	v, how, err := parseVIN(text)
	if err == nil {
		a.parsed(v, how, text)
		return
	}
	class := vin.Classify(text)
	switch class {
	case vin.ClassEmpty:
		a.remark(RemarkEmpty, Note, "nothing was read")
		return
	case vin.ClassPlaceholder:
		a.remark(RemarkPlaceholder, Note, "the text stands for a missing number; nothing to look up")
		return
	case vin.ClassSeveral:
		a.remark(RemarkSeveral, Doubt, "more than one number in one field; ask for each by itself")
		return
	}
	from := len(a.keys)
	if !strings.ContainsAny(text, wildcards) {
		a.misread(text)
	}
	switch {
	case class == vin.ClassChassis || class == vin.ClassPaddedChassis:
		a.remark(RemarkChassis, Note, "not a VIN but a chassis number, looked up as such")
		a.text(&Read{Number: index.Number{Kind: index.KindChassis, Text: text}}, index.KindChassis)
	case class == vin.ClassPartial:
		a.partialVIN(text)
	case from < len(a.keys):
		a.remark(RemarkMalformed, Doubt, "not a VIN (%s), looked up as what it may be a misreading of", reason(err))
	default:
		a.remark(RemarkUnreadable, Doubt, "not a VIN (%s), and nothing it could be a misreading of", reason(err))
	}
	if class != vin.ClassChassis && class != vin.ClassPaddedChassis {
		a.asItStands(text, class)
	}
}

// asItStands asks for a text that is no VIN among the chassis numbers: a
// register in which the same text stands for a VIN keeps it there. Of a part of
// a VIN what is left without its signs is another text.
func (a *asker) asItStands(text string, class vin.Class) {
	n, how, err := cleanNumber(&Read{Number: index.Number{Text: text}}, index.KindChassis)
	if err != nil || class == vin.ClassPartial && how != Exact {
		return
	}
	from := len(a.keys)
	a.key(n)
	a.keep(from, viaRead, how)
}

// parsed asks for a VIN that was read.
func (a *asker) parsed(v vin.VIN, how How, text string) {
	info := v.DecodeWithYear(a.query.Claim.ModelYear)
	a.remarkVIN(v, &info)
	if a.query.Claim != (Claim{}) && !info.Remarks.Has(vin.Placeholder) {
		a.result.remarkClaims(int(a.at.read), &a.query.Claim, &info)
	}

	from := len(a.keys)
	a.keys = append(a.keys, index.VIN(v))
	a.keep(from, viaRead, how)
	if info.Remarks.Has(vin.Placeholder) {
		return // a misreading of no number is no number
	}
	if info.Remarks.Has(vin.ZeroPadded | vin.EmbeddedFrame) {
		a.inside(v, &info)
	}

	a.strange = a.strange || info.Remarks&doubtful != 0
	if a.worthVIN(v) {
		s := v.Bytes()
		a.nearVIN(s[:])
	}
}

// inside asks for the shorter number that a VIN was made from.
func (a *asker) inside(v vin.VIN, info *vin.Info) {
	text, how := info.Frame(), viaFrame
	if text == "" {
		text, how = strings.TrimLeft(v.String(), "0"), viaFill
	}
	from := len(a.keys)
	a.key(index.Number{Kind: index.KindChassis, Text: text})
	a.keep(from, how, Cleaned)
}

// key collects the key of a number, if it has one.
func (a *asker) key(n index.Number) bool {
	k, err := n.Key()
	if err == nil {
		a.keys = append(a.keys, k)
	}
	return err == nil
}

// remarkVIN remarks on what is unusual about a VIN.
func (a *asker) remarkVIN(v vin.VIN, info *vin.Info) {
	if info.Remarks.Has(vin.Placeholder) {
		a.remark(RemarkPlaceholder, Doubt, "one symbol throughout, or digits that count up: written where the number is not known")
		return
	}
	switch {
	case info.Remarks.Has(vin.NoCheckSymbol):
		a.remark(RemarkCheckMismatch, Doubt, "position 9: %c cannot be a check digit, which is required here (%c)", v.CheckDigit(), v.ComputeCheckDigit())
	case info.Remarks.Has(vin.CheckMismatch):
		a.remark(RemarkCheckMismatch, Doubt, "position 9: the check digit is %c, but the other symbols demand %c", v.CheckDigit(), v.ComputeCheckDigit())
	}
	if info.Remarks.Has(vin.UnknownWMI) {
		a.remark(RemarkUnknownWMI, Note, "the maker's code %s is not known", info.WMI)
	}
	if info.Remarks.Has(vin.ImpossibleYear) {
		a.remark(RemarkImpossibleYear, Doubt, "position 10: %c is no code of a model year, which is required here", v.At(10))
	}
}

// plate asks for a plate: of its country and of none, or of every country in
// the register where its own is not known.
func (a *asker) plate(read *Read) {
	if strings.ContainsAny(read.Text, wildcards) {
		a.partialPlate(read)
		return
	}
	country := read.Country
	p, err := plate.Parse(country, read.Text)
	if isKind(err, plate.UnknownCountry) {
		a.remark(RemarkCountry, Note, "%s is no country that is known; looked up under every country", repeated(country))
		country = ""
		p, err = plate.Parse("", read.Text)
	}
	switch {
	case isKind(err, plate.Empty):
		a.remark(RemarkEmpty, Note, "nothing was read")
		return
	case err != nil:
		a.remark(RemarkUnreadable, Doubt, "not a plate (%s)", reason(err))
		return
	}
	from := len(a.keys)
	a.plateKeys(p)
	if country != "" {
		if p, err := plate.Parse("", read.Text); err == nil {
			a.keys = append(a.keys, index.Plate(p))
		}
		// A record that does not say the country has its spellings still.
		a.keys = append(a.keys, index.Plate(p.WithCountry("")))
		for alias := range p.Aliases() {
			a.keys = append(a.keys, index.Plate(alias.WithCountry("")))
		}
	} else {
		for c := range a.view.PlateCountries() {
			if p, err := plate.Parse(c, read.Text); err == nil {
				a.plateKeys(p)
			}
		}
	}
	a.keep(from, viaRead, Exact) // or Cleaned: judge.plate tells
	a.nearPlate(read, country)
}

// plateKeys collects the keys of a plate and its other spellings. The register
// lists its own plates under theirs too, but not every spelling leads back: the
// province of a Chinese plate can be left out, not put in.
func (a *asker) plateKeys(p plate.Plate) {
	a.keys = append(a.keys, index.Plate(p))
	for alias := range p.Aliases() {
		a.keys = append(a.keys, index.Plate(alias))
	}
}

// text asks for a number that is neither VIN nor plate: of its country and of
// none, where it has a country.
func (a *asker) text(read *Read, kind index.Kind) {
	partial := strings.ContainsAny(read.Text, wildcards) && a.partialText(read, kind)
	n, how, err := cleanNumber(read, kind)
	switch {
	case partial && err != nil:
		return
	case isKind(err, vin.Empty):
		a.remark(RemarkEmpty, Note, "nothing was read")
		return
	case err != nil:
		a.remark(RemarkUnreadable, Doubt, "not a number (%s)", reason(err))
		return
	case !strings.ContainsAny(n.Text, "0123456789") && vin.Classify(read.Text) == vin.ClassPlaceholder:
		a.remark(RemarkPlaceholder, Note, "the text stands for a missing number; nothing to look up")
		return
	case kind.HasCountry() && n.Country == "":
		a.remark(RemarkCountry, Note, "no country that is known; looked up among numbers without one only")
	}
	from := len(a.keys)
	if !a.key(n) {
		a.remark(RemarkUnreadable, Doubt, "not a number that can be looked up")
		return
	}
	if n.Country != "" {
		a.key(index.Number{Kind: kind, Text: n.Text})
	}
	a.keep(from, viaRead, how)
	a.nearNumber(n)
	if kind == index.KindChassis {
		a.filled(n.Text)
	}
}

// cleanNumber returns a read as a number of a kind, and whether it had to be
// cleaned.
func cleanNumber(read *Read, kind index.Kind) (index.Number, How, error) {
	text, edits, err := vin.CleanText(read.Text)
	n := index.Number{Kind: kind, Text: text}
	if kind.HasCountry() {
		n.Country, _ = plate.ParseCountry(read.Country)
	}
	if edits == nil || strings.EqualFold(text, read.Text) {
		return n, Exact, err
	}
	return n, Cleaned, err
}

// filled asks for the VIN that a short old number becomes when it is filled up
// with zeros, as some registers do.
func (a *asker) filled(text string) {
	const zeros = "00000000000000000"
	if len(text) < shortestNumber || len(text) > vin.Len-2 {
		return
	}
	from := len(a.keys)
	if v, err := vin.Parse(zeros[len(text):] + text); err == nil {
		a.keys = append(a.keys, index.VIN(v))
	}
	a.keep(from, viaFill, Cleaned)
}
