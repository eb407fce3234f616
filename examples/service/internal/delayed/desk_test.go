package delayed_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A fixture is a desk with a register and a change log in memory.
type fixture struct {
	*delayed.Desk
	t       *testing.T
	dir     string
	o       delayed.Options
	log     *feed.Memory
	replica *feed.Replica
}

func newFixture(t *testing.T, o delayed.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: filepath.Join(t.TempDir(), "watch"), o: o, log: feed.NewMemory(0)}
	t.Cleanup(func() { f.log.Close() })
	f.replica = f.openReplica()
	f.open()
	t.Cleanup(func() {
		if err := f.Desk.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) openReplica() *feed.Replica {
	f.t.Helper()
	r, err := feed.OpenReplica(f.t.Context(), f.log, nil, feed.Options{Poll: 10 * time.Millisecond, Retry: time.Millisecond})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { r.Close() })
	if err := r.CatchUp(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) open() {
	f.t.Helper()
	o := f.o
	o.Matcher, o.Replica, o.Log = match.New(f.replica.Index(), match.Options{}), f.replica, f.log
	o.Encode = func(id, inquirer string, d *match.Delayed) ([]byte, error) {
		return json.Marshal(body{id, inquirer, d.Inquiry.Purpose, d.Finding.Record.Owner + "/" + d.Finding.Record.ID})
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	var err error
	if f.Desk, err = delayed.Open(f.dir, o); err != nil {
		f.t.Fatal(err)
	}
}

type body struct{ ID, Inquirer, Purpose, Record string }

func vinQuery(text string) match.Query {
	return match.Query{Reads: []match.Read{{Number: index.Number{Kind: index.KindVIN, Text: text}}}}
}

func (f *fixture) ask(caller, text string) string {
	f.t.Helper()
	res, receipt, err := f.Ask(f.t.Context(), delayed.Who{Caller: caller, Inquirer: "lane 4", Purpose: "border"}, vinQuery(text), time.Time{})
	if err != nil || res.Err != nil || receipt.ID == "" {
		f.t.Fatal(err, res.Err)
	}
	return receipt.ID
}

func put(id string, version uint64, v vin.VIN) index.Change {
	return index.Change{By: "FR", Op: index.Put, Record: index.Record{Owner: "FR", ID: id, Version: version, VIN: v, Status: index.Stolen}}
}

func (f *fixture) append(changes ...index.Change) index.Position {
	f.t.Helper()
	at, err := f.log.Append(f.t.Context(), changes)
	if err != nil {
		f.t.Fatal(err)
	}
	return at
}

// looked waits until the desk has looked at an entry.
func (f *fixture) looked(at index.Position) {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); f.Stats().Position != at; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) || f.Err() != nil {
			f.t.Fatalf("the desk is at %d, not %d: %v", f.Stats().Position.Seq, at.Seq, f.Err())
		}
	}
}

// reports returns all reports of a caller, and checks that their numbers have no
// gap.
func (f *fixture) reports(caller string) (list []body) {
	f.t.Helper()
	for after := uint64(0); ; {
		p, err := f.Reports(caller, after, 3)
		if err != nil || p.Dropped > 0 {
			f.t.Fatal(err, p.Dropped)
		}
		if len(p.Reports) == 0 {
			if after != p.Last {
				f.t.Fatalf("the last report is %d, and there are %d", p.Last, after)
			}
			return list
		}
		for _, r := range p.Reports {
			if after++; r.Number != after {
				f.t.Fatalf("report %d has number %d", after, r.Number)
			}
			var b body
			if err := json.Unmarshal(r.Body, &b); err != nil {
				f.t.Fatal(err)
			}
			list = append(list, b)
		}
	}
}

const listed, misread = "1HGCM82633A004352", "1HGCM82633A004353"

