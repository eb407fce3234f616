package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/vinmatch/vinmatch/examples/service/internal/access"
	"github.com/vinmatch/vinmatch/examples/service/internal/api"
	"github.com/vinmatch/vinmatch/examples/service/internal/audit"
	"github.com/vinmatch/vinmatch/examples/service/internal/delayed"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/match"
)

type serveCmd struct {
	Demo     bool   `help:"Serve a made-up register to everybody on this machine, and forget it at the end unless --data is given."`
	Records  int    `default:"100000" help:"How many vehicles the made-up register has."`
	Register string `type:"existingfile" placeholder:"R.csv" help:"Begin with this register, where the change log is new. Default: an empty one."`
	Listen   string `default:"127.0.0.1:8080" help:"Address to listen on; port 0 is any that is free."`
	TLSCert  string `name:"tls-cert" type:"existingfile" help:"Certificate chain, PEM. Without it, put a proxy in front that has one."`
	TLSKey   string `name:"tls-key" type:"existingfile" help:"Its key."`
	Data     string `placeholder:"DIR" help:"Where everything is kept: change log, snapshots, audit log, tokens."`
	Tokens   string `placeholder:"FILE" help:"Who may ask and change, a line each, as the command token makes them. Default: tokens, in DIR."`
	Open     bool   `help:"Let everybody ask who reaches the address, without a token."`

	AuditKey   string `placeholder:"FILE" help:"Key of the audit log, at least 32 bytes. Default: audit.key, in DIR, which is made. Keep it elsewhere if you can."`
	AuditPlain bool   `help:"Write numbers to the audit log as they are."`

	SnapshotEvery time.Duration `default:"1h" help:"How often a snapshot is stored."`
	Trim          bool          `help:"Forget what all snapshots have of the change log."`
	Drain         time.Duration `default:"0s" help:"How long to go on answering, not ready, before shutting down."`
	StartTime     time.Duration `default:"10m" help:"How long the start may take: reading what there is, waiting for most of a cluster and for its register."`
	Debug         bool          `help:"Log every request; numbers are masked."`

	WatchKeep time.Duration `default:"120h" help:"How long inquiries are remembered that are to be reported later, and the reports."`
	WatchMost int           `default:"200000" help:"How many inquiries are remembered; of one caller a quarter of that."`

	Rate       float64       `default:"20000" help:"Requests a second of one caller."`
	MaxBody    int64         `default:"1048576" help:"Bytes of a request."`
	SearchTime time.Duration `default:"500ms" help:"How long one question may take."`
	ReadTime   time.Duration `default:"10s" help:"How long a client may take to send a request."`

	NATS natsFlags `embed:"" prefix:"nats-"`
}

func (*serveCmd) Help() string {
	return `SIGHUP reads the tokens and the certificate again; a file that cannot be read
changes nothing. SIGTERM and an interrupt end the service: it stops being
ready, answers what it was asked, and stores what it has.`
}

// stopTime bounds how long a service that ends waits for its clients.
const stopTime = 20 * time.Second

func (c *serveCmd) Run(a *app) (err error) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together")
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))

	dir := c.Data
	switch {
	case dir == "" && c.Demo:
		if dir, err = os.MkdirTemp("", "vinmatch-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	case dir == "":
		return errors.New("--data says where to keep everything; --demo tries it without")
	}
	if err := safefile.MkdirAll(dir); err != nil {
		return err
	}

	auditLog, err := c.openAudit(dir)
	if err != nil {
		return err
	}
	defer closing(&err, auditLog)
	ctx, started := context.WithTimeout(a.ctx, c.StartTime)
	defer started()
	var changes changeLog
	var snaps feed.Snapshots
	err = step(ctx, logger, "opening the change log", func(ctx context.Context) (err error) {
		changes, snaps, err = c.openLog(ctx, dir, logger)
		return err
	})
	if err != nil {
		return err
	}
	defer closing(&err, changes)

	var demo *demo
	switch {
	case c.NATS.Join:
		err = step(ctx, logger, "waiting for the register of another node", func(ctx context.Context) error {
			return waitForSnapshot(ctx, snaps)
		})
	case c.Register != "":
		err = step(ctx, logger, "beginning the register", func(ctx context.Context) error {
			return beginWith(ctx, changes, snaps, c.Register, logger)
		})
	case c.Demo:
		demo = newDemo(c.Records)
		err = step(ctx, logger, "beginning the register", func(ctx context.Context) error {
			return begin(ctx, changes, snaps, index.Options{}, demo.records)
		})
	}
	if err != nil {
		return err
	}
	var replica *feed.Replica
	err = step(ctx, logger, "opening the register", func(ctx context.Context) (err error) {
		replica, err = feed.OpenReplica(ctx, changes, snaps, feed.Options{
			SnapshotEvery: c.SnapshotEvery,
			Trim:          c.Trim,
			OnEvent: func(e feed.Event) {
				level := slog.LevelInfo
				if e.Err != nil {
					level = slog.LevelWarn
				}
				logger.Log(context.Background(), level, "replica", "event", e.Kind.String(), "seq", e.Position.Seq, "error", e.Err)
			},
		})
		return err
	})
	if err != nil {
		return err
	}
	defer closing(&err, replica)
	started()

	desk, err := delayed.Open(filepath.Join(dir, "watch"), delayed.Options{
		Matcher: match.New(replica.Index(), match.Options{}), Replica: replica, Log: changes,
		Encode: api.EncodeReport, Keep: c.WatchKeep, Most: c.WatchMost, Logger: logger,
	})
	if err != nil {
		return err
	}
	defer closing(&err, desk)

	tokens, err := c.tokens(dir, a.stdout)
	if err != nil {
		return err
	}
	o := api.Options{
		Replica: replica, Log: changes, Audit: auditLog, Delayed: desk, Tokens: tokens, Logger: logger,
		Open:   c.Open || c.Demo,
		Limits: api.Limits{Rate: c.Rate, Body: c.MaxBody, SearchTime: c.SearchTime, ReadTime: c.ReadTime},
	}
	if demo != nil {
		o.Examples = demo.examples()
	}
	server := api.New(o)
	end, err := c.NATS.answer(changes, server, logger)
	if err != nil {
		return err
	}
	defer end()

	var cert certificate
	if err := cert.load(c.TLSCert, c.TLSKey); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
		listener = tls.NewListener(listener, &tls.Config{GetCertificate: cert.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	web := &http.Server{
		Handler:           server,
		ReadHeaderTimeout: c.ReadTime,
		ReadTimeout:       time.Minute, // streams and requests with a body set their own
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	fmt.Fprintf(a.stdout, "%s://%s/\n", scheme, listener.Addr())
	logger.Info("listening", "address", listener.Addr().String(), "records", replica.View().Len())

	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case <-a.reload:
			c.again(dir, server, &cert, logger)
			continue
		case <-minute.C:
			// Whoever keeps the logs holds the audit log to this: see verify --head.
			// What no crash takes away, so that none looks like a forgery.
			logger.Info("audit", "head", auditLog.Synced().String())
			continue
		case err := <-served:
			return err
		case <-a.ctx.Done():
		}
		break
	}

	logger.Info("ending")
	server.Drain()
	time.Sleep(c.Drain)
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		logger.Warn("clients were cut off", "error", err)
		web.Close()
	}
	if c.Data != "" {
		if _, err := replica.Snapshot(ctx); err != nil {
			logger.Warn("no last snapshot: the next start replays more", "error", err)
		}
	}
	logger.Info("audit", "head", auditLog.Head().String())
	return nil
}

