package vintest

// The family of a vehicle, by index into a Mix with SmallMakers split in those
// with a check digit and those without.
const (
	FamilyUS = iota
	FamilyEuropean
	FamilyChinese
	FamilySmallCheck
	FamilySmall
)

// Shapes are the patterns that numbers are built by, each with an example.
func Shapes() map[string][]string {
	m := make(map[string][]string)
	all := append(append(append([]shape{usShape, usTruckShape, importShape}, europeanShapes...), otherShapes...), chineseShapes...)
	for _, s := range all {
		m[s.pattern] = append(m[s.pattern], s.example)
	}
	return m
}

// Prefixes returns positions 1-8 and the year code of every US market prefix.
func Prefixes() map[string]bool {
	m := make(map[string]bool)
	for _, l := range usLines() {
		for _, d := range l.descs {
			m[string(l.text[:3])+string(d[:5])+string(l.text[9])] = true
		}
	}
	return m
}

// Permute exposes the bijection behind Shuffled.
func Permute(n, key uint64) func(uint64) uint64 {
	p := newPermutation(n, key)
	return p.at
}
