package vin_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

const other = "JHMCM56557C404453"

func TestClean(t *testing.T) {
	for _, tt := range []struct{ raw, why string }{
		{accord, "as it is"},
		{"1hgcm82633a004352", "either case"},
		{"  1HGCM82633A004352\t\r\n", "blanks"},
		{"1HG CM82633 A 004352", "groups"},
		{"1 H G C M 8 2 6 3 3 A 0 0 4 3 5 2", "boxes of a form"},
		{"1HGCM826\n33A004352", "a line broken in two"},
		{"1HG–CM8263—3A004352", "dashes that word processors make"},
		{"1HG−CM8263‐3A00ー4352", "minus, hyphen, Japanese long vowel"},
		{"1HG.CM8263/3A_004352", "dots, slashes, underscores"},
		{"1HG\u00a0CM8\u202f2633A004352", "no-break spaces"},
		{"1HGCM8\u00ad2633A004352", "soft hyphen"},
		{"1HGCM8\ufe0f2633\u2060A004352", "variation selector, word joiner"},
		{"\ufeff\u202a1HGCM82633A004352\u202c", "byte order mark, embedding"},
		{"*1HGCM82633A004352*", "Code 39 shows its start and stop"},
		{"1HGCM82633A004352*", "SAE J1939 ends a VIN so"},
		{"I1HGCM82633A004352", "bar code of an import"},
		{"*I1HGCM82633A004352*", "the same with its asterisks"},
		{"]A01HGCM82633A004352", "symbology identifier of Code 39"},
		{"]d2I1HGCM82633A004352", "of Data Matrix, and an I"},
		{"\x021HGCM82633A004352\x03", "STX and ETX of a scanner"},
		{"\x01\x00\x001HGCM82633A004352", "OBD counts its messages and fills with NUL"},
		{"1HGCM82633A004352\xff\xff", "UDS fills with 0xFF"},
		{"1HGCM82633A004352ÿÿ", "the same, decoded as Latin-1"},
		{"1HGCM82633A004352\ufffd", "the same, through a lossy decoder"},
		{`="1HGCM82633A004352"`, "text forced in Excel"},
		{"'1HGCM82633A004352", "the other way"},
		{`"""1HGCM82633A004352"""`, "CSV quoted twice"},
		{"„1HGCM82633A004352“", "German quotes"},
		{"(1HGCM82633A004352);", "brackets"},
		{"★1HGCM82633A004352☆", "stamped stars"},
		{"🚗 1HGCM82633A004352", "emoji"},
		{"１ＨＧＣＭ８２６３３Ａ００４３５２", "full width"},
		{"１ｈｇｃｍ８２６３３ａ００４３５２", "full width, small"},
		{"1НGСМ82633А004352", "Cyrillic En, Es, Em, A"},
		{"1hgсm82633а004352", "small Cyrillic"},
		{"1ΗGCΜ82633Α004352", "Greek Eta, Mu, Alpha"},
		{"١HGCM٨٢٦٣٣A٠٠٤٣٥٢", "Arabic-Indic digits"},
		{"𝟏HGCM8𝟚633A004352", "mathematical digits are decimal digits"},
		{"VIN1HGCM82633A004352", "label without a gap"},
		{"V.I.N. 1HGCM82633A004352", "with dots"},
		{"V I N: 1HGCM82633A004352", "with blanks"},
		{"VIN NO. 1HGCM82633A004352", "two labels"},
		{"VIN#: 1HGCM82633A004352", "signs"},
		{"VIN 1: 1HGCM82633A004352", "counted label"},
		{"VIN: I1HGCM82633A004352", "label and bar code I"},
		{"VIN: *1HGCM82633A004352*", "label and asterisks"},
		{"(VIN) 1HGCM82633A004352", "label in brackets"},
		{"1HGCM82633A004352 (VIN)", "label behind"},
		{"E: 1HGCM82633A004352", "field of the registration certificate"},
		{"(E) 1HGCM82633A004352", "as printed in it"},
		{"Fahrgestellnummer 1HGCM82633A004352", "a label of 17 legal symbols"},
		{"Fahrzeug-Identifizierungsnummer (FIN): 1HGCM82633A004352", "German, in full"},
		{"N° de série : 1HGCM82633A004352", "French"},
		{"Nume\u0301ro de cha\u0302ssis 1HGCM82633A004352", "French, decomposed"},
		{"Nº DE BASTIDOR 1HGCM82633A004352", "Spanish"},
		{"Numero di telaio: 1HGCM82633A004352", "Italian"},
		{"Nr nadwozia 1HGCM82633A004352", "Polish"},
		{"Şasi No: 1HGCM82633A004352", "Turkish"},
		{"VIN-код 1HGCM82633A004352", "Russian"},
		{"Номер кузова: 1HGCM82633A004352", "Russian, letters that look Latin among others"},
		{"Αριθμός πλαισίου 1HGCM82633A004352", "Greek with accents"},
		{"车架号：1HGCM82633A004352", "Chinese"},
		{"車台番号 1HGCM82633A004352", "Japanese"},
		{"차대번호: 1HGCM82633A004352", "Korean"},
		{"رقم الهيكل: 1HGCM82633A004352", "Arabic"},
		{"מספר שלדה 1HGCM82633A004352", "Hebrew"},
		{"1HGCM82633A004352 1HGCM82633A004352", "twice"},
		{"1HGCM82633A0043521HGCM82633A004352", "twice without a gap"},
		{"1HGCM82633A004352;1hg cm82633a004352,", "twice, not alike"},
		{"VIN: 1HGCM82633A004352 / FIN: I1HGCM82633A004352", "twice, labelled, once as a bar code"},
		{"1HGCM82633A004352\n1HGCM82633A004352\n1HGCM82633A004352\n", "three lines"},
	} {
		v, edits, err := vin.Clean(tt.raw)
		if err != nil || v.String() != accord {
			t.Errorf("%s: Clean(%q) = %v, %v", tt.why, tt.raw, v, err)
			continue
		}
		if (len(edits) == 0) != (tt.raw == accord) {
			t.Errorf("%s: Clean(%q) has edits %v", tt.why, tt.raw, edits)
		}
		checkEdits(t, tt.raw, v.String(), edits)
	}
}

