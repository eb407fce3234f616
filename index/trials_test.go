package index_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/vinmatch/vinmatch/index"
	"github.com/vinmatch/vinmatch/internal/trials"
)

// TestParsers gives the package's parser of numbers, "kind country:text", and its
// decoder of snapshots bytes without end. See internal/trials.
func TestParsers(t *testing.T) {
	t.Run("NumberKey", func(t *testing.T) {
		number := func(b []byte) (kind uint8, country, text string) {
			if len(b) == 0 {
				return 0, "", ""
			}
			c, rest, ok := bytes.Cut(b[1:], []byte(":"))
			if !ok {
				c, rest = nil, c
			}
			return b[0] % uint8(index.KindDocument+2), string(c), string(rest)
		}
		var seeds [][]byte
		for _, text := range trials.Corpus(t, "FuzzNumberKey") {
			for kind := range index.KindDocument + 1 {
				seeds = append(seeds, append([]byte{byte(kind), 'D', ':'}, text...))
			}
		}
		trials.Parser{
			Text: true, Every: 64, Seeds: seeds,
			Parse: func(b []byte) {
				kind, country, text := number(b)
				_, _ = index.Number{Kind: index.Kind(kind), Country: country, Text: text}.Key()
			},
			Check: func(b []byte) {
				kind, country, text := number(b)
				checkNumberKey(t, kind, country, text)
			},
		}.Run(t, trials.Number(100_000))
	})
	t.Run("Open", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		good, keys := registerToForge(t, rng, 5)
		seeds := append(trials.Corpus(t, "FuzzOpen"), good, mustRead(t, golden))
		open := func(b []byte) (*index.Index, error) {
			return index.OpenBytes(b, index.Options{Workers: 1, Seed: 1})
		}
		var sealed []byte
		trials.Parser{
			Seeds: seeds, Every: 8,
			Parse: func(b []byte) {
				sealed = append(sealed[:0], b...)
				sealInPlace(sealed)
				_ = index.Decode(sealed, index.Options{Workers: 1, Seed: 1})
			},
			Check: func(b []byte) {
				for _, b := range [][]byte{b, seal(b)} {
					x, err := open(b)
					var e *index.SnapshotError
					if err == nil {
						exercise(t, rng, x, keys)
					} else if !errors.As(err, &e) {
						t.Fatalf("%v is no *SnapshotError", err)
					}
				}
			},
		}.Run(t, trials.Number(2_000))
	})
}
