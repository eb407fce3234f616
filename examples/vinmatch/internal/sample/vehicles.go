package sample

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// lastYear is the last model year on the road on the day of the sample.
const lastYear = 2025

// A vehicle is one of the world's.
type vehicle struct {
	vin                 vin.VIN
	plate, plateCountry string
	make, typ, colour   string
	modelYear           int
	engine              string
	country             string // where it was made
}

// vehicle returns a vehicle of the world that was not returned before. It is
// registered in the country, or near it.
func (g *gen) vehicle(country string) vehicle {
	v := g.world.At(g.used)
	g.used++
	info := v.Decode()
	w := vehicle{
		vin:          v,
		plate:        g.plate(country),
		plateCountry: country,
		make:         info.Manufacturer,
		typ:          "car",
		colour:       pick(g, colours),
		modelYear:    info.ModelYear,
		engine:       g.fill(pick(g, engines)),
		country:      info.Country,
	}
	if makes := info.Makes(); len(makes) > 0 {
		w.make = makes[0]
	}
	switch info.VehicleType {
	case "Truck", "Bus", "Motorcycle", "Trailer":
		w.typ = strings.ToLower(info.VehicleType)
	}
	for _, y := range info.ModelYears() {
		if info.ModelYear == 0 && y <= lastYear {
			w.modelYear = y
		}
	}
	return w
}

// year returns the model year as a cell.
func (w *vehicle) year() string {
	if w.modelYear == 0 {
		return ""
	}
	return strconv.Itoa(w.modelYear)
}

// fill replaces the marks of a pattern: # a digit, @ a Latin letter, ж and ω a
// Cyrillic and a Greek letter with a Latin twin.
func (g *gen) fill(pattern string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return '0' + rune(g.rand.IntN(10))
		case '@':
			return pick(g, []rune("ABCDEFGHJKLMNPRSTVWXYZ"))
		case 'ж':
			return pick(g, []rune("АВЕКМНОРСТУХ"))
		case 'ω':
			return pick(g, []rune("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"))
		}
		return r
	}, pattern)
}

// plate returns a plate of a country as it is written there. No two plates
// have the same text, so that one is never found for another.
func (g *gen) plate(country string) string {
	for {
		s := g.fill(pick(g, plates[country]))
		if p := plate.MustParse(country, s); g.isNew(p.Text()) {
			return s
		}
	}
}

// isNew reports whether a text was not seen before, and notes it.
func (g *gen) isNew(text string) bool {
	seen := g.seen[text]
	g.seen[text] = true
	return !seen
}

// plates are common forms of the countries' plates.
var plates = map[string][]string{
	"AE": {"Dubai @ #####"},
	"AR": {"@@ ### @@"},
	"AT": {"W-#####@"},
	"BE": {"1-@@@-###"},
	"BG": {"CA #### AB", "PB #### KT"},
	"BR": {"@@@#@##"},
	"CH": {"ZH ######", "GE ######"},
	"CN": {"京A·#####", "粤B·#####", "沪C·#@###"},
	"CZ": {"#A# ####"},
	"DE": {"B-@@ ####", "M-@@ ###", "HH-@ ####", "TÜ-@@ ###", "LÖ-@ ###"},
	"EG": {"ا ب ج ####", "س ق م ###"},
	"ES": {"#### BCD", "#### KLM"},
	"FR": {"@@-###-@@"},
	"GB": {"@@## @@@"},
	"GE": {"@@-###-@@"},
	"GR": {"ωωω-####"},
	"HU": {"AA @@-###"},
	"IL": {"##-###-##"},
	"IN": {"MH ## @@ ####", "DL #C @@ ####"},
	"IR": {"## ب ### ##"},
	"IT": {"@@ ### @@"},
	"JP": {"品川 500 さ ##-##", "横浜 330 な ##-##"},
	"KR": {"##가 ####", "###나 ####"},
	"LT": {"@@@ ###"},
	"MA": {"##### ب 6"},
	"MX": {"@@@-###-@"},
	"NL": {"##-@@@-#", "@-###-@@"},
	"PL": {"WA #####", "KR #@###"},
	"PT": {"##-@@-##"},
	"RO": {"B ### @@@"},
	"RS": {"BG ###-@@", "NS ###-@@"},
	"RU": {"ж###жж 77", "ж###жж 178"},
	"SE": {"@@@ ##@"},
	"TH": {"#กก ####"},
	"TR": {"34 @@@ ##", "06 @@ ####"},
	"UA": {"жж #### жж"},
	"US": {"@@@ ####", "#@@@###"},
	"ZA": {"CA ###-###", "@@ ## @@ GP"},
}