func TestCleanErrors(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		kind vin.Kind
		pos  int
		why  string
	}{
		{"", vin.Empty, 1, "nothing"},
		{" \u200b-\x00", vin.Empty, 1, "nothing but what is dropped"},
		{"1HGCM82633A00435", vin.TooShort, 17, "one lost"},
		{"1HGCM82633A00435 ", vin.TooShort, 17, "one lost, and a blank"},
		{"VIN: 1HGCM82633A00435", vin.TooShort, 22, "behind a label"},
		{"1HGCM82633A0043522", vin.TooLong, 18, "one too many"},
		{"E1HGCM82633A004352", vin.TooLong, 18, "a label of one letter must stand alone"},
		{"1HGCM82633A004352 Honda", vin.TooLong, 19, "a word that is no label"},
		{"1HGCM82633AOO4352", vin.BadChar, 12, "O is not repaired"},
		{"IHGCM82633A004352", vin.BadChar, 1, "I as one of 17 is not a bar code's"},
		{"II1HGCM82633A004352", vin.BadChar, 1, "one I only"},
		{"1HGCM82633A00435²", vin.BadChar, 17, "a superscript is a footnote"},
		{"1HGCM82633A00435②", vin.BadChar, 17, "enclosed digits are no decimal digits"},
		{"Ⓐ1HGCM82633A004352", vin.BadChar, 1, "an enclosed letter is not a star"},
		{"1HGСM826З3A004352", vin.BadChar, 9, "Cyrillic Ze looks like 3, which is a guess"},
		{"1H̶GCM82633A004352", vin.BadChar, 3, "struck through"},
		{"1HGCM82633A0043É2", vin.BadChar, 16, "a letter with an accent"},
		{"1HGCM826?3A004352", vin.BadChar, 9, "unknown symbol"},
		{"1HGCM82633A004352?", vin.BadChar, 18, "doubt is not dropped"},
		{"1HGCM*2633A004352", vin.BadChar, 6, "an asterisk inside stands for something"},
		{"1HG,CM82633A004352", vin.BadChar, 4, "a comma parts numbers"},
		{"1HG🚗CM82633A004352", vin.BadChar, 4, "emoji inside"},
		{"1HGCM826\x003A004352", vin.BadChar, 9, "NUL inside"},
		{"1HGCM82633A00\xff4352", vin.InvalidUTF8, 14, "0xFF inside"},
		{"1HGCM82633A00435\xe9", vin.InvalidUTF8, 17, "Latin-1"},
		{"\xed\xa0\x801HGCM82633A004352", vin.InvalidUTF8, 1, "a surrogate"},
		{"FRAME 1234567890AB", vin.TooShort, 19, "a label that would make up 17"},
		{"letzte sechs 004352", vin.BadChar, 7, "words that would"},
		{"last seven CA004352", vin.BadChar, 5, "without a label's look"},
		{"004352 letzte sechs", vin.BadChar, 7, "behind the digits"},
		{"123456 and 12345678", vin.BadChar, 7, "between two numbers"},
		{"1HGCM82633A00435 sold", vin.BadChar, 19, "the beginning of a word that ends as a label"},
		{"NUMBERS LATER THERE", vin.BadChar, 8, "17 letters of words"},
		{accord + " " + other, vin.Several, 19, "two"},
		{accord + "/" + other, vin.Several, 19, "two, parted by what may stand inside one"},
		{"VIN1: " + accord + " VIN2: " + other, vin.Several, 31, "two, counted"},
		{accord + "," + accord + "," + other, vin.Several, 37, "the third differs"},
		{accord + " was " + other, vin.Several, 23, "two, among other words"},
		{"1HGCM82633A004352\u200b5", vin.TooLong, 19, "one, with a symbol that only seems apart"},
		{strings.Repeat(" ", 1024) + accord, vin.Oversize, 1025, "far away"},
		{strings.Repeat("é", 1025), vin.Oversize, 1025, "characters, not bytes"},
		{strings.Repeat("A", 10<<20), vin.Oversize, 1025, "10 MB"},
	} {
		v, edits, err := vin.Clean(tt.raw)
		var e *vin.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Pos != tt.pos || v.IsValid() || edits != nil {
			t.Errorf("%s: Clean(%.40q) = %v, %v, %v; want %v at %d", tt.why, tt.raw, v, edits, err, tt.kind, tt.pos)
		}
		if !errors.Is(err, tt.kind) {
			t.Errorf("%s: errors.Is(%v, %v) = false", tt.why, err, tt.kind)
		}
	}
}

