package match_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// Places as far apart as their names are known to be.
var places = map[string][2]float64{
	"Calais": {50.9678, 1.8623}, "Dover": {51.1254, 1.3337}, "Bari": {41.137, 16.866},
	"Bari,port": {41.139, 16.865}, "Fiji": {-17.8, 179.9}, "Taveuni": {-17.8, -179.9},
}

// sightingsOf reads sightings as tables write them: VIN or "-", plate with its
// country or "-", hours or "-", place or "-", and perhaps "camera".
func sightingsOf(t *testing.T, lines string) (all []match.Sighting) {
	t.Helper()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for line := range strings.SplitSeq(lines, "|") {
		f := strings.Fields(line)
		s := match.Sighting{Lat: math.NaN(), Lon: math.NaN(), Ref: uint64(len(all) + 1)}
		if len(f) > 4 {
			s.Channel = match.Camera
		}
		if f[0] != "-" {
			s.VIN = vin.MustParse(f[0])
		}
		if country, text, ok := strings.Cut(f[1], ":"); ok {
			s.Plate = plate.MustParse(country, text)
		}
		if f[2] != "-" {
			h, err := time.ParseDuration(f[2])
			if err != nil {
				t.Fatal(err)
			}
			s.Time = start.Add(h)
		}
		if f[3] != "-" {
			p, ok := places[f[3]]
			if !ok {
				t.Fatalf("no place %s", f[3])
			}
			s.Lat, s.Lon, s.Place = p[0], p[1], f[3]
		}
		all = append(all, s)
	}
	return all
}

// toldBy adds sightings and writes what is told: "2 two_plates doubt 1-2".
func toldBy(x *match.Sightings, all []match.Sighting) string {
	var told []string
	for i, s := range all {
		for _, c := range x.Add(s) {
			told = append(told, fmt.Sprintf("%d %s %s %s %d-%d", i+1, c.Kind, c.Code, c.Grade, c.First.Ref, c.Second.Ref))
		}
	}
	return strings.Join(told, "; ")
}

