package jetstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

var (
	kills   = flag.Int("kills", 0, "how many times TestKills kills a node; 0: a few")
	leaders = flag.Int("leaders", 1, "how many leaders TestCluster kills")
)

const serverEnv = "VINMATCH_TEST_SERVER"

func TestMain(m *testing.M) {
	if o := os.Getenv(serverEnv); o != "" {
		fmt.Fprintln(os.Stderr, runServer(o))
		os.Exit(1)
	}
	feedtest.RunNode(openNode)
	flag.Parse()
	os.Exit(m.Run())
}

func openNode(ctx context.Context, dir string) (feed.Log, feed.Snapshots, func() error, error) {
	l, err := jetstream.Open(ctx, jetstream.Options{Server: jetstream.ServerOptions{Dir: dir}})
	if err != nil {
		return nil, nil, nil, err
	}
	snaps, err := l.Snapshots(ctx)
	return l, snaps, l.Close, err
}

func TestKills(t *testing.T) {
	n := *kills
	switch {
	case n > 0:
	case testing.Short():
		n = 2
	default:
		n = 6
	}
	feedtest.TestKills(t, n, openNode)
}

// runServer is a server of a cluster in a process of its own.
func runServer(options string) error {
	var o jetstream.ServerOptions
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	o.OnLog = nil
	if _, err := jetstream.Start(context.Background(), o); err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

// A cluster is three servers, each a process that can be killed.
type cluster struct {
	t       *testing.T
	options [3]jetstream.ServerOptions
	running [3]*exec.Cmd
}

// freeAddresses returns addresses that nobody listens on. They are spread over all
// of the loopback, where the system has more than one address there, so that nobody
// takes one by chance before it is used.
func freeAddresses(t *testing.T, n int) (all []string) {
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
		defer l.Close() // not before all are found
		if all = append(all, l.Addr().String()); len(all) == n {
			return all
		}
	}
	t.Fatal("no address is free")
	return nil
}

// newCluster returns a cluster of which no server runs yet.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t}
	t.Cleanup(func() {
		for i := range c.running {
			c.kill(i)
		}
	})
	a := freeAddresses(t, 6)
	for i := range c.options {
		c.options[i] = jetstream.ServerOptions{
			Dir: filepath.Join(t.TempDir(), "nats"), Name: fmt.Sprint("node", i), Listen: a[i],
			Cluster: &jetstream.ClusterOptions{Name: "test", Listen: a[3+i], Routes: a[3:]},
		}
	}
	return c
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	for i := range c.options {
		if err := c.start(i); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// start starts a server, and waits until it is ready.
func (c *cluster) start(i int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o := c.options[i]
	type clusterOptions struct {
		Name, Listen string
		Routes       []string
	}
	options, err := json.Marshal(struct {
		Dir, Name, Listen string
		Cluster           clusterOptions
	}{o.Dir, o.Name, o.Listen, clusterOptions{o.Cluster.Name, o.Cluster.Listen, o.Cluster.Routes}})
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), serverEnv+"="+string(options))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.running[i] = cmd
	_, err = bufio.NewReader(out).ReadString('\n')
	return err
}

func (c *cluster) kill(i int) {
	if c.running[i] != nil {
		_ = c.running[i].Process.Kill()
		_ = c.running[i].Wait()
		c.running[i] = nil
	}
}

func (c *cluster) url() string {
	return "nats://" + c.options[0].Listen + ",nats://" + c.options[1].Listen + ",nats://" + c.options[2].Listen
}

// whole waits until all copies of the log are there and up to date, and returns the
// number of the server that leads.
func (c *cluster) whole(l *jetstream.Log) int {
	c.t.Helper()
	js, err := natsjs.New(l.Conn())
	if err != nil {
		c.t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		stream, err := js.Stream(ctx, "vinmatch")
		cancel()
		if err != nil || stream.CachedInfo().Cluster == nil {
			continue
		}
		info := stream.CachedInfo().Cluster
		current := 0
		for _, r := range info.Replicas {
			if r.Current && !r.Offline {
				current++
			}
		}
		for i := range c.options {
			if current == 2 && c.options[i].Name == info.Leader {
				return i
			}
		}
	}
	c.t.Fatal("the cluster does not become whole")
	return 0
}