func TestCleanEdits(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want vin.Edits
	}{
		{accord, nil},
		{"VIN: 1hgcm82633А004352  ", vin.Edits{
			{Kind: vin.DroppedLabel, Pos: 1, N: 3, From: 'V'},
			{Kind: vin.DroppedDelimiter, Pos: 4, N: 1, From: ':'},
			{Kind: vin.DroppedSeparator, Pos: 5, N: 1, From: ' '},
			{Kind: vin.FoldedCase, Pos: 7, N: 1, From: 'h', To: 'H'},
			{Kind: vin.FoldedCase, Pos: 8, N: 1, From: 'g', To: 'G'},
			{Kind: vin.FoldedCase, Pos: 9, N: 1, From: 'c', To: 'C'},
			{Kind: vin.FoldedCase, Pos: 10, N: 1, From: 'm', To: 'M'},
			{Kind: vin.FoldedLookalike, Pos: 16, N: 1, From: 'А', To: 'A'},
			{Kind: vin.DroppedSeparator, Pos: 23, N: 2, From: ' '},
		}},
		{"\x00\ufeffI1HGCM８2633A00435٢, " + accord, vin.Edits{
			{Kind: vin.DroppedPadding, Pos: 1, N: 1},
			{Kind: vin.DroppedInvisible, Pos: 2, N: 1, From: '\ufeff'},
			{Kind: vin.DroppedBarcode, Pos: 3, N: 1, From: 'I'},
			{Kind: vin.FoldedWidth, Pos: 9, N: 1, From: '８', To: '8'},
			{Kind: vin.FoldedDigit, Pos: 20, N: 1, From: '٢', To: '2'},
			{Kind: vin.DroppedDelimiter, Pos: 21, N: 1, From: ','},
			{Kind: vin.DroppedSeparator, Pos: 22, N: 1, From: ' '},
			{Kind: vin.DroppedRepeat, Pos: 23, N: 17, From: '1'},
		}},
	} {
		_, got, err := vin.Clean(tt.raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Clean(%q): edits (-want +got):\n%s", tt.raw, diff)
		}
	}
}

