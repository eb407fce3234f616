package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// certify writes a certificate with a serial number, and its key.
func certify(t *testing.T, dir string, serial int64, addresses ...string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	for _, address := range addresses {
		host, _, _ := net.SplitHostPort(address)
		c.IPAddresses = append(c.IPAddresses, net.ParseIP(host))
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A certificate is replaced while requests come, of which none fails.
func TestReloadCertificate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGHUP")
	}
	dir, token := data(t)
	cert, key := certify(t, dir, 1)
	p := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(p.url, "https://") {
		t.Fatalf("it listens at %s", p.url)
	}
	var serial atomic.Int64 // of the last connection
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true, // a connection each
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, // a certificate of this test
			VerifyConnection: func(c tls.ConnectionState) error {
				serial.Store(c.PeerCertificates[0].SerialNumber.Int64())
				return nil
			},
		},
	}}
	ask := func() {
		t.Helper()
		code, err := call(client, token, "POST", p.url+"v1/screen", `{"reads":[{"kind":"vin","text":"1HGCM82633A004352"}]}`, nil)
		if err != nil || code != http.StatusOK {
			t.Fatal(code, err)
		}
	}
	ask()
	if serial.Load() != 1 {
		t.Fatalf("the certificate is %d", serial.Load())
	}
	reload := func() {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	certify(t, dir, 2)
	reload()
	for deadline := time.Now().Add(time.Minute); serial.Load() != 2; ask() {
		if time.Now().After(deadline) {
			t.Fatal("the certificate stays as it was")
		}
	}
	// A bad one counts for nothing.
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	reload()
	for range 20 {
		if ask(); serial.Load() != 2 {
			t.Fatalf("the certificate is %d", serial.Load())
		}
	}
	p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil || !strings.Contains(p.logs.String(), "the certificate stays as it was") {
		t.Fatalf("%v: %s", err, p.logs)
	}
}

// A service that is told to end is not ready any more, lets nobody wait for nothing,
// and answers what it was asked, to the last line.
func TestEnd(t *testing.T) {
	dir, token := data(t)
	p := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--drain", "1s")
	p.ready(t)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()

	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(context.Background(), "POST", p.url+"v1/screen/stream", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "text/csv")
	r.Header.Set("Vinmatch-Purpose", "test")
	const rows = 2000
	var wg sync.WaitGroup
	var streamed string
	wg.Go(func() {
		res, err := client.Do(r)
		if err != nil {
			t.Errorf("the stream: %v", err)
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Errorf("the stream: %v", err)
		}
		streamed = string(b)
	})
	wg.Go(func() {
		code, err := call(client, token, "GET", p.url+"v1/watch/reports?wait=60", "", nil)
		if err != nil || code != http.StatusOK {
			t.Errorf("who waits for reports: %d, %v", code, err)
		}
	})
	io.WriteString(out, "vin\n")
	for range rows / 2 {
		fmt.Fprintln(out, "1HGCM82633A004352")
	}
	// Both are being served.
	eventually(t, "the requests arrive", func() bool {
		var b strings.Builder
		res, err := http.Get(p.url + "metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		io.Copy(&b, res.Body)
		return strings.Contains(b.String(), "vinmatch_waiting 1") && strings.Contains(b.String(), "vinmatch_streams 1")
	})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip("there are no signals")
	}
	eventually(t, "it is not ready", func() bool {
		res, err := http.Get(p.url + "readyz")
		if err != nil {
			return true
		}
		res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	})
	for range rows / 2 {
		fmt.Fprintln(out, "1HGCM82633A004352")
	}
	out.Close()
	wg.Wait()
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, p.logs)
	}
	if n := strings.Count(streamed, "\n"); n != rows+1 || !strings.Contains(streamed, fmt.Sprintf(`{"summary":{"observations":%d,`, rows)) {
		t.Errorf("the stream has %d lines of %d", n, rows+1)
	}
	if strings.Contains(p.logs.String(), "cut off") {
		t.Errorf("somebody was cut off: %s", p.logs)
	}
}
