package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// An entry of the corpus; the meaning of its fields is that of vintest.Case.
type entry struct {
	input, canonical string
	valid            bool
	check            string
	why, source      string
}

// buildCorpus merges the sources in their order; of equal inputs the first
// stays. A line has the fields of an entry with tabs between; the input is
// quoted as in Go, since some are not UTF-8.
func buildCorpus(cases, nasty, deviations []byte) ([]byte, error) {
	var all []entry
	for _, read := range []func() ([]entry, error){
		func() ([]entry, error) { return readDeviations(deviations) },
		func() ([]entry, error) { return readCases(cases) },
		func() ([]entry, error) { return readNasty(nasty) },
	} {
		entries, err := read()
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	var out bytes.Buffer
	seen := make(map[string]bool)
	for _, e := range all {
		if seen[e.input] {
			continue
		}
		seen[e.input] = true
		fields := []string{strconv.QuoteToASCII(e.input), strconv.FormatBool(e.valid), e.canonical, e.check, e.why, e.source}
		line := strings.Join(fields, "\t")
		if strings.Count(line, "\t") != 5 || strings.Contains(line, "\n") {
			return nil, fmt.Errorf("%s: a tab or newline in a field", fields[0])
		}
		out.WriteString(line + "\n")
	}
	return out.Bytes(), nil
}

// readDeviations reads the hand-written part. Inputs are quoted as in Go.
func readDeviations(text []byte) ([]entry, error) {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, row := range rows[1:] { // input, canonical, why, source
		input, err := strconv.Unquote(row[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row[0], err)
		}
		e := entry{input: input, canonical: row[1], why: row[2], source: row[3]}
		e.valid = e.canonical != "" && fold(input) == e.canonical
		if e.canonical != "" {
			if !legal(e.canonical) {
				return nil, fmt.Errorf("%s: the canonical form is no VIN", row[0])
			}
			e.check = checkDigit(e.canonical)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func readCases(gz []byte) ([]entry, error) {
	rows, err := readCSV(gz, "input", "expect_valid_chars", "expected_check_digit", "manufacturer",
		"peer_make", "peer_year", "note", "source_repo")
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, row := range rows {
		input, valid, check := row[0], row[1] == "true", row[2]
		if valid != legal(fold(input)) {
			return nil, fmt.Errorf("%s: expect_valid_chars is %s", input, row[1])
		}
		e := entry{input: input, valid: valid, source: row[7]}
		var why []string
		if valid {
			e.canonical, e.check = fold(input), check
			if check != checkDigit(e.canonical) {
				return nil, fmt.Errorf("%s: expected_check_digit is %s", input, check)
			}
			maker := strings.TrimSpace(row[4] + " " + row[5])
			if row[4] == "" {
				maker = strings.TrimSpace(row[3] + " " + row[5])
			}
			if maker != "" {
				why = append(why, maker)
			}
			if at9 := e.canonical[8:9]; at9 == check {
				why = append(why, "the check digit computes")
			} else {
				why = append(why, fmt.Sprintf("%s at position 9 where the sum asks for %s", at9, check))
			}
		} else if len(input) != 17 {
			why = append(why, fmt.Sprintf("%d characters", len(input)))
		} else {
			i := strings.IndexFunc(fold(input), func(c rune) bool { return !strings.ContainsRune(symbols, c) })
			why = append(why, fmt.Sprintf("%q at position %d is not a VIN symbol", input[i], i+1))
		}
		if note := row[6]; note != "" {
			why = append(why, note)
		}
		e.why = strings.Join(why, "; ")
		entries = append(entries, e)
	}
	return entries, nil
}

func readNasty(gz []byte) ([]entry, error) {
	text, err := decompress(gz)
	if err != nil {
		return nil, err
	}
	var entries []entry
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var row struct {
			Hex, Note string
			Strict    string `json:"strict_kind"`
			Lenient   *string
			Check     string `json:"want_check"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, err
		}
		input, err := hex.DecodeString(row.Hex)
		if err != nil {
			return nil, err
		}
		e := entry{input: string(input), why: row.Note, source: "hostile texts, collected"}
		e.valid = legal(fold(e.input))
		switch {
		case row.Strict == "ok" && !e.valid:
			return nil, fmt.Errorf("%q: strict_kind is ok", input)
		case e.valid: // a repair is a guess, and no canonical form
			e.canonical = fold(e.input)
		case row.Lenient != nil && legal(*row.Lenient):
			e.canonical = *row.Lenient
		}
		if e.canonical != "" {
			e.check = checkDigit(e.canonical)
		}
		if e.why == "" {
			e.why = "stands for no number"
		}
		entries = append(entries, e)
	}
	return entries, lines.Err()
}

const symbols = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"

func legal(s string) bool {
	return len(s) == 17 && strings.Trim(s, symbols) == ""
}

// fold raises the letters of ASCII and no others.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// checkDigit computes what 49 CFR 565.15(c) wants at position 9.
func checkDigit(s string) string {
	values := map[byte]int{}
	for i, c := range []byte("ABCDEFGH") {
		values[c] = i + 1
	}
	for i, c := range []byte("JKLMN") {
		values[c] = i + 1
	}
	values['P'], values['R'] = 7, 9
	for i, c := range []byte("STUVWXYZ") {
		values[c] = i + 2
	}
	weights := []int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	sum := 0
	for i, w := range weights {
		if c := s[i]; '0' <= c && c <= '9' {
			sum += w * int(c-'0')
		} else {
			sum += w * values[c]
		}
	}
	return "0123456789X"[sum%11 : sum%11+1]
}
