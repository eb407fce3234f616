package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// An ID identifies a change: changes with the same sender, operation, owner,
// record ID and version have the same ID, and a log takes only the first. It is a
// cryptographic hash, so that nobody can make a change that another's shuts out.
type ID [16]byte

// IDOf returns the ID of a change: the first 16 bytes of the SHA-256 hash of the
// beginning of its encoding, up to and with the version.
func IDOf(c *index.Change) (id ID) {
	var buf [1 + 3 + 2*index.MaxOwner + index.MaxID + binary.MaxVarintLen64]byte
	sum := sha256.Sum256(appendIdentity(buf[:0], c))
	copy(id[:], sum[:])
	return id
}

// A ChangeError says which change a log does not take, and why. Its text holds
// neither a number nor the record's ID.
type ChangeError struct {
	Change int   // its place in the call, from 0
	Err    error // an index.Reason
}

func (e *ChangeError) Error() string { return fmt.Sprintf("feed: change %d: %v", e.Change, e.Err) }

// Unwrap returns e.Err.
func (e *ChangeError) Unwrap() error { return e.Err }

// What a record may hold is what package index says it may.
const (
	maxText  = 1024
	maxItems = 255
	maxTexts = 1<<16 - 1
)

// Check returns why no index would take a change: an [index.Reason], or nil.
// Numbers that have no key are no reason: a record is found by its others.
func Check(c *index.Change) error {
	r := &c.Record
	switch {
	case c.Op != index.Put && c.Op != index.Withdraw:
		return index.UnknownOp
	case !validOwner(r.Owner):
		return index.BadOwner
	case r.ID == "" || len(r.ID) > index.MaxID:
		return index.BadID
	case c.By != r.Owner:
		return index.NotOwner
	case c.Op == index.Withdraw:
		return nil
	case r.ModelYear < math.MinInt32 || r.ModelYear > math.MaxInt32:
		return index.BadYear
	case !r.Stolen.IsZero() && (r.Stolen.UTC().Year() < 1 || r.Stolen.UTC().Year() > 9999):
		return index.BadDate
	case len(r.Make) > maxText || len(r.Colour) > maxText || len(r.Tags) > maxItems || len(r.Numbers) > maxItems:
		return index.TooLarge
	}
	for _, tag := range r.Tags {
		if len(tag) > maxText {
			return index.TooLarge
		}
	}
	// What package index keeps together: the ID, the plate and the numbers.
	size := 1 + len(r.ID) + 1 + plateLen(r)
	for _, n := range r.Numbers {
		if len(n.Country) > maxText || len(n.Text) > maxText {
			return index.TooLarge
		}
		size += 1 + textLen(n.Country) + textLen(n.Text)
	}
	if size > maxTexts {
		return index.TooLarge
	}
	return nil
}

func plateLen(r *index.Record) int {
	var buf [2 + plate.MaxText]byte
	b, _ := r.Plate.AppendBinary(buf[:0])
	return len(b)
}

// textLen returns the length of an encoded text of at most maxText bytes.
func textLen(s string) int {
	if len(s) < 1<<7 {
		return 1 + len(s)
	}
	return 2 + len(s)
}

// validOwner reports whether s is 1 to 16 ASCII letters and digits.
func validOwner(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c-'0' > 9 && (c|0x20)-'a' > 'z'-'a' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= index.MaxOwner
}

// appendIdentity appends the beginning of an encoded change, which is what its ID
// is of.
func appendIdentity(b []byte, c *index.Change) []byte {
	b = append(b, byte(c.Op))
	b = appendText(b, c.By)
	b = appendText(b, c.Record.Owner)
	b = appendText(b, c.Record.ID)
	return binary.AppendUvarint(b, c.Record.Version)
}

// Bits that tell what an encoded record has.
const (
	hasVIN = 1 << iota
	hasPlate
	hasStolen
	hasAll = 1<<iota - 1
)

// appendChange appends the encoding of a change that Check found nothing wrong
// with.
func appendChange(b []byte, c *index.Change) []byte {
	b = appendIdentity(b, c)
	if c.Op == index.Withdraw {
		return b
	}
	return appendContent(b, &c.Record)
}

