package match_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

// A naiveWatch keeps everything and asks the Matcher about all of it.
type naiveWatch struct {
	m    *match.Matcher
	keep time.Duration
	log  []*naiveInquiry
}

type naiveInquiry struct {
	id       string
	query    match.Query
	from     time.Time
	held     bool            // false: the Watch says that nothing can answer it
	answered map[string]bool // record and number
	told     map[string]bool // records
	unsure   map[string]bool // records told since the last commit
	findings []match.Finding // what it finds now
	asked    bool
	evicted  bool
}

// numberThatMatched names the number of a record that a finding is by. Records
// here have one number of a kind.
func numberThatMatched(f *match.Finding) string {
	s := f.Record.Owner + "/" + f.Record.ID + " "
	switch f.Kind {
	case index.KindVIN:
		return s + f.Record.VIN.String()
	case index.KindPlate:
		return s + f.Record.Plate.String()
	}
	for _, n := range f.Record.Numbers {
		if n.Kind == f.Kind {
			return s + n.Country + n.Text
		}
	}
	return s + "frame in " + f.Record.VIN.String()
}

func (n *naiveWatch) remember(id string, q match.Query, from time.Time, held bool, answer []match.Finding) {
	in := &naiveInquiry{id: id, query: q, from: from, held: held, answered: map[string]bool{}, told: map[string]bool{}, unsure: map[string]bool{}}
	in.query.Limit = 1000
	for i := range answer {
		in.answered[numberThatMatched(&answer[i])] = true
	}
	n.log = append(n.log, in)
}

func (n *naiveWatch) expire(now time.Time) {
	n.log = slices.DeleteFunc(n.log, func(in *naiveInquiry) bool { return now.Sub(in.from) >= n.keep })
}

// changed returns what is to be reported for a record, if the register is what it
// was since the last call of commit.
func (n *naiveWatch) changed(t *testing.T, r *index.Record) (reports []string) {
	for _, in := range n.log {
		record := r.Owner + "/" + r.ID
		if in.evicted || in.told[record] || in.unsure[record] {
			continue
		}
		if !in.asked {
			in.findings, in.asked = ask(t, n.m, in.query).Findings, true
		}
		for _, f := range in.findings {
			if f.Record.Owner != r.Owner || f.Record.ID != r.ID || in.answered[numberThatMatched(&f)] {
				continue
			}
			if !in.held {
				t.Fatalf("%+v: nothing can answer it, and yet it finds %+v", in.query.Reads, f)
			}
			in.unsure[record] = true
			reports = append(reports, reportText(in.id, &f))
		}
	}
	return reports
}

func reportText(id string, f *match.Finding) string {
	return fmt.Sprintf("%s: %s/%s %v %v %.6f", id, f.Record.Owner, f.Record.ID, f.Kind, f.How, f.Probability)
}

func (n *naiveWatch) commit() {
	for _, in := range n.log {
		for r := range in.unsure {
			in.told[r] = true
		}
		clear(in.unsure)
		in.asked, in.findings = false, nil
	}
}

// A watchWorld makes records that change, and reads of their numbers with errors.
type watchWorld struct {
	*rand.Rand
	vins     *vintest.Population
	plates   []plate.Plate
	versions map[string]uint64
}

const watchVehicles = 40

func newWatchWorld(seed uint64) *watchWorld {
	w := &watchWorld{
		Rand:     rand.New(rand.NewPCG(seed, 5)),
		vins:     vintest.NewPopulation(seed, vintest.DefaultMix),
		versions: map[string]uint64{},
	}
	for i := range watchVehicles {
		of := []struct{ country, text string }{
			{"DE", "TÜ-AB %03d"},
			{"", "AB%03dXY"},
			{"FR", "AB-%03d-CD"},
			{"CN", "京A1%03d"},
			{"IN", "MH 01 AB 0%03d"},
			{"BR", "ABC1%03d"},
			{"SA", "ABD %03d"},
			{"RS", "БГ %03d АБ"},
			{"MA", "1%03d|أ|6"},
			{"RU", "А%03dВС77"},
			{"", "沪B1%03d"},
			{"JP", "品川 %03d あ 12"},
		}[i%12]
		w.plates = append(w.plates, plate.MustParse(of.country, fmt.Sprintf(of.text, 100+i)))
	}
	return w
}

func (w *watchWorld) vin(i int) vin.VIN { return w.vins.At(uint64(i)) }

