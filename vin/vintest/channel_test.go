package vintest_test

import (
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/vin/vintest"
)

// reads counts the errors of n reads of VINs in which each has one.
func reads(t *testing.T, c vintest.Channel, n int, see func(text, read string, s vintest.Slip)) map[vintest.SlipKind]int {
	t.Helper()
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	r := vintest.NewReader(1, c, 1)
	kinds := make(map[vintest.SlipKind]int)
	for range n {
		text := p.Next().String()
		read, slip := r.Read(text)
		kinds[slip.Kind]++
		if see != nil {
			see(text, read, slip)
		}
	}
	return kinds
}

// The errors come in the shares of the mix. Kinds that few VINs have room for
// (a pair that is equal, a digit before 0) come short, and the others take
// their place.
func TestReaderMix(t *testing.T) {
	const n = 100_000
	for _, c := range vintest.Channels {
		kinds := reads(t, c, n, nil)
		for kind, want := range vintest.MixOf(c) {
			tolerance := 0.02
			if want <= 0.01 {
				tolerance = 0.01
			}
			near(t, fmt.Sprintf("%v: %v", c, kind), kinds[kind], n, want, tolerance)
			if kinds[kind] == 0 {
				t.Errorf("%v: no %v in %d reads", c, kind, n)
			}
		}
		if kinds[vintest.Correct] > 0 {
			t.Errorf("%v: %d of %d reads have no error", c, kinds[vintest.Correct], n)
		}
	}
}

// The mixes of those channels for which figures are published are those
// figures.
func TestMixSources(t *testing.T) {
	f, err := os.Open("testdata/error_rates.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		metric  string
		channel vintest.Channel
		kinds   []vintest.SlipKind
	}{
		{"error mix: look-alike substitution", vintest.Camera, []vintest.SlipKind{vintest.LookAlike}},
		{"error mix: tail truncation of 1-2 characters", vintest.Camera, []vintest.SlipKind{vintest.Truncation}},
		{"error mix: non look-alike substitution", vintest.Camera, []vintest.SlipKind{vintest.Substitution}},
		{"error mix: missing middle character", vintest.Camera, []vintest.SlipKind{vintest.Omission}},
		{"error mix: province or city code wrong", vintest.Camera, []vintest.SlipKind{vintest.Region}},
		{"error mix: several characters wrong", vintest.Camera, []vintest.SlipKind{vintest.Several}},
		{"adjacent transposition share", vintest.Camera, []vintest.SlipKind{vintest.Transposition}},
		{"single substitution share", vintest.Typed, []vintest.SlipKind{vintest.LookAlike, vintest.Substitution}},
		{"adjacent transposition share", vintest.Typed, []vintest.SlipKind{vintest.Transposition}},
		{"omission or addition of a digit share", vintest.Typed, []vintest.SlipKind{vintest.Omission, vintest.Addition}},
		{"twin error aa->bb share", vintest.Typed, []vintest.SlipKind{vintest.Twin}},
		{"jump transposition abc->cba share", vintest.Typed, []vintest.SlipKind{vintest.Jump}},
		{"jump twin aca->bcb share", vintest.Typed, []vintest.SlipKind{vintest.JumpTwin}},
		{"phonetic a0->1a share", vintest.Typed, []vintest.SlipKind{vintest.Phonetic}},
	}
	for _, tt := range tests {
		source := map[vintest.Channel]string{vintest.Camera: "camera", vintest.Typed: "human"}[tt.channel]
		i := slices.IndexFunc(rows, func(row []string) bool { return row[0] == tt.metric && row[1] == source })
		if i < 0 {
			t.Errorf("%s: no such row", tt.metric)
			continue
		}
		want, err := strconv.ParseFloat(rows[i][2], 64)
		if err != nil {
			t.Fatal(err)
		}
		if tt.channel == vintest.Typed {
			want /= 1.085 // the middles of Verhoeff's ranges sum to this
		}
		var got float64
		for _, kind := range tt.kinds {
			got += vintest.MixOf(tt.channel)[kind]
		}
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %s: share %.4f, want %.4f", tt.channel, tt.metric, got, want)
		}
	}
}

