package index_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/safefile"
	"github.com/vinmatch/vinmatch/internal/safefile/strict"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// Whatever call of the file system fails while a register is saved, in whatever way,
// and whatever of the rest comes to the disk when the system then crashes: the old
// snapshot is found or the new one, to the byte; and the new one if Save returned no
// error.
func TestSaveWhenCallsFail(t *testing.T) {
	rng := rand.New(rand.NewPCG(trials.Seed(t), 0))
	const path = "d/register"
	var snapshots [2][]byte
	var registers [2]*index.Index
	for i := range registers {
		registers[i] = mustBuild(t, index.Options{Seed: 1, Workers: 1}, nil)
		if _, err := registers[i].Apply(index.Position{Seq: uint64(i + 1)}, changesTo(uint64(i + 1))[:100+50*i]); err != nil {
			t.Fatal(err)
		}
		snapshots[i] = saved(t, registers[i])
	}
	old := safefile.On
	defer func() { safefile.On = old }()
	done := 0
	for _, how := range strict.Faults {
		calls := 1
		for failAt := 0; failAt <= calls; failAt++ {
			disk := strict.New(map[string][]byte{path: snapshots[0]})
			disk.FailAt, disk.How = failAt, how
			safefile.On = disk
			err := registers[1].Save(path)
			if failAt == 0 {
				calls = len(disk.Calls)
			}
			if err != nil && !errors.Is(err, strict.ErrFault) || failAt == 0 && err != nil {
				t.Fatalf("%v at call %d: %v", how, failAt, err)
			}
			for range 5 {
				found := disk.Crash(rng)[path]
				switch {
				case bytes.Equal(found, snapshots[1]):
				case err == nil || !bytes.Equal(found, snapshots[0]):
					t.Fatalf("%v at call %d, %s: Save returns %v, and %d bytes are found", how, failAt, disk.Calls[max(failAt, 1)-1], err, len(found))
				}
			}
			if found := disk.Content(path); !bytes.Equal(found, snapshots[0]) && !bytes.Equal(found, snapshots[1]) {
				t.Fatalf("%v at call %d: without a crash %d bytes are found", how, failAt, len(found))
			}
			done++
		}
		if calls < 50 {
			t.Errorf("a snapshot takes only %d calls", calls)
		}
	}
	trials.Done(t, done)
}
