package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"

	"github.com/vinmatch/vinmatch/vin"
)

type decodeCmd struct {
	JSON bool     `name:"json" help:"Write one JSON object a line."`
	VINs []string `arg:"" name:"vin" help:"VINs, or - for one a line on standard input."`
}

// A decoded is the JSON object of one input. Every field is always there.
type decoded struct {
	Input        string      `json:"input"`
	Valid        bool        `json:"valid"`
	Error        *wrong      `json:"error"` // null if valid
	VIN          string      `json:"vin"`
	CheckDigit   *checkDigit `json:"check_digit"` // null if not valid
	WMI          string      `json:"wmi"`
	Manufacturer string      `json:"manufacturer"`
	Makes        []string    `json:"makes"`
	Country      string      `json:"country"` // ISO 3166-1 alpha-2
	CountryName  string      `json:"country_name"`
	Legacy       string      `json:"legacy_country"` // name of the country that had the code before
	Region       string      `json:"region"`
	VehicleType  string      `json:"vehicle_type"`
	ModelYears   []int       `json:"model_years"`
	ModelYear    int         `json:"model_year"` // 0: unknown
	YearReason   string      `json:"year_reason"`
	Plant        string      `json:"plant"`
	Serial       string      `json:"serial"`
	Frame        string      `json:"frame"` // of an import from Japan, inside the VIN
	Remarks      []string    `json:"remarks"`
}

// A checkDigit compares position 9 with what the other symbols compute to. Rule
// says whether that means anything for this maker.
type checkDigit struct {
	Rule     string `json:"rule"` // required, customary or none
	Expected string `json:"expected"`
	OK       bool   `json:"ok"`
}

func (*decodeCmd) Help() string {
	return `With --json, an object an input: input, valid, error (null, or kind and
position), vin, check_digit (rule, expected, ok), wmi, manufacturer, makes,
country, country_name, legacy_country, region, vehicle_type, model_years,
model_year (0: unknown), year_reason, plant, serial, frame, remarks. What is no
VIN has an object too, and is no failure.`
}

func (c *decodeCmd) Run(a *app) error {
	enc := a.jsonLines()
	for input, err := range c.inputs(a) {
		if err != nil {
			return err
		}
		d := decode(input)
		if !c.JSON {
			d.print(a.stdout)
			continue
		}
		if err := enc.Encode(d); err != nil {
			return err
		}
	}
	return nil
}

// inputs yields the arguments, with the lines of standard input in place of -.
func (c *decodeCmd) inputs(a *app) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, arg := range c.VINs {
			if arg != "-" {
				if !yield(arg, nil) {
					return
				}
				continue
			}
			in := bufio.NewReader(a.stdin)
			for {
				line, err := in.ReadString('\n')
				if err != nil && err != io.EOF {
					yield("", err)
					return
				}
				if err == io.EOF && line == "" {
					break
				}
				line = strings.TrimSuffix(line, "\n")
				if !yield(strings.TrimSuffix(line, "\r"), nil) {
					return
				}
			}
		}
	}
}

// decode says what is known of one input.
func decode(input string) decoded {
	d := decoded{Input: input, Makes: []string{}, ModelYears: []int{}, Remarks: []string{}}
	v, err := vin.Parse(input)
	if err != nil {
		d.Error = wrongAt(err)
		return d
	}
	info := v.Decode()
	d.Valid = true
	d.VIN = v.String()
	d.CheckDigit = &checkDigit{
		Rule:     info.CheckRule.String(),
		Expected: string(v.ComputeCheckDigit()),
		OK:       v.CheckDigitOK(),
	}
	d.WMI = info.WMI.String()
	d.Manufacturer = info.Manufacturer
	d.Makes = append(d.Makes, info.Makes()...)
	d.Country, d.CountryName, d.Region = info.Country, info.CountryName, info.Region
	d.Legacy = info.LegacyCountry
	d.VehicleType = info.VehicleType
	d.ModelYears = info.AppendModelYears(d.ModelYears)
	d.ModelYear, d.YearReason = info.ModelYear, info.YearReason.String()
	if info.Plant != 0 {
		d.Plant = string(info.Plant)
	}
	d.Serial, d.Frame = info.Serial(), info.Frame()
	d.Remarks = append(d.Remarks, info.Remarks.Strings()...)
	return d
}

// print writes what is known for a person.
func (d *decoded) print(w io.Writer) {
	if !d.Valid {
		_, err := vin.Parse(d.Input)
		fmt.Fprintf(w, "%s\n  not a VIN     %v\n", printable(d.Input), err)
		return
	}
	fmt.Fprintln(w, d.VIN)
	field := func(name, format string, args ...any) {
		text := strings.TrimSpace(fmt.Sprintf(format, args...))
		if text != "" {
			fmt.Fprintf(w, "  %-13s %s\n", name, text)
		}
	}
	field("maker", "%s %s", d.WMI, cmp.Or(d.Manufacturer, "unknown"))
	field("makes", "%s", strings.Join(d.Makes, ", "))
	field("type", "%s", d.VehicleType)
	field("country", "%s %s, %s", d.Country, cmp.Or(d.CountryName, "unknown"), d.Region)
	field("before", "%s", d.Legacy)
	field("model year", "%s", d.years())
	field("plant", "%s", d.Plant)
	field("serial", "%s", d.Serial)
	field("frame", "%s", d.Frame)
	field("check digit", "%s", d.CheckDigit.text(d.VIN[8]))
	field("remarks", "%s", strings.ReplaceAll(strings.Join(d.Remarks, ", "), "_", " "))
}

// years returns the model year with the reason, or the candidates.
func (d *decoded) years() string {
	if d.ModelYear != 0 {
		return fmt.Sprintf("%d (%s)", d.ModelYear, d.YearReason)
	}
	var text []string
	for _, y := range d.ModelYears {
		text = append(text, strconv.Itoa(y))
	}
	return cmp.Or(strings.Join(text, " or "), "unknown")
}

func (c *checkDigit) text(read byte) string {
	use := map[string]string{
		"required":  "this maker must use it",
		"customary": "this maker may use it",
		"none":      "this maker does not use it",
	}[c.Rule]
	if c.OK {
		return fmt.Sprintf("%c, as computed; %s", read, use)
	}
	return fmt.Sprintf("%c, computed %s; %s", read, c.Expected, use)
}

// printable shortens text and quotes what a terminal would act on.
func printable(s string) string {
	const most = 60
	short := s
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		short = string(r[:most])
	}
	q := strconv.Quote(short)
	if q = q[1 : len(q)-1]; len(short) < len(s) {
		q += "..."
	}
	return q
}

// visible escapes what a terminal would act on, and nothing else.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
