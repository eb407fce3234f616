package workload

import (
	"math/rand/v2"
	"strings"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// Every stream of queries has a source of its own, so that none depends on which
// others were made before.
const (
	streamVINs uint64 = 1 + iota
	streamReads
	streamPatterns
	streamWritten
)

// random returns the source of a stream.
func (w *World) random(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.seed, stream))
}

// draw returns a function that draws vehicles, of which a share of hitRate is
// listed. Unlisted ones come in turn, none twice before all came once.
func (w *World) draw(rng *rand.Rand, hitRate float64) func() int {
	unlisted := 0
	return func() int {
		if rng.Float64() < hitRate {
			return rng.IntN(w.listed)
		}
		unlisted++
		return w.listed + (unlisted-1)%w.unlisted
	}
}

// VINs returns n numbers to ask for and how many of them are listed: each is
// with a probability of hitRate, none for 0 and all for 1.
func (w *World) VINs(n int, hitRate float64) (vins []vin.VIN, hits int) {
	next := w.draw(w.random(streamVINs), hitRate)
	vins = make([]vin.VIN, n)
	for i := range vins {
		vehicle := next()
		if vehicle < w.listed {
			hits++
		}
		vins[i] = w.VIN(vehicle)
	}
	return vins, hits
}

// Plates returns n plates to ask for, with a probability of hitRate one that is
// listed, else its neighbour in the same series, and how many are listed.
func (w *World) Plates(n int, hitRate float64) (plates []plate.Plate, hits int) {
	rng := w.random(streamVINs)
	plates = make([]plate.Plate, n)
	for i := range plates {
		at := rng.IntN((w.listed+1)/2) * 2
		if rng.Float64() < hitRate {
			hits++
		} else {
			at++
		}
		plates[i] = Plate(at)
	}
	return plates, hits
}

// A Read is a number as it was read.
type Read struct {
	Text    string
	Vehicle int          // whose number it is
	Slip    vintest.Slip // what was misread
}

// Reads returns n VINs as they were read through a channel, a share of misread
// with an error as the channel makes them; of each the vehicle is listed with a
// probability of hitRate.
func (w *World) Reads(n int, c vintest.Channel, misread, hitRate float64) []Read {
	next := w.draw(w.random(streamReads), hitRate)
	reader := vintest.NewReader(w.seed, c, misread)
	reads := make([]Read, n)
	for i := range reads {
		r := &reads[i]
		r.Vehicle = next()
		r.Text, r.Slip = reader.Read(w.VIN(r.Vehicle).String())
	}
	return reads
}

// Written returns n VINs of unlisted vehicles as people and devices write them:
// with labels, separators, stars and in small letters, but with every symbol.
func (w *World) Written(n int) []string {
	rng := w.random(streamWritten)
	next := w.draw(rng, 0)
	texts := make([]string, n)
	for i := range texts {
		v := w.VIN(next()).String()
		switch rng.IntN(6) {
		case 0:
			texts[i] = v
		case 1:
			texts[i] = strings.ToLower(v)
		case 2:
			texts[i] = v[:3] + " " + v[3:9] + " " + v[9:]
		case 3:
			texts[i] = v[:3] + "-" + v[3:9] + "-" + v[9:11] + "-" + v[11:]
		case 4:
			texts[i] = "VIN: " + v
		default:
			texts[i] = "*" + v + "*"
		}
	}
	return texts
}

// WrittenPlates returns n plates as people write them, with their countries.
func (w *World) WrittenPlates(n int) (countries, texts []string) {
	rng := w.random(streamWritten)
	for range n {
		p := Plate(rng.IntN(w.listed))
		var b strings.Builder
		last := rune(0)
		for _, c := range p.Text() {
			if last != 0 && isDigit(last) != isDigit(c) {
				b.WriteByte(" -"[rng.IntN(2)])
			}
			b.WriteRune(c)
			last = c
		}
		text := b.String()
		if rng.IntN(4) == 0 {
			text = strings.ToLower(text)
		}
		countries, texts = append(countries, p.Country()), append(texts, text)
	}
	return countries, texts
}

func isDigit(c rune) bool { return '0' <= c && c <= '9' }
