package main

import (
	"runtime"

	"github.com/vinmatch/vinmatch/bench/internal/report"
	"github.com/vinmatch/vinmatch/bench/internal/svg"
)

var memorySection = section{
	name:  "memory",
	title: "Memory",
	text: "Bytes for each record, counted on the heap after a collection. Records of the library have all attributes, an ID of ten bytes, and every second one a plate; " +
		"the map holds a VIN and a number for each, the plain scan a VIN. So what is compared is the first row: what the library needs to look up one number, without the records.",
	metrics: []metric{
		counts("memory.lookup.index", "memory to look up a number: key and hash table", report.BytesPerNumber).than("map", "scan"),
		counts("memory.lookup.map", "memory to look up a VIN", report.BytesPerNumber).of(report.Map),
		counts("memory.lookup.scan", "memory to look up a VIN", report.BytesPerNumber).of(report.Scan),
		counts("memory.part.keys", "memory of a record: keys", report.BytesPerRecord),
		counts("memory.part.table", "memory of a record: hash table", report.BytesPerRecord),
		counts("memory.part.columns", "memory of a record: attributes", report.BytesPerRecord),
		counts("memory.part.texts", "memory of a record: ID, plate and numbers as given", report.BytesPerRecord),
		counts("memory.part.filters", "memory of a record: filters", report.BytesPerRecord),
		counts("memory.part.partial", "memory of a record: directories for partial numbers", report.BytesPerRecord),
		counts("memory.whole.index", "memory of a record: all", report.BytesPerRecord),
		counts("memory.whole.heap", "memory of a record, as the heap grew", report.BytesPerRecord),
		counts("memory.whole.file", "a record in a snapshot", report.BytesPerRecord),
		counts("memory.change.index", "memory of a change that waits for compaction", report.Bytes),
	},
	plots: []func(*report.Report) (report.Plot, bool){memoryPlot},
}

// heap returns the bytes on the heap that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and cleanups let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// memory counts what the index and the map take; heapIndex and heapMap are by how
// much they made the heap grow.
func (r *run) memory(reg *register, heapIndex, heapMap int64) error {
	s := reg.idx.Stats()
	for _, m := range []struct {
		name  string
		bytes int64
		each  int
	}{
		{"memory.lookup.index", s.Memory.Keys + s.Memory.Table, s.Keys},
		{"memory.lookup.map", heapMap, len(reg.m)},
		{"memory.lookup.scan", 16 * int64(r.size), r.size},
		{"memory.part.keys", s.Memory.Keys, s.Records},
		{"memory.part.table", s.Memory.Table, s.Records},
		{"memory.part.columns", s.Memory.Columns, s.Records},
		{"memory.part.texts", s.Memory.Texts, s.Records},
		{"memory.part.filters", s.Memory.Filters, s.Records},
		{"memory.part.partial", s.Memory.Partial, s.Records},
		{"memory.whole.index", s.Memory.Total(), s.Records},
		{"memory.whole.heap", heapIndex, s.Records},
	} {
		if err := r.add(m.name, r.size, []float64{float64(m.bytes) / float64(m.each)}, m.each); err != nil {
			return err
		}
	}
	return nil
}

// memoryPlot plots the bytes of a record by what they are for.
func memoryPlot(rep *report.Report) (report.Plot, bool) {
	value := func(name string) float64 {
		if m := rep.Metric(name, rep.Records); m != nil {
			return m.Value
		}
		return 0
	}
	const key = 16 // bytes
	p := svg.BarPlot{
		Words: "Bytes for each record, by what they are for",
		X:     svg.Axis{Label: "bytes", Format: report.BytesPerRecord.Tick},
		Parts: []string{"keys", "hash table", "attributes", "texts", "filters", "partial numbers"},
	}
	all := svg.Bar{Label: "vinmatch, whole records"}
	for _, part := range []string{"keys", "table", "columns", "texts", "filters", "partial"} {
		all.Values = append(all.Values, value("memory.part."+part))
	}
	// Of one number instead of one record, which has several.
	perNumber := value("memory.lookup.index") / (all.Values[0] + all.Values[1])
	p.Bars = []svg.Bar{
		all,
		{Label: "vinmatch, one number", Values: []float64{perNumber * all.Values[0], perNumber * all.Values[1]}},
		{Label: "built-in map, one number", Values: []float64{key, value("memory.lookup.map") - key}},
		{Label: "sorted VINs, one number", Values: []float64{key}},
	}
	return report.Plot{
		Title:   "Bytes for each record, and for each number that is looked up",
		Caption: "Shorter is better. A record here has more than one number: half of them have a plate.",
		Draw:    p.Draw,
	}, value("memory.whole.index") > 0
}
