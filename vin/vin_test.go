package vin_test

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vinmatch/vinmatch/vin"
)

var (
	_ encoding.TextMarshaler     = vin.VIN{}
	_ encoding.TextAppender      = vin.VIN{}
	_ encoding.TextUnmarshaler   = (*vin.VIN)(nil)
	_ encoding.BinaryMarshaler   = vin.VIN{}
	_ encoding.BinaryAppender    = vin.VIN{}
	_ encoding.BinaryUnmarshaler = (*vin.VIN)(nil)
	_ sql.Scanner                = (*vin.VIN)(nil)
	_ driver.Valuer              = vin.VIN{}
	_ slog.LogValuer             = vin.VIN{}
	_ slog.LogValuer             = vin.Info{}
	_ slog.LogValuer             = vin.Edit{}
	_ slog.LogValuer             = vin.Edits{}
	_ fmt.Stringer               = vin.VIN{}
)

const accord = "1HGCM82633A004352"

func TestParseErrors(t *testing.T) {
	tests := []struct {
		in   string
		want vin.Error
		why  string
	}{
		{"", vin.Error{Kind: vin.TooShort, Pos: 1}, "nothing"},
		{"1", vin.Error{Kind: vin.TooShort, Pos: 2}, "one symbol"},
		{"1HGCM82633A00435", vin.Error{Kind: vin.TooShort, Pos: 17}, "16 symbols"},
		{accord + "2", vin.Error{Kind: vin.TooLong, Pos: 18, Char: '2'}, "18 symbols"},
		{accord + "z", vin.Error{Kind: vin.TooLong, Pos: 18, Char: 'z'}, "18 symbols, lower case"},
		{accord + ",", vin.Error{Kind: vin.BadChar, Pos: 18, Char: ','}, "a list"},
		{accord + "\n", vin.Error{Kind: vin.BadChar, Pos: 18, Char: '\n'}, "end of line"},
		{accord + "\r\n", vin.Error{Kind: vin.BadChar, Pos: 18, Char: '\r'}, "end of line of Windows"},
		{accord + "\xff", vin.Error{Kind: vin.InvalidUTF8, Pos: 18}, "padding of a bus frame"},
		{" " + accord, vin.Error{Kind: vin.BadChar, Pos: 1, Char: ' '}, "space in front"},
		{"I" + accord, vin.Error{Kind: vin.BadChar, Pos: 1, Char: 'I'}, "bar code of an import"},
		{"1HGCM8263ÏA004352", vin.Error{Kind: vin.BadChar, Pos: 10, Char: 'Ï'}, "two bytes, one character"},
		{"１HGCM82633A00435", vin.Error{Kind: vin.BadChar, Pos: 1, Char: '１'}, "full width"},
		{"1HGCM82633A00435٢", vin.Error{Kind: vin.BadChar, Pos: 17, Char: '٢'}, "an Arabic digit"},
		{"1HGCM82633A00435𝟚", vin.Error{Kind: vin.BadChar, Pos: 17, Char: '𝟚'}, "four bytes"},
		{"1HGCM82633A00435\uFFFD", vin.Error{Kind: vin.BadChar, Pos: 17, Char: '\uFFFD'}, "a replacement character is valid UTF-8"},
		{"1HGCM82633A0043\xc3\x28", vin.Error{Kind: vin.InvalidUTF8, Pos: 16}, "broken sequence, 17 bytes"},
		{"1HGCM82633A00\xe4352", vin.Error{Kind: vin.InvalidUTF8, Pos: 14}, "Latin-1, 17 bytes"},
		{"\xed\xa0\x80HGCM82633A0043", vin.Error{Kind: vin.InvalidUTF8, Pos: 1}, "surrogate, 17 bytes"},
		{"1HGCM826\x003A004352", vin.Error{Kind: vin.BadChar, Pos: 9, Char: 0}, "NUL inside"},
		{"1HGCM826?3A004352", vin.Error{Kind: vin.BadChar, Pos: 9, Char: '?'}, "a bad byte at the position without weight"},
		{"1HGCM82633AOIQ352", vin.Error{Kind: vin.BadChar, Pos: 12, Char: 'O'}, "the first of several"},
		{"1hgcm82633aoiq352", vin.Error{Kind: vin.BadChar, Pos: 12, Char: 'o'}, "as it was written"},
		{"1HGCM82633A12345i", vin.Error{Kind: vin.BadChar, Pos: 17, Char: 'i'}, "the last"},
		{"/HGCM82633A004352", vin.Error{Kind: vin.BadChar, Pos: 1, Char: '/'}, "the byte below 0"},
		{":HGCM82633A004352", vin.Error{Kind: vin.BadChar, Pos: 1, Char: ':'}, "the byte above 9"},
		{"@HGCM82633A004352", vin.Error{Kind: vin.BadChar, Pos: 1, Char: '@'}, "the byte below A"},
		{"[HGCM82633A004352", vin.Error{Kind: vin.BadChar, Pos: 1, Char: '['}, "the byte above Z"},
	}
	for _, tt := range tests {
		v, err := vin.Parse(tt.in)
		var e *vin.Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q) (%s) = %v, %v", tt.in, tt.why, v, err)
			continue
		}
		if diff := gocmp.Diff(tt.want, *e); diff != "" {
			t.Errorf("Parse(%q) (%s): (-want +got)\n%s", tt.in, tt.why, diff)
		}
		if v.IsValid() || !errors.Is(err, tt.want.Kind) {
			t.Errorf("Parse(%q) = %v, %v: not the zero VIN, or not %v", tt.in, v, err, tt.want.Kind)
		}
		if text := err.Error(); len(tt.in) >= 16 && strings.Contains(text, tt.in[:8]) {
			t.Errorf("Parse(%q): the error tells the number: %s", tt.in, text)
		}
	}
}

