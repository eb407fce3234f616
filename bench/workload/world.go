package workload

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

const (
	// Unlisted is how many vehicles of a world of [New] are not listed.
	Unlisted = 1 << 20

	// MaxListed is the size of the largest world. The plates of some countries
	// would come twice in a larger one.
	MaxListed = 100_000_000

	// MaxVehicles is how many vehicles a world has at most, listed or not:
	// nearly as many as there are on the roads.
	MaxVehicles = 1 << 30
)

// A World is a number of vehicles in a fair shuffle: those from 0 on are listed
// in a register, the ones behind them are not. Any number of goroutines may use
// it.
type World struct {
	seed     uint64
	listed   int
	unlisted int
	all      *vintest.Population // of which the first are those of the world
	vehicles *vintest.Population // shuffled
}

// New returns the world of a seed in which so many vehicles are listed, and
// Unlisted are not. It takes some milliseconds. It panics where listed is not
// from 1 to MaxListed.
func New(seed uint64, listed int) *World { return NewOf(seed, listed, Unlisted) }

// NewOf returns a world as New does, with so many vehicles that are not listed:
// from 1 to as many as make [MaxVehicles] with the listed ones.
func NewOf(seed uint64, listed, unlisted int) *World {
	if listed < 1 || listed > MaxListed || unlisted < 1 || unlisted > MaxVehicles-listed {
		panic("workload: no such number of vehicles")
	}
	all := vintest.NewPopulation(seed, vintest.DefaultMix)
	return &World{seed: seed, listed: listed, unlisted: unlisted, all: all, vehicles: all.Shuffled(uint64(listed + unlisted))}
}

// Listed returns how many vehicles are listed.
func (w *World) Listed() int { return w.listed }

// VIN returns the VIN of vehicle i, below Listed of a listed one. Different
// vehicles have different VINs.
func (w *World) VIN(i int) vin.VIN { return w.vehicles.At(uint64(i)) }

// Records yields the records of the listed vehicles, without error.
func (w *World) Records() iter.Seq2[index.Record, error] {
	return func(yield func(index.Record, error) bool) {
		for i := range w.listed {
			if !yield(w.Record(i), nil) {
				return
			}
		}
	}
}

var (
	owners  = []string{"AT", "BE", "BR", "CH", "DE", "ES", "FR", "GB", "IT", "JP", "MX", "NL", "PL", "US", "ZA"}
	makes   = []string{"Volkswagen", "Toyota", "Peugeot", "Fiat", "Honda", "Ford", "Škoda"}
	colours = []string{"black", "white", "grey", "red", "blue"}
)

// Record returns the record of vehicle i, with an ID of ten bytes and all
// attributes. Vehicles of even numbers have a plate, see [Plate].
func (w *World) Record(i int) index.Record {
	// A hash of the number, so that no attribute follows from another.
	h := uint64(i+1) * 0x9E3779B97F4A7C15
	h ^= h >> 29
	pick := func(n int) int {
		h = h*0xD1342543DE82EF95 + 1
		return int(h >> 33 % uint64(n))
	}
	r := index.Record{
		Owner:     owners[pick(len(owners))],
		ID:        id(i),
		Version:   uint64(1 + pick(7)),
		VIN:       w.VIN(i),
		Type:      index.Car,
		Status:    index.Stolen,
		Make:      makes[pick(len(makes))],
		ModelYear: 1995 + pick(30),
		Colour:    colours[pick(len(colours))],
		Stolen:    time.Date(2012, 1, 1+pick(5000), 0, 0, 0, 0, time.UTC),
	}
	if pick(4) == 0 {
		r.Type = index.Car + index.Type(pick(5))
	}
	if pick(8) == 0 {
		r.Status = index.Wanted
	}
	if i%2 == 0 {
		r.Plate = Plate(i)
	}
	return r
}

// id returns i in ten digits.
func id(i int) string {
	b := strconv.AppendInt(make([]byte, 0, 20), 10_000_000_000+int64(i), 10)
	return string(b[1:])
}

// News returns change i to the register of the listed vehicles, newer than all
// before it: of even numbers a record that was not there, of odd ones a newer
// version of one that was. The vehicles are none of the world, neither listed nor
// unlisted, and different for different i below half a thousand million; a world of
// [MaxVehicles] has no news.
func (w *World) News() func(i int) index.Change {
	used := uint64(w.listed + w.unlisted)
	// Far from one another: those that follow one another are siblings.
	const stride = 7919
	others := w.all.Len() - used
	if others%stride == 0 {
		others--
	}
	return func(i int) index.Change {
		r := w.Record(int(uint64(i) * 7919 % uint64(w.listed)))
		if i%2 == 0 {
			r.ID, r.Plate = "n"+strconv.Itoa(i), plate.Plate{}
		}
		r.VIN = w.all.At(used + uint64(i)*stride%others)
		r.Version = uint64(1000 + i)
		return index.Change{By: r.Owner, Op: index.Put, Record: r}
	}
}

// Plate returns plate i; different i below MaxListed+Unlisted give different
// ones. A country issues its series in order, so that the plates of 2i and 2i+1
// are neighbours in one series: list those of even numbers and ask for the odd.
func Plate(i int) plate.Plate {
	country, n := i/2%10, i/20*2+i%2
	digits := func(width int) string {
		d := n
		for range width {
			n /= 10
		}
		return fmt.Sprintf("%0*d", width, d-n*pow10[width])
	}
	letters := func(width int) string {
		const alphabet = "ABCDEFGHJKLMNPRSTUVWXYZ"
		s := make([]byte, width)
		for j := range s {
			s[width-1-j] = alphabet[n%len(alphabet)]
			n /= len(alphabet)
		}
		return string(s)
	}
	switch country {
	case 0, 1, 2: // Germany: district, letters, up to four digits
		d, l := digits(4), letters(2)
		return plate.MustParse("DE", []string{"B", "M", "HH"}[country]+letters(2)+l+d)
	case 3, 4: // France
		d, l := digits(3), letters(2)
		return plate.MustParse("FR", string("AB"[country-3])+letters(1)+d+l)
	case 5, 6: // Italy
		d, l := digits(3), letters(2)
		return plate.MustParse("IT", string("CD"[country-5])+letters(1)+d+l)
	case 7: // Poland
		d := digits(5)
		return plate.MustParse("PL", letters(3)+d)
	case 8: // United Kingdom
		l := letters(3)
		return plate.MustParse("GB", letters(2)+digits(2)+l)
	default: // Spain
		d := digits(4)
		return plate.MustParse("ES", d+letters(3))
	}
}

var pow10 = [...]int{1, 10, 100, 1000, 10_000, 100_000}
