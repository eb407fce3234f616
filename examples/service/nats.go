package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vinmatch/vinmatch/examples/service/internal/api"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// natsFlags put the change log into NATS JetStream, in the place of a directory.
type natsFlags struct {
	URL     string   `name:"url" placeholder:"URL,..." help:"Keep the change log and the snapshots in this NATS cluster. Default: in a directory of this machine."`
	Server  bool     `help:"Run a NATS server in this process, and without --nats-url use it alone."`
	Listen  string   `placeholder:"HOST:PORT" help:"Address of that server for clients. Default: none."`
	Cluster string   `placeholder:"HOST:PORT" help:"Address of that server for the others of its cluster."`
	Routes  []string `placeholder:"HOST:PORT,..." help:"Those addresses of all servers of the cluster."`
	Name    string   `default:"vinmatch" help:"Name of that server in its cluster."`
	Secret  string   `type:"existingfile" placeholder:"FILE" help:"File of a secret that nodes and clients show as a token, and servers of the cluster show each other; the same on all. Without it, that server listens on the loopback only."`
	TLSCert string   `name:"tls-cert" type:"existingfile" placeholder:"FILE" help:"Certificate chain of that server, PEM, for clients and for its cluster. Without it, what they say is not encrypted."`
	TLSKey  string   `name:"tls-key" type:"existingfile" placeholder:"FILE" help:"Its key."`
	TLSCA   string   `name:"tls-ca" type:"existingfile" placeholder:"FILE" help:"Whose certificates are trusted of NATS servers, PEM. Default: those that the system trusts."`
	Join    bool     `help:"Wait for the register of another node, rather than begin an empty one."`
}

func (n *natsFlags) used() bool { return n.URL != "" || n.Server }

// A natsLog is a log with the server beside it that this process runs.
type natsLog struct {
	*jetstream.Log
	server *jetstream.Server // nil: none, or the log's own
}

// Close closes the log before the server.
func (l *natsLog) Close() error {
	err := l.Log.Close()
	if l.server != nil {
		if serr := l.server.Close(); err == nil {
			err = serr
		}
	}
	return err
}

func (n *natsFlags) open(ctx context.Context, dir string, logger *slog.Logger) (changeLog, feed.Snapshots, error) {
	secret, err := n.secret()
	if err != nil {
		return nil, nil, err
	}
	config, err := n.tls()
	if err != nil {
		return nil, nil, err
	}
	so := jetstream.ServerOptions{
		Dir: dir, Listen: n.Listen, Name: n.Name, Token: secret,
		OnLog: func(text string) { logger.Warn("nats", "text", text) },
	}
	if n.TLSCert != "" {
		so.TLS = config
	}
	if n.Cluster != "" {
		so.Cluster = &jetstream.ClusterOptions{Name: "vinmatch", Listen: n.Cluster, Routes: n.Routes, Password: secret, TLS: so.TLS}
	}
	o := jetstream.Options{URL: n.URL, Server: so}
	if secret != "" {
		o.Connect = append(o.Connect, nats.Token(secret))
	}
	if n.URL != "" && config != nil {
		o.Connect = append(o.Connect, nats.Secure(config))
	}
	l, snaps, err := n.connect(ctx, o)
	if errors.Is(err, jetstream.ErrUnprotected) {
		err = fmt.Errorf("%w: give --nats-secret, or listen on the loopback", err)
	}
	return l, snaps, err
}

func (n *natsFlags) connect(ctx context.Context, o jetstream.Options) (changeLog, feed.Snapshots, error) {
	l := &natsLog{}
	var err error
	if n.URL != "" && n.Server {
		if l.server, err = jetstream.Start(ctx, o.Server); err != nil {
			return nil, nil, err
		}
	}
	if l.Log, err = jetstream.Open(ctx, o); err != nil {
		if l.server != nil {
			l.server.Close()
		}
		return nil, nil, err
	}
	snaps, err := l.Snapshots(ctx)
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, snaps, nil
}

// minSecret is how long a secret must be.
const minSecret = 16

