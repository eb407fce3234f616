package vin_test

import (
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want vin.Class
		why  string
	}{
		{"", vin.ClassEmpty, "nothing"},
		{"FAHRGESTELLNUMMER", vin.ClassEmpty, "a label of 17 legal symbols"},
		{" \t\u00a0\ufeff", vin.ClassEmpty, "nothing that can be seen"},
		{"\x00\x00\x00", vin.ClassEmpty, "a buffer never written"},
		{"\xff\xff", vin.ClassEmpty, "erased memory"},
		{"VIN:", vin.ClassEmpty, "a label and nothing behind it"},
		{"Chassis No.", vin.ClassEmpty, "the same"},

		{"-", vin.ClassPlaceholder, "a dash"},
		{"---", vin.ClassPlaceholder, "dashes"},
		{"?", vin.ClassPlaceholder, "a question"},
		{"?????????????????", vin.ClassPlaceholder, "17 of them"},
		{"***", vin.ClassPlaceholder, "stars"},
		{"/", vin.ClassPlaceholder, "struck out"},
		{"0", vin.ClassPlaceholder, "a zero"},
		{"0000000", vin.ClassPlaceholder, "zeros"},
		{"00000000000000000", vin.ClassPlaceholder, "17 zeros, which Parse accepts"},
		{"0-0", vin.ClassPlaceholder, "zeros and a dash"},
		{"X", vin.ClassPlaceholder, "an X"},
		{"xxxxxxx", vin.ClassPlaceholder, "small"},
		{"1111111", vin.ClassPlaceholder, "one symbol often"},
		{"N/A", vin.ClassPlaceholder, "not available"},
		{"n.a.", vin.ClassPlaceholder, "with dots"},
		{"#N/A", vin.ClassPlaceholder, "of a spreadsheet"},
		{"NaN", vin.ClassPlaceholder, "of a program"},
		{"null", vin.ClassPlaceholder, "of another"},
		{"NONE", vin.ClassPlaceholder, "English"},
		{"NOT AVAILABLE", vin.ClassPlaceholder, "two words"},
		{"NOT AVAILABLE 123", vin.ClassPlaceholder, "and a number, 17 characters"},
		{"UNKNOWN123456", vin.ClassPlaceholder, "a long word and digits"},
		{"VIN: UNKNOWN", vin.ClassPlaceholder, "behind a label"},
		{"NO VIN", vin.ClassPlaceholder, "before one"},
		{"no chassis number", vin.ClassPlaceholder, "before several"},
		{"TESTVIN1234567890", vin.ClassPlaceholder, "of a programmer, 17 characters"},
		{"TEST1234567890123", vin.ClassPlaceholder, "17 legal symbols"},
		{"OHNE", vin.ClassPlaceholder, "German"},
		{"k.A.", vin.ClassPlaceholder, "German, short"},
		{"keine Angabe", vin.ClassPlaceholder, "German, long"},
		{"SANS NUMÉRO", vin.ClassPlaceholder, "French"},
		{"non communique\u0301", vin.ClassPlaceholder, "French, decomposed"},
		{"INCONNU", vin.ClassPlaceholder, "French"},
		{"SIN", vin.ClassPlaceholder, "Spanish"},
		{"sin número", vin.ClassPlaceholder, "Spanish"},
		{"DESCONHECIDO", vin.ClassPlaceholder, "Portuguese"},
		{"sconosciuto", vin.ClassPlaceholder, "Italian"},
		{"BRAK", vin.ClassPlaceholder, "Polish"},
		{"neznámé", vin.ClassPlaceholder, "Czech"},
		{"okänd", vin.ClassPlaceholder, "Swedish"},
		{"yok", vin.ClassPlaceholder, "Turkish"},
		{"нет", vin.ClassPlaceholder, "Russian"},
		{"б/н", vin.ClassPlaceholder, "Russian, without number"},
		{"НЕ УСТАНОВЛЕН", vin.ClassPlaceholder, "Russian"},
		{"άγνωστο", vin.ClassPlaceholder, "Greek"},
		{"不明", vin.ClassPlaceholder, "Japanese"},
		{"未知", vin.ClassPlaceholder, "Chinese"},
		{"غير معروف", vin.ClassPlaceholder, "Arabic"},

		{accord, vin.ClassVIN, "as it is"},
		{"VIN 1hg-cm8263-3a004352", vin.ClassVIN, "in need of cleaning"},
		{accord + " " + accord, vin.ClassVIN, "twice"},
		{"11111111111111111", vin.ClassVIN, "one symbol, but Parse accepts it; Decode remarks"},
		{"AAAAAAAAAAAAAAAAA", vin.ClassVIN, "the same"},
		{"WF0XXXGCDX1234567", vin.ClassVIN, "three X inside are a maker's filler"},
		{"1HGCM82633A00435", vin.ClassVIN, "one lost"},
		{"1HGCM82633A0043522", vin.ClassVIN, "one too many"},
		{"1HGCM82633AOO4352", vin.ClassVIN, "illegal letters"},
		{"1HGCM826\x003A004352", vin.ClassVIN, "broken inside"},
		{"1HGCM82633AO04352 (VIN)", vin.ClassVIN, "illegal letters, and a label behind"},
		{"1HGCM82633AO04352, 1HGCM82633AO04352", vin.ClassVIN, "twice"},
		{"]A01HGCM82633AO04352", vin.ClassVIN, "behind a bar code reader's identifier"},
		{"Honda Accord, " + accord, vin.ClassVIN, "among words"},

		{"4352", vin.ClassPartial, "short"},
		{"3A004352", vin.ClassPartial, "the rightmost eight"},
		{"3A 004352", vin.ClassPartial, "in groups"},
		{"last six: 004352", vin.ClassPartial, "words"},
		{"PARTIAL 1HGCM8263", vin.ClassPartial, "the word"},
		{"****004352", vin.ClassPartial, "asterisks"},
		{"1HGCM826?3A004352", vin.ClassPartial, "one unknown"},
		{"1HGCM826-3A004352", vin.ClassPartial, "a dash in its place, 17 characters"},
		{"XXXXXXXXXXX004352", vin.ClassPartial, "masked with X, which Parse accepts"},
		{"1HGCM826[38]3A004352", vin.ClassPartial, "set"},
		{"*1HG*", vin.ClassPartial, "fragment"},
		{"1HGCM826O*", vin.ClassPartial, "with an error in it"},

		{"JZX100-0012345", vin.ClassChassis, "frame number of Japan"},
		{"JZX100 0012345", vin.ClassChassis, "without its dash"},
		{"AE86-5001234", vin.ClassChassis, "shorter"},
		{"MX5-1234", vin.ClassChassis, "as short as a tail, but in two parts"},
		{"*AE86-5001234*", vin.ClassChassis, "stamped between asterisks"},
		{"Chassis No: AE86-5001234", vin.ClassChassis, "labelled"},
		{"9111121907", vin.ClassChassis, "digits, from before 1981"},
		{"VS29L51234567", vin.ClassChassis, "Holden"},
		{"00042512110000705", vin.ClassPaddedChassis, "filled up"},
		{"00000000JO1234567", vin.ClassPaddedChassis, "with letters no VIN has"},

		{accord + "," + other, vin.ClassSeveral, "two"},
		{accord + " or " + other, vin.ClassSeveral, "two, and a word"},
		{accord + "; sold as " + other, vin.ClassSeveral, "two, and words"},
		{"AE86-5001234, AE86-5001299", vin.ClassSeveral, "two frame numbers"},
		{"1HGCM82633AO04352, 1HGCM82633AO04353", vin.ClassSeveral, "two damaged ones"},
		{"004352 and 004353", vin.ClassSeveral, "two ends"},
		{accord + " engine F20C1234567", vin.ClassSeveral, "a VIN and an engine"},

		{"ABC", vin.ClassOther, "letters"},
		{"hello", vin.ClassOther, "a word"},
		{"Honda Civic 2004", vin.ClassOther, "words and a year"},
		{"12", vin.ClassOther, "too short for anything"},
		{"🚗", vin.ClassPlaceholder, "a sign"},
		{"½", vin.ClassOther, "no sign"},
		{strings.Repeat("A", 2000), vin.ClassOther, "too long to be looked at"},
	} {
		if got := vin.Classify(tt.raw); got != tt.want {
			t.Errorf("%s: Classify(%.40q) = %v, want %v", tt.why, tt.raw, got, tt.want)
		}
	}
}

