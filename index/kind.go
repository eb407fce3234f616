package index

import "fmt"

// A Kind says what a number identifies. The zero Kind is no kind.
type Kind uint8

// VIN keys sort before all others, so that the rows of a register stand in the
// order of their VINs.
const (
	_ Kind = iota
	KindVIN
	KindPlate
	KindChassis // chassis and frame numbers that are not VINs
	KindEngine
	KindGearbox
	KindPart // airbags and other identifiable components
	KindHull
	KindDocument // registration papers
	kinds
)

var kindNames = [kinds]string{
	KindVIN: "vin", KindPlate: "plate", KindChassis: "chassis", KindEngine: "engine",
	KindGearbox: "gearbox", KindPart: "part", KindHull: "hull", KindDocument: "document",
}

// String returns the kind's name in lower case, as in "vin".
func (k Kind) String() string { return enumName(kindNames[:], k) }

// HasCountry reports whether numbers of this kind are issued by a country, so
// that the country belongs to the number.
func (k Kind) HasCountry() bool { return k == KindPlate || k == KindDocument }

// AppendText implements [encoding.TextAppender].
func (k Kind) AppendText(b []byte) ([]byte, error) { return append(b, k.String()...), nil }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return k.AppendText(nil) }

// UnmarshalText implements [encoding.TextUnmarshaler]. An unknown name is an
// error: without its kind a number means nothing.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if i > 0 && name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("index: %.20q is not a kind of number", text)
}

// enumName names a value of a small enumeration.
func enumName[E ~uint8](names []string, e E) string {
	if int(e) < len(names) && names[e] != "" {
		return names[e]
	}
	return fmt.Sprintf("%T(%d)", e, uint8(e))
}
