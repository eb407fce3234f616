package vin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

const maxRepairs = vin.Len * 33

// repairs collects the repairs of raw and holds them to what Repairs promises.
func repairs(t *testing.T, raw string) []vin.VIN {
	t.Helper()
	var all []vin.VIN
	seen := map[vin.VIN]bool{{}: true}
	if v, _, err := vin.Clean(raw); err == nil {
		seen[v] = true
	}
	failed := false
	for v, edits := range vin.Repairs(raw) {
		if seen[v] {
			t.Fatalf("%q: repair %v is Clean's result, no VIN, or the same again", raw, v)
		}
		seen[v] = true
		all = append(all, v)
		if got := replay(raw, edits); got != v.String() {
			t.Fatalf("%q: the edits %v make %q, want %v", raw, edits, got, v)
		}
		required := v.CheckRule() == vin.CheckRequired
		if failed && required && v.CheckDigitOK() {
			t.Fatalf("%q: repair %d, %v, satisfies its check digit behind one that does not", raw, len(all), v)
		}
		failed = failed || required && !v.CheckDigitOK()
	}
	if len(all) > maxRepairs {
		t.Fatalf("%q: %d repairs", raw, len(all))
	}
	return all
}

// replay applies edits to a text.
func replay(raw string, edits vin.Edits) string {
	chars := []rune(raw)
	out := make([]string, len(chars)+1)
	for i, r := range chars {
		out[i] = string(r)
	}
	swap, guesses := [2]int{}, false
	for _, e := range edits {
		i := e.Pos - 1
		guesses = guesses || e.Kind.IsGuess()
		switch {
		case e.Kind == vin.Restored:
			out[i] = string(e.To) + out[i]
		case e.Kind == vin.Transposed:
			swap = [2]int{i, i + e.N - 1}
		case e.Kind == vin.Substituted || isFold(e.Kind):
			out[i] = strings.TrimSuffix(out[i], string(chars[i])) + string(e.To)
		default:
			for k := i; k < i+e.N; k++ {
				out[k] = strings.TrimSuffix(out[k], string(chars[k]))
			}
		}
	}
	out[swap[0]], out[swap[1]] = out[swap[1]], out[swap[0]]
	if !guesses {
		return "no guess"
	}
	return strings.Join(out, "")
}

func TestRepairs(t *testing.T) {
	for _, tt := range []struct{ raw, first, why string }{
		{"1HGCM82633AOO4352", accord, "O for 0, twice"},
		{"IHGCM82633A004352", accord, "I for 1"},
		{"1HGCM82633AQ04352", accord, "Q for 0"},
		{"lHGCM82633A004352", accord, "a small L for 1"},
		{"1HGCM82633A00435Z", accord, "Z for 2"},
		{"1HGCM82633A0043S2", accord, "S for 5"},
		{"1HGCMB2633A004352", accord, "B for 8"},
		{"1HGCM82G33A004352", accord, "G for 6"},
		{"1HGCM826E3A004352", "1HGCM82633A004352", "position 9, which cannot be E"},
		{"WVWZZZ3CZEE14028T", "WVWZZZ3CZEE140287", "no check digit: digits at the end"},
		{"WVWZZZ3CZEEI4O287", "WVWZZZ3CZEE140287", "I and O, no check digit"},
		{"1HGCM82633A0043522", accord, "the last symbol twice"},
		{"1HGCM8263A004352", accord, "one of two 3s lost"},
		{"VIN: 1hgcm826-33aO-04352", accord, "in need of cleaning"},
		{"I1HGCM82633AO04352", accord, "bar code I, and O for 0"},
		{"I1HGCM82633A0O4352*", accord, "the same with an asterisk"},
		{"1HGCM82633AO04352 (VIN)", accord, "a label behind"},
		{"1HGCM82633AO04352 VIN", accord, "without brackets"},
		{"1HGCM82633AO04352VIN", accord, "and without a blank"},
		{"IHGCM82633A004352 VIN", accord, "I for 1, and a label behind"},
		{"1HGCM82633A0043522 VIN", accord, "one too many, and a label behind"},
		{"1HGCM8263A004352 NR", accord, "one lost, and a short label"},
		{"NR 1HGCM8263A004352", accord, "in front, not part of the number"},
		{"1HGCM82633AO04352, 1HGCM82633AO04352", accord, "twice"},
		{"I1HGCM82633AO04352 I1HGCM82633A-O04352", accord, "twice from a bar code"},
		{"]A01HGCM82633AO04352", accord, "a bar code reader's identifier"},
		{"VIN 2: 1HGCM82633AO04352", accord, "a numbered label"},
	} {
		all := repairs(t, tt.raw)
		if len(all) == 0 || all[0].String() != tt.first {
			t.Errorf("%s: repairs of %q begin %v, want %s", tt.why, tt.raw, all[:min(3, len(all))], tt.first)
		}
	}
}

