package vin_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/vin"
)

// A nastyRow is a hostile input of testdata/vin_nasty.jsonl with what is
// proposed for it.
type nastyRow struct {
	Hex        string
	StrictKind string `json:"strict_kind"` // computed for a parser of capitals only
	StrictPos  int    `json:"strict_pos"`
	Class      string `json:"cls"`
	Lenient    *string
	Note       string

	raw string
}

func readNasty(tb testing.TB) []nastyRow {
	tb.Helper()
	f, err := os.Open("testdata/vin_nasty.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var rows []nastyRow
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row nastyRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			tb.Fatal(err)
		}
		raw, err := hex.DecodeString(row.Hex)
		if err != nil {
			tb.Fatal(err)
		}
		row.raw = string(raw)
		rows = append(rows, row)
	}
	if len(rows) < 48 {
		tb.Fatalf("%d rows, want 48", len(rows))
	}
	return rows
}

func TestNastyStrict(t *testing.T) {
	for _, row := range readNasty(t) {
		// Parse takes either case, so that it is asked about capitals; folding
		// ASCII keeps every position.
		raw := []byte(row.raw)
		wantKind, wantPos := row.StrictKind, row.StrictPos
		if upper := asciiUpper(raw); string(upper) != row.raw && !strings.Contains(row.Note, "case") {
			t.Fatalf("%s: lower case in a row that is not about it", row.Note)
		} else if string(upper) != row.raw {
			wantKind, wantPos = "ok", 0
		}
		v, err := vin.Parse(row.raw)
		kind, pos := "ok", 0
		if e := (*vin.Error)(nil); errors.As(err, &e) {
			kind, pos = e.Kind.String(), e.Pos
		}
		if kind != wantKind || pos != wantPos {
			t.Errorf("%s: Parse(%q) = %s at %d, want %s at %d", row.Note, row.raw, kind, pos, wantKind, wantPos)
		}
		if err == nil && v.String() != string(asciiUpper(raw)) {
			t.Errorf("%s: Parse(%q) = %v", row.Note, row.raw, v)
		}
	}
}

func asciiUpper(b []byte) []byte {
	u := make([]byte, len(b))
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		u[i] = c
	}
	return u
}

func TestNastyClass(t *testing.T) {
	classes := map[string]vin.Class{
		"VIN": vin.ClassVIN, "Placeholder": vin.ClassPlaceholder, "Chassis": vin.ClassChassis,
		"Chassis(zero-padded)": vin.ClassPaddedChassis, "Several": vin.ClassSeveral,
	}
	for _, row := range readNasty(t) {
		want, ok := classes[row.Class]
		switch {
		case strings.HasPrefix(row.Class, "Partial"):
			want = vin.ClassPartial
		case !ok:
			t.Fatalf("%s: class %s", row.Note, row.Class)
		case strings.TrimSpace(row.raw) == "":
			// The row says VIN, the class of what none of the others fits; but
			// a blank field has a class of its own here.
			want = vin.ClassEmpty
		}
		if got := vin.Classify(row.raw); got != want {
			t.Errorf("%s: Classify(%q) = %v, want %v", row.Note, row.raw, got, want)
		}
	}
}

func TestNastyLenient(t *testing.T) {
	for _, row := range readNasty(t) {
		got, err := lenient(row)
		switch {
		case row.Lenient == nil && row.Class != "Placeholder":
			if err == nil {
				t.Errorf("%s: %q is read as %q, want an error", row.Note, row.raw, got)
			}
		case row.Lenient == nil:
			if v, _, err := vin.Clean(row.raw); err == nil {
				t.Errorf("%s: Clean(%q) = %v, want an error", row.Note, row.raw, v)
			}
		case strings.HasPrefix(*row.Lenient, "repair:"):
			want := strings.TrimPrefix(*row.Lenient, "repair:")
			for v := range vin.Repairs(row.raw) {
				got = v.String()
				break
			}
			if got != want {
				t.Errorf("%s: the first of Repairs(%q) is %s, want %s", row.Note, row.raw, got, want)
			}
		case err != nil || got != *row.Lenient:
			t.Errorf("%s: %q is read as %q, %v, want %q", row.Note, row.raw, got, err, *row.Lenient)
		}
	}
}

// lenient reads a row as its class asks.
func lenient(row nastyRow) (string, error) {
	switch c := vin.Classify(row.raw); c {
	case vin.ClassPartial:
		p, _, err := vin.CleanPattern(row.raw)
		return p.String(), err
	case vin.ClassChassis, vin.ClassPaddedChassis:
		s, _, err := vin.CleanText(row.raw)
		return s, err
	}
	v, _, err := vin.Clean(row.raw)
	return v.String(), err
}
