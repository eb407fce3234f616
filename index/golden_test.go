package index_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

var updateGolden = flag.Bool("updategolden", false, "write the snapshot that TestGolden compares with anew")

// golden is a snapshot as version 1 of the format has it.
const golden = "testdata/version1.vmx"

// goldenRecords have something for every section.
var goldenRecords = []index.Record{
	{
		Owner: "FR", ID: "2026-118", Version: 3, VIN: vin.MustParse("VF3CCHMZ6FT123456"),
		Plate: plate.MustParse("FR", "AB-123-CD"), Type: index.Car, Status: index.Stolen,
		Make: "Peugeot", ModelYear: 2015, Colour: "gris", Stolen: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		Tags: []string{"export", "ports"},
	},
	{Owner: "DE", ID: "77", Version: 1 << 40, VIN: vin.MustParse("VF3CCHMZ6FT123456"), Type: index.Car, Status: index.Wanted},
	{
		Owner: "DE", ID: "78", VIN: vin.MustParse("WVWZZZ1KZAW612305"), Plate: plate.MustParse("DE", "TÜ-AB 12"),
		Make: "VW", ModelYear: 2010, Colour: "schwarz", Numbers: []index.Number{
			{Kind: index.KindVIN, Text: "1HGCM82633A004352"},
			{Kind: index.KindEngine, Text: "CBZB 123456"},
		},
	},
	{Owner: "JP", ID: "x", VIN: vin.MustParse("7A8CH0JR000000001"), Plate: plate.MustParse("JP", "品川 500 さ 12-34")},
	{Owner: "IT", ID: "B-9", Type: index.Boat, Status: index.Stolen, Numbers: []index.Number{{Kind: index.KindHull, Text: "IT-ABC12345D696"}}},
	{Owner: "IT", ID: "B-10", Type: index.Document, Numbers: []index.Number{{Kind: index.KindDocument, Country: "IT", Text: "a number of far too many letters to pack"}}},
	{Owner: "Insurers00000016", ID: "gone", Version: 1, Plate: plate.MustParse("", "HC 123 ШЖ")},
}

// The format is what it was, on every system. Where this fails because the format
// changed, what was saved before cannot be read any more: that takes a new
// version, or, before there is a release, -updategolden.
func TestGolden(t *testing.T) {
	x := mustBuild(t, index.Options{Seed: 1, KeepWithdrawn: 200 * 365 * 24 * time.Hour}, goldenRecords)
	gone := goldenRecords[len(goldenRecords)-1]
	gone.Version++
	_, err := x.Apply(index.Position{Lineage: [16]byte{1, 2, 15: 16}, Seq: 1<<32 + 7}, []index.Change{{
		By: gone.Owner, Op: index.Withdraw, Record: gone, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}})
	if err != nil {
		t.Fatal(err)
	}
	b := saved(t, x)
	if *updateGolden {
		if err := os.WriteFile(golden, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := mustRead(t, golden)
	if !bytes.Equal(b, want) {
		f, g := takeApart(b), takeApart(want)
		for i := range min(len(f.sections), len(g.sections)) {
			if a, b := f.sections[i], g.sections[i]; a.name != b.name || a.item != b.item || a.note != b.note || !bytes.Equal(a.data, b.data) {
				t.Errorf("section %q differs", b.name)
			}
		}
		t.Fatalf("%d bytes and %d sections, want %d and %d", len(b), len(f.sections), len(want), len(g.sections))
	}
	y, err := index.Open(golden, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if at := y.View().Position(); at != x.View().Position() || y.Stats().Tombstones != 1 {
		t.Errorf("position %v, %d withdrawals", at, y.Stats().Tombstones)
	}
	o := newOracle(goldenRecords[:len(goldenRecords)-1])
	checkView(t, rand.New(rand.NewPCG(1, 2)), y.View(), o)
}