// What each kind of error is, told from the texts alone.
func TestSlips(t *testing.T) {
	// differing returns the positions from 0 at which texts of one length
	// differ.
	differing := func(a, b string) (at []int) {
		for i := range a {
			if a[i] != b[i] {
				at = append(at, i)
			}
		}
		return at
	}
	swapped := func(text, read string, by int) bool {
		d := differing(text, read)
		return len(d) == 2 && d[1] == d[0]+by && text[d[0]] == read[d[1]] && text[d[1]] == read[d[0]]
	}
	both := func(text, read string, by int) bool {
		d := differing(text, read)
		return len(d) == 2 && d[1] == d[0]+by && text[d[0]] == text[d[1]] && read[d[0]] == read[d[1]]
	}
	is := map[vintest.SlipKind]func(text, read string, pos int) bool{
		vintest.LookAlike:    func(text, read string, pos int) bool { return len(differing(text, read)) == 1 },
		vintest.Substitution: func(text, read string, pos int) bool { return len(differing(text, read)) == 1 },
		vintest.Region:       func(text, read string, pos int) bool { return len(differing(text, read)) == 1 && pos <= 2 },
		vintest.Several: func(text, read string, pos int) bool {
			n := len(differing(text, read))
			return n == 2 || n == 3
		},
		vintest.Transposition: func(text, read string, pos int) bool { return swapped(text, read, 1) },
		vintest.Jump:          func(text, read string, pos int) bool { return swapped(text, read, 2) },
		vintest.Twin:          func(text, read string, pos int) bool { return both(text, read, 1) },
		vintest.JumpTwin:      func(text, read string, pos int) bool { return both(text, read, 2) },
		vintest.Phonetic: func(text, read string, pos int) bool {
			return text[pos] == '0' && read[pos-1] == '1' && read[pos] == text[pos-1]
		},
		vintest.Omission: func(text, read string, pos int) bool {
			return 1 < pos && pos < len(text) && read == text[:pos-1]+text[pos:]
		},
		vintest.Addition: func(text, read string, pos int) bool {
			return len(read) == len(text)+1 && read[:pos]+read[pos+1:] == text
		},
		vintest.Truncation: func(text, read string, pos int) bool {
			return read == text[:pos-1] && (len(read) == len(text)-1 || len(read) == len(text)-2)
		},
		vintest.Framing: func(text, read string, pos int) bool {
			return len(read) > len(text) && strings.Trim(read, "*\x00") == text || read == "I"+text
		},
		vintest.Restamp: func(text, read string, pos int) bool {
			return read[:11] == text[:11] && len(differing(text, read)) <= 3
		},
	}
	for _, c := range vintest.Channels {
		reads(t, c, 20_000, func(text, read string, s vintest.Slip) {
			ok := s.Pos >= 1 && s.Pos <= len(text) && read != text && is[s.Kind](text, read, s.Pos)
			if ok && len(read) == len(text) { // the position is the first that differs
				ok = differing(text, read)[0] == s.Pos-1
			}
			if !ok {
				t.Errorf("%v: %s is read %q, which is no %v at %d", c, text, read, s.Kind, s.Pos)
			}
			if c == vintest.Camera && (s.Kind == vintest.Transposition || s.Kind == vintest.Jump) {
				t.Errorf("a camera swaps characters: %s is read %s", text, read)
			}
		})
	}
}

// Look-alikes follow the confusion matrix: 0 is read O in 57 of 100 errors.
func TestReaderConfusions(t *testing.T) {
	const n = 50_000
	r := vintest.NewReader(1, vintest.Camera, 1)
	got := make(map[string]int)
	of := 0
	for range n {
		read, slip := r.Read("00000000000000000")
		if slip.Kind == vintest.LookAlike {
			of++
			got[read[slip.Pos-1:slip.Pos]]++
		}
	}
	for char, want := range map[string]float64{"O": 0.567, "Q": 0.134, "D": 0.112, "8": 0.035, "0": 0} {
		near(t, "0 read as "+char, got[char], of, want, 0.02)
	}
}

func TestReaderAnyText(t *testing.T) {
	tests := []struct {
		text string
		why  string
	}{
		{"", "no room for any error"},
		{"A", "one character"},
		{"AB12 CDE", "a plate with a space"},
		{"京A·12345", "a Chinese plate"},
		{"千葉 330 あ 12-34", "a Japanese plate: mostly characters that no table knows"},
		{"ÄÖÜ", "letters beyond ASCII only"},
		{"\xff\xfe12", "bytes that are not UTF-8"},
		{"1hgcm82633a004352", "lower case"},
		{strings.Repeat("A1", 500), "long"},
	}
	for _, tt := range tests {
		for _, c := range vintest.Channels {
			r := vintest.NewReader(9, c, 1)
			wrong := 0
			for range 500 {
				read, slip := r.Read(tt.text)
				if (slip == vintest.Slip{}) != (read == tt.text) {
					t.Errorf("%v: %q (%s) is read %q with %+v", c, tt.text, tt.why, read, slip)
				}
				if utf8.ValidString(tt.text) != utf8.ValidString(read) && utf8.ValidString(tt.text) {
					t.Errorf("%v: %q (%s) is read %q: a character is cut", c, tt.text, tt.why, read)
				}
				if read != tt.text {
					wrong++
				}
			}
			if wrong == 0 && tt.text != "" && len(tt.text) > 1 {
				// Metal is stamped over where the table knows a cover, or
				// what is there is lost: letters beyond ASCII can be.
				t.Errorf("%v: %q (%s) is never misread", c, tt.text, tt.why)
			}
		}
	}
}

