package match

import (
	"math"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/misread"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A reader is how numbers are read: the error model of a channel and the share
// of its reads with an error.
type reader struct {
	*misread.Kernel
	wrong float64
}

// right returns the probability that a number is read as it is, or so that
// cleaning makes it so.
func (r *reader) right() float64 { return 1 - r.wrong + r.wrong*r.Undone }

// likelihood returns the probability that a number is read as it was, given the
// differences between the two, and that of each difference by itself against
// none. Three and more differences are two and more.
func (r *reader) likelihood(diffs []difference, read, listed []rune) float64 {
	switch len(diffs) {
	case 0:
		return r.right()
	case 1:
		return r.wrong * r.error(&diffs[0], read, listed)
	case 2:
		if len(read)+2 == len(listed) && slices.Equal(read, listed[:len(read)]) {
			return r.wrong * r.LostEnd / 2
		}
	}
	p := r.wrong * r.Both(r.error(&diffs[0], read, listed), r.error(&diffs[1], read, listed))
	for i := range diffs[2:] {
		p *= r.error(&diffs[i+2], read, listed)
	}
	return p
}

// error returns the probability of a difference, given that there is one.
func (r *reader) error(d *difference, read, listed []rune) float64 {
	n := len(listed)
	switch d.code {
	case EvidenceTransposed:
		return r.Swapped(n)
	case EvidenceMissing:
		// Any of a run of equal characters may be the one that was lost.
		p := 0.0
		first, end := run(listed, d.listed-1)
		for pos := first; pos < end; pos++ {
			p += r.LostAt(pos, n)
		}
		return p
	case EvidenceExtra:
		first, end := run(read, d.read-1)
		return r.ExtraOf(end-first > 1, read[d.read-1], n) * float64(max(end-first-1, 1))
	}
	return r.Substituted(listed[d.listed-1], read[d.read-1], d.listed-1, n)
}

// run returns the run of equal characters around place i.
func run(text []rune, i int) (first, end int) {
	first, end = i, i+1
	for first > 0 && text[first-1] == text[i] {
		first--
	}
	for end < len(text) && text[end] == text[i] {
		end++
	}
	return first, end
}

// A background is how many unlisted vehicles are expected to be read as a read
// was. Where a register lists one vehicle that would be read so, the quotient
// of the two tells how sure that is.
type background struct {
	right float64 // that exist with the number as it was read
	wrong float64 // that are misread so
}

func (b background) sum() float64 { return max(b.right+b.wrong, 1e-12) }

// ofVIN returns the background of a read of 15 to 18 characters.
func (c *census) ofVIN(r *reader, s []byte) background {
	var bg background
	stray, at := strays(s)
	switch {
	case len(s) == vin.Len && stray == 0:
		return c.ofWhole(r, [vin.Len]byte(s))
	case len(s) == vin.Len && stray == 1:
		b := [vin.Len]byte(s)
		for k := range len(vinSymbols) {
			b[at] = vinSymbols[k]
			bg.wrong += c.existsVIN(b) * r.Substituted(rune(b[at]), rune(s[at]), at, vin.Len)
		}
	case len(s) == vin.Len-1 && stray == 0:
		var b [vin.Len]byte
		copy(b[1:], s)
		for i := range b {
			for k := range len(vinSymbols) {
				b[i] = vinSymbols[k]
				bg.wrong += c.existsVIN(b) * r.LostAt(i, vin.Len)
			}
			if i < len(s) {
				b[i] = s[i]
			}
		}
	case len(s) == vin.Len-2 && stray == 0:
		var b [vin.Len]byte
		copy(b[:], s)
		for k := range len(vinSymbols) {
			for l := range len(vinSymbols) {
				b[vin.Len-2], b[vin.Len-1] = vinSymbols[k], vinSymbols[l]
				bg.wrong += c.existsVIN(b) * r.LostEnd / 2
			}
		}
	case len(s) == vin.Len+1 && stray <= 1:
		var b [vin.Len]byte
		copy(b[:], s[1:])
		for i := range s {
			if stray == 0 || at == i {
				doubled := i > 0 && s[i] == s[i-1]
				bg.wrong += c.existsVIN(b) * r.ExtraOf(doubled, rune(s[i]), vin.Len)
			}
			if i < vin.Len {
				b[i] = s[i]
			}
		}
	}
	if stray > 1 {
		return c.ofStrays(r, s)
	}
	// Two errors: of any vehicle of a place where vehicles are.
	bg.wrong = r.wrong * (bg.wrong + r.Several*twiceDensity)
	return bg
}

// twiceDensity is the expected number of unlisted vehicles of which a read with
// a stray character may be one with two errors, times the chance of these two.
// Judgement.
const twiceDensity = 1e-6

// otherStrays is how many unlisted vehicles are expected that have other symbols
// in the place of strays than those they are mostly taken for, each counted as
// much less as it is less likely to be misread so. Judgement.
const otherStrays = 0.02

// ofStrays is ofVIN for several characters that are no symbols. What they must
// have been is nearly certain, so that it is nearly all that counts.
func (c *census) ofStrays(r *reader, s []byte) (bg background) {
	read := make([]rune, len(s))
	forced := make([]rune, len(s))
	for i, c := range s {
		read[i], forced[i] = rune(c), rune(c)
		switch {
		case numberOf[c] != illegal:
		case c == 'I':
			forced[i] = '1'
		default:
			forced[i] = '0'
		}
	}
	exists := otherStrays
	if len(s) == vin.Len {
		var b [vin.Len]byte
		for i, c := range forced {
			b[i] = byte(c)
		}
		exists += c.existsVIN(b)
	}
	bg.wrong = exists * r.likelihood(diff(read, forced), read, forced)
	return bg
}

func (c *census) existsVIN(b [vin.Len]byte) float64 {
	v, ok := vin.FromBytes(b)
	if !ok {
		return 0
	}
	return c.existsAs(v)
}

// ofWhole is ofVIN for a VIN. It is asked for every finding: the sums that
// nearly agree are not computed anew.
func (c *census) ofWhole(r *reader, b [vin.Len]byte) background {
	var bg background
	v, _ := vin.FromBytes(b)
	n := [vin.Len]int{} // numbers of the symbols
	for i := range b {
		n[i] = int(numberOf[b[i]])
	}
	sum := 0
	for i := range b {
		sum += checkWeights[i] * int(checkValues[b[i]])
	}
	sum = mod11(sum)
	digit := checkNumber(b[checkAt])

	// Where the law demands a check digit, hardly a number lacks it.
	lawless := 1.0
	if checkRequired(v) {
		lawless = c.wrongChecks
	}
	plain, tail := split(&b, uint8(n[checkAt])) // heads: as it stands,
	right := plain + uint64(checks-n[checkAt])*headPowers[checkAt]
	bg.right = c.existsAs(v) * r.right()

	// Misread in the tail: the head is the same.
	var once float64 // whether the check digit computes or not
	ofPlain, ofRight := c.find(plain), c.find(right)
	likePlain, likeRight := c.common(plain), c.common(right)
	for i := range tailLen {
		pos := headLen + i
		for k := range len(vinSymbols) {
			if k == n[pos] {
				continue
			}
			p := r.Substituted(rune(vinSymbols[k]), rune(b[pos]), pos, vin.Len)
			t := tail + uint32(k-n[pos])*uint32(tailPowers[i])
			checked := mod11(sum+checkWeights[pos]*(int(checkValues[vinSymbols[k]])-int(checkValues[b[pos]]))) == digit
			var q float64
			switch {
			case ofRight != nil:
				q = c.among(ofRight, t)
				once += p * q / 11
				if !checked {
					q = 0
				}
			case checked:
				q = c.headShare[likeRight]
			}
			if !checked {
				if ofPlain != nil {
					q = c.among(ofPlain, t)
				} else {
					q = c.headShare[likePlain] * lawless
				}
				once += p * q
			}
			bg.wrong += p * q
		}
	}
	// Misread in the head. Hardly any of these heads exist; those that are not
	// listed have as much in common with a listed one as the read has before
	// the place at hand.
	for i := range headLen {
		for k := range len(vinSymbols) {
			if k == n[i] {
				continue
			}
			p := r.Substituted(rune(vinSymbols[k]), rune(b[i]), i, vin.Len)
			head, like := plain+uint64(k-n[i])*headPowers[i], likePlain
			law := lawless
			switch {
			case i == checkAt && checkNumber(vinSymbols[k]) == sum:
				head, like, law = right, likeRight, 1
			case i != checkAt && mod11(sum+checkWeights[i]*(int(checkValues[vinSymbols[k]])-int(checkValues[b[i]]))) == digit:
				head, like, law = right+uint64(k-n[i])*headPowers[i], likeRight, 1
			}
			if tails := c.find(head); tails != nil {
				bg.wrong += p * c.among(tails, tail)
			} else {
				bg.wrong += p * c.headShare[min(i, like)] * law
			}
		}
	}
	// Swapped neighbours.
	for i := range vin.Len - 1 {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			bg.wrong += r.Swapped(vin.Len) * c.existsVIN(b)
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	// Two errors: a second one before the read, of a vehicle that is about as
	// likely to exist as those that one error leads to or, where the head is not
	// listed, as those of heads that are.
	if ofPlain == nil && ofRight == nil {
		once = c.ofHeads(r, &b, &n, plain, right, tail)
	}
	bg.wrong = r.wrong * (uneven*bg.wrong + r.Several*once)
	return bg
}

// uneven is how many times more often than the error model says a sibling's
// number is misread as this one. The model spreads errors over all places and
// characters; readers have their favourites, mostly among digits, where siblings
// differ. Judgement, on the careful side.
const uneven = 1.5

// ofHeads returns the expected number of unlisted vehicles with a listed head
// that were misread in one symbol of the head and one of the tail, given two
// errors.
func (c *census) ofHeads(r *reader, b *[vin.Len]byte, n *[vin.Len]int, plain, right uint64, tail uint32) (sum float64) {
	for i := range headLen {
		if i == checkAt {
			continue
		}
		for k := range len(vinSymbols) {
			other := uint64(k-n[i]) * headPowers[i]
			p := r.Substituted(rune(vinSymbols[k]), rune(b[i]), i, vin.Len)
			if tails := c.find(plain + other); tails != nil {
				sum += 2 * p * c.nearTail(r, b, n, tails, tail)
			}
			if tails := c.find(right + other); tails != nil {
				sum += 2 * p * c.nearTail(r, b, n, tails, tail) / 11
			}
		}
	}
	return sum
}

// nearTail returns the expected number of unlisted vehicles of a head that were
// misread in one symbol of the tail, given an error.
func (c *census) nearTail(r *reader, b *[vin.Len]byte, n *[vin.Len]int, tails []uint32, tail uint32) (sum float64) {
	for i := range tailLen {
		pos := headLen + i
		for k := range len(vinSymbols) {
			if k != n[pos] {
				t := tail + uint32(k-n[pos])*uint32(tailPowers[i])
				sum += r.Substituted(rune(vinSymbols[k]), rune(b[pos]), pos, vin.Len) * c.among(tails, t)
			}
		}
	}
	return sum
}

// occupied is the share of the plates of a format that are on a vehicle. Formats
// have room for a few times the vehicles of their country. Judgement.
const occupied = 0.15

// copied is how many vehicles beside the listed one carry its plate: copies, and
// those that had it before or after. Judgement.
const copied = 0.01

// ofPlate returns the background of a plate as it was read, under so many
// countries, in so many of which it is listed: there it is on no other vehicle,
// unless it was copied.
func ofPlate(r *reader, p plate.Plate, countries, listed int) background {
	share := occupied
	if !p.Fits() {
		share /= 30 // an older series, a special one, or misread
	}
	text := []rune(p.Text())
	same := 0.0 // of the errors that such a read comes from, those of other plates of its form
	for i, c := range text {
		for _, a := range misread.Alphabet {
			if a != c && (a <= '9') == (c <= '9') {
				same += r.Substituted(a, c, i, len(text))
			}
		}
	}
	n := float64(max(countries, 1))
	free := max(n-float64(listed), 0)
	return background{
		right: (free*share + float64(listed)*copied) * r.right(),
		wrong: n * r.wrong * (share*same + occupied/20),
	}
}

// ofNumber returns the background of another number: vehicles share short ones.
func ofNumber(r *reader, text []rune, vehicles float64) background {
	room := 1.0
	for _, c := range text {
		if c <= '9' {
			room *= 10
		} else {
			room *= 20
		}
	}
	n := 0.02 + vehicles/room
	return background{right: n * r.right(), wrong: n * r.wrong / 4}
}

// A modelled read is what one read of a query means for any record.
type modelled struct {
	text   []rune // what counts of it: of a VIN its symbols
	asVIN  bool   // 17 symbols, or so many that one error makes them of 17
	bg     background
	weight float64 // of this read among those of its kind; together 1
	none   bool    // it says nothing: empty, or what stands for a missing number
	once   bool    // bg is computed
}

// share of the vehicles that carry another number of a kind than is listed of
// them: a false plate, an exchanged engine. Judgement.
var exchanged = [256]float64{
	index.KindVIN: 0.02, index.KindPlate: 0.3, index.KindChassis: 0.05, index.KindEngine: 0.1,
	index.KindGearbox: 0.1, index.KindPart: 0.1, index.KindHull: 0.05, index.KindDocument: 0.3,
}

// model works out what the reads of a query mean.
func (w *worker) model(q *Query) {
	w.reads = slices.Grow(w.reads[:0], len(q.Reads))[:len(q.Reads)]
	for i := range q.Reads {
		read := &q.Reads[i]
		m := &w.reads[i]
		*m = modelled{text: m.text[:0]}
		switch read.Kind {
		case index.KindVIN, index.KindChassis:
			var v vin.VIN
			m.text, v, m.asVIN = appendSymbols(m.text, read.Text)
			m.none = v.IsValid() && v.Decode().Remarks.Has(vin.Placeholder)
		case index.KindPlate:
			country, _ := plate.ParseCountry(read.Country)
			if p, err := plate.Parse(country, read.Text); err == nil {
				m.text = append(m.text, []rune(p.Text())...)
			}
		default:
			m.text = append(m.text, []rune(lettersOf(read.Text))...)
		}
		m.none = m.none || len(m.text) == 0
	}
	for i := range q.Reads {
		total, best := 0.0, 0.0
		for j := range q.Reads {
			if q.Reads[j].Kind == q.Reads[i].Kind && !w.reads[j].none {
				total += q.Reads[j].weight()
				best = max(best, q.Reads[j].weight())
			}
		}
		w.reads[i].weight = q.Reads[i].weight() / max(total, 1e-9)
	}
}

// appendSymbols appends what counts of a text that was read for a VIN or a chassis
// number, and returns the VIN that it is, if it is one, and whether there are as
// many symbols as a VIN with one error may have.
func appendSymbols(dst []rune, text string) ([]rune, vin.VIN, bool) {
	if v, _, err := parseVIN(text); err == nil {
		return appendRunes(dst, v), v, true
	}
	symbols := symbolsOf(text)
	return append(dst, symbols...), vin.VIN{}, len(symbols) >= minSymbols && len(symbols) <= maxSymbols
}

func appendRunes(dst []rune, v vin.VIN) []rune {
	b := v.Bytes()
	for _, c := range b {
		dst = append(dst, rune(c))
	}
	return dst
}

// weight is the reader's confidence against other reads of the kind.
func (r *Read) weight() float64 {
	if s := r.score(); s > 0 {
		return s
	}
	return 0.1
}

// background returns that of read i.
func (w *worker) background(q *Query, i int) background {
	m := &w.reads[i]
	if m.once {
		return m.bg
	}
	m.once = true
	r := w.matcher.reader(q.Channel)
	read := &q.Reads[i]
	switch {
	case m.none:
	case m.asVIN:
		var buf [maxSymbols]byte
		s, _ := vinSymbolsOf(buf[:0], m.text)
		m.bg = w.census.ofVIN(&r, s)
	case read.Kind == index.KindPlate:
		country, _ := plate.ParseCountry(read.Country)
		p, err := plate.Parse(country, read.Text)
		if err != nil {
			break
		}
		n := 1
		if country == "" {
			n = w.countries()
		}
		m.bg = ofPlate(&r, p, n, w.listings(read, country))
	default:
		m.bg = ofNumber(&r, m.text, w.vehicles())
	}
	return m.bg
}

// listings returns in how many countries a plate that was read is listed: in its
// own, if that is known.
func (w *worker) listings(read *Read, country string) (n int) {
	in := func(c string) {
		if p, err := plate.Parse(c, read.Text); err == nil {
			if _, ok := w.view.Lookup(index.Plate(p)); ok {
				n++
			}
		}
	}
	if country == "" {
		for c := range w.view.PlateCountries() {
			in(c)
		}
		return n
	}
	if in(country); n == 0 {
		in("")
	}
	return n
}

// countries returns how many countries have plates in the register.
func (w *worker) countries() (n int) {
	for range w.view.PlateCountries() {
		n++
	}
	return n
}

// log2 is a binary logarithm that stays finite.
func log2(p float64) float64 { return math.Log2(max(p, 1e-300)) }
