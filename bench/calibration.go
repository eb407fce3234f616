package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// calibrationBins is how many bins of equal counts findings are sorted into.
const calibrationBins = 10

// calibrationMisread is the share of wrong reads in the declared world.
const calibrationMisread = 0.1

var calibrationSection = section{
	name:  "calibration",
	title: "What a probability is worth",
	text: "Of all findings that claim 30 %, are three in ten the vehicle that was read? In a world of which everything is declared, one vehicle in 21 is listed, the others come from the same makers and ranges of serials, " +
		"half of all numbers have no check digit, and one read in ten is wrong: as cameras err, or with any symbol in the place of any other, which the model of errors does not expect. " +
		"One query in twenty is about a listed vehicle, or every second. The findings of 0.01 and more are sorted by what they claim into ten bins of as many each. " +
		"The same again for near findings alone, of which fewer are certain. The expected calibration error is how far claim and truth lie apart on average. The log loss is in bits a finding, beside that of saying each time how often vehicles are listed.",
	metrics: calibrationMetrics(),
	plots:   []func(*report.Report) (report.Plot, bool){reliabilityPlot},
	tables: []func(*report.Report) (report.Table, bool){
		reliabilityTable(".near", "Near findings, by bin: claimed, true"),
		reliabilityTable(".all", "All findings, by bin: claimed, true"),
	},
}

// calibrationCases are the noise and the hit rate of each group of metrics.
var calibrationCases = []struct {
	name, title string
	any         bool // any symbol in the place of any other
	hitRate     float64
	queries     int // of a full run
}{
	{"camera-5", "camera errors, 5 % listed", false, 0.05, 40_000},
	{"camera-50", "camera errors, 50 % listed", false, 0.5, 20_000},
	{"any-5", "any errors, 5 % listed", true, 0.05, 40_000},
	{"any-50", "any errors, 50 % listed", true, 0.5, 20_000},
}

func calibrationMetrics() (m []metric) {
	sharp := counts("", "", report.Share)
	sharp.better = "higher"
	for _, c := range calibrationCases {
		of := ", " + c.title
		sharp.name, sharp.title = "calibration."+c.name+".sharp", "lone misread cars that reach 0.9"+of
		m = append(m,
			counts("calibration."+c.name+".error", "expected calibration error"+of, report.Share),
			counts("calibration."+c.name+".near-error", "expected calibration error of near findings"+of, report.Share),
			counts("calibration."+c.name+".loss", "log loss"+of, report.Bits).than("base"),
			counts("calibration."+c.name+".base", "log loss of saying how often vehicles are listed"+of, report.Bits),
			sharp)
	}
	return m
}

// A declared world is one in which every figure that a probability needs is
// known.
type declared struct {
	world    *workload.World
	idx      *index.Index
	vehicles map[vin.VIN]bool // all; true: listed
}

// A claim is what one finding claims, and whether it is true.
type claim struct {
	p    float64
	true bool
	near bool // a near or repaired finding
}

