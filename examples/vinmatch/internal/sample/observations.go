package sample

import (
	"strings"
	"unicode/utf8"

	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
)

// passing returns an observation of a vehicle that nobody looks for.
func (g *gen) passing() *observation {
	country := pick(g, issuers)
	w := g.vehicle(country)
	o := &observation{}
	switch n := g.rand.IntN(100); {
	case n < 35: // a camera over the road
		o.plate, o.plateCountry = w.plate, country
		if g.rand.IntN(10) == 0 {
			o.plateCountry = "" // it does not always know
		}
	case n < 60: // a ship's manifest
		o.vin, o.make, o.modelYear, o.typ = w.vin.String(), w.make, w.year(), w.typ
	case n < 92: // a check at a border: paper and vehicle
		o.vin, o.plate, o.plateCountry = w.vin.String(), w.plate, country
		o.make, o.modelYear, o.colour, o.country = w.make, w.year(), w.colour, w.country
		if g.rand.IntN(3) == 0 {
			o.document, o.documentCountry = g.fill("@@#######"), country
		}
		if g.rand.IntN(12) == 0 {
			o.engine = w.engine
		}
	case n < 96:
		o.chassis, o.make = g.frame(), pick(g, []string{"Toyota", "Nissan", "Subaru"})
	case n < 98:
		o.hull, o.typ = g.hull(), "boat"
	default:
		o.part = g.fill("62012301@ #######")
	}
	if o.vin != "" && g.rand.IntN(25) == 0 {
		o.vin = sloppy(g, o.vin)
	}
	return o
}

// plant makes the observations that show something.
func (g *gen) plant() {
	g.plantReads()
	g.plantPlates()
	g.plantOthers()
	g.plantClaims()
	g.plantMisses()
	g.plantTrouble()
	g.plantClones()
}

func (g *gen) add(o observation, p Planted) {
	o.planted = p
	g.planted = append(g.planted, o)
}

// target returns an ordinary listed vehicle that fits and was not taken.
func (g *gen) target(fits func(r *record, v vin.VIN) bool) *record {
	for i, n := range g.listed {
		r := &g.records[n]
		v, err := vin.Parse(clean(r.vin))
		if err == nil && fits(r, v) {
			g.listed = append(g.listed[:i:i], g.listed[i+1:]...)
			return r
		}
	}
	panic("sample: no record fits: the register is too small")
}