func (w *watchWorld) engine(i int) string { return fmt.Sprintf("CAX-A%04d", 1000+i) }

func (w *watchWorld) chassis(i int) string {
	return []string{fmt.Sprintf("JZX100-%07d", 1200+i), fmt.Sprintf("%08d", 4200110+i), fmt.Sprintf("TÜV%05d", i)}[i%3]
}

// change makes a change of some record, which may be stale.
func (w *watchWorld) change() index.Change {
	r := index.Record{Owner: []string{"FR", "DE"}[w.IntN(2)], ID: fmt.Sprint(w.IntN(watchVehicles))}
	name := r.Owner + "/" + r.ID
	r.Version = w.versions[name] + 1
	if w.IntN(10) == 0 {
		r.Version = max(r.Version, 2) - 2
	}
	if w.IntN(5) == 0 {
		return index.Change{By: r.Owner, Op: index.Withdraw, Record: r}
	}
	i := w.IntN(watchVehicles)
	if w.IntN(2) == 0 {
		fmt.Sscan(r.ID, &i) // more often than not, the numbers stay
	}
	if w.IntN(4) > 0 {
		r.VIN = w.vin(i)
	}
	if w.IntN(4) > 0 {
		r.Plate = w.plates[i]
		if w.IntN(8) == 0 {
			r.Plate = r.Plate.WithCountry("")
		}
	}
	if w.IntN(3) == 0 {
		r.Numbers = append(r.Numbers, index.Number{Kind: index.KindEngine, Text: w.engine(i)})
	}
	if w.IntN(3) == 0 {
		r.Numbers = append(r.Numbers, index.Number{Kind: index.KindChassis, Text: w.chassis(i)})
	}
	if w.IntN(3) == 0 {
		r.Numbers = append(r.Numbers, index.Number{Kind: index.KindDocument, Country: []string{"FR", "DE", ""}[w.IntN(3)], Text: fmt.Sprint("PA", 77000+i)})
	}
	r.Colour = []string{"", "red", "grey"}[w.IntN(3)]
	return index.Change{By: r.Owner, Op: index.Put, Record: r}
}

// misread makes errors in a text.
func (w *watchWorld) misread(text string, errors int) string {
	r := []rune(text)
	if w.IntN(4) == 0 {
		r = slices.Insert(r, w.IntN(len(r)), '-')
	}
	for range errors {
		letters := []rune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if w.IntN(20) == 0 {
			letters = []rune("京沪أАÄÜБ")
		}
		c := letters[w.IntN(len(letters))]
		at := w.IntN(len(r))
		switch n := w.IntN(8); {
		case n < 2:
			r[at] = c
		case n < 5: // a look-alike
			for _, pair := range strings.Fields(match.LookAlikes) {
				if i := strings.IndexRune(pair, r[at]); i >= 0 && w.IntN(2) == 0 {
					r[at] = rune(pair[1-i])
					break
				}
			}
		case n < 6 && at > 0:
			r[at-1], r[at] = r[at], r[at-1]
		case n < 7 && len(r) > 4 && w.IntN(3) == 0:
			r = r[:len(r)-2]
		case n < 7 && len(r) > 2:
			r = slices.Delete(r, at, at+1)
		default:
			r = slices.Insert(r, at, c)
		}
	}
	return string(r)
}

