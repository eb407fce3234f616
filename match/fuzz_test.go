package match_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// FuzzMatch asks with any bytes: there is an answer, the same one twice; a
// read that leads nowhere has a remark that says why; probabilities and evidence
// keep their promises; and remarks show no whole VIN.
func FuzzMatch(f *testing.F) {
	for _, text := range []string{
		accord, golf, ones, skyline, "1HGCM82633AOO4352", "1HG CM826-33A004352", golf[:16], "2G1WB5E73E1110567",
		"N/A", "", "***004352", accord + " " + golf, "JZX100-0012345", "00042512110000705", "AB12 CDE", "TÜ-AB 123",
		"京A12345", "none", "\xff\xfe", "1НGСM82633А004352", strings.Repeat("1", 5000),
	} {
		f.Add(uint8(index.KindVIN), "", text, "", "VW")
		f.Add(uint8(index.KindPlate), "D", text, "AB12CDE", "")
		f.Add(uint8(index.KindChassis), "", text, accord, "BMW")
		f.Add(uint8(index.KindDocument), "FR", text, "", "\xff")
	}
	m := registerWith(
		f, match.Options{Near: match.Always}, withVIN(accord), withVIN(golf), withVIN(golf2), withVIN(malibu), withVIN(ones), withVIN("00042512110000705"),
		withPlate("GB", "AB12CDE"), withPlate("DE", "TÜ-AB 123"), withPlate("CN", "京A12345"), withPlate("", "AB12CDE"),
		withNumber(index.KindChassis, "", "JZX100-0012345"), withNumber(index.KindChassis, "", "PV35-400637"),
		withNumber(index.KindEngine, "", "NONE"), withNumber(index.KindDocument, "FR", "2011AB12345"),
		index.Record{VIN: vin.MustParse(accord), Plate: plate.MustParse("FR", "AB123CD"), Make: "Honda", ModelYear: 2003},
	)
	f.Fuzz(func(t *testing.T, kind uint8, country, text, plate, make string) {
		k := index.KindVIN + index.Kind(kind)%(index.KindDocument-index.KindVIN+1)
		q := and(readIn(k, country, text), readIn(index.KindPlate, "", plate))
		q.Channel = match.Channel(kind)
		q.Reads[0].Score = float64(kind%3) / 2
		q.Claim = match.Claim{Make: make, ModelYear: 2003, Country: country, Colour: make}
		r := ask(t, m, q)
		if d := cmp.Diff(r, ask(t, m, q), comparers); d != "" {
			t.Fatalf("two answers:\n%s", d)
		}
		own, _, err := vin.Clean(text)
		for _, remark := range r.Remarks {
			if remark.Text == "" || len(remark.Text) > 300 {
				t.Errorf("remark %v says %q", remark.Code, remark.Text)
			}
			repeats := remark.Code == match.RemarkClaimMake || remark.Code == match.RemarkCountry // what else was said
			if err == nil && !repeats && strings.Contains(remark.Text, own.String()) {
				t.Errorf("remark %v shows the VIN", remark.Code)
			}
		}
		holds(t, r)
		if k == index.KindVIN && err != nil && len(r.Findings) == 0 && len(r.Remarks) == 0 {
			t.Errorf("%q cannot be read and nothing is said", text)
		}
	})
}
