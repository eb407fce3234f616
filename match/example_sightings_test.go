package match_test

import (
	"fmt"
	"time"

	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A vehicle crosses to Dover while another one with its numbers is in Bari.
func ExampleSightings() {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	number := vin.MustParse("1HGCM82633A004352")
	seen := []match.Sighting{
		{VIN: number, Plate: plate.MustParse("F", "AB-123-CD"), Time: day.Add(9 * time.Hour), Lat: 50.9678, Lon: 1.8623, Place: "Calais"},
		{VIN: number, Plate: plate.MustParse("F", "A8-123-CD"), Time: day.Add(11 * time.Hour), Lat: 51.1254, Lon: 1.3337, Place: "Dover"}, // misread
		{VIN: number, Plate: plate.MustParse("F", "AB-123-CD"), Time: day.Add(12 * time.Hour), Lat: 41.1370, Lon: 16.8660, Place: "Bari"},
	}
	sightings := match.NewSightings(match.SightingsOptions{})
	for _, s := range seen {
		for _, c := range sightings.Add(s) {
			fmt.Printf("%s, %s: %s and %s\n", c.Code, c.Grade, c.First.Place, c.Second.Place)
			fmt.Println(c.Text)
		}
	}
	// Output:
	// too_far, conflict: Calais and Bari
	// one VIN, 1587 km apart within 3.0 h, for which one vehicle needs 514 km/h; VIN and plate are the same at both; visits that say so: 2 and 1
}
