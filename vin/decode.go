package vin

import (
	"iter"
	"log/slog"
	"strings"

	"github.com/vinmatch/vinmatch/internal/makers"
	"github.com/vinmatch/vinmatch/internal/sixbit"
)

// Info is what a VIN says of its vehicle. It is a value without pointers into
// anything but constant text, and comparable; the zero Info is that of the
// zero VIN.
//
// Everything in it is advice: makers deviate from the standards, and the table
// of makers is not complete. See [Info.Remarks] for what speaks against a
// number.
type Info struct {
	// WMI is the code under which the maker was found, or the first three
	// symbols where it was not.
	WMI Code
	// Manufacturer is the maker's name as the table has it; "" if not known.
	Manufacturer string
	// VehicleType is Bus, Car, Incomplete, LSV (low speed), MPV (multipurpose),
	// Motorcycle, OffRoad, Trailer or Truck, as the maker told NHTSA; "" where
	// the table does not say.
	VehicleType string

	// Country is where the first two symbols belong now, as ISO 3166-1 alpha-2;
	// "" where they are not assigned. It is the country of the maker's code and
	// need not be the country of the factory.
	Country     string
	CountryName string
	// LegacyCountry is the name of the country that held the first two symbols
	// before they were reassigned or withdrawn; "" for most.
	LegacyCountry string
	Region        string // Africa, Asia, Europe, North America, Oceania, South America

	// CheckRule says whether position 9 is a check digit: see [VIN.CheckRule].
	CheckRule CheckRule

	// ModelYear is the preferred candidate of [Info.ModelYears]; 0 where none
	// is to be preferred, for which YearReason is [YearUnknown].
	ModelYear  int
	YearReason YearReason

	// Plant is the maker's own symbol for the factory; 0 where the number has
	// none. Only North America demands it.
	Plant byte

	Remarks Remarks

	vin    VIN
	makes  string   // parted by '|'
	years  [2]int16 // candidates, ascending; zero: none
	frame  int8     // position where an embedded frame number begins; 0: none
	serial int8     // position where the serial number begins
}

// Remarks is a set of remarks on a number. None makes it invalid.
type Remarks uint32

const (
	// CheckMismatch: a check digit is required and does not compute.
	CheckMismatch Remarks = 1 << iota
	// NoCheckSymbol: a check digit is required and position 9 is none of 0 to
	// 9 and X. CheckMismatch stands beside it.
	NoCheckSymbol
	// ImpossibleYear: a year code is required and position 10 is none.
	ImpossibleYear
	// NoYearCode: no law demands a year code, and position 10 holds none or the
	// number is of a form that uses it for something else, in which case
	// [Info.ModelYears] is no more than arithmetic. So it is of an UnknownWMI.
	NoYearCode
	// UnknownWMI: the maker's code is not in the table.
	UnknownWMI
	// UnknownCountry: the first two symbols belong to no country now.
	UnknownCountry
	// ReassignedCountry: the first two symbols belonged to another country
	// before, [Info.LegacyCountry].
	ReassignedCountry
	// LetteredTail: letters among the last symbols that are digits by rule:
	// the last four (ISO 3779), five on cars, multipurpose vehicles and light
	// trucks of North America (49 CFR 565.15(d)(3)), three of a small maker.
	LetteredTail
	// Placeholder: one symbol 17 times, or digits that count up. Numbers of
	// both kinds can pass the check sum.
	Placeholder
	// ZeroPadded: two or more zeros in front, which no maker has: a shorter
	// number from before 1981, filled up.
	ZeroPadded
	// EmbeddedFrame: the number was given to an import and holds its frame
	// number, [Info.Frame].
	EmbeddedFrame
)

var remarkNames = [...]string{
	"check_mismatch", "no_check_symbol", "impossible_year", "no_year_code", "unknown_wmi",
	"unknown_country", "reassigned_country", "lettered_tail", "placeholder", "zero_padded",
	"embedded_frame",
}

// Has reports whether r holds any remark of q.
func (r Remarks) Has(q Remarks) bool { return r&q != 0 }

// All yields the remarks one by one, in the order of their constants.
func (r Remarks) All() iter.Seq[Remarks] {
	return func(yield func(Remarks) bool) {
		for ; r != 0; r &= r - 1 {
			if !yield(r & -r) {
				return
			}
		}
	}
}

