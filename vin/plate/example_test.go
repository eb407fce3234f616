package plate_test

import (
	"errors"
	"fmt"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func ExampleParse() {
	for _, raw := range []struct{ country, text string }{
		{"UK", "ab12 cde"},
		{"D", "TÜ-AB 123"},
		{"RUS", "А123ВС 77"},
		{"SRB", "НС-123-АБ"},
		{"KSA", "ح ن ط ٧٦٥٣"},
		{"CN", "粵B·12345"},
		{"", "№ AB12™CDE"},
	} {
		p, err := plate.Parse(raw.country, raw.text)
		fmt.Println(p, err)
	}
	// Output:
	// GB AB12CDE <nil>
	// DE TUAB123 <nil>
	// RU A123BC77 <nil>
	// RS NS123AB <nil>
	// SA TNJ7653 <nil>
	// CN 粤B12345 <nil>
	// AB12CDE <nil>
}

func ExampleParse_error() {
	_, err := plate.Parse("GB", "AB12\xffCDE")
	fmt.Println(err)
	fmt.Println(errors.Is(err, plate.InvalidUTF8))
	// Output:
	// plate: position 5: invalid UTF-8
	// true
}

func ExampleParseCountry() {
	for _, s := range []string{"gb", "GBR", "UK", "D", "BIH", "XYZ"} {
		iso2, ok := plate.ParseCountry(s)
		fmt.Println(s, iso2, ok)
	}
	// Output:
	// gb GB true
	// GBR GB true
	// UK GB true
	// D DE true
	// BIH BA true
	// XYZ  false
}

// A register lists a plate under its own text and those of its aliases, and
// finds it under each.
func ExamplePlate_Aliases() {
	register := map[plate.Plate]string{}
	list := func(p plate.Plate, id string) {
		register[p] = id
		for a := range p.Aliases() {
			register[a] = id
		}
	}
	list(plate.MustParse("DE", "TÜ-AB 123"), "first")
	list(plate.MustParse("IN", "MH 1 AB 12"), "second")

	fmt.Println(register[plate.MustParse("D", "TUE AB 123")])
	fmt.Println(register[plate.MustParse("IND", "MH-01-AB-0012")])
	// Output:
	// first
	// second
}

// A plate of Cyrillic letters whose country is not known is looked for both by
// the looks of its letters and as Serbia writes them.
func ExamplePlate_Aliases_unknownCountry() {
	p := plate.MustParse("", "НС-123-АБ")
	fmt.Println(p)
	for a := range p.Aliases() {
		fmt.Println(a)
	}
	// Output:
	// HC123AБ
	// NS123AB
}

func ExampleEquivalents() {
	listed := plate.MustParse("US", "ABC123")
	for _, read := range []string{"A8C123", "A8CIZ3", "ABC124"} {
		n, ok := plate.Equivalents(listed, plate.MustParse("US", read))
		fmt.Println(read, n, ok)
	}
	// Output:
	// A8C123 1 true
	// A8CIZ3 3 true
	// ABC124 0 false
}

func ExamplePlate_Skeleton() {
	fmt.Println(plate.MustParse("US", "ABC1Z3").Skeleton())
	fmt.Println(plate.MustParse("US", "A8CI23").Skeleton())
	// Output:
	// US A8C123
	// US A8C123
}

func ExampleDistance() {
	listed, read := plate.MustParse("US", "5ABC113"), plate.MustParse("US", "SA8CH3")
	fmt.Println(plate.Distance(listed, read))
	fmt.Println(plate.Distance(listed.Skeleton(), read.Skeleton()))
	// Output:
	// 4
	// 2
}

func ExampleParsePattern() {
	p, err := plate.ParsePattern("GB", "ab?2 [c6]*")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p)
	fmt.Println(p.Match(plate.MustParse("GB", "AB12 CDE")))
	fmt.Println(p.Match(plate.MustParse("GB", "AB12 DEF")))
	// Output:
	// AB?2[6C]*
	// true
	// false
}

func ExamplePlate_Propose() {
	for _, raw := range []string{"AB12 C0E", "GB AB12 CDE", "AB12 CDE"} {
		q, ok := plate.MustParse("GB", raw).Propose()
		fmt.Println(q.Text(), ok)
	}
	// Output:
	// AB12COE true
	// AB12CDE true
	//  false
}

// A chance match is likelier on a short or narrow plate.
func ExamplePlate_Bits() {
	for _, raw := range []string{"A123 BCD", "AB12 CDE", "!A1?"} {
		bits, fits := plate.MustParse("GB", raw).Bits()
		fmt.Printf("%s %.0f %v\n", raw, bits, fits)
	}
	// Output:
	// A123 BCD 28 true
	// AB12 CDE 30 true
	// !A1? 28 true
}

// Logs show only the first two characters.
func ExamplePlate_Masked() {
	fmt.Println(plate.MustParse("GB", "AB12 CDE").Masked())
	// Output: GB AB*****
}
