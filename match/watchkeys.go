package match

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// How a record finds the inquiries that it answers. A Matcher goes from a read
// to all numbers that it may be a misreading of; here the same errors are made
// the other way round, from the listed number to all reads that it may have
// become. An inquiry is remembered under few keys, since there are millions of
// them, and a record, of which few come, is looked for under thousands:
//
//	error                  inquiry has          record looks under
//	none, cleaned, filled  the keys looked up   its own keys
//	vin.Repairs            the guesses          its own keys
//	replaced, swapped      the number           544 and 16 numbers
//	a character lost       the 16 characters    itself without one, 17 times
//	the last two lost      the 15 characters    itself without them
//	one too many           18 VINs without one  its own key
//	an illegal one         it, masked there     itself masked, 17 times
//	two errors             see strangeVIN       some 4800 more
//
// Texts of plates and other numbers are keys without their country, as every
// country reads them: which countries the register has may change meanwhile.
//
// What is found so is a candidate, no more. It must hold all inquiries that the
// Matcher would answer with the record; that it holds few others is a matter of
// speed.

// What is hashed, so that equal texts of different meaning differ.
const (
	hashMasked   = 1 + iota // a VIN with one character masked
	hashTwice               // a VIN with two characters masked
	hashShort               // 15 or 16 characters of a VIN
	hashPlate               // the text of a plate
	hashForeign             // one of another script, that character masked
	hashNumber              // the text of another number
	hashFragment            // any number of a kind, of which a part was read
)

// A watchKeyer collects hashes of keys. It is used by one goroutine at a time.
type watchKeyer struct {
	seed   maphash.Seed
	near   bool
	asker  worker // of a matcher that looks for what was read alone
	text   []byte
	hashes []uint64
}

func newWatchKeyer(m *Matcher, seed maphash.Seed) *watchKeyer {
	exact := &Matcher{idx: m.idx, o: m.o, readers: m.readers}
	exact.o.Near = Never
	return &watchKeyer{seed: seed, near: m.o.Near != Never, asker: worker{matcher: exact}}
}

func (k *watchKeyer) add(h uint64) { k.hashes = append(k.hashes, h) }

func (k *watchKeyer) key(key index.Key) { k.add(maphash.Comparable(k.seed, key)) }

// symbols adds up to 17 characters of a VIN, 0 where one is masked.
func (k *watchKeyer) symbols(b *[vin.Len]byte, what uint64) {
	k.add(maphash.Comparable(k.seed, [3]uint64{
		binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), uint64(b[16]) | what<<8,
	}))
}

// masked adds a VIN with one character masked.
func (k *watchKeyer) masked(b [vin.Len]byte, i int) {
	b[i] = 0
	k.symbols(&b, hashMasked)
}

// number adds the text of a number.
func (k *watchKeyer) number(what uint64, kind index.Kind, text []byte) {
	k.add(maphash.Bytes(k.seed, text) ^ (what<<8|uint64(kind))*0x9e3779b97f4a7c15)
}

// distinct returns what was collected, each once.
func (k *watchKeyer) distinct() []uint64 {
	slices.Sort(k.hashes)
	return slices.Compact(k.hashes)
}

// ofInquiry returns the hashes of an inquiry's keys, until the next call, and
// whether its VINs may be found with two errors.
func (k *watchKeyer) ofInquiry(q *Query) (hashes []uint64, strange bool) {
	k.hashes = k.hashes[:0]
	for i := range q.Reads {
		read := &q.Reads[i]
		if read.Kind == index.KindPlate {
			k.plateRead(read)
			continue
		}
		kind := read.Kind
		if kind == index.KindVIN || kind == index.KindChassis {
			strange = k.readVIN(read.Text) || strange
			kind = index.KindChassis
		}
		if k.near {
			if n, _, err := cleanNumber(&Read{Number: index.Number{Text: read.Text}}, kind); err == nil && (read.Kind != index.KindVIN || isChassis(read.Text)) {
				text := []byte(lettersOf(n.Text))
				k.number(hashNumber, kind, text)
				k.foreign(kind, hashNumber, text)
			}
		}
	}
	for _, p := range k.lookUp(q) {
		k.number(hashFragment, p.like.Kind, nil)
	}
	for _, key := range k.asker.keys {
		k.key(key)
	}
	return k.distinct(), strange
}

