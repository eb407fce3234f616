package sample

import "github.com/vinmatch/vinmatch/match"

// plantClones adds vehicles that nobody looks for and that are seen twice: some
// cannot be one vehicle, of others the second read is wrong.
func (g *gen) plantClones() {
	at := func(o observation, place int) observation {
		p := places[place]
		o.place, o.lat, o.lon = p.name, p.lat, p.lon
		return o
	}
	const rotterdam, santos, mombasa = 5, 19, 16
	pair := func(what string, code match.SuspicionCode, a, b observation) {
		g.add(a, Planted{What: what, Clone: code})
		g.add(b, Planted{What: what, Clone: code})
	}
	seen := func(w vehicle) observation {
		return observation{
			vin: w.vin.String(), plate: w.plate, plateCountry: w.plateCountry,
			make: w.make, modelYear: w.year(), typ: w.typ, colour: w.colour,
		}
	}
	for i := range 3 {
		w := g.vehicle("DE")
		a, b := at(seen(w), rotterdam), at(seen(w), rotterdam)
		b.plate, b.plateCountry = g.plate("FR"), "FR"
		pair("one vin on two plates", match.TwoPlates, a, b)

		w, other := g.vehicle("FR"), g.vehicle("FR")
		a, b = at(seen(w), rotterdam), at(seen(other), rotterdam)
		b.plate = a.plate
		pair("one plate on two vins", match.TwoVINs, a, b)

		w = g.vehicle("NL")
		a, b = at(seen(w), rotterdam), at(seen(w), santos)
		if i == 1 {
			a.plate, b.plate = "", ""
		}
		if i == 2 {
			a.vin, b.vin = "", ""
		}
		pair("at two places at once", match.TooFar, a, b)

		w = g.vehicle("PL")
		a, b = at(seen(w), mombasa), at(seen(w), mombasa)
		switch i {
		case 0: // the end is lost
			b.plate = b.plate[:len(b.plate)-1]
		case 1:
			b.plate = b.plate[:4] + string('0'+(b.plate[4]-'0'+5)%10) + b.plate[5:]
		case 2:
			v := b.vin
			b.vin = v[:16] + string('0'+(v[16]-'0'+5)%10)
		}
		pair("one vehicle twice, misread once", "", a, b)
	}
}