// Any byte at any position, alone.
func TestParseEachByte(t *testing.T) {
	for pos := range vin.Len {
		for c := range 256 {
			b := []byte(accord)
			b[pos] = byte(c)
			upper := bytes.ToUpper(b[pos : pos+1])
			want := strings.Contains(symbols, string(upper))
			v, err := vin.Parse(string(b))
			w, ok := vin.FromBytes([vin.Len]byte(b))
			if (err == nil) != want || ok != want || v != w {
				t.Fatalf("byte %#x at %d: Parse %v, FromBytes %t, want VIN = %t", c, pos+1, err, ok, want)
			}
			b[pos] = upper[0]
			if want && v.String() != string(b) {
				t.Fatalf("Parse(%q).String() = %q", b, v)
			}
		}
	}
}

func TestErrorMessages(t *testing.T) {
	tests := []struct{ in, want string }{
		{"1HGCM826O3A004352", "vin: position 9: 'O' is not a VIN symbol"},
		{"1HGCM826\n3A004352", `vin: position 9: '\n' is not a VIN symbol`},
		{accord[:16], "vin: position 17: the text ends, want 17 symbols"},
		{accord + "1", "vin: position 18: more than 17 symbols"},
		{accord[:4] + "\xff", "vin: position 5: invalid UTF-8"},
	}
	for _, tt := range tests {
		if _, err := vin.Parse(tt.in); err == nil || err.Error() != tt.want {
			t.Errorf("Parse(%q): %v, want %s", tt.in, err, tt.want)
		}
	}
	for k, want := range map[vin.Kind]string{
		vin.BadChar: "BadChar", vin.InvalidUTF8: "InvalidUTF8", vin.TooShort: "TooShort", vin.TooLong: "TooLong",
		0: "Kind(0)", 200: "Kind(200)",
	} {
		if k.String() != want || k.Error() != "vin: "+want {
			t.Errorf("Kind %d: %q, %q", uint8(k), k.String(), k.Error())
		}
	}
}

func TestMustParse(t *testing.T) {
	if got := vin.MustParse(accord).String(); got != accord {
		t.Errorf("MustParse = %s", got)
	}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, vin.TooShort) {
			t.Errorf("MustParse panics with %v", err)
		}
	}()
	vin.MustParse("1HG")
}

