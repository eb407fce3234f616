package vin

// WordLists are the lists that are searched by halves.
var WordLists = map[string][]string{
	"labels": labels.words, "placeholders": placeholders.words, "endWords": endWords.words, "startWords": startWords.words,
	"insideWords": insideWords.words, "partWords": partWords.words, "partFillers": partFillers.words, "legalWords": legalWords.words,
	"joinWords": joinWords.words,
}

// Lookalikes returns what a symbol that was read may have been, and the costs.
func Lookalikes(read byte) (symbols, bits string) {
	return lookalikes[read].symbols, lookalikes[read].bits
}