// calibration compares what findings claim with what is true.
func (r *run) calibration(*register) error {
	r.say("calibration")
	listed := max(1000, 20_000/r.calibrate)
	d := &declared{world: workload.NewOf(r.rep.Seed, listed, 20*listed), vehicles: map[vin.VIN]bool{}}
	var err error
	if d.idx, err = index.Build(r.ctx, index.Options{Seed: 1}, d.world.Records()); err != nil {
		return err
	}
	defer d.idx.Close()
	for i := range 21 * listed {
		d.vehicles[d.world.VIN(i)] = i < listed
	}
	for _, c := range calibrationCases {
		misread := calibrationMisread
		if c.any {
			misread = 0
		}
		reads := d.world.Reads(c.queries/r.calibrate, vintest.Camera, misread, c.hitRate)
		if c.any {
			anySymbol(reads, r.rep.Seed, calibrationMisread)
		}
		claims, reach, err := r.claims(d, reads, c.hitRate)
		if err != nil {
			return err
		}
		near := slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return !c.near })
		if len(near) < calibrationBins {
			return fmt.Errorf("calibration.%s: %d findings, %d of them near", c.name, len(claims), len(near))
		}
		bins, off := bin(claims)
		nearBins, nearOff := bin(near)
		loss, base := logLoss(claims, c.hitRate)
		sharp := 0.0
		for _, p := range reach {
			if p >= 0.9 {
				sharp += 1 / float64(len(reach))
			}
		}
		for _, m := range []struct {
			name    string
			value   float64
			samples int
		}{{"error", off, len(claims)}, {"near-error", nearOff, len(near)}, {"loss", loss, len(claims)}, {"base", base, len(claims)}, {"sharp", sharp, max(1, len(reach))}} {
			if err := r.add("calibration."+c.name+"."+m.name, 0, []float64{m.value}, m.samples); err != nil {
				return err
			}
		}
		r.rep.Curves = append(r.rep.Curves,
			report.Curve{Name: "calibration." + c.name + ".all", Title: c.title, Samples: len(claims), Points: bins},
			report.Curve{Name: "calibration." + c.name + ".near", Title: c.title, Samples: len(near), Points: nearBins})
	}
	return nil
}

// anySymbol puts any symbol in the place of any other in a share of reads.
func anySymbol(reads []workload.Read, seed uint64, share float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range reads {
		if rng.Float64() >= share {
			continue
		}
		b := []byte(reads[i].Text)
		at := rng.IntN(len(b))
		for c := b[at]; c == b[at]; {
			b[at] = vinSymbols[rng.IntN(len(vinSymbols))]
		}
		reads[i].Text = string(b)
	}
}

// claims asks about reads. It returns what each vehicle in each answer claims
// and, of listed cars with a check digit of which one symbol was misread and no
// other vehicle is one symbol from the read, the probability that they reach.
func (r *run) claims(d *declared, reads []workload.Read, hitRate float64) (claims []claim, reach []float64, err error) {
	m := match.New(d.idx, match.Options{
		HitRate:  hitRate,
		Vehicles: float64(len(d.vehicles)),
		Misread:  map[match.Channel]float64{match.Camera: calibrationMisread},
	})
	queries := func(yield func(match.Query) bool) {
		for i := range reads {
			if !yield(vinQuery(reads[i].Text, match.Camera)) {
				return
			}
		}
	}
	i := 0
	for _, res := range m.Screen(r.ctx, queries, 0) {
		if res.Err != nil {
			return nil, nil, res.Err
		}
		is := d.world.VIN(reads[i].Vehicle)
		best := 0.0
		var before []vin.VIN
		for k := range res.Findings {
			f := &res.Findings[k]
			if slices.Contains(before, f.Record.VIN) {
				continue
			}
			before = append(before, f.Record.VIN)
			hit := f.Record.VIN == is
			if f.Probability >= match.DefaultMinProbability {
				claims = append(claims, claim{p: f.Probability, true: hit, near: f.How == match.Near || f.How == match.Repaired})
			}
			if hit {
				best = f.Probability
			}
		}
		if d.vehicles[is] && is.CheckRule() == vin.CheckRequired && is.CheckDigitOK() && d.alone(is, reads[i].Text) {
			reach = append(reach, best)
		}
		i++
	}
	return claims, reach, nil
}

// alone reports whether a text differs from a VIN in one symbol and from that of
// no other vehicle in one.
func (d *declared) alone(is vin.VIN, text string) bool {
	b := []byte(text)
	if len(b) != vin.Len {
		return false
	}
	near := 0
	for i, was := range b {
		for _, c := range []byte(vinSymbols) {
			b[i] = c
			if v, ok := vin.FromBytes([vin.Len]byte(b)); ok && c != was {
				if _, exists := d.vehicles[v]; exists {
					if v != is {
						return false
					}
					near++
				}
			}
		}
		b[i] = was
	}
	return near == 1
}