// secret reads the secret; empty if there is none.
func (n *natsFlags) secret() (string, error) {
	if n.Secret == "" {
		return "", nil
	}
	b, err := os.ReadFile(n.Secret)
	if err != nil {
		return "", err
	}
	secret := string(bytes.TrimSpace(b))
	if len(secret) < minSecret {
		return "", fmt.Errorf("%s: a secret has %d characters or more", n.Secret, minSecret)
	}
	return secret, nil
}

// tls reads the certificates; nil if there are none.
func (n *natsFlags) tls() (*tls.Config, error) {
	if (n.TLSCert == "") != (n.TLSKey == "") {
		return nil, errors.New("--nats-tls-cert and --nats-tls-key belong together")
	}
	if n.TLSCert == "" && n.TLSCA == "" {
		return nil, nil
	}
	config := &tls.Config{}
	if n.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(n.TLSCert, n.TLSKey)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if n.TLSCA != "" {
		b, err := os.ReadFile(n.TLSCA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("%s: there is no certificate", n.TLSCA)
		}
	}
	return config, nil
}

// The subject and the queue group in which nodes answer over NATS. A request has
// the headers of HTTP, and Path; an answer has the header Status.
const (
	askSubject = "vinmatch.ask"
	askGroup   = "vinmatch"
)

// asked are the paths that are answered over NATS.
var asked = map[string]bool{"/v1/screen": true, "/v1/explain": true, "/v1/search": true, "/v1/decode": true}

// answer answers requests of a queue group, one node each, for as long as this node
// is ready. What it returns ends that.
func (n *natsFlags) answer(log feed.Log, server *api.Server, logger *slog.Logger) (end func(), err error) {
	l, ok := log.(*natsLog)
	if !ok {
		return func() {}, nil
	}
	conn := l.Conn()
	places := make(chan struct{}, 64)
	handle := func(m *nats.Msg) {
		places <- struct{}{}
		go func() {
			defer func() { <-places }()
			if err := m.RespondMsg(serveMessage(server, m)); err != nil {
				logger.Debug("nats: no answer", "error", err)
			}
		}()
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(500 * time.Millisecond)
		defer t.Stop()
		var sub *nats.Subscription
		for {
			switch ready := server.Ready(); {
			case ready && sub == nil:
				if sub, err = conn.QueueSubscribe(askSubject, askGroup, handle); err != nil {
					logger.Warn("nats: not asked", "error", err)
				}
			case !ready && sub != nil:
				sub.Drain() // others of the group are asked
				sub = nil
			}
			select {
			case <-stop:
				if sub != nil {
					sub.Drain()
				}
				return
			case <-t.C:
			}
		}
	}()
	return func() { close(stop); <-done }, nil
}

// serveMessage answers a request over NATS as the same over HTTP.
func serveMessage(server http.Handler, m *nats.Msg) *nats.Msg {
	w := &messageWriter{header: http.Header{}, status: http.StatusOK}
	path := m.Header.Get("Path")
	r, err := http.NewRequest(http.MethodPost, "http://nats"+path, bytes.NewReader(m.Data))
	if err != nil || !asked[path] {
		w.status = http.StatusNotFound
		fmt.Fprintln(&w.body, `{"error":{"code":"not_found","text":"there is nothing at this path"}}`)
	} else {
		r.Header = http.Header{"Content-Type": {"application/json"}}
		for _, name := range []string{"Authorization", "Vinmatch-Purpose"} {
			if v := m.Header.Get(name); v != "" {
				r.Header.Set(name, v)
			}
		}
		server.ServeHTTP(w, r)
	}
	answer := nats.NewMsg("")
	answer.Data = w.body.Bytes()
	answer.Header.Set("Status", strconv.Itoa(w.status))
	return answer
}

// A messageWriter is a ResponseWriter that keeps the answer.
type messageWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *messageWriter) Header() http.Header         { return w.header }
func (w *messageWriter) WriteHeader(status int)      { w.status = status }
func (w *messageWriter) Write(b []byte) (int, error) { return w.body.Write(b) }
