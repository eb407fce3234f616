package sample_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/vinmatch/vinmatch/examples/vinmatch/internal/sample"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// TestClones looks for clones among the observations of the shipped files, and
// of another set: those that were planted, and no others.
func TestClones(t *testing.T) {
	for _, seed := range []uint64{sample.Seed, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			set := sample.New(seed)
			planted := map[int]sample.Planted{}
			left := map[int]bool{}
			for _, p := range set.Planted {
				planted[p.Line] = p
				if p.Clone != "" {
					left[p.Line] = true
				}
			}
			if len(left) != 18 {
				t.Fatalf("%d sightings of clones are planted", len(left))
			}
			rows, err := sheet.OpenObservations(bytes.NewReader(set.Observations))
			if err != nil {
				t.Fatal(err)
			}
			sightings := match.NewSightings(match.SightingsOptions{})
			for o, err := range rows.All() {
				if err != nil {
					t.Fatal(err)
				}
				s := match.Sighting{Time: o.SeenAt, Lat: o.Lat, Lon: o.Lon, Ref: uint64(o.Line)}
				for _, r := range o.Query.Reads {
					switch r.Kind {
					case index.KindVIN:
						s.VIN, _, _ = vin.Clean(r.Text)
					case index.KindPlate:
						s.Plate, _ = plate.Parse(r.Country, r.Text)
					}
				}
				for _, c := range sightings.Add(s) {
					for _, ref := range []uint64{c.First.Ref, c.Second.Ref} {
						if p := planted[int(ref)]; p.Clone != c.Code {
							t.Errorf("line %d (%s): told of %s", ref, p.What, c.Code)
						}
						delete(left, int(ref))
					}
				}
			}
			for line := range left {
				t.Errorf("line %d: not told of, %s", line, planted[line].What)
			}
		})
	}
}