func TestParseBatch(t *testing.T) {
	src := []string{accord, "", "wvwzzz3czee140287", accord + "X"}
	dst := slices.Repeat([]vin.VIN{vin.MustParse(accord)}, 5)
	if n := vin.ParseBatch(dst, src); n != 2 {
		t.Errorf("ParseBatch = %d, want 2", n)
	}
	want := []vin.VIN{vin.MustParse(accord), {}, vin.MustParse("WVWZZZ3CZEE140287"), {}, vin.MustParse(accord)}
	if !slices.Equal(dst, want) {
		t.Errorf("ParseBatch gives %v", dst)
	}
	if n := vin.ParseBatch(nil, nil); n != 0 {
		t.Errorf("ParseBatch of nothing = %d", n)
	}
	defer func() {
		if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "vin: ") {
			t.Errorf("ParseBatch with a short dst panics with %v", r)
		}
	}()
	vin.ParseBatch(dst[:1], src)
}

// randomVINs are n numbers without any rule, the same on every run, and the
// extremes.
func randomVINs(n int) []vin.VIN {
	rng := rand.New(rand.NewPCG(1, 1))
	vins := []vin.VIN{vin.MustParse(strings.Repeat("0", 17)), vin.MustParse(strings.Repeat("Z", 17))}
	for len(vins) < n {
		var b [vin.Len]byte
		for i := range b {
			b[i] = symbols[rng.IntN(len(symbols))]
		}
		v, _ := vin.FromBytes(b)
		vins = append(vins, v)
	}
	return vins
}

func TestRoundTrips(t *testing.T) {
	for _, v := range randomVINs(2000) {
		text := v.String()
		b := v.Bytes()
		if string(b[:]) != text {
			t.Fatalf("Bytes %q, String %q", b, text)
		}
		for pos := 1; pos <= vin.Len; pos++ {
			if v.At(pos) != text[pos-1] {
				t.Fatalf("%s: At(%d) = %c", text, pos, v.At(pos))
			}
		}
		hi, lo := v.Words()
		trips := map[string]func() (vin.VIN, error){
			"Parse":      func() (vin.VIN, error) { return vin.Parse(text) },
			"lower case": func() (vin.VIN, error) { return vin.Parse(strings.ToLower(text)) },
			"FromBytes":  func() (vin.VIN, error) { w, ok := vin.FromBytes(b); return w, okErr(ok) },
			"FromWords":  func() (vin.VIN, error) { w, ok := vin.FromWords(hi, lo); return w, okErr(ok) },
			"text": func() (w vin.VIN, err error) {
				text, _ := v.MarshalText()
				err = w.UnmarshalText(text)
				return w, err
			},
			"binary": func() (w vin.VIN, err error) {
				data, _ := v.MarshalBinary()
				err = w.UnmarshalBinary(data)
				return w, err
			},
			"SQL": func() (w vin.VIN, err error) {
				value, _ := v.Value()
				err = w.Scan(value)
				return w, err
			},
			"SQL bytes": func() (w vin.VIN, err error) {
				err = w.Scan([]byte(text))
				return w, err
			},
		}
		for name, trip := range trips {
			if w, err := trip(); err != nil || w != v {
				t.Fatalf("%s: %s gives %v, %v", text, name, w, err)
			}
		}
		if got := string(v.AppendTo([]byte("x"))); got != "x"+text {
			t.Fatalf("AppendTo = %q", got)
		}
	}
}

func okErr(ok bool) error {
	if !ok {
		return errors.New("refused")
	}
	return nil
}

