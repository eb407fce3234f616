package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vinmatch/vinmatch/vin"
)

type loadCmd struct {
	URL     string        `placeholder:"URL" help:"The service; it must have the register of a demonstration. Default: one is started beside this program."`
	Token   string        `placeholder:"TOKEN" help:"Token of an owner of that service."`
	Records int           `default:"100000" help:"Vehicles in its register."`
	Time    time.Duration `default:"5s" help:"How long each measurement takes."`
	Rate    int           `default:"5000" help:"Queries a second in the open loop."`
	Clients int           `default:"16" help:"Connections that ask."`
	Writes  int           `default:"1000" help:"Changes a second meanwhile."`
	Bulk    int           `default:"500000" help:"Observations of a stream."`

	Inquiries int `default:"0" help:"Inquiries that are remembered before the writes begin, to be reported later: each change is then looked at for them."`
}

func (*loadCmd) Help() string {
	return `Generator and service share the processors of this machine, and changes are
written all the time. One in a thousand queries is about a listed vehicle, one in
a hundred of the others is misread.

The open loop sends each query at its time, whether or not others were answered,
and measures from that time: waiting counts.`
}

func (c *loadCmd) Run(a *app) error {
	if c.URL == "" {
		stop, err := c.startService()
		if err != nil {
			return err
		}
		defer stop()
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	l := &load{loadCmd: c, host: u.Host, demo: newDemo(c.Records)}
	l.prepare()

	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	if err := l.remember(ctx, a.stdout); err != nil {
		return err
	}
	var writes sync.WaitGroup
	var written atomic.Int64
	var writeErr error
	began := time.Now()
	writes.Go(func() { writeErr = l.write(ctx, &written) })

	if err := l.closed(ctx, c.Time/5, io.Discard); err != nil { // warm
		return err
	}
	if err := l.closed(ctx, c.Time, a.stdout); err != nil {
		return err
	}
	if err := l.open(ctx, a.stdout); err != nil {
		return err
	}
	for _, near := range []string{"never", "auto"} {
		if err := l.bulk(ctx, near, a.stdout); err != nil {
			return err
		}
	}
	cancel()
	writes.Wait()
	if writeErr != nil {
		return writeErr
	}
	_, err = fmt.Fprintf(a.stdout, "writes meanwhile: %.0f changes a second\n", float64(written.Load())/time.Since(began).Seconds())
	return err
}

// startService starts a demonstration in a process of its own.
func (c *loadCmd) startService() (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "--demo", "--records", strconv.Itoa(c.Records), "--listen", "127.0.0.1:0", "--rate", "1e9")
	cmd.Env = append(os.Environ(), "VINMATCH_SERVICE=1") // of a test
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	}
	in := bufio.NewScanner(out)
	for in.Scan() {
		if _, token, ok := strings.Cut(in.Text(), "token of owner FR: "); ok {
			c.Token = token
		} else if strings.HasPrefix(in.Text(), "http") {
			c.URL = in.Text()
			go io.Copy(io.Discard, out)
			return stop, nil
		}
	}
	stop()
	return nil, errors.New("the service did not start")
}

// A load is what asks a service.
type load struct {
	*loadCmd
	host     string
	demo     *demo
	requests [][]byte // of single queries
}

// text returns the number of an observation.
func (l *load) text(i int) string {
	v := l.demo.world.At(uint64(l.demo.n) + uint64(i)%uint64(l.demo.n*(perListed-1)))
	switch {
	case i%1000 == 7:
		v = l.demo.world.At(uint64(i) % uint64(l.demo.n))
	case i%100 == 9:
		b := v.Bytes()
		b[3+i/100%14] = "0123456789"[i/1400%10]
		if w, ok := vin.FromBytes(b); ok {
			v = w
		}
	}
	return v.String()
}

func (l *load) head(method, path, typ string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: " + l.host + "\r\nAuthorization: Bearer " + l.Token +
		"\r\nVinmatch-Purpose: load\r\nContent-Type: " + typ + "\r\n"
}

func (l *load) prepare() {
	l.requests = make([][]byte, 20_000)
	head := l.head("POST", "/v1/screen", "application/json")
	for i := range l.requests {
		body := `{"reads":[{"kind":"vin","text":"` + l.text(i) + `"}]}`
		l.requests[i] = fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
	}
}

// A client asks over one connection, with as little work as can be: the processors
// are the service's.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func (l *load) dial() (*client, error) {
	conn, err := net.Dial("tcp", l.host)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 16<<10)}, nil
}

var length = []byte("Content-Length: ")

// ask sends a request and reads its answer.
func (c *client) ask(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	first, body := true, 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch {
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")):
			return fmt.Errorf("the service answers %q", bytes.TrimSpace(line))
		case bytes.HasPrefix(line, length):
			if body, err = strconv.Atoi(string(bytes.TrimSpace(line[len(length):]))); err != nil {
				return err
			}
		case len(bytes.TrimSpace(line)) == 0:
			if body == 0 {
				return errors.New("an answer without length")
			}
			_, err := c.in.Discard(body)
			return err
		}
		first = false
	}
}