// Strings returns the names of the remarks, which stay: "check_mismatch" and
// so on. It allocates unless r is empty.
func (r Remarks) Strings() []string {
	var s []string
	for i, name := range remarkNames {
		if r&(1<<i) != 0 {
			s = append(s, name)
		}
	}
	return s
}

// String returns the names of the remarks with spaces between them.
func (r Remarks) String() string { return strings.Join(r.Strings(), " ") }

// CheckRule says whether v's maker uses a check digit. By the first symbol it
// is required for 1 to 5 and 7 (49 CFR 565.15(c); MVSS 115 of Canada; Mexico
// follows them) and for L (GB 16735 of China). It is customary for 7A to 7E,
// which were New Zealand's, and for makers elsewhere that have told NHTSA of
// the code and so build for North America. None is used where position 9 holds
// no check symbol or the number has a form of other markets: ZZZ at positions
// 4 to 6, or a type number of six digits in its middle.
//
// It does not allocate.
func (v VIN) CheckRule() CheckRule {
	if v.hi == 0 {
		return CheckNone
	}
	b := v.Bytes()
	m, _, _ := findMaker(&b)
	return checkRule(&b, &m)
}

func checkRule(b *[Len]byte, m *makers.Maker) CheckRule {
	switch {
	case b[0] == 'L' || northAmerica(b):
		return CheckRequired
	case !m.NorthAmerica && !wasNewZealand(b),
		!CanBeCheckDigit(b[8]), string(b[3:6]) == "ZZZ", yearless(b):
		return CheckNone
	}
	return CheckCustomary
}

// northAmerica reports whether the number is of the part of the world that
// follows 49 CFR 565.
func northAmerica(b *[Len]byte) bool {
	return '1' <= b[0] && b[0] <= '5' || b[0] == '7' && !wasNewZealand(b)
}

func wasNewZealand(b *[Len]byte) bool { return b[0] == '7' && 'A' <= b[1] && b[1] <= 'E' }

// Decode returns what v says of its vehicle. It reads no clock and no file, so
// that the answer depends on v and the version of this package only. It does
// not allocate. The zero VIN gives the zero Info.
func (v VIN) Decode() Info { return v.DecodeWithYear(0) }

// DecodeWithYear is [VIN.Decode] with the model year that a paper reports,
// which chooses among the candidates where position 7 does not. A year that is
// no candidate, such as 0, changes nothing.
func (v VIN) DecodeWithYear(reported int) Info {
	if v.hi == 0 {
		return Info{}
	}
	b := v.Bytes()
	m, code, known := findMaker(&b)
	c, _ := makers.CountryOf(b[0], b[1])
	rule := checkRule(&b, &m)
	info := Info{
		WMI:           code,
		Manufacturer:  m.Name,
		VehicleType:   m.Type,
		Country:       c.ISO2,
		CountryName:   c.Name,
		LegacyCountry: c.Legacy,
		Region:        c.Region,
		CheckRule:     rule,
		Plant:         b[10],
		vin:           v,
		makes:         m.Makes,
		frame:         frameStart(&b),
		serial:        12,
	}
	if b[2] == smallMark && info.frame == 0 {
		info.serial = 15
	}

	required, ok := rule == CheckRequired, v.CheckDigitOK()
	year := yearPosition(&b, rule == CheckCustomary && ok)
	if year == 11 || info.frame != 0 || longSerial(&b) || zeroPadded(&b) {
		info.Plant = 0
	}
	if info.frame == 0 {
		info.years = years(b[year-1])
	}
	noCode := info.years[0] == 0
	if !noCode && codesYear(&b, known, required) {
		info.ModelYear, info.YearReason = chooseYear(info.years, &b, position7Tells(&b, &m), reported)
	}

	remark := func(r Remarks, when bool) {
		if when {
			info.Remarks |= r
		}
	}
	remark(CheckMismatch, required && !ok)
	remark(NoCheckSymbol, required && !CanBeCheckDigit(b[8]))
	remark(ImpossibleYear, required && noCode)
	remark(NoYearCode, !required && (noCode || yearless(&b)))
	remark(UnknownWMI, !known)
	remark(UnknownCountry, c.ISO2 == "")
	remark(ReassignedCountry, c.Legacy != "")
	remark(LetteredTail, !digitsOnly(b[Len-tailDigits(&b, &m):]))
	remark(Placeholder, placeholder(&b))
	remark(ZeroPadded, zeroPadded(&b))
	remark(EmbeddedFrame, info.frame != 0)
	return info
}

