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

// A record of otherCodes is a code padded to three characters and the two
// letters it stands for.
const (
	codeLen   = 3
	recordLen = codeLen + 2
)

// parseAlpha2 is parseCountry of alpha-2 codes. It is small enough to be
// inlined.
func parseAlpha2(s string) (country, bool) {
	if len(s) != 2 {
		return 0, false
	}
	a, b := s[0]&^0x20, s[1]&^0x20
	return country(a)<<8 | country(b), alpha2[a]>>(b-'A')&1 != 0
}

func parseCountry(s string) (country, bool) {
	if c, ok := parseAlpha2(s); ok {
		return c, true
	}
	if len(s) == 0 || len(s) > codeLen {
		return 0, false
	}
	var key uint32
	for i := range codeLen {
		c := byte(' ')
		if i < len(s) {
			if c = s[i] &^ 0x20; !isLetter(c) {
				return 0, false
			}
		}
		key = key<<8 | uint32(c)
	}
	lo, hi := 0, len(otherCodes)/recordLen
	for lo < hi {
		mid := (lo + hi) / 2
		rec := otherCodes[mid*recordLen:][:recordLen]
		switch code := uint32(rec[0])<<16 | uint32(rec[1])<<8 | uint32(rec[2]); {
		case code == key:
			return country(rec[3])<<8 | country(rec[4]), true
		case code < key:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' }

// countryName returns the two letters as a string, which is part of a constant
// so as not to allocate.
func countryName(c country) string {
	if c == 0 {
		return ""
	}
	return letterPairs[2*(int(c>>8-'A')*26+int(c&0xFF-'A')):][:2]
}