func (w *watchWorld) inquiry() match.Query {
	q := match.Query{Channel: match.Channel(w.IntN(4)), Limit: w.IntN(3)}
	i := w.IntN(watchVehicles + 10)
	for range 1 + w.IntN(2) {
		errors := []int{0, 0, 1, 1, 1, 2}[w.IntN(6)]
		n := index.Number{Kind: index.KindVIN, Text: w.misread(w.vin(i).String(), errors)}
		switch w.IntN(12) {
		case 0, 1, 2:
			p := w.plates[i%watchVehicles]
			n = index.Number{Kind: index.KindPlate, Country: p.Country(), Text: w.misread(p.Text(), errors)}
			if w.IntN(2) == 0 {
				n.Country = ""
			}
		case 3:
			n = index.Number{Kind: index.KindEngine, Text: w.misread(w.engine(i), errors)}
		case 4:
			n = index.Number{Kind: index.KindChassis, Text: w.misread(w.chassis(i), errors)}
		case 5:
			n = index.Number{Kind: index.KindDocument, Country: []string{"FR", ""}[w.IntN(2)], Text: w.misread(fmt.Sprint("PA", 77000+i), errors)}
		case 6:
			n.Kind = index.KindChassis
		case 7: // a frame number, or a VIN that is shorter without its zeros
			n = index.Number{Kind: index.KindVIN, Text: w.chassis(i)}
		case 8:
			n.Text = []string{"N/A", "11111111111111111", "", "??", w.vin(i).String() + " " + w.vin(i+1).String()}[w.IntN(5)]
		case 9:
			v := w.vin(i).String()
			n.Text = []string{"*" + v[11:], v[:8] + "*", v[:9] + "??" + v[11:], "last 6: " + v[11:]}[w.IntN(4)]
			if w.IntN(3) == 0 {
				p := w.plates[i%watchVehicles]
				n = index.Number{Kind: index.KindPlate, Country: p.Country(), Text: string([]rune(p.Text())[:3]) + "*"}
			}
		case 10: // of which a character may be misread too
			if w.IntN(2) == 0 {
				break
			}
			text := []rune(w.vin(i).String())
			switch w.IntN(3) {
			case 0:
				p := w.plates[i%watchVehicles]
				n.Kind, n.Country, text = index.KindPlate, p.Country(), []rune(p.Text())
			case 1:
				n.Kind, text = index.KindEngine, []rune(w.engine(i))
			}
			if w.IntN(3) > 0 {
				text[w.IntN(len(text))] = []rune("0123456789ABCDEFGH")[w.IntN(18)]
			}
			text[w.IntN(len(text))] = '?'
			n.Text = string(text)
		}
		q.Reads = append(q.Reads, match.Read{Number: n, Score: float64(w.IntN(2)) / 2})
	}
	if w.IntN(4) == 0 {
		q.Claim = match.Claim{Make: "VW", ModelYear: 2003, Colour: "red", Country: "DE", Type: index.Car}
	}
	return q
}

var watchPrograms = flag.Int("watchprograms", 2, "random programs of each kind in TestWatchOracle")

// TestWatchOracle holds a Watch to a log that keeps everything and asks the
// Matcher about all of it, over programs of inquiries, changes, time that passes
// and restarts.
func TestWatchOracle(t *testing.T) {
	programs := *watchPrograms
	if testing.Short() {
		programs = 1
	}
	total := map[string]int{}
	for program := range programs {
		for _, tt := range []struct {
			name    string
			options match.Options
			purpose int // length: long ones run out of memory
			steps   int
		}{
			{"always", match.Options{Near: match.Always, HitRate: 0.001}, 1, 100},
			{"auto", match.Options{HitRate: 0.3, Vehicles: 1e4, Misread: map[match.Channel]float64{match.Typed: 0.3, match.Camera: 0.2}}, 1, 90},
			{"never", match.Options{Near: match.Never, HitRate: 0.1}, 1, 120},
			{"memory", match.Options{Near: match.Always, HitRate: 0.1}, 30000, 130},
		} {
			seed := uint64(program)*10 + 1
			t.Run(fmt.Sprintf("%s/%d", tt.name, seed), func(t *testing.T) {
				steps := tt.steps
				if testing.Short() {
					steps /= 2
				}
				watchProgram(t, seed, tt.options, tt.purpose, steps, total)
			})
		}
	}
	t.Logf("%v", total)
	if testing.Short() {
		return
	}
	for _, what := range []string{"exact", "cleaned", "repaired", "near", "partial", "restart", "kill", "evicted", "expired", "again", "answered"} {
		if total[what] < 3 {
			t.Errorf("%d times %q: the programs are too dull to prove anything", total[what], what)
		}
	}
}