func TestNoRepairs(t *testing.T) {
	for _, tt := range []struct{ raw, why string }{
		{"", "nothing"},
		{"004352", "short"},
		{"1HGCM82633A0043", "two lost"},
		{"1HGCM82633A004352222", "three too many"},
		{"1HGCM826?3A004352", "an unknown symbol is for CleanPattern"},
		{"1HGCM826\x003A004352", "broken"},
		{accord + " " + other, "two VINs"},
		{"1HGCM82633AO04352, 1HGCM82633AO04353", "two damaged ones"},
		{"1HGCM82633AO04352 sold", "a word that is no label"},
		{"1HGCM82633A00435 sold", "the same, one lost"},
		{"IDENTIFICATION NO", "letters alone"},
		{"NOTHING WAS FOUND", "17 with blanks"},
		{strings.Repeat("0", 10<<20), "too long to be read"},
	} {
		if all := repairs(t, tt.raw); len(all) > 0 {
			t.Errorf("%s: %.40q has repairs: %v", tt.why, tt.raw, all[0])
		}
	}
}

// sampleForRepair are real numbers of the case file: of North America with a
// right check digit, and of makers without one.
func sampleForRepair(t *testing.T) (checked, others []string) {
	for _, row := range readCases(t) {
		v, err := vin.Parse(row["input"])
		switch {
		case err != nil || v.Decode().Remarks.Has(vin.Placeholder|vin.UnknownWMI|vin.LetteredTail):
		case v.CheckRule() == vin.CheckRequired && v.CheckDigitOK() && len(checked) < 40:
			checked = append(checked, v.String())
		case v.CheckRule() == vin.CheckNone && len(others) < 20:
			others = append(others, v.String())
		}
	}
	if len(checked) < 40 || len(others) < 10 {
		t.Fatalf("%d and %d numbers", len(checked), len(others))
	}
	return checked, others
}

// TestRepairsFindTheTruth makes every mistake of the kinds that Repairs speaks
// of in real numbers, and counts where the true number comes.
func TestRepairsFindTheTruth(t *testing.T) {
	// The pairs that readers confuse: those that a check digit tells apart, and
	// those that it does not.
	const pairs = "B8 S5 Z2 G6 D0 A4 T7 UV MN CG EF KX PR HN WV " +
		"1J 2S 1A 9R UD UM PX EN NV FW BK LT HY 0O 0Q 1I"
	mistakes := func(v string) map[string][]string {
		m := map[string][]string{}
		for i := range len(v) {
			head, c, tail := v[:i], v[i:i+1], v[i+1:]
			for pair := range strings.FieldsSeq(pairs) {
				if strings.Contains(pair, c) {
					kind, r := "look-alike", strings.Trim(pair, c)
					if strings.Contains("IOQ", r) {
						kind = "illegal"
					}
					m[kind] = append(m[kind], head+r+tail)
				}
			}
			m["lost"] = append(m["lost"], head+tail)
			m["doubled"] = append(m["doubled"], head+c+c+tail)
			if i+1 < len(v) && v[i] != v[i+1] {
				m["transposed"] = append(m["transposed"], head+v[i+1:i+2]+c+v[i+2:])
			}
		}
		m["illegal"] = append(m["illegal"], strings.NewReplacer("0", "O", "1", "I").Replace(v))
		return m
	}

	checked, others := sampleForRepair(t)
	// By kind of mistake: how many of a hundred must come first and among the
	// first ten.
	want := map[string][2][2]int{ // with a check digit, without one
		"illegal":    {{97, 100}, {97, 100}},
		"look-alike": {{50, 93}, {22, 50}},
		"transposed": {{25, 97}, {10, 14}},
		"lost":       {{16, 57}, {3, 15}},
		"doubled":    {{97, 100}, {70, 100}},
	}
	for set, numbers := range [][]string{checked, others} {
		count := map[string][3]int{} // all, first, ten
		for _, number := range numbers {
			truth := vin.MustParse(number)
			for kind, reads := range mistakes(number) {
				for _, read := range reads {
					if read == number {
						continue
					}
					rank := -1
					for i, v := range repairs(t, read) {
						if v == truth {
							rank = i
							break
						}
					}
					if rank < 0 {
						t.Fatalf("%s: %s is not among the repairs of %s", kind, truth, read)
					}
					c := count[kind]
					c[0]++
					if rank == 0 {
						c[1]++
					}
					if rank < 10 {
						c[2]++
					}
					count[kind] = c
				}
			}
		}
		for kind, c := range count {
			first, ten := 100*c[1]/c[0], 100*c[2]/c[0]
			t.Logf("set %d: %-10s %5d reads: first %d %%, among ten %d %%", set, kind, c[0], first, ten)
			if w := want[kind][set]; first < w[0] || ten < w[1] {
				t.Errorf("set %d: %s: first %d %%, among ten %d %%; want at least %d and %d", set, kind, first, ten, w[0], w[1])
			}
		}
	}
}