// TestClassifyVINs checks that what is parsed is of another class only where
// Classify says so, and that the quick way and the long one agree.
func TestClassifyVINs(t *testing.T) {
	for _, v := range randomVINs(5000) {
		want := vin.ClassVIN
		if v.String() == strings.Repeat("0", vin.Len) {
			want = vin.ClassPlaceholder
		} else if v.At(1) == '0' && v.At(2) == '0' {
			want = vin.ClassPaddedChassis
		}
		if got := vin.Classify(v.String()); got != want {
			t.Errorf("Classify(%v) = %v, want %v", v, got, want)
		}
		if got := vin.Classify(" " + v.String()); got != want {
			t.Errorf("Classify of %v behind a blank = %v, want %v", v, got, want)
		}
	}
	for _, row := range readCases(t) {
		if v, err := vin.Parse(row["input"]); err == nil && vin.Classify(v.String()) != vin.ClassVIN &&
			!strings.HasPrefix(v.String(), "00") {
			t.Errorf("Classify(%v) = %v", v, vin.Classify(v.String()))
		}
	}
}

func TestClassString(t *testing.T) {
	for class, want := range map[vin.Class]string{
		vin.ClassVIN: "vin", vin.ClassPartial: "partial", vin.ClassChassis: "chassis",
		vin.ClassPaddedChassis: "zero_padded_chassis", vin.ClassPlaceholder: "placeholder",
		vin.ClassSeveral: "several", vin.ClassEmpty: "empty", vin.ClassOther: "other", 99: "Class(?)",
	} {
		if got := class.String(); got != want {
			t.Errorf("%d: %s, want %s", class, got, want)
		}
	}
}