func TestSightings(t *testing.T) {
	const (
		us    = "1HGCM82633A004352" // a check digit vouches for it
		usSib = "1HGCM82613A004351" // the one before, and its check digit
		us2   = "5GZCZ43D13S812715"
		eu    = "WVWZZZ1JZ3W386752" // no check digit
		euSib = "WVWZZZ1JZ3W386753"
		eu2   = "VF1RJK00170468036"
		ones  = "11111111111111111"
	)
	for _, tt := range []struct{ name, sightings, want string }{
		// What is to be reported.
		{"two plates", eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 1h -", "2 vin two_plates doubt 1-2"},
		{"two VINs", eu + " FR:AB123CD 0h -|" + eu2 + " FR:AB123CD 1h -", "2 plate two_vins doubt 1-2"},
		{"too far, by VIN", eu + " - 0h Calais|" + eu + " - 1h Bari", "2 vin too_far doubt 1-2"},
		{"too far, by plate", "- FR:AB123CD 0h Calais|- FR:AB123CD 1h Bari", "2 plate too_far doubt 1-2"},
		{"too far, both copied", eu + " FR:AB123CD 0h Calais|" + eu + " FR:AB123CD 1h Bari", "2 vin too_far conflict 1-2"},
		{"all at once", eu + " FR:AB123CD 0h Calais|" + eu + " FR:XY987ZW 1h Bari", "2 vin two_plates doubt 1-2; 2 vin too_far doubt 1-2"},
		{"the later one comes first", "- FR:AB123CD 1h Calais|- FR:AB123CD 0h Bari", "2 plate too_far doubt 2-1"},
		{
			"by turns, each confirmed", eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 1h -|" + eu + " FR:AB123CD 2h -|" + eu + " FR:XY987ZW 3h -",
			"2 vin two_plates doubt 1-2; 4 vin two_plates conflict 3-4",
		},
		{
			"A, B, A, and a check digit vouches", us + " FR:AB123CD 0h -|" + us + " FR:XY987ZW 30h -|" + us + " FR:AB123CD 60h -",
			"3 vin two_plates conflict 2-3",
		},
		{
			"A, B, A by one read without", eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 30h -|" + eu + " FR:AB123CD 60h -",
			"3 vin two_plates doubt 2-3",
		},
		{
			"to and fro, each confirmed", "- FR:AB123CD 0h Calais|- FR:AB123CD 1h Bari|- FR:AB123CD 1.2h Calais|- FR:AB123CD 2h Bari",
			"2 plate too_far doubt 1-2; 4 plate too_far conflict 3-4",
		},
		{
			"a third plate is told anew", eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 1h -|" + eu + " FR:GG555GG 2h -",
			"2 vin two_plates doubt 1-2; 3 vin two_plates doubt 2-3",
		},
		{"no times", eu + " FR:AB123CD - -|" + eu + " FR:XY987ZW - -", "2 vin two_plates doubt 1-2"},
		{"siblings with check digits are two", us + " FR:AB123CD 0h -|" + usSib + " FR:AB123CD 1h -", "2 plate two_vins doubt 1-2"},
		{
			"camera, confirmed", "- FR:AB123CD 0h Calais camera|- FR:AB123CD 1h Bari camera|- FR:AB123CD 1.5h Calais camera|- FR:AB123CD 2h Bari camera",
			"4 plate too_far conflict 3-4",
		},
		{"camera, a check digit vouches", us + " - 0h Calais camera|" + us + " - 1h Bari camera", "2 vin too_far doubt 1-2"},
		{
			"two errors, each confirmed", eu + " FR:AB123CD 0h -|" + eu + " FR:AX153CD 1h -|" + eu + " FR:AB123CD 2h -|" + eu + " FR:AX153CD 3h -",
			"4 vin two_plates conflict 3-4",
		},

		// Misreads.
		{"substitution", eu + " FR:AB123CD 0h -|" + eu + " FR:AB173CD 1h -", ""},
		{"swapped", eu + " FR:AB123CD 0h -|" + eu + " FR:AB213CD 1h -", ""},
		{"one lost", eu + " FR:AB123CD 0h -|" + eu + " FR:AB23CD 1h -", ""},
		{"one too many", eu + " FR:AB123CD 0h -|" + eu + " FR:AB1123CD 1h -", ""},
		{"two lost at the end", eu + " FR:AB123CD 0h -|" + eu + " FR:AB123 1h -", ""},
		{"look-alikes", eu + " FR:BO518SZ 0h -|" + eu + " FR:8D5IB52 1h -", ""},
		{"another spelling", eu + " DE:TÜAB123 0h -|" + eu + " DE:TUEAB123 1h -", ""},
		{"another country", eu + " FR:AB123CD 0h -|" + eu + " IT:AB123CD 1h -", ""},
		{"country not known", eu + " FR:AB123CD 0h -|" + eu + " :AB123CD 1h -", ""},
		{"two misreads of a third", eu + " FR:AB123CD 0h -|" + eu + " FR:AB123 1h -|" + eu + " FR:A8I23CD 2h -", ""},
		{"two errors", eu + " FR:AB123CD 0h -|" + eu + " FR:AX153CD 1h -", ""},
		{"VIN, substitution", eu + " FR:AB123CD 0h -|" + euSib + " FR:AB123CD 1h -", ""},
		{"VIN, swapped", us + " FR:AB123CD 0h -|1HGCM82633A003452 FR:AB123CD 1h -", ""},
		{"VIN, look-alikes", "WVWZZZ1JZ3W386752 FR:AB123CD 0h -|WVW22ZLJZ3W3BG7S2 FR:AB123CD 1h -", ""},
		{
			"the VIN of a sibling, whose plate is known",
			euSib + " FR:XY987ZW 0h Bari|" + eu + " FR:AB123CD 1h Calais|" + eu + " FR:XY987ZW 2h Bari", "",
		},
		{
			"the plate of another, whose own is known",
			eu + " FR:AB123CD 0h Calais|" + eu2 + " FR:AB173CD 0h Bari|" + eu2 + " FR:AB123CD 1h Bari", "",
		},
		{
			"the misread before the right reads",
			eu + " FR:XY987ZW 0h Bari|" + euSib + " FR:XY987ZW 1h Bari|" + euSib + " FR:XY987ZW 3h Bari|" + eu + " FR:AB123CD 2h Calais", "",
		},
		{"camera, once", "- FR:AB123CD 0h Calais camera|- FR:AB123CD 1h Bari camera", ""},
		{"camera, one visit", "- FR:AB123CD 0h Calais|- FR:AB123CD 2h Calais|- FR:AB123CD 1h Bari camera|- FR:AB123CD 1h1m Bari camera", ""},

		{
			"typed, and another that may be meant is there",
			"- FR:AB123CD 0h Calais|- FR:AB173CD 0h Bari|- FR:AB123CD 1h Bari", "",
		},
		{
			"typed, and another that may be meant is elsewhere",
			"- FR:AB123CD 0h Calais|- FR:AB173CD 0h Fiji|- FR:AB123CD 1h Bari", "3 plate too_far doubt 1-3",
		},
		{
			"typed, and another that may be meant is another vehicle's",
			eu + " FR:AB123CD 0h -|" + us2 + " FR:AB173CD 0h -|" + eu2 + " FR:AB123CD 1h -", "3 plate two_vins doubt 1-3",
		},
		{"VIN, and its sibling is there", eu + " - 0h Calais|" + euSib + " - 0h Bari|" + eu + " - 1h Bari", ""},
		{"VIN, and a check digit vouches", us + " - 0h Calais|1HGCM82634A004352 - 0h Bari|" + us + " - 1h Bari", "3 vin too_far doubt 1-3"},

		// Honest changes.
		{"re-plated", eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 25h -", ""},
		{"plate on another vehicle", eu + " FR:AB123CD 0h -|" + eu2 + " FR:AB123CD 25h -", ""},
		{"on the way", eu + " FR:AB123CD 0h Calais|" + eu + " FR:AB123CD 8h Bari", ""},
		{"clocks disagree", eu + " - 0h Calais|" + eu + " - 7m30s Dover", ""},
		{"clocks disagree by more", eu + " - 0h Calais|" + eu + " - 6m30s Dover", "2 vin too_far doubt 1-2"},
		{"positions disagree", eu + " - 0h Bari|" + eu + " - 0h Bari,port", ""},
		{"across the date line", eu + " - 0h Fiji|" + eu + " - 10m Taveuni", ""},

		// What is missing.
		{"nothing", "- - - -|- - - -", ""},
		{"no VIN", "- FR:AB123CD 0h -|- FR:AB123CD 1h -", ""},
		{"no position", eu + " - 0h Calais|" + eu + " - 0h -", ""},
		{"no time", eu + " - - Calais|" + eu + " - 0h Bari", ""},
		{"plates of two countries are two", "- FR:AB123CD 0h Calais|- IT:AB123CD 1h Bari|- :AB123CD 1h Bari", ""},
		{"plates without country are one", "- :AB123CD 0h Calais|- :AB123CD 1h Bari", "2 plate too_far doubt 1-2"},
		{"a placeholder", ones + " FR:AB123CD 0h Calais|" + ones + " FR:XY987ZW 1h Bari", ""},
		{"a placeholder on a plate", ones + " FR:AB123CD 0h -|" + eu + " FR:AB123CD 1h -", ""},
		{"short plates", "- FR:AB1 0h Calais|- FR:AB1 1h Bari", ""},
		{"a plate of one character", "- FR:00000 0h Calais|- FR:00000 1h Bari", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := match.NewSightings(match.SightingsOptions{})
			if got := toldBy(x, sightingsOf(t, tt.sightings)); got != tt.want {
				t.Errorf("told %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSightingsOptions(t *testing.T) {
	const eu = "WVWZZZ1JZ3W386752"
	for _, tt := range []struct {
		name            string
		o               match.SightingsOptions
		sightings, want string
	}{
		{
			"re-plated, as a note",
			match.SightingsOptions{Notes: true},
			eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 25h -", "2 vin two_plates note 1-2",
		},
		{
			"a note becomes a doubt",
			match.SightingsOptions{Notes: true},
			eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 25h -|" + eu + " FR:AB123CD 50h -",
			"2 vin two_plates note 1-2; 3 vin two_plates doubt 2-3",
		},
		{
			"camera, once, as a note",
			match.SightingsOptions{Notes: true},
			"- FR:AB123CD 0h Calais camera|- FR:AB123CD 1h Bari camera", "2 plate too_far note 1-2",
		},
		{
			"re-plating takes an hour",
			match.SightingsOptions{Replating: time.Hour},
			eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 1h -", "",
		},
		{
			"nobody re-plates",
			match.SightingsOptions{Replating: -1},
			eu + " FR:AB123CD 0h -|" + eu + " FR:XY987ZW 9000h -", "2 vin two_plates doubt 1-2",
		},
		{
			"by aircraft",
			match.SightingsOptions{MaxSpeed: 900},
			eu + " - 0h Calais|" + eu + " - 2h Bari", "",
		},
		{
			"clocks an hour wrong",
			match.SightingsOptions{ClockError: time.Hour},
			eu + " - 0h Calais|" + eu + " - 0h Dover", "",
		},
		{
			"perfect clocks and positions",
			match.SightingsOptions{ClockError: -1, PositionError: -1},
			eu + " - 0h Bari|" + eu + " - 0h Bari,port", "2 vin too_far doubt 1-2",
		},
		{
			"only one is held",
			match.SightingsOptions{Max: 1},
			eu + " - 0h Calais|" + eu + " - 0h Bari", "",
		},
		{
			"two are held",
			match.SightingsOptions{Max: 2},
			eu + " - 0h Calais|" + eu + " - 0h Bari|- - - -|" + eu + " - 0h Calais",
			"2 vin too_far doubt 1-2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := match.NewSightings(tt.o)
			if got := toldBy(x, sightingsOf(t, tt.sightings)); got != tt.want {
				t.Errorf("told %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewSightingsPanics(t *testing.T) {
	for _, o := range []match.SightingsOptions{
		{Max: -1},
		{Max: match.MaxSightings + 1},
		{MaxSpeed: -1},
		{MaxSpeed: math.NaN()},
		{MaxSpeed: math.Inf(1)},
		{PositionError: math.NaN()},
		{PositionError: math.Inf(-1)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", o)
				}
			}()
			match.NewSightings(o)
		}()
	}
}

// What is reported is what was added, as far as it means anything.
func TestSuspicionHoldsSightings(t *testing.T) {
	long := plate.MustParse("TH", "1กก1234กรุงเทพมหานคร")
	if len(long.Text()) <= 16 {
		t.Fatal("the plate is not long")
	}
	first := match.Sighting{
		VIN: vin.MustParse("WVWZZZ1JZ3W386752"), Plate: long,
		Time: time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.FixedZone("CET", 3600)),
		Lat:  -36.12345678, Lon: -179.99999999, Channel: match.Barcode, Ref: math.MaxUint64,
		Place: strings.Repeat("ü", 40),
	}
	second := match.Sighting{
		VIN: first.VIN, Plate: long, Time: first.Time.Add(time.Minute), Lat: 90, Lon: 180, Channel: match.Stamped,
	}
	x := match.NewSightings(match.SightingsOptions{})
	x.Add(first)
	told := x.Add(second)
	if len(told) != 1 {
		t.Fatalf("told %d suspicions", len(told))
	}
	got := told[0]
	first.Time = time.Date(2026, 3, 1, 8, 0, 0, 123_000_000, time.UTC)
	second.Time = first.Time.Add(time.Minute)
	first.Lat, first.Lon, first.Place = -36.1234568, -180, strings.Repeat("ü", 32)
	if diff := cmp.Diff([2]match.Sighting{first, second}, [2]match.Sighting{got.First, got.Second},
		cmpopts.EquateComparable(vin.VIN{}, plate.Plate{})); diff != "" {
		t.Error(diff)
	}
	// A quarter of a meridian, and 36 degrees more.
	if want := 6371.0088 * (90 + 36.1234568) * math.Pi / 180; math.Abs(got.Kilometres-want) > 0.01 {
		t.Errorf("%v km apart, want %v", got.Kilometres, want)
	}
	if want := (got.Kilometres - match.DefaultPositionError) / 0.1; math.Abs(got.Speed-want) > 1e-6 {
		t.Errorf("speed %v, want %v", got.Speed, want)
	}
	want := "one VIN, 14024 km apart within 1 min, for which one vehicle needs 140233 km/h; VIN and plate are the same at both"
	if got.Text != want || got.Code != match.TooFar || got.Kind != index.KindVIN || got.Visits != [2]int{1, 1} {
		t.Errorf("%s %s %v %q, want %q", got.Kind, got.Code, got.Visits, got.Text, want)
	}
}

// Times, positions and channels that mean nothing are not known, and nothing
// else.
func TestSightingsTakeAnything(t *testing.T) {
	v := vin.MustParse("WVWZZZ1JZ3W386752")
	p := plate.MustParse("FR", "AB123CD")
	nan, inf := math.NaN(), math.Inf(1)
	odd := [][2]float64{
		{0, 0},
		{nan, 5},
		{5, nan},
		{nan, nan},
		{inf, 5},
		{5, -inf},
		{90.0000001, 5},
		{-91, 5},
		{5, 180.1},
		{1e300, -1e300},
		{5, 5}, // the one place
	}
	times := []time.Time{
		{},
		time.Unix(0, 0), time.Unix(1<<62, 0), time.Unix(-1<<62, 0), time.Unix(1<<36, 0),
		time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999, time.FixedZone("", -86399)),
	}
	x := match.NewSightings(match.SightingsOptions{Notes: true})
	n := uint64(0)
	for _, at := range times {
		for _, o := range odd {
			for _, c := range x.Add(match.Sighting{VIN: v, Plate: p, Time: at, Lat: o[0], Lon: o[1], Channel: match.Channel(n)}) {
				t.Errorf("told %+v", c)
			}
			n++
		}
	}
	if s := x.Stats(); s.Added != n || s.Held != int(n) || s.VINs != 1 || s.Plates != 1 {
		t.Errorf("after %d sightings: %+v", n, s)
	}
}

func TestSightingDistance(t *testing.T) {
	at := func(lat, lon float64) *match.Sighting { return &match.Sighting{Lat: lat, Lon: lon} }
	for _, tt := range []struct {
		a, b *match.Sighting
		want float64
		ok   bool
		why  string
	}{
		{at(51.5074, -0.1278), at(48.8566, 2.3522), 343.5, true, "London, Paris"},
		{at(40.7128, -74.006), at(34.0522, -118.2437), 3935.7, true, "New York, Los Angeles"},
		{at(90, 0), at(-90, 77), 20015.1, true, "pole to pole"},
		{at(10, 179.9), at(10, -179.9), 21.9, true, "across the date line"},
		{at(0, 0), at(1, 1), 0, false, "a field that nobody filled in"},
		{at(1, 1), at(math.NaN(), 1), 0, false, "not known"},
		{at(1, 1), at(1, 1), 0, true, "the same"},
	} {
		if km, ok := tt.a.Distance(tt.b); ok != tt.ok || math.Abs(km-tt.want) > 0.2 {
			t.Errorf("%s: %.1f km, %v, want %.1f, %v", tt.why, km, ok, tt.want, tt.ok)
		}
	}
}

func TestSightingsTexts(t *testing.T) {
	// A place per sighting: more than are kept at once. Those that are
	// forgotten make room.
	x := match.NewSightings(match.SightingsOptions{Max: 64})
	const kept = 64/16 + 1024
	var told []match.Suspicion
	for i := range 5000 {
		s := match.Sighting{Place: fmt.Sprint("place ", i)}
		if i >= 4998 {
			s.VIN, s.Time = vin.MustParse("WVWZZZ1JZ3W386752"), time.Unix(0, 0)
			s.Lat, s.Lon = 10, float64(i)-4900
		}
		told = x.Add(s)
	}
	if s := x.Stats(); s.LostTexts != 0 || s.Held != 64 || kept < 64 {
		t.Errorf("%+v", s)
	}
	if len(told) != 1 || told[0].First.Place != "place 4998" || told[0].Second.Place != "place 4999" {
		t.Errorf("told %+v", told)
	}

	x = match.NewSightings(match.SightingsOptions{Max: 4096})
	for i := range 4096 {
		x.Add(match.Sighting{Place: fmt.Sprint("place ", i)})
	}
	if s := x.Stats(); s.LostTexts != 4096-(4096/16+1024) {
		t.Errorf("%+v", s)
	}
}

func TestSightingsConcurrently(t *testing.T) {
	x := match.NewSightings(match.SightingsOptions{Max: 1000})
	var wg sync.WaitGroup
	var told [4]int
	for g := range told {
		wg.Go(func() {
			p := plate.MustParse("FR", []string{"AB123CD", "XY987ZW", "GH555TT", "KL260MN"}[g])
			for i := range 500 {
				s := match.Sighting{Plate: p, Time: time.Unix(int64(3600*i), 0), Lat: 10, Lon: float64(1 + i%2*100)}
				told[g] += len(x.Add(s))
				x.Stats()
			}
		})
	}
	wg.Wait()
	for g, n := range told {
		if n < 2 { // a doubt and a conflict, and again once forgotten
			t.Errorf("goroutine %d was told %d times", g, n)
		}
	}
	if s := x.Stats(); s.Added != 2000 || s.Held != 1000 {
		t.Errorf("%+v", s)
	}
}

func TestSightingsAllocs(t *testing.T) {
	x := match.NewSightings(match.SightingsOptions{Max: 5000})
	s := match.Sighting{VIN: vin.MustParse("WVWZZZ1JZ3W386752"), Plate: plate.MustParse("FR", "AB123CD"), Lat: 1, Lon: 1, Place: "Calais"}
	i := int64(0)
	add := func() {
		i++
		s.Time = time.Unix(60*i, 0)
		x.Add(s)
	}
	for range 5001 {
		add()
	}
	if n := testing.AllocsPerRun(1000, add); n != 0 {
		t.Errorf("Add allocates %v times", n)
	}
}

func TestSightedBytes(t *testing.T) {
	if b := match.SightedBytes; b[0] != b[1] {
		t.Errorf("a sighting is held in %d bytes, not in %d", b[1], b[0])
	}
}
