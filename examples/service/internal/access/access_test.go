package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
)

func TestFind(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	police := access.Caller{Name: "fr-police", Owner: "FR", Ask: true}
	token, line, err := access.New(police, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	brief, lineBrief, err := access.New(access.Caller{Name: "guest", Ask: true}, now.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	file := "# callers\n\n" + line + "\n" + lineBrief
	if strings.Contains(file, token) || strings.Contains(file, token[4:]) {
		t.Fatal("the file holds the token itself")
	}
	tokens, err := access.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why, token string
		at         time.Time
		want       string
	}{
		{"valid", token, now, "fr-police"},
		{"another letter case", strings.ToLower(token), now, ""},
		{"cut short", token[:len(token)-1], now, ""},
		{"the hash in its place", line[strings.Index(line, `"sha256":"`)+10:][:64], now, ""},
		{"empty", "", now, ""},
		{"long", strings.Repeat("x", 1<<20), now, ""},
		{"before it expires", brief, now, "guest"},
		{"after it expired", brief, now.AddDate(0, 0, 1), ""},
	} {
		c, ok := tokens.Find(tt.token, tt.at)
		if c.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: found %q, %v", tt.why, c.Name, ok)
		}
	}
	if c, _ := tokens.Find(token, now); c != police {
		t.Errorf("found %+v", c)
	}
	if _, ok := new(access.Tokens).Find(token, now); ok {
		t.Error("the zero Tokens know somebody")
	}
}

func TestParseRefuses(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for _, tt := range []struct{ why, file, want string }{
		{"no JSON", `secret-that-must-not-show`, "line 1 is no token"},
		{"unknown field", `{"name":"a","ask":true,"sha256":"` + hash + `","admin":true}`, "line 1 is no token"},
		{"no hash", "\n" + `{"name":"a","ask":true}`, "line 2: sha256"},
		{"short hash", `{"name":"a","ask":true,"sha256":"0a"}`, "line 1: sha256"},
		{"no name", `{"ask":true,"sha256":"` + hash + `"}`, "line 1: the name"},
		{"a name that would break a log", `{"name":"a\nb","ask":true,"sha256":"` + hash + `"}`, "line 1: the name"},
		{"owner with a slash", `{"name":"a","owner":"F/R","sha256":"` + hash + `"}`, "line 1: the owner"},
		{"no date", `{"name":"a","expires":"soon","sha256":"` + hash + `"}`, "line 1: expires"},
		{"twice", `{"name":"a","sha256":"` + hash + `"}` + "\n" + `{"name":"b","sha256":"` + hash + `"}`, "line 2: the name or the token"},
		{"two on a line", `{"name":"a","sha256":"` + hash + `"} {}`, "line 1 is no token"},
	} {
		_, err := access.Parse([]byte(tt.file))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s...", tt.why, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the file", tt.why)
		}
	}
	if _, _, err := access.New(access.Caller{Name: "two words"}, time.Time{}); err == nil {
		t.Error("New made a token that Parse refuses")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"name":"a","owner":"FR","ask":true,"expires":"2030-01-01","sha256":"` + strings.Repeat("0a", 32) + `"}`))
	f.Add([]byte("# nobody\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens, err := access.Parse(text)
		if (tokens == nil) != (err != nil) {
			t.Fatal("neither tokens nor an error")
		}
	})
}
