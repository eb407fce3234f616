package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"reflect"
	"strconv"

	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
)

// A storedJSON tells what became of changes.
type storedJSON struct {
	Lineage string `json:"lineage"` // of the change log
	Seq     uint64 `json:"seq"`     // up to which entry a node needs it to have the changes

	// Visible: this node answers with the changes taken into account. Otherwise
	// they are stored, and it will.
	Visible bool `json:"visible"`

	// Outcome of a single put: "current", or "stale" if another version of the
	// record counts, or it was withdrawn. Empty: not known.
	Outcome string `json:"outcome,omitempty"`
}

// put enters a record, or replaces its older version.
func (s *Server) put(c *call, w http.ResponseWriter, r *http.Request) error {
	owner, err := s.owns(c, r.PathValue("owner"))
	if err != nil {
		return err
	}
	var j recordJSON
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	if id := r.PathValue("id"); j.Owner != "" && j.Owner != owner || j.ID != "" && j.ID != id {
		return invalid("id", "owner and id in the record are not those of the path")
	}
	j.Owner, j.ID = owner, r.PathValue("id")
	rec, err := j.record()
	if err != nil {
		return err
	}
	stored, err := s.store(c, r.Context(), "put", []index.Change{{By: owner, Op: index.Put, Record: rec}})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, stored)
}

// withdraw takes a record off the register.
func (s *Server) withdraw(c *call, w http.ResponseWriter, r *http.Request) error {
	owner, err := s.owns(c, r.PathValue("owner"))
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !goodID(id) {
		return invalid("id", "not 1 to %d bytes of printable text", index.MaxID)
	}
	version, err := strconv.ParseUint(r.URL.Query().Get("version"), 10, 64)
	if err != nil || version == 0 {
		return invalid("version", "want a parameter version, higher than that of the record")
	}
	rec := index.Record{Owner: owner, ID: id, Version: version}
	stored, err := s.store(c, r.Context(), "withdraw", []index.Change{{By: owner, Op: index.Withdraw, Record: rec}})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, stored)
}

// change takes many changes of one owner: all are stored, or none that is refused
// here.
func (s *Server) change(c *call, w http.ResponseWriter, r *http.Request) error {
	var j struct {
		Changes []struct {
			Op     string     `json:"op"`
			Record recordJSON `json:"record"`
		} `json:"changes"`
	}
	if err := s.body(w, r, &j); err != nil {
		return err
	}
	if len(j.Changes) == 0 || len(j.Changes) > s.limits.Changes {
		return invalid("changes", "want 1 to %d", s.limits.Changes)
	}
	list := make([]index.Change, len(j.Changes))
	for i := range j.Changes {
		ch := &j.Changes[i]
		if ch.Record.Owner == "" {
			ch.Record.Owner = c.caller.Owner
		}
		owner, err := s.owns(c, ch.Record.Owner)
		if err != nil {
			return err
		}
		list[i] = index.Change{By: owner}
		switch ch.Op {
		case "put":
			list[i].Op = index.Put
			list[i].Record, err = ch.Record.record()
		case "withdraw":
			list[i].Op = index.Withdraw
			list[i].Record = index.Record{Owner: owner, ID: ch.Record.ID, Version: ch.Record.Version}
			if !goodID(ch.Record.ID) || ch.Record.Version == 0 {
				err = invalid("record", "to withdraw takes an id and a version")
			}
		default:
			err = invalid("op", "want put or withdraw")
		}
		if err != nil {
			var p *problem
			if errors.As(err, &p) {
				p.Text = "change " + strconv.Itoa(i) + ": " + p.Text
			}
			return err
		}
	}
	stored, err := s.store(c, r.Context(), "change", list)
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, stored)
}

// owns returns the owner of a record if it is the caller.
func (s *Server) owns(c *call, owner string) (string, error) {
	if owner != c.caller.Owner {
		return "", s.denied(problemf(http.StatusForbidden, "wrong_owner", "only its owner changes a record"))
	}
	return owner, nil
}