// tailDigits returns how many symbols at the end are digits by rule.
func tailDigits(b *[Len]byte, m *makers.Maker) int {
	switch {
	case b[2] == smallMark:
		return 3
	case position7Tells(b, m):
		return 5
	}
	return 4
}

// frameStart returns the position where the frame number of an import begins,
// or 0. Australia gave 6U9, zeros to fill, and the frame number without its
// dash: 6U9 0000 PV35400637 was PV35-400637. New Zealand did the like under
// 7A8 until 2009; its later 7AT, and some of 7A8, hold a code of the make
// behind a single zero and only the end of the frame number.
func frameStart(b *[Len]byte) int8 {
	zeros := 0
	for zeros < Len-4 && b[3+zeros] == '0' {
		zeros++
	}
	start := 3 + zeros // as an index
	switch string(b[:3]) {
	case "6U9":
		if zeros < 1 {
			return 0
		}
	case "7A8":
		if zeros < 2 {
			return 0
		}
	default:
		return 0
	}
	// A Japanese frame number is a type that begins with a letter, and a
	// serial number.
	const shortest = 6
	if start > Len-shortest || isDigit(b[start]) || !digitsOnly(b[Len-4:]) {
		return 0
	}
	return int8(start + 1)
}

func zeroPadded(b *[Len]byte) bool {
	return b[0] == '0' && b[1] == '0' && !placeholder(b)
}

func placeholder(b *[Len]byte) bool {
	same, counts := true, true
	for i := 1; i < Len && (same || counts); i++ {
		same = same && b[i] == b[0]
		counts = counts && isDigit(b[i]) && (b[i] == b[i-1]+1 || b[i] == '0' && b[i-1] == '9')
	}
	return same || counts
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digitsOnly(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// Makes returns the makes that the manufacturer sells under this code; none
// where the table does not say.
func (i Info) Makes() []string {
	if i.makes == "" {
		return nil
	}
	return strings.Split(i.makes, "|")
}

// HasMake reports whether name is one of [Info.Makes] or the manufacturer's
// name, in either case. It does not allocate.
func (i Info) HasMake(name string) bool {
	if name == "" {
		return false
	}
	if strings.EqualFold(name, i.Manufacturer) {
		return true
	}
	for m := range strings.SplitSeq(i.makes, "|") {
		if strings.EqualFold(name, m) {
			return true
		}
	}
	return false
}

// ModelYears returns the model years that the year code can stand for,
// ascending: two, one, or none. Where Remarks has [NoYearCode] it stands for
// something else, and for what nobody knows under an [UnknownWMI] outside North
// America and China: the years then speak neither for nor against a claim.
func (i Info) ModelYears() []int { return i.AppendModelYears(nil) }

// AppendModelYears appends [Info.ModelYears] to dst.
func (i Info) AppendModelYears(dst []int) []int {
	for _, y := range i.years {
		if y != 0 {
			dst = append(dst, int(y))
		}
	}
	return dst
}

// Serial returns the serial number: positions 12 to 17, of a small maker 15 to
// 17.
func (i Info) Serial() string { return i.tail(i.serial) }

// Frame returns the frame number of an import from Japan that stands inside
// the VIN it was given in Australia or New Zealand, without the dash, whose
// place the VIN does not tell; "" for any other number. [VIN.Frame] returns the
// same.
func (i Info) Frame() string { return i.tail(i.frame) }

// Frame returns the frame number inside the VIN of an import from Japan, as
// [Info.Frame] does, without decoding the rest. It allocates only what it
// returns.
func (v VIN) Frame() string {
	// What begins otherwise is not looked at.
	const six, seven = '6' - sixbit.Offset, '7' - sixbit.Offset
	if first := v.hi >> 42; first != six && first != seven {
		return ""
	}
	b := v.Bytes()
	start := frameStart(&b)
	if start == 0 {
		return ""
	}
	return string(b[start-1:])
}

// LogValue implements [slog.LogValuer] without the VIN, its serial number and
// its frame number.
func (i Info) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("wmi", i.WMI.String()),
		slog.String("manufacturer", i.Manufacturer),
		slog.String("country", i.Country),
		slog.Int("model_year", i.ModelYear),
		slog.String("remarks", i.Remarks.String()),
	)
}

func (i Info) tail(pos int8) string {
	if pos == 0 {
		return ""
	}
	b := i.vin.Bytes()
	return string(b[pos-1:])
}
