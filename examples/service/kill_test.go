package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

var killRounds = flag.Int("kill.rounds", 4, "how often TestKill kills the service")

// data makes a directory for the service with a token of an owner.
func data(t testing.TB) (dir, token string) {
	t.Helper()
	dir = t.TempDir()
	token, line, err := access.New(access.Caller{Name: "tester", Owner: "FR", Ask: true}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, token
}

// call sends a request and decodes the answer into v, which may be nil.
func call(client *http.Client, token, method, url, body string, v any) (status int, err error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Vinmatch-Purpose", "test")
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && v != nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(b, v)
	}
	return res.StatusCode, err
}

// A writer puts records, one after the other, again until it is acknowledged.
type writer struct {
	n        int
	world    *vintest.Population
	versions []uint64 // by record: acknowledged
	sent     int      // record that may be stored, though it was not acknowledged; -1: none
	version  uint64   // of that
	seq      uint64   // the greatest that was acknowledged
}

func (w *writer) id(i int) string { return fmt.Sprintf("%d-%d", w.n, i) }

func (w *writer) vin(i int) string { return w.world.At(uint64(i)*8 + uint64(w.n)).String() }

// run writes until something fails.
func (w *writer) run(url, token string, rng *rand.Rand) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for {
		if w.sent < 0 {
			w.sent, w.version = len(w.versions), 1
			if n := len(w.versions); n > 0 && rng.IntN(3) == 0 {
				w.sent = rng.IntN(n)
				w.version = w.versions[w.sent] + 1
			}
		}
		body := fmt.Sprintf(`{"version":%d,"vin":%q,"model_year":%d}`, w.version, w.vin(w.sent), 2000+w.version)
		var stored struct {
			Seq     uint64
			Outcome string
		}
		status, err := call(client, token, "PUT", url+"v1/owners/FR/records/"+w.id(w.sent), body, &stored)
		if err != nil || status != http.StatusOK {
			return
		}
		if w.sent == len(w.versions) {
			w.versions = append(w.versions, 0)
		}
		w.versions[w.sent] = w.version
		w.seq = max(w.seq, stored.Seq)
		w.sent = -1
	}
}