func TestEditString(t *testing.T) {
	for _, tt := range []struct {
		edit vin.Edit
		want string
	}{
		{vin.Edit{Kind: vin.DroppedSeparator, Pos: 4, N: 1, From: ' '}, "position 4: dropped separator ' '"},
		{vin.Edit{Kind: vin.DroppedLabel, Pos: 1, N: 3, From: 'V'}, "position 1: dropped label 'V' and 2 more"},
		{vin.Edit{Kind: vin.DroppedPadding, Pos: 18, N: 3}, "position 18: dropped padding and 2 more"},
		{vin.Edit{Kind: vin.FoldedLookalike, Pos: 2, N: 1, From: 'Η', To: 'H'}, "position 2: folded lookalike 'Η' to 'H'"},
		{vin.Edit{Kind: vin.ReadUnknown, Pos: 14, N: 4, From: '-', To: '?'}, "position 14: read unknown '-' and 3 more to '?'"},
		{vin.Edit{Kind: vin.AddedStar, Pos: 1, To: '*'}, "position 1: added star '*'"},
		{vin.Edit{Kind: vin.Transposed, Pos: 8, N: 2, From: '3', To: '7'}, "position 8: transposed '3' and '7'"},
		{vin.Edit{Kind: vin.Restored, Pos: 10, To: '3'}, "position 10: restored '3'"},
		{vin.Edit{Kind: vin.EditKind(200), Pos: 1}, "position 1: EditKind(200)"},
	} {
		if got := tt.edit.String(); got != tt.want {
			t.Errorf("%#v: %s, want %s", tt.edit, got, tt.want)
		}
	}
	two := vin.Edits{{Kind: vin.Removed, Pos: 1, N: 1, From: '1'}, {Kind: vin.FoldedCase, Pos: 2, N: 1, From: 'h', To: 'H'}}
	if got, want := two.String(), "position 1: removed '1'; position 2: folded case 'h' to 'H'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if vin.DroppedRepeat.IsGuess() || vin.AddedStar.IsGuess() || !vin.Substituted.IsGuess() || !vin.Removed.IsGuess() {
		t.Error("IsGuess is not true of the kinds of Repairs alone")
	}
}

func TestEditsLog(t *testing.T) {
	_, edits, err := vin.Clean("１ＨＧＣＭ８２６３３Ａ００４３５２ 1HGCM82633A004352")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	handlers := []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)}
	for _, h := range handlers {
		slog.New(h).Info("x", "edits", edits, "first", edits[0], "none", vin.Edits(nil))
	}
	for _, want := range []string{
		`edits="folded_width at 1; folded_width at 2; `, "dropped_repeat at 19", `"first":"folded_width at 1","none":""`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if strings.ContainsAny(out.String(), "ＨＧＣＭ") || strings.Contains(out.String(), "'") {
		t.Errorf("the log shows characters:\n%s", &out)
	}
}

