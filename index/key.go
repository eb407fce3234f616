package index

import (
	"cmp"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/vinmatch/vinmatch/internal/sixbit"
	"github.com/vinmatch/vinmatch/vin"
	"github.com/vinmatch/vinmatch/vin/plate"
)

// A Key is one number as the index knows it: its kind, its country if it has
// one, and its canonical text, in 128 bits. Two numbers have the same key
// exactly if they are the same number, except that a text too long or too rare
// to pack is represented by a hash: see [Key.Hashed].
//
// Key is a small value: copy it, compare it with ==, use it as a map key. It
// holds no pointers. The zero Key is no number and is never found. Keys are for
// one program; they may change between versions of this package.
type Key struct {
	// Bits 127-120 hold the kind, bit 119 marks a hash, bits 118-116 are the
	// page, that is, how the rest is packed. Symbols stand left-aligned with
	// zero for "none", so that comparing words compares texts:
	//
	//	VIN         page 0, symbols 1-8 in bits 111-64 and 9-17 in bits 53-0,
	//	            six bits each, as vin.VIN.Words gives them
	//	country     bits 115-106 on page 0 for plates and documents, and on
	//	            all other pages for every kind
	//	page 0      ASCII: 7 symbols, or 8 without a country, in the rest of
	//	            the high word and 10 in bits 59-0, six bits each
	//	page 1-4    alphabets: 5 symbols in bits 103-64 and 8 in bits 63-0
	//	hash        119 bits in all the rest
	hi, lo uint64
}

const (
	kindShift    = 56 // of the high word, as all that follow
	hashedBit    = 1 << 55
	pageShift    = 52
	pageMask     = 7
	countryShift = 42
	countryMask  = 1<<10 - 1

	sixHi, sixLo     = 8, 10 // symbols in the words of page 0; one less in the first with a country
	eightHi, eightLo = 5, 8  // on the other pages
)

// VIN returns the key of a VIN; the zero Key for the zero VIN. It does not
// allocate.
func VIN(v vin.VIN) Key {
	if !v.IsValid() {
		return Key{}
	}
	hi, lo := v.Words()
	return Key{uint64(KindVIN)<<kindShift | hi, lo}
}

// Plate returns the key of a plate; the zero Key for the zero plate. It does
// not allocate.
func Plate(p plate.Plate) Key {
	if !p.IsValid() {
		return Key{}
	}
	var buf [plate.MaxText]byte
	return pack(KindPlate, p.Country(), p.AppendTo(buf[:0]))
}

// Canonical returns the key of a text that is canonical already: digits and
// capital Latin letters, under a country as an alpha-2 code in upper case or "",
// of any kind but a VIN. It is for making many keys of one number: it does not look
// at the text, and does not allocate. Of another text the key is one that nothing
// is listed under, of another country the zero Key.
func Canonical(kind Kind, country string, text []byte) Key {
	if len(text) == 0 || kind == KindVIN || !kind.HasCountry() {
		country = ""
	}
	if country != "" && (len(country) != 2 || country[0]-'A' > 25 || country[1]-'A' > 25) {
		return Key{}
	}
	return pack(kind, country, text)
}

// IsZero reports whether k is the zero Key.
func (k Key) IsZero() bool { return k == Key{} }

// Kind returns what k identifies; the zero Kind for the zero Key.
func (k Key) Kind() Kind { return Kind(k.hi >> kindShift) }

// VIN returns the VIN that k stands for, if it is the key of one.
func (k Key) VIN() (vin.VIN, bool) {
	if k.Kind() != KindVIN {
		return vin.VIN{}, false
	}
	return vin.FromWords(k.hi&(1<<kindShift-1), k.lo)
}

// Hashed reports whether k holds a hash of its text. Two different texts then
// have the same key with a probability of 2^-119, or because somebody made them
// so: compare the text of the record before acting on a match.
func (k Key) Hashed() bool { return k.hi&hashedBit != 0 }

// Compare orders keys by kind, then country. Where two of one kind and country
// are ASCII and not hashed, it orders them as their texts.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.hi, o.hi); c != 0 {
		return c
	}
	return cmp.Compare(k.lo, o.lo)
}

