package sample_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vinmatch/vinmatch/examples/vinmatch/internal/sample"
	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/sheet"
	"github.com/vinmatch/vinmatch/match"
)

// TestFresh compares the shipped files with what the generator makes, and holds
// them to the size that the documentation promises.
func TestFresh(t *testing.T) {
	set := sample.New(sample.Seed)
	for _, f := range []struct {
		name string
		want []byte
		rows int
	}{
		{"register.csv", set.Register, 2000},
		{"observations.csv", set.Observations, 5000},
	} {
		got, err := os.ReadFile(filepath.Join("..", "..", "data", f.name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.want) {
			t.Errorf("%s is not what the generator makes: run go generate ./...", f.name)
		}
		if n := bytes.Count(got, []byte{'\n'}) - 1; n < f.rows || len(got) > 1<<20 {
			t.Errorf("%s has %d rows in %d bytes, want at least %d in at most 1 MiB", f.name, n, len(got), f.rows)
		}
	}
}

// An answer is an observation with its result.
type answer struct {
	sheet.Observation
	match.Result
}

// screen checks the observations against the register, one by one. It returns
// the answers by line, and how many rows of the register are lost.
func screen(t *testing.T, set *sample.Set) (map[int]answer, int) {
	t.Helper()
	reg, err := sheet.OpenRegister(bytes.NewReader(set.Register))
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	opt := index.Options{OnRefused: func(*index.Refusal) { lost++ }}
	idx, err := index.Build(context.Background(), opt, reg.Records(func(p sheet.Problem) {
		if p.Column == "" {
			lost++
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer idx.Close()
	m := match.New(idx, match.Options{})

	obs, err := sheet.OpenObservations(bytes.NewReader(set.Observations))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[int]answer{}
	for o, err := range obs.All() {
		if err != nil {
			t.Fatal(err)
		}
		res, err := m.Match(context.Background(), o.Query)
		if err != nil && len(o.Query.Reads) > 0 {
			t.Fatalf("line %d: %v", o.Line, err)
		}
		answers[o.Line] = answer{o, res}
	}
	return answers, lost
}

// TestPlanted screens the shipped files, and another set so that it does not
// rest on one choice of vehicles, and asks for what was planted.
func TestPlanted(t *testing.T) {
	for _, seed := range []uint64{sample.Seed, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			set := sample.New(seed)
			answers, lost := screen(t, set)
			if lost != 5 {
				t.Errorf("%d rows of the register are lost, want 5", lost)
			}

			planted := map[int]bool{}
			for _, p := range set.Planted {
				planted[p.Line] = true
				a, ok := answers[p.Line]
				if !ok {
					t.Fatalf("%s: line %d has no answer", p.What, p.Line)
				}
				t.Run(p.What, func(t *testing.T) { checkPlanted(t, p, a) })
			}

			// Of the others, none is listed. A near number may still be listed by
			// chance, but is not probable then.
			for line, a := range answers {
				if planted[line] {
					continue
				}
				for _, f := range a.Findings {
					if f.How != match.Repaired && f.How != match.Near || f.Verdict == match.Probable {
						t.Errorf("line %d: found %s %s, %v with probability %.2f", line, f.Record.Owner, f.Record.ID, f.How, f.Probability)
					}
				}
			}
		})
	}
}

func checkPlanted(t *testing.T, p sample.Planted, a answer) {
	var found []string
	for _, f := range a.Findings {
		found = append(found, f.Record.Owner+" "+f.Record.ID)
	}
	for _, want := range p.Want {
		i := slices.Index(found, want)
		if i < 0 {
			t.Errorf("line %d: found %q, not %s", p.Line, found, want)
			continue
		}
		f := a.Findings[i]
		if p.How != 0 && f.How != p.How {
			t.Errorf("line %d: %s is %v, want %v", p.Line, want, f.How, p.How)
		}
		if len(f.Evidence) == 0 || f.Probability <= 0 || f.Probability > 1 {
			t.Errorf("line %d: %s has probability %v and evidence %v", p.Line, want, f.Probability, f.Evidence)
		}
	}
	if p.Want == nil {
		for _, f := range a.Findings {
			if f.Probability > 0.2 {
				t.Errorf("line %d: found %s %s, %v with probability %.2f", p.Line, f.Record.Owner, f.Record.ID, f.How, f.Probability)
			}
		}
	}
	if p.Remark != "" && len(a.Problems) == 0 && !slices.ContainsFunc(a.Remarks, func(r match.Remark) bool { return r.Code.String() == p.Remark }) {
		t.Errorf("line %d: remarks %v, want %s", p.Line, a.Remarks, p.Remark)
	}
}