// TestCleanEveryCharacter puts each character of Unicode into a VIN and before
// one, and holds Clean to the properties that Unicode gives the character.
func TestCleanEveryCharacter(t *testing.T) {
	const before, behind = "1HGCM8", "633A004352"
	for r := rune(0); r <= 0x1FFFF; r++ {
		if !utf8.ValidRune(r) || unicode.In(r, unicode.Han, unicode.Hangul) && r%16 != 0 || r > 0xE000 && r < 0xF900 && r%64 != 0 {
			continue // thousands of a kind
		}
		v, _, err := vin.Clean(before + string(r) + behind) // in place of the 2
		switch digit, isDigit := decimalValue(r); {
		case isDigit:
			if err != nil || v.At(7) != '0'+digit {
				t.Errorf("%U, a digit %d: %v, %v", r, digit, v, err)
			}
		case r < utf8.RuneSelf:
			if (err == nil) != (unicode.IsLetter(r) && !strings.ContainsRune("IOQioq", r)) {
				t.Errorf("%U, ASCII: %v, %v", r, v, err)
			}
		case err == nil && !unicode.In(r, unicode.Cyrillic, unicode.Greek) && (r < 'Ａ' || r > 'ｚ'):
			t.Errorf("%U is read as %c", r, v.At(7))
		}

		_, _, inside := vin.Clean(before + string(r) + "2" + behind)
		dropped := unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf, unicode.Pi, unicode.Pf, unicode.Variation_Selector)
		kept := unicode.IsLetter(r) && !strings.ContainsRune("ÿーｰ\u115f\u1160\u3164\uffa0", r) ||
			unicode.In(r, unicode.N, unicode.Cc, unicode.Co, unicode.So) && !unicode.IsSpace(r)
		if dropped && inside != nil || kept && inside == nil {
			t.Errorf("%U inside a VIN: %v", r, inside)
		}
		_, _, around := vin.Clean(string(r) + accord + string(r))
		if dropped && around != nil || around == nil && unicode.IsLetter(r) && kept || unicode.IsNumber(r) && around == nil {
			t.Errorf("%U around a VIN: %v", r, around)
		}
	}
}

// TestLookalikeLetters holds the table of look-alikes against their code points:
// on the screen one that is wrong looks right.
func TestLookalikeLetters(t *testing.T) {
	pairs := map[rune]rune{}
	for latin, others := range map[rune][]rune{
		'A': {0x0391, 0x0410},
		'B': {0x0392, 0x0412},
		'C': {0x0421},
		'E': {0x0395, 0x0415},
		'G': {0x050C},
		'H': {0x0397, 0x041D},
		'I': {0x0399, 0x0406, 0x04C0},
		'J': {0x0408},
		'K': {0x039A, 0x041A},
		'M': {0x039C, 0x041C},
		'N': {0x039D},
		'O': {0x039F, 0x041E},
		'P': {0x03A1, 0x0420},
		'Q': {0x051A},
		'S': {0x0405},
		'T': {0x03A4, 0x0422},
		'W': {0x051C},
		'X': {0x03A7, 0x0425},
		'Y': {0x03A5, 0x0423, 0x04AE},
		'Z': {0x0396},
	} {
		for _, r := range others {
			pairs[r] = latin
		}
	}
	for r := rune(0x370); r <= 0x52F; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		want := pairs[unicode.ToUpper(r)] // 0: none
		got, edits, err := vin.CleanText("A" + string(r) + "1")
		if err != nil {
			t.Errorf("%U: %v", r, err)
			continue
		}
		if folded := len(edits) > 0 && edits[0].Kind == vin.FoldedLookalike; folded != (want != 0) || folded && got != "A"+string(want)+"1" {
			t.Errorf("%U is read as %q, want %q", r, got[1:], want)
		}
	}
}

// decimalValue counts how far r is from the last digit that ends a run of
// decimal digits, in tens: an independent way to its value.
func decimalValue(r rune) (byte, bool) {
	if !unicode.IsDigit(r) {
		return 0, false
	}
	n := byte(0)
	for s := r; unicode.IsDigit(s - 1); s-- {
		n++
	}
	return n % 10, true
}

func TestCleanAcceptsWhatParseAccepts(t *testing.T) {
	for _, v := range randomVINs(2000) {
		got, edits, err := vin.Clean(v.String())
		if got != v || edits != nil || err != nil {
			t.Fatalf("Clean(%v) = %v, %v, %v", v, got, edits, err)
		}
		if got, _, err := vin.Clean(strings.ToLower(v.String())); got != v || err != nil {
			t.Fatalf("Clean of %v in small letters = %v, %v", v, got, err)
		}
	}
}

