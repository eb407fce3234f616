package match

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// Inquiries are encoded in memory and in the file alike:
//
//	flags     a byte
//	from      milliseconds since 1970 from which it is kept (varint)
//	time      seconds since 1970 (varint) and nanoseconds (uvarint), if known
//	inquirer, purpose
//	channel   a byte
//	limit     uvarint
//	claim     make, model year (varint), country, type (a byte), colour
//	reads     their number (uvarint), and each: kind (a byte), country, text,
//	          eight bytes of score
//	answered  marks of eight bytes to the end
//
// Texts are their length (uvarint) and their bytes.

const (
	strangeInquiry = 1 << iota // its reads may be found with two errors
	timedInquiry               // its time is known
	inquiryFlags
)

// maxInquiry is the greatest length of an encoded inquiry.
const maxInquiry = 1 << 16

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendInquiry encodes an inquiry.
func appendInquiry(b []byte, in *Inquiry, from int64, strange bool, answered []uint64) []byte {
	var flags byte
	if strange {
		flags |= strangeInquiry
	}
	if !in.Time.IsZero() {
		flags |= timedInquiry
	}
	b = binary.AppendVarint(append(b, flags), from)
	if !in.Time.IsZero() {
		b = binary.AppendVarint(b, in.Time.Unix())
		b = binary.AppendUvarint(b, uint64(in.Time.Nanosecond()))
	}
	b = appendText(appendText(b, in.Inquirer), in.Purpose)
	q := &in.Query
	b = append(b, byte(q.Channel))
	b = binary.AppendUvarint(b, uint64(max(q.Limit, 0)))
	b = appendText(b, q.Claim.Make)
	b = binary.AppendVarint(b, int64(q.Claim.ModelYear))
	b = appendText(b, q.Claim.Country)
	b = append(b, byte(q.Claim.Type))
	b = appendText(b, q.Claim.Colour)
	b = binary.AppendUvarint(b, uint64(len(q.Reads)))
	for i := range q.Reads {
		r := &q.Reads[i]
		b = appendText(appendText(append(b, byte(r.Kind)), r.Country), r.Text)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(r.Score))
	}
	for _, m := range answered {
		b = binary.LittleEndian.AppendUint64(b, m)
	}
	return b
}

// An encoded inquiry is read from the front. After the first error, bad is set
// and what is read is zero.
type encoded struct {
	b   []byte
	bad bool
}

func (e *encoded) byte() byte {
	if len(e.b) == 0 {
		e.bad = true
		return 0
	}
	c := e.b[0]
	e.b = e.b[1:]
	return c
}

func (e *encoded) bytes(n uint64) []byte {
	if n > uint64(len(e.b)) {
		e.bad, e.b = true, nil
		return nil
	}
	b := e.b[:n]
	e.b = e.b[n:]
	return b
}

func (e *encoded) number(v uint64, n int) uint64 {
	if n <= 0 {
		e.bad, e.b = true, nil
		return 0
	}
	e.b = e.b[n:]
	return v
}

func (e *encoded) uvarint() uint64 { return e.number(binary.Uvarint(e.b)) }

func (e *encoded) varint() int64 {
	v, n := binary.Varint(e.b)
	return int64(e.number(uint64(v), n))
}

func (e *encoded) text() string { return string(e.bytes(e.uvarint())) }

func (e *encoded) word() uint64 {
	if b := e.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// decodeInquiry is the inverse of appendInquiry. It takes any bytes.
func decodeInquiry(b []byte) (in Inquiry, from int64, answered []uint64, ok bool) {
	e := encoded{b: b}
	flags := e.byte()
	from = e.varint()
	if flags&timedInquiry != 0 {
		s, ns := e.varint(), e.uvarint()
		in.Time = time.Unix(s, int64(ns%1e9)).UTC()
		e.bad = e.bad || ns >= 1e9
	}
	in.Inquirer, in.Purpose = e.text(), e.text()
	q := &in.Query
	q.Channel = Channel(e.byte())
	limit := e.uvarint()
	q.Limit = int(min(limit, math.MaxInt32))
	q.Claim.Make = e.text()
	q.Claim.ModelYear = int(e.varint())
	q.Claim.Country = e.text()
	q.Claim.Type = index.Type(e.byte())
	q.Claim.Colour = e.text()
	const leastRead = 1 + 1 + 1 + 8
	n := e.uvarint()
	if n == 0 || n > uint64(len(e.b))/leastRead {
		return Inquiry{}, 0, nil, false
	}
	q.Reads = make([]Read, n)
	for i := range q.Reads {
		r := &q.Reads[i]
		r.Kind = index.Kind(e.byte())
		r.Country, r.Text = e.text(), e.text()
		r.Score = math.Float64frombits(e.word())
		if !validKind(r.Kind) {
			e.bad = true
		}
	}
	for len(e.b) > 0 && !e.bad {
		answered = append(answered, e.word())
	}
	if e.bad || flags >= inquiryFlags {
		return Inquiry{}, 0, nil, false
	}
	return in, from, answered, true
}

func validKind(k index.Kind) bool { return k >= index.KindVIN && k <= index.KindDocument }

// A mark says of an inquiry that a record is known to who asked. Marks are part
// of a SHA-256 sum, so that nobody can choose a record that is taken for another
// one.
func mark(fields ...string) uint64 {
	var buf [512]byte
	b := buf[:0]
	for _, f := range fields {
		b = appendText(b, f)
	}
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

// toldMark marks an inquiry for which a record was reported.
func toldMark(r *index.Record) uint64 { return mark("told", r.Owner, r.ID) }

// answeredMark marks an inquiry whose answer had a record with the number that
// matched: of the numbers of the finding's kind the nearest to what was read.
func answeredMark(q *Query, f *Finding) uint64 {
	n := nearestNumber(q, &f.Record, f.Kind)
	return mark("answered", f.Record.Owner, f.Record.ID, n.Kind.String(), n.Country, n.Text)
}

// nearestNumber returns the number of a record of a kind that is most like one of
// the reads; of several that are, the first in the order of texts. It is as good
// as the number that the Matcher found, and the same for the same record.
func nearestNumber(q *Query, r *index.Record, kind index.Kind) (best index.Number) {
	least := -1
	for n := range numbersOf(r) {
		if n.Kind != kind {
			continue
		}
		n.Text = lettersOf(n.Text)
		n.Country, _ = plate.ParseCountry(n.Country)
		d := math.MaxInt
		listed := []rune(n.Text)
		for i := range q.Reads {
			text := q.Reads[i].Text
			if len(text) > maxDiff*utf8.UTFMax {
				continue
			}
			d = min(d, len(diff([]rune(lettersOf(text)), listed)))
		}
		if least < 0 || d < least || d == least && n.Text < best.Text {
			least, best = d, n
		}
	}
	return best
}

// appendAnswered appends the marks of what an answer had.
func appendAnswered(dst []uint64, q *Query, findings []Finding) []uint64 {
	for i := range findings {
		if m := answeredMark(q, &findings[i]); !slices.Contains(dst, m) {
			dst = append(dst, m)
		}
	}
	return dst
}
