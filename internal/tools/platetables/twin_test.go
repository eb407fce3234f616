package main

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/unicode/norm"
)

// twin returns the canonical text of a plate as plate.Parse should, and says
// it as a chain of passes over the whole text with golang.org/x/text. It has
// no limit of length.
func twin(country, raw string) string {
	s := strings.Map(func(r rune) rune {
		if intercepted(r) {
			return ' '
		}
		return r
	}, raw)
	s = norm.NFKC.String(s)
	s = mapRunes(s, stripMarks)
	s = beforeUpper.Replace(s)
	s = cases.Upper(language.Und).String(s)
	s = mapRunes(s, notHeadline)
	s = mapRunes(s, latinBase)
	s = mapRunes(s, digit)
	s = unify.Replace(s)
	s = mapRunes(s, hiragana)
	s = runes.Remove(runes.Predicate(func(r rune) bool { return !partOfNumber(r) })).String(s)
	s = norm.NFC.String(s) // vowels that were apart may now stand beside consonants
	s = chineseStart.ReplaceAllStringFunc(s, chinese.Replace)
	switch country {
	case "SA":
		s = saudiRun.ReplaceAllStringFunc(s, func(run string) string {
			letters := []rune(saudi.Replace(run))
			for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
				letters[i], letters[j] = letters[j], letters[i]
			}
			return string(letters)
		})
	case "MK":
		s = strings.ReplaceAll(s, "Ѕ", "DZ")
		s = serbian.Replace(s)
	case "RS", "ME":
		s = serbian.Replace(s)
	}
	return lookAlikes.Replace(s)
}

func mapRunes(s string, f func(rune) string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(f(r))
	}
	return b.String()
}

// stripMarks removes the marks of one composed character of the scripts in
// which they carry nothing on a plate.
func stripMarks(r rune) string {
	d := norm.NFD.String(string(r))
	base := first(d)
	if unicode.Is(unicode.Latin, base) || unicode.Is(unicode.Greek, base) ||
		strings.ContainsRune("АВЕКМНОРСТУХІЈЅавекмнорстухіјѕ", base) {
		return runes.Remove(runes.In(unicode.M)).String(d)
	}
	return string(r)
}

// beforeUpper replaces characters whose upper case is not what plates want;
// that of the iota subscript, which is a mark, is a letter.
var beforeUpper = strings.NewReplacer("ß", "B", "ẞ", "B", "ı", "I", "ȷ", "J", "\u0345", "")

// notHeadline undoes the upper case of Georgian, which only headlines have.
func notHeadline(r rune) string {
	if 'Ა' <= r && r <= 'Ჿ' {
		r += 'ა' - 'Ა'
	}
	return string(r)
}

func latinBase(r rune) string {
	if unicode.Is(unicode.Latin, r) {
		return latin(r)
	}
	return string(r)
}

func digit(r rune) string {
	if unicode.IsDigit(r) {
		return string(rune('0' + digitValue(r)))
	}
	return string(r)
}

func hiragana(r rune) string {
	if 'ァ' <= r && r <= 'ヶ' {
		r -= 0x60
	}
	return string(r)
}

func partOfNumber(r rune) bool {
	const fillers = "\u115F\u1160"
	return '0' <= r && r <= '9' || unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) && !strings.ContainsRune(fillers, r)
}

// replacer replaces each character of from by the character, or the word, at
// the same place in to.
func replacer(from, to string) *strings.Replacer {
	targets := strings.Fields(to)
	if len(targets) == 1 {
		targets = strings.Split(to, "")
	}
	var pairs []string
	for i, r := range []rune(from) {
		pairs = append(pairs, string(r), targets[i])
	}
	return strings.NewReplacer(pairs...)
}

var (
	unify = replacer("أإآٱٲٳىئیېۍێےۓؤکڪةہۂەۀھۃヷヸヹヺ", "اااااايييييييي"+"وككههههههه"+"わゐゑを")

	lookAlikes = replacer("АВЕКМНОРСТУХІЈЅ"+"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJS"+"ABEZHIKMNOPTYX")

	serbian = replacer("АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШЃЅ",
		"A B V G D D E Z Z I J K L LJ M N NJ O P R S T C U F H C C DZ S G S")

	saudi    = replacer("ابحدرسصطعقكلمنهوي", "ABJDRSXTEGKLZNHUV")
	saudiRun = regexp.MustCompile("[ابحدرسصطعقكلمنهوي]+")

	chinese      = replacer("滬雲遼魯蘇贛晉陝閩貴粵寧瓊學領掛", "沪云辽鲁苏赣晋陕闽贵粤宁琼学领挂")
	chineseStart = regexp.MustCompile(`(?:^|\P{Han})[滬雲遼魯蘇贛晉陝閩貴粵寧瓊學領掛]`)
)
