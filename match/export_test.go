package match

import (
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/misread"
	"github.com/vinmatch/vinmatch/vin"
)

// BlockLen is how many queries Screen answers as one batch.
const BlockLen = blockLen

// MaxRows is how many records of one number are looked at.
const MaxRows = maxRows

// A Difference is one error between a read and a listed number.
type Difference struct {
	Code         EvidenceCode
	Listed, Read int
	From, To     string
}

// Diff returns the fewest errors that turn listed into read.
func Diff(read, listed string) []Difference {
	var out []Difference
	for _, d := range diff([]rune(read), []rune(listed)) {
		out = append(out, Difference{d.code, d.listed, d.read, d.from, d.to})
	}
	return out
}

// SameMake reports whether two names may be of one make.
func SameMake(a, b string) bool { return agreeMakes(a, b) == agrees }

// MakesVIN reports whether the maker of a VIN builds a make.
func MakesVIN(v vin.VIN, name string) bool {
	info := v.Decode()
	return makesVIN(&info, name)
}

// ContradictsType reports whether a claimed type cannot be that of a VIN.
func ContradictsType(t index.Type, v vin.VIN) bool {
	info := v.Decode()
	return contradictsType(t, &info)
}

// AgreeColours and AgreeTypes return "silent", "agrees", "near" or
// "contradicts".
func AgreeColours(a, b string) string   { return agreementNames[agreeColours(a, b)] }
func AgreeTypes(a, b index.Type) string { return agreementNames[agreeTypes(a, b)] }

var agreementNames = [...]string{silent: "silent", agrees: "agrees", near: "near", contradicts: "contradicts"}

// TwiceVINs returns the VINs of which a text may be a read with two errors that
// are looked for.
func TwiceVINs(text string) (all []vin.VIN) {
	for _, k := range appendTwiceVINs(nil, []byte(text)) {
		v, _ := k.VIN()
		all = append(all, v)
	}
	return all
}

// Likelihood returns the probability that a text is read as another on a channel
// every read of which has an error.
func Likelihood(c Channel, read, listed string) float64 {
	r := reader{Kernel: misread.Of(misread.Channel(c)), wrong: 1}
	a, b := []rune(read), []rune(listed)
	return r.likelihood(diff(a, b), a, b)
}

// A Census counts the vehicles of a view.
type Census struct{ *census }

// NewCensus counts the vehicles of a view.
func NewCensus(v *index.View, vehicles float64) Census { return Census{newCensus(v, vehicles, 2)} }

// Exists returns the probability that an unlisted vehicle has a VIN.
func (c Census) Exists(v vin.VIN) float64 { return c.existsAs(v) }

// Misread returns how many unlisted vehicles are expected to be misread as a VIN
// on a channel, and the same by asking for each number that one error leads to.
func (c Census) Misread(channel Channel, v vin.VIN) (fast, slow float64) {
	r := reader{Kernel: misread.Of(misread.Channel(channel)), wrong: 1}
	fast = c.ofWhole(&r, v.Bytes()).wrong
	read := appendRunes(nil, v)
	for _, k := range appendNearVINs(nil, []byte(v.String())) {
		u, _ := k.VIN()
		listed := appendRunes(nil, u)
		slow += uneven * c.existsAs(u) * r.likelihood(diff(read, listed), read, listed)
	}
	return fast, slow
}

// Index returns the index of a matcher.
func (m *Matcher) Index() *index.Index { return m.idx }
