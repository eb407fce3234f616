// Package plate holds registration plates in one canonical form.
package plate

// A Plate is a plate number in canonical form with the country that issued it.
type Plate struct {
	country [2]byte
	n       uint8
	text    [61]byte
}