// each runs a function on every connection.
func (l *load) each(run func(n int, c *client) error) error {
	errs := make([]error, l.Clients)
	var wg sync.WaitGroup
	for n := range l.Clients {
		wg.Go(func() {
			c, err := l.dial()
			if err == nil {
				defer c.conn.Close()
				err = run(n, c)
			}
			errs[n] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// remember has inquiries remembered, one in a hundred of which is about a vehicle that
// will be listed.
func (l *load) remember(ctx context.Context, out io.Writer) error {
	head := l.head("POST", "/v1/watch", "application/json")
	var next atomic.Int64
	start := time.Now()
	err := l.each(func(_ int, c *client) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= l.Inquiries || ctx.Err() != nil {
				return ctx.Err()
			}
			at := l.first() + 5000 + i
			if i%100 == 0 {
				at = l.first() + i/100%5000
			}
			body := `{"reads":[{"kind":"vin","text":"` + l.demo.world.At(uint64(at)).String() + `"}],"inquirer":"load"}`
			if err := c.ask(fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)); err != nil {
				return err
			}
		}
	})
	if err != nil || l.Inquiries == 0 {
		return err
	}
	_, err = fmt.Fprintf(out, "inquiries remembered: %.0f a second (%d)\n", float64(l.Inquiries)/time.Since(start).Seconds(), l.Inquiries)
	return err
}

// first is the first vehicle that is neither listed nor asked for alone.
func (l *load) first() int { return l.demo.n * (perListed - 1) }

// closed asks as fast as answers come.
func (l *load) closed(ctx context.Context, d time.Duration, out io.Writer) error {
	times := make([][]time.Duration, l.Clients)
	end := time.Now().Add(d)
	err := l.each(func(n int, c *client) error {
		for i := n; ; i += l.Clients {
			start := time.Now()
			if !start.Before(end) || ctx.Err() != nil {
				return ctx.Err()
			}
			if err := c.ask(l.requests[i%len(l.requests)]); err != nil {
				return err
			}
			times[n] = append(times[n], time.Since(start))
		}
	})
	if err != nil {
		return err
	}
	all := slices.Concat(times...)
	_, err = fmt.Fprintf(out, "single queries, %d at a time: %.0f a second, %s\n", l.Clients, float64(len(all))/d.Seconds(), quantiles(all))
	return err
}

// open asks at a rate.
func (l *load) open(ctx context.Context, out io.Writer) error {
	total := int(float64(l.Rate) * l.Time.Seconds())
	times := make([]time.Duration, total)
	var next atomic.Int64
	start := time.Now()
	// More connections than in the closed loop, so that what waits waits for the
	// service and not for a connection.
	few := l.Clients
	l.Clients *= 4
	defer func() { l.Clients = few }()
	err := l.each(func(_ int, c *client) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= total || ctx.Err() != nil {
				return ctx.Err()
			}
			due := start.Add(time.Duration(i) * time.Second / time.Duration(l.Rate))
			time.Sleep(time.Until(due))
			if err := c.ask(l.requests[i%len(l.requests)]); err != nil {
				return err
			}
			times[i] = time.Since(due)
		}
	})
	if err != nil {
		return err
	}
	took := time.Since(start)
	_, err = fmt.Fprintf(out, "single queries, open loop of %d a second: %.0f answered a second, %s\n", l.Rate, float64(total)/took.Seconds(), quantiles(times))
	return err
}

func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "none was answered"
	}
	slices.Sort(d)
	at := func(q float64) time.Duration { return d[int(q*float64(len(d)-1))].Round(time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v, p99.9 %v, max %v", at(.5), at(.99), at(.999), at(1))
}

// bulk screens a stream.
func (l *load) bulk(ctx context.Context, near string, out io.Writer) error {
	var sheet bytes.Buffer
	sheet.WriteString("vin\n")
	n := l.Bulk
	if near != "never" {
		n /= 10
	}
	for i := range n {
		sheet.WriteString(l.text(i))
		sheet.WriteByte('\n')
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+"v1/screen/stream?near="+near, &sheet)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+l.Token)
	r.Header.Set("Vinmatch-Purpose", "load")
	r.Header.Set("Content-Type", "text/csv")
	start := time.Now()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	in := bufio.NewReaderSize(res.Body, 64<<10)
	lines, last := 0, []byte(nil)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		lines++
		last = line
	}
	took := time.Since(start)
	var end struct {
		Summary *struct{ Observations, Hits, Probable int }
	}
	if err := json.Unmarshal(last, &end); err != nil || end.Summary == nil || end.Summary.Observations != n || lines != n+1 {
		return fmt.Errorf("the stream broke off: status %d, %d lines", res.StatusCode, lines)
	}
	_, err = fmt.Fprintf(out, "bulk, near numbers %s: %.0f observations a second (%d, %d with findings, %d of them probable)\n", near,
		float64(n)/took.Seconds(), n, end.Summary.Hits, end.Summary.Probable)
	return err
}

// write puts records at a rate, 50 together, until the context ends.
func (l *load) write(ctx context.Context, written *atomic.Int64) error {
	const together = 50
	c, err := l.dial()
	if err != nil {
		return err
	}
	defer c.conn.Close()
	head := l.head("POST", "/v1/changes", "application/json")
	start := time.Now()
	base := l.first()
	for i := 0; ctx.Err() == nil; i += together {
		var b strings.Builder
		b.WriteString(`{"changes":[`)
		for k := range together {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"op":"put","record":{"id":"load-%d","version":%d,"vin":%q,"status":"wanted"}}`,
				(i+k)%5000, 1+(i+k)/5000+int(start.Unix()), l.demo.world.At(uint64(base+(i+k)%5000)))
		}
		b.WriteString("]}")
		if err := c.ask(fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, b.Len(), b.String())); err != nil {
			return err
		}
		written.Add(together)
		time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(max(1, l.Writes)))))
	}
	return nil
}
