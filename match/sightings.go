package match

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A clone is a vehicle that carries the number of another one. A register does
// not know it, for the number is good: it belongs to a vehicle that nobody
// looks for. What gives a clone away is that two vehicles with one number are
// seen. Carfax Canada finds clones by events that cannot follow each other, a
// registration in Ontario and the next day one in British Columbia; police
// mark such vehicles in the Schengen Information System with "suspicion of
// clone".

// A Sighting is one vehicle, seen at one place and time. What is not known is
// left out: a sighting without VIN and plate, or without time and position, is
// taken, and says so much less.
type Sighting struct {
	VIN   vin.VIN     // zero: not read
	Plate plate.Plate // zero: not read

	// Time is when it was seen, of which milliseconds count. The zero Time and
	// years outside 1 to 9999 are a time that is not known.
	Time time.Time

	// Lat and Lon are degrees north and east (WGS 84). NaN, infinities, and
	// what is outside -90 to 90 and -180 to 180 are a position that is not
	// known, and so is 0, 0, which lies in the sea and is what a field that
	// nobody filled in holds.
	Lat, Lon float64

	Channel Channel // how the numbers were read

	Place string // the caller's name of the place, of which 64 bytes are kept
	Ref   uint64 // the caller's own number of the sighting
}

// Distance returns how far apart two sightings were, in kilometres along a
// great circle, and whether both positions are known.
func (s *Sighting) Distance(o *Sighting) (km float64, ok bool) {
	lat1, lon1, ok1 := position(s.Lat, s.Lon)
	lat2, lon2, ok2 := position(o.Lat, o.Lon)
	if !ok1 || !ok2 {
		return 0, false
	}
	return greatCircle(lat1, lon1, lat2, lon2), true
}

// SightingsOptions configure [Sightings]. The zero value is the defaults.
type SightingsOptions struct {
	// Max is how many sightings are held; the oldest are forgotten first. Zero
	// is DefaultSightings, MaxSightings the most. One takes 75 to 100 bytes:
	// more where each is of another vehicle.
	Max int

	// MaxSpeed is the speed over a great circle, in km/h, that no vehicle
	// keeps up from one sighting to the next. Zero is DefaultMaxSpeed.
	MaxSpeed float64

	// ClockError is by how much the times of two sightings may be wrong
	// against each other. Two reads within it count as one visit. Zero is
	// DefaultClockError, less is none. Clocks that do not agree on summer time
	// need an hour.
	ClockError time.Duration

	// PositionError is by how many kilometres the distance of two sightings
	// may be wrong. Zero is DefaultPositionError, less is none.
	PositionError float64

	// Replating is how long a vehicle is out of sight, at least, that honestly
	// comes back with another plate, and a plate that comes back on another
	// vehicle. Zero is DefaultReplating; less than that means that neither
	// ever happens.
	Replating time.Duration

	// Notes also reports what has an innocent explanation more often than not.
	Notes bool
}

const (
	// DefaultSightings is how many sightings are held by default: about a
	// hundred megabytes.
	DefaultSightings = 1 << 20

	// MaxSightings is the greatest number of sightings that can be held.
	MaxSightings = 1 << 30

	// DefaultMaxSpeed is in km/h. Roads are longer than great circles by a
	// fifth or more, so that this is some 240 km/h on the road, stops and
	// borders included.
	DefaultMaxSpeed = 200

	DefaultClockError    = 5 * time.Minute
	DefaultPositionError = 1 // in kilometres

	// DefaultReplating is shorter than most offices take to register a vehicle
	// anew, and longer than a clone stays out of sight where it is used.
	DefaultReplating = 24 * time.Hour
)