// While a cluster has no leader, what is asked is lost without an answer. It is
// asked again until there is one, and who does not wait so long is told what it
// waited for.
func TestNoLeader(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the time of an election")
	}
	t.Parallel()
	c := newCluster(t)
	if err := c.start(0); err != nil {
		t.Fatal(err)
	}
	o := jetstream.Options{URL: "nats://" + c.options[0].Listen}
	_, err := jetstream.Open(ctxFor(t, 3*time.Second), o)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("one server of three: %v", err)
	}

	// The first request of the log is lost for sure; its server is alone.
	ctx := ctxFor(t, 5*time.Minute)
	type opened struct {
		l     *jetstream.Log
		snaps *jetstream.Snapshots
		list  []feed.Snapshot
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		var r opened
		if r.l, r.err = jetstream.Open(ctx, o); r.err == nil {
			if r.snaps, r.err = r.l.Snapshots(ctx); r.err == nil {
				r.list, r.err = r.snaps.List(ctx)
			}
		}
		done <- r
	}()
	select {
	case r := <-done:
		t.Fatalf("one server of three: %v", r.err)
	case <-time.After(2 * time.Second): // that many attempts, no more
	}
	for i := 1; i < 3; i++ {
		if err := c.start(i); err != nil {
			t.Fatal(err)
		}
	}
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	defer shut(t, r.l)
	if len(r.list) != 0 {
		t.Errorf("snapshots of a log that has just been made: %v", r.list)
	}

	// The same later: two servers go, and come back.
	c.whole(r.l)
	c.kill(1)
	c.kill(2)
	calls := map[string]func() error{
		"Bounds": func() error { _, err := r.l.Bounds(ctx); return err },
		"Append": func() error { _, err := r.l.Append(ctx, feedtest.Changes(1, 10)); return err },
		"List":   func() error { _, err := r.snaps.List(ctx); return err },
		"Put": func() error {
			s := feed.Snapshot{Head: feed.Head{Position: index.Position{Lineage: feed.NewLineage(), Seq: 1}}}
			if err := r.snaps.Put(ctx, s, func(path string) error { return os.WriteFile(path, []byte("a register"), 0o600) }); err != nil {
				return err
			}
			return r.snaps.Get(ctx, s, func(path string) error {
				if b, err := os.ReadFile(path); err != nil || string(b) != "a register" {
					t.Errorf("%q, %v", b, err)
				}
				return nil
			})
		},
	}
	var waiting sync.WaitGroup
	for name, f := range calls {
		waiting.Go(func() {
			if err := f(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for i := 1; i < 3; i++ {
		if err := c.start(i); err != nil {
			t.Fatal(err)
		}
	}
	waiting.Wait()
	if n := len(feedtest.ChangesOf(feedtest.Entries(ctx, t, r.l, index.Position{}))); n != 10 {
		t.Errorf("%d changes of 10", n)
	}
}

// Three servers with a copy each, whose leader is killed while several write: no
// acknowledged change is lost, none is there twice, and the replicas of all nodes
// agree.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the time of an election")
	}
	t.Parallel()
	c := startCluster(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute+time.Duration(*leaders)*time.Minute)
	defer cancel()
	// Every node has a connection to a server of its own first.
	var logs [3]*jetstream.Log
	var replicas [3]*feed.Replica
	for i := range logs {
		var err error
		urls := c.url()
		logs[i], err = jetstream.Open(ctx, jetstream.Options{URL: "nats://" + c.options[i].Listen + "," + urls})
		if err != nil {
			t.Fatal(err)
		}
		defer shut(t, logs[i])
		snaps, err := logs[i].Snapshots(ctx)
		if err != nil {
			t.Fatal(err)
		}
		replicas[i], err = feed.OpenReplica(ctx, logs[i], snaps, feed.Options{SnapshotEvery: time.Second, OnEvent: func(e feed.Event) {
			if e.Kind == feed.Broken {
				t.Errorf("node %d: %v", i, e.Err)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer replicas[i].Close()
	}
	const each = 50
	var next atomic.Int64
	var mu sync.Mutex
	acked, longest := map[int]uint64{}, time.Duration(0)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 6 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				first := int(next.Add(1)-1) * each
				changes := make([]index.Change, each)
				for j := range changes {
					changes[j] = index.Change{By: "FR", Op: index.Put, Record: index.Record{Owner: "FR", ID: fmt.Sprint(first + j), Version: 1}}
				}
				began := time.Now()
				at, err := logs[i%3].Append(ctx, changes)
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				mu.Lock()
				acked[first], longest = at.Seq, max(longest, time.Since(began))
				mu.Unlock()
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acked)
	}
	for range *leaders {
		leader := c.whole(logs[0])
		// Some more before the kill, and after it.
		for n := count(); count() < n+20 && !t.Failed(); {
			time.Sleep(5 * time.Millisecond)
		}
		c.kill(leader)
		for n := count(); count() < n+20 && !t.Failed(); {
			time.Sleep(5 * time.Millisecond)
		}
		if err := c.start(leader); err != nil {
			t.Fatal(err)
		}
	}
	c.whole(logs[0])
	close(stop)
	writers.Wait()
	if t.Failed() {
		return
	}
	stored := map[string]uint64{}
	for _, e := range feedtest.Entries(ctx, t, logs[1], index.Position{}) {
		for _, change := range e.Changes {
			if at, twice := stored[change.Record.ID]; twice {
				t.Fatalf("a change is in entries %d and %d", at, e.Position.Seq)
			}
			stored[change.Record.ID] = e.Position.Seq
		}
	}
	for first, seq := range acked {
		for j := range each {
			if at := stored[fmt.Sprint(first+j)]; at == 0 || at > seq {
				t.Fatalf("change %d was acknowledged at %d, and is at %d", first+j, seq, at)
			}
		}
	}
	var hashes [3]feed.ContentHash
	for i, r := range replicas {
		if err := r.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		v := r.View()
		hashes[i] = feed.Hash(v)
		if v.Position() != replicas[0].View().Position() || hashes[i] != hashes[0] || v.Len() != len(stored) {
			t.Errorf("node %d is at %d with %d records of %d, and hash %v; node 0 is at %d, with %v", i, v.Position().Seq, v.Len(), len(stored), hashes[i], replicas[0].View().Position().Seq, hashes[0])
		}
	}
	t.Logf("%d leaders killed; %d changes acknowledged, %d stored; longest wait %v; hash %.16v at entry %d",
		*leaders, len(acked)*each, len(stored), longest.Round(time.Millisecond), hashes[0], replicas[0].View().Position().Seq)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error("it took too long")
	}
}