// errUnknown tells that changes may have been stored.
var errUnknown = problemf(http.StatusServiceUnavailable, "unknown_outcome",
	"nobody knows whether this was stored: send it again, which does no harm")

// errUnwritable tells the same of a log that did not fail for this request alone.
var errUnwritable = problemf(http.StatusServiceUnavailable, "unknown_outcome",
	"the change log cannot be written, and nobody knows whether this was stored: send it again later, which does no harm")

// store appends changes to the log and waits until this node finds them.
func (s *Server) store(c *call, ctx context.Context, action string, list []index.Change) (*storedJSON, error) {
	e := audit.Entry{Action: action, Owner: c.caller.Owner, Count: len(list)}
	for i := range list {
		c.numbers = append(c.numbers, numbersOf(&list[i].Record)...)
	}
	e.Numbers = s.tags(c.numbers)
	if len(list) == 1 {
		e.Record = list[0].Record.ID
	}
	if err := s.audit(c, &e); err != nil {
		return nil, err
	}
	at, err := s.append(c, ctx, list)
	done := audit.Entry{Action: action + " done", Owner: c.caller.Owner, Count: len(list), Outcome: "stored"}
	if err != nil {
		done.Outcome = "refused"
		if err == errUnknown || err == errUnwritable {
			done.Outcome = "unknown"
		}
	}
	if aerr := s.audit(c, &done); aerr != nil {
		return nil, errors.Join(errUnknown, aerr) // it says both, and the client may send it again
	}
	if err != nil {
		return nil, err
	}
	s.metrics.changes.Add(float64(len(list)))

	stored := &storedJSON{Lineage: hex.EncodeToString(at.Lineage[:]), Seq: at.Seq}
	wait, cancel := context.WithTimeout(ctx, s.limits.ApplyTime)
	defer cancel()
	if s.o.Replica.WaitFor(wait, at) != nil {
		return stored, nil
	}
	v := s.o.Replica.View()
	if stored.Visible = v.Position().Lineage == at.Lineage; !stored.Visible || len(list) != 1 || list[0].Op != index.Put {
		return stored, nil
	}
	// A log takes the first of changes with one version, and an index too: what
	// says something else under the same version was not stored.
	rec := &list[0].Record
	stored.Outcome = "stale"
	if now, ok := current(v, rec); ok && now.Version == rec.Version {
		if !same(&now, rec) {
			return nil, problemf(http.StatusConflict, "version_conflict",
				"this version of the record says something else already: give it a higher one")
		}
		stored.Outcome = "current"
	}
	return stored, nil
}

// append appends to the log.
func (s *Server) append(c *call, ctx context.Context, list []index.Change) (index.Position, error) {
	at, err := s.o.Log.Append(ctx, list)
	var refused *feed.ChangeError
	switch {
	case err == nil:
		s.unwritable.Store(false)
		return at, nil
	case errors.As(err, &refused):
		return at, invalid("record", "change %d: %v", refused.Change, refused.Err)
	case ctx.Err() != nil:
		return at, errUnknown
	}
	s.unwritable.Store(true)
	s.log.Error("the change log cannot be written", "request", c.id, "error", err)
	return at, errUnwritable
}

// current returns the record that counts, if one of the numbers of rec finds it.
func current(v *index.View, rec *index.Record) (index.Record, bool) {
	for _, n := range numbersOf(rec) {
		k, err := n.Key()
		if err != nil {
			continue
		}
		for row := range v.Rows(k) {
			if now := v.Record(row); now.Owner == rec.Owner && now.ID == rec.ID {
				return now, true
			}
		}
	}
	return index.Record{}, false
}

// same reports whether two records say the same.
func same(a, b *index.Record) bool {
	x, y := recordOf(a), recordOf(b)
	for _, j := range []*recordJSON{&x, &y} {
		if len(j.Tags) == 0 {
			j.Tags = nil
		}
	}
	return reflect.DeepEqual(x, y)
}
