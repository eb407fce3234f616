// Command huracan screens four million observations against 7.4 million records,
// as INTERPOL's Operation Huracan ran whole national registers against its
// database, and prints what that takes and what it finds.
//
//	go run ./bench/huracan                       # needs 3 GB of memory
//	go run ./bench/huracan -records 1M -observations 500k
//	go run ./bench/huracan -cpuprofile cpu.prof  # of the screening alone
//
// The numbers are those of package workload: half of them without check digits,
// and those that are not listed from the same makers and ranges as those that
// are. The world has a thousand million vehicles, of which the register says
// little; in a smaller one (-world) more searches are left out, because a number
// whose neighbours are listed very likely exists. Of the observations, which are
// typed, three in a hundred are misread, and one in six thousand is of a listed
// vehicle, as it was then. That share and the size of the world are what the
// matcher is told; it searches for misread numbers where it finds that worth
// while ([match.Auto]).
//
// A sample of the observations is then asked once more with [match.Always], in
// turns with Auto. What Always would take and add for all of them is extrapolated
// from there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/vinmatch/vinmatch/bench/internal/measure"
	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/workload"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/match"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/vintest"
)

const (
	misread = 0.03
	listed  = 650. / 4_000_000 // matches of searches, in 2007

	mostSampled = 100_000 // observations that are asked with Always too
	sampleTurns = 5
)