func watchProgram(t *testing.T, seed uint64, o match.Options, purpose, steps int, total map[string]int) {
	world := newWatchWorld(seed)
	idx, err := index.Build(t.Context(), index.Options{}, index.Records())
	if err != nil {
		t.Fatal(err)
	}
	defer idx.Close()
	m := match.New(idx, o)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	wo := match.WatchOptions{
		Keep: 24 * time.Hour, MaxBytes: match.MinWatchBytes,
		File: filepath.Join(t.TempDir(), "inquiries"), Now: func() time.Time { return now },
	}
	open := func() *match.Watch {
		w, err := match.NewWatch(m, wo)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open()
	defer func() { w.Close() }()
	naive := &naiveWatch{m: m, keep: wo.Keep}
	// forgotten drops what the Watch does not hold any more, the oldest first.
	forgotten := func() {
		naive.expire(now)
		s := w.Stats()
		if s.Bytes > wo.MaxBytes {
			t.Fatalf("%d bytes of memory, want at most %d", s.Bytes, wo.MaxBytes)
		}
		held := 0
		for _, in := range slices.Backward(naive.log) {
			evicted := held == s.Held
			if in.held && !evicted {
				held++
			}
			if in.held && evicted && !in.evicted {
				total["evicted"]++
			}
			in.evicted = in.held && evicted // it may come back from the file
		}
	}
	changed := func(changes []index.Change, taken []bool) {
		naive.commit()
		naive.expire(now)
		var want, got []string
		for i := range changes {
			if taken[i] {
				want = append(want, naive.changed(t, &changes[i].Record)...)
			}
		}
		before := w.Stats().Evicted
		delayed, err := w.Changed(t.Context(), changes)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range delayed {
			got = append(got, reportText(d.Inquiry.Inquirer, &d.Finding))
			total[d.Finding.How.String()]++
		}
		// To note what it tells, it may have to forget the oldest.
		gone := map[string]bool{}
		for _, in := range naive.log {
			if in.held && !in.evicted && uint64(len(gone)) < w.Stats().Evicted-before {
				gone[in.id] = true
			}
		}
		want = slices.DeleteFunc(want, func(report string) bool {
			id, _, _ := strings.Cut(report, ":")
			return gone[id] && !slices.Contains(got, report)
		})
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			id, _, _ := strings.Cut(strings.TrimSpace(slices.Concat(got, want)[0]), ":")
			for _, in := range naive.log {
				if strings.Contains(d, `"`+in.id+":") {
					t.Logf("%s: %+v", in.id, in.query)
				}
			}
			t.Fatalf("seed %d, %s: -want +got\n%s", seed, id, d)
		}
		forgotten()
	}
	remembered := w.Stats().Remembered
	for step := range steps {
		now = now.Add(time.Duration(world.IntN(40)) * time.Minute)
		switch n := world.IntN(20); {
		case n < 13:
			in := match.Inquiry{Query: world.inquiry(), Inquirer: fmt.Sprint(step), Purpose: strings.Repeat("x", purpose)}
			// Where memory runs out, what is past its time behind others counts.
			if purpose == 1 && world.IntN(4) == 0 {
				in.Time = now.Add(-time.Duration(world.IntN(30)) * time.Hour)
			}
			from := in.Time
			if from.IsZero() {
				from = now
			}
			r, err := w.Ask(t.Context(), in)
			if err != nil || r.Err != nil {
				t.Fatal(err, r.Err)
			}
			if now.Sub(from) >= wo.Keep {
				total["expired"]++
			}
			s := w.Stats()
			naive.remember(in.Inquirer, in.Query, from, s.Remembered > remembered, r.Findings)
			total["answered"] += len(r.Findings)
			remembered = s.Remembered
			forgotten()
		case n < 18:
			var changes []index.Change
			var taken []bool
			for range 1 + world.IntN(4) {
				c := world.change()
				name := c.Record.Owner + "/" + c.Record.ID
				if slices.ContainsFunc(changes, func(o index.Change) bool { return o.Record.Owner+"/"+o.Record.ID == name }) {
					continue
				}
				changes = append(changes, c)
				version, known := world.versions[name]
				taken = append(taken, c.Op == index.Put && (!known || c.Record.Version > version))
				world.versions[name] = max(version, c.Record.Version)
			}
			if _, err := idx.Apply(index.Position{}, changes); err != nil {
				t.Fatal(err)
			}
			changed(changes, taken)
		case n < 19:
			total["restart"]++
			naive.commit()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			w = open()
			remembered = w.Stats().Remembered
			forgotten()
		default:
			// Killed: what was not synced is gone, and what Changed has reported
			// since may be reported again.
			total["kill"]++
			naive.commit()
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			forgotten()
			c := world.change()
			name := c.Record.Owner + "/" + c.Record.ID
			c.Op, c.Record.Version, c.Record.VIN = index.Put, world.versions[name]+1, world.vin(world.IntN(watchVehicles))
			world.versions[name]++
			if _, err := idx.Apply(index.Position{}, []index.Change{c}); err != nil {
				t.Fatal(err)
			}
			changed([]index.Change{c}, []bool{true})
			for _, in := range naive.log {
				total["again"] += len(in.unsure)
				clear(in.unsure)
			}
			w = open() // without Close
			remembered = w.Stats().Remembered
			forgotten()
			changed([]index.Change{c}, []bool{true})
		}
	}
}
