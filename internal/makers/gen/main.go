// Command gen writes the tables of package makers from the lists beside it.
//
// wmi.csv.gz holds codes of NHTSA's vPIC and of seven public lists, each code
// in at least two of them unless vPIC has it; more.csv adds codes of one list
// that are borne out by numbers seen in use, and stands for those codes of which
// the lists have a note in place of a name. iso3780_countries.csv.gz holds
// the countries by the first two symbols, now and before reassignment.
package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"go/format"
	"index/suffixarray"
	"io"
	"log"
	"os"
	"slices"
	"strings"
)

//go:embed wmi.csv.gz more.csv iso3780_countries.csv.gz
var sources embed.FS

func main() {
	files, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

const (
	// symbols in the order of their ranks, and in the order of ISO 3780,
	// where a country's range may run from letters into digits.
	symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
	isoRow  = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"
)

// lightTrucks are the makes that build pickups and vans of 4,536 kg and less
// in North America. The others on record as truck makers there build heavy
// trucks, step vans, fire engines and terminal tractors.
var lightTrucks = strings.Split("Acura|Cadillac|Canoo|Chevrolet|Chrysler|Dodge|Fiat|Ford|"+
	"GMC|Honda|Hummer|Hyundai|Infiniti|Isuzu|Jeep|Lincoln|Lordstown|Mazda|Mercury|Mitsubishi|"+
	"Nissan|Plymouth|Ram|RIVIAN|Slate|Subaru|Suzuki|Tesla|Toyota|Volkswagen", "|")

// blueDiamond built medium trucks that carry Ford's name.
const blueDiamond = "BLUE DIAMOND TRUCK"

type maker struct {
	code, name, makes, kind string
	vpic                    bool
}

func (m maker) light() bool {
	switch m.kind {
	case "Car", "MPV":
		return true
	case "Truck":
		return len(m.code) == 3 && !strings.HasPrefix(m.name, blueDiamond) &&
			slices.ContainsFunc(strings.Split(m.makes, "|"), func(s string) bool {
				return slices.Contains(lightTrucks, s)
			})
	}
	return false
}

type country struct{ iso2, name, legacy, region string }

// generate returns the content of the generated files by name.
func generate() (map[string][]byte, error) {
	makers, err := readMakers()
	if err != nil {
		return nil, err
	}
	assigned, err := readCountries()
	if err != nil {
		return nil, err
	}
	return encode(makers, assigned)
}

// readMakers returns the makers in the order of their rows: codes of three
// symbols first, each group by rank.
func readMakers() ([]maker, error) {
	var makers []maker
	more := 0 // how many more.csv has
	for _, name := range []string{"more.csv", "wmi.csv.gz"} {
		records, err := readCSV(name)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			m := maker{code: r[0], name: r[1], makes: r[2], kind: r[4], vpic: r[5] == "vpic"}
			switch {
			case len(m.code) != 3 && (len(m.code) != 6 || m.code[2] != '9'),
				strings.Trim(m.code, symbols) != "":
				return nil, fmt.Errorf("%s: bad code %q", name, m.code)
			case len(m.name) > 0xFF || len(m.makes) > 0xFFFF:
				return nil, fmt.Errorf("%s: %s: text too long", name, m.code)
			}
			if !slices.ContainsFunc(makers[:more], func(o maker) bool { return o.code == m.code }) {
				makers = append(makers, m)
			}
		}
		more = len(makers)
	}
	// The symbols' ranks follow ASCII, so texts sort like ranks.
	slices.SortFunc(makers, func(a, b maker) int {
		if len(a.code) != len(b.code) {
			return len(a.code) - len(b.code)
		}
		return strings.Compare(a.code, b.code)
	})
	for i := 1; i < len(makers); i++ {
		if makers[i].code == makers[i-1].code {
			return nil, fmt.Errorf("%s stands twice", makers[i].code)
		}
	}
	return makers, nil
}

// readCountries returns the country of each prefix that has one.
func readCountries() (map[string]country, error) {
	records, err := readCSV("iso3780_countries.csv.gz")
	if err != nil {
		return nil, err
	}
	assigned := map[string]country{}
	for _, r := range records {
		from, to := r[0], r[1]
		c := country{iso2: r[2], name: r[3], region: r[4], legacy: r[5]}
		if r[6] == "legacy-table-only" {
			c = country{legacy: c.name, region: c.region}
		}
		first, last := strings.IndexByte(isoRow, from[1]), strings.IndexByte(isoRow, to[1])
		if from[0] != to[0] || first < 0 || last < first {
			return nil, fmt.Errorf("bad range %s-%s", from, to)
		}
		for _, second := range isoRow[first : last+1] {
			p := from[:1] + string(second)
			if _, twice := assigned[p]; twice {
				return nil, fmt.Errorf("%s stands twice", p)
			}
			assigned[p] = c
		}
	}
	return assigned, nil
}

