package feed_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/index/feed"
	"github.com/vinmatch/vinmatch/vin"
)

func put(owner string, i int, version uint64) index.Change {
	return index.Change{By: owner, Op: index.Put, Record: index.Record{
		Owner: owner, ID: fmt.Sprint(i), Version: version, VIN: vin.MustParse(fmt.Sprintf("WVWZZZ1JZXW%06d", i)), Make: "VW",
	}}
}

func withdraw(owner string, i int, version uint64) index.Change {
	return index.Change{By: owner, Op: index.Withdraw, Record: index.Record{Owner: owner, ID: fmt.Sprint(i), Version: version}}
}

func ctxFor(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestReplicaKeepsUp(t *testing.T) {
	ctx := ctxFor(t)
	log := feed.NewMemory(0)
	snaps, err := feed.OpenSnapshots(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *feed.Replica {
		r, err := feed.OpenReplica(ctx, log, snaps, feed.Options{OnEvent: func(e feed.Event) { t.Log(e.Kind, e.Position.Seq, e.Err) }})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open()
	var at index.Position
	for i := range 100 {
		if at, err = log.Append(ctx, []index.Change{put("FR", i, 1), put("FR", i, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.WaitFor(ctx, at); err != nil {
		t.Fatal(err)
	}
	if n := r.View().Len(); n != 100 {
		t.Errorf("%d records", n)
	}
	if err := r.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	at, err = log.Append(ctx, []index.Change{withdraw("FR", 3, 2)})
	if err != nil {
		t.Fatal(err)
	}
	q := open()
	for _, r := range []*feed.Replica{r, q} {
		if err := r.WaitFor(ctx, at); err != nil {
			t.Fatal(err)
		}
		if err := r.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if n := r.View().Len(); n != 99 || !r.Status().Fresh {
			t.Errorf("%d records, %+v", n, r.Status())
		}
	}
	if feed.Hash(r.View()) != feed.Hash(q.View()) {
		t.Error("hashes differ")
	}
	for _, r := range []*feed.Replica{r, q} {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