// wanted returns the names of the records that list a VIN or a plate.
func (g *gen) wanted(number string) []string {
	var keys []string
	seen := map[string]bool{}
	for i := range g.records {
		r := &g.records[i]
		if k := r.key(); r.raw == "" && !seen[k] && (clean(r.vin) == number || r.plate == number) {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// A reading is a way to write or misread a listed VIN.
type reading struct {
	what string
	how  match.How
	n    int
	fits func(v vin.VIN) bool
	read func(v string) string
}

var readings = []reading{
	{"as it is", match.Exact, 12, always, same},
	{"in lower case", match.Exact, 2, always, strings.ToLower},
	{"in groups", match.Cleaned, 3, always, func(v string) string { return v[:3] + " " + v[3:9] + " " + v[9:] }},
	{"with dashes", match.Cleaned, 2, always, func(v string) string { return v[:3] + "-" + v[3:9] + "-" + v[9:] }},
	{"with a label", match.Cleaned, 3, always, func(v string) string { return "VIN: " + v }},
	{"with a German label", match.Cleaned, 1, always, func(v string) string { return "FIN " + v }},
	{"as a spreadsheet's formula", match.Cleaned, 1, always, func(v string) string { return `="` + v + `"` }},
	{"between a bar code's asterisks", match.Cleaned, 2, always, func(v string) string { return "*" + v + "*" }},
	{"behind a bar code's I", match.Cleaned, 2, required, func(v string) string { return "I" + v }},
	{"in full width", match.Cleaned, 2, always, fullWidth},
	{"typed on a Cyrillic keyboard", match.Cleaned, 3, cyrillicLetters, toCyrillic.Replace},
	{"with a zero-width space", match.Cleaned, 1, always, func(v string) string { return v[:9] + "\u200b" + v[9:] }},
	{"padded by a control unit", match.Cleaned, 1, always, func(v string) string { return v + "\x00\x00\x00" }},
	{"twice in one field", match.Cleaned, 1, always, func(v string) string { return v + " " + v }},

	{"I for 1", match.Repaired, 3, holds("1"), swap("1", "I")},
	{"O for 0", match.Repaired, 3, holds("0"), swap("0", "O")},
	{"Q for 0", match.Repaired, 1, holds("0"), swap("0", "Q")},
	{"B for 8, check digit wrong", match.Repaired, 3, both(required, holds("8")), swap("8", "B")},
	{"S for 5, check digit wrong", match.Repaired, 2, both(required, holds("5")), swap("5", "S")},
	{"6 for G, check digit wrong", match.Repaired, 2, both(required, holds("G")), swap("G", "6")},
	{"2 for Z, no check digit", match.Repaired, 2, both(unchecked, holds("Z")), swap("Z", "2")},
	{"two characters reversed", match.Repaired, 2, both(required, distinct(14)), reverse(14)},
	{"8 and 9 reversed, which no check digit sees", match.Repaired, 2, both(required, digitsAt8), reverse(8)},
	{"one character lost", match.Repaired, 2, always, func(v string) string { return v[:13] + v[14:] }},
	{"one character doubled", match.Repaired, 2, always, func(v string) string { return v[:5] + v[4:] }},

	{"another letter in the model code, check digit wrong", match.Near, 2, both(required, letterAt(5)), another(5)},
	{"a symbol for a letter that no VIN has", match.Near, 2, holds("2"), swap("2", "O")},
	{"8 and 5 as look-alikes, check digit wrong", match.Near, 1, both(required, both(holds("8"), holds("5"))), func(v string) string { return swap("8", "B")(swap("5", "S")(v)) }},

	{"by its last six", match.Partial, 2, always, func(v string) string { return "last 6: " + v[11:] }},
	{"filed off at the beginning", match.Partial, 1, always, func(v string) string { return "*********" + v[9:] }},
	{"with two characters illegible", match.Partial, 2, always, func(v string) string { return v[:12] + "?" + v[13:15] + "?" + v[16:] }},
}

// plantReads adds listed VINs as they are read.
func (g *gen) plantReads() {
	for _, way := range readings {
		for range way.n {
			r := g.target(func(_ *record, v vin.VIN) bool { return way.fits(v) })
			v := clean(r.vin)
			g.add(observation{vin: way.read(v), make: r.make, modelYear: r.modelYear, typ: r.typ},
				Planted{What: "vin " + way.what, Want: g.wanted(v), How: way.how})
		}
	}
	for range 2 {
		r := g.target(func(r *record, v vin.VIN) bool { return r.plate != "" && v.At(13) <= '9' })
		misread := func(s string) string { return s[:12] + string('0'+(s[12]-'0'+5)%10) + s[13:] }
		g.add(observation{vin: misread(clean(r.vin)), plate: r.plate, plateCountry: r.plateCountry, colour: r.colour},
			Planted{What: "vin misread, plate right", Want: []string{r.key()}})
	}
	for range 3 {
		r := g.target(func(r *record, v vin.VIN) bool { return len(g.wanted(v.String())) > 1 })
		g.add(observation{vin: clean(r.vin), make: r.make},
			Planted{What: "vin listed by several countries", Want: g.wanted(clean(r.vin)), How: match.Exact})
	}
	r := g.target(func(r *record, v vin.VIN) bool {
		return r.status == "recovered" && strings.HasPrefix(r.typ, "car")
	})
	g.add(observation{vin: clean(r.vin), plate: r.plate, plateCountry: r.plateCountry},
		Planted{What: "vin and plate of a vehicle that was recovered", Want: []string{r.key()}, How: match.Exact})
}

func always(vin.VIN) bool      { return true }
func required(v vin.VIN) bool  { return v.CheckRule() == vin.CheckRequired && v.CheckDigitOK() }
func unchecked(v vin.VIN) bool { return v.CheckRule() == vin.CheckNone }

func letterAt(p int) func(vin.VIN) bool {
	return func(v vin.VIN) bool { return v.At(p) >= 'A' }
}

// another replaces the symbol at position p by a letter that is not often
// confused with it.
func another(p int) func(string) string {
	return func(v string) string {
	next:
		for _, c := range "WEKJTA" {
			read := v[:p-1] + string(c) + v[p:]
			for guess := range vin.Repairs(read) {
				if guess.String() == v {
					continue next
				}
			}
			if read != v {
				return read
			}
		}
		panic("sample: every letter is confused with another")
	}
}

func both(a, b func(vin.VIN) bool) func(vin.VIN) bool {
	return func(v vin.VIN) bool { return a(v) && b(v) }
}

func holds(s string) func(vin.VIN) bool {
	return func(v vin.VIN) bool { return strings.Contains(v.String()[3:], s) }
}

// distinct reports whether positions p and p+1 differ, and in value classes of
// the check digit.
func distinct(p int) func(vin.VIN) bool {
	return func(v vin.VIN) bool {
		w, err := vin.Parse(reverse(p)(v.String()))
		return err == nil && w != v && !w.CheckDigitOK()
	}
}

func digitsAt8(v vin.VIN) bool {
	a, b := v.At(8), v.At(9)
	return '0' <= a && a <= '9' && '0' <= b && b <= '9' && a != b
}

func cyrillicLetters(v vin.VIN) bool { return toCyrillic.Replace(v.String()) != v.String() }

func same(v string) string { return v }

// swap replaces the first of a character behind the maker's code.
func swap(from, to string) func(string) string {
	return func(v string) string { return v[:3] + strings.Replace(v[3:], from, to, 1) }
}

// reverse swaps positions p and p+1.
func reverse(p int) func(string) string {
	return func(v string) string { return v[:p-1] + v[p:p+1] + v[p-1:p] + v[p+1:] }
}

func fullWidth(v string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, v)
}

// toCyrillic writes Latin letters as the Cyrillic ones that look like them, and
// toLatin Cyrillic and Greek ones as Latin.
var (
	toCyrillic = strings.NewReplacer("A", "А", "B", "В", "E", "Е", "K", "К", "M", "М", "H", "Н",
		"P", "Р", "C", "С", "T", "Т", "X", "Х")
	toLatin = strings.NewReplacer("А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H",
		"О", "O", "Р", "P", "С", "C", "Т", "T", "У", "Y", "Х", "X",
		"Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N",
		"Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X")
)

// plantPlates adds listed plates as they are read.
func (g *gen) plantPlates() {
	seen := func(country string, what string, read func(string) string, known bool) {
		r := g.target(func(r *record, _ vin.VIN) bool {
			return r.plateCountry == country && utf8.RuneCountInString(r.plate) >= 7 && read(r.plate) != r.plate
		})
		o := observation{plate: read(r.plate)}
		if known {
			o.plateCountry = country
		}
		g.add(o, Planted{What: "plate " + what, Want: g.wanted(r.plate)})
	}
	compact := separators.Replace
	for _, c := range []string{"FR", "GB", "PL", "NL", "CN", "JP", "KR", "IR", "EG", "TH"} {
		seen(c, "of "+c+" without separators", compact, true)
	}
	seen("D", "of a country by its sign", strings.ToLower, true)
	seen("RU", "Cyrillic, typed in Latin", toLatin.Replace, true)
	seen("UA", "Cyrillic, typed in Latin", toLatin.Replace, true)
	seen("GR", "Greek, typed in Latin", toLatin.Replace, true)
	seen("IT", "of a country that the camera does not know", compact, false)
	seen("HU", "of a country that the camera does not know", compact, false)
	seen("EG", "with Arabic digits", arabicDigits, true)
	umlaut := func(r *record, _ vin.VIN) bool { return strings.HasPrefix(r.plate, "TÜ") }
	for _, spelling := range []string{"TU", "TUE"} {
		r := g.target(umlaut)
		g.add(observation{plate: strings.Replace(r.plate, "TÜ", spelling, 1), plateCountry: "DE"},
			Planted{What: "plate with an umlaut, as " + spelling, Want: g.wanted(r.plate)})
	}
	r := g.target(func(r *record, v vin.VIN) bool { return r.plate != "" && v.CheckRule() == vin.CheckNone })
	w := g.vehicle("DE")
	g.add(observation{vin: w.vin.String(), plate: r.plate, plateCountry: r.plateCountry, make: w.make},
		Planted{What: "plate of a listed vehicle on another one", Want: []string{r.key()}})
}

func arabicDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r - '0' + '٠'
		}
		return r
	}, s)
}

