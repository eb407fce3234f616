package plate

//go:generate go run ./gen

// ParseCountry returns the ISO 3166-1 alpha-2 code, in upper case, of an
// alpha-2 code, an alpha-3 code or a distinguishing sign of vehicles in
// international traffic (D, GBZ, BIH), in either case. XK and XKX are Kosovo.
// Where a sign is also the ISO code of another country, the ISO code wins. It
// does not allocate.
func ParseCountry(s string) (iso2 string, ok bool) {
	c, ok := parseCountry(s)
	if !ok {
		return "", false
	}
	return countryName(c), true
}

const (
	codeLen   = 3
	recordLen = codeLen + 2
)

func parseCountry(s string) (country, bool) {
	if len(s) == 2 {
		a, b := s[0]&^0x20, s[1]&^0x20
		if isLetter(a) && isLetter(b) && alpha2[a-'A']>>(b-'A')&1 != 0 {
			return country{a, b}, true
		}
	}
	if len(s) == 0 || len(s) > codeLen {
		return country{}, false
	}
	key := [codeLen]byte{' ', ' ', ' '}
	for i := range len(s) {
		key[i] = s[i] &^ 0x20
		if !isLetter(key[i]) {
			return country{}, false
		}
	}
	lo, hi := 0, len(otherCodes)/recordLen
	for lo < hi {
		mid := (lo + hi) / 2
		if otherCodes[mid*recordLen:][:codeLen] < string(key[:]) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(otherCodes)/recordLen {
		return country{}, false
	}
	rec := otherCodes[lo*recordLen:][:recordLen]
	if rec[:codeLen] != string(key[:]) {
		return country{}, false
	}
	return country{rec[3], rec[4]}, true
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' }

// countryName returns the two letters as a string without allocating: every
// alpha-2 code is a substring of alphabet pairs.
func countryName(c country) string {
	if c == (country{}) {
		return ""
	}
	return letterPairs[2*(int(c[0]-'A')*26+int(c[1]-'A')):][:2]
}
