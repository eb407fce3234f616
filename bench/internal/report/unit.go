package report

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// A Unit is what a value counts.
type Unit string

// The units of metrics.
const (
	Nanoseconds    Unit = "ns"           // of one operation
	PerSecond      Unit = "1/s"          // operations in a second
	Bytes          Unit = "bytes"        // in all
	BytesPerRecord Unit = "bytes/record" // of the register
	BytesPerNumber Unit = "bytes/number" // of those that can be looked up
	Count          Unit = "count"
	Share          Unit = "share" // of 1
	Bits           Unit = "bits"
)

// Format returns a value for a person, in three digits.
func (u Unit) Format(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	switch u {
	case Nanoseconds:
		return scaled(v, 1000, " ns", " µs", " ms", " s")
	case PerSecond:
		return scaled(v, 1000, "/s", "k/s", "M/s", "G/s")
	case Bytes:
		return scaled(v, 1000, " B", " kB", " MB", " GB", " TB")
	case BytesPerRecord, BytesPerNumber:
		return digits(v) + " B"
	case Bits:
		return digits(v) + " bits"
	case Share:
		return digits(100*v) + " %"
	}
	if (v == math.Trunc(v) || math.Abs(v) >= 1000) && math.Abs(v) < 1e15 {
		return Thousands(int(math.Round(v)))
	}
	return digits(v)
}

// Tick returns a value as Format does, without zeros at the end: for axes.
func (u Unit) Tick(v float64) string {
	number, unit, _ := strings.Cut(u.Format(v), " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(number + " " + unit)
}

// scaled divides v by base until it is below it and there is no greater unit.
func scaled(v, base float64, units ...string) string {
	for len(units) > 1 && math.Abs(v) >= 0.9995*base {
		v /= base
		units = units[1:]
	}
	return digits(v) + units[0]
}

// digits writes three significant digits, or all before the point.
func digits(v float64) string {
	decimals := 0
	switch a := math.Abs(v); {
	case a == 0 || a >= 99.95:
	case a >= 9.995:
		decimals = 1
	case a >= 0.00995:
		decimals = 2
	default:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// Thousands writes an integer with a comma for every three digits.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, groups...), ",")
}

// Short writes a number of records: 10k, 7.2M.
func Short(n int) string {
	switch {
	case n >= 1_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64) + "M"
	case n >= 1000:
		return strconv.FormatFloat(float64(n)/1e3, 'f', -1, 64) + "k"
	}
	return strconv.Itoa(n)
}

// A Number is a number of records as a flag: 1000000, 1000k or 1M. It is at
// least 1.
type Number int

// String implements [flag.Value].
func (n *Number) String() string { return Short(int(*n)) }

// Set implements [flag.Value].
func (n *Number) Set(s string) error {
	digits := strings.TrimRight(s, "kM")
	factor, ok := map[string]float64{"": 1, "k": 1e3, "M": 1e6}[s[len(digits):]]
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || !ok {
		return errors.New("want a number such as 1M")
	}
	if v *= factor; !(v >= 1 && v <= math.MaxInt32) {
		return errors.New("want 1 to two thousand million")
	}
	*n = Number(math.Round(v))
	return nil
}

// Times writes a ratio: 5.1x.
func Times(ratio float64) string { return digits(ratio) + "x" }
