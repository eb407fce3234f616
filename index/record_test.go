package index_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vinmatch/vinmatch/index"
)

func TestTypeNames(t *testing.T) {
	for _, tc := range []struct {
		why, in string
		want    index.Type
	}{
		{"a name", "motorcycle", index.Motorcycle},
		{"any case", "TrUcK", index.Truck},
		{"says nothing", "", index.NoType},
		{"unknown text is no reason to refuse", "hovercraft", index.OtherType},
		{"its own name", "other", index.OtherType},
		{"folds ASCII only", "K\u0130ng", index.OtherType},
		{"the length of a name is not enough", "cat", index.OtherType},
	} {
		if got := index.ParseType(tc.in); got != tc.want {
			t.Errorf("%s: ParseType(%q) = %v, want %v", tc.why, tc.in, got, tc.want)
		}
	}
	for typ := index.NoType; typ <= index.OtherType; typ++ {
		if got := index.ParseType(strings.ToUpper(typ.String())); got != typ {
			t.Errorf("ParseType(%q) = %v, want %d", typ.String(), got, typ)
		}
	}
	if got := index.Type(200).String(); got != "index.Type(200)" {
		t.Errorf("a type to come is %q", got)
	}
}

func TestStatusNames(t *testing.T) {
	for _, tc := range []struct {
		why, in string
		want    index.Status
	}{
		{"a name", "stolen", index.Stolen},
		{"any case", "RECOVERED", index.Recovered},
		{"says nothing", "", index.NoStatus},
		{"unknown text", "lost", index.OtherStatus},
	} {
		if got := index.ParseStatus(tc.in); got != tc.want {
			t.Errorf("%s: ParseStatus(%q) = %v, want %v", tc.why, tc.in, got, tc.want)
		}
	}
	for s := index.NoStatus; s <= index.OtherStatus; s++ {
		if got := index.ParseStatus(s.String()); got != s {
			t.Errorf("ParseStatus(%q) = %v, want %d", s.String(), got, s)
		}
	}
}

// A kind is written by name, and nothing but a name is read.
func TestKindText(t *testing.T) {
	for kind := index.KindVIN; kind <= index.KindDocument; kind++ {
		b, err := json.Marshal(map[index.Kind]index.Kind{kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		var back map[index.Kind]index.Kind
		if err := json.Unmarshal(b, &back); err != nil || back[kind] != kind {
			t.Errorf("%s reads as %v (%v)", b, back, err)
		}
		if got := kind == index.KindPlate || kind == index.KindDocument; got != kind.HasCountry() {
			t.Errorf("%v.HasCountry() = %t", kind, kind.HasCountry())
		}
	}
	for _, text := range []string{"", "VIN", "index.Kind(0)", "numberplate", strings.Repeat("x", 1<<20)} {
		k := index.KindPlate
		if err := k.UnmarshalText([]byte(text)); err == nil || len(err.Error()) > 100 || k != index.KindPlate {
			t.Errorf("%.20q reads as %v (%.100v)", text, k, err)
		}
	}
}
