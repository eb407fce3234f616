package match_test

import (
	"encoding"
	"testing"

	"github.com/vinmatch/vinmatch/match"
)

// TestNames holds the names that other programs rely on, and that they read
// back.
func TestNames(t *testing.T) {
	type value interface {
		String() string
		encoding.TextMarshaler
	}
	for _, tt := range []struct {
		v    value
		into encoding.TextUnmarshaler
		want string
	}{
		{match.Typed, new(match.Channel), "typed"},
		{match.Camera, new(match.Channel), "camera"},
		{match.Barcode, new(match.Channel), "barcode"},
		{match.Stamped, new(match.Channel), "stamped"},
		{match.Exact, new(match.How), "exact"},
		{match.Cleaned, new(match.How), "cleaned"},
		{match.Repaired, new(match.How), "repaired"},
		{match.Near, new(match.How), "near"},
		{match.Partial, new(match.How), "partial"},
		{match.Auto, new(match.NearMode), "auto"},
		{match.Always, new(match.NearMode), "always"},
		{match.Never, new(match.NearMode), "never"},
		{match.Probable, new(match.Verdict), "probable"},
		{match.Possible, new(match.Verdict), "possible"},
		{match.Sibling, new(match.Verdict), "sibling"},
		{match.Note, new(match.Grade), "note"},
		{match.Doubt, new(match.Grade), "doubt"},
		{match.Conflict, new(match.Grade), "conflict"},
	} {
		text, err := tt.v.MarshalText()
		if err != nil || string(text) != tt.want || tt.v.String() != tt.want {
			t.Errorf("%v marshals as %q, %v; want %q", tt.v, text, err, tt.want)
		}
		if err := tt.into.UnmarshalText(text); err != nil || tt.into.(value).String() != tt.want {
			t.Errorf("%q is read back as %v, %v", text, tt.into, err)
		}
	}

	var c match.Channel = match.Camera
	if err := c.UnmarshalText(nil); err != nil || c != match.Typed {
		t.Errorf("no channel is read as %v, %v", c, err)
	}
	for _, into := range []encoding.TextUnmarshaler{new(match.Channel), new(match.How), new(match.Grade), new(match.NearMode), new(match.Verdict)} {
		if err := into.UnmarshalText([]byte("Sideways")); err == nil {
			t.Errorf("Sideways is read as %v", into)
		}
	}
	if got := match.Channel(9).String() + match.How(0).String(); got != "match.Channel(9)match.How(0)" {
		t.Errorf("values without a name are %s", got)
	}
}
