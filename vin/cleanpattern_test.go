package vin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

func TestCleanPattern(t *testing.T) {
	for _, tt := range []struct{ raw, want, why string }{
		{accord, accord, "whole VIN"},
		{"VIN: 1hg-cm8263-3a004352", accord, "whole VIN in need of cleaning"},
		{"XXXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXXX", "17 X are a VIN to Clean"},
		{"WF0XXXGCDX1234567", "WF0XXXGCDX1234567", "so are fillers"},

		{"1HG*4352", "1HG*4352", "a pattern"},
		{"1hg*4352", "1HG*4352", "in small letters"},
		{"１ＨＧ＊４３５２", "1HG*4352", "full width"},
		{"*[8B]4352", "*[8B]4352", "set"},
		{"[004352]", "*004352", "brackets around everything are not one"},
		{"PARTIAL [8B]004352", "*[8B]004352", "set behind a word"},

		{"4352", "*4352", "the end, if nothing else is said"},
		{"3A 004352", "*3A004352", "in groups"},
		{"3A-004352", "*3A004352", "by a dash"},
		{"#4352", "*4352", "number sign"},
		{"VIN# 4352", "*4352", "and label"},
		{"-4352", "*4352", "a list's dash"},
		{"12 last two", "*12", "no count where nothing else is known"},
		{"los últimos 6: 004352", "*004352", "Spanish, with an article"},
		{"les 6 derniers 004352", "*004352", "French, with an article"},
		{"4352.", "*4352", "a full stop"},
		{"'004352", "*004352", "text forced in Excel"},

		{"****004352", "*004352", "asterisks"},
		{"1HGCM82633A00435??", "1HGCM82633A00435*", "more than are missing"},
		{"1HGCM82633A00435---", "1HGCM82633A00435*", "the same in dashes"},
		{"***********004352", "???????????004352", "as many as are missing"},
		{"1HG**************", "1HG??????????????", "Masked's own text"},
		{"*1HG*", "*1HG*", "asterisks on both sides"},
		{"1HG****4352", "1HG*4352", "between"},
		{"1HG**26*3A0043*2", "1HG*26*3A0043*2", "one short of 17: they count nothing"},
		{"1HG**826*3A0043*2", "1HG??826?3A0043?2", "17: they count"},
		{"1HGCM826?3A0043*2", "1HGCM826?3A0043*2", "what is a pattern stays"},
		{"1hgcm826?3a0043*2", "1HGCM826?3A0043?2", "17, and not a pattern as String writes it"},

		{"1HGCM826?3A004352", "1HGCM826?3A004352", "a question mark"},
		{"??4352", "*4352", "at the beginning"},
		{"1HGCM8???", "1HGCM8*", "at the end"},
		{"?3A00?", "*3A00*", "at both"},
		{"43?2", "*43?2", "inside: one symbol"},
		{"1HG???4352", "1HG*4352", "a run inside, not 17: any number"},
		{"•••••••••••004352", "???????????004352", "bullets of a masked field"},
		{"■■4352", "*4352", "blots"},

		{"1HGCM826-3A00----", "1HGCM826?3A00????", "dashes that make 17"},
		{"1HGCM826-3A004352", "1HGCM826?3A004352", "a single one"},
		{"1HGCM826_3A004352", "1HGCM826?3A004352", "an underscore"},
		{"1HGCM826.3A004352", "1HGCM826?3A004352", "a dot"},
		{"1HGCM82633A00435-", "1HGCM82633A00435?", "at the end"},
		{"1HGCM82633A00435.", "*1HGCM82633A00435", "but a dot there is a full stop"},
		{"-1HGCM82633A00435", "*1HGCM82633A00435", "and a dash in front is a list's"},
		{"1HG____________52", "1HG????????????52", "underscores"},
		{"###########004352", "???????????004352", "number signs"},
		{"..4352", "*4352", "dots"},
		{"1HG...4352", "1HG*4352", "between"},
		{"1HG…4352", "1HG*4352", "as one character"},
		{"1HG%4352", "1HG*4352", "SQL"},
		{"1HGCM8 ----", "1HGCM8*", "dashes that do not make 17"},
		{"1HG -- 4352", "1HG*4352", "a dash of two"},
		{"1HG - 4352", "*1HG4352", "a single one parts groups"},

		{"XXXXXXXXXXX004352", "???????????004352", "masked with X, 17"},
		{"1HGXXXXXXXXXXXXXX", "1HG??????????????", "behind"},
		{"xxx4352", "*4352", "masked with X, not 17"},
		{"XX4352", "*XX4352", "two X are symbols"},
		{"WF0XXX*", "WF0XXX*", "and three inside"},

		{"PARTIAL 004352", "*004352", "the word that NICB asks for"},
		{"PARTIAL VIN: 1HG*", "1HG*", "and a pattern"},
		{"partial 1HGCM826?3A004352", "1HGCM826?3A004352", "and one unknown"},
		{"last 6: 004352", "*004352", "a count"},
		{"Last six digits 004352", "*004352", "in words"},
		{"last 6 of the VIN is 004352", "*004352", "a sentence"},
		{"last 4 4352", "*4352", "the count agrees"},
		{"last 4352", "*4352", "no count"},
		{"last6 004352", "*004352", "glued to the word"},
		{"last4 4352", "*4352", "the same"},
		{"last6: 004352", "*004352", "and a colon"},
		{"last 12", "*12", "nothing behind: not a count"},
		{"last 8 4352", "*84352", "neither agrees nor says so: part of the number"},
		{"last 6: 4352", "*4352", "a spreadsheet ate the zeros"},
		{"ends in 43 52", "*4352", "groups are no count"},
		{"ENDING WITH 4352", "*4352", ""},
		{"suffix=4352", "*4352", ""},
		{"first 8: 1HGCM826", "1HGCM826*", ""},
		{"first eight 1HGCM826", "1HGCM826*", ""},
		{"begins with 1hg", "1HG*", ""},
		{"contains 3A00", "*3A00*", ""},
		{"004352 (last six)", "*004352", "behind"},
		{"1HGCM826, first eight", "1HGCM826*", "behind"},
		{"004352 last 6", "*004352", "behind, in digits"},
		{"4352 (last 4)", "*4352", "in brackets"},
		{"004352 letzte 6 Ziffern", "*004352", "German"},
		{"3A004352 dernier 8", "*3A004352", "French"},
		{"3A-004352 last 8", "*3A004352", "in groups"},
		{"1HGCM826 first 8 digits", "1HGCM826*", "the first ones"},
		{"begins with 1HG and ends in 4352", "1HG*4352", "both"},
		{"last 4 4352, first 3 1HG", "1HG*4352", "both, the other way round"},
		{"1HG, last four 4352", "1HG*4352", "only one is said"},
		{"begins 1HG, contains 3A, ends 4352", "1HG*3A*4352", "three"},
		{"1HG and last four 4352", "1HG*4352", "only one is said, and a word between"},
		{"1HG and 4352 (last four)", "1HG*4352", "behind"},
		{"ends 004352 or 004352", "*004352", "the same once more"},
		{"3A-0[04]4352 and 3A-0[04]4352", "*3A0[04]4352", "without a word"},
		{"004352 and", "*004352", "nothing behind the word"},
		{"letzte 6 Ziffern: 004352", "*004352", "German"},
		{"FIN endet auf 4352", "*4352", "German"},
		{"beginnt mit 1HG", "1HG*", "German"},
		{"6 derniers chiffres : 004352", "*004352", "French"},
		{"se termine par 4352", "*4352", "French: SE are not symbols where words speak"},
		{"commence par 1HG", "1HG*", "French"},
		{"últimos 6: 004352", "*004352", "Spanish"},
		{"termina en 4352", "*4352", "Spanish"},
		{"ultime 6 cifre 004352", "*004352", "Italian"},
		{"laatste 6: 004352", "*004352", "Dutch"},
		{"последние 6 цифр: 004352", "*004352", "Russian"},
		{"后6位：004352", "*004352", "Chinese"},
	} {
		p, edits, err := vin.CleanPattern(tt.raw)
		if err != nil || p.String() != tt.want {
			t.Errorf("%s: CleanPattern(%q) = %v, %v; want %s", tt.why, tt.raw, p, err, tt.want)
			continue
		}
		if (len(edits) == 0) != (tt.raw == tt.want) {
			t.Errorf("%s: CleanPattern(%q) has edits %v", tt.why, tt.raw, edits)
		}
		again, edits, err := vin.CleanPattern(tt.want)
		if again != p || edits != nil || err != nil {
			t.Errorf("%s: again: %v, %v, %v", tt.raw, again, edits, err)
		}
	}
}

