package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/examples/vinmatch/internal/sample"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// TestAlign lays every guess at a read of the sample beside the read: without
// gaps the two rows are the two numbers, and the carets stand under what differs.
func TestAlign(t *testing.T) {
	set := sample.New(sample.Seed)
	reg, err := sheet.OpenRegister(bytes.NewReader(set.Register))
	if err != nil {
		t.Fatal(err)
	}
	idx, err := index.Build(t.Context(), index.Options{OnRefused: func(*index.Refusal) {}}, reg.Records(func(sheet.Problem) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer idx.Close()
	obs, err := sheet.OpenObservations(bytes.NewReader(set.Observations))
	if err != nil {
		t.Fatal(err)
	}
	m := match.New(idx, match.Options{Near: match.Always})
	seen := map[index.Kind]int{}
	n := 0
	for o, err := range obs.All() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%4 != 0 { // a part, which holds everything
			continue
		}
		for _, read := range o.Query.Reads {
			res, err := m.Match(t.Context(), match.Query{Reads: []match.Read{read}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range res.Findings {
				f := &res.Findings[i]
				if f.How != match.Near && f.How != match.Repaired {
					continue
				}
				a := align(f, read.Text)
				if a == nil {
					t.Fatalf("line %d: %v by %v is laid beside nothing: %+v", o.Line, f.How, f.Kind, f.Evidence)
				}
				above, below, marks := []rune(a.Read), []rune(a.Listed), []rune(a.Marks)
				if len(above) != len(below) || len(marks) > len(above) {
					t.Fatalf("line %d: rows of %d and %d characters, %d marks", o.Line, len(above), len(below), len(marks))
				}
				for i := range above {
					marked := i < len(marks) && marks[i] == '^'
					if marked != (above[i] != below[i]) {
						t.Errorf("line %d: character %d of\n%s\n%s\n%s", o.Line, i+1, a.Read, a.Listed, a.Marks)
					}
				}
				if f.Kind == index.KindVIN {
					text, _, err := vin.CleanText(read.Text)
					if err != nil {
						text = read.Text
					}
					if got := strings.ReplaceAll(a.Read, "-", ""); got != strings.ReplaceAll(text, "-", "") {
						t.Errorf("line %d: the row above has %d characters of the read's %d", o.Line, len(got), len(text))
					}
					if strings.ReplaceAll(a.Listed, "-", "") != f.Record.VIN.String() {
						t.Errorf("line %d: the row below is not the listed number", o.Line)
					}
				}
				seen[f.Kind]++
			}
		}
	}
	if seen[index.KindVIN] < 10 || seen[index.KindPlate] < 10 {
		t.Errorf("too few guesses to prove anything: %v", seen)
	}
}

// TestAlignPlates lays plates that have several spellings below reads with one
// error: the row above is the read.
func TestAlignPlates(t *testing.T) {
	for _, tt := range []struct{ country, listed, base string }{
		{"CN", "京A26592", "A26592"},
		{"CN", "京A26592", "京A26592"},
		{"IN", "DL05CARC0923", "DL05CARC0923"},
		{"IN", "DL5CARC0923", "DL5CARC0923"},
		{"IN", "DL05CARC0923", "DL5CARC0923"},
		{"IN", "DL05CRC0923", "DL5CRC0923"},
		{"IN", "DL05CRC0923", "DL05CRC0923"},
		{"DE", "TÜ-AB 123", "TUEAB123"},
		{"BR", "ABC1234", "ABC1C34"},
	} {
		idx, err := index.Build(t.Context(), index.Options{}, index.Records(index.Record{Owner: "FR", ID: "1", Plate: plate.MustParse(tt.country, tt.listed)}))
		if err != nil {
			t.Fatal(err)
		}
		defer idx.Close()
		m := match.New(idx, match.Options{Near: match.Always})
		base := []rune(tt.base)
		var reads []string
		for i := range base {
			for _, c := range "0A" {
				reads = append(reads, string(base[:i])+string(c)+string(base[i:]), string(base[:i])+string(c)+string(base[i+1:]))
			}
			reads = append(reads, string(base[:i])+string(base[i+1:]))
			if i > 0 {
				reads = append(reads, string(base[:i-1])+string(base[i])+string(base[i-1])+string(base[i+1:]))
			}
		}
		n := 0
		for _, read := range reads {
			res, err := m.Match(t.Context(), match.Query{Reads: []match.Read{{Number: index.Number{Kind: index.KindPlate, Country: tt.country, Text: read}}}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range res.Findings {
				f := &res.Findings[i]
				if f.How != match.Near {
					continue
				}
				n++
				a := align(f, read)
				if a == nil {
					t.Errorf("%s: laid beside nothing", read)
					continue
				}
				p, _ := plate.Parse(tt.country, read)
				if got := strings.ReplaceAll(a.Read, "-", ""); got != p.Text() && got != read {
					t.Errorf("%s: the row above is %s, listed %s", read, a.Read, a.Listed)
				}
			}
		}
		if n < 5 {
			t.Errorf("%s: %d guesses", tt.listed, n)
		}
	}
}