// Every channel makes the same errors in lower case.
func TestReaderCase(t *testing.T) {
	const text = "1HGCM82633AFCLEP"
	for _, c := range vintest.Channels {
		big, small := vintest.NewReader(1, c, 1), vintest.NewReader(1, c, 1)
		for range 500 {
			want, wantSlip := big.Read(text)
			got, slip := small.Read(strings.ToLower(text))
			if slip != wantSlip || !strings.EqualFold(got, want) {
				t.Fatalf("%v: %q with %v, in lower case %q with %v", c, want, wantSlip, got, slip)
			}
		}
	}
}

func TestReaderRate(t *testing.T) {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	for _, want := range []float64{0, 0.05, 0.5, 1} {
		r := vintest.NewReader(1, vintest.Camera, want)
		wrong := 0
		const n = 50_000
		for range n {
			text := p.Next().String()
			if read, _ := r.Read(text); read != text {
				wrong++
			}
		}
		near(t, "misread", wrong, n, want, 0.005)
		if (want == 0 || want == 1) && wrong != int(want)*n {
			t.Errorf("rate %v: %d of %d reads are wrong", want, wrong, n)
		}
	}
	r := vintest.NewReader(1, vintest.Typed, 0)
	if n := testing.AllocsPerRun(100, func() { r.Read("1HGCM82633A004352") }); n != 0 {
		t.Errorf("a correct read allocates %v times", n)
	}
	for _, c := range vintest.Channels {
		if m := c.Misread(); !(m > 0 && m < 1) {
			t.Errorf("%v: Misread is %v", c, m)
		}
	}
	for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
		mustPanic(t, fmt.Sprint("rate ", bad), func() { vintest.NewReader(1, vintest.Typed, bad) })
	}
	mustPanic(t, "channel 9", func() { vintest.NewReader(1, 9, 0) })
}

// Any text is read without a panic, the same way by the same seed, and differs
// exactly where the slip says so.
func FuzzReader(f *testing.F) {
	f.Add("1HGCM82633A004352", uint64(1), uint8(0))
	f.Add("京A12345", uint64(2), uint8(1))
	f.Add("\xff0\xc3", uint64(3), uint8(3))
	f.Fuzz(func(t *testing.T, text string, seed uint64, channel uint8) {
		c := vintest.Channels[int(channel)%len(vintest.Channels)]
		r := vintest.NewReader(seed, c, 1)
		copied := *r
		for range 10 {
			read, slip := r.Read(text)
			if again, same := copied.Read(text); again != read || same != slip {
				t.Fatalf("%q, then %q of the same reader", read, again)
			}
			if (slip == vintest.Slip{}) != (read == text) {
				t.Fatalf("read %q with %+v", read, slip)
			}
			if n := utf8.RuneCountInString(text); slip.Pos < 0 || slip.Pos > n {
				t.Fatalf("read %q with a slip at %d of %d characters", read, slip.Pos, n)
			}
			if len(read) > len(text)+utf8.UTFMax {
				t.Fatalf("read %q of %d bytes", read, len(text))
			}
		}
	})
}

func TestReaderGolden(t *testing.T) {
	h := fnv.New64a()
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	for _, c := range vintest.Channels {
		r := vintest.NewReader(1, c, 0.5)
		for range 5000 {
			read, slip := r.Read(p.Next().String())
			fmt.Fprintln(h, c, read, slip.Kind, slip.Pos)
		}
	}
	n := 0
	for text, why := range vintest.Hostile(1) {
		fmt.Fprintln(h, text, why)
		if n++; n == 2000 {
			break
		}
	}
	const want = 0xb4d6b13ec8c14b74
	if got := h.Sum64(); got != want {
		t.Errorf("hash %#x, want %#x", got, uint64(want))
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[fmt.Stringer]string{
		vintest.Typed: "typed", vintest.Camera: "camera", vintest.Barcode: "barcode", vintest.Stamped: "stamped",
		vintest.Channel(9): "Channel(9)",
		vintest.Correct:    "correct", vintest.Jump: "jump", vintest.Restamp: "restamp",
		vintest.SlipKind(99): "SlipKind(99)",
	} {
		if got.String() != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	p := vintest.NewPopulation(1, vintest.DefaultMix)
	texts := make([]string, 1024)
	for i := range texts {
		texts[i] = p.Next().String()
	}
	for _, c := range vintest.Channels {
		b.Run(c.String(), func(b *testing.B) {
			r := vintest.NewReader(1, c, 1)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Read(texts[i%len(texts)])
			}
		})
	}
}
