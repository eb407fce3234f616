package vin

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// The words that stand beside numbers, in capitals and in their own scripts.

// A wordList is sorted, and knows where the words of each Latin letter begin, so
// that the few words that begin with a character are found at once.
type wordList struct {
	words []string
	from  ['Z' - 'A' + 2]uint16
}

func newWordList(words ...string) *wordList {
	l := &wordList{words: words}
	for i := range l.from {
		first := 'A' + rune(i)
		l.from[i] = uint16(sort.Search(len(words), func(n int) bool { return firstRune(words[n]) >= first }))
	}
	return l
}

// labels are what forms and people write before a number and between two:
// names of the number and of what it is stamped on, words for number, words
// between words, and E, the field of the registration certificate of the Union
// (Directive 1999/37/EC).
var labels = newWordList(
	"ALSO", "ALUSTANUMERO", "ALVAZSZAM", "ALVÁZSZÁM", "AND", "BASTIDOR", "BODY", "BROJ", "CADRE", "CAR",
	"CARROSSERIE", "CHASIS", "CHASSI", "CHASSINUMMER", "CHASSIS", "CHASSISNUMMER", "CHÂSSIS", "CISLO", "CODE",
	"CODIGO", "CÓDIGO", "DA", "DE", "DEL", "DI", "DO", "DOCUMENT", "DU", "E", "ENGINE", "ET", "FAHRGESTELL",
	"FAHRGESTELLNUMMER", "FAHRZEUG", "FAHRZEUGIDENTIFIKATIONSNUMMER", "FAHRZEUGIDENTIFIZIERUNGSNUMMER", "FGNR",
	"FGST", "FGSTNR", "FIN", "FRAME", "FZGIDENTNR", "GEARBOX", "GETRIEBE", "GETRIEBENUMMER", "HULL", "ID",
	"IDENT", "IDENTIFICACAO", "IDENTIFICACION", "IDENTIFICACIÓN", "IDENTIFICATIENUMMER", "IDENTIFICATION",
	"IDENTIFICAZIONE", "IDENTIFICAÇÃO", "IDENTIFIER", "IDENTIFIERINGSNUMMER", "IDENTIFIKATIONSNUMMER",
	"IDENTIFIZIERUNGSNUMMER", "IDENTNUMMER", "IS", "KAROSERIE", "KOD", "MOTEUR", "MOTOR", "MOTORE", "MOTORNUMMER",
	"N", "NADWOZIA", "NADWOZIE", "NBR", "NEW", "NIV", "NO", "NR", "NRO", "NUM", "NUMARA", "NUMARASI", "NUMBER",
	"NUMER", "NUMERO", "NUMMER", "NUMÉRO", "Nº", "NÚMERO", "ODER", "OF", "OLD", "OR", "OU", "PART", "PODVOZEK",
	"PODVOZKU", "PODWOZIA", "RAHMEN", "RAHMENNUMMER", "RAMNUMMER", "RAMY", "RUNKONUMERO", "SASE", "SASI",
	"SASIJA", "SASIJE", "SASIU", "SERIAL", "SERIE", "SILNIKA", "SN", "STELNUMMER", "STOLEN", "SZÁMA", "SÉRIE",
	"TELAIO", "THE", "TRANSMISSION", "UND", "UNDERSTELLSNUMMER", "VALMISTENUMERO", "VEHICLE", "VEHICULE",
	"VEHICULO", "VEHÍCULO", "VEICOLO", "VEICULO", "VEÍCULO", "VIN", "VINS", "VIS", "VOERTUIG",
	"VOERTUIGIDENTIFICATIENUMMER", "VÉHICULE", "ČÍSLO", "ŞASE", "ŞASI", "ŞASIU", "ŞASİ", "ŠASIJA", "ŠASIJE",
	"ȘASIU", "ΑΡΙΘΜΌΣ", "ΑΡΙΘΜΟΣ", "ΠΛΑΊΣΙΟ", "ΠΛΑΙΣΊΟΥ", "ΠΛΑΙΣΙΟ", "ΠΛΑΙΣΙΟΥ", "БРОЈ", "ВИН", "ДВИГАТЕЛЬ", "ДВИГАТЕЛЯ", "ИДЕНТИФИКАЦИОННЫЙ",
	"КОД", "КУЗОВ", "КУЗОВА", "НОМЕР", "РАМА", "РАМЫ", "ШАСІ", "ШАСИ", "ШАСИЈЕ", "ШАССИ", "מספר", "שילדה", "שלדה",
	"الشاسيه", "الشاصي", "القاعدة", "الهيكل", "رقم", "شاسيه", "هيكل", "หมายเลขตัวถัง", "เลขตัวถัง", "車体番号",
	"車台番号", "車架號", "車輛識別號碼", "车架", "车架号", "车辆识别代号", "车辆识别代码", "车辆识别号", "차대", "차대번호",
)