func TestJSON(t *testing.T) {
	type doc struct {
		V vin.VIN
		M map[vin.VIN]int
	}
	want := doc{vin.MustParse(accord), map[vin.VIN]int{vin.MustParse(accord): 1}}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"V":"1HGCM82633A004352","M":{"1HGCM82633A004352":1}}` {
		t.Fatalf("%s, %v", text, err)
	}
	var got doc
	if err := json.Unmarshal(text, &got); err != nil || got.V != want.V || got.M[want.V] != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"V":""}`), &got); err != nil || got.V.IsValid() {
		t.Errorf("empty text: %v, %v", got.V, err)
	}
	if err := json.Unmarshal([]byte(`{"V":"nonsense"}`), &got); !errors.Is(err, vin.BadChar) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestOrderIsThatOfText(t *testing.T) {
	vins := randomVINs(300)
	for _, v := range vins[:20] { // neighbours that differ late
		b := v.Bytes()
		for _, pos := range []int{7, 8, 16} {
			b[pos] = '7'
			w, _ := vin.FromBytes(b)
			vins = append(vins, w)
		}
	}
	vins = append(vins, vin.VIN{})
	for _, v := range vins {
		for _, w := range vins {
			want := cmp.Compare(v.String(), w.String())
			if got := v.Compare(w); got != want || (v == w) != (want == 0) {
				t.Fatalf("%q.Compare(%q) = %d, want %d", v, w, got, want)
			}
			a, _ := v.MarshalBinary()
			b, _ := w.MarshalBinary()
			if bytes.Compare(a, b) != want {
				t.Fatalf("the binary forms of %q and %q do not sort like them", v, w)
			}
		}
	}
}

func TestFromWordsRefusesJunk(t *testing.T) {
	hi, lo := vin.MustParse(accord).Words()
	tests := []struct {
		hi, lo uint64
		why    string
	}{
		{0, 0, "zero words"},
		{hi, 0, "no second word"},
		{0, lo, "no first word"},
		{hi | 1<<48, lo, "a bit above the first word"},
		{hi, lo | 1<<54, "a bit above the second word"},
		{hi | 1<<63, lo | 1<<63, "the top bits"},
		{1<<48 - 1, 1<<54 - 1, "all ones: code 63, the ASCII of n"},
		{hi&^63 | ('I' - 0x2F), lo, "I"},
		{hi, lo&^63 | ('O' - 0x2F), "O"},
		{hi, lo&^63 | ('Q' - 0x2F), "Q"},
		{hi, lo&^63 | (':' - 0x2F), "a code between digits and letters"},
		{hi, lo&^63 | ('a' - 0x2F), "a code whose ASCII is a lower-case symbol"},
		{hi&^63 | ('m' - 0x2F), lo, "the same in the first word"},
	}
	for _, tt := range tests {
		if v, ok := vin.FromWords(tt.hi, tt.lo); ok || v.IsValid() {
			t.Errorf("FromWords(%#x, %#x) = %v, %t: %s", tt.hi, tt.lo, v, ok, tt.why)
		}
	}
	// Every code at the ends and the middle of both words.
	for code := range uint64(64) {
		for _, shift := range []int{0, 6, 24, 42, 48} {
			h, l := hi, lo&^(63<<shift)|code<<shift
			if shift < 48 {
				h = hi&^(63<<shift) | code<<shift
			}
			want := strings.IndexByte(symbols, byte(code+0x2F)) >= 0
			v, ok := vin.FromWords(h, l)
			if ok != want {
				t.Fatalf("code %d: FromWords = %t", code, ok)
			}
			if gh, gl := v.Words(); ok && (gh != h || gl != l) {
				t.Fatalf("code %d: words %#x %#x come back as %#x %#x", code, h, l, gh, gl)
			}
		}
	}
}