// issuers are the countries that list vehicles and where the traffic is from,
// the common ones several times.
var issuers = strings.Fields(`
	DE DE DE FR FR FR IT IT IT GB GB ES ES PL PL NL NL BE RO BG BG GR TR TR UA
	RU RS HU CZ AT CH SE PT LT GE JP KR CN TH IN IL IR EG MA ZA BR AR MX US US AE`)

var (
	colours  = strings.Fields("white black grey silver blue red green brown beige yellow orange")
	statuses = strings.Fields("stolen stolen stolen stolen stolen stolen wanted recovered suspicious")
	engines  = []string{"K9K ######", "CAXA ######", "N47D20A ########", "M271 ###########", "4G63-##@###", "D4CB #@######"}
)

// tagLists are what owners say of a case beyond the columns.
var tagLists = []string{"", "", "", "", "", "carjacking", "rental", "keyless", "export", "keyless;export", "port"}

// places are where the day's observations were made.
var places = []struct{ name, lat, lon string }{
	{"Kapitan Andreevo", "41.7173", "26.3197"},
	{"Calais, port", "50.9678", "1.8623"},
	{"Dover, port", "51.1254", "1.3337"},
	{"Antwerp, quay 1742", "51.2990", "4.2830"},
	{"Zeebrugge, RoRo terminal", "51.3330", "3.2070"},
	{"Rotterdam, Europoort", "51.9500", "4.1400"},
	{"Medyka", "49.8034", "22.9300"},
	{"Terespol", "52.0750", "23.6170"},
	{"Algeciras, port", "36.1280", "-5.4390"},
	{"Tanger Med", "35.8900", "-5.5000"},
	{"Trieste, port", "45.6480", "13.7560"},
	{"Bari, port", "41.1370", "16.8660"},
	{"Piraeus, car terminal", "37.9540", "23.6060"},
	{"Batrovci", "45.0470", "19.1100"},
	{"Nadlac II", "46.1500", "20.7340"},
	{"Sarpi", "41.5210", "41.5480"},
	{"Mombasa, port", "-4.0430", "39.6530"},
	{"Durban, car terminal", "-29.8770", "31.0260"},
	{"Laredo, World Trade Bridge", "27.5970", "-99.5350"},
	{"Santos, port", "-23.9600", "-46.3000"},
}

// frame returns the frame number of a Japanese domestic vehicle.
func (g *gen) frame() string {
	types := strings.Fields("JZX100 AE86 GX110 PV35 BNR34 ZN6 S15 NHW20 GDB FD3S")
	for {
		s := pick(g, types) + "-" + g.fill(pick(g, []string{"#######", "######"}))
		if g.isNew(s) {
			return s
		}
	}
}

// imported returns the VIN that Australia gave to an import from Japan: the
// frame number without its dash behind zeros (facts: 6U9).
func imported(frame string) vin.VIN {
	frame = strings.Replace(frame, "-", "", 1)
	return vin.MustParse("6U9" + strings.Repeat("0", vin.Len-3-len(frame)) + frame)
}

// hull returns a hull identification number: country, builder, serial, month
// and year of building, model year.
func (g *gen) hull() string {
	return g.fill(pick(g, []string{"FR-BEN", "IT-AZI", "GB-FLN", "US-YAM", "NL-LIN"}) + "#####" +
		pick(g, strings.Fields("A3 C4 E5 G6 K8 L9")) + fmt.Sprintf("%02d", 10+g.rand.IntN(15)))
}

// sibling returns the number that the maker gave to the vehicle built n after
// v, or before.
func sibling(v vin.VIN, n int) (vin.VIN, bool) {
	b := v.Bytes()
	serial, err := strconv.Atoi(string(b[vin.Len-4:]))
	if serial += n; err != nil || serial < 0 || serial > 9999 {
		return vin.VIN{}, false
	}
	copy(b[vin.Len-4:], fmt.Sprintf("%04d", serial))
	w, ok := vin.FromBytes(b)
	if ok && v.CheckDigitOK() {
		b[8] = w.ComputeCheckDigit()
		w, ok = vin.FromBytes(b)
	}
	return w, ok
}