// bin sorts claims into bins of equal counts and returns of each what was claimed
// and what was true, on average, and how far these lie apart.
func bin(claims []claim) (bins [][2]float64, off float64) {
	s := slices.Clone(claims)
	slices.SortStableFunc(s, func(a, b claim) int { return cmp.Compare(a.p, b.p) })
	for b := range calibrationBins {
		part := s[b*len(s)/calibrationBins : (b+1)*len(s)/calibrationBins]
		sum, hits := 0.0, 0.0
		for _, c := range part {
			sum += c.p
			if c.true {
				hits++
			}
		}
		off += math.Abs(sum-hits) / float64(len(s))
		bins = append(bins, [2]float64{sum / float64(len(part)), hits / float64(len(part))})
	}
	return bins, off
}

// logLoss returns the bits that it takes on average to learn the truth from the
// claims, and from being told base each time.
func logLoss(claims []claim, base float64) (loss, baseLoss float64) {
	bits := func(p float64, is bool) float64 {
		if !is {
			p = 1 - p
		}
		return -math.Log2(max(p, 1e-9))
	}
	for _, c := range claims {
		loss += bits(c.p, c.true) / float64(len(claims))
		baseLoss += bits(base, c.true) / float64(len(claims))
	}
	return loss, baseLoss
}

// reliabilityPlot plots what was true against what was claimed.
func reliabilityPlot(rep *report.Report) (report.Plot, bool) {
	p := svg.LinePlot{
		Words: "Reliability: the share of near findings that were true, by the probability that they claimed",
		X:     svg.Axis{Label: "claimed", Format: percent},
		Y:     svg.Axis{Label: "true", Format: percent, Ticks: percentTicks()},
		Lines: []svg.Line{{Name: "perfect", Points: [][2]float64{{0, 0}, {1, 1}}, Bare: true}},
	}
	least, most := math.MaxInt, 0
	for _, c := range calibrationCurves(rep, ".near") {
		if len(p.Lines) < svg.Series {
			p.Lines = append(p.Lines, svg.Line{Name: c.Title, Points: c.Points})
			least, most = min(least, c.Samples), max(most, c.Samples)
		}
	}
	return report.Plot{
		Title: "Reliability",
		Caption: fmt.Sprintf("Nearer to the straight line is better. Each mark is a tenth of the near findings of a line, of which there are %s to %s.",
			report.Thousands(least), report.Thousands(most)),
		Draw: p.Draw,
	}, len(p.Lines) > 1
}

// calibrationCurves returns those whose names end so.
func calibrationCurves(rep *report.Report, end string) (curves []report.Curve) {
	for _, c := range rep.Curves {
		if strings.HasPrefix(c.Name, "calibration.") && strings.HasSuffix(c.Name, end) {
			curves = append(curves, c)
		}
	}
	return curves
}

func percent(v float64) string { return strconv.FormatFloat(math.Round(1000*v)/10, 'f', -1, 64) + " %" }

func percentTicks() (ticks []svg.Tick) {
	for i := range 6 {
		ticks = append(ticks, svg.Tick{At: float64(i) / 5, Text: percent(float64(i) / 5)})
	}
	return ticks
}

// reliabilityTable has the bins of all findings or, by the end of the names of
// their curves, of near ones in numbers.
func reliabilityTable(end, title string) func(rep *report.Report) (report.Table, bool) {
	return func(rep *report.Report) (report.Table, bool) {
		t := report.Table{Title: title, Head: []string{"bin"}, Rows: make([][]string, calibrationBins)}
		for b := range t.Rows {
			t.Rows[b] = []string{strconv.Itoa(b + 1)}
		}
		for _, c := range calibrationCurves(rep, end) {
			t.Head = append(t.Head, c.Title)
			for b, pt := range c.Points {
				t.Rows[b] = append(t.Rows[b], fmt.Sprintf("%.3f, %.3f", pt[0], pt[1]))
			}
		}
		return t, len(t.Head) > 1
	}
}
