package jetstream_test

import (
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/index/feed/feedtest"
	"github.com/vinmatch/vinmatch/index/feed/jetstream"
)

// Whoever has wanted to write for longest is let, for a moment.
func TestLet(t *testing.T) {
	var turns jetstream.Turns
	now := time.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	if d := turns.Let(ago(0), now); d > 0 {
		t.Errorf("nobody is let for %v", d)
	}
	for _, b := range [][]byte{nil, {1}, make([]byte, 12), make([]byte, 1000)} { // 12 zeros are its own
		turns.Told(b, now)
	}
	if d := turns.Let(ago(0), now); d > 0 {
		t.Errorf("what means nothing is let for %v", d)
	}
	turns.Told(jetstream.Missed(1, time.Second), now)
	turns.Told(jetstream.Missed(2, time.Minute), now)
	turns.Told(jetstream.Missed(3, 2*time.Second), now)
	for _, tt := range []struct {
		waited time.Duration
		after  time.Duration
		lets   bool
	}{
		{0, 0, true},
		{59 * time.Second, 0, true},
		{61 * time.Second, 0, false},
		{0, 50 * time.Millisecond, true},
		{0, time.Second, false},
	} {
		if d := turns.Let(ago(tt.waited), now.Add(tt.after)); d > 0 != tt.lets || d > time.Second {
			t.Errorf("one who has waited for %v lets others for %v, %v later", tt.waited, d, tt.after)
		}
	}
	turns.Told(jetstream.Missed(4, 1000*time.Hour), now)
	if d := turns.Let(ago(2*time.Minute), now); d <= 0 {
		t.Error("one who has waited for very long is not let")
	}
}

// A log that adds entry after entry lets another one in.
func TestTurns(t *testing.T) {
	s := startServer(t, jetstream.ServerOptions{})
	o := jetstream.Options{URL: s.URL(), Replicas: 1}
	busy, other := open(t, o), open(t, o)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := busy.Append(ctxFor(t, time.Minute), feedtest.Changes(1000+i, 1)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := range uint64(20) {
		feedtest.Append(ctxFor(t, time.Minute), t, other, feedtest.Changes(i, 1)...)
	}
	close(stop)
	<-done
}