// placeholders are what is written where there is no number.
var placeholders = newWordList(
	"ABSENT", "ANGABE", "ANGABEN", "APLICA", "APPLICABLE", "ASSENTE", "AUCUN", "AUCUNE", "AVAIL", "AVAILABLE",
	"BEISPIEL", "BEKANNT", "BESCHIKBAAR", "BEZ", "BILINMIYOR", "BLANK", "BRAK", "BİLİNMİYOR", "COMMUNIQUE",
	"COMMUNIQUÉ", "CONSTA", "DANYCH", "DATO", "DATOS", "DEFAULT", "DEMO", "DESCONHECIDO", "DESCONOCIDA",
	"DESCONOCIDO", "DISPONIBILE", "DISPONIBLE", "DISPONIVEL", "DISPONÍVEL", "DUMMY", "EI", "EMPTY", "ENTFÄLLT",
	"ESSAI", "EXAMPLE", "FARA", "FĂRĂ", "GEEN", "GIVEN", "IGNOTO", "ILLEGGIBILE", "ILLEGIBLE", "ILLISIBLE",
	"INCONNU", "INCONNUE", "INFORMADO", "INGEN", "ISMERETLEN", "KA", "KEIN", "KEINE", "KNOWN", "LEER", "LESBAR",
	"LIPSA", "LIPSĂ", "MISSING", "MUSTER", "NA", "NAN", "NAO", "ND", "NEANT", "NECUNOSCUT", "NEMA", "NENHUM",
	"NENI", "NENÍ", "NEPOZNAT", "NEPOZNATO", "NESSUNO", "NEUVEDENO", "NEZINOMAS", "NEZNAME", "NEZNAMY", "NEZNANO",
	"NEZNÁMÉ", "NEZNÁMÝ", "NEŽINOMAS", "NICHT", "NIET", "NIEZNANA", "NIEZNANE", "NIEZNANY", "NIL", "NINCS",
	"NINGUNA", "NINGUNO", "NO", "NON", "NONE", "NOT", "NOVIN", "NULL", "NVT", "NÃO", "NÉANT", "OBLITERATED",
	"OHNE", "OKAND", "OKÄND", "OLE", "ONBEKEND", "PAS", "PENDING", "PLACEHOLDER", "PROVIDED", "PRUEBA", "PUUTTUU",
	"RENSEIGNE", "RENSEIGNÉ", "SAKNAS", "SAMPLE", "SANS", "SCONOSCIUTO", "SEM", "SENZA", "SIN", "TBA", "TBC",
	"TBD", "TEST", "TESTING", "TESTVIN", "TUNTEMATON", "UDEN", "UKENDT", "UKJENT", "UKN", "UNAVAILABLE",
	"UNBEKANNT", "UNDEFINED", "UNK", "UNKNOWN", "UNKNWN", "UNKOWN", "UNREADABLE", "UTAN", "UTEN", "VOID",
	"VORHANDEN", "YOK", "ZONDER", "ΆΓΝΩΣΤΟ", "ΆΓΝΩΣΤΟΣ", "ΑΓΝΩΣΤΟ", "ΑΓΝΩΣΤΟΣ", "ΔΕΝ", "ΥΠΑΡΧΕΙ", "ΧΩΡΙΣ", "БЕЗ",
	"БН", "ВІДСУТНІЙ", "НД", "НЕ", "НЕВІДОМО", "НЕИЗВЕСТЕН", "НЕИЗВЕСТНО", "НЕМА", "НЕМАЄ", "НЕПОЗНАТО", "НЕТ",
	"НОМЕРА", "НЯМА", "ОТСУТСТВУЕТ", "УКАЗАН", "УСТАНОВЛЕН", "אין", "ידוע", "לא", "غير", "لا", "متوفر", "مجهول",
	"معروف", "موجود", "يوجد", "ไม่ทราบ", "ไม่มี", "なし", "ナシ", "不明", "不詳", "不详", "无", "暂无", "未登録", "未知", "無", "모름",
	"미상", "없음",
)

