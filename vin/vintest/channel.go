package vintest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/internal/misread"
)

// A Channel is a way in which a number is read. Each has its own errors: a
// camera takes 8 for B and loses the end but never swaps two characters, a
// person swaps and skips, a scanner delivers the frame of the label.
type Channel uint8

const (
	Typed   Channel = iota // by a person, from the vehicle or a paper
	Camera                 // optical character recognition
	Barcode                // scanned from a label, or from the vehicle's electronics
	Stamped                // read off metal that somebody stamped over
)

// Channels are all of them.
var Channels = []Channel{Typed, Camera, Barcode, Stamped}

var channelNames = [...]string{Typed: "typed", Camera: "camera", Barcode: "barcode", Stamped: "stamped"}

// String returns "typed", "camera", "barcode" or "stamped".
func (c Channel) String() string {
	if int(c) < len(channelNames) {
		return channelNames[c]
	}
	return "Channel(" + strconv.Itoa(int(c)) + ")"
}

// Misread returns a customary share of reads with an error, for those who have
// no figure of their own: of a camera 0.05, as the makers of plate readers and
// their critics agree on (0.02 to 0.15); the others are a judgement.
func (c Channel) Misread() float64 {
	return [...]float64{Typed: 0.03, Camera: 0.05, Barcode: 0.02, Stamped: 0.5}[c]
}

// A SlipKind is a kind of error in reading.
type SlipKind uint8

const (
	Correct       SlipKind = iota // no error
	LookAlike                     // one character taken for another, by how alike they look
	Substitution                  // one character taken for any other of its kind
	Several                       // two or three characters taken for look-alikes
	Region                        // one of the first two characters: of a plate, the region
	Transposition                 // two neighbours swapped: ab as ba
	Jump                          // swapped round a third: abc as cba
	Twin                          // both of a pair replaced: aa as bb
	JumpTwin                      // the same round a third: aca as bcb
	Phonetic                      // thirty for thirteen: a0 as 1a
	Omission                      // one character lost
	Addition                      // one character too many, mostly the last one again
	Truncation                    // the last one or two lost
	Framing                       // what stands round the number in a label is read too
	Restamp                       // one to three of the last six made into others by more strokes
)

var slipNames = [...]string{
	"correct", "look-alike", "substitution", "several", "region", "transposition", "jump", "twin",
	"jump twin", "phonetic", "omission", "addition", "truncation", "framing", "restamp",
}

// String returns the kind in lower-case words.
func (k SlipKind) String() string {
	if int(k) < len(slipNames) {
		return slipNames[k]
	}
	return "SlipKind(" + strconv.Itoa(int(k)) + ")"
}

// A Slip is the error of one read. The zero Slip is none.
type Slip struct {
	Kind SlipKind
	Pos  int // the first character of the true text that is affected, from 1; the last for a Framing behind it
}

// A slipShare is the weight of a kind of error in the mix of a channel.
type slipShare struct {
	kind  SlipKind
	share int // of any total
}

// mixes by channel. The sources are named in testdata/error_rates.csv, which a
// test compares; what no figure is published for is a judgement and says so.
var mixes = [...][]slipShare{
	// Verhoeff's classes for people who copy numbers. That half of the
	// substitutions are look-alikes, and that additions are as frequent as
	// omissions, is a judgement.
	Typed: {
		{LookAlike, 375},
		{Substitution, 375},
		{Transposition, 150},
		{Omission, 75},
		{Addition, 75},
		{Twin, 10},
		{Jump, 10},
		{Phonetic, 10},
		{JumpTwin, 5},
	},
	// An operator of plate readers on 100 wrong reads; no transpositions, as
	// Oliveira-Neto, Han and Jeong (2012) found.
	Camera: {
		{LookAlike, 450},
		{Truncation, 250},
		{Substitution, 120},
		{Omission, 80},
		{Region, 60},
		{Several, 40},
	},
	// A judgement: the frame is what users report of scanners again and
	// again, a wrong character hardly ever.
	Barcode: {
		{Framing, 80},
		{Truncation, 10},
		{Substitution, 10},
	},
	// A judgement.
	Stamped: {
		{Restamp, 70},
		{LookAlike, 20},
		{Omission, 10},
	},
}

// A Reader reads texts as a channel does, with its errors. Equal seeds give
// equal errors on every platform. It is not safe for concurrent use; copying
// it copies its place in the stream of errors.
type Reader struct {
	random  source
	misread float64
	channel Channel
}

// NewReader returns a reader that makes an error in a share of its reads:
// 0 for none, 1 for one in every read, see [Channel.Misread]. It panics on
// another share and on a channel that does not exist.
func NewReader(seed uint64, c Channel, misread float64) *Reader {
	if !(misread >= 0 && misread <= 1) || int(c) >= len(mixes) {
		panic("vintest: NewReader: no such channel or share")
	}
	return &Reader{random: source(hash(seed ^ uint64(c)<<56)), misread: misread, channel: c}
}

