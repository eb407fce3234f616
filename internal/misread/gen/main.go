// Command gen packs the table of confusions that package misread embeds. Run it
// by go generate in the package's directory.
package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/vinmatch/vinmatch/internal/misread"
)

// P(read | true, misread) for the 36 characters.
//
//go:embed confusions.csv.gz
var source []byte

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	table, err := pack(source)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("confusions.bin", table, 0o644); err != nil {
		log.Fatal(err)
	}
}

// pack sums the probabilities of each row of the matrix up, scaled to end at
// misread.Certain.
func pack(gz []byte) ([]byte, error) {
	const alphabet = misread.Alphabet
	text, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(text).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != "true,read,p_read_given_true_and_substituted" {
		return nil, fmt.Errorf("another header than expected")
	}
	var p [len(alphabet)][len(alphabet)]float64
	for _, row := range rows[1:] {
		i, j := strings.Index(alphabet, row[0]), strings.Index(alphabet, row[1])
		v, err := strconv.ParseFloat(row[2], 64)
		if i < 0 || j < 0 || i == j || err != nil || v < 0 {
			return nil, fmt.Errorf("%q: not a probability of a misread character", row)
		}
		p[i][j] = v
	}
	var out []byte
	for i := range p {
		var total, sum float64
		for _, v := range p[i] {
			total += v
		}
		if total < 0.99 || total > 1.01 {
			return nil, fmt.Errorf("the row of %q sums to %v", alphabet[i], total)
		}
		for _, v := range p[i] {
			sum += v
			out = binary.BigEndian.AppendUint16(out, uint16(float64(sum/total*misread.Certain)+0.5))
		}
	}
	return out, nil
}