// plantOthers adds listed numbers of the other kinds.
func (g *gen) plantOthers() {
	used := map[string]bool{}
	find := func(fits func(r *record) bool) *record {
		for i := range g.records {
			if r := &g.records[i]; r.raw == "" && !used[r.key()] && fits(r) {
				used[r.key()] = true
				return r
			}
		}
		panic("sample: no record fits")
	}
	for range 2 {
		r := find(func(r *record) bool { return r.engine != "" && r.vin != "" })
		g.add(observation{engine: r.engine, make: r.make}, Planted{What: "engine", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.gearbox != "" })
		g.add(observation{gearbox: strings.ToLower(r.gearbox)}, Planted{What: "gearbox", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.part != "" })
		g.add(observation{part: r.part}, Planted{What: "part", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.hull != "" })
		g.add(observation{hull: strings.ReplaceAll(r.hull, "-", ""), typ: "boat"}, Planted{What: "hull", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.document != "" })
		g.add(observation{document: r.document, documentCountry: r.documentCountry}, Planted{What: "document", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.chassis != "" && r.typ == "agricultural" })
		g.add(observation{chassis: r.chassis, typ: r.typ}, Planted{What: "chassis number of a tractor", Want: []string{r.key()}})
		r = find(func(r *record) bool { return strings.HasPrefix(r.chassis, "9112") })
		g.add(observation{vin: strings.Repeat("0", vin.Len-len(r.chassis)) + r.chassis, modelYear: r.modelYear},
			Planted{What: "number from before 1981, filled up with zeros", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.owner != "AU" && strings.Contains(r.chassis, "-") })
		g.add(observation{chassis: r.chassis, make: r.make}, Planted{What: "Japanese frame number", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.owner != "AU" && strings.Contains(r.chassis, "-") })
		g.add(observation{vin: r.chassis, make: r.make}, Planted{What: "Japanese frame number in the field of the VIN", Want: []string{r.key()}})
		r = find(func(r *record) bool { return r.owner == "AU" && r.chassis != "" })
		g.add(observation{vin: imported(r.chassis).String()}, Planted{What: "frame number inside an Australian VIN", Want: []string{r.key()}})
		r = find(func(r *record) bool { return strings.HasPrefix(r.vin, "6U9") })
		g.add(observation{chassis: strings.TrimLeft(r.vin[3:], "0")}, Planted{What: "frame number, listed inside an Australian VIN", Want: []string{r.key()}})
	}
}

