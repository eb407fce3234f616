package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

type sightingsCmd struct {
	Channel   match.Channel `default:"typed" placeholder:"typed" help:"How the numbers were read: typed, camera, barcode or stamped. A single read by a camera counts for less."`
	Max       int           `default:"1048576" help:"How many sightings are remembered, the latest ones."`
	Speed     float64       `default:"200" help:"The speed that no vehicle keeps up, km/h over a great circle."`
	Clocks    time.Duration `default:"5m" help:"By how much two clocks may disagree."`
	Positions float64       `default:"1" help:"By how much the distance of two places may be wrong, km."`
	Replating time.Duration `default:"24h" help:"How long a vehicle is out of sight that honestly changes its plate."`
	Notes     bool          `help:"Also report what is more likely innocent."`
	JSON      bool          `name:"json" help:"Write one JSON object a report."`
	Rejects   string        `placeholder:"FILE" help:"Write what could not be read to this CSV file: line, reason, file."`
	Fail      bool          `help:"Exit with 1 if there is a report."`
	File      string        `arg:"" help:"The sightings, CSV, or - for standard input."`
}

func (*sightingsCmd) Help() string {
	return `Reports vehicles that may be clones: one VIN on two plates, one plate on two
VINs, one number in two places too far apart for the time between. What may be a
misread is not reported.

Columns, in any order: vin, plate, plate_country, seen_at, lat, lon, place, and
those of screen, which are not used. Rows stand in the order of time, more or
less. Files may be compressed with gzip.

With --json, an object a report: code (two_plates, two_vins, too_far), kind (of
the number that both have), grade (note, doubt, conflict), kilometres (null: not
known), speed (km/h; null but for too_far), text, and first and second: line,
visits, vin, plate, plate_country, seen_at, lat, lon, place.`
}

