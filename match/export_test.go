package match

import (
	"github.com/vinmatch/vinmatch/index"
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
