package plate

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Aliases returns the other texts under which the same plate is written, for
// an index to list it under as well. It never returns p, nor a text twice, and
// at most [MaxAliases] plates; most plates have none. They have the country of
// p, and none is better than a guess: a text may be the alias of one plate and
// another plate's own.
//
//   - Germany: AE, OE and UE for the umlauts of district codes, and back
//     (TÜ-AB 123: TUAB123, TUEAB123).
//   - India: district and number with and without leading zeros.
//   - Brazil: the old number and its Mercosul form (ABC1234, ABC1C34).
//   - Saudi Arabia: letters before and after the digits.
//   - Morocco, Tunisia: the Latin and the Arabic letters.
//   - China: the number without its province.
//   - No country: what a plate of Cyrillic letters is in Serbia, Montenegro
//     and North Macedonia, where they are transliterated, and one of Arabic
//     letters in Saudi Arabia; a Chinese number without its province.
func (p Plate) Aliases() iter.Seq[Plate] {
	return func(yield func(Plate) bool) {
		if !strings.Contains("DE IN BR SA MA TN CN", p.Country()) {
			return // before anything is allocated
		}
		var texts []string
		s := p.Text()
		switch p.Country() {
		case "DE":
			texts = umlauts(s)
		case "IN":
			texts = padded(s)
		case "BR":
			texts = mercosul(s)
		case "SA":
			texts = swapped(s)
		case "MA":
			texts = moroccan(s)
		case "TN":
			texts = tunisian(s)
		case "CN":
			texts = withoutProvince(s)
		case "":
			texts = slices.Concat(otherReadings(p), withoutProvince(s))
		}
		for i, text := range texts {
			if text == s || slices.Contains(texts[:i], text) {
				continue
			}
			if q, ok := p.withText(text); ok && !yield(q) {
				return
			}
		}
	}
}

// MaxAliases is the greatest number of aliases of a plate.
const MaxAliases = 4

// withText returns a plate of the same country with another canonical text.
func (p Plate) withText(text string) (Plate, bool) {
	if len(text) == 0 || len(text) > MaxText {
		return Plate{}, false
	}
	q := Plate{country: p.country, n: uint8(len(text))}
	copy(q.text[:], text)
	return q, true
}

// umlautDistricts are the German district codes with an umlaut, which is the
// letter in lower case: those in use and those revived since 2012.
const umlautDistricts = " Ao Bo BuD BuR BuS BuZ DuW FLo Fu FuS Go Gu HMu HoS HuN JuL KoN KoT KoZ KuN Lo LoB LuD LuN " +
	"Mu MuB MuL MuN MuR No NRu oHR PLo PRu RuD RuG SaK SLu SMu SoM SuW ToL ToN Tu uB Wu WuM "

// umlauts returns the other spellings of a German plate whose district code
// has an umlaut: with an E behind the vowel, and without.
func umlauts(s string) (texts []string) {
	for n := 2; n <= 3 && n < len(s); n++ {
		for at := range n {
			if isUmlaut(s[:n], at) && isSerial(s[n:]) {
				texts = append(texts, s[:at+1]+"E"+s[at+1:])
			}
			if n+1 >= len(s) || s[at+1] != 'E' {
				continue
			}
			without := s[:at+1] + s[at+2:]
			if isUmlaut(without[:n], at) && isSerial(without[n:]) {
				texts = append(texts, without)
			}
		}
	}
	return texts
}

// isUmlaut reports whether a district code has an umlaut at a place.
func isUmlaut(code string, at int) bool {
	switch code[at] {
	case 'A', 'O', 'U':
		return strings.Contains(umlautDistricts, " "+code[:at]+string(code[at]|0x20)+code[at+1:]+" ")
	}
	return false
}

// isSerial reports whether s is what follows a German district code: one or
// two letters and digits, or digits alone on plates of dealers.
func isSerial(s string) bool {
	letters := len(s) - len(strings.TrimLeft(s, upper))
	return letters <= 2 && letters < len(s) && isDigit(s[letters])
}

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutRun cuts the longest run of characters of a set off the front of s.
func cutRun(s, set string) (run, rest string) {
	rest = strings.TrimLeft(s, set)
	return s[:len(s)-len(rest)], rest
}

// padded returns an Indian number with its district in one or two digits and
// its last number with or without leading zeros. Without series letters the
// two cannot be told apart.
func padded(s string) []string {
	state, rest := cutRun(s, upper)
	district, rest := cutRun(rest, digits)
	series, rest := cutRun(rest, upper)
	number, rest := cutRun(rest, digits)
	if len(state) != 2 || len(district) < 1 || len(district) > 2 || len(series) < 1 || len(series) > 3 ||
		len(number) < 1 || len(number) > 4 || rest != "" {
		return nil
	}
	var texts []string
	for _, d := range []string{pad(district, 2), pad(district, 1)} {
		for _, n := range []string{pad(number, 4), pad(number, 1)} {
			texts = append(texts, state+d+series+n)
		}
	}
	return texts
}

