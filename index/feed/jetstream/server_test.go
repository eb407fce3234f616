package jetstream_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// An address that others may reach is not opened to everybody.
func TestOpenAddress(t *testing.T) {
	for address, loopback := range map[string]bool{
		"127.0.0.1:0": true, "127.9.8.7:0": true, "[::1]:0": true, "localhost:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:0": false, "host.example:0": false,
	} {
		for what, o := range map[string]jetstream.ServerOptions{
			"Token":    {Listen: address},
			"Password": {Cluster: &jetstream.ClusterOptions{Name: "test", Listen: address}},
		} {
			o.Dir = filepath.Join(t.TempDir(), "nats")
			err := jetstream.CheckOptions(o)
			if refused := errors.Is(err, jetstream.ErrUnprotected) && strings.Contains(err.Error(), address+" without a "+what); refused == loopback {
				t.Errorf("%s without a %s: %v", address, what, err)
			}
			if o.Token = "a secret"; o.Cluster != nil {
				o.Token, o.Cluster.Password = "", "a secret"
			}
			if err := jetstream.CheckOptions(o); err != nil {
				t.Errorf("%s with a %s: %v", address, what, err)
			}
		}
	}
}

// certificate makes a certificate for addresses, and returns what has and trusts it.
func certificate(t *testing.T, addresses ...string) *tls.Config {
	t.Helper()
	var hosts []net.IP
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, net.ParseIP(host))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: hosts,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, RootCAs: roots}
}

// Clients show a token, and trust the server's certificate.
func TestToken(t *testing.T) {
	config := certificate(t, "127.0.0.1:0")
	for _, o := range []jetstream.ServerOptions{{Token: "a secret"}, {Token: "a secret", TLS: config}} {
		s := startServer(t, o)
		token := nats.Token("a secret")
		options := []nats.Option{token}
		if o.TLS != nil {
			if nc, err := nats.Connect(s.URL(), token); err == nil {
				nc.Close()
				t.Error("a certificate that nobody knows is trusted")
			}
			options = append(options, nats.Secure(&tls.Config{RootCAs: config.RootCAs}))
		}
		for _, bad := range [][]nats.Option{options[1:], append(options[1:], nats.Token("another"))} {
			nc, err := nats.Connect(s.URL(), bad...)
			if err == nil {
				nc.Close()
			}
			if !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("without the token: %v", err)
			}
			_, err = jetstream.Open(ctxFor(t, time.Minute), jetstream.Options{URL: s.URL(), Replicas: 1, Connect: bad})
			if !errors.Is(err, nats.ErrAuthorization) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a log without the token: %v", err)
			}
		}
		l := open(t, jetstream.Options{URL: s.URL(), Replicas: 1, Connect: options})
		feedtest.Append(ctxFor(t, time.Minute), t, l, feedtest.Changes(1, 10)...)
		nc, err := s.Connect()
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
	// A log with a server of its own shows it itself.
	o := inDir(t)
	o.Server.Token, o.Server.TLS = "a secret", config
	feedtest.Append(ctxFor(t, time.Minute), t, open(t, o), feedtest.Changes(1, 10)...)
}

// Servers join a cluster with its password alone.
func TestClusterPassword(t *testing.T) {
	for _, secure := range []bool{false, true} {
		addresses := freeAddresses(t, 2)
		var config *tls.Config
		if secure {
			config = certificate(t, addresses...)
		}
		said := make(chan string, 1) // by the first, of a server that it refuses
		options := func(i int, password string) jetstream.ServerOptions {
			return jetstream.ServerOptions{
				Name: fmt.Sprint("node", i), Dir: filepath.Join(t.TempDir(), "nats"), Listen: "127.0.0.1:0",
				Cluster: &jetstream.ClusterOptions{Name: "test", Listen: addresses[i], Routes: addresses, Password: password, TLS: config},
				OnLog: func(text string) {
					if i == 0 && strings.Contains(text, "authentication error") {
						select {
						case said <- text:
						default:
						}
					}
				},
			}
		}
		first := startServer(t, options(0, "a secret"))
		for _, password := range []string{"", "another"} {
			other, err := jetstream.Start(ctxFor(t, time.Minute), options(1, password))
			if err != nil {
				t.Fatal(err)
			}
			select {
			case text := <-said:
				if strings.Contains(text, "secret") {
					t.Errorf("the log tells the password: %s", text)
				}
			case <-time.After(time.Minute):
				t.Errorf("nobody is refused with the password %q", password)
			}
			if n := first.NATS().NumRoutes(); n != 0 {
				t.Errorf("with the password %q, a server joined", password)
			}
			if err := other.Close(); err != nil {
				t.Fatal(err)
			}
		}
		startServer(t, options(1, "a secret"))
		for end := time.Now().Add(time.Minute); first.NATS().NumRoutes() == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("TLS: %v. A server with the password does not join", secure)
			}
		}
	}
}
