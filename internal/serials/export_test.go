package serials

// BuildWith is Build with starts by a number of digits.
var BuildWith = build
