package main

import (
	"io"
	"os"
	"time"

	"github.com/cheggaaa/pb/v3"
	"github.com/mattn/go-isatty"
)

// A progress shows on standard error how far a file is read, where that is a
// terminal. The nil progress shows nothing. It draws only while the file is
// read, on the goroutine that reads, so that it never cuts into other output.
type progress struct {
	bar   *pb.ProgressBar
	out   *os.File
	drawn time.Time
	shown bool
}

// newProgress returns the progress of a task, nil where nobody watches.
func (a *app) newProgress(task string) *progress {
	f, ok := a.stderr.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return nil
	}
	bar := pb.New64(0).SetWriter(f).Set("prefix", task).Set(pb.Bytes, true).Set(pb.Static, true)
	return &progress{bar: bar.SetTemplate(pb.Full).Start(), out: f, drawn: time.Now()}
}

// open opens a file whose reading p shows.
func (p *progress) open(a *app, name string) (io.ReadCloser, error) {
	f, err := a.open(name)
	if err != nil || p == nil {
		return f, err
	}
	if f, ok := f.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			p.bar.SetTotal(st.Size())
		}
	}
	return &watched{f, p}, nil
}

// next shows what is done after the file was read, for which there is no measure.
func (p *progress) next(task string) {
	if p != nil {
		p.hide()
		io.WriteString(p.out, task+" ...")
		p.shown = true
	}
}

// hide takes the bar off the screen until it moves on.
func (p *progress) hide() {
	if p != nil && p.shown {
		io.WriteString(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// watched moves a bar on as it is read.
type watched struct {
	io.ReadCloser
	progress *progress
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	p := w.progress
	p.bar.Add(n)
	if time.Since(p.drawn) > 200*time.Millisecond {
		p.bar.Write()
		p.drawn, p.shown = time.Now(), true
	}
	return n, err
}
