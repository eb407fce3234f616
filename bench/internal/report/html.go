package report

import (
	_ "embed"
	"html/template"
	"io"
)

// The widths that plots are drawn for: of the page, and of a telephone.
const (
	wide   = 860
	narrow = 350
)

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("page").Parse(page))

type htmlSection struct {
	Section
	Figures table
	More    []table
	Drawn   []drawn
}

type drawn struct {
	Plot
	Wide, Narrow template.HTML
}

// WriteHTML writes the report as one page that needs nothing else: no script, no
// font, no image and no style from anywhere.
func (d *Document) WriteHTML(w io.Writer) error {
	var sections []htmlSection
	for _, s := range d.Sections {
		h := htmlSection{Section: s, Figures: d.figures(s.Name), More: d.more(&s)}
		if len(h.Figures.Rows) == 0 {
			continue
		}
		for _, p := range s.Plots {
			// Package svg escapes what it is given.
			h.Drawn = append(h.Drawn, drawn{p, template.HTML(p.Draw(wide)), template.HTML(p.Draw(narrow))})
		}
		sections = append(sections, h)
	}
	return pageTemplate.Execute(w, map[string]any{
		"Title":    d.Title,
		"Headline": d.headline(),
		"Verdict":  d.Verdict(),
		"Summary":  d.summary(),
		"Sections": sections,
		"Method":   d.Method,
		"Noise":    d.noise(),
		"Machine":  d.Machine.String(),
		"Details":  d.Machine.details(),
		"Seconds":  d.Seconds,
		"Seed":     d.Seed,
	})
}
