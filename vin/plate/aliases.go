package plate

import "iter"

// Aliases returns the other canonical texts under which the same vehicle may
// be looked for.
func (p Plate) Aliases() iter.Seq[Plate] {
	return func(yield func(Plate) bool) {}
}
