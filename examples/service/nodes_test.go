package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
)

// ports returns addresses of the loopback that were free a moment ago. They are
// spread over all of it, where the system has more than one, so that nobody takes one
// by chance before it is used.
func ports(t *testing.T, n int) (list []string) {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(20000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250), port))
		if err != nil {
			l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		}
		if err != nil {
			continue
		}
		defer l.Close()
		if list = append(list, l.Addr().String()); len(list) == n {
			return list
		}
	}
	t.Fatal("no port is free")
	return nil
}

// patience is how long a test waits for what must come, on a machine that does much
// else.
const patience = 3 * time.Minute

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// writeSecret writes the file of a secret, with an end of line as an editor makes it.
func writeSecret(t *testing.T, secret string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A NATS server that other machines reach asks for a secret, or does not start.
func TestSecret(t *testing.T) {
	serve := func(args ...string) string {
		t.Helper()
		var errs strings.Builder
		a := &app{ctx: t.Context(), stdout: io.Discard, stderr: &errs}
		if code := run(a, append([]string{"serve", "--data", t.TempDir(), "--nats-server"}, args...)); code == 0 {
			t.Fatalf("with %q, it ended well", args)
		}
		return errs.String()
	}
	for _, open := range [][]string{
		{"--nats-listen", "0.0.0.0:0"},
		{"--nats-listen", ":0", "--nats-url", "nats://127.0.0.1:1"},
		{"--nats-cluster", "192.0.2.1:0"},
	} {
		if got := serve(open...); !strings.Contains(got, "other machines reach it") || !strings.Contains(got, "--nats-secret") {
			t.Errorf("with %q: %s", open, got)
		}
	}
	short := "too short"
	if got := serve("--nats-secret", writeSecret(t, short)); !strings.Contains(got, "16 characters or more") || strings.Contains(got, short) {
		t.Errorf("a short secret: %s", got)
	}
	if got := serve("--nats-tls-cert", writeSecret(t, short)); !strings.Contains(got, "belong together") {
		t.Errorf("a certificate without its key: %s", got)
	}
	if got := serve("--nats-tls-ca", writeSecret(t, short)); !strings.Contains(got, "there is no certificate") {
		t.Errorf("a file without certificates: %s", got)
	}
}

// Three nodes with a NATS cluster of three: what one takes, all find; one that is
// killed is missed by nobody, and has everything when it is back.
func TestThreeNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	t.Parallel()
	token, line, err := access.New(access.Caller{Name: "tester", Owner: "FR", Ask: true}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	addresses := ports(t, 6)
	clients, routes := addresses[:3], addresses[3:]
	urls := "nats://" + strings.Join(clients, ",nats://")
	cert, key := certify(t, t.TempDir(), 1, addresses...)
	secret := writeSecret(t, "a secret of the nodes")
	var dirs [3]string
	args := func(n int) []string {
		list := []string{
			"--data", dirs[n], "--listen", "127.0.0.1:0", "--nats-server", "--nats-url", urls, "--nats-name", fmt.Sprint("n", n),
			"--nats-listen", clients[n], "--nats-cluster", routes[n], "--nats-routes", strings.Join(routes, ","),
			"--nats-secret", secret, "--nats-tls-cert", cert, "--nats-tls-key", key, "--nats-tls-ca", cert,
		}
		if n == 0 {
			return append(list, "--demo", "--records", "1000")
		}
		return append(list, "--nats-join")
	}
	var nodes [3]*process
	for n := range nodes {
		dirs[n] = t.TempDir()
		if err := os.WriteFile(dirs[n]+"/tokens", []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := range nodes {
		nodes[n] = launch(t, args(n)...) // one waits for another
	}
	for _, p := range nodes {
		p.listens(t)
	}
	for _, p := range nodes {
		p.ready(t)
	}
	client := &http.Client{Timeout: time.Minute}
	found := func(p *process, number string) bool {
		var a struct {
			Result struct{ Findings []struct{ How string } }
		}
		code, err := call(client, token, "POST", p.url+"v1/screen", `{"near":"never","reads":[{"kind":"vin","text":"`+number+`"}]}`, &a)
		return err == nil && code == http.StatusOK && len(a.Result.Findings) == 1
	}
	world := newDemo(1000).world
	for n, p := range nodes {
		if !found(p, world.At(5).String()) {
			t.Errorf("node %d does not have the register that the first began with", n)
		}
	}
	put := func(p *process, i int) {
		t.Helper()
		eventually(t, "a change", func() bool {
			code, err := call(client, token, "PUT", fmt.Sprintf("%sv1/owners/FR/records/new-%d", p.url, i),
				fmt.Sprintf(`{"version":1,"vin":%q}`, world.At(uint64(2000+i))), nil)
			return err == nil && code == http.StatusOK
		})
	}
	put(nodes[1], 0)
	for n, p := range nodes {
		eventually(t, fmt.Sprint("node ", n, " finds what node 1 took"), func() bool { return found(p, world.At(2000).String()) })
	}

	// Through the queue group somebody answers, also when one is gone.
	trust := nats.RootCAs(cert)
	if _, err := nats.Connect(urls, trust); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without the secret: %v", err)
	}
	conn, err := nats.Connect(urls, trust, nats.Token("a secret of the nodes"), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	through := func(path, token string) (status, body string) {
		m := nats.NewMsg(askSubject)
		m.Header.Set("Path", path)
		m.Header.Set("Authorization", "Bearer "+token)
		m.Header.Set("Vinmatch-Purpose", "test")
		m.Data = []byte(`{"reads":[{"kind":"vin","text":"` + world.At(2000).String() + `"}]}`)
		eventually(t, "an answer over NATS", func() bool {
			res, err := conn.RequestMsg(m, 5*time.Second)
			if err == nil {
				status, body = res.Header.Get("Status"), string(res.Data)
			}
			return err == nil
		})
		return status, body
	}
	eventually(t, "a finding over NATS", func() bool { s, b := through("/v1/screen", token); return s == "200" && strings.Contains(b, `"exact"`) })
	if s, _ := through("/v1/screen", "wrong"); s != "401" {
		t.Errorf("over NATS with a bad token: %s", s)
	}
	if s, _ := through("/v1/changes", token); s != "404" {
		t.Errorf("over NATS, what is not asked there: %s", s)
	}

	nodes[0].cmd.Process.Kill()
	nodes[0].cmd.Wait()
	put(nodes[1], 1) // waits for a leader
	put(nodes[2], 2)
	eventually(t, "node 2 finds what came meanwhile", func() bool { return found(nodes[2], world.At(2001).String()) })
	eventually(t, "a good answer over NATS", func() bool { s, _ := through("/v1/screen", token); return s == "200" })
	again := start(t, args(0)...)
	again.ready(t)
	for i := range 3 {
		if !found(again, world.At(uint64(2000+i)).String()) {
			t.Errorf("the node that was killed does not find change %d", i)
		}
	}
}

// A node whose cluster does not come together says what it waited for.
func TestStartAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	t.Parallel()
	addresses := ports(t, 4)
	p := launch(t, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--nats-server", "--nats-url", "nats://"+addresses[0], "--nats-name", "n0",
		"--nats-listen", addresses[0], "--nats-cluster", addresses[1], "--nats-routes", strings.Join(addresses[1:], ","), "--start-time", "10s")
	out, err := io.ReadAll(p.out)
	if err != nil || len(out) > 0 {
		t.Errorf("%v: it says %s", err, out)
	}
	if err := p.cmd.Wait(); err == nil {
		t.Error("it ended well")
	}
	for _, want := range []string{"service: opening the change log: ", "deadline exceeded after ", "no answer within ", "no leader"} {
		if !strings.Contains(p.logs.String(), want) {
			t.Errorf("the error does not say %q: %s", want, p.logs)
		}
	}
}
