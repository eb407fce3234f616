package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the service, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("VINMATCH_SERVICE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is the service in a process of its own.
type process struct {
	cmd    *exec.Cmd
	out    io.Reader
	url    string
	tokens map[string]string // by owner, of a demonstration
	logs   *strings.Builder  // complete after wait
	demo   *demo
}

// start starts the service and returns when it listens.
func start(t testing.TB, args ...string) *process {
	t.Helper()
	p := launch(t, args...)
	p.listens(t)
	return p
}

// launch starts the service, which has time on a machine that does much else.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	args = append([]string{"serve", "--search-time", "1m", "--start-time", "5m"}, args...)
	p := &process{cmd: exec.Command(os.Args[0], args...), tokens: map[string]string{}, logs: new(strings.Builder)}
	p.cmd.Env = append(os.Environ(), "VINMATCH_SERVICE=1")
	p.cmd.Stderr = p.logs
	var err error
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

// listens waits until the service listens.
func (p *process) listens(t testing.TB) {
	t.Helper()
	in := bufio.NewScanner(p.out)
	for in.Scan() {
		if rest, ok := strings.CutPrefix(in.Text(), "token of owner "); ok {
			owner, token, _ := strings.Cut(rest, ": ")
			p.tokens[owner] = token
		} else if strings.HasPrefix(in.Text(), "http") {
			p.url = in.Text()
			go io.Copy(io.Discard, p.out)
			return
		}
	}
	p.cmd.Wait()
	t.Fatalf("the service did not start: %s", p.logs)
}

// startDemo starts a demonstration and returns when it is ready.
func startDemo(t testing.TB) *process {
	t.Helper()
	const records = 20_000
	p := start(t, "--demo", "--records", strconv.Itoa(records), "--listen", "127.0.0.1:0")
	p.demo = newDemo(records)
	p.ready(t)
	return p
}

// ready waits until the service is ready.
func (p *process) ready(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		res, err := http.Get(p.url + "readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the service is not ready: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The demonstration answers soon after it was started; how soon, the test tells.
func TestDemo(t *testing.T) {
	began := time.Now()
	p := start(t, "--demo", "--listen", "127.0.0.1:0")
	p.ready(t)
	var a struct {
		Result struct {
			Findings []struct{ Record struct{ VIN string } }
		}
	}
	want := newDemo(100_000).world.At(3).String()
	status, err := call(http.DefaultClient, p.tokens["FR"], "POST", p.url+"v1/screen", `{"reads":[{"kind":"vin","text":"`+want+`"}]}`, &a)
	t.Logf("first answer after %v", time.Since(began))
	if err != nil || status != http.StatusOK || len(a.Result.Findings) == 0 || a.Result.Findings[0].Record.VIN != want {
		t.Errorf("%d %v: %+v", status, err, a)
	}
}

// The load command measures what it says it does.
func TestLoad(t *testing.T) {
	p := startDemo(t)
	var out, errs strings.Builder
	a := &app{ctx: t.Context(), stdout: &out, stderr: &errs}
	args := []string{"load", "--url", p.url, "--token", p.tokens["FR"], "--records", strconv.Itoa(p.demo.n), "--time", "300ms", "--rate", "200", "--bulk", "5000", "--inquiries", "300"}
	if code := run(a, args); code != 0 {
		t.Fatalf("%s", &errs)
	}
	for _, want := range []string{"inquiries remembered: ", "single queries, 16 at a time: ", "open loop of 200 a second: ", "p99 ", "bulk, near numbers never: ", "(5000, ", "bulk, near numbers auto: ", "writes meanwhile: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, &out)
		}
	}
	t.Log(out.String())
}

// A register in CSV is what a new change log begins with, and a log that has begun
// is left alone.
func TestRegister(t *testing.T) {
	dir, token := data(t)
	args := []string{"--data", dir, "--listen", "127.0.0.1:0", "--register", "../vinmatch/data/register.csv"}
	var before struct{ Records int }
	p := start(t, args...)
	p.ready(t)
	if _, err := call(http.DefaultClient, "", "GET", p.url+"v1/status", "", &before); err != nil || before.Records < 1000 {
		t.Fatalf("%d records, %v", before.Records, err)
	}
	if status, err := call(http.DefaultClient, token, "PUT", p.url+"v1/owners/FR/records/new", `{"version":1,"vin":"1HGCM82633A004352"}`, nil); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v", status, err)
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p = start(t, args...)
	p.ready(t)
	var after struct{ Records int }
	if _, err := call(http.DefaultClient, "", "GET", p.url+"v1/status", "", &after); err != nil || after.Records != before.Records+1 {
		t.Errorf("%d records, then %d, %v", before.Records, after.Records, err)
	}
}