// String names the kind, and the country or the maker's code of a VIN. It does
// not show the rest: numbers are personal data.
func (k Key) String() string {
	switch {
	case k.IsZero():
		return "no key"
	case k.Kind() == KindVIN:
		v, _ := k.VIN()
		return "vin " + v.Masked()
	}
	s := k.Kind().String()
	if c := k.country(); c != "" {
		s += " " + c
	}
	return s + " ***"
}

// valid reports whether k may be the key of a number: a VIN that is one, or of
// another kind whose country, page and symbols there are.
func (k Key) valid() bool {
	switch kind := k.Kind(); {
	case kind == KindVIN:
		_, ok := k.VIN()
		return ok
	case kind < KindVIN || kind >= kinds:
		return false
	case k.Hashed():
		return true
	case k.hi>>countryShift&countryMask > countries && (k.page() > 0 || kind.HasCountry()):
		return false
	case k.page() == 0:
		return true
	case k.page() > uint64(len(alphabets)):
		return false
	}
	size := alphabetSizes[k.page()-1]
	for i := range eightHi {
		if k.hi>>(8*i)&0xFF > size {
			return false
		}
	}
	for i := range eightLo {
		if k.lo>>(8*i)&0xFF > size {
			return false
		}
	}
	return true
}

// page returns how the text in k is packed, if k is neither a VIN nor hashed.
func (k Key) page() uint64 { return k.hi >> pageShift & pageMask }

// country returns the country that k holds; "" if it holds none.
func (k Key) country() string {
	if k.Hashed() || !k.Kind().HasCountry() {
		return ""
	}
	return countryName(k.hi >> countryShift & countryMask)
}

// countryCode numbers the alpha-2 codes in their order, from 1; 0 is none.
func countryCode(iso2 string) uint64 {
	if iso2 == "" {
		return 0
	}
	return uint64(iso2[0]-'A')*26 + uint64(iso2[1]-'A') + 1
}

// countries is the greatest code of a country.
const countries = 26 * 26

// countryName is the inverse of countryCode.
func countryName(code uint64) string {
	if code == 0 {
		return ""
	}
	return string([]byte{'A' + byte((code-1)/26), 'A' + byte((code-1)%26)})
}

// pack returns the key of a canonical text. The country is "" or an alpha-2
// code in upper case.
func pack(kind Kind, country string, text []byte) Key {
	k := Key{hi: uint64(kind) << kindShift}
	symbols := sixHi
	if kind.HasCountry() {
		k.hi |= countryCode(country) << countryShift
		symbols--
	}
	if packSix(&k, text, symbols) || packEight(&k, text) {
		return k
	}
	return hashKey(kind, country, text)
}

// packSix packs a text of at most nhi+sixLo digits and capital letters.
func packSix(k *Key, text []byte, nhi int) bool {
	if len(text) > nhi+sixLo {
		return false
	}
	var words [2]uint64
	for i, c := range text {
		if (c < '0' || '9' < c) && (c < 'A' || 'Z' < c) {
			return false
		}
		if i < nhi {
			words[0] |= sixbit.Code(c) << (6 * (nhi - 1 - i))
		} else {
			words[1] |= sixbit.Code(c) << (6 * (nhi + sixLo - 1 - i))
		}
	}
	k.hi |= words[0]
	k.lo = words[1]
	return true
}

// packEight packs a text whose runes all stand in one of the alphabets.
func packEight(k *Key, text []byte) bool {
	if utf8.RuneCount(text) > eightHi+eightLo {
		return false
	}
next:
	for page := range alphabets {
		var words [2]uint64
		i := 0
		for _, r := range string(text) {
			code := codeIn(page, r)
			if code == 0 {
				continue next
			}
			if i < eightHi {
				words[0] |= code << (8 * (eightHi - 1 - i))
			} else {
				words[1] |= code << (8 * (eightHi + eightLo - 1 - i))
			}
			i++
		}
		k.hi |= uint64(page+1)<<pageShift | words[0]
		k.lo = words[1]
		return true
	}
	return false
}