func TestCleanAllocs(t *testing.T) {
	long := strings.Repeat("A", 10<<20)
	for _, tt := range []struct {
		name string
		max  float64
		f    func()
	}{
		{"a clean VIN", 0, func() { vin.Clean(accord) }},
		{"a clean number", 0, func() { vin.CleanText("JZX100-0012345") }},
		{"a clean number with a zero in front", 0, func() { vin.CleanText("0012345") }},
		{"10 MB", 1, func() { vin.Clean(long) }},
		{"10 MB as a number", 1, func() { vin.CleanText(long) }},
		{"10 MB as a pattern", 2, func() { vin.CleanPattern(long) }},
		{"10 MB to classify", 1, func() { vin.Classify(long) }},
		{"10 MB to repair", 3, func() {
			for range vin.Repairs(long) {
				t.Error("a repair")
			}
		}},
		{"no number to classify", 4, func() { vin.Classify("2024-02-11") }},
		{"a plain class", 0, func() { vin.Classify(accord) }},
		{"one edit", 1, func() { vin.Clean(" " + accord) }},
	} {
		if got := testing.AllocsPerRun(100, tt.f); got > tt.max {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.max)
		}
	}
}

func TestCleanText(t *testing.T) {
	for _, tt := range []struct{ raw, want, why string }{
		{"JZX100-0012345", "JZX100-0012345", "as it is"},
		{"jzx100 - 0012345", "JZX100-0012345", "blanks around the dash"},
		{"JZX100--0012345", "JZX100-0012345", "one dash"},
		{"JZX100–0012345", "JZX100-0012345", "another dash"},
		{"ＪＺＸ１００ー００１２３４５", "JZX100-0012345", "as a Japanese keyboard writes it"},
		{"-JZX100-0012345-", "JZX100-0012345", "dashes at the ends"},
		{"*JZX100-0012345*", "JZX100-0012345", "stamped"},
		{"OIQ 123/45.6", "OIQ123456", "I, O and Q are letters; separators go"},
		{"A-B-C", "A-B-C", "several parts"},
		{"00042512110000705", "42512110000705", "filled up to 17"},
		{"0004251211000070", "0004251211000070", "16 symbols: the zeros belong to it"},
		{"00000000000000000", "00000000000000000", "nothing but zeros"},
		{"000-42512110-000705", "42512110-000705", "filled up, and parted"},
		{"00-0-042-51211000705", "42-51211000705", "parted among the zeros"},
		{"00042-5121100007", "00042-5121100007", "15 symbols"},
		{"01234567890123456", "01234567890123456", "one zero"},
		{"000000000 0000000ı", "I", "a letter of another script behind the zeros, whose capital is Latin"},
		{"000ı4251211000070", "I4251211000070", "and before more"},
		{"Chassis No. AE86-5001234", "AE86-5001234", "label"},
		{"Engine Nr: 2JZ 0123456", "2JZ0123456", "label of an engine"},
		{"двигатель № 4216 123", "4216123", "Russian label"},
		{"N 52 B30", "N52B30", "a letter that could be a label is part of it"},
		{"N: 52 B30", "52B30", "unless a colon follows"},
		{"No. 4216 123", "4216123", "or a dot behind two letters"},
		{"FRAME-123", "FRAME-123", "a word that a dash ties to it"},
		{"BODY", "BODY", "nothing but a word"},
		{"ХТА 210990", "XTA210990", "Cyrillic that looks Latin"},
		{"лб-123", "ЛБ-123", "other Cyrillic stays"},
		{"鹿児島 12-34", "鹿児島12-34", "other scripts stay"},
		{"क१२३", "क123", "but their digits do not"},
		{"\u202e12\u200b34\u0000", "1234", "marks and padding"},
	} {
		got, edits, err := vin.CleanText(tt.raw)
		if err != nil || got != tt.want {
			t.Errorf("%s: CleanText(%q) = %q, %v; want %q", tt.why, tt.raw, got, err, tt.want)
			continue
		}
		if (len(edits) == 0) != (tt.raw == tt.want) {
			t.Errorf("%s: CleanText(%q) has edits %v", tt.why, tt.raw, edits)
		}
		checkEdits(t, tt.raw, got, edits)
	}
	for _, tt := range []struct {
		raw  string
		kind vin.Kind
		pos  int
	}{
		{"", vin.Empty, 1},
		{" -*- ", vin.Empty, 1},
		{"AE86-5001234, AE86-5001235", vin.BadChar, 13},
		{"12\x0034", vin.BadChar, 3},
		{"12²34", vin.BadChar, 3},
		{"12\xe434", vin.InvalidUTF8, 3},
		{"\u030112", vin.BadChar, 1},
		{strings.Repeat("1", 1025), vin.Oversize, 1025},
	} {
		got, edits, err := vin.CleanText(tt.raw)
		var e *vin.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Pos != tt.pos || got != "" || edits != nil {
			t.Errorf("CleanText(%.40q) = %q, %v, %v; want %v at %d", tt.raw, got, edits, err, tt.kind, tt.pos)
		}
	}
}

