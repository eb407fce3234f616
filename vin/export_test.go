package vin

// WordLists are the lists that are searched by halves.
var WordLists = map[string][]string{
	"labels": labels, "placeholders": placeholders, "endWords": endWords, "startWords": startWords,
	"insideWords": insideWords, "partWords": partWords, "partFillers": partFillers,
}

// Lookalikes returns what a symbol that was read may have been, and the costs.
func Lookalikes(read byte) (symbols, bits string) {
	return lookalikes[read].symbols, lookalikes[read].bits
}
