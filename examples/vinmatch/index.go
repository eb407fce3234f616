package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/vinmatch/vinmatch/index"
)

// indexCmd is the commands on snapshots.
type indexCmd struct {
	Build  buildCmd  `cmd:"" help:"Make a snapshot of a register, which opens in a moment."`
	Verify verifyCmd `cmd:"" help:"Check a snapshot, every byte of it."`
	Stats  statsCmd  `cmd:"" help:"Say what a snapshot holds."`
}

type buildCmd struct {
	Register string `required:"" placeholder:"R.csv" help:"The register of wanted vehicles, CSV, or - for standard input."`
	Out      string `required:"" placeholder:"FILE" help:"The snapshot to write. A file of this name is replaced when the new one is whole."`
	Rejects  string `placeholder:"FILE" help:"Write what could not be read to this CSV file: line, reason, file."`
	JSON     bool   `name:"json" help:"Write what the snapshot holds as a JSON object."`
}

func (*buildCmd) Help() string {
	return "The columns of the register are those that screen reads: see vinmatch screen --help."
}

func (c *buildCmd) Run(a *app) (err error) {
	if isSameFile(c.Out, c.Register) {
		return fmt.Errorf("--out %s would overwrite the register", c.Out)
	}
	rejects, err := newRejects(c.Rejects, c.Register, c.Out)
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
	idx, err := build(a, c.Register, bar, rejects)
	if err != nil {
		return err
	}
	defer idx.Close()
	bar.next("saving")
	if err := idx.Save(c.Out); err != nil {
		return err
	}
	bar.hide()
	rejects.warn(a, c.Rejects)
	return a.holds(c.Out, idx, c.JSON)
}

type verifyCmd struct {
	JSON bool   `name:"json" help:"Write a JSON object: file, ok, and what is wrong."`
	File string `arg:"" help:"The snapshot."`
}

func (*verifyCmd) Help() string {
	return `Exits with 0 where the snapshot is whole, and with 2 where it is damaged or
cannot be read.`
}

// A verified is what verify says of a snapshot.
type verified struct {
	File    string `json:"file"`
	OK      bool   `json:"ok"`
	Error   string `json:"error"`   // what kind of thing is wrong
	Section string `json:"section"` // of the file, where one is to blame
	Reason  string `json:"reason"`
}

func (c *verifyCmd) Run(a *app) error {
	err := index.Verify(c.File)
	switch {
	case c.JSON:
		v := verified{File: c.File, OK: err == nil}
		var bad *index.SnapshotError
		if errors.As(err, &bad) {
			v.Error, v.Section, v.Reason = bad.Err.Error(), bad.Section, bad.Reason
		} else if err != nil {
			v.Error, v.Reason = "unreadable", err.Error()
		}
		err = errors.Join(err, a.jsonLines().Encode(&v))
	case err == nil:
		_, err = fmt.Fprintf(a.stdout, "%s: whole\n", c.File)
	}
	return err
}

type statsCmd struct {
	JSON bool   `name:"json" help:"Write a JSON object."`
	File string `arg:"" help:"The snapshot."`
}

func (c *statsCmd) Run(a *app) error {
	idx, err := index.Open(c.File, index.Options{})
	if err != nil {
		return err
	}
	defer idx.Close()
	return a.holds(c.File, idx, c.JSON)
}

// A holding is what a snapshot holds.
type holding struct {
	File       string   `json:"file"`
	Bytes      int64    `json:"bytes"`
	Records    int      `json:"records"`
	WithVIN    int      `json:"with_vin"`
	Numbers    int      `json:"numbers"`
	Owners     int      `json:"owners"`
	Withdrawn  int      `json:"withdrawn"` // that are remembered
	Superseded int      `json:"superseded"`
	Refused    int      `json:"refused"`
	Unkeyed    int      `json:"unkeyed"`
	Memory     int64    `json:"memory"`
	Position   position `json:"position"`
}

type position struct {
	Log string `json:"log"` // hexadecimal; "": none
	Seq uint64 `json:"seq"`
}

// holds writes what the snapshot of an index holds.
func (a *app) holds(file string, idx *index.Index, asJSON bool) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	st, at := idx.Stats(), idx.View().Position()
	h := holding{
		File: file, Bytes: info.Size(),
		Records: st.Records, WithVIN: st.WithVIN, Numbers: st.Keys, Owners: st.Owners, Withdrawn: st.Tombstones,
		Superseded: st.Superseded, Refused: st.Refused, Unkeyed: st.Unkeyed,
		Memory: st.Memory.Total(), Position: position{Seq: at.Seq},
	}
	if at.Lineage != ([16]byte{}) {
		h.Position.Log = hex.EncodeToString(at.Lineage[:])
	}
	if asJSON {
		return a.jsonLines().Encode(&h)
	}
	return h.table(a.stdout)
}

// table writes what a snapshot holds for a person.
func (h *holding) table(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(name string, n int64, remark string) { fmt.Fprintf(w, "%s\t%12d\t%s\n", name, n, remark) }
	row("records", int64(h.Records), fmt.Sprintf("of %d owners", h.Owners))
	row("with a VIN", int64(h.WithVIN), "")
	row("numbers", int64(h.Numbers), "by which records are found")
	row("withdrawn", int64(h.Withdrawn), "records, remembered")
	row("superseded", int64(h.Superseded), "rows older or repeated")
	row("refused", int64(h.Refused), "rows")
	row("unkeyed", int64(h.Unkeyed), "numbers that cannot be looked up")
	row("file", h.Bytes, "bytes")
	row("memory", h.Memory, "bytes")
	if h.Position != (position{}) {
		row("position", int64(h.Position.Seq), "of the log "+h.Position.Log)
	}
	return w.Flush()
}