// pad returns a number with leading zeros to the given width, and no more.
func pad(number string, width int) string {
	number = strings.TrimLeft(number, "0")
	return strings.Repeat("0", max(width-len(number), 0)) + number
}

// mercosul returns the old form of a Brazilian number for the new one, and the
// new for the old: its fifth character is a digit or the letter that stands
// for it, A for 0 to J for 9.
func mercosul(s string) []string {
	if len(s) != 7 || strings.Trim(s[:3], upper) != "" || strings.Trim(s[3:4]+s[5:], digits) != "" {
		return nil
	}
	c := s[4]
	switch {
	case isDigit(c):
		c += 'A' - '0'
	case 'A' <= c && c <= 'J':
		c -= 'A' - '0'
	default:
		return nil
	}
	return []string{s[:4] + string(c) + s[5:]}
}

// swapped returns a Saudi number with its digits and letters the other way
// round.
func swapped(s string) []string {
	set, other := upper, digits
	if s != "" && isDigit(s[0]) {
		set, other = other, set
	}
	a, b := cutRun(s, set)
	if strings.Trim(b, other) != "" || min(len(a), len(b)) < 1 || len(a)+len(b) > 7 {
		return nil
	}
	return []string{b + a}
}

// Letters of Moroccan plates in the order of the abjad, as they are issued,
// and the Latin letters that stand for them on plates for travel abroad.
const (
	moroccanArabic = "ابدهوطي"
	moroccanLatin  = "ABDHETY"
)

// moroccan returns a Moroccan number with the other script's letter.
func moroccan(s string) []string {
	serial, rest := cutRun(s, digits)
	letter, size := utf8.DecodeRuneInString(rest)
	region := rest[size:]
	if serial == "" || region == "" || strings.Trim(region, digits) != "" {
		return nil
	}
	if i := strings.IndexRune(moroccanLatin, letter); i >= 0 {
		return []string{serial + string([]rune(moroccanArabic)[i]) + region}
	}
	if i := slices.Index([]rune(moroccanArabic), letter); i >= 0 {
		return []string{serial + moroccanLatin[i:i+1] + region}
	}
	return nil
}

// tunisian returns a Tunisian number with the other script's word between or
// before the digits: Tunis, or the letters of vehicles under suspended duty.
func tunisian(s string) (texts []string) {
	for _, word := range []struct{ arabic, latin string }{{"تونس", "TU"}, {"نت", "RS"}} {
		for _, w := range [][2]string{{word.arabic, word.latin}, {word.latin, word.arabic}} {
			if before, after, ok := strings.Cut(s, w[0]); ok && strings.Trim(before+after, digits) == "" {
				texts = append(texts, before+w[1]+after)
			}
		}
	}
	return texts
}

// provinces are the first characters of Chinese plates.
const provinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

// withoutProvince returns a Chinese number as a reader without ideographs
// writes it.
func withoutProvince(s string) []string {
	r, size := utf8.DecodeRuneInString(s)
	rest := s[size:]
	if rest == "" || !isLetter(rest[0]) || !strings.ContainsRune(provinces, r) {
		return nil
	}
	return []string{rest}
}

// otherReadings returns what the text of a plate without a country is in
// countries that do not read native letters by their looks.
func otherReadings(p Plate) (texts []string) {
	s := p.Text()
	if q := p.WithCountry("SA"); strings.Trim(q.Text(), upper+digits) == "" {
		texts = append(texts, q.Text())
	}
	// The canonical text has Latin letters where Cyrillic ones look so. It
	// may be read back if each letter allows that, and then one without a
	// twin proves it Cyrillic; otherwise the number must look Serbian.
	var b strings.Builder
	proven := false
	for _, r := range s {
		c := cyrillicTwin(r)
		switch t := serbian(c); {
		case r < utf8.RuneSelf && isDigit(byte(r)):
			b.WriteRune(r)
		case t == "":
			return texts
		default:
			proven = proven || c == r
			b.WriteString(t)
		}
	}
	reading := b.String()
	for _, iso2 := range []string{"RS", "ME", "MK"} {
		if q, err := Parse(iso2, reading); err == nil && (proven || q.Fits()) {
			return append(texts, reading)
		}
	}
	return texts
}

// cyrillicTwin returns the letter of the Serbian alphabet that looks like a
// Latin letter; r itself if there is none.
func cyrillicTwin(r rune) rune {
	switch r {
	case 'A':
		return 'А'
	case 'B':
		return 'В'
	case 'C':
		return 'С'
	case 'E':
		return 'Е'
	case 'H':
		return 'Н'
	case 'J':
		return 'Ј'
	case 'K':
		return 'К'
	case 'M':
		return 'М'
	case 'O':
		return 'О'
	case 'P':
		return 'Р'
	case 'T':
		return 'Т'
	case 'X':
		return 'Х'
	case 'Y':
		return 'У'
	}
	return r
}
