package match_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// The vehicles of the tests.
const (
	accord  = "1HGCM82633A004352" // check digit required and right
	malibu  = "2G1WB5E37E1110567" // positions 8 and 9 are digits that differ
	golf    = "WVWZZZ1JZ3W386752" // no check digit
	golf2   = "WVWZZZ1JZ3W386753" // the next one off the line
	noYear  = "1HGCM82690A004352" // 0 at position 10, where a year is required
	ones    = "11111111111111111"
	skyline = "6U90000PV35400637" // an import, with its frame number inside
)

// register builds a matcher over a few records as if they were some of many: a
// query concerns each as often as it concerns one of INTERPOL's 7.4 million. A
// record that names no owner is XX's, and its id is its place.
func register(t testing.TB, records ...index.Record) *match.Matcher {
	t.Helper()
	return registerWith(t, match.Options{}, records...)
}

// registerWith is register with other options, of which it sets HitRate unless
// they do.
func registerWith(t testing.TB, o match.Options, records ...index.Record) *match.Matcher {
	t.Helper()
	for i := range records {
		if records[i].Owner == "" {
			records[i].Owner, records[i].ID = "XX", fmt.Sprint(i+1)
		}
	}
	idx, err := index.Build(t.Context(), index.Options{}, sequence(records))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { idx.Close() })
	return match.New(idx, o)
}