// appendContent appends what a record says beside owner, ID and version.
func appendContent(b []byte, r *index.Record) []byte {
	at, has := len(b), byte(0)
	b = append(b, 0)
	if r.VIN != (vin.VIN{}) {
		has |= hasVIN
		hi, lo := r.VIN.Words()
		b = binary.LittleEndian.AppendUint64(b, hi)
		b = binary.LittleEndian.AppendUint64(b, lo)
	}
	if r.Plate.IsValid() {
		has |= hasPlate
		mark := len(b)
		b = append(b, 0)
		b, _ = r.Plate.AppendBinary(b)
		b[mark] = byte(len(b) - mark - 1)
	}
	if day := dayOf(r.Stolen); day != 0 {
		has |= hasStolen
		b = binary.AppendUvarint(b, day)
	}
	b[at] = has
	b = append(b, byte(r.Type), byte(r.Status))
	b = appendText(b, r.Make)
	b = appendText(b, r.Colour)
	b = binary.AppendVarint(b, int64(r.ModelYear))
	b = append(b, byte(len(r.Tags)))
	for _, tag := range r.Tags {
		b = appendText(b, tag)
	}
	b = append(b, byte(len(r.Numbers)))
	for _, n := range r.Numbers {
		b = append(b, byte(n.Kind))
		b = appendText(b, n.Country)
		b = appendText(b, n.Text)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

const secondsPerDay = 24 * 60 * 60

// dayZero is the Unix time of 1 January of year 1, the zero time.
var dayZero = time.Time{}.Unix()

// dayOf returns the UTC date of t as days since 1 January of year 1; 0 stands for
// no date, as it does in package index.
func dayOf(t time.Time) uint64 { return uint64((t.Unix() - dayZero) / secondsPerDay) }

// lastDay is the last day of the year 9999.
var lastDay = dayOf(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

// A reader takes encoded bytes apart. After a mistake it reads zeros, and bad is
// set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() { r.b, r.bad = nil, true }

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) word() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// uvarint reads a number that is written in as few bytes as it can be, so that
// equal changes are equal bytes.
func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || n > 1 && r.b[n-1] == 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *reader) text(most int) string {
	n := r.uvarint()
	if n > uint64(most) {
		r.fail()
		return ""
	}
	return string(r.bytes(int(n)))
}

// change reads a change as appendChange writes it, of which Check finds nothing
// wrong.
func (r *reader) change() (c index.Change) {
	c.Op = index.Op(r.byte())
	c.By = r.text(index.MaxOwner)
	rec := &c.Record
	rec.Owner = r.text(index.MaxOwner)
	rec.ID = r.text(index.MaxID)
	rec.Version = r.uvarint()
	if c.Op == index.Put {
		r.content(rec)
	}
	if !r.bad && Check(&c) != nil {
		r.fail()
	}
	return c
}

func (r *reader) content(rec *index.Record) {
	has := r.byte()
	if has&^hasAll != 0 {
		r.fail()
	}
	if has&hasVIN != 0 {
		var ok bool
		hi := r.word()
		if rec.VIN, ok = vin.FromWords(hi, r.word()); !ok {
			r.fail()
		}
	}
	if has&hasPlate != 0 {
		if err := rec.Plate.UnmarshalBinary(r.bytes(int(r.byte()))); err != nil || !rec.Plate.IsValid() {
			r.fail()
		}
	}
	if has&hasStolen != 0 {
		day := r.uvarint()
		if day == 0 || day > lastDay {
			r.fail()
			day = 0
		}
		rec.Stolen = time.Unix(dayZero+int64(day)*secondsPerDay, 0).UTC()
	}
	rec.Type = index.Type(r.byte())
	rec.Status = index.Status(r.byte())
	rec.Make = r.text(maxText)
	rec.Colour = r.text(maxText)
	year := r.varint()
	if year < math.MinInt32 || year > math.MaxInt32 {
		r.fail()
		year = 0
	}
	rec.ModelYear = int(year)
	// An item takes a byte at least: no more are made room for than can be.
	if n := int(r.byte()); n > 0 && n <= len(r.b) {
		rec.Tags = make([]string, n)
		for i := range rec.Tags {
			rec.Tags[i] = r.text(maxText)
		}
	} else if n > 0 {
		r.fail()
	}
	if n := int(r.byte()); n > 0 && 3*n <= len(r.b) {
		rec.Numbers = make([]index.Number, n)
		for i := range rec.Numbers {
			rec.Numbers[i] = index.Number{Kind: index.Kind(r.byte()), Country: r.text(maxText), Text: r.text(maxText)}
		}
	} else if n > 0 {
		r.fail()
	}
}
