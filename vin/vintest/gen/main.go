// Command gen packs the tables that vintest embeds. Run it by go generate in
// the package's directory.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Positions 1-8 and the model year code of the US market, 1996-2011.
//
//go:embed vin_prefixes.txt.gz
var prefixesSource []byte

// World manufacturer identifiers of three and six symbols, from the root of the
// module: package makers has the table already.
const makersSource = "internal/makers/gen/wmi.csv.gz"

// VINs as public test suites use them.
//
//go:embed vin_cases.csv.gz
var casesSource []byte

// Hostile texts with the outcome of a parser for upper case only.
//
//go:embed vin_nasty.jsonl.gz
var nastySource []byte

// What makers, labels and devices do that parsers trip over.
//
//go:embed deviations.csv
var deviationsSource []byte

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	files, err := generate("../..")
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range files {
		if strings.HasSuffix(name, ".gz") {
			data = compress(data)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the contents of the generated files by name; those named
// .gz are not yet compressed, since gzip's output varies with its version.
func generate(root string) (map[string][]byte, error) {
	prefixes, err := packPrefixes(prefixesSource)
	if err != nil {
		return nil, fmt.Errorf("prefixes: %w", err)
	}
	table, err := os.ReadFile(filepath.Join(root, makersSource))
	if err != nil {
		return nil, err
	}
	makers, err := selectMakers(table)
	if err != nil {
		return nil, fmt.Errorf("makers: %w", err)
	}
	corpus, err := buildCorpus(casesSource, nastySource, deviationsSource)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	return map[string][]byte{
		"prefixes.bin.gz": prefixes,
		"makers.txt":      makers,
		"corpus.tsv":      corpus,
	}, nil
}

// modelYears are the year codes of the source, oldest first.
const modelYears = "TVWXY123456789AB"

// packPrefixes turns lines of positions 1-8 and a year code into one record
// for each prefix of eight with the set of its years, sorted, and stores the
// records by column: eight of symbols, then the high and the low bytes of the
// years. Columns compress to a third of what lines do.
func packPrefixes(gz []byte) ([]byte, error) {
	text, err := decompress(gz)
	if err != nil {
		return nil, err
	}
	years := make(map[string]uint16)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if len(line) != 9 {
			return nil, fmt.Errorf("%q: want 9 symbols", line)
		}
		y := strings.IndexByte(modelYears, line[8])
		if y < 0 {
			return nil, fmt.Errorf("%q: no such year", line)
		}
		years[line[:8]] |= 1 << y
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(years))
	for k := range years {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	n := len(keys)
	out := make([]byte, 10*n)
	for i, k := range keys {
		for col := range 8 {
			out[col*n+i] = k[col]
		}
		out[8*n+i] = byte(years[k] >> 8)
		out[9*n+i] = byte(years[k])
	}
	return out, nil
}

// selectMakers keeps the makers whose numbers Population invents: those
// outside the region whose real prefixes it has, and of the small makers (six
// symbols) of that region those with a letter at 12 to 14.
func selectMakers(gz []byte) ([]byte, error) {
	rows, err := readCSV(gz, "wmi")
	if err != nil {
		return nil, err
	}
	var wmis []string
	for _, row := range rows {
		wmi := row[0]
		domestic := strings.IndexByte("123457", wmi[0]) >= 0
		switch len(wmi) {
		case 3: // xx9 alone names no maker
			if domestic || wmi[2] == '9' {
				continue
			}
		case 6:
			if domestic && strings.Trim(wmi[3:], "0123456789") == "" {
				continue
			}
		default:
			return nil, fmt.Errorf("%q: want 3 or 6 symbols", wmi)
		}
		wmis = append(wmis, wmi)
	}
	slices.Sort(wmis)
	wmis = slices.Compact(wmis)
	return []byte(strings.Join(wmis, "\n") + "\n"), nil
}

// readCSV returns the named columns of a compressed file.
func readCSV(gz []byte, columns ...string) ([][]string, error) {
	text, err := decompress(gz)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no header")
	}
	out := make([][]string, len(rows)-1)
	for _, name := range columns {
		col := slices.Index(rows[0], name)
		if col < 0 {
			return nil, fmt.Errorf("no column %s", name)
		}
		for i, row := range rows[1:] {
			out[i] = append(out[i], row[col])
		}
	}
	return out, nil
}

func decompress(gz []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func compress(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err)
	}
	w.Write(data) // to memory: cannot fail
	w.Close()
	return b.Bytes()
}