func sequence(records []index.Record) iter.Seq2[index.Record, error] {
	return func(yield func(index.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func listed(vins ...string) []index.Record {
	var records []index.Record
	for _, s := range vins {
		records = append(records, withVIN(s))
	}
	return records
}

func withVIN(s string) index.Record { return index.Record{VIN: vin.MustParse(s)} }

func withPlate(country, s string) index.Record {
	return index.Record{Plate: plate.MustParse(country, s)}
}

func withNumber(k index.Kind, country, s string) index.Record {
	return index.Record{Numbers: []index.Number{{Kind: k, Country: country, Text: s}}}
}

func read(k index.Kind, s string) match.Query { return readIn(k, "", s) }

func readIn(k index.Kind, country, s string) match.Query {
	return match.Query{Reads: []match.Read{{Number: index.Number{Kind: k, Country: country, Text: s}}}}
}

// and joins the reads of two queries.
func and(q, p match.Query) match.Query {
	q.Reads = append(q.Reads, p.Reads...)
	return q
}

func claiming(q match.Query, c match.Claim) match.Query {
	q.Claim = c
	return q
}

func by(c match.Channel, q match.Query) match.Query {
	q.Channel = c
	return q
}

// scored sets the reader's confidence in the reads.
func scored(q match.Query, scores ...float64) match.Query {
	for i, s := range scores {
		q.Reads[i].Score = s
	}
	return q
}

// brief is a result in a few lines: findings as "XX/1 vin exact sure", then
// their evidence, then remarks as "code: text". The last word of a finding is
// its verdict, or sure from a probability of 0.99. What is said of every finding
// and depends on all the figures is left out.
func brief(r match.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		verdict := f.Verdict.String()
		if f.Probability >= 0.99 {
			verdict = "sure"
		}
		lines = append(lines, fmt.Sprintf("%s/%s %v %v %s", f.Record.Owner, f.Record.ID, f.Kind, f.How, verdict))
		for _, e := range f.Evidence[1:] {
			if e.Code != match.EvidenceUnlisted && e.Code != match.EvidencePrior {
				lines = append(lines, "  "+e.Text)
			}
		}
	}
	for _, m := range r.Remarks {
		lines = append(lines, fmt.Sprintf("%v: %s", m.Code, m.Text))
	}
	return lines
}

func TestMatch(t *testing.T) {
	const (
		ofVIN      = index.KindVIN
		ofPlate    = index.KindPlate
		ofChassis  = index.KindChassis
		ofEngine   = index.KindEngine
		ofDocument = index.KindDocument
	)
	longEngine := "CAXA12345678-AB901234567"
	gb := []index.Record{withPlate("GB", "AB12CDE")}
	long := strings.Repeat("AB12CDE", 8)
	facts := []index.Record{{
		VIN: vin.MustParse(accord), Make: "Honda", ModelYear: 2003, Type: index.Car, Colour: "silver",
	}}
	for _, tt := range []struct {
		why      string
		register []index.Record
		query    match.Query
		want     []string
	}{
		// VINs as they are, and cleaned.
		{"as stamped", listed(accord), read(ofVIN, accord), []string{
			"XX/1 vin exact sure",
		}},
		{"letter case is not worth a word", listed(accord), read(ofVIN, strings.ToLower(accord)), []string{
			"XX/1 vin exact sure",
		}},
		{"a car nobody looks for", listed(accord), read(ofVIN, malibu), nil},
		{"separators and a label", listed(accord), read(ofVIN, "VIN: 1HG-CM82633A004352"), []string{
			"XX/1 vin cleaned sure",
			"  in the text as read, position 1: dropped label 'V' and 2 more",
			"  in the text as read, position 4: dropped delimiter ':'",
			"  in the text as read, position 5: dropped separator ' '",
			"  in the text as read, position 9: dropped separator '-'",
		}},
		{"Cyrillic letters", listed(accord), read(ofVIN, "1НGСM82633А004352"), []string{
			"XX/1 vin cleaned sure",
			"  in the text as read, position 2: folded lookalike 'Н' to 'H'",
			"  in the text as read, position 4: folded lookalike 'С' to 'C'",
			"  in the text as read, position 11: folded lookalike 'А' to 'A'",
		}},
		{"two owners list one car", []index.Record{withVIN(golf), withVIN(golf)}, read(ofVIN, golf), []string{
			"XX/1 vin exact probable",
			"XX/2 vin exact probable",
		}},
		{"the check digit is wrong on both sides", listed("1HGCM82653A004352"), read(ofVIN, "1HGCM82653A004352"), []string{
			"XX/1 vin exact probable",
			"  the check digit is required and does not compute, both as read and as listed",
			"check_mismatch: position 9: the check digit is 5, but the other symbols demand 3",
		}},
		{"no check digit is demanded of a European", listed(golf), read(ofVIN, golf), []string{
			"XX/1 vin exact probable",
		}},
		{"all ones pass the check sum and mean nothing", listed(ones), read(ofVIN, ones), []string{
			"XX/1 vin exact possible",
			"  not plausible as a number of one vehicle: many may be listed under it",
			"placeholder: one symbol throughout, or digits that count up: written where the number is not known",
		}},

		{"all ones are a misreading of nothing", listed("71111111111111111"), read(ofVIN, ones), []string{
			"placeholder: one symbol throughout, or digits that count up: written where the number is not known",
		}},

		// VINs misread.
		{"letters that no VIN has", listed(accord), read(ofVIN, "IHGCM82633AOO4352"), []string{
			"XX/1 vin repaired probable",
			"  position 1: read I, listed 1",
			"  position 12: read O, listed 0",
			"  position 13: read O, listed 0",
			"malformed: not a VIN (position 1: 'I' is not a VIN symbol), looked up as what it may be a misreading of",
		}},
		{"Q for 0", listed(accord), read(ofVIN, "1HGCM82633AQ04352"), []string{
			"XX/1 vin repaired sure",
			"  position 12: read Q, listed 0",
			"malformed: not a VIN (position 12: 'Q' is not a VIN symbol), looked up as what it may be a misreading of",
		}},
		{"a look-alike that the check digit notices", listed(accord), by(match.Camera, read(ofVIN, "1HGCMB2633A004352")), []string{
			"XX/1 vin repaired sure",
			"  position 6: read B, listed 8",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 7",
		}},
		{"a look-alike that no check digit guards may be another car", listed(golf), by(match.Camera, read(ofVIN, "WVWZZZ1JZ3W3B6752")), []string{
			"XX/1 vin repaired possible",
			"  position 13: read B, listed 8",
		}},
		{"positions 8 and 9 swapped pass the check sum", listed(malibu), read(ofVIN, "2G1WB5E73E1110567"), []string{
			"XX/1 vin repaired probable",
			"  positions 8 and 9: read 73, listed 37",
		}},
		{"another swap does not", listed(accord), read(ofVIN, "1HGCM82633A003452"), []string{
			"XX/1 vin repaired possible",
			"  positions 14 and 15: read 34, listed 43",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
		}},
		{"cameras swap nothing", listed(accord), by(match.Camera, read(ofVIN, "1HGCM82633A003452")), []string{
			"XX/1 vin repaired possible",
			"  positions 14 and 15: read 34, listed 43",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
		}},
		{"one character lost", listed(accord), read(ofVIN, "1HGCM8263A004352"), []string{
			"XX/1 vin repaired probable",
			"  position 9: listed 3, not read",
			"malformed: not a VIN (position 17: the text ends, want 17 symbols), looked up as what it may be a misreading of",
		}},
		{"the last one lost", listed(golf), read(ofVIN, golf[:16]), []string{
			"XX/1 vin repaired possible",
			"  position 17: listed 2, not read",
			"malformed: not a VIN (position 17: the text ends, want 17 symbols), looked up as what it may be a misreading of",
		}},
		{"one character doubled", listed(accord), read(ofVIN, "1HGGCM82633A004352"), []string{
			"XX/1 vin repaired sure",
			"  position 3 of the read: G is one character too many",
			"malformed: not a VIN (position 18: more than 17 symbols), looked up as what it may be a misreading of",
		}},
		{"one character lost, two cars", listed(golf, golf2), read(ofVIN, golf[:16]), []string{
			"XX/1 vin repaired possible",
			"  position 17: listed 2, not read",
			"  other listed vehicles may have been read so as well",
			"XX/2 vin repaired possible",
			"  position 17: listed 3, not read",
			"  other listed vehicles may have been read so as well",
			"malformed: not a VIN (position 17: the text ends, want 17 symbols), looked up as what it may be a misreading of",
		}},
		{"the guess fails a check digit that is required", listed("1HGCM82653A004352"), read(ofVIN, "1HGCM82653AOO4352"), []string{
			"XX/1 vin repaired probable",
			"  position 12: read O, listed 0",
			"  position 13: read O, listed 0",
			"  the listed number's check digit is required and does not compute",
			"malformed: not a VIN (position 12: 'O' is not a VIN symbol), looked up as what it may be a misreading of",
		}},
		{
			"one read, two listed VINs of one record: the exact one counts",
			[]index.Record{{VIN: vin.MustParse(malibu), Numbers: []index.Number{{Kind: ofVIN, Text: "2G1WB5E73E1110567"}}}},
			read(ofVIN, malibu),
			[]string{"XX/1 vin exact sure"},
		},
		{
			"a plate of the same car helps a guess",
			[]index.Record{{VIN: vin.MustParse(malibu), Plate: plate.MustParse("GB", "AB12CDE")}},
			and(read(ofVIN, "2G1WB5E73E1110567"), readIn(ofPlate, "", "AB12CDE")),
			[]string{
				"XX/1 plate exact sure",
				"  the country was not read; listed for GB",
				"  the VIN matches too",
				"  VIN listed differs from what was read in one place",
				"  positions 8 and 9: read 73, listed 37",
			},
		},
		{
			"another plate speaks against a guess",
			[]index.Record{{VIN: vin.MustParse(accord), Plate: plate.MustParse("GB", "AB12CDE")}},
			and(read(ofVIN, "1HGCM82633A003452"), readIn(ofPlate, "GB", "XY99ZZZ")),
			[]string{
				"XX/1 vin repaired possible",
				"  positions 14 and 15: read 34, listed 43",
				"  plate differs: read GB XY99ZZZ, listed GB AB12CDE",
				"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
			},
		},
		{
			"another plate on a listed car is said and weighs nothing",
			[]index.Record{{VIN: vin.MustParse(accord), Plate: plate.MustParse("GB", "AB12CDE")}},
			and(read(ofVIN, accord), readIn(ofPlate, "D", "AB12CDE")),
			[]string{
				"XX/1 vin exact sure",
				"  plate differs: read DE AB12CDE, listed GB AB12CDE",
			},
		},
		{
			"a listed plate on another car",
			[]index.Record{{VIN: vin.MustParse(accord), Plate: plate.MustParse("GB", "AB12CDE")}},
			and(read(ofVIN, golf), readIn(ofPlate, "GB", "AB12CDE")),
			[]string{
				"XX/1 plate exact possible",
				"  VIN differs: read " + golf + ", listed " + accord,
			},
		},
		{
			"alternative reads: both lead to the record, the better counts", listed(accord),
			and(read(ofVIN, "1HGCM82633AOO4352"), read(ofVIN, accord)),
			[]string{
				"XX/1 vin exact sure",
				"malformed: not a VIN (position 12: 'O' is not a VIN symbol), looked up as what it may be a misreading of",
			},
		},
		{
			"alternative reads: the reader preferred the other", listed(accord),
			scored(and(read(ofVIN, malibu), read(ofVIN, accord)), 0.8, 0.2),
			[]string{
				"XX/1 vin exact sure",
				"  the reader gave this read 0.2 and another one 0.8",
			},
		},

		// What is in the field for VINs, and is none.
		{"nothing", listed(accord), read(ofVIN, " "), []string{"empty: nothing was read"}},
		{"a word for nothing", listed(accord), read(ofVIN, "N/A"), []string{
			"placeholder: the text stands for a missing number; nothing to look up",
		}},
		{"two numbers", listed(accord), read(ofVIN, accord+" / "+golf), []string{
			"several_numbers: more than one number in one field; ask for each by itself",
		}},
		{"part of a number", listed(accord), read(ofVIN, "***004352"), []string{
			"XX/1 vin partial possible",
			"partial: VIN read in part; characters known: 6 of 17",
		}},
		{"prose", listed(accord), read(ofVIN, "see the back of the form"), []string{
			"unreadable: not a VIN (position 14: 'o' is not a VIN symbol), and nothing it could be a misreading of",
		}},
		{"bytes that are not text", listed(accord), read(ofVIN, "1HG\xC3"), []string{
			"unreadable: not a VIN (position 4: invalid UTF-8), and nothing it could be a misreading of",
		}},
		{"an old chassis number", []index.Record{withNumber(ofChassis, "", "9111121907")}, read(ofVIN, "9111121907"), []string{
			"XX/1 chassis exact probable",
			"  read as VIN, listed as chassis",
			"chassis: not a VIN but a chassis number, looked up as such",
		}},

		// What is odd about a VIN.
		{"a maker nobody knows", nil, read(ofVIN, "YZZZZZ00000000001"), []string{
			"unknown_wmi: the maker's code YZZ is not known",
		}},
		{"no year code where the law demands one", listed(noYear), read(ofVIN, noYear), []string{
			"XX/1 vin exact sure",
			"impossible_year: position 10: 0 is no code of a model year, which is required here",
		}},

		// Chassis numbers.
		{"as read", []index.Record{withNumber(ofChassis, "", "JZX100-0012345")}, read(ofChassis, "JZX100-0012345"), []string{
			"XX/1 chassis exact probable",
		}},
		{"cleaned", []index.Record{withNumber(ofChassis, "", "JZX100-0012345")}, read(ofChassis, "Chassis No: jzx100-0012345"), []string{
			"XX/1 chassis cleaned probable",
			"  in the text as read, position 1: dropped label 'C' and 6 more",
			"  in the text as read, position 8: dropped separator ' '",
			"  in the text as read, position 9: dropped label 'N' and 1 more",
			"  in the text as read, position 11: dropped delimiter ':'",
			"  in the text as read, position 12: dropped separator ' '",
		}},
		{"a VIN in the field for chassis numbers", listed(accord), read(ofChassis, accord), []string{
			"XX/1 vin exact sure",
			"  read as chassis, listed as VIN",
		}},
		{"and misread there", listed(accord), read(ofChassis, "1HGCM82633A003452"), []string{
			"XX/1 vin repaired possible",
			"  positions 14 and 15: read 34, listed 43",
			"  read as chassis, listed as VIN",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
		}},
		{"letters that no VIN has, there", listed(accord), read(ofChassis, "1HGCM82633AOO4352"), []string{
			"XX/1 vin repaired probable",
			"  position 12: read O, listed 0",
			"  position 13: read O, listed 0",
			"  read as chassis, listed as VIN",
		}},
		{"filled up, and misread", listed("00042512110000705"), read(ofVIN, "0004251211O000705"), []string{
			"XX/1 vin repaired probable",
			"  position 11: read O, listed 0",
			"chassis: not a VIN but a chassis number, looked up as such",
		}},
		{"filled up in the field for VINs", []index.Record{withNumber(ofChassis, "", "42512110000705")}, read(ofVIN, "00042512110000705"), []string{
			"XX/1 chassis cleaned sure",
			"  read with zeros in front that fill it up to a VIN",
			"  read as VIN, listed as chassis",
			"unknown_wmi: the maker's code 000 is not known",
		}},
		{"filled up on the register", listed("00042512110000705"), read(ofChassis, "42512110000705"), []string{
			"XX/1 vin cleaned probable",
			"  listed with zeros in front that fill it up to a VIN",
			"  read as chassis, listed as VIN",
		}},
		{"the frame number inside an import's VIN", []index.Record{withNumber(ofChassis, "", "PV35-400637")}, read(ofVIN, skyline), []string{
			"XX/1 chassis cleaned sure",
			"  the frame number inside the VIN that was read, which an import was given",
			"  read as VIN, listed as chassis",
		}},
		{"an import's VIN on the register, its frame number read", listed(skyline), read(ofChassis, "PV35-400637"), []string{
			"XX/1 chassis cleaned probable",
			"  the frame number inside the listed VIN, which an import was given",
		}},

		// Plates.
		{"with its country", gb, readIn(ofPlate, "GB", "AB12CDE"), []string{
			"XX/1 plate exact probable",
		}},
		{"with the country's sign", []index.Record{withPlate("DE", "KAB123")}, readIn(ofPlate, "D", "KAB123"), []string{
			"XX/1 plate exact probable",
		}},
		{"of another country", gb, readIn(ofPlate, "F", "AB12CDE"), nil},
		{"as people write it", gb, readIn(ofPlate, "GB", "ab12 cde"), []string{
			"XX/1 plate cleaned probable",
			"  read ab12 cde, listed AB12CDE",
		}},
		{"without a country", gb, readIn(ofPlate, "", "AB12CDE"), []string{
			"XX/1 plate exact probable",
			"  the country was not read; listed for GB",
		}},
		{"without a country, in two", []index.Record{withPlate("FR", "AB12CDE"), withPlate("GB", "AB12CDE")}, readIn(ofPlate, "", "AB12CDE"), []string{
			"XX/1 plate exact possible",
			"  the country was not read; listed for FR",
			"  other listed vehicles may have been read so as well",
			"XX/2 plate exact possible",
			"  the country was not read; listed for GB",
			"  other listed vehicles may have been read so as well",
		}},
		{"of a country that is none", gb, readIn(ofPlate, "Utopia", "AB12CDE"), []string{
			"XX/1 plate exact probable",
			"  the country was not read; listed for GB",
			"unknown_country: Utopia is no country that is known; looked up under every country",
		}},
		{"listed without a country", []index.Record{withPlate("", "AB12CDE")}, readIn(ofPlate, "GB", "AB12CDE"), []string{
			"XX/1 plate exact probable",
			"  read for GB, listed without a country",
		}},
		{"in another spelling", []index.Record{withPlate("DE", "TÜ-AB 123")}, readIn(ofPlate, "DE", "TUEAB123"), []string{
			"XX/1 plate cleaned probable",
			"  read TUEAB123, listed TUAB123: two spellings of one plate",
		}},
		{"in the other spelling", []index.Record{withPlate("DE", "TUEAB123")}, readIn(ofPlate, "DE", "TÜ-AB 123"), []string{
			"XX/1 plate cleaned probable",
			"  read TUAB123, listed TUEAB123: two spellings of one plate",
		}},
		{"two plates that differ in their country", []index.Record{{
			Plate: plate.MustParse("FR", "AB12CDE"), Numbers: []index.Number{{Kind: ofPlate, Country: "GB", Text: "AB12CDE"}},
		}}, readIn(ofPlate, "GB", "AB12CDE"), []string{
			"XX/1 plate exact probable",
		}},
		{"without its province", []index.Record{withPlate("CN", "京A12345")}, readIn(ofPlate, "CN", "A12345"), []string{
			"XX/1 plate cleaned probable",
			"  read A12345, listed 京A12345: two spellings of one plate",
		}},
		{"listed without its province", []index.Record{withPlate("CN", "A12345")}, readIn(ofPlate, "", "京A12345"), []string{
			"XX/1 plate cleaned probable",
			"  read 京A12345, listed A12345: two spellings of one plate",
			"  the country was not read; listed for CN",
		}},
		{"zeros left out on both sides, differently", []index.Record{withPlate("IN", "MH1AB0012")}, readIn(ofPlate, "IND", "MH01AB12"), []string{
			"XX/1 plate cleaned probable",
			"  read MH01AB12, listed MH1AB0012: two spellings of one plate",
		}},
		{"Cyrillic letters that look Latin", gb, readIn(ofPlate, "GB", "АВ12СDЕ"), []string{
			"XX/1 plate cleaned probable",
			"  read АВ12СDЕ, listed AB12CDE",
		}},
		{"transliterated where the country does so", []index.Record{withPlate("RS", "NS 123 AB")}, readIn(ofPlate, "SRB", "НС 123 АБ"), []string{
			"XX/1 plate cleaned probable",
			"  read НС 123 АБ, listed NS123AB",
		}},
		{"the second plate of a vehicle", []index.Record{withNumber(ofPlate, "GB", "XY99ZZZ")}, readIn(ofPlate, "GB", "XY99ZZZ"), []string{
			"XX/1 plate exact probable",
		}},
		{"nothing on the plate", gb, readIn(ofPlate, "GB", " - "), []string{"empty: nothing was read"}},
		{"too much for a plate", gb, readIn(ofPlate, "GB", strings.Repeat("A", 100)), []string{
			"unreadable: not a plate (position 62: too long for a plate)",
		}},
		{"a plate too long for a key of its own", []index.Record{withPlate("GB", long)}, readIn(ofPlate, "GB", long), []string{
			"XX/1 plate exact probable",
		}},

		// Other numbers.
		{"an engine", []index.Record{withNumber(ofEngine, "", "CAXA 123456")}, read(ofEngine, "CAXA123456"), []string{
			"XX/1 engine exact probable",
		}},
		{
			"too long for a key of its own",
			[]index.Record{withNumber(ofEngine, "", longEngine)},
			read(ofEngine, strings.ToLower(longEngine)),
			[]string{
				"XX/1 engine exact probable",
			},
		},
		{
			"too long, of other parts",
			[]index.Record{withNumber(ofEngine, "", longEngine)},
			read(ofEngine, strings.ReplaceAll(longEngine, "-", " ")),
			[]string{
				"XX/1 engine cleaned probable",
				"  in the text as read, position 13: dropped separator ' '",
			},
		},
		{"an engine number is no gearbox number", []index.Record{withNumber(ofEngine, "", "CAXA123456")}, read(index.KindGearbox, "CAXA123456"), nil},
		{"too short to mean one engine", []index.Record{withNumber(ofEngine, "", "123")}, read(ofEngine, "123"), []string{
			"XX/1 engine exact possible",
			"  not plausible as a number of one vehicle: many may be listed under it",
		}},
		{"a word for no engine number", []index.Record{withNumber(ofEngine, "", "NONE")}, read(ofEngine, "none"), []string{
			"placeholder: the text stands for a missing number; nothing to look up",
		}},
		{"a document and its country", []index.Record{withNumber(ofDocument, "FR", "2011AB12345")}, readIn(ofDocument, "F", "2011AB12345"), []string{
			"XX/1 document exact probable",
		}},
		{"a document of another country", []index.Record{withNumber(ofDocument, "FR", "2011AB12345")}, readIn(ofDocument, "D", "2011AB12345"), nil},
		{"a document listed without a country", []index.Record{withNumber(ofDocument, "", "2011AB12345")}, readIn(ofDocument, "F", "2011AB12345"), []string{
			"XX/1 document exact probable",
			"  read for FR, listed without a country",
		}},
		{"a document without a country", []index.Record{withNumber(ofDocument, "", "2011AB12345")}, readIn(ofDocument, "", "2011AB12345"), []string{
			"XX/1 document exact probable",
			"unknown_country: no country that is known; looked up among numbers without one only",
		}},

		// What the paper claims.
		{
			"the paper of another car", nil,
			claiming(read(ofVIN, golf), match.Claim{Make: "BMW", ModelYear: 2010, Country: "F", Type: index.Motorcycle}),
			[]string{
				"claim_make: paper says BMW, the VIN's maker is VOLKSWAGEN AG",
				"claim_model_year: paper says 2010, the VIN's model year is 2003",
				"claim_country: paper says FR, the VIN's country is Germany",
				"claim_type: paper says motorcycle, the VIN's maker builds under this code: Car",
			},
		},
		{
			"the paper of this car", nil,
			claiming(read(ofVIN, golf), match.Claim{Make: "V.W.", ModelYear: 2003, Country: "DEU", Type: index.Car}), nil,
		},
		{
			"a maker nobody knows claims nothing", nil,
			claiming(read(ofVIN, "YZZZZZ00000000001"), match.Claim{Make: "BMW", ModelYear: 2010, Type: index.Car}),
			[]string{
				"unknown_wmi: the maker's code YZZ is not known",
			},
		},
		{
			"a symbol that is no year claims nothing", nil,
			claiming(read(ofVIN, "W1N2476871W240290"), match.Claim{ModelYear: 2021}), nil,
		},
		{
			"the year of first registration is a year late", nil,
			claiming(read(ofVIN, accord), match.Claim{ModelYear: 2004}),
			[]string{
				"claim_model_year: paper says 2004, the VIN's model year is 2003",
			},
		},
		{
			"the listed VIN speaks where its record does not",
			[]index.Record{{VIN: vin.MustParse(golf), Plate: plate.MustParse("GB", "AB12CDE")}},
			claiming(readIn(ofPlate, "", "AB12CDE"), match.Claim{Make: "BMW", ModelYear: 2003}),
			[]string{
				"XX/1 plate exact probable",
				"  the country was not read; listed for GB",
				"  make: paper says BMW, but listed VOLKSWAGEN AG",
				"  model year: paper and record both say 2003",
			},
		},
		{"the paper supports a guess", facts, claiming(read(ofVIN, "1HGCM82633A003452"),
			match.Claim{Make: "honda", ModelYear: 2003, Country: "US", Type: index.Car, Colour: "SILVER"}), []string{
			"XX/1 vin repaired possible",
			"  positions 14 and 15: read 34, listed 43",
			"  make: paper says honda, which agrees with the listed Honda",
			"  model year: paper and record both say 2003",
			"  country: paper and record both say US",
			"  type: paper and record both say car",
			"  colour: paper says SILVER, which agrees with the listed silver",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
		}},
		{"the paper speaks against a guess", facts, claiming(read(ofVIN, "1HGCM82633A003452"),
			match.Claim{Make: "Acura", ModelYear: 2002, Type: index.Truck, Colour: "red"}), []string{
			"XX/1 vin repaired possible",
			"  positions 14 and 15: read 34, listed 43",
			"  make: paper says Acura, which agrees with the listed Honda",
			"  model year: paper says 2002, listed 2003",
			"  type: paper says truck, but listed car",
			"  colour: paper says red, but listed silver",
			"check_mismatch: position 9: the check digit is 3, but the other symbols demand 2",
			"claim_model_year: paper says 2002, the VIN's model year is 2003",
			"claim_type: paper says truck, the VIN's maker builds under this code: Car",
		}},
		{"the paper takes nothing from an exact match", facts, claiming(read(ofVIN, accord), match.Claim{Make: "Ford"}), []string{
			"XX/1 vin exact sure",
			"  make: paper says Ford, but listed Honda",
			"claim_make: paper says Ford, the VIN's maker is AMERICAN HONDA MOTOR CO., INC.",
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			m := registerWith(t, match.Options{Near: match.Always}, tt.register...)
			r := ask(t, m, tt.query)
			holds(t, r)
			if d := cmp.Diff(tt.want, brief(r)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestNear looks for numbers that differ from what was read, and for all of them.
func TestNear(t *testing.T) {
	const (
		ofVIN    = index.KindVIN
		ofPlate  = index.KindPlate
		ofEngine = index.KindEngine
	)
	gb := []index.Record{withPlate("GB", "AB12CDE")}
	engine := []index.Record{withNumber(ofEngine, "", "CAXA123456")}
	for _, tt := range []struct {
		why      string
		register []index.Record
		query    match.Query
		search   match.Search
		want     []string
	}{
		{"the next car off the line", listed(golf), read(ofVIN, golf2), match.SearchedOnce, []string{
			"XX/1 vin near sibling",
			"  position 17: read 3, listed 2",
		}},
		{"the next one with its own check digit", listed(accord), read(ofVIN, "1HGCM82653A004353"), match.SearchedOnce, nil},
		{"any character for any other", listed(golf), read(ofVIN, "WVWZ5Z1JZ3W386752"), match.SearchedOnce, []string{
			"XX/1 vin near probable",
			"  position 5: read 5, listed Z",
		}},
		{"which the check digit notices", listed(accord), read(ofVIN, "1HGCM82633N004352"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin near possible",
			"  position 11: read N, listed A",
		}},
		{"the check digit itself", listed(accord), read(ofVIN, "1HGCM82673A004352"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin repaired possible",
			"  position 9: read 7, listed 3",
		}},
		{"a letter that no VIN has, for any symbol", listed(accord), read(ofVIN, "1HGCM8O633A004352"), match.SearchedOnce, []string{
			"XX/1 vin near sure",
			"  position 7: read O, listed 2",
		}},
		{"a mark for a character that cannot be read", listed(accord), read(ofVIN, "1HGCM8#633A004352"), match.SearchedOnce, []string{
			"XX/1 vin partial sure",
		}},
		{"neighbours swapped", listed(golf), read(ofVIN, "WVWZZZ1JZ3W836752"), match.SearchedOnce, []string{
			"XX/1 vin repaired sibling",
			"  positions 12 and 13: read 83, listed 38",
		}},
		{"the first character lost", listed(golf), read(ofVIN, golf[1:]), match.SearchedOnce, []string{
			"XX/1 vin repaired sure",
			"  position 1: listed W, not read",
		}},
		{"one in the middle", listed(golf), read(ofVIN, golf[:7]+golf[8:]), match.SearchedOnce, []string{
			"XX/1 vin repaired probable",
			"  position 8: listed J, not read",
		}},
		{"an extra one", listed(golf), read(ofVIN, golf[:5]+"7"+golf[5:]), match.SearchedOnce, []string{
			"XX/1 vin repaired sure",
			"  position 6 of the read: 7 is one character too many",
		}},
		{"an extra letter that no VIN has", listed(golf), read(ofVIN, golf[:5]+"I"+golf[5:]), match.SearchedOnce, []string{
			"XX/1 vin repaired sure",
			"  position 6 of the read: I is one character too many",
		}},
		{"two lost, so that it is no VIN", listed(golf), read(ofVIN, golf[2:]), match.SearchedOnce, nil},
		{"in the field for chassis numbers", listed(golf), read(index.KindChassis, "WVWZ5Z1JZ3W386752"), match.SearchedOnce, []string{
			"XX/1 vin near probable",
			"  position 5: read 5, listed Z",
			"  read as chassis, listed as VIN",
		}},

		{"two look-alikes", listed(accord), read(ofVIN, "1HGCMB2633A00435Z"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin near possible",
			"  position 6: read B, listed 8",
			"  position 17: read Z, listed 2",
		}},
		{"a look-alike and a swap", listed(accord), read(ofVIN, "1HGCMB2633A003452"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin near possible",
			"  position 6: read B, listed 8",
			"  positions 14 and 15: read 34, listed 43",
		}},
		{"any two that the check digit ties together", listed(accord), read(ofVIN, "1HGCW82633A0043K2"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin near possible",
			"  position 5: read W, listed M",
			"  position 16: read K, listed 5",
		}},
		{"a letter that no VIN has, and any other", listed(accord), read(ofVIN, "1HGCO82633A0043K2"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 vin near possible",
			"  position 5: read O, listed M",
			"  position 16: read K, listed 5",
		}},
		{"without a check digit any two are too many", listed(golf), read(ofVIN, "WVWZO5ZZJ3W386752"), match.SearchedOnce | match.SearchedTwice, nil},
		{"two of a number that is plausible by itself", listed(accord), read(ofVIN, "1HGCM82693AD04352"), match.SearchedOnce, nil},
		{"three", listed(accord), read(ofVIN, "1HGCMB2633A0O435Z"), match.SearchedOnce | match.SearchedTwice, nil},

		{"a plate", gb, readIn(ofPlate, "GB", "AB12CXE"), match.SearchedOnce, []string{
			"XX/1 plate near sibling",
			"  position 6: read X, listed D",
		}},
		{"a look-alike, which makes it no plate of the country", gb, readIn(ofPlate, "GB", "A812CDE"), match.SearchedOnce, []string{
			"XX/1 plate near sibling",
			"  position 2: read 8, listed B",
		}},
		{"neighbours of a plate swapped", gb, readIn(ofPlate, "GB", "AB21CDE"), match.SearchedOnce, []string{
			"XX/1 plate near sibling",
			"  positions 3 and 4: read 21, listed 12",
		}},
		{"one of a plate lost", gb, readIn(ofPlate, "GB", "AB12CD"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 plate near possible",
			"  position 7: listed E, not read",
		}},
		{"a plate's sticker read as a character", gb, readIn(ofPlate, "GB", "AB12ICDE"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 plate near possible",
			"  position 5 of the read: I is one character too many",
		}},
		{"a plate of any country", append(withOwner("1", gb...), withOwner("2", withPlate("FR", "AB12CDF"))...), read(ofPlate, "AB12CDG"), match.SearchedOnce, []string{
			"1/1 plate near possible",
			"  position 7: read G, listed E",
			"  the country was not read; listed for GB",
			"  other listed vehicles may have been read so as well",
			"2/1 plate near possible",
			"  position 7: read G, listed F",
			"  the country was not read; listed for FR",
			"  other listed vehicles may have been read so as well",
		}},
		{"a plate of another country", gb, readIn(ofPlate, "FR", "AB12CXE"), match.SearchedOnce | match.SearchedTwice, nil},
		{"a plate listed without a country", []index.Record{withPlate("", "AB12CDE")}, readIn(ofPlate, "GB", "AB12CXE"), match.SearchedOnce, []string{
			"XX/1 plate near sibling",
			"  position 6: read X, listed D",
			"  read for GB, listed without a country",
		}},
		{"two look-alikes on a plate", gb, readIn(ofPlate, "GB", "A8I2CDE"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 plate near possible",
			"  position 2: read 8, listed B",
			"  position 3: read I, listed 1",
		}},
		{"a look-alike and a swap on a plate", gb, readIn(ofPlate, "GB", "AB1ZDCE"), match.SearchedOnce | match.SearchedTwice, []string{
			"XX/1 plate near possible",
			"  position 4: read Z, listed 2",
			"  positions 5 and 6: read DC, listed CD",
		}},
		{"two of a plate that fits", gb, readIn(ofPlate, "GB", "AB47CDE"), match.SearchedOnce, nil},
		{"a native letter stands", []index.Record{withPlate("CN", "京A12345")}, readIn(ofPlate, "CN", "京A12348"), match.SearchedOnce, []string{
			"XX/1 plate near sibling",
			"  position 7: read 8, listed 5",
		}},

		{"a part", engine, read(ofEngine, "CAXA128456"), match.SearchedOnce, []string{
			"XX/1 engine near sibling",
			"  position 7: read 8, listed 3",
		}},
		{"neighbours of a part swapped", engine, read(ofEngine, "CAXA123465"), match.SearchedOnce, []string{
			"XX/1 engine near sibling",
			"  positions 9 and 10: read 65, listed 56",
		}},
		{"one of a part lost", engine, read(ofEngine, "CAXA23456"), match.SearchedOnce, []string{
			"XX/1 engine near sibling",
			"  position 5: listed 1, not read",
		}},
		{"one of a part too many", engine, read(ofEngine, "CAXAA123456"), match.SearchedOnce, []string{
			"XX/1 engine near sibling",
			"  position 4 of the read: A is one character too many",
		}},
		{"two of a part", engine, read(ofEngine, "CAXA789456"), match.SearchedOnce, nil},
		{"a part of another kind", engine, read(index.KindGearbox, "CAXA128456"), match.SearchedOnce, nil},
		{"a document", []index.Record{withNumber(index.KindDocument, "FR", "2011AB12345")}, readIn(index.KindDocument, "F", "2011A812345"), match.SearchedOnce, []string{
			"XX/1 document near sibling",
			"  position 6: read 8, listed B",
		}},
		{"a misread document, listed without a country", []index.Record{withNumber(index.KindDocument, "", "2011AB12345")}, readIn(index.KindDocument, "F", "2011A812345"), match.SearchedOnce, []string{
			"XX/1 document near sibling",
			"  position 6: read 8, listed B",
			"  read for FR, listed without a country",
		}},

		{"candidate reads, none of them right", listed(golf), scored(and(read(ofVIN, "WVWZZZ1JZ3W3B6752"), read(ofVIN, "WVWZZZ1JZ3W3E6752")), 0.6, 0.3), match.SearchedOnce, []string{
			"XX/1 vin repaired possible",
			"  position 13: read B, listed 8",
		}},
		{"one of them right", listed(golf), scored(and(read(ofVIN, "WVWZZZ1JZ3W3B6752"), read(ofVIN, golf)), 0.6, 0.3), match.SearchedOnce, []string{
			"XX/1 vin exact probable",
			"  the reader gave this read 0.3 and another one 0.6",
		}},
		{
			"a plate and a VIN, both misread",
			[]index.Record{{VIN: vin.MustParse(golf), Plate: plate.MustParse("GB", "AB12CDE")}},
			and(read(ofVIN, golf2), readIn(ofPlate, "GB", "A812CDE")), match.SearchedOnce,
			[]string{
				"XX/1 plate near sure",
				"  position 2: read 8, listed B",
				"  the VIN matches too",
				"  VIN listed differs from what was read in one place",
				"  position 17: read 3, listed 2",
			},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := ask(t, registerWith(t, match.Options{Near: match.Always}, tt.register...), tt.query)
			holds(t, r)
			r.Remarks = nil
			if d := cmp.Diff(tt.want, brief(r)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if r.Search != tt.search {
				t.Errorf("searched %v, want %v", r.Search, tt.search)
			}
		})
	}
}

// TestNearModes asks under each mode, and with other least probabilities.
func TestNearModes(t *testing.T) {
	records := listed(accord, golf)
	const always, never = match.Always, match.Never
	for _, tt := range []struct {
		why     string
		options match.Options
		text    string
		search  match.Search
		want    []string
	}{
		{"a sibling is not even looked for", match.Options{}, golf2, 0, nil},
		{"unless everything is", match.Options{Near: always}, golf2, match.SearchedOnce, []string{"XX/2 vin near sibling"}},
		{"or nothing is too little", match.Options{MinProbability: -1}, golf2, match.SearchedOnce, []string{"XX/2 vin near sibling"}},
		{"or every other query is about a listed car", match.Options{HitRate: 0.5}, golf2, match.SearchedOnce, []string{"XX/2 vin near sure"}},
		{"what cannot be a VIN is", match.Options{}, "1HGCM8O633A004352", match.SearchedOnce, []string{"XX/1 vin near sure"}},
		{"the commonest mistakes of all are undone anyway", match.Options{Near: never}, "1HGCM82633AO04352", 0, []string{"XX/1 vin repaired sure"}},
		{"and no others", match.Options{Near: never}, "1HGCM8O633A004352", 0, nil},
		{"not even what the check digit notices", match.Options{Near: never}, "1HGCM82633A003452", 0, nil},
		{"what is searched and unlikely is dropped", match.Options{}, golf[:16], match.SearchedOnce, nil},
		{"under Auto only", match.Options{Near: always, MinProbability: 0.5}, golf[:16], match.SearchedOnce, []string{"XX/2 vin repaired possible"}},
		{"to taste", match.Options{MinProbability: 1e-6}, golf[:16], match.SearchedOnce, []string{"XX/2 vin repaired possible"}},
		{"and what was read as listed is never dropped", match.Options{MinProbability: 1}, accord, 0, []string{"XX/1 vin exact sure"}},
		{"nor looked for", match.Options{Near: never}, accord, 0, []string{"XX/1 vin exact sure"}},
	} {
		r := ask(t, registerWith(t, tt.options, slices.Clone(records)...), read(index.KindVIN, tt.text))
		holds(t, r)
		var got []string
		for _, line := range brief(match.Result{Findings: r.Findings}) {
			if line[0] != ' ' {
				got = append(got, line)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" || r.Search != tt.search {
			t.Errorf("%s: searched %v, want %v; -want +got:\n%s", tt.why, r.Search, tt.search, d)
		}
	}
}

// TestWeight compares what one query, or one matcher, makes of a record with what
// another does.
func TestWeight(t *testing.T) {
	const ofVIN, ofPlate = index.KindVIN, index.KindPlate
	car := index.Record{
		VIN: vin.MustParse(golf), Plate: plate.MustParse("GB", "AB12CDE"),
		Make: "Volkswagen", ModelYear: 2003, Type: index.Car, Colour: "red",
	}
	us := index.Record{VIN: vin.MustParse(accord)}
	next := read(ofVIN, golf2)
	swapped := read(ofVIN, "1HGCM82633A003452")
	odd := read(ofVIN, "WVWZZZ1JZ3W3B6752")
	none := match.Options{}
	for _, tt := range []struct {
		why           string
		record        index.Record
		more, less    match.Query
		moreIn, fewer match.Options
	}{
		{"people swap characters, cameras do not", us, by(match.Typed, swapped), by(match.Camera, swapped), none, none},
		{"cameras take B for 8 more often than people", car, by(match.Camera, odd), by(match.Typed, odd), none, none},
		{"B is taken for 8 more often than H", car, odd, read(ofVIN, "WVWZZZ1JZ3W3H6752"), none, none},
		{"a letter in the serial is no sibling's", car, read(ofVIN, "WVWZZZ1JZ3W386T52"), read(ofVIN, "WVWZZZ1JZ3W386152"), none, none},
		{"one error is likelier than two", us, read(ofVIN, "1HGCMB2633A004352"), read(ofVIN, "1HGCMB2633A00435Z"), none, none},
		{"what was read is likelier than any misreading", us, read(ofVIN, accord), read(ofVIN, "1HGCMB2633A004352"), none, none},
		{"all known but one", us, read(ofVIN, "1HGCM826?3A004352"), read(ofVIN, "*004352"), none, none},

		{"the colour agrees", car, claiming(next, match.Claim{Colour: "red"}), next, none, none},
		{"the colour does not", car, next, claiming(next, match.Claim{Colour: "white"}), none, none},
		{"the make does not", car, next, claiming(next, match.Claim{Make: "BMW"}), none, none},
		{"the make of a plate agrees", car, claiming(readIn(ofPlate, "GB", "AB12CDE"), match.Claim{Make: "VW"}), readIn(ofPlate, "GB", "AB12CDE"), none, none},
		{"the make of a plate does not", car, readIn(ofPlate, "GB", "AB12CDE"), claiming(readIn(ofPlate, "GB", "AB12CDE"), match.Claim{Make: "BMW"}), none, none},
		{"the year does not", car, readIn(ofPlate, "GB", "AB12CDE"), claiming(readIn(ofPlate, "GB", "AB12CDE"), match.Claim{ModelYear: 1990}), none, none},
		{"the type does not", car, readIn(ofPlate, "GB", "AB12CDE"), claiming(readIn(ofPlate, "GB", "AB12CDE"), match.Claim{Type: index.Truck}), none, none},

		{"the plate is read too", car, and(next, readIn(ofPlate, "GB", "AB12CDE")), next, none, none},
		{"nearly so", car, and(next, readIn(ofPlate, "GB", "A812CDE")), next, none, none},
		{"but not as well", car, and(next, readIn(ofPlate, "GB", "AB12CDE")), and(next, readIn(ofPlate, "GB", "A812CDE")), none, none},
		{"another plate is read", car, next, and(next, readIn(ofPlate, "GB", "XY99ZZZ")), none, none},
		{"another VIN is read", car, readIn(ofPlate, "GB", "AB12CDE"), and(readIn(ofPlate, "GB", "AB12CDE"), read(ofVIN, malibu)), none, none},
		{"a plate with its country", car, readIn(ofPlate, "GB", "AB12CDE"), read(ofPlate, "AB12CDE"), none, none},

		{"the reader prefers this read", car, scored(and(odd, next), 0.9, 0.1), scored(and(odd, next), 0.1, 0.9), none, none},

		{"more queries are about listed cars", car, next, next, match.Options{HitRate: 1e-6}, match.Options{HitRate: 1e-9}},
		{"more reads are wrong", car, next, next, match.Options{Misread: map[match.Channel]float64{match.Typed: 0.2}}, match.Options{Misread: map[match.Channel]float64{match.Typed: 0.01}}},
		{"which is bad for what was read as listed", us, read(ofVIN, accord), read(ofVIN, accord), match.Options{Misread: map[match.Channel]float64{match.Typed: 0.01}}, match.Options{Misread: map[match.Channel]float64{match.Typed: 0.9}}},
	} {
		p := func(o match.Options, q match.Query) float64 {
			o.Near = match.Always
			r := ask(t, registerWith(t, o, tt.record), q)
			holds(t, r)
			if len(r.Findings) != 1 {
				t.Fatalf("%s: %v", tt.why, brief(r))
			}
			return r.Findings[0].Probability
		}
		if more, less := p(tt.moreIn, tt.more), p(tt.fewer, tt.less); !(more > less) {
			t.Errorf("%s: %.3g is not more than %.3g", tt.why, more, less)
		}
	}
}

// withOwner names the owner of records.
func withOwner(owner string, records ...index.Record) []index.Record {
	records = slices.Clone(records)
	for i := range records {
		records[i].Owner, records[i].ID = owner, fmt.Sprint(i+1)
	}
	return records
}

func TestMatchErrors(t *testing.T) {
	m := register(t, withVIN(accord))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Match(ended, read(index.KindVIN, accord)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if r, err := m.Match(t.Context(), match.Query{}); err != nil || !errors.Is(r.Err, match.ErrNoReads) {
		t.Errorf("no reads: %v, %v", r.Err, err)
	}
	for _, k := range []index.Kind{0, index.KindDocument + 1} {
		q := and(read(index.KindVIN, accord), read(k, accord))
		if r, err := m.Match(t.Context(), q); !errors.Is(err, match.ErrKind) || len(r.Findings) > 0 {
			t.Errorf("kind %d: %v, %v", k, brief(r), err)
		}
	}
}

// TestMany asks for a number that more records carry than anybody wants.
func TestMany(t *testing.T) {
	records := listed(slices.Repeat([]string{ones}, match.MaxRows+5)...)
	m := register(t, records...)
	codes := func(r match.Result) (c []match.RemarkCode) {
		for _, remark := range r.Remarks {
			c = append(c, remark.Code)
		}
		return c
	}
	for _, tt := range []struct {
		limit, want int
		remarks     []match.RemarkCode
	}{
		{0, match.DefaultLimit, []match.RemarkCode{match.RemarkPlaceholder, match.RemarkManyRecords, match.RemarkMore}},
		{-1, match.DefaultLimit, []match.RemarkCode{match.RemarkPlaceholder, match.RemarkManyRecords, match.RemarkMore}},
		{3, 3, []match.RemarkCode{match.RemarkPlaceholder, match.RemarkManyRecords, match.RemarkMore}},
		{1 << 20, match.MaxRows, []match.RemarkCode{match.RemarkPlaceholder, match.RemarkManyRecords}},
	} {
		q := read(index.KindVIN, ones)
		q.Limit = tt.limit
		r := ask(t, m, q)
		if len(r.Findings) != tt.want {
			t.Errorf("limit %d: %d findings, want %d", tt.limit, len(r.Findings), tt.want)
		}
		if d := cmp.Diff(tt.remarks, codes(r)); d != "" {
			t.Errorf("limit %d: -want +got\n%s", tt.limit, d)
		}
	}
}

// TestFilters asks through more filters than are kept compiled, each of which
// passes one record.
func TestFilters(t *testing.T) {
	var records []index.Record
	var owners []string
	for i := range 30 {
		r := withVIN(accord)
		r.Owner, r.ID = fmt.Sprintf("OWNER%d", i), "1"
		records, owners = append(records, r), append(owners, r.Owner)
	}
	m := register(t, records...)
	for range 2 {
		for _, owner := range owners {
			q := read(index.KindVIN, accord)
			f := index.Owner(owner)
			q.Where = &f
			r := ask(t, m, q)
			if len(r.Findings) != 1 || r.Findings[0].Record.Owner != owner {
				t.Fatalf("of %s: %v", owner, brief(r))
			}
		}
	}
	everybody := read(index.KindVIN, accord)
	everybody.Where = new(index.Filter)
	everybody.Limit = len(owners)
	if r := ask(t, m, everybody); len(r.Findings) != len(owners) {
		t.Errorf("the zero filter: %d findings of %d", len(r.Findings), len(owners))
	}
}

func TestNewNil(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New of no index returned")
		}
	}()
	match.New(nil, match.Options{})
}

// TestGrades tells how much a remark matters.
func TestGrades(t *testing.T) {
	m := register(t)
	for _, tt := range []struct {
		why   string
		query match.Query
		want  string
	}{
		{"required", read(index.KindVIN, "1HGCM82653A004352"), "check_mismatch doubt"},
		{"no check digit at all where one is required", read(index.KindVIN, "1HGCM82Z53A004352"), "check_mismatch doubt"},
		{"a new maker is no crime", read(index.KindVIN, "YZZZZZ00000000001"), "unknown_wmi note"},
		{"the table lists the makes", claiming(read(index.KindVIN, golf), match.Claim{Make: "BMW"}), "claim_make conflict"},
		{"the table has the maker's name only", claiming(read(index.KindVIN, "TMBZZZ1ZZA2000001"), match.Claim{Make: "BMW"}), "claim_make doubt"},
		{"first registered a year later", claiming(read(index.KindVIN, accord), match.Claim{ModelYear: 2004}), "claim_model_year note"},
		{"where the law demands the year", claiming(read(index.KindVIN, accord), match.Claim{ModelYear: 2012}), "claim_model_year conflict"},
		{"where it does not", claiming(read(index.KindVIN, golf), match.Claim{ModelYear: 2012}), "claim_model_year doubt"},
		{"a factory abroad", claiming(read(index.KindVIN, golf), match.Claim{Country: "SK"}), "claim_country doubt"},
		{"a code that changed hands", claiming(read(index.KindVIN, "VX1ZZZ1JZ3W386752"), match.Claim{Country: "RS"}), "claim_country note"},
		{"another kind of machine", claiming(read(index.KindVIN, golf), match.Claim{Type: index.Motorcycle}), "claim_type doubt"},
	} {
		var got []string
		for _, r := range ask(t, m, tt.query).Remarks {
			got = append(got, fmt.Sprintf("%v %v", r.Code, r.Grade))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}