func TestZeroVIN(t *testing.T) {
	var z vin.VIN
	if z.IsValid() || z.String() != "" || z.Masked() != "" || z.CheckDigitOK() ||
		z.ComputeCheckDigit() != '0' || z.Bytes() != [vin.Len]byte{} || len(z.AppendTo(nil)) != 0 {
		t.Errorf("zero VIN: %t %q %q %t %c %v", z.IsValid(), z, z.Masked(), z.CheckDigitOK(), z.ComputeCheckDigit(), z.Bytes())
	}
	if hi, lo := z.Words(); hi != 0 || lo != 0 {
		t.Errorf("Words = %d, %d", hi, lo)
	}
	if v, err := z.Value(); v != nil || err != nil {
		t.Errorf("Value = %v, %v, want NULL", v, err)
	}
	text, _ := z.MarshalText()
	data, _ := z.MarshalBinary()
	if len(text) != 0 || len(data) != 0 {
		t.Errorf("forms %q and %q, want none", text, data)
	}
	for name, read := range map[string]func(*vin.VIN) error{
		"text":         func(v *vin.VIN) error { return v.UnmarshalText(nil) },
		"binary":       func(v *vin.VIN) error { return v.UnmarshalBinary(nil) },
		"NULL":         func(v *vin.VIN) error { return v.Scan(nil) },
		"empty string": func(v *vin.VIN) error { return v.Scan("") },
		"empty bytes":  func(v *vin.VIN) error { return v.Scan([]byte{}) },
	} {
		v := vin.MustParse(accord)
		if err := read(&v); err != nil || v.IsValid() {
			t.Errorf("%s: %v, %v, want the zero VIN", name, v, err)
		}
	}
	if got := z.Decode(); got != (vin.Info{}) || got.WMI.String() != "" || got.Serial() != "" || got.Frame() != "" {
		t.Errorf("Decode = %+v", got)
	}
	for _, parsed := range []string{strings.Repeat("0", 17), strings.Repeat("1", 17)} {
		if vin.MustParse(parsed) == z {
			t.Errorf("%s is the zero VIN", parsed)
		}
	}
	for name, call := range map[string]func(){
		"At on zero":         func() { z.At(1) },
		"CheckDigit on zero": func() { z.CheckDigit() },
		"At(0)":              func() { vin.MustParse(accord).At(0) },
		"At(18)":             func() { vin.MustParse(accord).At(18) },
		"At(-1)":             func() { vin.MustParse(accord).At(-1) },
	} {
		func() {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "vin: ") {
					t.Errorf("%s panics with %v", name, r)
				}
			}()
			call()
		}()
	}
}

// A failed read leaves the value as it was.
func TestReadErrors(t *testing.T) {
	good, _ := vin.MustParse(accord).MarshalBinary()
	lower := slices.Clone(good)
	lower[len(lower)-1] = lower[len(lower)-1]&^63 | ('a' - 0x2F)
	tests := []struct {
		why  string
		read func(*vin.VIN) error
	}{
		{"short text", func(v *vin.VIN) error { return v.UnmarshalText([]byte("1HG")) }},
		{"short string", func(v *vin.VIN) error { return v.Scan("1HG") }},
		{"an integer column", func(v *vin.VIN) error { return v.Scan(int64(1)) }},
		{"short binary", func(v *vin.VIN) error { return v.UnmarshalBinary(good[:12]) }},
		{"long binary", func(v *vin.VIN) error { return v.UnmarshalBinary(append(slices.Clone(good), 0)) }},
		{"zero binary", func(v *vin.VIN) error { return v.UnmarshalBinary(make([]byte, len(good))) }},
		{"bits above the symbols", func(v *vin.VIN) error {
			return v.UnmarshalBinary(append(slices.Concat(good[:6], []byte{0xFF}), good[7:]...))
		}},
		{"lower-case code", func(v *vin.VIN) error { return v.UnmarshalBinary(lower) }},
	}
	for _, tt := range tests {
		v := vin.MustParse(accord)
		if err := tt.read(&v); err == nil || v.String() != accord || !strings.HasPrefix(err.Error(), "vin: ") {
			t.Errorf("%s: %v, then %v", tt.why, err, v)
		}
	}
}

func TestMasking(t *testing.T) {
	v := vin.MustParse(accord)
	const masked = "1HG**************"
	if got := v.Masked(); got != masked {
		t.Errorf("Masked = %q", got)
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "vin", v, "zero", vin.VIN{}, "info", v.Decode(), "all", []any{v.LogValue()})
	if s := out.String(); !strings.Contains(s, `"vin":"`+masked+`"`) || !strings.Contains(s, `"zero":""`) ||
		strings.Contains(s, accord[11:]) {
		t.Errorf("log line %s", s)
	}
	if s := fmt.Sprint(v); s != accord {
		t.Errorf("Sprint = %q", s)
	}
}

