package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vinmatch/vinmatch/match"
)

// metrics are counted for Prometheus. Labels name routes, codes and kinds of
// answers: neither callers nor anything that was asked.
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	observed prometheus.Counter
	findings *prometheus.CounterVec
	changes  prometheus.Counter
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vinmatch_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vinmatch_request_seconds", Help: "How long requests took.",
			Buckets: []float64{1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, .1, .25, .5, 1, 5, 30},
		}, []string{"route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vinmatch_refused_total", Help: "Requests that were refused, by the code of the error.",
		}, []string{"code"}),
		observed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vinmatch_observations_total", Help: "Queries that were answered.",
		}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vinmatch_findings_total", Help: "Findings by how they matched and their verdict.",
		}, []string{"how", "verdict"}),
		changes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vinmatch_changes_total", Help: "Changes that were stored.",
		}),
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(m.requests, m.seconds, m.refused, m.observed, m.findings, m.changes,
		newRegisterCollector(s), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) serve(_ *call, w http.ResponseWriter, r *http.Request) error {
	m.handler.ServeHTTP(w, r)
	return nil
}

// A routeTimes times the requests of a route.
type routeTimes struct {
	m       *metrics
	route   string
	seconds prometheus.Observer
	codes   sync.Map // of int to prometheus.Counter: looking labels up takes longer
}

func (m *metrics) times(route string) *routeTimes {
	return &routeTimes{m: m, route: route, seconds: m.seconds.WithLabelValues(route)}
}

func (t *routeTimes) done(status int, took time.Duration) {
	t.seconds.Observe(took.Seconds())
	c, ok := t.codes.Load(status)
	if !ok {
		c, _ = t.codes.LoadOrStore(status, t.m.requests.WithLabelValues(t.route, codeText(status)))
	}
	c.(prometheus.Counter).Inc()
}

// observe counts an answer.
func (m *metrics) observe(res *match.Result) {
	m.observed.Inc()
	for i := range res.Findings {
		f := &res.Findings[i]
		m.findings.WithLabelValues(f.How.String(), f.Verdict.String()).Inc()
	}
}

// A registerCollector describes the register and the replica when it is asked.
type registerCollector struct {
	s                                                              *Server
	records, changes, memory, seq, behind, age, fresh, anew, audit *prometheus.Desc
	writable                                                       *prometheus.Desc

	streams, waiting, watched, watchBytes, watchBehind, watchUp, reports *prometheus.Desc
	remembered, forgotten, reported, watchAnew                           *prometheus.Desc
}

func newRegisterCollector(s *Server) *registerCollector {
	d := func(name, help string) *prometheus.Desc { return prometheus.NewDesc("vinmatch_"+name, help, nil, nil) }
	return &registerCollector{
		s:       s,
		records: d("register_records", "Records on the register."),
		changes: d("register_changes", "Changes that wait for compaction."),
		memory:  d("register_bytes", "Memory of the register."),
		seq:     d("replica_seq", "Entry of the change log that was applied last."),
		behind:  d("replica_behind_entries", "Entries that the change log had more, when it was asked last."),
		age:     d("replica_age_seconds", "How long ago the register had all that the change log had; -1: never yet."),
		fresh:   d("replica_fresh", "1 if the register is fresh."),
		anew:    d("replica_starts_anew_total", "Times the register was taken from a snapshot, in the place of what the log does not have."),
		audit:   d("audit_lines_total", "Lines of the audit log."),

		writable: d("log_writable", "0 if the last change could not be stored in the change log."),

		streams:     d("streams", "Streams that are being answered."),
		waiting:     d("waiting", "Clients that wait for reports."),
		watched:     d("watch_inquiries", "Inquiries that are remembered."),
		watchBytes:  d("watch_bytes", "Memory of the inquiries."),
		watchBehind: d("watch_behind_entries", "Entries of the change log that the register has, and that were not looked at yet for inquiries."),
		watchUp:     d("watch_up", "1 if inquiries can be remembered."),
		reports:     d("watch_reports", "Reports that are kept."),
		remembered:  d("watch_remembered_total", "Inquiries that were remembered."),
		forgotten:   d("watch_forgotten_total", "Inquiries that were forgotten before their time, for want of memory."),
		reported:    d("watch_reports_total", "Reports that were made."),
		watchAnew:   d("watch_looked_at_all_total", "Times that every record was looked at, in the place of what the log does not have."),
	}
}

// Describe implements prometheus.Collector.
func (c *registerCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *registerCollector) Collect(ch chan<- prometheus.Metric) {
	st, x := c.s.o.Replica.Status(), c.s.o.Replica.Index().Stats()
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(c.records, float64(x.Records))
	gauge(c.changes, float64(x.Changes))
	gauge(c.memory, float64(x.Memory.Total()))
	gauge(c.seq, float64(st.Position.Seq))
	gauge(c.behind, float64(st.Behind()))
	age := -1.0
	if !st.AsOf.IsZero() {
		age = st.Age().Seconds()
	}
	gauge(c.age, age)
	fresh := 0.0
	if st.Fresh {
		fresh = 1
	}
	gauge(c.fresh, fresh)
	writable := 1.0
	if c.s.unwritable.Load() {
		writable = 0
	}
	gauge(c.writable, writable)
	counter := func(d *prometheus.Desc, v uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	counter(c.anew, st.StartsAnew)
	counter(c.audit, c.s.o.Audit.Head().Seq)
	gauge(c.streams, float64(len(c.s.streams)))
	gauge(c.waiting, float64(len(c.s.waits)))
	if c.s.o.Delayed == nil {
		return
	}
	w := c.s.o.Delayed.Stats()
	gauge(c.watched, float64(w.Held))
	gauge(c.watchBytes, float64(w.Bytes))
	behind := uint64(0)
	if w.Position.Lineage == st.Position.Lineage {
		behind = st.Position.Seq - min(w.Position.Seq, st.Position.Seq)
	}
	gauge(c.watchBehind, float64(behind))
	up := 1.0
	if c.s.o.Delayed.Err() != nil {
		up = 0
	}
	gauge(c.watchUp, up)
	gauge(c.reports, float64(w.Kept))
	counter(c.remembered, w.Remembered)
	counter(c.forgotten, w.Evicted)
	counter(c.reported, w.Made)
	counter(c.watchAnew, w.Anew)
}
