// Package access knows who may use the service: callers with a bearer token, of
// which only the hash is stored.
//
// A token is 32 random bytes, so its plain SHA-256 hash gives nothing away: there
// is no word list to try, which is what slow hashes of passwords are against.
package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// prefix marks a token, so that one that was published by accident is found.
const prefix = "vmt_"

// A Caller is somebody with a token.
type Caller struct {
	Name  string // in logs, metrics and the audit log
	Owner string // whose records the caller may change; empty: nobody's
	Ask   bool   // may ask the register
}

// Tokens are the callers by the hashes of their tokens. The zero value knows
// nobody. It does not change, and any number of goroutines may use it.
type Tokens struct {
	callers map[[sha256.Size]byte]entry
}

type entry struct {
	Caller
	expires time.Time // zero: never
}

// A fileEntry is a token as it stands in the file.
type fileEntry struct {
	Name    string `json:"name"`
	Owner   string `json:"owner,omitempty"`
	Ask     bool   `json:"ask"`
	Expires string `json:"expires,omitempty"` // the first day it is not valid, YYYY-MM-DD
	SHA256  string `json:"sha256"`
}

// New makes a token for a caller, and the line for the file that makes it
// valid. Nothing else knows the token: show it once.
func New(c Caller, expires time.Time) (token, line string, err error) {
	var b [32]byte
	rand.Read(b[:])
	token = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	h := sha256.Sum256([]byte(token))
	e := fileEntry{Name: c.Name, Owner: c.Owner, Ask: c.Ask, SHA256: hex.EncodeToString(h[:])}
	if !expires.IsZero() {
		e.Expires = expires.Format(time.DateOnly)
	}
	if _, _, err := e.parse(); err != nil {
		return "", "", err
	}
	text, err := json.Marshal(e)
	return token, string(text), err
}

// Load reads a file of tokens.
func Load(path string) (*Tokens, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse reads the text of a file of tokens: a JSON object a line, as New makes
// them. Blank lines, and those that begin with #, do not count.
func Parse(text []byte) (*Tokens, error) {
	t := &Tokens{callers: map[[sha256.Size]byte]entry{}}
	names := map[string]bool{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		var e fileEntry
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || d.More() {
			return nil, fmt.Errorf("line %d is no token", n) // the cause may quote the line
		}
		hash, caller, err := e.parse()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := t.callers[hash]; twice || names[e.Name] {
			return nil, fmt.Errorf("line %d: the name or the token stands in the file twice", n)
		}
		names[e.Name] = true
		t.callers[hash] = caller
	}
	return t, nil
}

func (e *fileEntry) parse() (hash [sha256.Size]byte, c entry, err error) {
	c = entry{Caller: Caller{Name: e.Name, Owner: e.Owner, Ask: e.Ask}}
	if b, err := hex.DecodeString(e.SHA256); err != nil || copy(hash[:], b) != len(hash) || len(b) != len(hash) {
		return hash, c, errors.New("sha256 is not 64 hexadecimal digits")
	}
	if !isWord(e.Name, 64, "-_.") {
		return hash, c, errors.New("the name is not 1 to 64 letters, digits, dashes, underscores and dots")
	}
	if e.Owner != "" && !isWord(e.Owner, 16, "") {
		return hash, c, errors.New("the owner is not 1 to 16 letters and digits")
	}
	if e.Expires != "" {
		if c.expires, err = time.Parse(time.DateOnly, e.Expires); err != nil {
			return hash, c, errors.New("expires is not a date such as 2030-12-31")
		}
	}
	return hash, c, nil
}

// isWord reports whether s has 1 to most ASCII letters, digits, and characters of
// more.
func isWord(s string, most int, more string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && !strings.ContainsRune(more, r) {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// Len returns how many tokens there are.
func (t *Tokens) Len() int { return len(t.callers) }

// Find returns whose token it is, if it is valid at a time. A map may tell by its
// timing how hashes begin; who does not have the token cannot use that.
func (t *Tokens) Find(token string, now time.Time) (Caller, bool) {
	if len(token) > 128 {
		return Caller{}, false
	}
	e, ok := t.callers[sha256.Sum256([]byte(token))]
	if !ok || !e.expires.IsZero() && !now.Before(e.expires) {
		return Caller{}, false
	}
	return e.Caller, true
}