func main() {
	records, observations := report.Number(7_400_000), report.Number(4_000_000)
	flag.Var(&records, "records", "`records` in the register")
	flag.Var(&observations, "observations", "`observations` that are screened")
	world := report.Number(workload.MaxVehicles)
	flag.Var(&world, "world", "`vehicles` in the world, listed or not, as many as records and observations at least")
	seed := flag.Uint64("seed", 1, "seed of vehicles and observations")
	profile := flag.String("cpuprofile", "", "write a profile of the screening to this `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := &run{ctx: ctx, out: os.Stdout, profile: *profile, seed: *seed, hitRate: listed}
	if err := r.do(int(records), int(observations), int(world)); err != nil {
		fmt.Fprintln(os.Stderr, "huracan:", err)
		stop()
		os.Exit(1)
	}
}

type run struct {
	ctx     context.Context
	out     io.Writer
	profile string
	seed    uint64
	hitRate float64

	vehicles int
	world    *workload.World
	reads    []workload.Read
	queries  []match.Query
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// do runs the whole operation.
func (r *run) do(records, observations, vehicles int) error {
	if max(records, observations) > workload.MaxListed {
		return fmt.Errorf("at most %s records and observations", report.Short(workload.MaxListed))
	}
	if vehicles < records+observations || vehicles > workload.MaxVehicles {
		return errors.New("-world: more vehicles than there are, or fewer than are listed and observed")
	}
	r.say("%s, %s", report.ThisMachine(), r.date())
	start := time.Now()
	r.vehicles = vehicles
	r.world = workload.NewOf(r.seed, records, vehicles-records)
	idx, err := index.Build(r.ctx, index.Options{Seed: 1}, r.world.Records())
	if err != nil {
		return err
	}
	defer idx.Close()
	m := match.New(idx, r.options(match.Auto))
	r.say("%s records of %s vehicles, built and counted in %v", report.Thousands(records), report.Thousands(vehicles), seconds(start))

	r.observe(observations)
	runtime.GC() // what building left behind

	stop, err := r.record()
	if err != nil {
		return err
	}
	start = time.Now()
	before, _ := processorTime()
	found, err := r.screen(m, slices.Values(r.queries), true)
	took := time.Since(start)
	after, told := processorTime()
	stop()
	if err != nil {
		return err
	}
	r.say("screened in %.1f s on %d processors: %s observations a second, %s each",
		took.Seconds(), runtime.GOMAXPROCS(0),
		report.Thousands(int(float64(observations)/took.Seconds())), report.Nanoseconds.Format(float64(took.Nanoseconds())/float64(observations)))
	if told {
		r.say("processors worked for %.1f s of that", (after - before).Seconds())
	}
	r.say("near searches: one error %s (%s), of those two errors %s; left out %s",
		report.Thousands(found.once), share(found.once, observations), report.Thousands(found.twice), report.Thousands(observations-found.once))
	r.say("listed vehicles observed: %s, found %s; of them misread %s, found %s",
		report.Thousands(found.listed), report.Thousands(found.right), report.Thousands(found.listedMisread), report.Thousands(found.rightMisread))
	r.say("findings: %s; of other vehicles than the one observed %s, of those more likely than not %s",
		report.Thousands(found.findings), report.Thousands(found.wrong), report.Thousands(found.alarms))
	return r.always(idx, m)
}

func (r *run) date() string { return time.Now().UTC().Format("2 January 2006") }

func seconds(start time.Time) time.Duration { return time.Since(start).Round(10 * time.Millisecond) }

func share(n, of int) string { return report.Share.Format(float64(n) / float64(max(of, 1))) }

// observe makes the observations.
func (r *run) observe(n int) {
	r.reads = r.world.Reads(n, vintest.Typed, misread, r.hitRate)
	r.queries = make([]match.Query, n)
	wrong, computes := 0, 0
	for i := range r.reads {
		number := index.Number{Kind: index.KindVIN, Text: r.reads[i].Text}
		r.queries[i] = match.Query{Channel: match.Typed, Reads: []match.Read{{Number: number}}}
		if r.reads[i].Slip.Kind != vintest.Correct {
			wrong++
		}
		if r.world.VIN(r.reads[i].Vehicle).CheckDigitOK() {
			computes++
		}
	}
	r.say("%s observations, %s misread; the check digit of %s computes",
		report.Thousands(n), share(wrong, n), share(computes, n))
}

// record starts the profile, if there is to be one.
func (r *run) record() (stop func(), err error) {
	if r.profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(r.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

// A tally is what a screening found.
type tally struct {
	once, twice                 int // near searches
	listed, right               int // observed vehicles that are listed, and those that were found
	listedMisread, rightMisread int
	findings                    int
	wrong, alarms               int // findings of another vehicle than the one observed, and those of 0.5 or more
}

// screen asks queries and tallies their answers. With truth, query i is
// observation i, and findings are compared with the vehicle that was observed.
func (r *run) screen(m *match.Matcher, queries func(func(match.Query) bool), truth bool) (t tally, err error) {
	i := 0
	for _, res := range m.Screen(r.ctx, queries, 0) {
		if res.Err != nil {
			return t, res.Err
		}
		if res.Search&match.SearchedOnce != 0 {
			t.once++
		}
		if res.Search&match.SearchedTwice != 0 {
			t.twice++
		}
		t.findings += len(res.Findings)
		if truth {
			r.compare(&t, &r.reads[i], res.Findings)
		}
		i++
	}
	return t, nil
}

// compare tallies findings by what is true.
func (r *run) compare(t *tally, read *workload.Read, findings []match.Finding) {
	var is vin.VIN
	if read.Vehicle < r.world.Listed() {
		is = r.world.VIN(read.Vehicle)
		t.listed++
		if read.Slip.Kind != vintest.Correct {
			t.listedMisread++
		}
	}
	for i := range findings {
		if f := &findings[i]; f.Record.VIN != is {
			t.wrong++
			if f.Probability >= 0.5 {
				t.alarms++
			}
			continue
		}
		t.right++
		if read.Slip.Kind != vintest.Correct {
			t.rightMisread++
		}
	}
}

// options are what the matcher is told of the world.
func (r *run) options(near match.NearMode) match.Options {
	return match.Options{HitRate: r.hitRate, Vehicles: float64(r.vehicles), Near: near}
}

// always asks a sample of the observations with [match.Always] and, for what that
// adds, with Auto once more.
func (r *run) always(idx *index.Index, auto *match.Matcher) error {
	every := max(1, len(r.queries)/mostSampled)
	var sample []match.Query
	for i := 0; i < len(r.queries); i += every {
		sample = append(sample, r.queries[i])
	}
	always := match.New(idx, r.options(match.Always))
	var tallies [2]tally
	side := func(at int, m *match.Matcher) measure.Side {
		return measure.Side{Name: "screen", Ops: len(sample), Turn: func() (err error) {
			tallies[at], err = r.screen(m, slices.Values(sample), false)
			return err
		}}
	}
	times, err := measure.Rounds(measure.Limits{Min: sampleTurns, Max: sampleTurns}, side(0, auto), side(1, always))
	if err != nil {
		return err
	}
	each := [2]float64{measure.Median(times[0].Rounds), measure.Median(times[1].Rounds)}
	scale := float64(len(r.queries)) / float64(len(sample))
	all := func(n int) string { return report.Thousands(int(scale * float64(n))) }
	r.say("of a sample of %s observations, extrapolated to all:", report.Thousands(len(sample)))
	r.say("  Auto   %s, %s near searches, %s findings",
		report.Nanoseconds.Format(each[0]*float64(len(r.queries))), all(tallies[0].once), all(tallies[0].findings))
	r.say("  Always %s, %s near searches, %s findings, %s",
		report.Nanoseconds.Format(each[1]*float64(len(r.queries))), all(tallies[1].once), all(tallies[1].findings), report.Times(each[1]/each[0])+" the time")
	added, best, err := r.added(auto, always, sample)
	if err != nil {
		return err
	}
	r.say("  Always would have added %s findings, none of them above %.2g", all(added), best)
	return nil
}

// added returns how many findings Always has that Auto has not, and the greatest
// probability among them.
func (r *run) added(auto, always *match.Matcher, sample []match.Query) (n int, best float64, err error) {
	var had []map[string]bool
	for _, res := range auto.Screen(r.ctx, slices.Values(sample), 0) {
		if res.Err != nil {
			return 0, 0, res.Err
		}
		ids := map[string]bool{}
		for i := range res.Findings {
			ids[id(&res.Findings[i])] = true
		}
		had = append(had, ids)
	}
	i := 0
	for _, res := range always.Screen(r.ctx, slices.Values(sample), 0) {
		if res.Err != nil {
			return 0, 0, res.Err
		}
		for k := range res.Findings {
			if f := &res.Findings[k]; !had[i][id(f)] {
				n++
				best = max(best, f.Probability)
			}
		}
		i++
	}
	return n, best, nil
}

func id(f *match.Finding) string { return f.Record.Owner + "/" + f.Record.ID }