// Sightings tells of vehicles that may be clones, from what was seen of them:
// [Sightings.Add] takes one sighting after the other and compares it with those
// before that it remembers.
//
// # What is reported
//
//   - [TwoPlates]: one VIN on two plates.
//   - [TwoVINs]: one plate, of one country, on two VINs.
//   - [TooFar]: one VIN, or one plate of one country, at two places too far
//     apart for the time between.
//
// Both sightings stand in the [Suspicion], with a grade:
//
//   - [Conflict]: the two cannot both be right, and no single error explains
//     it. Either side was seen on two visits or more, and for two plates or two
//     VINs they came by turns (A, B, A); or VIN and plate are both the same at
//     two places; or a VIN whose required check digit computes came back with
//     its first plate after it had another one, which is not one camera's single
//     read.
//   - [Doubt]: a clone, or one wrong read that happens to be the number of
//     another vehicle that was seen, or another plate within Replating.
//   - [Note]: more likely innocent, and reported only where Notes asks for it.
//     The plate changed once and the vehicle was out of sight for Replating
//     between; or no check digit vouches for the number that the two share, and
//     one side is a single visit that a misread explains: by a [Camera], or
//     another number, one misread away, is remembered and may have been there.
//     Cameras misread one plate in twenty, and where plates are issued densely,
//     every few of those are the plate of another vehicle.
//
// A suspicion is told once for a pair of numbers, and again when its grade
// rises, as long as the sightings that it was told with are remembered and
// among the 32 that count.
//
// # What is no clone
//
// A misread must not look like a clone. To accuse, two numbers must be the same
// to the last character, and of the same country; to excuse, likeness is
// enough. Two plates, or two VINs, are no two numbers where
//
//   - one may be one misread of the other: one character taken for another,
//     two swapped, one lost or too many, one or two lost at the end, any number
//     of look-alikes ([plate.Plate.Skeleton]), another spelling of the plate
//     ([plate.Plate.Aliases]), another country or none with the same text;
//   - both are in this way misreads of a third that was seen with the same
//     number;
//   - up to three errors make one of the other (two in a plate of fewer than
//     seven characters, one of fewer than five; and one more for each character
//     that a plate is shorter, up to two), and not both were seen, as they are,
//     on two visits. Two VINs whose required check digits compute are two
//     numbers nevertheless.
//
// And a sighting accuses nobody where the number that it shares may be misread:
// where its plate was seen as often or more often with another VIN that is one
// misread away, or its VIN with such a plate. Numbers that many carry never
// accuse: a VIN that is a placeholder, a plate of fewer than four characters or
// of one character throughout.
//
// A wrong read of one vehicle can still be another vehicle's number, to the last
// character, while its own was never seen. A Doubt is a reason to look at the
// picture.
//
// # What is not known here
//
// Time and place are taken as they are given, up to the errors in the options.
// A camera whose position is entered wrongly conflicts with all others. A
// vehicle on a ferry or a car train is slower than MaxSpeed; one in an aircraft
// is not: raise MaxSpeed to 900 where vehicles are flown, or expect its own
// number to be reported once. Trade and transit plates go from vehicle to
// vehicle by law, and a camera at the back reads the plate of the trailer:
// leave such plates out. Two vehicles can carry one VIN by their maker's
// doing, most of all thirty years apart (49 CFR 565.15).
//
// # Memory
//
// The last Max sightings are held, in the order in which they were added, in
// memory without pointers that grows to its bound and stays there. Times need
// not ascend. Of a number, the 32 sightings added last count, and at most 8
// different numbers beside it, so that no number makes Add slow.
//
// Sightings is safe for any number of goroutines; they add one at a time. It
// holds numbers in memory, and writes them nowhere.
type Sightings struct {
	options SightingsOptions // with the defaults

	mu     sync.Mutex
	store  sightingStore
	search cloneSearch // scratch, for the sighting that is added
	told   [grades]uint64
}

// NewSightings returns Sightings that hold nothing yet. It panics where Max is
// negative or beyond MaxSightings, and where MaxSpeed or PositionError is not
// finite, or MaxSpeed negative.
func NewSightings(o SightingsOptions) *Sightings {
	switch {
	case o.Max < 0 || o.Max > MaxSightings:
		panic("match: NewSightings: Max is out of range")
	case !(o.MaxSpeed >= 0) || math.IsInf(o.MaxSpeed, 0), math.IsNaN(o.PositionError) || math.IsInf(o.PositionError, 0):
		panic("match: NewSightings: MaxSpeed or PositionError is not a number that means anything")
	}
	if o.Max == 0 {
		o.Max = DefaultSightings
	}
	if o.MaxSpeed == 0 {
		o.MaxSpeed = DefaultMaxSpeed
	}
	o.ClockError = max(0, orDefault(o.ClockError, DefaultClockError))
	o.PositionError = max(0, orDefault(o.PositionError, DefaultPositionError))
	o.Replating = orDefault(o.Replating, DefaultReplating)
	x := &Sightings{options: o, store: newSightingStore(o.Max)}
	x.search.store, x.search.options = &x.store, &x.options
	return x
}

