package feedtest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A Node opens what one node has in a directory.
type Node func(ctx context.Context, dir string) (log feed.Log, snaps feed.Snapshots, shut func() error, err error)

const (
	nodeDir   = "VINMATCH_FEEDTEST_DIR"
	nodeFirst = "VINMATCH_FEEDTEST_FIRST"
)

// RunNode is for TestMain of a package that calls [TestKills]: in the process that
// is killed, it is the node, and does not return.
func RunNode(open Node) {
	dir := os.Getenv(nodeDir)
	if dir == "" {
		return
	}
	first, err := strconv.Atoi(os.Getenv(nodeFirst))
	if err == nil {
		err = runNode(open, dir, first)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// numbered is a change that its number determines.
func numbered(i int) index.Change {
	return index.Change{By: "FR", Op: index.Put, Record: index.Record{
		Owner: "FR", ID: strconv.Itoa(i), Version: 1, Make: "Renault", VIN: world.At(uint64(i)),
	}}
}

var world = vintest.NewPopulation(7, vintest.DefaultMix).Shuffled(1 << 30)

const (
	perCall = 20 // changes of one Append
	writers = 4
)

// runNode appends changes from a number on until it is killed, and says which
// are acknowledged. A replica follows and stores snapshots all the time.
func runNode(open Node, dir string, first int) error {
	ctx := context.Background()
	log, snaps, _, err := open(ctx, dir)
	if err != nil {
		return err
	}
	r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{SnapshotEvery: 20 * time.Millisecond, Poll: 10 * time.Millisecond})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for w := range writers {
		go func() {
			for i := first + w*perCall; ; i += writers * perCall {
				changes := make([]index.Change, perCall)
				for j := range changes {
					changes[j] = numbered(i + j)
				}
				at, err := log.Append(ctx, changes)
				if err == nil {
					err = r.WaitFor(ctx, at)
				}
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Printf("%d %d\n", i, at.Seq)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// TestKills kills a node, a process of its own, so many times while it writes, and
// opens each time what it left: all changes that were acknowledged must be there,
// none twice, with the register at the position of the log. After a kill, the node
// sends once more what it does not know to be acknowledged.
func TestKills(t *testing.T, kills int, open Node) {
	dir := filepath.Join(t.TempDir(), "node")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	acked := map[int]uint64{} // first change of a call, and where it is
	next, again, inTime := 0, 0, 0
	for kill := range kills {
		if killNode(t, dir, next, time.Duration(rng.IntN(80_000))*time.Microsecond, kill%10 == 9, acked) > 0 {
			inTime++
		}
		again += checkNode(t, open, dir, acked)
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
		// The node goes on with the first call that is not known to be
		// acknowledged; some behind it are.
		for acked[next] != 0 {
			next += perCall
		}
	}
	t.Logf("%d kills, %d of them after an acknowledgement; %d changes acknowledged, %d more stored", kills, inTime, len(acked)*perCall, again)
	if len(acked) == 0 {
		t.Error("nothing was ever acknowledged")
	}
}

// killNode runs a node and kills it some time after its first word, or after it
// began, when it may not have come to say anything. It returns how much it said.
func killNode(t *testing.T, dir string, first int, after time.Duration, early bool, acked map[int]uint64) (said int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^$")
	cmd.Env = append(os.Environ(), nodeDir+"="+dir, nodeFirst+"="+strconv.Itoa(first))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if early {
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	lines := bufio.NewReader(out)
	for ; ; said++ {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what is not a whole line was not said
		}
		var i int
		var seq uint64
		if _, err := fmt.Sscanf(line, "%d %d\n", &i, &seq); err != nil {
			t.Fatalf("the node says %q", line)
		}
		acked[i] = seq
		if said == 0 && !early {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait()
	if cmd.ProcessState.Exited() {
		t.Fatalf("the node ended by itself: %s", errs.String())
	}
	return said
}

// checkNode opens what a node left, and returns how many changes it has that were
// not acknowledged.
func checkNode(t *testing.T, open Node, dir string, acked map[int]uint64) (more int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log, snaps, shut, err := open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shut(); err != nil {
			t.Error(err)
		}
	}()
	stored := map[int]uint64{}
	for _, e := range Entries(ctx, t, log, index.Position{}) {
		for _, c := range e.Changes {
			i, err := strconv.Atoi(c.Record.ID)
			if err != nil {
				t.Fatal(err)
			}
			if at, twice := stored[i]; twice {
				t.Fatalf("change %d is in entries %d and %d", i, at, e.Position.Seq)
			}
			stored[i] = e.Position.Seq
		}
	}
	for i, seq := range acked {
		for j := range perCall {
			if at := stored[i+j]; at == 0 || at > seq {
				t.Fatalf("change %d was acknowledged at %d, and is at %d", i+j, seq, at)
			}
		}
	}
	r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{Poll: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	v := r.View()
	if v.Position() != Bounds(ctx, t, log).Position() || v.Len() != len(stored) {
		t.Fatalf("the register is at %d with %d records, the log at %d with %d", v.Position().Seq, v.Len(), Bounds(ctx, t, log).Last, len(stored))
	}
	for i := range stored {
		row, ok := v.Lookup(index.VIN(world.At(uint64(i))))
		if !ok || v.Record(row).ID != strconv.Itoa(i) {
			t.Fatalf("change %d is not in the register", i)
		}
	}
	return len(stored) - len(acked)*perCall
}
