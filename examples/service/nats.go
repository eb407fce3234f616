package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
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
	so := jetstream.ServerOptions{
		Dir: dir, Listen: n.Listen, Name: n.Name,
		OnLog: func(text string) { logger.Warn("nats", "text", text) },
	}
	if n.Cluster != "" {
		so.Cluster = &jetstream.ClusterOptions{Name: "vinmatch", Listen: n.Cluster, Routes: n.Routes}
	}
	l := &natsLog{}
	o := jetstream.Options{URL: n.URL, Server: so}
	var err error
	if n.URL != "" && n.Server {
		if l.server, err = jetstream.Start(ctx, so); err != nil {
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