// plantClaims adds listed vehicles with papers that say something else, and
// vehicles that are not listed whose papers do not fit the number.
func (g *gen) plantClaims() {
	for range 2 {
		r := g.target(func(r *record, v vin.VIN) bool { return r.modelYear != "" && v.Decode().HasMake("Volkswagen") })
		g.add(observation{vin: clean(r.vin), make: "Toyota", modelYear: r.modelYear, colour: other(g, colours, r.colour)},
			Planted{What: "listed vin, the paper names another make", Want: g.wanted(clean(r.vin)), How: match.Exact})
		r = g.target(func(r *record, v vin.VIN) bool { return r.plate != "" })
		w := g.vehicle("FR")
		g.add(observation{vin: clean(r.vin), plate: w.plate, plateCountry: "FR", make: r.make},
			Planted{What: "listed vin under another plate", Want: g.wanted(clean(r.vin)), How: match.Exact})
		a := g.target(func(r *record, v vin.VIN) bool { return required(v) })
		b := g.target(func(r *record, v vin.VIN) bool { return r.plateCountry == "FR" })
		g.add(observation{vin: clean(a.vin), plate: b.plate, plateCountry: "FR"},
			Planted{What: "vin of one listed vehicle, plate of another", Want: []string{a.key(), b.key()}})
	}
	claim := func(what string, remark match.RemarkCode, fits func(*vehicle, vin.Info) bool, o func(*vehicle) observation) {
		for {
			w := g.vehicle("DE")
			if fits(&w, w.vin.Decode()) {
				g.add(o(&w), Planted{What: what, Remark: remark.String()})
				return
			}
		}
	}
	for range 3 {
		claim("the paper names another make", match.RemarkClaimMake,
			func(w *vehicle, i vin.Info) bool { return i.HasMake("Ford") },
			func(w *vehicle) observation { return observation{vin: w.vin.String(), make: "BMW"} })
		claim("the paper names another model year", match.RemarkClaimModelYear,
			func(w *vehicle, i vin.Info) bool { return i.YearReason == vin.YearPosition7 },
			func(w *vehicle) observation { return observation{vin: w.vin.String(), make: w.make, modelYear: "1992"} })
		claim("the paper names another country", match.RemarkClaimCountry,
			func(w *vehicle, i vin.Info) bool { return i.Country == "DE" },
			func(w *vehicle) observation { return observation{vin: w.vin.String(), make: w.make, country: "MX"} })
		claim("the paper names another type", match.RemarkClaimType,
			func(w *vehicle, i vin.Info) bool { return i.VehicleType == "Car" && required(w.vin) },
			func(w *vehicle) observation { return observation{vin: w.vin.String(), make: w.make, typ: "motorcycle"} })
	}
}