// endWords say that the symbols beside them are the last ones.
var endWords = newWordList(
	"DERNIER", "DERNIERES", "DERNIERS", "DERNIÈRES", "EINDIGT", "END", "ENDE", "ENDED", "ENDEND", "ENDET",
	"ENDING", "ENDS", "ENDZIFFERN", "FINAL", "FINISCE", "FINIT", "LAATSTE", "LAST", "LETZTE", "LETZTEN",
	"OSTATNICH", "OSTATNIE", "POSLEDNICH", "POSLEDNÍCH", "SIDSTE", "SISTA", "SISTE", "SLUTAR", "SON", "SUFFIX",
	"TAIL", "TERMINA", "TERMINADO", "TERMINANT", "TERMINE", "ULTIMAS", "ULTIME", "ULTIMI", "ULTIMOS", "UTOLSÓ",
	"ÚLTIMAS", "ÚLTIMOS", "ΤΕΛΕΥΤΑΙΑ", "КОНЕЦ", "ОСТАННІ", "ПОСЛЕДНИЕ", "ПОСЛЕДНИХ", "آخر", "下", "后", "末",
)

// startWords say that the symbols beside them are the first ones.
var startWords = newWordList(
	"ANFANG", "BEGIN", "BEGINNEND", "BEGINNING", "BEGINNT", "BEGINS", "BEGINT", "BÖRJAR", "COMECA", "COMEÇA",
	"COMIENZA", "COMMENCE", "COMMENÇANT", "DEBUT", "DÉBUT", "EERSTE", "ELSŐ", "EMPIEZA", "ERSTE", "ERSTEN",
	"FIRST", "FÖRSTA", "FØRSTE", "ILK", "INIZIA", "PIERWSZE", "PIERWSZYCH", "PREFIX", "PREMIER", "PREMIERES",
	"PREMIERS", "PREMIÈRES", "PRIME", "PRIMEIROS", "PRIMERAS", "PRIMEROS", "PRIMI", "PRVNICH", "PRVNÍCH", "START",
	"STARTING", "STARTS", "İLK", "ΠΡΩΤΑ", "НАЧАЛО", "ПЕРВЫЕ", "ПЕРВЫХ", "前",
)

// insideWords say that the symbols beside them stand anywhere.
var insideWords = newWordList(
	"BEVAT", "CONTAIN", "CONTAINING", "CONTAINS", "CONTEM", "CONTENENTE", "CONTIENE", "CONTIENT", "CONTÉM",
	"ENTHAELT", "ENTHÄLT", "FRAGMENT", "INCLUDES", "MIDDLE", "MITTE", "OBSAHUJE", "ZAWIERA", "СОДЕРЖИТ",
)

// partWords say that symbols are missing.
var partWords = newWordList(
	"CZĘŚCIOWY", "GEDEELTELIJK", "INCOMPLET", "INCOMPLETE", "PARCIAL", "PARTIAL", "PARTIALLY", "PARTIEL",
	"PARTIELLE", "PARTLY", "PARZIALE", "TEIL", "TEILNUMMER", "TEILWEISE", "UNVOLLSTÄNDIG", "ČÁSTEČNÉ", "ЧАСТИЧНО",
	"ЧАСТИЧНЫЙ",
)

// partFillers stand among the words above and say nothing by themselves.
var partFillers = newWordList(
	"ACHT", "ARE", "AT", "AUF", "BY", "CARACTERES", "CARACTÈRES", "CARATTERI", "CHAR", "CHARACTER", "CHARACTERS",
	"CHARS", "CHIFFRES", "CIFRE", "CIJFERS", "CINCO", "CINQ", "CINQUE", "COM", "CON", "CUATRO", "CYFR", "CYFRY",
	"DER", "DIE", "DIGIT", "DIGITOS", "DIGITS", "DREI", "DÍGITOS", "EIGHT", "ELEVEN", "ELF", "EM", "EN", "FIVE",
	"FOUR", "FÜNF", "HUIT", "IN", "LA", "LAS", "LE", "LES", "LOS", "MIT", "NEUN", "NINE", "NUMBERS", "NUMMERN",
	"OCHO", "ON", "ONLY", "OP", "OTTO", "PAR", "POR", "POSITIONS", "QUATRE", "QUATTRO", "READS", "SE", "SECHS",
	"SEI", "SEIS", "SEPT", "SETTE", "SEVEN", "SIEBEN", "SIETE", "SIFFER", "SIFFROR", "SIX", "STELLEN", "SYMBOLS",
	"TEKENS", "TEN", "THREE", "TRE", "TRES", "TROIS", "TWELVE", "TWO", "VIER", "VON", "WAS", "WITH", "ZEHN",
	"ZEICHEN", "ZES", "ZIFFERN", "ZNAKI", "ZNAKÓW", "ČÍSLIC", "ЗНАКА", "ЗНАКОВ", "НА", "ЦИФР", "ЦИФРЫ", "位",
)