// The service is killed while it writes: afterwards everything that it acknowledged
// is there, once, and the position is not behind.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	dir, token := data(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	world := vintest.NewPopulation(3, vintest.DefaultMix).Shuffled(1 << 24)
	writers := make([]*writer, 4)
	for i := range writers {
		writers[i] = &writer{n: i, world: world, sent: -1}
	}
	args := []string{"--data", dir, "--listen", "127.0.0.1:0", "--snapshot-every", "300ms"}
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	defer client.CloseIdleConnections()

	check := func(p *process, all bool) {
		t.Helper()
		var status struct {
			Records, Behind int
			Register        struct{ Seq uint64 }
		}
		if _, err := call(client, "", "GET", p.url+"v1/status", "", &status); err != nil {
			t.Fatal(err)
		}
		least, most := 0, 0
		for _, w := range writers {
			least += len(w.versions)
			most += len(w.versions)
			if w.sent == len(w.versions) {
				most++
			}
			if status.Register.Seq < w.seq {
				t.Fatalf("position %d, acknowledged %d", status.Register.Seq, w.seq)
			}
		}
		if status.Records < least || status.Records > most {
			t.Fatalf("%d records, acknowledged %d to %d", status.Records, least, most)
		}
		for _, w := range writers {
			from := max(0, len(w.versions)-20)
			if all {
				from = 0
			}
			for i := from; i < len(w.versions); i++ {
				var a struct {
					Result struct {
						Findings []struct {
							How    string
							Record struct {
								ID      string
								Version uint64
							}
						}
					}
				}
				code, err := call(client, token, "POST", p.url+"v1/screen", `{"near":"never","reads":[{"kind":"vin","text":"`+w.vin(i)+`"}]}`, &a)
				if err != nil || code != http.StatusOK {
					t.Fatalf("%d %v", code, err)
				}
				want := w.versions[i]
				f := a.Result.Findings
				if len(f) != 1 || f[0].Record.ID != w.id(i) || f[0].Record.Version != want && (i != w.sent || f[0].Record.Version != w.version) {
					t.Fatalf("record %s of version %d: found %+v", w.id(i), want, f)
				}
			}
		}
	}

	for range *killRounds {
		p := start(t, args...)
		p.ready(t)
		check(p, false)
		var wg sync.WaitGroup
		for i, w := range writers {
			own := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
			wg.Go(func() { w.run(p.url, token, own) })
		}
		time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond) // the moment is the test
		p.cmd.Process.Kill()
		wg.Wait()
		p.cmd.Wait()
	}
	p := start(t, args...)
	p.ready(t)
	check(p, true)
	p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("it did not end well: %v: %s", err, p.logs)
	}

	// The log has every change once, and gives the same register with snapshots and
	// without. So says the audit log that nothing was changed in it.
	log, err := feed.OpenDir(filepath.Join(dir, "log"), feed.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	b, err := log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[feed.ID]bool{}
	for e, err := range log.Read(t.Context(), index.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.Changes {
			id := feed.IDOf(&e.Changes[i])
			if seen[id] {
				t.Errorf("a change stands in the log twice")
			}
			seen[id] = true
		}
		if e.Position.Seq == b.Last {
			break
		}
	}
	snaps, err := feed.OpenSnapshots(filepath.Join(dir, "snapshots"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var hashes []feed.ContentHash
	for _, s := range []feed.Snapshots{nil, snaps} {
		r, err := feed.OpenReplica(t.Context(), log, s, feed.Options{SnapshotEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, feed.Hash(r.View()))
		r.Close()
	}
	if hashes[0] != hashes[1] {
		t.Error("the register from the snapshots is not that of the log")
	}
	key, err := os.ReadFile(filepath.Join(dir, "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(filepath.Join(dir, "audit"), key, nil); err != nil {
		t.Error(err)
	}
	acknowledged := 0
	for _, w := range writers {
		for _, v := range w.versions {
			acknowledged += int(v)
		}
	}
	t.Logf("killed %d times; %d changes were acknowledged, the log has %d", *killRounds, acknowledged, len(seen))
	if acknowledged == 0 || len(seen) < acknowledged || len(seen) > acknowledged+len(writers) {
		t.Errorf("%d changes in the log, acknowledged %d", len(seen), acknowledged)
	}
}

// While it ends, the service answers what it was asked; a token file that was
// changed counts from SIGHUP on, and a bad one not at all.
func TestReloadAndEnd(t *testing.T) {
	dir, token := data(t)
	p := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--debug")
	p.ready(t)
	client := &http.Client{Timeout: time.Minute}
	const question = `{"reads":[{"kind":"vin","text":"1HGCM82633A004352"}]}`
	status := func(token string) int {
		code, err := call(client, token, "POST", p.url+"v1/screen", question, nil)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	var made strings.Builder
	if code := run(&app{ctx: context.Background(), stdout: &made, stderr: io.Discard}, []string{"token", "second", "--expires", "2999-01-01"}); code != 0 {
		t.Fatalf("token: exit code %d", code)
	}
	second, line, _ := strings.Cut(made.String(), "\n")
	if status(token) != 200 || status(second) != 401 {
		t.Fatal("the first token is not valid, or the second is")
	}
	reload := func(text string, want string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "tokens"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Skip("there is no SIGHUP")
		}
		deadline := time.Now().Add(time.Minute)
		for fmt.Sprint(status(token), status(second)) != want {
			if time.Now().After(deadline) {
				t.Fatalf("after a reload: %d %d, want %s", status(token), status(second), want)
			}
		}
	}
	reload(line, "401 200")
	reload("no tokens at all", "401 200")
	p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, p.logs)
	}
	if !strings.Contains(p.logs.String(), "the tokens stay as they were") || strings.Contains(p.logs.String(), "004352") {
		t.Error("the logs tell nothing of the bad file, or a number")
	}

	// Who asked for it?
	var out, errs strings.Builder
	a := &app{ctx: context.Background(), stdout: &out, stderr: &errs}
	if code := run(a, []string{"verify", "--data", dir, "--number", "1hgcm82633a004352"}); code != 0 {
		t.Fatalf("verify: %s", &errs)
	}
	if n := strings.Count(out.String(), `"caller":"tester"`); n == 0 || !strings.Contains(out.String(), "are as they were written") {
		t.Errorf("verify says %s", &out)
	}
	head := out.String()[strings.LastIndex(out.String(), "head ")+5:]
	if code := run(a, []string{"verify", "--data", dir, "--head", strings.TrimSpace(head)}); code != 0 {
		t.Errorf("verify --head: %s", &errs)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "audit", "*"))
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(names[0], []byte(strings.Replace(string(text), `"purpose":"test"`, `"purpose":"tent"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := run(a, []string{"verify", "--data", dir}); code != 1 || !strings.Contains(errs.String(), "it was changed") {
		t.Errorf("verify of a changed log: %d: %s", code, &errs)
	}
}
