package match

import (
	"cmp"
	"math"
	"slices"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// find makes the hits of one query its findings: one a record, best first.
//
// Each record is a hypothesis: that its vehicle is the one that was read. Its
// odds against that no listed vehicle was are the product of the odds of before
// (how often a query concerns one certain listed vehicle) and, for each kind of
// number that was read, of how much more likely the read is if this vehicle was
// read than if some unlisted one was. Records of one vehicle share the odds of
// the best of them, and vehicles compete: the probability of each is its odds
// over one and the sum of all.
func (w *worker) find(spans []span, q *Query, r *Result) {
	w.model(q)
	slices.SortFunc(w.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.key, b.key))
	})
	w.judges = w.judges[:0]
	for first := 0; first < len(w.hits); {
		end := first + 1
		for end < len(w.hits) && w.hits[end].row == w.hits[first].row {
			end++
		}
		j := judge{worker: w, query: q, record: w.view.Record(w.hits[first].row)}
		for _, h := range w.hits[first:end] {
			s := spans[h.span]
			switch {
			case h.near != nil:
				s.partial = h.near
				j.add(&s, index.Key{})
			case h.key < 0:
				j.add(&s, index.Key{})
			default:
				j.add(&s, w.keys[h.key])
			}
		}
		if w.matcher.o.Near != Never {
			j.addNear()
		}
		if j.sumUp(math.Log2(w.priorOdds())) {
			w.judges = append(w.judges, j)
		}
		first = end
	}
	w.compete()

	o := &w.matcher.o
	r.Findings = r.Findings[:0]
	for i := range w.judges {
		f := w.judges[i].finding
		near := f.How == Near || f.How == Repaired
		if !near || o.Near != Auto || f.Probability >= o.MinProbability {
			r.Findings = append(r.Findings, f)
		}
	}
	clear(w.judges)
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Probability, a.Probability),
			cmp.Compare(a.Record.Owner, b.Record.Owner),
			cmp.Compare(a.Record.ID, b.Record.ID),
		)
	})
	if len(r.Findings) == 0 {
		r.Findings = nil
	}
}

// limit leaves off what a query does not want.
func limit(q *Query, r *Result) {
	most := q.Limit
	if most <= 0 {
		most = DefaultLimit
	}
	if more := len(r.Findings) - most; more > 0 {
		r.remark(-1, RemarkMore, Note, "%d more records match, none of them better", more)
		r.Findings = slices.Clip(r.Findings[:most])
	}
}

// vehicles returns how many vehicles there are, listed or not.
func (w *worker) vehicles() float64 {
	return max(w.matcher.o.Vehicles, 2*float64(w.view.Len()))
}

// unlisted returns how many vehicles there are that are not listed.
func (w *worker) unlisted() float64 { return w.vehicles() - float64(w.view.Len()) }

// hitRate returns the share of queries that are taken to be about a listed
// vehicle, of a register of so many records: that of the options or its default.
func (o Options) hitRate(records int) float64 {
	if o.HitRate > 0 && o.HitRate < 1 {
		return o.HitRate
	}
	return DefaultHitRate(records)
}

// priorOdds returns the odds that a query concerns one certain listed vehicle,
// against none of them.
func (w *worker) priorOdds() float64 {
	h := w.matcher.o.hitRate(w.view.Len())
	return h / (1 - h) / float64(max(w.view.Len(), 1))
}

// A vehicle is what records of one vehicle have in common: a VIN that is no
// placeholder or, without one, a plate; the place of the record where it has
// neither.
type vehicle struct {
	vin   vin.VIN
	plate plate.Plate
	alone int
}

// compete turns the odds of the judges' records into probabilities.
func (w *worker) compete() {
	at := make(map[vehicle]int, len(w.judges)) // into best
	var best []float64                         // odds, as binary logarithms
	for i := range w.judges {
		j := &w.judges[i]
		switch {
		case j.record.VIN.IsValid() && !j.record.VIN.Decode().Remarks.Has(vin.Placeholder):
			j.vehicle.vin = j.record.VIN
		case j.record.Plate.IsValid():
			j.vehicle.plate = j.record.Plate
		default:
			j.vehicle.alone = i + 1
		}
		if n, ok := at[j.vehicle]; ok {
			best[n] = max(best[n], j.odds)
		} else {
			at[j.vehicle] = len(best)
			best = append(best, j.odds)
		}
	}
	total := 0.0
	for _, b := range best {
		total += math.Exp2(b)
	}
	for i := range w.judges {
		j := &w.judges[i]
		own := at[j.vehicle]
		b := best[own]
		odds := math.Exp2(b)
		rivals := total - odds
		if odds > total/2 { // where the difference would be of nothing but rounding
			rivals = 0
			for n, o := range best {
				if n != own {
					rivals += math.Exp2(o)
				}
			}
		}
		if b > j.odds {
			j.say(Evidence{
				Code: EvidenceSameVehicle, Weight: b - j.odds,
				Text: "another record of the same vehicle explains the read better",
			})
		}
		if rivals > 0 {
			j.say(Evidence{
				Code: EvidenceRivals, Weight: -math.Log2(1 + rivals),
				Text: "other listed vehicles may have been read so as well",
			})
		}
		j.finding.Probability = odds / (1 + odds + rivals)
		j.verdict()
	}
}

// verdict decides what the finding is called.
func (j *judge) verdict() {
	f := &j.finding
	near := f.How == Near || f.How == Repaired
	switch bg := &j.background; {
	case f.Probability >= 0.5:
		f.Verdict = Probable
	case near && bg.right >= bg.wrong && bg.right >= siblingFrom:
		f.Verdict = Sibling
	default:
		f.Verdict = Possible
	}
}

// siblingFrom is the probability from which the number as it was read is taken
// to be that of a vehicle of its own.
const siblingFrom = 0.01