// legalWords are the words above of three and more VIN symbols, without what
// stands for no number and without fillers, which are short.
var legalWords = func() *wordList {
	illegal := func(r rune) bool { return r >= utf8.RuneSelf || symbols[r]&notSymbol != 0 }
	var words []string
	for _, list := range []*wordList{labels, endWords, startWords, insideWords, partWords} {
		for _, w := range list.words {
			if len(w) > 2 && !strings.ContainsFunc(w, illegal) {
				words = append(words, w)
			}
		}
	}
	slices.Sort(words)
	return newWordList(words...)
}()

// joinWords part one number from another. They are labels too.
var joinWords = newWordList("ALSO", "AND", "ET", "ODER", "OR", "OU", "UND")

// abbreviation is the longest word that people write with dots or blanks
// between its letters, as in V.I.N. and n/a.
const abbreviation = 4

// matchWord returns the end of the word w if it stands at cells[i:]. Combining
// marks and invisible characters in the text do not count.
func matchWord(cells []cell, i int, w string) (end int, ok bool) {
	j := i
	for k, want := range w {
		for k > 0 && j < len(cells) && skipsInWord(cells[j].class, len(w)) {
			j++
		}
		if j == len(cells) || cells[j].class != symbol && cells[j].class != letter ||
			cells[j].upper() != want && rune(cells[j].sym) != want {
			return 0, false
		}
		j++
	}
	for j < len(cells) && cells[j].class == mark {
		j++
	}
	return j, true
}

// wordsFor returns the words of the list that can begin with a cell: those that
// begin with the character itself, and with what it looks like.
func wordsFor(c *cell, list *wordList) [2][]string {
	native, latin := c.upper(), rune(c.sym)
	if latin == native {
		return [2][]string{list.with(native)}
	}
	return [2][]string{list.with(native), list.with(latin)}
}

// with returns the words that begin with first.
func (l *wordList) with(first rune) []string {
	if first <= 'Z' {
		if first < 'A' {
			return nil
		}
		return l.words[l.from[first-'A']:l.from[first-'A'+1]]
	}
	rest := l.words[l.from[len(l.from)-1]:]
	rest = rest[sort.Search(len(rest), func(i int) bool { return firstRune(rest[i]) >= first }):]
	return rest[:sort.Search(len(rest), func(i int) bool { return firstRune(rest[i]) > first })]
}

func firstRune(w string) rune {
	r, _ := utf8.DecodeRuneInString(w)
	return r
}

func skipsInWord(c class, bytes int) bool {
	return c == invisible || c == mark || bytes <= abbreviation && (c == separator || c == space)
}

// unspaced is where the scripts begin that part no words: Thai, Han, kana.
const unspaced = '\u0E00'

// longestWord returns the end of the longest word of the list that stands at
// cells[i:], or 0. A word of fewer than glued letters must stand alone.
func longestWord(cells []cell, i int, list *wordList, glued int) int {
	longest := 0
	for _, words := range wordsFor(&cells[i], list) {
		for _, w := range words {
			end, ok := matchWord(cells, i, w)
			if ok && end > longest && (utf8.RuneCountInString(w) >= glued || firstRune(w) >= unspaced || standsAlone(cells, i, end)) {
				longest = end
			}
		}
	}
	return longest
}

// standsAlone reports whether neither letter nor digit touches cells[i:end].
func standsAlone(cells []cell, i, end int) bool {
	return (i == 0 || !cells[i-1].class.isText()) && (end == len(cells) || !cells[end].class.isText())
}
