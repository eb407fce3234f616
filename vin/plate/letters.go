package plate

// lookAlike returns the Latin letter that a Cyrillic or Greek capital looks
// like; 0 if there is none. The Cyrillic letters are those of plates that are
// made to be read as Latin (Russia by GOST R 50577, Ukraine, Belarus,
// Bulgaria, Bosnia) and the three more that look Latin; the Greek ones are the
// fourteen of Greek plates.
func lookAlike(r rune) byte {
	switch r {
	case 'А', 'Α':
		return 'A'
	case 'В', 'Β':
		return 'B'
	case 'С':
		return 'C'
	case 'Е', 'Ε':
		return 'E'
	case 'Н', 'Η':
		return 'H'
	case 'І', 'Ι':
		return 'I'
	case 'Ј':
		return 'J'
	case 'К', 'Κ':
		return 'K'
	case 'М', 'Μ':
		return 'M'
	case 'Ν':
		return 'N'
	case 'О', 'Ο':
		return 'O'
	case 'Р', 'Ρ':
		return 'P'
	case 'Ѕ':
		return 'S'
	case 'Т', 'Τ':
		return 'T'
	case 'Х', 'Χ':
		return 'X'
	case 'У', 'Υ':
		return 'Y'
	case 'Ζ':
		return 'Z'
	}
	return 0
}

// serbian transliterates a Cyrillic capital as Serbia, Montenegro and North
// Macedonia do on their plates, where the same number is written in both
// scripts, Latin without marks; "" for other letters. North Macedonia reads Ѕ
// as DZ.
func serbian(r rune) string {
	switch r {
	case 'А':
		return "A"
	case 'Б':
		return "B"
	case 'В':
		return "V"
	case 'Г', 'Ѓ':
		return "G"
	case 'Д', 'Ђ':
		return "D"
	case 'Е':
		return "E"
	case 'Ж', 'З':
		return "Z"
	case 'И':
		return "I"
	case 'Ј':
		return "J"
	case 'К':
		return "K"
	case 'Л':
		return "L"
	case 'Љ':
		return "LJ"
	case 'М':
		return "M"
	case 'Н':
		return "N"
	case 'Њ':
		return "NJ"
	case 'О':
		return "O"
	case 'П':
		return "P"
	case 'Р':
		return "R"
	case 'С', 'Ш', 'Ѕ':
		return "S"
	case 'Т':
		return "T"
	case 'Ћ', 'Ц', 'Ч':
		return "C"
	case 'У':
		return "U"
	case 'Ф':
		return "F"
	case 'Х':
		return "H"
	case 'Џ':
		return "DZ"
	}
	return ""
}

// saudi returns the Latin letter printed for an Arabic one on plates of Saudi
// Arabia, which use seventeen; 0 for other letters.
func saudi(r rune) byte {
	switch r {
	case 'ا':
		return 'A'
	case 'ب':
		return 'B'
	case 'ح':
		return 'J'
	case 'د':
		return 'D'
	case 'ر':
		return 'R'
	case 'س':
		return 'S'
	case 'ص':
		return 'X'
	case 'ط':
		return 'T'
	case 'ع':
		return 'E'
	case 'ق':
		return 'G'
	case 'ك':
		return 'K'
	case 'ل':
		return 'L'
	case 'م':
		return 'Z'
	case 'ن':
		return 'N'
	case 'ه':
		return 'H'
	case 'و':
		return 'U'
	case 'ي': // on the plate as ى
		return 'V'
	}
	return 0
}

// simplified returns the simplified form of an ideograph of Chinese plates:
// the provinces, and the last characters of trainers, consulates and trailers.
func simplified(r rune) rune {
	switch r {
	case '滬':
		return '沪'
	case '雲':
		return '云'
	case '遼':
		return '辽'
	case '魯':
		return '鲁'
	case '蘇':
		return '苏'
	case '贛':
		return '赣'
	case '晉':
		return '晋'
	case '陝':
		return '陕'
	case '閩':
		return '闽'
	case '貴':
		return '贵'
	case '粵':
		return '粤'
	case '寧':
		return '宁'
	case '瓊':
		return '琼'
	case '學':
		return '学'
	case '領':
		return '领'
	case '掛':
		return '挂'
	}
	return r
}