// plantMisses adds vehicles that look like listed ones, and are not.
func (g *gen) plantMisses() {
	listed := map[string]bool{}
	for i := range g.records {
		listed[clean(g.records[i].vin)] = true
	}
	for i := range 150 {
		r := &g.records[g.listed[(i*13)%len(g.listed)]]
		v, err := vin.Parse(clean(r.vin))
		if err != nil {
			continue
		}
		s, ok := sibling(v, 1+i%3)
		if !ok || listed[s.String()] {
			continue
		}
		g.add(observation{vin: s.String(), make: r.make, modelYear: r.modelYear, typ: r.typ},
			Planted{What: "sibling of a listed vehicle"})
	}
	remark := func(what string, code match.RemarkCode, change func(b *[vin.Len]byte)) {
		for {
			w := g.vehicle("US")
			b := w.vin.Bytes()
			change(&b)
			v, ok := vin.FromBytes(b)
			if ok && v != w.vin && required(w.vin) && !listed[v.String()] {
				g.add(observation{vin: v.String()}, Planted{What: what, Remark: code.String()})
				return
			}
		}
	}
	for range 8 {
		remark("check digit wrong", match.RemarkCheckMismatch, func(b *[vin.Len]byte) {
			b[8] = "0123456789X"[(strings.IndexByte("0123456789X", b[8])+1)%11]
		})
	}
	for range 4 {
		remark("maker unknown", match.RemarkUnknownWMI, func(b *[vin.Len]byte) { copy(b[:], "1Z0") })
		remark("no such model year", match.RemarkImpossibleYear, func(b *[vin.Len]byte) { b[9] = 'U' })
	}
}

// plantTrouble adds rows that can be read in part, or not at all.
func (g *gen) plantTrouble() {
	text := func(what string, code match.RemarkCode, texts ...string) {
		for _, t := range texts {
			g.add(observation{vin: t}, Planted{What: what, Remark: code.String()})
		}
	}
	v := func() string { return g.vehicle("DE").vin.String() }
	text("placeholder", match.RemarkPlaceholder, "UNKNOWN", "N/A", "11111111111111111", "00000000000000000", "XXXXXXXXXXXXXXXXX")
	text("several numbers", match.RemarkSeveral, v()+" / "+v(), v()+", "+v())
	text("part of a number", match.RemarkPartial, "PARTIAL "+v()[11:], "***********"+v()[11:], v()[:8]+"?"+v()[9:], "last 6: "+v()[11:])

	lost := match.RemarkUnreadable.String()
	g.add(observation{vin: "rusted through"}, Planted{What: "nothing legible", Remark: lost})
	g.add(observation{make: "Renault"}, Planted{What: "no number", Remark: lost})
	g.add(observation{vin: v(), lat: "north"}, Planted{What: "a cell that cannot be read", Remark: lost})
	g.add(observation{vin: v(), seenAt: "14.6.2025"}, Planted{What: "a cell that cannot be read", Remark: lost})
	g.add(observation{vin: v(), modelYear: "new"}, Planted{What: "a cell that cannot be read", Remark: lost})
	g.add(observation{vin: v()[:12] + "\xe4" + v()[13:]}, Planted{What: "not UTF-8"})
	g.add(observation{raw: "2025-06-14T12:00:00Z,\"Medyka"}, Planted{What: "a quote that is never closed", Remark: lost})
	g.add(observation{raw: "2025-06-14T12:00:00Z,Medyka,\"49.8\"N,22.93," + v()}, Planted{What: "text after a quote", Remark: lost})
	r := g.target(func(r *record, _ vin.VIN) bool { return true })
	g.add(observation{vin: clean(r.vin), make: r.make, place: "Rotterdam,\n\"Europoort\""},
		Planted{What: "listed vin, a place of two lines", Want: g.wanted(clean(r.vin)), How: match.Exact})
}
