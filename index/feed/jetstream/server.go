package jetstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ErrNotReady is the error of a server that was not ready in time. A server that
// finds its files damaged may never be: it then goes on trying until the process
// ends, and its directory must not be used by another one before.
var ErrNotReady = errors.New("the server is not ready in time")

// ErrUnprotected is the error of a server that is to listen where other machines reach
// it, and ask nothing of them.
var ErrUnprotected = errors.New("other machines reach it, and nothing is asked of them")

// ServerOptions say how to run a NATS server in this process. Dir must be set.
type ServerOptions struct {
	// Dir is where the server keeps its streams. One server at a time uses it.
	Dir string

	// Listen is the address that clients of other processes connect to, as in
	// "127.0.0.1:4222"; port 0 is any that is free. Default: none. Who connects
	// can read and change everything that the server stores: an address that
	// other machines reach needs a Token, or the error is [ErrUnprotected].
	Listen string

	// Token is what those clients must show, as with [nats.Token]. Empty: none.
	Token string

	// TLS, if not nil, is how those clients must connect. It has the server's
	// certificate.
	TLS *tls.Config

	// Cluster makes the server part of a cluster. Nil: it is alone.
	Cluster *ClusterOptions

	// Name is the server's name, unique in the cluster. Default: "vinmatch".
	Name string

	// StartTimeout is how long the server may take to be ready; it reads all of
	// its streams before. Default: 1 minute.
	StartTimeout time.Duration

	// Lazy says to acknowledge what is not synced, as NATS servers do by
	// default: what the last two minutes brought may be lost with the power,
	// though not with the process. It is for clusters whose machines do not
	// lose power together.
	Lazy bool

	// OnLog is told what the server has to say of warnings and errors. Default:
	// nobody is.
	OnLog func(string)
}

// ClusterOptions say how servers find each other.
type ClusterOptions struct {
	Name   string   // of the cluster, the same on all servers
	Listen string   // the address that other servers connect to
	Routes []string // the Listen addresses of all servers

	// Password is what servers ask of each other, the same on all. Who joins a
	// cluster has everything in it: a Listen address that other machines reach
	// needs one.
	Password string

	// TLS, if not nil, is how servers connect to each other. It has the
	// certificate of this one, and whose certificates it trusts.
	TLS *tls.Config
}

// A Server is a NATS server with JetStream in this process.
type Server struct {
	s     *server.Server
	token string
}

// Start starts a server, and returns when it is ready for clients: alone, with all
// that it stores; in a cluster, whether or not the others are there yet.
func Start(ctx context.Context, o ServerOptions) (*Server, error) {
	so, err := serverOptions(o)
	if err != nil {
		return nil, fmt.Errorf("jetstream: Start: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("jetstream: Start: %w", err)
	}
	timeout := o.StartTimeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// On a goroutine of its own: reading damaged files, a server may hang where
	// nothing ends it.
	words := &words{tell: o.OnLog, failed: make(chan error, 1)}
	type result struct {
		s   *server.Server
		err error
	}
	started := make(chan result, 1)
	go func() {
		s, err := server.NewServer(so)
		if err != nil {
			started <- result{nil, err}
			return
		}
		s.SetLoggerV2(words, false, false, false)
		s.Start()
		for ready := false; !ready; {
			// Start has done its work, or said why it cannot, or a goroutine
			// of it does. Anything that is fatal ends a server elsewhere.
			select {
			case err := <-words.failed:
				s.Shutdown()
				started <- result{nil, err}
				return
			default:
			}
			if ready = s.ReadyForConnections(200 * time.Millisecond); !ready && ctx.Err() != nil {
				s.Shutdown()
				break
			}
		}
		started <- result{s, nil}
	}()
	select {
	case r := <-started:
		if r.err == nil && ctx.Err() != nil {
			r.err = ErrNotReady
		}
		if r.err != nil {
			return nil, fmt.Errorf("jetstream: Start: %w", r.err)
		}
		return &Server{r.s, o.Token}, nil
	case <-ctx.Done():
		go func() {
			if r := <-started; r.s != nil {
				r.s.Shutdown() // late
			}
		}()
		err := ErrNotReady
		if errors.Is(ctx.Err(), context.Canceled) {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("jetstream: Start: %w", err)
	}
}

func serverOptions(o ServerOptions) (*server.Options, error) {
	if o.Dir == "" {
		return nil, errors.New("ServerOptions.Dir is not set")
	}
	so := &server.Options{
		ServerName:             o.Name,
		DontListen:             o.Listen == "",
		JetStream:              true,
		StoreDir:               o.Dir,
		SyncAlways:             !o.Lazy,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		Authorization:          o.Token,
		TLSConfig:              o.TLS,
	}
	if so.ServerName == "" {
		so.ServerName = "vinmatch"
	}
	var err error
	if o.Listen != "" {
		if so.Host, so.Port, err = splitAddress(o.Listen); err != nil {
			return nil, err
		}
		if o.Token == "" && !isLoopback(so.Host) {
			return nil, fmt.Errorf("ServerOptions.Listen %s without a Token: %w", o.Listen, ErrUnprotected)
		}
	}
	if c := o.Cluster; c != nil {
		so.Cluster.Name = c.Name
		if so.Cluster.Host, so.Cluster.Port, err = splitAddress(c.Listen); err != nil {
			return nil, err
		}
		if c.Password == "" && !isLoopback(so.Cluster.Host) {
			return nil, fmt.Errorf("ClusterOptions.Listen %s without a Password: %w", c.Listen, ErrUnprotected)
		}
		so.Cluster.TLSConfig = c.TLS
		var user *url.Userinfo
		if c.Password != "" {
			so.Cluster.Username, so.Cluster.Password = "vinmatch", c.Password
			user = url.UserPassword(so.Cluster.Username, so.Cluster.Password)
		}
		for _, r := range c.Routes {
			so.Routes = append(so.Routes, &url.URL{Scheme: "nats", User: user, Host: r})
		}
	}
	return so, nil
}

// isLoopback reports whether only this machine reaches a host, as far as its name
// tells.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// splitAddress is net.SplitHostPort with a port as package server has them.
func splitAddress(address string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, err
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

// Connect returns a connection to the server that needs no port, and no token.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append([]nats.Option{nats.InProcessServer(s.s), nats.Token(s.token)}, options...)...)
}

// URL returns the address for clients of other processes; empty if there is none.
func (s *Server) URL() string {
	if s.s.Addr() == nil {
		return ""
	}
	return s.s.ClientURL()
}

// Close ends the server, and waits until it has.
func (s *Server) Close() error {
	s.s.Shutdown()
	s.s.WaitForShutdown()
	return nil
}

// words are what a server says.
type words struct {
	mu     sync.Mutex
	tell   func(string)
	failed chan error // holds the first fatal error
}

func (w *words) say(format string, v ...any) {
	if w.tell == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell(fmt.Sprintf(format, v...))
}

func (w *words) Fatalf(format string, v ...any) {
	select {
	case w.failed <- fmt.Errorf(format, v...):
	default:
	}
	w.say(format, v...)
}
func (w *words) Errorf(format string, v ...any) { w.say(format, v...) }
func (w *words) Warnf(format string, v ...any)  { w.say(format, v...) }
func (w *words) Noticef(string, ...any)         {}
func (w *words) Debugf(string, ...any)          {}
func (w *words) Tracef(string, ...any)          {}