func TestReports(t *testing.T) {
	f := newFixture(t, delayed.Options{})
	f.append(put("before", 1, vin.MustParse("WVWZZZ1JZ3W386752")))
	id, near := f.ask("port", listed), f.ask("port", misread)
	f.ask("road", "WBA3A5C50CF256551")
	waited := make(chan struct{})
	go func() {
		f.Wait(t.Context(), "port", 0)
		close(waited)
	}()
	f.looked(f.append(put("1", 1, vin.MustParse(listed))))
	<-waited
	want := []body{{id, "lane 4", "border", "FR/1"}, {near, "lane 4", "border", "FR/1"}}
	if got := f.reports("port"); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("reports %+v, want %+v", got, want)
	}
	if got := f.reports("road"); len(got) != 0 {
		t.Errorf("reports for somebody else: %+v", got)
	}
	// Once for a record, and for each record.
	f.append(put("1", 2, vin.MustParse(listed)))
	f.looked(f.append(put("2", 1, vin.MustParse(listed))))
	if got := f.reports("port"); len(got) != 4 || got[2].Record != "FR/2" {
		t.Errorf("reports %+v", got)
	}
	// Nobody waits for what is there, and waiting ends with its context.
	f.Wait(t.Context(), "port", 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.Wait(ctx, "port", 4)
	// What is on the register when it is asked for is in the answer.
	res, _, err := f.Ask(t.Context(), delayed.Who{Caller: "road"}, vinQuery(listed), time.Time{})
	if err != nil || len(res.Findings) != 2 {
		t.Errorf("%d findings, %v", len(res.Findings), err)
	}
	f.looked(f.append(put("1", 3, vin.MustParse(listed))))
	if got := f.reports("road"); len(got) != 0 {
		t.Errorf("reports of what was in the answer: %+v", got)
	}
	if s := f.Stats(); s.Kept != 4 || s.Made != 4 || s.Held != 4 || s.Anew != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestAskRefused(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	f := newFixture(t, delayed.Options{Most: 3, Each: 2, Keep: time.Hour, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	ask := func(caller, text string) error {
		_, _, err := f.Ask(t.Context(), delayed.Who{Caller: caller}, vinQuery(text), time.Time{})
		return err
	}
	for _, tt := range []struct {
		caller, text string
		want         error
	}{
		{"a", "N/A", delayed.ErrNothing},
		{"a", "", delayed.ErrNothing},
		{"a", "12", delayed.ErrNothing},
		{"a", listed, nil},
		{"a", listed, nil},
		{"a", listed, delayed.ErrMany},
		{"b", listed, nil},
		{"b", listed, delayed.ErrFull},
	} {
		if err := ask(tt.caller, tt.text); !errors.Is(err, tt.want) {
			t.Errorf("%s asks for %q: %v, want %v", tt.caller, tt.text, err, tt.want)
		}
	}
	// The counts survive, and end with the inquiries.
	if err := f.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	f.open()
	if err := ask("a", listed); !errors.Is(err, delayed.ErrMany) {
		t.Errorf("after a restart: %v", err)
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if err := ask("a", listed); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	f.looked(f.append(put("1", 1, vin.MustParse(listed))))
	if got := append(f.reports("a"), f.reports("b")...); len(got) != 1 {
		t.Errorf("reports of what is past its time: %+v", got)
	}
}

// Of a caller who fetches nothing the oldest reports go, which the next page tells.
func TestManyReports(t *testing.T) {
	f := newFixture(t, delayed.Options{Reports: 10})
	f.ask("port", listed)
	for i := range 25 {
		f.append(put(fmt.Sprint(i), 1, vin.MustParse(listed)))
	}
	f.looked(f.append(put("25", 1, vin.MustParse(listed))))
	check := func() {
		t.Helper()
		p, err := f.Reports("port", 3, 100)
		if err != nil || p.Dropped != 13 || p.Last != 26 || len(p.Reports) != 10 || p.Reports[0].Number != 17 {
			t.Errorf("%v: page %+v", err, p)
		}
	}
	check()
	if err := f.Rewrite(); err != nil {
		t.Fatal(err)
	}
	check()
	if err := f.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	f.open()
	check()
	// What is not kept was reported all the same.
	f.looked(f.append(put("1", 2, vin.MustParse(listed))))
	check()
}

var rounds = flag.Int("rounds", 12, "how often TestCrashes ends a desk")

// A desk that is killed at any moment, with whatever it has written by then, makes
// each report once, and none that was fetched changes.
func TestCrashes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	f := newFixture(t, delayed.Options{})
	world := vintest.NewPopulation(5, vintest.DefaultMix).Shuffled(1 << 20)
	type pair struct{ id, record string }
	ids := map[string]int{} // inquiry to number of its VIN
	var want []pair
	asked, entered, versions := 0, 0, map[int]uint64{}
	for range *rounds {
		done := make(chan struct{})
		var also sync.WaitGroup
		also.Go(func() { // inquiries are synced while reports are made
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				f.Ask(t.Context(), delayed.Who{Caller: "other"}, vinQuery(world.At(uint64(500_000+i)).String()), time.Time{})
			}
		})
		for range 1 + rng.IntN(20) {
			if rng.IntN(2) == 0 {
				ids[f.ask("port", world.At(uint64(asked)).String())] = asked
				asked++
				continue
			}
			if entered < asked {
				versions[entered] = 1
				f.append(put(fmt.Sprint(entered), 1, world.At(uint64(entered))))
				entered++
			}
			if entered > 0 {
				n := rng.IntN(entered)
				versions[n]++
				f.append(put(fmt.Sprint(n), versions[n], world.At(uint64(n))))
			}
		}
		// What the files are after a moment is what a killed process leaves.
		fetched := f.reports("port")
		left := filepath.Join(t.TempDir(), "watch")
		if err := os.CopyFS(left, os.DirFS(f.dir)); err != nil {
			t.Fatal(err)
		}
		close(done)
		also.Wait()
		f.Crash()
		f.dir = left
		f.replica.Close()
		f.replica = f.openReplica()
		f.open()
		after := f.reports("port")
		if len(after) < len(fetched) || !slices.Equal(after[:len(fetched)], fetched) {
			t.Fatalf("of %d reports that were fetched, others are left: %d", len(fetched), len(after))
		}
	}
	b, err := f.log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.looked(b.Position())
	for id, n := range ids {
		if n < entered {
			want = append(want, pair{id, fmt.Sprint("FR/", n)})
		}
	}
	got := map[pair]int{}
	for _, r := range f.reports("port") {
		got[pair{r.ID, r.Record}]++
	}
	missing, wrong := 0, 0
	for _, p := range want {
		switch got[p] {
		case 0:
			missing++
		case 1:
		default:
			t.Errorf("a report was made %d times", got[p])
		}
		delete(got, p)
	}
	for p := range got {
		if _, ok := ids[p.id]; ok { // of others: near numbers
			wrong++
		}
	}
	t.Logf("%d inquiries, %d reports, %d of near numbers", len(ids), len(want), wrong)
	if missing > 0 || len(want) == 0 {
		t.Errorf("%d reports of %d are missing", missing, len(want))
	}
}

// What the log has forgotten, or another log, does not keep a record from being
// reported.
func TestLookAtAll(t *testing.T) {
	world := vintest.NewPopulation(5, vintest.DefaultMix).Shuffled(1 << 20)
	for why, lose := range map[string]func(f *fixture, at index.Position){
		"trimmed": func(f *fixture, at index.Position) {
			if err := f.log.Trim(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		},
		"another log": func(f *fixture, _ index.Position) {
			// With the register of the one before.
			records := func(yield func(index.Record, error) bool) {
				v := f.replica.View()
				for row := range v.All() {
					if !yield(v.Record(row), nil) {
						return
					}
				}
			}
			x, err := index.Build(t.Context(), index.Options{}, records)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			f.log.Close()
			f.log = feed.NewMemory(0)
			snaps, err := feed.OpenSnapshots(t.TempDir(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := feed.Begin(t.Context(), f.log, snaps, x); err != nil {
				t.Fatal(err)
			}
			f.replica.Close()
			if f.replica, err = feed.OpenReplica(t.Context(), f.log, snaps, feed.Options{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.replica.Close() })
		},
	} {
		t.Run(why, func(t *testing.T) {
			f := newFixture(t, delayed.Options{})
			f.append(put("old", 1, vin.MustParse(listed)))
			f.looked(f.append(put("older", 1, world.At(1))))
			if res, _, err := f.Ask(t.Context(), delayed.Who{Caller: "port"}, vinQuery(listed), time.Time{}); err != nil || len(res.Findings) != 1 {
				t.Fatal(res, err)
			}
			f.ask("port", world.At(7).String())
			f.looked(f.append(put("seen", 1, world.At(7))))
			f.ask("port", world.At(500).String())
			if err := f.Desk.Close(); err != nil {
				t.Fatal(err)
			}
			var at index.Position
			for i := range 1000 {
				at = f.append(put(fmt.Sprint(i), 1, world.At(uint64(i))))
			}
			if err := f.replica.WaitFor(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			lose(f, at)
			f.open()
			f.looked(f.replica.View().Position())
			got := map[string]int{}
			for _, r := range f.reports("port") {
				got[r.Record]++
			}
			if len(got) != 3 || got["FR/seen"] != 1 || got["FR/7"] != 1 || got["FR/500"] != 1 {
				t.Errorf("reports of %v", got)
			}
			if n := f.Stats().Anew; n != 1 {
				t.Errorf("the whole register was looked at %d times", n)
			}
			// And on.
			f.ask("port", world.At(5000).String())
			f.looked(f.append(put("5000", 1, world.At(5000))))
			if got := f.reports("port"); len(got) != 4 {
				t.Errorf("reports %+v", got)
			}
		})
	}
}

// A desk whose files cannot be written says so and takes nothing more.
func TestFailed(t *testing.T) {
	f := newFixture(t, delayed.Options{})
	f.ask("port", listed)
	f.CloseFile()
	if _, _, err := f.Ask(t.Context(), delayed.Who{Caller: "port"}, vinQuery(listed), time.Time{}); err == nil {
		t.Error("an inquiry that cannot be counted is taken")
	}
	if f.Err() == nil {
		t.Error("the desk works on")
	}
	f.Wait(t.Context(), "port", 0) // does not wait
	if _, err := f.Reports("port", 0, 1); err == nil {
		t.Error("there are reports")
	}
	f.Crash()
	f.open()
	f.looked(f.append(put("1", 1, vin.MustParse(listed))))
	if got := f.reports("port"); len(got) == 0 {
		t.Error("after a restart there is no report")
	}
}