// checkEdits replays edits on raw and reports whether they account for want:
// each character stays, is read as another, or is dropped. It judges the edits
// by what Unicode says of the characters, not by the tables of the package.
func checkEdits(t *testing.T, raw, want string, edits vin.Edits) {
	t.Helper()
	chars := []rune(raw)
	var got []rune
	next := 1 // the first character that no edit was about
	copyTo := func(pos int) {
		for ; next < pos; next++ {
			got = append(got, chars[next-1])
		}
	}
	for _, e := range edits {
		if e.Pos < next || e.Pos+e.N > len(chars)+1 || e.N < 1 || e.From != chars[e.Pos-1] {
			t.Fatalf("%q: edit %v out of order or range, or with another character", raw, e)
		}
		copyTo(e.Pos)
		if isFold(e.Kind) {
			if e.N != 1 {
				t.Fatalf("%q: %v is about %d characters", raw, e, e.N)
			}
			got = append(got, e.To)
		}
		for _, r := range chars[e.Pos-1 : e.Pos-1+e.N] {
			if !mayEdit(e.Kind, r) {
				t.Fatalf("%q: %v is about %q", raw, e, r)
			}
		}
		next = e.Pos + e.N
	}
	copyTo(len(chars) + 1)
	if string(got) != want {
		t.Fatalf("%q: the edits %v make %q, want %q", raw, edits, string(got), want)
	}
}

func isFold(k vin.EditKind) bool {
	switch k {
	case vin.FoldedCase, vin.FoldedWidth, vin.FoldedDigit, vin.FoldedLookalike, vin.FoldedDash:
		return true
	}
	return false
}

func mayEdit(k vin.EditKind, r rune) bool {
	dash := unicode.Is(unicode.Pd, r) || strings.ContainsRune("−˗⁃ーｰ", r)
	switch k {
	case vin.FoldedCase:
		return unicode.ToUpper(r) != r
	case vin.FoldedWidth:
		return '！' <= r && r <= '～'
	case vin.FoldedDigit:
		return unicode.IsDigit(r) && r > '9'
	case vin.FoldedLookalike:
		// Two small letters of these scripts stand in blocks of their own.
		return unicode.In(r, unicode.Cyrillic, unicode.Greek)
	case vin.FoldedDash:
		return dash
	case vin.DroppedInvisible:
		return !unicode.IsGraphic(r) || unicode.In(r, unicode.Variation_Selector) || strings.ContainsRune("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0", r)
	case vin.DroppedSeparator:
		return dash || unicode.IsSpace(r) || unicode.IsPunct(r) || strings.ContainsRune("`´⁄∕｀", r)
	case vin.DroppedDelimiter:
		return unicode.IsPunct(r) || unicode.IsSymbol(r)
	case vin.DroppedPadding:
		return unicode.Is(unicode.Cc, r) || r == 'ÿ' || r == utf8.RuneError
	case vin.DroppedLabel, vin.DroppedRepeat:
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
	case vin.DroppedBarcode:
		return strings.ContainsRune("IiＩｉІіΙιӀӏ", r)
	case vin.DroppedZeros:
		v, ok := decimalValue(r)
		return ok && v == 0
	}
	return false
}