// lookUp leaves in k.asker.keys what the reads that are no plates are looked up
// under, and returns what was read in part.
func (k *watchKeyer) lookUp(q *Query) (parts []*partial) {
	rest := Query{Claim: q.Claim, Channel: q.Channel}
	for i := range q.Reads {
		switch read := &q.Reads[i]; {
		case read.Kind != index.KindPlate:
			rest.Reads = append(rest.Reads, *read)
		case strings.ContainsAny(read.Text, wildcards):
			country, _ := plate.ParseCountry(read.Country)
			if p, err := plate.ParsePattern(country, read.Text); err == nil {
				parts = append(parts, newPartial(index.Number{Kind: index.KindPlate, Country: p.Country(), Text: p.String()}, p.String()))
			}
		}
	}
	w := &k.asker
	w.keys, w.spans, w.partials, w.strange = w.keys[:0], w.spans[:0], false, false
	if len(rest.Reads) > 0 {
		var r Result
		w.ask(context.Background(), 0, &rest, &r)
	}
	for i := range w.spans {
		if p := w.spans[i].partial; p != nil {
			parts = append(parts, p)
		}
		w.spans[i] = span{}
	}
	return parts
}

// fragment returns the hash under which inquiries are found of which a part of a
// number of a kind was read.
func (k *watchKeyer) fragment(kind index.Kind) uint64 {
	k.hashes = k.hashes[:0]
	k.number(hashFragment, kind, nil)
	return k.hashes[0]
}

// fits reports whether one of a record's numbers is one of which a part was read,
// perhaps with one character of it misread.
func (k *watchKeyer) fits(q *Query, numbers []index.Number) bool {
	for _, p := range k.lookUp(q) {
		fits := func(p *partial) bool {
			return slices.ContainsFunc(numbers, func(n index.Number) bool { return n.Fits(p.like) })
		}
		if fits(p) {
			return true
		}
		if !k.near {
			continue
		}
		for p := range p.butOne() {
			if fits(p) {
				return true
			}
		}
	}
	return false
}

func isChassis(text string) bool {
	class := vin.Classify(text)
	return class == vin.ClassChassis || class == vin.ClassPaddedChassis
}

// readVIN adds what a text that may be a VIN is found under with errors, beside
// itself and its repairs, and reports whether two errors are among them.
func (k *watchKeyer) readVIN(text string) (strange bool) {
	if !k.near {
		return false
	}
	if v, _, err := parseVIN(text); err == nil {
		if v.Decode().Remarks&doubtful == 0 {
			return false
		}
		b := v.Bytes()
		for i := range b {
			k.masked(b, i)
		}
		return true
	}
	var buf [maxSymbols]byte
	s, ok := vinSymbolsOf(buf[:0], symbolsOf(text))
	if !ok {
		return false
	}
	n, at := strays(s)
	switch {
	case len(s) < vin.Len && n == 0: // one lost, or the last two
		var b [vin.Len]byte
		copy(b[:], s)
		k.symbols(&b, hashShort)
	case len(s) == vin.Len+1:
		k.asker.keys = appendNearVINs(k.asker.keys[:0], s)
		for _, key := range k.asker.keys {
			k.key(key)
		}
	case len(s) == vin.Len && n <= 2:
		k.strangeVIN([vin.Len]byte(s), n, at)
		return true
	}
	return false
}

// strangeVIN adds what 17 characters, so many of which no VIN has, the last of
// them at a place, are found under. Two errors are two characters replaced, or
// one replaced and two others swapped. The first leave a VIN that agrees but for
// two places: the read is found under the masks of each place, by a record that
// masks one place and replaces another. A character that no VIN has is one of
// the two.
func (k *watchKeyer) strangeVIN(b [vin.Len]byte, strays, at int) {
	switch strays {
	case 0:
		v, _ := vin.FromBytes(b)
		k.key(index.VIN(v))
		for i := range b {
			k.masked(b, i)
		}
	case 1:
		k.masked(b, at)
		b[at] = 0
		for i, c := range b {
			if i != at {
				b[i] = 0
				k.symbols(&b, hashTwice)
				b[i] = c
			}
		}
	case 2:
		for i, c := range b {
			if numberOf[c] == illegal {
				b[i] = 0
			}
		}
		k.symbols(&b, hashTwice)
	}
}

// readingCountries are those under whose rules a plate reads otherwise than
// under none, or has other spellings.
var readingCountries = strings.Fields("DE IN BR SA MA TN CN RS MK")

// plateRead adds the texts of a plate: as it reads in its own country, or in
// every country where that is not known, and in none.
func (k *watchKeyer) plateRead(read *Read) {
	if strings.ContainsAny(read.Text, wildcards) {
		return
	}
	country, _ := plate.ParseCountry(read.Country)
	k.plateIn("", read.Text)
	if country != "" {
		k.plateIn(country, read.Text)
		return
	}
	for _, c := range readingCountries {
		k.plateIn(c, read.Text)
	}
}

func (k *watchKeyer) plateIn(country, text string) {
	p, err := plate.Parse(country, text)
	if err != nil {
		return
	}
	add := func(p plate.Plate) {
		k.plateText(p)
		if country != "" {
			k.plateText(p.WithCountry(""))
		}
	}
	add(p)
	for alias := range p.Aliases() {
		add(alias)
	}
}

