package index

// Alphabets are the characters of the packing pages from 1 on.
var Alphabets = func() (s []string) {
	for _, a := range alphabets {
		s = append(s, string(a))
	}
	return s
}()

// Pack packs a canonical text.
func Pack(kind Kind, country, text string) Key { return pack(kind, country, []byte(text)) }

// CanonicalRune is what a character beyond ASCII counts as in a number.
var CanonicalRune = canonicalRune

// Words returns the two words of a key.
func (k Key) Words() (hi, lo uint64) { return k.hi, k.lo }