// readCSV returns the records of a source below its header.
func readCSV(name string) ([][]string, error) {
	f, err := sources.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return records[1:], nil
}

func encode(makers []maker, assigned map[string]country) (map[string][]byte, error) {
	types := []string{""}
	var countries []country
	texts := map[string]bool{}
	for _, m := range makers {
		texts[m.name], texts[m.makes] = true, true
		if !slices.Contains(types, m.kind) {
			types = append(types, m.kind)
		}
	}
	for _, c := range assigned {
		if !slices.Contains(countries, c) {
			countries = append(countries, c)
		}
	}
	slices.Sort(types)
	slices.SortFunc(countries, func(a, b country) int {
		return slices.Compare([]string{a.iso2, a.legacy, a.region}, []string{b.iso2, b.legacy, b.region})
	})
	if len(types) > 16 || len(countries) > 0xFF {
		return nil, fmt.Errorf("%d types and %d countries do not fit", len(types), len(countries))
	}

	text, offset := pack(texts)
	var prefixes, small, rows []byte
	le := binary.LittleEndian
	for _, m := range makers {
		flags := byte(slices.Index(types, m.kind))
		if m.vpic {
			flags |= 0x10
		}
		if m.light() {
			flags |= 0x20
		}
		rows = le.AppendUint32(rows, uint32(offset[m.name])|uint32(len(m.name))<<24)
		rows = append(le.AppendUint32(rows, uint32(offset[m.makes])|uint32(len(m.makes)&0xFF)<<24),
			byte(len(m.makes)>>8), flags)
	}

	threes, _ := slices.BinarySearchFunc(makers, 6, func(m maker, n int) int { return len(m.code) - n })
	row, sixes := 0, threes
	for _, a := range symbols {
		for _, b := range symbols {
			p := string(a) + string(b)
			first, firstSmall := row, sixes
			var bits uint64
			for ; row < threes && makers[row].code[:2] == p; row++ {
				bits |= 1 << rank(makers[row].code[2])
			}
			for ; sixes < len(makers) && makers[sixes].code[:2] == p; sixes++ {
				id := makers[sixes].code[3:]
				small = le.AppendUint16(small, uint16((rank(id[0])*33+rank(id[1]))*33+rank(id[2])))
			}
			if c, ok := assigned[p]; ok {
				bits |= uint64(slices.Index(countries, c)+1) << 40
			}
			prefixes = le.AppendUint64(prefixes, bits)
			prefixes = le.AppendUint16(prefixes, uint16(first))
			prefixes = le.AppendUint16(prefixes, uint16(firstSmall-threes))
		}
	}
	prefixes = le.AppendUint64(prefixes, 0)
	prefixes = le.AppendUint16(prefixes, uint16(threes))
	prefixes = le.AppendUint16(prefixes, uint16(sixes-threes))
	if row != threes || sixes != len(makers) {
		return nil, fmt.Errorf("makers left over")
	}

	tables, err := source(types, countries)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"prefixes.bin": prefixes, "small.bin": small, "rows.bin": rows, "text.bin": text,
		"tables.go": tables,
	}, nil
}

func rank(c byte) int { return strings.IndexByte(symbols, c) }

// pack returns one text that holds all the given ones, and where.
func pack(texts map[string]bool) ([]byte, map[string]int) {
	var all []string
	for t := range texts {
		all = append(all, t)
	}
	slices.Sort(all)

	// A text goes in only if no other text holds it. NUL parts the texts.
	whole := suffixarray.New([]byte("\x00" + strings.Join(all, "\x00") + "\x00"))
	var packed []byte
	for _, t := range all {
		if len(t) > 0 && len(whole.Lookup([]byte(t), 2)) == 1 {
			packed = append(packed, t...)
		}
	}
	found := suffixarray.New(packed)
	offset := map[string]int{}
	for _, t := range all {
		if len(t) > 0 {
			offset[t] = slices.Min(found.Lookup([]byte(t), -1))
		}
	}
	return packed, offset
}

// source returns the tables that are Go.
func source(types []string, countries []country) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprint(&b, "// Code generated by go run ./gen; DO NOT EDIT.\n\npackage makers\n\n")
	fmt.Fprint(&b, "var types = [...]string{\n")
	for _, t := range types {
		fmt.Fprintf(&b, "%q,\n", t)
	}
	fmt.Fprint(&b, "}\n\nvar countries = [...]Country{\n")
	for _, c := range countries {
		fmt.Fprintf(&b, "{%q, %q, %q, %q},\n", c.iso2, c.name, c.legacy, c.region)
	}
	fmt.Fprint(&b, "}\n")
	return format.Source(b.Bytes())
}