func (k *watchKeyer) plateText(p plate.Plate) {
	if !p.IsValid() {
		return
	}
	k.text = p.AppendTo(k.text[:0])
	k.number(hashPlate, index.KindPlate, k.text)
	if !k.near {
		return
	}
	k.foreign(index.KindPlate, hashPlate, slices.Clone(k.text))
}

// foreign adds what a text is found under of which one character may be wrong
// that a record does not try: one of another script than its own text, and one
// that stands on no plate of the script of the others. It stands for any, or is
// one too many.
func (k *watchKeyer) foreign(kind index.Kind, what uint64, text []byte) {
	if !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return
	}
	strange := func(r rune) bool {
		for _, of := range string(text) {
			if of >= utf8.RuneSelf && !strings.ContainsRune(index.Alphabet(of), r) {
				return true
			}
		}
		return false
	}
	for i, r := range string(text) {
		if r >= utf8.RuneSelf || strange(r) {
			before, after := text[:i], text[i+utf8.RuneLen(r):]
			k.number(hashForeign, kind, slices.Concat(before, []byte{0}, after))
			k.number(what, kind, slices.Concat(before, after))
		}
	}
}

// foreigners adds a listed text with each of its characters masked.
func (k *watchKeyer) foreigners(kind index.Kind, text string) {
	for i, r := range text {
		k.number(hashForeign, kind, slices.Concat([]byte(text[:i]), []byte{0}, []byte(text[i+utf8.RuneLen(r):])))
	}
}

// ofRecord returns the hashes of the keys that a record is looked for under,
// until the next call, some of them twice: to sort them takes longer than to look
// them up.
func (k *watchKeyer) ofRecord(r *index.Record, strange bool) []uint64 {
	k.hashes = k.hashes[:0]
	for n := range numbersOf(r) {
		key, err := n.Key()
		if err != nil {
			continue
		}
		k.key(key)
		if v, ok := key.VIN(); ok {
			if k.near {
				k.listedVIN(v.Bytes(), strange)
			}
			continue
		}
		if n.Kind == index.KindPlate {
			k.listedPlate(n.Text)
			continue
		}
		if n.Country != "" {
			n.Country = ""
			if key, err := n.Key(); err == nil {
				k.key(key)
			}
		}
		if k.near {
			k.listedNumber(n.Kind, lettersOf(n.Text))
			k.listedNumber(n.Kind, strings.Map(letterOrDigit, n.Text))
		}
	}
	return k.hashes
}

// letterOrDigit is what counts of a number's text, without cleaning it.
func letterOrDigit(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return unicode.ToUpper(r)
	}
	return -1
}

func (k *watchKeyer) listedVIN(b [vin.Len]byte, strange bool) {
	k.asker.keys = appendNearVINs(k.asker.keys[:0], b[:])
	for _, key := range k.asker.keys {
		k.key(key)
	}
	for i := range b {
		k.masked(b, i)
		var short [vin.Len]byte
		copy(short[:], b[:i])
		copy(short[i:], b[i+1:])
		k.symbols(&short, hashShort)
	}
	cut := b
	cut[vin.Len-2], cut[vin.Len-1] = 0, 0
	k.symbols(&cut, hashShort)
	if !strange {
		return
	}
	for i := range b {
		for j := i + 1; j < len(b); j++ {
			twice := b
			twice[i], twice[j] = 0, 0
			k.symbols(&twice, hashTwice)
			twice = b
			for s := range len(vinSymbols) {
				if twice[j] = vinSymbols[s]; twice[j] != b[j] {
					k.masked(twice, i)
				}
			}
		}
		if j := i + 1; j < len(b) && b[i] != b[j] {
			swapped := b
			swapped[i], swapped[j] = swapped[j], swapped[i]
			for at := range b {
				if at != i && at != j {
					k.masked(swapped, at)
				}
			}
		}
	}
}

func (k *watchKeyer) listedPlate(text string) {
	k.number(hashPlate, index.KindPlate, []byte(text))
	if !k.near {
		return
	}
	s := speller{kind: index.KindPlate, text: []rune(text), texts: k.spelled()}
	s.near(nil)
	s.twice(nil)
	k.texts(s.kind, hashPlate)
	k.foreigners(index.KindPlate, text)
}

func (k *watchKeyer) listedNumber(kind index.Kind, text string) {
	k.number(hashNumber, kind, []byte(text))
	s := speller{kind: kind, text: []rune(text), texts: k.spelled()}
	s.near(nil)
	k.texts(s.kind, hashNumber)
	k.foreigners(kind, text)
}

// spelled returns room for the texts of a speller.
func (k *watchKeyer) spelled() *[]byte {
	k.text = k.text[:0]
	return &k.text
}

// texts adds the texts of a speller.
func (k *watchKeyer) texts(kind index.Kind, what uint64) {
	for b := k.text; len(b) > 0; {
		n := 2 + int(binary.BigEndian.Uint16(b))
		k.number(what, kind, b[2:n])
		b = b[n:]
	}
}
