package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"mime"
	"net/http"
	"path"
	"time"
)

//go:embed openapi.json page
var files embed.FS

// serveFile serves one file of this binary; no request names a file.
func serveFile(name string) func(*call, http.ResponseWriter, *http.Request) error {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("api: " + err.Error())
	}
	sum := sha256.Sum256(text)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return func(_ *call, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		w.Header().Set("Cache-Control", "no-cache") // ask whether it changed
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
		return nil
	}
}

// live tells that the process runs.
func (s *Server) live(_ *call, w http.ResponseWriter, _ *http.Request) error {
	return respond(w, http.StatusOK, struct {
		Live bool `json:"live"`
	}{true})
}

// A readyJSON tells whether requests should be sent here. Reason is why not, or what
// is wrong all the same.
type readyJSON struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"`
	Behind uint64 `json:"behind"` // entries of the change log, when it was asked last
}

func (s *Server) readiness() readyJSON {
	st := s.o.Replica.Status()
	j := readyJSON{Behind: st.Behind()}
	switch {
	case s.ending.Err() != nil:
		j.Reason = "shutting down"
	case s.o.Audit.Err() != nil:
		j.Reason = "the audit log cannot be written"
	case st.AsOf.IsZero():
		j.Reason = "replaying the change log"
	case !st.Fresh:
		j.Reason = "stale: the change log cannot be read"
	default:
		j.Ready = true
		if s.unwritable.Load() {
			j.Reason = "the last change could not be stored: the change log cannot be written"
		}
	}
	return j
}

func (s *Server) ready(_ *call, w http.ResponseWriter, _ *http.Request) error {
	j := s.readiness()
	status := http.StatusOK
	if !j.Ready {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	return respond(w, status, j)
}

// status tells the page, and whoever asks, how things stand.
func (s *Server) status(_ *call, w http.ResponseWriter, _ *http.Request) error {
	return respond(w, http.StatusOK, struct {
		readyJSON
		Records  int          `json:"records"`
		Register registerJSON `json:"register"`
		Open     bool         `json:"open"` // no token is needed to ask
		Examples []Example    `json:"examples,omitempty"`
	}{s.readiness(), s.o.Replica.View().Len(), s.register(), s.o.Open, s.o.Examples})
}

// Ready reports whether requests should be sent here.
func (s *Server) Ready() bool { return s.readiness().Ready }