func TestCleanPatternErrors(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		kind vin.Kind
		pos  int
		why  string
	}{
		{"", vin.Empty, 1, "nothing"},
		{"*", vin.Empty, 1, "nothing known"},
		{"?????????????????", vin.Empty, 1, "nothing known"},
		{"PARTIAL", vin.Empty, 1, "only a word"},
		{"4O52", vin.BadChar, 2, "O is not repaired"},
		{"last 6: 0O4352", vin.BadChar, 10, "also behind words"},
		{"somewhere 4352", vin.BadChar, 2, "a word that says nothing"},
		{"1HG(CM)8", vin.BadChar, 4, "brackets inside"},
		{"1HG [8b] *", vin.BadChar, 5, "a set that touches nothing is not one"},
		{"1HG,4352", vin.BadChar, 4, "a comma inside"},
		{"43\x0052", vin.BadChar, 3, "NUL inside"},
		{"43²2", vin.BadChar, 3, "a superscript"},
		{"43\xff52", vin.InvalidUTF8, 3, "no text"},
		{"1HG[OQ]*", vin.EmptySet, 4, "nothing can match"},
		{"last 6 8[O]*", vin.EmptySet, 9, "the position is in the text"},
		{"1HG[9-1]*", vin.BadSet, 6, "a range backwards"},
		{"1HGCM82633A0043522", vin.TooLong, 18, "18"},
		{"ends in 1HGCM82633A004352 2", vin.TooLong, 27, "18 behind words"},
		{"begins 1HG, begins 2HG", vin.Several, 20, "two beginnings"},
		{"004352 and 004353", vin.Several, 12, "two ends"},
		{"004352 et 004353", vin.Several, 11, "in French"},
		{"004352 oder 004353", vin.Several, 13, "in German"},
		{"ends 004352 or 004353", vin.Several, 16, "behind a word"},
		{"starts with WBA or WBS", vin.Several, 20, "two beginnings by one word"},
		{"1HG and 4352 and last 4 4353", vin.Several, 9, "three places"},
		{accord + " " + other, vin.Several, 19, "two VINs"},
		{strings.Repeat("*", 1025), vin.Oversize, 1025, "too long to be read"},
	} {
		p, edits, err := vin.CleanPattern(tt.raw)
		var e *vin.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Pos != tt.pos || p.IsValid() || edits != nil {
			t.Errorf("%s: CleanPattern(%.40q) = %v, %v, %v; want %v at %d", tt.why, tt.raw, p, edits, err, tt.kind, tt.pos)
		}
	}
}

