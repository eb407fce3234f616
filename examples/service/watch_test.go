package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/vin/vintest"
)

var watchRounds = flag.Int("watch.rounds", 3, "how often TestWatchKill kills the service")

// A reported is a report as its client reads it.
type reported struct {
	Number uint64
	Report struct {
		Inquiry struct{ ID string }
		Finding struct{ Record struct{ ID string } }
	}
}

// The service is killed while it takes inquiries and makes reports: each inquiry
// that was taken is reported once for the record that came later, and a report that
// somebody has had stays what it was.
func TestWatchKill(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	dir, token := data(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	world := vintest.NewPopulation(3, vintest.DefaultMix).Shuffled(1 << 24)
	args := []string{"--data", dir, "--listen", "127.0.0.1:0", "--snapshot-every", "300ms"}
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	defer client.CloseIdleConnections()

	var (
		mu      sync.Mutex
		ids     []string // of inquiries, by number of the VIN; "": taken perhaps
		entered int      // records of the first so many VINs are stored, of the next perhaps
		had     []reported
	)
	ask := func(p *process) bool {
		n := len(ids)
		var a struct{ Watch struct{ ID string } }
		code, err := call(client, token, "POST", p.url+"v1/watch", fmt.Sprintf(`{"reads":[{"kind":"vin","text":%q}]}`, world.At(uint64(n))), &a)
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, a.Watch.ID)
		return err == nil && code == http.StatusOK
	}
	put := func(p *process) bool {
		code, err := call(client, token, "PUT", fmt.Sprintf("%sv1/owners/FR/records/%d", p.url, entered),
			fmt.Sprintf(`{"version":1,"vin":%q}`, world.At(uint64(entered))), nil)
		if err != nil || code != http.StatusOK {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		entered++
		return true
	}
	fetch := func(p *process, wait int) bool {
		var page struct{ Reports []reported }
		code, err := call(client, token, "GET", fmt.Sprintf("%sv1/watch/reports?after=%d&wait=%d", p.url, len(had), wait), "", &page)
		if err != nil || code != http.StatusOK {
			if code != 0 && err == nil {
				t.Errorf("reports after %d: status %d", len(had), code)
			}
			return false
		}
		for _, r := range page.Reports {
			if r.Number != uint64(len(had)+1) {
				t.Errorf("report %d comes after %d", r.Number, len(had))
			}
			had = append(had, r)
		}
		return true
	}

	for range *watchRounds {
		p := start(t, args...)
		p.ready(t)
		var wg sync.WaitGroup
		wg.Go(func() {
			for ask(p) {
			}
		})
		wg.Go(func() {
			for {
				mu.Lock()
				some := entered < len(ids)
				mu.Unlock()
				if some && !put(p) {
					return
				}
				if !some {
					if _, err := call(client, token, "GET", p.url+"livez", "", nil); err != nil {
						return
					}
				}
			}
		})
		wg.Go(func() {
			for fetch(p, 1) {
			}
		})
		time.Sleep(100*time.Millisecond + time.Duration(rng.IntN(600))*time.Millisecond) // the moment is the test
		p.cmd.Process.Kill()
		wg.Wait()
		p.cmd.Wait()
	}

	p := start(t, args...)
	p.ready(t)
	for entered < len(ids) {
		if !put(p) {
			t.Fatal("a record is not stored")
		}
	}
	// The last inquiry of all is reported last.
	if !ask(p) || !put(p) {
		t.Fatal("an inquiry or a record is not taken")
	}
	last := ids[len(ids)-1]
	eventually(t, "the last report", func() bool {
		return fetch(p, 1) && len(had) > 0 && had[len(had)-1].Report.Inquiry.ID == last
	})
	var again struct{ Reports []reported }
	var all []reported
	for len(all) == 0 || len(again.Reports) > 0 {
		again.Reports = nil
		if code, err := call(client, token, "GET", fmt.Sprintf("%sv1/watch/reports?after=%d", p.url, len(all)), "", &again); err != nil || code != http.StatusOK {
			t.Fatal(code, err)
		}
		all = append(all, again.Reports...)
	}
	if len(all) != len(had) {
		t.Fatalf("%d reports came, and there are %d", len(had), len(all))
	}
	times := map[string]int{}
	for i, r := range all {
		if r != had[i] {
			t.Fatalf("report %d is another than came", i+1)
		}
		times[r.Report.Inquiry.ID+" "+r.Report.Finding.Record.ID]++
	}
	taken := 0
	for i, id := range ids {
		if id == "" {
			continue
		}
		taken++
		if n := times[fmt.Sprintf("%s %d", id, i)]; n != 1 {
			t.Errorf("inquiry %d was reported %d times", i, n)
		}
	}
	t.Logf("killed %d times; %d inquiries taken, %d reports", *watchRounds, taken, len(all))
	if taken == 0 {
		t.Error("nothing was asked")
	}
}