// 10 MB cost no more than 18 characters: no copy is made on any way in.
func TestHugeInput(t *testing.T) {
	huge := strings.Repeat("A", 10<<20)
	raw := []byte(huge)
	tests := map[string]func() error{
		"Parse":         func() error { _, err := vin.Parse(huge); return err },
		"UnmarshalText": func() error { return new(vin.VIN).UnmarshalText(raw) },
		"Scan string":   func() error { return new(vin.VIN).Scan(huge) },
		"Scan bytes":    func() error { return new(vin.VIN).Scan(raw) },
		"ParseBatch": func() error {
			if vin.ParseBatch(make([]vin.VIN, 1), []string{huge}) != 0 {
				return nil
			}
			return vin.TooLong
		},
	}
	for name, read := range tests {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := read()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, vin.TooLong) {
			t.Errorf("%s: %v, want TooLong", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s allocates %d bytes", name, n)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	v, w := vin.MustParse(accord), vin.MustParse("WVWZZZ3CZEE140287")
	small := vin.MustParse("1A9AA00A1XW024001")
	info := v.Decode()
	b, raw, buf := v.Bytes(), []byte(accord), make([]byte, 0, 64)
	hi, lo := v.Words()
	bin, _ := v.MarshalBinary()
	src := []string{accord, "bad", "wvwzzz3czee140287"}
	dst := make([]vin.VIN, len(src))
	years := make([]int, 0, 2)
	var boxed any = accord
	var u vin.VIN
	tests := map[string]func(){
		"Parse":             func() { vin.Parse(accord) },
		"Parse of bytes":    func() { vin.Parse(string(raw)) },
		"MustParse":         func() { vin.MustParse(accord) },
		"FromBytes":         func() { vin.FromBytes(b) },
		"FromWords":         func() { vin.FromWords(hi, lo) },
		"ParseBatch":        func() { vin.ParseBatch(dst, src) },
		"Words":             func() { _, _ = v.Words() },
		"At":                func() { v.At(17) },
		"Bytes":             func() { v.Bytes() },
		"AppendTo":          func() { v.AppendTo(buf) },
		"AppendText":        func() { v.AppendText(buf) },
		"AppendBinary":      func() { v.AppendBinary(buf) },
		"UnmarshalText":     func() { u.UnmarshalText(raw) },
		"UnmarshalBinary":   func() { u.UnmarshalBinary(bin) },
		"Scan":              func() { u.Scan(boxed) },
		"Compare":           func() { v.Compare(w) },
		"ComputeCheckDigit": func() { _ = v.ComputeCheckDigit() },
		"CheckDigitOK":      func() { _ = v.CheckDigitOK() },
		"CheckRule":         func() { w.CheckRule() },
		"Decode":            func() { v.Decode() },
		"Decode small":      func() { small.Decode() },
		"Decode Europe":     func() { w.Decode() },
		"DecodeWithYear":    func() { w.DecodeWithYear(2014) },
		"AppendModelYears":  func() { info.AppendModelYears(years) },
		"HasMake":           func() { info.HasMake("HONDA"); info.HasMake("Lada") },
		"Remarks.Has":       func() { _ = info.Remarks.Has(vin.UnknownWMI) },
	}
	for name, call := range tests {
		if n := testing.AllocsPerRun(100, call); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { vin.Parse("nonsense") }); n > 1 {
		t.Errorf("a failed Parse allocates %v times, want the error only", n)
	}
}

// With is what writing the symbol into the text and parsing it gives.
func TestWith(t *testing.T) {
	for _, text := range []string{"1HGCM82633A004352", "WVWZZZ1JZ3W386752", "11111111111111111", "ZZZZZZZZZZZZZZZZZ"} {
		v := vin.MustParse(text)
		for pos := 1; pos <= vin.Len; pos++ {
			for c := range 256 {
				b := []byte(text)
				b[pos-1] = byte(c)
				want, err := vin.Parse(string(b))
				if err != nil || 'a' <= c {
					want = vin.VIN{}
				}
				if got := v.With(pos, byte(c)); got != want || got.ComputeCheckDigit() != want.ComputeCheckDigit() {
					t.Fatalf("position %d, %q: %v, want %v", pos, byte(c), got, want)
				}
			}
		}
	}
}