func orDefault[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}

// Add takes a sighting and returns what it gives rise to suspect, nil for most:
// at most one suspicion for each of two plates, two VINs, and too far by VIN
// and by plate, in this order. It does not allocate where there is none, apart
// from the memory that sightings are held in.
func (x *Sightings) Add(s Sighting) []Suspicion {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.search.seen = x.store.take(&s)
	found := x.search.run()
	x.store.put(x.search.seen)
	for i := range found {
		x.told[found[i].Grade]++
	}
	return found
}

// SightingsStats tell what [Sightings] hold and have told.
type SightingsStats struct {
	Added  uint64 // sightings, ever
	Held   int    // sightings that are remembered
	VINs   int    // different ones among them
	Plates int    // different ones among them, by country
	Bytes  int    // of memory, apart from what the runtime needs

	// LostTexts counts names of places, and plates of more than 16 bytes, that
	// were not kept because there are too many different ones. Such a sighting
	// has no place, or no plate.
	LostTexts uint64

	Notes, Doubts, Conflicts uint64 // told, ever
}

// Stats tells what is held.
func (x *Sightings) Stats() SightingsStats {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.store.stats()
	s.Notes, s.Doubts, s.Conflicts = x.told[Note], x.told[Doubt], x.told[Conflict]
	return s
}

// A Suspicion is that one of two sightings, or the number that they share, is
// not what it seems.
type Suspicion struct {
	Code  SuspicionCode
	Kind  index.Kind // of the number that both sightings carry: KindVIN or KindPlate
	Grade Grade

	// First and Second are the two sightings, in the order of their times; in
	// the order in which they were added where a time is not known. They are
	// as they were added, but for times, in UTC and to the millisecond,
	// positions, to a ten millionth of a degree, and a cut Place.
	First, Second Sighting

	// Visits is how many visits say the same as First, and as Second: reads of
	// one number within ClockError are one visit.
	Visits [2]int

	// Kilometres is how far apart the two are, 0 where that is not known.
	Kilometres float64

	// Speed, of [TooFar], is how fast one vehicle would have to have been, in
	// km/h, after allowing for the errors of clocks and positions. It is
	// infinite where the times are the same and ClockError is none.
	Speed float64

	Text string // the reasons for a person, without any number
}

// A SuspicionCode names a kind of suspicion in snake case, for programs.
type SuspicionCode string

const (
	TwoPlates SuspicionCode = "two_plates" // one VIN on two plates
	TwoVINs   SuspicionCode = "two_vins"   // one plate on two VINs
	TooFar    SuspicionCode = "too_far"    // one number at two places at nearly the same time
)

// String returns the code.
func (c SuspicionCode) String() string { return string(c) }

// position returns a position as it counts, and whether it is known.
func position(lat, lon float64) (float64, float64, bool) {
	if !(math.Abs(lat) <= 90) || !(math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
		return math.NaN(), math.NaN(), false
	}
	return lat, lon, true
}

const earthRadius = 6371.0088 // mean, in kilometres (IUGG)

// greatCircle returns the distance of two positions in kilometres, by the
// haversine formula: on a sphere, which is wrong by half a per cent at most.
func greatCircle(lat1, lon1, lat2, lon2 float64) float64 {
	const rad = math.Pi / 180
	sinLat, sinLon := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := sinLat*sinLat + math.Cos(lat1*rad)*math.Cos(lat2*rad)*sinLon*sinLon
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}

// spanText puts a time span in words.
func spanText(ms int64) string {
	switch {
	case ms < 60_000:
		return "less than a minute"
	case ms < 2*3600_000:
		return fmt.Sprintf("%d min", (ms+30_000)/60_000)
	case ms < 48*3600_000:
		return fmt.Sprintf("%.1f h", float64(ms)/3600_000)
	}
	return fmt.Sprintf("%d days", ms/(24*3600_000))
}