func TestCleanPatternEdits(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want vin.Edits
	}{
		{"1hgcm826-3A00--??", vin.Edits{
			{Kind: vin.FoldedCase, Pos: 2, N: 1, From: 'h', To: 'H'},
			{Kind: vin.FoldedCase, Pos: 3, N: 1, From: 'g', To: 'G'},
			{Kind: vin.FoldedCase, Pos: 4, N: 1, From: 'c', To: 'C'},
			{Kind: vin.FoldedCase, Pos: 5, N: 1, From: 'm', To: 'M'},
			{Kind: vin.ReadUnknown, Pos: 9, N: 1, From: '-', To: '?'},
			{Kind: vin.ReadUnknown, Pos: 14, N: 2, From: '-', To: '?'},
		}},
		{"last 4: 43 52.", vin.Edits{
			{Kind: vin.DroppedLabel, Pos: 1, N: 4, From: 'l'},
			{Kind: vin.DroppedSeparator, Pos: 5, N: 1, From: ' '},
			{Kind: vin.DroppedLabel, Pos: 6, N: 1, From: '4'},
			{Kind: vin.DroppedDelimiter, Pos: 7, N: 1, From: ':'},
			{Kind: vin.DroppedSeparator, Pos: 8, N: 1, From: ' '},
			{Kind: vin.AddedStar, Pos: 9, To: '*'},
			{Kind: vin.DroppedSeparator, Pos: 11, N: 1, From: ' '},
			{Kind: vin.DroppedSeparator, Pos: 14, N: 1, From: '.'},
		}},
		{"...[8b]4", vin.Edits{
			{Kind: vin.ReadUnknown, Pos: 1, N: 3, From: '.', To: '*'},
			{Kind: vin.FoldedCase, Pos: 6, N: 1, From: 'b', To: 'B'},
		}},
	} {
		_, got, err := vin.CleanPattern(tt.raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("CleanPattern(%q): edits (-want +got):\n%s", tt.raw, diff)
		}
	}
}

// What a text of numbers behind a word costs grows with it, not with its square.
func TestCleanPatternOfManyNumbers(t *testing.T) {
	cost := func(n int) time.Duration {
		raw := "last" + strings.Repeat(" 1", n)
		best := time.Hour
		for range 20 {
			began := time.Now()
			for range 500 / n {
				_, _, _ = vin.CleanPattern(raw)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	if short, long := cost(25), cost(500); long > 4*short {
		t.Errorf("500 numbers take %v, 20 times 25 numbers %v", long, short)
	}
}