// TestSwapOf8And9 is about the one swap of digits that no check digit can see.
func TestSwapOf8And9(t *testing.T) {
	truth := vin.MustParse("2G1WB5E37E1110567")
	read := "2G1WB5E73E1110567"
	if !vin.MustParse(read).CheckDigitOK() {
		t.Fatal("the check digit sees it")
	}
	for i, v := range repairs(t, read) {
		if v == truth {
			if i > 5 {
				t.Errorf("the truth is repair %d", i+1)
			}
			return
		}
	}
	t.Error("the truth is not among the repairs")
}

func TestRepairsEdits(t *testing.T) {
	for _, tt := range []struct {
		raw, vin string
		want     vin.Edits
	}{
		{"vin 1HGCM826 33aoO4352", accord, vin.Edits{
			{Kind: vin.DroppedLabel, Pos: 1, N: 3, From: 'v'},
			{Kind: vin.DroppedSeparator, Pos: 4, N: 1, From: ' '},
			{Kind: vin.DroppedSeparator, Pos: 13, N: 1, From: ' '},
			{Kind: vin.FoldedCase, Pos: 16, N: 1, From: 'a', To: 'A'},
			{Kind: vin.Substituted, Pos: 17, N: 1, From: 'o', To: '0'},
			{Kind: vin.Substituted, Pos: 18, N: 1, From: 'O', To: '0'},
		}},
		{"1HGCM826-33A00435Z", accord, vin.Edits{
			{Kind: vin.DroppedSeparator, Pos: 9, N: 1, From: '-'},
			{Kind: vin.Substituted, Pos: 18, N: 1, From: 'Z', To: '2'},
		}},
		{"1HGCM823-63A004352", accord, vin.Edits{
			{Kind: vin.Transposed, Pos: 8, N: 3, From: '3', To: '6'},
			{Kind: vin.DroppedSeparator, Pos: 9, N: 1, From: '-'},
		}},
		{"1HGCM82633AO04352 1HGCM82633AO04352 VIN", accord, vin.Edits{
			{Kind: vin.Substituted, Pos: 12, N: 1, From: 'O', To: '0'},
			{Kind: vin.DroppedSeparator, Pos: 18, N: 1, From: ' '},
			{Kind: vin.DroppedRepeat, Pos: 19, N: 17, From: '1'},
			{Kind: vin.DroppedSeparator, Pos: 36, N: 1, From: ' '},
			{Kind: vin.DroppedLabel, Pos: 37, N: 3, From: 'V'},
		}},
		{"1HGCM82633A00435", accord, vin.Edits{{Kind: vin.Restored, Pos: 17, To: '2'}}},
		{"1HGCM8263A004352", accord, vin.Edits{{Kind: vin.Restored, Pos: 10, To: '3'}}},
		{"1HGCM82633A0004352", accord, vin.Edits{{Kind: vin.Removed, Pos: 12, N: 1, From: '0'}}},
	} {
		var got vin.Edits
		for v, edits := range vin.Repairs(tt.raw) {
			if v.String() == tt.vin {
				got = edits
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("repair of %q: edits (-want +got):\n%s", tt.raw, diff)
		}
	}
}

func TestRepairsStop(t *testing.T) {
	n := 0
	for range vin.Repairs("1HGCM82633A00435") {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d repairs after a stop at 3", n)
	}
	seq := vin.Repairs("1HGCM82633A00435")
	for range 2 { // a sequence can be used again
		n := 0
		for range seq {
			n++
		}
		if n < 500 {
			t.Errorf("%d repairs", n)
		}
	}
}

func BenchmarkRepairs(b *testing.B) {
	for _, raw := range []string{"1HGCM82633AOO4352", "1HGCM82633A00435", "1HGCM82633A0043522"} {
		b.Run(raw[len(raw)-6:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range vin.Repairs(raw) {
					break
				}
			}
		})
	}
}