// hashKey stands for a text that fits no page.
func hashKey(kind Kind, country string, text []byte) Key {
	return Key{
		hi: uint64(kind)<<kindShift | hashedBit | seededHash(1, country, text)&(hashedBit-1),
		lo: seededHash(2, country, text),
	}
}

func seededHash(seed uint64, country string, text []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(seed)
	_, _ = d.WriteString(country)
	_, _ = d.WriteString("\x00")
	_, _ = d.Write(text)
	return d.Sum64()
}

// An alphabet is a set of at most 255 characters, numbered from 1.
type alphabet string

// The alphabets hold what stands on plates beside ASCII. A text is packed in the
// first that has all its characters. To change one changes the keys of numbers:
// the snapshot format has to change with it.
var alphabets = [...]alphabet{
	// China: provinces, and what marks special plates.
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ临云京使兰冀军北南台吉学宁川广应急成挂新时晋桂沈沪津济浙海消渝港湘澳琼甘电皖空粤苏蒙藏警试豫贵赣超辽鄂闽陕青领鲁黑民航",
	// Japan: class letters, kana, and the names of registration offices.
	"0123456789ACFHKLMPXYあいうえおかきくけこさしすせそたちつてとなにぬねのはばひふへほまみむめもやゆよらりるれろわをん一三上下世並久九井京仙伊会佐保信倉児八内出函分前勝勢北十千南原取口古台名和品四土城堺士多大奄奈姫媛子宇安室宮富小尾屋山岐岡岩島崎川州市帯幌平広庄床弘張形徳志愛成戸所手摩敷新日旭春曇本札杉東松板柏根梨森模横橋歌水江沖沢河沼泉津浜浦湘滋潟熊牧王田留白盛相知石神福秋立筑米練縄美群習船良苫葉葛蘭袖見訪諏谷豆豊賀越足路那郡部都重野金釧鈴長関阜阪雲青静須飛飾館香馬騨高鳥鹿ぎゖ光彦",
	// Thailand, and Korea with the names of its provinces.
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZกขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลฦวศษสหฬอฮ가강거경고공광교구국기나남너노누다대더도두라러로루마머모무바배버보부북사산서세소수아어영오외우울원육인자저전제조종주준천충표하합해허협호",
	// Greek, Cyrillic, Armenian, Hebrew, Arabic with Persian, Georgian.
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩЁЂЃЄЅІЇЈЉЊЋЌЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯҐҒҚҢҮҰҺӘӨԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖאבגדהוזחטיךכלםמןנסעףפץצקרשתءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگیაბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
}

// Alphabet returns the characters that may stand on a plate beside r: digits and
// Latin letters, and with a native letter those of its alphabet. It is what to
// try in the place of a character that was misread.
func Alphabet(r rune) string {
	if r >= utf8.RuneSelf {
		for page, a := range alphabets {
			if codeIn(page, r) > 0 {
				return string(a)
			}
		}
	}
	return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
}

// alphabetSizes are the numbers of characters in the alphabets.
var alphabetSizes = func() (n [len(alphabets)]uint64) {
	for i, a := range alphabets {
		n[i] = uint64(utf8.RuneCountInString(string(a)))
	}
	return n
}()

// codes are the numbers of characters in each of the alphabets, by the first
// byte of the rune and the second; nil where no alphabet has any. Near plates are
// packed by the thousand.
var codes = func() (t [1 << 8]*[1 << 8][len(alphabets)]uint8) {
	for page, a := range alphabets {
		n := uint8(0)
		for _, r := range a {
			n++
			if t[r>>8] == nil {
				t[r>>8] = new([1 << 8][len(alphabets)]uint8)
			}
			t[r>>8][r&0xff][page] = n
		}
	}
	return t
}()

// codeIn returns the number of a character in an alphabet; 0 if it is not there.
func codeIn(page int, r rune) uint64 {
	if uint32(r) >= 1<<16 || codes[r>>8] == nil {
		return 0
	}
	return uint64(codes[r>>8][r&0xff][page])
}
