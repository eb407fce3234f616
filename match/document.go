package match

import (
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
)

// A Document is what the paper of a vehicle says of it, and what its plates of
// type and build say that are no paper. A zero field is not said. It is checked
// against the VIN on the vehicle: a forged paper is mostly a good form with
// facts that do not fit the number.
type Document struct {
	Claim

	// Plant is the maker's symbol for the factory, one letter or digit, as
	// build plates and certificates of the maker give it.
	Plant string

	// Serial is the serial number, or its end, where it is given apart from
	// the VIN, as on old papers and on service books.
	Serial string
}

// Remarks on a document beside those on claims.
const (
	// RemarkClaimPlant: the paper gives another plant than the VIN, or the VIN
	// has none.
	RemarkClaimPlant RemarkCode = "claim_plant"

	// RemarkClaimSerial: the paper gives another serial number.
	RemarkClaimSerial RemarkCode = "claim_serial"

	// RemarkSerialForm: the VIN has letters among the last symbols, which are
	// digits by rule.
	RemarkSerialForm RemarkCode = "serial_form"
)

// Check compares the document with a VIN, and remarks on every fact that does
// not fit, in the order make, model year, country, type, form of the serial
// number, plant, serial number. Facts that fit, and those of which the VIN says
// nothing, give no remark; neither does the zero VIN. [Remark.Read] is -1.
//
//   - Make: a [Conflict] where the maker's makes are known and it is none of
//     them, a [Doubt] where only the maker is. What names no make, such as
//     UNKNOWN or OTHER, and what is in another script is not compared.
//   - Model year: a Conflict where the law demands the year code (North
//     America, China), a Doubt elsewhere; a year apart a [Note], for many papers
//     give the year of first registration.
//   - Country: a Doubt, for the maker's code is that of its seat; a Note where
//     the code has changed hands.
//   - Type: a Doubt where the maker builds no such vehicles under the code.
//   - Form of the serial number: letters where digits are the rule, which are
//     the last five of a passenger car, multipurpose vehicle or light truck of
//     North America, the last three of a small maker, and else the last four
//     (49 CFR 565.15(d)(3); ISO 3779). A Doubt where the law demands the form, a
//     Note elsewhere. A paper that says car asks for the form of cars.
//   - Plant: position 11, a Doubt where the law demands it (49 CFR
//     565.15(d)(2), GB 16735), a Note elsewhere, where the maker may use the
//     position for something else, and a Note where the number has a form
//     without plant.
//   - Serial number: a Conflict, unless one is the end of the other.
//
// A VIN that is a placeholder is remarked on as that, and not compared.
func (d *Document) Check(v vin.VIN) []Remark {
	if !v.IsValid() {
		return nil
	}
	info := v.DecodeWithYear(d.ModelYear)
	var r Result
	if info.Remarks.Has(vin.Placeholder) {
		r.remark(-1, RemarkPlaceholder, Doubt, "one symbol throughout, or digits that count up: written where the number is not known")
		return r.Remarks
	}
	r.remarkClaims(-1, &d.Claim, &info)
	r.remarkPlant(d.Plant, &info)
	r.remarkSerial(d.Serial, &info)
	return r.Remarks
}

// remarkSerialForm remarks on letters where the rules want digits.
func (r *Result) remarkSerialForm(read int, claimed index.Type, info *vin.Info) {
	serial := info.Serial()
	if len(serial) < 3 {
		return
	}
	digits := min(len(serial), 4)
	const notDigits = "ABCDEFGHJKLMNPRSTUVWXYZ"
	// The table may lack the maker, or have it as one of several kinds; that
	// the vehicle is a car, its paper knows.
	car := claimed == index.Car && len(serial) > 4 && info.CheckRule == vin.CheckRequired && info.Region == "North America"
	letters := strings.ContainsAny(serial[len(serial)-digits:], notDigits)
	if !letters && len(serial) > 4 && (car || info.Remarks.Has(vin.LetteredTail)) {
		digits = 5
		letters = strings.ContainsAny(serial[len(serial)-digits:], notDigits)
	}
	if !letters {
		return
	}
	grade, rule := Note, "ISO 3779"
	switch {
	case info.CheckRule == vin.CheckRequired && info.Region == "North America":
		grade, rule = Doubt, "49 CFR 565.15(d)(3)"
	case info.CheckRule == vin.CheckRequired:
		grade, rule = Doubt, "GB 16735"
	}
	r.remark(read, RemarkSerialForm, grade, "letters among the last %d symbols, which are digits by %s", digits, rule)
}

// remarkPlant compares the plant.
func (r *Result) remarkPlant(claimed string, info *vin.Info) {
	symbols := strings.ToUpper(strings.TrimSpace(claimed))
	switch {
	case symbols == "":
	case info.Plant == 0:
		r.remark(-1, RemarkClaimPlant, Note, "paper says plant %s, but this form of VIN has no symbol for the plant", repeated(symbols))
	case symbols != string(info.Plant):
		grade := Note
		if info.CheckRule == vin.CheckRequired {
			grade = Doubt
		}
		r.remark(-1, RemarkClaimPlant, grade, "paper says plant %s, position 11 of the VIN is %c", repeated(symbols), info.Plant)
	}
}

// remarkSerial compares the serial number.
func (r *Result) remarkSerial(claimed string, info *vin.Info) {
	text, _, err := vin.CleanText(claimed)
	text = strings.ReplaceAll(text, "-", "")
	serial := info.Serial()
	if err != nil || text == "" || strings.HasSuffix(serial, text) || strings.HasSuffix(text, serial) {
		return
	}
	// Zeros in front are filling.
	if a, b := strings.TrimLeft(text, "0"), strings.TrimLeft(serial, "0"); a == b || a != "" && strings.HasSuffix(b, a) {
		return
	}
	r.remark(-1, RemarkClaimSerial, Conflict, "paper gives another serial number than the last %d symbols of the VIN", len(serial))
}