func (c *sightingsCmd) Run(a *app) (err error) {
	o, err := c.options()
	if err != nil {
		return err
	}
	rejects, err := newRejects(c.Rejects, c.File)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rejects.close(); err == nil {
			err = cerr
		}
	}()

	bar := a.newProgress("reading")
	defer bar.hide()
	f, err := bar.open(a, c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := sheet.OpenObservations(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	a.warnUnknown(c.File, rows.Unknown())

	sightings := match.NewSightings(o)
	report := c.reporter(a, bar)
	start := time.Now()
	told := 0
	for row, err := range rows.All() {
		if err == nil {
			err = a.ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		s := c.sighting(&row)
		for _, p := range row.Problems {
			rejects.add(c.File, p)
		}
		for _, suspicion := range sightings.Add(s) {
			told++
			if err := report(&suspicion); err != nil {
				return err
			}
		}
	}
	bar.hide()
	if !c.JSON {
		if err := sightingsSummary(a.stdout, sightings.Stats(), time.Since(start)); err != nil {
			return err
		}
	}
	rejects.warn(a, c.Rejects)
	if c.Fail && told > 0 {
		return errFound
	}
	return nil
}

// options returns the options of the library, in which zero is a default.
func (c *sightingsCmd) options() (match.SightingsOptions, error) {
	switch {
	case c.Max < 1 || c.Max > match.MaxSightings:
		return match.SightingsOptions{}, fmt.Errorf("--max is not between 1 and %d", match.MaxSightings)
	case !(c.Speed > 0) || math.IsInf(c.Speed, 0):
		return match.SightingsOptions{}, fmt.Errorf("--speed is not a speed")
	case !(c.Positions >= 0) || math.IsInf(c.Positions, 0):
		return match.SightingsOptions{}, fmt.Errorf("--positions is not a distance")
	case c.Clocks < 0 || c.Replating < 0:
		return match.SightingsOptions{}, fmt.Errorf("--clocks or --replating is negative")
	}
	o := match.SightingsOptions{
		Max: c.Max, MaxSpeed: c.Speed, ClockError: c.Clocks, PositionError: c.Positions,
		Replating: c.Replating, Notes: c.Notes,
	}
	if o.ClockError == 0 {
		o.ClockError = -1
	}
	if o.PositionError == 0 {
		o.PositionError = -1
	}
	if o.Replating == 0 {
		o.Replating = time.Nanosecond
	}
	return o, nil
}

// sighting returns a row as a sighting. A number that cannot be made out counts
// as not read, and is a problem unless it says that there is none.
func (c *sightingsCmd) sighting(o *sheet.Observation) match.Sighting {
	s := match.Sighting{
		Time: o.SeenAt, Lat: o.Lat, Lon: o.Lon, Channel: c.Channel, Place: o.Place, Ref: uint64(o.Line),
	}
	problem := func(column string, reason string) {
		o.Problems = append(o.Problems, sheet.Problem{Line: o.Line, Column: column, Reason: reason})
	}
	for _, r := range o.Query.Reads {
		switch r.Kind {
		case index.KindVIN:
			v, _, err := vin.Clean(r.Text)
			class := vin.Classify(r.Text)
			switch {
			case err == nil:
				s.VIN = v
			case class != vin.ClassPlaceholder && class != vin.ClassEmpty:
				problem("vin", "not a whole VIN")
			}
		case index.KindPlate:
			p, err := plate.Parse(r.Country, r.Text)
			switch {
			case strings.ContainsAny(r.Text, "?*？＊"):
				problem("plate", "not a whole plate")
			case err == nil:
				s.Plate = p
			default:
				problem("plate", "not a plate")
			}
		}
	}
	return s
}

// reporter returns what writes a suspicion.
func (c *sightingsCmd) reporter(a *app, bar *progress) func(*match.Suspicion) error {
	if c.JSON {
		enc := a.jsonLines()
		return func(s *match.Suspicion) error { return enc.Encode(suspicionJSON(s)) }
	}
	return func(s *match.Suspicion) error {
		bar.hide()
		fmt.Fprintf(a.stdout, "%s, %s\n", strings.ReplaceAll(s.Code.String(), "_", " "), s.Grade)
		for i, seen := range []*match.Sighting{&s.First, &s.Second} {
			fmt.Fprintf(a.stdout, "  line %-7d %s%s%s\n", seen.Ref, numbersSeen(seen), whenSeen(seen), visits(s.Visits[i]))
		}
		wrap(a.stdout, "       ", strings.Split(s.Text, "; "))
		if b, ok := a.stdout.(*bufio.Writer); ok {
			return b.Flush() // a report is shown when it is made
		}
		return nil
	}
}

// numbers returns what was read. Whoever runs the command holds the sightings,
// so numbers are shown whole.
func numbersSeen(s *match.Sighting) string {
	var words []string
	if s.VIN.IsValid() {
		words = append(words, s.VIN.String())
	}
	if s.Plate.IsValid() {
		words = append(words, s.Plate.String())
	}
	return strings.Join(words, " ")
}

func whenSeen(s *match.Sighting) string {
	text := ""
	if !s.Time.IsZero() {
		text = ", " + s.Time.Format("2006-01-02 15:04:05")
	}
	if s.Place != "" {
		text += ", " + printable(s.Place)
	}
	return text
}

func visits(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d visits)", n)
}

// A suspected is the JSON object of one report.
type suspected struct {
	Code       string   `json:"code"`
	Kind       string   `json:"kind"`
	Grade      string   `json:"grade"`
	Kilometres *float64 `json:"kilometres"`
	Speed      *float64 `json:"speed"`
	Text       string   `json:"text"`
	First      seen     `json:"first"`
	Second     seen     `json:"second"`
}

type seen struct {
	Line         uint64   `json:"line"` // physical, the header being 1
	Visits       int      `json:"visits"`
	VIN          string   `json:"vin"`
	Plate        string   `json:"plate"`
	PlateCountry string   `json:"plate_country"`
	SeenAt       string   `json:"seen_at"` // UTC; "": not known
	Lat          *float64 `json:"lat"`
	Lon          *float64 `json:"lon"`
	Place        string   `json:"place"`
}

func suspicionJSON(s *match.Suspicion) *suspected {
	j := &suspected{
		Code: s.Code.String(), Kind: s.Kind.String(), Grade: s.Grade.String(), Text: s.Text,
		First: seenJSON(&s.First, s.Visits[0]), Second: seenJSON(&s.Second, s.Visits[1]),
	}
	if km, ok := s.First.Distance(&s.Second); ok {
		j.Kilometres = new(math.Round(km*10) / 10)
	}
	if s.Code == match.TooFar && !math.IsInf(s.Speed, 0) {
		j.Speed = new(math.Round(s.Speed))
	}
	return j
}

func seenJSON(s *match.Sighting, visits int) seen {
	j := seen{
		Line: s.Ref, Visits: visits, VIN: s.VIN.String(),
		Plate: s.Plate.Text(), PlateCountry: s.Plate.Country(), Place: s.Place,
	}
	if !s.Time.IsZero() {
		j.SeenAt = s.Time.Format(time.RFC3339Nano)
	}
	if !math.IsNaN(s.Lat) {
		j.Lat, j.Lon = new(s.Lat), new(s.Lon)
	}
	return j
}

// sightingsSummary ends the table.
func sightingsSummary(w io.Writer, s match.SightingsStats, took time.Duration) error {
	_, err := fmt.Fprintf(w, `
sightings     %7d in %v (%d remembered: %d VINs, %d plates)
conflicts     %7d
doubts        %7d
notes         %7d
per second    %7.0f
`, s.Added, took.Round(time.Millisecond), s.Held, s.VINs, s.Plates,
		s.Conflicts, s.Doubts, s.Notes, float64(s.Added)/max(took.Seconds(), 1e-6))
	return err
}