// Read returns text as it was read, and the error that was made. Text is a VIN,
// a plate or anything else: only characters 0 to 9 and A to Z, of either case,
// are taken for others, in upper case, but any may be lost or swapped. A kind
// of error that text has no room for gives way to another; a text that has
// room for none, such as the empty one, is read correctly. A correct read does
// not allocate.
func (r *Reader) Read(text string) (string, Slip) {
	if !r.random.chance(r.misread) {
		return text, Slip{}
	}
	mix := mixes[r.channel]
	total := 0
	for _, s := range mix {
		total += s.share
	}
	for range 64 { // attempts; a VIN seldom takes more than two
		x := r.random.below(total)
		i := 0
		for ; x >= mix[i].share; i++ {
			x -= mix[i].share
		}
		if read, pos := r.slip(mix[i].kind, text); pos > 0 {
			return read, Slip{mix[i].kind, pos}
		}
	}
	return text, Slip{}
}

// slip makes an error of a kind at a place where there is room for it. The
// position is 0 if none was found, by chance perhaps.
func (r *Reader) slip(kind SlipKind, text string) (string, int) {
	n := utf8.RuneCountInString(text)
	if n == 0 {
		return "", 0
	}
	at := r.random.below(n)
	i, j, k := span(text, at), span(text, at+1), span(text, at+2) // where three characters begin
	end := span(text, at+3)
	a, b, c := text[i:j], text[j:k], text[k:end]

	switch kind {
	case LookAlike:
		if s := r.confuse(a); s != "" {
			return text[:i] + s + text[j:], at + 1
		}
	case Substitution:
		if s := r.replace(a); s != "" {
			return text[:i] + s + text[j:], at + 1
		}
	case Region:
		at = min(r.random.below(2), n-1)
		i, j = span(text, at), span(text, at+1)
		if s := r.replace(text[i:j]); s != "" {
			return text[:i] + s + text[j:], at + 1
		}
	case Several:
		read := text
		for range 2 + r.random.below(2) {
			read, _ = r.slip(LookAlike, read)
		}
		if pos, count := differ(text, read); count > 1 {
			return read, pos
		}
	case Transposition:
		if b != "" && a != b {
			return text[:i] + b + a + text[k:], at + 1
		}
	case Jump:
		if c != "" && a != c {
			return text[:i] + c + b + a + text[end:], at + 1
		}
	case Twin:
		if s := r.replace(a); a == b && s != "" {
			return text[:i] + s + s + text[k:], at + 1
		}
	case JumpTwin:
		if s := r.replace(a); a == c && a != b && s != "" {
			return text[:i] + s + b + s + text[end:], at + 1
		}
	case Phonetic:
		if b == "0" && "2" <= a && a <= "9" && len(a) == 1 {
			return text[:i] + "1" + a + text[k:], at + 1
		}
	case Omission:
		// Of the middle: at the ends it is a truncation.
		if at > 0 && at < n-1 {
			return text[:i] + text[j:], at + 1
		}
	case Addition:
		if s := r.replace(a); s != "" && r.random.below(4) == 0 {
			return text[:j] + s + text[j:], at + 1
		}
		return text[:j] + a + text[j:], at + 1
	case Truncation:
		if lost := 1 + r.random.below(2); lost < n {
			return text[:span(text, n-lost)], n - lost + 1
		}
	case Framing:
		switch r.random.below(8) {
		case 0, 1, 2, 3: // Code 39 labels of imported vehicles have an I
			return "I" + text, 1
		case 4, 5: // the start and stop character of Code 39
			return "*" + text + "*", 1
		case 6: // the delimiter of SAE J1939
			return text + "*", n
		default: // the padding of a diagnostic frame
			return "\x00\x00\x00" + text, 1
		}
	case Restamp:
		read := []byte(text)
		changes := 1 + r.random.below(3)
		for tries := 16; tries > 0 && changes > 0; tries-- {
			i := span(text, max(0, n-6)+r.random.below(min(n, 6)))
			k := index(string(read[i : i+1]))
			if k < 0 {
				continue
			}
			if covers := misread.Restamps(alphabet[k]); covers != "" {
				read[i] = pick(&r.random, []byte(covers))
				changes--
			}
		}
		pos, _ := differ(text, string(read))
		return string(read), pos
	}
	return "", 0
}

// differ returns the first character at which texts of one length in bytes
// differ, 0 for none, and how many do. Of other texts it knows nothing.
func differ(a, b string) (pos, count int) {
	if len(a) != len(b) {
		return 0, 0
	}
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			pos = 1 + utf8.RuneCountInString(a[:i])
			count++
		}
	}
	return pos, count
}

// span returns where character at begins, or the length of text.
func span(text string, at int) int {
	i := 0
	for ; at > 0 && i < len(text); at-- {
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return i
}

// alphabet is the order of the characters in misread.Confusions.
const alphabet = misread.Alphabet

// index returns the place in the alphabet of a text of one character, or -1.
func index(char string) int {
	if len(char) != 1 {
		return -1
	}
	c := char[0]
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return strings.IndexByte(alphabet, c)
}

// confuse returns what char may be taken for by its looks, "" for nothing.
func (r *Reader) confuse(char string) string {
	row := index(char)
	if row < 0 {
		return ""
	}
	x := r.random.below(misread.Certain)
	for i := range len(alphabet) {
		if x < misread.Confusions(row, i) {
			return alphabet[i : i+1]
		}
	}
	panic("vintest: a row of confusions does not sum to 1")
}

// replace returns any other character of the kind of char, digit or letter.
func (r *Reader) replace(char string) string {
	switch i := index(char); {
	case i < 0:
		return ""
	case i < 10:
		j := (i + 1 + r.random.below(9)) % 10
		return alphabet[j : j+1]
	default:
		j := 10 + (i-10+1+r.random.below(25))%26
		return alphabet[j : j+1]
	}
}
