package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

type normalizeCmd struct {
	JSON bool   `name:"json" help:"Write one JSON object a line."`
	File string `arg:"" help:"CSV with some of the columns kind, country and text, or - for standard input."`
}

// A normalized is the JSON object of one row. Every field is always there.
type normalized struct {
	Line      int    `json:"line"` // physical, the header being 1
	Kind      string `json:"kind"`
	Country   string `json:"country"` // ISO 3166-1 alpha-2 where it is known
	Text      string `json:"text"`
	Class     string `json:"class"`     // vin, partial, chassis ...; of other kinds the kind, placeholder, empty or other
	Canonical string `json:"canonical"` // a number, or the pattern of a partial VIN; "" with an error
	Edits     []edit `json:"edits"`
	Error     *wrong `json:"error"` // null if there is a canonical form

	err error
}

// An edit is something that cleaning dropped or rewrote.
type edit struct {
	Kind     string `json:"kind"`
	Position int    `json:"position"` // in Text, in characters, from 1
	Length   int    `json:"length"`   // characters; 0: something is put in
	From     string `json:"from"`
	To       string `json:"to"` // "": dropped
	Text     string `json:"text"`
}

func (*normalizeCmd) Help() string {
	return `A row is a number: text as it is written, kind (vin if absent, plate, chassis,
engine, gearbox, part, hull or document) and country (of a plate or document).

With --json, an object a row, in the order of the file: line, kind, country,
text, class, canonical, edits, error (null, or kind and position). What is part
of a VIN becomes a pattern: 4352 is *4352.`
}

func (c *normalizeCmd) Run(a *app) error {
	f, err := a.open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := sheet.OpenNumbers(f)
	if err != nil {
		return err
	}
	a.warnUnknown(c.File, rows.Unknown())
	enc := a.jsonLines()
	for row, err := range rows.All() {
		if err != nil {
			return err
		}
		n := normalize(row)
		if !c.JSON {
			n.print(a.stdout)
			continue
		}
		if err := enc.Encode(n); err != nil {
			return err
		}
	}
	return nil
}

// warnUnknown tells which columns of a sheet are not used.
func (a *app) warnUnknown(file string, columns []string) {
	if len(columns) > 0 {
		fmt.Fprintf(a.stderr, "vinmatch: %s: columns that are not used: %s\n", file, visible(strings.Join(columns, ", ")))
	}
}

// normalize cleans one row.
func normalize(row sheet.Number) *normalized {
	n := &normalized{
		Line: row.Line, Kind: strings.ToLower(row.Kind), Country: row.Country, Text: row.Text,
		Class: vin.ClassOther.String(), Edits: []edit{},
	}
	if row.Bad != nil {
		return n.fail(row.Bad, "BadRow")
	}
	if n.Kind == "" {
		n.Kind = index.KindVIN.String()
	}
	iso, known := plate.ParseCountry(row.Country)
	if known {
		n.Country = iso
	}

	var kind index.Kind
	if err := kind.UnmarshalText([]byte(n.Kind)); err != nil {
		return n.fail(err, "UnknownKind")
	}
	switch kind {
	case index.KindVIN:
		return n.vin()
	case index.KindPlate:
		n.Class = n.classUnless(kind)
		p, err := plate.Parse(iso, n.Text)
		if err != nil {
			return n.failAt(err)
		}
		n.Canonical = p.Text()
	default:
		n.Class = n.classUnless(kind)
		text, edits, err := vin.CleanText(n.Text)
		if err != nil {
			return n.failAt(err)
		}
		n.Canonical = text
		n.edited(edits)
	}
	return n
}

// vin cleans what stands for a VIN.
func (n *normalized) vin() *normalized {
	class := vin.Classify(n.Text)
	n.Class = class.String()
	switch class {
	case vin.ClassPartial:
		p, edits, err := vin.CleanPattern(n.Text)
		if err != nil {
			return n.failAt(err)
		}
		n.Canonical = p.String()
		n.edited(edits)
	case vin.ClassChassis, vin.ClassPaddedChassis:
		text, edits, err := vin.CleanText(n.Text)
		if err != nil {
			return n.failAt(err)
		}
		n.Canonical = text
		n.edited(edits)
	default:
		v, edits, err := vin.Clean(n.Text)
		if err != nil {
			return n.failAt(err)
		}
		n.Canonical = v.String()
		n.edited(edits)
	}
	return n
}

func (n *normalized) edited(edits vin.Edits) {
	for _, e := range edits {
		n.Edits = append(n.Edits, edit{
			Kind: e.Kind.String(), Position: e.Pos, Length: e.N,
			From: runeText(e.From), To: runeText(e.To), Text: e.String(),
		})
	}
}

func runeText(r rune) string {
	if r == 0 {
		return ""
	}
	return string(r)
}

// classUnless returns the class of a number of another kind than VIN: that of
// the kind, unless there is no number. NONE is a plate in some places.
func (n *normalized) classUnless(kind index.Kind) string {
	switch class := vin.Classify(n.Text); {
	case class == vin.ClassEmpty, class == vin.ClassPlaceholder && kind != index.KindPlate:
		return class.String()
	}
	return kind.String()
}

// fail ends with an error that speaks of the row as a whole.
func (n *normalized) fail(err error, kind string) *normalized {
	n.err, n.Error = err, &wrong{Kind: kind}
	return n
}

// failAt ends with an error of the library, which knows the position.
func (n *normalized) failAt(err error) *normalized {
	n.err, n.Error = err, wrongAt(err)
	return n
}

// print writes the row for a person.
func (n *normalized) print(w io.Writer) {
	fmt.Fprintf(w, "line %d: %s %s", n.Line, printable(n.Kind), printable(n.Text))
	if n.Country != "" {
		fmt.Fprintf(w, " (%s)", printable(n.Country))
	}
	if n.err != nil {
		fmt.Fprintf(w, "\n  %s: %v\n", n.Class, n.err)
		return
	}
	fmt.Fprintf(w, "\n  %s: %s\n", n.Class, n.Canonical)
	for _, e := range n.Edits {
		fmt.Fprintf(w, "  %s\n", e.Text)
	}
}
