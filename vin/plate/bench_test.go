package plate_test

import (
	"testing"

	"github.com/vinmatch/vinmatch/vin/plate"
)

func BenchmarkParse(b *testing.B) {
	for _, bc := range []struct{ name, country, raw string }{
		{"ASCII", "GB", "AB-12 cde"},
		{"sign", "D", "M-AB 1234"},
		{"umlaut", "DE", "TÜ-AB 123"},
		{"Cyrillic", "RU", "А123ВС77"},
		{"Serbian", "RS", "НС-123-АБ"},
		{"Saudi", "SA", "ح ن ط ٧٦٥٣"},
		{"Chinese", "CN", "粵B·12345"},
		{"Japanese", "JP", "品川 500 ｶﾞ 12-34"},
		{"Korean", "KR", "12\u1100\u1161 3456"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plate.Parse(bc.country, bc.raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDistance(b *testing.B) {
	p, q := plate.MustParse("US", "5ABC113"), plate.MustParse("US", "SA8CH3")
	for b.Loop() {
		plate.Distance(p, q)
	}
}

func BenchmarkBits(b *testing.B) {
	for _, country := range []string{"ZW", "GB", "US", "PL"} {
		p := plate.MustParse(country, "ABC1234")
		b.Run(country, func(b *testing.B) {
			for b.Loop() {
				p.Bits()
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	p := plate.MustParse("GB", "AB12 CDE")
	for _, s := range []string{"AB12*", "*CDE", "X*", "A?[1I]#*"} {
		pat, err := plate.ParsePattern("GB", s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				pat.Match(p)
			}
		})
	}
}

func BenchmarkAliases(b *testing.B) {
	for _, s := range [][2]string{{"GB", "AB12CDE"}, {"DE", "TUAB123"}, {"DE", "HHAB1234"}, {"IN", "MH1AB12"}} {
		p := plate.MustParse(s[0], s[1])
		b.Run(s[0]+s[1], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range p.Aliases() {
				}
			}
		})
	}
}
