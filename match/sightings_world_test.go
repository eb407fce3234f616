package match_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A road is a world of vehicles that go about their ways, each with one plate,
// and are read with errors. Of four sightings one has the plate alone, as from
// a camera over the road, and one the VIN alone, as from a manifest.
type road struct {
	random   *rand.Rand
	vins     *vintest.Population
	vinRead  *vintest.Reader
	plRead   *vintest.Reader
	channel  match.Channel
	vehicles []roadVehicle
	now      time.Time
	ref      uint64
	misreads int
	dense    bool // plates are issued densely: one misread in five is another vehicle's
}

type roadVehicle struct {
	vin   vin.VIN
	plate string
	at    time.Time
	lat   float64
	lon   float64
}

func newRoad(seed uint64, vehicles int, channel vintest.Channel, misread float64, dense bool) *road {
	w := &road{
		dense:  dense,
		random: rand.New(rand.NewPCG(seed, 3)), channel: match.Channel(channel),
		vins:    vintest.NewPopulation(seed, vintest.DefaultMix).Shuffled(20 * uint64(vehicles)),
		vinRead: vintest.NewReader(seed, channel, misread), plRead: vintest.NewReader(seed+1, channel, misread),
		now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	w.vehicles = make([]roadVehicle, 0, vehicles)
	seen := map[string]bool{}
	for len(w.vehicles) < vehicles {
		p := w.plateText()
		if seen[p] {
			continue
		}
		seen[p] = true
		w.vehicles = append(w.vehicles, roadVehicle{
			vin: w.vins.At(uint64(len(w.vehicles))), plate: p, at: w.now,
			lat: 40 + 15*w.random.Float64(), lon: 30 * w.random.Float64(),
		})
	}
	return w
}

// plateText makes plates as France issues them, or dense ones.
func (w *road) plateText() string {
	if w.dense {
		return fmt.Sprintf("AB%05d", w.random.IntN(2*cap(w.vehicles)))
	}
	const letters = "ABCDEFGHJKLMNPQRSTVWXYZ"
	l := func() byte { return letters[w.random.IntN(len(letters))] }
	return fmt.Sprintf("%c%c%03d%c%c", l(), l(), w.random.IntN(1000), l(), l())
}

// pass lets a vehicle be seen, at a place that it can have reached.
func (w *road) pass(i int) match.Sighting {
	v := &w.vehicles[i]
	if hours := w.now.Sub(v.at).Hours(); hours > 0 {
		reach := min(90*hours, 1500) / 111 // degrees, at 90 km/h
		v.lat = min(60, max(36, v.lat+reach*(w.random.Float64()-0.5)))
		v.lon = min(40, max(-9, v.lon+reach*(w.random.Float64()-0.5)))
	}
	v.at = w.now
	return w.read(v.vin, v.plate, v.lat, v.lon, w.random.IntN(4))
}

func (w *road) read(v vin.VIN, text string, lat, lon float64, what int) match.Sighting {
	w.ref++
	s := match.Sighting{Time: w.now, Lat: lat, Lon: lon, Channel: w.channel, Ref: w.ref}
	if what != 0 {
		read, slip := w.vinRead.Read(v.String())
		s.VIN, _ = vin.Parse(read) // what is no VIN was not read
		w.count(slip)
	}
	if what != 1 {
		read, slip := w.plRead.Read(text)
		s.Plate, _ = plate.Parse("FR", read)
		w.count(slip)
	}
	return s
}

func (w *road) count(slip vintest.Slip) {
	if slip.Kind != vintest.Correct {
		w.misreads++
	}
}

// TestNoClones lets vehicles pass of which none is a clone.
func TestNoClones(t *testing.T) {
	for _, tt := range []struct {
		channel vintest.Channel
		misread float64
		dense   bool
		most    int // wrong reports; most come while few vehicles have been seen
	}{
		{vintest.Camera, 0.05, false, 5},
		{vintest.Camera, 0.05, true, 5},
		{vintest.Typed, vintest.Typed.Misread(), false, 5},
		{vintest.Typed, vintest.Typed.Misread(), true, 20},
		{vintest.Typed, 0, true, 0},
	} {
		t.Run(fmt.Sprint(tt.channel, " ", tt.misread, " ", tt.dense), func(t *testing.T) {
			n := 200_000
			if testing.Short() {
				n = 50_000
			}
			w := newRoad(7, 20_000, tt.channel, tt.misread, tt.dense)
			x := match.NewSightings(match.SightingsOptions{})
			told := map[string]int{}
			bad := 0
			for range n {
				w.now = w.now.Add(4 * time.Second)
				for _, c := range x.Add(w.pass(w.random.IntN(len(w.vehicles)))) {
					told[c.Code.String()+" "+c.Grade.String()]++
					bad++
				}
			}
			t.Logf("%d sightings, %d misread numbers: told %v", n, w.misreads, told)
			if bad > tt.most {
				t.Errorf("told %d times of clones where there are none, want at most %d", bad, tt.most)
			}
			if tt.misread > 0 && w.misreads < n/100 {
				t.Errorf("only %d misreads", w.misreads)
			}
		})
	}
}

// TestClones plants clones among such vehicles, and asks for all of them.
func TestClones(t *testing.T) {
	w := newRoad(11, 5_000, vintest.Camera, 0.05, false)
	x := match.NewSightings(match.SightingsOptions{})
	// Vehicle i is what is copied; vehicle i+1 is what carries the copy.
	const clones = 300
	type copied int
	const (
		vinAndPlate copied = iota
		vinOnly
		plateOnly
		kinds
	)
	best := map[int]match.Grade{}
	wrong := 0
	victim := map[string]int{}
	for i := 0; i < 2*clones; i += 2 {
		victim[w.vehicles[i].vin.String()], victim["FR "+w.vehicles[i].plate] = i, i
	}
	note := func(told []match.Suspicion) {
		for _, c := range told {
			number := c.First.VIN.String()
			if c.Kind.String() == "plate" {
				number = c.First.Plate.String()
			}
			i, ok := victim[number]
			if !ok {
				wrong++
				continue
			}
			best[i] = max(best[i], c.Grade)
		}
	}
	rounds := 40
	if testing.Short() {
		rounds = 20
	}
	for range rounds {
		for i := range w.vehicles {
			w.now = w.now.Add(time.Second)
			if i < 2*clones && i%2 == 1 {
				v, c := w.vehicles[i-1], &w.vehicles[i]
				// Far from the vehicle that it copies, and not always seen.
				c.at = w.now
				vin, text := c.vin, c.plate
				if k := copied(i / 2 % int(kinds)); k != plateOnly {
					vin = v.vin
					if k == vinAndPlate {
						text = v.plate
					}
				} else {
					text = v.plate
				}
				note(x.Add(w.read(vin, text, v.lat-20, v.lon, 2)))
				continue
			}
			note(x.Add(w.pass(i)))
		}
	}
	found := map[match.Grade]int{}
	for _, g := range best {
		found[g]++
	}
	t.Logf("%d clones among %d vehicles seen %d times: found %v, wrongly told of %d", clones, len(w.vehicles), w.ref, found, wrong)
	if len(best) != clones || found[match.Conflict] < clones*99/100 {
		t.Errorf("found %d of %d clones, %d of them for certain", len(best), clones, found[match.Conflict])
	}
	if wrong > 2 {
		t.Errorf("wrongly told of %d clones", wrong)
	}
}

var sightingsAdded = flag.Int("sightings", 500_000, "sightings that TestSightingsMemory adds")

// TestSightingsMemory adds many more sightings than are held, most of vehicles
// that were never seen. Memory stays at its bound, and what is held can be
// found.
func TestSightingsMemory(t *testing.T) {
	n := *sightingsAdded
	if testing.Short() {
		n = min(n, 100_000)
	}
	held := n / 10
	x := match.NewSightings(match.SightingsOptions{Max: held})
	world := vintest.NewPopulation(1, vintest.DefaultMix)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	bound := 0
	at := func(i int) match.Sighting {
		v := world.At(uint64(i))
		return match.Sighting{
			VIN: v, Plate: plate.MustParse("DE", fmt.Sprintf("M%c%c%05d", 'A'+i%26, 'A'+i/26%26, i%100_000)),
			Time: start.Add(time.Duration(i) * time.Second), Lat: 50, Lon: 10, Place: fmt.Sprint("camera ", i%500), Ref: uint64(i),
		}
	}
	for i := range n {
		if told := x.Add(at(i)); told != nil {
			t.Fatalf("told %+v", told)
		}
		if i == 2*held {
			bound = x.Stats().Bytes
		}
	}
	s := x.Stats()
	t.Logf("%+v: %.1f bytes a sighting", s, float64(s.Bytes)/float64(held))
	if s.Held != held || s.Added != uint64(n) || s.LostTexts != 0 || s.VINs != held {
		t.Errorf("%+v", s)
	}
	if s.Bytes > bound+bound/100 || s.Bytes > 110*held {
		t.Errorf("%d bytes, after %d at first", s.Bytes, bound)
	}
	// The oldest that is left is known, the one before it is not.
	far := func(i int) match.Sighting {
		s := at(i)
		s.Lat, s.Ref = -50, math.MaxUint64
		return s
	}
	if told := x.Add(far(n - held)); told != nil {
		t.Errorf("told of what was forgotten: %+v", told)
	}
	if told := x.Add(far(n - held + 2)); len(told) != 1 || told[0].First.Ref != uint64(n-held+2) {
		t.Errorf("told %+v of the oldest", told)
	}
}

func BenchmarkSightings(b *testing.B) {
	for _, vehicles := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(vehicles, " vehicles"), func(b *testing.B) {
			w := newRoad(3, vehicles, vintest.Camera, 0.05, false)
			var all []match.Sighting
			for range 1 << 17 {
				w.now = w.now.Add(time.Second)
				all = append(all, w.pass(w.random.IntN(vehicles)))
			}
			x := match.NewSightings(match.SightingsOptions{Max: 1 << 17})
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				s := all[i%len(all)]
				s.Time = s.Time.Add(time.Duration(i/len(all)*len(all)) * time.Second)
				x.Add(s)
				i++
			}
		})
	}
}