// tellTime is how often a start that takes long says what it is at.
const tellTime = 10 * time.Second

// step does one thing of the start. While it takes long it is logged, and an error
// says what it was.
func step(ctx context.Context, logger *slog.Logger, what string, f func(context.Context) error) error {
	done := make(chan struct{})
	defer close(done)
	go func() {
		t := time.NewTicker(tellTime)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				logger.Info("still starting", "at", what)
			case <-done:
				return
			}
		}
	}()
	if err := f(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// again reads what may change while the service runs.
func (c *serveCmd) again(dir string, server *api.Server, cert *certificate, logger *slog.Logger) {
	tokens, err := access.Load(c.tokenFile(dir))
	if err != nil {
		logger.Error("the tokens stay as they were", "error", err)
	} else {
		server.SetTokens(tokens)
		logger.Info("tokens were read again", "tokens", tokens.Len())
	}
	if err := cert.load(c.TLSCert, c.TLSKey); err != nil {
		logger.Error("the certificate stays as it was", "error", err)
	}
}

func (c *serveCmd) tokenFile(dir string) string {
	if c.Tokens != "" {
		return c.Tokens
	}
	return filepath.Join(dir, "tokens")
}

// tokens reads who has a token. A demonstration makes some.
func (c *serveCmd) tokens(dir string, out io.Writer) (*access.Tokens, error) {
	name := c.tokenFile(dir)
	_, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) && c.Tokens == "" {
		text := "# One caller a line: service token makes them.\n"
		if c.Demo {
			for _, owner := range []string{"FR", "DE"} {
				token, line, err := access.New(access.Caller{Name: "demo-" + owner, Owner: owner, Ask: true}, time.Time{})
				if err != nil {
					return nil, err
				}
				text += line + "\n"
				fmt.Fprintf(out, "token of owner %s: %s\n", owner, token)
			}
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return access.Load(name)
}

// openAudit opens the audit log, and makes its key where that is not kept
// elsewhere.
func (c *serveCmd) openAudit(dir string) (*audit.Log, error) {
	name := c.AuditKey
	if name == "" {
		name = filepath.Join(dir, "audit.key")
		_, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			// Never half of it, nor a log whose key is lost.
			err = safefile.Write(name, func(to io.WriterAt) error {
				key := make([]byte, audit.MinKey)
				rand.Read(key)
				_, err := to.WriteAt(key, 0)
				return err
			})
		}
		if err != nil {
			return nil, err
		}
	}
	key, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return audit.Open(filepath.Join(dir, "audit"), audit.Options{Key: key, Plain: c.AuditPlain})
}

// A changeLog is a log that is closed at the end.
type changeLog interface {
	feed.Log
	io.Closer
}

// openLog opens the change log and the snapshots.
func (c *serveCmd) openLog(ctx context.Context, dir string, logger *slog.Logger) (changeLog, feed.Snapshots, error) {
	if c.NATS.used() {
		return c.NATS.open(ctx, filepath.Join(dir, "nats"), logger)
	}
	snaps, err := feed.OpenSnapshots(filepath.Join(dir, "snapshots"), 0)
	if err != nil {
		return nil, nil, err
	}
	changes, err := openDirLog(filepath.Join(dir, "log"), logger)
	if err != nil {
		return nil, nil, err
	}
	return changes, snaps, nil
}

// waitForSnapshot waits until another node has stored a register.
func waitForSnapshot(ctx context.Context, snaps feed.Snapshots) error {
	for {
		list, err := snaps.List(ctx)
		if err == nil && len(list) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// closing closes what a function opened, and keeps the first error.
func closing(err *error, c io.Closer) {
	if cerr := c.Close(); *err == nil {
		*err = cerr
	}
}

// A certificate can be read again while it is used.
type certificate struct {
	now atomic.Pointer[tls.Certificate]
}

func (c *certificate) load(cert, key string) error {
	if cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err == nil {
		c.now.Store(&pair)
	}
	return err
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil }
